"""Small pieces of HTML: escaped text, numbers as readers expect them, tables."""

from __future__ import annotations

import csv
import html
import io
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

from ..render.numbers import MINUS, count, interval, number

__all__ = ["Column", "Html", "attribute", "count", "csv_link", "data_table", "details", "interval",
           "join", "link", "number", "paragraph", "table", "text"]

LONG = 110  # characters of a cell above which it is folded


class Html(str):
    """Text that is markup already and is not escaped again; notebooks show it as HTML."""

    def _repr_html_(self) -> str:
        return str(self)


def text(value) -> str:
    """A value as safe markup."""
    if isinstance(value, Html):
        return str(value)
    return "" if value is None else html.escape(str(value))


def join(parts: Sequence[str]) -> Html:
    """Pieces of markup below each other."""
    return Html("\n".join(str(p) for p in parts if p))


def link(href: str, label) -> Html:
    """A link."""
    return Html(f'<a href="{html.escape(href, quote=True)}">{text(label)}</a>')


def paragraph(content, css: str = "") -> Html:
    """A paragraph of text or markup."""
    attribute = f' class="{css}"' if css else ""
    return Html(f"<p{attribute}>{text(content)}</p>")


def details(summary, content) -> Html:
    """A part that the reader can open."""
    return Html(f'<details class="lr-details"><summary>{text(summary)}</summary>{text(content)}'
                "</details>")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    key, header : str
    numeric : bool
        Right-aligned, and sorted as numbers.
    place : {'both', 'page', 'file'}
        On the page, in the CSV file, or in both.
    select : bool
        Readers may choose among its values; needs a page with a script.
    """

    key: str
    header: str
    numeric: bool = False
    place: str = "both"
    select: bool = False


def _plain(value) -> str:
    """The text of a cell, without markup, for the CSV."""
    if value is None:
        return ""
    if not isinstance(value, Html):
        return str(value)
    out, inside = [], False
    for character in str(value):
        if character == "<":
            inside = True
        elif character == ">":
            inside = False
        elif not inside:
            out.append(character)
    return html.unescape("".join(out)).strip()


def csv_link(name: str, header: Sequence[str], rows: Sequence[Sequence]) -> Html:
    """A link that downloads rows as CSV, without a server and without a script."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_plain(cell).replace(MINUS, "-") for cell in row] for row in rows])
    data = urllib.parse.quote(buffer.getvalue())
    return Html(f'<a class="lr-download" download="{name}.csv" '
                f'href="data:text/csv;charset=utf-8,{data}">Download as CSV</a>')


def table(identifier: str, caption: str, columns: Sequence[Column], rows: Sequence[dict],
          empty: str = "Nothing is known here.", interactive: bool = True,
          cards: bool = False) -> Html:
    """A table with a caption, scoped headers and a CSV download.

    Parameters
    ----------
    identifier : str
        Its ``id`` on the page, and the name of the CSV file.
    caption : str
    columns : sequence of Column
    rows : sequence of dict
        Values by column key; :class:`Html` is taken as markup, all else is escaped. The first
        column is the header of its row. What stands under `attributes` is markup that the row
        bears (see :func:`attribute`).
    empty : str
        What stands there when there is no row.
    interactive : bool
        Whether the page's script may add sorting and a filter.
    cards : bool
        Whether a row is a card of labelled cells on a narrow screen.

    Returns
    -------
    Html
    """
    if not rows:
        return paragraph(empty, "lr-empty")
    css = " ".join(["lr-table", *["lr-interactive"] * interactive, *["lr-cards"] * cards])
    shown = [c for c in columns if c.place != "file"]
    selects = [c for c in columns if c.select]
    head = "".join(f'<th scope="col"{_numeric(c)}>{text(c.header)}</th>' for c in shown)
    body = []
    for row in rows:
        cells = [f'<th scope="row">{text(row.get(shown[0].key))}</th>']
        cells += [f"<td{_numeric(c)}{attribute('label', c.header) if cards else ''}>"
                  f"{_folded(row.get(c.key))}</td>" for c in shown[1:]]
        values = row.get("attributes", "") + "".join(
            attribute(f"select-{i}", _plain(row.get(c.key))) for i, c in enumerate(selects))
        body.append(f"<tr{values}>{''.join(cells)}</tr>")
    filed = [c for c in columns if c.place != "page"]
    download = csv_link(identifier, [c.header for c in filed],
                        [[row.get(c.key) for c in filed] for row in rows])
    choices = attribute("selects", "|".join(c.header for c in selects)) if selects else ""
    return Html(
        f'<div class="lr-block"><div class="lr-scroll" role="region" tabindex="0" '
        f'aria-label="{html.escape(caption, quote=True)}">'
        f'<table class="{css}" id="{identifier}"{choices}><caption>{text(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        f'<p class="lr-tools">{download}</p></div>')


def _folded(value) -> str:
    """A cell; a long remark opens, so that it does not set the height of its row."""
    if isinstance(value, Html) or value is None or len(str(value)) <= LONG:
        return text(value)
    start = str(value)[:LONG // 2].rsplit(" ", 1)[0]
    return f"<details><summary>{text(start)} …</summary>{text(value)}</details>"


def attribute(name: str, value: str) -> str:
    """A `data-` attribute of an element."""
    return f' data-{name}="{html.escape(value, quote=True)}"'


def _numeric(column: Column) -> str:
    return ' class="lr-num"' if column.numeric else ""


def data_table(identifier: str, caption: str, header: Sequence[str],
               rows: Sequence[Sequence]) -> Html:
    """The data behind a figure, to open, read and download.

    Parameters
    ----------
    identifier : str
        Name of the CSV file.
    caption : str
    header : sequence of str
    rows : sequence of sequences
    """
    head = "".join(f'<th scope="col">{text(h)}</th>' for h in header)
    body = "".join("<tr>" + "".join(f"<td>{text(c)}</td>" for c in row) + "</tr>" for row in rows)
    return details("Data behind this figure", Html(
        f'<div class="lr-scroll" role="region" tabindex="0" aria-label="Data of the figure">'
        f'<table class="lr-table"><caption>{text(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div><p>{csv_link(identifier, header, rows)}</p>"))
