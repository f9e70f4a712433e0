"""Every link of the built site leads somewhere, and nothing is loaded from elsewhere."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html
from bs4 import BeautifulSoup

from livingreview.data.dataset import load
from livingreview.site.light import THEME
from livingreview.view.addresses import Addresses

DATA = Path(__file__).resolve().parents[2] / "data"
ELSEWHERE = ("http://", "https://", "//")
OUR_CSS = THEME / "static"
# What a style sheet loads: url(...), and @import with or without it.
CSS_LOADS = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@cache
def _soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")


@cache
def _root(path: Path) -> lxml.html.HtmlElement:
    """A page as a tree, which two thousand pages need quickly."""
    return lxml.html.fromstring(path.read_bytes())


@cache
def _anchors(path: Path) -> frozenset[str]:
    """Places of a page, those among them that its script reads from files beside it."""
    held = " ".join(_root(path).xpath("//@data-holds")).split()
    return frozenset([*_root(path).xpath("//@id | //@name"), *held])


def _pages(html: Path) -> list[Path]:
    return sorted(p for p in html.rglob("*.html") if "_static" not in p.parts)


def _broken(html: Path, page: Path) -> list[str]:
    out = []
    for href in _root(page).xpath("//a/@href"):
        if href.startswith((*ELSEWHERE, "mailto:", "data:", "javascript:")):
            continue
        parts = urlsplit(href)
        target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
        if not target.is_file():
            out.append(f"{page.relative_to(html)}: {href}: no such file")
        elif parts.fragment and target.suffix == ".html" and (
                unquote(parts.fragment) not in _anchors(target)):
            out.append(f"{page.relative_to(html)}: {href}: no such anchor")
    return out


def test_every_link_leads_somewhere(html):
    pages = _pages(html)
    assert len(pages) >= 8
    broken = [line for page in pages for line in _broken(html, page)]
    assert not broken, "\n".join(broken[:50])


def _rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _table(html: Path, page: str, table: str) -> list:
    """The rows of a table; where a page is cut, of the file beside it that holds all."""
    stem = (html / page).with_suffix("")
    files = [f for f in (stem.with_name(f"{stem.name}-{table}.html"),
                         stem.with_name(f"{stem.name}-part-{table}.html"), html / page)
             if f.is_file()]
    found = _soup(files[0]).select(f"#{table} tbody tr")
    assert found, f"{page}: no table {table}"
    return found


def _linked_studies(html: Path, page: str, table: str) -> set[str]:
    """Addresses of the pages of studies that the rows of a table are about."""
    links = (a["href"] for tr in _table(html, page, table)
             for a in tr.select("th a[href]") or tr.select("a[href]"))
    return {path.rpartition("trials/")[2] for link in links
            if "trials/" in (path := unquote(urlsplit(link).path))}


def test_every_study_of_the_tables_is_on_the_built_pages(html):
    """Counted from the files of the data and of the site alone."""
    data = load()
    addresses = Addresses(data)
    known = {(p.parent.name, row["study_id"]): row for p in DATA.glob("*/studies.csv")
             for row in _rows(p)}
    page = {key: addresses.trial(*key).removeprefix("trials/") for key in known}
    results = json.loads((html / "results.json").read_text(encoding="utf-8"))["analyses"]
    used = {page[r["indication"], s[key]] for r in results.values() for s in r["studies"]
            for key in ("study_id", "trial_id")}
    reasons = _linked_studies(html, "book/data-quality.html", "unused-studies")
    nowhere = [name for name in page.values() if not (html / "trials" / name).is_file()]
    assert len(set(page.values())) == len(known) and not nowhere, "\n".join(nowhere[:50])
    assert used | reasons == set(page.values()) and not used & reasons
    main = {page[key] for key, row in known.items() if not row["companion_of"]}
    assert _linked_studies(html, "book/flow.html", "flow-known-studies") == main
    left = _linked_studies(html, "book/flow.html", "flow-left-studies")
    assert left | _linked_studies(html, "book/flow.html", "flow-pooled-studies") == main


def test_every_adverse_event_after_cells_is_on_the_page_of_harms(html):
    shown = {tuple(re.search(r"row (\d+) of ([\w-]+)/", tr.get_text()).groups())
             for tr in _table(html, "notebooks/harms.html", "harms-rows")}
    due = set()
    for path in DATA.glob("*/adverse_events.csv"):
        arms = {(a["study_id"], a["arm_id"]): a for a in _rows(path.with_name("arms.csv"))}
        due |= {(str(n), path.parent.name) for n, row in enumerate(_rows(path), 2)
                if arms[row["study_id"], row["arm_id"]]["cell_product"] not in ("", "none")}
    assert due and due <= shown


def test_nothing_is_loaded_from_another_host(html):
    loaded = [f"{page.relative_to(html)}: {tag.get('src') or tag.get('href')}"
              for page in _pages(html)
              for tag in _root(page).iter("script", "link", "img", "iframe", "source")
              if (tag.get("src") or tag.get("href") or "").startswith(ELSEWHERE)
              and tag.get("rel") not in ("canonical", "license")]
    assert not loaded, "\n".join(loaded)


def _loaded_by(css: str) -> list[str]:
    return [one or other for one, other in CSS_LOADS.findall(css)]


def test_our_styles_load_nothing_from_another_host(html):
    sheets = {path.name: path.read_text(encoding="utf-8") for path in OUR_CSS.glob("*.css")}
    assert sheets
    for page in _pages(html):
        inline = [*_root(page).xpath("//style/text()"), *_root(page).xpath("//@style")]
        sheets[str(page.relative_to(html))] = "\n".join(inline)
    loaded = [f"{name}: {what}" for name, css in sheets.items() for what in _loaded_by(css)
              if what.startswith(ELSEWHERE)]
    assert not loaded, "\n".join(loaded)


def test_what_a_style_sheet_loads_is_found():
    assert _loaded_by('@import "https://a.org/x.css"; @import url(//b.org/y.css);\n'
                      "p { background: url( 'data:image/png' ) }") == [
        "https://a.org/x.css", "//b.org/y.css", "data:image/png"]


def test_identifiers_are_unique(html):
    for page in _pages(html):
        ids = _root(page).xpath("//@id")
        double = sorted({i for i in ids if ids.count(i) > 1})
        assert not double, f"{page.relative_to(html)}: {double[:10]}"


def test_public_files_are_there(html):
    for path in ("results.json", "data/datapackage.json", "data/codebook.csv",
                 "data/knee-osteoarthritis/outcomes.csv"):
        assert (html / path).is_file(), path


def test_at_least_fifteen_trials_are_named_in_forest_plots(html):
    names = {tag.get_text() for page in (html / "figures").glob("knee-*.html")
             for tag in _soup(page).select("figure.lr-forest th[scope=row] > a")}
    assert len(names) >= 15, names
