"""Searches of our own, counted from the table of the flow."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..data.dataset import Dataset


@dataclass(frozen=True)
class Search:
    """One search, which may have several rows: one for each reason of exclusion.

    Attributes
    ----------
    date, source, query : str
    hits, screened : int or None
        Of the whole search; None where they are not stated.
    excluded : dict of str to int
        Records excluded, by reason; that of those without one is empty.
    """

    date: str
    source: str
    query: str
    hits: int | None
    screened: int | None
    excluded: dict[str, int]


def searches(data: Dataset) -> list[Search]:
    """The searches of a data folder, in its order.

    Rows of one date, source and query are one search: its hits are repeated in each of them.
    """
    found: dict[tuple[str, str, str], list] = {}
    for row in data.records("flow"):
        key = (str(row["date"]), row["source"], row["query"] or "")
        found.setdefault(key, []).append(row)
    return [Search(*key, _stated(rows, "hits"), _stated(rows, "screened"), _excluded(rows))
            for key, rows in found.items()]


def _stated(rows: list, column: str) -> int | None:
    """A count of the whole search, wherever in its rows it stands."""
    return max((r[column] for r in rows if r[column] is not None), default=None)


def _excluded(rows: list) -> dict[str, int]:
    out = Counter()
    for row in rows:
        if row["excluded"] is not None:
            out[row["reason"] or ""] += row["excluded"]
    return dict(out)


def together(counts: list[int | None]) -> int | None:
    """The sum of what is stated; None where nothing is."""
    stated = [n for n in counts if n is not None]
    return sum(stated) if stated else None
