"""The prior of τ under which few trials of an analysis are pooled, and where its scale is from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..effects import Analysis, Effect
from ..synthesis import Prior
from ..synthesis.protocol import BESIDE

# Choices of robustness, by their identifiers: how many times as wide the prior of τ is.
WIDTHS = {"posterior": 1.0, "posterior-half": 0.5, "posterior-double": 2.0}


@dataclass(frozen=True)
class Chosen:
    """A prior with its trace.

    Attributes
    ----------
    prior : Prior
        In the unit of the effects.
    row : int
        Line of ``priors.csv``.
    share, sd : float or None
        The scale is ``share`` of ``sd``, the unit information SD of the trials; None where the row
        states the scale itself.
    trials : tuple of str
        Those of which ``sd`` is.
    """

    prior: Prior
    row: int
    share: float | None = None
    sd: float | None = None
    trials: tuple[str, ...] = ()


def chosen(data: Dataset, analysis: Analysis, effects: Sequence[Effect]) -> Chosen | None:
    """The prior of an analysis: its measure's row of ``priors.csv``, on 0 to 100 before any other.

    Parameters
    ----------
    data : Dataset
    analysis : Analysis
    effects : sequence of Effect
        Of the main analysis; a scale that is a share rests on them.

    Returns
    -------
    Chosen or None
        None where the scale is a share and no trial tells its number of participants.
    """
    row = _row(data, analysis)
    if row is None:
        return None
    if row["share"] is None:
        return Chosen(_prior(row, row["scale"]), row["row"])
    known = [e for e in effects if e.yi is not None and e.participants]
    if not known:
        return None
    sd = unit_information_sd(known)
    return Chosen(_prior(row, row["share"] * sd), row["row"], row["share"], sd,
                  tuple(e.trial_id for e in known))


def prior_for(data: Dataset, analysis: Analysis, effects: Sequence[Effect]) -> Prior | None:
    """The prior of an analysis alone; as `chosen`."""
    found = chosen(data, analysis, effects)
    return None if found is None else found.prior


def trace(found: Chosen | None) -> dict | None:
    """Where the scale of a prior is from, by the keys of ``results.json``.

    ``row`` of ``priors.csv``; ``share`` and ``sd``, whose product the scale is, with the ``trials``
    that the SD is of, where the row states no scale.
    """
    if found is None:
        return None
    return {"row": found.row, "share": found.share, "sd": found.sd, "trials": list(found.trials)}


def unit_information_sd(effects: Sequence[Effect]) -> float:
    """The SD that one participant's share of the effects has: √(Σn ÷ Σ1/v).

    For a difference of two arms of equal size it is twice the SD of the outcome, for one arm's mean
    the SD itself.

    Parameters
    ----------
    effects : sequence of Effect
        With effect, variance and number of participants.

    References
    ----------
    Röver C, Bender R, Dias S, et al. (2021). On weakly informative prior distributions for the
    heterogeneity parameter in Bayesian random-effects meta-analysis. Research Synthesis Methods
    12:448–474, equation 6.
    """
    return math.sqrt(sum(e.participants for e in effects) / sum(1 / e.vi for e in effects))


def _row(data: Dataset, analysis: Analysis) -> Mapping | None:
    rows = {row["rescale"]: row for row in data.records("priors")
            if row["measure"] == analysis.measure}
    return (rows.get("yes") if analysis.rescale else None) or rows.get(None)


def _prior(row: Mapping, scale: float) -> Prior:
    return Prior(row["family"], scale, row["df"], row["location"])


def few(k: int) -> bool:
    """Whether so many trials are pooled by a posterior, or with one beside the pool."""
    return k == 2 or k in BESIDE
