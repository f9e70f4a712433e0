"""From effects to results: models, robustness, certainty, what is not in the pool."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import pytest
from made_up import DATA, HARM, KNEE, PAIN, RESPONDER, World
from scipy.stats import t

from livingreview import synthesis
from livingreview.data import dataset
from livingreview.data.store import VARIABLE
from livingreview.effects import Evidence, select
from livingreview.review import dumps, review
from livingreview.review.certainty import certainty, small_study_test
from livingreview.review.pools import describe, main_pool, random_pool
from livingreview.review.results import analyse
from livingreview.review.steps import steps
from livingreview.synthesis import risk_ratio
from livingreview.synthesis.bayes import Prior, posterior

NO_TEST = {"done": False, "reason": "fewer than 10 trials"}


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def close(value, expected):
    return value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def trials(world, *differences, sd=10, n=20, apart=0):
    """Trials of pain with these mean differences.

    SDs that are equal in two trials are suspicious; `apart` makes each larger than the last.
    """
    for number, difference in enumerate(differences):
        study = f"t{number}-2020"
        world.trial(study, n_enrolled=2 * n)
        world.pair(study, 60 + difference, 60, sd + apart * number, n=n)
    return world


def harms(world, *tables, n=20):
    """Trials with these numbers of patients with an event, in the cell and the control arm."""
    for number, (cells, control) in enumerate(tables):
        study = f"t{number}-2020"
        world.trial(study, n_enrolled=2 * n).counts(study, cells, control, n)
    return world


def result(world, analysis=PAIN) -> dict:
    return analyse(world.evidence(), analysis)[0]


def variants(outcome: dict) -> dict[str, dict]:
    return {row["id"]: row for row in outcome["robustness"]}


# --- models -------------------------------------------------------------------------------------


def test_no_trial_is_a_result(world):
    outcome = result(world.trial("a-2020", n_enrolled=50))
    assert (outcome["k"], outcome["n"], outcome["pooled"], outcome["certainty"]) == (0, 0, None,
                                                                                     None)
    assert [x["trial_id"] for x in outcome["not_in_pool"]["trials"]] == ["a-2020"]
    assert outcome["not_in_pool"]["n_finished"] == 50
    json.loads(dumps(outcome))


def test_one_trial_stands_alone(world):
    outcome = result(trials(world, -10))
    pooled = outcome["pooled"]
    assert (pooled["k"], pooled["tau2"], pooled["pi_low"]) == (1, None, None)
    assert close(pooled["ci_high"], -10 + 1.959963984540054 * math.sqrt(10))
    assert outcome["leave_one_out"] == [] and outcome["studies"][0]["weight"] == 1


def test_two_trials_have_a_posterior_and_the_other_models_in_the_details(world):
    outcome = result(trials(world, -10, -30))
    pooled, prior = outcome["pooled"], outcome["method"]["prior"]
    fit = posterior([-10, -30], [10, 10], Prior(prior["family"], prior["scale"]))
    assert (pooled["model"], pooled["interval"], pooled["p_value"]) == (
        "posterior", "credible", None)
    assert close(pooled["estimate"], fit.estimate) and close(pooled["ci_low"], fit.ci_low)
    assert close(pooled["tau2"], fit.tau**2) and close(pooled["pi_high"], fit.pi_high)
    assert outcome["posterior"] == pooled and outcome["apart"]
    common, beside = outcome["common_effect"], outcome["random_effects"]
    assert common["model"] == "common" and close(common["se"], math.sqrt(5))
    assert (beside["model"], beside["df"], beside["pi_low"]) == ("random", 1, None)
    assert [s["weight"] for s in outcome["studies"]] == pytest.approx([0.5, 0.5])


def test_two_trials_whose_intervals_overlap_are_not_apart(world):
    assert result(trials(world, -10, -20))["apart"] is False


@pytest.mark.parametrize(("effects", "there"), [
    ((-10, -14, -12), True), ((-10, -14, -12, -9), True), ((-10, -14, -12, -9, -11), False)])
def test_a_posterior_stands_beside_the_interval_of_three_and_four_trials(world, effects, there):
    outcome = result(trials(world, *effects))
    assert outcome["pooled"]["model"] == "random" and outcome["apart"] is None
    assert outcome["common_effect"] is None and outcome["random_effects"] is None
    assert bool(outcome["posterior"]) == there
    if there:
        prior = outcome["method"]["prior"]
        fit = posterior(effects, [10] * len(effects), Prior(prior["family"], prior["scale"]))
        assert close(outcome["posterior"]["ci_high"], fit.ci_high)


def test_three_trials_have_reml_with_the_guarded_interval(world):
    outcome = result(trials(world, -10, -11, -12))
    pooled = outcome["pooled"]
    assert (pooled["model"], pooled["tau2_method"], pooled["interval"]) == (
        "random", "REML", "hksj-guard")
    # Effects closer than chance: tau2 is 0 and the guard keeps the variance at its weight's.
    assert pooled["tau2"] == 0 and close(pooled["se"], math.sqrt(10 / 3))
    half = t.ppf(0.975, 2) * math.sqrt(10 / 3)
    assert close(pooled["ci_low"], -11 - half) and close(pooled["pi_low"], -11 - half)
    assert outcome["random_effects"] is None


def test_unlike_trials_widen_the_interval(world):
    yi = [-2, -10, -45]
    pooled = result(trials(world, *yi))["pooled"]
    fit = synthesis.pool(yi, [10, 10, 10])
    for key in ("estimate", "se", "tau2", "i2", "ci_low", "pi_high"):
        assert close(pooled[key], getattr(fit, key))
    assert pooled["pi_low"] < pooled["ci_low"]


def test_identical_effects(world):
    outcome = result(trials(world, -10, -10, -10, -10))
    assert outcome["pooled"]["tau2"] == 0 and outcome["pooled"]["q"] == pytest.approx(0, abs=1e-9)
    json.loads(dumps(outcome))


def test_mantel_haenszel_is_the_main_model_when_any_cell_is_empty(world):
    outcome = result(harms(world, (0, 4), (5, 3), (6, 6)), HARM)
    assert outcome["pooled"]["model"] == "mantel-haenszel"
    # R = sum(a n2/N) / sum(c n1/N); with equal arms the sums of events
    assert close(outcome["pooled"]["estimate"], 11 / 13)
    assert outcome["random_effects"]["model"] == "random"
    assert result(World(world.folder), HARM)["k"] == 0


def test_without_an_empty_cell_it_is_not(world):
    assert result(harms(world, (2, 4), (5, 3), (6, 6)), HARM)["pooled"]["model"] == "random"


def test_an_empty_cell_of_a_trial_without_events_counts_too(world):
    outcome = result(harms(world, (2, 4), (5, 3), (6, 6), (0, 0)), HARM)
    assert outcome["pooled"]["model"] == "mantel-haenszel"
    assert (outcome["k"], outcome["k_without_ratio"], outcome["pooled"]["k"]) == (3, 1, 3)
    (listed,) = [x for x in outcome["not_in_pool"]["trials"] if x["group"] == "without-events"]
    assert (listed["trial_id"], listed["n"]) == ("t3-2020", 40)
    assert outcome["n"] == 120 and outcome["not_in_pool"]["n_finished"] == 160
    # Leaving one out changes the trials, not the model.
    assert {row["model"] for row in outcome["leave_one_out"]} == {"mantel-haenszel"}


def test_mantel_haenszel_undefined_falls_back(world):
    """No events in any control: the ratio of Mantel and Haenszel is infinite."""
    outcome = result(harms(world, (1, 0), (2, 0), (3, 0)), HARM)
    assert outcome["pooled"]["model"] == "random" and outcome["pooled"]["estimate"] > 1
    assert outcome["absolute"] is None
    json.loads(dumps(outcome))


def test_no_events_at_all_are_a_bound_and_no_pool(world):
    outcome = result(harms(world, (0, 0), (0, 0)), HARM)
    assert outcome["pooled"] is None and outcome["k_without_ratio"] == 2
    assert close(outcome["none_seen"]["upper_percent"], 100 * (1 - 0.05 ** (1 / 40)))
    assert outcome["none_seen"]["n"] == 40
    json.loads(dumps(outcome))


def test_events_in_all_give_no_pool_of_odds(world):
    outcome = result(harms(world, (20, 20), (20, 20)), replace(HARM, measure="OR"))
    assert outcome["pooled"] is None and outcome["none_seen"] is None


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_every_measure_of_counts_gives_a_clean_result(world, measure):
    outcome = result(harms(world, (0, 4), (5, 3), (6, 6), (0, 0)), replace(HARM, measure=measure))
    json.loads(dumps(outcome))
    assert outcome["k"] == (4 if measure == "RD" else 3)


def test_risks_per_1000_are_the_ratio_on_the_median_risk(world):
    outcome = result(harms(world, (2, 4), (5, 2), (6, 10)), HARM)
    risks, pooled = outcome["absolute"], outcome["pooled"]
    assert risks["comparator_per_1000"] == 200 and len(risks["trials_of_median"]) == 3
    for key in ("estimate", "ci_low", "ci_high"):
        assert close(risks[f"intervention_{key}_per_1000"], min(1000, 200 * pooled[key]))


def test_subgroups_by_cells_comparison_and_design(world):
    trials(world, -10, -12, -8)
    world.study("svf-2020").arm("svf-2020", "msc", cells="stromal-vascular-fraction")
    world.arm("svf-2020", "control", "saline").pair("svf-2020", 20, 40)
    world.trial("nr-2020", design="nonrandomised-controlled").pair("nr-2020", 0, 40)
    world.trial("ha-2020", "hyaluronic-acid").pair("ha-2020", 35, 40)
    outcome = result(world, replace(PAIN, comparison="any"))
    groups = {s["by"]: {g["value"]: g["k"] for g in s["groups"]} for s in outcome["subgroups"]}
    assert groups == {"comparison": {"placebo": 4, "hyaluronic-acid": 1},
                      "treatment_class": {"expanded": 4, "minimally-processed": 1},
                      "design": {"rct": 5, "nonrandomised-controlled": 1},
                      "treatment_source": {"bone-marrow": 5}, "provider": {"not-stated": 5},
                      "administrations": {"not-stated": 5}}
    assert outcome["k"] == 5


# --- robustness ---------------------------------------------------------------------------------


def test_methods_are_those_of_the_protocol(world):
    rows = variants(result(trials(world, -2, -10, -45)))
    yi, vi = [-2, -10, -45], [10, 10, 10]
    for id_, options in {"common": {"model": "common", "interval": "z"}, "reml": {},
                         "dl": {"tau2_method": "DL"}, "pm": {"tau2_method": "PM"},
                         "hksj": {"interval": "hksj"}, "z": {"interval": "z"},
                         "dl-z": {"tau2_method": "DL", "interval": "z"}}.items():
        fit = synthesis.pool(yi, vi, **options)
        assert close(rows[id_]["ci_low"], fit.ci_low) and close(rows[id_]["ci_high"], fit.ci_high)
        assert rows[id_]["same_question"]


def test_values_that_are_out_of_the_main_pool_come_in_by_name(world):
    trials(world, -10, -12)
    for study, quality in (("bor-2020", "borrowed"), ("dig-2020", "digitised"),
                           ("dou-2020", "doubtful")):
        world.trial(study).pair(study, 0, 40, quality=quality)
    world.trial("skew-2020").value("skew-2020", "control", 40, 10)
    world.value("skew-2020", "msc", median=25, q1=24, q3=60)
    world.trial("con-2020").contrast("con-2020", -5, se=3)
    world.trial("se-2020").value("se-2020", "msc", 20, se=2).value("se-2020", "control", 40, 10)
    world.trial("ret-2020", status="retracted").pair("ret-2020")
    world.trial("nr-2020", design="nonrandomised-controlled").pair("nr-2020")
    outcome = result(world)
    rows = variants(outcome)
    assert outcome["k"] == 4
    assert {id_: rows[id_]["k"] for id_ in (
        "with-borrowed", "with-digitised", "with-doubtful", "with-skewed", "all-values",
        "no-contrasts", "as-reported-only", "with-retracted", "with-nonrandomised")} == {
        "with-borrowed": 5, "with-digitised": 5, "with-doubtful": 5, "with-skewed": 5,
        "all-values": 8, "no-contrasts": 3, "as-reported-only": 3, "with-retracted": 5,
        "with-nonrandomised": 5}
    assert rows["with-retracted"]["same_question"]
    assert not rows["with-nonrandomised"]["same_question"]  # designs are the second panel


def test_variants_that_change_nothing_are_not_rows(world):
    rows = result(trials(world, -2, -10, -15, apart=1))["robustness"]
    assert {row["kind"] for row in rows if row["same_question"]} == {"method"}
    (other,) = [row for row in rows if not row["same_question"]]
    assert other["id"] == "minimally-processed-only" and "estimate" not in other  # no trial left


def test_patients_and_joints_in_robustness(world):
    trials(world, -10)
    world.trial("pair-2020", allocation="within-person").pair("pair-2020")
    world.study("joint-2020", allocation="clustered")
    for arm, kind in (("msc", {"cells": "cultured-msc"}), ("control", {"comparator": "saline"})):
        world.arm("joint-2020", arm, n_allocated=30, n_patients=20, **kind)
    world.pair("joint-2020", n=30)
    assert {"paired-0.5", "paired-0.8", "icc-0", "icc-1"} <= set(variants(result(world)))


def test_allocated_n_weighs_but_derives_nothing(world):
    """An SD from a standard error belongs to the n that was analysed."""
    trials(world, -10)
    world.trial("a-2020").value("a-2020", "msc", 30, se=2, n=10)
    world.value("a-2020", "control", 40, 10, n=15)
    effect = world.select(allocated_n=True)[0]["a-2020"]
    assert close(effect.intervention.sd, 2 * math.sqrt(10)) and effect.n_intervention == 20
    assert close(effect.vi, 40 / 20 + 100 / 20)
    assert "allocated-n" in variants(result(world))


def test_products_are_another_question(world):
    trials(world, -10, -12)
    world.study("svf-2020").arm("svf-2020", "msc", cells="stromal-vascular-fraction")
    world.arm("svf-2020", "control", "saline").pair("svf-2020", 20, 40)
    world.study("ns-2020").arm("ns-2020", "msc", cells="x", treatment_product="")
    world.arm("ns-2020", "control", "saline").pair("ns-2020", 20, 40)
    rows = variants(result(world))
    assert rows["expanded-only"]["k"] == 2 and not rows["expanded-only"]["same_question"]
    assert rows["minimally-processed-only"]["k"] == 1
    assert rows["products-stated"]["k"] == 3 and rows["products-stated"]["same_question"]


def test_overlaps_and_suspicious_trials_in_robustness(world):
    trials(world, -10, -60, -12, apart=1)  # the second differs by six standard deviations
    for other, action in (("t1-2020", "warn"), ("t2-2020", "exclude-other")):
        world.add("cohort_overlaps", indication=KNEE, study_id="t0-2020", other_study_id=other,
                  kind="possible", action=action, keep="t0-2020")
    rows = variants(result(world))
    assert rows["no-possible-overlaps"]["k"] == 1 and rows["sure-overlaps"]["k"] == 3
    assert rows["no-large-effect"]["k"] == 1


def test_variants_keep_the_qualities_of_the_analysis(world):
    trials(world, -10, -12)
    world.trial("dig-2020").pair("dig-2020", 0, 40, quality="digitised")
    world.trial("con-2020").contrast("con-2020", -5, se=3)
    analysis = replace(PAIN, qualities=("as-reported", "derived", "digitised"))
    assert variants(result(world, analysis))["no-contrasts"]["k"] == 3


def test_zero_cell_rules_in_robustness(world):
    rows = variants(result(harms(world, (0, 4), (5, 3), (6, 6)), HARM))
    effect = risk_ratio([0, 5, 6], [20] * 3, [4, 3, 6], [20] * 3, zero_cells="all")
    assert close(rows["half-to-all"]["estimate"],
                 math.exp(synthesis.pool(effect.yi, effect.vi).estimate))
    assert "mantel-haenszel" in rows and "peto" not in rows  # risks far above 1%


@pytest.mark.parametrize("n_control, there", [(1000, True), (2000, True), (2100, False)])
def test_peto_only_with_rare_events_and_arms_within_two_to_one(world, n_control, there):
    harms(world, (3, 5), n=1000)
    world.trial("b-2020").count("b-2020", "msc", 2, 1000).count("b-2020", "control", 4, n_control)
    assert ("peto" in variants(result(world, HARM))) == there


def test_leave_one_out(world):
    outcome = result(trials(world, -2, -10, -45))
    rows = {row["trial_id"]: row for row in outcome["leave_one_out"]}
    assert list(rows) == ["t0-2020", "t1-2020", "t2-2020"]
    fit = synthesis.pool([-2, -10], [10, 10])
    assert close(rows["t2-2020"]["estimate"], fit.estimate)
    assert close(rows["t2-2020"]["ci_low"], fit.ci_low)  # the same model, not the common effect
    assert (rows["t2-2020"]["k"], rows["t2-2020"]["n"]) == (2, 80)


def test_most_moving_names_the_choice_or_trial(world):
    outcome = result(trials(world, -2, -4, -19, apart=1))
    here = outcome["pooled"]["estimate"]
    moves = {row["id"]: abs(row["estimate"] - here)
             for row in (*outcome["robustness"], *outcome["leave_one_out"])
             if row["same_question"]}
    assert outcome["most_moving"]["id"] == max(moves, key=moves.get) == "without-t2-2020"


def test_most_moving_compares_ratios_as_logarithms(world):
    moved = result(harms(world, (8, 8), (2, 16), (15, 5), n=40), HARM)
    here = math.log(moved["pooled"]["estimate"])
    moves = {row["id"]: abs(math.log(row["estimate"]) - here)
             for row in (*moved["robustness"], *moved["leave_one_out"]) if row["same_question"]}
    assert moved["most_moving"]["id"] == max(moves, key=moves.get)


def test_small_study_tests_from_ten_trials(world):
    yi = [-2, -10, -45, -12, -9, -4, -20, -15, -8]
    outcome = result(trials(world, *yi))
    assert outcome["small_study"] == NO_TEST and "trim-and-fill" not in variants(outcome)
    world.trial("z-2020").pair("z-2020", 0, 40, 30)
    outcome = result(world)
    assert outcome["small_study"]["test"] == "Egger, random effects"
    row = variants(outcome)["trim-and-fill"]
    assert not row["same_question"] and outcome["most_moving"]["id"] != "trim-and-fill"


def test_ten_trials_of_one_precision_have_no_test(world):
    outcome = result(trials(world, *range(-10, 0)))
    assert not outcome["small_study"]["done"] and "predictor" in outcome["small_study"]["reason"]
    json.loads(dumps(outcome))


def test_peters_and_the_test_on_sample_size(world):
    for number in range(10):
        study, n = f"t{number}-2020", 20 + 3 * number
        world.trial(study).counts(study, 4, 5 + number % 3, n).pair(study, 30 + number, 40, n=n)
    ev = world.evidence()
    assert small_study_test(HARM, select(ev, HARM)[0])["test"] == "Peters"
    smd = replace(PAIN, measure="SMD")
    assert small_study_test(smd, select(ev, smd)[0])["test"] == "Egger, on sample size"


# --- certainty ----------------------------------------------------------------------------------


class Rated:
    """Rates a made-up pool of three open or blinded trials of 200 patients each."""

    def __init__(self, world):
        self.world = world
        for study in ("a", "b", "c"):
            world.trial(study, blinding="double").pair(study, 20, 40, 10, n=100)

    def low(self, *studies):
        for study in studies:
            self.world.add("risk_of_bias", study_id=study, tool="rob2", domain="overall",
                           judgement="low", source_id="review")
        return self

    def open(self):
        for row in self.world.rows["studies"]:
            row["blinding"] = "open"
        return self

    def rate(self, analysis=PAIN, mid=10.0, weights=None, small=None, missing=None, spread=None,
             **pooled):
        ev = self.world.evidence()
        effects = select(ev, PAIN)[0]
        pooled = {"k": 3, "estimate": -20, "ci_low": -22, "ci_high": -18, "pi_low": -24,
                  "pi_high": -16, "i2": 0.0, **pooled}
        rated = certainty(
            ev, analysis, effects, pooled, weights or {"a": 0.5, "b": 0.3, "c": 0.2},
            None if mid is None else {"value": mid}, small or NO_TEST,
            {"n_pool": 600, "n_unusable": 0, **(missing or {})}, spread)
        return rated["level"], {s["domain"]: (s["change"], tuple(s["rules"])) for s in
                                rated["steps"]}


@pytest.fixture
def rated(world) -> Rated:
    return Rated(world)


DOMAINS = ["start", "risk-of-bias", "inconsistency", "indirectness", "imprecision",
           "reporting-bias"]


def test_high_certainty_keeps_a_trace_of_every_domain(rated):
    level, steps_ = rated.low("a").rate()
    assert level == "high" and list(steps_) == DOMAINS
    assert steps_["start"] == (4, ("start-randomised",))
    assert all(change == 0 for domain, (change, _) in steps_.items() if domain != "start")


def test_non_randomised_studies_start_low(rated):
    rated.low("a")
    ev = rated.world.evidence()
    effects = select(ev, PAIN)[0]
    next(r for r in rated.world.rows["studies"] if r["study_id"] == "c")["design"] = (
        "nonrandomised-controlled")
    ev = rated.world.evidence()
    rating = certainty(ev, PAIN, effects, {
        "k": 3, "estimate": -20, "ci_low": -22, "ci_high": -18, "pi_low": -24, "pi_high": -16,
        "i2": 0}, {"a": 1.0}, None, NO_TEST,
                       {"n_pool": 600, "n_unusable": 0})
    assert rating["level"] == "low" and rating["steps"][0]["rules"] == ["start-nonrandomised"]


@pytest.mark.parametrize("low, blinded, change", [
    (("a",), True, 0), (("a",), False, 0),  # half of the weight is low: enough
    (("b",), True, -1), ((), True, -1),  # not assessed is not low
    (("b",), False, -2), ((), False, -2)])
def test_risk_of_bias(rated, low, blinded, change):
    rated.low(*low)
    if not blinded:
        rated.open()
    assert rated.rate()[1]["risk-of-bias"][0] == change


def test_blinding_matters_only_where_patients_report(rated):
    harm = replace(PAIN, target_type="event", target="any-ae")
    assert rated.open().rate(harm)[1]["risk-of-bias"] == (-1, ("bias-not-low",))


def test_a_judgement_on_a_companion_is_one_on_the_trial(rated):
    rated.world.trial("a2", companion_of="a")
    assert rated.low("a2").rate()[1]["risk-of-bias"][0] == 0


@pytest.mark.parametrize("i2, low, high, mid, change", [
    (60, -30, -1, 10, 0),  # benefit at every setting
    (60, -9, 5, 10, 0),  # no benefit beyond the minimal important difference
    (60, -30, 5, 10, -1), (50, -30, 5, 10, 0), (60, -30, 15, 10, -2),
    (60, -30, 15, None, -1),  # harm beyond what, if no difference is known to matter?
])
def test_inconsistency(rated, i2, low, high, mid, change):
    steps_ = rated.low("a").rate(i2=float(i2), pi_low=low, pi_high=high, mid=mid)[1]
    assert steps_["inconsistency"][0] == change


def test_inconsistency_of_outcomes_that_are_better_high(rated):
    better = replace(PAIN, favourable="higher")
    for ends, change in (((-5, 30), -1), ((-15, 30), -2), ((1, 30), 0)):
        steps_ = rated.rate(better, i2=60.0, pi_low=ends[0], pi_high=ends[1])[1]
        assert steps_["inconsistency"][0] == change


def test_inconsistency_needs_three_trials_and_looks_at_the_random_effects(rated):
    wide = {"k": 3, "i2": 60.0, "pi_low": -30.0, "pi_high": 5.0}
    assert rated.low("a").rate(**{**wide, "k": 2})[1]["inconsistency"][0] == 0
    main = {"pi_low": None, "pi_high": None, "i2": None}
    assert rated.rate(**main)[1]["inconsistency"][0] == 0
    assert rated.rate(**main, spread=wide)[1]["inconsistency"][0] == -1


@pytest.mark.parametrize("target_type, target, change", [
    ("family", "pain", 0), ("outcome", "cartilage-mri", -1), ("outcome", "pfirrmann", -1),
    ("outcome", "bmd-spine", -1), ("outcome", "total-joint-replacement", 0),
    ("event", "any-ae", 0)])
def test_indirectness_of_surrogates(rated, target_type, target, change):
    analysis = replace(PAIN, target_type=target_type, target=target)
    assert rated.low("a").rate(analysis)[1]["indirectness"][0] == change


def test_indirectness_of_more_than_the_treatment_that_was_asked_for(world):
    """Cells added to one operation say less where both arms got a further treatment."""
    asked = replace(PAIN, comparison="same-co-treatment", background="arthroscopy")
    for study, words, change in (("a", "arthroscopy", 0), ("b", "arthroscopy;microfracture", -1)):
        made = World(world.folder / study)
        made.study(study, n_enrolled=40).arm(study, "msc", cells="cultured-msc",
                                             cointervention=words)
        made.arm(study, "control", "surgery-alone", cointervention=words).pair(study, 30, 40)
        steps_ = {s["domain"]: s["change"]
                  for s in result(made, asked)["certainty"]["steps"]}
        assert steps_["indirectness"] == change


def test_indirectness_of_products_not_stated(rated):
    for row in rated.world.rows["arms"]:
        if row["study_id"] in ("a", "b") and row["arm_id"] == "msc":
            row["treatment_product"] = ""
    assert rated.low("a").rate()[1]["indirectness"] == (-1, ("indirectness",))
    assert rated.rate(weights={"a": 0.3, "b": 0.2, "c": 0.5})[1]["indirectness"][0] == 0


@pytest.mark.parametrize("estimate, low, high, mid, n, change", [
    (-20, -22, -18, 10, 600, 0), (-20, -22, -9, 10, 600, -1), (-20, -22, 1, 10, 600, -2),
    (0, -5, 5, 10, 600, 0), (0, -11, 11, 10, 600, -2), (-20, -22, -9, None, 600, 0),
    (-20, -22, 1, None, 600, -1), (-20, -22, -18, None, 399, -1), (-20, -22, -18, None, 400, 0),
    (-20, -22, -18, 10, 32, 0), (-20, -22, -18, 10, 31, -1), (-20, -22, -18, 10, 15, -2)])
def test_imprecision(rated, estimate, low, high, mid, n, change):
    """With an SD of 10 one trial needs 31.4 participants to find a difference of 10."""
    steps_ = rated.low("a").rate(estimate=estimate, ci_low=low, ci_high=high, mid=mid,
                                 missing={"n_pool": n})[1]
    assert steps_["imprecision"][0] == change


def test_imprecision_of_ratios_is_about_one_and_by_the_risk_of_the_controls(world):
    rated = result(harms(world, (100, 200), (100, 200), n=400), HARM)["certainty"]
    assert {s["domain"]: s["change"] for s in rated["steps"]}["imprecision"] == 0
    few = result(harms(World(world.folder), (10, 40), (10, 40), n=400), HARM)["certainty"]
    step = {s["domain"]: s for s in few["steps"]}["imprecision"]
    assert step["rules"] == ["imprecision-far"] and step["facts"]["events"] == 100
    assert step["facts"]["information"]["risk"] == 0.1
    none = result(harms(World(world.folder), (40, 0), (40, 0), n=400), HARM)["certainty"]
    step = {s["domain"]: s for s in none["steps"]}["imprecision"]
    assert step["rules"] == ["imprecision-events"] and step["facts"]["information"] is None


def test_the_target_stands_in_the_result(rated, world):
    assert result(world)["certainty"]["target"] == {
        "kind": "important", "side": "benefit", "mid": 17.5}


@pytest.mark.parametrize("small, unusable, rule", [
    (NO_TEST, 0, ()), (NO_TEST, 299, ()), (NO_TEST, 300, ("reporting-missing",)),
    ({"done": True, "test": "Egger", "p_value": 0.09}, 0, ("reporting-small-study",)),
    ({"done": True, "test": "Egger", "p_value": 0.09}, 900, ("reporting-small-study",)),
    ({"done": True, "test": "Egger", "p_value": 0.10}, 0, ())])
def test_reporting_bias(rated, small, unusable, rule):
    step = rated.low("a").rate(small=small, missing={"n_unusable": unusable})[1]["reporting-bias"]
    assert step == (-len(rule), rule)


@pytest.mark.parametrize("unusable", [0, 1])
def test_of_a_pool_of_unknown_size_no_share_is_missing(rated, unusable):
    found = rated.low("a").rate(missing={"n_unusable": unusable, "n_pool": 0})[1]
    assert found["reporting-bias"] == (0, ())


def test_certainty_never_leaves_the_scale(rated):
    level, _ = rated.open().rate(ci_low=-22, ci_high=15, i2=90.0, pi_low=-60, pi_high=40,
                                 missing={"n_unusable": 900})
    assert level == "very low"


def test_the_minimal_important_difference_is_that_of_the_first_instrument_in_the_pool(world):
    outcome = result(trials(world, -10))
    assert outcome["minimal_important_difference"]["value"] == 17.5
    other = World(world.folder)
    other.trial("a-2020").pair("a-2020", outcome="womac-pain")
    found = result(other)["minimal_important_difference"]
    assert (found["outcome"], found["value"]) == ("womac-pain", 12)
    assert result(other, replace(PAIN, measure="SMD"))["minimal_important_difference"] is None
    assert result(other, replace(PAIN, target="no-such"))["minimal_important_difference"] is None


# --- what is not in the pool --------------------------------------------------------------------


def test_the_estimate_rests_on_n_of_m(world):
    trials(world, -10, -12)
    world.trial("reported", n_enrolled=100).contrast("reported", "", p_value="<0.05")
    world.trial("silent", n_enrolled=50, status="registered", progress="finished")
    world.trial("going", n_enrolled=400, status="registered", progress="running")
    world.trial("stopped", n_enrolled=30, status="registered", progress="stopped")
    world.trial("unsized", status="registered", progress="finished")
    world.trial("cohort", n_enrolled=700, design="nonrandomised-controlled").pair("cohort")
    world.trial("retracted", n_enrolled=90, status="retracted").pair("retracted")
    world.trial("again", n_enrolled=40).pair("again")
    world.add("cohort_overlaps", indication=KNEE, study_id="again", other_study_id="t0-2020",
              kind="probable", action="exclude-other", keep="t0-2020")
    found = result(world)["not_in_pool"]
    groups = {x["trial_id"]: x["group"] for x in found["trials"]}
    assert groups == {
        "reported": "finished-reported", "silent": "finished-unreported", "going": "running",
        "stopped": "not-known", "unsized": "finished-unreported", "cohort": "finished-reported",
        "retracted": "finished-reported", "again": "finished-reported"}
    assert (found["n_pool"], found["n_finished"], found["n_unusable"]) == (80, 230, 150)
    assert found["unsized"] == ["unsized"]
    assert {x["trial_id"]: x["direction"] for x in found["trials"]}["reported"] == "intervention"
    assert all(x["reason"] for x in found["trials"])


def test_directions_that_differ_are_mixed(world):
    world.trial("a-2020").contrast("a-2020", "", p_value="0.5", favours="comparator")
    world.contrast("a-2020", "", outcome="womac-pain", p_value="0.5")
    (trial,) = result(world)["not_in_pool"]["trials"]
    assert trial["direction"] == "mixed"


def test_joints_are_counted_as_patients(world):
    world.study("a-2020", n_enrolled=60, unit="knee")
    world.arm("a-2020", "msc", cells="cultured-msc", n_allocated=30, n_patients=20)
    world.arm("a-2020", "control", "saline", n_allocated=30, n_patients=20)
    assert result(world)["not_in_pool"]["n_finished"] == 40
    found = result(world.pair("a-2020", n=30))
    assert found["n"] == pytest.approx(40) == found["not_in_pool"]["n_finished"]


# --- results.json -------------------------------------------------------------------------------


IN_ONE_PROCESS = pytest.mark.xdist_group("documents")  # it takes long


@pytest.fixture(scope="module")
def documents() -> tuple[str, str]:
    """The project's own results, as another process may have kept them and computed here."""
    kept = dumps(review(dataset.load(DATA)).document)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE)
        return kept, dumps(review(dataset.load(DATA)).document)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


@IN_ONE_PROCESS
def test_two_runs_are_byte_identical(documents):
    assert documents[0] == documents[1]


@IN_ONE_PROCESS
def test_keys_are_sorted_and_numbers_short_and_finite(documents):
    def refuse(word):
        raise AssertionError(word)

    document = json.loads(documents[0], parse_constant=refuse)
    assert documents[0] == json.dumps(document, ensure_ascii=False, separators=(",", ":"),
                                      sort_keys=True) + "\n"
    for number in numbers(document):
        assert number == float(f"{number:.10g}")


@IN_ONE_PROCESS
def test_nothing_of_clock_host_or_path_is_in_it(documents):
    assert "/work" not in documents[0] and str(DATA) not in documents[0]


@IN_ONE_PROCESS
def test_every_pool_of_the_project_hangs_together(documents):
    for outcome in json.loads(documents[0])["analyses"].values():
        used = [s for s in outcome["studies"] if s["yi"] is not None]
        assert outcome["k"] == len(used) and outcome["k_without_ratio"] == (
            len(outcome["studies"]) - len(used))
        assert (outcome["pooled"] is None) == (not used) == (outcome["certainty"] is None)
        trials_ = [s["trial_id"] for s in outcome["studies"]]
        assert len(set(trials_)) == len(trials_)
        assert not {x["trial_id"] for x in outcome["not_in_pool"]["trials"]
                    if x["group"] != "without-events"} & set(trials_)
        if used:
            pooled = outcome["pooled"]
            assert pooled["ci_low"] <= pooled["estimate"] <= pooled["ci_high"]
            assert sum(s["weight"] for s in used) == pytest.approx(1)
            assert outcome["n"] == outcome["not_in_pool"]["n_pool"]
        for study in used:
            readings = study["readings"] + [r for side in ("intervention",
                                                           "comparator") if study[side]
                                            for r in study[side]["readings"]]
            assert readings and all(r["source_id"] and r["printed"] for r in readings)


def test_one_cell_changes_the_results(tmp_path):
    shutil.copytree(DATA, tmp_path / "data")
    data = dataset.load(tmp_path / "data")
    ev = Evidence(data, KNEE)
    effects = select(ev, PAIN)[0]
    before = describe("MD", main_pool(PAIN, effects))
    reading = next(r for e in effects if e.intervention for r in e.intervention.readings
                   if dict(r.printed).get("mean"))
    path = tmp_path / "data" / KNEE / "outcomes.csv"
    lines = path.read_text(encoding="utf-8").split("\n")
    old = dict(reading.printed)["mean"]
    line = lines[reading.row - 1]
    assert f",{old}," in line
    lines[reading.row - 1] = line.replace(f",{old},", f",{float(old) + 0.1:g},", 1)
    path.write_text("\n".join(lines), encoding="utf-8")
    changed = dataset.load(tmp_path / "data")
    after = describe("MD", main_pool(PAIN, select(Evidence(changed, KNEE), PAIN)[0]))
    assert before["estimate"] != after["estimate"]
    name = f"{KNEE}/outcomes.csv"
    assert data.digests[name] != changed.digests[name]


def test_a_declared_analysis_is_a_result(world):
    trials(world, -2, -10, -45).analysis()
    world.analysis(analysis_id="check", role="check", tau2_method="DL", interval="z",
                   studies="t0-2020;t1-2020", qualities="as-reported;digitised")
    world.add("changelog", date="2026-02-03", file="x", reason="y")
    done = review(world.data())
    assert done.document["data_version"] == "2026-02-03"
    assert sorted(done.document["analyses"]) == ["check", "made-up"]
    check = done.analysis("check")
    assert (check["k"], check["pooled"]["model"], check["pooled"]["interval"]) == (2, "random",
                                                                                   "z")
    assert [a["id"] for a in done.analyses(KNEE, role="main")] == ["made-up"]
    way = steps(done.evidence[KNEE], "check", "made-up")
    assert way[0]["k"] == 2 and way[-1]["k"] == 3
    assert close(way[-1]["estimate"], done.analysis("made-up")["pooled"]["estimate"])


def test_an_empty_folder_has_results(world):
    done = review(world.analysis().analysis(analysis_id="harm", target_type="event",
                                            target="any-ae", measure="RR", rescale="").data())
    assert all(a["k"] == 0 for a in done.document["analyses"].values())
    assert steps(done.evidence[KNEE], "made-up", "made-up")[0]["k"] == 0
    json.loads(dumps(done.document))


def test_responders_that_are_better_high(world):
    for number, (cells, control) in enumerate(((10, 5), (8, 6), (12, 7))):
        study = f"t{number}-2020"
        world.trial(study)
        for arm, events in (("msc", cells), ("control", control)):
            world.value(study, arm, outcome="responder", better="higher", events=events,
                        total=20, n="", scale_min="", scale_max="")
    outcome = result(world, RESPONDER)
    assert outcome["pooled"]["estimate"] > 1
    assert outcome["pooled"] == describe("RR", random_pool(RESPONDER, select(
        world.evidence(), RESPONDER)[0]))
