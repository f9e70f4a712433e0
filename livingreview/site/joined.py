"""Printed sheets as one PDF: page numbers, bookmarks, links from sheet to sheet, tags."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NullObject,
    TextStringObject,
)

from .press import Sheet
from .tagged import Tags

_FONT, _SIZE, _DIGIT = "/PageNumber", 8, 0.556  # width of a digit of Helvetica, of its size
_RIGHT, _TOP = 42.5, 36.0  # points from the edges of the paper to the number


@dataclass(frozen=True)
class Mark:
    """A bookmark."""

    title: str
    # of a sheet, with an anchor where it is a section of it; empty where the bookmark only holds
    # others
    address: str = ""
    inside: tuple[Mark, ...] = ()


@dataclass
class Places:
    """Where sheets and the anchors in them stand, by page, counted from 0."""

    pages: dict[str, int] = field(default_factory=dict)
    heights: dict[str, float] = field(default_factory=dict)
    total: int = 0

    def add(self, sheet: Sheet) -> PdfReader:
        """Put a sheet behind the others."""
        reader = PdfReader(sheet.file)
        self.pages[sheet.address] = self.total
        for name, place in reader.named_destinations.items():
            inside = reader.get_destination_page_number(place)
            if inside is not None and inside >= 0:
                address = _address(name, sheet.address)
                self.pages[address] = self.total + inside
                self.heights[address] = float(place.top or 0)
        self.total += len(reader.pages)
        return reader

    def of(self, address: str) -> int | None:
        """The page of a sheet or section; of its sheet where the section has no place."""
        return self.pages.get(address, self.pages.get(address.partition("#")[0]))


def placed(sheets: Iterable[Sheet]) -> Places:
    """Where sheets will stand when they are joined in this order."""
    places = Places()
    for sheet in sheets:
        places.add(sheet)
    return places


def join(sheets: Sequence[Sheet], marks: Sequence[Mark], file: Path, base: str, site: str,
         facts: Mapping[str, str], language: str) -> int:
    """Write sheets as one file.

    Parameters
    ----------
    sheets : sequence of Sheet
        The first one is the cover, whose first page has no number.
    marks : sequence of Mark
    file : Path
    base : str
        Address of the site while it was printed, with a slash at the end.
    site : str
        Where the site is published; empty where that is not known, and then links to pages that
        are not printed lead nowhere.
    facts : mapping of str to str
        Of the document, by their names in the format.
    language : str
        Its code, as HTML has it.

    Returns
    -------
    int
        How many pages it has.
    """
    writer, places, owners = PdfWriter(), Places(), []
    tags = Tags(writer)
    for sheet in sheets:
        reader = places.add(sheet)
        tags.add(reader, [writer.add_page(page) for page in reader.pages])
        owners += [sheet.address] * len(reader.pages)
    _Links(writer, places, base, site).lead(owners)
    tags.write()
    _number(writer)
    _mark(writer, places, marks)
    writer.add_metadata({"/Producer": "pypdf", **facts})
    writer.page_mode = "/UseOutlines"
    writer.root_object[NameObject("/Lang")] = TextStringObject(language)
    writer.create_viewer_preferences().display_doctitle = True
    with file.open("wb") as out:
        writer.write(out)
    return places.total


def _address(name: str, sheet: str) -> str:
    """What the name of a place says: the whole address where a sheet holds several pages."""
    name = unquote(name.removeprefix("/"))
    return name if "/" in name else f"{sheet}#{name}"


class _Links:
    """What becomes of the links of printed pages."""

    def __init__(self, writer: PdfWriter, places: Places, base: str, site: str):
        self._writer, self._places, self._base, self._site = writer, places, base, site

    def lead(self, owners: Sequence[str]) -> None:
        """Let links lead to pages of the file, or to those of the published site."""
        for page, owner in zip(self._writer.pages, owners, strict=True):
            kept = [one for one in page.get("/Annots", ()) if self._leads(one.get_object(), owner)]
            page.pop("/Annots", None)
            if kept:
                page[NameObject("/Annots")] = ArrayObject(kept)

    def _leads(self, link: DictionaryObject, owner: str) -> bool:
        """Whether a link leads anywhere; it is made to."""
        action = link.get("/A", DictionaryObject()).get_object()
        target = self._target(str(action.get("/URI", "")), str(link.get("/Dest", "")), owner)
        if target is None:
            return True
        page = self._places.of(target)
        if page is not None:
            link.pop("/A", None)
            link[NameObject("/Dest")] = ArrayObject([
                self._writer.pages[page].indirect_reference, NameObject("/XYZ"), NullObject(),
                FloatObject(self._places.heights[target]) if target in self._places.heights
                else NullObject(), NullObject()])
        elif self._site and "/URI" in action:
            path = str(action["/URI"]).removeprefix(self._base)
            action[NameObject("/URI")] = TextStringObject(f"{self._site}/{path}")
        return page is not None or bool(self._site)

    def _target(self, address: str, place: str, owner: str) -> str | None:
        """The page of the site that a link leads to, with its anchor; None for what is outside."""
        if place:
            return _address(place, owner)
        if not address.startswith(self._base):
            return None
        path, _, anchor = address.removeprefix(self._base).partition("#")
        path = posixpath.normpath(unquote(path)).removesuffix(".html")
        return f"{path}#{unquote(anchor)}" if anchor else path


def _number(writer: PdfWriter) -> None:
    """Print the number of each page at its top, but for the cover's."""
    font = writer._add_object(DictionaryObject({
        NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
        NameObject("/BaseFont"): NameObject("/Helvetica")}))
    before = writer._add_object(_stream("q"))
    for number, page in enumerate(writer.pages, 1):
        if number > 1:
            _stamp(writer, page, before, font, str(number))


def _stamp(writer: PdfWriter, page: PageObject, before, font, number: str) -> None:
    """Put a number on a page, whatever the page's own drawing has done to the axes."""
    left = float(page.mediabox.right) - _RIGHT - len(number) * _DIGIT * _SIZE
    after = _stream(f"Q /Artifact BMC q BT {_FONT} {_SIZE} Tf 0.27 g {left:.2f} "
                    f"{float(page.mediabox.top) - _TOP:.2f} Td ({number}) Tj ET Q EMC")
    drawn = page.raw_get("/Contents")
    own = drawn.get_object()
    parts = list(own) if isinstance(own, ArrayObject) else [drawn]
    page[NameObject("/Contents")] = ArrayObject([before, *parts, writer._add_object(after)])
    resources = page["/Resources"].get_object()
    fonts = resources.setdefault(NameObject("/Font"), DictionaryObject()).get_object()
    fonts[NameObject(_FONT)] = font


def _stream(text: str) -> DecodedStreamObject:
    made = DecodedStreamObject()
    made.set_data(text.encode("ascii"))
    return made


def _mark(writer: PdfWriter, places: Places, marks: Sequence[Mark], parent=None) -> None:
    """Bookmarks; those that only hold others lead to the first of them."""
    for one in marks:
        first = one
        while not first.address and first.inside:
            first = first.inside[0]
        page = places.of(first.address)
        if page is not None:
            item = writer.add_outline_item(title=one.title, page_number=page, parent=parent,
                                           is_open=parent is None)
            _mark(writer, places, one.inside, item)
