"""The prior on τ of a pool: the one that is asked for, or that of the table of priors."""

from __future__ import annotations

from dataclasses import dataclass

from ...synthesis import Prior
from .question import Question, prior_of
from .trials import Trials


@dataclass(frozen=True)
class Chosen:
    """A prior on τ and where it comes from.

    Attributes
    ----------
    prior : Prior
        In the unit of the effects (log scale for ratios).
    source : str or None
        What the table of priors says of it; None where the call names it.
    """

    prior: Prior
    source: str | None = None


def prior_for(question: Question, trials: Trials) -> Chosen | None:
    """The prior on τ; None where neither the call nor the table has one."""
    return Chosen(prior_of(question.prior)) if question.prior else None
