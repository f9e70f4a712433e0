"""Prior distributions of a random-effects model: of the heterogeneity τ, and of the effect."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from .errors import FloatArray, SynthesisError, choice, one_number

FAMILIES = ("half-normal", "half-cauchy", "half-t", "log-normal", "uniform")


@dataclass(frozen=True)
class Prior:
    """A prior of τ, the standard deviation between studies.

    Attributes
    ----------
    family : {'half-normal', 'half-cauchy', 'half-t', 'log-normal', 'uniform'}
        A half distribution is that of the absolute value of a variable that is centred at 0.
    scale : float
        In the unit of the effects: of the half distributions; the upper end of the uniform one
        (infinity is the improper flat prior). The SD of log τ for 'log-normal'.
    df : float, optional
        Degrees of freedom, of 'half-t' alone.
    location : float, optional
        Mean of log τ, of 'log-normal' alone.

    Raises
    ------
    SynthesisError
        If the family is unknown, a number is missing, not positive or not finite (the end of the
        uniform prior may be infinite), or a number is given that the family does not have.
    """

    family: str
    scale: float
    df: float | None = None
    location: float | None = None

    def __post_init__(self) -> None:
        choice("family", self.family, FAMILIES)
        if not (self.family == "uniform" and self.scale == math.inf):
            one_number("scale", self.scale)
        if not self.scale > 0:
            raise SynthesisError(f"the scale of a prior must be positive, not {self.scale}")
        for name, family in (("df", "half-t"), ("location", "log-normal")):
            value = getattr(self, name)
            if (value is None) == (self.family == family):
                raise SynthesisError(f"a {self.family} prior "
                                     f"{'needs' if value is None else 'has no'} {name}")
            if value is not None:
                one_number(name, value)
        if self.df is not None and self.df <= 0:
            raise SynthesisError(f"df must be positive, not {self.df}")

    @property
    def tail(self) -> float | None:
        """Power ν of a density that falls as τ^−(ν + 1); None where it falls faster than any."""
        if self.family == "uniform":
            return -1.0 if self.scale == math.inf else None
        return {"half-cauchy": 1.0, "half-t": self.df}.get(self.family)

    def times(self, factor: float) -> Prior:
        """The prior of factor × τ: the same in another unit, or wider or narrower.

        Parameters
        ----------
        factor : float
            Positive.
        """
        if self.family == "log-normal":
            return Prior(self.family, self.scale, location=self.location + math.log(factor))
        return Prior(self.family, self.scale * factor, self.df)

    def density(self, tau: FloatArray) -> FloatArray:
        """Density at τ ≥ 0, of the shape of `tau`; 1 for the improper flat prior."""
        return np.exp(log_density(self, np.asarray(tau, dtype=float)))


@dataclass(frozen=True)
class EffectPrior:
    """A normal prior of the mean effect.

    Attributes
    ----------
    mean, sd : float
        In the unit of the effects (log scale for ratios).

    Raises
    ------
    SynthesisError
        If a number is not finite, or `sd` is not positive.
    """

    mean: float
    sd: float

    def __post_init__(self) -> None:
        one_number("mean", self.mean)
        if not one_number("sd", self.sd) > 0:
            raise SynthesisError(f"the SD of a prior must be positive, not {self.sd}")


def log_density(prior: Prior, tau: FloatArray, unit: FloatArray | float = 1.0) -> FloatArray:
    """Log density of τ/unit where τ has the prior; 0 everywhere for the improper flat prior.

    Parameters
    ----------
    prior : Prior
    tau : ndarray
        In `unit`.
    unit : float or ndarray that broadcasts with `tau`

    Returns
    -------
    ndarray
        Of the broadcast shape.
    """
    if prior.family == "log-normal":
        log = np.log(np.where(tau > 0, tau, 1.0))
        z = (log + np.log(unit) - prior.location) / prior.scale
        density = -0.5 * z**2 - log - math.log(prior.scale * math.sqrt(2 * math.pi))
        return np.where(tau > 0, density, -np.inf)
    if prior.scale == math.inf:
        return np.zeros(np.broadcast(tau, unit).shape)
    scale = prior.scale / unit
    z = tau / scale
    if prior.family == "uniform":
        # A node at the end may lie beyond it by rounding.
        return np.where(z <= 1 + 1e-12, -np.log(scale), -np.inf)
    if prior.family == "half-normal":
        return 0.5 * math.log(2 / math.pi) - np.log(scale) - 0.5 * z**2
    df = 1.0 if prior.family == "half-cauchy" else prior.df
    constant = (math.log(2) + gammaln((df + 1) / 2) - gammaln(df / 2)
                - 0.5 * math.log(df * math.pi))
    # Where z² would overflow, log(1 + z²/df) is 2 log z − log df.
    big = z > 1e100
    inner = np.log1p(np.where(big, 1.0, z) ** 2 / df)
    inner = np.where(big, 2 * np.log(np.where(big, z, 1.0)) - math.log(df), inner)
    return constant - np.log(scale) - 0.5 * (df + 1) * inner
