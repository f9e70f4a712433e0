"""What a network is made of: designs and their disagreement, evidence by path, direct evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from .contrasts import Trial, connected, incidence_of
from .errors import FloatArray, SynthesisError
from .regression import meta_regression, quantile, two_sided

# Flows of evidence below this share of the whole are rounding.
_NO_FLOW = 1e-10


class Estimate(NamedTuple):
    """An estimate with its interval; `p_value` tests it against 0."""

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float


class QTest(NamedTuple):
    """A Q statistic; `p_value` is None without degrees of freedom."""

    q: float
    df: int
    p_value: float | None


@dataclass(frozen=True)
class Scale:
    """How intervals are made: normal or t on `df`, standard errors times √`factor`."""

    level: float
    df: int | None = None
    factor: float = 1.0

    def estimate(self, value: float, variance: float) -> Estimate:
        """Complete an estimate from its variance without the factor."""
        se = float(np.sqrt(self.factor * variance))
        half = quantile(self.level, self.df) * se
        return Estimate(value, se, value - half, value + half,
                        float(two_sided(value / se, self.df)))


class Design(NamedTuple):
    """The trials of one set of treatments.

    Attributes
    ----------
    arms : tuple of str
        Sorted.
    k : int
        Trials.
    estimate : ndarray, shape (a - 1,)
        Effects of each arm but the first against the first.
    covariance : ndarray, shape (a - 1, a - 1)
    within : QTest
        Whether its trials disagree.
    """

    arms: tuple[str, ...]
    k: int
    estimate: FloatArray
    covariance: FloatArray
    within: QTest


class Split(NamedTuple):
    """Direct and indirect evidence on one comparison.

    Attributes
    ----------
    treat1, treat2 : str
        Effects are of the first minus those of the second.
    k : int
        Trials that compare the two.
    share : float
        Share of the network estimate that is direct: its variance over that of `direct`.
    direct, network : Estimate
    indirect, difference : Estimate or None
        None where no trials but those that compare the two connect them; direct minus indirect.
    """

    treat1: str
    treat2: str
    k: int
    share: float
    direct: Estimate
    network: Estimate
    indirect: Estimate | None
    difference: Estimate | None


def q_test(q: float, df: int) -> QTest:
    """Complete a Q statistic, which is 0 without degrees of freedom."""
    return QTest(q if df else 0.0, df, float(chdtrc(df, q)) if df else None)


def independent_rows(
    trials: Sequence[Trial], treatments: Sequence[str]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Independent effects y, variances v and design x of trials.

    Rows of every trial are multiplied by the matrix T of `Trial.independent`, so that their
    variances at any τ² are v + τ². The network is then a meta-regression.

    Returns
    -------
    tuple of ndarray, shapes (m,), (m,) and (m, treatments)
    """
    x, y, v, row = incidence_of(trials, treatments), [], [], 0
    for trial in trials:
        turn, d = trial.independent()
        y.append(turn @ trial.y)
        v.append(d)
        x[row:row + d.size] = turn @ x[row:row + d.size]
        row += d.size
    return np.concatenate(y), np.concatenate(v), x


def least_squares(
    y: FloatArray, v: FloatArray, x: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, their covariance (of full rank) and standardised residuals at variances v."""
    root = 1 / np.sqrt(v)
    scaled = root[:, None] * x
    beta = np.linalg.lstsq(scaled, root * y, rcond=None)[0]
    return beta, np.linalg.pinv(scaled.T @ scaled), root * (y - x @ beta)


def designs_of(trials: Sequence[Trial], tau2: float = 0.0) -> list[Design]:
    """Pool the trials of each design by themselves, at a given between-trial variance.

    Parameters
    ----------
    trials : sequence of Trial
    tau2 : float

    References
    ----------
    Krahn U, Binder H, König J (2013). A graphical tool for locating inconsistency in network
    meta-analyses. BMC Medical Research Methodology 13:35.
    """
    by_arms: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        by_arms.setdefault(tuple(sorted(trial.arms)), []).append(trial)
    out = []
    for arms, own in by_arms.items():
        y, v, x = independent_rows(own, arms)
        beta, covariance, residuals = least_squares(y, v + tau2, x[:, 1:])
        out.append(Design(arms, len(own), beta, covariance,
                          q_test(float(residuals @ residuals), y.size - beta.size)))
    return out


def _between_residuals(designs: Sequence[Design], treatments: Sequence[str]) -> list[float]:
    """Squared standardised residuals of each design about the consistent network."""
    index = {name: j for j, name in enumerate(treatments)}
    blocks, effects = [], []
    for design in designs:
        x = np.zeros((design.estimate.size, len(treatments)))
        x[:, index[design.arms[0]]] = -1
        x[np.arange(design.estimate.size), [index[arm] for arm in design.arms[1:]]] = 1
        root = np.linalg.inv(np.linalg.cholesky(design.covariance))
        blocks.append(root @ x)
        effects.append(root @ design.estimate)
    whole, y = np.concatenate(blocks), np.concatenate(effects)
    residuals = y - whole @ np.linalg.lstsq(whole, y, rcond=None)[0]
    ends = np.cumsum([e.size for e in effects])[:-1]
    return [float(part @ part) for part in np.split(residuals, ends)]


def between_designs(designs: Sequence[Design], treatments: Sequence[str]) -> QTest:
    """Q between designs: whether they disagree, given the variance that they were pooled with.

    Parameters
    ----------
    designs : sequence of Design
        Of a connected network.
    treatments : sequence of str
    """
    df = sum(d.estimate.size for d in designs) - (len(treatments) - 1)
    return q_test(sum(_between_residuals(designs, treatments)) if df else 0.0, df)


def net_heat(designs: Sequence[Design], treatments: Sequence[str]) -> FloatArray:
    """How much each design's disagreement falls when another is set free.

    Cell (d, e) is Q_d − Q_d(e): the part of Q between designs that design d adds, less what it adds
    when design e is detached, that is has effects of its own. Positive: the two pull apart, so that
    e explains the inconsistency of d; negative: e supports d against others. The diagonal is Q_d.

    Parameters
    ----------
    designs : sequence of Design
    treatments : sequence of str

    Returns
    -------
    ndarray, shape (designs, designs)

    References
    ----------
    Krahn, Binder and König (2013), as in `designs_of`; here a design of several arms is one row.
    """
    full = np.array(_between_residuals(designs, treatments))
    heat = np.diag(full)
    for e in range(len(designs)):
        rest = [d for d in range(len(designs)) if d != e]
        if rest:
            left = _between_residuals([designs[d] for d in rest], treatments)
            heat[rest, e] = full[rest] - np.array(left)
    return heat


def interaction(
    trials: Sequence[Trial], treatments: Sequence[str], method: str
) -> tuple[QTest, float | None]:
    """Test design-by-treatment interaction with random effects.

    Q between designs at the τ² of the model in which every design has effects of its own, which is
    the Wald test of all its inconsistency parameters.

    Returns
    -------
    tuple of (QTest, float or None)
        The test, and τ² within designs; None where no design has trials to spare, and the test is
        then that of the common effect.

    References
    ----------
    Higgins JPT, Jackson D, Barrett JK, Lu G, Ades AE, White IR (2012). Consistency and
    inconsistency in network meta-analysis: concepts and models for multi-arm studies. Research
    Synthesis Methods 3:98–110. Jackson D, Barrett JK, Rice S, White IR, Higgins JPT (2014). A
    design-by-treatment interaction model for network meta-analysis with random inconsistency
    effects. Statistics in Medicine 33:3639–3654.
    """
    by_arms: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        by_arms.setdefault(tuple(sorted(trial.arms)), []).append(trial)
    parts = [independent_rows(own, arms) for arms, own in by_arms.items()]
    rows = sum(y.size for y, *_ in parts)
    size = sum(len(arms) - 1 for arms in by_arms)
    tau2 = None
    if method != "common" and rows > size:
        x, row, column = np.zeros((rows, size)), 0, 0
        for y, _, own in parts:
            x[row:row + y.size, column:column + own.shape[1] - 1] = own[:, 1:]
            row, column = row + y.size, column + own.shape[1] - 1
        tau2 = meta_regression(
            np.concatenate([y for y, *_ in parts]), np.concatenate([v for _, v, _ in parts]), x,
            tau2_method=method, test="z", intercept=False).tau2
    return between_designs(designs_of(trials, tau2 or 0.0), treatments), tau2


def contribution(
    trials: Sequence[Trial], treatments: Sequence[str], pairs: Sequence[tuple[int, int]],
    tau2: float,
) -> tuple[FloatArray, FloatArray] | None:
    """Share of each comparison and each trial in each network estimate, by random walks.

    The network estimate of a against b is a flow of evidence from a to b along the trials' weights.
    A walker that starts at a and takes each way with the probability of the flow there walks a
    path with its share of the evidence; the share of a path of n steps is divided evenly over
    them. Shares of a comparison are divided among its trials by weight.

    Parameters
    ----------
    trials : sequence of Trial
    treatments : sequence of str
    pairs : sequence of (int, int)
        Estimates, as indices of treatments.
    tau2 : float

    Returns
    -------
    tuple of ndarray or None
        Shares of comparisons, shape (pairs, pairs), and of trials, shape (pairs, trials); rows sum
        to 1. None where a trial's covariance gives a negative weight, so that there is no flow.

    References
    ----------
    Davies AL, Papakonstantinou T, Nikolakopoulou A, Rücker G, Galla T (2022). Network meta-analysis
    and random walks. Statistics in Medicine 41:2091–2114. Papakonstantinou T, Nikolakopoulou A,
    Rücker G, et al. (2018). Estimating the contribution of studies in network meta-analysis: paths,
    flows and streams. F1000Research 7:610.
    """
    n = len(treatments)
    index = {name: j for j, name in enumerate(treatments)}
    own = np.zeros((len(trials), n, n))
    for i, trial in enumerate(trials):
        at = [index[arm] for arm in trial.arms]
        own[i][np.ix_(at, at)] = -trial.laplacian(tau2)
        np.fill_diagonal(own[i], 0.0)
    weights = own.sum(axis=0)
    if own.min() < -_NO_FLOW * weights.max():
        return None
    potential = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights, hermitian=True)
    steps = 1 / (1 + np.add.outer(np.arange(n), np.arange(n)))
    shares = np.array([_walk(weights, potential[a] - potential[b], a, b, steps)
                       for a, b in pairs])
    first, second = np.array(pairs).T
    edges = shares[:, first, second] + shares[:, second, first]
    total = weights[first, second]
    by_trial = own[:, first, second] / np.where(total > 0, total, 1)
    return edges, edges @ by_trial.T


def _walk(
    weights: FloatArray, potential: FloatArray, a: int, b: int, steps: FloatArray
) -> FloatArray:
    """Shares of the ways of a walker from a to b, shape (n, n).

    `there[u, l]` is the chance to come to u after l steps, `onward[u, l]` that to reach b from u in
    l; a way's share is that of all paths through it, each divided by its number of steps.
    """
    flow = np.maximum(weights * (potential[:, None] - potential[None, :]), 0)
    flow[flow < _NO_FLOW] = 0
    out = flow.sum(axis=1)
    chance = flow / np.where(out > 0, out, 1)[:, None]
    order = np.argsort(-potential, kind="stable")
    there, onward = np.zeros_like(weights), np.zeros_like(weights)
    there[a, 0] = onward[b, 0] = 1
    for u in order:
        there[:, 1:] += np.outer(chance[u], there[u, :-1])
    for u in order[::-1]:
        if u != b:
            onward[u, 1:] = chance[u] @ onward[:, :-1]
    return chance * (there @ steps @ onward.T)


def splits(
    trials: Sequence[Trial], estimates: dict[tuple[str, str], tuple[float, float]], tau2: float,
    scale: Scale,
) -> list[Split]:
    """Separate direct from indirect evidence on each comparison (SIDE), by back-calculation.

    The direct estimate pools the trials that compare the two, at the network's τ²; the indirect
    one is what the network estimate, as their mean by precision, leaves.

    Parameters
    ----------
    trials : sequence of Trial
    estimates : dict of (str, str) to (float, float)
        Network estimates and variances of the comparisons that have trials.
    tau2 : float
    scale : Scale

    References
    ----------
    Dias S, Welton NJ, Caldwell DM, Ades AE (2010). Checking consistency in mixed treatment
    comparison meta-analysis. Statistics in Medicine 29:932–944 (back-calculation). König J, Krahn
    U, Binder H (2013). Visualizing the flow of evidence in network meta-analysis and characterizing
    mixed treatment comparisons. Statistics in Medicine 32:5414–5429.
    """
    out = []
    for (first, second), (network, variance) in estimates.items():
        own = [t for t in trials if first in t.arms and second in t.arms]
        y, v = np.array([t.contrast(first, second) for t in own]).T
        w = 1 / (v + tau2)
        direct, direct_v = float(w @ y / w.sum()), float(1 / w.sum())
        indirect = difference = None
        if elsewhere(trials, first, second) and variance < direct_v:
            precision = 1 / variance - 1 / direct_v
            other = (network / variance - direct / direct_v) / precision
            indirect = scale.estimate(other, 1 / precision)
            difference = scale.estimate(direct - other, direct_v + 1 / precision)
        out.append(Split(first, second, len(own), variance / direct_v,
                         scale.estimate(direct, direct_v), scale.estimate(network, variance),
                         indirect, difference))
    return out


def elsewhere(trials: Sequence[Trial], first: str, second: str) -> bool:
    """Whether trials that do not compare two treatments connect them."""
    rest = [t for t in trials if not (first in t.arms and second in t.arms)]
    return any(first in part and second in part for part in connected(rest))


def node_split(
    trials: Sequence[Trial], first: str, second: str, *, tau2_method: str = "REML",
    level: float = 0.95,
) -> tuple[Split, float | None]:
    """Split one comparison: fit the network with an effect of its own in the trials of the two.

    Formula: trials that compare the two treatments have ω/2 added to the effect of the first and
    taken from that of the second; other arms of such trials are as elsewhere (symmetrical
    splitting). ω is direct minus indirect; τ² is estimated anew.

    Parameters
    ----------
    trials : sequence of Trial
        Of a connected network; `Network.trials`.
    first, second : str
    tau2_method : str
        As in `network`.
    level : float

    Returns
    -------
    tuple of (Split, float or None)
        The split (its share is of variances, its network estimate that of the unsplit model at the
        same τ²), and τ².

    Raises
    ------
    SynthesisError
        If no trial compares the two, no other trials connect them, or too few trials are left.

    References
    ----------
    White IR (2015). Network meta-analysis. Stata Journal 15:951–985. van Valkenhoef G, Dias S,
    Ades AE, Welton NJ (2016). Automated generation of node-splitting models for assessment of
    inconsistency in network meta-analysis. Research Synthesis Methods 7:80–93.
    """
    own = [t for t in trials if first in t.arms and second in t.arms]
    if not own:
        raise SynthesisError(f"no trial compares {first} with {second}")
    if not elsewhere(trials, first, second):
        raise SynthesisError(f"no trials but those that compare them connect {first} with {second}")
    treatments = sorted({arm for t in trials for arm in t.arms} - {second})
    y, v, x = independent_rows(trials, [*treatments, second])
    extra, row = np.zeros(y.size), 0
    for trial in trials:
        if first in trial.arms and second in trial.arms:
            half = np.array([(arm == first) - 1.0 * (arm == second) for arm in trial.arms]) / 2
            extra[row:row + trial.y.size] = (
                trial.independent()[0] @ trial.incidence @ half)
        row += trial.y.size
    split_x = np.column_stack([x[:, :-1], extra])
    common = tau2_method == "common"
    tau2 = None
    if not common and y.size > split_x.shape[1]:
        tau2 = meta_regression(y, v, split_x, tau2_method=tau2_method, test="z",
                               intercept=False).tau2
    beta, covariance, _ = least_squares(y, v + (tau2 or 0.0), split_x)
    whole, whole_c, _ = least_squares(y, v + (tau2 or 0.0), x[:, :-1])
    at, omega = treatments.index(first), beta.size - 1
    scale = Scale(level)
    indirect_v, omega_v = covariance[at, at], covariance[omega, omega]
    direct_v = indirect_v + omega_v + 2 * covariance[at, omega]
    split = Split(
        first, second, len(own), float(whole_c[at, at] / direct_v),
        scale.estimate(float(beta[at] + beta[omega]), direct_v),
        scale.estimate(float(whole[at]), whole_c[at, at]),
        scale.estimate(float(beta[at]), indirect_v), scale.estimate(float(beta[omega]), omega_v))
    return split, tau2
