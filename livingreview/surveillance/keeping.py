"""Tables of surveillance are written as a whole: examined first, then put in their places."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..data.dataset import Dataset
from ..data.reading import Problem
from ..data.tables import BY_NAME
from ..intake.files import examined_with, put
from ..site.versioned import datapackage_json


class KeepingError(Exception):
    """Rows that are not valid, with every problem; nothing was written."""

    def __init__(self, problems: Iterable[Problem]):
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def cell(value: object) -> str:
    """A value as a table has it."""
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        return ";".join(map(str, value))
    return str(value)


def rows_of(data: Dataset, name: str) -> list[dict]:
    """The rows of a table of surveillance as dictionaries that may be changed."""
    columns = BY_NAME[name].names
    return [{c: row[c] for c in columns} for row in data.records(name)]


def content_of(name: str, rows: Iterable[Mapping]) -> bytes:
    """A table as a file."""
    columns, text = BY_NAME[name].names, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(row.get(c)) for c in columns] for row in rows)
    return text.getvalue().encode()


def keep(data: Dataset, tables: Mapping[str, Iterable[Mapping]]) -> Dataset:
    """Replace tables of surveillance, all or none, and have the data package describe them.

    Parameters
    ----------
    data : Dataset
    tables : mapping of str to iterable of mapping
        All rows that each table is to have, by its name.

    Returns
    -------
    Dataset
        The data as they are now; the same object when no byte changes.

    Raises
    ------
    KeepingError
        When a row is not valid; nothing is written then.
    OSError
        When a file cannot be written; all are as they were.
    """
    files = {BY_NAME[name].path(): content_of(name, rows) for name, rows in tables.items()}
    files = {path: content for path, content in files.items()
             if not (data.folder / path).exists()
             or (data.folder / path).read_bytes() != content}
    if not files:
        return data
    after = replace(examined_with(data, files), folder=data.folder)
    if errors := [p for p in after.problems if p.level == "error"]:
        raise KeepingError(errors)
    if (data.folder / "datapackage.json").is_file():
        files["datapackage.json"] = datapackage_json(after).encode()
    put(data.folder, files)
    return after
