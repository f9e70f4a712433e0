"""Incidence rates of single groups and of two arms with their sampling variances.

Events may be fractional, because a design effect divides them. Time at risk may have any unit;
rates are per that unit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .conversions.elementwise import inputs, like, output
from .errors import FloatArray, SynthesisError, choice, columns, refuse
from .measures import ZERO_CELLS, Effects, complete, double, with_reasons
from .notes import NOTES

_NONE = NOTES["none"]


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


def double_root_incidence_rate(events: ArrayLike, time: ArrayLike) -> Effects:
    """Compute Freeman and Tukey's square roots of incidence rates (metafor's IRFT).

    Conventions: half the sum of the two roots; no correction is needed or made.

    Parameters
    ----------
    events, time : array_like, shape (k,)
        As for `incidence_rate`.

    Returns
    -------
    Effects
        `yi` = ½(√(x/t) + √((x + 1)/t)), `vi` = 1/(4t).

    Raises
    ------
    SynthesisError
        As `incidence_rate`.

    References
    ----------
    Freeman MF, Tukey JW (1950). Annals of Mathematical Statistics 21:607–611.
    """
    x, t = _at_risk(events, time)
    return complete((np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t))


def rate_from_double_root(value: ArrayLike, time: ArrayLike) -> float | FloatArray:
    """Turn Freeman and Tukey's root back into a rate.

    Conventions: for one study `time` is its own; for a pooled value and its limits it is
    `harmonic_mean` of the times. Values at or below the transform of no events give 0.

    Parameters
    ----------
    value : float or array_like, shape (k,)
        On the scale of `double_root_incidence_rate`.
    time : float or array_like, shape (k,)
        Positive; one number serves every row.

    Returns
    -------
    float or ndarray, shape (k,)
        (y − 1/(4yt))², since the two roots differ by 1/(2yt).

    Raises
    ------
    SynthesisError
        If a value is not finite or a time is not positive.

    References
    ----------
    Freeman MF, Tukey JW (1950). Annals of Mathematical Statistics 21:607–611.
    """
    (value,), scalar = inputs(value=value)
    size = like(value.shape, time=time)
    if np.any(size <= 0):
        raise SynthesisError(f"time must be positive, not {size.min():g}")
    least = 1 / (2 * np.sqrt(size))
    inside = np.maximum(value, least)
    return output(np.where(value <= least, 0.0, (inside - least**2 / inside) ** 2), scalar)


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
