"""RIS, in the dialects of CENTRAL, Embase, Ovid, Zotero, Covidence, Rayyan and EndNote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain

import rispy

from ..record import Record, registrations_in, year_of
from .shape import (
    clean,
    doi_in,
    family_of,
    kind_of,
    made_number,
    named,
    number_of,
    own_remarks,
    pmid_in,
)
from .text import FileError, lines_of

_TAG = re.compile(r"([A-Z][A-Z0-9])  -")
_NARROW = re.compile(r"([A-Z][A-Z0-9]) - ?")  # some programs write one space before the dash
_STARTS = re.compile(r"^TY {1,2}- ?\S", re.MULTILINE)
# Between records: Ovid counts them, and files that were joined keep the first lines of each.
_BETWEEN = re.compile(r"\s*(?:\d+\.?|Provider:.*|Content:.*|Database:.*)?\s*")
# What stands for a type of publication where no other tag says it.
_TYPES = {"CONF": "conference", "CPAPER": "conference", "ABST": "conference", "THES": "thesis",
          "BOOK": "book", "CHAP": "chapter", "EBOOK": "book", "ECHAP": "chapter",
          "EDBOOK": "book", "NEWS": "newspaper", "ELEC": "web page", "PREPRINT": "preprint"}
_MEDLINE = re.compile(r"pubmed|medline", re.IGNORECASE)
_ACCESSION = re.compile(r"CN-\d+|L\d{6,}|\d{8,10}")
_NUMBER = re.compile(r"rayyan-\d+|L\d{6,}")


def looks_so(text: str) -> bool:
    """Whether a text is RIS."""
    return bool(_STARTS.search(text))


def read(text: str, name: str, source: str) -> list[Record]:
    """The records of a RIS file.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for errors.
    source : str
        Of the list search_source: where it was exported.

    Raises
    ------
    FileError
        When a record is cut, a tag stands outside of records, or a record names nothing.
    """
    lines = lines_of(text)
    if not any(_TAG.match(line) for line in lines):
        lines = [_NARROW.sub(r"\1  - ", line, count=1) for line in lines]
    parts, problems = _parts(lines, name)
    parser = rispy.RisParser(enforce_list_tags=False)
    records = []
    for first, part in parts:
        record = _record(parser.parse_lines(iter(part))[0], source)
        if named(record):
            records.append(record)
        else:
            problems.append((first, "a record without title, DOI, number at PubMed and "
                             "registration, expected one of them"))
    if problems:
        raise FileError(f"{name}:{line}: {what}" for line, what in sorted(problems))
    return records


def _parts(lines: list[str], name: str) -> tuple[list[tuple[int, list[str]]],
                                                  list[tuple[int, str]]]:
    """The lines of each record with the first one's number, and what is wrong with the form."""
    parts, problems, begun, part = [], [], 0, []
    for number, line in enumerate(lines, 1):
        found = _TAG.match(line)
        tag = found[1] if found else ""
        if tag == "TY":
            if begun:
                problems.append((begun, "this record has no end (ER) before the next begins on "
                                 f"line {number}: it is cut"))
            begun, part = number, [line]
        elif not begun:
            if tag == "ER" or (tag and parts):
                problems.append((number, f"{tag} outside of a record, expected TY"))
            elif parts and not _BETWEEN.fullmatch(line):
                problems.append((number, "text outside of a record, expected TY"))
        elif tag == "ER":
            parts.append((begun, [*part, line]))
            begun = 0
        elif line.strip() and (tag or len(part) > 1):  # rispy has no field to put other text in
            part.append(line)
        elif line.strip():
            problems.append((number, "text before the first tag of a record, expected a tag"))
    if begun:
        problems.append((begun, "the last record has no end (ER): the file is cut on line "
                         f"{len(lines)}"))
    return parts, problems


def _record(values: Mapping, source: str) -> Record:
    """A record from what rispy read."""
    def every(*names: str) -> Iterator[str]:
        for name in names:
            value = values.get(name, ())
            yield from (value,) if isinstance(value, str) else value

    def one(*names: str) -> str:
        return next((clean(v) for v in every(*names) if v.strip()), "")

    unknown = {tag: " ".join(found) for tag, found in values.get("unknown_tag", {}).items()}
    title = one("title", "primary_title", "short_title")
    notes = [*every("notes", "note", "custom1", "custom2", "custom3", "custom5", "custom6",
                    "custom7", "urls", "research_notes"), *unknown.values()]
    accession, provider = one("accession_number"), " ".join(
        every("name_of_database", "database_provider"))
    own = [*own_remarks(*notes)]
    doi = doi_in(one("doi"), *own)
    pmid = (pmid_in(accession, *own)
            or _plain_number(one("custom5"))  # Embase: number at PubMed
            or (_plain_number(accession) if _MEDLINE.search(provider)
                and "embase" not in provider.lower() else ""))
    types = [_TYPES.get(one("type_of_reference").upper(), ""), one("type_of_work"),
             unknown.get("PT", "")]
    year = year_of(one("year")) or year_of(one("publication_year")) or year_of(one("date"))
    author = family_of(one("authors", "first_authors"))
    if registrations_in(author):  # CENTRAL lists a registration under its number
        author = ""
    abstract = one("abstract", "notes_abstract")
    number = number_of(
        accession if _ACCESSION.fullmatch(accession) else "",
        *(i for i in (*every("id"), unknown.get("U2", "")) if _NUMBER.fullmatch(i)),
        f"pmid-{pmid}" if pmid and not doi else "")
    record = Record(
        source, number, kind_of(types, title, doi), title, author, year,
        one("secondary_title", "journal_name", "alternate_title3", "alternate_title2",
            "alternate_title1"),
        one("volume"), _pages(one("start_page"), one("end_page")), doi, pmid,
        registrations_in(accession, title, abstract, *notes, *every("keywords")), abstract,
        signals=tuple(dict.fromkeys(t for t in chain(types[1:]) if t)))
    return record if number else replace(record, number=made_number(record, accession, doi))


def _plain_number(text: str) -> str:
    return text if re.fullmatch(r"[1-9]\d{5,8}", text) else ""


def _pages(start: str, end: str) -> str:
    """First and last page; some programs write both into the first field."""
    return start if not end or "-" in start or end == start else f"{start}-{end}"
