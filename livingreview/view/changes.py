"""What changed between two versions of the results, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..data.dataset import Dataset
from ..effects.messages import Message
from ..effects.question import RATIOS
from ..review.changes import CAUSES
from .base import Label, Struct, View, label
from .finding import Estimate, estimate_of
from .message import named
from .naming import arm_names, of_study, study_names
from .versions import State

FACTOR = 3  # decimals of a factor
_NAMED = 5  # trials that a cell names


class Side(Struct):
    """An analysis in one version."""

    measure: str
    decimals: int
    k: int
    n: float
    estimate: Estimate | None
    level: str


class Cause(Struct):
    """A cause of a change."""

    kind: str  # one of `livingreview.review.changes.CAUSES`
    # trial, other: identifier and name of its trial, and of another one that the detail names;
    # empty for none
    trial: tuple[str, str]
    other: tuple[str, str]
    detail: tuple[Message, ...]  # with identifiers, for those who look at the files
    said: tuple[Message, ...]  # the detail with names
    estimate: float | None = None  # after this step; None for what is no step
    part: float | None = None  # the part of the change: a difference, or for ratios the factor


class Changed(Struct):
    """An analysis that is not what it was."""

    id: str
    indication: Label
    title: str
    ratio: bool
    # decimals, part_decimals: of its estimate, and of a part of the change
    decimals: int
    part_decimals: int
    # before, now: None where a version does not declare it
    before: Side | None
    now: Side | None
    # steps, causes: the way from the old estimate to the new one, and all causes
    steps: tuple[Cause, ...]
    causes: tuple[Cause, ...]
    total: float | None
    uneven: bool  # whether the parts as they are printed do not give the total that is printed
    # for each kind of cause: the names of its trials, or details, and how many more there are
    named: tuple[tuple[str, tuple[str | tuple[Message, ...], ...], int], ...]
    # resized, wider: with no cause: whether the number of participants, or the interval, is another
    resized: bool
    wider: bool


class Changes(View, template="changes"):
    """What changed between two versions."""

    name: str  # of the table
    since: str  # the version with which these pages are compared
    first: bool = False  # whether they are the first version
    analyses: tuple[Changed, ...] = ()
    unchanged: int = 0
    # data, packages: versions of the data and of the package, then and now
    data: tuple[State, ...] = ()
    packages: tuple[str, ...] = ()
    files: int = 0  # data files that differ


class Outlook(Changes, template="outlook"):
    """What an import changes, before it is done."""


def changed(data: Dataset | None, found: Mapping, name: str = "", since: str = "",
            kind: type[Changes] = Changes) -> Changes:
    """The analyses that changed, and the way of each estimate from then to now.

    Parameters
    ----------
    data : Dataset or None
        For labels and names; without it trials keep their identifiers.
    found : mapping
        From `livingreview.review.changes.changes`.
    name : str, optional
        Of the table.
    since : str, optional
        Name of the older version.
    kind : type, optional
        What is made.
    """
    names = _Names(data)
    both = found["before"], found["now"]
    return kind(name, since, False, tuple(_changed(names, c) for c in found["analyses"]),
                found["unchanged"], tuple(State.of(b["data_version"]) for b in both),
                tuple(b["package_version"] for b in both), len(found["files"]))


class _Names:
    """Names of what changes speak of; a trial that the data do not have keeps its identifier."""

    def __init__(self, data: Dataset | None):
        self._data, self._trials, self._beside = data, {}, {}

    def _has(self, indication: str) -> bool:
        return self._data is not None and indication in self._data.indications

    def indication(self, name: str) -> Label:
        """The label of an indication."""
        return label(self._data, "indication", name) if self._data else Label(name)

    def _of(self, indication: str) -> Mapping[str, str]:
        if indication not in self._trials:  # a page reads only the studies that it names
            known = self._has(indication)
            self._trials[indication] = study_names(self._data, indication) if known else {}
        return self._trials[indication]

    def trial(self, indication: str, trial: str) -> tuple[str, str]:
        """Identifier and name of a trial."""
        return trial, self._of(indication).get(trial, trial) if trial else ""

    def said(self, indication: str, step: Mapping) -> tuple[Message, ...]:
        """A detail with the names of the trials, arms and sources that it speaks of."""
        if not self._has(indication):
            return step["detail"]
        if indication not in self._beside:
            self._beside[indication] = arm_names(self._data, indication), {
                s["source_id"]: s["title"] for s in self._data.records("sources", indication)}
        arms, sources = self._beside[indication]
        known = of_study(arms, step["trial_id"]), self._of(indication), sources
        return tuple(named(one, *known) for one in step["detail"])


def decimals(measure: str) -> int:
    """Decimals of an estimate of a measure."""
    return 2 if measure in (*RATIOS, "SMD", "RD") else 1


def _side(found: Mapping | None) -> Side | None:
    if found is None:
        return None
    return Side(found["measure"], decimals(found["measure"]), found["k"], found["n"],
                estimate_of(found), found["certainty"] or "")


def _cause(names: _Names, change: Mapping, step: Mapping) -> Cause:
    of = change["indication"]
    return Cause(step["cause"], names.trial(of, step["trial_id"]), names.trial(of, step["other"]),
                 step["detail"], names.said(of, step), step.get("estimate"),
                 _part(change, step.get("part")))


def _part(change: Mapping, value: float | None) -> float | None:
    return math.exp(value) if value is not None and change["measure"] in RATIOS else value


def _changed(names: _Names, change: Mapping) -> Changed:
    before, now, d = _side(change["before"]), _side(change["now"]), decimals(change["measure"])
    ratio = change["measure"] in RATIOS
    by_kind = _by_kind(names, change)
    alone = before is not None and now is not None and not by_kind
    steps, causes = (tuple(_cause(names, change, c) for c in change[key])
                     for key in ("steps", "causes"))
    return Changed(
        change["id"], names.indication(change["indication"]), change["title"], ratio, d,
        FACTOR if ratio else d + 1, before, now, steps, causes,
        _part(change, change["total"]), uneven(change), by_kind,
        alone and before.n != now.n, alone and _ends(before) != _ends(now))


def _ends(side: Side) -> tuple[float, float] | None:
    return side.estimate and (side.estimate.low, side.estimate.high)


def _by_kind(names: _Names, change: Mapping) -> tuple[tuple[str, tuple, int], ...]:
    """The trials of each kind of cause; of many the first, and how many more."""
    by_kind: dict[str, list[str | tuple[Message, ...]]] = {}
    for found in change["causes"]:
        by_kind.setdefault(found["cause"], []).append(
            names.trial(change["indication"], found["trial_id"])[1] or found["detail"])
    shown = {kind: len(said) if len(said) <= _NAMED + 1 else _NAMED
             for kind, said in by_kind.items()}
    return tuple((kind, tuple(by_kind[kind][:shown[kind]]), len(by_kind[kind]) - shown[kind])
                 for kind in CAUSES if kind in by_kind)


def uneven(change: Mapping) -> bool:
    """Whether the parts of a change as they are printed do not give the total that is printed."""
    parts = [_part(change, s["part"]) for s in change["steps"]]
    if not parts:
        return False
    ratio = change["measure"] in RATIOS
    d, together = (FACTOR, math.prod) if ratio else (decimals(change["measure"]) + 1, sum)
    return round(together(round(p, d) for p in parts), d) != round(
        _part(change, change["total"]), d)
