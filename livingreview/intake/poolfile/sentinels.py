"""What looks like a slip, though it can be computed: warnings by row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from .cells import EITHER

_TOTAL = re.compile(r"(?i)(?:(?:sub[- ]?|grand )?tot[ae]a?l[se]?|(?:ins)?gesamt|(?:zwischen)?summe"
                    r"|suma|合计|总计|小计|overall|pooled|summary|sum|combined"
                    r"|all (?:studies|trials)|meta-analysis|random effects.*|fixed effects?.*)"
                    r"(?:\s*\(.*\))?\s*:?")
_LISTED = 10  # rows with the numbers of another that are named
_FAR = 3.0  # standard deviations between two arms, beyond what treatments do
_NARROW = 1 / 3  # of the median standard deviation: that of a standard error with n = 9


def is_total(name: str) -> bool:
    """Whether a row is called as totals are."""
    return _TOTAL.fullmatch(name.strip()) is not None


def totals(names: Sequence[str], numbers: Mapping[str, np.ndarray], lines: np.ndarray
           ) -> tuple[np.ndarray, list[str]]:
    """Rows that are the sum of trials above them, and warnings for others named so.

    Parameters
    ----------
    names : sequence of str
    numbers : mapping of str to ndarray
        By our columns.
    lines : ndarray of int
        The line of the file of each row.

    Returns
    -------
    certain : ndarray of bool
    warnings : list of str
    """
    certain, warnings = np.zeros(len(names), dtype=bool), []
    cells = _rows(numbers, [c for c in numbers if c in ("n1", "n2", "n", "e1", "e2", "e")], lines)
    for i, name in enumerate(names):
        if not is_total(name):
            continue
        above = cells[:i][~certain[:i]]
        # A subtotal is the sum of the trials next above it, a grand total that of all of them.
        sums = np.cumsum(np.nan_to_num(above[::-1]), axis=0)
        certain[i] = bool(cells.shape[1]) and bool((sums == cells[i]).all(axis=1).any())
        if not certain[i]:
            warnings.append(f"row {lines[i]}: {name} may be a total, not a trial")
    return certain, warnings


def _rows(numbers: Mapping[str, np.ndarray], columns: Sequence[str], lines: np.ndarray
          ) -> np.ndarray:
    """Numbers by row; without any column rows are empty."""
    return np.array([numbers[name] for name in columns]).reshape(len(columns), lines.size).T


def slips(names: Sequence[str], numbers: Mapping[str, np.ndarray], lines: np.ndarray,
          columns: tuple[str, ...], measure: str, yi: np.ndarray, ratio: bool) -> list[str]:
    """Warnings for rows whose numbers look like a slip.

    Parameters
    ----------
    names, numbers, lines
        As in `totals`.
    columns : tuple of str
        Those that effects are computed from.
    measure : str
    yi : ndarray
    ratio : bool
        Whether effects are logarithms of ratios.
    """
    used = ~np.isnan(yi)
    out = [*narrow(numbers, lines, columns, used),
           *_repeated(names, numbers, lines, columns, used)]
    if not any(c.startswith("sd") for c in columns):
        out += [f"row {lines[i]}: {c} is {numbers[c][i]:g}: an arm of one?"
                for c in columns if c in ("n1", "n2", "n") for i in np.flatnonzero(used)
                if numbers[c][i] < 2]
    if measure == "SMD":
        out += [f"row {lines[i]}: a standardised difference of {yi[i]:.1f}: standard errors "
                "in place of standard deviations?" for i in np.flatnonzero(used)
                if abs(yi[i]) > _FAR]
    if ratio and columns[0] == "yi" and used.sum() > 1 and (yi[used] > 0).all() and (
            np.median(yi[used]) >= 0.5):
        rows = ", ".join(str(line) for line in lines[used][:10])
        out.append(f"every yi is above 0 (rows {rows}{'…' if used.sum() > 10 else ''}): ratios "
                   "themselves, and not their natural logarithms?")
    return out


def broken_counts(columns: Iterable[str], numbers: Mapping[str, np.ndarray], lines: np.ndarray,
                  cell: Callable[[str, int], str]) -> list[str]:
    """Warnings for counts that are not whole: effective sizes, or a mark read as a decimal one.

    Parameters
    ----------
    columns : iterable of str
        Our names of columns that count something.
    numbers, lines
        As in `totals`.
    cell : callable
        What stands in the file, by our column and row.
    """
    out = []
    for name in columns:
        values = numbers[name]
        rows = np.flatnonzero(np.isfinite(values) & (values != np.round(values)))
        if not rows.size:
            continue
        listed = ", ".join(f"row {lines[i]}: {cell(name, i)}" for i in rows[:_LISTED])
        marked = any(EITHER.fullmatch(cell(name, i)) for i in rows)
        out.append(f"{name} is not a whole number ({listed}{', …' * (rows.size > _LISTED)})"
                   + ": a mark of thousands that was read as one of decimals?" * marked)
    return out


def narrow(numbers: Mapping[str, np.ndarray], lines: np.ndarray, columns: Sequence[str],
           used: np.ndarray) -> list[str]:
    """Standard deviations far below the others'."""
    spreads = [c for c in columns if c.startswith("sd")]
    if not spreads or used.sum() < 3:
        return []
    middle = float(np.median([numbers[name][used] for name in spreads]))
    return [f"row {lines[i]}: the standard deviation {numbers[c][i]:g} is below a "
            f"third of the others' ({middle:g}): a standard error?"
            for i in np.flatnonzero(used) for c in spreads
            if numbers[c][i] < _NARROW * middle]


def _repeated(names: Sequence[str], numbers: Mapping[str, np.ndarray], lines: np.ndarray,
              columns: tuple[str, ...], used: np.ndarray) -> list[str]:
    """Trials whose every number stands in another row too."""
    if len(columns) < 3:  # two effects are equal by chance sooner than four counts
        return []
    first, out = {}, []
    cells = _rows(numbers, columns, lines)
    for i in np.flatnonzero(used):
        before = first.setdefault(tuple(cells[i]), i)
        if before != i:
            out.append(f"row {lines[i]}: {names[i]} has the numbers of row "
                       f"{lines[before]} ({names[before]}): the same trial twice?")
    more = len(out) - _LISTED
    return out[:_LISTED] + [f"{more} more rows have the numbers of another row"] * (more > 0)


def spellings(column: str, labels: Iterable[str]) -> list[str]:
    """One label written in several ways."""
    found = defaultdict(dict)
    for label in filter(re.compile(r"[^\W\d_]").search, labels):  # 1.0 and 10 are two numbers
        found[re.sub(r"[\W_]+", "", label.casefold())][label] = None
    return [f"{column} has one label in several spellings: {', '.join(ways)}"
            for key, ways in found.items() if key and len(ways) > 1]
