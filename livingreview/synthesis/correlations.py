"""Correlations as effects, with their sampling variances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import hyp2f1

from .errors import FloatArray, choice, columns, refuse
from .measures import Effects, complete

UNBIASED_VARIANCES = ("LS", "UB")
_SERIES_FROM = 20.0  # parameter c above which the series of ₂F₁ is summed here


def _correlations(r: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    r, n = columns(r=r, n=n)
    refuse(np.abs(r) >= 1, r, "r must lie between -1 and 1")
    refuse(n <= 3, n, "n must exceed 3 for a correlation")
    return r, n


def raw_correlation(r: ArrayLike, n: ArrayLike) -> Effects:
    """Compute product-moment correlations with their large-sample variances.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 3.

    Returns
    -------
    Effects
        `yi` = r, `vi` = (1 − r²)²/(n − 1).

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 3 or less, or a value is not finite.

    References
    ----------
    Hedges LV (1989). An unbiased correction for sampling error in validity generalization studies.
    Journal of Applied Psychology 74:469–477.
    """
    r, n = _correlations(r, n)
    # (1 − r)(1 + r) keeps the digits of 1 − r² near 1.
    return complete(r, ((1 - r) * (1 + r)) ** 2 / (n - 1))


def fisher_z(r: ArrayLike, n: ArrayLike) -> Effects:
    """Compute Fisher's z of product-moment correlations; its inverse is the hyperbolic tangent.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 3.

    Returns
    -------
    Effects
        `yi` = artanh r, `vi` = 1/(n − 3).

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 3 or less, or a value is not finite.

    References
    ----------
    Fisher RA (1921). On the "probable error" of a coefficient of correlation deduced from a small
    sample. Metron 1:3–32.
    """
    r, n = _correlations(r, n)
    return complete(np.arctanh(r), 1 / (n - 3))


def _hypergeometric_less_1(a: float, b: float, c: FloatArray, z: FloatArray) -> FloatArray:
    """₂F₁(a, b; c; z) − 1 for 0 ≤ z ≤ 1, of shape (k,).

    SciPy's function is not a number for large c near z = 1, where the series itself converges fast:
    its terms fall by (a + j)(b + j)z/((c + j)(1 + j)).
    """
    j = np.arange(400.0)
    large = np.maximum(c, _SERIES_FROM)[:, None]
    factors = (a + j) * (b + j) / ((large + j) * (1 + j)) * z[:, None]
    return np.where(c > _SERIES_FROM, np.cumprod(factors, axis=1).sum(axis=1),
                    hyp2f1(a, b, np.minimum(c, _SERIES_FROM), z) - 1)


def unbiased_correlation(r: ArrayLike, n: ArrayLike, variance: str = "LS") -> Effects:
    """Compute product-moment correlations without the bias of small samples (metafor's UCOR).

    Formula: g = r ₂F₁(1/2, 1/2; (n − 2)/2; 1 − r²) by Olkin and Pratt. The variance is, under the
    names of metafor's ``vtype``, (1 − g²)²/(n − 1) ('LS') or the unbiased
    g² − 1 + (n − 3)/(n − 2) (1 − r²) ₂F₁(1, 1; n/2; 1 − r²) ('UB').

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 4.
    variance : {'LS', 'UB'}

    Returns
    -------
    Effects
        `yi` = g.

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 4 or less, a value is not finite, or the option is unknown.

    References
    ----------
    Olkin I, Pratt JW (1958). Unbiased estimation of certain correlation coefficients. Annals of
    Mathematical Statistics 29:201–211. Hedges LV (1989). Journal of Applied Psychology 74:469–477.
    """
    choice("variance", variance, UNBIASED_VARIANCES)
    r, n = _correlations(r, n)
    refuse(n <= 4, n, "n must exceed 4 for an unbiased correlation")
    rest = (1 - r) * (1 + r)
    more = r * _hypergeometric_less_1(0.5, 0.5, (n - 2) / 2, rest)
    g = r + more
    left = (1 - r - more) * (1 + g)  # 1 − g² with the digits that 1 − g would lose near 1
    if variance == "LS":
        return complete(g, left ** 2 / (n - 1))
    unbiased = (n - 3) / (n - 2) * rest * (1 + _hypergeometric_less_1(1, 1, n / 2, rest))
    return complete(g, unbiased - left)
