"""Reports: records that are the same as one another, as people screen them.

A report is shown once, however many sources found it, and what one of them lacks another may have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset

BY_IDENTIFIER = ("doi", "pmid")  # what says that a record is the very report that the data have
REGISTRATION = "registration"  # a kind of record, and a kind of match


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

    @property
    def known(self) -> bool:
        """Whether it is what the data have already: the very article, or the very registration.

        Nobody is asked about it. Another report of a known study is not known.
        """
        return bool(self.match) and (self.match_kind in BY_IDENTIFIER
                                     or self.kind == self.match_kind == REGISTRATION)

    @property
    def name(self) -> str:
        """Author and year, as far as they are stated; else the record."""
        return " ".join(str(p) for p in (self.first_author, self.year) if p) or self.record_id


def reports(data: Dataset, indication: str = "") -> tuple[Report, ...]:
    """All reports, or those that searches for an indication found, in the order of the table."""
    clusters: dict[str, list[Mapping]] = defaultdict(list)
    for row in data.records("records"):
        clusters[row["cluster"]].append(row)
    made = (_report(rows) for rows in clusters.values())
    return tuple(r for r in made if not indication or indication in r.indications)


def cluster_of(data: Dataset) -> dict[str, str]:
    """The report of each record."""
    return {row["record_id"]: row["cluster"] for row in data.records("records")}


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
        match_kind=matched["match_kind"] or "")


def _all(rows: Iterable[Mapping], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for row in rows for value in row[name] or ()))
