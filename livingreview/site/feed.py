"""An Atom feed with an entry for each published version."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ..data import versions
from ..display.changes import as_text
from ..display.citation import about
from ..display.releases import between
from .heads import address

_ATOM = "http://www.w3.org/2005/Atom"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    child.text = text or None
    return child


def _entry(feed: ET.Element, data, site: str, name: str, previous: str) -> None:
    """The entry of one version: what it changes, in words."""
    made, page = versions.manifest(name), f"{address(site, name)}/releases/{name}.html"
    said = as_text(between(data, previous, name), data) if previous else "The first version."
    entry = _add(feed, "entry")
    _add(entry, "id", page)
    _add(entry, "title", f"Version {name}")
    _add(entry, "updated", f"{made['date']}T00:00:00Z")
    _add(entry, "link", rel="alternate", href=page)
    _add(entry, "content", said, type="text")


def feed(data, site: str) -> str:
    """The feed as text.

    Parameters
    ----------
    data : Dataset
    site : str
        Address of all versions. The feed is that of the newest state; an entry leads to the pages
        of its version, so that its address stays the same.

    Returns
    -------
    str

    References
    ----------
    RFC 4287, The Atom Syndication Format.
    """
    facts, known = about(data), versions.published()
    own = f"{address(site)}/feed.xml"
    root = ET.Element("feed", xmlns=_ATOM)
    _add(root, "id", own)
    _add(root, "title", facts.get("title", "A living systematic review"))
    _add(_add(root, "author"), "name", facts.get("authors", ""))
    _add(root, "link", rel="self", href=own)
    dates = [versions.manifest(name)["date"] for name in known]
    _add(root, "updated", f"{max(dates, default=data.date or '1970-01-01')}T00:00:00Z")
    for previous, name in reversed(list(zip(["", *known], known, strict=False))):
        _entry(root, data, site, name, previous)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
