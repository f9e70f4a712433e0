"""How often an adverse event was seen in treated patients, with exact bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..effects import Evidence
from ..review.harms import ArmEvents, arm_events, totals
from ..view.naming import arm_names, of_study, spoken
from .html import Column, Html, count, details, interval, join, link, number, paragraph, table, text


def risk_words(found: dict) -> str:
    """A risk in treated patients: with nobody affected, what it can be at most.

    Parameters
    ----------
    found : dict
        What :func:`livingreview.review.harms.totals` returns.
    """
    if not found["total"]:
        return "no count of patients"
    if found["upper"] is not None:
        return (f"none among {count(found['total'])}; at most "
                f"{number(100 * found['upper'], 1)} in 100")
    return (f"{number(100 * found['risk'], 1)} in 100 "
            f"({interval(100 * found['ci_low'], 100 * found['ci_high'], 1)})")


def months_words(low: float | None, high: float | None) -> str:
    if low is None:
        return "not stated"
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def seen_apart(rows: Iterable[ArmEvents], study: Callable[[ArmEvents], Html]) -> Html:
    """Events in arms that are in no sum, so that they are not overlooked."""
    return Html("; ".join(f"{text(r.printed)} in {study(r)} ({text(r.not_counted)})"
                          for r in rows if r.seen_apart))  # markup: no long cell is folded away


def event_bounds(ev: Evidence, names: dict[str, str]) -> Html:
    """Patients with each adverse event in all arms that got cells, with exact bounds.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
    """
    rows, treated = arm_events(ev), ev.data.wording("intervention")
    if not rows:
        return paragraph(f"No study gives an adverse event of an arm that got {treated} in the "
                         "sources read. That is no sign of safety: nothing was reported, or "
                         "nothing could be read.", "lr-empty")
    events = [e for e in ev.data.words("event") if any(r.event == e for r in rows)]
    found = {e: totals(r for r in rows if r.event == e) for e in events}

    def study(r: ArmEvents) -> Html:
        return link(f"#study-{r.study}", names[r.study])

    silent = {ev.trial_of(s) for s, study in ev.studies.items()
              if study["design"] != "animal-experiment"} - {r.trial for r in rows}
    shown = [{
        "event": ev.data.label("event", e), "k": f["k"], "arms": f["arms"],
        "counts": f"{count(f['events'])} / {count(f['total'])}" if f["total"] else "",
        "risk": risk_words(f), "apart": seen_apart((r for r in rows if r.event == e), study),
        "months": months_words(f["months_low"], f["months_high"]) if f["total"] else ""}
        for e, f in found.items()]
    return join([
        paragraph("Treated patients, without a comparison: these numbers count every arm "
                  f"that got {treated}, those of controlled and of uncontrolled studies, and say "
                  f"nothing of what would have happened without {treated}."),
        table(f"{ev.indication}-event-bounds", f"Patients with an event after {treated}",
              [Column("event", "Event"), Column("k", "Studies", True), Column("arms", "Arms", True),
               Column("counts", "Patients with event / at risk", True),
               Column("risk", "Risk, with its exact 95% bounds", True),
               Column("months", "Follow-up (months)", True),
               Column("apart", "Seen, but in no sum")], shown, interactive=False,
              cards=True),
        paragraph("Where nobody had the event, the bound is one-sided: were the risk higher, at "
                  "least one patient would have had it in more than 95 of 100 such groups. "
                  "Otherwise the interval is that of Clopper and Pearson. Patients of different "
                  "studies are added as if they were one group; studies differ in how they looked "
                  f"for harms, and of {len(silent)} more studies of this indication, running ones "
                  f"included, no event after {treated} could be read.", "lr-legend"),
        details("By study and arm", _by_arm(ev, names, rows))])


def _by_arm(ev: Evidence, names: dict[str, str], rows: list[ArmEvents]) -> Html:
    """Every count, and why it is in no sum where it is not."""
    data, arms = ev.data, arm_names(ev.data, ev.indication)
    return table(
        f"{ev.indication}-events-by-arm", "Events by study and arm",
        [Column("study", "Study"), Column("arm", "Arm"), Column("event", "Event"),
         Column("counts", "Patients with event / at risk", True),
         Column("cells", data.wording("product")), Column("donor", data.wording("donor")),
         Column("route", "Route"), Column("design", "Design"),
         Column("months", "Follow-up (months)", True), Column("out", "Not counted because"),
         Column("row", "Row of adverse_events.csv", True)],
        [{"study": link(f"#study-{r.study}", names[r.study]), "arm": arms[r.study, r.arm],
          "event": data.label("event", r.event),
          "counts": "" if r.total is None else f"{r.events} / {r.total}",
          "cells": data.label("cell_source", r.cell_source) or "not stated",
          "donor": data.label("donor", r.donor) or "not stated",
          "route": "; ".join(data.label("route", w) for w in r.route) or "not stated",
          "design": data.label("design", r.design) or "not stated",
          "months": "" if r.months is None else f"{r.months:g}",
          "row": r.row,
          "out": spoken(r.not_counted, of_study(arms, r.study), names)} for r in rows])
