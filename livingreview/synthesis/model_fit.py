"""How well a pool or a meta-regression fits: residuals, likelihood, information criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .errors import FloatArray, SynthesisError, choice
from .likelihood import Q_TARGETS
from .notes import maxima
from .regression import (
    MODELS,
    TAU2_METHODS,
    Design,
    design,
    estimate,
    fits,
    moderators,
    observations,
    solution,
)


@dataclass(frozen=True, eq=False)
class Residuals:
    """Residuals of k studies; arrays of shape (k,), in the order of the rows.

    Attributes
    ----------
    fitted, raw : ndarray
        Fitted average effect, and effect minus fitted.
    se : ndarray
        Standard errors of the raw residuals; 0 for a study that alone fixes a coefficient.
    standardised : numpy.ma.MaskedArray
        raw/se; masked where se is 0.
    """

    fitted: FloatArray
    raw: FloatArray
    se: FloatArray
    standardised: np.ma.MaskedArray


@dataclass(frozen=True)
class FitStatistics:
    """Likelihood and information criteria of one model.

    Attributes
    ----------
    k, p : int
        Studies and coefficients.
    parameters : int
        Coefficients, and τ² where it is estimated.
    restricted : bool
        Whether the likelihood is the restricted one (REML); such values compare only models with
        the same moderators.
    log_likelihood, aic, bic : float
    aicc : float
        AIC corrected for small samples.
    tau2, tau2_se : float or None
        Between-study variance and its standard error; None for the common effect.
    warnings : tuple of str
    """

    k: int
    p: int
    parameters: int
    restricted: bool
    log_likelihood: float
    aic: float
    bic: float
    aicc: float
    tau2: float | None
    tau2_se: float | None
    warnings: tuple[str, ...] = ()


def _model(
    yi: ArrayLike, vi: ArrayLike, x: ArrayLike | None, model: str, method: str, intercept: bool,
    names: Sequence[str] | None,
) -> tuple[Design, FloatArray, float, int]:
    """Return the checked design and its matrix, τ² (0 for the common effect), and maxima."""
    choice("model", model, MODELS)
    choice("tau2_method", method, TAU2_METHODS)
    y, v, turn = observations(yi, vi, method)
    matrix, _ = moderators(np.empty((y.size, 0)) if x is None else x, y.size, intercept, names)
    data = design(turn(y), v, turn(matrix))
    tau2, peaks = estimate(data, method) if model == "random" else (0.0, 1)
    return data, matrix, tau2, peaks


def residuals(
    yi: ArrayLike, vi: ArrayLike, x: ArrayLike | None = None, *, model: str = "random",
    tau2_method: str = "REML", intercept: bool = True, names: Sequence[str] | None = None,
) -> Residuals:
    """Compute raw and standardised residuals of a pool or a meta-regression.

    Formula: rᵢ = yᵢ − xᵢ'β̂ with variance (vᵢ + τ²)(1 − hᵢ), hᵢ the leverage; the standardised
    residual is rᵢ over its root (metafor's ``rstandard``, "internally standardised"). Deleted
    residuals are `influence`'s.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, independent of each other.
    x : array_like, shape (k,) or (k, m), optional
        Moderators; without it the model is the mean.
    model : {'random', 'common'}
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'PMM', 'EB', 'HE', 'SJ', 'HS', 'HSk'}
    intercept : bool
    names : sequence of str, optional
        Of the moderators.

    Returns
    -------
    Residuals

    Raises
    ------
    SynthesisError
        If `vi` is a covariance matrix, or as `meta_regression`.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Outlier and influence diagnostics for meta-analysis. Research
    Synthesis Methods 1:112–125.
    """
    if np.ndim(vi) > 1:
        raise SynthesisError("residuals of correlated effects are not offered: vi must have one "
                             "dimension")
    data, matrix, tau2, _ = _model(yi, vi, x, model, tau2_method, intercept, names)
    beta, _, at, _ = solution(data, tau2, "z")
    raw, se = np.empty(data.k), np.empty(data.k)
    raw[data.order] = at.residuals[0]
    se[data.order] = np.sqrt(at.rest[0] / at.weights[0])
    some = se > 0
    standardised = np.ma.MaskedArray(np.where(some, raw, 0.0) / np.where(some, se, 1.0), ~some)
    return Residuals(matrix @ beta, raw, se, standardised)


def fit_statistics(
    yi: ArrayLike, vi: ArrayLike, x: ArrayLike | None = None, *, model: str = "random",
    tau2_method: str = "REML", intercept: bool = True, names: Sequence[str] | None = None,
) -> FitStatistics:
    """Compute log-likelihood, AIC, BIC, AICc and the standard error of τ².

    Formulas: ln L = −(k ln 2π + ln|V| + r'V⁻¹r)/2 with V = v + τ², the restricted one with k − p
    for k, + ln|X'X| and − ln|X'V⁻¹X| (all halved). AIC is −2 ln L + 2q, BIC −2 ln L + q ln n, AICc
    −2 ln L + 2qn/(n − q − 1), n not below q + 2, with q parameters and n = k, or k − p under REML.

    Conventions: the restricted likelihood for REML, else the likelihood at the method's τ² (as
    metafor). The variance of τ²: 2/tr PP (REML), 2/tr WW (ML), 2k²/((k − p)(Σw)²) (PM, EB); other
    methods are quadratic forms y'Ay, whose variance is 2 tr(AVAV) (Viechtbauer 2005), at the
    truncated τ².

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances; `vi` of shape (k, k) is the covariance of the effects.
    x, model, tau2_method, intercept, names
        As for `residuals`.

    Returns
    -------
    FitStatistics

    Raises
    ------
    SynthesisError
        As `meta_regression`.

    References
    ----------
    Viechtbauer W (2005). Bias and efficiency of meta-analytic variance estimators in the
    random-effects model. Journal of Educational and Behavioral Statistics 30:261–293. Harville DA
    (1974). Biometrika 61:383–385. Hurvich CM, Tsai CL (1989). Biometrika 76:297–307 (AICc).
    """
    data, _, tau2, peaks = _model(yi, vi, x, model, tau2_method, intercept, names)
    restricted = model == "random" and tau2_method == "REML"
    at = fits(data, np.array([tau2]))
    n = data.k - data.p if restricted else data.k
    height = n * np.log(2 * np.pi) - np.log(at.weights[0]).sum() + float(at.q[0])
    if restricted:
        # X = basis·upper, so that ln|X'X| cancels the same term of ln|X'WX|.
        height += 2 * np.log(np.abs(np.diag(at.root[0]))).sum()
    likelihood = -float(height) / 2
    parameters = data.p + (model == "random")
    enough = max(n, parameters + 2)
    return FitStatistics(
        data.k, data.p, parameters, restricted, likelihood,
        aic=2 * (parameters - likelihood), bic=parameters * float(np.log(n)) - 2 * likelihood,
        aicc=2 * (parameters * enough / (enough - parameters - 1) - likelihood),
        tau2=tau2 if model == "random" else None,
        tau2_se=_tau2_se(data, tau2, tau2_method) if model == "random" else None,
        warnings=maxima(peaks))


def _tau2_se(data: Design, tau2: float, method: str) -> float:
    """Standard error of τ²; see `fit_statistics`."""
    df, variance = data.k - data.p, data.v + tau2
    w = 1 / variance
    if method == "ML":
        return float(np.sqrt(2 / (w * w).sum()))
    if method == "REML":
        return float(np.sqrt(2 / _trace(data, w, np.ones(data.k))))
    if method in Q_TARGETS:
        return float(np.sqrt(2 * data.k**2 / df) / w.sum())
    # y'Ay with A = P/scale at the weights that the method takes.
    start = float(np.var(data.y)) if method == "SJ" else 0.0
    fixed = np.ones(data.k) if method == "HE" else 1 / (data.v + start)
    if method == "DL":
        scale = float(fits(data, np.zeros(1)).trace[0])
    else:
        scale = {"HE": df, "HS": fixed.sum(), "HSk": fixed.sum() * df / data.k,
                 "SJ": df / start if start > 0 else np.inf}[method]
    return float(np.sqrt(2 * _trace(data, fixed, variance)) / scale)


def _trace(data: Design, w: FloatArray, d: FloatArray) -> float:
    """tr(PDPD) with P of the weights `w` and D diagonal, without a k × k matrix."""
    q, _ = np.linalg.qr(np.sqrt(w)[:, None] * data.basis)
    both = w * d
    inner = q.T @ (both[:, None] * q)
    return float((both**2 * (1 - 2 * (q * q).sum(axis=1))).sum() + (inner * inner).sum())
