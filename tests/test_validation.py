"""The validation page: what it shows is computed, and it fails where the statistics do."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from livingreview import synthesis
from livingreview.render.validation import Validation
from livingreview.view import agreement, validation
from livingreview.view.agreement import KINDS, NoReference

ROOT = Path(__file__).resolve().parents[1]


def _soup(block) -> BeautifulSoup:
    """A block of the page as its readers get it."""
    return BeautifulSoup(block._repr_html_(), "lxml")


def _cells(block, table: str) -> list[list[str]]:
    return [[cell.get_text() for cell in row.select("th, td")]
            for row in _soup(block).select(f"#{table} tbody tr")]


class Watched(dict):
    """Answers that say which of them are read."""

    def __init__(self, content: dict, place: tuple, seen: set[tuple]):
        super().__init__({k: Watched(v, (*place, k), seen) if isinstance(v, dict) else v
                          for k, v in content.items()})
        self.place, self.seen = place, seen

    def __getitem__(self, key):
        self.seen.add((*self.place, key))
        return super().__getitem__(key)


@pytest.fixture(scope="module")
def watched() -> Watched:
    """The answers, after all of them were compared, once for the tests of this file."""
    ref = Watched(agreement.answers(), (), set())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(agreement, "answers", lambda: ref)
        agreement.agreements.cache_clear()
        agreement.agreements()
    return ref


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_stays_within_what_is_allowed(kind, watched):
    found, = (one for one in agreement.agreements() if one.kind is kind)
    assert found.compared and found.data_sets and found.quantities
    assert found.holds, (found.relative, found.absolute)


def test_every_part_of_the_answers_is_recomputed(watched):
    read = {place[:2] for place in watched.seen}
    assert read >= {(file, part) for file in agreement.FILES for part in watched[file]
                    if part != "made_with"}


def test_a_wrong_answer_is_seen():
    ref = json.loads(json.dumps(agreement.answers()))
    kind = next(k for k in KINDS if k.name == "tau2-closed")
    ref["metafor"]["cases"]["bcg_rr"]["tau2"]["DL"] *= 1.001
    found = agreement.compare(kind, ref)
    assert not found.holds and agreement.digits(found.relative) == 3
    ref["metafor"]["cases"]["bcg_rr"]["tau2"]["DL"] = None  # an answer on one side alone
    assert not agreement.compare(kind, ref).holds


def test_the_page_shows_what_was_computed():
    page = Validation()
    rows = _cells(page.agreement(), "table-agreement")
    assert len({row[0] for row in rows}) == len(rows) == len(KINDS)
    for cells, found in zip(rows, agreement.agreements(), strict=True):
        assert float(cells[1].replace("−", "-")) == float(f"{found.relative:.0e}")
        assert float(cells[2].replace("−", "-")) == found.tolerance
        assert cells[4] == f"{found.compared:,}"
    total = sum(a.compared for a in agreement.agreements())
    said = _soup(page.summary()).get_text()
    assert f"{total:,} numbers" in said and "All stay within what is allowed" in said
    assert "does not converge" in _soup(page.iterations()).get_text()


def test_a_kind_that_fails_is_named(monkeypatch):
    first, *others = agreement.agreements()
    for far, shown in ((1.0, "1e+00"), (math.inf, "∞")):  # ∞: a number on one side alone
        found = (replace(first, relative=far), *others)
        monkeypatch.setattr(agreement, "agreements", lambda found=found: found)
        page = Validation()
        name, relative, *_ = _cells(page.agreement(), "table-agreement")[0]
        said = _soup(page.summary()).get_text()
        assert relative == shown and f"Not within what is allowed: {name}. The others" in said
        assert "All stay" not in said and page.summary()._repr_mimebundle_()


def test_second_judges_agree_outside_the_documented_departures():
    found = agreement.second_judges()
    assert {one.judge for one in found} == {"PyMetaAnalysis", "PyMARE"}
    for one in found:
        assert agreement.departure(one) or one.off <= agreement.SECOND, one


@pytest.mark.parametrize("departure", agreement.DEPARTURES, ids=lambda d: d.what)
def test_where_a_second_judge_departs_metafor_agrees_with_us(departure):
    under = [one for one in agreement.second_judges()
             if agreement.departure(one) is departure]
    known = [one for one in under if one.metafor is not None and one.ours is not None]
    assert known and all(
        agreement.off(one.ours, one.metafor) <= agreement.ITERATIVE for one in known)
    assert max(one.off for one in known) > 1e-4  # by more than any tolerance explains
    place = agreement.DEPARTURES.index(departure)
    judge, what, why, compared, case, *numbers = _cells(
        Validation().second_judges(), "table-departures")[place]
    assert judge == departure.judge and what and why and compared == str(len(under))
    assert len(numbers) == 3 and any(case == f"{one.name}, {one.method}, {one.quantity}"
                                     for one in under)


@pytest.mark.parametrize("table, difference", [
    *(("differences", one) for one in validation.DIFFERENCES),
    *(("cochrane", one) for one in validation.CONVENTIONS)], ids=lambda d: d[-1])
def test_differences_are_sentences_of_the_documentation(table, difference):
    function, holds, _ = difference
    assert function in synthesis.__all__
    said = validation.sentence(function, holds)
    rows = {"differences": validation.DIFFERENCES, "cochrane": validation.CONVENTIONS}[table]
    place = rows.index(difference)
    shown = _cells(Validation().differences(), f"table-{table}")[place]
    assert holds in said and shown[0] == function and shown[1].endswith(said) and shown[2]
    with pytest.raises(LookupError):
        validation.sentence(function, "what no documentation says")


def test_without_the_answers_the_page_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(agreement, "REFERENCE", tmp_path / "none")
    caches = (agreement.answers, agreement.read, agreement.agreements,
              agreement.second_judges)
    for cached in caches:
        cached.cache_clear()
    try:
        with pytest.raises(NoReference, match="metafor.json"):
            agreement.answers()
        page = Validation()
        for block in (page.summary, page.agreement, page.iterations, page.second_judges):
            said = _soup(block()).get_text()
            assert "not beside the package" in said and "from a clone" in said
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
