"""Pools of tables of events: Mantel and Haenszel, with and without random effects, and Peto."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from .batch import options
from .errors import FloatArray, SynthesisError, choice, probability, refuse, tables
from .events import odds_ratio, risk_difference, risk_ratio
from .measures import Effects
from .notes import NOTES
from .pooling import Pooled, at_tau2, pool, result
from .rates import rate_difference, rate_ratio

MEASURES, RATES = ("RR", "OR", "RD"), ("IRR", "IRD")
CONVENTIONS = ("exact", "revman")


class _Sums(NamedTuple):
    """Estimate and variance (of the log, for ratios) and the tables' shares in them."""

    estimate: float
    variance: float
    shares: FloatArray


def _ratio(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, measure: str
) -> _Sums:
    """Mantel–Haenszel ratio, with the variances of Greenland and Robins or of Robins et al."""
    n = a + b + c + d
    over, under = (a * (c + d) / n, c * (a + b) / n) if measure == "RR" else (a * d / n, b * c / n)
    r, s = over.sum(), under.sum()
    if not (r > 0 and s > 0):
        raise SynthesisError(f"the Mantel-Haenszel {measure} is undefined: "
                             "one of its sums is zero")
    if measure == "RR":
        parts = ((a + b) * (c + d) * (a + c) - a * c * n) / n**2
        variance = parts.sum() / (r * s)
    else:
        agree, differ = (a + d) / n, (b + c) / n
        variance = ((agree * over).sum() / (2 * r * r)
                    + (agree * under + differ * over).sum() / (2 * r * s)
                    + (differ * under).sum() / (2 * s * s))
    return _Sums(float(np.log(r / s)), float(variance), under / s)


def _difference(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, vi: FloatArray | None
) -> _Sums:
    """Mantel–Haenszel risk difference, with Sato's variance or that of the tables' own `vi`."""
    n1, n2 = a + b, c + d
    n = n1 + n2
    weight = n1 * n2 / n
    total = weight.sum()
    estimate = float(((a * n2 - c * n1) / n).sum() / total)
    if vi is not None:
        return _Sums(estimate, float((weight**2 * vi).sum() / total**2), weight / total)
    p = (n1**2 * c - n2**2 * a + n1 * n2 * (n2 - n1) / 2) / n**2
    q = (a * d + c * b) / (2 * n)
    variance = float((estimate * p.sum() + q.sum()) / total**2)
    return _Sums(estimate, variance, weight / total)


def _own(
    cells: tuple[FloatArray, ...], measure: str, rule: str, convention: str
) -> Effects:
    """The tables' own effects, with 0.5 added where a cell is zero."""
    if measure == "RD":
        return risk_difference(*cells, double_zeros=rule,
                               correct="variance" if convention == "revman" else "both")
    return (risk_ratio if measure == "RR" else odds_ratio)(*cells, double_zeros=rule)


def _mantel_haenszel(
    cells: tuple[FloatArray, ...], measure: str, convention: str, single: Effects
) -> _Sums:
    """The pool of the tables that `single` uses; see `mantel_haenszel`."""
    a, n1, c, n2 = (values[single.used] for values in cells)
    b, d = n1 - a, n2 - c
    if measure == "RD":
        return _difference(a, b, c, d, single.vi[single.used] if convention == "revman" else None)
    if convention == "revman":
        # A table of events alone keeps its ratio of 1.
        zero = ((a == 0) | (b == 0) | (c == 0) | (d == 0)) & ~((b == 0) & (d == 0))
        a, b, c, d = (cell + np.where(zero, 0.5, 0.0) for cell in (a, b, c, d))
    return _ratio(a, b, c, d, measure)


def _compared(
    cells: tuple[FloatArray, ...], measure: str, double_zeros: str | None, convention: str,
    used: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Which tables enter Q; see `mantel_haenszel`."""
    a, n1, c, n2 = cells
    none, full = (a == 0) & (c == 0), (a == n1) & (c == n2)
    if convention == "revman" or double_zeros == "keep":
        return used
    return used & ~full & ~none if measure == "RD" else used & ~full


def mantel_haenszel(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, measure: str = "RR",
    level: float = 0.95, double_zeros: str | None = None, convention: str = "exact",
) -> Pooled:
    """Pool 2 × 2 tables by Mantel and Haenszel.

    Conventions: ratios on the log scale, normal interval, no τ². Tables that `risk_ratio` or
    `odds_ratio` does not use do not count in ratios unless 'keep' asks for them: so a table with
    events in all of both arms counts in a risk ratio, as in metafor, and in no odds ratio. All
    tables count in a risk difference.

    - 'exact' (as metafor): the estimate takes no correction. Variances: Greenland and Robins (RR),
      Robins, Breslow and Greenland (OR), Sato, Greenland and Robins (RD). Q, I² and H² compare the
      tables' own effects, 0.5 added where a cell is zero, with the pooled one; unless 'keep' asks
      for them, tables without events or with events in all, whose variance is that of the
      correction alone, do not enter Q.
    - 'revman' (as Review Manager, and R's meta with MH.exact = FALSE): 0.5 is added to the cells of
      a table with a zero cell in the pooled ratio too, except where all had the event. The risk
      difference takes no correction, its standard error does: variance Σw²v/(Σw)² with
      w = n1 n2/(n1 + n2) and the tables' own v (Greenland and Robins), so that tables without
      events give 0 with an interval. Every table of the pool enters Q.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals of arms 1 and 2.
    measure : {'RR', 'OR', 'RD'}
    level : float
    double_zeros : {'drop', 'keep'}, optional
        None is 'drop' for ratios; for the risk difference it keeps tables without events in the
        estimate.
    convention : {'exact', 'revman'}

    Returns
    -------
    Pooled
        With ``model='mantel-haenszel'``; `k` counts the tables that contribute.

    Raises
    ------
    SynthesisError
        If counts are invalid, or the estimate or its variance is undefined (no events in one arm of
        all tables, say).

    References
    ----------
    Mantel N, Haenszel W (1959). JNCI 22:719–748. Greenland S, Robins JM (1985). Biometrics
    41:55–68. Robins J, Breslow N, Greenland S (1986). Biometrics 42:311–323. Sato T, Greenland S,
    Robins JM (1989). Biometrics 45:1323–1324. Cochrane Handbook, chapter 10.4. Deeks JJ, Higgins
    JPT (2010). Statistical algorithms in Review Manager 5.
    """
    choice("measure", measure, MEASURES)
    choice("convention", convention, CONVENTIONS)
    probability("level", level)
    cells = tables(e1, n1, e2, n2)
    single = _own(cells, measure, double_zeros or ("keep" if measure == "RD" else "drop"),
                  convention)
    found = _mantel_haenszel(cells, measure, convention, single)
    if not found.variance > 0:
        raise SynthesisError(f"the variance of the Mantel-Haenszel {measure} is not positive")
    compared = _compared(cells, measure, double_zeros, convention, single.used)
    q = float(((single.yi - found.estimate) ** 2 / single.vi)[compared].sum())
    return _tables_pooled(found, q, int(compared.sum()) - 1, single.used, level,
                          "mantel-haenszel")


def mantel_haenszel_rates(
    e1: ArrayLike, t1: ArrayLike, e2: ArrayLike, t2: ArrayLike, measure: str = "IRR",
    level: float = 0.95,
) -> Pooled:
    """Pool events and times at risk of two arms by Mantel and Haenszel.

    Formula, with T = t1 + t2: the ratio is ΣR/ΣS with R = e1 t2/T and S = e2 t1/T, the variance of
    its log Σ(t1 t2 (e1 + e2)/T²)/(ΣR ΣS); the difference is Σ(R − S)/Σ(t1 t2/T), its variance
    Σ((e1 t2² + e2 t1²)/T²)/(Σ t1 t2/T)². Conventions: as `mantel_haenszel` under 'exact'. No
    correction in the pool; Q compares the trials' own effects, 0.5 added to the events of a trial
    with a zero, with the pooled one. A trial without events has no ratio; it counts in the
    difference, and not in its Q.

    Parameters
    ----------
    e1, t1, e2, t2 : array_like, shape (k,)
        Events and times at risk, in one unit, of arms 1 and 2.
    measure : {'IRR', 'IRD'}
    level : float

    Returns
    -------
    Pooled
        With ``model='mantel-haenszel'``; ratios on the log scale.

    Raises
    ------
    SynthesisError
        If counts or times are invalid, or the ratio is undefined (no events in one arm of all
        trials, say).

    References
    ----------
    Rothman KJ, Greenland S, Lash TL (2008). Modern Epidemiology, 3rd ed., chapter 15. Greenland S,
    Robins JM (1985). Biometrics 41:55–68.
    """
    choice("measure", measure, RATES)
    probability("level", level)
    own = rate_ratio if measure == "IRR" else rate_difference
    compared = own(e1, t1, e2, t2, double_zeros="drop")
    used = compared.used if measure == "IRR" else np.ones(compared.used.size, dtype=bool)
    x1, t1, x2, t2 = (np.asarray(values, float)[used] for values in (e1, t1, e2, t2))
    time = t1 + t2
    over, under, weight = x1 * t2 / time, x2 * t1 / time, t1 * t2 / time
    r, s, total = over.sum(), under.sum(), weight.sum()
    if measure == "IRD":
        found = _Sums(float((r - s) / total),
                      float(((x1 * t2**2 + x2 * t1**2) / time**2).sum() / total**2),
                      weight / total)
    elif r > 0 and s > 0:
        found = _Sums(float(np.log(r / s)), float((weight * (x1 + x2) / time).sum() / (r * s)),
                      under / s)
    else:
        raise SynthesisError("the Mantel-Haenszel IRR is undefined: one of its sums is zero")
    if not found.variance > 0:
        raise SynthesisError("the variance of the Mantel-Haenszel IRD is not positive: nobody had "
                             "the event")
    q = float(((compared.yi - found.estimate) ** 2 / compared.vi)[compared.used].sum())
    return _tables_pooled(found, q, int(compared.used.sum()) - 1, used, level, "mantel-haenszel")


def _tables_pooled(
    found: _Sums, q: float, df: int, used: NDArray[np.bool_], level: float, model: str
) -> Pooled:
    """Result of a method for 2 × 2 tables: normal interval, heterogeneity from Q on `df`."""
    k = int(used.sum())
    return result(k, found.estimate, float(np.sqrt(found.variance)), None, level,
                  _spread(found.shares, used), model=model, interval="z",
                  warnings=_dropped(used), **_from_q(q, df))


def _spread(shares: FloatArray, used: NDArray[np.bool_]) -> FloatArray:
    """Weights of all rows given."""
    weights = np.zeros(used.size)
    weights[used] = shares
    return weights


def _dropped(used: NDArray[np.bool_]) -> tuple[str, ...]:
    dropped = int(used.size - used.sum())
    return (NOTES["dropped"].format(dropped=dropped, k=used.size),) if dropped else ()


def _from_q(q: float, df: int) -> dict[str, Any]:
    """Q with its p-value, and I² and H² from it; nothing for a single table."""
    if df < 1:
        return {}
    return {"q": q, "q_df": df, "q_p": float(chdtrc(df, q)), "h2": q / df,
            "i2": max(0.0, 100 * (q - df) / q) if q > 0 else 0.0}


def mantel_haenszel_random(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, measure: str = "RR", *,
    interval: str = "z", level: float = 0.95, prediction_df: str = "k-1",
) -> Pooled:
    """Pool 2 × 2 tables with random effects and Q about the Mantel–Haenszel estimate.

    The model of Cochrane's event outcomes: DerSimonian and Laird's τ² =
    max(0, (Q − (k − 1))/(Σw − Σw²/Σw)), w = 1/v of the tables' own effects, with
    Q = Σw(θ − θ_MH)² about `mantel_haenszel` under 'revman'; then the effects are pooled by weights
    1/(v + τ²). It differs from ``pool(…, tau2_method='DL')``, whose Q is about the inverse-variance
    mean and so never larger. I² and H² come from Q. The interval of τ² is Q-profile's, which knows
    nothing of θ_MH.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals of arms 1 and 2.
    measure : {'RR', 'OR', 'RD'}
        Ratios without tables that have no events (and odds ratios of events alone).
    interval : {'z', 't', 'hksj', 'hksj-guard'}
        As for `pool`; 'z' is RevMan's Wald interval.
    level : float
    prediction_df : {'k-1', 'k-2', 'normal'}

    Returns
    -------
    Pooled
        With ``model='mh-random'``, ``tau2_method='DL-MH'``; `k` counts the tables that contribute.

    Raises
    ------
    SynthesisError
        If counts are invalid, an option is unknown, or no table contributes.

    References
    ----------
    Deeks JJ, Higgins JPT (2010). Statistical algorithms in Review Manager 5. DerSimonian R, Laird N
    (1986). Controlled Clinical Trials 7:177–188. Cochrane Handbook, chapter 10.4.3.
    """
    choice("measure", measure, MEASURES)
    chosen = options("random", "DL", interval, level, prediction_df, tau2_interval=True)
    cells = tables(e1, n1, e2, n2)
    single = _own(cells, measure, "keep" if measure == "RD" else "drop", "revman")
    used = single.used
    if not used.any():
        raise SynthesisError("no table contributes: there are no events in any of them, or only "
                             "events")
    y, v = single.yi[used], single.vi[used]
    if y.size == 1:
        alone = pool(y, v, level=level)
        return result(1, alone.estimate, alone.se, None, level, used.astype(float),
                      model="mh-random", interval="z", warnings=(*alone.warnings, *_dropped(used)))
    centre = _mantel_haenszel(cells, measure, "revman", single).estimate
    w, df = 1 / v, y.size - 1
    q = float((w * (y - centre) ** 2).sum())
    between = max(0.0, (q - df) / float(w.sum() - (w * w).sum() / w.sum()))
    one = at_tau2(y, v, between, chosen)
    return replace(one, tau2=between, weights=_spread(one.weights, used), model="mh-random",
                   tau2_method="DL-MH", warnings=(*one.warnings, *_dropped(used)),
                   **_from_q(q, df))


def peto(
    e1: ArrayLike, n1: ArrayLike, e2: ArrayLike, n2: ArrayLike, level: float = 0.95
) -> Pooled:
    """Pool 2 × 2 tables by Peto's one-step odds ratio.

    Conventions: log odds ratio, hypergeometric variance, normal interval, no correction. Tables
    without events, or with events in all participants, do not contribute. Biased when arms differ
    in size or effects are large: meant for rare events and balanced arms.

    Parameters
    ----------
    e1, n1, e2, n2 : array_like, shape (k,)
        Participants with the event and totals of arms 1 and 2.
    level : float

    Returns
    -------
    Pooled
        With ``model='peto'``; `k` counts the tables that contribute.

    Raises
    ------
    SynthesisError
        If counts are invalid, a table holds one participant or fewer, or none contributes.

    References
    ----------
    Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985). Progress in Cardiovascular Diseases
    27:335–371. Cochrane Handbook, chapter 10.4.2.
    """
    probability("level", level)
    a, n1, c, n2 = tables(e1, n1, e2, n2)
    n, events = n1 + n2, a + c
    refuse(n <= 1, n, "n1 + n2 must exceed 1")
    variance = n1 * n2 * events * (n - events) / (n**2 * (n - 1))
    used = variance > 0
    if not used.any():
        raise SynthesisError("Peto's odds ratio is undefined: no table holds events and non-events")
    excess, v = (a - n1 * events / n)[used], variance[used]
    total = v.sum()
    found = _Sums(float(excess.sum() / total), float(1 / total), v / total)
    q = float((v * (excess / v - found.estimate) ** 2).sum())
    return _tables_pooled(found, q, int(used.sum()) - 1, used, level, "peto")
