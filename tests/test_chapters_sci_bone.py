"""The chapters on the spinal cord, fractures and osteoporosis: traps of their data, new tables."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from made_up import KNEE, PAIN, World
from rendered import finding, plain, soup

from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.view.others import ours_for

CORD, BONE, POROSIS = "spinal-cord-injury", "fracture-bone-defect", "osteoporosis"
SEED = "osteoporosis-review-2026"
# metafor, escalc("RR", add=1/2, to="only0") of 9/20 against 0/20: exp(yi), exp(yi -+ 1.96 se).
AIS = (19.0, 1.18021087218, 305.877541471)


@pytest.fixture(scope="module")
def cord():
    return Chapter(CORD)


@pytest.fixture(scope="module")
def bone():
    return Chapter(BONE)


@pytest.fixture(scope="module")
def porosis():
    return Chapter(POROSIS)


@pytest.fixture
def world(tmp_path) -> World:
    """An empty made-up folder."""
    return World(tmp_path)


def _pooled(chapter: Chapter) -> set[str]:
    return {s["trial_id"] for r in chapter.results() for s in r["studies"]}


def _cells(html: str, table_id: str) -> list[list[str]]:
    rows = BeautifulSoup(html, "lxml").select(f"#{table_id} tbody tr")
    return [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
            for row in rows]


# --- traps --------------------------------------------------------------------------------------


def test_studies_without_a_name_or_a_design_are_in_no_pool(cord, bone, porosis):
    for chapter in (cord, bone, porosis):
        ev = chapter.evidence
        barred = {s for s, row in ev.studies.items()
                  if ev.nameless(row) or row["design"] is None or row["companion_of"]}
        assert barred and not _pooled(chapter) & barred


@pytest.mark.parametrize("indication", [CORD, BONE, POROSIS])
def test_what_is_no_listed_cell_product_is_kept_apart_and_shown(indication, request):
    chapter = request.getfixturevalue({CORD: "cord", BONE: "bone", POROSIS: "porosis"}[indication])
    ev = chapter.evidence
    apart = {trial for kind in ("any", "uncontrolled") for trial, found in ev.contests(kind).items()
             if {c.intervention.treatment_class for contests in found for c in contests} == {
                 "apart"}}
    assert apart
    for result in chapter.results():
        if not result["question"]["products"]:
            assert not apart & {s["trial_id"] for s in result["studies"]}, result["id"]
    reasons = {t["reason"] for r in chapter.results() for t in r["not_in_pool"]["trials"]
               if t["trial_id"] in apart}
    assert any("apart" in reason for reason in reasons)


def test_grade_of_the_cord_equals_metafor(cord):
    found = {s["trial_id"]: s for s in cord.review.analysis("sci-ais-conservative")["studies"]}
    trial = found["dai-2013a"]
    assert (trial["estimate"], trial["ci_low"], trial["ci_high"]) == pytest.approx(AIS, rel=1e-8)


def test_doubtful_counts_are_in_no_main_share_and_come_in_by_name(cord, bone):
    seen = set()
    for chapter in (cord, bone):
        for result in chapter.results(measure="proportion"):
            doubted = {t["trial_id"] for t in result["not_in_pool"]["trials"]
                       if t["reason"].startswith("value doubtful") and t["counted"]}
            assert not doubted & {s["trial_id"] for s in result["studies"]}
            if doubted and result["k"]:
                added, = [r["k"] for r in result["robustness"] if r["id"] == "with-doubtful"]
                assert added == result["k"] + len(doubted), result["id"]
                seen |= doubted
    assert seen


def test_our_result_beside_a_published_one_is_of_the_same_condition(bone):
    rows = [r for r in bone.data.records("published_syntheses", BONE) if r["unit"] != "animal"]
    ours = {(r["review_id"], r["outcome"], r["measure"]): ours_for(bone.review, BONE, r)
            for r in rows}
    nonunion = ours["cui-2025", "union", "proportion"]
    assert list(nonunion["question"]["condition"]) == ["nonunion"]
    assert ours["cell-transplant-2022", "time-to-union", "MD"] is None  # fractures, not nonunions
    assert all(found is None for (_, _, measure), found in ours.items() if measure is None)


def test_a_ratio_with_an_empty_group_says_its_counts(world):
    world.trial("a-2020").counts("a-2020", 9, 0).counts("a-2020", 9, 3, event="serious-ae")
    for event in ("any-ae", "serious-ae"):
        world.analysis(analysis_id=event, target_type="event", target=event, measure="RR",
                       window_from="", window_to="", rescale="")
    chapter = Chapter(KNEE, world.write())
    empty, other = (finding(chapter.data, chapter.review.analysis(event))
                    for event in ("any-ae", "serious-ae"))
    assert "The counts are 9 of 20 against 0 of 20" in empty
    assert "risk ratio" in other and "The counts are" not in other


def test_patients_of_a_third_group_are_not_in_an_albatross_plot(cord):
    whole = soup(cord.albatross("neurological").view).get_text(" ")
    assert cord.names["dai-2013a"] in whole and "193" not in whole


def test_months_and_weeks_are_never_in_one_analysis(bone):
    times = [r for r in bone.results(target="time-to-union")]
    assert len(times) > 2
    for result in times:
        unit = result["question"]["unit"]
        assert unit.rstrip("s") == result["question"]["instrument_contains"]
        assert all(unit.rstrip("s") in s["instrument"] for s in result["studies"])
    said = finding(bone.data, bone.review.analysis("fracture-months-graft"))
    assert re.search(r"\d\.\d\d (lower|higher) \(months\)", said)


def test_an_analysis_by_condition_holds_no_other(bone):
    by_condition = [r for r in bone.results() if r["question"]["condition"]]
    assert by_condition
    for result in by_condition:
        for trial in (*result["studies"], *result["not_in_pool"]["trials"]):
            found = bone.evidence.studies[trial["trial_id"]]["condition"]
            assert found in result["question"]["condition"], (result["id"], trial["trial_id"])


def test_a_percentage_that_no_count_gives_is_in_no_pool(bone):
    result = bone.review.analysis("fracture-union-marrow-delayed")
    assert "malik-2018" in {t["trial_id"] for t in result["not_in_pool"]["trials"]}
    assert "malik-2018" not in {s["trial_id"] for s in result["studies"]}


# --- the new columns of an analysis -------------------------------------------------------------


def test_only_the_condition_that_is_asked(world):
    world.trial("a-2020", condition="precollapse").pair("a-2020")
    world.trial("b-2020", condition="collapsed").pair("b-2020")
    world.trial("c-2020").pair("c-2020")
    found, left = world.select(replace(PAIN, condition=("precollapse",)))
    assert list(found) == ["a-2020"] and not left


def test_a_named_product_enters_although_it_is_kept_apart(world):
    world.study("a-2020").arm("a-2020", "msc", cells="differentiated-cell")
    world.arm("a-2020", "control", "saline").pair("a-2020")
    world.trial("b-2020").pair("b-2020")
    assert list(world.select()[0]) == ["b-2020"]
    found, left = world.select(replace(PAIN, products=("differentiated-cell",)))
    assert list(found) == ["a-2020"]
    assert list(left) == ["b-2020"] and not left["b-2020"].counted


# --- tables -------------------------------------------------------------------------------------


def test_every_study_of_people_is_in_the_table_of_routes(cord):
    rows = _cells(cord.by_route("sci-ais-conservative")._repr_html_(), f"{CORD}-by-route")
    people = [s for s, row in cord.evidence.studies.items()
              if row["design"] != "animal-experiment" and not row["companion_of"]]
    shown = {row[2]: row for row in rows}
    named = {cord.names[s] for s in people}
    assert set(shown) == named
    assert shown[cord.names["dai-2013a"]][3].endswith("9 of 20 against 0 of 20")
    assert shown[cord.names["kishk-2010"]][3].endswith("no clear difference")
    assert shown[cord.names["nct02352077"]][6] == "not stated"


def test_the_tabulated_studies_are_what_the_data_say(porosis):
    view = porosis.validation_studies(SEED).view
    rows = soup(view).select(f"#{POROSIS}-validation tbody tr")
    stated = [r for r in porosis.data.records("validation_studies") if r["review_id"] == SEED]
    given = {row.th.get_text(): plain(row.select_one("[data-label='What was given']"))
             for row in rows}
    assert len(rows) == len(stated) == 12
    assert given["9"] == given["13"] == "No cells and no product of cells"
    assert given["14"] == "Extracellular vesicles"
    assert given["15"] == "Culture-expanded mesenchymal stem cells"
    assert view.people == 0 and "Studies of people among them: 0" in plain(soup(view))


def test_a_chapter_shows_the_experiments_and_mechanisms_of_its_condition_alone(porosis):
    for part in (porosis.mechanisms(), porosis.animal_effects(), porosis.animal_experiments()):
        assert {r.indication.en for r in part.view.rows} == {"Osteoporosis"}
    assert [n.indication for n in porosis.mechanism_pictures().view.networks] == [POROSIS]
    assert 0 < porosis.mechanism_counts().view.n < Pages().mechanism_counts().view.n
