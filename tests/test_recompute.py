"""What a page computes again: the same numbers as the package, by Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from livingreview import synthesis

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "book" / "_static"
NODE = shutil.which("node")
MODELS, INTERVALS = ("common", "DL", "PM", "REML"), ("z", "hksj", "hksj-guard")
FIELDS = ("k", "estimate", "se", "ci_low", "ci_high", "tau2", "tau2_low", "tau2_high", "i2", "q",
          "q_df", "q_p", "pi_low", "pi_high")
pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")

_CALLS = """
import { readFileSync } from "node:fs";
const [calls, module] = process.argv.slice(1), found = await import(module);
const answers = JSON.parse(readFileSync(calls, "utf8")).map(
  ([name, ...values]) => found[name](...values) ?? null);
console.log(JSON.stringify(answers));
"""


def in_node(calls: list[list], folder: Path, module: str = "stats.mjs") -> list:
    """What functions of a module of the site answer."""
    file = folder / "calls.json"
    file.write_text(json.dumps(calls, allow_nan=False), encoding="utf-8")
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", _CALLS, str(file), (STATIC / module).as_uri()],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- distributions ----------------------------------------------------------------------------


def test_quantiles_and_tails_have_ten_digits(tmp_path):
    ps = [1e-12, 1e-6, 0.001, 0.025, 0.3, 0.5, 0.6, 0.975, 0.9999]
    dfs = [1, 2, 3, 5, 10, 30, 59, 200]
    calls, wanted = [], []
    for p in ps:
        calls.append(["quantile", p])
        wanted.append(special.ndtri(p))
        for df in dfs:
            calls += [["quantile", p, df], ["chi2Quantile", p, df]]
            wanted += [special.stdtrit(df, p), special.chdtri(df, 1 - p) if p >= 0.5
                       else 2 * special.gammaincinv(df / 2, p)]
    for x in (1e-3, 0.1, 0.9, 2.0, 7.5, 30.0):
        calls += [["cdf", -x], ["cdf", x]]
        wanted += [special.ndtr(-x), special.ndtr(x)]
        for df in dfs:
            calls += [["cdf", -x, df], ["cdf", x, df], ["chi2", x, df]]
            wanted += [special.stdtr(df, -x), special.stdtr(df, x),
                       [special.chdtr(df, x), special.chdtrc(df, x)]]
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        assert found == pytest.approx(value, rel=1e-10, abs=1e-300), call


# --- models -----------------------------------------------------------------------------------


def _effects() -> list[tuple[np.ndarray, np.ndarray]]:
    """Sets of effects of 1 to 60 studies, of many kinds."""
    random, sets = np.random.default_rng(20261129), []
    for k in (1, 2, 3, 4, 5, 8, 13, 21, 34, 60):
        v = random.lognormal(-1, 1, k)
        noise = random.normal(0, np.sqrt(v))
        giant = np.where(np.arange(k) == k // 2, 1e-8, v)
        sets += [
            (0.3 + noise + random.normal(0, 0.7, k), v),
            (0.1 * noise, v),  # nothing but chance, and less: no variance between studies
            (np.full(k, 0.25), v), (random.choice([-1.0, 0.0, 1.0], k), np.full(k, 0.2)),  # ties
            (random.normal(0, 1e4, k), v), (1e6 + noise, v),  # huge variance, far from 0
            (noise + random.normal(0, 2, k), giant),  # one giant study
            (np.log(random.lognormal(0, 1.5, k)), random.uniform(0.01, 4, k)),  # ratios
            (np.where(np.arange(k) < k / 2, -3.0, 3.0) + noise / 50, v / 20),  # two camps
            (random.standard_cauchy(k), random.lognormal(-4, 3, k))]
    # slow for steps of Fisher, and with two maxima of the likelihood
    sets.append((np.array([0.0, 3.0, 0.1, -0.2, 3.2]), np.array([1e-4, 2.0, 1e-4, 1e-4, 2.0])))
    sets.append((np.array([0.0, 0.03, 9.0]), np.array([1e-5, 1e-5, 20.0])))
    return sets


def _tables() -> list[np.ndarray]:
    """2 × 2 tables of 2 to 60 studies, with empty cells, events in all, and fractions."""
    random, sets = np.random.default_rng(12), []
    for k in (1, 2, 3, 5, 9, 20, 60):
        for risk in (0.02, 0.2, 0.97):
            n = random.integers(5, 80, (2, k))
            events = random.binomial(n, risk)
            sets.append(np.column_stack([events[0], n[0], events[1], n[1]]).astype(float))
            sets.append(sets[-1] / 1.5)
    return sets


def _same(found: dict, wanted, call: list) -> None:
    scale = abs(wanted.estimate) + wanted.se
    for name in FIELDS:
        value = getattr(wanted, name)
        if value is None:
            assert found.get(name) is None, (name, call)
        else:
            assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-13 * scale), (name, call)
    assert found["weights"] == pytest.approx(list(wanted.weights), rel=1e-6, abs=1e-15), call


def test_models_and_intervals_agree_with_the_package(tmp_path):
    calls, wanted = [], []
    for y, v in _effects():
        for model in MODELS:
            for ci in INTERVALS:
                options = {"model": "common"} if model == "common" else {"tau2_method": model}
                calls.append(["pool", y.tolist(), v.tolist(), model, ci])
                wanted.append(synthesis.pool(y, v, interval=ci, **options))
    assert len(calls) >= 1000
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        _same(found, value, call)


def test_tables_agree_with_the_package(tmp_path):
    calls, wanted = [], []
    for table in _tables():
        calls.append(["mantelHaenszel", table.tolist()])
        wanted.append(_or_none(lambda t=table: synthesis.mantel_haenszel(*t.T)))
    assert sum(value is not None for value in wanted) > 30
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        if value is None:
            assert found is None, call
        else:
            _same(found, value, call)


def _or_none(fit: Callable) -> synthesis.Pooled | None:
    try:
        return fit()
    except synthesis.SynthesisError:
        return None
