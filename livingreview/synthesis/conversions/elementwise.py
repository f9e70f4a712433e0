"""What functions share that take numbers or columns, and give the like."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FloatArray, SynthesisError, columns, refuse


def inputs(**named: ArrayLike) -> tuple[list[FloatArray], bool]:
    """Return checked columns, and whether every input was a single number."""
    scalar = all(np.ndim(values) == 0 for values in named.values())
    try:
        return columns(**named), scalar
    except SynthesisError as error:
        if scalar and error.row is not None:
            raise SynthesisError(str(error).partition(": ")[2]) from None
        raise


def output(values: NDArray, scalar: bool) -> Any:
    """Return a number for single numbers, else the column."""
    return values[0].item() if scalar else values


def like(shape: tuple[int, ...], **named: ArrayLike) -> FloatArray:
    """Return one checked option as a column of `shape`; a single number serves every row."""
    (column,), _ = inputs(**named)
    if column.size not in (1, shape[0]):
        raise SynthesisError(f"{next(iter(named))} has {column.size} rows, not {shape[0]}")
    return np.broadcast_to(column, shape)


def check(bad: NDArray[np.bool_], values: FloatArray, message: str, scalar: bool) -> None:
    """Raise as `refuse` does, without a row for single numbers."""
    if scalar and bad[0]:
        raise SynthesisError(f"{message}, not {values[0]:g}")
    refuse(bad, values, message)


def check_n(n: FloatArray, scalar: bool, least: float | None = None) -> None:
    """Refuse samples without a standard deviation, or smaller than a method allows."""
    if least is None:
        check(n <= 1, n, "n must exceed 1", scalar)
    else:
        check(n < least, n, f"n must be at least {least:g}", scalar)


def ordered(scalar: bool, **named: FloatArray) -> None:
    """Refuse quantiles that are not in ascending order."""
    names = list(named)
    for left, right in pairwise(names):
        check(named[right] < named[left], named[right], f"{right} must not be below {left}",
               scalar)


def spread(low: FloatArray, high: FloatArray, scalar: bool, names: str) -> FloatArray:
    """Return high − low, which must be positive for a standard deviation to be derived."""
    width = high - low
    check(width <= 0, width, f"the width {names} must be positive", scalar)
    return width
