"""What ClinicalTrials.gov says of known trials: their posted results, and how far they are.

Records are asked for one by one for results and in lists for progress, and stored as they came, by
the day of their last update: posted results are revised.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from ..data.dataset import Dataset
from .net import Answer, Client, SourceError
from .rawstore import Raw
from .registry_draft import Draft
from .registry_mapping import Key
from .sources.shapes import json_of, needed

SOURCE = "clinicaltrials"
NUMBER = re.compile(r"NCT\d{8}")
_FIELDS = "NCTId|StatusModule|EnrollmentInfo|HasResults"
_AT_ONCE = 100  # numbers in one request, so that its address stays short
# The words of the list progress for the registry's. One that is suspended may go on: nobody knows.
PROGRESS = {"COMPLETED": "finished", "TERMINATED": "stopped", "WITHDRAWN": "stopped",
            "SUSPENDED": "stopped", "RECRUITING": "running", "ENROLLING_BY_INVITATION": "running",
            "ACTIVE_NOT_RECRUITING": "running", "NOT_YET_RECRUITING": "not-started",
            "UNKNOWN": "unknown"}


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


# --- progress -------------------------------------------------------------------------------------


def numbers_of(data: Dataset) -> tuple[str, ...]:
    """All numbers at ClinicalTrials.gov that studies have, each once."""
    return tuple(sorted({number for indication in data.indications
                         for study in data.records("studies", indication)
                         for number in study["registration"] if NUMBER.fullmatch(number)}))


def asked(client: Client, numbers: Sequence[str],
          done: Callable[[int], None] = lambda _: None) -> Iterator[Answer]:
    """Every answer to the question how far trials are.

    Parameters
    ----------
    client : Client
    numbers : sequence of str
    done : callable, optional
        Called with how many numbers an answer covers.

    Raises
    ------
    SourceError
        Where one has another shape, or names a page that it has named before.
    """
    for at in range(0, len(numbers), _AT_ONCE):
        some, token, seen = numbers[at:at + _AT_ONCE], None, set()
        while True:
            answer = client.get("studies", {
                "filter.ids": "|".join(some), "fields": _FIELDS, "pageSize": len(some),
                "pageToken": token})
            yield answer
            token = json_of(SOURCE, answer).get("nextPageToken")
            if not token:
                break
            if token in seen:
                raise SourceError(SOURCE, "it names the same next page twice")
            seen.add(token)
        done(len(some))


def kept(root: Path, answers: Iterator[Answer]) -> Iterator[Answer]:
    """Answers, each stored by the day on which it came."""
    raws: dict[str, Raw] = {}
    for answer in answers:
        day = answer.time[:10]
        raw = raws.setdefault(day, Raw(root, SOURCE, f"registrations-{day}"))
        if answer.body not in (page.body for page in raw.pages()):
            raw.add(answer)
        yield answer


def replayed(folder: Path) -> Iterator[Answer]:
    """The answers of the newest look at all trials that a raw store holds.

    Raises
    ------
    SourceError
        Where it holds none.
    """
    days = sorted((folder / SOURCE).glob("registrations-*"))
    if not days:
        raise SourceError(SOURCE, f"{folder} holds no look at all trials: expected "
                          f"{SOURCE}/registrations-<day>")
    yield from Raw(folder, SOURCE, days[-1].name).pages()


def rows(answers: Iterator[Answer]) -> list[dict]:
    """Rows of registrations.csv, by number.

    Raises
    ------
    SourceError
        Where an answer lacks what every record has, which is named.
    """
    out = {}
    for answer in answers:
        for record in needed(SOURCE, json_of(SOURCE, answer), "studies", list):
            row = _row(record, answer.time[:10])
            out[row["registration"]] = row
    return [out[number] for number in sorted(out)]


def _row(record: Mapping, day: str) -> dict:
    status = needed(SOURCE, record, "protocolSection.statusModule", dict)

    def date(name: str) -> str | None:
        return (status.get(name) or {}).get("date")

    end = status.get("completionDateStruct") or status.get("primaryCompletionDateStruct") or {}
    size = record["protocolSection"].get("designModule", {}).get("enrollmentInfo", {})
    return {
        "registration": needed(SOURCE, record, "protocolSection.identificationModule.nctId", str),
        "status": needed(SOURCE, record, "protocolSection.statusModule.overallStatus", str),
        "started": date("startDateStruct"),
        "primary_completion": date("primaryCompletionDateStruct"),
        "completion": date("completionDateStruct"),
        "completion_is": {"ACTUAL": "actual", "ESTIMATED": "expected"}.get(end.get("type", "")),
        "has_results": "yes" if record.get("hasResults") is True else None,
        "results_first_posted": date("resultsFirstPostDateStruct"),
        "last_update_posted": date("lastUpdatePostDateStruct"),
        "enrolment": size.get("count"), "source": SOURCE, "checked_on": day}


def changes(data: Dataset, registrations: Sequence[Mapping]
            ) -> tuple[dict[str, dict[str, list[dict]]], list[str]]:
    """What the registry's status would change in studies.csv, as corrections that a person accepts.

    Later reports of a trial are left alone. So is a trial with a report whose registration was
    forgotten (UNKNOWN): that its record is old says nothing of a trial that has reported.

    Parameters
    ----------
    data : Dataset
    registrations : sequence of mapping
        Rows of registrations.csv.

    Returns
    -------
    dict
        By indication, the tables `corrections` and `sources`.
    list of str
        What is left alone, and why.
    """
    out: dict = defaultdict(lambda: {"corrections": [], "sources": []})
    left, told = [], {}
    for row in registrations:
        for indication, study in studies_of(data, row["registration"]):
            word, name = PROGRESS.get(row["status"]), study["study_id"]
            if study["companion_of"] or word == study["progress"]:
                continue
            if word is None:
                left.append(f"{indication}, {name}: {row['registration']} is {row['status']}, for "
                            "which there is no word here")
            elif told.setdefault((indication, name), word) != word:
                left.append(f"{indication}, {name}: its registrations say different things "
                            f"({row['registration']} is {row['status']})")
            elif (name, "progress") in [(c["key"], c["column"])
                                        for c in out[indication]["corrections"]]:
                continue  # another registration of it says the same
            elif word == "unknown" and study["status"] != "registered":
                left.append(f"{indication}, {name}: {row['registration']} is UNKNOWN at the "
                            "registry, and the trial has reported")
            else:
                _add(out[indication], study, row, word)
    return {indication: tables for indication, tables in out.items() if tables["corrections"]}, left


def _add(tables: Mapping[str, list[dict]], study: Mapping, row: Mapping, word: str) -> None:
    """The corrections of one study, with the source they have."""
    number, day = row["registration"], row["checked_on"]
    source = f"{number.lower()}-status-{day}"
    if source not in [s["source_id"] for s in tables["sources"]]:
        tables["sources"].append({
            "source_id": source, "kind": "registry", "title": f"Registration {number} at "
            "ClinicalTrials.gov (status)", "url": f"https://clinicaltrials.gov/study/{number}",
            "accessed": day})
    updated = row["last_update_posted"]
    for column, new in (("progress", word), ("status_source_id", source)):
        tables["corrections"].append({
            "file": "studies.csv", "key": study["study_id"], "column": column,
            "old": study[column] or "", "new": new, "source": source,
            "locator": "status module, overall status",
            "reason": f"{row['status']} at ClinicalTrials.gov"
                      + (f", last update {updated}" if updated else "")})


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
                        ("part left out", made.passed)):
        lines += [f"{title}: {len(some)}"] * bool(some) + [f"  {one}" for one in some]
    if made.differences:
        lines.append(f"values that stand here from other sources: {len(made.differences)}")
        lines += [f"  {line}" for one in made.differences for line in one.lines()]
        chosen = any("second source beside" in row.get("note", "")
                     for rows in made.rows.values() for row in rows)
        lines.append("They are drafted as a second source." if chosen else
                     "They are not in the draft: --second-source WHY takes them in beside those.")
    if out and counts:
        lines.append(f'take in: python -m livingreview import {out} --reason "results posted at '
                     f'ClinicalTrials.gov ({made.source["source_id"]})"')
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
