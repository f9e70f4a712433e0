"""Certainty of an estimate by fixed rules, each with its trace; not a panel's judgement."""

from __future__ import annotations

import math
import re

from .. import synthesis
from ..dataset import Dataset
from ..effects import Analysis, Effect, Evidence
from ..effects.question import MEAN_CHANGE
from .pools import arrays, counts
from .robustness import SMALL_STUDY_K

LEVELS = {4: "high", 3: "moderate", 2: "low", 1: "very low"}
# Kinds of families in the vocabulary. An outcome of the list `no_surrogate` is none, although its
# family is one of surrogates.
PATIENT_REPORTED, SURROGATE = "patient-reported", "surrogate"
_OVERALL = frozenset({"overall", "overall bias", "quality grading"})
_LOW = frozenset({"low", "a"})


def minimal_important_difference(ev: Evidence, analysis: Analysis, effects: list[Effect],
                                 wanted: list[str]) -> dict | None:
    """The published minimal important difference of the pool's first instrument.

    Returns
    -------
    dict or None
        ``value`` in the unit of the analysis, ``outcome``, ``population``, ``source``; None where
        none is known, the measure is not a mean difference, or its unit does not fit.
    """
    present = [o for o in wanted if any(e.outcome == o for e in effects)] or wanted
    if not present:  # a family without an order in the hierarchy
        return None
    rows = [i for i in ev.data.records("instruments") if i["outcome"] == present[0]
            and i["indication"] in (None, ev.indication) and i["mcid"] is not None]
    unit = re.fullmatch(r"points of (\d+)(?: .*)?", rows[0]["mcid_unit"] or "") if rows else None
    if analysis.measure not in ("MD", MEAN_CHANGE) or unit is None:
        return None
    top = float(unit.group(1))
    if not analysis.rescale and top != rows[0]["scale_max"]:
        return None
    return {"value": rows[0]["mcid"] * (100 / top if analysis.rescale else 1),
            "outcome": present[0], "population": rows[0]["mcid_population"],
            "source": rows[0]["mcid_source"]}


def small_study_test(analysis: Analysis, effects: list[Effect]) -> dict:
    """The test of small-study effects, or why there is none."""
    with_effect = [e for e in effects if e.yi is not None]
    if analysis.uncontrolled:
        return {"done": False, "reason": "no test is made of studies without a comparison"}
    if len(with_effect) < SMALL_STUDY_K:
        return {"done": False, "reason": f"fewer than {SMALL_STUDY_K} trials"}
    yi, vi = arrays(with_effect)
    try:
        if analysis.binary:
            table = counts(with_effect)
            if table is None:
                return {"done": False, "reason": "a trial reported a ratio without counts"}
            test, name = synthesis.peters(*table, measure=analysis.measure), "Peters"
        elif analysis.measure == "SMD":
            predictor = [math.sqrt(1 / e.n_cells + 1 / e.n_comparator) for e in with_effect]
            test, name = synthesis.egger(yi, vi, predictor=predictor), "Egger, on sample size"
        else:
            test, name = synthesis.egger(yi, vi), "Egger, random effects"
    except synthesis.SynthesisError as error:
        return {"done": False, "reason": str(error)}
    return {"done": True, "test": name, "p_value": float(test.p_value),
            "slope": float(test.slope), "slope_se": float(test.slope_se)}


def judged_low(ev: Evidence, study_id: str) -> bool:
    """Whether a named review judged a trial, or a companion, at low risk of bias overall."""
    return any(ev.trial_of(row["study_id"]) == study_id and row["domain"].lower() in _OVERALL
               and row["judgement"].lower() in _LOW
               for row in ev.data.records("risk_of_bias", ev.indication))


class _Trace:
    """Collects what each domain changes and why."""

    def __init__(self, rules: dict):
        self.rules = rules
        self.steps: list[dict] = []

    def add(self, domain: str, rule_ids: list[str], fact: str) -> None:
        change = sum(self.rules[r]["levels"] for r in rule_ids)
        self.steps.append({"domain": domain, "change": change, "rules": rule_ids, "fact": fact})


def _share(weights: dict[str, float], trials) -> float:
    return sum(weight for trial, weight in weights.items() if trial in trials)


def _risk_of_bias(trace: _Trace, ev: Evidence, weights: dict, reported: bool) -> None:
    low = _share(weights, {t for t in weights if judged_low(ev, t)})
    open_ = _share(weights, {t for t in weights
                             if ev.studies[t]["blinding"] not in ("single", "double", "triple")})
    rules = []
    if low < trace.rules["bias-not-low"]["threshold"]:
        rules.append("bias-not-low")
        if reported and open_ > trace.rules["bias-not-blinded"]["threshold"]:
            rules.append("bias-not-blinded")
    trace.add("risk-of-bias", rules, f"{low:.0%} of the weight from trials that a named review "
              f"judged at low risk; {open_:.0%} from trials not blinded to patients, or not "
              "stated to be")


def _inconsistency(trace: _Trace, analysis: Analysis, pooled: dict, mid: float | None,
                   null: float) -> None:
    rules, fact = [], "fewer than three trials, or no prediction interval"
    if pooled["k"] >= 3 and pooled["pi_low"] is not None:
        sign = -1 if analysis.favourable == "lower" else 1
        ends = sorted(sign * (x - null) for x in (pooled["pi_low"], pooled["pi_high"]))
        line = mid or 0.0
        high = (pooled["i2"] or 0) > trace.rules["inconsistency"]["threshold"]
        if high and ends[1] > line and ends[0] < 0:
            rules.append("inconsistency")
            if mid and ends[0] < -mid:  # without an MID nobody can say what harm beyond it is
                rules.append("inconsistency-harm")
        fact = (f"I² {pooled['i2']:.0f}%; prediction interval {pooled['pi_low']:.1f} to "
                f"{pooled['pi_high']:.1f}"
                + ("" if mid else "; no minimal important difference known"))
    trace.add("inconsistency", rules, fact)


def _other_background(analysis: Analysis, effect: Effect) -> bool:
    """Whether both arms of a trial got something that was not asked for."""
    if analysis.background:
        return bool(set(effect.background) - {analysis.background})
    return bool(effect.background) and effect.kind != "same-co-treatment"


def _indirectness(trace: _Trace, data: Dataset, analysis: Analysis, effects: list[Effect],
                  weights: dict, family: str) -> None:
    other = _share(weights, {e.trial_id for e in effects if e.cell_class == "not-stated"
                             or _other_background(analysis, e)})
    rules, fact = [], f"{other:.0%} of the weight from another product or background"
    if (data.kind("family", family) == SURROGATE
            and analysis.target not in data.words("no_surrogate")):
        rules, fact = ["indirectness"], f"{data.wording('surrogates')} are surrogates"
    elif other > trace.rules["indirectness"]["threshold"]:
        rules = ["indirectness"]
    trace.add("indirectness", rules, fact)


def _imprecision(trace: _Trace, analysis: Analysis, effects: list[Effect], pooled: dict,
                 mid: float | None, null: float, n: float) -> None:
    lines = [null] + ([null - mid, null + mid] if mid else [])
    inside = sum(pooled["ci_low"] < line < pooled["ci_high"] for line in lines)
    rules = ["imprecision-two"] if inside >= 2 else ["imprecision-one"] if inside == 1 else []
    silent = sum(e.cells is None for e in effects)
    if analysis.binary and not silent:
        events = sum(e.cells.events + e.comparator.events for e in effects)
        few, rule = events < trace.rules["imprecision-events"]["threshold"], "imprecision-events"
        size = f"{events:.0f} events"
    else:
        few = n < trace.rules["imprecision-participants"]["threshold"]
        rule = "imprecision-participants"
        size = f"{n:.0f} participants" if n else "number of participants not stated"
        if silent and analysis.binary:
            size += f", events not stated by {silent} of the trials"
    if few and not rules:
        rules = [rule]
    words = "no effect" + (", a benefit and a harm of the minimal important size" if mid else "")
    trace.add("imprecision", rules, f"{inside} of {len(lines)} lines ({words}) inside the "
              f"interval; {size}")


def _reporting(trace: _Trace, small: dict, missing: dict) -> None:
    rules, pool = [], missing["n_pool"]
    lost = missing["n_unusable"]
    share = lost / pool if pool else math.inf if lost else 0
    if small["done"] and small["p_value"] < trace.rules["reporting-small-study"]["threshold"]:
        rules.append("reporting-small-study")
    elif share >= trace.rules["reporting-missing"]["threshold"]:
        rules.append("reporting-missing")
    test = f"{small['test']} p = {small['p_value']:.3f}" if small["done"] else small["reason"]
    trace.add("reporting-bias", rules,
              f"finished trials without a usable number hold {lost:.0f} participants against "
              f"{f'{pool:.0f}' if pool else 'a number not stated'} in the pool; "
              f"small-study test: {test}")


def certainty(ev: Evidence, analysis: Analysis, effects: list[Effect], pooled: dict,
              weights: dict[str, float], mid: dict | None, small: dict, missing: dict,
              spread: dict | None = None) -> dict:
    """Rate one pooled estimate.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : list of Effect
    pooled : dict
        Keys as in `results.json`; ratios on their natural scale.
    weights : dict of str to float
        Share of the weight by trial.
    mid, small, missing : dict
        Of :func:`minimal_important_difference`, :func:`small_study_test` and
        :func:`~livingreview.review.missing.not_in_pool`.
    spread : dict, optional
        The random-effects pool that stands beside a main model without a prediction interval.

    Returns
    -------
    dict
        ``level`` and the ``steps`` that lead to it.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 14.
    """
    rules = {r["rule_id"]: r for r in ev.data.records("certainty_rules")}
    trace = _Trace(rules)
    if analysis.uncontrolled:  # the lowest level: no rule can lower it, and none raises it
        trace.add("start", ["start-uncontrolled"], "studies without a comparison")
        return {"level": LEVELS[trace.steps[0]["change"]], "steps": trace.steps}
    randomised = all(ev.studies[e.trial_id]["design"] == "rct" for e in effects)
    start = "start-randomised" if randomised else "start-nonrandomised"
    trace.add("start", [start], "randomised trials" if randomised
              else "non-randomised studies among them")
    family = analysis.target if analysis.target_type == "family" else ev.data.kind(
        "outcome", analysis.target)
    null = 1.0 if analysis.ratio else 0.0
    line = mid["value"] if mid else None
    _risk_of_bias(trace, ev, weights, ev.data.kind("family", family) == PATIENT_REPORTED)
    _inconsistency(trace, analysis, spread or pooled, line, null)
    _indirectness(trace, ev.data, analysis, effects, weights, family)
    _imprecision(trace, analysis, effects, pooled, line, null, missing["n_pool"])
    _reporting(trace, small, missing)
    level = max(1, min(4, sum(step["change"] for step in trace.steps)))
    return {"level": LEVELS[level], "steps": trace.steps}
