"""The pool of a file as a view: the keys of its JSON, and the lines of its forest plot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from ...synthesis import Pooled
from ...view import pooled as view
from ...view.pooled import Line, Span
from .pooling import Result
from .question import CallError
from .results import document, natural
from .trials import printable

DRAWINGS = ("svg", "html")
DRAWN = 400  # trials above which a forest plot shows the pooled rows alone


def shown(result: Result) -> view.Pooled:
    """The pool of a file, to be printed or drawn.

    Parameters
    ----------
    result : Result
    """
    question, found = result.question, list(_spans(result))
    axis = view.axis_of([span for *_, span in found], question.ratio)
    lines = []
    for kind, name, k, weight, span in found:
        values = (span.middle, span.low, span.high)
        lines.append(Line(
            kind, printable(name), k, weight if result.pooled.k > 1 else None,
            tuple(natural(question, v) for v in values),
            None if span.middle is None else axis.x(span.middle), axis.bar(span.low, span.high),
            round(4 + 12 * (weight or 0) ** 0.5, 1)))
    return view.Pooled(document(result), Path(result.trials.file).name, question.method,
                       question.ratio, tuple(lines), *view.ticks(axis, question.ratio),
                       axis.x(0.0))


def _spans(result: Result) -> Iterator[tuple[str, str, int, float | None, Span]]:
    """Kind, name, trials, weight and interval of each line: trials by subgroup, then pools."""
    question, trials, pooled = result.question, result.trials, result.pooled
    half = float(ndtri(0.5 + question.level / 2)) * np.sqrt(trials.vi)
    drawn = [i for i in np.flatnonzero(trials.used) if trials.reasons[i] is None]
    labels = trials.texts[question.subgroup] if question.subgroup else [""] * len(trials.names)
    for group in [*(g for g in result.groups if g), ""]:
        for i in drawn if len(drawn) <= DRAWN else ():
            if labels[i] == group:
                y, weight = float(trials.yi[i]), float(np.nan_to_num(result.weights[i]))
                yield "trial", trials.names[i], 1, weight, Span(y - half[i], y + half[i], y)
        own = result.groups.get(group)
        if isinstance(own, Pooled) and own.k > 1:
            yield "group", group, own.k, None, _span(own)
    if pooled.k > 1:  # a trial alone is not pooled
        yield "pool", "", pooled.k, None, _span(pooled)
    if pooled.pi_low is not None:
        yield "prediction", "", pooled.k, None, Span(pooled.pi_low, pooled.pi_high)


def _span(pooled: Pooled) -> Span:
    return Span(pooled.ci_low, pooled.ci_high, pooled.estimate)


def drawing(path: Path) -> str:
    """The kind of drawing that a file name asks for; CallError where it asks for another."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in DRAWINGS:
        raise CallError(f"--forest writes .{' or .'.join(DRAWINGS)}, not {path.name}")
    return kind
