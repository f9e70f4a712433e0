"""Tags of printed sheets, kept where sheets are joined: what a screen reader reads of a PDF.

Each sheet brings a tree of its headings, paragraphs, tables and links, whose leaves are numbers of
what is drawn on a page. In a joined file the trees stand below one root; what names its tags by a
number or a word that is unique in a sheet only is named anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pypdf import PageObject, PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

_ROOT, _PARENT, _PARENTS = "/StructTreeRoot", "/StructParent", "/StructParents"
# Kinds of Chromium that versions of the format before 2.0 do not know, and what they are there.
_ROLES = {"/Strong": "/Span", "/Em": "/Span"}


class Tags:
    """Tags of the sheets of a file.

    Parameters
    ----------
    writer : PdfWriter
        Of the file.
    """

    def __init__(self, writer: PdfWriter):
        self._writer, self._first = writer, 0  # the first number of the next sheet
        self._sheets: list[DictionaryObject] = []
        self._owners: dict[int, object] = {}  # number of a page or link: its tags
        self._named: dict[str, object] = {}

    def add(self, reader: PdfReader, pages: Sequence[PageObject]) -> None:
        """Take over the tags of a sheet; one without any adds none.

        Parameters
        ----------
        reader : PdfReader
            Of the sheet.
        pages : sequence of PageObject
            Its pages, as they were added to the file.
        """
        root = reader.trailer["/Root"]
        if _ROOT not in root:
            return
        tree = root[_ROOT].clone(self._writer).get_object()
        for page, source in zip(pages, reader.pages, strict=True):
            self._shift(page, _PARENTS, source.get(_PARENTS))
            for link in page.get("/Annots", ()):
                self._shift(link.get_object(), _PARENT, link.get_object().get(_PARENT))
        numbers = tree["/ParentTree"].get_object()["/Nums"]
        for number, owner in zip(numbers[::2], numbers[1::2], strict=True):
            self._owners[number + self._first] = owner
        kind = f"{len(self._sheets)}-"
        for tag in _tags(tree):
            self._rename(tag, kind)
        self._sheets += [one.get_object() for one in _list(tree["/K"])]
        self._first += tree["/ParentTreeNextKey"]

    def _shift(self, owner: DictionaryObject, key: str, number: int | None) -> None:
        if number is not None:
            owner[NameObject(key)] = NumberObject(number + self._first)

    def _rename(self, tag: DictionaryObject, kind: str) -> None:
        """Headers of tables and the cells that name them."""
        if "/ID" in tag:
            name = kind + str(tag["/ID"])
            tag[NameObject("/ID")] = TextStringObject(name)
            self._named[name] = tag.indirect_reference
        for attributes in map(_object, _list(tag.get("/A", ()))):
            if "/Headers" in attributes:
                attributes[NameObject("/Headers")] = ArrayObject(
                    TextStringObject(kind + str(name)) for name in attributes["/Headers"])

    def write(self) -> None:
        """Put the tags into the file, without the links that were taken off its pages."""
        if not self._sheets:
            return
        pages = self._writer.pages
        links = [link for page in pages for link in page.get("/Annots", ())]
        kept = {link.get_object().indirect_reference.idnum for link in links}
        used = {page[_PARENTS] for page in pages if _PARENTS in page} | {
            link.get_object().get(_PARENT) for link in links}
        for tag in (tag for sheet in self._sheets for tag in _tags(sheet)):
            _loosen(tag, kept)
        whole = DictionaryObject({NameObject("/S"): NameObject("/Document")})
        top = self._writer._add_object(whole)
        for sheet in self._sheets:
            sheet[NameObject("/S")], sheet[NameObject("/P")] = NameObject("/Part"), top
        whole[NameObject("/K")] = ArrayObject(one.indirect_reference for one in self._sheets)
        root = self._writer._add_object(DictionaryObject({
            NameObject("/Type"): NameObject(_ROOT), NameObject("/K"): top,
            NameObject("/ParentTree"): self._pairs("/Nums", [
                (NumberObject(n), tags) for n, tags in sorted(self._owners.items()) if n in used]),
            NameObject("/ParentTreeNextKey"): NumberObject(self._first),
            NameObject("/IDTree"): self._pairs("/Names", [
                (TextStringObject(name), tag) for name, tag in sorted(self._named.items())]),
            NameObject("/RoleMap"): DictionaryObject({
                NameObject(kind): NameObject(known) for kind, known in _ROLES.items()})}))
        whole[NameObject("/P")] = root
        self._writer.root_object.update({
            NameObject(_ROOT): root, NameObject("/MarkInfo"): DictionaryObject({
                NameObject("/Marked"): BooleanObject(True)})})

    def _pairs(self, key: str, pairs: list[tuple]):
        """A tree of the format, of one node: keys in order, each with its value."""
        return self._writer._add_object(DictionaryObject({
            NameObject(key): ArrayObject(part for pair in pairs for part in pair)}))


def _object(part):
    return part.get_object()


def _list(part) -> list:
    """What may be one or an array of them."""
    part = part.get_object() if hasattr(part, "get_object") else part
    return list(part) if isinstance(part, (list, tuple)) else [part]


def _tags(tag: DictionaryObject) -> Iterator[DictionaryObject]:
    """The tags below one, and itself where it is no root."""
    waiting = [tag]
    while waiting:
        one = waiting.pop()
        if "/S" in one:
            yield one
        waiting += [below for part in _list(one.get("/K", ()))
                    if isinstance(below := _object(part), DictionaryObject)]


def _loosen(tag: DictionaryObject, kept: set[int]) -> None:
    """Take the links that are on no page from a tag; one that has none left is a piece of text."""
    parts = _list(tag.get("/K", ()))
    left = [part for part in parts if not _lost(_object(part), kept)]
    if len(left) < len(parts):
        tag[NameObject("/K")] = ArrayObject(left)
        if tag["/S"] == "/Link":
            tag[NameObject("/S")] = NameObject("/Span")


def _lost(part, kept: set[int]) -> bool:
    return (isinstance(part, DictionaryObject) and part.get("/Type") == "/OBJR"
            and part.raw_get("/Obj").idnum not in kept)
