"""Write the files that are made up here; those of R are written by make.R.

Run from this folder: ``python make.py``. Needs openpyxl and odfpy (1.4.1 was used), with which the
workbook of OpenDocument is written; the tests need no odfpy.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
STUDIES = ["Alder 2016", "Birch 2018", "Cédre 2019", "Dogwood 2021", "Elder 2022"]
MEANS = {
    "study": STUDIES,
    "m1": [31.2, 28.4, 40.1, 35.5, 22.9], "sd1": [12.5, 14.1, 16.2, 11.8, 13.3],
    "n1": [25, 41, 18, 60, 33],
    "m2": [38.9, 33.0, 42.7, 44.1, 31.4], "sd2": [13.0, 15.4, 15.1, 12.6, 12.2],
    "n2": [24, 39, 20, 58, 31]}
EVENTS = {
    "study": STUDIES, "e1": [4, 9, 3, 12, 5], "n1": [25, 41, 18, 60, 33],
    "e2": [7, 14, 2, 21, 9], "n2": [24, 39, 20, 58, 31]}


def rows(table: dict[str, list], names: list[str] | None = None) -> list[list]:
    """A table as rows, with other names in the header."""
    return [names or list(table), *map(list, zip(*table.values(), strict=True))]


def xlsx(path: Path) -> None:
    """A workbook with three sheets, of which one is a title page."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Read me"
    book.active.append(["Trials that are made up"])
    for title, table in (("Pain", rows(MEANS)), ("Events", rows(EVENTS))):
        sheet = book.create_sheet(title)
        for row in table:
            sheet.append(row)
    book.create_sheet("Empty")
    book.save(path)


def ods(path: Path) -> None:
    """A workbook of OpenDocument with one sheet and a blank row in it."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="Pain")
    document.spreadsheet.addElement(table)
    for i, values in enumerate(rows(MEANS)):
        row = TableRow()
        for value in values:
            kind = {"valuetype": "string"} if isinstance(value, str) else {
                "valuetype": "float", "value": str(value)}
            cell = TableCell(**kind)
            cell.addElement(P(text=str(value)))
            row.addElement(cell)
        row.addElement(TableCell(numbercolumnsrepeated="1000"))
        table.addElement(row)
        if i == 2:
            blank = TableRow(numberrowsrepeated="2")
            blank.addElement(TableCell(numbercolumnsrepeated="1000"))
            table.addElement(blank)
    document.save(str(path))


def omv(path: Path, program: str, text_as: str) -> None:
    """An archive of jamovi, or of JASP before 0.18, with labels or strings for the studies."""
    fields, data, strings = [], b"", b""
    for name, values in MEANS.items():
        if name == "study":
            fields.append({"name": name, "type": text_as, "dataType": "Text", "measureType":
                           "ID" if text_as == "string" else "Nominal", "columnType": "Data"})
            for i, value in enumerate(values):
                data += struct.pack("<i", len(strings) if text_as == "string" else i)
                strings += value.encode() + b"\0"
        elif isinstance(values[0], float):
            fields.append({"name": name, "type": "number", "columnType": "Data"})
            data += struct.pack(f"<{len(values)}d", *values)
        else:
            fields.append({"name": name, "type": "integer", "columnType": "Data"})
            data += struct.pack(f"<{len(values)}i", *values)
    labels = {"study": {"labels": [[i, name, name, False] for i, name in enumerate(STUDIES)]}}
    meta = {"dataSet": {"rowCount": len(STUDIES), "columnCount": len(fields), "fields": fields}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nCreated-By: {program}\n")
        archive.writestr("metadata.json", json.dumps(meta))
        archive.writestr("xdata.json", json.dumps(labels if text_as == "integer" else {}))
        archive.writestr("data.bin", data)
        if text_as == "string":
            archive.writestr("strings.bin", strings)


def jasp(path: Path) -> None:
    """An archive of JASP 0.18 and later, by the tables of its database."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "internal.sqlite"
        base = sqlite3.connect(file)
        base.execute("CREATE TABLE DataSets (id INTEGER PRIMARY KEY, dataFilePath TEXT)")
        base.execute("INSERT INTO DataSets VALUES (1, 'trials.csv')")
        base.execute("CREATE TABLE Columns (id INTEGER PRIMARY KEY, dataSet INT, name TEXT, "
                     "columnType TEXT, colIdx INT)")
        base.execute("CREATE TABLE Labels (id INTEGER PRIMARY KEY, columnId INT, value INT, "
                     "ordering INT, label TEXT)")
        base.execute("CREATE TABLE DataSet_1 (rowNumber INTEGER PRIMARY KEY)")
        base.executemany("INSERT INTO DataSet_1 VALUES (?)", [(i,) for i in range(1, 6)])
        for key, (name, values) in enumerate(MEANS.items(), 1):
            kind = "nominal" if name == "study" else "scale"
            base.execute("INSERT INTO Columns VALUES (?, 1, ?, ?, ?)", (key, name, kind, key - 1))
            base.execute(f"ALTER TABLE DataSet_1 ADD Column_{key}_DBL REAL NULL")
            base.execute(f"ALTER TABLE DataSet_1 ADD Column_{key}_INT INT NULL")
            for i, value in enumerate(values, 1):
                if kind == "nominal":
                    base.execute("INSERT INTO Labels (columnId, value, ordering, label) "
                                 "VALUES (?, ?, ?, ?)", (key, i, i, value))
                column, stored = ("INT", i) if kind == "nominal" else ("DBL", value)
                base.execute(f"UPDATE DataSet_1 SET Column_{key}_{column} = ? WHERE rowNumber = ?",
                             (stored, i))
        base.commit()
        base.close()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(file, "internal.sqlite")
            archive.writestr("analyses.json", "{}")


def main() -> None:
    """Write every file."""
    xlsx(HERE / "workbook.xlsx")
    ods(HERE / "pain.ods")
    omv(HERE / "labels.omv", "jamovi 2.6", "integer")
    omv(HERE / "strings.omv", "jamovi 2.6", "string")
    omv(HERE / "older.jasp", "JASP 0.16", "integer")
    jasp(HERE / "newer.jasp")


if __name__ == "__main__":
    main()
