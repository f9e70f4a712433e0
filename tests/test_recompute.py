"""What a page computes again: the same numbers as the package, by Node."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable
from recomputing import (
    COUNTS,
    FIRST,
    all_of_them,
    block,
    by_tables,
    drawn,
    figures,
    page,
    pooled,
    pools,
    posteriors,
    same,
    state,
    tables,
)
from rendered import plain
from rjsmin import jsmin
from scipy import special

from livingreview.render.numbers import number, percent
from livingreview.review.measure import varying
from livingreview.review.pools import natural

ROOT = Path(__file__).parent.parent
STATIC = ROOT / "livingreview" / "site" / "theme" / "static"
# Playwright, by which the site is tried in a browser, brings a Node along.
NODE, R = shutil.which("node") or compute_driver_executable()[0], shutil.which("Rscript")
THEME = ROOT / "livingreview" / "site" / "theme" / "static"
SHARES = ("sci-responder-uncontrolled", "knee-replacement-uncontrolled")
TWO = ("knee-pain-added-3-6", "hip-survival-added", "hip-collapse-precollapse-uncontrolled")
MOST = 40_000  # bytes of all scripts of the site together

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


def test_models_and_intervals_agree_with_the_package(tmp_path):
    calls, wanted = pools()
    assert len(calls) >= 1000
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        same(found, value, call)


def test_posteriors_agree_with_the_package(tmp_path):
    calls, wanted = posteriors()
    assert len(calls) > 100
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        same(found, value, call)


def test_tables_agree_with_the_package(tmp_path):
    calls = [["mantelHaenszel", table.tolist()] for table in tables()]
    wanted = [by_tables(table) for table in tables()]
    assert sum(value is not None for value in wanted) > 30
    for call, found, value in zip(calls, in_node(calls, tmp_path), wanted, strict=True):
        assert (found is None) == (value is None), call
        if value:
            same(found, value, call)


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


def test_the_published_state_prints_the_published_digits(tmp_path):
    ids = all_of_them()
    results = [r for r in figures().results() if r["pooled"] and r["k"] > 1]
    assert set(ids) == {r["id"] for r in results} and len(ids) > 40
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
        spread = varying(result)
        ends = soup.select_one("tr.lr-prediction")
        assert bool(ends) == bool(answer["random"]["ends"]) == (spread["pi_low"] is not None)
        if ends:
            assert plain(ends.select("td")[-2]) == answer["random"]["ends"], analysis
        data = block(analysis)
        decimals = 1 if data["decimals"] == 1 and not data["share"] else 3
        if spread["i2"] is None:
            assert "i2" not in answer["facts"]
        else:
            assert answer["facts"]["i2"] == f"{number(spread['i2'], 0)}%"
        assert answer["facts"]["tau2"].split()[0] == number(spread["tau2"], decimals)
        assert answer["facts"]["q"].startswith(number(spread["q"], 1) + " ")
        trace = soup.select_one(".lr-trace tr[data-domain=imprecision]")
        if trace:
            change, why = map(plain, trace.select("td"))
            assert answer["facts"]["imprecision"] == f"{change}. {why}", analysis
        else:
            assert "imprecision" not in answer["facts"]


@pytest.mark.parametrize("analysis", [FIRST, COUNTS, "knee-pain-any-3-6", *SHARES, *TWO])
def test_states_at_random_are_those_of_the_package(analysis, tmp_path):
    states = drawn(analysis, 60)
    for chosen, answer in zip(states, answers([(analysis, s) for s in states], tmp_path),
                              strict=True):
        found, beside = pooled(analysis, chosen)
        same(answer["found"], found, [analysis, chosen])
        same(answer["beside"], beside, [analysis, chosen])


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
            (FIRST, state(FIRST)), (COUNTS, state(COUNTS)),
            *((name, s) for name in SHARES for s in (state(name), *drawn(name, 3))),
            *((name, state(name)) for name in TWO), (FIRST, state(FIRST, model="posterior"))]


# Programs that run those which they are given, each with names of its own.
NEXT = "next:"
BY_PYTHON = f"import runpy, sys\nfor file in sys.argv[1:]: print('{NEXT}'); runpy.run_path(file)"
BY_R = (f"for (file in commandArgs(TRUE)) {{ cat('{NEXT}\\n'); "
        "source(file, local = new.env(parent = globalenv())) }")


def _run(command: list[str], codes: list[str], folder: Path, env: dict | None = None
         ) -> list[dict[str, float]]:
    """What programs print, a name and a number on each line."""
    files = [folder / f"code-{i}" for i in range(len(codes))]
    for file, text in zip(files, codes, strict=True):
        file.write_text(text, encoding="utf-8")
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True,
                          check=False, env=env)
    assert done.returncode == 0, done.stderr
    return [{name: float(x) for name, x in map(str.split, printed.strip().splitlines())
             if x not in ("None", "NA")} for printed in done.stdout.split(NEXT)[1:]]


def _as_shown(analysis: str, chosen: dict) -> dict[str, float]:
    """The numbers that a figure shows."""
    found, beside = pooled(analysis, chosen)
    data = block(analysis)
    kind = "RR" if data["log"] else "proportion" if data["share"] else "MD"
    pairs = [(f, found) for f in ("estimate", "ci_low", "ci_high")] + [
        (f, beside) for f in ("pi_low", "pi_high")]
    numbers = {f: natural(kind, getattr(one, f)) for f, one in pairs
               if getattr(one, f) is not None}
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
            states, _run([sys.executable, "-c", BY_PYTHON], codes, tmp_path, env), strict=True):
        assert printed == pytest.approx(_as_shown(analysis, chosen), rel=1e-6, abs=1e-9)


def _metafor() -> bool:
    return R is not None and not subprocess.run(
        [R, "-e", "quit(status = !nzchar(system.file(package = 'metafor')))"],
        capture_output=True, check=False).returncode


@pytest.mark.skipif(not _metafor(), reason="R with its package metafor is not installed")
def test_r_code_gives_the_shown_numbers(tmp_path):
    states = _ten_states()
    codes = [answer["codes"][1] for answer in answers(states, tmp_path)]
    for analysis in (FIRST, COUNTS):
        there = page(analysis).select("code[data-take]")[1].get_text()
        assert there == codes[states.index((analysis, state(analysis)))]
    for (analysis, chosen), printed in zip(
            states, _run([R, "-e", BY_R], codes, tmp_path), strict=True):
        wanted = _as_shown(analysis, chosen)
        printed = {name: x for name, x in printed.items() if name in wanted}
        # lme4, by which metafor fits the logistic model, stops a little earlier
        rel = 1e-4 if block(analysis)["share"] else 1e-5
        assert printed == pytest.approx(wanted, rel=rel, abs=1e-5)


# --- bytes ------------------------------------------------------------------------------------


def test_all_scripts_of_the_site_are_small():
    files = [p for p in STATIC.iterdir() if p.suffix in (".js", ".mjs")]
    assert sum(len(jsmin(p.read_text(encoding="utf-8"))) for p in files) <= MOST
