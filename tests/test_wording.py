"""Readers meet words, not names of columns, and sentences that can be read."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import DATA
from shown import PAGES, shown

from livingreview import tables
from livingreview.dataset import load

NOTEBOOKS = sorted((DATA.parent / "notebooks").glob("*.md"))
# Pages for those who work with the files: they name columns and rules as the files do.
OF_FILES = {"codebook": "what each column is", "data-quality": "warnings, by file and column",
            "validation": "checks of the code by their names", "api": "fields of the interface"}
NOT_PROSE = ("code, pre, .lr-download, [id$=-changes], script, style, "
             "[lang=zh], cite, a[href^='https://']")
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


def _found(page: Path, patterns: dict[str, re.Pattern]) -> list[str]:
    out = []
    for source, html in shown(page):
        soup = BeautifulSoup(html, "lxml")
        for part in soup.select(NOT_PROSE):
            part.decompose()
        for node in soup.find_all(string=True):
            text = " ".join(node.split())
            for what, pattern in patterns.items():
                out += [f"{page.stem}: {source.strip()[-60:]}: {what}: "
                        f"{text[max(0, m.start() - 60):m.end() + 60]}"
                        for m in pattern.finditer(text)
                        if not _of_data(text, m.start(), m.end())]
    return sorted(set(out))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_sentences_are_whole(page):
    found = _found(page, {**BROKEN, "a word twice": DOUBLED})
    assert not found, "\n".join(found[:40])


@pytest.mark.parametrize("page", [p for p in PAGES if p.stem not in OF_FILES],
                         ids=lambda p: p.stem)
def test_no_page_shows_names_of_columns_or_of_values(page):
    found = _found(page, {"a column": _columns(), "a value": _words()})
    assert not found, "\n".join(found[:40])
