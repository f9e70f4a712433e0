"""Pages of the built site as axe-core sees them, and the few that have all parts of those alike."""

from __future__ import annotations

from collections.abc import Iterator, Set
from importlib.resources import files
from pathlib import Path

from lxml import etree

from livingreview.render.engine import SOURCE

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCHEMES = ("light", "dark")
STATES = tuple((width, scheme) for width in (1280, 390) for scheme in SCHEMES)
FEW = ((1280, "light"), (390, "dark"))  # in which each width and each scheme occurs
ZOOMED = 320  # pixels that 1280 are at 400%
_APART = {"_static", "pagefind", "versions", "_images"}  # archives of others, parts of tools
_ALIKE = {"trials", "figures", "code"}  # folders of pages that a template makes
# Of neighbours that have the same parts, three stay: a long table is a few rows.
_FEWER = """() => {
  const kind = e => `${e.localName}.${e.getAttribute('class')}`;
  for (const e of document.body.querySelectorAll('*')) {
    const seen = {};
    for (const child of e.children.length > 3 ? [...e.children] : []) {
      const key = kind(child) + [...new Set([...child.querySelectorAll('*')].map(kind))].sort();
      seen[key] = (seen[key] || 0) + 1;
      if (seen[key] > 3) child.remove();
    }
  }
}"""
# The page has taken the colours, and they are drawn.
SETTLED = """scheme => [undefined, scheme].includes(
  document.documentElement.dataset.theme) && new Promise(
  done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"""
_RUN = """([asked, rules, parts]) => axe.run(
  parts ? {include: window.unseen.map(e => e.closest('tr') || e)} : document,
  {runOnly: asked, rules, resultTypes: ['violations'], preload: false}).then(
  found => found.violations.flatMap(rule => rule.nodes.slice(0, 3).map(
    node => `${rule.id}: ${node.target.join(' ')} ${node.html.slice(0, 120)}`)))"""
_ALL = {"type": "tag", "values": TAGS}
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
_NO_COLOURS = {name: {"enabled": False} for name in _COLOURS["values"]}
# The parts of a page that a selector finds, of kinds that no page before had in this state. Of a
# kind are those of one name and class, in elements that are alike; the browser keeps them.
_UNSEEN = """([state, selector, texts]) => {
  const kinds = new Set(JSON.parse(localStorage.kinds || '[]'));
  const name = e => e.localName + '.' + e.getAttribute('class') + (e.getAttribute('style') || '');
  const path = e => e === document.documentElement ? state : path(e.parentElement) + '>' + name(e);
  const short = text => [...text].reduce((sum, c) => Math.imul(sum, 31) + c.charCodeAt(0) | 0, 7);
  const says = e => [...e.childNodes].some(one => one.nodeType === 3 && one.data.trim());
  window.unseen = [...document.body.querySelectorAll(selector)].filter(e => {
    if (texts && !says(e) || !e.checkVisibility()) return false;
    const kind = short(path(e)), known = kinds.has(kind);
    kinds.add(kind);
    return !known;
  });
  localStorage.kinds = JSON.stringify([...kinds]);
  return window.unseen.map(e => e.id);
}"""
_OPEN = "id => { location.hash = id; window.unseen = [document.getElementById(id)]; }"


def pages(html: Path) -> list[str]:
    """Addresses of the pages of a site that do not just lead to others."""
    found = (p for p in sorted(html.rglob("*.html"))
             if not _APART & set(p.relative_to(html).parts))
    return [p.relative_to(html).as_posix() for p in found
            if 'http-equiv="refresh"' not in p.read_text(encoding="utf-8").lower()]


def parts(root) -> frozenset[tuple[str, ...]]:
    """Kinds of elements of a page, each with what it stands in."""
    def kind(element) -> tuple[str, str]:
        return str(element.tag), element.get("class", "")

    return frozenset((*kind(e), *kind(e.getparent())) for e in root.find("body").iter()
                     if isinstance(e.tag, str))


# Rows far away are laid out where one comes near them: until then what they hold has no place. The
# bar that sticks to the window lies over a row that one may scroll away from it.
_LAID_OUT = """() => { const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { content-visibility: visible !important }
    .lr-more-rows { position: static !important }`);
  document.adoptedStyleSheets = [sheet]; }"""


def sample(html: Path) -> dict[str, bool]:
    """Pages that hold every part which any page holds, and whether their colours are looked at.

    Each page that is made by hand or stands alone; of those that a template makes, as few as have
    all parts of their kind; of those in another language, as few as have the parts that no English
    page has. The colours of a part are the same wherever it stands: they are looked at on as few
    pages as have all parts.
    """
    alone, made, translated = {}, {}, {}
    for name in pages(html):
        root = etree.HTML((html / name).read_bytes())
        whole = root.find("body").get("class") == "lr-alone-table"
        kind = (translated if root.get("lang") != SOURCE else
                made if whole or name.split("/")[0] in _ALIKE else alone)
        kind[name] = parts(root)
    english = set().union(*alone.values(), *made.values())
    coloured = [*_covering(alone), *_covering(made), *_covering(translated, english)]
    return dict.fromkeys(alone, False) | dict.fromkeys(coloured, True)


def _covering(found: dict[str, frozenset], known: Set = frozenset()) -> Iterator[str]:
    """Few of some pages, in which every part of all of them occurs but those that are known."""
    left = set().union(*found.values()) - known
    while left:
        best = max(found, key=lambda name: len(found[name] & left))
        yield best
        left -= found[best]


def faults(page, address: str, name: str, states=STATES, whole: bool = False,
           colours: bool = True) -> Iterator[str]:
    """What axe-core finds in a page, and whether it fits where it is zoomed.

    Colours are looked at in those of its parts whose kind was on no page before in this state, as
    they are the same wherever a part stands. The browser's context keeps the kinds.

    Parameters
    ----------
    page : playwright.sync_api.Page
    address, name : str
        Of the site, and of the page below it.
    states : sequence of (int, str)
        Widths in pixels and schemes of colours in which it is looked at.
    whole : bool
        Whether each row and item is looked at, also where many are alike.
    colours : bool
        Whether the contrast of letters is looked at.
    """
    yield from _opened(page, address, name)
    if not whole:
        page.evaluate(_FEWER)
    for width, scheme in states:
        _set(page, width, scheme)
        where = f"{name} ({width} px, {scheme})"
        yield from _found(page, where, _NO_COLOURS)
        if colours and page.evaluate(_UNSEEN, [f"{width} {scheme}", "*", True]):
            yield from _found(page, where, asked=_COLOURS, parts=True)


def _opened(page, address: str, name: str) -> Iterator[str]:
    """Open a page; says whether it is too wide where it is zoomed."""
    page.emulate_media(color_scheme=SCHEMES[0], reduced_motion="reduce")
    page.set_viewport_size({"width": ZOOMED, "height": 256})
    page.goto(f"{address}/{name}")
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > ZOOMED:
        yield f"{name}: {wide} px wide at {ZOOMED} px"
    page.evaluate(_LAID_OUT)
    page.evaluate(f"{AXE}; 0")


def _set(page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function(SETTLED, arg=scheme)


def _found(page, where: str, rules=None, asked=_ALL, parts: bool = False) -> Iterator[str]:
    for fault in page.evaluate(_RUN, [asked, rules or {}, parts]):
        yield f"{where} {fault}"


def all_faults(page, address: str, name: str) -> Iterator[str]:
    """What axe-core finds in a page in each state, where hundreds are alike.

    In both widths it is looked at whole; for colours, in each state, and as the target of a link,
    those of its parts whose kind was on no page before. The browser's context keeps the kinds.

    Parameters
    ----------
    page : playwright.sync_api.Page
    address, name : str
        Of the site, and of the page below it.
    """
    yield from _opened(page, address, name)
    for width, scheme in STATES:
        _set(page, width, scheme)
        where, state = f"{name} ({width} px, {scheme})", f"{width} {scheme}"
        if scheme == SCHEMES[0] and (width == STATES[0][0] or page.evaluate(
                _UNSEEN, [f"{width}", "*", False])):
            yield from _found(page, where, _NO_COLOURS)
        if page.evaluate(_UNSEEN, [state, "*", True]):
            yield from _found(page, where, asked=_COLOURS, parts=True)
        targets = page.evaluate(_UNSEEN, [f"{state} target", "article [id]", False])
        for target in targets:
            page.evaluate(_OPEN, target)
            yield from _found(page, f"{where[:-1]}, #{target} open)", parts=True)
        page.evaluate("location.hash = ''; scrollTo(0, 0)")
