"""The pool of a file as a view: the keys of its JSON, and the lines of its forest plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from ...view import pooled as view
from ...view.pooled import Line, Span
from .measures import COUNTS, MEAN, MEANS, MEASURES, PROPORTION, RATE, RATES
from .pooling import Result
from .question import CallError
from .results import document
from .trials import printable

DRAWINGS = ("svg", "html", "png", "pdf")
DRAWN = 400  # trials above which a forest plot shows the pooled rows alone
# What the columns of a measure say of an arm, and how many of them are of one arm.
_ARMS = {COUNTS: ("counts", 2), PROPORTION: ("counts", 2), RATES: ("rates", 2),
         RATE: ("rates", 2), MEANS: ("means", 3), MEAN: ("means", 3)}


def shown(result: Result, favours: Sequence[str] = ()) -> view.Pooled:
    """The pool of a file, to be printed or drawn.

    Parameters
    ----------
    result : Result
    favours : sequence of str
        What lies to the left and to the right of no effect.
    """
    measure = MEASURES[result.question.measure]
    found, null = list(_spans(result)), measure.null is not None
    placed = [_placed(result, row, span) for _, _, _, row, span in found]
    axis = view.axis_of(placed, measure.ratio, null)
    lines, document_ = [], document(result)
    for (kind, name, k, row, span), place in zip(found, placed, strict=True):
        weight = None if row is None or result.pooled.k < 2 else float(
            np.nan_to_num(result.weights[row]))
        lines.append(Line(
            kind, printable(name), k, weight, _cells(result, row),
            tuple(result.natural(v, row) for v in (span.middle, span.low, span.high)),
            None if place.middle is None else axis.x(place.middle),
            axis.bar(place.low, place.high), round(4 + 12 * (weight or 0) ** 0.5, 1),
            _posterior(result, kind, name),
            () if row is None else tuple(document_["studies"][row]["notes"])))
    return view.Pooled(
        document_, Path(result.trials.file).name, measure.ratio, measure.transformed, null,
        view.decimals(document_[key] for key in ("estimate", "ci_low", "ci_high")),
        _arms(result)[0], tuple(favours), tuple(lines), *view.ticks(axis, measure.ratio),
        axis.x(0.0) if null else None)


def _placed(result: Result, row: int | None, span: Span) -> Span:
    """An interval where the axis has it: of ratios on the log scale, else as readers know it."""
    if result.question.ratio:
        return span
    low, high, middle = (result.natural(v, row) for v in (span.low, span.high, span.middle))
    return Span(low, high, middle)


def _arms(result: Result) -> tuple[str, int]:
    """What the numbers of an arm are, and how many; nothing where effects were given."""
    columns = MEASURES[result.question.measure].columns
    return _ARMS.get(columns, ("", 0)) if result.trials.columns == columns else ("", 0)


def _cells(result: Result, row: int | None) -> tuple[tuple[float, ...], ...]:
    """The numbers of each arm of a trial."""
    size = _arms(result)[1]
    if row is None or not size:
        return ()
    numbers = [float(result.trials.numbers[name][row]) for name in result.trials.columns]
    return tuple(tuple(numbers[i:i + size]) for i in range(0, len(numbers), size))


def _spans(result: Result) -> Iterator[tuple[str, str, int, int | None, Span]]:
    """Kind, name, trials, row and interval of each line: trials by subgroup, then pools."""
    question, trials, pooled = result.question, result.trials, result.pooled
    half = float(ndtri(0.5 + question.level / 2)) * np.sqrt(trials.vi)
    drawn = [int(i) for i in np.flatnonzero(trials.used) if trials.reasons[i] is None]
    labels = trials.texts[question.subgroup] if question.subgroup else [""] * len(trials.names)
    for group in [*(g for g in result.groups if g), ""]:
        for i in drawn if len(drawn) <= DRAWN else ():
            if labels[i] == group:
                y = float(trials.yi[i])
                yield "trial", trials.names[i], 1, i, Span(y - half[i], y + half[i], y)
        own = result.groups.get(group)
        if own is not None and not isinstance(own, str):  # one trial has a line and no mark
            yield "group", group, own.k, None, _span(own)
    if pooled.k > 1:  # a trial alone is not pooled
        yield "pool", "", pooled.k, None, _span(pooled)
    if pooled.pi_low is not None:
        yield "prediction", "", pooled.k, None, Span(pooled.pi_low, pooled.pi_high)


def _posterior(result: Result, kind: str, name: str) -> bool:
    """Whether a line is a posterior, which is no diamond."""
    found = {"pool": result.pooled, "group": result.groups.get(name)}.get(kind)
    return getattr(found, "model", None) == "posterior"


def _span(pooled: Any) -> Span:
    return Span(pooled.ci_low, pooled.ci_high, pooled.estimate)


def drawing(path: Path) -> str:
    """The kind of drawing that a file name asks for; CallError where it asks for another."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in DRAWINGS:
        raise CallError(f"--forest writes .{', .'.join(DRAWINGS[:-1])} or .{DRAWINGS[-1]}, "
                        f"not {path.name}")
    return kind
