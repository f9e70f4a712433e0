"""The README's picture: the main forest plot as a drawing that stands by itself."""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from ..data.about import about
from ..data.dataset import load
from ..view.naming import brief
from . import words
from .chapter import Chapter
from .html import count, interval, number

PATH = Path(__file__).resolve().parents[2] / "book" / "_static" / "knee-pain-forest.svg"
_STYLE = {"svg.fonttype": "none", "svg.hashsalt": "livingreview", "font.family": "sans-serif",
          "font.size": 10}
INK, BLUE, GREY = "#1b1f24", "#0b5394", "#6b7280"


def forest_svg(chapter: Chapter, analysis: str) -> str:
    """A forest plot as SVG on white.

    Parameters
    ----------
    chapter : Chapter
    analysis : str
        An analysis with a pooled estimate.
    """
    result = chapter.review.analysis(analysis)
    studies, pooled = result["studies"], result["pooled"]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(8.6, 0.9 + 0.36 * (len(studies) + 3)), facecolor="white")
        axes = figure.subplots()
        for place, study in enumerate(reversed(studies), start=2):
            axes.plot([study["ci_low"], study["ci_high"]], [place, place], color=BLUE)
            axes.plot([study["estimate"]], [place], "s", color=BLUE,
                      markersize=4 + 10 * study["weight"] ** 0.5)
        low, middle, high = (pooled[k] for k in ("ci_low", "estimate", "ci_high"))
        axes.fill([low, middle, high, middle], [1, 1.25, 1, 0.75], color=INK)
        if pooled["pi_low"] is not None:
            axes.plot([pooled["pi_low"], pooled["pi_high"]], [0, 0], color=GREY, linewidth=3)
        axes.axvline(0, color=GREY, linewidth=1)
        rows = [brief(chapter.names[s["trial_id"]]) for s in reversed(studies)]
        sizes = [f"n {count(s['n_cells'])} / {count(s['n_comparator'])}"
                 for s in reversed(studies)]
        names = ["95% prediction interval", f"Random effects, {result['k']} trials"] + [
            f"{name}, {size}" for name, size in zip(rows, sizes, strict=True)]
        axes.set_yticks(range(len(names)))
        axes.set_yticklabels(names)
        right = axes.twinx()
        right.set_ylim(axes.get_ylim())
        right.set_yticks(range(len(names)))
        right.set_yticklabels(
            [interval(pooled["pi_low"], pooled["pi_high"])]
            + [f"{number(v['estimate'])} ({interval(v['ci_low'], v['ci_high'])})"
               for v in (pooled, *reversed(studies))])
        for side in (axes, right):
            side.set_ylim(-0.6, len(names) - 0.4)
            side.tick_params(axis="y", length=0)
            for spine in ("top", "left", "right"):
                side.spines[spine].set_visible(False)
        side = "below" if result["question"]["favourable"] == "lower" else "above"
        axes.set_xlabel(
            f"difference in {words.in_text(words.outcome_name(chapter.data, result))}, "
            f"{words.unit(result)}; {side} zero favours {words.treated(result)}")
        axes.set_title(result["title"], loc="left", fontsize=11)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", bbox_inches="tight",
                       metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def readme_svg() -> str:
    """The picture of the analysis that the project's own ``about.csv`` names."""
    data = load()
    analysis = about(data)["picture"]
    indication, = (r["indication"] for r in data.records("analyses")
                   if r["analysis_id"] == analysis)
    return forest_svg(Chapter(indication), analysis)


if __name__ == "__main__":
    PATH.write_text(readme_svg(), encoding="utf-8")
    print(f"wrote {PATH.name}")
