"""What is said of one result is the same wherever it is said, and what is denied is so."""

from __future__ import annotations

import re

import pytest
from bs4 import BeautifulSoup
from conftest import append, built_after_ours
from made_up import KNEE, World
from rendered import figure, finding, plain, soup
from shown import PAGES, shown
from stated import estimate, marks, wrong_statements

from livingreview.data.dataset import load
from livingreview.render.book import Pages
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review import review
from livingreview.review.written import rounded
from livingreview.site import api
from livingreview.view import finding as view
from livingreview.view.figure import Figures

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

FRACTURE = "fracture-bone-defect"
STATING = [p for p in PAGES if p.stem in (
    "index", "benefits", "harms", "others", "evidence-map", "claims-ledger",
    "what-others-concluded")]


@pytest.fixture
def changed(data_copy, monkeypatch):
    """Data that nobody has seen: one trial more, which gives a main analysis its first estimate."""
    append(data_copy, f"{FRACTURE}/sources.csv", {
        "source_id": "new", "kind": "full-text", "title": "A report", "accessed": "2026-11-28"})
    append(data_copy, f"{FRACTURE}/studies.csv", {
        "study_id": "newcomer-2026", "first_author": "Newcomer", "year": "2026", "design": "rct",
        "species": "human", "status": "published", "condition": "nonunion", "source_id": "new"})
    for arm, mean in (("msc", "5"), ("control", "7.5")):
        treated = arm == "msc"
        append(data_copy, f"{FRACTURE}/arms.csv", {
            "study_id": "newcomer-2026", "arm_id": arm, "n_allocated": "31", "source_id": "new",
            "role": "intervention" if treated else "comparator",
            "cell_source": "bone-marrow" if treated else "none",
            "cell_product": "cultured-msc" if treated else "none",
            "comparator_type": "" if treated else "surgery-alone",
            "cointervention": "internal-fixation"})
        append(data_copy, f"{FRACTURE}/outcomes.csv", {
            "study_id": "newcomer-2026", "arm_id": arm, "outcome": "time-to-union",
            "instrument": "months to union", "better": "lower", "timepoint_months": "12",
            "statistic": "final", "n": "31", "mean": mean, "sd": "2", "source_id": "new"})
    built_after_ours(data_copy, monkeypatch)
    return data_copy


def _unmarked(html: str) -> list[str]:
    """What shows an estimate, or leads to the figure of one, and does not say whose it is."""
    page = BeautifulSoup(html, "lxml")
    rows = [r for r in page.select("#harms-ratios tbody tr, [id$=-ours] tbody tr")
            if r.find(href=re.compile("#forest-|figures/"))]
    rows += page.select("figure.lr-forest, figure.lr-single, .lr-finding")
    return [" ".join(r.get_text(" ").split())[:120] for r in rows
            if not r.has_attr("data-result") and not r.find(attrs={"data-result": True})]


@pytest.mark.parametrize("page", STATING, ids=lambda p: f"{p.parent.stem}/{p.stem}")
def test_a_page_says_of_a_result_what_all_others_say(page):
    found = review(load()).document["analyses"]
    html = "".join(value for _, value in shown(page))
    assert not (wrong := wrong_statements(html, found)), "\n".join(wrong)
    assert not (rows := _unmarked(html)), "\n".join(rows)
    here = [r for r in found.values()
            if r["pooled"] and page.parent.name in (r["indication"], "notebooks", "book")
            and (page.stem not in ("benefits", "harms")
                 or (r["section"] == "harms") == (page.stem == "harms"))]
    if here and page.stem != "others":  # which compares only what others pooled too
        assert "data-result" in html


def test_pages_of_other_data_say_the_same_of_a_result(changed):
    data = load(changed)
    computed = review(data)
    found = computed.document["analyses"]
    assert found["fracture-months-added"]["pooled"] and found["fracture-months-graft"]["pooled"]
    front, figures = Pages(changed), Figures(computed)
    chapter = Chapter(FRACTURE, changed)
    pages = {"landing": front.landing(), "map": front.evidence_map(), "answer": chapter.answer(),
             "benefits": chapter.benefits(), "harms of the chapter": chapter.harms(),
             "harms": front.harm_ratios()}
    pages = {name: part._repr_html_() for name, part in pages.items()}
    pages["figures"] = "".join(render(figures.page(r)) for r in chapter.results())
    for name, html in pages.items():
        assert not (wrong := wrong_statements(html, found)), f"{name}\n" + "\n".join(wrong)
        assert not (rows := _unmarked(html)), f"{name}\n" + "\n".join(rows)
    for name in ("landing", "answer", "benefits", "figures"):
        there = BeautifulSoup(pages[name], "lxml").select("[data-result=fracture-months-added]")
        assert there and all(m["data-n"] == "62" for m in there), name


def test_the_static_interface_says_the_same():
    document = review(load())
    for record in api.analyses(document):
        result = document.document["analyses"][record["id"]]
        said = {key: f"{value}" for key, value in view.marks(result).items()}
        assert said == {"result": record["id"], **marks(rounded(result))}  # as results.json has it
        assert said["k"] == f"{record['k']}"
        assert said["n"] == (f"{round(record['n'])}" if record["n"] or not record["k"] else "")
        ends = [float(said_) for said_ in said["estimate"].split()]
        assert ends == [rounded(record[key]) for key in ("estimate", "ci_low", "ci_high")
                        if record[key] is not None]
        assert said["certainty"] == (record["certainty"] or "")
        assert bool(said["without"]) == bool(record["k_without_ratio"])


# --- what is denied -------------------------------------------------------------------------------


def test_gaps_count_the_analyses_without_an_estimate():
    chapter = Chapter(KNEE)
    asked = [r for r in chapter.results() if r["role"] != "check"]
    empty = [r for r in asked if r["pooled"] is None]
    said = chapter.gaps()._repr_html_()
    assert f"{len(empty)} of {len(asked)} analyses" in said and said.count("<li>") == len(empty)


# --- participants ---------------------------------------------------------------------------------


def test_trials_without_events_are_said_apart_from_the_participants_of_a_ratio(tmp_path):
    world = World(tmp_path / "data").analysis(
        analysis_id="harm", title="Harm", section="harms", target_type="event", target="any-ae",
        measure="RR", window_from="", window_to="", rescale="")
    for study, cells, control in (("doe-2020", 8, 4), ("roe-2021", 6, 3), ("poe-2022", 0, 0)):
        world.trial(study).counts(study, cells, control)
    folder = world.write()
    result = review(load(folder)).analysis("harm")
    said = view.marks(result)
    assert (said["k"], said["n"], said["without"]) == (2, 80, 40)
    row = soup(Pages(folder).harm_ratios().view).select_one("#harms-ratios tbody tr")
    assert [c.get_text() for c in row.find_all("td")][2:5] == [
        "2 trials", "80", estimate(result)]
    assert row["data-without"] == "40"
    assert "40 participants of 1 trial give no ratio" in row.get_text()
    assert "2 trials, 80 participants; 40 participants of 1 trial give no ratio" in (
        finding(load(folder), result))


# --- what an estimate rests on --------------------------------------------------------------------


def _finding(world: World) -> str:
    data = load(world.write())
    return finding(data, review(data).analysis("made-up"))


def test_the_one_trial_of_an_estimate_is_named_with_its_stage(tmp_path):
    world = World(tmp_path / "data").analysis()
    world.trial("doe-2020", first_author="Doe", year=2020, condition="collapsed").pair("doe-2020")
    said = ("It rests on one trial, Doe 2020. At entry all patients had: subchondral "
            "fracture or collapse (stage III or later).")
    assert said in _finding(world)
    assert said in plain(figure(load(world.write()), "made-up"))


def test_several_trials_of_one_stage_say_it_and_of_two_stages_do_not(tmp_path):
    world = World(tmp_path / "data").analysis()
    for study in ("doe-2020", "roe-2021"):
        world.trial(study, condition="precollapse").pair(study)
    said = _finding(world)
    assert "At entry all patients had: before collapse (stage I or II)." in said
    assert "rests on one trial" not in said
    world.trial("poe-2022", condition="collapsed").pair("poe-2022")
    assert "At entry" not in _finding(world)


def test_a_trial_with_more_than_half_of_the_weight_is_named(tmp_path):
    world = World(tmp_path / "data").analysis()
    world.trial("roe-2021", first_author="Roe", year=2021).pair("roe-2021", sd=30)
    world.trial("doe-2020", first_author="Doe", year=2020).pair("doe-2020", sd=10)
    assert "Doe 2020 carries 75.5% of the weight." in _finding(world)
    world.trial("poe-2022", first_author="Poe", year=2022).pair("poe-2022", sd=10)
    assert "of the weight" not in _finding(world)


def test_an_analysis_of_one_condition_does_not_say_it_twice(tmp_path):
    world = World(tmp_path / "data").analysis(condition="collapsed")
    world.trial("doe-2020", first_author="Doe", year=2020, condition="collapsed").pair("doe-2020")
    said = _finding(world)
    assert "It rests on one trial, Doe 2020." in said and "At entry" not in said
