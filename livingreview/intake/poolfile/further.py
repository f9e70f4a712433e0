"""What is asked beside the pool: sensitivity, small-study effects, subsets, the posterior."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ... import synthesis
from ...data.values import number_ok
from ...synthesis import Pooled, SynthesisError, file_drawer
from .clusters import robust_pool
from .measures import COUNTS, MEASURES
from .pooling import Result, beside, members, options, pooled_of
from .question import ESTIMATORS

_QUANTILES = (0, 2.5, 25, 50, 75, 97.5, 100)


def estimate_keys(result: Result, pooled: Any) -> dict[str, Any]:
    """An estimate with its interval, on the scale that readers know."""
    return {key: result.natural(getattr(pooled, key)) for key in ("estimate", "ci_low", "ci_high")}


def _row(result: Result, i: int, pooled: Pooled | None) -> dict[str, Any]:
    """A line of a list of pools, named by a trial."""
    out = {"row": int(result.trials.lines[i]), "study": result.trials.names[i]}
    if pooled is None:
        return out | dict.fromkeys(
            ("k", "estimate", "ci_low", "ci_high", "p_value", "tau2", "i2"))
    return out | {"k": pooled.k, **estimate_keys(result, pooled)} | {
        key: getattr(pooled, key) for key in ("p_value", "tau2", "i2")}


def _pools(result: Result, sets: Sequence[np.ndarray]) -> list[Pooled | None]:
    """The pool of each set of rows; None where it has none."""
    question, trials, out = result.question, result.trials, []
    for rows in sets:
        try:
            pooled = pooled_of(question, trials, rows, result.prior)
            if question.cluster and pooled.k > 1:
                pooled = robust_pool(question, trials, rows, pooled)[0]
            out.append(pooled)
        except SynthesisError:
            out.append(None)
    return out


def _batched(result: Result) -> bool:
    """Whether the engine's own lists of pools are those of this question."""
    question = result.question
    return question.weighted and question.rules == "plain" and not question.cluster


def _effects(result: Result) -> tuple[np.ndarray, np.ndarray]:
    rows = result.trials.used
    return result.trials.yi[rows], result.trials.vi[rows]


def _leave_one_out(result: Result) -> list[dict[str, Any]]:
    rows = members(result.question, result.trials)
    at = np.flatnonzero(rows & result.trials.used)
    if at.size < 2:
        raise SynthesisError("leaving one out needs at least 2 trials")
    if _batched(result):
        found: Sequence[Pooled | None] = synthesis.leave_one_out(
            *_effects(result), **options(result.question))
    else:
        sets = []
        for i in at:
            sets.append(rows.copy())
            sets[-1][i] = False
        found = _pools(result, sets)
    return [_row(result, i, pooled) for i, pooled in zip(at, found, strict=True)]


def _cumulative(result: Result) -> tuple[dict[str, Any], list[str]]:
    """Trials in the order of a column, each pooled with those before it."""
    name, cells = result.question.order, result.trials.texts[result.question.order]
    rows = members(result.question, result.trials) & result.trials.used
    at = [i for i in np.flatnonzero(rows) if cells[i]]
    outside = [result.trials.names[i] for i in np.flatnonzero(rows) if not cells[i]]
    numeric = all(number_ok(cells[i]) for i in at)
    at.sort(key=lambda i: float(cells[i]) if numeric else cells[i])
    if _batched(result) and at:
        found: Sequence[Pooled | None] = synthesis.cumulative(
            result.trials.yi[at], result.trials.vi[at], **options(result.question))
    else:
        sets = [np.isin(np.arange(rows.size), at[:i + 1]) for i in range(len(at))]
        found = _pools(result, sets)
    said = [f"not in the cumulative pool, as {name} is not stated: {', '.join(outside)}"]
    return {"by": name, "rows": [
        {**_row(result, i, pooled), "value": cells[i]}
        for i, pooled in zip(at, found, strict=True)]}, said if outside else []


def _influence(result: Result) -> list[dict[str, Any]]:
    """Residuals and diagnostics of each trial; None where it alone fixes a coefficient."""
    question = result.question
    found = synthesis.influence(*_effects(result), tau2_method=question.method,
                                test=question.interval)
    own = synthesis.residuals(*_effects(result), tau2_method=question.method)
    keys = ("rstudent", "dffits", "cook", "cov_ratio", "tau2", "qe", "hat", "influential")
    at = np.flatnonzero(result.trials.used)
    return [{"row": int(result.trials.lines[i]), "study": result.trials.names[i],
             "residual": float(own.raw[j]), "standardised": float(own.standardised[j]),
             **{key: _plain(getattr(found, key)[j]) for key in keys}}
            for j, i in enumerate(at)]


def _plain(value: Any) -> Any:
    """A number or a truth of NumPy as one of Python; None where it is undefined."""
    if value is np.ma.masked:
        return None
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _egger(result: Result) -> dict[str, Any]:
    """The regression test under random effects and the classical one."""
    method = result.question.method if result.question.method in ESTIMATORS else "REML"
    out: dict[str, Any] = {}
    for model in ("random", "weighted"):
        found = synthesis.egger(*_effects(result), tau2_method=method, model=model)
        out[model] = {key: getattr(found, key) for key in (
            "k", "slope", "slope_se", "statistic", "df", "p_value", "tau2")} | {
            "limit": result.natural(found.intercept)}
    return out


def _peters(result: Result) -> dict[str, Any]:
    rows = result.trials.used
    found = synthesis.peters(*(result.trials.numbers[name][rows] for name in COUNTS),
                             measure=result.question.measure)
    return {key: getattr(found, key) for key in (
        "k", "slope", "slope_se", "statistic", "df", "p_value")}


def _begg(result: Result) -> dict[str, Any]:
    found = synthesis.begg(*_effects(result))
    return {key: getattr(found, key) for key in ("k", "tau", "statistic", "p_value", "exact")}


def _trim_and_fill(result: Result) -> dict[str, Any]:
    found = synthesis.trim_and_fill(*_effects(result), **options(result.question))
    return {"k0": found.k0, "k0_se": found.k0_se, "side": found.side,
            "estimator": found.estimator, **estimate_keys(result, found.pooled),
            "tau2": found.pooled.tau2,
            "filled": [result.natural(float(y)) for y in found.yi[found.filled]]}


def _null(result: Result) -> float:
    """The effect that means no difference."""
    null = MEASURES[result.question.measure].null
    if null is None:
        raise SynthesisError("a single arm has no value of no effect")
    return null


def _fail_safe(result: Result) -> list[dict[str, Any]]:
    yi, vi = _effects(result)
    out = []
    for kind in file_drawer.FAIL_SAFE:
        found = synthesis.fail_safe_n(yi - _null(result), vi, kind)
        out.append({"kind": kind, "n": found.n, "p_value": found.p_value,
                    "target": result.natural(found.target)})
    return out


def _excess(result: Result) -> dict[str, Any]:
    yi, vi = _effects(result)
    found = synthesis.excess_significance(yi - _null(result), vi)
    return {key: getattr(found, key) for key in ("k", "observed", "expected", "p_value")} | {
        "effect": result.natural(found.effect)}


def _henmi_copas(result: Result) -> dict[str, Any]:
    found = synthesis.henmi_copas(*_effects(result), level=result.question.level)
    return {**estimate_keys(result, found), "se": found.se, "tau2": found.tau2}


def _gosh(result: Result) -> dict[str, Any]:
    chosen = {k: v for k, v in options(result.question).items() if k != "prediction_df"}
    found = synthesis.gosh(*_effects(result), **chosen)
    estimates, i2 = found.fits.estimate, np.ma.filled(found.fits.i2, np.nan)
    at = np.flatnonzero(result.trials.used)
    trials = []
    for j, i in enumerate(at):
        inside = found.members[:, j]
        medians = (np.median(estimates[part]) if part.any() else None
                   for part in (inside, ~inside))
        trials.append({"study": result.trials.names[i], **dict(zip(
            ("median_with", "median_without"), map(result.natural, medians), strict=True))})
    return {"subsets": int(estimates.size), "complete": found.complete, "quantiles": [
        {"percent": percent, "estimate": result.natural(float(np.percentile(estimates, percent))),
         "i2": _plain(np.nanpercentile(i2, percent))} for percent in _QUANTILES], "trials": trials}


def _bayes(result: Result) -> dict[str, Any]:
    """The posterior under the prior on τ, flat in the effect."""
    if result.prior is None:
        raise SynthesisError("the table of priors has none for these trials: give --prior, as "
                             "half-normal:0.5")
    found = synthesis.posterior(*_effects(result), result.prior.prior,
                                level=result.question.level)
    natural, null = result.natural, MEASURES[result.question.measure].null
    at = np.flatnonzero(result.trials.used)
    shrunk = [{"study": result.trials.names[i], **{
        key: natural(float(getattr(found.shrunk, name)[j])) for key, name in (
            ("estimate", "estimate"), ("ci_low", "low"), ("ci_high", "high"))}}
        for j, i in enumerate(at)]
    return {**estimate_keys(result, found), "sd": found.sd,
            **{key: natural(getattr(found, key)) for key in ("pi_low", "pi_high")},
            **{key: getattr(found, key) for key in ("tau", "tau_low", "tau_high",
                                                    "log_marginal")},
            "above_null": None if null is None else found.beyond(null),
            "new_above_null": None if null is None else found.beyond_new(null),
            "beyond": _beyond(result, found), "shrunk": shrunk}


def _beyond(result: Result, found: synthesis.Posterior) -> dict[str, float] | None:
    """The chance that the mean effect, and that of a new trial, is above a value asked for."""
    value = result.question.beyond
    if value is None:
        return None
    at = math.log(value) if result.question.ratio else value
    return {"value": value, "above": found.beyond(at), "new_above": found.beyond_new(at)}


_MADE: dict[str, Callable[[Result], Any]] = {
    "leave-one-out": _leave_one_out, "influence": _influence, "egger": _egger, "peters": _peters,
    "begg": _begg, "trim-and-fill": _trim_and_fill, "fail-safe": _fail_safe,
    "excess-significance": _excess, "henmi-copas": _henmi_copas, "gosh": _gosh, "bayes": _bayes}


def key_of(name: str) -> str:
    """The key of the JSON under which an analysis stands."""
    return {"bayes": "posterior"}.get(name, name.replace("-", "_"))


def further(result: Result) -> dict[str, Any]:
    """The fields of a result that tell of the further analyses; None is one it cannot have."""
    out: dict[str, Any] = {}
    warnings = []
    asked = [*result.question.further, *["bayes"] * beside(result)]
    for name in dict.fromkeys(asked):
        try:
            with np.errstate(all="ignore"):
                out[key_of(name)] = _MADE[name](result)
        except SynthesisError as error:
            out[key_of(name)] = None
            said = name if name in result.question.further else "posterior beside the pool"
            warnings.append(f"no {said}: {error}")
    if result.question.order:
        out["cumulative"], said = _cumulative(result)
        warnings += said
    return {"further": out, "warnings": warnings}
