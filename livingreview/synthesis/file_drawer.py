"""What trials that were not published could do: fail-safe N, excess significance, Henmi–Copas."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, ndtr, ndtri

from .errors import FloatArray, SynthesisError, choice, effects, one_number, probability

FAIL_SAFE = ("Rosenthal", "Orwin", "Rosenberg")
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


@dataclass(frozen=True)
class FailSafe:
    """How many trials without an effect would undo a result.

    Attributes
    ----------
    n : int
        Trials; 0 where nothing is to undo.
    p_value : float or None
        Of the observed trials, one-sided for Rosenthal and two-sided for Rosenberg.
    mean, target : float or None
        Mean of the effects (unweighted for Orwin, weighted for Rosenberg), and what it would sink
        to (Orwin alone).
    """

    n: int
    p_value: float | None
    mean: float | None
    target: float | None


@dataclass(frozen=True)
class ExcessSignificance:
    """Significant trials against those that their power lets expect.

    Attributes
    ----------
    k, observed : int
    expected : float
    p_value : float
        That as many or more are significant.
    effect : float
        The true effect that the power is computed for.
    """

    k: int
    observed: int
    expected: float
    p_value: float
    effect: float


@dataclass(frozen=True)
class HenmiCopas:
    """A pool with weights of the common effect and an interval that allows for heterogeneity."""

    k: int
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    tau2: float


def fail_safe_n(
    yi: ArrayLike, vi: ArrayLike, kind: str = "Rosenthal", *, alpha: float = 0.05,
    target: float | None = None,
) -> FailSafe:
    """Count the trials averaging no effect that would undo a result (the "file drawer").

    Formula: Rosenthal k (Z/z)² − k with Stouffer's Z = Σ(y/√v)/√k and z one-sided; Rosenberg the
    same with Z of the common effect and z two-sided; Orwin k (ȳ − t)/t with the unweighted mean ȳ;
    rounded up, and 0 where the result is not significant (or not beyond the target). As metafor's
    ``fsn``; Rosenberg's p-value is by the normal distribution.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances.
    kind : {'Rosenthal', 'Orwin', 'Rosenberg'}
    alpha : float
    target : float, optional
        Of Orwin, its sign that of the mean; half the mean where it is left out.

    Returns
    -------
    FailSafe

    Raises
    ------
    SynthesisError
        If a value is invalid, an option is unknown, or a target is 0 or not of Orwin.

    References
    ----------
    Rosenthal R (1979). The file drawer problem and tolerance for null results. Psychological
    Bulletin 86:638–641. Orwin RG (1983). A fail-safe N for effect size in meta-analysis. Journal of
    Educational Statistics 8:157–159. Rosenberg MS (2005). The file-drawer problem revisited.
    Evolution 59:464–468.
    """
    choice("kind", kind, FAIL_SAFE)
    probability("alpha", alpha)
    if target is not None and (kind != "Orwin" or one_number("target", target) == 0):
        raise SynthesisError("the target is a number of Orwin's fail-safe N, and not 0")
    y, v = effects(yi, vi)
    k, mean = y.size, float(y.mean())
    if kind == "Orwin":
        aim = mean / 2 if target is None else math.copysign(target, mean)
        # A mean of 0 is beyond no target; rounding must not add a trial to a whole number.
        return FailSafe(_up(k * (mean - aim) / aim) if aim else 0, None, mean, aim)
    if kind == "Rosenthal":
        z, sides = float(abs((y / np.sqrt(v)).sum()) / math.sqrt(k)), 1
        centre = None
    else:
        centre, sides = float(((1 / v) @ y) / (1 / v).sum()), 2
        z = abs(centre) * math.sqrt(float((1 / v).sum()))
    return FailSafe(_up(k * (z / float(ndtri(1 - alpha / sides)))**2 - k),
                    float(sides * ndtr(-z)), centre, None)


def _up(n: float) -> int:
    return max(0, math.ceil(n - 1e-9 * max(1.0, abs(n))))


def excess_significance(
    yi: ArrayLike, vi: ArrayLike, *, alpha: float = 0.05, effect: float | None = None,
    tau2: float = 0.0,
) -> ExcessSignificance:
    """Test whether more trials are significant than their power lets expect.

    Formula: a trial is significant where |y|/√v reaches the two-sided z, which has the chance
    πᵢ = P(|N(θ, vᵢ + τ²)| ≥ z √vᵢ); the number of significant trials is a sum of independent
    trials with these chances, whose upper tail is the p-value (exact, by convolution; metafor's
    ``tes(test="exact")``).

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
    alpha : float
        Of each trial.
    effect : float, optional
        True effect θ; the common-effect mean where it is left out.
    tau2 : float
        Variance of the true effects about it.

    Returns
    -------
    ExcessSignificance

    Raises
    ------
    SynthesisError
        If a value is invalid.

    References
    ----------
    Ioannidis JPA, Trikalinos TA (2007). An exploratory test for an excess of significant findings.
    Clinical Trials 4:245–253. Francis G (2013). Replication, statistical consistency, and
    publication bias. Journal of Mathematical Psychology 57:153–169 (exact).
    """
    probability("alpha", alpha)
    y, v = effects(yi, vi)
    if not one_number("tau2", tau2) >= 0:
        raise SynthesisError(f"tau2 must not be negative, not {tau2}")
    theta = (float(((1 / v) @ y) / (1 / v).sum()) if effect is None
             else one_number("effect", effect))
    bound, sd = float(ndtri(1 - alpha / 2)) * np.sqrt(v), np.sqrt(v + tau2)
    power = ndtr((theta - bound) / sd) + ndtr((-theta - bound) / sd)
    observed = int((np.abs(y) >= bound).sum())
    chance = np.ones(1)
    for one in power:
        chance = np.convolve(chance, [1 - one, one])
    return ExcessSignificance(y.size, observed, float(power.sum()),
                              float(min(1.0, chance[observed:].sum())), theta)


def henmi_copas(yi: ArrayLike, vi: ArrayLike, level: float = 0.95) -> HenmiCopas:
    """Pool with weights of the common effect, whose interval allows for heterogeneity.

    Small trials, in which publication bias is worst, weigh less than under random effects. τ² is
    that of DerSimonian and Laird. The interval inverts the distribution of R/√(1 + τ̂²W₂), R the
    deviation of the estimate, with Q given R taken as gamma with its exact mean and variance
    (metafor's ``hc``).

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 2.
    level : float

    Returns
    -------
    HenmiCopas

    Raises
    ------
    SynthesisError
        If k < 2 or a value is invalid.

    References
    ----------
    Henmi M, Copas JB (2010). Confidence intervals for random effects meta-analysis and robustness
    to publication bias. Statistics in Medicine 29:2969–2983.
    """
    probability("level", level)
    y, v = effects(yi, vi)
    k = y.size
    if k < 2:
        raise SynthesisError("the interval of Henmi and Copas needs at least 2 studies")
    w = v.min() / v
    w1 = float(w.sum())
    estimate = float(w @ y / w1)
    q = float(w @ (y - estimate)**2 / v.min())
    w2 = float((w**2).sum() / w1)
    tau2 = max(0.0, (q - (k - 1)) / (w1 - w2))  # in units of the smallest variance
    tail = _HenmiTail(w, tau2)
    low, high = 0.0, 1.0
    while tail.above(high) > (1 - level) / 2:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = ((middle, high) if tail.above(middle) > (1 - level) / 2 else (low, middle))
    unit = math.sqrt(float(v.min()) / w1)
    se = unit * math.sqrt(1 + tau2 * w2)
    return HenmiCopas(k, estimate, se, estimate - high * se, estimate + high * se,
                      tau2 * float(v.min()))


class _HenmiTail:
    """Upper tail of R/√(1 + τ̂²W₂) where τ² is known; Wₚ = Σwᵖ/Σw."""

    def __init__(self, w: FloatArray, tau2: float):
        w1 = float(w.sum())
        w2, w3, w4 = (float((w**p).sum() / w1) for p in (2, 3, 4))
        self.k, self.ratio = w.size, (w1 - w2) / w2
        self.variance = 1 + tau2 * w2
        u = 1 + tau2 * w
        h = tau2**2 * (w3 - w2**2)
        g = h + tau2**3 * (w4 - 2 * w2 * w3 + w2**3)
        free = float((u**2).sum() - 2 * (w * u**2).sum() / w1) + self.variance**2
        # Mean and variance of Q given R = r √variance: constant part, and factor of r².
        self.mean = (self.k - 1 + tau2 * (w1 - w2) - h / self.variance, h / self.variance)
        self.spread = (2 * (free - 2 * g / self.variance + (h / self.variance)**2),
                       4 * (g - h**2 / self.variance) / self.variance)

    def above(self, t: float) -> float:
        """P(R/√(1 + τ̂²W₂) > t): R is above, and Q not so large that τ̂² makes it less."""
        start = t / math.sqrt(self.variance)
        # In units of √variance the deviation is normal; past 10 it has no weight.
        ends = np.linspace(min(start, 10.0), 12.0, 9) if start < 10 else None
        if ends is None:
            return 0.0
        half = np.diff(ends)[:, None] / 2
        r = (ends[:-1, None] + half * (1 + _NODES)).ravel()
        mean, variance = (a + b * r**2 for a, b in (self.mean, self.spread))
        most = self.k - 1 + self.ratio * ((r / start)**2 - 1) if start else np.inf
        inside = gammainc(mean**2 / variance, most * mean / variance)
        density = np.exp(-r**2 / 2) / math.sqrt(2 * math.pi)
        return float((density * inside * (half * _WEIGHTS).ravel()).sum())
