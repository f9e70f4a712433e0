"""The summary of findings as a page, as a table and as a document of Word, in every language.

The words are those of the page: the others are made of its table.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import docx
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from lxml import html

from ...render import languages
from ...render.engine import render
from ...view.addresses import Addresses
from ...view.chapter_data import SUMMARY
from ...view.figure import Figures
from ...view.summary import summary
from .written import csv_text, zipped

_A4, _MARGIN = (297, 210), 12  # millimetres
_WIDTHS = (44, 32, 34, 34, 36, 40, 53)  # of the columns, millimetres
_POINTS = 9
_STYLES = {"Normal", "Heading1", "Heading1Char", "Heading2", "Heading2Char", "TableNormal",
           "TableGrid", "DefaultParagraphFont", "NoList"}  # those in use, of 160 of the library's
_FONT = {"zh-Hans": "SimSun"}  # of scripts of which the font of a document has no letters


@dataclass(frozen=True)
class Table:
    """What stands on the page."""

    title: str
    caption: str
    head: list[str]
    rows: list[list[list[str]]]  # of each cell its lines; letters of notes stand in brackets
    notes_title: str  # empty where there are no notes
    notes: dict[str, str]  # by letter
    foot: str


def files(figures: Figures, indication: str) -> Iterator[tuple[str, bytes]]:
    """The summary of an indication.

    Yields
    ------
    (str, bytes)
        Address below the site, with the tag of the language in it, and content. The page ends in
        ``.htm``: it is a file to take away, and no page of the site.
    """
    results = {r["id"]: r for r in figures.results([indication])}
    view = summary(figures.data, figures.forests(indication).findings, results)
    for language in languages.known().values() if view else ():
        page = f"{render(view, language=language.code)}\n"
        table = parsed(page)
        stem = Addresses.export(indication, f"{SUMMARY}.{language.tag}")
        yield f"{stem}.htm", page.encode()
        yield f"{stem}.csv", as_csv(table).encode("utf-8-sig")  # Excel asks for the mark
        yield f"{stem}.docx", as_word(table, language.tag)


def parsed(page: str) -> Table:
    """The table of a page.

    Parameters
    ----------
    page : str
        As the template ``summary.html`` writes it.
    """
    root = html.document_fromstring(page)
    for sup in root.iter("sup"):
        sup.text = f" [{sup.text}]"
    notes = {_text(one.find("dt")): _text(one.find("dd")) for one in root.iterfind(".//dl/div")}
    return Table(
        _text(root.find(".//h1")), _text(root.find(".//caption")),
        [_text(th) for th in root.iterfind(".//thead//th")],
        [[_lines(cell) for cell in tr] for tr in root.iterfind(".//tbody/tr")],
        _text(root.find(".//h2")), notes, _text(root.find("body").findall("p")[-1]))


def _text(element: html.HtmlElement | None) -> str:
    return "" if element is None else " ".join(element.text_content().split())


def _lines(cell: html.HtmlElement) -> list[str]:
    return [_text(p) for p in cell.findall("p")] or [_text(cell)]


def as_csv(table: Table) -> str:
    """A row for each outcome; the notes stand in full in the last column."""
    head = [*table.head, *([table.notes_title] if table.notes else [])]
    return csv_text([dict(zip(head, [*("; ".join(lines) for lines in row), _noted(row, table)],
                              strict=False)) for row in table.rows], head)


def _noted(row: list[list[str]], table: Table) -> str:
    """The notes of an outcome."""
    certainty = row[2][0]
    letters = certainty[certainty.find("[") + 1:-1].split(", ") if "[" in certainty else ()
    return " ".join(table.notes[letter] for letter in letters)


def as_word(table: Table, tag: str) -> bytes:
    """A document of one table, on pages that lie.

    Parameters
    ----------
    table : Table
    tag : str
        Of the language.
    """
    document = docx.Document()
    _page(document, tag)
    document.core_properties.title, document.core_properties.author = table.title, ""
    document.core_properties.language = tag
    document.add_heading(table.title, 1)
    document.add_paragraph(table.caption)
    grid = document.add_table(1 + len(table.rows), len(table.head), "Table Grid")
    grid.autofit = False
    for column, width in zip(grid.columns, _WIDTHS, strict=True):
        column.width = Mm(width)
    written = [[[name] for name in table.head], *table.rows]
    for number, (cells, row) in enumerate(zip(grid.rows, written, strict=True)):
        for i, (cell, lines) in enumerate(zip(cells.cells, row, strict=True)):
            cell.width = Mm(_WIDTHS[i])
            _fill(cell, lines, bold=number == 0 or i == 0)
        cells._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    grid.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    if table.notes:
        document.add_heading(table.notes_title, 2)
    for letter, text in table.notes.items():
        document.add_paragraph(f"{letter}. {text}")
    document.add_paragraph(table.foot)
    _light(document)
    out = io.BytesIO()
    document.save(out)
    with zipfile.ZipFile(out) as made:  # python-docx writes the time of day into its archive
        return zipped({name: made.read(name) for name in made.namelist()})


def _page(document: docx.document.Document, tag: str) -> None:
    """The size of the page, and the letters."""
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = map(Mm, _A4)
    section.left_margin = section.right_margin = Mm(_MARGIN)
    section.top_margin = section.bottom_margin = Mm(_MARGIN)
    style = document.styles["Normal"]
    style.font.name, style.font.size = "Arial", Pt(_POINTS)
    style.paragraph_format.space_after = Pt(2)
    if tag in _FONT:
        for name in ("Normal", "Heading 1", "Heading 2"):
            fonts = document.styles[name].element.get_or_add_rPr().get_or_add_rFonts()
            fonts.set(qn("w:eastAsia"), _FONT[tag])


def _light(document: docx.document.Document) -> None:
    """Take out what the library's template brings and nothing here uses."""
    for style in list(document.styles.element.style_lst):
        if style.styleId not in _STYLES:
            document.styles.element.remove(style)
    for rels in (document.part.rels, document.part.package.rels):
        for key in [k for k, rel in rels.items()
                    if rel.reltype.endswith(("/stylesWithEffects", "/thumbnail"))]:
            del rels[key]


def _fill(cell: docx.table._Cell, lines: list[str], bold: bool) -> None:
    """Put lines into a cell, the first one bold where that is said."""
    for i, line in enumerate(lines):
        paragraph = cell.paragraphs[0] if i == 0 else cell.add_paragraph()
        paragraph.add_run(line).bold = bold and i == 0
