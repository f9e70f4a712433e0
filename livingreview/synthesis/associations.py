"""Association of two dichotomous variables in 2 × 2 tables, as correlations.

A table is told as elsewhere: events and totals of two groups. What is done with zero cells, and
with events in nobody or in everybody, has the names of `odds_ratio`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from .errors import FloatArray, choice
from .events import cells
from .measures import Effects, double, with_reasons
from .notes import NOTES

SAMPLING = ("CS", "ST")
# Panels and nodes of the integral behind the bivariate normal distribution, and halvings of its
# angle: 2^−60 of a quarter turn is less than rounding.
_PANELS, _HALVINGS = 12, 60
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_ZERO_CELL = NOTES["zero-cell"]


def _table(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str, double_zeros: str
) -> tuple[list[FloatArray], list[tuple[NDArray[np.bool_], str]]]:
    """Cells, and why rows are not used: their margin is empty."""
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    bare = (a + c == 0) | (b + d == 0)
    return [a, b, c, d], [*double(double_zeros, none, full), (bare, _ZERO_CELL)]


def _fisher(r: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fisher's z of correlations, with variances by the delta method."""
    return np.arctanh(r), v / ((1 - r) * (1 + r)) ** 2


def phi_coefficient(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, sampling: str = "CS",
    fisher: bool = False, zero_cells: str = "none", double_zeros: str = "drop",
) -> Effects:
    """Compute phi coefficients (metafor's PHI; ZPHI with `fisher`).

    Conventions: no correction of zero cells is needed; a table with an empty margin has no phi.
    'CS' takes all four cells as one multinomial sample (cross-sectional, what metafor takes where
    nothing is said), 'ST' the two groups as fixed by design (stratified), as in a trial. Fisher's z
    is taken by the delta method.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    sampling : {'CS', 'ST'}
    fisher : bool
    zero_cells, double_zeros
        As for `odds_ratio`.

    Returns
    -------
    Effects
        `yi` = (ad − bc)/√(n1 n2 (a + c)(b + d)).

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Bishop YMM, Fienberg SE, Holland PW (1975). Discrete Multivariate Analysis, 381–382 ('CS').
    With fixed groups ('ST') phi is (p1 − p2)√(w1 w2/(p̄q̄)), wᵢ = nᵢ/n, p̄ = w1 p1 + w2 p2; the
    delta method over p1 and p2 gives its variance.
    """
    (a, b, c, d), reasons = _table(e1, n1, e2, n2, zero_cells, double_zeros)
    choice("sampling", sampling, SAMPLING)
    n1, n2 = a + b, c + d
    n, w1, w2 = n1 + n2, n1 / (n1 + n2), n2 / (n1 + n2)
    p = (a + c) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(w1 * w2 / (p * (1 - p)))
        phi = (a / n1 - c / n2) * root
        if sampling == "ST":
            # Of √(p̄q̄) itself the derivative by pᵢ is wᵢ(1 − 2p̄)/(2√(p̄q̄)).
            bend = phi * (1 - 2 * p) / (2 * p * (1 - p))
            v = ((root - w1 * bend) ** 2 * a * b / n1**3
                 + (root + w2 * bend) ** 2 * c * d / n2**3)
        else:
            rows, columns = w1 - w2, 2 * p - 1
            of_rows, of_columns = w1 * w2, p * (1 - p)
            v = (1 - phi**2 + phi * (1 + phi**2 / 2) * rows * columns
                 / np.sqrt(of_rows * of_columns)
                 - 0.75 * phi**2 * (rows**2 / of_rows + columns**2 / of_columns)) / n
        if fisher:
            phi, v = _fisher(phi, v)
    return with_reasons(phi, v, [*reasons, (~(v > 0), _ZERO_CELL)])


def _yule(
    power: float, e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str,
    double_zeros: str,
) -> Effects:
    """(ω − 1)/(ω + 1) with ω the odds ratio to a power, by the delta method."""
    (a, b, c, d), reasons = _table(e1, n1, e2, n2, zero_cells, double_zeros)
    bare = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.tanh(power / 2 * (np.log(a / b) - np.log(c / d)))
        v = (power / 2 * (1 - y) * (1 + y)) ** 2 * (1 / a + 1 / b + 1 / c + 1 / d)
    return with_reasons(y, v, [*reasons, (bare, _ZERO_CELL)])


def yule_q(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute Yule's Q (metafor's YUQ).

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.

    Returns
    -------
    Effects
        `yi` = (ad − bc)/(ad + bc), `vi` = (1 − yi²)²(1/a + 1/b + 1/c + 1/d)/4.

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Yule GU (1912). On the methods of measuring association between two attributes. Journal of the
    Royal Statistical Society 75:579–652.
    """
    return _yule(1.0, e1, n1, e2, n2, zero_cells, double_zeros)


def yule_y(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute Yule's Y, the coefficient of colligation (metafor's YUY).

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.

    Returns
    -------
    Effects
        `yi` = (√(ad) − √(bc))/(√(ad) + √(bc)), `vi` = (1 − yi²)²(1/a + 1/b + 1/c + 1/d)/16.

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Yule GU (1912). Journal of the Royal Statistical Society 75:579–652.
    """
    return _yule(0.5, e1, n1, e2, n2, zero_cells, double_zeros)


def _below_both(h: FloatArray, k: FloatArray, angle: FloatArray) -> FloatArray:
    """Chance that two standard normal variables of correlation sin(angle) are below h and k.

    Φ(h)Φ(k) + ∫₀^angle exp(−(h² + k² − 2hk sin θ)/(2 cos² θ)) dθ/2π (Sheppard; Drezner Z,
    Wesolowsky GO 1990, Journal of Statistical Computation and Simulation 35:101–107).
    """
    nodes = (np.arange(_PANELS)[:, None] + (1 + _NODES) / 2).ravel() / _PANELS
    weights = np.tile(_WEIGHTS, _PANELS) / (2 * _PANELS)
    theta = angle[:, None] * nodes
    h, k = h[:, None], k[:, None]
    density = np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(theta)) / (2 * np.cos(theta) ** 2))
    return (ndtr(h) * ndtr(k))[:, 0] + angle * (density @ weights) / (2 * np.pi)


def tetrachoric(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, fisher: bool = False,
    zero_cells: str = "none", double_zeros: str = "drop",
) -> Effects:
    """Compute tetrachoric correlations (metafor's RTET; ZTET with `fisher`).

    Conventions: both variables are taken as normal ones cut in two. The maximum of the likelihood
    gives back the table itself, so the correlation is the root of one equation, found to rounding;
    metafor's optimiser stops in the fourth digit or so. The variance is the inverse of the
    information, for one multinomial sample. A table with a zero cell has a correlation of ±1
    without a variance: it is not used unless it is corrected.

    Parameters
    ----------
    e1, n1, e2, n2, zero_cells, double_zeros
        As for `odds_ratio`.
    fisher : bool
        Give Fisher's z, by the delta method.

    Returns
    -------
    Effects

    Raises
    ------
    SynthesisError
        As `odds_ratio`.

    References
    ----------
    Pearson K (1900). Mathematical contributions to the theory of evolution. VII. On the
    correlation of characters not quantitatively measurable. Philosophical Transactions of the Royal
    Society A 195:1–47. Kirk DB (1973). On the numerical approximation of the bivariate normal
    (tetrachoric) correlation coefficient. Psychometrika 38:259–268.
    """
    (a, b, c, d), reasons = _table(e1, n1, e2, n2, zero_cells, double_zeros)
    bare = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    one = np.where(bare, 1.0, 0.0)
    a, b, c, d = (np.where(bare, one, cell) for cell in (a, b, c, d))
    n = a + b + c + d
    h, k = ndtri((a + b) / n), ndtri((a + c) / n)
    low, high = np.full(n.size, -np.pi / 2), np.full(n.size, np.pi / 2)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = _below_both(h, k, middle) > a / n
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    angle = (low + high) / 2
    r, s = np.sin(angle), np.cos(angle)
    density = np.exp(-(h**2 + k**2 - 2 * r * h * k) / (2 * s**2)) / (2 * np.pi * s)
    # The derivatives of the correlation by the shares of the cells, times the density; d has 0.
    by_row, by_column = ndtr((k - r * h) / s), ndtr((h - r * k) / s)
    slopes = np.array([1 - by_row - by_column, -by_row, -by_column])
    shares = np.array([a, b, c]) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        v = ((shares * slopes**2).sum(axis=0) - (shares * slopes).sum(axis=0) ** 2) / (
            n * density**2)
        if fisher:
            r, v = _fisher(r, v)
    return with_reasons(r, v, [*reasons, (bare, _ZERO_CELL)])
