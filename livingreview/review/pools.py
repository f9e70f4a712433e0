"""The pooled estimate of an analysis, by the protocol's model."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from .. import synthesis
from ..effects import Analysis, Effect
from ..effects.question import PROPORTION, RATIOS
from ..synthesis import protocol
from . import proportions
from .written import ENDS, keys_of

_Z = 1.959963984540054


def natural(measure: str, value: float | None) -> float | None:
    """A value on the scale that readers know: ratios exponentiated, proportions in percent."""
    if value is None:
        return None
    if measure == PROPORTION:
        return proportions.percent(value)
    return math.exp(value) if measure in RATIOS else float(value)


def describe(measure: str, pooled: synthesis.Pooled) -> dict:
    """A pooled estimate as plain keys; ratios on their natural scale, `se` and `tau2` on the log.

    Parameters
    ----------
    measure : str
    pooled : synthesis.Pooled

    Returns
    -------
    dict
    """
    keys = keys_of(pooled)
    return keys | {key: natural(measure, keys[key]) for key in ENDS}


def prior(analysis: Analysis) -> dict | None:
    """The prior of an analysis as plain keys; parameters that its family lacks are left out."""
    if analysis.prior is None:
        return None
    return {key: value for key, value in asdict(analysis.prior).items() if value is not None}


def arrays(effects: Sequence[Effect]) -> tuple[np.ndarray, np.ndarray]:
    """Effects and variances of the trials that have them."""
    with_effect = [e for e in effects if e.yi is not None]
    return (np.array([e.yi for e in with_effect], dtype=float),
            np.array([e.vi for e in with_effect], dtype=float))


def counts(effects: Sequence[Effect]) -> list[np.ndarray] | None:
    """Events and totals (intervention, then comparator), or None where a trial has not both."""
    with_effect = [e for e in effects if e.yi is not None]
    if not with_effect or any(None in (e.intervention, e.comparator) for e in with_effect):
        return None
    return [np.array(column, dtype=float) for column in zip(*(
        (e.intervention.events, e.intervention.n, e.comparator.events, e.comparator.n)
        for e in with_effect), strict=True)]


def has_zero_cell(effects: Sequence[Effect]) -> bool:
    """Whether any trial, those without a ratio included, has an empty cell."""
    return any(e.intervention is not None and 0 in (
        e.intervention.events, e.intervention.n - e.intervention.events, e.comparator.events,
        e.comparator.n - e.comparator.events) for e in effects)


def random_pool(analysis: Analysis, effects: Sequence[Effect]) -> synthesis.Pooled:
    """Random effects by the estimator and interval of the analysis, or the model for proportions.
    """
    if analysis.measure == PROPORTION:
        return proportions.random_pool([e for e in effects if e.yi is not None])
    yi, vi = arrays(effects)
    return synthesis.pool(yi, vi, tau2_method=analysis.tau2_method, interval=analysis.interval)


def mantel_haenszel(analysis: Analysis, effects: Sequence[Effect]) -> synthesis.Pooled | None:
    """Mantel–Haenszel without correction; None where it is not defined."""
    table = counts(effects)
    if table is None:
        return None
    try:
        return synthesis.mantel_haenszel(*table, measure=analysis.measure)
    except synthesis.SynthesisError:
        return None


def main_pool(analysis: Analysis, effects: Sequence[Effect]) -> synthesis.Pooled | None:
    """The protocol's main model for these trials; None without a trial that has an effect.

    The rules are those of :func:`livingreview.synthesis.protocol.main_pool`. Proportions of
    treated patients have models of their own. Two trials of a check are pooled as those of the
    analysis that it repeats, and two trials whose numbers of participants nobody knows have no
    prior: by random effects.
    """
    if analysis.measure == PROPORTION:
        return proportions.main_pool([e for e in effects if e.yi is not None], analysis.prior)
    yi, vi = arrays(effects)
    if len(yi) == 0:
        return None
    empty = analysis.binary and has_zero_cell(effects)
    if (analysis.role == "check" or analysis.prior is None) and len(yi) == 2:
        pooled = mantel_haenszel(analysis, effects) if empty else None
        return random_pool(analysis, effects) if pooled is None else pooled
    return protocol.main_pool(
        yi, vi, measure=analysis.measure, tables=counts(effects) if empty else None,
        zero_cells=empty, prior=analysis.prior, tau2_method=analysis.tau2_method,
        interval=analysis.interval)


def beside(analysis: Analysis, effects: Sequence[Effect], pooled: synthesis.Pooled) -> dict:
    """What stands beside a pool of few trials, by the keys of ``results.json``; None where nothing.

    ``random_effects`` beside any model without a variance between trials of its own, and beside a
    posterior; ``common_effect`` beside a posterior of two trials; ``posterior`` itself, with its
    prior, for two trials, and beside random effects for three and four; ``apart``, whether the
    intervals of two trials do not overlap.

    Parameters
    ----------
    analysis : Analysis
    effects : sequence of Effect
    pooled : synthesis.Pooled
        By the main model.
    """
    found = dict.fromkeys(("random_effects", "common_effect", "posterior", "apart"))
    with_effect = [e for e in effects if e.yi is not None]
    yi, vi = arrays(with_effect)
    if len(yi) < 2:
        return found
    if pooled.model not in ("random", proportions.MODEL):
        found["random_effects"] = random_pool(analysis, with_effect)
    if pooled.model == "posterior":
        found |= {"posterior": pooled, "common_effect": _common(analysis, with_effect)}
    elif pooled.model == "random" and len(yi) in protocol.BESIDE and analysis.prior:
        found["posterior"] = protocol.posterior_pool(yi, vi, analysis.prior)
    described = {key: describe(analysis.measure, value) if value else None
                 for key, value in found.items()}
    return described | {"apart": protocol.apart(yi, vi) if len(yi) == 2 else None}


def _common(analysis: Analysis, effects: list[Effect]) -> synthesis.Pooled | None:
    """One value that all trials share."""
    if analysis.measure == PROPORTION:
        return proportions.common(*proportions.table(effects))
    return protocol.common_effect(*arrays(effects))


def absolute(analysis: Analysis, effects: Sequence[Effect], pooled: dict) -> dict | None:
    """Risks per 1,000: the pooled ratio applied to the median comparator risk of the trials.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 15.4.4.
    """
    with_counts = [e for e in effects if e.comparator is not None and e.yi is not None]
    if analysis.measure != "RR" or not with_counts:
        return None
    risk = statistics.median(e.comparator.events / e.comparator.n for e in with_counts)
    if risk == 0:  # a ratio says nothing where the usual risk is zero
        return None
    return {
        "comparator_per_1000": 1000 * risk,
        "trials_of_median": sorted(e.trial_id for e in with_counts),
        **{f"intervention_{key}_per_1000": min(1000.0, 1000 * risk * pooled[key])
           for key in ("estimate", "ci_low", "ci_high")},
    }


def none_seen(effects: Sequence[Effect]) -> dict | None:
    """The upper bound of a risk when no patient of any trial had the event in the treated arms."""
    arms = [e.intervention for e in effects if e.intervention is not None]
    if not arms or any(a.events for a in arms):
        return None
    n = sum(a.n for a in arms)
    return {"n": n, "upper_percent": 100 * synthesis.upper_bound_zero_events(n)}


def all_seen(effects: Sequence[Effect]) -> dict | None:
    """The lower bound of a proportion when every treated patient of every study had the event."""
    if not effects or any(e.intervention.events != e.intervention.n for e in effects):
        return None
    n = sum(e.intervention.n for e in effects)
    return {"n": n, "lower_percent": 100 * (1 - synthesis.upper_bound_zero_events(n))}


def interval_of(measure: str, effect: Effect) -> tuple[float | None, float | None, float | None]:
    """Estimate and 95% interval of one trial on the readers' scale; None where it has no ratio.

    Proportions as they are, with the exact interval; all else by the normal distribution.
    """
    if effect.yi is None:
        return None, None, None
    if measure == PROPORTION:
        arm = effect.intervention
        return 100 * arm.events / arm.n, *proportions.exact(arm)
    half = _Z * math.sqrt(effect.vi)
    return tuple(natural(measure, x) for x in (effect.yi, effect.yi - half, effect.yi + half))
