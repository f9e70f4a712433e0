"""Contrasts of events in two arms with their sampling variances.

Arm 1 is the treated arm, arm 2 its comparator; ratios are on the natural log scale. Totals and
events may be fractional, because a design effect divides them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import FloatArray, choice, refuse, tables
from .measures import ZERO_CELLS, Effects, average, double, with_reasons
from .notes import NOTES

CORRECTED = ("both", "variance")
RISK_VARIANCES = ("LS", "UB", "AV")
_ZERO_CELL = NOTES["zero-cell"]


def cells(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str
) -> tuple[list[FloatArray], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the four (corrected) cells, and where the raw table has no events and only events."""
    choice("zero_cells", zero_cells, ZERO_CELLS)
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    b, d = n1 - a, n2 - c
    any_zero = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    add = {"only": np.where(any_zero, 0.5, 0.0), "all": 0.5, "none": 0.0}[zero_cells]
    return [cell + add for cell in (a, b, c, d)], (a == 0) & (c == 0), (b == 0) & (d == 0)


def risk_ratio(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute log risk ratios.

    Conventions: 0.5 is added to all four cells (so 1 to each total) of the rows that have any zero
    cell ('only'), of every row ('all') or of none ('none'). A row without events in both arms holds
    no information on the ratio: 'drop' (the default) does not use it under any rule, 'keep' uses it
    where the correction gives it a variance (metafor's escalc keeps such rows unless drop00=TRUE).
    A row with events in all participants of both arms has a ratio of 1: under 'drop' the correction
    gives it a variance and leaves the ratio as it is (as RevMan does), under 'keep' it moves the
    ratio towards the larger arm (as metafor's escalc does). Under 'none', a row whose effect is
    infinite, or whose variance is 0, is not used.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    double_zeros : {'drop', 'keep'}

    Returns
    -------
    Effects
        `yi` = ln(risk 1 / risk 2), `vi` = 1/a − 1/(a + b) + 1/c − 1/(c + d) of the corrected cells.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, events exceed the total, or
        an option is unknown.

    References
    ----------
    Katz D, et al. (1978). Obtaining confidence intervals for the risk ratio in cohort studies.
    Biometrics 34:469–474. Cochrane Handbook, chapter 10.4.4.
    """
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(a / (a + b)) - np.log(c / (c + d))
        # b/(a(a+b)) is 1/a − 1/(a+b) without the cancellation at risks near 1.
        vi = b / (a * (a + b)) + d / (c * (c + d))
    undefined = (a == 0) | (c == 0) | (vi == 0)
    dropped = double(double_zeros, none)
    if double_zeros == "drop":
        yi = np.where(full, 0.0, yi)
    return with_reasons(yi, vi, [*dropped, (undefined, _ZERO_CELL)])


def odds_ratio(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "drop",
) -> Effects:
    """Compute log odds ratios.

    Conventions on zero cells and on rows without events: as in `risk_ratio`. A row with events in
    all participants of both arms has no odds ratio: it is treated as one without events.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    double_zeros : {'drop', 'keep'}

    Returns
    -------
    Effects
        `yi` = ln(ad/(bc)), `vi` = 1/a + 1/b + 1/c + 1/d of the corrected cells.

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, events exceed the total, or
        an option is unknown.

    References
    ----------
    Woolf B (1955). On estimating the relation between blood group and disease. Annals of Human
    Genetics 19:251–253.
    """
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of equal odds both quotients are the same number, so that the effect is exactly 0.
        yi = np.log(a / b) - np.log(c / d)
        vi = 1 / a + 1 / b + 1 / c + 1 / d
    undefined = (a == 0) | (b == 0) | (c == 0) | (d == 0)
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (undefined, _ZERO_CELL)])


def peto_odds_ratio(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "none",
    double_zeros: str = "drop",
) -> Effects:
    """Compute Peto's one-step log odds ratio of each table.

    Conventions: with O the events of arm 1, E = n1 (a + c)/n their expectation and V their
    hypergeometric variance. No correction is needed, so 'none' is the default here: a table with a
    zero in one arm is used as it is (metafor's escalc corrects it unless to="none"). Tables
    without events, or with events in all participants, are not used unless 'keep' and a
    correction give them a variance.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional; n1 + n2 above 1.
    zero_cells : {'none', 'only', 'all'}
        As in `risk_ratio`.
    double_zeros : {'drop', 'keep'}

    Returns
    -------
    Effects
        `yi` = (O − E)/V, `vi` = 1/V with V = n1 n2 (a + c)(b + d)/(n²(n − 1)).

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, n1 + n2 is 1 or less, events
        exceed the total, or an option is unknown.

    References
    ----------
    Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985). Beta blockade during and after myocardial
    infarction. Progress in Cardiovascular Diseases 27:335–371.
    """
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    n = a + b + c + d
    refuse(n <= 1, n, "n1 + n2 must exceed 1")
    v = (a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        # ad − bc over n is O − E without the cancellation.
        yi, vi = (a * d - b * c) / n / v, 1 / v
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (v == 0, _ZERO_CELL)])


def risk_difference(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "keep", correct: str = "both", variance: str = "LS",
) -> Effects:
    """Compute risk differences, arm 1 minus arm 2.

    Conventions: zero cells are corrected in the effect and in the variance ('both', as metafor
    does), or in the variance alone ('variance', as Review Manager does: without events in both arms
    the difference is 0, however unequal the arms). So every row is used under 'only' and 'all',
    tables without events included: they tell that the difference is small; 'drop' leaves out the
    tables that `odds_ratio` leaves out. Under 'none' a row whose variance is zero is not used.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    zero_cells : {'only', 'all', 'none'}
    double_zeros : {'drop', 'keep'}
    correct : {'both', 'variance'}
        What the correction changes.
    variance : {'LS', 'UB', 'AV'}

    Returns
    -------
    Effects
        `yi` as a difference of proportions, `vi` = p1 q1/n1 + p2 q2/n2 of the corrected cells;
        with nᵢ − 1 in the place of nᵢ ('UB'), or with the mean risk of each arm over all tables,
        weighted by size, in the place of pᵢ ('AV').

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, events exceed the total, or
        an option is unknown.

    References
    ----------
    Cochrane Handbook, chapter 6.4.1; Deeks JJ, Higgins JPT (2010). Statistical algorithms in
    Review Manager 5.
    """
    (a, b, c, d), none, full = cells(e1, n1, e2, n2, zero_cells)
    choice("variance", variance, RISK_VARIANCES)
    if choice("correct", correct, CORRECTED) == "both":
        yi = a / (a + b) - c / (c + d)
    else:
        raw_a, raw_n1, raw_c, raw_n2 = tables(e1, n1, e2, n2)
        yi = raw_a / raw_n1 - raw_c / raw_n2
    vi = sum(of_risk(*arm, variance) for arm in ((a, b), (c, d)))
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (vi == 0, _ZERO_CELL)])


def of_risk(events: FloatArray, rest: FloatArray, variance: str) -> FloatArray:
    """Variance of a risk."""
    n = events + rest
    if variance == "AV":
        p = average(events / n, n)
        return p * (1 - p) / n
    if variance == "UB":
        refuse(n <= 1, n, "a total must exceed 1 for an unbiased variance")
        return events * rest / n**2 / (n - 1)
    return events * rest / n**3


def arcsine_difference(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, double_zeros: str = "keep"
) -> Effects:
    """Compute differences of arcsine-transformed risks, arm 1 minus arm 2.

    Conventions (metafor's AS): no correction is needed or made. Tables without events, or with
    events in all participants, are used unless 'drop' leaves them out.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals, possibly fractional.
    double_zeros : {'keep', 'drop'}

    Returns
    -------
    Effects
        `yi` = arcsin √p1 − arcsin √p2, `vi` = 1/(4 n1) + 1/(4 n2).

    Raises
    ------
    SynthesisError
        If a count is negative or not finite, a total is not positive, events exceed the total, or
        an option is unknown.

    References
    ----------
    Rücker G, Schwarzer G, Carpenter J, Olkin I (2009). Why add anything to nothing? The arcsine
    difference as a measure of treatment effect in meta-analysis with zero cells. Statistics in
    Medicine 28:721–738.
    """
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    yi = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    none, full = (a == 0) & (c == 0), (a == n1) & (c == n2)
    return with_reasons(yi, 1 / (4 * n1) + 1 / (4 * n2), double(double_zeros, none, full))
