"""Trials over time: one panel for each study."""

from __future__ import annotations

import math

import pytest
from made_up import World
from rendered import plain, soup
from scipy import stats

from livingreview.data.dataset import load
from livingreview.effects import Evidence
from livingreview.render.numbers import number
from livingreview.review import courses
from livingreview.view.forest import Forests
from livingreview.view.panels import panels


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def _courses(world):
    return courses.courses(world.evidence(), "pain-vas")


def _view(ev, outcome="pain-vas"):
    return panels(ev, Forests(ev.data, ev.indication), outcome)


def _page(world):
    return soup(_view(world.evidence()))


def test_a_panel_holds_each_visit_of_each_arm(world):
    world.trial("t").pair("t", 60, 61, timepoint_months=0).pair("t", 30, 40)
    panel, = _courses(world)
    assert {arm: [(p.months, p.centre) for p in points]
            for (_, arm), points in panel.arms.items()} == {
                "msc": [(0, 60), (6, 30)], "control": [(0, 61), (6, 40)]}


def test_bars_are_the_interval_of_the_mean(world):
    panel, = _courses(world.trial("t").pair("t", 30, 40, sd=10, n=16))
    point = panel.arms["t", "msc"][0]
    half = stats.t.ppf(0.975, 15) * 10 / math.sqrt(16)
    assert (point.low, point.high, point.bar) == (
        pytest.approx(30 - half), pytest.approx(30 + half), courses.INTERVAL)


@pytest.mark.parametrize("values, bar", [
    ({"median": 30, "q1": 20, "q3": 45}, courses.QUARTILES),
    ({"mean": 30, "sd": ""}, ""), ({"mean": 30, "ci_low": 25, "ci_high": 36}, courses.INTERVAL),
    ({"median": 30, "min": 5, "max": 90}, courses.RANGE)])
def test_bars_say_what_they_are(world, values, bar):
    panel, = _courses(world.trial("t").value("t", "msc", **values))
    assert panel.arms["t", "msc"][0].bar == bar


def test_a_known_scale_is_shown_of_a_hundred(world):
    world.trial("t").pair("t", 3, 4, sd=1, scale_max=10).trial("u").pair(
        "u", 3, 4, sd=1, scale_max="", scale_min="")
    known, unknown = _courses(world)
    assert known.shown(3) == 30 and unknown.factor is None and unknown.shown(3) == 3
    assert "scale" in courses.lacking(world.evidence(), unknown)
    assert "scale" not in courses.lacking(world.evidence(), known)


def test_finals_go_before_changes_and_changes_stand_apart(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t").pair(
        "t", -20, -10, statistic="change")
    world.trial("u").pair("u", 60, 60, timepoint_months=0).pair("u", -20, -10, statistic="change")
    assert [(p.trial, p.statistic) for p in _courses(world)] == [("t", "final"), ("u", "change")]
    assert len(_page(world).select("figure")) == 2


def test_a_union_stands_back_for_its_parts(world):
    world.study("t").arm("t", "low", cells="cultured-msc", dose=1)
    world.arm("t", "high", cells="cultured-msc", dose=2)
    world.arm("t", "both", cells="cultured-msc", combines="low;high")
    world.value("t", "both", 35, 10)
    assert set(_courses(world)[0].arms) == {("t", "both")}
    world.value("t", "low", 30, 10).value("t", "high", 40, 10)
    assert set(_courses(world)[0].arms) == {("t", "low"), ("t", "high")}


def test_a_later_report_is_the_same_study(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t")
    world.trial("later", companion_of="t").pair("later", 35, 45, timepoint_months=60)
    panel, = _courses(world)
    assert set(panel.arms) == {("t", "msc"), ("t", "control"), ("later", "msc"),
                               ("later", "control")}


def test_single_arm_studies_are_marked_and_come_last(world):
    world.study("alone", design="single-arm").arm("alone", "msc", cells="cultured-msc")
    for month, mean in ((0, 60), (12, 30)):
        world.value("alone", "msc", mean, 10, timepoint_months=month)
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t")
    assert [p.trial for p in _courses(world)] == ["t", "alone"]
    page = _page(world)
    first, second = page.select(".lr-panel")
    assert "no comparison group" in second.get_text()
    assert "no comparison group" not in first.get_text()
    assert "without a comparison" in page.figcaption.get_text()


def test_where_comparison_ends_there_is_a_line(world):
    world.trial("t", comparable_until_months=6).pair("t", 60, 60, timepoint_months=0)
    world.pair("t").pair("t", 35, 30, timepoint_months=12)
    figure, = _view(world.evidence()).figures
    panel, = figure.panels
    treated, other = panel.lines
    assert treated.treated and not other.treated
    assert [v.months for v in treated.visits] == [0, 6, 12]
    assert panel.limit == treated.visits[1].x < treated.visits[2].x
    page = _page(world)
    assert len(page.select("svg path.lr-dash-1")) == 1
    assert "can no longer be compared" in page.figcaption.get_text()
    lines = page.select("svg.lr-chart path.lr-thin")
    assert ["lr-dash-2" in path["class"] for path in lines] == [False, True], (
        "cells and comparator differ in more than their colour")


def test_a_lower_value_stands_lower_and_a_change_starts_from_zero(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t")
    world.trial("u").pair("u", -20, 10, statistic="change")
    final, change = _view(world.evidence()).figures
    first, last = final.panels[0].lines[0].visits
    assert first.value > last.value and first.y < last.y and first.x < last.x
    assert final.panels[0].start is None
    panel = change.panels[0]
    down, up = (line.visits[0].y for line in panel.lines)
    assert up < panel.start[1] < down and panel.start[0] < panel.lines[0].visits[0].x


def test_one_visit_is_not_drawn_but_in_the_table(world):
    page = _page(world.trial("t").pair("t", 31.5, 40))
    assert not page.select("svg") and "One visit only" in page.get_text()
    assert "31.5" in page.select_one("details table").get_text()


@pytest.mark.parametrize("more, missing", [
    ({"sd": ""}, "no spread"), ({"n": ""}, "no number analysed"),
    ({"timepoint_months": ""}, "visit is not printed"), ({"better": "unknown"}, "which way"),
    ({"statistic": "change", "mean": -10}, "changes only")])
def test_what_is_missing_is_named(world, more, missing):
    world.trial("t").value("t", "msc", **{"mean": 30, "sd": 10, **more})
    said = plain(_page(world).select_one("ul.lr-legend"))
    assert missing in said and "one side of the comparison" in said


def test_nothing_is_said_to_be_missing_where_all_is_there(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t").pair(
        "t", 20, 30, timepoint_months=12)
    assert courses.lacking(world.evidence(), _courses(world)[0]) == []
    assert "nothing of this is missing" in plain(_page(world).select_one("ul.lr-legend"))


def test_every_human_mean_of_the_data_is_in_a_panel_or_replaced():
    data = load()
    for indication in data.indications:
        ev = Evidence(data, indication)
        for outcome in ("pain-vas", "odi", "harris-hip", "asia-motor"):
            rows = [r for (study, _), found in ev.outcomes.items() for r in found
                    if r["outcome"] == outcome and r["mean"] is not None
                    and ev.studies[study]["design"] != "animal-experiment"]
            assert {ev.trial_of(r["study_id"]) for r in rows} <= {
                p.trial for p in courses.courses(ev, outcome)}


def test_every_panel_has_a_text_alternative_with_its_numbers():
    ev = Evidence(load(), "spinal-cord-injury")
    view = _view(ev, "asia-motor")
    drawn = [p for figure in view.figures for p in figure.panels]
    charts = soup(view).select("svg.lr-chart")
    joined = [c for c in courses.courses(ev, "asia-motor") if c.joined]
    assert len(charts) == len(drawn) == len(joined) > 0
    for svg, panel in zip(charts, drawn, strict=True):
        alternative = svg.find("desc").get_text()
        assert panel.trial in alternative and svg.find("title").get_text()
        assert all(line.arm in alternative for line in panel.lines)
        assert all(number(v.value) in alternative for line in panel.lines for v in line.visits)


def test_a_panel_is_a_few_elements():
    ev = Evidence(load(), "disc-degeneration")
    page = soup(_view(ev, "pain-vas"))
    charts = page.select("svg.lr-chart")
    assert charts and all(len(c.find_all(True)) < 40 for c in charts)
    assert all(len(p.select("li")) * 2 == len(p.select("svg.lr-chart path:is([class^=lr-first],"
               "[class^=lr-other],[class^=lr-third],[class^=lr-fourth])"))
               for p in page.select(".lr-panel"))
