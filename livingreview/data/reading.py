"""Read one file of a data folder and validate its cells; every problem names its place."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import stat
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from . import tables
from .accuracy import EXPECTED, WHAT, is_accuracy
from .declaring import Column, ForeignKey, Table
from .own_names import NONE, OwnNames
from .problems import SHOWN, Problem
from .values import NUMBER, TYPE_OK, number_ok

MARKS = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))  # that divide fields, beside commas
_DATE_LIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?"
    r"|\d{1,2}-[A-Za-z]{3}(?:-\d{2,4})?|[A-Za-z]{3}-\d{2,4}"
)
_NUMBER_HINTS = (
    (re.compile(r"\s.*|.*\s", re.DOTALL), "spaces around it"),
    (re.compile(r"[-+]?\d{1,3},\d{3}"), "a decimal comma or a thousands separator?"),
    (re.compile(r"[-+]?\d+,\d+"), "a decimal comma?"),
    (re.compile(r"[-+]?\d{1,3}(?:[,.' ]\d{3})+(?:[.,]\d+)?"), "a thousands separator?"),
    (_DATE_LIKE, "a spreadsheet turned it into a date?"),
    (re.compile(r"[\u2010-\u2015\u2212].*"), "its minus sign is not the hyphen -"),
    (re.compile(r"(?i)[-+]?(?:nan|na|n/a|null|none|-|inf|infinity|not stated)"),
     "an empty cell means not stated"),
    (re.compile(r"(?=.*[^\x00-\x7f])[\d.]+"), "digits of another script?"),
    (NUMBER, "it has a decimal part, or is too large"),
)
_FORM_EXAMPLE = {
    "doi": "a DOI without a link before it, as 10.1186/s12967-016-0998-2",
    "pmid": "digits only, as 30064455",
    "url": "a link, as https://example.org/page",
    "registration": "a registry number, as NCT01234567",
    "cited_by": "a seed review and its reference number, as surname-2023:22",
}


@dataclass(frozen=True)
class Raw:
    """A file as text, where each column's distinct texts are kept once: most of them repeat.

    Attributes
    ----------
    texts : dict of str to list of str
        The distinct texts of each column.
    places : dict of str to numpy.ndarray
        For each column and row the position of its text in `texts`.
    rows : list of int
        The line of the file on which each record begins.
    absent : frozenset of str
        Declared columns that the header must have and does not; their cells are empty here.
    whole : bool
        Every record could be read. Where one could not, nobody can say what the file lacks.
    names : OwnNames
        What the review's files call things; the texts here have the package's names.
    header : dict of str to str
        What the file calls a column, where that is something else.
    written : dict of (str, int) to (str, str)
        By column and line the text and what the file has, where that is something else.
    """

    table: Table
    path: str
    texts: dict[str, list[str]]
    places: dict[str, np.ndarray]
    rows: list[int]
    absent: frozenset[str]
    whole: bool
    digest: str
    names: OwnNames = NONE
    header: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[tuple[str, int], tuple[str, str]] = field(default_factory=dict)

    def cells(self, name: str) -> list[str]:
        """The text of every cell of a column."""
        return list(map(self.texts[name].__getitem__, self.places[name].tolist()))

    def cell(self, name: str, position: int) -> str:
        """The text of one cell."""
        return self.texts[name][self.places[name][position]]

    def each(self, name: str, function, dtype) -> np.ndarray:
        """`function` of every cell of a column, called once for each distinct text."""
        values = np.array([function(text) for text in self.texts[name]], dtype=dtype)
        return values[self.places[name]]

    def as_written(self, problem: Problem) -> Problem:
        """A problem of this file with the column and the value that the file has."""
        names, values = problem.column.split("+"), problem.value.split(" | ")
        if len(names) == len(values):  # a key has several
            there = [self.written.get((name, problem.row), ("", "")) for name in names]
            values = [text if value == now else value
                      for value, (now, text) in zip(values, there, strict=True)]
        return replace(problem, value=" | ".join(values),
                       column="+".join(self.header.get(name, name) for name in names))


def _raw(table: Table, path: str, rows: list[int], columns: dict[str, tuple[str, ...]],
         whole: bool, digest: str, names: OwnNames, header: Mapping[str, str]) -> Raw:
    """A file from the columns that it has."""
    written, columns = columns, _in_package_words(table, columns, names)
    texts, places = {}, {}
    for name in table.names:
        cells = columns.get(name, ("",) * len(rows))
        position = {text: i for i, text in enumerate(dict.fromkeys(cells))}
        texts[name] = list(position)
        places[name] = np.fromiter(map(position.__getitem__, cells), dtype=np.int64,
                                   count=len(rows))
    absent = frozenset(c.name for c in table.columns if not c.optional) - set(columns)
    other = {(name, row): (now, text) for name, cells in columns.items()
             if cells is not written[name]
             for row, now, text in zip(rows, cells, written[name], strict=True) if now != text}
    return Raw(table, path, texts, places, rows, absent, whole, digest, names, header, other)


def _in_package_words(table: Table, columns: dict[str, tuple[str, ...]], names: OwnNames
                      ) -> dict[str, tuple[str, ...]]:
    """The columns with the package's words."""
    out, there, entry = dict(columns), names.package, ("list", "value", "kind")
    if table is tables.VOCABULARIES and set(entry) <= set(columns):
        cells = [there.entry(*row) for row in zip(*map(columns.get, entry), strict=True)]
        out |= zip(entry, zip(*cells, strict=True), strict=False)  # none where there is no row
    else:
        for column in table.columns:
            if column.name in columns and there.changes(column):
                cells = columns[column.name]
                words = {text: there.cell(column, text) for text in set(cells)}
                out[column.name] = tuple(map(words.__getitem__, cells))
    return out


def _read_bytes(folder: Path, table: Table, path: str, problems: list[Problem], columns: str
                ) -> bytes | None:
    """The bytes of a file, or None with the reason in `problems`."""
    file, expected = folder / path, f"a CSV file with the columns {columns}"
    try:
        if stat.S_ISREG(file.stat().st_mode):
            return file.read_bytes()
        wrong = "this is not a file"
    except (FileNotFoundError, NotADirectoryError):
        if table.optional:
            return None
        wrong = "the file is missing"
    except OSError as error:
        wrong = f"the file cannot be read ({error.strerror})"
    problems.append(Problem(path, 1, "", "", wrong, expected))
    return None


def utf16(data: bytes) -> str:
    """What text in UTF-16 is called, by its mark or by a NUL in every second byte; else empty."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    odd, even = data[1:64:2].count(0), data[:64:2].count(0)
    few, many = sorted((odd, even))
    return "UTF-16 without a byte-order mark" if not few and many > len(data[:64]) * 0.3 else ""


def _decode(data: bytes, path: str, problems: list[Problem]) -> str | None:
    """The text of a file, or None where its bytes are not UTF-8."""
    if found := utf16(data):
        problems.append(Problem(path, 1, "", "", f"the file is {found}", "UTF-8 text"))
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        problems.append(Problem(path, 1, "", "", "the file begins with a byte-order mark",
                                "UTF-8 without one", "warning", "byte-order-mark"))
        data = data[3:]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        problems.append(Problem(path, row, "", repr(data[error.start : error.start + 1])[1:],
                                "this byte is not UTF-8", "UTF-8 text"))
        return None
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        problems.append(Problem(path, row, "", "\0", "the file holds a NUL character",
                                "UTF-8 text (UTF-16 holds many of them)"))
        return None
    return text


def _records(text: str, path: str, problems: list[Problem]) -> list[tuple[int, list[str]]]:
    """Records with the line on which each begins; stops at the first broken quote."""
    # No field is longer than the file; the module's own limit would refuse a long note.
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    out, start = [], 1
    try:
        for record in reader:
            if record:
                out.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(path, start, "", "", f"broken quoting in this record ({error})",
                                "fields quoted by RFC 4180, a quote inside a field doubled"))
    return out


def separator(header: list[str]) -> str:
    """What divides the fields of a header that is one field; empty where it is none."""
    if len(header) != 1:
        return ""
    return next((name for mark, name in MARKS if mark in header[0]), "")


def _header_problems(header: list[str], table: Table, path: str, names: OwnNames
                     ) -> list[Problem]:
    """Columns that are missing, unknown or there twice."""
    known, there = names.own.header(table, table.names), names.package.header(table, header)
    out = [Problem(path, 1, own, name, f"{own} and {name} are two names of one column",
                   "one of them") for own, name in names.twice(table, header)]
    if found := separator(header):
        return [Problem(path, 1, "", header[0], f"the header is one field, divided by {found}",
                        "fields separated by commas")]
    if is_accuracy(header):
        return [Problem(path, 1, "", ", ".join(header), WHAT, EXPECTED)]
    for name, times in Counter(header).items():
        if times > 1:
            out.append(Problem(path, 1, name, name, "the header names this column more than once",
                               "each column once"))
        if names.package.column(table, name) not in table.names:
            out.append(Problem(path, 1, name, name, "unknown column",
                               f"one of {', '.join(known)}"))
    for name, own in zip(table.names, known, strict=True):
        if name not in there and not table.column(name).optional:
            out.append(Problem(path, 1, own, "", "the column is missing",
                               f"a header with the column {own}"))
    return out


def _row_problem(row: int, record: list[str], header: list[str], path: str) -> Problem | None:
    """A record without values, or with another number of fields than the header."""
    if not any(map(str.strip, record)):
        return Problem(path, row, "", ",".join(record), "the row has no values",
                       "a row with values, or no row", rule="empty-row")
    if len(record) != len(header):
        found = f"the row has {len(record)} field{'s' * (len(record) != 1)}"
        return Problem(path, row, "", ",".join(record), found,
                       f"{len(header)} fields as in the header", rule="fields")
    return None


def read_raw(folder: Path, table: Table, path: str, problems: list[Problem],
             names: OwnNames = NONE) -> Raw | None:
    """Read one file as text; problems of form are appended to `problems`.

    Columns and words have the package's names in what is returned, whatever the file calls them.
    """
    expected = ", ".join(names.own.header(table, table.names))
    data = _read_bytes(folder, table, path, problems, expected)
    text = None if data is None else _decode(data, path, problems)
    if text is None:
        return None
    before = len(problems)
    records = _records(text, path, problems)
    whole = len(problems) == before
    if not records:
        if whole:
            problems.append(Problem(path, 1, "", "", "the file is empty",
                                    f"a header with the columns {expected}"))
        return None
    header = records[0][1]
    problems += _header_problems(header, table, path, names)
    there = names.package.header(table, header)
    if not set(there) & set(table.names):
        return None
    rows, good = [], []
    for row, record in records[1:]:
        problem = _row_problem(row, record, header, path)
        if problem is None:
            rows.append(row)
            good.append(record)
        else:
            problems.append(problem)
            whole &= problem.rule == "empty-row"
    fields = list(zip(*good, strict=True)) or [()] * len(header)
    columns = {name: fields[there.index(name)] for name in table.names if name in there}
    return _raw(table, path, rows, columns, whole, hashlib.sha256(data).hexdigest(), names,
                {name: one for name, one in zip(there, header, strict=True) if name != one})


def split(value: str, many: bool) -> list[str]:
    return [part.strip() for part in value.split(";")] if many else [value]


def _describe(column: Column, value: str) -> str:
    """What is wrong with the type of a value, with a hint for the usual accidents."""
    wrong = TYPE_OK[column.type][1]
    if column.type in ("number", "integer"):
        hints = [hint for pattern, hint in _NUMBER_HINTS if pattern.fullmatch(value)]
        return f"{wrong} ({hints[0]})" if hints else wrong
    if column.type == "date":
        if re.fullmatch(r"\d{5}", value):
            return f"{wrong} (a spreadsheet's day number?)"
        if _DATE_LIKE.fullmatch(value):
            return f"{wrong} of the form YYYY-MM-DD"
    return wrong


def _all_pass(tests, many: bool):
    """Whether every value of a cell passes every test; an empty cell passes."""
    if not many and len(tests) < 2:  # as most are: a cell is asked once
        return (lambda text: text == "" or tests[0](text)) if tests else lambda text: True
    return lambda text: text == "" or all(
        part != "" and all(test(part) for test in tests) for part in split(text, many))


def _in_range(column: Column):
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum

    def ok(value: str) -> bool:
        return not TYPE_OK[column.type][0](value) or low <= float(value) <= high

    return ok


def _range_words(column: Column) -> str:
    if column.maximum is None:
        return f"{column.minimum:g} or more"
    if column.minimum is None:
        return f"{column.maximum:g} or less"
    return f"{column.minimum:g} to {column.maximum:g}"


def _tests(column: Column, words: dict[str, set[str]], names: OwnNames
           ) -> list[tuple[str, str, object, str]]:
    """(rule, what is wrong, test of one value, what is expected) for one column."""
    out = []
    if column.type in TYPE_OK:
        ok, wrong, expected = TYPE_OK[column.type]
        out.append(("type", wrong, ok, expected))
    if column.minimum is not None or column.maximum is not None:
        below = column.minimum == 0 and column.maximum is None
        out.append(("range", "negative" if below else "out of range", _in_range(column),
                    _range_words(column)))
    if column.vocabulary in words:
        allowed, own = words[column.vocabulary], names.own
        listed = ", ".join(sorted(own.word(column.vocabulary, word) for word in allowed)
                           ) if len(allowed) <= 20 else "a word of this list"
        out.append(("vocabulary", f"not in the list {own.list(column.vocabulary)}",
                    allowed.__contains__, f"{listed} (vocabularies.csv)"))
    return out


def _cell_tests(column: Column, words: dict[str, set[str]], names: OwnNames
                ) -> list[tuple[str, str, object, str]]:
    """(rule, what is wrong, test of one cell, what is expected) for one column."""
    out = [(rule, wrong, _all_pass([test], column.many), expected)
           for rule, wrong, test, expected in _tests(column, words, names)]
    if column.required:
        out.append(("required", "the cell is empty", lambda text: text.strip() != "", "a value"))
    return out


def _first_failures(passing: np.ndarray, shown: int = SHOWN) -> tuple[np.ndarray, int]:
    """Only the first failures, and how many others there are."""
    failed = np.flatnonzero(~passing)
    passing[failed[shown:]] = True
    return passing, max(0, len(failed) - shown)


def column_problems(raw: Raw, words: dict[str, set[str]]) -> list[Problem]:
    """Type, range, vocabulary and required cells, by a pandera schema of the columns that fail.

    Each distinct text is tested once, and the schema looks at where the texts are.
    """
    meaning, failed = {}, {}
    for column in raw.table.columns:
        if column.name in raw.absent:
            continue  # one problem already; its cells are not empty, they are not there
        for rule, wrong, test, expected in _cell_tests(column, words, raw.names):
            passing, more = _first_failures(raw.each(column.name, test, bool))
            if not passing.all():
                meaning[f"{column.name}/{rule}"] = [rule, wrong, expected, more]
                failed.setdefault(column.name, {})[f"{column.name}/{rule}"] = passing
    out = []
    for name, row, place in _cases(raw, failed):
        column = raw.table.column(name.split("/")[0])
        rule, wrong, expected, more = meaning[name]
        value = raw.texts[column.name][place]
        if rule == "type":
            wrong = _describe(column, value)
        out.append(Problem(raw.path, row, column.name, value, wrong, expected, rule=rule,
                           more=more))
        meaning[name][3] = 0  # the others are counted once
    return out


def _cases(raw: Raw, failed: dict[str, dict[str, np.ndarray]]) -> Iterator[tuple[str, int, int]]:
    """The check, the line, and where the text is, of each cell that does not pass a check."""
    if not failed:
        return
    import pandera.pandas as pa  # slow to load, and most data are sound

    def check(name: str, passing: np.ndarray) -> pa.Check:
        return pa.Check(lambda s: pd.Series(passing, index=s.index), error=name, name=name)

    schema = pa.DataFrameSchema({
        column: pa.Column(checks=[check(name, passing) for name, passing in checks.items()])
        for column, checks in failed.items()})
    try:
        schema.validate(pd.DataFrame({c: raw.places[c] for c in failed}, index=raw.rows), lazy=True)
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        for name, row, place in zip(cases["check"], cases["index"], cases["failure_case"],
                                    strict=True):
            yield str(name), int(row), int(place)


def form_problems(raw: Raw, shown: int = SHOWN) -> list[Problem]:
    """Identifiers of an unusual form and text with spaces around it: warnings."""
    out = []
    for column in raw.table.columns:
        if column.form:
            test = re.compile(column.form, re.ASCII).fullmatch
            words = ("identifier of a wrong form",
                     _FORM_EXAMPLE.get(column.name, f"the form {column.form}"), "warning",
                     "identifier-form")
        elif column.type == "string" and not column.vocabulary:
            test = _no_outer_spaces
            words = ("spaces around the text", "the text alone", "warning", "outer-spaces")
        else:
            continue
        passing, more = _first_failures(
            raw.each(column.name, _all_pass([test], column.many), bool), shown)
        for i in np.flatnonzero(~passing):
            out.append(Problem(raw.path, raw.rows[i], column.name, raw.cell(column.name, i),
                               *words, more))
            more = 0
    return out


def _no_outer_spaces(text: str) -> bool:
    return text == text.strip()


def key_problems(raw: Raw) -> list[Problem]:
    """Rows whose key another row has already."""
    key = list(raw.table.key)
    if not key or raw.absent & set(key):
        return []
    first: dict[tuple, int] = {}
    rows = zip(*(_compared(raw, name) for name in key), strict=True)
    before = [first.setdefault(row, i) for i, row in enumerate(rows)]
    once, more = _first_failures(np.array(before, dtype=np.int64) == np.arange(len(before)))
    out = []
    for i in np.flatnonzero(~once):
        out.append(Problem(raw.path, raw.rows[i], "+".join(key),
                           " | ".join(raw.cell(name, i) for name in key),
                           f"row {raw.rows[before[i]]} has the same key",
                           "one row per key", rule="key", more=more))
        more = 0
    return out


def _compared(raw: Raw, name: str) -> list[str | float]:
    """What the cells of a key are compared by: 6 and 6.0 are one visit."""
    cells = raw.cells(name)
    if raw.table.column(name).type in ("number", "integer"):
        return [float(text) if number_ok(text) else text for text in cells]
    return cells


def foreign_problems(raw: Raw, raws: dict[str, Raw], indication: str) -> list[Problem]:
    """Cells that name no row of the table they refer to."""
    out, unknown = [], {}
    for key in raw.table.foreign_keys:
        target = raws.get(tables.BY_NAME[key.table].path(indication))
        if (target is None or not target.whole or target.absent & set(key.to)
                or raw.absent & set(key.columns)):
            continue
        known = set(zip(*map(target.cells, key.to), strict=True))
        *same, last = key.columns
        many = raw.table.column(last).many
        rows = list(zip(*map(raw.cells, key.columns), strict=True))
        sound = {texts: not texts[-1] or all((*texts[:-1], part) in known
                                             for part in split(texts[-1], many) if part)
                 for texts in set(rows)}
        passing = np.array([sound[texts] for texts in rows], dtype=bool)
        if same:  # an unknown study has no arms either: that is said once, at the study
            passing |= unknown.get(same[0], False)
        unknown[last] = ~passing
        if not passing.all():
            out += _unknown_cells(raw, key, target, passing.copy())
    return out


def _unknown_cells(raw: Raw, key: ForeignKey, target: Raw, passing: np.ndarray) -> list[Problem]:
    """One problem for each of the first cells that do not pass."""
    passing, more = _first_failures(passing)
    out = []
    for i in np.flatnonzero(~passing):
        texts = [raw.cell(name, i) for name in key.columns]
        out.append(Problem(
            raw.path, raw.rows[i], key.columns[-1], texts[-1],
            f"no such {' and '.join(key.to)} in {target.path}"
            + (f" for {texts[0]}" if len(texts) > 1 else ""),
            f"one that {target.path} lists", rule="foreign-key", more=more))
        more = 0
    return out


def typed(raw: Raw, words: dict[str, set[str]]) -> pd.DataFrame:
    """The table with types; a cell with an error becomes empty, so that other rules can go on."""
    if not raw.rows:
        return _typed_none(raw.table)
    frame, index = {}, pd.Index(raw.rows, name="row")
    for column in raw.table.columns:
        sound = _all_pass([test for _, _, test, _ in _tests(column, words, raw.names)],
                          column.many)
        if column.type in ("number", "integer"):
            # float() is exact to the last digit, which pandas' own parser is not.
            frame[column.name] = raw.each(
                column.name, lambda v, ok=sound: float(v) if v and ok(v) else np.nan, float)
        else:
            frame[column.name] = pd.Series(
                raw.each(column.name, lambda v, ok=sound: v if ok(v) else "", object),
                index=index, dtype=object)
    return pd.DataFrame(frame, index=index)


@cache
def _typed_none(table: Table) -> pd.DataFrame:
    """A file without rows as a table; nothing changes it."""
    return no_rows(table).set_axis(pd.Index([], dtype=object, name="row"))


def no_rows(table: Table) -> pd.DataFrame:
    """A table without rows, with the types of its columns."""
    return pd.DataFrame({c.name: pd.Series(
        dtype=float if c.type in ("number", "integer") else object) for c in table.columns})
