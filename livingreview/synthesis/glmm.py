"""A random-intercept logistic model of single proportions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite import hermgauss
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, gammaln, logit, xlogy

from .errors import FloatArray, SynthesisError, choice, columns, probability, refuse
from .likelihood import root
from .notes import maxima
from .regression import quantile, two_sided

TESTS = ("z", "t")


@dataclass(frozen=True)
class LogisticPool:
    """A pooled proportion by a random-intercept logistic model.

    Attributes
    ----------
    k : int
        Studies.
    estimate, se, ci_low, ci_high : float
        Average log odds.
    statistic, p_value : float
        Test of a proportion of one half.
    df : int or None
        k − 1 for 't'; None for the normal distribution.
    proportion, proportion_low, proportion_high : float
        The same on the scale of proportions: that of the median study, not the average of all.
    tau2 : float
        Variance of the log odds between studies, by maximum likelihood.
    pi_low, pi_high : float
        Prediction interval of the log odds of a new study.
    log_likelihood : float
        With the binomial coefficients.
    q, q_df, q_p : float, int, float
        Likelihood-ratio test of the saturated against the common model.
    level : float
    test : str
    warnings : tuple of str
    """

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    df: int | None
    proportion: float
    proportion_low: float
    proportion_high: float
    tau2: float
    pi_low: float
    pi_high: float
    log_likelihood: float
    q: float
    q_df: int
    q_p: float
    level: float
    test: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _At:
    """Marginal log-likelihood at (μ, σ) with its gradient and second derivatives."""

    height: float
    gradient: FloatArray
    hessian: FloatArray


def logistic_pool(
    events: ArrayLike,
    totals: ArrayLike,
    *,
    test: str = "z",
    level: float = 0.95,
    nodes: int = 40,
) -> LogisticPool:
    """Pool proportions by a logistic model with a normal random intercept.

    Model: eventsᵢ ~ Binomial(nᵢ, expit(μ + τ uᵢ)), uᵢ standard normal; maximum likelihood, each
    study's integral by Gauss–Hermite quadrature centred and scaled at its mode. No correction of
    studies with no events or only events is needed.

    Conventions: as metafor's ``rma.glmm(measure = "PLO")`` with many nodes (its default is 7,
    which differs in late digits). The standard error of μ is of the observed information in (μ, τ);
    where τ² = 0 of that in μ alone. Prediction interval μ̂ ± q √(se² + τ²).

    Parameters
    ----------
    events, totals : array_like, shape (k,)
        Participants with the event and totals; k ≥ 2.
    test : {'z', 't'}
        't' takes k − 1 degrees of freedom.
    level : float
    nodes : int
        Of the quadrature, 5 to 100.

    Returns
    -------
    LogisticPool

    Raises
    ------
    SynthesisError
        If k < 2, counts are invalid, there are no events at all or nothing but events (the average
        log odds is infinite), or the likelihood has no maximum at a finite variance, or one so
        flat that the average has no standard error.

    References
    ----------
    Stijnen T, Hamza TH, Özdemir P (2010). Random effects meta-analysis of event outcome in the
    framework of the generalized linear mixed model. Statistics in Medicine 29:3046–3067. Pinheiro
    JC, Bates DM (1995). Journal of Computational and Graphical Statistics 4:12–35 (quadrature).
    Louis TA (1982). Journal of the Royal Statistical Society B 44:226–233 (derivatives).
    """
    choice("test", test, TESTS)
    probability("level", level)
    if not (isinstance(nodes, (int, np.integer)) and 5 <= nodes <= 100):
        raise SynthesisError(f"nodes must be a whole number from 5 to 100, not {nodes}")
    e, n = columns(events=events, totals=totals)
    refuse(n <= 0, n, "totals must be positive")
    refuse(e < 0, e, "events must not be negative")
    refuse(e > n, e, "events must not exceed totals")
    if e.size < 2:
        raise SynthesisError("the random-intercept model needs at least 2 studies")
    if not 0 < e.sum() < n.sum():
        raise SynthesisError("there are " + ("no events" if e.sum() == 0 else "only events")
                             + ": the average log odds is infinite")
    rule = hermgauss(int(nodes))
    mu, sigma, peaks = _maximum(e, n, rule)
    at = _marginal(e, n, mu, sigma, rule)
    information = -at.hessian if sigma > 0 else -at.hessian[:1, :1]
    variance = float(np.linalg.inv(information)[0, 0])
    if not variance > 0:
        raise SynthesisError("the studies are so far apart (all or none with events, say) that the "
                             "average log odds has no standard error")
    se = float(np.sqrt(variance))
    q_df, df = e.size - 1, e.size - 1 if test == "t" else None
    constant = float((gammaln(n + 1) - gammaln(e + 1) - gammaln(n - e + 1)).sum())
    half, tau2 = quantile(level, df) * se, sigma**2
    wide = quantile(level, df) * float(np.hypot(se, sigma))
    q = _likelihood_ratio(e, n)
    return LogisticPool(
        e.size, mu, se, mu - half, mu + half, mu / se, float(two_sided(mu / se, df)), df,
        float(expit(mu)), float(expit(mu - half)), float(expit(mu + half)), tau2, mu - wide,
        mu + wide, at.height + constant, q, q_df, float(chdtrc(q_df, q)), level, test,
        maxima(peaks))


def _likelihood_ratio(e: FloatArray, n: FloatArray) -> float:
    """Twice the log-likelihood of separate proportions over that of one."""
    p = e.sum() / n.sum()
    own = xlogy(e, e / n) + xlogy(n - e, (n - e) / n)
    return max(0.0, float(2 * (own - xlogy(e, p) - xlogy(n - e, 1 - p)).sum()))


def _modes(e: FloatArray, n: FloatArray, mu: float, sigma: float) -> FloatArray:
    """Mode of each study's u: root of σ(e − n expit(μ + σu)) − u, by bracketed Newton steps."""
    low, high = -sigma * (n - e) - 1e-9, sigma * e + 1e-9
    u = np.zeros(e.size)
    for _ in range(200):
        p = expit(mu + sigma * u)
        slope = sigma * (e - n * p) - u
        low, high = np.where(slope > 0, u, low), np.where(slope > 0, high, u)
        step = u + slope / (1 + sigma**2 * n * p * (1 - p))
        new = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.all(np.abs(new - u) <= 1e-9 * (1 + np.abs(u))):  # only the centre of the nodes
            return new
        u = new
    return u


def _marginal(
    e: FloatArray, n: FloatArray, mu: float, sigma: float,
    rule: tuple[FloatArray, FloatArray],
) -> _At:
    """Integrate over the intercepts; derivatives are posterior means (Louis' identities)."""
    mode = _modes(e, n, mu, sigma)
    p = expit(mu + sigma * mode)
    width = 1 / np.sqrt(1 + sigma**2 * n * p * (1 - p))
    u = mode[:, None] + np.sqrt(2) * width[:, None] * rule[0]
    eta = mu + sigma * u
    log_f = e[:, None] * eta - n[:, None] * np.logaddexp(0, eta) - u**2 / 2
    log_w = np.log(rule[1]) + rule[0] ** 2
    top = (log_f + log_w).max(axis=1)
    mass = np.exp(log_f + log_w - top[:, None])
    total = mass.sum(axis=1)
    mass = mass / total[:, None]
    height = float((top + np.log(total) + np.log(width) - np.log(np.pi) / 2).sum())
    p = expit(eta)
    score = e[:, None] - n[:, None] * p
    curve = -n[:, None] * p * (1 - p)
    first, second = (mass * score).sum(axis=1), (mass * score * u).sum(axis=1)

    def entry(power: int, a: FloatArray, b: FloatArray) -> float:
        return float(((mass * (curve + score**2) * u**power).sum(axis=1) - a * b).sum())

    cross = entry(1, first, second)
    return _At(height, np.array([first.sum(), second.sum()]),
               np.array([[entry(0, first, first), cross], [cross, entry(2, second, second)]]))


def _maximum(
    e: FloatArray, n: FloatArray, rule: tuple[FloatArray, FloatArray]
) -> tuple[float, float, int]:
    """Maximise over μ at each σ of a grid, then polish where the profile's slope turns."""
    start = float(logit(e.sum() / n.sum()))

    def best_mu(sigma: float) -> float:
        # The likelihood is concave in μ: Newton's steps, and bracketing where they fail.
        mu = start
        for _ in range(20):
            at = _marginal(e, n, mu, sigma, rule)
            step = -float(at.gradient[0] / at.hessian[0, 0])
            mu += min(2.0, max(-2.0, step))
            if abs(step) <= 1e-13 * (1 + abs(mu)):
                return mu
        width = 1.0

        def slope(mu: float) -> float:
            return float(_marginal(e, n, mu, sigma, rule).gradient[0])

        while slope(start - width) < 0 or slope(start + width) > 0:
            width *= 2
        return root(slope, start - width, start + width, 1e-14)

    def derivative(sigma: float) -> float:
        return float(_marginal(e, n, best_mu(sigma), sigma, rule).gradient[1])

    # At σ = 0 the derivative in σ is 0; that in σ² decides.
    p = e.sum() / n.sum()
    rising = float(((e - n * p) ** 2 - n * p * (1 - p)).sum()) > 0
    grid = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.2, 3.2, 4.7, 7.0, 10.0, 15.0])
    slopes = [derivative(sigma) for sigma in grid]
    if slopes[-1] > 0:
        raise SynthesisError("the studies are so far apart (all or none with events, say) that the "
                             "likelihood has no maximum at a reasonable variance")
    peaks = [] if rising else [0.0]
    if rising and slopes[0] <= 0:
        peaks.append(root(derivative, 1e-6, grid[0], 1e-15))
    for i in range(grid.size - 1):
        if slopes[i] > 0 >= slopes[i + 1]:
            peaks.append(root(derivative, grid[i], grid[i + 1], 1e-15))
    ends = [(_marginal(e, n, best_mu(sigma), sigma, rule).height, sigma) for sigma in peaks]
    sigma = max(ends)[1]
    return best_mu(sigma), sigma, len(ends)
