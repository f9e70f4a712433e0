"""The pool of a file in plain keys, those of ``results.json``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from ... import __version__
from ...review.written import ENDS, dumps, keys_of
from ...synthesis import Pooled, Robust
from .further import key_of
from .measures import COUNTS, MEASURES, PAIRED
from .pooling import Result, without
from .question import FURTHER
from .trials import printable


def _described(result: Result, pooled: Pooled) -> dict:
    """The keys of ``results.json``, the estimate with its intervals on the natural scale."""
    out = keys_of(pooled)
    out |= {key: result.natural(out[key]) for key in ENDS}
    return out | {"statistic": pooled.statistic, "tau2_empty": pooled.tau2_empty,
                  "tau": None if pooled.tau2 is None else math.sqrt(pooled.tau2)}


def zero_cells(result: Result) -> str | None:
    """The tables to which 0.5 is added for a trial's own effect; None without counts."""
    question, trials = result.question, result.trials
    measure = MEASURES["PETO" if question.method == "PETO" else question.measure]
    if not measure.of_events or trials.columns != question.columns:
        return None
    return question.zero_cells or measure.zero_cells or "none"


def _zero_cells_pool(result: Result) -> str | None:
    """The same for the pool where it is one of tables; None elsewhere."""
    if result.pooled.model not in ("mantel-haenszel", "peto", "mh-random"):
        return None
    return "only" if result.pooled.model == "mh-random" else result.question.zero_cells or "none"


def _empty_cells(result: Result) -> list[int] | None:
    """Rows whose empty cell made the rules of the book take Mantel–Haenszel; None elsewhere."""
    if result.question.rules != "book" or result.pooled.model != "mantel-haenszel":
        return None
    trials = result.trials
    e1, n1, e2, n2 = (trials.numbers[name] for name in COUNTS)
    empty = (e1 == 0) | (e2 == 0) | (e1 == n1) | (e2 == n2)
    return [int(row) for row in trials.lines[trials.stated & empty]]


def _notes(result: Result) -> list[list[str]]:
    """What a reader should know of the number of each trial: a correction, no events, only events.
    """
    trials, rule = result.trials, zero_cells(result)
    out: list[list[str]] = [[] for _ in trials.names]
    columns = MEASURES[result.question.measure].columns
    if rule is None or not set(columns) <= set(trials.numbers):
        return out
    cells = {name: trials.numbers[name] for name in columns}
    if columns == PAIRED:
        empty = np.any([cell == 0 for cell in cells.values()], axis=0)
        return [["corrected"] if used and (rule == "all" or rule == "only" and bare) else []
                for used, bare in zip(trials.used, empty, strict=True)]
    pairs = [(cells[c], cells[d]) for c, d in zip(columns[::2], columns[1::2], strict=True)]
    timed = "t" in columns[1]
    none = np.all([events == 0 for events, _ in pairs], axis=0)
    full = ~none if timed else np.all([events == n for events, n in pairs], axis=0)
    empty = np.any([(events == 0) | ((events == n) & (not timed)) for events, n in pairs], axis=0)
    for i in np.flatnonzero(trials.used):
        if rule == "all" or rule == "only" and empty[i]:
            out[i].append("corrected")
        if none[i] or full[i] and not timed:
            out[i].append("no-events" if none[i] else "all-events")
    return out


def _study_rows(result: Result) -> list[dict]:
    question, trials = result.question, result.trials
    half, notes = float(ndtri(0.5 + question.level / 2)) * np.sqrt(trials.vi), _notes(result)
    out = []
    for i, (row, name) in enumerate(zip(trials.lines, trials.names, strict=True)):
        yi, vi, weight = (None if np.isnan(v) else float(v) for v in (
            trials.yi[i], trials.vi[i], result.weights[i]))
        ends = [trials.yi[i] + side * half[i] for side in (0, -1, 1)]
        own = without(result, i)
        out.append({
            "row": int(row), "study": name, "yi": yi, "vi": vi,
            **dict(zip(("estimate", "ci_low", "ci_high"),
                       (result.natural(float(v), i) for v in ends), strict=True)),
            "weight": weight, "notes": notes[i], "left_out": trials.reasons[i],
            "values": {key: None if np.isnan(v[i]) else float(v[i])
                       for key, v in trials.numbers.items()},
            "without": own and {key: result.natural(getattr(own, key))
                                for key in ("estimate", "ci_low", "ci_high")}})
        for key, column in (("subgroup", question.subgroup), ("cluster", question.cluster)):
            if column:
                out[-1][key] = printable(trials.texts[column][i]) or None
    return out


def _subgroup_keys(result: Result) -> dict:
    groups = []
    for value, found in result.groups.items():
        if isinstance(found, str):
            own = np.array(result.trials.texts[result.question.subgroup], dtype=object) == value
            keys: dict[str, Any] = {"k": int((own & result.trials.used).sum()), "reason": found}
        elif isinstance(found, Pooled):
            keys = _described(result, found)
        else:  # with the one tau2 of all subgroups
            keys = {key: getattr(found, key) for key in (
                "k", "se", "df", "p_value", "tau2", "i2", "q", "q_df")}
            keys |= {key: result.natural(getattr(found, key))
                     for key in ("estimate", "ci_low", "ci_high")}
        groups.append({"value": printable(value), **keys})
    return {"by": result.question.subgroup,
            "tau2": "common" if result.question.common_tau2 else "separate",
            "groups": groups, "difference": result.difference}


def _numbers(value: Any) -> Any:
    return float(value) if isinstance(value, np.floating) else value


def _regression_keys(result: Result) -> dict:
    fit, references, factors = result.regression, result.references, result.factors
    absent = [None] * len(fit.names)
    robust = isinstance(fit, Robust)
    columns = zip(fit.names, fit.coefficients, fit.ses, fit.ci_low, fit.ci_high,
                  absent if fit.statistics is None else fit.statistics,
                  absent if fit.p_values is None else fit.p_values,
                  fit.df if robust else [fit.df] * len(absent), strict=True)
    keys = ("name", "estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "df")
    out = {key: getattr(fit, key, None) for key in (
        "k", "model", "tau2_method", "test", "tau2", "tau2_low", "tau2_high", "i2", "h2",
        "r2", "qe", "qe_df", "qe_p", "omnibus", "omnibus_p", "omnibus_df", "clusters")}
    out["df"] = None if robust else fit.df
    out["factors"] = [{"name": name, "statistic": test.statistic, "df": list(test.df),
                       "p_value": test.p_value} for name, test in factors.items()]
    if robust:
        out["test"] = fit.adjustment
    return out | {
        "tau2_empty": not robust and fit.tau2_high == 0, "references": references,
        "omnibus_df": out["omnibus_df"] and list(out["omnibus_df"]), "coefficients": [
            {key: _numbers(v) for key, v in zip(keys, row, strict=True)} for row in columns]}


def _prior_keys(result: Result) -> dict | None:
    if result.prior is None:
        return None
    prior = result.prior.prior
    return {"family": prior.family, "scale": prior.scale, "df": prior.df,
            "location": prior.location, "source": result.prior.source,
            "share": result.prior.share, "sd": result.prior.sd}


def _prediction_df(result: Result) -> str | None:
    """Degrees of freedom of the prediction interval; None where it has none of its own."""
    if result.pooled.pi_low is None or result.pooled.model == "posterior":
        return None
    return result.question.prediction_df or "k-1"


def _scale(result: Result) -> str:
    measure = MEASURES[result.question.measure]
    if not measure.transformed or not result.turned_back:
        return "everything is in the unit of the effects"
    if measure.ratio:
        what = "ratios" if measure.null is not None else "turned back from logarithms"
        return (f"estimates and their intervals are {what}; se, tau2, yi, vi, variances of "
                "clusters and regression coefficients are on the natural log scale")
    return ("estimates and their intervals are turned back to the natural scale; se, tau2, yi, vi, "
            "variances of clusters and regression coefficients are on the scale of the effects")


def document(result: Result) -> dict:
    """The result as plain keys, those of a pooled estimate as in ``results.json``.

    Returns
    -------
    dict
        Estimates are on the scale that readers know; `se`, `tau2`, `yi`, `vi` and the coefficients
        of a regression on that of the effects, which the key `scale` says.
    """
    question = result.question
    out = {**_described(result, result.pooled), "file": result.trials.file,
           "version": __version__, "rules": question.rules, "measure": question.measure,
           "scale": _scale(result), "level": question.level, "zero_cells": zero_cells(result),
           "zero_cells_pool": _zero_cells_pool(result), "empty_cells": _empty_cells(result),
           "correlation": question.correlation, "variance": question.variance,
           "prediction_df": _prediction_df(result), "prior": _prior_keys(result),
           "fit": result.fit, "clusters": result.clusters, "read": list(result.trials.reading),
           "studies": _study_rows(result), "subgroups": None, "meta_regression": None,
           **dict.fromkeys(map(key_of, (*FURTHER, "cumulative"))), **result.further}
    if question.subgroup:
        out["subgroups"] = _subgroup_keys(result)
    if result.regression is not None:
        out["meta_regression"] = _regression_keys(result)
    warnings = list(dict.fromkeys(result.warnings))
    if any(getattr(result.pooled, key) is not None and out[key] is None for key in ENDS):
        warnings.append("a ratio is beyond the range of numbers and not shown")
    return out | {"warnings": warnings}


def as_json(result: Result) -> str:
    """The result as JSON, ten significant digits."""
    return dumps(document(result))
