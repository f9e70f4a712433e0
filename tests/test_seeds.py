"""The pages of the seed reviews: one for each, all made the same way."""

from __future__ import annotations

import pytest
from conftest import DATA
from made_up import World
from rendered import plain, soup
from stated import wrong_statements

from livingreview.data.dataset import load
from livingreview.render.ledger import Ledger
from livingreview.render.seeds import SeedReview
from livingreview.review.claims import ledger
from livingreview.view.seeds import cited, said, tabulated
from livingreview.view.seeds.about import Inconsistencies, remarks
from livingreview.view.seeds.seed import Seed

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
def seeds():
    """Every review, with the data read and computed once."""
    judged = Ledger().judged
    return [Seed(judged, review) for review in REVIEWS]


def _firsts(view) -> list:
    """The heads of the rows of a view's table."""
    return [row.th for row in soup(view).select("tbody tr")]


def test_a_page_holds_every_reference_claim_number_and_study_of_its_review(seeds):
    for seed in seeds:
        def own(table, key, seed=seed):
            return [r[key] for r in seed.data.records(table) if r["review_id"] == seed.id]

        listed = own("references", "ref_number")
        assert [th.get_text() for th in _firsts(said.references(seed))] == listed
        assert [th.select_one(".lr-sub a").get_text() for th in _firsts(said.claims(seed))] == own(
            "claims", "claim_id")
        heads = _firsts(said.numbers(seed))
        assert [th.select_one("[id^=number-]").get_text() for th in heads] == own(
            "headline_numbers", "statement_id")
        citing = [c for i in seed.data.indications for s in seed.data.records("studies", i)
                  for c in s["cited_by"] if c.partition(":")[0] == seed.id
                  and c.partition(":")[2] in listed]
        assert len(_firsts(cited.studies(seed))) == len(citing)


def test_a_reference_has_an_address_in_the_list_of_its_review(seeds):
    for seed in seeds:
        rows = soup(said.references(seed)).select("tbody tr")
        targets = [seed.judged.addresses.seed(seed.id, n).partition("#")[2] for n in seed.cited]
        assert [row["id"] for row in rows] == targets


def test_validating_studies_stand_beside_what_the_data_know_of_them(seeds):
    seed = next(s for s in seeds if s.id == OSTEOPOROSIS)
    rows = soup(tabulated.validation(seed)).select("tbody tr")
    assert len(rows) == len(seed.data.records("validation_studies"))
    cells = {row.th.get_text(): {td["data-label"]: td.get_text() for td in row.select("td")}
             for row in rows}
    assert cells["12"]["What was given"] == "Extracellular vesicles"
    assert cells["9"]["What was given"] == "No cells and no product of cells"
    assert cells["12"]["Year"] == "2024"
    assert cells["19"]["Year"] == "2024 in the table, 2025 in its list"


def test_conclusions_stand_beside_main_results(seeds):
    for seed in seeds:
        page = soup(said.conclusions(seed))
        claims = page.select(f"#{seed.id}-conclusions tbody tr")
        entries = ledger(seed.data, "review_id", seed.id)
        assert len(claims) == sum(bool(e.claim["conclusion"]) for e in entries) > 0
        main = [r for i in seed.row["indications"]
                for r in seed.review.analyses(i, role="main") if r["pooled"]]
        rows = page.select(f"#{seed.id}-ours tbody tr")
        assert [r.th.get_text() for r in rows] == [r["title"] for r in main]
        for row, result in zip(rows, main, strict=True):
            assert row.select_one("[data-label=Trials]").get_text() == str(result["k"])
        assert not wrong_statements(str(page), seed.review.document["analyses"])


def test_numbered_points_of_a_note_are_told_from_numbers_of_references():
    first, points = remarks(
        "No search. Inconsistencies: (1) several trials, of which (27) is one; (2) "
        "concentrate (29) and cells (40) are mixed.")
    assert (first, points) == ("No search.", (
        "several trials, of which (27) is one", "concentrate (29) and cells (40) are mixed"))
    assert "2 were noted" in plain(soup(Inconsistencies(points)))
    assert remarks(None) == ("", ()) and "None was noted" in plain(soup(Inconsistencies(())))


def test_a_study_shows_what_the_data_hold_and_nothing_else(tmp_path):
    world = World(tmp_path).add("reviews", review_id="a-review")
    for number in "12":
        world.add("references", review_id="a-review", ref_number=number)
    world.trial("doe-2020", cited_by="a-review:1", n_enrolled=30, year=2020, status="retracted")
    world.trial("doe-2023", cited_by="a-review:2", companion_of="doe-2020", year=2023)
    world.rows["arms"][0].update(dose=2_000_000, provider="autologous")
    world.data()
    page = soup(SeedReview("a-review", world.folder).studies().view)
    first, second = ({td.get("data-label"): td.get_text() for td in row.select("td")}
                     for row in page.select("tbody tr"))
    assert "studies of the data: 2 of 2" in page.get_text()
    assert first["Cells per dose"] == "2,000,000" and first["Enrolled"] == "30"
    assert second["Cells per dose"] == second["Enrolled"] == "not in the data"
    heads = [row.th.get_text() for row in page.select("tbody tr")]
    assert "Retracted" in heads[0] and "later report of Somebody 2020" in heads[1]


def test_an_unknown_review_is_named():
    with pytest.raises(LookupError, match="no-such-review"):
        SeedReview("no-such-review").about()
