"""Mean and standard deviation of the distribution whose quantiles come nearest."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaincinv, gammaln, ndtri

from ..errors import FloatArray, SynthesisError
from .elementwise import check_n, inputs, ordered, spread
from .quantiles import MIN_N_QUANTILES

# Largest shape tried: σ of the log-normal, 1/√shape of the gamma and 1/shape of the Weibull
# distribution. A best fit beyond is no description of a clinical measurement.
_MAX_SHAPE = 5.0
# Least SD over median at which the shapes of the families can be told apart in double precision.
_MIN_CV = 1e-6


class QuantileFit(NamedTuple):
    """Mean and SD of the distribution whose quantiles come nearest, and its name."""

    mean: float
    sd: float
    distribution: str


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
    (*points, size), scalar = inputs(**values, n=n)
    if not scalar:
        raise SynthesisError("quantile estimation takes one sample at a time")
    check_n(size, scalar, MIN_N_QUANTILES)
    ordered(scalar, **dict(zip(values, points, strict=True)))
    quantiles = np.concatenate(points)
    spread(quantiles[:1], quantiles[-1:], scalar, "between the outer values")
    at = {"minimum": 1 / size[0], "q1": 0.25, "median": 0.5, "q3": 0.75,
          "maximum": 1 - 1 / size[0]}
    fits = _candidates(quantiles, np.array([at[name] for name in values]))
    return min(fits, key=lambda fit: fit[0])[1]
