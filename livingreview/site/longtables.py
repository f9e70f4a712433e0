"""Long tables and heavy pages: what a reader asks for stands in files beside the page.

A page holds the first rows of a long table. Where a page would be too heavy for a phone all the
same, what it folds is read when a reader opens it, and its tables show fewer rows. The script of
the site loads a file when a reader sorts, filters, opens, follows a link into it or asks for all
rows; without it a link leads to the whole.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from markupsafe import Markup

from ..render.engine import SOURCE, render
from ..view.base import View

SHOWN, LONG = 50, 80  # rows on the page; a table with more than LONG is cut
MOST = 1300  # elements of the text of a page, above which more of it stands in files
SMALL = 20  # elements of a fold that stays where it is
# Rows that tables of a heavy page show, and rows above which they are cut, until it fits.
_FEWER = ((SHOWN, LONG), (20, 30), (10, 14), (6, 9))
STYLES = ["_static/site.css"]
_TABLE = re.compile(r'(<table class="lr-table(?! lr-forest)[^"]*" id="([^"]+)"[^>]*>'
                    r'(?:(?!<table|</table>).)*</table>)(?:<p class="lr-more-rows".*?</p>)?',
                    re.DOTALL)
_FOLD = re.compile(r'<details class="(lr-details[^"]*)"([^>]*)>|<details|</details>')
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_BODY = re.compile(r"(<tbody>)(.*)(</tbody>)", re.DOTALL)
_SELECT = re.compile(r'data-select-(\d+)="([^"]*)"')
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_NAMED = re.compile(r'\s(?:id|data-holds)="([^"]+)"')
_ALIVE = re.compile(r"<(?:form|input|script|template)\b|data-take")  # scripts look for it at once
_CAPTION = re.compile(r'<caption>(.*?)</caption>|<table[^>]* aria-label="([^"]*)"', re.DOTALL)
_BESIDE = re.compile(r'href="#')
_ELEMENT = re.compile(r"<[a-zA-Z]")
_BACK = re.compile(r'class="lr-alone-table".*?<a href="([^"]+)"', re.DOTALL)
_PAPER = "lr-on-paper"  # a fold that is open on paper


class Whole(View, template="whole_table"):
    """A page with all rows of a table, or with what a page folds."""

    # caption, content: what it is called, and its markup
    caption: str
    content: str
    rows: bool  # whether that is a table
    page: str  # that holds its first rows, or its heading
    styles: tuple[str, ...]  # addresses of style sheets from the root of the site
    # kind, indication: by which the search of the site finds it, as its page
    kind: str
    indication: str


class More(View, template="more_rows"):
    """The link to the file with all rows."""

    file: str
    rows: int
    shown: int
    holds: str  # addresses in the page of the rows that only the file has, between spaces


class Part(View, template="part_beside"):
    """A fold whose content is in a file; `holds` are the addresses in the page of what it holds."""

    css: str
    marks: Markup
    summary: Markup
    file: str
    holds: str


class _Beside:
    """The files beside a page, as it is cut.

    Attributes
    ----------
    files : dict of str to str
        Their contents by their addresses.
    """

    def __init__(self, page: str, styles: list[str], language: str, found: tuple[str, str]):
        self._page, self._styles, self._language = page, tuple(styles), language
        self._found = found
        self._tables: dict[str, str] = {}  # whole ones, by their names
        self.files: dict[str, str] = {}

    def _write(self, name: str, caption: str, content: str, rows: bool) -> str:
        """Write a file; its address."""
        page = PurePosixPath(self._page)
        target = str(page.with_name(f"{page.stem}-{name}.html"))
        self.files[target] = render(
            Whole(str(Markup(caption).striptags()), _BESIDE.sub(f'href="{page.name}#', content),
                  rows, self._page, self._styles, *self._found), target, self._language)
        return target

    def rows(self, body: str, shown: int, long: int, linked: bool) -> str:
        """Leave the first rows of long tables; where single rows are linked, only if told to."""
        def shorter(found: re.Match) -> str:
            name = found[2]
            whole = self._tables.setdefault(name, found[1])
            rows = _ROW.findall(_BODY.search(whole)[2])
            if len(rows) <= long or not linked and _NAMED.search("".join(rows)):
                return found[0]
            target = self._write(name, _called(whole), whole, True)
            short = whole.replace(">", f"{_values(rows)}>", 1)
            short = _BODY.sub(lambda b: b[1] + "".join(rows[:shown]) + b[3], short)
            more = More(target, len(rows), shown, _held("".join(rows[shown:])))
            return short + str(render(more, self._page, self._language))

        return _TABLE.sub(shorter, body)

    def folds(self, body: str, on_paper: bool) -> str:
        """Leave the summaries of what is folded; of what paper shows as well, if told to."""
        done, end = [], 0
        for start, stop in _folds(body, on_paper):
            done += body[end:start], self._part(body[start:stop])
            end = stop
        return "".join([*done, body[end:]])

    def _part(self, fold: str) -> str:
        """A fold whose content is written to a file."""
        css, marks = _FOLD.match(fold).groups()
        summary = _SUMMARY.search(fold)
        content = fold[summary.end():fold.rindex("</")]
        held = _held(content)
        name = next(iter(held.split()), str(len(self.files)))
        target = self._write(f"part-{name}", _called(content) or summary[1], content, False)
        part = Part(css, Markup(marks), Markup(summary[1]), target, held)
        return str(render(part, self._page, self._language))


def _values(rows: list[str]) -> str:
    """Attributes with the values that readers may choose among, of all rows."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for place, value in _SELECT.findall(row.partition(">")[0]):
            found.setdefault(place, {}).update(dict.fromkeys(value.split("|")))
    return "".join(f' data-values-{place}="{"|".join(filter(None, values))}"'
                   for place, values in found.items())


def _called(markup: str) -> str:
    """What the first table is called; nothing where there is none."""
    found = _CAPTION.search(markup)
    return found[1] or found[2] if found else ""


def _held(markup: str) -> str:
    """The addresses of elements, those in files beside the page among them, between spaces."""
    return " ".join(_NAMED.findall(markup))


def _folds(body: str, on_paper: bool) -> list[tuple[int, int]]:
    """Where the closed folds begin and end that are worth a file, the outermost of them."""
    opened, found = [], []
    for one in _FOLD.finditer(body):
        if one[0].startswith("<d"):
            opened.append(one)
            continue
        first = opened.pop()
        content = body[first.end():one.start()]
        if (first[1] and "open" not in first[2] and _elements(content) > SMALL
                and (on_paper or _PAPER not in first[1]) and not _ALIVE.search(content)):
            found.append((first.start(), one.end()))
    return [(start, end) for start, end in sorted(found)
            if not any(a < start and end < b for a, b in found)]


def _elements(markup: str) -> int:
    return len(_ELEMENT.findall(markup))


def cut(body: str, page: str, folder: Path, styles: list[str], language: str = SOURCE,
        found: tuple[str, str] = ("page", "")) -> str:
    """The HTML of a page that is light; what it leaves out is written as files.

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
    found : (str, str)
        What the page is (:func:`livingreview.site.search.kind`), and the name of its indication.

    Returns
    -------
    str
        `body` itself where no table is long and the page is light.
    """
    beside = _Beside(page, styles, language, found)
    short = beside.rows(body, SHOWN, LONG, linked=False)
    for on_paper in (False, True):
        if _elements(short) > MOST:
            short = beside.folds(short, on_paper)
    for shown, long in _FEWER:
        if _elements(short) > MOST:
            short = beside.rows(short, shown, long, linked=True)
    for path in before(folder / page):
        path.unlink()
    for target, text in beside.files.items():
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(text, encoding="utf-8")
    return short


def before(page: Path) -> list[Path]:
    """The files that an earlier build wrote beside a page."""
    found = []
    for path in page.parent.glob(f"{page.stem}-*.html"):
        back = _BACK.search(path.read_text(encoding="utf-8"))
        if back and back[1] == page.name:
            found.append(path)
    return found
