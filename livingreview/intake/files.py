"""Files of a data folder: rows are appended to them, and several take their places together."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..data.dataset import Dataset, examine
from ..data.own_names import NONE, OwnNames
from ..data.tables import Table
from .opening import csv_records

_FIELD = re.compile(r'"(?:[^"]|"")*"|[^,\r\n]*')
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?")


def same(table: Table, name: str, text: str) -> object:
    """A cell to compare: 6 and 6.0 are one visit."""
    if table.column(name).type in ("number", "integer") and _NUMBER.fullmatch(text):
        return float(text)
    return text


def empty(table: Table, names: OwnNames) -> bytes:
    """The file of a table without rows."""
    return (",".join(names.own.header(table, table.names)) + "\n").encode()


class CsvFile:
    """A table of a folder, in which cells are corrected and to which rows are appended.

    All else in it stays to the last byte.

    Parameters
    ----------
    folder : Path
    path : str
        Below the folder; an optional table that is not there is its header.
    table : Table
    names : OwnNames, optional
        What the review's files call columns and words; all but the bytes has the package's names.

    Attributes
    ----------
    header : list of str
    rows : list of (int, dict)
        The line and the cells of each row.
    known : dict
        The same by key, of rows with one key the first.
    """

    def __init__(self, folder: Path, path: str, table: Table, names: OwnNames = NONE):
        self.table, self.path, self._names = table, path, names
        self._read((folder / path).read_bytes() if (folder / path).exists() else
                   empty(table, names))

    def _read(self, content: bytes) -> None:
        self.content = content
        records = list(csv_records(content, self.path))
        there = self._names.package
        self.header = there.header(self.table, records[0][1])
        self.rows = [(line, there.row(self.table, dict(zip(self.header, cells, strict=True))))
                     for line, cells in records[1:]]
        self.known: dict[tuple, tuple[int, dict[str, str]]] = {}
        for line, values in self.rows:
            self.known.setdefault(self.key_of(values), (line, values))

    def key_of(self, values: Mapping[str, str]) -> tuple:
        """By what two rows are one; all their cells, where the table has no key."""
        return tuple(same(self.table, name, values.get(name, ""))
                     for name in self.table.key or self.table.names)

    def _own(self, values: Mapping[str, str]) -> dict[str, str]:
        """Cells as the files say them, by the package's columns."""
        return dict(zip(values, self._names.own.row(self.table, values).values(), strict=True))

    def correct(self, cells: Mapping[int, Mapping[str, str]]) -> dict[int, int]:
        """Put values in cells, by the line of the row and by column.

        Returns
        -------
        dict of int to int
            The line of each row now, by its line before: line ends in cells come and go.
        """
        lines = io.StringIO(self.content.decode(), newline="").readlines()
        starts = [line for line, _ in self.rows]
        ends = dict(zip(starts, [*starts[1:], len(lines) + 1], strict=True))
        known = dict(self.rows)
        for line, changed in cells.items():
            values = self._own({**known[line], **changed})
            record = "".join(lines[line - 1:ends[line] - 1])
            lines[line - 1:ends[line] - 1] = [
                _with_cells(record, [
                    values[name] if name in changed else None for name in self.header]),
                *[""] * (ends[line] - line - 1)]  # the lines below keep their places in the list
        self._read("".join(lines).encode())
        return dict(zip(starts, (line for line, _ in self.rows), strict=True))

    def appended(self, rows: Sequence[Mapping[str, str]]) -> tuple[bytes, list[int]]:
        """The content with rows behind it, and the line on which each begins."""
        end = b"\r\n" if b"\r\n" in self.content[:5000] else b"\n"
        content = self.content if self.content.endswith(b"\n") else self.content + end
        lines = []
        for values in rows:
            lines.append(content.count(b"\n") + 1)
            text, own = io.StringIO(), self._own(values)
            csv.writer(text, lineterminator=end.decode()).writerow(
                [own.get(name, "") for name in self.header])
            content += text.getvalue().encode()
        return content, lines


def _with_cells(record: str, values: list[str | None]) -> str:
    """The text of a record with some cells replaced; the others as they are written."""
    fields, at = [], 0
    for value in values:
        found = _FIELD.match(record, at)
        text = io.StringIO()
        # what ends lines is quoted; a second cell, so that an empty one has no quotes
        csv.writer(text, lineterminator="\r\n").writerow([value, ""])
        fields.append(found[0] if value is None else text.getvalue().removesuffix(",\r\n"))
        at = found.end() + 1  # behind the comma
    return ",".join(fields) + record[at - 1:]


def examined_with(data: Dataset, files: Mapping[str, bytes]) -> Dataset:
    """A data folder as it would be with other files, examined in a copy."""
    with tempfile.TemporaryDirectory(prefix="livingreview-copy-") as temporary:
        copy = Path(temporary)
        for path in data.digests:
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data.folder / path, copy / path)
        for path, content in files.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_bytes(content)
        return examine(copy)


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Put files in their places: all of them, or after an error none.

    Each is written beside its place first.

    Parameters
    ----------
    folder : Path
    files : mapping of str to bytes
        By path below the folder.

    Raises
    ------
    OSError
        When one cannot be written; all are as they were.
    """
    before = {path: (folder / path).read_bytes() if (folder / path).exists() else None
              for path in files}
    staged, done = {}, []
    try:
        for path, content in files.items():
            staged[path] = _beside(folder / path, content)
        for path, temporary in staged.items():
            os.replace(temporary, folder / path)
            done.append(path)
    except BaseException:
        for path in done:
            if before[path] is None:
                (folder / path).unlink()
            else:
                os.replace(_beside(folder / path, before[path]), folder / path)
        raise
    finally:
        for temporary in staged.values():
            Path(temporary).unlink(missing_ok=True)


def _beside(path: Path, content: bytes) -> str:
    """A finished file beside its place, with the rights of the one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, name)
    else:
        os.chmod(name, 0o644)
    return name
