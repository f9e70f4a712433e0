"""Estimates below each other: rows of a table whose last column draws them on one axis."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..review.measure import measure, ratio
from .axis import Tick
from .base import Label, Struct
from .finding import Estimate
from .plot import Scale

TICKS = 4  # labels that the drawn column has room for


class Bar(Struct):
    """A place with a line around it, and a thicker part of that line; in per cent."""

    x: float
    x1: float
    x2: float
    half: tuple[float, float] | None = None


class Rung(Struct):
    """One row."""

    # ``main``, ``method``, ``values`` (other values or trials), ``trial`` (one is left out) or
    # ``question``
    kind: str
    key: str  # of a choice of method or values; empty for any other row
    # of the trial, of the question, or of the class of the treatment that a choice pools alone
    name: Label | None
    href: str
    estimate: Estimate
    bar: Bar


class Ladder(Struct):
    """Rows in the order of their estimates, the lowest first, and their axis."""

    rungs: tuple[Rung, ...]
    # intervals that hold the value of no effect; None where the measure has no such value
    inside: int | None
    ticks: tuple[Tick, ...]
    null: float | None  # its place


def span(result: dict, estimates: Iterable[float], start: float = 0, end: float = 100) -> Scale:
    """A scale that holds every estimate and the main interval; wider intervals are cut.

    Parameters
    ----------
    result : dict
        An analysis with a pooled estimate.
    estimates : iterable of float
    start, end : float
        Places of its ends.
    """
    log, pooled = ratio(result), result["pooled"]
    values = [0.0, *((math.log if log else float)(v) for v in (
        *estimates, pooled["ci_low"], pooled["ci_high"]))]
    pad = 0.25 * (max(values) - min(values) or 1)
    low, high = min(values) - pad, max(values) + pad
    if measure(result).null is None:  # a share
        low, high = max(low, 0.0), min(high, 100.0)
    if log:
        low, high = math.exp(low), math.exp(high)
    return Scale(low, high, start, end, log)


def null_at(result: dict, scale: Scale) -> float | None:
    """Place of the value of no effect, where the measure has one and the scale holds it."""
    null = measure(result).null
    return None if null is None or not scale.inside(null) else scale.at(null)


def alike(result: dict, estimates: Iterable[tuple[float, ...]]) -> bool:
    """Whether all estimates with their intervals are printed alike."""
    decimals = measure(result).decimals
    return len({tuple(round(v, decimals) for v in numbers) for numbers in estimates}) < 2


def ladder(result: dict, named: Iterable[tuple[str, str, Label | None, str, Estimate]]) -> Ladder:
    """Estimates below each other.

    Parameters
    ----------
    result : dict
        The analysis whose measure they have.
    named : iterable of (str, str, Label or None, str, Estimate)
        Kind, key, name and address of each.
    """
    rows = sorted(named, key=lambda r: r[4].value)
    scale, null = span(result, [e.value for *_, e in rows]), measure(result).null
    return Ladder(
        tuple(Rung(*names, e, Bar(scale.at(e.value), scale.at(e.low), scale.at(e.high)))
              for *names, e in rows),
        None if null is None else sum(e.low < null < e.high for *_, e in rows),
        scale.ticks(TICKS), null_at(result, scale))
