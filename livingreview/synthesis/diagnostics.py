"""Influence of single studies: what changes when each is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtr

from .errors import FloatArray, SynthesisError, choice, effects
from .notes import NOTES, maxima
from .regression import (
    TAU2_METHODS,
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

    A study that alone fixes a coefficient (the only one of its level, say) cannot be left out: what
    compares with the fit without it is masked.

    Attributes
    ----------
    names : tuple of str, length p
        Coefficients, the columns of `dfbetas`.
    rstudent : numpy.ma.MaskedArray
        Studentised deleted residuals.
    dffits : numpy.ma.MaskedArray
        Change of the study's fitted effect in standard errors.
    cook : numpy.ma.MaskedArray
        Cook's distances.
    cov_ratio : numpy.ma.MaskedArray
        Determinant of the coefficients' covariance without the study over that with it.
    tau2, qe : numpy.ma.MaskedArray
        Residual τ² and Q of the other studies.
    hat : ndarray
        Leverages; their sum is p.
    weights : ndarray
        Weights in percent, sum 100.
    dfbetas : numpy.ma.MaskedArray, shape (k, p)
        Change of each coefficient in standard errors.
    influential : ndarray of bool
        Whether a study passes one of the conventional cut-offs; see `influence`.
    reasons : tuple of (str or None), length k
        Why a study cannot be left out; None where it can.
    warnings : tuple of str
    """

    names: tuple[str, ...]
    rstudent: MaskedArray
    dffits: MaskedArray
    cook: MaskedArray
    cov_ratio: MaskedArray
    tau2: MaskedArray
    qe: MaskedArray
    hat: FloatArray
    weights: FloatArray
    dfbetas: MaskedArray
    influential: NDArray[np.bool_]
    reasons: tuple[str | None, ...]
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
    or any |DFBETAS| > 1; one that cannot be left out, by its leverage alone (as metafor, which
    prints NA for it).

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    x : array_like, shape (k,) or (k, m), optional
        Moderators; without it the model is the mean.
    tau2_method : {'REML', 'ML', 'DL', 'PM', 'PMM', 'EB', 'HE', 'SJ', 'HS', 'HSk'}
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
        If there are fewer than p + 2 studies, 'hksj' meets studies without any scatter, or as
        `meta_regression`.

    References
    ----------
    Viechtbauer W, Cheung MWL (2010). Outlier and influence diagnostics for meta-analysis. Research
    Synthesis Methods 1:112–125. Belsley DA, Kuh E, Welsch RE (1980). Regression Diagnostics.
    """
    choice("tau2_method", tau2_method, TAU2_METHODS)
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
    reasons = tuple(_fixed_by(i, matrix, labels) for i in range(k))
    kept = np.flatnonzero([reason is None for reason in reasons])
    one = _LeftOut(*(np.array(values) for values in zip(
        *(_without(i, y, v, matrix, tau2_method, test) for i in kept), strict=True)))
    change = beta - one.beta
    shift = (matrix[kept] * change).sum(axis=1)
    own = one.scale * (v[kept] + one.tau2)
    back = np.linalg.inv(fits(data, one.tau2).root @ data.upper)
    dfbetas = change / np.sqrt((back**2).sum(axis=2) * one.scale[:, None])
    # A study without leverage (all its moderators 0, no intercept) shifts nothing.
    lever = np.sqrt(hat[kept] * own)
    dffits = shift / np.where(lever > 0, lever, 1.0)
    cook = _quadratic(change, covariance)
    influential = hat > 3 * p / k
    influential[kept] |= ((np.abs(dffits) > 3 * np.sqrt(p / (k - p))) | (chdtr(p, cook) > 0.5)
                          | (np.abs(dfbetas) > 1).any(axis=1))

    def all_rows(values: FloatArray) -> MaskedArray:
        out = np.ma.masked_all((k, *values.shape[1:]))
        out[kept] = values
        return out

    return Influence(
        labels, all_rows(((y - matrix @ beta)[kept] + shift) / np.sqrt(own + one.distance)),
        all_rows(dffits), all_rows(cook),
        all_rows(np.exp(one.log_det - np.linalg.slogdet(covariance)[1])), all_rows(one.tau2),
        all_rows(one.qe), hat, 100 * weights / weights.sum(), all_rows(dfbetas), influential,
        reasons, maxima(peaks))


def _quadratic(rows: FloatArray, covariance: FloatArray) -> FloatArray:
    size = np.sqrt(np.diag(covariance))
    z = rows / size
    return (z * np.linalg.solve(covariance / np.outer(size, size), z.T).T).sum(axis=1)


def _need_scatter(scale: float, row: int | None) -> None:
    if scale == 0:
        raise SynthesisError("the unguarded HKSJ standard error is 0: the diagnostics are "
                             "undefined" + ("" if row is None else " without this study"), row)


def _fixed_by(i: int, matrix: FloatArray, labels: Sequence[str]) -> str | None:
    """Why study i cannot be left out, if it cannot."""
    if matrix.shape[1] == 1 and np.ptp(matrix) == 0:
        return None
    try:
        refuse_collinear(np.delete(matrix, i, axis=0), labels)
    except SynthesisError as error:
        return NOTES["fixed-by-one"].format(why=error)
    return None


class _LeftOut(NamedTuple):
    """Fits without a study: arrays of as many rows; `distance` is xᵢ'Cxᵢ, `log_det` ln|C|."""

    tau2: FloatArray
    beta: FloatArray
    log_det: FloatArray
    distance: FloatArray
    scale: FloatArray
    qe: FloatArray


def _without(
    i: int, y: FloatArray, v: FloatArray, matrix: FloatArray, method: str, test: str
) -> _LeftOut:
    """Fit without row i; numbers in place of the arrays."""
    keep = np.arange(y.size) != i
    data: Design = design(y[keep], v[keep], matrix[keep])
    tau2, _ = estimate(data, method)
    beta, covariance, _, scale = solution(data, tau2, test)
    _need_scatter(scale, int(i))
    return _LeftOut(tau2, beta, float(np.linalg.slogdet(covariance)[1]),
                    float(matrix[i] @ covariance @ matrix[i]), scale,
                    float(fits(data, np.zeros(1)).q[0]))
