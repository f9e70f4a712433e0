"""What every page says of the site: its version, other versions, and data for search engines."""

from __future__ import annotations

import html
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from markupsafe import escape
from sphinx.application import Sphinx

from ..data import versions
from ..data.dataset import default_folder

COMMIT, SIBLINGS = "LIVINGREVIEW_COMMIT", "LIVINGREVIEW_SIBLINGS"
LATEST = "latest"  # folder of the state that has no version, beside those of the versions
_CHANGED = "-changed"  # ends a commit from which the files differ


@dataclass(frozen=True)
class Identity:
    """What a built site is.

    Attributes
    ----------
    version : str
        Name of the version; empty where it is not released.
    date : str
        Version of the data, which is their date; empty where they have none.
    commit : str
        Commit of the source; empty where it is not known.
    published : str
        Day on which the version was published; empty where it is not released.
    folder : str
        Name of the data folder where it is not the project's own.
    """

    version: str
    date: str
    commit: str
    published: str = ""
    folder: str = ""

    @classmethod
    def of(cls, root: Path, date: str) -> Identity:
        """The identity of the site built from a folder.

        Raises
        ------
        versions.VersionError
            When it is said to be a version that is not published.
        """
        version, data = versions.here(), default_folder().resolve()
        return cls(version, date, os.environ.get(COMMIT) or _commit(root),
                   versions.manifest(version)["date"] if version else "",
                   "" if data == (root / "data").resolve() else data.name)

    @property
    def words(self) -> str:
        """Version, date and, where it is not the project's own, data folder, for a reader."""
        name = f"version {self.version}" if self.version else "unreleased"
        of = f" of {versions.said(self.date)}" if self.date else ""
        where = f" in the folder {self.folder}" if self.folder else ""
        return f"{name}, data{of}{where}" if of or where else name

    @property
    def source(self) -> str:
        """The commit for a reader, as HTML: it does not hold the data of another folder."""
        if not self.commit:
            return ""
        said = f"{'code of ' if self.folder else ''}commit "
        changed = " with changes" if self.commit.endswith(_CHANGED) else ""
        return f" · {said}<code>{html.escape(self.commit[:12])}</code>{changed}"

    @property
    def stamps(self) -> tuple[str, ...]:
        """What pages hold of it, as it stands in them: words, commit, version and day as JSON."""
        version = json.dumps(self.version or self.words, ensure_ascii=False)
        return (str(escape(self.words)), self.source, f'"version": {version}',
                f'"dateModified": "{versions.day(self.date)}"' if self.date else "")

    @property
    def form(self) -> tuple[object, ...]:
        """Which of these there are: a page without one is written again when it gets one."""
        return self.version, self.published, self.folder, bool(self.date), bool(self.commit)


def address(site: str, version: str = "") -> str:
    """Where the pages of a version are published; without a version, those of the newest state.

    Parameters
    ----------
    site : str
        Address of all versions; empty where it is not known.
    version : str, optional

    Returns
    -------
    str
        A folder of its own where several versions stand beside each other.
    """
    site = site.rstrip("/")
    return f"{site}/{version or LATEST}" if site and os.environ.get(SIBLINGS) else site


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
        return [("newest", "index.html")]
    return [(name, f"{name}/index.html") for name in reversed(versions.published())]


def footer(identity: Identity, pathto) -> str:
    """The version of the page, with the way to others; works without a script.

    Parameters
    ----------
    identity : Identity
    pathto : callable
        Address of a page, or of a file below the site, from the page.
    """
    top = pathto("", 1).rstrip("/") or "."
    links = "".join(f'<li><a href="{top}/../{href}">{name}</a></li>'
                    for name, href in _others(identity))
    return (f'<details class="lr-versions" data-top="{top}" data-version="'
            f'{html.escape(identity.version or LATEST)}"><summary>This site: '
            f"{escape(identity.words)}{identity.source}</summary>"
            f'<ul><li><a href="{pathto("book/versions")}">All versions, and what changed</a></li>'
            f"{links}</ul></details>")


def _downloads() -> list[tuple[str, str]]:
    """(address below the site, media type) of what holds the data as a whole."""
    from . import api  # what computes takes seconds to load, and only one page asks for this

    kinds = {"json": "application/json", "csv": "text/csv"}
    return [(path, kinds["json"]) for path in (
        "results.json", "data/datapackage.json", f"{api.BASE}/index.json")] + [
        (f"{api.BASE}/{name}.{ending}", kind) for name in api.FILES
        for ending, kind in kinds.items()]


def linked_data(facts: dict[str, str], identity: Identity, site: str, page: str,
                title: str, landing: bool) -> str:
    """A page for search engines (schema.org), as an element of its head.

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
    # "</" would end the element
    return ('<script type="application/ld+json">'
            + json.dumps(record, ensure_ascii=False, sort_keys=True).replace("</", "<\\/")
            + "</script>")


def decorate(app: Sphinx, identity: Identity, facts: dict[str, str], page: str,
             context: dict) -> None:
    """Give a page its version, its data for search engines, and the address of the feed."""
    context["theme_extra_footer"] = (context.get("theme_extra_footer") or "") + footer(
        identity, context["pathto"])
    site = address(app.config.livingreview_site_url, identity.version)
    landing = page == app.config.root_doc
    if "title" in context and (landing or page.startswith("notebooks/")):
        context["metatags"] = context.get("metatags", "") + linked_data(
            facts, identity, site, page, context["title"], landing)
    if site:
        context["metatags"] = context.get("metatags", "") + (
            '<link rel="alternate" type="application/atom+xml" '
            f'href="{address(app.config.livingreview_site_url)}/feed.xml">')


