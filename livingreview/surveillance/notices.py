"""What sources say of notices about a report, each read from its own answers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date, datetime

from lxml import etree

from .net import Answer, SourceError
from .record import doi_of
from .sources.shapes import json_of, needed, text_of, xml_of

RETRACTION, CONCERN, CORRECTION = "retraction", "expression-of-concern", "correction"
WITHDRAWAL, REINSTATEMENT = "withdrawal", "reinstatement"
# A part that is taken back may be the part that was copied: it counts as a retraction until a
# person has looked. A new version may have other numbers: it is looked at like a correction.
CROSSREF_TYPES = {
    "retraction": RETRACTION, "partial_retraction": RETRACTION, "withdrawal": WITHDRAWAL,
    "removal": WITHDRAWAL, "expression_of_concern": CONCERN, "reinstatement": REINSTATEMENT,
    **dict.fromkeys(("correction", "corrigendum", "erratum", "addendum", "clarification",
                     "new_version", "new_edition"), CORRECTION)}
NATURES = {"retraction": RETRACTION, "expression of concern": CONCERN, "correction": CORRECTION,
           "reinstatement": REINSTATEMENT}
PUBMED_LINKS = {"RetractionIn": RETRACTION, "ExpressionOfConcernIn": CONCERN,
                "ErratumIn": CORRECTION, "UpdateIn": CORRECTION, "RepublishedIn": CORRECTION,
                "CorrectedandRepublishedIn": CORRECTION, "PartialRetractionIn": RETRACTION,
                "RetractedandRepublishedIn": RETRACTION}
PUBMED_TYPES = {"D016441": RETRACTION}  # Retracted Publication
ROWS = 1000  # of a page of Crossref, its largest
_CLOSE = 31  # days between the dates that two sources have for one notice
_NO_ID = ("", "0", "unavailable")
_RW_NEEDED = ("Title", "RetractionDate", "RetractionDOI", "RetractionPubMedID", "OriginalPaperDOI",
              "OriginalPaperPubMedID", "RetractionNature")
_MONTHS = {name: at for at, name in enumerate(
    "jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_DAY = re.compile(r"\b(\d{4}) ([A-Z][a-z]{2})[a-z]* (\d{1,2})\b")
_DOI = re.compile(r"\b10\.\d{4,9}/\S+")


@dataclass(frozen=True)
class Notice:
    """A notice as one source has it.

    Attributes
    ----------
    kind : str
        Of the list notice_kind.
    doi, pmid : str
        Of the notice; empty where the source does not say, or where it is that of the report.
    date : str
        Its day as YYYY-MM-DD; empty where the source does not say the day.
    """

    kind: str
    doi: str = ""
    pmid: str = ""
    date: str = ""


class UnknownKind(Exception):
    """A notice of a kind that is not known: a person has to look."""


def _grave(kind: str) -> bool:
    return kind in (RETRACTION, WITHDRAWAL)


def same(one: Notice, other: Notice) -> bool:
    """Whether two sources speak of one notice.

    Equal identifiers decide, and different ones. Where each has only what the other lacks, a paper
    is retracted or put under concern once, and of its corrections days near each other decide.
    """
    if one.kind != other.kind and not (_grave(one.kind) and _grave(other.kind)):
        return False
    for mine, its in ((one.doi, other.doi), (one.pmid, other.pmid)):
        if mine and its:
            return mine == its
    if _grave(one.kind) or one.kind == CONCERN:
        return True
    if one.date and other.date:
        apart = date.fromisoformat(one.date) - date.fromisoformat(other.date)
        return abs(apart.days) <= _CLOSE
    return not (one.doi or one.pmid) or not (other.doi or other.pmid)


def together(one: Notice, other: Notice) -> Notice:
    """One notice of what two sources say of it; the first is believed where they differ."""
    kind = RETRACTION if RETRACTION in (one.kind, other.kind) else one.kind
    return Notice(kind, one.doi or other.doi, one.pmid or other.pmid, one.date or other.date)


def merged(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Notices, each once, in the order in which they are first named."""
    found: list[Notice] = []
    for new in notices:
        at = next((i for i, old in enumerate(found) if same(old, new)), None)
        if at is None:
            found.append(new)
        else:
            found[at] = together(found[at], new)
    return tuple(found)


def _day(parts: object) -> str:
    """Crossref's ``date-parts`` as a day; empty where they do not name one."""
    try:
        year, month, day = parts[0]
        return date(year, month, day).isoformat()
    except (TypeError, ValueError, IndexError, KeyError):
        return ""


def _about(notice: Notice, doi: str) -> Notice:
    """A notice that has no identifier but that of the report itself has none."""
    return replace(notice, doi="") if notice.doi == doi else notice


# --- Crossref -----------------------------------------------------------------------------------


def _entries(of: Mapping, field: str) -> list[Mapping]:
    """What a work lists in a field; one whose DOI is no text is of another shape."""
    found = needed("crossref", of, field, list)
    if not all(isinstance(one, Mapping) and isinstance(one.get("DOI"), (str, type(None)))
               for one in found):
        raise SourceError("crossref", f"{field} of its answer is no list of objects with a DOI")
    return found


def _update(entry: Mapping, field: str, number: str) -> Notice:
    kind = needed("crossref", entry, "type", str)
    known = CROSSREF_TYPES.get(kind.lower().replace("-", "_").replace(" ", "_"))
    if known is None:
        raise UnknownKind(f"{field} has the type {kind[:40]}, which is not known")
    updated = entry.get("updated")
    day = _day(updated.get("date-parts")) if isinstance(updated, Mapping) else ""
    return Notice(known, doi_of(number), date=day)


def of_work(answer: Answer, doi: str) -> Iterator[Notice]:
    """Notices that the record of a report at Crossref names (``updated-by``).

    Raises
    ------
    SourceError
        When the answer has another shape; the field is named.
    UnknownKind
        After the notices of known kinds.
    """
    message = needed("crossref", json_of("crossref", answer), "message", dict)
    own = doi_of(needed("crossref", message, "DOI", str))
    if own != doi:
        raise SourceError("crossref", f"it answers with {own or 'another work'} for {doi}")
    if message.get("updated-by"):
        yield from _each(_entries(message, "updated-by"), "updated-by", lambda e: e.get("DOI"), doi)


def of_updates(answer: Answer, doi: str) -> Iterator[Notice]:
    """Notices that name a report themselves (``update-to``), of a list by ``filter=updates:``.

    Raises
    ------
    SourceError
        When the answer has another shape, or not all of the list.
    UnknownKind
        After the notices of known kinds.
    """
    message = needed("crossref", json_of("crossref", answer), "message", dict)
    items = needed("crossref", message, "items", list)
    if needed("crossref", message, "total-results", int) > len(items):
        raise SourceError("crossref", f"it lists {len(items)} of "
                          f"{message['total-results']} notices about one report")
    entries = []
    for item in items:
        if not isinstance(item, Mapping):
            raise SourceError("crossref", "items of its answer is no list of objects")
        number = needed("crossref", item, "DOI", str)
        entries += [{**entry, "number": number} for entry in _entries(item, "update-to")
                    if doi_of(entry.get("DOI")) == doi]
    yield from _each(entries, "update-to", lambda e: e["number"], doi)


def _each(entries, field: str, number, doi: str) -> Iterator[Notice]:
    """A notice for each entry; what is of no known kind is said last."""
    unknown = None
    for entry in entries:
        try:
            yield _about(_update(entry, field, number(entry)), doi)
        except UnknownKind as error:
            unknown = error
    if unknown:
        raise unknown


# --- PubMed -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Article:
    """What PubMed says of an article: its numbers and the notices about it."""

    pmid: str
    doi: str
    date: str
    notices: tuple[Notice, ...]


def articles(answer: Answer) -> Iterator[Article]:
    """The articles of an answer of efetch.

    A retraction may be said by the type of the paper or by a link to the notice: either counts.
    """
    root = xml_of("pubmed", answer, "PubmedArticleSet")
    for found in root.iter("PubmedArticle"):
        citation = found.find("MedlineCitation")
        pmid = text_of(citation.find("PMID")) if citation is not None else ""
        if not pmid:
            raise SourceError("pubmed", "an article of its answer has no MedlineCitation/PMID")
        links = [n for link in citation.iterfind("CommentsCorrectionsList/CommentsCorrections")
                 if (n := _linked(link))]
        types = [Notice(PUBMED_TYPES[kind.get("UI")]) for kind in citation.iterfind(
            "Article/PublicationTypeList/PublicationType") if kind.get("UI") in PUBMED_TYPES]
        yield Article(pmid, _doi_in(found), _published(citation), merged([*links, *types]))


def _linked(link: etree._Element) -> Notice | None:
    kind = PUBMED_LINKS.get(link.get("RefType", ""))
    if kind is None:
        return None  # such as a comment, or what the article itself is about
    source = text_of(link.find("RefSource"))
    doi, day = _DOI.search(source), _DAY.search(source)
    return Notice(kind, doi_of(doi[0]) if doi else "", text_of(link.find("PMID")),
                  _day([[int(day[1]), _MONTHS.get(day[2].lower()), int(day[3])]]) if day else "")


def _doi_in(article: etree._Element) -> str:
    """The DOI of an article, from its own numbers: those of what it cites stand elsewhere."""
    for number in (*article.iterfind("PubmedData/ArticleIdList/ArticleId[@IdType='doi']"),
                   *article.iterfind("MedlineCitation/Article/ELocationID[@EIdType='doi']")):
        if doi := doi_of(text_of(number)):
            return doi
    return ""


def _published(citation: etree._Element) -> str:
    """The day on which an article came out, where it is said."""
    for way in ("Article/ArticleDate", "Article/Journal/JournalIssue/PubDate"):
        found = citation.find(way)
        year, month, day = (text_of(found.find(part)) if found is not None else ""
                            for part in ("Year", "Month", "Day"))
        month = str(_MONTHS.get(month[:3].lower(), month))
        if year.isdecimal() and month.isdecimal() and day.isdecimal():
            return _day([[int(year), int(month), int(day)]])
    return ""


def identified(notice: Notice, known: Mapping[str, Article]) -> Notice:
    """A notice with the DOI and day that PubMed has for its number."""
    article = known.get(notice.pmid)
    return notice if article is None else replace(
        notice, doi=notice.doi or article.doi, date=notice.date or article.date)


# --- OpenAlex -----------------------------------------------------------------------------------


def of_openalex(answer: Answer) -> tuple[Notice, ...]:
    """Whether OpenAlex calls a report retracted; it does not say by which notice."""
    work = json_of("openalex", answer)
    return (Notice(RETRACTION),) if needed("openalex", work, "is_retracted", bool) else ()


# --- Retraction Watch ---------------------------------------------------------------------------


def _number(cell: str) -> str:
    text = cell.strip()
    return "" if text.lower() in _NO_ID else text


def letters(title: str) -> str:
    """A title as it is compared: letters and digits, without what marks it as retracted."""
    text = re.sub(r"^\W*(?:retract(?:ed|ion)(?: article| notice| note)?|withdrawn)\W+", "", title,
                  flags=re.IGNORECASE)
    return "".join(c for c in text.casefold() if c.isalnum())


def _numbers(row: Mapping) -> tuple[tuple[str, str], ...]:
    """The numbers of the paper that a row is about; empty where it has none."""
    return (("doi", doi_of(row["OriginalPaperDOI"])),
            ("pmid", _number(row["OriginalPaperPubMedID"])))


def _each_row(rows) -> Iterator[list[str]]:
    """Rows of a CSV file; one that is none is refused by its line."""
    try:
        yield from rows
    except csv.Error as error:
        raise SourceError("retraction-watch", f"line {rows.line_num} of its file is no row of a "
                          f"table ({error}): a quote may be open") from None


class RetractionWatch:
    """What the Retraction Watch file has about some papers, by their numbers and titles.

    Parameters
    ----------
    body : bytes
        A CSV with a header; its columns may be in any order, and further ones are passed over.
    wanted : set of (str, str)
        The papers: ``doi``, ``pmid`` or ``title`` (as `letters` gives it), and its value.

    Raises
    ------
    SourceError
        When it is no such file, or ends within a row; column and row are named.
    """

    def __init__(self, body: bytes, wanted: Set[tuple[str, str]]):
        self._found: dict[tuple[str, str], list[dict]] = {}
        self._wanted, size = wanted, 0
        try:
            body.decode("utf-8")
            encoding = "utf-8-sig"
        except UnicodeDecodeError:
            encoding = "latin-1"
        rows = csv.reader(io.TextIOWrapper(io.BytesIO(body), encoding, newline=""))
        header = [name.strip() for name in next(rows, [])]
        missing = [name for name in _RW_NEEDED if name not in header]
        if missing:
            raise SourceError("retraction-watch",
                              f"its file has no column {', '.join(missing)}")
        for row in _each_row(rows):
            if not row:
                continue  # an empty line
            if len(row) < max(map(header.index, _RW_NEEDED)) + 1:
                raise SourceError("retraction-watch", f"line {rows.line_num} of its file has "
                                  f"{len(row)} of {len(header)} columns: it is cut off, or no such "
                                  "file")
            self._take({name: row[header.index(name)] for name in _RW_NEEDED})
            size += 1
        if not size:
            raise SourceError("retraction-watch", "its file has no row")

    def _take(self, row: dict) -> None:
        for kind, value in (*_numbers(row), ("title", letters(row["Title"]))):
            if value and (kind, value) in self._wanted:
                self._found.setdefault((kind, value), []).append(row)

    def about(self, kind: str, value: str, numbers: Set[str] = frozenset()) -> Iterator[Notice]:
        """Notices about one of the wanted papers.

        Parameters
        ----------
        kind, value : str
            One of `wanted`.
        numbers : set of str
            Of ``doi`` and ``pmid``: rows that have one of these are of another paper, however like
            the titles are.

        Raises
        ------
        UnknownKind
            After the notices of known kinds.
        """
        unknown = None
        for row in self._found.get((kind, value), ()):
            if numbers & {name for name, number in _numbers(row) if number}:
                continue
            nature = NATURES.get(row["RetractionNature"].strip().lower())
            if nature is None:
                unknown = UnknownKind("RetractionNature is "
                                      f"{row['RetractionNature'].strip()[:40] or 'empty'}, "
                                      "which is not known")
                continue
            pmid, own = _number(row["RetractionPubMedID"]), _number(row["OriginalPaperPubMedID"])
            yield _about(Notice(nature, doi_of(row["RetractionDOI"]),
                                pmid if pmid.isdecimal() and pmid != own else "",
                                _american(row["RetractionDate"])), doi_of(row["OriginalPaperDOI"]))
        if unknown:
            raise unknown


def _american(cell: str) -> str:
    """A day written as ``8/7/2026 0:00``: month, day, year."""
    try:
        return datetime.strptime(cell.strip().split(" ")[0], "%m/%d/%Y").date().isoformat()
    except ValueError:
        return ""
