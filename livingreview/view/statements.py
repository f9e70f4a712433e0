"""The sentences that say what an estimate and its certainty mean, for the page of methods."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review.imprecision import LITTLE
from .base import Label, Struct, View, wording
from .finding import LEVELS, grammatical_number

KINDS = ("score", "event")
DIRECTIONS = ("better", "unclear", "worse")
# Of scores alone a smallest difference that matters is known.
SMALL = tuple(("score", direction, LITTLE) for direction in ("better", "worse"))


class Case(Struct):
    """A kind of outcome, a side of the estimate, what is rated of it, and how certain it is."""

    kind: str
    direction: str
    target: str  # ``little`` where the estimate is smaller than what patients notice, else empty
    level: str


class Statements(View, template="statements"):
    """Every case that a sentence is written for."""

    given: Label
    number: int  # grammatical number of what is given: 1, or 2 for a plural
    cases: tuple[Case, ...]


def statements(data: Dataset) -> Statements:
    """All cases, the surest first."""
    kinds = [(kind, direction, "") for kind in KINDS for direction in DIRECTIONS]
    cases = tuple(Case(*one, level) for kind in KINDS for level in reversed(LEVELS)
                  for one in (*kinds, *SMALL) if one[0] == kind)
    return Statements(wording(data, "intervention"), grammatical_number(data), cases)
