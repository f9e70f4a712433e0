"""Which model pools which trials."""

from __future__ import annotations

import numpy as np
import pytest

from livingreview import synthesis
from livingreview.synthesis import SynthesisError, protocol
from livingreview.synthesis.bayes import Prior, posterior

PRIOR = Prior("half-normal", 0.5)
TABLES = ([3, 0], [40, 38], [5, 4], [41, 40])  # a group without an event


def _effects(tables):
    effect = synthesis.risk_ratio(*tables)
    return effect.yi, effect.vi


@pytest.mark.parametrize(("k", "model"), [(1, "random"), (2, "posterior"), (3, "random"),
                                          (9, "random")])
def test_the_number_of_trials_decides(k, model):
    y, v = np.linspace(-0.3, 0.2, k), np.full(k, 0.04)
    found = protocol.main_pool(y, v, measure="MD", prior=PRIOR)
    assert (found.k, found.model) == (k, model)
    if model == "random":
        wanted = synthesis.pool(y, v, tau2_method="REML", interval="hksj-guard")
        assert (found.estimate, found.ci_low, found.pi_low) == (
            wanted.estimate, wanted.ci_low, wanted.pi_low)


def test_two_trials_need_a_prior():
    with pytest.raises(SynthesisError, match="prior on tau"):
        protocol.main_pool([0.1, 0.2], [0.1, 0.1], measure="MD")


@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_an_empty_cell_asks_for_mantel_haenszel(measure):
    found = protocol.main_pool(*_effects(TABLES), measure=measure, tables=TABLES, prior=PRIOR)
    wanted = synthesis.mantel_haenszel(*TABLES, measure=measure)
    assert (found.model, found.estimate) == ("mantel-haenszel", wanted.estimate)


def test_an_empty_cell_of_a_trial_without_an_effect_counts_too():
    tables = ([3, 6], [40, 38], [5, 4], [41, 40])
    y, v = _effects(tables)
    options = {"measure": "RR", "tables": tables, "prior": PRIOR}
    assert protocol.main_pool(y, v, **options).model == "posterior"
    assert protocol.main_pool(y, v, zero_cells=True, **options).model == "mantel-haenszel"


def test_where_mantel_haenszel_is_undefined_the_next_rule_holds():
    tables = ([3, 2], [40, 38], [0, 0], [41, 40])  # no control had it
    found = protocol.main_pool(*_effects(tables), measure="RR", tables=tables, prior=PRIOR)
    assert found.model == "posterior"


def test_two_trials_that_contradict_each_other_have_no_common_effect():
    tables = ([60, 0], [60, 60], [2, 50], [60, 60])
    y, v = _effects(tables)
    assert protocol.apart(y, v)
    found = protocol.main_pool(y, v, measure="RR", tables=tables, prior=PRIOR)
    assert found.model == "posterior"


@pytest.mark.parametrize(("distance", "far"), [(3.91, False), (3.93, True)])
def test_intervals_that_touch_are_not_apart(distance, far):
    assert protocol.apart([0, distance], [1, 1]) is far
    assert protocol.apart([0, distance, 9], [1, 1, 1]) is False


def test_a_posterior_as_a_pool_keeps_what_holds_and_leaves_out_the_rest():
    y, v = np.array([-0.4, 0.3]), np.array([0.02, 0.09])
    found, fit = protocol.posterior_pool(y, v, PRIOR), posterior(y, v, PRIOR)
    assert (found.estimate, found.se, found.ci_low) == (fit.estimate, fit.sd, fit.ci_low)
    assert (found.tau2, found.tau2_high) == (fit.tau**2, fit.tau_high**2)
    assert (found.p_value, found.statistic, found.i2, found.df) == (None,) * 4
    assert found.q == pytest.approx(synthesis.heterogeneity(y, v).q, rel=1e-12)
    assert (found.q_df, found.interval) == (1, "credible")
    assert found.weights @ y == pytest.approx(fit.mean, rel=1e-9)
    assert found.weights.sum() == pytest.approx(1, rel=1e-9)


def test_weights_lie_between_those_of_the_common_effect_and_equal_ones():
    v = np.array([0.01, 1.0])
    narrow, wide = (protocol.posterior_pool([0, 0.1], v, Prior("half-normal", s)).weights[0]
                    for s in (1e-4, 50.0))
    assert narrow == pytest.approx(1 / 1.01, rel=1e-6)
    assert 0.5 < wide < narrow
