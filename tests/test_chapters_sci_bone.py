"""The chapters on the spinal cord, fractures and osteoporosis: traps of their data, new tables."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from made_up import PAIN, World

from livingreview.display import Chapter
from livingreview.display.across import Book, others

ROOT = Path(__file__).resolve().parents[1]
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
    assert not _pooled(cord) & {"bmsc-ot-rct", "song-2020", "jeon-2010"}
    assert not _pooled(bone) & {"cn-bmac-30", "cn-marrow-27", "gomez-barrena-2020"}


@pytest.mark.parametrize("indication, study", [
    (CORD, "muse-2024"), (CORD, "dlouhy-2014"), (CORD, "fetal-nsc-2015"), (BONE, "kim-2009"),
    (BONE, "kuroda-2014"), (BONE, "khanal-2004"), (POROSIS, "li-2012"), (POROSIS, "nct02061995")])
def test_what_is_no_listed_cell_product_is_kept_apart_and_shown(indication, study, request):
    chapter = request.getfixturevalue({CORD: "cord", BONE: "bone", POROSIS: "porosis"}[indication])
    products = {r["id"] for r in chapter.results() if r["question"]["products"]}
    for result in chapter.results():
        if result["id"] not in products:
            assert study not in {s["trial_id"] for s in result["studies"]}, result["id"]
    reasons = {t["reason"] for r in chapter.results() for t in r["not_in_pool"]["trials"]
               if t["trial_id"] == study}
    assert any("apart" in reason or "not randomised" in reason for reason in reasons)


def test_grade_of_the_cord_equals_metafor(cord):
    result = cord.review.analysis("sci-ais-conservative")
    assert [s["trial_id"] for s in result["studies"]] == ["dai-2013a"]
    pooled = result["pooled"]
    assert (pooled["estimate"], pooled["ci_low"], pooled["ci_high"]) == pytest.approx(AIS, rel=1e-8)


def test_doubtful_counts_are_in_no_main_share_and_come_in_by_name(cord, bone):
    for chapter, analysis, doubted in (
            (cord, "sci-ais-uncontrolled", {"honmou-2021", "xiao-2018"}),
            (bone, "fracture-union-marrow-uncontrolled",
             {"sharda-university-2018", "ijo-2007-marrow"})):
        result = chapter.review.analysis(analysis)
        assert not doubted & {s["trial_id"] for s in result["studies"]}
        reasons = {t["trial_id"]: t["reason"] for t in result["not_in_pool"]["trials"]}
        assert {reasons[trial] for trial in doubted} == {"value doubtful: only in robustness"}
        added, = [r["k"] for r in result["robustness"] if r["id"] == "with-doubtful"]
        assert added == result["k"] + len(doubted)


def test_our_result_beside_a_published_one_is_of_the_same_condition(bone):
    rows = [r for r in bone.data.records("published_syntheses", BONE) if r["unit"] != "animal"]
    ours = {(r["review_id"], r["outcome"], r["measure"]): others.ours_for(bone.review, BONE, r)
            for r in rows}
    nonunion = ours["cui-2025", "union", "proportion"]
    assert list(nonunion["question"]["condition"]) == ["nonunion"]
    assert ours["cell-transplant-2022", "time-to-union", "MD"] is None  # fractures, not nonunions
    assert all(found is None for (_, _, measure), found in ours.items() if measure is None)


def test_a_ratio_with_an_empty_group_says_its_counts(cord):
    said = BeautifulSoup(cord.summary("sci-ais-conservative"), "lxml").get_text(" ")
    assert "the counts are 9 of 20 against 0 of 20" in said
    other = BeautifulSoup(cord.summary("sci-responder-conservative"), "lxml").get_text(" ")
    assert "risk ratio" in other and "the counts are" not in other


def test_patients_of_a_third_group_are_not_in_an_albatross_plot(cord):
    whole = BeautifulSoup(str(cord.albatross("neurological")), "lxml").get_text(" ")
    assert "Dai G 2013a" in whole and "193" not in whole


def test_months_and_weeks_are_never_in_one_analysis(bone):
    times = [r for r in bone.results(target="time-to-union")]
    assert len(times) > 2
    for result in times:
        unit = result["question"]["unit"]
        assert unit.rstrip("s") == result["question"]["instrument_contains"]
        assert all(unit.rstrip("s") in s["instrument"] for s in result["studies"])
    assert "2.0 months lower" in BeautifulSoup(
        bone.summary("fracture-months-graft"), "lxml").get_text(" ")


def test_an_analysis_by_condition_holds_no_other(bone):
    by_condition = [r for r in bone.results() if r["question"]["condition"]]
    assert by_condition
    for result in by_condition:
        for trial in (*result["studies"], *result["not_in_pool"]["trials"]):
            found = bone.evidence.studies[trial["trial_id"]]["condition"]
            assert found in result["question"]["condition"], (result["id"], trial["trial_id"])


def test_a_percentage_that_no_count_gives_is_in_no_pool(bone):
    result = bone.review.analysis("fracture-union-marrow-delayed")
    trial, = result["not_in_pool"]["trials"]
    assert (result["k"], trial["trial_id"]) == (0, "malik-2018")


@pytest.mark.parametrize("indication", [CORD, BONE])
def test_the_condition_stands_in_what_the_report_says(indication):
    with (ROOT / "data" / indication / "studies.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["condition"]]
    said = {"chronic-injury": ("chronic",), "acute-injury": ("acute",),
            "subacute-injury": ("subacute",), "nonunion": ("nonunion",),
            "delayed-union": ("delayed union",), "fracture": ("fracture",),
            "lengthening": ("lengthening",)}
    checked = [r for r in rows if r["condition"] in said]
    assert len(checked) > 10
    for row in checked:
        words = row["population"].lower()
        assert any(word in words for word in said[row["condition"]]), row["study_id"]


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
    rows = _cells(cord.by_route("sci-ais-conservative"), f"{CORD}-by-route")
    people = [s for s, row in cord.evidence.studies.items()
              if row["design"] != "animal-experiment" and not row["companion_of"]]
    shown = {row[2]: row for row in rows}
    named = {cord.names[s] for s in people}
    assert set(shown) == named
    assert shown["Dai G 2013a"][3].endswith("9 of 20 against 0 of 20")
    assert shown["Kishk 2010"][3].endswith("no clear difference")
    assert shown["NCT02352077"][6] == "not stated"


def test_the_tabulated_studies_are_what_the_data_say(porosis):
    rows = _cells(porosis.validation_studies(SEED), f"{POROSIS}-validation")
    stated = [r for r in porosis.data.records("validation_studies") if r["review_id"] == SEED]
    given = {row[0]: row[6] for row in rows}
    assert len(rows) == len(stated) == 12
    assert given["9"] == given["13"] == "No cells and no product of cells"
    assert given["14"] == "Extracellular vesicles"
    assert given["15"] == "Culture-expanded mesenchymal stem cells"
    assert "Studies of people among them: 0" in porosis.validation_studies(SEED)


def test_a_book_of_one_condition_holds_no_other():
    book = Book(only=[POROSIS])
    assert list(book.evidence) == [POROSIS]
    rows = book.mechanisms()
    assert rows and {r["indication"] for r in rows} == {POROSIS}
    assert len(Book().mechanisms()) > len(rows)
