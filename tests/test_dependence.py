"""Dependent effects against metafor, clubSandwich and the likelihood; see `reference/models.R`."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from livingreview.synthesis import SynthesisError, pool
from livingreview.synthesis import dependence as dp

CLOSED_FORM = 1e-8
ITERATIVE = 1e-6

MODELS = json.loads((Path(__file__).parent / "reference" / "models.json").read_text())
CASES = MODELS["dependent"]


def agree(got, expected, tolerance, floor=1e-10):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def data(name):
    case = CASES[name]
    return case["yi"], case["vi"], case["cluster"]


# ---------------------------------------------------------------- three levels


@pytest.mark.parametrize("name", CASES)
def test_three_levels_agree_with_metafor(name):
    case, got = CASES[name], dp.three_level(*data(name))
    agree([got.between, got.within], case["sigma2"], ITERATIVE, 1e-9)
    agree([got.between_low, got.between_high], case["between"], ITERATIVE, 1e-9)
    agree([got.within_low, got.within_high], case["within"], ITERATIVE, 1e-9)
    for field in ("estimate", "se", "ci_low", "ci_high", "p_value", "log_likelihood", "q", "q_p",
                  "pi_low", "pi_high"):
        agree(getattr(got, field), case[field], ITERATIVE)
    agree(dp.three_level(*data(name), test="z").p_value, case["normal_p"], ITERATIVE)
    # metafor's own optimiser stops early.
    agree([got.between, got.within], case["metafor"], 1e-3, 1e-5)


def test_order_labels_and_units_do_not_matter():
    y, v, cluster = data("konstantopoulos")
    order = np.random.default_rng(2).permutation(len(y))
    one = dp.three_level(y, v, cluster)
    two = dp.three_level(-1e3 * np.array(y)[order], 1e6 * np.array(v)[order],
                         [f"x{cluster[i]}" for i in order])
    agree([two.between / 1e6, two.within / 1e6, -two.estimate / 1e3, two.between_high / 1e6,
           two.log_likelihood + (len(y) - 1) * math.log(1e3)],
          [one.between, one.within, one.estimate, one.between_high, one.log_likelihood], 1e-7)


def test_identical_effects_have_no_variance_at_either_level():
    got = dp.three_level([1, 1, 1, 1], [0.1, 0.2, 0.1, 0.3], ["a", "a", "b", "b"])
    assert got.between == got.within == got.between_low == 0 < got.between_high
    agree(got.se, pool([1, 1, 1, 1], [0.1, 0.2, 0.1, 0.3], model="common").se, CLOSED_FORM)


@pytest.mark.parametrize("seed", range(6))
def test_three_levels_are_no_worse_than_any_point_of_a_grid(seed):
    rng = np.random.default_rng(seed)
    k, cluster = 9, np.array([0, 0, 0, 1, 1, 2, 3, 3, 3])
    v = rng.uniform(0.01, 1, k) ** 2
    y = rng.normal(0, 1, 4)[cluster] * (seed % 3) + rng.normal(0, 1, k) * (seed % 2)
    same = (cluster[:, None] == cluster) * 1.0
    got = dp.three_level(y, v, cluster)

    def likelihood(between, within):
        w = np.linalg.inv(np.diag(v + within) + between * same)
        r = y - w.sum(axis=0) @ y / w.sum()
        return (np.linalg.slogdet(w)[1] - math.log(w.sum()) - r @ w @ r) / 2

    best, grid = likelihood(got.between, got.within), [0, *np.geomspace(1e-5, 50, 40)]
    assert all(best >= likelihood(b, w) - 1e-9 for b in grid for w in grid)
    drop = 1.920729410347062  # half of qchisq(0.95, 1)
    assert all(best - likelihood(got.between_high * 1.001, w) > drop for w in grid)


@pytest.mark.parametrize("cluster, words", [
    (["a", "a", "a"], "at least 2 clusters"),
    (["a", "b", "c"], "every cluster holds one effect"),
    (["a", "b"], "2 rows"),
    (["a", None, "a"], "row 1: cluster is missing"),
])
def test_clusters_that_tell_nothing_are_refused(cluster, words):
    with pytest.raises(SynthesisError, match=words):
        dp.three_level([1, 2, 3], [1, 1, 1], cluster)


# ---------------------------------------------------------------- robust


@pytest.mark.parametrize("key, options", [
    ("random", {}), ("three_level", {"working": "three-level"}), ("cr1", {"adjustment": "CR1"}),
    ("common", {"working": "common"})])
@pytest.mark.parametrize("name", CASES)
def test_robust_variances_agree_with_club_sandwich(name, key, options):
    expected, got = CASES[name]["robust"][key], dp.robust(*data(name), **options)
    tolerance = CLOSED_FORM if key == "common" else ITERATIVE
    agree([got.ses[0], got.df[0], got.p_values[0]],
          [expected["se"], expected["df"], expected["p"]], tolerance)


def test_a_giant_study_in_a_cluster_keeps_its_own_error():
    # Its residual variance drowned in rounding: the standard error was 2,500 times too small.
    case = MODELS["large"]
    got = dp.robust(*(case[key] for key in ("yi", "vi", "cluster")), working="common")
    agree([got.ses[0], got.df[0]], [case["common"]["se"], case["common"]["df"]], ITERATIVE,
          floor=0)
    assert not any("alone" in warning for warning in got.warnings)


def test_robust_meta_regression_agrees_with_club_sandwich():
    case = MODELS["moderated"]
    got = dp.robust(*data("konstantopoulos"), case["x"], tau2_method="DL", names=["year"])
    agree(got.coefficients, case["coefficients"], CLOSED_FORM)
    agree(got.ses, case["se"], CLOSED_FORM)
    agree(got.df, case["df"], 1e-7)
    agree(got.covariance, case["covariance"], CLOSED_FORM)
    one = dp.robust(*data("konstantopoulos"), case["x"], tau2_method="DL", adjustment="CR1")
    agree(one.ses, case["cr1_se"], CLOSED_FORM)
    agree(one.df, [case["cr1_df"]] * 2, 0)
    bare = dp.robust(*data("konstantopoulos"), case["x"], tau2_method="DL", adjustment="CR0")
    clusters = len(set(data("konstantopoulos")[2]))
    agree(bare.ses, np.multiply(case["cr1_se"], np.sqrt(1 - 2 / clusters)), CLOSED_FORM)
    assert (bare.ses < got.ses).all() and (bare.df < clusters).all()


def test_singletons_of_equal_variance_are_the_t_test():
    y = [1.0, 2.0, 4.0, 3.5]
    got = dp.robust(y, [1, 1, 1, 1], ["a", "b", "c", "d"], working="common")
    agree([got.ses[0], got.df[0]], [np.std(y, ddof=1) / 2, 3], CLOSED_FORM)


def test_a_cluster_that_fixes_a_coefficient_is_named():
    y, v = [0.1, 0.4, 0.3, 0.8, 0.2, 0.5, 0.7], [0.1, 0.2, 0.1, 0.3, 0.1, 0.2, 0.2]
    cluster = "aabbccd"
    # coef_test() of clubSandwich on rma(y, v, mods = x).
    for adjustment in ("CR2", "CR1"):
        got = dp.robust(y, v, list(cluster), [0, 0, 0, 0, 0, 0, 1], adjustment=adjustment)
        assert any("cluster d alone fixes" in warning for warning in got.warnings)
        if adjustment == "CR2":
            agree(got.ses, [0.06384382, 0.06384382], 1e-6)
            agree(got.df, [1.994708, 1.994708], 1e-6)
    assert not any("alone" in w for w in dp.robust(y, v, list(cluster), range(7)).warnings)


def test_robust_refuses_too_few_clusters_and_no_scatter():
    with pytest.raises(SynthesisError, match="at least 2 clusters"):
        dp.robust([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(SynthesisError, match="robust variance of intercept is 0"):
        dp.robust([1, 1, 1], [1, 1, 2], ["a", "b", "b"])
    with pytest.raises(SynthesisError, match="takes no moderators"):
        dp.robust([1, 2, 3, 4], [1, 1, 2, 1], ["a", "b", "b", "c"], [1, 2, 3, 5],
                  working="three-level")


# ---------------------------------------------------------------- aggregation


@pytest.mark.parametrize("key, correlation, weighted", [
    ("a", 0.6, True), ("b", 0.6, False), ("c", 0.0, True)])
@pytest.mark.parametrize("name", CASES)
def test_aggregation_agrees_with_metafor(name, key, correlation, weighted):
    expected = CASES[name]["aggregate"][key]
    got = dp.aggregate(*data(name), correlation, weighted=weighted)
    agree(got.yi, expected["yi"], CLOSED_FORM)
    agree(got.vi, expected["vi"], CLOSED_FORM)
    assert got.sizes.sum() == len(CASES[name]["yi"])


@pytest.mark.parametrize("correlation", [1, -0.5, 1.2])
def test_impossible_correlations_are_refused(correlation):
    with pytest.raises(SynthesisError, match="the correlation must lie between -0.5 and 1"):
        dp.aggregate([1, 2, 3], [1, 1, 1], ["a", "a", "a"], correlation)


def test_a_correlation_must_be_a_number():
    for correlation in (math.nan, None, "x", [0.1, 0.2]):
        with pytest.raises(SynthesisError, match="correlation"):
            dp.aggregate([1, 2, 3], [1, 1, 1], ["a", "a", "a"], correlation)
    for labels in (None, 3, [["a"], ["b"], ["c"]]):
        with pytest.raises(SynthesisError, match="no sequence of labels"):
            dp.aggregate([1, 2, 3], [1, 1, 1], labels, 0.5)


# ---------------------------------------------------------------- shared controls


def test_shared_control_of_mean_differences_agrees_with_metafor():
    case = MODELS["shared"]
    agree(dp.shared_control_md(case["vi"], 8, 40), case["covariance"], CLOSED_FORM)


def test_shared_control_of_ratios_is_the_control_part_of_the_variance():
    # Variances: log RR 1/a − 1/n1 + 1/c − 1/n2, log OR 1/a + 1/b + 1/c + 1/d.
    rr = [1 / 5 - 1 / 30 + 1 / 8 - 1 / 40, 1 / 6 - 1 / 20 + 1 / 8 - 1 / 40]
    agree(dp.shared_control_rr(rr, 8, 40)[0], [rr[0], 0.1], CLOSED_FORM)
    odds = [1 / 5 + 1 / 25 + 1 / 8 + 1 / 32, 1 / 6 + 1 / 14 + 1 / 8 + 1 / 32]
    agree(dp.shared_control_or(odds, 8, 40)[1], [0.15625, odds[1]], CLOSED_FORM)


def test_shared_control_of_standardised_differences():
    # Gleser and Olkin: 1/n of the control + d₁d₂/(2 N).
    got = dp.shared_control_smd([0.5, 0.8], [0.1, 0.12], 25, 75)
    agree(got, [[0.1, 0.04 + 0.4 / 150], [0.04 + 0.4 / 150, 0.12]], CLOSED_FORM)


@pytest.mark.parametrize("call", [
    lambda: dp.shared_control_md([0.1, 0.1], 2, 10),
    lambda: dp.shared_control_md([0.1, 0], 1, 100),
    lambda: dp.shared_control_md([0.1, 0.1], -1, 100),
    lambda: dp.shared_control_smd([0.1, 0.2], [0.1, 0.2], 50, 50),
    lambda: dp.shared_control_rr([0.3, 0.3], 0, 40),
    lambda: dp.shared_control_rr([0.3, 0.3], 41, 40),
    lambda: dp.shared_control_or([0.3, 0.3], 40, 40),
])
def test_bad_controls_are_refused(call):
    with pytest.raises(SynthesisError):
        call()
