"""The book on paper: each chapter in short, and all of the book, as PDF files of the built site."""

from __future__ import annotations

import json
import posixpath
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as packaged
from pathlib import Path

import lxml.html

from ..data import versions
from ..data.phrases import rows
from ..render.engine import SOURCE, render
from ..render.languages import language
from ..view.base import View
from ..view.versions import Citation, State
from .joined import Mark, Places, join, placed
from .press import TITLED, PdfError, Press, Sheet, press

BOOK = "book"  # names the file of all chapters
_CHAPTERS = "notebooks/"
# Pages that are of use on a screen only: lists to look things up in, commands, addresses.
ONLINE = ("notebooks/claims-ledger", "book/data-quality", "book/codebook", "book/versions",
          "book/rerun", "book/api", "book/contribute")
_FRONT, _RESULTS = "front", "results.json"
_BRIEF = "brief.csv"  # what the file of a chapter leaves out
_ALL = ("", "")  # in it, for a page of which nothing is printed


@dataclass(frozen=True)
class Page:
    """A page of the site: its address from the root, without its ending, and its name."""

    address: str
    title: str


@dataclass(frozen=True)
class Chapter:
    """What the navigation of the site lists at its top."""

    part: str  # heading of the list that it stands in; empty for the landing page
    pages: tuple[Page, ...]  # the first one is that of the chapter itself

    @property
    def name(self) -> str:
        """Names the file of a chapter that has several pages; empty for a single page."""
        folder = posixpath.dirname(self.pages[0].address)
        whole = len(self.pages) > 1 and folder.startswith(_CHAPTERS)
        return folder.removeprefix(_CHAPTERS) if whole else ""


@dataclass(frozen=True)
class Entry:
    """A line of the contents: how deep it stands, its words, address and page.

    The page is 0 where the line only holds others.
    """

    level: int
    title: str
    address: str
    page: int


@dataclass(frozen=True)
class Left:
    """A page of a chapter of which parts are not printed."""

    title: str
    file: str  # from the root of the site
    # their names in the list of what is left out; none where it is all of the page
    kinds: tuple[str, ...]


class Front(View, template="pdf_front"):
    """Cover and contents."""

    title: str
    chapter: str  # title of the chapter; empty for the whole book
    identity: str  # what the site says that it is, where that is no version
    published: str  # day on which the version was published; empty where it is none
    licence: str
    caution: str  # what the landing page says of the review
    citation: Citation
    entries: tuple[Entry, ...]
    left: tuple[Left, ...]  # what is left out of a chapter
    online: tuple[tuple[str, str], ...]  # title and file of each page that is not printed
    base: str  # address of the site while it is printed


def _tree(site: Path, address: str):
    return lxml.html.fromstring((site / f"{address}.html").read_text(encoding="utf-8"))


def _listed(items, beside: str) -> tuple[Page, ...]:
    """The pages that links of a list lead to."""
    found = []
    for link in items:
        href = link.get("href")
        address = beside if href == "#" else posixpath.normpath(
            posixpath.join(posixpath.dirname(beside), href)).removesuffix(".html")
        found.append(Page(address, " ".join(link.text_content().split())))
    return tuple(found)


def contents(site: Path) -> tuple[Chapter, ...]:
    """What the navigation of a built site lists, in its order, after the landing page."""
    start = "book/index"
    tree = _tree(site, start)
    found, part = [Chapter("", (Page(start, _words(tree, ".//article//h1")),))], ""
    for block in tree.get_element_by_id("site-navigation"):
        if block.tag == "p":
            part = block.text_content().strip()
        elif part:
            for page in _listed(block.xpath("./li/a"), start):
                own = _tree(site, page.address).get_element_by_id("site-navigation")
                inside = own.xpath("./ul/li[a[@href='#']]/ul/li/a")
                found.append(Chapter(part, (page, *_listed(inside, page.address))))
    return tuple(found)


def _words(tree, path: str) -> str:
    """The words of the first element at a path, without the mark that links to a heading."""
    for one in tree.iterfind(path):
        for mark in one.findall(".//a[@class='headerlink']"):
            mark.drop_tree()
        return " ".join(one.text_content().split())
    return ""


@cache
def _left_out() -> dict[str, list[tuple[str, str]]]:
    """Selector and name of what the file of a chapter leaves out of each page, by its name.

    Both are empty for all of a page.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for row in rows(packaged(__package__) / _BRIEF):
        found.setdefault(row["page"], []).append((row["part"], row["what"]))
    return found


class Printing:
    """One run: what was printed already is not printed again for the same file.

    Parameters
    ----------
    site : Path
        Folder of the built site.
    said : Press
    say : callable
        Told what is being done.
    """

    def __init__(self, site: Path, said: Press, say: Callable[[str], None]):
        self.site, self._press, self._say = site, said, say
        self.chapters = contents(site)
        landing = _tree(site, self.chapters[0].pages[0].address)
        self.language = landing.get("lang") or SOURCE
        record = landing.xpath("//script[@type='application/ld+json']")
        self._record = json.loads(record[0].text) if record else {}
        # it is cited by the name that it has in its own language
        self._title = self._record.get("name", "") if self.language == SOURCE else (
            landing.findtext(".//title").partition(TITLED)[2].rpartition(" · ")[0])
        self._caution = _words(landing, ".//p[@class='lr-caution']")
        # pages in another language stand below those that the results are beside
        results = next((folder / _RESULTS for folder in (site, site.parent)
                        if (folder / _RESULTS).is_file()), None)
        self._data = State.of(json.loads(results.read_text(encoding="utf-8"))["data_version"]
                              if results else "")
        self._sheets: dict[str, Sheet] = {}

    def book(self, out: Path) -> Path:
        """Print all chapters, whole, as one file.

        Parameters
        ----------
        out : Path
            Folder of the file.
        """
        self._sheets = {}
        return self._write([one for one in self.chapters if one.pages[0].address not in ONLINE],
                           (), out, BOOK)

    def chapter(self, chapter: Chapter, out: Path) -> Path:
        """Print what a chapter argues; what is detail is left out, and its cover says where it is.

        Parameters
        ----------
        chapter : Chapter
        out : Path
            Folder of the file, which is named after the chapter.
        """
        asked = {page: _left_out().get(posixpath.basename(page.address), [])
                 for page in chapter.pages}
        pages = tuple(page for page, parts in asked.items() if _ALL not in parts)
        self._say(f"printing {chapter.name}")
        sheets = self._press.brief([(page.address, asked[page]) for page in pages])
        self._sheets = dict(zip((page.address for page in pages), sheets, strict=True))
        parts = {page: self._sheets[page.address].left for page in pages}
        left = [Left(page.title, f"{page.address}.html", parts.get(page, ()))
                for page in chapter.pages if parts.get(page, _ALL)]
        return self._write([Chapter(chapter.part, pages)], left, out, chapter.name)

    def _write(self, chapters: Sequence[Chapter], left: Sequence[Left], out: Path,
               name: str) -> Path:
        """Print chapters as one file; the name of the version, where there is one, is added."""
        sheets = [sheet for chapter in chapters for page in chapter.pages
                  if (sheet := self._sheet(page)).file]
        whole = name == BOOK
        marks = self._marks(chapters, whole)
        front = self._front(sheets, marks, left,
                            "" if whole else chapters[0].pages[0].title, name)
        facts = {"/Title": self._title if whole else
                 f"{chapters[0].pages[0].title} · {self._title}",
                 "/Author": self._record.get("author", {}).get("name", ""),
                 "/Subject": self._record.get("version", "")}
        file = out / f"{'-'.join(filter(None, (name, self.version)))}.pdf"
        out.mkdir(parents=True, exist_ok=True)
        beside = file.with_name(f".{file.name}")
        pages = join([front, *sheets], marks, beside, self._press.base,
                     self.address, facts, self.language)
        beside.replace(file)
        self._say(f"{file}: {pages} pages")
        return file

    @property
    def version(self) -> str:
        """Name of the version that the site is; empty where it is none."""
        named = self._record.get("version", "")
        return named if versions.NAME.fullmatch(named) else ""

    @property
    def address(self) -> str:
        """Where the site is published; empty where it says nothing of it."""
        return self._record.get("url", "").rpartition("/book/")[0]

    def _sheet(self, page: Page) -> Sheet:
        """A page of the site, printed."""
        if page.address not in self._sheets:
            self._say(f"printing {page.address}")
            self._sheets[page.address] = self._press.sheet(page.address)
        return self._sheets[page.address]

    def _marks(self, chapters: Sequence[Chapter], parts: bool) -> list[Mark]:
        """Bookmarks: parts of the book, chapters, their pages, sections of pages."""
        found: list[Mark] = []
        for chapter in chapters:
            own, *others = ([self._mark(page, bool(n)) for n, page in enumerate(chapter.pages)])
            top = Mark(own.title, own.address, own.inside + tuple(others))
            if not parts or not chapter.part:
                found.append(top)
            elif found and found[-1].title == chapter.part and not found[-1].address:
                found[-1] = Mark(chapter.part, "", (*found[-1].inside, top))
            else:
                found.append(Mark(chapter.part, "", (top,)))
        return found

    def _mark(self, page: Page, below: bool) -> Mark:
        """The bookmark of a page: one below a chapter by its short name."""
        sheet = self._sheet(page)
        return Mark(page.title if below else sheet.title, page.address, tuple(
            Mark(heading, f"{page.address}#{anchor}") for anchor, heading in sheet.sections))

    def _front(self, sheets: Sequence[Sheet], marks: Sequence[Mark], left: Sequence[Left],
               chapter: str, name: str) -> Sheet:
        """Cover and contents, printed again until they have as many pages as they count."""
        front, places = None, Places()
        while True:
            view = self._view(marks, left, chapter, places)
            before, front = front, self._press.text(f"{_FRONT}-{name}", str(
                render(view, language=language(self.language).code)))
            counted = placed([front, *sheets])
            if before is not None and counted.pages == places.pages:
                return front
            places = counted

    def _view(self, marks: Sequence[Mark], left: Sequence[Left], chapter: str,
              places: Places) -> Front:
        """Cover and contents, as they are said."""
        record, version = self._record, self.version
        title, published = record.get("name", ""), record.get("datePublished", "")
        cited = Citation(record.get("author", {}).get("name", ""), title, version,
                         published or self._data.day, self._data, self.address, ())
        lines = _entries(marks, places)
        return Front(self._title, chapter, "" if version else record.get("version", ""), published,
                     record.get("license", "").rpartition("/")[2], self._caution, cited,
                     # those of the book are long enough without sections of pages
                     tuple(one for one in lines if chapter or "#" not in one.address),
                     tuple(left), () if chapter else self.online, self._press.base)

    @property
    def online(self) -> tuple[tuple[str, str], ...]:
        """Title and file of the pages that stay on the screen."""
        return tuple((page.title, f"{page.address}.html") for chapter in self.chapters
                     for page in chapter.pages[:1] if page.address in ONLINE)


def _entries(marks: Iterable[Mark], places: Places, level: int = 1) -> Iterator[Entry]:
    """Lines of the contents."""
    for one in marks:
        page, (sheet, sign, anchor) = places.of(one.address), one.address.partition("#")
        yield Entry(level, one.title, f"{sheet}.html{sign}{anchor}",
                    0 if page is None else page + 1)
        yield from _entries(one.inside, places, level + 1)


def write(site: Path, out: Path, say: Callable[[str], None], chapter: str = "") -> list[Path]:
    """Print the chapters of a built site in short, and the book whole.

    Parameters
    ----------
    site : Path
        Folder of the built site, or of its pages in one language.
    out : Path
        Folder of the files.
    say : callable
        Told what is being done.
    chapter : str, optional
        Name of the only chapter to print.

    Raises
    ------
    PdfError
        When there is no built site, no such chapter or no Chromium, or it fails.
    """
    if not (site / "book" / "index.html").is_file():
        raise PdfError(f"no built site in {site}: build it first (make book)")
    known = {one.name: one for one in contents(site) if one.name and
             one.pages[0].address not in ONLINE}
    if chapter and chapter not in known:
        raise PdfError(f"{chapter}: no chapter, expected one of {', '.join(known)}")
    with tempfile.TemporaryDirectory() as folder, press(site, Path(folder)) as said:
        run = Printing(site, said, say)
        made = [run.chapter(one, out) for name, one in known.items() if chapter in ("", name)]
        if not chapter:
            made.append(run.book(out))
    return made
