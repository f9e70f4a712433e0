"""A static interface to the data: the same facts as the pages, as JSON and CSV at stable addresses.

Version 1 never loses a field or changes the meaning of one; new fields may be added.
"""

from __future__ import annotations

import json

import pandas as pd

from .. import tables, versions
from ..dataset import Dataset
from ..review import Review, dumps

BASE = "api/v1"
SCHEMA = "schema.json"
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
    "model": ("pooled.model", _TEXT, "model of the pooled estimate"),
    "estimate": ("pooled.estimate", _NUMBER, "pooled estimate; null where there is none"),
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
FILES = {
    "studies": "Every study with its indication and the analyses that use it.",
    "analyses": "Every analysis with its estimate, one flat record each.",
    "versions": "Every published version.",
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
        fields[column.name] = {**kind, "description": column.description}
    fields["analyses"] = {"type": "array", "items": {"type": "string"},
                          "description": "analyses that use the study"}
    return fields


def schema() -> dict:
    """JSON Schema of the three files, each a list of records.

    The whole schema takes any of the three; ``#/$defs/NAME`` takes that one, and says better what
    is wrong with it.
    """
    fields = {
        "studies": _study_schema(),
        "analyses": {k: {**kind, "description": what} for k, (_, kind, what) in ANALYSIS.items()},
        "versions": {k: {**_TEXT, "description": what} for k, what in VERSION.items()},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema",
            "anyOf": [{"$ref": f"#/$defs/{name}"} for name in fields], "$defs": {
        name: {"type": "array", "description": FILES[name], "items": {
            "type": "object", "properties": found, "required": list(found)}}
        for name, found in fields.items()}}


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
    out[f"{BASE}/index.json"] = dumps({
        "version": 1, "data_version": data.version,
        "files": {name: {"json": f"{name}.json", "csv": f"{name}.csv", "what": what,
                         "schema": f"{SCHEMA}#/$defs/{name}"}
                  for name, what in FILES.items()},
        "results": "../../results.json", "schema": SCHEMA})
    return out


