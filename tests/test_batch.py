"""The batched core against the grid of `likelihood.maxima`, metafor, `pool`, and invariants.

`pool` goes through the core itself; the judge here is the scalar code for regressions, which
shares nothing with it (a fine grid and a bracketing root search), and the formulas written out.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from livingreview.synthesis import SynthesisError, batch, pool, pooling
from livingreview.synthesis import likelihood as likelihoods

# Closed forms; what is iterated; and invariants, which compare the core with itself.
CLOSED_FORM = 1e-8
ITERATIVE = 1e-6
SAME = 1e-7
CASES = json.loads((Path(__file__).parent / "reference" / "metafor.json").read_text())["cases"]
NAMES = {"z": "z", "t": "t", "knha": "hksj", "adhoc": "hksj-guard"}
FLOATS = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "df", "tau2", "tau2_low",
          "tau2_high", "i2", "h2", "q", "q_p", "pi_low", "pi_high")


def agree(got, expected, tolerance, floor=1e-10):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


def cell(many, name, i):
    value = getattr(many, name)[i]
    return None if value is np.ma.masked else float(value)


def hard_sets(kind, n=25, k=9, seed=3):
    """Return effects and variances, shape (n, k), of one kind of difficulty."""
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-1, 1, (n, k)))
    y = rng.normal(0.3, np.sqrt(v + 0.5))
    if kind == "no heterogeneity":
        y = rng.normal(0, 0.1 * np.sqrt(v))
    elif kind == "huge heterogeneity":
        y *= 1e6
    elif kind == "one giant study":
        v[:, 4] = 1e-14
    elif kind == "two giant studies":
        v[:, 2], v[:, 5] = 1e-12, 1e-10
    elif kind == "two studies":
        y, v = y[:, :2], v[:, :2]
    elif kind == "identical effects":
        y[:] = 0.7
    elif kind == "equal variances":
        v[:] = 0.2
    elif kind in ("tiny", "huge"):
        unit = {"tiny": 1e-8, "huge": 1e8}[kind]
        y, v = y * unit, v * unit**2
    elif kind == "several maxima":
        case = CASES["gibson2002_md"]
        y = case["yi"] + rng.normal(0, 0.01, (n, 13)) * np.sqrt(case["vi"])
        v = case["vi"] * np.exp(rng.normal(0, 0.01, (n, 13)))
    return y, v


KINDS = ("ordinary", "no heterogeneity", "huge heterogeneity", "one giant study",
         "two giant studies", "two studies", "identical effects", "equal variances", "tiny", "huge",
         "several maxima")


# ---------------------------------------------------------------- against independent code


@pytest.mark.parametrize("method", ["REML", "ML", "PM"])
@pytest.mark.parametrize("kind", KINDS)
def test_tau2_agrees_with_the_grid(kind, method):
    y, v = hard_sets(kind)
    got = batch.fit_many(y, v, tau2_method=method)
    assert got.converged.all()
    for i in range(y.shape[0]):
        one = likelihoods.prepare(y[i], v[i])
        if method == "PM":
            expected, peaks = likelihoods.solve_q(one, y.shape[1] - 1), 1
        else:
            where, height = likelihoods.maxima(one, method == "REML")
            expected, peaks = where[int(np.argmax(height))], where.size
        # The second smallest variance is the scale on which 0 is told from a small τ².
        agree(got.tau2[i], expected, ITERATIVE, floor=1e-10 * np.sort(v[i])[1])
        assert got.multimodal[i] == (peaks > 1)
        assert got.boundary[i] == (got.tau2[i] == 0)
    if kind == "several maxima" and method == "REML":
        assert got.multimodal.sum() >= 20


@pytest.mark.parametrize("method", ["DL", "HE", "HS", "SJ"])
@pytest.mark.parametrize("kind", KINDS)
def test_closed_forms_written_out(kind, method):
    y, v = hard_sets(kind)
    k = y.shape[1]
    got = batch.fit_many(y, v, tau2_method=method)
    for i in range(y.shape[0]):
        def q(t, i=i):
            # Centred on the most precise study, for the sums to keep their digits.
            d, w = y[i] - y[i, np.argmin(v[i])], 1 / (v[i] + t)
            return (w * (d - (w * d).sum() / w.sum()) ** 2).sum()
        w = np.sort(1 / v[i])
        c = sum(w[j] * (w.sum() - w[j]) for j in range(k - 1)) + w[-1] * w[:-1].sum()
        expected = {"DL": (q(0) - (k - 1)) * w.sum() / c,
                    "HE": y[i].var(ddof=1) - v[i].mean(),
                    "HS": (q(0) - k) / w.sum(),
                    "SJ": y[i].var() * q(y[i].var()) / (k - 1)}[method]
        agree(got.tau2[i], max(0, expected), CLOSED_FORM, floor=1e-10 * np.sort(v[i])[1])


@pytest.mark.parametrize("test", NAMES)
@pytest.mark.parametrize("method", ["DL", "PM", "REML"])
def test_all_reference_sets_in_one_ragged_batch_agree_with_metafor(method, test):
    padded = batch.pad([CASES[name]["yi"] for name in CASES], [CASES[name]["vi"] for name in CASES])
    got = batch.fit_many(*padded, tau2_method=method, interval=NAMES[test],
                         prediction_df="normal" if test == "z" else "k-1")
    tolerance = CLOSED_FORM if method == "DL" else ITERATIVE
    for i, name in enumerate(CASES):
        for field, value in CASES[name]["fits"][f"{method} {test}"].items():
            if field.startswith("pi_") and got.k[i] < 3:
                assert cell(got, field, i) is None
            elif not (field in ("statistic", "p_value") and got.se[i] < 1e-12):
                agree(cell(got, field, i), value, tolerance)


def test_the_global_maximum_of_gibson2002():
    case = CASES["gibson2002_md"]
    got = batch.fit_many(case["yi"], case["vi"])
    agree(got.tau2, [case["tau2"]["REML"]], ITERATIVE)
    assert abs(got.tau2[0] - 9.68) < 0.005 and abs(got.estimate[0] + 2.46) < 0.005
    assert got.multimodal.all() and got.converged.all() and not got.boundary.any()


@pytest.mark.parametrize("interval", batch.INTERVALS)
def test_intervals_written_out(interval):
    y, v = hard_sets("ordinary")
    got = batch.fit_many(y, v, interval=interval, level=0.9, prediction_df="k-2")
    w = 1 / (v + got.tau2.data[:, None])
    mean = (w * y).sum(axis=1) / w.sum(axis=1)
    q = (w * (y - mean[:, None]) ** 2).sum(axis=1) / 8
    factor = {"hksj": q, "hksj-guard": np.maximum(1, q)}.get(interval, 1.0)
    se = np.sqrt(factor / w.sum(axis=1))
    quantile = 1.6448536269514722 if interval == "z" else stdtrit(8, 0.95)
    agree(got.estimate, mean, CLOSED_FORM)
    agree(got.ci_high - got.estimate, quantile * se, CLOSED_FORM)
    agree(got.pi_high - got.estimate, stdtrit(7, 0.95) * np.sqrt(got.tau2 + se**2), CLOSED_FORM)


# ---------------------------------------------------------------- the same as one by one


def same_as_pool(many, i, one):
    for name in FLOATS:
        expected = getattr(one, name)
        if expected is None:
            assert cell(many, name, i) is None, name
        else:
            agree(cell(many, name, i), expected, CLOSED_FORM)


@pytest.mark.parametrize("options", [
    {}, {"interval": "hksj"}, {"interval": "z"}, {"interval": "t", "prediction_df": "normal"},
    {"model": "common"}, {"model": "common", "interval": "hksj"},
    {"tau2_method": "PM", "prediction_df": "k-2", "level": 0.8}])
def test_ragged_rows_are_pooled_as_alone(options):
    rng = np.random.default_rng(11)
    sets = [hard_sets("ordinary", 1, k, k) for k in (1, 2, 3, 7, 40, 1, 2, 12)]
    y, v, mask = batch.pad([one[0][0] for one in sets], [one[0] for _, one in sets])
    # Studies may stand anywhere in the row.
    place = rng.permuted(np.tile(np.arange(40), (8, 1)), axis=1)
    y, v, mask = (np.take_along_axis(values, place, axis=1) for values in (y, v, mask))
    y[~mask], v[~mask] = np.nan, -1
    many = batch.fit_many(y, v, mask, tau2_interval=options.get("model") != "common", **options)
    for i in range(8):
        same_as_pool(many, i, pool(y[i, mask[i]], v[i, mask[i]], **options))
    assert many.k.tolist() == [1, 2, 3, 7, 40, 1, 2, 12]


def test_nothing_is_nan():
    y, v, mask = batch.pad([[1], [1, 1], [2, 2, 2], [1, 5, 2]], [[1], [1, 2], [1, 1, 1], [1, 2, 1]])
    for interval in batch.INTERVALS:
        for values in vars(batch.fit_many(y, v, mask, interval=interval)).values():
            assert np.isfinite(np.asarray(np.ma.getdata(values), dtype=float)).all()


def test_one_and_two_studies():
    mask = [[True, False], [True, True]]
    got = batch.fit_many([[0.3, 0], [0.3, 0.9]], [[0.04, 1], [0.04, 0.1]], mask)
    assert got.tau2.mask.tolist() == [True, False] and got.pi_low.mask.all()
    assert got.df.mask.tolist() == [True, False] and got.q.mask.tolist() == [True, False]
    agree(got.ci_high[0], 0.3 + 1.959963984540054 * 0.2, CLOSED_FORM)
    # With two studies every estimator is (y₁ − y₂)²/2 − (v₁ + v₂)/2.
    agree(got.tau2[1], 0.36 / 2 - 0.14 / 2, CLOSED_FORM)


@pytest.mark.parametrize("numbers", [1, 40, 333, 10_000])
def test_chunks_do_not_show(numbers, monkeypatch):
    rng = np.random.default_rng(5)
    k = rng.integers(1, 12, 60)
    mask = np.arange(11) < k[:, None]
    v = rng.gamma(2, 0.2, (60, 11)) + 0.02
    y = rng.normal(0, np.sqrt(v + 0.3))
    whole = batch.fit_many(y, v, mask, tau2_interval=True)
    monkeypatch.setattr(batch, "_CHUNK", numbers)
    parts = batch.fit_many(y, v, mask, tau2_interval=True)
    for name, values in vars(whole).items():
        other = getattr(parts, name)
        assert (np.ma.getmaskarray(values) == np.ma.getmaskarray(other)).all(), name
        agree(np.ma.getdata(other), np.ma.getdata(values), CLOSED_FORM)


def test_leave_one_out_and_cumulative_are_pools_of_the_rest():
    case = CASES["bcg_rr"]
    y, v = np.array(case["yi"]), np.array(case["vi"])
    year = np.array([1948, 1949, 1960, 1977, 1973, 1953, 1973, 1980, 1968, 1961, 1974, 1969, 1976])
    order = np.argsort(year, kind="stable")
    for i, one in enumerate(pooling.leave_one_out(y, v, interval="hksj")):
        expected = pool(np.delete(y, i), np.delete(v, i), interval="hksj")
        agree([one.estimate, one.ci_low, one.tau2_high, one.pi_high],
              [expected.estimate, expected.ci_low, expected.tau2_high, expected.pi_high],
              CLOSED_FORM)
        agree(one.weights, expected.weights, CLOSED_FORM)
    for i, one in enumerate(pooling.cumulative(y, v, year, tau2_method="DL")):
        expected = pool(y[order[:i + 1]], v[order[:i + 1]], tau2_method="DL")
        assert one.warnings == expected.warnings and one.k == i + 1
        agree([one.estimate, one.se], [expected.estimate, expected.se], CLOSED_FORM)


# ---------------------------------------------------------------- subsets


def test_gosh_takes_all_subsets_of_a_small_set():
    y, v = hard_sets("ordinary", 1, 6)
    got = batch.gosh(y[0], v[0], interval="hksj")
    assert got.complete and got.members.shape == (2**6 - 1 - 6, 6)
    assert np.unique(got.members, axis=0).shape == got.members.shape
    for i in (0, 17, 56):
        m = got.members[i]
        one = pool(y[0][m], v[0][m], interval="hksj")
        agree([got.fits.estimate[i], got.fits.se[i]], [one.estimate, one.se], CLOSED_FORM)


def test_gosh_samples_a_large_set_without_repeats():
    y, v = hard_sets("ordinary", 1, 20)
    got, again = (batch.gosh(y[0], v[0], 500, seed=4, tau2_method="DL") for _ in range(2))
    assert not got.complete and got.members.shape == (500, 20)
    assert np.unique(got.members, axis=0).shape[0] == 500
    assert (got.members == again.members).all()
    assert (batch.gosh(y[0], v[0], 500, seed=5, tau2_method="DL").members != got.members).any()
    assert abs(got.members.mean() - 0.5) < 0.05
    few = batch.gosh(y[0, :5], v[0, :5], 20)
    assert not few.complete and few.members.shape == (20, 5)


# ---------------------------------------------------------------- invariants


finite = st.floats(-50, 50)
studies = st.integers(3, 8).flatmap(lambda k: st.tuples(
    st.lists(finite, min_size=k, max_size=k),
    st.lists(st.floats(0.01, 100), min_size=k, max_size=k)))
methods = st.sampled_from(["REML", "ML", "DL", "PM"])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(studies, methods, st.randoms(use_true_random=False), st.floats(-20, 20),
       st.floats(1e-4, 1e4))
def test_order_shift_unit_and_sign_carry_through(pair, method, random, shift, unit):
    y, v = np.array(pair[0]), np.array(pair[1])
    order = list(range(y.size))
    random.shuffle(order)
    got = batch.fit_many(np.array([y, y[order], y + shift, unit * y, -y]),
                         np.array([v, v[order], v, unit**2 * v, v]), tau2_method=method)
    factor = np.array([1, 1, 1, unit, 1])
    move, sign = np.array([0, 0, shift, 0, 0]), np.array([1, 1, 1, 1, -1])
    for values, back in ((got.estimate, got.estimate / factor - move), (got.se, got.se / factor),
                         (got.tau2, got.tau2 / factor**2), (got.i2, got.i2)):
        expected = values[0] * (sign if values is got.estimate else 1)
        agree(back, np.broadcast_to(expected, 5), SAME, floor=1e-7)
    assert got.converged.all()


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("arguments, row, words", [
    (([[1, 2], [3, 4]], [[1, 1], [1, 0]]), 1, "column 1: the variance vi must be positive, not 0"),
    (([[1, 2], [3, math.nan]], [[1, 1], [1, 1]]), 1, "column 1: yi must be a finite number"),
    (([[1, 2]], [[1, math.inf]]), 0, "vi must be a finite number"),
    (([[1, 2]], [[1, 1e-320]]), 0, "too small to be inverted"),
    (([[1, 2], [3, 4]], [[1, 1], [1, 1]], [[True, True], [False, False]]), 1, "has no study"),
    (([[1, 2]], [[1, 1, 1]]), None, "shape"),
    (([[1, 2]], [[1, 1]], [[True]]), None, "mask must be boolean"),
    (([[1, 2]], [[1, 1]], [[1, 1]]), None, "mask must be boolean"),
    (([[]], [[]]), None, "k = 0"),
    ((["a"], [1]), None, "yi is not numeric"),
    (([[1, 1e120]], [[1, 1]]), None, "too far apart"),
])
def test_bad_batches_are_refused(arguments, row, words):
    with pytest.raises(SynthesisError, match=words) as caught:
        batch.fit_many(*arguments)
    assert caught.value.row == row


@pytest.mark.parametrize("call, words", [
    # An array of a masked array holds what is behind the mask.
    (lambda: pooling.pool(np.ma.array([1.0, 99.0], mask=[False, True]), [1, 1]), "masked values"),
    (lambda: batch.fit_many(np.ma.array([[1.0, 99.0]], mask=[[0, 1]]), [[1, 1]]), "masked values"),
    (lambda: pooling.pool(np.array([1 + 2j, 2]), [1, 1]), "complex"),
    (lambda: pooling.pool([10**400, 2], [1, 1]), "yi is not numeric"),
    (lambda: pooling.pool([1e200, 2], [1, 1]), "row 0: yi must not exceed"),
    (lambda: pooling.pool([1, 2], [1, 1e-200]), "row 1: .* too small"),
    (lambda: batch.fit_many([[1, 2]], [[1, 1e200]]), "row 0: column 1: .* must not exceed"),
    (lambda: pooling.pool([1, 2], [1, 1], level="high"), "level is not numeric"),
    (lambda: pooling.pool([1, 2], [1, 1], level=[0.9, 0.95]), "level must be one finite number"),
    (lambda: pooling.heterogeneity([1, 2], [1, 1], math.nan), "tau2 must be one finite number"),
    (lambda: batch.gosh([1, 2], [1, 1], math.inf), "subsets must be one finite number"),
])
def test_what_is_no_number_is_refused_by_name(call, words):
    with pytest.raises(SynthesisError, match=words):
        call()


@pytest.mark.parametrize("call", [
    lambda: batch.fit_many([1, 2], [1, 1], tau2_method="XX"),
    lambda: batch.fit_many([1, 2], [1, 1], interval="knha"),
    lambda: batch.fit_many([1, 2], [1, 1], level=95),
    lambda: batch.gosh([1], [1]),
    lambda: batch.gosh([1, 2], [1, 1], 0),
    lambda: batch.pad([], []),
    lambda: batch.pad([[1, 2]], [[1, 0]]),
    lambda: batch.pad([[1, 2]], [[1, 1], [1, 1]]),
    lambda: pooling.cumulative([1, 2], [1, 1], [1]),
])
def test_bad_input_is_refused(call):
    with pytest.raises(SynthesisError):
        call()


# ---------------------------------------------------------------- the bracketing search


@pytest.mark.parametrize("function, low, high, expected", [
    (lambda t: t**3 - 2, 0.0, 10.0, 2 ** (1 / 3)),
    (lambda t: 1 / (t + 1e-12) - 1e6, 0.0, 1.0, 1e-6 - 1e-12),
    (lambda t: math.exp(-t) - 1e-200, 0.0, 1e4, 200 * math.log(10)),
    (lambda t: t - 3, 3.0, 5.0, 3.0),
    (lambda t: 1.0 if t < 0.3 else -1.0, 0.0, 1.0, 0.3),
])
def test_root(function, low, high, expected):
    assert abs(likelihoods.root(function, low, high) / expected - 1) < CLOSED_FORM
