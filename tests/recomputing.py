"""States of figures that a reader pools again, by the package; and sets to compare engines by."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from bs4 import BeautifulSoup

from livingreview import synthesis
from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.review import proportions, review
from livingreview.synthesis.bayes import Prior
from livingreview.synthesis.protocol import posterior_pool
from livingreview.view.figure import Figures

FIRST, COUNTS = "knee-pain-placebo-3-6", "knee-any-ae-any"
MODELS, INTERVALS = ("common", "DL", "PM", "REML"), ("z", "hksj", "hksj-guard")
FIELDS = ("k", "estimate", "se", "ci_low", "ci_high", "tau2", "tau2_low", "tau2_high", "i2", "q",
          "q_df", "q_p", "pi_low", "pi_high")


def _effects() -> list[tuple[np.ndarray, np.ndarray]]:
    """Sets of effects of 1 to 60 studies, of many kinds."""
    rng, sets = np.random.default_rng(20261129), []
    for k in (1, 2, 3, 4, 5, 8, 13, 21, 34, 60):
        v = rng.lognormal(-1, 1, k)
        noise = rng.normal(0, np.sqrt(v))
        giant = np.where(np.arange(k) == k // 2, 1e-8, v)
        sets += [
            (0.3 + noise + rng.normal(0, 0.7, k), v),
            (0.1 * noise, v),  # nothing but chance, and less: no variance between studies
            (np.full(k, 0.25), v), (rng.choice([-1.0, 0.0, 1.0], k), np.full(k, 0.2)),  # ties
            (rng.normal(0, 1e4, k), v), (1e6 + noise, v),  # huge variance, far from 0
            (noise + rng.normal(0, 2, k), giant),  # one giant study
            (np.log(rng.lognormal(0, 1.5, k)), rng.uniform(0.01, 4, k)),  # ratios
            (np.where(np.arange(k) < k / 2, -3.0, 3.0) + noise / 50, v / 20),  # two camps
            (rng.standard_cauchy(k), rng.lognormal(-4, 3, k))]
    # slow for steps of Fisher, and with two maxima of the likelihood
    sets.append((np.array([0.0, 3.0, 0.1, -0.2, 3.2]), np.array([1e-4, 2.0, 1e-4, 1e-4, 2.0])))
    sets.append((np.array([0.0, 0.03, 9.0]), np.array([1e-5, 1e-5, 20.0])))
    return sets


def tables() -> list[np.ndarray]:
    """2 × 2 tables of 2 to 60 studies, with empty cells, events in all, and fractions."""
    rng, sets = np.random.default_rng(12), []
    for k in (1, 2, 3, 5, 9, 20, 60):
        for risk in (0.02, 0.2, 0.97):
            n = rng.integers(5, 80, (2, k))
            events = rng.binomial(n, risk)
            sets.append(np.column_stack([events[0], n[0], events[1], n[1]]).astype(float))
            sets.append(sets[-1] / 1.5)
    return sets


def same(found: dict, wanted, call: list) -> None:
    """A page shows the heterogeneity of random effects beside Mantel–Haenszel."""
    scale = abs(wanted.estimate) + wanted.se if wanted.se else 1
    few = wanted.model in ("mantel-haenszel", "one-study")
    # nodes of Gauss and Hermite lose digits where studies are all or none
    rel = 1e-3 if wanted.model == proportions.MODEL and wanted.tau2 > 4 else 1e-6
    for name in FIELDS[:5] if few else FIELDS:
        value = getattr(wanted, name)
        if value is None or np.isinf(value):  # JSON has no infinity
            assert found.get(name) is None, (name, call)
        else:
            assert found[name] == pytest.approx(value, rel=rel, abs=1e-13 * scale), (name, call)
    assert found["weights"] == pytest.approx(list(wanted.weights), rel=1e-6, abs=1e-15), call


def by_inverse_variance(y, v, model: str, interval: str) -> synthesis.Pooled:
    """A pool by a model of the page."""
    options = {"model": "common"} if model == "common" else {"tau2_method": model}
    return synthesis.pool(y, v, interval=interval, **options)


def by_tables(tables: np.ndarray) -> synthesis.Pooled | None:
    """Mantel–Haenszel; None where it is not defined."""
    return _or_none(lambda: synthesis.mantel_haenszel(*np.asarray(tables, dtype=float).T))


def pools() -> tuple[list[list], list[synthesis.Pooled]]:
    """Calls of the script for effects of many kinds, and what the package answers."""
    calls, wanted = [], []
    for y, v in _effects():
        for model in MODELS:
            for ci in INTERVALS:
                calls.append(["pool", y.tolist(), v.tolist(), model, ci])
                wanted.append(by_inverse_variance(y, v, model, ci))
    return calls, wanted


def posteriors() -> tuple[list[list], list[synthesis.Pooled]]:
    """The same for posteriors, of two studies and more, by narrow and wide priors."""
    calls, wanted = [], []
    for y, v in _effects():
        spread = float(np.ptp(y))
        for scale in (0.5, 10.0):
            if len(y) > 1 and spread < 50 * scale:  # farther apart no sum of the page's goes
                calls.append(["posterior", y.tolist(), v.tolist(), scale])
                wanted.append(posterior_pool(y, v, Prior("half-normal", scale)))
    return calls, wanted


def _or_none(fit: Callable) -> synthesis.Pooled | None:
    try:
        return fit()
    except synthesis.SynthesisError:
        return None


@cache
def figures() -> Figures:
    return Figures(review(load()))


@cache
def page(analysis: str) -> BeautifulSoup:
    """The page of an analysis."""
    found = figures().review.analysis(analysis)
    return BeautifulSoup(render(figures().page(found), f"figures/{analysis}.html"), "lxml")


@cache
def block(analysis: str) -> dict:
    """What the page of an analysis gives to its script."""
    return json.loads(page(analysis).select_one("template.lr-recompute + script").string)


def all_of_them() -> list[str]:
    """All analyses whose trials can be pooled again."""
    return [r["id"] for r in figures().results()
            if r["studies"] and figures().forest(r).recompute]


def state(analysis: str, **chosen) -> dict:
    """A state of a figure: the published one, but for what is chosen."""
    data = block(analysis)
    return {"without": [], "model": data["model"], "interval": data["interval"]} | chosen


def drawn(analysis: str, count: int) -> list[dict]:
    """States drawn at random."""
    draw, data = random.Random(analysis), block(analysis)
    recompute = figures().forest(figures().review.analysis(analysis)).recompute
    models = [word for word, _ in recompute.models]
    ids = [m["id"] for m in data["members"]]
    return [state(analysis, without=draw.sample(ids, draw.randrange(len(ids))),
                  model=draw.choice(models), interval=draw.choice(INTERVALS))
            for _ in range(count)]


def pooled(analysis: str, chosen: dict) -> tuple[synthesis.Pooled, synthesis.Pooled]:
    """The same state by the package: the pool, and what stands beside it."""
    data = block(analysis)
    inside = [m for m in data["members"] if m["id"] not in chosen["without"]]
    y, v = ([m[key] for m in inside] for key in "yv")
    if data["share"]:
        return _shares(data, chosen, y, v, np.array([m["counts"] for m in inside], dtype=float).T)

    beside = by_inverse_variance(y, v, *data["beside"])
    if chosen["model"] == "posterior":
        found = by_posterior(data, y, v) if len(y) > 1 else beside
        return found, found
    if chosen["model"] == "MH":
        tables = by_tables([m["counts"] for m in inside]) if len(inside) > 1 else None
        return tables or beside, beside
    found = by_inverse_variance(y, v, chosen["model"], chosen["interval"])
    return found, beside if chosen["model"] == "common" else found


def by_posterior(data: dict, y, v) -> synthesis.Pooled:
    """The posterior under the prior of a page."""
    return posterior_pool(y, v, Prior("half-normal", data["prior"]))


def by_logistic(counts) -> synthesis.Pooled | None:
    """The random-intercept logistic model, with many nodes; None where it fails."""
    fit = _or_none(lambda: synthesis.logistic_pool(*counts, test="t", nodes=100))
    few = fit and fit.k < 3
    return fit and SimpleNamespace(**vars(fit) | {
        "model": proportions.MODEL, "weights": counts[1] / counts[1].sum(), "i2": None,
        "tau2_low": None, "tau2_high": None} | ({"pi_low": None, "pi_high": None} if few else {}))


def _shares(data: dict, chosen: dict, y, v, counts) -> tuple:
    def by(model, interval):
        if len(y) == 1:
            return proportions.one(*counts[:, 0])
        if model not in ("common", "logistic", "posterior"):
            return by_inverse_variance(y, v, model, interval)
        if model == "posterior":
            return by_posterior(data, y, v)
        return by_logistic(counts) if model == "logistic" else proportions.common(*counts)

    rest = by_inverse_variance(y, v, *({"logistic": "REML"}.get(x, x) for x in data["beside"]))
    found = by(chosen["model"], chosen["interval"])
    beside = found and chosen["model"] == "common" and (by(*data["beside"]) or rest)
    return found or rest, beside or found or rest
