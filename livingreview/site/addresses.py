"""Addresses of the site as it was, and what they have become.

In a book that has the table :data:`MOVED` each chapter was one long page,
``notebooks/<indication>.html``. Small pages at the old addresses lead whoever comes from elsewhere
to the new places.
"""

from __future__ import annotations

import base64
import html
import posixpath
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import unquote_to_bytes

from docutils import nodes
from sphinx.application import Sphinx

from ..data.dataset import Dataset
from ..data.phrases import rows
from ..render.engine import render
from ..view.addresses import Addresses, relative
from ..view.base import Label, View, label
from .freshness import MOVED
from .views import view

FOLDER = "notebooks"  # outputs of cells are written for a page in a folder such as this one
DOWNLOADS = "downloads"
# Kinds of rows of `MOVED`: a section of an old chapter that is a page now, one that is a part of a
# page, and a table, whose name began with that of the indication.
PAGE, TABLE = "page", "table"
_LINK = re.compile(r"<a\s[^>]*>")
_HREF = re.compile(r'(?<![\w:-])href="([^"]*)"')
_DOWNLOAD = re.compile(r'(?<![\w:-])download="([^"]+)"')


class OldAddresses:
    """What the addresses of old chapters have become.

    Parameters
    ----------
    data : Dataset
    moved : sequence of mapping
        Rows of the table :data:`MOVED`: ``kind``, ``anchor`` and ``page``.
    """

    def __init__(self, data: Dataset, moved: Sequence[Mapping[str, str]]):
        self.new = Addresses(data)
        self.indications = data.indications
        self._data, self.moved = data, moved

    def _doubled(self, indication: str) -> list[str]:
        """Studies whose name another indication has too, so that they got a longer address."""
        order = self.indications
        before = order[:order.index(indication)]
        earlier = {study for other in before for study in self._studies(other)}
        return [study for study in self._studies(indication) if study in earlier]

    def _studies(self, indication: str) -> list[str]:
        return [row["study_id"] for row in self._data.records("studies", indication)]

    def rules(self, indication: str) -> list[tuple[str, str]]:
        """How anchors have moved that name a study or an analysis.

        Returns
        -------
        list of (str, str)
            Pattern of a whole anchor, which Python and browsers read alike, and an address from
            the root of the site: in it ``{0}`` is the anchor, ``{1}`` what the anchor names.
            The first that fits counts.
        """
        doubled, found = self._doubled(indication), []
        for study, name in [*((re.escape(s), s) for s in doubled), (".+", "{1}")]:
            found += [(f"study-({study})", self.new.trial(indication, name)),
                      (f"value-({study})-[0-9a-f]{{8}}", self.new.value(indication, name, "{0}"))]
        return [*found, ("forest-(.+)", self.new.figure("{1}")),
                ("pooled-(.+)", self.new.figure("{1}") + "#{0}")]

    def sections(self, indication: str) -> dict[str, str]:
        """Sections and tables of an old chapter: their anchors, and their addresses now."""
        out = {}
        for row in self.moved:
            anchor = f"{indication}-{row['anchor']}" if row["kind"] == TABLE else row["anchor"]
            at = () if row["kind"] == PAGE else (anchor,)
            out[anchor] = self.new.chapter(indication, row["page"], *at)
        return out


def _led(body: str, lead: Callable[[str, str], str]) -> str:
    """HTML in which each link leads where a function of it and of its tag says."""
    def again(tag: re.Match) -> str:
        found = _HREF.search(tag[0])
        if not found:
            return tag[0]
        href = html.unescape(found[1])
        new = lead(href, tag[0])
        if new == href:
            return tag[0]
        return tag[0][:found.start(1)] + html.escape(new) + tag[0][found.end(1):]
    return _LINK.sub(again, body)


@dataclass
class Downloads:
    """Files that a page offers: they stand in a folder of the site, one for each page.

    Parameters
    ----------
    page : str
        Address of the page from the root of the site.
    files : dict of str to bytes
        Their contents by address from the root of the site.
    """

    page: str
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Their folder from the root of the site."""
        return f"{DOWNLOADS}/{self.page.removesuffix('.html').replace('/', '-')}"

    def add(self, name: str, content: bytes) -> str:
        """Keep a file; its address. What is there already is not kept twice."""
        for path, known in self.files.items():
            if known == content:
                return path
        stem, ending = posixpath.splitext(posixpath.basename(name))
        names = (f"{self.folder}/{stem}{f'-{n}' if n > 1 else ''}{ending}" for n in count(1))
        path = next(path for path in names if path not in self.files)
        self.files[path] = content
        return path

    def write(self, root: Path) -> None:
        """Write the files, and remove those that the page offered before.

        Parameters
        ----------
        root : Path
            Folder of the site.
        """
        shutil.rmtree(root / self.folder, ignore_errors=True)
        for path, content in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)


def filed(body: str, downloads: Downloads) -> str:
    """Make files of the downloads that stand in HTML itself, as ``data:`` addresses.

    Parameters
    ----------
    body : str
    downloads : Downloads
        Of the page; what is found is added.

    Returns
    -------
    str
        The HTML; its links lead to the files.
    """
    def lead(href: str, tag: str) -> str:
        name = _DOWNLOAD.search(tag)
        if not (name and href.startswith("data:")):
            return href
        path = downloads.add(html.unescape(name[1]), _content(href))
        return relative(path, downloads.page)
    return _led(body, lead)


def _content(address: str) -> bytes:
    """What a ``data:`` address holds."""
    kind, _, content = address.partition(",")
    decoded = unquote_to_bytes(content)
    return base64.b64decode(decoded) if kind.endswith(";base64") else decoded


class Outputs:
    """Writes the views of a page, and the files that they offer.

    Connect it to the event ``doctree-resolved``.
    """

    def __call__(self, app: Sphinx, doctree: nodes.document, name: str) -> None:
        """Put HTML in the place of each view, for the page and its language."""
        if app.builder.format != "html":
            return
        downloads = Downloads(app.builder.get_target_uri(name))
        for node in list(doctree.findall(view)):
            body = str(render(node["packed"], downloads.page, app.config.language))
            node.replace_self(nodes.raw("", filed(body, downloads), format="html"))
        downloads.write(Path(app.outdir))

    @staticmethod
    def forget(app: Sphinx, env, added, changed, removed) -> tuple[str, ...]:
        """Remove the files of pages that are no more; for the event ``env-get-outdated``."""
        for name in removed:
            Downloads(app.builder.get_target_uri(name)).write(Path(app.outdir))
        return ()


class Redirect(View, template="redirect"):
    """A page at the address of an old chapter."""

    title: Label
    chapter: str  # where the chapter is now
    moves: dict  # what its anchors have become: ``rules`` and ``sections``


def moved(root: Path) -> list[dict[str, str]]:
    """What a book says of its old addresses; nothing where it had no others.

    Parameters
    ----------
    root : Path
        Folder of the book.
    """
    path = root / MOVED
    return rows(path) if path.is_file() else []


def redirects(data: Dataset, root: Path) -> dict[str, str]:
    """Pages at the addresses of old chapters, which lead to the new ones.

    Parameters
    ----------
    data : Dataset
    root : Path
        Folder of the book.

    Returns
    -------
    dict of str to str
        HTML by address from the root of the site.
    """
    old, out = OldAddresses(data, moved(root)), {}
    for indication in data.indications if old.moved else ():
        page = f"{FOLDER}/{indication}.html"
        rules = [(f"^{pattern}$", relative(new, page).format("$&", "$1"))
                 for pattern, new in old.rules(indication)]
        sections = {a: relative(new, page) for a, new in old.sections(indication).items()}
        out[page] = render(Redirect(
            label(data, "indication", indication), old.new.chapter(indication),
            {"rules": rules, "sections": sections}), page) + "\n"
    return out
