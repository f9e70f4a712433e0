"""Means and standard deviations from quartiles and ranges, and whether these betray skewed data."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ..errors import FloatArray
from .elementwise import check_n, inputs, ordered, output, spread

# The quantile methods were derived and simulated for samples of five and more.
MIN_N_QUANTILES = 5


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
    (q1, median, q3, n), scalar = inputs(q1=q1, median=median, q3=q3, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, q1=q1, median=median, q3=q3)
    weight = 0.7 + 0.39 / n
    return output(weight * (q1 + q3) / 2 + (1 - weight) * median, scalar)


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
    (q1, q3, n), scalar = inputs(q1=q1, q3=q3, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    return output(spread(q1, q3, scalar, "q3 − q1") / (2 * _quartile_divisor(n)), scalar)


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
    (minimum, median, maximum, n), scalar = inputs(
        minimum=minimum, median=median, maximum=maximum, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, minimum=minimum, median=median, maximum=maximum)
    weight = 4 / (4 + n**0.75)
    return output(weight * (minimum + maximum) / 2 + (1 - weight) * median, scalar)


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
    (minimum, maximum, n), scalar = inputs(minimum=minimum, maximum=maximum, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    width = spread(minimum, maximum, scalar, "maximum − minimum")
    return output(width / (2 * _range_divisor(n)), scalar)


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
    (minimum, q1, median, q3, maximum, n), scalar = inputs(
        minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum)
    of_range = 2.2 / (2.2 + n**0.75)
    of_quartiles = 0.7 - 0.72 / n**0.55
    mean = (of_range * (minimum + maximum) / 2 + of_quartiles * (q1 + q3) / 2
            + (1 - of_range - of_quartiles) * median)
    return output(mean, scalar)


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
    (minimum, q1, q3, maximum, n), scalar = inputs(
        minimum=minimum, q1=q1, q3=q3, maximum=maximum, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, minimum=minimum, q1=q1, q3=q3, maximum=maximum)
    width = spread(minimum, maximum, scalar, "maximum − minimum")
    weight = 1 / (1 + 0.07 * n**0.6)
    sd = (weight * width / (2 * _range_divisor(n))
          + (1 - weight) * (q3 - q1) / (2 * _quartile_divisor(n)))
    return output(sd, scalar)


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
    (q1, median, q3, n), scalar = inputs(q1=q1, median=median, q3=q3, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, q1=q1, median=median, q3=q3)
    statistic = np.abs(q1 + q3 - 2 * median) / spread(q1, q3, scalar, "q3 − q1")
    return output(statistic >= 2.65 / np.sqrt(n) - 6 / n**2, scalar)


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
    (minimum, median, maximum, n), scalar = inputs(
        minimum=minimum, median=median, maximum=maximum, n=n)
    check_n(n, scalar, MIN_N_QUANTILES)
    ordered(scalar, minimum=minimum, median=median, maximum=maximum)
    width = spread(minimum, maximum, scalar, "maximum − minimum")
    statistic = np.abs(minimum + maximum - 2 * median) / width
    return output(statistic >= 1 / np.log(n + 9) + 2.5 / (n + 1), scalar)
