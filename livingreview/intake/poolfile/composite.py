"""Cells that hold several numbers, as "4.1 (1.2)" or "12/30": divided where it is certain."""

from __future__ import annotations

import re
from dataclasses import replace

from ... import synthesis
from ...synthesis import SynthesisError
from .cells import absent, number
from .columns import Columns, plain
from .grid import Grid

_N = r"[-+\u2212\u2013]?\d+(?:[.,]\d+)?"
_BETWEEN = r"\s*(?:to|,|;|-|\u2013|\u2014|\u2012)\s*"
_OF = re.compile(r"(\d+)\s*/\s*(\d+)(?:\s*\([\d.,\s]*%?\s*\))?", re.ASCII)
_WITH_PERCENT = re.compile(r"(\d+)\s*\(\s*([\d.,]+)\s*(%?)\s*\)", re.ASCII)
_PERCENT = re.compile(r"([\d.,]+)\s*%", re.ASCII)
_MEAN_SD = re.compile(rf"({_N})\s*(?:\(|\[|\u00b1|\+/?-)\s*({_N})\s*[)\]]?", re.ASCII)
_INTERVAL = re.compile(rf"[(\[]?\s*({_N}){_BETWEEN}({_N})\s*[)\]]?", re.ASCII)
_ESTIMATE = re.compile(rf"({_N})\s*[(\[]\s*({_N}){_BETWEEN}({_N})\s*[)\]]", re.ASCII)


def divided(columns: Columns) -> tuple[Grid, dict[str, tuple[int, int]], list[str]]:
    """The table with columns of their own for what stood in one cell.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    grid : Grid
    made : dict of str to (int, int)
        Where the new columns of ours are, and what they were made from.
    notes : list of str
        What was divided.
    """
    out = _Divided(columns)
    for arm in ("1", "2", ""):
        out.split(f"e{arm}", _OF, (f"e{arm}", f"n{arm}"))
        if "sd" in plain(out.named(f"m{arm}")) or "\u00b1" in out.named(f"m{arm}"):
            out.split(f"m{arm}", _MEAN_SD, (f"m{arm}", f"sd{arm}"))
        out.counts(arm)
    for ours in ("yi", "ratio"):
        out.split(ours, _ESTIMATE, (ours, "ci_low", "ci_high"))
    out.split("ci", _INTERVAL, ("ci_low", "ci_high"))
    grid = replace(columns.grid, header=out.header,
                   rows=[(line, list(cells)) for (line, _), cells in
                         zip(columns.grid.rows, zip(*out.columns, strict=True), strict=True)])
    return grid, out.made, out.notes


class _Divided:
    """Columns of a table while they are divided."""

    def __init__(self, columns: Columns):
        self.found = columns
        self.header = list(columns.grid.header)
        self.columns = [columns.grid.column(i) for i in range(len(self.header))]
        self.made: dict[str, tuple[int, int]] = {}
        self.notes: list[str] = []

    def named(self, ours: str) -> str:
        places = self.found.places.get(ours)
        return self.header[places[0]] if places else ""

    def split(self, ours: str, pattern: re.Pattern, parts: tuple[str, ...]) -> None:
        """Divide a column whose every cell has the form; a part that has its column stays there."""
        if ours not in self.found.places:
            return
        place = self.found.places[ours][0]
        cells = self.columns[place]
        matches = [None if absent(cell) else pattern.fullmatch(cell.strip()) for cell in cells]
        stated = [not absent(cell) for cell in cells]
        if not any(stated) or any(there and not match for there, match in
                                  zip(stated, matches, strict=True)):
            return
        for i, part in enumerate(parts, 1):
            if part != ours and (part in self.found.places or part in self.made):
                continue
            self.made[part] = len(self.header), place
            self.header.append(f"{self.header[place]} [{part}]")
            self.columns.append([match[i] if match else "" for match in matches])
        self.notes.append(f"the cells of {self.header[place]} hold {' and '.join(parts)}")

    def counts(self, arm: str) -> None:
        """Counts with percentages behind them, and percentages that give one whole number."""
        if f"e{arm}" not in self.found.places or f"e{arm}" in self.made:
            return
        place = self.found.places[f"e{arm}"][0]
        n = self.found.places.get(f"n{arm}", [None])[0]
        before = self.columns[place]
        totals = self.columns[n] if n is not None else [""] * len(before)
        in_percent = "%" in self.header[place]
        after = [_count(*pair, in_percent) for pair in zip(before, totals, strict=True)]
        if after != before:
            self.made[f"e{arm}"] = len(self.header), place
            self.header.append(self.header[place])
            self.columns.append(after)
            self.notes.append(f"counts were read from the percentages of {self.header[place]}, or "
                              "from before them")


def _count(cell: str, total: str, in_percent: bool) -> str:
    """The count in a cell, where it is certain; else the cell as it is."""
    of = number(total, ".")
    n = of if isinstance(of, float) and of > 0 else None
    match = _WITH_PERCENT.fullmatch(cell.strip())
    if match and (match[3] or in_percent):
        share = float(match[2].replace(",", "."))
        fits = n is None or abs(100 * int(match[1]) / n - share) <= 1
        return match[1] if fits else cell
    match = _PERCENT.fullmatch(cell.strip())
    if match and n is not None and n.is_integer():
        percent = match[1].replace(",", ".")
        try:
            events = synthesis.events_from_percentage(
                float(percent), int(n), len(percent.partition(".")[2]))
        except (SynthesisError, ValueError):
            return cell
        return cell if events is None else str(events)
    return cell
