"""What a page computes again: the same numbers as the package, by Node."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from rendered import plain
from scipy import special

from livingreview import synthesis
from livingreview.data.dataset import load
from livingreview.render.engine import render
from livingreview.render.numbers import number, percent
from livingreview.review import review
from livingreview.review.pools import natural
from livingreview.view.figure import Figures

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "book" / "_static"
NODE, R = shutil.which("node"), shutil.which("Rscript")
THEME = ROOT / "livingreview" / "site" / "theme" / "static"
MOST = 40 * 1024  # bytes of all scripts of the site together
FIRST, COUNTS = "knee-pain-placebo-3-6", "knee-any-ae-any"
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
    """A page shows the heterogeneity of random effects beside Mantel–Haenszel."""
    scale = abs(wanted.estimate) + wanted.se
    tables = wanted.model == "mantel-haenszel"
    for name in FIELDS[:5] if tables else FIELDS:
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


# --- figures ----------------------------------------------------------------------------------

_STATES = """
import { readFileSync } from "node:fs";
const [calls, module] = process.argv.slice(1);
const { code, compute, facts, size, told } = await import(module);
const answers = JSON.parse(readFileSync(calls, "utf8")).map(({ data, words, state, codes }) => {
  const all = compute(data, state), { inside, found, beside } = all;
  return { found, beside, told: found && told(data, words, found), size: size(words, inside),
    random: beside && told(data, words, beside), facts: facts(data, words, all),
    codes: found && codes.map(([template, calls]) => code(data, template, calls, all, state)) };
});
console.log(JSON.stringify(answers));
"""


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


def _all() -> list[str]:
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


def answers(states: list[tuple[str, dict]], folder: Path) -> list[dict]:
    """What the script of the site makes of states of figures."""
    calls = []
    for analysis, chosen in states:
        data = block(analysis)
        codes = [[c["data-take"], json.loads(c["data-calls"])]
                 for c in page(analysis).select("code[data-take]")]
        calls.append({"data": data, "words": data["words"], "state": chosen, "codes": codes})
    file = folder / "states.json"
    file.write_text(json.dumps(calls), encoding="utf-8")
    done = subprocess.run([NODE, "--input-type=module", "-e", _STATES, str(file),
                           (STATIC / "recompute.mjs").as_uri()],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def pooled(analysis: str, chosen: dict) -> tuple[synthesis.Pooled, synthesis.Pooled]:
    """The same state by the package: the pool, and what stands beside it."""
    data = block(analysis)
    inside = [m for m in data["members"] if m["id"] not in chosen["without"]]
    y, v = ([m[key] for m in inside] for key in "yv")

    def inverse(model: str, interval: str) -> synthesis.Pooled:
        options = {"model": "common"} if model == "common" else {"tau2_method": model}
        return synthesis.pool(y, v, interval=interval, **options)

    beside = inverse(*data["beside"])
    if chosen["model"] == "MH":
        tables = _or_none(lambda: synthesis.mantel_haenszel(*np.array([
            m["counts"] for m in inside], dtype=float).T)) if len(inside) > 1 else None
        return tables or beside, beside
    found = inverse(chosen["model"], chosen["interval"])
    return found, beside if chosen["model"] == "common" else found


def test_the_published_state_prints_the_published_digits(tmp_path):
    ids = _all()
    assert len(ids) > 40
    found = answers([(i, state(i)) for i in ids], tmp_path)
    for analysis, answer in zip(ids, found, strict=True):
        result, soup = figures().review.analysis(analysis), page(analysis)
        row = soup.select_one("tr.lr-pooled")
        assert plain(row.select("td")[-2]) == answer["told"]["estimate"], analysis
        assert plain(row.select_one(".lr-sub")) == answer["size"], analysis
        weights = [plain(cell) for cell in soup.select("tr[data-trial] td[data-label=Weight]")]
        told = dict(zip([m["id"] for m in block(analysis)["members"]],
                        answer["found"]["weights"], strict=True))
        assert weights == [
            "0% #" if told[r["data-trial"]] == 0 else percent(told[r["data-trial"]])
            for r in soup.select("tr[data-trial]") if r["data-trial"] in told], analysis
        spread = result["random_effects"] or result["pooled"]
        ends = soup.select_one("tr.lr-prediction")
        assert bool(ends) == bool(answer["random"]["ends"]) == (spread["pi_low"] is not None)
        if ends:
            assert plain(ends.select("td")[-2]) == answer["random"]["ends"], analysis
        decimals = 1 if block(analysis)["decimals"] == 1 else 3
        assert answer["facts"]["i2"] == f"{number(spread['i2'], 0)}%"
        assert answer["facts"]["tau2"].startswith(number(spread["tau2"], decimals) + " ")
        assert answer["facts"]["q"].startswith(number(spread["q"], 1) + " ")
        trace = soup.select_one(".lr-trace tr[data-domain=imprecision]")
        if trace:
            change, why = map(plain, trace.select("td"))
            assert answer["facts"]["imprecision"] == f"{change}. {why}", analysis
        else:
            assert "imprecision" not in answer["facts"]


@pytest.mark.parametrize("analysis", [FIRST, COUNTS, "knee-pain-any-3-6"])
def test_states_at_random_are_those_of_the_package(analysis, tmp_path):
    states = drawn(analysis, 200)
    for chosen, answer in zip(states, answers([(analysis, s) for s in states], tmp_path),
                              strict=True):
        found, beside = pooled(analysis, chosen)
        _same(answer["found"], found, [analysis, chosen])
        _same(answer["beside"], beside, [analysis, chosen])


def test_without_any_trial_there_is_no_estimate(tmp_path):
    every = [m["id"] for m in block(FIRST)["members"]]
    (answer,) = answers([(FIRST, state(FIRST, without=every))], tmp_path)
    assert answer["found"] is None and answer["facts"] == {}


def test_numbers_are_written_as_in_templates(tmp_path):
    draw = random.Random(3)
    values = [0.0, -0.04, 0.125, 2.25, -2.35, 2.5, 1234567.5, 0.05, 1e-7, 999.95, -1e5]
    values += [draw.uniform(-1, 1) * 10 ** draw.randint(-4, 6) for _ in range(300)]
    values += [draw.randint(-900, 900) / 8 for _ in range(300)]
    calls = [["number", x, d] for x in values for d in (0, 1, 2, 3)]
    for call, said in zip(calls, in_node(calls, tmp_path, "recompute.mjs"), strict=True):
        assert said == number(*call[1:]), call


# --- code to take away ------------------------------------------------------------------------


def _ten_states() -> list[tuple[str, dict]]:
    return [*((FIRST, s) for s in drawn(FIRST, 4)), *((COUNTS, s) for s in drawn(COUNTS, 4)),
            (FIRST, state(FIRST)), (COUNTS, state(COUNTS))]


def _run(command: list[str], codes: list[str], folder: Path, env: dict | None = None
         ) -> list[dict[str, float]]:
    """What programs print, a name and a number on each line."""
    out = []
    for i, text in enumerate(codes):
        file = folder / f"code-{i}"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False,
                              env=env)
        assert done.returncode == 0, done.stderr
        lines = (line.split() for line in done.stdout.splitlines())
        out.append({name: float(x) for name, x in lines if x not in ("None", "NA")})
    return out


def _as_shown(analysis: str, chosen: dict) -> dict[str, float]:
    """The numbers that a figure shows."""
    found, beside = pooled(analysis, chosen)
    scale = block(analysis)["log"]
    pairs = [(f, found) for f in ("estimate", "ci_low", "ci_high")] + [
        (f, beside) for f in ("pi_low", "pi_high")]
    numbers = {f: natural("RR" if scale else "MD", getattr(one, f)) for f, one in pairs}
    numbers |= {f: getattr(beside, f) for f in ("tau2", "i2")}
    return {name: x for name, x in numbers.items() if x is not None}


def test_python_code_gives_the_shown_numbers(tmp_path):
    states = _ten_states()
    codes = [answer["codes"][0] for answer in answers(states, tmp_path)]
    for analysis in (FIRST, COUNTS):  # what stands on the page before a script runs
        there = page(analysis).select_one("code[data-take]").get_text()
        assert there == codes[states.index((analysis, state(analysis)))]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    for (analysis, chosen), printed in zip(
            states, _run([sys.executable], codes, tmp_path, env), strict=True):
        assert printed == pytest.approx(_as_shown(analysis, chosen), rel=1e-6, abs=1e-9)


def _metafor() -> bool:
    return R is not None and not subprocess.run(
        [R, "-e", "library(metafor)"], capture_output=True, check=False).returncode


@pytest.mark.skipif(not _metafor(), reason="R with its package metafor is not installed")
def test_r_code_gives_the_shown_numbers(tmp_path):
    states = _ten_states()
    codes = [answer["codes"][1] for answer in answers(states, tmp_path)]
    for analysis in (FIRST, COUNTS):
        there = page(analysis).select("code[data-take]")[1].get_text()
        assert there == codes[states.index((analysis, state(analysis)))]
    for (analysis, chosen), printed in zip(states, _run([R], codes, tmp_path), strict=True):
        wanted = _as_shown(analysis, chosen)
        printed = {name: x for name, x in printed.items() if name in wanted}
        assert printed == pytest.approx(wanted, rel=1e-5, abs=1e-5)


# --- bytes ------------------------------------------------------------------------------------


def test_all_scripts_of_the_site_are_small():
    files = [p for folder in (STATIC, THEME) for p in folder.iterdir()
             if p.suffix in (".js", ".mjs")]
    assert sum(p.stat().st_size for p in files) <= MOST
