"""Reports: records that are the same as one another, as people screen them.

A report is shown once, however many sources found it, and what one of them lacks another may have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..data.dataset import Dataset
from ..data.tables import BY_NAME
from ..review import living


@dataclass(frozen=True)
class Report:
    """One report, from all records that are it.

    Attributes
    ----------
    record_id : str
        Of the first of its records, which names the cluster.
    members : tuple of str
        The records, in the order of the table.
    title, first_author, journal, volume, pages, kind, doi, pmid : str
        Of the first record that states it; empty where none does.
    year : int or None
    registrations, source_ids, indications : tuple of str
        Of all records.
    first_seen : str
        Search that found the first record.
    match : tuple of str
        Studies of the data that it is a report of, as indication:study_id.
    match_kind : str
        What it was matched by; empty where it was not.
    known : bool
        Whether it is what the data have already. Nobody is asked about it; another report of a
        known study is not known.
    """

    record_id: str
    members: tuple[str, ...]
    title: str
    first_author: str
    year: int | None
    journal: str
    volume: str
    pages: str
    kind: str
    doi: str
    pmid: str
    registrations: tuple[str, ...]
    source_ids: tuple[str, ...]
    indications: tuple[str, ...]
    first_seen: str
    match: tuple[str, ...]
    match_kind: str
    known: bool

    @property
    def name(self) -> str:
        """Author and year, as far as they are stated; without an author, a number of its own."""
        number = "" if self.first_author else (*self.registrations, self.record_id)[0]
        return " ".join(str(p) for p in (self.first_author or number, self.year) if p)


@dataclass(frozen=True)
class _All:
    """Every report of a table, and the report of each of its records."""

    reports: tuple[Report, ...]
    cluster: Mapping[str, str]


_KEPT = 2  # tables whose reports are kept: a page asks for them many times
_made: dict[str, _All] = {}  # by the digest of the table, the newest last


def _all_of(data: Dataset) -> _All:
    digest = data.digests.get(BY_NAME["records"].path(), "")
    if not digest:
        return _All((), {})
    found = _made.get(digest)
    if found is None:
        clusters: dict[str, list[Mapping]] = defaultdict(list)
        for row in data.records("records"):
            clusters[row["cluster"]].append(row)
        made = tuple(map(_report, clusters.values()))
        found = _made[digest] = _All(made, MappingProxyType(
            {member: report.record_id for report in made for member in report.members}))
        for old in list(_made)[:-_KEPT]:
            _made.pop(old, None)
    return found


def reports(data: Dataset, indication: str = "") -> tuple[Report, ...]:
    """All reports, or those that searches for an indication found, in the order of the table."""
    every = _all_of(data).reports
    return tuple(r for r in every if indication in r.indications) if indication else every


def cluster_of(data: Dataset) -> Mapping[str, str]:
    """The report of each record."""
    return _all_of(data).cluster


def _report(rows: list[Mapping]) -> Report:
    rows = sorted(rows, key=lambda row: row["record_id"] != row["cluster"])  # the head first
    head = rows[0]
    matched = next((row for row in rows if row["match"]), head)
    stated = {name: next((row[name] for row in rows if row[name]), None) for name in (
        "title", "first_author", "year", "journal", "volume", "pages", "doi", "pmid")}
    return Report(
        record_id=head["cluster"], members=tuple(row["record_id"] for row in rows),
        **{name: value if name == "year" else value or "" for name, value in stated.items()},
        kind=head["kind"], first_seen=head["first_seen"],
        registrations=_all(rows, "registrations"), source_ids=_all(rows, "source_ids"),
        indications=_all(rows, "indications"), match=matched["match"] or (),
        match_kind=matched["match_kind"] or "", known=any(map(living.known, rows)))


def _all(rows: Iterable[Mapping], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for row in rows for value in row[name] or ()))
