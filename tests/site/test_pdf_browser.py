"""A chapter of the built site on paper, printed with Chromium."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections import Counter

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from livingreview.site import pdf, press

NAME = "osteoporosis"


@pytest.fixture(scope="module")
def printed(html, tmp_path_factory) -> PdfReader:
    """The chapter; of the site only its words are asked for."""
    try:
        press.chromium()
    except press.PdfError as error:
        pytest.fail(str(error))
    made = pdf.write(html, tmp_path_factory.mktemp("pdf"), lambda _: None, NAME)
    return PdfReader(made[0])


def _words(text: str) -> str:
    """Letters and digits alone: a line that is broken on paper is one on the screen."""
    return re.sub(r"\W+", "", text).lower()


@pytest.fixture(scope="module")
def pages(printed) -> list[str]:
    """The text of each page, without ligatures."""
    return [unicodedata.normalize("NFKC", page.extract_text()) for page in printed.pages]


@pytest.fixture(scope="module")
def told(pages) -> str:
    """All words, without the head, the foot and the number of each page."""
    return _words("".join("".join(text.splitlines()[2:-1]) for text in pages))


@pytest.fixture(scope="module")
def answer(html):
    file = html / "notebooks" / NAME / "index.html"
    return BeautifulSoup(file.read_text(encoding="utf-8"), "lxml").find("article")


def test_the_answer_is_on_paper(answer, told):
    paragraphs = [_words(unicodedata.normalize("NFKC", one.get_text()))
                  for one in answer.find_all("p")
                  if not one.find_parent(["details", "template", "nav", "figure", "td", "th"])
                  and not one.find("a", href=re.compile("doi.org/"))]
    assert len(paragraphs) > 4
    # the end of a paragraph may stand on the next page, behind what else is on the first
    assert not [one for one in paragraphs if one[:60] not in told]


def test_the_cover_says_what_to_cite(html, pages):
    cover = _words(pages[0])
    record = BeautifulSoup((html / "book" / "index.html").read_text(encoding="utf-8"), "lxml").find(
        "script", type="application/ld+json").string
    for key in ("name", "version"):
        assert _words(re.search(rf'"{key}": "([^"]+)"', record)[1]) in cover


def test_every_page_has_its_head_and_number(printed, pages):
    for number, text in enumerate(pages[1:], 2):
        assert text.rstrip().endswith(str(number)), number
    first = min(printed.get_destination_page_number(one) for one in _flat(printed.outline))
    for text in pages[first:]:
        assert text.lstrip().startswith("Osteoporosis"), text[:80]


def _flat(outline) -> list:
    return [leaf for one in outline for leaf in (_flat(one) if isinstance(one, list) else [one])]


def test_contents_give_the_pages_on_which_headings_stand(printed, pages):
    marks = [(one.title, printed.get_destination_page_number(one) + 1)
             for one in _flat(printed.outline)]
    listed = re.findall(r"^(.+?)\s+(\d+)$", "\n".join(
        pages[1:min(number for _, number in marks) - 1]), re.MULTILINE)
    assert len(listed) > 7
    assert [(title, int(number)) for title, number in listed] == marks
    for title, number in marks:
        # the name of a page in the navigation may be shorter than its heading
        assert _words(title.split(",")[0]) in _words(pages[number - 1]), (title, number)


def test_titles_in_another_language_are_read_as_they_stand(html):
    named = [chapter.pages[0].title for chapter in pdf.contents(html / "zh")]
    assert "骨质疏松症" in named


def test_no_controls_are_on_paper(answer, pages, told):
    text = "\n".join(pages)
    for control in ("Print this page", "Download as CSV", "Show all", "Try your own", "Reset",
                    "On this page", "Skip to main content", "Data behind this figure", "Filter"):
        assert control not in text, control
    tabs = answer.find("nav", class_="lr-tabs")
    assert tabs and _words(tabs.get_text()) not in told


def test_a_screen_reader_finds_headings_and_tables(printed, answer):
    root = printed.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value and root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    kinds, waiting = Counter(), [root["/StructTreeRoot"]]
    while waiting:
        tag = waiting.pop().get_object()
        if isinstance(tag, dict):
            kinds[tag.get("/S")] += 1
            inside = tag.get("/K", [])
            waiting += inside if isinstance(inside, list) else [inside]
    assert kinds["/H1"] > 7 and kinds["/H2"] >= len(answer.find_all("h2"))
    assert kinds["/Table"] and kinds["/TH"] and kinds["/TD"] and kinds["/Figure"]


def test_a_doi_is_printed_and_an_address_of_a_trial(html, told):
    soup = BeautifulSoup((html / "notebooks" / NAME / "trials.html").read_text(encoding="utf-8"),
                         "lxml")
    trials = [one["data-page"] for one in soup.select("[data-page]")]
    assert trials and not [one for one in trials if _words(one) not in told]
    assert "httpsdoiorg10" in told


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_page_printed_by_a_reader_is_black_on_white(html, scheme):
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_context(color_scheme=scheme).new_page()
        page.goto((html / "notebooks" / NAME / "index.html").as_uri())
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)")
        shown = page.locator("header, nav, button, select, input, .lr-tabs, .lr-tools")
        assert not [one for one in shown.all() if one.is_visible()]
        # the lines of an axis are cut by its cells: else they run over the text around the figure
        page.goto((html / "notebooks" / "knee-osteoarthritis" / "index.html").as_uri())
        cut = page.evaluate("""[...document.querySelectorAll('td.lr-plot')]
          .map(cell => getComputedStyle(cell).overflowY)""")
        assert set(cut) == {"clip"}
        browser.close()
