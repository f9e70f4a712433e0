"""Whether the review is alive: what was searched when, what waits for a person, what was watched.

Nothing here asks what day it is: the day is a parameter, so that a build of the same data is the
same at any time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..data.dataset import Dataset

NEVER, CURRENT, DUE, OVERDUE, FAILED = "never", "current", "due", "overdue", "failed"
SCREENERS = 2  # people who must agree before a record leaves the queue
# Places of a record on its way.
TO_SCREEN, UNSURE, FULL_TEXT, AWAITING = "to-screen", "unsure", "full-text", "awaiting"
INCLUDED, EXCLUDED, EXCLUDED_FULL_TEXT = "included", "excluded", "excluded-full-text"
KNOWN = "known"
_KNOWN_BY = ("doi", "pmid")  # a match by these is the report itself; others are further reports
REGISTRATION = "registration"  # a kind of record, and a kind of match
CONSENSUS = "consensus"  # the reviewer of a row that settles what people decided differently
_GOOD = ("complete", "by-hand")


@dataclass(frozen=True)
class SourceState:
    """How a source stands for an indication on a day.

    Attributes
    ----------
    source, indication, run_by : str
        As the plan (living.csv) has them.
    schedule_days : int
        Longest time between two searches.
    last_good : date or None
        Day of the last search that is complete or was run by a person.
    next_due : date or None
        The last day that keeps the plan; None before the first good search.
    state : str
        ``never`` no search was ever tried; ``current`` until the day that is due; ``due`` after
        it; ``overdue`` after more than half of the schedule has passed since; ``failed`` the last
        try failed and the source is not overdue yet. A source that never had a good search and
        whose last try failed is ``failed``.
    last_failed : date or None
        Day of the last try that failed, where no good search followed it.
    reason : str
        Why it failed.
    """

    source: str
    indication: str
    schedule_days: int
    run_by: str
    last_good: date | None
    next_due: date | None
    state: str
    last_failed: date | None = None
    reason: str = ""

    @property
    def until(self) -> date | None:
        """The last day on which it is not overdue; None before the first good search."""
        return self.next_due and self.next_due + timedelta(self.schedule_days // 2)

    @property
    def kept(self) -> bool:
        """Whether the plan is kept well enough to call the review living."""
        return self.last_good is not None and self.state != OVERDUE


@dataclass(frozen=True)
class Standing:
    """Where a report is on its way from a search to the review.

    Attributes
    ----------
    record_id : str
        The first of its records.
    indications : tuple of str
        Whose searches found it or one that is the same.
    place : str
        ``to-screen``: fewer than two people have decided on title and abstract; ``unsure``: they
        disagree or are unsure; ``full-text``: they want the full text and fewer than two have
        decided on it; ``awaiting``: on the full text they disagree or are unsure; ``included``,
        ``excluded`` (on title and abstract), ``excluded-full-text``; ``known``: what the data have
        already.
    reason : str
        Why it was excluded, of the list exclusion_reason.
    """

    record_id: str
    indications: tuple[str, ...]
    place: str
    reason: str = ""


@dataclass(frozen=True)
class Queue:
    """How many reports of an indication are where.

    Attributes
    ----------
    excluded_full_text : dict of str to int
        By reason; that of those without one is empty.
    to_enter : tuple of str
        Of those that are included, the ones of which the data hold nothing yet.
    """

    indication: str
    known: int = 0
    to_screen: int = 0
    unsure: int = 0
    full_text: int = 0
    awaiting: int = 0
    included: int = 0
    excluded: int = 0
    excluded_full_text: dict[str, int] = field(default_factory=dict)
    to_enter: tuple[str, ...] = ()

    @property
    def waiting(self) -> int:
        """Reports that wait to be screened."""
        return self.to_screen + self.unsure + self.full_text + self.awaiting


@dataclass(frozen=True)
class Watched:
    """How the studies of an indication are watched on a day.

    Attributes
    ----------
    studies : int
    never : int
        Studies that no source was ever asked for.
    old : int
        Studies whose last check, at the source that was asked last, is older than the schedule.
    failed : int
        Studies that a source did not answer for when it was asked last.
    not_checkable : int
        Studies that no source can be asked for: unknown is not clean.
    open_notices : int
    schedule_days : int or None
        Shortest schedule of what commands search; watching belongs to the same round. None where
        nothing is planned.
    """

    indication: str
    studies: int
    never: int
    old: int
    failed: int
    not_checkable: int
    open_notices: int
    schedule_days: int | None


def states(data: Dataset, today: date) -> tuple[SourceState, ...]:
    """The state of each source of the plan, in the plan's order."""
    runs = defaultdict(list)
    for row in data.records("searches"):
        runs[row["source"], row["indication"]].append(row)
    return tuple(_state(row, runs[row["source"], row["indication"]], today)
                 for row in data.records("living"))


def _state(plan: Mapping, runs: list[Mapping], today: date) -> SourceState:
    days = int(plan["schedule_days"])
    runs = sorted(runs, key=lambda row: row["date_run"])  # those of one day in their order
    good = [date.fromisoformat(row["date_run"]) for row in runs if row["state"] in _GOOD]
    last = good[-1] if good else None
    due = last + timedelta(days) if last else None
    failed = runs[-1] if runs and runs[-1]["state"] not in _GOOD else None
    if due and today > due + timedelta(days // 2):
        state = OVERDUE
    elif failed:
        state = FAILED
    elif due is None:
        state = NEVER
    else:
        state = DUE if today > due else CURRENT
    return SourceState(plan["source"], plan["indication"], days, plan["run_by"], last, due, state,
                       date.fromisoformat(failed["date_run"]) if failed else None,
                       failed["reason"] or "" if failed else "")


def agreed(decisions: Iterable[str]) -> str:
    """What people decided together.

    Parameters
    ----------
    decisions : iterable of str
        One word of screening_decision a person.

    Returns
    -------
    str
        The word that more people chose than any other, at least two; ``unsure`` where at least two
        have decided and there is none; empty where fewer have.
    """
    counts = Counter(decisions).most_common()
    if sum(n for _, n in counts) < SCREENERS:
        return ""
    word, most = counts[0]
    alone = len(counts) == 1 or counts[1][1] < most
    return word if alone and most >= SCREENERS else "unsure"


def counting(before: Mapping | None, row: Mapping) -> Mapping:
    """The row that counts of two by one person for one report.

    A person has two where records that were decided one by one turn out to be the same. What keeps
    the report in counts: no exclusion of one record takes another out that was included.
    """
    if before is None:
        return row
    order = ("exclude", "unsure", "include")
    return max(before, row, key=lambda one: order.index(one["decision"]))


def together(rows: Iterable[Mapping]) -> str:
    """What people decided of a report at a stage, as `agreed`; a row of `CONSENSUS` settles it."""
    rows = list(rows)
    settled = [row["decision"] for row in rows if row["reviewer"] == CONSENSUS]
    return settled[-1] if settled else agreed(row["decision"] for row in rows)


def known(row: Mapping) -> bool:
    """Whether a record is what the data have: the very article, or the very registration."""
    return bool(row["match"]) and (row["match_kind"] in _KNOWN_BY
                                   or row["kind"] == row["match_kind"] == REGISTRATION)


def standings(data: Dataset) -> tuple[Standing, ...]:
    """Where each report is, in the order in which its first record was found."""
    clusters: dict[str, list[Mapping]] = {}
    for row in data.records("records"):
        clusters.setdefault(row["cluster"], []).append(row)
    first = {row["record_id"]: name for name, rows in clusters.items() for row in rows}
    decided = defaultdict(lambda: defaultdict(dict))
    for row in data.records("screening"):
        if row["record_id"] in first:
            rows = decided[first[row["record_id"]]][row["stage"]]
            rows[row["reviewer"]] = counting(rows.get(row["reviewer"]), row)
    return tuple(Standing(
        name, tuple(dict.fromkeys(i for row in rows for i in row["indications"] or ())),
        *_place(rows, decided[name])) for name, rows in clusters.items())


def _place(rows: list[Mapping], decided: Mapping[str, Mapping[str, Mapping]]) -> tuple[str, str]:
    """The place of a report, and why it was excluded."""
    title, full = (list(decided[stage].values()) for stage in ("title-abstract", "full-text"))
    if not title and not full and any(map(known, rows)):
        return KNOWN, ""
    word = together(full)
    if word:
        place = {"include": INCLUDED, "exclude": EXCLUDED_FULL_TEXT}.get(word, AWAITING)
        return place, _why(full) if place == EXCLUDED_FULL_TEXT else ""
    word = "include" if full else together(title)
    place = {"": TO_SCREEN, "include": FULL_TEXT, "exclude": EXCLUDED}.get(word, UNSURE)
    return place, _why(title) if place == EXCLUDED else ""


def _why(rows: list[Mapping]) -> str:
    """The reason that settled it, else the one that most give, the first of several."""
    rows = [row for row in rows if row["reviewer"] == CONSENSUS] or rows
    counts = Counter(row["reason"] for row in rows if row["decision"] == "exclude" and
                     row["reason"])
    return counts.most_common(1)[0][0] if counts else ""


def queue(data: Dataset) -> dict[str, Queue]:
    """How many reports are where, by indication; one that two searches found counts in both."""
    counts = {name: Counter() for name in data.indications}
    reasons = {name: Counter() for name in data.indications}
    for one in standings(data):
        for name in one.indications:
            counts[name][one.place] += 1
            if one.place == EXCLUDED_FULL_TEXT:
                reasons[name][one.reason] += 1
    return {name: Queue(name, known=n[KNOWN], to_screen=n[TO_SCREEN], unsure=n[UNSURE],
                        full_text=n[FULL_TEXT], awaiting=n[AWAITING], included=n[INCLUDED],
                        excluded=n[EXCLUDED], excluded_full_text=dict(reasons[name]),
                        to_enter=to_enter(data, name) if n[INCLUDED] else ())
            for name, n in counts.items()}


def to_enter(data: Dataset, indication: str = "") -> tuple[str, ...]:
    """Reports that are included and of which the data hold nothing yet, by their first record."""
    held = _Held(data)
    return tuple(one.record_id for one in standings(data)
                 if one.place == INCLUDED and one.record_id not in held
                 and indication in ("", *one.indications))


class _Held:
    """Reports that the data hold: a study or a source bears a DOI or PMID of theirs, or a title.

    The title counts where a report has no such number. A registration alone says so of a record of
    a registry only: a later report bears that of a study that the data have, and its own values
    are not there for that.
    """

    def __init__(self, data: Dataset):
        self._there = {one for name in data.indications for table in ("studies", "sources")
                       for row in data.records(table, name)
                       for one in (*self._of(row), *self._of(row, "title"),
                                   *self._numbers(row.get("registration")))}
        self._own = defaultdict(set)
        for row in data.records("records"):
            self._own[row["cluster"]].update(
                self._numbers(row["registrations"]) if row["kind"] == REGISTRATION
                else self._of(row) or self._of(row, "title"))

    @staticmethod
    def _of(row: Mapping, *names: str) -> set[tuple[str, str]]:
        return {(name, str(row[name]).casefold()) for name in names or _KNOWN_BY if row[name]}

    @staticmethod
    def _numbers(found: Iterable[str] | None) -> set[tuple[str, str]]:
        return {(REGISTRATION, number) for number in found or ()}

    def __contains__(self, record_id: str) -> bool:
        return not self._own[record_id].isdisjoint(self._there)


def watched(data: Dataset, today: date) -> dict[str, Watched]:
    """How the studies of each indication are watched."""
    checks, notices = defaultdict(list), Counter()
    for row in data.records("watches"):
        checks[row["indication"], row["study_id"]].append(row)
    for row in data.records("notices"):
        notices[row["indication"]] += row["state"] == "open"
    found = {}
    for name in data.indications:
        planned = [int(row["schedule_days"]) for row in data.records("living")
                   if row["indication"] == name and row["run_by"] == "command"]
        days = min(planned, default=None)
        kinds = Counter(_check(checks[name, study["study_id"]], days, today)
                        for study in data.records("studies", name))
        found[name] = Watched(name, sum(kinds.values()), kinds[NEVER], kinds["old"],
                              kinds[FAILED], kinds["not-checkable"], notices[name], days)
    return found


def _check(rows: list[Mapping], days: int | None, today: date) -> str:
    """How one study is watched."""
    if not rows:
        return NEVER
    if all(row["result"] == "not-checkable" for row in rows):
        return "not-checkable"
    last = max(date.fromisoformat(row["checked_on"]) for row in rows)
    if days is not None and today > last + timedelta(days):
        return "old"
    return FAILED if any(row["result"] == FAILED for row in rows) else CURRENT


@dataclass(frozen=True)
class Status:
    """How the review stands on a day: its sources, what waits for a person, what is watched."""

    day: date
    states: tuple[SourceState, ...]
    queues: dict[str, Queue]
    watched: dict[str, Watched]

    @property
    def asks(self) -> bool:
        """Whether a search or a person is needed; what cannot be watched asks for nothing."""
        return (any(one.state != CURRENT for one in self.states)
                or any(one.waiting or one.to_enter for one in self.queues.values())
                or any(one.never or one.old or one.failed or one.open_notices
                       for one in self.watched.values()))


def status(data: Dataset, today: date) -> Status:
    """How the review stands on a day."""
    return Status(today, states(data, today), queue(data), watched(data, today))
