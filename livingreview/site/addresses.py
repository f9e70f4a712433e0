"""Addresses of the site as it was, and what they have become.

Each chapter was one long page, ``notebooks/<indication>.html``. What cells of notebooks write still
links into it, and so do others. Links in outputs of cells are led to the new places when a page is
written, and small pages at the old addresses lead there whoever comes from elsewhere.
"""

from __future__ import annotations

import base64
import html
import posixpath
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from urllib.parse import unquote_to_bytes

from docutils import nodes
from jinja2 import PackageLoader
from sphinx.application import Sphinx

from ..data.dataset import Dataset
from ..render.engine import environment, render
from ..view.addresses import Addresses, relative
from .views import view

FOLDER = "notebooks"  # outputs of cells are written for a page in a folder such as this one
DOWNLOADS = "downloads"
# Sections of an old chapter that are a page now.
PAGES = {
    "summary": "index", "effects": "benefits", "harms": "harms", "studies": "trials",
    "robustness": "robustness", "dose-source-and-time": "dose-time-source",
    "what-others-concluded": "others", "data-and-references": "data",
}
# Page of the chapter: sections of the old one, in all indications, that are a part of it.
PARTS = {
    "index": ("question", "what-changed", "summary-of-findings"),
    "benefits": (
        "pain-cells-against-placebo", "a-published-estimate-recomputed",
        "function-cells-against-placebo", "pain-cells-against-other-controls",
        "function-cells-against-other-controls",
        "cells-together-with-an-operation-or-another-injection", "knee-scores-standardised",
        "quality-of-life", "cartilage-and-joint-on-mri", "responders",
        "which-way-every-controlled-study-points", "studies-without-a-comparison-group",
        "where-the-controlled-trials-point", "disability-cells-against-placebo",
        "responders-cells-against-placebo", "the-disc-on-mri", "surgery-after-the-injection",
        "cells-against-conservative-care-and-against-any-control",
        "patients-treated-without-a-comparison",
        "replacement-collapse-and-progression-cells-added-to-the-same-operation",
        "by-stage-at-entry", "harris-score-pain-and-womac-cells-added-to-the-same-operation",
        "other-comparisons", "hips-treated-without-a-comparison",
        "where-the-controlled-studies-point",
        "grade-of-the-injury-cells-against-conservative-care-or-none",
        "improved-as-the-trial-defines-it",
        "movement-and-feeling-cells-against-conservative-care-or-none",
        "cells-added-to-the-same-operation", "cells-against-any-control",
        "cells-added-to-the-same-operation-or-cast", "cells-in-place-of-a-bone-graft",
        "by-condition", "cells-added-to-teriparatide", "experiments-in-animals"),
    "harms": ("every-arm-that-got-cells",),
    "trials": ("risk-of-bias",),
    "dose-time-source": (
        "time", "dose", "source-donor-and-number-of-injections", "pain-over-time",
        "disability-over-time", "harris-score-over-time", "route-and-time-since-the-injury",
        "by-time-since-the-injury", "movement-over-time", "feeling-over-time",
        "independence-over-time", "time-to-union", "healing-on-radiographs-over-time",
        "route-and-condition", "route-of-the-cells-in-people"),
    "others": ("what-the-seed-reviews-claimed", "the-studies-that-the-review-tabulates",
               "the-mechanisms-that-the-review-names", "its-other-numbers-and-claims"),
    "data": ("gaps-and-running-trials", "where-each-number-comes-from",
             "how-each-pooled-estimate-was-made", "where-each-study-comes-from"),
}
# Page of the chapter: tables of the old one, whose names began with that of the indication.
TABLES = {
    "index": ("changes", "since"),
    "benefits": ("directions", "votes", "direction-outcomes", "combinations", "conditions",
                 "by-condition"),
    "harms": ("event-bounds", "events-by-arm"),
    "trials": ("studies", "comparisons", "signals", "judgements", "running"),
    "dose-time-source": ("by-route",),
    "others": ("published", "claims", "seed-studies", "validation"),
}
_LINK = re.compile(r"<a\s[^>]*>")
_HREF = re.compile(r'(?<![\w:-])href="([^"]*)"')
_DOWNLOAD = re.compile(r'(?<![\w:-])download="([^"]+)"')
_ID = re.compile(r'(?<![\w:-])id="([^"]+)"')
_ELSEWHERE = re.compile(r"/|[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class OldAddresses:
    """What the addresses of old chapters have become.

    Parameters
    ----------
    data : Dataset
    """

    def __init__(self, data: Dataset):
        self.new = Addresses(data)
        self.indications = data.indications
        self._data = data

    def _doubled(self, indication: str) -> list[str]:
        """Studies whose name another indication has too, so that they got a longer address."""
        order = self.indications
        before = order[:order.index(indication)] if indication else ()
        earlier = {study for other in before for study in self._studies(other)}
        return [study for study in self._studies(indication) if study in earlier]

    def _studies(self, indication: str) -> list[str]:
        if not indication:
            return []
        return [row["study_id"] for row in self._data.records("studies", indication)]

    def rules(self, indication: str) -> list[tuple[str, str]]:
        """How anchors have moved that name a study or an analysis.

        Parameters
        ----------
        indication : str
            Empty where it is not known: then a study is the one with the plain address.

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
        chapter = self.new.chapter
        found = {anchor: chapter(indication, page) for anchor, page in PAGES.items()}
        found |= {anchor: chapter(indication, page, anchor)
                  for page, anchors in PARTS.items() for anchor in anchors}
        return found | {f"{indication}-{name}": chapter(indication, page, f"{indication}-{name}")
                        for page, names in TABLES.items() for name in names}

    @cached_property
    def _moves(self) -> dict[str, tuple[list[tuple[re.Pattern, str]], dict[str, str]]]:
        """Rules and sections of each indication; those of a page of none have an empty name."""
        return {indication: ([(re.compile(p), new) for p, new in self.rules(indication)],
                             self.sections(indication) if indication else {})
                for indication in ("", *self.indications)}

    def moved(self, indication: str, anchor: str) -> str | None:
        """Where an anchor of an old chapter is now; None where it is not known.

        Parameters
        ----------
        indication : str
            Of the chapter; empty where it is not known.
        anchor : str
        """
        rules, sections = self._moves[indication]
        if anchor in sections:
            return sections[anchor]
        fits = ((pattern.fullmatch(anchor), new) for pattern, new in rules)
        return next((new.format(fit[0], fit[1]) for fit, new in fits if fit), None)

    def chapter_of(self, page: str) -> str:
        """The indication whose chapter a page, or an old chapter, is of; empty for none."""
        folder, _, rest = page.partition("/")
        name = rest.partition("/")[0].removesuffix(".html")
        return name if folder == FOLDER and name in self.indications else ""

    def target(self, href: str, page: str, ids: Collection[str] = ()) -> str:
        """A link that a cell wrote, as its page needs it.

        Parameters
        ----------
        href : str
            Written for a page in a folder of the site.
        page : str
            Address of the page from the root of the site.
        ids : collection of str
            Identifiers on the page, to which a link leads as before.
        """
        path, mark, anchor = href.partition("#")
        if _ELSEWHERE.match(path):
            return href
        if not path:
            new = None if anchor in ids else self.moved(self.chapter_of(page), anchor)
            return relative(new, page) if new else href
        meant = posixpath.normpath(posixpath.join(_written_in(page), path))
        if meant.startswith("../"):  # beyond the root: it was written for this page
            return href
        indication = self.chapter_of(meant)
        if meant != f"{FOLDER}/{indication}.html":
            return relative(meant + mark + anchor, page)
        if anchor in ids and indication == self.chapter_of(page):
            return f"#{anchor}"
        return relative(self.moved(indication, anchor) or self.new.chapter(indication), page)


def _written_in(page: str) -> str:
    """The folder for which cells of a page write their links."""
    folder = posixpath.dirname(page)
    return FOLDER if not folder or "/" in folder else folder


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


def resolve(body: str, page: str, old: OldAddresses, ids: Collection[str] = ()) -> str:
    """Lead the links of what a cell wrote to where things are now.

    Parameters
    ----------
    body : str
        HTML that a cell wrote; links made by Sphinx are right already and must not be in it.
    page : str
        Address of its page from the root of the site.
    old : OldAddresses
    ids : collection of str
        Identifiers on the rest of the page.

    Returns
    -------
    str
    """
    here = {*ids, *_ID.findall(body)}
    return _led(body, lambda href, tag: old.target(href, page, here))


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
    """Gives what cells wrote the addresses of the site, when a page is written.

    Connect it to the event ``doctree-resolved``.

    Parameters
    ----------
    data : callable
        Gives the data folder; it is asked once, when a page has a link.
    """

    def __init__(self, data: Callable[[], Dataset]):
        self._data = data

    @cached_property
    def _old(self) -> OldAddresses:
        return OldAddresses(self._data())

    def __call__(self, app: Sphinx, doctree: nodes.document, name: str) -> None:
        """Rewrite the outputs on a page and write its files."""
        if app.builder.format != "html":
            return
        downloads = Downloads(app.builder.get_target_uri(name))
        linking = [node for node in _outputs(doctree) if "href=" in node.astext()]
        for node in list(doctree.findall(view)):  # their links are right as they are
            body = str(render(node["packed"], downloads.page, app.config.language))
            node.replace_self(nodes.raw("", filed(body, downloads), format="html"))
        ids = _ids(doctree) if linking else ()
        for node in linking:
            # in this order: the address of a file is right for the page as soon as it is written
            body = filed(resolve(node.astext(), downloads.page, self._old, ids), downloads)
            node.clear()
            node += nodes.Text(body)
        downloads.write(Path(app.outdir))

    @staticmethod
    def forget(app: Sphinx, env, added, changed, removed) -> tuple[str, ...]:
        """Remove the files of pages that are no more; for the event ``env-get-outdated``."""
        for name in removed:
            Downloads(app.builder.get_target_uri(name)).write(Path(app.outdir))
        return ()


def _outputs(doctree: nodes.document) -> Iterator[nodes.raw]:
    """The HTML that cells wrote."""
    for cell in doctree.findall(nodes.container):
        if "cell_output" in cell["classes"]:
            yield from (node for node in cell.findall(nodes.raw)
                        if "html" in node.get("format", "").split())


def _ids(doctree: nodes.document) -> set[str]:
    """Every identifier that a page will have."""
    found = {i for node in doctree.findall(nodes.Element) for i in node["ids"]}
    return found.union(*(_ID.findall(node.astext()) for node in doctree.findall(nodes.raw)))


def redirects(data: Dataset, language: str = "en") -> dict[str, str]:
    """Pages at the addresses of old chapters, which lead to the new ones.

    Parameters
    ----------
    data : Dataset
    language : str

    Returns
    -------
    dict of str to str
        HTML by address from the root of the site.
    """
    old, out = OldAddresses(data), {}
    loader = PackageLoader("livingreview.site", ".")
    template = environment(language).overlay(loader=loader).get_template("redirect.html")
    for indication in data.indications:
        page = f"{FOLDER}/{indication}.html"
        rules = [(f"^{pattern}$", relative(new, page).format("$&", "$1"))
                 for pattern, new in old.rules(indication)]
        sections = {a: relative(new, page) for a, new in old.sections(indication).items()}
        out[page] = template.render(
            language=language, title={"en": data.label("indication", indication),
                                      "zh": data.label("indication", indication, "zh")},
            chapter=relative(old.new.chapter(indication), page),
            moves={"rules": rules, "sections": sections}) + "\n"
    return out
