"""Files with names of their own are read as those with the package's, and written as they were."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import DATA, append, read_table, write_table
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import KNEE, World

from livingreview.__main__ import main
from livingreview.data.dataset import examine, load
from livingreview.data.own_names import NONE, OwnNames
from livingreview.data.tables import ARMS, BY_NAME, CONTRASTS, HEADLINE_NUMBERS, VOCABULARIES
from livingreview.intake.files import CsvFile
from livingreview.review import review

NAMES, WORDS = load().names, load().records("vocabularies")
ARMS_CSV = f"{KNEE}/arms.csv"


def _table(path: Path):
    return BY_NAME.get(path.stem)


def in_package_names(folder: Path) -> Path:
    """The files of a folder with the package's names, and without the table of names."""
    for path in folder.rglob("*.csv"):
        if table := _table(path):
            header, *rows = csv.reader(io.StringIO(path.read_text("utf-8"), newline=""))
            there = NAMES.package.header(table, header)
            write_table(path, tuple(there), [NAMES.package.row(
                table, dict(zip(there, cells, strict=True))) for cells in rows])
    (folder / "own_names.csv").unlink()
    return folder


def test_our_data_are_read_as_if_they_had_the_names_of_the_package(data_copy):
    own, general = load(), load(in_package_names(data_copy))
    assert own.names.pairs and general.names == NONE
    assert "cell_source" in (DATA / ARMS_CSV).read_text("utf-8")
    assert "cell_source" not in (data_copy / ARMS_CSV).read_text("utf-8")
    assert {*own.frames} - {*general.frames} == {"own_names.csv"}
    for path, frame in general.frames.items():
        columns = list(frame.columns)
        assert own.frames[path][columns].map(str).values.tolist() == (
            frame.map(str).values.tolist()), path


@st.composite
def rows(draw):
    """A row of a table that has names of its own, in the names of the package."""
    table = draw(st.sampled_from([ARMS, CONTRASTS, VOCABULARIES, HEADLINE_NUMBERS]))
    words = {}
    for word in WORDS:
        words.setdefault(word["list"], []).append(word)
    if table is VOCABULARIES:
        word = draw(st.sampled_from([w for some in words.values() for w in some]))
        return table, {c: word[c] or "" for c in table.names}
    if table is HEADLINE_NUMBERS:
        column, text = draw(st.sampled_from(ARMS.names)), draw(st.sampled_from(ARMS.names))
        return table, {"where": f'{column} == "{text}" and not {column} > 2', "column": column}
    return table, {c.name: draw(st.sampled_from(
        [w["value"] for w in words[c.vocabulary]])) if c.vocabulary else c.name
        for c in table.columns}


@settings(deadline=None)
@given(rows())
def test_a_row_in_own_names_is_the_same_row(given_row):
    table, row = given_row
    own = NAMES.own.row(table, row)
    assert NAMES.package.row(table, own) == row
    assert NAMES.package.row(table, row) == row  # the package's names are taken too


def test_texts_in_a_rule_are_no_columns():
    where = BY_NAME["headline_numbers"].column("where")
    assert NAMES.package.cell(where, "donor == 'donor' and cell_source == \"donor\"") == (
        "provider == 'donor' and treatment_source == \"donor\"")


@pytest.mark.parametrize("path, columns", [
    (ARMS_CSV, ("treatment_source", "provider", "comparator_type")),
    (f"{KNEE}/contrasts.csv", ("favours",)), (f"{KNEE}/studies.csv", ("stated_result",)),
    ("vocabularies.csv", ("list", "value", "kind"))])
def test_what_was_read_is_written_back_to_the_last_byte(path, columns):
    file = CsvFile(DATA, path, _table(Path(path)), NAMES)
    before, known = file.content, dict(file.rows)
    file.correct({line: {c: row[c] for c in columns} for line, row in known.items()})
    assert file.content == before
    assert file.appended([])[0] == before and dict(file.rows) == known


def test_errors_name_what_stands_in_the_file(data_copy):
    for path, column, cell in ((ARMS_CSV, "dose_cells", "ten"),
                               (f"{KNEE}/contrasts.csv", "favours", "celz")):
        found = read_table(data_copy / path)
        found[0][column] = cell
        write_table(data_copy / path, tuple(found[0]), found)
    disc = data_copy / "disc-degeneration" / "arms.csv"
    disc.write_text(disc.read_text("utf-8").replace("donor", "donator", 1), encoding="utf-8")
    errors = [p for p in examine(data_copy).problems if p.level == "error"]
    assert (ARMS_CSV, 2, "dose_cells", "ten") in [(p.file, p.row, p.column, p.value)
                                                  for p in errors]
    favours = next(p for p in errors if p.column == "favours")
    assert (favours.value, favours.expected) == (
        "celz", "cells, comparator, neither (vocabularies.csv)")
    said = "\n".join(map(str, errors))
    assert "disc-degeneration/arms.csv:1:donor: (empty): the column is missing" in said
    assert "donator" in said and "provider" not in said and "treatment_" not in said


def test_two_names_of_one_column_are_an_error_that_says_so(data_copy):
    found = read_table(data_copy / ARMS_CSV)
    write_table(data_copy / ARMS_CSV, (*found[0], "dose"), found)
    assert any("dose_cells and dose are two names of one column" in str(p)
               for p in examine(data_copy).problems if p.level == "error")


@pytest.mark.parametrize("row, column", [
    (("colum", "arms", "dose", "d"), "kind"), (("column", "", "dose", "d"), "of"),
    (("column", "armz", "dose", "d"), "of"), (("column", "arms", "dosis", "d"), "name"),
    (("column", "arms", "carrier", "label"), "own"),
    (("column", "arms", "carrier", "dose_cells"), "own"),
    (("list", "arms", "route", "way"), "of"), (("word", "", "route", "way"), "of")])
def test_what_is_wrong_with_a_name_is_said_at_its_row(made_up, row, column):
    line = append(made_up, "own_names.csv", dict(zip(BY_NAME["own_names"].names, row,
                                                     strict=True)))
    assert [(p.file, p.row, p.column) for p in examine(made_up).problems] == [
        ("own_names.csv", line, column)]


# --- what comes in and goes out ----------------------------------------------------------------


@pytest.fixture
def folder(tmp_path) -> Path:
    return World(tmp_path / "data").trial("roe-2020").pair("roe-2020").write()


def _imported(folder: Path, package: Path, rows: list[dict], correction: dict) -> str:
    package.mkdir(exist_ok=True)
    write_table(package / "sources.csv", BY_NAME["sources"].names, [
        {"source_id": "new", "kind": "full-text", "title": "A report", "accessed": "2026-01-01"}])
    write_table(package / "studies.csv", BY_NAME["studies"].names, [
        {"study_id": "doe-2030", "design": "rct", "source_id": "new"}])
    write_table(package / "arms.csv", tuple(rows[0]), rows)
    write_table(package / "corrections.csv", tuple(correction), [correction])
    done = CliRunner().invoke(main, [
        "import", str(package), "--data", str(folder), "--indication", KNEE, "--no-results",
        "--yes", "--reason", "a test"])
    assert done.exit_code == 0, done.output
    return done.output


def test_rows_and_corrections_come_in_by_either_name(folder, tmp_path):
    own = {"study_id": "doe-2030", "arm_id": "one", "role": "comparator", "cell_source": "adipose",
           "dose_cells": "7", "comparator_type": "other-cell", "source_id": "new"}
    fixed = {"file": "arms.csv", "key": "roe-2020|msc", "column": "cell_source",
             "old": "bone-marrow", "new": "adipose", "source": "new", "locator": "",
             "reason": "read again"}
    general = NAMES.package.row(ARMS, own)
    assert general != own
    twin = Path(World(tmp_path / "twin").trial("roe-2020").pair("roe-2020").write())
    # the one folder's file has the review's names, that of the other the package's
    write_table(folder / ARMS_CSV, tuple(NAMES.own.header(ARMS, ARMS.names)),
                [NAMES.own.row(ARMS, row) for row in read_table(folder / ARMS_CSV)])
    said = _imported(folder, tmp_path / "package", [own], fixed)
    assert "cell_source: bone-marrow → adipose" in said
    _imported(twin, tmp_path / "package", [general], {**fixed, "column": "treatment_source"})
    here, there = read_table(folder / ARMS_CSV), read_table(twin / ARMS_CSV)
    assert here[-1] | own == here[-1] and there[-1]["treatment_source"] == "adipose"
    assert [NAMES.package.row(ARMS, row) for row in here] == [
        NAMES.package.row(ARMS, row) for row in there]
    for one in (folder, twin):  # the changelog has the review's names
        assert read_table(one / "changelog.csv")[-1]["column"] == "cell_source"


def test_both_names_of_a_column_are_refused_at_import(folder, tmp_path):
    row = {"study_id": "doe-2030", "arm_id": "one", "dose_cells": "7", "dose": "7"}
    write_table(tmp_path / "arms.csv", tuple(row), [row])
    done = CliRunner().invoke(main, ["import", str(tmp_path / "arms.csv"), "--data", str(folder),
                                     "--indication", KNEE])
    assert done.exit_code == 1
    assert "arms.csv:1: dose_cells and dose are two names of one column" in done.output


def test_results_go_out_in_own_names_and_are_read_back(tmp_path):
    data = World(tmp_path / "data").trial("roe-2020").pair("roe-2020").analysis().data()
    found = review(data).document
    own = NAMES.own.result(found)
    study, = next(iter(own["analyses"].values()))["studies"]
    assert {"cells", "n_cells", "cell_class"} <= set(study)
    question = next(iter(own["analyses"].values()))["question"]
    assert question["intervention"] == data.wording("intervention")
    assert question["cells"] == data.wording("products")
    assert NAMES.package.result(own) == NAMES.package.result(found)


def test_without_the_table_nothing_is_another_name():
    row = {"study_id": "a", "cell_source": "x", "comparator_type": "other-cell"}
    assert NONE.own.row(ARMS, row) == NONE.package.row(ARMS, row) == row
    assert OwnNames().own.result({"cells": ["intervention"]}) == {"cells": ["intervention"]}
    assert NONE.own.header(ARMS, ARMS.names) == list(ARMS.names)
