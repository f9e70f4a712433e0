"""Pairs of records that may be the same report: a person says what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset
from . import link
from .keeping import rows_of
from .record import Record
from .screening import Screening, ScreeningError, name_of

SAME = "same"  # of the list duplicate_decision


@dataclass(frozen=True)
class Proposal:
    """Two records that may be the same report.

    Attributes
    ----------
    row : mapping
        Of duplicates.csv.
    record, other : mapping
        Rows of records.csv.
    """

    row: Mapping
    record: Mapping
    other: Mapping


def proposals(data: Dataset, indication: str = "") -> tuple[Proposal, ...]:
    """Pairs that wait for a person, the likest first, one of each two reports.

    Two reports that a person has said something of wait no more, whichever of their records it
    was said of.
    """
    row = {r["record_id"]: r for r in data.records("records")}

    def both(pair: Mapping) -> frozenset[str]:
        return frozenset(row[pair[c]]["cluster"] for c in ("record_id", "other_record_id"))

    pairs = sorted(data.records("duplicates"), key=lambda p: -p["score"])
    done, found = {both(p) for p in pairs if p["decision"]}, []
    for pair in pairs:
        record, other = row[pair["record_id"]], row[pair["other_record_id"]]
        if both(pair) in done or len(both(pair)) == 1:
            continue
        if indication in ("", *record["indications"], *other["indications"]):
            done.add(both(pair))
            found.append(Proposal(pair, record, other))
    return tuple(found)


def judge(screening: Screening, pair: tuple[str, str], decision: str, reviewer: str) -> None:
    """Keep what a person says of a pair; records that are the same become one report.

    Parameters
    ----------
    screening : Screening
    pair : (str, str)
        The records, as duplicates.csv names them.
    decision : str
        Of the list duplicate_decision.
    reviewer : str

    Raises
    ------
    ScreeningError
        With everything that is wrong; nothing is written then.
    """
    reviewer = name_of(reviewer)
    with screening.changing() as (data, write):
        rows, records = rows_of(data, "duplicates"), rows_of(data, "records")
        allowed = data.words("duplicate_decision")
        if decision not in allowed:
            raise ScreeningError(f"decision {decision!r}: expected one of {', '.join(allowed)}")
        row = _row(rows, pair)
        if row["decision"]:
            raise ScreeningError(f"{' and '.join(pair)}: {row['reviewer']} has said meanwhile that "
                                 f"they are {row['decision']}: look again")
        row |= {"decision": decision, "reviewer": reviewer,
                "date": screening.today().isoformat()}
        _renew(records, rows, pair)
        write({"duplicates": rows, "records": records})


def unjudge(screening: Screening, pair: tuple[str, str], reviewer: str) -> None:
    """Take back what a person said of a pair; records that were one report because of it are two.

    Raises
    ------
    ScreeningError
        When it was not this person who said it.
    """
    with screening.changing() as (data, write):
        rows, records = rows_of(data, "duplicates"), rows_of(data, "records")
        row = _row(rows, pair)
        if row["reviewer"] != reviewer:
            raise ScreeningError(f"{' and '.join(pair)}: {reviewer} has said nothing of them")
        row |= {"decision": None, "reviewer": None, "date": None}
        _renew(records, rows, pair)
        write({"duplicates": rows, "records": records})


def _row(rows: list[dict], pair: tuple[str, str]) -> dict:
    for row in rows:
        if (row["record_id"], row["other_record_id"]) == pair:
            return row
    raise ScreeningError(f"{' and '.join(pair)}: expected a pair of duplicates.csv")


def _renew(records: list[dict], said: list[dict], pair: tuple[str, str]) -> None:
    """Have the records around a pair be in the reports that the rule and people put them in."""
    clusters = {row["cluster"] for row in records if row["record_id"] in pair}
    around = {row["record_id"]: row for row in records if row["cluster"] in clusters}
    key = {name: row["source_ids"][0] for name, row in around.items()}
    decided = [link.Decided(key[row["record_id"]], key[row["other_record_id"]], row["decision"])
               for row in said if row["decision"]
               and {row["record_id"], row["other_record_id"]} <= around.keys()]
    compared = [_compared(row) for row in around.values()]
    head = link.cluster(compared, link.settled(link.pairs(compared), decided))
    name = {source_id: record_id for record_id, source_id in key.items()}
    for record_id, row in around.items():
        row["cluster"] = name[head[key[record_id]]]
    one, other = (around[record_id]["cluster"] for record_id in pair)
    if one != other and link.Decided(*(key[record_id] for record_id in pair), SAME) in decided:
        raise ScreeningError(f"{' and '.join(pair)} cannot be the same: of records that are the "
                             "same as these it was said that they are not")


def _compared(row: Mapping) -> Record:
    """A row of records.csv as the rule compares it."""
    source, _, number = row["source_ids"][0].partition(":")
    return Record(source, number, row["kind"], row["title"] or "", row["first_author"] or "",
                  row["year"], row["journal"] or "", row["volume"] or "", row["pages"] or "",
                  row["doi"] or "", row["pmid"] or "", tuple(row["registrations"] or ()))
