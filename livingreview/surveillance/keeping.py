"""Tables of surveillance are written as a whole: examined first, then put in their places."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from ..data import living
from ..data.dataset import Dataset
from ..data.own_names import NONE, OwnNames
from ..data.problems import Problem
from ..data.reading import (
    column_problems,
    foreign_problems,
    form_problems,
    key_problems,
    read_raw,
    typed,
)
from ..data.tables import BY_NAME, VOCABULARIES
from ..intake.files import put
from ..site.versioned import datapackage_json
from .alone import BusyError
from .problems import ProblemsError

# Tables of surveillance refer to each other and to words, and no rule asks more of them.
_CLOSED = (VOCABULARIES, *living.TABLES)


_PATIENCE, _TICK = 10, 0.02  # seconds to wait for another command, and between two looks


class KeepingError(ProblemsError):
    """Rows that are not valid, with every problem; nothing was written."""


def cell(value: object) -> str:
    """A value as a table has it: 6, not 6.0."""
    if value is None:
        return ""
    if isinstance(value, (tuple, list)):
        return ";".join(map(str, value))
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def rows_of(data: Dataset, name: str) -> list[dict]:
    """The rows of a table of surveillance as dictionaries that may be changed."""
    columns = BY_NAME[name].names
    return [{c: row[c] for c in columns} for row in data.records(name)]


def content_of(name: str, rows: Iterable[Mapping], names: OwnNames = NONE) -> bytes:
    """A table as a file, with the names that a review has."""
    table, own, text = BY_NAME[name], names.own, io.StringIO()
    columns = own.header(table, table.names)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(said.get(c)) for c in columns]
                     for said in (own.row(table, row) for row in rows))
    return text.getvalue().encode()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """A block in which no other process or thread that asks for the same changes tables.

    Whoever changes rows reads the table again inside the block: `keep` writes it as a whole. It is
    held for moments, also while a command of surveillance is `alone.alone` for long.

    Raises
    ------
    BusyError
        When another one does not end in time.
    """
    handle, last = os.open(folder / VOCABULARIES.path(), os.O_RDONLY), time.monotonic() + _PATIENCE
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > last:
                    raise BusyError(f"somebody else is writing in {folder}: try again") from None
                time.sleep(_TICK)
        yield
    finally:
        os.close(handle)


def _with(data: Dataset, files: Mapping[str, bytes]) -> Dataset:
    """The data as they would be with other tables of surveillance; only these are read."""
    problems: list[Problem] = []
    with tempfile.TemporaryDirectory(prefix="livingreview-tables-") as temporary:
        raws = {}
        for table in _CLOSED:
            path, place = table.path(), Path(temporary, table.path())
            if path in files:
                place.write_bytes(files[path])
            elif (data.folder / path).exists():
                shutil.copyfile(data.folder / path, place)
            raws[path] = read_raw(place.parent, table, path, problems, data.names)
    raws = {path: raw for path, raw in raws.items() if raw is not None}
    words = defaultdict(set)
    vocabulary = raws[VOCABULARIES.path()]
    for name, value in zip(vocabulary.cells("list"), vocabulary.cells("value"), strict=True):
        words[name].add(value)
    for raw in raws.values():
        if raw.rows and raw is not vocabulary:
            problems += column_problems(raw, words) + key_problems(raw) + form_problems(raw)
            problems += foreign_problems(raw, raws, "")
    # Tables that others have written meanwhile are described as they are.
    read = {path: raw for path, raw in raws.items() if raw is not vocabulary}
    kept = [p for p in data.problems if p.file not in raws or p.file == vocabulary.path]
    return replace(
        data, problems=(*kept, *problems),
        frames=MappingProxyType({**data.frames, **{p: typed(r, words) for p, r in read.items()}}),
        digests=MappingProxyType({**data.digests, **{p: r.digest for p, r in read.items()}}),
        partial=data.partial - read.keys())


def now(data: Dataset) -> Dataset:
    """The data with the tables of surveillance as they stand now, inside of `locked`."""
    return _with(data, {})


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
    files = {BY_NAME[name].path(): content_of(name, rows, data.names)
             for name, rows in tables.items()}
    files = {path: content for path, content in files.items()
             if not (data.folder / path).exists()
             or (data.folder / path).read_bytes() != content}
    if not files:
        return data
    after = _with(data, files)
    if errors := [p for p in after.problems if p.level == "error"]:
        raise KeepingError(errors)
    if (data.folder / "datapackage.json").is_file():
        files["datapackage.json"] = datapackage_json(after).encode()
    put(data.folder, files)
    return after
