"""The analyses of a chapter: their estimates at a glance, and each with its figure and its gaps."""

from __future__ import annotations

from collections.abc import Container

from ..dataset import Dataset
from ..review.missing import GROUPS
from ..view.naming import arm_names, of_study, spoken
from . import words
from .alone import forest_alone
from .certainty import why
from .forest import forest
from .html import Column, Html, count, details, interval, join, link, paragraph, table, text
from .statement import mark, statement
from .studies import NOT_EXTRACTED
from .subgroups import subgroups


def overview(results: list[dict], identifier: str) -> Html:
    """The estimates of several analyses in one table, each linked to its figure.

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
    alone = all(words.uncontrolled(r) for r in results)
    several = "Studies" if results and alone else "Trials"
    return table(identifier, "Estimates at a glance",
                 [Column("title", "Analysis"), Column("k", several, True),
                  Column("n", "Participants", True),
                  Column("estimate", "Estimate (95% CI)", True),
                  Column("prediction", "Prediction interval", True),
                  Column("certainty", "Certainty"),
                  *[Column("without", "Without a ratio")] * any(
                      statement(r).without for r in results),
                  Column("out", f"{several} not in it", True)],
                 [_at_a_glance(r) for r in results], interactive=False, cards=True)


def _at_a_glance(result: dict) -> dict:
    """What the overview says of one analysis."""
    pooled, title, said = result["pooled"], result["title"], statement(result)
    spread = result["random_effects"] or pooled
    return {
        "title": _to_figure(result) if result["studies"] else title,
        "attributes": mark(result),
        "k": result["k"], "n": said.number, "without": said.without,
        "estimate": words.glance(result) if pooled else said.estimate,
        "prediction": interval(spread["pi_low"], spread["pi_high"], words.decimals(result))
        if pooled else "",
        "certainty": said.certainty,
        "out": len(result["not_in_pool"]["trials"])}


def _to_figure(result: dict) -> Html:
    return link(f"#forest-{result['id']}", result["title"])


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
        [_at_a_glance(r) for r in results if r["pooled"] and r["k"] > 1],
        "No analysis has two trials with an estimate.", interactive=False)


def whole(data: Dataset, names: dict[str, str], result: dict) -> Html:
    """One analysis: its forest plot, what it says, and the trials that are not in it.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Names of the studies.
    result : dict
        One analysis of ``results.json``.

    Returns
    -------
    Html
    """
    draw = forest_alone if words.uncontrolled(result) else forest
    parts = [draw(data, names, result)]
    if result["pooled"]:
        parts.append(paragraph(words.heterogeneity(result)))
    if result["role"] == "check":  # its trials are listed by hand: nothing is missing from it
        return join(parts)
    if result["pooled"]:
        parts.append(paragraph(
            f"Certainty: {statement(result).certainty} (rule-based, not a panel's "
            f"judgement). {words.share(result)}"))
        parts.append(why(data, result))
    elif result["studies"]:
        parts.append(paragraph(words.no_pool(data, result)))
    if result["note"]:
        parts.append(paragraph(f"{result['note']}."))
    if divided := subgroups(data, result):
        parts.append(details("Subgroups", divided))
    parts.append(not_in_pool(data, names, result))
    return join(parts)


def not_in_pool(data: Dataset, names: dict[str, str], result: dict) -> Html:
    """The known trials of the comparison that are not in the pool, in groups.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Names of the studies.
    result : dict
        One analysis of ``results.json``.

    Returns
    -------
    Html
    """
    groups = {**GROUPS, "without-events": "with a report, but no ratio"}
    arms = arm_names(data, result["indication"])
    rows = [{"trial": link(f"#study-{t['trial_id']}", names[t["trial_id"]]), "group": label,
             "n": count(t["n"]) if t["n"] is not None else "not stated",
             "why": spoken(t["reason"], names, of_study(arms, t["trial_id"])),
             "direction": direction(data, t)}
            for group, label in groups.items()
            for t in result["not_in_pool"]["trials"] if t["group"] == group]
    of = ("studies without a comparison" if words.uncontrolled(result)
          else "trials of this comparison")
    if not rows:
        return paragraph(f"No further {of} are known.")
    return details(f"{of.capitalize()} that are not in it ({len(rows)})", table(
        f"{result['id']}-left-out", f"Known {of} that are not in the estimate",
        [Column("trial", words.noun(result).capitalize()), Column("group", "State"),
         Column("n", "n", True), Column("why", "Why"),
         Column("direction", "What its report concludes on benefit")], rows,
        interactive=False))


def direction(data: Dataset, trial: dict) -> str:
    """What the report of a trial that is not in a pool concludes."""
    label = data.label("stated_result", trial["direction"])
    return words.in_text(label) if label else NOT_EXTRACTED


def without_studies(data: Dataset, results: list[dict], placed: Container[str]) -> Html | None:
    """Analyses without any trial, in one part that opens, each with what it would need.

    Parameters
    ----------
    data : Dataset
    results : list of dict
        Analyses of ``results.json``.
    placed : container of str
        Those that the page has shown with their subgroups.

    Returns
    -------
    Html or None
        None where there are none.
    """
    if not results:
        return None
    items = "".join(f"<li>{text(words.no_pool(data, r))}"
                    f"{(r['id'] not in placed and subgroups(data, r)) or ''}</li>"
                    for r in results)
    return details(f"Analyses without a usable {words.noun(results[0])} ({len(results)})",
                   Html(f"<ul>{items}</ul>"))
