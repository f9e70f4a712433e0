"""Pooled effects: between-study variance, random and common effects, correlated effects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri, ndtr, ndtri, stdtr, stdtrit

from .batch import (
    INTERVALS,
    MODELS,
    PREDICTION_DF,
    Options,
    options,
    solve,
    solve_without_one,
)
from .errors import (
    FloatArray,
    SynthesisError,
    columns,
    covariance_matrix,
    effects,
    one_number,
    probability,
    refuse,
)
from .likelihood import (
    TAU2_METHODS,
    Data,
    estimate_tau2,
    fit,
    prepare,
    solve_q_of_means,
    stack,
)
from .notes import NOTES, maxima

__all__ = [
    "INTERVALS",
    "MODELS",
    "PREDICTION_DF",
    "TAU2_METHODS",
    "Combined",
    "Heterogeneity",
    "LeaveOneOut",
    "Pooled",
    "SubgroupDifference",
    "combine_correlated",
    "cumulative",
    "heterogeneity",
    "leave_one_out",
    "pool",
    "subgroup_difference",
    "tau2",
    "tau2_interval",
]


class SubgroupDifference(NamedTuple):
    """Test of the difference between subgroups; `p_value` is two-sided by χ²."""

    q: float
    df: int
    p_value: float


class Combined(NamedTuple):
    """One effect of one trial and its variance."""

    estimate: float
    variance: float


@dataclass(frozen=True)
class Heterogeneity:
    """Heterogeneity of k effects.

    Attributes
    ----------
    q, df, p_value : float, int, float
        Cochran's Q, its degrees of freedom and p-value.
    i2 : float
        Percent of the total variance that lies between studies.
    h2 : float
        Total variance over typical sampling variance.
    """

    q: float
    df: int
    p_value: float
    i2: float
    h2: float


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled effect; what is undefined is None, never NaN.

    Attributes
    ----------
    k : int
        Number of studies that contribute.
    estimate, se, ci_low, ci_high : float
        In the unit of the effects (log scale for ratios).
    statistic, p_value : float or None
        Test of no effect; None when the standard error is 0.
    df : float or None
        Degrees of freedom of test and interval; None for the normal distribution.
    tau2, tau2_low, tau2_high : float or None
        Between-study variance (squared unit) and its Q-profile interval, 0 and 0 where no variance
        of 0 or more is in it; see `tau2_empty`.
    i2, h2 : float or None
        I² in percent, and H².
    q, q_df, q_p : float, int, float or None
        Cochran's Q, its degrees of freedom and p-value.
    pi_low, pi_high : float or None
        Prediction interval.
    weights : ndarray, shape (number of rows given,)
        Weights, sum 1; 0 for rows that do not contribute (Mantel–Haenszel and Peto).
    model, tau2_method, interval : str or None
        What was used.
    warnings : tuple of str
        What the reader should know.
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float | None
    df: float | None
    p_value: float | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    h2: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    pi_low: float | None
    pi_high: float | None
    weights: FloatArray
    model: str
    tau2_method: str | None
    interval: str
    warnings: tuple[str, ...] = ()

    @property
    def tau2_empty(self) -> bool:
        """Whether the Q-profile set of τ² is empty: Q is too small for any variance, 0 included."""
        return self.tau2_high == 0


def _need_two(y: FloatArray) -> None:
    if y.size < 2:
        raise SynthesisError("the between-study variance needs at least 2 studies")


def tau2(yi: ArrayLike, vi: ArrayLike, method: str = "REML") -> float:
    """Estimate the between-study variance.

    Conventions: truncated at 0. REML and ML return the global maximum of the likelihood: all
    stationary points are compared, 0 included, because the likelihood can have several maxima.
    EB is the same equation as PM, whose median-unbiased form is PMM; SJ iterated until it settles
    (metafor's SJIT) is PM too. SJ starts from the variance with divisor k. HSk is HS with its Q
    times k/(k − 1), for small samples.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    method : {'REML', 'DL', 'PM', 'PMM', 'ML', 'HE', 'SJ', 'EB', 'HS', 'HSk'}

    Returns
    -------
    float
        τ² in the squared unit of `yi`.

    Raises
    ------
    SynthesisError
        If k < 2, a variance is not positive and finite, or the method is unknown.

    References
    ----------
    Viechtbauer W (2005). Bias and efficiency of meta-analytic variance estimators in the
    random-effects model. Journal of Educational and Behavioral Statistics 30:261–293 (REML, ML,
    HE, HS). DerSimonian R, Laird N (1986). Controlled Clinical Trials 7:177–188. Paule RC, Mandel
    J (1982). Journal of Research of the National Bureau of Standards 87:377–385. Sidik K, Jonkman
    JN (2005). Applied Statistics 54:367–384. Viechtbauer W (2021). Median-unbiased estimators for
    the amount of heterogeneity in meta-analysis. European Congress of Methodology, Valencia (PMM).
    Brannick MT, Potter SM, Benitez B, Morris SB (2019). Bias and precision of alternate estimators
    in meta-analysis. Organizational Research Methods 22:490–514 (HSk).
    """
    y, v = effects(yi, vi)
    _need_two(y)
    return estimate_tau2(prepare(y, v), method)[0]


def tau2_interval(yi: ArrayLike, vi: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Compute the Q-profile confidence interval of the between-study variance.

    Conventions: limits below 0 are 0, so (0, 0) means that the effects vary less than sampling
    alone lets expect and that the set is empty (metafor prints an empty set). The upper limit is
    not capped. The interval does not depend on the estimator of τ² and need not hold its estimate.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    level : float

    Returns
    -------
    tuple of float
        (low, high) in the squared unit of `yi`.

    Raises
    ------
    SynthesisError
        If k < 2, a variance is not positive and finite, or `level` is not between 0 and 1.

    References
    ----------
    Viechtbauer W (2007). Confidence intervals for the amount of heterogeneity in meta-analysis.
    Statistics in Medicine 26:37–52.
    """
    y, v = effects(yi, vi)
    _need_two(y)
    tail, means = (1 - probability("level", level)) / 2, stack(y[None], v[None])
    # chdtri inverts the upper tail; the lower quantile of χ² gives the upper limit of τ².
    targets = chdtri(y.size - 1, np.array([[tail], [1 - tail]]))
    low, high = solve_q_of_means(means, targets)[0][:, 0] * means.unit[0] ** 2
    return float(low), float(high)


def heterogeneity(
    yi: ArrayLike, vi: ArrayLike, tau2: float | None = None
) -> Heterogeneity:
    """Compute Q, and I² and H² from τ² and the typical sampling variance.

    Conventions: with the typical variance s² = (k − 1) Σw/((Σw)² − Σw²), w = 1/v, I² is
    100 τ²/(τ² + s²) and H² is 1 + τ²/s² (as metafor). Without `tau2` they come from Q:
    I² = 100 max(0, 1 − (k − 1)/Q) and H² = Q/(k − 1); with DL's τ² the two agree where Q exceeds
    k − 1.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    tau2 : float, optional
        Between-study variance, 0 or more.

    Returns
    -------
    Heterogeneity

    Raises
    ------
    SynthesisError
        If k < 2, a variance is not positive and finite, or `tau2` is negative or not finite.

    References
    ----------
    Higgins JPT, Thompson SG (2002). Quantifying heterogeneity in a meta-analysis. Statistics in
    Medicine 21:1539–1558.
    """
    y, v = effects(yi, vi)
    _need_two(y)
    if tau2 is not None and not one_number("tau2", tau2) >= 0:
        raise SynthesisError(f"tau2 must be 0 or more, not {tau2}")
    return _heterogeneity(prepare(y, v), tau2)


def _heterogeneity(data: Data, between: float | None) -> Heterogeneity:
    at, df = fit(data, np.zeros(1)), data.k - 1
    q = float(at.q[0])
    if between is None:
        i2 = max(0.0, 100 * (q - df) / q) if q > 0 else 0.0
        return Heterogeneity(q, df, float(chdtrc(df, q)), i2, q / df)
    ratio = between * float(at.trace[0]) / df
    return Heterogeneity(q, df, float(chdtrc(df, q)), 100 * ratio / (1 + ratio), 1 + ratio)


def _quantile(level: float, df: float | None) -> float:
    """Two-sided quantile of t on `df`, or of the normal distribution for None."""
    upper = 0.5 + level / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def _test(estimate: float, se: float, df: float | None) -> tuple[float | None, float | None]:
    """Statistic and two-sided p-value; None when the standard error is 0."""
    if se == 0:
        return None, None
    statistic = estimate / se
    tail = ndtr(-abs(statistic)) if df is None else stdtr(df, -abs(statistic))
    return statistic, float(2 * tail)


_ABSENT: dict[str, Any] = dict.fromkeys(
    ("tau2", "tau2_low", "tau2_high", "i2", "h2", "q", "q_df", "q_p", "pi_low", "pi_high",
     "tau2_method"))


def result(
    k: int, estimate: float, se: float, df: float | None, level: float, weights: FloatArray,
    **fields: Any,
) -> Pooled:
    """Complete a result with its interval and test; fields not given are None."""
    half = _quantile(level, df) * se
    statistic, p_value = _test(estimate, se, df)
    weights.setflags(write=False)
    return Pooled(k=k, estimate=estimate, se=se, ci_low=estimate - half, ci_high=estimate + half,
                  statistic=statistic, df=df, p_value=p_value, weights=weights,
                  **{**_ABSENT, **fields})


def pool(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    model: str = "random",
    tau2_method: str = "REML",
    interval: str | None = None,
    level: float = 0.95,
    prediction: bool = True,
    prediction_df: str = "k-1",
) -> Pooled:
    """Pool effects by inverse variance.

    Conventions. Random effects: weights 1/(v + τ²). 'hksj' multiplies the variance 1/Σw by
    q = Σ w(y − μ̂)²/(k − 1) and takes t on k − 1; 'hksj-guard' multiplies by max(1, q), so the
    interval is never narrower than with 't' (1/Σw, t on k − 1); 'z' is 1/Σw with the normal
    distribution. The prediction interval is μ̂ ± t √(τ² + se²) with that same se, from k = 3.
    Common effect: τ² is not estimated (None), I² and H² come from Q, no prediction interval. k = 1:
    the study alone with a normal interval, whatever was asked for.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances; ratios on the log scale.
    model : {'random', 'common'}
    tau2_method : {'REML', 'DL', 'PM', 'PMM', 'ML', 'HE', 'SJ', 'EB', 'HS', 'HSk'}
    interval : {'hksj-guard', 'hksj', 't', 'z'}, optional
        None is 'hksj-guard' for random effects and 'z' for the common effect.
    level : float
        Of all intervals.
    prediction : bool
        Whether to compute the prediction interval.
    prediction_df : {'k-1', 'k-2', 'normal'}
        Degrees of freedom of the prediction interval, whatever `interval` is: k − 1 (Cochrane, and
        metafor under t), k − 2 (Higgins 2009), or the normal distribution (metafor under z).

    Returns
    -------
    Pooled

    Raises
    ------
    SynthesisError
        If k = 0, a value is not finite, a variance is not positive, or an option is unknown.

    References
    ----------
    Hartung J, Knapp G (2001). Statistics in Medicine 20:3875–3889. Sidik K, Jonkman JN (2002).
    Statistics in Medicine 21:3153–3159. Röver C, Knapp G, Friede T (2015). BMC Medical Research
    Methodology 15:99 (the guard). Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). Journal of
    the Royal Statistical Society A 172:137–159. Cochrane Handbook, chapter 10.10.4.
    """
    chosen = options(model, tau2_method, interval, level, prediction_df, model == "random")
    y, v = effects(yi, vi)
    return _rows(y[None], v[None], chosen, prediction)[0]


def at_tau2(y: FloatArray, v: FloatArray, between: float, chosen: Options) -> Pooled:
    """Pool checked effects at a between-study variance that is known; I² and H² from it."""
    return _rows(y[None], v[None], chosen, between=between)[0]


def _rows(
    y: FloatArray, v: FloatArray, chosen: Options, prediction: bool = True,
    between: float | None = None,
) -> list[Pooled]:
    """Pool rows of checked arrays in one batch; infinite variances are no studies."""
    fields = solve(y, v, chosen, between)
    return [_pooled_row(_row(fields, i), v[i][np.isfinite(v[i])], chosen, prediction)
            for i in range(y.shape[0])]


def _row(fields: dict[str, NDArray], i: int) -> dict[str, Any]:
    """One row of `solve`, None where undefined."""
    cells = ((name, values[i].item()) for name, values in fields.items())
    return {name: None if cell != cell else cell for name, cell in cells}


class LeaveOneOut(Sequence[Pooled]):
    """Pools without one study each, made as they are asked for: their weights take k² numbers.

    Attributes
    ----------
    fields : dict of ndarray, shape (k,)
        Columns of `Pooled` (and `scale`, `peaks`, `converged`), NaN where undefined: for those who
        want one number of every pool.
    """

    def __init__(
        self, fields: dict[str, NDArray], v: FloatArray, chosen: Options, prediction: bool
    ) -> None:
        self.fields, self._v = fields, v
        self._chosen, self._prediction = chosen, prediction

    def __len__(self) -> int:
        return self._v.size

    @overload
    def __getitem__(self, index: int) -> Pooled: ...

    @overload
    def __getitem__(self, index: slice) -> list[Pooled]: ...

    def __getitem__(self, index: int | slice) -> Pooled | list[Pooled]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        return _pooled_row(_row(self.fields, i), np.delete(self._v, i), self._chosen,
                           self._prediction)


def _pooled_row(
    one: dict[str, Any], variances: FloatArray, chosen: Options, prediction: bool
) -> Pooled:
    """Turn one row of `solve` into a result with weights and warnings."""
    k, scale, peaks = one["k"], one.pop("scale"), one.pop("peaks")
    settled = one.pop("converged")
    interval = "z" if k == 1 else chosen.interval
    weights = 1 / (variances + (one["tau2"] or 0.0))
    weights /= weights.sum()
    weights.setflags(write=False)
    if not prediction:
        one |= {"pi_low": None, "pi_high": None}
    method = chosen.tau2_method if one["tau2"] is not None else None
    return Pooled(**one, q_df=None if k == 1 else k - 1, weights=weights, model=chosen.model,
                  tau2_method=method, interval=interval,
                  warnings=_warnings(k, peaks, settled, interval, scale, chosen.model))


def _warnings(
    k: int, peaks: int, settled: bool, interval: str, scale: float | None, model: str
) -> tuple[str, ...]:
    """Say what the reader should know of a pool."""
    if k == 1:
        return (NOTES["one-study"],)
    warnings = [] if settled else [NOTES["unsettled"]]
    warnings += maxima(peaks)
    if k == 2 and model == "random":
        warnings.append(NOTES["two-studies"])
    if interval == "hksj" and scale == 0:
        warnings.append(NOTES["identical"])
    elif interval == "hksj" and scale < 1:
        warnings.append(NOTES["narrow"])
    return tuple(warnings)


def _options(prediction: bool = True, **chosen: Any) -> tuple[Options, bool]:
    """Read the options of `pool`."""
    random = chosen.get("model", "random") == "random"
    return options(**chosen, tau2_interval=random), prediction


def leave_one_out(yi: ArrayLike, vi: ArrayLike, **options: Any) -> LeaveOneOut:
    """Pool k times, each time without one study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    **options
        As for `pool`.

    Returns
    -------
    LeaveOneOut
        A sequence of `Pooled`, length k; item i is the pool without row i.

    Raises
    ------
    SynthesisError
        If k < 2, or as `pool`.
    """
    y, v = effects(yi, vi)
    if y.size < 2:
        raise SynthesisError("leaving one out needs at least 2 studies")
    chosen, prediction = _options(**options)
    return LeaveOneOut(solve_without_one(y, v, chosen), v, chosen, prediction)


def cumulative(
    yi: ArrayLike, vi: ArrayLike, order: ArrayLike | None = None, **options: Any
) -> list[Pooled]:
    """Pool k times, each time with one more study.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    order : array_like, shape (k,), optional
        Numbers, such as years, by which studies enter, smallest first, ties in the order of the
        rows. None is the order of the rows.
    **options
        As for `pool`.

    Returns
    -------
    list of Pooled, length k
        Item i is the pool of the first i + 1 studies; its weights are in the order of entry.

    Raises
    ------
    SynthesisError
        If `order` does not fit, or as `pool`.

    References
    ----------
    Lau J, Antman EM, Jimenez-Silva J, Kupelnick B, Mosteller F, Chalmers TC (1992). Cumulative
    meta-analysis of therapeutic trials for myocardial infarction. New England Journal of Medicine
    327:248–254.
    """
    y, v = effects(yi, vi)
    if order is not None:
        enter = np.argsort(columns(order=order, yi=y)[0], kind="stable")
        y, v = y[enter], v[enter]
    entered = np.tri(y.size, dtype=bool)
    return _rows(np.where(entered, y, 0.0), np.where(entered, v, np.inf), *_options(**options))


def subgroup_difference(estimates: ArrayLike, ses: ArrayLike) -> SubgroupDifference:
    """Test whether subgroup estimates differ by more than their standard errors.

    Conventions: Q between is Σ w(θ − θ̄)² with w = 1/se² of the subgroup's own pool, by χ² on the
    number of subgroups − 1, whatever interval the pools use.

    Parameters
    ----------
    estimates, ses : array_like, shape (g,)
        Estimates and standard errors of independent subgroups, g ≥ 2.

    Returns
    -------
    SubgroupDifference
        (q, df, p_value).

    Raises
    ------
    SynthesisError
        If g < 2 or a standard error is not positive.

    References
    ----------
    Borenstein M, Higgins JPT (2013). Meta-analysis and subgroups. Prevention Science 14:134–143.
    Cochrane Handbook, chapter 10.11.3.1.
    """
    theta, se = columns(estimates=estimates, ses=ses)
    refuse(se <= 0, se, "the standard error must be positive")
    if theta.size < 2:
        raise SynthesisError("a subgroup difference needs at least 2 subgroups")
    result = _heterogeneity(prepare(theta, se**2), None)
    return SubgroupDifference(result.q, result.df, result.p_value)


def combine_correlated(yi: ArrayLike, covariance: ArrayLike) -> Combined:
    """Combine effects of one trial under a common effect by generalised least squares.

    Effects that share a control arm have covariance SD²/n of that arm (its variance of the log
    risk or log odds for ratios).

    Parameters
    ----------
    yi : array_like, shape (k,)
        Effects.
    covariance : array_like, shape (k,) or (k, k)
        Variances of independent effects, or the covariance matrix.

    Returns
    -------
    Combined
        (estimate, variance).

    Raises
    ------
    SynthesisError
        If shapes do not fit, or the matrix is not symmetric and positive definite.

    References
    ----------
    Gleser LJ, Olkin I (2009). Stochastically dependent effect sizes. In: The Handbook of Research
    Synthesis and Meta-Analysis, 2nd ed., 357–376. Cochrane Handbook, chapter 23.3.4.
    """
    (y,) = columns(yi=yi)
    if np.ndim(covariance) <= 1:
        y, v = effects(y, covariance)
        matrix = np.diag(v)
    else:
        matrix = covariance_matrix("covariance", covariance, y.size)
    try:
        root = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise SynthesisError("covariance must be positive definite") from None
    ones, effect = np.linalg.solve(root, np.column_stack([np.ones(y.size), y])).T
    information = ones @ ones
    return Combined(float(ones @ effect / information), float(1 / information))
