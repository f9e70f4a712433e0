"""A pooled CSV file as people read it: text, and a forest plot as a file of its own."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from warnings import catch_warnings, filterwarnings

import numpy as np
from scipy.special import ndtri

from ..intake.poolfile import MEASURES, CallError, Question, Result, document, natural, printable
from ..synthesis import Pooled
from ..view.axis import Axis
from . import picture, weights
from .drawing import canvas
from .html import Html, data_table, text
from .marks import at, bar, diamond, mark_svg, ticks, upright

DRAWINGS = (".svg", ".html")
DRAWN = 400  # trials above which a forest plot shows the pooled rows alone

# ---------------------------------------------------------------- text


def _g(value: float | None) -> str:
    """Four significant digits."""
    if value is None:
        return "-"
    if value == 0 or 1e-4 <= abs(value) < 1e6:
        digits = 3 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{value:.{digits}f}"
    return f"{value:.3e}"


def _p(value: float | None) -> str:
    if value is None:
        return "p undefined"
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _range(values: dict, low: str = "ci_low", high: str = "ci_high") -> str:
    return f"{_g(values[low])} to {_g(values[high])}"


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text
               if not unicodedata.combining(c))


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns below each other: the first to the left, the others to the right."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    out = []
    for row in rows:
        first, *rest = (" " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True))
        out.append("  ".join([row[0] + first] + [
            space + cell for space, cell in zip(rest, row[1:], strict=True)]).rstrip())
    return out


def _level(level: float) -> str:
    return f"{100 * level:.10g}%"


_MODEL = {"mantel-haenszel": "Mantel-Haenszel", "peto": "Peto", "common": "common effect"}


def _headline(result: Result, doc: dict) -> str:
    name, pooled = MEASURES[doc["measure"]].name, result.pooled
    model = _MODEL.get(pooled.model) or f"random effects, tau² by {result.question.method}"
    trials = f"{doc['k']} trial{'s' * (doc['k'] != 1)}"
    return (f"{doc['file']}: {name} of {trials}, "
            f"{'not pooled' if doc['k'] == 1 else model}, interval {doc['interval']}")


def _tests(doc: dict, ratio: bool) -> list[str]:
    """Test of no effect, and heterogeneity."""
    on = f"t on {doc['df']:g} df" if doc["df"] is not None else "z"
    out = [f"no effect: {_p(doc['p_value'])} by {on}"]
    if doc["tau2"] is not None:
        out.append(f"tau² {_g(doc['tau2'])} ({_range(doc, 'tau2_low', 'tau2_high')} by Q-profile)"
                   + ", on the log scale" * ratio)
    if doc["q"] is not None:
        out.append(f"I² {doc['i2']:.1f}%, H² {_g(doc['h2'])}, Q {_g(doc['q'])} on "
                   f"{doc['q_df']:g} df, {_p(doc['q_p'])}")
    return out


def _trial_lines(result: Result, doc: dict) -> list[str]:
    level = _level(doc["level"])
    rows = [("trial", "effect", f"{level} interval", "weight")]
    rows += [(s["study"], _g(s["estimate"]), _range(s), _weight(result, s["weight"]))
             for s in doc["studies"] if not s["left_out"]]
    rows.append(("pooled", _g(doc["estimate"]), _range(doc), ""))
    if doc["pi_low"] is not None or doc["pi_high"] is not None:
        rows.append(("prediction interval", "", _range(doc, "pi_low", "pi_high"), ""))
    return [*_lines(rows), *_weightless(doc)]


def _weight(result: Result, weight: float | None) -> str:
    if weight is None:
        return "-"
    bare = weight == 0 and result.pooled.model == "mantel-haenszel"
    return weights.NONE if bare else weights.percent(weight)


def _weightless(doc: dict) -> list[str]:
    """What the trials of weight 0 do in a Mantel-Haenszel pool: a footnote of the trials."""
    bare = [s for s in doc["studies"] if s["weight"] == 0 and doc["model"] == "mantel-haenszel"]
    if not bare:
        return []
    rest = ["there is no pool" if s["without"] is None
            else f"{_g(s['without']['estimate'])} ({_range(s['without'])})" for s in bare]
    return [f"{weights.SIGN} {weights.REASONS[doc['measure']]}",
            *(f"  without {s['study']}: {said}" for s, said in zip(bare, rest, strict=True))]


def _subgroup_lines(doc: dict) -> list[str]:
    found = doc["subgroups"]
    rows = [(f"subgroup by {printable(found['by'])}", "trials", "effect",
             f"{_level(doc['level'])} interval", "tau²", "I²")]
    for g in found["groups"]:
        rows.append((g["value"], str(g["k"]), "-", "-", "-", "-") if "reason" in g else (
            g["value"], str(g["k"]), _g(g["estimate"]), _range(g), _g(g["tau2"]),
            "-" if g["i2"] is None else f"{g['i2']:.1f}%"))
    test = found["difference"]
    said = ("no test between subgroups" if test is None else
            f"difference between subgroups: Q {_g(test['q'])} on {test['df']} df, "
            f"{_p(test['p_value'])}")
    return [*_lines(rows), f"{said}; each subgroup is pooled on its own"]


def _regression_lines(doc: dict, ratio: bool) -> list[str]:
    fit = doc["meta_regression"]
    rows = [("meta-regression", "coefficient", "se", f"{_level(doc['level'])} interval", "p")]
    rows += [(printable(c["name"]), _g(c["estimate"]), _g(c["se"]), _range(c),
              _p(c["p_value"]).removeprefix("p ").removeprefix("= "))
             for c in fit["coefficients"]]
    out = _lines(rows) + [f"{name}: the reference is {level}"
                          for name, level in fit["references"].items()]
    first, second = fit["omnibus_df"]
    by = f"chi² on {first} df" if second is None else f"F on {first} and {second} df"
    out.append(f"{fit['k']} trials; moderators together: {_p(fit['omnibus_p'])} by {by}"
               + ("; coefficients are on the log scale" if ratio else ""))
    left = [] if fit["tau2"] is None else [
        f"tau² {_g(fit['tau2'])} ({_range(fit, 'tau2_low', 'tau2_high')} by Q-profile)"]
    left += [f"I² {fit['i2']:.1f}%", f"QE {_g(fit['qe'])} on {fit['qe_df']} df, "
             f"{_p(fit['qe_p'])}"]
    if fit["r2"] is not None:
        left.append(f"R² {fit['r2']:.1f}%")
    return [*out, f"residual heterogeneity: {', '.join(left)}"]


def as_text(result: Result) -> str:
    """The result for a reader at a terminal."""
    doc, ratio = document(result), result.question.ratio
    parts = [[_headline(result, doc)], _trial_lines(result, doc), _tests(doc, ratio)]
    left = [f"  {s['study']} (row {s['row']}): {s['left_out']}"
            for s in doc["studies"] if s["left_out"]]
    if left:
        parts.append(["left out:", *left])
    if doc["subgroups"]:
        parts.append(_subgroup_lines(doc))
    if doc["meta_regression"]:
        parts.append(_regression_lines(doc, ratio))
    if doc["warnings"]:
        parts.append(["warnings:", *(f"  {said}" for said in doc["warnings"])])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


# ---------------------------------------------------------------- forest plot


@dataclass(frozen=True)
class _Bar:
    """A line of the plot; values on the scale of the effects."""

    name: str
    low: float
    high: float
    middle: float | None = None
    share: float | None = None  # weight of a trial; None is a pool


def _of(name: str, pooled: Pooled) -> _Bar:
    k = f"{pooled.k} trial{'s' * (pooled.k != 1)}"
    return _Bar(f"{name}, {k}", pooled.ci_low, pooled.ci_high, pooled.estimate)


def _bars(result: Result) -> list[_Bar]:
    """Lines of the plot from top to bottom: trials by subgroup, subgroups, pool, prediction."""
    question, trials, pooled = result.question, result.trials, result.pooled
    half = float(ndtri(0.5 + question.level / 2)) * np.sqrt(trials.vi)
    shown = [i for i in np.flatnonzero(trials.used) if trials.reasons[i] is None]
    labels = trials.texts[question.subgroup] if question.subgroup else [""] * len(trials.names)
    out = []
    for group in [*(g for g in result.groups if g), ""]:
        for i in shown if len(shown) <= DRAWN else ():
            if labels[i] == group:
                share = 0.0 if np.isnan(result.weights[i]) else float(result.weights[i])
                out.append(_Bar(trials.names[i], trials.yi[i] - half[i], trials.yi[i] + half[i],
                                trials.yi[i], share))
        own = result.groups.get(group)
        if isinstance(own, Pooled) and own.k > 1:
            out.append(_of(printable(group), own))
    if pooled.k > 1:  # a trial alone is not pooled
        out.append(_of("Pooled", pooled))
    if pooled.pi_low is not None:
        out.append(_Bar(f"{_level(question.level)} prediction interval", pooled.pi_low,
                        pooled.pi_high))
    return out


def _limits(bars: list[_Bar], ratio: bool) -> tuple[float, float]:
    """Range of the axis: all effects, and intervals as far as they do not dwarf them."""
    middles = [bar.middle for bar in bars if bar.middle is not None] + [0.0]
    low, high = min(middles), max(middles)
    span = max(high - low, float(np.median([bar.high - bar.low for bar in bars])))
    span = span or abs(high) or 1.0
    ends = [value for bar in bars for value in (bar.low, bar.high)]
    room = max(2 * span, math.log(4)) if ratio else 2 * span
    low, high = max(min(ends + [low]), low - room), min(max(ends + [high]), high + room)
    pad = 0.04 * (high - low or span)
    return low - pad, high + pad


def _ratio_ticks(low: float, high: float, most: int = 9) -> list[float]:
    """Round ratios within limits on the log scale, as logarithms, with that of no effect."""
    decades = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    steps = (1, 2, 5) if len(decades) <= 4 else (1,)
    found = [math.log(step) + decade * math.log(10) for decade in decades for step in steps]
    found = [tick for tick in found if low <= tick <= high] or [0.0]
    step = max(1, math.ceil(len(found) / most))
    return found[found.index(0.0) % step if 0.0 in found else 0 :: step]


def _ratio_label(tick: float) -> str:
    return f"{math.exp(tick):.3g}" if abs(tick) < 500 else f"1e{tick / math.log(10):+.0f}"


def _shown(question: Question, bar: _Bar) -> str:
    low, middle, high = (_g(natural(question, v)) for v in (bar.low, bar.middle, bar.high))
    return f"{low} to {high}" if bar.middle is None else f"{middle} ({low} to {high})"


def _draw(result: Result, bars: list[_Bar]):
    """The plot as a figure."""
    ink, accent, faint = picture.INK, picture.BLUE, picture.GREY
    question, rows = result.question, range(len(bars) - 1, -1, -1)
    low, high = _limits(bars, question.ratio)
    figure = canvas(8.6, 0.9 + 0.36 * len(bars))
    axes = figure.subplots()
    axes.axvline(0, color=faint, linewidth=1)
    for place, row in zip(rows, bars, strict=True):
        left, right = (min(max(value, low), high) for value in (row.low, row.high))
        if row.middle is None:
            axes.plot([left, right], [place, place], color=faint, linewidth=3)
        elif row.share is None:
            axes.fill([left, row.middle, right, row.middle],
                      [place, place + 0.25, place, place - 0.25], color=ink)
        else:
            axes.plot([left, right], [place, place], color=accent)
            axes.plot([row.middle], [place], "s", color=accent,
                      markersize=4 + 10 * row.share**0.5)
    twin = axes.twinx()
    for side, labels in ((axes, [row.name for row in bars]),
                         (twin, [_shown(question, row) for row in bars])):
        side.set_yticks(list(rows))
        side.set_yticklabels(labels, parse_math=False)  # a study may be called $1
        side.set_ylim(-0.6, len(bars) - 0.4)
        side.tick_params(axis="y", length=0)
        for spine in ("top", "left", "right"):
            side.spines[spine].set_visible(False)
    axes.set_xlim(low, high)
    if question.ratio:
        places = _ratio_ticks(low, high)
        axes.set_xticks(places)
        axes.set_xticklabels([_ratio_label(t) for t in places])
    axes.set_xlabel(f"{MEASURES[question.measure].name} ({_level(question.level)} interval)")
    return figure


def _svg(result: Result, bars: list[_Bar]) -> str:
    import matplotlib

    with matplotlib.rc_context(picture._STYLE | {"savefig.facecolor": "white"}):
        buffer = io.StringIO()
        _draw(result, bars).savefig(
            buffer, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


class _Scale(Axis):
    """The axis of the page's plot; values are on the scale of the effects."""

    def __init__(self, bars: list[_Bar], ratio: bool):
        super().__init__((), ends=_limits(bars, ratio))
        self.ratio = ratio

    def labelled(self) -> list[float]:
        """Few round values, so that their labels do not touch in a narrow column."""
        from matplotlib.ticker import MaxNLocator

        found = (_ratio_ticks(self.low, self.high, 5) if self.ratio
                 else MaxNLocator(4).tick_values(self.low, self.high))
        return [float(tick) for tick in found if self.inside(tick)]


def _row(result: Result, axis: _Scale, row: _Bar, several: bool) -> str:
    """A line of the page's plot: words and numbers, then a drawing as wide as its column."""
    shown, drawn = _shown(result.question, row), upright(axis, 0, "null")
    if row.share is None and row.middle is not None:
        drawn += diamond(axis, {"ci_low": row.low, "estimate": row.middle, "ci_high": row.high},
                         "pool")
    else:
        drawn += bar(axis, row.low, row.high, "trial" if row.middle is not None else "prediction")
    if row.share is not None:
        side = 4 + 12 * row.share**0.5
        drawn += at(axis.x(row.middle), f'<rect class="square" x="{-side / 2:.1f}" '
                    f'y="{-side / 2:.1f}" width="{side:.1f}" height="{side:.1f}"/>')
    weight = "" if row.share is None or not several else _weight(result, row.share)
    return (f'<tr><th scope="row">{text(row.name)}</th><td class="number">{shown}</td>'
            f'<td class="number">{weight}</td>'
            f'<td class="plot">{mark_svg(f"{row.name}: {shown}", drawn)}</td></tr>')


_CSS = """
:root { --ink: #1b1f24; --accent: #0b5394; --second: #a04000; --faint: #6b7280; }
body { font-family: sans-serif; color: var(--ink); margin: 1rem auto; max-width: 80rem;
  padding: 0 .5rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; }
figure { margin: 0; }
table, th, td { box-sizing: border-box; }
table { border-collapse: collapse; width: 100%; font-size: .84rem; }
th, td { padding: .1rem .35rem; text-align: left; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.plot { width: 45%; min-width: 9rem; padding: 0 .9rem; overflow: hidden; }
.plot svg { display: block; overflow: visible; }
.null, .lr-tick { stroke: var(--faint); }
.trial { stroke: var(--accent); stroke-width: 1.5; }
.lr-arrow { fill: none; stroke: var(--accent); stroke-width: 1.5; }
.square { fill: var(--accent); }
.pool { fill: var(--ink); }
.prediction { stroke: var(--second); stroke-width: 3; }
.lr-axis { fill: var(--ink); font-size: 11px; }
figcaption, details { font-size: .84rem; margin: .5rem 0; }
details div { overflow-x: auto; }
pre { overflow-x: auto; }
@media (max-width: 40rem) {
  tr { display: flex; flex-wrap: wrap; column-gap: 1rem; padding: .2rem 0; }
  figure > table thead { display: none; }
  figure > table :is(th, .plot) { flex: 1 0 100%; }
}
"""


def _page(result: Result, bars: list[_Bar]) -> str:
    """A page that stands by itself, with the drawing, its data and the result in words."""
    question, name = result.question, f"Forest plot of {Path(result.trials.file).name}"
    axis = _Scale(bars, question.ratio)
    effect = f"{MEASURES[question.measure].name} ({_level(question.level)} interval)"
    head = "".join(f'<th scope="col"{css}>{text(h)}</th>' for h, css in (
        ("Trial", ""), (effect, ' class="number"'), ("Weight", ' class="number"'),
        ("Drawing", "")))
    labels = mark_svg(f"Axis: {effect}", ticks(
        axis, axis.labelled(),
        lambda tick: _ratio_label(tick) if question.ratio else f"{tick:g}"), 20)
    several = result.pooled.k > 1
    rows = "".join(_row(result, axis, row, several) for row in bars)
    pooled = _shown(question, _of("", result.pooled))
    data = data_table("forest", name, ["trial", "effect (interval)", "weight"], [
        [row.name, _shown(question, row),
         "" if row.share is None or not several else _weight(result, row.share)] for row in bars])
    block = Html(
        f"<figure id=\"forest\"><table><caption>{'Pooled' if several else 'One trial'}: {pooled}"
        f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}<tr><td></td><td></td><td></td>"
        f'<td class="plot">{labels}</td></tr></tbody></table><figcaption>'
        + ("Squares are trials, their size is the weight; diamonds are pools." if several else
           "The square is the one trial, the line its interval.")
        + " An arrow at the edge of the drawing: the line goes on beyond it."
        f"</figcaption>{data}</figure>")
    return (f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
            f'content="width=device-width, initial-scale=1"><title>{text(name)}</title>'
            f"<style>{_CSS}</style></head><body><h1>{text(name)}</h1>\n{block}\n"
            f"<pre>{text(as_text(result))}</pre></body></html>\n")


def forest(result: Result, kind: str) -> str:
    """The forest plot as a drawing or as a page.

    Parameters
    ----------
    result : Result
    kind : {'.svg', '.html'}

    Returns
    -------
    str
    """
    bars = _bars(result)
    with catch_warnings():
        # Text stays text: the viewer has the letters that the font of the drawing lacks.
        filterwarnings("ignore", message="Glyph .* missing")
        return _svg(result, bars) if kind == ".svg" else _page(result, bars)


def drawing(path: Path) -> str:
    """The kind of drawing that a file name asks for; CallError where it asks for another."""
    if path.suffix.lower() not in DRAWINGS:
        raise CallError(f"--forest writes {' or '.join(DRAWINGS)}, not {path.name}")
    return path.suffix.lower()
