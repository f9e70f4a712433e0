"""Conventions of Review Manager for event outcomes, against metafor's pieces and printed results.

`reference/cochrane.json` is written by `reference/cochrane.R`; no R is needed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livingreview import synthesis as s

REFERENCE = json.loads((Path(__file__).parent / "reference" / "cochrane.json").read_text())
CASES = [(name, measure) for name in REFERENCE["tables"] for measure in ("RR", "OR", "RD")]
CLOSED_FORM = 1e-10


def cells(name):
    case = REFERENCE["tables"][name]
    return [case[column] for column in ("e1", "n1", "e2", "n2")]


@pytest.mark.parametrize(("name", "measure"), CASES)
def test_mantel_haenszel_as_in_revman(name, measure):
    expected = REFERENCE["tables"][name][measure]
    got = s.mantel_haenszel(*cells(name), measure=measure, convention="revman")
    assert got.k == expected["k"] and got.q_df == got.k - 1
    for field in ("estimate", "se", "q"):
        assert getattr(got, field) == pytest.approx(expected["fixed"][field], rel=CLOSED_FORM)
    assert got.q_p == pytest.approx(expected["q_p"], rel=CLOSED_FORM)


@pytest.mark.parametrize(("name", "measure"), CASES)
def test_random_effects_about_the_mantel_haenszel_estimate(name, measure):
    expected = REFERENCE["tables"][name][measure]
    got = s.mantel_haenszel_random(*cells(name), measure=measure)
    assert (got.model, got.tau2_method, got.interval) == ("mh-random", "DL-MH", "z")
    for field in ("tau2", "estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "q_p",
                  "i2"):
        assert getattr(got, field) == pytest.approx(expected[field], rel=CLOSED_FORM, abs=1e-14)
    np.testing.assert_allclose(got.weights[got.weights > 0], expected["weights"], rtol=CLOSED_FORM)
    assert got.k == expected["k"] == (got.weights > 0).sum()


def test_q_about_the_mantel_haenszel_estimate_is_never_smaller_than_about_the_mean():
    arms = cells("linde2005")
    effects = s.risk_ratio(*arms)
    plain = s.pool(effects.yi[effects.used], effects.vi[effects.used], tau2_method="DL",
                   interval="z")
    cochrane = s.mantel_haenszel_random(*arms)
    assert cochrane.q > plain.q and cochrane.tau2 > plain.tau2


def test_intervals_by_name_and_prediction():
    arms = cells("linde2005")
    wald, guarded = (s.mantel_haenszel_random(*arms, interval=one) for one in ("z", "hksj-guard"))
    assert guarded.tau2 == wald.tau2 and guarded.estimate == wald.estimate
    assert guarded.df == guarded.k - 1 and guarded.se >= wald.se
    assert wald.pi_low < wald.ci_low and wald.pi_high > wald.ci_high
    narrow = s.mantel_haenszel_random(*arms, level=0.5)
    assert narrow.ci_high < wald.ci_high


def test_risk_differences_with_zero_cells_as_review_manager_prints_them():
    # 0 of 40 against 0 of 10, 0 of 60 against 0 of 20: RevMan Web prints 0 (-0.128 to 0.128),
    # 0 (-0.069 to 0.069), pooled 0 (-0.061 to 0.061); metafor -0.033 and -0.016.
    arms = [0, 0], [40, 60], [0, 0], [10, 20]
    got = s.risk_difference(*arms, correct="variance")
    assert got.yi.tolist() == [0, 0]
    assert 1.96 * np.sqrt(got.vi) == pytest.approx([0.128, 0.069], abs=5e-4)
    pooled = s.pool(got.yi, got.vi, tau2_method="DL", interval="z")
    assert (pooled.estimate, pooled.ci_high) == (0, pytest.approx(0.061, abs=5e-4))
    assert s.risk_difference(*arms).yi == pytest.approx([-1 / 30, -1 / 64], abs=1e-3)
    # 1/20 v 0/10, 2/30 v 0/15, 0/12 v 0/5: 0.05, 0.0667, 0; pooled 0.0516 (-0.042 to 0.145).
    got = s.risk_difference([1, 2, 0], [20, 30, 12], [0, 0, 0], [10, 15, 5], correct="variance")
    assert got.yi == pytest.approx([0.05, 0.0667, 0], abs=5e-5)
    pooled = s.pool(got.yi, got.vi, tau2_method="DL", interval="z")
    assert pooled.estimate == pytest.approx(0.0516, abs=5e-5)
    assert (pooled.ci_low, pooled.ci_high) == pytest.approx((-0.042, 0.145), abs=5e-4)


def test_the_correction_changes_only_tables_with_a_zero_cell():
    arms = [3, 0, 5], [20, 30, 5], [4, 2, 9], [25, 30, 11]
    both, variance = (s.risk_difference(*arms, correct=one) for one in ("both", "variance"))
    assert (both.vi == variance.vi).all()
    assert both.yi[0] == variance.yi[0] and both.yi[1] != variance.yi[1]
    assert variance.yi[1:] == pytest.approx([-2 / 30, 1 - 9 / 11])


def test_no_events_at_all_have_a_mantel_haenszel_risk_difference_of_0_as_in_revman():
    arms = [0, 0], [40, 60], [0, 0], [10, 20]
    got = s.mantel_haenszel(*arms, measure="RD", convention="revman")
    assert (got.estimate, got.q, got.k) == (0, 0, 2) and got.se > 0
    with pytest.raises(s.SynthesisError, match="not positive"):
        s.mantel_haenszel(*arms, measure="RD")


def test_a_table_of_events_alone_keeps_its_risk_ratio_of_one():
    arms = [18, 5, 30, 9], [20, 10, 30, 24], [14, 3, 12, 4], [20, 10, 12, 22]
    exact, revman = (s.mantel_haenszel(*arms, convention=one) for one in s.event_tables.CONVENTIONS)
    # 1.272 (1.030 to 1.571) is metafor's rma.mh; no other table has a zero cell.
    assert np.exp(exact.estimate) == pytest.approx(1.272, abs=5e-4)
    assert revman.estimate == exact.estimate and (exact.q_df, revman.q_df) == (2, 3)


def test_zero_events_in_one_arm_of_all_tables_have_a_ratio_as_in_revman():
    arms = [0, 0], [10, 12], [1, 2], [10, 9]
    for measure in ("RR", "OR"):
        with pytest.raises(s.SynthesisError, match="undefined"):
            s.mantel_haenszel(*arms, measure=measure)
        assert s.mantel_haenszel(*arms, measure=measure, convention="revman").estimate < 0
        assert s.mantel_haenszel_random(*arms, measure=measure).estimate < 0


def test_one_table_is_that_table_and_none_is_refused():
    alone = s.mantel_haenszel_random([3, 0], [20, 10], [5, 0], [22, 11])
    effect = s.risk_ratio([3], [20], [5], [22])
    assert alone.k == 1 and alone.tau2 is None and alone.model == "mh-random"
    assert alone.estimate == effect.yi[0] and alone.weights.tolist() == [1, 0]
    assert len(alone.warnings) == 2
    with pytest.raises(s.SynthesisError, match="no table contributes"):
        s.mantel_haenszel_random([0], [10], [0], [10])
    with pytest.raises(s.SynthesisError, match="interval must be one of"):
        s.mantel_haenszel_random([1, 2], [10, 9], [3, 1], [10, 9], interval="wald")
    with pytest.raises(s.SynthesisError, match="convention must be one of"):
        s.mantel_haenszel([1, 2], [10, 9], [3, 1], [10, 9], convention="meta")


def test_standardised_differences_as_in_revman():
    case = REFERENCE["smd"]
    got = s.standardised_mean_difference(
        *(case[column] for column in ("m1", "sd1", "n1", "m2", "sd2", "n2")),
        correction="approximate", variance="RevMan")
    np.testing.assert_allclose(got.yi, case["yi"], rtol=CLOSED_FORM)
    np.testing.assert_allclose(got.vi, case["vi"], rtol=CLOSED_FORM)
    with pytest.raises(s.SynthesisError, match="exceed 3.94"):
        s.standardised_mean_difference([1], [1], [1.9], [0], [1], [1.9], variance="RevMan")
