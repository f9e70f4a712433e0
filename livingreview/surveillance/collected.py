"""What searches found becomes rows: records, each with its report, its studies and its likes."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..data.dataset import Dataset
from . import link
from .keeping import rows_of
from .record import Record

_LONGEST = 60  # characters of an identifier, without its digest
_DIGEST = 8
# Columns of records.csv that a source says, and may say better later.
_SAID = ("doi", "pmid", "registrations", "title", "first_author", "year", "journal", "volume",
         "pages", "kind")


@dataclass(frozen=True)
class Collected:
    """One search, as a row of searches.csv without ``new``, and what it found."""

    search: Mapping[str, object]
    records: Sequence[Record] = ()


def record_id(source_id: str, taken: Container[str] = ()) -> str:
    """The identifier of a record: the same for the same source and number.

    Parameters
    ----------
    source_id : str
        As `Record.source_id`.
    taken : container of str, optional
        Identifiers of other records: two that differ in signs alone are told apart by a digest.
    """
    plain = unicodedata.normalize("NFKD", source_id).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    digest = hashlib.sha256(source_id.encode()).hexdigest()[:_DIGEST]
    if not plain.partition(":")[2] or len(slug) > _LONGEST or slug in taken:
        return f"{slug[:_LONGEST].rstrip('-')}-{digest}"
    return slug


def record_of(row: Mapping[str, object]) -> Record:
    """A row of records.csv as the record that it was made of, without abstract."""
    source, _, number = row["source_ids"][0].partition(":")
    return Record(source, number, row["kind"], title=row["title"] or "",
                  first_author=row["first_author"] or "", year=row["year"],
                  journal=row["journal"] or "", volume=row["volume"] or "",
                  pages=row["pages"] or "", doi=row["doi"] or "", pmid=row["pmid"] or "",
                  registrations=tuple(row["registrations"] or ()))


def tables(data: Dataset, found: Iterable[Collected]) -> dict[str, list[dict]]:
    """The tables of searches and records with what searches found.

    A search that is there is replaced; a record that is there is renewed, and keeps its identifier
    and the search that found it first. Reports and studies of all records are found again, since
    both may have changed; what persons decided of duplicates stands.

    Parameters
    ----------
    data : Dataset
    found : iterable of Collected
        In the order in which they were run.

    Returns
    -------
    dict of str to list of dict
        ``searches``, ``records`` and ``duplicates``, for `keeping.keep`.
    """
    searches = {row["search_id"]: row for row in rows_of(data, "searches")}
    records = {row["record_id"]: row for row in rows_of(data, "records")}
    known = {source_id: row for row in records.values() for source_id in row["source_ids"]}
    for one in found:
        new = _add(one, records, known)
        failed = one.search["state"] == "failed"
        searches[one.search["search_id"]] = {**one.search, "new": None if failed else new}
    rows = list(records.values())
    duplicates = _link(data, rows, known)
    return {"searches": list(searches.values()), "records": rows, "duplicates": duplicates}


def _add(one: Collected, records: dict[str, dict], known: dict[str, dict]) -> int:
    """Put the records of a search among those that are there; how many were not."""
    new, indication = 0, one.search["indication"]
    for record in one.records:
        row = known.get(record.source_id)
        if row is None:
            new += 1
            name = record_id(record.source_id, records)
            row = {"record_id": name, "source_ids": (record.source_id,), "indications": (),
                   "first_seen": one.search["search_id"], "cluster": name}
            records[name] = known[record.source_id] = row
        row.update({column: said for column in _SAID
                    if (said := _cell(getattr(record, column))) or column not in row})
        if indication not in row["indications"]:
            row["indications"] = (*row["indications"], indication)
    return new


def _cell(value: object) -> object:
    """A value as `Dataset.records` gives it: in one line, without control characters."""
    if isinstance(value, str):
        if value.isprintable():
            return " ".join(value.split()) or None
        return " ".join("".join(c if c.isprintable() else " " for c in value).split()) or None
    return value or None


def _link(data: Dataset, rows: list[dict], known: Mapping[str, dict]) -> list[dict]:
    """Say of each record which report it is and which studies it reports; the pairs to decide."""
    listed = [record_of(row) for row in rows]
    names = {source_id: row["record_id"] for source_id, row in known.items()}
    sources = {row["record_id"]: row["source_ids"][0] for row in rows}
    decided = [row for row in rows_of(data, "duplicates") if row["decision"]]
    said = [link.Decided(sources[row["record_id"]], sources[row["other_record_id"]],
                         row["decision"]) for row in decided]
    pairs = link.pairs(listed)
    heads = link.cluster(listed, link.settled(pairs, said))
    studies = link.Known.of(data)
    for row, record in zip(rows, listed, strict=True):
        row["cluster"] = names[heads[record.source_id]]
        matched, kind = link.match(record, studies)
        row["match"], row["match_kind"] = matched or None, kind or None
    spoken = {frozenset((row["record_id"], row["other_record_id"])) for row in decided}
    proposed = [{"record_id": names[p.first], "other_record_id": names[p.other],
                 "score": p.score, "rule": p.rule}
                for p in pairs if p.tier == link.PROPOSED
                and heads[p.first] != heads[p.other]
                and frozenset((names[p.first], names[p.other])) not in spoken]
    return sorted([*decided, *proposed],
                  key=lambda row: (row["record_id"], row["other_record_id"]))
