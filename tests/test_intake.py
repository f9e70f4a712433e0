"""Templates, and what is taken into a data folder: never over what is there, all or nothing."""

from __future__ import annotations

import csv
import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up import KNEE, World
from openpyxl import load_workbook

from livingreview.__main__ import main
from livingreview.data.dataset import load
from livingreview.data.tables import BY_NAME
from livingreview.intake import files, revman

STUDY = {
    "sources": [{"source_id": "letter", "kind": "full-text", "title": "A report",
                 "accessed": "2026-01-01"}],
    "studies": [{"study_id": "doe-2030", "design": "rct", "year": 2030, "source_id": "letter"}],
    "arms": [{"study_id": "doe-2030", "arm_id": "one", "role": "intervention", "n_allocated": 20,
              "cell_source": "adipose", "cell_product": "cultured-msc", "source_id": "letter"},
             {"study_id": "doe-2030", "arm_id": "two", "role": "comparator", "n_allocated": 20,
              "comparator_type": "saline", "source_id": "letter"}],
    "outcomes": [{"study_id": "doe-2030", "arm_id": arm, "outcome": "pain-vas", "scale_min": 0,
                  "scale_max": 100, "better": "lower", "timepoint_months": 6, "statistic": "final",
                  "n": 20, "mean": mean, "sd": 10, "source_id": "letter"}
                 for arm, mean in (("one", 30.5), ("two", 42))],
}


@pytest.fixture()
def folder(tmp_path) -> Path:
    """A made-up data folder with one trial."""
    return World(tmp_path / "data").trial("roe-2020").pair("roe-2020").write()


def _call(*arguments, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=text)


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / KNEE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _header(table: str) -> list[str]:
    """The columns of a table as this review's files name them."""
    return load().names.own.header(BY_NAME[table], BY_NAME[table].names)


def _workbook(folder: Path, rows: dict = STUDY, **change) -> Path:
    """The template, filled in; `change` is {sheet: (row, column, value)}."""
    out = folder.parent / "study.xlsx"
    out.unlink(missing_ok=True)
    done = _call("new", "study", "--data", folder, "--indication", KNEE, "--out", out)
    assert done.exit_code == 0, done.output
    book = load_workbook(out)
    for name, some in rows.items():
        sheet = book[name]
        head = [cell.value.removesuffix(" *") for cell in sheet[1]]
        for line, values in enumerate(some, 2):
            for column, value in values.items():
                sheet.cell(line, head.index(column) + 1, value)
        if name in change:
            line, column, value = change[name]
            sheet.cell(line, head.index(column) + 1, value)
    book.save(out)
    return out


# --- templates ---------------------------------------------------------------------------------


def test_the_workbook_offers_the_words_of_each_list_and_marks_what_is_required(folder):
    book = load_workbook(_workbook(folder, {}))
    assert {"README", "sources", "studies", "arms", "outcomes", "adverse_events"} <= set(
        book.sheetnames)
    sheet = book["arms"]
    head = {cell.value.removesuffix(" *"): cell for cell in sheet[1]}
    assert list(head) == _header("arms")
    assert head["role"].value.endswith(" *") and not head["label"].value.endswith(" *")
    assert "required" in head["role"].comment.text
    choice = next(v for v in sheet.data_validations.dataValidation
                  if head["role"].column_letter + "2" in v.sqref)
    letter = choice.formula1.split("$")[1]
    words = [c.value for c in book["lists"][letter]]
    assert words[:3] == ["role", "intervention", "comparator"]
    assert {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]} == {"@"}


def test_csv_templates_are_the_headers_and_overwrite_nothing(folder, tmp_path):
    out = tmp_path / "templates"
    assert _call("new", "study", "--data", folder, "--out", out).exit_code == 0
    assert (out / "arms.csv").read_text() == ",".join(_header("arms")) + "\n"
    assert "*" not in (out / "README.txt").read_text()  # no header has a star here
    again = _call("new", "study", "--data", folder, "--out", out)
    assert again.exit_code == 2 and "not empty" in again.stderr
    wrong = _call("new", "study", "--data", folder, "--indication", "elbow", "--out",
                  tmp_path / "x.xlsx")
    assert wrong.exit_code == 2 and KNEE in wrong.stderr and not (tmp_path / "x.xlsx").exists()


def test_no_remark_has_a_separator_twice(folder):
    book = load_workbook(_workbook(folder, {}))
    remarks = [cell.comment.text for name in STUDY for cell in book[name][1]]
    assert any("separated by semicolons; " in text for text in remarks)
    assert not any(";;" in text for text in remarks)


# --- workbooks and tables ----------------------------------------------------------------------


def test_a_workbook_is_imported_once(folder):
    book = _workbook(folder)
    before = _content(folder)
    done = _call("import", book, "--data", folder, "--yes")
    assert done.exit_code == 0, done.output
    assert "doe-2030 | one (study.xlsx, sheet arms, row 2)" in done.output
    after = _content(folder)
    for path in before:  # what was there stays to the last byte
        assert after[path].startswith(before[path]), path
    assert _rows(folder, "outcomes")[-1] | {"mean": "42", "sd": "10", "arm_id": "two"} == (
        _rows(folder, "outcomes")[-1])
    assert b"imported from study.xlsx" in after["changelog.csv"]
    assert _call("check", folder).exit_code == 0
    again = _call("import", book, "--data", folder, "--yes")
    assert again.exit_code == 0 and "nothing to import" in again.output
    assert _content(folder) == after


def test_it_asks_first(folder):
    book, before = _workbook(folder), _content(folder)
    no = _call("import", book, "--data", folder, text="n\n")
    assert no.exit_code == 1 and "Nothing was imported" in no.stderr
    assert _content(folder) == before
    assert _call("import", book, "--data", folder, text="y\n").exit_code == 0
    assert _content(folder) != before


@pytest.mark.parametrize("change, said", [
    ({"arms": (3, "role", "control")}, "study.xlsx, sheet arms, row 3, column role: control"),
    ({"outcomes": (2, "mean", "30,5")}, "study.xlsx, sheet outcomes, row 2, column mean: 30,5"),
    ({"outcomes": (3, "arm_id", "three")}, "study.xlsx, sheet outcomes, row 3, column arm_id"),
    ({"outcomes": (2, "mean", "=1+1")}, "a formula"),
    ({"arms": (2, "n_allocated", None)}, None),
])
def test_errors_are_named_as_the_reader_sees_them(folder, change, said):
    book, before = _workbook(folder, **change), _content(folder)
    done = _call("import", book, "--data", folder, "--yes")
    if said is None:  # an empty cell means not stated
        assert done.exit_code == 0, done.output
        return
    assert done.exit_code == 1 and said in done.stderr and "Nothing was imported" in done.stderr
    assert _content(folder) == before


def test_a_row_with_other_values_is_never_overwritten(folder, tmp_path):
    table = tmp_path / "outcomes.csv"
    row = _rows(folder, "outcomes")[0]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row | {"mean": "31"})
        writer.writerow(row | {"timepoint_months": "12"})
    before = _content(folder)
    done = _call("import", table, "--data", folder, "--yes")
    assert done.exit_code == 1 and _content(folder) == before
    assert f"mean: here {row['mean']}, there 31" in done.output
    assert "overwrites nothing" in done.stderr


def test_a_table_needs_a_name_and_known_columns(folder, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("study_id,arm,role\ndoe-2030,one,intervention\n")
    unnamed = _call("import", table, "--data", folder)
    assert unnamed.exit_code == 1 and "no table of an indication is called 'mine'" in unnamed.stderr
    wrong = _call("import", table, "--table", "arms", "--data", folder)
    assert wrong.exit_code == 1 and "mine.csv:1: 'arm' is no column of arms" in wrong.stderr


def _templates(folder: Path, out: Path, *more: str) -> Path:
    """The templates of a folder, filled in."""
    assert _call("new", "study", "--data", folder, *more, "--out", out).exit_code == 0
    for name, some in STUDY.items():
        _table(out / f"{name}.csv", some, _header(name))
    return out


def _table(path: Path, rows: list[dict], names=None) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names or list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_folder_of_templates_is_imported_as_one(folder, tmp_path):
    filled = _templates(folder, tmp_path / "study", "--indication", KNEE)
    assert (filled / "README.txt").read_text().startswith(f"Indication: {KNEE}\n")
    before = _rows(folder, "outcomes")
    done = _call("import", filled, "--data", folder, "--yes")
    assert done.exit_code == 0, done.output
    assert "doe-2030 | one (study/arms.csv:2)" in done.output and "imported 6 rows;" in done.output
    assert len(_rows(folder, "outcomes")) == len(before) + 2
    assert b"imported from study" in _content(folder)["changelog.csv"]
    (filled / "mine.csv").write_text("a,b\n")
    wrong = _call("import", filled, "--data", folder)
    assert wrong.exit_code == 1 and "study/mine.csv: no table" in wrong.stderr
    (tmp_path / "empty").mkdir()
    none = _call("import", tmp_path / "empty", "--data", folder)
    assert none.exit_code == 1 and "no CSV file in this folder" in none.stderr


def test_a_file_that_says_another_indication_is_refused(tmp_path):
    from test_new_indication import NAME

    folder = World(tmp_path / "data").trial("roe-2020").pair("roe-2020").analysis().write()
    (tmp_path / "_toc.yml").write_text(f"      - file: notebooks/{KNEE}/index\n")
    made = _call("new", "indication", NAME, "--label", "Elbow", "--root", tmp_path)
    assert made.exit_code == 0, made.output
    before = _content(folder)
    for file in (_workbook(folder), _templates(folder, tmp_path / "study", "--indication", KNEE)):
        done = _call("import", file, "--data", folder, "--indication", NAME, "--yes")
        assert done.exit_code == 2 and f"belongs to {KNEE}" in done.stderr and NAME in done.stderr
    assert _content(folder) == before


def test_without_an_answer_nothing_is_imported(folder):
    before = _content(folder)
    done = _call("import", _workbook(folder), "--data", folder, text="")
    assert done.exit_code == 1 and "nothing was imported. Use --yes" in done.stderr
    assert _content(folder) == before


def test_a_file_without_rows_is_no_import(folder, tmp_path):
    table = tmp_path / "arms.csv"
    table.write_text("study_id,arm_id\n")
    for file in (table, _workbook(folder, {})):
        done = _call("import", file, "--data", folder, "--indication", KNEE, "--yes")
        assert done.exit_code == 1 and f"{file} holds no rows" in done.stderr, done.output


def test_other_rows_are_named_as_the_reader_finds_them(folder, tmp_path):
    twice = STUDY | {"outcomes": [*STUDY["outcomes"], STUDY["outcomes"][0] | {"mean": 33}]}
    done = _call("import", _workbook(folder, twice), "--data", folder, "--yes")
    assert done.exit_code == 1
    assert "study.xlsx, sheet outcomes, row 4, column study_id+" in done.stderr
    assert "study.xlsx, sheet outcomes, row 2 has the same key" in done.stderr


def test_a_report_that_another_study_has_is_a_warning(folder):
    known = _rows(folder, "studies")
    known[0]["doi"] = "10.1000/ABC"
    _table(folder / KNEE / "studies.csv", known)
    study = STUDY["studies"][0] | {"doi": "10.1000/abc"}
    done = _call("import", _workbook(folder, STUDY | {"studies": [study]}), "--data", folder,
                 "--yes")
    assert done.exit_code == 0, done.output
    assert ("sheet studies, row 2, column doi: 10.1000/abc: roe-2020 "
            f"({KNEE}/studies.csv:2) has it too") in done.stderr


def test_another_separator_is_named(folder, tmp_path):
    table = tmp_path / "arms.csv"
    table.write_text("study_id;arm_id;role\ndoe-2030;one;intervention\n")
    done = _call("import", table, "--data", folder, "--indication", KNEE)
    assert done.exit_code == 1 and "separated by semicolons: expected commas" in done.stderr
    assert "no column of" not in done.stderr


def test_one_row_is_one_row(folder, tmp_path):
    table = _table(tmp_path / "outcomes.csv",
                   [_rows(folder, "outcomes")[0] | {"timepoint_months": "12"}])
    done = _call("import", table, "--data", folder, "--yes")
    assert done.exit_code == 0 and "imported 1 row;" in done.output, done.output


def test_numbers_that_are_written_otherwise_are_the_same(folder, tmp_path):
    table = tmp_path / "outcomes.csv"
    row = _rows(folder, "outcomes")[0]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        writer.writeheader()
        writer.writerow(row | {"timepoint_months": "6.0"})
    done = _call("import", table, "--data", folder, "--yes")
    assert done.exit_code == 0 and "nothing to import" in done.output, done.output


def test_files_take_their_places_together_or_not_at_all(tmp_path, monkeypatch):
    for name in "ab":
        (tmp_path / name).write_text("old")
    real, calls = os.replace, []

    def full(one, other):
        calls.append(other)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(one, other)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError):
        files.put(tmp_path, {"a": b"new", "b": b"new", "c": b"new"})
    assert _content(tmp_path) == {"a": b"old", "b": b"old"}


# --- the data package of a Cochrane review -----------------------------------------------------

SETTINGS = ("Analysis group,Analysis number,Analysis name,Analysis group name,Data type,"
            "Effect measure,Experimental group label,Control group label,"
            "Swap event and non-event\n"
            "1,1,Pain,Cells versus placebo,Continuous,Mean Difference,Cells,Placebo,FALSE\n"
            "1,2,Adverse events,Cells versus placebo,Dichotomous,Risk Ratio,Cells,Placebo,FALSE\n"
            "1,3,Swelling,Cells versus placebo,Contrast level,Risk Ratio,Cells,Placebo,FALSE\n")
HEAD = ("Analysis group,Analysis number,Analysis name,Subgroup,Study,Study year,GIV Mean,GIV SE,"
        "Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,"
        "Control SD,Control cases,Control N,Mean,CI start,CI end,Footnotes\n")
DATA = (HEAD + "1,1,Pain,,Døe 2031,2031,,,30,10,,20,41.5,11,,21,-11.5,-18,-5,\n"
        "1,1,Pain,,Roe 2020,2020,,,31,9,,19,40,12,,18,-9,-16,-2,imputed SD\n"
        "1,1,Pain,,Poe 2032,2032,,,,,,,,,,,,,,\n"
        "1,2,Adverse events,,Døe 2031,2031,,,,,4,20,,,3,21,1.4,0.4,5,\n"
        "1,3,Swelling,,Døe 2031,2031,0.1,0.2,,,,20,,,,21,1.1052,0.7,1.6,\n")
BIAS = ("Study,Domain (judgement): Overall,Domain (support): Overall\n"
        "Døe 2031,Low risk,because\nSomebody else 1999,High risk,because\n")
LIST = {
    "1.1": {"outcome": "pain-vas", "scale_min": "0", "scale_max": "100", "better": "lower",
            "statistic": "final", "timepoint_months": "6", "experimental_arm": "cells",
            "control_arm": "placebo", "comparator_type": "saline"},
    "1.2": {"event": "any-ae", "count": "patients", "experimental_arm": "cells",
            "control_arm": "placebo", "comparator_type": "saline"},
    "risk-of-bias": {"tool": "rob2"},
}


def _package(tmp_path: Path, data: str = DATA, settings: str = SETTINGS, bias: str = BIAS
             ) -> Path:
    """A package with the folders and files of a download, written by hand."""
    path = tmp_path / "CD999999-data.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("CD999999-analysis-data/CD999999-data-rows.csv", "\ufeff" + data)
        out.writestr("CD999999-analysis-data/CD999999-overall-estimates-and-settings.csv",
                     settings)
        out.writestr("CD999999-study-data/CD999999-risk-of-bias.csv", bias)
    return path


def _filled(path: Path, **entries) -> None:
    """Fill in the list that the first call wrote."""
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        for line in lines:
            writer.writerow(line | entries.get(line["analysis"], {}))


def test_a_data_package_is_imported_as_its_list_says(folder, tmp_path):
    package, filled = _package(tmp_path), tmp_path / "list.csv"
    assert _call("import", package, "--data", folder).exit_code == 2
    first = _call("import", package, "--data", folder, "--list", filled)
    assert first.exit_code == 0 and "fill in" in first.stderr
    listed = list(csv.DictReader(io.StringIO(filled.read_text(encoding="utf-8"))))
    assert [r["analysis"] for r in listed] == ["1.1", "1.2", "1.3", "risk-of-bias"]
    assert listed[0]["comparison"] == "Cells versus placebo" and listed[0]["outcome"] == ""
    before = _rows(folder, "studies")
    _filled(filled, **LIST)
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 0, done.output
    assert "analysis 1.3: the list does not say what it is" in done.stderr
    assert "Poe 2032: no values" in done.stderr
    studies = _rows(folder, "studies")
    assert [s["study_id"] for s in studies[len(before):]] == ["doe-2031"]
    assert studies[:len(before)] == before  # roe-2020 is known, and stays as it is
    new = [r for r in _rows(folder, "outcomes") if r["source_id"] == "cd999999-data-package"]
    assert [(r["study_id"], r["arm_id"], r["mean"], r["sd"], r["n"]) for r in new][:2] == [
        (studies[-1]["study_id"], "cells", "30", "10", "20"),
        (studies[-1]["study_id"], "placebo", "41.5", "11", "21")]
    assert new[2]["note"] == "footnote: imputed SD"
    events = _rows(folder, "adverse_events")
    assert [(r["arm_id"], r["events"], r["total"]) for r in events] == [
        ("cells", "4", "20"), ("placebo", "3", "21")]
    assert [r["judgement"] for r in _rows(folder, "risk_of_bias")] == ["Low risk"]


def test_a_list_in_which_nothing_is_filled_in_imports_nothing(folder, tmp_path):
    package, filled, before = _package(tmp_path), tmp_path / "list.csv", _content(folder)
    _call("import", package, "--data", folder, "--list", filled)
    _filled(filled, **{"risk-of-bias": LIST["risk-of-bias"]})
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 1 and "list.csv says of no analysis what it is" in done.stderr
    assert _content(folder) == before


@pytest.mark.parametrize("name", ["Lamo-Espinosa 2016", "Lamo\u2010Espinosa 2016",
                                  "Lamo\u2011Espinosa\u00a02016", "Lamo\u2013Espinosa 2016",
                                  "La\u00admo\u2212Espinosa 2016", "Lamo Espinósa 2016"])
def test_hyphens_of_every_kind_are_one(name):
    assert revman.study_id(name) == "lamo-espinosa-2016"


def test_a_study_that_is_known_under_another_name_is_a_warning(folder, tmp_path):
    study = STUDY["studies"][0] | {"study_id": "roe2020"}
    table = _table(tmp_path / "studies.csv", [study | {"source_id": "own"}])
    done = _call("import", table, "--data", folder, "--yes")
    assert done.exit_code == 0 and "studies.csv:2, column study_id: roe2020: may be roe-2020" in (
        done.stderr), done.output


DIVIDED = (HEAD + "1,1,Pain,VAS,Døe 2031,2031,,,30,10,,20,41.5,11,,21,-11.5,-18,-5,\n"
           "1,1,Pain,KOOS,Døe 2031,2031,,,61,9,,20,70,12,,21,-9,-16,-2,\n"
           "1,1,Pain,KOOS,Roe 2020,2020,,,31,9,,19,40,12,,18,-9,-16,-2,\n")


def _divided(path: Path, folder: Path, tmp_path: Path, **instruments: dict) -> Result:
    """Import a package with subgroups; each of `instruments` fills in a subgroup's line."""
    package = _package(tmp_path, DIVIDED)
    path.unlink(missing_ok=True)
    _call("import", package, "--data", folder, "--list", path)
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    assert [(r["analysis"], r["subgroup"], r["studies"]) for r in lines][:2] == [
        ("1.1", "VAS", "1"), ("1.1", "KOOS", "2")]
    out = []
    for line in lines:
        out.append(line | instruments.get(line["subgroup"], {}))
        if line["subgroup"] in instruments:
            own = instruments[line["subgroup"]].get("own", {})
            out[-1] = {k: v for k, v in out[-1].items() if k != "own"}
            out += [out[-1] | own] if own else []
    _table(path, out, list(lines[0]))
    return _call("import", package, "--data", folder, "--list", path, "--yes")


def test_each_subgroup_of_a_package_has_its_own_line(folder, tmp_path):
    filled, words = tmp_path / "list.csv", LIST["1.1"]
    other = Path(shutil.copytree(folder, tmp_path / "other"))
    twice = _divided(filled, other, tmp_path, VAS=words, KOOS=words)
    assert twice.exit_code == 0, twice.output  # what agrees with itself comes in
    for line in (2, 3):
        assert (f"not imported: CD999999-data-rows.csv:{line}: Døe 2031, analysis 1.1, subgroup "
                in twice.stderr)
    assert "data-rows.csv:2, 3 say different things of cells pain-vas at month 6" in twice.stderr
    assert not [r for r in _rows(other, "studies") if r["study_id"] == "doe-2031"]
    assert [r for r in _rows(other, "outcomes") if r["source_id"] == "cd999999-data-package"]
    one = _divided(filled, folder, tmp_path, VAS=words | {"instrument": "VAS"})
    assert one.exit_code == 0, one.output
    assert "analysis 1.1, subgroup KOOS: the list does not say what it is" in one.stderr
    both = _divided(filled, folder, tmp_path, VAS=words | {"instrument": "VAS"},
                    KOOS=words | {"instrument": "KOOS"})
    assert both.exit_code == 0, both.output
    new = [r for r in _rows(folder, "outcomes") if r["study_id"] == "doe-2031"]
    assert sorted((r["instrument"], r["arm_id"], r["locator"]) for r in new) == [
        ("KOOS", "cells", "analysis 1.1; KOOS"), ("KOOS", "placebo", "analysis 1.1; KOOS"),
        ("VAS", "cells", "analysis 1.1; VAS"), ("VAS", "placebo", "analysis 1.1; VAS")]


def test_other_arms_of_a_known_study_are_a_warning_and_a_line_can_name_its_own(folder, tmp_path):
    known = [r["arm_id"] for r in _rows(folder, "arms") if r["study_id"] == "roe-2020"]
    filled, before = tmp_path / "list.csv", _rows(folder, "arms")
    shutil.copytree(folder, tmp_path / "copy")
    other = _divided(filled, tmp_path / "copy", tmp_path, KOOS=LIST["1.1"])
    assert other.exit_code == 0, other.output
    assert f"roe-2020 is known with the arms {', '.join(known)}" in other.stderr
    own = {"only_study": "Roe 2020", "experimental_arm": known[0], "control_arm": known[1]}
    done = _divided(filled, folder, tmp_path, KOOS=LIST["1.1"] | {"own": own})
    assert done.exit_code == 0 and "is known with" not in done.stderr, done.output
    assert [r for r in _rows(folder, "arms") if r["study_id"] == "roe-2020"] == [
        r for r in before if r["study_id"] == "roe-2020"]
    assert {r["arm_id"] for r in _rows(folder, "outcomes")
            if r["study_id"] == "roe-2020" and r["source_id"].startswith("cd")} == set(known)
    alone = _divided(filled, folder, tmp_path, KOOS=LIST["1.1"] | own)
    assert "data-rows.csv:3: Døe 2031: the list names other studies" in alone.stderr, alone.output
    none = _divided(filled, folder, tmp_path, KOOS=LIST["1.1"] | {"own": own | {
        "only_study": "Poe 1999"}})
    assert none.exit_code == 1 and "Poe 1999 is no study of it" in none.stderr


def _taken(tmp_path: Path, data: str, lines: dict | None = None, **entries: dict
           ) -> tuple[list, revman.Package]:
    """Rows of a package whose list says `entries` of analyses and `lines` of (study, row)."""
    package, filled = revman.read(_package(tmp_path, HEAD + data)), tmp_path / "list.csv"
    filled.write_text(revman.list_text(package), encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(filled.read_text(encoding="utf-8"))))
    for row in rows:
        if not row["only_study"]:
            row |= entries.get(row["analysis"].replace(".", "_"), {})
        row |= (lines or {}).get((row["only_study"], row["only_row"]), {})
    _table(filled, rows)
    return revman.rows(package, filled), package


def _said(rows: list, table: str, *columns: str) -> list[tuple]:
    return [tuple(r.values.get(c, "") for c in columns) for r in rows if r.table.name == table]


MEANS, COUNTS = LIST["1.1"], LIST["1.2"]


def test_unused_fields_that_a_package_prints_as_0_are_no_values(tmp_path):
    rows, package = _taken(
        tmp_path,
        "1,1,Pain,,Doe 2031,2031,0.0,0.0,0.0,0.0,0.0,18,0.0,0.0,0.0,17,,,,no spread\n"
        "1,1,Pain,,Poe 2032,2032,0.0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0,,,,\n"
        "1,1,Pain,,Roe 2033,2033,0.0,0.0,0.0,2.5,0.0,18,0.0,3,0.0,17,0.0,-2,2,\n"
        "1,1,Pain,,Zoe 2034,2034,0.0,0.0,30,9,0.0,18,0.0,0.0,0.0,17,,,,\n", **{"1_1": MEANS})
    assert _said(rows, "outcomes", "study_id", "arm_id", "n", "mean", "sd") == [
        ("doe-2031", "cells", "18", "", ""), ("doe-2031", "placebo", "17", "", ""),
        ("roe-2033", "cells", "18", "0.0", "2.5"), ("roe-2033", "placebo", "17", "0.0", "3"),
        ("zoe-2034", "cells", "18", "30", "9"), ("zoe-2034", "placebo", "17", "", "")]
    assert "CD999999-data-rows.csv:3: Poe 2032: no values" in package.passed
    said = "\n".join(package.remarks)
    assert "data-rows.csv:2: Doe 2031: no values of cells and placebo" in said
    assert "data-rows.csv:5: Zoe 2034: no values of placebo" in said and "Roe" not in said


def test_missing_values_of_a_package_are_no_direction(folder, tmp_path):
    from livingreview.data.dataset import load
    from livingreview.effects import Evidence
    from livingreview.review.directions import directions

    data = HEAD + ("1,1,Pain,,Doe 2031,2031,0.0,0.0,0.0,0.0,0.0,18,0.0,0.0,0.0,17,,,,\n")
    package, filled = _package(tmp_path, data), tmp_path / "list.csv"
    _call("import", package, "--data", folder, "--list", filled)
    _filled(filled, **{"1.1": MEANS})
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 0 and "note: " in done.stderr, done.output
    for path, match, cells in (("studies", {}, {"design": "rct"}),
                               ("arms", {"role": "intervention"},
                                {"treatment_product": "cultured-msc",
                                 "treatment_source": "adipose"})):
        rows = _rows(folder, path)
        for row in rows:
            if row["study_id"] == "doe-2031" and all(row[k] == v for k, v in match.items()):
                row |= cells
        _table(folder / KNEE / f"{path}.csv", rows)
    found = [d for d in directions(Evidence(load(folder), KNEE)) if d.trial == "doe-2031"]
    assert [d.direction for d in found] == [""]


def test_counts_of_0_are_counts_and_those_without_a_number_at_risk_are_none(tmp_path):
    rows, package = _taken(
        tmp_path,
        "1,2,Harm,,Doe 2031,2031,0.0,0.0,0.0,0.0,0.0,20,0.0,0.0,0.0,21.0,,,,\n"
        "1,2,Harm,,Poe 2032,2032,0.0,0.0,0.0,0.0,0.0,0,0.0,0.0,0.0,0,,,,\n", **{"1_2": COUNTS})
    assert _said(rows, "adverse_events", "study_id", "events", "total") == [
        ("doe-2031", "0", "20"), ("doe-2031", "0", "21")]
    assert "CD999999-data-rows.csv:3: Poe 2032: no values" in package.passed


ARMS = ("1,1,Pain,,Doe 2031,2031,,,41,12,,20,47,12,,10,-6,-15,3,Low dose\n"
        "1,1,Pain,,Doe 2031,2031,,,38,13,,21,47.0,12,,9,-9,-18,0.6,High dose\n")


def test_rows_that_share_a_control_are_arms_of_one_trial(tmp_path):
    again = ARMS.replace("1,1,Pain", "1,2,Harm").splitlines()  # in the other order
    counts = "".join(f"{line}\n" for line in (
        again[1].replace("38,13,,21,47.0,12,,9", ",,3,21,,,2,9"),
        again[0].replace("41,12,,20,47,12,,10", ",,4,20,,,2,10")))
    rows, package = _taken(tmp_path, ARMS + counts, **{"1_1": MEANS, "1_2": COUNTS})
    assert _said(rows, "outcomes", "arm_id", "n", "mean") == [
        ("cells-1", "20", "41"), ("placebo", "19", "47"), ("cells-2", "21", "38")]
    assert _said(rows, "adverse_events", "arm_id", "events", "total") == [  # the same two arms
        ("cells-2", "3", "21"), ("placebo", "4", "19"), ("cells-1", "4", "20")]
    notes = dict(_said(rows, "arms", "arm_id", "note"))
    assert notes["cells-1"] == "footnote: Low dose" and notes["cells-2"] == "footnote: High dose"
    assert any("n 10 + 9 added" in said for said in package.remarks)
    assert "n 10 + 9" in _said(rows, "outcomes", "note")[1][0]


def test_rows_that_share_their_experimental_arm_are_arms_of_one_trial(tmp_path):
    rows, _ = _taken(
        tmp_path, "1,1,Pain,,Doe 2031,2031,,,41,12,,11,47,12,,20,-6,-15,3,\n"
        "1,1,Pain,,Doe 2031,2031,,,41,12,,10,52,13,,21,-11,-18,0.6,\n", **{"1_1": MEANS})
    assert _said(rows, "outcomes", "arm_id", "n") == [
        ("cells", "21"), ("placebo-1", "20"), ("placebo-2", "21")]


OTHER = "1,1,Pain,,Roe 2033,2033,,,31,9,,19,40,12,,18,-9,-16,-2,\n"


def test_a_trial_that_cannot_be_placed_is_named_and_the_rest_comes_in(tmp_path):
    unlike = ARMS.replace("47.0,12", "51,12")
    rows, package = _taken(tmp_path, unlike + OTHER, **{"1_1": MEANS})
    assert {study for study, in _said(rows, "outcomes", "study_id")} == {"roe-2033"}
    assert [line for line in package.passed if "Doe 2031" in line] == [
        "CD999999-data-rows.csv:2, 3: Doe 2031 stands 2 times in analysis 1.1, and its values do "
        "not show which arm the rows share: name each in a line of the list (only_study, "
        "only_row)"]


@pytest.mark.parametrize("low, high", [("1", "2"), ("Low dose", "High dose")])
def test_a_line_of_the_list_names_one_row_of_a_trial(tmp_path, low, high):
    unlike = ARMS.replace("47.0,12", "51,12")
    lines = {("Doe 2031", "1"): {"only_row": low, "experimental_arm": "low"},
             ("Doe 2031", "2"): {"only_row": high, "experimental_arm": "high",
                                 "control_arm": "sham"}}
    rows, package = _taken(tmp_path, unlike + OTHER, lines, **{"1_1": MEANS})
    assert _said(rows, "outcomes", "study_id", "arm_id", "n", "outcome") == [
        ("doe-2031", "low", "20", "pain-vas"), ("doe-2031", "placebo", "10", "pain-vas"),
        ("doe-2031", "high", "21", "pain-vas"), ("doe-2031", "sham", "9", "pain-vas"),
        ("roe-2033", "cells", "19", "pain-vas"), ("roe-2033", "placebo", "18", "pain-vas")]
    assert not [line for line in package.passed if "Doe" in line]


def test_a_shared_control_that_is_whole_in_each_row_is_not_added(tmp_path):
    whole = ARMS.replace("12,,9,", "12,,10,")
    added, _ = _taken(tmp_path, whole, **{"1_1": MEANS})
    kept, _ = _taken(tmp_path, whole, **{"1_1": MEANS | {"shared_n": "whole"}})
    assert ("placebo", "20") in _said(added, "outcomes", "arm_id", "n")
    assert ("placebo", "10") in _said(kept, "outcomes", "arm_id", "n")


@pytest.mark.parametrize("lines, said", [
    ({("Doe 2031", "1"): {"only_row": "3", "experimental_arm": "low"}},
     "only_row 3 names no row of Doe 2031: expected a number from 1 to 2"),
    ({("Doe 2031", "1"): {"only_study": "", "experimental_arm": "low"}}, "only_study is empty"),
    ({("Doe 2031", "1"): {"shared_n": "half"}}, "shared_n is half: expected divided, whole"),
])
def test_a_line_that_names_no_row_is_refused(tmp_path, lines, said):
    from livingreview.intake import IntakeError

    with pytest.raises(IntakeError, match=said) as found:
        _taken(tmp_path, ARMS, lines, **{"1_1": MEANS})
    assert any(line.startswith("list.csv:3: analysis 1.1") for line in found.value.problems)


def test_values_that_two_analyses_repeat_come_in_once(tmp_path):
    again = OTHER.replace("1,1,Pain", "1,2,Pain again")
    settings = SETTINGS.replace("Dichotomous,Risk Ratio", "Continuous,Mean Difference")
    package, filled = revman.read(_package(tmp_path, HEAD + OTHER + again, settings)), (
        tmp_path / "list.csv")
    filled.write_text(revman.list_text(package), encoding="utf-8")
    _filled(filled, **{"1.1": MEANS, "1.2": MEANS})
    rows = revman.rows(package, filled)
    assert _said(rows, "outcomes", "arm_id", "n", "locator") == [
        ("cells", "19", "analysis 1.1"), ("placebo", "18", "analysis 1.1")]


def test_studies_of_one_identifier_and_wrong_years_are_named(tmp_path):
    rows, package = _taken(
        tmp_path, OTHER + OTHER.replace("Roe 2033", "Røe 2033")
        + OTHER.replace("Roe 2033,2033", "Poe 2034,2033-34")
        + OTHER.replace("Roe 2033", "王").replace("-9,-16", "-9,-15"), **{"1_1": MEANS})
    assert _said(rows, "studies", "study_id", "year") == [("poe-2034", "")]
    said = "\n".join(package.passed)
    for line, name in ((2, "Roe 2033"), (3, "Røe 2033")):
        assert (f"data-rows.csv:{line}: {name}: Roe 2033 and Røe 2033 would both be roe-2033"
                in said)
    assert "data-rows.csv:4: Poe 2034: Study year 2033-34: expected one year" in said
    assert "data-rows.csv:5: 王: its name has no letter or digit" in said


def test_a_domain_that_is_judged_in_two_ways_is_passed_by(folder, tmp_path):
    package = _package(tmp_path, bias=BIAS + "Døe 2031,High risk,another result\n")
    filled = tmp_path / "list.csv"
    _call("import", package, "--data", folder, "--list", filled)
    _filled(filled, **{"1.1": LIST["1.1"], "risk-of-bias": LIST["risk-of-bias"]})
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 0, done.output
    assert "judged in several ways: Low risk (CD999999-risk-of-bias.csv:2), High risk" in (
        done.stderr)
    assert not _rows(folder, "risk_of_bias")


def test_a_package_inside_another_archive_is_opened(tmp_path):
    inner = _package(tmp_path)
    outer = tmp_path / "CD999999-SD-dataPackage.zip"
    with zipfile.ZipFile(outer, "w") as out:
        out.write(inner, "CD999999-files/CD999999-data.zip")
        out.writestr("CD999999-files/readme.txt", "text")
    assert revman.read(outer) == revman.read(inner)


def test_a_ratio_between_arms_keeps_its_own_scale(tmp_path):
    package, filled = revman.read(_package(tmp_path)), tmp_path / "list.csv"
    filled.write_text(revman.list_text(package), encoding="utf-8")
    _filled(filled, **{"1.3": {"outcome": "responder", "measure": "RR", "better": "higher",
                               "experimental_arm": "cells", "control_arm": "placebo"}})
    row = next(r for r in revman.rows(package, filled) if r.table.name == "contrasts")
    assert row.values["estimate"] == "1.1052" and row.values["se"] == "0.2"
    assert row.values["favours"] == "intervention"
    assert row.place == "CD999999-data-rows.csv:6"


@pytest.mark.parametrize("entry, said", [
    ({"outcome": "pain-vas"}, "statistic is empty"),
    ({"outcome": "pain-vas", "event": "any-ae"}, "an outcome and an event"),
])
def test_a_list_that_lacks_something_is_refused(tmp_path, entry, said):
    from livingreview.intake import IntakeError

    package, filled = revman.read(_package(tmp_path)), tmp_path / "list.csv"
    filled.write_text(revman.list_text(package), encoding="utf-8")
    _filled(filled, **{"1.1": entry})
    with pytest.raises(IntakeError, match=said) as found:
        revman.rows(package, filled)
    assert all(line.startswith("list.csv:2: analysis 1.1") for line in found.value.problems)


def test_a_wrong_number_of_a_package_is_named_in_its_own_words(folder, tmp_path):
    package = _package(tmp_path, DATA.replace("41.5,11,,21", "41.5,-11,,21"))
    filled, before = tmp_path / "list.csv", _content(folder)
    _call("import", package, "--data", folder, "--list", filled)
    _filled(filled, **{"1.1": LIST["1.1"]})
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 1 and _content(folder) == before
    assert "CD999999-data-rows.csv:2, column Control SD: -11: negative" in done.stderr


def test_swapped_events_and_other_archives_are_refused(folder, tmp_path):
    package, filled = _package(tmp_path, settings=SETTINGS.replace(
        "Risk Ratio,Cells,Placebo,FALSE", "Risk Ratio,Cells,Placebo,TRUE", 1)), tmp_path / "l.csv"
    _call("import", package, "--data", folder, "--list", filled)
    _filled(filled, **{"1.2": LIST["1.2"]})
    done = _call("import", package, "--data", folder, "--list", filled, "--yes")
    assert done.exit_code == 1 and "swapped" in done.stderr
    other = tmp_path / "other.zip"
    shutil.make_archive(str(other.with_suffix("")), "zip", folder)
    done = _call("import", other, "--data", folder)
    assert done.exit_code == 1 and "no …-data-rows.csv" in done.stderr
