"""Single proportions and incidence rates, and rates of two arms, with sampling variances.

Events and totals may be fractional, because a design effect divides them. Time at risk may have
any unit; rates are per that unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .conversions.elementwise import inputs, like, output
from .errors import FloatArray, SynthesisError, choice, columns, refuse
from .measures import ZERO_CELLS, Effects, complete, double, with_reasons
from .notes import NOTES

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


def raw_proportion(events: ArrayLike, n: ArrayLike, zero_cells: str = "only") -> Effects:
    """Compute raw proportions p = x/n.

    Conventions (metafor's PR): 0.5 is added to events and to non-events (so 1 to the total) of the
    rows with no events or only events ('only'), of every row ('all') or of none ('none'), in the
    proportion and in its variance. Under 'none' a row whose variance is 0 is not used.

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = p, `vi` = p(1 − p)/n, of the corrected counts.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, `n` is not positive, or events exceed it.

    References
    ----------
    Schwarzer G, Rücker G (2022). Meta-analysis of proportions. In: Meta-Research, Methods in
    Molecular Biology 2345:159–172.
    """
    x, rest = _parts(events, n, zero_cells)
    total = x + rest
    return with_reasons(x / total, x * rest / total**3, [(x == 0, _NONE), (rest == 0, _FULL)])


def logit_proportion(events: ArrayLike, n: ArrayLike, zero_cells: str = "only") -> Effects:
    """Compute log odds of proportions; the inverse is `proportion_from_logit`.

    Conventions on rows without events or with only events: as in `raw_proportion` (metafor's PLO).

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = ln(x/(n − x)), `vi` = 1/x + 1/(n − x), of the corrected counts.

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Stijnen T, Hamza TH, Özdemir P (2010). Random effects meta-analysis of event outcome in the
    framework of the generalized linear mixed model. Statistics in Medicine 29:3046–3067.
    """
    x, rest = _parts(events, n, zero_cells)
    with np.errstate(divide="ignore"):
        yi, vi = np.log(x) - np.log(rest), 1 / x + 1 / rest
    return with_reasons(yi, vi, [(x == 0, _NONE), (rest == 0, _FULL)])


def log_proportion(events: ArrayLike, n: ArrayLike, zero_cells: str = "only") -> Effects:
    """Compute logs of proportions.

    Conventions on rows without events or with only events: as in `raw_proportion` (metafor's PLN).

    Parameters
    ----------
    events, n : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = ln(x/n), `vi` = 1/x − 1/n, of the corrected counts.

    Raises
    ------
    SynthesisError
        As `raw_proportion`.

    References
    ----------
    Schwarzer G, Rücker G (2022). Methods in Molecular Biology 2345:159–172.
    """
    x, rest = _parts(events, n, zero_cells)
    total = x + rest
    with np.errstate(divide="ignore", invalid="ignore"):
        # rest/(x total) is 1/x − 1/total without the cancellation near 1.
        yi, vi = np.log(x) - np.log(total), rest / (x * total)
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


def _at_risk(
    events: ArrayLike, time: ArrayLike, arm: str = ""
) -> tuple[FloatArray, FloatArray]:
    """Return checked events and times at risk, each of shape (k,)."""
    names = (f"e{arm}", f"t{arm}") if arm else ("events", "time")
    x, t = columns(**dict(zip(names, (events, time), strict=True)))
    refuse(x < 0, x, f"{names[0]} must not be negative")
    refuse(t <= 0, t, f"{names[1]} must be positive")
    return x, t


def _rate(
    events: ArrayLike, time: ArrayLike, zero_cells: str
) -> tuple[FloatArray, FloatArray]:
    """Return (corrected) events and times."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    x, t = _at_risk(events, time)
    add = {"only": np.where(x == 0, 0.5, 0.0), "all": 0.5, "none": 0.0}[zero_cells]
    return x + add, t


def incidence_rate(events: ArrayLike, time: ArrayLike, zero_cells: str = "only") -> Effects:
    """Compute incidence rates, events over time at risk, by Poisson's variance.

    Conventions (metafor's IR): 0.5 is added to the events, not to the time, of the rows without
    events ('only'), of every row ('all') or of none ('none'), in the rate and in its variance.
    Under 'none' a row without events is not used.

    Parameters
    ----------
    events : array_like, shape (k,)
        Events, which may exceed the number of people.
    time : array_like, shape (k,)
        Total time at risk, positive.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = x/t per unit of time, `vi` = x/t².

    Raises
    ------
    SynthesisError
        If events are negative, a time is not positive, or a value is not finite.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd ed., chapter 14.
    """
    x, t = _rate(events, time, zero_cells)
    return with_reasons(x / t, x / t**2, [(x == 0, _NONE)])


def log_incidence_rate(events: ArrayLike, time: ArrayLike, zero_cells: str = "only") -> Effects:
    """Compute natural logs of incidence rates.

    Conventions on rows without events: as in `incidence_rate` (metafor's IRLN).

    Parameters
    ----------
    events, time, zero_cells
        As for `incidence_rate`.

    Returns
    -------
    Effects
        `yi` = ln(x/t), `vi` = 1/x.

    Raises
    ------
    SynthesisError
        As `incidence_rate`.

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd ed., chapter 14.
    """
    x, t = _rate(events, time, zero_cells)
    with np.errstate(divide="ignore"):
        return with_reasons(np.log(x) - np.log(t), 1 / x, [(x == 0, _NONE)])


def root_incidence_rate(events: ArrayLike, time: ArrayLike) -> Effects:
    """Compute square roots of incidence rates, whose variance does not depend on the rate.

    Conventions: no correction is needed or made (metafor's IRS); a row without events gives 0. A
    value is turned back by its square, a negative limit by 0.

    Parameters
    ----------
    events, time : array_like, shape (k,)
        As for `incidence_rate`.

    Returns
    -------
    Effects
        `yi` = √(x/t), `vi` = 1/(4t).

    Raises
    ------
    SynthesisError
        As `incidence_rate`.

    References
    ----------
    Freeman MF, Tukey JW (1950). Annals of Mathematical Statistics 21:607–611.
    """
    x, t = _at_risk(events, time)
    return complete(np.sqrt(x / t), 1 / (4 * t))


def _two_rates(
    e1: ArrayLike, t1: ArrayLike, e2: ArrayLike, t2: ArrayLike, zero_cells: str
) -> tuple[list[FloatArray], NDArray[np.bool_]]:
    """Return (corrected) events and times of two arms, and where no arm has events."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    columns(e1=e1, t1=t1, e2=e2, t2=t2)
    (x1, t1), (x2, t2) = _at_risk(e1, t1, "1"), _at_risk(e2, t2, "2")
    zero = (x1 == 0) | (x2 == 0)
    add = {"only": np.where(zero, 0.5, 0.0), "all": 0.5, "none": 0.0}[zero_cells]
    return [x1 + add, t1, x2 + add, t2], (x1 == 0) & (x2 == 0)


def rate_ratio(
    e1: ArrayLike, t1: ArrayLike, e2: ArrayLike, t2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute log ratios of two incidence rates.

    Conventions: 0.5 is added to the events of both arms of the rows with a zero in either ('only'),
    of every row ('all') or of none ('none'). A row without events in both arms is not used unless
    'keep' and a correction give it a variance (metafor's IRR keeps it unless drop00=TRUE).

    Parameters
    ----------
    e1, t1, e2, t2 : array_like, shape (k,)
        Events and times at risk of arms 1 and 2.
    zero_cells : {'only', 'all', 'none'}
    double_zeros : {'drop', 'keep'}

    Returns
    -------
    Effects
        `yi` = ln((x1/t1)/(x2/t2)), `vi` = 1/x1 + 1/x2.

    Raises
    ------
    SynthesisError
        If events are negative, a time is not positive, a value is not finite, or an option is
        unknown.

    References
    ----------
    Cochrane Handbook, chapter 6.7.1. Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology,
    3rd ed., chapter 14.
    """
    (x1, t1, x2, t2), none = _two_rates(e1, t1, e2, t2, zero_cells)
    reasons = [*double(double_zeros, none), ((x1 == 0) | (x2 == 0), _NONE)]
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(x1 / t1) - np.log(x2 / t2)
        return with_reasons(yi, 1 / x1 + 1 / x2, reasons)


def rate_difference(
    e1: ArrayLike, t1: ArrayLike, e2: ArrayLike, t2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "keep",
) -> Effects:
    """Compute differences of two incidence rates, arm 1 minus arm 2.

    Conventions: corrected as in `rate_ratio`, in difference and variance; rows without events are
    used by default, as in `risk_difference`. Under 'none' a row whose variance is 0 is not used.

    Parameters
    ----------
    e1, t1, e2, t2, zero_cells, double_zeros
        As for `rate_ratio`.

    Returns
    -------
    Effects
        `yi` = x1/t1 − x2/t2 per unit of time, `vi` = x1/t1² + x2/t2².

    Raises
    ------
    SynthesisError
        As `rate_ratio`.

    References
    ----------
    Cochrane Handbook, chapter 6.7.1.
    """
    (x1, t1, x2, t2), none = _two_rates(e1, t1, e2, t2, zero_cells)
    vi = x1 / t1**2 + x2 / t2**2
    reasons = [*double(double_zeros, none), (vi == 0, _NONE)]
    return with_reasons(x1 / t1 - x2 / t2, vi, reasons)


def root_rate_difference(
    e1: ArrayLike, t1: ArrayLike, e2: ArrayLike, t2: ArrayLike, double_zeros: str = "keep"
) -> Effects:
    """Compute differences of square roots of two incidence rates, arm 1 minus arm 2.

    Conventions (metafor's IRSD): no correction is needed or made; rows without events are used by
    default.

    Parameters
    ----------
    e1, t1, e2, t2, double_zeros
        As for `rate_ratio`.

    Returns
    -------
    Effects
        `yi` = √(x1/t1) − √(x2/t2) per root of the unit of time, `vi` = 1/(4 t1) + 1/(4 t2).

    Raises
    ------
    SynthesisError
        As `rate_ratio`.

    References
    ----------
    Freeman MF, Tukey JW (1950). Transformations related to the angular and the square root. Annals
    of Mathematical Statistics 21:607–611.
    """
    (x1, t1, x2, t2), none = _two_rates(e1, t1, e2, t2, "none")
    yi = np.sqrt(x1 / t1) - np.sqrt(x2 / t2)
    return with_reasons(yi, 1 / (4 * t1) + 1 / (4 * t2), double(double_zeros, none))
