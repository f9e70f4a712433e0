"""Mixtures of normal distributions: what a posterior is, once τ is integrated numerically."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from .errors import FloatArray, SynthesisError, numeric

_STEPS = 200


@dataclass(frozen=True, eq=False)
class Mixture:
    """A mixture of J normal distributions.

    Attributes
    ----------
    mass, mean, sd : ndarray, shape (J,)
        Of its parts; masses sum to 1.
    """

    mass: FloatArray
    mean: FloatArray
    sd: FloatArray

    def density(self, at: ArrayLike) -> FloatArray:
        """Density at each of `at`, of its shape."""
        z = (numeric("at", at)[..., None] - self.mean) / self.sd
        return (self.mass / self.sd * np.exp(-0.5 * z**2)).sum(axis=-1) / np.sqrt(2 * np.pi)

    def above(self, value: float) -> float:
        """Probability of more than `value`.

        Raises
        ------
        SynthesisError
            If it is not one finite number.
        """
        value = float(numeric("value", value))
        if not np.isfinite(value):
            raise SynthesisError(f"value must be one finite number, not {value}")
        return min(1.0, float(self.mass @ ndtr((self.mean - value) / self.sd)))


def quantiles(
    mass: FloatArray, mean: FloatArray, sd: FloatArray, chances: FloatArray
) -> FloatArray:
    """Quantiles of n mixtures, by Newton's steps kept inside a bracket.

    Parameters
    ----------
    mass, mean, sd : ndarray, shape (n, J)
        Of the parts; masses of each row sum to 1.
    chances : ndarray, shape (q,)

    Returns
    -------
    ndarray, shape (n, q)
        To about 1e-12 of the distribution's width.
    """
    row = np.arange(mass.shape[0])
    # The part at three quarters of the mass has about the width of the whole.
    typical = np.minimum((np.cumsum(mass, axis=1) < 0.75).sum(axis=1), mass.shape[1] - 1)
    width = sd[row, typical][:, None]
    x = mean[row, typical][:, None] + width * ndtri(chances)
    low, high = np.full_like(x, -np.inf), np.full_like(x, np.inf)
    for step in range(_STEPS):
        z = (x[:, :, None] - mean[:, None, :]) / sd[:, None, :]
        excess = np.einsum("nj,nqj->nq", mass, ndtr(z)) - chances
        slope = np.einsum("nj,nqj->nq", mass / sd, np.exp(-0.5 * z**2)) / np.sqrt(2 * np.pi)
        high, low = np.where(excess > 0, x, high), np.where(excess > 0, low, x)
        # Far out the slope is 0 or nearly: longer steps are allowed one by one.
        longest = width * 2.0 ** min(step, 60)
        move = np.clip(-excess / np.maximum(slope, 1e-300), -longest, longest)
        new = x + move
        outside = (new < low) | (new > high)  # then both ends are finite
        middle = 0.5 * (np.where(outside, low, x) + np.where(outside, high, x))
        new = np.where(outside, middle, new)
        done = np.abs(new - x) <= 1e-13 * width + 4e-16 * np.abs(x)
        x = new
        if done.all():
            break
    return x
