"""Correlations as effects, with their sampling variances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import hyp2f1

from .errors import FloatArray, choice, columns, refuse
from .measures import Effects, average, complete

COR_VARIANCES = ("LS", "AV")
UNBIASED_VARIANCES = ("LS", "UB", "AV")
_SERIES_FROM = 20.0  # parameter c above which the series of ₂F₁ is summed here


def _correlations(r: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    r, n = columns(r=r, n=n)
    refuse(np.abs(r) >= 1, r, "r must lie between -1 and 1")
    refuse(n <= 3, n, "n must exceed 3 for a correlation")
    return r, n


def raw_correlation(r: ArrayLike, n: ArrayLike, variance: str = "LS") -> Effects:
    """Compute product-moment correlations with their large-sample variances.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 3.
    variance : {'LS', 'AV'}
        With each correlation ('LS'), or with their mean, weighted by n, in the place of all ('AV').

    Returns
    -------
    Effects
        `yi` = r, `vi` = (1 − r²)²/(n − 1).

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 3 or less, a value is not finite, or the option is unknown.

    References
    ----------
    Hedges LV (1989). An unbiased correction for sampling error in validity generalization studies.
    Journal of Applied Psychology 74:469–477.
    """
    choice("variance", variance, COR_VARIANCES)
    r, n = _correlations(r, n)
    plugged = average(r, n) if variance == "AV" else r
    # (1 − r)(1 + r) keeps the digits of 1 − r² near 1.
    return complete(r, ((1 - plugged) * (1 + plugged)) ** 2 / (n - 1))


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
    names of metafor's ``vtype``, (1 − g²)²/(n − 1) ('LS'), the same with the mean of all g,
    weighted by n ('AV'), or the unbiased
    g² − 1 + (n − 3)/(n − 2) (1 − r²) ₂F₁(1, 1; n/2; 1 − r²) ('UB').

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 4.
    variance : {'LS', 'UB', 'AV'}

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
    if variance == "AV":
        left = 1 - average(g, n) ** 2
    if variance != "UB":
        return complete(g, left**2 / (n - 1))
    unbiased = (n - 3) / (n - 2) * rest * (1 + _hypergeometric_less_1(1, 1, n / 2, rest))
    return complete(g, unbiased - left)


def _regressions(
    t: ArrayLike, n: ArrayLike, predictors: ArrayLike, **more: ArrayLike
) -> tuple[list[FloatArray], FloatArray]:
    """Checked columns of regressions, and the residual degrees of freedom of each."""
    values = columns(t=t, n=n, predictors=predictors, **more)
    refuse(values[2] < 1, values[2], "predictors must be 1 or more")
    df = values[1] - values[2] - 1
    refuse(df <= 0, df, "n - predictors - 1, the degrees of freedom of t, must be positive")
    return values, df


def partial_correlation(
    t: ArrayLike, n: ArrayLike, predictors: ArrayLike, fisher: bool = False, variance: str = "LS"
) -> Effects:
    """Compute partial correlations from regressions (metafor's PCOR; ZPCOR with `fisher`).

    Conventions: with p predictors, r = t/√(t² + f) on f = n − p − 1; `vi` is (1 − r²)²/f as in
    metafor up to 3.8 (later ones have n − p), and of Fisher's z 1/(n − p − 2), since p − 1
    variables are held constant, as in metafor from 4 on (3.8 has n − p − 1).

    Parameters
    ----------
    t : array_like, shape (k,)
        Test statistics of the coefficient of interest, with its sign.
    n : array_like, shape (k,)
        Sample sizes.
    predictors : array_like, shape (k,)
        Number of predictors of each regression, that of interest included.
    fisher : bool
    variance : {'LS', 'AV'}
        Of r: with each r ('LS'), or with their mean, weighted by n, in the place of all ('AV').

    Returns
    -------
    Effects

    Raises
    ------
    SynthesisError
        If f is not positive (1 or less with `fisher`), there is no predictor, a value is not
        finite, or the option is unknown.

    References
    ----------
    Aloe AM, Thompson CG (2013). The synthesis of partial effect sizes. Journal of the Society for
    Social Work and Research 4:390–405. Fisher RA (1924). The distribution of the partial
    correlation coefficient. Metron 3:329–332.
    """
    choice("variance", variance, COR_VARIANCES)
    (t, n, _), df = _regressions(t, n, predictors)
    if fisher:
        refuse(df <= 1, n, "n must exceed predictors + 2 for the z of a partial correlation")
        return complete(np.arcsinh(t / np.sqrt(df)), 1 / (df - 1))
    r, rest = t / np.sqrt(t**2 + df), df / (t**2 + df)
    if variance == "AV":
        rest = 1 - average(r, n) ** 2
    return complete(r, rest**2 / df)


def semipartial_correlation(
    t: ArrayLike, n: ArrayLike, predictors: ArrayLike, r2: ArrayLike, fisher: bool = False,
    variance: str = "LS",
) -> Effects:
    """Compute semi-partial correlations from regressions (metafor's SPCOR; ZSPCOR with `fisher`).

    Parameters
    ----------
    t, n, predictors
        As for `partial_correlation`.
    r2 : array_like, shape (k,)
        R² of each regression, from 0 up to, not including, 1.
    fisher : bool
        Give Fisher's z, by the delta method.
    variance : {'LS', 'AV'}
        With each r ('LS'), or with their mean, weighted by n, in the place of all ('AV').

    Returns
    -------
    Effects
        `yi` = r = t √(1 − R²)/√(n − p − 1), `vi` = (R⁴ − 2R² + q + 1 − q²)/n with q = R² − r²,
        what the other predictors explain.

    Raises
    ------
    SynthesisError
        If R² is outside its range, |r| is 1 or more, n − p − 1 is not positive, there is no
        predictor, a value is not finite, or the option is unknown.

    References
    ----------
    Aloe AM, Becker BJ (2012). An effect size for regression predictors in meta-analysis. Journal of
    Educational and Behavioral Statistics 37:278–297.
    """
    choice("variance", variance, COR_VARIANCES)
    (t, n, _, r2), df = _regressions(t, n, predictors, r2=r2)
    refuse((r2 < 0) | (r2 >= 1), r2, "r2 must be 0 or more and below 1")
    r = t * np.sqrt((1 - r2) / df)
    rest = r2 - (average(r, n) if variance == "AV" else r) ** 2
    v = (r2**2 - 2 * r2 + rest + 1 - rest**2) / n
    refuse(np.abs(r) >= 1, r, "a semi-partial correlation must lie between -1 and 1")
    return complete(np.arctanh(r), v / ((1 - r) * (1 + r)) ** 2) if fisher else complete(r, v)
