"""Pooling any CSV file: results against metafor, and every kind of bad input and wrong call."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from livingreview import synthesis
from livingreview.__main__ import main
from livingreview.intake import poolfile

REFERENCE = Path(__file__).parent / "reference"
METAFOR = json.loads((REFERENCE / "metafor.json").read_text(encoding="utf-8"))
MODELS = json.loads((REFERENCE / "models.json").read_text(encoding="utf-8"))
CLOSED_FORM, ITERATIVE = 1e-8, 1e-6
MEANS = "study,m1,sd1,n1,m2,sd2,n2\n"


def csv(**columns) -> str:
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def run(tmp_path):
    """Call the command on a file with the given content."""
    def call(content, *arguments):
        path = tmp_path / "trials.csv"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = CliRunner().invoke(main, ["pool", str(path), *arguments])
        assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
        return out
    return call


@pytest.fixture
def pooled(run):
    """The JSON of a call that ends well."""
    def call(content, *arguments):
        out = run(content, *arguments, "--json")
        assert out.exit_code == 0, out.stderr
        return json.loads(out.stdout)
    return call


def bcg(**more) -> str:
    case = METAFOR["tables"]["bcg"]
    return csv(study=[f"trial {i}" for i in range(13)],
               **{c: case[c] for c in ("e1", "n1", "e2", "n2")}, **more)


ALLOC = MODELS["subgroups"]["groups"]
LATITUDE = [x[0] for x in MODELS["regressions"]["bcg"]["x"]]
YEAR = [x[1] for x in MODELS["regressions"]["bcg"]["x"]]


# ---------------------------------------------------------------- results


@pytest.mark.parametrize("method, test, ci", [("REML", "z", "z"), ("DL", "knha", "hksj"),
                                              ("PM", "adhoc", "hksj-guard")])
@pytest.mark.parametrize("measure, name", [("RR", "bcg_rr"), ("OR", "bcg_or"), ("RD", "bcg_rd")])
def test_counts_agree_with_metafor(pooled, measure, name, method, test, ci):
    got = pooled(bcg(), "--measure", measure, "--method", method, "--ci", ci)
    expected = METAFOR["cases"][name]["fits"][f"{method} {test}"]
    scale = math.exp if measure != "RD" else float
    for key in ("estimate", "ci_low", "ci_high"):
        assert math.isclose(got[key], scale(expected[key]), rel_tol=ITERATIVE), key
    for key in ("se", "i2", "h2"):
        assert math.isclose(got[key], expected[key], rel_tol=ITERATIVE), key
    assert math.isclose(got["tau2"], METAFOR["cases"][name]["tau2"][method], rel_tol=ITERATIVE)
    assert got["k"] == 13 and ("log" in got["scale"]) == (measure != "RD")
    assert math.isclose(sum(s["weight"] for s in got["studies"]), 1)


@pytest.mark.parametrize("measure, key", [("MD", "md"), ("SMD", "smd")])
def test_means_agree_with_metafor(pooled, measure, key):
    case = METAFOR["means"]["normand1999"]
    columns = {c: case[c] for c in ("m1", "sd1", "n1", "m2", "sd2", "n2")}
    got = pooled(csv(**columns), "--measure", measure)
    expected = METAFOR["cases"][f"normand1999_{key}"]["fits"]["REML adhoc"]
    for field in ("estimate", "se", "ci_low", "pi_low", "pi_high"):
        assert math.isclose(got[field], expected[field], rel_tol=ITERATIVE)
    np.testing.assert_allclose([s["yi"] for s in got["studies"]], case[key]["yi"], CLOSED_FORM)


@pytest.mark.parametrize("measure, method, key", [
    ("RR", "MH", "mh RR"), ("OR", "MH", "mh OR"), ("RD", "MH", "mh RD"), ("PETO", None, "peto"),
    ("OR", "PETO", "peto")])
def test_methods_for_tables_agree_with_metafor(pooled, measure, method, key):
    got = pooled(bcg(), "--measure", measure, *(["--method", method] if method else []))
    expected = METAFOR["tables"]["bcg"][key]
    scale = math.exp if measure != "RD" else float
    assert math.isclose(got["estimate"], scale(expected["estimate"]), rel_tol=CLOSED_FORM)
    assert math.isclose(got["se"], expected["se"], rel_tol=CLOSED_FORM)
    assert got["tau2"] is got["pi_low"] is None and got["interval"] == "z"


def test_effects_with_variances_or_standard_errors_are_the_same(pooled):
    case = METAFOR["cases"]["bcg_rr"]
    yi, vi = case["yi"], case["vi"]
    one = pooled(csv(yi=yi, vi=vi), "--measure", "RR")
    two = pooled(csv(yi=yi, se=np.sqrt(vi)), "--measure", "RR")
    raw = pooled(bcg(), "--measure", "RR")
    plain = pooled(csv(yi=yi, vi=vi), "--measure", "GEN")
    for got in (one, two):
        for key in ("estimate", "se", "tau2", "pi_high"):
            assert math.isclose(got[key], raw[key], rel_tol=1e-8)
    assert math.isclose(math.exp(plain["estimate"]), one["estimate"], rel_tol=1e-8)
    assert [s["study"] for s in one["studies"]][:2] == ["row 2", "row 3"]


def test_the_keys_are_those_of_results_json(pooled):
    from livingreview.review import pools

    got = pooled(bcg(), "--measure", "RR")
    assert set(pools.describe("MD", synthesis.pool([1, 2], [1, 1]))) <= set(got)
    assert len(f"{got['estimate']}".replace("0.", "")) <= 10


def test_subgroups_agree_with_metafor(pooled):
    got = pooled(bcg(alloc=ALLOC), "--measure", "RR", "--subgroup", "alloc")["subgroups"]
    expected = MODELS["subgroups"]["tests"]["adhoc"]["separate"]
    assert [g["value"] for g in got["groups"]] == ["alternate", "random", "systematic"]
    np.testing.assert_allclose([math.log(g["estimate"]) for g in got["groups"]],
                               expected["estimate"], ITERATIVE)
    assert math.isclose(got["difference"]["q"], expected["statistic"], rel_tol=ITERATIVE)
    tables = pooled(bcg(alloc=ALLOC), "--measure", "RR", "--method", "MH", "--subgroup", "alloc")
    assert tables["subgroups"]["difference"]["df"] == 2


def test_regressions_agree_with_metafor(pooled):
    got = pooled(bcg(lat=LATITUDE, year=YEAR), "--measure", "RR", "--ci", "z",
                 "--moderator", "lat", "--moderator", "year")["meta_regression"]
    expected = MODELS["regressions"]["bcg"]["fits"]["REML z"]
    np.testing.assert_allclose([c["estimate"] for c in got["coefficients"]],
                               expected["coefficients"], ITERATIVE)
    assert math.isclose(got["tau2"], expected["tau2"], rel_tol=ITERATIVE)
    assert math.isclose(got["omnibus"], expected["omnibus"], rel_tol=ITERATIVE)


def test_categories_become_dummies_with_a_named_reference(run, pooled):
    arguments = ("--measure", "RR", "--moderator", "alloc")
    got = pooled(bcg(alloc=ALLOC), *arguments)["meta_regression"]
    assert got["references"] == {"alloc": "alternate"}
    assert [c["name"] for c in got["coefficients"]] == [
        "intercept", "alloc: random", "alloc: systematic"]
    assert "alloc: the reference is alternate" in run(bcg(alloc=ALLOC), *arguments).stdout


def test_text_holds_what_a_reader_needs(run):
    content = bcg(alloc=ALLOC) + "nobody,0,10,0,10,random\nunknown,,10,1,10,random\n"
    out = run(content, "--measure", "RR", "--subgroup", "alloc").stdout
    for words in ("risk ratio of 13 trials", "pooled", "0.4894", "prediction interval", "tau²",
                  "I² 92.2%", "nobody (row 15): no events in either arm",
                  "unknown (row 16): e1 not stated", "difference between subgroups",
                  "two studies: tau2"):
        assert words in out, words
    assert not any(line.endswith(" ") for line in out.splitlines())


@pytest.mark.parametrize("rule, k", [("only", 3), ("all", 3), ("none", 2)])
def test_zero_cells(pooled, rule, k):
    content = csv(e1=[0, 1, 3, 0], n1=[10] * 4, e2=[2, 2, 4, 0], n2=[10] * 4)
    got = pooled(content, "--measure", "RR", "--zero-cells", rule)
    assert (got["k"], got["zero_cells"]) == (k, rule)
    assert got["studies"][3]["left_out"] == "no events in either arm"


def test_one_trial_and_two(pooled):
    one = pooled("yi,vi\n0.3,0.04\n", "--measure", "GEN")
    assert (one["k"], one["tau2"], one["pi_low"]) == (1, None, None) and one["warnings"]
    two = pooled("yi,vi\n0.3,0.04\n0.5,0.09\n", "--measure", "GEN")
    assert two["pi_low"] is None and two["df"] == 1 and "two studies" in two["warnings"][0]


@pytest.mark.parametrize("content, warning", [
    ("study,yi,vi\na,1,1\na,2,1\n", "2 rows are named a"),
    ("yi,vi,g\n1,1,a\n2,1,a\n2,1,b\n2,1,\n", "g is not stated: row 5"),
    ("yi,vi\n800,1\n900,1\n800,1\n", "beyond the range of numbers"),
], ids=["one-name", "no-group", "beyond"])
def test_what_is_odd_is_a_warning(pooled, content, warning):
    more = ["--subgroup", "g"] if "g" in str(content).split("\n")[0] else []
    assert any(warning in said for said in pooled(content, "--measure", "RR", *more)["warnings"])


def test_other_columns_are_free(pooled):
    assert pooled("yi,vi,note,note,\n1,1,a,b,\n2,1,a,b,\n", "--measure", "GEN")["k"] == 2


# ---------------------------------------------------------------- bad input


UNTITLED = "trials.csv: "
REFUSED = {
    "cells": (MEANS + "a,1;2,-1,10,2,1,1\nb,1,-0.5,1,2,x,inf\nc,\"1,5\",1,10,2.5,1,9\nd,1,1\n",
              ["MD"],
              ["2:m1: 1;2: not a number", "2:sd1: -1: negative", "3:sd1: -0.5: negative",
               "3:sd2: x: not a number", "3:n2: inf: not a number (infinite)",
               "4:m1: 1,5: not a number (a decimal comma", "5:-: d,1,1: the row has 3 fields"]),
    "events": ("e1,n1,e2,n2\n12,10,1,10\n-1,10,1,4\n", ["RR"],
               ["2:e1+n1: 12 | 10: more events", "3:e1: -1: negative"]),
    "variance": ("yi,vi\n1,-1\n1,1\n", ["GEN"], ["2:vi: -1: negative"]),
    "error": ("yi,se\n1,-1\n1,1\n", ["GEN"], ["2:se: -1: negative"]),
    "interval": ("or,ci_low,ci_high\n1,2,0.5\n3,1,2\n-1,-2,1\n", ["OR"],
                 ["2:ci_low+ci_high: 2 | 0.5: the lower end is above", "4:or: -1: negative",
                  "3:or+ci_low+ci_high: 3 | 1 | 2: the estimate is outside its interval"]),
    "missing": (None, ["GEN"], [UNTITLED + "the file is missing, expected a table as text"]),
    "empty": ("", ["GEN"], [UNTITLED + "the file is empty"]),
    "no-rows": ("yi,vi\n", ["GEN"], [UNTITLED + "the file has a header and no rows"]),
    "other-columns": ("a,b\n1,2\n", ["GEN"],
                      [UNTITLED + "no column yi and no vi or se: the file has a, b, expected yi"]),
    "half-effects": ("study,yi\na,1\n", ["MD"], ["no column m1 and no sd1", "yi and vi"]),
    "half-means": ("study,m1,sdd1\na,1,2\n", ["MD"],
                   ["no column sd1 and no n1", "; by --column \"sd1=sdd1\""]),
    "no-counts": ("yi,vi\n1,1\n", ["RR", "--method", "MH"], ["no column e1", "e1, n1, e2, n2"]),
    "twice": ("yi,vi,yi\n1,1,2\n", ["GEN"],
              ["1:yi: yi: the header names this column more than once"]),
    "quote": ('yi,vi\n"1,1\n', ["GEN"], ["trials.csv:2: broken quoting"]),
    "no-effect": ("study,yi,vi\na,,1\n", ["GEN"],
                  ["no trial has an effect", "2:-: a: yi not stated"]),
    "no-odds": ("e1,n1,e2,n2\n0,9,0,9\n9,9,9,9\n", ["OR"],
                ["no trial has an effect", "2:-: row 2: no events",
                 "3:-: row 3: events in all"]),
    "no-risks": ("e1,n1,e2,n2\n0,9,0,9\n", ["RR"],
                 ["no trial has an effect", "2:-: row 2: no events"]),
    "no-mh": ("e1,n1,e2,n2\n0,9,0,9\n", ["OR", "--method", "MH"],
              ["Mantel-Haenszel OR is undefined"]),
    "no-peto": ("e1,n1,e2,n2\n0,9,0,9\n", ["PETO"], ["Peto's odds ratio is undefined"]),
    "apart": ("yi,vi\n1e120,1\n-1e120,1\n", ["GEN"], ["too far apart"]),
    "constant": ("yi,vi,x\n1,1,5\n2,1,5\n3,1,5\n", ["GEN", "--moderator", "x"],
                 ["1:x: 5: the moderator does not vary"]),
    "collinear": ("yi,vi,x,z\n1,1,1,2\n2,1,2,4\n3,1,3,6\n4,1,4,8\n",
                  ["GEN", "--moderator", "x", "--moderator", "z"],
                  ["1:x+z: (empty): no regression"]),
    "mixed": ("yi,vi,x\n1,1,1\n2,1,two\n3,1,3\n", ["GEN", "--moderator", "x"],
              ["3:x: two: not a number, as other cells"]),
    "few": ("yi,vi,x\n1,1,a\n2,1,b\n", ["GEN", "--moderator", "x"],
            ["need at least 3 studies, not 2"]),
    "no-labels": ("yi,vi\n1,1\n", ["GEN", "--moderator", "x", "--subgroup", "g"],
                  ["1:x: (empty): the column is missing", "1:g: (empty): the column is missing"]),
    "one-group": ("yi,vi,g\n1,1,a\n2,1,a\n", ["GEN", "--subgroup", "g"],
                  ["not in several subgroups"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_named_by_file_row_and_column(run, case):
    content, arguments, lines = REFUSED[case]
    out = run(content, "--measure", *arguments)
    assert out.exit_code == 1 and not out.stdout
    for line in lines:
        assert line in out.stderr, out.stderr
    assert all("trials.csv:" in line and ", expected " in line
               for line in out.stderr.splitlines()[:-1])


def test_many_bad_rows_are_counted(run):
    out = run("yi,vi\n" + "1,-1\n" * 250, "--measure", "GEN")
    assert "(and 150 more rows)" in out.stderr


# ---------------------------------------------------------------- wrong calls


@pytest.mark.parametrize("arguments, words", [
    ([], "--measure"),
    (["--measure", "HRR"], "HRR"),
    (["--measure", "MD", "--method", "MH"], "--method MH pools RR, OR, RD, IRR, IRD, not MD"),
    (["--measure", "RR", "--method", "PETO"], "--method PETO pools"),
    (["--measure", "RR", "--method", "MH", "--ci", "hksj"], "interval z alone"),
    (["--measure", "RR", "--method", "MH", "--moderator", "x"], "--moderator"),
    (["--measure", "RR", "--method", "MH", "--zero-cells", "all"], "adds 0.5 to no table"),
    (["--measure", "MD", "--zero-cells", "all"], "counts of events"),
    (["--measure", "RR", "--level", "95"], "between 0 and 1"),
    (["--measure", "RR", "--level", "nan"], "between 0 and 1"),
    (["--measure", "RR", "--moderator", "x", "--moderator", "x"], "given 2 times"),
    (["--measure", "RR", "--subgroup", " "], "is empty"),
    (["--measure", "RR", "--forest", "plot.gif"], ".png or .pdf"),
])
def test_wrong_calls_exit_with_2(run, arguments, words):
    out = run(bcg(), *arguments)
    assert out.exit_code == 2 and words in out.stderr and not out.stdout


def test_a_folder_is_no_file(tmp_path):
    out = CliRunner().invoke(main, ["pool", str(tmp_path), "--measure", "RR"])
    assert out.exit_code == 2 and "directory" in out.stderr


def test_the_command_offers_what_the_module_knows():
    options = {p.name: p for p in main.commands["pool"].params}
    assert tuple(options["measure"].type.choices) == tuple(poolfile.MEASURES)
    for name, known in (("method", poolfile.METHODS), ("ci", poolfile.INTERVALS),
                        ("zero_cells", poolfile.ZERO_CELLS)):
        assert tuple(options[name].type.choices) == known
    for choice in ({"measure": "X"}, {"measure": "RR", "method": "X"}):
        with pytest.raises(poolfile.CallError, match="must be one of"):
            poolfile.Question(**choice)


# ---------------------------------------------------------------- forest plots


def test_a_drawing_shows_every_trial(run, tmp_path):
    path = tmp_path / "plot.svg"
    content = bcg(alloc=ALLOC).replace("trial 3", "A $x_{$ & <b>").replace("trial 4", "中文")
    out = run(content, "--measure", "RR", "--subgroup", "alloc", "--forest", str(path))
    assert out.exit_code == 0 and "wrote" in out.stderr
    drawn = "".join(ElementTree.parse(path).getroot().itertext())
    for words in ("trial 12", "A $x_{$ & <b>", "中文", "Pooled, 13 trials", "random, 7 trials",
                  "95% prediction interval", "0.4894 (0.3301 to 0.7257)", "Risk ratio",
                  "8.9%"):
        assert words in drawn, words


def test_a_page_shows_drawing_and_result(run, tmp_path):
    path = tmp_path / "plot.html"
    run(bcg(), "--measure", "OR", "--method", "MH", "--forest", str(path))
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    assert soup.svg and "0.6229" in soup.table.get_text() and "0.6229" in soup.pre.get_text()
    assert soup.html["lang"] == "en" and len(soup.select("td.plot > svg > title")) > 10


def test_a_page_holds_what_is_printed_and_no_markup_of_the_file(run, tmp_path):
    path = tmp_path / "plot.html"
    content = bcg(alloc=ALLOC).replace("trial 3", "A & <b>B</b>").replace("alternate", "<i>")
    out = run(content, "--measure", "RR", "--subgroup", "alloc", "--forest", str(path)).stdout
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    assert soup.pre.get_text() == out.rstrip("\n") and "A & <b>B</b> " in out
    assert not soup.find(["b", "i"])
    rows = [th.get_text() for th in soup.select("tbody th")]
    assert {"A & <b>B</b>", "<i>, 2 trials", "Pooled, 13 trials"} <= set(rows)


def test_columns_are_below_each_other_for_letters_of_two_columns(run):
    lines = run(bcg().replace("trial 4", "中文"), "--measure", "RR").stdout.splitlines()
    wide, narrow = (next(x for x in lines if x.startswith(n)) for n in ("中文", "trial 5"))
    assert len(wide) == len(narrow) - 2 and wide.endswith(" 8.9%")


@pytest.mark.parametrize("content", [
    "yi,vi\n1,1\n", "yi,vi\n1,1\n1,1\n1,1\n", "yi,vi\n0,1e-9\n1000,1e9\n-5,1\n",
    "yi,vi\n800,1\n900,1\n800,1\n"])
@pytest.mark.parametrize("measure", ["RR", "GEN"])
def test_odd_numbers_are_drawn(run, tmp_path, content, measure):
    path = tmp_path / "plot.svg"
    for ci in ("hksj", "z"):
        out = run(content, "--measure", measure, "--ci", ci, "--forest", str(path))
        assert out.exit_code == 0
        assert ("Pooled" in path.read_text(encoding="utf-8")) == (content.count("\n") > 2)


def test_a_drawing_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("")
    out = run(bcg(), "--measure", "RR", "--forest", str(tmp_path / "file" / "plot.svg"))
    assert out.exit_code == 2 and "cannot write" in out.stderr and not out.stdout


def test_bad_input_leaves_an_earlier_drawing(run, tmp_path):
    path = tmp_path / "plot.svg"
    path.write_text("earlier")
    assert run("yi,vi\n1,-1\n", "--measure", "GEN", "--forest", str(path)).exit_code == 1
    assert path.read_text() == "earlier"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["plot.svg", "trials.csv"]
