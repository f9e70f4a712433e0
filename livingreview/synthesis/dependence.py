"""Effects that depend on each other: three levels, robust variances, aggregation, shared controls.

Effects are sorted by cluster once. The three-level model then costs O(k) a candidate pair of
variances, because the covariance of a cluster, diag(v + σ²within) + σ²between 11', is inverted by
its formula.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri

from .errors import (
    FloatArray,
    SynthesisError,
    choice,
    columns,
    covariance_matrix,
    effects,
    one_number,
    probability,
    refuse,
)
from .likelihood import root
from .notes import NOTES, maxima
from .regression import (
    INTERCEPT,
    categories,
    design,
    estimate,
    moderators,
    quantile,
    two_sided,
)

TESTS = ("t", "z")
LIKELIHOODS = ("REML", "ML")
WORKING = ("random", "three-level", "common")
ADJUSTMENTS = ("CR2", "CR1", "CR0")


@dataclass(frozen=True, eq=False)
class ThreeLevel:
    """A three-level pool.

    Attributes
    ----------
    k, clusters : int
        Effects and clusters.
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Average effect, in the unit of the effects.
    df : int or None
        k − 1 for 't'; None for the normal distribution.
    between, between_low, between_high : float
        Variance between clusters and its profile-likelihood interval.
    within, within_low, within_high : float
        Variance between effects of one cluster and its profile-likelihood interval.
    i2_between, i2_within : float
        Percent of the total variance at each level; the rest is sampling.
    q, q_df, q_p : float, int, float
        Cochran's Q of the effects taken as independent.
    pi_low, pi_high : float
        Prediction interval of the true effect in a new cluster.
    log_likelihood : float
        Log-likelihood at the estimates, the restricted one under REML.
    level : float
    method, test : str
    warnings : tuple of str
    """

    k: int
    clusters: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    df: int | None
    between: float
    between_low: float
    between_high: float
    within: float
    within_low: float
    within_high: float
    i2_between: float
    i2_within: float
    q: float
    q_df: int
    q_p: float
    pi_low: float
    pi_high: float
    log_likelihood: float
    level: float
    method: str
    test: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Robust:
    """Coefficients with cluster-robust variances; arrays of shape (p,).

    Attributes
    ----------
    k, clusters : int
    names : tuple of str
    coefficients, ses, statistics, df, p_values, ci_low, ci_high : ndarray
        `df` by Satterthwaite for CR2, clusters − p for CR1.
    covariance : ndarray, shape (p, p)
    tau2, within : float or None
        Variances of the working model: τ² (or that between clusters) and that within clusters.
    working, adjustment : str
    level : float
    warnings : tuple of str
    """

    k: int
    clusters: int
    names: tuple[str, ...]
    coefficients: FloatArray
    ses: FloatArray
    statistics: FloatArray
    df: FloatArray
    p_values: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    covariance: FloatArray
    tau2: float | None
    within: float | None
    working: str
    adjustment: str
    level: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Aggregated:
    """One effect a cluster; arrays of shape (clusters,), clusters in order of first appearance.

    Attributes
    ----------
    clusters : tuple of str
    yi, vi : ndarray
        Combined effects and their variances.
    sizes : ndarray of int
        Effects that went in.
    """

    clusters: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    sizes: np.ndarray


def _clusters(cluster: Sequence[Hashable], k: int) -> tuple[list[str], np.ndarray]:
    """Return distinct labels in order of appearance and the label number of each row."""
    labels, _ = categories("cluster", cluster)
    if len(labels) != k:
        raise SynthesisError(f"cluster has {len(labels)} rows, the first column {k}")
    distinct = list(dict.fromkeys(labels))
    number = {label: j for j, label in enumerate(distinct)}
    return distinct, np.array([number[label] for label in labels])


# ---------------------------------------------------------------- three levels


@dataclass(frozen=True, eq=False)
class _Nested:
    """Independent observations by cluster, y = μ one + error; `starts` are the first rows.

    A cluster with covariance U diag(v) U' is turned by U', which turns its ones into `one`.
    """

    y: FloatArray
    v: FloatArray
    one: FloatArray
    starts: np.ndarray
    shift: float
    restricted: bool


def _nested(
    y: FloatArray, covariance: FloatArray, number: np.ndarray, restricted: bool
) -> _Nested:
    """Sort by cluster and turn what is correlated; `covariance` is of shape (k,) or (k, k)."""
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    v = np.diag(covariance) if covariance.ndim == 2 else covariance
    shift = float(y[np.argmin(v)])
    turned, sizes, one = y[order] - shift, v[order].copy(), np.ones(y.size)
    if covariance.ndim == 2:
        if np.any(covariance[number[:, None] != number]):
            raise SynthesisError("vi holds covariances between clusters: only effects of one "
                                 "cluster may have correlated errors")
        for rows in np.split(np.arange(y.size), starts[1:]):
            block = covariance[np.ix_(order[rows], order[rows])]
            sizes[rows], vectors = np.linalg.eigh(block)
            turned[rows], one[rows] = vectors.T @ turned[rows], vectors.T @ one[rows]
        if not sizes.min() > 1e-14 * sizes.max():
            raise SynthesisError("vi must be positive definite")
    return _Nested(turned, sizes, one, starts, shift, restricted)


@dataclass(frozen=True, eq=False)
class _At:
    """The (restricted) likelihood at g pairs of variances; arrays of shape (g,)."""

    height: FloatArray
    between: FloatArray
    within: FloatArray
    mean: FloatArray
    information: FloatArray


def _likelihood(data: _Nested, between: FloatArray, within: FloatArray) -> _At:
    """Evaluate the (restricted) log-likelihood and its derivatives.

    With a = 1/(v + σ²within), z the cluster's `one`, A = Σaz² and B = A/(1 + σ²between A) of a
    cluster, the weight of an observation in the mean is az/(1 + σ²between A), ln|V| = −Σ ln a +
    Σ ln(1 + σ²between A), and a derivative is (e'Ve − tr(PV))/2 with e = V⁻¹(y − μ̂) and V the
    derivative of the covariance; V⁻¹ for P without restriction.
    """
    def total(z: FloatArray) -> FloatArray:
        return np.add.reduceat(z, data.starts, axis=1)

    a = 1 / (data.v + within[:, None])
    weight = total(a * data.one**2)
    shrink = 1 / (1 + between[:, None] * weight)
    information = (weight * shrink).sum(axis=1)
    mean = (total(a * data.one * data.y) * shrink).sum(axis=1) / information
    residual = data.y - np.outer(mean, data.one)
    pull = total(a * data.one * residual) * shrink
    sizes = np.diff(data.starts, append=data.y.size)
    e = a * (residual - data.one * np.repeat(between[:, None] * pull, sizes, axis=1))
    q = (e * residual).sum(axis=1)
    log_v = -np.log(a).sum(axis=1) - np.log(shrink).sum(axis=1)
    squares = total((a * data.one) ** 2)
    b = weight * shrink
    trace_between = b.sum(axis=1)
    trace_within = a.sum(axis=1) - (between[:, None] * shrink * squares).sum(axis=1)
    if data.restricted:
        log_v += np.log(information)
        trace_between -= (b * b).sum(axis=1) / information
        trace_within -= (squares * shrink**2).sum(axis=1) / information
    return _At(-(log_v + q) / 2, ((pull * pull).sum(axis=1) - trace_between) / 2,
               ((e * e).sum(axis=1) - trace_within) / 2, mean, information)


def _grid(data: _Nested, size: int) -> FloatArray:
    """Candidate variances, 0 included, even in the logarithm above the smallest variance.

    The largest is far above what the scatter of the effects allows for either variance.
    """
    spread = float(data.y @ data.y - (data.one @ data.y) ** 2 / data.y.size)
    low = float(data.v.min())
    top = max(10 * spread, 10 * float(data.v.max()))
    return low * np.expm1(np.linspace(0, np.log1p(top / low), size))


def _one(data: _Nested, between: float, within: float) -> _At:
    return _likelihood(data, np.array([between]), np.array([within]))


def _other(data: _Nested, fixed: str, value: float, grid: FloatArray) -> tuple[float, _At]:
    """Maximise over the other variance with one fixed; every change of sign is polished."""
    def at(z: FloatArray) -> _At:
        held = np.full(z.size, value)
        return _likelihood(data, held, z) if fixed == "between" else _likelihood(data, z, held)

    free = "within" if fixed == "between" else "between"

    def derivative(z: float) -> float:
        return float(getattr(at(np.array([z])), free)[0])

    slope = getattr(at(grid), free)
    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(root(derivative, grid[i], grid[i + 1]))
    found = np.array(peaks if peaks else [0.0])
    best = int(np.argmax(at(found).height))
    return float(found[best]), at(found[best:best + 1])


def _best(data: _Nested) -> tuple[float, float, _At, int]:
    """Return the pair of variances of the highest restricted likelihood, and the count of maxima.

    The profile of the variance between clusters is looked up on a grid; where its derivative
    changes from plus to minus the maximum is polished.
    """
    grid = _grid(data, 60)
    profile = [_other(data, "between", value, grid) for value in grid]
    slope = np.array([at.between[0] for _, at in profile])

    def derivative(value: float) -> float:
        return float(_other(data, "between", value, grid)[1].between[0])

    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(root(derivative, grid[i], grid[i + 1]))
    ends = [(value, *_other(data, "between", value, grid)) for value in (peaks or [0.0])]
    value, within, at = max(ends, key=lambda end: float(end[2].height[0]))
    return value, within, at, len(ends)


def _profile_interval(
    data: _Nested, which: str, best: float, height: float, level: float
) -> tuple[float, float]:
    """Variances whose profile lies at most half a χ² quantile below the maximum."""
    grid = _grid(data, 60)
    target = height - float(chdtri(1, 1 - level)) / 2

    def excess(value: float) -> float:
        return float(_other(data, which, value, grid)[1].height[0]) - target

    low = 0.0 if best == 0 or excess(0.0) >= 0 else root(excess, 0.0, best)
    high = max(float(grid[-1]), 2 * best)
    for _ in range(60):
        if excess(high) < 0:
            return low, root(excess, best, high)
        high *= 4
    raise SynthesisError(f"the profile interval of the variance {which} clusters has no upper end")


def three_level(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Sequence[Hashable],
    *,
    method: str = "REML",
    test: str = "t",
    level: float = 0.95,
) -> ThreeLevel:
    """Pool effects nested in clusters by (restricted) likelihood, with a variance at both levels.

    Model: yᵢⱼ = μ + uⱼ + wᵢⱼ + eᵢⱼ with variances σ²between, σ²within and vᵢⱼ; sampling errors
    independent, or with covariances inside a cluster (metafor's
    ``rma.mv(yi, V, random = ~ 1 | cluster/id)``).

    Conventions: 't' takes t on k − 1 (as metafor), 'z' the normal distribution. Intervals of the
    variances are by profile likelihood, χ² on 1; ends below 0 are 0. The prediction interval is
    μ̂ ± q √(se² + σ²between + σ²within) with the quantile q of the test. I² of a level is its
    variance over σ²between + σ²within + s², s² = (k − 1)/tr P, P at the sampling errors alone
    (for independent errors (k − 1) Σw/((Σw)² − Σw²), w = 1/v). The profile is searched for all its
    maxima, 0 included, and the highest is returned. Q takes the sampling errors alone.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances; `vi` of shape (k, k) is the covariance of the sampling
        errors, 0 between clusters (see `shared_control_md`).
    cluster : sequence, length k
        Labels of the clusters (trials, say).
    method : {'REML', 'ML'}
    test : {'t', 'z'}
    level : float

    Returns
    -------
    ThreeLevel

    Raises
    ------
    SynthesisError
        If there are fewer than 2 clusters, every cluster holds one effect (the two variances cannot
        be told apart), k < 3, a value is invalid, or a covariance matrix is not positive definite
        or links clusters.

    References
    ----------
    Konstantopoulos S (2011). Fixed effects and variance components estimation in three-level
    meta-analysis. Research Synthesis Methods 2:61–76. Cheung MWL (2014). Modeling dependent effect
    sizes with three-level meta-analyses. Psychological Methods 19:211–229.
    """
    choice("method", method, LIKELIHOODS)
    choice("test", test, TESTS)
    probability("level", level)
    if np.ndim(vi) < 2:
        y, v = effects(yi, vi)
    else:
        (y,) = columns(yi=yi)
        v = covariance_matrix("vi", vi, y.size)
    names, number = _clusters(cluster, y.size)
    if len(names) < 2:
        raise SynthesisError("a three-level model needs at least 2 clusters")
    if len(names) == y.size:
        raise SynthesisError("every cluster holds one effect: the variances between and within "
                             "clusters cannot be told apart; pool the effects instead")
    data = _nested(y, v, number, method == "REML")
    between, within, at, peaks = _best(data)
    height = float(at.height[0])
    low_b, high_b = _profile_interval(data, "between", between, height, level)
    low_w, high_w = _profile_interval(data, "within", within, height, level)
    warnings = []
    if peaks > 1:
        warnings.append(NOTES["profile-maxima"].format(peaks=peaks))
    if len(names) < 5:
        warnings.append(NOTES["few-clusters"].format(n=len(names)))
    constant = (y.size - data.restricted) * np.log(2 * np.pi) / 2
    if data.restricted:
        constant -= np.log(y.size) / 2
    return ThreeLevel(
        k=y.size, clusters=len(names), between=between, between_low=low_b, between_high=high_b,
        within=within, within_low=low_w, within_high=high_w, level=level, method=method, test=test,
        log_likelihood=height - float(constant), warnings=tuple(warnings),
        **_mean(data, at, between, within, test, level), **_shares(data, between, within))


def _mean(
    data: _Nested, at: _At, between: float, within: float, test: str, level: float
) -> dict[str, Any]:
    estimate_, se = data.shift + float(at.mean[0]), float(at.information[0]) ** -0.5
    df = data.y.size - 1 if test == "t" else None
    q = quantile(level, df)
    wide = q * float(np.sqrt(se**2 + between + within))
    return {"estimate": estimate_, "se": se, "ci_low": estimate_ - q * se,
            "ci_high": estimate_ + q * se, "statistic": estimate_ / se, "df": df,
            "p_value": float(two_sided(estimate_ / se, df)), "pi_low": estimate_ - wide,
            "pi_high": estimate_ + wide}


def _shares(data: _Nested, between: float, within: float) -> dict[str, Any]:
    at, df = _one(data, 0.0, 0.0), data.y.size - 1
    w = 1 / data.v
    q = float((w * (data.y - at.mean[0] * data.one) ** 2).sum())
    trace = w.sum() - ((w * data.one) ** 2).sum() / at.information[0]
    total = between + within + df / trace
    return {"i2_between": float(100 * between / total), "i2_within": float(100 * within / total),
            "q": q, "q_df": df, "q_p": float(chdtrc(df, q))}


# ---------------------------------------------------------------- robust variances


def robust(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Sequence[Hashable],
    x: ArrayLike | None = None,
    *,
    working: str = "random",
    tau2_method: str = "REML",
    adjustment: str = "CR2",
    level: float = 0.95,
    intercept: bool = True,
    names: Sequence[str] | None = None,
) -> Robust:
    """Estimate a mean or a meta-regression with cluster-robust standard errors.

    Formula: C = M (Σⱼ Xⱼ'Wⱼ Aⱼ eⱼeⱼ' Aⱼ' WⱼXⱼ) M with M = (X'WX)⁻¹, W = Φ⁻¹ and Φ the covariance
    of the working model. CR2 takes Aⱼ = Dⱼ'(Dⱼ(Φⱼ − XⱼMXⱼ')Dⱼ')^(−1/2) Dⱼ with Φⱼ = Dⱼ'Dⱼ, which
    makes C unbiased under the working model, and t on Satterthwaite's
    (Σⱼ pⱼ'Φpⱼ)²/Σᵢⱼ(pᵢ'Φpⱼ)² degrees of freedom of each coefficient (clubSandwich's
    ``coef_test(…, vcov = "CR2")``). CR1 takes Aⱼ = I, multiplies C by J/(J − p) and takes t on
    J − p, J clusters (metafor's ``robust()``; clubSandwich calls this CR1p). CR0 takes Aⱼ = I
    alone, with Satterthwaite's degrees of freedom.

    Conventions: the working model is a random effect of each effect ('random'), random effects of
    cluster and effect ('three-level', only without moderators), or sampling error alone ('common').
    It sets the weights; the standard errors hold if it is wrong. A cluster that alone fixes a
    coefficient (its only study at some level, say) has no residual there, so that coefficient's
    standard error is too small, as in clubSandwich; a warning says so.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    cluster : sequence, length k
        Labels of the clusters, which are independent of each other.
    x : array_like, shape (k,) or (k, m), optional
        Moderators.
    working : {'random', 'three-level', 'common'}
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'PMM', 'EB', 'HE', 'SJ', 'HS', 'HSk'}
        Of the working model 'random'; 'three-level' is by REML.
    adjustment : {'CR2', 'CR1', 'CR0'}
    level : float
    intercept : bool
    names : sequence of str, optional
        Of the moderators.

    Returns
    -------
    Robust

    Raises
    ------
    SynthesisError
        If there are not more clusters than coefficients, a coefficient's robust variance is 0, or
        as `meta_regression` and `three_level`.

    References
    ----------
    Hedges LV, Tipton E, Johnson MC (2010). Robust variance estimation in meta-regression with
    dependent effect size estimates. Research Synthesis Methods 1:39–65. Tipton E (2015).
    Psychological Methods 20:375–393. Pustejovsky JE, Tipton E (2018). Journal of Business &
    Economic Statistics 36:672–683.
    """
    choice("working", working, WORKING)
    choice("adjustment", adjustment, ADJUSTMENTS)
    probability("level", level)
    y, v = effects(yi, vi)
    matrix, labels = moderators(np.empty((y.size, 0)) if x is None else x, y.size, intercept, names)
    groups, number = _clusters(cluster, y.size)
    if len(groups) <= len(labels):
        raise SynthesisError(f"robust variances of coefficients ({len(labels)}) need at least "
                             f"{len(labels) + 1} clusters, not {len(groups)}")
    tau2, within, warnings = _working(y, v, matrix, labels, cluster, working, tau2_method)
    rows = [np.flatnonzero(number == j) for j in range(len(groups))]
    blocks = []
    for row in rows:
        shared, own = (tau2, within) if working == "three-level" else (0.0, tau2)
        blocks.append(np.diag(v[row] + (own or 0.0)) + (shared or 0.0))
    beta, c, df, alone = _sandwich(y, matrix, rows, blocks, adjustment)
    warnings += [NOTES["one-cluster"].format(cluster=groups[j]) for j in alone]
    ses = np.sqrt(np.diag(c))
    for name, se, scale in zip(labels, ses, np.abs(beta), strict=True):
        if not se > 1e-13 * scale:
            raise SynthesisError(f"the robust variance of {name} is 0: no interval can be given")
    half = np.array([quantile(level, float(one)) for one in df]) * ses
    if float(df.min()) < 4:
        warnings.append(NOTES["few-degrees"])
    return Robust(y.size, len(groups), labels, beta, ses, beta / ses, df,
                  two_sided(beta / ses, df), beta - half, beta + half, c, tau2, within, working,
                  adjustment, level, tuple(warnings))


def _working(
    y: FloatArray, v: FloatArray, matrix: FloatArray, labels: tuple[str, ...],
    cluster: Sequence[Hashable], working: str, method: str,
) -> tuple[float | None, float | None, list[str]]:
    """Variances of the working model: shared (or only) one, and that within clusters."""
    if working == "common":
        return None, None, []
    if working == "random":
        tau2, peaks = estimate(design(y, v, matrix), method)
        return tau2, None, list(maxima(peaks))
    if labels != (INTERCEPT,):
        raise SynthesisError("the working model 'three-level' takes no moderators")
    model = three_level(y, v, cluster)
    return model.between, model.within, list(model.warnings)


def _sandwich(
    y: FloatArray, x: FloatArray, rows: list[np.ndarray], blocks: list[FloatArray],
    adjustment: str,
) -> tuple[FloatArray, FloatArray, FloatArray, list[int]]:
    """Coefficients, their robust covariance, degrees of freedom, and clusters that fix one."""
    basis, upper = np.linalg.qr(x)
    weighted = [np.linalg.solve(block, basis[row]) for row, block in zip(rows, blocks, strict=True)]
    parts = np.array([basis[row].T @ w for row, w in zip(rows, weighted, strict=True)])
    bread = np.linalg.inv(parts.sum(axis=0))
    gamma = bread @ sum(w.T @ y[row] for row, w in zip(rows, weighted, strict=True))
    back = np.linalg.inv(upper)
    # Column c of `load` is t_j = A_j'W_jX_jM of the coefficient c on the original scale.
    combine = bread @ back.T
    loads, alone = [], []
    for number, (row, block, w) in enumerate(zip(rows, blocks, weighted, strict=True)):
        others = np.delete(parts, number, axis=0).sum(axis=0)
        sizes = np.linalg.eigvalsh(others)
        if sizes[0] > 1e-12 * sizes[-1]:
            adjust = _adjust(block, w, others)
        else:
            adjust = _adjust_singular(block, basis[row], bread)
            alone.append(number)
        loads.append(adjust @ w @ combine if adjustment == "CR2" else w @ combine)
    scores = np.array([load.T @ (y[row] - basis[row] @ gamma)
                       for row, load in zip(rows, loads, strict=True)])
    covariance = scores.T @ scores
    j, p = len(rows), x.shape[1]
    if adjustment == "CR1":
        return back @ gamma, covariance * j / (j - p), np.full(p, float(j - p)), alone
    own = np.array([np.einsum("ic,ij,jc->c", load, block, load)
                    for load, block in zip(loads, blocks, strict=True)])
    pulls = np.array([basis[row].T @ load for row, load in zip(rows, loads, strict=True)])
    return back @ gamma, covariance, _satterthwaite(own, pulls, bread), alone


def _satterthwaite(own: FloatArray, pulls: FloatArray, bread: FloatArray) -> FloatArray:
    """Degrees of freedom from pᵢ'Φpⱼ = [i = j] tⱼ'Φⱼtⱼ − tᵢ'XᵢMXⱼ'tⱼ; shapes (J, p), (J, q, p)."""
    df = np.empty(own.shape[1])
    for c in range(df.size):
        product = np.diag(own[:, c]) - pulls[:, :, c] @ bread @ pulls[:, :, c].T
        df[c] = np.trace(product) ** 2 / (product**2).sum()
    return df


def _adjust(block: FloatArray, weighted: FloatArray, others: FloatArray) -> FloatArray:
    """Return CR2's matrix of one cluster, `others` being X'WX of the other clusters.

    Φ − XMX' is a difference of nearly equal numbers where a cluster holds a giant study. Its
    inverse is the sum Φ⁻¹ + Φ⁻¹X others⁻¹X'Φ⁻¹, so that the inverse square root of D(Φ − XMX')D' is
    that of a sum of squares, by singular values of the stacked terms.
    """
    d = np.linalg.cholesky(block).T
    back = np.linalg.inv(d)
    shared = np.linalg.solve(np.linalg.cholesky(others), weighted.T @ back)
    _, values, vectors = np.linalg.svd(np.vstack([back.T @ back, shared]), full_matrices=False)
    return d.T @ (vectors.T * values) @ vectors @ d


def _adjust_singular(block: FloatArray, x: FloatArray, bread: FloatArray) -> FloatArray:
    """Return CR2's matrix of a cluster that fixes a coefficient, by a generalised inverse.

    Its residual is 0 in that direction.
    """
    d = np.linalg.cholesky(block).T
    g = d @ (block - x @ bread @ x.T) @ d.T
    values, vectors = np.linalg.eigh((g + g.T) / 2)
    keep = values > 1e-12 * max(float(values.max()), float(np.abs(np.diag(block)).max()) ** 2)
    root = (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T
    return d.T @ root @ d


# ---------------------------------------------------------------- aggregation


def aggregate(
    yi: ArrayLike,
    vi: ArrayLike,
    cluster: Sequence[Hashable],
    correlation: float,
    *,
    weighted: bool = True,
) -> Aggregated:
    """Combine the effects of each cluster under one correlation of their sampling errors.

    Formula: with V = ρ √(vᵢvⱼ) off the diagonal and v on it, the generalised least-squares mean
    1'V⁻¹y/1'V⁻¹1 with variance 1/1'V⁻¹1, or the plain mean with variance 1'V1/n² (metafor's
    ``aggregate(…, struct = "CS", rho = ρ)``, `weighted` likewise). An effect that is alone is left
    as it is.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    cluster : sequence, length k
        Labels.
    correlation : float
        Between −1 and 1, and large enough for V to be positive definite: above −1/(n − 1).
    weighted : bool

    Returns
    -------
    Aggregated

    Raises
    ------
    SynthesisError
        If `correlation` is outside its range, or a value is invalid.

    References
    ----------
    Gleser LJ, Olkin I (2009). In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    357–376. Borenstein M, Hedges LV, Higgins JPT, Rothstein HR (2009). Introduction to
    Meta-Analysis, chapter 24.
    """
    y, v = effects(yi, vi)
    names, number = _clusters(cluster, y.size)
    rho = one_number("correlation", correlation)
    largest = int(np.bincount(number).max())
    lowest = -1.0 if largest < 3 else -1 / (largest - 1)
    if not lowest < rho < 1:
        raise SynthesisError(f"the correlation must lie between {lowest:g} and 1, not {rho:g}")
    out = [_combine(y[number == j], v[number == j], rho, weighted) for j in range(len(names))]
    estimates, variances = np.array(out).T
    return Aggregated(tuple(names), estimates, variances, np.bincount(number))


def _combine(y: FloatArray, v: FloatArray, rho: float, weighted: bool) -> tuple[float, float]:
    """One cluster: V⁻¹ = S⁻¹(I − c 11')S⁻¹/(1 − ρ), c = ρ/(1 + (n − 1)ρ), S = diag(√v)."""
    s = np.sqrt(v)
    if not weighted:
        return float(y.mean()), float(((1 - rho) * (v.sum()) + rho * s.sum() ** 2) / y.size**2)
    c = rho / (1 + (y.size - 1) * rho)
    weight = (1 / s - c * (1 / s).sum()) / s
    total = float(weight.sum())
    return float(weight @ y / total), (1 - rho) / total


# ---------------------------------------------------------------- shared controls


def _shared(vi: FloatArray, covariance: FloatArray) -> FloatArray:
    """Put the variances on the diagonal and refuse what is no covariance matrix."""
    matrix = np.array(covariance, dtype=float)
    np.fill_diagonal(matrix, vi)
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise SynthesisError("the variances are too small for arms that share this control: the "
                             "matrix is not positive definite") from None
    return matrix


def _count(name: str, value: float, least: float) -> float:
    if not one_number(name, value) > least:
        raise SynthesisError(f"{name} must be one number above {least:g}, not {value}")
    return float(value)


def shared_control_md(vi: ArrayLike, sd_control: float, n_control: float) -> FloatArray:
    """Covariance matrix of mean differences of arms against one control: SD²/n of the control.

    Parameters
    ----------
    vi : array_like, shape (arms,)
        Variances of the mean differences.
    sd_control, n_control : float
        Standard deviation and total of the control arm.

    Returns
    -------
    ndarray, shape (arms, arms)

    Raises
    ------
    SynthesisError
        If a number is not positive, or the variances are too small for this control.

    References
    ----------
    Gleser LJ, Olkin I (2009). In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    357–376.
    """
    (v,) = columns(vi=vi)
    refuse(v <= 0, v, "the variance vi must be positive")
    shared = _count("sd_control", sd_control, 0) ** 2 / _count("n_control", n_control, 0)
    return _shared(v, np.full((v.size, v.size), shared))


def shared_control_smd(
    yi: ArrayLike, vi: ArrayLike, n_control: float, n_total: float
) -> FloatArray:
    """Covariance matrix of standardised mean differences of arms against one control.

    Formula: 1/n_control + dᵢdⱼ/(2 N) with N the total of all arms, for one standard deviation
    pooled over all arms (Gleser and Olkin 2009).

    Parameters
    ----------
    yi, vi : array_like, shape (arms,)
        Standardised mean differences and their variances.
    n_control, n_total : float
        Totals of the control arm and of all arms with it.

    Returns
    -------
    ndarray, shape (arms, arms)

    Raises
    ------
    SynthesisError
        If a number is not positive, `n_total` does not exceed `n_control`, or the variances are too
        small for this control.

    References
    ----------
    Gleser LJ, Olkin I (2009). In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    357–376.
    """
    y, v = effects(yi, vi)
    n = _count("n_control", n_control, 0)
    return _shared(v, 1 / n + np.outer(y, y) / (2 * _count("n_total", n_total, n)))


def shared_control_rr(vi: ArrayLike, events_control: float, n_control: float) -> FloatArray:
    """Covariance matrix of log risk ratios of arms against one control: 1/e − 1/n of the control.

    Parameters
    ----------
    vi : array_like, shape (arms,)
        Variances of the log risk ratios.
    events_control, n_control : float
        Events, more than 0 (0.5 added where the variances were), and total of the control arm.

    Returns
    -------
    ndarray, shape (arms, arms)

    Raises
    ------
    SynthesisError
        If there are no events or more than participants, or the variances are too small.

    References
    ----------
    Gleser LJ, Olkin I (2009). In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    357–376.
    """
    (v,) = columns(vi=vi)
    refuse(v <= 0, v, "the variance vi must be positive")
    events = _count("events_control", events_control, 0)
    if not events <= n_control:
        raise SynthesisError(f"events_control must not exceed n_control, not {events_control}")
    return _shared(v, np.full((v.size, v.size), 1 / events - 1 / n_control))


def shared_control_or(vi: ArrayLike, events_control: float, n_control: float) -> FloatArray:
    """Covariance matrix of log odds ratios of arms against one control: 1/e + 1/(n − e).

    Parameters
    ----------
    vi : array_like, shape (arms,)
        Variances of the log odds ratios.
    events_control, n_control : float
        Events and total of the control arm, both cells above 0 (0.5 added where the variances
        were).

    Returns
    -------
    ndarray, shape (arms, arms)

    Raises
    ------
    SynthesisError
        If a cell of the control arm is not positive, or the variances are too small.

    References
    ----------
    Gleser LJ, Olkin I (2009). In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    357–376.
    """
    (v,) = columns(vi=vi)
    refuse(v <= 0, v, "the variance vi must be positive")
    events = _count("events_control", events_control, 0)
    others = _count("n_control", n_control, events) - events
    return _shared(v, np.full((v.size, v.size), 1 / events + 1 / others))
