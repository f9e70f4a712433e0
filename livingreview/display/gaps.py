"""What a chapter lacks: estimates, and the results of trials that are running or not reported."""

from __future__ import annotations

from ..effects import Evidence
from .html import Column, Html, count, details, join, link, paragraph, table, text
from .studies import cells_of, compared


def gaps(results: list[dict]) -> Html:
    """The analyses without an estimate, of all those of a chapter."""
    asked = [r for r in results if r["role"] != "check"]
    empty = [r for r in asked if r["pooled"] is None]
    items = "".join(f"<li>{text(r['title'])}</li>" for r in empty)
    return join([
        paragraph(f"{len(empty)} of {len(asked)} analyses of this chapter have no "
                  "estimate."),
        details("Analyses without an estimate", Html(f"<ul>{items}</ul>"))])


def running(ev: Evidence, names: dict[str, str]) -> Html:
    """Registered trials that are running, unreported, stopped or of unknown progress."""
    rows = [{
        "study": link(f"#study-{study_id}", names[study_id]),
        "registration": "; ".join(s["registration"]) or "none known",
        "progress": ev.data.label("progress", s["progress"]) or "not stated",
        "n": count(s["n_enrolled"]) if s["n_enrolled"] is not None else "not stated",
        "against": compared(ev, study_id) or "none", "cells": cells_of(ev, study_id)}
        for study_id, s in ev.studies.items() if s["progress"] or s["status"] == "registered"]
    return table(
        f"{ev.indication}-running",
        "Trials without results here: running, finished, stopped or of unknown progress",
        [Column("study", "Study"), Column("registration", "Registration"),
         Column("progress", "Progress"), Column("n", "n", True),
         Column("against", "Compared with"), Column("cells", ev.data.wording("product"))], rows,
        "No such trial is known.")
