"""The estimates of one question over its time windows."""

from __future__ import annotations

from collections.abc import Sequence

from ..review.measure import measure, ratio
from .base import Struct, View
from .finding import Finding
from .forest import Forests
from .plot import Axes, Scale, area

HEIGHT = 270


class Window(Struct):
    """A time window, with the places of its estimate; of two trials with those of each."""

    finding: Finding
    x: float
    # estimate and ends of its interval; None where there is none
    y: tuple[float, float, float] | None
    each: tuple[float, ...]


class TimeCourse(View, template="time_course"):
    """One comparison over time."""

    id: str
    windows: tuple[Window, ...]
    axes: Axes | None  # None where fewer than two windows have an estimate: nothing is drawn
    null: float | None

    @property
    def anchor(self) -> str:
        """Its identifier on a page; empty where nothing is drawn."""
        return self.id if self.axes else ""


def time_course(forests: Forests, results: Sequence[dict], name: str) -> TimeCourse:
    """Estimates of one question over the time windows.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    results : sequence of dict
        Analyses that differ in their window alone, in order.
    name : str
        Identifier of the figure.
    """
    first, found = results[0], [r["pooled"] for r in results if r["pooled"]]
    within, null = area(HEIGHT, bottom=56, top=22), measure(first).null
    values = [v for p in found for v in (p["ci_low"], p["ci_high"])]
    values += [] if null is None else [null]
    y = Scale(min(values), max(values), within.bottom - 4, within.top + 4, ratio(first)) if (
        len(found) > 1) else None
    step = (within.right - within.left) / len(results)
    return TimeCourse(
        name, tuple(_window(forests, r, round(within.left + step * (i + 0.5), 1), y)
                    for i, r in enumerate(results)),
        Axes(within, (), y.ticks()) if y else None, y.at(null) if y and null is not None else None)


def _window(forests: Forests, result: dict, x: float, y: Scale | None) -> Window:
    pooled = result["pooled"] if y else None
    two = pooled and result["k"] == 2  # two trials are shown as what they are
    return Window(
        forests.findings.of(result), x,
        tuple(y.at(pooled[k]) for k in ("estimate", "ci_low", "ci_high")) if pooled else None,
        tuple(y.at(s["estimate"]) for s in result["studies"] if s["yi"] is not None) if two else ())
