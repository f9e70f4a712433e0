"""Identifiers that studies lack: proposed with a score and the reasons, accepted by a person.

The score of a paper, of 100: up to 70 for its title (normalised indel similarity of the plain
titles), 15 for the family name of the first author, 15 for the year or 10 for one beside it, and
10 for a registration number that both name, up to 100. What nobody states gives half. A paper that
says to be another kind of report (protocol, follow-up, reply, notice), or another part, loses 20.
It is proposed from `LEAST` on where its title is like the study's by `TITLE` at least, or by
`TITLE_REGISTERED` where a registration is shared. Another paper within `CLOSE` makes it ambiguous.
An identifier that the study has decides by itself: the same DOI or PMID is the paper, another one
is not. The thresholds are chosen, not fitted: no labelled set of this field exists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from rapidfuzz import fuzz

from ..data.dataset import Dataset
from .likeness import family_of, markers_in, numbers_in, plain
from .net import Answer, Client, SourceError
from .rawstore import Raw
from .record import Record, doi_of, registrations_in, year_of
from .sources import europepmc, pubmed
from .sources.shapes import json_of, needed
from .sources.shapes import plain as without_markup

LEAST, TITLE, TITLE_REGISTERED, CLOSE = 80.0, 85.0, 50.0, 5.0
SOURCES = ("crossref", "pubmed", "europe-pmc")
COLUMNS = ("doi", "pmid", "registration")
_ROWS = 5  # papers that a source is asked for
_NAME = 80  # likeness of family names
_WORDS = 8  # words of a title that are searched for, the longest
_PENALTY = 20.0


@dataclass(frozen=True)
class Paper:
    """What sources say of one paper.

    Attributes
    ----------
    record : Record
        Its identifiers together, the rest of the first source that has it.
    sources : tuple of str
    score : float
    why : str
    """

    record: Record
    sources: tuple[str, ...]
    score: float = 0.0
    why: str = ""

    @property
    def name(self) -> str:
        """Its identifier, and how it is printed."""
        record = self.record
        told = record.doi or (f"PMID {record.pmid}" if record.pmid else record.source_id)
        return f"{told}, {record.first_author or 'nobody'} {record.year or ''}: {record.title}"


@dataclass(frozen=True)
class Proposal:
    """What a study may be identified by.

    Attributes
    ----------
    indication, study_id : str
    cells : mapping of str to str
        Column and proposed value; what the study has already is not among them.
    paper : Paper
    rivals : tuple of Paper
        Others as likely: a person has to look at both.
    """

    indication: str
    study_id: str
    cells: Mapping[str, str]
    paper: Paper
    rivals: tuple[Paper, ...] = ()


# --- asking ---------------------------------------------------------------------------------------


def lacking(data: Dataset, only: str = "") -> list[tuple[str, Mapping]]:
    """Studies without a DOI, PMID or registration that something is known of to look for."""
    return [(indication, study) for indication in data.indications if only in ("", indication)
            for study in data.records("studies", indication)
            if any(not study[column] for column in COLUMNS)
            and (study["title"] or study["registration"] or study["doi"] or study["pmid"])]


def asked(source: str, client: Client, study: Mapping) -> list[Answer]:
    """What a source answers to a study's title, first author, year and registration.

    Raises
    ------
    SourceError
    """
    title = " ".join(plain(study["title"] or "").split())
    words = sorted(dict.fromkeys(w for w in title.split() if len(w) > 4), key=len)[-_WORDS:]
    numbers = [n for n in study["registration"] if n.isalnum()]
    if source == "crossref":
        if not title and not study["doi"]:
            return []
        named = " ".join(filter(None, (study["title"], study["first_author"],
                                       str(study["year"] or ""), study["doi"])))
        return [client.get("works", {"query.bibliographic": named, "rows": _ROWS, "select":
                                     "DOI,title,author,issued,container-title,type"})]
    if source == "pubmed":
        terms = [f"{study['doi']}[doi]"] * bool(study["doi"]) + [f"{n}[si]" for n in numbers]
        terms += ["(" + " AND ".join(f"{w}[ti]" for w in words) + ")"] * bool(words)
        if not terms:
            return []
        found = client.get("esearch.fcgi", {"db": "pubmed", "term": " OR ".join(terms), "retmax":
                                            _ROWS, "retmode": "json", "tool": pubmed.TOOL})
        if not (ids := _ids(found)):
            return [found]
        return [found, client.get("efetch.fcgi", {"db": "pubmed", "id": ",".join(ids),
                                                  "retmode": "xml", "tool": pubmed.TOOL})]
    terms = [f'DOI:"{study["doi"]}"'] * bool(study["doi"]) + [f'"{n}"' for n in numbers]
    terms += ["TITLE:(" + " AND ".join(words) + ")"] * bool(words)
    return [client.get("search", {"query": " OR ".join(terms), "format": "json",
                                  "resultType": "core", "pageSize": _ROWS})] if terms else []


def _ids(answer: Answer) -> list[str]:
    return [str(n) for n in needed("pubmed", json_of("pubmed", answer), "esearchresult.idlist",
                                   list)]


def read(source: str, answers: Sequence[Answer]) -> list[Record]:
    """The papers in answers.

    Raises
    ------
    SourceError
        On a shape that is not known.
    """
    if not answers:
        return []
    if source == "crossref":
        return [_work(item) for item in needed(source, json_of(source, answers[0]),
                                               "message.items", list)]
    if source == "pubmed":
        if _ids(answers[0]) and len(answers) < 2:
            raise SourceError(source, "the records that it found are not there")
        return list(pubmed.read(answers[1:]).records)
    return list(europepmc.read(answers).records)


def _work(item: Mapping) -> Record:
    """A work of Crossref."""
    doi = doi_of(needed("crossref", item, "DOI", str))
    title = without_markup(" ".join(item.get("title") or ()))
    authors = [a for a in item.get("author") or () if isinstance(a, Mapping)] or [{}]
    first = next((a for a in authors if a.get("sequence") == "first"), authors[0])
    parts = (item.get("issued") or {}).get("date-parts") or [[None]]
    return Record("crossref", doi, title=title,
                  first_author=without_markup(first.get("family") or first.get("name") or ""),
                  year=year_of(str(parts[0][0])) if parts[0] and parts[0][0] else None,
                  journal=without_markup(" ".join(item.get("container-title") or ())), doi=doi,
                  registrations=registrations_in(title))


def looked_up(data: Dataset, studies: Sequence[tuple[str, Mapping]], root: Path,
              clients: Mapping[str, Client] | None, failed: dict[str, str],
              done: Callable[[], None] = lambda: None
              ) -> Iterator[tuple[str, Mapping, list[Record]]]:
    """Each study with the papers that sources have for it.

    Answers are stored by source, study and day; those of today are not asked for again.

    Parameters
    ----------
    data : Dataset
    studies : sequence of (str, mapping)
        Indication and row of studies.csv.
    root : Path
        Of the raw store.
    clients : mapping of str to Client, or None
        None reads what is stored.
    failed : dict of str to str
        Gets the reason of a source that fails; it is not asked again.
    done : callable, optional
        Called after each study.
    """
    for indication, study in studies:
        records = []
        for source in SOURCES if clients is None else clients:
            if source in failed:
                continue
            begins = f"identify-{indication}-{study['study_id']}"
            try:
                answers = _stored(root, source, begins, newest=clients is None)
                if answers is None and clients is not None:
                    answers = asked(source, clients[source], study)
                    records += read(source, answers)  # first: what cannot be read is not stored
                    raw = Raw(root, source, f"{begins}-{_day(answers)}")
                    for answer in answers[len(raw):]:
                        raw.add(answer)
                else:
                    records += read(source, answers or ())
            except SourceError as error:
                failed[source] = error.reason
        yield indication, study, records
        done()


def _stored(root: Path, source: str, begins: str, newest: bool) -> list[Answer] | None:
    """What is stored of a study: of its newest day, or of today."""
    folder = root / source
    days = sorted(p.name for p in folder.glob(f"{begins}-????-??-??")) if newest else [
        p.name for p in folder.glob(f"{begins}-{date.today().isoformat()}")]
    pages = list(Raw(root, source, days[-1]).pages()) if days else []
    if source == "pubmed" and len(pages) == 1 and _ids(pages[0]) and not newest:
        return None  # cut off between its two answers
    return pages or None


def _day(answers: Sequence[Answer]) -> str:
    return answers[0].time[:10] if answers else date.today().isoformat()


# --- proposing ------------------------------------------------------------------------------------


def papers(records: Iterable[Record]) -> list[Paper]:
    """Records of one paper together: those that share a DOI or a PMID."""
    out: list[Paper] = []
    for record in records:
        for at, paper in enumerate(out):
            if (record.doi and record.doi == paper.record.doi) or (
                    record.pmid and record.pmid == paper.record.pmid):
                out[at] = Paper(_together(paper.record, record), tuple(dict.fromkeys(
                    (*paper.sources, record.source))))
                break
        else:
            out.append(Paper(record, (record.source,)))
    return out


def _together(first: Record, other: Record) -> Record:
    return replace(first, doi=first.doi or other.doi, pmid=first.pmid or other.pmid,
                   year=first.year or other.year, title=first.title or other.title,
                   first_author=first.first_author or other.first_author,
                   registrations=tuple(dict.fromkeys((*first.registrations,
                                                      *other.registrations))))


def scored(study: Mapping, paper: Paper) -> Paper | None:
    """A paper with its score and why; None where it is not the study's by an identifier."""
    record = paper.record
    for column, value in (("doi", record.doi), ("pmid", record.pmid)):
        if study[column] and value:
            same = value.lower() == study[column].lower()
            return replace(paper, score=100.0, why=f"the same {column}") if same else None
    ours, theirs = plain(study["title"] or ""), plain(record.title)
    title = fuzz.ratio(ours, theirs) if ours and theirs else 0.0
    shared = set(study["registration"]) & set(record.registrations)
    author, author_why = _author(study["first_author"] or "", record.first_author)
    year, year_why = _year(study["year"], record.year)
    score = 0.7 * title + author + year + 10 * bool(shared)
    why = [f"title {title:.0f} of 100", author_why, year_why]
    if shared:
        why.append(f"both name {', '.join(sorted(shared))}")
    if (markers_in(ours) != markers_in(theirs)) or numbers_in(ours) != numbers_in(theirs):
        score -= _PENALTY
        why.append("one title says to be another part or kind of report")
    if title < (TITLE_REGISTERED if shared else TITLE):
        return None
    return replace(paper, score=round(min(score, 100.0), 1), why="; ".join(why))


def _author(ours: str, theirs: str) -> tuple[float, str]:
    one, other = family_of(ours), family_of(theirs)
    if not one or not other:
        return 7.5, "author not stated"
    if fuzz.ratio(one, other) >= _NAME:
        return 15.0, "same first author"
    return 0.0, f"another first author ({theirs})"


def _year(ours: int | None, theirs: int | None) -> tuple[float, str]:
    if ours is None or theirs is None:
        return 7.5, "year not stated"
    apart = abs(ours - theirs)
    return ((15.0, "same year") if not apart else (10.0, "a year apart") if apart == 1 else
            (0.0, f"{apart} years apart"))


def proposed(indication: str, study: Mapping, records: Iterable[Record]) -> Proposal | None:
    """What a study may be identified by; None where no paper is likely enough, or adds anything.

    Parameters
    ----------
    indication : str
    study : mapping
        A row of studies.csv.
    records : iterable of Record
    """
    found = [p for paper in papers(records) if (p := scored(study, paper)) and p.score >= LEAST]
    found.sort(key=lambda p: -p.score)
    if not found:
        return None
    best = found[0]
    rivals = tuple(p for p in found[1:] if best.score - p.score <= CLOSE)
    record = best.record
    said = {"doi": record.doi, "pmid": record.pmid,
            "registration": "; ".join(record.registrations)}
    cells = {column: said[column] for column in COLUMNS if said[column] and not study[column]}
    return Proposal(indication, study["study_id"], cells, best, rivals) if cells else None


def taken(data: Dataset, proposals: Iterable[Proposal]) -> dict[tuple[str, str, str], str]:
    """What speaks against identifiers, by indication, column and value.

    One that a study has already, and one that is proposed for several.
    """
    proposals, several = list(proposals), defaultdict(list)
    for one in proposals:
        for column in ("doi", "pmid"):
            if value := one.cells.get(column):
                several[one.indication, column, value.lower()].append(one.study_id)
    out = {key: f"proposed for {' and '.join(studies)}" for key, studies in several.items()
           if len(studies) > 1}
    for indication in {p.indication for p in proposals}:
        for study in data.records("studies", indication):
            for column in ("doi", "pmid"):
                if study[column]:
                    out[indication, column, study[column].lower()] = (
                        f"that of {study['study_id']} already")
    return out


def lines(one: Proposal, known: Mapping[tuple[str, str, str], str]) -> list[str]:
    """A proposal in lines, with what speaks against it."""
    cells = ", ".join(f"{column} {value}" for column, value in one.cells.items())
    out = [f"{one.indication}, {one.study_id}: {cells}",
           f"  score {one.paper.score:g} ({one.paper.why}; {', '.join(one.paper.sources)})",
           f"  {one.paper.name}"]
    out += [f"  ambiguous: score {rival.score:g} ({rival.why}) has {rival.name}"
            for rival in one.rivals]
    out += [f"  {column} {value} is {why}" for column, value in one.cells.items()
            if (why := known.get((one.indication, column, value.lower())))]
    if ";" in one.cells.get("registration", ""):
        out.append("  it names several registrations: see which is its own")
    return out


def unclear(one: Proposal, known: Mapping[tuple[str, str, str], str]) -> bool:
    """Whether a proposal may only be taken after a look: ambiguous, or an identifier in use."""
    return bool(one.rivals) or ";" in one.cells.get("registration", "") or any(
        (one.indication, column, value.lower()) in known for column, value in one.cells.items())


def corrections(proposals: Iterable[Proposal], day: str, how: str
                ) -> dict[str, dict[str, list[dict]]]:
    """Proposals as tables for `import`, by indication: `corrections` and `sources`.

    Parameters
    ----------
    proposals : iterable of Proposal
    day : str
        On which sources were read.
    how : str
        Who accepts, for the reason.
    """
    out: dict = defaultdict(lambda: {"corrections": [], "sources": []})
    for one in proposals:
        record, source = one.paper.record, f"{one.study_id}-identified-{day}"
        places = ", ".join(one.paper.sources)
        out[one.indication]["sources"].append({
            "source_id": source, "kind": "abstract", "title": f"{record.title} (record at "
            f"{places})", "doi": record.doi, "pmid": record.pmid, "accessed": day})
        out[one.indication]["corrections"] += [{
            "file": "studies.csv", "key": one.study_id, "column": column, "old": "", "new": value,
            "source": source, "locator": f"record at {places}",
            "reason": f"identified by score {one.paper.score:g}: {one.paper.why}{how}"}
            for column, value in one.cells.items()]
    return dict(out)
