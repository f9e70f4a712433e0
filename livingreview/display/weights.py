"""Weights of trials as readers see them; one that does not tell what a trial does says so."""

from __future__ import annotations

from .html import number

SIGN = "#"
NONE = f"0% {SIGN}"
SMALLEST = 0.0005  # below it a weight would be printed as 0.0%
# Why a trial of a Mantel–Haenszel pool has the weight 0, and what it does there.
REASONS = {
    "RR": "no event in the control arm, so no Mantel–Haenszel weight, yet the events of the other "
          "arm count in the sum",
    "OR": "a cell of the table is empty, so no Mantel–Haenszel weight, yet the others count in the "
          "sum"}


def percent(weight: float) -> str:
    """A weight in percent, never as 0.0%.

    >>> percent(0.123), percent(0.0001)
    ('12.3%', '<0.1%')
    """
    return "<0.1%" if weight < SMALLEST else f"{number(100 * weight, 1)}%"


def weightless(result: dict, study: dict) -> bool:
    """Whether a trial has the weight 0 in a pool that its numbers move all the same."""
    return study["weight"] == 0 and result["pooled"]["model"] == "mantel-haenszel"
