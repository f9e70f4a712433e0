"""How far known trials are, as ClinicalTrials.gov says: status, dates, posted results."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..data.dataset import Dataset
from . import net
from .alone import alone
from .keeping import keep, locked, now, rows_of
from .net import Answer, Client, SourceError
from .rawstore import Raw
from .registry import NUMBER, SOURCE, studies_of
from .sources.shapes import json_of, needed

_FIELDS = "NCTId|StatusModule|EnrollmentInfo|HasResults"
_AT_ONCE = 100  # numbers in one request, so that its address stays short
# The words of the list progress for the registry's. One that is suspended may go on: nobody knows.
PROGRESS = {"COMPLETED": "finished", "TERMINATED": "stopped", "WITHDRAWN": "stopped",
            "SUSPENDED": "stopped", "RECRUITING": "running", "ENROLLING_BY_INVITATION": "running",
            "ACTIVE_NOT_RECRUITING": "running", "NOT_YET_RECRUITING": "not-started",
            "UNKNOWN": "unknown"}
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")


@dataclass(frozen=True)
class Outcome:
    """What came of a look at all trials.

    Attributes
    ----------
    before, after : Dataset
        The same object where no byte changes.
    rows : tuple of dict
        Rows of registrations.csv that were answered.
    missing : tuple of str
        Numbers that the registry did not answer.
    posted : tuple of str
        Numbers whose results are posted, and were not at the look before.
    changes : dict
        What would change in studies.csv, by indication: tables `corrections` and `sources`.
    left : tuple of str
        What is left alone, and why.
    """

    before: Dataset
    after: Dataset
    rows: tuple[dict, ...]
    missing: tuple[str, ...]
    posted: tuple[str, ...]
    changes: dict[str, dict[str, list[dict]]]
    left: tuple[str, ...]


def run(data: Dataset, raw: Path, *, offline: bool = False,
        told: Callable[[str, int], None] = lambda source, number: None) -> Outcome:
    """Ask how far all known trials are, or read again what is stored, and write registrations.csv.

    Parameters
    ----------
    data : Dataset
        Without errors.
    raw : Path
        Where answers are stored.
    offline : bool
        Whether nothing is asked.
    told : callable
        Called with the source and how many trials it was asked for.

    Raises
    ------
    SourceError
        When an answer is none, or none is stored; nothing is written then, as with those below.
    RawError
        When what is stored is not what its manifest says.
    BusyError
        When another command is at work in the same folders.
    KeepingError, OSError
        When the table cannot be written.
    """
    numbers = numbers_of(data)
    if not offline:
        raw.mkdir(parents=True, exist_ok=True)
    with alone(data.folder, raw):
        if not numbers:
            return Outcome(data, data, (), (), (), {}, ())
        answers = replayed(raw) if offline else kept(raw, asked(net.client(SOURCE), numbers, told))
        found = {row["registration"]: row for row in rows(answers)
                 if row["registration"] in numbers}
        with locked(data.folder):
            data = now(data)
            before = {row["registration"]: row for row in rows_of(data, "registrations")}
            merged = before | found
            after = keep(data, {"registrations": [merged[number] for number in sorted(merged)]})
    changed, left = changes(after, list(found.values()))
    return Outcome(
        data, after, tuple(found.values()), tuple(n for n in numbers if n not in found),
        tuple(n for n, row in found.items()
              if row["has_results"] and not before.get(n, {}).get("has_results")),
        changed, tuple(left))


def numbers_of(data: Dataset) -> tuple[str, ...]:
    """All numbers at ClinicalTrials.gov that studies have, each once."""
    return tuple(sorted({number for indication in data.indications
                         for study in data.records("studies", indication)
                         for number in study["registration"] if NUMBER.fullmatch(number)}))


def asked(client: Client, numbers: Sequence[str],
          told: Callable[[str, int], None] = lambda source, number: None) -> Iterator[Answer]:
    """Every answer to the question how far trials are.

    Parameters
    ----------
    client : Client
    numbers : sequence of str
    told : callable, optional
        Called with the source and how many numbers it was asked for.

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
        told(SOURCE, at + len(some))


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


def rows(answers: Iterable[Answer]) -> list[dict]:
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

    def part(of: Mapping, name: str) -> Mapping:
        return needed(SOURCE, of, name, dict) if of.get(name) else {}

    def date(name: str) -> str | None:
        found = part(status, name).get("date")
        if found is not None and not _DATE.fullmatch(str(found)):
            raise SourceError(SOURCE, f"{name}.date of its answer is {str(found)[:40]}: expected "
                              "YYYY-MM-DD or YYYY-MM")
        return found

    end = part(status, "completionDateStruct") or part(status, "primaryCompletionDateStruct")
    size = part(part(record["protocolSection"], "designModule"), "enrollmentInfo")
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
            if study["companion_of"] or (word and word == study["progress"]):
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
