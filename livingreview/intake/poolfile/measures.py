"""The effect measures of `pool`: their columns, their function, and the scale readers know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

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
PAIRED = ("both", "first", "second", "neither")
SPREAD_CHANGE = ("sd_pre", "sd_post", "n", "r")
DELTA = ("m1", "n1", "m2", "sd2", "n2")
ALPHA = ("alpha", "items", "n")
REGRESSION = ("tstat", "n", "predictors")
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


def _bonett(value):
    """The alpha of −ln(1 − alpha)."""
    return -np.expm1(-value)


def _hakstian(value):
    """The alpha of 1 − (1 − alpha)^⅓."""
    return 1 - (1 - value) ** 3


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
    fixed : dict
        What `effects` is told beside the columns.
    variances : tuple of str
        Variances that can be asked for, by metafor's names; the first where none is.
    told_as : str
        The argument of `effects` that takes one of them.
    zero_cells : str or None
        Tables to which 0.5 is added where nothing is asked; None where a zero needs no correction
        and gets none.
    size : str or None
        The column whose harmonic mean `back` needs beside a pooled value.
    """

    columns: tuple[str, ...] = ()
    effects: Callable[..., synthesis.Effects] | None = None
    back: Callable = _same
    null: float | None = 0.0
    fixed: dict[str, Any] = field(default_factory=dict)
    variances: tuple[str, ...] = ()
    told_as: str = "variance"
    zero_cells: str | None = "only"
    size: str | None = None

    @property
    def ratio(self) -> bool:
        """Whether effects are natural logarithms."""
        return self.back is np.exp

    @property
    def transformed(self) -> bool:
        """Whether readers know another scale than that of the effects."""
        return self.back is not _same

    @property
    def of_events(self) -> bool:
        """Whether it is computed from counts of events."""
        return self.columns in (COUNTS, RATES, PROPORTION, RATE, PAIRED)


def _one_arm(columns, effects, back=_same, **more) -> Measure:
    return Measure(columns, effects, back, None, **more)


def _paired(measure, back=np.exp) -> Measure:
    return Measure(PAIRED, synthesis.paired_risks, back, fixed={"measure": measure})


def _z(columns, effects) -> Measure:
    return Measure(columns, effects, np.tanh, fixed={"fisher": True})


_NORMAL, _PLAIN = {"distribution": "normal"}, {"zero_cells": None}
_SMD, _ROM = ("LS", "LS2", "UB", "AV"), ("LS", "HO", "AV", "AVHO")
_MEAN = ("LS", "AV")
_SAMPLING = {"told_as": "sampling"}
# The measures of one kind of data stand together; the sources are with their functions.
MEASURES = {
    "MD": Measure(MEANS, synthesis.mean_difference, variances=("LS", "HO")),
    "SMD": Measure(MEANS, synthesis.standardised_mean_difference, variances=(*_SMD, "RevMan")),
    "ROM": Measure(MEANS, synthesis.ratio_of_means, np.exp, variances=_ROM),
    "RR": Measure(COUNTS, synthesis.risk_ratio, np.exp),
    "OR": Measure(COUNTS, synthesis.odds_ratio, np.exp),
    "RD": Measure(COUNTS, synthesis.risk_difference, variances=("LS", "UB", "AV"),
                  fixed={"correct": "variance"}),  # as RevMan: nobody had it, no difference
    "PETO": Measure(COUNTS, synthesis.peto_odds_ratio, np.exp, zero_cells="none"),
    "HR": Measure((), None, np.exp),
    "IRR": Measure(RATES, synthesis.rate_ratio, np.exp),
    "IRD": Measure(RATES, synthesis.rate_difference),
    "PR": _one_arm(PROPORTION, synthesis.raw_proportion, variances=("LS", "UB", "AV")),
    "PLO": _one_arm(PROPORTION, synthesis.logit_proportion, _proportion, variances=_MEAN),
    "PLN": _one_arm(PROPORTION, synthesis.log_proportion, np.exp, variances=_MEAN),
    "PAS": _one_arm(PROPORTION, synthesis.arcsine_proportion, _sine, **_PLAIN),
    "PFT": _one_arm(PROPORTION, synthesis.double_arcsine_proportion,
                    synthesis.proportion_from_double_arcsine, size="n", **_PLAIN),
    "IR": _one_arm(RATE, synthesis.incidence_rate),
    "IRLN": _one_arm(RATE, synthesis.log_incidence_rate, np.exp),
    "IRS": _one_arm(RATE, synthesis.root_incidence_rate, _square, **_PLAIN),
    "IRFT": _one_arm(RATE, synthesis.double_root_incidence_rate, synthesis.rate_from_double_root,
                     size="t", **_PLAIN),
    "MN": _one_arm(MEAN, synthesis.raw_mean),
    "MNLN": _one_arm(MEAN, synthesis.log_mean, np.exp),
    "SMN": _one_arm(MEAN, synthesis.standardised_mean),
    "CVLN": _one_arm(MEAN, synthesis.log_variation, np.exp),
    "SDLN": _one_arm(SPREAD, synthesis.log_sd, np.exp),
    "SMDH": Measure(MEANS, synthesis.unequal_standardised_mean_difference),
    "SMD1": Measure(DELTA, synthesis.glass_delta, variances=_SMD),
    "SMD1H": Measure((*DELTA, "sd1"), synthesis.glass_delta),
    "VR": Measure(SPREADS, synthesis.variability_ratio, np.exp),
    "CVR": Measure(MEANS, synthesis.variation_ratio, np.exp),
    "D2OR": Measure(MEANS, synthesis.odds_ratio_from_means, np.exp),
    "D2ORN": Measure(MEANS, synthesis.odds_ratio_from_means, np.exp, fixed=_NORMAL),
    "OR2D": Measure(COUNTS, synthesis.smd_from_events),
    "OR2DN": Measure(COUNTS, synthesis.smd_from_events, fixed=_NORMAL),
    "PBIT": Measure(COUNTS, synthesis.probit_difference),
    "AS": Measure(COUNTS, synthesis.arcsine_difference, **_PLAIN),
    "IRSD": Measure(RATES, synthesis.root_rate_difference, **_PLAIN),
    "PPC": Measure(CHANGES, synthesis.pre_post_control),
    "MC": Measure(CHANGE, synthesis.mean_change),
    "SMCC": Measure(CHANGE, synthesis.standardised_mean_change, variances=("LS", "LS2")),
    "SMCR": Measure(CHANGE, synthesis.standardised_mean_change, variances=("LS", "LS2"),
                    fixed={"standardiser": "baseline"}),
    "SMCRH": Measure(CHANGE, synthesis.standardised_mean_change,
                     fixed={"standardiser": "baseline-unequal"}),
    "ROMC": Measure(CHANGE, synthesis.ratio_of_paired_means, np.exp),
    "VRC": Measure(SPREAD_CHANGE, synthesis.paired_variability_ratio, np.exp),
    "CVRC": Measure(CHANGE, synthesis.paired_variation_ratio, np.exp),
    "MPRR": _paired("RR"), "MPOR": _paired("OR"), "MPRD": _paired("RD", _same),
    "MPORC": _paired("conditional-OR"), "MPPETO": _paired("conditional-Peto"),
    "COR": Measure(CORRELATION, synthesis.raw_correlation, variances=_MEAN),
    "UCOR": Measure(CORRELATION, synthesis.unbiased_correlation, variances=("LS", "UB", "AV")),
    "ZCOR": Measure(CORRELATION, synthesis.fisher_z, np.tanh),
    "PCOR": Measure(REGRESSION, synthesis.partial_correlation, variances=_MEAN),
    "ZPCOR": _z(REGRESSION, synthesis.partial_correlation),
    "SPCOR": Measure((*REGRESSION, "rsq"), synthesis.semipartial_correlation, variances=_MEAN),
    "ZSPCOR": _z((*REGRESSION, "rsq"), synthesis.semipartial_correlation),
    "PHI": Measure(COUNTS, synthesis.phi_coefficient, variances=("CS", "ST"), **_SAMPLING,
                   **_PLAIN),
    "ZPHI": replace(_z(COUNTS, synthesis.phi_coefficient), variances=("CS", "ST"), **_SAMPLING,
                    **_PLAIN),
    "YUQ": Measure(COUNTS, synthesis.yule_q), "YUY": Measure(COUNTS, synthesis.yule_y),
    "RTET": Measure(COUNTS, synthesis.tetrachoric, zero_cells="none"),
    "ZTET": replace(_z(COUNTS, synthesis.tetrachoric), zero_cells="none"),
    "RPB": Measure(MEANS, synthesis.point_biserial, variances=("ST", "CS"), **_SAMPLING),
    "ZPB": replace(_z(MEANS, synthesis.point_biserial), variances=("ST", "CS"), **_SAMPLING),
    "RBIS": Measure(MEANS, synthesis.biserial), "ZBIS": _z(MEANS, synthesis.biserial),
    "ARAW": _one_arm(ALPHA, synthesis.cronbach_alpha),
    "AHW": _one_arm(ALPHA, synthesis.cronbach_alpha, _hakstian, fixed={"scale": "cube-root"}),
    "ABT": _one_arm(ALPHA, synthesis.cronbach_alpha, _bonett, fixed={"scale": "log"}),
    "GEN": Measure(),
}
VARIANCES = tuple(dict.fromkeys(v for one in MEASURES.values() for v in one.variances))
