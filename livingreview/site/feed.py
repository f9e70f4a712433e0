"""An Atom feed with an entry for each published version, and for each notice about a report."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..data import versions
from ..data.about import work
from ..render.engine import render
from ..review.changes import between
from ..view.addresses import Addresses
from ..view.base import View
from ..view.changes import Changes, changed
from ..view.studies import Names
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
class Feed(View):
    """The feed; `own` is its address."""

    template = "feed"

    own: str
    title: str
    author: str
    updated: str
    entries: tuple[Entry, ...]
    notices: tuple[Noticed, ...]


def feed(data, site: str) -> str:
    """The feed as text.

    Parameters
    ----------
    data : Dataset
    site : str
        Address of all versions. The feed is that of the newest state; an entry leads to the pages
        of its version, so that its address stays the same.

    Returns
    -------
    str

    References
    ----------
    RFC 4287, The Atom Syndication Format.
    """
    known, item = versions.published(), work(data)
    entries = tuple(Entry(
        name, versions.manifest(name)["date"], f"{address(site, name)}/releases/{name}.html",
        changed(data, between(data, previous, name)) if previous else None)
        for previous, name in zip(["", *known], known, strict=False))
    seen = _notices(data, address(site))
    newest = max((e.date for e in (*entries, *seen)), default=data.date or "1970-01-01")
    return str(render(Feed(f"{address(site)}/feed.xml", item.title, item.author, newest,
                           entries[::-1], seen), form="xml")) + "\n"


def _notices(data, site: str) -> tuple[Noticed, ...]:
    """The notices of all indications, those that were seen last first."""
    names, addresses = Names(data), Addresses(data)
    rows = sorted((row for i in data.indications for row in data.having("notices", "indication", i)),
                  key=lambda row: row["first_seen"], reverse=True)
    return tuple(Noticed(
        f"{site}/{addresses.trial(row['indication'], row['study_id'])}#notice-{_name(row)}",
        row["first_seen"], f"{site}/{addresses.trial(row['indication'], row['study_id'])}#notices",
        names.of(row["indication"], row["study_id"])[0], notice(data, row)) for row in rows)


def _name(row) -> str:
    """What tells a notice from others about the same report, as a part of an address."""
    key = f"{row['kind']}|{row['notice_doi'] or ''}|{row['notice_pmid'] or ''}"
    return hashlib.sha256(key.encode()).hexdigest()[:8]
