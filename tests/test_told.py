"""Texts of the data in another language: looked up, composed again, or left as they are."""

from __future__ import annotations

import ast
import importlib
import re
from itertools import product
from pathlib import Path

import pytest

from livingreview.data.dataset import load
from livingreview.render import languages, told
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


# What may be put into a warning, so that its message is found.
PUT_IN = ("7", "s", "mean", "scale_max", "retracted", "probable", "'planned'", "datapackage.json",
          "no event stands for all events", "from a seller's or company's page")
# Texts of warnings that are no words in the code: a row's own, and labels of the data.
OF_THE_DATA = ("overlap['rule']", "expected")


class _Warned:
    """The texts that one module warns with, each with a gap (\0) where a value is put in."""

    def __init__(self, path: Path):
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = path.relative_to(told.CATALOGUES.parents[2]).with_suffix("").parts
        self.module = importlib.import_module(".".join(parts))

    def texts(self) -> list[str]:
        """What is wrong and what is expected, of every warning."""
        lists = [node.args if isinstance(node, ast.Call) else node.elts
                 for node in ast.walk(self.tree) if isinstance(node, ast.Call | ast.Tuple)]
        said = [part for parts in lists for at, part in enumerate(parts)
                if at > 1 and _is_level(part)
                for part in parts[at - (1 if isinstance(parts[at - 1], ast.Starred) else 2):at]]
        # a candidate's last argument is what a warning says is wrong
        said += [node.args[-1] for node in ast.walk(self.tree)
                 if isinstance(node, ast.Call) and ast.unparse(node.func) == "Candidate"]
        return [text for part in said for text in self.of(part)]

    def of(self, part: ast.AST) -> list[str]:
        """The texts that an expression may be."""
        written = ast.unparse(part)
        if written in (*OF_THE_DATA, "c.wrong"):
            return []
        match part:
            case ast.Constant():
                return [str(part.value)]
            case ast.IfExp():
                return self.of(part.body) + self.of(part.orelse)
            case ast.BoolOp():
                return [text for value in part.values for text in self.of(value)]
            case ast.Starred() | ast.Tuple():
                inner = [part.value] if isinstance(part, ast.Starred) else part.elts
                return [text for one in inner for text in self.of(one)]
            case ast.JoinedStr():
                return ["".join(found) for found in product(*map(self.put_in, part.values))]
            case ast.Name():
                return self.named(part.id)
            case ast.Call() if written.startswith("_FORM_EXAMPLE.get"):
                return list(self.module._FORM_EXAMPLE.values())
        raise AssertionError(f"{self.module.__name__}: nothing tells what {written} says")

    def put_in(self, part: ast.AST) -> list[str]:
        """What a part of a text may be: words, or a gap."""
        if isinstance(part, ast.Constant):
            return [part.value]
        try:
            found = self.of(part.value) if isinstance(part.value, ast.IfExp | ast.Name) else []
        except AssertionError:
            found = []
        return [repr(text) if part.conversion == ord("r") else text for text in found] or ["\0"]

    def named(self, name: str) -> list[str]:
        """The texts that a name stands for."""
        if isinstance(value := getattr(self.module, name, None), str):
            return [value]
        given = [node.value for node in ast.walk(self.tree) if isinstance(node, ast.Assign)
                 and ast.unparse(node.targets[0]) == name and ast.unparse(node.value) != "None"]
        if not given:
            raise AssertionError(f"{self.module.__name__}: nothing tells what {name} says")
        return [text for one in given for text in self.of(one)]


def _is_level(part: ast.AST) -> bool:
    """Whether an argument says that a problem is a warning."""
    values = (part.body, part.orelse) if isinstance(part, ast.IfExp) else (part,)
    return any(isinstance(v, ast.Constant) and v.value == "warning" for v in values)


def test_every_warning_that_the_data_can_get_is_told_in_every_language():
    package = told.CATALOGUES.parents[1]
    said = [text for path in sorted((package / "data").rglob("*.py"))
            for text in _Warned(path).texts()]
    assert len(said) > 90  # of all rules, those that find nothing today too
    for code in list(languages.known())[1:]:
        known = told.texts(code)
        unknown = [text for text in said if not any(
            known.tell(filled) != filled for filled in _filled(text))]
        assert not unknown


def _filled(text: str):
    """A text with values in its gaps."""
    first, *rest = text.split("\0")
    for values in product(PUT_IN, repeat=len(rest)):
        yield first + "".join(v + part for v, part in zip(values, rest, strict=True))
