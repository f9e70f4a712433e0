"""Adverse events of the treated arms, without a comparison: patients with each, exact bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..data.dataset import Dataset
from ..effects import Evidence
from ..effects.messages import Message
from ..review import Review
from ..review.counted import ANIMAL, human_trials
from ..review.harms import ArmEvents, arm_events, totals
from .base import Label, Struct, View, label, labels, wording
from .directory import Directory
from .sources import Link, Source, source

# Kinds of events that every trial should report, and that of the single events that are feared.
FEARED = "feared"
MAIN_KINDS = ("any", "serious", "treatment-related", FEARED)
# What arms are grouped by: their attribute, which is also the vocabulary of its values, and what
# the field calls it, where that has a word of its own.
GROUPS = {"treatment_source": "source-group", "provider": "provider", "route": "",
          "treatment_class": "preparation"}


class Apart(Struct):
    """An event that was seen in patients who are in no sum, and why they are in none."""

    printed: Message
    study: Link
    why: Message


class Sum(Struct):
    """Patients with an event over arms of different patients."""

    # what the arms have in common; empty where they share nothing, or it is not stated
    group: tuple[Label, ...]
    event: Label
    events: int
    total: int
    # k, k_none, arms: trials, those of them in which nobody had it, and arms
    k: int
    k_none: int
    arms: int
    # per cent, with its exact interval; None where nobody was watched or had it
    risk: tuple[float, float, float] | None
    upper: float | None  # where nobody had it: the percentage that the risk is at most
    months: tuple[float, float] | None
    apart: tuple[Apart, ...]


class Sums(Struct):
    """A table of sums."""

    # ``indications``, ``further``, or a key of :data:`GROUPS` as the review names such a list
    by: str
    head: Label | None  # what the field calls that by which arms are grouped
    rows: tuple[Sum, ...]


class EventSums(View, template="event_sums"):
    """Sums over the trials of all indications."""

    tables: tuple[Sums, ...]


class Told(Struct):
    """Trials that report an event, and those of them with a count of patients."""

    k: int
    counted: int


class Reported(Struct):
    """How many trials of an indication with results report each event, and how many none."""

    indication: Label
    k: int
    silent: int
    told: tuple[Told, ...]


class EventReporting(View, template="event_reporting"):
    """How many trials report each event of treated patients."""

    events: tuple[Label, ...]
    rows: tuple[Reported, ...]


class Row(Struct):
    """One row on an event of a treated arm."""

    indication: Label
    study: Link
    arm: str
    event: Label
    # patients with the event and at risk; None where no count of patients is known
    counts: tuple[int, int] | None
    printed: Message | None  # as :attr:`livingreview.review.harms.ArmEvents.printed`
    intervention: Label
    provider: Label
    route: tuple[Label, ...]
    design: Label
    months: float | None
    out: Message | None  # why it is in no sum; None where it is in one
    derivation: tuple[Message, ...]
    source: Source | None
    folder: str  # where the row stands
    row: int  # its line there


class EventRows(View, template="event_rows"):
    """Every row behind the sums of all indications."""

    rows: tuple[Row, ...]


class EventBounds(View, template="event_bounds"):
    """Patients with each adverse event in the treated arms of one indication."""

    indication: str
    given: Label
    product: Label
    provider: Label
    sums: tuple[Sum, ...]
    silent: int  # trials of which no such event could be read
    rows: tuple[Row, ...]


def main_events(data: Dataset) -> list[str]:
    """Events that every trial should report, and those that are feared."""
    return [e for e in data.words("event") if data.kind("event", e) in MAIN_KINDS]


def all_events(review: Review) -> list[ArmEvents]:
    """Every event of every treated arm, of all indications."""
    return [row for i in review.data.indications for row in arm_events(review.evidence[i])]


class _Maker:
    """Rows and sums of a data folder."""

    def __init__(self, data: Dataset):
        self.data, self.directory = data, Directory(data)

    def sum(self, event: str, rows: Iterable[ArmEvents], group: tuple[Label, ...] = ()) -> Sum:
        """The sum of the rows of one event."""
        rows = list(rows)
        f = totals(rows)
        known = f["total"] and f["upper"] is None
        return Sum(
            group, label(self.data, "event", event), f["events"], f["total"], f["k"], f["k_none"],
            f["arms"], tuple(100 * f[e] for e in ("risk", "ci_low", "ci_high")) if known else None,
            None if f["upper"] is None else 100 * f["upper"],
            None if f["months_low"] is None else (f["months_low"], f["months_high"]),
            tuple(Apart(r.printed, self.directory.study(r.indication, r.study),
                        self.directory.message(r.not_counted, r.indication, r.study))
                  for r in rows if r.seen_apart))

    def sums(self, events: Iterable[str],
             groups: Mapping[tuple[Label, ...], list[ArmEvents]]) -> Iterator[Sum]:
        """Of each group and event, as far as there is a patient or an event outside the sums."""
        events = list(events)
        for group, members in groups.items():
            for event in events:
                found = self.sum(event, (r for r in members if r.event == event), group)
                if found.total or found.apart:
                    yield found

    def row(self, r: ArmEvents, ev: Evidence) -> Row:
        """One row."""
        data, of = self.data, self.directory

        def said(text: str) -> Message:
            return of.message(text, r.indication, r.study)

        return Row(
            label(data, "indication", r.indication), of.study(r.indication, r.study),
            of.arms(r.indication)[r.study, r.arm], label(data, "event", r.event),
            None if r.total is None else (r.events, r.total), r.printed,
            label(data, "treatment_source", r.treatment_source),
            label(data, "provider", r.provider), labels(data, "route", r.route), label(data,
            "design", r.design),
            r.months, said(r.not_counted) if r.not_counted else None,
            tuple(map(said, r.derivation)),
            source(data, ev.sources.get(r.source)), r.indication, r.row)


def by_indication(review: Review) -> EventSums:
    """Patients with the main events, in all and by indication."""
    return EventSums((_indications(review, "indications", main_events(review.data), whole=True),))


def further(review: Review) -> EventSums:
    """Patients with all further events, by indication."""
    main = main_events(review.data)
    return EventSums((_indications(review, "further", [
        e for e in review.data.words("event") if e not in main]),))


def _indications(review: Review, by: str, events: list[str], whole: bool = False) -> Sums:
    rows = all_events(review)
    groups = {(): rows} if whole else {}
    groups |= {(label(review.data, "indication", i),): [r for r in rows if r.indication == i]
               for i in review.data.indications}
    return Sums(by, None, tuple(_Maker(review.data).sums(events, groups)))


def by_arm(review: Review) -> EventSums:
    """Patients with the main events by what the arms got; the groups of most rows first."""
    data, rows, maker = review.data, all_events(review), _Maker(review.data)
    tables = []
    for by, head in GROUPS.items():
        groups: dict[tuple[Label, ...], list[ArmEvents]] = {}
        for r in rows:
            value = getattr(r, by) or ()
            value = value if isinstance(value, tuple) else (value,)
            groups.setdefault(labels(data, by, value), []).append(r)
        ordered = dict(sorted(groups.items(), key=lambda g: -sum(not r.not_counted for r in g[1])))
        tables.append(Sums(data.names.own.list(by), wording(data, head) if head else None,
                           tuple(maker.sums(main_events(data), ordered))))
    return EventSums(tuple(tables))


def reporting(review: Review) -> EventReporting:
    """How many trials report each main event of treated patients, and how many report none."""
    data = review.data
    events = main_events(data)
    return EventReporting(labels(data, "event", events),
                          tuple(_reported(review.evidence[i], events) for i in data.indications))


def _reported(ev: Evidence, events: list[str]) -> Reported:
    known = {t for t in human_trials(ev) if ev.studies[t]["status"] != "registered"}
    found = [r for r in arm_events(ev) if r.trial in known]

    def told(event: str, wanted: Callable[[ArmEvents], bool]) -> int:
        return len({r.trial for r in found if r.event == event and wanted(r)})

    return Reported(
        label(ev.data, "indication", ev.indication), len(known),
        len(known - {r.trial for r in found}),
        tuple(Told(told(e, lambda r: True), told(e, lambda r: not r.not_counted)) for e in events))


def every_row(review: Review) -> EventRows:
    """Every row behind the sums, and why it is in one or not."""
    maker = _Maker(review.data)
    return EventRows(tuple(maker.row(r, review.evidence[r.indication])
                           for r in all_events(review)))


def treated(ev: Evidence, harm: Mapping) -> Sum | None:
    """Patients with an event in all treated arms, where trials give no estimate of harm.

    Parameters
    ----------
    ev : Evidence
    harm : mapping
        The analysis of harm that is shown first, from ``results.json``.

    Returns
    -------
    Sum or None
        Of the event that the analysis asks for, else of the first main event with a count of
        patients; None where there is no such count, or an estimate tells more.
    """
    if harm["pooled"]:
        return None
    rows, maker = arm_events(ev), _Maker(ev.data)
    sums = (maker.sum(e, (r for r in rows if r.event == e))
            for e in (harm["question"]["target"], *main_events(ev.data))
            if any(r.event == e for r in rows))
    return next((s for s in sums if s.total), None)


def main_sums(ev: Evidence) -> tuple[Sum, ...]:
    """Patients with each main event in the treated arms of one indication, as far as known."""
    groups = {(): arm_events(ev)}
    return tuple(_Maker(ev.data).sums(main_events(ev.data), groups))


def silent(ev: Evidence) -> int:
    """Studies of people that tell of no event of treated patients."""
    return len({ev.trial_of(s) for s, study in ev.studies.items() if study["design"] != ANIMAL}
               - {r.trial for r in arm_events(ev)})


def event_bounds(ev: Evidence) -> EventBounds:
    """Patients with each adverse event in the treated arms of one indication."""
    data, rows, maker = ev.data, arm_events(ev), _Maker(ev.data)
    there = {r.event for r in rows}
    return EventBounds(
        ev.indication, wording(data, "intervention"), wording(data, "product"),
        wording(data, "provider"),
        tuple(maker.sum(e, (r for r in rows if r.event == e))
              for e in data.words("event") if e in there),
        silent(ev), tuple(maker.row(r, ev) for r in rows))
