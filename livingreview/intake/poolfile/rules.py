"""What no effect can be computed from: rows that are left out, and values that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

LEFT_OUT, IMPOSSIBLE = "left out", "impossible"
_PAIRS = ("both", "first", "second", "neither")
NO_COUNT = "a proportion, not a count"


def broken(numbers: Mapping[str, np.ndarray], columns: tuple[str, ...], measure: str
           ) -> Iterator[tuple]:
    """Values that an effect cannot be computed from.

    Parameters
    ----------
    numbers : mapping of str to ndarray
        By our columns, NaN where none is stated.
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
        yield from _of_effects(numbers, columns)
        return
    if "oe" in columns:
        yield ("v",), numbers["v"] < 0, IMPOSSIBLE, "negative", "a variance above 0"
        yield ("v",), numbers["v"] == 0, LEFT_OUT, "zero", "a variance above 0"
        return
    for name in columns:
        kind, values = name.rstrip("12"), numbers[name]
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
            yield (name,), np.abs(values) > 1, IMPOSSIBLE, "beyond 1", "a correlation"
    yield from _of_pairs(numbers, columns, measure)


def shares(values: np.ndarray) -> np.ndarray:
    """Events that are proportions: parts of 1, where no row of the column has more than 1."""
    return (values > 0) & (values < 1) & (not (values > 1).any())


def _of_n(name: str, values: np.ndarray, spread: bool) -> Iterator[tuple]:
    yield (name,), values < 0, IMPOSSIBLE, "negative", "a number of participants"
    if spread:
        yield ((name,), (values >= 0) & (values < 2), LEFT_OUT,
               "too few for a standard deviation", "2 participants or more")
    else:
        yield (name,), values == 0, LEFT_OUT, "nobody", "more than 0 participants"


def _of_pairs(numbers: Mapping[str, np.ndarray], columns: tuple[str, ...], measure: str
              ) -> Iterator[tuple]:
    """What is wrong between two columns."""
    for arm in ("1", "2", ""):
        e, n = f"e{arm}", f"n{arm}"
        if e in columns and n in columns:
            yield ((e, n), (numbers[e] > numbers[n]) & (numbers[n] >= 0), IMPOSSIBLE,
                   "more events than participants", f"{e} up to {n}")
    if measure == "PETO":
        few = (_total(numbers) <= 1) & (numbers["n1"] > 0) & (numbers["n2"] > 0)
        yield (("n1", "n2"), few, LEFT_OUT,
               "too few for a variance", "more than 1 participant")
    if measure in ("SMD", "SMDH"):
        few = (numbers["n1"] > 1) & (numbers["n2"] > 1) & (_total(numbers) <= 3)
        yield (("n1", "n2"), few, LEFT_OUT, "too few for a standardised difference",
               "more than 3 participants")
    if measure == "ROM":
        for name in ("m1", "m2"):
            yield ((name,), numbers[name] == 0, LEFT_OUT, "a mean of 0 has no ratio",
                   "a mean other than 0")
        yield (("m1", "m2"), np.sign(numbers["m1"]) * np.sign(numbers["m2"]) < 0, LEFT_OUT,
               "the means differ in sign", "two means of one sign")


def _total(numbers: Mapping[str, np.ndarray]) -> np.ndarray:
    with np.errstate(over="ignore"):
        return numbers["n1"] + numbers["n2"]


def _of_effects(numbers: Mapping[str, np.ndarray], columns: tuple[str, ...]) -> Iterator[tuple]:
    if "ci_low" in columns:
        yield from _of_intervals(numbers, columns[0])
        return
    if "ratio" in columns:
        yield from _of_ratios(numbers, ("ratio",))
    name = columns[1]
    what = "a variance" if name == "vi" else "a standard error"
    values = numbers[name]
    with np.errstate(over="ignore"):
        variance = values if name == "vi" else values**2
    yield (name,), values < 0, IMPOSSIBLE, "negative", f"{what} above 0"
    yield (name,), values == 0, LEFT_OUT, "zero", f"{what} above 0"
    tiny = (values > 0) & (variance < np.finfo(float).tiny)
    nearer = f"{what} in a unit nearer to 1"
    yield (name,), tiny, LEFT_OUT, "too small to compute with", nearer
    yield (name,), np.isinf(variance), LEFT_OUT, "too large to compute with", nearer


def _of_intervals(numbers: Mapping[str, np.ndarray], middle: str) -> Iterator[tuple]:
    low, high = numbers["ci_low"], numbers["ci_high"]
    ends = ("ci_low", "ci_high")
    yield ends, low > high, IMPOSSIBLE, "the lower end is above the upper", "ends in order"
    yield ends, low == high, LEFT_OUT, "an interval without width", "two ends"
    yield ((middle, *ends), (low < high) & ((numbers[middle] < low) | (numbers[middle] > high)),
           IMPOSSIBLE, "the estimate is outside its interval", "an estimate between its ends")
    if middle == "ratio":
        yield from _of_ratios(numbers, (middle, *ends))


def _of_ratios(numbers: Mapping[str, np.ndarray], names: tuple[str, ...]) -> Iterator[tuple]:
    for name in names:
        yield (name,), numbers[name] < 0, IMPOSSIBLE, "negative", "a ratio above 0"
        yield (name,), numbers[name] == 0, LEFT_OUT, "0 has no logarithm", "a ratio above 0"
