"""Measures of association, of spread, of reliability and of pairs.

That they agree with metafor, test_validation.py tests.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pool_command import answered, called, csv
from scipy.special import expit, ndtr, ndtri

from livingreview import synthesis as s
from livingreview.view.recomputed_escalc import CALLS

REFERENCE = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text())
DATA, CASES = REFERENCE["data"], REFERENCE["cases"]


def test_a_tetrachoric_correlation_gives_back_its_table():
    """The integral of the bivariate normal density over a grid, and its closed form at medians."""
    a, n = np.array([30.0, 12.0, 49.0, 1.0]), 100.0
    found = s.tetrachoric(a, np.full(4, n / 2), 50 - a, np.full(4, n / 2))
    np.testing.assert_allclose(found.yi, np.sin(2 * np.pi * (a / n - 0.25)), rtol=1e-12)
    odd = s.tetrachoric([9], [12], [20], [60])
    r, x = odd.yi[0], np.linspace(-9, 0, 200_001)
    h, k = ndtri(12 / 72), ndtri(29 / 72)
    inside = np.exp(-(x + h) ** 2 / 2) * ndtr((k - r * (x + h)) / np.sqrt(1 - r * r))
    assert np.trapezoid(inside, x) / np.sqrt(2 * np.pi) == pytest.approx(9 / 72, rel=1e-8)


def test_the_variance_of_a_tetrachoric_correlation_is_that_of_the_likelihood():
    cells = np.array([9.0, 3.0, 20.0, 40.0])

    def estimate(c):
        return s.tetrachoric([c[0]], [c[0] + c[1]], [c[2]], [c[2] + c[3]]).yi[0]

    steps = np.eye(4) * 1e-4
    slopes = np.array([(estimate(cells + h) - estimate(cells - h)) / 2e-4 for h in steps])
    delta = cells @ slopes**2 - (cells @ slopes) ** 2 / cells.sum()
    assert s.tetrachoric([9], [12], [20], [60]).vi[0] == pytest.approx(delta, rel=1e-6)


@pytest.mark.parametrize("raw, z, data", [
    (s.phi_coefficient, {"fisher": True}, "tables"), (s.tetrachoric, {"fisher": True}, "tables"),
    (s.point_biserial, {"fisher": True}, "means"), (s.semipartial_correlation, {"fisher": True},
                                                   "fits")])
def test_z_is_by_the_delta_method(raw, z, data):
    columns = list(DATA[data].values())
    plain, found = raw(*columns), raw(*columns, **z)
    np.testing.assert_allclose(np.tanh(found.yi), plain.yi, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.vi * (1 - plain.yi**2) ** 2, plain.vi, rtol=1e-10)


def test_a_rate_is_what_its_double_root_was_made_of():
    e, t = np.array([0.0, 3, 40]), np.array([10.0, 104, 999])
    found = s.rate_from_double_root(s.double_root_incidence_rate(e, t).yi, t)
    np.testing.assert_allclose(found, e / t, rtol=1e-12)
    assert s.rate_from_double_root(-1.0, 5.0) == 0


@pytest.mark.parametrize("call, said", [
    (lambda: s.cronbach_alpha([1.0], [3], [9]), "alpha must be below 1"),
    (lambda: s.cronbach_alpha([0.5], [1], [9]), "items must be 2"),
    (lambda: s.partial_correlation([1], [4], [3]), "degrees of freedom of t"),
    (lambda: s.semipartial_correlation([1], [9], [3], [1]), "r2 must be"),
    (lambda: s.biserial([99], [1], [9], [1], [1], [9], fisher=True), "to have a z"),
    (lambda: s.glass_delta([1], [9], [2], [1], [2]), "n2 must exceed 2"),
    (lambda: s.paired_risks([0], [0], [0], [0]), "must hold somebody"),
    (lambda: s.relative_excess_heterozygosity([3], [-1], [2]), "must not be negative"),
    (lambda: s.paired_variation_ratio([1], [1], [-1], [1], [9], 0.5), "m_final must be positive"),
    (lambda: s.phi_coefficient([1], [2], [1], [2], sampling="LS"), "must be one of CS, ST")])
def test_what_has_no_effect_is_refused(call, said):
    with pytest.raises(s.SynthesisError, match=said):
        call()



def test_the_z_of_a_partial_correlation_has_the_variance_of_fisher():
    data = DATA["fits"]
    case = next(c for c in CASES if c["name"] == "ZPCOR LS")
    found = s.partial_correlation(data["t"], data["n"], data["predictors"], fisher=True)
    np.testing.assert_allclose(found.yi, case["yi"], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(1 / found.vi, 1 / np.array(case["vi"]) - 1, rtol=1e-10)


# How a file names the columns of the cases, where not by their own names.
HEADERS = {"t": "tstat", "r2": "rsq"}
BACK = {"ABT": lambda y: -np.expm1(-y), "AHW": lambda y: 1 - (1 - y) ** 3, "ZPCOR": np.tanh,
        "PLO": expit,
        **dict.fromkeys("PLN ROM D2ORN CVRC VRC MPRR MPOR MPORC MPPETO".split(), np.exp)}


@pytest.mark.parametrize("case", [c for c in CASES if c["name"].split()[0] not in (
                                      "RTET", "IRFT", "REH")
                                  and c["name"].split()[2:] in ([], ["only0"])],
                         ids=lambda case: case["name"])
def test_the_command_pools_what_metafor_computes(case, tmp_path):
    measure, variance, *_ = case["name"].split()
    data = {HEADERS.get(name, name) if case["data"] == "fits" else name: values
            for name, values in DATA[case["data"]].items()}
    if measure == "SMN":
        data = {name: DATA["means"][f"{name}1"] for name in ("m", "sd", "n")}
    if measure in ("PR", "PLN", "PLO"):
        data = {"e": data["e1"], "n": data["n1"]}
    asked = ["--measure", measure]
    if measure in CALLS and CALLS[measure][2]:
        asked += ["--variance", variance]
    found = answered(tmp_path, csv(**data), *asked)
    used = np.array([study["yi"] is not None for study in found["studies"]])
    for key in ("yi", "vi"):
        got = [study[key] for study in found["studies"] if study[key] is not None]
        expected = np.array(case[key])[used]
        if measure == "ZPCOR" and key == "vi":
            expected = 1 / (1 / expected - 1)
        if measure not in ("RD", "PHI"):
            np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-11)
    pooled = s.pool([x["yi"] for x in found["studies"] if x["yi"] is not None],
                    [x["vi"] for x in found["studies"] if x["vi"] is not None])
    assert found["estimate"] == pytest.approx(
        BACK.get(measure, lambda y: y)(pooled.estimate), rel=1e-6)
    assert "effect of" not in called(tmp_path, csv(**data), *asked).stdout.splitlines()[0]


def test_double_roots_of_rates_are_turned_back(tmp_path):
    data = DATA["rates"]
    found = answered(tmp_path, csv(**data), "--measure", "IRFT")
    e, t = np.array(data["e"]), np.array(data["t"])
    np.testing.assert_allclose([x["estimate"] for x in found["studies"]], e / t, rtol=1e-9,
                               atol=1e-12)
    pooled = s.pool(*(next(c for c in CASES if c["name"] == "IRFT LS")[k] for k in ("yi", "vi")))
    assert found["estimate"] == pytest.approx(s.rate_from_double_root(
        pooled.estimate, s.harmonic_mean(t)), rel=1e-8)
