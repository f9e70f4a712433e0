"""The effect measures of `pool`: their columns, their function, and the scale readers know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ... import synthesis

MEANS = ("m1", "sd1", "n1", "m2", "sd2", "n2")
COUNTS = ("e1", "n1", "e2", "n2")
RATES = ("e1", "t1", "e2", "t2")
PROPORTION = ("e", "n")
RATE = ("e", "t")
MEAN = ("m", "sd", "n")
SPREAD, SPREADS = ("sd", "n"), ("sd1", "n1", "sd2", "n2")
CORRELATION = ("r", "n")
CHANGE = ("m_pre", "sd_pre", "m_post", "sd_post", "n", "r")
CHANGES = ("m_pre1", "sd_pre1", "m_post1", "n1", "m_pre2", "sd_pre2", "m_post2", "n2", "r")
EFFECTS = ("yi", "vi", "se")


def _same(value):
    return value


def _proportion(value):
    """The proportion of a logit, also of one beyond the range of its function."""
    return 1 / (1 + np.exp(-value))


def _square(value):
    """The rate of a square root; a limit below 0 is 0."""
    return np.maximum(value, 0.0) ** 2


def _sine(value):
    """The proportion of an arcsine square root; limits beyond its range are 0 and 1."""
    return np.sin(np.clip(value, 0.0, np.pi / 2)) ** 2


@dataclass(frozen=True)
class Measure:
    """An effect measure.

    Attributes
    ----------
    columns : tuple of str
        What it is computed from; empty where effects are taken as they are.
    effects : callable or None
        Effects from these columns, in their order.
    back : callable
        From the scale of the effects to the one that readers know.
    null : float or None
        The effect that means "no difference", on the scale of the effects; None for a single
        arm, which is compared with nothing.
    """

    columns: tuple[str, ...] = ()
    effects: Callable[..., synthesis.Effects] | None = None
    back: Callable = _same
    null: float | None = 0.0

    @property
    def ratio(self) -> bool:
        """Whether effects are natural logarithms."""
        return self.back is np.exp

    @property
    def transformed(self) -> bool:
        """Whether readers know another scale than that of the effects."""
        return self.back is not _same


def _one_arm(columns, effects, back=_same) -> Measure:
    return Measure(columns, effects, back, None)


MEASURES = {
    "MD": Measure(MEANS, synthesis.mean_difference),
    "SMD": Measure(MEANS, synthesis.standardised_mean_difference),
    "ROM": Measure(MEANS, synthesis.ratio_of_means, np.exp),
    "RR": Measure(COUNTS, synthesis.risk_ratio, np.exp),
    "OR": Measure(COUNTS, synthesis.odds_ratio, np.exp),
    "RD": Measure(COUNTS, synthesis.risk_difference),
    "PETO": Measure(COUNTS, synthesis.peto_odds_ratio, np.exp),
    "HR": Measure((), None, np.exp),
    "IRR": Measure(RATES, synthesis.rate_ratio, np.exp),
    "IRD": Measure(RATES, synthesis.rate_difference),
    "PR": _one_arm(PROPORTION, synthesis.raw_proportion),
    "PLO": _one_arm(PROPORTION, synthesis.logit_proportion, _proportion),
    "PFT": _one_arm(PROPORTION, synthesis.double_arcsine_proportion,
                    synthesis.proportion_from_double_arcsine),
    "IR": _one_arm(RATE, synthesis.incidence_rate),
    "IRLN": _one_arm(RATE, synthesis.log_incidence_rate, np.exp),
    "IRS": _one_arm(RATE, synthesis.root_incidence_rate, _square),
    "MN": _one_arm(MEAN, synthesis.raw_mean),
    "MNLN": _one_arm(MEAN, synthesis.log_mean, np.exp),
    "AS": Measure(COUNTS, synthesis.arcsine_difference),
    "IRSD": Measure(RATES, synthesis.root_rate_difference),
    "SMDH": Measure(MEANS, synthesis.unequal_standardised_mean_difference),
    "VR": Measure(SPREADS, synthesis.variability_ratio, np.exp),
    "CVR": Measure(MEANS, synthesis.variation_ratio, np.exp),
    "OR2D": Measure(COUNTS, synthesis.smd_from_events),
    "D2OR": Measure(MEANS, synthesis.odds_ratio_from_means, np.exp),
    "SDLN": _one_arm(SPREAD, synthesis.log_sd, np.exp),
    "CVLN": _one_arm(MEAN, synthesis.log_variation, np.exp),
    "PPC": Measure(CHANGES, synthesis.pre_post_control),
    "PLN": _one_arm(PROPORTION, synthesis.log_proportion, np.exp),
    "PAS": _one_arm(PROPORTION, synthesis.arcsine_proportion, _sine),
    "MC": Measure(CHANGE, synthesis.mean_change),
    "SMCC": Measure(CHANGE, synthesis.standardised_mean_change),
    "SMCR": Measure(CHANGE, synthesis.standardised_mean_change),
    "SMCRH": Measure(CHANGE, synthesis.standardised_mean_change),
    "ROMC": Measure(CHANGE, synthesis.ratio_of_paired_means, np.exp),
    "COR": Measure(CORRELATION, synthesis.raw_correlation),
    "UCOR": Measure(CORRELATION, synthesis.unbiased_correlation),
    "ZCOR": Measure(CORRELATION, synthesis.fisher_z, np.tanh),
    "GEN": Measure(),
}
OF_EVENTS = frozenset(
    name for name, one in MEASURES.items() if one.columns in (COUNTS, RATES, PROPORTION, RATE))
# What their function is told beside the columns.
FIXED = {"SMCR": {"standardiser": "baseline"}, "SMCRH": {"standardiser": "baseline-unequal"}}
UNCORRECTED = frozenset(("PFT", "PAS", "IRS", "AS", "IRSD"))  # they need no 0.5 for a zero
