"""Forest plots: an HTML table whose last column holds small drawings on one axis."""

from __future__ import annotations

import hashlib
import math

from ..dataset import Dataset
from ..view.naming import arm_names, brief, of_study, spoken
from . import weights, words
from .html import Html, count, data_table, interval, link, number, paragraph, text
from .statement import mark

# A drawing is as wide as its column: places across it are in per cent, letters and marks in pixels.
HEIGHT = 38
APART = 19  # per cent of the width between two labels of an axis, so that narrow columns hold them
FAR = 400  # a line of the axis runs through a row of any height, whose cell cuts it


def anchor(result: dict, study: dict) -> str:
    """The anchor of a trial's numbers; the same numbers in two analyses share one."""
    key = "|".join(str(study[k]) for k in ("study_id", "outcome", "instrument", "months",
                                           "statistic", "comparison"))
    arms = [study[side]["arms"] for side in ("cells", "comparator") if study[side]]
    digest = hashlib.sha256(f"{key}|{arms}|{result['question']['measure']}|"
                            f"{study['yi']}|{study['vi']}".encode()).hexdigest()[:8]
    return f"value-{study['trial_id']}-{digest}"


def pooled_anchor(result: dict) -> str:
    """The anchor of a pooled estimate."""
    return f"pooled-{result['id']}"


class Axis:
    """The shared horizontal axis of a forest plot."""

    def __init__(self, result: dict):
        self.log = words.ratio(result)
        pooled = result["pooled"] or {}
        mid = result["minimal_important_difference"]
        ends = [v for s in result["studies"] if s["yi"] is not None
                for v in (s["ci_low"], s["ci_high"])]
        ends += [pooled.get(k) for k in ("ci_low", "ci_high")]
        values = [self.scale(v) for v in ends if v is not None]
        if mid:
            values += [-mid["value"], mid["value"]]
        low, high = min([*values, 0.0]), max([*values, 0.0])
        if self.log:  # beyond a hundredfold an arrow says as much as a line
            low, high = max(low, -math.log(100)), min(high, math.log(100))
        pad = 0.04 * (high - low or 1)
        self.low, self.high = low - pad, high + pad

    def scale(self, value: float) -> float:
        """A value on the axis's own scale."""
        return math.log(value) if self.log else value

    def x(self, value: float) -> float:
        """Horizontal place of a value in per cent; outside values stand at the edge."""
        share = (self.scale(value) - self.low) / (self.high - self.low)
        return 100 * min(1.0, max(0.0, share))

    def inside(self, value: float) -> bool:
        """Whether a value is within the drawn range."""
        return self.low <= self.scale(value) <= self.high

    def ticks(self) -> list[float]:
        """Round values to label."""
        if self.log:
            kept: list[float] = []
            for tick in (1, 0.1, 10, 0.01, 100, 0.5, 2, 0.2, 5):  # the first come first
                if self.inside(tick) and all(abs(self.x(tick) - self.x(t)) > APART for t in kept):
                    kept.append(tick)
            return sorted(kept)
        span = self.high - self.low
        step = next(s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25, 50, 100, 200, 500)
                    if span / s <= 4 or s == 500)
        first = math.ceil(self.low / step) * step
        return [first + i * step for i in range(int((self.high - first) / step) + 1)]


def upright(axis: Axis, value: float, css: str) -> str:
    """A line of the axis at a value, from row to row."""
    x = axis.x(value)
    return (f'<line class="{css}" x1="{x:.1f}%" x2="{x:.1f}%" y1="{-FAR}" y2="{HEIGHT + FAR}"/>')


def _lines(axis: Axis, result: dict) -> str:
    """Lines of no effect and of the minimal important difference."""
    mid = result["minimal_important_difference"]
    important = [v for v in (-mid["value"], mid["value"]) if axis.inside(v)] if mid else []
    return "".join([upright(axis, 1.0 if axis.log else 0.0, "lr-null"),
                    *(upright(axis, value, "lr-mid") for value in important)])


def mark_svg(title: str, content: str, height: int = HEIGHT) -> Html:
    """One small drawing of a row, named for those who cannot see it."""
    return Html(f'<svg class="lr-mark" role="img" width="100%" height="{height}">'
                f"<title>{text(title)}</title>{content}</svg>")


def at(x: float, content: str) -> str:
    """A mark drawn in pixels around its place; `x` in per cent."""
    return f'<svg x="{x:.1f}%" y="{HEIGHT // 2}" overflow="visible">{content}</svg>'


def diamond(axis: Axis, pooled: dict, css: str) -> str:
    """A diamond from end to end of an interval, highest at the estimate."""
    left, x, right = (axis.x(pooled[k]) for k in ("ci_low", "estimate", "ci_high"))
    top = 100 * (x - left) / (right - left) if right > left else 50
    return (f'<svg x="{left:.1f}%" y="{HEIGHT // 2 - 8}" width="{right - left:.1f}%" height="16" '
            'viewBox="0 0 100 16" preserveAspectRatio="none" overflow="visible">'
            f'<polygon class="{css}" points="0,8 {top:.1f},0 100,8 {top:.1f},16"/></svg>')


def bar(axis: Axis, low: float, high: float, css: str) -> str:
    """An interval, with an arrow where it goes on beyond the axis."""
    y, x1, x2 = HEIGHT // 2, axis.x(low), axis.x(high)
    out = f'<line class="{css}" x1="{x1:.1f}%" x2="{x2:.1f}%" y1="{y}" y2="{y}"/>'
    for value, x, back in ((low, x1, 6), (high, x2, -6)):
        if not axis.inside(value):
            out += at(x, f'<path class="lr-arrow" d="M{back} -4 L0 0 L{back} 4"/>')
    return out


def _study_mark(axis: Axis, result: dict, study: dict, label: str) -> Html:
    side = 4 + 12 * math.sqrt(study["weight"] or 0)
    square = (f'<rect class="lr-square" x="{-side / 2:.1f}" y="{-side / 2:.1f}" '
              f'width="{side:.1f}" height="{side:.1f}"/>')
    return mark_svg(label, _lines(axis, result)
                    + bar(axis, study["ci_low"], study["ci_high"], "lr-ci")
                    + at(axis.x(study["estimate"]), square))


def _diamond(axis: Axis, result: dict, pooled: dict, label: str, css: str = "") -> Html:
    return mark_svg(label, _lines(axis, result) + diamond(axis, pooled, f"lr-diamond {css}"))


def _prediction(axis: Axis, result: dict, label: str) -> Html:
    pooled = result["random_effects"] or result["pooled"]
    css = "lr-pi lr-dotted" if result["k"] < words.FEW else "lr-pi"
    return mark_svg(label, _lines(axis, result)
                    + bar(axis, pooled["pi_low"], pooled["pi_high"], css))


def ticks(axis: Axis, shown) -> str:
    """The line of the axis with its labels; `shown` gives the text of a value."""
    marks = ['<line class="lr-tick" x1="0" x2="100%" y1="0" y2="0"/>']
    for tick in axis.ticks():
        x = axis.x(tick)
        marks.append(f'<line class="lr-tick" x1="{x:.1f}%" x2="{x:.1f}%" y1="0" y2="5"/>'
                     f'<text class="lr-axis" x="{x:.1f}%" y="17" '
                     f'text-anchor="middle">{shown(tick)}</text>')
    return "".join(marks)


def _axis_row(axis: Axis, result: dict) -> Html:
    def shown(tick: float) -> str:
        return number(tick, 0 if float(tick).is_integer() else 1 if axis.log is False else 2)

    of = words.treated(result)
    left, right = f"{of} better", f"{of} worse"
    if result["question"]["target_type"] == "event":
        left, right = f"fewer with {of}", f"more with {of}"
    if result["question"]["favourable"] == "higher":
        left, right = right, left
    # The directions are words beside each other, not letters in the drawing: they may wrap.
    return Html(mark_svg(f"Axis: {left} to the left, {right} to the right",
                         ticks(axis, shown), 20)
                + f'<div class="lr-sides"><span>←\N{NO-BREAK SPACE}{text(left)}</span>'
                  f"<span>{text(right)}\N{NO-BREAK SPACE}→</span></div>")


def _arm_cell(result: dict, study: dict, side: str, href: str) -> Html:
    """An arm's numbers as a link to where they come from."""
    arm, n = study[side], study[f"n_{side}"]
    if arm is None:
        shown = f"n {count(n)}" if n is not None else "n not stated"
        return link(href, f"{shown}, contrast reported")
    if arm["events"] is not None:
        return link(href, f"{count(arm['events'])} / {count(arm['n'])}")
    d = words.decimals(result)
    value = f"{number(arm['mean'], d)} ({number(arm['sd'], d)})"
    return Html(f"{link(href, value)}<br>{link(href, 'n ' + count(arm['n']))}")


def signs_of(study: dict) -> str:
    """Signs behind a trial's name; their meaning stands below the plot."""
    signs = ""
    if study["within_person"]:
        signs += " ‡"
    if study["low_follow_up"]:
        signs += " §"
    if study["quality"] in ("borrowed", "digitised", "doubtful"):
        signs += " *"
    elif study["quality"] != "as-reported" or "allocated n" in study["derivation"]:
        signs += " †"
    if study["odd"]:
        signs += " ¶"
    return signs


def _stacked(shown: str) -> Html:
    """An estimate above its interval, to save width."""
    estimate, _, rest = shown.partition(" ")
    return Html(f"{text(estimate)} <br>{text(rest)}")


def _row(header, cells, comparator, weight, effect, mark, css: str) -> str:
    # On a narrow screen the cells stand below each other, each behind its label.
    numbers = "".join(
        f'<td class="lr-num" data-label="{label}">{text(cell)}</td>' if cell else "<td></td>"
        for label, cell in (("Treated", cells), ("Control", comparator), ("Weight", weight),
                            ("Effect", effect)))
    return (f'<tr class="{css}"><th scope="row">{text(header)}</th>{numbers}'
            f'<td class="lr-plot">{text(mark)}</td></tr>')


def measured(data: Dataset, study: dict) -> str:
    """What was measured in one trial."""
    label = data.label("outcome", study["outcome"])
    return data.label("event", label) if label == study["outcome"] else label


def _besides(data: Dataset, result: dict, study: dict) -> str:
    """What both arms of a trial got beyond the background that the analysis asks for."""
    asked = result["question"]["background"]
    more = [words.in_text(data.label("cointervention", w)) for w in study["background"]
            if asked and w != asked]
    return f"both arms also {' and '.join(more)}" if more else ""


def _study_row(data: Dataset, names: dict, axis: Axis, result: dict, study: dict) -> str:
    href = f"#{anchor(result, study)}"
    name = brief(names[study["trial_id"]])
    one_outcome = len({s["outcome"] for s in result["studies"]}) == 1
    said = ["" if one_outcome else measured(data, study),
            "" if study["months"] is None else f"month {study['months']:g}",
            {"change": "change", "contrast": "contrast"}.get(study["statistic"], ""),
            _besides(data, result, study)]
    header = Html(f"{link('#study-' + study['trial_id'], name)}{signs_of(study)}"
                  f'<span class="lr-sub">{text(", ".join(s for s in said if s))}</span>')
    cells = _arm_cell(result, study, "cells", href)
    control = _arm_cell(result, study, "comparator", href)
    if study["yi"] is None:
        return _row(header, cells, control, "", Html('<span class="lr-sub">no ratio</span>'),
                    mark_svg(f"{name}: no ratio", _lines(axis, result)), "lr-study")
    shown = words.shown_estimate(result, study)
    return _row(header, cells, control, weights.shown(result, study), link(href, _stacked(shown)),
                _study_mark(axis, result, study, f"{name}: {shown}"), "lr-study")


# Divisions that the figure itself may show: the key of a trial, the vocabulary of its values.
SUBGROUPS = {"cells": ("cell_class", "cell_class"),
             "comparison": ("comparison", "comparison_class")}


def groups_of(data: Dataset, result: dict) -> list[tuple[str, str, list[dict], dict | None]]:
    """(vocabulary, value, trials, pool) of the subgroups to show, or all trials as one."""
    studies = result["studies"]
    by = "comparison" if result["question"]["comparison"] == "any" else "cells"
    key, vocabulary = SUBGROUPS[by]
    values = [v for v in data.words(vocabulary) if any(s[key] == v for s in studies)]
    pools = {g["value"]: g for s in result["subgroups"] if s["by"] == by for g in s["groups"]}
    return [(vocabulary, v, [s for s in studies if s[key] == v], pools.get(v)) for v in values]


def _pooled_rows(axis: Axis, result: dict) -> list[str]:
    """The pooled diamond and the prediction interval; a trial alone is not pooled."""
    if result["k"] < 2:
        return []
    pooled = result["pooled"]
    model = words.first_capital(words.MODELS[pooled["model"]])
    model += " (two trials)" * (pooled["model"] == "common")
    shown = words.shown_estimate(result, pooled)
    linked = link("#" + pooled_anchor(result), _stacked(shown))
    out = [_row(Html(f"{model}<span class=\"lr-sub\">{text(words.k_words(result))}, "
                     f"{words.participants(result['n'])}</span>"), "", "", "100%", linked,
                _diamond(axis, result, pooled, f"Pooled: {shown}"), "lr-pooled")]
    spread = result["random_effects"] or pooled
    if spread["pi_low"] is not None:
        d = words.decimals(result)
        text_ = interval(spread["pi_low"], spread["pi_high"], d)
        linked = link("#" + pooled_anchor(result), text_)
        note = " (very uncertain)" if result["k"] < words.FEW else ""
        if pooled["model"] != "random":
            note += f" of the random-effects pool, {number(spread['estimate'], d)}"
        out.append(_row(f"Prediction interval{note}", "", "", "", linked,
                        _prediction(axis, result, f"Prediction interval: {text_}"),
                        "lr-prediction"))
    return out


def _instruments(data: Dataset) -> set[str]:
    return {w["label_en"] for w in data.words("outcome").values()}


def _legend(data: Dataset, names: dict, result: dict) -> str:
    """What signs and lines of the figure mean."""
    studies, mid = result["studies"], result["minimal_important_difference"]
    outcomes = {s["outcome"] for s in studies}
    measured = data.label("outcome", next(iter(outcomes))) if len(outcomes) == 1 else ""
    parts = [f"Measured by: {measured}."] if measured in _instruments(data) else []
    parts.append({
        0: "No trial gives a ratio, so that none is drawn.",
        1: "The square is the estimate of the one trial, the line its 95% interval.",
    }.get(result["k"], "Squares are trials, their size is the weight; the diamond is the pooled "
          "estimate."))
    if mid:
        parts.append(f"Dashed lines: the minimal important difference of "
                     f"{number(mid['value'])} {words.unit(result)} ({mid['population']}; a change "
                     "within a patient, not a difference between groups).")
    else:
        parts.append("No minimal important difference is known for it, so no line is drawn.")
    if result["pooled"] and result["pooled"]["model"] == "mantel-haenszel":
        parts.append("Weights are those of Mantel–Haenszel.")
    if bare := weights.footnote(names, result):
        parts.append(bare)
    signs = "".join(signs_of(s) for s in studies)
    if "†" in signs:
        parts.append("† a value was derived, or the number allocated stands for the number "
                     "analysed.")
    if "*" in signs:
        parts.append("* a value borrowed from another trial, a median in place of a mean, read off "
                     "a figure, or in doubt.")
    for study in studies:
        if study["odd"]:
            found = "; ".join(dict.fromkeys(wrong for _, wrong in study["odd"]))
            parts.append(f"¶ {names[study['trial_id']]}: {spoken(found, names)}.")
    if any(s["within_person"] for s in studies):
        parts.append("‡ both sides of one person, counted once.")
    if any(s["low_follow_up"] for s in studies):
        parts.append("§ fewer than four fifths of an arm analysed.")
    return " ".join(parts)


def _alternative(data: Dataset, names: dict, result: dict) -> str:
    """The figure in words: what was found, and what its trials of weight 0 do."""
    return " ".join(filter(None, [words.finding(data, result), weights.footnote(names, result)]))


def _data_rows(data: Dataset, names: dict, result: dict) -> tuple[list[str], list[list]]:
    header = ["trial", "outcome", "months", "statistic", "n treated",
              "mean or events treated", "sd treated", "n comparator",
              "mean or events comparator", "sd comparator", "effect", "ci low", "ci high",
              "weight", "note on the weight", "quality", "derivation"]
    rows, arms = [], arm_names(data, result["indication"])
    for s in result["studies"]:
        line = [names[s["trial_id"]], s["outcome"], s["months"], s["statistic"]]
        for side in ("cells", "comparator"):
            arm = s[side] or {"mean": None, "events": None, "sd": None}
            value = arm["mean"] if arm["events"] is None else arm["events"]
            line += [s[f"n_{side}"], value, arm["sd"]]
        line += [s["estimate"], s["ci_low"], s["ci_high"],
                 s["weight"] if result["k"] > 1 else None, weights.note(result, s), s["quality"],
                 spoken("; ".join(s["derivation"]), of_study(arms, s["study_id"]))]
        rows.append([f"{v:.6g}" if isinstance(v, float) else v for v in line])
    return header, rows


def forest(data: Dataset, names: dict[str, str], result: dict) -> Html:
    """The forest plot of one analysis.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Name of every trial.
    result : dict
        One analysis of ``results.json``.

    Returns
    -------
    Html
        A figure with caption, text alternative and the data behind it; a sentence where no trial
        has an effect.
    """
    if not result["studies"]:
        return paragraph(words.no_pool(data, result), "lr-empty")
    axis = Axis(result)
    groups = groups_of(data, result)
    rows = []
    for vocabulary, value, studies, pooled in groups:
        if len(groups) > 1:
            rows.append(f'<tr class="lr-group"><th scope="rowgroup" colspan="6">'
                        f"{text(data.label(vocabulary, value))}</th></tr>")
        rows += [_study_row(data, names, axis, result, s) for s in studies]
        if len(groups) > 1 and pooled and pooled["k"] > 1:
            shown = words.shown_estimate(result, pooled)
            linked = link("#" + pooled_anchor(result), shown)
            rows.append(_row("Subgroup", "", "", "", linked, _diamond(
                axis, result, pooled, f"Subgroup: {shown}", "lr-sub-diamond"), "lr-subtotal"))
    if result["pooled"]:
        rows += _pooled_rows(axis, result)
    rows.append(_row("", "", "", "", "", _axis_row(axis, result), "lr-axis-row"))
    measure = words.measure(result).name.capitalize()
    if result["question"]["measure"] == "MD":
        measure += f", {words.unit(result)}"
    arm = "events / patients" if words.measure(result).binary else "mean (SD), n"
    head = "".join(f'<th scope="col"{css}>{h}</th>' for h, css in (
        ("Trial", ""), (f"{words.first_capital(words.treated(result))}: {arm}", ' class="lr-num"'),
        (f"Control: {arm}", ' class="lr-num"'), ("Weight", ' class="lr-num"'),
        (f"{measure} (95% CI)", ' class="lr-num"'), ("Drawing", "")))
    described = f"desc-{result['id']}"
    values = _data_rows(data, names, result)
    return Html(
        f'<figure class="lr-forest" id="forest-{result["id"]}"{mark(result)} '
        f'aria-describedby="{described}">'
        f'<div class="lr-scroll" role="region" tabindex="0" aria-label="{text(result["title"])}">'
        f'<table class="lr-table lr-forest-table"><caption>{text(result["title"])}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f"<figcaption><p>{text(_legend(data, names, result))}</p>"
        f'<p class="lr-alt" id="{described}">{text(_alternative(data, names, result))}</p>'
        f"</figcaption>"
        f"{data_table(result['id'], 'Data of the figure', *values)}</figure>")
