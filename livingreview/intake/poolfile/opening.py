"""Open a file that somebody has: its kind is told by its content, and text is divided."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

from ...data.problems import DataError, Problem
from ...data.reading import utf16
from .asking import SEPARATORS, Reading
from .grid import Grid

TAKEN = ("a table as text (.csv, .tsv), a workbook (.xlsx, .ods), or data of R (.rds, .rda), "
         "Stata (.dta), SPSS (.sav), jamovi (.omv) or JASP (.jasp)")
# Text of which every letter is ASCII or a Chinese one of GB 2312: letters of Western languages with
# accents do not come in such pairs alone.
_CHINESE = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*")
_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# What a file is by how it begins, and what to do with it.
_OTHERS = (
    (b"%PDF", "a PDF", TAKEN),
    (b"\xd0\xcf\x11\xe0", "an old Office file (.xls, .doc)", "its table saved as .xlsx or .csv"),
    (b"\x89PNG", "a picture", TAKEN),
    (b"\xff\xd8\xff", "a picture", TAKEN),
    (b"GIF8", "a picture", TAKEN),
    (b"{\\rtf", "a text of a word processor", TAKEN),
    (b'{"', "a JSON file", TAKEN),
    (b'[{"', "a JSON file", TAKEN),
    (b"TY  -", "a list of references (RIS)", f"{TAKEN}; `import` takes references"),
    (b"PMID-", "a list of references (PubMed)", f"{TAKEN}; `import` takes references"),
)
_MARKUP = (
    (b"<cochrane_review", "a review of RevMan 5 (.rm5)",
     "one of its analyses as a table; `import` takes the whole file"),
    (b"<html", "a web page", TAKEN),
    (b"<!doctype html", "a web page", TAKEN),
    (b"<table", "a web page", TAKEN),
    (b"<?xml", "an XML file", TAKEN),
)
_SUFFIXES = {".rds": "r", ".rda": "r", ".rdata": "r", ".dta": "stata", ".sav": "spss",
             ".zsav": "spss"}


def refused(file: str, wrong: str, expected: str, row: int = 1) -> DataError:
    """The error of a whole file, or of one of its lines."""
    return DataError([Problem(file, row, "", "", wrong, expected)])


def opened(path: Path, reading: Reading) -> Grid:
    """The table of a file.

    Parameters
    ----------
    path : Path
    reading : Reading

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        When the file cannot be read, is of another kind, or holds several tables of which none
        is chosen.
    """
    content = _content(path)
    kind = _kind(path, content)
    if kind == "text":
        if reading.sheet is not None:
            raise refused(str(path), "the file is text, it has no sheets", "a call without --sheet")
        return _of_text(str(path), content, reading)
    if kind in ("xlsx", "ods"):
        from . import workbooks as module
    else:
        from . import statistical as module
    return getattr(module, kind)(path, content, reading.sheet)


def kind_of(path: Path) -> str:
    """What a file is by its content: text, xlsx, ods, omv, jasp, r, stata or spss.

    Raises
    ------
    DataError
        When it cannot be read, is empty, or is nothing that holds a table.
    """
    return _kind(path, _content(path))


def _content(path: Path) -> bytes:
    file = str(path)
    try:
        if path.exists() and not path.is_file():
            raise refused(file, "this is not a file", TAKEN)
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise refused(file, "the file is missing", TAKEN) from None
    except OSError as error:
        raise refused(file, f"the file cannot be read ({error.strerror})", TAKEN) from None
    if not content.strip():
        raise refused(file, "the file is empty", TAKEN)
    return content


def _kind(path: Path, content: bytes) -> str:
    """What a file is; a `DataError` says it where it is nothing that is taken."""
    for beginning, what, expected in _OTHERS:
        if content.lstrip(b"\xef\xbb\xbf").startswith(beginning):
            raise refused(str(path), f"this is {what}", expected)
    if content.startswith(b"PK\x03\x04"):
        return _archive(path, content)
    if content.startswith(b"<stata_dta>"):
        return "stata"
    if content.startswith((b"$FL2", b"$FL3")):
        return "spss"
    if content.startswith((b"RDX", b"RDA", b"X\n\0", b"A\n", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")):
        if content.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) and (
                _SUFFIXES.get(path.suffix.lower()) != "r"):
            raise refused(str(path), "this is a compressed file", "the file that it holds")
        return "r"
    if path.suffix.lower() in _SUFFIXES:
        return _SUFFIXES[path.suffix.lower()]
    if path.suffix.lower() in (".omv", ".jasp"):
        raise refused(str(path), "the name is that of an archive of jamovi or JASP, and the file "
                      "is none", TAKEN)
    start = content[:4096].lower()
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        for mark, what, expected in _MARKUP:
            if mark in start:
                raise refused(str(path), f"this is {what}", expected)
    return "text"


def _archive(path: Path, content: bytes) -> str:
    """The kind of file that is an archive itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            mime = archive.read("mimetype") if "mimetype" in names else b""
    except (zipfile.BadZipFile, RuntimeError, OSError) as error:
        raise refused(str(path), f"this archive cannot be read ({error})", TAKEN) from None
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "xlsx"
    if b"opendocument.spreadsheet" in mime:
        return "ods"
    if "internal.sqlite" in names:
        return "jasp"
    if {"metadata.json", "data.bin"} <= names:
        return "omv"
    what, expected = "a ZIP archive", "the table that it holds"
    if "word/document.xml" in names or b"opendocument.text" in mime:
        what, expected = "a text of a word processor", TAKEN
    elif any(name.endswith(("-data-rows.csv", "-data.zip")) for name in names):
        what = "the data package of a Cochrane review"
        expected = "its file …-data-rows.csv; `import` takes the whole package"
    raise refused(str(path), f"this is {what}", expected)


def _decoded(file: str, content: bytes) -> tuple[str, list[str]]:
    """The text, and a warning where its encoding is a guess."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16"), []
        except UnicodeDecodeError:
            raise refused(file, "the file begins as UTF-16 and goes on otherwise",
                          "UTF-8 text") from None
    if found := utf16(content):
        raise refused(file, f"this is text in {found}", "UTF-8 text")
    if b"\0" in content:
        raise refused(file, "this is no text and no kind of file that is known", TAKEN)
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        if _CHINESE.fullmatch(content):
            return content.decode("gb18030"), [
                "the text is not UTF-8 and was read as GB18030: look at letters that are not ASCII"]
        # Every byte has a letter there; numbers are the same in both.
        return content.decode("cp1252", "replace"), [
            "the text is not UTF-8 and was read as Windows-1252: look at letters with accents"]


def _records(text: str, mark: str) -> list[tuple[int, list[str]]]:
    """Records with the line on which each begins; `csv.Error` has its line as second argument."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    out, start = [], 1
    try:
        for record in reader:
            if any(map(str.strip, record)):
                out.append((start, record))
            start = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(str(error), start) from None
    return out


def _mark(text: str) -> str:
    """What divides the fields: the mark that gives the header the most of them."""
    head = "".join(text.splitlines(keepends=True)[:50])
    fields = {}
    for mark in _WORDS:
        try:
            found = _records(head, mark)
        except csv.Error:  # the quotes of a header with other marks
            found = _quoted_header(head, mark)
        fields[mark] = [_filled(record) for _, record in found]
    header = min((i for counts in fields.values() for i, n in enumerate(counts) if n > 1),
                 default=0)
    fields = {mark: counts[header] if header < len(counts) else 0
              for mark, counts in fields.items()}
    return max(fields, key=fields.get)  # of equals the first: the comma


def _filled(record: list[str]) -> int:
    """How many cells of a record hold something."""
    return sum(map(bool, map(str.strip, record)))


def _quoted_header(head: str, mark: str) -> list[tuple[int, list[str]]]:
    try:
        return _records(head.splitlines()[0], mark)
    except csv.Error:
        return []


def _of_text(file: str, content: bytes, reading: Reading) -> Grid:
    text, warnings = _decoded(file, content)
    mark = SEPARATORS[reading.separator] if reading.separator else _mark(text)
    try:
        records = _records(text, mark)
    except csv.Error as error:
        raise refused(file, f"broken quoting in this record ({error.args[0]})", "fields quoted by "
                      "RFC 4180, a quote inside a field doubled", error.args[1]) from None
    if not records:
        raise refused(file, "the file is empty", TAKEN)
    notes = () if mark == "," else (f"fields are divided by {_WORDS[mark]}",)
    return gridded(file, records, "," if mark == ";" else "", tuple(warnings), notes)


def _one_header(file: str, records: list[tuple[int, list[str]]]) -> None:
    """Raise a `DataError` where a row of groups stands above the names of the columns."""
    if len(records) < 3:
        return
    (first, groups), (second, names) = (
        (line, list(map(str.strip, record))) for line, record in records[:2])
    under = [(group, name) for group, name in zip(groups, names, strict=False) if group and name]
    headed = "" in groups and all(names) and not any(
        any(map(str.isdigit, name)) for name in names) and len(set(names)) < len(names)
    if headed and under:
        raise refused(file, f"the header seems to take two rows ({first} and {second})",
                      "one row with a name for each column, as "
                      f"\"{under[0][1]} {under[0][0]}\"", first)


def _below_groups(records: list[list[str]]) -> list[str]:
    """The header of a table where names stand below groups, as merged cells are written.

    Empty where it is none: each text of the second row must stand below a group of at least two
    columns, with all of the group's, and columns of no group have nothing in it.
    """
    if len(records) < 3:
        return []
    width = max(map(len, records[:2]))
    groups, names = ([*map(str.strip, record), *[""] * (width - len(record))]
                     for record in records[:2])
    of = [max((j for j in range(i + 1) if groups[j]), default=-1) for i in range(width)]
    below = [bool(name) for name in names]
    grouped = [of.count(place) > 1 and place >= 0 for place in of]
    if below != grouped or not any(below) or all(below) or any(
            re.fullmatch(r"[\d.,%\s-]+", name) for name in names):
        return []
    return [f"{groups[place]} {name}".strip() for place, name in zip(of, names, strict=True)]


def gridded(file: str, records: list[tuple[int, list[str]]], decimal: str = "",
            warnings: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> Grid:
    """Records as a table: the first is the header; where it is repeated, it is passed over.

    So are titles above it, rows with one cell that holds something, and notes beneath the table.

    Raises
    ------
    DataError
        Where there is no row, or the header takes two.
    """
    start = next((i for i, (_, record) in enumerate(records) if _filled(record) > 1), 0)
    if start:
        notes += (f"the header is in row {records[start][0]}",)
        records = records[start:]
    if joined := _below_groups([record for _, record in records[:3]]):
        notes += (f"the header takes rows {records[0][0]} and {records[1][0]}",)
        records = [(records[0][0], joined), *records[2:]]
    _one_header(file, records)
    header = [name.strip() for name in records[0][1]]
    while header and not header[-1]:
        header.pop()
    rows, repeated, problems = [], [], []
    last = max((i for i, (_, record) in enumerate(records) if _filled(record) > 1), default=0)
    if beneath := [line for line, record in records[last + 1:] if len(record) < len(header)]:
        notes += ("notes stand beneath, in row " + ", ".join(map(str, beneath)),)
    for line, record in records[1:]:
        if line in beneath:
            continue
        cells = [cell.strip() for cell in record]
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if cells == header:
            repeated.append(line)
        elif len(cells) != len(header):
            problems.append(Problem(file, line, "", ",".join(record),
                                    f"the row has {len(cells)} field{'s' * (len(cells) != 1)}",
                                    f"{len(header)} fields as in the header", rule="fields"))
        else:
            rows.append((line, cells))
    if not (rows or problems):
        raise refused(file, "the file has a header and no rows", "a row for each trial")
    if repeated:
        notes += ("the header stands again in row " + ", ".join(map(str, repeated)),)
    return Grid(file, header, rows, decimal, warnings, notes, tuple(problems))
