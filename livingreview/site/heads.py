"""What every page says of the site: its version, other versions, and data for search engines."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup, escape
from sphinx.application import Sphinx

from ..data import versions
from ..data.interface import BASE, FILES
from ..data.project import default_folder
from ..render import languages
from ..render.engine import render
from ..render.languages import SOURCE
from ..view.base import View, packed
from ..view.versions import State

COMMIT, SIBLINGS = "LIVINGREVIEW_COMMIT", "LIVINGREVIEW_SIBLINGS"
LATEST = "latest"  # folder of the state that has no version, beside those of the versions
_PARAGRAPH = re.compile(r"<p\b(?![^>]*lr-crumbs)[^>]*>(.*?)</p>", re.DOTALL)
_SUMMARY = re.compile(r"<summary>(.*?)</summary>", re.DOTALL)
_SENTENCE, _LINE = 40, 160  # letters of what is a sentence, and of what search engines show
_CHANGED = "-changed"  # ends a commit from which the files differ


@dataclass(frozen=True)
class Identity:
    """What a built site is."""

    version: str  # name of the version; empty where it is not released
    date: str  # version of the data, which is their date; empty where they have none
    commit: str  # commit of the source; empty where it is not known
    published: str = ""  # day on which the version was published; empty where it is not released
    folder: str = ""  # name of the data folder where it is not the project's own
    language: str = SOURCE  # that its pages are written in

    @classmethod
    def of(cls, root: Path, date: str, language: str = SOURCE) -> Identity:
        """The identity of the site built from a folder.

        Raises
        ------
        versions.VersionError
            When it is said to be a version that is not published.
        """
        version, data = versions.here(), default_folder().resolve()
        return cls(version, date, os.environ.get(COMMIT) or _commit(root),
                   versions.manifest(version)["date"] if version else "",
                   "" if data == (root / "data").resolve() else data.name, language)

    @property
    def words(self) -> str:
        """Version, date and, where it is not the project's own, data folder, for a reader."""
        return render(_foot(self), language=self.language, form="txt")

    @property
    def source(self) -> str:
        """The commit for a reader, as HTML: it does not hold the data of another folder."""
        return str(render({**packed(_foot(self)), "template": "commit"}, language=self.language))

    @property
    def data_said(self) -> str:
        """The version of the data as views hold it."""
        return versions.said(self.date) or ""

    @property
    def stamps(self) -> tuple[str, ...]:
        """What pages hold of it, as it stands in them: line at the foot, words, commit, and more.

        The line comes first: whether there is a space in it depends on what stands before that.
        """
        version = htmlsafe_json_dumps(self.version or self.words)
        cited = render({"template": "unreleased", "data": {"date": self.data_said}},
                       language=self.language, form="txt")
        line = _SUMMARY.search(footer(self, lambda page, kind=0: ""))[1]
        return (line, str(escape(self.words)), self.source, str(escape(cited)),
                f'"version": {version}',
                f'"dateModified": "{versions.day(self.date)}"' if self.date else "")

    @property
    def form(self) -> tuple[object, ...]:
        """Which of these there are: a page without one is written again when it gets one."""
        return self.version, self.published, self.folder, bool(self.date), bool(self.commit)


class Foot(View, template="foot"):
    """What a page says of its site."""

    version: str
    place: str  # folder of this site, where several stand beside each other
    data: State
    folder: str
    commit: str  # its first letters; it does not hold the data of another folder
    altered: bool  # whether files differ from the commit
    # top, versions: addresses, as the page needs them, of the root of the site and of the list of
    # versions
    top: str = "."
    versions: str = ""
    # name and address of what stands beside this site; without a name it is the newest state
    others: tuple[tuple[str, str], ...] = ()


def _foot(identity: Identity, **more) -> Foot:
    return Foot(identity.version, identity.version or LATEST, State.of(identity.date),
                identity.folder, identity.commit[:12], identity.commit.endswith(_CHANGED), **more)


def address(site: str, version: str = "", code: str = SOURCE) -> str:
    """Where the pages of a version are published; without a version, those of the newest state.

    Parameters
    ----------
    site : str
        Address of all versions; empty where it is not known.
    version : str, optional
    code : str, optional
        Of the language of the pages.

    Returns
    -------
    str
        A folder of its own where several versions stand beside each other, and for a language that
        the book is translated into.
    """
    site, below = site.rstrip("/"), languages.language(code)
    parts = [site, (version or LATEST) if os.environ.get(SIBLINGS) else "",
             below.key if below.up else ""]
    return "/".join(filter(None, parts)) if site else ""


def _commit(root: Path) -> str:
    """The commit of a clone, marked where its files differ from it; empty outside a clone."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "describe", "--always", f"--dirty={_CHANGED}", "--abbrev=40",
                               "--exclude=*"], cwd=root, capture_output=True, text=True,
                              check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _others(identity: Identity) -> list[tuple[str, str]]:
    """(name, address from the top) of what stands beside this site; nothing where it is alone.

    The site of a version is built once, and is in its archive too: it knows only the page that
    stands beside each version and leads to the newest. The newest state is built among all.
    """
    if not os.environ.get(SIBLINGS):
        return []
    if identity.version:
        return [("", "index.html")]
    return [(name, f"{name}/index.html") for name in reversed(versions.published())]


def footer(identity: Identity, pathto: Callable[..., str]) -> str:
    """The version of the page, with the way to others; works without a script.

    Parameters
    ----------
    identity : Identity
    pathto : callable
        Address of a page, or of a file below the site, from the page.
    """
    top = pathto("", 1).rstrip("/") or "."
    return str(render(_foot(
        identity, top=top, versions=pathto("book/versions"),
        others=tuple((name, f"{top}/../{href}") for name, href in _others(identity))),
        language=identity.language))


def _downloads() -> list[tuple[str, str]]:
    """(address below the site, media type) of what holds the data as a whole."""
    kinds = {"json": "application/json", "csv": "text/csv"}
    return [(path, kinds["json"]) for path in (
        "results.json", "data/datapackage.json", f"{BASE}/index.json")] + [
        (f"{BASE}/{name}.{ending}", kind) for name in FILES
        for ending, kind in kinds.items()]


class Head(View, template="head"):
    """What the head of a page says to programs."""

    record: dict | None  # the page for search engines
    feed: str  # address of the feed; empty where there is none
    said: str = ""  # what the page says, in a line; empty where that is not known
    compiled: bool = False  # whether the page runs compiled code, as the search does


def leading(page: str, title: str = "", language: str = SOURCE) -> str:
    """A page that leads to another, at an address that has none of its own.

    Parameters
    ----------
    page : str
        Address of the other, as this page needs it.
    title : str, optional
        Of the other; that of the versions where nothing is given.
    language : str
    """
    return str(render({"template": "leading", "data": {"page": page, "title": title}},
                      language=language)) + "\n"


def linked_data(facts: dict[str, str], identity: Identity, site: str, page: str,
                title: str, landing: bool) -> dict:
    """A page for search engines (schema.org).

    Parameters
    ----------
    facts : dict of str to str
        What the review says of itself.
    identity : Identity
    site : str
        Address of its pages; empty where they have none, and then no address is given.
    page, title : str
        Of the page.
    landing : bool
        Whether the page describes the whole data set.
    """
    who = {"@type": "Organization", "name": facts.get("authors", "")}
    common = {"@context": "https://schema.org", "author": who,
              "version": identity.version or identity.words,
              "license": f"https://spdx.org/licenses/{facts.get('text-licence', '')}"}
    if identity.date:
        common["dateModified"] = versions.day(identity.date)
    if identity.published:
        common["datePublished"] = identity.published
    if landing:
        record = {**common, "@type": "Dataset", "name": facts.get("title", title),
                  "description": facts.get("description", ""),
                  "keywords": facts.get("keywords", "").split(";"), "isAccessibleForFree": True}
        if site:
            record["distribution"] = [
                {"@type": "DataDownload", "encodingFormat": kind, "contentUrl": f"{site}/{path}"}
                for path, kind in _downloads()]
    else:
        record = {**common, "@type": "ScholarlyArticle", "headline": title,
                  "isPartOf": {"@type": "Dataset", "name": facts.get("title", ""),
                               "description": facts.get("description", "")}}
    if site:
        record["url"] = f"{site}/{page}.html"
    return record


def described(body: str) -> str:
    """What a page says, in a line: the beginning of its first paragraph that is a sentence.

    Parameters
    ----------
    body : str
        HTML.

    Returns
    -------
    str
        Plain text; empty where the page has no such paragraph.
    """
    texts = (Markup(found[1]).striptags() for found in _PARAGRAPH.finditer(body))
    text = next((one for one in texts if len(one) >= _SENTENCE), "")
    return text if len(text) <= _LINE else text[:_LINE].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"


def decorate(app: Sphinx, identity: Identity, facts: dict[str, str], page: str,
             context: dict) -> None:
    """Give a page its version, its data for search engines, and the address of the feed."""
    context["theme_extra_footer"] = (context.get("theme_extra_footer") or "") + footer(
        identity, context["pathto"])
    everywhere = app.config.livingreview_site_url
    landing, record = page == app.config.root_doc, None
    if "title" in context and (landing or page.startswith("notebooks/")):
        site = address(everywhere, identity.version, app.config.language)
        record = linked_data(facts, identity, site, page, context["title"], landing)
    said = described(context.get("body", "")) or context.get("title", "")
    feed = f"{address(everywhere)}/feed.xml" if everywhere else ""
    context["metatags"] = context.get("metatags", "") + str(render(
        Head(record, feed, said, compiled=page == "search")))
