"""Drawings by matplotlib as inline SVG: text stays text, colours come from the page.

What draws takes longer to load than most pages take to be made, and many pages draw nothing:
matplotlib and seaborn are loaded by the first drawing.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from .html import Html, data_table, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Drawn in these colours, shown in the page's: dark mode changes the variables, not the picture.
INK, ACCENT, SECOND, FAINT = "#111111", "#0000aa", "#aa5500", "#888888"
_VARIABLES = {INK: "var(--lr-ink)", ACCENT: "var(--lr-accent)", SECOND: "var(--lr-second)",
              FAINT: "var(--lr-faint)"}
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "livingreview", "font.family": "sans-serif",
    "font.size": 10, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of the book while the block lasts."""
    import matplotlib

    matplotlib.use("agg")
    with matplotlib.rc_context(STYLE):
        yield


def canvas(width: float, height: float) -> Figure:
    """An empty figure, its sides in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def axes_of(width: float, height: float):
    """A figure with one pair of axes in the style of the book."""
    with style():
        figure = canvas(width, height)
        return figure, figure.subplots()


def despine(figure: Figure, left: bool = False) -> None:
    """Take the frame of every pair of axes away, but for its axes; the left one too if asked."""
    import seaborn as sns

    sns.despine(figure, left=left)


def inline_svg(figure: Figure, identifier: str, title: str, description: str) -> str:
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
    svg = inline_svg(figure, identifier, title, description)
    drawn = Html(f'<div class="lr-scroll" role="region" tabindex="0" aria-label="{text(title)}">'
                 f"{svg}</div>")
    return framed(drawn, identifier, title, caption, header, rows)


def framed(drawn: Html, identifier: str, title: str, caption: str, header: Sequence[str],
           rows: Sequence[Sequence]) -> Html:
    """Something drawn with its title and caption below it, and the data behind it.

    Parameters
    ----------
    drawn : Html
    identifier : str
        Its ``id`` on the page, and name of the CSV file.
    title, caption : str
    header, rows : sequences
        The data behind the drawing.
    """
    data = data_table(identifier, title, header, rows)
    return Html(f'<figure class="lr-figure" id="{identifier}">{drawn}<figcaption>'
                f"<strong>{text(title)}.</strong> {text(caption)}</figcaption>{data}</figure>")


def plain_ticks(axis, low: float, high: float, most: int = 5) -> None:
    """Ticks of a logarithmic axis as plain numbers, evenly spaced and few enough to be read."""
    from matplotlib import ticker

    spread = np.geomspace(low, high, most + 2)[1:-1]
    shown = sorted({float(f"{v:.2g}") for v in spread})
    if low < 1 < high:  # the line of no effect in place of its neighbour
        shown[min(range(len(shown)), key=lambda i: abs(math.log(shown[i])))] = 1.0
    axis.set_major_locator(ticker.FixedLocator(shown))
    axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(ticker.NullLocator())
