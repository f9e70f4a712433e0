"""What changed in the treated patients of one study without a comparator: no effect of treatment.

One value for each study. Of groups of patients that got different treatments the one with the most
units analysed gives it, because patients of different treatments are not counted as one; arms that
differ in dose or number of administrations alone are one group.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from .. import synthesis
from .candidates import (
    Candidate,
    Slot,
    group_value,
    passed_over,
    ranked,
    row_value,
    slot_name,
    slot_problem,
    slots,
    source_rank,
)
from .estimates import oriented
from .evidence import Contest, Evidence
from .messages import said
from .question import (
    AT_START,
    NO_VISIT,
    OUTSIDE,
    Analysis,
    Effect,
    Rules,
    main_reason,
    not_taken,
    targets,
)
from .values import ArmValue, Unusable, worst

SMALLER = said("smaller-group")


def _change(before: ArmValue, after: ArmValue, rules: Rules) -> ArmValue:
    """The change of one arm from its means and SDs at two visits, with n of the last."""
    if not rules.takes("derived"):
        raise Unusable(not_taken("derived"))
    r = rules.pre_post_correlation
    try:
        found = synthesis.mean_change(*([x] for x in (
            before.mean, before.sd, after.mean, after.sd, after.n)), correlation=r)
    except synthesis.SynthesisError as error:
        raise Unusable(str(error)) from error
    words = tuple(dict.fromkeys((
        *before.derivation, *after.derivation,
        said("change", r=f"{r:g}"))))
    return replace(after, mean=float(found.yi[0]), sd=math.sqrt(float(found.vi[0]) * after.n),
                   quality=worst("derived", before.quality, after.quality), derivation=words,
                   skewed=before.skewed or after.skewed,
                   readings=(*before.readings, *after.readings))


def _reader(baseline: dict[str, list]) -> Callable[..., ArmValue]:
    """How a row of a later visit becomes a change, with the rows of its baseline at hand."""
    def value(ev: Evidence, analysis: Analysis, row, rules: Rules) -> ArmValue:
        after, why = row_value(ev, analysis, row, rules), ""
        for first in sorted(baseline.get(row["arm_id"], ()), key=lambda b: (
                b["source_id"] != row["source_id"], source_rank(ev, b))):
            try:
                return _change(row_value(ev, analysis, first, rules), after, rules)
            except Unusable as reason:
                why = why or said("at-baseline", of=reason)
        raise Unusable(why or said("no-baseline"))
    return value


def _candidates(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                rules: Rules) -> tuple[list[tuple[Candidate, dict]], list[tuple[Slot, str]]]:
    """Usable values with the rows of their baseline, best first, and why others are not usable."""
    wanted, found, reasons, at_start = targets(ev, analysis), [], [], []
    for contest in contests:
        rows_of = {slot: rows for slot, (rows, _) in slots(ev, analysis, trial, contest).items()}
        for slot, rows in rows_of.items():
            if slot.months == 0 and analysis.target_type != "event":
                if analysis.binary:  # what is counted at the start is no result of what follows
                    at_start.append((slot, AT_START))
                continue
            if not analysis.in_window(slot.months):
                reasons.append((slot, NO_VISIT if slot.months is None else OUTSIDE))
                continue
            before = {} if analysis.binary else rows_of.get(
                replace(slot, months=0.0, statistic="final"), {})
            counts = analysis.binary or slot.statistic == "change"
            try:
                if problem := slot_problem(ev, analysis, slot):
                    raise Unusable(problem)
                value = group_value(ev, analysis, contest.intervention, rows, rules,
                                    row_value if counts else _reader(before))
            except Unusable as reason:
                reasons.append((slot, str(reason)))
                continue
            found.append((ranked(ev, wanted, False, Candidate(
                contest, slot, value, None, [r for rs in rows.values() for r in rs])), before))
    return sorted(found, key=lambda f: f[0].rank), reasons if found else reasons + at_start


def _largest(found: list[tuple[Candidate, dict]]) -> dict[str, tuple]:
    """The arms of the largest group of each study that has any value."""
    size: dict[str, tuple[float, tuple]] = {}
    for candidate, _ in found:
        study, arms = candidate.contest.study_id, candidate.contest.intervention.arms
        if study not in size or candidate.intervention.n > size[study][0]:
            size[study] = candidate.intervention.n, arms
    return {study: arms for study, (_, arms) in size.items()}


def _visit(ev: Evidence, analysis: Analysis, contest: Contest, slot: Slot, rows: dict[str, list],
           rules: Rules) -> ArmValue | None:
    """The mean of a group at one visit, to be shown; None where it is not known."""
    try:
        return oriented(analysis, replace(slot, statistic="final"),
                        group_value(ev, analysis, contest.intervention, rows, rules))
    except Unusable:
        return None


def _estimate(analysis: Analysis, value: ArmValue) -> tuple[float, float]:
    """Change, or log odds of the event, with its variance."""
    if not analysis.binary:
        return value.mean, value.sd**2 / value.n
    odds = synthesis.logit_proportion([value.events], [value.n])
    return float(odds.yi[0]), float(odds.vi[0])


def uncontrolled_effect(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                        rules: Rules) -> Effect:
    """The change, or the share with an event, in the treated patients of one study.

    A reported change goes before one from the means at baseline and at the last visit of the
    window, whose SD is found with an assumed correlation.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    trial : str
    contests : list of Contest
        Groups of treated arms without a comparator, those of companions included.
    rules : Rules

    Raises
    ------
    Unusable
        With the reason closest to a usable value.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 6.5.2.8.
    """
    found, unusable = _candidates(ev, analysis, trial, contests, rules)
    if not found:
        raise Unusable(main_reason([why for _, why in unusable]))
    largest = _largest(found)
    smaller = [c for c, _ in found if largest[c.contest.study_id] != c.contest.intervention.arms]
    found = [(c, b) for c, b in found if largest[c.contest.study_id] == c.contest.intervention.arms]
    best, before = found[0]
    contest, slot, intervention = best.contest, best.slot, best.intervention
    first = last = None
    if not analysis.binary:
        intervention = oriented(analysis, replace(slot, statistic="change"), intervention)
        first = _visit(ev, analysis, contest, slot, before, rules)
        if slot.statistic == "final":
            rows = slots(ev, analysis, trial, contest)[slot][0]
            last = _visit(ev, analysis, contest, slot, rows, rules)
    over = passed_over(ev, [best], [c for c, _ in found[1:]], unusable)
    over += tuple((slot_name(ev, c.slot, *c.contest.intervention.arms), SMALLER) for c in smaller)
    yi, vi = _estimate(analysis, intervention)
    return Effect(
        trial, contest.study_id, contest.kind, contest.background,
        contest.intervention.treatment_class, slot.outcome, slot.instrument, slot.months,
        slot.statistic, yi, vi, intervention, None,
        intervention.n, None, intervention.quality, intervention.derivation, intervention.readings,
        low_follow_up=intervention.low_follow_up, passed_over=over, baseline=first, last=last)
