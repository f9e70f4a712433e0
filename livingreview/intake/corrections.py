"""Corrections of a table: each names a row, a column, what stands there and what is to stand."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..data.own_names import OwnNames
from ..data.problems import Problem
from ..data.tables import Table
from .files import CsvFile, same
from .incoming import TAKEN, Row

NEW_ROW = "(new row)"
# By what a row of a table without a key is named.
_WITHOUT_KEY = {
    "adverse_events": ("study_id", "arm_id", "event", "source_id"),
    "published_syntheses": ("review_id", "outcome", "population", "comparison",
                            "timepoint_months", "measure", "source_id"),
}
_LEFT_OUT = ("instrument", "source_id")  # of a key, where what is left fits one row


@dataclass(frozen=True)
class Correction:
    """A row of corrections whose file, column, key and source are known.

    Attributes
    ----------
    row : Row
    table : Table
    path : str
        Of the file, below the data folder.
    named : mapping of str to str
        The identifying columns of the row that it corrects.
    column, old, new : str
        As `named` with the package's names, whatever the row calls them.
    """

    row: Row
    table: Table
    path: str
    named: Mapping[str, str]
    column: str
    old: str
    new: str

    def __getitem__(self, column: str) -> str:
        return self.row.values.get(column, "")

    @property
    def adds(self) -> bool:
        """Whether it adds a row."""
        return self.column == NEW_ROW


@dataclass
class Applied:
    """What corrections do.

    Attributes
    ----------
    rows : list of Row
        Rows from outside, those that were corrected or come from a correction included.
    files : dict of str to CsvFile
        Files of the folder with corrected cells, by path.
    cells : dict of (str, int) to list of Correction
        Corrections of known rows, by path and line.
    before : dict of (str, int) to int
        The line of a known row before them, by path and line.
    all : list of Correction
        Those that could be applied, or had been.
    problems : list of Problem
    """

    rows: list[Row]
    files: dict[str, CsvFile] = field(default_factory=dict)
    cells: dict[tuple[str, int], list[Correction]] = field(default_factory=dict)
    before: dict[tuple[str, int], int] = field(default_factory=dict)
    all: list[Correction] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def keys(table: Table) -> list[tuple[str, ...]]:
    """The identifying columns by which a correction names a row: all, or those that are enough."""
    whole = table.key or _WITHOUT_KEY.get(table.name, table.names)
    short = tuple(name for name in whole if name not in _LEFT_OUT)
    return [whole] if short in ((), whole) else [whole, short]


def _expected_key(table: Table) -> str:
    return " or ".join("|".join(columns) for columns in reversed(keys(table)))


def problem_of(row: Row, column: str, wrong: str, expected: str) -> Problem:
    """A problem of a correction, at its place in the reader's file."""
    name, _, line = row.place.rpartition(":")
    file, number = (name, int(line)) if line.isdigit() else (row.place, 0)
    return Problem(file, number, column, row.values.get(column, ""), wrong, expected,
                   rule="correction")


def understood(row: Row, indication: str, sources: set[str], reason: str, names: OwnNames
               ) -> tuple[Correction | None, list[Problem]]:
    """A row of corrections, or what is wrong with it.

    Parameters
    ----------
    row : Row
    indication : str
        Whose tables it corrects.
    sources : set of str
        Known sources.
    reason : str
        Of the whole import; enough where the row states none.
    names : OwnNames
        What the review calls columns and words.
    """
    values, problems = row.values, []

    def wrong(column: str, what: str, expected: str) -> None:
        problems.append(problem_of(row, column, what, expected))

    paths = {table.path(indication): table for table in TAKEN.values()}
    files = {f"{table.name}.csv": table for table in TAKEN.values()}
    table = files.get(values.get("file", "")) or paths.get(values.get("file", ""))
    if table is None:
        wrong("file", "no such file is corrected", f"one of {', '.join(files)}")
    elif names.package.column(table, values.get("column", "")) not in (*table.names, NEW_ROW):
        wrong("column", f"no column of {table.name}",
              f"one of {', '.join(names.own.header(table, table.names))}, or {NEW_ROW}")
    if values.get("source") not in sources:
        wrong("source", f"no such source_id in {indication}/sources.csv",
              f"one that {indication}/sources.csv lists, or a sources.csv beside the corrections")
    if not (values.get("reason") or reason):
        wrong("reason", "no reason", "why, here or for the whole import (--reason)")
    if problems:
        return None, problems
    parts = values.get("key", "").split("|")
    columns = next((c for c in keys(table) if len(c) == len(parts)), None)
    if columns is None:
        wrong("key", f"a key of {len(parts)} part{'s' * (len(parts) > 1)} names no row of "
              f"{table.name}", _expected_key(table))
        return None, problems
    there, column = names.package, names.package.column(table, values["column"])
    named = there.row(table, dict(zip(columns, parts, strict=True)))
    old, new = (values.get(which, "") if column == NEW_ROW else there.row(
        table, {column: values.get(which, "")}, named)[column] for which in ("old", "new"))
    return Correction(row, table, table.path(indication), named, column, old, new), []


def apply(rows: list[Row], corrections: Iterable[Correction],
          opened: Callable[[Table, str], CsvFile], names: OwnNames) -> Applied:
    """Apply corrections to known rows, and to rows that come with them.

    Parameters
    ----------
    rows : list of Row
        Those that come with them.
    corrections : iterable of Correction
    opened : callable
        A file of the folder from its table and path.
    names : OwnNames
    """
    done, corrections = Applied(list(rows)), list(corrections)
    for path, table in dict.fromkeys((c.path, c.table) for c in corrections):
        done.files[path] = opened(table, path)
    for correction in corrections:
        if correction.adds:
            _add(done, correction, names)
    find, changed = _finder(done), defaultdict(dict)
    for correction in corrections:
        for place in _cells(done, correction, find, names) if not correction.adds else ():
            other = changed[place].setdefault(correction.column, correction)
            if other is not correction:
                done.problems.append(problem_of(
                    correction.row, "key", f"{other.row.place} corrects this cell too",
                    "one correction of a cell"))
    _change(done, changed)
    return done


def _change(done: Applied, changed: Mapping[tuple[str, int], dict[str, Correction]]) -> None:
    """Put the new values in cells, by (path, line), or ("", position) of a row that comes in."""
    known: dict[str, dict[int, dict[str, str]]] = defaultdict(dict)
    for (path, number), cells in changed.items():
        values = {name: c.new for name, c in cells.items()}
        if path:
            known[path][number] = values
            continue
        row = done.rows[number]
        done.rows[number] = replace(row, values={**row.values, **values}, corrections=(
            *row.corrections, *(c.row for c in cells.values())))
    for path, cells in known.items():
        lines = done.files[path].correct(cells)
        done.before |= {(path, now): line for line, now in lines.items()}
        done.cells |= {(path, lines[line]): list(changed[path, line].values()) for line in cells}


def _cells(done: Applied, correction: Correction, find, names: OwnNames
           ) -> list[tuple[str, int]]:
    """The rows in which a correction changes its cell, one of them known and one coming in."""
    there, coming = find(correction)
    if not there and not coming:
        _unfound(done, correction, find)
        return []
    if max(len(there), len(coming)) > 1:
        places = [*(f"{correction.path}:{line}" for line, _ in there),
                  *(done.rows[i].place for i, _ in coming)]
        done.problems.append(problem_of(
            correction.row, "key", f"{len(places)} rows have it ({', '.join(places)})",
            f"the key of one row: {'|'.join(keys(correction.table)[0])}"))
        return []
    places = [*((correction.path, line) for line, _ in there), *(("", i) for i, _ in coming)]
    states = [_state(done, correction, values, names) for _, values in (*there, *coming)]
    if None in states:
        return []
    done.all.append(correction)
    return [place for place, state in zip(places, states, strict=True) if state == "old"]


def _finder(done: Applied) -> Callable[[Correction], tuple[list, list]]:
    """What finds the rows that a correction names: (line, cells) known, (position, cells) new."""
    by_key: dict[tuple, tuple[dict, dict]] = {}

    def key(table: Table, columns: Iterable[str], values: Mapping[str, str]) -> tuple:
        return tuple(same(table, name, values.get(name, "")) for name in columns)

    def find(correction: Correction) -> tuple[list, list]:
        table, columns = correction.table, tuple(correction.named)
        if (table.name, columns) not in by_key:
            known, coming = defaultdict(list), defaultdict(list)
            for line, values in done.files[correction.path].rows:
                known[key(table, columns, values)].append((line, values))
            for i, row in enumerate(done.rows):
                if row.table is table:
                    coming[key(table, columns, row.values)].append((i, row.values))
            by_key[table.name, columns] = known, coming
        wanted = key(table, columns, correction.named)
        return tuple(found.get(wanted, []) for found in by_key[table.name, columns])

    return find


def _state(done: Applied, correction: Correction, values: Mapping[str, str], names: OwnNames
           ) -> str | None:
    """Whether a row has the old value or the new one; with a third it is a problem."""
    column = correction.column
    there = values.get(column, "")
    for state, text in (("new", correction.new), ("old", correction.old)):
        if same(correction.table, column, text) == same(correction.table, column, there):
            return state
    there = names.own.row(correction.table, {column: there}, values)
    done.problems.append(problem_of(
        correction.row, "old", "; ".join(f"{name} of {correction['key']} is {text or '(empty)'}"
                                         for name, text in there.items()), "what stands there"))
    return None


def _unfound(done: Applied, correction: Correction, find) -> None:
    """No row of a key: a problem, unless the key itself is what had been corrected."""
    column = correction.column
    if correction.named.get(column) == correction.old != correction.new:
        after = replace(correction, named={**correction.named, column: correction.new})
        if any(find(after)):
            done.all.append(correction)
            return
    done.problems.append(problem_of(
        correction.row, "key", f"no row of {correction.path} has it",
        f"the key of one row: {_expected_key(correction.table)}"))


# --- rows to add ------------------------------------------------------------------------------


def _add(done: Applied, correction: Correction, names: OwnNames) -> None:
    """The row that a correction adds; where it is there already, joining says so."""
    values, wrong = _values(correction, done.files[correction.path].header, names)
    if correction.old:
        done.problems.append(problem_of(correction.row, "old", f"{NEW_ROW} has no old value",
                                        "an empty cell"))
    elif wrong:
        done.problems.append(problem_of(correction.row, "new", *wrong))
    else:
        done.rows.append(Row(correction.table, values, correction.row.place,
                             corrections=(correction.row,)))
        done.all.append(correction)


def _values(correction: Correction, known: list[str], names: OwnNames
            ) -> tuple[dict[str, str], tuple[str, str] | None]:
    """The cells of a row to add, or (what is wrong, what is expected).

    Written as ``column value; column value``, or as the row stands in the file.
    """
    header = names.own.header(correction.table, known)
    text, columns = correction.new, "|".join(sorted({*header, *known}, key=len, reverse=True))
    form = (f"`column value; column value`, or the {len(header)} cells of a row under the header "
            f"{','.join(header)}")
    if re.match(rf"(?:{columns})\s", text):
        parts = [part.split(None, 1) for part in re.split(rf";\s*(?=(?:{columns})(?:\s|$))", text)]
        values = {part[0]: part[1].strip() if len(part) > 1 else "" for part in parts}
        if len(values) < len(parts):
            return {}, ("a column stands there twice", form)
    else:
        try:
            cells = next(csv.reader([text], strict=True), [])
        except csv.Error as error:
            return {}, (f"broken quoting ({error})", form)
        if len(cells) != len(header):
            return {}, (f"{len(cells)} cell{'s' * (len(cells) != 1)}", form)
        values = dict(zip(known, cells, strict=True))
    values = names.package.row(correction.table, values)
    other = [name for name, part in correction.named.items() if values.get(name, part) != part]
    if other:
        return {}, (f"{', '.join(other)} {'is' if len(other) == 1 else 'are'} not as in the key",
                    "the row that the key names")
    return {**values, **correction.named}, None
