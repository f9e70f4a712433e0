"""Whether the review is alive: searches by source, what waits for people, notices, strategies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ..data import strategies as files
from ..data.dataset import Dataset
from ..review import living
from ..review.searches import UNPLANNED, day_of, life, searches
from .base import Label, Struct, View, label, labels, stated
from .directory import Directory

# Reports that people still work on, in the order of their way; those that nobody has seen yet are
# only counted.
OPEN = (living.UNSURE, living.FULL_TEXT, living.AWAITING)


class Alive(View, template="alive"):
    """Whether the review, or a chapter of it, may call itself living."""

    # ``never``, ``unplanned``, ``late`` or ``alive``, as
    # :class:`~livingreview.review.searches.Life` has it
    state: str
    day: str  # the day that the pages speak of
    # last, due: of the last search that came back, and of the next that is due; each may be empty
    last: str
    due: str
    until: str  # the last day on which no source is overdue; empty where it is not alive
    late: int  # how many sources are overdue or were never searched


def alive(data: Dataset, indication: str = "") -> Alive:
    """Whether the review, or a chapter of it, may call itself living.

    Parameters
    ----------
    data : Dataset
    indication : str, optional
        Of the chapter.
    """
    found = life(data, indication)
    return Alive(found.state, _day(day_of(data)), _day(found.last), _day(found.due),
                 _day(found.until), len(found.late))


def _day(day) -> str:
    return day.isoformat() if day else ""


class SourceRow(Struct):
    """A source as it stands for an indication."""

    indication: Label
    source: Label
    # ``never``, ``current``, ``due``, ``overdue``, ``failed``, or ``unplanned``: it was searched,
    # and no schedule says when again
    state: str
    # last, due, failed: days; empty where there is none
    last: str
    due: str
    every: int | None  # days of the schedule
    by: Label | None
    failed: str
    reason: str  # why the last try failed


class Sources(View, template="alive_sources"):
    """Each source of each indication: when it was searched last, and when it is due."""

    day: str  # the day that the states are of
    rows: tuple[SourceRow, ...]


def sources(data: Dataset) -> Sources:
    """Each source of each indication: those that are scheduled, searched, or have a strategy."""
    day = day_of(data)
    planned = {(s.indication, s.source): s for s in living.states(data, day or date.min)}
    last: dict[tuple[str, str], str] = {}
    for made in searches(data):
        pair = made["indication"], made["source"]
        last[pair] = max(last.get(pair, ""), str(made["date_run"]))
    known = {*planned, *last, *((s.indication, s.source) for s in files.strategies(data))}
    rows = (_planned(data, planned[pair]) if pair in planned else SourceRow(
        label(data, "indication", pair[0]), label(data, "search_source", pair[1]),
        UNPLANNED if pair in last else living.NEVER, last.get(pair, ""), "", None, None, "", "")
        for i in data.indications for source in data.words("search_source")
        if (pair := (i, source)) in known)
    return Sources(_day(day), tuple(rows))


def _planned(data: Dataset, state: living.SourceState) -> SourceRow:
    return SourceRow(
        label(data, "indication", state.indication), label(data, "search_source", state.source),
        state.state, _day(state.last_good), _day(state.next_due), state.schedule_days,
        label(data, "run_by", state.run_by), _day(state.last_failed), state.reason)


class QueueRow(Struct):
    """What waits in an indication, and how its studies are watched."""

    indication: Label
    # to_screen, awaiting, included, excluded: reports: without a decision on title and abstract,
    # wanted in full text or without agreement, taken in, and left out by their full text
    to_screen: int
    awaiting: int
    included: int
    excluded: int
    # notices, unwatched, unknown: open notices; studies that nobody looked up for notices as
    # scheduled; studies of which no source can tell
    notices: int
    studies: int
    unwatched: int
    unknown: int


class Queues(View, template="alive_queues"):
    """What waits for a person, by indication."""

    rows: tuple[QueueRow, ...]


def queues(data: Dataset) -> Queues:
    """What waits for a person, by indication."""
    waiting, watched = living.queue(data), living.watched(data, day_of(data) or date.min)
    return Queues(tuple(_queue(data, waiting[i], watched[i]) for i in watched))


def _queue(data: Dataset, waiting: living.Queue, watched: living.Watched) -> QueueRow:
    return QueueRow(
        label(data, "indication", waiting.indication), waiting.to_screen,
        waiting.unsure + waiting.full_text + waiting.awaiting, waiting.included,
        sum(waiting.excluded_full_text.values()), watched.open_notices, watched.studies,
        watched.never + watched.old + watched.failed, watched.not_checkable)


class Report(Struct):
    """A report that a search found."""

    indications: tuple[Label, ...]
    title: str
    author: str
    year: int | None
    kind: Label
    doi: str
    pmid: str
    registrations: tuple[str, ...]
    place: str  # where it is on its way; see :class:`~livingreview.review.living.Standing`
    reason: Label | None  # why it was left out
    studies: tuple[tuple[str, str], ...]  # known studies that it is of, each with its address


class Reports(View, template="alive_reports"):
    """Reports that people still work on, and those that were left out by their full text."""

    awaiting: tuple[Report, ...]
    excluded: tuple[Report, ...]


def reports(data: Dataset) -> Reports:
    """Reports that people still work on, and those that were left out by their full text."""
    rows, directory = {r["record_id"]: r for r in data.records("records")}, Directory(data)
    at = {place: [] for place in (*OPEN, living.EXCLUDED_FULL_TEXT)}
    for one in living.standings(data):
        if one.place in at:
            at[one.place].append(_report(data, rows[one.record_id], one, directory))
    return Reports(tuple(r for place in OPEN for r in at[place]),
                   tuple(at[living.EXCLUDED_FULL_TEXT]))


def _report(data: Dataset, row: Mapping, at: living.Standing, directory: Directory) -> Report:
    known = [match.partition(":")[::2] for match in row["match"]]
    return Report(
        labels(data, "indication", at.indications), row["title"] or "", row["first_author"] or "",
        row["year"], label(data, "record_kind", row["kind"]), row["doi"] or "", row["pmid"] or "",
        row["registrations"], at.place, stated(data, "exclusion_reason", at.reason),
        tuple(directory.of(i, study) for i, study in known if study in directory.names(i)))


class Notice(Struct):
    """A notice about a study that is still to be dealt with."""

    indication: Label
    study: tuple[str, str]
    kind: Label
    doi: str
    pmid: str
    day: str
    sources: tuple[Label, ...]
    first_seen: str


class Notices(View, template="alive_notices"):
    """Notices that are still to be dealt with."""

    rows: tuple[Notice, ...]
    handled: int  # those that have been
    watched: bool  # whether anything was ever looked up for notices


def notices(data: Dataset) -> Notices:
    """Notices that are still to be dealt with."""
    directory, every = Directory(data), data.records("notices")
    rows = [r for r in every if r["state"] == "open"]
    return Notices(tuple(Notice(
        label(data, "indication", r["indication"]), directory.of(r["indication"], r["study_id"]),
        label(data, "notice_kind", r["kind"]), r["notice_doi"] or "", r["notice_pmid"] or "",
        str(r["notice_date"] or ""), labels(data, "watch_source", r["sources"]),
        str(r["first_seen"])) for r in rows), len(every) - len(rows),
        bool(data.records("watches")))


class StrategyText(Struct):
    """A strategy as its file has it."""

    source: Label
    text: str
    href: str
    draft: bool
    run: str  # day of the last search that ran exactly this text; empty where none did


class Strategies(View, template="alive_strategies"):
    """The strategies of all searches, by indication."""

    groups: tuple[tuple[Label, tuple[StrategyText, ...]], ...]


def strategies(data: Dataset) -> Strategies:
    """The strategies of all searches, by indication."""
    run: dict[str, str] = {}
    for made in searches(data):
        if ran := made["strategy_sha256"]:
            run[ran] = max(run.get(ran, ""), str(made["date_run"]))
    found: dict[str, list[StrategyText]] = {}
    for one in files.strategies(data):
        found.setdefault(one.indication, []).append(StrategyText(
            label(data, "search_source", one.source), one.text, f"data/{one.path}", one.draft,
            run.get(one.sha256, "")))
    return Strategies(tuple(
        (label(data, "indication", i), tuple(texts)) for i, texts in found.items()))


class SearchRow(Struct):
    """One search, as it was run."""

    search_id: str
    day: str
    source: Label
    platform: str
    indication: Label
    window: tuple[str, str]
    hits: int | None
    fetched: int | None
    new: int | None
    state: Label
    reason: str
    strategy: str
    version: str


class SearchTable(View, template="searches"):
    """Searches of our own, failed ones too, the newest first."""

    rows: tuple[SearchRow, ...]


def search_table(data: Dataset) -> SearchTable:
    """Searches of our own, failed ones too, the newest first."""
    rows = sorted(data.records("searches"), key=lambda r: str(r["date_run"]), reverse=True)
    return SearchTable(tuple(SearchRow(
        r["search_id"], str(r["date_run"]), label(data, "search_source", r["source"]),
        r["platform"], label(data, "indication", r["indication"]),
        (str(r["window_from"] or ""), str(r["window_to"] or "")), r["hits"], r["fetched"],
        r["new"], label(data, "search_state", r["state"]), r["reason"] or "",
        r["strategy_sha256"] or "", r["tool_version"] or "") for r in rows))
