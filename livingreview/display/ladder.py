"""Estimates below each other: their names and numbers in columns, so that no word meets a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..view.axis import Axis
from . import words
from .html import Html, number, text

HEIGHT = 22
# Marks around their place, in pixels.
SHAPES = {"main": "M-5 0 L0 -5 L5 0 L0 5 Z", "method": "M-4 0 A4 4 0 1 1 4 0 A4 4 0 1 1 -4 0 Z",
          "values": "M-4 -4 H4 V4 H-4 Z", "trial": "M0 -5 L5 4 H-5 Z"}


@dataclass(frozen=True)
class Rung:
    """One row: a name, its numbers, and an interval with the estimate in it.

    Attributes
    ----------
    label, shown : str
    low, middle, high : float
    kind : str
        A key of :data:`SHAPES`.
    half : tuple of float, optional
        Ends of a thicker part of the line.
    """

    label: str
    shown: str
    low: float
    middle: float
    high: float
    kind: str = "method"
    half: tuple[float, float] | None = None


class Span(Axis):
    """An axis from one value to another; places are in per cent of its width."""

    def __init__(self, result: dict, low: float, high: float):
        super().__init__((), words.ratio(result), (low, high))
        self.low, self.high = self.scale(low), self.scale(high)

    def labelled(self) -> list[float]:
        """Round values to label; of a short range of ratios those that it has."""
        found = [t.value for t in self.ticks() if self.inside(t.value)]
        if not self.log or len(found) > 2:
            return found
        even = np.geomspace(*np.exp((self.low, self.high)), 5)[1:-1]
        return sorted({float(f"{v:.2g}") for v in even})


def _line(css: str, axis: Span, low: float, high: float) -> str:
    y = HEIGHT // 2
    return (f'<line class="{css}" x1="{axis.x(low):.1f}%" x2="{axis.x(high):.1f}%" y1="{y}" '
            f'y2="{y}"/>')


def _null(result: dict, axis: Span) -> str:
    """The line of no effect, where the measure has one and the axis holds it."""
    null = words.measure(result).null
    if null is None or not axis.inside(null):
        return ""
    x = axis.x(null)
    return f'<line class="lr-null" x1="{x:.1f}%" x2="{x:.1f}%" y1="0" y2="{HEIGHT}"/>'


def _svg(title: str, content: str) -> str:
    return (f'<svg class="lr-rung" role="img" width="100%" height="{HEIGHT}">'
            f"<title>{text(title)}</title>{content}</svg>")


def _row(result: dict, axis: Span, rung: Rung) -> str:
    """A row of the table: the words first, then a drawing without words."""
    thick = _line("lr-half", axis, *rung.half) if rung.half else ""
    shape = (f'<svg x="{axis.x(rung.middle):.1f}%" y="{HEIGHT // 2}" overflow="visible">'
             f'<path class="lr-dot" d="{SHAPES[rung.kind]}"/></svg>')
    drawn = _svg(f"{rung.label}: {rung.shown}", _null(result, axis) + _line(
        "lr-ci", axis, rung.low, rung.high) + thick + shape)
    return (f'<tr class="lr-{rung.kind}"><th scope="row">{text(rung.label)}</th>'
            f'<td class="lr-num">{text(rung.shown)}</td><td class="lr-plot">{drawn}</td></tr>')


def _axis_row(result: dict, axis: Span) -> str:
    marks = "".join(
        f'<line class="lr-tick" x1="{axis.x(t):.1f}%" x2="{axis.x(t):.1f}%" y1="0" y2="5"/>'
        f'<text class="lr-axis" x="{axis.x(t):.1f}%" y="17" text-anchor="middle">'
        f"{number(t, 0 if float(t).is_integer() else 2 if axis.log else 1)}</text>"
        for t in axis.labelled())
    line = '<line class="lr-tick" x1="0" x2="100%" y1="0" y2="0"/>'
    name = words.axis_label(result)
    return (f'<tr class="lr-axis-row"><td></td><td></td><td class="lr-plot">'
            f"{_svg(f'Axis: {name}', line + marks)}"
            f'<span class="lr-sub">{text(name)}; a line to the edge goes on</span></td></tr>')


def ladder(result: dict, rungs: Sequence[Rung], limits: tuple[float, float], caption: str,
           header: tuple[str, str]) -> Html:
    """A table of estimates whose last column draws them on one axis.

    Parameters
    ----------
    result : dict
        The analysis whose measure they have.
    rungs : sequence of Rung
    limits : tuple of float
        Ends of the axis; a longer interval is cut there.
    caption : str
    header : tuple of str
        What names and numbers are.

    Returns
    -------
    Html
    """
    axis = Span(result, *limits)
    head = "".join(f'<th scope="col"{css}>{text(h)}</th>' for h, css in (
        (header[0], ""), (header[1], ' class="lr-num"'), ("Drawing", "")))
    rows = "".join(_row(result, axis, r) for r in rungs)
    return Html(f'<table class="lr-table lr-ladder"><caption>{text(caption)}</caption>'
                f"<thead><tr>{head}</tr></thead><tbody>{rows}{_axis_row(result, axis)}</tbody>"
                "</table>")
