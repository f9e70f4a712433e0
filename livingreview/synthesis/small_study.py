"""Tests and corrections for small-study effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri, stdtr

from .errors import (
    FloatArray,
    SynthesisError,
    choice,
    columns,
    effects,
    probability,
    refuse,
    tables,
)
from .events import odds_ratio, risk_ratio
from .likelihood import Data, estimate_tau2, line, prepare
from .pooling import Pooled, pool

EGGER_MODELS = ("random", "weighted")
PREDICTORS = ("sei", "vi", "ni", "sqrtni", "ninv", "sqrtninv")
FILL_ESTIMATORS = ("L0", "R0", "Q0")
# Above, the exact distribution of Kendall's τ takes long and differs little from the normal one.
_EXACT_MOST = 500


@dataclass(frozen=True)
class Asymmetry:
    """A regression test of funnel-plot asymmetry.

    Attributes
    ----------
    k : int
        Studies that enter.
    intercept, slope, slope_se : float
        Regression of the effect on the predictor; the intercept is the effect at predictor 0.
    statistic, p_value : float
        Two-sided test of the slope.
    df : int or None
        Degrees of freedom; None for the normal distribution.
    tau2 : float or None
        Residual between-study variance; None for weighted regression.
    """

    k: int
    intercept: float
    slope: float
    slope_se: float
    statistic: float
    df: int | None
    p_value: float
    tau2: float | None


@dataclass(frozen=True, eq=False)
class TrimAndFill:
    """The result of trim and fill.

    Attributes
    ----------
    k0 : int
        Studies filled in.
    k0_se : float or None
        Standard error of k0 before rounding; None where a negative L0 leaves its variance, an
        approximation, negative.
    side : {'left', 'right'}
        Side of the funnel on which studies are taken to be missing.
    yi, vi : ndarray, shape (k + k0,)
        Effects and variances, the filled ones last.
    filled : ndarray of bool, shape (k + k0,)
    pooled : Pooled
        Pool of observed and filled studies.
    estimator : {'L0', 'R0', 'Q0'}
        Of k0.
    """

    k0: int
    k0_se: float | None
    side: str
    yi: FloatArray
    vi: FloatArray
    filled: NDArray[np.bool_]
    pooled: Pooled
    estimator: str = "L0"


@dataclass(frozen=True)
class RankTest:
    """A rank correlation test of funnel-plot asymmetry.

    Attributes
    ----------
    k : int
        Studies that enter.
    tau : float
        Kendall's τ_b of standardised effects and variances.
    statistic : float
        Normal statistic, without continuity correction.
    p_value : float
        Two-sided.
    exact : bool
        Whether the p-value is from the exact distribution instead of the statistic.
    """

    k: int
    tau: float
    statistic: float
    p_value: float
    exact: bool


@dataclass(frozen=True, eq=False)
class Contour:
    """One contour of a funnel plot.

    Attributes
    ----------
    level : float
        Of the pseudo-interval; 1 − level is the two-sided p-value on its border.
    se, low, high : ndarray of float, shape (number of points,)
        Standard errors from 0 up, and limits of the pseudo-interval at each.
    """

    level: float
    se: FloatArray
    low: FloatArray
    high: FloatArray


def _line(y: FloatArray, v: FloatArray, x: FloatArray) -> Data:
    """Prepare a regression of at least three studies on a covariate that varies."""
    if y.size < 3:
        raise SynthesisError(f"the regression test needs at least 3 studies, not {y.size}")
    spread = float(np.ptp(x))
    if spread <= 1e-12 * float(np.max(np.abs(x))):
        raise SynthesisError("the predictor is the same in all studies: its slope is undefined")
    return prepare(y, v, x)


def _predictor(
    v: FloatArray, predictor: ArrayLike | str | None, n: ArrayLike | None
) -> FloatArray:
    """Return the covariate of a regression test, by name or as given."""
    if predictor is None:
        predictor = "sei"
    if not isinstance(predictor, str):
        _, x = columns(vi=v, predictor=predictor)
        return x
    if choice("predictor", predictor, PREDICTORS) in ("sei", "vi"):
        return np.sqrt(v) if predictor == "sei" else v
    if n is None:
        raise SynthesisError(f"the predictor {predictor} needs the total sizes n")
    _, size = columns(vi=v, n=n)
    refuse(size <= 0, size, "n must be positive")
    return {"ni": size, "sqrtni": np.sqrt(size), "ninv": 1 / size,
            "sqrtninv": 1 / np.sqrt(size)}[predictor]


def _weighted(data: Data) -> Asymmetry:
    """Test the slope of a weighted line with multiplicative error, by t on k − 2."""
    intercept, slope, at = line(data, 0.0)
    df = data.k - 2
    q, spread = float(at.q[0]), float(at.sum_xx[0])
    # Rounding leaves a residual of about 1e-32 of the sum of squares on a perfect line.
    if q <= 1e-24 * (q + slope**2 * spread):
        raise SynthesisError("the line fits without error: its slope cannot be tested")
    se = float(np.sqrt(q / df / spread))
    statistic = slope / se
    return Asymmetry(data.k, intercept, slope, se, statistic, df,
                     float(2 * stdtr(df, -abs(statistic))), None)


def egger(
    yi: ArrayLike, vi: ArrayLike, tau2_method: str = "REML",
    predictor: ArrayLike | str | None = None, *, model: str = "random",
    n: ArrayLike | None = None,
) -> Asymmetry:
    """Test funnel-plot asymmetry by a regression on the standard error or another predictor.

    Conventions: 'random' takes weights 1/(v + τ²) with residual τ² by `tau2_method` and tests the
    slope against the normal distribution (metafor's ``regtest(model="rma")``). 'weighted' is the
    classical test: weights 1/v, a multiplicative error variance, t on k − 2 (``model="lm"``); on
    'sei' its slope is the intercept of Egger's regression of y/√v on 1/√v.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 3.
    tau2_method : {'REML', 'DL', 'PM', 'PMM', 'ML', 'HE', 'SJ', 'EB', 'HS', 'HSk'}
        Only for 'random'.
    predictor : {'sei', 'vi', 'ni', 'sqrtni', 'ninv', 'sqrtninv'} or array_like of shape (k,)
        √v (None too), v, n, √n, 1/n, 1/√n, or values. For standardised mean differences, whose
        standard error depends on the effect, √(1/n1 + 1/n2) is meant.
    model : {'random', 'weighted'}
    n : array_like, shape (k,), optional
        Total sizes, for the predictors that take them.

    Returns
    -------
    Asymmetry
        Its intercept is the limit effect: at standard error 0, or at infinite size; with n and √n
        it is at size 0 and says nothing.

    Raises
    ------
    SynthesisError
        If k < 3, a variance or size is not positive, the predictor does not vary, sizes are
        missing, an option is unknown, or ('weighted') the line fits without error.

    References
    ----------
    Egger M, Davey Smith G, Schneider M, Minder C (1997). Bias in meta-analysis detected by a
    simple, graphical test. BMJ 315:629–634. Sterne JAC, Egger M (2005). Regression methods to
    detect publication and other bias in meta-analysis. In: Publication Bias in Meta-Analysis,
    99–110. Pustejovsky JE, Rodgers MA (2019). Research Synthesis Methods 10:57–71 (the predictor
    for standardised differences).
    """
    choice("model", model, EGGER_MODELS)
    y, v = effects(yi, vi)
    data = _line(y, v, _predictor(v, predictor, n))
    if model == "weighted":
        return _weighted(data)
    between, _ = estimate_tau2(data, tau2_method)
    intercept, slope, at = line(data, between)
    se = float(1 / np.sqrt(at.sum_xx[0]))
    statistic = slope / se
    return Asymmetry(data.k, intercept, slope, se, statistic, None,
                     float(2 * ndtr(-abs(statistic))), between)


def peters(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, measure: str = "OR",
    weights: str = "events",
) -> Asymmetry:
    """Test funnel-plot asymmetry of binary outcomes by a regression on the inverse total size.

    Conventions: weighted linear regression with a multiplicative error variance, t on k − 2.
    'events' weights by 1/(1/E + 1/(N − E)), E events of N participants in both arms, as Peters
    published; 'variance' weights by 1/v, as metafor's ``regtest(model="lm", predictor="ninv")``.
    Tables that give no ratio do not enter, nor under 'events' those of events alone, whose weight
    is 0; 0.5 is added to tables with a zero cell.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals of arms 1 and 2.
    measure : {'OR', 'RR'}
    weights : {'events', 'variance'}

    Returns
    -------
    Asymmetry

    Raises
    ------
    SynthesisError
        If counts are invalid, fewer than 3 tables give a ratio, all have one size, or the line
        fits without error.

    References
    ----------
    Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L (2006). Comparison of two methods to detect
    publication bias in meta-analysis. JAMA 295:676–680.
    """
    choice("measure", measure, ("OR", "RR"))
    choice("weights", weights, ("events", "variance"))
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    effect = {"OR": odds_ratio, "RR": risk_ratio}[measure](a, n1, c, n2)
    used = effect.used & ((weights == "variance") | (a + c < n1 + n2))
    total, events = (n1 + n2)[used], (a + c)[used]
    v = effect.vi[used] if weights == "variance" else 1 / events + 1 / (total - events)
    return _weighted(_line(effect.yi[used], v, 1 / total))


def _standardised(y: FloatArray, v: FloatArray) -> FloatArray:
    """Effects minus their common-effect mean over the standard error of that deviation."""
    w, heavy = 1 / v, int(np.argmin(v))
    total = w.sum()
    # 1 − w/Σw of the heaviest study is summed from the others; a difference would lose its digits,
    # as would the deviation of its effect unless it is the origin.
    share = (total - w) / total
    share[heavy] = np.delete(w, heavy).sum() / total
    deviation = y - y[heavy] - (w * (y - y[heavy])).sum() / total
    return deviation / np.sqrt(v * share)


def _tied(x: FloatArray) -> FloatArray:
    """Sizes of the groups of equal values."""
    return np.unique(x, return_counts=True)[1].astype(float)


def _kendall_variance(k: int, t: FloatArray, u: FloatArray) -> float:
    """Variance of concordant minus discordant pairs with ties (Kendall 1970, chapter 4)."""
    once = [(g * (g - 1) * (2 * g + 5)).sum() for g in (t, u)]
    pairs = (t * (t - 1)).sum() * (u * (u - 1)).sum()
    triples = (t * (t - 1) * (t - 2)).sum() * (u * (u - 1) * (u - 2)).sum()
    variance = (k * (k - 1) * (2 * k + 5) - sum(once)) / 18 + pairs / (2 * k * (k - 1))
    return float(variance + (triples / (9 * k * (k - 1) * (k - 2)) if k > 2 else 0))


def _concordance(x: FloatArray, y: FloatArray) -> float:
    """Concordant minus discordant pairs, in O(k log k) (Knight 1966); a tie is neither.

    With rows in the order of x (and of y where x ties) discordant pairs are the inversions of y.
    They are counted by the binary digits of its ranks, from the highest: among rows that agree in
    the digits above, pairs whose earlier one has a 1 and the later a 0.
    """
    order = np.lexsort((y, x))
    ranks = np.unique(y, return_inverse=True)[1][order]
    inversions = 0
    for digit in range(int(ranks.max()).bit_length() - 1, -1, -1):
        one = ranks >> digit & 1
        before = np.cumsum(one)
        first = np.flatnonzero(np.diff(ranks >> digit + 1, prepend=-1))
        sizes = np.diff(first, append=ranks.size)
        inversions += int((before - np.repeat(before[first] - one[first], sizes))[one == 0].sum())
        ranks = ranks[np.argsort(ranks >> digit, kind="stable")]
    both = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)[1]
    tied = [(g * (g - 1)).sum() / 2 for g in (_tied(x), _tied(y), both)]
    return x.size * (x.size - 1) / 2 - tied[0] - tied[1] + tied[2] - 2 * inversions


def _exact_kendall(k: int, discordant: int) -> float:
    """P(at most `discordant` of k(k − 1)/2 pairs are discordant) when all orders are alike."""
    chance = np.zeros(discordant + 1)
    chance[0] = 1
    for size in range(2, k + 1):
        # The item put in at place `size` is discordant with 0 to size − 1 earlier ones.
        total = np.cumsum(chance)
        total[size:] -= total[:-size].copy()
        chance = total / size
    return float(chance.sum())


def begg(yi: ArrayLike, vi: ArrayLike, exact: bool | None = None) -> RankTest:
    """Test funnel-plot asymmetry by the rank correlation of effects and variances.

    Conventions: effects are y − μ̂ of the common effect over √(v − 1/Σw); Kendall's τ_b with the
    variances. Without ties the p-value is exact (up to 500 studies), else normal, with Kendall's
    correction for ties and without one for continuity, as in metafor's ``ranktest``. `exact` True
    or False asks for one of them.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 3.
    exact : bool, optional

    Returns
    -------
    RankTest

    Raises
    ------
    SynthesisError
        If k < 3, a variance is not positive, all variances or all standardised effects are equal,
        or an exact p-value is asked for with ties.

    References
    ----------
    Begg CB, Mazumdar M (1994). Operating characteristics of a rank correlation test for
    publication bias. Biometrics 50:1088–1101. Kendall MG (1970). Rank Correlation Methods, 4th ed.
    Knight WR (1966). A computer method for calculating Kendall's tau with ungrouped data. Journal
    of the American Statistical Association 61:436–439.
    """
    y, v = effects(yi, vi)
    k = y.size
    if k < 3:
        raise SynthesisError(f"the rank test needs at least 3 studies, not {k}")
    z = _standardised(y, v)
    t, u = _tied(z), _tied(v)
    for group, name in ((t, "effects"), (u, "variances")):
        if group.size == 1:
            raise SynthesisError(f"all {name} are equal: their rank correlation is undefined")
    ties = t.size < k or u.size < k
    if exact and ties:
        raise SynthesisError("the exact rank test is not defined with ties")
    exact = (not ties and k <= _EXACT_MOST) if exact is None else bool(exact)
    score = _concordance(z, v)
    pairs = k * (k - 1) / 2
    untied = [pairs - (g * (g - 1)).sum() / 2 for g in (t, u)]
    statistic = score / np.sqrt(_kendall_variance(k, t, u))
    p_value = 2 * ndtr(-abs(statistic))
    if exact:
        # The distribution is symmetric, so the smaller of concordant and discordant serves.
        p_value = min(1.0, 2 * _exact_kendall(k, round((pairs - abs(score)) / 2)))
    return RankTest(k, float(score / np.sqrt(untied[0] * untied[1])), float(statistic),
                    float(p_value), exact)


def funnel_contours(
    se_max: float, levels: ArrayLike = (0.90, 0.95, 0.99), centre: float = 0.0, points: int = 101
) -> tuple[Contour, ...]:
    """Compute the limits that a contour-enhanced funnel plot shades.

    Conventions: limits are centre ± z·se. About 0, the default, the regions between the contours
    are those of the two-sided p-value; about the pooled effect the contour is the classical
    pseudo-interval. Ratios are on the log scale.

    Parameters
    ----------
    se_max : float
        Largest standard error, positive.
    levels : array_like, shape (g,)
        Between 0 and 1.
    centre : float
    points : int
        Standard errors from 0 to `se_max`, at least 2.

    Returns
    -------
    tuple of Contour, length g
        In the order of `levels`.

    Raises
    ------
    SynthesisError
        If `se_max` is not positive and finite, a level is not between 0 and 1, `centre` is not
        finite, or `points` is below 2.

    References
    ----------
    Peters JL, Sutton AJ, Jones DR, Abrams KR, Rushton L (2008). Contour-enhanced meta-analysis
    funnel plots help distinguish publication bias from other causes of asymmetry. Journal of
    Clinical Epidemiology 61:991–996.
    """
    if not 0 < se_max < np.inf:
        raise SynthesisError(f"se_max must be positive and finite, not {se_max}")
    if not np.isfinite(centre):
        raise SynthesisError(f"centre must be a finite number, not {centre}")
    if not 2 <= points < np.inf or points != int(points):
        raise SynthesisError(f"points must be a whole number of 2 or more, not {points}")
    se = np.linspace(0, se_max, int(points))
    contours = []
    (wanted,) = columns(levels=levels)
    for level in wanted.tolist():
        half = ndtri(0.5 + probability("level", level) / 2) * se
        contours.append(Contour(level, se, centre - half, centre + half))
    return tuple(contours)


def _missing_left(
    y: FloatArray, v: FloatArray, estimator: str, options: dict[str, Any]
) -> tuple[int, float, float]:
    """Iterate an estimator for effects missing on the left; `y` ascends.

    Returns k0, the estimator before rounding, and the centre of the funnel without the k0 rightmost
    effects.
    """
    k, k0, tried = y.size, 0, {0}
    while True:
        centre = pool(y[: k - k0], v[: k - k0], **options).estimate
        deviation = y - centre
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(deviation), kind="stable")] = np.arange(1, k + 1)
        ranked = float(ranks[deviation > 0].sum())
        if estimator == "L0":
            value = (4 * ranked - k * (k + 1)) / (2 * k - 1)
        elif estimator == "Q0":
            inside = 2 * k**2 - 4 * ranked + 0.25
            if inside < 0:
                raise SynthesisError("Q0 has no value here: too many effects lie beyond the centre")
            value = k - 0.5 - float(np.sqrt(inside))
        else:
            # The run of positive deviations among the largest, beyond the last other rank.
            value = k - ranks[deviation <= 0].max(initial=0) - 1
        new = max(0, int(np.rint(value)))
        if new == k0:
            return k0, float(value), centre
        if new in tried:
            raise SynthesisError(f"trim and fill does not settle between {k0} and {new} studies")
        tried.add(new)
        k0 = new


def _k0_se(k: int, estimator: str, value: float) -> float | None:
    """Standard error (Duval and Tweedie 2000, Biometrics; of L0 and Q0 by that of T_n)."""
    if estimator == "R0":
        return float(np.sqrt(2 * max(0.0, value) + 2))
    l0 = value
    variance = (k * (k + 1) * (2 * k + 1) + 10 * l0**3 + 27 * l0**2 + 17 * l0
                - 18 * k * l0**2 - 18 * k * l0 + 6 * k**2 * l0) / 24
    if variance < 0:
        return None
    if estimator == "L0":
        return float(4 * np.sqrt(variance) / (2 * k - 1))
    slope = (k - 0.5) ** 2 - value * (2 * k - value - 1)
    return float(2 * np.sqrt(variance / slope)) if slope > 0 else None


def _empty_side(y: FloatArray, v: FloatArray, options: dict[str, Any]) -> str:
    """Return the side on which studies are missing, by the slope on the standard error."""
    data = _line(y, v, np.sqrt(v))
    common = options.get("model", "random") == "common"
    between = 0.0 if common else estimate_tau2(data, options.get("tau2_method", "REML"))[0]
    return "right" if line(data, between)[1] < 0 else "left"


def trim_and_fill(
    yi: ArrayLike, vi: ArrayLike, side: str | None = None, estimator: str = "L0", **options: Any
) -> TrimAndFill:
    """Fill in the studies that a symmetric funnel would have, by the estimator L0, R0 or Q0.

    Conventions: L0 and Q0 come from the rank sum of the effects beyond the centre, R0 from the run
    of them among the largest deviations; all are rounded, and 0 at least. Equal deviations rank in
    the order of the effects. Trimming and final pool use the same model (random effects, REML,
    unless `options` say otherwise). Without `side`, studies are taken to be missing on the right
    when effects fall with their standard error (slope of `egger`, by the same model), else on the
    left. A sensitivity analysis, never a corrected estimate.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 3.
    side : {'left', 'right'}, optional
    estimator : {'L0', 'R0'}
    **options
        As for `pool`.

    Returns
    -------
    TrimAndFill

    Raises
    ------
    SynthesisError
        If k < 3, `side` or `estimator` is unknown, `side` cannot be told because all variances are
        equal, the iteration runs in a circle, Q0 has no value, or as `pool`.

    References
    ----------
    Duval S, Tweedie R (2000). A nonparametric "trim and fill" method of accounting for publication
    bias in meta-analysis. JASA 95:89–98. Duval S, Tweedie R (2000). Trim and fill: a simple
    funnel-plot-based method of testing and adjusting for publication bias. Biometrics 56:455–463.
    """
    choice("estimator", estimator, FILL_ESTIMATORS)
    y, v = effects(yi, vi)
    if y.size < 3:
        raise SynthesisError(f"trim and fill needs at least 3 studies, not {y.size}")
    if side is None:
        side = _empty_side(y, v, options)
    sign = {"left": 1.0, "right": -1.0}[choice("side", side, ("left", "right"))]
    order = np.argsort(sign * y, kind="stable")
    k0, value, centre = _missing_left(
        sign * y[order], v[order], estimator, {**options, "prediction": False})
    trimmed = order[y.size - k0:]
    yi_all = np.concatenate([y, 2 * sign * centre - y[trimmed]])
    vi_all = np.concatenate([v, v[trimmed]])
    filled = np.arange(yi_all.size) >= y.size
    return TrimAndFill(k0, _k0_se(y.size, estimator, value), side, yi_all, vi_all, filled,
                       pool(yi_all, vi_all, **options), estimator)
