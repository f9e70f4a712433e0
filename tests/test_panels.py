"""Trials over time: one panel for each study."""

from __future__ import annotations

import math

import pytest
from bs4 import BeautifulSoup
from made_up import World
from scipy import stats

from livingreview.data.dataset import load
from livingreview.display import panels
from livingreview.display.html import number
from livingreview.effects import Evidence
from livingreview.view.naming import study_names


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def _panels(world):
    return panels.study_panels(world.evidence(), "pain-vas")


def _page(world):
    ev = world.evidence()
    return BeautifulSoup(panels.panels(ev, {s: s for s in ev.studies}, "pain-vas"), "lxml")


def test_a_panel_holds_each_visit_of_each_arm(world):
    world.trial("t").pair("t", 60, 61, timepoint_months=0).pair("t", 30, 40)
    panel, = _panels(world)
    assert {arm: [(p.months, p.centre) for p in points]
            for (_, arm), points in panel.arms.items()} == {
                "msc": [(0, 60), (6, 30)], "control": [(0, 61), (6, 40)]}


def test_bars_are_the_interval_of_the_mean(world):
    panel, = _panels(world.trial("t").pair("t", 30, 40, sd=10, n=16))
    point = panel.arms["t", "msc"][0]
    half = stats.t.ppf(0.975, 15) * 10 / math.sqrt(16)
    assert (point.low, point.high, point.bar) == (
        pytest.approx(30 - half), pytest.approx(30 + half), panels.INTERVAL)


@pytest.mark.parametrize("values, bar", [
    ({"median": 30, "q1": 20, "q3": 45}, panels.QUARTILES),
    ({"mean": 30, "sd": ""}, ""), ({"mean": 30, "ci_low": 25, "ci_high": 36}, panels.INTERVAL),
    ({"median": 30, "min": 5, "max": 90}, panels.RANGE)])
def test_bars_say_what_they_are(world, values, bar):
    panel, = _panels(world.trial("t").value("t", "msc", **values))
    assert panel.arms["t", "msc"][0].bar == bar


def test_a_known_scale_is_shown_of_a_hundred(world):
    world.trial("t").pair("t", 3, 4, sd=1, scale_max=10).trial("u").pair(
        "u", 3, 4, sd=1, scale_max="", scale_min="")
    known, unknown = _panels(world)
    assert known.shown(3) == 30 and unknown.factor is None and unknown.shown(3) == 3
    assert "scale not stated" in panels.lacking(world.evidence(), unknown)


def test_finals_go_before_changes_and_changes_stand_apart(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t").pair(
        "t", -20, -10, statistic="change")
    world.trial("u").pair("u", 60, 60, timepoint_months=0).pair("u", -20, -10, statistic="change")
    assert [(p.trial, p.statistic) for p in _panels(world)] == [("t", "final"), ("u", "change")]
    assert len(_page(world).select("figure")) == 2


def test_a_union_stands_back_for_its_parts(world):
    world.study("t").arm("t", "low", cells="cultured-msc", dose_cells=1)
    world.arm("t", "high", cells="cultured-msc", dose_cells=2)
    world.arm("t", "both", cells="cultured-msc", combines="low;high")
    world.value("t", "both", 35, 10)
    assert set(_panels(world)[0].arms) == {("t", "both")}
    world.value("t", "low", 30, 10).value("t", "high", 40, 10)
    assert set(_panels(world)[0].arms) == {("t", "low"), ("t", "high")}


def test_a_later_report_is_the_same_study(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t")
    world.trial("later", companion_of="t").pair("later", 35, 45, timepoint_months=60)
    panel, = _panels(world)
    assert set(panel.arms) == {("t", "msc"), ("t", "control"), ("later", "msc"),
                               ("later", "control")}


def test_single_arm_studies_are_marked_and_come_last(world):
    world.study("alone", design="single-arm").arm("alone", "msc", cells="cultured-msc")
    for month, mean in ((0, 60), (12, 30)):
        world.value("alone", "msc", mean, 10, timepoint_months=month)
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t")
    assert [p.trial for p in _panels(world)] == ["t", "alone"]
    page = _page(world)
    first, second = page.select("svg")
    assert "no comparison group" in second.get_text()
    assert "no comparison group" not in first.get_text()
    assert "without a comparison" in page.figcaption.get_text()


def test_where_comparison_ends_there_is_a_line(world):
    world.trial("t", comparable_until_months=6).pair("t", 60, 60, timepoint_months=0)
    world.pair("t").pair("t", 35, 30, timepoint_months=12)
    ev = world.evidence()
    panel, = _panels(world)
    figure = panels._draw(ev, {"t": "T"}, panel, dict.fromkeys(panel.arms, "an arm"), "",
                          (-2, 102))
    dotted = [line for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert [line.get_xdata()[0] for line in dotted] == [6]
    full = {line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata()) == 3}
    assert full == {"-", "--"}, "cells and comparator differ in more than their colour"


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
    found = panels.lacking(world.evidence(), _panels(world)[0])
    assert any(missing in words_ for words_ in found)
    assert any("one side of the comparison" in words_ for words_ in found)


def test_nothing_is_said_to_be_missing_where_all_is_there(world):
    world.trial("t").pair("t", 60, 60, timepoint_months=0).pair("t").pair(
        "t", 20, 30, timepoint_months=12)
    assert panels.lacking(world.evidence(), _panels(world)[0]) == []


def test_every_human_mean_of_the_data_is_in_a_panel_or_replaced():
    data = load()
    for indication in data.indications:
        ev = Evidence(data, indication)
        for outcome in ("pain-vas", "odi", "harris-hip", "asia-motor"):
            rows = [r for (study, _), found in ev.outcomes.items() for r in found
                    if r["outcome"] == outcome and r["mean"] is not None
                    and ev.studies[study]["design"] != "animal-experiment"]
            assert {ev.trial_of(r["study_id"]) for r in rows} <= {
                p.trial for p in panels.study_panels(ev, outcome)}


def test_every_panel_has_a_text_alternative_with_its_numbers():
    ev = Evidence(load(), "spinal-cord-injury")
    names = study_names(ev.data, ev.indication)
    page = BeautifulSoup(panels.panels(ev, names, "asia-motor"), "lxml")
    drawn = sorted((p for p in panels.study_panels(ev, "asia-motor") if p.course),
                   key=lambda p: panels.STATISTICS.index(p.statistic))
    assert len(page.select("svg")) == len(drawn) > 0
    for svg, panel in zip(page.select("svg"), drawn, strict=True):
        alternative = svg.find("desc").get_text()
        assert names[panel.trial] in alternative and svg.find("title").get_text()
        for points in panel.arms.values():
            assert all(number(panel.shown(p.centre)) in alternative for p in points)
