"""What a network is made of: designs and their disagreement, and evidence by path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from .contrasts import Trial, incidence_of
from .error_contrasts import errors, together
from .errors import FloatArray
from .regression import quantile, two_sided

# Flows of evidence below this share of the whole are rounding.
_NO_FLOW = 1e-10
# What is left of a design's estimate once the network is fitted, as a share, below which nothing
# but the design informs its treatments.
_NO_SPARE = 1e-9


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
    """Coefficients, their covariance and standardised residuals at variances v, x of full rank.

    Rows go from the most precise on, which keeps the digits beside a giant trial.
    """
    order = np.argsort(v, kind="stable")
    root = 1 / np.sqrt(v[order])
    basis, upper = np.linalg.qr(root[:, None] * x[order])
    back = np.linalg.inv(upper)
    scaled = root * y[order]
    within = basis.T @ scaled
    return back @ within, back @ back.T, scaled - basis @ within


def _by_design(trials: Sequence[Trial]) -> dict[tuple[str, ...], list[Trial]]:
    out: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        out.setdefault(tuple(sorted(trial.arms)), []).append(trial)
    return out


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
    out = []
    for arms, own in _by_design(trials).items():
        y, v, x = independent_rows(own, arms)
        beta, covariance, residuals = least_squares(y, v + tau2, x[:, 1:])
        out.append(Design(arms, len(own), beta, covariance,
                          q_test(float(residuals @ residuals), y.size - beta.size)))
    return out


class _Stage(NamedTuple):
    """Estimates of all designs about the consistent network, whitened.

    `parts` are the rows of each design, `residuals` those of the network, and `left` the matrix
    that makes them from the estimates.
    """

    parts: list[slice]
    residuals: FloatArray
    left: FloatArray


def _second_stage(designs: Sequence[Design], treatments: Sequence[str]) -> _Stage:
    index = {name: j for j, name in enumerate(treatments)}
    blocks, effects, parts, end = [], [], [], 0
    for design in designs:
        x = np.zeros((design.estimate.size, len(treatments)))
        x[:, index[design.arms[0]]] = -1
        x[np.arange(design.estimate.size), [index[arm] for arm in design.arms[1:]]] = 1
        root = np.linalg.inv(np.linalg.cholesky(design.covariance))
        blocks.append(root @ x)
        effects.append(root @ design.estimate)
        parts.append(slice(end, end + design.estimate.size))
        end += design.estimate.size
    basis = np.linalg.qr(np.concatenate(blocks)[:, 1:])[0]
    left = np.eye(end) - basis @ basis.T
    return _Stage(parts, left @ np.concatenate(effects), left)


def between_designs(designs: Sequence[Design], treatments: Sequence[str]) -> QTest:
    """Q between designs: whether they disagree, given the variance that they were pooled with.

    Parameters
    ----------
    designs : sequence of Design
        Of a connected network.
    treatments : sequence of str
    """
    df = sum(d.estimate.size for d in designs) - (len(treatments) - 1)
    residuals = _second_stage(designs, treatments).residuals
    return q_test(float(residuals @ residuals), df)


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
    parts, residuals, left = _second_stage(designs, treatments)
    full = np.array([residuals[d] @ residuals[d] for d in parts])
    heat = np.diag(full)
    for e, out in enumerate(parts):
        size, vectors = np.linalg.eigh(left[out, out])
        free = size > _NO_SPARE
        lever = left[:, out] @ vectors[:, free] / size[free] @ vectors[:, free].T
        after = residuals - lever @ residuals[out]
        for d, rows in enumerate(parts):
            if d != e:
                heat[d, e] = full[d] - after[rows] @ after[rows]
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
    parts = [independent_rows(own, arms) for arms, own in _by_design(trials).items()]
    left = together([errors(y, v, x[:, 1:]) for y, v, x in parts])
    tau2 = left.tau2(method)[0] if method != "common" and left.df else None
    return between_designs(designs_of(trials, tau2 or 0.0), treatments), tau2


def contribution(
    trials: Sequence[Trial], treatments: Sequence[str], pairs: Sequence[tuple[int, int]],
    tau2: float, covariance: FloatArray,
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
    covariance : ndarray, shape (treatments, treatments)
        Of the effects against one of them, at that τ²: differences of its columns are potentials.

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
    steps = 1 / (1 + np.add.outer(np.arange(n), np.arange(n)))
    shares = np.array([_walk(weights, covariance[a] - covariance[b], a, b, steps)
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
