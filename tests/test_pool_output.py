"""What `pool` prints and draws, and the calls that it refuses."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree

import pytest
from bs4 import BeautifulSoup
from PIL import Image
from pool_command import answered, called, csv
from pypdf import PdfReader

from livingreview import __version__
from livingreview.__main__ import main
from livingreview.intake import poolfile

TABLES = csv(study=["Arden", "Bravo", "Cedar", "Dunes"], e1=[0, 4, 0, 9], n1=[30, 40, 25, 50],
             e2=[2, 7, 0, 8], n2=[30, 38, 25, 52], dose=[1, 2, 3, 4])
MEANS = csv(study=["Arden", "Bravo", "Cedar"], m1=[-5.1, -2.0, -7.5], sd1=[4.0, 5.5, 6.1],
            n1=[30, 25, 41], m2=[-1.2, -1.5, -3.0], sd2=[4.4, 5.0, 5.9], n2=[31, 24, 40])
SIX = csv(study=list("abcdef"), yi=[0.1, 0.5, 0.2, 0.4, 0.8, 0.3],
          vi=[0.1, 0.2, 0.15, 0.08, 0.3, 0.12], g=[1, 1, 1, 2, 2, 3],
          year=[2003, 2001, 2002, 2004, 2005, ""])


# ---------------------------------------------------------------- words and numbers


def test_a_correction_and_no_events_stand_beside_the_number(tmp_path):
    out = called(tmp_path, TABLES, "--measure", "RD").stdout
    lines = {line.split()[0]: line for line in out.splitlines() if line}
    assert "*-0.06" in lines["Arden"] and "*†0.000" in lines["Cedar"] and "*" not in lines["Bravo"]
    assert "* 0.5 was added to the cells of this table in its standard error alone" in out
    assert "† nobody had the event in any arm" in out
    notes = [s["notes"] for s in answered(tmp_path, TABLES, "--measure", "RD")["studies"]]
    assert notes == [["corrected"], [], ["corrected", "no-events"], []]


@pytest.mark.parametrize("more, words, absent", [
    ((), "* 0.5 was added to the cells of this table\n", "pool takes it"),
    (("--method", "MH"), "for its own number; the pool takes it as the file has it", "‡"),
    (("--method", "MH", "--zero-cells", "only"), "also in the pool", "as the file has it")],
    ids=["random", "MH", "RevMan"])
def test_what_a_correction_changes_is_said(tmp_path, more, words, absent):
    out = called(tmp_path, TABLES, "--measure", "RR", *more).stdout
    assert words in out and absent not in out


def test_events_of_all_are_said(tmp_path):
    out = called(tmp_path, csv(e1=[30, 4], n1=[30, 9], e2=[12, 3], n2=[12, 9]), "--measure", "RR")
    assert "‡ everybody had the event in every arm" in out.stdout and "*‡1.000" in out.stdout


def test_numbers_of_a_column_have_the_same_decimals(tmp_path):
    out = called(tmp_path, MEANS, "--measure", "MD").stdout
    for name, shown in (("Arden", "-3.900"), ("Bravo", "-0.500"), ("Cedar", "-4.500")):
        assert next(x for x in out.splitlines() if x.startswith(name)).split()[1] == shown


@pytest.mark.parametrize("ci, words", [
    ("hksj-guard", "interval by t on 2 df with the variance of Knapp and Hartung, never below"),
    ("hksj", "which can be below the usual one"), ("t", "with the usual variance (t)"),
    ("z", "interval by the normal distribution")])
def test_the_interval_is_explained_in_words(tmp_path, ci, words):
    out = called(tmp_path, MEANS, "--measure", "MD", "--ci", ci).stdout
    assert words in out and "test of no effect: " in out


def test_a_single_arm_is_compared_with_nothing(tmp_path):
    out = called(tmp_path, csv(e=[3, 5, 9], n=[20, 31, 40]), "--measure", "PLO").stdout
    assert "test of no effect" not in out and "tau² on the scale of the effects" in out


def test_an_empty_interval_of_tau2_is_printed_as_such(tmp_path):
    alike = csv(yi=[0.2, 0.2, 0.2], vi=[0.1, 0.2, 0.1])
    out = called(tmp_path, alike, "--measure", "GEN").stdout
    assert "its interval is empty" in out and "0.000 to 0.000" not in out
    assert answered(tmp_path, alike, "--measure", "GEN")["tau2_empty"] is True


def test_one_trial_has_no_pool(tmp_path):
    path = tmp_path / "plot.svg"
    out = called(tmp_path, csv(yi=[0.2], vi=[0.1]), "--measure", "GEN", "--forest", str(path))
    assert "\npooled " not in out.stdout and "not pooled" in out.stdout
    assert "Pooled" not in path.read_text(encoding="utf-8")


def test_petos_pool_shows_petos_ratios(tmp_path):
    own = answered(tmp_path, TABLES, "--measure", "PETO")
    asked = answered(tmp_path, TABLES, "--measure", "OR", "--method", "PETO")
    assert [s["estimate"] for s in asked["studies"]] == [s["estimate"] for s in own["studies"]]


def test_the_json_says_what_was_done(tmp_path):
    got = answered(tmp_path, MEANS, "--measure", "MD", "--rules", "plain")
    assert (got["version"], got["rules"], got["tau2_method"]) == (__version__, "plain", "REML")
    assert got["tau"] ** 2 == pytest.approx(got["tau2"], rel=1e-8)
    assert got["statistic"] == pytest.approx(got["estimate"] / got["se"], rel=1e-8)
    assert got["studies"][0]["values"] == {"m1": -5.1, "sd1": 4, "n1": 30, "m2": -1.2, "sd2": 4.4,
                                           "n2": 31}


def test_every_further_analysis_is_printed(tmp_path):
    flags = [f"--{name}" for name in poolfile.FURTHER if name != "peters"]
    out = called(tmp_path, SIX, "--measure", "GEN", "--cumulative", "year", "--subgroup", "g",
                 "--prior", "half-normal:0.5", *flags).stdout
    for words in ("without", "cumulative by year", "Cook's distance", "Egger's test",
                  "Begg's test", "trim and fill (L0)", "all 57 subsets",
                  "prior on tau half-normal(0.5)",
                  "shrunk towards the others", "fewer than 10 trials", "subgroup by g",
                  "not in the cumulative pool, as year is not stated: f",
                  "not in the test between subgroups, as one trial is no group: 3"):
        assert words in out, words
    assert not any(line.endswith(" ") for line in out.splitlines())


def test_each_coefficient_has_digits_of_its_own(tmp_path):
    dose = csv(yi=[0.1, 0.5, 0.2, 0.4, 0.8], vi=[0.1, 0.2, 0.15, 0.08, 0.3],
               cells=[12000000, 24000000, 12500000, 18000000, 31000000])
    asked = ("--measure", "GEN", "--moderator", "cells")
    first, slope = answered(tmp_path, dose, *asked)["meta_regression"]["coefficients"]
    lines = {x.split()[0]: x.split() for x in called(tmp_path, dose, *asked).stdout.splitlines()
             if x.startswith(("cells", "intercept"))}
    assert lines["cells"][1:3] == [f"{slope['estimate']:.3e}", f"{slope['se']:.3e}"]
    assert lines["intercept"][1:3] == [f"{first['estimate']:.4f}", f"{first['se']:.4f}"]


def test_what_cannot_be_asked_of_few_trials_is_a_warning(tmp_path):
    got = answered(tmp_path, csv(yi=[0.1, 0.5], vi=[0.1, 0.2]), "--measure", "GEN", "--egger",
                   "--begg", "--bayes")
    assert got["egger"] is got["begg"] is got["posterior"] is None
    lacking = [said.split(":")[0] for said in got["warnings"] if said.startswith("no ")]
    assert lacking == ["no egger", "no begg", "no bayes"]


def test_groups_of_one_trial_do_not_enter_the_test(tmp_path):
    found = answered(tmp_path, SIX, "--measure", "GEN", "--subgroup", "g")["subgroups"]
    assert [g["k"] for g in found["groups"]] == [3, 2, 1]
    assert found["difference"]["groups"] == ["1", "2"] and found["difference"]["df"] == 1


def test_a_subgroup_without_a_pool_keeps_its_trials(tmp_path):
    rows = csv(cl=list("aabcd"), g=list("xxyyy"), yi=[0.1, 0.3, 0.5, 0.2, -0.1], vi=[0.05] * 5)
    got = answered(tmp_path, rows, "--measure", "GEN", "--cluster", "cl", "--subgroup", "g")
    lone, other = got["subgroups"]["groups"]
    assert (lone["k"], other["k"]) == (2, 3) and "at least 2 clusters, not 1" in lone["reason"]
    assert ("no test between subgroups: fewer than 2 subgroups of two trials or more have a pool"
            in got["warnings"])


def test_two_trials_that_contradict_each_other_are_warned_of(tmp_path):
    apart = csv(yi=[0, 3], vi=[0.01, 0.01])
    said = answered(tmp_path, apart, "--measure", "MD", "--method", "common")["warnings"]
    assert any("do not overlap" in one for one in said)


def test_clusters_are_printed(tmp_path):
    out = called(tmp_path, SIX, "--measure", "GEN", "--cluster", "g", "--leave-one-out").stdout
    for words in ("6 rows in 3 clusters", "three-level model (REML)", "(Satterthwaite)",
                  "working model random"):
        assert words in out, words


def test_few_trials_by_the_book_have_a_posterior_beside_the_pool(tmp_path):
    asked = ("--rules", "book", "--prior", "half-normal:2")
    got = answered(tmp_path, MEANS, "--measure", "MD", *asked)
    assert got["model"] == "random" and got["posterior"]["tau"] > 0
    six = answered(tmp_path, SIX, "--measure", "GEN", *asked)
    assert six["model"] == "random" and six["posterior"] is None


# ---------------------------------------------------------------- drawings


def test_a_drawing_shows_arms_favours_and_heterogeneity(tmp_path):
    path = tmp_path / "plot.svg"
    called(tmp_path, MEANS, "--measure", "MD", "--forest", str(path), "--favours", "favours cells",
           "favours control")
    drawn = "".join(ElementTree.parse(path).getroot().itertext())
    for words in ("-5.100 (4.000), 30", "Arm 2", "mean (SD), people", "← favours cells",
                  "favours control →", "Heterogeneity: tau²", "-3.900 (-6.009 to -1.791)"):
        assert words in drawn, words


def test_events_of_arms_are_drawn_and_cut_intervals_have_arrows(tmp_path):
    path = tmp_path / "plot.html"
    cells = csv(e1=[0, 40, 60], n1=[4, 400, 800], e2=[1, 44, 63], n2=[4, 410, 790])
    called(tmp_path, cells, "--measure", "RR", "--forest", str(path), "--favours", "left", "right")
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    assert "0/4" in soup.table.get_text() and "40/400" in soup.table.get_text()
    assert soup.select(".lr-arrow") and "← left" in soup.table.get_text()
    head = [th.get_text() for th in soup.select("thead")[0].select("th")]
    assert head[1] == "Arm 1: events/people" and len(head) == 6


def test_a_posterior_is_no_diamond(tmp_path):
    path = tmp_path / "plot.svg"
    called(tmp_path, csv(yi=[0.1, 0.5], vi=[0.1, 0.2]), "--measure", "GEN", "--rules", "book",
           "--prior", "half-normal:1", "--forest", str(path))
    drawn = path.read_text(encoding="utf-8")
    assert 'class="lens' in drawn and "<polygon" not in drawn


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_a_drawing_has_the_signs_the_prior_and_those_left_out_of_the_text(tmp_path, kind):
    path, content = tmp_path / f"plot.{kind}", TABLES.replace("Cedar", "<i>Cedar")
    called(tmp_path, content, "--measure", "OR", "--method", "bayes", "--forest", str(path))
    drawn = BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")
    drawn = (drawn.figure or drawn).get_text(" ")
    for words in ("*0.1869 (0.0086 to 4.0623)", "* 0.5 was added to the cells of this table",
                  "Prior on tau: half-normal(0.5) (priors.csv: OR)",
                  "Left out: <i>Cedar (row 4): no events in either arm."):
        assert words in drawn, words


def test_weights_of_nought_have_their_footnote_in_a_drawing(tmp_path):
    path = tmp_path / "plot.svg"
    cells = csv(e1=[3, 4, 5], n1=[30, 40, 50], e2=[0, 7, 8], n2=[30, 38, 52])
    called(tmp_path, cells, "--measure", "RR", "--method", "MH", "--forest", str(path))
    drawn = " ".join(ElementTree.parse(path).getroot().itertext())
    assert "0% #" in drawn and "# no event in the control arm" in drawn


def test_a_subgroup_of_one_trial_has_its_line(tmp_path):
    path = tmp_path / "plot.svg"
    called(tmp_path, SIX, "--measure", "GEN", "--subgroup", "g", "--forest", str(path))
    drawn = list(ElementTree.parse(path).getroot().itertext())
    assert [x for x in drawn if x in ("1, 3 trials", "2, 2 trials", "3, 1 trial")][::2] == [
        "1, 3 trials", "2, 2 trials", "3, 1 trial"]  # each once for the eye, once as a title
    assert path.read_text(encoding="utf-8").count("<polygon") == 3  # a trial alone has none


def test_many_left_out_are_counted_in_a_drawing(tmp_path):
    path = tmp_path / "plot.svg"
    many = csv(yi=[0.1, 0.2, *[0.3] * 25], vi=[0.1, 0.2, *[""] * 25])
    called(tmp_path, many, "--measure", "GEN", "--forest", str(path))
    assert "Left out: 25 trials." in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["png", "pdf"])
def test_pictures(tmp_path, kind):
    path = tmp_path / f"plot.{kind}"
    called(tmp_path, MEANS, "--measure", "MD", "--forest", str(path))
    if kind == "png":
        assert Image.open(path).size[0] > 1500
    else:
        page = PdfReader(io.BytesIO(path.read_bytes())).pages[0]
        assert page.mediabox.width == pytest.approx(980 * 0.75, abs=1)


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize("arguments, words", [
    (["RR", "--moderator", "e1"], "must not explain"),
    (["RR", "--rules", "book", "--method", "DL"], "chooses the model"),
    (["RR", "--prior", "half-normal:1"], "--prior needs"),
    (["RR", "--bayes", "--prior", "normal:1"], "must be half-normal"),
    (["RR", "--bayes", "--prior", "half-normal:-1"], "must be positive"),
    (["RR", "--common-tau2"], "needs --subgroup"),
    (["RR", "--method", "MH", "--subgroup", "g", "--common-tau2"], "needs random effects"),
    (["RR", "--working", "common"], "needs --cluster"),
    (["RR", "--subgroup", "n1"], "must not divide"),
    (["GEN", "--cluster", "vi"], "must not divide"),
    (["RR", "--subgroup", "dose", "--cluster", "dose"], "are both dose"),
    (["RR", "--cluster", "g", "--gosh"], "independent effects"),
    (["RR", "--method", "MH", "--influence"], "independent effects"),
    (["RR", "--method", "common", "--prediction-df", "k-2"], "needs random effects"),
    (["MD", "--variance", "UB"], "is not offered for MD, which has LS, HO"),
    (["MD", "--method", "SJIT"], "SJIT settles at PM"),
    (["MPORM"], "MPORM is not offered: MPOR takes the paired tables"),
    (["MD", "--correlation", "0.5"], "is for changes"),
    (["MC", "--correlation", "1.5"], "between -1 and 1"),
    (["MD", "--peters"], "for RR and OR"),
    (["MD", "--method", "mh-random"], "pools RR, OR, RD"),
    (["RR", "--method", "mh-random", "--zero-cells", "all"], "as RevMan does"),
], ids=lambda x: " ".join(x) if isinstance(x, list) else "")
def test_wrong_calls_exit_with_2(tmp_path, arguments, words):
    out = called(tmp_path, TABLES, "--measure", *arguments)
    assert out.exit_code == 2 and words in out.stderr and not out.stdout


def test_a_drawing_makes_no_folder(tmp_path):
    path = tmp_path / "absent" / "plot.svg"
    out = called(tmp_path, MEANS, "--measure", "MD", "--forest", str(path))
    assert out.exit_code == 2 and "there is no folder" in out.stderr
    assert not path.parent.exists()


def test_a_column_that_is_another_for_every_trial_divides_nothing(tmp_path):
    out = called(tmp_path, TABLES, "--measure", "RR", "--subgroup", "dose")
    assert out.exit_code == 1 and "every trial is a subgroup of its own" in out.stderr


def test_a_posterior_without_a_prior_says_what_it_needs(tmp_path):
    out = called(tmp_path, csv(yi=[0.1, 0.5], vi=[0.1, 0.2]), "--measure", "GEN",
                 "--method", "bayes")
    assert out.exit_code == 1 and "give --prior" in out.stderr


def test_the_help_is_in_groups_and_offers_what_the_module_knows():
    command = main.commands["pool"]
    groups = list(dict.fromkeys(getattr(p, "group", "") for p in command.params))
    assert groups[1:] == ["Effects", "Model", "Beyond the pool", "Many treatments", "Output",
                          "Reading the file"]
    choices = {p.name: tuple(p.type.choices) for p in command.params if hasattr(p.type, "choices")}
    for name, known in (("measure", tuple(poolfile.MEASURES)), ("method", poolfile.METHODS),
                        ("rules", poolfile.RULES), ("prediction_df", poolfile.PREDICTION_DF),
                        ("variance", poolfile.VARIANCES), ("working", poolfile.WORKING)):
        assert choices[name] == known, name
    flags = {p.name.removeprefix("further_").replace("_", "-") for p in command.params
             if p.name.startswith("further_")}
    assert flags == set(poolfile.FURTHER)


def test_a_posterior_without_a_standard_deviation_has_an_interval_all_the_same(tmp_path):
    got = answered(tmp_path, csv(yi=[0.1, 0.5], vi=[0.1, 0.2], g=["a", "b"]), "--measure", "GEN",
                   "--method", "bayes", "--prior", "half-cauchy:1")
    assert got["se"] is None and got["ci_low"] < got["estimate"] < got["ci_high"]


def test_values_too_far_apart_have_no_likelihood(tmp_path):
    far = csv(yi=[0.9889, 0, 0, 0], se=[1e6, 1, 1e-8, 1e-3])
    fit = answered(tmp_path, far, "--measure", "HR")["fit"]
    assert fit is None or fit["tau2_se"] is None
