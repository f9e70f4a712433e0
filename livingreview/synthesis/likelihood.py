"""The between-study variance: of many means at once, or of a line on one covariate.

Everything here is O(k) a candidate variance: weighted least squares is written out for an
intercept, with or without one covariate, instead of building k × k matrices.

Many sets (`Columns`: `Means`, the sets of `left_out`, the design of `light_design`) are solved in
lockstep, by bounds that prove that no maximum of the likelihood is missed. A line, or any `Data`,
is solved by `maxima` on a fine grid. The two share no code, so each is the other's judge in the
tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from .errors import FloatArray, SynthesisError, choice

TAU2_METHODS = ("REML", "DL", "PM", "PMM", "ML", "HE", "SJ", "EB", "HS", "HSk")
# The moment equations Q(τ²) = target: what the target is, of the residual degrees of freedom. The
# empirical Bayes equation is Paule and Mandel's (Viechtbauer et al. 2015).
Q_TARGETS = {"PM": lambda df: df, "EB": lambda df: df, "PMM": lambda df: chdtri(df, 0.5)}

# Candidates evaluated at once are limited so that a block stays in the processor's cache.
_BLOCK = 200_000
# Largest step between candidates, as a change of ln(v + τ²) of the most precise study: no term of
# the likelihood changes by more than 5% from one to the next.
_STEP = 0.05
_MAX_CANDIDATES = 4_000
# Many means. A Newton step below this share of τ² + v is the last: its error is the square of it.
# Maxima nearer to each other than the second share of τ² + v are not told apart. Effects farther
# apart, in standard errors, than the third number are refused: sums of their squares overflow.
# No case has come near the limits of steps and splits.
_LAST_STEP = 1e-8
_RESOLUTION = 1e-4
_FARTHEST = 1e100
_MAX_STEPS = 200
_MAX_SPLITS = 400
# The sum over axis 0, without the detour of the method; it counts for small sets.
_sum = np.add.reduce


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


def in_blocks(
    data: Data, tau2: FloatArray, restricted: bool
) -> tuple[FloatArray, FloatArray]:
    """Return (restricted) log-likelihoods and derivatives, as `_criterion`, in little memory."""
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
    _, slope = in_blocks(data, grid, restricted)

    def derivative(t: float) -> float:
        return float(_criterion(data, np.array([t]), restricted)[1][0])

    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(root(derivative, grid[i], grid[i + 1]))
    found = np.array(peaks) if peaks else np.array([0.0])
    return found, in_blocks(data, found, restricted)[0]


def root(
    function: Callable[[float], float], low: float, high: float, absolute: float = 0.0
) -> float:
    """Find a root to relative accuracy; an `absolute` tolerance is for what has no unit.

    References
    ----------
    Chandrupatla TR (1997). A new hybrid quadratic/bisection algorithm for finding the zero of a
    nonlinear function without using derivatives. Advances in Engineering Software 28:145–149.
    """
    a, b = low, high
    fa, fb = function(a), function(b)
    share = 0.5
    for _ in range(500):
        t = a + share * (b - a)
        ft = function(t)
        if np.sign(ft) == np.sign(fa):
            c, fc, a, fa = a, fa, t, ft
        else:
            c, fc, b, a, fb, fa = b, fb, a, t, fa, ft
        best, f_best = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        tolerance = (1e-14 * abs(best) + absolute) / max(abs(b - a), np.finfo(float).tiny)
        if f_best == 0 or tolerance > 0.5:
            return best
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        share = 0.5
        if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:
            share = (fa / (fb - fa) * fc / (fb - fc)
                     + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb))
        share = min(1 - tolerance, max(tolerance, share))
    return best


def solve_q(data: Data, target: float) -> float:
    """Return the τ² ≥ 0 at which the generalised Q equals `target`; 0 when Q(0) is below it.

    Q falls with τ² and Q(τ²) ≤ S/τ², so S/target bounds the root and no cap is needed.
    """
    def excess(t: float) -> float:
        return float(fit(data, np.array([t])).q[0]) - target

    if excess(0.0) <= 0:
        return 0.0
    top = _unweighted_rss(data) / target * (1 + 1e-9)
    return root(excess, 0.0, top) if excess(top) < 0 else top


def estimate_tau2(data: Data, method: str) -> tuple[float, int]:
    """Estimate τ², truncated at 0.

    Returns
    -------
    tuple of (float, int)
        τ² and the number of local maxima of the likelihood (1 for other methods).
    """
    choice("tau2_method", method, TAU2_METHODS)
    if data.x is None:
        means = stack(data.y[None], data.v[None])
        tau2, peaks, _ = tau2_of_means(means, method)
        return float(tau2[0] * means.unit[0] ** 2), int(peaks[0])
    if method in ("REML", "ML"):
        where, height = maxima(data, restricted=method == "REML")
        # On a tie the smaller variance is taken.
        return float(where[int(np.argmax(height))]), where.size
    residual_df = data.k - data.p
    if method in Q_TARGETS:
        return solve_q(data, Q_TARGETS[method](residual_df)), 1
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
    share = data.k / residual_df if method == "HSk" else 1
    return float((share * at.q[0] - data.k) / at.sum_weights[0])


# ---------------------------------------------------------------- many means at once


@dataclass(frozen=True, eq=False)
class Means:
    """Effects and variances of n meta-analyses, one a column; see `stack`.

    Attributes
    ----------
    y, v : ndarray, shape (k, n)
        In units of the column; `v` is infinite where a column has no study.
    shift, unit : ndarray, shape (n,)
        Effects are ``shift + unit * y``, variances ``unit**2 * v``.
    k : ndarray of int, shape (n,)
        Number of studies, 2 or more.
    """

    y: FloatArray
    v: FloatArray
    shift: FloatArray
    unit: FloatArray
    k: NDArray[np.int64]

    @property
    def df(self) -> NDArray[np.int64]:
        """Number of studies − 1."""
        return self.k - 1

    def take(self, index: NDArray[np.int64]) -> Means:
        """Some columns."""
        return Means(_take(self.y, index), _take(self.v, index), self.shift[index],
                     self.unit[index], self.k[index])

    def at(self, tau2: FloatArray, of: str = "mean") -> Moments:
        """Fit the columns at τ² of shape (n,); see `moments`."""
        return moments(self.y, self.v, tau2, of)

    def squares(self) -> FloatArray:
        """Unweighted sum of squares about the unweighted mean."""
        present = np.isfinite(self.v)
        y = np.where(present, self.y, 0.0)
        return (np.where(present, y - y.sum(axis=0) / self.k, 0.0) ** 2).sum(axis=0)

    def extent(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smallest and largest variance of each column, and the sum of its variances."""
        v = np.where(np.isfinite(self.v), self.v, 0.0)
        return self.v[0], v.max(axis=0), v.sum(axis=0)

    def heights(self, column: int, tau2: FloatArray, restricted: bool) -> FloatArray:
        """(Restricted) log-likelihood of one column at several τ², up to a constant."""
        present = np.isfinite(self.v[:, column])
        data = Data(self.y[present, column], self.v[present, column], None, 0.0, 0.0, 0)
        return in_blocks(data, tau2, restricted)[0]


class Columns(Protocol):
    """What the solvers need of n sets of effects: see `Means`, of which this is the outside."""

    k: NDArray[np.int64]

    @property
    def df(self) -> NDArray[np.int64]:
        """Residual degrees of freedom."""

    def take(self, index: NDArray[np.int64]) -> Columns:
        """Some columns."""

    def at(self, tau2: FloatArray, of: str = "mean") -> Moments:
        """Fit at τ² of shape (n,)."""

    def squares(self) -> FloatArray:
        """Unweighted residual sum of squares."""

    def extent(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smallest, largest and total variance."""

    def heights(self, column: int, tau2: FloatArray, restricted: bool) -> FloatArray:
        """Log-likelihood of one column."""


def stack(y: FloatArray, v: FloatArray) -> Means:
    """Turn rows of effects and variances into columns; infinite variances are no studies.

    As in `prepare`, effects are centred on the most precise study, which comes first. The unit is
    a power of 2 near the standard error of the second, so that no power of a weight overflows, a
    giant study beside ordinary ones sets no scale, and a change of unit by a power of 2 changes no
    digit.

    Raises
    ------
    SynthesisError
        If effects lie more than 1e100 standard errors apart.
    """
    order = "C" if y.shape[0] >= y.shape[1] else "F"
    y, v = y.T.copy(order=order), v.T.copy(order=order)
    k = np.isfinite(v).sum(axis=0)
    first = v.argmin(axis=0)
    if first.any():
        columns = np.arange(first.size)
        for values in (y, v):
            values[0], values[first, columns] = values[first, columns], values[0].copy()
    shift = y[0].copy()
    unit = np.ldexp(1.0, np.frexp(v[1:].min(axis=0))[1] // 2)
    y -= shift
    y /= unit
    v /= unit
    v /= unit
    y[~np.isfinite(v)] = 0.0
    if max(y.max(), -y.min()) > _FARTHEST:
        raise SynthesisError("effects lie too far apart, for their variances, to be computed with")
    return Means(y, v, shift, unit, k)


def _take(values: FloatArray, columns: NDArray[np.int64]) -> FloatArray:
    """Take columns, and lay the longer dimension out contiguously: sums run along it."""
    if columns.size >= values.shape[0]:
        return values.take(columns, axis=1)
    return values.T.take(columns, axis=0).T


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted least squares of n means at one candidate variance each; arrays of shape (n,).

    With P the matrix of REML, P = W − ww'/Σw: `q` is y'Py (the generalised Q), `a` is y'P²y and
    `b` is tr P (Σw for ML). The derivative of the likelihood is (a − b)/2. `fall_a` is −(ln a)' and
    `fall_b` is −(ln b)'. None where only the mean was asked for.
    """

    sum_weights: FloatArray
    mean: FloatArray
    q: FloatArray
    a: FloatArray
    b: FloatArray | None = None
    fall_a: FloatArray | None = None
    fall_b: FloatArray | None = None


def moments(y: FloatArray, v: FloatArray, tau2: FloatArray, of: str = "mean") -> Moments:
    """Fit columns by weights 1/(v + τ²), `tau2` of shape (n,).

    Sums leave out the first, most precise study and add it by algebra, where the difference of
    nearly equal numbers would lose the digits of a giant study. `of` is 'mean' (to `a`), 'REML' or
    'ML' (all).
    """
    w = v + tau2
    np.divide(1.0, w, out=w)
    first, others = w[0], w[1:]
    rest = _sum(others)
    total = first + rest
    mean = _sum(others * y[1:]) / total
    residuals = y - mean
    z = w * residuals
    residuals *= z
    q = _sum(residuals)
    a = _sum(np.multiply(z, z, out=residuals))
    if of == "mean":
        return Moments(total, mean, q, a)
    # y'P³y is the weighted spread of z = Py, taken about the first.
    d = z[1:]
    d -= z[0]
    wd = others * d
    cubes = _sum(np.multiply(wd, d, out=d)) - _sum(wd) ** 2 / total
    fall_a = 2 * cubes / np.where(a > 0, a, 1.0)
    square = np.multiply(others, others, out=d)
    rest2 = _sum(square)
    if of == "ML":
        return Moments(total, mean, q, a, total, fall_a, (rest2 + first**2) / total)
    rest3 = _sum(np.multiply(square, others, out=square))
    share = first / total
    b = rest * (1 + share) - rest2 / total
    # tr P², the negative derivative of tr P.
    trace2 = rest2 * (1 + 2 * share**2) - 2 * rest3 / total + (rest2 / total) ** 2 + (
        share * rest) ** 2
    return Moments(total, mean, q, a, b, fall_a, trace2 / b)


def tau2_of_means(
    means: Columns, method: str, at_zero: Moments | None = None
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.bool_]]:
    """Estimate τ² of every column, truncated at 0, in squared units of the column.

    `at_zero` is ``moments(..., 0, 'REML')`` where it is known.

    Returns
    -------
    tuple of ndarray, shape (n,)
        τ², the number of local maxima of the likelihood (1 for other methods), and whether the
        iteration settled.
    """
    if method in ("REML", "ML"):
        return _highest_maxima(means, method, at_zero if method == "REML" else None)
    one, settled = np.ones(means.k.size, dtype=int), np.ones(means.k.size, dtype=bool)
    if method in Q_TARGETS:
        tau2, settled = solve_q_of_means(means, Q_TARGETS[method](means.df))
        return tau2, one, settled
    return np.maximum(0.0, _closed_forms(means, method, at_zero)), one, settled


def _closed_forms(means: Columns, method: str, at_zero: Moments | None) -> FloatArray:
    df = means.df
    if method in ("HE", "SJ"):
        squares = means.squares()
        if method == "HE":
            return squares / df - means.extent()[2] / means.k
        start = squares / means.k
        return start * means.at(start).q / df
    at = at_zero or means.at(np.zeros(df.size), "REML")
    if method == "DL":
        return (at.q - df) / at.b
    return ((means.k / df if method == "HSk" else 1) * at.q - means.k) / at.sum_weights


def solve_q_of_means(
    means: Columns, target: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the τ² ≥ 0 at which Q equals `target`, shape (n,) or (m, n); 0 when Q(0) is below.

    1/Q rises and is concave in τ² (by Cauchy and Schwarz, with Q' = −y'P²y and Q'' = 2 y'P³y), so
    Newton's steps from 0 never pass the root, need no bracket and no cap, and converge
    quadratically. In units of the column.

    Returns
    -------
    tuple of ndarray, shape of `target`
        Roots, and whether the iteration settled.
    """
    shape, n = np.shape(target), means.k.size
    goal = np.ravel(target).astype(float)
    column = np.arange(goal.size) % n
    tau2, active = np.zeros(goal.size), np.arange(goal.size)
    some = means.take(column)
    for _ in range(_MAX_STEPS):
        at = some.at(tau2[active])
        excess = at.q / goal[active] - 1
        rising = np.where(excess > 0, excess * at.q, 0.0)
        tau2[active] += rising / np.where(rising > 0, at.a, 1.0)
        left = excess > _LAST_STEP
        if not left.any():
            return tau2.reshape(shape), np.ones(shape, dtype=bool)
        if not left.all():
            left = np.flatnonzero(left)
            active, some = active[left], some.take(left)
    settled = np.ones(goal.size, dtype=bool)
    settled[active] = False
    return tau2.reshape(shape), settled.reshape(shape)


def _highest_maxima(
    means: Columns, method: str, at_zero: Moments | None
) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.bool_]]:
    """Return the highest maximum of the likelihood on τ² ≥ 0, the number of maxima, and success.

    The derivative is (a − b)/2. In the eigenvectors of the residual space a = Σ c/(λ + τ²)² and
    b = Σ 1/(λ + τ²) with v_min ≤ λ ≤ v_max, so from τ² = v_max − 2 v_min on, a/b falls and there is
    one root at most, and by the bound of `maxima` none above its T. Below, `_brackets` proves for
    every interval that it holds no root or one.
    """
    n, squares = means.k.size, means.squares()
    m = means.df if method == "REML" else means.k
    lowest, high, _ = means.extent()
    root = 2 * np.sqrt(m) * np.sqrt(squares) * np.sqrt(high)
    top = (squares + np.hypot(squares, root)) / (2 * m) * (1 + 1e-9)
    # Effects that differ by less than rounding have their only maximum at 0.
    rows = np.flatnonzero(top > 1e-30)
    tau2, peaks, settled = np.zeros(n), np.ones(n, dtype=int), np.ones(n, dtype=bool)
    if rows.size == 0:
        return tau2, peaks, settled
    some = means if rows.size == n else means.take(rows)
    at_zero = at_zero or means.at(np.zeros(n), method)
    start = _logs(at_zero)[:, rows]
    end = np.clip(high - 2 * lowest, 0.0, top)[rows]
    row, low, upper, guess, split_all = _brackets(some, method, start, end, top[rows])
    where, done = _polish(some, method, row, low, upper, guess)
    falling = np.flatnonzero(start[0] <= start[1])
    settled[rows] = split_all
    settled[rows[row[~done]]] = False
    row, where = np.append(falling, row), np.append(np.zeros(falling.size), where)
    found = np.bincount(row, minlength=rows.size)
    best = np.zeros(rows.size)
    best[row] = where
    for i in np.flatnonzero(found > 1):
        candidates = np.sort(where[row == i])
        # The smaller variance on a tie.
        best[i] = candidates[np.argmax(some.heights(i, candidates, method == "REML"))]
    tau2[rows], peaks[rows] = best, np.maximum(found, 1)
    return tau2, peaks, settled


def _logs(at: Moments) -> FloatArray:
    """Return ln a, ln b, −(ln a)' and −(ln b)', shape (4, n)."""
    # Where effects are identical a is 0; such columns are left aside.
    return np.array([np.log(np.where(at.a > 0, at.a, 1.0)), np.log(at.b), at.fall_a, at.fall_b])


def _brackets(
    means: Columns, method: str, start: FloatArray, end: FloatArray, top: FloatArray
) -> tuple[NDArray[np.int64], FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return the intervals between 0 and `top` that hold one maximum each.

    ln a and ln b are convex (sums of completely monotone terms), which bounds them between chord
    and tangents, and their slopes between those at the ends. An interval is settled when
    ln a − ln b keeps its sign by those bounds, or is monotone; else it is halved, evenly in
    ln(τ² + λ).

    Returns
    -------
    tuple of ndarray
        Column, low and high end of each interval, and the first of Newton's steps from its low end;
        and for every column whether all its intervals were settled or narrower than `_RESOLUTION`.
    """
    row = np.flatnonzero(end > 0)
    at_end = start.copy()
    if row.size:
        at_end[:, row] = _logs(means.take(row).at(end[row], method))
    # From `end` on there is one maximum where the likelihood still rises.
    last = np.flatnonzero((at_end[0] > at_end[1]) & (end < top))
    kept = [(last, end[last], top[last], _first_step(end[last], top[last], at_end[:, last]))]
    low, high, f, g = np.zeros(row.size), end[row], start[:, row], at_end[:, row]
    for _ in range(_MAX_SPLITS):
        falls, other = _settled(low, high, f, g)
        other |= (high - low) * f[3] <= _RESOLUTION * (1 + low * f[3])
        peak = (falls | other) & (f[0] > f[1]) & (g[0] <= g[1])
        kept.append((row[peak], low[peak], high[peak],
                     _first_step(low[peak], high[peak], f[:, peak])))
        open_ = ~(falls | other)
        row, low, high, f, g = row[open_], low[open_], high[open_], f[:, open_], g[:, open_]
        if row.size == 0:
            break
        scale = 1 / f[3]
        middle = np.sqrt((low + scale) * (high + scale)) - scale
        h = _logs(means.take(row).at(middle, method))
        row, low, high = (np.concatenate(pair) for pair in (
            (row, row), (low, middle), (middle, high)))
        f, g = np.concatenate((f, h), axis=1), np.concatenate((h, g), axis=1)
    split_all = np.ones(end.size, dtype=bool)
    split_all[row] = False
    row, low, high, guess = (np.concatenate(parts) for parts in zip(*kept, strict=True))
    return row, low, high, guess, split_all


def _first_step(low: FloatArray, high: FloatArray, f: FloatArray) -> FloatArray:
    """Take Newton's step on b/a from `low`, not beyond `high`; the middle if it does not rise."""
    slope = f[2] - f[3]
    new = low + np.expm1(f[0] - f[1]) / np.where(slope > 0, slope, 1.0)
    return np.where(slope > 0, np.minimum(new, high), (low + high) / 2)


def _settled(
    low: FloatArray, high: FloatArray, f: FloatArray, g: FloatArray
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell where ln a − ln b falls from `low` to `high`, and where it rises or has no root.

    `f` and `g` are the `_logs` at the ends. A convex function lies below its chord by pq/(p + q)
    at most, p and q being the distances of the tangent at one end from the value at the other.
    """
    width, step = high - low, g[:2] - f[:2]
    p = np.maximum(step + f[2:] * width, 0.0)
    q = np.maximum(-step - g[2:] * width, 0.0)
    gap_a, gap_b = p * q / (p + q + np.finfo(float).tiny)
    at_low, at_high = f[0] - f[1], g[0] - g[1]
    below = np.maximum(at_low, at_high) + gap_b < 0
    above = np.minimum(at_low, at_high) - gap_a > 0
    return f[3] < g[2], below | above | (g[3] > f[2])


def _polish(
    means: Columns, method: str, row: NDArray[np.int64], low: FloatArray, high: FloatArray,
    guess: FloatArray,
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Find the root of a = b in each interval by Newton's steps on b/a, or halving.

    With equal variances b/a is linear in τ², so that one step is exact; with others nearly so.
    """
    tau2 = guess.copy()
    done, active = np.zeros(row.size, dtype=bool), np.arange(row.size)
    some = means.take(row)
    for _ in range(_MAX_STEPS):
        if active.size == 0:
            break
        t = tau2[active]
        at = some.at(t, method)
        ratio = at.a / at.b
        low[active] = np.where(ratio > 1, t, low[active])
        high[active] = np.where(ratio > 1, high[active], t)
        step = (ratio - 1) / (at.fall_a - at.fall_b)
        new, a, b = t + step, low[active], high[active]
        # A step of rounding from the root may leave the interval; it is the last one all the same.
        last = np.abs(step) * at.fall_b <= _LAST_STEP * (1 + t * at.fall_b)
        inside = (new > a) & (new < b)
        new = np.where(inside, new, np.where(last, np.clip(new, a, b), (a + b) / 2))
        tau2[active] = new
        last |= b - a <= 4 * np.finfo(float).eps * b
        done[active[last]] = True
        if last.any():
            left = np.flatnonzero(~last)
            active, some = active[left], some.take(left)
    return tau2, done
