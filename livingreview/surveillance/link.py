"""Which records are the same report, and which are of a study that the data have.

Two tiers, because a wrong merge loses a trial: what is *certain* is merged silently, what is
*proposed* waits for a person. Records that share a registration alone are companions: other
reports of one study, never duplicates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from rapidfuzz import fuzz, process

from ..data.dataset import Dataset
from .likeness import Likeness, family_of, likeness_of, markers_in, numbers_in, plain
from .record import Record, doi_of

CERTAIN, PROPOSED = "certain", "proposed"
SAME = "same"  # of the list duplicate_decision
SIMILAR = 70  # titles of records that share an identifier
LIKE = 97  # titles of records that share none
LIKE_AT_PAGE = 90  # the same where the first page is the same
LIKE_NAME = 80  # family names
YEARS = 1  # years between a publication ahead of print and its issue
_SHARING = ("conference-abstract", "notice")  # kinds that may bear the DOI of something larger
_FEW = 6  # records of a block that are compared one by one
_MANY = 400  # records of a block that are compared at once
_EDGE = 20  # letters of a title's beginning and end
_INITIALS = 5  # words of a title whose initials tell it


@dataclass(frozen=True, order=True)
class Pair:
    """Two records that may be the same report.

    Attributes
    ----------
    first, other : str
        Source and number of each (`Record.source_id`), the smaller first.
    score : float
        Likeness of their titles, of 100 (normalised indel similarity).
    tier : {'certain', 'proposed'}
    rule : str
        What they share: doi, pmid, registry number, title at page, title.
    """

    first: str
    other: str
    score: float
    tier: str
    rule: str


@dataclass(frozen=True)
class Decided:
    """What is known of a pair: that it is the same report (by rule or person), or different.

    Attributes
    ----------
    first, other : str
        Source and number of each.
    decision : str
        Of the list duplicate_decision; companions stay apart as what is different.
    """

    first: str
    other: str
    decision: str = SAME


def pairs(records: Iterable[Record]) -> tuple[Pair, ...]:
    """Pairs of records that are, or may be, the same report.

    Records are compared that share an identifier, a page, the beginning, end or initials of the
    title, or author and year. The order of `records` does not matter. Records with the same source
    and number are one.

    Parameters
    ----------
    records : iterable of Record

    Returns
    -------
    tuple of Pair
        By source and number; each pair once.
    """
    likes = sorted({likeness_of(r) for r in records}, key=repr)
    found: dict[tuple[str, str], Pair] = {}
    for i, j, score in _candidates(likes):
        a, b = sorted((likes[i], likes[j]), key=lambda one: one.key)
        if a.key == b.key:
            continue
        judged = _judged(a, b, score)
        if judged is None:
            continue
        pair = Pair(a.key, b.key, round(score, 1), *judged)
        before = found.get((a.key, b.key))
        if before is None or _rank(pair) < _rank(before):
            found[a.key, b.key] = pair
    return tuple(sorted(_one_report_each(found.values(), likes)))


def _one_report_each(found: Iterable[Pair], likes: Iterable[Likeness]) -> Iterator[Pair]:
    """The pairs, those only proposed that would join, by way of others, two DOIs or two PMIDs."""
    group: dict[str, str] = {}
    named: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"doi": set(), "pmid": set()})
    for one in likes:
        group[one.key] = one.key
        for name, values in named[one.key].items():
            values.update({getattr(one, name)} - {""})
    members = {key: [key] for key in group}
    for pair in sorted(found, key=_rank):
        a, b = group[pair.first], group[pair.other]
        if pair.tier != CERTAIN or a == b:
            yield pair
        elif any(len(named[a][name] | named[b][name]) > max(len(named[a][name]),
                                                           len(named[b][name]), 1)
                 for name in named[a]):
            yield replace(pair, tier=PROPOSED)
        else:
            for key in members[b]:
                group[key] = a
            members[a] += members.pop(b)
            for name, values in named[a].items():
                values |= named[b][name]
            yield pair


def _rank(pair: Pair) -> tuple:
    """The more certain and the liker first."""
    return pair.tier != CERTAIN, -pair.score, pair


def _blocks(likes: Sequence[Likeness]) -> Iterator[tuple[float, list[int]]]:
    """Groups of records that are worth comparing, with the least score that matters in them."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for i, one in enumerate(likes):
        for key in _keys(one):
            found[key].append(i)
    seen = set()
    for key, block in found.items():
        least = 0 if key[0] in ("doi", "pmid", "number") else LIKE_AT_PAGE
        if len(block) > 1 and (least, *block) not in seen:
            seen.add((least, *block))
            yield least, block


def _keys(one: Likeness) -> Iterator[tuple]:
    """Blocks that a record belongs to."""
    for name in ("doi", "pmid", "number"):
        if value := getattr(one, name):
            yield name, value
    if not one.title:
        return
    told = one.numbers, one.markers  # titles that differ in these are of two reports
    if one.page and one.volume:
        yield "page", one.page, one.volume, told
    if not one.telling:
        return
    solid, words = one.solid, one.title.split()
    yield "beginning", solid[:_EDGE], told
    yield "end", solid[-_EDGE:], told
    if len(words) >= _INITIALS:
        yield "initials", "".join(w[0] for w in words), told
    if one.author and one.year:
        for year in range(one.year, one.year + YEARS + 1):
            yield "author", one.author[:4], year, told


def _candidates(likes: Sequence[Likeness]) -> Iterator[tuple[int, int, float]]:
    """Pairs of a block whose titles are like enough; a pair may come from several blocks."""
    titles = [one.title for one in likes]
    for least, block in _blocks(likes):
        if len(block) <= _FEW:
            for i, j in combinations(block, 2):
                if (score := fuzz.ratio(titles[i], titles[j])) >= least:
                    yield i, j, score
            continue
        block.sort(key=lambda i: (titles[i], i))
        for start in range(0, len(block), _MANY // 2):  # each two windows share half
            window = block[start:start + _MANY]
            texts = [titles[i] for i in window]
            scores = process.cdist(texts, texts, scorer=fuzz.ratio, score_cutoff=least,
                                   dtype=np.float32)
            for x, y in zip(*np.nonzero(np.triu(scores >= max(least, 1), 1)), strict=True):
                yield window[x], window[y], float(scores[x, y])
            if start + _MANY >= len(block):
                break


def _judged(a: Likeness, b: Likeness, score: float) -> tuple[str, str] | None:
    """Tier and rule of two records whose titles are so alike; None where they are two reports."""
    apart = a.numbers != b.numbers or a.markers != b.markers
    other = bool(_differ(a.doi, b.doi) or _differ(a.pmid, b.pmid))
    moved = _differ(a.page, b.page)
    late = bool(a.year and b.year and abs(a.year - b.year) > YEARS)
    at_page = bool(a.page and a.page == b.page)
    one_author = _same_author(a, b)
    if rule := _identifier(a, b):
        comparable = a.title and b.title and bool(a.wide) == bool(b.wide)
        if score < SIMILAR and rule == "doi" and comparable:
            return None  # many abstracts share the DOI of their supplement
        sure = score >= (LIKE_AT_PAGE if rule == "doi" and not at_page else SIMILAR) and not (
            apart or other or moved or late and not a.number) and one_author
        return (CERTAIN if sure else PROPOSED), rule
    if apart or late or a.number or b.number or not one_author:
        return None
    if other and not at_page and (moved or _differ(a.pmid, b.pmid)):
        return None
    telling = a.telling and b.telling
    if score < (LIKE_AT_PAGE if at_page else LIKE) or not (at_page or telling):
        return None
    alike = a.title == b.title if a.wide or b.wide else score >= LIKE
    sure = (alike and at_page and telling and not other and a.year == b.year is not None
            and a.volume == b.volume != "")
    return (CERTAIN if sure else PROPOSED), "title at page" if at_page else "title"


def _identifier(a: Likeness, b: Likeness) -> str:
    """The identifier that two records share; empty where none."""
    shared = (("doi", "doi"), ("pmid", "pmid"), ("number", "registry number"))
    return next((rule for name, rule in shared
                 if getattr(a, name) and getattr(a, name) == getattr(b, name)), "")


def _differ(one: str, other: str) -> bool:
    """Whether both are there and differ."""
    return bool(one and other and one != other)


def _same_author(a: Likeness, b: Likeness) -> bool:
    """Whether the first authors can be one; also where one is not named."""
    if not a.author or not b.author:
        return True
    return (fuzz.ratio(a.author, b.author) >= LIKE_NAME
            or bool(set(a.author.split()) & set(b.author.split())))


def companions(records: Iterable[Record]) -> dict[str, tuple[str, ...]]:
    """Registrations that several records name, with source and number of each of these."""
    found = defaultdict(set)
    for record in records:
        for registration in record.registrations:
            found[registration].add(record.source_id)
    return {r: tuple(sorted(found[r])) for r in sorted(found) if len(found[r]) > 1}


def settled(found: Iterable[Pair], said: Iterable[Decided] = ()) -> tuple[Decided, ...]:
    """What `cluster` takes: what persons said, and the certain pairs of which they said nothing."""
    said = tuple(said)
    known = {frozenset((d.first, d.other)) for d in said}
    return said + tuple(Decided(p.first, p.other) for p in sorted(found, key=_rank)
                        if p.tier == CERTAIN and frozenset((p.first, p.other)) not in known)


def cluster(records: Iterable[Record], decided: Iterable[Decided]) -> dict[str, str]:
    """The report that each record is: connected components of the pairs that are the same.

    Pairs are joined in the order given, and two groups that hold a pair of which it was said that
    it is different are never joined, whatever lies between them.

    Parameters
    ----------
    records : iterable of Record
        The first of a group names it.
    decided : iterable of Decided
        As `settled` gives them; pairs of records that are not there are passed over.

    Returns
    -------
    dict of str to str
        Source and number of each record, to those of the first record of its group.
    """
    place = {key: i for i, key in enumerate(dict.fromkeys(r.source_id for r in records))}
    head = {key: key for key in place}
    members = {key: {key} for key in place}
    known = [d for d in decided if d.first in place and d.other in place and d.first != d.other]
    apart = defaultdict(set)
    for one in known:
        if one.decision != SAME:
            apart[one.first].add(one.other)
            apart[one.other].add(one.first)
    for one in known:
        a, b = sorted((head[one.first], head[one.other]), key=place.get)
        if one.decision != SAME or a == b or any(
                apart[key] & members[a] for key in members[b] if key in apart):
            continue
        for key in members[b]:
            head[key] = a
        members[a] |= members.pop(b)
    return head


@dataclass(frozen=True)
class _Study:
    name: str
    title: str
    numbers: tuple[str, ...]
    markers: frozenset[str]
    author: str
    year: int


@dataclass(frozen=True)
class Known:
    """Studies of the data by what a record can name: identifiers, registrations, titles."""

    by_doi: Mapping[str, tuple[str, ...]]
    by_pmid: Mapping[str, tuple[str, ...]]
    by_registration: Mapping[str, tuple[str, ...]]
    by_year: Mapping[int, tuple[_Study, ...]]
    main: Mapping[str, str]  # of a companion: the study that it is of
    titles: Mapping[str, str]  # plain, of each study that has one

    @classmethod
    def of(cls, data: Dataset) -> Known:
        """Every study of every indication, as indication:study_id."""
        doi, pmid, registration, year = (defaultdict(list) for _ in range(4))
        main, titles = {}, {}
        for indication in data.indications:
            for row in data.records("studies", indication):
                name = f"{indication}:{row['study_id']}"
                if found := doi_of(row["doi"]):
                    doi[found].append(name)
                if row["pmid"]:
                    pmid[str(row["pmid"])].append(name)
                for number in row["registration"] or ():
                    registration[number.upper()].append(name)
                if row["companion_of"]:
                    main[name] = f"{indication}:{row['companion_of']}"
                title = titles[name] = plain(row["title"] or "")
                if title and row["year"]:
                    year[int(row["year"])].append(_Study(
                        name, title, numbers_in(title), markers_in(row["title"]),
                        family_of(row["first_author"] or ""), int(row["year"])))
        return cls(*({k: tuple(v) for k, v in found.items()}
                     for found in (doi, pmid, registration, year)), main,
                   titles)


def match(record: Record, data: Dataset | Known) -> tuple[tuple[str, ...], str]:
    """The studies that a record reports, and what it was matched by.

    Parameters
    ----------
    record : Record
    data : Dataset or Known
        For many records: `Known.of(data)`, made once.

    Returns
    -------
    studies : tuple of str
        As indication:study_id. By registration: the main study, of which the record is a new
        report, not its companions.
    kind : {'doi', 'pmid', 'registration', 'title', ''}
        The first of these that finds a study.
    """
    known = data if isinstance(data, Known) else Known.of(data)
    if found := tuple(study for study in known.by_doi.get(doi_of(record.doi), ())
                      if _its_own_doi(record, known.titles[study])):
        return found, "doi"
    if found := known.by_pmid.get(record.pmid):
        return found, "pmid"
    numbers = [r.upper() for r in record.registrations]
    found = dict.fromkeys(s for r in numbers for s in known.by_registration.get(r, ()))
    if found:
        return tuple(s for s in found if known.main.get(s) not in found), "registration"
    titled = _titled(likeness_of(record), known)
    return titled, "title" if titled else ""


def _its_own_doi(record: Record, title: str) -> bool:
    """Whether a DOI is that of the record itself, not of the supplement that it is one page of."""
    said = likeness_of(record).title if record.kind in _SHARING else ""
    return not (said and title) or fuzz.ratio(said, title) >= SIMILAR


def _titled(one: Likeness, known: Known) -> tuple[str, ...]:
    """Studies with the title of a record, in a year beside its own, by the same author."""
    if one.year is None or not one.telling:
        return ()
    return tuple(
        study.name for year in range(one.year - YEARS, one.year + YEARS + 1)
        for study in known.by_year.get(year, ())
        if fuzz.ratio(one.title, study.title, score_cutoff=LIKE)
        and (study.numbers, study.markers) == (one.numbers, one.markers)
        and _same_author(one, study))
