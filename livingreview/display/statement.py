"""What is said of a result: the same trials, participants, estimate and certainty on every page."""

from __future__ import annotations

from dataclasses import dataclass

from ..view.finding import marks
from . import words
from .html import attribute

NO_ESTIMATE, NOT_RATED, NOBODY = "no estimate", "not rated", "no participants"


@dataclass(frozen=True)
class Statement:
    """One result in words.

    Attributes
    ----------
    result : str
        Identifier of the analysis.
    k, n : str
        Trials, and their participants, of the estimate.
    without : str
        Participants of trials that give no ratio, who are in no estimate; empty without any.
    estimate : str
        With its interval; that there is none.
    certainty : str
        Its level; that it is not rated.
    """

    result: str
    k: str
    n: str
    without: str
    estimate: str
    certainty: str

    @property
    def number(self) -> str:
        """The participants as a column of them says it."""
        size = self.n.removeprefix(words.AT_LEAST)
        shown = {words.UNSTATED: "not stated", NOBODY: "0"}.get(size, size.partition(" ")[0])
        return shown if size == self.n else f"{words.AT_LEAST}{shown}"


def statement(result: dict) -> Statement:
    """What every page, table and figure says of a result.

    Parameters
    ----------
    result : dict
        One analysis of ``results.json``.
    """
    rated = result["certainty"]
    return Statement(
        result["id"], words.k_words(result),
        words.stated(result) if result["k"] else NOBODY,
        words.without_words(result),
        words.shown_estimate(result, result["pooled"]) if result["pooled"] else NO_ESTIMATE,
        rated["level"] if rated else NOT_RATED)


def mark(result: dict) -> str:
    """The attributes of an element that states a result, for whoever reads the page by machine."""
    return "".join(attribute(name, f"{value}") for name, value in marks(result).items())
