"""Results trial by trial, ordered by the form or stage of the disease at entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..effects import Analysis, Effect, Evidence, Rules, select
from ..review import Review
from ..review.pools import interval_of
from .addresses import Addresses
from .base import Label, Struct, View, label
from .directory import Directory
from .finding import Estimate, Question, question
from .sizes import Counted
from .sources import Link

CONTROLLED = frozenset({"rct", "nonrandomised-controlled"})


class TrialResult(Struct):
    """One trial in one analysis."""

    analysis: Link
    condition: Label
    part: str  # which of its patients the analysis counts, where it asks for a part of them
    trial: Link
    design: Label
    n: float | None
    question: Question
    estimate: Estimate


class Stated(Struct):
    """A study with what its report says of its patients."""

    study: Link
    condition: Label
    patients: str


class ByCondition(View, template="by_condition"):
    """The trials of some analyses by condition at entry, and every controlled study with its own.
    """

    indication: str
    rows: tuple[TrialResult, ...]
    counts: tuple[Counted, ...]  # controlled studies by condition
    studies: tuple[Stated, ...]


def effects_in(review: Review, ev: Evidence,
               analyses: Sequence[str]) -> Iterator[tuple[Analysis, dict, list[Effect]]]:
    """Each analysis with its result and the effects of its trials, also those not randomised."""
    declared = {r["analysis_id"]: r for r in ev.data.records("analyses")}
    for analysis_id in analyses:
        asked = Analysis.of(declared[analysis_id])
        yield asked, review.analysis(analysis_id), select(ev, asked, Rules(designs=CONTROLLED))[0]


def by_condition(review: Review, ev: Evidence, analyses: Sequence[str]) -> ByCondition:
    """The trials of some analyses, those that are not randomised too, by condition at entry.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the analyses' indication.
    analyses : sequence of str
        Controlled analyses.
    """
    i, data, directory = ev.indication, ev.data, Directory(ev.data)
    order = [*data.words("condition"), None]

    def place(study_id: str) -> int:
        return order.index(ev.studies[study_id]["condition"])

    rows = []
    for asked, result, effects in effects_in(review, ev, analyses):
        about = question(data, result)
        rows += [_row(directory, ev, asked, result, about, e)
                 for e in sorted(effects, key=lambda e: place(e.trial_id)) if e.yi is not None]
    studies = sorted((s for s, row in ev.studies.items() if row["design"] in CONTROLLED), key=place)
    counts = Counter(ev.studies[s]["condition"] for s in studies)
    return ByCondition(
        i, tuple(rows), tuple(Counted(label(data, "condition", c), n) for c, n in counts.items()),
        tuple(Stated(directory.study(i, s), label(data, "condition", ev.studies[s]["condition"]),
                     directory.said(ev.studies[s]["population"], i)) for s in studies))


def _row(directory: Directory, ev: Evidence, asked: Analysis, result: dict, about: Question,
         effect: Effect) -> TrialResult:
    study = ev.studies[effect.trial_id]
    return TrialResult(
        Link(result["title"], Addresses.figure(result["id"])),
        label(ev.data, "condition", study["condition"]),
        effect.instrument or "" if asked.instrument_contains else "",
        directory.study(ev.indication, effect.trial_id), label(ev.data, "design", study["design"]),
        effect.participants or None, about, Estimate(*interval_of(asked.measure, effect), 1))
