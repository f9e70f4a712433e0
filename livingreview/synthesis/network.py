"""Network meta-analysis: many treatments compared at once, by the contrast-based model."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .contrasts import Trial, connected, trial_blocks
from .error_contrasts import Errors, errors
from .errors import FloatArray, SynthesisError, choice, probability
from .network_parts import (
    Design,
    QTest,
    Scale,
    between_designs,
    contribution,
    designs_of,
    independent_rows,
    interaction,
    least_squares,
    net_heat,
    q_test,
)
from .network_split import Split, splits
from .notes import NOTES, maxima
from .regression import quantile, two_sided

TAU2_METHODS = ("REML", "DL", "PM", "common")
PREDICTION_DF = ("df-1", "df", "normal")
INTERVALS = ("z", "t", "hksj-guard")
BETTER = ("higher", "lower")


class Comparison(NamedTuple):
    """Two treatments that trials compare: their number and, where stated, participants."""

    treat1: str
    treat2: str
    k: int
    n: float | None


@dataclass(frozen=True, eq=False)
class Network:
    """A network meta-analysis; what is undefined is None, never NaN.

    Matrices of estimates have the shape (treatments, treatments); cell (i, j) is treatment i minus
    treatment j, in the unit of the effects (log scale for ratios).

    Attributes
    ----------
    treatments : tuple of str
        Sorted.
    reference : str
        The treatment that was named, or that of most trials.
    k : int
        Trials.
    trials : tuple of Trial
    participants : dict of str to float, or None
        By treatment, where they were given.
    comparisons : tuple of Comparison
    estimate, se, ci_low, ci_high, p_values : ndarray
        The diagonal is 0 (p-values: 1).
    pi_low, pi_high : ndarray or None
        Prediction intervals of the true effect in a new trial; None without τ², or with too few
        degrees of freedom for `prediction_df`.
    df : int or None
        Of intervals and tests; None for the normal distribution.
    tau2, tau2_low, tau2_high : float or None
        Between-trial variance of every contrast, and its Q-profile interval; None for the common
        effect and where no trials are to spare.
    i2 : float or None
        Percent; from τ² and the typical sampling variance, for the common effect from Q.
    q : QTest
        Total, with degrees of freedom m − (treatments − 1), m the independent contrasts.
    q_within, q_between : QTest
        Its parts, within designs and between designs, at the common effect.
    interaction : QTest
        Design-by-treatment interaction with random effects, at `interaction_tau2`.
    interaction_tau2 : float or None
        τ² within designs; None where no design has trials to spare.
    designs : tuple of Design
    heat : ndarray, shape (designs, designs)
        Net heat, at the common effect; see `net_heat`.
    p_scores : ndarray, shape (treatments,)
    split : tuple of Split
        Direct, indirect and network estimates of each comparison, by back-calculation.
    pairs : tuple of (str, str)
        All pairs of treatments: the rows of the contributions.
    contribution : ndarray, shape (pairs, pairs), or None
        Share of each direct comparison in each network estimate; rows sum to 1.
    trial_contribution : ndarray, shape (pairs, trials), or None
    components : tuple of tuple of str
        Treatments by connected part of all that was given; this network is of the first.
    others : tuple of Network
        The other parts, each by itself.
    tau2_method, interval, prediction_df, better, level
        What was used.
    warnings : tuple of str
        What the reader should know.
    """

    treatments: tuple[str, ...]
    reference: str
    k: int
    trials: tuple[Trial, ...]
    participants: dict[str, float] | None
    comparisons: tuple[Comparison, ...]
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    p_values: FloatArray
    pi_low: FloatArray | None
    pi_high: FloatArray | None
    df: int | None
    tau2: float | None
    tau2_low: float | None
    tau2_high: float | None
    i2: float | None
    q: QTest
    q_within: QTest
    q_between: QTest
    interaction: QTest
    interaction_tau2: float | None
    designs: tuple[Design, ...]
    heat: FloatArray
    p_scores: FloatArray
    split: tuple[Split, ...]
    pairs: tuple[tuple[str, str], ...]
    contribution: FloatArray | None
    trial_contribution: FloatArray | None
    tau2_method: str
    interval: str
    prediction_df: str
    better: str
    level: float
    components: tuple[tuple[str, ...], ...] = ()
    others: tuple[Network, ...] = ()
    warnings: tuple[str, ...] = ()


def network(
    study: Sequence[Hashable],
    treat1: Sequence[Hashable],
    treat2: Sequence[Hashable],
    yi: ArrayLike,
    vi: ArrayLike,
    *,
    reference: str | None = None,
    tau2_method: str = "REML",
    interval: str = "z",
    prediction_df: str = "df-1",
    better: str = "higher",
    level: float = 0.95,
    cov: Mapping[str, ArrayLike] | None = None,
    participants: Mapping[tuple[str, str], float] | None = None,
) -> Network:
    """Compare all treatments of a network of trials, under consistency.

    Formula: the contrasts of all trials are y = Xθ + noise with covariance S + τ² R, blocks by
    trial; θ are effects against the reference, S the sampling covariance, and R has 1 on the
    diagonal and 1/2 between two contrasts that share an arm (one τ² for all comparisons). Each
    trial's block is diagonalised (`Trial.independent`), so that estimates, τ² (REML at the global
    maximum, DL by the generalised method of moments, PM) and its Q-profile interval are those of a
    meta-regression.

    Conventions. `interval` 'z' is the normal distribution, 't' is t on the degrees of freedom of Q,
    'hksj-guard' t with variances times max(1, Q(τ²)/df). Prediction intervals are
    θ̂ ± t √(se² + τ²), t on df − 1 (the k − 2 of one comparison, by Higgins 2009), on df, or
    normal. P-scores are the mean chance, by estimates and standard errors alone, of being better
    than another treatment. Without degrees of freedom the common effect is computed. The part of
    the network that holds the reference is analysed, without one that of most trials; each other
    part by itself in `others`.

    Parameters
    ----------
    study, treat1, treat2, yi, vi, cov
        As in `trial_blocks`.
    reference : str, optional
    tau2_method : {'REML', 'DL', 'PM', 'common'}
    interval : {'z', 't', 'hksj-guard'}
    prediction_df : {'df-1', 'df', 'normal'}
    better : {'higher', 'lower'}
        Which effects are good, for the P-scores.
    level : float
        Of all intervals.
    participants : mapping of (study, treatment) to float, optional
        Sizes of arms, for sums by treatment and comparison.

    Returns
    -------
    Network

    Raises
    ------
    SynthesisError
        As `trial_blocks`, or if the reference is no treatment, participants lack an arm or an
        option is unknown.

    References
    ----------
    Lu G, Ades AE (2006). Assessing evidence inconsistency in mixed treatment comparisons. Journal
    of the American Statistical Association 101:447–459. Rücker G (2012). Network meta-analysis,
    electrical networks and graph theory. Research Synthesis Methods 3:312–324. Jackson D, White IR,
    Riley RD (2013). A matrix-based method of moments for fitting the multivariate random effects
    model for meta-analysis and meta-regression. Biometrical Journal 55:231–245 (DL). Rücker G,
    Schwarzer G (2015). Ranking treatments in frequentist network meta-analysis works without
    resampling methods. BMC Medical Research Methodology 15:58 (P-scores). Krahn et al. (2013), as
    in `designs_of` (Q). Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). Journal of the Royal
    Statistical Society A 172:137–159 (prediction).
    """
    choice("tau2_method", tau2_method, TAU2_METHODS)
    choice("interval", interval, INTERVALS)
    choice("prediction_df", prediction_df, PREDICTION_DF)
    choice("better", better, BETTER)
    probability("level", level)
    trials = trial_blocks(study, treat1, treat2, yi, vi, cov)
    sizes = _sizes(trials, participants)
    components = connected(trials)
    if reference is not None:
        components = sorted(components, key=lambda part: reference not in part)
        choice("reference", reference, [t for part in components for t in part])
    options = {"tau2_method": tau2_method, "interval": interval, "level": level, "better": better,
               "prediction_df": prediction_df}
    parts = [_part(part, [t for t in trials if t.arms[0] in part],
                   reference if reference in part else None, sizes, options)
             for part in components]
    first, *others = parts
    if not others:
        return Network(**first, components=(first["treatments"],))
    first["warnings"] += (NOTES["disconnected"].format(
        parts=len(parts), named="; ".join(", ".join(part) for part in components)),)
    return Network(**first, components=tuple(components),
                   others=tuple(Network(**o, components=(o["treatments"],)) for o in others))


def _sizes(
    trials: list[Trial], participants: Mapping[tuple[str, str], float] | None
) -> dict[tuple[str, str], float] | None:
    """Participants by study and treatment, as texts; all arms have them, or none."""
    if participants is None:
        return None
    sizes = {(str(name), str(arm)): float(n) for (name, arm), n in participants.items()}
    for trial in trials:
        for arm in trial.arms:
            if (trial.name, arm) not in sizes:
                raise SynthesisError(f"participants lack the arm {arm} of {trial.name}")
    return sizes


def _part(
    treatments: tuple[str, ...], trials: list[Trial], reference: str | None,
    participants: dict[tuple[str, str], float] | None, options: dict[str, Any],
) -> dict[str, Any]:
    """Fields of the network of one connected part."""
    times = {name: sum(name in t.arms for t in trials) for name in treatments}
    base = reference or max(treatments, key=lambda name: times[name])
    fit, theta, covariance, scale = _fit(treatments, trials, base, options)
    tau2 = fit["tau2"] or 0.0
    variance = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    estimate = theta[:, None] - theta
    np.fill_diagonal(variance, 0.0)
    se = np.sqrt(scale.factor * variance)
    half = quantile(scale.level, scale.df) * se
    off = ~np.eye(len(treatments), dtype=bool)
    statistic = np.divide(estimate, se, out=np.zeros_like(se), where=off)
    designs = designs_of(trials)
    pairs = list(combinations(range(len(treatments)), 2))
    index = {name: i for i, name in enumerate(treatments)}
    comparisons = _comparisons(treatments, trials, participants)
    shares = contribution(trials, treatments, pairs, tau2, covariance)
    tested, tested_tau2 = interaction(trials, treatments, options["tau2_method"])
    warnings = [NOTES[key] for key, said in (
        ("no-spare", fit["q"].df == 0),
        ("no-flow", shares is None),
        ("single-trials", len(trials) > 1 and all(c.k == 1 for c in comparisons))) if said]
    edges = {(c.treat1, c.treat2): (float(estimate[index[c.treat1], index[c.treat2]]),
                                    float(variance[index[c.treat1], index[c.treat2]]))
             for c in comparisons}
    return {
        **fit, **options, "treatments": treatments, "reference": base, "k": len(trials),
        "trials": tuple(trials), "comparisons": comparisons, "df": scale.df,
        "participants": None if participants is None else {
            name: sum(participants[t.name, name] for t in trials if name in t.arms)
            for name in treatments},
        "estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half,
        "p_values": two_sided(statistic, scale.df),
        **_prediction(estimate, se, fit, options, off),
        "q_within": q_test(sum(d.within.q for d in designs), sum(d.within.df for d in designs)),
        "q_between": between_designs(designs, treatments),
        "interaction": tested, "interaction_tau2": tested_tau2, "designs": tuple(designs),
        "heat": net_heat(designs, treatments),
        "p_scores": _p_scores(statistic, scale.df, options["better"]),
        "split": tuple(splits(trials, edges, tau2, scale)),
        "pairs": tuple((treatments[i], treatments[j]) for i, j in pairs),
        "contribution": None if shares is None else shares[0],
        "trial_contribution": None if shares is None else shares[1],
        "warnings": (*fit["warnings"], *warnings)}


def _fit(
    treatments: tuple[str, ...], trials: list[Trial], base: str, options: dict[str, Any]
) -> tuple[dict[str, Any], FloatArray, FloatArray, Scale]:
    """Heterogeneity, effects against `base`, their covariance, and how intervals are made."""
    y, v, x = independent_rows(trials, treatments)
    keep = [i for i, name in enumerate(treatments) if name != base]
    theta, covariance = np.zeros(len(treatments)), np.zeros((len(treatments), len(treatments)))
    method, level = options["tau2_method"], options["level"]
    left = errors(y, v, x[:, keep])
    fit: dict[str, Any] = dict.fromkeys(("tau2", "tau2_low", "tau2_high", "i2"))
    fit |= {"q": q_test(left.q(0.0), left.df), "warnings": ()}
    if left.df and method != "common":
        fit["tau2"], peaks = left.tau2(method)
        fit["tau2_low"], fit["tau2_high"] = left.interval(level)
        fit["warnings"] = maxima(peaks)
    if left.df:
        fit["i2"] = (max(0.0, 100 * (1 - left.df / fit["q"].q)) if fit["tau2"] is None
                     and fit["q"].q else left.i2(fit["tau2"] or 0.0))
    tau2 = fit["tau2"] or 0.0
    theta[keep], covariance[np.ix_(keep, keep)], _ = least_squares(y, v + tau2, x[:, keep])
    return fit, theta, covariance, _scale(left, tau2, options)


def _scale(left: Errors, tau2: float, options: dict[str, Any]) -> Scale:
    interval, level = options["interval"], options["level"]
    if interval == "z" or left.df == 0:
        return Scale(level)
    factor = max(1.0, left.q(tau2) / left.df) if interval == "hksj-guard" else 1.0
    return Scale(level, left.df, factor)


def _comparisons(
    treatments: tuple[str, ...], trials: list[Trial],
    participants: Mapping[tuple[str, str], float] | None,
) -> tuple[Comparison, ...]:
    out = []
    for first, second in combinations(treatments, 2):
        own = [t.name for t in trials if first in t.arms and second in t.arms]
        if own:
            n = None if participants is None else sum(
                participants[name, first] + participants[name, second] for name in own)
            out.append(Comparison(first, second, len(own), n))
    return tuple(out)


def _prediction(
    estimate: FloatArray, se: FloatArray, fit: dict[str, Any], options: dict[str, Any],
    off: FloatArray,
) -> dict[str, FloatArray | None]:
    rule = options["prediction_df"]
    df = {"df-1": fit["q"].df - 1, "df": fit["q"].df, "normal": None}[rule]
    if fit["tau2"] is None or (df is not None and df < 1):
        return {"pi_low": None, "pi_high": None}
    half = quantile(options["level"], df) * np.sqrt(se**2 + fit["tau2"]) * off
    return {"pi_low": estimate - half, "pi_high": estimate + half}


def _p_scores(statistic: FloatArray, df: int | None, better: str) -> FloatArray:
    """Mean chance of each treatment to be better than another."""
    sign = 1 if better == "higher" else -1
    tail = two_sided(statistic, df) / 2
    chance = np.where(sign * statistic > 0, 1 - tail, tail)
    np.fill_diagonal(chance, 0.0)
    return chance.sum(axis=1) / (statistic.shape[0] - 1)

