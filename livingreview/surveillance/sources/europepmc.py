"""Europe PMC, by its RESTful interface: adds preprints and other sources to what PubMed has.

Errors come with status 200. The last page is empty, or names the cursor that was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..net import Answer, Client, SourceError
from ..record import Record, doi_of, registrations_in, year_of
from . import Found
from .shapes import json_of, needed, plain

NAME = "europe-pmc"
PLATFORM = "Europe PMC RESTful web service"
DEFAULT_BASE = "https://www.ebi.ac.uk/europepmc/webservices/rest"
PAUSE = 0.5
SECRETS: dict[str, str] = {}

PAGE = 500
FIRST = "1900-01-01"  # before the first record was created
_START = "*"
_KINDS = {"preprint": "preprint", "retraction of publication": "notice",
          "retraction notice": "notice", "published erratum": "notice", "correction": "notice",
          "expression of concern": "notice", "meeting abstract": "conference-abstract",
          "congress": "conference-abstract", "thesis": "thesis",
          "academic dissertation": "thesis"}
_SOURCES = {"PPR": "preprint", "ETH": "thesis", "PAT": "other", "NBK": "other"}


def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
          ) -> Iterator[Answer]:
    """Every page of a search.

    Parameters
    ----------
    client : Client
    strategy : str
    window_from, window_to : str or None
        First and last day of creation at Europe PMC, as ISO dates; None is from the beginning.

    Raises
    ------
    SourceError
        On an error in the answer, another shape, a cursor that goes in a circle, or a total that
        changes from page to page.
    """
    query = f"({strategy}) AND (CREATION_DATE:[{window_from or FIRST} TO {window_to}])"
    cursor, cursors, total = _START, {_START}, None
    while True:
        answer = client.post("searchPOST", {  # a strategy is too long for an address
            "query": query, "format": "json", "resultType": "core", "synonym": "FALSE",
            "pageSize": PAGE, "cursorMark": cursor})
        page = _page(answer)
        said = " ".join(needed(NAME, page, "request.queryString", str).split())
        asked = " ".join(query.split())
        if said != asked and asked.startswith(said):
            raise SourceError(NAME, f"it has cut the strategy after {len(said)} characters of "
                              f"{len(asked)}")
        hits = needed(NAME, page, "hitCount", int)
        if total not in (None, hits):
            raise SourceError(NAME, f"hitCount was {total} and is {hits} on a later page")
        total = hits
        yield answer
        after = page.get("nextCursorMark")
        if not needed(NAME, page, "resultList.result", list) or after in (None, "", cursor):
            return
        if after in cursors:
            raise SourceError(NAME, "nextCursorMark comes again: the pages go in a circle")
        cursors.add(after)
        cursor = after


def known(client: Client, strategy: str, numbers: Sequence[str]) -> frozenset[str]:
    """Which of known records, by their PMIDs, a strategy finds.

    Parameters
    ----------
    client : Client
    strategy : str
    numbers : sequence of str
        At most as many as a page holds.

    Raises
    ------
    SourceError
        On an error in the answer, another shape, or records that were not asked for.
    """
    page = _page(client.post("searchPOST", {
        "query": f"({strategy}) AND SRC:MED AND ({' OR '.join(f'EXT_ID:{n}' for n in numbers)})",
        "format": "json", "resultType": "core", "synonym": "FALSE", "pageSize": PAGE,
        "cursorMark": _START}))
    found = {needed(NAME, result, "id", str)
             for result in needed(NAME, page, "resultList.result", list)}
    if strange := found - {*numbers}:
        raise SourceError(NAME, f"it gives {min(strange)}, which was not asked for")
    if len(found) != needed(NAME, page, "hitCount", int):
        raise SourceError(NAME, f"it counts {page['hitCount']} records and gives {len(found)}")
    return frozenset(found)


def read(answers: Iterable[Answer]) -> Found:
    """What the answers of `fetch` say."""
    hits, translation = 0, ""
    records: dict[str, Record] = {}
    for answer in answers:
        page = _page(answer)
        hits = needed(NAME, page, "hitCount", int)
        translation = " ".join(needed(NAME, page, "request.queryString", str).split())
        for result in needed(NAME, page, "resultList.result", list):
            if not isinstance(result, Mapping):
                raise SourceError(NAME, "resultList.result of its answer holds no objects")
            record = _record(result)
            records.setdefault(record.number, record)
    return Found(hits, translation, tuple(records.values()))


def _page(answer: Answer) -> dict:
    page = json_of(NAME, answer)
    if "errCode" in page or "errMsg" in page:
        raise SourceError(NAME, f"it says: {page.get('errMsg', '')} ({page.get('errCode', '')})")
    return page


def _record(result: Mapping) -> Record:
    number, origin = (needed(NAME, result, name, str) for name in ("id", "source"))
    journal = _object(result, "journalInfo")
    types = tuple(_texts(_object(result, "pubTypeList").get("pubType")))
    title, abstract = plain(_text(result, "title")), plain(_text(result, "abstractText"))
    pmid = _text(result, "pmid") or (number if origin == "MED" else "")
    return Record(
        NAME, f"{origin}/{number}",  # a number may be there in several origins
        next((_KINDS[t.lower()] for t in types if t.lower() in _KINDS),
             _SOURCES.get(origin, "article")),
        title=title, first_author=_author(result),
        year=year_of(_text(result, "pubYear") or str(journal.get("yearOfPublication") or "")),
        journal=plain(_text(_object(journal, "journal"), "title") or _text(
            _object(result, "bookOrReportDetails"), "publisher")),
        volume=_text(journal, "volume"), pages=_text(result, "pageInfo"),
        doi=doi_of(_text(result, "doi")), pmid=pmid if pmid.isdecimal() else "",
        registrations=registrations_in(title, abstract), abstract=abstract, signals=types)


def _object(of: Mapping, name: str) -> Mapping:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(of: Mapping, name: str) -> str:
    found = of.get(name)
    return " ".join(found.split()) if isinstance(found, str) else ""


def _texts(found: object) -> list[str]:
    """One text or several: a list of one may come as that one."""
    listed = found if isinstance(found, list) else [found]
    return [one for one in listed if isinstance(one, str) and one]


def _author(result: Mapping) -> str:
    """Family name of the first author, or the name of a group."""
    authors = _object(result, "authorList").get("author")
    first = authors[0] if isinstance(authors, list) and authors else authors
    if isinstance(first, Mapping):
        if said := _text(first, "lastName") or _text(first, "collectiveName"):
            return plain(said)
    written = _text(result, "authorString").rstrip(".").partition(",")[0]
    return plain(written.rpartition(" ")[0] or written)  # the family name, then initials
