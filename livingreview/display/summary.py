"""The summary of a chapter: what its analyses found, and which large trials are not in them."""

from __future__ import annotations

import math
from collections.abc import Callable

from .. import doubts
from ..dataset import Dataset
from ..review.asked import Asked
from ..review.missing import FINISHED_REPORTED, FINISHED_UNREPORTED
from ..review.robustness import WITHOUT_DOUBTFUL
from . import words
from .analyses import direction
from .findings import against
from .html import Html, count, interval, join, link, number, paragraph, text
from .statement import mark, statement


def summary(data: Dataset, names: dict[str, str], results: list[dict], asked: Asked) -> Html:
    """The findings of some analyses, a sentence each, with their certainty.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Names of the studies.
    results : list of dict
        Analyses of ``results.json``.
    asked : Asked
        What the chapter is asked for in the place of its own questions.

    Returns
    -------
    Html
    """
    empty = [r for r in results if not r["studies"]]
    apart = empty if len(empty) > 1 else []  # of one alone the sentence says what it would need
    items = "".join([*(_item(data, names, r) for r in results if r not in apart),
                     _without_a_number(data, apart)])
    listed = Html(f'<ul class="lr-summary">{items}</ul>')
    if not asked:
        return listed
    return join([paragraph(f"Asked for: {asked.words()}. The summary, the figures named one by "
                           "one, dose, time, subgroups, robustness and the summary of findings "
                           "show the analyses of this in the place of the chapter's own; text "
                           "around them speaks of the chapter's own.", "lr-banner"),
                 listed if results else paragraph(asked.nothing(), "lr-empty")])


def _without_a_number(data: Dataset, results: list[dict]) -> str:
    """The questions to which nothing is known, in one item."""
    by: dict[str, list[str]] = {}
    for r in results:
        by.setdefault(against(data, r), []).append(
            f"{words.in_text(words.outcome_name(data, r))} {words.window(r)}")
    said = "; ".join(f"of {compared}: {', '.join(asked)}" for compared, asked in by.items())
    return f"<li>{text(f'No usable number is known {said}.')}</li>" if results else ""


def _item(data: Dataset, names: dict[str, str], result: dict) -> str:
    """The finding of one analysis."""
    start = more = ""
    if result["pooled"]:
        start = (f"<strong>{text(words.plain(data, result))}</strong> "
                 f"Certainty: {statement(result).certainty}. ")
        more = _expanded(data, result) + _implausible(names, result)
    more += _in_doubt(data, names, result)
    figure = link(f"#forest-{result['id']}", "Figure") if result["studies"] else ""
    return f"<li{mark(result)}>{start}{text(words.finding(data, result))}{more} {figure}</li>"


def _expanded(data: Dataset, result: dict) -> str:
    """The estimate from expanded cells only, where it is another one."""
    rows = [r for r in result["robustness"] if r["id"] == "expanded-only"]
    one = words.noun(result)
    if result["k"] == 1:
        used = next(s["cell_class"] for s in result["studies"] if s["yi"] is not None)
        return (f" {data.wording('product')} used: "
                f"{words.in_text(data.label('cell_class', used))}.")
    kind = words.in_text(data.label("cell_class", "expanded"))
    if not rows:
        return f" All pooled {words.plural(one)} used {kind}." if all(
            s["cell_class"] == "expanded" for s in result["studies"]) else ""
    row, d = rows[0], words.decimals(result)
    if row.get("estimate") is None:
        return f" No {one} of {kind} is among them."
    return (f" {words.first_capital(kind)} only: {number(row['estimate'], d)} "
            f"({interval(row['ci_low'], row['ci_high'], d)}; {words.trials(row['k'], one)}).")


def _in_doubt(data: Dataset, names: dict[str, str], result: dict) -> str:
    """The estimate with and without the trials whose values are in doubt, and why they are."""
    rows = {r["id"]: r for r in result["robustness"]}
    main = {"k": result["k"], **(result["pooled"] or {})}
    if WITHOUT_DOUBTFUL in rows:  # the analysis takes them in
        state, with_them, without = "Taken in, although", main, rows[WITHOUT_DOUBTFUL]
        trials = [s["trial_id"] for s in result["studies"] if s["quality"] == "doubtful"]
    else:
        state, with_them, without = "Left out, because", rows.get("with-doubtful", {}), main
        trials = with_them.get("brings", [])
    if not trials:
        return ""
    known = doubts.reasons(data, result["indication"], _asked(data, result["question"]))
    why = {t: "; ".join(data.label("doubt_rule", r) for r in known.get(t, ())) for t in trials}
    said = "; ".join(f"{names[t]} ({why[t]})" if why[t] else names[t] for t in trials)
    return (f" {state} in doubt: {text(said)}. Without them: {_estimate(result, without)}; with "
            f"them: {_estimate(result, with_them)}.")


def _asked(data: Dataset, question: dict) -> Callable[[str | None, float | None], bool]:
    """Whether an outcome or event at a visit, None being all, is of a question."""
    low, high = question["window_from"] or 0, question["window_to"] or math.inf
    family = {r["outcome"] for r in data.records("hierarchy") if r["family"] == question["target"]}
    items = {None, *(family if question["target_type"] == "family" else {question["target"]})}
    return lambda item, months: item in items and (months is None or low < months <= high)


def _estimate(result: dict, row: dict) -> str:
    """An estimate with its interval and number of trials; that there is none."""
    if row.get("estimate") is None:
        return "no estimate"
    d = words.decimals(result)
    return (f"{number(row['estimate'], d)} ({interval(row['ci_low'], row['ci_high'], d)}; "
            f"{words.trials(row['k'], words.noun(result))})")


def _implausible(names: dict[str, str], result: dict) -> str:
    """The estimate without the trials whose effect is beyond two standard deviations."""
    rows = [r for r in result["robustness"] if r["id"] == "no-large-effect"]
    if rows and rows[0].get("estimate") is None:
        return (" The arms of every trial in it differ by more than two standard deviations, "
                "which is hardly plausible: standard errors may have been printed as standard "
                "deviations, and the interval may be far too narrow.")
    if not rows or result["k"] < 3:
        return ""
    row, d = rows[0], words.decimals(result)
    *first, last = [names[t] for t in row["left_out"]]
    out, effect = ((f"{', '.join(first)} and {last}", "effects are") if first
                   else (last, "effect is"))
    return (f" Without {text(out)}, whose {effect} beyond two standard deviations: "
            f"{number(row['estimate'], d)} ({interval(row['ci_low'], row['ci_high'], d)}; "
            f"{words.trials(row['k'])}).")


def unpooled(data: Dataset, names: dict[str, str], result: dict, largest: int) -> Html:
    """The largest finished trials of a comparison that are not in its pool.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Names of the studies.
    result : dict
        One analysis of ``results.json``.
    largest : int
        How many to name.

    Returns
    -------
    Html
    """
    trials = sorted(
        (t for t in result["not_in_pool"]["trials"] if t["counted"] and t["n"]
         and t["group"] in (FINISHED_REPORTED, FINISHED_UNREPORTED)),
        key=lambda t: -t["n"])
    # The participants that the share is of are those of the randomised trials alone.
    alone = words.uncontrolled(result)
    asked = [t for t in trials if alone or t["design"] == "rct"]
    rest = [t for t in trials if t not in asked]
    said = [f"{result['title']}: {words.in_text(words.share(result))}"]
    one = words.noun(result) if alone else "randomised trial"
    other = "other " if result["pooled"] else ""  # than those of the estimate
    if asked:
        several = f"largest {other}finished {words.plural(one)}" if len(asked) > 1 else (
            f"{'only ' if result['pooled'] else ''}{other}finished {one}")
        said.append(f"The {several} of known size, with what {'their' if len(asked) > 1 else 'its'}"
                    f" report concludes: {_named(data, names, asked[:largest])}.")
    elif not result["not_in_pool"]["unsized"]:
        said.append(f"No {other}finished {one} of this kind is known.")
    if rest:
        said.append("Not randomised, and therefore not in it either: "
                    f"{_named(data, names, rest[:largest])}.")
    return paragraph(" ".join(said))


def _named(data: Dataset, names: dict[str, str], trials: list[dict]) -> str:
    """Trials with their size and what their report concludes."""
    return "; ".join(f"{names[t['trial_id']]} ({count(t['n'])} enrolled: "
                     f"{direction(data, t)})" for t in trials)
