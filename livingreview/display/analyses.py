"""Our pooled estimates in one table."""

from __future__ import annotations

from . import words
from .html import Column, Html, link, table
from .statement import mark, statement


def pooled_here(results: list[dict], identifier: str) -> Html:
    """Our pooled estimates of two trials or more, to read beside the published ones.

    Parameters
    ----------
    results : list of dict
        Analyses of ``results.json``.
    identifier : str
        Of the table.

    Returns
    -------
    Html
    """
    return table(
        identifier, "Our pooled estimates of two trials or more",
        [Column("title", "Analysis"), Column("k", "Trials", True),
         Column("n", "Participants", True), Column("estimate", "Estimate (95% CI)", True),
         Column("certainty", "Certainty"),
         *[Column("without", "Without a ratio")] * any(statement(r).without for r in results)],
        [_row(r) for r in results if r["pooled"] and r["k"] > 1],
        "No analysis has two trials with an estimate.", interactive=False)


def _row(result: dict) -> dict:
    """What the table says of one analysis."""
    said = statement(result)
    return {"title": link(f"#forest-{result['id']}", result["title"]), "attributes": mark(result),
            "k": result["k"], "n": said.number, "estimate": words.glance(result),
            "certainty": said.certainty, "without": said.without}
