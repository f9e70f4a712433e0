"""Read what comes from outside: a workbook in our template, a CSV table, or a folder of them."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ..data.own_names import NONE, OwnNames
from ..data.problems import DataError
from ..data.reading import MARKS, utf16
from ..data.tables import BY_NAME, Table
from .incoming import IntakeError, Row, named_rows, separated, table_called
from .template import GUIDE_FILE, INDICATION, LISTS, README, REQUIRED

SUFFIXES = (".xlsx", ".csv", ".zip", ".rm5")  # of the kinds of files that are taken
# Of those that are taken by a map.
MAPPED = (".csv", ".tsv", ".txt", ".xlsx", ".ods", ".omv", ".jasp", ".rds", ".rda", ".rdata",
          ".dta", ".sav")


@dataclass(frozen=True)
class Opened:
    """Rows of a file or folder.

    Attributes
    ----------
    rows : list of Row
    indication : str
        Where they belong, if the file says so.
    """

    rows: list[Row]
    indication: str = ""


def opened(file: Path, table: str = "", names: OwnNames = NONE) -> Opened:
    """The rows of a workbook, of a CSV file, or of a folder of CSV files.

    Parameters
    ----------
    file : Path
    table : str, optional
        Table of a CSV file; that which the file is named after, where it is left out.
    names : OwnNames, optional
        What the review calls columns.

    Raises
    ------
    IntakeError
        With everything that is wrong with its form.
    """
    if file.is_dir():
        return _folder(file, names)
    if file.suffix.lower() == ".xlsx":
        return _workbook(file, names)
    if file.suffix.lower() == ".csv":
        _only_text(file)
        return Opened(csv_rows(file.read_bytes(), table_called(table or file.stem, file.name),
                               file.name, names))
    raise refusal(file)


def _only_text(file: Path) -> None:
    """Refuse a file that is no text, by what it is."""
    from .poolfile.opening import kind_of

    try:
        kind = kind_of(file)
    except DataError as error:
        raise IntakeError([f"{file.name}: {p.wrong}: expected a table as CSV"
                           for p in error.problems]) from error
    if kind != "text":
        raise IntakeError([f"{file.name}: this is no text, by its content it is .{kind}: expected "
                           "a table as CSV, or the right suffix"])


def takes(file: Path) -> bool:
    """Whether a file is of a kind that is taken, by its name."""
    return file.is_dir() or file.suffix.lower() in SUFFIXES


def refusal(file: Path) -> IntakeError:
    """Why a file of another kind is not taken."""
    return IntakeError([f"{file.name}: expected a workbook (.xlsx), a table (.csv), a folder of "
                        "tables, a package (.zip) or a review of RevMan 5 (.rm5)"], 2)


def csv_records(content: bytes, name: str) -> Iterator[tuple[int, list[str]]]:
    """Records of a CSV file with the line on which each begins.

    Raises
    ------
    IntakeError
        When the text is not UTF-8 or a quote is broken.
    """
    if found := utf16(content):
        raise IntakeError([f"{name}: the text is {found}, expected UTF-8"])
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 1
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1
    except UnicodeDecodeError as error:
        row = content[:error.start].count(b"\n") + 1
        raise IntakeError([f"{name}:{row}: the text is not UTF-8"]) from error
    except csv.Error as error:
        if line == 1 and (found := divided_by(text)):  # quoted fields, divided by something else
            raise IntakeError([separated(found, f"{name}:1")]) from error
        raise IntakeError([f"{name}:{line}: broken quoting in this record ({error})"]) from error


def divided_by(text: str) -> str:
    """What divides the quoted fields of a header; empty where it is the comma, or unclear."""
    head = text.splitlines()[0] if text else ""
    for mark, words in MARKS:
        try:
            if len(next(csv.reader([head], delimiter=mark, strict=True), [])) > 1:
                return words
        except csv.Error:
            continue
    return ""


def csv_rows(content: bytes, table: Table, name: str, names: OwnNames = NONE) -> list[Row]:
    """The rows of a CSV table."""
    records = list(csv_records(content, name))
    if not records:
        raise IntakeError([f"{name}:1: the file is empty"])
    return named_rows(table, records[0][1], records[1:], lambda number: f"{name}:{number}",
                      names)


def _folder(folder: Path, names: OwnNames) -> Opened:
    """The rows of a folder of CSV files, each named after its table."""
    order = list(BY_NAME)
    files = sorted((path for path in folder.iterdir() if path.suffix.lower() == ".csv"), key=lambda
                   path: (order.index(path.stem) if path.stem in order else -1, path.name))
    if not files:
        raise IntakeError([f"{folder}: no CSV file in this folder"])
    rows, problems, name = [], [], folder.absolute().name
    for file in files:
        place = f"{name}/{file.name}"
        try:
            rows += csv_rows(file.read_bytes(), table_called(file.stem, place), place,
                             names)
        except IntakeError as error:
            problems += error.problems
    if problems:
        raise IntakeError(problems)
    guide = folder / GUIDE_FILE
    text = guide.read_text(encoding="utf-8", errors="replace") if guide.is_file() else ""
    said = re.match(rf"{INDICATION}:(.*)", text)
    return Opened(rows, said[1].strip() if said else "")


def _workbook(file: Path, names: OwnNames) -> Opened:
    """The rows of a workbook in our template."""
    from openpyxl import load_workbook  # slow to load, and tables need it not
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise IntakeError([f"{file.name}: this is no workbook ({error})"]) from error
    rows, problems, indication = [], [], ""
    for sheet in book.worksheets:
        if sheet.title == LISTS:
            continue
        if sheet.title == README:
            indication = _text(sheet["B1"].value) if sheet["A1"].value == INDICATION else ""
            continue
        try:
            rows += _sheet(file.name, sheet, names)
        except IntakeError as error:
            problems += error.problems
    if problems:
        raise IntakeError(problems)
    return Opened(rows, indication)


def _sheet(name: str, sheet, names: OwnNames) -> list[Row]:
    """The rows of one sheet."""
    def place(number: int) -> str:
        return f"{name}, sheet {sheet.title}, row {number}"

    table = table_called(sheet.title, f"{name}, sheet {sheet.title}")
    header, records, problems = None, [], []
    for number, cells in enumerate(sheet.iter_rows(), 1):
        texts = [_text(cell.value) for cell in cells]
        if header is None:
            header = [text.removesuffix(REQUIRED).strip() for text in texts]
            while header and not header[-1]:
                header.pop()
            continue
        for cell in cells:
            if cell.data_type in ("f", "e"):
                what = "a formula" if cell.data_type == "f" else "an error of the spreadsheet"
                problems.append(f"{place(number)}, cell {cell.coordinate}: {cell.value}: {what}, "
                                "expected its value as text or number")
        records.append((number, texts))
    if problems:
        raise IntakeError(problems)
    if not header:
        return []
    return named_rows(table, header, records, place, names)


def _text(value) -> str:
    """A cell as the tables hold it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if not any(value.timetuple()[3:6]) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
