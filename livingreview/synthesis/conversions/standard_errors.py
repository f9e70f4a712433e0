"""Standard deviations and errors from standard errors, intervals and tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from ..errors import FloatArray, choice, probability
from .elementwise import check, check_n, inputs, like, output, spread


def sd_from_se(se: ArrayLike, n: ArrayLike) -> float | FloatArray:
    """Compute the SD from the standard error of a mean.

    Parameters
    ----------
    se : float or array_like, shape (k,)
        Standard error, positive.
    n : float or array_like, shape (k,)
        Sample size above 1.

    Returns
    -------
    float or ndarray, shape (k,)
        se·√n, in the unit of `se`.

    Raises
    ------
    SynthesisError
        If `se` is not positive or `n` is 1 or less.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.2.
    """
    (se, n), scalar = inputs(se=se, n=n)
    check(se <= 0, se, "se must be positive", scalar)
    check_n(n, scalar)
    return output(se * np.sqrt(n), scalar)


def sd_from_interval(
    low: ArrayLike, high: ArrayLike, n: ArrayLike, level: float = 0.95, distribution: str = "t"
) -> float | FloatArray:
    """Compute the SD from the confidence interval of one mean.

    Conventions: intervals are taken to be built with t on n − 1 degrees of freedom ('t'); 'z' is
    for reports that used the normal quantile, as large trials do (the Handbook's 3.92).

    Parameters
    ----------
    low, high : float or array_like, shape (k,)
        Limits of the interval.
    n : float or array_like, shape (k,)
        Sample size above 1.
    level : float
        Level of the interval.
    distribution : {'t', 'z'}
        Of the quantile.

    Returns
    -------
    float or ndarray, shape (k,)
        √n·(high − low)/(2 t), in the unit of the limits; z in place of t with 'z'.

    Raises
    ------
    SynthesisError
        If `high` is not above `low`, `n` is 1 or less, `level` is not between 0 and 1, or the
        distribution is unknown.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.2.
    """
    (low, high, n), scalar = inputs(low=low, high=high, n=n)
    check_n(n, scalar)
    width = spread(low, high, scalar, "of the interval")
    upper = 0.5 + probability("level", level) / 2
    choice("distribution", distribution, ("t", "z"))
    quantile = stdtrit(n - 1, upper) if distribution == "t" else ndtri(upper)
    return output(np.sqrt(n) * width / (2 * quantile), scalar)


def se_from_interval(low: ArrayLike, high: ArrayLike, level: float = 0.95) -> float | FloatArray:
    """Compute the standard error of a contrast from its normal (Wald) confidence interval.

    Limits of a ratio must be given on the log scale.

    Parameters
    ----------
    low, high : float or array_like, shape (k,)
        Limits of the interval.
    level : float
        Level of the interval.

    Returns
    -------
    float or ndarray, shape (k,)
        (high − low)/(2 z), in the unit of the limits.

    Raises
    ------
    SynthesisError
        If `high` is not above `low` or `level` is not between 0 and 1.

    References
    ----------
    Cochrane Handbook, chapter 6.3.1.
    """
    (low, high), scalar = inputs(low=low, high=high)
    width = spread(low, high, scalar, "of the interval")
    return output(width / (2 * ndtri(0.5 + probability("level", level) / 2)), scalar)


def se_from_p_value(
    estimate: ArrayLike, p: ArrayLike, df: ArrayLike | None = None
) -> float | FloatArray:
    """Compute the standard error of a contrast from its exact two-sided p-value.

    Parameters
    ----------
    estimate : float or array_like, shape (k,)
        Contrast (a ratio on the log scale), not zero.
    p : float or array_like, shape (k,)
        Exact two-sided p-value; never an inequality.
    df : float or array_like, shape (k,), optional
        Degrees of freedom of the t-test; None for a normal test.

    Returns
    -------
    float or ndarray, shape (k,)
        |estimate| divided by the quantile, in the unit of `estimate`.

    Raises
    ------
    SynthesisError
        If `p` is not between 0 and 1, `estimate` is zero, or `df` is not positive.

    References
    ----------
    Cochrane Handbook, chapters 6.3.2 and 6.5.2.3.
    """
    (estimate, p), scalar = inputs(estimate=estimate, p=p)
    check((p <= 0) | (p >= 1), p, "p must lie between 0 and 1", scalar)
    check(estimate == 0, estimate, "estimate must differ from 0", scalar)
    if df is None:
        quantile = -ndtri(p / 2)
    else:
        freedom = like(p.shape, df=df)
        check(freedom <= 0, freedom, "df must be positive", scalar)
        quantile = -stdtrit(freedom, p / 2)
    return output(np.abs(estimate) / quantile, scalar)


def _between(
    n1: ArrayLike, n2: ArrayLike, **named: ArrayLike
) -> tuple[list[FloatArray], FloatArray, FloatArray, bool]:
    """Check columns of a contrast of two groups; return them, √(1/n1 + 1/n2) and n1 + n2 − 2."""
    (*values, n1, n2), scalar = inputs(**named, n1=n1, n2=n2)
    for name, n in (("n1", n1), ("n2", n2)):
        check(n <= 1, n, f"{name} must exceed 1", scalar)
    return values, np.sqrt(1 / n1 + 1 / n2), n1 + n2 - 2, scalar


def sd_from_se_difference(se: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> float | FloatArray:
    """Compute the SD within two groups from the standard error of their mean difference.

    The one SD serves both groups. From a confidence interval of the difference the standard error
    comes by `se_from_interval` (or by t on n1 + n2 − 2 in small trials).

    Parameters
    ----------
    se : float or array_like, shape (k,)
        Standard error of the difference, positive.
    n1, n2 : float or array_like, shape (k,)
        Sizes above 1.

    Returns
    -------
    float or ndarray, shape (k,)
        se/√(1/n1 + 1/n2), in the unit of `se`.

    Raises
    ------
    SynthesisError
        If `se` is not positive or a size is 1 or less.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.3.
    """
    (se,), root, _, scalar = _between(n1, n2, se=se)
    check(se <= 0, se, "se must be positive", scalar)
    return output(se / root, scalar)


def sd_from_t(
    difference: ArrayLike, t: ArrayLike, n1: ArrayLike, n2: ArrayLike
) -> float | FloatArray:
    """Compute the SD within two groups from their mean difference and Student's t.

    Conventions: the t-test with a pooled variance; the signs of `difference` and `t` do not count,
    because reports give either.

    Parameters
    ----------
    difference : float or array_like, shape (k,)
        Difference of the means, not 0.
    t : float or array_like, shape (k,)
        Statistic, not 0.
    n1, n2 : float or array_like, shape (k,)
        Sizes above 1.

    Returns
    -------
    float or ndarray, shape (k,)
        |difference/t|/√(1/n1 + 1/n2), in the unit of `difference`.

    Raises
    ------
    SynthesisError
        If the difference or `t` is 0, or a size is 1 or less.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.3.
    """
    (difference, t), root, _, scalar = _between(n1, n2, difference=difference, t=t)
    check(difference == 0, difference, "difference must differ from 0", scalar)
    check(t == 0, t, "t must differ from 0", scalar)
    return output(np.abs(difference / t) / root, scalar)


def sd_from_p_value(
    difference: ArrayLike, p: ArrayLike, n1: ArrayLike, n2: ArrayLike
) -> float | FloatArray:
    """Compute the SD within two groups from their mean difference and its exact p-value.

    Conventions: the two-sided t-test with a pooled variance, on n1 + n2 − 2 degrees of freedom.

    Parameters
    ----------
    difference : float or array_like, shape (k,)
        Difference of the means, not 0.
    p : float or array_like, shape (k,)
        Exact two-sided p-value, between 0 and 1; never an inequality.
    n1, n2 : float or array_like, shape (k,)
        Sizes above 1.

    Returns
    -------
    float or ndarray, shape (k,)
        In the unit of `difference`.

    Raises
    ------
    SynthesisError
        If the difference is 0, `p` is not between 0 and 1, or a size is 1 or less.

    References
    ----------
    Cochrane Handbook, chapter 6.5.2.3.
    """
    (difference, p), root, df, scalar = _between(n1, n2, difference=difference, p=p)
    check(difference == 0, difference, "difference must differ from 0", scalar)
    check((p <= 0) | (p >= 1), p, "p must lie between 0 and 1", scalar)
    return output(np.abs(difference) / -stdtrit(df, p / 2) / root, scalar)
