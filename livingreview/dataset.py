"""Read a data folder into typed, immutable tables; every problem names file, row, column, value."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pandera.pandas as pa

from . import tables
from .tables import Column, Table

_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?")
_INTEGER = re.compile(r"[-+]?\d+")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_DATE_LIKE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T].*)?|\d{1,2}-[A-Za-z]{3}(?:-\d{2,4})?|[A-Za-z]{3}-\d{2,4}"
)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a data folder.

    Attributes
    ----------
    file : str
        Path below the data folder.
    row : int
        Line of the file on which the record begins; the header is line 1.
    column, value, wrong, expected : str
    level : {'error', 'warning'}
    rule : str
        Identifier of the rule, the same for all problems of one kind.
    """

    file: str
    row: int
    column: str
    value: str
    wrong: str
    expected: str
    level: str = "error"
    rule: str = "form"

    def __str__(self) -> str:
        value = self.value if len(self.value) <= 80 else self.value[:77] + "..."
        value = value.encode("unicode_escape").decode() if not value.isprintable() else value
        return (f"{self.file}:{self.row}:{self.column or '-'}: {value or '(empty)'}: "
                f"{self.wrong}, expected {self.expected}")


class DataError(Exception):
    """A data folder that cannot be used; `problems` lists every error in it."""

    def __init__(self, problems: list[Problem]):
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True)
class Raw:
    """A file as text: strings only, the index is the line on which each record begins."""

    table: Table
    path: str
    frame: pd.DataFrame


def _decode(data: bytes, path: str, problems: list[Problem]) -> str | None:
    """The text of a file, or None where its bytes are not UTF-8."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.append(Problem(path, 1, "", "", "the file is UTF-16", "UTF-8 text"))
        return None
    if data.startswith(b"\xef\xbb\xbf"):
        problems.append(Problem(path, 1, "", "", "the file begins with a byte-order mark",
                                "UTF-8 without one", "warning", "byte-order-mark"))
        data = data[3:]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        problems.append(Problem(path, row, "", repr(data[error.start : error.start + 1])[1:],
                                "this byte is not UTF-8", "UTF-8 text"))
        return None


def _records(text: str, path: str, problems: list[Problem]) -> list[tuple[int, list[str]]]:
    """Records with the line on which each begins; stops at the first broken quote."""
    if "\0" in text:
        row = text[: text.index("\0")].count("\n") + 1
        problems.append(Problem(path, row, "", "\\x00", "the file holds a NUL character", "text"))
        return []
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


def _header_problems(header: list[str], table: Table, path: str) -> list[Problem]:
    known, out = table.names, []
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            out.append(Problem(path, 1, name, name, "the header names this column more than once",
                               "each column once"))
        if name not in known:
            out.append(Problem(path, 1, name, name, "unknown column",
                               f"one of {', '.join(known)}"))
    for name in known:
        if name not in header:
            out.append(Problem(path, 1, name, "", "the column is missing",
                               f"a header with the column {name}"))
    return out


def read_raw(folder: Path, table: Table, path: str, problems: list[Problem]) -> Raw | None:
    """Read one file as text; problems of form are appended to `problems`."""
    file = folder / path
    if not file.is_file():
        if not table.optional:
            problems.append(Problem(path, 1, "", "", "the file is missing",
                                    f"a CSV file with the columns {', '.join(table.names)}"))
        return None
    text = _decode(file.read_bytes(), path, problems)
    if text is None:
        return None
    if not text.strip():
        problems.append(Problem(path, 1, "", "", "the file is empty",
                                f"a header with the columns {', '.join(table.names)}"))
        return None
    records = _records(text, path, problems)
    if not records:
        return None
    header = records[0][1]
    wrong = _header_problems(header, table, path)
    problems.extend(wrong)
    good = []
    for row, record in records[1:]:
        if len(record) == len(header):
            good.append((row, record))
        else:
            problems.append(Problem(path, row, "", ",".join(record),
                                    f"the row has {len(record)} fields", f"{len(header)} fields"))
    keep = [header.index(name) for name in table.names if name in header]
    frame = pd.DataFrame([[r[i] for i in keep] for _, r in good], dtype=object,
                         columns=[header[i] for i in keep], index=[row for row, _ in good])
    for name in table.names:
        if name not in frame:
            frame[name] = ""
    return Raw(table, path, frame[list(table.names)])


def _split(value: str, many: bool) -> list[str]:
    return [part.strip() for part in value.split(";")] if many else [value]


def _number_ok(pattern: re.Pattern):
    return lambda value: bool(pattern.fullmatch(value)) and np.isfinite(float(value))


def _date_ok(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


_TYPE_OK = {
    "number": (_number_ok(_NUMBER), "not a number", "a number with a decimal point"),
    "integer": (_number_ok(_INTEGER), "not a whole number", "a whole number"),
    "date": (_date_ok, "not a date", "a date as YYYY-MM-DD"),
    "identifier": (re.compile(tables.IDENTIFIER).fullmatch, "not an identifier",
                   "lower-case ASCII letters and digits with hyphens"),
}


def _describe(column: Column, value: str) -> str:
    """What is wrong with the type of a value, with a hint for the usual accidents."""
    wrong = _TYPE_OK[column.type][1]
    if column.type in ("number", "integer"):
        if _DECIMAL_COMMA.fullmatch(value):
            return f"{wrong} (a decimal comma?)"
        if _DATE_LIKE.fullmatch(value):
            return f"{wrong} (a spreadsheet turned it into a date?)"
    if column.type == "date":
        if re.fullmatch(r"\d{5}", value):
            return f"{wrong} (a spreadsheet's day number?)"
        if _DATE_LIKE.fullmatch(value):
            return f"{wrong} of the form YYYY-MM-DD"
    return wrong


def _passing(series: pd.Series, ok, many: bool = False) -> pd.Series:
    """Which cells pass `ok`; each distinct text is looked at once, empty cells pass."""
    verdict = {v: v == "" or all(part != "" and bool(ok(part)) for part in _split(v, many))
               for v in series.unique()}
    return series.map(verdict).astype(bool)


def _in_range(column: Column):
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum

    def ok(value: str) -> bool:
        return not _TYPE_OK[column.type][0](value) or low <= float(value) <= high

    return ok


def _range_words(column: Column) -> str:
    if column.maximum is None:
        return f"{column.minimum:g} or more"
    if column.minimum is None:
        return f"{column.maximum:g} or less"
    return f"{column.minimum:g} to {column.maximum:g}"


def _checks(column: Column, words: dict[str, set[str]]) -> list[tuple[str, str, object, str]]:
    """(rule, what is wrong, test of a series, what is expected) for one column."""
    out = []
    if column.required:
        out.append(("required", "the cell is empty", lambda s: s != "", "a value"))
    if column.type in _TYPE_OK:
        ok, wrong, expected = _TYPE_OK[column.type]
        out.append(("type", wrong, lambda s: _passing(s, ok, column.many), expected))
    if column.minimum is not None or column.maximum is not None:
        low = column.name in ("sd", "se") or column.minimum == 0
        wrong = "negative" if low and column.maximum is None else "out of range"
        out.append(("range", wrong, lambda s: _passing(s, _in_range(column), column.many),
                    _range_words(column)))
    if column.vocabulary and column.vocabulary in words:
        allowed = words[column.vocabulary]
        listed = ", ".join(sorted(allowed)) if len(allowed) <= 20 else "a word of this list"
        out.append(("vocabulary", f"not in the list {column.vocabulary}",
                    lambda s: _passing(s, allowed.__contains__, column.many),
                    f"{listed} (vocabularies.csv)"))
    return out


def _column_problems(raw: Raw, words: dict[str, set[str]]) -> list[Problem]:
    """Type, range, vocabulary and required cells, by a pandera schema made from the table."""
    meaning, schema = {}, {}
    for column in raw.table.columns:
        checks = []
        for rule, wrong, test, expected in _checks(column, words):
            name = f"{column.name}/{rule}"
            meaning[name] = (rule, wrong, expected)
            checks.append(pa.Check(test, error=name, name=name))
        schema[column.name] = pa.Column(checks=checks, nullable=False)
    try:
        pa.DataFrameSchema(schema).validate(raw.frame, lazy=True)
        return []
    except pa.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    out = []
    for name, row, value in zip(cases["check"], cases["index"], cases["failure_case"]):
        column = raw.table.column(str(name).split("/")[0])
        rule, wrong, expected = meaning[name]
        if rule == "type":
            wrong = _describe(column, value)
        out.append(Problem(raw.path, int(row), column.name, str(value), wrong, expected,
                           rule=rule))
    return out


def _form_problems(raw: Raw) -> list[Problem]:
    """Identifiers of an unusual form: warnings."""
    out = []
    for column in raw.table.columns:
        if column.form:
            bad = ~_passing(raw.frame[column.name], re.compile(column.form).fullmatch, column.many)
            out += [Problem(raw.path, int(row), column.name, value, "identifier of a wrong form",
                            f"the form {column.form}", "warning", "identifier-form")
                    for row, value in raw.frame.loc[bad, column.name].items()]
    return out


def _key_problems(raw: Raw) -> list[Problem]:
    """Rows whose key another row has already."""
    key = list(raw.table.key)
    if not key:
        return []
    repeated = raw.frame.duplicated(key, keep="first")
    if not repeated.any():
        return []
    first = raw.frame.reset_index(names="line").drop_duplicates(key).set_index(key)["line"]
    out = []
    for row, record in raw.frame.loc[repeated, key].iterrows():
        values = tuple(record)
        line = first.loc[values if len(values) > 1 else values[0]]
        out.append(Problem(raw.path, int(row), "+".join(key), " | ".join(values),
                           f"row {int(np.min(line))} has the same key", "one row per key",
                           rule="key"))
    return out


def _foreign_problems(raw: Raw, raws: dict[str, Raw], indication: str) -> list[Problem]:
    """Cells that name no row of the table they refer to."""
    out = []
    for key in raw.table.foreign_keys:
        target_table = tables.BY_NAME[key.table]
        target = raws.get(target_table.path(indication))
        if target is None:
            continue
        known = set(zip(*(target.frame[c] for c in key.to))) if len(target.frame) else set()
        many = [raw.table.column(c).many for c in key.columns]
        distinct = raw.frame[list(key.columns)].drop_duplicates()
        missing = set()
        for values in distinct.itertuples(index=False, name=None):
            parts = _split(values[-1], many[-1])
            if values[-1] and any((*values[:-1], part) not in known for part in parts):
                missing.add(values)
        if not missing:
            continue
        columns = [raw.frame[c] for c in key.columns]
        for row, *values in zip(raw.frame.index, *columns):
            if tuple(values) in missing:
                out.append(Problem(
                    raw.path, int(row), key.columns[-1], values[-1],
                    f"no such {' and '.join(key.to)} in {target.path}"
                    + (f" for {values[0]}" if len(values) > 1 else ""),
                    f"one that {target.path} lists", rule="foreign-key"))
    return out


def _typed(raw: Raw, bad: set[tuple[int, str]]) -> pd.DataFrame:
    """The table with types; a cell with an error becomes empty, so that other rules can go on."""
    frame = pd.DataFrame(index=raw.frame.index)
    for column in raw.table.columns:
        values = raw.frame[column.name]
        rows = [row for row, name in bad if name == column.name]
        if rows:
            values = values.copy()
            values.loc[rows] = ""
        if column.type in ("number", "integer"):
            frame[column.name] = pd.to_numeric(values.replace("", None), errors="coerce").astype(
                float)
        else:
            frame[column.name] = values
    frame.index.name = "row"
    return frame


@dataclass(frozen=True)
class Dataset:
    """A data folder: typed tables that nothing changes.

    Attributes
    ----------
    indications : tuple of str
        In the order of the vocabulary.
    problems : tuple of Problem
        Warnings, and errors where the folder was read for checking only.
    digests : mapping of str to str
        SHA-256 of every file that was read.
    """

    folder: Path
    indications: tuple[str, ...]
    frames: MappingProxyType
    problems: tuple[Problem, ...]
    digests: MappingProxyType

    def frame(self, name: str, indication: str = "") -> pd.DataFrame:
        """A copy of a table; the index is the line of the file."""
        path = tables.BY_NAME[name].path(indication)
        if path not in self.frames:
            return pd.DataFrame(columns=list(tables.BY_NAME[name].names))
        return self.frames[path].copy()

    def records(self, name: str, indication: str = "") -> tuple[MappingProxyType, ...]:
        """Rows of a table as read-only mappings.

        Empty cells and numbers that are not there are None, cells with several values are tuples,
        and ``row`` is the line of the file.
        """
        table = tables.BY_NAME[name]
        path = table.path(indication)
        if path not in self._cache:
            self._cache[path] = _records_of(table, self.frames.get(path))
        return self._cache[path]

    @cached_property
    def _cache(self) -> dict:
        return {}

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that do not stop a build."""
        return tuple(p for p in self.problems if p.level == "warning")

    @property
    def version(self) -> str:
        """Date of the last line of the data changelog."""
        dates = [r["date"] for r in self.records("changelog") if r["date"]]
        return max(dates, default="")

    def words(self, name: str) -> dict[str, MappingProxyType]:
        """The rows of one vocabulary by value."""
        return {r["value"]: r for r in self.records("vocabularies") if r["list"] == name}

    def label(self, vocabulary: str, value: str | None, language: str = "en") -> str:
        """Label of a word; the word itself where the vocabulary does not have it."""
        word = self.words(vocabulary).get(value or "")
        return word[f"label_{language}"] if word else (value or "")

    def kind(self, vocabulary: str, value: str | None) -> str:
        """Kind of a word, empty where it has none."""
        word = self.words(vocabulary).get(value or "")
        return (word["kind"] or "") if word else ""


def _records_of(table: Table, frame: pd.DataFrame | None) -> tuple[MappingProxyType, ...]:
    if frame is None:
        return ()
    many = {c.name for c in table.columns if c.many}
    whole = {c.name for c in table.columns if c.type == "integer"}
    out = []
    for row, *values in frame.itertuples(name=None):
        record = {"row": row}
        for name, value in zip(table.names, values):
            if name in many:
                value = tuple(p for p in _split(value, True) if p)
            elif isinstance(value, str):
                value = value or None
            elif value != value:
                value = None
            elif name in whole:
                value = int(value)
            record[name] = value
        out.append(MappingProxyType(record))
    return tuple(out)


def default_folder() -> Path:
    """The project's own data folder: beside the package, else below the working folder."""
    beside = Path(__file__).resolve().parent.parent / "data"
    return beside if beside.is_dir() else Path("data")


def _vocabulary(raw: Raw | None) -> dict[str, set[str]]:
    if raw is None:
        return {}
    words: dict[str, set[str]] = {}
    for name, value in zip(raw.frame["list"], raw.frame["value"]):
        words.setdefault(name, set()).add(value)
    return words


def _read_all(folder: Path, problems: list[Problem]) -> tuple[dict[str, Raw], list[str]]:
    """Every file as text, and the indications of the vocabulary."""
    vocabulary = read_raw(folder, tables.VOCABULARIES, "vocabularies.csv", problems)
    listed = [] if vocabulary is None else [
        v for n, v in zip(vocabulary.frame["list"], vocabulary.frame["value"])
        if n == "indication"]
    raws = {}
    for table in tables.TABLES:
        for indication in listed if table.folder == "indication" else [""]:
            path = table.path(indication)
            raw = vocabulary if table is tables.VOCABULARIES else read_raw(
                folder, table, path, problems)
            if raw is not None:
                raws[path] = raw
    return raws, listed


def examine(folder: Path | str | None = None) -> Dataset:
    """Read a data folder and find every problem in it, without raising.

    Parameters
    ----------
    folder : path, optional
        The project's own data where it is left out.

    Returns
    -------
    Dataset
        With every error and warning in `problems`.
    """
    from . import checks  # the rules need the dataset they look at

    folder = Path(folder) if folder is not None else default_folder()
    problems: list[Problem] = []
    if not folder.is_dir():
        problem = Problem(str(folder), 1, "", "", "there is no such data folder",
                          "a folder with vocabularies.csv and the tables of the codebook")
        return Dataset(folder, (), MappingProxyType({}), (problem,), MappingProxyType({}))
    raws, indications = _read_all(folder, problems)
    words = _vocabulary(raws.get("vocabularies.csv"))
    frames = {}
    for path, raw in raws.items():
        cells = _column_problems(raw, words)
        indication = path.split("/")[0] if raw.table.folder == "indication" else ""
        problems += cells + _form_problems(raw) + _key_problems(raw)
        problems += _foreign_problems(raw, raws, indication)
        frames[path] = _typed(raw, {(p.row, p.column) for p in cells if p.rule != "required"})
    digests = {path: hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in raws}
    dataset = Dataset(folder, tuple(indications), MappingProxyType(frames), (),
                      MappingProxyType(digests))
    problems += checks.run(dataset)
    return Dataset(folder, tuple(indications), MappingProxyType(frames),
                   tuple(sorted(set(problems))), MappingProxyType(digests))


def load(folder: Path | str | None = None) -> Dataset:
    """Read a data folder that has no errors.

    Raises
    ------
    DataError
        With every error, when there is one.
    """
    dataset = examine(folder)
    errors = [p for p in dataset.problems if p.level == "error"]
    if errors:
        raise DataError(errors)
    return dataset
