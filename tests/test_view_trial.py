"""The page of a trial says all that is known of it, and every number of a figure leads there."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from bs4 import BeautifulSoup
from conftest import DATA
from made_up import KNEE, World
from rendered import generated
from test_naming import _identifiers, _leaks

from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.review import review
from livingreview.site.generated import collected, made
from livingreview.view.forest import Forests
from livingreview.view.sources import registration
from livingreview.view.trial.index import INDEX, index_rows, trial_index
from livingreview.view.trial.page import trial_pages

PAGE, ELEMENTS, ALL = 600_000, 6_000, 16_000_000  # bytes, elements, bytes of all pages


@pytest.fixture(scope="module")
def own():
    return review(load(DATA))


@pytest.fixture(scope="module")
def written(own) -> dict[str, str]:
    """Every page by its address."""
    return {f"{page.name}.html": str(render(page.view, f"{page.name}.html"))
            for page in generated(own) if page.name.startswith("trials/")}


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def _page(world: World, study_id: str = "doe-2020") -> BeautifulSoup:
    found = {s: view for s, _, view in trial_pages(review(world.data()))}
    return BeautifulSoup(render(found[study_id], f"trials/{study_id}.html"), "lxml")


def _text(element) -> str:
    return re.sub(r"\s+", " ", element.get_text(" "))


# --- every page -----------------------------------------------------------------------------------


def test_every_study_has_a_page_and_a_row_of_the_index(own, written):
    studies = sum(len(own.data.records("studies", i)) for i in own.data.indications)
    assert len(written) == studies + 1
    linked = {f"trials/{a['href']}" for a in BeautifulSoup(written[INDEX], "lxml")("a")}
    assert linked == set(written) - {INDEX}


def test_every_number_of_a_forest_plot_has_its_place_on_the_page_of_its_trial(own, written):
    lost, links = defaultdict(set), 0
    anchors = {page: set(re.findall(r' id="([^"]+)"', html)) for page, html in written.items()}
    for indication in own.data.indications:
        forests = Forests(own.data, indication)
        for result in own.analyses(indication):
            for group in forests.of(result).groups:
                for row in group.rows:
                    page, _, anchor = row.source.partition("#")
                    links += 1
                    if anchor not in anchors.get(page, ()):
                        lost[page].add(anchor)
    assert links > 300
    assert not lost


def test_every_link_between_rows_of_trials_has_its_place(written):
    anchors = {page: set(re.findall(r' id="([^"]+)"', html)) for page, html in written.items()}
    for page, html in written.items():
        for href in re.findall(r'href="([^":]*#[^"]+)"', html):
            target, _, anchor = href.partition("#")
            there = f"trials/{target}" if target else page
            if there in anchors:
                assert anchor in anchors[there], f"{page}: {href}"


def test_no_anchor_stands_twice_on_a_page(written):
    for page, html in written.items():
        anchors = re.findall(r' id="([^"]+)"', html)
        assert len(anchors) == len(set(anchors)), page


def test_no_page_shows_an_identifier(own, written):
    identifiers = _identifiers(own.data)
    assert len(identifiers) > 500
    assert {p: leaks for p, html in written.items() if (leaks := _leaks(html, identifiers))} == {}


def test_pages_are_light(written):
    for page, html in written.items():
        assert len(html.encode()) <= PAGE, page
        assert len(re.findall(r"<[a-z]", html)) <= ELEMENTS, page
    assert sum(len(html.encode()) for html in written.values()) <= ALL


def test_a_study_without_a_number_in_an_analysis_says_why(own):
    for study_id, indication, page in trial_pages(own):
        html = BeautifulSoup(render(page, "trials/x.html"), "lxml")
        first = html.find(id="counts").find_next_sibling()
        if page.unused:
            assert first.name == "p" and _text(first).strip().endswith("."), study_id
        assert page.unused or page.effects or page.main, (indication, study_id)


def test_the_window_of_the_index_is_named_by_its_heading(own):
    named = {name: context["title"] for name, context, _ in collected(
        made([p for p in generated(own) if f"{p.name}.html" == INDEX], {}, "", "en"))}
    assert named == {"trials/index": "Trials"}


# --- made-up trials -------------------------------------------------------------------------------


def test_a_number_is_shown_with_print_source_place_and_row(world):
    world.trial("doe-2020").analysis()
    world.value("doe-2020", "msc", 31.5, 12.25, locator="Table 4")
    world.value("doe-2020", "control", 44, 13, locator="Table 5", note="read twice")
    page = _page(world)
    block = _text(page.find(id=re.compile("^value-doe-2020-")))
    for said in ("n 20, mean 31.5, SD 12.25", "mean 44, SD 13", "own", "Table 4", "row 2",
                 "knee-osteoarthritis/outcomes.csv", "read twice", "Pain", "As analysed",
                 "−12.5"):
        assert said in block
    row = _text(page.find(id="outcomes-3"))
    for said in ("Month 6", "mean 44, SD 13", "own", "Table 5", "3", "read twice"):
        assert said in row


def test_rows_that_an_analysis_passes_over_are_shown_with_the_reason(world):
    world.trial("doe-2020").analysis().pair("doe-2020", timepoint_months=4).pair("doe-2020")
    block = _text(_page(world).find(id=re.compile("^value-doe-2020-")))
    assert "Not taken" in block and "earlier visit" in block


def test_a_retracted_report_says_so_first_and_why_it_does_not_count(world):
    world.trial("doe-2020", status="retracted").analysis().pair("doe-2020")
    page = _page(world)
    assert "This report was retracted" in _text(page.find(class_="lr-care"))
    assert "retracted" in _text(page.find(id="counts").find_next("p"))


def test_a_doubt_is_shown_with_its_reason(world):
    world.trial("doe-2020").analysis().pair("doe-2020", quality="doubtful")
    world.rows["doubts"].append({
        "indication": KNEE, "table": "outcomes", "study_id": "doe-2020", "item": "pain-vas",
        "rule": "read", "finding": "unclear", "decision": "doubtful",
        "reason": "the axis has no unit", "date": "2026-01-01"})
    care = _text(_page(world).find(class_="lr-care"))
    assert "Values in doubt" in care
    assert "The axis has no unit" in care


def test_a_later_report_leads_to_the_page_on_which_its_numbers_count(world):
    world.trial("doe-2020").trial("doe-2022", companion_of="doe-2020").analysis()
    world.pair("doe-2022")
    later = _page(world, "doe-2022")
    hrefs = [a["href"] for a in later("a") if "#value-" in a["href"]]
    main = _page(world, "doe-2020")
    assert hrefs and all(main.find(id=h.partition("#")[2]) for h in hrefs)
    assert main.find("a", href="doe-2022.html#outcomes-2")
    assert later.find(id="outcomes-2")


def test_a_trial_that_an_analysis_leaves_out_names_analysis_and_reason(world):
    world.trial("doe-2020").analysis(title="Pain at half a year")
    world.value("doe-2020", "msc", 30).value("doe-2020", "control", 40)
    absent = _text(_page(world).find(class_="lr-absent"))
    assert "No spread" in absent and "Pain at half a year" in absent


def test_the_index_says_of_each_study_whether_it_has_numbers(world):
    world.trial("doe-2020").trial("roe-2021").trial("poe-2022").analysis().pair("doe-2020")
    world.value("roe-2021", "msc", 30)
    rows = {r.href: r.numbers for r in trial_index(index_rows(review(world.data()))).rows}
    assert rows == {"trials/doe-2020.html": "analysed", "trials/roe-2021.html": "unused",
                    "trials/poe-2022.html": "none"}


@pytest.mark.parametrize("number, address", [
    ("NCT02123368", "https://clinicaltrials.gov/study/NCT02123368"),
    ("ISRCTN12345678", "https://www.isrctn.com/ISRCTN12345678"),
    ("EudraCT 2010-024544-27",
     "https://www.clinicaltrialsregister.eu/ctr-search/search?query=2010-024544-27"),
    ("KCT0001234", ""),
])
def test_a_registration_leads_to_its_registry_where_that_has_an_address(number, address):
    assert registration(number).href == address


def test_a_number_that_a_review_prints_or_rescaled_is_never_called_the_trial_s_own(own, written):
    page = BeautifulSoup(written["trials/kim-2023.html"], "lxml")
    rows = [r for r in own.data.records("outcomes", KNEE) if r["study_id"] == "kim-2023"]
    for row in rows:
        said = _text(page.find(id=f"outcomes-{row['row']}"))
        assert ("Rescaled or reversed by this source" in said) == bool(row["rescaled"])
    shown = [_text(s) for s in page.select(".lr-effect")]
    assert shown and all("read in a review, not in a report of the trial" in s for s in shown)
    assert any("the review rescaled" in s for s in shown)
    assert not any("Quality of the values: as reported" in s for s in shown)


def test_a_number_of_the_trial_s_own_report_has_its_quality(world):
    world.trial("doe-2020").analysis().pair("doe-2020")
    said = _text(_page(world).select_one(".lr-effect"))
    assert "Quality of the values: as reported" in said and "in a review" not in said
