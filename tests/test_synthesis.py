"""The statistics against metafor, published examples, invariants, and bad input.

`reference/metafor.json` is written by `reference/make_reference.R`; no R is needed here.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livingreview import synthesis as s

# Largest relative differences allowed. Iterative: the answer of an iteration in R, which stops
# somewhere; closed form: everything else.
CLOSED_FORM = 1e-8
ITERATIVE = 1e-6
# p-values and quantiles come from different routines in R and in SciPy.
TAIL = 1e-8
# A printed value agrees to half a unit of its last digit.
TWO_DIGITS = 0.005
FOUR_DIGITS = 0.00005
# Invariants compare the engine with itself; τ² is polished to about 1e-10.
SAME = 1e-7

REFERENCE = json.loads((Path(__file__).parent / "reference" / "metafor.json").read_text())
CASES = REFERENCE["cases"]
TABLES = REFERENCE["tables"]
MEANS = REFERENCE["means"]
INTERVAL_NAMES = {"z": "z", "t": "t", "knha": "hksj", "adhoc": "hksj-guard"}


def agree(got, expected, tolerance, floor=1e-10):
    """Compare relatively; `floor` stands for 0, on the scale of the data."""
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def data(name):
    case = CASES[name]
    return np.array(case["yi"]), np.array(case["vi"])


# ---------------------------------------------------------------- effect sizes


@pytest.mark.parametrize("name", MEANS)
def test_effect_sizes_of_means_agree_with_metafor(name):
    case = MEANS[name]
    arms = [case[column] for column in ("m1", "sd1", "n1", "m2", "sd2", "n2")]
    for function, key in ((s.mean_difference, "md"), (s.standardised_mean_difference, "smd")):
        got = function(*arms)
        agree(got.yi, case[key]["yi"], CLOSED_FORM)
        agree(got.vi, case[key]["vi"], CLOSED_FORM)
        assert got.used.all()


@pytest.mark.parametrize("zero_cells, to", [("only", "only0"), ("all", "all")])
@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("name", TABLES)
def test_effect_sizes_of_tables_agree_with_metafor(name, measure, zero_cells, to):
    case = TABLES[name]
    function = {"RR": s.risk_ratio, "OR": s.odds_ratio, "RD": s.risk_difference}[measure]
    got = function(case["e1"], case["n1"], case["e2"], case["n2"], zero_cells=zero_cells)
    expected = case[f"{measure} {to}"]
    agree(got.yi, expected["yi"], CLOSED_FORM)
    agree(got.vi, expected["vi"], CLOSED_FORM)
    assert (np.isnan(got.yi) == ~got.used).all()


def test_tables_without_information_give_a_reason():
    tables = ([0, 5, 1, 0], [10, 5, 10, 10], [0, 6, 2, 3], [12, 6, 10, 10])
    ratio = s.risk_ratio(*tables)
    assert ratio.used.tolist() == [False, True, True, True]
    assert ratio.reasons == ("no events in either arm", None, None, None)
    odds = s.odds_ratio(*tables)
    assert odds.used.tolist() == [False, False, True, True]
    assert odds.reasons[1] == "events in all participants of both arms"
    assert s.risk_difference(*tables).used.all()
    bare = s.odds_ratio(*tables, zero_cells="none")
    assert bare.used.tolist() == [False, False, True, False]
    assert bare.reasons[3] == "a zero cell without correction"
    assert s.risk_difference(*tables, zero_cells="none").used.tolist() == [
        False, False, True, True]


def test_equal_risks_odds_and_rates_have_an_effect_of_exactly_zero():
    # A difference of four logarithms leaves rounding, which has no relative accuracy.
    arms = [1, 3, 2], [41, 10, 7], [2, 9, 4], [82, 30, 14]
    for function in (s.odds_ratio, s.risk_ratio, s.rate_ratio):
        assert function(*arms).yi.tolist() == [0, 0, 0]


def test_fractional_events_and_totals_are_allowed():
    got = s.risk_ratio([2.5], [10.4], [5.0], [11.2])
    agree(got.yi, [math.log(2.5 / 10.4) - math.log(5 / 11.2)], CLOSED_FORM)
    agree(got.vi, [1 / 2.5 - 1 / 10.4 + 1 / 5 - 1 / 11.2], CLOSED_FORM)


# ---------------------------------------------------------------- pooling


@pytest.mark.parametrize("method", ["REML", "DL", "PM", "ML", "HE", "SJ", "EB", "HS"])
@pytest.mark.parametrize("name", CASES)
def test_tau2_agrees_with_metafor(name, method):
    y, v = data(name)
    tolerance = CLOSED_FORM if method in ("DL", "HE", "SJ", "HS") else ITERATIVE
    agree(s.tau2(y, v, method), CASES[name]["tau2"][method], tolerance)


@pytest.mark.parametrize("name", CASES)
def test_reml_agrees_with_fisher_scoring_where_that_converges(name):
    # The REML pins above are judged by a grid in R; this is metafor's own answer.
    answer = CASES[name]["scoring"]["REML"]
    if answer is None:
        assert name == "normand1999_md"
    else:
        agree(s.tau2(*data(name), "REML"), answer, ITERATIVE)


@pytest.mark.parametrize("test", INTERVAL_NAMES)
@pytest.mark.parametrize("method", ["DL", "PM", "REML"])
@pytest.mark.parametrize("name", CASES)
def test_pool_agrees_with_metafor(name, method, test):
    y, v = data(name)
    expected = CASES[name]["fits"][f"{method} {test}"]
    got = s.pool(y, v, tau2_method=method, interval=INTERVAL_NAMES[test],
                 prediction_df="normal" if test == "z" else "k-1")
    tolerance = CLOSED_FORM if method == "DL" else ITERATIVE
    skip = {"statistic", "p_value"} if got.se < 1e-12 else set()
    if got.k < 3:
        assert got.pi_low is None and got.pi_high is None
        skip |= {"pi_low", "pi_high"}
    for field, value in expected.items():
        if field not in skip:
            agree(getattr(got, field), value, tolerance)
    if method == "REML":
        agree(got.weights, CASES[name]["weights"], ITERATIVE)
    assert math.isclose(got.weights.sum(), 1)


@pytest.mark.parametrize("name", CASES)
def test_heterogeneity_and_common_effect_agree_with_metafor(name):
    y, v = data(name)
    got, expected = s.pool(y, v, model="common"), CASES[name]["common"]
    for field in ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "i2", "h2"):
        agree(getattr(got, field), expected[field], CLOSED_FORM)
    for field, value in CASES[name]["q"].items():
        agree(getattr(got, field), value, TAIL)
    assert got.tau2 is None and got.pi_low is None and got.interval == "z"


@pytest.mark.parametrize("name", CASES)
def test_q_profile_agrees_with_metafor(name):
    y, v = data(name)
    agree(s.tau2_interval(y, v), CASES[name]["tau2_interval"], ITERATIVE)


@pytest.mark.parametrize("name", [name for name in CASES if "leave_one_out" in CASES[name]])
def test_leave_one_out_agrees_with_metafor(name):
    y, v = data(name)
    reml, dl = s.leave_one_out(y, v), s.leave_one_out(y, v, tau2_method="DL")
    for row, expected in enumerate(CASES[name]["leave_one_out"]):
        agree(reml[row].tau2, expected["tau2"], ITERATIVE)
        agree(reml[row].estimate, expected["reml"], ITERATIVE)
        agree(reml[row].se, expected["reml_se"], ITERATIVE)
        agree(dl[row].estimate, expected["dl"], CLOSED_FORM)
        agree(dl[row].se, expected["dl_se"], CLOSED_FORM)


def test_the_global_maximum_is_found_where_the_likelihood_has_two():
    got = s.pool(*data("gibson2002_md"))
    assert abs(got.tau2 - 9.68) < TWO_DIGITS
    assert abs(got.estimate + 2.46) < TWO_DIGITS
    assert any("maxima" in warning for warning in got.warnings)


def test_bcg_published_result():
    # Viechtbauer (2010), Journal of Statistical Software 36(3), section 3.2: the log risk ratios
    # of the BCG trials by REML.
    got = s.pool(*data("bcg_rr"), interval="z")
    printed = {"estimate": -0.7145, "se": 0.1798, "ci_low": -1.0669, "ci_high": -0.3622,
               "tau2": 0.3132, "statistic": -3.9744}
    for field, value in printed.items():
        assert abs(getattr(got, field) - value) <= FOUR_DIGITS, field
    assert abs(got.i2 - 92.22) <= TWO_DIGITS
    assert abs(got.q - 152.2330) <= FOUR_DIGITS


def test_one_study_is_shown_alone():
    got = s.pool([0.3], [0.04], interval="hksj-guard")
    assert (got.k, got.estimate, got.interval, got.df) == (1, 0.3, "z", None)
    agree(got.se, 0.2, CLOSED_FORM)
    agree(got.ci_high, 0.3 + 1.959963984540054 * 0.2, CLOSED_FORM)
    assert got.tau2 is got.q is got.i2 is got.pi_low is None


def test_identical_effects_have_an_interval_only_with_the_guard():
    y, v = data("identical")
    bare, guarded = s.pool(y, v, interval="hksj"), s.pool(y, v)
    assert bare.se == 0 and bare.statistic is None and bare.p_value is None and bare.warnings
    agree(guarded.se, math.sqrt(1 / (1 / v).sum()), CLOSED_FORM)


def test_effects_that_differ_by_rounding_are_identical():
    # 0.1 + 0.2 is not 0.3 in binary; a p-value of 1e-16 would come of it.
    y, v = [0.1 + 0.2, 0.3, 0.3], [0.1, 0.2, 0.3]
    for got in (s.pool(y, v, interval="hksj"), *s.leave_one_out(y, v, interval="hksj")):
        assert got.se == 0 and got.p_value is None and got.warnings
    fit = s.meta_regression([0.3, 0.1 + 0.2, 0.6], v, [1, 1, 2], test="hksj")
    assert fit.ses.tolist() == [0, 0] and fit.p_values is None and fit.warnings


def test_prediction_interval_by_its_formula():
    y, v = data("normand1999_md")
    got = s.pool(y, v, prediction_df="k-2")
    t = 2.364624251592785  # qt(0.975, 7)
    agree(got.pi_high - got.estimate, t * math.sqrt(got.tau2 + got.se**2), CLOSED_FORM)
    assert s.pool(y, v, prediction=False).pi_low is None


def test_undefined_is_none_and_nothing_is_nan():
    for name in CASES:
        for model in ("random", "common"):
            for value in vars(s.pool(*data(name), model=model)).values():
                assert not (isinstance(value, float) and math.isnan(value))


def test_one_giant_study_and_large_k():
    rng = np.random.default_rng(1)
    y = rng.normal(0, 1, 30)
    v = np.full(30, 0.1)
    v[3] = 1e-16
    got = s.pool(y, v)
    assert 0.2 < got.tau2 < 3
    v = rng.uniform(0.5, 2, 100_000)
    assert abs(s.tau2(rng.normal(0, np.sqrt(v + 0.3)), v) - 0.3) < 0.05


def test_an_empty_interval_of_tau2_is_told_from_one_that_touches_0():
    # metafor's confint() prints an empty set: Q = 0.02 is below the 2.5% quantile of chi2 on 3.
    got = s.pool([1.0, 1.1, 1.0, 0.9], [1.0, 1.0, 1.0, 1.0])
    assert (got.tau2_low, got.tau2_high, got.tau2_empty) == (0, 0, True)
    wider = s.pool([1.0, 3.1, 1.0, 0.9], [1.0, 1.0, 1.0, 1.0])
    assert wider.tau2_low == 0 < wider.tau2_high and not wider.tau2_empty
    assert not s.pool([1.0], [1.0]).tau2_empty


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("name", TABLES)
def test_mantel_haenszel_agrees_with_metafor(name, measure):
    case = TABLES[name]
    got = s.mantel_haenszel(case["e1"], case["n1"], case["e2"], case["n2"], measure=measure)
    for field, value in case[f"mh {measure}"].items():
        agree(getattr(got, field), value, CLOSED_FORM)


@pytest.mark.parametrize("measure", ["RR", "OR"])
@pytest.mark.parametrize("name", TABLES)
def test_mantel_haenszel_with_all_tables_agrees_with_metafor(name, measure):
    case = TABLES[name]
    arms = [case[column] for column in ("e1", "n1", "e2", "n2")]
    got = s.mantel_haenszel(*arms, measure=measure, double_zeros="keep")
    for field, value in case[f"mh {measure} keep"].items():
        agree(getattr(got, field), value, CLOSED_FORM)


@pytest.mark.parametrize("name", TABLES)
def test_peto_agrees_with_metafor(name):
    case = TABLES[name]
    got = s.peto(case["e1"], case["n1"], case["e2"], case["n2"])
    for field, value in case["peto"].items():
        agree(getattr(got, field), value, CLOSED_FORM)


def test_tables_without_events_do_not_change_ratios():
    case = TABLES["nielweise2007"]
    columns = [case[column] for column in ("e1", "n1", "e2", "n2")]
    more = [[*column, extra] for column, extra in zip(columns, (0, 50, 0, 60), strict=True)]
    for function in (s.mantel_haenszel, s.peto):
        before, after = function(*columns), function(*more)
        assert (before.estimate, before.se, before.k) == (after.estimate, after.se, after.k)
        assert after.weights[-1] == 0
    assert s.mantel_haenszel(*columns).k == 17


def test_events_in_everybody_are_a_risk_ratio_of_one_and_no_odds_ratio():
    # 1.000 (0.889 to 1.125) is what RevMan Web prints of 30 of 30 against 12 of 12.
    for rule in ("only", "all"):
        got = s.risk_ratio([30], [30], [12], [12], zero_cells=rule)
        assert got.yi.tolist() == [0]
        assert math.exp(1.96 * math.sqrt(got.vi[0])) == pytest.approx(1.125, abs=5e-4)
    arms = [5, 30, 3], [10, 30, 8], [3, 12, 2], [10, 12, 9]
    assert s.mantel_haenszel(*arms).k == 3
    assert s.mantel_haenszel(*arms, measure="OR").k == s.peto(*arms).k == 2
    assert s.mantel_haenszel(*arms).weights[1] > 0


def test_events_in_everybody_of_every_table_have_no_mantel_haenszel_variance():
    with pytest.raises(s.SynthesisError, match="variance"):
        s.mantel_haenszel([5, 30], [5, 30], [4, 12], [4, 12])


@pytest.mark.parametrize("function", [s.mantel_haenszel, s.peto])
def test_no_events_at_all_is_refused(function):
    with pytest.raises(s.SynthesisError):
        function([0, 0], [10, 10], [0, 0], [10, 10])


def test_no_events_in_one_arm_of_all_tables_is_refused():
    for measure in ("RR", "OR"):
        with pytest.raises(s.SynthesisError, match="undefined"):
            s.mantel_haenszel([0, 0], [10, 10], [1, 2], [10, 10], measure=measure)


# ---------------------------------------------------------------- several effects


def test_correlated_effects_agree_with_metafor():
    case = REFERENCE["gls"]
    estimate, variance = s.combine_correlated(case["yi"], case["covariance"])
    agree(estimate, case["estimate"], CLOSED_FORM)
    agree(variance, case["variance"], CLOSED_FORM)


def test_independent_effects_are_the_common_effect():
    y, v = data("bcg_rr")
    expected = s.pool(y, v, model="common")
    for covariance in (v, np.diag(v)):
        estimate, variance = s.combine_correlated(y, covariance)
        agree(estimate, expected.estimate, CLOSED_FORM)
        agree(variance, expected.se**2, CLOSED_FORM)


def test_subgroup_difference_agrees_with_metafor():
    case = REFERENCE["subgroups"]
    q, df, p_value = s.subgroup_difference(case["estimates"], case["ses"])
    agree([q, df, p_value], [case["q"], 2, case["p_value"]], CLOSED_FORM)


# ---------------------------------------------------------------- small studies


@pytest.mark.parametrize("name", [name for name in CASES if "egger" in CASES[name]])
def test_egger_agrees_with_metafor(name):
    got, expected = s.egger(*data(name)), CASES[name]["egger"]
    agree(got.statistic, expected["regtest"], ITERATIVE)
    for field in ("statistic", "p_value", "intercept", "slope", "slope_se", "tau2"):
        agree(getattr(got, field), expected[field], ITERATIVE)


def test_egger_with_a_predictor_agrees_with_metafor():
    expected = REFERENCE["predictor"]
    got = s.egger(*data("normand1999_smd"), predictor=expected["x"])
    for field in ("statistic", "p_value", "intercept", "slope", "tau2"):
        agree(getattr(got, field), expected[field], ITERATIVE)


@pytest.mark.parametrize("weights", ["variance", "events"])
@pytest.mark.parametrize("name", TABLES)
def test_peters_agrees_with_r(name, weights):
    case = TABLES[name]
    got = s.peters(case["e1"], case["n1"], case["e2"], case["n2"], weights=weights)
    for field, value in case[f"peters_{weights}"].items():
        agree(getattr(got, field), value, CLOSED_FORM)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].get("trimfill")])
def test_trim_and_fill_agrees_with_metafor(name, side):
    y, v = data(name)
    expected = CASES[name]["trimfill"][side]
    got = s.trim_and_fill(y, v, side=side, interval="z")
    assert (got.k0, int(got.filled.sum())) == (expected["k0"], expected["k0"])
    agree(got.k0_se, expected["k0_se"], CLOSED_FORM)
    for field in ("estimate", "se", "tau2"):
        agree(getattr(got.pooled, field), expected[field], ITERATIVE)
    assert s.trim_and_fill(y, v).side == CASES[name]["trimfill"]["chosen"]


# ---------------------------------------------------------------- conversions


# conv.fivenum(test=FALSE) of metafor 4.4 for 2, 6, 9, 17, 41; the SDs of S1 and S2 are Wan's.
FIVE_NUMBERS = {
    7: ((15.021544795358952, 14.29106691143328), (10.889285714285714, 10.103962147784886),
        14.361220613598714),
    30: ((11.972897250696676, 9.5575055212413016), (10.782500000000001, 8.5626224066574625),
         12.3038216208361),
    100: ((10.403596372036779, 7.804399930371213), (10.75975, 8.2742542328822122),
          11.420082492316839),
}


@pytest.mark.parametrize("n", FIVE_NUMBERS)
def test_quantile_methods_agree_with_metafor(n):
    of_range, of_quartiles, of_five = FIVE_NUMBERS[n]
    agree(s.mean_from_range(2, 9, 41, n), of_range[0], CLOSED_FORM)
    agree(s.sd_from_range(2, 41, n), of_range[1], CLOSED_FORM)
    agree(s.mean_from_quartiles(6, 9, 17, n), of_quartiles[0], CLOSED_FORM)
    agree(s.sd_from_quartiles(6, 17, n), of_quartiles[1], CLOSED_FORM)
    agree(s.mean_from_five_numbers(2, 6, 9, 17, 41, n), of_five, CLOSED_FORM)


def test_sd_from_five_numbers_weighs_range_and_quartiles():
    # Shi 2020, equation 10, with θ1 = (2 + 0.14 n^0.6)Φ⁻¹(·) and θ2 = (2 + 2/(0.07 n^0.6))Φ⁻¹(·).
    n = 30
    range_sd, quartile_sd = s.sd_from_range(2, 41, n), s.sd_from_quartiles(6, 17, n)
    expected = (2 * range_sd / (2 + 0.14 * n**0.6)
                + 2 * quartile_sd / (2 + 2 / (0.07 * n**0.6)))
    agree(s.sd_from_five_numbers(2, 6, 17, 41, n), expected, CLOSED_FORM)


def test_skewness_by_shi():
    # Borders at n = 100: 2.65/10 − 6/10⁴ = 0.2644 and 1/ln 109 + 2.5/101 = 0.23791.
    assert s.skewed_by_quartiles(0, 50 - 13.23, 100, 100) is True
    assert s.skewed_by_quartiles(0, 50 - 13.21, 100, 100) is False
    assert s.skewed_by_range(0, 50 + 11.90, 100, 100) is True
    assert s.skewed_by_range(0, 50 + 11.89, 100, 100) is False
    assert s.skewed_by_quartiles([0, 0], [50, 10], [100, 100], [100, 100]).tolist() == [False, True]


def test_combined_groups_by_hand():
    # Sum of squares 9·4 + 14·9 + 10·1.2² + 15·0.8² = 186 on 24 degrees of freedom.
    n, mean, sd = s.combine_groups([10, 15], [5, 7], [2, 3])
    agree([n, mean, sd], [25, 6.2, math.sqrt(186 / 24)], CLOSED_FORM)


def test_combined_groups_are_the_group_of_all_values():
    rng = np.random.default_rng(7)
    parts = [rng.normal(i, 1 + i, 5 + 3 * i) for i in range(4)]
    everyone = np.concatenate(parts)
    got = s.combine_groups([p.size for p in parts], [p.mean() for p in parts],
                           [p.std(ddof=1) for p in parts])
    agree(got, [everyone.size, everyone.mean(), everyone.std(ddof=1)], CLOSED_FORM)


def test_spread_from_standard_error_interval_and_p_value():
    agree(s.sd_from_se(2, 25), 10, CLOSED_FORM)
    # sqrt(25)*12/(2*qt(0.975, 24)) and (3 - 1)/(2*qnorm(0.975)) in R.
    agree(s.sd_from_interval(44, 56, 25), 14.535598094673643, CLOSED_FORM)
    agree(s.se_from_interval(1, 3), 0.51021345692465403, CLOSED_FORM)
    agree(s.se_from_interval(1, 3, level=0.9), 0.60795683191176941, CLOSED_FORM)
    # Cochrane Handbook 6.5.2.3: MD 3.8, p = 0.008, groups of 25 and 22: t = 2.78, SE = 1.37.
    assert abs(s.se_from_p_value(3.8, 0.008, df=45) - 1.37) < TWO_DIGITS
    agree(s.se_from_p_value(-1.959963984540054, 0.05), 1, CLOSED_FORM)


def test_change_sd():
    agree(s.change_sd(10, 12, 0.5), math.sqrt(124), CLOSED_FORM)
    # Cochrane Handbook 6.5.2.8: 4.0, 4.4 and correlation 0.80 give 2.68.
    assert abs(s.change_sd(4.0, 4.4, 0.80) - 2.68) < TWO_DIGITS


@pytest.mark.parametrize("percent, total, decimals, count", [
    ("12.5", 40, None, 5), ("12.5%", 40, None, 5), (33.3, 30, None, 10), ("33", 30, None, 10),
    ("33", 1000, None, None), ("50", 3, None, None), ("0", 20, None, 0), ("100", 20, None, 20),
    (12.0, 200, 1, 24), ("12.0", 200, None, 24), (12.0, 200, None, None), ("66.7", 3, None, 2),
])
def test_events_from_percentage(percent, total, decimals, count):
    assert s.events_from_percentage(percent, total, decimals) == count


@pytest.mark.parametrize("total", [1, 7, 48, 99])
def test_every_count_is_found_from_its_percentage(total):
    for events in range(total + 1):
        assert s.events_from_percentage(f"{100 * events / total:.1f}", total) == events


def test_binomial_bounds():
    agree(s.upper_bound_zero_events(30), 1 - 0.05 ** (1 / 30), CLOSED_FORM)
    # binom.test(3, 20)$conf.int in R.
    agree(s.clopper_pearson(3, 20), (0.032070937185463728, 0.37892682654531396),
          CLOSED_FORM)
    agree(s.clopper_pearson(0, 30, 0.9)[1], s.upper_bound_zero_events(30), CLOSED_FORM)
    assert s.clopper_pearson(0, 5)[0] == 0 and s.clopper_pearson(5, 5)[1] == 1


# ---------------------------------------------------------------- invariants


finite = st.floats(-50, 50)
studies = st.integers(3, 8).flatmap(lambda k: st.tuples(
    st.lists(finite, min_size=k, max_size=k),
    st.lists(st.floats(0.01, 100), min_size=k, max_size=k)))
methods = st.sampled_from(["REML", "DL", "PM"])
quick = settings(max_examples=40, deadline=None, derandomize=True)


def same(got, expected, scale=1.0, floor=1e-9):
    agree(got, expected, SAME, floor=floor * (1 + abs(scale)))


@quick
@given(studies, methods, st.randoms(use_true_random=False))
def test_order_does_not_matter(pair, method, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    y, v = np.array(pair[0]), np.array(pair[1])
    one, two = s.pool(y, v, tau2_method=method), s.pool(y[order], v[order], tau2_method=method)
    same([two.estimate, two.se, two.tau2], [one.estimate, one.se, one.tau2], floor=1e-7)
    same(two.weights, one.weights[order])


@quick
@given(studies, methods, st.floats(-20, 20))
def test_a_shift_moves_only_the_estimate(pair, method, shift):
    y, v = np.array(pair[0]), np.array(pair[1])
    one, two = s.pool(y, v, tau2_method=method), s.pool(y + shift, v, tau2_method=method)
    same([two.estimate, two.se, two.tau2, two.pi_high],
         [one.estimate + shift, one.se, one.tau2, one.pi_high + shift], floor=1e-7)


@quick
@given(studies, methods, st.floats(1e-4, 1e4), st.sampled_from([1, -1]))
def test_unit_and_sign_carry_through(pair, method, unit, sign):
    y, v = np.array(pair[0]), np.array(pair[1])
    one = s.pool(y, v, tau2_method=method)
    two = s.pool(sign * unit * y, unit**2 * v, tau2_method=method)
    same([two.estimate / unit, two.se / unit, two.tau2 / unit**2, two.i2],
         [sign * one.estimate, one.se, one.tau2, one.i2], floor=1e-7)
    low, high = (two.ci_low, two.ci_high) if sign > 0 else (-two.ci_high, -two.ci_low)
    same([low / unit, high / unit], [one.ci_low, one.ci_high], floor=1e-7)


@quick
@given(studies)
def test_duplicated_studies_halve_the_common_variance(pair):
    y, v = np.array(pair[0]), np.array(pair[1])
    one, two = s.pool(y, v, model="common"), s.pool(np.tile(y, 2), np.tile(v, 2), model="common")
    same([two.estimate, two.se], [one.estimate, one.se / math.sqrt(2)], floor=1e-7)
    # ML uses no degrees of freedom, so its τ² does not change.
    same(s.tau2(np.tile(y, 2), np.tile(v, 2), "ML"), s.tau2(y, v, "ML"), floor=1e-7)


@quick
@given(studies)
def test_reml_is_no_worse_than_any_point_of_a_grid(pair):
    y, v = np.array(pair[0]), np.array(pair[1])

    def likelihood(t):
        w = 1 / (v + t)
        mean = (w * y).sum() / w.sum()
        return -(np.log(v + t).sum() + math.log(w.sum()) + (w * (y - mean) ** 2).sum()) / 2

    best = likelihood(s.tau2(y, v, "REML"))
    assert all(best >= likelihood(t) - 1e-9 for t in [0, *np.geomspace(1e-4, 1e5, 200)])


@quick
@given(studies)
def test_the_guard_never_narrows_and_the_estimate_stays_inside(pair):
    guarded, bare, plain = (s.pool(*pair, interval=i) for i in ("hksj-guard", "hksj", "t"))
    assert guarded.se >= max(bare.se, plain.se) * (1 - 1e-12)
    assert guarded.ci_low <= guarded.estimate <= guarded.ci_high
    assert guarded.pi_low <= guarded.ci_low and guarded.ci_high <= guarded.pi_high


tables_of_three = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=3, max_size=6)


@quick
@given(tables_of_three)
def test_swapping_arms_turns_the_sign(pairs):
    a, c = np.array(pairs).T
    n = np.full(a.size, 10)
    for function in (s.mantel_haenszel, s.peto):
        one, two = function(a, n, c, n), function(c, n, a, n)
        same([two.estimate, two.se], [-one.estimate, one.se])


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("bad", [0, -1, math.nan, math.inf])
def test_a_bad_variance_is_refused_with_its_row(bad):
    for function in (s.pool, s.tau2, s.egger, s.trim_and_fill, s.leave_one_out):
        with pytest.raises(s.SynthesisError, match="row 2: vi|row 2: the variance") as caught:
            function([1, 2, 3, 4], [1, 1, bad, 1])
        assert caught.value.row == 2


@pytest.mark.parametrize("arguments, row, words", [
    (([1, 1], [1, 0], [9, 9], [1, 1], [1, 1], [9, 9]), 1, "sd1 must be positive, not 0"),
    (([1, 1], [1, 1], [9, 9], [1, 1], [1, -2], [9, 9]), 1, "sd2 must be positive, not -2"),
    (([1, 1], [1, 1], [9, 1], [1, 1], [1, 1], [9, 9]), 1, "n1 must exceed 1"),
    (([math.nan, 1], [1, 1], [9, 9], [1, 1], [1, 1], [9, 9]), 0, "m1 must be a finite number"),
    (([1, 1], [1], [9, 9], [1, 1], [1, 1], [9, 9]), None, "sd1 has 1 rows"),
    (([], [], [], [], [], []), None, "k = 0"),
    ((["a"], [1], [9], [1], [1], [9]), None, "not numeric"),
])
def test_bad_means_are_refused(arguments, row, words):
    for function in (s.mean_difference, s.standardised_mean_difference):
        with pytest.raises(s.SynthesisError, match=words) as caught:
            function(*arguments)
        assert caught.value.row == row


@pytest.mark.parametrize("arguments, row, words", [
    (([1, 11], [10, 10], [1, 1], [10, 10]), 1, "e1 must not exceed n1, not 11"),
    (([1, 1], [10, 10], [-1, 1], [10, 10]), 0, "e2 must not be negative"),
    (([0, 0], [10, 0], [1, 1], [10, 10]), 1, "n1 must be positive"),
])
def test_bad_tables_are_refused(arguments, row, words):
    for function in (s.risk_ratio, s.odds_ratio, s.risk_difference, s.mantel_haenszel, s.peto,
                     s.peters):
        with pytest.raises(s.SynthesisError, match=words) as caught:
            function(*arguments)
        assert caught.value.row == row


@pytest.mark.parametrize("call", [
    lambda: s.pool([1, 2], [1, 1], model="fixed"),
    lambda: s.pool([1, 2], [1, 1], tau2_method="XX"),
    lambda: s.pool([1], [1], tau2_method="XX"),
    lambda: s.pool([1, 2], [1, 1], interval="knha"),
    lambda: s.pool([1, 2], [1, 1], level=95),
    lambda: s.pool([1, 2], [1, 1], prediction_df="k"),
    lambda: s.pool([], []),
    lambda: s.pool([1, 2, 3], [1, 1]),
    lambda: s.tau2([1], [1]),
    lambda: s.tau2_interval([1], [1]),
    lambda: s.leave_one_out([1], [1]),
    lambda: s.heterogeneity([1, 2], [1, 1], tau2=-1),
    lambda: s.subgroup_difference([1], [1]),
    lambda: s.subgroup_difference([1, 2], [1, 0]),
    lambda: s.combine_correlated([1, 2], [[1, 2], [2, 1]]),
    lambda: s.combine_correlated([1, 2], [[1, 0.5], [0.2, 1]]),
    lambda: s.combine_correlated([1, 2], [[1]]),
    lambda: s.risk_ratio([1], [2], [1], [2], zero_cells="some"),
    lambda: s.mantel_haenszel([1], [2], [1], [2], measure="SMD"),
    lambda: s.egger([1, 2], [1, 2]),
    lambda: s.egger([1, 2, 3], [1, 1, 1]),
    lambda: s.egger([1, 2, 3], [1, 2, 3], predictor=[1, 2]),
    lambda: s.trim_and_fill([1, 2, 3], [1, 2, 3], side="top"),
    lambda: s.trim_and_fill([1, 2, 3], [1, 1, 1]),
    lambda: s.sd_from_se(-1, 10),
    lambda: s.sd_from_se(1, 1),
    lambda: s.sd_from_interval(2, 1, 10),
    lambda: s.se_from_interval(1, 1),
    lambda: s.se_from_p_value(1, 0),
    lambda: s.se_from_p_value(0, 0.5),
    lambda: s.se_from_p_value(1, 0.5, df=0),
    lambda: s.mean_from_quartiles(3, 2, 4, 30),
    lambda: s.mean_from_quartiles(1, 2, 3, 4),
    lambda: s.sd_from_quartiles(1, 1, 30),
    lambda: s.combine_groups([5, 1], [1, 1], [1, 1]),
    lambda: s.combine_groups([5, 5], [1, 1], [1, 0]),
    lambda: s.change_sd(1, 1, 1.1),
    lambda: s.change_sd(1, 1, 1),
    lambda: s.events_from_percentage("n/a", 10),
    lambda: s.events_from_percentage(101, 10),
    lambda: s.events_from_percentage(10, 10.5),
    lambda: s.upper_bound_zero_events(0),
    lambda: s.clopper_pearson(1.5, 10),
    lambda: s.clopper_pearson(11, 10),
    lambda: s.clopper_pearson(-1, 10),
])
def test_bad_input_is_refused(call):
    with pytest.raises(s.SynthesisError):
        call()


def test_a_fault_of_single_numbers_names_no_row():
    with pytest.raises(s.SynthesisError, match="^se must be positive, not -1$") as caught:
        s.sd_from_se(-1, 10)
    assert caught.value.row is None
    with pytest.raises(s.SynthesisError, match="^row 1: se") as caught:
        s.sd_from_se([1, -1], [10, 10])
    assert caught.value.row == 1


# ---------------------------------------------------------------- the package


def test_the_engine_knows_nothing_of_the_project():
    code = ("import sys, livingreview.synthesis; "
            "print([m for m in sys.modules if m.startswith('livingreview') "
            "and m != 'livingreview' and not m.startswith('livingreview.synthesis') "
            "or m in ('pandas', 'scipy.stats', 'scipy.optimize', 'matplotlib')])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         cwd=Path(__file__).parents[1])
    assert out.stdout.strip() == "[]"


def test_every_public_name_is_documented():
    for name in s.__all__:
        assert (getattr(s, name).__doc__ or "").strip(), name
