"""The albatross plot: p-values of trials by direction and size, with lines of equal effect.

References
----------
Harrison S et al. (2017). The albatross plot. Research Synthesis Methods 8:281–289.
Chinn S (2000). A simple method for converting an odds ratio to effect size. Statistics in Medicine
19:3127–3131.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.special import ndtri

from ..effects import Evidence
from ..effects.comparisons import any_order
from ..review.directions import COMPUTED, INTERVENTION, POINTING, SAME, Direction, isolates
from ..review.robustness import odd_values
from .axis import Tick
from .base import Label, Struct, View, label, wording
from .directions import ways
from .forest import Forests
from .plot import Area, Axes, Scale, Tag, area, tags

CONTOURS = (0.2, 0.5, 0.8)  # standardised differences called small, moderate and large
APART = 52  # pixels between the ends of two lines whose names stand beside each other
FARTHEST = 6.5  # a p-value of less than ten to the minus this stands at the edge
_TO_LOG_ODDS = math.pi / math.sqrt(3)
_SIZES = (5, 10, 20, 50, 100, 200, 500, 1000)
_P_VALUES = (0.05, 0.001, 1e-5, 0.5, 0.2, 0.01, 1e-4, 1e-6)  # labelled where there is room


class Point(Struct):
    """The result of a trial."""

    trial: str
    against: Label
    outcome: Label
    months: float | None
    n: float
    p: float
    sign: str
    direction: str
    randomised: bool
    isolates: bool  # whether the arms differ in the intervention alone
    odd: bool  # whether the check of the data finds its values odd
    beyond: bool  # whether its p-value is smaller than the axis shows
    x: float
    y: float
    arrow: float | None  # where an arrow ends that says on which side of the mark the p-value is


class Contour(Struct):
    """Results of one effect, as places of both sides and of its name."""

    effect: float  # a standardised difference, or the odds ratio that it is
    sides: tuple[tuple[tuple[float, float], ...], ...]
    x: float
    y: float
    top: bool  # whether it leaves the drawing at the top


class Albatross(View, template="albatross"):
    """The albatross plot of a family of outcomes."""

    id: str
    family: Label
    given: Label
    ways: tuple[tuple[str, Label], ...]  # directions in words
    usable: int  # trials with a direction, a size and a p-value; nothing is drawn of fewer than two
    binary: bool = False  # whether lines of equal effect are odds ratios
    points: tuple[Point, ...] = ()
    contours: tuple[Contour, ...] = ()
    axes: Axes | None = None
    zero: float = 0.0
    tags: tuple[Tag, ...] = ()


def contour(p: np.ndarray, d: float) -> np.ndarray:
    """Patients in two equal groups at which a standardised difference has a two-sided p-value.

    Parameters
    ----------
    p : ndarray
    d : float
        Standardised mean difference.

    References
    ----------
    Harrison 2017: N = z² (8 + d²) / (2 d²).
    """
    return ndtri(np.asarray(p) / 2) ** 2 * (8 + d**2) / (2 * d**2)


def usable(ev: Evidence, rows: Iterable[Direction], family: str) -> list[Direction]:
    """One result of each counted trial in a family: with direction, n and p-value.

    Values that are equal in both arms stand in the middle; a report that speaks of no difference
    has no place, because its p-value has no side. The comparison first in the protocol's order,
    then an exact p-value before a bound, then the outcome first in the family's order.
    """
    order = [r["outcome"] for r in sorted(ev.data.records("hierarchy"), key=lambda r: r["position"])
             if r["family"] == family] + list(ev.data.words("outcome"))
    kinds = any_order(ev.data)
    found = [d for d in rows if d.family == family and not d.not_counted and d.n
             and d.p is not None and 0 < d.p <= 1
             and (d.direction in POINTING or (d.direction == SAME and d.basis == COMPUTED))]
    best: dict[str, Direction] = {}
    for d in sorted(found, key=lambda d: (kinds.index(d.comparison), d.p_sign != "=",
                                          order.index(d.outcome))):
        best.setdefault(d.trial, d)
    return sorted(best.values(), key=lambda d: (-d.n, d.trial))


def side(d: Direction) -> float:
    """Place of a p-value: right where it favours the treatment, further out the smaller it is."""
    return max(-math.log10(d.p), 0.0) * {INTERVENTION: 1, SAME: 0}.get(d.direction, -1)


def albatross(ev: Evidence, forests: Forests, rows: Sequence[Direction],
              family: str) -> Albatross:
    """The albatross plot of a family of outcomes.

    Parameters
    ----------
    ev : Evidence
    forests : Forests
        Of the indication.
    rows : sequence of Direction
        As `review.directions.directions` gives them.
    family : str
        A word of the vocabulary `family`.
    """
    found = usable(ev, rows, family)
    asked = (f"albatross-{ev.indication}-{family}", label(ev.data, "family", family),
             wording(ev.data, "intervention"), ways(ev.data), len(found))
    if len(found) < 2:
        return Albatross(*asked)
    inside = area(338, bottom=74, top=30, right=50)
    widest = min(max(2.0, *(1.15 * abs(side(d)) for d in found)), 1.08 * FARTHEST)
    x = Scale(-widest, widest, inside.left, inside.right)
    y = Scale(0.6 * min(d.n for d in found), 1.8 * max(d.n for d in found), inside.bottom,
              inside.top, log=True)
    points = tuple(_point(ev, forests, d, x, y) for d in found)
    binary = all(any(k in dict(r.printed) for k in ("events", "percent"))
                 for d in found for r in d.readings)
    return Albatross(
        *asked, binary, points, _contours(x, y, inside, binary),
        Axes(inside, _p_ticks(x), tuple(Tick(y.at(n), n) for n in _SIZES if y.inside(n))), x.at(0),
        _numbers(points, inside))


def _point(ev: Evidence, forests: Forests, d: Direction, x: Scale, y: Scale) -> Point:
    """A trial, with an arrow where the p-value is a bound or beyond the edge."""
    data, widest, place = ev.data, x.high, side(d)
    beyond = abs(place) > FARTHEST
    if beyond:
        place = math.copysign(0.86 * widest, place)
    out = math.copysign(0.14 * widest, place) * (-1 if d.p_sign == ">" else 1)
    return Point(
        forests.names[d.trial], label(data, "comparison_class", d.comparison),
        label(data, "outcome", d.outcome), d.months, d.n, d.p, d.p_sign, d.direction,
        d.design == "rct", isolates(d), bool(odd_values(ev, d)), beyond, x.at(place), y.at(d.n),
        x.at(place + out) if beyond or d.p_sign != "=" else None)


def _numbers(points: Sequence[Point], inside: Area) -> tuple[Tag, ...]:
    """The number of each trial, with its signs, beside marks and arrows."""
    named = [(p.x, p.y, f"{i}{' ¶' * p.odd}{' +' * (not p.isolates)}")
             for i, p in enumerate(points, 1)]
    arrows = [(x, p.y, "") for p in points if p.arrow is not None
              for x in ((p.x + p.arrow) / 2, p.arrow)]
    return tags([*named, *arrows], inside)[:len(points)]


def _contours(x: Scale, y: Scale, inside: Area, binary: bool) -> tuple[Contour, ...]:
    """Lines of equal effect, named where they leave the drawing on the right."""
    found, above, before, grid = [], 0, inside.left, np.geomspace(0.004, x.high, 50)
    for effect in CONTOURS:
        line = [(place, n) for place, n in zip(
            grid.tolist(), contour(10.0**-grid, effect).tolist(), strict=True) if y.inside(n)]
        if len(line) < 2:
            continue
        sides = [tuple((x.at(sign * place), y.at(n)) for place, n in line) for sign in (-1, 1)]
        end, top = sides[1][-1], line[-1][0] < 0.98 * x.high
        if top:  # names above the drawing must not touch
            above, before = above + 1 if end[0] - before < APART else 0, end[0]
        at = (end[0], inside.top - 4 - 13 * above) if top else (end[0] + 4, end[1] + 4)
        value = math.exp(effect * _TO_LOG_ODDS) if binary else effect
        found.append(Contour(value, tuple(sides), *at, top))
    return tuple(found)


def _p_ticks(x: Scale) -> tuple[Tick, ...]:
    """Round p-values that do not touch, on both sides of one."""
    places = [0.0]
    for p in _P_VALUES:
        place = -math.log10(p)
        if place <= x.high and all(abs(place - other) > 0.4 * x.high for other in places):
            places.append(place)
    return tuple(Tick(x.at(s), float(f"{10 ** -abs(s):.1g}"))
                 for s in sorted({sign * place for place in places for sign in (-1, 1)}))
