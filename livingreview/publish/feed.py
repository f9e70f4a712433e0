"""An Atom feed with an entry for each published version."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from .. import versions
from ..display.changes import as_text
from ..display.citation import about
from ..review.changes import changes

_ATOM = "http://www.w3.org/2005/Atom"


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    child.text = text or None
    return child


def _entry(feed: ET.Element, site: str, name: str, previous: str) -> None:
    """The entry of one version: what it changes, in words."""
    made, address = versions.manifest(name), f"{site}/releases/{name}.html"
    said = (as_text(changes(versions.results(previous), versions.results(name))) if previous
            else "The first version.")
    entry = _add(feed, "entry")
    _add(entry, "id", address)
    _add(entry, "title", f"Version {name}")
    _add(entry, "updated", f"{made['date']}T00:00:00Z")
    _add(entry, "link", rel="alternate", href=address)
    _add(entry, "content", said, type="text")


def feed(data, site: str) -> str:
    """The feed as text.

    Parameters
    ----------
    data : Dataset
    site : str
        Address of the site, without a slash at its end.

    Returns
    -------
    str

    References
    ----------
    RFC 4287, The Atom Syndication Format.
    """
    facts, known = about(data), versions.published()
    root = ET.Element("feed", xmlns=_ATOM)
    _add(root, "id", f"{site}/feed.xml")
    _add(root, "title", facts.get("title", "A living systematic review"))
    _add(_add(root, "author"), "name", facts.get("authors", ""))
    _add(root, "link", rel="self", href=f"{site}/feed.xml")
    dates = [versions.manifest(name)["date"] for name in known]
    _add(root, "updated", f"{max(dates, default=data.version or '1970-01-01')}T00:00:00Z")
    for previous, name in reversed(list(zip(["", *known], known, strict=False))):
        _entry(root, site, name, previous)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
