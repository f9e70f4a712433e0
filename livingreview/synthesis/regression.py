"""Meta-regression on several moderators, and subgroups as its special case.

The design is orthonormalised once; each candidate variance then costs one QR decomposition of the
weighted design, O(k p²), and no k × k matrix is built.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri, fdtrc, ndtr, ndtri, stdtr, stdtrit

from .errors import (
    LARGEST,
    FloatArray,
    SynthesisError,
    choice,
    columns,
    covariance_matrix,
    effects,
    numeric,
    probability,
)
from .light_design import LightDesign, joined, light
from .likelihood import Q_TARGETS, TAU2_METHODS, Moments, solve_q_of_means, tau2_of_means
from .notes import NOTES, maxima
from .pooling import pool, subgroup_difference

TESTS = ("hksj-guard", "hksj", "t", "z")
MODELS = ("random", "common")
INTERCEPT = "intercept"

# A column whose part that is not explained by the columns before it is smaller than this share of
# its length is taken as their combination.
_COLLINEAR = 1e-10
# Leverages nearer to 1 than this are computed from the other studies; see `_heavy`.
_HEAVY = 1e-5
# Residuals below this share of the effects are rounding: the studies lie on the fit.
_ROUNDING = 32 * np.finfo(float).eps
# Studies whose leverage leaves less than this have their pairs with others summed one by one.
_PAIRWISE = 1e-2


class Dummies(NamedTuple):
    """Indicator columns of a categorical moderator.

    Attributes
    ----------
    x : ndarray, shape (k, levels - 1)
        1 where the study is of the column's level.
    names : tuple of str
        Levels of the columns.
    reference : str
        The level without a column.
    """

    x: FloatArray
    names: tuple[str, ...]
    reference: str


@dataclass(frozen=True, eq=False)
class Regression:
    """A meta-regression; what is undefined is None, never NaN.

    Attributes
    ----------
    k, p : int
        Studies and coefficients, the intercept included.
    names : tuple of str, length p
        Names of the coefficients.
    coefficients, ses, ci_low, ci_high : ndarray, shape (p,)
        In the unit of the effects per unit of the moderator.
    statistics, p_values : ndarray, shape (p,), or None
        Tests of each coefficient against 0; None when the standard errors are 0.
    covariance : ndarray, shape (p, p)
        Of the coefficients, with the scaling of HKSJ.
    df : int or None
        k − p for 't' and HKSJ; None for the normal distribution.
    omnibus, omnibus_p : float or None
        Test of all coefficients but the intercept: χ² (QM) under 'z', F otherwise.
    omnibus_df : tuple of (int, int or None)
        Numerator and denominator degrees of freedom; the second is None for χ².
    tau2, tau2_low, tau2_high : float or None
        Residual between-study variance and its Q-profile interval, 0 and 0 where it is empty (as
        `Pooled`); None for the common effect.
    i2, h2 : float
        Residual I² in percent, and H².
    r2 : float or None
        Percent of the between-study variance that the moderators explain; None without an
        intercept, for the common effect, and where there is no variance to explain.
    qe, qe_df, qe_p : float, int, float
        Test of residual heterogeneity.
    intercept : bool
    level : float
    model, tau2_method, test : str or None
        What was used.
    warnings : tuple of str
        What the reader should know.
    """

    k: int
    p: int
    names: tuple[str, ...]
    coefficients: FloatArray
    ses: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistics: FloatArray | None
    p_values: FloatArray | None
    covariance: FloatArray
    df: int | None
    omnibus: float | None
    omnibus_df: tuple[int, int | None]
    omnibus_p: float | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float
    h2: float
    r2: float | None
    qe: float
    qe_df: int
    qe_p: float
    intercept: bool
    level: float
    model: str
    tau2_method: str | None
    test: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted effects; arrays of shape (rows,).

    Attributes
    ----------
    estimate, se, ci_low, ci_high : ndarray
        Average true effect at the moderators given.
    pi_low, pi_high : ndarray or None
        Prediction interval of the true effect of a new study; None for the common effect.
    """

    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    pi_low: FloatArray | None
    pi_high: FloatArray | None


class JointTest(NamedTuple):
    """Test that several coefficients are 0; `df` as `Regression.omnibus_df`."""

    statistic: float | None
    df: tuple[int, int | None]
    p_value: float | None


class Subgroup(NamedTuple):
    """One subgroup; `tau2` is the common one where that was asked for."""

    label: str
    k: int
    estimate: float
    se: float
    df: float | None
    ci_low: float
    ci_high: float
    p_value: float | None
    tau2: float | None
    i2: float | None
    q: float | None
    q_df: int | None


@dataclass(frozen=True)
class Subgroups:
    """A subgroup analysis.

    Attributes
    ----------
    groups : tuple of Subgroup
        In the order of the sorted labels.
    statistic : float or None
        Test between subgroups: χ² or F by `df`; None where standard errors are 0.
    df : tuple of (int, int or None)
        Degrees of freedom; the second is None for χ².
    p_value : float or None
    tau2 : float or None
        The common between-study variance; None when each subgroup has its own.
    test : str
    warnings : tuple of str
    """

    groups: tuple[Subgroup, ...]
    statistic: float | None
    df: tuple[int, int | None]
    p_value: float | None
    tau2: float | None
    test: str
    warnings: tuple[str, ...] = ()


# ---------------------------------------------------------------- design


def observations(
    yi: ArrayLike, vi: ArrayLike, method: str
) -> tuple[FloatArray, FloatArray, Callable[[FloatArray], FloatArray]]:
    """Return checked effects, variances, and what turns rows into independent observations.

    With `vi` of shape (k,) rows stay as they are. A covariance matrix V = U diag(d) U' is turned
    away: U'y ~ N(U'Xβ, d + τ²), so that all else is as for independent effects.

    Raises
    ------
    SynthesisError
        If a value is invalid, V is not symmetric and positive definite, or `method` is 'SJ', whose
        first variance is that of independent effects.
    """
    if np.ndim(vi) < 2:
        return *effects(yi, vi), lambda values: values
    (y,) = columns(yi=yi)
    v = covariance_matrix("vi", vi, y.size)
    if method == "SJ":
        raise SynthesisError("tau2_method 'SJ' takes independent effects, no covariance matrix")
    sizes, vectors = np.linalg.eigh(v)
    if not sizes[0] > 1e-14 * sizes[-1]:
        raise SynthesisError("vi must be positive definite")
    return y, sizes, lambda values: vectors.T @ values


@dataclass(frozen=True, eq=False)
class Design:
    """Effects, variances and design, rows from the most precise study on; see `design`.

    `basis` is orthonormal with basis @ upper = x.
    """

    y: FloatArray
    v: FloatArray
    basis: FloatArray
    upper: FloatArray
    order: np.ndarray

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.y.size

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return self.basis.shape[1]

    @cached_property
    def rows(self) -> FloatArray:
        """Basis and effects, shape (k, p + 1)."""
        return np.column_stack([self.basis, self.y])

    @cached_property
    def columns(self) -> LightDesign | HeavyDesign:
        """The design for the solvers of `likelihood`: by cross products where they keep digits."""
        return light(self.y, self.v, self.basis) or HeavyDesign(self)


@dataclass(frozen=True, eq=False)
class Fits:
    """Weighted least squares at g candidate variances.

    Attributes
    ----------
    weights, residuals, leverage, rest : ndarray, shape (g, k)
        1/(v + τ²), residuals, leverage, and 1 − leverage: each without the cancellation of the
        other.
    gamma : ndarray, shape (g, p)
        Coefficients of the orthonormal basis.
    scaled : ndarray, shape (g, k, p)
        Orthonormal columns of √W basis.
    root : ndarray, shape (g, p, p)
        Upper triangular factor R with R'R = basis' W basis.
    q, trace : ndarray, shape (g,)
        Σ w r², and the trace of P = W − W X (X'WX)⁻¹ X'W.
    """

    weights: FloatArray
    residuals: FloatArray
    leverage: FloatArray
    rest: FloatArray
    gamma: FloatArray
    scaled: FloatArray
    root: FloatArray
    q: FloatArray
    trace: FloatArray


def moderators(
    x: ArrayLike, k: int, intercept: bool, names: Sequence[str] | None
) -> tuple[FloatArray, tuple[str, ...]]:
    """Return the checked design matrix and the names of its columns."""
    matrix = numeric("x", x)
    if matrix.ndim == 1:
        matrix = matrix[:, None]
    if matrix.ndim != 2 or matrix.shape[0] != k:
        raise SynthesisError(f"x has shape {np.shape(x)}; one row for each of {k} studies is due")
    labels = tuple(names) if names is not None else tuple(
        f"x{j + 1}" for j in range(matrix.shape[1]))
    if len(labels) != matrix.shape[1]:
        raise SynthesisError(f"{len(labels)} names were given for {matrix.shape[1]} moderators")
    for label, column in zip(labels, matrix.T, strict=True):
        columns(**{label: column})
    if intercept:
        matrix, labels = np.column_stack([np.ones(k), matrix]), (INTERCEPT, *labels)
    if not labels:
        raise SynthesisError("there is neither a moderator nor an intercept")
    if k <= len(labels):
        raise SynthesisError(f"{len(labels)} coefficients need at least {len(labels) + 1} studies, "
                             f"not {k}")
    refuse_collinear(matrix, labels)
    return matrix, labels


def refuse_collinear(matrix: FloatArray, labels: Sequence[str]) -> None:
    """Raise for the first column that is a combination of the columns before it."""
    done = np.empty((matrix.shape[0], 0))
    for label, column in zip(labels, matrix.T, strict=True):
        length = float(np.linalg.norm(column))
        rest = column - done @ (done.T @ column)
        rest = rest - done @ (done.T @ rest)
        left = float(np.linalg.norm(rest))
        if not left > _COLLINEAR * length:
            said = "is 0 in all studies" if length == 0 else (
                "is a linear combination of the columns before it" if done.shape[1] > 1
                else "does not vary")
            raise SynthesisError(f"the moderator {label} {said}: its coefficient is undefined")
        done = np.column_stack([done, rest / left])


def design(y: FloatArray, v: FloatArray, x: FloatArray) -> Design:
    """Sort by precision and orthonormalise the columns."""
    order = np.argsort(v, kind="stable")
    basis, upper = np.linalg.qr(x[order])
    return Design(y[order], v[order], basis, upper, order)


def fits(data: Design, tau2: FloatArray) -> Fits:
    """Fit by weights 1/(v + τ²) at every candidate `tau2`, shape (g,)."""
    w = 1 / (data.v + tau2[:, None])
    rows = np.sqrt(w)[:, :, None] * data.rows
    q_matrix, upper = np.linalg.qr(rows)
    scaled, root = q_matrix[:, :, :data.p], upper[:, :data.p, :data.p]
    leverage = np.einsum("gkp,gkp->gk", scaled, scaled)
    rest = 1 - leverage
    gamma = np.linalg.solve(root, upper[:, :data.p, data.p:])[:, :, 0]
    residuals = data.y - gamma @ data.basis.T
    for g in np.flatnonzero((rest < _HEAVY).any(axis=1)):
        heavy = np.flatnonzero(rest[g] < _HEAVY)
        rest[g, heavy], residuals[g, heavy] = _heavy(data, rows[g], heavy)
    q = (w * residuals ** 2).sum(axis=1)
    trace = np.einsum("gk,gk->g", w, rest)
    return Fits(w, residuals, leverage, rest, gamma, scaled, root, q, trace)


def _heavy(data: Design, rows: FloatArray, heavy: np.ndarray) -> tuple[FloatArray, FloatArray]:
    """Return 1 − leverage and residual of studies that nearly fix a coefficient.

    Both are differences of nearly equal numbers. From the others: 1 − hᵢ = 1/(1 + wᵢ aᵢ) with
    aᵢ = xᵢ'(X₋ᵢ'WX₋ᵢ)⁻¹xᵢ, and rᵢ = (1 − hᵢ)(yᵢ − xᵢ'β₋ᵢ); without rank left both are 0. The light
    studies are decomposed once; `rows`, √w times basis and effects, loses the others.
    """
    own = rows[heavy]
    rows[heavy] = 0
    shared = np.linalg.qr(rows, mode="r")
    rest, residuals = np.zeros(heavy.size), np.zeros(heavy.size)
    for n, i in enumerate(heavy):
        upper = np.linalg.qr(np.vstack([shared, np.delete(own, n, axis=0)]), mode="r")
        root, fitted = upper[:data.p, :data.p], upper[:data.p, data.p]
        size = np.abs(np.diag(root))
        if size.min() <= 1e-12 * size.max():
            continue
        lever = np.linalg.solve(root.T, own[n, :data.p])  # √wᵢ times
        rest[n] = 1 / (1 + float(lever @ lever))
        residuals[n] = rest[n] * float(data.y[i] - np.linalg.solve(root, fitted) @ data.basis[i])
    return rest, residuals


# ---------------------------------------------------------------- variance


@dataclass(frozen=True, eq=False)
class HeavyDesign:
    """A design that is not light as `n` equal columns for the solvers of `likelihood`.

    Each candidate variance takes QR decompositions; what a study that nearly fixes a coefficient
    adds to tr P² is summed pair by pair, where cross products would lose the rest.
    """

    data: Design
    n: int = 1

    @property
    def k(self) -> NDArray[np.int64]:
        """Number of studies, shape (n,)."""
        return np.full(self.n, self.data.k)

    @property
    def df(self) -> NDArray[np.int64]:
        """Studies − coefficients, shape (n,)."""
        return self.k - self.data.p

    def take(self, index: NDArray[np.int64]) -> HeavyDesign:
        """As many columns as `index` has."""
        return HeavyDesign(self.data, index.size)

    def at(self, tau2: FloatArray, of: str = "mean") -> Moments:
        """Fit at each τ²; there is no single mean, it is left 0."""
        return joined([self._one(t, of) for t in tau2])

    def _one(self, tau2: float, of: str) -> Moments:
        at = fits(self.data, np.array([tau2]))
        w, rest = at.weights[0], at.rest[0]
        z = w * at.residuals[0]
        total, q, a = w.sum(), float(at.q[0]), z @ z
        if of == "mean":
            return Moments(total, 0.0, q, a)
        basis, scaled = at.scaled[0], np.sqrt(w) * z
        left = scaled - basis @ (basis.T @ scaled)
        fall_a = 2 * (left @ left) / (a if a > 0 else 1.0)
        if of == "ML":
            return Moments(total, 0.0, q, a, total, fall_a, (w @ w) / total)
        heavy = rest < _PAIRWISE
        own, light_w = basis[~heavy], w[~heavy]
        gram = own.T @ (light_w[:, None] * own)
        squares = ((w * rest) ** 2).sum() + (gram * gram).sum() - (
            (light_w * (own * own).sum(axis=1)) ** 2).sum()
        for g in np.flatnonzero(heavy):
            pairs = w[g] * w * (basis @ basis[g]) ** 2
            squares += 2 * pairs[~heavy].sum() + pairs[heavy].sum() - pairs[g]
        b = float(at.trace[0])
        return Moments(total, 0.0, q, a, b, fall_a, squares / b)

    def squares(self) -> FloatArray:
        """Residual sum of squares of ordinary least squares."""
        residuals = self.data.y - self.data.basis @ (self.data.basis.T @ self.data.y)
        return np.full(self.n, residuals @ residuals)

    def extent(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smallest, largest and total variance."""
        v = self.data.v
        return np.full(self.n, v.min()), np.full(self.n, v.max()), np.full(self.n, v.sum())

    def heights(self, column: int, tau2: FloatArray, restricted: bool) -> FloatArray:
        """(Restricted) log-likelihood at several τ², up to a constant; all columns are one."""
        at = fits(self.data, tau2)
        log_x = 2 * np.log(np.abs(np.diagonal(at.root, axis1=1, axis2=2))).sum(axis=1)
        return (np.log(at.weights).sum(axis=1) - restricted * log_x - at.q) / 2


def solve_q(data: Design, target: float) -> float:
    """Return the τ² ≥ 0 at which the generalised Q equals `target`; 0 when Q(0) is below it."""
    return float(solve_q_of_means(data.columns, np.array([target]))[0][0])


def estimate(data: Design, method: str) -> tuple[float, int]:
    """Estimate the residual τ², truncated at 0, and count the maxima of the likelihood."""
    choice("tau2_method", method, TAU2_METHODS)
    if method in ("REML", "ML"):
        found, peaks, _ = tau2_of_means(data.columns, method)
        return float(found[0]), int(peaks[0])
    df = data.k - data.p
    if method in Q_TARGETS:
        return solve_q(data, Q_TARGETS[method](df)), 1
    if method == "HE":
        leverage = (data.basis**2).sum(axis=1)
        return max(0.0, (float(data.columns.squares()[0]) - float(data.v @ (1 - leverage))) / df), 1
    if method == "SJ":
        start = float(np.var(data.y))
        return (start * float(fits(data, np.array([start])).q[0]) / df if start > 0 else 0.0), 1
    at = fits(data, np.zeros(1))
    if method == "DL":
        return max(0.0, float((at.q[0] - df) / at.trace[0])), 1
    share = data.k / df if method == "HSk" else 1
    return max(0.0, float((share * at.q[0] - data.k) / at.weights.sum())), 1


def solution(data: Design, tau2: float, test: str) -> tuple[FloatArray, FloatArray, Fits, float]:
    """Return coefficients, their covariance, the fit, and the scale of HKSJ (1 without it)."""
    at = fits(data, np.array([tau2]))
    back = np.linalg.inv(at.root[0] @ data.upper)
    covariance = back @ back.T
    beta = np.linalg.solve(data.upper, at.gamma[0])
    scale = 1.0
    if test in ("hksj", "hksj-guard"):
        q = float(at.q[0])
        noise = _ROUNDING**2 * float(at.weights[0] @ data.y**2)
        scale = q / (data.k - data.p) if q > noise else 0.0
        if test == "hksj-guard":
            scale = max(1.0, scale)
    return beta, covariance * scale, at, scale


# ---------------------------------------------------------------- public


def dummies(values: Sequence[Hashable], reference: Hashable | None = None) -> Dummies:
    """Code a categorical moderator by indicators of its levels.

    Conventions: levels in sorted order (numbers by size, anything else by its text); the first is
    the reference unless another is named. Missing values (None, NaN, an empty text) are refused.

    Parameters
    ----------
    values : sequence, length k
        Levels of the studies.
    reference : optional
        Level without a column.

    Returns
    -------
    Dummies
        (x, names, reference).

    Raises
    ------
    SynthesisError
        If a value is missing (with its row), there is one level only, or `reference` does not
        occur.
    """
    labels, levels = categories("values", values)
    if len(levels) < 2:
        raise SynthesisError(f"all studies are {levels[0]!r}: a moderator needs 2 levels")
    base = levels[0] if reference is None else str(reference)
    if base not in levels:
        raise SynthesisError(f"the reference {base!r} is none of {', '.join(levels)}")
    names = tuple(level for level in levels if level != base)
    x = np.array([[float(label == name) for name in names] for label in labels])
    return Dummies(x, names, base)


def categories(name: str, values: Sequence[Hashable]) -> tuple[list[str], list[str]]:
    """Return labels by row and the sorted levels; refuse missing values with their row."""
    try:
        listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
        set(listed)
    except TypeError as error:
        raise SynthesisError(f"{name} is no sequence of labels: {error}") from None
    if not listed:
        raise SynthesisError(f"{name} is empty (k = 0): there is nothing to compute")
    for row, value in enumerate(listed):
        if value is None or value != value or str(value).strip() == "":
            raise SynthesisError(f"{name} is missing", row)
    distinct = list(dict.fromkeys(listed))
    numeric = all(isinstance(value, (int, float)) for value in distinct)
    return [str(value) for value in listed], list(dict.fromkeys(
        str(value) for value in sorted(distinct, key=None if numeric else str)))


def meta_regression(
    yi: ArrayLike,
    vi: ArrayLike,
    x: ArrayLike,
    *,
    model: str = "random",
    tau2_method: str = "REML",
    test: str = "hksj-guard",
    level: float = 0.95,
    intercept: bool = True,
    names: Sequence[str] | None = None,
) -> Regression:
    """Regress effects on moderators, with residual between-study variance.

    Formula: β̂ = (X'WX)⁻¹X'Wy, W = diag(1/(v + τ²)), covariance (X'WX)⁻¹. QE is the residual
    Σ r²/v of the common-effect fit, on k − p degrees of freedom; QM = β̂₂'C₂₂⁻¹β̂₂ over the
    coefficients other than the intercept (all of them without an intercept).

    Conventions. 'hksj' multiplies the covariance by q = Σ w r²/(k − p) and takes t on k − p;
    'hksj-guard' by max(1, q); 't' takes t on k − p without it; 'z' the normal distribution. The
    omnibus test is χ² on m under 'z', else QM/m by F on m and k − p; `joint_test` tests any of the
    coefficients together (the levels of a factor, say). REML and ML return the global maximum. I² =
    100 τ²/(τ² + s²) and H² = 1 + τ²/s² with s² = (k − p)/tr P, P at weights 1/v (as metafor); for
    the common effect from QE. R² = 100 max(0, 1 − τ²/τ₀²), with τ₀² of the same method without
    moderators (as metafor); None where τ₀² = 0 (metafor prints 0).

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances; `vi` of shape (k, k) is the covariance of the effects
        (of arms that share a control, say), not with 'SJ'.
    x : array_like, shape (k,) or (k, m)
        Moderators, in any unit; see `dummies` for categories.
    model : {'random', 'common'}
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'PMM', 'EB', 'HE', 'SJ', 'HS', 'HSk'}
    test : {'hksj-guard', 'hksj', 't', 'z'}
    level : float
        Of all intervals.
    intercept : bool
        Whether a column of ones is put before the moderators.
    names : sequence of str, optional
        Of the moderators; x1, x2, … without it.

    Returns
    -------
    Regression

    Raises
    ------
    SynthesisError
        If a value is not finite, a variance is not positive, a covariance matrix is not positive
        definite, there are not more studies than coefficients, a moderator does not vary or is a
        combination of others (named), or an option is unknown.

    References
    ----------
    Berkey CS, Hoaglin DC, Mosteller F, Colditz GA (1995). Statistics in Medicine 14:395–411. Knapp
    G, Hartung J (2003). Improved tests for a random effects meta-regression with a single
    covariate. Statistics in Medicine 22:2693–2710. Raudenbush SW (2009). In: The Handbook of
    Research Synthesis and Meta-Analysis, 2nd ed., 295–315 (R²).
    """
    choice("model", model, MODELS)
    choice("test", test, TESTS)
    choice("tau2_method", tau2_method, TAU2_METHODS)
    probability("level", level)
    y, v, turn = observations(yi, vi, tau2_method)
    matrix, labels = moderators(x, y.size, intercept, names)
    data = design(turn(y), v, turn(matrix))
    between, warnings = _between(data, model, tau2_method, level, intercept)
    tau2 = between["tau2"] or 0.0
    beta, covariance, _, scale = solution(data, tau2, test)
    if test == "hksj" and scale < 1:
        warnings.append(NOTES["on-fit" if scale == 0 else "small-errors"])
    df = None if test == "z" else data.k - data.p
    return Regression(
        k=data.k, p=data.p, names=labels, covariance=covariance, df=df, intercept=intercept,
        level=level, model=model, tau2_method=tau2_method if model == "random" else None,
        test=test, warnings=tuple(warnings), **between,
        **_tests(beta, covariance, df, level, intercept, scale), **_residual(data, between["tau2"]))


def quantile(level: float, df: float | None) -> float:
    """Two-sided quantile of t on `df`, or of the normal distribution for None."""
    upper = 0.5 + level / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def two_sided(statistic: ArrayLike, df: ArrayLike | None) -> FloatArray:
    """Two-sided p-value by t on `df`, or by the normal distribution for None."""
    tail = -np.abs(np.asarray(statistic, dtype=float))
    return 2 * (ndtr(tail) if df is None else stdtr(df, tail))


def _tests(
    beta: FloatArray, covariance: FloatArray, df: int | None, level: float, intercept: bool,
    scale: float,
) -> dict[str, Any]:
    """Coefficients with their tests and intervals, and the omnibus test."""
    ses = np.sqrt(np.diag(covariance))
    half = quantile(level, df) * ses
    first = 1 if intercept and beta.size > 1 else 0
    m = beta.size - first
    out: dict[str, Any] = {
        "coefficients": beta, "ses": ses, "ci_low": beta - half, "ci_high": beta + half,
        "omnibus_df": (m, df), "statistics": None, "p_values": None, "omnibus": None,
        "omnibus_p": None}
    if scale > 0:
        out["statistics"] = beta / ses
        out["p_values"] = two_sided(out["statistics"], df)
        out["omnibus"], out["omnibus_p"] = _omnibus(
            beta[first:], covariance[first:, first:], df)
    return out


def _omnibus(
    beta: FloatArray, covariance: FloatArray, df: int | None
) -> tuple[float, float]:
    size = np.sqrt(np.diag(covariance))
    z = beta / size
    wald = float(z @ np.linalg.solve(covariance / np.outer(size, size), z))
    if df is None:
        return wald, float(chdtrc(beta.size, wald))
    return wald / beta.size, float(fdtrc(beta.size, df, wald / beta.size))


def _between(
    data: Design, model: str, method: str, level: float, intercept: bool
) -> tuple[dict[str, Any], list[str]]:
    """τ² with its Q-profile interval, R², and what to warn of."""
    if model == "common":
        return dict.fromkeys(("tau2", "tau2_low", "tau2_high", "r2")), []
    tau2, peaks = estimate(data, method)
    tail, df = (1 - level) / 2, data.k - data.p
    out: dict[str, Any] = {
        "tau2": tau2, "tau2_low": solve_q(data, float(chdtri(df, tail))),
        "tau2_high": solve_q(data, float(chdtri(df, 1 - tail))), "r2": None}
    if intercept and data.p > 1:
        # The first column of X, which ones are turned into where effects are correlated.
        plain = estimate(design(data.y, data.v, data.basis[:, :1]), method)[0]
        if plain > 0:
            out["r2"] = 100 * max(0.0, 1 - tau2 / plain)
    return out, list(maxima(peaks))


def _residual(data: Design, tau2: float | None) -> dict[str, Any]:
    at, df = fits(data, np.zeros(1)), data.k - data.p
    qe = float(at.q[0])
    if tau2 is None:
        i2, h2 = max(0.0, 100 * (qe - df) / qe) if qe > 0 else 0.0, qe / df
    else:
        ratio = tau2 * float(at.trace[0]) / df
        i2, h2 = 100 * ratio / (1 + ratio), 1 + ratio
    return {"qe": qe, "qe_df": df, "qe_p": float(chdtrc(df, qe)), "i2": i2, "h2": h2}


def joint_test(regression: Regression, names: Sequence[str]) -> JointTest:
    """Test whether some coefficients, such as the levels of a factor, are all 0.

    Formula: β̂ₛ'Cₛₛ⁻¹β̂ₛ over the m coefficients, by χ² on m under 'z'; divided by m, by F on m and
    k − p, for 't' and HKSJ (as metafor's ``anova(…, btt = )``).

    Parameters
    ----------
    regression : Regression
    names : sequence of str
        Of coefficients, the intercept allowed; at least one, each once.

    Returns
    -------
    JointTest
        (statistic, df, p_value); statistic and p-value are None where standard errors are 0.

    Raises
    ------
    SynthesisError
        If a name is none of the regression's, or none or the same is given twice.

    References
    ----------
    Knapp G, Hartung J (2003). Statistics in Medicine 22:2693–2710.
    """
    if not names or len(set(names)) != len(names):
        raise SynthesisError("a joint test needs names of coefficients, each once")
    where = [regression.names.index(choice("names", name, regression.names)) for name in names]
    df = (len(where), regression.df)
    if regression.statistics is None:
        return JointTest(None, df, None)
    statistic, p_value = _omnibus(regression.coefficients[where],
                                  regression.covariance[np.ix_(where, where)], regression.df)
    return JointTest(statistic, df, p_value)


def predict(regression: Regression, x: ArrayLike, level: float | None = None) -> Predictions:
    """Predict the average effect at given moderators, and the range of true effects there.

    Formula: x'β̂ with variance x'Cx; interval by the quantile q of the regression's test; prediction
    interval x'β̂ ± q √(x'Cx + τ²). The same q serves both: t on k − p for 't' and HKSJ, normal for
    'z' (as metafor).

    Parameters
    ----------
    regression : Regression
    x : array_like, shape (m,) or (rows, m)
        Moderators in the regression's order, without the intercept. One dimension is one row, or
        one moderator's rows when the regression has one moderator.
    level : float, optional
        None is the regression's.

    Returns
    -------
    Predictions

    Raises
    ------
    SynthesisError
        If the number of moderators does not fit or a value is not finite.
    """
    level = regression.level if level is None else probability("level", level)
    m = regression.p - int(regression.intercept)
    matrix = numeric("x", x)
    if matrix.ndim < 2:
        matrix = matrix.reshape(-1, 1) if m == 1 else matrix.reshape(1, -1)
    if matrix.ndim != 2 or matrix.shape[1] != m or matrix.shape[0] == 0:
        raise SynthesisError(f"x has shape {np.shape(x)}; {m} moderators are due in each row")
    bad = ~(np.abs(matrix) <= LARGEST).all(axis=1)
    if bad.any():
        raise SynthesisError("x must hold finite numbers", int(np.argmax(bad)))
    if regression.intercept:
        matrix = np.column_stack([np.ones(matrix.shape[0]), matrix])
    estimates = matrix @ regression.coefficients
    variance = np.einsum("ij,jk,ik->i", matrix, regression.covariance, matrix)
    se, q = np.sqrt(np.maximum(variance, 0)), quantile(level, regression.df)
    low = high = None
    if regression.tau2 is not None:
        wide = q * np.hypot(se, np.sqrt(regression.tau2))
        low, high = estimates - wide, estimates + wide
    return Predictions(estimates, se, estimates - q * se, estimates + q * se, low, high)


def subgroup_analysis(
    yi: ArrayLike,
    vi: ArrayLike,
    groups: Sequence[Hashable],
    *,
    common_tau2: bool = True,
    tau2_method: str = "REML",
    test: str = "hksj-guard",
    level: float = 0.95,
) -> Subgroups:
    """Pool each subgroup and test whether the subgroups differ.

    Conventions. With a common τ² the subgroups are the levels of one moderator in a
    `meta_regression` without intercept (residual τ²; t on k − g for 't' and HKSJ, one HKSJ scale
    for all); the test between them is that moderator's omnibus test: χ² on g − 1 under 'z', F on
    g − 1 and k − g otherwise. With separate τ² each subgroup is a `pool` of its own (t on its own
    kⱼ − 1; a single study by the normal distribution), and the test is Σ(θ̂ⱼ − θ̄)²/seⱼ² by χ² on
    g − 1, whatever the test: under HKSJ the seⱼ are the HKSJ ones. Q and I² of a subgroup compare
    its own studies only; None for a single study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    groups : sequence, length k
        Labels of the subgroups.
    common_tau2 : bool
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'PMM', 'EB', 'HE', 'SJ', 'HS', 'HSk'}
    test : {'hksj-guard', 'hksj', 't', 'z'}
    level : float

    Returns
    -------
    Subgroups

    Raises
    ------
    SynthesisError
        If there are fewer than 2 subgroups, a label is missing (with its row), no subgroup has 2
        studies under a common τ², or as `pool`.

    References
    ----------
    Borenstein M, Higgins JPT (2013). Meta-analysis and subgroups. Prevention Science 14:134–143.
    Rubio-Aparicio M, López-López JA, Viechtbauer W, et al. (2020). Testing categorical moderators
    in mixed-effects meta-analysis. Journal of Experimental Education 88:288–310.
    """
    choice("test", test, TESTS)
    y, v = effects(yi, vi)
    labels, levels = categories("groups", groups)
    if len(labels) != y.size:
        raise SynthesisError(f"groups has {len(labels)} rows, the first column {y.size}")
    if len(levels) < 2:
        raise SynthesisError("a subgroup analysis needs at least 2 subgroups")
    member = {level_: np.array([label == level_ for label in labels]) for level_ in levels}
    options: dict[str, Any] = {"tau2_method": tau2_method, "level": level}
    if not common_tau2:
        return _separate(y, v, member, test, options)
    x = np.column_stack([member[level_].astype(float) for level_ in levels])
    means = meta_regression(y, v, x, intercept=False, names=levels, test=test, **options)
    change = meta_regression(y, v, x[:, 1:], names=levels[1:], test=test, **options)
    parts = []
    for j, level_ in enumerate(levels):
        own = member[level_]
        spread = pool(y[own], v[own], model="common")
        p_value = None if means.p_values is None else float(means.p_values[j])
        parts.append(Subgroup(
            level_, int(own.sum()), float(means.coefficients[j]), float(means.ses[j]), means.df,
            float(means.ci_low[j]), float(means.ci_high[j]), p_value, means.tau2, spread.i2,
            spread.q, spread.q_df))
    return Subgroups(tuple(parts), change.omnibus, change.omnibus_df, change.omnibus_p, means.tau2,
                     test, means.warnings)


def _separate(
    y: FloatArray, v: FloatArray, member: dict[str, np.ndarray], test: str,
    options: dict[str, Any],
) -> Subgroups:
    parts, warnings = [], []
    for label, own in member.items():
        one = pool(y[own], v[own], interval=test, **options)
        parts.append(Subgroup(label, one.k, one.estimate, one.se, one.df, one.ci_low, one.ci_high,
                              one.p_value, one.tau2, one.i2, one.q, one.q_df))
        warnings += [f"{label}: {text}" for text in one.warnings]
    if any(part.se == 0 for part in parts):
        return Subgroups(tuple(parts), None, (len(parts) - 1, None), None, None, test,
                         tuple(warnings))
    q, df, p_value = subgroup_difference([part.estimate for part in parts],
                                         [part.se for part in parts])
    return Subgroups(tuple(parts), q, (df, None), p_value, None, test, tuple(warnings))
