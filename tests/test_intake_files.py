"""Files of other programs that `import` takes: RevMan 5, tables of robvis, and what it refuses."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up import World

from livingreview.__main__ import main
from livingreview.intake import IntakeError, mapped, revman, revman5, robvis

FILES = Path(__file__).parent / "files"


@pytest.fixture
def folder(tmp_path) -> Path:
    """A made-up data folder with two trials."""
    world = World(tmp_path / "data")
    for name in ("alder-2016", "cedre-2019"):
        world = world.trial(name).pair(name)
    return world.write()


def call(*arguments) -> Result:
    out = CliRunner().invoke(main, [str(a) for a in arguments])
    assert out.exception is None or isinstance(out.exception, SystemExit), out.exception
    return out


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    path = next(folder.rglob(f"{table}.csv"))
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


# ---------------------------------------------------------------- RevMan 5


LIST = {
    "1.1": {"event": "any-ae", "count": "patients", "experimental_arm": "cells",
            "control_arm": "placebo", "comparator_type": "saline"},
    "1.2": {"outcome": "pain-vas", "scale_min": "0", "scale_max": "100", "better": "lower",
            "statistic": "final", "timepoint_months": "6", "experimental_arm": "cells",
            "control_arm": "placebo", "comparator_type": "saline"},
    "risk-of-bias": {"tool": "rob1"},
}


def fill(path: Path, entries: dict[str, dict[str, str]]) -> None:
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(line | entries.get(line["analysis"], {}) for line in lines)


def test_a_review_of_revman_5_is_imported_as_its_list_says(tmp_path):
    folder, filled = World(tmp_path / "data").trial("roe-2020").pair("roe-2020").write(), (
        tmp_path / "list.csv")
    first = call("import", FILES / "review.rm5", "--data", folder, "--list", filled)
    assert first.exit_code == 0 and "fill in" in first.stderr
    listed = list(csv.DictReader(io.StringIO(filled.read_text(encoding="utf-8"))))
    assert [(r["analysis"], r["data_type"], r["subgroup"]) for r in listed] == [
        ("1.1", "Dichotomous", ""), ("1.2", "Continuous", "Six months"),
        ("1.3", "O-E and variance", ""), ("risk-of-bias", "", "")]
    fill(filled, LIST)
    done = call("import", FILES / "review.rm5", "--data", folder, "--list", filled, "--yes",
                "--no-results")
    assert done.exit_code == 0, done.output
    assert "analysis 1.3: the list does not say what it is" in done.stderr
    assert "Alder 2016: characteristics (methods, participants): texts" in done.stderr
    new = {r["study_id"]: r for r in rows(folder, "studies")}
    assert (new["alder-2016"]["title"], new["alder-2016"]["first_author"],
            new["alder-2016"]["doi"], new["alder-2016"]["year"]) == (
        "Cells for a worn joint", "Alder", "10.5555/0001", "2016")
    # a study without a reference is named by its name
    assert (new["cedre-2019"]["first_author"], new["cedre-2019"]["year"]) == ("Cédre", "2019")
    events = [r for r in rows(folder, "adverse_events") if r["study_id"] == "cedre-2019"]
    assert [(r["events"], r["total"]) for r in events] == [("0", "18"), ("2", "20")]
    pain = [r for r in rows(folder, "outcomes") if r["study_id"] == "alder-2016"]
    assert [(r["mean"], r["sd"], r["n"], r["locator"]) for r in pain] == [
        ("31.2", "12.5", "25", "analysis 1.2; Six months"),
        ("38.9", "13.0", "24", "analysis 1.2; Six months")]
    assert [(r["study_id"], r["tool"], r["domain"], r["judgement"])
            for r in rows(folder, "risk_of_bias")] == [
        ("alder-2016", "rob1", "Random sequence generation", "Low risk"),
        ("cedre-2019", "rob1", "Random sequence generation", "Unclear risk")]


def test_an_analysis_of_another_kind_cannot_be_filled_in(tmp_path):
    package, filled = revman5.read(FILES / "review.rm5"), tmp_path / "list.csv"
    filled.write_text(revman.list_text(package), encoding="utf-8")
    fill(filled, {"1.3": LIST["1.1"]})
    with pytest.raises(IntakeError, match="data of the type 'O-E and variance' are not taken"):
        revman.rows(package, filled)


def test_a_review_in_an_older_encoding_is_the_same(tmp_path):
    text = (FILES / "review.rm5").read_text(encoding="utf-8")
    older = tmp_path / "review.rm5"
    older.write_bytes(text.replace("UTF-8", "ISO-8859-1").encode("iso-8859-1"))
    assert revman5.read(older) == revman5.read(FILES / "review.rm5")


def test_what_a_review_of_revman_5_has_in_no_place_is_named(tmp_path):
    text = (FILES / "review.rm5").read_text(encoding="utf-8")
    loose = '<DICH_OUTCOME ID="X" NO="9"><NAME>Loose</NAME></DICH_OUTCOME></ANALYSES_AND_DATA>'
    effect = ('<IV_OUTCOME EFFECT_MEASURE="HAZARD_RATIO" NO="4"><IV_DATA ESTIMATE="-0.3" SE="0.1" '
              'STUDY_ID="STD-Alder-2016"/></IV_OUTCOME></COMPARISON>')
    file = tmp_path / "review.rm5"
    file.write_text(text.replace("</ANALYSES_AND_DATA>", loose).replace("</COMPARISON>", effect)
                    .replace('RESULT="YES"', 'RESULT="MAYBE"').replace("</INCLUDED_STUDIES>", (
                        '</INCLUDED_STUDIES><EXCLUDED_STUDIES><STUDY ID="S" NAME="Elm 2001"/>'
                        "</EXCLUDED_STUDIES>")), encoding="utf-8")
    package = revman5.read(file)
    assert len(package.astray) == 1 and "Loose" in package.astray[0]
    assert float(package.rows.records[-1][1]["Mean"]) == pytest.approx(math.exp(-0.3))
    passed = "\n".join(package.passed)
    assert "judgement MAYBE: expected one of YES, NO, UNKNOWN" in passed
    assert "excluded studies (Elm 2001)" in passed


@pytest.mark.parametrize("text, words", [
    ("<COCHRANE_REVIEW", "this XML cannot be read"), ("<html/>", "not XML that begins with html"),
    ("<COCHRANE_REVIEW/>", "holds no analysis")], ids=["broken", "other", "empty"])
def test_a_file_that_is_no_such_review(tmp_path, text, words):
    file = tmp_path / "x.rm5"
    file.write_text(text)
    with pytest.raises(IntakeError) as caught:
        revman5.read(file)
    assert words in caught.value.problems[0]


# ---------------------------------------------------------------- robvis


def test_a_table_of_robvis_gives_judgements_and_lists_the_others(folder):
    done = call("import", FILES / "robvis-rob2.csv", "--data", folder, "--yes", "--no-results")
    assert done.exit_code == 0, done.output
    assert "robvis-rob2.csv:4: Nobody 1999: the folder has no study nobody-1999" in done.stderr
    assert "robvis-rob2.csv:3: Cédre 2019: D4: not judged" in done.stderr
    found = rows(folder, "risk_of_bias")
    assert len(found) == 11 and {r["tool"] for r in found} == {"rob2"}
    assert [r["judgement"] for r in found][:6] == [
        "low", "some-concerns", "low", "low", "low", "some-concerns"]
    assert found[0]["domain"] == "randomisation process" and found[5]["domain"] == "overall"
    assert found[0]["source_id"] == "robvis-rob2-risk-of-bias"
    assert "robvis-rob2-risk-of-bias" in {r["source_id"] for r in rows(folder, "sources")}


KNOWN = ("alder-2016", "cedre-2019")


def test_the_tool_is_told_by_domains_and_words():
    found, passed = robvis.rows(FILES / "robvis-robins.csv", "", KNOWN)
    judged = [r.values for r in found[1:]]
    assert {r["tool"] for r in judged} == {"robins-i"} and not passed
    assert [(r["domain"], r["judgement"]) for r in judged][:2] == [
        ("confounding", "moderate"), ("selection of participants", "low")]
    found, passed = robvis.rows(FILES / "robvis-long.csv", "", KNOWN)
    assert [(r.values["tool"], r.values["domain"]) for r in found[1:]] == [
        ("quadas-2", "patient selection"), ("quadas-2", "index test"),
        ("quadas-2", "reference standard")]
    assert len(passed) == 2 and passed[1].startswith(
        "robvis-long.csv:5: Alder 2016: D4: +: no judgement that is known, expected one of")
    assert "the accuracy of a diagnostic test: the judgements are taken" in passed[0]


def test_a_tool_in_doubt_is_asked_for(folder):
    before = content(folder)
    asked = call("import", FILES / "robvis-rob1.csv", "--data", folder, "--yes")
    assert asked.exit_code == 2 and "name it by --tool" in asked.stderr
    assert content(folder) == before
    found, _ = robvis.rows(FILES / "robvis-rob1.csv", "rob1", KNOWN)
    assert [r.values["domain"] for r in found[1:]] == [
        "random sequence generation", "allocation concealment", "overall"]


@pytest.mark.parametrize("header, known", [
    (["Study", "D1", "Overall"], True), (["study", "Domain", "Judgement"], True),
    (["Study", "mean"], False),
    (["study_id", "tool", "domain", "judgement", "source_id", "note"], False)],
    ids=["wide", "long", "other", "ours"])
def test_only_tables_of_judgements_are_taken_so(header, known):
    assert robvis.is_one(header) == known


# ---------------------------------------------------------------- tables with columns of their own


TRIALS = ("Author (year);Cells, n;Mean cells;SD cells;Saline, n;Mean saline;SD saline;Remark\n"
          "Fir 2024;21;33,5;11,2;20;44,0;12,1;good\n"
          "Gum 2025;30;28,9;NR;31;39,4;10,8;\n")
SAID = {  # column: (table, field, arm)
    "Author (year)": ("studies", "study_id", ""),
    "Cells, n": ("outcomes", "n", "1"), "Mean cells": ("outcomes", "mean", "1"),
    "SD cells": ("outcomes", "sd", "1"), "Saline, n": ("outcomes", "n", "2"),
    "Mean saline": ("outcomes", "mean", "2"), "SD saline": ("outcomes", "sd", "2")}
FIXED = [("arms", "arm_id", "1", "cells"), ("arms", "role", "1", "intervention"),
         ("arms", "treatment_product", "1", "cultured-msc"), ("arms", "arm_id", "2", "saline"),
         ("arms", "role", "2", "comparator"), ("arms", "comparator_type", "2", "saline"),
         ("outcomes", "outcome", "", "pain-vas"), ("outcomes", "scale_min", "", "0"),
         ("outcomes", "scale_max", "", "100"), ("outcomes", "better", "", "lower"),
         ("outcomes", "timepoint_months", "", "6"), ("outcomes", "statistic", "", "final")]


def mapping(path: Path, said: dict, fixed: list, sheet: str = "") -> None:
    """Fill in the map that the first call wrote, without what it proposes."""
    lines = {line["column"]: line | {"table": "", "field": "", "arm": "", "value": ""} for line in
             csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))) if line["column"]}
    lines = list(lines.values())
    for line in lines:
        if line["sheet"] == sheet and line["column"] in said:
            line |= dict(zip(("table", "field", "arm"), said[line["column"]], strict=True))
    lines += [{"sheet": sheet, "table": table, "field": name, "arm": arm, "value": value}
              for table, name, arm, value in fixed]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, mapped.HEADER, restval="")
        writer.writeheader()
        writer.writerows(lines)


def test_a_table_with_a_row_for_each_trial_is_taken_by_a_map(folder, tmp_path):
    file, kept = tmp_path / "extraction.csv", tmp_path / "map.csv"
    file.write_text(TRIALS, encoding="utf-8")
    first = call("import", file, "--data", folder, "--map", kept)
    assert first.exit_code == 0 and "fill in what each column is" in first.stderr
    assert "Author (year),Fir 2024" in kept.read_text(encoding="utf-8")
    mapping(kept, SAID, FIXED)
    done = call("import", file, "--data", folder, "--map", kept, "--yes", "--no-results")
    assert done.exit_code == 0, done.output
    assert "extraction.csv, column Remark: the map does not say what it is" in done.stderr
    new = [r for r in rows(folder, "outcomes") if r["study_id"] in ("fir-2024", "gum-2025")]
    names = ("study_id", "arm_id", "mean", "sd", "n", "outcome")
    assert [tuple(map(r.get, names)) for r in new] == [
        ("fir-2024", "cells", "33.5", "11.2", "21", "pain-vas"),
        ("fir-2024", "saline", "44", "12.1", "20", "pain-vas"),
        ("gum-2025", "cells", "28.9", "", "30", "pain-vas"),
        ("gum-2025", "saline", "39.4", "10.8", "31", "pain-vas")]
    assert {r["source_id"] for r in new} == {"extraction-extraction"}
    arms = [r for r in rows(folder, "arms") if r["study_id"] == "fir-2024"]
    assert [(r["arm_id"], r["role"]) for r in arms] == [
        ("cells", "intervention"), ("saline", "comparator")]
    again = call("import", file, "--data", folder, "--map", kept, "--yes", "--no-results")
    assert again.exit_code == 0 and "every row is there already" in again.stdout


def test_a_workbook_with_a_row_for_each_arm_is_taken_by_a_map(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Read me"
    book.active.append(["made up"])
    sheet = book.create_sheet("Results")
    for row in (["Trial", "Group", "Mean", "SD"], ["Fir 2024", "cells", 33.5, 11.2],
                ["Fir 2024", "saline", 44, 12.1], ["Gum 2025", "cells", None, None]):
        sheet.append(row)
    file, kept = tmp_path / "book.xlsx", tmp_path / "map.csv"
    book.save(file)
    kept.write_text(mapped.map_text(mapped.tables(file)), encoding="utf-8")
    mapping(kept, {"Trial": ("outcomes", "study_id", ""), "Group": ("outcomes", "arm_id", ""),
                   "Mean": ("outcomes", "mean", ""), "SD": ("outcomes", "sd", "")},
            [("outcomes", "outcome", "", "pain-vas"), ("outcomes", "statistic", "", "final")],
            "Results")
    found = mapped.read(file, kept)
    assert [r.table.name for r in found.rows] == ["sources", "outcomes", "outcomes"]
    assert [(r.values["study_id"], r.values["arm_id"], r.values["mean"], r.place)
            for r in found.rows[1:]] == [
        ("fir-2024", "cells", "33.5", "book.xlsx, sheet Results, row 2"),
        ("fir-2024", "saline", "44", "book.xlsx, sheet Results, row 3")]
    assert found.passed == [
        "book.xlsx, sheet Read me, row 1: made up: the only row of the sheet, expected a header "
        "with rows below it", "book.xlsx, sheet Results, row 4: no values for outcomes"]


WRONG = {
    "table": ({"Mean cells": ("results", "mean", "1")}, [], "table is results: expected one of"),
    "field": ({"Mean cells": ("outcomes", "average", "1")}, [], "field is average: expected"),
    "empty": ({}, [("outcomes", "mean", "", "")], "says of no column what it is"),
    "nothing": ({}, [], "says of no column what it is"),
}


@pytest.mark.parametrize("why", WRONG)
def test_a_map_that_is_wrong_imports_nothing(folder, tmp_path, why):
    said, fixed, words = WRONG[why]
    file, kept, before = tmp_path / "extraction.csv", tmp_path / "map.csv", content(folder)
    file.write_text(TRIALS, encoding="utf-8")
    kept.write_text(mapped.map_text(mapped.tables(file)), encoding="utf-8")
    mapping(kept, said, fixed)
    out = call("import", file, "--data", folder, "--map", kept, "--yes")
    assert out.exit_code == 1 and words in out.stderr and content(folder) == before


def test_a_cell_that_cannot_be_read_is_named(tmp_path):
    file, kept = tmp_path / "extraction.csv", tmp_path / "map.csv"
    file.write_text(TRIALS.replace("NR", "10 to 12"), encoding="utf-8")
    kept.write_text(mapped.map_text(mapped.tables(file)), encoding="utf-8")
    mapping(kept, SAID, FIXED)
    with pytest.raises(IntakeError) as caught:
        mapped.read(file, kept)
    assert caught.value.problems == [
        "extraction.csv:3, column SD cells: 10 to 12: not a number (a range, not a value), "
        "expected a number, or an empty cell where none is stated"]


# ---------------------------------------------------------------- what is refused, and when


def test_another_kind_is_refused_before_the_folder_is_read(tmp_path, monkeypatch):
    def never(_):
        raise AssertionError("the folder was read")

    monkeypatch.setattr("livingreview.cli.taking.valid", never)
    file = tmp_path / "table.docx"
    file.write_bytes(b"PK")
    out = call("import", file, "--data", tmp_path)
    assert out.exit_code == 2 and "expected a workbook (.xlsx)" in out.stderr
    assert ".rm5" in out.stderr


@pytest.mark.parametrize("mark, words", [(";", "semicolons"), ("\t", "tabs")],
                         ids=["semicolons", "tabs"])
def test_quoted_fields_that_something_else_divides_are_named_so(folder, tmp_path, mark, words):
    file = tmp_path / "outcomes.csv"
    file.write_text("\n".join(mark.join(f'"{cell}"' for cell in row) for row in (
        ("study_id", "arm_id"), ("alder-2016", "cells"))) + "\n")
    out = call("import", file, "--data", folder)
    assert out.exit_code == 1
    assert f"outcomes.csv:1: the fields are separated by {words}" in out.stderr


def test_a_map_of_rows_of_arms_is_proposed_and_says_what_each_arm_is(tmp_path):
    file, filled = tmp_path / "trials.csv", tmp_path / "map.csv"
    file.write_text("Study,Design,Arm,N randomised,Weight kg mean,Weight kg SD,Remark\n"
                    "Adams 2014,RCT,Drug A,120,-9.8,7.1,x\nAdams 2014,RCT,Placebo,118,-2.4,NA,\n")
    filled.write_text(mapped.map_text(mapped.tables(file)))
    lines = list(csv.DictReader(filled.open()))
    assert [(x["column"], x["field"]) for x in lines if x["column"]] == [
        ("Study", "study_id"), ("Study", "first_author"), ("Study", "year"), ("Design", "design"),
        ("Arm", "arm_id"), ("N randomised", "n_allocated"), ("Weight kg mean", "mean"),
        ("Weight kg SD", "sd"), ("Remark", "")]
    for line in lines:
        line["value"] = {("role", "Drug A"): "intervention", ("role", "Placebo"): "comparator",
                         ("outcome", ""): "weight", ("statistic", ""): "final"}.get(
                             (line["field"], line["arm"]), line["value"])
    with filled.open("w", newline="") as out:
        writer = csv.DictWriter(out, mapped.HEADER)
        writer.writeheader()
        writer.writerows(lines)
    found = mapped.read(file, filled, words={"design": ("rct",)}.get)
    made = {name: [r.values for r in found.rows if r.table.name == name]
            for name in ("studies", "arms", "outcomes")}
    assert made["studies"] == [{
        "study_id": "adams-2014", "first_author": "Adams", "year": "2014", "design": "rct",
        "status": "published", "unit": "patient", "source_id": "trials-extraction",
        "n_enrolled": "238"}]
    assert [(a["arm_id"], a["role"], a["n_allocated"]) for a in made["arms"]] == [
        ("drug-a", "intervention", "120"), ("placebo", "comparator", "118")]
    assert [(o["arm_id"], o["outcome"], o.get("sd")) for o in made["outcomes"]] == [
        ("drug-a", "weight", "7.1"), ("placebo", "weight", None)]


def test_a_map_of_rows_of_trials_is_proposed_with_arms_and_words(tmp_path):
    file, filled = tmp_path / "trials.csv", tmp_path / "map.csv"
    file.write_text("Author,Year,N drug,Mean (kg) drug,SD drug,N placebo,Mean (kg) placebo,"
                    "SD placebo\nAdams et al.,2014,60,-9.8,7.1,58,-2.4,6.6\n")
    words = {"treatment_source": ("drug", "none"), "comparator_type": ("placebo",),
             "statistic": ("final", "change"), "outcome": ("weight",)}

    def known(name):
        return words.get(name, ())

    filled.write_text(mapped.map_text(mapped.tables(file), known))
    lines = list(csv.DictReader(filled.open()))
    assert [(x["column"], x["field"], x["arm"]) for x in lines if x["arm"] and x["column"]] == [
        ("N drug", "n", "drug"), ("Mean (kg) drug", "mean", "drug"), ("SD drug", "sd", "drug"),
        ("N placebo", "n", "placebo"), ("Mean (kg) placebo", "mean", "placebo"),
        ("SD placebo", "sd", "placebo")]
    assert {(x["field"], x["arm"]): x["value"] for x in lines if x["value"]} == {
        ("status", ""): "published", ("unit", ""): "patient", ("outcome", ""): "weight",
        ("role", "drug"): "intervention", ("treatment_source", "drug"): "drug",
        ("role", "placebo"): "comparator", ("comparator_type", "placebo"): "placebo"}
    with pytest.raises(IntakeError) as caught:
        mapped.read(file, filled, words=known)
    assert caught.value.problems == [
        "map.csv: no line says statistic of outcomes: expected a column, or a value for all rows, "
        "one of final, change"]
    filled.write_text(filled.read_text().replace('"one of: final, change",outcomes,statistic,,',
                                                 ",outcomes,statistic,,change"))
    found = mapped.read(file, filled, words=known)
    assert [(r.values["study_id"], r.values["arm_id"], r.values["mean"]) for r in found.rows
            if r.table.name == "outcomes"] == [("adams-2014", "drug", "-9.8"),
                                               ("adams-2014", "placebo", "-2.4")]
    assert found.passed == ["trials.csv: n_enrolled of 1 studies, which stays empty: no line says "
                            "it, or n_allocated of each of their arms"]
    words["outcome"] = ("weight", "waist")  # the name of a sheet says which
    sheet = csv.DictReader(io.StringIO(mapped.map_text({"Waist": mapped.tables(file)[""]}, known)))
    assert next(x["value"] for x in sheet if x["field"] == "outcome") == "waist"


@pytest.mark.parametrize("name, said", [("pain.ods", ""), ("labels.omv", ""), ("means.rds", ""),
                                        ("both.rda", "expected one of them in a file of its own")])
def test_a_map_is_of_every_kind_of_table(folder, tmp_path, name, said):
    done = call("import", FILES / name, "--data", folder, "--map", tmp_path / "map.csv")
    assert (done.exit_code == 1) == bool(said) and said in done.stderr, done.output
    assert (tmp_path / "map.csv").exists() != bool(said)


@pytest.mark.parametrize("content, said", [
    (b"%PDF-1.7", "table.csv: this is a PDF: expected"), (b" \n", "table.csv: the file is empty"),
    ((FILES / "workbook.xlsx").read_bytes(), "table.csv: this is no text, by its content"),
    (b"study,mean\nOne,1\n", "a map that says what they are: --map FILE.csv")],
    ids=["pdf", "empty", "workbook", "own columns"])
def test_a_file_with_another_content_is_named_by_what_it_is(folder, tmp_path, content, said):
    (tmp_path / "table.csv").write_bytes(content)
    done = call("import", tmp_path / "table.csv", "--data", folder, "--yes")
    assert done.exit_code == 1 and said in done.stderr


def test_printed_estimates_of_several_outcomes_stand_in_one_row_and_in_one_cell(tmp_path):
    file, filled = tmp_path / "ratios.csv", tmp_path / "map.csv"
    file.write_text("Trial,Year,N drug,N placebo,Months,HR stroke,95% CI,HR death (95% CI)\n"
                    "Ayers,2015,312,308,24,0.71,0.50 to 1.01,0.91 (0.52–1.59)\n"
                    "Brandt,2016,66,79,22.6,0.77,0.61–0.96,NR\n"
                    "Total,,378,387,,0.74,0.6–0.9,\n* from the register,,,,,,,\n",
                    encoding="utf-8")
    known = {"outcome": ("stroke", "death"), "measure": ("HR", "OR"), "design": ("rct",),
             "treatment_source": ("drug", "none"), "comparator_type": ("placebo",)}
    filled.write_text(mapped.map_text(mapped.tables(file), lambda name: known.get(name, ())))
    found = mapped.read(file, filled, words=lambda name: known.get(name, ()))
    names = ("study_id", "outcome", "timepoint_months", "measure", "estimate", "ci_low", "ci_high")
    assert [tuple(row.values[name] for name in names) for row in found.rows
            if row.table.name == "contrasts"] == [
        ("ayers", "stroke", "24", "HR", "0.71", "0.5", "1.01"),
        ("ayers", "death", "24", "HR", "0.91", "0.52", "1.59"),
        ("brandt", "stroke", "22.6", "HR", "0.77", "0.61", "0.96")]
    assert found.passed == [
        "ratios.csv:4: Total: a total, not a study",
        "ratios.csv:5: * from the register: nothing but a name, no study",
        "ratios.csv:3: no values for contrasts of death"]
    file.write_text(file.read_text(encoding="utf-8").replace("0.61–0.96", "0.61"),
                    encoding="utf-8")
    with pytest.raises(IntakeError, match="ratios.csv:3, column 95% CI: 0.61: expected ci_low, "
                                          "ci_high in one cell, as 0.50 to 1.01"):
        mapped.read(file, filled, words=lambda name: known.get(name, ()))
