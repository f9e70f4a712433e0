"""Files that go out to other programs for screening and come back: RIS, and ASReview's CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import rispy

from ..data.dataset import Dataset
from ..review.living import CONSENSUS, together
from .abstracts import Texts
from .link import plain
from .record import doi_of
from .reports import Report, reports
from .screening import (
    EXCLUDE,
    INCLUDE,
    UNSURE,
    Decision,
    ScreeningError,
    at_stage,
    decisions,
)

OWN = "livingreview_record"  # a column of ours: record_id is one of ASReview's own
COLUMNS = (OWN, "title", "abstract", "authors", "year", "journal", "volume", "pages", "doi", "pmid",
           "registrations", "included", "exclusion_reason")
# Columns that hold a decision, the first that is there: of ASReview 2 and later, of its data sets.
LABELS = ("asreview_label", "included", "label_included", "final_included", "label")
_LABEL = {INCLUDE: "1", EXCLUDE: "0"}
_UNDECIDED = ("", "-1")
# What ASReview notes in RIS of a decision.
_NOTES = {INCLUDE: "ASReview_relevant", EXCLUDE: "ASReview_irrelevant", "": "ASReview_not_seen"}
_RAYYAN = re.compile(r"RAYYAN-INCLUSION:\s*(\{.*?\})")
_RAYYAN_WORDS = {"Included": INCLUDE, "Excluded": EXCLUDE, "Maybe": UNSURE}
_TYPES = {"article": "JOUR", "preprint": "JOUR", "conference-abstract": "CONF", "thesis": "THES"}
_OWN_NOTE = f"{OWN}: "
_REASON_NOTE = "exclusion_reason: "
_ASREVIEW = "ASReview"


@dataclass(frozen=True)
class Entry:
    """A record of a file that comes back, as far as it says what was decided.

    Attributes
    ----------
    place : str
        Where in the file it is.
    record_id, doi, pmid, title : str
        By the first of these that is known the record is found.
    decision : str
    reason : str
    model : str
        What ordered the records.
    """

    place: str
    record_id: str
    doi: str
    pmid: str
    title: str
    decision: str
    reason: str = ""
    model: str = ""


def _said(data: Dataset, stage: str, reviewer: str, found: Iterable[Report]
          ) -> Iterator[tuple[Report, str, str]]:
    """Each report with the decision of a person, or of all, and the reason of an exclusion."""
    done = decisions(data, stage)
    for report in found:
        rows = done.get(report.record_id, {})
        if reviewer:
            rows = {name: row for name, row in rows.items() if name == reviewer}
            word = rows[reviewer]["decision"] if rows else ""
        else:
            word = together(rows.values())
        reasons = [row["reason"] for name, row in sorted(
            rows.items(), key=lambda item: item[0] != CONSENSUS)
                   if row["decision"] == EXCLUDE and row["reason"]]
        yield report, word, reasons[0] if word == EXCLUDE and reasons else ""


def as_csv(data: Dataset, texts: Texts, stage: str, reviewer: str = "", indication: str = ""
           ) -> str:
    """Reports at a stage as ASReview reads them.

    The column ``included`` is 1, 0, or empty where nothing is decided or somebody is unsure.

    Parameters
    ----------
    data : Dataset
    texts : Texts
    stage : str
    reviewer : str, optional
        Whose decisions; what all decided where it is left out.
    indication : str, optional
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for r, word, reason in _said(data, stage, reviewer, at_stage(data, stage, indication)):
        writer.writerow([r.record_id, r.title, texts.of_report(r).abstract, r.first_author,
                         r.year or "", r.journal, r.volume, r.pages, r.doi, r.pmid,
                         ";".join(r.registrations), _LABEL.get(word, ""), reason])
    return text.getvalue()


def as_ris(data: Dataset, texts: Texts, stage: str, reviewer: str = "", indication: str = ""
           ) -> str:
    """The same as RIS, with decisions as ASReview notes them in N1."""
    entries = []
    for r, word, reason in _said(data, stage, reviewer, at_stage(data, stage, indication)):
        start, _, end = r.pages.partition("-")
        entry = {"type_of_reference": _TYPES.get(r.kind, "GEN"), "title": r.title,
                 "authors": [r.first_author] if r.first_author else [], "year": str(r.year or ""),
                 "journal_name": r.journal, "volume": r.volume, "start_page": start,
                 "end_page": end, "doi": r.doi, "accession_number": r.pmid,
                 "abstract": " ".join(texts.of_report(r).abstract.split()),
                 "notes": [_OWN_NOTE + r.record_id, _NOTES[word if word in _NOTES else ""],
                           *([_REASON_NOTE + reason] if reason else [])],
                 "keywords": list(r.registrations), "id": r.record_id}
        entries.append({name: value for name, value in entry.items() if value})
    return rispy.dumps(entries)


def read(path: Path, reviewer: str) -> tuple[Entry, ...]:
    """What a file says was decided; records of which it says nothing are left out.

    Parameters
    ----------
    path : Path
        RIS, or CSV with one of the columns `LABELS`.
    reviewer : str
        Whose decisions are taken where a file has those of several people (Rayyan).

    Raises
    ------
    ScreeningError
        With everything that cannot be read.
    OSError
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScreeningError(f"{path.name}: byte {error.start} is not UTF-8: expected a file in "
                             "UTF-8") from None
    reader = _of_ris if path.suffix.lower() in (".ris", ".txt") else _of_csv
    found, problems = [], []
    for item in reader(path.name, text, reviewer):
        (problems if isinstance(item, str) else found).append(item)
    if problems:
        raise ScreeningError(*problems)
    decided = tuple(entry for entry in found if entry.decision)
    if not decided:
        raise ScreeningError(f"{path.name}: no record has a decision")
    return decided


def _of_csv(name: str, text: str, reviewer: str) -> Iterator[Entry | str]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    header = rows.fieldnames or []
    label = next((column for column in LABELS if column in header), "")
    if not label:
        yield f"{name}: no column says what was decided: expected one of {', '.join(LABELS)}"
        return
    words = {value: word for word, value in _LABEL.items()}
    try:
        for row in rows:
            place = f"{name}:{rows.line_num}"
            cell = {k: (v or "").strip() for k, v in row.items() if k and not isinstance(v, list)}
            value = cell[label].removesuffix(".0")
            if value not in words and value not in _UNDECIDED:
                yield f"{place}: {label}: {value!r}: expected 1, 0 or nothing"
                continue
            yield Entry(place, cell.get(OWN, ""), doi_of(cell.get("doi")), cell.get("pmid", ""),
                        cell.get("title", ""), words.get(value, ""),
                        cell.get("exclusion_reason", ""),
                        _ASREVIEW if label == LABELS[0] else "")
    except csv.Error as error:
        yield f"{name}:{rows.line_num}: {error}"


def _of_ris(name: str, text: str, reviewer: str) -> Iterator[Entry | str]:
    try:
        entries = rispy.loads(text)
    except Exception as error:  # rispy has no class of its own for all that can be wrong
        yield f"{name}: it is no RIS that can be read ({error})"
        return
    for position, entry in enumerate(entries, 1):
        place = f"{name}, record {position}"
        notes = [str(note) for key in ("notes", "notes_abstract", "research_notes")
                 for note in _several(entry.get(key))]
        word = next((word for word, note in _NOTES.items() if note in notes and word), "")
        model = _ASREVIEW if word else ""
        if votes := _RAYYAN.search(" ".join(notes)):
            people = _people(votes[1])
            if reviewer not in people:
                yield (f"{place}: {reviewer!r} has decided nothing in it: expected one of "
                       f"{', '.join(people) or 'those who decided'}")
                continue
            word = people[reviewer]
        yield Entry(place, _noted(notes, _OWN_NOTE) or str(entry.get("id", "")),
                    doi_of(entry.get("doi")), str(entry.get("accession_number", "")),
                    str(entry.get("title") or entry.get("primary_title") or ""), word,
                    _noted(notes, _REASON_NOTE), model)


def _several(value) -> list:
    return value if isinstance(value, list) else [value] if value else []


def _noted(notes: Iterable[str], label: str) -> str:
    return next((n.removeprefix(label).strip() for n in notes if n.startswith(label)), "")


def _people(votes: str) -> dict[str, str]:
    """Decisions by person, as Rayyan notes them: a hash of Ruby, whose arrows are colons here."""
    try:
        said = json.loads(votes.replace("=>", ":"))
    except ValueError:
        return {}
    return {name: _RAYYAN_WORDS[word] for name, word in said.items() if word in _RAYYAN_WORDS}


def taken(data: Dataset, entries: Iterable[Entry], stage: str, reviewer: str, date: str = ""
          ) -> tuple[tuple[Decision, ...], int]:
    """Decisions that a file brings, and how many of it are there already.

    Parameters
    ----------
    data : Dataset
    entries : iterable of Entry
    stage, reviewer : str
    date : str, optional
        Day of the decisions; that of the import where it is left out.

    Raises
    ------
    ScreeningError
        With every record that is not known, is named twice with two decisions, or was decided
        otherwise by the same person.
    """
    known, done = _known(data), decisions(data, stage)
    wanted: dict[str, tuple[str, Decision]] = {}
    problems, there = [], 0
    for entry in entries:
        record = _found(entry, known)
        if not record:
            problems.append(f"{entry.place}: {entry.title[:60] or entry.record_id!r} is no record "
                            "of records.csv by number, DOI, PMID or title")
            continue
        before = done.get(record, {}).get(reviewer)
        if before and before["decision"] == entry.decision and entry.reason in (
                "", before["reason"]):
            there += 1
            continue
        if before:
            problems.append(f"{entry.place}: {reviewer} has decided {before['decision']} "
                            f"{before['reason'] or ''} of {record}, and the file says "
                            f"{entry.decision} {entry.reason}".replace("  ", " "))
        new = Decision(record, stage, reviewer, entry.decision, entry.reason, model=entry.model,
                       date=date)
        place, first = wanted.setdefault(record, (entry.place, new))
        if first != new:
            problems.append(f"{entry.place}: {record} has another decision at {place}")
    if problems:
        raise ScreeningError(*problems)
    return tuple(new for _, new in wanted.values()), there


def _known(data: Dataset) -> Mapping[str, dict[str, str]]:
    """Reports by what a file may name them by; a title that several have names none."""
    found: dict[str, dict[str, str]] = {"record_id": {}, "doi": {}, "pmid": {}, "title": {}}
    for report in reports(data):
        found["record_id"] |= dict.fromkeys(report.members, report.record_id)
        for name, value in (("doi", report.doi), ("pmid", report.pmid),
                            ("title", plain(report.title))):
            if value:
                same = found[name].setdefault(value, report.record_id)
                found[name][value] = same if same == report.record_id else ""
    return found


def _found(entry: Entry, known: Mapping[str, dict[str, str]]) -> str:
    for name in ("record_id", "doi", "pmid"):
        if record := known[name].get(getattr(entry, name)):
            return record
    return known["title"].get(plain(entry.title), "")
