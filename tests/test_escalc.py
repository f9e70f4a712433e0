"""Measures of association, of spread, of reliability and of pairs: metafor's answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pool_command import answered, called, csv
from scipy.special import ndtr, ndtri

from livingreview import synthesis as s

REFERENCE = json.loads((Path(__file__).parent / "reference" / "escalc.json").read_text())
DATA, CASES = REFERENCE["data"], REFERENCE["cases"]
TOLERANCE = {"RTET": 2e-3}  # where metafor's optimiser stops
CLOSED_FORM = 1e-10
UNCORRECTED = ("PHI", "RTET")  # to which metafor adds nothing


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
    (lambda: s.paired_variation_ratio([1], [1], [-1], [1], [9], 0.5), "m_final must be positive"),
    (lambda: s.phi_coefficient([1], [2], [1], [2], sampling="LS"), "must be one of CS, ST")])
def test_what_has_no_effect_is_refused(call, said):
    with pytest.raises(s.SynthesisError, match=said):
        call()


def _paired(name):
    return lambda *cells, **to: s.paired_risks(*cells, measure=name, **to)


# The function of a measure, its columns where it does not take all, and what it is told beside.
CALLS = {
    "PHI": (s.phi_coefficient, None, "sampling"), "YUQ": (s.yule_q, None, None),
    "YUY": (s.yule_y, None, None), "RTET": (s.tetrachoric, None, None),
    "PBIT": (s.probit_difference, None, None),
    "OR2DN": (lambda *c, **to: s.smd_from_events(*c, **to, distribution="normal"), None, None),
    "RD": (s.risk_difference, None, "variance"),
    "MD": (s.mean_difference, None, "variance"), "ROM": (s.ratio_of_means, None, "variance"),
    "SMD": (s.standardised_mean_difference, None, "variance"),
    "SMD1": (s.glass_delta, ("m1", "n1", "m2", "sd2", "n2"), "variance"),
    "SMD1H": (s.glass_delta, ("m1", "n1", "m2", "sd2", "n2", "sd1"), None),
    "D2ORN": (lambda *c: s.odds_ratio_from_means(*c, distribution="normal"), None, None),
    "RPB": (s.point_biserial, None, "sampling"), "RBIS": (s.biserial, None, None),
    "SMN": (s.standardised_mean, ("m1", "sd1", "n1"), None),
    "CVRC": (s.paired_variation_ratio, None, None),
    "VRC": (s.paired_variability_ratio, ("sd_pre", "sd_post", "n", "r"), None),
    "SMCC": (s.standardised_mean_change, None, "variance"),
    "SMCR": (lambda *c, variance: s.standardised_mean_change(
        *c, standardiser="baseline", variance=variance), None, "variance"),
    "IRFT": (s.double_root_incidence_rate, None, None),
    "ARAW": (s.cronbach_alpha, None, None),
    "AHW": (lambda *c: s.cronbach_alpha(*c, scale="cube-root"), None, None),
    "ABT": (lambda *c: s.cronbach_alpha(*c, scale="log"), None, None),
    "PCOR": (s.partial_correlation, ("t", "n", "predictors"), None),
    "ZPCOR": (lambda *c: s.partial_correlation(*c, fisher=True), ("t", "n", "predictors"), None),
    "SPCOR": (s.semipartial_correlation, None, None),
    "COR": (s.raw_correlation, None, "variance"),
    "UCOR": (s.unbiased_correlation, None, "variance"),
    "MPRR": (_paired("RR"), None, None), "MPOR": (_paired("OR"), None, None),
    "MPRD": (_paired("RD"), None, None), "MPORC": (_paired("conditional-OR"), None, None),
    "MPPETO": (_paired("conditional-Peto"), None, None),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_effects_agree_with_metafor(case):
    measure, variance, *to = case["name"].split()
    function, columns, option = CALLS[measure]
    data = DATA[case["data"]]
    more = {} if option is None else {option: variance}
    if to and measure not in UNCORRECTED:
        more["zero_cells"] = {"only0": "only", "all": "all"}[to[0]]
    found = function(*(data[c] for c in columns or data), **more)
    yi, vi = (np.array(case[key], dtype=float) for key in ("yi", "vi"))
    if measure == "ZPCOR":  # Fisher's variance, as later versions of metafor have it
        vi = 1 / (1 / vi - 1)
    tolerance = TOLERANCE.get(measure, CLOSED_FORM)
    used = np.abs(yi) < 1 if measure == "RTET" else np.full(yi.size, True)
    assert (found.used == used).all()
    np.testing.assert_allclose(found.yi[used], yi[used], rtol=tolerance, atol=tolerance / 10)
    np.testing.assert_allclose(found.vi[used], vi[used], rtol=tolerance)


@pytest.mark.parametrize("method", ["HSk", "PMM", "SJIT"])
def test_further_estimators_of_tau2_agree_with_metafor(method):
    data = REFERENCE["tau2"]
    ours = "PM" if method == "SJIT" else method
    for key, x in (("mean", None), ("line", np.array(data["x"]))):
        found = s.fit_statistics(data["yi"], data["vi"], x, tau2_method=ours)
        np.testing.assert_allclose([found.tau2, found.tau2_se], data[method][key], rtol=1e-9)
    assert s.pool(data["yi"], data["vi"], tau2_method=ours).tau2 == pytest.approx(
        data[method]["mean"][0], rel=1e-9)


# How a file names the columns of the cases, where not by their own names.
HEADERS = {"t": "tstat", "r2": "rsq"}
BACK = {"ABT": lambda y: -np.expm1(-y), "AHW": lambda y: 1 - (1 - y) ** 3, "ZPCOR": np.tanh,
        **dict.fromkeys("ROM D2ORN CVRC VRC MPRR MPOR MPORC MPPETO".split(), np.exp)}


@pytest.mark.parametrize("case", [c for c in CASES if not c["name"].startswith(("RTET", "IRFT"))
                                  and c["name"].split()[2:] in ([], ["only0"])],
                         ids=lambda case: case["name"])
def test_the_command_pools_what_metafor_computes(case, tmp_path):
    measure, variance, *_ = case["name"].split()
    data = {HEADERS.get(name, name) if case["data"] == "fits" else name: values
            for name, values in DATA[case["data"]].items()}
    if measure == "SMN":
        data = {name: DATA["means"][f"{name}1"] for name in ("m", "sd", "n")}
    asked = ["--measure", measure]
    if CALLS[measure][2]:
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
