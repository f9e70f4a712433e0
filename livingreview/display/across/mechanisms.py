"""How a treatment is said to act: the tables of the seed reviews, with what lies behind."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from ...render.engine import environment
from ...review.claims import Cited, cited_by
from ...view.ledger import Judged
from .. import drawing, words
from ..html import Column, Html, details, join, paragraph, table, text
from .book import Book

UNNAMED = "not named"
NONE_CITED = "none cited"
# Kinds of evidence, strongest last: label, and the line by which a picture shows it.
EVIDENCE = {
    "": (NONE_CITED, (0, (1, 4))), "retracted": ("retracted", (0, (1, 4))),
    "other": ("other text", (0, (1, 2))), "secondary": ("review", (0, (1, 2))),
    "laboratory": ("in vitro", "dashdot"), "animal": ("animals", "dashed"),
    "human": ("people", "solid")}
_IN_PEOPLE = ("human", "controlled", "uncontrolled")
WIDTHS = (20, 26, 36)  # letters of a line in the three columns of a picture


def _kind(cited: Cited) -> str:
    """The kind of evidence that a reference counts as here."""
    if cited.retracted:
        return "retracted"
    kind = "human" if cited.evidence in _IN_PEOPLE else cited.evidence
    return kind if kind in EVIDENCE and kind else "other"


def strongest(cited: Sequence[Cited]) -> str:
    """The kind of evidence nearest to people among references; empty where none is cited."""
    return max((_kind(c) for c in cited), key=list(EVIDENCE).index, default="")


def summary(book: Book) -> Html:
    """How many mechanisms rest on which kind of evidence at best."""
    rows = book.mechanisms()
    if not rows:
        return paragraph("The seed reviews tabulate no mechanism.", "lr-empty")
    kinds = Counter(strongest(cited_by(book.data, r)) for r in rows)
    named = "; ".join(f"{label}: {kinds[kind]}" for kind, (label, _) in reversed(EVIDENCE.items())
                      if kinds[kind])
    return paragraph(
        f"{len(rows)} rows of mechanisms. The evidence nearest to people that each cites: {named}. "
        "A kind is that of the cited text, judged by its entry in the reference list; it does not "
        "say that the text shows the mechanism.")


def listing(book: Book) -> Html:
    """Every mechanism with its mediator, its effect, and what it cites."""
    judged, rows = Judged(book.review), []
    said = environment().get_template("seed_words.html").make_module(
        {"language": "en", "page": "notebooks/mechanisms.html"})
    for r in book.mechanisms():
        cited = cited_by(book.data, r)
        items = "".join(f"<li>{said.reference(asdict(judged.reference(c)))}</li>" for c in cited)
        rows.append({
            "id": r["mechanism_id"], "indication": book.data.label("seed_indication",
                                                                   r["indication"]),
            "product": r["cell_or_product"] or UNNAMED, "mechanism": r["mechanism"],
            "mediator": r["mediator"] or UNNAMED, "effect": r["effect"],
            "direction": book.data.label("mechanism_direction", r["direction"]) or "not stated",
            "evidence": EVIDENCE[strongest(cited)][0], "review": judged.seeds[r["review_id"]].name,
            "refs": Html(f"<ul>{items}</ul>" if items else NONE_CITED)})
    return table(
        "table-mechanisms", "Mechanisms that the seed reviews name",
        [Column("id", "Row"), Column("indication", "Indication", select=True),
         Column("product", book.data.wording("given")),
         Column("mechanism", "Mechanism", select=True),
         Column("mediator", book.data.wording("mediator")), Column("effect", "Effect as stated"),
         Column("direction", "Direction", place="file", select=True),
         Column("evidence", "Evidence nearest to people", select=True),
         Column("review", "Seed review", place="file", select=True),
         Column("refs", "References cited")],
        rows, cards=True)


def pictures(book: Book) -> Html:
    """A network per indication: what is given, what it acts through, what follows."""
    groups = {}
    for r in book.mechanisms():
        groups.setdefault(r["indication"], []).append((r, strongest(cited_by(book.data, r))))
    return join([details(f"{book.data.label('seed_indication', i)} ({len(rows)} mechanisms)",
                         _picture(book, i, rows)) for i, rows in groups.items()])


def _picture(book: Book, indication: str, rows: list[tuple[Mapping, str]]) -> Html:
    name = words.in_text(book.data.label("seed_indication", indication))
    kinds = Counter(kind for _, kind in rows)
    shares = "; ".join(f"{EVIDENCE[k][0]}: {n}" for k, n in kinds.most_common())
    heads = [book.data.wording("given"), book.data.wording("mediator")]
    given, mediator = map(words.in_text, heads)
    description = (f"{len(rows)} mechanisms in {name} as three columns of words joined by lines: "
                   f"{given}, {mediator}, effect. Evidence nearest to people: {shares}.")
    caption = (f"{description} Lines: full, people; dashed, animals; dash and dot, in vitro; "
               "dots, a review or other text; sparse dots, none cited or retracted. The kind also "
               "stands in brackets after each effect.")
    data = [[r["cell_or_product"] or UNNAMED, r["mediator"] or UNNAMED, r["effect"],
             EVIDENCE[kind][0]] for r, kind in rows]
    listed = "".join(f"<li>{text(given)} → {text(by)} → {text(effect)} [{text(kind)}]</li>"
                     for given, by, effect, kind in data)
    with drawing.style():
        # Where three columns of words have no room, the same stands there as a list.
        return Html(drawing.figure_html(
            _network(data, [kind for _, kind in rows], heads), f"network-{indication}",
            f"Mechanisms in {name}", description, caption,
            [given, mediator, "effect", "evidence"], data).replace(
                "</svg></div>", f'</svg><ul class="lr-words">{listed}</ul></div>', 1).replace(
                    '"lr-svg"', '"lr-svg lr-wide"', 1))


def _wrapped(nodes: Sequence[tuple[str, int]], width: int) -> dict[tuple[str, int], str]:
    return {node: textwrap.fill(node[0], width) for node in dict.fromkeys(nodes)}


def _room(shown: str) -> float:
    """Height of a label in lines, with the gap below it."""
    return shown.count("\n") + 1.6


def _places(wrapped: Mapping, height: float) -> dict[tuple[str, int], float]:
    """Where each label of a column stands, spread over the height by its number of lines."""
    unit, top, out = height / sum(map(_room, wrapped.values())), 0.0, {}
    for node, shown in wrapped.items():
        out[node] = height - (top + _room(shown) / 2) * unit
        top += _room(shown)
    return out


def _network(data: list[list[str]], kinds: list[str], heads: Sequence[str]):
    """Three columns of words, a line for each step of each mechanism."""
    # A mediator without a name is one of its own each time: nothing says that two are the same.
    columns = ([(r[0], 0) for r in data],
               [(r[1], i if r[1] == UNNAMED else 0) for i, r in enumerate(data)],
               [(f"{r[2]} [{r[3]}]", 0) for r in data])
    labels = [_wrapped(nodes, width) for nodes, width in zip(columns, WIDTHS, strict=True)]
    height = max(sum(map(_room, shown.values())) for shown in labels)
    spots = [_places(shown, height) for shown in labels]
    figure = drawing.canvas(7.2, 0.5 + 0.175 * height)
    axes = figure.add_axes((0, 0, 1, 1))
    starts, ends = (0.0, 0.28, 0.62), (0.21, 0.545)
    for row, kind in enumerate(kinds):
        for side in (0, 1):
            axes.plot([ends[side], starts[side + 1] - 0.008],
                      [spots[i][columns[i][row]] for i in (side, side + 1)],
                      color=drawing.ACCENT if kind in ("human", "animal") else drawing.FAINT,
                      linestyle=EVIDENCE[kind][1], linewidth=1)
    heads = (*heads, "Effect as stated [evidence]")
    for start, spot, shown, head in zip(starts, spots, labels, heads, strict=True):
        axes.text(start, height + 0.6, head, fontweight="bold", va="bottom")
        for node, y in spot.items():
            axes.text(start, y, shown[node], va="center", linespacing=1.1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, height + 1.6)
    axes.set_axis_off()
    return figure
