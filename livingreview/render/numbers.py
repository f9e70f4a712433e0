"""Numbers as readers expect them."""

from __future__ import annotations

from ..review.results import rounded

MINUS = "\N{MINUS SIGN}"


def number(value: float | None, decimals: int = 1) -> str:
    """A number with a real minus sign; empty where there is none.

    It is rounded from what ``results.json`` holds, so that page and file never differ by a digit.

    >>> number(-2.25)
    '−2.2'
    """
    if value is None:
        return ""
    shown = f"{rounded(float(value)):,.{decimals}f}"
    if float(shown.replace(",", "")) == 0:
        shown = shown.lstrip("-")
    return shown.replace("-", MINUS)


def count(value: float | None) -> str:
    """A whole number, or one decimal where a design effect made it fractional."""
    if value is None:
        return ""
    return number(value, 0 if abs(value - round(value)) < 1e-9 else 1)


def interval(low: float | None, high: float | None, decimals: int = 1) -> str:
    """An interval as "low to high", empty where there is none."""
    if low is None or high is None:
        return ""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def short(value: float) -> str:
    """A number with no more digits than it needs: a month, a label of an axis."""
    return f"{value:g}".replace("-", MINUS)
