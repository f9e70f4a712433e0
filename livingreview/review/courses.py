"""Courses of studies: the values of each arm of an outcome from baseline to its last visit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy.special import stdtrit

from ..effects import Evidence
from ..effects.candidates import scale_of, source_rank
from .counted import ANIMAL
from .harms import got_treatment

STATISTICS = ("final", "change", "percent-change")
# What the bar of a value is.
INTERVAL, QUARTILES, RANGE, DEVIATION = "interval", "quartiles", "range", "deviation"


@dataclass(frozen=True)
class Point:
    """One arm at one visit, as printed.

    `low`, `high` are the ends of its bar, of which `bar` says what it is; empty without a spread.
    """

    row: Mapping
    months: float | None
    centre: float
    low: float | None
    high: float | None
    bar: str
    n: float | None


@dataclass(frozen=True)
class Course:
    """One study at one statistic, instrument and scale: the points of each arm by visit."""

    trial: str
    statistic: str
    instrument: str
    scale: tuple[float | None, float | None]
    better: str | None
    arms: dict[tuple[str, str], tuple[Point, ...]]

    @property
    def factor(self) -> float | None:
        """What a value is multiplied by to be of 100; None where the scale is not known."""
        if None in self.scale or self.statistic == "percent-change":
            return None
        return 100 / (self.scale[1] - self.scale[0])

    @property
    def points(self) -> list[Point]:
        """The points of all arms."""
        return [p for visits in self.arms.values() for p in visits]

    @property
    def from_zero(self) -> bool:
        """Whether its values are changes, which start from zero at baseline."""
        return self.statistic != "final"

    @property
    def joined(self) -> bool:
        """Whether there are two dated values to join."""
        return any(self.from_zero + len({p.months for p in points if p.months is not None
                                         and (p.months or not self.from_zero)}) > 1
                   for points in self.arms.values())

    def shown(self, value: float) -> float:
        """A value of 100 where the scale is known, else as printed."""
        if self.factor is None:
            return value
        return (value - (0 if self.from_zero else self.scale[0])) * self.factor


def _point(ev: Evidence, row: Mapping) -> Point | None:
    """What a row prints of where an arm lies and how far its patients, or its mean, spread."""
    n = row["n"] if row["n"] is not None else (
        ev.arms[row["study_id"], row["arm_id"]]["n_allocated"])
    mean, median = row["mean"], row["median"]
    if mean is None and median is None:
        return None
    low = high = None
    bar = ""
    if mean is None:
        for kind, ends in ((QUARTILES, ("q1", "q3")), (RANGE, ("min", "max"))):
            if not bar and None not in (row[ends[0]], row[ends[1]]):
                bar, low, high = kind, row[ends[0]], row[ends[1]]
    elif row["ci_low"] is not None and row["ci_high"] is not None:
        bar, low, high = INTERVAL, row["ci_low"], row["ci_high"]
    elif (error := _standard_error(row, n)) is not None:
        half = float(stdtrit(n - 1, 0.975)) * error
        bar, low, high = INTERVAL, mean - half, mean + half
    elif row["sd"]:
        bar, low, high = DEVIATION, mean - row["sd"], mean + row["sd"]
    return Point(row, row["timepoint_months"], median if mean is None else mean, low, high, bar,
                 row["n"])


def _standard_error(row: Mapping, n: float | None) -> float | None:
    """Standard error of a mean; None where it, or the number of patients, is not known."""
    if not n or n < 2:
        return None
    return row["se"] or (row["sd"] / math.sqrt(n) if row["sd"] else None)


def courses(ev: Evidence, outcome: str) -> list[Course]:
    """The courses of an outcome: final values where a study has them, else changes.

    An arm and visit is there once, from the study's own report where there is one; the union of
    arms only where its parts are not there. Human studies only.

    Parameters
    ----------
    ev : Evidence
    outcome : str
    """
    found: dict[str, dict[tuple, dict]] = {}
    for (study, arm), rows in ev.outcomes.items():
        if ev.studies[study]["design"] == ANIMAL:
            continue
        trial = ev.trial_of(study)
        for row in sorted(rows, key=lambda r: source_rank(ev, r)):
            if row["outcome"] != outcome or (point := _point(ev, row)) is None:
                continue
            key = (row["statistic"], row["instrument"] or "", scale_of(ev, trial, row)[0],
                   row["better"])
            found.setdefault(trial, {}).setdefault(key, {}).setdefault(
                (study, arm), {}).setdefault(point.months, point)
    out = []
    for trial, kinds in found.items():
        chosen = next(s for s in STATISTICS if any(
            k[0] == s and _follows(arms) for k, arms in kinds.items()) or not any(
                _follows(arms) for arms in kinds.values()))
        out += [Course(trial, *key, _once(ev, arms)) for key, arms in kinds.items()
                if key[0] == chosen]
    return sorted(out, key=lambda c: (alone(ev, c.trial), c.trial))


def _follows(arms: dict) -> bool:
    """Whether there is a value after baseline."""
    return any(months != 0 for visits in arms.values() for months in visits)


def _once(ev: Evidence, arms: dict) -> dict[tuple[str, str], tuple[Point, ...]]:
    """Points of each arm in order of time, without unions whose parts are there."""
    return {key: tuple(sorted(visits.values(), key=lambda p: (p.months is None, p.months)))
            for key, visits in arms.items()
            if not any((key[0], part) in arms for part in ev.arms[key]["combines"])}


def alone(ev: Evidence, trial: str) -> bool:
    """Whether a trial has no arm without the treatment."""
    return trial not in ev.contests("any")


def lacking(ev: Evidence, course: Course) -> list[str]:
    """What a study does not give for an outcome.

    Returns
    -------
    list of str
        Of ``baseline``, ``later``, ``more`` (than one visit after baseline), ``date``, ``spread``,
        ``n``, ``scale``, ``better``, ``side`` (of the comparison) and ``values`` (but changes).
    """
    points = course.points
    later = {p.months for p in points if p.months not in (0, None)}
    checks = {
        "baseline": not course.from_zero and any(
            not any(p.months == 0 for p in visits) for visits in course.arms.values()),
        "later": not later,
        "more": len(later) == 1,
        "date": any(p.months is None for p in points),
        "spread": any(not p.bar for p in points),
        "n": any(p.n is None for p in points),
        "scale": None in course.scale and course.statistic != "percent-change",
        "better": course.better not in ("lower", "higher"),
        "side": not alone(ev, course.trial) and len(
            {got_treatment(ev.arms[k]) for k in course.arms}) == 1,
        "values": course.from_zero}
    return [key for key, missing in checks.items() if missing]
