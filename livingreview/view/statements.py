"""The sentences that say what an estimate and its certainty mean, for the page of methods."""

from __future__ import annotations

from dataclasses import dataclass

from .base import View
from .finding import LEVELS

KINDS = ("score", "event")
DIRECTIONS = ("better", "unclear", "worse")


@dataclass(frozen=True)
class Case:
    """A kind of outcome, a side of the estimate and a level of certainty."""

    kind: str
    direction: str
    level: str


@dataclass(frozen=True)
class Statements(View):
    """Every case that a sentence is written for."""

    template = "statements"

    cases: tuple[Case, ...]


def statements() -> Statements:
    """All cases, the surest first."""
    return Statements(tuple(Case(kind, direction, level) for kind in KINDS
                            for level in reversed(LEVELS) for direction in DIRECTIONS))
