"""Contrasts of trials with two arms or more from their means or events, with their covariance."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .conversions import combine_groups
from .errors import FloatArray, SynthesisError, choice, columns, refuse
from .measures import small_sample
from .notes import NOTES
from .regression import categories

OF_MEANS = ("MD", "SMD", "ROM")
OF_EVENTS = ("OR", "RR", "RD")
_CORRECTION = 0.5


@dataclass(frozen=True, eq=False)
class Contrasts:
    """Contrasts of every arm against the first of its trial; as `network` takes them.

    Attributes
    ----------
    study, treat1, treat2 : tuple of str, length m
        Effects are of `treat1` minus `treat2`.
    yi, vi : ndarray, shape (m,)
        Effects (log scale for ratios) and sampling variances.
    cov : dict of str to ndarray
        Covariance matrix of the rows of each study.
    participants : dict of (str, str) to float
        Sizes of arms by study and treatment.
    reasons : dict of str to str
        Studies without a contrast, and why.
    warnings : tuple of str
    """

    study: tuple[str, ...]
    treat1: tuple[str, ...]
    treat2: tuple[str, ...]
    yi: FloatArray
    vi: FloatArray
    cov: dict[str, FloatArray]
    participants: dict[tuple[str, str], float]
    reasons: dict[str, str]
    warnings: tuple[str, ...]


def arms_to_contrasts(
    study: Sequence[Hashable],
    treatment: Sequence[Hashable],
    *,
    measure: str,
    n: ArrayLike,
    mean: ArrayLike | None = None,
    sd: ArrayLike | None = None,
    events: ArrayLike | None = None,
) -> Contrasts:
    """Compute the contrasts of trials from their arms, one arm a row.

    Formula: contrasts of a trial share the variance of its first arm, cov(y_i0, y_j0) = s_0 and
    var(y_i0) = s_i + s_0, with s of the arm: sd²/n (MD), sd²/(n mean²) (ROM), 1/e + 1/(n − e) (OR),
    1/e − 1/n (RR), p(1 − p)/n (RD). SMD is Hedges' g with the SD pooled over all N participants of
    all arms a, on m = N − a degrees of freedom: variance 1/n_i + 1/n_0 + g_i²/(2N), covariance
    1/n_0 + g_i g_j/(2N). With two arms these are the effects of `measures`, of `RD` with
    RevMan's correction.

    Conventions: arms of one trial with one treatment are merged, as if they had been one. Where an
    arm of a trial has no events or only events, 0.5 is added to both cells of all arms of the
    trial: for RD in the variance alone. A trial is not used without events in any arm (OR, RR),
    with events alone (OR), with means of two signs or of 0 (ROM), or with less than 2 degrees of
    freedom (SMD).

    Parameters
    ----------
    study, treatment : sequence, length k
        Labels.
    measure : {'MD', 'SMD', 'ROM', 'OR', 'RR', 'RD'}
    n : array_like, shape (k,)
        Participants.
    mean, sd : array_like, shape (k,), optional
        For MD, SMD and ROM, in one unit.
    events : array_like, shape (k,), optional
        For OR, RR and RD.

    Returns
    -------
    Contrasts

    Raises
    ------
    SynthesisError
        If a label is missing, a value is not possible (with its row), the columns are not those of
        the measure, or no trial has a contrast.

    References
    ----------
    Franchini AJ, Dias S, Ades AE, Jansen JP, Welton NJ (2012). Research Synthesis Methods 3:142–160
    (covariance). Gleser LJ, Olkin I (2009). Stochastically dependent effect sizes. In: The Handbook
    of Research Synthesis and Meta-Analysis, 2nd ed., 357–376 (SMD). Deeks JJ, Higgins JPT (2010).
    Statistical algorithms in Review Manager 5 (zero cells of RD). Cochrane Handbook, chapter
    6.5.2.10 (merged arms).
    """
    choice("measure", measure, (*OF_MEANS, *OF_EVENTS))
    names, treatments = (categories(name, values)[0] for name, values in
                         (("study", study), ("treatment", treatment)))
    rows = _means(n, mean, sd) if measure in OF_MEANS else _counts(n, events)
    for label, values in (("study", names), ("treatment", treatments)):
        if len(values) != len(rows):
            raise SynthesisError(f"{label} has {len(values)} rows, n {len(rows)}")
    by_study: dict[str, dict[str, list[FloatArray]]] = {}
    for name, arm, row in zip(names, treatments, rows, strict=True):
        by_study.setdefault(name, {}).setdefault(arm, []).append(row)
    out, cov, participants, reasons, merged = [], {}, {}, {}, []
    for name, own in by_study.items():
        merged += [(name, arm) for arm, parts in own.items() if len(parts) > 1]
        arms = np.array([_merged(parts, measure) for parts in own.values()])
        if len(own) < 2:
            reasons[name] = NOTES["one-arm"]
            continue
        reason = _nothing(arms, measure)
        if reason is not None:
            reasons[name] = reason
            continue
        y, cov[name] = _MEASURES[measure](arms)
        base, *others = own
        out += [(name, arm, base, effect) for arm, effect in zip(others, y, strict=True)]
        participants |= {(name, arm): float(size)
                         for arm, size in zip(own, arms[:, 0], strict=True)}
    if not out:
        raise SynthesisError("no trial has a contrast: "
                             + "; ".join(f"{name}: {why}" for name, why in reasons.items()))
    study_, treat1, treat2, yi = zip(*out, strict=True)
    vi = np.concatenate([np.diag(matrix) for matrix in cov.values()])
    return Contrasts(study_, treat1, treat2, np.array(yi), vi, cov, participants, reasons, tuple(
        NOTES["merged-arms"].format(study=name, treatment=arm) for name, arm in merged))


def _means(n: ArrayLike, mean: ArrayLike | None, sd: ArrayLike | None) -> FloatArray:
    if mean is None or sd is None:
        raise SynthesisError("a measure of means needs mean and sd")
    size, centre, spread = columns(n=n, mean=mean, sd=sd)
    refuse(size <= 1, size, "n must exceed 1 for a mean with a standard deviation")
    refuse(spread <= 0, spread, "sd must be positive")
    return np.column_stack([size, centre, spread])


def _counts(n: ArrayLike, events: ArrayLike | None) -> FloatArray:
    if events is None:
        raise SynthesisError("a measure of events needs events")
    size, count = columns(n=n, events=events)
    refuse(size <= 0, size, "n must be positive")
    refuse(count < 0, count, "events must not be negative")
    refuse(count > size, count, "events must not exceed n")
    return np.column_stack([size, count])


def _merged(parts: list[FloatArray], measure: str) -> FloatArray:
    """One arm of several groups with one treatment."""
    if len(parts) == 1:
        return parts[0]
    if measure in OF_EVENTS:
        return np.sum(parts, axis=0)
    return np.array(combine_groups(*np.transpose(parts)))


def _nothing(arms: FloatArray, measure: str) -> str | None:
    """Why the arms of a trial have no contrast of a measure."""
    n, second = arms[:, 0], arms[:, 1]
    checks = {
        "OR": ((second == 0).all() and "no-events", (second == n).all() and "all-events"),
        "RR": ((second == 0).all() and "no-events",),
        "ROM": ((second.min() <= 0 <= second.max()) and "two-signs",),
        "SMD": (n.sum() - n.size <= 1 and "too-few",)}
    return next((NOTES[key] for key in checks.get(measure, ()) if key), None)


def _against_first(values: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
    return values[1:] - values[0], np.diag(variances[1:]) + variances[0]


def _cells(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Events and others of each arm, corrected where one of the trial is 0."""
    events, others = arms[:, 1], arms[:, 0] - arms[:, 1]
    add = _CORRECTION if not (events.all() and others.all()) else 0.0
    return events + add, others + add


def _mean_difference(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, mean, sd = arms.T
    return _against_first(mean, sd**2 / n)


def _ratio_of_means(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, mean, sd = arms.T
    return _against_first(np.log(np.abs(mean)), (sd / mean) ** 2 / n)


def _standardised(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    n, mean, sd = arms.T
    total, m = n.sum(), n.sum() - n.size
    spread = np.sqrt(((n - 1) * sd**2).sum() / m)
    g = small_sample(np.array([m]), "exact") * (mean[1:] - mean[0]) / spread
    return g, np.diag(1 / n[1:]) + 1 / n[0] + np.outer(g, g) / (2 * total)


def _odds_ratio(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    events, others = _cells(arms)
    return _against_first(np.log(events / others), 1 / events + 1 / others)


def _risk_ratio(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    events, others = _cells(arms)
    # others/(e(e + others)) is 1/e − 1/n without the cancellation at risks near 1.
    y, cov = _against_first(np.log(events / (events + others)),
                            others / (events * (events + others)))
    # Where all had the event everywhere the ratio is 1; the correction gives its variance alone.
    return (np.zeros_like(y) if (arms[:, 0] == arms[:, 1]).all() else y), cov


def _risk_difference(arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    events, others = _cells(arms)
    return _against_first(arms[:, 1] / arms[:, 0], events * others / (events + others) ** 3)


_MEASURES: dict[str, Callable[[FloatArray], tuple[FloatArray, FloatArray]]] = {
    "MD": _mean_difference, "SMD": _standardised, "ROM": _ratio_of_means,
    "OR": _odds_ratio, "RR": _risk_ratio, "RD": _risk_difference}
