"""Texts of the data in another language: looked up, composed again, or left as they are."""

from __future__ import annotations

import re

import pytest

from livingreview.data.dataset import load
from livingreview.render import told
from livingreview.render.told import Texts
from livingreview.view.naming import study_names

MESSAGES = {
    "Trial of {given}": "{given}的试验",
    "{what}, {n} {unit}s": "{what}，{n} 例{unit}",
    "{one}; {other}": "{one}；{other}",
    "the arms differ by more than two SD (row {row})": "组间相差过大（第 {row} 行）",
    "no results yet": "尚无结果",
    "marrow cells": "骨髓细胞",
    "patient": "患者",
}


@pytest.fixture
def texts() -> Texts:
    """A few of them."""
    composed = sorted((m for m in MESSAGES if "{" in m), key=told._sureness, reverse=True)
    return Texts({m: s for m, s in MESSAGES.items() if "{" not in m}, tuple(
        (told._pattern(m), MESSAGES[m], told._letters(m) >= told._ENOUGH) for m in composed))


def test_a_text_of_the_catalogue_is_told_and_another_stays(texts):
    assert texts.tell("no results yet") == "尚无结果"
    assert texts.tell("A title of a publication; and more") == "A title of a publication; and more"


def test_what_was_put_into_a_message_is_told_in_its_turn(texts):
    assert texts.tell("Trial of marrow cells, 40 patients") == "骨髓细胞的试验，40 例患者"
    assert texts.tell("the arms differ by more than two SD (row 7); "
                      "the arms differ by more than two SD (row 9)") == (
        "组间相差过大（第 7 行）；组间相差过大（第 9 行）")


def test_a_message_with_few_words_of_its_own_is_known_by_all_that_was_put_in(texts):
    assert texts.tell("Hernigou, a series") == "Hernigou, a series"
    assert texts.tell("no results yet; said by nobody") == "no results yet; said by nobody"


def test_a_view_has_texts_told_and_keys_as_they_are(texts):
    view = {"note": "no results yet", "kind": "no results yet", "said": "patient",
            "arm": "marrow cells", "unit": "patient", "rows": [["marrow cells", "40"]],
            "outcome": {"en": "no results yet", "zh": ""}, "other": {"en": "patient", "zh": "病人"}}
    assert texts.told(view) == {
        "note": "尚无结果", "kind": "no results yet", "said": "patient", "arm": "骨髓细胞",
        "unit": "患者", "rows": [["骨髓细胞", "40"]],
        "outcome": {"en": "no results yet", "zh": "尚无结果"},
        "other": {"en": "patient", "zh": "病人"}}


def test_a_text_in_lines_stays_in_as_many(texts):
    assert texts.told({"lines": ["marrow", "cells"]}) == {"lines": ["骨髓", "细胞"]}
    assert texts.told({"lines": ["marrow", "cells", ""]}) == {"lines": ["骨髓", "细胞", ""]}
    assert texts.told({"lines": ["another", "thing"]}) == {"lines": ["another", "thing"]}
    assert texts.told({"lines": 2}) == {"lines": 2}


def test_the_source_language_has_no_texts():
    assert told.texts("en") is None
    assert not Texts.of("fr").composed  # no catalogue


@pytest.mark.parametrize("catalogue", [
    told.data_catalogue("zh_CN"), told.CATALOGUES / "zh_CN" / "LC_MESSAGES" / "texts.po"])
def test_messages_hold_what_their_source_names(catalogue):
    known = told.messages(catalogue)
    assert known
    assert not [m for m, s in known.items()
                if sorted(told._NAMED.findall(m)) != sorted(told._NAMED.findall(s))]


def test_titles_of_analyses_and_composed_names_are_told():
    data, texts = load(), told.texts("zh_CN")
    english = re.compile(r"[a-z]{3,} [a-z]{3,}")
    titles = [row["title"] for row in data.records("analyses")]
    names = [name for i in data.indications for name in study_names(data, i).values()]
    assert not [text for text in (*titles, *names) if english.search(texts.tell(text))]


def test_what_a_script_looks_up_stays_as_it_is():
    known = told.Texts.of("zh_CN")
    marks = [["benefit", -17.5], ["no effect", 0], ["harm", 17.5]]
    assert known.told({"imprecision": {"marks": marks}}) == {"imprecision": {"marks": marks}}
