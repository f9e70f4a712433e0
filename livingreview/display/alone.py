"""The forest plot of treated patients alone, drawn so that nobody takes it for a comparison."""

from __future__ import annotations

import math

from ..dataset import Dataset
from ..view.naming import arm_names, brief, of_study, spoken
from . import weights, words
from .forest import (
    Axis,
    anchor,
    at,
    bar,
    diamond,
    groups_of,
    mark_svg,
    measured,
    pooled_anchor,
    signs_of,
    ticks,
    upright,
)
from .html import Html, count, data_table, link, number, paragraph, text
from .statement import mark

PERCENT = (-4.0, 104.0)  # none to all, with room for the marks at both ends
MODELS = {"random": "Pooled, studies may differ", "common": "One common value (two studies)",
          "random-intercept logistic": "Pooled, random-intercept logistic model"}
NAMES = ("Treated patients", "Weight", "Value")


class Scale(Axis):
    """The axis of changes, which holds no change, or of shares, from none to all."""

    def __init__(self, result: dict):
        self.log = False
        if words.measure(result).binary:
            self.low, self.high = PERCENT
            return
        shown = [*result["studies"], result["pooled"] or {}]
        values = [s[k] for s in shown for k in ("ci_low", "ci_high") if s.get(k) is not None]
        values += [0.0, *([important(result)] if important(result) is not None else [])]
        pad = 0.04 * (max(values) - min(values) or 1)
        self.low, self.high = min(values) - pad, max(values) + pad


def important(result: dict) -> float | None:
    """The change within a patient that is published as important, on the side of improvement."""
    mid = result["minimal_important_difference"]
    if mid is None:
        return None
    return -mid["value"] if result["question"]["favourable"] == "lower" else mid["value"]


def _lines(axis: Scale, result: dict) -> str:
    """No change, and the important change; a share of patients has no such line."""
    if words.measure(result).binary:
        return ""
    return "".join(upright(axis, value, css) for value, css in (
        (0.0, "lr-null"), (important(result), "lr-mid")) if value is not None)


def _study_mark(axis: Scale, result: dict, study: dict, label: str) -> Html:
    """A ring instead of the square of a trial."""
    radius = 2.5 + 5 * math.sqrt(study["weight"] or 0)
    ring = at(axis.x(study["estimate"]), f'<circle class="lr-ring" r="{radius:.1f}"/>')
    return mark_svg(label, _lines(axis, result)
                    + bar(axis, study["ci_low"], study["ci_high"], "lr-ci") + ring)


def _diamond(axis: Scale, result: dict, pooled: dict, label: str) -> Html:
    """A hollow, dashed diamond instead of the full one of a comparison."""
    return mark_svg(label, _lines(axis, result) + diamond(axis, pooled, "lr-hollow"))


def _axis_row(axis: Scale, result: dict) -> Html:
    def shown(tick: float) -> str:
        return number(tick, 0 if float(tick).is_integer() else 1)

    name = _axis_name(result)
    return Html(mark_svg(f"Axis: {name}", ticks(axis, shown), 20)
                + f'<div class="lr-sides"><span>{text(name)}</span></div>')


def _axis_name(result: dict) -> str:
    if words.measure(result).binary:
        return "% of treated patients"
    side = "left" if result["question"]["favourable"] == "lower" else "right"
    return f"change; improved to the {side}"


def _patients(result: dict, study: dict, href: str) -> Html:
    """Baseline and last visit, or events of all, as a link to where they come from."""
    cells, d = study["cells"], words.decimals(result)
    if cells["events"] is not None:
        return link(href, f"{count(cells['events'])} / {count(cells['n'])}")
    means = [number(study[visit]["mean"], d) if study[visit] else "not stated"
             for visit in ("baseline", "last")]
    known = study["baseline"] or study["last"]
    shown = f"{means[0]} → {means[1]}" if known else "change as reported"
    return Html(f"{link(href, shown)}<br>{link(href, 'n ' + count(cells['n']))}")


def _row(header, patients, weight, shown, mark, css: str) -> str:
    numbers = "".join(
        f'<td class="lr-num" data-label="{label}">{text(cell)}</td>' if cell else "<td></td>"
        for label, cell in zip(NAMES, (patients, weight, shown), strict=True))
    return (f'<tr class="{css}"><th scope="row">{text(header)}</th>{numbers}'
            f'<td class="lr-plot">{text(mark)}</td></tr>')


def _stacked(result: dict, values: dict) -> Html:
    """A value above its interval."""
    return Html(f"{words.shown_alone(result, values['estimate'])} <br>"
                f"({words.ends_alone(result, values)})")


def _said(data: Dataset, result: dict, study: dict) -> str:
    """Below the name: outcome where there are several, visit, and what was given besides."""
    said = [] if len({s["outcome"] for s in result["studies"]}) == 1 else [measured(data, study)]
    if study["months"] is not None:
        said.append(f"month {study['months']:g}")
    if study["background"]:
        said.append("with " + ", ".join(words.in_text(data.label("cointervention", b))
                                        for b in study["background"]))
    return ", ".join(said)


def _study_row(data: Dataset, names: dict, axis: Scale, result: dict, study: dict) -> str:
    href, name = f"#{anchor(result, study)}", brief(names[study["trial_id"]])
    header = Html(f"{link('#study-' + study['trial_id'], name)}{signs_of(study)}"
                  f'<span class="lr-sub">{text(_said(data, result, study))}</span>')
    label = (f"{name}: {words.shown_alone(result, study['estimate'])} "
             f"({words.ends_alone(result, study)})")
    return _row(header, _patients(result, study, href), weights.shown(result, study),
                link(href, _stacked(result, study)), _study_mark(axis, result, study, label),
                "lr-study")


def _pooled_rows(axis: Scale, result: dict) -> list[str]:
    """The pooled value and where a new study is expected; a study alone is not pooled."""
    if result["k"] < 2:
        return []
    pooled = result["pooled"]
    name = MODELS[pooled["model"]]
    href = "#" + pooled_anchor(result)
    header = Html(f'{name}<span class="lr-sub">uncontrolled; {text(words.k_words(result))}, '
                  f"{words.participants(result['n'])}</span>")
    label = (f"Pooled, uncontrolled: {words.shown_alone(result, pooled['estimate'])} "
             f"({words.ends_alone(result, pooled)})")
    out = [_row(header, "", "100%", link(href, _stacked(result, pooled)),
                _diamond(axis, result, pooled, label), "lr-pooled")]
    spread = result["random_effects"] or pooled
    if spread["pi_low"] is not None:
        ends = {"ci_low": spread["pi_low"], "ci_high": spread["pi_high"]}
        few = result["k"] < words.FEW
        shown = words.ends_alone(result, ends)
        drawn = bar(axis, *ends.values(), "lr-pi lr-dotted" if few else "lr-pi")
        out.append(_row(f"Prediction interval{' (very uncertain)' if few else ''}", "", "",
                        link(href, shown), mark_svg(f"Prediction interval: {shown}",
                                                    _lines(axis, result) + drawn),
                        "lr-prediction"))
    return out


def _rows(data: Dataset, names: dict, axis: Scale, result: dict) -> list[str]:
    rows, groups = [], groups_of(data, result)
    for vocabulary, value, studies, pooled in groups:
        if len(groups) > 1:
            rows.append(f'<tr class="lr-group"><th scope="rowgroup" colspan="5">'
                        f"{text(data.label(vocabulary, value))}</th></tr>")
        rows += [_study_row(data, names, axis, result, s) for s in studies]
        if len(groups) > 1 and pooled and pooled["k"] > 1:
            rows.append(_row("Subgroup", "", "", link("#" + pooled_anchor(result), _stacked(
                result, pooled)), _diamond(axis, result, pooled, "Subgroup, uncontrolled"),
                "lr-subtotal"))
    if result["pooled"]:
        rows += _pooled_rows(axis, result)
    return [*rows, _row("", "", "", "", _axis_row(axis, result), "lr-axis-row")]


def _legend(names: dict, result: dict) -> str:
    """What signs and lines of the figure mean."""
    studies, mid = result["studies"], result["minimal_important_difference"]
    parts = ["The ring is the value of the one study, whose patients are compared with nobody."
             if result["k"] == 1 else "Rings are studies; the hollow diamond is the pooled value "
             "of treated patients, who are compared with nobody."]
    if words.measure(result).binary:
        parts.append("Intervals of studies are exact (Clopper–Pearson, of whole counts).")
    if any(s["n_cells"] % 1 for s in studies):
        parts.append("Fractions: units outnumber patients, so that counts are divided by what "
                     "this takes off their information.")
    if result["pooled"] and result["pooled"]["model"] == "random-intercept logistic":
        parts.append("The model gives no weights: the share of the patients stands for them.")
    if mid:
        parts.append(f"Dashed line: a change of {number(mid['value'])} {words.unit(result)} within "
                     f"a patient, published as the smallest that matters ({mid['population']}).")
    signs = "".join(signs_of(s) for s in studies)
    if "†" in signs:
        parts.append("† a value was derived, or the number allocated stands for the number "
                     "analysed.")
    if "*" in signs:
        parts.append("* a value borrowed from elsewhere, a median in place of a mean, read off "
                     "a figure, or in doubt.")
    for study in studies:
        if study["odd"]:
            found = "; ".join(dict.fromkeys(wrong for _, wrong in study["odd"]))
            parts.append(f"¶ {names[study['trial_id']]}: {spoken(found, names)}.")
    if any(s["low_follow_up"] for s in studies):
        parts.append("§ fewer than four fifths of the patients analysed.")
    return " ".join(parts)


def _data_rows(data: Dataset, names: dict, result: dict) -> tuple[list[str], list[list]]:
    header = ["study", "outcome", "months", "statistic", "n", "baseline mean", "last mean",
              "events", "value", "ci low", "ci high", "weight", "quality", "derivation"]
    rows, arms = [], arm_names(data, result["indication"])
    for s in result["studies"]:
        means = [s[visit]["mean"] if s[visit] else None for visit in ("baseline", "last")]
        line = [names[s["trial_id"]], s["outcome"], s["months"], s["statistic"], s["n_cells"],
                *means, s["cells"]["events"], s["estimate"], s["ci_low"], s["ci_high"],
                s["weight"] if result["k"] > 1 else None, s["quality"],
                spoken("; ".join(s["derivation"]), of_study(arms, s["study_id"]))]
        rows.append([f"{v:.6g}" if isinstance(v, float) else v for v in line])
    return header, rows


def forest_alone(data: Dataset, names: dict[str, str], result: dict) -> Html:
    """The studies of one analysis without a comparison, under a banner that says so.

    Parameters
    ----------
    data : Dataset
    names : dict of str to str
        Name of every study.
    result : dict
        One analysis of ``results.json``.

    Returns
    -------
    Html
        A figure with caption, text alternative and the data behind it; a sentence where no study
        has a value.
    """
    if not result["studies"]:
        return paragraph(words.no_pool(data, result), "lr-empty")
    kind = words.kind_alone(result)
    patients = "events / patients" if words.measure(result).binary else "baseline → last visit, n"
    value = "Share" if words.measure(result).binary else f"Mean change, {words.unit(result)}"
    head = "".join(f'<th scope="col"{css}>{text(h)}</th>' for h, css in (
        ("Study", ""), (f"Treated patients: {patients}", ' class="lr-num"'),
        ("Weight", ' class="lr-num"'), (f"{value} (95% CI)", ' class="lr-num"'), ("Drawing", "")))
    described = f"desc-{result['id']}"
    values = _data_rows(data, names, result)
    return Html(
        f'<figure class="lr-forest lr-alone" id="forest-{result["id"]}"{mark(result)} '
        f'aria-describedby="{described}"><p class="lr-banner"><strong>Uncontrolled.</strong> '
        f"{text(kind.capitalize())}: {text(words.UNKNOWN)}.</p>"
        f'<div class="lr-scroll" role="region" tabindex="0" aria-label="{text(result["title"])}">'
        f'<table class="lr-table lr-forest-table"><caption>{text(result["title"])} '
        f"(uncontrolled: {text(kind)})</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(_rows(data, names, Scale(result), result))}</tbody></table></div>"
        f"<figcaption><p>{text(_legend(names, result))}</p>"
        f'<p class="lr-alt" id="{described}">{text(words.finding(data, result))}</p>'
        f"</figcaption>"
        f"{data_table(result['id'], 'Data of the figure', *values)}</figure>")
