"""What reporting guidelines ask of searches and of living reviews, as the tables have it."""

from __future__ import annotations

from collections import defaultdict

from ..data import about, strategies, tables, versions
from ..data.dataset import Dataset
from ..review.searches import counted, day_of, life, searches
from .base import Label, Struct, View, grouped, label


class Searched(Struct):
    """A source that was searched, with what came back of it."""

    source: Label
    kind: str
    platforms: tuple[str, ...]  # where it was searched
    last: str  # day of the last search that came back
    searches: int
    hits: int | None
    new: int | None  # records that no earlier search had found


class Planned(Struct):
    """A source as it is scheduled: days between two searches, the shortest and the longest."""

    source: Label
    days: tuple[int, int]


class Shared(Struct):
    """A platform on which several sources were searched."""

    platform: str
    sources: tuple[Label, ...]


class PrismaS(View, template="prisma_s"):
    """What PRISMA-S asks of a report of searches, item by item.

    References
    ----------
    Rethlefsen and others, PRISMA-S, Systematic Reviews 2021;10:39.
    """

    sources: tuple[Searched, ...]  # those that were searched
    shared: tuple[Shared, ...]
    # strategies, drafts, run: strategies; those that nobody has reviewed; those of which the text
    # as it is was run
    strategies: int
    drafts: int
    run: int
    windows: int  # searches that were limited to days of entry
    # what the review says of its searches, by the key of about.csv; empty text where it is silent
    stated: tuple[tuple[str, str], ...]
    planned: tuple[Planned, ...]
    # records, duplicates: records of all searches, and those of them that are the same report as
    # another
    records: int
    duplicates: int
    # settled, open: pairs of records that look alike: a person has decided, or has still to decide
    settled: int
    open: int
    tools: tuple[str, ...]  # versions of the program that ran the searches


def prisma_s(data: Dataset) -> PrismaS:
    """What PRISMA-S asks of a report of searches, item by item."""
    made, texts, facts = searches(data), strategies.strategies(data), about.about(data)
    total, pairs = counted(data), data.records("duplicates")
    ran = {s["strategy_sha256"] for s in made}
    shared = defaultdict(dict)
    for one in made:
        shared[one["platform"]][one["source"]] = label(data, "search_source", one["source"])
    return PrismaS(
        _searched(data, made),
        tuple(Shared(p, tuple(known.values())) for p, known in shared.items() if len(known) > 1),
        len(texts), sum(t.draft for t in texts), sum(t.sha256 in ran for t in texts),
        sum(bool(s["window_from"]) for s in made),
        tuple((key, facts.get(key, "")) for key in tables.SEARCH_STATED), _planned(data),
        total.records if total else 0, total.duplicates if total else 0,
        sum(bool(p["decision"]) for p in pairs), sum(not p["decision"] for p in pairs),
        tuple(dict.fromkeys(s["tool_version"] for s in made if s["tool_version"])))


def _searched(data: Dataset, made) -> tuple[Searched, ...]:
    """Sources that were searched, in the order of the vocabulary."""
    by_source = grouped(made, lambda search: search["source"])
    return tuple(Searched(
        label(data, "search_source", name), data.kind("search_source", name),
        tuple(dict.fromkeys(s["platform"] for s in rows)),
        max(str(s["date_run"]) for s in rows), len(rows), *(
            sum(n) if (n := [s[key] for s in rows if s[key] is not None]) else None
            for key in ("hits", "new")))
        for name in data.words("search_source") if (rows := by_source.get(name)))


def _planned(data: Dataset) -> tuple[Planned, ...]:
    """Sources that are scheduled, in the order of the vocabulary."""
    planned = grouped(data.records("living"), lambda row: row["source"])
    return tuple(Planned(label(data, "search_source", name), (min(days), max(days)))
                 for name in data.words("search_source")
                 if (days := [row["schedule_days"] for row in planned.get(name, ())]))


class PrismaLsr(View, template="prisma_lsr"):
    """What PRISMA-LSR asks of a living review beside PRISMA 2020.

    References
    ----------
    Akl and others, PRISMA-LSR, BMJ 2024;387:e079183.
    """

    state: str  # whether it may call itself living; see :class:`~livingreview.review.searches.Life`
    title: str
    author: str
    # version, preceding: the published version that these pages are, and the one before; each may
    # be empty
    version: str
    preceding: str
    first: bool  # whether they are the first version
    day: str  # the day that the pages speak of
    searches: int
    last: str  # day of the last search that came back
    decided: int  # records that somebody has decided on
    planned: tuple[Planned, ...]
    # what the review says of itself, by the key of about.csv; empty text where it is silent
    stated: tuple[tuple[str, str], ...]
    running: int  # studies that are running or planned, whose results may change an answer


def prisma_lsr(data: Dataset) -> PrismaLsr:
    """What PRISMA-LSR asks of a living review beside PRISMA 2020."""
    facts, here, found, now = about.about(data), versions.here(), life(data), day_of(data)
    return PrismaLsr(
        found.state, facts.get("title", ""), facts.get("authors", ""), here,
        versions.preceding(here), bool(here), now.isoformat() if now else "",
        len(searches(data)), found.last.isoformat() if found.last else "",
        len({row["record_id"] for row in data.records("screening")}), _planned(data),
        tuple((key, facts.get(key, "")) for key in tables.LIVING_MODE),
        sum(s["progress"] in ("running", "not-started") for i in data.indications
            for s in data.records("studies", i)))
