"""An Atom feed with an entry for each version, day of searches, and notice about a report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import groupby

from ..data import versions
from ..data.about import work
from ..render.engine import render
from ..review.changes import between
from ..view.addresses import Addresses
from ..view.alive import SearchRow, search_table
from ..view.base import View
from ..view.changes import Changes, changed
from ..view.directory import Directory
from ..view.trial.notices import Notice, notice
from .heads import address


@dataclass(frozen=True)
class Entry:
    """One version: its name, day and page, and what it changes; None for the first."""

    name: str
    date: str
    page: str
    changes: Changes | None


@dataclass(frozen=True)
class Noticed:
    """A notice about a report: its own address, the page of the report, and what it is.

    The entry is of the day on which the notice was first seen.
    """

    id: str
    date: str
    page: str
    study: str
    notice: Notice


@dataclass(frozen=True)
class Round:
    """The searches of a day, and where they stand."""

    id: str
    date: str
    page: str
    searches: tuple[SearchRow, ...]


class Feed(View, template="feed"):
    """The feed; `own` is its address."""

    own: str
    title: str
    author: str
    updated: str
    entries: tuple[Entry, ...]
    rounds: tuple[Round, ...] = ()
    notices: tuple[Noticed, ...] = ()


def feed(data, site: str) -> str:
    """The feed as text.

    Parameters
    ----------
    data : Dataset
    site : str
        Address of all versions. The feed is that of the newest state; an entry leads to the pages
        of its version, so that its address stays the same.

    References
    ----------
    RFC 4287, The Atom Syndication Format.
    """
    known, item = versions.published(), work(data)
    entries = tuple(Entry(
        name, versions.manifest(name)["date"], f"{address(site, name)}/releases/{name}.html",
        changed(data, between(data, previous, name)) if previous else None)
        for previous, name in zip(["", *known], known, strict=False))
    rounds, seen = _rounds(data, address(site)), _notices(data, address(site))
    newest = max((e.date for e in (*entries, *rounds, *seen)), default=data.date or "1970-01-01")
    return str(render(Feed(f"{address(site)}/feed.xml", item.title, item.author, newest,
                           entries[::-1], rounds, seen), form="xml")) + "\n"


def _rounds(data, site: str) -> tuple[Round, ...]:
    """The searches of each day, the newest first; failed ones too."""
    page = f"{site}/book/flow.html#"
    return tuple(Round(f"{page}searches-{day}", day, f"{page}searches", tuple(rows))
                 for day, rows in groupby(search_table(data).rows, lambda row: row.day))


def _notices(data, site: str) -> tuple[Noticed, ...]:
    """The notices of all indications, those that were seen last first."""
    names, addresses = Directory(data), Addresses(data)
    rows = sorted(data.records("notices"), key=lambda row: row["first_seen"], reverse=True)
    return tuple(Noticed(
        f"{site}/{addresses.trial(row['indication'], row['study_id'])}#notice-{_name(row)}",
        row["first_seen"], f"{site}/{addresses.trial(row['indication'], row['study_id'])}#notices",
        names.of(row["indication"], row["study_id"])[0], notice(data, row)) for row in rows)


def _name(row) -> str:
    """What tells a notice from others about the same report, as a part of an address."""
    key = f"{row['kind']}|{row['notice_doi'] or ''}|{row['notice_pmid'] or ''}"
    return hashlib.sha256(key.encode()).hexdigest()[:8]
