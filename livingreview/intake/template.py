"""A workbook, or folder of tables, in which a study is written down."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from ..data.codebook import meaning, unit
from ..data.dataset import Dataset
from ..data.tables import BY_NAME, OPEN_LISTS, Column, Table

# What a study is described by, in the order in which it is written down, and what others pooled.
TABLES = tuple(BY_NAME[name] for name in (
    "sources", "studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias",
    "published_syntheses"))
README, LISTS = "README", "lists"  # sheets that hold no data
GUIDE_FILE = "README.txt"  # of a folder
INDICATION = "Indication"  # label of the cell, or line, that says where the rows belong
REQUIRED = " *"  # follows the name of a column that must be filled
Rows = Mapping[str, Iterable[Mapping[str, str]]]  # what is known already, by table
_ROWS = 1000  # rows to which the lists of words apply
_RULES = (
    "Fill one row per study, arm, outcome and visit, and name the source of each row.",
    "An empty cell means: not stated. Never fill a gap by inference.",
    "Several values in one cell are separated by ; where the remark of the column allows them.",
    "Dates are written as YYYY-MM-DD, decimals with a point.",
)
_WORKBOOK = (*_RULES, "A column whose name ends in * must be filled.",
             "Then: python -m livingreview import FILE")
_FOLDER = (*_RULES, "A column that is called required below must be filled.",
           "The words of each list are in the file vocabularies.csv of the data folder; "
           f"{', '.join(OPEN_LISTS)} are open, all others closed.",
           "Then: python -m livingreview import FOLDER")


def describe(table: Table, column: Column) -> str:
    """What a column holds, for the one who fills it."""
    counted = unit(table.name, column.name)
    parts = [meaning(table.name, column.name), f"unit: {counted}" if counted else "",
             "required" if column.required else "", "several values, separated by semicolons"
             if column.many else "", f"words of the list {column.vocabulary}"
             if column.vocabulary else f"type: {column.type}"]
    return "; ".join(part for part in parts if part)


def _lists(book: Workbook, data: Dataset) -> dict[str, str]:
    """The sheet with the allowed words, and the cells of each list."""
    names = dict.fromkeys(c.vocabulary for t in TABLES for c in t.columns if c.vocabulary)
    sheet, cells = book.create_sheet(LISTS), {}
    for position, name in enumerate(names, 1):
        words = data.words(name)
        letter = get_column_letter(position)
        sheet.cell(1, position, name).font = Font(bold=True)
        for row, word in enumerate(words, 2):
            sheet.cell(row, position, word)
        if words:
            cells[name] = f"{LISTS}!${letter}$2:${letter}${len(words) + 1}"
    return cells


def _table_sheet(book: Workbook, table: Table, lists: dict[str, str],
                 rows: Iterable[Mapping[str, str]]) -> None:
    """A sheet with the header of a table, its remarks, its lists of words, and what is known."""
    sheet = book.create_sheet(table.name)
    sheet.freeze_panes = "A2"
    for position, column in enumerate(table.columns, 1):
        letter = get_column_letter(position)
        head = sheet.cell(1, position, column.name + REQUIRED * column.required)
        head.font = Font(bold=column.required)
        head.fill = PatternFill("solid", start_color="DDE6EE" if column.required else "F3F3F3")
        head.comment = Comment(describe(table, column), "template", width=320, height=110)
        whole = sheet.column_dimensions[letter]
        whole.width = max(12, len(column.name) + 3)
        whole.number_format = "@"  # text: a spreadsheet then leaves 1-2 and 2020-01 alone
        if column.vocabulary in lists:
            choice = DataValidation("list", lists[column.vocabulary], allow_blank=True)
            # Neither several words in a cell nor a word to be added is one of the list.
            choice.showErrorMessage = not column.many and column.vocabulary not in OPEN_LISTS
            choice.error = f"Choose a word of the list {column.vocabulary}."
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{_ROWS}")
    for line, row in enumerate(rows, 2):
        for position, name in enumerate(table.names, 1):
            if row.get(name):
                cell = sheet.cell(line, position)
                cell.set_explicit_value(row[name])  # text, also where it begins as a formula
                cell.number_format = "@"


def workbook(data: Dataset, indication: str = "", filled: Rows | None = None) -> bytes:
    """A workbook with a sheet for each table, the allowed words and a guide.

    Parameters
    ----------
    data : Dataset
        Its vocabularies are the lists.
    indication : str, optional
        Where the rows belong; the one who fills it may write it in.
    filled : mapping of str to iterable of mapping, optional
        Rows of tables that are known already.
    """
    book = Workbook()
    guide = book.active
    guide.title = README
    guide.append([INDICATION, indication])
    guide.append([])
    for line in _WORKBOOK:
        guide.append([line])
    guide.append([])
    guide.append(["Sheet", "What it holds"])
    for table in TABLES:
        guide.append([table.name, meaning(table.name)])
    guide.append([])
    guide.append(["Sheet", "Column", "Required", "What it holds"])
    for table in TABLES:
        for column in table.columns:
            guide.append([table.name, column.name, "required" if column.required else "",
                          describe(table, column)])
    guide.column_dimensions["A"].width = guide.column_dimensions["B"].width = 26
    choice = DataValidation("list", f'"{",".join(data.indications)}"', allow_blank=True)
    if len(choice.formula1) <= 255:  # the format allows no more without a sheet of its own
        guide.add_data_validation(choice)
        choice.add("B1")
    lists = _lists(book, data)
    for table in TABLES:
        _table_sheet(book, table, lists, (filled or {}).get(table.name, ()))
    book.move_sheet(LISTS, len(TABLES))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def write_workbook(data: Dataset, out: Path, indication: str = "", filled: Rows | None = None
                   ) -> None:
    """Write the workbook; a file that is there is refused."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("xb") as file:
        file.write(workbook(data, indication, filled))


def write_folder(out: Path, indication: str = "", filled: Rows | None = None) -> None:
    """Write a CSV file of each table and a guide; a folder that holds anything is refused.

    Parameters
    ----------
    out : Path
    indication : str, optional
        Where the rows belong; the one who fills the tables may write it in.
    filled : mapping of str to iterable of mapping, optional
        Rows of tables that are known already; the others are empty.

    Raises
    ------
    FileExistsError
    """
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(17, "the folder is not empty", str(out))
    for table in TABLES:
        with (out / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, table.names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows((filled or {}).get(table.name, ()))
    columns = [f"{t.name}.csv, {c.name}: {describe(t, c)}" for t in TABLES for c in t.columns]
    (out / GUIDE_FILE).write_text("\n".join(
        [f"{INDICATION}: {indication}".rstrip(), "", *_FOLDER, "", *columns, ""]),
        encoding="utf-8")
