"""Drawings by matplotlib as inline SVG: text stays text, colours come from the page."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence

import matplotlib
import seaborn as sns

matplotlib.use("agg")
from matplotlib.figure import Figure  # noqa: E402 - the backend must be chosen first

from ..dataset import Dataset  # noqa: E402
from . import words  # noqa: E402
from .html import Html, csv_link, details, number, text  # noqa: E402

# Drawn in these colours, shown in the page's: dark mode changes the variables, not the picture.
INK, ACCENT, SECOND, FAINT = "#111111", "#0000aa", "#aa5500", "#888888"
_VARIABLES = {INK: "var(--lr-ink)", ACCENT: "var(--lr-accent)", SECOND: "var(--lr-second)",
              FAINT: "var(--lr-faint)"}
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "livingreview", "font.family": "sans-serif",
    "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
}


def _svg(figure: Figure, identifier: str, title: str, description: str) -> str:
    """The figure as SVG that belongs to the page: its colours, its title and description."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None},
                   bbox_inches="tight", transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    # identifiers of several drawings on one page must not clash
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{identifier}-", svg)
    labelled = (f'<svg role="img" aria-labelledby="{identifier}-title {identifier}-desc" '
                'class="lr-svg"')
    head = (f'<title id="{identifier}-title">{text(title)}</title>'
            f'<desc id="{identifier}-desc">{text(description)}</desc>')
    svg = svg.replace("<svg", labelled, 1)
    return re.sub(r">", f">{head}", svg, count=1)


def figure_html(figure: Figure, identifier: str, title: str, description: str, caption: str,
                header: Sequence[str], rows: Sequence[Sequence]) -> Html:
    """A drawing with its title, description, caption and data.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    identifier : str
        Prefix of every ``id`` in the drawing, and name of the CSV file.
    title, description : str
        Text alternative, computed from the numbers.
    caption : str
    header, rows : sequences
        The data behind the drawing.
    """
    svg = _svg(figure, identifier, title, description)
    head = "".join(f'<th scope="col">{text(h)}</th>' for h in header)
    body = "".join("<tr>" + "".join(f"<td>{text(c)}</td>" for c in row) + "</tr>" for row in rows)
    data = details("Data behind this figure", Html(
        f'<div class="lr-scroll" role="region" tabindex="0" aria-label="Data of the figure">'
        f'<table class="lr-table"><caption>{text(title)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div><p>{csv_link(identifier, header, rows)}</p>"))
    return Html(f'<figure class="lr-figure" id="{identifier}"><div class="lr-scroll" role="region" '
                f'tabindex="0" aria-label="{text(title)}">{svg}</div>'
                f"<figcaption>{text(caption)}</figcaption>{data}</figure>")


def _axes(width: float, height: float):
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        return figure, figure.subplots()


def specification_curve(names: dict[str, str], result: dict) -> Html:
    """Every other choice for the same question, ordered by its estimate; other questions below.

    Parameters
    ----------
    names : dict of str to str
        Name of every trial.
    result : dict
        One analysis with a pooled estimate and its robustness.
    """
    measure_log = words.ratio(result)
    rows = [{**r, "label": words.choice_label(names, r)}
            for r in (*result["robustness"], *result["leave_one_out"])
            if r.get("estimate") is not None]
    main = {"id": "main", "label": "main analysis", "kind": "main", "same_question": True,
            **{k: result["pooled"][k] for k in ("estimate", "ci_low", "ci_high", "k")}}
    same = sorted([main, *(r for r in rows if r["same_question"])], key=lambda r: r["estimate"])
    other = sorted((r for r in rows if not r["same_question"]), key=lambda r: r["estimate"])
    shown = other + same
    low, high = _limits(result, shown, measure_log)
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(7.4, 0.6 + 0.24 * len(shown))
        for place, row in enumerate(shown):
            colour = INK if row["id"] == "main" else ACCENT if row["same_question"] else SECOND
            marker = {"main": "D", "method": "o", "values": "s", "trial": "^"}[row["kind"]]
            axes.plot([max(row["ci_low"], low), min(row["ci_high"], high)], [place, place],
                      color=colour, linewidth=1.4)
            axes.plot([row["estimate"]], [place], marker, color=colour, markersize=5)
        if measure_log:
            axes.set_xscale("log")
        null = 1.0 if measure_log else 0.0
        axes.axvline(null, color=FAINT, linewidth=1)
        axes.set_xlim(low, high)
        axes.set_yticks(range(len(shown)))
        axes.set_yticklabels([r["label"] for r in shown], fontsize=9)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_xlabel("risk ratio" if measure_log else f"difference, {words.unit(result)}")
        sns.despine(figure)
        d = words.decimals(result)
        inside = sum(r["ci_low"] < null < r["ci_high"] for r in same)
        moving = result["most_moving"]
        description = (
            f"{len(same)} analyses of the same question: estimates from "
            f"{number(same[0]['estimate'], d)} to {number(same[-1]['estimate'], d)}; the interval "
            f"includes no difference in {inside} of them.")
        caption = (
            f"{description} That is a share of analyses, not a chance. "
            + (f"What moves the estimate most: {words.choice_label(names, moving)} "
               f"({number(moving['estimate'], d)} instead of "
               f"{number(result['pooled']['estimate'], d)}). " if moving else "")
            + "Diamond: main analysis; circles: other methods; squares: other values or trials "
            "let in; triangles: one trial left out"
            + ("; below them in the second colour, other questions." if other else "."))
        return figure_html(
            figure, f"robust-{result['id']}", f"Robustness: {result['title']}", description,
            caption, ["choice", "same question", "trials", "estimate", "ci low", "ci high"],
            [[r["label"], "yes" if r["same_question"] else "no", r["k"],
              number(r["estimate"], d), number(r["ci_low"], d), number(r["ci_high"], d)]
             for r in reversed(shown)])


def _limits(result: dict, rows: list[dict], log: bool) -> tuple[float, float]:
    """A range that shows every estimate and the main interval; wider intervals are cut."""
    pooled = result["pooled"]
    values = [r["estimate"] for r in rows] + [pooled["ci_low"], pooled["ci_high"],
                                              1.0 if log else 0.0]
    if log:
        values = [math.log(v) for v in values]
    pad = 0.25 * (max(values) - min(values) or 1)
    low, high = min(values) - pad, max(values) + pad
    return (math.exp(low), math.exp(high)) if log else (low, high)


def time_course(data: Dataset, results: Sequence[dict], identifier: str, title: str) -> Html | None:
    """Pooled estimates of one question over the time windows.

    Parameters
    ----------
    data : Dataset
    results : sequence of dict
        Analyses that differ in their window alone, in order.
    identifier, title : str

    Returns
    -------
    Html or None
        None where no window has an estimate.
    """
    if not any(r["pooled"] for r in results):
        return None
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(6.4, 3.2)
        for place, result in enumerate(results):
            pooled = result["pooled"]
            if pooled is None:
                axes.annotate("no trial", (place, 0), ha="center", va="bottom", fontsize=9,
                              color=FAINT)
                continue
            axes.plot([place, place], [pooled["ci_low"], pooled["ci_high"]], color=ACCENT,
                      linewidth=1.6)
            axes.plot([place], [pooled["estimate"]], "D", color=ACCENT, markersize=6)
            axes.annotate(words.trials(result["k"]), (place, pooled["estimate"]), ha="left",
                          xytext=(7, 0), textcoords="offset points", fontsize=9, va="center")
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set_xticks(range(len(results)))
        axes.set_xticklabels([words.short_window(r) for r in results], fontsize=9)
        axes.set_xlabel("months")
        axes.set_xlim(-0.5, len(results) - 0.2)
        axes.set_ylabel(f"difference, {words.unit(results[0])}")
        sns.despine(figure)
        with_estimate = [r for r in results if r["pooled"]]
        description = "; ".join(
            f"{words.window(r)} {number(r['pooled']['estimate'])} "
            f"({number(r['pooled']['ci_low'])} to {number(r['pooled']['ci_high'])}, "
            f"{words.trials(r['k'])})" for r in with_estimate)
        against = words.comparator(data, results[0])
        return figure_html(
            figure, identifier, title, description,
            f"Cells against {against}: pooled difference in each time window with its 95% "
            "interval; below zero favours cells. The windows hold different trials, so this is "
            "not the course of a patient.",
            ["window", "trials", "participants", "difference", "ci low", "ci high"],
            [[words.window(r), r["k"], number(r["n"], 0)]
             + ([number(r["pooled"][k]) for k in ("estimate", "ci_low", "ci_high")]
                if r["pooled"] else ["", "", ""]) for r in results])


def dose(data: Dataset, names: dict[str, str], result: dict, doses: dict[str, float],
         sources: dict[str, str], identifier: str) -> Html | None:
    """Effects of trials against the number of cells in one injection.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
    result : dict
        One analysis.
    doses : dict of str to float
        Cells in one administration, by trial.
    sources : dict of str to str
        Tissue of origin, by trial.
    identifier : str
    """
    studies = [s for s in result["studies"] if s["yi"] is not None and s["trial_id"] in doses]
    if not studies:
        return None
    markers, colours = ["o", "s", "^", "D", "v", "P"], [ACCENT, SECOND, INK, FAINT]
    kinds = sorted({sources[s["trial_id"]] for s in studies})
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(6.8, 3.8)
        for i, kind in enumerate(kinds):
            group = [s for s in studies if sources[s["trial_id"]] == kind]
            x = [doses[s["trial_id"]] for s in group]
            axes.errorbar(x, [s["estimate"] for s in group],
                          yerr=[[s["estimate"] - s["ci_low"] for s in group],
                                [s["ci_high"] - s["estimate"] for s in group]],
                          fmt=markers[i % 6], color=colours[i % 4], linewidth=1, capsize=0,
                          label=data.label("cell_source", kind))
        axes.set_xscale("log")
        axes.axhline(0, color=FAINT, linewidth=1)
        axes.set_xlabel("cells in one injection (logarithmic)")
        axes.set_ylabel(f"difference, {words.unit(result)}")
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
        sns.despine(figure)
        ordered = sorted(studies, key=lambda s: doses[s["trial_id"]])
        description = "; ".join(f"{names[s['trial_id']]} {doses[s['trial_id']]:,.0f} cells: "
                                f"{number(s['estimate'])}" for s in ordered)
        return figure_html(
            figure, identifier, f"Effect and number of cells: {result['title']}", description,
            f"{len(studies)} of {result['k']} trials state one number of cells. Trials differ in "
            "much else than the dose: this shows the evidence, it is no dose–response analysis.",
            ["trial", "cells in one injection", "tissue", "difference", "ci low", "ci high"],
            [[names[s["trial_id"]], f"{doses[s['trial_id']]:,.0f}",
              data.label("cell_source", sources[s["trial_id"]]), number(s["estimate"]),
              number(s["ci_low"]), number(s["ci_high"])] for s in ordered])


def funnel(names: dict[str, str], result: dict) -> Html:
    """The funnel plot of an analysis of ten trials or more."""
    studies = [s for s in result["studies"] if s["yi"] is not None]
    with matplotlib.rc_context(_STYLE):
        figure, axes = _axes(5.6, 3.8)
        errors = [math.sqrt(s["vi"]) for s in studies]
        axes.plot([s["yi"] for s in studies], errors, "o", color=ACCENT, markersize=5)
        centre = (math.log(result["pooled"]["estimate"]) if words.ratio(result)
                  else result["pooled"]["estimate"])
        top = 1.08 * max(errors)
        axes.axvline(centre, color=INK, linewidth=1)
        for side in (-1, 1):
            axes.plot([centre, centre + side * 1.96 * top], [0, top], color=FAINT, linewidth=1)
        axes.set_ylim(top, 0)
        axes.set_xlabel("log risk ratio" if words.ratio(result)
                        else f"difference, {words.unit(result)}")
        axes.set_ylabel("standard error")
        sns.despine(figure)
        test = result["small_study"]
        outcome = (f"{test['test']} test: p = {number(test['p_value'], 3)}" if test["done"]
                   else f"no test: {test['reason']}")
        return figure_html(
            figure, f"funnel-{result['id']}", f"Funnel plot: {result['title']}",
            f"{len(studies)} trials; {outcome}.",
            f"Funnel plot of {len(studies)} trials. {outcome}. Asymmetry has other reasons than "
            "missing trials: differences between comparators are one.",
            ["trial", "effect", "standard error"],
            [[names[s["trial_id"]], number(s["yi"], 3), number(math.sqrt(s["vi"]), 3)]
             for s in studies])
