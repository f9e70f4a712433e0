"""A static interface to the data: the same facts as the pages, as JSON and CSV at stable addresses.

Version 1 never loses a field or changes the meaning of one; new fields may be added.
"""

from __future__ import annotations

import json

import pandas as pd

from ..data import tables, versions
from ..data.codebook import meaning
from ..data.dataset import Dataset
from ..data.interface import BASE, FILES, SCHEMA
from ..review import Review, dumps

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NUMBER, _TEXT, _WHOLE = ({"type": [kind, "null"]} for kind in ("number", "string", "integer"))
# Fields of an analysis: where they stand in its result, their type, and what they mean.
ANALYSIS = {
    "id": ("id", _TEXT, "identifier, as in analyses.csv"),
    "indication": ("indication", _TEXT, "identifier of the indication"),
    "title": ("title", _TEXT, "title"),
    "section": ("section", _TEXT, "section of the chapter"),
    "role": ("role", _TEXT, "main, further or check"),
    "comparison": ("question.comparison", _TEXT, "class of the comparison"),
    "target": ("question.target", _TEXT, "family, outcome or adverse event"),
    "measure": ("question.measure", _TEXT, "effect measure"),
    "favourable": ("question.favourable", _TEXT, "side of the estimate that is better"),
    "window_from": ("question.window_from", _NUMBER, "visits after this month"),
    "window_to": ("question.window_to", _NUMBER, "visits up to this month"),
    "k": ("k", _WHOLE, "studies in the estimate"),
    "n": ("n", _NUMBER, "participants in the estimate"),
    "k_without_ratio": ("k_without_ratio", _WHOLE, "further studies that give no ratio"),
    "n_without_ratio": ("n_without_ratio", _NUMBER, "participants of these, in no estimate"),
    "model": ("pooled.model", _TEXT, "model of the estimate"),
    "estimate": ("pooled.estimate", _NUMBER, "estimate, pooled from two studies on; null for none"),
    "ci_low": ("pooled.ci_low", _NUMBER, "lower end of the 95% interval"),
    "ci_high": ("pooled.ci_high", _NUMBER, "upper end of the 95% interval"),
    "pi_low": ("pooled.pi_low", _NUMBER, "lower end of the prediction interval"),
    "pi_high": ("pooled.pi_high", _NUMBER, "upper end of the prediction interval"),
    "tau2": ("pooled.tau2", _NUMBER, "variance between studies"),
    "i2": ("pooled.i2", _NUMBER, "I², percent"),
    "certainty": ("certainty.level", _TEXT, "certainty by the rules of the methods page"),
}
VERSION = {
    "version": "name of the version", "date": "day of its publication",
    "data_version": "date of the last entry on its data", "package_version": "its package",
    "results": "address of its results, from this folder",
}
_LISTED = {
    "json": "as JSON", "csv": "as CSV", "schema": "its part of the schema of all files",
    "schema_alone": "its own schema",
}


def _at(result: dict, path: str):
    """A value of a nested dictionary; None where a part of the way is not there."""
    for key in path.split("."):
        result = (result or {}).get(key)
    return result


def analyses(review: Review) -> list[dict]:
    """Every analysis as a flat record."""
    return [{name: _at(result, path) for name, (path, _, _) in ANALYSIS.items()}
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
                         for k, v in row.items() if k != "row"}}
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


def _study_schema() -> dict:
    kinds = {"integer": _WHOLE, "number": _NUMBER}
    fields = {"indication": {**_TEXT, "description": "identifier of the indication"}}
    for column in tables.STUDIES.columns:
        kind = {"type": "array", "items": {"type": "string"}} if column.many else kinds.get(
            column.type, _TEXT)
        fields[column.name] = {**kind, "description": meaning("studies", column.name)}
    fields["analyses"] = {"type": "array", "items": {"type": "string"},
                          "description": "analyses that use the study"}
    return fields


def schemas() -> dict[str, dict]:
    """JSON Schema of each file, which stands alone; the index has one too."""
    fields = {
        "studies": _study_schema(),
        "analyses": {k: {**kind, "description": what} for k, (_, kind, what) in ANALYSIS.items()},
        "versions": {k: {**_TEXT, "description": what} for k, what in VERSION.items()},
    }
    lists = {name: {"type": "array", "description": FILES[name], "items": {
        "type": "object", "properties": found, "required": list(found)}}
        for name, found in fields.items()}
    return {**lists, "index": _index_schema()}


def _index_schema() -> dict:
    address = {"type": "string", "format": "uri-reference"}
    listed = {name: {**address, "description": what} for name, what in _LISTED.items()}
    listed["what"] = {"type": "string", "description": "what is in it"}
    fields = {
        "version": {"const": 1, "description": "version of this interface"},
        "data_version": {**_TEXT, "description": "date of the last change of the data"},
        "files": {"type": "object", "description": "files by name", "required": list(FILES),
                  "additionalProperties": {"type": "object", "properties": listed,
                                           "required": list(listed)}},
        "results": {**address, "description": "every result with all its parts"},
        "schema": {**address, "description": "schema of all files"}}
    return {"type": "object", "description": "What there is, and where.", "properties": fields,
            "required": list(fields)}


def schema() -> dict:
    """JSON Schema of all files in one; the three lists of records are named in it.

    The whole schema takes any of the three; ``#/$defs/NAME`` takes that one, and says better what
    is wrong with it.
    """
    return {"$schema": _DIALECT, "anyOf": [{"$ref": f"#/$defs/{name}"} for name in FILES],
            "$defs": schemas()}


def _csv(records: list[dict], columns: list[str]) -> str:
    """Records as CSV; several values of a cell are separated by semicolons."""
    rows = [{k: ";".join(v) if isinstance(v, list) else v for k, v in r.items()} for r in records]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def files(data: Dataset, review: Review) -> dict[str, str]:
    """Every file of the interface by its address below the site.

    Parameters
    ----------
    data : Dataset
    review : Review

    Returns
    -------
    dict of str to str
    """
    described = schema()
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
