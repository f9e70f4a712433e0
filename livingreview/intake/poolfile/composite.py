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
_BETWEEN = r"\s*(?:to|bis|\u00e0|\u81f3|,|;|~|\uff5e|-|\u2013|\u2014|\u2012)\s*"
OF = re.compile(r"(\d+)\s*/\s*(\d+)(?:\s*\([\d.,\s]*%?\s*\))?", re.ASCII)
_WITH_PERCENT = re.compile(r"(\d+)\s*\(\s*([\d.,]+)\s*(%?)\s*\)", re.ASCII)
_PERCENT = re.compile(r"([\d.,]+)\s*%", re.ASCII)
MEAN_SD = re.compile(rf"({_N})\s*(?:\(|\[|\u00b1|\+/?-)\s*({_N})\s*[)\]]?", re.ASCII)
INTERVAL = re.compile(rf"[(\[]?\s*({_N}){_BETWEEN}({_N})\s*[)\]]?", re.ASCII)
ESTIMATE = re.compile(rf"({_N})\s*[(\[]\s*({_N}){_BETWEEN}({_N})\s*[)\]]", re.ASCII)


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
    out.arms()
    for arm in ("1", "2", ""):
        out.split(f"e{arm}", OF, (f"e{arm}", f"n{arm}"))
        if out.with_sd(arm):
            out.split(f"m{arm}", MEAN_SD, (f"m{arm}", f"sd{arm}"))
        out.counts(arm)
    for ours in ("yi", "ratio"):
        out.split(ours, ESTIMATE, (ours, "ci_low", "ci_high"))
    out.split("ci", INTERVAL, ("ci_low", "ci_high"))
    grid = replace(columns.grid, header=out.header,
                   rows=[(line, list(cells)) for (line, _), cells in
                         zip(columns.grid.rows, zip(*out.columns, strict=True), strict=True)])
    return grid, out.made, out.notes


def several_in_cells(columns: Columns) -> str:
    """How columns that nothing uses are named by hand, where each cell of them holds two numbers.

    Parameters
    ----------
    columns : Columns
        Columns of a file that lacks some of the measure.

    Returns
    -------
    str
        Empty where no column is so.
    """
    second = columns.alone("2")
    free = sorted(columns.alone(), key=lambda i: i in second)
    header, column = columns.grid.header, columns.grid.column
    counts, spreads = ([header[i] for i in free if _whole(column(i), form)]
                       for form in (OF, MEAN_SD))
    if len(counts) > 1:
        said = f"the cells of {', '.join(counts)} hold events / total: "
        return said + (_by_hand(counts, "e") if "e1" in columns.wanted
                       else "RR, OR and RD take them")
    if len(spreads) > 1 and "sd1" in columns.wanted:
        return (f"the cells of {', '.join(spreads)} hold two numbers: where they are mean and SD, "
                + _by_hand(spreads, "m", "sd"))
    return ""


def _by_hand(headers: list[str], *stems: str) -> str:
    """The options that name the first two headers for both arms."""
    calls = " ".join(f'--column "{stem}{arm}={name}"' for arm, name in
                     zip("12", headers, strict=False) for stem in stems)
    return f"two of them, as {calls}" if len(headers) > 2 else calls


def _whole(cells: list[str], pattern: re.Pattern) -> bool:
    """Whether every cell that states something has the form."""
    stated = [cell.strip() for cell in cells if not absent(cell)]
    return bool(stated) and all(map(pattern.fullmatch, stated))


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

    def arms(self) -> None:
        """Two columns that are named by their arms alone and hold events / total in each cell."""
        ours = [f"{stem}{arm}" for arm in "12" for stem in ("e", "n")]
        if "e1" not in self.found.wanted or set(ours) & set(self.found.places):
            return
        held = [i for i in self.found.alone() if _whole(self.columns[i], OF)]
        places = [[i for i in held if i in self.found.alone(arm)] for arm in "12"]
        if len(held) == 2 and all(len(found) == 1 for found in places):
            self.found.places |= {f"e{arm}": found for arm, found in
                                  zip("12", places, strict=True)}

    def with_sd(self, arm: str) -> bool:
        """Whether a column of means says that their SD is with them, or is named for both."""
        named = self.found.named
        return ("sd" in plain(self.named(f"m{arm}")) or "\u00b1" in self.named(f"m{arm}")
                or f"m{arm}" in named and named[f"m{arm}"] == named.get(f"sd{arm}"))

    def split(self, ours: str, pattern: re.Pattern, parts: tuple[str, ...]) -> None:
        """Divide a column whose every cell has the form; a part that has its column stays there."""
        if ours not in self.found.places:
            return
        place = self.found.places[ours][0]
        cells = self.columns[place]
        if not _whole(cells, pattern):
            return
        matches = [None if absent(cell) else pattern.fullmatch(cell.strip()) for cell in cells]
        for i, part in enumerate(parts, 1):
            if part != ours and (part in self.made
                                 or self.found.places.get(part, [place]) != [place]):
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
