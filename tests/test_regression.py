"""Meta-regression, subgroups, dose–response and proportions against metafor and published output.

`reference/models.json` is written by `reference/models.R`; no R is needed here.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livingreview.synthesis import SynthesisError, glmm, pool, se_from_interval
from livingreview.synthesis import regression as rg
from livingreview.synthesis import trends as dr

CLOSED_FORM = 1e-8
ITERATIVE = 1e-6
# Fisher scoring stops on an absolute change of τ²; what is left shows in p-values.
SCORING = 1e-6
FOUR_DIGITS = 0.00005

MODELS = json.loads((Path(__file__).parent / "reference" / "models.json").read_text())
REGRESSIONS = MODELS["regressions"]
TESTS = {"z": "z", "t": "t", "knha": "hksj", "adhoc": "hksj-guard"}
ITERATED = ("REML", "ML", "PM", "EB")
FITS = [(name, fit) for name, case in REGRESSIONS.items() for fit in case["fits"]]


def agree(got, expected, tolerance, floor=1e-10):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def run(name, method="REML", test="z", **options):
    case = REGRESSIONS[name]
    return rg.meta_regression(case["yi"], case["vi"], case["x"], intercept=case["intercept"],
                              tau2_method=method, test=test, **options)


# ---------------------------------------------------------------- meta-regression


@pytest.mark.parametrize("name, fit", FITS)
def test_meta_regression_agrees_with_metafor(name, fit):
    method, test = fit.split()
    expected = REGRESSIONS[name]["fits"][fit]
    options = {"model": "common"} if method == "EE" else {"method": method}
    got = run(name, test=TESTS[test], **options)
    tolerance = SCORING if method in ITERATED else CLOSED_FORM
    for field in ("coefficients", "ses", "ci_low", "ci_high", "statistics", "p_values",
                  "covariance", "omnibus", "omnibus_p", "qe", "qe_p", "i2", "h2"):
        agree(getattr(got, field), expected[field], tolerance)
    if method != "EE":
        agree(got.tau2, expected["tau2"], tolerance, floor=1e-9)
    if got.r2 is not None:
        agree(got.r2, expected["r2"], tolerance)
    elif got.intercept and method != "EE":
        # metafor prints 0 where there is no variance to explain.
        assert expected["r2"] == 0
    if expected["predictions"]:
        at = rg.predict(got, REGRESSIONS[name]["new"])
        for field, value in expected["predictions"].items():
            if method == "EE" and field.startswith("pi"):
                assert getattr(at, field) is None
            else:
                agree(getattr(at, field), value, tolerance)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_the_interval_of_residual_tau2_agrees_with_metafor(name):
    got = run(name)
    agree([got.tau2_low, got.tau2_high], REGRESSIONS[name]["tau2_interval"], ITERATIVE, 1e-9)


def test_bcg_as_metafor_prints_it():
    # Latitude and year on the log risk ratios of the BCG trials, as metafor 3.8 prints them by its
    # default tolerance (which leaves intercept and QM off in the fourth decimal).
    got = run("bcg")
    assert np.abs(got.coefficients[1:] - [-0.0280, 0.0019]).max() <= FOUR_DIGITS
    assert np.abs(got.ses[1:] - [0.0102, 0.0147]).max() <= FOUR_DIGITS
    assert abs(got.tau2 - 0.1108) <= FOUR_DIGITS and abs(got.qe - 28.3251) <= FOUR_DIGITS


def test_one_study_that_fixes_a_coefficient_costs_no_digits():
    # By the formula of the mean: with v₀ → 0 the slope is that of lines through the first point.
    y, v, x = [0.3, 1.0, 0.2, 2.0], np.array([1e-18, 0.1, 0.2, 0.3]), np.array([0, 1, 2, 3.0])
    got = rg.meta_regression(y, v, x, model="common", test="z")
    w = 1 / v[1:]
    slope = (w * x[1:] * (np.array(y[1:]) - 0.3)).sum() / (w * x[1:] ** 2).sum()
    agree(got.coefficients, [0.3, slope], CLOSED_FORM)
    agree(got.ses[1], 1 / math.sqrt((w * x[1:] ** 2).sum()), CLOSED_FORM)
    q = (w * (np.array(y[1:]) - 0.3 - slope * x[1:]) ** 2).sum()
    agree(got.qe, q, CLOSED_FORM)


def test_without_moderators_it_is_the_pool():
    case = REGRESSIONS["bcg"]
    got = rg.meta_regression(case["yi"], case["vi"], np.empty((13, 0)), test="hksj-guard")
    expected = pool(case["yi"], case["vi"])
    agree([got.coefficients[0], got.ses[0], got.tau2, got.i2, got.tau2_high, got.ci_high[0]],
          [expected.estimate, expected.se, expected.tau2, expected.i2, expected.tau2_high,
           expected.ci_high], ITERATIVE)
    assert got.names == ("intercept",) and got.r2 is None


def test_studies_on_the_line_have_no_unguarded_interval():
    got = rg.meta_regression([2, 4, 8, 16], [1, 1, 1, 1], [1, 2, 4, 8], test="hksj",
                             intercept=False)
    if got.statistics is None:
        assert got.omnibus is None and got.warnings
    guarded = rg.meta_regression([2, 4, 8, 16], [1, 1, 1, 1], [1, 2, 4, 8], intercept=False)
    agree(guarded.ses, 1 / math.sqrt(85), CLOSED_FORM)
    assert guarded.tau2 == 0


@pytest.mark.parametrize("arguments, words, row", [
    (([1, 2, 3], [1, 1, 1], [[1, 2], [2, 3], [3, 5]]), "3 coefficients need at least 4", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], [[1, 2], [2, 4], [3, 6], [4, 8]]), "dose .*combination", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], [[5, 2], [5, 4], [5, 6], [5, 9]]), "year does not vary", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], [[0, 2], [0, 4], [0, 6], [0, 9]]), "year is 0", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], [[1, 2], [0, 4], [0, math.nan], [0, 9]]), "dose must be", 2),
    (([1, 2, 3, 4], [1, 1, -1, 1], [[1, 2], [0, 4], [0, 1], [0, 9]]), "vi must be positive", 2),
    (([1, 2, 3, 4], [1, 1, 1, 1], [[1, 2], [0, 4], [0, 1]]), "one row for each of 4", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], [1, 2, 3, 5]), "2 names were given for 1", None),
    (([1, 2, 3, 4], [1, 1, 1, 1], ["a", "b", "c", "d"]), "not numeric", None),
])
def test_bad_moderators_are_refused_by_name(arguments, words, row):
    with pytest.raises(SynthesisError, match=words) as caught:
        rg.meta_regression(*arguments, names=["year", "dose"])
    assert caught.value.row == row


@pytest.mark.parametrize("call", [
    lambda: run("bcg", test="knha"),
    lambda: run("bcg", method="XX"),
    lambda: run("bcg", model="fixed"),
    lambda: run("bcg", level=95),
    lambda: rg.meta_regression([1, 2], [1, 1], np.empty((2, 0)), intercept=False),
    lambda: rg.predict(run("bcg"), [1.0]),
    lambda: rg.predict(run("bcg"), [[1.0, math.nan]]),
    lambda: rg.predict(run("bcg"), ["a", "b"]),
    lambda: rg.predict(run("bcg"), np.empty((0, 2))),
])
def test_bad_options_are_refused(call):
    with pytest.raises(SynthesisError):
        call()


lines = st.integers(5, 9).flatmap(lambda k: st.tuples(
    st.lists(st.floats(-20, 20), min_size=k, max_size=k),
    st.lists(st.floats(0.05, 20), min_size=k, max_size=k)))
quick = settings(max_examples=25, deadline=None, derandomize=True)


@quick
@given(lines, st.sampled_from(["REML", "DL", "PM"]), st.floats(0.001, 1000), st.floats(-5, 5))
def test_units_of_effect_and_moderator_carry_through(pair, method, unit, shift):
    y, v = np.array(pair[0]), np.array(pair[1])
    x = np.arange(y.size) ** 1.5
    one = rg.meta_regression(y, v, x, tau2_method=method)
    two = rg.meta_regression(unit * y, unit**2 * v, 7 * x + shift, tau2_method=method)
    agree([two.coefficients[1] / unit * 7, two.ses[1] / unit * 7, two.tau2 / unit**2, two.i2],
          [one.coefficients[1], one.ses[1], one.tau2, one.i2], 1e-6, 1e-6)


@quick
@given(lines)
def test_reml_is_no_worse_than_any_point_of_a_grid(pair):
    y, v = np.array(pair[0]), np.array(pair[1])
    x = np.column_stack([np.ones(y.size), np.arange(y.size), np.arange(y.size) % 2])

    def likelihood(t):
        w = 1 / (v + t)
        a = x.T @ (w[:, None] * x)
        r = y - x @ np.linalg.solve(a, x.T @ (w * y))
        return -(np.log(v + t).sum() + np.linalg.slogdet(a)[1] + (w * r**2).sum()) / 2

    best = likelihood(rg.meta_regression(y, v, x[:, 1:]).tau2)
    assert all(best >= likelihood(t) - 1e-9 for t in [0, *np.geomspace(1e-4, 1e5, 100)])


# ---------------------------------------------------------------- categories and subgroups


def test_dummies():
    x, names, reference = rg.dummies(["b", "a", "c", "a"])
    assert (names, reference) == (("b", "c"), "a")
    assert x.tolist() == [[1, 0], [0, 0], [0, 1], [0, 0]]
    assert rg.dummies(["b", "a", "c"], reference="c").names == ("a", "b")
    assert rg.dummies([10, 9, 100]).names == ("10", "100")
    for bad, row in ((["a", None], 1), (["a", " "], 1), ([1, math.nan], 1), (["a", "a"], None),
                     ([], None)):
        with pytest.raises(SynthesisError) as caught:
            rg.dummies(bad)
        assert caught.value.row == row
    with pytest.raises(SynthesisError, match="none of a, b"):
        rg.dummies(["a", "b"], reference="c")


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("kind", ["common", "separate"])
def test_subgroups_agree_with_metafor(test, kind):
    case = MODELS["subgroups"]
    expected = case["tests"][test][kind]
    got = rg.subgroup_analysis(case["yi"], case["vi"], case["groups"], test=TESTS[test],
                               common_tau2=kind == "common")
    agree([g.estimate for g in got.groups], expected["estimate"], SCORING)
    agree([g.se for g in got.groups], expected["se"], SCORING)
    agree([g.p_value for g in got.groups], expected["p_value"], SCORING)
    agree([got.statistic, got.p_value], [expected["statistic"], expected["test_p"]], SCORING)
    if kind == "common":
        agree(got.tau2, expected["tau2"], SCORING)
        assert got.df == (2, None if test == "z" else 10)
    else:
        agree([g.tau2 for g in got.groups], expected["tau2"], SCORING)
        assert got.tau2 is None and got.df == (2, None)
    assert [g.label for g in got.groups] == ["alternate", "random", "systematic"]


def test_a_subgroup_of_one_study():
    y, v, groups = [0.1, 0.5, 0.9, 1.5], [0.1, 0.1, 0.2, 0.1], ["a", "a", "a", "b"]
    apart = rg.subgroup_analysis(y, v, groups, common_tau2=False)
    assert apart.groups[1].tau2 is None and apart.groups[1].df is None
    agree(apart.groups[1].se, math.sqrt(0.1), CLOSED_FORM)
    together = rg.subgroup_analysis(y, v, groups)
    assert together.groups[1].q is None and together.groups[1].tau2 == together.tau2
    for bad in (["a", "a", "a", "a"], ["a", "b", "c", "d"], ["a", "b"], ["a", "b", None, "a"]):
        with pytest.raises(SynthesisError):
            rg.subgroup_analysis(y, v, bad)


# ---------------------------------------------------------------- dose–response

# Effective counts and the first row of the covariance matrix, of the output of dosresmeta 2.1.1 for
# its `alcohol_cvd` (case-control studies 1 and 3): counts, totals, variances, covariances.
PRINTED = [
    ([125.045754, 67.121348, 68.861059, 18.649722, 17.321957], [414, 261, 228, 44, 34],
     [0.04987985, 0.05463996, 0.14176254, 0.19714011], [0.01875906, 0.01678737, 0.01780975]),
    ([81.774216, 46.587219, 15.641699, 5.996615], [208, 175, 58, 11],
     [0.10058223, 0.17523766, 0.82646389], [0.03667789, 0.04203026]),
]


@pytest.mark.parametrize("cases, totals, variances, first", PRINTED)
def test_printed_covariances_of_log_odds_ratios(cases, totals, variances, first):
    a, n = np.array(cases), np.array(totals)
    odds = np.log(a / (n - a))
    got = dr.greenland_longnecker(odds[1:] - odds[0], variances, a, n)
    assert np.abs(got.covariance[0, 1:] - first).max() <= 2e-8
    agree(got.cases, a, 1e-7)


@pytest.mark.parametrize("design", dr.DESIGNS)
def test_crude_ratios_keep_their_counts(design):
    a, n = np.array([20.0, 30, 10]), np.array([100.0, 90, 20])
    share = {"case-control": 1 / a + 1 / (n - a), "cumulative-incidence": 1 / a - 1 / n,
             "incidence-rate": 1 / a}[design]
    risk = np.log(a / (n - a)) if design == "case-control" else np.log(a / n)
    v = share[0] + share[1:]
    got = dr.greenland_longnecker(risk[1:] - risk[0], v, a, n, design)
    agree(got.cases, a, CLOSED_FORM)
    agree(got.covariance, share[0] + np.diag(share[1:]), CLOSED_FORM)


def doses():
    case = MODELS["doses"]
    names = list(dict.fromkeys(case["study"]))
    blocks = []
    for name in names:
        own = [o for o, s in zip(case["own"], case["study"], strict=True) if s == name]
        blocks.append(np.diag(own) + case["control"][name])
    return case, blocks


def test_two_stages_agree_with_metafor():
    case, blocks = doses()
    got = dr.dose_response(case["yi"], case["dose"], case["study"], blocks, interval="hksj")
    agree(got.slopes, case["two"]["slopes"], CLOSED_FORM)
    agree(got.slope_ses, case["two"]["ses"], CLOSED_FORM)
    agree([got.tau2, got.slope, got.se],
          [case["two"]["tau2"], case["two"]["slope"], case["two"]["se"]], SCORING)
    assert got.used == ("a", "b", "c", "e") and "d has one dose" in got.warnings[-1]


def test_one_stage_agrees_with_the_likelihood():
    case, blocks = doses()
    got = dr.dose_response(case["yi"], case["dose"], case["study"], blocks, stage="one",
                           interval="z")
    expected = case["free"]
    agree(got.tau2, expected["tau2"], ITERATIVE)
    agree([got.intercept, got.slope], expected["beta"], ITERATIVE)
    agree([got.intercept_se, got.se], expected["se"], ITERATIVE)
    # The likelihood is flat, and metafor's optimiser stops early.
    agree([got.intercept, got.slope], expected["metafor_beta"], 1e-3)
    tens = dr.dose_response(case["yi"], case["dose"], case["study"], blocks, stage="one",
                            interval="z", scale="log10")
    agree(tens.slope, got.slope * math.log(10), ITERATIVE)


# Case-control study of Rohan and McMichael (1988), the worked example of Greenland and Longnecker
# (1992): dose in g/day, cases, totals, adjusted odds ratios with 95% limits. As printed with the
# answers of R's dosresmeta in Crippa's "glst" page (rpubs.com/alecri/glst), and with more digits on
# the reference page of its function dosresmeta().
ALCOHOL = {"dose": [2, 6, 11], "cases": [165, 74, 90, 122], "totals": [337, 167, 186, 212],
           "ratio": [0.80, 1.16, 1.57], "low": [0.51, 0.73, 0.99], "high": [1.27, 1.85, 2.51]}


@pytest.mark.parametrize("corrected, printed", [
    (False, {"slope": 0.0334, "se": 0.0187, "statistic": 1.7885, "p_value": 0.0737,
             "ci_low": -0.0032, "ci_high": 0.0701}),
    (True, {"slope": 0.0454, "se": 0.0207, "statistic": 2.1985, "p_value": 0.0279,
            "ci_low": 0.0049, "ci_high": 0.0859}),
])
def test_greenland_and_longneckers_worked_example(corrected, printed):
    y, v = np.log(ALCOHOL["ratio"]), se_from_interval(
        np.log(ALCOHOL["low"]), np.log(ALCOHOL["high"])) ** 2
    covariance = v if not corrected else dr.greenland_longnecker(
        y, v, ALCOHOL["cases"], ALCOHOL["totals"], "case-control").covariance
    got = dr.dose_trend(y, ALCOHOL["dose"], covariance, scale="linear", reference=0)
    for field, value in printed.items():
        assert abs(getattr(got, field) - value) <= 0.00005 + 1e-12, field
    if corrected:
        ratios = np.exp([got.slope, got.ci_low, got.ci_high])
        assert np.abs(ratios - [1.046477, 1.004941, 1.089729]).max() <= 5e-7 + 1e-12


def test_with_a_reference_dose_both_stages_agree():
    case, blocks = doses()
    one, two = (dr.dose_response(case["yi"], case["dose"], case["study"], blocks, stage=stage,
                                 scale="linear", reference=0, interval="z")
                for stage in ("one", "two"))
    agree([one.tau2, one.slope, one.se],
          [case["through"]["tau2"], case["through"]["beta"], case["through"]["se"]], ITERATIVE)
    agree([two.tau2, two.slope, two.se], [one.tau2, one.slope, one.se], ITERATIVE)


Y2, V2 = [0.1, 0.2], [0.1, 0.1]


@pytest.mark.parametrize("call, words", [
    (lambda: dr.dose_trend(Y2, [0, 1], V2), "row 0: a dose on a log scale"),
    (lambda: dr.dose_trend(Y2, [1, 1], V2), "2 different doses"),
    (lambda: dr.dose_trend(Y2, [1, 1], V2, reference=1), "are the reference"),
    (lambda: dr.dose_trend(Y2, [1, 2], [[1, 2], [2, 1]]), "positive definite"),
    (lambda: dr.dose_trend(Y2, [1, 2], [[1, 0.1]]), "shape"),
    (lambda: dr.dose_trend(Y2, [1, 2], V2, scale="sqrt"), "scale must be"),
    (lambda: dr.greenland_longnecker(Y2, V2, [1, 2], [9, 9]), "the reference and 2 doses"),
    (lambda: dr.greenland_longnecker(Y2, V2, [1, 2, 9], [9, 9, 8]), "row 2: cases must not"),
    (lambda: dr.greenland_longnecker(Y2, V2, [0, 0, 0], [9, 9, 8]), "no cases"),
    (lambda: dr.greenland_longnecker(Y2, V2, [9, 9, 8], [9, 9, 8]), "only cases"),
    (lambda: dr.greenland_longnecker([3, 3], V2, [9, 9, 9], [10, 10, 10],
                                     "cumulative-incidence"), "no counts with these margins"),
    (lambda: dr.dose_response(Y2, [1, 2], ["a", "a"], [V2]), "at least 2 studies"),
    (lambda: dr.dose_response(Y2, [1, 2], ["a", "b"], [V2]), "1 covariances"),
    (lambda: dr.dose_response(Y2, [1, 2], ["a", "b"], [[1], [1]], stage="one", interval="z"),
     "at least 3 studies"),
])
def test_bad_doses_are_refused(call, words):
    with pytest.raises(SynthesisError, match=words):
        call()


# ---------------------------------------------------------------- proportions


@pytest.mark.parametrize("name", MODELS["proportions"])
def test_random_intercept_logistic_agrees_with_the_likelihood(name):
    case = MODELS["proportions"][name]
    got = glmm.logistic_pool(case["events"], case["totals"])
    for field, value in case["judge"].items():
        agree(getattr(got, field), value, ITERATIVE)
    agree([got.q, got.q_p], [case["metafor"]["q"], case["metafor"]["q_p"]], CLOSED_FORM)
    # lme4's optimiser stops early.
    agree([got.estimate, got.se, got.tau2],
          [case["metafor"][field] for field in ("estimate", "se", "tau2")], 1e-4)
    many = glmm.logistic_pool(case["events"], case["totals"], nodes=100)
    agree([got.estimate, got.tau2, got.se], [many.estimate, many.tau2, many.se], CLOSED_FORM)


def test_proportions_without_heterogeneity_are_one_proportion():
    got = glmm.logistic_pool([5, 5, 6], [50, 50, 50], test="t")
    assert got.tau2 == 0 and got.df == 2
    agree([got.proportion, got.se], [16 / 150, math.sqrt(1 / 16 + 1 / 134)], CLOSED_FORM)


def test_proportions_turn_their_sign():
    one = glmm.logistic_pool([1, 0, 9], [20, 15, 30])
    two = glmm.logistic_pool([19, 15, 21], [20, 15, 30])
    agree([two.estimate, two.se, two.tau2], [-one.estimate, one.se, one.tau2], 1e-7)


@pytest.mark.parametrize("arguments, words", [
    (([1], [9]), "at least 2 studies"),
    (([0, 0], [9, 9]), "no events"),
    (([9, 9], [9, 9]), "only events"),
    (([9, 10], [9, 9]), "row 1: events must not exceed"),
    (([0, 0, 50], [50, 50, 50]), "so far apart"),
    (([9, 18, 0, 15], [24, 18, 24, 15]), "no standard error"),
])
def test_bad_proportions_are_refused(arguments, words):
    with pytest.raises(SynthesisError, match=words):
        glmm.logistic_pool(*arguments)
