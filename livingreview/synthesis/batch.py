"""Many meta-analyses at once: the one core that `pool`, leave-one-out and the rest go through.

Sets of unequal size are rows of padded arrays with a mask. Rows are taken in chunks that stay in
the processor's cache, since the work is bound by memory; each chunk is solved in lockstep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.ma import MaskedArray
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, chdtri, ndtr, ndtri, stdtr, stdtrit

from .errors import (
    LARGEST,
    FloatArray,
    SynthesisError,
    choice,
    effects,
    numeric,
    one_number,
    probability,
)
from .left_out import LeftOut, left_out
from .likelihood import TAU2_METHODS, Means, solve_q_of_means, stack, tau2_of_means

MODELS = ("random", "common")
INTERVALS = ("hksj-guard", "hksj", "t", "z")
PREDICTION_DF = ("k-1", "k-2", "normal")

# Numbers of a chunk: a handful of such arrays of 192 kB fit in a cache of 1 MB; with fewer, the
# calls cost more than the sums.
_CHUNK = 24_000
# From this number of studies on, sets without one of them are solved from the sums over all.
_MANY = 200
# Effects that differ by less than this share of their size are equal but for rounding.
_ROUNDING = 32 * np.finfo(float).eps
# Sets up to this many studies have all their subsets taken by `gosh`.
_ALL_SUBSETS = 15

_FLOATS = ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "df", "tau2", "tau2_low",
           "tau2_high", "i2", "h2", "q", "q_p", "pi_low", "pi_high", "scale")


@dataclass(frozen=True)
class Options:
    """Checked choices of method; as the arguments of `fit_many`."""

    model: str
    tau2_method: str
    interval: str
    level: float
    prediction_df: str
    tau2_interval: bool


def options(
    model: str = "random", tau2_method: str = "REML", interval: str | None = None,
    level: float = 0.95, prediction_df: str = "k-1", tau2_interval: bool = False,
) -> Options:
    """Check choices of method and complete them.

    Raises
    ------
    SynthesisError
        If one is unknown, or `level` is not between 0 and 1.
    """
    choice("model", model, MODELS)
    choice("tau2_method", tau2_method, TAU2_METHODS)
    choice("prediction_df", prediction_df, PREDICTION_DF)
    if interval is None:
        interval = "hksj-guard" if model == "random" else "z"
    choice("interval", interval, INTERVALS)
    return Options(model, tau2_method, interval, probability("level", level), prediction_df,
                   tau2_interval)


@dataclass(frozen=True, eq=False)
class PooledMany:
    """Pooled effects of n meta-analyses; every field is an array of shape (n,).

    Masked arrays are masked where the statistic is undefined (None in `Pooled`); no entry is NaN.

    Attributes
    ----------
    k : ndarray of int
        Number of studies.
    estimate, se, ci_low, ci_high : ndarray
        In the unit of the effects (log scale for ratios).
    statistic, p_value : masked array
        Test of no effect; masked where the standard error is 0.
    df : masked array
        Degrees of freedom of test and interval; masked for the normal distribution.
    tau2 : masked array
        Between-study variance; masked where k = 1 and for the common effect.
    tau2_low, tau2_high : masked array
        Its Q-profile interval; masked unless asked for.
    i2, h2, q, q_p : masked array
        I² in percent, H², Cochran's Q and its p-value on k − 1; masked where k = 1.
    pi_low, pi_high : masked array
        Prediction interval; masked where k < 3 and for the common effect.
    converged : ndarray of bool
        Whether every iteration settled.
    boundary : ndarray of bool
        Whether the estimate of τ² is 0, the end of its range.
    multimodal : ndarray of bool
        Whether the likelihood of τ² has several maxima; the highest was taken.
    """

    k: NDArray[np.int64]
    estimate: FloatArray
    se: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    statistic: MaskedArray
    p_value: MaskedArray
    df: MaskedArray
    tau2: MaskedArray
    tau2_low: MaskedArray
    tau2_high: MaskedArray
    i2: MaskedArray
    h2: MaskedArray
    q: MaskedArray
    q_p: MaskedArray
    pi_low: MaskedArray
    pi_high: MaskedArray
    converged: NDArray[np.bool_]
    boundary: NDArray[np.bool_]
    multimodal: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Gosh:
    """Pools of subsets of one set of studies.

    Attributes
    ----------
    members : ndarray of bool, shape (n, k)
        Studies of each subset; ascending as binary numbers, study 0 the lowest digit, when all
        subsets are taken.
    complete : bool
        Whether these are all subsets of two studies or more.
    fits : PooledMany
        Their pools.
    """

    members: NDArray[np.bool_]
    complete: bool
    fits: PooledMany


def pad(
    yi: Sequence[ArrayLike], vi: Sequence[ArrayLike]
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Turn sets of unequal size into padded arrays and their mask.

    Parameters
    ----------
    yi, vi : sequence of array_like, each of shape (k_i,)
        Effects and sampling variances of each set.

    Returns
    -------
    tuple of ndarray, shape (n, largest k)
        Effects (0 where there is no study), variances (1 there), and the mask, for `fit_many`.

    Raises
    ------
    SynthesisError
        If there is no set, numbers of sets differ, or a set is not valid as for `pool`; the message
        names the set.
    """
    if len(yi) != len(vi) or len(yi) == 0:
        raise SynthesisError(f"yi has {len(yi)} sets, vi {len(vi)}: at least one, and as many")
    sets = []
    for number, pair in enumerate(zip(yi, vi, strict=True)):
        try:
            sets.append(effects(*pair))
        except SynthesisError as error:
            raise SynthesisError(f"set {number}: {error}") from None
    k = np.array([one.size for one, _ in sets])
    mask = np.arange(k.max()) < k[:, None]
    y, v = np.zeros(mask.shape), np.ones(mask.shape)
    y[mask] = np.concatenate([one for one, _ in sets])
    v[mask] = np.concatenate([one for _, one in sets])
    return y, v, mask


def fit_many(
    yi: ArrayLike,
    vi: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    model: str = "random",
    tau2_method: str = "REML",
    interval: str | None = None,
    level: float = 0.95,
    prediction_df: str = "k-1",
    tau2_interval: bool = False,
) -> PooledMany:
    """Pool many sets of effects by inverse variance, each as `pool` does.

    Formulas and conventions are those of `pool`, k = 1 and k = 2 included. REML and ML return the
    global maximum of each likelihood: its stationary points are separated by bounds (see
    `likelihood`), compared, 0 included, and polished to about 1e-10 in relative terms.

    Parameters
    ----------
    yi, vi : array_like, shape (n, k), or (k,) for one set or one shared by all rows of `mask`
        Effects and sampling variances; what is masked out is not read.
    mask : array_like of bool, shape (n, k), optional
        Where there is a study; None is everywhere.
    model : {'random', 'common'}
    tau2_method : {'REML', 'DL', 'PM', 'PMM', 'ML', 'HE', 'SJ', 'EB', 'HS', 'HSk'}
    interval : {'hksj-guard', 'hksj', 't', 'z'}, optional
        None is 'hksj-guard' for random effects and 'z' for the common effect.
    level : float
        Of all intervals.
    prediction_df : {'k-1', 'k-2', 'normal'}
        Degrees of freedom of the prediction interval.
    tau2_interval : bool
        Whether to compute the Q-profile interval of τ².

    Returns
    -------
    PooledMany
        Arrays of shape (n,).

    Raises
    ------
    SynthesisError
        If shapes do not fit, a row has no study, a value is not finite, a variance is not positive
        (with the row), or an option is unknown.

    References
    ----------
    As for `pool`, `tau2` and `tau2_interval`.
    """
    chosen = options(model, tau2_method, interval, level, prediction_df, tau2_interval)
    return _wrap(solve(*matrix(yi, vi, mask), chosen))


def matrix(
    yi: ArrayLike, vi: ArrayLike, mask: ArrayLike | None
) -> tuple[FloatArray, FloatArray]:
    """Return checked arrays of shape (n, k), with infinite variances where there is no study."""
    y, v = numeric("yi", yi), numeric("vi", vi)
    if y.shape != v.shape or y.ndim not in (1, 2):
        raise SynthesisError(f"yi has shape {y.shape}, vi {v.shape}: (n, k) of both is needed")
    present = np.ones(np.atleast_2d(y).shape, bool) if mask is None else np.asarray(mask)
    if present.dtype != bool or present.ndim != 2 or present.shape[-1] != y.shape[-1] or (
            y.ndim == 2 and present.shape != y.shape):
        raise SynthesisError(f"mask must be boolean and fit the shape {y.shape} of the effects")
    if present.size == 0:
        raise SynthesisError("yi is empty (k = 0): there is nothing to compute")
    _refuse(~present.any(axis=1)[:, None], present, "has no study")
    _refuse(~np.isfinite(y) & present, y, "yi must be a finite number")
    _refuse(~np.isfinite(v) & present, v, "vi must be a finite number")
    _refuse((v <= 0) & present, v, "the variance vi must be positive")
    _refuse((np.maximum(np.abs(y), v) > LARGEST) & present, np.maximum(np.abs(y), v),
            f"yi and vi must not exceed {LARGEST:g} in size")
    _refuse((v < 1 / LARGEST) & present, v, "the variance vi is too small to be inverted")
    if mask is None:
        return np.atleast_2d(y), np.atleast_2d(v)
    return np.where(present, y, 0.0), np.where(present, v, np.inf)


def _refuse(bad: NDArray[np.bool_], values: NDArray, message: str) -> None:
    """Raise for the first place where `bad` is true, with its row and column."""
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        if values.dtype == bool:
            raise SynthesisError(message, row)
        value = np.broadcast_to(values, bad.shape)[row, column]
        raise SynthesisError(f"column {column}: {message}, not {value:g}", row)


def solve(
    y: FloatArray, v: FloatArray, chosen: Options, between: float | None = None
) -> dict[str, NDArray]:
    """Fit every row of checked arrays, shape (n, k); infinite variances are no studies.

    `between` is τ² where it is not to be estimated.

    Returns
    -------
    dict of ndarray, shape (n,)
        Fields of `PooledMany`, NaN where undefined; `scale`, the factor q of HKSJ; and `peaks`, the
        number of maxima of the likelihood.
    """
    k = np.isfinite(v).sum(axis=1)
    # One allocation for all fields: with few rows each call counts.
    table = np.full((len(_FLOATS), k.size), np.nan)
    out: dict[str, NDArray] = dict(zip(_FLOATS, table, strict=True))
    out |= {"k": k, "peaks": np.ones(k.size, dtype=int), "converged": np.ones(k.size, dtype=bool)}
    for index in _chunks(k):
        width = int(np.flatnonzero(np.isfinite(v[index]).any(axis=0))[-1]) + 1
        block = y[index, :width], v[index, :width]
        if k[index[0]] == 1:
            fields = _alone(*block, chosen.level)
        else:
            fields = _fit(stack(*block), chosen, between)
        for name, values in fields.items():
            out[name][index] = values
    return out


def solve_without_one(y: FloatArray, v: FloatArray, chosen: Options) -> dict[str, NDArray]:
    """Fit checked effects, shape (k,), k times, each time without one; fields as of `solve`."""
    k = y.size
    out: dict[str, NDArray] = {name: np.full(k, np.nan) for name in _FLOATS}
    out |= {"k": np.full(k, k - 1), "peaks": np.ones(k, dtype=int),
            "converged": np.ones(k, dtype=bool)}
    single = np.arange(k)
    sets = left_out(stack(y[None], v[None])) if k >= _MANY else None
    if sets:
        # `stack` puts the most precise study first, and the first in its place.
        place = np.arange(k)
        place[[0, v.argmin()]] = v.argmin(), 0
        for name, values in _fit(sets, chosen).items():
            out[name][place[1:]] = values
        single = place[sets.lost]
    for rows in np.array_split(single, 1 + single.size * k // _CHUNK):
        gone = rows[:, None] == np.arange(k)
        for name, values in solve(np.where(gone, 0.0, y), np.where(gone, np.inf, v),
                                  chosen).items():
            out[name][rows] = values
    return out


def _chunks(k: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield indices of rows of similar size, as many as `_CHUNK` allows; k = 1 apart."""
    order = np.argsort(k, kind="stable")
    start, n = 0, k.size
    single = int(np.searchsorted(k[order], 2))
    while start < n:
        limit = single if start < single else n
        rows = max(1, _CHUNK // int(k[order[start]]))
        # The last row of the chunk is the widest: count again by its width.
        rows = max(1, _CHUNK // int(k[order[min(start + rows, limit) - 1]]))
        yield order[start:min(start + rows, limit)]
        start = min(start + rows, limit)


def _alone(y: FloatArray, v: FloatArray, level: float) -> dict[str, NDArray]:
    """Return rows of one study: that study with a normal interval."""
    row, column = np.arange(y.shape[0]), np.isfinite(v).argmax(axis=1)
    estimate, se = y[row, column], np.sqrt(v[row, column])
    half = ndtri(0.5 + level / 2) * se
    statistic = estimate / se
    return {"estimate": estimate, "se": se, "ci_low": estimate - half, "ci_high": estimate + half,
            "statistic": statistic, "p_value": 2 * ndtr(-np.abs(statistic))}


def _by_df(
    function: Callable[[FloatArray, float], FloatArray], df: NDArray[np.int64], probability: float
) -> FloatArray:
    """Evaluate a slow quantile function once for each distinct `df`; these ascend."""
    if df[0] == df[-1]:
        # Chunks are sorted by size, so that all are of one size.
        return np.broadcast_to(function(df[:1].astype(float), probability), df.shape)
    distinct, place = np.unique(df, return_inverse=True)
    return function(distinct.astype(float), probability)[place]


def _fit(
    means: Means | LeftOut, chosen: Options, between: float | None = None
) -> dict[str, NDArray]:
    """Fit columns of two studies or more, at τ² = `between` where it is known."""
    df = means.df
    zero = np.zeros(df.size)
    at = means.at(zero, "REML")
    out: dict[str, NDArray] = {"q": at.q, "q_p": chdtrc(df, at.q)}
    tau2 = zero
    if chosen.model == "common":
        out["i2"] = 100 * np.maximum(0.0, at.q - df) / np.where(at.q > 0, at.q, 1.0)
        out["h2"] = at.q / df
    else:
        if between is None:
            tau2, out["peaks"], out["converged"] = tau2_of_means(
                means, chosen.tau2_method, at)
        else:
            tau2 = between / means.unit**2
        ratio = tau2 * at.b / df
        out |= {"tau2": tau2 * means.unit**2, "i2": 100 * ratio / (1 + ratio), "h2": 1 + ratio}
        if chosen.tau2_interval:
            out |= _profile(means, chosen.level)
        at = means.at(tau2)
    return out | _mean(means, at.mean, at.sum_weights, at.q, tau2, chosen)


def _profile(means: Means | LeftOut, level: float) -> dict[str, NDArray]:
    """Q-profile limits of τ²: the lower quantile of χ² gives the upper limit."""
    tail = (1 - level) / 2
    targets = np.array([_by_df(chdtri, means.df, p) for p in (tail, 1 - tail)])
    low, high = solve_q_of_means(means, targets)[0] * means.unit**2
    return {"tau2_low": low, "tau2_high": high}


def _mean(
    means: Means | LeftOut, mean: FloatArray, total: FloatArray, q: FloatArray, tau2: FloatArray,
    chosen: Options,
) -> dict[str, NDArray]:
    """Weighted mean with standard error, interval, test and prediction interval."""
    df, upper = means.df, 0.5 + chosen.level / 2
    noise = total * (_ROUNDING * means.shift / means.unit) ** 2
    scale = np.where(q > noise, q / df, 0.0)
    factor = {"hksj": scale, "hksj-guard": np.maximum(1.0, scale)}.get(chosen.interval, 1.0)
    estimate, se = means.shift + means.unit * mean, means.unit * np.sqrt(factor / total)
    out: dict[str, NDArray] = {"estimate": estimate, "se": se, "scale": scale}
    normal = chosen.interval == "z"
    quantile = ndtri(upper) if normal else _by_df(stdtrit, df, upper)
    out |= {"ci_low": estimate - quantile * se, "ci_high": estimate + quantile * se}
    some = se > 0
    statistic = np.where(some, estimate / np.where(some, se, 1.0), np.nan)
    tail = ndtr(-np.abs(statistic)) if normal else stdtr(df, -np.abs(statistic))
    out |= {"statistic": statistic, "p_value": 2 * tail}
    if not normal:
        out["df"] = df
    if chosen.model == "random":
        enough = df >= 2
        if chosen.prediction_df == "normal":
            quantile = ndtri(upper)
        elif chosen.prediction_df == "k-2":
            quantile = _by_df(stdtrit, np.maximum(df - 1, 1), upper)
        elif normal:
            quantile = _by_df(stdtrit, df, upper)
        half = np.where(enough, quantile * np.hypot(means.unit * np.sqrt(tau2), se), np.nan)
        out |= {"pi_low": estimate - half, "pi_high": estimate + half}
    return out


def _wrap(fields: dict[str, NDArray]) -> PooledMany:
    plain = {name: fields[name] for name in ("k", "estimate", "se", "ci_low", "ci_high",
                                             "converged")}
    masked = {}
    for name in _FLOATS:
        if name not in plain and name != "scale":
            absent = np.isnan(fields[name])
            masked[name] = MaskedArray(np.where(absent, 0.0, fields[name]), mask=absent)
    return PooledMany(**plain, **masked, boundary=fields["tau2"] == 0,
                      multimodal=fields["peaks"] > 1)


def gosh(
    yi: ArrayLike, vi: ArrayLike, subsets: int | None = None, seed: int = 0, *,
    model: str = "random", tau2_method: str = "REML", interval: str | None = None,
    level: float = 0.95,
) -> Gosh:
    """Pool subsets of the studies: a graphical display of study heterogeneity.

    Conventions: subsets hold two studies or more, since one has no between-study variance. All are
    taken when there are at most 2^15 (or `subsets`); else that many different ones, each as likely
    as any other.

    Parameters
    ----------
    yi, vi : array_like, shape (k,)
        Effects and sampling variances, k ≥ 2.
    subsets : int, optional
        Largest number of subsets; None is 2^15.
    seed : int
        Of the sample.
    model, tau2_method, interval, level
        As for `fit_many`.

    Returns
    -------
    Gosh

    Raises
    ------
    SynthesisError
        If k < 2, `subsets` is below 1, or as `pool`.

    References
    ----------
    Olkin I, Dahabreh IJ, Trikalinos TA (2012). GOSH – a graphical display of study heterogeneity.
    Research Synthesis Methods 3:214–223.
    """
    y, v = effects(yi, vi)
    if y.size < 2:
        raise SynthesisError("subsets need at least 2 studies")
    most = 2**_ALL_SUBSETS if subsets is None else int(one_number("subsets", subsets))
    if most < 1:
        raise SynthesisError(f"subsets must be 1 or more, not {subsets}")
    chosen = options(model, tau2_method, interval, level)
    complete = y.size <= 30 and 2**y.size - 1 - y.size <= most
    members = _all_subsets(y.size) if complete else _some_subsets(y.size, most, seed)
    fields = solve(np.where(members, y, 0.0), np.where(members, v, np.inf), chosen)
    return Gosh(members, complete, _wrap(fields))


def _all_subsets(k: int) -> NDArray[np.bool_]:
    members = (np.arange(2**k)[:, None] >> np.arange(k) & 1).astype(bool)
    return members[members.sum(axis=1) >= 2]


def _some_subsets(k: int, number: int, seed: int) -> NDArray[np.bool_]:
    """Draw different subsets of two studies or more, uniformly, in the order of drawing."""
    random = np.random.default_rng(seed)
    members = np.empty((0, k), dtype=bool)
    while members.shape[0] < number:
        more = random.random((number, k)) < 0.5
        members = np.concatenate([members, more[more.sum(axis=1) >= 2]])
        _, first = np.unique(np.packbits(members, axis=1), axis=0, return_index=True)
        members = members[np.sort(first)]
    return members[:number]
