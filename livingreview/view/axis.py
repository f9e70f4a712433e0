"""The horizontal axis that the rows of a drawing share; places on it are in per cent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from .base import Struct

APART = 19  # per cent between two labels, so that narrow columns hold them
BEYOND = 100  # a ratio further from one than this gets an arrow, which says as much as a line
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500)


class Tick(Struct):
    """A labelled place of an axis."""

    x: float
    value: float


class Bar(Struct):
    """An interval on an axis, and whether it goes on beyond either end."""

    x1: float
    x2: float
    beyond_low: bool
    beyond_high: bool


class Mark(Struct):
    """An estimate with its interval on an axis."""

    x: float
    bar: Bar


class Axis:
    """An axis from the values that it must hold.

    Parameters
    ----------
    values : iterable of float
        On the scale of the measure.
    log : bool
        Whether the measure is a ratio.
    ends : (float, float), optional
        Fixed ends, in the place of those of the values.
    """

    def __init__(self, values: Iterable[float], log: bool = False,
                 ends: Sequence[float] | None = None):
        self.log = log
        if ends is not None:
            self.low, self.high = ends
            return
        found = [0.0, *(self.scale(v) for v in values)]
        low, high = min(found), max(found)
        if log:
            low, high = max(low, -math.log(BEYOND)), min(high, math.log(BEYOND))
        pad = 0.04 * (high - low or 1)
        self.low, self.high = low - pad, high + pad

    def scale(self, value: float) -> float:
        """A value on the axis's own scale."""
        return math.log(max(value, 1e-9)) if self.log else value

    def value(self, place: float) -> float:
        """The value at a place of the axis's own scale."""
        return round(math.exp(place), 9) if self.log else place

    def x(self, value: float) -> float:
        """Place of a value; one outside stands at the edge."""
        share = (self.scale(value) - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 1)

    def inside(self, value: float) -> bool:
        """Whether a value is within the drawn range."""
        return self.low <= self.scale(value) <= self.high

    def bar(self, low: float, high: float) -> Bar:
        """An interval."""
        return Bar(self.x(low), self.x(high), not self.inside(low), not self.inside(high))

    def mark(self, estimate: float, low: float, high: float) -> Mark:
        """An estimate with its interval."""
        return Mark(self.x(estimate), self.bar(low, high))

    def ticks(self) -> tuple[Tick, ...]:
        """Round values to label."""
        return tuple(Tick(self.x(v), v) for v in self._values())

    def _values(self) -> list[float]:
        if self.log:
            kept: list[float] = []
            for tick in (1, 0.1, 10, 0.01, 100, 0.5, 2, 0.2, 5):  # the first come first
                if self.inside(tick) and all(abs(self.x(tick) - self.x(t)) > APART for t in kept):
                    kept.append(tick)
            return sorted(kept)
        span = self.high - self.low
        step = next((s for s in _STEPS if span / s <= 4), _STEPS[-1])
        first = math.ceil(self.low / step) * step
        return [first + i * step for i in range(int((self.high - first) / step) + 1)]
