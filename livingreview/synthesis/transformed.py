"""Events as standardised differences and the reverse, by a distribution behind the events."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from .errors import choice
from .events import cells, odds_ratio
from .measures import (
    Effects,
    double,
    small_sample,
    standardised_mean_difference,
    with_reasons,
)
from .notes import NOTES

# The odds ratio of a difference of one SD, as a logarithm: the SD of the standard logistic
# distribution, and what Cox and Snell take for the normal one.
_PER_SD = {"logistic": math.pi / math.sqrt(3), "normal": 1.65}
DISTRIBUTIONS = tuple(_PER_SD)


def _times(found: Effects, factor: float) -> Effects:
    return Effects(found.yi * factor, found.vi * factor**2, found.used, found.reasons)


def smd_from_events(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop", distribution: str = "logistic",
) -> Effects:
    """Compute standardised mean differences from log odds ratios (metafor's OR2D, OR2DN).

    Conventions: the outcome behind the events is taken as logistic (OR2D), or as normal (OR2DN), of
    equal spread in both arms. Zero cells and rows without events are those of `odds_ratio`.

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.
    distribution : {'logistic', 'normal'}

    Returns
    -------
    Effects
        Of `odds_ratio` divided by π/√3, or by 1.65; variances by the square of it.

    Raises
    ------
    SynthesisError
        As `odds_ratio`, or if the distribution is unknown.

    References
    ----------
    Chinn S (2000). A simple method for converting an odds ratio to effect size for use in
    meta-analysis. Statistics in Medicine 19:3127–3131. Cochrane Handbook, chapter 10.6. Cox DR,
    Snell EJ (1989). Analysis of Binary Data, 2nd ed. ('normal').
    """
    choice("distribution", distribution, DISTRIBUTIONS)
    return _times(odds_ratio(e1, n1, e2, n2, zero_cells, double_zeros), 1 / _PER_SD[distribution])


def probit_difference(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute differences of probits of risks, arm 1 minus arm 2 (metafor's PBIT).

    Conventions: they estimate the standardised mean difference of a normal outcome behind the
    events. Zero cells and rows without events are those of `odds_ratio`.

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.

    Returns
    -------
    Effects
        `yi` = z1 − z2 with zᵢ = Φ⁻¹(pᵢ), `vi` = Σ 2π pᵢ(1 − pᵢ) exp(zᵢ²)/nᵢ, by the delta method.

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Sánchez-Meca J, Marín-Martínez F, Chacón-Moscoso S (2003). Effect-size indices for dichotomized
    outcomes in meta-analysis. Psychological Methods 8:448–467.
    """
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    parts = []
    with np.errstate(invalid="ignore", over="ignore"):
        for events, rest in ((a, b), (c, d)):
            n = events + rest
            z = ndtri(events / n)
            parts.append((z, 2 * np.pi * events * rest * np.exp(z**2) / n**3))
        yi, vi = parts[0][0] - parts[1][0], parts[0][1] + parts[1][1]
    bare = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (bare, NOTES["zero-cell"])])


def odds_ratio_from_means(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    distribution: str = "logistic",
) -> Effects:
    """Compute log odds ratios from standardised mean differences (metafor's D2OR, D2ORN).

    Conventions: as `smd_from_events`. The difference is not corrected for small samples: with d of
    the pooled SD the variance of d is 1/n1 + 1/n2 + d²/(2(n1 + n2)), as metafor takes it here.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        As for `standardised_mean_difference`.
    distribution : {'logistic', 'normal'}

    Returns
    -------
    Effects
        `yi` = d π/√3, or 1.65 d, of having the larger values.

    Raises
    ------
    SynthesisError
        As `standardised_mean_difference`.

    References
    ----------
    Chinn S (2000). Statistics in Medicine 19:3127–3131. Cochrane Handbook, chapter 10.6.
    """
    choice("distribution", distribution, DISTRIBUTIONS)
    n1, n2 = np.asarray(n1, float), np.asarray(n2, float)
    found = standardised_mean_difference(m1, sd1, n1, m2, sd2, n2)
    d = found.yi / small_sample(n1 + n2 - 2, "exact")
    return _times(Effects(d, 1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)), found.used,
                          found.reasons), _PER_SD[distribution])
