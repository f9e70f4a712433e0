"""The pages of the seed reviews: one for each, all made the same way."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from conftest import DATA
from made_up import World

from livingreview.data.dataset import load
from livingreview.display.seeds import NOT_KNOWN, SeedReview

ROOT = DATA.parent
REVIEWS = [r["review_id"] for r in load().records("reviews")]
OSTEOPOROSIS = "osteoporosis-review-2026"


def _page(review_id: str) -> str:
    return (ROOT / "notebooks" / f"seed-{review_id}.md").read_text(encoding="utf-8")


def test_every_review_has_its_page_and_the_pages_differ_in_title_and_question_alone():
    pages = {p.stem for p in (ROOT / "notebooks").glob("seed-*.md")}
    assert pages == {f"seed-{review}" for review in REVIEWS}
    listed = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    shared = set()
    for review in REVIEWS:
        assert listed.count(f"notebooks/seed-{review}\n") == 1
        head, body = _page(review).split("```{code-cell}", 1)
        assert f'SeedReview("{review}", data_folder)' in body and "# Seed review: " in head
        shared.add(body.replace(review, ""))
    assert len(shared) == 1


@pytest.fixture(scope="module")
def reviews():
    """Every review, with the data read and computed once."""
    made = [SeedReview(review) for review in REVIEWS]
    for other in made[1:]:
        other.ledger.book = made[0].ledger.book
    return made


def test_a_page_holds_every_reference_claim_number_and_study_of_its_review(reviews):
    for review in reviews:
        def firsts(html):
            return [row.th for row in BeautifulSoup(html, "lxml").select("tbody tr")]

        own = review.review_id
        assert [th.get_text() for th in firsts(review.references())] == [
            r["ref_number"] for r in review.data.records("references") if r["review_id"] == own]
        assert [th.select_one(".lr-sub a").get_text() for th in firsts(review.claims())] == [
            c["claim_id"] for c in review.data.records("claims") if c["review_id"] == own]
        assert [th.select_one("[id^=number-]").get_text() for th in firsts(review.numbers())] == [
            n["statement_id"] for n in review.data.records("headline_numbers")
            if n["review_id"] == own]
        listed = {r["ref_number"] for r in review.data.records("references")
                  if r["review_id"] == own}
        citing = [c for i in review.data.indications for s in review.data.records("studies", i)
                  for c in s["cited_by"] if c.partition(":")[0] == own
                  and c.partition(":")[2] in listed]
        assert len(firsts(review.studies())) == len(citing)


def test_validating_studies_stand_beside_what_the_data_know_of_them(reviews):
    review = next(r for r in reviews if r.review_id == OSTEOPOROSIS)
    rows = BeautifulSoup(review.validation(), "lxml").select("tbody tr")
    assert len(rows) == len(review.data.records("validation_studies"))
    cells = {row.select("td")[0].get_text(): [td.get_text() for td in row.select("td")]
             for row in rows}
    assert cells["12"][-1].endswith("extracellular vesicles")
    assert cells["9"][-1] == "no cells or product of theirs in the data"
    assert cells["12"][1] == "2024" and cells["19"][1] == "2024 in the table, 2025 in its list"


def test_conclusions_stand_beside_main_results(reviews):
    for review in reviews:
        page = BeautifulSoup(review.conclusions(), "lxml")
        claims = page.select(f"#{review.review_id}-conclusions tbody tr")
        assert len(claims) == sum(bool(e.claim["conclusion"]) for e in review.entries) > 0
        main = [r for i in review.row["indications"]
                for r in review.book.review.analyses(i, role="main") if r["pooled"]]
        rows = page.select(f"#{review.review_id}-ours tbody tr")
        assert [r.th.get_text() for r in rows] == [r["title"] for r in main]
        for row, result in zip(rows, main, strict=True):
            assert row.select_one("[data-label=Trials]").get_text() == str(result["k"])


def test_numbered_points_of_a_note_are_told_from_numbers_of_references():
    review = SeedReview("a-review")
    review.__dict__["row"] = {
        "note": "No search. Inconsistencies: (1) several trials, of which (27) is one; (2) "
                "concentrate (29) and cells (40) are mixed."}
    assert review._remarks() == ("No search.", [
        "several trials, of which (27) is one", "concentrate (29) and cells (40) are mixed"])
    assert "2 were noted" in review.inconsistencies()
    review.__dict__["row"] = {"note": None}
    assert review._remarks() == ("", []) and "None was noted" in review.inconsistencies()


def test_a_study_shows_what_the_data_hold_and_nothing_else(tmp_path):
    world = World(tmp_path).add("reviews", review_id="a-review")
    for number in "12":
        world.add("references", review_id="a-review", ref_number=number)
    world.trial("doe-2020", cited_by="a-review:1", n_enrolled=30, year=2020, status="retracted")
    world.trial("doe-2023", cited_by="a-review:2", companion_of="doe-2020", year=2023)
    world.rows["arms"][0].update(dose_cells=2_000_000, donor="autologous")
    world.data()
    page = BeautifulSoup(SeedReview("a-review", world.folder).studies(), "lxml")
    first, second = ({td.get("data-label"): td.get_text() for td in row.select("td")}
                     for row in page.select("tbody tr"))
    assert "studies of the data: 2 of 2" in page.get_text()
    assert first["Cells per dose"] == "2,000,000" and first["Enrolled"] == "30"
    assert second["Cells per dose"] == second["Enrolled"] == NOT_KNOWN
    heads = [row.th.get_text() for row in page.select("tbody tr")]
    assert "Retracted" in heads[0] and "later report of Somebody 2020" in heads[1]


def test_an_unknown_review_is_named():
    review = SeedReview("no-such-review")
    review.ledger.book = SimpleNamespace(data=load())
    with pytest.raises(LookupError, match="no-such-review"):
        review.about()
