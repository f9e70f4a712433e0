"""Long tables: a page holds their first rows, a file beside it all of them.

The script of the site loads the file when a reader sorts, filters or asks for all rows; without it
the link leads to the whole table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from markupsafe import Markup

from ..render.engine import SOURCE, render
from ..view.base import View

SHOWN, LONG = 50, 80  # rows on the page; a table with more than LONG is cut
STYLES = ["_static/site.css"]
_TABLE = re.compile(r'<table class="lr-table lr-interactive[^"]*" id="([^"]+)"[^>]*>'
                    r"(?:(?!<table|</table>).)*</table>", re.DOTALL)
_BODY = re.compile(r"(<tbody>)(.*)(</tbody>)", re.DOTALL)
_SELECT = re.compile(r'data-select-(\d+)="([^"]*)"')
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_LINKED = re.compile(r"\sid=")
_CAPTION = re.compile(r"<caption>(.*?)</caption>", re.DOTALL)
_BESIDE = re.compile(r'href="#')


@dataclass(frozen=True)
class Whole(View):
    """A page with all rows of a table.

    Attributes
    ----------
    caption, table : str
        The words of its caption, and its markup.
    page : str
        That holds its first rows.
    styles : tuple of str
        Addresses of style sheets from the root of the site.
    """

    template = "whole_table"

    caption: str
    table: str
    page: str
    styles: tuple[str, ...]


@dataclass(frozen=True)
class More(View):
    """The link to the file with all rows."""

    template = "more_rows"

    file: str
    rows: int
    shown: int = SHOWN


def _values(rows: list[str]) -> str:
    """Attributes with the values that readers may choose among, of all rows."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for place, value in _SELECT.findall(row.partition(">")[0]):
            found.setdefault(place, {}).update(dict.fromkeys(value.split("|")))
    return "".join(f' data-values-{place}="{"|".join(filter(None, values))}"'
                   for place, values in found.items())


def cut(body: str, page: str, folder: Path, styles: list[str], language: str = SOURCE) -> str:
    """The HTML of a page with its long tables cut; the whole ones are written as files.

    Parameters
    ----------
    body : str
    page : str
        Its address from the root of the site.
    folder : Path
        Of the site.
    styles : list of str
        Addresses of style sheets from the root of the site.
    language : str

    Returns
    -------
    str
        `body` itself where no table is long.
    """
    def shorter(found: re.Match) -> str:
        whole, name = found[0], found[1]
        rows = _ROW.findall(_BODY.search(whole)[2])
        if len(rows) <= LONG or _LINKED.search("".join(rows)):
            return whole  # links lead to single rows, which must be on the page then
        target = PurePosixPath(page).with_name(f"{PurePosixPath(page).stem}-{name}.html")
        caption = str(Markup(_CAPTION.search(whole)[1]).striptags())
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(render(
            Whole(caption, _BESIDE.sub(f'href="{PurePosixPath(page).name}#', whole), page,
                  tuple(styles)), str(target), language), encoding="utf-8")
        short = whole.replace("<table", f"<table{_values(rows)}", 1)
        short = _BODY.sub(lambda b: b[1] + "".join(rows[:SHOWN]) + b[3], short)
        return short + str(render(More(str(target), len(rows)), page, language))

    return _TABLE.sub(shorter, body)
