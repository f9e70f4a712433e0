"""Which model pools a set of trials: the rules of this review's protocol, in one place.

The rules look at nothing but the effects, their variances and the 2 × 2 tables behind them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from .bayes import Posterior, Prior, posterior
from .errors import SynthesisError, effects, probability, tables
from .event_tables import mantel_haenszel
from .pooling import Pooled, pool

__all__ = ["BESIDE", "apart", "common_effect", "empty_cell", "main_pool", "posterior_pool"]

BESIDE = (3, 4)  # numbers of trials for which a posterior stands beside the pool
_OF_TABLES = ("RR", "OR", "RD")  # measures that Mantel–Haenszel pools without correction


def main_pool(
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    measure: str,
    tables: tuple[ArrayLike, ...] | None = None,
    zero_cells: bool | None = None,
    prior: Prior | None = None,
    tau2_method: str = "REML",
    interval: str = "hksj-guard",
    level: float = 0.95,
) -> Pooled:
    """Pool trials by the protocol's main model.

    The first rule that fits: one trial stands alone; tables with an empty cell are pooled by
    Mantel–Haenszel without correction, where it is defined; two trials by the posterior under the
    prior on τ; all else by random effects with the estimator and interval given. Two trials whose
    intervals do not overlap have no common effect: Mantel–Haenszel, which assumes one, is not for
    them, and the posterior stands.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances; ratios on the log scale.
    measure : str
        Name of the measure; Mantel–Haenszel is for 'RR', 'OR' and 'RD'.
    tables : tuple of array_like, each of shape (m,), optional
        Events and totals of arms 1, then of arms 2: e1, n1, e2, n2. Trials that give no effect may
        be among them; Mantel–Haenszel then has a weight for each of these m rows.
    zero_cells : bool, optional
        Whether a trial of the question has an empty cell, also one that is not in `tables`. None
        looks for one there.
    prior : Prior, optional
        On τ, in the unit of `yi`; needed for two trials.
    tau2_method : str
        Of random effects, as in :func:`~livingreview.synthesis.pool`.
    interval : str
        Of random effects, as in :func:`~livingreview.synthesis.pool`.
    level : float
        Of all intervals.

    Returns
    -------
    Pooled
        ``model`` is 'random' (of one trial: the trial), 'mantel-haenszel' or 'posterior'.

    Raises
    ------
    SynthesisError
        If two trials come without a prior, or as `pool`, `mantel_haenszel` and `posterior`.

    References
    ----------
    Röver C, Bender R, Dias S, et al. (2021). On weakly informative prior distributions for the
    heterogeneity parameter in Bayesian random-effects meta-analysis. Research Synthesis Methods
    12:448–474.
    """
    y, v = effects(yi, vi)
    two = y.size == 2
    if zero_cells is None:
        zero_cells = tables is not None and empty_cell(*tables)
    if y.size > 1 and zero_cells and tables is not None and measure in _OF_TABLES and not (
            two and apart(y, v, level)):
        try:
            return mantel_haenszel(*tables, measure=measure, level=level)
        except SynthesisError:  # undefined, as where no control had the event: the next rule
            pass
    if not two:
        return pool(y, v, tau2_method=tau2_method, interval=interval, level=level)
    if prior is None:
        raise SynthesisError("two trials are pooled by a posterior, which needs a prior on tau")
    return posterior_pool(y, v, prior, level=level)


def empty_cell(e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike) -> bool:
    """Whether any of the 2 × 2 tables has an empty cell.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals of arms 1 and 2.

    Raises
    ------
    SynthesisError
        If counts are invalid.
    """
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    return bool(((a == 0) | (c == 0) | (a == n1) | (c == n2)).any())


def apart(yi: ArrayLike, vi: ArrayLike, level: float = 0.95) -> bool:
    """Whether two trials contradict each other: their normal intervals do not overlap.

    Parameters
    ----------
    yi, vi : array_like, shape (2,)
        Effects and sampling variances.
    level : float
        Of the intervals.

    Returns
    -------
    bool
        False unless there are exactly two trials.

    Raises
    ------
    SynthesisError
        If a variance is not positive and finite, or `level` is not between 0 and 1.
    """
    y, v = effects(yi, vi)
    half = ndtri(0.5 + probability("level", level) / 2) * np.sqrt(v)
    return y.size == 2 and bool(abs(y[0] - y[1]) > half.sum())


def common_effect(yi: ArrayLike, vi: ArrayLike, level: float = 0.95) -> Pooled:
    """One effect that all trials share, by inverse variance: what stands in the details."""
    return pool(yi, vi, model="common", interval="z", level=level)


def posterior_pool(
    yi: ArrayLike, vi: ArrayLike, prior: Prior, *, level: float = 0.95
) -> Pooled:
    """Pool by the posterior of the normal–normal model, flat in the effect.

    Conventions: the estimate is the median, `se` the standard deviation, the interval has equal
    tails; τ² and its interval are the squares of the median and limits of τ. The weight of a trial
    is the mean of wᵢ(τ)/Σw(τ), w = 1/(v + τ²), over the posterior of τ: with these weights the
    effects sum to the posterior mean. Q is that of the common effect. There is no p-value, and no
    I², which would be the prior's as much as the trials'.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    prior : Prior
        On τ, in the unit of `yi`.
    level : float
        Of all intervals.

    Returns
    -------
    Pooled
        With ``model='posterior'`` and ``interval='credible'``.

    Raises
    ------
    SynthesisError
        As `posterior`.
    """
    found = posterior(yi, vi, prior, level=level)
    return _as_pooled(found, common_effect(yi, vi, level))


def _as_pooled(found: Posterior, common: Pooled) -> Pooled:
    """A posterior in the fields of a pool; Q and its test are those of the common effect."""
    return replace(
        common, estimate=found.estimate, se=found.sd, ci_low=found.ci_low, ci_high=found.ci_high,
        statistic=None, df=None, p_value=None, tau2=found.tau**2, tau2_low=found.tau_low**2,
        tau2_high=found.tau_high**2, i2=None, h2=None, pi_low=found.pi_low, pi_high=found.pi_high,
        weights=found.weights, model="posterior", tau2_method=None, interval="credible",
        warnings=tuple(found.warnings))
