"""ClinicalTrials.gov: registrations, by the second version of its interface.

A strategy is one expression of the registry. Windows are of the day on which a record was last
updated, so that a change of a known trial comes back too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..net import Answer, Client, SourceError
from ..record import Record, registrations_in, year_of
from . import Found
from .shapes import json_of, needed, plain

NAME = "clinicaltrials"
PLATFORM = "ClinicalTrials.gov, API v2"
DEFAULT_BASE = "https://clinicaltrials.gov/api/v2"
PAUSE = 1.2  # a limit is not published; 50 a minute is what careful clients keep to
SECRETS: dict[str, str] = {}
ROWS = 1000  # of one page, its largest
FIELDS = "|".join(("IdentificationModule", "StatusModule", "SponsorCollaboratorsModule",
                   "DescriptionModule", "ConditionsModule", "DesignModule", "HasResults"))
_MODULES = "protocolSection"


def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
          ) -> Iterator[Answer]:
    """Every answer, in order: of what day the data are, then the pages.

    Parameters
    ----------
    client : Client
    strategy : str
    window_from : str or None
        First day as YYYY-MM-DD; None is from the beginning.
    window_to : str
        Last day.

    Raises
    ------
    SourceError
        When an answer has another shape, repeats a place or is not whole.
    """
    version = client.get("version")
    needed(NAME, json_of(NAME, version), "dataTimestamp", str)
    yield version
    asked = {"query.term": strategy, "fields": FIELDS, "pageSize": ROWS,
             "countTotal": "true", "format": "json", "filter.advanced":
             f"AREA[LastUpdatePostDate]RANGE[{window_from or 'MIN'},{window_to}]"}
    seen: set[str] = set()
    tokens: set[str] = set()
    total = None
    while True:
        answer = client.get("studies", asked)
        page = json_of(NAME, answer)
        studies = needed(NAME, page, "studies", list)
        if total is None:
            total = needed(NAME, page, "totalCount", int)
        elif page.get("totalCount", total) != total:
            raise SourceError(NAME, f"totalCount changes from {total} to {page['totalCount']} "
                              "between pages")
        seen.update(_record(study).number for study in studies)
        yield answer
        token = page.get("nextPageToken")
        if token is None:
            break
        if not isinstance(token, str) or token in tokens:
            raise SourceError(NAME, "nextPageToken of its answer is one that it gave before")
        if not studies:
            raise SourceError(NAME, "a page is empty before the last one")
        tokens.add(token)
        asked["pageToken"] = token
    if len(seen) != total:
        raise SourceError(NAME, f"it counts {total} studies and gives {len(seen)} different ones")


def known(client: Client, strategy: str, numbers: Sequence[str]) -> frozenset[str]:
    """Which of known registrations a strategy finds.

    Parameters
    ----------
    client : Client
    strategy : str
    numbers : sequence of str
        Such as ``NCT01234567``.

    Raises
    ------
    SourceError
        When an answer has another shape, or others than these.
    """
    page = json_of(NAME, client.get("studies", {
        "query.term": strategy, "filter.ids": ",".join(numbers), "fields": FIELDS,
        "pageSize": ROWS, "countTotal": "true", "format": "json"}))
    found = {_record(study).number for study in needed(NAME, page, "studies", list)}
    if strange := found - {*numbers}:
        raise SourceError(NAME, f"it gives {min(strange)}, which was not asked for")
    if len(found) != needed(NAME, page, "totalCount", int):
        raise SourceError(NAME, f"it counts {page['totalCount']} studies and gives {len(found)}")
    return frozenset(found)


def read(answers: Iterable[Answer]) -> Found:
    """The registrations that answers hold.

    Parameters
    ----------
    answers : iterable of Answer

    Returns
    -------
    Found

    Raises
    ------
    SourceError
        When an answer has another shape; the field is named.
    """
    records: dict[str, Record] = {}
    hits = None
    for answer in answers:
        page = json_of(NAME, answer)
        if "dataTimestamp" in page:
            continue
        if hits is None:
            hits = needed(NAME, page, "totalCount", int)
        for study in needed(NAME, page, "studies", list):
            record = _record(study)
            records.setdefault(record.number, record)
    return Found(hits or 0, "", tuple(records.values()))


def _record(study: object) -> Record:
    if not isinstance(study, Mapping):
        raise SourceError(NAME, "studies of its answer is no list of objects")
    number = needed(NAME, study, f"{_MODULES}.identificationModule.nctId", str)
    modules = study[_MODULES]
    names = modules["identificationModule"]
    others = [str(other.get("id", "")) for other in names.get("secondaryIdInfos") or ()
              if isinstance(other, Mapping)]
    status = modules.get("statusModule") or {}
    posted = status.get("studyFirstPostDateStruct") or {}
    summary = (modules.get("descriptionModule") or {}).get("briefSummary")
    return Record(
        NAME, number, "registration",
        title=plain(names.get("officialTitle") or names.get("briefTitle")),
        year=year_of(posted.get("date") or status.get("studyFirstSubmitDate")),
        registrations=registrations_in(number, *map(_european, others)),
        abstract=plain(summary), signals=_signals(study, modules, status))


def _european(number: str) -> str:
    """A secondary number; one of EudraCT is told by its form alone."""
    parts = number.strip().split("-")
    return (f"EudraCT {number.strip()}"
            if [len(p) for p in parts] == [4, 6, 2] and all(p.isdecimal() for p in parts)
            else number)


def _signals(study: Mapping, modules: Mapping, status: Mapping) -> tuple[str, ...]:
    design = modules.get("designModule") or {}
    allocation = (design.get("designInfo") or {}).get("allocation")
    said = [design.get("studyType"), *(design.get("phases") or ()), allocation,
            status.get("overallStatus")]
    return (*(str(word) for word in said if word),
            *(["results posted"] if study.get("hasResults") is True else []))
