"""What no effect can be computed from: rows that are left out, and values that cannot be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

LEFT_OUT, IMPOSSIBLE = "left out", "impossible"
_PAIRS = ("both", "first", "second", "neither")
NO_COUNT = "a proportion, not a count"


def broken(frame: pd.DataFrame, columns: tuple[str, ...], measure: str) -> Iterator[tuple]:
    """Values that an effect cannot be computed from.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers by our columns, NaN where none is stated.
    columns : tuple of str
        Those that are used.
    measure : str

    Yields
    ------
    tuple
        Columns, the rows concerned (bool), whether such a row is left out or the value is
        `IMPOSSIBLE`, what is wrong, and what is expected.
    """
    if "yi" in columns or "ratio" in columns:
        yield from _of_effects(frame, columns)
        return
    if "oe" in columns:
        yield ("v",), frame["v"] < 0, IMPOSSIBLE, "negative", "a variance above 0"
        yield ("v",), frame["v"] == 0, LEFT_OUT, "zero", "a variance above 0"
        return
    for name in columns:
        kind, values = name.rstrip("12"), frame[name]
        if kind.partition("_")[0] == "sd":
            yield (name,), values < 0, IMPOSSIBLE, "negative", "a standard deviation above 0"
            yield (name,), values == 0, LEFT_OUT, "zero", "a standard deviation above 0"
        elif kind == "n":
            yield from _of_n(name, values, any(c.startswith("sd") for c in columns))
        elif kind == "e":
            yield (name,), values < 0, IMPOSSIBLE, "negative", "0 events or more"
            yield (name,), shares(values), IMPOSSIBLE, NO_COUNT, "events, as a whole number"
        elif kind == "t":
            yield (name,), values < 0, IMPOSSIBLE, "negative", "a time above 0"
            yield (name,), values == 0, LEFT_OUT, "zero", "a time above 0"
        elif name in _PAIRS:
            yield (name,), values < 0, IMPOSSIBLE, "negative", "0 people or more"
        elif name == "alpha":
            yield (name,), values > 1, IMPOSSIBLE, "beyond 1", "Cronbach's alpha"
            yield (name,), values == 1, LEFT_OUT, "1, which has no variance", "an alpha below 1"
        elif name == "rsq":
            yield ((name,), (values < 0) | (values > 1), IMPOSSIBLE, "not between 0 and 1",
                   "the share R² that is explained")
        elif kind == "r":
            yield (name,), values.abs() > 1, IMPOSSIBLE, "beyond 1", "a correlation"
    yield from _of_pairs(frame, columns, measure)


def shares(values: pd.Series) -> pd.Series:
    """Events that are proportions: parts of 1, where no row of the column has more than 1."""
    return (values > 0) & (values < 1) & (values.max() <= 1)


def _of_n(name: str, values: pd.Series, spread: bool) -> Iterator[tuple]:
    yield (name,), values < 0, IMPOSSIBLE, "negative", "a number of participants"
    if spread:
        yield ((name,), (values >= 0) & (values < 2), LEFT_OUT,
               "too few for a standard deviation", "2 participants or more")
    else:
        yield (name,), values == 0, LEFT_OUT, "nobody", "more than 0 participants"


def _of_pairs(frame: pd.DataFrame, columns: tuple[str, ...], measure: str) -> Iterator[tuple]:
    """What is wrong between two columns."""
    for arm in ("1", "2", ""):
        e, n = f"e{arm}", f"n{arm}"
        if e in columns and n in columns:
            yield ((e, n), (frame[e] > frame[n]) & (frame[n] >= 0), IMPOSSIBLE,
                   "more events than participants", f"{e} up to {n}")
    if measure == "PETO":
        total = frame["n1"] + frame["n2"]
        yield (("n1", "n2"), (total <= 1) & (frame["n1"] > 0) & (frame["n2"] > 0), LEFT_OUT,
               "too few for a variance", "more than 1 participant")
    if measure in ("SMD", "SMDH"):
        few = (frame["n1"] > 1) & (frame["n2"] > 1) & (frame["n1"] + frame["n2"] <= 3)
        yield (("n1", "n2"), few, LEFT_OUT, "too few for a standardised difference",
               "more than 3 participants")
    if measure == "ROM":
        for name in ("m1", "m2"):
            yield ((name,), frame[name] == 0, LEFT_OUT, "a mean of 0 has no ratio",
                   "a mean other than 0")
        yield (("m1", "m2"), frame["m1"] * frame["m2"] < 0, LEFT_OUT,
               "the means differ in sign", "two means of one sign")


def _of_effects(frame: pd.DataFrame, columns: tuple[str, ...]) -> Iterator[tuple]:
    if "ci_low" in columns:
        yield from _of_intervals(frame, columns[0])
        return
    if "ratio" in columns:
        yield from _of_ratios(frame, ("ratio",))
    name = columns[1]
    what = "a variance" if name == "vi" else "a standard error"
    values = frame[name]
    with np.errstate(over="ignore"):
        variance = values if name == "vi" else values**2
    yield (name,), values < 0, IMPOSSIBLE, "negative", f"{what} above 0"
    yield (name,), values == 0, LEFT_OUT, "zero", f"{what} above 0"
    tiny = (values > 0) & (variance < np.finfo(float).tiny)
    nearer = f"{what} in a unit nearer to 1"
    yield (name,), tiny, LEFT_OUT, "too small to compute with", nearer
    yield (name,), np.isinf(variance), LEFT_OUT, "too large to compute with", nearer


def _of_intervals(frame: pd.DataFrame, middle: str) -> Iterator[tuple]:
    low, high = frame["ci_low"], frame["ci_high"]
    ends = ("ci_low", "ci_high")
    yield ends, low > high, IMPOSSIBLE, "the lower end is above the upper", "ends in order"
    yield ends, low == high, LEFT_OUT, "an interval without width", "two ends"
    yield ((middle, *ends), (low < high) & ((frame[middle] < low) | (frame[middle] > high)),
           IMPOSSIBLE, "the estimate is outside its interval", "an estimate between its ends")
    if middle == "ratio":
        yield from _of_ratios(frame, (middle, *ends))


def _of_ratios(frame: pd.DataFrame, names: tuple[str, ...]) -> Iterator[tuple]:
    for name in names:
        yield (name,), frame[name] < 0, IMPOSSIBLE, "negative", "a ratio above 0"
        yield (name,), frame[name] == 0, LEFT_OUT, "0 has no logarithm", "a ratio above 0"
