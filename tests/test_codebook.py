"""What tables and columns mean stands in a file with one row for each of them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from livingreview.__main__ import main
from livingreview.data import codebook, reads
from livingreview.data.tables import CORRECTIONS, TABLES


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A copy of the file, which is read in its place."""
    copy = tmp_path / "columns.csv"
    copy.write_bytes(codebook.FILE.read_bytes())
    monkeypatch.setattr(codebook, "FILE", copy)
    return copy


def test_every_table_and_column_has_a_meaning():
    for table in (*TABLES, CORRECTIONS):
        assert all(codebook.meaning(table.name, column) for column in ("", *table.names))
    assert codebook.unit("studies", "followup_months") == "months"
    assert codebook.unit("studies", "title") == ""


@pytest.mark.parametrize("old, new, said", [
    ("studies,title,,title of the report\n", "", "columns.csv: no row for studies, title"),
    ("arms,,,One row per arm of a study and per union of arms.\n", "",
     "columns.csv: no row for arms"),
    ("studies,title,", "studies,no_such,", "studies, no_such: no table has such a column"),
    ("studies,journal,", "studies,title,", "studies, title: a second row"),
    ("studies,title,,title of the report", "studies,title,, ", "studies, title: the meaning is"),
    ("title of the report", "title, of the report", "5 cells, expected 4"),
    ("unit,meaning", "meaning,unit", "columns.csv:1: table,column,meaning,unit: expected table"),
])
def test_a_row_that_is_missing_or_of_no_column_is_named(file, old, new, said):
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(codebook.CodebookError) as caught:
        codebook.meaning("outcomes", "mean")
    assert said in str(caught.value)


def test_describe_writes_nothing_from_a_file_that_is_wrong(file, data_copy):
    file.write_text(file.read_text("utf-8").replace("studies,title,", "studies,no_such,", 1),
                    "utf-8")
    before = {p: p.read_bytes() for p in data_copy.glob("*.*")}
    done = CliRunner().invoke(main, ["describe", "--data", str(data_copy)])
    assert done.exit_code == 1 and "no row for studies, title" in done.stderr
    assert {p: p.read_bytes() for p in data_copy.glob("*.*")} == before


def test_whoever_reads_a_meaning_depends_on_the_file():
    with reads.apart() as found:
        codebook.meaning("studies", "title")
    name, = found
    assert reads.module_digest(name) and (reads.PACKAGE / name.removeprefix(reads.MODULE)
                                          == codebook.FILE)
