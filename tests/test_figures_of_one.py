"""A trial alone is not pooled, an estimate alone is not drawn, and every figure has its name."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from made_up import KNEE, World
from rendered import figure, generated, plain, soup
from shown import PAGES, shown

from livingreview.__main__ import main
from livingreview.data.dataset import load
from livingreview.render.chapter import Chapter
from livingreview.render.engine import render
from livingreview.review import review

pytestmark = pytest.mark.xdist_group("pages")  # all run the cells of every page: once

POOL = re.compile(r"pool|prediction|diamond|polygon|posterior|lens", re.IGNORECASE)
NOT_OF_ONE = "polygon, .lr-pi, .lr-pooled, .lr-prediction, td[data-label=Weight]"
ALONE = {"comparison": "uncontrolled", "measure": "mean-change", "section": "uncontrolled"}


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "data").analysis().trial("doe-2020").pair("doe-2020")


def _figure(world: World):
    """The page of the made-up analysis, and its figure."""
    page = figure(load(world.write()), "made-up")
    return page, page.select_one("figure")


def test_a_figure_of_one_trial_shows_no_pool(world):
    page, drawn = _figure(world)
    assert "One trial: its own estimate; nothing is pooled." in page.get_text()
    assert drawn.select("rect.lr-square, circle.lr-ring")
    assert not POOL.findall(str(drawn)) and not drawn.select(NOT_OF_ONE)
    world.trial("roe-2021").pair("roe-2021", cells=33)
    _, several = _figure(world)
    assert several.select("path.lr-lens") and "Posterior" in several.get_text()


def test_a_figure_of_one_study_without_a_comparison_shows_no_pool(tmp_path):
    world = World(tmp_path / "data").analysis(**ALONE)
    world.study("doe-2020", design="single-arm").arm("doe-2020", "msc", cells="cultured-msc")
    for month, mean in ((0, 60), (6, 40)):
        world.value("doe-2020", "msc", mean, 10, timepoint_months=month)
    page, drawn = _figure(world)
    assert "One study: its own value; nothing is pooled." in page.get_text()
    assert not POOL.findall(str(drawn))


def test_no_page_of_one_trial_of_our_data_shows_a_pool():
    seen = 0
    computed = review(load())
    found = computed.document["analyses"]
    for page in generated(computed):
        result = found.get(page.name.removeprefix("figures/"))
        if result and result["k"] < 2:
            seen += 1
            html = BeautifulSoup(render(page.view, f"{page.name}.html"), "lxml")
            for drawn in html.select("figure.lr-forest, .lr-single"):
                for part in drawn.select("th a, .lr-sub"):  # names of trials and data
                    part.decompose()
                assert not POOL.findall(drawn.get_text()), result["id"]
                assert not drawn.select(NOT_OF_ONE), result["id"]
    assert seen > 100


def test_pool_draws_no_pool_of_one_trial(tmp_path):
    table, drawn = tmp_path / "t.csv", tmp_path / "t.html"
    for rows, pooled in (("a,1,0.2\n", False), ("a,1,0.2\nb,2,0.3\n", True)):
        table.write_text(f"study,yi,vi\n{rows}", encoding="utf-8")
        out = CliRunner().invoke(main, ["pool", str(table), "--measure", "MD",
                                        "--forest", str(drawn)])
        assert out.exit_code == 0, out.output
        shown_ = str(BeautifulSoup(drawn.read_text(encoding="utf-8"), "lxml").figure)
        assert ("Pooled" in shown_) == pooled and ("diamond" in shown_.casefold()) == pooled


def _html(part) -> str:
    return part._repr_html_()


def test_robustness_of_one_estimate_is_a_sentence(world):
    shown_ = _html(Chapter(KNEE, world.write()).robustness("made-up"))
    assert "No other choice gives another estimate" in shown_
    assert "<figure" not in shown_ and "<svg" not in shown_


def test_robustness_of_several_estimates_names_them_outside_the_drawing(world):
    for study, cells in (("roe-2021", 33), ("poe-2022", 20)):
        world.trial(study).pair(study, cells=cells)
    page = soup(Chapter(KNEE, world.write()).robustness("made-up").view)
    rows = page.select("#robust-made-up .lr-ladder tbody tr:not(.lr-axis-row)")
    assert len(rows) > 3 and sum("main analysis" in r.get_text() for r in rows) == 1
    assert all(r.th.get_text() and r.select_one("td.lr-num").get_text() for r in rows)
    assert not page.select(".lr-ladder tr:not(.lr-axis-row) svg text")


def _over_time(world: World):
    world.rows["analyses"] = []
    for low, high in ((0, 3), (3, 6), (6, 12)):
        world.analysis(analysis_id=f"w{high}", window_from=low, window_to=high)
    return _html(Chapter(KNEE, world.write()).time_course("pain", "placebo"))


def test_one_window_with_an_estimate_is_a_sentence(world):
    said = _over_time(world)
    assert "<svg" not in said and "none is drawn" in said and "−10.0 (−16.2 to −3.8)" in said
    world.pair("doe-2020", timepoint_months=3)
    assert "<svg" in _over_time(world)


def test_one_dose_is_a_sentence(tmp_path):
    world = World(tmp_path / "data").analysis()
    world.study("doe-2020").arm("doe-2020", "msc", cells="cultured-msc", dose=5000000)
    world.arm("doe-2020", "control", "saline").pair("doe-2020")
    said = _html(Chapter(KNEE, world.write()).dose("made-up"))
    assert "<svg" not in said and "The one trial states its dose" in said and "5 million" in said


def test_one_dated_value_is_not_drawn(tmp_path):
    world = World(tmp_path / "data").analysis().trial("doe-2020")
    world.pair("doe-2020", statistic="change", timepoint_months="")
    said = Chapter(KNEE, world.write()).panels("pain-vas")._repr_html_()
    assert "<svg" not in said and "nothing is drawn" in said


def test_one_neighbour_is_a_question(world):
    world.analysis(analysis_id="later", window_from=6, window_to=12)
    world.pair("doe-2020", timepoint_months=12)
    said = plain(soup(Chapter(KNEE, world.write()).robustness("made-up").view))
    assert "The main analysis and 1 neighbouring question: " in said


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name == "notebooks"],
                         ids=lambda p: p.stem)
def test_figures_of_a_page_have_names_and_no_two_the_same_words(page):
    html = "".join(value for _, value in shown(page))
    found = BeautifulSoup(html, "lxml").select("figure.lr-figure:not(:has(.lr-panels))")
    names = [f.figcaption.strong.get_text() for f in found]
    assert all(len(name) > 10 for name in names)
    assert [n for n, k in Counter(names).items() if k > 1] == []
    captions = Counter(f.figcaption.get_text() for f in found)
    assert [c for c, k in captions.items() if k > 1] == []
