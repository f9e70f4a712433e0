"""Charts with two axes: places in pixels of a drawing that is as wide as a telephone's column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from .axis import Tick
from .base import Struct

WIDTH = 290  # pixels; a chart grows with its column
LETTER = 7.7  # pixels that a digit is wide


class Area(Struct):
    """The rectangle between the axes, and the sides of the whole drawing."""

    left: float
    top: float
    right: float
    bottom: float
    width: float
    height: float


class Axes(Struct):
    """The area of a chart with the labelled places of its axes."""

    area: Area
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]


class Tag(Struct):
    """A label beside a mark; `far` when a line must lead to it from the mark."""

    x: float
    y: float
    text: str
    at_x: float
    at_y: float
    far: bool


def area(height: float, left: float = 44, bottom: float = 40, top: float = 8,
         right: float = 10) -> Area:
    """An area with room for the words of its axes.

    Parameters
    ----------
    height : float
        Of the whole drawing, in pixels.
    left, bottom, top, right : float
        Margins.
    """
    return Area(left, top, WIDTH - right, height - bottom, WIDTH, height)


class Scale:
    """Values of one axis as places in pixels.

    Parameters
    ----------
    low, high : float
        Values at the ends.
    start, end : float
        Their places.
    log : bool
        Whether equal distances are equal ratios.
    """

    def __init__(self, low: float, high: float, start: float, end: float, log: bool = False):
        self.low, self.high, self.start, self.end, self.log = low, high, start, end, log

    def _on(self, value: float) -> float:
        return math.log(max(value, 1e-300)) if self.log else value

    def at(self, value: float) -> float:
        """Place of a value; one outside stands at the edge."""
        low, high = self._on(self.low), self._on(self.high)
        share = (self._on(value) - low) / (high - low or 1)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)

    def inside(self, value: float) -> bool:
        """Whether a value is within the ends."""
        return self.low <= value <= self.high

    def ticks(self, most: int = 5) -> tuple[Tick, ...]:
        """Round values to label, at most so many."""
        return tuple(Tick(self.at(v), v) for v in (self._ratios if self.log else self._round)(most))

    def _round(self, most: int) -> list[float]:
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        power = 10.0 ** math.floor(math.log10(span / most))
        steps = (1, 2, 5, 10, 20) if power == 1 else (1, 2, 2.5, 5, 10, 20)  # no half years
        step = next(s * power for s in steps if span / (s * power) <= most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [float(f"{i * step:.10g}") for i in range(first, last + 1)]

    def _ratios(self, most: int) -> list[float]:
        """Numbers that begin with 1, 2 or 5, with 1 or 3, or with 1; else even steps."""
        low, high = math.log10(self.low), math.log10(self.high)
        powers = range(math.floor(low), math.ceil(high) + 1)
        for digits in ((1, 2, 5), (1, 3), (1,)):
            found = [v for p in powers for v in (float(f"{d}e{p}") for d in digits)
                     if self.inside(v)]
            if 3 <= len(found) <= most:
                return found
        if len(found) > most:  # every second or third power, one among them
            step = math.ceil(len(found) / most)
            return [v for v in found if round(math.log10(v)) % step == 0]
        return self._round(most)


def _along(line: Sequence[tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    """Small boxes that cover a line of straight pieces."""
    out = []
    for (x, y), (to_x, to_y) in pairwise(line):
        steps = max(1, math.ceil(math.hypot(to_x - x, to_y - y) / 3))
        for i in range(steps + 1):
            at_x, at_y = x + (to_x - x) * i / steps, y + (to_y - y) * i / steps
            out.append((at_x - 2, at_y - 2, at_x + 2, at_y + 2))
    return out


def tags(marks: Sequence[tuple[float, float, str]], inside: Area,
         lines: Sequence[Sequence[tuple[float, float]]] = ()) -> tuple[Tag, ...]:
    """Labels beside marks, where no other mark, no other label and no line stands.

    Parameters
    ----------
    marks : sequence of (float, float, str)
        Places in pixels, and labels.
    inside : Area
    lines : sequence of sequence of (float, float)
        Places in pixels that the straight pieces of a line join.
    """
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y, _ in marks]
    taken += [box for line in lines for box in _along(line)]
    found = []
    for x, y, text in marks:
        half, boxes = LETTER * len(text) / 2, []
        for far in (12, 21, 32, 43, 54, 66, 80):
            for turn in (0, 180, 90, 270, 45, 135, 225, 315):
                to_x = x + (far + half - 4) * math.cos(math.radians(turn))
                to_y = y + far * math.sin(math.radians(turn))
                box = (to_x - half, to_y - 7, to_x + half, to_y + 7)
                over = sum(b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]
                           for b in taken)
                out = (box[0] < inside.left or box[2] > inside.right or box[1] < inside.top
                       or box[3] > inside.bottom)
                boxes.append((over + out, far, to_x, to_y, box))
        _, far, to_x, to_y, box = min(boxes, key=lambda b: b[:2])
        taken.append(box)
        found.append(Tag(round(to_x, 1), round(to_y, 1), text, x, y, far > 12))
    return tuple(found)
