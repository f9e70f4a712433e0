"""How the order of screening and the search for duplicates did on labelled sets, as measured."""

from __future__ import annotations

from ..data import reads
from ..data.phrases import rows
from .base import View

SCREENING, IN_TIME, DEDUPLICATION = (
    "screening.csv", "screening-in-time.csv", "deduplication.csv")
# What the columns of numbers hold; all others are words.
_KINDS = {
    **dict.fromkeys(("records", "included", "decided", "new", "new_included", "duplicates",
                     "wrong"), int),
    # of the records: those that need not be read to find 95% of the included ones, less 5%, with
    # the least and the most of the seeds; those that are read for 95% of the new included ones, or
    # when the last included one is found; of the included ones: those in the first tenth
    **dict.fromkeys(("wss95", "wss95_low", "wss95_high", "read95", "last_found", "recall10",
                     "sensitivity", "specificity"), float)}


class Benchmarks(View, template="benchmarks"):
    """What was measured, row by row as the tables name it; nothing where nothing was yet."""

    screening: tuple[dict, ...]
    in_time: tuple[dict, ...]
    deduplication: tuple[dict, ...]


def benchmarks() -> Benchmarks:
    """The tables that the benchmark commands have written beside the package."""
    return Benchmarks(*map(_measured, (SCREENING, IN_TIME, DEDUPLICATION)))


def _measured(name: str) -> tuple[dict, ...]:
    """The rows of a table; none where it was not written yet."""
    path = reads.BENCH / name
    reads.note_beside(path)
    return tuple({column: _read(cell, _KINDS.get(column, str)) for column, cell in row.items()}
                 for row in (rows(path) if path.is_file() else ()))


def _read(cell: str, kind: type) -> str | float | None:
    return kind(cell) if cell or kind is str else None
