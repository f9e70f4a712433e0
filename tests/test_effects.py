"""From rows to one effect per trial: section 4 of the protocol, sentence by sentence."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from itertools import product

import pytest
from made_up import DATA, HARM, KNEE, PAIN, RESPONDER, World
from scipy.stats import norm, t

from livingreview import synthesis
from livingreview.data import dataset
from livingreview.effects import Analysis, Evidence, Rules, select
from livingreview.review.pools import describe, main_pool

COCHRANE = "whittle-2025-data"
ALL = frozenset({"as-reported", "derived", "borrowed", "digitised", "doubtful"})
WINDOW = replace(PAIN, window=(0.0, 12.0))


@pytest.fixture(scope="module")
def knee() -> Evidence:
    return Evidence(dataset.load(DATA), KNEE)


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


def close(value, expected):
    return value == pytest.approx(expected, rel=1e-9, abs=1e-12)


def md(cells=30, control=40, sd1=10, n1=20, sd2=10, n2=20):
    """Mean difference and variance by the textbook."""
    return cells - control, sd1**2 / n1 + sd2**2 / n2


def log_rr(a, n1, c, n2):
    """Log risk ratio and variance by the textbook, 0.5 added where any cell is empty."""
    if 0 in (a, n1 - a, c, n2 - c):
        a, c, n1, n2 = a + 0.5, c + 0.5, n1 + 1, n2 + 1
    return math.log(a / n1 / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


def merged(arms):
    """n, mean, SD of two or more arms as one (Cochrane Handbook, table 6.5.a, pair by pair)."""
    n, mean, sd = arms[0]
    for n2, mean2, sd2 in arms[1:]:
        total = n + n2
        squares = ((n - 1) * sd**2 + (n2 - 1) * sd2**2
                   + n * n2 / total * (mean**2 + mean2**2 - 2 * mean * mean2))
        n, mean, sd = total, (n * mean + n2 * mean2) / total, math.sqrt(squares / (total - 1))
    return n, mean, sd


# --- the Cochrane analysis data -----------------------------------------------------------------


def rows_of(table):
    with (DATA / KNEE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def declared(knee, **having):
    analyses = [Analysis.of(r) for r in knee.data.records("analyses") if r["indication"] == KNEE]
    return [a for a in analyses if all(getattr(a, k) == v for k, v in having.items())]


def from_cochrane(effect):
    return effect.yi is not None and {r.source_id for r in effect.readings} == {COCHRANE}


def one_arm(rows, effect, arm):
    """n, mean, SD on 0 to 100, lower better, of the one row of an arm."""
    (row,) = [r for r in rows if (r["study_id"], r["arm_id"], r["outcome"], r["source_id"])
              == (effect.study_id, arm, effect.outcome, COCHRANE)
              and r["instrument"] == effect.instrument and r["statistic"] == effect.statistic
              and float(r["timepoint_months"] or -1) == effect.months]
    low, high = float(row["scale_min"]), float(row["scale_max"])
    n, factor = float(row["n"]), 100 / (high - low)
    mean = (float(row["mean"]) - (low if row["statistic"] == "final" else 0)) * factor
    if row["better"] == "higher":
        mean = (100 if row["statistic"] == "final" else 0) - mean
    return n, mean, float(row["sd"]) * factor


def test_mean_differences_equal_the_textbook_on_the_cochrane_rows(knee):
    rows, trials = rows_of("outcomes"), set()
    for analysis in declared(knee, measure="MD", rescale=True):
        for effect in select(knee, analysis)[0]:
            if not from_cochrane(effect) or effect.statistic == "contrast":
                continue
            (n1, m1, sd1), (n2, m2, sd2) = (
                merged([one_arm(rows, effect, arm) for arm in side.arms])
                for side in (effect.intervention, effect.comparator))
            yi, vi = md(m1, m2, sd1, n1, sd2, n2)
            assert close(effect.yi, yi) and close(effect.vi, vi), (analysis.id, effect.trial_id)
            trials.add(effect.trial_id)
    assert len(trials) >= 15


def test_risk_ratios_equal_the_textbook_on_the_cochrane_rows(knee):
    rows, found = rows_of("adverse_events"), 0
    for analysis in declared(knee, target_type="event"):
        for effect in select(knee, analysis)[0]:
            if not from_cochrane(effect):
                continue
            cells = []
            for side in (effect.intervention, effect.comparator):
                mine = [r for r in rows if r["study_id"] == effect.study_id
                        and r["arm_id"] in side.arms and r["event"] == analysis.target
                        and r["source_id"] == COCHRANE]
                assert len(mine) == len(side.arms)
                cells += [sum(int(r["events"]) for r in mine), sum(int(r["total"]) for r in mine)]
            yi, vi = log_rr(*cells)
            assert close(effect.yi, yi) and close(effect.vi, vi), (analysis.id, effect.trial_id)
            found += 1
    assert found >= 30


def test_cochrane_replica(knee):
    """Its published answer: 1.2 points of 10 better, 2.5 better to no difference."""
    (analysis,) = declared(knee, id="cochrane-replica")
    effects, _ = select(knee, analysis)
    assert [e.trial_id for e in effects] == [
        "emadedin-2018", "khalifeh-soltani-2019", "kim-2023", "kuah-2018", "lee-2019",
        "sadri-2023", "shapiro-2017"]
    pooled = describe("MD", main_pool(analysis, effects))
    assert (pooled["tau2_method"], pooled["interval"]) == ("DL", "z")
    assert [round(pooled[k], 1) for k in ("estimate", "ci_low", "ci_high")] == [-12.4, -24.9, 0.0]


def test_the_marked_studies_of_the_project(knee):
    by_id = {a.id: a for a in declared(knee)}
    effects, left = select(knee, by_id["knee-pain-placebo-6-12"])
    trials = {e.trial_id for e in effects}
    reasons = {x.trial_id: x.reason for x in left}
    assert "garza-2020" not in trials and "follow unblinding" not in reasons.get("kim-2023", "")
    assert "freitag-2024" not in trials
    for analysis in declared(knee, role="main"):
        for effect in select(knee, analysis)[0]:
            assert effect.trial_id == knee.trial_of(effect.study_id)
            assert knee.studies[effect.trial_id]["design"] == "rct"
            assert knee.studies[effect.trial_id]["status"] != "retracted"


# --- which rows ---------------------------------------------------------------------------------


def test_a_plain_pair(world):
    (effect,), left = select(world.trial("a-2020").pair("a-2020").evidence(), PAIN)
    assert (close(effect.yi, -10), close(effect.vi, 10), left) == (True, True, [])
    assert effect.participants == 40 and effect.quality == "as-reported"
    assert effect.derivation == () and not effect.low_follow_up
    assert {r.source_id for r in effect.readings} == {"own"}
    assert dict(effect.readings[0].printed) == {"n": "20", "mean": "30", "sd": "10"}


def test_the_order_of_outcomes_goes_before_the_visit(world):
    world.trial("a-2020").pair("a-2020", 30, outcome="womac-pain", timepoint_months=6)
    world.pair("a-2020", 20, timepoint_months=4).pair("a-2020", 10, outcome="pain-nrs")
    effect = world.select()[0]["a-2020"]
    assert (effect.outcome, effect.months, effect.yi) == ("pain-vas", 4, -20)
    why = dict(effect.passed_over)
    assert list(why.values()) == ["lower in the order of outcomes"] * 2


def test_the_latest_visit_of_the_window_at_which_both_arms_are_usable(world):
    world.trial("a-2020").pair("a-2020", 10, timepoint_months=4).pair(
        "a-2020", 20, timepoint_months=5)
    world.value("a-2020", "msc", 30, 10)  # month 6: one arm only
    world.pair("a-2020", 1, timepoint_months=12).pair("a-2020", 2, timepoint_months=3)
    effect = world.select()[0]["a-2020"]
    assert (effect.months, effect.yi) == (5, -20)
    assert set(effect.passed_over) == {
        ("Pain, visual analogue scale, month 4 (final)", "earlier visit of the window"),
        ("Pain, visual analogue scale, month 6 (final)", "values in one arm only")}


@pytest.mark.parametrize("months, window", [(3, 0), (3.01, 1), (6, 1), (12, 2), (24, 3), (25, 4)])
def test_windows_hold_their_upper_end(months, window):
    windows = [(0, 3), (3, 6), (6, 12), (12, 24), (24, None)]
    assert [replace(PAIN, window=w).in_window(months) for w in windows].index(True) == window
    assert sum(replace(PAIN, window=w).in_window(months) for w in windows) == 1
    assert not replace(PAIN, window=(0, 3)).in_window(0)  # baseline
    assert not PAIN.in_window(None)


@pytest.mark.parametrize("design, taken, passed", [
    ("rct", "final", "change from baseline, where final values are there"),
    ("nonrandomised-controlled", "change",
     "final values of a study not randomised, where changes are there")])
def test_final_and_change(world, design, taken, passed):
    world.trial("a-2020", design=design).pair("a-2020")
    world.pair("a-2020", -30, -20, statistic="change")
    effect = world.select(designs=frozenset({design}))[0]["a-2020"]
    assert effect.statistic == taken
    assert dict(effect.passed_over).popitem()[1] == passed


def test_a_change_is_never_subtracted_from_a_final_value(world):
    world.trial("a-2020").value("a-2020", "msc", -30, 10, statistic="change")
    world.value("a-2020", "control", 40, 10)
    effects, left = world.select()
    assert effects == {} and left["a-2020"].reason == "values in one arm only"


def test_percentage_changes_are_passed_by(world):
    world.trial("a-2020").pair("a-2020", statistic="percent-change")
    assert world.select()[1]["a-2020"].reason == "percentage changes"


def test_the_trials_own_report_goes_before_registry_and_review(world):
    world.trial("a-2020")
    for source, mean in (("review", 10), ("registry", 20), ("own", 30)):
        world.pair("a-2020", mean, source_id=source)
    effect = world.select()[0]["a-2020"]
    assert effect.yi == -10 and {r.source_id for r in effect.readings} == {"own"}
    assert len(effect.passed_over) == 4  # each arm's row of the registry and of the review
    assert any("registry" in why for _, why in effect.passed_over)


def test_other_words_for_the_instrument_are_another_pair_of_rows(world):
    world.trial("a-2020").pair("a-2020", 30, instrument="VAS at rest", source_id="review")
    world.pair("a-2020", 20, instrument="VAS walking", source_id="registry")
    effect = world.select()[0]["a-2020"]
    assert (effect.yi, effect.instrument) == (-20, "VAS walking")
    assert effect.passed_over == (
        ("Pain, visual analogue scale, month 6 (final)", "read in a review"),)


@pytest.mark.parametrize("key", ["instrument", "better", "scale_max", "timepoint_months"])
def test_rows_that_differ_are_no_pair(world, key):
    other = {"instrument": "NRS", "better": "higher", "scale_max": 120, "timepoint_months": 5}
    world.trial("a-2020").value("a-2020", "msc", 30, 10)
    world.value("a-2020", "control", 40, 10, **{key: other[key]})
    assert world.select()[0] == {}


# --- n ------------------------------------------------------------------------------------------


def test_an_empty_n_is_lent_by_the_same_arm_and_visit_then_allocated(world):
    world.trial("a-2020").pair("a-2020", n="")
    world.value("a-2020", "msc", 1, 1, outcome="womac-function", n=11)
    world.value("a-2020", "control", 1, 1, outcome="womac-function", n=12, timepoint_months=4)
    effect = world.select()[0]["a-2020"]
    assert (effect.n_intervention, effect.n_comparator) == (11, 20)
    assert "n from another row of the same arm and visit" in effect.intervention.derivation
    assert effect.comparator.derivation == ("allocated n",)


def test_visits_of_unknown_time_lend_each_other_no_n(world):
    world.trial("a-2020")
    for arm, mean in (("msc", 30), ("control", 40)):
        world.value("a-2020", arm, mean, 10, n="", timepoint_months="")
        world.value("a-2020", arm, 1, 1, outcome="womac-function", n=11, timepoint_months="")
    effect = world.select(replace(PAIN, window=(None, None)))[0]["a-2020"]
    assert (effect.n_intervention, effect.intervention.derivation) == (20, ("allocated n",))


def test_without_any_n_the_trial_is_left_out(world):
    world.study("a-2020").arm("a-2020", "msc", cells="cultured-msc", n_allocated="")
    world.arm("a-2020", "control", "saline").pair("a-2020", n="")
    assert world.select()[1]["a-2020"].reason == "number of units analysed not stated"


@pytest.mark.parametrize("n", [0, 1])
def test_one_unit_has_no_standard_deviation(world, n):
    world.trial("a-2020").value("a-2020", "msc", 30, 10, n=n).value("a-2020", "control", 40, 10)
    effects, left = world.select()
    assert effects == {} and "unit" in left["a-2020"].reason


def test_fewer_than_80_percent_of_an_arm_is_marked(world):
    world.trial("a-2020").pair("a-2020", n=16).trial("b-2020").pair("b-2020", n=20)
    world.study("c-2020").arm("c-2020", "control", "saline")
    for arm, n in (("low", 15), ("high", 20)):  # 35 of 40 in all, but 15 of 20 of one arm
        world.arm("c-2020", arm, cells="cultured-msc").value("c-2020", arm, 30, 10, n=n)
    world.value("c-2020", "control", 40, 10)
    world.trial("d-2020").value("d-2020", "msc", 30, 10, n=15).value("d-2020", "control", 40, 10)
    effects, _ = world.select()
    assert [e.low_follow_up for e in effects.values()] == [False, False, True, True]


# --- scale and sign -----------------------------------------------------------------------------


def test_values_are_rescaled_by_the_rows_own_scale(world):
    world.trial("a-2020").pair("a-2020", 3, 5, 1, scale_min=1, scale_max=11)
    effect = world.select()[0]["a-2020"]
    assert close(effect.yi, -20) and close(effect.vi, 10)
    assert close(effect.intervention.mean, 20) and effect.quality == "as-reported"
    assert "rescaled from 1–11 to 0–100" in effect.derivation


def test_a_scale_is_lent_by_the_trials_other_rows_when_the_values_fit(world):
    world.trial("a-2020").pair("a-2020", 3, 5, 1, scale_min="", scale_max="")
    world.pair("a-2020", 6, 6, 1, scale_max=10, timepoint_months=0)
    effect = world.select()[0]["a-2020"]
    assert close(effect.yi, -20)
    assert "scale 0 to 10 from other rows of the trial" in effect.derivation


@pytest.mark.parametrize("lender", [
    {"scale_max": 4},  # the values do not fit
    {"scale_max": 10, "rescaled": "yes"},  # not the trial's own scale
    {"scale_max": 10, "outcome": "womac-pain"},
])
def test_a_scale_that_does_not_fit_is_not_lent(world, lender):
    world.trial("a-2020").pair("a-2020", 3, 5, 1, scale_min="", scale_max="")
    world.pair("a-2020", 2, 2, 1, timepoint_months=0, **lender)
    assert world.select()[1]["a-2020"].reason == "scale not stated"


def test_two_scales_that_fit_are_none(world):
    world.trial("a-2020").pair("a-2020", 3, 5, 1, scale_min="", scale_max="")
    for months, top in ((0, 10), (1, 20)):
        world.pair("a-2020", 2, 2, 1, timepoint_months=months, scale_max=top)
    assert world.select()[1]["a-2020"].reason == "scale not stated"


def test_a_standardised_difference_needs_no_scale(world):
    world.trial("a-2020").pair("a-2020", 3, 5, 2, scale_min="", scale_max="")
    effect = world.select(replace(PAIN, measure="SMD", rescale=False))[0]["a-2020"]
    exact = synthesis.standardised_mean_difference([3], [2], [20], [5], [2], [20])
    assert close(effect.yi, exact.yi[0]) and close(effect.vi, exact.vi[0])


@pytest.mark.parametrize("outcome", ["pain-vas", "koos-pain"])  # lower and higher usually better
def test_the_sign_is_the_rows_own(world, outcome):
    world.trial("a-2020").pair("a-2020", 30, 40, outcome=outcome, better="lower")
    world.trial("b-2020").pair("b-2020", 30, 40, outcome=outcome, better="higher",
                               note="reversed")
    effects, _ = world.select()
    assert [e.yi for e in effects.values()] == [-10, 10]
    assert close(effects["b-2020"].intervention.mean, 70)
    assert effects["b-2020"].derivation == ("direction reversed",)


def test_changes_are_reversed_about_zero(world):
    world.trial("a-2020").pair("a-2020", 15, 5, better="higher", statistic="change")
    effect = world.select()[0]["a-2020"]
    assert (effect.yi, effect.intervention.mean) == (-10, -15)


@pytest.mark.parametrize("better", ["", "unknown"])
def test_an_unknown_direction_is_left_out_and_listed(world, better):
    world.trial("a-2020").pair("a-2020", better=better)
    effects, left = world.select()
    assert effects == {}
    assert left["a-2020"].reason == "the direction of the values is not known"


def test_changes_enter_no_standardised_difference(world):
    world.trial("a-2020").pair("a-2020", statistic="change")
    assert world.select(replace(PAIN, measure="SMD"))[0] == {}


# --- spreads, medians, quality ------------------------------------------------------------------


def test_a_standard_deviation_is_derived(world):
    spreads = {
        "se": ({"se": 2}, 2 * math.sqrt(20)),
        "ci": ({"ci_low": 25, "ci_high": 35}, 10 * math.sqrt(20) / (2 * t.ppf(0.975, 19))),
        "iqr": ({"q1": 22, "q3": 38}, 16 / (2 * norm.ppf((0.75 * 20 - 0.125) / 20.25))),
        "range": ({"min": 5, "max": 60}, 55 / (2 * norm.ppf((20 - 0.375) / 20.25)))}
    for trial, (spread, _) in spreads.items():
        world.trial(trial).value(trial, "msc", 30, **spread).value(trial, "control", 40, 10)
    effects, _ = world.select()
    for trial, (_, sd) in spreads.items():
        effect = effects[trial]
        assert close(effect.intervention.sd, sd) and effect.quality == "derived", trial
        assert len(effect.derivation) == 1
    assert world.select(qualities=frozenset({"as-reported"}))[0] == {}


def test_luo_and_wan_from_quartiles(world):
    world.trial("a-2020").value("a-2020", "control", 40, 10)
    world.value("a-2020", "msc", median=30, q1=24, q3=37)
    effect = world.select()[0]["a-2020"]
    weight = 0.7 + 0.39 / 20
    assert close(effect.intervention.mean, weight * 30.5 + (1 - weight) * 30)
    assert close(effect.intervention.sd, 13 / (2 * norm.ppf((15 - 0.125) / 20.25)))
    assert effect.quality == "derived" and len(effect.derivation) == 2


def test_skewed_quartiles_only_in_robustness(world):
    world.trial("a-2020").value("a-2020", "control", 40, 10)
    world.value("a-2020", "msc", median=25, q1=24, q3=60)
    effects, left = world.select()
    assert effects == {} and "skewed" in left["a-2020"].reason
    assert list(world.select(skewed=True)[0]) == ["a-2020"]


def test_an_interval_beside_a_median_gives_no_spread_of_the_values(world):
    world.trial("a-2020").value("a-2020", "control", 40, 10)
    world.value("a-2020", "msc", median=30, q1=30, q3=30, ci_low=20, ci_high=40)
    assert "no spread" in world.select()[1]["a-2020"].reason


def left_out(left, cases):
    """Every case is left out with its reason."""
    assert len(left) == len(cases)
    for number, (case, reason) in enumerate(cases):
        assert reason in left[f"t{number}"].reason, case


def test_rows_that_give_no_value_say_why(world):
    cases = [
        ({"sd": 0, "mean": 30}, "zero"), ({"mean": 30}, "no spread"),
        ({"mean": 30, "se": 0}, "spread"), ({"median": 30, "sd": 5}, "no mean"),
        ({"median": 30, "q1": 20, "q3": 40, "n": 4}, "n must"),
        ({"mean": 30, "ci_low": 30, "ci_high": 30}, "no spread"), ({}, "no mean")]
    for number, (values, _) in enumerate(cases):
        trial = f"t{number}"
        world.trial(trial).value(trial, "msc", **values).value(trial, "control", 40, 10)
    left_out(world.select()[1], cases)


@pytest.mark.parametrize("quality", ["borrowed", "digitised", "doubtful"])
def test_borrowed_digitised_and_doubtful_values_only_in_robustness(world, quality):
    world.trial("a-2020").value("a-2020", "msc", 30, 10, quality=quality)
    world.value("a-2020", "control", 40, 10)
    effects, left = world.select()
    assert effects == {} and left["a-2020"].reason == f"value {quality}"
    assert world.select(qualities=ALL)[0]["a-2020"].quality == quality


COMPANY = "from a seller's or company's page"


@pytest.fixture
def company(world):
    """A source that is a page of the seller."""
    return world.add("sources", source_id="shop", kind="company-page", title="A shop",
                     accessed="2026-01-01")


@pytest.mark.parametrize("quality", ["", "as-reported", "borrowed"])
def test_values_from_a_companys_page_are_doubtful_and_say_so(company, quality):
    world = company.trial("a-2020").value("a-2020", "msc", 30, 10, source_id="shop",
                                          quality=quality)
    world.value("a-2020", "control", 40, 10)
    effects, left = world.select()
    assert effects == {}
    assert left["a-2020"].reason == f"value doubtful ({COMPANY})"
    effect = world.select(qualities=ALL)[0]["a-2020"]
    assert effect.quality == "doubtful" and COMPANY in effect.derivation


def test_effects_and_harms_from_a_companys_page_are_doubtful_too(company):
    from livingreview.review.harms import arm_events

    contrast(company, "a-2020", se=2, source_id="shop").trial("b-2020").counts(
        "b-2020", 3, 4, source_id="shop").counts("b-2020", 2, 5, event="death")
    for analysis, trial in ((PAIN, "a-2020"), (HARM, "b-2020")):
        effects, left = company.select(analysis)
        assert not effects and f"value doubtful ({COMPANY})" in left[trial].reason
        effect = company.select(analysis, qualities=ALL)[0][trial]
        assert effect.quality == "doubtful" and COMPANY in effect.derivation
    harms = {e.event: e.not_counted for e in arm_events(company.evidence())}
    assert harms == {"any-ae": f"the count is doubtful, {COMPANY}", "death": ""}


def test_a_companys_page_comes_after_every_other_source(company):
    world = company.trial("a-2020").pair("a-2020", source_id="shop")
    world.pair("a-2020", 35, 40, source_id="review")
    effect = world.select(qualities=ALL)[0]["a-2020"]
    assert effect.yi == -5
    assert {why for _, why in effect.passed_over} == {
        "read in a seller's or company's page, another source of the arm was taken"}


# --- reported contrasts -------------------------------------------------------------------------


def contrast(world, trial="a-2020", **more):
    return world.trial(trial).contrast(trial, more.pop("estimate", -10), **more)


def test_a_contrast_is_used_where_no_pair_of_rows_is(world):
    contrast(world, ci_low=-20, ci_high=0)
    effect = world.select()[0]["a-2020"]
    assert (effect.yi, effect.statistic) == (-10, "contrast")
    assert close(effect.vi, (20 / (2 * norm.ppf(0.975))) ** 2)
    assert effect.participants == 40
    assert world.select(contrasts=False)[0] == {}
    world.pair("a-2020", 35, 40)
    assert world.select()[0]["a-2020"].yi == -5


def test_a_contrast_is_oriented_by_the_arm_with_cells(world):
    cases = list(product(("msc", "control"), (("intervention", -1), ("comparator", 1)), (-2, 2)))
    for number, (first, (favours, _), estimate) in enumerate(cases):
        second = "control" if first == "msc" else "msc"
        contrast(world, f"t{number}", estimate=estimate, one=first, other=second, se=1,
                 favours=favours, scale_max=10)
    effects, _ = world.select()
    for number, (_, (_, sign), _) in enumerate(cases):
        assert close(effects[f"t{number}"].yi, sign * 20), cases[number]
        assert close(effects[f"t{number}"].vi, 100)


@pytest.mark.parametrize("flip", [False, True])
def test_ratios_of_flipped_arms_are_inverted(world, flip):
    arms = ("control", "msc") if flip else ("msc", "control")
    contrast(world, estimate=2, one=arms[0], other=arms[1], measure="RR", outcome="responder",
             ci_low=1, ci_high=4)
    effect = world.select(RESPONDER)[0]["a-2020"]
    assert close(effect.yi, math.log(2) * (-1 if flip else 1))
    assert close(effect.vi, (math.log(4) / (2 * norm.ppf(0.975))) ** 2)


def test_risk_differences_are_not_logged(world):
    contrast(world, estimate=-0.1, measure="RD", outcome="responder", se=0.05)
    effect = world.select(replace(RESPONDER, measure="RD"))[0]["a-2020"]
    assert close(effect.yi, -0.1) and close(effect.vi, 0.0025)


def test_an_exact_p_value_gives_a_standard_error_by_t(world):
    contrast(world, p_value="0.04")
    effect = world.select()[0]["a-2020"]
    assert close(math.sqrt(effect.vi), 10 / t.ppf(0.98, 38)) and effect.quality == "derived"


def test_contrasts_that_are_not_pooled_say_why(world):
    cases = [
        ({"p_value": "<0.05"}, "exact p"), ({"p_value": "0.000"}, "exact p"),
        ({"p_value": "0.04", "estimate": ""}, "without an estimate"),
        ({"se": 2, "favours": ""}, "direction"), ({"se": 2, "favours": "neither"}, "direction"),
        ({"se": 2, "scale_max": ""}, "scale"), ({"se": 2, "scale_max": 0}, "scale"),
        ({"se": 2, "measure": "SMD"}, "reported as SMD"), ({"se": 0}, "exact p"),
        ({"se": 2, "quality": "digitised"}, "value digitised")]
    for number, (more, _) in enumerate(cases):
        contrast(world, f"t{number}", **more)
    left_out(world.select()[1], cases)


@pytest.mark.parametrize("estimate, low, high", [(0, 0, 2), (-1, -2, 3), (2, 0, 4)])
def test_ratios_that_are_none(world, estimate, low, high):
    contrast(world, estimate=estimate, ci_low=low, ci_high=high, measure="RR",
             outcome="responder")
    assert world.select(RESPONDER)[0] == {}


def test_a_difference_of_zero_favours_neither(world):
    contrast(world, estimate=0, favours="neither", se=2)
    assert world.select()[0]["a-2020"].yi == 0


def test_results_of_selected_arms_are_not_pooled(world):
    world.trial("a-2020").arm("a-2020", "msc-2", cells="cultured-msc")
    world.value("a-2020", "msc-2", 30, 10, outcome="ikdc")  # an arm without any is left out
    world.contrast("a-2020", -10, se=2)
    assert "selected arms" in world.select()[1]["a-2020"].reason
    world.arm("a-2020", "both", cells="cultured-msc", combines="msc;msc-2", n_allocated="")
    world.contrast("a-2020", -8, one="both", se=2)
    assert world.select()[0]["a-2020"].yi == -8
    # Cells of another kind are in the trial's comparison too: one contrast does not cover it.
    world.arm("a-2020", "svf", cells="stromal-vascular-fraction")
    world.value("a-2020", "svf", 30, 10, outcome="ikdc")
    assert "selected arms" in world.select()[1]["a-2020"].reason


def test_a_contrast_of_another_comparison_is_none_of_this_one(world):
    world.trial("a-2020").arm("a-2020", "ha", "hyaluronic-acid")
    world.contrast("a-2020", -10, other="ha", se=2)
    effects, left = world.select()
    assert effects == {} and "selected" not in left["a-2020"].reason
    assert list(world.select(replace(PAIN, comparison="hyaluronic-acid"))[0]) == ["a-2020"]


def test_a_contrast_without_sizes_counts_the_patients_enrolled(world):
    world.study("a-2020", n_enrolled=61)
    world.arm("a-2020", "msc", cells="cultured-msc", n_allocated="")
    world.arm("a-2020", "control", "saline", n_allocated="").contrast("a-2020", -10, se=2)
    assert world.select()[0]["a-2020"].participants == 61
    world.arm("a-2020", "ha", "hyaluronic-acid")  # now they are in other arms too
    assert world.select()[0]["a-2020"].participants == 0


# --- several arms -------------------------------------------------------------------------------


def doses(world):
    """Two doses against one placebo."""
    world.study("a-2020").arm("a-2020", "control", "saline").value("a-2020", "control", 40, 10)
    world.arm("a-2020", "low", cells="cultured-msc", dose=1)
    return world.arm("a-2020", "high", cells="cultured-msc", dose=9)


def test_doses_are_combined_by_the_formula_of_the_handbook(world):
    doses(world).value("a-2020", "low", 30, 10).value("a-2020", "high", 20, 14, n=10)
    effect = world.select()[0]["a-2020"]
    n, mean, sd = merged([(20, 30, 10), (10, 20, 14)])
    yi, vi = md(mean, 40, sd, n)
    assert close(effect.yi, yi) and close(effect.vi, vi) and effect.participants == 50
    assert effect.intervention.arms == ("low", "high") and effect.quality == "derived"


def test_a_dose_without_a_value_is_not_passed_over_in_silence(world):
    doses(world).value("a-2020", "low", 30, 10)
    world.value("a-2020", "high", 20, 14, timepoint_months=24)  # it has a number, not here
    effects, left = world.select()
    assert effects == {} and "missing: high" in left["a-2020"].reason


def test_a_union_replaces_its_parts_only_where_it_is_usable(world):
    doses(world).arm("a-2020", "both", cells="cultured-msc", combines="low;high", n_allocated="")
    world.value("a-2020", "low", 30, 10).value("a-2020", "high", 30, 10)
    world.value("a-2020", "both", 25, "", n=40)  # no spread: not usable
    effect = world.select()[0]["a-2020"]
    assert effect.intervention.arms == ("low", "high") and effect.participants == 60
    world.value("a-2020", "both", 25, 10, n=40, source_id="review")
    effect = world.select()[0]["a-2020"]
    assert (effect.intervention.arms, effect.yi, effect.participants) == (("both",), -15, 60)
    assert any("low" in name for name, _ in effect.passed_over)
    world.value("a-2020", "both", 25, 10, n=40, timepoint_months=5)
    assert world.select()[0]["a-2020"].months == 6


def test_a_union_of_other_arms_than_those_compared_replaces_nothing(world):
    doses(world).arm("a-2020", "svf", cells="stromal-vascular-fraction")
    world.arm("a-2020", "both", cells="cultured-msc", combines="low;svf")
    world.value("a-2020", "low", 30, 10).value("a-2020", "high", 30, 10)
    world.value("a-2020", "both", 0, 10)
    assert world.select()[0]["a-2020"].yi == -10


@pytest.mark.parametrize("measure", ["MD", "SMD"])
def test_a_shared_control_is_modelled(world, measure):
    world.trial("a-2020").arm("a-2020", "svf", cells="stromal-vascular-fraction")
    world.pair("a-2020", 30, 40).value("a-2020", "svf", 20, 10, n=10)
    effect = world.select(replace(PAIN, measure=measure))[0]["a-2020"]
    one = {"MD": synthesis.mean_difference, "SMD": synthesis.standardised_mean_difference}[measure]
    each = one([30, 20], [10, 10], [20, 10], [40, 40], [10, 10], [20, 20])
    shared = 5 if measure == "MD" else 1 / 20 + each.yi[0] * each.yi[1] / (2 * 50)
    pooled = synthesis.combine_correlated(
        each.yi, [[each.vi[0], shared], [shared, each.vi[1]]])
    assert close(effect.yi, pooled.estimate) and close(effect.vi, pooled.variance)
    assert effect.participants == 50 and effect.treatment_class == "mixed"


def test_pairs_that_share_no_patients_are_combined_by_their_variances(world):
    world.study("a-2020")
    for name, besides, mean, n in (("", "", 30, 20), ("-op", "arthroscopy", 20, 10)):
        world.arm("a-2020", f"msc{name}", cells="cultured-msc", cointervention=besides)
        world.arm("a-2020", f"ha{name}", "hyaluronic-acid", cointervention=besides)
        world.value("a-2020", f"msc{name}", mean, 10, n=n)
        world.value("a-2020", f"ha{name}", 40, 10, n=n)
    effect = world.select(replace(PAIN, comparison="any"))[0]["a-2020"]
    assert close(effect.yi, (-10 / 10 + -20 / 20) / (1 / 10 + 1 / 20))
    assert close(effect.vi, 1 / (1 / 10 + 1 / 20)) and effect.participants == 60
    alone = world.select(replace(PAIN, comparison="hyaluronic-acid"))[0]["a-2020"]
    assert alone.yi == -10  # with an operation in both arms it is in no pool of its own


# --- joints and patients ------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0, 0.5, 0.8])
def test_within_person_trials(world, correlation):
    world.trial("a-2020", allocation="within-person").pair("a-2020")
    effect = world.select(paired_correlation=correlation)[0]["a-2020"]
    assert close(effect.vi, 10 - 2 * correlation * 5)
    assert effect.within_person and effect.participants == 20
    assert f"correlation {correlation:g}" in effect.derivation[-1]


def test_a_pair_needs_both_sides(world):
    """With 5 and 20 joints there are five pairs; the variance stays positive."""
    world.trial("a-2020", allocation="within-person").value("a-2020", "msc", 30, 10, n=5)
    world.value("a-2020", "control", 40, 10)
    effect = world.select(paired_correlation=0.8)[0]["a-2020"]
    assert close(effect.vi, 100 / 5 + 100 / 20 - 2 * 0.8 * 100 / 20)


def test_a_reported_paired_analysis_goes_before_the_rows(world):
    world.trial("a-2020", allocation="within-person").pair("a-2020")
    world.contrast("a-2020", -8, se=1, source_id="review")
    assert world.select()[0]["a-2020"].yi == -10  # a review's own contrast is no paired analysis
    world.contrast("a-2020", -9, se=1)
    effect = world.select()[0]["a-2020"]
    assert (effect.yi, effect.vi, effect.participants) == (-9, 1, 20)
    assert world.select(contrasts=False)[0]["a-2020"].yi == -10


def test_counts_of_within_person_trials(world):
    world.trial("a-2020", allocation="within-person").counts("a-2020", 5, 4)
    plain = world.select(HARM)[0]["a-2020"]
    paired = world.select(HARM, paired_correlation=0.5)[0]["a-2020"]
    v1, v2 = 15 / (5 * 20), 16 / (4 * 20)
    assert close(plain.vi, v1 + v2) and close(paired.vi, v1 + v2 - math.sqrt(v1 * v2))
    assert plain.participants == 20


@pytest.mark.parametrize("icc, effect_of_design", [(0.5, 1.25), (0, 1), (1, 1.5)])
@pytest.mark.parametrize("allocation", ["clustered", ""])
def test_joints_that_outnumber_patients(world, icc, effect_of_design, allocation):
    world.study("a-2020", allocation=allocation, unit="knee")
    world.arm("a-2020", "msc", cells="cultured-msc", n_allocated=30, n_patients=20)
    world.arm("a-2020", "control", "saline", n_allocated=30, n_patients=20).pair("a-2020", n=30)
    effect = world.select(icc=icc)[0]["a-2020"]
    assert close(effect.vi, effect_of_design * 200 / 30)
    assert close(effect.participants, 40) and not effect.low_follow_up


def test_events_of_joints_are_divided_but_harms_of_patients_are_not(world):
    world.study("a-2020", allocation="clustered", unit="knee")
    for arm, kind in (("msc", {"cells": "cultured-msc"}), ("control", {"comparator": "saline"})):
        world.arm("a-2020", arm, n_allocated=30, n_patients=20, **kind)
    for arm, events in (("msc", 15), ("control", 10)):
        world.value("a-2020", arm, outcome="responder", better="higher", events=events, total=30,
                    n="", scale_min="", scale_max="")
        world.count("a-2020", arm, events, 20)
        world.count("a-2020", arm, events, "", event="infection")
    joints = world.select(RESPONDER)[0]["a-2020"]
    assert close(joints.vi, 1.25 * log_rr(15, 30, 10, 30)[1]) and close(joints.yi, math.log(1.5))
    for event in ("any-ae", "infection"):
        patients = world.select(replace(HARM, target=event))[0]["a-2020"]
        assert close(patients.vi, log_rr(15, 20, 10, 20)[1])


def test_units_of_one_patient_give_no_spread(world):
    world.study("a-2020", allocation="clustered")
    world.arm("a-2020", "msc", cells="cultured-msc", n_allocated=10, n_patients=1)
    world.arm("a-2020", "control", "saline", n_allocated=10, n_patients=1).pair("a-2020", n=2)
    assert world.select()[1]["a-2020"].reason == "units of a single patient"


# --- counts -------------------------------------------------------------------------------------


def test_half_is_added_only_where_a_cell_is_empty(world):
    world.trial("a-2020").counts("a-2020", 5, 4).trial("b-2020").counts("b-2020", 0, 4)
    world.trial("c-2020").counts("c-2020", 20, 4)
    effects, _ = world.select(HARM)
    for trial, table in {"a-2020": (5, 20, 4, 20), "b-2020": (0, 20, 4, 20),
                         "c-2020": (20, 20, 4, 20)}.items():
        yi, vi = log_rr(*table)
        assert close(effects[trial].yi, yi) and close(effects[trial].vi, vi)


@pytest.mark.parametrize("measure, events", [("RR", 0), ("OR", 0), ("OR", 20)])
def test_no_events_or_no_odds_give_no_ratio(world, measure, events):
    world.trial("a-2020").counts("a-2020", events, events)
    effect = world.select(replace(HARM, measure=measure))[0]["a-2020"]
    assert effect.yi is None and effect.vi is None and effect.no_ratio
    assert effect.participants == 40


def test_events_in_everybody_are_a_risk_ratio_of_one(world):
    world.trial("a-2020").count("a-2020", "msc", 20).count("a-2020", "control", 8, 8)
    effect = world.select(HARM)[0]["a-2020"]
    assert effect.yi == 0 and not effect.no_ratio
    # half a patient in each cell gives the variance
    assert close(effect.vi, 1 / 20.5 - 1 / 21 + 1 / 8.5 - 1 / 9)


def test_no_events_are_a_risk_difference_of_zero_however_unequal_the_arms(world):
    world.trial("a-2020").count("a-2020", "msc", 0, 40).count("a-2020", "control", 0, 10)
    effect = world.select(replace(HARM, measure="RD"))[0]["a-2020"]
    # half a patient in each cell gives the variance, not the difference
    assert effect.yi == 0 and close(effect.vi, 0.5 * 40.5 / 41**3 + 0.5 * 10.5 / 11**3)


@pytest.mark.parametrize("row, reason", [
    ({"count": "events"}, "events are counted"), ({"events": ""}, "no count"),
    ({"events": "", "percent": 50.3}, "no single count"), ({"total": 0}, "units at risk")])
def test_counts_that_give_no_value_say_why(world, row, reason):
    world.trial("a-2020").count("a-2020", "control", 4)
    world.count("a-2020", "msc", **{"events": 0, **row})
    effects, left = world.select(HARM)
    assert effects == {} and reason in left["a-2020"].reason


def test_a_count_is_derived_from_a_percentage_that_one_number_gives(world):
    world.trial("a-2020").count("a-2020", "msc", "", percent=35).count("a-2020", "control", 4)
    effect = world.select(HARM)[0]["a-2020"]
    assert effect.intervention.events == 7 and effect.quality == "derived"
    world.trial("b-2020")  # of 400, many counts round to 35
    world.count("b-2020", "msc", "", 400, percent=35).count("b-2020", "control", 4)
    assert list(world.select(HARM)[0]) == ["a-2020"]


def test_harms_take_the_longest_follow_up_with_both_arms(world):
    world.trial("a-2020").counts("a-2020", 1, 2, months=6).counts("a-2020", 5, 4, months=12)
    world.count("a-2020", "msc", 9, months=24)
    effect = world.select(HARM)[0]["a-2020"]
    assert (effect.months, effect.intervention.events) == (12, 5)


def test_of_two_sources_of_an_event_the_own_report_counts_and_the_other_is_named(world):
    world.trial("a-2020").counts("a-2020", 5, 4)
    world.count("a-2020", "msc", 9, source_id="review")
    effect = world.select(HARM)[0]["a-2020"]
    assert effect.intervention.events == 5
    assert any("msc" in name and "read in a review" in why for name, why in effect.passed_over)


def test_counts_of_doses_are_added(world):
    doses(world).count("a-2020", "low", 3).count("a-2020", "high", 2, 10)
    effect = world.count("a-2020", "control", 4).select(HARM)[0]["a-2020"]
    assert close(effect.yi, log_rr(5, 30, 4, 20)[0])


@pytest.mark.parametrize("better, reason", [
    ("unknown", "direction of the values"), ("lower", "runs against")])
def test_counts_in_no_known_direction_are_not_pooled(world, better, reason):
    world.trial("a-2020").pair("a-2020", "", "", "", outcome="responder", events=5, total=20,
                               better=better, scale_min="", scale_max="")
    effects, left = world.select(RESPONDER)
    assert effects == {} and reason in left["a-2020"].reason


# --- which trials -------------------------------------------------------------------------------


def test_visits_after_unblinding_are_not_pooled(world):
    world.trial("a-2020", comparable_until_months=4).pair("a-2020")
    world.trial("b-2020", comparable_until_months=4).pair("b-2020", timepoint_months=4)
    world.pair("b-2020", 0)
    world.trial("c-2020", comparable_until_months=4).contrast("c-2020", -10, se=2)
    world.study("d-2020", comparable_until_months=4).trial("d-2022", companion_of="d-2020")
    world.pair("d-2022")
    effects, left = world.select()
    assert {t: e.months for t, e in effects.items()} == {"b-2020": 4}
    assert all("month 4 follow unblinding" in x.reason for x in left.values())
    assert sorted(left) == ["a-2020", "c-2020", "d-2020"]


def test_trials_that_may_not_enter(world):
    cases = [
        ({"design": "nonrandomised-controlled"}, "not randomised"),
        ({"design": "single-arm"}, "design: Single-arm"), ({"design": ""}, "design not stated"),
        ({"status": "retracted"}, "retracted"), ({"first_author": ""}, "without a name")]
    for number, (study, _) in enumerate(cases):
        world.trial(f"t{number}", **study).pair(f"t{number}")
    left_out(world.select()[1], cases)


def test_unnamed_studies_may_not_enter(world):
    world.trial("unnamed-1", title="A trial").pair("unnamed-1")
    assert "without a name" in world.select()[1]["unnamed-1"].reason


def test_they_enter_in_robustness(world):
    world.trial("a-2020", design="nonrandomised-controlled").pair("a-2020")
    world.trial("b-2020", status="retracted").pair("b-2020")
    rules = {"designs": frozenset({"rct", "nonrandomised-controlled"}), "retracted": True}
    assert sorted(world.select(**rules)[0]) == ["a-2020", "b-2020"]


def overlap(world, action, keep=""):
    world.trial("a-2020").pair("a-2020").trial("b-2020").pair("b-2020")
    return world.add("cohort_overlaps", indication=KNEE, study_id="a-2020",
                     other_study_id="b-2020", kind="probable", action=action, keep=keep)


@pytest.mark.parametrize("keep, out", [("a-2020", "b-2020"), ("b-2020", "a-2020"),
                                       ("", "b-2020")])
def test_probable_overlaps(world, keep, out):
    effects, left = overlap(world, "exclude-other", keep).select()
    assert list(left) == [out] and out not in effects and not left[out].counted
    assert "probably shared" in left[out].reason
    assert len(world.select(sure_overlaps=True)[0]) == 2


def test_possible_overlaps_leave_in_robustness_only(world):
    assert len(overlap(world, "warn").select()[0]) == 2
    assert list(world.select(possible_overlaps=False)[0]) == ["a-2020"]


def test_an_overlap_with_a_companion_bars_its_trial(world):
    overlap(world, "exclude-other", "a-2020")
    world.trial("c-2018").pair("c-2018")
    next(r for r in world.rows["studies"] if r["study_id"] == "b-2020")["companion_of"] = "c-2018"
    assert list(world.select()[1]) == ["c-2018"]


def test_an_overlap_of_two_reports_of_one_trial_bars_nothing(world):
    overlap(world, "exclude-other", "b-2020")
    next(r for r in world.rows["studies"] if r["study_id"] == "b-2020")["companion_of"] = "a-2020"
    effects, left = world.select()
    assert list(effects) == ["a-2020"] and left == {}


def test_companions_are_later_visits_of_one_trial(world):
    world.trial("a-2020").pair("a-2020", 30, timepoint_months=4)
    world.trial("a-2022", companion_of="a-2020").pair("a-2022", 20)
    world.trial("a-2024", companion_of="a-2022").pair("a-2024", 10, timepoint_months=5)
    effects, _ = world.select()
    assert {t: (e.study_id, e.yi) for t, e in effects.items()} == {"a-2020": ("a-2022", -20)}


def test_a_retracted_companion_gives_no_values(world):
    world.trial("a-2020").pair("a-2020", 30, timepoint_months=4)
    world.trial("a-2022", companion_of="a-2020", status="retracted").pair("a-2022", 20)
    assert world.select()[0]["a-2020"].yi == -10
    assert world.select(retracted=True)[0]["a-2020"].yi == -20


def test_products_that_are_kept_apart(world):
    world.study("a-2020").arm("a-2020", "msc", cells="extracellular-vesicles")
    world.arm("a-2020", "control", "saline").pair("a-2020")
    effects, left = world.select()
    assert effects == {} and "apart" in left["a-2020"].reason and not left["a-2020"].counted
    world.arm("a-2020", "svf", cells="stromal-vascular-fraction")
    effect = world.value("a-2020", "svf", 20, 10).select()[0]["a-2020"]
    assert (effect.intervention.arms, effect.treatment_class) == (("svf",), "minimally-processed")


def test_any_control_takes_one_comparison_in_order(world):
    world.study("a-2020").arm("a-2020", "msc", cells="cultured-msc").value("a-2020", "msc", 30, 10)
    for number, kind in enumerate(["", "platelet-rich-plasma", "corticosteroid", "hyaluronic-acid",
                                   "untreated", "saline"]):
        world.arm("a-2020", f"c-{number}", kind)
    anyone = replace(PAIN, comparison="any")
    taken = []
    for number in range(6):  # each new control goes before those that have values already
        world.value("a-2020", f"c-{number}", 40, 10)
        taken.append(world.select(anyone)[0]["a-2020"].kind)
    assert taken == ["not-stated", "platelet-rich-plasma", "corticosteroid", "hyaluronic-acid",
                     "conservative-or-none", "placebo"]


def test_an_analysis_of_named_studies(world):
    world.trial("a-2020").pair("a-2020").trial("b-2020").pair("b-2020")
    effects, left = world.select(replace(PAIN, studies=("b-2020",)))
    assert list(effects) == ["b-2020"] and left == {}


def test_qualities_of_the_analysis_go_before_the_rules(world):
    world.trial("a-2020").pair("a-2020", quality="digitised")
    assert list(world.select(replace(PAIN, qualities=tuple(ALL)))[0]) == ["a-2020"]


# --- odd but valid data -------------------------------------------------------------------------


def test_nothing_at_all(world):
    assert world.select() == ({}, {})


@pytest.mark.parametrize("analysis", [
    PAIN, HARM, RESPONDER, replace(PAIN, comparison="any"), replace(PAIN, comparison="not-stated"),
    replace(PAIN, measure="SMD"), replace(RESPONDER, measure="OR"),
    replace(RESPONDER, measure="RD"), replace(RESPONDER, measure="HR"),
    replace(HARM, measure="MD"), replace(HARM, measure="RD"),
    replace(PAIN, target="no-such-family"), replace(PAIN, target_type="outcome", target="pain-vas"),
    replace(PAIN, instrument_contains="WORMS"), replace(PAIN, window=(None, None))],
    ids=lambda a: f"{a.target}-{a.measure}-{a.comparison}-{a.instrument_contains}")
def test_odd_trials_never_crash(odd, analysis):
    effects, left = select(odd, analysis)
    for rules in (Rules(), Rules(allocated_n=True, icc=1, paired_correlation=0.8, skewed=True,
                                 qualities=ALL, retracted=True)):
        effects, left = select(odd, analysis, rules)
        assert all(e.yi is None or e.vi > 0 for e in effects)
        assert all(x.reason for x in left)


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Evidence:
    """Valid rows that a careless program falls over."""
    world = World(tmp_path_factory.mktemp("odd"))
    world.study("no-arms").study("one-armed").arm("one-armed", "msc", cells="cultured-msc")
    world.value("one-armed", "msc", 30, 10).count("one-armed", "msc", 1)
    world.trial("no-rows").trial("identical").pair("identical", 40, 40)
    world.trial("contrasts-only").contrast("contrasts-only", -10, se=2)
    world.contrast("contrasts-only", 1, outcome="responder", measure="RR", p_value="1.0")
    world.contrast("contrasts-only", 0.5, outcome="responder", measure="HR", ci_low=0.2, ci_high=1)
    world.trial("one-arm-has-rows").value("one-arm-has-rows", "control", 1, 1)
    world.trial("zeros").pair("zeros", 0, 0, 0).counts("zeros", 0, 0, 0)
    world.trial("ones").pair("ones", n=1).counts("ones", 1, 0, 1)
    world.trial("twos", allocation="within-person").pair("twos", n=2).counts("twos", 2, 0, 2)
    world.trial("all-empty").pair("all-empty", "", "", "", n="", scale_min="", scale_max="")
    world.trial("no-visit").pair("no-visit", timepoint_months="").counts("no-visit", 1, 2,
                                                                         months="")
    world.study("nobody", first_author="").arm("nobody", "msc", cells="cultured-msc",
                                               n_allocated=0)
    world.arm("nobody", "control", "saline", n_allocated=0).pair("nobody", n="")
    world.count("nobody", "msc", 0, "").count("nobody", "control", 0, "")
    for outcome in ("responder", "womac-pain"):
        for trial in ("identical", "zeros"):
            world.pair(trial, "", "", "", outcome=outcome, events=0, total=20, better="")
    return world.evidence()


def test_hazard_ratios_are_pooled_as_reported_on_the_log_scale(odd):
    (effect,) = select(odd, replace(RESPONDER, measure="HR"))[0]
    assert effect.trial_id == "contrasts-only" and close(effect.yi, math.log(0.5))
