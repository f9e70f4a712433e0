"""PubMed, by the E-utilities of the National Library of Medicine (NBK25499).

Windows are dates of creation, ``[crdt]``: the date of entry, ``[edat]``, is set back for records
that come late, so that no later search by it would find them. Of a search the first 9,999 numbers
alone can be had: windows are split until each has fewer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from lxml import etree

from ..net import CONTACT, Answer, Client, SourceError
from ..record import Record, doi_of, registrations_in, year_of
from . import Found
from .shapes import text_of, xml_of

NAME = "pubmed"
PLATFORM = "E-utilities (NCBI)"
DEFAULT_BASE = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
PAUSE = 0.34  # seconds: three requests a second need no key
SECRETS = {"api_key": "NCBI_API_KEY", "email": CONTACT}
NEEDED = ("email",)
TOOL = "livingreview"

MOST = 9998  # records of a search that can be had
BATCH = 200  # records of one request
FIRST = date(1900, 1, 1)  # before the first record was created
_SEARCH, _SET, _ARTICLE = "eSearchResult", "PubmedArticleSet", "PubmedArticle"
_BOOK, _DELETED = "PubmedBookArticle", "DeleteCitation"
# What says that a term of the strategy was not searched for as it is written.
_BROKEN = ("ErrorList/PhraseNotFound", "ErrorList/FieldNotFound",
           "WarningList/QuotedPhraseNotFound", "WarningList/PhraseIgnored")
_NO_TITLE = ("", "[Not Available].")
_KINDS = {"Preprint": "preprint", "Retraction of Publication": "notice",
          "Retraction Notice": "notice", "Published Erratum": "notice",
          "Expression of Concern": "notice", "Meeting Abstract": "conference-abstract",
          "Congress": "conference-abstract", "Academic Dissertation": "thesis"}


def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
          ) -> Iterator[Answer]:
    """Every answer to a search: numbers of each window, then the records.

    Parameters
    ----------
    client : Client
    strategy : str
    window_from, window_to : str or None
        First and last day of creation, as ISO dates; None is from the beginning.

    Raises
    ------
    SourceError
        When PubMed does not know a phrase or field of the strategy, or answers in another shape.
    """
    start = date.fromisoformat(window_from) if window_from else FIRST
    numbers: list[str] = []
    windows = [(start, date.fromisoformat(window_to))]
    while windows:
        begin, end = windows.pop(0)
        answer = client.post("esearch.fcgi", {
            "db": NAME, "term": f"({strategy}) AND {begin:%Y/%m/%d}:{end:%Y/%m/%d}[crdt]",
            "retmax": MOST, "retmode": "xml", "tool": TOOL})
        count, found, _ = _searched(xml_of(NAME, answer, _SEARCH))
        yield answer
        if count <= MOST:
            numbers += found
            continue
        if begin >= end:
            raise SourceError(NAME, f"{count:,} records were created on {begin}, of which {MOST:,} "
                              "can be had: make the strategy narrower")
        middle = begin + (end - begin) // 2
        windows[:0] = [(begin, middle), (middle + timedelta(days=1), end)]
    distinct = list(dict.fromkeys(numbers))
    for at in range(0, len(distinct), BATCH):
        asked = distinct[at:at + BATCH]
        answer = client.post("efetch.fcgi", {"db": NAME, "id": ",".join(asked), "retmode": "xml",
                                             "tool": TOOL})
        _check_sent(xml_of(NAME, answer, _SET, "eFetchResult"), asked)
        yield answer


def known(client: Client, strategy: str, numbers: Sequence[str]) -> frozenset[str]:
    """Which of known records a strategy finds.

    Parameters
    ----------
    client : Client
    strategy : str
    numbers : sequence of str
        PMIDs.

    Raises
    ------
    SourceError
        When PubMed does not know a phrase or field of the strategy, or answers in another shape.
    """
    answer = client.post("esearch.fcgi", {
        "db": NAME, "term": f"({strategy}) AND ({' OR '.join(f'{n}[uid]' for n in numbers)})",
        "retmax": MOST, "retmode": "xml", "tool": TOOL})
    _, found, _ = _searched(xml_of(NAME, answer, _SEARCH))
    if strange := {*found} - {*numbers}:
        raise SourceError(NAME, f"it lists {min(strange)}, which was not asked for")
    return frozenset(found)


def read(answers: Iterable[Answer]) -> Found:
    """What the answers of `fetch` say."""
    hits, translation = 0, ""
    records: dict[str, Record] = {}
    for answer in answers:
        root = xml_of(NAME, answer, _SEARCH, _SET)
        if root.tag == _SEARCH:
            count, _, translated = _searched(root)
            hits += count if count <= MOST else 0  # else its parts are counted
            translation = translation or translated
            continue
        for element in _sent(root):
            record = (_article if element.tag == _ARTICLE else _book)(element)
            records.setdefault(record.number, record)
    return Found(hits, translation, tuple(records.values()))


def _required(element: etree._Element, path: str) -> etree._Element:
    found = element.find(path)
    if found is None:
        raise SourceError(NAME, f"its answer has no {element.tag}/{path}")
    return found


def _searched(root: etree._Element) -> tuple[int, list[str], str]:
    """Count, numbers and translation of a search; raises where it was not run as written."""
    broken = [f"{path.rpartition('/')[2]}: {text_of(found)}" for path in _BROKEN
              for found in root.findall(path)]
    if broken:
        raise SourceError(NAME, "it cannot run the strategy as it is written: "
                          + "; ".join(broken))
    for path in ("ERROR", "ErrorList/ERROR"):
        if (error := root.find(path)) is not None:
            raise SourceError(NAME, f"it says: {text_of(error)}")
    counted = text_of(_required(root, "Count"))
    if not counted.isdecimal():
        raise SourceError(NAME, f"eSearchResult/Count is {counted!r}, not a number")
    numbers = [text_of(found) for found in _required(root, "IdList").findall("Id")]
    if wrong := [number for number in numbers if not number.isdecimal()]:
        raise SourceError(NAME, f"eSearchResult/IdList/Id is {wrong[0]!r}, not a number")
    count = int(counted)
    if count <= MOST and len(set(numbers)) != count:
        raise SourceError(NAME, f"it counts {count} records and lists {len(set(numbers))}")
    translation = text_of(_required(root, "QueryTranslation")) if count else text_of(
        root.find("QueryTranslation"))
    return count, numbers, translation


def _sent(root: etree._Element) -> list[etree._Element]:
    """The records in an answer."""
    unknown = {str(child.tag) for child in root} - {_ARTICLE, _BOOK, _DELETED}
    if unknown:
        raise SourceError(NAME, f"its answer has {root.tag}/{min(unknown)}, which is not known")
    return [child for child in root if child.tag != _DELETED]


def _number(element: etree._Element) -> str:
    path = "MedlineCitation/PMID" if element.tag == _ARTICLE else "BookDocument/PMID"
    return text_of(_required(element, path))


def _check_sent(root: etree._Element, asked: list[str]) -> None:
    """Raise where records that were asked for are missing, or others came."""
    if (error := root.find("ERROR")) is not None or root.tag != _SET:
        raise SourceError(NAME, f"it sends no records and says: {text_of(error)}")
    came = {_number(element) for element in _sent(root)}
    for said, numbers in (("does not send", set(asked) - came), ("sends", came - set(asked))):
        if numbers:
            listed = ", ".join(sorted(numbers)[:5])
            raise SourceError(NAME, f"it {said} {len(numbers)} records that were "
                              f"{'' if said != 'sends' else 'not '}asked for: {listed}")


def _article(element: etree._Element) -> Record:
    citation = _required(element, "MedlineCitation")
    article = _required(citation, "Article")
    journal, issue = article.find("Journal"), article.find("Journal/JournalIssue")
    types = tuple(text_of(t) for t in article.findall("PublicationTypeList/PublicationType"))
    title = text_of(_required(article, "ArticleTitle"))
    abstract = _abstract(article.find("Abstract"))
    accessions = [_accession(bank) for bank in article.findall("DataBankList/DataBank")]
    number = _number(element)
    return Record(
        NAME, number, next((_KINDS[t] for t in types if t in _KINDS), "article"),
        title=text_of(article.find("VernacularTitle")) if title in _NO_TITLE else title,
        first_author=_author(article.find("AuthorList/Author")),
        year=_year(article, issue),
        journal=_first(journal, "Title", "ISOAbbreviation"),
        volume=_first(issue, "Volume"),
        pages=_pages(article.find("Pagination")),
        doi=_doi(element, article), pmid=number,
        registrations=registrations_in(*accessions, title, abstract),
        abstract=abstract,
        cites=tuple(dict.fromkeys(text_of(e) for e in element.iterfind(
            "PubmedData/ReferenceList//ArticleId[@IdType='pubmed']"))),
        signals=types)


def _book(element: etree._Element) -> Record:
    book = _required(element, "BookDocument")
    title = _first(book, "ArticleTitle", "Book/BookTitle")
    abstract = _abstract(book.find("Abstract"))
    return Record(
        NAME, _number(element), "other", title=title,
        first_author=_author(book.find(".//AuthorList/Author")),
        year=year_of(_first(book, "Book/PubDate/Year", "Book/PubDate/MedlineDate")),
        journal=_first(book, "Book/BookTitle"),
        doi=doi_of(_first(book, "ArticleIdList/ArticleId[@IdType='doi']")),
        pmid=_number(element), registrations=registrations_in(title, abstract), abstract=abstract,
        signals=tuple(text_of(t) for t in book.findall("PublicationType")))


def _first(element: etree._Element | None, *paths: str) -> str:
    """The first text that is there."""
    if element is None:
        return ""
    return next((said for path in paths if (said := text_of(element.find(path)))), "")


def _abstract(element: etree._Element | None) -> str:
    parts = [] if element is None else element.findall("AbstractText")
    labelled = ((part.get("Label", ""), text_of(part)) for part in parts)
    return "\n".join(f"{label}: {text}" if label else text for label, text in labelled)


def _author(element: etree._Element | None) -> str:
    return _first(element, "LastName", "CollectiveName")


def _year(article: etree._Element, issue: etree._Element | None) -> int | None:
    said = _first(issue, "PubDate/Year", "PubDate/MedlineDate") or _first(
        article, "ArticleDate/Year")
    return year_of(said)


def _pages(element: etree._Element | None) -> str:
    return _first(element, "MedlinePgn") or "-".join(
        part for part in (_first(element, "StartPage"), _first(element, "EndPage")) if part)


def _doi(element: etree._Element, article: etree._Element) -> str:
    """Its own DOI: those of what it cites have the same form further down."""
    said = [text_of(e) for e in article.findall("ELocationID[@EIdType='doi']")
            if e.get("ValidYN", "Y") == "Y"]
    said += [text_of(e) for e in element.findall(
        "PubmedData/ArticleIdList/ArticleId[@IdType='doi']")]
    return next((doi for one in said if (doi := doi_of(one))), "")


def _accession(bank: etree._Element) -> str:
    """Numbers of a registry, as the data write them."""
    name = _first(bank, "DataBankName")
    before = "EudraCT " if "eudract" in name.lower() else ""
    return " ".join(before + text_of(e).removeprefix(before)
                    for e in bank.findall("AccessionNumberList/AccessionNumber"))
