"""How much people vary as effects: standard deviations and coefficients of variation, as logs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .changes import correlations
from .errors import FloatArray, columns, refuse
from .measures import Effects, complete


def _log_sd(sd: FloatArray, n: FloatArray, arm: str = "") -> tuple[FloatArray, FloatArray]:
    """Logs of standard deviations, without the bias of small samples, and their variances."""
    refuse(sd <= 0, sd, f"sd{arm} must be positive")
    refuse(n <= 1, n, f"n{arm} must exceed 1 for a standard deviation")
    half = 1 / (2 * (n - 1))
    return np.log(sd) + half, half


def _log_cv(m: FloatArray, sd: FloatArray, n: FloatArray, arm: str = ""
            ) -> tuple[FloatArray, FloatArray]:
    """Logs of coefficients of variation and their variances."""
    refuse(m <= 0, m, f"m{arm} must be positive for a coefficient of variation")
    log_sd, variance = _log_sd(sd, n, arm)
    return log_sd - np.log(m), variance + (sd / m) ** 2 / n


def log_sd(sd: ArrayLike, n: ArrayLike) -> Effects:
    """Return natural logs of standard deviations of single groups (metafor's SDLN).

    Parameters
    ----------
    sd, n : array_like, shape (k,)
        Standard deviations and totals above 1.

    Returns
    -------
    Effects
        `yi` = ln sd + 1/(2(n − 1)), `vi` = 1/(2(n − 1)).

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Nakagawa S, Poulin R, Mengersen K, et al. (2015). Meta-analysis of variation: ecological and
    evolutionary applications and beyond. Methods in Ecology and Evolution 6:143–152.
    """
    return complete(*_log_sd(*columns(sd=sd, n=n)))


def log_variation(m: ArrayLike, sd: ArrayLike, n: ArrayLike) -> Effects:
    """Return natural logs of coefficients of variation of single groups (metafor's CVLN).

    Conventions: meant for a scale with a true zero; mean and SD are taken as independent, as in
    normal data.

    Parameters
    ----------
    m, sd, n : array_like, shape (k,)
        Positive means and standard deviations, in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` = ln(sd/m) + 1/(2(n − 1)), `vi` = 1/(2(n − 1)) + sd²/(n m²).

    Raises
    ------
    SynthesisError
        If a mean or an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Nakagawa S, et al. (2015). Methods in Ecology and Evolution 6:143–152.
    """
    return complete(*_log_cv(*columns(m=m, sd=sd, n=n)))


def variability_ratio(sd1: ArrayLike, n1: ArrayLike, sd2: ArrayLike, n2: ArrayLike) -> Effects:
    """Compute log ratios of standard deviations of two arms (metafor's VR).

    Parameters
    ----------
    sd1, n1, sd2, n2 : array_like, shape (k,)
        Standard deviations, in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` = ln(sd1/sd2) + 1/(2(n1 − 1)) − 1/(2(n2 − 1)), `vi` = 1/(2(n1 − 1)) + 1/(2(n2 − 1)).

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Nakagawa S, et al. (2015). Methods in Ecology and Evolution 6:143–152.
    """
    sd1, n1, sd2, n2 = columns(sd1=sd1, n1=n1, sd2=sd2, n2=n2)
    (y1, v1), (y2, v2) = _log_sd(sd1, n1, "1"), _log_sd(sd2, n2, "2")
    return complete(y1 - y2, v1 + v2)


def variation_ratio(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> Effects:
    """Compute log ratios of coefficients of variation of two arms (metafor's CVR).

    Conventions: as `log_variation`.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Positive means and standard deviations, all in one unit, and totals above 1.

    Returns
    -------
    Effects
        Of `log_variation` in arm 1 less that in arm 2, with the sum of the variances.

    Raises
    ------
    SynthesisError
        If a mean or an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Nakagawa S, et al. (2015). Methods in Ecology and Evolution 6:143–152.
    """
    m1, sd1, n1, m2, sd2, n2 = columns(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    (y1, v1), (y2, v2) = _log_cv(m1, sd1, n1, "1"), _log_cv(m2, sd2, n2, "2")
    return complete(y1 - y2, v1 + v2)


def _paired_spread(
    sd_baseline: FloatArray, sd_final: FloatArray, n: FloatArray, correlation: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Log ratio of the SDs of one group, its variance, and the correlation by row."""
    for name, sd in (("sd_baseline", sd_baseline), ("sd_final", sd_final)):
        refuse(sd <= 0, sd, f"{name} must be positive")
    refuse(n <= 1, n, "n must exceed 1 for a standard deviation")
    r = correlations(correlation, n.size)
    return np.log(sd_final / sd_baseline), (1 - r) * (1 + r) / (n - 1), r


def paired_variability_ratio(
    sd_baseline: ArrayLike, sd_final: ArrayLike, n: ArrayLike, correlation: ArrayLike
) -> Effects:
    """Compute log ratios of the SDs of one group, final over baseline (metafor's VRC).

    Parameters
    ----------
    sd_baseline, sd_final, n : array_like, shape (k,)
        Standard deviations, in one unit, and totals above 1.
    correlation : float or array_like, shape (k,)
        Between baseline and final values, within ±1; one number serves every row.

    Returns
    -------
    Effects
        `yi` = ln(sd_f/sd_b), `vi` = (1 − r²)/(n − 1).

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, a correlation is beyond or at ±1, or a value
        is not finite.

    References
    ----------
    Nakagawa S, et al. (2015). Methods in Ecology and Evolution 6:143–152.
    """
    sd_baseline, sd_final, n = columns(sd_baseline=sd_baseline, sd_final=sd_final, n=n)
    return complete(*_paired_spread(sd_baseline, sd_final, n, correlation)[:2])


def paired_variation_ratio(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike,
) -> Effects:
    """Compute log ratios of the coefficients of variation of one group (metafor's CVRC).

    Conventions: as `log_variation`; final over baseline.

    Parameters
    ----------
    m_baseline, sd_baseline, m_final, sd_final, n : array_like, shape (k,)
        Positive means and standard deviations, all in one unit, and totals above 1.
    correlation : float or array_like, shape (k,)
        Between baseline and final values, within ±1; one number serves every row.

    Returns
    -------
    Effects
        With c = sd/m: `yi` = ln(c_f/c_b), `vi` = (1 − r²)/(n − 1) + (c_f² + c_b² − 2r c_f c_b)/n.

    Raises
    ------
    SynthesisError
        If a mean or an SD is not positive, a total is 1 or less, a correlation is beyond ±1, or a
        value is not finite.

    References
    ----------
    Nakagawa S, et al. (2015). Methods in Ecology and Evolution 6:143–152.
    """
    m_baseline, sd_baseline, m_final, sd_final, n = columns(
        m_baseline=m_baseline, sd_baseline=sd_baseline, m_final=m_final, sd_final=sd_final, n=n)
    for name, mean in (("m_baseline", m_baseline), ("m_final", m_final)):
        refuse(mean <= 0, mean, f"{name} must be positive for a coefficient of variation")
    ratio, v, r = _paired_spread(sd_baseline, sd_final, n, correlation)
    before, after = sd_baseline / m_baseline, sd_final / m_final
    return complete(ratio - np.log(m_final / m_baseline),
                    v + ((after - before) ** 2 + 2 * before * after * (1 - r)) / n)
