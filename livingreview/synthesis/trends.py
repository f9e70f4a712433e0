"""Linear dose–response from summarised data: covariances of arms with one reference, and trends.

Effects are contrasts of each dose with one reference (control) group, so those of one study are
correlated. The covariance of mean differences is `dependence.shared_control_md`.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, expit, logit

from .errors import (
    FloatArray,
    SynthesisError,
    choice,
    columns,
    effects,
    numeric,
    probability,
    refuse,
)
from .likelihood import root
from .notes import NOTES, maxima
from .pooling import pool
from .regression import categories, quantile, two_sided

DESIGNS = ("case-control", "cumulative-incidence", "incidence-rate")
SCALES = ("log", "log10", "linear")
STAGES = ("two", "one")


class TrendCovariance(NamedTuple):
    """Covariance of log relative risks against one reference.

    Attributes
    ----------
    covariance : ndarray, shape (m, m)
        Of the m doses other than the reference.
    cases : ndarray, shape (m + 1,)
        Cases, the reference first, that give the adjusted relative risks with the margins reported.
    """

    covariance: FloatArray
    cases: FloatArray


@dataclass(frozen=True)
class Trend:
    """A trend within one study.

    Attributes
    ----------
    slope, se, ci_low, ci_high : float
        Change of the effect per unit of the dose scale.
    statistic, p_value : float
        By the normal distribution.
    intercept : float or None
        Effect where the dose scale is 0; None when the line goes through the reference dose.
    q, q_df, q_p : float, int, float or None
        Misfit of the line, χ²; None without doses to spare.
    """

    slope: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    intercept: float | None
    q: float | None
    q_df: int
    q_p: float | None


@dataclass(frozen=True, eq=False)
class DoseResponse:
    """A trend over studies.

    Attributes
    ----------
    studies, k : int
        Studies and effects that enter.
    slope, se, ci_low, ci_high, statistic, p_value : float
        Average change of the effect per unit of the dose scale; statistic and p-value None where
        the standard error is 0.
    df : float or None
        Degrees of freedom; None for the normal distribution.
    tau2 : float
        Between-study variance: of the slope, or of the level where there is no reference dose and
        the analysis is in one stage.
    intercept, intercept_se : float or None
        Only in one stage without a reference dose.
    slopes, slope_ses : ndarray, shape (studies,), or None
        Trends of the studies, in two stages.
    used : tuple of str
        Studies that enter.
    warnings : tuple of str
    """

    studies: int
    k: int
    slope: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float | None
    p_value: float | None
    df: float | None
    tau2: float
    intercept: float | None
    intercept_se: float | None
    slopes: FloatArray | None
    slope_ses: FloatArray | None
    used: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def greenland_longnecker(
    yi: ArrayLike, vi: ArrayLike, cases: ArrayLike, totals: ArrayLike, design: str = "case-control"
) -> TrendCovariance:
    """Approximate the covariance of adjusted log relative risks that share a reference group.

    Method: cell counts are fitted that keep the margins (all cases, and the total at each dose) and
    give the adjusted relative risks. With c₀ the reference's share of the crude variance and
    cᵢ = c₀ + that of dose i, the crude correlation is r = c₀/√(cᵢcⱼ), and the covariance r √(vᵢvⱼ).
    Shares are 1/A + 1/B (A cases, B others) in case-control data, 1/A − 1/N in cumulative-incidence
    data, and 1/A with person-time.

    Conventions: the counts follow from one number, the risk (odds, rate) of the reference, found as
    the root of a monotone equation, so that every count is positive; the paper's Newton steps end
    at the same counts.

    Parameters
    ----------
    yi, vi : array_like, shape (m,)
        Adjusted log relative risks (odds, rate ratios) against the reference, and variances.
    cases, totals : array_like, shape (m + 1,)
        Cases, and participants (person-time for 'incidence-rate'), the reference first.
    design : {'case-control', 'cumulative-incidence', 'incidence-rate'}

    Returns
    -------
    TrendCovariance
        (covariance, cases).

    Raises
    ------
    SynthesisError
        If counts are invalid, there are no cases (or no others), or no counts with these margins
        give these risk ratios.

    References
    ----------
    Greenland S, Longnecker MP (1992). Methods for trend estimation from summarized dose-response
    data, with applications to meta-analysis. American Journal of Epidemiology 135:1301–1309.
    """
    choice("design", design, DESIGNS)
    y, v = effects(yi, vi)
    a, n = columns(cases=cases, totals=totals)
    if a.size != y.size + 1:
        raise SynthesisError(f"cases has {a.size} rows; the reference and {y.size} doses are due")
    refuse(a < 0, a, "cases must not be negative")
    refuse(n <= 0, n, "totals must be positive")
    if not a.sum() > 0:
        raise SynthesisError("there are no cases")
    fitted = _fitted(np.concatenate([[0.0], y]), a, n, design)
    share = 1 / fitted
    if design == "case-control":
        share = share + 1 / (n - fitted)
    elif design == "cumulative-incidence":
        share = share - 1 / n
    crude = share[0] + share[1:]
    unit = np.sqrt(v / crude)
    covariance = share[0] * np.outer(unit, unit)
    np.fill_diagonal(covariance, v)
    return TrendCovariance(covariance, fitted)


def _fitted(y: FloatArray, a: FloatArray, n: FloatArray, design: str) -> FloatArray:
    """Cases that keep the margins and give the relative risks exp(y), the reference first."""
    total = float(a.sum())
    if design != "case-control":
        spread = n * np.exp(y - y.max())
        fitted = total * spread / spread.sum()
        if design == "cumulative-incidence":
            refuse(fitted >= n, fitted, "no counts with these margins give these risk ratios: the "
                   "cases must stay below the total")
        return fitted
    refuse(a > n, a, "cases must not exceed totals")
    if not total < n.sum():
        raise SynthesisError("there are only cases")
    centre = float(logit(total / n.sum()))

    def excess(odds: float) -> float:
        return float(n @ expit(odds + y)) / total - 1

    low, high = centre - float(y.max()), centre - float(y.min())
    if low == high:
        return n * expit(centre + y)
    return n * expit(root(excess, low - 1e-9, high + 1e-9, 1e-15) + y)


def dose_scale(dose: ArrayLike, scale: str = "log") -> FloatArray:
    """Put doses on the scale of the line: ln, log₁₀, or as they are.

    Raises
    ------
    SynthesisError
        If the scale is unknown, or a dose is not positive on a log scale (with its row).
    """
    choice("scale", scale, SCALES)
    (d,) = columns(dose=dose)
    if scale == "linear":
        return d
    refuse(d <= 0, d, "a dose on a log scale must be positive")
    return np.log(d) if scale == "log" else np.log10(d)


def _covariance(matrix: ArrayLike, size: int, label: str) -> FloatArray:
    """Check one study's covariance matrix; a vector is the variance of independent effects."""
    s = numeric(f"the covariance{label}", matrix)
    s = np.diag(np.atleast_1d(s)) if s.ndim <= 1 else s
    if s.shape != (size, size):
        raise SynthesisError(f"the covariance{label} has shape {s.shape}, not {(size, size)}")
    if not np.isfinite(s).all() or not np.allclose(s, s.T, rtol=1e-10, atol=0):
        raise SynthesisError(f"the covariance{label} must be finite and symmetric")
    try:
        np.linalg.cholesky(s)
    except np.linalg.LinAlgError:
        raise SynthesisError(f"the covariance{label} must be positive definite") from None
    return s


def dose_trend(
    yi: ArrayLike,
    dose: ArrayLike,
    covariance: ArrayLike,
    *,
    scale: str = "log",
    reference: float | None = None,
    level: float = 0.95,
) -> Trend:
    """Fit a line to the effects of one study by generalised least squares.

    Conventions: with a `reference` dose the line is yᵢ = β (f(dᵢ) − f(d₀)), through 0 at the
    reference (Greenland and Longnecker). Without one — a control without any dose has no place on a
    log scale — it is yᵢ = α + β f(dᵢ) over the doses given: the slope then compares doses with each
    other, and the control enters through the covariance only.

    Parameters
    ----------
    yi, dose : array_like, shape (m,)
        Effects against the reference, and their doses in one unit.
    covariance : array_like, shape (m,) or (m, m)
        Of the effects; a vector for independent ones.
    scale : {'log', 'log10', 'linear'}
        The slope is per unit of ln dose, per tenfold dose, or per unit of dose.
    reference : float, optional
        Dose of the reference.
    level : float

    Returns
    -------
    Trend

    Raises
    ------
    SynthesisError
        If doses do not differ from the reference (or from each other without one), a dose on a log
        scale is not positive, or the covariance is not positive definite.

    References
    ----------
    Greenland S, Longnecker MP (1992). American Journal of Epidemiology 135:1301–1309. Orsini N,
    Bellocco R, Greenland S (2006). The Stata Journal 6:40–57.
    """
    probability("level", level)
    (y,) = columns(yi=yi)
    x = _line(y, dose, scale, reference, "")
    s = _covariance(covariance, y.size, "")
    beta, c = _gls(y, x, s)
    residual = y - x @ beta
    q, df = float(residual @ np.linalg.solve(s, residual)), y.size - x.shape[1]
    slope, se = float(beta[-1]), float(np.sqrt(c[-1, -1]))
    half = quantile(level, None) * se
    return Trend(slope, se, slope - half, slope + half, slope / se,
                 float(two_sided(slope / se, None)), None if reference is not None else
                 float(beta[0]), q if df else None, df, float(chdtrc(df, q)) if df else None)


def _line(
    y: FloatArray, dose: ArrayLike, scale: str, reference: float | None, label: str
) -> FloatArray:
    """Design of one study's line."""
    x = dose_scale(dose, scale)
    if x.size != y.size:
        raise SynthesisError(f"dose has {x.size} rows, yi {y.size}")
    if reference is not None:
        x = x - dose_scale(reference, scale)[0]
        if not np.any(x):
            raise SynthesisError(f"all doses{label} are the reference dose")
        return x[:, None]
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        raise SynthesisError(f"a slope without a reference dose needs 2 different doses{label}")
    return np.column_stack([np.ones(x.size), x])


def _gls(y: FloatArray, x: FloatArray, s: FloatArray) -> tuple[FloatArray, FloatArray]:
    root = np.linalg.cholesky(s)
    q, r = np.linalg.qr(np.linalg.solve(root, x))
    back = np.linalg.inv(r)
    return back @ (q.T @ np.linalg.solve(root, y)), back @ back.T


def dose_response(
    yi: ArrayLike,
    dose: ArrayLike,
    study: Sequence[Hashable],
    covariances: Sequence[ArrayLike],
    *,
    stage: str = "two",
    scale: str = "log",
    reference: float | None = None,
    tau2_method: str = "REML",
    interval: str = "hksj-guard",
    level: float = 0.95,
) -> DoseResponse:
    """Pool linear trends over studies, in two stages or one.

    Conventions. Two stages: `dose_trend` of each study, then `pool` of the slopes. One stage with a
    `reference` dose: yᵢⱼ = (β + bᵢ)(f(dᵢⱼ) − f(d₀)) + e, bᵢ of variance τ² by REML; this is the
    same model, so with 'REML' the answers of both stages agree. One stage without a reference:
    yᵢⱼ = α + aᵢ + β f(dᵢⱼ) + e, aᵢ of variance τ² by REML — the slope then also compares trials of
    different doses, so it is open to confounding between trials, and a study of one dose counts.
    Two stages without a reference leave studies of one dose out, with a warning. One stage takes
    'z' or 't' (on studies − coefficients).

    Parameters
    ----------
    yi, dose : array_like, shape (k,)
        Effects against each study's own reference, and doses in one unit.
    study : sequence, length k
        Labels.
    covariances : sequence of array_like
        One for each study in order of first appearance: (m,) or (m, m), rows in the given order.
    stage : {'two', 'one'}
    scale : {'log', 'log10', 'linear'}
    reference : float, optional
        Dose of the references of all studies.
    tau2_method : str
        As for `pool`; one stage is by REML.
    interval : {'hksj-guard', 'hksj', 't', 'z'}
    level : float

    Returns
    -------
    DoseResponse

    Raises
    ------
    SynthesisError
        If no 2 studies have a trend, covariances do not fit, or as `dose_trend`.

    References
    ----------
    Greenland S, Longnecker MP (1992). American Journal of Epidemiology 135:1301–1309. Crippa A,
    Orsini N (2016). Dose-response meta-analysis of differences in means. BMC Medical Research
    Methodology 16:91. Crippa A, Discacciati A, Bottai M, Spiegelman D, Orsini N (2019). One-stage
    dose–response meta-analysis. Statistical Methods in Medical Research 28:1579–1596.
    """
    choice("stage", stage, STAGES)
    probability("level", level)
    (y,), d = columns(yi=yi), dose_scale(dose, scale)
    labels, _ = categories("study", study)
    if not y.size == d.size == len(labels):
        raise SynthesisError(f"yi, dose and study have {y.size}, {d.size} and {len(labels)} rows")
    names = list(dict.fromkeys(labels))
    if len(covariances) != len(names):
        raise SynthesisError(f"{len(covariances)} covariances were given for {len(names)} studies")
    rows = [np.array([i for i, label in enumerate(labels) if label == name]) for name in names]
    blocks = [_covariance(s, row.size, f" of {name}")
              for s, row, name in zip(covariances, rows, names, strict=True)]
    if stage == "one":
        return _one_stage(y, d, names, rows, blocks, scale, reference, interval, level)
    keep = [j for j, row in enumerate(rows) if reference is not None or np.ptp(d[row]) > 0]
    if len(keep) < 2:
        raise SynthesisError("a pooled trend needs at least 2 studies with a trend of their own")
    raw = columns(dose=dose)[0]
    trends = [dose_trend(y[rows[j]], raw[rows[j]], blocks[j], scale=scale, reference=reference)
              for j in keep]
    slopes, ses = np.array([(one.slope, one.se) for one in trends]).T
    one = pool(slopes, ses**2, tau2_method=tau2_method, interval=interval, level=level)
    left = [name for j, name in enumerate(names) if j not in keep]
    warnings = (*one.warnings, *(NOTES["one-dose"].format(study=name) for name in left))
    return DoseResponse(
        len(keep), sum(rows[j].size for j in keep), one.estimate, one.se, one.ci_low, one.ci_high,
        one.statistic, one.p_value, one.df, one.tau2, None, None, slopes, ses,
        tuple(names[j] for j in keep), warnings)


class _Parts(NamedTuple):
    """Sums of one study over its covariance: z'S⁻¹z, z'S⁻¹[X y], [X y]'S⁻¹[X y]."""

    s: float
    b: FloatArray
    a: FloatArray


def _one_stage(
    y: FloatArray, d: FloatArray, names: list[str], rows: list[np.ndarray],
    blocks: list[FloatArray], scale: str, reference: float | None, interval: str, level: float,
) -> DoseResponse:
    choice("interval", interval, ("z", "t"))
    if reference is None:
        x = np.column_stack([np.ones(d.size), d])
        if np.ptp(d) <= 1e-12 * np.abs(d).max():
            raise SynthesisError("a slope without a reference dose needs 2 different doses")
    else:
        x = (d - dose_scale(reference, scale)[0])[:, None]
    p, j = x.shape[1], len(names)
    if j <= p:
        raise SynthesisError(f"one stage with {p} coefficients needs at least {p + 1} studies")
    parts = []
    for name, row, block in zip(names, rows, blocks, strict=True):
        if reference is not None and not np.any(x[row]):
            raise SynthesisError(f"all doses of {name} are the reference dose")
        root = np.linalg.cholesky(block)
        z = np.linalg.solve(root, x[row, 0])
        xy = np.linalg.solve(root, np.column_stack([x[row], y[row]]))
        parts.append(_Parts(float(z @ z), z @ xy, xy.T @ xy))
    tau2, peaks = _reml(parts, p)
    beta, c, _, _ = _at(parts, p, tau2)
    ses, df = np.sqrt(np.diag(c)), j - p if interval == "t" else None
    slope, se = float(beta[-1]), float(ses[-1])
    half = quantile(level, df) * se
    free = reference is None
    return DoseResponse(
        j, y.size, slope, se, slope - half, slope + half, slope / se,
        float(two_sided(slope / se, df)), df, tau2, float(beta[0]) if free else None,
        float(ses[0]) if free else None, None, None, tuple(names), maxima(peaks))


def _at(
    parts: list[_Parts], p: int, tau2: float
) -> tuple[FloatArray, FloatArray, float, float]:
    """Return β̂, its covariance, the restricted log-likelihood, and its derivative in τ².

    (S + τ²zz')⁻¹ = S⁻¹ − f S⁻¹zz'S⁻¹ with f = τ²/(1 + τ²s). The derivative is Σ(uᵢ² − tᵢ)/2 with
    uᵢ = z'Vᵢ⁻¹r and tᵢ the trace of PVᵢ.
    """
    total = sum(part.a - tau2 / (1 + tau2 * part.s) * np.outer(part.b, part.b) for part in parts)
    c = np.linalg.inv(total[:p, :p])
    beta = c @ total[:p, p]
    q = float(total[p, p] - total[:p, p] @ beta)
    full = np.append(-beta, 1.0)
    height, slope = -q - float(np.linalg.slogdet(total[:p, :p])[1]), 0.0
    for part in parts:
        grow = 1 + tau2 * part.s
        height -= np.log(grow)
        pull = part.b / grow
        slope += float(pull @ full) ** 2 - part.s / grow + float(pull[:p] @ c @ pull[:p])
    return beta, c, height / 2, slope / 2


def _reml(parts: list[_Parts], p: int) -> tuple[float, int]:
    """Maximise the restricted likelihood over τ² ≥ 0; every change of sign is polished."""
    def derivative(value: float) -> float:
        return _at(parts, p, value)[3]

    low = 1 / max(part.s for part in parts)
    top = 1e3 / min(part.s for part in parts)
    while derivative(top) > 0:
        top *= 10
    grid = low * np.expm1(np.linspace(0, np.log1p(top / low), 300))
    slope = np.array([derivative(value) for value in grid])
    peaks = [0.0] if slope[0] <= 0 else []
    for i in np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0)):
        peaks.append(root(derivative, grid[i], grid[i + 1]))
    found = peaks or [0.0]
    heights = [_at(parts, p, value)[2] for value in found]
    return float(found[int(np.argmax(heights))]), len(found)
