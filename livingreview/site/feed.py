"""An Atom feed with an entry for each published version, and for each day of searches."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from ..data import versions
from ..data.about import work
from ..render.engine import render
from ..review.changes import between
from ..view.alive import SearchRow, search_table
from ..view.base import View
from ..view.changes import Changes, changed
from .heads import address


@dataclass(frozen=True)
class Entry:
    """One version: its name, day and page, and what it changes; None for the first."""

    name: str
    date: str
    page: str
    changes: Changes | None


@dataclass(frozen=True)
class Round:
    """The searches of a day, and where they stand."""

    id: str
    date: str
    page: str
    searches: tuple[SearchRow, ...]


@dataclass(frozen=True)
class Feed(View):
    """The feed; `own` is its address."""

    template = "feed"

    own: str
    title: str
    author: str
    updated: str
    entries: tuple[Entry, ...]
    rounds: tuple[Round, ...]


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
    rounds = _rounds(data, address(site))
    newest = max((e.date for e in (*entries, *rounds)), default=data.date or "1970-01-01")
    return str(render(Feed(f"{address(site)}/feed.xml", item.title, item.author, newest,
                           entries[::-1], rounds), form="xml")) + "\n"


def _rounds(data, site: str) -> tuple[Round, ...]:
    """The searches of each day, the newest first; failed ones too."""
    page = f"{site}/book/flow.html#"
    return tuple(Round(f"{page}searches-{day}", day, f"{page}searches", tuple(rows))
                 for day, rows in groupby(search_table(data).rows, lambda row: row.day))
