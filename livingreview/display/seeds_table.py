"""What a seed review counts in one condition, and what one of its references really supports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..effects import Evidence
from ..effects.comparisons import is_cell_arm
from ..review import Review
from ..review.claims import references
from ..review.harms import arm_events
from ..view.naming import seed_names, spoken
from . import words
from .html import Column, Html, count, details, interval, join, link, number, paragraph, table, text
from .statement import mark, statement

NOT_STATED, NOT_EXTRACTED = "not stated", "not extracted"
# Events that a review means by "serious": of these kinds in the vocabulary, or these by name.
SERIOUS_KINDS = frozenset({"serious", "feared"})
SERIOUS_EVENTS = frozenset({"treatment-related-serious-ae"})


def _cited_as(study: Mapping, review_id: str) -> list[str]:
    """The numbers under which a review cites a study."""
    return [c.partition(":")[2] for c in study["cited_by"] if c.startswith(f"{review_id}:")]


def _trials(ev: Evidence, review_id: str) -> dict[str, list[Mapping]]:
    """Studies that a review cites, animal experiments left out, by their main report."""
    out: dict[str, list[Mapping]] = {}
    for study_id, study in ev.studies.items():
        if ev.data.kind("design", study["design"]) != "animal" and _cited_as(study, review_id):
            out.setdefault(ev.trial_of(study_id), []).append(study)
    return out


def _labels(ev: Evidence, vocabulary: str, arms: Iterable[Mapping]) -> str:
    """The different words of a column of arms, as readers see them."""
    values = dict.fromkeys(a[vocabulary] for a in arms if a[vocabulary])
    return ", ".join(words.in_text(ev.data.label(vocabulary, v)) for v in values)


def _doses(arms: Iterable[Mapping]) -> str:
    """Cells of one administration, each different number once."""
    found = sorted({(a["dose_cells"], a["dose_per"] or "") for a in arms if a["dose_cells"]})
    return "; ".join(f"{count(dose)}{f' per {per}' if per else ''}" for dose, per in found)


def _serious(ev: Evidence, trial: str) -> str:
    """Serious events in the arms with cells of a trial, as patients of patients at risk."""
    found = [r for r in arm_events(ev) if r.trial == trial and not r.not_counted
             and (r.event in SERIOUS_EVENTS or ev.data.kind("event", r.event) in SERIOUS_KINDS)]
    return "; ".join(f"{words.in_text(ev.data.label('event', r.event))}: {r.events} of {r.total}"
                     for r in found) or NOT_EXTRACTED


def seed_studies(review: Review, ev: Evidence, names: Mapping[str, str], review_id: str) -> Html:
    """The studies of people that a seed review cites for one condition, later reports with them.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the condition.
    names : mapping
        Names of its studies.
    review_id : str

    Returns
    -------
    Html
    """
    used: dict[str, list[Html]] = {}
    data = ev.data
    for result in review.analyses(ev.indication):
        for study in result["studies"]:
            used.setdefault(study["trial_id"], []).append(
                link(f"#forest-{result['id']}", result["title"]))
    rows = [_trial_row(ev, names, review_id, trial, reports, used.get(trial, []))
            for trial, reports in _trials(ev, review_id).items()]
    return table(
        f"{ev.indication}-seed-studies",
        f"Studies of people that {seed_names(data)[review_id]} cites, later reports of the same "
        "patients in one row",
        [Column("study", "Study"), Column("refs", "References", True),
         Column("design", "Design", place="file"),
         Column("cells", data.wording("product"), place="file"),
         Column("donor", data.wording("donor"), place="file"),
         Column("given", "What was given", place="page"),
         Column("dose", words.first_capital(data.wording("dose")), True),
         Column("months", "Longest follow-up (months)", True),
         Column("n", "Enrolled", True),
         Column("serious", f"Serious events with {data.wording('intervention')}"),
         Column("used", "Analyses that use it")], rows,
        "The review cites no study of people that the data hold.", cards=True)


def _trial_row(ev: Evidence, names: Mapping[str, str], review_id: str, trial: str,
               reports: list[Mapping], used: list[Html]) -> dict:
    main = ev.studies[trial]
    arms = [a for (study, _), a in ev.arms.items() if study == trial and is_cell_arm(a)]
    months = [s["followup_months"] for s in reports if s["followup_months"] is not None]
    design = ev.data.label("design", main["design"]) or NOT_STATED
    cells = "; ".join(filter(None, (_labels(ev, "cell_source", arms),
                                    _labels(ev, "cell_product", arms)))) or NOT_STATED
    donor = _labels(ev, "donor", arms) or NOT_STATED
    named = ", ".join(link(f"#study-{s['study_id']}", names[s["study_id"]]) for s in reports)
    return {
        "study": Html(f'{named}<span class="lr-sub">{text(design)}</span>'),
        "refs": ", ".join(n for s in reports for n in _cited_as(s, review_id)),
        "design": design, "cells": cells, "donor": donor,
        "given": Html(f'{text(cells)}<span class="lr-sub">{text(donor)}</span>'),
        "dose": _doses(arms) or NOT_STATED,
        "months": count(max(months)) if months else NOT_STATED,
        "n": count(main["n_enrolled"]) or NOT_STATED, "serious": _serious(ev, trial),
        "used": (details(f"{len(used)} of this chapter", Html("; ".join(used))) if used
                 else "none: no usable number")}


def seed_reference(review: Review, ev: Evidence, review_id: str, ref_number: str) -> Html:
    """What one reference of a seed review says, what the review makes of it, and our estimates.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the condition.
    review_id, ref_number : str

    Returns
    -------
    Html

    Raises
    ------
    LookupError
        The review has no such reference.
    """
    try:
        row = references(ev.data, review_id)[ref_number].row
    except KeyError:
        raise LookupError(f"references.csv has no row {review_id}, {ref_number}") from None
    claims = [c for c in ev.data.having("claims", "review_id", review_id)
              if ref_number in c["cited_refs"]]
    printed = [r for r in ev.data.records("published_syntheses", ev.indication)
               if r["doi"] and r["doi"] == row["doi"]]
    said = "".join(f"<li>{text(c['claim_en'])}{_remark(c['note'])}</li>" for c in claims)
    return join([
        paragraph(Html(f"Reference {text(ref_number)} of "
                       f"{text(seed_names(ev.data)[review_id])} is "
                       f"<cite>{text(row['title'])}</cite> ({text(row['year'])}).")),
        paragraph(row["note"]) if row["note"] else "",
        Html(f"<p>The review rests {len(claims)} of its claims on it:</p><ul>{said}</ul>")
        if claims else "",
        _printed_beside_ours(review, ev, f"{review_id}-{ref_number}", printed)])


def _remark(note: str | None) -> str:
    return f" ({text(note.rstrip('.'))})" if note else ""


def _printed_beside_ours(review: Review, ev: Evidence, name: str, printed: list[Mapping]) -> Html:
    """Each result of the reference beside our main analyses of the same outcome."""
    rows = []
    for outcome, months in dict.fromkeys((r["outcome"], r["timepoint_months"]) for r in printed):
        here = [r for r in printed if (r["outcome"], r["timepoint_months"]) == (outcome, months)]
        rows.append({
            "outcome": ev.data.label("outcome", outcome), "months": number(months, 0),
            "estimate": "; ".join(_estimate(r) for r in here),
            "side": ev.data.label("favours", here[0]["favours"]) or NOT_STATED,
            "ours": _ours(review, ev, outcome, months)})
    return table(f"reference-{name}", "What the text read of it reports, beside our main analyses",
                 [Column("outcome", "Outcome"), Column("months", "Months", True),
                  Column("estimate", "Its estimate", True), Column("side", "Side it reports"),
                  Column("ours", "Our estimate")], rows,
                 "No result of it could be read.", interactive=False)


def _estimate(row: Mapping) -> str:
    if row["estimate"] is None:
        return "no number in the text read"
    ends = interval(row["ci_low"], row["ci_high"], 2)
    return number(row["estimate"], 2) + (f" ({ends})" if ends else "")


def _ours(review: Review, ev: Evidence, outcome: str, months: float | None) -> Html:
    """Our main analyses of an outcome, or of a family that it is of, at that visit."""
    families = {h["family"] for h in ev.data.records("hierarchy") if h["outcome"] == outcome}
    out = []
    for result in review.analyses(ev.indication, role="main"):
        question = result["question"]
        low, high = question["window_from"], question["window_to"]
        in_window = months is None or low is None and high is None or (
            months > (low or 0) and months <= (high or months))
        if in_window and question["target"] in {outcome, *families}:
            shown = link(f"#forest-{result['id']}", result["title"]) if result["studies"] else (
                Html(text(result["title"])))
            out.append(f"<span{mark(result)}>{shown}: {text(_finding(result))}</span>")
    return Html("; ".join(out) or "no main analysis of this outcome at this visit")


def _finding(result: Mapping) -> str:
    said = statement(result)
    return (f"{said.estimate}; {said.k}, {said.n}; certainty {said.certainty}"
            if result["pooled"] else said.estimate)


def validation_studies(ev: Evidence, names: Mapping[str, str], review_id: str) -> Html:
    """The studies that a seed review tabulates, with what each of them is by the data.

    Parameters
    ----------
    ev : Evidence
        Of the condition.
    names : mapping
        Names of its studies.
    review_id : str

    Returns
    -------
    Html
        The studies counted by what was given in them, and a table.
    """
    by_ref = {ref: s for s in ev.studies.values() for ref in _cited_as(s, review_id)}
    rows, given = [], Counter()
    for row in ev.data.having("validation_studies", "review_id", review_id):
        study = by_ref.get(row["cited_ref"])
        what = _given(ev, study["study_id"]) if study else "not in the data of this chapter"
        given[what] += 1
        rows.append({
            "ref": row["cited_ref"], "title": row["title_en"] or row["title_zh"],
            "stated": "; ".join(filter(None, (row["cell_source"], row["product"])))
            or NOT_STATED, "model": row["model"], "effect": row["key_effect"] or "none stated",
            "study": link(f"#study-{study['study_id']}", names[study["study_id"]])
            if study else "", "given": what,
            "species": study and ev.data.label("species", study["species"]) or NOT_STATED,
            "people": "yes" if study and study["species"] == "human" else "no",
            "remark": study and spoken(study["note"], names)})
    counted = "; ".join(f"{what}: {n}" for what, n in given.most_common())
    people = sum(r["people"] == "yes" for r in rows)
    return join([
        paragraph(f"The review tabulates {len(rows)} studies. What was given in them, by the data "
                  f"of this chapter — {counted}. Studies of people among them: {people}."),
        table(f"{ev.indication}-validation",
              f"The studies that {seed_names(ev.data)[review_id]} tabulates",
              [Column("ref", "Reference", True), Column("title", "Title"),
               Column("stated", f"{ev.data.wording('given')}, as tabulated"),
               Column("model", "Model, as tabulated"), Column("effect", "Effect, as tabulated"),
               Column("study", "Here"), Column("given", "What was given", select=True),
               Column("species", "Species", select=True),
               Column("remark", "Remark")], rows,
              "The review tabulates no study.", cards=True)])


def _given(ev: Evidence, study_id: str) -> str:
    """What the arms with cells of a study got, in the classes of the protocol."""
    arms = [a for (of, _), a in ev.arms.items() if of == study_id and is_cell_arm(a)]
    return _labels(ev, "cell_product", arms).capitalize() or (
        f"{words.first_capital(ev.data.wording('intervention'))}, product not stated" if arms
        else ev.data.wording("nothing-given"))
