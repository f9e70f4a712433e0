"""The one error that the statistics raise, and the checks of input that raise it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
# Squares of larger numbers, and of the inverse of smaller variances, overflow.
LARGEST = 1e150


class SynthesisError(ValueError):
    """Input from which no valid statistic can be computed.

    Parameters
    ----------
    message : str
        What is wrong, with the value.
    row : int, optional
        Index (from 0) of the first bad row; None when the fault is not in one row.

    Attributes
    ----------
    row : int or None
    """

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message if row is None else f"row {row}: {message}")
        self.row = row


def numeric(name: str, values: ArrayLike) -> FloatArray:
    """Return values as an array of floats of any shape.

    Raises
    ------
    SynthesisError
        If they are not real numbers, or some are masked: an array would hold what is behind the
        mask.
    """
    if np.ma.is_masked(values):
        raise SynthesisError(f"{name} holds masked values: leave them out")
    if np.iscomplexobj(values):
        raise SynthesisError(f"{name} is not numeric: it holds complex numbers")
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise SynthesisError(f"{name} is not numeric: {error}") from None


def columns(**named: ArrayLike) -> list[FloatArray]:
    """Return equally long, finite, non-empty 1-D float arrays.

    Parameters
    ----------
    **named : array_like, shape (k,)
        Columns by name; a scalar is a column of length 1.

    Returns
    -------
    list of ndarray, shape (k,)
        In the order given.

    Raises
    ------
    SynthesisError
        If a column is not numeric, not one-dimensional, empty, of another length than the
        first, or holds NaN, infinity or a number beyond ±1e150 (then with its row).
    """
    out: list[FloatArray] = []
    for name, values in named.items():
        column = np.atleast_1d(numeric(name, values))
        if column.ndim != 1:
            raise SynthesisError(f"{name} must have one dimension, not {column.ndim}")
        if column.size == 0:
            raise SynthesisError(f"{name} is empty (k = 0): there is nothing to compute")
        if out and column.size != out[0].size:
            raise SynthesisError(f"{name} has {column.size} rows, the first column {out[0].size}")
        refuse(~np.isfinite(column), column, f"{name} must be a finite number")
        refuse(np.abs(column) > LARGEST, column, f"{name} must not exceed {LARGEST:g} in size")
        out.append(column)
    return out


def one_number(name: str, value: float) -> float:
    """Return one finite number.

    Raises
    ------
    SynthesisError
        If it is none, or several.
    """
    found = numeric(name, value)
    if found.size != 1 or not abs(found.item()) <= LARGEST:
        raise SynthesisError(f"{name} must be one finite number, not {value}")
    return found.item()


def refuse(bad: NDArray[np.bool_], values: FloatArray, message: str) -> None:
    """Raise for the first row where `bad` is true.

    Raises
    ------
    SynthesisError
        With the row, the message and the value.
    """
    if np.any(bad):
        row = int(np.argmax(bad))
        raise SynthesisError(f"{message}, not {values[row]:g}", row)


def effects(yi: ArrayLike, vi: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return checked effects and sampling variances, each of shape (k,)."""
    y, v = columns(yi=yi, vi=vi)
    refuse(v <= 0, v, "the variance vi must be positive")
    refuse(v < 1 / LARGEST, v, "the variance vi is too small to be inverted")
    return y, v


def covariance_matrix(name: str, values: ArrayLike, k: int) -> FloatArray:
    """Return a checked covariance matrix, shape (k, k).

    Raises
    ------
    SynthesisError
        If its shape is another, it is not symmetric, or a value is not finite or beyond ±1e150.
        Whether it is positive definite is for the decomposition that uses it to say.
    """
    matrix = numeric(name, values)
    if matrix.shape != (k, k):
        raise SynthesisError(f"{name} has shape {matrix.shape}, not {(k, k)}")
    if not (np.abs(matrix) <= LARGEST).all():
        raise SynthesisError(f"{name} must hold finite numbers")
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0):
        raise SynthesisError(f"{name} must be symmetric")
    return matrix


def tables(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return checked events and totals of two arms, each of shape (k,)."""
    a, total1, c, total2 = columns(e1=e1, n1=n1, e2=e2, n2=n2)
    for name, events, total in (("1", a, total1), ("2", c, total2)):
        refuse(total <= 0, total, f"n{name} must be positive")
        refuse(events < 0, events, f"e{name} must not be negative")
        refuse(events > total, events, f"e{name} must not exceed n{name}")
    return a, total1, c, total2


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`.

    Raises
    ------
    SynthesisError
        If it is not, with the names that are.
    """
    if value not in allowed:
        raise SynthesisError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def probability(name: str, value: float) -> float:
    """Return `value` if it lies strictly between 0 and 1.

    Raises
    ------
    SynthesisError
        If it does not.
    """
    if not 0 < one_number(name, value) < 1:
        raise SynthesisError(f"{name} must lie between 0 and 1, not {value}")
    return float(value)
