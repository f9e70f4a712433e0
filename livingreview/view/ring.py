"""The drawing of a network: treatments on an ellipse, lines between them, names beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from .base import Struct

SMALL, LARGE = 7, 22  # radius of a node by its participants
THIN, THICK = 1.5, 9  # width of a line by its trials
LINE = 14  # pixels between lines of a name


class Place(NamedTuple):
    """Middle and radius of a node."""

    x: float
    y: float
    r: float


class Ring(Struct):
    """A drawing in pixels, with the ellipse that its nodes stand on."""

    width: int
    height: int
    # across, down: half axes of the ellipse
    across: int
    down: int
    middle: int  # height of its middle
    beneath: int  # nodes nearer to the middle of the drawing have their names above or below them

    def places(self, sizes: Mapping[str, float]) -> dict[str, Place]:
        """Where each treatment stands, the first at the top; areas grow with the sizes."""
        most, out = max(sizes.values()) or 1, {}
        for i, (name, size) in enumerate(sizes.items()):
            turn = 2 * math.pi * i / len(sizes)
            out[name] = Place(round(self.width / 2 + self.across * math.sin(turn), 1),
                              round(self.middle - self.down * math.cos(turn), 1),
                              round(SMALL + (LARGE - SMALL) * math.sqrt(size / most), 1))
        return out

    def beside(self, place: Place, lines: int) -> tuple[float, float, str]:
        """Where a name of several lines starts, and which end of its lines stands there."""
        side = round(place.x) - self.width // 2
        if abs(side) >= self.beneath:
            anchor = "start" if side > 0 else "end"
            return (round(place.x + math.copysign(place.r + 5, side), 1),
                    round(place.y + 4 - LINE * (lines - 1) / 2, 1), anchor)
        above = place.y - place.r - 6 - LINE * (lines - 1)
        return (place.x, round(above if place.y < self.middle else place.y + place.r + LINE, 1),
                "middle")


def line(one: Place, other: Place, k: int, most: int) -> tuple[float, float, float]:
    """Width of the line of `k` trials where a line has `most`, and the middle of what is seen."""
    width = THIN + (THICK - THIN) * (k - 1) / max(1, most - 1)
    share = 0.5 + (one.r - other.r) / (2 * math.hypot(other.x - one.x, other.y - one.y))
    return (round(width, 1), round(one.x + share * (other.x - one.x), 1),
            round(one.y + share * (other.y - one.y), 1))
