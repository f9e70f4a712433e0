"""What a certainty is rated of, and how precise an estimate is against it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from livingreview import synthesis
from livingreview.data.dataset import load
from livingreview.review.imprecision import (
    ANY,
    IMPORTANT,
    LITTLE,
    Information,
    Target,
    imprecision,
    lines,
    of_means,
    of_risks,
    target,
    variance_of_one,
)

R = json.loads((Path(__file__).parent / "reference" / "information.json").read_text())


@pytest.fixture(scope="module")
def rules() -> dict:
    return {r["rule_id"]: r for r in load().records("certainty_rules")}


# --- the optimal information size -----------------------------------------------------------------


@pytest.mark.parametrize("number", range(len(R["risks"])))
def test_size_of_risks_is_that_of_r(number):
    row = dict(R["risks"][number])
    size = row.pop("size")
    assert synthesis.size_of_risks(**row) == pytest.approx(size, rel=1e-8)


@pytest.mark.parametrize("number", range(len(R["means"])))
def test_size_of_means_is_that_of_r(number):
    """By the normal distribution; by that of t it is a few more."""
    row = dict(R["means"][number])
    size, by_t = row.pop("size"), row.pop("by_t")
    found = synthesis.size_of_means(**row)
    assert found == pytest.approx(size, rel=1e-12)
    assert 0 < by_t - found < 8


@pytest.mark.parametrize("call", [
    lambda: synthesis.size_of_means(0, 10), lambda: synthesis.size_of_means(5, 0),
    lambda: synthesis.size_of_means(math.nan, 1), lambda: synthesis.size_of_means(5, math.inf),
    lambda: synthesis.size_of_means(5, 1, alpha=0), lambda: synthesis.size_of_means(5, 1, power=1),
    lambda: synthesis.size_of_risks(0, 0.25), lambda: synthesis.size_of_risks(1.1, 0.25),
    lambda: synthesis.size_of_risks(0.2, 0), lambda: synthesis.size_of_risks(0.2, 1.5),
    lambda: synthesis.size_of_risks(0.2, 0.2, alpha=1.2)],
    ids=["no-difference", "no-sd", "nan", "endless", "alpha", "power", "no-risk", "risk",
         "no-reduction", "reduction", "alpha-of-risks"])
def test_what_has_no_size_is_an_error(call):
    with pytest.raises(synthesis.SynthesisError):
        call()


def test_the_spread_of_one_patient_is_that_of_the_arms():
    """Where both arms have one SD, the variance of their difference gives it back."""
    effect = synthesis.mean_difference([3], [12], [30], [1], [12], [50])
    assert variance_of_one(float(effect.vi[0]), 30, 50) == pytest.approx(144)


def test_the_size_of_a_pool_weighs_its_trials_by_participants(rules):
    found = of_means(10, [(100, 100.0), (300, 500.0)], rules)
    assert found.sd == pytest.approx(20) and (found.mid, found.alpha, found.power) == (10, .05, .8)
    assert found.size == pytest.approx(synthesis.size_of_means(10, 20))
    assert of_means(None, [(100, 100.0)], rules) is None and of_means(10, [], rules) is None
    counts = of_risks(20, 100, rules)
    assert (counts.risk, counts.reduction) == (0.2, 0.25)
    assert counts.size == pytest.approx(synthesis.size_of_risks(0.2, 0.25))
    assert of_risks(0, 100, rules) is None and of_risks(0, 0, rules) is None


# --- the target -----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimate, mid, toward, kind, side", [
    (-12, 10, -1, IMPORTANT, "benefit"), (12, 10, -1, IMPORTANT, "harm"),
    (12, 10, 1, IMPORTANT, "benefit"), (-12, 10, 1, IMPORTANT, "harm"),
    (-10, 10, -1, IMPORTANT, "benefit"),  # exactly the difference that matters
    (-9.9, 10, -1, LITTLE, ""), (0, 10, -1, LITTLE, ""), (9.9, 10, -1, LITTLE, ""),
    (-40, None, -1, ANY, ""), (0, None, 1, ANY, "")])
def test_the_target_follows_from_where_the_estimate_lies(estimate, mid, toward, kind, side):
    assert target(estimate, mid, toward=toward) == Target(kind, side, mid)


def test_the_target_has_the_no_effect_of_its_scale_and_the_share_of_the_table():
    assert target(1.4, 0.5, toward=1, null=1.0).kind == LITTLE
    assert target(-8, 10, toward=-1, share=0.8) == Target(IMPORTANT, "benefit", 10)


def test_each_target_has_its_lines():
    assert lines(Target(IMPORTANT, "benefit", 10), toward=-1) == {
        "benefit": -10, "no effect": 0, "harm": 10}
    assert lines(Target(LITTLE, "", 10), toward=1) == {"benefit": 10, "harm": -10}
    assert lines(Target(ANY, "", None), toward=1, null=1.0) == {"no effect": 1}


# --- the rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimate, low, high, rule, inside", [
    (-20, -25, -15, [], []),
    (-20, -32, -8, ["imprecision-one"], ["benefit"]),
    (-20, -30, -10, [], []),  # an end on the line is not beyond it
    (-20, -42, 2, ["imprecision-two"], ["benefit", "no effect"]),
    (-20, -52, 12, ["imprecision-two"], ["benefit", "no effect", "harm"]),
    (20, 8, 32, ["imprecision-one"], ["harm"]),
    (20, -1, 41, ["imprecision-two"], ["no effect", "harm"]),
    (-3, -9, 3, [], []),  # of little or no effect, no effect is no line
    (-8, -15, -1, ["imprecision-one"], ["benefit"]),
    (8, 1, 15, ["imprecision-one"], ["harm"]),
    (0, -12, 12, ["imprecision-two"], ["benefit", "harm"])])
def test_the_interval_is_held_against_the_lines_of_the_target(rules, estimate, low, high, rule,
                                                              inside):
    rated = target(estimate, 10, toward=-1)
    found, facts = imprecision(rules, rated, low, high, toward=-1, participants=1000,
                               information=Information(100, 0.05, 0.8))
    assert (found, facts["inside"]) == (rule, inside)


@pytest.mark.parametrize("low, high, rule", [
    (1.2, 2.0, []), (0.9, 2.0, ["imprecision-one"]), (1.0, 2.0, [])])
def test_any_effect_has_one_line(rules, low, high, rule):
    assert imprecision(rules, target(1.5, None, toward=-1, null=1.0), low, high, toward=-1,
                       null=1.0, participants=5000, events=900)[0] == rule


@pytest.mark.parametrize("n, high, rule, asked", [
    (200, -15, [], 200), (199, -15, ["imprecision-size"], 200),
    (100, -15, ["imprecision-size"], 200), (99, -15, ["imprecision-far"], 100),
    (150, -5, ["imprecision-one"], 200),  # of two that lower alike the interval is named
    (99, -5, ["imprecision-far"], 100),  # what lowers more counts; they do not add up
    (99, 5, ["imprecision-two"], 100), (500, 5, ["imprecision-two"], 200)])
def test_participants_are_held_against_the_information_size(rules, n, high, rule, asked):
    found, facts = imprecision(rules, Target(IMPORTANT, "benefit", 10), -25, high, toward=-1,
                               participants=n, information=Information(200, 0.05, 0.8))
    assert (found, facts["asked"]) == (rule, asked)
    assert facts["information"]["size"] == 200


@pytest.mark.parametrize("n, events, rule, asked", [
    (400, None, [], 400), (399, None, ["imprecision-participants"], 400),
    (1, None, ["imprecision-participants"], 400), (50, 300, [], 300),
    (5000, 299, ["imprecision-events"], 300)])
def test_a_rule_of_thumb_stands_in_where_the_size_is_not_known(rules, n, events, rule, asked):
    found, facts = imprecision(rules, Target(ANY, "", None), 1, 2, toward=1, participants=n,
                               events=events)
    assert (found, facts["asked"], facts["information"]) == (rule, asked, None)


@pytest.mark.parametrize("n, size, alone, rule, asked", [
    (399, 50, True, ["imprecision-alone"], 400), (400, 50, True, [], 50),
    (399, 50, False, [], 50), (40, 50, True, ["imprecision-size"], 50),
    (20, 50, True, ["imprecision-far"], 25), (399, None, True, ["imprecision-participants"], 400)])
def test_one_trial_alone_is_asked_for_more(rules, n, size, alone, rule, asked):
    found, facts = imprecision(rules, Target(IMPORTANT, "benefit", 10), -25, -15, toward=-1,
                               participants=n, alone=alone,
                               information=size and Information(size, 0.05, 0.8))
    assert (found, facts["asked"]) == (rule, asked)


def test_of_nobody_knows_how_many_nothing_is_precise(rules):
    for share, rule in ((0.5, ["imprecision-unknown"]), (0.49, ["imprecision-participants"])):
        assert imprecision(rules, Target(ANY, "", None), 1, 2, toward=1, participants=0,
                           share_unknown=share)[0] == rule


def test_the_thresholds_are_those_of_the_table(rules):
    """Another number in a row gives another rating."""
    far = {**rules, "imprecision-far": replace_threshold(rules["imprecision-far"], 0.9)}
    call = {"toward": -1, "participants": 150, "information": Information(200, 0.05, 0.8)}
    rated = Target(IMPORTANT, "benefit", 10)
    assert imprecision(rules, rated, -25, -15, **call)[0] == ["imprecision-size"]
    assert imprecision(far, rated, -25, -15, **call)[0] == ["imprecision-far"]
    surer = {**rules, "information-power": replace_threshold(rules["information-power"], 0.9)}
    assert of_means(10, [(1, 1.0)], surer).size > of_means(10, [(1, 1.0)], rules).size


def replace_threshold(row, threshold: float) -> dict:
    return {**row, "threshold": threshold}
