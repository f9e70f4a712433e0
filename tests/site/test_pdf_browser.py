"""The longest chapter of the built site on paper, printed with Chromium."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from livingreview.render import engine
from livingreview.site import pdf, press

NAME, TITLE = "knee-osteoarthritis", "Knee osteoarthritis"
LONGEST = 15  # pages of a chapter
# What is wider than the paper, or cut by what it stands in.
_CUT = """() => [...document.querySelectorAll('body *:not(svg *)')].filter(e => {
  if (!e.checkVisibility() || e.getBoundingClientRect().width < 2) return false;
  const {left, right} = e.getBoundingClientRect(), shown = getComputedStyle(e).overflowX;
  return left < -6 || right > innerWidth + 1
    || shown !== 'visible' && !e.matches('a, svg') && e.scrollWidth > e.clientWidth + 1;
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def cut() -> list[str]:
    """Filled while the chapter is printed."""
    return []


@pytest.fixture(scope="module")
def printed(html, cut, tmp_path_factory) -> PdfReader:
    """The chapter; of the site only its words are asked for."""
    try:
        press.chromium()
    except press.PdfError as error:
        pytest.fail(str(error))
    own = press.Press._print

    def seen(self, name):
        file = own(self, name)
        cut.extend(self._page.evaluate(_CUT))
        return file

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(press.Press, "_print", seen)
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


def test_a_chapter_is_short_and_nothing_of_it_is_cut(printed, cut):
    assert len(printed.pages) <= LONGEST and not cut


def test_the_widest_table_of_the_book_keeps_within_its_page(html, tmp_path, monkeypatch):
    """Of all pages of the book it is the only one whose words have to break for that."""
    cut = []
    monkeypatch.setattr(press.Press, "_print",
                        lambda self, name: cut.extend(self._page.evaluate(_CUT)) or tmp_path)
    with press.press(html, tmp_path) as said:
        said.sheet("notebooks/animal-experiments")
    assert not cut


def test_what_is_left_out_is_named_with_its_address(html, printed, pages):
    front = _words("".join(pages[:printed.get_destination_page_number(_flat(printed.outline)[0])]))
    for page in pdf._left_out():
        assert _words(f"notebooks/{NAME}/{page}.html") in front, page
    for whole in ("patients", "compare", "dose-time-source"):
        assert _words(f"{whole}.html): all of the page") in front


def test_parts_that_are_left_out_are_known_by_name():
    template = (Path(engine.TEMPLATES) / "pdf_front.html").read_text(encoding="utf-8")
    named = set(re.findall(r'^"([\w-]+)": _\(', template, re.MULTILINE))
    assert named == {what for parts in pdf._left_out().values() for _, what in parts if what}


def test_trials_of_analyses_are_listed_with_their_doi(html, told):
    rows = BeautifulSoup((html / "notebooks" / NAME / "trials.html").read_text(encoding="utf-8"),
                         "lxml").select("#studies tr[data-used] th")
    assert rows and not [one for one in rows if _words(one.get_text()) not in told]
    assert "doi10" in told


def test_the_answer_is_on_paper(answer, told):
    paragraphs = [_words(unicodedata.normalize("NFKC", one.get_text()))
                  for one in answer.find_all("p")
                  if not one.find_parent(["details", "template", "nav", "figure", "td", "th"])
                  and "lr-note" not in one.get("class", [])
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
        assert text.lstrip().startswith(TITLE), text[:80]


def _flat(outline) -> list:
    return [leaf for one in outline for leaf in (_flat(one) if isinstance(one, list) else [one])]


def test_contents_give_the_pages_on_which_headings_stand(printed, pages):
    marks = [(one.title, printed.get_destination_page_number(one) + 1)
             for one in _flat(printed.outline)]
    listed = re.findall(r"^(.+?)\s+(\d+)$", "\n".join(
        pages[:min(number for _, number in marks) - 1]), re.MULTILINE)
    assert len(marks) > 20
    assert not set(marks) - {(title, int(number)) for title, number in listed}
    for title, number in marks:
        # the name of a page in the navigation may be shorter than its heading
        assert _words(title.split(",")[0]) in _words(pages[number - 1]), (title, number)


def test_titles_in_another_language_are_read_as_they_stand(html):
    named = [chapter.pages[0].title for chapter in pdf.contents(html / "zh")]
    assert "骨质疏松症" in named


def test_no_controls_are_on_paper(answer, pages, told):
    text = "\n".join(pages)
    for control in ("Print this page", "Download as CSV", "Show all", "Try your own", "Reset",
                    "On this page", "Skip to main content", "Data behind this figure"):
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


def test_columns_of_a_wide_table_are_as_wide_as_keeps_its_rows_low(html, tmp_path):
    with press.press(html, tmp_path) as printer:
        printer._print = lambda name: tmp_path / name  # the page is asked, not its file
        printer.sheet("notebooks/osteoporosis/benefits")
        beyond, as_printed, automatic = printer._page.evaluate("""() => {
          const table = document.querySelector("#table-animal-experiments");
          const high = table.offsetHeight, right = (one) => one.getBoundingClientRect().right;
          const beyond = right(table) - right(document.querySelector("article"));
          for (const one of [table, ...table.tHead.rows[0].cells]) one.removeAttribute("style");
          return [beyond, high, table.offsetHeight];
        }""")
    assert as_printed < .95 * automatic and beyond < 1


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
        page.goto((html / "notebooks" / NAME / "index.html").as_uri())
        cut = page.evaluate("""[...document.querySelectorAll('td.lr-plot')]
          .map(cell => getComputedStyle(cell).overflowY)""")
        assert set(cut) == {"clip"}
        browser.close()
