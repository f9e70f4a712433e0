"""Corrections of known values, new words, and what an import does to results."""

from __future__ import annotations

import csv
import io
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import DATA, KNEE, World
from openpyxl import load_workbook

from livingreview.__main__ import main
from livingreview.data import dataset
from livingreview.data.tables import ANALYSES, BY_NAME, CORRECTIONS, OPEN_LISTS, TABLES
from livingreview.effects import Analysis, Evidence
from livingreview.intake.files import CsvFile
from livingreview.review.results import analyse

MSC = "roe-2020|msc|pain-vas|6|final"
OTHER = "other-indication"


@pytest.fixture()
def folder(tmp_path) -> Path:
    """A made-up data folder with two trials in one analysis."""
    return (World(tmp_path / "data").trial("roe-2020", title="Cells for the knee").pair("roe-2020")
            .trial("poe-2021").pair("poe-2021", 25, 45).analysis().write())


def _call(*arguments, text: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=text)


def _import(file: Path, data: Path, *more) -> Result:
    return _call("import", file, "--data", data, "--yes", *more)


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def _rows(folder: Path, path: str) -> list[dict[str, str]]:
    with (folder / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _table(folder: Path, name: str, *rows: dict) -> Path:
    folder.mkdir(exist_ok=True)
    names = CORRECTIONS.names if name == "corrections" else BY_NAME[name].names
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder / f"{name}.csv"


def _correction(file: str, key: str, column: str, old: str, new: str, **more) -> dict:
    return {"file": file, "key": key, "column": column, "old": old, "new": new, "source": "own",
            "reason": "read again", **more}


def _corrected(folder: Path, tmp_path: Path, *rows: dict, more=()) -> Result:
    return _import(_table(tmp_path, "corrections", *rows), folder, "--indication", KNEE, *more)


# --- cells of known rows -----------------------------------------------------------------------


def test_a_correction_changes_its_cell_and_writes_a_line_and_is_done_once(folder, tmp_path):
    before = _content(folder)
    rows = (_correction("outcomes.csv", MSC, "mean", "30", "31.5", locator="Table 2"),
            _correction(f"{KNEE}/studies.csv", "roe-2020", "country", "", "Iran"))
    done = _corrected(folder, tmp_path, *rows, more=["--reason", "second reading"])
    assert done.exit_code == 0, done.output
    assert f"{MSC}, mean: 30 → 31.5 (corrections.csv:2)" in done.output
    assert "imported 2 corrections; changelog.csv says so\n" in done.output
    after = _content(folder)
    assert {p for p in after if after[p] != before[p]} == {
        f"{KNEE}/outcomes.csv", f"{KNEE}/studies.csv", "changelog.csv"}
    assert after[f"{KNEE}/outcomes.csv"] == before[f"{KNEE}/outcomes.csv"].replace(
        b"20,30,10", b"20,31.5,10")
    day = date.today().isoformat()
    assert _rows(folder, "changelog.csv") == [
        {"date": day, "file": f"{KNEE}/outcomes.csv", "study_id": "roe-2020", "column": "mean",
         "old": "30", "new": "31.5", "source_id": "own",
         "reason": f"{MSC}; read again; in the source: Table 2; second reading"},
        {"date": day, "file": f"{KNEE}/studies.csv", "study_id": "roe-2020", "column": "country",
         "old": "", "new": "Iran", "source_id": "own", "reason": "read again; second reading"}]
    again = _corrected(folder, tmp_path, *rows)
    assert again.exit_code == 0 and "nothing to import" in again.output, again.output
    assert "1 corrected before" in again.output and _content(folder) == after


WRONG = [
    (_correction("studies.csv", "roe-2020", "country", "Iran", "Italy"),
     "2:old: Iran: country of roe-2020 is (empty)"),
    (_correction("studies.csv", "doe-1999", "country", "", "Italy"), "3:key: doe-1999: no row"),
    (_correction("arms.csv", "roe-2020", "role", "", "comparator"), "4:key: roe-2020: a key of 1"),
    (_correction("outcomes.csv", MSC, "sd", "10", "11"), "5:key: "),
    (_correction("studies.csv", "roe-2020", "town", "", "Rome"), "6:column: town: no column of"),
    (_correction("towns.csv", "roe-2020", "town", "", "Rome"), "7:file: towns.csv: no such file"),
    (_correction("studies.csv", "roe-2020", "year", "", "2020", source="letter"),
     "8:source: letter: no such source_id"),
    (_correction("studies.csv", "roe-2020", "n_enrolled", "", "forty"), "9:new: forty: "),
    (_correction("studies.csv", "roe-2020", "blinding", "double", "twofold"), "10:new: twofold: "),
    (_correction("changelog.csv", "2026", "reason", "", "x"), "11:file: changelog.csv"),
    (_correction("studies.csv", "poe-2021", "country", "", "Italy", reason=""), "12:reason: "),
    (_correction("studies.csv", "poe-2021", "year", "", "2021", source=""), "13:source: "),
]


def test_every_correction_that_does_not_fit_is_named_and_nothing_is_done(folder, tmp_path):
    outcomes = _rows(folder, f"{KNEE}/outcomes.csv")  # a second instrument: the key fits two rows
    _table(folder / KNEE, "outcomes", *outcomes, outcomes[0] | {"instrument": "VAS at night"})
    before = _content(folder)
    good = _correction("studies.csv", "poe-2021", "journal", "", "A journal")
    done = _corrected(folder, tmp_path, *(row for row, _ in WRONG), good)
    assert done.exit_code == 1 and "Nothing was imported" in done.stderr, done.output
    for _, said in WRONG:
        assert f"error: corrections.csv:{said}" in done.stderr, said
    assert f"{len(WRONG)} errors." in done.stderr and _content(folder) == before
    assert f"2 rows have it ({KNEE}/outcomes.csv:2, {KNEE}/outcomes.csv:6)" in done.stderr


def test_the_whole_key_tells_apart_what_the_short_one_does_not(folder, tmp_path):
    outcomes = _rows(folder, f"{KNEE}/outcomes.csv")
    _table(folder / KNEE, "outcomes", *outcomes, outcomes[0] | {"instrument": "VAS at night"})
    key = "roe-2020|msc|pain-vas|VAS at night|6.0|final|own"
    done = _corrected(folder, tmp_path, _correction("outcomes.csv", key, "mean", "30.0", "33"))
    assert done.exit_code == 0, done.output
    assert [r["mean"] for r in _rows(folder, f"{KNEE}/outcomes.csv")] == [
        "30", "40", "25", "45", "33"]


def test_rows_of_tables_without_a_key_are_named_by_what_identifies_them(folder, tmp_path):
    _table(folder / KNEE, "adverse_events", {
        "study_id": "roe-2020", "arm_id": "msc", "event": "any-ae", "events": 1, "total": 20,
        "source_id": "own"})
    _table(folder / KNEE, "published_syntheses", {
        "review_id": "doe-2019", "outcome": "pain-vas", "timepoint_months": 6, "measure": "MD",
        "source_id": "own"})
    done = _corrected(
        folder, tmp_path, _correction("adverse_events.csv", "roe-2020|msc|any-ae", "events", "1",
                                      "2"),
        _correction("published_syntheses.csv", "doe-2019|pain-vas|||6|MD", "k", "", "4"))
    assert done.exit_code == 0, done.output
    assert _rows(folder, f"{KNEE}/adverse_events.csv")[0]["events"] == "2"
    assert _rows(folder, f"{KNEE}/published_syntheses.csv")[0]["k"] == "4"


def test_a_corrected_key_is_recognised_as_done(folder, tmp_path):
    _table(folder / KNEE, "sources", *_rows(folder, f"{KNEE}/sources.csv"), {
        "source_id": "leter", "kind": "full-text", "title": "x", "accessed": "2026-01-01"})
    row = _correction("sources.csv", "leter", "source_id", "leter", "letter")
    assert _corrected(folder, tmp_path, row).exit_code == 0
    after = _content(folder)
    again = _corrected(folder, tmp_path, row)
    assert again.exit_code == 0 and _content(folder) == after, again.output


def test_two_corrections_of_one_cell_are_refused(folder, tmp_path):
    done = _corrected(folder, tmp_path, *(
        _correction("outcomes.csv", key, "mean", "30", "31")
        for key in (MSC, "roe-2020|msc|pain-vas|VAS|6|final|own")))
    assert done.exit_code == 1
    assert "corrections.csv:3:key" in done.stderr and "corrections.csv:2 corrects" in done.stderr


def test_a_header_without_a_column_is_refused(folder, tmp_path):
    file = tmp_path / "corrections.csv"
    file.write_text("file,key,column,new,source,reason\nstudies.csv,roe-2020,year,2020,own,x\n")
    done = _import(file, folder, "--indication", KNEE)
    assert done.exit_code == 1 and "corrections.csv:1: the column old is missing" in done.stderr
    assert "column locator is missing" in done.stderr


def test_a_warning_that_a_correction_brings_is_said_wherever_it_stands(folder, tmp_path):
    done = _corrected(folder, tmp_path, _correction("studies.csv", "roe-2020", "title",
                                                    "Cells for the knee", "Marrow for the knee"),
                      _correction("studies.csv", "poe-2021", "title", "", "MARROW, for the Knee"))
    assert done.exit_code == 0, done.output
    assert ("warning: corrections.csv:3:new: MARROW, for the Knee: roe-2020 (row 2) has it too"
            ) in done.stderr


TEXTS = st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8),
                  st.just("0\n"), st.just("\n"))


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(st.tuples(*[st.one_of(TEXTS, st.just('a "b", c\nd'))] * 3), min_size=1,
                      max_size=4), position=st.integers(0, 2), value=TEXTS,
       end=st.sampled_from(["\n", "\r\n"]), mark=st.booleans(), data=st.data())
def test_all_but_the_corrected_cell_stays_to_the_last_byte(
        tmp_path_factory, cells, position, value, end, mark, data):
    table, folder = BY_NAME["hierarchy"], tmp_path_factory.mktemp("cells")
    line = data.draw(st.integers(0, len(cells) - 1))

    def written(corrected: bool) -> bytes:
        """The file with all cells in quotes, but for the corrected one."""
        rows = [['"' + cell.replace('"', '""') + '"' for cell in row] for row in cells]
        if corrected:
            out = io.StringIO()
            csv.writer(out, lineterminator="\r\n").writerow(["", value])
            rows[line][position] = out.getvalue()[1:-2]
        lines = [table.names, *rows]
        return ("\ufeff" * mark + "".join(",".join(row) + end for row in lines)).encode()

    (folder / "hierarchy.csv").write_bytes(written(False))
    file = CsvFile(folder, "hierarchy.csv", table)
    file.correct({file.rows[line][0]: {table.names[position]: value}})
    assert file.content == written(True)
    (folder / "hierarchy.csv").write_bytes(file.content)
    again = CsvFile(folder, "hierarchy.csv", table)  # as a reader of the bytes finds it
    assert (again.rows, again.known) == (file.rows, file.known)


def test_line_ends_in_cells_do_not_mislead_what_is_new(folder, tmp_path):
    """A row below a shortened one keeps its warnings, which are no news."""
    arms = _rows(folder, f"{KNEE}/arms.csv")
    arms[0]["note"] = "one\ntwo\nthree"
    _table(folder / KNEE, "arms", *arms)
    outcomes = _rows(folder, f"{KNEE}/outcomes.csv")
    outcomes[0]["note"] = "one\ntwo"
    outcomes[2]["n"] = "30"  # more than n_allocated
    _table(folder / KNEE, "outcomes", *outcomes)
    assert "outcomes.csv:5:n: 30" in _call("check", folder).stderr
    done = _corrected(folder, tmp_path,
                      _correction("outcomes.csv", MSC, "note", "one\ntwo", "one, two"),
                      _correction("outcomes.csv", "poe-2021|control|pain-vas|6|final", "n", "20",
                                  "31"))
    assert done.exit_code == 0, done.output
    assert "corrections.csv:4:new: 31: more than were allocated" in done.stderr
    assert "n: 30" not in done.stderr
    assert "outcomes.csv:4:n: 30" in _call("check", folder).stderr


# --- rows to add, and rows that come with corrections ------------------------------------------


def _study(folder: Path, *corrections: dict) -> Path:
    """A folder with a new trial, and corrections of it and of what is known."""
    out = folder.parent / "new" / KNEE
    out.parent.mkdir(exist_ok=True)
    _table(out, "sources", {"source_id": "letter", "kind": "full-text", "title": "A report",
                            "accessed": "2026-01-01"})
    _table(out, "studies", {"study_id": "doe-2030", "design": "rct", "blinding": "double",
                            "species": "human", "first_author": "Doe", "source_id": "letter"})
    arm = {"study_id": "doe-2030", "source_id": "letter", "n_allocated": 20}
    _table(out, "arms", arm | {"arm_id": "msc", "role": "intervention",
                               "treatment_source": "bone-marrow",
                               "treatment_product": "cultured-msc"},
           arm | {"arm_id": "control", "role": "comparator", "treatment_source": "none",
                  "treatment_product": "none", "comparator_type": "saline"})
    value = {"study_id": "doe-2030", "outcome": "pain-vas", "better": "lower", "scale_min": 0,
             "scale_max": 100, "timepoint_months": 6, "statistic": "final", "n": 20, "sd": 10,
             "source_id": "letter"}
    _table(out, "outcomes", value | {"arm_id": "msc", "mean": 300},
           value | {"arm_id": "control", "mean": 40})
    (out / "NOTES.md").write_text("Not read by import.")
    if corrections:
        _table(out, "corrections", *corrections)
    return out


IN_FOLDER = _correction("outcomes.csv", "doe-2030|msc|pain-vas|6|final", "mean", "300", "30",
                        source="letter")


def test_a_folder_brings_rows_and_corrections_of_them_and_of_known_ones(folder):
    wrong = _import(_study(folder), folder)
    assert wrong.exit_code == 1 and "outside the row's scale" in wrong.stderr
    out = _study(folder, IN_FOLDER, _correction("studies.csv", "roe-2020", "country", "", "Iran",
                                                source="letter"))
    done = _import(out, folder, "--reason", "found by hand")
    assert done.exit_code == 0, done.output
    assert "imported 6 rows and 2 corrections" in done.output
    assert _rows(folder, f"{KNEE}/outcomes.csv")[-2]["mean"] == "30"
    lines = _rows(folder, "changelog.csv")
    assert all("found by hand" in line["reason"] for line in lines)
    assert [line["new"] for line in lines] == ["1 row", "1 row", "2 rows", "2 rows", "30", "Iran"]
    after = _content(folder)
    again = _import(out, folder)
    assert again.exit_code == 0 and "nothing to import" in again.output, again.output
    assert _content(folder) == after and _call("check", folder).exit_code == 0


def test_a_reason_is_asked_for_only_where_a_change_has_none(folder, tmp_path):
    asked = "changelog.csv says so: give the reason of the new rows there\n"
    rows = (_correction("studies.csv", "roe-2020", "country", "", "Iran"), *NEW_ROWS)
    copies = [Path(shutil.copytree(folder, tmp_path / name)) for name in ("one", "two")]
    assert _corrected(folder, tmp_path, *rows).output.endswith("changelog.csv says so\n")
    assert _import(_study(tmp_path / "one", IN_FOLDER), copies[0]).output.endswith(asked)
    assert _import(_study(tmp_path / "two", IN_FOLDER), copies[1], "--reason", "found by hand"
                   ).output.endswith("changelog.csv says so\n")


def _record(**values) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([values.get(n, "") for n in ANALYSES.names])
    return text.getvalue()


NEW_ANALYSIS = {"analysis_id": "pain-again", "indication": KNEE, "title": "Pain, again",
                "section": "effects", "role": "further", "target_type": "family", "target": "pain",
                "measure": "MD", "comparison": "any", "favourable": "lower"}
NEW_ROWS = [
    _correction("cohort_overlaps.csv", f"{KNEE}|poe-2021|roe-2020", "(new row)", "",
                "kind possible; reason one centre; two years; rule check before pooling; "
                "action warn"),
    _correction("analyses.csv", "pain-again", "(new row)", "", _record(**NEW_ANALYSIS)),
]


def test_rows_are_added_as_named_values_or_as_they_stand_in_the_file(folder, tmp_path):
    done = _corrected(folder, tmp_path, *NEW_ROWS)
    assert done.exit_code == 0, done.output
    assert "imported 2 rows;" in done.output
    assert "(corrections.csv:2): kind possible; reason one centre; two years" in done.output
    assert _rows(folder, "cohort_overlaps.csv")[-1] == {
        "indication": KNEE, "study_id": "poe-2021", "other_study_id": "roe-2020",
        "kind": "possible", "reason": "one centre; two years", "rule": "check before pooling",
        "action": "warn", "keep": ""}
    added = _rows(folder, "analyses.csv")[-1]
    assert {k: v for k, v in added.items() if v} == NEW_ANALYSIS
    assert [(r["column"], r["source_id"]) for r in _rows(folder, "changelog.csv")] == [
        ("(new row)", "own")] * 2
    after = _content(folder)
    again = _corrected(folder, tmp_path, *NEW_ROWS)
    assert again.exit_code == 0 and _content(folder) == after, again.output


@pytest.mark.parametrize("change, said", [
    ({"new": "kin possible; action warn"}, "2:new: kin possible; action warn: 1 cell, expected"),
    ({"new": "kind possible; kind sure; action warn"}, "2:new: "),
    ({"new": '"kind'}, "broken quoting"),
    ({"new": "kind perhaps; action warn"}, "2, column kind: perhaps"),
    ({"new": "study_id poe-2022; kind possible; action warn"}, "study_id is not as in the key"),
    ({"old": "x"}, "2:old: x: (new row) has no old value"),
    ({"key": f"{KNEE}|poe-2021"}, "2:key: "),
    ({"key": f"{KNEE}|poe-2021|poe-1999"}, "2, column other_study_id: poe-1999: no such study_id"),
])
def test_a_row_to_add_that_cannot_be_is_refused(folder, tmp_path, change, said):
    before = _content(folder)
    done = _corrected(folder, tmp_path, NEW_ROWS[0] | change)
    assert done.exit_code == 1 and said in done.stderr, done.output
    assert _content(folder) == before


def test_a_row_to_add_that_is_there_otherwise_is_not_overwritten(folder, tmp_path):
    assert _corrected(folder, tmp_path, NEW_ROWS[0]).exit_code == 0
    row = NEW_ROWS[0] | {"new": NEW_ROWS[0]["new"].replace("possible", "probable")}
    done = _corrected(folder, tmp_path, row)
    assert done.exit_code == 1 and "kind: here possible, there probable" in done.output
    fixed = _corrected(folder, tmp_path, _correction(
        "cohort_overlaps.csv", f"{KNEE}|poe-2021|roe-2020", "kind", "possible", "probable"))
    assert fixed.exit_code == 0, fixed.output
    assert _rows(folder, "cohort_overlaps.csv")[0]["kind"] == "probable"


def test_tables_whose_rows_name_their_indication_need_none(tmp_path, folder):
    overlap = {"indication": KNEE, "study_id": "poe-2021", "other_study_id": "roe-2020",
               "kind": "possible", "action": "warn"}
    for name, row in (("analyses", NEW_ANALYSIS), ("cohort_overlaps", overlap)):
        done = _import(_table(tmp_path, name, row), folder)
        assert done.exit_code == 0 and "imported 1 row;" in done.output, done.output
        assert {k: v for k, v in _rows(folder, f"{name}.csv")[-1].items() if v} == row


# --- what it does to results -------------------------------------------------------------------


def test_what_changes_in_results_is_said_before_it_is_done(folder):
    before = _content(folder)
    done = _call("import", _study(folder, IN_FOLDER), "--data", folder, text="n\n")
    assert done.exit_code == 1 and _content(folder) == before
    output = done.output[:done.output.index("Import these rows?")]
    assert "results: 1 of 1 analyses change" in output
    sides = re.findall(r"(before|after): +k = (\d), MD (\S+) \((\S+) to (\S+)\), certainty (.+)",
                       output)
    assert [(side, k) for side, k, *_ in sides] == [("before", "2"), ("after", "3")]
    data = dataset.load(folder)
    known = analyse(Evidence(data, KNEE), Analysis.of(data.records("analyses")[0]))[0]
    assert float(sides[0][2].replace("−", "-")) == round(known["pooled"]["estimate"], 1)
    assert sides[0][5] == known["certainty"]["level"]
    assert re.search(r"enters: .+: in no analysis before", output)
    assert "results before and after" in done.stderr  # the progress


def test_a_trial_that_leaves_a_pool_is_named_with_the_reason(folder, tmp_path):
    done = _corrected(folder, tmp_path, _correction("studies.csv", "poe-2021", "design", "rct",
                                                    "single-arm"))
    assert done.exit_code == 0, done.output
    assert "after:  k = 1" in done.output
    assert re.search(r"leaves: .+: design: Single-arm study", done.output)


def test_results_are_left_out_where_asked_and_computed_where_touched(folder, tmp_path, monkeypatch):
    from livingreview.intake import outlook

    seen = []
    real = outlook.analyse
    monkeypatch.setattr(outlook, "analyse", lambda ev, *rest, **more: (
        seen.append(ev.indication), real(ev, *rest, **more))[1])
    _corrected(folder, tmp_path, _correction("outcomes.csv", MSC, "mean", "30", "31"),
               more=["--no-results"])
    assert seen == []
    with (folder / "vocabularies.csv").open("a") as file:
        file.write(f"indication,{OTHER},,Other,Other\n")
    for table in TABLES:
        if table.folder == "indication":
            (folder / OTHER).mkdir(exist_ok=True)
            shutil.copy(folder / table.path(KNEE), folder / table.path(OTHER))
    _table(folder, "analyses", *_rows(folder, "analyses.csv"),
           _rows(folder, "analyses.csv")[0] | {"analysis_id": "other", "indication": OTHER})
    done = _corrected(folder, tmp_path, _correction("outcomes.csv", MSC, "mean", "31", "32"))
    assert done.exit_code == 0 and seen == [KNEE, KNEE], done.output


def test_results_in_brief_are_those_of_the_book():
    data = dataset.load(DATA)
    indication = "disc-degeneration"
    ev = Evidence(data, indication)
    found = 0
    for row in data.having("analyses", "indication", indication):
        brief, whole = (analyse(ev, Analysis.of(row), b)[0] for b in (True, False))
        for key in ("k", "n", "pooled", "certainty", "studies", "not_in_pool", "question"):
            assert brief[key] == whole[key], (row["analysis_id"], key)
        found += whole["certainty"] is not None
    assert found


# --- titles, templates, folders, words ---------------------------------------------------------


def test_a_study_with_the_title_of_a_known_one_is_a_warning(folder, tmp_path):
    file = _table(tmp_path, "studies", {"study_id": "doe-2030", "title": "CELLS FOR THE KNEE.",
                                        "source_id": "own"})
    done = _import(file, folder, "--indication", KNEE)
    assert done.exit_code == 0, done.output
    assert "studies.csv:2, column title: CELLS FOR THE KNEE.: roe-2020" in done.stderr


def test_the_template_has_what_others_pooled_and_lets_open_lists_have_new_words(folder, tmp_path):
    assert _call("new", "study", "--data", folder, "--out", tmp_path / "a.xlsx").exit_code == 0
    assert _call("new", "study", "--data", folder, "--out", tmp_path / "b").exit_code == 0
    book = load_workbook(tmp_path / "a.xlsx")
    names = BY_NAME["published_syntheses"].names
    assert [c.value.removesuffix(" *") for c in book["published_syntheses"][1]] == list(names)
    assert (tmp_path / "b" / "published_syntheses.csv").read_text() == ",".join(names) + "\n"
    sheet = book["outcomes"]
    refuses = {c.value.removesuffix(" *"): v.showErrorMessage for c in sheet[1]
               for v in sheet.data_validations.dataValidation
               if f"{c.column_letter}2" in str(v.sqref).split(":")}
    assert refuses["statistic"] and not refuses["outcome"]


def test_a_folder_that_bears_the_name_of_an_indication_belongs_to_it(folder):
    with (folder / "vocabularies.csv").open("a") as file:
        file.write(f"indication,{OTHER},,Other,Other\n")
    for table in TABLES:
        if table.folder == "indication":
            (folder / OTHER).mkdir(exist_ok=True)
            (folder / table.path(OTHER)).write_text(",".join(table.names) + "\n")
    out = _study(folder, IN_FOLDER)
    no = _import(out, folder, "--indication", OTHER)
    assert no.exit_code == 2 and f"belongs to {KNEE}" in no.stderr
    assert _import(out, folder).exit_code == 0
    unnamed = out.rename(out.with_name("some"))
    assert "--indication" in _import(unnamed, folder).stderr


def test_a_new_word_of_an_open_list_is_proposed_and_added(folder, tmp_path):
    row = _rows(folder, f"{KNEE}/outcomes.csv")[0] | {"outcome": "gait-speed", "instrument": ""}
    file = _table(tmp_path, "outcomes", row, row | {"outcome": "pain-vass"})
    before = _content(folder)
    asked = _call("import", file, "--data", folder, text="n\n")
    assert "+ outcome | gait-speed (outcomes.csv:2): a new word: complete label_en and label_zh " \
        "(Gait speed)" in asked.output
    assert "or is pain-vas meant?" in asked.output and _content(folder) == before
    done = _import(file, folder)
    assert done.exit_code == 0, done.output
    words = {(r["list"], r["value"]): r for r in _rows(folder, "vocabularies.csv")}
    assert words["outcome", "gait-speed"] == {
        "list": "outcome", "value": "gait-speed", "kind": "", "label_en": "Gait speed",
        "label_zh": "Gait speed"}
    assert "vocabularies.csv" in [r["file"] for r in _rows(folder, "changelog.csv")]
    assert _call("check", folder).exit_code == 0
    again = _import(file, folder)
    assert again.exit_code == 0 and "nothing to import" in again.output


def test_new_words_of_corrections_and_cells_with_several_are_proposed_too(folder, tmp_path):
    done = _corrected(folder, tmp_path,
                      _correction("arms.csv", "roe-2020|msc", "route", "",
                                  "intra-articular;by-mouth"))
    assert done.exit_code == 0 and "+ route | by-mouth (corrections.csv:2)" in done.output


def test_words_come_with_their_labels_and_closed_lists_stay_closed(folder, tmp_path):
    out = tmp_path / "words" / KNEE
    out.parent.mkdir()
    _table(out, "outcomes", _rows(folder, f"{KNEE}/outcomes.csv")[0] | {"outcome": "gait-speed"})
    word = {"list": "outcome", "value": "gait-speed", "label_en": "Speed of gait",
            "label_zh": "步速"}
    _table(out, "vocabularies", word)
    done = _import(out, folder)
    assert done.exit_code == 0 and "complete label_en" not in done.output, done.output
    assert _rows(folder, "vocabularies.csv")[-1]["label_en"] == "Speed of gait"
    before = _content(folder)
    _table(out, "vocabularies", word | {"list": "design", "value": "survey"})
    closed = _import(out, folder)
    assert closed.exit_code == 1 and "column list: design: words are not added" in closed.stderr
    (out / "vocabularies.csv").unlink()
    _table(out, "outcomes", *[_rows(folder, f"{KNEE}/outcomes.csv")[0] | cells for cells in (
        {"statistic": "slope"}, {"outcome": "Gait Speed"})])
    both = _import(out, folder)
    assert both.exit_code == 1 and _content(folder) == before
    assert "column statistic: slope" in both.stderr and "column outcome: Gait Speed" in both.stderr


def test_the_open_lists_are_those_of_the_protocol():
    text = (DATA / "PROTOCOL.md").read_text(encoding="utf-8")
    lists = {c.name: c.vocabulary for t in TABLES for c in t.columns if c.vocabulary}
    found = {lists[name] for name in re.findall(r"`(\w+)`\s*\([^)]*…[^)]*\)", text)
             if name in lists}
    assert "Another outcome may be added" in text
    assert found | {"outcome"} == set(OPEN_LISTS)
    section = text.split("## Words that may be added")[1].split("##")[0]
    assert {f"`{name}`" for name in OPEN_LISTS if name != "outcome"} <= set(
        re.findall(r"`\w+`", section))


def test_the_data_package_is_renewed_with_the_rows(folder, tmp_path):
    (folder / "datapackage.json").write_text("{}\n")
    row = _correction("studies.csv", "roe-2020", "country", "", "Iran")
    assert _corrected(folder, tmp_path, row).exit_code == 0
    found = (folder / "datapackage.json").read_bytes()
    assert _call("describe", "--data", folder).exit_code == 0
    assert (folder / "datapackage.json").read_bytes() == found != b"{}\n"


def test_an_optional_table_that_is_not_there_begins_with_its_header(folder, tmp_path):
    (folder / KNEE / "double_extraction.csv").unlink()
    file = _table(tmp_path, "double_extraction", {
        "study_id": "roe-2020", "arm_id": "msc", "outcome": "pain-vas", "timepoint_months": 6,
        "field": "mean", "first": 30, "second": 30, "source_id": "own"})
    done = _import(file, folder, "--indication", KNEE)
    assert done.exit_code == 0, done.output
    assert len(_rows(folder, f"{KNEE}/double_extraction.csv")) == 1
