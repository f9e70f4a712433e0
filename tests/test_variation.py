"""Effects of spread, odds ratios as standardised differences, pools of rates: metafor's answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pool_command import answered, called, csv

from livingreview import synthesis as s

REFERENCE = json.loads((Path(__file__).parent / "reference" / "variation.json").read_text())
MEANS, ARM1 = ("m1", "sd1", "n1", "m2", "sd2", "n2"), ("m1", "sd1", "n1")
ANSWERS = {
    "VR": (s.variability_ratio, "means", ("sd1", "n1", "sd2", "n2")),
    "CVR": (s.variation_ratio, "means", MEANS),
    "D2OR": (s.odds_ratio_from_means, "means", MEANS),
    "SDLN": (s.log_sd, "means", ARM1[1:]),
    "CVLN": (s.log_variation, "means", ARM1),
}


@pytest.mark.parametrize("measure", ANSWERS)
def test_effects_agree_with_metafor(measure):
    function, data, columns = ANSWERS[measure]
    found = function(*(REFERENCE[data][c] for c in columns))
    for key in ("yi", "vi"):
        np.testing.assert_allclose(getattr(found, key), REFERENCE[data][measure][key], rtol=1e-12)


@pytest.mark.parametrize("data", ["events", "zeros"])
def test_odds_as_differences_agree_with_metafor(data):
    case = REFERENCE[data]
    found = s.smd_from_events(*(case[c] for c in ("e1", "n1", "e2", "n2")))
    for key in ("yi", "vi"):
        np.testing.assert_allclose(getattr(found, key), case["OR2D"][key], rtol=1e-12, atol=1e-15)


def test_rows_without_events_have_no_difference():
    found = s.smd_from_events([0, 3], [9, 9], [0, 2], [9, 9])
    assert found.used.tolist() == [False, True] and found.reasons[0]


@pytest.mark.parametrize("change, said", [
    ({"sd1": [0.0]}, "sd1 must be positive"), ({"n2": [1.0]}, "n2 must exceed 1"),
    ({"m2": [-1.0]}, "m2 must be positive")])
def test_values_that_have_no_spread_are_refused(change, said):
    good = dict(zip(MEANS, ([5.0], [2.0], [9.0], [4.0], [1.0], [8.0]), strict=True))
    with pytest.raises(s.SynthesisError, match=said):
        s.variation_ratio(*{**good, **change}.values())


@pytest.mark.parametrize("measure", [*ANSWERS, "OR2D"])
def test_the_command_pools_what_metafor_computes(measure, tmp_path):
    data, columns = (ANSWERS[measure][1:] if measure in ANSWERS
                     else ("events", ("e1", "n1", "e2", "n2")))
    own = {c.rstrip("1") if measure in ("SDLN", "CVLN") else c: REFERENCE[data][c]
           for c in columns}
    case = REFERENCE[data][measure]
    expected = s.pool(case["yi"], case["vi"])
    found = answered(tmp_path, csv(**own), "--measure", measure)
    ratio = measure != "OR2D"
    assert found["estimate"] == pytest.approx(
        np.exp(expected.estimate) if ratio else expected.estimate, rel=1e-8)
    assert found["se"] == pytest.approx(expected.se, rel=1e-8)
    text = called(tmp_path, csv(**own), "--measure", measure).stdout
    assert " of 9 trials" in text or " of 13 trials" in text
    assert "effect of" not in text  # every measure has its name


RATES = ("e1", "t1", "e2", "t2")


@pytest.mark.parametrize("measure", ["IRR", "IRD"])
@pytest.mark.parametrize("name", REFERENCE["rates"])
def test_rates_are_pooled_by_mantel_and_haenszel_as_metafor_does(name, measure, tmp_path):
    case = REFERENCE["rates"][name]
    expected = case[measure]
    found = s.mantel_haenszel_rates(*(case[c] for c in RATES), measure=measure)
    assert (found.estimate, found.se, found.q) == pytest.approx(
        tuple(expected[key] for key in ("estimate", "se", "q")), rel=1e-10)
    assert found.q_df == expected["k"] - 1
    pooled = answered(tmp_path, csv(**{c: case[c] for c in RATES}), "--measure", measure,
                      "--method", "MH")
    assert pooled["se"] == pytest.approx(expected["se"], rel=1e-8)
    assert pooled["model"] == "mantel-haenszel" and pooled["zero_cells_pool"] == "none"


def test_rates_without_events_on_one_side_have_no_ratio(tmp_path):
    rows = csv(e1=[0, 0], t1=[9, 8], e2=[2, 1], t2=[7, 9])
    out = called(tmp_path, rows, "--measure", "IRR", "--method", "MH")
    assert out.exit_code == 1 and "Mantel-Haenszel IRR is undefined" in out.stderr
    out = called(tmp_path, rows, "--measure", "IRR", "--method", "MH", "--zero-cells", "only")
    assert out.exit_code == 2 and "adds 0.5 to no rate" in out.stderr
    with pytest.raises(s.SynthesisError, match="nobody had the event"):
        s.mantel_haenszel_rates([0], [9], [0], [8], measure="IRD")
