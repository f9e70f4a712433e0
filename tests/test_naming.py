"""Studies, arms and reviews have names that a reader knows; identifiers stay in the data."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from conftest import DATA
from lxml.html import fragment_fromstring
from made_up import KNEE, World
from rendered import figure, soup
from shown import PAGES, shown

from livingreview.data.dataset import Dataset, load
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.view.naming import (
    arm_names,
    review_names,
    seed_names,
    spoken,
    study_names,
    told_apart,
)
from livingreview.view.trial.page import trial_pages

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

_TOKEN = re.compile(r"(?<![\w./-])[a-z0-9]+(?:-[a-z0-9]+)+(?![\w-])")


@pytest.fixture(scope="module")
def own() -> Dataset:
    return load(DATA)


# --- on pages -----------------------------------------------------------------------------------


def _identifiers(data: Dataset) -> set[str]:
    """Identifiers with a hyphen that are no words: of a vocabulary, a title or a label."""
    found = {r["review_id"] for r in data.records("reviews")}
    said = set()
    for i in data.indications:
        found |= {s["study_id"] for s in data.records("studies", i)}
        found |= {a["arm_id"] for a in data.records("arms", i)}
        found |= {r["review_id"] for r in data.records("published_syntheses", i)}
        for row in (*data.records("studies", i), *data.records("published_syntheses", i)):
            said |= set(_TOKEN.findall(row["title"] or ""))
        said |= {t for a in data.records("arms", i) for t in _TOKEN.findall(a["label"] or "")
                 if not re.search(r"\d{4}", t)}  # "as in doe-2020" is no word
    said |= {w["value"] for w in data.records("vocabularies")}
    return {name for name in found if "-" in name} - said


def _said(markup) -> list[str]:
    """Texts that readers see, those of menus included; data in a `code` element are data."""
    page = fragment_fromstring(str(markup), create_parent="div")
    for hidden in page.xpath(".//script | .//style | .//code"):
        hidden.drop_tree()
    menus = [value for tag in page.iter("*") for key, value in tag.attrib.items()
             if key.startswith(("data-select-", "aria-label", "title"))]
    return [*page.itertext(), *menus]


def _leaks(markup, identifiers: set[str]) -> set[str]:
    return {token for said in _said(markup) for token in _TOKEN.findall(said)
            if token in identifiers}


def test_no_page_calls_a_study_an_arm_or_a_review_by_its_identifier(own):
    identifiers, found = _identifiers(own), defaultdict(set)
    assert len(identifiers) > 500
    for page in PAGES:
        for source, html in shown(page):
            if leaks := _leaks(html, identifiers):
                found[f"{page.stem}: {source.splitlines()[-1]}"] |= leaks
    assert not found


def test_the_search_for_identifiers_finds_them():
    found = {"doe-2020"}
    for leak in ("<p>as in doe-2020.</p>", '<tr data-select-0="doe-2020"></tr>',
                 '<svg><text>doe-2020</text></svg>'):
        assert _leaks(leak, found) == found
    for none in ('<a href="#study-doe-2020">Doe</a>', "<code>doe-2020</code>", "not-doe-2020"):
        assert _leaks(none, found) == set()


def test_a_study_of_which_nothing_is_known_but_its_identifier(tmp_path):
    world = World(tmp_path / "data").analysis()
    world.add("studies", study_id="no-body-knows", source_id="own")
    world.add("arms", study_id="no-body-knows", arm_id="arm-one", role="intervention",
              source_id="own")
    world.add("sources", source_id="x", kind="registry", title="X", accessed="2026-01-01")
    chapter = Chapter(KNEE, world.write())
    name = chapter.names["no-body-knows"]
    assert name == "Study"
    page = next(view for study, _, view in trial_pages(chapter.review))
    for html in (chapter.trials()._repr_html_(), chapter.answer()._repr_html_(), render(page)):
        assert not _leaks(html, {"no-body-knows", "arm-one"})
    assert arm_names(chapter.data, KNEE)["no-body-knows", "arm-one"]


def test_a_trial_without_an_author_has_one_name_in_figures_and_in_lists(tmp_path):
    world = World(tmp_path / "data").analysis()
    for study in ("no-author", "none-either"):
        world.trial(study, first_author="", n_enrolled=len(study)).pair(study)
    chapter = Chapter(KNEE, world.write())
    [analysis] = chapter.data.records("analyses")
    for page in (figure(chapter.data, analysis["analysis_id"]), soup(chapter.trials().view)):
        assert {*chapter.names.values()} <= {a.get_text() for a in page.select("th a")}


# --- names of studies ---------------------------------------------------------------------------


def test_the_names_of_the_projects_studies_are_unique_and_none_is_an_identifier(own):
    for indication in own.indications:
        names = study_names(own, indication)
        assert len(set(names.values())) == len(names)
        assert not set(names) & set(names.values())
        for study, name in names.items():
            row = next(s for s in own.records("studies", indication) if s["study_id"] == study)
            if row["first_author"] and row["year"]:
                assert name.startswith(f"{row['first_author']} {row['year']}")
            elif row["registration"]:
                assert name.startswith(row["registration"][0])


def _studies(tmp_path, *studies, arms=()) -> dict[str, str]:
    world = World(tmp_path / "data")
    for study in studies:
        world.study(**{"first_author": "", "unit": "hip", **study})
    for study, arm, more in arms:
        world.arm(study, arm, **more)
    return study_names(load(world.write()), KNEE)


DECOMPRESSION = {"cells": "bone-marrow-concentrate", "cointervention": "core-decompression"}


def test_author_and_year_go_before_a_registration_and_that_before_a_description(tmp_path):
    names = _studies(
        tmp_path, {"study_id": "a-x", "first_author": "Doe", "year": 2020,
                   "registration": "NCT00000001"},
        {"study_id": "a-2020b", "first_author": "Doe", "year": 2020},
        {"study_id": "b-x", "first_author": "Roe", "registration": "NCT00000002;NCT00000003"},
        {"study_id": "c-x", "first_author": "Poe"}, {"study_id": "d-x", "n_enrolled": 42},
        arms=[("d-x", "cd-bmac", DECOMPRESSION)])
    assert names == {
        "a-x": "Doe 2020", "a-2020b": "Doe 2020b", "b-x": "NCT00000002",
        "c-x": "Poe, year not stated",
        "d-x": "Trial of bone marrow aspirate concentrate with core decompression, 42 hips"}


@pytest.mark.parametrize("design, species, said", [
    ("rct", "human", "Trial of "), ("nonrandomised-controlled", "human", "Controlled study of "),
    ("single-arm", "human", "Uncontrolled study of "), ("case-series", "human", "Case series of "),
    ("animal-experiment", "rat", "Rat experiment with "), ("", "human", "Study of ")])
def test_a_description_says_the_design(tmp_path, design, species, said):
    names = _studies(tmp_path, {"study_id": "d-x", "design": design, "species": species,
                                "unit": "animal" if species == "rat" else "patient",
                                "n_enrolled": 1},
                     arms=[("d-x", "one", {"cells": "stromal-vascular-fraction"})])
    assert names["d-x"].startswith(f"{said}stromal vascular fraction, 1 ")
    assert names["d-x"].endswith("animal" if species == "rat" else "patient")


def test_a_later_report_without_authors_is_called_by_its_main_report(tmp_path):
    names = _studies(tmp_path, {"study_id": "a-x", "first_author": "Doe", "year": 2014},
                     {"study_id": "b-x", "companion_of": "a-x", "year": 2020})
    assert names["b-x"] == "Later report of Doe 2014, 2020"


@pytest.mark.parametrize("one, other, told", [
    ({"country": "Brazil"}, {"country": "Chile"}, ("(Brazil)", "(Chile)")),
    ({"year": 2019}, {"year": 2020}, ("(2019)", "(2020)")),
    ({"followup_months": 6}, {"followup_months": 12}, ("(6 months)", "(12 months)")),
    ({"journal": "Bone"}, {}, ("(Bone)", "hips")), ({}, {}, (", no. 1", ", no. 2"))])
def test_equal_descriptions_are_told_apart_by_the_data(tmp_path, one, other, told):
    names = _studies(tmp_path, {"study_id": "b-x", "n_enrolled": 42, **one},
                     {"study_id": "a-x", "n_enrolled": 42, **other},
                     arms=[(s, "cd-bmac", DECOMPRESSION) for s in ("a-x", "b-x")])
    assert names["b-x"].endswith(told[0]) and names["a-x"].endswith(told[1])
    assert names["a-x"] != names["b-x"]


def test_a_way_that_tells_only_some_apart_is_followed_by_the_next():
    rows = {"a": {"x": "1", "y": ""}, "b": {"x": "1", "y": "2"}, "c": {"x": "3", "y": ""}}
    names = told_apart(dict.fromkeys(rows, "N"), rows, (lambda r: r["x"], lambda r: r["y"]))
    assert names == {"a": "N (1)", "b": "N (1) (2)", "c": "N (3)"}


# --- arms, reviews, texts -------------------------------------------------------------------------


def test_arms_are_called_by_their_label_else_by_what_they_got(tmp_path):
    world = World(tmp_path / "data").trial("doe-2020", first_author="Doe", year=2020)
    world.study("roe-2021", first_author="Roe", year=2021, companion_of="doe-2020")
    world.arm("roe-2021", "mpc-18m", cells="precursor-cell", label="as in doe-2020",
              n_allocated=18)
    world.arm("roe-2021", "mpc-6m", cells="precursor-cell", label="as in doe-2020", n_allocated=6)
    names = arm_names(load(world.write()), KNEE)
    assert names["doe-2020", "msc"] == "culture-expanded mesenchymal stem cells"
    assert names["doe-2020", "control"] == "saline"
    assert names["roe-2021", "mpc-18m"] == "as in Doe 2020 (n 18)"
    assert names["roe-2021", "mpc-6m"] == "as in Doe 2020 (n 6)"


def test_the_arms_of_a_study_have_different_names(own):
    for indication in own.indications:
        found = arm_names(own, indication)
        assert len({(study, name) for (study, _), name in found.items()}) == len(found)


def test_reviews_are_called_by_authors_title_or_journal(tmp_path):
    world = World(tmp_path / "data")
    for row in ({"review_id": "r-1", "authors": "沈昌辉 (Changhui Shen, Jun Zhang)", "year": 2025},
                {"review_id": "r-2", "authors": "Doe J, Roe K, et al. (digest)", "year": 2024},
                {"review_id": "r-3", "title_en": "A title", "year": 2023},
                {"review_id": "r-4", "journal": "杂志 (Journal of Bones)", "year": 2022},
                {"review_id": "r-5"}):
        world.add("reviews", **row)
    for name, title in (("josr-2024-nma", "Which cells? A network meta-analysis"), ("x-1", "")):
        world.add("published_syntheses", review_id=name, title=title, source_id="own")
    data = load(world.write())
    assert seed_names(data) == {
        "r-1": "Changhui Shen 2025", "r-2": "Doe J 2024", "r-3": "A title, 2023",
        "r-4": "Review in Journal of Bones, 2022", "r-5": "Review of which nothing is known"}
    assert review_names(data, KNEE) == {
        "josr-2024-nma": "Which cells? A network meta-analysis", "x-1": "Review known from: own"}


def test_published_results_and_seed_reviews_are_unique(own):
    assert len(set(seed_names(own).values())) == len(seed_names(own))
    for indication in own.indications:
        names = review_names(own, indication)
        assert len(set(names.values())) == len(names)


def test_a_text_names_what_it_speaks_of_and_leaves_words_as_they_are():
    names = {"doe-2020": "Doe 2020", "cd-bmac": "concentrate"}
    said = "same as doe-2020; doe-2020b, cd-bmac-x, a/doe-2020 and core-decompression (cd-bmac)"
    assert spoken(said, names) == ("same as Doe 2020; doe-2020b, cd-bmac-x, a/doe-2020 and "
                                   "core-decompression (concentrate)")
    assert spoken(None, names) == ""


def test_figures_show_the_label_of_an_arm(own):
    found = soup(Chapter("disc-degeneration").panels("odi").view)
    labels = {label for label in arm_names(own, "disc-degeneration").values()}
    drawn = {t.get_text(" ", strip=True) for t in found.select(".lr-panel li")}
    assert drawn & labels and "mpc-18m" not in found.get_text()
