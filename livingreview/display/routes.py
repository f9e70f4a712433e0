"""How cells were given: studies by route and by stage at entry, with what each found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ..effects import Analysis, Effect, Evidence, Rules, select
from ..review import Review
from ..review.harms import got_cells
from ..review.pools import interval_of
from . import words
from .conditions import CONTROLLED
from .html import Column, Html, count, interval, link, number, table, text

NOT_STATED = "not stated"


def by_route(review: Review, ev: Evidence, names: Mapping[str, str],
             analyses: Sequence[str]) -> Html:
    """Every study of people by route and stage at entry, with its results in some analyses.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the analyses' indication.
    names : mapping
        Names of its studies.
    analyses : sequence of str
        Controlled and uncontrolled analyses; studies that are not randomised are shown too.
    """
    found = _found(review, ev, analyses)
    routes = [*ev.data.words("route"), ""]
    stages = [*ev.data.words("condition"), None]
    rows = []
    for study_id, study in ev.studies.items():
        arms = [a for (of, _), a in ev.arms.items()
                if of == study_id and got_cells(a) and not a["combines"]]
        if study["design"] == "animal-experiment" or study["companion_of"] or not arms:
            continue
        route = {r for a in arms for r in a["route"]}
        first = min((routes.index(r) for r in route), default=len(routes))
        rows.append(((first, len(route), stages.index(study["condition"])),
                     _row(ev, names, study_id, arms, found[study_id])))
    rows.sort(key=lambda row: row[0])
    return table(
        f"{ev.indication}-by-route", "Studies of people by route",
        [Column("route", "Route", select=True), Column("condition", "At entry", select=True),
         Column("study", "Study"), Column("found", "What was found"),
         Column("design", "Design", select=True), Column("n", "Enrolled", True),
         Column("cells", ev.data.wording("product")),
         Column("dose", words.first_capital(ev.data.wording("dose")), True),
         Column("times", "Administrations", True)],
        [row for _, row in rows], "No study of people is in the data.", cards=True)


def _found(review: Review, ev: Evidence, analyses: Sequence[str]) -> dict[str, list[str]]:
    """Results of every trial in the analyses, in words."""
    declared = {r["analysis_id"]: r for r in ev.data.records("analyses")}
    out = defaultdict(list)
    for analysis_id in analyses:
        analysis = Analysis.of(declared[analysis_id])
        result = review.analysis(analysis_id)
        short = result["title"].partition(",")[0]  # the comparison stands in the design
        name = link(f"#forest-{analysis_id}", short) if result["studies"] else text(short)
        for effect in select(ev, analysis, Rules(designs=CONTROLLED))[0]:
            out[effect.trial_id].append(f"{name}: {text(_value(analysis, result, effect))}")
    return out


def _value(analysis: Analysis, result: dict, effect: Effect) -> str:
    """Patients with the event of patients at risk, or the estimate with its interval."""
    if analysis.binary and effect.cells is not None:
        arms = [a for a in (effect.cells, effect.comparator) if a is not None]
        return " against ".join(f"{number(a.events, 0)} of {count(round(a.n))}" for a in arms)
    middle, low, high = interval_of(analysis.measure, effect)
    d = words.decimals(result)
    return f"{number(middle, d)} ({interval(low, high, d)})"


def _labels(ev: Evidence, list_name: str, values: Sequence) -> str:
    """Different words of a vocabulary, as readers see them."""
    return ", ".join(words.in_text(ev.data.label(list_name, v))
                     for v in dict.fromkeys(values) if v)


def _row(ev: Evidence, names: Mapping[str, str], study_id: str, arms: list,
         found: list[str]) -> dict:
    study, data = ev.studies[study_id], ev.data
    route = _labels(ev, "route", [r for a in arms for r in a["route"]])
    cells = [_labels(ev, column, [a[column] for a in arms])
             for column in ("cell_source", "cell_product", "donor")]
    doses = sorted({(a["dose_cells"], a["dose_per"] or "") for a in arms if a["dose_cells"]})
    times = sorted({a["administrations"] for a in arms if a["administrations"]})
    stated = data.label("stated_result", study["stated_result"])
    silent = f"no usable number; the report concludes: {words.in_text(stated)}" if stated else (
        "no usable number")
    return {
        "route": route[:1].upper() + route[1:] or NOT_STATED,
        "condition": data.label("condition", study["condition"]) or NOT_STATED,
        "study": link(f"#study-{study_id}", names[study_id]),
        "design": data.label("design", study["design"]) or NOT_STATED,
        "cells": "; ".join(filter(None, cells)) or NOT_STATED,
        "dose": "; ".join(f"{count(dose)}{f' per {per}' if per else ''}" for dose, per in doses)
        or NOT_STATED,
        "times": ", ".join(map(str, times)) or NOT_STATED,
        "n": count(study["n_enrolled"]) if study["n_enrolled"] is not None else NOT_STATED,
        "found": Html("; ".join(found)) if found else silent}
