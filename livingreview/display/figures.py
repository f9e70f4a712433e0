"""Figures of one analysis or question: robustness, time course, dose, funnel."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from ..data.dataset import Dataset
from . import words
from .drawing import (
    ACCENT,
    FAINT,
    INK,
    SECOND,
    chart,
    despine,
    figure_html,
    framed,
    inline_svg,
    key,
    label_marks,
    plain_ticks,
    style,
)
from .html import Html, number, paragraph, text
from .ladder import Rung, ladder
from .statement import statement

CURVE = 400  # analyses that a curve draws at most: more are no pixels of their own


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


def _estimates(result: dict, rows: list[dict], caption: str, what: str) -> Html:
    """Estimates with their intervals, one below the other."""
    rungs = [Rung(r["label"], words.shown_estimate(result, r), r["ci_low"], r["estimate"],
                  r["ci_high"], r["kind"]) for r in reversed(rows)]
    return ladder(result, rungs, _limits(result, rows, words.ratio(result)), caption,
                  (what, "Estimate (95% CI)"))


def _estimate_rows(result: dict, rows: list[dict]) -> list[list]:
    d = words.decimals(result)
    return [[r["label"], r["k"], number(r["estimate"], d), number(r["ci_low"], d),
             number(r["ci_high"], d)] for r in reversed(rows)]


def one_at_a_time(names: dict[str, str], result: dict) -> Html | None:
    """The same question with one other choice at a time, and without each trial in turn.

    Parameters
    ----------
    names : dict of str to str
        Name of every trial.
    result : dict
        One analysis with an estimate and its robustness.

    Returns
    -------
    Html or None
        None where no choice gives another estimate than the main analysis.
    """
    rows = [{**r, "label": words.choice_label(names, r)}
            for r in (*result["robustness"], *result["leave_one_out"])
            if r.get("estimate") is not None and r["same_question"]]
    rows = sorted([_main_row(result), *rows], key=lambda r: r["estimate"])
    if _same(result, rows):
        return None
    d, null, moving = words.decimals(result), words.measure(result).null, result["most_moving"]
    description = (
        f"{len(rows)} analyses of the same question, each with one other choice: estimates from "
        f"{number(rows[0]['estimate'], d)} to {number(rows[-1]['estimate'], d)}")
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
    title = f"Robustness: {result['title']}"
    return framed(
        _estimates(result, rows, "The same question by one other choice at a time", "Choice"),
        f"robust-{result['id']}", title, caption,
        ["choice", words.plural(words.noun(result)), "estimate", "ci low", "ci high"],
        _estimate_rows(result, rows))


def _same(result: dict, rows: list[dict]) -> bool:
    """Whether all estimates are shown alike."""
    return len({words.shown_estimate(result, r) for r in rows}) < 2


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
    description = (f"The main analysis and {words.trials(len(rows) - 1, 'neighbouring question')}:"
                   f" estimates from {number(rows[0]['estimate'], d)} to "
                   f"{number(rows[-1]['estimate'], d)}.")
    return framed(
        _estimates(result, rows, "The main analysis and its neighbours", "Question"),
        f"other-{result['id']}", f"Other questions: {result['title']}",
        f"{description} Other controls, time windows, products and designs: each is an answer "
        "to another question, so that they are not expected to agree.",
        ["question", words.plural(words.noun(result)), "estimate", "ci low", "ci high"],
        _estimate_rows(result, rows))


def specification_curve(data: Dataset, result: dict) -> Html | None:
    """The estimates of every combination of choices, and what each choice does to them.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis.

    Returns
    -------
    Html or None
        None where no combination gives another estimate.
    """
    found = result["multiverse"]
    if found is None:
        return None
    rows = [{**r, **{c: float(r[c]) for c in ("estimate", "ci_low", "ci_high")}}
            for r in csv.DictReader(io.StringIO(found["table"]))]
    if _same(result, rows):
        return None
    rows.sort(key=lambda r: r["estimate"])
    estimates, low, high = ([r[c] for r in rows] for c in ("estimate", "ci_low", "ci_high"))
    levels = _level_ranges(data, found, rows)
    d, log = words.decimals(result), words.ratio(result)
    identifier, title = f"curve-{result['id']}", (
        f"Specification curve: {result['title']}")
    with style():
        figure, top = chart(2.4)
        place = _drawn(len(rows))
        of = [[column[i] for i in place] for column in (low, high, estimates)]
        top.fill_between(place, *of[:2], step="mid", color=FAINT, alpha=0.35, linewidth=0)
        top.plot(place, of[2], color=ACCENT, linewidth=1.6)
        top.axhline(result["pooled"]["estimate"], color=INK, linewidth=0.8, linestyle=":")
        _null_line(top.axhline, result)
        _cut(top, "y", result, estimates, log)
        top.set_xlabel(f"{len(rows)} analyses,\nordered by their estimate")
        top.set_ylabel(words.axis_label(result))
        despine(figure)
        curve = inline_svg(figure, identifier, title, _curve_words(result, found, estimates))
    most = found["moves_most"]
    moving = "" if most is None or most["lowest"] == most["highest"] else (
        "The choice that moves the middle of the estimates most is "
        f"{_choice(most['choice'])} ({_level(data, most['choice'], most['lowest'])} or "
        f"{_level(data, most['choice'], most['highest'])}). ")
    rungs = [Rung(label, f"{number(v[2], d)} ({number(v[0], d)} to {number(v[4], d)})",
                  v[0], v[2], v[4], half=(v[1], v[3])) for label, v in levels]
    below = ladder(result, rungs, _limits(result, [rows[0], rows[-1]], log),
                   "The estimates with each choice", ("Choice", "Middle (lowest to highest)"))
    return framed(
        Html(f'<div class="lr-scroll" role="region" tabindex="0" aria-label="{text(title)}">'
             f"{curve}</div>{below if rungs else ''}"), identifier, title,
        f"{_curve_words(result, found, estimates)} These are shares of analyses, not chances. "
        f"{_every(len(rows))}{moving}Dotted: the main analysis. Below: the middle, the middle half "
        "and the range of the estimates with each choice.",
        ["choice", "lowest", "first quarter", "middle", "third quarter", "highest"],
        [[label, *(number(v, d) for v in values)] for label, values in levels])


def _drawn(n: int) -> list[int]:
    """Places of the analyses that a curve draws: all, or so many evenly that nobody misses one."""
    step = math.ceil(n / CURVE)
    return sorted({*range(0, n, step), n - 1})


def _every(n: int) -> str:
    """That a curve draws some of its analyses; empty where it draws all."""
    step = math.ceil(n / CURVE)
    return f"One analysis in {step} is drawn; all are counted. " if step > 1 else ""


def _curve_words(result: dict, found: dict, estimates: list[float]) -> str:
    """How far the estimates go, and on which side of the line of no effect they lie."""
    d = words.decimals(result)
    said = (f"{found['n']} combinations of choices for one question: estimates from "
            f"{number(estimates[0], d)} to {number(estimates[-1], d)}")
    if found["crossing_null"] is not None:
        said += (f"; the interval crosses {_crossing(result)} in {found['crossing_null']}, lies "
                 f"below it in {found['below']} and above it in {found['above']}")
    return said + (f" ({words.kind_alone(result)})." if words.uncontrolled(result) else ".")


# How the choices of a combination are called, and where the labels of their levels are.
_CHOICES = {"n": "number of patients", "interval": "kind of interval"}
_LEVELS = {"model": "tau2_method", "interval": "interval_method"}


def _choice(name: str) -> str:
    return _CHOICES.get(name, name)


def _level(data: Dataset, name: str, level: str) -> str:
    return data.label(_LEVELS.get(name, ""), level)


def _level_ranges(data: Dataset, found: dict, rows: list[dict]) -> list[tuple[str, list[float]]]:
    """Each level of each choice with the five numbers of the estimates that have it."""
    out = []
    for name, levels in found["choices"].items():
        for position, level in enumerate(levels):
            values = [r["estimate"] for r in rows if r[name] == str(position)]
            if len(levels) > 1 and values:
                out.append((f"{_choice(name)}: {_level(data, name, level)}",
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


def time_course(results: Sequence[dict], identifier: str, title: str) -> Html:
    """Estimates of one question over the time windows.

    Parameters
    ----------
    results : sequence of dict
        Analyses that differ in their window alone, in order.
    identifier, title : str

    Returns
    -------
    Html
        A figure; a sentence where fewer than two windows have an estimate.
    """
    with_estimate = [r for r in results if r["pooled"]]
    if len(with_estimate) < 2:
        return _one_window(results, with_estimate, title)
    first = results[0]
    with style():
        figure = _course(results)
        description = "; ".join(
            f"{words.window(r)} {statement(r).estimate}, {statement(r).k}" for r in with_estimate)
        side = "below" if first["question"]["favourable"] == "lower" else "above"
        null = "one" if words.ratio(first) else "zero"
        return figure_html(
            figure, identifier, title, description,
            f"One {words.measure(first).name} for each time window, with its 95% interval; {side} "
            f"{null} favours {words.treated(first)}. A hollow diamond is the common effect of two "
            "trials, which stand beside it as crosses; a circle is one trial. The windows hold "
            "different trials, so this is not the course of a patient.",
            ["window", "trials", "participants", words.measure(first).name, "ci low", "ci high"],
            [[words.window(r), r["k"], statement(r).number]
             + ([number(r["pooled"][k], words.decimals(r))
                 for k in ("estimate", "ci_low", "ci_high")]
                if r["pooled"] else ["", "", ""]) for r in results])


def _one_window(results: Sequence[dict], with_estimate: list[dict], title: str) -> Html:
    """What is known where fewer than two windows have an estimate: nothing to draw."""
    if not with_estimate:
        return paragraph(f"{title}: no window has an estimate.", "lr-empty")
    said = statement(with_estimate[0])
    return paragraph(
        f"{title}: {words.window(with_estimate[0])} {said.estimate} ({said.k}, {said.n}). None of "
        f"the other {len(results) - 1} windows has an estimate, so that none is drawn."
        if len(results) > 1 else
        f"{title}: {words.window(with_estimate[0])} {said.estimate} ({said.k}, {said.n}).")


def _course(results: Sequence[dict]):
    """The estimates of the windows beside each other."""
    figure, axes = chart(2.6)
    null = words.measure(results[0]).null
    for place, result in enumerate(results):
        pooled = result["pooled"]
        if pooled is None:
            continue
        axes.plot([place, place], [pooled["ci_low"], pooled["ci_high"]], color=ACCENT,
                  linewidth=1.6)
        two = result["k"] == 2
        axes.plot([place], [pooled["estimate"]], "o" if result["k"] == 1 else "D", color=ACCENT,
                  markersize=6, markerfacecolor="none" if two else ACCENT)
        if two:  # two trials are shown as what they are
            each = [s["estimate"] for s in result["studies"] if s["yi"] is not None]
            axes.plot([place - 0.12] * len(each), each, "x", color=SECOND, markersize=6)
    axes.axhline(null, color=FAINT, linewidth=1)
    if words.ratio(results[0]):
        axes.set_yscale("log")
    axes.set_xticks(range(len(results)))
    axes.set_xticklabels([f"{words.short_window(r)}\n{r['k']}".replace(" to", "\nto")
                          for r in results])
    axes.set_xlabel("months; below, the number of trials")
    axes.set_xlim(-0.5, len(results) - 0.5)
    axes.set_ylabel(words.axis_label(results[0]))
    despine(figure)
    return figure


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
        figure, axes = chart(3.0)
        if across:
            axes.plot([p["dose"] for p in across["line"]],
                      [p["estimate"] for p in across["line"]], color=INK, linestyle="--")
        for i, kind in enumerate(sorted({sources[s["trial_id"]] for s in studies})):
            group = [s for s in studies if sources[s["trial_id"]] == kind]
            # Trials of one dose stand beside, not upon, each other.
            x = [doses[s["trial_id"]] * 1.06 ** [o["trial_id"] for o in studies if doses[
                o["trial_id"]] == doses[s["trial_id"]]].index(s["trial_id"]) for s in group]
            axes.scatter(x, [s["estimate"] for s in group], marker=markers[i % 6],
                         s=[20 + 100 * (s["weight"] or 0) for s in group], color=colours[i % 4],
                         label=data.label("cell_source", kind) or "not stated")
            axes.vlines(x, [s["ci_low"] for s in group], [s["ci_high"] for s in group],
                        color=colours[i % 4], linewidth=1)
            marks += [(place, s["estimate"], str(studies.index(s) + 1))
                      for place, s in zip(x, group, strict=True)]
        axes.set_xscale("log")
        axes.axhline(words.measure(result).null, color=FAINT, linewidth=1)
        if words.ratio(result):
            axes.set_yscale("log")
        axes.set_xlabel(f"{data.wording('dose')}\n(logarithmic)")
        axes.set_ylabel(words.axis_label(result))
        figure.legend(frameon=False, loc="outside lower center", markerscale=0.6)
        despine(figure)
        label_marks(axes, sorted(marks))
        d = words.decimals(result)
        description = "; ".join(f"{names[s['trial_id']]} {doses[s['trial_id']]:,.0f}: "
                                f"{number(s['estimate'], d)}" for s in studies)
        return figure_html(
            figure, f"dose-{result['id']}",
            f"Effect and {data.wording('amount')}: {result['title']}",
            f"{description}. {said}", f"{caption} {key([names[s['trial_id']] for s in studies])}",
            ["trial", data.wording("dose"), "source", "against", "effect", "ci low",
             "ci high"],
            [[names[s["trial_id"]], f"{doses[s['trial_id']]:,.0f}",
              data.label("cell_source", sources[s["trial_id"]]),
              data.label("comparison_class", s["comparison"]), number(s["estimate"], d),
              number(s["ci_low"], d), number(s["ci_high"], d)] for s in studies])


def funnel(names: dict[str, str], result: dict) -> Html:
    """The funnel plot of an analysis of ten trials or more."""
    studies = [s for s in result["studies"] if s["yi"] is not None]
    with style():
        figure, axes = chart(2.8)
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
                        else words.axis_label(result))
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
