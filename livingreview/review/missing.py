"""The trials of a comparison that are not in its pool."""

from __future__ import annotations

from ..effects import Analysis, Effect, Evidence, LeftOut, Rules, select
from ..effects.comparisons import UNCONTROLLED_DESIGNS
from ..effects.messages import said
from ..effects.question import NOT_RANDOMISED

FINISHED_REPORTED = "finished-reported"
FINISHED_UNREPORTED = "finished-unreported"
RUNNING = "running"
NOT_KNOWN = "not-known"
GROUPS = (FINISHED_REPORTED, FINISHED_UNREPORTED, RUNNING, NOT_KNOWN)


def group_of(study) -> str:
    """Which group a trial belongs to, by its status and progress."""
    if study["progress"] in ("running", "not-started"):
        return RUNNING
    if study["progress"] in ("stopped", "unknown"):
        return NOT_KNOWN
    if study["status"] in ("published", "retracted", "expression-of-concern"):
        return FINISHED_REPORTED
    return FINISHED_UNREPORTED if study["progress"] == "finished" else NOT_KNOWN


def stated_direction(ev: Evidence, analysis: Analysis, trial: str, wanted: list[str]) -> str:
    """The direction that the trial's report states for an outcome of the analysis."""
    stated = {row["favours"] for study, rows in ev.contrasts.items() if ev.trial_of(study) == trial
              for row in rows if row["favours"] and row["outcome"] in wanted
              and analysis.in_window(row["timepoint_months"])}
    if len(stated) > 1:
        return "mixed"
    if stated or analysis.target_type == "event":
        return stated.pop() if stated else ""
    # The report's own conclusion on benefit, where none is stated for this outcome.
    return ev.studies[trial]["stated_result"] or ""


def size_of_trial(ev: Evidence, trial: str) -> float | None:
    """Patients of a trial, as its main report states them, else the largest of its companions."""
    if (size := _size_of_report(ev, trial)) is not None:
        return size
    others = [_size_of_report(ev, s) for s in ev.studies if s != trial and ev.trial_of(s) == trial]
    return max((n for n in others if n is not None), default=None)


def _size_of_report(ev: Evidence, study_id: str) -> float | None:
    """Patients enrolled; where joints were and only the arms say of how many, those of the arms."""
    study = ev.studies[study_id]
    if study["n_patients"] is not None:
        return study["n_patients"]
    patients = [a["n_patients"] for a in ev.arms_of(study_id) if not a["combines"]]
    if patients and None not in patients and study["allocation"] != "within-person":
        return sum(patients)
    return study["n_enrolled"]


def _places(robustness: list[dict], subgroups: list[dict]) -> dict[str, list[str]]:
    """Where a trial that is not in the pool is found instead, as it is."""
    out: dict[str, list[str]] = {}
    for row in robustness:
        for trial in row.get("brings", ()):
            out.setdefault(trial, ["robustness"])
    for division in subgroups:
        for group in division["groups"] if division["by"] == "design" else ():
            for trial in group["trials"]:
                out.setdefault(trial, []).append("subgroup")
    return out


def _beside(ev: Evidence, analysis: Analysis) -> dict[str, str]:
    """Why studies that are not randomised would give no effect either way."""
    effects, left = select(ev, analysis, Rules(designs=frozenset({"nonrandomised-controlled"})))
    return {**{out.trial_id: out.reason for out in left},
            **{e.trial_id: e.no_ratio for e in effects}}


def _reason(ev: Evidence, out: LeftOut, where: list[str], beside: dict[str, str]) -> str:
    """Why a trial is not in the pool; a place is named only where the trial is found there."""
    if group_of(ev.studies[out.trial_id]) == RUNNING and not ev.has_numbers(out.trial_id):
        return said("no-results")
    if where:
        key = "only-both" if len(where) > 1 else f"only-{where[0]}"
        return said(key, of=out.reason)
    if out.reason == NOT_RANDOMISED and (more := beside.get(out.trial_id)):
        return said("not-randomised-and", of=more)
    return out.reason


def not_in_pool(ev: Evidence, analysis: Analysis, effects: list[Effect], left: list[LeftOut],
                wanted: list[str], robustness: list[dict], subgroups: list[dict]) -> dict:
    """Every known trial of the comparison that is not in the pool, and the share that is.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : list of Effect
    left : list of LeftOut
    wanted : list of str
        Outcomes of the analysis.
    robustness, subgroups : list of dict
        As in ``results.json``: where trials that are not in the pool are found.

    Returns
    -------
    dict
        ``trials`` (group, n, reason, direction, counted), ``n_pool`` (participants in the
        estimate), ``n_finished`` (enrolled in all finished trials that state their size, those of
        the pool included: randomised, or those without a comparison where these are asked),
        ``unsized`` (finished trials that do not).
        Trials that are not ``counted`` are listed, but their patients are not added: they are, or
        may be, those of another trial, or the question does not ask for them.
    """
    trials, places = [], _places(robustness, subgroups)
    beside = {} if analysis.uncontrolled else _beside(ev, analysis)
    for out in left:
        study = ev.studies[out.trial_id]
        trials.append({
            "trial_id": out.trial_id, "group": group_of(study),
            "n": size_of_trial(ev, out.trial_id),
            "design": study["design"], "counted": out.counted,
            "reason": _reason(ev, out, places.get(out.trial_id, []), beside),
            "direction": stated_direction(ev, analysis, out.trial_id, wanted)})
    for effect in effects:
        if effect.yi is None:
            trials.append({
                "trial_id": effect.trial_id, "group": "without-events",
                "n": round(effect.participants), "design": ev.studies[effect.trial_id]["design"],
                "reason": effect.no_ratio, "counted": True, "direction": ""})
    pooled = [e for e in effects if e.yi is not None]
    n_pool = sum(e.participants for e in pooled)
    designs = UNCONTROLLED_DESIGNS if analysis.uncontrolled else ev.pooled
    rest = [t for t in trials if t["group"] in (FINISHED_REPORTED, FINISHED_UNREPORTED,
                                                "without-events")
            and t["design"] in designs and t["counted"]]
    return {
        "trials": trials, "n_pool": n_pool,
        "n_finished": sum(max(e.participants, size_of_trial(ev, e.trial_id) or 0) for e in pooled)
        + sum(max(t["n"] or 0, size_of_trial(ev, t["trial_id"]) or 0) for t in rest),
        "n_unusable": sum(t["n"] or 0 for t in rest if t["group"] != "without-events"),
        "unsized": sorted(t["trial_id"] for t in rest if t["n"] is None),
    }
