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

from .html import Html, data_table, text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Drawn in these colours, shown in the page's: dark mode changes the variables, not the picture.
INK, ACCENT, SECOND, FAINT = "#111111", "#0000aa", "#aa5500", "#888888"
_VARIABLES = {INK: "var(--lr-ink)", ACCENT: "var(--lr-accent)", SECOND: "var(--lr-second)",
              FAINT: "var(--lr-faint)"}
# A chart is drawn as narrow as the column of a telephone and grows with its column: letters of nine
# points stay readable there. Longer words have no place in it but stand in the page's own text.
COLUMN, LETTERS = 2.9, 34  # inches; letters that a line holds
STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "livingreview", "font.family": "sans-serif",
    "font.size": 9, "axes.labelsize": 9, "xtick.labelsize": 9, "ytick.labelsize": 9,
    "legend.fontsize": 9, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK,
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


def chart(height: float):
    """A figure of the width of a column, with one pair of axes that leave room for their words."""
    with style():
        figure = canvas(COLUMN, height)
        figure.set_layout_engine("constrained")
        return figure, figure.subplots()


def label_marks(axes, marks: Sequence[tuple[float, float, str]]) -> None:
    """Write beside each mark where no other mark and no other label stands; sizes are in points."""
    figure = axes.figure
    figure.draw_without_rendering()
    scale = 72 / figure.dpi
    places = [axes.transData.transform((x, y)) * scale for x, y, _ in marks]
    frame = axes.get_window_extent()
    left, low, right, high = (v * scale for v in (frame.x0, frame.y0, frame.x1, frame.y1))
    taken = [(x - 3, y - 3, x + 3, y + 3) for x, y in places]
    for (x, y), (at_x, at_y, label) in zip(places, marks, strict=True):
        half, boxes = 3.1 * len(label), []
        for far in (9, 16, 24, 32, 40):
            for turn in (0, 180, 90, 270, 45, 135, 225, 315):
                dx = (far + half - 3) * math.cos(math.radians(turn))
                dy = far * math.sin(math.radians(turn))
                box = (x + dx - half, y + dy - 5, x + dx + half, y + dy + 5)
                over = sum(b[0] < box[2] and box[0] < b[2] and b[1] < box[3] and box[1] < b[3]
                           for b in taken)
                out = box[0] < left or box[2] > right or box[1] < low or box[3] > high
                boxes.append((over + out, far, dx, dy, box))
        _, far, dx, dy, box = min(boxes, key=lambda found: found[:2])
        taken.append(box)
        line = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
        axes.annotate(label, (at_x, at_y), xytext=(dx, dy), textcoords="offset points",
                      ha="center", va="center", arrowprops=line if far > 9 else None)


def key(names: Sequence[str]) -> str:
    """What the numbers beside marks stand for, in words."""
    return f"Numbers: {'; '.join(f'{i} {name}' for i, name in enumerate(names, 1))}."


def despine(figure: Figure, left: bool = False) -> None:
    """Take the frame of every pair of axes away, but for its axes; the left one too if asked."""
    import seaborn as sns

    sns.despine(figure, left=left)


def inline_svg(figure: Figure, identifier: str, title: str, description: str) -> str:
    """The figure as SVG that belongs to the page: its colours, its title and description."""
    buffer = io.StringIO()
    column = figure.get_layout_engine() is not None
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None},
                   bbox_inches=None if column else "tight", transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, variable)
    # identifiers of several drawings on one page must not clash
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{identifier}-", svg)
    labelled = (f'<svg role="img" aria-labelledby="{identifier}-title {identifier}-desc" '
                f'class="lr-svg{" lr-chart" * column}"')
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
