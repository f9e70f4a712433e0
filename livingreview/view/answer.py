"""The answer of a chapter: what is known, on whom it rests, and what is not in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from ..data import versions
from ..data.dataset import Dataset
from ..effects import Evidence
from ..review.asked import Asked
from ..review.changes import since
from ..review.counted import human_trials
from ..review.missing import FINISHED_REPORTED, FINISHED_UNREPORTED, RUNNING
from ..review.windows import HARM, HEADLINE, Shown, others
from .addresses import PLAIN, Addresses
from .alive import Alive, alive
from .base import Label, Struct, View, stated, wording
from .events import Sum, treated
from .expected import expected
from .finding import Finding, Question, question
from .forest import Forest, Forests
from .naming import arm_names, of_study, spoken
from .row import FindingRow, row_of
from .tabs import ANIMAL, HARMS, of_people

FINISHED = (FINISHED_REPORTED, FINISHED_UNREPORTED)
ABSENT, WAITED = 7, 2  # trials that are named, and of these running ones where finished are many
HARM_LINES = 3


class Wish(Struct):
    """What a reader asks a chapter for in the place of its own questions."""

    window: float | None
    comparator: Label | None


class Line(Struct):
    """An outcome of the summary of findings, and the same question at other times."""

    row: FindingRow
    times: tuple[FindingRow, ...]


class Absent(Struct):
    """A trial that is not in an estimate."""

    name: str
    href: str
    n: int
    running: bool
    # of a running one, the end of its main outcome that its registry expects; empty where none is
    # known
    until: str
    direction: Label | None  # what its report concludes
    reason: str  # why it is not in it


class Said(Struct):
    """What reports of finished trials that are not in an estimate conclude, and how many they are.
    """

    direction: Label
    # k, n: trials, and people in them
    k: int
    n: int


class Since(Struct):
    """What changed: analyses since a version, and lines of the changelog of the data."""

    version: str  # empty where there is none before
    changed: int
    unchanged: int
    logged: int
    last: str


class Studies(Struct):
    """How many studies are known; `counted` are the trials in people among them."""

    people: int
    waiting: int
    animals: int
    counted: int


class Elsewhere(Struct):
    """A question that another figure answers, by its analysis."""

    id: str
    question: Question


class Answer(View, template="answer"):
    """The index of a chapter."""

    given: Label
    wish: Wish | None
    headline: Finding | None  # None where nothing asks what was asked for
    instead: Finding | None  # what is known where the headline has no estimate
    harm: Finding | None
    # patients with an event in all treated arms, where the harm has no estimate
    treated: Sum | None
    squares: int  # of 100, those for participants whom the headline rests on
    forest: Forest | None  # the trials of the headline, where there are two or more
    row: FindingRow | None  # the headline, where there is one trial
    lines: tuple[Line, ...]  # the summary of findings, outcomes with a comparison
    alone: tuple[Line, ...]  # outcomes of treated patients who are compared with nobody
    common: bool  # whether all lines have one comparison
    # what other figures of the chapter answer, those of one outcome together
    questions: tuple[tuple[Elsewhere, ...], ...]
    absent: tuple[Absent, ...]  # trials that are not in the headline, the largest
    n_absent: int  # how many there are
    # what the reports of all finished ones among them conclude, by the people in them
    said: tuple[Said, ...]
    harms: tuple[Finding, ...]
    since: Since
    studies: Studies
    alive: Alive  # when the chapter was searched last, and whether it may call itself living
    trials_href: str
    harms_href: str
    benefits_href: str
    data_href: str
    patients_href: str


def answer(ev: Evidence, forests: Forests, results: Mapping[str, dict],
           shown: Sequence[tuple[Shown, dict]], asked: Asked) -> Answer:
    """The answer of a chapter.

    Parameters
    ----------
    ev : Evidence
    forests : Forests
        Of the indication.
    results : mapping of str to dict
        Its analyses by identifier.
    shown : sequence of (Shown, dict)
        What a reader is shown first, each with the result that answers it.
    asked : Asked
        What the chapter is asked for in the place of its own questions.
    """
    roles = {s.role: r for s, r in reversed(shown)}
    head, harm, findings = roles.get(HEADLINE), roles.get(HARM), forests.findings
    lines = [_line(ev.data, findings, results, r) for r in _each(r for _, r in shown)]
    compared = [x for x in lines if not x.row.finding.question.uncontrolled]
    left = _absent(ev, forests, head) if head else []
    chapter = partial(Addresses.chapter, ev.indication)
    return Answer(
        given=wording(ev.data, "intervention"), wish=_wish(ev.data, asked),
        headline=findings.of(head) if head else None,
        instead=_instead(lines) if head and not head["pooled"] else None,
        harm=findings.of(harm) if harm else None, treated=treated(ev, harm) if harm else None,
        squares=_squares(head),
        forest=forests.of(head) if head and head["k"] > 1 else None,
        row=row_of(head, findings) if head and head["k"] == 1 and head["pooled"] else None,
        lines=tuple(compared), alone=tuple(x for x in lines if x not in compared),
        common=len({_comparison(x.row.finding) for x in compared}) == 1,
        questions=tuple(_questions(ev.data, results, head)),
        absent=tuple(_largest(left)), n_absent=len(left), said=tuple(_said(left)),
        harms=tuple(findings.of(r) for r in _harms(results, shown)),
        since=_since(ev, results), studies=known_studies(ev),
        alive=alive(ev.data, ev.indication),
        trials_href=chapter("trials"), harms_href=chapter("harms"),
        benefits_href=chapter("benefits"), data_href=chapter("data"),
        patients_href=chapter(PLAIN))


def _each(results) -> list[dict]:
    """Results, each once: two questions may have become one by what was asked for."""
    return list({r["id"]: r for r in results}.values())


def _wish(data: Dataset, asked: Asked) -> Wish | None:
    if not asked:
        return None
    return Wish(asked.window, stated(data, "analysis_comparison", asked.comparator))


def _line(data: Dataset, findings, results: Mapping[str, dict], result: dict) -> Line:
    """An outcome with the analyses that ask the same at other times and found something."""
    times = [results[a] for a in others(data, result["id"]) if a in results]
    return Line(row_of(result, findings), tuple(
        row_of(r, findings) for r in times if r["pooled"]))


def _questions(data: Dataset, results: Mapping[str, dict],
               head: dict | None) -> list[tuple[Elsewhere, ...]]:
    """What other analyses with an estimate ask, by what they ask it of."""
    found: dict[tuple, list[Elsewhere]] = {}
    for result in results.values():
        if result["pooled"] and result is not head and result["role"] != "check":
            asked = question(data, result)
            found.setdefault((asked.outcome, asked.part, asked.conditions), []).append(
                Elsewhere(result["id"], asked))
    return [tuple(same) for same in found.values()]


def _comparison(finding: Finding) -> tuple:
    return finding.question.comparison, finding.question.background


def _instead(lines: Sequence[Line]) -> Finding | None:
    """The first outcome with an estimate; one without a comparison where no other has any."""
    found = [x.row.finding for x in lines if x.row.finding.estimate]
    return min(found, key=lambda f: f.question.uncontrolled, default=None)


def _squares(result: dict | None) -> int:
    """Of 100 squares, those for participants whom an estimate rests on; a few are still one."""
    missing = result["not_in_pool"] if result else {"n_finished": 0}
    if not missing["n_finished"] or result["pooled"] is None:
        return 0
    return max(1, round(100 * missing["n_pool"] / missing["n_finished"]))


def _absent(ev: Evidence, forests: Forests, result: dict) -> list[Absent]:
    """The trials that are not in an estimate and of known size, finished ones first."""
    arms = arm_names(ev.data, ev.indication)
    trials = [t for t in result["not_in_pool"]["trials"]
              if t["counted"] and t["n"] and t["group"] in (*FINISHED, RUNNING)]
    return [Absent(
        forests.names[t["trial_id"]],
        forests.addresses.trial(ev.indication, t["trial_id"]), round(t["n"]),
        t["group"] == RUNNING, _until(ev, t["trial_id"]) if t["group"] == RUNNING else "",
        stated(ev.data, "stated_result", t["direction"]),
        spoken(t["reason"], forests.names, of_study(arms, t["trial_id"])))
        for t in sorted(trials, key=lambda t: (t["group"] == RUNNING, -t["n"]))]


def _said(left: Iterable[Absent]) -> list[Said]:
    """What reports of finished trials conclude, the conclusion of most people first."""
    sizes = defaultdict(list)
    for one in left:
        if one.direction and not one.running:
            sizes[one.direction].append(one.n)
    return sorted((Said(way, len(n), sum(n)) for way, n in sizes.items()), key=lambda s: -s.n)


def _until(ev: Evidence, trial: str) -> str:
    """The end of its main outcome that the registry of a trial expects."""
    found = expected(ev.data, ev.studies[trial])
    return found.ahead if found else ""


def _largest(left: Sequence[Absent]) -> list[Absent]:
    """The largest finished trials, and running ones in the place that is left or kept for them."""
    waited = [a for a in left if a.running]
    finished = [a for a in left if not a.running][:ABSENT - min(WAITED, len(waited))]
    return [*finished, *waited[:ABSENT - len(finished)]]


def _harms(results: Mapping[str, dict], shown: Sequence[tuple[Shown, dict]]) -> list[dict]:
    """The harms of the summary of findings, then main ones that something is known of."""
    first = [r for _, r in shown if r["section"] == HARMS]
    more = [r for r in results.values()
            if r["section"] == HARMS and r["role"] == "main" and r["studies"]]
    return _each([*first, *more])[:HARM_LINES]


def known_studies(ev: Evidence) -> Studies:
    """How many studies of an indication are known."""
    rows = ev.studies.values()
    return Studies(of_people(ev.data, ev.indication),
                   sum(s["progress"] in ("running", "not-started") for s in rows),
                   sum(s["design"] == ANIMAL and not s["companion_of"] for s in rows),
               len(human_trials(ev)))


def _since(ev: Evidence, results: Mapping[str, dict]) -> Since:
    """What changed since the version before these pages, and how the data did."""
    rows = [r for folder in (ev.indication, "*") for r in ev.data.having("changelog", "file",
                                                                         folder)]
    last = max((str(r["date"]) for r in rows), default="")
    before = versions.preceding(versions.here())
    if not before:
        return Since("", 0, 0, len(rows), last)
    found = since(ev, results, before)
    return Since(before, len(found["analyses"]), found["unchanged"], len(rows), last)
