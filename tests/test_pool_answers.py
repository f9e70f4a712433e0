"""What the command `pool` answers, against metafor and clubSandwich (reference/pool.R)."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from pool_command import answered, called, csv

from livingreview.synthesis import Prior, posterior, protocol

REFERENCE = Path(__file__).parent / "reference"
POOL = json.loads((REFERENCE / "pool.json").read_text(encoding="utf-8"))
COCHRANE = json.loads((REFERENCE / "cochrane.json").read_text(encoding="utf-8"))
UNPUBLISHED = json.loads((REFERENCE / "measures.json").read_text(encoding="utf-8"))[
    "small_study"]["bcg"]
BESIDE, CLUSTERS = POOL["beside"], POOL["clusters"]
BCG = csv(**BESIDE["columns"], alloc=POOL["alloc"])
DISTRICTS = csv(**CLUSTERS["columns"])
ENDS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
ITERATIVE, CLOSED_FORM = 1e-6, 1e-8


def close(got, expected, tolerance=ITERATIVE):
    np.testing.assert_allclose(np.array(got, dtype=float), np.array(expected, dtype=float),
                               rtol=tolerance, atol=1e-9)


@pytest.mark.parametrize("measure", POOL["measures"])
def test_every_measure_of_a_file(tmp_path, measure):
    case = POOL["measures"][measure]
    got = answered(tmp_path, csv(**case["columns"]), "--measure", measure)
    close([s["yi"] for s in got["studies"]], case["yi"], CLOSED_FORM)
    close([s["vi"] for s in got["studies"]], case["vi"], CLOSED_FORM)
    for key in (*ENDS, "se", "tau2", "i2", "q", "statistic", "p_value"):
        close(got[key], case["pooled"][key])
    assert got["tau"] == pytest.approx(math.sqrt(got["tau2"])) and got["rules"] == "plain"


@pytest.mark.parametrize("variance", POOL["smd"])
def test_variances_of_standardised_differences(tmp_path, variance):
    case = POOL["smd"][variance]
    got = answered(tmp_path, csv(**case["columns"]), "--measure", "SMD",
                   "--smd-variance", variance)
    close([s["vi"] for s in got["studies"]], case["vi"], CLOSED_FORM)
    close(got["estimate"], case["pooled"]["estimate"])


def test_a_correlation_of_the_call_serves_every_row(tmp_path):
    columns = POOL["measures"]["MC"]["columns"]
    own = answered(tmp_path, csv(**{**columns, "r": [0.5] * 5}), "--measure", "MC")
    del columns["r"]
    given = answered(tmp_path, csv(**columns), "--measure", "MC", "--correlation", "0.5")
    assert given["estimate"] == own["estimate"] and given["correlation"] == 0.5


def test_each_trial_left_out(tmp_path):
    got = answered(tmp_path, BCG, "--measure", "RR", "--leave-one-out")["leave_one_out"]
    for key in ("estimate", "ci_low", "ci_high", "tau2"):
        close([row[key] for row in got], BESIDE["leave_one_out"][key])


def test_trials_one_after_another(tmp_path):
    got = answered(tmp_path, BCG, "--measure", "RR", "--cumulative", "year")["cumulative"]
    assert [float(row["value"]) for row in got["rows"]] == sorted(BESIDE["columns"]["year"])
    for key in ("estimate", "ci_low", "ci_high"):
        close([row[key] for row in got["rows"]], BESIDE["cumulative"][key])


def test_influence(tmp_path):
    got = answered(tmp_path, BCG, "--measure", "RR", "--influence")["influence"]
    for key, name in (("rstudent", "rstudent"), ("dffits", "dffits"), ("cook", "cook.d"),
                      ("cov_ratio", "cov.r"), ("tau2", "tau2.del"), ("qe", "QE.del"),
                      ("hat", "hat")):
        close([row[key] for row in got], BESIDE["influence"][name])


def test_small_study_effects(tmp_path):
    got = answered(tmp_path, BCG, "--measure", "RR", "--ci", "z", "--egger", "--begg",
                   "--trim-and-fill", "--peters")
    for model, name in (("random", "egger"), ("weighted", "egger_weighted")):
        for key in ("statistic", "p_value"):
            close(got["egger"][model][key], BESIDE[name][key])
    for key in ("tau", "p_value"):
        close(got["begg"][key], BESIDE["begg"][key])
    filled, expected = got["trim_and_fill"], BESIDE["trim_and_fill"]
    assert (filled["k0"], filled["side"]) == (expected["k0"], expected["side"])
    for key in ("estimate", "ci_low", "tau2"):
        close(filled[key], expected[key])
    assert 0 < got["peters"]["p_value"] < 1


def test_what_unpublished_trials_could_do(tmp_path):
    asked = ("--measure", "RR", "--fail-safe", "--excess-significance", "--henmi-copas")
    got, case = answered(tmp_path, BCG, *asked), UNPUBLISHED
    assert {f["kind"]: f["n"] for f in got["fail_safe"]} == {
        kind: answer["n"] for kind, answer in case["fail_safe"].items()}
    for key in ("observed", "expected", "p_value"):
        close(got["excess_significance"][key], case["excess"][key])
    for key in ("estimate", "ci_low", "ci_high"):
        close(math.log(got["henmi_copas"][key]), case["henmi_copas"][key])
    shown = called(tmp_path, BCG, *asked).stdout
    assert "8 of 13 trials are significant, 6.093 would be expected" in shown
    one_arm = answered(tmp_path, "study,e,n\nA,3,10\nB,4,12\nC,2,9\n", "--measure", "PLO",
                       "--fail-safe", "--excess-significance")
    assert one_arm["fail_safe"] is one_arm["excess_significance"] is None


@pytest.mark.parametrize("df", BESIDE["prediction"])
def test_degrees_of_freedom_of_the_prediction(tmp_path, df):
    got = answered(tmp_path, BCG, "--measure", "RR", "--prediction-df", df)
    close([got["pi_low"], got["pi_high"]], BESIDE["prediction"][df])


@pytest.mark.parametrize("ci", POOL["groups"])
def test_subgroups_with_one_tau2(tmp_path, ci):
    got = answered(tmp_path, BCG, "--measure", "RR", "--ci", ci, "--subgroup", "alloc",
                   "--common-tau2")["subgroups"]
    expected = POOL["groups"][ci]
    assert [g["value"] for g in got["groups"]] == expected["labels"] and got["tau2"] == "common"
    for key in ("estimate", "ci_low"):
        close([g[key] for g in got["groups"]], expected[key])
    close([g["tau2"] for g in got["groups"]], [expected["tau2"]] * 3)
    close([got["difference"]["q"], got["difference"]["p_value"]],
          [expected["statistic"], expected["p_value"]])


def test_a_factor_among_moderators_and_the_fit(tmp_path):
    content = csv(**BESIDE["columns"], alloc=POOL["alloc"], latitude=POOL["latitude"])
    got = answered(tmp_path, content, "--measure", "RR", "--moderator", "latitude",
                   "--moderator", "alloc")
    (factor,) = got["meta_regression"]["factors"]
    assert factor["name"] == "alloc" and factor["df"] == [2, 9]
    for key in ("statistic", "p_value"):
        close(factor[key], POOL["joint"][key])
    for key, expected in POOL["fit"].items():
        close(got["fit"][key], expected)


# ---------------------------------------------------------------- as Review Manager does it


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("name", COCHRANE["tables"])
def test_event_outcomes_of_cochrane(tmp_path, name, measure):
    case = COCHRANE["tables"][name]
    content, expected = csv(**{c: case[c] for c in ("e1", "n1", "e2", "n2")}), case[measure]
    back = float if measure == "RD" else math.exp
    got = answered(tmp_path, content, "--measure", measure, "--model", "mh-random")
    fixed = answered(tmp_path, content, "--measure", measure, "--method", "MH",
                     "--zero-cells", "only")
    assert (got["k"], got["model"]) == (expected["k"], "mh-random")
    for key in ("estimate", "ci_low", "ci_high"):
        close(got[key], back(expected[key]))
    for key in ("tau2", "se", "p_value"):
        close(got[key], expected[key])
    close(fixed["estimate"], back(expected["fixed"]["estimate"]))
    for key in ("se", "q"):
        close(fixed[key], expected["fixed"][key])


def test_standardised_differences_of_cochrane(tmp_path):
    case = COCHRANE["smd"]
    content = csv(**{c: case[c] for c in ("m1", "sd1", "n1", "m2", "sd2", "n2")})
    got = answered(tmp_path, content, "--measure", "SMD", "--smd-variance", "RevMan")
    close([s["yi"] for s in got["studies"]], case["yi"], CLOSED_FORM)
    close([s["vi"] for s in got["studies"]], case["vi"], CLOSED_FORM)


def test_subsets(tmp_path):
    five = csv(yi=[0.1, 0.4, 0.3, 0.9, -0.2], vi=[0.05, 0.1, 0.02, 0.2, 0.1])
    got = answered(tmp_path, five, "--measure", "GEN", "--gosh")["gosh"]
    assert got["subsets"] == 2**5 - 1 - 5 and got["complete"]
    assert [q["percent"] for q in got["quantiles"]][::3] == [0, 50, 100]
    assert got["trials"][4]["median_without"] > got["trials"][4]["median_with"]


def test_clusters(tmp_path):
    got = answered(tmp_path, DISTRICTS, "--measure", "GEN", "--cluster", "district")
    for key in ("estimate", "se", "df", "p_value"):
        close(got[key], CLUSTERS[key])
    for key, tolerance in (("estimate", 1e-6), ("se", 1e-6), ("between", 1e-5), ("within", 1e-5)):
        close(got["clusters"]["three_level"][key], CLUSTERS["three_level"][key], tolerance)
    assert got["interval"] == "CR2" and got["clusters"]["clusters"] == 11
    assert got["pi_low"] is None and not any("independent" in said for said in got["warnings"])


def test_the_three_level_model_of_ratios_is_told_as_ratios(tmp_path):
    content = csv(study=[f"t{i:02d}" for i in range(13)], **BESIDE["columns"], alloc=POOL["alloc"])
    asked = ("--measure", "RR", "--cluster", "alloc")
    levels = answered(tmp_path, content, *asked)["clusters"]["three_level"]
    for key, expected in CLUSTERS["ratio"].items():
        close(levels[key], expected, 1e-4)
    out = called(tmp_path, content, *asked).stdout
    assert "three-level model (REML): 0.4946 (0.3253 to 0.7520); on the log scale, var" in out
    assert "prediction interval of a new cluster: 0.1339 to 1.8265" in out


def test_the_working_model_has_its_own_name_and_weights(tmp_path):
    asked = ("--measure", "GEN", "--cluster", "district", "--working", "three-level")
    got, expected = answered(tmp_path, DISTRICTS, *asked), CLUSTERS["working"]
    for key in ("estimate", "se", "df"):
        close(got[key], expected[key], 1e-5)
    close([s["weight"] for s in got["studies"]], expected["weights"], 1e-5)
    assert got["model"] == "three-level"
    assert [got[key] for key in ("tau2", "tau2_low", "i2", "h2", "fit")] == [None] * 5
    head = called(tmp_path, DISTRICTS, *asked).stdout.splitlines()[0]
    assert head.endswith("trials.csv: effect of 56 trials, three-level model (REML)")


@pytest.mark.parametrize("method, working", [("REML", "common"), ("common", "random")])
def test_another_working_model_is_that_of_its_own_pool(tmp_path, method, working):
    asked = ("--measure", "GEN", "--cluster", "district")
    got = answered(tmp_path, DISTRICTS, *asked, "--method", method, "--working", working)
    same = answered(tmp_path, DISTRICTS, *asked, "--method", {"random": "REML"}.get(working,
                                                                                   working))
    for key in ("model", "tau2", "i2", "estimate", "se"):
        assert got[key] == same[key]
    assert [s["weight"] for s in got["studies"]] == [s["weight"] for s in same["studies"]]


def test_a_regression_with_clusters(tmp_path):
    got = answered(tmp_path, DISTRICTS, "--measure", "GEN", "--cluster", "district",
                   "--moderator", "year")["meta_regression"]
    for key in ("estimate", "se", "df"):
        close([c[key] for c in got["coefficients"]], CLUSTERS["regression"][key])


def test_one_row_a_cluster_is_robust_without_clusters(tmp_path):
    rows = csv(study=list("abcdef"), yi=[0.1, 0.5, 0.2, 0.4, 0.8, 0.3], vi=[0.1] * 6)
    got = answered(tmp_path, rows, "--measure", "GEN", "--cluster", "study", "--working", "common")
    # CR2 of equal weights is the variance of the mean: s²/k on k − 1 degrees of freedom.
    y = np.array([0.1, 0.5, 0.2, 0.4, 0.8, 0.3])
    close([got["se"], got["df"]], [y.std(ddof=1) / math.sqrt(6), 5])


# ---------------------------------------------------------------- the rules of the book


def test_two_trials_by_the_book_are_a_posterior(tmp_path):
    content = csv(yi=[-0.4, 0.2], vi=[0.04, 0.09])
    got = answered(tmp_path, content, "--measure", "GEN", "--rules", "book",
                   "--prior", "half-normal:0.5")
    expected = posterior([-0.4, 0.2], [0.04, 0.09], Prior("half-normal", 0.5))
    assert (got["model"], got["interval"], got["p_value"]) == ("posterior", "credible", None)
    for key in ENDS:
        close(got[key], getattr(expected, key), CLOSED_FORM)
    assert got["prior"] == {"family": "half-normal", "scale": 0.5, "df": None, "location": None,
                            "source": None, "share": None, "sd": None}


def test_the_json_of_a_posterior_pool_has_the_posterior(tmp_path):
    content, prior = csv(yi=[-0.4, 0.2], vi=[0.04, 0.09]), ("--prior", "half-normal:0.5")
    asked = ("--measure", "GEN", "--rules", "book", *prior)
    got = answered(tmp_path, content, *asked)
    expected = posterior([-0.4, 0.2], [0.04, 0.09], Prior("half-normal", 0.5))
    assert got["prediction_df"] is None
    close(got["posterior"]["above_null"], expected.beyond(0), CLOSED_FORM)
    close(got["posterior"]["estimate"], got["estimate"], CLOSED_FORM)
    out = called(tmp_path, content, *asked).stdout
    assert "interval of the posterior, with equal tails" in out
    assert "probability that the mean effect is above 0" in out and "median" not in out


def test_priors_of_the_table(tmp_path):
    ratio = answered(tmp_path, csv(yi=[-0.4, 0.2], vi=[0.04, 0.09]), "--measure", "RR",
                     "--rules", "book")
    assert ratio["model"] == "posterior" and ratio["prior"]["source"] == "priors.csv: RR"
    means = csv(m1=[5.0, 6.0], sd1=[2.0, 2.0], n1=[20, 20], m2=[4.0, 4.0], sd2=[2.0, 2.0],
                n2=[20, 20])
    # Of equal arms the unit information SD of a difference is twice the SD.
    prior = answered(tmp_path, means, "--measure", "MD", "--method", "bayes")["prior"]
    close([prior["sd"], prior["scale"]], [4, 4 * prior["share"]])
    assert 0 < prior["share"] < 1


def test_measures_without_a_row_ask_for_a_prior(tmp_path):
    out = called(tmp_path, csv(yi=[1, 2], se=[1, 1]), "--measure", "MD", "--rules", "book")
    assert out.exit_code == 1 and "prior on tau" in out.stderr


@pytest.mark.parametrize("e1, model", [([1, 3, 4], "random"), ([0, 3, 4], "mantel-haenszel")],
                         ids=["filled", "empty-cell"])
def test_the_book_chooses_by_the_tables(tmp_path, e1, model):
    cells = {"e1": e1, "n1": [20, 30, 25], "e2": [3, 6, 5], "n2": [20, 28, 26]}
    got = answered(tmp_path, csv(**cells), "--measure", "RR", "--rules", "book")
    assert (got["rules"], got["model"]) == ("book", model)
    plain = answered(tmp_path, csv(**cells), "--measure", "RR",
                     *(["--method", "MH"] if model != "random" else []))
    assert [got[key] for key in ENDS] == [plain[key] for key in ENDS]


def test_a_trial_without_any_event_makes_the_book_take_mantel_haenszel(tmp_path):
    cells = csv(e1=[0, 3, 4], n1=[20, 30, 25], e2=[0, 6, 5], n2=[20, 28, 26])
    assert answered(tmp_path, cells, "--measure", "RR", "--rules", "book")["model"] == \
        "mantel-haenszel"


def test_the_text_says_why_the_book_took_mantel_haenszel(tmp_path):
    """The empty cell of a trial that is left out counts too (data/PROTOCOL.md)."""
    cells = csv(study=["A", "B", "C"], e1=[0, 3, 5], n1=[40, 60, 60], e2=[0, 9, 9],
                n2=[42, 61, 61])
    asked = ("--measure", "RR", "--rules", "book")
    out = called(tmp_path, cells, *asked).stdout
    assert "Mantel-Haenszel, because a cell of the table is empty in: A (left out)" in out
    got = answered(tmp_path, cells, *asked)
    assert (got["k"], got["empty_cells"]) == (2, [2])
    two = csv(e1=[3, 5], n1=[60, 60], e2=[9, 9], n2=[61, 61])
    assert "because" not in called(tmp_path, two, *asked).stdout
    assert answered(tmp_path, two, *asked)["empty_cells"] is None


def test_a_posterior_that_the_book_lacks_is_missed(tmp_path):
    three = csv(yi=[0.1, 0.5, -0.2], se=[0.2, 0.3, 0.2])
    got = answered(tmp_path, three, "--measure", "MD", "--rules", "book")
    assert got["posterior"] is None and got["model"] == "random"
    assert got["warnings"] == ["no posterior beside the pool: the table of priors has none for "
                               "these trials: give --prior, as half-normal:0.5"]


def test_two_contradicting_trials_have_no_common_effect_by_the_book(tmp_path):
    got = answered(tmp_path, csv(yi=[0.0, 3.0], vi=[0.01, 0.01]), "--measure", "MD",
                   "--rules", "book", "--prior", "half-normal:1")
    assert protocol.apart([0.0, 3.0], [0.01, 0.01]) and got["model"] == "posterior"
    assert got["ci_low"] < 0.2 and got["ci_high"] > 2.8
    assert any("they contradict each other" in said for said in got["warnings"])


@pytest.mark.parametrize("prior, expected", [
    ("half-cauchy:0.5", Prior("half-cauchy", 0.5)), ("half-t:0.5:3", Prior("half-t", 0.5, df=3)),
    ("log-normal:-1:0.8", Prior("log-normal", 0.8, location=-1)),
    ("uniform:2", Prior("uniform", 2))], ids=lambda x: x if isinstance(x, str) else "")
def test_posteriors_under_every_prior(tmp_path, prior, expected):
    y, v = [0.1, 0.5, -0.2], [0.05, 0.1, 0.04]
    got = answered(tmp_path, csv(yi=y, vi=v), "--measure", "GEN", "--method", "bayes",
                   "--prior", prior, "--bayes")
    found = posterior(y, v, expected)
    for key in ENDS:
        close(got[key], getattr(found, key), CLOSED_FORM)
    close(got["posterior"]["above_null"], found.beyond(0), CLOSED_FORM)
    close([s["estimate"] for s in got["posterior"]["shrunk"]], found.shrunk.estimate, CLOSED_FORM)


def test_the_chance_beyond_a_value_is_that_of_the_posterior(tmp_path):
    y, v, prior = [-0.4, -0.1, 0.1], [0.05, 0.03, 0.1], ("--prior", "half-normal:0.5")
    content = csv(yi=y, vi=v)
    found = posterior(y, v, Prior("half-normal", 0.5))
    for measure, value, at in (("OR", 0.8, math.log(0.8)), ("GEN", -0.25, -0.25)):
        asked = ("--measure", measure, "--bayes", *prior, "--beyond", str(value))
        got = answered(tmp_path, content, *asked)["posterior"]["beyond"]
        assert got["value"] == value
        close([got["above"], got["new_above"]], [found.beyond(at), found.beyond_new(at)],
              CLOSED_FORM)
        assert f"{found.beyond(at):.4f}" in called(tmp_path, content, *asked).stdout
    assert answered(tmp_path, content, "--measure", "OR", "--bayes", *prior)[
        "posterior"]["beyond"] is None
    for options, said in (((), "--beyond needs"), (("--bayes",), "--beyond must be a number")):
        out = called(tmp_path, content, "--measure", "OR", *options, "--beyond", "-1")
        assert out.exit_code == 2 and said in out.stderr
