"""The landing page and the evidence map: what they show is what the results and the data hold."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from conftest import DATA
from made_up import KNEE, World
from rendered import asked, word
from stated import estimate, participants, uncontrolled, wrong_statements

from livingreview.data.dataset import load
from livingreview.render.book import Pages
from livingreview.render.engine import render
from livingreview.render.shown import Shown
from livingreview.review import Review, review
from livingreview.review.counted import not_counted, trials
from livingreview.review.windows import shown_first
from livingreview.view.evidence_map import HARMS, EvidenceMap, evidence_map, found
from livingreview.view.landing import Landing, landing

FIELD = Path(__file__).parent / "another_field" / "data"
BUDGET = 60_000  # bytes of the landing page's own HTML


@cache
def whole() -> Review:
    return review(load(DATA))


@cache
def page() -> Landing:
    return landing(whole())


def soup(view: Landing | EvidenceMap) -> BeautifulSoup:
    name = "book/index.html" if isinstance(view, Landing) else "notebooks/evidence-map.html"
    return BeautifulSoup(render(view, name), "lxml")


def text(element) -> str:
    return " ".join(element.get_text(" ").split())


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path / "data")


def made(world: World) -> Review:
    return review(load(world.write()))


# --- cards ----------------------------------------------------------------------------------------


def test_a_card_shows_the_declared_headline_and_harm_as_results_json_has_them():
    data, analyses = whole().data, whole().document["analyses"]
    cards = soup(page()).select(".lr-card")
    assert len(cards) == len(data.indications)
    for indication, card in zip(data.indications, cards, strict=True):
        assert card.h2.a["href"] == f"../notebooks/{indication}/index.html"
        assert card.h2.get_text() == data.label("indication", indication)
        stated = [e["data-result"] for e in card.select("[data-result]")]
        roles = {s.role: s.analysis_id for s in shown_first(data, indication)}
        assert stated[0] == roles["headline"] and stated[-1] == roles["harm"]
        for name in stated:
            said = text(card.select_one(f"[data-result={name}]"))
            if analyses[name]["pooled"]:
                assert estimate(analyses[name]) in said
                assert card.find("a", href=f"../figures/{name}.html")
    assert not wrong_statements(str(soup(page())), analyses)


def test_the_sizes_of_cards_count_each_trial_in_people_once():
    for indication, card in zip(whole().data.indications, page().cards, strict=True):
        ev = whole().evidence[indication]
        human = [t for t in trials(ev) if not not_counted(ev, t)
                 and ev.studies[t]["design"] != "animal-experiment"]
        assert card.size.trials == len(human) < len(ev.studies)


def test_a_headline_without_an_estimate_says_so_and_the_next_that_has_one_is_named_as_such(world):
    world.trial("x").pair("x").analysis(analysis_id="later", title="Pain, late", window_from=12,
                                        window_to="")
    world.analysis(analysis_id="other")
    world.add("main_windows", indication=KNEE, position=1, analysis_id="later", role="headline")
    found_ = made(world)
    [card] = landing(found_).cards
    assert card.headline.id == "later" and card.headline.estimate is None
    assert card.instead.id == "other" and card.drawing
    shown = text(soup(landing(found_)).select_one(".lr-card"))
    assert "No estimate. Pain, cells against placebo, later than 12 months" in shown
    assert "The next that has one: " in shown
    assert estimate(found_.analysis("other")) in shown


def test_an_estimate_without_a_comparison_stands_on_a_card_only_where_there_is_no_other(world):
    world.study("series", design="single-arm").arm("series", "msc", cells="cultured-msc")
    for months, mean in ((0, 60), (6, 30)):
        world.value("series", "msc", mean, 10, timepoint_months=months)
    world.analysis().analysis(analysis_id="alone", comparison="uncontrolled",
                              measure="mean-change")
    world.add("main_windows", indication=KNEE, position=1, analysis_id="made-up", role="headline")
    [card] = landing(made(world)).cards
    assert card.headline.id == "made-up" and card.instead.id == "alone"
    assert card.drawing.better == ""
    assert landing(made(world)).sure.estimated == 0
    world.trial("x", "hyaluronic-acid").pair("x")
    world.analysis(analysis_id="further", role="further", comparison="hyaluronic-acid")
    [card] = landing(made(world)).cards
    assert card.instead.id == "further"


def test_our_landing_denies_no_estimate_that_is_there():
    for indication, card in zip(whole().data.indications, page().cards, strict=True):
        there = [r for r in whole().analyses(indication) if r["pooled"] and r["role"] != "check"
                 and r["question"]["target_type"] != "event" and not uncontrolled(r)]
        assert bool((card.instead or card.headline).estimate and not
                    (card.instead or card.headline).question.uncontrolled) == bool(there)


def test_the_two_sentences_state_what_main_analyses_are_sure_of():
    rated = [c.headline.level for c in page().cards if c.headline.estimate]
    sure, lead = page().sure, text(soup(page()).select_one(".lr-lead"))
    assert sure.estimated == len(rated)
    assert sure.best in rated
    people = sum(c.size.trials for c in page().cards)
    assert f"{sure.indications} indications with {people:,} trials in people" in lead
    assert f"is {sure.best}" in lead


def test_the_landing_says_how_many_searches_were_made(world):
    world.trial("doe-2020").pair("doe-2020").analysis()
    assert "No database search of its own has been made yet" in text(soup(landing(made(world))))
    world.search("one", "2026-11-01", hits=5)
    assert "1 search of its own is behind it" in text(soup(landing(made(world))))


def test_the_landing_is_light_and_says_once_at_most_that_it_is_very_uncertain():
    html = render(page(), "book/index.html")
    assert len(html.encode()) <= BUDGET
    assert html.count("very uncertain whether") <= 1
    assert "No medical advice." in html


def test_a_side_has_colour_only_where_the_certainty_is_more_than_very_low():
    found = soup(page()).select(".lr-card [data-certainty]")
    unsure = [one for one in found if one["data-certainty"] in ("", "very low")]
    assert any("very uncertain" in text(one) for one in unsure)
    assert not [one for one in unsure if one.select(
        ".lr-said-better, .lr-said-worse, .lr-square:not(.lr-pale)")]
    assert "lr-said-better" in word("side_css", {"question": {"uncontrolled": False},
                                                 "level": "low", "direction": "better"})


# --- the map --------------------------------------------------------------------------------------


def test_a_cell_shows_the_estimate_with_most_behind_it_and_links_to_its_figure():
    there = found(whole())
    for row in page().evidence.rows:
        for cell in row.cells:
            pooled = [r for r in there[row.family, cell.indication].analyses if r["pooled"]] if (
                row.family, cell.indication) in there else []
            assert (cell.finding is not None) == bool(pooled)
            if pooled:
                best = max(pooled, key=lambda r: (not uncontrolled(r), r["role"] == "main",
                                                  r["k"], r["n"]))
                assert cell.finding.id == best["id"]
                assert cell.href == f"figures/{best['id']}.html"
                assert cell.state == ("alone" if uncontrolled(best) else "estimate")
    assert any(r["role"] == "check" for r in whole().document["analyses"].values())
    assert not any(r["role"] == "check" for f in there.values() for r in f.analyses)


def test_every_cell_of_the_picture_says_in_words_what_it_draws():
    links = soup(page()).select(".lr-map-table tbody a")
    cells = [c for row in page().evidence.rows if row.in_people for c in row.cells if c.href]
    assert len(links) == len(cells)
    for a, cell in zip(links, cells, strict=True):
        if cell.finding:
            assert asked("asked", whole().data, whole().analysis(cell.finding.id)) in a["title"]
        assert a["href"] == f"../{cell.href}" and a["title"] == a["aria-label"]
        assert "<" not in a["title"]
        if cell.finding:
            said = whole().analysis(cell.finding.id)
            one = "study" if uncontrolled(said) else "trial"
            several = "studies" if uncontrolled(said) else "trials"
            k = f"{said['k']} {one if said['k'] == 1 else several}"
            assert all(part in a["title"] for part in (
                estimate(said), k, f"{participants(said)} participants"))
            assert text(a) == str(cell.finding.k)
            drawn = a.find("rect") if cell.finding.direction == "worse" and (
                cell.state == "estimate") else a.find("circle")
            assert drawn
        elif cell.state == "ghost":
            assert text(a) == str(cell.k)


def test_below_a_bubble_of_the_large_map_stand_its_control_and_time():
    links = soup(page().evidence).select(".lr-map-table tbody a")
    cells = [c for row in page().evidence.rows for c in row.cells if c.href]
    for a, cell in zip(links, cells, strict=True):
        assert bool(a.small) == bool(cell.finding)
        if cell.finding and not cell.finding.question.uncontrolled:
            assert text(a.small).startswith(
                asked("against", whole().data, whole().analysis(cell.finding.id)))


def test_the_area_of_a_bubble_grows_with_participants():
    cells = [c for row in page().evidence.rows for c in row.cells if c.radius > 5]
    large = max(cells, key=lambda c: c.finding.n)
    assert len(cells) > 5
    for cell in cells:
        assert cell.radius == pytest.approx(
            large.radius * math.sqrt(cell.finding.n / large.finding.n), abs=0.06)


def test_a_ghost_counts_trials_in_people_that_give_no_number(world):
    world.trial("x").value("x", "msc", 30, None).trial("y").value("y", "msc", 30, None)
    world.study("rats", design="animal-experiment", species="rat")
    world.arm("rats", "msc", cells="cultured-msc").value("rats", "msc", 3, 1)
    world.trial("gone", status="retracted").pair("gone").analysis()
    mapped = evidence_map(made(world))
    [cell] = [c for row in mapped.rows for c in row.cells if row.family == "pain"]
    assert (cell.state, cell.k, cell.finding) == ("ghost", 2, None)
    assert {k.kind: k.k for k in cell.known} == {"controlled": 2, "animal": 1}
    assert cell.href == f"notebooks/{KNEE}/benefits.html"
    assert (mapped.counts.pairs, mapped.counts.nothing) == (1, 1)
    shown = soup(mapped)
    assert text(shown.select_one(".lr-map-table .lr-ghost")) == "2"
    assert "1 retracted trial is not counted." in text(shown)


def test_treated_patients_alone_are_a_ring_without_a_direction(world):
    world.study("series", design="single-arm").arm("series", "msc", cells="cultured-msc")
    for months, mean in ((0, 60), (6, 30)):
        world.value("series", "msc", mean, 10, timepoint_months=months)
    world.analysis(comparison="uncontrolled", measure="mean-change")
    shown = soup(evidence_map(made(world)))
    cell = shown.select_one(".lr-map-table td[data-family=pain]")
    assert cell["data-side"] == "alone" and cell.select_one("circle.lr-alone")
    assert not shown.select(".lr-map-table :is(.lr-better, .lr-worse)")


def test_the_table_of_the_map_states_each_estimate_and_filters_offer_what_it_has():
    mapped = soup(page().evidence)
    assert not wrong_statements(str(mapped), whole().document["analyses"])
    rows = mapped.select("#table-evidence-map tbody tr")
    assert len(rows) == page().evidence.counts.pairs
    offered = {s["name"]: {o["value"] for o in s.find_all("option")}
               for s in mapped.select(".lr-map-filter select")}
    for row in rows:
        for name, values in offered.items():
            assert row[f"data-{name}"] in values, name
    harms = [r for r in rows if r["data-family"] == HARMS]
    assert harms and all(text(r.th) == "Adverse events" for r in harms)


# --- other data -----------------------------------------------------------------------------------


def test_another_field_speaks_of_itself():
    pages = Pages(FIELD)
    for shown in (pages.landing(), pages.evidence_map()):
        assert isinstance(shown, Shown)
        said = text(BeautifulSoup(shown._repr_html_(), "lxml"))
        assert "exercise" in said and "Insomnia" in said
        assert "cells" not in said and "knee" not in said.lower()


def test_data_without_a_study_have_a_page_all_the_same(world):
    [card] = landing(made(world)).cards
    assert (card.headline, card.harm, card.size.trials) == (None, None, 0)
    shown = text(soup(landing(made(world))))
    assert "Nobody knows yet" in shown and "No analysis of benefit is declared." in shown
    assert not evidence_map(made(world)).rows and soup(evidence_map(made(world)))
