"""Effects by the dose: between trials, and between the dose arms of a trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .. import synthesis
from ..effects import Analysis, Effect, Evidence, Rules
from ..effects.estimates import row_effect
from ..effects.evidence import Contest, Group
from ..effects.messages import said
from ..effects.question import ONE_ARM
from ..effects.values import Unusable
from . import pools
from .groups import treated_arms

PER_WEIGHT = "kg"  # a dose by body weight is no amount of one administration
FEWEST = 4  # trials: through fewer, the error of a line is hardly known
NOT_BY_DOSE = said("not-by-dose")


def arm_dose(arm) -> float | None:
    """The amount of one administration of an arm; None where no positive number is stated."""
    dose = arm["dose"]
    return dose if dose and dose > 0 and arm["dose_per"] != PER_WEIGHT else None


def trial_dose(ev: Evidence, analysis: Analysis, effect: Effect) -> float | None:
    """The one dose of a trial's treated arms; None where they differ or one is not stated."""
    doses = {arm_dose(arm) for arm in treated_arms(ev, analysis, effect)}
    return doses.pop() if len(doses) == 1 else None


def dose_response(ev: Evidence, analysis: Analysis, effects: Sequence[Effect]) -> dict | None:
    """Both looks at dose and effect in one analysis.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : sequence of Effect
        Of the main pool.

    Returns
    -------
    dict or None
        ``trials`` (dose of each trial, None where it has several or states none), ``across`` and
        ``within``; None without a trial that has an effect, and without a comparison.
    """
    with_effect = [e for e in effects if e.yi is not None]
    if not with_effect or analysis.uncontrolled:
        return None
    doses = {e.trial_id: trial_dose(ev, analysis, e) for e in with_effect}
    return {"trials": doses, "across": across(analysis, with_effect, doses),
            "within": within(ev, analysis, with_effect)}


def across(analysis: Analysis, effects: Sequence[Effect],
           doses: dict[str, float | None]) -> dict | None:
    """Random-effects regression of the trials' effects on log₁₀ of their doses.

    Interval by the modified Knapp–Hartung method. The slope is the change of the effect per
    tenfold dose: a difference, or for ratios a ratio of ratios.

    Parameters
    ----------
    analysis : Analysis
    effects : sequence of Effect
        Trials with an effect.
    doses : dict of str to float or None
        By trial.

    Returns
    -------
    dict or None
        None with fewer than `FEWEST` trials, or all of one dose.
    """
    used = [e for e in effects if doses.get(e.trial_id)]
    x = np.log10([doses[e.trial_id] for e in used])
    fit = _line(analysis, used, x) if len(used) >= FEWEST else None
    if fit is None:
        return None
    ends = [min(doses[e.trial_id] for e in used), max(doses[e.trial_id] for e in used)]
    at = sorted({*ends, *(10.0**power for power in whole_powers(x))})
    line = synthesis.predict(fit, np.log10(at))

    def shown(value: float) -> float:
        return pools.natural(analysis.measure, float(value))

    def slope(line) -> dict:
        return {"slope": shown(line.coefficients[1]), "slope_ci_low": shown(line.ci_low[1]),
                "slope_ci_high": shown(line.ci_high[1])}

    without = ((e.trial_id, _line(analysis, used[:i] + used[i + 1:], np.delete(x, i)))
               for i, e in enumerate(used))
    return {
        "k": fit.k, "n": sum(e.participants for e in used), "trials": [e.trial_id for e in used],
        "dose_low": ends[0], "dose_high": ends[1], **slope(fit),
        "leave_one_out": [{"trial_id": trial, **slope(line)} for trial, line in without if line],
        "p_value": None if fit.p_values is None else float(fit.p_values[1]),
        "tau2": fit.tau2, "i2": fit.i2, "r2": fit.r2, "df": fit.df,
        "line": [{"dose": at_dose, "estimate": shown(line.estimate[i]),
                  "ci_low": shown(line.ci_low[i]), "ci_high": shown(line.ci_high[i])}
                 for i, at_dose in enumerate(at)]}


def _line(analysis: Analysis, effects: Sequence[Effect], x: np.ndarray):
    """The regression of effects on log₁₀ doses; None where no line can be fitted."""
    if len(effects) < FEWEST - 1 or np.ptp(x) == 0:
        return None
    yi, vi = pools.arrays(effects)
    try:
        return synthesis.meta_regression(yi, vi, x, tau2_method=analysis.tau2_method)
    except synthesis.SynthesisError:
        return None


def whole_powers(x: np.ndarray) -> range:
    """Whole powers of ten within a range of log₁₀ doses."""
    return range(math.ceil(x.min()), math.floor(x.max()) + 1)


def within(ev: Evidence, analysis: Analysis, effects: Sequence[Effect]) -> dict:
    """Slopes per tenfold dose inside trials that gave several doses and share a control.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : sequence of Effect
        Trials with an effect.

    Returns
    -------
    dict
        ``trials``: each trial's arms with dose and effect, and its own slope; ``pooled``: the
        slopes pooled in two stages, None with fewer than two trials; ``unusable``: trials with
        several doses and why they give no slope. Only for mean differences.
    """
    trials, unusable, blocks = [], {}, []
    if analysis.measure != "MD":
        return {"trials": [], "unusable": {}, "pooled": None}
    for effect in effects:
        contests = _dose_contests(ev, analysis, effect)
        if len({dose for dose, _ in contests}) < 2:
            continue
        try:
            arms, covariance = _arms(ev, analysis, effect, contests)
            slope = synthesis.dose_trend([a["estimate"] for a in arms], [a["dose"] for a in arms],
                                         covariance, scale="log10")
        except (Unusable, synthesis.SynthesisError) as reason:
            unusable[effect.trial_id] = NOT_BY_DOSE if str(reason) == ONE_ARM else str(reason)
            continue
        blocks.append(covariance)
        trials.append({"trial_id": effect.trial_id, "outcome": effect.outcome,
                       "months": effect.months, "arms": arms, "slope": _clean(slope.slope),
                       "ci_low": slope.ci_low, "ci_high": slope.ci_high,
                       "p_value": slope.p_value})
    return {"trials": trials, "unusable": unusable, "pooled": _pooled(trials, blocks)}


def _clean(slope: float) -> float:
    """A slope without the last bits, which differ between machines where it is zero."""
    return round(slope, 9)


def _dose_contests(ev: Evidence, analysis: Analysis,
                   effect: Effect) -> list[tuple[float, Contest]]:
    """Each dose arm of the trial's comparison against its control, arm by arm."""
    out = []
    alternatives = ev.contests(analysis.comparison, analysis.background).get(effect.trial_id, [])
    for contest in (c for contests in alternatives for c in contests):
        if (contest.study_id, contest.kind) != (effect.study_id, effect.kind):
            continue
        for arm in contest.intervention.arms:
            dose = arm_dose(ev.arms[contest.study_id, arm])
            if dose and len(contest.intervention.arms) > 1:
                alone = Group((arm,), (), contest.intervention.treatment_class)
                out.append((dose, replace(contest, intervention=alone)))
    return out


def _arms(ev: Evidence, analysis: Analysis, effect: Effect,
          contests: list[tuple[float, Contest]]) -> tuple[list[dict], np.ndarray]:
    """Effect of each dose arm, and their covariance through the control that they share."""
    found = [(dose, row_effect(ev, analysis, effect.trial_id, [contest], Rules()))
             for dose, contest in contests]
    if len({(e.outcome, e.instrument, e.months, e.statistic, e.comparator.arms)
            for _, e in found}) > 1:
        raise Unusable(said("nothing-shared"))
    control = found[0][1].comparator
    covariance = synthesis.shared_control_md([e.vi for _, e in found], control.sd, control.n)
    return [{"arm_id": e.intervention.arms[0], "dose": dose, "n": e.intervention.n,
             "estimate": e.yi, "ci_low": e.yi - 1.959963984540054 * math.sqrt(e.vi),
             "ci_high": e.yi + 1.959963984540054 * math.sqrt(e.vi)}
            for dose, e in found], covariance


def _pooled(trials: list[dict], blocks: list[np.ndarray]) -> dict | None:
    """Slopes of the trials pooled in two stages."""
    if len(trials) < 2:
        return None
    arms = [(t["trial_id"], a) for t in trials for a in t["arms"]]
    fit = synthesis.dose_response([a["estimate"] for _, a in arms], [a["dose"] for _, a in arms],
                                  [trial for trial, _ in arms], blocks, scale="log10")
    return {"k": fit.studies, "slope": _clean(fit.slope), "ci_low": fit.ci_low,
            "ci_high": fit.ci_high, "p_value": fit.p_value, "tau2": fit.tau2}
