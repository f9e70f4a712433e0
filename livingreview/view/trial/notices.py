"""Notices about a report, and when and where it was looked up for them."""

from __future__ import annotations

from collections.abc import Mapping

from ...data.dataset import Dataset
from ...data.notices import OPEN
from ..base import Label, Struct, label, labels
from ..sources import Link, doi, pubmed


class Notice(Struct):
    """A notice about a report."""

    key: str  # of the list notice_kind
    kind: Label
    date: str  # day of the notice; empty where no source says it
    sources: tuple[Label, ...]
    links: tuple[Link, ...]  # where it can be read: by its DOI and at PubMed
    first_seen: str
    open: bool
    handled: str  # what was done about it; empty where nothing is said


class LookUp(Struct):
    """When a report was last looked up at a source."""

    source: Label
    checked_on: str
    result: str  # of the list watch_result
    reason: str  # why it cannot be looked up there, or why that failed
    named: bool  # whether the source names, or once named, a notice


class Notices(Struct):
    """What is known of notices about a report; nothing where nobody has looked yet."""

    found: tuple[Notice, ...]
    looked: tuple[LookUp, ...]


def notice(data: Dataset, row: Mapping) -> Notice:
    """A notice as readers see it.

    Parameters
    ----------
    data : Dataset
    row : mapping
        Of the table notices.
    """
    links = [Link(f"DOI {row['notice_doi']}", doi(row["notice_doi"]))] if row["notice_doi"] else []
    if row["notice_pmid"]:
        links.append(Link(f"PMID {row['notice_pmid']}", pubmed(row["notice_pmid"])))
    return Notice(
        row["kind"], label(data, "notice_kind", row["kind"]), row["notice_date"] or "",
        labels(data, "watch_source", row["sources"]), tuple(links), row["first_seen"],
        row["state"] == OPEN, row["handled_how"] or "")


def notices(data: Dataset, found: tuple[Mapping, ...], looked: tuple[Mapping, ...]) -> Notices:
    """The notices about a report, the open ones first, and its look-ups.

    Parameters
    ----------
    data : Dataset
    found, looked : tuple of mapping
        Rows of the tables notices and watches.
    """
    return Notices(
        tuple(sorted((notice(data, row) for row in found), key=lambda n: not n.open)),
        tuple(LookUp(label(data, "watch_source", row["source"]), row["checked_on"],
                     row["result"], row["reason"] or "",
                     any(row["source"] in n["sources"] for n in found)) for row in looked))
