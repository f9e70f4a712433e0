"""How many participants a single trial would need: the optimal information size."""

from __future__ import annotations

import math

from scipy import special

from .errors import SynthesisError


def quantiles(alpha: float = 0.05, power: float = 0.8) -> tuple[float, float]:
    """The normal quantiles of a two-sided test and of its power.

    Parameters
    ----------
    alpha : float, optional
        Chance of a false positive, on both sides together.
    power : float, optional
        Chance to find what is there.

    Raises
    ------
    SynthesisError
        For chances that are not between 0 and 1.
    """
    if not (0 < alpha < 1 and 0 < power < 1):
        raise SynthesisError(f"alpha {alpha} and power {power} must lie between 0 and 1")
    return float(special.ndtri(1 - alpha / 2)), float(special.ndtri(power))


def size_of_means(difference: float, sd: float, *, alpha: float = 0.05,
                  power: float = 0.8) -> float:
    """Participants of both arms together that find a difference of means.

    By the normal distribution: 4 (z₁ + z₂)² σ² / δ².

    Parameters
    ----------
    difference : float
        To be found, for example the minimal important difference; unit of `sd`.
    sd : float
        Of one patient's value.
    alpha, power : float, optional

    Returns
    -------
    float
        Not rounded; two arms of one size.

    Raises
    ------
    SynthesisError
        For a difference of 0 and an SD that is not above 0.

    References
    ----------
    Pogue JM, Yusuf S (1997). Cumulating evidence from randomized trials. Control Clin Trials
    18:580-593 (the optimal information size).
    Guyatt GH et al. (2011). GRADE guidelines 6: imprecision. J Clin Epidemiol 64:1283-1293.
    """
    if not (math.isfinite(difference) and difference and math.isfinite(sd) and sd > 0):
        raise SynthesisError(f"no information size for a difference of {difference} and an SD of "
                             f"{sd}: the one must not be 0, the other must be above it")
    return 4 * (sum(quantiles(alpha, power)) * sd / difference) ** 2


def size_of_risks(risk: float, reduction: float, *, alpha: float = 0.05,
                  power: float = 0.8) -> float:
    """Participants of both arms together that find a relative reduction of a risk.

    By the normal distribution, with the mean risk under the hypothesis that there is no
    difference, as R's ``power.prop.test`` has it.

    Parameters
    ----------
    risk : float
        Of the controls, above 0 and up to 1.
    reduction : float
        Share of the risk that is taken away, above 0 and up to 1.
    alpha, power : float, optional

    Returns
    -------
    float
        Not rounded; two arms of one size.

    Raises
    ------
    SynthesisError
        For a risk or a reduction outside these limits.

    References
    ----------
    As in :func:`size_of_means`.
    """
    if not (0 < risk <= 1 and 0 < reduction <= 1):
        raise SynthesisError(f"no information size for a risk of {risk} that is lowered by "
                             f"{reduction}: both must be above 0 and at most 1")
    less = risk * (1 - reduction)
    both = risk + less
    two_sided, powerful = quantiles(alpha, power)
    found = two_sided * math.sqrt(both * (1 - both / 2)) + powerful * math.sqrt(
        risk * (1 - risk) + less * (1 - less))
    return 2 * (found / (risk - less)) ** 2
