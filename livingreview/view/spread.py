"""When and where trials in people were done, over all indications."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ..effects import Evidence
from ..review import Review
from ..review.counted import human_trials
from ..review.missing import size_of_trial
from .base import Label, Struct, View, grouped, label
from .directory import Directory
from .plot import Axes, Scale, area
from .sizes import Counted, counted

LARGEST = 300  # enrolled; larger trials are drawn no larger
RADIUS, LEAST = 4.5, 1.5  # pixels, of the largest and the smallest trial
STEP, HEAD = 10, 20  # pixels from mark to mark in a stack, and for the name of a lane


class Dated(Struct):
    """A trial with its year; `registered` where no results are known."""

    indication: Label
    year: int
    registered: bool
    n: float | None
    name: str


class Mark(Struct):
    """A trial as drawn: ``published``, ``registered`` or ``unsized``."""

    x: float
    y: float
    r: float
    kind: str


class Lane(Struct):
    """The trials of one indication; `top` is the place of its upper end."""

    indication: Label
    top: float
    marks: tuple[Mark, ...]


class Timeline(View, template="timeline"):
    """Trials by year and indication."""

    axes: Axes | None  # None where no trial states its year
    lanes: tuple[Lane, ...]
    years: tuple[int, ...]  # the first and the last
    largest: int
    trials: tuple[Dated, ...]
    undated: tuple[Counted, ...]  # trials without a year, by indication


class Country(Struct):
    """Trials with a centre in a country; no name is none stated."""

    name: str
    k: int
    n: float
    designs: tuple[Counted, ...]
    indications: tuple[Counted, ...]


class Countries(View, template="countries"):
    """Trials by the countries of their centres."""

    rows: tuple[Country, ...]


def _trials(review: Review) -> Iterator[tuple[Evidence, str]]:
    for i in review.data.indications:
        ev = review.evidence[i]
        for trial in human_trials(ev):
            yield ev, trial


def timeline(review: Review) -> Timeline:
    """Trials by year and indication, reports apart from registered trials."""
    data, dated, undated = review.data, defaultdict(list), Counter()
    directory = Directory(data)
    for ev, trial in _trials(review):
        i, study = ev.indication, ev.studies[trial]
        if study["year"] is None:
            undated[i] += 1
            continue
        dated[i].append(Dated(
            label(data, "indication", i), study["year"], study["status"] == "registered",
            size_of_trial(ev, trial), str(directory.names(i)[trial])))
    rows = [d for found in dated.values() for d in sorted(found, key=lambda d: (d.year, d.name))]
    years = [d.year for d in rows]
    return Timeline(
        *(_drawn(list(dated.values()), min(years), max(years)) if rows else (None, ())),
        (min(years), max(years)) if rows else (), LARGEST, tuple(rows),
        tuple(Counted(label(data, "indication", i), n) for i, n in undated.items()))


def _drawn(groups: Sequence[list[Dated]], first: int, last: int) -> tuple[Axes, tuple[Lane, ...]]:
    """A lane for each indication, the trials of a year stacked in it, the largest at the bottom."""
    heights = [HEAD + STEP * max(Counter(d.year for d in g).values()) for g in groups]
    space = area(sum(heights) + 48, left=8)
    scale = Scale(first, last, space.left + RADIUS, space.right - RADIUS)
    lanes, top = [], space.top
    for group, height in zip(groups, heights, strict=True):
        stacks = grouped(sorted(group, key=lambda d: (-(d.n or 0), d.registered)),
                         lambda d: d.year)
        base = top + height
        lanes.append(Lane(group[0].indication, top, tuple(
            Mark(scale.at(year), base - STEP * (place + 0.6), _radius(d.n),
                 "unsized" if d.n is None else "registered" if d.registered else "published")
            for year, stack in stacks.items() for place, d in enumerate(stack))))
        top = base
    return Axes(space, scale.ticks(), ()), tuple(lanes)


def _radius(n: float | None) -> float:
    return round(max(LEAST, RADIUS * math.sqrt(min(n or 0, LARGEST) / LARGEST)), 1)


def countries(review: Review) -> Countries:
    """Trials by the countries of their centres, those of most trials first."""
    found: dict[str, list[tuple[Evidence, str]]] = defaultdict(list)
    for ev, trial in _trials(review):
        for name in ev.studies[trial]["country"] or ("",):
            found[name].append((ev, trial))
    ordered = sorted(found.items(), key=lambda c: (not c[0], -len(c[1]), c[0]))
    return Countries(tuple(_country(review, *c) for c in ordered))


def _country(review: Review, name: str, found: list[tuple[Evidence, str]]) -> Country:
    return Country(
        name, len(found), sum(size_of_trial(ev, t) or 0 for ev, t in found),
        counted(review.data, "design", (ev.studies[t]["design"] for ev, t in found)),
        counted(review.data, "indication", (ev.indication for ev, _ in found)))
