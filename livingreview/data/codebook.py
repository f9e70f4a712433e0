"""What every table and column means, in words, and the descriptions that are made of them.

The words stand in ``columns.csv`` beside this module: a row for each column, and one without a
column for each table.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from . import reads
from .declaring import IDENTIFIER, Column, Table
from .own_names import NONE, OwnNames
from .tables import BY_NAME, CORRECTIONS, TABLES

FILE = Path(__file__).with_name("columns.csv")
HEADER = ("table", "column", "unit", "meaning")
_AS_READ = reads.MODULE + FILE.relative_to(reads.PACKAGE).as_posix()
_FRICTIONLESS_TYPE = {"identifier": "string", "integer": "integer", "number": "number",
                      "date": "date", "string": "string"}


class CodebookError(Exception):
    """``columns.csv`` has not one row for each table and column; the text says which."""


def _wrong(rows: list[tuple[int, list[str]]], declared: Mapping) -> Iterator[str]:
    """What is wrong with the lines of the file."""
    found = set()
    for line, row in rows:
        at, place = f"{FILE.name}:{line}", tuple(row[:2])
        if len(row) != len(HEADER):
            yield f"{at}: {len(row)} cells, expected {len(HEADER)}: a text with commas is quoted"
            continue
        said = ", ".join(filter(None, place))
        if line == 1 and row != list(HEADER):
            yield f"{at}: {','.join(row)}: expected {','.join(HEADER)}"
        elif line > 1 and place not in declared:
            yield f"{at}: {said}: no table has such a column"
        elif place in found:
            yield f"{at}: {said}: a second row"
        elif not row[-1].strip():
            yield f"{at}: {said}: the meaning is empty"
        found.add(place)
    for table, column in declared:
        if (table, column) not in found:
            yield f"{FILE.name}: no row for {f'{table}, {column}' if column else table}"


@cache
def _read(file: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """Unit and meaning by table and column."""
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.reader(text)
        rows = [(reader.line_num, row) for row in reader]
    wrong = list(_wrong(rows, dict.fromkeys(
        (t.name, name) for t in (*TABLES, CORRECTIONS) for name in ("", *t.names))))
    if wrong:
        raise CodebookError("\n".join(wrong))
    return {(table, column): (unit, meaning) for _, (table, column, unit, meaning) in rows}


def _said(table: str, column: str) -> tuple[str, str]:
    reads.note(_AS_READ)
    return _read(FILE)[table, column]


def meaning(table: str, column: str = "") -> str:
    """What a column means, or what a table is.

    Parameters
    ----------
    table : str
    column : str, optional
        The table itself where it is left out.

    Raises
    ------
    CodebookError
    """
    return _said(table, column)[1]


def unit(table: str, column: str) -> str:
    """The unit of a column; empty where it has none."""
    return _said(table, column)[0]


def _field(table: Table, column: Column, name: str, names: OwnNames) -> dict:
    """The Table Schema field of a column; the words of a list stay in ``vocabularies.csv``."""
    constraints = {}
    if column.required:
        constraints["required"] = True
    if column.minimum is not None:
        constraints["minimum"] = column.minimum
    if column.maximum is not None:
        constraints["maximum"] = column.maximum
    if column.type == "identifier":
        constraints["pattern"] = f"{IDENTIFIER}(?:;{IDENTIFIER})*" if column.many else IDENTIFIER
    out = {"name": name, "type": _FRICTIONLESS_TYPE[column.type],
           "description": meaning(table.name, column.name)}
    for key, value in (("unit", unit(table.name, column.name)),
                       ("vocabulary", names.own.list(column.vocabulary or "")),
                       ("separator", ";" if column.many else None)):
        if value:
            out[key] = value
    if constraints:
        out["constraints"] = constraints
    return out


def _resource(table: Table, indication: str, hashes: Mapping[str, str], names: OwnNames,
              headers: Mapping[str, Mapping[str, str]]) -> dict:
    """The resource of one file. Keys over several values in a cell have no Table Schema form."""
    def called(of: Table, columns: Iterable[str]) -> list[str]:
        there = headers.get(of.path(indication), {})
        return [there.get(name, name) for name in columns]

    prefix = f"{indication}-" if table.folder == "indication" else ""
    schema = {"fields": [_field(table, c, name, names) for c, name in zip(
        table.columns, called(table, table.names), strict=True)], "missingValues": [""]}
    # Table Schema forbids an empty cell in a primary key; ours may hold one (a visit not printed).
    if table.key and all(table.column(name).required for name in table.key):
        schema["primaryKey"] = called(table, table.key)
    foreign = []
    for key in table.foreign_keys:
        if any(table.column(name).many for name in key.columns):
            continue
        target = BY_NAME[key.table]
        name = key.table if target is not table else ""
        foreign.append({"fields": called(table, key.columns), "reference": {
            "resource": (prefix if target.folder == "indication" else "") + name if name else "",
            "fields": called(target, key.to)}})
    if foreign:
        schema["foreignKeys"] = foreign
    path = table.path(indication)
    known = {"hash": hashes[path]} if path in hashes else {}
    return {"name": f"{prefix}{table.name}".replace("_", "-"), "path": path,
            "description": meaning(table.name), "profile": "tabular-data-resource",
            "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", **known,
            "schema": schema}


def datapackage(indications: list[str], present: set[str], title: str = "A review",
                version: str = "", hashes: Mapping[str, str] | None = None,
                names: OwnNames = NONE,
                headers: Mapping[str, Mapping[str, str]] | None = None) -> dict:
    """The Frictionless data package of a data folder.

    Parameters
    ----------
    indications : list of str
        Folders of indications, in the order of the vocabulary.
    present : set of str
        Paths that exist; a file of an optional table that is absent is left out.
    title : str, optional
        Of the review.
    version : str, optional
        Date of the data.
    hashes : mapping of str to str, optional
        Of each file by path.
    names : OwnNames, optional
        What the review calls lists.
    headers : mapping of str to mapping of str to str, optional
        By path what a file calls columns, where that is something else.
    """
    resources = []
    for table in TABLES:
        for indication in indications if table.folder == "indication" else [""]:
            if not table.optional or table.path(indication) in present:
                resources.append(_resource(table, indication, hashes or {}, names,
                                           headers or {}))
    for resource in resources:
        for key in resource["schema"].get("foreignKeys", []):
            key["reference"]["resource"] = key["reference"]["resource"].replace("_", "-")
    return {
        "name": "-".join(re.findall("[a-z0-9]+", title.lower())),
        "title": f"The data of: {title}",
        **({"version": version} if version else {}),
        "profile": "tabular-data-package",
        "licenses": [{"name": "CC-BY-4.0", "title": "Creative Commons Attribution 4.0",
                      "path": "https://creativecommons.org/licenses/by/4.0/"}],
        "resources": resources,
    }


def columns(names: OwnNames = NONE) -> list[dict]:
    """One row per column of every table, for the codebook page and ``codebook.csv``.

    Parameters
    ----------
    names : OwnNames, optional
        What the files of the review call columns and lists.
    """
    own = names.own
    return [
        {"table": table.name, "column": own.column(table, c.name), "type": c.type,
         "required": "yes" if c.required else "", "key": "yes" if c.name in table.key else "",
         "several_values": "yes" if c.many else "", "unit": unit(table.name, c.name),
         "minimum": "" if c.minimum is None else f"{c.minimum:g}",
         "maximum": "" if c.maximum is None else f"{c.maximum:g}",
         "vocabulary": own.list(c.vocabulary or ""), "description": meaning(table.name, c.name)}
        for table in TABLES for c in table.columns
    ]
