"""Analyses of several reviews as one collection: all are there, pooled and compared.

Estimates of the files in ``tests/files/collection`` are those of its ``estimates.R`` (metafor);
that of analysis 2.3 is made up, and its Peto odds ratio by metafor is pinned here.
"""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from livingreview.__main__ import main

FILES = Path(__file__).parent / "files" / "collection"
REVIEW = "CD999901"


def call(*arguments) -> Result:
    out = CliRunner().invoke(main, ["collect", *map(str, arguments)])
    assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
    return out


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """The data package of a made-up review, with the folders of a download."""
    path = tmp_path_factory.mktemp("reviews") / f"{REVIEW}-data.zip"
    with zipfile.ZipFile(path, "w") as out:
        for file in sorted(FILES.glob("*.csv")):
            out.writestr(f"{REVIEW}-analysis-data/{file.name}", file.read_text(encoding="utf-8"))
    return path


@pytest.fixture(scope="module")
def found(package) -> dict:
    done = call(package, FILES / "older.rm5", "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def one(found: dict, analysis: str, subgroup: str = "", review: str = REVIEW) -> dict:
    [line] = [a for a in found["analyses"] if a["review"].endswith(review)
              and (a["analysis"], a["subgroup"]) == (analysis, subgroup)]
    return line


def test_every_analysis_and_subgroup_is_a_line(found):
    lines = [(a["review"], a["analysis"], a["subgroup"]) for a in found["analyses"]]
    assert lines == [
        (REVIEW, "1.1", ""), (REVIEW, "1.2", ""), (REVIEW, "1.2", "Early"),
        (REVIEW, "1.2", "Late"), (REVIEW, "1.3", ""), (REVIEW, "1.4", ""), (REVIEW, "2.1", ""),
        (REVIEW, "2.2", ""), (REVIEW, "2.3", ""), (REVIEW, "2.4", ""),
        ("RevMan 5 review 000002", "1.1", ""), ("RevMan 5 review 000002", "1.2", "Early")]
    unpacked = call(FILES, "--json")  # the same package as a folder
    assert json.loads(unpacked.stdout)["analyses"] == [
        a | {"file": str(FILES), "review": a["review"]} for a in found["analyses"][:10]]
    assert found["not_placed"] == [
        f"{REVIEW}-data-rows.csv:20: Alder 2016: the settings have no analysis 9.9"]


@pytest.mark.parametrize("analysis, subgroup, model, k", [
    ("1.1", "", "MH", 3), ("1.2", "", "DL", 4), ("1.2", "Early", "DL", 2),
    ("1.2", "Late", "DL", 2), ("1.3", "", "REML", 3), ("2.1", "", "common", 2),
    ("2.2", "", "common", 2)])
def test_estimates_are_those_of_metafor(found, analysis, subgroup, model, k):
    line = one(found, analysis, subgroup)
    assert (line["verdict"], line["model"], line["k"]) == ("same", model, k)
    for key in ("estimate", "ci_low", "ci_high"):
        assert line[f"ours_{key}"] == pytest.approx(line[f"published_{key}"], rel=1e-6)
    assert abs(line["difference"]) < 1e-6


def test_another_estimate_is_said_with_the_difference(found):
    line = one(found, "2.3")
    assert line["verdict"] == "differs"
    assert line["ours_estimate"] == pytest.approx(2.9723041608, rel=1e-8)
    assert line["difference"] == pytest.approx(0.173047, abs=1e-6)  # log(2.9723 / 2.5)


@pytest.mark.parametrize("analysis, why", [
    ("1.4", "data of the type Other cannot be pooled"),
    ("2.4", "no row of the file belongs to it")])
def test_what_has_no_estimate_says_why(found, analysis, why):
    line = one(found, analysis)
    assert line["verdict"] == "not-pooled" and line["why"] == why
    assert line["ours_estimate"] is None and line["k"] == 0


def test_rows_that_are_in_no_pool_are_named(found):
    assert one(found, "1.1")["rows"] == 4
    assert one(found, "1.1")["why"] == "Elm 2021: no events in either arm"
    assert one(found, "1.2")["rows"] == 5 and "Fir 2022: " in one(found, "1.2")["why"]


def test_a_review_of_revman_5_swaps_events_and_shows_subgroups_alone(found):
    swapped = one(found, "1.1", review="000002")
    assert swapped["verdict"] == "same" and swapped["model"] == "MH"
    assert swapped["ours_estimate"] == pytest.approx(0.7285951257, rel=1e-8)
    assert one(found, "1.2", "Early", "000002")["verdict"] == "same"


def test_the_table_holds_the_same(found, package, tmp_path):
    out = tmp_path / "all.csv"
    done = call(package, FILES / "older.rm5", "--out", out)
    assert done.exit_code == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{k: "" if v is None else str(v) for k, v in a.items()}
            for a in found["analyses"]] == rows
    assert "10 analyses and subgroups, 7 as published, 1 other than published" in done.stdout
    assert "2.3 Swelling: published 2.5 (0.9 to 9.7), pooled here 2.972" in done.stdout
    assert "2.4 Relapse: no row of the file belongs to it" in done.stdout
    assert "not placed: " in done.stderr


def test_all_files_that_cannot_be_read_are_named_and_nothing_is_written(package, tmp_path):
    out, bad, worse = tmp_path / "all.csv", tmp_path / "bad.rm5", tmp_path / "worse.zip"
    out.write_text("before")
    bad.write_text("<html/>")
    worse.write_text("no archive")
    done = call(package, bad, worse, "--out", out)
    assert done.exit_code == 1 and out.read_text() == "before"
    assert "bad.rm5: expected a review of RevMan 5" in done.stderr
    assert "worse.zip: this is no archive, expected the data package" in done.stderr
    assert call(package, "--out", tmp_path / "no" / "all.csv").exit_code == 2
    for file in FILES.glob("*.csv"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8").replace(
            "Study,", "Trial,", 1), encoding="utf-8")
    assert "data-rows.csv:1: no column Study" in call(tmp_path).stderr


@pytest.mark.parametrize("cells, why", [
    ("30,,7,24", "events"), ("four,25,7,24", "four"), (",,7,24", "")])
def test_a_wrong_number_is_named_and_stops_its_analysis_alone(tmp_path, cells, why):
    e1, n1, e2, n2 = cells.split(",")
    rows = ("Analysis group,Analysis number,Study,Experimental cases,Experimental N,"
            f"Control cases,Control N\n1,1,Alder 2016,{e1},{n1 or '25'},{e2},{n2}\n"
            "1,2,Birch 2018,3,20,4,21\n")
    kind = "Cells,Dichotomous,MH,Risk Ratio,Fixed effect\n"
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("x-data-rows.csv", rows)
        out.writestr("x-overall-estimates-and-settings.csv",
                     "Analysis group,Analysis number,Analysis group name,Data type,Statistical "
                     f"method,Effect measure,Analysis model\n1,1,{kind}1,2,{kind}")
    done = call(tmp_path / "x.zip", "--json")
    assert done.exit_code == 0, done.output
    wrong, right = json.loads(done.stdout)["analyses"]
    assert wrong["verdict"] == "not-pooled" and wrong["why"] and why in wrong["why"]
    assert right["verdict"] == "not-published" and right["k"] == 1
