"""Tests and corrections for small-study effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtr

from .errors import FloatArray, SynthesisError, choice, columns, effects, tables
from .likelihood import Data, estimate_tau2, line, prepare
from .measures import odds_ratio, risk_ratio
from .pooling import Pooled, pool


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
    k0_se : float
        Standard error of k0 before rounding.
    side : {'left', 'right'}
        Side of the funnel on which studies are taken to be missing.
    yi, vi : ndarray, shape (k + k0,)
        Effects and variances, the filled ones last.
    filled : ndarray of bool, shape (k + k0,)
    pooled : Pooled
        Pool of observed and filled studies.
    """

    k0: int
    k0_se: float
    side: str
    yi: FloatArray
    vi: FloatArray
    filled: NDArray[np.bool_]
    pooled: Pooled


def _line(y: FloatArray, v: FloatArray, x: FloatArray) -> Data:
    """Prepare a regression of at least three studies on a covariate that varies."""
    if y.size < 3:
        raise SynthesisError(f"the regression test needs at least 3 studies, not {y.size}")
    spread = float(np.ptp(x))
    if spread <= 1e-12 * float(np.max(np.abs(x))):
        raise SynthesisError("the predictor is the same in all studies: its slope is undefined")
    return prepare(y, v, x)


def egger(
    yi: ArrayLike, vi: ArrayLike, tau2_method: str = "REML", predictor: ArrayLike | None = None
) -> Asymmetry:
    """Test funnel-plot asymmetry by a mixed-effects regression on the standard error.

    Conventions: weights 1/(v + τ²) with residual τ² by `tau2_method`; the slope is tested against
    the normal distribution (metafor's ``regtest(model="rma")``).

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 3.
    tau2_method : {'REML', 'DL', 'PM', 'ML', 'HE', 'SJ', 'EB', 'HS'}
    predictor : array_like, shape (k,), optional
        None is the standard error √v. For standardised mean differences, whose standard error
        depends on the effect, √(1/n1 + 1/n2) is meant.

    Returns
    -------
    Asymmetry

    Raises
    ------
    SynthesisError
        If k < 3, a variance is not positive, or the predictor does not vary.

    References
    ----------
    Sterne JAC, Egger M (2005). Regression methods to detect publication and other bias in
    meta-analysis. In: Publication Bias in Meta-Analysis, 99–110. Pustejovsky JE, Rodgers MA (2019).
    Research Synthesis Methods 10:57–71 (the predictor for standardised differences).
    """
    y, v = effects(yi, vi)
    if predictor is None:
        x = np.sqrt(v)
    else:
        x, _ = columns(predictor=predictor, yi=y)
    data = _line(y, v, x)
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
    Tables that give no ratio do not enter; 0.5 is added to tables with a zero cell.

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
    used = effect.used
    total, events = (n1 + n2)[used], (a + c)[used]
    v = effect.vi[used] if weights == "variance" else 1 / events + 1 / (total - events)
    data = _line(effect.yi[used], v, 1 / total)
    intercept, slope, at = line(data, 0.0)
    df = data.k - 2
    se = float(np.sqrt(at.q[0] / df / at.sum_xx[0]))
    if se == 0:
        raise SynthesisError("the line fits without error: its slope cannot be tested")
    statistic = slope / se
    return Asymmetry(data.k, intercept, slope, se, statistic, df,
                     float(2 * stdtr(df, -abs(statistic))), None)


def _missing_left(
    y: FloatArray, v: FloatArray, options: dict[str, Any]
) -> tuple[int, float, float]:
    """Iterate L0 for effects missing on the left; `y` ascends.

    Returns k0, L0 before rounding, and the centre of the funnel without the k0 rightmost effects.
    """
    k, k0, tried = y.size, 0, {0}
    while True:
        centre = pool(y[: k - k0], v[: k - k0], **options).estimate
        deviation = y - centre
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(deviation), kind="stable")] = np.arange(1, k + 1)
        rank_sum = ranks[deviation > 0].sum()
        l0 = (4 * rank_sum - k * (k + 1)) / (2 * k - 1)
        new = max(0, int(np.rint(l0)))
        if new == k0:
            return k0, float(l0), centre
        if new in tried:
            raise SynthesisError(f"trim and fill does not settle between {k0} and {new} studies")
        tried.add(new)
        k0 = new


def _l0_se(k: int, l0: float) -> float:
    """Standard error of L0 (Duval and Tweedie 2000, Biometrics, variance of T_n)."""
    variance = (k * (k + 1) * (2 * k + 1) + 10 * l0**3 + 27 * l0**2 + 17 * l0
                - 18 * k * l0**2 - 18 * k * l0 + 6 * k**2 * l0) / 24
    # A negative L0 can turn the approximation negative in very small samples.
    return float(4 * np.sqrt(max(0.0, variance)) / (2 * k - 1))


def trim_and_fill(
    yi: ArrayLike, vi: ArrayLike, side: str | None = None, **options: Any
) -> TrimAndFill:
    """Fill in the studies that a symmetric funnel would have, by the estimator L0.

    Conventions: trimming and final pool use the same model (random effects, REML, unless `options`
    say otherwise). Without `side`, studies are taken to be missing on the right when effects fall
    with their standard error (slope of `egger`), else on the left. A sensitivity analysis, never a
    corrected estimate.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 3.
    side : {'left', 'right'}, optional
    **options
        As for `pool`.

    Returns
    -------
    TrimAndFill

    Raises
    ------
    SynthesisError
        If k < 3, `side` is unknown or cannot be told because all variances are equal, the
        iteration runs in a circle, or as `pool`.

    References
    ----------
    Duval S, Tweedie R (2000). A nonparametric "trim and fill" method of accounting for publication
    bias in meta-analysis. JASA 95:89–98. Duval S, Tweedie R (2000). Trim and fill: a simple
    funnel-plot-based method of testing and adjusting for publication bias. Biometrics 56:455–463.
    """
    y, v = effects(yi, vi)
    if y.size < 3:
        raise SynthesisError(f"trim and fill needs at least 3 studies, not {y.size}")
    if side is None:
        method = options.get("tau2_method", "REML")
        side = "right" if egger(y, v, tau2_method=method).slope < 0 else "left"
    sign = {"left": 1.0, "right": -1.0}[choice("side", side, ("left", "right"))]
    order = np.argsort(sign * y, kind="stable")
    k0, l0, centre = _missing_left(sign * y[order], v[order], {**options, "prediction": False})
    trimmed = order[y.size - k0:]
    yi_all = np.concatenate([y, 2 * sign * centre - y[trimmed]])
    vi_all = np.concatenate([v, v[trimmed]])
    filled = np.arange(yi_all.size) >= y.size
    return TrimAndFill(k0, _l0_se(y.size, l0), side, yi_all, vi_all, filled,
                       pool(yi_all, vi_all, **options))
