"""How the order of screening and the search for duplicates did on labelled sets, as measured."""

from __future__ import annotations

import csv

from ..data import reads
from .base import Struct, View

SCREENING, IN_TIME, DEDUPLICATION = (
    "screening.csv", "screening-in-time.csv", "deduplication.csv")
MEAN = "mean"  # the set that is the mean of all


class Screened(Struct):
    """A tool on a set of labelled records, over its seeds."""

    set: str  # empty for the mean of all sets
    tool: str
    version: str
    records: int | None
    included: int | None
    seeds: str
    # wss95, low, high: share of the records that need not be read to find 95% of the included ones,
    # less 5%; the least and the most of the seeds
    wss95: float | None
    low: float | None
    high: float | None
    recall10: float | None  # share of the included ones in the first tenth of the records
    last: float | None  # share of the records that are read when the last included one is found


class InTime(Struct):
    """A set of which the early years were decided, and the late ones were put in order."""

    set: str
    version: str
    seed: str
    year: str
    decided: int | None
    new: int | None
    included: int | None
    read95: float | None  # share of the new records that are read for 95% of the new included ones


class Deduplicated(Struct):
    """How records that are one report were found in a set."""

    set: str
    version: str
    tier: str  # ``certain``: merged without asking; ``proposed``: with pairs that a person decides
    records: int | None
    duplicates: int | None
    wrong: int | None  # reports that were lost in another
    sensitivity: float | None
    specificity: float | None


class Benchmarks(View, template="benchmarks"):
    """What was measured; empty tables where nothing was yet."""

    screening: tuple[Screened, ...]
    in_time: tuple[InTime, ...]
    deduplication: tuple[Deduplicated, ...]


def benchmarks() -> Benchmarks:
    """The tables that the benchmark commands have written beside the package."""
    return Benchmarks(
        tuple(Screened("" if r["set"] == MEAN else r["set"], r["tool"], r["version"],
                       _whole(r["records"]), _whole(r["included"]), r["seeds"],
                       *(_share(r[c]) for c in ("wss95", "wss95_low", "wss95_high", "recall10",
                                                "last_found"))) for r in _rows(SCREENING)),
        tuple(InTime(r["set"], r["version"], r["seed"], r["from_year"], _whole(r["decided"]),
                     _whole(r["new"]), _whole(r["new_included"]), _share(r["read95"]))
              for r in _rows(IN_TIME)),
        tuple(Deduplicated(r["set"], r["version"], r["tier"], _whole(r["records"]),
                           _whole(r["duplicates"]), _whole(r["wrong"]), _share(r["sensitivity"]),
                           _share(r["specificity"])) for r in _rows(DEDUPLICATION)))


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a table; none where it was not written yet."""
    path = reads.BENCH / name
    reads.note_beside(path)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _whole(cell: str) -> int | None:
    return int(cell) if cell else None


def _share(cell: str) -> float | None:
    return float(cell) if cell else None
