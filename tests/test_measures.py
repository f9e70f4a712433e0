"""Effect measures, proportions, conversions, small-study tests and predictions against metafor.

`reference/measures.json` is written by `reference/measures.R`; no R is needed here.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaincinv, ndtri, stdtr

from livingreview.synthesis import (
    changes,
    conversions,
    correlations,
    events,
    measures,
    predictions,
    proportions,
    rates,
    small_study,
)
from livingreview.synthesis.errors import SynthesisError
from livingreview.synthesis.event_tables import mantel_haenszel, peto
from livingreview.synthesis.pooling import pool

# As in test_synthesis.py: largest relative differences allowed, and half a printed digit.
CLOSED_FORM = 1e-8
ITERATIVE = 1e-6
TWO_DIGITS = 0.005
THREE_DIGITS = 0.0005
SIX_DIGITS = 0.0000005

REFERENCE = json.loads((Path(__file__).parent / "reference" / "measures.json").read_text())
POLICIES = {"only": "only0", "all": "all", "none": "none"}
TABLE = ("e1", "n1", "e2", "n2")


def agree(got, expected, tolerance=CLOSED_FORM, floor=1e-13):
    """Compare relatively; `floor` stands for 0, on the scale of the data."""
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def agree_effects(got, expected, used=True):
    """Compare where the engine uses a row; `used` tells where it must."""
    np.testing.assert_array_equal(got.used, np.broadcast_to(used, got.used.shape))
    for mine, theirs in ((got.yi, expected["yi"]), (got.vi, expected["vi"])):
        agree(mine[got.used], np.array(theirs, dtype=float)[got.used])
        assert np.isnan(mine[~got.used]).all() and np.isfinite(mine[got.used]).all()
    assert [reason is None for reason in got.reasons] == got.used.tolist()


def usable(expected):
    """Rows to which metafor gives an effect with a variance."""
    vi = np.array(expected["vi"], dtype=float)
    return ~np.isnan(np.array(expected["yi"], dtype=float)) & (vi > 0)


# ---------------------------------------------------------------- means


def of_means(name):
    case = REFERENCE["means"][name]
    return case, [case[column] for column in ("m1", "sd1", "n1", "m2", "sd2", "n2")]


@pytest.mark.parametrize("variance", ["LS", "LS2", "UB"])
@pytest.mark.parametrize("name", REFERENCE["means"])
def test_standardised_mean_difference_agrees_with_metafor(name, variance):
    case, arms = of_means(name)
    got = measures.standardised_mean_difference(*arms, variance=variance)
    agree_effects(got, case[f"SMD {variance}"])


@pytest.mark.parametrize("variance", measures.SMD_VARIANCES)
def test_the_approximate_correction_by_its_formula(variance):
    _, arms = of_means("normand1999")
    _, sd1, n1, _, sd2, n2 = (np.array(column) for column in arms)
    m = n1 + n2 - 2
    factor = 1 - 3 / (4 * m - 1)
    d = (np.array(arms[0]) - np.array(arms[3])) / np.sqrt(
        ((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    got = measures.standardised_mean_difference(*arms, correction="approximate", variance=variance)
    agree(got.yi, factor * d)
    tail = {"LS": (factor * d) ** 2 / (2 * (m + 2)),
            "LS2": factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (m + 2))) - 1 / n1 - 1 / n2,
            "UB": (factor * d) ** 2 - (m - 2) / m * d**2,
            "AV": ((m + 2) @ (factor * d) / (m + 2).sum()) ** 2 / (2 * (m + 2)),
            "RevMan": (factor * d) ** 2 / (2 * (m + 2 - 3.94))}[variance]
    agree(got.vi, 1 / n1 + 1 / n2 + tail)


def test_the_corrections_agree_in_large_trials_and_differ_in_small_ones():
    for m, difference in ((10, 5e-4), (1000, 1e-7)):
        exact, approximate = (measures.small_sample(np.array([float(m)]), correction)[0]
                              for correction in measures.CORRECTIONS)
        assert 0 < abs(exact - approximate) < difference
    large = np.array([9999.0, 10001.0, 2e7, 1e12])
    agree(measures.small_sample(large, "exact"), 1 - 3 / (4 * large - 1), 1e-9)
    agree(measures.small_sample(large[2:], "exact"), 1 - 3 / (4 * large[2:] - 1), 1e-14)


@pytest.mark.parametrize("name", [name for name in REFERENCE["means"]
                                  if "ROM" in REFERENCE["means"][name]])
def test_ratio_of_means_agrees_with_metafor(name):
    case, arms = of_means(name)
    agree_effects(measures.ratio_of_means(*arms), case["ROM"])


# ---------------------------------------------------------------- tables


TABLE_MEASURES = {"RR": events.risk_ratio, "OR": events.odds_ratio,
                  "RD": events.risk_difference, "PETO": events.peto_odds_ratio}


@pytest.mark.parametrize("double_zeros", measures.DOUBLE_ZEROS)
@pytest.mark.parametrize("zero_cells", POLICIES)
@pytest.mark.parametrize("measure", TABLE_MEASURES)
@pytest.mark.parametrize("name", REFERENCE["tables"])
def test_zero_cell_policies_agree_with_metafor(name, measure, zero_cells, double_zeros):
    case = REFERENCE["tables"][name]
    expected = case[f"{measure} {POLICIES[zero_cells]} {double_zeros}"]
    got = TABLE_MEASURES[measure](*(case[column] for column in TABLE), zero_cells=zero_cells,
                                  double_zeros=double_zeros)
    agree_effects(got, expected, usable(expected))


def test_defaults_drop_double_zeros_of_ratios_and_keep_those_of_differences():
    tables = ([0, 5, 1], [10, 5, 10], [0, 6, 2], [12, 6, 10])
    for function, used in ((events.risk_ratio, [False, True, True]),
                           (events.odds_ratio, [False, False, True]),
                           (events.peto_odds_ratio, [False, False, True]),
                           (events.risk_difference, [True, True, True])):
        assert function(*tables).used.tolist() == used
    kept = events.risk_ratio(*tables, double_zeros="keep", zero_cells="none")
    assert kept.reasons[:2] == ("a zero cell without correction",) * 2


def test_peto_of_one_table_is_petos_pool():
    case = REFERENCE["tables"]["nielweise2007"]
    columns = [np.array(case[column]) for column in TABLE]
    got = events.peto_odds_ratio(*columns)
    weights = 1 / got.vi[got.used]
    expected = peto(*columns)
    agree((weights * got.yi[got.used]).sum() / weights.sum(), expected.estimate)
    agree(1 / math.sqrt(weights.sum()), expected.se)


# ---------------------------------------------------------------- changes and correlations


CHANGE = ("m_baseline", "sd_baseline", "m_final", "sd_final", "n", "correlation")


@pytest.mark.parametrize("name", REFERENCE["changes"])
def test_mean_changes_agree_with_metafor(name):
    case = REFERENCE["changes"][name]
    columns = [case[column] for column in CHANGE]
    agree_effects(changes.mean_change(*columns), case["MC"])
    for standardiser, key in (("change", "SMCC"), ("baseline", "SMCR")):
        got = changes.standardised_mean_change(*columns, standardiser=standardiser)
        agree_effects(got, case[key])


def test_mean_change_of_the_handbook():
    # Cochrane Handbook 5.1, 16.4.6.4: 7.0 (2.38) and 6.5 (2.21) of 10 with correlation 0.68 give
    # a difference of 0.5 with standard error 0.583.
    got = changes.mean_change([6.5], [2.21], [7.0], [2.38], [10], 0.68)
    agree(got.yi, [0.5])
    assert abs(math.sqrt(got.vi[0]) - 0.583) <= THREE_DIGITS


def test_one_correlation_serves_every_row():
    case = REFERENCE["changes"]["several"]
    columns = [case[column] for column in CHANGE[:-1]]
    for function in (changes.mean_change, changes.standardised_mean_change):
        one, each = function(*columns, 0.6), function(*columns, [0.6] * len(columns[0]))
        agree(one.vi, each.vi)


def test_correlations_agree_with_metafor():
    case = REFERENCE["correlations"]
    agree_effects(correlations.raw_correlation(case["r"], case["n"]), case["COR"])
    agree_effects(correlations.fisher_z(case["r"], case["n"]), case["ZCOR"])


# ---------------------------------------------------------------- proportions and rates


@pytest.mark.parametrize("zero_cells", POLICIES)
@pytest.mark.parametrize("name", REFERENCE["proportions"])
def test_proportions_agree_with_metafor(name, zero_cells):
    case = REFERENCE["proportions"][name]
    for function, measure in ((proportions.raw_proportion, "PR"),
                              (proportions.logit_proportion, "PLO")):
        expected = case[f"{measure} {POLICIES[zero_cells]}"]
        got = function(case["events"], case["n"], zero_cells=zero_cells)
        agree_effects(got, expected, usable(expected))


@pytest.mark.parametrize("name", REFERENCE["proportions"])
def test_double_arcsine_agrees_with_metafor(name):
    case = REFERENCE["proportions"][name]
    got = proportions.double_arcsine_proportion(case["events"], case["n"])
    agree_effects(got, case["PFT"])
    fit = pool(got.yi, got.vi, tau2_method="DL", interval="z")
    pooled = [fit.estimate, fit.ci_low, fit.ci_high]
    agree(pooled, case["pooled"])
    middle = proportions.harmonic_mean(case["n"])
    agree(middle, case["harmonic"])
    agree(proportions.proportion_from_double_arcsine(pooled, middle), case["back_pooled"])
    agree(proportions.proportion_from_double_arcsine(got.yi, case["n"]), case["back"])


def test_millers_formula_agrees_with_metafor_and_ends_at_0_and_1():
    case = REFERENCE["miller"]
    got = proportions.proportion_from_double_arcsine(case["value"], case["n"])
    agree(got, case["p"])
    assert got[0] == 0 and got[-1] == 1


@pytest.mark.parametrize("zero_cells", POLICIES)
@pytest.mark.parametrize("name", REFERENCE["rates"])
def test_incidence_rates_agree_with_metafor(name, zero_cells):
    case = REFERENCE["rates"][name]
    for function, measure in ((rates.incidence_rate, "IR"),
                              (rates.log_incidence_rate, "IRLN")):
        expected = case[f"{measure} {POLICIES[zero_cells]}"]
        got = function(case["events"], case["time"], zero_cells=zero_cells)
        agree_effects(got, expected, usable(expected))
    agree_effects(rates.root_incidence_rate(case["events"], case["time"]), case["IRS"])


@pytest.mark.parametrize("double_zeros", measures.DOUBLE_ZEROS)
@pytest.mark.parametrize("zero_cells", POLICIES)
@pytest.mark.parametrize("name", REFERENCE["two_rates"])
def test_two_rates_agree_with_metafor(name, zero_cells, double_zeros):
    case = REFERENCE["two_rates"][name]
    columns = [case[column] for column in ("e1", "t1", "e2", "t2")]
    for function, measure in ((rates.rate_ratio, "IRR"),
                              (rates.rate_difference, "IRD")):
        expected = case[f"{measure} {POLICIES[zero_cells]} {double_zeros}"]
        got = function(*columns, zero_cells=zero_cells, double_zeros=double_zeros)
        agree_effects(got, expected, usable(expected))


def test_logits_come_back():
    agree(proportions.proportion_from_logit([-800, -2, 0, 2, 800]),
          [0, 1 / (1 + math.exp(2)), 0.5, 1 / (1 + math.exp(-2)), 1])
    assert isinstance(proportions.proportion_from_logit(0.3), float)


# ---------------------------------------------------------------- conversions


def test_sd_of_the_handbooks_examples():
    # Cochrane Handbook 6.5.2.2: an interval of one mean of 25 participants is 4.128 standard
    # errors wide.
    assert abs(conversions.sd_from_interval(0, 4.128, 25) - 5) <= THREE_DIGITS
    # 6.5.2.3: a difference of 3.8 with p = 0.008, 25 and 22 participants: t = 2.78, SE = 1.37.
    root = math.sqrt(1 / 25 + 1 / 22)
    for sd in (conversions.sd_from_p_value(3.8, 0.008, 25, 22),
               conversions.sd_from_t(3.8, 2.78, 25, 22)):
        assert abs(sd * root - 1.37) <= TWO_DIGITS
    agree(conversions.sd_from_se_difference(1.37, 25, 22), 1.37 / root)


def test_the_normal_interval_of_a_mean():
    # 6.5.2.2: √N × (upper − lower)/3.92, with 3.29 at 90% and 5.15 at 99%.
    for level, width in ((0.95, 3.92), (0.90, 3.29), (0.99, 5.15)):
        got = conversions.sd_from_interval(0, width, 1e4, level=level, distribution="z")
        assert abs(got - 100) < 0.05
    assert conversions.sd_from_interval(0, 1, 10) < conversions.sd_from_interval(
        0, 1, 10, distribution="z")


def test_sd_from_t_and_p_value_go_round():
    rng = np.random.default_rng(3)
    one, two = rng.normal(0, 2, 12), rng.normal(1, 2, 9)
    n1, n2 = one.size, two.size
    sd = math.sqrt(((n1 - 1) * one.var(ddof=1) + (n2 - 1) * two.var(ddof=1)) / (n1 + n2 - 2))
    difference = one.mean() - two.mean()
    t = difference / (sd * math.sqrt(1 / n1 + 1 / n2))
    agree(conversions.sd_from_t(difference, abs(t), n1, n2), sd)
    agree(conversions.sd_from_p_value(difference, 2 * stdtr(n1 + n2 - 2, -abs(t)), n1, n2), sd)


def test_mean_and_sd_from_the_range_as_printed():
    # Example output of Luo.mean and Wan.std in the manual of the R package metaBLUE 1.0.0, by the
    # authors' circle: 1, 4, 10 of 30 participants.
    assert abs(conversions.mean_from_range(1, 4, 10, 30) - 4.356748) <= SIX_DIGITS
    assert abs(conversions.sd_from_range(1, 10, 30) - 2.205578) <= SIX_DIGITS


# Wan 2014, Table 1: expected range of n standard normal values, by numerical integration.
WAN_TABLE_1 = {5: 2.326, 10: 3.078, 15: 3.472, 20: 3.735, 25: 3.931, 30: 4.086, 40: 4.322,
               50: 4.498}


@pytest.mark.parametrize("n", WAN_TABLE_1)
def test_the_divisor_of_the_range_is_near_the_printed_table(n):
    # sd_from_range uses the formula that Wan gives for any n, Blom's approximation.
    got = 1 / conversions.sd_from_range(0, 1, n)
    assert abs(got / WAN_TABLE_1[n] - 1) < (0.015 if n < 10 else 0.005)


def test_quantile_estimation_as_printed():
    # README of the authors' R package estmeansd: 2, 4, 9 of 100 participants; its optimiser stops
    # at the sixth digit.
    got = conversions.quantile_estimation(100, 4, minimum=2, maximum=9)
    agree([got.mean, got.sd], [4.347284, 1.502171], 1e-5)
    assert got.distribution == "log-normal"


def quantiles_of(name, n):
    p = np.array([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    z = ndtri(p)
    return {"normal": 10 + 3 * z, "log-normal": np.exp(1 + 0.8 * z),
            "gamma": 2 * gammaincinv(1.5, p), "weibull": 4 * (-np.log1p(-p)) ** (1 / 1.7)}[name]


@pytest.mark.parametrize("name, mean, sd", [
    ("normal", 10, 3),
    ("log-normal", math.exp(1.32), math.exp(1.32) * math.sqrt(math.exp(0.64) - 1)),
    ("gamma", 3, 2 * math.sqrt(1.5)),
    ("weibull", 4 * math.gamma(1 + 1 / 1.7),
     4 * math.sqrt(math.gamma(1 + 2 / 1.7) - math.gamma(1 + 1 / 1.7) ** 2))])
def test_quantile_estimation_finds_the_distribution_of_exact_quantiles(name, mean, sd):
    low, q1, median, q3, high = quantiles_of(name, 50)
    for options in ({"minimum": low, "maximum": high}, {"q1": q1, "q3": q3},
                    {"minimum": low, "q1": q1, "q3": q3, "maximum": high}):
        got = conversions.quantile_estimation(50, median, **options)
        agree([got.mean, got.sd], [mean, sd], 1e-6)
        assert got.distribution == name
        scaled = conversions.quantile_estimation(
            50, 1e4 * median, **{key: 1e4 * value for key, value in options.items()})
        agree([scaled.mean, scaled.sd], [1e4 * got.mean, 1e4 * got.sd], 1e-7)


def test_quantile_estimation_with_hard_values():
    assert conversions.quantile_estimation(30, 1, minimum=-1, maximum=9).distribution == "normal"
    for values in ((0, 0, 5), (0, 1e-6, 1e6), (1e6, 1e6 + 1, 1e6 + 3), (0, 5, 5), (3, 3, 3 + 1e-9)):
        got = conversions.quantile_estimation(20, values[1], q1=values[0], q3=values[2])
        assert math.isfinite(got.mean) and got.sd > 0


# ---------------------------------------------------------------- small studies


def small(name):
    case = REFERENCE["small_study"][name]
    return case, case["yi"], case["vi"], case["n"]


CASES = list(REFERENCE["small_study"])


@pytest.mark.parametrize("predictor", small_study.PREDICTORS)
@pytest.mark.parametrize("name", CASES)
def test_regression_tests_agree_with_metafor(name, predictor):
    case, y, v, n = small(name)
    got = small_study.egger(y, v, model="weighted", predictor=predictor, n=n)
    for field, value in case["weighted"][predictor].items():
        # lm() solves by QR on the uncentred line: it is the weaker one with a giant study.
        agree(getattr(got, field), value, 1e-7 if name == "giant" else CLOSED_FORM)
    assert got.tau2 is None
    if predictor not in case["random"]:
        return
    expected = case["random"][predictor]
    got = small_study.egger(y, v, predictor=predictor, n=n)
    for field in ("statistic", "p_value", "intercept", "slope", "slope_se", "tau2"):
        agree(getattr(got, field), expected[field], ITERATIVE)


@pytest.mark.parametrize("name", CASES)
def test_the_classical_form_is_eggers_own_regression(name):
    # y/√v on 1/√v, unweighted: the intercept is the slope on the standard error.
    _, y, v, _ = small(name)
    se = np.sqrt(v)
    design = np.column_stack([np.ones(se.size), 1 / se])
    coefficient, _, _, _ = np.linalg.lstsq(design, np.array(y) / se, rcond=None)
    got = small_study.egger(y, v, model="weighted")
    agree([got.slope, got.intercept], coefficient, 1e-7)


@pytest.mark.parametrize("name", CASES)
def test_the_rank_test_agrees_with_metafor(name):
    case, y, v, _ = small(name)
    ties = len(set(v)) < len(v)
    for exact, key in ((None, "default"), (True, "yes"), (False, "no")):
        if exact and ties:
            continue
        got = small_study.begg(y, v, exact=exact)
        agree(got.tau, case["begg"][key]["tau"])
        agree(got.p_value, case["begg"][key]["p_value"])
    assert small_study.begg(y, v).exact == (not ties)


def test_the_exact_rank_test_by_counting_orders():
    for k in (3, 4, 6):
        v = np.arange(1.0, k + 1)
        counts = [sum(a > b for a, b in itertools.combinations(order, 2))
                  for order in itertools.permutations(range(k))]
        for discordant in range(k * (k - 1) // 2 + 1):
            expected = np.mean([count <= discordant for count in counts])
            agree(small_study._exact_kendall(k, discordant), expected)
        assert small_study.begg(v, v).exact


@pytest.mark.parametrize("name", CASES)
def test_trim_and_fill_agrees_with_metafor(name):
    case, y, v, _ = small(name)
    for key, expected in case["fill"].items():
        estimator, side, model = key.split()
        options = {"model": "common"} if model == "EE" else {"tau2_method": "DL", "interval": "z"}
        got = small_study.trim_and_fill(y, v, side=side, estimator=estimator, **options)
        assert (got.k0, got.estimator) == (expected["k0"], estimator)
        if expected["k0_se"] is None:
            assert got.k0_se is None
        else:
            agree(got.k0_se, expected["k0_se"])
        agree([got.pooled.estimate, got.pooled.se], [expected["estimate"], expected["se"]])


@pytest.mark.parametrize("name", CASES)
def test_the_side_to_fill_is_chosen_as_by_metafor(name):
    case, y, v, _ = small(name)
    for model, side in case["chosen"].items():
        options = {"model": "common"} if model == "EE" else {"tau2_method": "DL"}
        assert small_study.trim_and_fill(y, v, **options).side == side


def test_contours_are_the_borders_of_significance():
    inner, outer = small_study.funnel_contours(0.5, levels=[0.9, 0.99], points=6)
    assert (inner.level, outer.level) == (0.9, 0.99)
    agree(inner.se, np.arange(6) / 10)
    agree(inner.high, 1.644853626951472 * inner.se)
    agree(outer.low, -2.575829303548901 * outer.se)
    (around,) = small_study.funnel_contours(1, levels=0.95, centre=2)
    agree([around.low[-1], around.low[0], around.high[-1]],
          [2 - 1.959963984540054, 2, 2 + 1.959963984540054])


# ---------------------------------------------------------------- predictions


@pytest.mark.parametrize("test, interval", [("z", "z"), ("knha", "hksj"), ("adhoc", "hksj-guard")])
@pytest.mark.parametrize("name", REFERENCE["predictions"])
def test_the_chance_beyond_a_threshold_agrees_with_r(name, test, interval):
    expected = REFERENCE["predictions"][name][test]
    _, y, v, _ = small(name)
    fit = pool(y, v, tau2_method="DL", interval=interval)
    for row, threshold in enumerate(expected["threshold"]):
        for df, key in (("k-1", "below_k1"), ("k-2", "below_k2"), ("normal", "below_z")):
            got = predictions.probability_beyond(fit, threshold, prediction_df=df)
            agree(got.below, expected[key][row])
            assert math.isclose(got.below + got.above, 1)
        agree(got.above, expected["above_z"][row])
    # metafor's interval holds 95% of the distribution that goes with it.
    df = "normal" if test == "z" else "k-1"
    for limit, side in ((expected["pi_low"], "below"), (expected["pi_high"], "above")):
        got = predictions.probability_beyond(fit, limit, prediction_df=df)
        agree(getattr(got, side), 0.025)


def test_no_prediction_without_random_effects():
    y, v = [0.1, 0.5, 0.9], [0.1, 0.1, 0.1]
    for fit, words in ((pool(y, v, model="common"), "random effects"),
                       (pool(y[:1], v[:1]), "random effects"),
                       (pool(y[:2], v[:2]), "at least 3 studies, not 2"),
                       (mantel_haenszel([1, 2], [9, 9], [2, 3], [9, 9]), "random effects"),
                       (pool([1, 1, 1], v, interval="hksj"), "no spread")):
        with pytest.raises(SynthesisError, match=words):
            predictions.probability_beyond(fit, 0)
    with pytest.raises(SynthesisError, match="threshold"):
        predictions.probability_beyond(pool(y, v), math.nan)


# ---------------------------------------------------------------- invariants


quick = settings(max_examples=40, deadline=None, derandomize=True)
counts = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
arms = st.tuples(st.floats(-50, 50), st.floats(0.1, 20), st.floats(3, 500))
studies = st.integers(3, 12).flatmap(lambda k: st.tuples(
    st.lists(st.floats(-5, 5), min_size=k, max_size=k),
    st.lists(st.floats(0.01, 10), min_size=k, max_size=k, unique=True)))


@quick
@given(counts)
def test_a_double_arcsine_comes_back(count):
    events, n = count
    value = proportions.double_arcsine_proportion([events], [n]).yi
    agree(proportions.proportion_from_double_arcsine(value, n), [events / n], 1e-7, 1e-12)


@quick
@given(counts, counts, st.sampled_from(list(POLICIES)), st.sampled_from(measures.DOUBLE_ZEROS))
def test_swapping_arms_turns_the_sign_of_every_table_measure(one, two, zero_cells, double_zeros):
    if one[1] + two[1] < 3:
        return
    for function in TABLE_MEASURES.values():
        options = {"zero_cells": zero_cells, "double_zeros": double_zeros}
        got = function([one[0]], [one[1]], [two[0]], [two[1]], **options)
        back = function([two[0]], [two[1]], [one[0]], [one[1]], **options)
        assert got.used.tolist() == back.used.tolist()
        agree(got.yi[got.used], -back.yi[got.used], 1e-9, 1e-12)
        agree(got.vi[got.used], back.vi[got.used], 1e-9)


@quick
@given(arms, arms, st.floats(1e-3, 1e3))
def test_standardised_differences_have_no_unit(one, two, unit):
    for variance, correction in itertools.product(measures.SMD_VARIANCES, measures.CORRECTIONS):
        options = {"variance": variance, "correction": correction}
        scaled = [(unit * m, unit * sd, n) for m, sd, n in (one, two)]
        got, other = (measures.standardised_mean_difference(
            *([value] for value in (*a, *b)), **options) for a, b in ((one, two), scaled))
        agree(got.yi, other.yi, 1e-8, 1e-9)
        agree(got.vi, other.vi, 1e-8)


@quick
@given(studies)
def test_the_rank_test_depends_on_ranks_and_turns_with_the_sign(pair):
    y, v = np.array(pair[0]), np.array(pair[1])
    if np.ptp(y) < 1e-6:
        return
    got, turned = small_study.begg(y, v), small_study.begg(-y, v)
    assert (got.tau, got.p_value, got.k) == (-turned.tau, turned.p_value, y.size)
    assert -1 <= got.tau <= 1 and 0 < got.p_value <= 1


@quick
@given(studies, st.sampled_from(small_study.FILL_ESTIMATORS))
def test_filling_mirrors_with_the_sign(pair, estimator):
    y, v = np.array(pair[0]), np.array(pair[1])
    try:
        got = small_study.trim_and_fill(y, v, side="left", estimator=estimator, model="common")
    except SynthesisError as error:
        assert "does not settle" in str(error) or "has no value" in str(error)
        return
    assert 0 <= got.k0 < y.size and got.yi.size == y.size + got.k0
    # Ties in the distances are broken by the order of the effects, alike on both sides.
    other = small_study.trim_and_fill(-y, v, side="right", estimator=estimator, model="common")
    assert other.k0 == got.k0
    agree(other.pooled.estimate, -got.pooled.estimate, 1e-9, 1e-12)


@quick
@given(studies, st.floats(-10, 10))
def test_chances_sum_to_one_and_fall_with_the_threshold(pair, threshold):
    fit = pool(*pair, tau2_method="DL")
    one = predictions.probability_beyond(fit, threshold)
    two = predictions.probability_beyond(fit, threshold + 1)
    assert math.isclose(one.below + one.above, 1) and two.above <= one.above


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("call, row", [
    (lambda: measures.standardised_mean_difference([1], [1], [9], [1], [1], [9], variance="HO"),
     None),
    (lambda: measures.standardised_mean_difference([1], [1], [9], [1], [1], [9], correction="no"),
     None),
    (lambda: measures.standardised_mean_difference([1], [1], [1.5], [1], [1], [1.5]), 0),
    (lambda: measures.mean_difference([1], [1e-200], [9], [1], [1e-200], [9]), 0),
    (lambda: measures.mean_difference([1e308], [1], [9], [-1e308], [1], [9]), 0),
    (lambda: measures.ratio_of_means([1, 1], [1, 1], [9, 9], [1, 0], [1, 1], [9, 9]), 1),
    (lambda: measures.ratio_of_means([1, 1], [1, 1], [9, 9], [1, -1], [1, 1], [9, 9]), 1),
    (lambda: measures.ratio_of_means([1], [0], [9], [1], [1], [9]), 0),
    (lambda: events.risk_ratio([1], [2], [1], [2], double_zeros="maybe"), None),
    (lambda: events.peto_odds_ratio([0.5], [0.5], [0], [0.5]), 0),
    (lambda: events.peto_odds_ratio([3], [2], [0], [5]), 0),
    (lambda: changes.mean_change([1], [1], [2], [1], [9], 1), 0),
    (lambda: changes.mean_change([1, 1], [1, 1], [2, 2], [1, 1], [9, 9], [0.5, 1.1]), 1),
    (lambda: changes.mean_change([1, 1], [1, 1], [2, 2], [1, 1], [9, 9], [0.5] * 3), None),
    (lambda: changes.mean_change([1], [1], [2], [1], [1], 0.5), 0),
    (lambda: changes.mean_change([1], [-1], [2], [1], [9], 0.5), 0),
    (lambda: changes.standardised_mean_change([1], [1], [2], [1], [2], 0.5), 0),
    (lambda: changes.standardised_mean_change([1], [1], [2], [1], [9], 0.5, standardiser="sd"),
     None),
    (lambda: changes.standardised_mean_change([1], [1], [1], [2], [9], 1, "baseline"), 0),
    (lambda: correlations.raw_correlation([0.1, 1], [9, 9]), 1),
    (lambda: correlations.fisher_z([0.1, -1.2], [9, 9]), 1),
    (lambda: correlations.fisher_z([0.1], [3]), 0),
    (lambda: proportions.raw_proportion([1, 3], [2, 2]), 1),
    (lambda: proportions.raw_proportion([1], [2], zero_cells="some"), None),
    (lambda: proportions.logit_proportion([-1], [2]), 0),
    (lambda: proportions.double_arcsine_proportion([0], [0]), 0),
    (lambda: proportions.double_arcsine_proportion([math.nan], [1]), 0),
    (lambda: proportions.harmonic_mean([1, 0]), 1),
    (lambda: proportions.proportion_from_double_arcsine([0.1, 0.2], [9, 0]), None),
    (lambda: proportions.proportion_from_double_arcsine(math.inf, 9), None),
    (lambda: proportions.proportion_from_logit(math.nan), None),
    (lambda: rates.incidence_rate([1, 2], [1, 0]), 1),
    (lambda: rates.incidence_rate([1], [1e-300]), 0),
    (lambda: rates.log_incidence_rate([-1], [1]), 0),
    (lambda: rates.root_incidence_rate([1], [-1]), 0),
    (lambda: rates.rate_ratio([1, 1], [1, 1], [1, -1], [1, 1]), 1),
    (lambda: rates.rate_ratio([1, 1], [1, 1], [1], [1, 1]), None),
    (lambda: rates.rate_difference([1], [1], [1], [0]), 0),
    (lambda: conversions.sd_from_interval(1, 2, 9, distribution="normal"), None),
    (lambda: conversions.sd_from_t(1, 0, 9, 9), None),
    (lambda: conversions.sd_from_t([1, 0], [1, 1], [9, 9], [9, 9]), 1),
    (lambda: conversions.sd_from_p_value(1, 1, 9, 9), None),
    (lambda: conversions.sd_from_p_value([1, 1], [0.1, 0], [9, 9], [9, 9]), 1),
    (lambda: conversions.sd_from_se_difference(0, 9, 9), None),
    (lambda: conversions.sd_from_se_difference([1, 1], [9, 1], [9, 9]), 1),
    (lambda: conversions.quantile_estimation(30, 2), None),
    (lambda: conversions.quantile_estimation(30, 2, minimum=1, q3=3), None),
    (lambda: conversions.quantile_estimation(30, 4, minimum=1, maximum=3), None),
    (lambda: conversions.quantile_estimation(30, 3, minimum=3, maximum=3), None),
    (lambda: conversions.quantile_estimation(4, 2, minimum=1, maximum=3), None),
    (lambda: conversions.quantile_estimation(30, math.nan, minimum=1, maximum=3), None),
    (lambda: conversions.quantile_estimation([30], [2], minimum=[1], maximum=[3]), None),
    (lambda: conversions.quantile_estimation(30, None, minimum=1, maximum=3), None),
    (lambda: small_study.egger([1, 2, 3], [1, 2, 3], model="fixed"), None),
    (lambda: small_study.egger([1, 2, 3], [1, 2, 3], predictor="n"), None),
    (lambda: small_study.egger([1, 2, 3], [1, 2, 3], predictor="ninv"), None),
    (lambda: small_study.egger([1, 2, 3], [1, 2, 3], predictor="ninv", n=[9, 9]), None),
    (lambda: small_study.egger([1, 2, 3], [1, 2, 3], predictor="ninv", n=[9, 0, 9]), 1),
    (lambda: small_study.egger([1, 1, 1], [1, 2, 3], model="weighted"), None),
    (lambda: small_study.egger([1, 4, 9], [1, 16, 81], model="weighted", predictor=[0, 3, 8]),
     None),
    (lambda: small_study.begg([1, 2], [1, 2]), None),
    (lambda: small_study.begg([1, 1, 1], [1, 2, 3]), None),
    (lambda: small_study.begg([1, 2, 3], [1, 1, 1]), None),
    (lambda: small_study.begg([1, 2, 3, 4], [1, 1, 2, 3], exact=True), None),
    (lambda: small_study.begg([1, 2, 3], [1, -1, 2]), 1),
    (lambda: small_study.trim_and_fill([1, 2, 3], [1, 2, 3], estimator="S0"), None),
    (lambda: small_study.funnel_contours(0), None),
    (lambda: small_study.funnel_contours(math.inf), None),
    (lambda: small_study.funnel_contours(1, levels=[0.9, 95]), None),
    (lambda: small_study.funnel_contours(1, centre=math.nan), None),
    (lambda: small_study.funnel_contours(1, points=1), None),
    (lambda: predictions.probability_beyond(pool([1, 2, 3], [1, 1, 1]), 0, "k"), None),
])
def test_bad_input_is_refused(call, row):
    with np.errstate(all="ignore"), pytest.raises(SynthesisError) as caught:
        call()
    assert caught.value.row == row
