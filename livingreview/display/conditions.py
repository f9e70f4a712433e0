"""Results trial by trial, ordered by the form or stage of the disease at entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..effects import Analysis, Effect, Evidence, Rules, select
from ..review import Review
from ..review.pools import interval_of
from ..view.naming import spoken
from . import words
from .html import Column, Html, count, details, interval, join, link, number, paragraph, table

CONTROLLED = frozenset({"rct", "nonrandomised-controlled"})


def by_condition(review: Review, ev: Evidence, names: Mapping[str, str],
                 analyses: Sequence[str]) -> Html:
    """The trials of some analyses, those that are not randomised too, by condition at entry.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the analyses' indication.
    names : mapping
        Names of its studies.
    analyses : sequence of str
        Controlled analyses.

    Returns
    -------
    Html
        A table, and below it every controlled study with its condition as stated.
    """
    declared = {r["analysis_id"]: r for r in ev.data.records("analyses")}
    order = [*ev.data.words("condition"), None]
    rows = []
    for analysis_id in analyses:
        analysis = Analysis.of(declared[analysis_id])
        result = review.analysis(analysis_id)
        effects = [e for e in select(ev, analysis, Rules(designs=CONTROLLED))[0]
                   if e.yi is not None]
        effects.sort(key=lambda e: order.index(ev.studies[e.trial_id]["condition"]))
        rows += [_row(ev, names, result, analysis, e) for e in effects]
    return join([
        table(f"{ev.indication}-by-condition", "Results of each trial, by stage or form at entry",
              [Column("analysis", "Analysis"), Column("condition", "At entry"),
               Column("trial", "Trial"), Column("design", "Design"),
               Column("n", "Patients", True), Column("estimate", "Estimate (95% CI)", True)],
              rows, "No trial of these analyses has a usable number.", cards=True),
        details("Every controlled study, with its patients as stated", _stated(ev, names, order))])


def _row(ev: Evidence, names: Mapping[str, str], result: dict, analysis: Analysis,
         effect: Effect) -> dict:
    study, d = ev.studies[effect.trial_id], words.decimals(result)
    middle, low, high = interval_of(analysis.measure, effect)
    title = (link(f"#forest-{result['id']}", result["title"]) if result["studies"]
             else result["title"])
    entry = _label(ev, study)
    if analysis.instrument_contains:  # the analysis may take a part of the patients alone
        entry = f"{entry}; counted here: {effect.instrument}"
    return {"analysis": title, "condition": entry,
            "trial": link(f"#study-{effect.trial_id}", names[effect.trial_id]),
            "design": ev.data.label("design", study["design"]),
            "n": count(round(effect.participants)) if effect.participants else "not stated",
            "estimate": f"{words.measure(result).short} {number(middle, d)} "
                        f"({interval(low, high, d)})"}


def _label(ev: Evidence, study: Mapping) -> str:
    return ev.data.label("condition", study["condition"]) or "not stated"


def _stated(ev: Evidence, names: Mapping[str, str], order: list) -> Html:
    """Every controlled study with what its report says of its patients."""
    studies = sorted((s for s in ev.studies.values() if s["design"] in CONTROLLED),
                     key=lambda s: order.index(s["condition"]))
    counts = ", ".join(f"{words.in_text(ev.data.label('condition', c)) if c else 'not stated'} "
                       f"{sum(s['condition'] == c for s in studies)}" for c in order
                       if any(s["condition"] == c for s in studies))
    return join([
        paragraph(f"Reports by stage or form at entry: {counts}."),
        table(f"{ev.indication}-conditions", "Controlled studies by stage or form at entry",
              [Column("study", "Study"), Column("condition", "At entry"),
               Column("stated", "Patients, as stated")],
              [{"study": link(f"#study-{s['study_id']}", names[s["study_id"]]),
                "condition": _label(ev, s),
                "stated": spoken(s["population"], names)} for s in studies])])
