"""The budgets of a reader: bytes, elements, pixels, words and tab stops of the built site."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from test_browser import PAGE_HEIGHT, PAGES

from livingreview.data.dataset import load

CHAPTERS = [f"notebooks/{i}/index.html" for i in load().indications]
KB = 1024
INDEX_BYTES, PAGE_BYTES, FIRST_LOAD, SITE = 200 * KB, 400 * 1000, 300 * KB, 60 * KB * KB
TABLE_BYTES, NODES, TABLE_NODES = 600 * KB, 1500, 8000
INDEX_HEIGHT, FINDINGS_AT = 7000, 2000
INDEX_WORDS, TAB_STOPS = 1500, 25
LARGEST = 30  # of the other pages, whose height is measured


def _pages(html: Path) -> list[Path]:
    """Pages of this version: neither archives of others nor parts of a tool."""
    apart = {"_static", "pagefind", "versions", "_images"}
    found = [p for p in sorted(html.rglob("*.html")) if not apart & set(p.relative_to(html).parts)]
    return [p for p in found
            if 'http-equiv="refresh"' not in p.read_text(encoding="utf-8").lower()]


def _said(name: str, figures: dict[str, float]) -> None:
    """A measure with its largest figures, for whoever runs the tests with -s."""
    top = sorted(figures.items(), key=lambda item: -item[1])[:3]
    print(f"\n{name}: " + "; ".join(f"{page} {value:,.0f}" for page, value in top), end=" ")


def _asked_for(path: Path) -> bool:
    """Whether a page is what was asked for alone: all rows of a table, or a part of a page.

    Such files stand beside a page, which leads to them: no other kind of page is let off.
    """
    return 'class="lr-alone-table"' in path.read_text(encoding="utf-8")


def _elements(path: Path) -> int:
    """Elements below the body."""
    return len(re.findall(r"<[a-zA-Z]", path.read_text(encoding="utf-8").partition("<body")[2]))


def _too_much(name: str, figures: dict[str, float], most: float) -> list[str]:
    _said(name, figures)
    return [f"{page}: {value:,.0f} of {most:,.0f} ({name})"
            for page, value in figures.items() if value > most]


def test_bytes_and_elements_of_every_page(html):
    every = {p.relative_to(html).as_posix(): p for p in _pages(html)}
    tables = {n: p for n, p in every.items() if _asked_for(p)}
    pages = {n: p for n, p in every.items() if n not in tables}
    wrong = _too_much("bytes of an answer", {n: every[n].stat().st_size for n in CHAPTERS},
                      INDEX_BYTES)
    for kind, found, size, nodes in (("page", pages, PAGE_BYTES, NODES),
                                     ("table", tables, TABLE_BYTES, TABLE_NODES)):
        wrong += _too_much(f"bytes of a {kind}", {n: p.stat().st_size for n, p in found.items()},
                           size)
        wrong += _too_much(f"elements of a {kind}", {n: _elements(p) for n, p in found.items()},
                           nodes)
    assert not wrong, "\n".join(wrong)


def test_words_of_an_answer(html):
    words = {}
    for name in CHAPTERS:
        article = BeautifulSoup((html / name).read_text(encoding="utf-8"), "lxml").find("article")
        for apart in article(["script", "style"]):
            apart.extract()
        words[name] = len(article.get_text(" ").split())
    wrong = _too_much("words", words, INDEX_WORDS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_size_of_the_site(html, language):
    total = sum(p.stat().st_size for p in html.rglob("*") if p.is_file()
                and not {"pagefind", "versions"} & set(p.relative_to(html).parts)
                and (p.relative_to(html).parts[0] == "zh") == (language == "zh"))
    print(f"\nsite in {language}: {total / KB / KB:.1f} MB", end=" ")
    assert total <= SITE


def test_heights(html, address, window):
    heights, page = {}, window(1400)
    # the pages of the contents are measured where they are looked at at this width
    others = [p for p in _pages(html)
              if p.relative_to(html).with_suffix("").as_posix() not in PAGES]
    for name in [*CHAPTERS, *(p.relative_to(html).as_posix()
                              for p in sorted(others, key=_elements)[-LARGEST:])]:
        page.goto(f"{address}/{name}")
        heights[name] = page.evaluate("document.documentElement.scrollHeight")
    wrong = _too_much("height", heights, PAGE_HEIGHT)
    wrong += _too_much("height of an answer", {n: heights[n] for n in CHAPTERS}, INDEX_HEIGHT)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_summary_of_findings_is_near(name, address, window):
    page = window(1280)
    page.goto(f"{address}/{name}")
    table = page.query_selector(".lr-sof")
    assert table is not None
    assert table.bounding_box()["y"] < FINDINGS_AT
    stops = page.evaluate("""() => {
        const end = document.querySelector('.lr-sof');
        return [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')]
          .filter(e => e.tabIndex >= 0 && e.getClientRects().length
                  && getComputedStyle(e).visibility !== 'hidden')
          .filter(e => end.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING).length;
    }""")
    print(f"\n{name}: {stops} tab stops", end=" ")
    assert stops <= TAB_STOPS


def test_first_load(address, fresh):
    page, loaded = fresh(width=1280), {}
    page.on("response", lambda r: loaded.update({r.url: len(r.body())}) if r.ok else None)
    page.goto(f"{address}/book/index.html")
    page.wait_for_load_state("networkidle")
    wrong = _too_much("first load", {"total": sum(loaded.values())}, FIRST_LOAD)
    assert not wrong, f"{wrong} {sorted(loaded.items(), key=lambda i: -i[1])}"
