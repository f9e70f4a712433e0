"""The evidence map: what is known of which outcome in which indication."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..data.dataset import Dataset
from ..effects import Evidence
from ..review import Review
from ..review.counted import kind_of_trial, not_counted, trials
from ..review.measure import uncontrolled
from ..review.missing import size_of_trial
from .addresses import Addresses
from .base import Label, Struct, View, label, wording
from .finding import Finding, Findings
from .sizes import Size, size

HARMS = "harms"  # adverse events are a row of the map beside the families of outcomes
KINDS = ("controlled", "uncontrolled", "not-stated", "animal")
RADIUS = 28.0  # of the estimate with most participants
LEAST = 4.0  # so that the shape of a small one can be seen
KEY = (20, 100, 500, 2000)  # participants that the key draws, as far as an estimate has as many


@dataclass
class Found:
    """Trials and analyses of one outcome family in one indication."""

    # trials with a row of the family, usable or not, by kind (see :data:`KINDS`)
    trials: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    analyses: list[dict] = field(default_factory=list)  # results that ask for the family

    @property
    def shown(self) -> dict | None:
        """The estimate that stands for the cell.

        A comparison before treated patients alone, a main analysis before others, then the one
        with most trials, then most participants: never by what was found.
        """
        return max((r for r in self.analyses if r["pooled"]), default=None, key=lambda r: (
            not uncontrolled(r), r["role"] == "main", r["k"], r["n"]))

    @property
    def state(self) -> str:
        """``estimate``, ``alone`` (no comparison), ``ghost``, ``animals`` or ``none``."""
        if self.shown:
            return "alone" if uncontrolled(self.shown) else "estimate"
        if not self.trials:
            return "none"
        return "animals" if set(self.trials) == {"animal"} else "ghost"


class Known(Struct):
    """Trials of one kind that report on an outcome, and the people enrolled in them."""

    kind: str
    k: int
    n: float


class Cell(Struct):
    """One outcome family in one indication."""

    indication: str
    state: str  # see :attr:`Found.state`
    href: str  # the figure of the estimate, else where the trials are; empty where nothing is known
    known: tuple[Known, ...]
    k: int  # trials in people among them
    finding: Finding | None
    radius: float  # its area grows with the participants of the estimate; 0 without one


class Row(Struct):
    """An outcome family; adverse events have no label in the data."""

    family: str
    name: Label | None
    in_people: bool  # whether there is a trial in people in any indication
    cells: tuple[Cell, ...]


class Column(Struct):
    """An indication."""

    indication: str
    href: str
    size: Size


class Counts(Struct):
    """Pairs of an indication and an outcome that have a study, and what is estimated of them."""

    pairs: int
    # pooled, single: with an estimate of several controlled trials, of one
    pooled: int
    single: int
    alone: int  # with an estimate of treated patients without a comparison only
    nothing: int


class KeySize(Struct):
    """A number of participants and the radius that stands for it."""

    n: int
    radius: float


class LeftOut(Struct):
    """Trials in no count: ``retracted``, ``retraction-notice``, ``nameless``, ``shared``."""

    reason: str
    k: int


class EvidenceMap(View, template="evidence_map"):
    """The map, with what its key and its table need."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    counts: Counts
    key: tuple[KeySize, ...]
    left_out: tuple[LeftOut, ...]
    # given, other, parts: what the field calls its intervention, what it is compared with, and what
    # a report may count in the place of people
    given: Label
    other: Label
    parts: Label


def found(review: Review) -> dict[tuple[str, str], Found]:
    """What there is of every family of outcomes and indication that has a study or an analysis.

    Trials whose patients are counted elsewhere, without a name or retracted are in no cell.

    Parameters
    ----------
    review : Review
    """
    out: dict[tuple[str, str], Found] = defaultdict(Found)
    for indication in review.data.indications:
        ev = review.evidence[indication]
        for trial, studies in trials(ev).items():
            if not not_counted(ev, trial):
                for family in _families(ev, studies):
                    out[family, indication].trials[kind_of_trial(ev, trial)].append(trial)
        for result in review.analyses(indication):
            if result["role"] != "check":
                out[_family_of(review.data, result), indication].analyses.append(result)
    return dict(out)


def evidence_map(review: Review) -> EvidenceMap:
    """The evidence map of a data folder.

    Parameters
    ----------
    review : Review
    """
    data, there = review.data, found(review)
    sizes = [(f.state == "estimate", f.shown["n"]) for f in there.values() if f.shown]
    largest = max(sizes, default=(False, 0))[1]  # of estimates without a comparison where all are
    maker = _Cells(review, there, largest)
    order = [(f, label(data, "family", f)) for f in data.words("family")] + [(HARMS, None)]
    rows = tuple(maker.row(family, name) for family, name in order
                 if any((family, i) in there for i in data.indications))
    return EvidenceMap(
        columns=tuple(Column(i, Addresses.chapter(i), size(review, i)) for i in data.indications),
        rows=rows, counts=_counts(there), left_out=_left_out(review),
        key=tuple(KeySize(n, _radius(n, largest)) for n in KEY if n <= largest),
        given=wording(data, "intervention"), other=wording(data, "other"),
        parts=wording(data, "parts"))


class _Cells:
    """The cells of a map whose largest estimate has a given number of participants."""

    def __init__(self, review: Review, there: Mapping[tuple[str, str], Found], largest: float):
        self._review, self._there, self._largest = review, there, largest
        addresses = Addresses(review.data)
        self._findings = {i: Findings(review.data, i, addresses) for i in review.data.indications}

    def row(self, family: str, name: Label | None) -> Row:
        cells = tuple(self._cell(family, i) for i in self._findings)
        return Row(family, name, any(c.k or c.finding for c in cells), cells)

    def _cell(self, family: str, indication: str) -> Cell:
        here, ev = self._there.get((family, indication), Found()), self._review.evidence[indication]
        known = tuple(
            Known(kind, len(here.trials[kind]),
                  sum(size_of_trial(ev, t) or 0 for t in here.trials[kind]))
            for kind in KINDS if here.trials.get(kind))
        finding = self._findings[indication].of(here.shown) if here.shown else None
        return Cell(indication, here.state, _where(here.state, family, indication, finding), known,
                    sum(k.k for k in known if k.kind != "animal"), finding,
                    _radius(here.shown["n"], self._largest) if finding else 0.0)


def _where(state: str, family: str, indication: str, finding: Finding | None) -> str:
    """Where a cell leads: to its figure, else to the trials, else nowhere."""
    if finding:
        return finding.href
    if state == "animals":
        return "notebooks/animal-experiments.html"
    if state == "ghost":
        return Addresses.chapter(indication, "harms" if family == HARMS else "benefits")
    return ""


def _radius(n: float, largest: float) -> float:
    """The radius of a circle whose area grows with a number of participants."""
    return round(max(LEAST, RADIUS * math.sqrt(min(1.0, n / largest if largest else 0.0))), 1)


def _family_of(data: Dataset, result: dict) -> str:
    """The row of the map that an analysis belongs to."""
    question = result["question"]
    if question["target_type"] == "event":
        return HARMS
    outcome = question["target"]
    if question["target_type"] == "family":  # an analysis may have a family of its own making
        outcome = next((h["outcome"] for h in data.records("hierarchy")
                        if h["family"] == question["target"]), "")
    return data.kind("outcome", outcome) or question["target"]


def _families(ev: Evidence, studies: list[str]) -> set[str]:
    """Families of which the reports of a trial have a row, be it without a usable number."""
    out = {ev.data.kind("outcome", row["outcome"]) for (study, _), rows in ev.outcomes.items()
           if study in studies for row in rows}
    out |= {ev.data.kind("outcome", row["outcome"]) for study in studies
            for row in ev.contrasts.get(study, ())}
    if any(study in studies for study, _ in ev.events):
        out.add(HARMS)
    return out


def _counts(there: Mapping[tuple[str, str], Found]) -> Counts:
    """How much of the map holds an estimate."""
    states = Counter(f.state for f in there.values())
    pooled = sum(f.state == "estimate" and f.shown["k"] > 1 for f in there.values())
    return Counts(len(there) - states["none"], pooled, states["estimate"] - pooled,
                  states["alone"], states["ghost"] + states["animals"])


def _left_out(review: Review) -> tuple[LeftOut, ...]:
    """How many trials are in no count, by reason."""
    why: Counter = Counter()
    for indication in review.data.indications:
        ev = review.evidence[indication]
        for trial in trials(ev):
            if not_counted(ev, trial):
                why[ev.taken_back(trial) or (
                    "nameless" if ev.nameless(ev.studies[trial]) else "shared")] += 1
    return tuple(LeftOut(reason, k) for reason, k in why.most_common())
