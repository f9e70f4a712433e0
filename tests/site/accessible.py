"""Pages of the built site as axe-core sees them, and the few that have all parts of those alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

import lxml.html

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS, SCHEMES = (1280, 390), ("light", "dark")
ZOOMED = 320  # pixels that 1280 are at 400%
# What other colours change; all else is the same in the dark.
COLOURS = ["color-contrast", "link-in-text-block"]
_APART = {"_static", "pagefind", "versions", "_images"}  # archives of others, parts of tools
_ALIKE = {"trials", "figures", "code"}  # folders of pages that one template makes
_RUN = """asked => axe.run(document, {runOnly: asked, resultTypes: ['violations']}).then(
  found => found.violations.flatMap(rule => rule.nodes.slice(0, 3).map(
    node => `${rule.id}: ${node.target.join(' ')} ${node.html.slice(0, 120)}`)))"""


def pages(html: Path) -> list[str]:
    """Addresses of the pages of a site that do not just lead to others."""
    found = (p for p in sorted(html.rglob("*.html"))
             if not _APART & set(p.relative_to(html).parts))
    return [p.relative_to(html).as_posix() for p in found
            if 'http-equiv="refresh"' not in p.read_text(encoding="utf-8").lower()]


def alike(name: str) -> bool:
    """Whether a page is one of many that a template makes."""
    return bool(_ALIKE & set(name.split("/")[:-1]))


def parts(page: Path) -> frozenset[tuple[str, ...]]:
    """Kinds of elements of a page, each with what it stands in."""
    def kind(element) -> tuple[str, str]:
        return str(element.tag), element.get("class", "")

    root = lxml.html.fromstring(page.read_bytes())
    return frozenset((*kind(e), *kind(e.getparent())) for e in root.find("body").iter()
                     if isinstance(e.tag, str))


def covering(html: Path, names: Iterable[str]) -> list[str]:
    """Few of some pages, in which every part of all of them occurs."""
    found = {name: parts(html / name) for name in names}
    left, chosen = set().union(*found.values()), []
    while left:
        best = max(found, key=lambda name: len(found[name] & left))
        chosen.append(best)
        left -= found[best]
    return chosen


def sample(html: Path) -> list[str]:
    """Every page that is made by hand or stands alone, and of those alike what holds all parts."""
    every = pages(html)
    return [n for n in every if not alike(n)] + covering(html, filter(alike, every))


def faults(page, address: str, name: str) -> Iterator[str]:
    """What axe-core finds in a page, in two widths, light and dark, and whether it fits zoomed.

    Parameters
    ----------
    page : playwright.sync_api.Page
    address, name : str
        Of the site, and of the page below it.
    """
    page.emulate_media(color_scheme=SCHEMES[0], reduced_motion="reduce")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    page.goto(f"{address}/{name}")
    page.evaluate(f"{AXE}; 0")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            asked = ({"type": "tag", "values": TAGS} if scheme == SCHEMES[0]
                     else {"type": "rule", "values": COLOURS})
            for fault in page.evaluate(_RUN, asked):
                yield f"{name} ({width} px, {scheme}) {fault}"
    page.set_viewport_size({"width": ZOOMED, "height": 256})
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > ZOOMED:
        yield f"{name}: {wide} px wide at {ZOOMED} px"
