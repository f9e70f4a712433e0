"""The posterior of τ under a prior, by numerical integration: nodes, masses and quantiles.

Write x for the variable of integration, τ = s sinh x, with s at most the smallest standard error
and the scale of the prior. The likelihood is analytic but for τ² = −vᵢ, and the priors but for τ of
the size of their scale; in x all of these lie at least about a quarter turn from the real axis,
however far apart they are on the scale of τ. Gauss–Legendre rules on panels of length 1 in x are
therefore exact to about 1e-13, for tiny and huge variances and for heavy tails alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import FloatArray, SynthesisError
from .priors import EffectPrior, Prior, log_density

# Densities below e^−40 of the highest hold nothing that a double can tell.
_CUT = 40.0
_SCAN = np.linspace(0.0, 1.0, 65)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_NODES, _WEIGHTS = 0.5 * (_NODES + 1), 0.5 * _WEIGHTS
_PANELS = 8, 120
# Scales further apart than this overflow when they are squared and multiplied.
_APART = 1e60
_FARTHEST = 1e140
_NEWTON = 60


@dataclass(frozen=True, eq=False)
class Problem:
    """n sets of effects in units of their own, centred at their most precise study.

    Attributes
    ----------
    y, v : ndarray, shape (n, k)
        0 and 1 where there is no study.
    present : ndarray of bool, shape (n, k)
    centre, unit : ndarray, shape (n,)
        The effect that is 0 here and the length that is 1, in the unit of the effects.
    shrink : ndarray, shape (n,)
        s of the module's text.
    prior : Prior
    factor : ndarray, shape (n,)
        By which the prior of τ is wider.
    mean, precision : ndarray, shape (n,)
        Of the prior of the effect; precision 0 is flat.
    """

    y: FloatArray
    v: FloatArray
    present: NDArray[np.bool_]
    centre: FloatArray
    unit: FloatArray
    shrink: FloatArray
    prior: Prior
    factor: FloatArray
    mean: FloatArray
    precision: FloatArray

    @property
    def fall(self) -> NDArray[np.int64]:
        """Power r with which the likelihood falls as τ^−r."""
        return self.present.sum(axis=1) - (self.precision == 0)


@dataclass(frozen=True, eq=False)
class Given:
    """What holds given τ, each of shape (n, J): τ, density in x (log), and the effect's normal."""

    tau: FloatArray
    log: FloatArray
    mean: FloatArray
    variance: FloatArray


def problem(
    y: FloatArray, v: FloatArray, prior: Prior, factor: FloatArray, effect: EffectPrior | None
) -> Problem:
    """Centre and scale sets of effects; infinite variances are no studies.

    Raises
    ------
    SynthesisError
        If the posterior is improper, or scales are too far apart to be computed with.
    """
    present = np.isfinite(v)
    row, best = np.arange(v.shape[0]), v.argmin(axis=1)
    centre = y[row, best]
    y = np.where(present, y - centre[:, None], 0.0)
    finest = np.sqrt(v[row, best])
    largest = np.sqrt(np.where(present, v, 0.0)).max(axis=1)
    unit = np.maximum(largest, np.abs(y).max(axis=1))
    own = np.full(row.size, 1.0 if prior.scale == np.inf else prior.scale)
    if prior.family == "log-normal":
        with np.errstate(over="ignore", under="ignore"):
            # So low that the data have to speak for less than every standard error to go below.
            own = np.exp(np.full(row.size, prior.location - 9 * prior.scale))
    scale = own * factor / unit
    mean, precision = np.zeros(row.size), np.zeros(row.size)
    sizes = [finest / unit, np.ones(row.size)]
    if prior.scale != np.inf:
        sizes.append(scale)
    if effect is not None:
        mean, precision = (effect.mean - centre) / unit, (unit / effect.sd) ** 2
        sizes += [effect.sd / unit, np.maximum(np.abs(mean), 1.0)]
    if not (np.max(sizes, axis=0) <= _APART * np.min(sizes, axis=0)).all():
        raise SynthesisError("effects, variances and priors are of sizes too far apart")
    if prior.scale == np.inf:
        scale = finest / unit
    out = Problem(y / unit[:, None], np.where(present, v / unit[:, None]**2, 1.0), present, centre,
                  unit, np.minimum(finest / unit, scale), prior, factor, mean, precision)
    if prior.tail is not None and (out.fall + prior.tail).min() <= 0:
        raise SynthesisError(
            "the posterior is improper: under a flat prior of tau without an end it needs "
            f"{3 if effect is None else 2} studies, or a proper prior")
    return out


def given(p: Problem, x: FloatArray) -> Given:
    """What holds given τ = s sinh x.

    Parameters
    ----------
    p : Problem
    x : ndarray, shape (n, J)
    """
    tau = p.shrink[:, None] * np.sinh(x)
    variance = p.v[:, :, None] + tau[:, None, :] ** 2
    weight = p.present[:, :, None] / variance
    total = weight.sum(axis=1) + p.precision[:, None]
    mean = (np.einsum("nk,nkj->nj", p.y, weight) + (p.precision * p.mean)[:, None]) / total
    misfit = np.einsum("nkj,nkj->nj", weight, (p.y[:, :, None] - mean[:, None, :]) ** 2)
    misfit += p.precision[:, None] * (p.mean[:, None] - mean) ** 2
    spread = np.einsum("nk,nkj->nj", p.present.astype(float), np.log(variance))
    flat = p.precision == 0
    constant = (-0.5 * p.fall * np.log(2 * np.pi)
                + 0.5 * np.log(np.where(flat, 1.0, p.precision)))
    log = log_density(p.prior, tau, (p.unit / p.factor)[:, None])
    log = log + np.log(p.shrink[:, None] * np.cosh(x)) + constant[:, None]
    log -= 0.5 * (spread + np.log(total) + misfit)
    return Given(tau, log, mean, 1 / total)


def _farthest(p: Problem) -> FloatArray:
    """An x beyond which the posterior of each set is negligible (or 0), shape (n,).

    Raises
    ------
    SynthesisError
        If the tail is so heavy that it is not negligible anywhere.
    """
    prior = p.prior
    own = prior.scale if prior.family != "log-normal" else np.exp(
        prior.location + 9 * prior.scale + 2 * prior.scale**2)
    own = np.zeros_like(p.unit) if prior.scale == np.inf else own * p.factor / p.unit
    if prior.family == "uniform" and prior.scale != np.inf:
        return np.arcsinh(own / p.shrink)
    size = np.maximum.reduce([own, np.ones_like(own), np.abs(p.mean)])
    if prior.tail is None:
        # Where prior and data contradict each other, τ is at most about √(scale × distance).
        return np.arcsinh(20 * size / p.shrink)
    end = np.arcsinh(size / p.shrink) + _CUT / (p.fall + prior.tail)
    if (end > np.arcsinh(_FARTHEST / p.shrink)).any():
        raise SynthesisError("the tail of the prior is too heavy to be integrated")
    return end


def _support(p: Problem) -> tuple[FloatArray, FloatArray]:
    """Ends in x of where the posterior is, each of shape (n,).

    A grid is laid over the range, and over what is left of it, until that no longer shrinks: a
    sharp peak between two points of the grid is found, since the next points are the highest.
    """
    low, high = np.zeros_like(p.unit), _farthest(p)
    for _ in range(12):
        x = low[:, None] + (high - low)[:, None] * _SCAN
        at = given(p, x)
        keep = at.log > at.log.max(axis=1, keepdims=True) - _CUT
        if p.prior.family == "log-normal":
            # Moments of τ have their mass elsewhere than τ has.
            with np.errstate(divide="ignore"):
                second = at.log + 2 * np.log(at.tau)
            keep |= second > second.max(axis=1, keepdims=True) - _CUT
        first = np.maximum(keep.argmax(axis=1) - 1, 0)
        last = np.minimum(x.shape[1] - keep[:, ::-1].argmax(axis=1), x.shape[1] - 1)
        row = np.arange(x.shape[0])
        before = high - low
        low, high = x[row, first], x[row, last]
        if (high - low > 0.6 * before).all():
            break
    return low, high


@dataclass(frozen=True, eq=False)
class Integrated:
    """The posterior of τ in n sets.

    Attributes
    ----------
    edges : ndarray, shape (n, P + 1)
        Of the panels, in x.
    mass : ndarray, shape (n, P × 16)
        Of the nodes; each row sums to 1.
    at : Given
        At the nodes, shape (n, P × 16).
    end : Given
        At the last edge, shape (n, 1).
    log_total : ndarray, shape (n,)
        Log of the integral of likelihood and prior.
    """

    edges: FloatArray
    mass: FloatArray
    at: Given
    end: Given
    log_total: FloatArray


def integrate(p: Problem) -> Integrated:
    """Integrate likelihood and prior over τ."""
    low, high = _support(p)
    # A likelihood of k studies has no peak narrower than about 1/√(2k) in log τ.
    width = min(1.0, 6 / np.sqrt(2 * p.present.sum(axis=1).max()))
    panels = int(np.clip(np.ceil((high - low).max() / width), *_PANELS))
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, panels + 1)
    edges[:, -1] = high
    length = np.diff(edges, axis=1)
    x = (edges[:, :-1, None] + length[:, :, None] * _NODES).reshape(low.size, -1)
    at = given(p, x)
    peak = at.log.max(axis=1, keepdims=True)
    mass = np.exp(at.log - peak) * (length[:, :, None] * _WEIGHTS).reshape(low.size, -1)
    total = mass.sum(axis=1, keepdims=True)
    return Integrated(edges, mass / total, at, given(p, edges[:, -1:]),
                      (peak + np.log(total))[:, 0])


def tau_quantiles(p: Problem, found: Integrated, chances: FloatArray) -> FloatArray:
    """Quantiles of τ: the panel by its masses, the place in it by Newton's steps.

    Parameters
    ----------
    p : Problem
    found : Integrated
    chances : ndarray, shape (q,)

    Returns
    -------
    ndarray, shape (n, q)
        In the units of the problem.
    """
    n, q, size = found.mass.shape[0], chances.size, _NODES.size
    below = np.cumsum(found.mass.reshape(n, -1, size).sum(axis=2), axis=1)
    panel = np.minimum((below[:, :, None] < chances).sum(axis=1), below.shape[1] - 1)
    row = np.arange(n)[:, None]
    left, right = found.edges[row, panel], found.edges[row, panel + 1]
    before = np.where(panel > 0, below[row, np.maximum(panel - 1, 0)], 0.0)
    low, high, x = left, right, 0.5 * (left + right)
    for _ in range(_NEWTON):
        nodes = left[:, :, None] + (x - left)[:, :, None] * np.append(_NODES, 1.0)
        log = given(p, nodes.reshape(n, -1)).log.reshape(n, q, size + 1)
        # A posterior narrower than the rounding of x may seem denser here than at the nodes.
        density = np.exp(np.minimum(log - found.log_total[:, None, None], 700.0))
        excess = before + (x - left) * (density[:, :, :-1] @ _WEIGHTS) - chances
        high, low = np.where(excess > 0, x, high), np.where(excess > 0, low, x)
        new = x - excess / np.maximum(density[:, :, -1], 1e-300)
        new = np.where((new < low) | (new > high), 0.5 * (low + high), new)
        done = np.abs(new - x) <= 1e-14 * np.maximum(np.abs(x), right - left)
        x = new
        if done.all():
            break
    return p.shrink[:, None] * np.sinh(x)


def moment(p: Problem, found: Integrated, what: FloatArray, end: FloatArray,
           power: int) -> FloatArray:
    """Mean of a function of τ that grows at most as τ^power; NaN where it is infinite.

    Parameters
    ----------
    p : Problem
    found : Integrated
    what : ndarray, shape (n, J)
        The function at the nodes.
    end : ndarray, shape (n,)
        The function at the last edge.
    power : int

    Returns
    -------
    ndarray, shape (n,)
    """
    out = np.einsum("nj,nj->n", found.mass, what)
    if p.prior.tail is None:
        return out
    # Beyond the last edge the density in x falls as e^−ax: the rest is known.
    surplus = p.fall + p.prior.tail - power
    rest = np.exp(found.end.log[:, 0] - found.log_total) * end / np.where(surplus > 0, surplus, 1)
    return np.where(surplus > 0, out + rest, np.nan)
