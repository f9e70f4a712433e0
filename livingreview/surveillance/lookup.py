"""Each report of the data is looked up for notices at a source: what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from ..data.dataset import Dataset
from . import net
from .net import Answer, SourceError
from .notices import (
    Article,
    Notice,
    RetractionWatch,
    UnknownKind,
    articles,
    identified,
    letters,
    merged,
    of_openalex,
    of_updates,
    of_work,
)
from .rawstore import GONE, SEARCH, Raw, RawError
from .record import doi_of
from .sources import crossref, pubmed, retractionwatch
from .sources.shapes import text_of, xml_of

SOURCES = ("retraction-watch", "crossref", "pubmed", "openalex")
NOTICE, NONE, NOT_CHECKABLE, FAILED = "notice", "none", "not-checkable", "failed"
NO_DOI, NO_NUMBER, UNKNOWN = "no DOI", "no DOI or PMID", "not known there"
NO_TITLE = "no DOI or PMID, and no row has its title"
COMMA = "a comma in the DOI"
FOLDER = "notices"  # of the store, beside those of searches
_FOR_GOOD = (401, 403)  # what is refused to one question is refused to all
_IN_A_ROW = 3  # failures after which a source counts as down
_DOIS, _PMIDS = 100, 200  # in one question to PubMed
_TITLE = 40  # letters that a title must have to stand for its report


@dataclass(frozen=True)
class Study:
    """What a report can be looked up by."""

    indication: str
    study_id: str
    title: str
    doi: str
    pmid: str


@dataclass(frozen=True)
class Finding:
    """What one source says of one report: of the list watch_result, why, and the notices."""

    study: Study
    result: str
    reason: str = ""
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Look:
    """What one source says of all reports, and the day on which it was asked."""

    source: str
    day: str
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> str:
        """Why it failed, the first time; empty where it did not."""
        return next((f.reason for f in self.findings if f.result == FAILED), "")

    def count(self, result: str) -> int:
        """How many reports have a result."""
        return sum(f.result == result for f in self.findings)


class _NotChecked(Exception):
    """A report cannot be looked up; the message is the reason."""


def studies_of(data: Dataset) -> tuple[Study, ...]:
    """Every report of the data, in its order."""
    return tuple(Study(i, s["study_id"], s["title"] or "", doi_of(s["doi"]), s["pmid"] or "")
                 for i in data.indications for s in data.records("studies", i))


# --- asking -------------------------------------------------------------------------------------


class Asked:
    """A client that stores every answer, and does not ask again for what is stored.

    What is stored is found by its address, so that a look-up of more reports asks for those alone.
    That there is no such page is an answer too.

    Parameters
    ----------
    raw : Raw
        Where answers are stored.
    client : Client
    live : bool
        Whether to ask for what is not stored.
    """

    def __init__(self, raw: Raw, client: net.Client, live: bool = True):
        self.raw, self.client, self.live = raw, client, live
        self._known = {page.url: page for page in raw.pages()}

    def get(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """As `net.Client.get`."""
        return self._asked(self.client.get, path, params)

    def post(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """As `net.Client.post`."""
        return self._asked(self.client.post, path, params)

    def _asked(self, way: Callable, path: str, params: Mapping[str, object] | None) -> Answer:
        url = self.client.url(path, params)
        if url not in self._known:
            if not self.live:
                raise SourceError(self.client.source, "what is stored does not hold its answer")
            try:
                found = way(path, params)
            except SourceError as error:
                if error.status not in GONE:
                    raise
                found = Answer(error.status, b"", {}, url,
                               net.NOW().isoformat(timespec="seconds"))
            self.raw.add(found)
            self._known[url] = found
        if (status := self._known[url].status) in GONE:
            raise SourceError(self.client.source, f"it answers {status}: there is no such page",
                              status)
        return self._known[url]


def _record(way: Callable[[], Answer]) -> Answer:
    """What a source has of a report."""
    try:
        return way()
    except SourceError as error:
        if error.status in GONE:
            raise _NotChecked(UNKNOWN) from None
        raise


# --- one source ---------------------------------------------------------------------------------


def look(source: str, studies: Iterable[Study], one: Callable[[Study], Iterable[Notice]],
         step: Callable[[], None] = lambda: None) -> Iterator[Finding]:
    """What a source says of each report.

    Parameters
    ----------
    source : str
    studies : iterable of Study
    one : callable
        Gives the notices about a report, or raises why it cannot.
    step : callable
        Called after each report.
    """
    down, failures = "", 0
    for study in studies:
        found: list[Notice] = []
        result, reason = FAILED, down
        if not down:
            try:
                found.extend(one(study))
                result, failures = NOTICE if found else NONE, 0
            except _NotChecked as error:
                result, reason = NOTICE if found else NOT_CHECKABLE, "" if found else str(error)
            except UnknownKind as error:
                reason = str(error)
            except SourceError as error:
                reason, failures = error.reason, failures + 1
                if error.status in _FOR_GOOD or failures == _IN_A_ROW:
                    down = reason
        yield Finding(study, result, reason, merged(found))
        step()


def by_crossref(ask: Asked) -> Callable[[Study], Iterator[Notice]]:
    """Notices by Crossref: those that the report's record names, and those that name the report.

    The filter takes no DOI with a comma: without the second way, that the first one has no notice
    says too little.
    """
    def one(study: Study) -> Iterator[Notice]:
        if not study.doi:
            raise _NotChecked(NO_DOI)
        yield from of_work(_record(lambda: crossref.work(ask, study.doi)), study.doi)
        if "," in study.doi:
            raise _NotChecked(COMMA)
        yield from of_updates(crossref.updates(ask, study.doi), study.doi)
    return one


def by_openalex(ask: Asked) -> Callable[[Study], Iterator[Notice]]:
    """Whether OpenAlex calls a report retracted."""
    def one(study: Study) -> Iterator[Notice]:
        if not (study.doi or study.pmid):
            raise _NotChecked(NO_NUMBER)
        number = f"doi:{study.doi}" if study.doi else f"pmid:{study.pmid}"
        yield from of_openalex(_record(lambda: ask.get(f"works/{quote(number, safe=':')}")))
    return one


def by_pubmed(ask: Asked, studies: Sequence[Study]) -> Callable[[Study], Iterator[Notice]]:
    """Notices by PubMed, of reports with a PMID or with a DOI that it knows.

    Raises
    ------
    SourceError
        When it does not answer; it is asked for all reports together.
    """
    dois = list(dict.fromkeys(s.doi for s in studies if s.doi and not s.pmid))
    wanted = dict.fromkeys(s.pmid for s in studies if s.pmid)
    for part in _parts(dois, _DOIS):
        answer = ask.post("esearch.fcgi", {
            "db": "pubmed", "term": " OR ".join(f'"{doi}"[aid]' for doi in part),
            "retmax": pubmed.MOST, "retmode": "xml", "tool": pubmed.TOOL})
        root = xml_of("pubmed", answer, "eSearchResult")
        if (error := root.find("ERROR")) is not None:
            raise SourceError("pubmed", f"it says: {text_of(error)[:200]}")
        if root.find("IdList") is None:
            raise SourceError("pubmed", "its answer has no IdList")
        wanted |= dict.fromkeys(map(text_of, root.iterfind("IdList/Id")))
    known = _articles(ask, list(wanted))
    notices = _articles(ask, list(dict.fromkeys(
        n.pmid for a in known.values() for n in a.notices if n.pmid and n.pmid not in known)))
    by_doi = {a.doi: a for a in known.values() if a.doi}

    def one(study: Study) -> Iterator[Notice]:
        if not (study.doi or study.pmid):
            raise _NotChecked(NO_NUMBER)
        article = known.get(study.pmid) if study.pmid else by_doi.get(study.doi)
        if article is None:
            raise _NotChecked(UNKNOWN)
        yield from (identified(n, {**known, **notices}) for n in article.notices)
    return one


def _parts(all_of: list[str], size: int) -> Iterator[list[str]]:
    return (all_of[at:at + size] for at in range(0, len(all_of), size))


def _articles(ask: Asked, pmids: list[str]) -> dict[str, Article]:
    found = {}
    for part in _parts(pmids, _PMIDS):
        answer = ask.post("efetch.fcgi", {"db": "pubmed", "id": ",".join(part),
                                          "retmode": "xml", "tool": pubmed.TOOL})
        found |= {article.pmid: article for article in articles(answer)}
    return found


def _wanted(study: Study) -> dict[str, str]:
    """What a report is looked for by in the Retraction Watch file.

    Its numbers, and its title unless it is short: that may be the title of several papers.
    """
    title = letters(study.title)
    return {kind: value for kind, value in (
        ("doi", study.doi), ("pmid", study.pmid), ("title", title if len(title) >= _TITLE else ""))
        if value}


def by_retraction_watch(body: bytes, studies: Sequence[Study]
                        ) -> Callable[[Study], Iterator[Notice]]:
    """Notices by the Retraction Watch file, by numbers and, where those cannot tell, by the title.

    A row may lack the number that a report has, and a report every number. A title that is found
    is enough then; that it is not says nothing of a report without numbers.

    Raises
    ------
    SourceError
        When it is no such file.
    """
    file = RetractionWatch(body, {
        pair for study in studies for pair in _wanted(study).items()})

    def one(study: Study) -> Iterator[Notice]:
        wanted = _wanted(study)
        for kind, value in wanted.items():
            yield from file.about(kind, value, wanted.keys() if kind == "title" else frozenset())
        if not (study.doi or study.pmid):
            raise _NotChecked(NO_TITLE)
    return one


def looked(source: str, ask: Asked, studies: Sequence[Study],
           step: Callable[[], None] = lambda: None) -> tuple[Finding, ...]:
    """What a source says of all reports; where it does not answer, each has failed."""
    try:
        one = (by_crossref(ask) if source == "crossref" else
               by_openalex(ask) if source == "openalex" else
               by_pubmed(ask, studies) if source == "pubmed" else
               by_retraction_watch(retractionwatch.notices(ask).body, studies))
    except (SourceError, RawError) as error:
        return failed(studies, getattr(error, "reason", str(error)))
    return tuple(look(source, studies, one, step))


def failed(studies: Iterable[Study], reason: str) -> tuple[Finding, ...]:
    """What a source that does not answer says."""
    return tuple(Finding(study, FAILED, reason) for study in studies)


def of_file(path: Path, studies: Sequence[Study]) -> Look:
    """What a Retraction Watch file that somebody has fetched says; its day is that of the file.

    Raises
    ------
    SourceError, OSError
        When it cannot be read, or is no such file.
    """
    one = by_retraction_watch(path.read_bytes(), studies)
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date().isoformat()
    return Look(SOURCES[0], day, tuple(look(SOURCES[0], studies, one)))


# --- stored answers -----------------------------------------------------------------------------


def _stored(root: Path, source: str) -> list[Raw]:
    """Look-ups of a source that a store holds, the oldest first."""
    found = [Raw(root / FOLDER, source, path.parent.name)
             for path in (root / FOLDER / source).glob(f"*/{SEARCH}")]
    return sorted(found, key=lambda raw: (raw.about.get("date_run", ""), raw.search_id))


def ask_live(root: Path, source: str) -> tuple[Asked, str]:
    """A client that stores what it is told, and the day; one of today that was cut off goes on.

    Raises
    ------
    SourceError
        Where a key is not there without which the source is not asked.
    RawError
        Where what is stored is not what its manifest says.
    """
    client, day = net.client(source), net.NOW().date().isoformat()
    today = [raw for raw in _stored(root, source) if raw.about.get("date_run") == day]
    going_on = [raw for raw in today if not raw.about.get("complete")]
    raw = going_on[-1] if going_on else Raw(
        root / FOLDER, source, f"{day}-{len(today) + 1}" if today else day)
    raw.note({"date_run": day, "base": client.base, "complete": False})
    return Asked(raw, client), day


def ask_stored(root: Path, source: str) -> tuple[Asked, str] | None:
    """The last look-up of a source that a store holds, and its day; None where it has none."""
    stored = _stored(root, source)
    if not stored:
        return None
    about = stored[-1].about
    client = net.Client(source, about["base"], pause=0)
    return Asked(stored[-1], client, live=False), about["date_run"]


def asked(root: Path, source: str, studies: Sequence[Study], offline: bool,
          step: Callable[[], None] = lambda: None) -> Look | None:
    """What a source says, asked now or as it is stored; None where nothing is stored of it.

    Parameters
    ----------
    root : Path
        The store.
    source : str
        Of `SOURCES`.
    studies : sequence of Study
    offline : bool
        Whether nothing is to be asked.
    step : callable
        Called after each report.

    Raises
    ------
    SourceError
        Where a key is not there without which the source is not asked.
    RawError
        Where what is stored is not what its manifest says.
    """
    found = ask_stored(root, source) if offline else ask_live(root, source)
    if found is None:
        return None
    ask, day = found
    seen = Look(source, day, looked(source, ask, studies, step))
    if not offline:
        ask.raw.note(ask.raw.about | {"complete": not seen.failed})
    return seen
