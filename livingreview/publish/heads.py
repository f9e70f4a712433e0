"""What every page says of the site: its version, other versions, and data for search engines."""

from __future__ import annotations

import html
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx

from .. import versions

VERSION, COMMIT, SIBLINGS = ("LIVINGREVIEW_VERSION", "LIVINGREVIEW_COMMIT",
                             "LIVINGREVIEW_SIBLINGS")


@dataclass(frozen=True)
class Identity:
    """What a built site is.

    Attributes
    ----------
    version : str
        Name of the version; empty where it is not released.
    date : str
        Date of the data; empty where they have none.
    commit : str
        Commit of the source; empty where it is not known.
    """

    version: str
    date: str
    commit: str

    @classmethod
    def of(cls, root: Path, date: str) -> Identity:
        """The identity of the site built from a folder."""
        return cls(os.environ.get(VERSION, ""), date,
                   os.environ.get(COMMIT) or _commit(root))

    @property
    def words(self) -> str:
        """Version and date, for a reader."""
        name = f"version {self.version}" if self.version else "unreleased"
        return f"{name}, data of {self.date}" if self.date else name


def _commit(root: Path) -> str:
    """The commit of a clone, marked where its files differ from it; empty outside a clone."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty=-changed", "--abbrev=40",
                               "--exclude=*"], cwd=root, capture_output=True, text=True,
                              check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _others(identity: Identity) -> list[str]:
    """Other versions that stand beside this site, newest first; none where it stands alone."""
    if not os.environ.get(SIBLINGS):
        return []
    names = ["latest", *reversed(versions.published())]
    return [name for name in names if name != (identity.version or "latest")]


def footer(identity: Identity, pathto) -> str:
    """The version of the page, with the way to others; works without a script.

    Parameters
    ----------
    identity : Identity
    pathto : callable
        Address of a page, or of a file below the site, from the page.
    """
    top = pathto("", 1).rstrip("/") or "."
    links = "".join(f'<li><a href="{top}/../{name}/index.html">{name}</a></li>'
                    for name in _others(identity))
    commit = f" · commit <code>{html.escape(identity.commit[:12])}</code>" if (
        identity.commit) else ""
    return (f'<details class="lr-versions" data-top="{top}" data-version="'
            f'{html.escape(identity.version or "latest")}"><summary>This site: '
            f"{html.escape(identity.words)}{commit}</summary>"
            f'<ul><li><a href="{pathto("book/versions")}">All versions, and what changed</a></li>'
            f"{links}</ul></details>")


def linked_data(facts: dict[str, str], identity: Identity, site: str, page: str,
                title: str, landing: bool) -> str:
    """A page for search engines (schema.org), as an element of its head.

    Parameters
    ----------
    facts : dict of str to str
        What the review says of itself.
    identity : Identity
    site : str
        Address of the site; empty where it has none, and then no address is given.
    page, title : str
        Of the page.
    landing : bool
        Whether the page describes the whole data set.
    """
    who = {"@type": "Organization", "name": facts.get("authors", "")}
    common = {"@context": "https://schema.org", "author": who, "version": identity.words,
              "dateModified": identity.date,
              "license": f"https://spdx.org/licenses/{facts.get('text-licence', '')}"}
    if landing:
        record = {**common, "@type": "Dataset", "name": facts.get("title", title),
                  "description": facts.get("description", ""),
                  "keywords": facts.get("keywords", "").split(";"), "isAccessibleForFree": True}
        if site:
            record["distribution"] = [
                {"@type": "DataDownload", "encodingFormat": "application/json",
                 "contentUrl": f"{site}/results.json"}]
    else:
        record = {**common, "@type": "ScholarlyArticle", "headline": title,
                  "isPartOf": {"@type": "Dataset", "name": facts.get("title", "")}}
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
    site = app.config.livingreview_site_url.rstrip("/")
    landing = page == app.config.root_doc
    if "title" in context and (landing or page.startswith("notebooks/")):
        context["metatags"] = context.get("metatags", "") + linked_data(
            facts, identity, site, page, context["title"], landing)
    if site:
        context["metatags"] = context.get("metatags", "") + (
            f'<link rel="alternate" type="application/atom+xml" href="{site}/feed.xml">')


