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


def test_too_few_studies_and_moderators_of_one_study_are_refused():
    with pytest.raises(SynthesisError, match="at least 3 studies"):
        influence([1, 2], [1, 1])
    with pytest.raises(SynthesisError, match="row 3: without this study") as caught:
        influence([1, 2, 3, 4, 2], [1, 1, 1, 1, 1], [0, 0, 0, 1, 0])
    assert caught.value.row == 3
