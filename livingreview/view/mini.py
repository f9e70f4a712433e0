"""One estimate drawn without a row around it."""

from __future__ import annotations

from ..review.measure import measure, ratio, uncontrolled
from .axis import Axis, Mark, Tick
from .base import Struct
from .forest import important, mark_of


class Mini(Struct):
    """An estimate on an axis of its own; places are in per cent."""

    mark: Mark
    zero: float | None  # place of the line of no effect; a share of treated patients has none
    important: tuple[float, ...]  # places of the smallest change that a patient notices
    # ``left`` or ``right``: the side on which the treated fare better; empty without a comparison
    better: str
    ticks: tuple[Tick, ...]


def mini(result: dict) -> Mini | None:
    """The pooled estimate of an analysis; None where there is none.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json``.
    """
    pooled, alone = result["pooled"], uncontrolled(result)
    if not pooled:
        return None
    share = alone and measure(result).binary
    noticed = important(result)
    axis = Axis((), ends=(0.0, 100.0)) if share else Axis(
        (pooled["ci_low"], pooled["ci_high"], *noticed), ratio(result))
    lower = result["question"]["favourable"] == "lower"
    return Mini(mark_of(axis, pooled), None if share else axis.x(1.0 if axis.log else 0.0),
                tuple(axis.x(v) for v in noticed if axis.inside(v)),
                "" if alone else "left" if lower else "right", axis.ticks())
