"""Many studies: what is solved from sums must be what is solved study by study."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from livingreview import synthesis as s
from livingreview.synthesis import batch, regression, small_study
from livingreview.synthesis.likelihood import root

KINDS = {
    "alike": lambda rng, k: (np.ones(k), 0.1),
    "usual": lambda rng, k: (np.exp(rng.normal(0, 0.5, k)), 0.3),
    "no-heterogeneity": lambda rng, k: (np.exp(rng.normal(0, 1, k)), 0.0),
    "wide": lambda rng, k: (np.exp(rng.normal(0, 4, k)), 3.0),
    "giant": lambda rng, k: (np.where(np.arange(k) == 7, 1e-9, np.exp(rng.normal(0, 0.5, k))), 0.2),
    "two-giants": lambda rng, k: (np.r_[1e-12, np.ones(4), 1e-9, np.ones(k - 6)], 0.1)}
METHODS = ("REML", "DL", "PM", "ML", "HE", "SJ", "HS")


def effects(kind, k=300):
    rng = np.random.default_rng(len(kind))
    v, tau2 = KINDS[kind](rng, k)
    return rng.normal(0, np.sqrt(v + tau2)), v


def one_by_one(y, v, monkeypatch, **options):
    with monkeypatch.context() as patched:
        patched.setattr(batch, "_MANY", y.size + 1)
        return s.leave_one_out(y, v, **options)


def agree(got, expected, v):
    for name, values in expected.fields.items():
        values, mine = values.astype(float), got.fields[name].astype(float)
        scale = np.abs(values) + {"tau2": v.min(), "tau2_low": v.min(), "i2": 1e-2,
                                  "statistic": 1.0}.get(name, 0.0)
        if name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
            scale = scale + expected.fields["se"]
        np.testing.assert_array_equal(np.isnan(mine), np.isnan(values))
        assert np.nanmax(np.abs(mine - values) / np.where(scale > 0, scale, 1),
                         initial=0) < 1e-9, name


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_leaving_one_out_of_many_is_pooling_the_others(kind, method, monkeypatch):
    y, v = effects(kind)
    got = s.leave_one_out(y, v, tau2_method=method, interval="hksj")
    agree(got, one_by_one(y, v, monkeypatch, tau2_method=method, interval="hksj"), v)


@pytest.mark.parametrize("spoil", ["outlier", "same-but-one", "same", "far", "tiny-unit", "vast"])
def test_leaving_one_out_of_hostile_sets(spoil, monkeypatch):
    y, v = effects("usual", 220)
    if spoil == "outlier":
        y[9] = 1e5
    elif spoil in ("same", "same-but-one"):
        y[:] = 1.0
        y[3] += spoil == "same-but-one"
    elif spoil == "far":
        y += 1e7
    elif spoil == "tiny-unit":
        y, v = y * 1e-60, v * 1e-120
    else:
        v[4] = 1e-140
    for options in ({"model": "common"}, {"interval": "z", "prediction_df": "k-2"}):
        got = s.leave_one_out(y, v, **options)
        agree(got, one_by_one(y, v, monkeypatch, **options), v)


def test_pools_without_one_study_are_made_on_demand_and_in_little_memory():
    y, v = effects("usual", 2_000)
    tracemalloc.start()
    got = s.leave_one_out(y, v)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000 * 2_000  # bytes: an eighth of one k × k matrix
    rest = np.arange(2_000) != 1_234
    alone, mine = s.pool(y[rest], v[rest]), got[1_234]
    assert mine.estimate == pytest.approx(alone.estimate, rel=1e-12)
    np.testing.assert_allclose(mine.weights, alone.weights, rtol=1e-9)
    assert (mine.k, mine.q_df, mine.model) == (1_999, 1_998, "random")
    assert len(got) == 2_000 and len(got[5:8]) == 3 and got[-1].estimate == got[1_999].estimate
    with pytest.raises(IndexError):
        got[2_000]


def test_the_number_of_concordant_pairs_is_that_of_all_pairs():
    rng = np.random.default_rng(5)
    for k in (3, 4, 7, 30):
        for levels in (2, 5, 1_000):
            x, y = rng.integers(0, levels, (2, k)).astype(float)
            pairs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
            assert small_study._concordance(x, y) == pairs.sum() / 2


def designs():
    rng = np.random.default_rng(0)
    for number in range(90):
        k, p = int(rng.integers(6, 50)), int(rng.integers(1, 4))
        x = np.column_stack([np.ones(k), *(rng.normal(size=k) for _ in range(p))])
        v = np.exp(rng.normal(0, (0.5, 1, 2)[number % 3], k))
        noise = rng.standard_t(1, k) * np.sqrt(v) if number % 2 else 0
        yield rng.normal(0, np.sqrt(v + rng.choice([0, 0.1, 30]))) + noise, v, x


def criterion(data, tau2, restricted):
    """The (restricted) likelihood and its derivative by their formulas, shapes (g,)."""
    at = regression.fits(data, tau2)
    squares = (at.weights**2 * at.residuals**2).sum(axis=1)
    trace = at.trace if restricted else at.weights.sum(axis=1)
    return data.columns.heights(0, tau2, restricted), (squares - trace) / 2


def by_grid(data, restricted):
    """The highest maximum and the number of maxima by every change of sign on a fine grid."""
    low, top = data.v.min(), 10 * (np.var(data.y) + data.v.max())
    grid = low * np.expm1(np.linspace(0, np.log1p(top / low), 600))
    slope = criterion(data, grid, restricted)[1]
    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(root(lambda t: criterion(data, np.array([t]), restricted)[1][0], grid[i],
                          grid[i + 1]))
    peaks = np.array(peaks)
    return peaks[np.argmax(criterion(data, peaks, restricted)[0])], peaks.size


def test_bounds_and_a_grid_find_the_same_maxima_of_a_regression():
    several, kinds = 0, {"LightDesign": 0, "HeavyDesign": 0}
    for number, (y, v, x) in enumerate(designs()):
        if number % 3 == 0:
            v[0] = 1e-9
        data = regression.design(y, v, x)
        kinds[type(data.columns).__name__] += 1
        for method in ("REML", "ML"):
            found, peaks = regression.estimate(data, method)
            expected, count = by_grid(data, method == "REML")
            several += peaks > 1
            assert peaks == count
            assert found == pytest.approx(expected, rel=1e-7, abs=1e-7 * v.min())
        q = regression.fits(data, np.array([regression.solve_q(data, 2.0)])).q[0]
        assert q == pytest.approx(2.0, rel=1e-8) or q < 2.0
    assert several >= 1 and min(kinds.values()) > 10


def test_a_design_that_one_study_fixes_is_not_light():
    y, v = effects("usual", 40)
    fixed = np.column_stack([np.ones(40), np.arange(40) == 3])
    for x, kind in ((fixed, regression.HeavyDesign), (fixed[:, :1], regression.LightDesign)):
        assert isinstance(regression.design(y, v, x).columns, kind)


def test_a_regression_of_many_studies_finds_what_made_them():
    rng = np.random.default_rng(1)
    x, v = rng.normal(size=(20_000, 5)), rng.gamma(2, 0.2, 20_000) + 0.02
    y = x @ [0.1, 0.2, 0, 0, 0.3] + rng.normal(0, np.sqrt(v + 0.3))
    got = s.meta_regression(y, v, x)
    assert got.tau2_low < 0.3 < got.tau2_high and abs(got.tau2 - 0.3) < 0.02
    np.testing.assert_allclose(got.coefficients[1:], [0.1, 0.2, 0, 0, 0.3], atol=0.03)
