"""The round: search, watch, ask the registry, and say what came of it and what waits.

Each part stands for itself: one that fails is named and leaves what the others did. What is said
is read from the data before and after, so that a run that changes nothing says nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from ..data.dataset import Dataset, load
from ..intake import outlook
from ..review import living
from . import judging, net, registrations, registry, searching, watch
from .abstracts import Texts
from .alone import BusyError
from .keeping import KeepingError
from .net import SourceError
from .ordering import Order, View
from .rawstore import RawError
from .reports import Report, reports

SEARCH, WATCH, REGISTRY = "search", "watch", "registry"
# What of a registration is news.
_TOLD = ("status", "primary_completion", "completion", "completion_is", "results_first_posted",
         "enrolment")


@dataclass(frozen=True)
class Failure:
    """What did not work: a part of the round, at which source or file, and why."""

    part: str
    where: str
    reason: str


@dataclass(frozen=True)
class NewReport:
    """A report that no search had found before.

    Attributes
    ----------
    report : Report
    indication : str
    place : int or None
        Place in the order in which it is best read; None where nobody is asked about it, since the
        data have it.
    because : tuple of str
        Terms or signals that put it there.
    """

    report: Report
    indication: str
    place: int | None
    because: tuple[str, ...] = ()

    @property
    def of_known(self) -> bool:
        """Whether it may be another report of a study that the data have."""
        return bool(self.report.match) and not self.report.known


@dataclass(frozen=True)
class Change:
    """What a registry says otherwise than before; `old` is empty where nothing was known."""

    registration: str
    studies: tuple[str, ...]
    column: str
    old: str
    new: str


@dataclass(frozen=True)
class Round:
    """What a round did, and how the review stands after it.

    Attributes
    ----------
    day : date
    title : str
        Of the review.
    searches : tuple of mapping
        Rows of searches.csv that were written.
    passed : tuple of str
        What was not asked, and why that is no failure.
    reports : tuple of NewReport
        By indication, in the order in which they are best read.
    notices : tuple of mapping
        Rows of notices.csv that are new.
    moved : tuple of str
        What the new notices do to the results, in lines; empty without one.
    changes : tuple of Change
    posted : tuple of (str, tuple of str)
        Registrations whose results are posted now and were not before, with their studies.
    looked_up : int
        Registrations that were asked for the first time.
    progress : int
        Studies of which the registry says another progress than the data.
    pairs : int
        Pairs of records that may be one report, which wait for a person.
    status : living.Status
    failures : tuple of Failure
    """

    day: date
    title: str
    searches: tuple[Mapping, ...]
    passed: tuple[str, ...]
    reports: tuple[NewReport, ...]
    notices: tuple[Mapping, ...]
    moved: tuple[str, ...]
    changes: tuple[Change, ...]
    posted: tuple[tuple[str, tuple[str, ...]], ...]
    looked_up: int
    progress: int
    pairs: int
    status: living.Status
    failures: tuple[Failure, ...]

    @property
    def name(self) -> str:
        """What a feed knows it by: the same for the same review, day and results."""
        said = (self.title, self.day, [s["search_id"] for s in self.searches],
                [r.report.record_id for r in self.reports], len(self.notices), self.changes)
        return uuid5(NAMESPACE_URL, repr(said)).urn

    @property
    def waiting(self) -> int:
        """Reports that wait for a person; one of two indications counts in both."""
        return sum(one.waiting for one in self.status.queues.values())

    @property
    def asks(self) -> bool:
        """Whether a person is needed."""
        return bool(self.failures or self.posted or self.progress or self.pairs) or self.status.asks


@dataclass
class _Run:
    """What is collected while the parts run."""

    folder: Path
    raw: Path
    offline: bool
    told: Callable[[str, int], None]
    failures: list[Failure] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)

    def part(self, name: str, work: Callable[[], None]) -> None:
        """Do a part; what goes wrong is kept."""
        try:
            work()
        except searching.PlanError as error:
            self.failures += [Failure(name, "", problem) for problem in error.problems]
        except SourceError as error:
            self.failures.append(Failure(name, error.source, error.reason))
        except OSError as error:
            self.failures.append(Failure(name, str(error.filename or ""),
                                         error.strerror or str(error)))
        except (RawError, BusyError, KeepingError) as error:
            self.failures.append(Failure(name, "", str(error)))

    def search(self) -> None:
        """Run the strategies."""
        done = searching.run(self.folder, self.raw, offline=self.offline, told=self.told)
        self.passed += done.passed
        self.failures += [Failure(SEARCH, f"{row['source']}, {row['indication']}",
                                  row["reason"] or "") for row in done.failed]

    def watch(self) -> None:
        """Look for notices, at each source."""
        done = watch.run(load(self.folder), self.raw, offline=self.offline, told=self.told)
        self.passed += done.passed
        self.failures += [Failure(WATCH, look.source, look.failed) for look in done.failed]

    def registry(self) -> None:
        """Ask how far the trials are."""
        done = registrations.run(load(self.folder), self.raw, offline=self.offline,
                                 told=self.told)
        self.passed += [f"{number}: {registry.SOURCE} does not answer for it"
                        for number in done.missing]


def run(folder: Path, raw: Path, *, offline: bool = False,
        told: Callable[[str, int], None] = lambda source, number: None) -> Round:
    """Do a round.

    Parameters
    ----------
    folder : Path
        Data folder without errors.
    raw : Path
        Root of the raw store; read from where it is offline.
    offline : bool
        Ask nobody.
    told : callable, optional
        Called with what is asked, and the number of answers, reports or trials so far.

    Returns
    -------
    Round
    """
    before = load(folder)
    going = _Run(folder, raw, offline, told)
    going.part(SEARCH, going.search)
    going.part(WATCH, going.watch)
    going.part(REGISTRY, going.registry)
    return between(before, load(folder), net.NOW().date(), Texts.of(raw), tuple(going.failures),
                   tuple(dict.fromkeys(going.passed)))


def between(before: Dataset, after: Dataset, day: date, texts: Texts,
            failures: tuple[Failure, ...] = (), passed: tuple[str, ...] = ()) -> Round:
    """What changed between two states of the data, and how the review stands.

    Parameters
    ----------
    before, after : Dataset
    day : date
    texts : Texts
        Abstracts, by which reports are ordered.
    failures, passed
        As `Round` has them.
    """
    searches = {row["search_id"]: dict(row, row=0) for row in before.records("searches")}
    old = {row["registration"]: row for row in before.records("registrations")}
    rows = after.records("registrations")
    notices = watch.new_notices(before, after)
    return Round(
        day, next((r["value"] for r in after.records("about") if r["key"] == "title"), ""),
        tuple(row for row in after.records("searches")
              if dict(row, row=0) != searches.get(row["search_id"])),
        passed, _new_reports(before, after, texts), tuple(notices),
        tuple(outlook.of_notices(before, after, notices)),
        tuple(change for row in rows if row["registration"] in old
              for change in _changed(after, old[row["registration"]], row)),
        tuple((row["registration"], _studies(after, row["registration"])) for row in rows
              if row["has_results"] and not old.get(row["registration"], {}).get("has_results")),
        sum(row["registration"] not in old for row in rows),
        sum(len({c["key"] for c in tables["corrections"]})
            for tables in registrations.changes(after, rows)[0].values()),
        len(judging.proposals(after)), living.status(after, day), failures)


def _new_reports(before: Dataset, after: Dataset, texts: Texts) -> tuple[NewReport, ...]:
    """Reports of which no record was there before."""
    known = {row["record_id"] for row in before.records("records")}
    order, out = Order(), []
    for indication in after.indications:
        new = {r.record_id: r for r in reports(after, indication) if not known & {*r.members}}
        placed = order.of(after, View("", indication=indication), texts) if new else ()
        out += [NewReport(p.report, indication, p.place, p.because) for p in placed
                if p.report.record_id in new]
        asked = {p.report.record_id for p in placed}
        out += [NewReport(r, indication, None) for name, r in new.items() if name not in asked]
    return tuple(out)


def _studies(data: Dataset, number: str) -> tuple[str, ...]:
    return tuple(f"{indication}:{study['study_id']}"
                 for indication, study in registry.studies_of(data, number))


def _changed(data: Dataset, old: Mapping, new: Mapping) -> tuple[Change, ...]:
    """What a registration says otherwise than before."""
    return tuple(Change(new["registration"], _studies(data, new["registration"]), column,
                        _said(old[column]), _said(new[column]))
                 for column in _TOLD if old[column] != new[column])


def _said(value: object) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
