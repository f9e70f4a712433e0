"""Certainty of an estimate by fixed rules, each with its trace; not a panel's judgement."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict

from .. import synthesis
from ..data.dataset import Dataset
from ..data.phrases import phrases
from ..effects import Analysis, Effect, Evidence
from ..effects.comparisons import CLASS_NOT_STATED
from ..effects.question import MEAN_CHANGE
from . import imprecision
from .pools import arrays, counts
from .robustness import SMALL_STUDY_K

LEVELS = {4: "high", 3: "moderate", 2: "low", 1: "very low"}
LOWEST = min(LEVELS)
# What results call a test of small-study effects, and why there is none.
SMALL_STUDY = phrases(__package__, "small_study.csv")
# Kinds of families in the vocabulary. An outcome of the list `no_surrogate` is none, although its
# family is one of surrogates.
PATIENT_REPORTED, SURROGATE, FREQUENCY = "patient-reported", "surrogate", "frequency"
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
    factor = in_unit(analysis, rows[0]) if rows else None
    return None if factor is None else {
        "value": rows[0]["mcid"] * factor, "outcome": present[0],
        "population": rows[0]["mcid_population"], "source": rows[0]["mcid_source"]}


def in_unit(analysis: Analysis, instrument: Mapping) -> float | None:
    """How a difference on the scale of an instrument becomes one in the unit of an analysis.

    Parameters
    ----------
    analysis : Analysis
    instrument : mapping
        A row of instruments.

    Returns
    -------
    float or None
        The factor; None where the units have nothing in common.
    """
    if analysis.measure not in ("MD", MEAN_CHANGE):
        return None
    said = instrument["mcid_unit"] or ""
    points = re.fullmatch(r"points of (\d+)(?: .*)?", said)
    if points is None:
        return 1 if said and said == analysis.unit and not analysis.rescale else None
    top = float(points[1])
    if analysis.rescale:
        return 100 / top
    return 1 if top == instrument["scale_max"] else None


def small_study_test(analysis: Analysis, effects: list[Effect]) -> dict:
    """The test of small-study effects, or why there is none."""
    with_effect = [e for e in effects if e.yi is not None]
    if analysis.uncontrolled:
        return {"done": False, "reason": SMALL_STUDY["uncontrolled"]}
    if len(with_effect) < SMALL_STUDY_K:
        return {"done": False, "reason": SMALL_STUDY["few"].format(k=SMALL_STUDY_K)}
    yi, vi = arrays(with_effect)
    try:
        if analysis.binary:
            table = counts(with_effect)
            if table is None:
                return {"done": False, "reason": SMALL_STUDY["no-counts"]}
            test, name = synthesis.peters(*table, measure=analysis.measure), "peters"
        elif analysis.measure == "SMD":
            predictor = [math.sqrt(1 / e.n_intervention + 1 / e.n_comparator) for e in with_effect]
            test, name = synthesis.egger(yi, vi, predictor=predictor), "egger-size"
        else:
            test, name = synthesis.egger(yi, vi), "egger"
    except synthesis.SynthesisError as error:
        return {"done": False, "reason": str(error)}
    return {"done": True, "test": SMALL_STUDY[name], "p_value": float(test.p_value),
            "slope": float(test.slope), "slope_se": float(test.slope_se)}


def judged_low(ev: Evidence, study_id: str) -> bool:
    """Whether a named review judged a trial, or a companion, at low risk of bias overall."""
    return any(ev.trial_of(row["study_id"]) == study_id and row["domain"].lower() in _OVERALL
               and row["judgement"].lower() in _LOW
               for row in ev.data.records("risk_of_bias", ev.indication))


class _Trace:
    """Collects what each domain changes and the facts that its rules looked at."""

    def __init__(self, rules: dict):
        self.rules = rules
        self.steps: list[dict] = []

    def add(self, domain: str, rule_ids: list[str], **facts) -> None:
        change = sum(self.rules[r]["levels"] for r in rule_ids)
        self.steps.append({"domain": domain, "change": change, "rules": rule_ids, "facts": facts})

    def threshold(self, rule: str) -> float:
        return self.rules[rule]["threshold"]


def _share(weights: dict[str, float], trials) -> float:
    return sum(weight for trial, weight in weights.items() if trial in trials)


def _risk_of_bias(trace: _Trace, ev: Evidence, weights: dict, reported: bool) -> None:
    low = _share(weights, {t for t in weights if judged_low(ev, t)})
    open_ = _share(weights, {t for t in weights
                             if ev.studies[t]["blinding"] not in ("single", "double", "triple")})
    rules = []
    if low < trace.threshold("bias-not-low"):
        rules.append("bias-not-low")
        if reported and open_ > trace.threshold("bias-not-blinded"):
            rules.append("bias-not-blinded")
    trace.add("risk-of-bias", rules, share_low=low, share_not_blinded=open_,
              share_asked=trace.threshold("bias-not-low"))


def _inconsistency(trace: _Trace, analysis: Analysis, pooled: dict, mid: float | None) -> None:
    if pooled["k"] < 3 or pooled["pi_low"] is None:
        return trace.add("inconsistency", [], k=pooled["k"], judged=False)
    ends = sorted(_toward(analysis) * (x - _null(analysis))
                  for x in (pooled["pi_low"], pooled["pi_high"]))
    rules, i2 = [], pooled["i2"] or 0
    if i2 > trace.threshold("inconsistency") and ends[1] > (mid or 0.0) and ends[0] < 0:
        rules.append("inconsistency")
        if mid and ends[0] < -mid:  # without an MID nobody can say what harm beyond it is
            rules.append("inconsistency-harm")
    return trace.add("inconsistency", rules, k=pooled["k"], judged=True, i2=i2, mid=mid,
                     pi_low=pooled["pi_low"], pi_high=pooled["pi_high"])


def _other_background(analysis: Analysis, effect: Effect) -> bool:
    """Whether both arms of a trial got something that was not asked for."""
    if analysis.background:
        return bool(set(effect.background) - {analysis.background})
    return bool(effect.background) and effect.kind != "same-co-treatment"


def _indirectness(trace: _Trace, data: Dataset, analysis: Analysis, effects: list[Effect],
                  weights: dict, family: str) -> None:
    other = _share(weights, {e.trial_id for e in effects if e.treatment_class == CLASS_NOT_STATED
                             or _other_background(analysis, e)})
    surrogate = (data.kind("family", family) == SURROGATE
                 and analysis.target not in data.words("no_surrogate"))
    down = surrogate or other > trace.threshold("indirectness")
    trace.add("indirectness", ["indirectness"] if down else [], surrogate=surrogate,
              share_other=other)


def _information(trace: _Trace, analysis: Analysis, effects: list[Effect],
                 mid: float | None) -> imprecision.Information | None:
    """The optimal information size: of counts by the controls' risk, of scores by MID and SD."""
    if analysis.binary:
        controls = [e.comparator for e in effects if e.comparator is not None]
        return imprecision.of_risks(sum(c.events for c in controls), sum(c.n for c in controls),
                                    trace.rules)
    return imprecision.of_means(mid, [
        (e.participants, imprecision.variance_of_one(e.vi, e.n_intervention, e.n_comparator))
        for e in effects if e.n_intervention and e.n_comparator], trace.rules)


def _imprecision(trace: _Trace, analysis: Analysis, effects: list[Effect], weights: dict,
                 pooled: dict, rated: imprecision.Target, n: float) -> None:
    unknown = {e.trial_id for e in effects if not e.participants}
    share_unknown = _share(weights, unknown)
    counted = analysis.binary and all(e.intervention is not None for e in effects)
    # Trials that do not state their participants add none: the sum is the least there can be.
    events = sum(e.intervention.events + e.comparator.events for e in effects) if counted else None
    rules, facts = imprecision.imprecision(
        trace.rules, rated, pooled["ci_low"], pooled["ci_high"], toward=_toward(analysis),
        null=_null(analysis), participants=n, events=events,
        information=_information(trace, analysis, effects, rated.mid),
        share_unknown=share_unknown, alone=pooled["k"] == 1)
    trace.add("imprecision", rules, unknown=len(unknown), share_unknown=share_unknown, **facts)


def _toward(analysis: Analysis) -> int:
    return -1 if analysis.favourable == "lower" else 1


def _null(analysis: Analysis) -> float:
    return 1.0 if analysis.ratio else 0.0


def _reporting(trace: _Trace, small: dict, missing: dict) -> None:
    pool, lost, rules = missing["n_pool"], missing["n_unusable"], []
    if small["done"] and small["p_value"] < trace.threshold("reporting-small-study"):
        rules.append("reporting-small-study")
    elif pool and lost >= trace.threshold("reporting-missing") * pool:
        rules.append("reporting-missing")  # a pool of unknown size has no share
    trace.add("reporting-bias", rules, n_pool=pool, n_lost=lost, test=small.get("test"),
              p_value=small.get("p_value"))


def certainty(ev: Evidence, analysis: Analysis, effects: list[Effect], pooled: dict,
              weights: dict[str, float], mid: dict | None, small: dict, missing: dict,
              spread: dict | None = None) -> dict | None:
    """Rate one pooled estimate.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : list of Effect
    pooled : dict
        ``k``, ``estimate``, ``ci_low``, ``ci_high``, ``pi_low``, ``pi_high``, ``i2``: keys as in
        `results.json`; ratios on their natural scale.
    weights : dict of str to float
        Share of the weight by trial.
    mid, small, missing : dict
        Of :func:`minimal_important_difference`, :func:`small_study_test` and
        :func:`~livingreview.review.missing.not_in_pool`.
    spread : dict, optional
        The random-effects pool that stands beside a main model without a prediction interval.

    Returns
    -------
    dict or None
        None where how common something is was asked. ``level``; ``target``, what is rated
        (:class:`~livingreview.review.imprecision.Target`, None without a comparison); and the
        ``steps`` that lead to the level: ``domain``, ``change`` in levels, ``rules`` that changed
        it, and ``facts``, the numbers that the rules looked at.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 14.
    Guyatt G et al. (2025). Core GRADE 2. BMJ 389:e081904.
    """
    rules = {r["rule_id"]: r for r in ev.data.records("certainty_rules")}
    trace = _Trace(rules)
    family = analysis.target if analysis.target_type == "family" else ev.data.kind(
        "outcome", analysis.target)
    if ev.data.kind("family", family) == FREQUENCY:  # the rules are on effects of treatments
        return None
    if analysis.uncontrolled:  # the lowest level: no rule can lower it, and none raises it
        trace.add("start", ["start-uncontrolled"])
        return {"level": LEVELS[trace.steps[0]["change"]], "target": None, "steps": trace.steps}
    randomised = all(ev.studies[e.trial_id]["design"] == "rct" for e in effects)
    start = "start-randomised" if randomised else "start-nonrandomised"
    trace.add("start", [start])
    line = mid["value"] if mid else None
    rated = imprecision.target(pooled["estimate"], line, toward=_toward(analysis),
                               null=_null(analysis), share=trace.threshold("target-important"))
    _risk_of_bias(trace, ev, weights, ev.data.kind("family", family) == PATIENT_REPORTED)
    _inconsistency(trace, analysis, spread or pooled, line)
    _indirectness(trace, ev.data, analysis, effects, weights, family)
    _imprecision(trace, analysis, effects, weights, pooled, rated, missing["n_pool"])
    _reporting(trace, small, missing)
    level = max(LOWEST, sum(step["change"] for step in trace.steps))
    return {"level": LEVELS[level], "target": asdict(rated), "steps": trace.steps}
