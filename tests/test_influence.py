"""Influence diagnostics against metafor; see `reference/models.R`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from livingreview.synthesis import SynthesisError
from livingreview.synthesis.diagnostics import influence

CLOSED_FORM = 1e-8
ITERATIVE = 1e-6

CASES = json.loads(
    (Path(__file__).parent / "reference" / "models.json").read_text())["influences"]
ENGINE = json.loads((Path(__file__).parent / "reference" / "engine.json").read_text())
TESTS = {"z": "z", "knha": "hksj"}


def agree(got, expected, tolerance, floor=1e-9):
    np.testing.assert_allclose(np.asarray(got, dtype=float), np.asarray(expected, dtype=float),
                               rtol=tolerance, atol=floor)


@pytest.mark.parametrize("name, fit", [(n, f) for n, case in CASES.items() for f in case["fits"]])
def test_diagnostics_agree_with_metafor(name, fit):
    case, (method, test) = CASES[name], fit.split()
    got = influence(case["yi"], case["vi"], case["x"], tau2_method=method, test=TESTS[test])
    expected = case["fits"][fit]
    for field in ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "hat", "weights",
                  "dfbetas"):
        agree(getattr(got, field), expected[field], CLOSED_FORM if method == "DL" else ITERATIVE)
    assert got.influential.tolist() == expected["influential"]
    assert np.isclose(got.hat.sum(), len(got.names)) and np.isclose(got.weights.sum(), 100)


def test_identical_effects_have_no_influence():
    got = influence([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.1])
    agree([got.rstudent, got.dffits, got.cook, got.tau2, got.qe], np.zeros((5, 4)), 0)
    with pytest.raises(SynthesisError, match="unguarded HKSJ"):
        influence([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.1], test="hksj")


def test_effects_that_differ_by_rounding_have_no_influence():
    # Residuals of 1e15 standard errors came of them.
    with pytest.raises(SynthesisError, match="row 2: .*unguarded HKSJ"):
        influence([0.1 + 0.2, 0.3, 0.9], [0.1, 0.2, 0.1], test="hksj")


def test_leverages_keep_their_digits_beside_a_giant_study():
    v = np.array([1e-14, 1.0, 2.0, 4.0])
    got = influence([0.0, 0.3, 0.2, 0.1], v, tau2_method="DL")
    w = 1 / (v + 0.0)
    agree(got.hat, w / w.sum(), CLOSED_FORM, floor=0)


def test_too_few_studies_are_refused():
    with pytest.raises(SynthesisError, match="at least 3 studies"):
        influence([1, 2], [1, 1])


def test_a_study_without_leverage_shifts_nothing():
    got = influence([1, 2, 3, 4], [1, 1, 1, 1], np.eye(4)[:, :2], intercept=False)
    assert np.ma.getmaskarray(got.dffits).tolist() == [True, True, False, False]
    assert got.dffits[2:].tolist() == [0, 0] and got.hat.tolist() == [1, 1, 0, 0]


def test_a_study_that_alone_fixes_a_coefficient_is_skipped_with_a_reason():
    case = ENGINE["fixed_by_one"]
    got = influence(case["yi"], case["vi"], np.array(case["x"]))
    row = case["row"]
    assert got.reasons[row].startswith("without this study the moderator x1 is 0 in all studies")
    assert [reason is None for reason in got.reasons].count(False) == 1
    for field in ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "dfbetas"):
        found = getattr(got, field)
        assert np.ma.getmaskarray(found)[row].all()
        assert np.ma.count_masked(found) == np.ma.getmaskarray(found)[row].sum()
        agree(np.ma.filled(found, np.nan), case[field], ITERATIVE)
    agree([got.hat, got.weights], [case["hat"], case["weights"]], ITERATIVE)
    assert got.influential.tolist() == case["influential"]
