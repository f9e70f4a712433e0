"""Why an estimate has its certainty: a step for each domain, with the numbers that decided it."""

from __future__ import annotations

from ..data.dataset import Dataset
from .base import Label, Struct, View, label, wording
from .finding import Question, question


class Share(Struct):
    """A share, and the decimals of its percentage that tell it from the share asked for."""

    value: float
    decimals: int


class Step(Struct):
    """What one domain changes."""

    domain: str  # a word of `certainty_domain`
    name: Label
    change: int  # in levels; the level that the first step starts at
    rules: tuple[str, ...]  # rules of ``certainty_rules.csv`` that changed it
    facts: dict  # what the rules looked at; shares of the weight are of the class `Share`


class Target(Struct):
    """What is rated: see :class:`livingreview.review.imprecision.Target`."""

    kind: str
    side: str
    mid: float | None


class Certainty(View, template="certainty"):
    """The way to the certainty of an estimate."""

    question: Question
    k: int
    level: str
    # what is rated; None without a comparison, and in results of before there were targets
    target: Target | None
    # the optimal information size and what it was computed of, as imprecision has it
    information: dict | None
    steps: tuple[Step, ...]
    below: int  # levels that the rules take off beyond the lowest there is
    surrogates: Label


def certainty(data: Dataset, result: dict) -> Certainty | None:
    """The trace of a certainty; None where a result is not rated.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json``.
    """
    rated = result["certainty"]
    if not rated:
        return None
    steps = tuple(Step(s["domain"], label(data, "certainty_domain", s["domain"]), s["change"],
                       tuple(s["rules"]), _facts(s["facts"])) for s in rated["steps"])
    start, *rest = steps
    down = -sum(s.change for s in rest)
    target = rated.get("target")
    information = next((s.facts.get("information") for s in rest if s.domain == "imprecision"),
                       None)
    return Certainty(question(data, result), result["k"], rated["level"],
                     Target(**target) if target else None, information, steps,
                     max(0, 1 - (start.change - down)), wording(data, "surrogates"))


def _facts(facts: dict) -> dict:
    """The facts of a step with the decimals of their percentages."""
    asked = facts.get("share_asked")
    return {name: Share(value, _decimals(value, asked))
            if name.startswith("share_") and name != "share_asked" else value
            for name, value in facts.items()}


def _decimals(share: float, beside: float | None) -> int:
    """Decimals with which the percentage of a share is not that of the share beside it."""
    if beside is None or share == beside:
        return 0
    return next((d for d in range(4) if f"{100 * share:.{d}f}" != f"{100 * beside:.{d}f}"), 3)
