"""Pools of many studies, each without one of them, in O(k) memory.

A pool without study i needs sums over all studies minus the terms of i. Each set has its own τ², at
which no sum over all is known; but sums of powers of w = 1/(v + τ²) are smooth in τ², and their
Taylor series about a near node gives them to the last digits. So each node costs one pass through
the studies, and each set a few numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb

from .errors import FloatArray
from .likelihood import Data, Means, Moments, in_blocks

# Nodes are even in ln(v_min + τ²), so that wδ is at most half a step: 0.025^11 is below rounding.
_STEP = 0.05
_TERMS = 10
# Differences that lose more than three digits are not used: such sets are fitted by themselves.
_LOST = 1e-3
_SMALLEST = 1e-90
_TERM = np.arange(_TERMS + 1)


class _Node(NamedTuple):
    """Taylor coefficients at τ² = `at`, in units of `scale` = v_min + τ², about `centre`.

    `coefficients` has shape (3, 3, terms): powers 1 to 3 of w, times 1, d and d² with d the effect
    minus the centre; the sums of w alone leave out the most precise study.
    """

    at: float
    scale: float
    centre: float
    coefficients: FloatArray


@dataclass(frozen=True, eq=False)
class LeftOut:
    """The sets without one study each as columns for the solvers of `likelihood`; see `Columns`.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Centred and scaled by `stack`; the most precise study comes first.
    rows : ndarray of int, shape (n,)
        The study that each column leaves out, never the first.
    lost : ndarray of bool, shape (k,)
        Marks studies whose share in a sum is so large that the rest has too few digits.
    nodes : dict
        Those computed so far.
    offset, scale : float
        Effects are ``offset + scale * y``.
    """

    y: FloatArray
    v: FloatArray
    rows: NDArray[np.int64]
    lost: NDArray[np.bool_]
    nodes: dict[int, _Node]
    offset: float
    scale: float

    @property
    def k(self) -> NDArray[np.int64]:
        """Number of studies, shape (n,)."""
        return np.full(self.rows.size, self.y.size - 1)

    @property
    def df(self) -> NDArray[np.int64]:
        """Number of studies − 1, shape (n,)."""
        return self.k - 1

    @property
    def shift(self) -> FloatArray:
        """As `Means.shift`."""
        return np.full(self.rows.size, self.offset)

    @property
    def unit(self) -> FloatArray:
        """As `Means.unit`."""
        return np.full(self.rows.size, self.scale)

    def take(self, index: NDArray[np.int64]) -> LeftOut:
        """Some columns."""
        return LeftOut(self.y, self.v, self.rows[index], self.lost, self.nodes, self.offset,
                       self.scale)

    def _node(self, number: int) -> _Node:
        """The node `number` steps from τ² = 0."""
        if number not in self.nodes:
            at = float(self.v[0] * np.expm1(number * _STEP))
            scale = float(self.v[0]) + at
            u = scale / (self.v + at)
            centre = float(u @ self.y / u.sum())
            d = self.y - centre
            sums, power = np.empty((3, _TERMS + 3)), np.ones_like(u)
            for m in range(_TERMS + 3):
                power *= u
                sums[:, m] = power[1:].sum(), power @ d, (power * d) @ d
            coefficients = np.empty((3, 3, _TERMS + 1))
            for n in (1, 2, 3):
                series = (-1.0) ** _TERM * comb(n + _TERM - 1, _TERM)
                coefficients[n - 1] = series * sums[:, n - 1:n + _TERMS] / scale**n
            self.nodes[number] = _Node(at, scale, centre, coefficients)
        return self.nodes[number]

    def _sums(self, tau2: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Sums over all studies at each τ², shape (3, 3, n), and their centres, shape (n,)."""
        numbers = np.rint(np.log1p(tau2 / self.v[0]) / _STEP).astype(int)
        sums, centres = np.empty((3, 3, tau2.size)), np.empty(tau2.size)
        for number in np.unique(numbers).tolist():
            node, where = self._node(number), numbers == number
            powers = ((tau2[where] - node.at) / node.scale) ** _TERM[:, None]
            sums[:, :, where] = node.coefficients @ powers
            centres[where] = node.centre
        return sums, centres

    def at(self, tau2: FloatArray, of: str = "mean") -> Moments:
        """Fit at τ² of shape (n,); see `moments`, whose algebra it follows."""
        sums, centre = self._sums(tau2)
        w, d = 1 / (self.v[self.rows] + tau2), self.y[self.rows] - centre
        own = (w ** np.arange(1, 4)[:, None])[:, None] * np.array([np.ones_like(d), d, d * d])
        # Positive sums that the study makes up but for a rest are kept whole: the set is lost.
        checked = own[:2, ::2] > (1 - _LOST) * sums[:2, ::2]
        lost = (checked & (sums[:2, ::2] > 0)).any(axis=(0, 1))
        (w1, y1, z1), (w2, y2, z2), (w3, y3, z3) = sums - np.where(lost, 0.0, own)
        first = 1 / (self.v[0] + tau2)
        total, all2, all3 = w1 + first, w2 + first**2, w3 + first**3
        mean = y1 / total
        q = z1 - mean * y1
        a = z2 - 2 * mean * y2 + mean**2 * all2
        lost |= (a <= _LOST * (z2 + mean**2 * all2)) | (q <= _LOST * z1)
        self.lost[self.rows[lost]] = True
        q, a = np.maximum(q, 0.0), np.maximum(a, 0.0)
        if of == "mean":
            return Moments(total, centre + mean, q, a)
        cubes = z3 - 2 * mean * y3 + mean**2 * all3 - (y2 - mean * all2) ** 2 / total
        fall_a = 2 * cubes / np.where(a > 0, a, 1.0)
        if of == "ML":
            return Moments(total, centre + mean, q, a, total, fall_a, all2 / total)
        share = first / total
        b = w1 * (1 + share) - w2 / total
        trace2 = (w2 * (1 + 2 * share**2) - 2 * w3 / total + (w2 / total) ** 2
                  + (share * w1) ** 2)
        return Moments(total, centre + mean, q, a, b, fall_a, trace2 / b)

    def squares(self) -> FloatArray:
        """Unweighted sum of squares about the unweighted mean."""
        d = self.y - self.y.mean()
        total, own = d @ d, d[self.rows] ** 2 * (self.y.size / (self.y.size - 1))
        lost = own > (1 - _LOST) * total
        self.lost[self.rows[lost]] = True
        return np.where(lost, total, total - own)

    def extent(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Smallest, largest and total variance."""
        n, own, total = self.rows.size, self.v[self.rows], self.v.sum()
        largest, second = np.sort(self.v)[[-1, -2]]
        lost = own > (1 - _LOST) * total
        self.lost[self.rows[lost]] = True
        return np.full(n, self.v[0]), np.where(own == largest, second, largest), total - own

    def heights(self, column: int, tau2: FloatArray, restricted: bool) -> FloatArray:
        """(Restricted) log-likelihood of one column at several τ², up to a constant."""
        y, v = (np.delete(values, self.rows[column]) for values in (self.y, self.v))
        return in_blocks(Data(y, v, None, 0.0, 0.0, 0), tau2, restricted)[0]


def left_out(means: Means) -> LeftOut | None:
    """Sets without one of the studies of a single column, the first marked as lost.

    None where the most precise study is so precise that the third power of its weight overflows.
    """
    y, v = means.y[:, 0], means.v[:, 0]
    if v[0] < _SMALLEST:
        return None
    return LeftOut(y, v, np.arange(1, y.size), np.arange(y.size) == 0, {}, float(means.shift[0]),
                   float(means.unit[0]))
