"""What ClinicalTrials.gov posts of the results of a known trial.

A record is stored as it came, by the day of its last update: posted results are revised.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from ..data.dataset import Dataset
from .net import Answer, Client, SourceError
from .rawstore import Raw
from .registry_draft import Draft
from .registry_mapping import Key
from .sources.shapes import json_of, needed

SOURCE = "clinicaltrials"
NUMBER = re.compile(r"NCT\d{8}")


# --- records --------------------------------------------------------------------------------------


def document(client: Client, root: Path, number: str) -> tuple[dict, str]:
    """The record of a trial, stored as it came.

    Parameters
    ----------
    client : Client
    root : Path
        Of the raw store. An answer that is there already is not stored twice.
    number : str

    Returns
    -------
    dict
    str
        Day on which it came.

    Raises
    ------
    SourceError
        Where there is none, or one of another shape.
    """
    answer = client.get(f"studies/{number}")
    found = _record(answer, number)
    raw = Raw(root, SOURCE, f"registry-{number.lower()}-{version_of(found)}")
    if answer.body not in (page.body for page in raw.pages()):
        raw.add(answer)
    return found, answer.time[:10]


def stored(folder: Path, number: str) -> tuple[dict, str]:
    """The newest record of a trial that a raw store holds, and the day on which it came.

    Raises
    ------
    SourceError
        Where it holds none.
    """
    versions = sorted((folder / SOURCE).glob(f"registry-{number.lower()}-*"))
    pages = list(Raw(folder, SOURCE, versions[-1].name).pages()) if versions else []
    if not pages:
        raise SourceError(SOURCE, f"{folder} holds no record of {number}: expected "
                          f"{SOURCE}/registry-{number.lower()}-<day of its last update>")
    return _record(pages[-1], number), pages[-1].time[:10]


def _record(answer: Answer, number: str) -> dict:
    found = json_of(SOURCE, answer)
    said = needed(SOURCE, found, "protocolSection.identificationModule.nctId", str)
    if said != number:
        raise SourceError(SOURCE, f"it answers the record of {said} where {number} was asked for")
    return found


def version_of(record: Mapping) -> str:
    """The day of the last update of a record.

    Raises
    ------
    SourceError
        Where it has none.
    """
    return needed(SOURCE, record, "protocolSection.statusModule.lastUpdatePostDateStruct.date",
                  str)


def studies_of(data: Dataset, number: str) -> list[tuple[str, Mapping]]:
    """The studies that have a registration number, each with its indication; main reports first."""
    found = [(indication, study) for indication in data.indications
             for study in data.records("studies", indication) if number in study["registration"]]
    return sorted(found, key=lambda one: bool(one[1]["companion_of"]))


# --- what is said of a draft ----------------------------------------------------------------------


def report(made: Draft, out: str = "") -> list[str]:
    """What a draft holds, what it leaves out and why, and what differs, in lines.

    Parameters
    ----------
    made : Draft
    out : str, optional
        Where it is written, for the command that takes it in.
    """
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in made.rows.items() if rows)
    lines = [f"{made.study_id} ({made.indication}): {counts or 'no rows'}"]
    if made.corrections:
        lines.append(f"{len(made.corrections)} empty cells of arms that the registry fills: "
                     "corrections.csv")
    for title, some in (("not mapped, left out", made.unmapped), ("refused", made.refused),
                        ("part left out", made.passed), ("participant flow", made.flow)):
        lines += [f"{title}: {len(some)}"] * bool(some) + [f"  {one}" for one in some]
    if made.differences:
        lines.append(f"values that stand here from other sources: {len(made.differences)}")
        lines += [f"  {line}" for one in made.differences for line in one.lines()]
        lines.append("They are drafted as a second source." if made.second_source else
                     "They are not in the draft: --second-source WHY takes them in beside those.")
    if out and counts:
        why = (f"results posted at ClinicalTrials.gov ({made.source['source_id']})"
               + (f"; second source: {made.second_source}" if made.second_source else ""))
        lines.append(f"take in: python -m livingreview import {shlex.quote(out)} --reason "
                     f"{shlex.quote(why)}")
    return lines


def chosen(made: Draft, mappings: Mapping[Key, Mapping], why: str) -> list[dict]:
    """The decisions on outcomes that stand here too, with the choice as their reason.

    Parameters
    ----------
    made : Draft
    mappings : mapping
        By part and title.
    why : str
        Why the registry's values are taken in as a second source; empty where they are not.
    """
    words = {d.what.split(", ")[1] for d in made.differences if d.table in (
        "outcomes", "adverse_events")}
    said = f"second source: {why}" if why else "values of other sources stand here and stay"
    return [{**row, "reason": said} for row in mappings.values()
            if row["item"] in words and row["reason"] != said]
