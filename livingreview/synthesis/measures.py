"""Effects with their sampling variances; those of the means of two arms.

Arm 1 is the treated arm, arm 2 its comparator; ratios are on the natural log scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from .errors import FloatArray, choice, columns, refuse
from .notes import NOTES

ZERO_CELLS = ("only", "all", "none")
DOUBLE_ZEROS = ("drop", "keep")
CORRECTIONS = ("exact", "approximate")
SMD_VARIANCES = ("LS", "LS2", "UB", "AV", "RevMan")
MD_VARIANCES = ("LS", "HO")
ROM_VARIANCES = ("LS", "HO", "AV", "AVHO")
_NO_EVENTS, _ONLY_EVENTS = NOTES["no-events"], NOTES["all-events"]


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


def arms(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> list[FloatArray]:
    """Check means, standard deviations and totals of two arms."""
    values = columns(m1=m1, sd1=sd1, n1=n1, m2=m2, sd2=sd2, n2=n2)
    for name, sd, n in (("1", values[1], values[2]), ("2", values[4], values[5])):
        refuse(sd <= 0, sd, f"sd{name} must be positive")
        refuse(n <= 1, n, f"n{name} must exceed 1 for a mean with a standard deviation")
    return values


def pooled_sd(sd1: FloatArray, n1: FloatArray, sd2: FloatArray, n2: FloatArray) -> FloatArray:
    """Standard deviation within two arms that are taken to have the same."""
    return np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def average(values: FloatArray, n: FloatArray) -> float:
    """Mean weighted by size, for variances that take one value for all studies."""
    return float(n @ values / n.sum())


def mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    variance: str = "LS",
) -> Effects:
    """Compute mean differences, arm 1 minus arm 2.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    variance : {'LS', 'HO'}
        With the SD of each arm ('LS'), or with the pooled one for both ('HO').

    Returns
    -------
    Effects
        `yi` in the unit of the means, `vi` = sd1²/n1 + sd2²/n2.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 1 or less, a value is not finite, or the option is
        unknown.

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions, chapter 6.5.1.1.
    """
    choice("variance", variance, MD_VARIANCES)
    m1, sd1, n1, m2, sd2, n2 = arms(m1, sd1, n1, m2, sd2, n2)
    if variance == "HO":
        sd1 = sd2 = pooled_sd(sd1, n1, sd2, n2)
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
      down g has no variance, and the formula is only a number;
    - 'AV': as 'LS', with the mean of all g, weighted by n1 + n2, in the place of each.

    'RevMan' is 1/n1 + 1/n2 + g²/(2(n1 + n2 − 3.94)), which Review Manager prints with the
    approximate J.

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    correction : {'exact', 'approximate'}
    variance : {'LS', 'LS2', 'UB', 'AV', 'RevMan'}

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
    m1, sd1, n1, m2, sd2, n2 = arms(m1, sd1, n1, m2, sd2, n2)
    m = n1 + n2 - 2
    refuse(m <= 1, n1 + n2, "n1 + n2 must exceed 3 for a standardised mean difference")
    factor = small_sample(m, correction)
    g = factor * ((m1 - m2) / pooled_sd(sd1, n1, sd2, n2))
    less = 3.94 if variance == "RevMan" else 0.0
    refuse(n1 + n2 <= less, n1 + n2, f"n1 + n2 must exceed {less:g} for RevMan's variance")
    return complete(g, _of_g(g, factor, 1 / n1 + 1 / n2, m, n1 + n2 - less, variance))


def _of_g(
    g: FloatArray, factor: FloatArray, of_means: FloatArray, m: FloatArray, n: FloatArray,
    variance: str,
) -> FloatArray:
    """Variance of g = J d on m degrees of freedom of its SD, which n participants give."""
    if variance == "UB":
        return of_means + (1 - (m - 2) / (m * factor**2)) * g**2
    plugged = average(g, n) if variance == "AV" else g
    return of_means * (factor**2 if variance == "LS2" else 1) + plugged**2 / (2 * n)


def glass_delta(
    m1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    sd1: ArrayLike | None = None, correction: str = "exact", variance: str = "LS",
) -> Effects:
    """Compute differences in standard deviations of the comparator (metafor's SMD1, SMD1H).

    Conventions: g = J(n2 − 1)(m1 − m2)/sd2 with J of `standardised_mean_difference`. Without `sd1`
    the arms are taken to have one SD (SMD1), and `variance` is as there with n2 − 1 degrees of
    freedom and n2 for n1 + n2; with `sd1` they are not (SMD1H), and the variance is
    sd1²/(sd2² n1) + 1/n2 + g²/(2 n2).

    Parameters
    ----------
    m1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and SD in one unit, n1 positive and n2 above 2.
    sd1 : array_like, shape (k,), optional
    correction : {'exact', 'approximate'}
    variance : {'LS', 'LS2', 'UB', 'AV'}

    Returns
    -------
    Effects
        `yi` without unit.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is too small, a value is not finite, or an option is
        unknown.

    References
    ----------
    Glass GV (1976). Primary, secondary, and meta-analysis of research. Educational Researcher
    5(10):3–8. Hedges LV (1981). Journal of Educational Statistics 6:107–128. Bonett DG (2009).
    Psychological Methods 14:225–238.
    """
    choice("variance", variance, SMD_VARIANCES[:-1])
    named = {"m1": m1, "n1": n1, "m2": m2, "sd2": sd2, "n2": n2}
    m1, n1, m2, sd2, n2, *rest = columns(**named, **({} if sd1 is None else {"sd1": sd1}))
    for name, sd in (("sd2", sd2), *(("sd1", sd) for sd in rest)):
        refuse(sd <= 0, sd, f"{name} must be positive")
    refuse(n1 <= 0, n1, "n1 must be positive")
    refuse(n2 <= 2, n2, "n2 must exceed 2 for a standardised difference")
    factor = small_sample(n2 - 1, correction)
    g = factor * ((m1 - m2) / sd2)
    if rest:
        return complete(g, (rest[0] / sd2) ** 2 / n1 + 1 / n2 + g**2 / (2 * n2))
    vi = _of_g(g, factor, 1 / n1 + 1 / n2, n2 - 1, n2, variance)
    if variance == "AV":
        vi = 1 / n1 + 1 / n2 + average(g, n1 + n2) ** 2 / (2 * n2)
    return complete(g, vi)


def unequal_standardised_mean_difference(
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    correction: str = "exact", variance: str = "LS",
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
    m1, sd1, n1, m2, sd2, n2 = arms(m1, sd1, n1, m2, sd2, n2)
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
    m1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, m2: ArrayLike, sd2: ArrayLike, n2: ArrayLike,
    variance: str = "LS",
) -> Effects:
    """Compute log ratios of means.

    Conventions: meant for a scale with a true zero. Both means of a row must have the same sign; a
    ratio of two negative means is one of their sizes. With cᵢ = sdᵢ/mᵢ the variance is
    c1²/n1 + c2²/n2 ('LS'); the same with the pooled SD of the arms ('HO'), with the mean c of each
    arm over all studies, weighted by size ('AV'), or with that of both arms ('AVHO').

    Parameters
    ----------
    m1, sd1, n1, m2, sd2, n2 : array_like, shape (k,)
        Means and standard deviations, all in one unit, and totals above 1.
    variance : {'LS', 'HO', 'AV', 'AVHO'}

    Returns
    -------
    Effects
        `yi` = ln(m1/m2).

    Raises
    ------
    SynthesisError
        If a mean is 0, the means of a row differ in sign, an SD is not positive, a total is 1 or
        less, a value is not finite, or the option is unknown.

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS (1999). The meta-analysis of response ratios in experimental
    ecology. Ecology 80:1150–1156. Friedrich JO, Adhikari NKJ, Beyene J (2008). BMC Medical
    Research Methodology 8:32. Nakagawa S, et al. (2023). A robust and readily implementable method
    for the meta-analysis of response ratios with and without missing standard deviations. Ecology
    Letters 26:232–244 ('AV', 'AVHO').
    """
    choice("variance", variance, ROM_VARIANCES)
    m1, sd1, n1, m2, sd2, n2 = arms(m1, sd1, n1, m2, sd2, n2)
    for name, mean in (("1", m1), ("2", m2)):
        refuse(mean == 0, mean, f"m{name} must differ from 0 for a ratio of means")
    refuse(np.sign(m1) != np.sign(m2), m2, "m2 must have the sign of m1 for a ratio of means")
    yi = np.log(np.abs(m1)) - np.log(np.abs(m2))
    if variance == "HO":
        sd1 = sd2 = pooled_sd(sd1, n1, sd2, n2)
    c1, c2 = sd1 / m1, sd2 / m2
    if variance == "AV":
        c1, c2 = average(c1, n1), average(c2, n2)
    if variance == "AVHO":
        c1 = c2 = average(np.append(c1, c2), np.append(n1, n2))
    return complete(yi, c1**2 / n1 + c2**2 / n2)


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


def double(
    double_zeros: str, none: NDArray[np.bool_], full: NDArray[np.bool_] | None = None
) -> list[tuple[NDArray[np.bool_], str]]:
    """Reasons for which tables with a zero in both arms are not used: none when they are kept.

    `full` is left out where a measure has a value for tables of events alone.
    """
    if choice("double_zeros", double_zeros, DOUBLE_ZEROS) == "keep":
        return []
    return [(none, _NO_EVENTS)] + ([] if full is None else [(full, _ONLY_EVENTS)])
