"""The Chinese site: every page, nothing in English but names, titles of publications and code."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

import lxml.html
import pytest
from bs4 import BeautifulSoup

DATA = Path(__file__).resolve().parents[2] / "data"
# Names and titles stand in these columns, in the language of what they name.
NAMES = {"title", "journal", "first_author", "authors", "title_en", "institution", "sponsor",
         "name", "locator", "value", "old", "new", "url", "doi", "quote", "rule"}
FIVE = re.compile(r"(?:\b[A-Za-z][a-z’'-]*\b[,;:()/-]* [(]?){4,}[A-Za-z][a-z’'-]*")
# A title that a remark quotes.
QUOTED = ("micro-fragmented adipose tissue associated with arthroscopic debridement",)
NO_TEXT = ("script", "style", "code", "pre", "template")
TEXTS = f"//text()[not({' | '.join(f'ancestor::{tag}' for tag in NO_TEXT)})]"
# Pages of what is written for programs, in words that files and columns are called by.
OF_CODE = ("code/", "book/codebook", "book/api", "book/validation")


@pytest.fixture(scope="module")
def chinese(html) -> Path:
    """Folder of the Chinese pages."""
    return html / "zh"


def pages(folder: Path) -> set[str]:
    """Addresses of the pages of a folder that are no page of another language's."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*.html")
            if "zh" not in p.relative_to(folder).parts[:1]}


@cache
def names() -> str:
    """Everything that the data call by a name or title, without spaces."""
    found = set()
    for path in DATA.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                found |= {row[column] for column in NAMES & row.keys() if row[column]}
    return "\n".join(map(_bare, found))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def english(path: Path) -> list[str]:
    """Five English words or more on a page that are no part of a name."""
    root = lxml.html.fromstring(path.read_bytes())
    texts = [*root.xpath(TEXTS), *root.xpath("//meta[@name='description']/@content"),
             *root.xpath("//@aria-label | //@title | //@placeholder | //@alt")]
    runs = (found[0].strip() for text in texts for found in FIVE.finditer(text))
    # names of institutions have small words too: de la, i
    return [run for run in runs if re.search(r"(?:^| )[a-z]{4}", run)
            and _bare(run) not in names() and not run.startswith(QUOTED)]


def test_every_page_has_a_mirror(html, chinese):
    # addresses of old chapters, and the page of errors, lead on
    missing = {p for p in pages(html) - pages(chinese) if "_static" not in p}
    assert {p for p in missing if p.count("/") != 1 or not p.startswith("notebooks/")} <= {
        p for p in missing if 'http-equiv="refresh"' in (html / p).read_text(encoding="utf-8")}
    assert len(pages(chinese)) > 800


def test_pages_say_their_language_and_lead_to_the_other(html, chinese):
    for page in pages(chinese):
        text = (chinese / page).read_text(encoding="utf-8")
        assert '<html lang="zh-Hans"' in text, page
        if 'class="lr-header' in text:
            assert re.search(r'class="lr-language" href="([^"]+)" hreflang="en" lang="en"', text)
            other = re.search(r'class="lr-language" href="([^"]+)"', text)[1]
            target = (chinese / page).parent.joinpath(other).resolve()
            assert target == (html / page).resolve(), page


def test_nothing_is_left_in_english(chinese):
    left = {page: found for page in sorted(pages(chinese))
            if not page.startswith(OF_CODE) and (found := english(chinese / page))}
    said = [f"{page}: {run}" for page, runs in left.items() for run in dict.fromkeys(runs)]
    assert not said, "\n".join([f"{len(said)} texts", *said[:60]])


def test_numbers_are_those_of_the_english_pages(html, chinese):
    number = re.compile(r"[−-]?\d+(?:\.\d+)?")
    for page in sorted(p for p in pages(chinese) if p.startswith("figures/"))[::17]:
        soups = [BeautifulSoup((folder / page).read_text(encoding="utf-8"), "lxml")
                 for folder in (html, chinese)]
        ours, theirs = ([number.findall(td.get_text()) for td in soup.select("td.lr-num")]
                        for soup in soups)
        assert ours and ours == theirs, page


def test_a_reader_starts_from_the_same_analysis_in_chinese(html, chinese):
    """Which model and interval are published is a key: in no language is it told."""
    choices = re.compile(r'<option value="([^"]+)" selected|"(model|interval)": "([^"]+)"')
    seen = 0
    for file in (html / "figures").glob("*.html"):
        found = choices.findall(file.read_text(encoding="utf-8"))
        assert choices.findall((chinese / "figures" / file.name).read_text("utf-8")) == found
        seen += bool(found)
    assert seen > 40
