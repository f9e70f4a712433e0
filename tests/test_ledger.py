"""The ledger of claims: verdicts, what they rest on, and the page that shows them."""

from __future__ import annotations

from collections import Counter

import pytest
from bs4 import BeautifulSoup
from conftest import DATA, read_table, write_table
from made_up import KNEE, World

from livingreview.data import tables
from livingreview.data.dataset import DataError, load
from livingreview.display import words
from livingreview.display.ledger import Ledger, verdict_label, verdicts
from livingreview.review.claims import NOT_CHECKABLE, NOT_YET_JUDGED, ledger

VERDICTS = "seed-reviews/verdicts.csv"
REVIEW = "a-review"


@pytest.fixture(scope="module")
def shown():
    """The project's ledger and its page."""
    made = Ledger()
    return made, BeautifulSoup(made.claims(), "lxml"), BeautifulSoup(made.counts(), "lxml")


def test_every_claim_is_on_the_page_once_with_a_verdict(shown):
    made, page, _ = shown
    claims = [c["claim_id"] for c in made.data.records("claims")]
    anchors = [found["id"].removeprefix("claim-") for found in page.select("[id^=claim-]")]
    assert anchors == claims and len(set(claims)) == len(claims)
    labels = {verdict_label(made.data, v) for v in verdicts(made.data)}
    rows = page.select("tbody tr")
    assert [row.select_one(".lr-verdict").get_text() in labels for row in rows] == [True] * len(
        claims)
    for row, claim in zip(rows, made.data.records("claims"), strict=True):
        assert claim["claim_en"] in row.get_text()
        assert row.select_one("[lang=zh]").get_text() == claim["claim_zh"]
    calls = (DATA.parent / "notebooks" / "claims-ledger.md").read_text(encoding="utf-8")
    assert "ledger.claims()" in calls and "ledger.counts()" in calls


def test_the_counts_are_those_of_the_claims(shown):
    made, _, counts = shown
    found = {row.th.get_text(): int(row.td.get_text()) for row in counts.select("tbody tr")}
    first, *_, last = found
    assert first == "Not yet judged"
    assert found.pop(last) == len(made.entries) == sum(found.values())
    by_verdict = Counter(verdict_label(made.data, e.verdict) for e in made.entries)
    assert found == {label: by_verdict[label] for label in found}


def test_bases_are_shown_with_the_current_estimate(shown):
    made, page, _ = shown
    rows = {r.select_one("[id^=claim-]")["id"][6:]: r for r in page.select("tbody tr")}
    kinds = set()
    for entry in made.entries:
        for basis, row in entry.bases:
            kind = entry.judged["basis_type"]
            text = rows[entry.claim["claim_id"]].get_text()
            kinds.add(kind)
            if kind == "analysis":
                assert words.finding(made.data, made.book.review.analysis(basis)) in text
            elif kind == "study":
                assert made.book.names[basis.partition(":")[0]][row["study_id"]] in text
            else:
                assert f"reference {row['ref_number']}: " in text
    assert kinds == {"analysis", "study", "reference"}


def test_without_verdicts_every_claim_that_can_be_checked_waits(data_copy):
    write_table(data_copy / VERDICTS, tables.VERDICTS.names, [])
    found = Counter(e.verdict for e in ledger(load(data_copy)))
    checkable = Counter(r["checkable"] for r in read_table(data_copy / "seed-reviews/claims.csv"))
    assert found == {NOT_YET_JUDGED: checkable["yes"], NOT_CHECKABLE: checkable["no"]}
    page = Ledger(data_copy).counts()
    assert f"{checkable['yes']} of {checkable.total()} claims are not yet judged" in page


def _judged(tmp_path, **change) -> World:
    """A claim that cites a reference, with the study behind it, and a verdict."""
    world = _reviewed(tmp_path, "clinical-trial", design="rct")
    return world.add("verdicts", **{
        "claim_id": "one", "verdict": "supported", "basis_type": "study",
        "basis": f"{KNEE}:doe-2020", "reason": "It did.", "date": "2026-11-22", **change})


def _error(world: World) -> str:
    with pytest.raises(DataError) as error:
        world.data()
    (problem,) = error.value.problems
    return str(problem)


def test_a_verdict_on_a_claim_that_is_not_checkable_is_an_error(tmp_path):
    world = _judged(tmp_path, verdict="not-checkable-public", basis_type="", basis="")
    assert ledger(world.data())[0].verdict == "not-checkable-public"
    world.rows["claims"][0]["checkable"] = "no"
    assert _error(world).startswith(f"{VERDICTS}:2:claim_id: one: ")


@pytest.mark.parametrize("basis", [("study", f"{KNEE}:doe-2020"), ("reference", f"{REVIEW}:1"),
                                   ("analysis", "made-up")])
def test_a_basis_is_the_row_that_it_names(tmp_path, basis):
    world = _judged(tmp_path, basis_type=basis[0], basis=basis[1]).analysis()
    ((name, row),) = ledger(world.data())[0].bases
    assert name == basis[1] and basis[1].endswith(
        row.get("study_id") or row.get("ref_number") or row["analysis_id"])


@pytest.mark.parametrize(("change", "wrong"), [
    ({"basis_type": "", "basis": ""}, "rests on nothing"),
    ({"basis_type": "analysis", "basis": "no-such-analysis"}, "no such analysis"),
    ({"basis_type": "study", "basis": "doe-2020"}, "no such study"),
    ({"basis_type": "study", "basis": f"{KNEE}:no-one-1999"}, "no such study"),
    ({"basis_type": "reference", "basis": f"{REVIEW}:999"}, "no such reference"),
    ({"basis_type": "reference", "basis": f"{REVIEW}:1;{REVIEW}:2"}, "no such reference"),
    ({"basis_type": "reference", "basis": ""}, "rests on nothing"),
    ({"verdict": "not-checkable-public", "basis": ""}, "go together"),
    ({"reason": ""}, "the cell is empty"),
    ({"verdict": "true"}, "not in the list verdict"),
    ({"claim_id": "two"}, "claims.csv"),
])
def test_a_verdict_needs_a_basis_that_can_be_opened(tmp_path, change, wrong):
    error = _error(_judged(tmp_path, **change))
    assert error.startswith(f"{VERDICTS}:2:") and wrong in error


# --- what claims cite --------------------------------------------------------------------------


def _reviewed(tmp_path, kind: str, indication: str = KNEE, **study) -> World:
    """A claim about the knee that cites one reference, a study of the data where one is given."""
    world = World(tmp_path).add("reviews", review_id=REVIEW)
    world.add("references", review_id=REVIEW, ref_number="1", kind=kind, indication=indication)
    if study:
        world.study("doe-2020", cited_by=f"{REVIEW}:1", **study)
    return world.add("claims", claim_id="one", review_id=REVIEW, indication=KNEE, kind="efficacy",
                     claim_en="It helps.", claim_zh="有效。", cited_refs="1", checkable="yes")


@pytest.mark.parametrize(("kind", "about", "study", "rests"), [
    ("animal-experiment", KNEE, {}, "animal experiments only"),
    ("in-vitro", KNEE, {}, "in-vitro studies only"),
    ("review", KNEE, {}, "reviews or guidance only"),
    ("clinical-trial", KNEE, {}, ""),
    ("clinical-trial", KNEE, {"design": "rct"}, ""),
    ("clinical-trial", KNEE, {"design": "case-series"}, "uncontrolled studies only"),
    ("clinical-trial", KNEE, {"status": "retracted"}, "a retracted report"),
    ("retraction-notice", KNEE, {}, "a retracted report"),
    ("clinical-trial", "osteoporosis", {}, "a report on another condition"),
    ("clinical-trial", "general", {}, ""),
])
def test_what_a_claim_cites_is_computed(tmp_path, kind, about, study, rests):
    (entry,) = ledger(_reviewed(tmp_path, kind, about, **study).data())
    assert entry.rests_on == rests


def test_kinds_of_what_a_claim_cites_are_taken_together(tmp_path):
    world = _reviewed(tmp_path, "animal-experiment")
    world.add("references", review_id=REVIEW, ref_number="2", kind="clinical-trial",
              indication=KNEE)
    world.rows["claims"][0]["cited_refs"] = "1;2"
    assert ledger(world.data())[0].rests_on == ""
    world.rows["claims"][0]["cited_refs"] = ""
    assert ledger(world.data())[0].rests_on == "no reference"
