"""Odds ratios as standardised differences and the reverse, by the logistic distribution."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .measures import Effects, odds_ratio, small_sample, standardised_mean_difference

_SD = math.pi / math.sqrt(3)  # of the standard logistic distribution


def _times(found: Effects, factor: float) -> Effects:
    return Effects(found.yi * factor, found.vi * factor**2, found.used, found.reasons)


def smd_from_events(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute standardised mean differences from log odds ratios (metafor's OR2D).

    Conventions: the outcome behind the events is taken as logistic, of equal spread in both arms.
    Zero cells and rows without events are those of `odds_ratio`.

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.

    Returns
    -------
    Effects
        Of `odds_ratio` times √3/π, variances times 3/π².

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Chinn S (2000). A simple method for converting an odds ratio to effect size for use in
    meta-analysis. Statistics in Medicine 19:3127–3131. Cochrane Handbook, chapter 10.6.
    """
    return _times(odds_ratio(e1, n1, e2, n2, zero_cells, double_zeros), 1 / _SD)


def odds_ratio_from_means(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> Effects:
    """Compute log odds ratios from standardised mean differences (metafor's D2OR).

    Conventions: as `smd_from_events`. The difference is not corrected for small samples: with d of
    the pooled SD the variance of d is 1/n1 + 1/n2 + d²/(2(n1 + n2)), as metafor takes it here.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        As for `standardised_mean_difference`.

    Returns
    -------
    Effects
        `yi` = d π/√3, of having the larger values.

    Raises
    ------
    SynthesisError
        As `standardised_mean_difference`.

    References
    ----------
    Chinn S (2000). Statistics in Medicine 19:3127–3131. Cochrane Handbook, chapter 10.6.
    """
    n1, n2 = np.asarray(n1, float), np.asarray(n2, float)
    found = standardised_mean_difference(m1, sd1, n1, m2, sd2, n2)
    d = found.yi / small_sample(n1 + n2 - 2, "exact")
    return _times(Effects(d, 1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2)), found.used,
                          found.reasons), _SD)
