"""Scores on several metrics under one name make no mean difference together."""

from __future__ import annotations

from ..data.metrics import scored
from .evidence import Evidence
from .messages import said
from .question import MEAN_CHANGE, Analysis, Effect, LeftOut


def of_one_metric(ev: Evidence, analysis: Analysis, effects: list[Effect]
                  ) -> tuple[list[Effect], list[LeftOut]]:
    """The effects that stand on one metric, and the trials that stand on another.

    Where there are several, that is kept which ``metrics.csv`` lists first. A standardised
    difference has no metric, and takes all of them.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : list of Effect

    Returns
    -------
    (list of Effect, list of LeftOut)
    """
    if analysis.measure not in ("MD", MEAN_CHANGE):
        return effects, []
    found = {e.trial_id: how.metric for e in effects if (how := scored(
        ev.data, ev.indication, e.study_id, e.outcome, e.instrument or None))}
    if len(set(found.values())) < 2:
        return effects, []
    order = [m["metric"] for outcome in dict.fromkeys(e.outcome for e in effects)
             for m in ev.data.having("metrics", "outcome", outcome)]
    kept = next(m for m in order if m in found.values())
    apart = [e for e in effects if found.get(e.trial_id, kept) != kept]
    return [e for e in effects if e not in apart], [
        LeftOut(e.trial_id, e.study_id, said("metric")) for e in apart]
