"""The Chinese words of the book: each term has one, and it is the one that the data use."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from livingreview.data.dataset import load

ROOT = Path(__file__).parents[1]
TERMS = ROOT / "book/locale/zh_CN/terms.csv"


@pytest.fixture(scope="module")
def terms() -> list[dict]:
    """The rows of the list."""
    with TERMS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def avoided(term: dict) -> list[str]:
    """The forms that a term must not take."""
    return term["avoid"].split(";") if term["avoid"] else []


def test_every_term_has_a_word_and_a_source(terms):
    assert set(terms[0]) == {"english", "chinese", "source", "avoid"}
    assert not [t for t in terms if not (t["english"] and t["chinese"] and t["source"])]
    assert not [t for t in terms if any(value != value.strip() for value in t.values())]


def test_no_term_stands_twice(terms):
    names = Counter(t["english"].casefold() for t in terms)
    assert not [name for name, n in names.items() if n > 1]


def test_a_word_is_not_among_those_to_avoid(terms):
    assert not [t["english"] for t in terms if any(form in t["chinese"] for form in avoided(t))]
    assert not [t["english"] for t in terms if "" in avoided(t)
                or len(set(avoided(t))) < len(avoided(t))]


def test_the_glossary_uses_these_words(terms):
    words = {t["english"]: t for t in terms}
    for entry in load().records("glossary"):
        term = words[entry["label_en"]]
        assert term["chinese"] == entry["label_zh"]
        assert not set(entry["forms_zh"]) & set(avoided(term))
