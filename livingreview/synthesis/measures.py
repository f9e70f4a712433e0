"""Effect sizes of two arms with their sampling variances: means and events.

Arm 1 is the treated arm, arm 2 its comparator; ratios are on the natural log scale. Totals and
events may be fractional, because a design effect divides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from .errors import FloatArray, choice, columns, refuse, tables
from .notes import NOTES

ZERO_CELLS = ("only", "all", "none")
DOUBLE_ZEROS = ("drop", "keep")
CORRECTIONS = ("exact", "approximate")
SMD_VARIANCES = ("LS", "LS2", "UB", "RevMan")
CORRECTED = ("both", "variance")


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


def complete(yi: FloatArray, vi: FloatArray) -> Effects:
    """Return effects that every row gives; what overflows or underflows is refused."""
    refuse(~np.isfinite(yi), yi, "the effect must be finite (values too large or too small)")
    refuse(~(np.isfinite(vi) & (vi > 0)), vi,
           "the variance of the effect must be positive and finite")
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
    return complete(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


def small_sample(m: FloatArray, correction: str) -> FloatArray:
    """Hedges' factor J on `m` > 1 degrees of freedom, which makes d unbiased."""
    if choice("correction", correction, CORRECTIONS) == "approximate":
        return 1 - 3 / (4 * m - 1)
    # In large trials the log gammas are nearly equal; Stirling's series keeps the digits.
    r = 1 / (m - 1)
    series = np.sqrt((m - 1) / m) * (1 - r / 4 + r**2 / 32 + 5 * r**3 / 128)
    exact = np.exp(gammaln(m / 2) - np.log(m / 2) / 2 - gammaln((m - 1) / 2))
    return np.where(m > 10_000, series, exact)


def standardised_mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    correction: str = "exact", variance: str = "LS",
) -> Effects:
    """Compute Hedges' g.

    Conventions: the standardiser is the pooled SD on m = n1 + n2 − 2 degrees of freedom; g = J d
    with J = Γ(m/2)/(√(m/2) Γ((m − 1)/2)) ('exact') or 1 − 3/(4m − 1) ('approximate'). The
    variance is, under the names of metafor's ``vtype``,

    - 'LS': 1/n1 + 1/n2 + g²/(2(n1 + n2)), the large-sample variance with the corrected g;
    - 'LS2': J² (1/n1 + 1/n2 + d²/(2(n1 + n2))), that of the uncorrected d times J²;
    - 'UB': 1/n1 + 1/n2 + (1 − (m − 2)/(m J²)) g², unbiased with the exact J. From n1 + n2 = 4
      down g has no variance, and the formula is only a number.

    'RevMan' is 1/n1 + 1/n2 + g²/(2(n1 + n2 − 3.94)), which Review Manager prints with the
    approximate J.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    correction : {'exact', 'approximate'}
    variance : {'LS', 'LS2', 'UB', 'RevMan'}

    Returns
    -------
    Effects
        `yi` without unit.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, n1 + n2 is 3 or less ('RevMan': 3.94), a
        value is not finite, or an option is unknown.

    References
    ----------
    Hedges LV (1981). Distribution theory for Glass's estimator of effect size and related
    estimators. Journal of Educational Statistics 6:107–128. Hedges LV (1983). A random effects
    model for effect sizes. Psychological Bulletin 93:388–395 ('UB'). Borenstein M (2009). Effect
    sizes for continuous data. In: The Handbook of Research Synthesis and Meta-Analysis, 2nd ed.,
    221–235 ('LS2'). Deeks JJ, Higgins JPT (2010). Statistical algorithms in Review Manager 5
    ('RevMan').
    """
    choice("variance", variance, SMD_VARIANCES)
    m1, sd1, n1, m2, sd2, n2 = _arms(m1, sd1, n1, m2, sd2, n2)
    m = n1 + n2 - 2
    refuse(m <= 1, n1 + n2, "n1 + n2 must exceed 3 for a standardised mean difference")
    factor = small_sample(m, correction)
    pooled_sd = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    g = factor * ((m1 - m2) / pooled_sd)
    of_means = 1 / n1 + 1 / n2
    if variance == "UB":
        return complete(g, of_means + (1 - (m - 2) / (m * factor**2)) * g**2)
    less = 3.94 if variance == "RevMan" else 0.0
    refuse(n1 + n2 <= less, n1 + n2, f"n1 + n2 must exceed {less:g} for RevMan's variance")
    vi = of_means * (factor**2 if variance == "LS2" else 1) + g**2 / (2 * (n1 + n2 - less))
    return complete(g, vi)


def unequal_standardised_mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    correction: str = "exact",
) -> Effects:
    """Compute standardised mean differences without assuming equal variances of the arms.

    Formula (metafor's SMDH): g = J(n1 + n2 − 2)(m1 − m2)/s with s² = (sd1² + sd2²)/2 and J of
    `standardised_mean_difference`; with fᵢ = nᵢ − 1 the variance is
    J² (g²(sd1⁴/f1 + sd2⁴/f2)/(8 s⁴) + (sd1²/f1 + sd2²/f2)/s²).

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    correction : {'exact', 'approximate'}

    Returns
    -------
    Effects
        `yi` without unit.

    Raises
    ------
    SynthesisError
        As `standardised_mean_difference`.

    References
    ----------
    Bonett DG (2008). Confidence intervals for standardized linear contrasts of means. Psychological
    Methods 13:99–109. Bonett DG (2009). Meta-analytic interval estimation for standardized and
    unstandardized mean differences. Psychological Methods 14:225–238.
    """
    m1, sd1, n1, m2, sd2, n2 = _arms(m1, sd1, n1, m2, sd2, n2)
    m = n1 + n2 - 2
    refuse(m <= 1, n1 + n2, "n1 + n2 must exceed 3 for a standardised mean difference")
    factor = small_sample(m, correction)
    square = (sd1**2 + sd2**2) / 2
    g = factor * (m1 - m2) / np.sqrt(square)
    # Shares, so that no fourth power of a unit overflows.
    part1, part2 = sd1**2 / square, sd2**2 / square
    spread = g**2 * (part1**2 / (n1 - 1) + part2**2 / (n2 - 1)) / 8
    return complete(g, factor**2 * (spread + part1 / (n1 - 1) + part2 / (n2 - 1)))


def ratio_of_means(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> Effects:
    """Compute log ratios of means.

    Conventions: meant for a scale with a true zero. Both means of a row must have the same sign; a
    ratio of two negative means is one of their sizes. Only the ratio's unit-free large-sample
    variance is offered.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.

    Returns
    -------
    Effects
        `yi` = ln(m1/m2), `vi` = sd1²/(n1 m1²) + sd2²/(n2 m2²).

    Raises
    ------
    SynthesisError
        If a mean is 0, the means of a row differ in sign, an SD is not positive, a total is 1 or
        less, or a value is not finite.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS (1999). The meta-analysis of response ratios in experimental
    ecology. Ecology 80:1150–1156. Friedrich JO, Adhikari NKJ, Beyene J (2008). BMC Medical
    Research Methodology 8:32.
    """
    m1, sd1, n1, m2, sd2, n2 = _arms(m1, sd1, n1, m2, sd2, n2)
    for name, mean in (("1", m1), ("2", m2)):
        refuse(mean == 0, mean, f"m{name} must differ from 0 for a ratio of means")
    refuse(np.sign(m1) != np.sign(m2), m2, "m2 must have the sign of m1 for a ratio of means")
    yi = np.log(np.abs(m1)) - np.log(np.abs(m2))
    return complete(yi, (sd1 / m1) ** 2 / n1 + (sd2 / m2) ** 2 / n2)


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


def with_reasons(
    yi: FloatArray, vi: FloatArray, reasons: list[tuple[NDArray[np.bool_], str]]
) -> Effects:
    """Blank the rows that are not used; the first reason that applies is kept."""
    text: list[str | None] = [None] * yi.size
    for where, reason in reversed(reasons):
        for row in np.flatnonzero(where):
            text[row] = reason
    used = np.array([reason is None for reason in text])
    bad = used & ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    refuse(bad, vi, "the variance of the effect must be positive and finite")
    return Effects(np.where(used, yi, np.nan), np.where(used, vi, np.nan), used, tuple(text))


_NO_EVENTS, _ONLY_EVENTS, _ZERO_CELL = (
    NOTES[key] for key in ("no-events", "all-events", "zero-cell"))


def double(
    double_zeros: str, none: NDArray[np.bool_], full: NDArray[np.bool_] | None = None
) -> list[tuple[NDArray[np.bool_], str]]:
    """Reasons for which tables with a zero in both arms are not used: none when they are kept.

    `full` is left out where a measure has a value for tables of events alone.
    """
    if choice("double_zeros", double_zeros, DOUBLE_ZEROS) == "keep":
        return []
    return [(none, _NO_EVENTS)] + ([] if full is None else [(full, _ONLY_EVENTS)])


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
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
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
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
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
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
    n = a + b + c + d
    refuse(n <= 1, n, "n1 + n2 must exceed 1")
    v = (a + b) * (c + d) * (a + c) * (b + d) / (n**2 * (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        # ad − bc over n is O − E without the cancellation.
        yi, vi = (a * d - b * c) / n / v, 1 / v
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (v == 0, _ZERO_CELL)])


def risk_difference(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, zero_cells: str = "only",
    double_zeros: str = "keep", correct: str = "both",
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

    Returns
    -------
    Effects
        `yi` as a difference of proportions, `vi` = ab/(a + b)³ + cd/(c + d)³ of the corrected
        cells.

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
    (a, b, c, d), none, full = _cells(e1, n1, e2, n2, zero_cells)
    if choice("correct", correct, CORRECTED) == "both":
        yi = a / (a + b) - c / (c + d)
    else:
        raw_a, raw_n1, raw_c, raw_n2 = tables(e1, n1, e2, n2)
        yi = raw_a / raw_n1 - raw_c / raw_n2
    vi = a * b / (a + b) ** 3 + c * d / (c + d) ** 3
    return with_reasons(yi, vi, [*double(double_zeros, none, full), (vi == 0, _ZERO_CELL)])


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
