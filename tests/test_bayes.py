"""Posteriors of few trials: held against quadrature by others, published values and calibration.

`reference/posteriors.json` is written by `reference/posteriors.R` (base R); no R is needed here.
"""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import ndtr

from livingreview.synthesis import (
    EffectPrior,
    Prior,
    SynthesisError,
    odds_ratio,
    pad,
    pool,
    posterior,
    posterior_many,
)

REFERENCE = Path(__file__).parent / "reference"
ANSWERS = json.loads((REFERENCE / "posteriors.json").read_text())
CASES = json.loads((REFERENCE / "metafor.json").read_text())["cases"]
EFFECTS = {"flat": None, **{name: EffectPrior(**e) for name, e in ANSWERS["effects"].items()}}
PRIORS = {name: Prior(name, **numbers) for name, numbers in ANSWERS["priors"].items()}
FIELDS = ("estimate", "mean", "sd", "ci_low", "ci_high", "tau", "tau_mean", "tau_low", "tau_high",
          "pi_estimate", "pi_low", "pi_high", "log_marginal")
FLAT = Prior("uniform", math.inf)
TWO = ([-21.0, -47.0], [30.0, 25.0])


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


# ---------------------------------------------------------------- other quadratures

@pytest.mark.parametrize("family", PRIORS)
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("name", ANSWERS["posteriors"])
def test_agrees_with_the_integrals_of_base_r(name, family, effect):
    case, answer = CASES[name], ANSWERS["posteriors"][name][family][effect]
    found = posterior(case["yi"], case["vi"], PRIORS[family], effect=EFFECTS[effect])
    ours = {key: getattr(found, key) for key in FIELDS if key in answer}
    ours |= {"beyond": found.beyond(ANSWERS["beyond"]), "shrunk_mean": found.shrunk.mean,
             "beyond_new": found.beyond_new(ANSWERS["beyond"])}
    assert ours.keys() == answer.keys()
    for key, value in ours.items():
        np.testing.assert_allclose(value, answer[key], rtol=1e-8, atol=1e-10, err_msg=key)


def _direct(y, v, density, end):
    """Expectations over τ by SciPy's adaptive quadrature on τ itself, in pieces up to `end`."""
    y, v = np.array(y), np.array(v)

    def given_tau(tau):
        w = 1 / (v + tau**2)
        mean = (w @ y) / w.sum()
        log = -0.5 * np.log(v + tau**2).sum() - 0.5 * np.log(w.sum()) - 0.5 * w @ (y - mean)**2
        return math.exp(log) * density(tau), mean, 1 / math.sqrt(w.sum())

    def integral(f, upto=end):
        def integrand(tau):
            mass, mean, sd = given_tau(tau)
            return mass * f(tau, mean, sd)
        knots = np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 12) * upto])
        return sum(quad(integrand, a, b, epsabs=0, epsrel=1e-12)[0]
                   for a, b in zip(knots, knots[1:], strict=False))

    total = integral(lambda *_: 1.0)
    return lambda f, **options: integral(f, **options) / total


@pytest.mark.parametrize("prior, density, end", [
    (Prior("half-normal", 10.0), lambda t: stats.halfnorm.pdf(t, scale=10), 120.0),
    (Prior("half-cauchy", 10.0), lambda t: stats.halfcauchy.pdf(t, scale=10), 1e6),
    (Prior("half-t", 8.0, df=3.0), lambda t: 2 * stats.t.pdf(t / 8, 3) / 8, 1e5),
    (Prior("log-normal", 0.9, location=1.5),
     lambda t: stats.lognorm.pdf(t, 0.9, scale=math.exp(1.5)), 1e4),
    (Prior("uniform", 40.0), lambda t: 1 / 40, 40.0),
], ids=lambda value: value.family if isinstance(value, Prior) else "")
def test_agrees_with_quadrature_over_tau_itself(prior, density, end):
    y, v = [*TWO[0], -30.0], [*TWO[1], 300.0]
    expect, found = _direct(y, v, density, end), posterior(y, v, prior)
    assert expect(lambda t, m, s: m) == pytest.approx(found.mean, rel=1e-8)
    assert expect(lambda t, m, s: ndtr((m + 25) / s)) == pytest.approx(
        found.beyond(-25.0), abs=1e-8)
    for middle, low, high, below in (
            ("estimate", "ci_low", "ci_high", lambda x: lambda t, m, s: ndtr((x - m) / s)),
            ("pi_estimate", "pi_low", "pi_high",
             lambda x: lambda t, m, s: ndtr((x - m) / math.hypot(s, t)))):
        for field, chance in ((middle, 0.5), (low, 0.025), (high, 0.975)):
            assert expect(below(getattr(found, field))) == pytest.approx(chance, abs=1e-8), field
    for field, chance in (("tau", 0.5), ("tau_low", 0.025), ("tau_high", 0.975)):
        got = expect(lambda *_: 1.0, upto=getattr(found, field))
        assert got == pytest.approx(chance, abs=1e-8), field
    for i in range(3):
        got = expect(lambda t, m, s, i=i: y[i] + (m - y[i]) * v[i] / (v[i] + t * t))
        assert got == pytest.approx(found.shrunk.mean[i], rel=1e-8)


def test_marginal_likelihood_is_that_of_a_multivariate_normal():
    y, v, effect = np.array([0.3, 1.1, -0.4]), np.array([0.1, 0.3, 0.2]), EffectPrior(0.5, 2.0)

    def density(tau):
        covariance = np.diag(v + tau**2) + effect.sd**2
        return (stats.multivariate_normal.pdf(y, np.full(3, effect.mean), covariance)
                * stats.halfnorm.pdf(tau, scale=0.6))

    whole = quad(density, 0, 8, epsabs=0, epsrel=1e-12, limit=200)[0]
    found = posterior(y, v, Prior("half-normal", 0.6), effect=effect)
    assert found.log_marginal == pytest.approx(math.log(whole), abs=1e-9)


@pytest.mark.parametrize("name", ANSWERS["printed"])
def test_agrees_with_what_bayesmeta_prints(name):
    """Half a unit of the last digit for τ; numbers of the effect come off a coarser grid of τ."""
    case = ANSWERS["printed"][name]
    effects = odds_ratio(**case["tables"]) if "tables" in case else None
    yi, vi = (case["yi"], case["vi"]) if effects is None else (effects.yi, effects.vi)
    digits = 6 if name == "schools" else 4
    for row in case["priors"]:
        prior = FLAT if row["scale"] is None else Prior(row["family"], row["scale"])
        found = posterior(yi, vi, prior, effect=EffectPrior(**case["effect"]))
        for field, printed in row["answers"].items():
            allowed = 0.51 * 10**-digits if "tau" in field else 1e-3 * found.sd
            if field.startswith("ci_"):
                allowed = 2e-3 * found.sd
            assert getattr(found, field) == pytest.approx(printed, abs=allowed), (prior, field)


# ---------------------------------------------------------------- what must hold for any data

def test_true_values_lie_inside_as_often_as_the_level_says():
    """Simulation-based calibration: truth drawn from the priors, seeded."""
    rng, n, k = np.random.default_rng(20261130), 1500, 3
    prior, effect = Prior("half-normal", 0.8), EffectPrior(0.3, 1.5)
    tau = np.abs(rng.normal(0, 0.8, n))
    mu, v = rng.normal(0.3, 1.5, n), rng.uniform(0.02, 1.0, (n, k))
    y = rng.normal(rng.normal(mu[:, None], tau[:, None], (n, k)), np.sqrt(v))
    new = rng.normal(mu, tau)
    for level in (0.5, 0.9):
        found = posterior_many(y, v, prior=prior, effect=effect, level=level)
        allowed = 4 * math.sqrt(level * (1 - level) / n)
        for truth, low, high, middle in (
                (mu, found.ci_low, found.ci_high, found.estimate),
                (tau, found.tau_low, found.tau_high, found.tau),
                (new, found.pi_low, found.pi_high, found.pi_estimate)):
            assert np.mean((low < truth) & (truth < high)) == pytest.approx(level, abs=allowed)
            assert np.mean(truth < middle) == pytest.approx(0.5, abs=2 / math.sqrt(n))


VALUES = st.floats(-50, 50).map(lambda x: round(x, 6))
VARIANCES = st.floats(-9, 6).map(lambda x: 10.0**x)
TRIALS = st.lists(st.tuples(VALUES, VARIANCES), min_size=1, max_size=7)
ANY_PRIOR = st.sampled_from([Prior("half-normal", 3.0), Prior("half-cauchy", 0.4),
                             Prior("half-t", 20.0, df=3.0), Prior("uniform", 15.0),
                             Prior("log-normal", 1.0, location=0.5)])
LOCATED = ("estimate", "ci_low", "ci_high", "pi_estimate", "pi_low", "pi_high")
SPREAD = ("tau", "tau_low", "tau_high")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(TRIALS, ANY_PRIOR, st.sampled_from([1e-40, 1e-3, 7.0, 1e40]), st.integers(-1000, 1000))
def test_moves_with_shift_scale_sign_and_order(trials, prior, factor, shift):
    y, v = (np.array(column) for column in zip(*trials, strict=True))
    found = posterior(y, v, prior)
    size = found.pi_high - found.pi_low
    scaled = posterior(-factor * y, factor**2 * v, prior.times(factor))
    moved = posterior((y + shift)[::-1], v[::-1], prior)
    for field in LOCATED:
        mirror = field.replace("low", "?").replace("high", "low").replace("?", "high")
        assert getattr(scaled, mirror) == pytest.approx(
            -factor * getattr(found, field), rel=1e-8, abs=1e-8 * factor * size)
        assert getattr(moved, field) == pytest.approx(
            getattr(found, field) + shift, rel=1e-9, abs=1e-7 * size)
    for field in SPREAD:
        assert getattr(scaled, field) == pytest.approx(factor * getattr(found, field), rel=1e-7)
        assert getattr(moved, field) == pytest.approx(getattr(found, field), rel=1e-5)
    assert found.ci_low < found.estimate < found.ci_high
    assert 0 < found.tau_low < found.tau < found.tau_high


def test_sets_of_any_size_in_one_batch_are_each_as_alone():
    rng = np.random.default_rng(7)
    sets = [(rng.normal(0, 1, k), rng.uniform(0.01, 2, k)) for k in (1, 5, 2, 50, 3, 2, 14)]
    factors = np.array([1.0, 0.5, 2.0, 1.0, 3.0, 0.25, 1.0])
    yi, vi, mask = pad(*zip(*sets, strict=True))
    prior, effect = Prior("half-normal", 0.5), EffectPrior(0.0, 4.0)
    many = posterior_many(yi, vi, mask, prior=prior, factor=factors, effect=effect)
    for row, (pair, factor) in enumerate(zip(sets, factors, strict=True)):
        alone = posterior(*pair, prior.times(factor), effect=effect)
        assert many.k[row] == alone.k
        for field in FIELDS:
            assert getattr(many, field)[row] == pytest.approx(getattr(alone, field), rel=1e-9)


def test_undefined_moments_are_masked_in_a_batch():
    yi, vi, mask = pad([[0.1], [0.1, 0.4, 0.2, 0.9]], [[0.2], [0.1, 0.2, 0.1, 0.3]])
    many = posterior_many(yi, vi, mask, prior=Prior("half-cauchy", 1.0))
    for field in ("mean", "sd", "tau_mean"):
        assert list(getattr(many, field).mask) == [True, False]
    assert not np.isnan(many.pi_high).any()


# ---------------------------------------------------------------- limits and extremes

@pytest.mark.parametrize("prior, of_tau", [
    (Prior("half-normal", 2.0), stats.halfnorm(scale=2.0)),
    (Prior("half-cauchy", 2.0), stats.halfcauchy(scale=2.0)),
    (Prior("uniform", 2.0), stats.uniform(0, 2.0)),
    (Prior("log-normal", 0.7, location=0.3), stats.lognorm(0.7, scale=math.exp(0.3))),
], ids=lambda value: value.family if isinstance(value, Prior) else "")
def test_one_trial_says_nothing_of_tau(prior, of_tau):
    found = posterior([3.0], [0.25], prior)
    for field, chance in (("tau", 0.5), ("tau_low", 0.025), ("tau_high", 0.975)):
        assert getattr(found, field) == pytest.approx(of_tau.ppf(chance), rel=1e-8)
    assert found.estimate == pytest.approx(3.0) and found.log_marginal == pytest.approx(0, abs=1e-9)
    assert found.beyond(3.0) == pytest.approx(0.5) and found.k == 1
    # The trial's own effect is as it was measured: no other trial tells more of it.
    assert found.shrunk.low[0] == pytest.approx(3.0 - 1.959963984540054 * 0.5, rel=1e-9)


@pytest.mark.parametrize("k", [1, 2, 50])
def test_a_prior_of_no_heterogeneity_is_the_common_effect(k):
    rng = np.random.default_rng(k)
    y, v = rng.normal(1, 0.2, k), rng.uniform(0.01, 0.4, k)
    found = posterior(y, v, Prior("half-normal", 1e-7))
    common = pool(y, v, model="common", interval="z")
    for field in ("estimate", "ci_low", "ci_high"):
        assert getattr(found, field) == pytest.approx(getattr(common, field), abs=1e-9)


def test_many_trials_leave_little_to_the_prior():
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.02, 400)
    y = rng.normal(2.0, np.sqrt(v + 0.25))
    wide, flat = (posterior(y, v, prior) for prior in (Prior("half-cauchy", 5.0), FLAT))
    assert wide.tau == pytest.approx(0.5, abs=0.06)
    assert wide.estimate == pytest.approx(flat.estimate, abs=1e-4)
    assert wide.shrunk.estimate.shape == (400,)


@pytest.mark.parametrize("v", [1e-120, 1e-12, 1.0, 1e12, 1e90], ids=lambda v: f"{v:g}")
def test_identical_effects_of_any_precision(v):
    found = posterior([4.0] * 4, [v] * 4, Prior("half-normal", math.sqrt(v)))
    assert found.estimate == pytest.approx(4.0, abs=1e-9 * math.sqrt(v))
    unit = posterior([0.0] * 4, [1.0] * 4, Prior("half-normal", 1.0))
    assert found.tau / math.sqrt(v) == pytest.approx(unit.tau, rel=1e-9)


def test_a_contradiction_of_prior_and_data_is_followed_into_the_tail():
    found = posterior([0.0, 2000.0], [1.0, 1.0], Prior("half-normal", 1.0))
    # Where τ²/2 + distance²/(4τ²) is least, but for logarithms.
    assert found.tau == pytest.approx((2000**2 / 2) ** 0.25, rel=0.02)
    far = posterior([0.0, 2000.0], [1.0, 1.0], Prior("half-cauchy", 1.0))
    assert far.tau > 300 and far.pi_high > 3000


def test_infinite_moments_are_none_with_a_reason():
    one = posterior([0.2], [0.1], Prior("half-cauchy", 1.0))
    assert one.mean is one.sd is one.tau_mean is None and len(one.warnings) == 2
    two = posterior([0.2, 0.4], [0.1, 0.2], Prior("half-cauchy", 1.0))
    assert two.mean is not None and two.sd is None and two.tau_mean is not None
    known = posterior([0.2], [0.1], Prior("half-cauchy", 1.0), effect=EffectPrior(0.0, 1.0))
    assert known.sd < 1 and known.tau_mean is not None
    three = posterior([0.2, 0.4, 0.3], [0.1, 0.2, 0.1], FLAT)
    assert three.tau_mean is three.mean is three.log_marginal is None and three.ci_low < 0.3


def test_the_posterior_is_a_density_whose_tail_beyond_agrees():
    found = posterior(*TWO, Prior("half-normal", 10.0))
    x = np.linspace(-280, 220, 5001)  # −30 is one of these
    for mixture, beyond in ((found.effect, found.beyond), (found.new, found.beyond_new)):
        density = mixture.density(x)
        assert np.trapezoid(density, x) == pytest.approx(1.0, abs=1e-8)
        above = x >= -30
        assert np.trapezoid(density[above], x[above]) == pytest.approx(beyond(-30.0), abs=1e-4)


# ---------------------------------------------------------------- what is refused

@pytest.mark.parametrize("arguments, words", [
    (("half-norm", 1.0), "family must be one of"),
    (("half-normal", -1.0), "scale of a prior must be positive"),
    (("half-normal", 0.0), "scale of a prior must be positive"),
    (("half-normal", math.inf), "one finite number"),
    (("half-normal", math.nan), "one finite number"),
    (("half-normal", 1.0, 3.0), "has no df"),
    (("half-t", 1.0), "needs df"),
    (("half-t", 1.0, 0.0), "df must be positive"),
    (("log-normal", 1.0), "needs location"),
    (("uniform", 1.0, None, 0.0), "has no location"),
], ids=str)
def test_a_prior_that_is_none_is_refused(arguments, words):
    with pytest.raises(SynthesisError, match=words):
        Prior(*arguments)


@pytest.mark.parametrize("mean, sd", [(math.nan, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, math.inf)])
def test_an_effect_prior_that_is_none_is_refused(mean, sd):
    with pytest.raises(SynthesisError):
        EffectPrior(mean, sd)


@pytest.mark.parametrize("yi, vi, prior, options, words", [
    ([], [], FLAT, {}, "empty"),
    ([1.0, 2.0], [1.0, 0.0], Prior("half-normal", 1.0), {}, "row 1: .*positive"),
    ([1.0, 2.0], [1.0, 1.0], Prior("half-normal", 1.0), {"level": 1.0}, "level"),
    ([1.0, 2.0], [1.0, 1.0], FLAT, {}, "improper.* 3 studies"),
    ([1.0], [1.0], FLAT, {"effect": EffectPrior(0.0, 1.0)}, "improper.* 2 studies"),
    ([1.0, 2.0], [1e-140, 1.0], Prior("half-normal", 1.0), {}, "too far apart"),
    ([1.0], [1.0], Prior("half-t", 1.0, df=0.05), {}, "too heavy"),
], ids=["empty", "variance", "level", "improper", "improper-normal", "apart", "heavy"])
def test_what_has_no_posterior_is_refused(yi, vi, prior, options, words):
    with pytest.raises(SynthesisError, match=words):
        posterior(yi, vi, prior, **options)


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, [1.0, 2.0, 3.0]], ids=str)
def test_a_factor_that_is_none_is_refused(factor):
    with pytest.raises(SynthesisError, match="factor"):
        posterior_many([[1.0, 2.0], [1.0, 3.0]], np.ones((2, 2)), prior=Prior("half-normal", 1.0),
                       factor=factor)


def test_two_trials_under_a_flat_prior_have_a_posterior_where_the_effect_is_known():
    found = posterior([0.0, 1.0], [0.1, 0.1], FLAT, effect=EffectPrior(0.0, 1.0))
    assert 0 < found.tau < found.tau_high and found.tau_mean is None
