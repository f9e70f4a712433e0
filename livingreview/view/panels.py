"""Studies over time: one small panel for each, from baseline to its last visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..effects import Evidence
from ..effects.comparisons import UNCONTROLLED_DESIGNS
from ..review.courses import STATISTICS, Course, Point, alone, courses, lacking
from ..review.harms import got_treatment
from .axis import Tick
from .base import Label, Struct, View, label, stated, wording
from .forest import Forests
from .plot import Axes, Scale, area

PERCENT = (-2.0, 102.0)  # the whole of a known scale, with room for the marks at its ends
APART = 0.12  # of the axis between two labelled visits


class Visit(Struct):
    """A value as drawn, its place, and the places of the ends of its bar."""

    months: float | None
    value: float
    x: float
    y: float
    bar: tuple[float, float] | None


class Line(Struct):
    """An arm over its visits."""

    arm: str
    treated: bool
    look: int  # which of the treated arms, or of the others, it is
    visits: tuple[Visit, ...]


class Panel(Struct):
    """The drawing of one study."""

    trial: str
    instrument: str  # where its study has several
    alone: str  # ``no-group`` (without a comparison) or ``all-treated``; empty with a comparator
    own: bool  # whether its scale is not known, so that it has an axis of its own
    better: str  # ``lower``, ``higher``, or ``unknown``
    axes: Axes
    lines: tuple[Line, ...]
    # where changes begin, which is also the place of their line of no change
    start: tuple[float, float] | None
    limit: float | None  # place of the last month at which the arms can be compared
    undated: float | None  # place of values whose visit is not printed


class Value(Struct):
    """A value as printed."""

    trial: str
    arm: str
    instrument: str
    scale: tuple[float, float] | None
    better: Label | None
    months: float | None
    n: float | None
    centre: float
    low: float | None
    high: float | None
    bar: str  # what `low` and `high` are: ``interval``, ``quartiles``, ``range`` or ``deviation``
    source: str
    row: int


class Figure(Struct):
    """The panels of one statistic."""

    id: str
    statistic: str  # ``final``, ``change`` or ``percent-change``
    # trials, alone: studies drawn, and those of them without a comparator
    trials: int
    alone: int
    bars: tuple[str, ...]  # what the bars of its values are
    single: tuple[str, ...]  # studies with one visit, of which nothing is drawn
    panels: tuple[Panel, ...]
    values: tuple[Value, ...]


class Lack(Struct):
    """What a study does not give; see `review.courses.lacking`."""

    trial: str
    href: str
    missing: tuple[str, ...]


class Panels(View, template="panels"):
    """Every study of an outcome over time, its values, and what is missing in which."""

    outcome: Label
    given: Label
    figures: tuple[Figure, ...]
    lacking: tuple[Lack, ...]


def panels(ev: Evidence, forests: Forests, outcome: str) -> Panels:
    """Every study of an outcome over time.

    Parameters
    ----------
    ev : Evidence
    forests : Forests
        Of the indication.
    outcome : str
        A word of the vocabulary `outcome`.
    """
    found = courses(ev, outcome)
    missing: dict[str, list[str]] = {}
    for course in found:
        missing.setdefault(course.trial, []).extend(lacking(ev, course))
    groups = [(s, [c for c in found if c.statistic == s]) for s in STATISTICS]
    return Panels(
        label(ev.data, "outcome", outcome), wording(ev.data, "intervention"),
        tuple(_figure(ev, forests, f"panels-{ev.indication}-{outcome}-{statistic}", group)
              for statistic, group in groups if group),
        tuple(Lack(forests.names[t], forests.addresses.trial(ev.indication, t),
                   tuple(dict.fromkeys(keys))) for t, keys in missing.items()))


def _figure(ev: Evidence, forests: Forests, name: str, group: Sequence[Course]) -> Figure:
    drawn = [c for c in group if c.joined]
    trials = Counter(c.trial for c in drawn)
    ends = _ends(drawn)
    single = {forests.names[c.trial] for c in group} - {forests.names[t] for t in trials}
    return Figure(
        name, group[0].statistic, len(trials), sum(alone(ev, t) for t in trials),
        tuple(sorted({p.bar for c in drawn for p in c.points if p.bar})), tuple(sorted(single)),
        tuple(_panel(ev, forests, c, ends, trials[c.trial] > 1) for c in drawn),
        tuple(v for c in group for v in _values(ev, forests, c)))


def _arms(forests: Forests, course: Course) -> dict[tuple[str, str], str]:
    """Arms by what they got; those of a later report with its name where both are there."""
    named = {key: forests.arms[key] for key in course.arms}
    double = Counter(named.values())
    return {key: f"{name} ({forests.names[key[0]]})" if double[name] > 1
            and key[0] != course.trial else name for key, name in named.items()}


def _values(ev: Evidence, forests: Forests, course: Course) -> list[Value]:
    """Every value, as printed."""
    arms, data = _arms(forests, course), ev.data
    better = stated(data, "better", course.better)
    return [Value(forests.names[course.trial], arms[key], course.instrument,
                  None if None in course.scale else course.scale, better, p.months, p.n, p.centre,
                  p.low, p.high, p.bar, p.row["source_id"], p.row["row"])
            for key, points in course.arms.items() for p in points]


# --- drawing ------------------------------------------------------------------------------------


def _range(drawn: Sequence[Course]) -> tuple[float, float]:
    """The range of values with their bars, and of zero where they are changes from it."""
    found = [c.shown(v) for c in drawn for p in c.points
             for v in (p.centre, p.low, p.high) if v is not None]
    found += [0.0] * drawn[0].from_zero
    low, high = min(found), max(found)
    pad = 0.05 * (high - low or 1)
    return low - pad, high + pad


def _ends(drawn: Sequence[Course]) -> tuple[float, float] | None:
    """The axis of all studies whose scale is known: the whole scale, or the range of changes."""
    known = [c for c in drawn if c.factor is not None]
    if not known:
        return None
    return _range(known) if known[0].from_zero else PERCENT


def _panel(ev: Evidence, forests: Forests, course: Course, ends: tuple[float, float] | None,
           several: bool) -> Panel:
    """One study; `ends` are those of the axis that studies with a known scale share."""
    trial, places = ev.studies[course.trial], _places(course)
    dated = [m for m in places if m is not None]
    own = course.factor is None
    inside = area(224 if own else 184, left=50)  # more words stand beside an axis of its own
    low, high = min(places.values()), max(places.values())
    pad = 0.06 * (high - low or 1)
    x = Scale(low - pad, high + pad, inside.left, inside.right)
    y = Scale(*(_range([course]) if own else ends), inside.bottom, inside.top)
    until = trial["comparable_until_months"]
    apart = "" if not alone(ev, course.trial) else (
        "no-group" if trial["design"] in UNCONTROLLED_DESIGNS else "all-treated")
    return Panel(
        forests.names[course.trial],
        course.instrument if several else "", apart, own,
        course.better if course.better in ("lower", "higher") else "unknown",
        Axes(inside, _months(dated, x), y.ticks()), _lines(ev, forests, course, places, x, y),
        (x.at(0), y.at(0)) if course.from_zero else None,
        x.at(until) if until is not None and until < high else None,
        x.at(places[None]) if None in places else None)


def _places(course: Course) -> dict[float | None, float]:
    """Where each visit stands; one whose month is not printed stands behind all others."""
    months = {p.months for p in course.points} | ({0.0} if course.from_zero else set())
    dated = sorted(m for m in months if m is not None)
    places: dict[float | None, float] = {m: m for m in dated}
    if None in months:
        places[None] = 1.2 * dated[-1] if dated and dated[-1] else 1.0
    return places


def _months(dated: Sequence[float], x: Scale) -> tuple[Tick, ...]:
    """Ticks at visits that do not touch, the last first."""
    kept: list[Tick] = []
    for month in reversed(dated):
        if all(abs(x.at(month) - t.x) > APART * (x.end - x.start) for t in kept):
            kept.append(Tick(x.at(month), month))
    return tuple(reversed(kept))


def _lines(ev: Evidence, forests: Forests, course: Course, places: dict[float | None, float],
           x: Scale, y: Scale) -> tuple[Line, ...]:
    arms, used, found = _arms(forests, course), Counter(), []

    def visit(p: Point) -> Visit:
        bar = (y.at(course.shown(p.low)), y.at(course.shown(p.high))) if p.bar else None
        return Visit(p.months, course.shown(p.centre), x.at(places[p.months]),
                     y.at(course.shown(p.centre)), bar)

    for key, points in course.arms.items():
        treated = got_treatment(ev.arms[key])
        found.append(Line(arms[key], treated, used[treated], tuple(map(visit, points))))
        used[treated] += 1
    return tuple(found)
