"""Effect sizes with their sampling variances: of two arms, of one arm over time, correlations.

Arm 1 is the treated arm, arm 2 its comparator; ratios are on the natural log scale. Totals and
events may be fractional, because a design effect divides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from .conversions import change_sd
from .errors import FloatArray, SynthesisError, choice, columns, refuse, tables
from .notes import NOTES

ZERO_CELLS = ("only", "all", "none")
DOUBLE_ZEROS = ("drop", "keep")
CORRECTIONS = ("exact", "approximate")
SMD_VARIANCES = ("LS", "LS2", "UB", "RevMan")
CORRECTED = ("both", "variance")
STANDARDISERS = ("change", "baseline")


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
    return _complete(m1 - m2, sd1**2 / n1 + sd2**2 / n2)


def _small_sample(m: FloatArray, correction: str) -> FloatArray:
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
    - 'UB': 1/n1 + 1/n2 + (1 − (m − 2)/(m J²)) g², unbiased with the exact J. (From n1 + n2 = 4
      down g has no variance, and the formula is only a number.)

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
    factor = _small_sample(m, correction)
    pooled_sd = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    g = factor * ((m1 - m2) / pooled_sd)
    of_means = 1 / n1 + 1 / n2
    if variance == "UB":
        return _complete(g, of_means + (1 - (m - 2) / (m * factor**2)) * g**2)
    less = 3.94 if variance == "RevMan" else 0.0
    refuse(n1 + n2 <= less, n1 + n2, f"n1 + n2 must exceed {less:g} for RevMan's variance")
    vi = of_means * (factor**2 if variance == "LS2" else 1) + g**2 / (2 * (n1 + n2 - less))
    return _complete(g, vi)


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
    return _complete(yi, (sd1 / m1) ** 2 / n1 + (sd2 / m2) ** 2 / n2)


def _paired(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike,
) -> tuple[list[FloatArray], FloatArray, FloatArray]:
    """Check the columns of a pre–post design; return them, the correlation and the SD of changes.

    A correlation given once serves every row.
    """
    values = columns(m_baseline=m_baseline, sd_baseline=sd_baseline, m_final=m_final,
                     sd_final=sd_final, n=n)
    refuse(values[4] <= 1, values[4], "n must exceed 1 for a mean with a standard deviation")
    (r,) = columns(correlation=correlation)
    if r.size not in (1, values[0].size):
        raise SynthesisError(f"correlation has {r.size} rows, not {values[0].size}")
    r = np.broadcast_to(r, values[0].shape)
    return values, r, np.asarray(change_sd(values[1], values[3], r))


def mean_change(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike,
) -> Effects:
    """Compute mean changes of one group, final minus baseline, with a stated correlation.

    Parameters
    ----------
    m_baseline, sd_baseline, m_final, sd_final : array_like, shape (k,)
        Means and standard deviations, all in one unit.
    n : array_like, shape (k,)
        Participants measured at both times, above 1.
    correlation : float or array_like, shape (k,)
        Between baseline and final values, from −1 to 1; one number serves every row.

    Returns
    -------
    Effects
        `yi` in the unit of the means, `vi` = (sd_b² + sd_f² − 2 r sd_b sd_f)/n.

    Raises
    ------
    SynthesisError
        If an SD is not positive, `n` is 1 or less, the correlation is outside −1 to 1, the
        variance of changes is 0, or a value is not finite.

    References
    ----------
    Cochrane Handbook, chapters 6.5.2.8 and 23.2.7.
    """
    (before, _, after, _, n), _, sd = _paired(
        m_baseline, sd_baseline, m_final, sd_final, n, correlation)
    return _complete(after - before, sd**2 / n)


def standardised_mean_change(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike, standardiser: str = "change",
    correction: str = "exact",
) -> Effects:
    """Compute standardised mean changes of one group, final minus baseline.

    Conventions: 'change' divides by the SD of changes (metafor's SMCC), 'baseline' by the SD at
    baseline (SMCR), which is on the scale of standardised differences between arms. J of
    `standardised_mean_difference` is taken on n − 1 degrees of freedom.

    Parameters
    ----------
    m_baseline, sd_baseline, m_final, sd_final, n, correlation
        As for `mean_change`; n above 2.
    standardiser : {'change', 'baseline'}
    correction : {'exact', 'approximate'}

    Returns
    -------
    Effects
        `yi` without unit; `vi` = 1/n + g²/(2n) ('change') or 2(1 − r)/n + g²/(2n) ('baseline').

    Raises
    ------
    SynthesisError
        As `mean_change`, if `n` is 2 or less, the variance is 0, or an option is unknown.

    References
    ----------
    Becker BJ (1988). Synthesizing standardized mean-change measures. British Journal of
    Mathematical and Statistical Psychology 41:257–278. Gibbons RD, Hedeker DR, Davis JM (1993).
    Journal of Educational Statistics 18:271–279.
    """
    choice("standardiser", standardiser, STANDARDISERS)
    (before, sd_before, after, _, n), r, sd_of_change = _paired(
        m_baseline, sd_baseline, m_final, sd_final, n, correlation)
    refuse(n <= 2, n, "n must exceed 2 for a standardised mean change")
    sd = sd_of_change if standardiser == "change" else sd_before
    g = _small_sample(n - 1, correction) * ((after - before) / sd)
    of_means = 1 / n if standardiser == "change" else 2 * (1 - r) / n
    return _complete(g, of_means + g**2 / (2 * n))


def _correlations(r: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    r, n = columns(r=r, n=n)
    refuse(np.abs(r) >= 1, r, "r must lie between -1 and 1")
    refuse(n <= 3, n, "n must exceed 3 for a correlation")
    return r, n


def raw_correlation(r: ArrayLike, n: ArrayLike) -> Effects:
    """Compute product-moment correlations with their large-sample variances.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 3.

    Returns
    -------
    Effects
        `yi` = r, `vi` = (1 − r²)²/(n − 1).

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 3 or less, or a value is not finite.

    References
    ----------
    Hedges LV (1989). An unbiased correction for sampling error in validity generalization studies.
    Journal of Applied Psychology 74:469–477.
    """
    r, n = _correlations(r, n)
    # (1 − r)(1 + r) keeps the digits of 1 − r² near 1.
    return _complete(r, ((1 - r) * (1 + r)) ** 2 / (n - 1))


def fisher_z(r: ArrayLike, n: ArrayLike) -> Effects:
    """Compute Fisher's z of product-moment correlations; its inverse is the hyperbolic tangent.

    Parameters
    ----------
    r : array_like, shape (k,)
        Correlations, strictly between −1 and 1.
    n : array_like, shape (k,)
        Sample sizes above 3.

    Returns
    -------
    Effects
        `yi` = artanh r, `vi` = 1/(n − 3).

    Raises
    ------
    SynthesisError
        If |r| is 1 or more, `n` is 3 or less, or a value is not finite.

    References
    ----------
    Fisher RA (1921). On the "probable error" of a coefficient of correlation deduced from a small
    sample. Metron 1:3–32.
    """
    r, n = _correlations(r, n)
    return _complete(np.arctanh(r), 1 / (n - 3))


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
    bad = used & ~(np.isfinite(yi) & np.isfinite(vi) & (vi > 0))
    refuse(bad, vi, "the variance of the effect must be positive and finite")
    return Effects(np.where(used, yi, np.nan), np.where(used, vi, np.nan), used, tuple(text))


_NO_EVENTS, _ONLY_EVENTS, _ZERO_CELL = (
    NOTES[key] for key in ("no-events", "all-events", "zero-cell"))


def _double(
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
    dropped = _double(double_zeros, none)
    if double_zeros == "drop":
        yi = np.where(full, 0.0, yi)
    return _with_reasons(yi, vi, [*dropped, (undefined, _ZERO_CELL)])


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
    return _with_reasons(yi, vi, [*_double(double_zeros, none, full), (undefined, _ZERO_CELL)])


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
    return _with_reasons(yi, vi, [*_double(double_zeros, none, full), (v == 0, _ZERO_CELL)])


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
    return _with_reasons(yi, vi, [*_double(double_zeros, none, full), (vi == 0, _ZERO_CELL)])
