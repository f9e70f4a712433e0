"""The pool of a file of trials: what is printed of it, and its forest plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from .axis import Axis, Bar, Tick
from .base import Struct, View
from .plot import Scale

_TICKS = 5  # at most, so that their labels do not touch in a narrow column
_BEYOND = 500  # a logarithm beyond it has a ratio that is no number of a computer's


class Span(Struct):
    """An interval on the scale of the effects, and its middle where it has one."""

    low: float
    high: float
    middle: float | None = None


class Line(Struct):
    """A line of the forest plot."""

    kind: str  # ``trial``, ``group``, ``pool`` or ``prediction``
    name: str  # of a trial or of a subgroup
    k: int  # trials of a pool
    weight: float | None  # of a trial among several
    cells: tuple[tuple[float, ...], ...]  # numbers of each arm of a trial
    # estimate and interval on the natural scale; None beyond the range of numbers
    ends: tuple[float | None, float | None, float | None]
    x: float | None  # place of the estimate
    bar: Bar
    size: float  # side of a trial's square in pixels
    posterior: bool = False  # whether a pool is a posterior
    # what a reader should know of the number of a trial, by the names of its JSON
    notes: tuple[str, ...] = ()


class Pooled(View, template="pooled"):
    """The pool of a file."""

    document: dict  # what the command gives as JSON
    name: str  # of the file
    # ratio, transformed: whether effects are logarithms, and whether readers know another scale
    # than theirs
    ratio: bool
    transformed: bool
    null: bool  # whether there is an effect that means "no difference"
    decimals: int | None  # of effects and their intervals; None is by their digits
    arms: str  # what `Line.cells` hold: ``counts``, ``rates``, ``means``, or nothing
    # what lies to the left and to the right of no effect; empty where nobody said
    favours: tuple[str, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    labels: tuple[str, ...]  # numbers at the ticks
    zero: float | None  # place of the line of no effect


def decimals(values: Iterable[float | None]) -> int | None:
    """Decimals of a column, so that a number of the usual size of these has four digits.

    Parameters
    ----------
    values : iterable of float or None
        An estimate and the ends of its interval.

    Returns
    -------
    int or None
        None where numbers are too large or too small for fixed decimals.
    """
    sizes = [abs(v) for v in values if v]
    size = median(sizes) if sizes else 1.0
    return min(7, max(0, 3 - math.floor(math.log10(size)))) if 1e-5 <= size < 1e6 else None


def axis_of(spans: Sequence[Span], ratio: bool, null: bool = True) -> Axis:
    """The axis of all effects, and of intervals as far as they do not dwarf them.

    Parameters
    ----------
    spans : sequence of Span
    ratio : bool
        Whether effects are logarithms of ratios.
    null : bool
        Whether no effect is shown.
    """
    middles = [s.middle for s in spans if s.middle is not None] + [0.0] * null
    low, high = min(middles), max(middles)
    span = max(high - low, median(s.high - s.low for s in spans)) or abs(high) or 1.0
    room = max(2 * span, math.log(4)) if ratio else 2 * span
    low = max(min([low, *(s.low for s in spans)]), low - room)
    high = min(max([high, *(s.high for s in spans)]), high + room)
    pad = 0.04 * (high - low or span)
    return Axis((), ends=(low - pad, high + pad))


def ticks(axis: Axis, ratio: bool) -> tuple[tuple[Tick, ...], tuple[str, ...]]:
    """Round values to label, and their labels."""
    if not ratio:
        found = [t.value for t in Scale(axis.low, axis.high, 0, 100).ticks(_TICKS)]
        return _placed(axis, found), tuple(f"{v:g}" for v in found)
    found = _ratios(axis.low, axis.high)
    return _placed(axis, found), tuple(
        f"{math.exp(v):.3g}" if abs(v) < _BEYOND else f"1e{v / math.log(10):+.0f}" for v in found)


def _placed(axis: Axis, values: Iterable[float]) -> tuple[Tick, ...]:
    return tuple(Tick(axis.x(v), v) for v in values)


def _ratios(low: float, high: float) -> list[float]:
    """Logarithms of round ratios within limits, with that of no effect."""
    decades = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    found = [math.log(step) + decade * math.log(10) for decade in decades for step in steps]
    found = [tick for tick in found if low <= tick <= high] or [0.0]
    step = max(1, math.ceil(len(found) / _TICKS))
    return found[found.index(0.0) % step if 0.0 in found else 0 :: step]
