"""`pool --network`: answers of metafor through the command, and every kind of bad input."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from click.testing import CliRunner
from pool_command import answered, called, csv

from livingreview.__main__ import main

SVG = "{http://www.w3.org/2000/svg}"
REFERENCE = json.loads((Path(__file__).parent / "reference" / "network.json").read_text())


@pytest.fixture
def run(tmp_path):
    """Call the command on a file with the given content."""
    return lambda content, *arguments: called(tmp_path, content, "--network", *arguments)


@pytest.fixture
def compared(tmp_path):
    """The JSON of a call that ends well."""
    return lambda content, *arguments: answered(tmp_path, content, "--network", *arguments)


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_arms_of_a_file_give_the_answers_of_metafor(name, compared):
    case = REFERENCE[name]
    first = case["treatments"][0]
    found = compared(csv(**{key: [f'"{v}"' if isinstance(v, str) else v for v in column]
                            for key, column in case["arms"].items()}),
                     "--measure", case["measure"], "--reference", first)
    cells = [t["against_reference"] for t in found["treatments"]][1:]
    ratio = case["measure"] in ("OR", "RR")
    estimates = [np.log(c["estimate"]) if ratio else c["estimate"] for c in cells]
    np.testing.assert_allclose(estimates, case["reml"]["coefficients"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose([c["se"] for c in cells], case["reml"]["ses"], rtol=1e-6)
    assert found["tau2"] == pytest.approx(case["reml"]["tau2"], rel=1e-6, abs=1e-9)
    assert found["q"]["total"]["q"] == pytest.approx(case["q"], rel=1e-7)
    assert [t["p_score"] for t in found["treatments"]] == pytest.approx(case["p_scores"], rel=1e-6)
    assert found["reference"] == first and found["k"] == case["k"]


ARMS = csv(study=list("112233"), treatment=["drug", "placebo", "drug", "other", "other",
                                            "placebo"],
           n=[30, 30, 40, 41, 25, 26], mean=[5, 7, 5.5, 6, 6, 7.5], sd=[2, 2, 2, 2.5, 2, 2])
CONTRASTS = csv(study=list("123"), treat1=list("aba"), treat2=list("bcc"), yi=[1, 0.4, 0.9],
                se=[0.2, 0.25, 0.3])


def test_text_says_what_the_json_says(run, compared):
    text = run(ARMS, "--measure", "MD", "--reference", "placebo", "--better", "lower").stdout
    found = compared(ARMS, "--measure", "MD", "--reference", "placebo", "--better", "lower")
    assert "network of 3 treatments in 3 trials, mean difference, random effects" in text
    assert "no verdict" in text and "where lower effects are better" in text
    best = max(found["treatments"], key=lambda t: t["p_score"])
    line = next(x for x in text.splitlines() if x.startswith(best["treatment"]))
    assert f"{best['p_score']:.3f}" in line and best["treatment"] == "drug"
    split = next(x for x in found["league"] if {x["treat1"], x["treat2"]} == {"drug", "placebo"})
    assert split["direct"] and split["indirect"] and split["k"] == 1
    assert f"{split['difference']['p_value']:.3f}" in text
    assert "between designs (inconsistency)" in text and "on 1 df" in text
    assert found["contributions"]["trials"] == ["1", "2", "3"]
    assert sum(found["contributions"]["by_trial"][0]) == pytest.approx(1)


def test_contrasts_are_taken_too(compared):
    found = compared(CONTRASTS, "--measure", "GEN", "--method", "common")
    cell = next(x for x in found["league"] if (x["treat1"], x["treat2"]) == ("a", "c"))
    assert cell["indirect"]["estimate"] == pytest.approx(1.4)
    assert found["q"]["between_designs"]["q"] == pytest.approx(0.25 / (0.04 + 0.0625 + 0.09))
    assert found["model"] == "common" and found["tau2"] is None


def test_one_treatment_in_two_spellings_is_said(compared):
    found = compared(ARMS.replace("3,placebo", "3,Placebo"), "--measure", "MD")
    assert found["warnings"][0] == \
        "treatment has one label in several spellings: placebo, Placebo"
    found = compared(CONTRASTS.replace("2,b,", "2,B,"), "--measure", "GEN")
    assert found["warnings"][0] == "treatment has one label in several spellings: B, b"
    assert "spellings" not in "".join(compared(ARMS, "--measure", "MD")["warnings"])


def test_sizes_that_are_not_whole_are_said(compared):
    found = compared(ARMS.replace("3,other,25", "3,other,2.500"), "--measure", "MD")
    assert "n is not a whole number (row 6: 2.500): a mark of thousands" in found["warnings"][0]


COUNTS = csv(study=list("112233"), treatment=list("ABABAC"), n=[30, 31, 40, 41, 25, 26],
             events=[0, 8, 5, 9, 25, 20])


@pytest.mark.parametrize("measure, where", [("OR", "of every arm of the trial"),
                                            ("RR", "of every arm of the trial"),
                                            ("RD", "in the variance alone")])
def test_trials_that_were_corrected_are_named(compared, measure, where):
    found = compared(COUNTS, "--measure", measure)
    assert ("an arm without events, or with events alone: 0.5 was added to the cells "
            f"{where} in 1, 3") in found["warnings"]
    sound = compared(COUNTS.replace(",0\n", ",2\n").replace("25,25", "25,24"), "--measure", measure)
    assert "0.5" not in "".join(sound["warnings"])


def test_a_standard_error_in_place_of_a_deviation_is_said(compared):
    found = compared(ARMS.replace("3,placebo,26,7.5,2", "3,placebo,26,7.5,0.4"), "--measure", "MD")
    assert "row 7: the standard deviation 0.4 is below a third of the others' (2)" \
        in found["warnings"][0]


def test_an_arm_that_stands_twice_is_said(compared):
    found = compared(ARMS + "1,drug,30,5,2\n", "--measure", "MD")
    assert found["warnings"][0] == ("row 8: 1, drug has the numbers of row 2: the same row twice? "
                                    "Its people count twice")
    assert next(t for t in found["treatments"] if t["treatment"] == "drug")["participants"] == 100
    assert "twice" not in "".join(compared(ARMS, "--measure", "MD")["warnings"])


def test_ratios_are_turned_back(compared):
    log, ratio = (compared(CONTRASTS, "--measure", measure)["league"][0]
                  for measure in ("GEN", "HR"))
    assert ratio["estimate"] == pytest.approx(np.exp(log["estimate"]), rel=1e-8)
    assert ratio["se"] == log["se"]


def test_names_of_columns_that_people_use(compared):
    arms = ARMS.replace("study,treatment,n,mean,sd", "studlab,t,N,Mean,Std. dev.")
    found = compared(arms, "--measure", "MD", "--column", "sd=Std. dev.")
    assert any('study = "studlab"' in said and 'sd = "Std. dev."' in said
               for said in found["read"])
    assert found["k"] == 3
    semicolons = ARMS.replace(".", "_").replace(",", ";").replace("_", ",")
    assert compared(semicolons, "--measure", "MD")["league"] == \
        compared(ARMS, "--measure", "MD")["league"]


def test_what_is_not_connected_is_said(run, compared):
    rows = CONTRASTS + "4,x,y,1,0.5\n"
    text = run(rows, "--measure", "GEN").stdout
    assert "not connected with the above: x, y (1 trial)" in text
    assert "2 parts that no trial connects" in text
    found = compared(rows, "--measure", "GEN", "--reference", "x")
    assert found["components"] == [["x", "y"], ["a", "b", "c"]]
    assert found["k"] == 1 and found["others"][0]["k"] == 3


LEFT = {
    "missing arm": (ARMS + "4,drug,20,,2\n4,placebo,20,7,2\n", "MD",
                    [(8, "4, drug", "mean not stated"), (None, "4", "fewer than 2 treatments")]),
    "zero sd": (ARMS + "4,drug,20,6,0\n4,placebo,20,7,2\n4,other,20,7,2\n", "MD",
                [(8, "4, drug", "sd 0: zero")]),
    "one participant": (ARMS + "4,drug,1,6,1\n4,placebo,20,7,2\n4,other,20,7,2\n", "MD",
                        [(8, "4, drug", "n 1: too few")]),
    "missing contrast": (CONTRASTS + "4,a,b,1,0.3\n4,a,c,1,0.3\n", "GEN",
                         [(None, "4", "2 of 3 contrasts")]),
    "contradiction": (CONTRASTS + "4,a,b,1,0.3\n4,a,c,5,0.3\n4,b,c,1,0.3\n", "GEN",
                      [(None, "4", "contradict each other")]),
    "itself": (CONTRASTS + "4,a,a,1,0.3\n", "GEN", [(None, "4", "4 compares a with itself")]),
    "no se": (CONTRASTS + "4,a,b,1,0\n", "GEN", [(5, "4, a - b", "se 0: zero")]),
}


@pytest.mark.parametrize("case", LEFT)
def test_what_is_left_out_is_named(case, run, compared):
    content, measure, expected = LEFT[case]
    found = compared(content, "--measure", measure)["left_out"]
    assert len(found) == len(expected)
    for row, (line, what, why) in zip(found, expected, strict=True):
        assert (row["row"], row["what"]) == (line, what) and why in row["why"]
    text = run(content, "--measure", measure).stdout
    assert "left out:" in text and expected[0][2] in text
    if expected[0][0] is not None:
        strict = run(content, "--measure", measure, "--strict")
        assert strict.exit_code == 1 and f":{expected[0][0]}:" in strict.stderr


ERRORS = {
    "no columns": ("a,b\n1,2\n", "MD", ["study", "treatment", "the column is missing"]),
    "no treatment": (ARMS.replace("3,other", "3,"), "MD", [":6:treatment", "not stated"]),
    "no study": (ARMS.replace("3,other", ",other"), "MD", [":6:study", "not stated"]),
    "word": (ARMS.replace("7.5", "high"), "MD", [":7:mean", "high", "not a number"]),
    "negative sd": (ARMS.replace("2.5", "-2.5"), "MD", [":5:sd", "-2.5", "negative"]),
    "events above": (csv(study=[1, 1], treatment=["a", "b"], n=[9, 9], events=[3, 12]), "OR",
                     [":3:events", "12", "more events than participants"]),
    "negative se": (CONTRASTS.replace("0.25", "-0.25"), "GEN", [":3:se", "negative"]),
    "shares": (csv(study=[1, 1], treatment=["a", "b"], n=[9, 9], events=[0.3, 0]), "OR",
               [":2:events", "0.3", "a proportion, not a count"]),
    "fields": (ARMS + "4,drug\n", "MD", [":8", "2 fields"]),
    "one study": ("study,treatment,n,mean,sd\n1,a,9,1,1\n", "MD", ["nothing can be compared"]),
    "itself": (csv(study=[1], treat1=["a"], treat2=["a"], yi=[1], vi=[1]), "GEN",
               ["with itself"]),
    "arms of GEN": (ARMS, "GEN", ["treat1", "the column is missing"]),
    "means for events": (ARMS, "OR", ["events", "the column is missing"]),
    "two columns": (csv(study=[1, 1], treatment=["a", "b"], n=[9, 9], cases=[3, 1], deaths=[1, 1]),
                    "OR", ["cases | deaths", "each of these could be events"]),
}


@pytest.mark.parametrize("case", ERRORS)
def test_bad_files_are_refused_by_place(case, run):
    content, measure, said = ERRORS[case]
    out = run(content, "--measure", measure)
    assert out.exit_code == 1 and out.stdout == ""
    for words in said:
        assert words in out.stderr
    assert "Nothing was computed." in out.stderr


def test_an_unknown_reference_names_the_treatments(run):
    out = run(ARMS, "--measure", "MD", "--reference", "sham")
    assert out.exit_code == 1 and "drug, other, placebo" in out.stderr


CALLS = {
    "subgroup": (["--subgroup", "x"], "--subgroup is not offered with --network"),
    "egger": (["--egger"], "--egger is not offered"),
    "forest": (["--forest", "x.gif"], "--forest writes .svg, .html, .png or .pdf, not x.gif"),
    "method": (["--method", "SJ"], "--method SJ is not offered"),
    "ci": (["--ci", "hksj"], "--ci hksj is not offered"),
    "level": (["--level", "2"], "between 0 and 1"),
    "column": (["--column", "m1=x"], "names no column of ours"),
    "treated": (["--treated", "drug"], "--treated is not offered"),
}


@pytest.mark.parametrize("case", CALLS)
def test_calls_that_make_no_sense(case, run):
    options, said = CALLS[case]
    out = run(ARMS, "--measure", "MD", *options)
    assert out.exit_code == 2 and said in out.stderr and out.stdout == ""


def drawn(run, folder, content, *arguments):
    """The drawing of a network, parsed, and its texts."""
    path = folder / "network.svg"
    out = run(content, *arguments, "--forest", str(path))
    assert out.exit_code == 0 and f"wrote {path}" in out.stderr
    tree = ElementTree.parse(path)
    return tree, ["".join(e.itertext()) for e in tree.iter(f"{SVG}text")]


def of(tree, kind, css):
    """Elements of a class in the order of the drawing."""
    return [e for e in tree.iter(SVG + kind) if css in (e.get("class") or "").split()]


def test_the_graph_has_a_node_for_each_treatment_and_a_line_for_each_comparison(
        run, compared, tmp_path):
    asked = ("--measure", "MD", "--reference", "placebo")
    tree, texts = drawn(run, tmp_path, ARMS, *asked)
    found = compared(ARMS, *asked)
    nodes = {t["treatment"]: float(e.get("r")) for t, e in
             zip(found["treatments"], of(tree, "circle", "node"), strict=True)}
    people = {t["treatment"]: t["participants"] for t in found["treatments"]}
    assert sorted(nodes, key=nodes.get) == sorted(people, key=people.get)
    assert set(nodes) <= set(texts)
    lines = of(tree, "line", "edge")
    assert [e[0].text for e in lines] == [
        f"{c['treat1']} against {c['treat2']}: 1 trial" for c in found["comparisons"]]
    wider, _ = drawn(run, tmp_path, ARMS + "4,drug,31,5,2\n4,placebo,30,7,2\n", *asked)
    widths = [float(e.get("stroke-width")) for e in of(wider, "line", "edge")]
    assert max(widths) > 4 * min(widths)


@pytest.mark.parametrize("reference, first, sides", [
    ("placebo", "drug", ["← better", "worse →"]), ("drug", "other", [])])
def test_the_forest_is_against_any_reference(reference, first, sides, run, compared, tmp_path):
    asked = ("--measure", "MD", "--reference", reference)
    tree, texts = drawn(run, tmp_path, ARMS, *asked,
                        *(("--favours", "better", "worse") if sides else ()))
    rows = [t for t in compared(ARMS, *asked)["treatments"] if t["against_reference"]]
    x = [float(e.get("x")) for e in of(tree, "rect", "square")]
    null = float(of(tree, "line", "null")[0].get("x1"))
    assert [place + 5 < null for place in x] == [
        row["against_reference"]["estimate"] < 0 for row in rows]
    assert rows[0]["treatment"] == first and f"Against {reference}" in texts
    assert f"{rows[0]['against_reference']['estimate']:.3f}" in " ".join(texts)
    assert all(side in texts for side in sides)
    assert len(of(tree, "line", "ci")) == len(rows) == 2


def test_a_network_of_ratios_without_participants_is_drawn(run, tmp_path):
    rows = csv(study=list("1234"), treat1=["A & <b>", "b", "A & <b>", "x"], treat2=list("bccy"),
               yi=[1, 0.4, 0.9, 1], se=[0.2, 0.25, 0.3, 0.5])
    tree, texts = drawn(run, tmp_path, rows, "--measure", "OR")
    assert "A & <b>" in texts and any("the number of trials; lines" in text for text in texts)
    assert len(of(tree, "line", "null")) == 2  # a forest for each part
    page = tmp_path / "network.html"
    assert run(rows, "--measure", "OR", "--forest", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "A & <b>" not in text and text.count("<table>") == 2 and "<svg" in text
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    estimates = [float(c.split()[0]) for c in cells if c[:1].isdigit()]
    assert len(estimates) == 3 + 3 + 2  # network and direct of three pairs, and of one
    assert estimates[-1] == pytest.approx(1 / estimates[-2], rel=1e-2)


def test_columns_of_arms_are_named_by_hand(compared):
    arms = ARMS.replace("study,treatment,n,mean,sd", "study,Was gegeben wurde,n,MW,sd")
    hands = ("--column", "treatment=Was gegeben wurde", "--column", "mean=MW")
    assert compared(arms, "--measure", "MD", *hands)["league"] == \
        compared(ARMS, "--measure", "MD")["league"]


def test_one_column_is_not_both_treatments(run):
    out = run(CONTRASTS, "--measure", "GEN", "--column", "treat1=treat2")
    assert out.exit_code == 1 and "taken for treat1 and treat2" in out.stderr


def test_a_measure_of_one_arm_is_not_compared(run):
    out = run(ARMS, "--measure", "PLO")
    assert out.exit_code == 2 and "--measure PLO is not offered" in out.stderr


@pytest.mark.parametrize("option", ["--reference", "--better"])
def test_options_of_networks_alone(option, tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("study,yi,vi\n1,1,1\n2,2,1\n", encoding="utf-8")
    out = CliRunner().invoke(main, ["pool", str(path), "--measure", "GEN", option, "higher"])
    assert out.exit_code == 2 and "go with --network" in out.stderr


def test_contrasts_with_intervals_are_those_of_their_logarithms(tmp_path):
    ratios, low, high = [0.7, 0.9, 0.8], [0.5, 0.6, 0.5], [0.98, 1.35, 1.28]
    names = {"study": list("123"), "treat1": list("xyx"), "treat2": list("yzz")}
    logs = {"yi": np.log(ratios), "se": np.log(np.divide(high, low)) / (2 * 1.959963984540054)}
    expected = answered(tmp_path, csv(**names, **logs), "--measure", "HR", "--network")
    for columns in ({"hr": ratios, "lower": low, "upper": high},
                    {"yi": logs["yi"], "ci_low": np.log(low), "ci_high": np.log(high)}):
        got = answered(tmp_path, csv(**names, **columns), "--measure", "HR", "--network")
        for one, other in zip(got["league"], expected["league"], strict=True):
            for key in ("estimate", "ci_low", "ci_high"):
                assert one[key] == pytest.approx(other[key])
    wrong = called(tmp_path, csv(**names, hr=[0.7, 1.4, 0.8], lcl=low, ucl=high), "--measure",
                   "HR", "--network")
    assert wrong.exit_code == 1 and "1.4: outside its interval" in wrong.stderr
