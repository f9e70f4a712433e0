"""The order in which somebody is shown what waits, and why each report stands where it stands."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..data.dataset import Dataset
from ..review.living import together
from .abstracts import Texts
from .enough import Enough, enough
from .rank import BY_SIGNALS, ranked
from .record import Record
from .reports import Report, reports
from .screening import (
    EXCLUDE,
    INCLUDE,
    TITLE,
    UNSURE,
    decisions,
    waiting,
)

_FEW = 300  # reports up to which the order is made anew after each decision
_STEP = 10  # decisions after which that of more reports is


@dataclass(frozen=True)
class View:
    """Where somebody stands: whose decisions, at which stage, of which indication, in what words.

    An empty indication is all of them. The language is the key of labels in the data; the order of
    records does not depend on it.
    """

    reviewer: str
    stage: str = TITLE
    indication: str = ""
    language: str = field(default="en", compare=False)


@dataclass(frozen=True)
class Placed:
    """A report in the queue of a person.

    Attributes
    ----------
    report : Report
    place : int
        From 1.
    because : tuple of str
        Terms or signals that speak for it, the strongest first.
    learned : bool
        Whether decisions put it there; else signals did.
    model : str
        What made the order.
    """

    report: Report
    place: int
    because: tuple[str, ...]
    learned: bool
    model: str


@dataclass(frozen=True)
class _Made:
    """An order as it was made: of which decisions, and the place of each report in it."""

    decided: Mapping[str, bool]
    ranked: Mapping[str, tuple]


class Order:
    """Orders of people, made again while they decide.

    A person's own decisions teach the order, and those that two others have made: nobody's order
    tells what somebody else decided of a report that still waits.
    """

    def __init__(self):
        self._made: dict[tuple, _Made] = {}
        self._busy = threading.Lock()

    def of(self, data: Dataset, view: View, texts: Texts) -> tuple[Placed, ...]:
        """What waits for a person, in order.

        An order of many reports is made anew after some decisions only, beside what is shown; what
        came since stands at its end.
        """
        left = waiting(data, view.stage, view.reviewer, view.indication)
        if not left:
            return ()
        every = reports(data, view.indication)
        decided = _decided(data, view, every, left)
        key = (data.digests.get("records.csv"), view)
        made = self._made.get(key)
        if made is None or made.decided != decided and len(every) <= _FEW:
            made = self._make(key, every, decided, texts)
        elif len(made.decided.items() ^ decided.items()) >= _STEP and (
                self._busy.acquire(blocking=False)):
            threading.Thread(target=self._beside, args=(key, every, decided, texts),
                             daemon=True).start()
        last = (len(every) + 1, (), "")
        at = {report.record_id: made.ranked.get(report.record_id, last) for report in left}
        in_order = sorted(left, key=lambda report: at[report.record_id][0])
        return tuple(Placed(report, place, because, model not in ("", BY_SIGNALS), model)
                     for place, report in enumerate(in_order, 1)
                     for _, because, model in [at[report.record_id]])

    def _beside(self, key: tuple, every: Iterable[Report], decided: Mapping[str, bool],
                texts: Texts) -> None:
        try:
            self._make(key, every, decided, texts)
        finally:
            self._busy.release()

    def _make(self, key: tuple, every: Iterable[Report], decided: Mapping[str, bool], texts: Texts
              ) -> _Made:
        record = {report.record_id: _record(report, texts) for report in every}
        report_id = {r.source_id: report_id for report_id, r in record.items()}
        found = ranked(list(record.values()),
                       {record[report_id].source_id: said for report_id, said in decided.items()})
        made = _Made(decided, {report_id[r.key]: (r.rank, r.reasons, r.model) for r in found})
        self._made = {k: v for k, v in self._made.items() if k[0] == key[0]} | {key: made}
        return made

    @staticmethod
    def enough(data: Dataset, view: View) -> Enough | None:
        """What the stopping rule says of the first search of an indication; None of any other."""
        if view.stage != TITLE or not view.indication:
            return None
        first = {s["search_id"] for s in data.records("searches")
                 if s["indication"] == view.indication and s["window_from"] is None}
        whole = {r.record_id: r for r in reports(data, view.indication)
                 if r.first_seen in first and not r.known}
        member = {m: r.record_id for r in whole.values() for m in r.members}
        read = {member[row["record_id"]]: row["decision"] in (INCLUDE, UNSURE)
                for row in data.records("screening")
                if row["stage"] == TITLE and row["reviewer"] == view.reviewer
                and row["record_id"] in member}
        return enough(list(read.values()), len(whole)) if whole else None


def _decided(data: Dataset, view: View, every: Iterable[Report], left: Iterable[Report]
             ) -> dict[str, bool]:
    """What an order learns from: what is decided, and as included what the data have already."""
    said, found = decisions(data, view.stage), {}
    open_ones = {report.record_id for report in left}
    for report in every:
        if report.known:
            found[report.record_id] = True
        elif report.record_id not in open_ones and report.record_id in said:
            rows = said[report.record_id]
            own = rows.get(view.reviewer)
            word = own["decision"] if own else together(rows.values())
            if word in (INCLUDE, EXCLUDE):
                found[report.record_id] = word == INCLUDE
    return found


def _record(report: Report, texts: Texts) -> Record:
    """A report as it is ranked."""
    source, _, number = report.source_ids[0].partition(":")
    text = texts.of_report(report)
    return Record(source, number, report.kind, report.title, report.first_author, report.year,
                  registrations=report.registrations, abstract=text.abstract, signals=text.signals)
