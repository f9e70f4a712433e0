"""Effect sizes of two-arm studies with their sampling variances.

Arm 1 is the treated arm, arm 2 its comparator; ratios are on the natural log scale. Totals and
events may be fractional, because a design effect divides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from .errors import FloatArray, choice, columns, refuse, tables

ZERO_CELLS = ("only", "all", "none")


@dataclass(frozen=True, eq=False)
class Effects:
    """Effects of k studies.

    Attributes
    ----------
    yi : ndarray of float, shape (k,)
        Effects; NaN exactly where `used` is false.
    vi : ndarray of float, shape (k,)
        Sampling variances, in the squared unit of `yi`; NaN exactly where `used` is false.
    used : ndarray of bool, shape (k,)
        Whether the study gives an effect.
    reasons : tuple of (str or None), length k
        Why it does not; None where it does.
    """

    yi: FloatArray
    vi: FloatArray
    used: NDArray[np.bool_]
    reasons: tuple[str | None, ...]


def _complete(yi: FloatArray, vi: FloatArray) -> Effects:
    return Effects(yi, vi, np.ones(yi.size, dtype=bool), (None,) * yi.size)


def _arms(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> list[FloatArray]:
    """Check means, standard deviations and totals of two arms."""
    arms = columns(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    for name, sd, n in (("1", arms[1], arms[2]), ("2", arms[4], arms[5])):
        refuse(sd <= 0, sd, f"sd{name} must be positive")
        refuse(n <= 1, n, f"n{name} must exceed 1 for a mean with a standard deviation")
    return arms


def mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> Effects:
    """Compute mean differences, arm 1 minus arm 2, with unequal variances.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` in the unit of the means, `vi` = sd1²/n1 + sd2²/n2.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, or a value is not finite.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 6.5.1.1.
    """
    m1, sd1, n1, m2, sd2, n2 = _arms(m1, sd1, n1, m2, sd2, n2)
    return _complete(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


def standardised_mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> Effects:
    """Compute Hedges' g with the exact small-sample correction.

    Conventions: the standardiser is the pooled SD; J is exact (gamma function), not
    1 − 3/(4m − 1); the variance is 1/n1 + 1/n2 + g²/(2(n1 + n2)) with the corrected g (metafor's
    ``vtype="LS"``).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` without unit.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, n1 + n2 is 3 or less, or a value is not
        finite.

    References
    ----------
    Hedges LV (1981). Distribution theory for Glass's estimator of effect size and related
    estimators. Journal of Educational Statistics 6:107–128.
    """
    m1, sd1, n1, m2, sd2, n2 = _arms(m1, sd1, n1, m2, sd2, n2)
    m = n1 + n2 - 2
    refuse(m <= 1, n1 + n2, "n1 + n2 must exceed 3 for a standardised mean difference")
    pooled_sd = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    correction = np.exp(gammaln(m / 2) - np.log(m / 2) / 2 - gammaln((m - 1) / 2))
    g = correction * (m1 - m2) / pooled_sd
    return _complete(g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2)))


def _cells(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str
) -> tuple[list[FloatArray], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the four (corrected) cells, and where the raw table has no events and only events."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    b, d = n1 - a, n2 - c
    any_zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    add = {"only": np.where(any_zero, 0.5, 0.0), "all": 0.5, "none": 0.0}[zero_cells]
    cells = [cell + add for cell in (a, b, c, d)]
    return cells, (a == 0) & (c == 0), (b == 0) & (d == 0)


def _with_reasons(
    yi: FloatArray, vi: FloatArray, reasons: list[tuple[NDArray[np.bool_], str]]
) -> Effects:
    """Blank the rows that are not used; the first reason that applies is kept."""
    text: list[str | None] = [None] * yi.size
    for where, reason in reversed(reasons):
        for row in np.flatnonzero(where):
            text[row] = reason
    used = np.array([reason is None for reason in text])
    return Effects(np.where(used, yi, np.nan), np.where(used, vi, np.nan), used, tuple(text))


_NO_EVENTS = "no events in either arm"
_ONLY_EVENTS = "events in all participants of both arms"
_ZERO_CELL = "a zero cell without correction"


def risk_ratio(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only"
) -> Effects:
    """Compute log risk ratios.

    Conventions: 0.5 is added to all four cells (so 1 to each total) of the rows that have any zero
    cell ('only'), of every row ('all') or of none ('none'). A row without events in both arms, or
    with events in all participants of both arms, is not used under any rule: it holds no
    information on the ratio. (metafor's escalc keeps such rows, corrected, unless drop00=TRUE.)
    Under 'none', a row whose effect is infinite is not used.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = ln(risk 1 / risk 2), `vi` = 1/a − 1/(a + b) + 1/c − 1/(c + d) of the corrected cells.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, or events exceed the total.

    References
    ----------
    Katz D, et al. (1978). Obtaining confidence intervals for the risk ratio in cohort studies.
    Biometrics 34:469–474. Cochrane Handbook, chapter 10.4.4.
    """
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        # b/(a(a+b)) is 1/a − 1/(a+b) without the cancellation at risks near 1.
        vi = b / (a * (a + b)) + d / (c * (c + d))
    undefined = (a == 0) | (c == 0)
    return _with_reasons(yi, vi, [(none, _NO_EVENTS), (full, _ONLY_EVENTS),
                                  (undefined, _ZERO_CELL)])


def odds_ratio(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only"
) -> Effects:
    """Compute log odds ratios.

    Conventions on zero cells and on rows that are not used: as in `risk_ratio`.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` = ln(ad/(bc)), `vi` = 1/a + 1/b + 1/c + 1/d of the corrected cells.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, or events exceed the total.

    References
    ----------
    Woolf B (1955). On estimating the relation between blood group and disease. Annals of Human
    Genetics 19:251–253.
    """
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a) - np.log(b) - np.log(c) + np.log(d)
        vi = 1 / a + 1 / b + 1 / c + 1 / d
    undefined = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    return _with_reasons(yi, vi, [(none, _NO_EVENTS), (full, _ONLY_EVENTS),
                                  (undefined, _ZERO_CELL)])


def risk_difference(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only"
) -> Effects:
    """Compute risk differences, arm 1 minus arm 2.

    Conventions: zero cells are corrected in the effect and in the variance (as metafor does), so
    every row is used under 'only' and 'all', tables without events included: they tell that the
    difference is small. Under 'none' a row whose variance is zero is not used.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}

    Returns
    -------
    Effects
        `yi` as a difference of proportions, `vi` = ab/(a + b)³ + cd/(c + d)³.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, or events exceed the total.

    References
    ----------
    Cochrane Handbook, chapter 6.4.1; Deeks JJ, Higgins JPT (2010). Statistical algorithms in
    Review Manager 5.
    """
    (a, b, c, d), _, _ = _cells(e1, n1, e2, n2, zero_cells)
    yi = a / (a + b) - c / (c + d)
    vi = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    return _with_reasons(yi, vi, [(vi == 0, _ZERO_CELL)])
