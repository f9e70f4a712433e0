"""Single proportions with their sampling variances.

Events and totals may be fractional, because a design effect divides them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .conversions.elementwise import inputs, like, output
from .errors import FloatArray, SynthesisError, choice, columns, refuse
from .events import RISK_VARIANCES, of_risk
from .measures import ZERO_CELLS, Effects, average, complete, with_reasons
from .notes import NOTES

TRANSFORMED_VARIANCES = ("LS", "AV")
_NONE, _FULL = NOTES["none"], NOTES["full"]


def _events(events: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return checked events and totals of single groups, each of shape (k,)."""
    x, n = columns(events=events, n=n)
    refuse(n <= 0, n, "n must be positive")
    refuse(x < 0, x, "events must not be negative")
    refuse(x > n, x, "events must not exceed n")
    return x, n


def _parts(
    events: ArrayLike, n: ArrayLike, zero_cells: str
) -> tuple[FloatArray, FloatArray]:
    """Return (corrected) events and non-events."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    x, n = _events(events, n)
    zero = (x == 0) | (x == n)
    add = {"only": np.where(zero, 0.5, 0.0), "all": 0.5, "none": 0.0}[zero_cells]
    return x + add, n - x + add


def raw_proportion(
    events: ArrayLike, n: ArrayLike, zero_cells: str = "only", variance: str = "LS"
) -> Effects:
    """Compute raw proportions p = x/n.

    Conventions (metafor's PR): 0.5 is added to events and to non-events (so 1 to the total) of the
    rows with no events or only events ('only'), of every row ('all') or of none ('none'), in the
    proportion and in its variance. Under 'none' a row whose variance is 0 is not used.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    variance : {'LS', 'UB', 'AV'}

    Returns
    -------
    Effects
        `yi` = p, `vi` = p(1 − p)/n, of the corrected counts; with n − 1 in the place of n ('UB'),
        or with the mean p of all rows, weighted by n, in the place of each ('AV').

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, `n` is not positive ('UB': 1 or less), events exceed
        it, or an option is unknown.

    References
    ----------
    Schwarzer G, Rücker G (2022). Meta-analysis of proportions. In: Meta-Research, Methods in
    Molecular Biology 2345:159–172.
    """
    choice("variance", variance, RISK_VARIANCES)
    x, rest = _parts(events, n, zero_cells)
    return with_reasons(x / (x + rest), of_risk(x, rest, variance),
                        [(x == 0, _NONE), (rest == 0, _FULL)])


def logit_proportion(
    events: ArrayLike, n: ArrayLike, zero_cells: str = "only", variance: str = "LS"
) -> Effects:
    """Compute log odds of proportions; the inverse is `proportion_from_logit`.

    Conventions on rows without events or with only events: as in `raw_proportion` (metafor's PLO).

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    variance : {'LS', 'AV'}

    Returns
    -------
    Effects
        `yi` = ln(x/(n − x)), `vi` = 1/x + 1/(n − x), of the corrected counts; with n times the mean
        proportion of all rows, weighted by n, in the place of each x ('AV').

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Stijnen T, Hamza TH, Özdemir P (2010). Random effects meta-analysis of event outcome in the
    framework of the generalized linear mixed model. Statistics in Medicine 29:3046–3067.
    """
    choice("variance", variance, TRANSFORMED_VARIANCES)
    x, rest = _parts(events, n, zero_cells)
    e, other = _expected(x, rest, variance)
    with np.errstate(divide="ignore"):
        yi, vi = np.log(x) - np.log(rest), 1 / e + 1 / other
    return with_reasons(yi, vi, [(x == 0, _NONE), (rest == 0, _FULL)])


def _expected(x: FloatArray, rest: FloatArray, variance: str) -> tuple[FloatArray, FloatArray]:
    """Events and non-events that a variance is computed from."""
    if variance == "LS":
        return x, rest
    n = x + rest
    return n * average(x / n, n), n * average(rest / n, n)


def log_proportion(
    events: ArrayLike, n: ArrayLike, zero_cells: str = "only", variance: str = "LS"
) -> Effects:
    """Compute logs of proportions.

    Conventions on rows without events or with only events: as in `raw_proportion` (metafor's PLN).

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    variance : {'LS', 'AV'}

    Returns
    -------
    Effects
        `yi` = ln(x/n), `vi` = 1/x − 1/n, of the corrected counts; with n times the mean proportion
        of all rows, weighted by n, in the place of each x ('AV').

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Schwarzer G, Rücker G (2022). Methods in Molecular Biology 2345:159–172.
    """
    choice("variance", variance, TRANSFORMED_VARIANCES)
    x, rest = _parts(events, n, zero_cells)
    total = x + rest
    e, other = _expected(x, rest, variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        # other/(e total) is 1/e − 1/total without the cancellation near 1.
        yi, vi = np.log(x) - np.log(total), other / (e * total)
    return with_reasons(yi, vi, [(x == 0, _NONE), (rest == 0, _FULL)])


def arcsine_proportion(events: ArrayLike, n: ArrayLike) -> Effects:
    """Compute arcsine square roots of proportions (metafor's PAS); no correction is made.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.

    Returns
    -------
    Effects
        `yi` = arcsin √(x/n), between 0 and π/2, `vi` = 1/(4n).

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Schwarzer G, Rücker G (2022). Methods in Molecular Biology 2345:159–172.
    """
    x, n = _events(events, n)
    return complete(np.arcsin(np.sqrt(x / n)), 1 / (4 * n))


def _double_arcsine(x: FloatArray, n: FloatArray) -> FloatArray:
    return (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2


def double_arcsine_proportion(events: ArrayLike, n: ArrayLike) -> Effects:
    """Compute Freeman and Tukey's double arcsine of proportions.

    Conventions: half the sum of the two arcsines (metafor's PFT), so values lie between 0 and π/2;
    no correction is needed or made.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.

    Returns
    -------
    Effects
        `yi` = ½(asin √(x/(n + 1)) + asin √((x + 1)/(n + 1))), `vi` = 1/(4n + 2).

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Freeman MF, Tukey JW (1950). Transformations related to the angular and the square root. Annals
    of Mathematical Statistics 21:607–611.
    """
    x, n = _events(events, n)
    return complete(_double_arcsine(x, n), 1 / (4 * n + 2))


def proportion_from_logit(value: ArrayLike) -> float | FloatArray:
    """Return the proportion 1/(1 + exp(−value)) of log odds.

    Parameters
    ----------
    value : float or array_like, shape (k,)

    Returns
    -------
    float or ndarray, shape (k,)

    Raises
    ------
    SynthesisError
        If a value is not finite.
    """
    (value,), scalar = inputs(value=value)
    small = np.exp(-np.abs(value))
    return output(np.where(value < 0, small, 1.0) / (1 + small), scalar)


def harmonic_mean(n: ArrayLike) -> float:
    """Return k/Σ(1/n), the sample size at which a pooled double arcsine is turned back.

    Parameters
    ----------
    n : array_like, shape (k,)
        Positive.

    Returns
    -------
    float

    Raises
    ------
    SynthesisError
        If a size is not positive.

    References
    ----------
    Miller JJ (1978). The American Statistician 32:138.
    """
    (n,) = columns(n=n)
    refuse(n <= 0, n, "n must be positive")
    return float(n.size / (1 / n).sum())


def proportion_from_double_arcsine(value: ArrayLike, n: ArrayLike) -> float | FloatArray:
    """Turn a double arcsine back into a proportion by Miller's formula.

    Conventions: for one study `n` is its own size; for a pooled value and its limits it is
    `harmonic_mean` of the sizes. Values at or below the transform of no events in n give 0, at or
    above that of only events 1. With sizes that differ much the harmonic mean can mislead: the
    result may lie outside the studies' proportions (Schwarzer 2019), so give the logit beside it.

    Parameters
    ----------
    value : float or array_like, shape (k,)
        On the scale of `double_arcsine_proportion`.
    n : float or array_like, shape (k,)
        Positive; one number serves every row.

    Returns
    -------
    float or ndarray, shape (k,)
        ½(1 − sgn(cos 2t) √(1 − (sin 2t + (sin 2t − 1/sin 2t)/n)²)).

    Raises
    ------
    SynthesisError
        If a value is not finite or `n` is not positive.

    References
    ----------
    Miller JJ (1978). The inverse of the Freeman–Tukey double arcsine transformation. The American
    Statistician 32:138. Schwarzer G, Chemaitelly H, Abu-Raddad LJ, Rücker G (2019). Seriously
    misleading results using inverse of Freeman–Tukey double arcsine transformation in
    meta-analysis of single proportions. Research Synthesis Methods 10:476–483.
    """
    (value,), scalar = inputs(value=value)
    size = like(value.shape, n=n)
    if np.any(size <= 0):
        raise SynthesisError(f"n must be positive, not {size.min():g}")
    low, high = _double_arcsine(np.zeros(size.shape), size), _double_arcsine(size, size)
    inside = np.clip(value, low, high)
    sine = np.sin(2 * inside)
    root = np.sqrt(np.maximum(0.0, 1 - (sine + (sine - 1 / sine) / size) ** 2))
    p = (1 - np.sign(np.cos(2 * inside)) * root) / 2
    return output(np.where(value <= low, 0.0, np.where(value >= high, 1.0, p)), scalar)
