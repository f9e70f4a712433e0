"""Counts from percentages, and exact bounds of proportions."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, expm1, floor, log1p

from scipy.special import betaincinv

from ..errors import SynthesisError, probability


def events_from_percentage(
    percent: float | str, total: int, decimals: int | None = None
) -> int | None:
    """Find the one count whose percentage of `total` rounds to the printed one.

    A half counts as rounding either way, because reports do not say how they round.

    Parameters
    ----------
    percent : float or str
        Printed percentage; as text ("12.0", "12.0%") it tells its decimals.
    total : int
        Number of participants.
    decimals : int, optional
        Decimals printed; None takes those of the text, or of the shortest form of the number
        (12.0 then has none).

    Returns
    -------
    int or None
        The count; None when no count or several counts fit.

    Raises
    ------
    SynthesisError
        If `percent` is not a number from 0 to 100, `total` is not a positive whole number, or
        `decimals` is negative.
    """
    if not 0 < total < float("inf") or total != int(total):
        raise SynthesisError(f"total must be a positive whole number, not {total}")
    text = str(percent).strip().removesuffix("%").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise SynthesisError(f"percent is not a number: {percent!r}") from None
    if not value.is_finite() or not 0 <= value <= 100:
        raise SynthesisError(f"percent must lie between 0 and 100, not {percent}")
    if decimals is None:
        exact = value if isinstance(percent, str) else value.normalize()
        decimals = max(0, -exact.as_tuple().exponent)
    if decimals < 0:
        raise SynthesisError(f"decimals must not be negative, not {decimals}")
    # Exact arithmetic: a count on the border must not depend on binary rounding.
    half = Fraction(1, 2 * 10**decimals)
    share = Fraction(value)
    least = max(0, ceil((share - half) * int(total) / 100))
    most = min(int(total), floor((share + half) * int(total) / 100))
    return least if least == most else None


def upper_bound_zero_events(n: float, level: float = 0.95) -> float:
    """Compute the one-sided exact upper bound of a risk when none of n had the event.

    Parameters
    ----------
    n : float
        Participants, positive (fractional after division by a design effect).
    level : float

    Returns
    -------
    float
        1 − (1 − level)^(1/n), a proportion.

    Raises
    ------
    SynthesisError
        If `n` is not positive and finite or `level` is not between 0 and 1.

    References
    ----------
    Clopper CJ, Pearson ES (1934). The use of confidence or fiducial limits illustrated in the case
    of the binomial. Biometrika 26:404–413.
    """
    if not 0 < n < float("inf"):
        raise SynthesisError(f"n must be positive and finite, not {n}")
    return -expm1(log1p(-probability("level", level)) / n)


def clopper_pearson(events: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Compute the two-sided exact interval of a proportion.

    Parameters
    ----------
    events, n : int
        Count and total.
    level : float

    Returns
    -------
    tuple of float
        (low, high), proportions.

    Raises
    ------
    SynthesisError
        If a count is negative or not whole, events exceed n, or `level` is not between 0 and 1.

    References
    ----------
    Clopper CJ, Pearson ES (1934). Biometrika 26:404–413.
    """
    for name, count in (("events", events), ("n", n)):
        if not 0 <= count < float("inf") or count != int(count):
            raise SynthesisError(f"{name} must be a whole number, not {count}")
    if n == 0 or events > n:
        raise SynthesisError(f"events must not exceed n and n must be positive: {events} of {n}")
    tail = (1 - probability("level", level)) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, n - events + 1, tail))
    high = 1.0 if events == n else float(betaincinv(events + 1, n - events, 1 - tail))
    return low, high
