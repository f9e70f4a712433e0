"""Readers meet words, not names of columns, and sentences that can be read."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from conftest import DATA
from lxml.html import document_fromstring
from made_up import KNEE, World
from rendered import asked, plain, soup, word
from shown import PAGES, shown
from test_prose import _prose

from livingreview.data import tables
from livingreview.data.dataset import load
from livingreview.render.chapter import Chapter
from livingreview.review.claims import NOT_YET_JUDGED
from livingreview.view.finding import Estimate, question
from livingreview.view.ledger import ClaimCounts, Count

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

NOTEBOOKS = sorted((DATA.parent / "notebooks").rglob("*.md"))
# Pages for those who work with the files: they name columns and rules as the files do.
OF_FILES = {"codebook": "what each column is", "data-quality": "warnings, by file and column",
            "validation": "checks of the code by their names", "api": "fields of the interface"}
PROSE = """//text()[not(ancestor::*[self::code or self::pre or self::script or self::style
  or self::cite or @lang='zh' or self::a[starts-with(@href, 'https://')]
  or contains(concat(' ', @class, ' '), ' lr-download ')
  or substring(@id, string-length(@id) - 7) = '-changes'])]"""
DOUBLED = re.compile(r"\b([a-z]{2,}) \1\b")
BROKEN = {
    "in favour of favours": re.compile(r"in favour of favours"),
    "an interval that would be an interval": re.compile(r"would be an interval"),
    "a plural of one": re.compile(r"(?<![\d.,/–−-])\b1 (?:trials|studies|participants|questions|"
                                  r"cases|results|months|rows|reports|reviews|analyses|events)\b"),
    "one of one": re.compile(r"(?<![\d.,])\b1 [a-z]+, 1 of them\b"),
    "none not yet": re.compile(r"(?<![\d.,])\b0 of \d+ [a-z]+ are not\b"),
    "cells instead of cells added": re.compile(
        r"(?<!to )\b(?P<w>\w+) against (?!cells)[\w ]+ without (?P=w)\b"),
    "no article": re.compile(r"risk of (?:serious|major|treatment-related) adverse event\b"),
}


@cache
def _columns() -> re.Pattern:
    names = {c.name for t in tables.TABLES for c in t.columns if "_" in c.name} | {"hksj"}
    return re.compile(rf"(?<![\w/.-])(?:{'|'.join(sorted(names, key=len, reverse=True))})(?![\w])")


@cache
def _words() -> re.Pattern:
    """Values of vocabularies that are no words of their labels."""
    rows = load().records("vocabularies")
    labels = " ".join(r["label_en"].lower() for r in rows)
    names = {r["value"] for r in rows if "-" in r["value"] and r["value"] not in labels}
    # An arm is called by its identifier, which may be the same word.
    names -= {arm["arm_id"] for i in load().indications for arm in load().records("arms", i)}
    return re.compile(rf"(?<![\w/.#-])(?:{'|'.join(sorted(names, key=len, reverse=True))})"
                      r"(?![\w/-])")


@cache
def _data_texts() -> str:
    """All free text of the data: what others wrote is shown as they wrote it."""
    data = load()
    found = set()
    for table in tables.TABLES:
        folders = data.indications if table.folder == "indication" else ("",)
        for indication in folders:
            for row in data.records(table.name, indication):
                for value in row.values():
                    for text in value if isinstance(value, tuple) else (value,):
                        if isinstance(text, str):
                            found.add(text)
    return "\n".join(" ".join(t.split()) for t in found)


def _of_data(node: str, start: int, end: int) -> bool:
    """Whether what was found in a text, with a word on each side, stands in the data."""
    left = node.rfind(" ", 0, max(start - 1, 0)) + 1
    right = node.find(" ", end + 1)
    return node[left:right if right > 0 else len(node)].strip(" .;,:()…") in _data_texts()


@cache
def _texts(path: Path) -> tuple[tuple[str, str], ...]:
    """The texts that a page shows, each once, with the cell that shows it."""
    found = {}
    for source, html in shown(path):
        for node in document_fromstring(html).xpath(PROSE):
            found.setdefault(" ".join(node.split()), source.strip()[-60:])
    return tuple((source, text) for text, source in found.items())


def _found(path: Path, patterns: dict[str, re.Pattern]) -> list[str]:
    return sorted({f"{path.stem}: {source}: {what}: {text[max(0, m.start() - 60):m.end() + 60]}"
                   for source, text in _texts(path) for what, pattern in patterns.items()
                   for m in pattern.finditer(text) if not _of_data(text, m.start(), m.end())})


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_sentences_are_whole(page):
    found = _found(page, {**BROKEN, "a word twice": DOUBLED})
    assert not found, "\n".join(found[:40])


@pytest.mark.parametrize("page", [p for p in PAGES if p.stem not in OF_FILES],
                         ids=lambda p: p.stem)
def test_no_page_shows_names_of_columns_or_of_values(page):
    found = _found(page, {"a column": _columns(), "a value": _words()})
    assert not found, "\n".join(found[:40])


# --- sentences of which the data may differ from ours --------------------------------------------

DENIED = re.compile(
    r"(?:(?<=[.!?] )|^)(?:No|None of the)\b[^.]*\b(?:trials?|stud(?:y|ies)|reviews?|comparisons?"
    r"|estimates?|patients)\b[^.]*\.|[^.]*\b(?:on|in|to) none\b[^.]*\."
    r"|[^.]*\bis the only (?:estimate|trial|study)\b[^.]*\.")
# Denials that hold by the rules, whatever the data are.
BY_RULE = ("No comparison is declared the main one", "none of them is in a pool of people",
           "nothing is pooled")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_prose_denies_what_new_data_may_hold(path):
    for paragraph in _prose(path.read_text(encoding="utf-8")).split("\n\n"):
        for found in DENIED.finditer(" ".join(paragraph.split())):
            assert any(rule in found.group() for rule in BY_RULE), found.group()


def test_the_rule_finds_a_denial():
    for denied in ("Pain. No randomised trial gives a number of unions.",
                   "Each estimate rests on one trial or on none.",
                   "The share of patients is the only estimate with several studies."):
        assert DENIED.search(denied), denied
    assert not DENIED.search("Where no study counts an event, that is no sign of safety.")


def _result(**question):
    return {"question": {"intervention": "cells", "measure": "MD", "comparison": "placebo",
                         "background": None,
                         "target_type": "family", "target": "pain", "instrument_contains": None,
                         "favourable": "lower", "rescaled_0_100": True, "window_from": None,
                         "window_to": None, **question}}


def test_cells_added_to_a_treatment_are_not_compared_with_it():
    data = load()
    added = _result(comparison="same-co-treatment", background="teriparatide")
    assert asked("given", data, added) == "cells added to teriparatide"
    unnamed = _result(comparison="same-co-treatment")
    assert asked("given", data, unnamed) == "cells added to the same other treatment"
    assert asked("against", data, unnamed) == "the same treatment without cells"
    assert not [r for r in data.records("vocabularies") if "co-treatment" in r["label_en"]]
    assert asked("given", data, _result()) == "cells"


def test_an_interval_that_spans_everything_fits_into_its_sentence():
    ratio = question(load(), _result(measure="RR"))
    assert word("spread", ratio, Estimate(1, 0.001, 900, 2)) == "too wide to mean anything"
    assert word("spread", ratio, Estimate(1, 0.1, 9, 2)) == "0.10 to 9.00"


@pytest.mark.parametrize("waiting, said", [
    (2, "2 of 2 claims are not yet judged."), (1, "1 of 2 claims"),
    (0, "All 2 claims are judged.")])
def test_claims_that_wait_are_counted_and_none_is_said_as_all(waiting, said):
    rows = (Count(NOT_YET_JUDGED, None, waiting, ()), Count("", None, 2, ()))
    assert said in plain(soup(ClaimCounts((), rows, waiting)))


def test_comparisons_that_nobody_makes_or_asks_for_have_no_row(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020", "hyaluronic-acid")
    rows = soup(Chapter(KNEE, world.write()).question().view).select("tbody tr")
    kinds = {r.th.get_text(): r.td.get_text() for r in rows}
    assert list(kinds.values()) == ["0", "1"]  # the placebo of the analysis, and what was made
    assert any("Hyaluronic" in kind for kind in kinds)


def test_a_published_side_is_said_once(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020").add(
        "published_syntheses", review_id="r", title="A review", outcome="pain-vas", measure="MD",
        favours="intervention", estimate=1.2, source_id="review")
    chapter = Chapter(KNEE, world.write())
    said = plain(soup(chapter.replica("made-up", "made-up", "r").view))
    assert "prints 1.2 (of a scale that it does not name) for " in said
    assert ": favours cells. Our main estimate is −10.0 (−16.2 to −3.8), 1 trial." in said


def test_a_count_above_the_arm_is_said_in_words(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020")
    world.count("doe-2020", "msc", 5, total=25)
    wrong = {p.wrong for p in world.data().warnings}
    assert "more than were allocated to the arm" in wrong and not any("_" in w for w in wrong)
