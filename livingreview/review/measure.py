"""What kind of effect a result is: how it is read, and where there is no difference."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The effect measure of a result."""
    return MEASURES[result["question"]["measure"]]


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
