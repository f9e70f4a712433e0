"""The table of a workbook: Excel's .xlsx by openpyxl, OpenDocument's .ods by its XML."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from ...data.problems import Problem
from .grid import Grid
from .opening import gridded, refused

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_WIDEST = 16384  # columns of a sheet; a repeated empty cell fills the rest of a row


def chosen(file: str, names: list[str], wanted: str | None, what: str) -> str:
    """The name that is asked for, or the only one.

    Raises
    ------
    DataError
        When there are several and none is asked for, or none of that name.
    """
    listed = ", ".join(names)
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names:
        return wanted
    if not names:
        raise refused(file, f"the file holds no {what}", f"one {what}")
    if wanted is None:
        raise refused(file, f"the file has several {what}s: {listed}",
                      "one of them by name: --sheet NAME")
    raise refused(file, f"the file has no {what} {wanted}", f"one of {listed}")


def xlsx(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The table of a sheet of an Excel workbook."""
    sheets = sheets_of(path, content)
    name = chosen(str(path), list(sheets), sheet, "sheet")
    return _table(path, sheets[name], name)


def tables(path: Path) -> dict[str, Grid]:
    """The tables of all sheets of a workbook, by name; that of a sheet with one row has no column.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    read = _sheets_of_ods if path.suffix.lower() == ".ods" else sheets_of
    sheets = read(path, path.read_bytes())
    out = {}
    for name, rows in sheets.items():
        filled = [(number, cells) for number, cells in rows if any(cells)]
        if len(filled) > 1:
            out[name] = _table(path, rows, name)
        else:
            (number, cells), = filled
            alone = Problem(str(path), number, "", " ".join(filter(None, cells)),
                            "the only row of the sheet", "a header with rows below it")
            out[name] = Grid(str(path), [], [], problems=(alone,))
    return out


def sheets_of(path: Path, content: bytes) -> dict[str, list[tuple[int, list[str]]]]:
    """The rows of each sheet of an Excel workbook that is not empty, as texts."""
    import warnings

    from openpyxl import load_workbook

    def read(values: bool) -> dict[str, list[list]]:
        book = load_workbook(io.BytesIO(content), data_only=values, read_only=True)
        return {page.title: list(page.iter_rows()) for page in book.worksheets}

    try:
        with warnings.catch_warnings():  # of styles and extensions, which no table needs
            warnings.simplefilter("ignore")
            pages = read(values=True)
            written = read(values=False) if _formulas(content) else pages
            sheets = {name: [(number, [_shown(_value(*pair)) for pair in zip(*cells, strict=True)])
                             for number, cells in enumerate(zip(rows, written[name], strict=True),
                                                            1)]
                      for name, rows in pages.items()}
    except (KeyError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise refused(str(path), f"this workbook cannot be read ({error})",
                      "a workbook of Excel, or its table as .csv") from None
    return {name: rows for name, rows in sheets.items() if any(any(c) for _, c in rows)}


def _formulas(content: bytes) -> bool:
    """Whether a workbook has formulas."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(re.search(rb"<(?:\w+:)?f[ >]", archive.read(name)) for name in archive.namelist()
                   if name.startswith("xl/worksheets/"))


def _value(cell, written):
    """The value of a cell; its formula, where the program that wrote it calculated none."""
    if cell.value is not None or cell.data_type == "str":  # a formula that gives an empty text
        return cell.value
    return getattr(written.value, "text", written.value)


def _shown(value) -> str:
    """A cell as text, whole numbers without a decimal part."""
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).strip()


def ods(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The table of a sheet of an OpenDocument workbook."""
    sheets = _sheets_of_ods(path, content)
    name = chosen(str(path), list(sheets), sheet, "sheet")
    return _table(path, sheets[name], name)


def _sheets_of_ods(path: Path, content: bytes) -> dict[str, list[tuple[int, list[str]]]]:
    """The rows of each sheet of an OpenDocument workbook (OASIS OpenDocument 1.3, part 3)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            tree = ElementTree.fromstring(archive.read("content.xml"))
    except (KeyError, RuntimeError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        raise refused(str(path), f"this workbook cannot be read ({error})",
                      "a workbook of OpenDocument, or its table as .csv") from None
    sheets = {}
    for table in tree.iter(f"{_TABLE}table"):
        rows = list(_rows(table))
        if any(any(cells) for _, cells in rows):
            sheets[table.get(f"{_TABLE}name", "")] = rows
    return sheets


def _rows(table: ElementTree.Element) -> Iterator[tuple[int, list[str]]]:
    """Rows of a sheet that hold something, with their numbers."""
    number = 0
    for row in table.iter(f"{_TABLE}table-row"):
        cells: list[str] = []
        for cell in row:
            times = min(int(cell.get(f"{_TABLE}number-columns-repeated", "1")), _WIDEST)
            cells += [_cell(cell)] * times
        while cells and not cells[-1]:
            cells.pop()
        number += 1
        if cells:
            yield number, cells
        number += int(row.get(f"{_TABLE}number-rows-repeated", "1")) - 1


def _cell(cell: ElementTree.Element) -> str:
    if cell.get(f"{_OFFICE}value-type") in ("float", "currency", "percentage"):
        return _shown(float(cell.get(f"{_OFFICE}value", "nan")))
    return "\n".join("".join(p.itertext()) for p in cell.iter(f"{_TEXT}p")).strip()


def _table(path: Path, rows: list[tuple[int, list[str]]], name: str) -> Grid:
    """Rows of unequal length as a table; those without anything are passed over."""
    filled = [(number, cells) for number, cells in rows if any(cells)]
    width = max(len(cells) for _, cells in filled)
    return gridded(str(path), [(number, [*cells, *[""] * (width - len(cells))])
                               for number, cells in filled], ".",
                   notes=(f"sheet {name}",))
