"""Studies without a comparison: who enters, what R's metafor gives, and what is never said."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from made_up import KNEE, PAIN, RESPONDER, World
from rendered import asked, figure, finding, forest, plain

from livingreview import synthesis
from livingreview.data.dataset import DataError
from livingreview.effects import Analysis
from livingreview.review.measure import MEASURES
from livingreview.review.results import analyse
from livingreview.view.forest import important

CHANGE = replace(PAIN, comparison="uncontrolled", measure="mean-change")
SHARE = replace(RESPONDER, comparison="uncontrolled", measure="proportion")
# metafor 3.8-1: escalc(measure="MC", m1i=m2, m2i=m1, sd1i=sd2, sd2i=sd1, ni=n, ri=r) with
# m1 = 60, 58, 55; sd1 = 20, 18, 15; m2 = 35, 41, 30; sd2 = 22, 17, 12; n = 20, 25, 12;
# then rma(yi, vi, method="REML", test="adhoc") and predict().
BEFORE_AFTER = ((60, 20, 35, 22, 20), (58, 18, 41, 17, 25), (55, 15, 30, 12, 12))
VARIANCES = {0.3: (31.0, 17.176, 21.75), 0.5: (22.2, 12.28, 15.75), 0.8: (9.0, 4.936, 6.75)}
POOLED_CHANGE = {0.3: (-21.7021554175, -34.3886978346, -9.01561300047),
                 0.5: (-21.850824847, -34.2762203733, -9.42542932063),
                 0.8: (-22.1026645558, -34.049123219, -10.1562058926)}
PREDICTION = (-39.7186299666, -3.98301972735)
# x = 3, 5, 9, 0; n = 10, 12, 20, 8: rma.glmm(measure="PLO", nAGQ=40, test="t"), predict();
# escalc "PLO" and "PFT" with rma(test="adhoc", control=list(threshold=1e-12)), transf.ilogit and
# transf.ipft.hm; binom.test.
COUNTS = ((3, 10), (5, 12), (9, 20), (0, 8))
LOGISTIC = (32.3193829886, 10.8470689387, 65.2079604873)
NEW_STUDY = (7.4145579182, 74.0087076382)
LOG_ODDS = (38.0415600989, 17.8328298404, 63.4633226153)
DOUBLE_ARCSINE = (27.6451355349, 0.224622832611, 70.2030398299)
EXACT = ((6.67395111777, 65.245285006), (15.1652229808, 72.3330314318),
         (23.0577896776, 68.4721866959), (0.0, 36.9416647553))
# glm(cbind(x, n - x) ~ 1, binomial), confint.default(), plogis: of the first two, and of 4 of 49
# and 0 of 30; rma.glmm(measure="PLO", method="EE") gives the same.
TWO = (36.3636363636, 19.3367292522, 57.6652238269)
ONE_WITHOUT = (5.0632911392, 1.9133997248, 12.7258566109)
PROSE = re.compile(r"\beffects?\b|favou?rs?\b|\bcontrol\b", re.IGNORECASE)


@pytest.fixture
def world(tmp_path) -> World:
    """An empty made-up folder."""
    return World(tmp_path)


def alone(world: World, study_id: str, cells: str = "cultured-msc", **more) -> World:
    """Add a study of one arm `msc`."""
    world.study(study_id, **{"design": "single-arm", "blinding": "", "n_enrolled": 20, **more})
    return world.arm(study_id, "msc", cells=cells)


def before_after(world: World, study_id: str, m1, sd1, m2, sd2, n=20, arm="msc", **more) -> World:
    """Add pain at baseline and at month 6."""
    world.value(study_id, arm, m1, sd1, n=n, timepoint_months=0)
    return world.value(study_id, arm, m2, sd2, n=n, **more)


def three(world: World) -> World:
    """The three studies of `BEFORE_AFTER`."""
    for i, numbers in enumerate(BEFORE_AFTER):
        before_after(alone(world, f"study-{i}"), f"study-{i}", *numbers)
    return world


def shares(world: World, counts=COUNTS) -> World:
    """Responders at month 6 of studies of one arm."""
    for i, (events, total) in enumerate(counts):
        alone(world, f"study-{i}").value(
            f"study-{i}", "msc", outcome="responder", better="higher", n="", events=events,
            total=total, scale_min="", scale_max="")
    return world


def result(world: World, analysis: Analysis) -> dict:
    """The result of one analysis of made-up studies."""
    return analyse(world.evidence(), analysis)[0]


def close(found, expected, tolerance=1e-8) -> None:
    """Numbers equal to those of R, which prints twelve digits."""
    assert found == pytest.approx(expected, rel=tolerance, abs=1e-6)


def ends(pooled: dict) -> tuple[float, float, float]:
    return pooled["estimate"], pooled["ci_low"], pooled["ci_high"]


@pytest.mark.parametrize("r", VARIANCES)
def test_changes_from_baseline_and_last_visit_are_those_of_metafor(world, r):
    found, _ = three(world).select(CHANGE, pre_post_correlation=r)
    close([e.yi for e in found.values()], [-25, -17, -25])
    close([e.vi for e in found.values()], VARIANCES[r])
    assert all(f"correlation {r:g}" in " ".join(e.derivation) for e in found.values())
    assert {e.quality for e in found.values()} == {"derived"}


def test_pooled_change_and_its_robustness_are_those_of_metafor(world):
    found = result(three(world), CHANGE)
    close(ends(found["pooled"]), POOLED_CHANGE[0.5])
    close((found["pooled"]["pi_low"], found["pooled"]["pi_high"]), PREDICTION)
    rows = {row["id"]: row for row in found["robustness"]}
    for r in (0.3, 0.8):
        close(ends(rows[f"pre-post-{r:g}"]), POOLED_CHANGE[r])
    assert found["multiverse"]["choices"]["correlation of baseline and last visit"] == [
        "0.5", "0.3", "0.8"]
    assert (found["k"], found["n"], found["certainty"]["level"]) == (3, 57, "very low")
    first = found["studies"][0]
    close((first["baseline"]["mean"], first["last"]["mean"], first["intervention"]["mean"]),
          (60, 35, -25))
    assert first["comparator"] is None and first["n_comparator"] is None


def test_pooled_share_is_that_of_metafor(world):
    found = result(shares(world), SHARE)
    # rma.glmm stops its optimiser earlier than twelve digits
    close(ends(found["pooled"]), LOGISTIC, 1e-5)
    close((found["pooled"]["pi_low"], found["pooled"]["pi_high"]), NEW_STUDY, 2e-5)
    for study, exact in zip(found["studies"], EXACT, strict=True):
        close((study["ci_low"], study["ci_high"]), exact)
    rows = {row["id"]: row for row in found["robustness"]}
    close(ends(rows["logit"]), LOG_ODDS)
    close(ends(rows["double-arcsine"]), DOUBLE_ARCSINE)
    assert {"logistic", "double arcsine", "REML"} <= set(found["multiverse"]["choices"]["model"])


def test_two_shares_have_a_posterior_and_one_is_shown_as_it_is(world, tmp_path):
    two = result(shares(world, COUNTS[:2]), SHARE)
    close(ends(two["common_effect"]), TWO)
    assert two["pooled"]["model"] == "posterior" and two["random_effects"]["pi_low"] is None
    assert two["pooled"]["ci_low"] < TWO[1] and two["pooled"]["ci_high"] > TWO[2]
    assert any(row["id"] == "logit-common" for row in two["robustness"])
    none_in_one = result(shares(World(tmp_path / "zero"), ((4, 49), (0, 30))), SHARE)
    assert none_in_one["pooled"]["model"] == "common"  # a correction would move it
    close(ends(none_in_one["pooled"]), ONE_WITHOUT)
    against = result(shares(World(tmp_path / "apart"), ((30, 32), (0, 30))), SHARE)
    assert against["apart"] and against["pooled"]["model"] == "posterior"
    one = result(shares(World(tmp_path / "one"), COUNTS[3:]), SHARE)
    close(ends(one["pooled"]), (0, *EXACT[3]))


def test_shares_too_far_apart_for_the_logistic_model_are_weighted_log_odds(world):
    counts = ((9, 24), (18, 18), (0, 24), (15, 15))
    found = result(shares(world, counts), SHARE)
    odds = synthesis.logit_proportion(*zip(*counts, strict=True))
    pooled = synthesis.pool(odds.yi, odds.vi)
    close(ends(found["pooled"]), [100 * synthesis.proportion_from_logit(x) for x in (
        pooled.estimate, pooled.ci_low, pooled.ci_high)])


def test_a_share_counted_at_month_0_alone_is_left_out_for_that(world):
    alone(shares(world, COUNTS[:2]), "early").value(
        "early", "msc", outcome="responder", better="higher", n="", events=2, total=9,
        scale_min="", scale_max="", timepoint_months=0)
    found = result(world, SHARE)
    assert found["k"] == 2
    assert [(t["trial_id"], t["reason"]) for t in found["not_in_pool"]["trials"]] == [
        ("early", "counted at month 0 alone, before all that follows (a share at one point in "
         "time has no month)")]


def test_none_or_all_of_several_studies_give_a_bound_not_a_pool(world, tmp_path):
    none = result(shares(world, ((0, 12), (0, 8))), SHARE)
    assert none["pooled"] is None
    close(none["none_seen"]["upper_percent"], 100 * (1 - 0.05 ** (1 / 20)))
    everybody = World(tmp_path / "all")
    everybody = shares(everybody, ((12, 12), (8, 8)))
    found = result(everybody, SHARE)
    assert found["pooled"] is None
    close(found["all_seen"]["lower_percent"], 100 * 0.05 ** (1 / 20))
    assert "all of 20 people who got cells in 2 studies; the share is at least 86.1 in 100" in (
        finding(everybody.data(), found))


def test_arms_of_controlled_trials_never_enter(world):
    three(world).trial("trial").trial("cohort", design="nonrandomised-controlled")
    for study in ("trial", "cohort"):
        before_after(world, study, 60, 20, 35, 22)
    alone(world, "extension", companion_of="trial")
    before_after(world, "extension", 60, 20, 35, 22)
    effects, left = world.select(CHANGE, designs=frozenset({"rct", "nonrandomised-controlled"}))
    assert set(effects) == {"study-0", "study-1", "study-2"} and not left


def test_single_arm_studies_enter_no_comparison(world):
    three(world).trial("trial").pair("trial")
    for comparison in ("placebo", "any"):
        effects, left = world.select(replace(PAIN, comparison=comparison))
        assert set(effects) == {"trial"} and not left


def test_rows_of_a_companion_are_later_visits_of_the_same_patients(world):
    before_after(alone(world, "main"), "main", 60, 20, 50, 20, timepoint_months=4)
    alone(world, "later", companion_of="main")
    before_after(world, "later", 60, 20, 40, 20)
    effects, _ = world.select(CHANGE)
    assert list(effects) == ["main"]
    effect = effects["main"]
    assert (effect.study_id, effect.months, effect.yi, effect.participants) == (
        "later", 6, -20, 20)
    assert any("earlier visit" in why for _, why in effect.passed_over)


@pytest.mark.parametrize(("rows", "reason"), [
    ([{"timepoint_months": 0, "sd": 20}, {"sd": ""}], "no spread"),
    ([{"timepoint_months": 0, "sd": ""}, {"sd": 20}], "at baseline: no spread"),
    ([{"sd": 20}], "no value at baseline on the same instrument and scale"),
    ([{"timepoint_months": 0, "sd": 20}, {"sd": 20, "instrument": "other"}],
     "no value at baseline on the same instrument and scale"),
    ([{"statistic": "change", "sd": ""}], "no spread"),
    ([{"timepoint_months": 0, "sd": 20}], "no values"),
])
def test_what_is_missing_is_the_reason_why_a_study_is_not_in_it(world, rows, reason):
    alone(world, "study")
    for row in rows:
        world.value("study", "msc", 40, **row)
    effects, left = world.select(CHANGE)
    assert not effects and reason in left["study"].reason
    listed = result(world, CHANGE)["not_in_pool"]
    assert reason in listed["trials"][0]["reason"] and listed["n_unusable"] == 20


def test_a_reported_change_goes_before_one_from_two_visits(world):
    before_after(alone(world, "study"), "study", 60, 20, 35, 22)
    world.value("study", "msc", -24, 12, statistic="change")
    effect = world.select(CHANGE)[0]["study"]
    assert (effect.yi, effect.quality, effect.statistic) == (-24, "as-reported", "change")
    close(effect.vi, 12**2 / 20)


def test_direction_and_scale_are_those_of_the_analysis(world):
    alone(world, "study")
    for months, mean in ((0, 4), (6, 6)):
        world.value("study", "msc", mean, 2, timepoint_months=months, scale_max=10,
                    better="higher")
    effect = world.select(CHANGE)[0]["study"]
    close((effect.yi, effect.vi), (-20, 20**2 / 20))  # r = 0.5 and equal SDs: that SD again
    close((effect.baseline.mean, effect.last.mean), (60, 40))


def test_arms_of_another_dose_are_one_group_and_of_another_route_are_not(world):
    world.study("doses", design="single-arm").study("routes", design="case-series")
    for study, routes, sizes in (("doses", ("", ""), (10, 20)),
                                 ("routes", ("intra-articular", "intravenous"), (10, 20))):
        for arm, route, n in zip(("low", "high"), routes, sizes, strict=True):
            world.arm(study, arm, cells="cultured-msc", route=route)
            before_after(world, study, 60, 20, {"low": 50, "high": 40}[arm], 20, n, arm)
    effects, _ = world.select(CHANGE)
    doses, routes = effects["doses"], effects["routes"]
    close((doses.yi, doses.participants), (-(10 * 10 + 20 * 20) / 30, 30))
    assert (routes.yi, routes.participants, routes.intervention.arms) == (-20, 20, ("high",))
    assert any("low" in what and "smaller group" in why for what, why in routes.passed_over)


def test_the_rules_of_other_analyses_hold(world):
    three(world)
    before_after(alone(world, "gone", status="retracted"), "gone", 60, 20, 35, 22)
    before_after(alone(world, "neural", "differentiated-cell"), "neural", 60, 20, 35, 22)
    before_after(alone(world, "unnamed-1"), "unnamed-1", 60, 20, 35, 22)
    world.add("cohort_overlaps", indication=KNEE, study_id="study-0", other_study_id="study-1",
              kind="probable", action="exclude-other", keep="study-0")
    effects, left = world.select(CHANGE)
    assert set(effects) == {"study-0", "study-2"}
    reasons = {name: left[name].reason for name in left}
    assert reasons["gone"] == "retracted" and "without a name" in reasons["unnamed-1"]
    assert "keeps apart" in reasons["neural"] and "shared with study-0" in reasons["study-1"]
    as_reported = frozenset({"as-reported"})
    effects, left = world.select(CHANGE, qualities=as_reported)
    assert not effects and left["study-0"].reason.endswith("value derived")


@pytest.mark.parametrize(("measure", "comparison", "fits"), [
    ("mean-change", "uncontrolled", True), ("MD", "uncontrolled", False),
    ("mean-change", "placebo", False), ("proportion", "any", False)])
def test_measures_of_treated_patients_belong_to_no_comparison_alone(
        world, measure, comparison, fits):
    world.analysis(measure=measure, comparison=comparison)
    if fits:
        assert world.data()
        return
    with pytest.raises(DataError, match="no pool is made of this measure"):
        world.data()


def _how_they_differ(world: World, analysis: Analysis) -> str:
    """What the page of an analysis says of the differences between its studies."""
    world.analysis(
        target_type=analysis.target_type, target=analysis.target, measure=analysis.measure,
        comparison="uncontrolled", favourable=analysis.favourable, section="uncontrolled",
        rescale="yes" if analysis.rescale else "")
    page = figure(world.data(), "made-up")
    return plain(page.find("h2", string=re.compile("studies differ")).find_next("p"))


@pytest.mark.parametrize(("analysis", "fill", "k"), [
    (CHANGE, three, 3), (SHARE, shares, 4),
    (SHARE, lambda w: shares(w, COUNTS[:2]), 2), (SHARE, lambda w: shares(w, ((0, 12), (0, 8))), 2),
    (CHANGE, lambda w: alone(w, "study"), 0)])
def test_nothing_that_is_said_of_treated_patients_is_an_effect(world, analysis, fill, k):
    data = fill(world).data()
    found = result(world, analysis)
    assert found["k"] == k
    said = [finding(data, found), asked("against", data, found), plain(forest(data, found))]
    if found["pooled"]:
        said += [_how_they_differ(world, analysis)]
        said += [row["label"] for row in (*found["robustness"], *found["leave_one_out"])]
        said += [level for levels in found["multiverse"]["choices"].values() for level in levels]
    for sentence in said:
        visible = re.sub(r"<[^>]+>|href=\S+", " ", sentence)
        assert not PROSE.search(visible), PROSE.search(visible)
    assert asked("comparison", data, found) == "treated patients without a comparison"
    assert "but not what would have happened without cells" in finding(data, found)
    own = finding(data, found).replace("definition of the trial", "")  # a label of the data
    assert not re.search(r"\btrials?\b", own)
    assert MEASURES[analysis.measure].null in (0.0, None)


def test_no_small_study_test_and_no_upgrade_without_a_comparison(world):
    for i in range(12):
        before_after(alone(world, f"study-{i:02}"), f"study-{i:02}", 60, 20, 20 + i, 10 + i, 500)
    found = result(world, CHANGE)
    assert found["k"] == 12 and found["n"] == 6000
    assert found["certainty"]["level"] == "very low"
    assert not found["small_study"]["done"] and found["dose_response"] is None
    assert math.isclose(sum(s["weight"] for s in found["studies"]), 1)


def test_an_event_is_a_share_of_the_treated_at_the_longest_follow_up(world):
    alone(world, "study").count("study", "msc", 2, 20, months=6)
    world.count("study", "msc", 3, 18, months=24)
    found = result(world, replace(SHARE, target_type="event", target="any-ae",
                                  favourable="lower", window=(None, None)))
    assert (found["studies"][0]["months"], found["n"]) == (24, 18)
    close(found["pooled"]["estimate"], 100 * 3 / 18)


def test_the_important_change_is_drawn_on_the_side_of_improvement_alone(world):
    three(world)
    found = result(world, CHANGE)
    value = found["minimal_important_difference"]["value"]
    assert value > 0 and important(found) == (-value,)
    drawn = str(forest(world.data(), found))
    rows = found["k"] + 2  # studies, pooled value, prediction interval
    assert drawn.count('class="lr-mid"') == rows == drawn.count('class="lr-null"')
    assert drawn.count('class="lr-hollow"') == 1 and "lr-diamond" not in drawn
    assert "within a patient" in drawn and "lr-square" not in drawn
