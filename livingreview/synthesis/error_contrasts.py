"""The variance between trials from error contrasts: what is left when all effects are removed.

For independent effects y with variances v + τ² and a design x, an orthonormal basis K of what x
does not span gives K'y, free of all coefficients. Its covariance K'diag(v)K + τ² I is diagonal in
the basis of its eigenvectors at every τ², so that the restricted likelihood and Q become sums over
independent u with mean 0 and variance λ + τ².
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from .errors import FloatArray
from .likelihood import root

# Candidates for a maximum, even in ln(λ + τ²) of the smallest λ; see `likelihood`.
_STEP = 0.05
_MAX_CANDIDATES = 4_000


@dataclass(frozen=True, eq=False)
class Errors:
    """Error contrasts `u`, shape (df,), with mean 0 and variances `v` + τ²."""

    u: FloatArray
    v: FloatArray

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.u.size

    def q(self, tau2: float) -> float:
        """The generalised Q statistic."""
        return float((self.u**2 / (self.v + tau2)).sum())

    def solve_q(self, target: float) -> float:
        """The τ² ≥ 0 at which Q equals `target`; 0 where Q(0) is below it."""
        if self.q(0.0) <= target:
            return 0.0
        return root(lambda t: self.q(t) - target, 0.0, float((self.u**2).sum()) / target)

    def interval(self, level: float) -> tuple[float, float]:
        """The Q-profile interval of τ²; (0, 0) where it is empty or holds 0 alone."""
        tail = (1 - level) / 2
        return (self.solve_q(float(chdtri(self.df, tail))),
                self.solve_q(float(chdtri(self.df, 1 - tail))))

    def i2(self, tau2: float) -> float:
        """Percent of the variance that lies between trials: τ²/(τ² + s²), s² = df/Σ(1/λ)."""
        ratio = tau2 * float((1 / self.v).sum()) / self.df
        return 100 * ratio / (1 + ratio)

    def tau2(self, method: str) -> tuple[float, int]:
        """Estimate τ² by 'REML', 'DL' or 'PM', and count the maxima of the likelihood.

        References
        ----------
        Harville DA (1974). Bayesian inference for variance components using only error contrasts.
        Biometrika 61:383–385 (REML). Jackson D, White IR, Riley RD (2013). A matrix-based method of
        moments for fitting the multivariate random effects model for meta-analysis and
        meta-regression. Biometrical Journal 55:231–245 (DL).
        """
        if method == "PM":
            return self.solve_q(self.df), 1
        if method == "DL":
            return max(0.0, (self.q(0.0) - self.df) / float((1 / self.v).sum())), 1
        return self._highest()

    def _highest(self) -> tuple[float, int]:
        """The global maximum of the restricted likelihood on τ² ≥ 0.

        Its derivative Σ (u² − λ − τ²)/(λ + τ²)² / 2 is negative above the largest u² − λ.
        """
        top = float((self.u**2 - self.v).max()) * (1 + 1e-9)
        if top <= 0:
            return 0.0, 1
        low = float(self.v.min())
        span = np.log1p(top / low)
        size = int(np.clip(np.ceil(span / _STEP), 50, _MAX_CANDIDATES))
        grid = low * np.expm1(np.linspace(0, span, size + 1))
        slope = np.array([self._slope(t) for t in grid])
        peaks = [0.0] if slope[0] <= 0 else []
        for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
            peaks.append(root(self._slope, grid[i], grid[i + 1]))
        height = [-np.log(self.v + t).sum() - self.q(t) for t in peaks]
        return float(peaks[int(np.argmax(height))]), len(peaks)

    def _slope(self, tau2: float) -> float:
        w = 1 / (self.v + tau2)
        return float((w * (w * self.u**2 - 1)).sum())


def errors(y: FloatArray, v: FloatArray, x: FloatArray) -> Errors:
    """Remove the effects of a design from independent observations.

    Parameters
    ----------
    y, v : ndarray, shape (m,)
        Observations and variances.
    x : ndarray, shape (m, p)
        Of full rank; p may be 0 or m.
    """
    left = np.linalg.qr(x, mode="complete")[0][:, x.shape[1]:]
    # Singular values of √v K keep the digits of small variances that those of K'diag(v)K lose.
    _, size, turn = np.linalg.svd(np.sqrt(v)[:, None] * left, full_matrices=False)
    return Errors(turn @ (left.T @ y), np.clip(size**2, v.min(), v.max()))


def together(parts: Sequence[Errors]) -> Errors:
    """Error contrasts of designs that share no coefficient."""
    return Errors(np.concatenate([p.u for p in parts]), np.concatenate([p.v for p in parts]))
