"""Which texts are values of a type."""

from __future__ import annotations

import math
import re
from datetime import date

from .declaring import IDENTIFIER

LARGEST_WHOLE = 2**53  # above it a float no longer holds every whole number
# Digits are spelled out: \d, like float(), also takes the digits of other scripts.
NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[-+]?[0-9]+")


def number_ok(value: str) -> bool:
    """Whether a text is a finite number with a decimal point."""
    return bool(NUMBER.fullmatch(value)) and math.isfinite(float(value))


def _integer_ok(value: str) -> bool:
    return bool(_INTEGER.fullmatch(value)) and abs(float(value)) <= LARGEST_WHOLE


def _date_ok(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


TYPE_OK = {
    "number": (number_ok, "not a number", "a number with a decimal point"),
    "integer": (_integer_ok, "not a whole number", "a whole number"),
    "date": (_date_ok, "not a date", "a date as YYYY-MM-DD"),
    "identifier": (re.compile(IDENTIFIER).fullmatch, "not an identifier",
                   "lower-case ASCII letters and digits with hyphens"),
}
