"""A published pooled result, recomputed, and the rules that lead from it to ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..effects import Evidence
from ..review.steps import steps
from . import words
from .html import Column, Html, details, interval, join, number, paragraph, table


def replica(ev: Evidence, names: dict[str, str], theirs: dict, ours: dict, published: str,
            figure: Callable[[dict], Html]) -> Html:
    """Their estimate, recomputed, beside ours, and the way between them.

    Parameters
    ----------
    ev : Evidence
    names : dict of str to str
        Names of the studies.
    theirs, ours : dict
        Analyses of ``results.json`` that ask the same.
    published : str
        The review whose result is recomputed.
    figure : callable
        Makes the figure of an analysis.

    Returns
    -------
    Html
    """
    if ours["pooled"] is None or theirs["pooled"] is None:
        return paragraph("One of the two estimates cannot be computed from these data.",
                         "lr-empty")
    rows = [{"step": s["label"], "k": s["k"], "estimate": number(s["estimate"]),
             "ci": interval(s["ci_low"], s["ci_high"]),
             "trials": ", ".join(names[t] for t in s["trials"])}
            for s in steps(ev, theirs["id"], ours["id"])]
    before, now = theirs["pooled"], ours["pooled"]
    scale = "100" if theirs["question"]["rescaled_0_100"] else "its scale"
    return join([
        paragraph(f"{theirs['title']}: {number(before['estimate'])} "
                  f"({interval(before['ci_low'], before['ci_high'])}) of {scale}, "
                  f"{words.trials(theirs['k'])}. {theirs['note']}. {_printed(ev, published)} "
                  f"Our main estimate is {number(now['estimate'])} "
                  f"({interval(now['ci_low'], now['ci_high'])}, {words.trials(ours['k'])})."),
        table(f"{theirs['id']}-steps", "From the published estimate to ours, one rule at a time",
              [Column("step", "Rule"), Column("k", "Trials", True),
               Column("estimate", "Estimate", True), Column("ci", "95% CI", True),
               Column("trials", "Trials in it")], rows, interactive=False),
        details("Figure of the published estimate, recomputed", figure(theirs))])


def _printed(ev: Evidence, review_id: str) -> str:
    """What the text read of a published review prints."""
    rows = [r for r in ev.data.records("published_syntheses", ev.indication)
            if r["review_id"] == review_id and r["estimate"] is not None]
    return " ".join(
        f"{_source(ev, r)} prints {number(abs(r['estimate']))} "
        + ("(of a scale that it does not name)" if r["scale_max"] is None
           else f"of {r['scale_max']:g}")
        + f" for {words.in_text(ev.data.label('outcome', r['outcome']))}: "
        f"{words.in_text(ev.data.label('favours', r['favours']) or 'side not stated')}."
        for r in rows)


def _source(ev: Evidence, row: Mapping) -> str:
    """The text that a published result was read in."""
    source = ev.sources[row["source_id"]]
    kind = words.in_text(ev.data.label("source_kind", source["kind"]))
    return f"The text read of it ({kind}: {source['title'] or row['review_id']})"
