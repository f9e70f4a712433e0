"""A chapter for patients: what was asked and found, how sure it is, and what it does not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..effects import Evidence
from ..review.searches import searches
from ..review.windows import HARM, HEADLINE, Shown
from .addresses import Addresses
from .answer import Studies, known_studies
from .base import Label, Struct, View, label, wording
from .certainty import certainty
from .events import FEARED, Sum, main_sums, silent, treated
from .finding import Finding, Findings, Question, grammatical_number, question
from .tabs import ANIMAL, HARMS

PEOPLE, SCALE = 100, (0, 100)  # how many people a risk is of; the scale that scores are put on
FEW = 10  # people: in fewer, nothing is said of how often an event that nobody had may happen
BENEFITS, COMPARED = 2, 3  # findings that are told of benefit, and of harm


class Sure(Struct):
    """How sure the first estimate is."""

    question: Question
    level: str  # the certainty of the estimate
    lowered: tuple[str, ...]  # words of `certainty_domain` that lowered it
    k: int  # trials that the estimate rests on
    # n, n_finished: their participants, and those of all finished trials of this kind
    n: float
    n_finished: float


class Patients(View, template="patients"):
    """The page of a chapter for patients."""

    indication: Label
    given: Label
    number: int  # grammatical number of what is given: 1, or 2 for a plural
    asked: Question | None  # of what is shown first; None where nothing is asked
    # what is told of benefit: what is shown first, also without an estimate, and one more
    found: tuple[Finding, ...]
    harm: Finding | None
    # patients with an event in all treated arms, where the harm has no estimate
    treated: Sum | None
    sure: Sure | None
    # events of which there are numbers with and without the treatment
    compared: tuple[Finding, ...]
    events: tuple[Sum, ...]  # events of other kinds, in treated arms alone; see :func:`_alone`
    silent: int  # studies of people that tell of no such event
    studies: Studies
    controlled: int  # studies of people with a comparison
    searches: int  # database searches of the review's own
    # Date of the data; may be empty. What tells a later state stands at the foot of every page.
    day: str
    people: int
    few: int
    scale: tuple[int, int]
    chapter_href: str
    harms_href: str
    trials_href: str


def patients(ev: Evidence, findings: Findings, results: Mapping[str, dict],
             shown: Sequence[tuple[Shown, dict]]) -> Patients:
    """The page of a chapter for patients.

    Parameters
    ----------
    ev : Evidence
    findings : Findings
        Of the indication.
    results : mapping of str to dict
        Its analyses by identifier.
    shown : sequence of (Shown, dict)
        What a reader is shown first, each with its result.
    """
    data, chapter = ev.data, Addresses.chapter
    roles = {s.role: r for s, r in reversed(shown)}
    head, harm = roles.get(HEADLINE), roles.get(HARM)
    told = _told(head, [r for _, r in shown], findings)
    compared = _compared(results, shown, findings)
    return Patients(
        label(data, "indication", ev.indication), wording(data, "intervention"),
        grammatical_number(data),
        question(data, head) if head else None, tuple(f for _, f in told),
        findings.of(harm) if harm else None, treated(ev, harm) if harm else None,
        _sure(ev, [r for r, _ in told]), compared,
        _alone(ev, compared), silent(ev),
        known_studies(ev), _controlled(ev), len(searches(data)), data.date,
        PEOPLE, FEW, SCALE, chapter(ev.indication), chapter(ev.indication, "harms"),
        chapter(ev.indication, "trials"))


def _told(head: dict | None, shown: Sequence[dict], findings: Findings
          ) -> list[tuple[dict, Finding]]:
    """What is told of benefit: what is shown first, then estimates, compared ones before others."""
    first = [(head, findings.of(head))] if head else []
    others = [(r, findings.of(r)) for r in shown
              if r is not head and r["pooled"] and r["section"] != HARMS]
    others.sort(key=lambda told: told[1].question.uncontrolled)
    return [*first, *others][:BENEFITS]


def _compared(results: Mapping[str, dict], shown: Sequence[tuple[Shown, dict]],
              findings: Findings) -> tuple[Finding, ...]:
    """Harms with numbers of both groups, those that are shown first before others."""
    first = [r for _, r in shown if r["section"] == HARMS]
    rest = [r for r in results.values() if r["section"] == HARMS and r["role"] == "main"]
    harms = {r["id"]: findings.of(r) for r in (*first, *rest) if r["pooled"]}
    return tuple(f for f in harms.values() if f.risks or f.empty)[:COMPARED]


def _alone(ev: Evidence, compared: Sequence[Finding]) -> tuple[Sum, ...]:
    """What became of treated people alone.

    Every feared event; of the events of another kind that of which most people were counted,
    where no event of its kind is compared with others.
    """
    kinds = {label(ev.data, "event", e): ev.data.kind("event", e) for e in ev.data.words("event")}
    told = {kinds.get(f.question.outcome) for f in compared}
    best: dict[object, Sum] = {}
    for one in main_sums(ev):
        kind = kinds[one.event]
        key = one.event if kind == FEARED else kind
        if kind not in told and (key not in best or one.total > best[key].total):
            best[key] = one
    return tuple(best.values())


def _controlled(ev: Evidence) -> int:
    """Studies of people that compare the treatment with another, or with none."""
    return sum(ev.studies[t]["design"] != ANIMAL for t in set(ev.contests("any")))


def _sure(ev: Evidence, told: Sequence[dict]) -> Sure | None:
    """How sure the first estimate with a certainty is."""
    for result in told:
        trace = certainty(ev.data, result) if result["pooled"] else None
        if trace and not trace.question.uncontrolled:
            missing = result["not_in_pool"]
            return Sure(trace.question, trace.level,
                        tuple(s.domain for s in trace.steps[1:] if s.change < 0),
                        result["k"], missing["n_pool"], missing["n_finished"])
    return None

