"""Influence of single studies: what changes when each is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr

from .errors import FloatArray, SynthesisError, choice, effects
from .notes import maxima
from .regression import (
    METHODS,
    TESTS,
    Design,
    design,
    estimate,
    fits,
    moderators,
    refuse_collinear,
    solution,
)


@dataclass(frozen=True, eq=False)
class Influence:
    """Diagnostics of k studies; arrays of shape (k,) unless said otherwise.

    Attributes
    ----------
    names : tuple of str, length p
        Coefficients, the columns of `dfbetas`.
    rstudent : ndarray
        Studentised deleted residuals.
    dffits : ndarray
        Change of the study's fitted effect in standard errors.
    cook : ndarray
        Cook's distances.
    cov_ratio : ndarray
        Determinant of the coefficients' covariance without the study over that with it.
    tau2, qe : ndarray
        Residual τ² and Q of the other studies.
    hat : ndarray
        Leverages; their sum is p.
    weights : ndarray
        Weights in percent, sum 100.
    dfbetas : ndarray, shape (k, p)
        Change of each coefficient in standard errors.
    influential : ndarray of bool
        Whether a study passes one of the conventional cut-offs; see `influence`.
    warnings : tuple of str
    """

    names: tuple[str, ...]
    rstudent: FloatArray
    dffits: FloatArray
    cook: FloatArray
    cov_ratio: FloatArray
    tau2: FloatArray
    qe: FloatArray
    hat: FloatArray
    weights: FloatArray
    dfbetas: FloatArray
    influential: NDArray[np.bool_]
    warnings: tuple[str, ...] = ()


def influence(
    yi: ArrayLike,
    vi: ArrayLike,
    x: ArrayLike | None = None,
    *,
    tau2_method: str = "REML",
    test: str = "z",
    intercept: bool = True,
    names: Sequence[str] | None = None,
) -> Influence:
    """Compute leave-one-out diagnostics of a random-effects pool or a meta-regression.

    With β̂, C and τ² of all studies and β̂₍ᵢ₎, C₍ᵢ₎ and τ²₍ᵢ₎ of all but study i:

    - studentised deleted residual (yᵢ − xᵢ'β̂₍ᵢ₎)/√(vᵢ + τ²₍ᵢ₎ + xᵢ'C₍ᵢ₎xᵢ);
    - DFFITS (xᵢ'β̂ − xᵢ'β̂₍ᵢ₎)/√(hᵢ(vᵢ + τ²₍ᵢ₎)) with the leverage hᵢ;
    - Cook's distance (β̂ − β̂₍ᵢ₎)'C⁻¹(β̂ − β̂₍ᵢ₎), not divided by p;
    - covariance ratio |C₍ᵢ₎|/|C|;
    - DFBETAS (β̂ⱼ − β̂ⱼ₍ᵢ₎)/√[(X'W₍ᵢ₎X)⁻¹]ⱼⱼ over all studies, W₍ᵢ₎ = 1/(v + τ²₍ᵢ₎).

    Conventions: as metafor's ``influence()``. C carries the HKSJ scale where `test` asks for it,
    each fit its own, and the scale s₍ᵢ₎ of the fit without the study multiplies vᵢ + τ²₍ᵢ₎ in the
    residual and in DFFITS, and the variance in DFBETAS. A study counts as influential if
    |DFFITS| > 3√(p/(k − p)), the lower tail of χ² on p at Cook's distance exceeds 0.5, hᵢ > 3p/k,
    or any |DFBETAS| > 1.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    x : array_like, shape (k,) or (k, m), optional
        Moderators; without it the model is the mean.
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'EB', 'HE', 'SJ', 'HS'}
    test : {'z', 't', 'hksj', 'hksj-guard'}
    intercept : bool
    names : sequence of str, optional
        Of the moderators.

    Returns
    -------
    Influence

    Raises
    ------
    SynthesisError
        If there are fewer than p + 2 studies, a moderator no longer varies without some study (with
        its row), 'hksj' meets studies without any scatter, or as `meta_regression`.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Outlier and influence diagnostics for meta-analysis. Research
    Synthesis Methods 1:112–125. Belsley DA, Kuh E, Welsch RE (1980). Regression Diagnostics.
    """
    choice("tau2_method", tau2_method, METHODS)
    choice("test", test, TESTS)
    y, v = effects(yi, vi)
    matrix, labels = moderators(np.empty((y.size, 0)) if x is None else x, y.size, intercept, names)
    k, p = matrix.shape
    if k < p + 2:
        raise SynthesisError(f"leaving one out of {p} coefficients needs at least {p + 2} studies, "
                             f"not {k}")
    data = design(y, v, matrix)
    tau2, peaks = estimate(data, tau2_method)
    beta, covariance, at, scale = solution(data, tau2, test)
    _need_scatter(scale, None)
    hat, weights = np.empty(k), np.empty(k)
    hat[data.order] = at.leverage[0]
    weights[data.order] = at.weights[0]
    without = [_without(i, y, v, matrix, labels, tau2_method, test) for i in range(k)]
    change = beta - np.array([one[1] for one in without])
    t2 = np.array([one[0] for one in without])
    scales = np.array([one[4] for one in without])
    shift = (matrix * change).sum(axis=1)
    distance = np.array([one[3] for one in without])
    rstudent = (y - matrix @ beta + shift) / np.sqrt(scales * (v + t2) + distance)
    all_studies = fits(data, t2)
    back = np.linalg.inv(all_studies.root @ data.upper)
    dfbetas = change / np.sqrt((back**2).sum(axis=2) * scales[:, None])
    dffits = shift / np.sqrt(hat * (v + t2) * scales)
    cook = _quadratic(change, covariance)
    ratio = np.exp(np.array([one[2] for one in without]) - np.linalg.slogdet(covariance)[1])
    qe = np.array([one[5] for one in without])
    influential = ((np.abs(dffits) > 3 * np.sqrt(p / (k - p))) | (chdtr(p, cook) > 0.5)
                   | (hat > 3 * p / k) | (np.abs(dfbetas) > 1).any(axis=1))
    return Influence(labels, rstudent, dffits, cook, ratio, t2, qe, hat,
                     100 * weights / weights.sum(), dfbetas, influential,
                     maxima(peaks))


def _quadratic(rows: FloatArray, covariance: FloatArray) -> FloatArray:
    size = np.sqrt(np.diag(covariance))
    z = rows / size
    return (z * np.linalg.solve(covariance / np.outer(size, size), z.T).T).sum(axis=1)


def _need_scatter(scale: float, row: int | None) -> None:
    if scale == 0:
        raise SynthesisError("the unguarded HKSJ standard error is 0: the diagnostics are "
                             "undefined" + ("" if row is None else " without this study"), row)


def _without(
    i: int, y: FloatArray, v: FloatArray, matrix: FloatArray, labels: Sequence[str],
    method: str, test: str,
) -> tuple[float, FloatArray, float, float, float, float]:
    """Fit without row i: τ², β̂, ln|C|, xᵢ'Cxᵢ, HKSJ scale, Q."""
    keep = np.arange(y.size) != i
    try:
        refuse_collinear(matrix[keep], labels)
    except SynthesisError as error:
        raise SynthesisError(f"without this study {error}", i) from None
    data: Design = design(y[keep], v[keep], matrix[keep])
    tau2, _ = estimate(data, method)
    beta, covariance, _, scale = solution(data, tau2, test)
    _need_scatter(scale, i)
    return (tau2, beta, float(np.linalg.slogdet(covariance)[1]),
            float(matrix[i] @ covariance @ matrix[i]), scale, float(fits(data, np.zeros(1)).q[0]))
