"""The index of all studies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ...effects.values import reading
from ...review import Review
from ..base import Label, Struct, View, label, labels
from .known import Known, every

INDEX = "trials/index.html"


class IndexRow(Struct):
    """A study in the index."""

    name: str
    href: str
    indication: Label
    design: Label
    comparators: tuple[Label, ...]
    n: int | None
    status: Label | None
    progress: Label | None
    year: int | None
    numbers: str  # ``analysed``, ``unused`` or ``none``
    animals: bool


class TrialIndex(View, template="trial_index"):
    """Every study of every indication; `animals`: whether one is of animals."""

    rows: tuple[IndexRow, ...]
    n_analysed: int
    n_unused: int
    animals: bool


def _rows(known: Known) -> Iterator[IndexRow]:
    """The studies in the order of their names."""
    compared = defaultdict(dict)
    for c in known.ev.comparisons:
        compared[c.study_id][c.kind] = None
    for study_id, study in sorted(known.ev.studies.items(),
                                  key=lambda item: known.names[item[0]].casefold()):
        numbers = any(reading(t, row).printed for t, found in known.rows.items()
                      for row in found[study_id])
        yield IndexRow(
            name=known.names[study_id],
            href=known.addresses.trial(known.indication, study_id),
            indication=label(known.data, "indication", known.indication),
            design=known.label("design", study["design"]),
            comparators=labels(known.data, "comparison_class", compared[study_id]),
            n=study["n_enrolled"], status=known.label("status", study["status"]),
            progress=known.label("progress", study["progress"])
            if study["progress"] != "unknown" else None, year=study["year"],
            numbers="analysed" if study_id in known.unused.used else
            "unused" if numbers else "none",
            animals=known.data.kind("design", study["design"]) == "animal")


def index_rows(review: Review, only: Sequence[str] = ()) -> tuple[IndexRow, ...]:
    """The studies of every indication, or of some, as rows of the index.

    Parameters
    ----------
    review : Review
    only : sequence of str, optional
        Indications; all where it is left out.
    """
    return tuple(row for known in every(review, only) for row in _rows(known))


def trial_index(rows: tuple[IndexRow, ...]) -> TrialIndex:
    """The index of studies."""
    return TrialIndex(rows, sum(r.numbers == "analysed" for r in rows),
                      sum(r.numbers == "unused" for r in rows), any(r.animals for r in rows))
