"""Pooled proportions of treated patients, on the log odds scale inside and in percent outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np
from scipy.special import logit

from .. import synthesis
from ..effects import ArmValue, Effect
from ..synthesis import protocol
from ..synthesis.bayes import Prior

MODEL = "random-intercept logistic"


def percent(log_odds: float) -> float:
    """The proportion in percent; exactly none or all where the log odds are infinite."""
    if np.isinf(log_odds):
        return 100.0 if log_odds > 0 else 0.0
    return 100 * float(synthesis.proportion_from_logit(log_odds))


def table(effects: Sequence[Effect]) -> tuple[np.ndarray, np.ndarray]:
    """Events and totals; fractional where a design effect divided them."""
    return (np.array([e.intervention.events for e in effects], dtype=float),
            np.array([e.intervention.n for e in effects], dtype=float))


def exact(value: ArmValue) -> tuple[float, float]:
    """The exact interval of one study in percent, of the nearest whole counts."""
    events, n = round(value.events), round(value.n)
    return tuple(100 * end for end in synthesis.clopper_pearson(events, n))


def one(events: float, total: float) -> synthesis.Pooled:
    """One study as it is, with its exact interval."""
    with np.errstate(divide="ignore"):
        estimate, low, high = (float(logit(x)) for x in (
            events / total, *synthesis.clopper_pearson(round(events), round(total))))
    none = dict.fromkeys(("se", "statistic", "df", "p_value", "tau2", "tau2_low", "tau2_high",
                          "i2", "h2", "q", "q_df", "q_p", "pi_low", "pi_high"))
    return synthesis.Pooled(k=1, estimate=estimate, ci_low=low, ci_high=high, **none,
                            weights=np.ones(1), model="one-study", tau2_method=None,
                            interval="Clopper–Pearson")


def logistic(events: np.ndarray, totals: np.ndarray, test: str = "t") -> synthesis.Pooled | None:
    """The random-intercept logistic model; None where its likelihood has no maximum.

    The model gives no weights: the share of the patients stands for them. The prediction interval
    is left out below three studies.
    """
    return _logistic(tuple(events), tuple(totals), test)


@lru_cache(maxsize=4096)  # the same counts come back in many variants of an analysis
def _logistic(events: tuple, totals: tuple, test: str) -> synthesis.Pooled | None:
    try:
        fit = synthesis.logistic_pool(events, totals, test=test)
    except synthesis.SynthesisError:
        return None
    few = fit.k < 3
    return synthesis.Pooled(
        k=fit.k, estimate=fit.estimate, se=fit.se, ci_low=fit.ci_low, ci_high=fit.ci_high,
        statistic=None, df=fit.df, p_value=None, tau2=fit.tau2, tau2_low=None, tau2_high=None,
        i2=None, h2=None, q=fit.q, q_df=fit.q_df, q_p=fit.q_p,
        pi_low=None if few else fit.pi_low, pi_high=None if few else fit.pi_high,
        weights=np.array(totals) / sum(totals), model=MODEL, tau2_method="ML", interval=test,
        warnings=fit.warnings)


def inverse_variance(events: np.ndarray, totals: np.ndarray, **options) -> synthesis.Pooled:
    """Log odds weighted by their variances, 0.5 added to a study with none or only events."""
    odds = synthesis.logit_proportion(events, totals)
    return synthesis.pool(odds.yi, odds.vi, **options)


def random_pool(effects: Sequence[Effect]) -> synthesis.Pooled:
    """The logistic model; weighted log odds where it has no answer."""
    return logistic(*table(effects)) or inverse_variance(*table(effects))


def main_pool(effects: Sequence[Effect], prior: Prior | None) -> synthesis.Pooled | None:
    """The protocol's model for proportions.

    One study is shown with its exact interval, two with the posterior of the log odds, or with the
    common log odds where one of them has none or only events and they do not contradict each
    other: a correction would pull the others. None where no patient of several studies had the
    event, or all had it: a bound is given then.
    """
    if not effects:
        return None
    if len(effects) == 1:
        return one(effects[0].intervention.events, effects[0].intervention.n)
    events, totals = table(effects)
    if not 0 < events.sum() < totals.sum():
        return None
    if len(effects) > 2:
        return random_pool(effects)
    odds = synthesis.logit_proportion(events, totals)
    empty = ((events == 0) | (events == totals)).any()
    if empty and not protocol.apart(odds.yi, odds.vi):
        return common(events, totals)
    return protocol.posterior_pool(odds.yi, odds.vi, prior)


def common(events: np.ndarray, totals: np.ndarray) -> synthesis.Pooled | None:
    """One common log odds by maximum likelihood: the logistic model without differences.

    Unlike weighted log odds it adds nothing to a study in which nobody had the event, which would
    pull the common value away from none. None where nobody or everybody had it.
    """
    if not 0 < events.sum() < totals.sum():
        return None
    spread = inverse_variance(events, totals, model="common", interval="z")
    odds = synthesis.logit_proportion([events.sum()], [totals.sum()])
    one = synthesis.pool(odds.yi, odds.vi, model="common", interval="z")
    return replace(one, k=spread.k, q=spread.q, q_df=spread.q_df, q_p=spread.q_p, i2=spread.i2,
                   h2=spread.h2, weights=totals / totals.sum())


def methods(effects: Sequence[Effect]) -> Iterator[tuple[str, Callable]]:
    """Other models of the same counts, the double arcsine turned back to log odds."""
    events, totals = table(effects)
    if not 0 < events.sum() < totals.sum():
        return
    for id_, fit, options in (
            ("logistic", logistic, {}), ("logistic-z", logistic, {"test": "z"}),
            ("logistic-common", common, {}), ("logit", inverse_variance, {}),
            ("logit-dl", inverse_variance, {"tau2_method": "DL"}),
            ("logit-common", inverse_variance, {"model": "common", "interval": "z"}),
            ("double-arcsine", double_arcsine, {})):
        yield id_, partial(fit, events, totals, **options)


def double_arcsine(events: np.ndarray, totals: np.ndarray) -> synthesis.Pooled:
    """Pool double arcsines; the estimate and its interval turned back at the harmonic mean size."""
    found = synthesis.double_arcsine_proportion(events, totals)
    pooled = synthesis.pool(found.yi, found.vi)
    estimate, low, high = turned_back([pooled.estimate, pooled.ci_low, pooled.ci_high], totals)
    return replace(pooled, estimate=estimate, ci_low=low, ci_high=high, pi_low=None, pi_high=None)


def turned_back(values: Sequence[float], totals: np.ndarray) -> list[float]:
    """Double arcsines as log odds, infinite where the proportion is none or all."""
    shares = synthesis.proportion_from_double_arcsine(values, synthesis.harmonic_mean(totals))
    with np.errstate(divide="ignore"):
        return [float(x) for x in logit(shares)]
