"""The between-study variance of a mean, or of a line on one covariate.

Everything here is O(k) a candidate variance: weighted least squares is written out for an
intercept, with or without one covariate, instead of building k × k matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from .errors import FloatArray, choice

TAU2_METHODS = ("REML", "DL", "PM", "ML", "HE", "SJ", "EB", "HS")

# Candidates evaluated at once are limited so that a block stays in the processor's cache.
_BLOCK = 200_000
# Largest step between candidates, as a change of ln(v + τ²) of the most precise study: no term of
# the likelihood changes by more than 5% from one to the next.
_STEP = 0.05
_MAX_CANDIDATES = 4_000


@dataclass(frozen=True, eq=False)
class Data:
    """Effects, variances and covariate, centred for accuracy; see `prepare`."""

    y: FloatArray
    v: FloatArray
    x: FloatArray | None
    shift: float
    shift_x: float
    precise: int

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.y.size

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else 2


def prepare(y: FloatArray, v: FloatArray, x: FloatArray | None = None) -> Data:
    """Centre effects and covariate on the most precise study.

    One giant study makes its own residual and 1 − leverage differences of nearly equal numbers.
    With its effect at 0 the residual is the mean itself, known to full relative accuracy.
    """
    i = int(np.argmin(v))
    if x is None:
        return Data(y - y[i], v, None, float(y[i]), 0.0, i)
    return Data(y - y[i], v, x - x[i], float(y[i]), float(x[i]), i)


@dataclass(frozen=True, eq=False)
class Fit:
    """Weighted least squares at g candidate variances; arrays of shape (g,) or (g, k)."""

    weights: FloatArray
    sum_weights: FloatArray
    mean: FloatArray
    slope: FloatArray | None
    sum_xx: FloatArray | None
    mean_x: FloatArray | None
    residuals: FloatArray
    q: FloatArray
    trace: FloatArray


def fit(data: Data, tau2: FloatArray) -> Fit:
    """Fit by weights 1/(v + τ²) at every candidate `tau2`, shape (g,).

    `trace` is Σ wᵢ(1 − hᵢ) with the leverages hᵢ, that is the trace of the matrix P of REML, and
    the expectation of Q's derivative.
    """
    w = 1 / (data.v + tau2[:, None])
    total = w.sum(axis=1)
    mean = (w @ data.y) / total
    residuals = data.y - mean[:, None]
    others = w.copy()
    others[:, data.precise] = 0.0
    rest = others.sum(axis=1)
    # 1 − hᵢ of the heaviest study is summed from the others; its difference would lose all digits.
    trace = ((others * (total[:, None] - others)).sum(axis=1)
             + w[:, data.precise] * rest) / total
    slope = sum_xx = mean_x = None
    if data.x is not None:
        mean_x = (w @ data.x) / total
        x = data.x - mean_x[:, None]
        sum_xx = (w * x * x).sum(axis=1)
        slope = (w * x * residuals).sum(axis=1) / sum_xx
        residuals = residuals - slope[:, None] * x
        trace = trace - (w * w * x * x).sum(axis=1) / sum_xx
    q = (w * residuals**2).sum(axis=1)
    return Fit(w, total, mean, slope, sum_xx, mean_x, residuals, q, trace)


def line(data: Data, tau2: float) -> tuple[float, float, Fit]:
    """Return intercept (at covariate 0) and slope on the original scale, and the fit itself."""
    at = fit(data, np.array([tau2]))
    slope = float(at.slope[0])
    return data.shift + float(at.mean[0]) - slope * float(at.mean_x[0] + data.shift_x), slope, at


def _criterion(data: Data, tau2: FloatArray, restricted: bool) -> tuple[FloatArray, FloatArray]:
    """Return (restricted) log-likelihood, up to a constant, and its derivative, each (g,)."""
    at = fit(data, tau2)
    log_v = np.log(data.v + tau2[:, None]).sum(axis=1)
    squares = (at.weights**2 * at.residuals**2).sum(axis=1)
    if not restricted:
        return -(log_v + at.q) / 2, (squares - at.weights.sum(axis=1)) / 2
    log_x = np.log(at.sum_weights)
    if at.sum_xx is not None:
        log_x = log_x + np.log(at.sum_xx)
    return -(log_v + log_x + at.q) / 2, (squares - at.trace) / 2


def _in_blocks(
    data: Data, tau2: FloatArray, restricted: bool
) -> tuple[FloatArray, FloatArray]:
    parts = max(1, int(np.ceil(tau2.size * data.k / _BLOCK)))
    pairs = [_criterion(data, block, restricted) for block in np.array_split(tau2, parts)]
    return (np.concatenate([pair[0] for pair in pairs]),
            np.concatenate([pair[1] for pair in pairs]))


def _unweighted_rss(data: Data) -> float:
    """Residual sum of squares of ordinary least squares."""
    residuals = data.y - data.y.mean()
    if data.x is not None:
        x = data.x - data.x.mean()
        residuals = residuals - x * (x @ residuals) / (x @ x)
    return float(residuals @ residuals)


def maxima(data: Data, restricted: bool = True) -> tuple[FloatArray, FloatArray]:
    """Return every local maximum of the (restricted) likelihood on τ² ≥ 0 and its height.

    No maximum lies above the bound T that solves m T² = S(T + v_max), with S the unweighted
    residual sum of squares and m = k − p (k for ML): there Σ wᵢ²rᵢ² ≤ S/τ⁴ and the trace is at
    least m/(v_max + τ²), so the derivative is negative. Between 0 and T the sign of the derivative
    is looked up on a grid that is even in ln(v_min + τ²), and each change from plus to minus is
    polished.

    Returns
    -------
    tuple of ndarray, shape (number of maxima,)
        Locations, ascending, and log-likelihoods.
    """
    s, m = _unweighted_rss(data), data.k - (data.p if restricted else 0)
    low, high = float(data.v.min()), float(data.v.max())
    top = (s + np.sqrt(s * s + 4 * m * s * high)) / (2 * m) * (1 + 1e-9)
    if not top > 0:
        return np.zeros(1), np.zeros(1)
    span = np.log1p(top / low)
    size = int(np.clip(np.ceil(span / _STEP), 50, _MAX_CANDIDATES))
    grid = low * np.expm1(np.linspace(0, span, size + 1))
    _, slope = _in_blocks(data, grid, restricted)

    def derivative(t: float) -> float:
        return float(_criterion(data, np.array([t]), restricted)[1][0])

    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(_root(derivative, grid[i], grid[i + 1]))
    found = np.array(peaks) if peaks else np.array([0.0])
    return found, _in_blocks(data, found, restricted)[0]


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Find a root to relative accuracy; no absolute tolerance, which would depend on the unit."""
    return float(brentq(function, low, high, xtol=np.finfo(float).tiny, rtol=1e-14, maxiter=500))


def solve_q(data: Data, target: float) -> float:
    """Return the τ² ≥ 0 at which the generalised Q equals `target`; 0 when Q(0) is below it.

    Q falls with τ² and Q(τ²) ≤ S/τ², so S/target bounds the root and no cap is needed.
    """
    def excess(t: float) -> float:
        return float(fit(data, np.array([t])).q[0]) - target

    if excess(0.0) <= 0:
        return 0.0
    top = _unweighted_rss(data) / target * (1 + 1e-9)
    return _root(excess, 0.0, top) if excess(top) < 0 else top


def estimate_tau2(data: Data, method: str) -> tuple[float, int]:
    """Estimate τ², truncated at 0.

    Returns
    -------
    tuple of (float, int)
        τ² and the number of local maxima of the likelihood (1 for other methods).
    """
    choice("tau2_method", method, TAU2_METHODS)
    if method in ("REML", "ML"):
        where, height = maxima(data, restricted=method == "REML")
        # On a tie the smaller variance is taken.
        return float(where[int(np.argmax(height))]), where.size
    residual_df = data.k - data.p
    if method in ("PM", "EB"):
        # The empirical Bayes equation is Paule and Mandel's (Viechtbauer et al. 2015).
        return solve_q(data, residual_df), 1
    return max(0.0, _closed_form(data, method, residual_df)), 1


def _closed_form(data: Data, method: str, residual_df: int) -> float:
    if method == "HE":
        unweighted = fit(replace(data, v=np.ones(data.k)), np.zeros(1))
        leverage = np.full(data.k, 1 / data.k)
        if data.x is not None:
            x = data.x - data.x.mean()
            leverage = leverage + x * x / (x @ x)
        return float((unweighted.q[0] - (data.v * (1 - leverage)).sum()) / residual_df)
    if method == "SJ":
        start = float(np.var(data.y))
        return start * float(fit(data, np.array([start])).q[0]) / residual_df
    at = fit(data, np.zeros(1))
    if method == "DL":
        return float((at.q[0] - residual_df) / at.trace[0])
    return float((at.q[0] - data.k) / at.sum_weights[0])
