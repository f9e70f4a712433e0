"""OpenAlex: what cites the known studies and what they cite.

A strategy is a list of known reports (``doi:10.…``, ``pmid:…``) and, beside them, words that a
citing or cited work must have in its title or abstract. `with_seeds` makes it. What is cited is
asked for as a whole each time, since a study that came in since has references of its own; of what
cites, only what OpenAlex got to know in the window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from ..net import Answer, Client, SourceError
from ..record import Record, doi_of, registrations_in
from . import Found
from .shapes import json_of, needed, plain

NAME = "openalex"
PLATFORM = "OpenAlex API"
DEFAULT_BASE = "https://api.openalex.org"
PAUSE = 0.2
SECRETS = {"api_key": "OPENALEX_API_KEY"}
NEEDED = ("api_key",)
ROWS = 100  # of one page, its largest
TOGETHER = 50  # values of one filter: with more the address grows too long
FIELDS = ("id,doi,ids,display_name,publication_year,type,authorships,primary_location,biblio,"
          "abstract_inverted_index,is_retracted,referenced_works")
_SEED = re.compile(r"^(doi:10\.\S+|pmid:[1-9]\d*)$")
_KINDS = {"preprint": "preprint", "dissertation": "thesis", "erratum": "notice",
          "retraction": "notice", "article": "article", "review": "article",
          "letter": "article", "editorial": "article"}


def with_seeds(words: str, studies: Iterable[Mapping]) -> str:
    """The strategy that looks for what is linked to studies by citations.

    Parameters
    ----------
    words : str
        What a linked work must have in its title or abstract; empty is nothing.
    studies : iterable of mapping
        With ``doi`` and ``pmid``, each of which may be empty.

    Returns
    -------
    str
        On one line; the same studies in another order give the same.
    """
    seeds = {f"{kind}:{value}" for study in studies for kind, value in (
        ("doi", doi_of(study["doi"])), ("pmid", study["pmid"] or "")) if value}
    return " ".join([*words.split(), *sorted(seeds)])


def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
          ) -> Iterator[Answer]:
    """Every answer, in order: the known reports, what they cite, what cites them.

    Parameters
    ----------
    client : Client
        With a key.
    strategy : str
    window_from : str or None
        First day, as YYYY-MM-DD, on which a citing work became known; None is from the beginning.
    window_to : str
        Last day.

    Raises
    ------
    SourceError
        When an answer has another shape, repeats a place or is not whole, or a known report is
        named in no way that a filter takes.
    """
    tokens = strategy.split()
    seeds = [token for token in tokens if _SEED.match(token)]
    words = " ".join(token for token in tokens if not _SEED.match(token))
    asked = f"title_and_abstract.search:{words}" if words else ""
    known: dict[str, Mapping] = {}
    for kind in ("doi", "pmid"):
        values = [seed.partition(":")[2] for seed in seeds if seed.startswith(kind)]
        # what parts filters and their values cannot stand in one
        for batch in _batches([value for value in values if not {",", "|"} & {*value}]):
            for answer in _listed(client, f"{kind}:{'|'.join(batch)}"):
                known.update((_id(work), work) for work in _works(answer))
                yield answer
    cited = sorted({number for work in known.values() for number in _references(work)} - {*known})
    for batch in _batches(cited):
        yield from _cited(client, batch, asked)
    dates = (f"from_created_date:{window_from}" if window_from else "",
             f"to_created_date:{window_to}")
    for batch in _batches(sorted(known)):
        yield from _listed(client, f"cites:{'|'.join(batch)}", asked, *dates)


def _cited(client: Client, numbers: Sequence[str], words: str) -> Iterator[Answer]:
    """Cited works by their numbers; one that was merged into another is told by its redirect."""
    filters = f"openalex:{'|'.join(numbers)}"
    there: set[str] = set()
    for answer in _listed(client, filters, words):
        there.update(map(_id, _works(answer)))
        yield answer
    if words:  # what lacks the words is there all the same
        for answer in _listed(client, filters, fields="id"):
            there.update(map(_id, _works(answer)))
            yield answer
    for number in sorted({*numbers} - there):
        try:
            answer = client.get(f"works/{number}", {"select": FIELDS})
        except SourceError as error:
            if error.status not in (404, 410):
                raise
            continue  # it is there no more
        _id(json_of(NAME, answer))
        yield answer


def _listed(client: Client, *filters: str, fields: str = FIELDS) -> Iterator[Answer]:
    """All pages of a list."""
    asked = {"filter": ",".join(filter(None, filters)), "per_page": ROWS, "cursor": "*",
             "select": fields}
    cursors, seen, total = {"*"}, set(), None
    while True:
        answer = client.get("works", asked)
        page = json_of(NAME, answer)
        count, works = needed(NAME, page, "meta.count", int), _works(answer)
        total = count if total is None else total
        if count != total:
            raise SourceError(NAME, f"meta.count changes from {total} to {count} between pages")
        seen.update(map(_id, works))
        yield answer
        cursor = page["meta"].get("next_cursor")
        if cursor is None or not works:
            break
        if cursor in cursors:
            raise SourceError(NAME, "meta.next_cursor of its answer is one that it gave before")
        cursors.add(cursor)
        asked["cursor"] = cursor
    if len(seen) != total:
        raise SourceError(NAME, f"it counts {total} works and gives {len(seen)} different ones")


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), TOGETHER):
        yield values[start:start + TOGETHER]


def _works(answer: Answer) -> list[Mapping]:
    works = needed(NAME, json_of(NAME, answer), "results", list)
    if not all(isinstance(work, Mapping) for work in works):
        raise SourceError(NAME, "results of its answer is no list of objects")
    return works


def _id(work: Mapping) -> str:
    return needed(NAME, work, "id", str).rpartition("/")[2]


def _references(work: Mapping) -> tuple[str, ...]:
    return tuple(str(number).rpartition("/")[2]
                 for number in needed(NAME, work, "referenced_works", list))


def read(answers: Iterable[Answer]) -> Found:
    """The works that answers hold, but for those that the search began with.

    Parameters
    ----------
    answers : iterable of Answer

    Returns
    -------
    Found
        Its hits are the different works: OpenAlex counts each of its lists alone.

    Raises
    ------
    SourceError
        When an answer has another shape; the field is named.
    """
    records: dict[str, Record] = {}
    known: set[str] = set()
    for answer in answers:
        asked = parse_qs(urlsplit(answer.url).query)
        kind = asked.get("filter", [""])[0].partition(":")[0]
        if asked.get("select") == ["id"]:
            continue
        works = _works(answer) if kind else [json_of(NAME, answer)]
        if kind in ("doi", "pmid"):
            known.update(map(_id, works))
            continue
        how = "cites a known report" if kind == "cites" else "cited by a known report"
        for work in works:
            records.setdefault(_id(work), _record(work, how))
    found = tuple(record for number, record in records.items() if number not in known)
    return Found(len(found), "", found)


def abstract_of(index: object) -> str:
    """The text of an ``abstract_inverted_index``: words with the places at which they stand."""
    if index is None:
        return ""
    if not isinstance(index, Mapping) or not all(
            isinstance(places, list) and all(isinstance(place, int) for place in places)
            for places in index.values()):
        raise SourceError(NAME, "abstract_inverted_index of its answer is no list of places for "
                          "each word")
    return " ".join(word for _, word in sorted(
        (place, word) for word, places in index.items() for place in places))


def _record(work: Mapping, how: str) -> Record:
    abstract = abstract_of(work.get("abstract_inverted_index"))
    biblio, ids = work.get("biblio") or {}, work.get("ids") or {}
    venue = (work.get("primary_location") or {}).get("source") or {}
    authors = work.get("authorships") or []
    first = (authors[0].get("author") or {}).get("display_name") if authors else ""
    kind = _KINDS.get(work.get("type") or "", "other")
    if kind == "article" and venue.get("type") == "conference":
        kind = "conference-abstract"
    pages = "-".join(dict.fromkeys(str(page) for page in (
        biblio.get("first_page"), biblio.get("last_page")) if page))
    title = plain(work.get("display_name"))
    return Record(
        NAME, _id(work), kind, title=title,
        first_author=(first or "").split()[-1] if (first or "").split() else "",
        year=work.get("publication_year"), journal=venue.get("display_name") or "",
        volume=biblio.get("volume") or "", pages=pages, doi=doi_of(work.get("doi")),
        pmid=str(ids.get("pmid") or "").rstrip("/").rpartition("/")[2],
        registrations=registrations_in(title, abstract), abstract=plain(abstract),
        cites=_references(work),
        signals=(how, *(["retracted"] if work.get("is_retracted") is True else [])))
