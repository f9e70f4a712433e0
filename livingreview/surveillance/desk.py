"""The desk at which people screen: what each of its pages says, and what their forms do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..data.tables import BY_NAME
from ..review.living import CONSENSUS, to_enter
from . import judging
from .abstracts import Texts
from .ordering import Order, Placed, View
from .reports import Report, reports
from .screening import (
    FULL,
    STAGES,
    Decision,
    Screening,
    agreement,
    at_stage,
    cluster_of,
    decisions,
    disagreements,
    waiting,
)
from .shown import shown


class NotThere(Exception):
    """A page that there is not."""


@dataclass(frozen=True)
class Reason:
    """A reason of exclusion, with the key that chooses it; empty where keys are used up."""

    value: str
    label: str
    key: str


class Desk:
    """What is needed to screen a data folder.

    Parameters
    ----------
    screening : Screening
    read : callable
        Reads the abstracts that are stored; it is called again after each search.

    Attributes
    ----------
    order : Order
    """

    def __init__(self, screening: Screening, read: Callable[[], Texts]):
        self.screening, self._read, self.order = screening, read, Order()
        self._texts = self._searched(), read()

    def _searched(self) -> str | None:
        """Digest of the searches."""
        return self.screening.data().digests.get(BY_NAME["searches"].path())

    @property
    def texts(self) -> Texts:
        """Abstracts of what was found up to now."""
        now = self._searched()
        if now != self._texts[0]:
            self._texts = now, self._read()
        return self._texts[1]

    def frame(self, view: View) -> dict:
        """What every page says: how many wait at each stage, and where one may go."""
        data = self.screening.data()
        differing = {stage: sum(not d.settled for d in disagreements(data, stage, view.indication))
                     for stage in STAGES}
        return {
            "view": view,
            "waiting": {stage: len(waiting(data, stage, view.reviewer, view.indication))
                     for stage in STAGES},
            "pairs": len(judging.proposals(data, view.indication)),
            "differing": sum(differing.values()), "differing_at": differing,
            "indications": [(i, data.label("indication", i, view.language))
                            for i in data.indications],
            "stages": [(s, data.label("screening_stage", s, view.language)) for s in STAGES],
            "last": self._last(data, view),
            "broken": self.texts.broken,
        }

    def _last(self, data: Dataset, view: View) -> dict | None:
        """The decision that would be taken back."""
        own = [row for row in data.records("screening") if row["reviewer"] == view.reviewer]
        every = {r.record_id: r for r in reports(data)}
        return self._said(data, own[-1], every, view.language) if own else None

    @staticmethod
    def _words(data: Dataset, row: Mapping, language: str) -> dict:
        """A row of screening.csv in words."""
        return {"row": row, "decision": data.label("screening_decision", row["decision"], language),
                "reason": data.label("exclusion_reason", row["reason"], language)}

    @classmethod
    def _said(cls, data: Dataset, row: Mapping, by_id: Mapping[str, Report], language: str) -> dict:
        """The same, with its report."""
        return cls._words(data, row, language) | {
            "report": by_id[cluster_of(data)[row["record_id"]]]}

    def record(self, view: View, record_id: str = "") -> dict:
        """A report to decide about: the one that is asked for, else the next.

        Raises
        ------
        NotThere
            When no report bears this number at this stage.
        """
        data = self.screening.data()
        queue = self.order.of(data, view, self.texts)
        report = self._at(data, view, record_id) if record_id else queue[0].report if queue else (
            None)
        place = next((i for i, p in enumerate(queue) if p.report == report), None)
        every = decisions(data, view.stage)
        said = every.get(report.record_id, {}) if report else {}
        own = said.get(view.reviewer)
        return {
            "shown": shown(data, report, self.texts, view.language) if report else None,
            "placed": queue[place] if place is not None else None,
            "total": len(at_stage(data, view.stage, view.indication)),
            "for_second": sum(len(every.get(r.record_id, {})) == 1
                              for r in at_stage(data, view.stage, view.indication)),
            "left": len(queue),
            "next": self._beside(queue, place, 1), "previous": self._beside(queue, place, -1),
            "own": own and self._said(data, own, {report.record_id: report}, view.language),
            "settled": CONSENSUS in said,
            "reasons": self.reasons(data, view.language),
            "enough": self.order.enough(data, view),
            "why_empty": self._why_empty(data, view) if report is None else "",
            "to_enter": to_enter(data, view.indication)
            if report is None and view.stage == FULL else (),
            "known": sum(r.known for r in reports(data, view.indication)),
        }

    @staticmethod
    def _at(data: Dataset, view: View, record_id: str) -> Report:
        head = cluster_of(data).get(record_id)
        for report in at_stage(data, view.stage):
            if report.record_id == head:
                return report
        raise NotThere(f"no record {record_id} waits at {view.stage}")

    @staticmethod
    def _beside(queue: tuple[Placed, ...], place: int | None, step: int) -> str:
        """The record before or after a place in the queue; empty at its ends."""
        if place is None or not 0 <= place + step < len(queue):
            return ""
        return queue[place + step].report.record_id

    @staticmethod
    def reasons(data: Dataset, language: str = "en") -> list[Reason]:
        """Reasons of exclusion, with the digits that choose them."""
        words = data.words("exclusion_reason")
        return [Reason(value, data.label("exclusion_reason", value, language),
                       str(i) if i < 10 else "") for i, value in enumerate(words, 1)]

    @staticmethod
    def _why_empty(data: Dataset, view: View) -> str:
        """Why nobody is asked anything: a key, whose words the template has."""
        searched = [s for s in data.records("searches")
                    if view.indication in ("", s["indication"]) and s["state"] != "failed"]
        if not searched and not reports(data, view.indication):
            return "never-searched"
        if at_stage(data, view.stage, view.indication):
            return "all-decided"
        return "none-included" if view.stage == FULL else "none-found"

    def decided(self, view: View) -> dict:
        """Decisions of one person at a stage, the last first."""
        data = self.screening.data()
        by_id = {r.record_id: r for r in reports(data)}
        rows = [self._said(data, row, by_id, view.language) for row in data.records("screening")
                if row["reviewer"] == view.reviewer and row["stage"] == view.stage]
        return {"rows": [r for r in reversed(rows)
                         if view.indication in ("", *r["report"].indications)]}

    def differences(self, view: View) -> dict:
        """Reports of which people decided differently, with how far they agree."""
        data = self.screening.data()
        found = disagreements(data, view.stage, view.indication)

        def words(row: Mapping) -> dict:
            return self._words(data, row, view.language)

        return {
            "found": [(shown(data, d.report, self.texts, view.language), list(map(words, d.rows)),
                       words(d.settled) if d.settled else None) for d in found],
            "agreement": agreement(data, view.stage, view.indication),
            "reasons": self.reasons(data, view.language),
        }

    def duplicates(self, view: View) -> dict:
        """The likest pair that waits, with the abstracts of both."""
        data = self.screening.data()
        waiting_pairs = judging.proposals(data, view.indication)
        by_id = {r.record_id: r for r in reports(data)}
        pair = waiting_pairs[0] if waiting_pairs else None
        own = [row for row in data.records("duplicates")
               if row["decision"] and row["reviewer"] == view.reviewer]
        return {
            "pair": pair,
            "both": [shown(data, by_id[row["cluster"]], self.texts, view.language)
                     for row in (pair.record, pair.other)] if pair else [],
            "words": [(value, data.label("duplicate_decision", value, view.language))
                      for value in data.words("duplicate_decision")],
            "own": [(row, by_id[cluster_of(data)[row["record_id"]]],
                     data.label("duplicate_decision", row["decision"], view.language))
                    for row in own],
        }

    def decide(self, view: View, record_id: str, said: str, before: str) -> str:
        """Keep a decision; the record to be shown next, empty for the first of the queue.

        Parameters
        ----------
        view : View
        record_id : str
        said : str
            A decision, or ``exclude:`` and the reason.
        before : str
            What the page knew of an earlier decision.

        Raises
        ------
        ScreeningError
        """
        data = self.screening.data()
        queue = self.order.of(data, view, self.texts)
        place = next((i for i, p in enumerate(queue) if record_id in p.report.members), None)
        placed = queue[place] if place is not None else None
        decision, _, reason = said.partition(":")
        self.screening.decide(Decision(
            record_id, view.stage, view.reviewer, decision, reason,
            placed.place if placed else None, placed.model if placed else ""), before=before)
        return self._beside(queue, place, 1) if place else ""

    def settle(self, view: View, record_id: str, said: str, before: str) -> None:
        """Keep what people agreed on.

        Raises
        ------
        ScreeningError
        """
        decision, _, reason = said.partition(":")
        self.screening.settle(Decision(record_id, view.stage, CONSENSUS, decision, reason), before)


