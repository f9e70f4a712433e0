"""From a published estimate, recomputed, to ours: one rule at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..effects import Analysis, Evidence, Rules, select
from .pools import describe, main_pool
from .robustness import EXTRA


def _declared(ev: Evidence, analysis_id: str) -> Analysis:
    return next(Analysis.of(row) for row in ev.data.records("analyses")
                if row["analysis_id"] == analysis_id)


def _changes(check: Analysis, main: Analysis) -> Iterator[tuple[str, str, Analysis]]:
    """The check, then the check with one more rule of ours at each step: key, and what it names."""
    now = check
    yield "published", "", now
    if now.tau2_method != main.tau2_method:
        now = replace(now, tau2_method=main.tau2_method)
        yield "tau2", main.tau2_method, now
    if now.interval != main.interval:
        now = replace(now, interval=main.interval)
        yield "interval", "", now
    kept = tuple(now.qualities)
    for quality in EXTRA:
        if quality in kept:
            kept = tuple(q for q in kept if q != quality)
            now = replace(now, qualities=kept)
            yield "without", quality, now
    if now.studies:
        now = replace(now, studies=())
        yield "every", "", now


def steps(ev: Evidence, check: str, main: str) -> list[dict]:
    """Estimates on the way from one analysis to another.

    Parameters
    ----------
    ev : Evidence
    check, main : str
        Identifiers of two analyses of the same question.

    Returns
    -------
    list of dict
        ``rule`` (``published``, ``tau2``, ``interval``, ``without`` or ``every``) with ``of``, the
        estimator or quality that it names, ``k``, ``trials`` and the estimate after each change;
        steps that change neither
        trials nor estimate are kept, because that they change nothing is an answer too.
    """
    out = []
    for rule, of, analysis in _changes(_declared(ev, check), _declared(ev, main)):
        effects, _ = select(ev, analysis, Rules())
        fit = main_pool(analysis, effects)
        pooled = {} if fit is None else describe(analysis.measure, fit)
        out.append({"rule": rule, "of": of,
                    "trials": [e.trial_id for e in effects if e.yi is not None],
                    "k": pooled.get("k", 0),
                    **{k: pooled.get(k) for k in ("estimate", "ci_low", "ci_high")}})
    return out
