"""The studies that a seed review cites, with what the data know of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...effects import Evidence
from ...effects.comparisons import GIVEN, is_treated
from ...review.claims import flawed
from ...review.harms import arm_events
from ..base import Label, Struct, View, label, stated
from ..ledger import Numbers
from ..routes import doses
from ..sources import Link
from .seed import Seed, Words

# Events that a review means by "serious": of these kinds in the vocabulary, or these by name.
SERIOUS_KINDS = frozenset({"serious", "feared"})
SERIOUS_EVENTS = frozenset({"treatment-related-serious-ae"})


class Given(Struct):
    """What the treated arms of a study got; what is not stated is left out."""

    sources: tuple[Label, ...]
    products: tuple[Label, ...]
    providers: tuple[Label, ...]
    # amount of one administration, and what it is for
    doses: tuple[tuple[float, Label | None], ...]
    known: bool  # whether there are such arms


class Serious(Struct):
    """Patients with a serious event, of those at risk in a treated arm."""

    event: Label
    events: float
    n: float


class Study(Struct):
    """A study that a seed review cites."""

    reports: tuple[Link, ...]  # of the same patients, where they stand in one row
    refs: tuple[str, ...]
    design: Label
    status: Label | None  # retracted, or under an expression of concern
    main: Link | None  # the study of which it is a later report
    given: Given
    months: float | None
    n: float | None
    # serious, used: in a chapter: serious events, and analyses that use it
    serious: tuple[Serious, ...] = ()
    used: tuple[Link, ...] = ()


class Studies(View, template="seed_studies"):
    """Studies that a seed review cites."""

    name: str
    seed: str
    words: Words
    # whether they are those of people of one chapter, by trial; else all, by reference
    chapter: bool
    studies: tuple[Study, ...]
    # known, cited: references that are studies of the data, and all of them
    known: int = 0
    cited: int = 0


class StudiesAndNumbers(View, template="seed_chapter"):
    """In a chapter: the studies that a seed review cites, and the numbers that it makes of them."""

    studies: Studies
    numbers: Numbers


def given(seed: Seed, studies: Iterable[tuple[str, str]]) -> Given:
    """What the treated arms of some studies, each with its indication, got."""
    arms = [arm for i, s in studies for arm in seed.review.evidence[i].arms_of(s)
            if is_treated(arm)]
    return Given(*(_labels(seed, name, arms) for name in (
        *GIVEN, "provider")), doses(seed.review.data, arms), bool(arms))


def _labels(seed: Seed, vocabulary: str, arms: Iterable[Mapping]) -> tuple[Label, ...]:
    """The different words of a column of arms."""
    return tuple(label(seed.data, vocabulary, word)
                 for word in dict.fromkeys(a[vocabulary] for a in arms)
                 if word and seed.data.kind(vocabulary, word) != "none")


def studies(seed: Seed) -> Studies:
    """The studies of the data that it cites, one row for each reference."""
    rows = tuple(_study(seed, i, study["study_id"], [study], (number,))
                 for number, cited in seed.cited.items() for i, study in cited.studies)
    return Studies(f"{seed.id}-studies", seed.name, seed.words, False, rows,
                   sum(bool(cited.studies) for cited in seed.cited.values()), len(seed.cited))


def _study(seed: Seed, indication: str, main: str, reports: Sequence[Mapping],
           refs: Sequence[str], **more) -> Study:
    """A study with its reports; what was given and enrolled is that of its main report."""
    s, months = seed.review.evidence[indication].studies[main], [
        r["followup_months"] for r in reports if r["followup_months"] is not None]
    flaws = (flawed(seed.data, indication, r) for r in reports)
    return Study(
        tuple(seed.judged.link(indication, r["study_id"]) for r in reports), tuple(refs),
        label(seed.data, "design", s["design"]),
        stated(seed.data, "status", next(filter(None, flaws), None)),
        seed.judged.link(indication, s["companion_of"]) if s["companion_of"] else None,
        given(seed, [(indication, main)]), max(months, default=None), s["n_enrolled"], **more)


def in_chapter(seed: Seed, indication: str) -> StudiesAndNumbers:
    """The studies of people of a chapter that it cites, and the numbers that it makes of them.

    Later reports of the same patients stand in one row.
    """
    ev, used, trials = seed.review.evidence[indication], {}, {}
    for result in seed.review.analyses(indication):
        for s in result["studies"]:
            used.setdefault(s["trial_id"], []).append(
                Link(result["title"], seed.judged.addresses.figure(result["id"])))
    for s, study in ev.studies.items():
        if _numbers(seed, study) and seed.data.kind("design", study["design"]) != "animal":
            trials.setdefault(ev.trial_of(s), []).append(study)
    rows = tuple(_study(
        seed, indication, trial, reports, [n for s in reports for n in _numbers(seed, s)],
        serious=tuple(_serious(seed, ev, trial)), used=tuple(used.get(trial, ())))
        for trial, reports in trials.items())
    return StudiesAndNumbers(
        Studies(f"{indication}-seed-studies", seed.name, seed.words, True, rows),
        seed.judged.numbers(seed.id, indication))


def _numbers(seed: Seed, study: Mapping) -> list[str]:
    """The numbers under which it cites a study."""
    return [c.partition(":")[2] for c in study["cited_by"] if c.startswith(f"{seed.id}:")]


def _serious(seed: Seed, ev: Evidence, trial: str) -> Iterator[Serious]:
    """Serious events in the treated arms of a trial."""
    for r in arm_events(ev):
        if r.trial == trial and not r.not_counted and (
                r.event in SERIOUS_EVENTS
                or seed.data.kind("event", r.event) in SERIOUS_KINDS):
            yield Serious(label(seed.data, "event", r.event), r.events, r.total)
