"""How `pool` reads files: headers, cells and kinds of files as people have them."""

from __future__ import annotations

import importlib
import json
import math
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pool_command import answered

from livingreview.__main__ import main
from livingreview.intake.poolfile import cells

FILES = Path(__file__).parent / "files"
ANSWERS = json.loads((FILES / "answers.json").read_text(encoding="utf-8"))
STUDIES = ["Alder 2016", "Birch 2018", "Cédre 2019", "Dogwood 2021", "Elder 2022"]
M1, SD1, N1 = [31.2, 28.4, 40.1, 35.5, 22.9], [12.5, 14.1, 16.2, 11.8, 13.3], [25, 41, 18, 60, 33]
M2, SD2, N2 = [38.9, 33.0, 42.7, 44.1, 31.4], [13.0, 15.4, 15.1, 12.6, 12.2], [24, 39, 20, 58, 31]
E1, E2 = [4, 9, 3, 12, 5], [7, 14, 2, 21, 9]
MEANS, COUNTS = (M1, SD1, N1, M2, SD2, N2), (E1, N1, E2, N2)


def table(header: str, *columns, mark: str = ",") -> str:
    """A text file of the studies."""
    rows = zip(STUDIES, *columns, strict=True)
    return "\n".join([header, *(mark.join(map(str, row)) for row in rows)]) + "\n"


@pytest.fixture
def call(tmp_path):
    """Call the command on a file, or on content."""
    def run(content, *arguments, name="trials.csv"):
        path = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        out = CliRunner().invoke(main, ["pool", str(path), *arguments])
        assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
        return out
    return run


@pytest.fixture
def pooled(call):
    """The JSON of a call that ends well."""
    def run(content, *arguments, **more):
        out = call(content, *arguments, "--json", **more)
        assert out.exit_code == 0, out.stderr
        return json.loads(out.stdout)
    return run


@pytest.fixture
def refused(call):
    """What a call says that ends with an error of the data."""
    def run(content, *arguments, **more):
        out = call(content, *arguments, **more)
        assert out.exit_code == 1 and not out.stdout, out.output
        return out.stderr
    return run


def agrees(got: dict, measure: str) -> None:
    """The answers of metafor."""
    expected, back = ANSWERS[measure], math.exp if measure in ("RR", "OR") else float
    for key in ("estimate", "ci_low", "ci_high"):
        assert math.isclose(got[key], back(expected[key]), rel_tol=1e-6), key
    np.testing.assert_allclose([s["yi"] for s in got["studies"]], expected["yi"], 1e-8)
    np.testing.assert_allclose([s["vi"] for s in got["studies"]], expected["vi"], 1e-8)
    assert [s["study"] for s in got["studies"]] == STUDIES


# ---------------------------------------------------------------- headers


HEADERS = {
    "metafor": ("slab,m1i,sd1i,n1i,m2i,sd2i,n2i", "slab,ai,n1i,ci,n2i"),
    "meta": ("studlab,mean.e,sd.e,n.e,mean.c,sd.c,n.c", "studlab,event.e,n.e,event.c,n.c"),
    "revman": ("Study,Experimental mean,Experimental SD,Experimental N,Control mean,Control SD,"
               "Control N", "Study,Experimental cases,Experimental N,Control cases,Control N"),
    "revman5": ("Study ID,Mean_1,SD_1,Total_1,Mean_2,SD_2,Total_2",
                "Study ID,Events_1,Total_1,Events_2,Total_2"),
    "metapsy": ("study,mean_arm1,sd_arm1,n_arm1,mean_arm2,sd_arm2,n_arm2",
                "study,event_arm1,totaln_arm1,event_arm2,totaln_arm2"),
    "metainsight": ("Study,Mean.1,SD.1,N.1,Mean.2,SD.2,N.2", "Study,R.1,N.1,R.2,N.2"),
    "cma": ("Study name,Treated Mean,Treated Std-Dev,Treated Sample size,Control Mean,"
            "Control Std-Dev,Control Sample size",
            "Study name,Treated Events,Treated Total N,Control Events,Control Total N"),
    "people": ("Trial,Mean Intervention,SD Intervention,N Intervention,Mean Control,SD Control,"
               "N Control", "Trial,Events (intervention),N (intervention),Events (control),"
               "N (control)"),
    "capitals": ("STUDY,M1,SD_1,n 1,M2,SD_2,n 2", "Study,E1,N1,E2,N2"),
}


@pytest.mark.parametrize("who", HEADERS)
def test_headers_of_every_program_are_known(pooled, who):
    means, counts = HEADERS[who]
    agrees(pooled(table(means, *MEANS), "--measure", "MD"), "MD")
    got = pooled(table(counts, *COUNTS), "--measure", "RR")
    agrees(got, "RR")
    first = counts.split(",")[1]
    assert f"e1 is {first}" in got["read"][0]


def test_metafors_cells_of_a_table_give_the_arms(pooled):
    non1, non2 = ([n - e for e, n in zip(*pair, strict=True)] for pair in ((E1, N1), (E2, N2)))
    got = pooled(table("study,ai,bi,ci,di", E1, non1, E2, non2), "--measure", "OR")
    agrees(got, "OR")
    assert got["read"] == ["e1 is ai; n1 is ai + bi; e2 is ci; n2 is ci + di"]


EFFECTS = {
    "jasp": ("study,Effect Size,Standard Error", "se"), "meta": ("studlab,TE,seTE", "se"),
    "metapsy": ("study,.g,.g_se", "se"), "metafor": ("slab,yi,sei", "se"),
    "variance": ("study,Hedges' g,Var g", "vi"), "revman": ("Study,GIV Mean,GIV SE", "se"),
}


@pytest.mark.parametrize("who", EFFECTS)
def test_headers_of_effects(pooled, who):
    header, spread = EFFECTS[who]
    vi = np.array(ANSWERS["SMD"]["vi"])
    got = pooled(table(header, ANSWERS["SMD"]["yi"], vi if spread == "vi" else np.sqrt(vi)),
                 "--measure", "SMD")
    agrees(got, "SMD")


def test_hazard_ratios_and_ratios_with_their_intervals(pooled):
    yi, vi = np.array(ANSWERS["OR"]["yi"]), np.array(ANSWERS["OR"]["vi"])
    half = 1.959963984540054 * np.sqrt(vi)
    plain = table("study,logHR,SE(logHR)", yi, np.sqrt(vi))
    agrees(pooled(plain, "--measure", "HR"), "OR")
    for header in ("study,OR,ci_low,ci_high", "study,Odds ratio,Lower 95% CI,Upper 95% CI"):
        ends = table(header, *map(np.exp, (yi, yi - half, yi + half)))
        got = pooled(ends, "--measure", "OR")
        agrees(got, "OR")
        assert "intervals are taken as 95% intervals" in got["read"]
    agrees(pooled(table("study,yi,ci.lb,ci.ub", yi, yi - half, yi + half), "--measure", "OR"), "OR")
    one = [f"{a:.6f} ({b:.6f} to {c:.6f})" for a, b, c in np.exp([yi, yi - half, yi + half]).T]
    got = pooled(table("study,OR (95% CI)", one), "--measure", "OR")
    assert math.isclose(got["estimate"], math.exp(ANSWERS["OR"]["estimate"]), rel_tol=1e-5)


def test_observed_minus_expected_events(pooled):
    oe, v = [-3.1, -1.2, 0.4, -5.0, -2.2], [6.2, 9.1, 3.3, 14.8, 7.0]
    got = pooled(table("study,O-E,Variance", oe, v), "--measure", "HR", "--method", "common")
    total = sum(oe) / sum(v)  # the pool of O − E and V
    assert math.isclose(got["estimate"], math.exp(total), rel_tol=1e-9)
    assert math.isclose(got["se"], sum(v) ** -0.5, rel_tol=1e-9)


def test_petos_pool_of_observed_minus_expected_events(pooled, refused):
    content = "study,oe,v\nA,-3.2,8.1\nB,1.1,4.4\nC,-6.0,12.3\n"
    for arguments in (["PETO"], ["OR", "--method", "PETO"]):
        got = pooled(content, "--measure", *arguments)
        # rma(yi = oe / v, vi = 1 / v, method = "EE") of metafor 3.8.1
        found = [got[key] for key in ("estimate", "ci_low", "ci_high", "q")]
        assert found == pytest.approx([0.721362926249, 0.486663119190, 1.069249858574,
                                       1.820462283028], rel=1e-9)
        assert got["model"] == "peto"
    assert "or oe and v" in refused(content.replace("oe", "x"), "--measure", "PETO")


def test_author_and_year_name_a_trial(pooled):
    got = pooled("author,year,yi,vi\nAlder,2016,1,1\nBirch,2018,2,1\n", "--measure", "GEN")
    assert [s["study"] for s in got["studies"]] == ["Alder 2016", "Birch 2018"]
    got = pooled("trial,author,year,yi,vi\n1,Alder,2016,1,1\n2,Birch,2018,2,1\n", "--measure",
                 "GEN")
    assert [s["study"] for s in got["studies"]] == ["Alder 2016", "Birch 2018"]
    got = pooled("study,author,year,yi,vi\nA,Alder,2016,1,1\nB,Birch,2018,2,1\n", "--measure",
                 "GEN")
    assert [s["study"] for s in got["studies"]] == ["A", "B"]
    assert got["read"] == ["not used: author, year"]


def test_a_number_of_the_outcome_is_no_moderator(refused, pooled):
    content = table("study,ai,n1i,ci,n2i,high", *COUNTS, [1, 2, 3, 4, 5])
    said = refused(content, "--measure", "RR", "--moderator", "ai")
    assert "1:ai: ai: a number of the outcome itself (read as e1)" in said
    said = refused(content, "--measure", "RR", "--subgroup", "ai")
    assert "1:ai: ai: a number of the outcome itself (read as e1)" in said
    for free in ("n1i", "high"):
        assert pooled(content, "--measure", "RR", "--moderator", free)["meta_regression"]


def test_changes_of_two_arms_are_known_by_their_names(pooled):
    header = ("study,Pre mean e,SD pre e,Post mean e,n.e,Pre mean c,SD pre c,Post mean c,n.c,r")
    got = pooled(table(header, M2, SD2, M1, N1, M2, SD1, M2, N2, [0.5] * 5), "--measure", "PPC")
    assert got["k"] == 5


# ---------------------------------------------------------------- which column is which


SWITCH = "study,m1,sd1,n1,m2,sd2,n2_x,yi,vi\n" + "".join(
    f"{s},{a},12,20,{b},12,20,-8.5,2\n" for s, a, b in (("a", 30, 32), ("b", 31, 33)))


def test_a_mistyped_header_does_not_switch_the_data(refused, pooled):
    said = refused(SWITCH, "--measure", "MD")
    assert "no column n2 beside m1, sd1, n1, m2, sd2, and yi, vi as well" in said
    assert '--column "n2=n2_x"' in said and '--column "yi=yi"' in said
    assert pooled(SWITCH, "--measure", "MD", "--column", "n2=n2_x", "--column",
                  "m1=m1")["estimate"] == -2
    assert pooled(SWITCH, "--measure", "MD", "--column", "yi=yi")["estimate"] == -8.5


def test_two_readings_that_differ_are_an_error(refused, pooled):
    both = SWITCH.replace("n2_x", "n2")
    said = refused(both, "--measure", "MD")
    assert "two ways that differ in this row: by m1, sd1, n1, m2, sd2, n2, and by yi, vi" in said
    assert pooled(both, "--measure", "MD", "--column", "m1=m1")["estimate"] == -2
    assert pooled(both, "--measure", "MD", "--column", "vi=vi")["estimate"] == -8.5


def test_effects_that_agree_with_the_arms_are_no_second_reading(pooled):
    rounded = [[f"{v:.2f}" for v in ANSWERS["MD"][key]] for key in ("yi", "vi")]
    got = pooled(table("study,m1,sd1,n1,m2,sd2,n2,yi,vi", *MEANS, *rounded), "--measure", "MD")
    agrees(got, "MD")
    assert got["read"] == ["not used: yi, vi"]


def test_effects_beside_that_cannot_be_are_said(pooled):
    content = "study,e1,n1,e2,n2,OR,lower,upper\nA,4,40,9,42,2.9,0.08,1.41\n"
    got = pooled(content + "B,3,40,8,42,,,\n", "--measure", "OR")
    assert got["k"] == 2 and got["warnings"][0] == (
        "row 2: OR 2.9, lower 0.08, upper 1.41, not used: the estimate is outside its interval")


def test_ratios_with_intervals_are_not_taken_for_logarithms(refused, pooled):
    content = "study,yi,ci_low,ci_high\nA,0.8,0.5,1.28\nB,0.6,0.3,1.2\n"
    said = refused(content, "--measure", "OR")
    assert "2:yi: 0.8:" in said and '--column "ratio=yi"' in said and '--column "yi=yi"' in said
    got = pooled(content, "--measure", "OR", "--column", "ratio=yi")
    assert got["studies"][0]["yi"] == pytest.approx(math.log(0.8))
    by_hand = pooled(content, "--measure", "OR", "--column", "yi=yi")
    assert by_hand["studies"][0]["yi"] == 0.8
    logs = "study,yi,ci_low,ci_high\nA,0.8,0.5,1.1\nB,0.6,0.3,0.9\n"
    assert pooled(logs, "--measure", "OR")["studies"][0]["yi"] == 0.8


def test_a_standard_error_beside_a_ratio_is_taken_where_it_is_certain_of_what(refused, pooled):
    content = "study,HR,se\nA,0.8,0.2\nB,0.7,0.3\n"
    said = refused(content, "--measure", "HR")
    assert "HR is a ratio, which takes ci_low and ci_high, or the standard error of its natural " \
        "logarithm" in said and "yi=HR" not in said and '--column "se=se"' in said
    logs = content.replace("HR", "lnHR").replace("0.8", str(math.log(0.8))).replace(
        "0.7", str(math.log(0.7)))
    expected = pooled(logs, "--measure", "HR")
    for got in (pooled(content, "--measure", "HR", "--column", "se=se"),
                pooled(content.replace("se\n", "SE_lnHR\n"), "--measure", "HR")):
        assert got["estimate"] == pytest.approx(expected["estimate"], rel=1e-9)
        assert got["ci_high"] == pytest.approx(expected["ci_high"], rel=1e-9)
        assert any("standard error of the natural logarithm" in line for line in got["read"])
    said = refused(content.replace("0.8", "-0.8"), "--measure", "HR", "--column", "se=se")
    assert "2:HR: -0.8: negative, expected a ratio above 0" in said


def test_columns_that_are_not_used_are_named(pooled, refused):
    got = pooled("Study,yi,vi,Year,Total\na,1,1,2001,9\nb,2,1,2002,9\n", "--measure", "GEN")
    assert got["read"] == ["not used: Year, Total"]
    got = pooled("Study,yi,vi,Year\na,1,1,2001\nb,2,1,2002\nc,2,1,2009\n", "--measure", "GEN",
                 "--moderator", "Year")
    assert got["read"] == []
    said = refused("study,m1,sd1,n1,m2,std_2,n2\na,1,1,9,2,1,9\n", "--measure", "MD")
    assert "no column sd2:" in said and '--column "sd2=std_2"' in said


def test_a_column_named_by_hand(pooled, refused, call):
    content = table("study,Mean_T,S_T,K_T,Mean_C,S_C,K_C", *MEANS)
    hands = [f"--column={ours}={theirs}" for ours, theirs in zip(
        ("m1", "sd1", "n1", "m2", "sd2", "n2"), ("mean t", "S_T", "K_T", "Mean_C", "S_C", "K_C"),
        strict=True)]
    agrees(pooled(content, "--measure", "MD", *hands), "MD")
    assert "no column is named so" in refused(content, "--measure", "MD", "--column", "m1=Mean_X")
    for wrong, words in (("m1", "NAME=HEADER"), ("zz=Mean_T", "names no column of ours")):
        out = call(content, "--measure", "MD", "--column", wrong)
        assert out.exit_code == 2 and words in out.stderr


def test_a_column_of_networks_is_none_of_trials(refused):
    said = refused(table("study,m1,sd1,n1,m2,sd2,n2", *MEANS), "--measure", "MD", "--column",
                   "treatment=study")
    assert "this column goes with --network" in said


def test_one_column_is_not_both_arms(refused, pooled):
    content = table("study,m1,sd1,n1,m2,sd2,n2", *MEANS)
    said = refused(content, "--measure", "MD", "--column", "m1=m2")
    assert "1:m2: m2: this column is taken for m1 and m2, expected a column for each" in said
    swapped = pooled(content, "--measure", "MD", "--column", "m1=m2", "--column", "m2=m1")
    assert swapped["studies"][0]["yi"] == pytest.approx(M2[0] - M1[0])
    equal = content.replace(",n1,", ",N,").replace(",n2\n", ",rest\n")  # arms of one size
    got = pooled(equal, "--measure", "MD", "--column", "n1=N", "--column", "n2=N")
    assert got["studies"][0]["vi"] == pytest.approx((SD1[0]**2 + SD2[0]**2) / N1[0])


def test_two_columns_that_could_be_one(refused, pooled):
    content = "study,Events_1,Cases 1,n1,e2,n2\na,3,4,20,5,20\nb,5,6,20,7,20\n"
    said = refused(content, "--measure", "RR")
    assert "Events_1 | Cases 1: each of these could be e1" in said
    assert pooled(content, "--measure", "RR", "--column", "e1=Cases 1")["k"] == 2


def test_a_row_for_each_arm(pooled, refused):
    arms = "Study,T,R,N\n" + "".join(
        f"{s},control,{b},{m}\n{s},cells,{a},{n}\n" for s, a, n, b, m in
        zip(STUDIES, E1, N1, E2, N2, strict=True))
    said = refused(arms, "--measure", "RR")
    assert "the rows are arms, not trials" in said and '--treated "cells"' in said
    got = pooled(arms, "--measure", "RR", "--treated", "cells")
    agrees(got, "RR")
    assert "the rows are arms: arm 1 is cells, arm 2 the other of the trial" in got["read"]
    other = arms.replace("Study,T,R,N", "Study,T,K,N")
    agrees(pooled(other, "--measure", "RR", "--treated", "cells", "--column", "e=K"), "RR")
    three = arms + "Elder 2022,sham,1,30\n"
    assert "the arms of this trial are control, cells, sham" in refused(
        three, "--measure", "RR", "--treated", "cells")


# ---------------------------------------------------------------- cells


NUMBERS = [
    ("12.5", ".", 12.5), ("12,5", ",", 12.5), ("-.5", ".", -0.5), ("\u22124.1", ".", -4.1),
    ("\u20134.1", ".", -4.1), ("\u20144,1", ",", -4.1), ("\u2013", ".", None),
    ("4\u20135", ".", "a range"), ("\u2013NR", ".", "not a number"),
    ("1e3", ".", 1000), ("1,234.5", ".", 1234.5), ("1.234,5", ",", 1234.5), ("1 234", ".", 1234),
    ("1\u202f234", ",", 1234), ("1'234", ".", 1234), ("1,234", ".", 1234), ("1.234", ",", None),
    ("NA", ".", None), ("n/a", ".", None), (".", ".", None), ("-", ".", None), ("NR", ".", None),
    ("Not reported", ".", None), ("", ".", None), ("\u2013", ".", None),
    ("<0.001", ".", "a bound"), ("30-32", ".", "a range"), ("4.1 (1.2)", ".", "several numbers"),
    ("45%", ".", "a percentage"), ("12*", ".", "something behind it"), ("inf", ".", "infinite"),
    ("1,5", ".", "a decimal comma"), ("1.5", ",", "a decimal point"), ("１２", ".", "not a number"),
]


@pytest.mark.parametrize("text, mark, expected", NUMBERS,
                         ids=[f"{i}" for i in range(len(NUMBERS))])
def test_a_number_is_read_where_it_is_certain(text, mark, expected):
    got = cells.number(text, mark, whole=False)
    if isinstance(expected, str):
        assert isinstance(got, cells.Unread) and expected in got.wrong
    elif text == "1.234":  # a comma elsewhere: thousands of a count, and else nothing certain
        assert isinstance(got, cells.Unread) and cells.number(text, mark, whole=True) == 1234
    else:
        assert got == expected


def test_a_comma_that_may_be_either_is_asked_for(refused, pooled):
    content = 'study,yi,se\na,"1,234","2,500"\nb,"2,345","1,500"\n'
    assert "--decimal comma, or --decimal point" in refused(content, "--measure", "GEN")
    assert pooled(content, "--measure", "GEN", "--decimal", "comma")["studies"][0]["yi"] == 1.234
    assert pooled(content, "--measure", "GEN", "--decimal", "point")["studies"][0]["yi"] == 1234


def test_thousands_decimal_commas_and_other_separators(pooled):
    content = ("study;m1;sd1;n1;m2;sd2;n2\na;4,1;1,2;1.200;5,0;1,4;1 150\n"
               "b;3,9;1,5;22;4,4;1,1;25\n")
    got = pooled(content, "--measure", "MD")
    assert got["studies"][0]["yi"] == pytest.approx(-0.9)
    assert got["studies"][0]["vi"] == pytest.approx(1.2**2 / 1200 + 1.4**2 / 1150)
    assert got["read"] == ["fields are divided by semicolons", "n1: 1.200 is read as 1200",
                           "decimals have a comma"]
    for mark in ("\t", "|", ";"):
        agrees(pooled(table(mark.join(("study", "m1", "sd1", "n1", "m2", "sd2", "n2")), *MEANS,
                            mark=mark), "--measure", "MD"), "MD")
    utf16 = table("study\te1\tn1\te2\tn2", *COUNTS, mark="\t").encode("utf-16")
    agrees(pooled(utf16, "--measure", "RR"), "RR")


def test_utf16_without_a_mark_is_named(refused):
    content = table("study;e1;n1;e2;n2", *COUNTS, mark=";").encode("utf-16-be")
    assert "UTF-16 without a byte-order mark" in refused(content, "--measure", "RR")


def test_numbers_below_the_name_of_an_arm(pooled, refused):
    e1, n1, e2, n2 = COUNTS
    first, second = ([f"{e}/{n}" for e, n in zip(*pair, strict=True)]
                     for pair in ((e1, n1), (e2, n2)))
    agrees(pooled(table("study,Drug,Placebo", first, second), "--measure", "RR"), "RR")
    said = refused(table("study,Drug,Saline,Sham", first, second, second), "--measure", "RR")
    assert 'two of them, as --column "e1=Drug" --column "e2=Saline"' in said
    spreads = [[f"{m} ({s})" for m, s in zip(*pair, strict=True)]
               for pair in ((M1, SD1), (M2, SD2))]
    content = table("study,Drug,n1,Placebo,n2", spreads[0], N1, spreads[1], N2)
    call = [f"{ours}={name}" for name, arm in (("Drug", 1), ("Placebo", 2))
            for ours in (f"m{arm}", f"sd{arm}")]
    assert " ".join(f'--column "{one}"' for one in call) in refused(content, "--measure", "MD")
    agrees(pooled(content, "--measure", "MD",
                  *(part for one in call for part in ("--column", one))), "MD")


def test_names_below_merged_cells_are_one_header(pooled):
    content = "trial,Drug,,Placebo,\n,events,total,events,total\n" + table("", *COUNTS).split(
        "\n", 1)[1]
    got = pooled(content, "--measure", "RR")
    assert "the header takes rows 1 and 2" in got["read"]
    agrees(got, "RR")


def test_numbers_that_share_a_cell(pooled, refused):
    mean1, mean2 = ([f"{m} ({s})" for m, s in zip(*pair, strict=True)]
                    for pair in ((M1, SD1), (M2, SD2)))
    content = table("study,Mean (SD) 1,n1,Mean ± SD 2,n2", mean1, N1,
                    [m.replace("(", "± ").rstrip(")") for m in mean2], N2)
    got = pooled(content, "--measure", "MD")
    agrees(got, "MD")
    assert "the cells of Mean (SD) 1 hold m1 and sd1" in got["read"]
    unnamed = table("study,Mean 1,n1,Mean 2,n2", mean1, N1, mean2, N2)  # SD, or SE?
    assert "no column sd1 and no sd2" in refused(unnamed, "--measure", "MD")
    of1, of2 = ([f"{e}/{n}" for e, n in zip(*pair, strict=True)] for pair in ((E1, N1), (E2, N2)))
    agrees(pooled(table("study,events 1,events 2", of1, of2), "--measure", "RR"), "RR")
    with1 = [f"{e} ({100 * e / n:.1f}%)" for e, n in zip(E1, N1, strict=True)]
    share2 = [f"{100 * e / n:.1f}%" for e, n in zip(E2, N2, strict=True)]
    agrees(pooled(table("study,e1,n1,e2,n2", with1, N1, share2, N2), "--measure", "RR"), "RR")
    vague = table("study,e1,n1,e2,n2", with1, N1, ["33%"] * 5, [240] * 5)
    assert "2:e2: 33%: not a number (a percentage)" in refused(vague, "--measure", "RR")


@pytest.mark.parametrize("mark", [",", ";"], ids=["commas", "semicolons"])
def test_a_title_above_the_header_is_passed_over(pooled, refused, mark):
    content = table("study,m1,sd1,n1,m2,sd2,n2".replace(",", mark), *MEANS, mark=mark)
    for title in ("Table 1. Pain at 12 months\n", f"Table 1{mark * 6}\n\nPain{mark * 6}\n"):
        got = pooled(title + content, "--measure", "MD", "--decimal", "point")
        agrees(got, "MD")
        assert "the header is in row" in " ".join(got["read"])
    said = refused("Table 1\n" + content.replace("31.2", "x"), "--measure", "MD")
    assert ":3:" in said  # by the lines of the file
    assert "no column yi" in refused("a\n1\n2\n", "--measure", "GEN")


def test_two_rows_of_headers_are_told_what_to_do(refused):
    said = refused(",Treatment,,,Control,,\nstudy,mean,sd,n,mean,sd,n\nA,1,1,9,2,1,9\n",
                   "--measure", "MD")
    assert "the header seems to take two rows (1 and 2)" in said and "mean Treatment" in said
    assert "--column" not in said


def test_a_dash_before_a_number_is_a_minus(pooled):
    content = ("study;yi;ci\na;\u20134,1;\u20136,1 to \u20132,1\n"
               "b;\u20133;\u20134,5 \u2013 \u20131,5\n")
    got = pooled(content, "--measure", "GEN")
    assert [s["yi"] for s in got["studies"]] == [-4.1, -3]
    assert [s["vi"] for s in got["studies"]] == pytest.approx(
        [(2 / 1.959963984540054) ** 2, (1.5 / 1.959963984540054) ** 2])


def test_blank_lines_repeated_headers_and_empty_fields(pooled):
    lines = table("study,e1,n1,e2,n2", *COUNTS).splitlines()
    content = "\n".join([lines[0] + ",,", *(line + ",," for line in lines[1:3]), ",,,,,,", "",
                         lines[0] + ",,", *lines[3:], ",,,,,,"])
    got = pooled(content, "--measure", "RR")
    agrees(got, "RR")
    assert got["read"] == ["the header stands again in row 6"]


# ---------------------------------------------------------------- rows that are left out


LEFT_OUT = {
    "blank": ("x,1,,9,2,1,9", "sd1 not stated"), "na": ("x,1,1,9,2,NR,9", "sd2 not stated"),
    "sd": ("x,1,0,9,2,1,9", "not estimable: sd1 0: zero"),
    "one": ("x,1,1,9,2,1,1", "n2 1: too few"), "nobody": ("x,1,1,0,2,1,9", "n1 0: too few"),
    "size": ("x,1e308,1,9,-1e308,1,9", "not estimable: "),
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_a_row_without_an_effect_is_left_out_and_named(pooled, refused, why):
    row, reason = LEFT_OUT[why]
    content = table("study,m1,sd1,n1,m2,sd2,n2", *MEANS) + row + "\n"
    got = pooled(content, "--measure", "MD")
    assert got["k"] == 5 and math.isclose(got["estimate"], ANSWERS["MD"]["estimate"],
                                          rel_tol=1e-6)
    assert reason in got["studies"][5]["left_out"] and got["studies"][5]["weight"] is None
    assert "trials.csv:7:" in refused(content, "--measure", "MD", "--strict")


def test_effects_without_a_usable_spread_are_left_out(pooled):
    content = "study,yi,se\na,1,1\nb,2,0\nc,3,1e-200\nd,1,1e200\ne,2,1\n"
    got = pooled(content, "--measure", "GEN")
    assert got["k"] == 2
    assert [s["left_out"] and s["left_out"].rpartition(": ")[2] for s in got["studies"]] == [
        None, "zero", "too small to compute with", "too large to compute with", None]


def test_tables_without_anybody_are_left_out_of_mantel_haenszel(pooled):
    content = table("study,e1,n1,e2,n2", *COUNTS)
    alone = pooled(content, "--measure", "RR", "--method", "MH")
    more = pooled(content + "x,0,0,1,9\n", "--measure", "RR", "--method", "MH")
    assert more["estimate"] == alone["estimate"] and "n1 0" in more["studies"][5]["left_out"]


@pytest.mark.parametrize("measure, content", [
    ("RR", "study,e1,n1,e2,n2\nA,0.10,50,0.16,50\nB,0,40,0.20,40\nC,0.15,40,0.20,40\n"),
    ("PLO", "study,e,n\nA,0.10,50\nB,0.15,60\nC,1,80\n")], ids=["two-arms", "one-arm"])
def test_proportions_are_no_counts(refused, measure, content):
    said = refused(content, "--measure", measure)
    assert "0.10: a proportion, not a count" in said and ":2:e" in said


def test_fewer_than_two_participants_have_no_standard_deviation(pooled):
    content = table("study,m1,sd1,n1,m2,sd2,n2", *MEANS) + "x,40,12,1.050,48,12,1.048\n"
    got = pooled(content, "--measure", "MD")
    assert "n1 1.050: too few for a standard deviation" in got["studies"][5]["left_out"]
    assert "n1 is not a whole number (row 7: 1.050): a mark of thousands that was read as one of " \
        "decimals?" in got["warnings"]
    whole = pooled(content.replace("1.050", '"1,050"').replace("1.048", "1048"), "--measure", "MD")
    assert whole["k"] == 6 and whole["studies"][5]["vi"] == pytest.approx(144 / 1050 + 144 / 1048)
    assert whole["read"] == ["n1: 1,050 is read as 1050"]


def test_effective_sizes_are_pooled_with_a_warning(pooled):
    content = table("study,e1,n1,e2,n2", *COUNTS) + "x,5.5,60.5,0.7,61\n"
    got = pooled(content, "--measure", "RR")
    assert got["k"] == 6 and "e1 is not a whole number (row 7: 5.5)" in got["warnings"]


# ---------------------------------------------------------------- what looks like a slip


ODD = {
    "sum": (table("study,e1,n1,e2,n2", *COUNTS) + f"Total,{sum(E1)},{sum(N1)},{sum(E2)},"
            f"{sum(N2)}\n", ["RR"], None),
    "total": (table("study,e1,n1,e2,n2", *COUNTS) + "Overall,1,9,2,9\n", ["RR"],
              "row 7: Overall may be a total"),
    "far": ("study,m1,sd1,n1,m2,sd2,n2\na,10,1,20,20,1,20\nb,12,8,20,14,9,20\n", ["SMD"],
            "row 2: a standardised difference of -9.8: standard errors"),
    "narrow": (table("study,m1,sd1,n1,m2,sd2,n2", *MEANS) + "x,30,2.1,30,38,2.3,30\n", ["MD"],
               "row 7: the standard deviation 2.1 is below a third of the others' (12.8)"),
    "ratios": ("study,yi,se\na,0.8,0.2\nb,1.2,0.3\nc,0.9,0.2\n", ["RR"],
               "every yi is above 0 (rows 2, 3, 4): ratios themselves"),
    "spellings": ("study,yi,vi,g\na,1,1,IV\nb,2,1,i.v.\nc,1,1,oral\nd,2,1,oral\ne,2,1,IV\n"
                  "f,2,1,i.v.\n", ["GEN", "--subgroup", "g"],
                  "g has one label in several spellings: IV, i.v."),
    "study": ("study,yi,vi\nAlder 2016,1,1\nAlder (2016),2,1\n1.0,1,2\n10,1,3\n", ["GEN"],
              "study has one label in several spellings: Alder 2016, Alder (2016)"),
    "alone": (table("study,e1,n1,e2,n2", *COUNTS) + "x,0,1,1,9\n", ["RR"],
              "row 7: n1 is 1: an arm of one?"),
    "again": (table("study,e1,n1,e2,n2", *COUNTS) + "Birch b,9,41,14,39\n", ["RR"],
              "row 7: Birch b has the numbers of row 3 (Birch 2018)"),
    "lopsided": ("study,OR,low,high\na,2,0.5,3\nb,1.5,0.9,2.5\n", ["OR"],
                 "row 2: the estimate is not in the middle of its interval on the logarithmic"),
}


@pytest.mark.parametrize("why", ODD)
def test_what_looks_like_a_slip_is_a_warning_by_row(pooled, why):
    content, arguments, warning = ODD[why]
    got = pooled(content, "--measure", *arguments)
    if warning is None:  # a sum of the trials is certain, and no trial
        assert got["k"] == 5 and "a total of rows above" in got["studies"][5]["left_out"]
    else:
        assert any(said.startswith(warning) for said in got["warnings"]), got["warnings"]


def test_subtotals_and_the_grand_total_are_no_trials(pooled):
    trials = "A,4,119,11,128\nC,3,231,11,220\n{}D,5,100,9,100\nF,17,170,22,160\n{}"
    content = "study,e1,n1,e2,n2\n" + trials
    alone = pooled(content.format("", ""), "--measure", "RR")
    for ends in (("Subtotal,7,350,22,348\n", "Subtotal,22,270,31,260\nTotal,29,620,53,608\n"),
                 ("Subtotal,7,350,22,348\n", "Gesamt,29,620,53,608\n"),
                 ("Subtotal (95% CI),7,350,22,348\n",
                  "G,2,20,3,20\nSubtotal (95% CI),24,290,34,280\n")):
        got = pooled(content.format(*ends), "--measure", "RR")
        kept = [s for s in got["studies"] if not s["left_out"]]
        assert [s["study"] for s in kept][:4] == list("ACDF") and not got["warnings"]
        assert len(kept) == 4 + ("G,2" in ends[1])
        if len(kept) == 4:
            assert got["estimate"] == alone["estimate"]


def test_a_subtotal_of_one_trial_after_a_subtotal_is_none(pooled):
    content = ("study,e1,n1,e2,n2\nA,4,119,11,128\nB,3,231,11,220\nSubtotal,7,350,22,348\n"
               "C,5,100,9,100\nSubtotal,5,100,9,100\nTotal,12,450,31,448\n")
    got = pooled(content, "--measure", "RR")
    assert [s["study"] for s in got["studies"] if not s["left_out"]] == list("ABC")


def test_sound_files_have_no_warning_of_this_kind(pooled):
    for content, measure in ((table("study,m1,sd1,n1,m2,sd2,n2", *MEANS), "SMD"),
                             (table("study,e1,n1,e2,n2", *COUNTS), "RR"),
                             (table("study,yi,vi", *(ANSWERS["OR"][k] for k in ("yi", "vi"))),
                              "OR")):
        got = pooled(content, "--measure", measure)
        assert not got["warnings"] and not got["read"]


# ---------------------------------------------------------------- kinds of files


KINDS = {
    "r-write-csv.csv": None, "r-write-csv2.csv": None, "pain.ods": None, "labels.omv": None,
    "strings.omv": None, "older.jasp": None, "newer.jasp": None, "means.rds": "pyreadr",
    "escalc.rds": "pyreadr", "means.dta": "pyreadstat",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_file_of_a_program_gives_the_numbers_of_metafor(pooled, name):
    if KINDS[name]:
        pytest.importorskip(KINDS[name])
    agrees(pooled(FILES / name, "--measure", "MD"), "MD")


@pytest.mark.parametrize("cell", [b"", b"<c r='B2'><f>5+5</f><v>10</v></c>",
                                  b"<c r='B2' t='str'><f>5+5</f><v></v></c>"],
                         ids=["uncalculated", "saved", "empty-text"])
def test_a_formula_counts_by_its_saved_value(pooled, refused, tmp_path, cell):
    from openpyxl import Workbook

    book, path = Workbook(), tmp_path / "formula.xlsx"
    for row in (["study", "m1", "sd1", "n1", "m2", "sd2", "n2"], ["A", "=5+5", 2, 20, 12, 2, 20],
                ["B", 11, 2, 20, 12, 2, 20], ["C", 10, 2, 20, 12, 2, 20]):
        book.active.append(row)
    book.save(path)
    if not cell:
        said = refused(path, "--measure", "MD")
        assert "2:m1: =5+5: not a number (a formula that was not calculated" in said
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    before = members[sheet]
    members[sheet] = re.sub(rb"<c r=.B2.*?</c>", cell, before)
    assert members[sheet] != before
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    first = pooled(path, "--measure", "MD")["studies"][0]
    assert first["left_out"] == "m1 not stated" if b"str" in cell else first["yi"] == -2


def test_a_sheet_or_an_object_is_chosen_by_name(pooled, refused):
    agrees(pooled(FILES / "workbook.xlsx", "--measure", "RR", "--sheet", "Events"), "RR")
    said = refused(FILES / "workbook.xlsx", "--measure", "RR")
    assert "the file has several sheets: Read me, Pain, Events, expected one of them" in said
    assert "no sheet Pane, expected one of Read me" in refused(
        FILES / "workbook.xlsx", "--measure", "RR", "--sheet", "Pane")
    assert "it has no sheets" in refused("yi,vi\n1,1\n", "--measure", "GEN", "--sheet", "x")


def test_objects_of_r_and_a_file_of_spss(pooled, refused):
    pytest.importorskip("pyreadr")
    pytest.importorskip("pyreadstat")
    agrees(pooled(FILES / "both.rda", "--measure", "RR", "--sheet", "events"), "RR")
    assert "several data frames: means, events" in refused(FILES / "both.rda", "--measure", "RR")
    agrees(pooled(FILES / "events.sav", "--measure", "OR"), "OR")


@pytest.mark.parametrize("name, package", [("means.rds", "pyreadr"), ("means.dta", "pyreadstat"),
                                           ("events.sav", "pyreadstat")])
def test_a_reader_that_is_not_installed_is_named(refused, monkeypatch, name, package):
    real = importlib.import_module

    def without(wanted, *arguments):
        if wanted == package:
            raise ImportError(wanted)
        return real(wanted, *arguments)

    monkeypatch.setattr("livingreview.intake.poolfile.statistical.import_module", without)
    said = refused(FILES / name, "--measure", "MD")
    assert f"the package {package} that reads it is not installed" in said


OTHERS = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "this is a PDF"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "an old Office file"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "ris": (b"TY  - JOUR\nTI  - x\nER  - \n", "a list of references (RIS)"),
    "rm5": (b'<?xml version="1.0"?>\n<COCHRANE_REVIEW ID="0"/>', "a review of RevMan 5"),
    "html": (b"<!DOCTYPE html><html><table></table></html>", "a web page"),
    "binary": (b"\x01\x02\0\0\0\x05", "no text and no kind of file that is known"),
    "gzip": (b"\x1f\x8b\x08\0\0", "a compressed file"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_file_is_named_by_what_it_is(refused, kind):
    content, words = OTHERS[kind]
    said = refused(content, "--measure", "MD")
    assert words in said and "trials.csv: this is" in said and "UTF-8" not in said


@pytest.mark.parametrize("members, words", [
    ({"word/document.xml": ""}, "a text of a word processor"),
    ({"CD000000-data-rows.csv": ""}, "the data package of a Cochrane review"),
    ({"notes.txt": ""}, "a ZIP archive"),
    ({"metadata.json": "{}", "data.bin": ""}, "the data in this file cannot be read"),
    ({"internal.sqlite": "x"}, "the data in this file cannot be read"),
    ({"xl/workbook.xml": "x"}, "this workbook cannot be read"),
    ({"content.xml": "<x", "mimetype": "application/vnd.oasis.opendocument.spreadsheet"},
     "this workbook cannot be read"),
], ids=["docx", "package", "zip", "omv", "jasp", "xlsx", "ods"])
def test_archives_are_told_apart(refused, tmp_path, members, words):
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert words in refused(path, "--measure", "MD")


@pytest.mark.parametrize("name, package", [("x.rds", "pyreadr"), ("x.dta", "pyreadstat"),
                                           ("x.sav", "pyreadstat")])
def test_a_broken_file_of_a_program(refused, name, package):
    pytest.importorskip(package)
    said = refused(b"something else", "--measure", "MD", name=name)
    assert "cannot be read" in said


def test_letters_of_windows_are_read_with_a_warning(pooled):
    got = pooled("study,yi,vi\nC\u00e9dre,1,1\nb,2,1\n".encode("cp1252"), "--measure", "GEN")
    assert got["studies"][0]["study"] == "Cédre" and "Windows-1252" in got["warnings"][0]


def test_a_pool_loads_no_library_that_it_does_not_use():
    code = ("import sys; from livingreview.__main__ import main\n"
            f"try: main(['pool', {str(FILES / 'r-write-csv.csv')!r}, '--measure', 'MD'])\n"
            "except SystemExit: pass\n"
            "print(sorted({'pandera', 'hypothesis', 'matplotlib', 'openpyxl', 'seaborn', "
            "'sphinx', 'rapidfuzz'} & set(sys.modules)))")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.splitlines()[-1] == "[]"


WIDE = ("Study,T.1,N.1,R.1,T.2,N.2,R.2,T.3,N.3,R.3\nQuill,A,60,12,B,62,20,,,\n"
        "Raven,A,41,7,C,40,9,,,\nSwift,B,120,23,C,118,34,,,\nTern,A,60,9,B,61,12,C,63,14\n")


def test_arms_in_numbered_columns_are_a_network_and_no_one_comparison(call, refused):
    rows = [line.split(",") for line in WIDE.splitlines()[1:]]
    long = "Study,T,N,R\n" + "".join(
        ",".join([row[0], *row[i:i + 3]]) + "\n" for row in rows for i in (1, 4, 7) if row[i])
    asked = ("--network", "--measure", "RR", "--reference", "A", "--json")
    found = [json.loads(call(text, *asked).stdout) for text in (WIDE, long)]
    assert found[0]["components"] == [["A", "B", "C"]]
    assert {**found[0], "read": 0} == {**found[1], "read": 0}
    assert "the trials compare different treatments (A, B, C)" in refused(WIDE, "--measure", "RR")


def test_notes_beneath_and_chinese_letters_are_read(call):
    text = table("study,e1,n1,e2,n2", E1, N1, E2, N2).replace("Cédre", "雪松")
    for content in (text + "\nNote: deaths\n", text.encode("gb18030")):
        done = call(content, "--measure", "RR")
        assert done.exit_code == 0 and "雪松 2019" in done.stdout, done.stderr
        assert "notes stand beneath, in row 8" in done.stdout or "GB18030" in done.output


def test_chinese_headers_name_the_trials(tmp_path):
    got = answered(tmp_path, "作者,年份,yi,vi\n张,2015,0.1,0.02\n李,2016,-0.3,0.04\n",
                   "--measure", "MD")
    assert [s["study"] for s in got["studies"]] == ["张 2015", "李 2016"]
