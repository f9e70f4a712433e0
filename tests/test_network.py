"""Network meta-analysis, compared with metafor's `rma.mv` and with dense matrices.

`reference/network.json` is written by `reference/network.R`.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import stdtrit

from livingreview import synthesis
from livingreview.synthesis import (
    Contrasts,
    Network,
    SynthesisError,
    arms_to_contrasts,
    network,
    node_split,
    pool,
)
from livingreview.synthesis.contrasts import connected
from livingreview.synthesis.network_parts import between_designs, designs_of

REFERENCE = json.loads((Path(__file__).parent / "reference" / "network.json").read_text())
NAMES = sorted(REFERENCE)


def contrasts_of(name: str) -> Contrasts:
    """The contrasts of a data set of the reference."""
    case = REFERENCE[name]
    arms = dict(case["arms"])
    return arms_to_contrasts(arms.pop("study"), arms.pop("treatment"), measure=case["measure"],
                             **arms)


def fit(given: Contrasts, **options) -> Network:
    """The network of contrasts with their covariance."""
    return network(given.study, given.treat1, given.treat2, given.yi, given.vi, cov=given.cov,
                   participants=given.participants, **options)


def against_first(net: Network) -> tuple[np.ndarray, np.ndarray]:
    """Estimates and standard errors against the first treatment."""
    return net.estimate[1:, 0], net.se[1:, 0]


@pytest.mark.parametrize("method", ["REML", "DL", "common"])
@pytest.mark.parametrize("name", NAMES)
def test_estimates_are_those_of_metafor(name, method):
    net = fit(contrasts_of(name), tau2_method=method)
    expected = REFERENCE[name][method.lower()]
    estimates, ses = against_first(net)
    assert net.treatments == tuple(REFERENCE[name]["treatments"])
    assert net.k == REFERENCE[name]["k"]
    assert (net.tau2 or 0.0) == pytest.approx(expected["tau2"], rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(estimates, expected["coefficients"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(ses, expected["ses"], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_heterogeneity_and_inconsistency_are_those_of_metafor(name):
    net, case = fit(contrasts_of(name)), REFERENCE[name]
    assert net.q[:2] == pytest.approx((case["q"], case["q_df"]), rel=1e-8)
    assert net.q_within[:2] == pytest.approx((case["q_within"], case["q_within_df"]), rel=1e-8,
                                             abs=1e-9)
    assert net.q_between.q == pytest.approx(case["q"] - case["q_within"], rel=1e-7, abs=1e-8)
    assert net.q_between.df == case["q_df"] - case["q_within_df"]
    if case["interaction"] is None:
        assert net.interaction.df == 0 and net.interaction.p_value is None
        return
    assert net.interaction.q == pytest.approx(case["interaction"]["q"], rel=1e-5)
    assert net.interaction.df == case["interaction"]["df"]
    assert net.interaction.p_value == pytest.approx(case["interaction"]["p_value"], rel=1e-5)
    if case["interaction"]["tau2"] is None:
        assert net.interaction_tau2 is None
    else:
        assert net.interaction_tau2 == pytest.approx(case["interaction"]["tau2"], rel=1e-6,
                                                     abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_p_scores(name):
    given, expected = contrasts_of(name), REFERENCE[name]["p_scores"]
    np.testing.assert_allclose(fit(given).p_scores, expected, rtol=1e-6)
    np.testing.assert_allclose(fit(given, better="lower").p_scores, 1 - np.array(expected),
                               rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_node_splitting_is_that_of_metafor(name):
    net = fit(contrasts_of(name))
    for case in REFERENCE[name]["splits"]:
        split, tau2 = node_split(net.trials, case["treat1"], case["treat2"])
        assert (tau2 or 0.0) == pytest.approx(case["tau2"] or 0.0, rel=1e-6, abs=1e-9)
        for part in ("direct", "indirect", "difference"):
            found = getattr(split, part)
            assert found.estimate == pytest.approx(case[part], rel=1e-6, abs=1e-8)
            assert found.se == pytest.approx(case[f"{part}_se"], rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_an_optimiser_with_dense_matrices_finds_no_other_variance(name):
    net = fit(contrasts_of(name))
    blocks = [(t.covariance, t.between) for t in net.trials]
    size = sum(s.shape[0] for s, _ in blocks)
    cov, between, x = np.zeros((size, size)), np.zeros((size, size)), []
    row = 0
    for trial, (own, spread) in zip(net.trials, blocks, strict=True):
        at = slice(row, row + own.shape[0])
        cov[at, at], between[at, at] = own, spread
        x += [[(trial.incidence[i, trial.arms.index(t)] if t in trial.arms else 0.0)
               for t in net.treatments[1:]] for i in range(own.shape[0])]
        row = at.stop
    x, y = np.array(x), np.concatenate([t.y for t in net.trials])

    def lost(tau2: float) -> float:
        inverse = np.linalg.inv(cov + tau2 * between)
        information = x.T @ inverse @ x
        left = y - x @ np.linalg.solve(information, x.T @ inverse @ y)
        return (np.linalg.slogdet(cov + tau2 * between)[1] + np.linalg.slogdet(information)[1]
                + left @ inverse @ left)

    top = 10 * (y.var() + np.diag(cov).max())
    best = min((minimize_scalar(lost, bounds=(low, high), method="bounded",
                                options={"xatol": 1e-12}).fun
                for low, high in [(0, top / 1e4), (0, top / 100), (0, top)]))
    assert lost(net.tau2) <= min(best, lost(0.0)) + 1e-8


# ---------------------------------------------------------------- invariants


def made_up(seed: int = 3, trials: int = 14, arms: int = 5) -> Contrasts:
    """Contrasts of trials with two to four of several treatments."""
    random = np.random.default_rng(seed)
    names = [f"T{i}" for i in range(arms)]
    study, treatment, mean = [], [], []
    for i in range(trials):
        for j in random.choice(arms, random.integers(2, 5), replace=False):
            study.append(f"s{i}")
            treatment.append(names[j])
            mean.append(j / 3 + random.normal())
    n = random.integers(20, 90, len(study))
    return arms_to_contrasts(study, treatment, measure="MD", n=n, mean=mean,
                             sd=random.uniform(1, 3, len(study)))


def test_reversed_and_reordered_contrasts_change_nothing():
    rows = every_contrast(made_up())
    net = network(*zip(*rows, strict=True))
    order = np.random.default_rng(1).permutation(len(rows))
    again = network(*zip(*((rows[i][0], rows[i][2], rows[i][1], -rows[i][3], rows[i][4])
                           for i in order), strict=True))
    for key in ("estimate", "se", "p_scores", "pi_low", "contribution"):
        np.testing.assert_allclose(getattr(again, key), getattr(net, key), rtol=1e-8, atol=1e-10)
    assert again.tau2 == pytest.approx(net.tau2, rel=1e-8)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_another_unit_scales_everything(scale):
    given = made_up()
    net = fit(given)
    scaled = network(given.study, given.treat1, given.treat2, scale * given.yi,
                     scale**2 * given.vi,
                     cov={name: scale**2 * v for name, v in given.cov.items()})
    np.testing.assert_allclose(scaled.estimate, scale * net.estimate, rtol=1e-7, atol=1e-9 * scale)
    np.testing.assert_allclose(scaled.se, scale * net.se, rtol=1e-7)
    np.testing.assert_allclose(scaled.contribution, net.contribution, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(scaled.heat, net.heat, rtol=1e-6, atol=1e-8)
    assert scaled.tau2 == pytest.approx(scale**2 * net.tau2, rel=1e-7)


def every_contrast(given: Contrasts) -> list[tuple]:
    """All contrasts of every trial with their variances, without covariances."""
    rows = []
    for name in dict.fromkeys(given.study):
        own = [i for i, s in enumerate(given.study) if s == name]
        arms = [given.treat2[own[0]], *(given.treat1[i] for i in own)]
        y, cov = np.append(0, given.yi[own]), np.zeros((len(own) + 1, len(own) + 1))
        cov[1:, 1:] = given.cov[name]
        rows += [(name, arms[i], arms[j], y[i] - y[j], cov[i, i] + cov[j, j] - 2 * cov[i, j])
                 for i, j in combinations(range(len(arms)), 2)]
    return rows


def test_all_contrasts_tell_what_the_covariance_tells():
    given = made_up()
    net, again = fit(given), network(*zip(*every_contrast(given), strict=True))
    np.testing.assert_allclose(again.estimate, net.estimate, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(again.se, net.se, rtol=1e-8)
    assert again.q.q == pytest.approx(net.q.q, rel=1e-8)


def test_two_treatments_are_a_pairwise_analysis():
    y, v = [0.3, -0.4, 0.9, 0.2], [0.05, 0.1, 0.08, 0.2]
    net = network(list("abcd"), ["x"] * 4, ["y"] * 4, y, v)
    one = pool(y, v, interval="z")
    assert net.estimate[0, 1] == pytest.approx(one.estimate, rel=1e-9)
    assert net.se[0, 1] == pytest.approx(one.se, rel=1e-9)
    assert (net.tau2, net.i2, net.q.q) == pytest.approx((one.tau2, one.i2, one.q), rel=1e-8)
    assert (net.tau2_low, net.tau2_high) == pytest.approx((one.tau2_low, one.tau2_high), rel=1e-8)
    by_k = pool(y, v, interval="z", prediction_df="k-2")
    half = stdtrit(2, 0.975) * np.hypot(one.se, np.sqrt(one.tau2))
    assert net.pi_high[0, 1] == pytest.approx(one.estimate + half, rel=1e-8)
    assert by_k.tau2 == pytest.approx(net.tau2)
    guard = network(list("abcd"), ["x"] * 4, ["y"] * 4, y, v, interval="hksj-guard")
    pairwise = pool(y, v, interval="hksj-guard")
    assert guard.ci_low[0, 1] == pytest.approx(pairwise.ci_low, rel=1e-8)
    assert guard.df == 3
    assert net.split[0].indirect is None and net.split[0].share == pytest.approx(1)


def test_an_indirect_comparison_is_bucher():
    net = network(["1", "2"], ["b", "c"], ["a", "a"], [0.5, 0.2], [0.04, 0.09])
    i, j = net.treatments.index("b"), net.treatments.index("c")
    assert net.estimate[i, j] == pytest.approx(0.3)
    assert net.se[i, j] == pytest.approx(np.sqrt(0.13))
    assert (net.tau2, net.i2, net.pi_low, net.q.p_value) == (None, None, None, None)
    assert any("common effect is assumed" in said for said in net.warnings)
    assert net.reference == "a"
    of = net.pairs.index(("b", "c"))
    np.testing.assert_allclose(net.contribution[of], [0.5, 0.5, 0])
    np.testing.assert_allclose(net.trial_contribution[of], [0.5, 0.5])


def test_a_giant_trial_beside_a_tiny_one_keeps_both_variances():
    v = [1e-10, 1e8, 2e8]
    net = network("123", list("aab"), list("bcd"), [0.5, 3, 1], v)
    i = {name: k for k, name in enumerate(net.treatments)}
    assert net.se[i["a"], i["b"]] ** 2 == pytest.approx(1e-10, rel=1e-9)
    assert net.se[i["a"], i["c"]] ** 2 == pytest.approx(1e8, rel=1e-9)
    assert net.se[i["c"], i["d"]] ** 2 == pytest.approx(3e8, rel=1e-9)
    assert net.estimate[i["a"], i["b"]] == pytest.approx(0.5, rel=1e-9)
    np.testing.assert_allclose(net.contribution.sum(axis=1), 1)


def test_a_triangle_splits_into_direct_and_indirect():
    y, v = [1.0, 0.4, 0.9], [0.04, 0.05, 0.06]
    net = network("123", ["a", "b", "a"], ["b", "c", "c"], y, v, tau2_method="common")
    split = {(s.treat1, s.treat2): s for s in net.split}[("a", "c")]
    assert split.direct.estimate == pytest.approx(0.9)
    assert split.indirect.estimate == pytest.approx(1.4)
    assert split.difference.estimate == pytest.approx(-0.5)
    assert split.difference.se == pytest.approx(np.sqrt(sum(v)))
    assert split.share == pytest.approx(0.09 / (0.09 + 0.06))
    assert net.q.q == pytest.approx(0.25 / sum(v)) == net.q_between.q
    again, tau2 = node_split(net.trials, "a", "c", tau2_method="common")
    assert tau2 is None
    assert again.difference.estimate == pytest.approx(-0.5)
    assert again.difference.se == pytest.approx(split.difference.se)
    # One loop: whichever design is set free, nothing is left of the inconsistency.
    np.testing.assert_allclose(net.heat, np.diag(net.heat)[:, None] * np.ones(3), rtol=1e-9)


def test_contributions_are_shares_by_paths():
    y = [0.0, 0.1, 0.2, 0.3, 0.1]
    net = network("12345", list("aabbc"), list("bccdd"), y, [1.0] * 5, tau2_method="common")
    np.testing.assert_allclose(net.contribution.sum(axis=1), 1)
    np.testing.assert_allclose(net.trial_contribution.sum(axis=1), 1)
    # a-d: by symmetry a-b-d and a-c-d carry half each, and nothing flows from b to c.
    row = dict(zip(net.pairs, net.contribution[net.pairs.index(("a", "d"))], strict=True))
    assert row == pytest.approx({("a", "b"): 0.25, ("a", "c"): 0.25, ("b", "d"): 0.25,
                                 ("c", "d"): 0.25, ("b", "c"): 0, ("a", "d"): 0})
    # a-b: 5/8 directly; 1/4 by c; 1/8 by c and d, three steps long.
    row = dict(zip(net.pairs, net.contribution[net.pairs.index(("a", "b"))], strict=True))
    assert row == pytest.approx({
        ("a", "b"): 5 / 8, ("a", "c"): 1 / 8 + 1 / 24, ("b", "c"): 1 / 8, ("b", "d"): 1 / 24,
        ("c", "d"): 1 / 24, ("a", "d"): 0})


@pytest.mark.parametrize("name", ["senn2013", "woods2010", "dong2013"])
def test_detaching_a_design_is_leaving_it_out(name):
    net = fit(contrasts_of(name), tau2_method="common")
    for e, design in enumerate(net.designs):
        rest = [t for t in net.trials if tuple(sorted(t.arms)) != design.arms]
        left = designs_of(rest)
        full = np.diag(net.heat)
        others = [d for d in range(len(net.designs)) if d != e]
        total = sum(full[others]) - net.heat[others, e].sum()
        parts = [part for part in connected(rest)]
        again = sum(between_designs([d for d in left if set(d.arms) <= set(part)], part).q
                    for part in parts)
        assert total == pytest.approx(again, rel=1e-7, abs=1e-7)
    assert np.diag(net.heat).sum() == pytest.approx(net.q_between.q)


# ---------------------------------------------------------------- plain words and errors


def test_parts_that_no_trial_connects_are_analysed_by_themselves():
    study, t1, t2 = list("12345"), list("aabxx"), list("bccyy")
    y, v = [0.1, 0.3, 0.2, 1.0, 1.4], [0.1, 0.1, 0.2, 0.1, 0.2]
    net = network(study, t1, t2, y, v)
    assert net.components == (("a", "b", "c"), ("x", "y"))
    assert net.treatments == ("a", "b", "c")
    assert [other.treatments for other in net.others] == [("x", "y")]
    alone = network(study[3:], t1[3:], t2[3:], y[3:], v[3:])
    np.testing.assert_allclose(net.others[0].estimate, alone.estimate)
    assert any("2 parts" in said and "a, b, c; x, y" in said for said in net.warnings)
    other = network(study, t1, t2, y, v, reference="y")
    assert other.treatments == ("x", "y") and other.components[0] == ("x", "y")


ERRORS = {
    "itself": ((["1"], ["a"], ["a"], [1], [1]), {}, "with itself"),
    "twice": ((["1", "1"], ["a", "b"], ["b", "a"], [1, 1], [1, 1]), {}, "twice"),
    "missing contrast": ((["1", "1"], ["a", "a"], ["b", "c"], [1, 1], [1, 1]), {},
                         "2 of 3 contrasts"),
    "effects": ((["1"] * 3, ["a", "a", "b"], ["b", "c", "c"], [1, 3, 1], [1, 1, 1]), {},
                "effects of 1 contradict"),
    "variances": ((["1"] * 3, ["a", "a", "b"], ["b", "c", "c"], [1, 2, 1], [1, 1, 9]), {},
                  "variances of 1 contradict"),
    "variance": ((["1"], ["a"], ["b"], [1], [0]), {}, "must be positive"),
    "label": ((["1"], [""], ["b"], [1], [1]), {}, "treat1 is missing"),
    "rows": ((["1", "2"], ["a"], ["b"], [1], [1]), {}, "study has 2 rows"),
    "reference": ((["1"], ["a"], ["b"], [1], [1]), {"reference": "z"}, "reference must be one"),
    "method": ((["1"], ["a"], ["b"], [1], [1]), {"tau2_method": "ML"}, "tau2_method"),
    "interval": ((["1"], ["a"], ["b"], [1], [1]), {"interval": "hksj"}, "interval"),
    "level": ((["1"], ["a"], ["b"], [1], [1]), {"level": 1}, "level"),
    "better": ((["1"], ["a"], ["b"], [1], [1]), {"better": "small"}, "better"),
    "prediction": ((["1"], ["a"], ["b"], [1], [1]), {"prediction_df": "k"}, "prediction_df"),
    "unknown cov": ((["1"], ["a"], ["b"], [1], [1]), {"cov": {"2": [[1]]}}, "study 2"),
    "cov shape": ((["1"], ["a"], ["b"], [1], [1]), {"cov": {"1": [1]}}, "shape"),
    "cov variances": ((["1"], ["a"], ["b"], [1], [1]), {"cov": {"1": [[2]]}}, "other variances"),
    "cov asymmetric": ((["1"] * 2, ["a", "a"], ["b", "c"], [1, 1], [1, 1]),
                       {"cov": {"1": [[1, 0.4], [0.6, 1]]}}, "not symmetric"),
    "cov singular": ((["1"] * 2, ["a", "a"], ["b", "c"], [1, 1], [1, 1]),
                     {"cov": {"1": [[1, 1], [1, 1]]}}, "contradict each other"),
    "cov unconnected": ((["1"] * 2, ["a", "c"], ["b", "d"], [1, 1], [1, 1]),
                        {"cov": {"1": [[1, 0], [0, 1]]}}, "do not connect"),
    "participants": ((["1"], ["a"], ["b"], [1], [1]), {"participants": {("1", "a"): 5}},
                     "lack the arm b"),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_computed_is_refused(case):
    rows, options, said = ERRORS[case]
    with pytest.raises(SynthesisError, match=said):
        network(*rows, **options)


def test_effects_that_differ_by_rounding_are_reconciled():
    net = network(["1"] * 3, list("aab"), list("bcc"), [1.0, 2.01, 1.0], [0.04] * 3)
    np.testing.assert_allclose(net.estimate[0, 1:], [1.0 + 0.01 / 3, 2.01 - 0.01 / 3], rtol=1e-9)


def test_a_node_is_split_only_where_other_trials_connect_it():
    given = arms_to_contrasts(
        ["1", "1", "1", "2", "2"], list("abcac"), measure="MD", n=[30] * 5,
        mean=[1, 2, 3, 1.1, 2.8], sd=[1.0] * 5)
    net = fit(given)
    with pytest.raises(SynthesisError, match="connect a with b"):
        node_split(net.trials, "a", "b")
    with pytest.raises(SynthesisError, match="no trial compares a with z"):
        node_split(net.trials, "a", "z")
    assert all(s.indirect is None for s in net.split)


# ---------------------------------------------------------------- arms


MEANS = {"n": [20, 30], "mean": [4.0, 5.0], "sd": [1.0, 2.0]}
EVENTS = {"n": [20, 30], "events": [4, 9]}
TWO_ARMS = {
    "MD": (MEANS, synthesis.mean_difference), "ROM": (MEANS, synthesis.ratio_of_means),
    "SMD": (MEANS, synthesis.standardised_mean_difference),
    "OR": (EVENTS, synthesis.odds_ratio), "RR": (EVENTS, synthesis.risk_ratio),
    "RD": (EVENTS, synthesis.risk_difference)}


@pytest.mark.parametrize("measure", TWO_ARMS)
def test_two_arms_are_the_effects_of_the_measure(measure):
    arms, function = TWO_ARMS[measure]
    found = arms_to_contrasts(["1", "1"], ["control", "drug"], measure=measure, **arms)
    keys = ("mean", "sd", "n") if "mean" in arms else ("events", "n")
    expected = function(*(arms[key][1] for key in keys), *(arms[key][0] for key in keys))
    assert (found.treat1, found.treat2) == (("drug",), ("control",))
    np.testing.assert_allclose([found.yi[0], found.vi[0]], [expected.yi[0], expected.vi[0]])


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_zero_cells_of_several_arms(measure):
    found = arms_to_contrasts(["1"] * 3, list("abc"), measure=measure, n=[10, 20, 30],
                              events=[0, 3, 5])
    pair = TWO_ARMS[measure][1]
    options = {"correct": "variance"} if measure == "RD" else {}
    first = pair(3, 20, 0, 10, **options)
    assert found.yi[0] == pytest.approx(first.yi[0]) and found.vi[0] == pytest.approx(first.vi[0])
    # The third arm is corrected too, as an arm of the same trial.
    second = pair(5.5, 31, 0.5, 11, zero_cells="none") if measure != "RD" else None
    if second is not None:
        assert found.yi[1] == pytest.approx(second.yi[0])
    assert found.cov["1"][0, 1] > 0


def test_the_first_arm_of_a_trial_does_not_matter():
    arms = {"n": np.array([20, 35, 28, 40, 25]), "mean": np.array([4.0, 5.5, 5.0, 4.2, 6.0]),
            "sd": np.array([1.0, 2.0, 1.5, 1.2, 1.1])}
    study, treatment = np.array(list("11122")), np.array(list("abcab"))
    for measure in ("MD", "SMD", "ROM"):
        net = fit(arms_to_contrasts(study, treatment, measure=measure, **arms))
        order = [2, 1, 0, 4, 3]
        again = fit(arms_to_contrasts(study[order], treatment[order], measure=measure,
                                      **{key: value[order] for key, value in arms.items()}))
        tolerance = 0.02 if measure == "SMD" else 1e-9  # its variances hold the effects
        np.testing.assert_allclose(again.estimate, net.estimate, rtol=tolerance, atol=1e-9)


def test_arms_of_one_treatment_are_merged():
    found = arms_to_contrasts(["1"] * 3, ["drug", "control", "drug"], measure="OR",
                              n=[10, 20, 30], events=[4, 5, 6])
    whole = synthesis.odds_ratio(10, 40, 5, 20)
    assert (found.treat1, found.treat2) == (("control",), ("drug",))
    assert found.yi[0] == pytest.approx(-whole.yi[0])
    assert found.participants == {("1", "drug"): 40, ("1", "control"): 20}
    assert found.warnings == ("1: arms of one treatment (drug) are merged",)


UNUSED = {
    "one arm": ("MD", {"n": [9], "mean": [1], "sd": [1]}, 1, "fewer than 2 treatments"),
    "no events": ("OR", {"n": [9, 9], "events": [0, 0]}, 2, "no events"),
    "no events RR": ("RR", {"n": [9, 9], "events": [0, 0]}, 2, "no events"),
    "all events": ("OR", {"n": [9, 9], "events": [9, 9]}, 2, "all participants"),
    "signs": ("ROM", {"n": [9, 9], "mean": [1, -1], "sd": [1, 1]}, 2, "one sign"),
    "few": ("SMD", {"n": [1.4, 1.5], "mean": [1, 2], "sd": [1, 1]}, 2, "too few"),
}


@pytest.mark.parametrize("case", UNUSED)
def test_trials_without_a_contrast_are_named(case):
    measure, arms, size, said = UNUSED[case]
    with pytest.raises(SynthesisError, match=said):
        arms_to_contrasts(["1"] * size, list("ab")[:size], measure=measure, **arms)
    both = {key: [*values, *([20, 20] if key == "n" else [1, 2])] for key, values in arms.items()}
    found = arms_to_contrasts(["1"] * size + ["2"] * 2, list("ab")[:size] + list("ab"),
                              measure=measure, **both)
    assert found.study == ("2",) and said in found.reasons["1"]


BAD_ARMS = {
    "events above": ("OR", {"n": [9, 9], "events": [4, 10]}, "row 1: events"),
    "negative": ("OR", {"n": [9, 9], "events": [-4, 1]}, "row 0: events"),
    "size": ("OR", {"n": [9, 0], "events": [4, 0]}, "row 1: n"),
    "sd": ("MD", {"n": [9, 9], "mean": [1, 2], "sd": [1, 0]}, "row 1: sd"),
    "one participant": ("MD", {"n": [1, 9], "mean": [1, 2], "sd": [1, 1]}, "row 0: n"),
    "no sd": ("MD", {"n": [9, 9], "mean": [1, 2]}, "needs mean and sd"),
    "no events": ("RR", {"n": [9, 9]}, "needs events"),
    "measure": ("HR", {"n": [9, 9]}, "measure must be one"),
    "labels": ("RR", {"n": [9, 9, 9], "events": [1, 1, 1]}, "study has 2 rows"),
}


@pytest.mark.parametrize("case", BAD_ARMS)
def test_bad_arms_are_refused(case):
    measure, arms, said = BAD_ARMS[case]
    with pytest.raises(SynthesisError, match=said):
        arms_to_contrasts(["1", "1"], ["a", "b"], measure=measure, **arms)


def test_ten_treatments_in_a_hundred_trials_are_fitted():
    net = fit(made_up(5, 100, 10))
    assert len(net.treatments) == 10 and net.k == 100


# ---------------------------------------------------------------- what netmeta prints

# Contrasts as the summary of a netmeta object prints them, with four decimals: 13 trials of
# cognitive remediation, computer-based (DCRT) or not (CRT), against active controls (ACC).
PRINTED = [
    ("Byeon", "CRT", "DCRT", -0.1821, 0.4011), ("Carcelen", "ACC", "CRT", -0.4495, 0.2404),
    ("Diaz", "ACC", "DCRT", 0.2066, 0.4283), ("Han", "ACC", "DCRT", -0.1927, 0.2174),
    ("Kawashima", "ACC", "CRT", -0.9299, 0.3372), ("Lee", "ACC", "CRT", -0.3927, 0.5829),
    ("Lee", "ACC", "DCRT", -0.5043, 0.5651), ("Lee", "CRT", "DCRT", -0.1248, 0.5569),
    ("Li", "ACC", "DCRT", -0.7860, 0.1757), ("Lu", "ACC", "DCRT", -0.0000, 0.3563),
    ("Oliveira", "ACC", "DCRT", -0.9673, 0.5200), ("Petri", "ACC", "DCRT", -1.3111, 0.4929),
    ("Prokopenko", "ACC", "DCRT", -0.1281, 0.2865), ("Savulich", "ACC", "DCRT", -0.6373, 0.3163),
    ("Tian", "ACC", "CRT", -0.6058, 0.2121)]


def test_what_netmeta_prints_of_thirteen_trials():
    study, t1, t2, yi, se = zip(*PRINTED, strict=True)
    net = network(study, t1, t2, yi, np.square(se), tau2_method="DL")
    near = pytest.approx
    assert net.treatments == ("ACC", "CRT", "DCRT")
    for i, printed in ((1, (0.5543, 0.2328, 0.8759)), (2, (0.4733, 0.2338, 0.7128))):
        found = net.estimate[i, 0], net.ci_low[i, 0], net.ci_high[i, 0]
        assert found == near(printed, abs=1.1e-4)
    assert net.p_values[1:, 0] == near([0.0007, 0.0001], abs=6e-5)
    assert (net.tau2, net.i2) == near((0.0377, 28), abs=0.05) and net.tau2 == near(0.0377, abs=6e-5)
    assert net.q[:2] == near((16.66, 12), abs=0.01)
    assert net.q_within[:2] == near((15.97, 9), abs=0.006)
    assert net.q_between[:2] == near((0.70, 3), abs=0.006)
    # The three contrasts of Lee differ by 0.013 from each other; netmeta pools them as they are.
    printed = {("ACC", "CRT"): (4, 0.86, -0.6039, -0.2584),
               ("CRT", "DCRT"): (2, 0.29, -0.1613, 0.1787),
               ("ACC", "DCRT"): (9, 0.93, -0.4459, -0.8279)}
    for split in net.split:
        k, share, direct, indirect = printed[split.treat1, split.treat2]
        assert split.k == k and split.share == near(share, abs=0.006)
        assert split.direct.estimate == near(direct, abs=2e-3)
        assert split.indirect.estimate == near(indirect, abs=3e-3)


def test_what_netmeta_prints_of_three_trials():
    """Version 2.9-0, in an analysis by Edefo J (2024) of made-up risk ratios."""
    rows = (list("123"), list("AAB"), list("BCC"), np.log([1.2, 1.4, 0.9]),
            np.square([0.1, 0.12, 0.15]))
    printed = {"common": [(0.7885, 0.6627, 0.9382), (0.7735, 0.6360, 0.9408)],
               "DL": [(0.7810, 0.6267, 0.9734), (0.7751, 0.6120, 0.9817)]}
    for method, lines in printed.items():
        net = network(*rows, tau2_method=method)
        for i, line in enumerate(lines, 1):
            found = np.exp([net.estimate[i, 0], net.ci_low[i, 0], net.ci_high[i, 0]])
            assert found == pytest.approx(line, abs=6e-5)
        assert net.q_between == pytest.approx((1.44, 1, 0.2308), abs=5e-3)
        assert net.i2 == pytest.approx(30.4, abs=0.05)
    assert net.tau2 == pytest.approx(0.0068, abs=6e-5)
