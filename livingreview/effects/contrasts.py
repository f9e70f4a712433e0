"""The effect of one trial from a contrast between arms as its source reports it."""

from __future__ import annotations

import math
import re

from .. import synthesis
from ..data.scales import fixed_limits
from .candidates import by_limits, is_by_limits, not_comparable, source_rank
from .estimates import within_person
from .evidence import Contest, Evidence, Group
from .messages import said
from .question import OUTSIDE, Analysis, Effect, Rules, main_reason, targets
from .values import SOURCE_RANK, Unusable, doubt_of, reading, refused, worst

EXACT_P = re.compile(r"0?\.\d+(?:[eE]-?\d+)?")


def _covers(group: Group, arm: str) -> bool:
    """Whether an arm is the whole group, not a selected dose."""
    return group.arms == (arm,) or any(u == arm and parts == set(group.arms)
                                       for u, parts in group.unions)


def touches(group: Group, arm: str) -> bool:
    """Whether an arm is of the group."""
    return arm in group.arms or any(u == arm for u, _ in group.unions)


def _contrast_se(row, ratio: bool, df: float | None) -> tuple[float, tuple[str, ...]]:
    """Standard error of a reported contrast and how it was found."""
    if row["ci_low"] is not None and row["ci_high"] is not None and row["ci_low"] < row["ci_high"]:
        low, high = row["ci_low"], row["ci_high"]
        if ratio:
            if low <= 0:
                raise Unusable(said("ratio-zero"))
            low, high = math.log(low), math.log(high)
        return float(synthesis.se_from_interval(low, high)), (said("se-interval"),)
    if row["se"]:
        return row["se"], ()
    if row["p_value"] and EXACT_P.fullmatch(row["p_value"]):
        estimate = math.log(row["estimate"]) if ratio else row["estimate"]
        if estimate and 0 < float(row["p_value"]) < 1:
            return float(synthesis.se_from_p_value(estimate, float(row["p_value"]), df)), (
                said("se-p") if df is None else said("se-t", df=f"{df:g}"),)
    raise Unusable(said("no-error"))


def _contrast_effect(ev: Evidence, analysis: Analysis, row, flip: bool,
                     df: float | None) -> tuple:
    """Effect, SE and derivation of one contrast in the direction of the analysis."""
    if row["estimate"] is None:
        raise Unusable(said("no-estimate"))
    if row["measure"] != analysis.measure:
        raise Unusable(said("other-measure", measure=row["measure"])
                       if row["measure"] else said("unnamed-measure"))
    if analysis.ratio and row["estimate"] <= 0:
        raise Unusable(said("not-positive"))
    quality = row["quality"] or "as-reported"
    # Ratios and risk differences are tested by the normal distribution.
    se, words = _contrast_se(row, analysis.ratio,
                             None if analysis.ratio or analysis.binary else df)
    if words:
        quality = worst(quality, "derived")
    if analysis.ratio or analysis.binary:
        estimate = math.log(row["estimate"]) if analysis.ratio else row["estimate"]
        return (-estimate if flip else estimate), se, quality, words
    size = abs(row["estimate"])
    if row["favours"] not in ("intervention", "comparator") and size:
        raise Unusable(said("contrast-direction"))
    toward_intervention = 1 if row["favours"] == "intervention" else -1
    sign = toward_intervention * (-1 if analysis.favourable == "lower" else 1)
    if analysis.rescale:
        width, derived = _width(ev, row, size)
        factor = 100 / width
        if derived:
            words, quality = (*words, derived), worst(quality, "derived")
        if factor != 1:
            words = (*words, said("rescaled", low="0", high=f"{width:g}"))
        size, se = size * factor, se * factor
    return sign * size, se, quality, words


def _width(ev: Evidence, row, size: float) -> tuple[float, str]:
    """The width of the scale of a reported difference: as printed, else that of the instrument."""
    if row["scale_max"] is not None and row["scale_max"] > 0:
        return row["scale_max"], ""
    limits = fixed_limits(ev.data, row["outcome"], row["instrument"])
    if row["scale_max"] is not None or limits is None or size > limits[1] - limits[0]:
        raise Unusable(said("contrast-scale"))
    return limits[1] - limits[0], by_limits(limits)


def _degrees_of_freedom(totals: list[float | None], paired: bool) -> float | None:
    """Of the t-test between the arms; None where their sizes are not known."""
    if None in totals:
        return None
    df = min(totals) - 1 if paired else sum(totals) - 2
    return df if df > 0 else None


def reported_effect(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                     rules: Rules, own_only: bool = False) -> Effect:
    """The effect from a contrast as reported; raises Unusable.

    Of several contests of one study a contrast covers one only, so that none is taken; where
    `own_only`, contrasts that a review tabulates or a company shows are passed by.
    """
    wanted, found, reasons = targets(ev, analysis), [], []
    for contest in contests:
        totals = [_allocated(ev, contest.study_id, g)
                  for g in (contest.intervention, contest.comparator)]
        paired = within_person(ev, contest.study_id)
        alone = sum(c.study_id == contest.study_id for c in contests) == 1
        for row in ev.contrasts[contest.study_id]:
            pair = (row["arm_intervention"], row["arm_comparator"])
            if row["outcome"] not in wanted:
                continue
            if analysis.instrument_contains.lower() not in (row["instrument"] or "").lower():
                continue
            if own_only and source_rank(ev, row) > SOURCE_RANK["registry"]:
                continue
            straight = (touches(contest.intervention, pair[0])
                        and touches(contest.comparator, pair[1]))
            flipped = (touches(contest.intervention, pair[1])
                       and touches(contest.comparator, pair[0]))
            if not straight and not flipped:
                continue  # of another comparison
            if not analysis.in_window(row["timepoint_months"]):
                reasons.append(OUTSIDE)
                continue
            intervention, comparator = pair if straight else reversed(pair)
            try:
                if late := not_comparable(ev, contest.study_id, row["timepoint_months"]):
                    raise Unusable(late)
                if not (alone and _covers(contest.intervention, intervention)
                        and _covers(contest.comparator, comparator)):
                    raise Unusable(said("selected-arms"))
                yi, se, quality, words = _contrast_effect(
                    ev, analysis, row, flipped, _degrees_of_freedom(totals, paired))
                if not rules.instrument_limits and any(map(is_by_limits, words)):
                    raise Unusable(said("limits-only"))
                if not rules.takes(quality):
                    raise refused(quality, row)
            except Unusable as reason:
                reasons.append(str(reason))
                continue
            rank = (wanted.index(row["outcome"]), -(row["timepoint_months"] or 0),
                    source_rank(ev, row))
            found.append((rank, row["row"], contest, row, yi, se, quality, words))
    if not found:
        raise Unusable(main_reason(reasons))
    _, _, contest, row, yi, se, quality, words = min(found, key=lambda f: f[:2])
    totals = [_allocated(ev, contest.study_id, g)
              for g in (contest.intervention, contest.comparator)]
    words = (said("as-reported"), *words, *doubt_of(row))
    return Effect(
        trial, contest.study_id, contest.kind, contest.background,
        contest.intervention.treatment_class, row["outcome"], row["instrument"] or "",
        row["timepoint_months"], "contrast", yi, se**2,
        None, None, *totals, quality, words,
        (reading("contrasts", row),), within_person(ev, contest.study_id),
        enrolled=_enrolled(ev, contest))


def _enrolled(ev: Evidence, contest: Contest) -> float | None:
    """Patients of a study that has no other arms than those of the contest."""
    inside = {*contest.intervention.arms, *contest.comparator.arms}
    arms = {a for (study, a), arm in ev.arms.items()
            if study == contest.study_id and not arm["combines"]}
    study = ev.studies[contest.study_id]
    patients = study["n_enrolled"] if study["n_patients"] is None else study["n_patients"]
    return patients if arms == inside else None


def _allocated(ev: Evidence, study: str, group: Group) -> float | None:
    numbers = [ev.arms[study, arm]["n_allocated"] for arm in group.arms]
    return None if None in numbers else float(sum(numbers))
