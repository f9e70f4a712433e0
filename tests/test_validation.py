"""The validation page: what it shows is computed, and it fails where the statistics do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from livingreview import synthesis
from livingreview.display import validation
from livingreview.display.validation import KINDS, NoReference, Validation

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_stays_within_what_is_allowed(kind):
    found = validation._compare(kind, validation.answers())
    assert found.compared and found.data_sets and found.quantities
    assert found.holds, (found.relative, found.absolute)


def test_every_part_of_the_answers_is_recomputed():
    class Watched(dict):
        seen: set[tuple] = set()

        def __init__(self, content, place):
            super().__init__({k: Watched(v, (*place, k)) if isinstance(v, dict) else v
                              for k, v in content.items()})
            self.place = place

        def __getitem__(self, key):
            Watched.seen.add((*self.place, key))
            return super().__getitem__(key)

    ref = Watched(validation.answers(), ())
    for kind in KINDS:
        validation._compare(kind, ref)
    parts = {(file, part) for file in validation.FILES for part in ref[file]
             if part != "made_with"}
    assert parts <= {place[:2] for place in Watched.seen}


def test_a_wrong_answer_is_seen():
    ref = json.loads(json.dumps(validation.answers()))
    kind = next(k for k in KINDS if k.name == "τ² in closed form")
    ref["metafor"]["cases"]["bcg_rr"]["tau2"]["DL"] *= 1.001
    found = validation._compare(kind, ref)
    assert not found.holds and found.digits == 3
    ref["metafor"]["cases"]["bcg_rr"]["tau2"]["DL"] = None  # an answer on one side alone
    assert not validation._compare(kind, ref).holds


def test_the_page_shows_what_was_computed():
    page = Validation()
    rows = BeautifulSoup(page.agreement(), "lxml").select("tbody tr")
    assert len(rows) == len(KINDS)
    for row, agreement in zip(rows, validation.agreements(), strict=True):
        cells = [cell.get_text() for cell in row.select("th, td")]
        assert cells[0] == agreement.kind.name
        assert float(cells[1].replace("−", "-")) == float(f"{agreement.relative:.0e}")
        assert cells[4] == f"{agreement.compared:,}"
    total = sum(a.compared for a in validation.agreements())
    assert f"{total:,} numbers" in page.summary()
    assert "does not converge" in page.iterations()


def test_a_kind_that_fails_is_named(monkeypatch):
    first, *others = validation.agreements()
    monkeypatch.setattr(validation, "agreements",
                        lambda: (replace(first, relative=1.0), *others))
    assert f"Not so: {first.kind.name}" in Validation().summary()


def test_second_judges_agree_outside_the_documented_departures():
    found = validation.second_judges()
    assert {one.judge for one in found} == {"PyMetaAnalysis", "PyMARE"}
    for one in found:
        assert validation.departure(one) or one.off <= validation.SECOND, one


@pytest.mark.parametrize("departure", validation.DEPARTURES, ids=lambda d: d.what)
def test_where_a_second_judge_departs_metafor_agrees_with_us(departure):
    under = [one for one in validation.second_judges()
             if validation.departure(one) is departure]
    known = [one for one in under if one.metafor is not None and one.ours is not None]
    assert known and all(
        validation._off(one.ours, one.metafor) <= validation.ITERATIVE for one in known)
    assert max(one.off for one in known) > 1e-4  # by more than any tolerance explains
    shown = Validation().second_judges()
    assert departure.what in shown and departure.why in shown


@pytest.mark.parametrize("difference", validation.DIFFERENCES, ids=lambda d: d.function)
def test_differences_are_sentences_of_the_documentation(difference):
    assert difference.function in synthesis.__all__
    assert difference.holds in validation.sentence(difference.function, difference.holds)
    assert difference.why in Validation().differences()


def test_without_the_answers_the_page_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(validation, "REFERENCE", tmp_path / "none")
    caches = (validation.answers, validation._read, validation.agreements,
              validation.second_judges)
    for cached in caches:
        cached.cache_clear()
    try:
        with pytest.raises(NoReference, match="clone"):
            validation.answers()
        page = Validation()
        for block in (page.summary, page.agreement, page.iterations, page.second_judges):
            assert "not beside the package" in block()
    finally:
        for cached in caches:
            cached.cache_clear()


def test_no_number_is_typed_on_the_page():
    text = (ROOT / "book" / "validation.md").read_text(encoding="utf-8")
    prose = re.sub(r"\A---\n.*?\n---\n|^```.*?^```$", "", text, flags=re.S | re.M)
    assert not re.search(r"\d", prose)
    assert "book/validation" in (ROOT / "_toc.yml").read_text(encoding="utf-8")
    for cell in re.findall(r"^```\{code-cell\}.*?\n(.*?)^```$", text, flags=re.S | re.M):
        assert cell.count("\n") <= 8 and "remove-input" in cell
