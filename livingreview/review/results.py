"""One analysis."""

from __future__ import annotations

import math
from dataclasses import replace

from .. import synthesis
from ..effects import Analysis, ArmValue, Effect, Evidence, Rules, select, targets
from ..effects.question import PROPORTION
from . import certainty, dose, groups, missing, pools, priors, robustness
from .multiverse import multiverse


def _arm(value: ArmValue | None) -> dict | None:
    if value is None:
        return None
    return {"arms": list(value.arms), "n": value.n, "mean": value.mean, "sd": value.sd,
            "events": value.events, "quality": value.quality,
            "derivation": list(value.derivation),
            "readings": [_reading(r) for r in value.readings]}


def _reading(r) -> dict:
    return {"table": r.table, "row": r.row, "arm_id": r.arm_id, "source_id": r.source_id,
            "locator": r.locator, "printed": [list(p) for p in r.printed], "note": r.note}


def _study(ev: Evidence, analysis: Analysis, effect: Effect, weight: float | None,
           without: dict | None) -> dict:
    """One trial of a result; `without` is the pool without it, where its weight does not tell."""
    estimate, low, high = pools.interval_of(analysis.measure, effect)
    return {
        "trial_id": effect.trial_id, "study_id": effect.study_id, "comparison": effect.kind,
        "background": list(effect.background), "treatment_class": effect.treatment_class,
        "outcome": effect.outcome, "instrument": effect.instrument, "months": effect.months,
        "statistic": effect.statistic, "yi": effect.yi, "vi": effect.vi,
        "estimate": estimate, "ci_low": low, "ci_high": high,
        "weight": weight, "without": without,
        "n_intervention": effect.n_intervention, "n_comparator": effect.n_comparator,
        "participants": effect.participants,
        "intervention": _arm(effect.intervention), "comparator": _arm(effect.comparator),
        "baseline": _arm(effect.baseline), "last": _arm(effect.last),
        "quality": effect.quality, "derivation": list(effect.derivation),
        "readings": [] if effect.intervention else [_reading(r) for r in effect.readings],
        "within_person": effect.within_person, "low_follow_up": effect.low_follow_up,
        "odd": [list(found) for found in robustness.odd_values(ev, effect)],
        "no_ratio": effect.no_ratio, "passed_over": [list(p) for p in effect.passed_over]}


def _weights(effects: list[Effect], pooled: synthesis.Pooled | None) -> dict[str, float]:
    with_effect = [e for e in effects if e.yi is not None]
    if pooled is None:
        return {}
    return {e.trial_id: float(w) for e, w in zip(with_effect, pooled.weights, strict=True)}


def _subgroup(analysis: Analysis, name: str, fits: dict[str, list[Effect]]) -> dict:
    """One division of trials with the pool of each group."""
    pooled = {value: pools.main_pool(analysis, members) for value, members in fits.items()}
    groups_ = [{"value": value, "trials": [e.trial_id for e in members],
                "n": sum(e.participants for e in members),
                **pools.describe(analysis.measure, pooled[value])}
               for value, members in fits.items() if pooled[value] is not None]
    return {"by": name, "groups": groups_, "difference": _difference(analysis, fits)}


def _subgroups(ev: Evidence, analysis: Analysis, effects: list[Effect]) -> list[dict]:
    """Pools by class of the treatment, comparison and design, and by what the treated arms got.

    Non-randomised controlled studies are a subgroup beside the randomised ones, not in the pool.
    """
    with_effect = [e for e in effects if e.yi is not None]
    by = [("treatment_class", lambda e: e.treatment_class)]
    if analysis.comparison == "any":
        by.insert(0, ("comparison", lambda e: e.kind))
    out = []
    for name, key in by:
        values = list(dict.fromkeys(key(e) for e in with_effect))
        fits = {value: [e for e in with_effect if key(e) == value] for value in values}
        out.append(_subgroup(analysis, name, fits))
    if analysis.uncontrolled:
        return out
    other = "nonrandomised-controlled"
    beside = [e for e in select(ev, analysis, Rules(designs=frozenset({other})))[0]
              if e.yi is not None]
    if beside:
        main = [e for e in with_effect if ev.studies[e.trial_id]["design"] != other]
        out.append(_subgroup(analysis, "design", {**({"rct": main} if main else {}),
                                                  other: beside}))
    return out + [_subgroup(analysis, name, fits)
                  for name, fits in groups.further(ev, analysis, with_effect).items()]


def _difference(analysis: Analysis, fits: dict[str, list[Effect]]) -> dict | None:
    """Test between subgroups, from random-effects pools of those with two trials or more.

    Trials that do not state what they are grouped by, or have several kinds, are no kind of
    their own.
    """
    pooled = [pools.random_pool(analysis, members) for value, members in fits.items()
              if len(members) >= groups.FEWEST and value not in groups.UNKNOWN]
    if len(pooled) < 2:
        return None
    test = synthesis.subgroup_difference([p.estimate for p in pooled], [p.se for p in pooled])
    return {"q": float(test[0]), "df": int(test[1]), "p_value": float(test[2])}


def _most_moving(result: dict, analysis: Analysis) -> dict | None:
    """The one choice or trial that moves the estimate most, ratios compared as logarithms."""
    if result["pooled"] is None:
        return None
    scale = math.log if analysis.ratio else float
    here = scale(result["pooled"]["estimate"])
    rows = [r for r in (*result["robustness"], *result["leave_one_out"])
            if r["same_question"] and r.get("estimate") is not None]
    if not rows:
        return None
    row = max(rows, key=lambda r: abs(scale(r["estimate"]) - here))
    return {"id": row["id"], "label": row["label"], "estimate": row["estimate"]}


def _question(ev: Evidence, analysis: Analysis) -> dict:
    low, high = analysis.window
    return {"population": ev.data.label("indication", ev.indication),
            "treatments": ev.data.wording("products"),
            "intervention": ev.data.wording("intervention"),
            "comparison": analysis.comparison, "background": analysis.background,
            "condition": list(analysis.condition), "products": list(analysis.products),
            "unit": analysis.unit,
            "target_type": analysis.target_type,
            "target": analysis.target, "instrument_contains": analysis.instrument_contains,
            "window_from": low, "window_to": high, "measure": analysis.measure,
            "favourable": analysis.favourable, "rescaled_0_100": analysis.rescale}


def analyse(ev: Evidence, analysis: Analysis, brief: bool = False
            ) -> tuple[dict, list[Effect]]:
    """Compute one analysis.

    Parameters
    ----------
    ev : Evidence
        Of the analysis's indication.
    analysis : Analysis
    brief : bool, optional
        Without what takes most of the time and decides neither estimate nor certainty:
        subgroups, robustness, dose.

    Returns
    -------
    (dict, list of Effect)
        The result as it stands in ``results.json``, and its effects.
    """
    effects, left = select(ev, analysis, Rules())
    wanted = targets(ev, analysis)
    with_effect = [e for e in effects if e.yi is not None]
    prior = priors.chosen(ev.data, analysis, effects)
    analysis = replace(analysis, prior=prior.prior if prior else None)
    main = pools.main_pool(analysis, effects)
    pooled = None if main is None else pools.describe(analysis.measure, main)
    weights = _weights(effects, main)
    without = robustness.without_weightless(analysis, effects, weights, main.model) if main else {}
    result = {
        "id": analysis.id, "indication": analysis.indication, "title": analysis.title,
        "section": analysis.section, "role": analysis.role, "note": analysis.note,
        "question": _question(ev, analysis),
        "method": {"tau2_method": analysis.tau2_method, "interval": analysis.interval,
                   "prior": pools.prior(analysis), "prior_from": priors.trace(prior)},
        "k": len(with_effect),
        "k_without_ratio": len(effects) - len(with_effect),
        "n": sum(e.participants for e in with_effect),
        "k_without_n": sum(not e.participants for e in with_effect),
        "n_without_ratio": sum(e.participants for e in effects if e.yi is None),
        "pooled": pooled,
        "random_effects": None, "common_effect": None, "posterior": None, "apart": None,
        "subgroups": [] if brief else _subgroups(ev, analysis, effects),
        "studies": [_study(ev, analysis, e, weights.get(e.trial_id), without.get(e.trial_id))
                    for e in effects],
        "robustness": [], "leave_one_out": [], "absolute": None, "certainty": None,
        "none_seen": pools.none_seen(effects) if analysis.binary else None,
        "all_seen": pools.all_seen(effects) if analysis.measure == PROPORTION else None,
        "not_in_pool": None,
        "minimal_important_difference": certainty.minimal_important_difference(
            ev, analysis, with_effect, wanted),
        "small_study": certainty.small_study_test(analysis, effects), "most_moving": None,
        "multiverse": None,
        "dose_response": None if brief or analysis.uncontrolled else dose.dose_response(
            ev, analysis, with_effect)}
    if not brief and (pooled is None or analysis.role != "check"):
        result["robustness"] = robustness.variants(ev, analysis, effects)
    result["not_in_pool"] = missing.not_in_pool(
        ev, analysis, effects, left, wanted, result["robustness"], result["subgroups"])
    if pooled is None:
        return result, effects
    result.update(pools.beside(analysis, effects, main))
    if analysis.role != "check" and not brief:
        result["leave_one_out"] = robustness.leave_one_out(analysis, effects)
        result["most_moving"] = _most_moving(result, analysis)
        result["multiverse"] = multiverse(ev, analysis, effects)
    result["absolute"] = pools.absolute(analysis, effects, pooled)
    result["certainty"] = certainty.certainty(
        ev, analysis, with_effect, pooled, weights, result["minimal_important_difference"],
        result["small_study"], result["not_in_pool"], result["random_effects"])
    return result, effects
