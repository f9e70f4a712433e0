"""As `recomputed`: metafor's measures of association, spread, reliability and pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .. import synthesis as s
from .recomputed import Answers, Pairs, attributes, effects

_MADE_UP = "made-up"
_UNCORRECTED = ("PHI", "RTET")  # to which metafor adds nothing
_DELTA, _FITS = ("m1", "n1", "m2", "sd2", "n2"), ("t", "n", "predictors")
_SD_CHANGES = ("sd_pre", "sd_post", "n", "r")
_NORMAL = {"distribution": "normal"}


def _paired(measure: str) -> Callable:
    return partial(s.paired_risks, measure=measure)


# The function of a measure, its columns where it does not take all, and the name of its variance.
CALLS: dict[str, tuple[Callable, tuple[str, ...] | None, str | None]] = {
    "PHI": (s.phi_coefficient, None, "sampling"), "YUQ": (s.yule_q, None, None),
    "YUY": (s.yule_y, None, None), "RTET": (s.tetrachoric, None, None),
    "PBIT": (s.probit_difference, None, None),
    "OR2DN": (partial(s.smd_from_events, **_NORMAL), None, None),
    "RD": (s.risk_difference, None, "variance"), "MD": (s.mean_difference, None, "variance"),
    "ROM": (s.ratio_of_means, None, "variance"),
    "SMD": (s.standardised_mean_difference, None, "variance"),
    "SMD1": (s.glass_delta, _DELTA, "variance"), "SMD1H": (s.glass_delta, (*_DELTA, "sd1"), None),
    "D2ORN": (partial(s.odds_ratio_from_means, **_NORMAL), None, None),
    "RPB": (s.point_biserial, None, "sampling"), "RBIS": (s.biserial, None, None),
    "SMN": (s.standardised_mean, ("m1", "sd1", "n1"), None),
    "CVRC": (s.paired_variation_ratio, None, None),
    "VRC": (s.paired_variability_ratio, _SD_CHANGES, None),
    "SMCC": (s.standardised_mean_change, None, "variance"),
    "SMCR": (partial(s.standardised_mean_change, standardiser="baseline"), None, "variance"),
    "IRFT": (s.double_root_incidence_rate, None, None), "ARAW": (s.cronbach_alpha, None, None),
    "AHW": (partial(s.cronbach_alpha, scale="cube-root"), None, None),
    "ABT": (partial(s.cronbach_alpha, scale="log"), None, None),
    "PCOR": (s.partial_correlation, _FITS, "variance"),
    "PR": (s.raw_proportion, ("e1", "n1"), "variance"),
    "PLN": (s.log_proportion, ("e1", "n1"), "variance"),
    "PLO": (s.logit_proportion, ("e1", "n1"), "variance"),
    "REH": (s.relative_excess_heterozygosity, None, None),
    "SPCOR": (s.semipartial_correlation, None, "variance"),
    "COR": (s.raw_correlation, None, "variance"),
    "UCOR": (s.unbiased_correlation, None, "variance"),
    "MPRR": (_paired("RR"), None, None), "MPOR": (_paired("OR"), None, None),
    "MPRD": (_paired("RD"), None, None), "MPORC": (_paired("conditional-OR"), None, None),
    "MPPETO": (_paired("conditional-Peto"), None, None),
}


def found(case: Answers, data: dict[str, Answers]) -> s.Effects:
    """Our effects of a case, whose name is measure, variance and what metafor corrected."""
    measure, variance, *to = case["name"].split()
    function, columns, option = CALLS[measure]
    more = {option: variance} if option else {}
    if to and measure not in _UNCORRECTED:
        more["zero_cells"] = {"only0": "only"}.get(to[0], to[0])
    cells = data[case["data"]]
    return function(*(cells[c] for c in columns or cells), **more)


def measures(ref: dict[str, Answers]) -> Pairs:
    """Effects and variances in closed form."""
    for case in ref["escalc"]["cases"]:
        measure = case["name"].split()[0]
        if measure in CALLS and measure != "RTET":
            yield from effects(found(case, ref["escalc"]["data"]), case, _MADE_UP, measure)


def tetrachoric(ref: dict[str, Answers]) -> Pairs:
    """Tetrachoric correlations, of the tables without a zero cell."""
    for case in ref["escalc"]["cases"]:
        if case["name"].startswith("RTET"):
            yield from effects(found(case, ref["escalc"]["data"]), case, _MADE_UP, "RTET")


def estimators(ref: dict[str, Answers]) -> Pairs:
    """τ² and its standard error by HSk, PMM and SJIT, the last of which settles at PM."""
    data = ref["escalc"]["tau2"]
    for name, ours in (("HSk", "HSk"), ("PMM", "PMM"), ("SJIT", "PM")):
        for key, x in (("mean", None), ("line", np.array(data["x"]))):
            fit = s.fit_statistics(data["yi"], data["vi"], x, tau2_method=ours)
            yield from attributes(fit, dict(zip(("tau2", "tau2_se"), data[name][key],
                                                strict=True)), "bcg")
