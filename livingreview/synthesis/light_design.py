"""The between-study variance of a large meta-regression, from cross products of its design.

Each candidate variance takes three weighted cross products of p columns, without the QR
decomposition of `regression`. Cross products square the condition of the design, and traces come as
differences of nearly equal numbers where one study fixes a coefficient: such designs are refused
here (`light`), and `regression` takes its own QR decompositions for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .errors import FloatArray
from .likelihood import Moments

# Largest leverage of a study in a light design, and largest condition of its weighted design.
_HEAVIEST = 0.9
_CONDITION = 1e3


@dataclass(frozen=True, eq=False)
class LightDesign:
    """One design as `n` equal columns for the solvers of `likelihood`; see `Columns` there.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
    basis : ndarray, shape (k, p)
        Orthonormal columns.
    products : ndarray, shape (p(p + 1)/2, k)
        Products of two columns of the basis.
    residuals : ndarray, shape (k,)
        Of ordinary least squares.
    n : int
    """

    y: FloatArray
    v: FloatArray
    basis: FloatArray
    products: FloatArray
    residuals: FloatArray
    n: int = 1

    @property
    def k(self) -> NDArray[np.int64]:
        """Number of studies, shape (n,)."""
        return np.full(self.n, self.y.size)

    @property
    def df(self) -> NDArray[np.int64]:
        """Studies − coefficients, shape (n,)."""
        return self.k - self.basis.shape[1]

    def take(self, index: NDArray[np.int64]) -> LightDesign:
        """As many columns as `index` has."""
        return LightDesign(self.y, self.v, self.basis, self.products, self.residuals, index.size)

    def at(self, tau2: FloatArray, of: str = "mean") -> Moments:
        """Fit at each τ²."""
        return joined([self._one(t, of) for t in tau2])

    def _one(self, tau2: float, of: str) -> Moments:
        """Fit at one τ²: with W = diag(w), G = B'WB and P = W − WBG⁻¹B'W, see `Moments`.

        There is no single mean: it is left 0.
        """
        powers = np.empty((3 if of == "REML" else 1, self.v.size))
        w = np.divide(1.0, self.v + tau2, out=powers[0])
        for lower, higher in pairwise(powers):
            np.multiply(lower, w, out=higher)
        grams = self._grams(powers)
        inverse = np.linalg.inv(grams[0])
        # About the residuals of ordinary least squares, so that large effects cost no digit.
        change = inverse @ (self.basis.T @ (w * self.residuals))
        r = self.residuals - self.basis @ change
        z = w * r
        q, a = z @ r, z @ z
        if of == "mean":
            return Moments(w.sum(), 0.0, q, a)
        total = w.sum()
        wz = w * z
        pull = self.basis.T @ wz
        fall_a = 2 * (wz @ z - pull @ inverse @ pull) / (a if a > 0 else 1.0)
        if of == "ML":
            return Moments(total, 0.0, q, a, total, fall_a, (w @ w) / total)
        second = inverse @ grams[1]
        b = total - np.trace(second)
        squares = w @ w - 2 * (inverse * grams[2]).sum() + (second * second.T).sum()
        return Moments(total, 0.0, q, a, b, fall_a, squares / b)

    def _grams(self, weights: FloatArray) -> FloatArray:
        """B' diag(weights) B for each row of weights, shape (rows, p, p)."""
        p = self.basis.shape[1]
        above = np.triu_indices(p)
        out = np.empty((weights.shape[0], p, p))
        out[:, above[0], above[1]] = out[:, above[1], above[0]] = weights @ self.products.T
        return out

    def squares(self) -> FloatArray:
        """Residual sum of squares of ordinary least squares."""
        return np.full(self.n, self.residuals @ self.residuals)

    def extent(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smallest, largest and total variance."""
        smallest, largest, total = self.v.min(), self.v.max(), self.v.sum()
        return np.full(self.n, smallest), np.full(self.n, largest), np.full(self.n, total)

    def heights(self, column: int, tau2: FloatArray, restricted: bool) -> FloatArray:
        """(Restricted) log-likelihood at several τ², up to a constant; all columns are one."""
        out = np.empty(tau2.size)
        for i, t in enumerate(tau2):
            w = 1 / (self.v + t)
            log_x = np.linalg.slogdet(self._grams(w[None])[0])[1] if restricted else 0.0
            out[i] = np.log(w).sum() - log_x - self._one(t, "mean").q
        return out / 2


def light(y: FloatArray, v: FloatArray, basis: FloatArray) -> LightDesign | None:
    """Return the design for the solvers of `likelihood`; None where it is not light.

    Parameters
    ----------
    y, v : ndarray, shape (k,)
    basis : ndarray, shape (k, p)
        Orthonormal.
    """
    first, second = np.triu_indices(basis.shape[1])
    products = np.ascontiguousarray((basis[:, first] * basis[:, second]).T)
    made = LightDesign(y, v, basis, products, y - basis @ (basis.T @ y))
    w = 1 / v
    gram = made._grams(w[None])[0]
    sizes = np.linalg.eigvalsh(gram)
    if not sizes[0] * _CONDITION**2 > sizes[-1]:
        return None
    half = basis @ np.linalg.inv(np.linalg.cholesky(gram)).T
    heaviest = max((w * (half * half).sum(axis=1)).max(), (basis * basis).sum(axis=1).max())
    return made if heaviest < _HEAVIEST else None


def joined(fits: list[Moments]) -> Moments:
    """Fits at single variances as one."""
    def column(name: str) -> FloatArray | None:
        values = [getattr(fit, name) for fit in fits]
        return None if values[0] is None else np.array(values)

    return Moments(*(
        column(name) for name in ("sum_weights", "mean", "q", "a", "b", "fall_a", "fall_b")))
