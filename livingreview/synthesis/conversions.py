"""Means, standard deviations, standard errors and counts from what a report prints.

The functions take numbers or arrays and return a float for numbers, an array for arrays.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import pairwise
from math import ceil, expm1, floor, log1p, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammaincinv, gammaln, ndtri, stdtrit

from .errors import FloatArray, SynthesisError, choice, columns, probability, refuse

# The quantile methods were derived and simulated for samples of five and more.
MIN_N_QUANTILES = 5
# Largest shape tried in quantile estimation: σ of the log-normal, 1/√shape of the gamma and 1/shape
# of the Weibull distribution. A best fit beyond is no description of a clinical measurement.
_MAX_SHAPE = 5.0
# Least SD over median at which the shapes of the families can be told apart in double precision.
_MIN_CV = 1e-6


class Group(NamedTuple):
    """Size, mean and standard deviation of one group."""

    n: float
    mean: float
    sd: float


class QuantileFit(NamedTuple):
    """Mean and SD of the distribution whose quantiles come nearest, and its name."""

    mean: float
    sd: float
    distribution: str


def _inputs(**named: ArrayLike) -> tuple[list[FloatArray], bool]:
    """Return checked columns, and whether every input was a single number."""
    scalar = all(np.ndim(values) == 0 for values in named.values())
    try:
        return columns(**named), scalar
    except SynthesisError as error:
        if scalar and error.row is not None:
            raise SynthesisError(str(error).partition(": ")[2]) from None
        raise


def _output(values: NDArray, scalar: bool) -> Any:
    """Return a number for single numbers, else the column."""
    return values[0].item() if scalar else values


def _like(shape: tuple[int, ...], **named: ArrayLike) -> FloatArray:
    """Return one checked option as a column of `shape`; a single number serves every row."""
    (column,), _ = _inputs(**named)
    if column.size not in (1, shape[0]):
        raise SynthesisError(f"{next(iter(named))} has {column.size} rows, not {shape[0]}")
    return np.broadcast_to(column, shape)


def _check(bad: NDArray[np.bool_], values: FloatArray, message: str, scalar: bool) -> None:
    """Raise as `refuse` does, without a row for single numbers."""
    if scalar and bad[0]:
        raise SynthesisError(f"{message}, not {values[0]:g}")
    refuse(bad, values, message)


def _check_n(n: FloatArray, scalar: bool, least: float | None = None) -> None:
    """Refuse samples without a standard deviation, or smaller than a method allows."""
    if least is None:
        _check(n <= 1, n, "n must exceed 1", scalar)
    else:
        _check(n < least, n, f"n must be at least {least:g}", scalar)


def _ordered(scalar: bool, **named: FloatArray) -> None:
    """Refuse quantiles that are not in ascending order."""
    names = list(named)
    for left, right in pairwise(names):
        _check(named[right] < named[left], named[right], f"{right} must not be below {left}",
               scalar)


def _spread(low: FloatArray, high: FloatArray, scalar: bool, names: str) -> FloatArray:
    """Return high − low, which must be positive for a standard deviation to be derived."""
    width = high - low
    _check(width <= 0, width, f"the width {names} must be positive", scalar)
    return width


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
    (se, n), scalar = _inputs(se=se, n=n)
    _check(se <= 0, se, "se must be positive", scalar)
    _check_n(n, scalar)
    return _output(se * np.sqrt(n), scalar)


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
    (low, high, n), scalar = _inputs(low=low, high=high, n=n)
    _check_n(n, scalar)
    width = _spread(low, high, scalar, "of the interval")
    upper = 0.5 + probability("level", level) / 2
    choice("distribution", distribution, ("t", "z"))
    quantile = stdtrit(n - 1, upper) if distribution == "t" else ndtri(upper)
    return _output(np.sqrt(n) * width / (2 * quantile), scalar)


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
    (low, high), scalar = _inputs(low=low, high=high)
    width = _spread(low, high, scalar, "of the interval")
    return _output(width / (2 * ndtri(0.5 + probability("level", level) / 2)), scalar)


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
    (estimate, p), scalar = _inputs(estimate=estimate, p=p)
    _check((p <= 0) | (p >= 1), p, "p must lie between 0 and 1", scalar)
    _check(estimate == 0, estimate, "estimate must differ from 0", scalar)
    if df is None:
        quantile = -ndtri(p / 2)
    else:
        freedom = _like(p.shape, df=df)
        _check(freedom <= 0, freedom, "df must be positive", scalar)
        quantile = -stdtrit(freedom, p / 2)
    return _output(np.abs(estimate) / quantile, scalar)


def _between(
    n1: ArrayLike, n2: ArrayLike, **named: ArrayLike
) -> tuple[list[FloatArray], FloatArray, FloatArray, bool]:
    """Check columns of a contrast of two groups; return them, √(1/n1 + 1/n2) and n1 + n2 − 2."""
    (*values, n1, n2), scalar = _inputs(**named, n1=n1, n2=n2)
    for name, n in (("n1", n1), ("n2", n2)):
        _check(n <= 1, n, f"{name} must exceed 1", scalar)
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
    _check(se <= 0, se, "se must be positive", scalar)
    return _output(se / root, scalar)


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
    _check(difference == 0, difference, "difference must differ from 0", scalar)
    _check(t == 0, t, "t must differ from 0", scalar)
    return _output(np.abs(difference / t) / root, scalar)


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
    _check(difference == 0, difference, "difference must differ from 0", scalar)
    _check((p <= 0) | (p >= 1), p, "p must lie between 0 and 1", scalar)
    return _output(np.abs(difference) / -stdtrit(df, p / 2) / root, scalar)


def mean_from_quartiles(
    q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike
) -> float | FloatArray:
    """Estimate the mean from the quartiles (Luo's scenario S2, equation 11).

    Parameters
    ----------
    q1, median, q3 : float or array_like, shape (k,)
        Quartiles in one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If the quartiles are not ascending or `n` is below 5.

    References
    ----------
    Luo D, Wan X, Liu J, Tong T (2018). Optimally estimating the sample mean from the sample size,
    median, mid-range, and/or mid-quartile range. Statistical Methods in Medical Research
    27:1785–1805.
    """
    (q1, median, q3, n), scalar = _inputs(q1=q1, median=median, q3=q3, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, q1=q1, median=median, q3=q3)
    weight = 0.7 + 0.39 / n
    return _output(weight * (q1 + q3) / 2 + (1 - weight) * median, scalar)


def _range_divisor(n: FloatArray) -> FloatArray:
    """Expected half-range of n standard normal values (Wan's equation 7, by Blom's formula)."""
    return ndtri((n - 0.375) / (n + 0.25))


def _quartile_divisor(n: FloatArray) -> FloatArray:
    """Expected upper quartile of n standard normal values (Wan's equation 15)."""
    return ndtri((0.75 * n - 0.125) / (n + 0.25))


def sd_from_quartiles(q1: ArrayLike, q3: ArrayLike, n: ArrayLike) -> float | FloatArray:
    """Estimate the SD from the first and third quartile (Wan's scenario C3, equation 16).

    Parameters
    ----------
    q1, q3 : float or array_like, shape (k,)
        Quartiles in one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If `q3` is not above `q1` or `n` is below 5.

    References
    ----------
    Wan X, Wang W, Liu J, Tong T (2014). Estimating the sample mean and standard deviation from the
    sample size, median, range and/or interquartile range. BMC Medical Research Methodology 14:135.
    """
    (q1, q3, n), scalar = _inputs(q1=q1, q3=q3, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    return _output(_spread(q1, q3, scalar, "q3 − q1") / (2 * _quartile_divisor(n)), scalar)


def mean_from_range(
    minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> float | FloatArray:
    """Estimate the mean from median and range (Luo's scenario S1, equation 7).

    Parameters
    ----------
    minimum, median, maximum : float or array_like, shape (k,)
        In one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If the values are not ascending or `n` is below 5.

    References
    ----------
    Luo D, et al. (2018). Statistical Methods in Medical Research 27:1785–1805.
    """
    (minimum, median, maximum, n), scalar = _inputs(
        minimum=minimum, median=median, maximum=maximum, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, minimum=minimum, median=median, maximum=maximum)
    weight = 4 / (4 + n**0.75)
    return _output(weight * (minimum + maximum) / 2 + (1 - weight) * median, scalar)


def sd_from_range(minimum: ArrayLike, maximum: ArrayLike, n: ArrayLike) -> float | FloatArray:
    """Estimate the SD from the range (Wan's scenario C1, equation 9).

    Parameters
    ----------
    minimum, maximum : float or array_like, shape (k,)
        In one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If `maximum` is not above `minimum` or `n` is below 5.

    References
    ----------
    Wan X, et al. (2014). BMC Medical Research Methodology 14:135.
    """
    (minimum, maximum, n), scalar = _inputs(minimum=minimum, maximum=maximum, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    width = _spread(minimum, maximum, scalar, "maximum − minimum")
    return _output(width / (2 * _range_divisor(n)), scalar)


def mean_from_five_numbers(
    minimum: ArrayLike, q1: ArrayLike, median: ArrayLike, q3: ArrayLike, maximum: ArrayLike,
    n: ArrayLike,
) -> float | FloatArray:
    """Estimate the mean from the five-number summary (Luo's scenario S3, equation 15).

    Parameters
    ----------
    minimum, q1, median, q3, maximum : float or array_like, shape (k,)
        In one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If the values are not ascending or `n` is below 5.

    References
    ----------
    Luo D, et al. (2018). Statistical Methods in Medical Research 27:1785–1805.
    """
    (minimum, q1, median, q3, maximum, n), scalar = _inputs(
        minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum)
    of_range = 2.2 / (2.2 + n**0.75)
    of_quartiles = 0.7 - 0.72 / n**0.55
    mean = (of_range * (minimum + maximum) / 2 + of_quartiles * (q1 + q3) / 2
            + (1 - of_range - of_quartiles) * median)
    return _output(mean, scalar)


def sd_from_five_numbers(
    minimum: ArrayLike, q1: ArrayLike, q3: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> float | FloatArray:
    """Estimate the SD from the five-number summary (Shi 2020, equation 10).

    Shi's weighted combination of range and quartiles replaces Wan's plain average of the two: the
    range says less about the SD as the sample grows.

    Parameters
    ----------
    minimum, q1, q3, maximum : float or array_like, shape (k,)
        In one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If the values are not ascending, `maximum` is not above `minimum`, or `n` is below 5.

    References
    ----------
    Shi J, et al. (2020). Optimally estimating the sample standard deviation from the five-number
    summary. Research Synthesis Methods 11:641–654.
    """
    (minimum, q1, q3, maximum, n), scalar = _inputs(
        minimum=minimum, q1=q1, q3=q3, maximum=maximum, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, minimum=minimum, q1=q1, q3=q3, maximum=maximum)
    width = _spread(minimum, maximum, scalar, "maximum − minimum")
    weight = 1 / (1 + 0.07 * n**0.6)
    sd = (weight * width / (2 * _range_divisor(n))
          + (1 - weight) * (q3 - q1) / (2 * _quartile_divisor(n)))
    return _output(sd, scalar)


def _fit_normal(values: FloatArray, z: FloatArray) -> tuple[float, float, float]:
    """Least squares of quantiles on normal ones: sum of squares, mean, SD."""
    slope = float((z - z.mean()) @ values / ((z - z.mean()) @ z))
    mean = float(values.mean() - slope * z.mean())
    return float(((values - mean - slope * z) ** 2).sum()), mean, slope


def _fit_shape(
    values: FloatArray, basis: Any, start: float
) -> tuple[float, float, float] | None:
    """Least squares over scale and shape u of scale·basis(u): sum of squares, scale, u.

    The best scale is linear for each u, so only u is searched: on a grid about `start`, then on
    ever finer ones. None when the best u lies on the border of the grid.
    """
    def squares(u: FloatArray) -> tuple[FloatArray, FloatArray]:
        # Extreme shapes underflow: they are no candidates.
        with np.errstate(all="ignore"):
            units = basis(u[:, None])
            scale = (units @ values) / (units**2).sum(axis=1)
            error = ((values - scale[:, None] * units) ** 2).sum(axis=1)
        return np.where(np.isfinite(error), error, np.inf), scale

    grid = np.geomspace(start / 20, min(20 * start, _MAX_SHAPE), 400)
    for turn in range(9):
        error, scale = squares(grid)
        best = int(np.argmin(error))
        if turn == 0 and best in (0, grid.size - 1):
            return None
        found = float(error[best]), float(scale[best]), float(grid[best])
        grid = np.linspace(grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)], 21)
    return found


def _candidates(values: FloatArray, p: FloatArray) -> list[tuple[float, QuantileFit]]:
    """Best fit of every family with its sum of squares."""
    z = ndtri(p)
    error, mean, sd = _fit_normal(values, z)
    fits = [(error, QuantileFit(mean, sd, "normal"))]
    median = float(values[values.size // 2])
    if values[0] < 0 or median <= 0 or not _MIN_CV < sd / median < 20 * _MAX_SHAPE:
        return fits
    bases = {"log-normal": lambda u: np.exp(u * z), "gamma": lambda u: gammaincinv(u**-2.0, p),
             "weibull": lambda u: (-np.log1p(-p)) ** u}
    for name, basis in bases.items():
        found = _fit_shape(values, basis, sd / median)
        if found is None:
            continue
        error, scale, u = found
        if name == "log-normal":
            mean = scale * np.exp(u * u / 2)
            sd = mean * np.sqrt(np.expm1(u * u))
        elif name == "gamma":
            mean, sd = scale / u**2, scale / u
        else:
            mean = scale * np.exp(gammaln(1 + u))
            sd = mean * np.sqrt(np.expm1(gammaln(1 + 2 * u) - 2 * gammaln(1 + u)))
        fits.append((error, QuantileFit(float(mean), float(sd), name)))
    return fits


def quantile_estimation(
    n: float, median: float, *, minimum: float | None = None, q1: float | None = None,
    q3: float | None = None, maximum: float | None = None,
) -> QuantileFit:
    """Estimate mean and SD of possibly skewed data by McGrath's quantile estimation.

    Conventions: the normal, log-normal, gamma and Weibull distributions are fitted by least squares
    of their quantiles at 1/n, 1/4, 1/2, 3/4 and 1 − 1/n (those that are given), and the one with
    the least sum of squares gives mean and SD. With a negative value, or a median of 0, only the
    normal distribution is fitted. The paper's beta distribution, for data from 0 to 1, is left out:
    whether it enters would depend on the unit. The global minimum over the shape (at most 5 as σ of
    the log-normal) is taken, so results may differ in late digits from an iteration that stops
    early.

    Parameters
    ----------
    n : float
        Sample size of 5 or more.
    median : float
    minimum, maximum : float, optional
        Both or none.
    q1, q3 : float, optional
        Both or none; at least one of the two pairs.

    Returns
    -------
    QuantileFit
        (mean, sd, distribution).

    Raises
    ------
    SynthesisError
        If a pair is incomplete or both are missing, the values are not ascending or all equal, `n`
        is below 5, or a value is not finite.

    References
    ----------
    McGrath S, Zhao X, Steele R, Thombs BD, Benedetti A, DEPRESSD Collaboration (2020). Estimating
    the sample mean and standard deviation from commonly reported quantiles in meta-analysis.
    Statistical Methods in Medical Research 29:2520–2537.
    """
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    for low, high in (("minimum", "maximum"), ("q1", "q3")):
        if (given[low] is None) != (given[high] is None):
            raise SynthesisError(f"{low} and {high} must be given together")
    values = {name: value for name, value in given.items() if value is not None}
    if len(values) < 3 or median is None:
        raise SynthesisError("the median and the range or the quartiles must be given")
    (*points, size), scalar = _inputs(**values, n=n)
    if not scalar:
        raise SynthesisError("quantile estimation takes one sample at a time")
    _check_n(size, scalar, MIN_N_QUANTILES)
    _ordered(scalar, **dict(zip(values, points, strict=True)))
    quantiles = np.concatenate(points)
    _spread(quantiles[:1], quantiles[-1:], scalar, "between the outer values")
    at = {"minimum": 1 / size[0], "q1": 0.25, "median": 0.5, "q3": 0.75,
          "maximum": 1 - 1 / size[0]}
    fits = _candidates(quantiles, np.array([at[name] for name in values]))
    return min(fits, key=lambda fit: fit[0])[1]


def skewed_by_quartiles(
    q1: ArrayLike, median: ArrayLike, q3: ArrayLike, n: ArrayLike
) -> bool | NDArray[np.bool_]:
    """Test at the 5% level whether quartiles betray skewed data (Shi's scenario S2).

    Parameters
    ----------
    q1, median, q3 : float or array_like, shape (k,)
        Quartiles in one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    bool or ndarray of bool, shape (k,)
        Whether |q1 + q3 − 2 median|/(q3 − q1) reaches 2.65/√n − 6/n².

    Raises
    ------
    SynthesisError
        If the quartiles are not ascending, `q3` equals `q1`, or `n` is below 5.

    References
    ----------
    Shi J, et al. (2023). Detecting the skewness of data from the five-number summary and its
    application in meta-analysis. Statistical Methods in Medical Research 32:1338–1360.
    """
    (q1, median, q3, n), scalar = _inputs(q1=q1, median=median, q3=q3, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, q1=q1, median=median, q3=q3)
    statistic = np.abs(q1 + q3 - 2 * median) / _spread(q1, q3, scalar, "q3 − q1")
    return _output(statistic >= 2.65 / np.sqrt(n) - 6 / n**2, scalar)


def skewed_by_range(
    minimum: ArrayLike, median: ArrayLike, maximum: ArrayLike, n: ArrayLike
) -> bool | NDArray[np.bool_]:
    """Test at the 5% level whether median and range betray skewed data (Shi's scenario S1).

    Parameters
    ----------
    minimum, median, maximum : float or array_like, shape (k,)
        In one unit.
    n : float or array_like, shape (k,)
        Sample size of 5 or more.

    Returns
    -------
    bool or ndarray of bool, shape (k,)
        Whether |minimum + maximum − 2 median|/(maximum − minimum) reaches
        1/ln(n + 9) + 2.5/(n + 1).

    Raises
    ------
    SynthesisError
        If the values are not ascending, `maximum` equals `minimum`, or `n` is below 5.

    References
    ----------
    Shi J, et al. (2023). Statistical Methods in Medical Research 32:1338–1360.
    """
    (minimum, median, maximum, n), scalar = _inputs(
        minimum=minimum, median=median, maximum=maximum, n=n)
    _check_n(n, scalar, MIN_N_QUANTILES)
    _ordered(scalar, minimum=minimum, median=median, maximum=maximum)
    width = _spread(minimum, maximum, scalar, "maximum − minimum")
    statistic = np.abs(minimum + maximum - 2 * median) / width
    return _output(statistic >= 1 / np.log(n + 9) + 2.5 / (n + 1), scalar)


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


def events_from_percentage(
    percent: float | str, total: int, decimals: int | None = None
) -> int | None:
    """Find the one count whose percentage of `total` rounds to the printed one.

    A half counts as rounding either way, because reports do not say how they round.

    Parameters
    ----------
    percent : float or str
        Printed percentage; as text ("12.0", "12.0%") it tells its decimals.
    total : int
        Number of participants.
    decimals : int, optional
        Decimals printed; None takes those of the text, or of the shortest form of the number
        (12.0 then has none).

    Returns
    -------
    int or None
        The count; None when no count or several counts fit.

    Raises
    ------
    SynthesisError
        If `percent` is not a number from 0 to 100, `total` is not a positive whole number, or
        `decimals` is negative.
    """
    if not 0 < total < float("inf") or total != int(total):
        raise SynthesisError(f"total must be a positive whole number, not {total}")
    text = str(percent).strip().removesuffix("%").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise SynthesisError(f"percent is not a number: {percent!r}") from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise SynthesisError(f"percent must lie between 0 and 100, not {percent}")
    if decimals is None:
        exact = value if isinstance(percent, str) else value.normalize()
        decimals = max(0, -exact.as_tuple().exponent)
    if decimals < 0:
        raise SynthesisError(f"decimals must not be negative, not {decimals}")
    # Exact arithmetic: a count on the border must not depend on binary rounding.
    half = Fraction(1, 2 * 10**decimals)
    share = Fraction(value)
    least = max(0, ceil((share - half) * int(total) / 100))
    most = min(int(total), floor((share + half) * int(total) / 100))
    return least if least == most else None


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
    (before, after), scalar = _inputs(sd_baseline=sd_baseline, sd_final=sd_final)
    r = _like(before.shape, correlation=correlation)
    _check(before <= 0, before, "sd_baseline must be positive", scalar)
    _check(after <= 0, after, "sd_final must be positive", scalar)
    _check(np.abs(r) > 1, r, "correlation must lie between -1 and 1", scalar)
    # (a − b)² + 2ab(1 − r) equals a² + b² − 2rab and cannot turn negative by rounding.
    variance = (before - after) ** 2 + 2 * before * after * (1 - r)
    _check(variance == 0, variance, "the variance of changes must be positive", scalar)
    return _output(np.sqrt(variance), scalar)


def upper_bound_zero_events(n: float, level: float = 0.95) -> float:
    """Compute the one-sided exact upper bound of a risk when none of n had the event.

    Parameters
    ----------
    n : float
        Participants, positive (fractional after division by a design effect).
    level : float

    Returns
    -------
    float
        1 − (1 − level)^(1/n), a proportion.

    Raises
    ------
    SynthesisError
        If `n` is not positive and finite or `level` is not between 0 and 1.

    References
    ----------
    Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26:404–413.
    """
    if not 0 < n < float("inf"):
        raise SynthesisError(f"n must be positive and finite, not {n}")
    return -expm1(log1p(-probability("level", level)) / n)


def clopper_pearson(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the two-sided exact interval of a proportion.

    Parameters
    ----------
    events, n : int
        Count and total.
    level : float

    Returns
    -------
    tuple of float
        (low, high), proportions.

    Raises
    ------
    SynthesisError
        If a count is negative or not whole, events exceed n, or `level` is not between 0 and 1.

    References
    ----------
    Clopper CJ, Pearson ES (1934). Biometrika 26:404–413.
    """
    for name, count in (("events", events), ("n", n)):
        if not 0 <= count < float("inf") or count != int(count):
            raise SynthesisError(f"{name} must be a whole number, not {count}")
    if n == 0 or events > n:
        raise SynthesisError(f"events must not exceed n and n must be positive: {events} of {n}")
    tail = (1 - probability("level", level)) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, tail))
    high = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - tail))
    return low, high
