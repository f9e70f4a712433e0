"""Groups merged into one, and the spread of changes from that of two times."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..errors import FloatArray, columns, refuse
from .elementwise import check, inputs, like, output


class Group(NamedTuple):
    """Size, mean and standard deviation of one group."""

    n: float
    mean: float
    sd: float


def combine_groups(n: ArrayLike, mean: ArrayLike, sd: ArrayLike) -> Group:
    """Merge groups into one, as if their participants had been one group from the start.

    The formula is the exact decomposition of the sum of squares, so it holds for any number of
    groups and does not depend on their order.

    Parameters
    ----------
    n, mean, sd : array_like, shape (g,)
        Sizes above 1, means and standard deviations of the groups.

    Returns
    -------
    Group
        (n, mean, sd).

    Raises
    ------
    SynthesisError
        If an SD is not positive, a size is 1 or less, or a value is not finite.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.10, table 6.5.a.
    """
    n, mean, sd = columns(n=n, mean=mean, sd=sd)
    refuse(n <= 1, n, "n must exceed 1")
    refuse(sd <= 0, sd, "sd must be positive")
    total = n.sum()
    centre = (n * mean).sum() / total
    squares = ((n - 1) * sd**2).sum() + (n * (mean - centre) ** 2).sum()
    return Group(float(total), float(centre), sqrt(squares / (total - 1)))


def change_sd(
    sd_baseline: ArrayLike, sd_final: ArrayLike, correlation: ArrayLike
) -> float | FloatArray:
    """Compute the SD of changes from the SDs at baseline and at the end and their correlation.

    Parameters
    ----------
    sd_baseline, sd_final : float or array_like, shape (k,)
        Positive, in one unit.
    correlation : float
        Between baseline and final values, from −1 to 1; one number for all rows, or one a row.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If an SD is not positive, the correlation is outside −1 to 1, or the result is zero.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.8.
    """
    (before, after), scalar = inputs(sd_baseline=sd_baseline, sd_final=sd_final)
    r = like(before.shape, correlation=correlation)
    check(before <= 0, before, "sd_baseline must be positive", scalar)
    check(after <= 0, after, "sd_final must be positive", scalar)
    check(np.abs(r) > 1, r, "correlation must lie between -1 and 1", scalar)
    # (a − b)² + 2ab(1 − r) equals a² + b² − 2rab and cannot turn negative by rounding.
    variance = (before - after) ** 2 + 2 * before * after * (1 - r)
    check(variance == 0, variance, "the variance of changes must be positive", scalar)
    return output(np.sqrt(variance), scalar)
