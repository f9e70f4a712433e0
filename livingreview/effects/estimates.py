"""The effect of one trial from its arm-level rows."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial

from .. import synthesis
from .candidates import Candidate, Slot, candidates, passed_over
from .evidence import Contest, Evidence
from .messages import said
from .question import Analysis, Effect, Rules, main_reason
from .values import ArmValue, Unusable, combined, worst


def oriented(analysis: Analysis, slot: Slot, value: ArmValue) -> ArmValue:
    """A mean on the scale and in the direction of the analysis."""
    low, high = slot.scale
    factor = 100 / (high - low) if analysis.rescale else 1.0
    shift = low if analysis.rescale and slot.statistic == "final" else 0.0
    mean, sd = (value.mean - shift) * factor, value.sd * factor
    words = value.derivation
    if analysis.rescale and (low, high) != (0, 100):
        words = (*words, said("rescaled", low=f"{low:g}", high=f"{high:g}"))
    if slot.better != analysis.favourable:
        top = 0.0
        if slot.statistic == "final":
            top = 100.0 if analysis.rescale else (low + high if None not in slot.scale else 0.0)
        mean, words = top - mean, (*words, said("reversed"))
    return replace(value, mean=mean, sd=sd, derivation=words)


def _difference(analysis: Analysis, intervention: ArmValue, control: ArmValue,
                paired: bool, rules: Rules) -> tuple[float, float]:
    """Effect and variance of a pair of means."""
    yi, vi = _of_means(analysis.measure, intervention.mean, intervention.sd, intervention.n,
                       control.mean, control.sd, control.n)
    if paired:
        vi -= _paired_part([_mean_variance(analysis, v) for v in (intervention, control)],
                           (intervention.n, control.n), rules)
    return yi, vi


@lru_cache(maxsize=10_000)
def _of_means(measure: str, *arms: float) -> tuple[float, float]:
    """Difference and variance of two arms; most variants of the rules ask for the same again."""
    difference = (synthesis.standardised_mean_difference if measure == "SMD"
                  else synthesis.mean_difference)
    effect = difference(*([x] for x in arms))
    return float(effect.yi[0]) + 0.0, float(effect.vi[0])  # 0.0 and -0.0 are one question


def _mean_variance(analysis: Analysis, value: ArmValue) -> float:
    """Variance of an arm's mean, in SDs for a standardised difference."""
    return 1 / value.n if analysis.measure == "SMD" else value.sd**2 / value.n


def _paired_part(variances: list[float], sizes: tuple[float, float], rules: Rules) -> float:
    """What the correlation of the two sides of a person takes off the variance.

    There are as many pairs as the smaller side has joints.
    """
    pairs = min(sizes) / max(sizes)
    return 2 * rules.paired_correlation * math.sqrt(variances[0] * variances[1] * pairs)


def _shared(analysis: Analysis, values: list[tuple[Contest, ArmValue, ArmValue]],
            yi: list[float]) -> list[list[float]]:
    """Covariances of differences that share an arm: the variance of that arm's mean.

    References
    ----------
    Gleser LJ, Olkin I (2009). Stochastically dependent effect sizes. In: The Handbook of Research
    Synthesis and Meta-Analysis, 2nd ed., equation 19.19 (standardised differences).
    """
    out = [[0.0] * len(values) for _ in values]
    total = sum(v.n for side in _distinct(values) for v in side)
    for i, (one, intervention, control) in enumerate(values):
        for j, (other, _, _) in enumerate(values):
            if i == j or (one.comparator != other.comparator
                          and one.intervention != other.intervention):
                continue
            arm = control if one.comparator == other.comparator else intervention
            out[i][j] = _mean_variance(analysis, arm)
            if analysis.measure == "SMD":
                out[i][j] += yi[i] * yi[j] / (2 * total)
    return out


def _continuous_effect(analysis: Analysis, pairs: list[Candidate], paired: bool,
                       rules: Rules) -> tuple[float, float, ArmValue, ArmValue]:
    """Effect of the pairs of one trial; pairs that share an arm are combined with it modelled."""
    values = [(p.contest, oriented(analysis, p.slot, p.intervention),
               oriented(analysis, p.slot, p.comparator)) for p in pairs]
    effects = [_difference(analysis, intervention, control, paired, rules)
               for _, intervention, control in values]
    if len(effects) == 1:
        return (*effects[0], values[0][1], values[0][2])
    covariance = _shared(analysis, values, [yi for yi, _ in effects])
    for i, (_, vi) in enumerate(effects):
        covariance[i][i] = vi
    pooled = synthesis.combine_correlated([yi for yi, _ in effects], covariance)
    intervention, control = _distinct(values)
    return float(pooled[0]), float(pooled[1]), combined(intervention), combined(control)


def _distinct(values) -> tuple[list[ArmValue], list[ArmValue]]:
    """Each arm's value once, although it may stand in several pairs."""
    intervention = {contest.intervention.arms: value for contest, value, _ in values}
    control = {contest.comparator.arms: value for contest, _, value in values}
    return list(intervention.values()), list(control.values())


def _count_variance(analysis: Analysis, events: float, n: float) -> float:
    """Variance of an arm's log risk, log odds or risk, from counts without a zero."""
    none = n - events
    return {"RR": none / (events * n), "OR": 1 / events + 1 / none,
            "RD": events * none / n**3}[analysis.measure]


def _binary_effect(analysis: Analysis, pairs: list[Candidate], paired: bool, rules: Rules):
    """Effect of counts; pairs of one trial are one table with each arm counted once."""
    sides = _distinct([(p.contest, p.intervention, p.comparator) for p in pairs])
    intervention, control = combined(sides[0]), combined(sides[1])
    measure = {"RR": synthesis.risk_ratio, "OR": synthesis.odds_ratio,
               "RD": partial(synthesis.risk_difference, correct="variance")}[analysis.measure]
    effect = measure([intervention.events], [intervention.n], [control.events], [control.n])
    if not effect.used[0]:
        return None, None, intervention, control, effect.reasons[0]
    vi = float(effect.vi[0])
    if paired:
        zero = 0 in (intervention.events, intervention.n - intervention.events, control.events,
                     control.n - control.events)
        add = 0.5 if zero else 0.0  # as in the ratio itself
        vi -= _paired_part([_count_variance(analysis, v.events + add, v.n + 2 * add)
                            for v in (intervention, control)], (intervention.n, control.n), rules)
    return float(effect.yi[0]), vi, intervention, control, ""


def within_person(ev: Evidence, study: str) -> bool:
    """Whether a study, or the main report of its patients, compares two sides of each patient."""
    return "within-person" in (ev.studies[study]["allocation"],
                               ev.studies[ev.trial_of(study)]["allocation"])


def row_effect(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                rules: Rules) -> Effect:
    """The effect from arm-level rows; raises Unusable."""
    found, unusable = candidates(ev, analysis, trial, contests, rules)
    if not found:
        raise Unusable(main_reason([why for _, why in unusable]))
    best = found[0]
    pairs = [c for c in found if c.slot == best.slot
             and c.contest.study_id == best.contest.study_id]
    study = best.contest.study_id
    paired = within_person(ev, study)
    no_ratio = ""
    try:
        if analysis.binary:
            yi, vi, intervention, control, no_ratio = _binary_effect(analysis, pairs, paired, rules)
        else:
            yi, vi, intervention, control = _continuous_effect(analysis, pairs, paired, rules)
    except synthesis.SynthesisError as error:
        raise Unusable(str(error)) from error
    words = tuple(dict.fromkeys((*intervention.derivation, *control.derivation)))
    if paired:
        words = (*words, said("one-person", r=f"{rules.paired_correlation:g}"))
    classes = {p.contest.intervention.treatment_class for p in pairs}
    others = [c for c in found if c not in pairs]
    return Effect(
        trial, study, best.contest.kind, best.contest.background,
        classes.pop() if len(classes) == 1 else "mixed", best.slot.outcome,
        best.slot.instrument, best.slot.months, best.slot.statistic, yi, vi, intervention, control,
        intervention.n, control.n, worst(intervention.quality, control.quality), words,
        (*intervention.readings, *control.readings), paired,
        intervention.low_follow_up or control.low_follow_up, no_ratio or "",
        passed_over(ev, pairs, others, unusable))
