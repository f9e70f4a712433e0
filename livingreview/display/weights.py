"""Weights of trials as readers see them; one that does not tell what a trial does says so."""

from __future__ import annotations

from . import words
from .html import interval, number

SIGN = "#"
NONE = f"0% {SIGN}"
SMALLEST = 0.0005  # below it a weight would be printed as 0.0%
# Why a trial of a Mantel–Haenszel pool has the weight 0, and what it does there.
REASONS = {
    "RR": "no event in the control arm, so no Mantel–Haenszel weight, yet the events of the other "
          "arm count in the sum",
    "OR": "a cell of the table is empty, so no Mantel–Haenszel weight, yet the others count in the "
          "sum"}


def percent(weight: float) -> str:
    """A weight in percent, never as 0.0%.

    >>> percent(0.123), percent(0.0001)
    ('12.3%', '<0.1%')
    """
    return "<0.1%" if weight < SMALLEST else f"{number(100 * weight, 1)}%"


def weightless(result: dict, study: dict) -> bool:
    """Whether a trial has the weight 0 in a pool that its numbers move all the same."""
    return study["weight"] == 0 and result["pooled"]["model"] == "mantel-haenszel"


def shown(result: dict, study: dict) -> str:
    """The weight of a trial; empty where it is in no pool, or alone."""
    if study["weight"] is None or result["k"] < 2:
        return ""
    return NONE if weightless(result, study) else percent(study["weight"])


def _without(result: dict, study: dict) -> str:
    """The estimate without a trial of weight 0; results of earlier versions do not hold it."""
    rest, d = study.get("without"), words.decimals(result)
    if not rest or rest.get("estimate") is None:
        return ""
    by = "" if rest["model"] == result["pooled"]["model"] else " by inverse variance"
    return f"{number(rest['estimate'], d)} ({interval(rest['ci_low'], rest['ci_high'], d)}){by}"


def note(result: dict, study: dict) -> str:
    """What stands beside the weight 0 of a trial; empty for other trials."""
    if not weightless(result, study):
        return ""
    rest = _without(result, study)
    return f"{REASONS[result['question']['measure']]}" + (f"; without it {rest}" if rest else "")


def footnote(names: dict[str, str], result: dict) -> str:
    """The sentence under a figure on its trials of weight 0; empty where there are none."""
    bare = [s for s in result["studies"] if weightless(result, s)]
    if not bare:
        return ""
    named = ", ".join(f"without {names[s['trial_id']]} {rest}" for s in bare
                      if (rest := _without(result, s)))
    said = f"{SIGN} {REASONS[result['question']['measure']]}"
    return f"{said}; the estimate is {named}." if named else f"{said}."
