"""The table of a file of a statistics program: R, Stata, SPSS, jamovi, JASP.

jamovi's and JASP's archives are read by what their sources say of them (``server/formatio/omv.py``
of jamovi, ``CommonData/internalDbDefinition.sql`` of jasp-desktop); the others by pyreadr and
pyreadstat.
"""

from __future__ import annotations

import io
import json
import math
import re
import sqlite3
import struct
import tempfile
import warnings
import zipfile
from importlib import import_module
from pathlib import Path

from .grid import Grid
from .opening import gridded, refused
from .workbooks import chosen

_ABSENT = -(2**31)  # of whole numbers and of labels in jamovi and JASP


def _library(name: str, path: Path, what: str):
    """A reader that need not be installed."""
    try:
        return import_module(name)
    except ImportError:
        raise refused(str(path), f"this is data of {what}, and the package {name} that reads it is "
                      "not installed", f"`pip install {name}`, or the table as .csv") from None


def _text(value) -> str:
    """A value as text, and nothing for one that is not there."""
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value).strip()


def _of_frame(path: Path, frame, note: str) -> Grid:
    """A table of pandas; the first row of data is row 2, as in a text file."""
    if not len(frame.columns):
        raise refused(str(path), "the table has no columns", "a table of trials")
    records = [(1, list(map(str, frame.columns)))]
    records += [(i, list(map(_text, row)))
                for i, row in enumerate(frame.astype(object).itertuples(index=False), 2)]
    return gridded(str(path), records, ".", notes=(note,) if note else ())


def r(path: Path, content: bytes, sheet: str | None) -> Grid:
    """A data frame of R's .rds or .rda, metafor's effects among them."""
    pyreadr = _library("pyreadr", path, "R")
    try:
        with warnings.catch_warnings():  # of lists, which it passes over
            warnings.simplefilter("ignore")
            found = pyreadr.read_r(str(path))
    except Exception as error:  # noqa: BLE001 - the reader has one error of its own for each cause
        raise refused(str(path), f"these data of R cannot be read ({error})",
                      "a data frame, as saveRDS(as.data.frame(x), file) writes it") from None
    # a vector is a table with one column without a name
    tables = {str(name or path.stem): frame for name, frame in found.items()
              if list(frame.columns) != [None]}
    name = chosen(str(path), list(tables), sheet, "data frame")
    frame = tables[name]
    return _of_frame(path, frame, f"data frame {name}")


def stata(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The data of a .dta file."""
    return _of_readstat(path, sheet, "read_dta", "Stata")


def spss(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The data of a .sav file."""
    return _of_readstat(path, sheet, "read_sav", "SPSS")


def _of_readstat(path: Path, sheet: str | None, function: str, what: str) -> Grid:
    pyreadstat = _library("pyreadstat", path, what)
    try:
        frame, _ = getattr(pyreadstat, function)(str(path), apply_value_formats=True,
                                                 output_format="pandas")
    except Exception as error:  # noqa: BLE001 - as above
        raise refused(str(path), f"these data of {what} cannot be read ({error})",
                      f"a file that {what} saved") from None
    chosen(str(path), [path.stem], sheet, "table")
    return _of_frame(path, frame, "")


def omv(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The data of jamovi's .omv, and of JASP's older .jasp, which has the same members."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            table = json.loads(archive.read("metadata.json"))["dataSet"]
            names = archive.namelist()
            labels = json.loads(archive.read("xdata.json")) if "xdata.json" in names else {}
            data = archive.read("data.bin")
            strings = archive.read("strings.bin") if "strings.bin" in names else b""
        columns, at, count = {}, 0, table["rowCount"]
        for place in table["fields"]:
            wide = place.get("type") == "number"
            values = struct.unpack_from(f"<{count}{'d' if wide else 'i'}", data, at)
            at += count * (8 if wide else 4)
            if place.get("columnType") != "Filter":
                columns[place["name"]] = _values(place, values, labels, strings)
    except (KeyError, ValueError, TypeError, struct.error, zipfile.BadZipFile) as error:
        raise refused(str(path), f"the data in this file cannot be read ({error})",
                      "a file that jamovi or JASP saved, or its table as .csv") from None
    chosen(str(path), [path.stem], sheet, "table")
    return _of_columns(path, columns, count)


def _values(place: dict, values: tuple, labels: dict, strings: bytes) -> list[str]:
    """The texts of one column of jamovi."""
    if place.get("type") == "number":
        return ["" if math.isnan(value) else _text(value) for value in values]
    if place.get("type") == "string":
        return ["" if at == _ABSENT else strings[at:].split(b"\0", 1)[0].decode()
                for at in values]
    known = {label[0]: str(label[1]) for label in labels.get(place["name"], {}).get("labels", ())}
    return ["" if value == _ABSENT else known.get(value, str(value)) for value in values]


def _of_columns(path: Path, columns: dict[str, list[str]], count: int) -> Grid:
    if not columns or not count:
        raise refused(str(path), "the file holds no data", "a table of trials")
    rows = [(i, list(cells)) for i, cells in enumerate(zip(*columns.values(), strict=True), 2)]
    return gridded(str(path), [(1, list(columns)), *rows], ".")


def jasp(path: Path, content: bytes, sheet: str | None) -> Grid:
    """The data of a .jasp file of JASP 0.18 or later: an SQLite database in an archive."""
    try:
        with (zipfile.ZipFile(io.BytesIO(content)) as archive,
              tempfile.TemporaryDirectory(prefix="livingreview-jasp-") as folder):
            file = Path(folder) / "internal.sqlite"
            file.write_bytes(archive.read("internal.sqlite"))
            base = sqlite3.connect(file)
            try:
                sets = [str(row[0]) for row in base.execute("SELECT id FROM DataSets ORDER BY id")]
                columns = _of_database(base, chosen(str(path), sets, sheet, "data set"))
            finally:
                base.close()
    except (sqlite3.Error, zipfile.BadZipFile, OSError) as error:
        raise refused(str(path), f"the data in this file cannot be read ({error})",
                      "a file that JASP saved, or its table as .csv") from None
    return _of_columns(path, columns, max(map(len, columns.values()), default=0))


def _of_database(base: sqlite3.Connection, number: str) -> dict[str, list[str]]:
    """The columns of a data set: numbers as they are, labels where a column has them."""
    table = f"DataSet_{int(number)}"
    stored = {row[1] for row in base.execute(f"PRAGMA table_info({table})")}
    out = {}
    for key, name, kind in base.execute(
            "SELECT id, name, columnType FROM Columns WHERE dataSet = ? ORDER BY colIdx",
            (int(number),)).fetchall():
        prefix = next((found[1] for column in sorted(stored)
                       if (found := re.fullmatch(rf"(\w*_{key})_DBL", column))), None)
        if prefix is None:
            continue
        labels = dict(base.execute("SELECT value, label FROM Labels WHERE columnId = ?", (key,)))
        rows = base.execute(f"SELECT {prefix}_DBL, {prefix}_INT FROM {table} ORDER BY rowNumber")
        out[name] = [_labelled(*row, None if kind == "scale" else labels) for row in rows]
    return out


def _labelled(number: float | None, whole: int | None, labels: dict | None) -> str:
    """A cell of JASP: a number of a scale; else a label, or the whole number without one."""
    if labels and whole in labels:
        return str(labels[whole])
    if number is not None:
        return "" if math.isnan(number) else _text(number)
    return "" if labels is None or whole in (None, _ABSENT) else str(whole)
