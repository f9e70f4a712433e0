"""The known trials of a comparison that are not in its estimate, and why."""

from __future__ import annotations

from ..effects.messages import Message
from ..review.missing import GROUPS
from .base import Label, Struct, View, stated
from .forest import Forests
from .message import message
from .naming import of_study

_COUNTED_BESIDE = "without-events"  # its trials give no ratio; the figure has a row for each


class Left(Struct):
    """A trial that is not in an estimate."""

    trial: str
    href: str
    n: float | None  # None where it is not stated
    why: Message
    concludes: Label | None  # what its report concludes on benefit, where that was read


class State(Struct):
    """Trials in one state."""

    # ``finished-reported``, ``finished-unreported``, ``running``, ``not-known`` or
    # ``without-events``
    state: str
    trials: tuple[Left, ...]


class Outside(View, template="outside"):
    """The trials that are not in an estimate, by their state."""

    uncontrolled: bool
    k: int
    states: tuple[State, ...]


def outside(forests: Forests, result: dict) -> Outside:
    """The known trials of the comparison of an analysis that are not in its estimate.

    Parameters
    ----------
    forests : Forests
        Of its indication.
    result : dict
        One analysis of ``results.json``.
    """
    trials = result["not_in_pool"]["trials"]
    states = tuple(
        State(state, tuple(_left(forests, t) for t in
                           sorted(trials, key=lambda t: -(t["n"] or 0)) if t["group"] == state))
        for state in (*GROUPS, _COUNTED_BESIDE))
    states = tuple(s for s in states if s.trials)
    return Outside(result["question"]["comparison"] == "uncontrolled", len(trials), states)


def _left(forests: Forests, trial: dict) -> Left:
    name, href = forests.findings.trial(trial["trial_id"])
    return Left(name, href, trial["n"],
                message(trial["reason"], forests.names, of_study(forests.arms, trial["trial_id"])),
                stated(forests.data, "stated_result", trial["direction"]))
