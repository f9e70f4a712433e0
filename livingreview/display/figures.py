"""Figures of one analysis or question: robustness, time course, dose, funnel."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from ..dataset import Dataset
from . import words
from .drawing import (
    ACCENT,
    FAINT,
    INK,
    SECOND,
    axes_of,
    canvas,
    despine,
    figure_html,
    plain_ticks,
    style,
)
from .html import Html, number
from .naming import brief


def axis_label(result: dict) -> str:
    """Measure and unit of an effect."""
    name = words.measure(result).name
    return name if words.ratio(result) else f"{name}, {words.unit(result)}"


def _null_line(draw, result: dict) -> None:
    """The line of no effect or no change, where the measure has one."""
    if words.measure(result).null is not None:
        draw(words.measure(result).null, color=FAINT, linewidth=1)


def _crossing(result: dict) -> str:
    """What it means that an interval crosses the line: no effect, or no change."""
    return "the line of no change" if words.uncontrolled(result) else "the line of no effect"


def _main_row(result: dict) -> dict:
    return {"id": "main", "label": "main analysis", "kind": "main",
            **{k: result["pooled"][k] for k in ("estimate", "ci_low", "ci_high", "k")}}


def _estimates(result: dict, rows: list[dict], colour: str):
    """Estimates with their intervals, one below the other, their names above their lines."""
    low, high = _limits(result, rows, words.ratio(result))
    figure, axes = axes_of(5.2, 0.8 + 0.36 * len(rows))
    for place, row in enumerate(rows):
        ink = INK if row["id"] == "main" else colour
        marker = {"main": "D", "method": "o", "values": "s", "trial": "^"}[row["kind"]]
        axes.plot([max(row["ci_low"], low), min(row["ci_high"], high)], [place, place],
                  color=ink, linewidth=1.4)
        axes.plot([row["estimate"]], [place], marker, color=ink, markersize=5)
        # Names above the lines let the drawing fit a narrow screen.
        axes.annotate(row["label"], (0, place), xycoords=("axes fraction", "data"), xytext=(2, 4),
                      textcoords="offset points", fontsize=8)
    if words.ratio(result):
        axes.set_xscale("log")
    _null_line(axes.axvline, result)
    axes.set_xlim(low, high)
    if words.ratio(result):
        plain_ticks(axes.xaxis, low, high)
    axes.set_yticks([])
    axes.set_ylim(-0.7, len(rows))
    axes.set_xlabel(axis_label(result))
    despine(figure, left=True)
    return figure


def _estimate_rows(result: dict, rows: list[dict]) -> list[list]:
    d = words.decimals(result)
    return [[r["label"], r["k"], number(r["estimate"], d), number(r["ci_low"], d),
             number(r["ci_high"], d)] for r in reversed(rows)]


def one_at_a_time(names: dict[str, str], result: dict) -> Html:
    """The same question with one other choice at a time, and without each trial in turn.

    Parameters
    ----------
    names : dict of str to str
        Name of every trial.
    result : dict
        One analysis with a pooled estimate and its robustness.
    """
    rows = [{**r, "label": words.choice_label(names, r)}
            for r in (*result["robustness"], *result["leave_one_out"])
            if r.get("estimate") is not None and r["same_question"]]
    rows = sorted([_main_row(result), *rows], key=lambda r: r["estimate"])
    d, null, moving = words.decimals(result), words.measure(result).null, result["most_moving"]
    description = (
        f"{len(rows)} analyses of the same question, each with one other choice: estimates from "
        f"{number(rows[0]['estimate'], d)} to {number(rows[-1]['estimate'], d)}"
        if len(rows) > 1 else "The main analysis alone: no other choice gives an estimate")
    if null is not None:
        inside = sum(r["ci_low"] < null < r["ci_high"] for r in rows)
        description += (f"; the interval crosses {_crossing(result)} in {inside} of "
                        f"{len(rows)}")
    description += f" ({words.kind_alone(result)})." if words.uncontrolled(result) else "."
    moved = (f"What moves the estimate most: {words.choice_label(names, moving)} "
             f"({number(moving['estimate'], d)} instead of "
             f"{number(result['pooled']['estimate'], d)}). " if moving else "")
    chance = "" if null is None else "That is a share of analyses, not a chance. "
    caption = (f"{description} {chance}{moved}Diamond: main analysis; "
               "circles: other methods; squares: other values or trials let in; "
               f"triangles: one {words.noun(result)} left out.")
    with style():
        return figure_html(
            _estimates(result, rows, ACCENT), f"robust-{result['id']}",
            f"Robustness: {result['title']}", description, caption,
            ["choice", words.plural(words.noun(result)), "estimate", "ci low", "ci high"],
            _estimate_rows(result, rows))


def other_questions(result: dict, siblings: Sequence[dict]) -> Html | None:
    """Estimates of neighbouring questions: other controls, windows, products and designs.

    Parameters
    ----------
    result : dict
        One analysis with a pooled estimate.
    siblings : sequence of dict
        Analyses of the same outcome and measure.

    Returns
    -------
    Html or None
        None where there is no neighbour with an estimate.
    """
    rows = [r for r in result["robustness"]
            if r.get("estimate") is not None and not r["same_question"]]
    rows += [{**_main_row(other), "id": other["id"], "kind": "values", "label": other["title"]}
             for other in siblings if other["pooled"]]
    if not rows:
        return None
    rows = sorted([_main_row(result), *rows], key=lambda r: r["estimate"])
    d = words.decimals(result)
    description = (f"{len(rows) - 1} neighbouring questions: estimates from "
                   f"{number(rows[0]['estimate'], d)} to {number(rows[-1]['estimate'], d)}.")
    with style():
        return figure_html(
            _estimates(result, rows, SECOND), f"other-{result['id']}",
            f"Other questions: {result['title']}", description,
            f"{description} Other controls, time windows, products and designs: each is an answer "
            "to another question, so that they are not expected to agree.",
            ["question", "trials", "estimate", "ci low", "ci high"], _estimate_rows(result, rows))


def specification_curve(result: dict) -> Html | None:
    """The estimates of every combination of choices, and what each choice does to them.

    Parameters
    ----------
    result : dict
        One analysis.

    Returns
    -------
    Html or None
        None where there is nothing to combine.
    """
    found = result["multiverse"]
    if found is None:
        return None
    rows = list(csv.DictReader(io.StringIO(found["table"])))
    rows.sort(key=lambda r: float(r["estimate"]))
    estimates, low, high = ([float(r[c]) for r in rows] for c in ("estimate", "ci_low", "ci_high"))
    levels = _level_ranges(found, rows)
    d, log = words.decimals(result), words.ratio(result)
    with style():
        figure = canvas(5.2, 3.0 + 0.33 * len(levels))
        top, bottom = figure.subplots(2, 1, height_ratios=[2.4, 0.33 * len(levels)])
        place = range(len(rows))
        top.fill_between(place, low, high, step="mid", color=FAINT, alpha=0.35, linewidth=0)
        top.plot(place, estimates, color=ACCENT, linewidth=1.6)
        top.axhline(result["pooled"]["estimate"], color=INK, linewidth=0.8, linestyle=":")
        _null_line(top.axhline, result)
        _cut(top, "y", result, estimates, log)
        top.set_xlabel(f"{len(rows)} analyses, ordered by their estimate")
        top.set_ylabel(axis_label(result), fontsize=9)
        for line, (label, values) in enumerate(reversed(levels)):
            bottom.plot([values[0], values[4]], [line, line], color=FAINT, linewidth=1)
            bottom.plot([values[1], values[3]], [line, line], color=ACCENT, linewidth=4)
            bottom.plot([values[2]], [line], "o", color=INK, markersize=4)
            bottom.annotate(label, (0, line), xycoords=("axes fraction", "data"), xytext=(2, 4),
                            textcoords="offset points", fontsize=8)
        _null_line(bottom.axvline, result)
        _cut(bottom, "x", result, estimates, log)
        bottom.set_yticks([])
        bottom.set_ylim(-0.5, len(levels))
        bottom.set_xlabel(axis_label(result))
        despine(figure)
        figure.tight_layout()
        most = found["moves_most"]
        description = (
            f"{found['n']} combinations of choices for one question: estimates from "
            f"{number(estimates[0], d)} to {number(estimates[-1], d)}")
        if found["crossing_null"] is not None:
            description += (
                f"; the interval crosses {_crossing(result)} in {found['crossing_null']}, lies "
                f"below it in {found['below']} and above it in {found['above']}")
        description += f" ({words.kind_alone(result)})." if words.uncontrolled(result) else "."
        caption = (
            f"{description} These are shares of analyses, not chances. "
            + (f"The choice that moves the middle of the estimates most is {most['choice']} "
               f"({most['lowest']} or {most['highest']}). " if most else "")
            + "Dotted: the main analysis. Below: the middle, the middle half and the range of the "
            "estimates with each choice.")
        return figure_html(
            figure, f"curve-{result['id']}", f"Specification curve: {result['title']}",
            description, caption, ["choice", "lowest", "first quarter", "middle",
                                   "third quarter", "highest"],
            [[label, *(number(v, d) for v in values)] for label, values in levels])


def _level_ranges(found: dict, rows: list[dict]) -> list[tuple[str, list[float]]]:
    """Each level of each choice with the five numbers of the estimates that have it."""
    out = []
    for name, levels in found["choices"].items():
        for position, level in enumerate(levels):
            values = [float(r["estimate"]) for r in rows if r[name] == str(position)]
            if len(levels) > 1 and values:
                out.append((f"{name}: {level}",
                            [float(q) for q in np.quantile(values, [0, 0.25, 0.5, 0.75, 1])]))
    return out


def _cut(axes, which: str, result: dict, estimates: list[float], log: bool) -> None:
    """Limits that show every estimate and the main interval; wider intervals are cut."""
    low, high = _limits(result, [{"estimate": e} for e in (min(estimates), max(estimates))], log)
    if log:
        getattr(axes, f"set_{which}scale")("log")
    getattr(axes, f"set_{which}lim")(low, high)
    if log:
        plain_ticks(getattr(axes, f"{which}axis"), low, high)


def _limits(result: dict, rows: list[dict], log: bool) -> tuple[float, float]:
    """A range that shows every estimate and the main interval; wider intervals are cut."""
    pooled = result["pooled"]
    values = [r["estimate"] for r in rows] + [pooled["ci_low"], pooled["ci_high"],
                                              1.0 if log else 0.0]
    if log:
        values = [math.log(v) for v in values]
    pad = 0.25 * (max(values) - min(values) or 1)
    low, high = min(values) - pad, max(values) + pad
    if result["question"]["measure"] == "proportion":
        low, high = max(low, 0.0), min(high, 100.0)
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
    with style():
        figure, axes = axes_of(6.4, 3.2)
        for place, result in enumerate(results):
            pooled = result["pooled"]
            if pooled is None:
                axes.annotate("no trial", (place, words.measure(result).null), ha="center",
                              va="bottom", fontsize=9, color=FAINT)
                continue
            axes.plot([place, place], [pooled["ci_low"], pooled["ci_high"]], color=ACCENT,
                      linewidth=1.6)
            two = result["k"] == 2
            axes.plot([place], [pooled["estimate"]], "D", color=ACCENT, markersize=6,
                      markerfacecolor="none" if two else ACCENT)
            if two:  # two trials are shown as what they are
                each = [s["estimate"] for s in result["studies"] if s["yi"] is not None]
                axes.plot([place - 0.12] * len(each), each, "x", color=SECOND, markersize=6)
            axes.annotate(words.trials(result["k"]), (place, pooled["estimate"]), ha="left",
                          xytext=(7, 0), textcoords="offset points", fontsize=9, va="center")
        axes.axhline(words.measure(results[0]).null, color=FAINT, linewidth=1)
        if words.ratio(results[0]):
            axes.set_yscale("log")
        axes.set_xticks(range(len(results)))
        axes.set_xticklabels([words.short_window(r) for r in results], fontsize=9)
        axes.set_xlabel("months")
        axes.set_xlim(-0.5, len(results) - 0.2)
        axes.set_ylabel(axis_label(results[0]))
        despine(figure)
        with_estimate = [r for r in results if r["pooled"]]
        description = "; ".join(
            f"{words.window(r)} {number(r['pooled']['estimate'])} "
            f"({number(r['pooled']['ci_low'])} to {number(r['pooled']['ci_high'])}, "
            f"{words.trials(r['k'])})" for r in with_estimate)
        against = words.comparator(data, results[0])
        return figure_html(
            figure, identifier, title, description,
            f"{words.first_capital(words.treated(results[0]))} against {against}: pooled "
            "difference in each time window with its 95% interval; below zero favours "
            f"{words.treated(results[0])}. A hollow diamond is the common effect of two "
            "trials, which stand beside it as crosses. The windows hold different trials, so this "
            "is not the course of a patient.",
            ["window", "trials", "participants", "difference", "ci low", "ci high"],
            [[words.window(r), r["k"], number(r["n"], 0)]
             + ([number(r["pooled"][k]) for k in ("estimate", "ci_low", "ci_high")]
                if r["pooled"] else ["", "", ""]) for r in results])


def dose(data: Dataset, names: dict[str, str], result: dict, sources: dict[str, str],
         said: str, caption: str) -> Html:
    """Effects of trials against the number of cells in one administration.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
    result : dict
        One analysis in which a trial states its dose.
    sources : dict of str to str
        Tissue of origin, by trial.
    said, caption : str
        What the regression over trials says, and what it cannot say.

    Returns
    -------
    Html
    """
    doses, across = result["dose_response"]["trials"], result["dose_response"]["across"]
    studies = sorted((s for s in result["studies"] if doses.get(s["trial_id"])),
                     key=lambda s: doses[s["trial_id"]])
    markers, colours = ["o", "s", "^", "D", "v", "P"], [ACCENT, SECOND, INK, FAINT]
    marks = []
    with style():
        figure, axes = axes_of(5.4, 3.6)
        if across:
            axes.plot([p["dose"] for p in across["line"]],
                      [p["estimate"] for p in across["line"]], color=INK, linestyle="--")
        for i, kind in enumerate(sorted({sources[s["trial_id"]] for s in studies})):
            group = [s for s in studies if sources[s["trial_id"]] == kind]
            # Trials of one dose stand beside, not upon, each other.
            x = [doses[s["trial_id"]] * 1.06 ** [o["trial_id"] for o in studies if doses[
                o["trial_id"]] == doses[s["trial_id"]]].index(s["trial_id"]) for s in group]
            axes.scatter(x, [s["estimate"] for s in group], marker=markers[i % 6],
                         s=[30 + 300 * (s["weight"] or 0) for s in group], color=colours[i % 4],
                         label=data.label("cell_source", kind) or "not stated")
            axes.vlines(x, [s["ci_low"] for s in group], [s["ci_high"] for s in group],
                        color=colours[i % 4], linewidth=1)
            marks += [(place, s["estimate"], brief(names[s["trial_id"]]))
                      for place, s in zip(x, group, strict=True)]
        axes.set_xscale("log")
        axes.axhline(words.measure(result).null, color=FAINT, linewidth=1)
        if words.ratio(result):
            axes.set_yscale("log")
        _name(axes, sorted(marks))
        axes.set_xlabel(f"{data.wording('dose')} (logarithmic)")
        axes.set_ylabel(axis_label(result))
        axes.legend(frameon=False, fontsize=9, loc="upper center", ncol=3,
                    bbox_to_anchor=(0.5, -0.2))
        despine(figure)
        d = words.decimals(result)
        description = "; ".join(f"{names[s['trial_id']]} {doses[s['trial_id']]:,.0f}: "
                                f"{number(s['estimate'], d)}" for s in studies)
        return figure_html(
            figure, f"dose-{result['id']}",
            f"Effect and {data.wording('amount')}: {result['title']}",
            f"{description}. {said}", caption,
            ["trial", data.wording("dose"), "source", "against", "effect", "ci low",
             "ci high"],
            [[names[s["trial_id"]], f"{doses[s['trial_id']]:,.0f}",
              data.label("cell_source", sources[s["trial_id"]]),
              data.label("comparison_class", s["comparison"]), number(s["estimate"], d),
              number(s["ci_low"], d), number(s["ci_high"], d)] for s in studies])


def _name(axes, marks: list[tuple[float, float, str]]) -> None:
    """Name marks, each on a side where its name meets no other; sizes are in points."""
    taken: list[tuple[float, ...]] = []
    for x, y, name in marks:
        across, up = axes.transData.transform((x, y)) * 72 / axes.figure.dpi
        for right, lift in ((True, 5), (False, 5), (True, -12), (False, -12), (True, 15)):
            start = across + 7 if right else across - 7 - 4.6 * len(name)
            box = (start, up + lift, start + 4.6 * len(name), up + lift + 9)
            if not any(b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]
                       for b in taken):
                break
        taken.append(box)
        axes.annotate(name, (x, y), xytext=(7 if right else -7, lift), fontsize=8,
                      textcoords="offset points", ha="left" if right else "right")


def funnel(names: dict[str, str], result: dict) -> Html:
    """The funnel plot of an analysis of ten trials or more."""
    studies = [s for s in result["studies"] if s["yi"] is not None]
    with style():
        figure, axes = axes_of(5.6, 3.8)
        errors = [math.sqrt(s["vi"]) for s in studies]
        axes.plot([s["yi"] for s in studies], errors, "o", color=ACCENT, markersize=5)
        centre = (math.log(result["pooled"]["estimate"]) if words.ratio(result)
                  else result["pooled"]["estimate"])
        top = 1.08 * max(errors)
        axes.axvline(centre, color=INK, linewidth=1)
        for side in (-1, 1):
            axes.plot([centre, centre + side * 1.96 * top], [0, top], color=FAINT, linewidth=1)
        axes.set_ylim(top, 0)
        axes.set_xlabel(f"log {words.measure(result).name}" if words.ratio(result)
                        else axis_label(result))
        axes.set_ylabel("standard error")
        despine(figure)
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
