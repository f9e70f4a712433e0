"""The studies of an indication: how many there are, what they compare, and each in a row."""

from __future__ import annotations

from ..effects import Evidence
from ..effects.comparisons import is_cell_arm
from ..view.naming import arm_names, spoken
from . import provenance, words
from .html import Column, Html, count, link, paragraph, table

NOT_EXTRACTED = "not extracted"
WHY_NOT = Html(f"no ({link('../book/data-quality.html#unused-studies', 'why')})")


def size(ev: Evidence) -> Html:
    """How many studies and participants of which design are known."""
    rows = list(ev.studies.values())
    main = [s for s in rows if not s["companion_of"]]
    designs = {}
    for study in main:
        designs.setdefault(study["design"], []).append(study)
    parts = []
    for design, group in sorted(designs.items(), key=lambda item: -len(item[1])):
        label = words.in_text(ev.data.label("design", design)) if design else "design not stated"
        stated = [s["n_enrolled"] for s in group if s["n_enrolled"] is not None]
        unsized = len(group) - len(stated)
        enrolled = ([f"{count(sum(stated))} enrolled"] if stated else []) + (
            [f"size of {unsized} not stated"] if unsized else [])
        parts.append(f"{label}: {len(group)} ({', '.join(enrolled)})")
    return paragraph(
        f"{len(rows)} reports of {len(main)} studies are in the data. By design — "
        f"{'; '.join(parts)}. Enrolled counts patients, other units or animals as the "
        "report does, planned numbers of running trials included.")


def comparison_table(ev: Evidence, names: dict[str, str]) -> Html:
    """Comparisons that studies of people make or an analysis asks for, with their number."""
    asked = {r["comparison"] for r in ev.data.having("analyses", "indication", ev.indication)}
    rows = []
    for kind in ev.data.words("comparison_class"):
        trials = {ev.trial_of(c.study_id) for c in ev.comparisons if c.kind == kind
                  and ev.studies[c.study_id]["design"] != "animal-experiment"}
        if trials or kind in asked:  # without either it is a question of another disease
            rows.append({"kind": ev.data.label("comparison_class", kind), "k": len(trials),
                         "trials": ", ".join(sorted(names[t] for t in trials)) or "none"})
    return table(f"{ev.indication}-comparisons", "Comparisons that the studies of people make",
                 [Column("kind", "Comparison"), Column("k", "Studies", True),
                  Column("trials", "Which")], rows, interactive=False)


def study_table(ev: Evidence, names: dict[str, str], results: list[dict]) -> Html:
    """Every study of the indication; sorts, filters and downloads.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
        Names of the studies.
    results : list of dict
        Analyses of the indication.

    Returns
    -------
    Html
    """
    pooled = {s["trial_id"] for r in results for s in r["studies"]}
    rows = [{**_row(ev, names, study_id), "pooled": "yes" if study_id in pooled else WHY_NOT}
            for study_id in ev.studies]
    return table(
        f"{ev.indication}-studies", "Studies, one row per report",
        [Column("name", "Study"), Column("country", "Country"), Column("design", "Design"),
         Column("blinding", "Blinding"), Column("n", "Enrolled", True),
         Column("cells", ev.data.wording("product")), Column("control", "Compared with"),
         Column("months", "Follow-up (months)", True),
         Column("population", "Population"),
         *_baseline_column(ev), Column("funding", "Funding"),
         Column("status", "Status"), Column("pooled", "In an analysis")], rows)


def _baseline_column(ev: Evidence) -> list[Column]:
    """The column of the values at baseline, where the hierarchy has a family to show."""
    family = provenance.baseline_family(ev.data)
    label = words.in_text(ev.data.label("family", family))
    return [Column("baseline", f"Baseline {label}")] if family else []


def _row(ev: Evidence, names: dict[str, str], study_id: str) -> dict:
    """What the table of studies says of one."""
    study, target = ev.studies[study_id], f"#study-{study_id}"
    enrolled, months = study["n_enrolled"], study["followup_months"]
    kinds, parent = compared(ev, study_id), study["companion_of"]
    as_in = f"as in {names[parent]}" if parent and not kinds else ""
    return {
        "name": link(target, names[study_id]), "country": "; ".join(study["country"]),
        "design": ev.data.label("design", study["design"]) or "not stated",
        "blinding": ev.data.label("blinding", study["blinding"]) or "not stated",
        "n": link(target, count(enrolled)) if enrolled is not None else "not stated",
        "cells": as_in or cells_of(ev, study_id), "control": as_in or kinds or "none",
        "months": link(target, count(months)) if months is not None else "",
        "population": spoken(study["population"], names), "baseline": _baseline(ev, study_id),
        "funding": ev.data.label("funding", study["funding"]) or NOT_EXTRACTED,
        "status": ev.data.label("status", study["status"]) or "not stated"}


def compared(ev: Evidence, study_id: str) -> str:
    """What a study compares cells with; empty where it compares nothing."""
    kinds = {c.kind for c in ev.comparisons if c.study_id == study_id}
    return "; ".join(ev.data.label("comparison_class", k) for k in sorted(kinds))


def cells_of(ev: Evidence, study_id: str) -> str:
    """Tissue, product and donor of a study's cell arms."""
    data, kinds = ev.data, []
    for (study, _), arm in ev.arms.items():
        if study == study_id and is_cell_arm(arm) and arm["cell_source"] != "none":
            parts = [data.label("cell_source", arm["cell_source"])
                     if arm["cell_source"] else f"{data.wording('source')} not stated",
                     words.in_text(data.label("cell_product", arm["cell_product"]))
                     if arm["cell_product"] else "product not stated",
                     words.in_text(data.label("donor", arm["donor"]) if arm["donor"]
                                   else f"{data.wording('donor')} not stated")]
            kinds.append(", ".join(parts))
    return "; ".join(dict.fromkeys(kinds)) or "not stated"


def _baseline(ev: Evidence, trial: str) -> Html | str:
    """The arms of a trial at baseline, as printed."""
    rows = provenance.baseline_rows(ev, trial)
    if not rows:
        return NOT_EXTRACTED
    parts, arms = [], arm_names(ev.data, ev.indication)
    for row in rows:
        value = row["mean"] if row["mean"] is not None else row["median"]
        scale = "" if row["scale_max"] is None else f" of {row['scale_max']:g}"
        parts.append(f"{arms[row['study_id'], row['arm_id']]} {value:g}{scale}")
    name = ev.data.label("outcome", rows[0]["outcome"])
    return link(f"#study-{trial}", f"{name}: {', '.join(parts)}")


def source(ev: Evidence, source_id: str | None) -> Html | str:
    """A source as a link; the identifier where it is none of the indication."""
    found = ev.sources.get(source_id or "")
    return provenance.source_link(found) if found else (source_id or "")
