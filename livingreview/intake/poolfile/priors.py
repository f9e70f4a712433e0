"""The prior on τ of a pool: the one that is asked for, or that of the table of priors."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...data.project import default_folder
from ...synthesis import Prior
from .question import Question, prior_of
from .trials import Trials

TABLE = "priors.csv"
# Measures of `pool` by the names that the table has for their like.
_NAMES = {"PETO": "OR", "IRR": "RR", "SMDH": "SMD", "MC": "mean-change", "PLO": "proportion"}
_SIZES = ("n1", "n2", "n")


@dataclass(frozen=True)
class Chosen:
    """A prior on τ and where it comes from.

    Attributes
    ----------
    prior : Prior
        In the unit of the effects (log scale for ratios).
    source : str or None
        The row of the table of priors; None where the call names it.
    share, sd : float or None
        The scale is `share` of `sd`, the unit information SD of the trials, where the table has no
        scale of its own.
    """

    prior: Prior
    source: str | None = None
    share: float | None = None
    sd: float | None = None


def prior_for(question: Question, trials: Trials) -> Chosen | None:
    """The prior on τ; None where neither the call nor the table has one for these trials."""
    if question.prior:
        return Chosen(prior_of(question.prior))
    row = _row(_NAMES.get(question.measure, question.measure))
    if row is None:
        return None
    source = f"{TABLE}: {row['measure']}"
    df, location = _number(row, "df"), _number(row, "location")
    if (scale := _number(row, "scale")) is not None:
        return Chosen(Prior(row["family"], scale, df, location), source)
    share, sd = _number(row, "share"), _unit_information_sd(trials)
    if sd is None:
        return None
    return Chosen(Prior(row["family"], share * sd, df, location), source, share, sd)


def _row(measure: str) -> Mapping[str, str] | None:
    """The row of a measure that is on no common scale; None without one, or without the table."""
    path = default_folder() / TABLE
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return next((row for row in csv.DictReader(file)
                     if row["measure"] == measure and not row["rescale"]), None)


def _number(row: Mapping[str, str], name: str) -> float | None:
    return float(row[name]) if row[name] else None


def _unit_information_sd(trials: Trials) -> float | None:
    """The SD of one participant's share of the effects; None where no column counts them.

    Formula: √(Σn ÷ Σ1/v) over the trials with an effect.

    References
    ----------
    Röver C, Bender R, Dias S, et al. (2021). Research Synthesis Methods 12:448–474, equation 6.
    """
    sizes = [trials.numbers[name] for name in _SIZES if name in trials.numbers]
    if not sizes:
        return None
    n = np.sum(sizes, axis=0)[trials.used]
    return float(np.sqrt(n.sum() / (1 / trials.vi[trials.used]).sum()))
