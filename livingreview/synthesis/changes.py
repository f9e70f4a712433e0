"""Effect sizes of one group measured twice, and of two groups measured twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .conversions import change_sd
from .errors import FloatArray, SynthesisError, choice, columns, refuse
from .measures import Effects, complete, small_sample

CHANGE_VARIANCES = ("LS", "LS2")
STANDARDISERS = ("change", "baseline", "baseline-unequal")
GROUP_STANDARDISERS = ("pooled", "own")


def correlations(correlation: ArrayLike, k: int) -> FloatArray:
    """Return checked correlations of k rows; one number serves every row."""
    (r,) = columns(correlation=correlation)
    if r.size not in (1, k):
        raise SynthesisError(f"correlation has {r.size} rows, not {k}")
    refuse(np.abs(r) > 1, r, "the correlation must lie between -1 and 1")
    return np.broadcast_to(r, (k,))


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
    r = correlations(correlation, values[0].size)
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
    return complete(after - before, sd**2 / n)


def standardised_mean_change(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike, standardiser: str = "change",
    correction: str = "exact", variance: str = "LS",
) -> Effects:
    """Compute standardised mean changes of one group, final minus baseline.

    Conventions: 'change' divides by the SD of changes (metafor's SMCC), 'baseline' by the SD at
    baseline (SMCR), which is on the scale of standardised differences between arms. 'baseline'
    takes the SDs of the two times as equal in its variance, 'baseline-unequal' (SMCRH) does not. J
    of `standardised_mean_difference` is taken on n − 1 degrees of freedom.

    Parameters
    ----------
    m_baseline, sd_baseline, m_final, sd_final, n, correlation
        As for `mean_change`; n above 2.
    standardiser : {'change', 'baseline', 'baseline-unequal'}
    correction : {'exact', 'approximate'}
    variance : {'LS', 'LS2'}
        LS2 is J² times that of the uncorrected change; 'baseline-unequal' has LS alone.

    Returns
    -------
    Effects
        `yi` without unit; `vi` = 1/n + g²/(2n) ('change'), 2(1 − r)/n + g²/(2n) ('baseline') or
        J²(sd_c²/sd_b² + g²/2)/(n − 1), sd_c the SD of changes ('baseline-unequal').

    Raises
    ------
    SynthesisError
        As `mean_change`, if `n` is 2 or less, the variance is 0, or an option is unknown.

    References
    ----------
    Becker BJ (1988). Synthesizing standardized mean-change measures. British Journal of
    Mathematical and Statistical Psychology 41:257–278. Gibbons RD, Hedeker DR, Davis JM (1993).
    Journal of Educational Statistics 18:271–279. Bonett DG (2008). Psychological Methods 13:99–109
    ('baseline-unequal').
    """
    choice("standardiser", standardiser, STANDARDISERS)
    choice("variance", variance, CHANGE_VARIANCES[:1 + (standardiser != "baseline-unequal")])
    (before, sd_before, after, _, n), r, sd_of_change = _paired(
        m_baseline, sd_baseline, m_final, sd_final, n, correlation)
    refuse(n <= 2, n, "n must exceed 2 for a standardised mean change")
    sd = sd_of_change if standardiser == "change" else sd_before
    factor = small_sample(n - 1, correction)
    g = factor * ((after - before) / sd)
    if standardiser == "baseline-unequal":
        return complete(g, factor**2 * ((sd_of_change / sd) ** 2 + g**2 / 2) / (n - 1))
    of_means = 1 / n if standardiser == "change" else 2 * (1 - r) / n
    if variance == "LS2":
        of_means = factor**2 * of_means
    return complete(g, of_means + g**2 / (2 * n))


def ratio_of_paired_means(
    m_baseline: ArrayLike, sd_baseline: ArrayLike, m_final: ArrayLike, sd_final: ArrayLike,
    n: ArrayLike, correlation: ArrayLike,
) -> Effects:
    """Compute log ratios of the means of one group, final over baseline (metafor's ROMC).

    Parameters
    ----------
    m_baseline, sd_baseline, m_final, sd_final, n, correlation
        As for `mean_change`, on a scale with a true zero; both means of a row of one sign.

    Returns
    -------
    Effects
        `yi` = ln(m_f/m_b), `vi` = (c_f² + c_b² − 2 r c_f c_b)/n with c = sd/m.

    Raises
    ------
    SynthesisError
        As `mean_change`, if a mean is 0, or the means of a row differ in sign.

    References
    ----------
    Lajeunesse MJ (2011). On the meta-analysis of response ratios for studies with correlated and
    multi-group designs. Ecology 92:2049–2055.
    """
    (before, sd_before, after, sd_after, n), r, _ = _paired(
        m_baseline, sd_baseline, m_final, sd_final, n, correlation)
    for name, mean in (("m_baseline", before), ("m_final", after)):
        refuse(mean == 0, mean, f"{name} must differ from 0 for a ratio of means")
    refuse(np.sign(before) != np.sign(after), after,
           "m_final must have the sign of m_baseline for a ratio of means")
    c_before, c_after = sd_before / before, sd_after / after
    return complete(np.log(np.abs(after)) - np.log(np.abs(before)),
                    (c_after**2 + c_before**2 - 2 * r * c_after * c_before) / n)


def pre_post_control(
    m_baseline1: ArrayLike, sd_baseline1: ArrayLike, m_final1: ArrayLike, n1: ArrayLike,
    m_baseline2: ArrayLike, sd_baseline2: ArrayLike, m_final2: ArrayLike, n2: ArrayLike,
    correlation: ArrayLike, standardiser: str = "pooled", correction: str = "exact",
) -> Effects:
    """Compute standardised differences of the changes of two groups, arm 1 minus arm 2.

    Formulas, with Δ the mean change of a group and r the correlation in both groups:

    - 'pooled' (Morris's d_ppc2): g = J(n1 + n2 − 2)(Δ1 − Δ2)/s with s the pooled SD at baseline;
      variance 2(1 − r)(1/n1 + 1/n2) + g²/(2(n1 + n2)).
    - 'own' (d_ppc1, Becker 1988): the difference of the groups' `standardised_mean_change` by
      'baseline', with the sum of their variances. It does not take the groups' SDs as equal.

    J is that of `standardised_mean_difference`. Morris's exact variance of d_ppc2 is another, near
    to this large-sample one.

    Parameters
    ----------
    m_baseline1, sd_baseline1, m_final1, n1 : array_like, shape (k,)
        Means and SD of arm 1, all in one unit, and participants measured at both times, above 2.
    m_baseline2, sd_baseline2, m_final2, n2 : array_like, shape (k,)
        The same of arm 2.
    correlation : float or array_like, shape (k,)
        Between baseline and final values, from −1 up to, not including, 1.
    standardiser : {'pooled', 'own'}
    correction : {'exact', 'approximate'}

    Returns
    -------
    Effects
        `yi` without unit.

    Raises
    ------
    SynthesisError
        If an SD is not positive, a total is 2 or less, the correlation is outside its range, a
        value is not finite, or an option is unknown.

    References
    ----------
    Morris SB (2008). Estimating effect sizes from pretest-posttest-control group designs.
    Organizational Research Methods 11:364–386. Becker BJ (1988). British Journal of Mathematical
    and Statistical Psychology 41:257–278.
    """
    choice("standardiser", standardiser, GROUP_STANDARDISERS)
    parts = []
    for arm, values in (("1", (m_baseline1, sd_baseline1, m_final1, n1)),
                        ("2", (m_baseline2, sd_baseline2, m_final2, n2))):
        named = ("m_baseline", "sd_baseline", "m_final", "n")
        before, sd, after, n = columns(
            **{name + arm: value for name, value in zip(named, values, strict=True)})
        refuse(sd <= 0, sd, f"sd_baseline{arm} must be positive")
        refuse(n <= 2, n, f"n{arm} must exceed 2 for a standardised mean change")
        parts.append((after - before, sd, n))
    (change1, sd1, n1), (change2, sd2, n2) = parts
    columns(arm1=n1, arm2=n2)
    r = correlations(correlation, n1.size)
    refuse(r == 1, r, "the correlation must be below 1")
    if standardiser == "own":
        g1, g2 = (small_sample(n - 1, correction) * change / sd for change, sd, n in parts)
        return complete(g1 - g2, 2 * (1 - r) * (1 / n1 + 1 / n2) + g1**2 / (2 * n1)
                        + g2**2 / (2 * n2))
    m = n1 + n2 - 2
    sd = np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / m)
    g = small_sample(m, correction) * ((change1 - change2) / sd)
    return complete(g, 2 * (1 - r) * (1 / n1 + 1 / n2) + g**2 / (2 * (n1 + n2)))
