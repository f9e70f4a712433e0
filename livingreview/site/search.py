"""The search of a site: a static index by Pagefind for each language, and the page that asks it.

Pages say by what they are found: attributes of their article, set here where a page sets none.
Elements with `_APART` are in no index: a change in them alone leaves the one that is there.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError

from ..data.phrases import rows
from ..data.project import default_folder
from ..data.reads import digest
from ..render import languages
from ..render.languages import Language
from . import cbor, translated
from .places import remembered

FOLDER = "pagefind"
_BODY, _END = "data-pagefind-body", "/article>"  # around what Pagefind reads of a page
_APART = ' data-pagefind-ignore="all"'
_ENTRY, _MADE_FROM = "pagefind-entry.json", "made_from"
# What Pagefind writes for searches that are not ours.
_NOT_USED = ("pagefind-ui.*", "pagefind-modular-ui.*", "pagefind-component-ui.*",
             "pagefind-highlight.js")
_MAGIC = b"pagefind_dcd"  # begins its files
_FILTERS = 3  # place of the list of filters in the description of an index
_CLAIMS = ("claims-ledger", "headline-numbers", "seed-")


class SearchError(SphinxError):
    """The index could not be made."""

    category = "Search"


def kind(page: str, indications: frozenset[str] | set[str]) -> tuple[str, str]:
    """What a page is, by its address: (kind, identifier of its indication or nothing).

    Parameters
    ----------
    page : str
        Its name, without ``.html``.
    indications : set of str
        Those of the data.
    """
    room, _, rest = page.partition("/")
    first = rest.partition("/")[0]
    if room == "notebooks" and first in indications:
        return "chapter", first
    if room == "notebooks" and rest.startswith(_CLAIMS):
        return "claims", ""
    return {"trials": "trial", "figures": "analysis", "book": "method"}.get(room, "page"), ""


def labels(data: Path, language: Language) -> dict[str, str]:
    """Names of the indications of a data folder in a language, by their identifiers."""
    return {row["value"]: row[f"label_{language.key}"] or row["label_en"]
            for row in rows(data / "vocabularies.csv") if row["list"] == "indication"}


@dataclass(frozen=True)
class Begun:
    """An index that is being written, and the digest of what it is made from."""

    process: subprocess.Popen
    made_from: str


def begin(out: Path, pages: Sequence[Path]) -> Begun | None:
    """Begin to write the index of pages into a folder beside them.

    Parameters
    ----------
    out : Path
        Folder of the pages of a language; others may lie in folders of it.
    pages : sequence of Path
        All pages of the language, in order.

    Returns
    -------
    Begun or None
        For :func:`end`; None where the index that is there was made from the same.
    """
    made_from = digest([Path(__file__).read_bytes(), version("pagefind"), *_indexed(out, pages)])
    if remembered(out / FOLDER / _ENTRY).get(_MADE_FROM) == made_from:
        return None
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    rooms = {p.relative_to(out).parts[0] for p in pages if p.parent != out}
    places = ("*", *(f"{room}/**/*" for room in sorted(rooms)))
    return Begun(subprocess.Popen(
        [sys.executable, "-m", "pagefind", "--site", out, "--output-subdir", FOLDER,
         "--glob", f"{{{','.join(places)}}}.html", "--exclude-selectors", ".headerlink",
         "--keep-index-url", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True), made_from)


def _indexed(out: Path, pages: Iterable[Path]) -> Iterator[str]:
    """The addresses of pages, and what an index can hold of each."""
    for path in pages:
        html = path.read_text(encoding="utf-8")
        start = html.find(_BODY)
        if start >= 0:
            yield path.relative_to(out).as_posix()
            yield from _without_apart(html, start, html.rfind(_END))


def _without_apart(html: str, start: int, end: int) -> Iterator[str]:
    """The pieces of a page between elements that are in no index.

    Such an element is taken to end where the first of its name does: with one of the same name
    inside it, more is looked at than is in the index, never less.
    """
    while (mark := html.find(_APART, start, end)) >= 0:
        opened = html.rfind("<", start, mark)
        yield html[start:opened]
        name = html[opened + 1:mark].split()[0]
        start = max(html.find(f"</{name}>", mark), mark + len(_APART))
    yield html[start:end]


def end(out: Path, begun: Begun) -> None:
    """Wait for the index, and leave what the site uses of it.

    Parameters
    ----------
    out : Path
    begun : Begun
        What :func:`begin` returned.

    Raises
    ------
    SearchError
    """
    said, _ = begun.process.communicate()
    if begun.process.returncode:
        raise SearchError(f"the index of the search was not made: {said}")
    for pattern in _NOT_USED:
        for path in (out / FOLDER).glob(pattern):
            path.unlink()
    _settle(out / FOLDER, begun.made_from)


def _settle(folder: Path, made_from: str) -> None:
    """Order what Pagefind leaves to chance, so that the same pages give the same bytes."""
    entry = folder / _ENTRY
    described = json.loads(entry.read_text(encoding="utf-8"))
    for language, index_of in described["languages"].items():
        meta = folder / f"pagefind.{index_of['hash']}.pf_meta"
        content = _taken(meta)
        filters = []
        for name, known in sorted(content[_FILTERS]):
            title, values = _taken(folder / "filter" / f"{known}.pf_filter")
            data = cbor.dumps([title, sorted(values)])
            filters.append([name, _named(language, data, 7)])
            _put(folder / "filter" / f"{filters[-1][1]}.pf_filter", data)
        content[_FILTERS] = filters
        data = cbor.dumps(content)
        index_of["hash"] = _named(language, data, 10)
        _put(folder / f"pagefind.{index_of['hash']}.pf_meta", data)
    described[_MADE_FROM] = made_from
    entry.write_text(json.dumps(described, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def _named(language: str, data: bytes, length: int) -> str:
    """The name of a part of an index, by its content."""
    return f"{language}_{hashlib.sha256(data).hexdigest()[:length]}"


def _taken(path: Path) -> list:
    """The content of a file of an index, which goes."""
    content = cbor.loads(gzip.decompress(path.read_bytes()).removeprefix(_MAGIC))
    path.unlink()
    return content


def _put(path: Path, data: bytes) -> None:
    """Write a file of an index."""
    path.write_bytes(gzip.compress(_MAGIC + data, mtime=0))


def _keywords(doctree: nodes.document | None) -> str:
    """By what else a page is looked for: the keywords of its front matter."""
    return next((meta["content"] for meta in doctree.findall(nodes.meta)
                 if meta.get("name") == "keywords"), "") if doctree else ""


class _Search:
    """One run of the builder."""

    def __init__(self) -> None:
        self.labels: dict[str, str] = {}
        self.prose: dict[str, str] = {}
        self.written = False
        self.begun: Begun | None = None

    def begin(self, app: Sphinx) -> None:
        """Switch off the theme's own index."""
        app.builder.search = False
        self.labels = labels(default_folder(), languages.language(app.config.language))
        self.prose = translated.prose(Path(app.srcdir), app.config.language)

    def page(self, app: Sphinx) -> Iterator[tuple[str, dict, str]]:
        """The page that searches."""
        self.written = True
        yield "search", {"title": "Search"}, "search.html"

    def decorate(self, app: Sphinx, page: str, template: str, context: dict, doctree) -> None:
        """Say by what a page is found, where it does not say so itself."""
        if 'data-pagefind-filter="kind' in str(context.get("body", "")):
            return
        name, indication = kind(page, self.labels.keys())
        if page == app.config.root_doc:
            name = "page"
        context["found_by"] = {"kind": name, "indication": self.labels.get(indication, ""),
                               "asked": self.prose.get(asked := _keywords(doctree), asked)}

    def index(self, app: Sphinx, exception) -> None:
        """Begin the index, where a page was written; other languages are waited for meanwhile."""
        if exception is None and self.written:
            self.begun = begin(Path(app.outdir), list(translated.pages(app)))

    def finish(self, app: Sphinx, exception) -> None:
        """Wait for the index."""
        if self.begun:
            end(Path(app.outdir), self.begun)


def _prepare(app: Sphinx) -> None:
    """Take the place of the theme's search in a book that is written as pages."""
    if app.builder.format != "html":
        return
    search = _Search()
    search.begin(app)
    app.connect("html-collect-pages", search.page)
    app.connect("html-page-context", search.decorate)
    app.connect("build-finished", search.index, priority=750)  # when pages are as they stay
    app.connect("build-finished", search.finish, priority=900)


def setup(app: Sphinx) -> None:
    """Register the search."""
    app.connect("builder-inited", _prepare)
