"""Marks of a drawing in a table: places across it are in per cent, letters and marks in pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..view.axis import Axis
from .html import Html, text

HEIGHT = 38
FAR = 400  # a line of the axis runs through a row of any height, whose cell cuts it


def upright(axis: Axis, value: float, css: str) -> str:
    """A line of the axis at a value, from row to row."""
    x = axis.x(value)
    return (f'<line class="{css}" x1="{x:.1f}%" x2="{x:.1f}%" y1="{-FAR}" y2="{HEIGHT + FAR}"/>')


def mark_svg(title: str, content: str, height: int = HEIGHT) -> Html:
    """One small drawing of a row, named for those who cannot see it."""
    return Html(f'<svg class="lr-mark" role="img" width="100%" height="{height}">'
                f"<title>{text(title)}</title>{content}</svg>")


def at(x: float, content: str) -> str:
    """A mark drawn in pixels around its place; `x` in per cent."""
    return f'<svg x="{x:.1f}%" y="{HEIGHT // 2}" overflow="visible">{content}</svg>'


def diamond(axis: Axis, pooled: dict, css: str) -> str:
    """A diamond from end to end of an interval, highest at the estimate."""
    left, x, right = (axis.x(pooled[k]) for k in ("ci_low", "estimate", "ci_high"))
    top = 100 * (x - left) / (right - left) if right > left else 50
    return (f'<svg x="{left:.1f}%" y="{HEIGHT // 2 - 8}" width="{right - left:.1f}%" height="16" '
            'viewBox="0 0 100 16" preserveAspectRatio="none" overflow="visible">'
            f'<polygon class="{css}" points="0,8 {top:.1f},0 100,8 {top:.1f},16"/></svg>')


def bar(axis: Axis, low: float, high: float, css: str) -> str:
    """An interval, with an arrow where it goes on beyond the axis."""
    y, x1, x2 = HEIGHT // 2, axis.x(low), axis.x(high)
    out = f'<line class="{css}" x1="{x1:.1f}%" x2="{x2:.1f}%" y1="{y}" y2="{y}"/>'
    for value, x, back in ((low, x1, 6), (high, x2, -6)):
        if not axis.inside(value):
            out += at(x, f'<path class="lr-arrow" d="M{back} -4 L0 0 L{back} 4"/>')
    return out


def ticks(axis: Axis, values: Iterable[float], shown: Callable[[float], str]) -> str:
    """The line of the axis with labels at some values; `shown` gives the text of a value."""
    marks = ['<line class="lr-tick" x1="0" x2="100%" y1="0" y2="0"/>']
    for tick in values:
        x = axis.x(tick)
        marks.append(f'<line class="lr-tick" x1="{x:.1f}%" x2="{x:.1f}%" y1="0" y2="5"/>'
                     f'<text class="lr-axis" x="{x:.1f}%" y="17" '
                     f'text-anchor="middle">{shown(tick)}</text>')
    return "".join(marks)
