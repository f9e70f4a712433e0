"""Residuals, likelihoods, joint tests, correlated effects and further measures against metafor.

`reference/engine.json` is written by `reference/engine.R`; no R is needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livingreview import synthesis as s

REFERENCE = json.loads((Path(__file__).parent / "reference" / "engine.json").read_text())
MEASURES, CORRELATED = REFERENCE["measures"], REFERENCE["correlated"]
CLOSED_FORM = 1e-9
# metafor's own iteration leaves the last digits of a variance open.
ITERATIVE = 1e-6
MV = 2e-5
FITS = [(name, method) for name, case in REFERENCE["fits"].items() for method in case["fits"]]


def agree(got, expected, tolerance=CLOSED_FORM, floor=1e-13):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def agree_effects(got, expected):
    """Compare the rows to which both give an effect; they must be the same rows."""
    yi, vi = (np.array(expected[key], dtype=float) for key in ("yi", "vi"))
    used = np.isfinite(yi) & (vi > 0)
    assert got.used.tolist() == used.tolist()
    agree(got.yi[used], yi[used])
    agree(got.vi[used], vi[used])


# ---------------------------------------------------------------- residuals and likelihoods


def model(name, method):
    case = REFERENCE["fits"][name]
    options = {"model": "common"} if method == "EE" else {"tau2_method": method}
    return (case["yi"], case["vi"], case["x"] or None), options, case["fits"][method]


@pytest.mark.parametrize(("name", "method"), FITS)
def test_likelihoods_agree_with_metafor(name, method):
    data, options, expected = model(name, method)
    got = s.fit_statistics(*data, **options)
    for field in ("log_likelihood", "aic", "bic", "aicc"):
        agree(getattr(got, field), expected[field], ITERATIVE)
    if method == "EE":
        assert got.tau2 is None and got.tau2_se is None
    else:
        agree(got.tau2_se, expected["tau2_se"], ITERATIVE)
    assert got.restricted == (method == "REML")
    assert got.parameters == got.p + (method != "EE")


@pytest.mark.parametrize(("name", "method"), FITS)
def test_residuals_agree_with_metafor(name, method):
    data, options, expected = model(name, method)
    got = s.residuals(*data, **options)
    for field in ("fitted", "raw", "se", "standardised"):
        agree(getattr(got, field), expected[field], ITERATIVE)


def test_a_study_that_fixes_a_coefficient_has_no_standardised_residual():
    got = s.residuals([1, 2, 3, 5.0], [1, 1, 2, 1], [0, 0, 0, 1])
    assert got.se[3] == 0 and np.ma.getmaskarray(got.standardised).tolist() == [False] * 3 + [True]
    assert got.raw[3] == pytest.approx(0, abs=1e-12)


def test_identical_effects_have_a_likelihood_and_no_heterogeneity():
    got = s.fit_statistics([1.0] * 4, [1, 2, 3, 4], tau2_method="SJ")
    assert (got.tau2, got.tau2_se) == (0, 0) and np.isfinite(got.aicc)


# ---------------------------------------------------------------- joint tests


@pytest.mark.parametrize("test", ["z", "knha"])
def test_a_factor_among_moderators_is_tested_as_in_metafor(test):
    case = REFERENCE["joint"]
    factor = s.dummies(case["alloc"])
    fit = s.meta_regression(case["yi"], case["vi"], np.column_stack([factor.x, case["ablat"]]),
                            names=[*factor.names, "ablat"], test={"knha": "hksj"}.get(test, test))
    got = s.joint_test(fit, factor.names)
    agree([got.statistic, got.p_value], [case[test]["statistic"], case[test]["p_value"]], ITERATIVE)
    assert got.df == (2, None if test == "z" else 9)
    alone = s.joint_test(fit, ["ablat"])
    assert alone.p_value == pytest.approx(fit.p_values[-1], rel=1e-9)
    both = s.joint_test(fit, fit.names[1:])
    assert both.statistic == pytest.approx(fit.omnibus) and both.p_value == fit.omnibus_p


def test_joint_tests_refuse_other_names():
    fit = s.meta_regression([1, 2, 4, 3, 5], [1, 1, 2, 1, 1], [1, 2, 3, 4, 5], names=["dose"])
    for names in ([], ["dose", "dose"], ["year"]):
        with pytest.raises(s.SynthesisError, match="names"):
            s.joint_test(fit, names)
    exact = s.meta_regression([1, 2, 3, 4, 5], [1] * 5, [1, 2, 3, 4, 5], test="hksj")
    assert s.joint_test(exact, ["x1"]) == (None, (1, 3), None)


# ---------------------------------------------------------------- correlated effects


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("moderated", [False, True], ids=["mean", "dose"])
def test_regression_of_correlated_effects_agrees_with_metafor(method, moderated):
    x = CORRELATED["dose"] if moderated else np.empty((12, 0))
    expected = CORRELATED["dose_effect" if moderated else "mean"][method]
    got = s.meta_regression(CORRELATED["yi"], CORRELATED["v"], x, tau2_method=method, test="z")
    agree([got.tau2], expected["sigma2"], MV, 1e-9)
    for field, mine in (("coefficients", got.coefficients), ("ses", got.ses),
                        ("p_values", got.p_values), ("ci_low", got.ci_low),
                        ("ci_high", got.ci_high), ("q", got.qe), ("q_p", got.qe_p),
                        ("omnibus", got.omnibus)):
        agree(np.atleast_1d(mine), np.atleast_1d(expected[field]), MV, 1e-9)
    fit = s.fit_statistics(CORRELATED["yi"], CORRELATED["v"], x, tau2_method=method)
    agree(fit.log_likelihood, expected["log_likelihood"], ITERATIVE)


def test_common_effect_regression_of_correlated_effects_agrees_with_metafor():
    got = s.meta_regression(CORRELATED["yi"], CORRELATED["v"], CORRELATED["dose"], model="common",
                            test="z")
    expected = CORRELATED["common"]
    agree([got.coefficients, got.ses], [expected["coefficients"], expected["ses"]])
    agree([got.qe, got.qe_p], [expected["q"], expected["q_p"]])


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("errors", ["three_level", "independent"])
def test_three_levels_agree_with_metafor(method, errors):
    expected = CORRELATED[errors][method]
    v = np.array(CORRELATED["v"])
    got = s.three_level(CORRELATED["yi"], v if errors == "three_level" else np.diag(v),
                        CORRELATED["cluster"], method=method, test="z")
    agree([got.between, got.within], expected["sigma2"], 1e-4, 1e-7)
    agree([got.estimate, got.se, got.ci_low, got.ci_high],
          [expected[field] for field in ("coefficients", "ses", "ci_low", "ci_high")], MV)
    agree(got.log_likelihood, expected["log_likelihood"], ITERATIVE)
    agree([got.q, got.q_p], [expected["q"], expected["q_p"]])
    assert got.method == method


def test_three_levels_by_maximum_likelihood_on_schools():
    case = REFERENCE["schools"]
    got = s.three_level(case["yi"], case["vi"], case["cluster"], method="ML", test="z")
    agree([got.between, got.within], case["sigma2"], 1e-4)
    agree([got.estimate, got.se, got.log_likelihood],
          [case["estimate"], case["se"], case["log_likelihood"]], ITERATIVE)


def test_a_diagonal_covariance_is_independence():
    case = REFERENCE["fits"]["bcg_ablat_year"]
    for method in ("REML", "ML", "DL", "PM", "HE", "HS"):
        plain = s.meta_regression(case["yi"], case["vi"], case["x"], tau2_method=method)
        matrix = s.meta_regression(case["yi"], np.diag(case["vi"]), case["x"], tau2_method=method)
        for field in ("coefficients", "ses", "tau2", "tau2_low", "tau2_high", "i2", "r2", "qe"):
            agree(getattr(matrix, field), getattr(plain, field), 1e-8, 1e-12)
    yi, vi = CORRELATED["yi"], np.diag(np.array(CORRELATED["v"]))
    plain, matrix = (s.three_level(yi, v, CORRELATED["cluster"]) for v in (vi, np.diag(vi)))
    for field in ("estimate", "se", "between", "between_high", "within", "within_high", "i2_within",
                  "i2_between", "q", "log_likelihood"):
        agree(getattr(matrix, field), getattr(plain, field), 1e-8, 1e-12)


@pytest.mark.parametrize(("v", "words"), [
    (np.ones((3, 3)), r"shape \(3, 3\), not \(12, 12\)"), (np.full((12, 12), np.nan), "finite"),
    (np.triu(np.ones((12, 12))), "symmetric"), (np.ones((12, 12)), "positive definite")],
    ids=["shape", "missing", "symmetric", "definite"])
def test_covariances_that_are_none_are_refused(v, words):
    for call in (lambda: s.meta_regression(CORRELATED["yi"], v, CORRELATED["dose"]),
                 lambda: s.three_level(CORRELATED["yi"], v, [1] * 11 + [2])):
        if words == "positive definite":
            words = "positive definite|between clusters"
        with pytest.raises(s.SynthesisError, match=words):
            call()


def test_what_correlated_effects_cannot_have_is_refused():
    yi, v = CORRELATED["yi"], CORRELATED["v"]
    with pytest.raises(s.SynthesisError, match="covariances between clusters"):
        s.three_level(yi, v, [1, *[2] * 6, *[3] * 5])
    with pytest.raises(s.SynthesisError, match="'SJ'"):
        s.meta_regression(yi, v, CORRELATED["dose"], tau2_method="SJ")
    with pytest.raises(s.SynthesisError, match="one dimension"):
        s.residuals(yi, v)
    with pytest.raises(s.SynthesisError, match="method must be one of REML, ML"):
        s.three_level(yi, v, CORRELATED["cluster"], method="DL")


# ---------------------------------------------------------------- measures


def test_proportions_by_log_and_arcsine_agree_with_metafor():
    case = MEASURES["proportions"]
    counts = case["events"], case["n"]
    for policy, key in (("only", "only0"), ("all", "all"), ("none", "none")):
        agree_effects(s.log_proportion(*counts, zero_cells=policy), case[f"PLN {key}"])
    agree_effects(s.arcsine_proportion(*counts), case["PAS"])


@pytest.mark.parametrize("rule", ["keep", "drop"])
def test_differences_that_need_no_correction_agree_with_metafor(rule):
    case = MEASURES["tables"]
    agree_effects(s.arcsine_difference(*(case[c] for c in ("e1", "n1", "e2", "n2")),
                                       double_zeros=rule), case[rule])
    case = MEASURES["rates"]
    agree_effects(s.root_rate_difference(*(case[c] for c in ("e1", "t1", "e2", "t2")),
                                         double_zeros=rule), case[rule])


@pytest.mark.parametrize("name", ["means", "small"])
def test_standardised_differences_with_unequal_variances_agree_with_metafor(name):
    case = MEASURES[name]
    arms = [case[column] for column in ("m1", "sd1", "n1", "m2", "sd2", "n2")]
    agree_effects(s.unequal_standardised_mean_difference(*arms), case["SMDH"])
    in_other_units = [np.array(values) * (1 if column in "nn" else 1e6)
                      for column, values in zip("msnmsn", arms, strict=True)]
    agree(s.unequal_standardised_mean_difference(*in_other_units).vi, case["SMDH"]["vi"])
    near = s.unequal_standardised_mean_difference(*arms, correction="approximate")
    agree(near.yi, case["SMDH"]["yi"], 3e-4)


def test_changes_agree_with_metafor():
    case = MEASURES["morris"]["treated"]
    columns = [case[c] for c in ("before", "sdb", "after", "sda", "n", "r")]
    agree_effects(s.ratio_of_paired_means(*columns), case["ROMC"])
    agree_effects(s.standardised_mean_change(*columns, standardiser="baseline-unequal"),
                  case["SMCRH"])
    for bad, words in ((columns[:2] + [[0.0] * 5] + columns[3:], "m_final must differ"),
                       (columns[:2] + [[-1.0] * 5] + columns[3:], "sign")):
        with pytest.raises(s.SynthesisError, match=words):
            s.ratio_of_paired_means(*bad)


def test_changes_against_a_control_group_agree_with_metafor_and_morris():
    case = MEASURES["morris"]
    groups = [case[group][c] for group in ("treated", "control")
              for c in ("before", "sdb", "after", "n")]
    r = case["treated"]["r"]
    for standardiser in ("own", "pooled"):
        got = s.pre_post_control(*groups, r, standardiser=standardiser)
        agree_effects(got, case[standardiser])
    # The last row of the table that metafor's site prints for Morris's d_ppc2.
    assert (round(got.yi[4], 2), round(got.vi[4], 2)) == (0.44, 0.16)
    for bad, words in (((*groups[:3], [2] * 5, *groups[4:], r), "n1 must exceed 2"),
                       ((*groups, 1.0), "below 1"), ((*groups, 2.0), "between -1 and 1"),
                       ((*groups, [0.1, 0.2]), "2 rows, not 5"),
                       ((*groups[:4], *([1] for _ in range(3)), [9], r), "rows")):
        with pytest.raises(s.SynthesisError, match=words):
            s.pre_post_control(*bad)


@pytest.mark.parametrize("variance", ["LS", "UB"])
def test_unbiased_correlations_agree_with_metafor(variance):
    case = MEASURES["correlations"]
    agree_effects(s.unbiased_correlation(case["r"], case["n"], variance=variance), case[variance])
    with pytest.raises(s.SynthesisError, match="exceed 4"):
        s.unbiased_correlation([0.1], [4])
