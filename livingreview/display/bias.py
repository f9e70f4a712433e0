"""Risk of bias of the trials of a chapter: what others judged, and what the data signal."""

from __future__ import annotations

from ..effects import Evidence
from ..review.certainty import judged_low
from . import words
from .html import Column, Html, count, details, join, link, paragraph, table
from .provenance import source


def risk_of_bias(ev: Evidence, names: dict[str, str], results: list[dict]) -> Html:
    """Published judgements, and the signals that the data hold.

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
    judgements = ev.data.records("risk_of_bias", ev.indication)
    pooled = sorted({s["trial_id"] for r in results for s in r["studies"]})
    # A grade of the design, such as a level of evidence, is no judgement of bias.
    judged = {r["study_id"] for r in judgements
              if ev.data.kind("tool", r["tool"]) != "design-grade"}
    none = [t for t in pooled if t not in judged]
    return join([
        paragraph(f"Of {words.trials(len(pooled))} in the analyses, "
                  f"a judgement of a named review could be read for {len(pooled) - len(none)}"
                  f"{f'; for the other {len(none)} none was found' if none else ''}. For all of "
                  "them the table below holds mechanical signals, which are no judgements."),
        table(f"{ev.indication}-signals", "Signals, not judgements: trials in the analyses",
              [Column("study", "Trial"), Column("random", "Randomised"),
               Column("blinding", "Blinding"), Column("registered", "Registration"),
               Column("n", "Enrolled", True), Column("values", "Weakest value used"),
               Column("judged", "Judged at low risk by a named review")],
              [_signals(ev, names, results, t) for t in pooled]),
        details("Published judgements, by tool and domain", table(
            f"{ev.indication}-judgements", "Risk of bias as published by named reviews",
            [Column("study", "Study"), Column("tool", "Tool"), Column("domain", "Domain"),
             Column("judgement", "Judgement"), Column("source", "Source")],
            [{"study": link(f"#study-{r['study_id']}", names[r["study_id"]]),
              "tool": ev.data.label("tool", r["tool"]), "domain": r["domain"],
              "judgement": r["judgement"], "source": source(ev, r["source_id"])}
             for r in judgements],
            "No published judgement was found for any study of this chapter."))])


def _signals(ev: Evidence, names: dict[str, str], results: list[dict], trial: str) -> dict:
    """What the data hold of a trial that bears on its risk of bias."""
    study = ev.studies[trial]
    used = {s["quality"] for r in results for s in r["studies"]
            if s["trial_id"] == trial and r["role"] != "check"}
    order = list(ev.data.words("quality"))
    weakest = max(used, key=order.index) if used else None
    return {"study": link(f"#study-{trial}", names[trial]),
            "random": "yes" if study["design"] == "rct" else "no",
            "blinding": ev.data.label("blinding", study["blinding"]) or "not stated",
            "registered": "; ".join(study["registration"]) or "none known",
            "n": link(f"#study-{trial}", count(study["n_enrolled"]) or "not stated"),
            "values": ev.data.label("quality", weakest) or "only in a check",
            "judged": "yes" if judged_low(ev, trial) else "no"}
