"""The workbook of a study that is to be written down: sheets, lists of words, remarks."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from ..data.codebook import meaning
from ..data.dataset import Dataset
from ..data.own_names import OwnNames
from ..data.tables import OPEN_LISTS, Table
from .template import INDICATION, LISTS, README, REQUIRED, RULES, TABLES, Rows, describe

_ROWS = 1000  # rows to which the lists of words apply
_WORKBOOK = (*RULES, "A column whose name ends in * must be filled.",
             "Then: python -m livingreview import FILE")


def _lists(book: Workbook, data: Dataset) -> dict[str, str]:
    """The sheet with the allowed words, and the cells of each list."""
    names = dict.fromkeys(c.vocabulary for t in TABLES for c in t.columns if c.vocabulary)
    sheet, cells, own = book.create_sheet(LISTS), {}, data.names.own
    for position, name in enumerate(names, 1):
        words = data.words(name)
        letter = get_column_letter(position)
        sheet.cell(1, position, own.list(name)).font = Font(bold=True)
        for row, word in enumerate(words, 2):
            sheet.cell(row, position, own.word(name, word))
        if words:
            cells[name] = f"{LISTS}!${letter}$2:${letter}${len(words) + 1}"
    return cells


def _table_sheet(book: Workbook, table: Table, lists: dict[str, str],
                 rows: Iterable[Mapping[str, str]], names: OwnNames) -> None:
    """A sheet with the header of a table, its remarks, its lists of words, and what is known."""
    sheet, own = book.create_sheet(table.name), names.own
    sheet.freeze_panes = "A2"
    for position, column in enumerate(table.columns, 1):
        letter, name = get_column_letter(position), own.column(table, column.name)
        head = sheet.cell(1, position, name + REQUIRED * column.required)
        head.font = Font(bold=column.required)
        head.fill = PatternFill("solid", start_color="DDE6EE" if column.required else "F3F3F3")
        head.comment = Comment(describe(table, column, names), "template", width=320, height=110)
        whole = sheet.column_dimensions[letter]
        whole.width = max(12, len(name) + 3)
        whole.number_format = "@"  # text: a spreadsheet then leaves 1-2 and 2020-01 alone
        if column.vocabulary in lists:
            choice = DataValidation("list", lists[column.vocabulary], allow_blank=True)
            # Neither several words in a cell nor a word to be added is one of the list.
            choice.showErrorMessage = not column.many and column.vocabulary not in OPEN_LISTS
            choice.error = f"Choose a word of the list {own.list(column.vocabulary)}."
            sheet.add_data_validation(choice)
            choice.add(f"{letter}2:{letter}{_ROWS}")
    for line, row in enumerate(rows, 2):
        said = own.row(table, row)
        for position, name in enumerate(own.header(table, table.names), 1):
            if said.get(name):
                cell = sheet.cell(line, position, said[name])
                cell.data_type, cell.number_format = "s", "@"  # text, also where it begins with =


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
            guide.append([table.name, data.names.own.column(table, column.name),
                          "required" if column.required else "",
                          describe(table, column, data.names)])
    guide.column_dimensions["A"].width = guide.column_dimensions["B"].width = 26
    choice = DataValidation("list", f'"{",".join(data.indications)}"', allow_blank=True)
    if len(choice.formula1) <= 255:  # the format allows no more without a sheet of its own
        guide.add_data_validation(choice)
        choice.add("B1")
    lists = _lists(book, data)
    for table in TABLES:
        _table_sheet(book, table, lists, (filled or {}).get(table.name, ()), data.names)
    book.move_sheet(LISTS, len(TABLES))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
