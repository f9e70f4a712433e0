"""Every combination of choices: the main analysis is one of them, and each is what it says."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from made_up import HARM, KNEE, PAIN, World

from livingreview import synthesis
from livingreview.data.dataset import load
from livingreview.effects import Analysis, Evidence, Rules, select
from livingreview.effects.question import RATIOS
from livingreview.review import review
from livingreview.review.multiverse import CHOICES, WORDS, multiverse

RELATIVE = 1e-8


@pytest.fixture(scope="module")
def data():
    return load()


@pytest.fixture(scope="module")
def evidence(data):
    return Evidence(data, KNEE)


def _analysis(data, analysis_id):
    return next(Analysis.of(r) for r in data.records("analyses") if r["analysis_id"] == analysis_id)


def _rows(found):
    rows = list(csv.DictReader(io.StringIO(found["table"])))
    names = list(found["choices"])
    return [{**{n: found["choices"][n][int(r[n])] for n in names},
             **{c: float(r[c]) for c in ("k", "estimate", "ci_low", "ci_high")}} for r in rows]


@pytest.mark.parametrize("analysis_id", ["knee-pain-placebo-3-6", "knee-function-any-6-12",
                                         "knee-pain-ha-6-12"])
def test_the_main_analysis_is_one_of_them(data, evidence, analysis_id):
    analysis = _analysis(data, analysis_id)
    main, _ = select(evidence, analysis, Rules())
    found = multiverse(evidence, analysis, main)
    first = {WORDS[choice.key]: choice.levels[0][0] for choice in CHOICES}
    wanted = [r for r in _rows(found) if r["model"] == "REML" and r["interval"] == "hksj-guard"
              and all(r[n] == first.get(n, "in") for n in found["choices"]
                      if n not in ("model", "interval"))]
    assert len(wanted) == 1
    pooled = synthesis.pool([e.yi for e in main], [e.vi for e in main])
    for key in ("estimate", "ci_low", "ci_high"):
        assert wanted[0][key] == pytest.approx(getattr(pooled, key), rel=RELATIVE)


def test_a_choice_changes_what_it_names(data, evidence):
    analysis = replace(_analysis(data, "knee-pain-placebo-3-6"),
                       studies=_analysis(data, "cochrane-replica").studies)
    main, _ = select(evidence, analysis, Rules())
    found = multiverse(evidence, analysis, main)
    rows = [r for r in _rows(found) if r["model"] == "DL" and r["interval"] == "z"]
    inside = [r for r in rows if r["borrowed values"] == "in" and r["digitised values"] == "in"
              and r["derived values"] == "in" and r["n"] == "analysed"
              and r["correlation of paired units"] == "0"
              and r["effects beyond two standard deviations"] == "in"
              and r["SDs equal to the last digit"] == "in"
              and r["reported contrasts"] == "in" and r["doubtful values"] == "in"]
    # all seven trials, DerSimonian–Laird, normal interval: the published analysis
    assert len(inside) == 1 and inside[0]["k"] == 7
    assert inside[0]["estimate"] == pytest.approx(-12.4191528825, rel=1e-9)


def test_counts_add_up(data):
    for result in review(data).analyses(KNEE):
        found = result["multiverse"]
        if found is None:
            assert result["k"] < 2 or result["role"] == "check"
            continue
        rows = _rows(found)
        assert all(r["ci_low"] <= r["estimate"] <= r["ci_high"] for r in rows)
        assert all(r["k"] >= 2 for r in rows)
        if result["question"]["measure"] == "proportion":  # a share has no line to cross
            assert found["n"] == len(rows) and found["crossing_null"] is None
            continue
        _adds_up(found, 1.0 if result["question"]["measure"] in RATIOS else 0.0)


def _adds_up(found, null):
    rows = _rows(found)
    assert found["n"] == len(rows) == found["crossing_null"] + found["below"] + found["above"]
    assert found["crossing_null"] == sum(
        r["ci_low"] < null < r["ci_high"] or r["ci_low"] == null == r["ci_high"] for r in rows)


@pytest.mark.parametrize("question, null", [(HARM, 1.0), (PAIN, 0.0)])
def test_an_interval_that_is_the_line_of_no_effect_is_counted_once(tmp_path, question, null):
    world = World(tmp_path)
    for study, n in (("doe-2020", 20), ("roe-2021", 40)):
        world.trial(study).counts(study, n // 4, n // 4, n)
        world.value(study, "msc", 40, 10, n=n).value(study, "control", 40, 10, n=n)
    ev = world.evidence()
    found = multiverse(ev, question, select(ev, question, Rules())[0])
    rows = _rows(found)
    assert any(r["ci_low"] == null == r["ci_high"] for r in rows)
    assert found["crossing_null"] == found["n"] and not found["below"] + found["above"]
    _adds_up(found, null)


def test_every_combination_stands_once(data, evidence):
    analysis = _analysis(data, "knee-responder-any-6-12")
    main, _ = select(evidence, analysis, Rules())
    found = multiverse(evidence, analysis, main)
    rows = _rows(found)
    keys = [tuple(r[n] for n in found["choices"]) for r in rows]
    assert len(keys) == len(set(keys))
    assert {r["model"] for r in rows} >= {"REML", "Mantel–Haenszel", "common effect"}
