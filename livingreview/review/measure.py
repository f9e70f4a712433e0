"""What kind of effect a result is: how it is read, and where there is no difference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_MOST = 4  # decimals of a difference
FEW = 5  # below this many trials a prediction interval is very uncertain


@dataclass(frozen=True)
class Measure:
    """How an effect measure is read; a share of patients has no null."""

    null: float | None
    decimals: int
    binary: bool


MEASURES = {
    "MD": Measure(0.0, 1, False), "SMD": Measure(0.0, 2, False), "RR": Measure(1.0, 2, True),
    "OR": Measure(1.0, 2, True), "HR": Measure(1.0, 2, True), "RD": Measure(0.0, 2, True),
    "mean-change": Measure(0.0, 1, False), "proportion": Measure(None, 1, True)}


def measure(result: dict) -> Measure:
    """The effect measure of a result; a difference in a natural unit as its interval asks for."""
    found = MEASURES[result["question"]["measure"]]
    if found.binary or not result["question"].get("unit") or found == MEASURES["SMD"]:
        return found
    return replace(found, decimals=_decimals(result["pooled"]))


def _decimals(pooled: dict | None) -> int:
    """Decimals that show two digits of half the interval: 0.18 % has two, 35 m has one."""
    if not pooled or pooled["ci_low"] is None:
        return 1
    half = (pooled["ci_high"] - pooled["ci_low"]) / 2
    return min(_MOST, max(1, 1 - math.floor(math.log10(half)))) if half > 0 else 1


def ratio(result: dict) -> bool:
    """Whether a result is a ratio."""
    return measure(result).null == 1


def uncontrolled(result: dict) -> bool:
    """Whether a result is of treated patients alone, without a comparison."""
    return result["question"]["comparison"] == "uncontrolled"


def varying(result: dict) -> dict:
    """The pool that says how much the trials of a result differ: one with a τ² of its own."""
    pooled = result["pooled"]
    return result["random_effects"] or pooled if pooled["tau2"] is None else pooled


def weightless(result: dict, study: dict) -> bool:
    """Whether a trial has the weight 0 in a pool that its numbers move all the same."""
    return (study["yi"] is not None and study["weight"] == 0
            and result["pooled"]["model"] == "mantel-haenszel")
