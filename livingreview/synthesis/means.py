"""Means of single groups as effects."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .errors import FloatArray, columns, refuse
from .measures import Effects, complete, small_sample


def _group(
    m: ArrayLike, sd: ArrayLike, n: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return checked means, standard deviations and totals, each of shape (k,)."""
    m, sd, n = columns(m=m, sd=sd, n=n)
    refuse(sd <= 0, sd, "sd must be positive")
    refuse(n <= 1, n, "n must exceed 1 for a mean with a standard deviation")
    return m, sd, n


def raw_mean(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Return means of single groups with their variances (metafor's MN).

    Mean changes with the standard deviation of the changes are such means too.

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` in the unit of the means, `vi` = sd²/n.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 6.5.2.2 (SE = SD/√n).
    """
    m, sd, n = _group(m, sd, n)
    return complete(m, sd**2 / n)


def log_mean(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Return natural logs of means of single groups (metafor's MNLN).

    Conventions: meant for a scale with a true zero.

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Positive means, standard deviations and totals above 1.

    Returns
    -------
    Effects
        `yi` = ln m, `vi` = sd²/(n m²) by the delta method.

    Raises
    ------
    SynthesisError
        If a mean or an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS (1999). The meta-analysis of response ratios in experimental
    ecology. Ecology 80:1150–1156 (the part of one arm).
    """
    m, sd, n = _group(m, sd, n)
    refuse(m <= 0, m, "m must be positive for its logarithm")
    return complete(np.log(m), (sd / m) ** 2 / n)


def standardised_mean(
    m: ArrayLike, sd: ArrayLike, n: ArrayLike, correction: str = "exact"
) -> Effects:
    """Return means of single groups in their standard deviations (metafor's SMN).

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Means and standard deviations, in one unit, and totals above 2.
    correction : {'exact', 'approximate'}
        J of `standardised_mean_difference`, on n − 1 degrees of freedom.

    Returns
    -------
    Effects
        `yi` = g = J m/sd, `vi` = 1/n + g²/(2n).

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 2 or less, a value is not finite, or the option is
        unknown.

    References
    ----------
    Hedges LV (1981). Journal of Educational Statistics 6:107–128 (for one group).
    """
    m, sd, n = _group(m, sd, n)
    refuse(n <= 2, n, "n must exceed 2 for a standardised mean")
    g = small_sample(n - 1, correction) * m / sd
    return complete(g, (1 + g**2 / 2) / n)
