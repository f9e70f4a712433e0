"""Few trials: the normal–normal model under priors, by numerical integration and not by sampling.

Given τ everything is normal (Röver 2020, §2): the effect μ has the mean μ̂(τ) = Σwᵢyᵢ/Σwᵢ and the
variance 1/Σwᵢ, wᵢ = 1/(vᵢ + τ²), where a normal prior of μ is one more study without heterogeneity;
a new trial's true effect adds τ² to that variance; and a trial's own true effect lies at
yᵢ + (μ̂ − yᵢ)vᵢ/(vᵢ + τ²). The posterior of τ itself is known but for its integral (see
`heterogeneity`), so that each of these is a mixture of normal distributions over the nodes of τ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import ArrayLike, NDArray

from .batch import matrix
from .errors import FloatArray, SynthesisError, effects, numeric, probability
from .heterogeneity import Integrated, Problem, integrate, moment, problem, tau_quantiles
from .mixtures import Mixture, quantiles
from .notes import NOTES
from .priors import EffectPrior, Prior

__all__ = ["EffectPrior", "Posterior", "PosteriorMany", "Prior", "Shrunk", "posterior",
           "posterior_many"]

# Numbers of a chunk (sets × studies × nodes): arrays of this size stay in a cache.
_CHUNK = 60_000
_FIELDS = ("estimate", "mean", "sd", "ci_low", "ci_high", "tau", "tau_mean", "tau_low", "tau_high",
           "pi_estimate", "pi_low", "pi_high", "log_marginal")


@dataclass(frozen=True, eq=False)
class Shrunk:
    """Each trial's own true effect, given all trials; arrays of shape (k,).

    Attributes
    ----------
    estimate, low, high : ndarray
        Median and interval of equal tails, in the unit of the effects.
    mean, sd : ndarray
    """

    estimate: FloatArray
    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior of a random-effects model; what is undefined is None, never NaN.

    Attributes
    ----------
    k : int
        Number of studies.
    estimate, ci_low, ci_high : float
        Median and interval of equal tails of the mean effect (log scale for ratios).
    mean, sd : float or None
        Of the mean effect; None where the tail of the prior makes it infinite.
    tau, tau_low, tau_high : float
        Median and interval of equal tails of τ.
    tau_mean : float or None
        None where it is infinite.
    pi_estimate, pi_low, pi_high : float
        Median and interval of equal tails of the true effect in a new trial.
    log_marginal : float or None
        Log of the probability density of the effects under the model. A flat prior of the effect
        has the density 1, so that values compare only between priors of τ and for the same effects;
        None under an improper prior of τ.
    prior : Prior
    effect_prior : EffectPrior or None
        None is flat.
    level : float
    effect, new : Mixture
        The distributions of the mean effect and of the true effect in a new trial.
    shrunk : Shrunk
        Each trial's own true effect.
    warnings : tuple of str
    """

    k: int
    estimate: float
    mean: float | None
    sd: float | None
    ci_low: float
    ci_high: float
    tau: float
    tau_mean: float | None
    tau_low: float
    tau_high: float
    pi_estimate: float
    pi_low: float
    pi_high: float
    log_marginal: float | None
    prior: Prior
    effect_prior: EffectPrior | None
    level: float
    effect: Mixture
    new: Mixture
    warnings: tuple[str, ...]
    _solved: tuple[Problem, Integrated] = field(repr=False)

    @cached_property
    def shrunk(self) -> Shrunk:
        """Each trial's own true effect, given all trials."""
        p, found = self._solved
        y, v = p.y[0][:, None], p.v[0][:, None]
        share = v / (v + found.at.tau**2)  # of the mean effect, in the trial's own
        mean = y + (found.at.mean - y) * share
        sd = np.sqrt(v * (1 - share) + share**2 * found.at.variance)
        mass = np.broadcast_to(found.mass, mean.shape)
        first = np.einsum("nj,nj->n", mass, mean)
        second = np.einsum("nj,nj->n", mass, sd**2 + (mean - first[:, None]) ** 2)
        middle, low, high = quantiles(mass, mean, sd, _chances(self.level)).T
        unit, centre = p.unit[0], p.centre[0]
        return Shrunk(middle * unit + centre, first * unit + centre, np.sqrt(second) * unit,
                      low * unit + centre, high * unit + centre)

    @cached_property
    def weights(self) -> FloatArray:
        """Shares of the studies in the mean effect, shape (k,).

        The means of wᵢ(τ)/Σw(τ) over the posterior of τ: under a flat prior of the effect they sum
        to 1, and the effects weighted by them to the posterior mean; a normal prior has the rest.
        """
        p, found = self._solved
        precisions = 1 / (p.v[0][:, None] + found.at.tau**2)
        weights = (precisions * found.at.variance * found.mass).sum(axis=1)
        weights.setflags(write=False)
        return weights

    def beyond(self, value: float) -> float:
        """Probability that the mean effect is more than `value`, in the unit of the effects."""
        return self.effect.above(value)

    def beyond_new(self, value: float) -> float:
        """Probability that the true effect in a new trial is more than `value`."""
        return self.new.above(value)


@dataclass(frozen=True, eq=False)
class PosteriorMany:
    """Posteriors of n sets: fields of `Posterior` as arrays of shape (n,).

    Masked arrays are masked where the statistic is undefined (None in `Posterior`).
    """

    k: NDArray[np.int64]
    estimate: FloatArray
    mean: MaskedArray
    sd: MaskedArray
    ci_low: FloatArray
    ci_high: FloatArray
    tau: FloatArray
    tau_mean: MaskedArray
    tau_low: FloatArray
    tau_high: FloatArray
    pi_estimate: FloatArray
    pi_low: FloatArray
    pi_high: FloatArray
    log_marginal: MaskedArray


def posterior(
    yi: ArrayLike, vi: ArrayLike, prior: Prior, *, effect: EffectPrior | None = None,
    level: float = 0.95,
) -> Posterior:
    """Compute the posterior of the normal–normal model: yᵢ ~ N(θᵢ, vᵢ), θᵢ ~ N(μ, τ²).

    Numerical integration over τ, normal given τ; to about 1e-10 of the width of each distribution.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects (log scale for ratios) and sampling variances; one study is enough.
    prior : Prior
        Of τ.
    effect : EffectPrior, optional
        Of μ; None is flat.
    level : float
        Of all intervals, which have equal tails.

    Returns
    -------
    Posterior

    Raises
    ------
    SynthesisError
        If the effects are not valid as for `pool`, the level is not between 0 and 1, the posterior
        is improper (a flat prior of τ without an end, with fewer than 3 studies, or than 2 under a
        normal prior of the effect), or sizes are too far apart to be computed with.

    References
    ----------
    Röver C (2020). Bayesian random-effects meta-analysis using the bayesmeta R package. Journal of
    Statistical Software 93(6):1–51. Gelman A (2006). Prior distributions for variance parameters in
    hierarchical models. Bayesian Analysis 1:515–534.
    """
    y, v = effects(yi, vi)
    chances = _chances(probability("level", level))
    p = problem(y[None], v[None], prior, np.ones(1), effect)
    found = integrate(p)
    values = {name: None if np.isnan(array[0]) else float(array[0])
              for name, array in _summary(p, found, chances).items()}
    unit, centre = p.unit[0], p.centre[0]
    mean, variance = found.at.mean[0], found.at.variance[0]
    effect_of, new = (Mixture(found.mass[0], centre + unit * mean, unit * np.sqrt(variance + more))
                      for more in (0.0, found.at.tau[0] ** 2))
    warnings = tuple(NOTES[key] for key, name in (("infinite-sd", "sd"),
                                                  ("infinite-tau", "tau_mean"))
                     if values[name] is None)
    return Posterior(k=y.size, **values, prior=prior, effect_prior=effect, level=level,
                     effect=effect_of, new=new, warnings=warnings, _solved=(p, found))


def posterior_many(
    yi: ArrayLike, vi: ArrayLike, mask: ArrayLike | None = None, *, prior: Prior,
    factor: ArrayLike = 1.0, effect: EffectPrior | None = None, level: float = 0.95,
) -> PosteriorMany:
    """Compute the posteriors of many sets of effects, each as `posterior` does.

    Parameters
    ----------
    yi, vi : array_like, shape (n, k), or (k,)
        Effects and sampling variances; what is masked out is not read (see `pad`).
    mask : array_like of bool, shape (n, k), optional
        Where there is a study; None is everywhere.
    prior : Prior
        Of τ.
    factor : float or array_like, shape (n,)
        Positive; the prior of each set is that of factor × τ (`Prior.times`).
    effect : EffectPrior, optional
    level : float

    Returns
    -------
    PosteriorMany
        Arrays of shape (n,).

    Raises
    ------
    SynthesisError
        As `posterior` and `fit_many`; also if a factor is not a positive number.
    """
    y, v = matrix(yi, vi, mask)
    y, v = np.broadcast_arrays(y, v)
    factors = numeric("factor", factor)
    if factors.ndim > 1 or factors.size not in (1, y.shape[0]) or not (
            np.isfinite(factors) & (factors > 0)).all():
        raise SynthesisError("factor must be one positive number, or one for each set")
    factors = np.broadcast_to(factors, y.shape[:1])
    chances = _chances(probability("level", level))
    k = np.isfinite(v).sum(axis=1)
    out = {name: np.full(k.size, np.nan) for name in _FIELDS}
    for index in _chunks(k):
        # Studies first, so that no set carries more columns than the chunk's largest.
        order = np.argsort(~np.isfinite(v[index]), axis=1, kind="stable")[:, :k[index].max()]
        block = (np.take_along_axis(a[index], order, axis=1) for a in (y, v))
        p = problem(*block, prior, factors[index], effect)
        for name, array in _summary(p, integrate(p), chances).items():
            out[name][index] = array
    masked = {name: np.ma.masked_invalid(out.pop(name))
              for name in ("mean", "sd", "tau_mean", "log_marginal")}
    return PosteriorMany(k=k, **out, **masked)


def _chunks(k: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield indices of sets of similar size."""
    order, start = np.argsort(k, kind="stable"), 0
    while start < k.size:
        rows = max(1, _CHUNK // (150 * int(k[order[start]])))
        yield order[start:start + rows]
        start += rows


def _chances(level: float) -> FloatArray:
    """Probabilities of the median and of the ends of an interval of equal tails."""
    return np.array([0.5, 0.5 - level / 2, 0.5 + level / 2])


def _summary(p: Problem, found: Integrated, chances: FloatArray) -> dict[str, FloatArray]:
    """Fields of `PosteriorMany`, in the unit of the effects; NaN where undefined."""
    unit, centre = p.unit, p.centre
    at, end = found.at, found.end
    tau, tau_low, tau_high = tau_quantiles(p, found, chances).T
    middle, low, high = quantiles(found.mass, at.mean, np.sqrt(at.variance), chances).T
    new, new_low, new_high = quantiles(
        found.mass, at.mean, np.sqrt(at.variance + at.tau**2), chances).T
    # Under a flat prior the SD of the effect given τ grows as τ does, else it is bounded.
    flat = effect_power = int(p.precision[0] == 0)
    finite = moment(p, found, np.ones_like(at.tau), np.ones(unit.size), effect_power)
    mean = np.where(np.isnan(finite), np.nan, np.einsum("nj,nj->n", found.mass, at.mean))
    about = at.variance + (at.mean - mean[:, None]) ** 2
    about_end = end.variance[:, 0] + (end.mean[:, 0] - mean) ** 2
    variance = moment(p, found, about, about_end, 2 * flat)
    marginal = found.log_total + (flat - p.present.sum(axis=1)) * np.log(unit)
    if p.prior.scale == np.inf:
        marginal = np.full(unit.size, np.nan)
    return {
        "estimate": centre + unit * middle, "mean": centre + unit * mean,
        "sd": unit * np.sqrt(variance), "ci_low": centre + unit * low,
        "ci_high": centre + unit * high, "tau": unit * tau,
        "tau_mean": unit * moment(p, found, at.tau, end.tau[:, 0], 1),
        "tau_low": unit * tau_low, "tau_high": unit * tau_high,
        "pi_estimate": centre + unit * new, "pi_low": centre + unit * new_low,
        "pi_high": centre + unit * new_high, "log_marginal": marginal}
