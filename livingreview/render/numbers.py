"""Numbers as readers expect them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence

from ..review.written import rounded

MINUS = "\N{MINUS SIGN}"
SMALLEST = 0.0005  # a share below it would be written as 0.0%


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


def short(value: float) -> str:
    """A number with no more digits than it needs: a month, a label of an axis."""
    return f"{value:g}".replace("-", MINUS)


def bare(value: float) -> str:
    """One decimal at most, and below 1 two digits: a smallest change that matters.

    >>> bare(10.0), bare(8.333), bare(0.05)
    ('10', '8.3', '0.05')
    """
    shown = f"{value:.1f}".removesuffix(".0") if abs(value) >= 1 else f"{value:.2g}"
    return shown.replace("-", MINUS)


def percent(share: float) -> str:
    """A share in per cent, never as 0.0%.

    >>> percent(0.123), percent(0.0001)
    ('12.3%', '<0.1%')
    """
    return "<0.1%" if share < SMALLEST else f"{number(100 * share, 1)}%"


def significant(value: float | None) -> str:
    """Four significant digits, with the minus sign of a keyboard, for a terminal.

    >>> significant(-12.3456), significant(None)
    ('-12.35', '-')
    """
    if value is None:
        return "-"
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        digits = 3 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{value:.{digits}f}"
    return f"{value:.3e}"


def fixed(value: float | None, decimals: int | None) -> str:
    """A number of a column with fixed decimals, with the minus sign of a keyboard.

    By its digits where the column has no decimals.

    >>> fixed(-2.25, 3), fixed(-0.00002, 3), fixed(None, 3)
    ('-2.250', '0.000', '-')
    """
    if value is None or decimals is None or abs(value) >= 1e6:
        return significant(value)
    shown = f"{value:.{decimals}f}"
    return shown if float(shown) else shown.lstrip("-")


def aligned(rows: Sequence[Sequence]) -> str:
    """Columns of a terminal below each other: the first to the left, the others to the right."""
    said = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(*said, strict=True)]
    lines = []
    for row in said:
        first, *rest = (" " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True))
        lines.append("  ".join([row[0] + first, *map("".join, zip(rest, row[1:], strict=True))]))
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    """Columns that a text takes: letters of East Asia take two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text
               if not unicodedata.combining(c))
