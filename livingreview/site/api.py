"""A static interface to the data: the same facts as the pages, as JSON and CSV at stable addresses.

Version 1 never loses a field or changes the meaning of one; new fields may be added.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files as packaged

import pandas as pd

from ..data import tables, versions
from ..data.codebook import meaning
from ..data.dataset import Dataset
from ..data.interface import BASE, FILES, SCHEMA
from ..data.own_names import NONE, OwnNames
from ..data.phrases import rows
from ..review import Review, dumps

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT = {"type": ["string", "null"]}
# JSON Schema of each type of a field.
_KINDS = {"number": {"type": ["number", "null"]}, "string": _TEXT,
          "integer": {"type": ["integer", "null"]},
          "address": {"type": "string", "format": "uri-reference"},
          "list": {"type": "array", "items": {"type": "string"}},
          "text": {"type": "string"}, "": {}}


@cache
def _fields() -> dict[str, dict[str, dict[str, str]]]:
    """By file and name: type, place in a result where it has another name there, and meaning."""
    out: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows(packaged(__package__) / "api.csv"):
        out.setdefault(row["file"], {})[row["field"]] = row
    return out


def _described(file: str) -> dict[str, dict]:
    """JSON Schema of the fields of a file."""
    return {name: {**_KINDS[row["type"]], "description": row["description"]}
            for name, row in _fields()[file].items() if name}


def _at(result: dict, path: str):
    """A value of a nested dictionary; None where a part of the way is not there."""
    for key in path.split("."):
        result = (result or {}).get(key)
    return result


def analyses(review: Review) -> list[dict]:
    """Every analysis as a flat record."""
    places = {name: row["path"] or name for name, row in _fields()["analyses"].items()}
    return [review.data.names.own.result({name: _at(result, path)
                                          for name, path in places.items()})
            for result in review.document["analyses"].values()]


def studies(data: Dataset, review: Review) -> list[dict]:
    """Every study with its indication and its analyses."""
    used: dict[tuple[str, str], list[str]] = {}
    for name, result in review.document["analyses"].items():
        for study in result["studies"]:
            used.setdefault((result["indication"], study["study_id"]), []).append(name)
    out = []
    for indication in data.indications:
        for row in data.records("studies", indication):
            record = {"indication": indication,
                      **{k: list(v) if isinstance(v, tuple) else v
                         for k, v in data.names.own.row(tables.STUDIES, row).items()
                         if k != "row"}}
            out.append({**record, "analyses": used.get((indication, row["study_id"]), [])})
    return out


def releases() -> list[dict]:
    """Every published version, newest first."""
    out = []
    for name in reversed(versions.published()):
        made = versions.manifest(name)
        out.append({"version": name, "date": made["date"], "data_version": made["data_version"],
                    "package_version": made["package_version"],
                    "results": f"../../releases/{name}.json"})
    return out


def _study_schema(names: OwnNames) -> dict:
    added = _described("studies")
    fields = {"indication": added["indication"]}
    for column in tables.STUDIES.columns:
        kind = _KINDS["list"] if column.many else _KINDS.get(column.type, _TEXT)
        fields[names.own.column(tables.STUDIES, column.name)] = {
            **kind, "description": meaning("studies", column.name)}
    return {**fields, "analyses": added["analyses"]}


def schemas(names: OwnNames) -> dict[str, dict]:
    """JSON Schema of each file, which stands alone; the index has one too."""
    fields = {
        "studies": _study_schema(names),
        "analyses": _described("analyses"), "versions": _described("versions"),
    }
    lists = {name: {"type": "array", "description": FILES[name], "items": {
        "type": "object", "properties": found, "required": list(found)}}
        for name, found in fields.items()}
    return {**lists, "index": _index_schema()}


def _index_schema() -> dict:
    listed, fields = _described("listed"), _described("index")
    fields["version"] = {"const": 1, **fields["version"]}
    fields["files"] = {
        "type": "object", **fields["files"], "required": list(FILES), "additionalProperties": {
            "type": "object", "properties": listed, "required": list(listed)}}
    return {"type": "object", "description": _fields()["index"][""]["description"],
            "properties": fields, "required": list(fields)}


def schema(names: OwnNames = NONE) -> dict:
    """JSON Schema of all files in one; the three lists of records are named in it.

    The whole schema takes any of the three; ``#/$defs/NAME`` takes that one, and says better what
    is wrong with it.

    Parameters
    ----------
    names : OwnNames, optional
        What the review calls columns.
    """
    return {"$schema": _DIALECT, "anyOf": [{"$ref": f"#/$defs/{name}"} for name in FILES],
            "$defs": schemas(names)}


def _csv(records: list[dict], columns: list[str]) -> str:
    """Records as CSV; several values of a cell are separated by semicolons."""
    rows = [{k: ";".join(v) if isinstance(v, list) else v for k, v in r.items()} for r in records]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def files(data: Dataset, review: Review) -> dict[str, str]:
    """Every file of the interface by its address below the site."""
    described = schema(data.names)
    records = {"studies": studies(data, review), "analyses": analyses(review),
               "versions": releases()}
    out = {}
    for name, found in records.items():
        columns = list(described["$defs"][name]["items"]["properties"])
        out[f"{BASE}/{name}.json"] = content = dumps(found)
        out[f"{BASE}/{name}.csv"] = _csv(json.loads(content), columns)
    out[f"{BASE}/{SCHEMA}"] = dumps(described)
    for name, alone in described["$defs"].items():
        out[f"{BASE}/schema/{name}.json"] = dumps({"$schema": _DIALECT, **alone})
    out[f"{BASE}/index.json"] = dumps({
        "version": 1, "data_version": data.version,
        "files": {name: {"json": f"{name}.json", "csv": f"{name}.csv", "what": what,
                         "schema": f"{SCHEMA}#/$defs/{name}",
                         "schema_alone": f"schema/{name}.json"}
                  for name, what in FILES.items()},
        "results": "../../results.json", "schema": SCHEMA})
    return out
