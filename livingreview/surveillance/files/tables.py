"""CSV of ASReview, EPPI-Reviewer, Covidence, Rayyan and ICTRP, told apart by their columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace

from ..record import Record, registrations_in, year_of
from . import ictrp
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
from .text import FileError

# Names of columns, in small letters and digits alone, of each part of a record.
_COLUMNS = {
    "title": ("title", "primarytitle", "articletitle"),
    "authors": ("authors", "author", "authornames", "firstauthors"),
    "year": ("year", "publicationyear", "publishedyear", "pubyear"),
    "journal": ("journal", "parenttitle", "secondarytitle", "journalname", "publicationname"),
    "volume": ("volume",),
    "pages": ("pages",),
    "doi": ("doi",),
    "pmid": ("pmid", "pubmedid"),
    "url": ("url", "urls"),
    "abstract": ("abstract", "notesabstract"),
    "type": ("typename", "publicationtype", "type", "typeofreference"),
    "notes": ("notes", "keywords"),
}
_OWN_NUMBER = ("itemid", "openalexid")  # no two records of these have the same
_COUNTED = ("accessionnumber", "covidence", "key")  # records of other reviews may have the same
_ACCESSION = re.compile(r"CN-\d+|L\d{6,}|rayyan-\d+")
_ICTRP = {re.sub(r"[^a-z0-9]", "", n.lower()): n for n in (
    "TrialID", "Public_title", "Scientific_title", "Source_Register", "Date_registration",
    "Date_registration3", "Recruitment_Status", "Target_size", "Study_type", "Study_design",
    "Countries", "Condition", "Intervention", "Primary_outcome", "Secondary_ID", "other_records",
    "results_yes_no", "results_url_link", "Contact_Lastname", "Secondary_Outcome")}
_ICTRP["secondaryids"], _ICTRP["hasresults"] = "Secondary_ID", "results_yes_no"
_LARGEST = 10_000_000  # characters of one cell


def looks_so(text: str) -> bool:
    """Whether a text is CSV whose columns are those of records."""
    header = [_plain(cell) for cell in _header(text)[0]]
    return _is_ictrp(header) or (_place(header, "title") is not None and any(
        _place(header, part) is not None for part in ("authors", "year", "doi", "abstract")))


def read(text: str, name: str, source: str) -> list[Record]:
    """The records of a CSV file.

    Parameters
    ----------
    text : str
    name : str
        Of the file, for errors.
    source : str
        Of the list search_source.

    Raises
    ------
    FileError
        When a row has too many or too few cells, a quote is broken, or a row names no record.
    """
    cells, delimiter = _header(text)
    header = [_plain(cell) for cell in cells]
    of_ictrp = _is_ictrp(header)
    problems, records = [], []
    before = csv.field_size_limit(_LARGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in reader:
            first, line = line, reader.line_num + 1
            if first == 1 or not any(cell.strip() for cell in row):
                continue
            if len(row) != len(header):
                problems.append(f"{name}:{first}: {len(row)} cells, expected {len(header)}, as "
                                "the header has")
                continue
            values = dict(zip(header, row, strict=True))
            record = _registration(values, source) if of_ictrp else _record(values, source)
            if named(record) and record.number:
                records.append(record)
            else:
                problems.append(f"{name}:{first}: a record without title and number, expected "
                                "one of them")
    except csv.Error as error:
        problems.append(f"{name}:{line}: broken quoting in this record ({error})")
    finally:
        csv.field_size_limit(before)
    if problems:
        raise FileError(problems)
    return records


def _header(text: str) -> tuple[list[str], str]:
    """The cells of the first line, and what divides them."""
    first = text.partition("\n")[0].rstrip("\r")
    delimiter = max(",\t;", key=first.count)
    try:
        return next(csv.reader([first], delimiter=delimiter), []), delimiter
    except csv.Error:  # bytes of something else than a table
        return [], delimiter


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_ictrp(header: list[str]) -> bool:
    return "trialid" in header and ("publictitle" in header or "scientifictitle" in header)


def _place(header: list[str], part: str) -> str | None:
    return next((name for name in _COLUMNS[part] if name in header), None)


def _registration(values: Mapping[str, str], source: str) -> Record:
    return ictrp.record_of({_ICTRP[n]: v for n, v in values.items() if n in _ICTRP}, source)


def _record(values: Mapping[str, str], source: str) -> Record:
    def field(part: str) -> str:
        name = _place([*values], part)
        return clean(values[name]) if name else ""

    title, authors = field("title"), field("authors")
    doi = doi_in(field("doi"), field("url"))
    pmid = field("pmid") if re.fullmatch(r"[1-9]\d{0,8}", field("pmid")) else pmid_in(
        field("pmid"), field("url"), *own_remarks(field("notes")))
    year, kinds = year_of(field("year")), [field("type")]
    author = family_of(_first(authors))
    counted = [clean(values.get(n, "")) for n in _COUNTED]
    number = number_of(*(values.get(n, "") for n in _OWN_NUMBER),
                       *(n for n in counted if _ACCESSION.fullmatch(n)))
    record = Record(
        source, number, kind_of(kinds, title, doi), title, author, year,
        field("journal"), field("volume"), field("pages"), doi, pmid,
        registrations_in(title, field("abstract"), field("notes"), field("url")),
        field("abstract"), signals=tuple(k for k in kinds if k))
    return record if number else replace(record, number=made_number(
        record, *counted, doi, f"pmid-{pmid}" if pmid else ""))


def _first(authors: str) -> str:
    """The first of several authors, whatever divides them."""
    for divider in (";", "|", " and "):
        if divider in authors:
            return authors.partition(divider)[0].strip()
    names = authors.strip("[]").split(",")
    # "Doe, J, Roe, K" is written with a comma in each name; "Doe J, Roe K" with one between names
    return ",".join(names[:2]) if " " not in names[0].strip() and len(names) > 1 else names[0]
