"""Network meta-analysis, compared with metafor's `rma.mv` and with dense matrices.

`reference/network.json` is written by `reference/network.R`.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from livingreview.synthesis import (
    Contrasts,
    Network,
    arms_to_contrasts,
    network,
    node_split,
)

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
