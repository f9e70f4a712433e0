"""Effect directions, votes, albatross contours and events of treated patients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_up import World
from rendered import plain, soup
from scipy import stats

from livingreview.data.dataset import load
from livingreview.effects import Evidence
from livingreview.effects.comparisons import any_order
from livingreview.review import directions as d
from livingreview.review import harms
from livingreview.view import albatross as a
from livingreview.view.directions import direction_plot
from livingreview.view.events import event_bounds
from livingreview.view.forest import Forests

ORDER = any_order(load())


def _plot(ev):
    return soup(direction_plot(ev, Forests(ev.data, ev.indication), d.directions(ev)))


def _albatross(ev, family):
    return a.albatross(ev, Forests(ev.data, ev.indication), d.directions(ev), family)


def _one(world, trial, outcome="pain-vas"):
    found = [r for r in d.directions(world.evidence()) if (r.trial, r.outcome) == (trial, outcome)]
    assert len(found) == 1
    return found[0]


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


# --- directions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("better, cells, control, direction", [
    ("lower", 30, 40, "intervention"), ("lower", 40, 30, "comparator"), ("higher", 40, 30,
                                                                         "intervention"),
    ("higher", 30, 40, "comparator"), ("lower", 30, 30, "no-difference")])
def test_direction_follows_the_row_not_the_instrument(world, better, cells, control, direction):
    found = _one(world.trial("t").pair("t", cells, control, better=better), "t")
    assert (found.direction, found.basis) == (direction, d.COMPUTED)


def test_unknown_direction_is_not_guessed(world):
    found = _one(world.trial("t").pair("t", better="unknown"), "t")
    assert found.direction == d.UNKNOWN and found.why_unknown


def test_p_value_is_that_of_the_t_test(world):
    found = _one(world.trial("t").pair("t", 33, 40, sd=12), "t")
    expected = stats.ttest_ind_from_stats(33, 12, 20, 40, 12, 20).pvalue
    assert found.p == pytest.approx(expected) and found.p_sign == "=" and found.n == 40


def test_counts_where_more_is_worse(world):
    world.trial("t")
    for arm, events in (("msc", 2), ("control", 6)):
        world.value("t", arm, outcome="collapse", events=events, total=20, scale_min="",
                    scale_max="", timepoint_months="")
    found = _one(world, "t", "collapse")
    log_rr, se = math.log(2 / 6), math.sqrt(1 / 2 - 1 / 20 + 1 / 6 - 1 / 20)
    assert found.direction == "intervention" and found.months is None
    assert found.p == pytest.approx(2 * stats.norm.sf(-log_rr / se))


def test_values_without_a_spread_point_without_a_p_value(world):
    world.trial("t").pair("t", sd="", timepoint_months=6).pair("t", 50, 40, timepoint_months=0)
    found = _one(world, "t")
    assert (found.direction, found.basis, found.p, found.visits) == ("intervention", d.POINTS,
                                                                     None, (6,))


def test_latest_comparable_visit_is_taken_and_all_are_listed(world):
    world.trial("t", comparable_until_months=12)
    world.pair("t", 30, 40, timepoint_months=6).pair("t", 45, 40, timepoint_months=12)
    world.pair("t", 20, 40, timepoint_months=24)
    found = _one(world, "t")
    assert (found.direction, found.months, found.visits) == ("comparator", 12, (6, 12))


def test_arms_that_point_both_ways_are_mixed(world):
    world.trial("t").arm("t", "low", cells="cultured-msc", dose=5)
    for arm, mean in (("msc", 30), ("low", 50), ("control", 40)):
        world.value("t", arm, mean)
    assert _one(world, "t").direction == "mixed"


@pytest.mark.parametrize("favours, stated, direction, basis", [
    ("intervention", "", "intervention", d.STATED), ("neither", "", "no-difference", d.STATED),
    ("", "comparator", "comparator", d.STATED), ("", "", "", "")])
def test_a_p_value_alone_has_the_direction_that_is_stated(world, favours, stated, direction,
                                                          basis):
    world.trial("t", stated_result=stated, stated_result_source_id="own" if stated else "")
    found = _one(world.contrast("t", "", favours=favours, p_value="<0.05"), "t")
    assert (found.direction, found.basis) == (direction, basis)
    assert (found.p, found.p_sign) == (0.05, "<")


def test_an_estimate_with_its_interval_has_the_p_value_of_it(world):
    world.trial("t").contrast("t", -10, ci_low=-20, ci_high=0, measure="MD")
    found = _one(world, "t")
    assert (found.direction, found.basis) == ("intervention", d.ESTIMATE)
    assert found.p == pytest.approx(0.05), "an interval that ends at zero"


@pytest.mark.parametrize("value, expected", [
    ("0.03", (0.03, "=")), ("<0.05", (0.05, "<")), ("> .05", (0.05, ">")), ("≤0.01", (0.01, "<")),
    ("NS", (None, "")), ("<0.002 to <0.0001", (None, "")), (None, (None, ""))])
def test_p_values_as_printed(value, expected):
    assert d.printed_p(value) == expected


def test_nameless_retracted_and_apart_are_shown_without_a_vote(world):
    for trial, more in (("unnamed-x", {"first_author": ""}), ("r", {"status": "retracted"})):
        world.trial(trial, **more).pair(trial)
    world.study("apart").arm("apart", "msc", cells="differentiated-cell")
    world.arm("apart", "control", "saline").pair("apart").trial("t").pair("t")
    rows = d.directions(world.evidence())
    assert {r.trial for r in rows if r.not_counted} == {"unnamed-x", "r", "apart"}
    assert {v["intervention"] for v in d.votes(rows, ORDER)} == {1}


def test_harms_and_animals_are_not_in_it(world):
    world.trial("rats", design="animal-experiment", species="rat").pair("rats")
    world.trial("t").counts("t", 1, 2)
    assert d.directions(world.evidence()) == []


@pytest.mark.parametrize("directions, expected", [
    (["intervention"] * 7 + ["comparator"] * 3, "intervention"),
    (["intervention"] * 2 + ["comparator"], "mixed"),
    (["intervention", ""], "intervention"), ([""], ""), (["mixed"], "mixed"),
    (["comparator"] * 5, "comparator")])
def test_outcomes_of_one_trial_need_seven_in_ten(directions, expected):
    rows = [d.Direction("t", "t", "placebo", (), "expanded", "rct", None, "pain", str(i), way)
            for i, way in enumerate(directions)]
    assert d.within(rows)[0] == expected


def test_sign_test_counts_each_trial_once(world):
    for i in range(8):
        world.trial(f"t{i}").pair(f"t{i}").pair(f"t{i}", outcome="pain-nrs")
    world.trial("against").pair("against", 50, 40)
    world.trial("open", "surgery-alone", design="nonrandomised-controlled")
    world.rows["arms"][-1]["cointervention"] = "high-tibial-osteotomy"
    isolating, everything = d.votes(d.directions(world.pair("open").evidence()), ORDER)
    assert (isolating["intervention"], isolating["comparator"]) == (8, 1)
    assert isolating["p"] == pytest.approx(2 * (1 + 9) / 2**9)
    assert everything["intervention"] == 9 and everything["share"] == 0.9


@pytest.fixture(scope="module")
def everything():
    data = load()
    return {indication: Evidence(data, indication) for indication in data.indications}


def test_every_controlled_study_with_an_outcome_is_in_the_plot(everything):
    for indication, ev in everything.items():
        rows = d.directions(ev)
        assert len({(r.trial, r.comparison, r.outcome) for r in rows}) == len(rows)
        page, address = _plot(ev), Forests(ev.data, indication).addresses.trial
        linked = {a["href"] for a in page.select(f"#{indication}-directions a")}
        assert linked == {f"../{address(indication, r.trial)}" for r in rows}
        for mark in page.select(".lr-way"):
            assert mark["aria-label"] and mark.get_text()


# --- albatross ----------------------------------------------------------------------------------


def test_contours_by_the_published_formula():
    n = a.contour(np.array([0.05]), 0.5)
    assert n[0] == pytest.approx(3.841459 * 8.25 / 0.5, rel=1e-6)
    # A trial of that size with that difference has about that p-value.
    t = 0.5 / math.sqrt(4 / n[0])
    assert 2 * stats.norm.sf(t) == pytest.approx(0.05, rel=0.1)


def test_albatross_draws_direction_and_bounds(world):
    world.trial("for").pair("for").trial("against").pair("against", 50, 40)
    world.trial("bound").contrast("bound", "", p_value="<0.05")
    ev = world.evidence()
    view = _albatross(ev, "pain")
    names = Forests(ev.data, ev.indication).names
    points = {p.trial: p for p in view.points}
    assert points[names["for"]].x > view.zero > points[names["against"]].x
    bound = points[names["bound"]]
    assert bound.arrow > bound.x and points[names["for"]].arrow is None
    page = soup(view)
    text = plain(page.figcaption)
    assert "2 to the right favour cells" in text and "1 to the left favours" in text
    assert "1 hollow mark" in text and len(page.select(".lr-bound")) == 1
    assert len(page.select("svg circle")) == 3
    assert all(p.trial in page.find("desc").get_text() for p in view.points)
    assert page.select_one("details table").get_text().count("< 0.05") == 1


def test_a_p_value_beyond_the_edge_has_an_arrow_and_a_line_passes_where_it_should(world):
    world.trial("far").pair("far", 10, 60, n=100).trial("t").pair("t")
    view = _albatross(world.evidence(), "pain")
    far = next(p for p in view.points if p.beyond)
    assert far.p < 10**-a.FARTHEST and far.arrow > far.x and far.sign == "="
    assert "smaller p-value than the axis shows" in plain(soup(view).figcaption)
    for line in view.contours:
        left, right = line.sides
        assert all(x < view.zero for x, _ in left) and all(x > view.zero for x, _ in right)
        assert [y for _, y in right] == sorted((y for _, y in right), reverse=True)


def test_albatross_says_why_it_is_empty(world):
    ev = world.trial("t").pair("t").evidence()
    assert "1 trial has a direction" in soup(_albatross(ev, "pain")).get_text()
    assert "no trial has a direction" in soup(_albatross(ev, "function")).get_text()


def test_marks_differ_by_size_and_source(world):
    world.trial("small").pair("small").trial("large", n_enrolled=400)
    world.pair("large", 50, 40, n=200).trial("said", n_enrolled=100).contrast("said", "")
    marks = {m.find_parent("a")["href"]: m for m in _plot(world.evidence()).select(".lr-way")}
    small, large, said = (marks[f"../trials/{t}.html"] for t in ("small", "large", "said"))
    assert [m.get_text() for m in (small, large, said)] == ["▲", "▼", "△"]
    assert "lr-way-small" in small["class"] and "lr-way-large" in large["class"]
    assert "computed" in small["title"] and "as stated" in said["title"]


# --- events of treated patients -----------------------------------------------------------------


def _events(world, event="any-ae"):
    return [r for r in harms.arm_events(world.evidence()) if r.event == event]


def test_nobody_with_an_event_has_a_one_sided_bound(world):
    found = harms.totals(_events(world.trial("t").counts("t", 0, 3, n=10)))
    assert (found["events"], found["total"], found["k"]) == (0, 10, 1)
    assert found["upper"] == pytest.approx(1 - 0.05 ** (1 / 10))
    assert "none among 10; at most 25.9 in 100" in plain(soup(event_bounds(world.evidence())))


def test_exact_interval_of_some_events(world):
    found = harms.totals(_events(world.trial("t").counts("t", 3, 3, n=10)))
    expected = stats.binomtest(3, 10).proportion_ci(method="exact")
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((expected.low, expected.high))
    assert found["upper"] is None


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (2, 4), (3, 10), (9, 10), (17, 40)])
def test_the_sign_test_is_the_exact_binomial_test(successes, trials):
    expected = stats.binomtest(successes, trials).pvalue
    assert d._sign_test(successes, trials) == pytest.approx(expected, rel=1e-12)


def test_a_union_replaces_its_parts_and_only_where_it_is_usable(world):
    world.study("t").arm("t", "low", cells="cultured-msc", dose=1)
    world.arm("t", "high", cells="cultured-msc", dose=2)
    world.arm("t", "both", cells="cultured-msc", combines="low;high", n_allocated=40)
    for arm, events in (("low", 1), ("high", 2)):
        world.count("t", arm, events)
    world.count("t", "both", 4, 40)
    assert harms.totals(_events(world))["events"] == 4
    world.rows["adverse_events"][-1]["count"] = "events"
    assert (harms.totals(_events(world))["events"], harms.totals(_events(world))["arms"]) == (3, 2)


def test_companions_give_the_longest_follow_up_once(world):
    world.trial("t").counts("t", 1, 1, months=6).trial("later", companion_of="t")
    world.counts("later", 2, 1, n=15, months=60)
    found = harms.totals(_events(world))
    assert (found["events"], found["total"], found["k"], found["months_high"]) == (2, 15, 1, 60)


@pytest.mark.parametrize("study, row, why", [
    ({"status": "retracted"}, {}, "retracted"), ({}, {"count": "events"}, "events are counted"),
    ({}, {"total": "1", "events": "1"}, "single patient")])
def test_what_is_in_no_sum_is_listed_with_its_reason(world, study, row, why):
    world.trial("t", **study).count("t", "msc", **{"events": 2, "total": 20, **row})
    rows = _events(world)
    assert why in rows[0].not_counted and harms.totals(rows)["total"] == 0
    assert harms.totals(rows)["upper"] is None


def test_a_patient_harmed_in_no_sum_is_not_overlooked(world):
    world.trial("case").count("case", "msc", 1, 1).trial("t").counts("t", 0, 0)
    ev = world.evidence()
    row = soup(event_bounds(ev)).select_one(
        f"#{ev.indication}-event-bounds tbody tr").get_text(" ")
    assert "none among 20" in row and "1 of 1 in" in row and "single patient" in row


def test_cells_of_a_tissue_that_is_not_stated_are_cells(world):
    world.study("t").arm("t", "cells", role="intervention", treatment_source="",
                         treatment_product="")
    world.arm("t", "tissue", role="intervention")  # stated to hold no cells
    world.count("t", "cells", 2).count("t", "tissue", 5)
    assert [(r.arm, r.treatment_class, r.events) for r in _events(world)] == [("cells",
                                                                               "not-stated", 2)]


def test_comparators_and_animals_are_no_treated_patients(world):
    world.trial("t").count("t", "control", 5)
    world.trial("rats", design="animal-experiment").counts("rats", 1, 1)
    assert _events(world) == []


def test_no_patient_of_the_data_is_in_two_sums_of_one_event(everything):
    for ev in everything.values():
        counted = [r for r in harms.arm_events(ev) if not r.not_counted]
        assert len({(r.trial, r.event) for r in counted}) == len(
            {(r.trial, r.study, r.event) for r in counted})
        keys = [(r.study, r.arm, r.event) for r in counted]
        assert len(set(keys)) == len(keys)
        for r in counted:
            assert not any((r.study, part, r.event) in keys
                           for part in ev.arms[r.study, r.arm]["combines"])
