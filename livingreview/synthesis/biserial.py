"""Correlations of a dichotomous with a quantitative variable, from the means of two groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from .associations import SAMPLING
from .errors import FloatArray, choice, refuse
from .measures import Effects, arms, complete, pooled_sd


def _point(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Uncorrected d, h = m/n1 + m/n2 on m degrees of freedom, r = d/√(d² + h), and the totals."""
    m1, sd1, n1, m2, sd2, n2 = arms(m1, sd1, n1, m2, sd2, n2)
    d = (m1 - m2) / pooled_sd(sd1, n1, sd2, n2)
    h = (n1 + n2 - 2) * (1 / n1 + 1 / n2)
    return d, h, d / np.sqrt(d**2 + h), n1, n2


def point_biserial(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    sampling: str = "ST", fisher: bool = False,
) -> Effects:
    """Compute point-biserial correlations (metafor's RPB; ZPB with `fisher`).

    Conventions: 'ST' takes the sizes of the groups as fixed by design, 'CS' as of one
    cross-sectional sample. Fisher's z is taken by the delta method.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    sampling : {'ST', 'CS'}
    fisher : bool

    Returns
    -------
    Effects
        `yi` = r = d/√(d² + h), d by the pooled SD on m = n1 + n2 − 2 and h = m/n1 + m/n2. `vi` is
        h²(1/n1 + 1/n2 + d²/(2n))/(h + d²)³ ('ST', the delta method), or
        (1 − r²)²(n r²/(4 n1 n2) + (2 − 3r²)/(2n)) ('CS').

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, a value is not finite, or the option is
        unknown.

    References
    ----------
    Tate RF (1954). Correlation between a discrete and a continuous variable. Point-biserial
    correlation. Annals of Mathematical Statistics 25:603–607 ('CS'). Jacobs P, Viechtbauer W
    (2017). Estimation of the biserial correlation and its sampling variance for use in
    meta-analysis. Research Synthesis Methods 8:161–180.
    """
    choice("sampling", sampling, SAMPLING)
    d, h, r, n1, n2 = _point(m1, sd1, n1, m2, sd2, n2)
    n, rest = n1 + n2, h / (h + d**2)  # 1 − r²
    if sampling == "ST":
        v = rest**2 / (h + d**2) * (1 / n1 + 1 / n2 + d**2 / (2 * n))
    else:
        v = rest**2 * (n * r**2 / (4 * n1 * n2) + (2 - 3 * r**2) / (2 * n))
    return complete(np.arcsinh(d / np.sqrt(h)), v / rest**2) if fisher else complete(r, v)


def biserial(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    fisher: bool = False,
) -> Effects:
    """Compute biserial correlations (metafor's RBIS; ZBIS with `fisher`).

    Conventions: the groups are a normal variable cut in two. An estimate beyond 1 is kept, with
    the variance of 1; it has no z. Fisher's z is taken by the delta method.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2
        As for `point_biserial`.
    fisher : bool

    Returns
    -------
    Effects
        `yi` = r √(p1 p2)/f with r of `point_biserial`, pᵢ = nᵢ/n, z the normal quantile with p1
        above it and f its density; with y the value within ±1, `vi` =
        (p1 p2/f² − (3/2 + (1 − p1 z/f)(1 + p2 z/f)) y² + y⁴)/(n − 1).

    Raises
    ------
    SynthesisError
        As `point_biserial`, or if an estimate beyond 1 is to have a z.

    References
    ----------
    Soper HE (1914). On the probable error of the bi-serial expression for the correlation
    coefficient. Biometrika 10:384–390. Jacobs P, Viechtbauer W (2017). Research Synthesis Methods
    8:161–180.
    """
    _, _, r, n1, n2 = _point(m1, sd1, n1, m2, sd2, n2)
    n = n1 + n2
    p1, p2 = n1 / n, n2 / n
    z = -ndtri(p1)
    f = np.exp(-z**2 / 2) / np.sqrt(2 * np.pi)
    r = r * np.sqrt(p1 * p2) / f
    y = np.clip(r, -1, 1)
    v = (p1 * p2 / f**2 - (1.5 + (1 - p1 * z / f) * (1 + p2 * z / f)) * y**2 + y**4) / (n - 1)
    if fisher:
        refuse(np.abs(r) >= 1, r, "a biserial correlation must lie between -1 and 1 to have a z")
        return complete(np.arctanh(r), v / (1 - r**2) ** 2)
    return complete(r, v)
