"""The pool of a file in plain keys, those of ``results.json``."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtri

from ...synthesis import Pooled, Regression
from .pooling import Result, without
from .question import Question
from .trials import printable


def natural(question: Question, value: float | None) -> float | None:
    """A value on the natural scale; None where a ratio is beyond the range of numbers."""
    if value is None or not question.ratio:
        return None if value is None else float(value)
    with np.errstate(all="ignore"):
        out = float(np.exp(value))
    return out if 0 < out < math.inf else None


def _described(question: Question, pooled: Pooled) -> dict:
    """The keys of ``results.json``, the estimate with its intervals on the natural scale."""
    from ...review import pools

    out = pools.describe("MD", pooled)  # of a difference: nothing is exponentiated yet
    for key in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        out[key] = natural(question, out[key])
    return out


def _ends(question: Question, pooled: Pooled | None) -> dict | None:
    """An estimate with its interval."""
    return pooled and {key: natural(question, getattr(pooled, key))
                       for key in ("estimate", "ci_low", "ci_high")}


def _study_rows(result: Result) -> list[dict]:
    question, trials = result.question, result.trials
    half = float(ndtri(0.5 + question.level / 2)) * np.sqrt(trials.vi)
    out = []
    for i, (row, name) in enumerate(zip(trials.frame.index, trials.names, strict=True)):
        yi, vi, low, high, weight = (None if np.isnan(v) else float(v) for v in (
            trials.yi[i], trials.vi[i], trials.yi[i] - half[i], trials.yi[i] + half[i],
            result.weights[i]))
        out.append({"row": int(row), "study": name, "yi": yi, "vi": vi,
                    "estimate": natural(question, yi), "ci_low": natural(question, low),
                    "ci_high": natural(question, high), "weight": weight,
                    "without": _ends(question, without(result, i)),
                    "left_out": trials.reasons[i]})
        if question.subgroup:
            out[-1]["subgroup"] = printable(trials.texts[question.subgroup][i]) or None
    return out


def _regression_keys(fit: Regression, references: dict[str, str]) -> dict:
    absent = [None] * fit.p
    columns = zip(fit.names, fit.coefficients, fit.ses, fit.ci_low, fit.ci_high,
                  absent if fit.statistics is None else fit.statistics,
                  absent if fit.p_values is None else fit.p_values, strict=True)
    keys = ("name", "estimate", "se", "ci_low", "ci_high", "statistic", "p_value")
    out = {key: getattr(fit, key) for key in (
        "k", "model", "tau2_method", "test", "df", "tau2", "tau2_low", "tau2_high", "i2", "h2",
        "r2", "qe", "qe_df", "qe_p", "omnibus", "omnibus_p")}
    return out | {"omnibus_df": list(fit.omnibus_df), "references": references, "coefficients": [
        {key: float(v) if isinstance(v, np.floating) else v
         for key, v in zip(keys, row, strict=True)} for row in columns]}


def document(result: Result) -> dict:
    """The result as plain keys, those of a pooled estimate as in ``results.json``.

    Returns
    -------
    dict
        Ratios are exponentiated; `se`, `tau2`, `yi`, `vi` and the coefficients of a regression
        are on the log scale then, which the key `scale` says.
    """
    question = result.question
    scale = ("estimates and their intervals are ratios; se, tau2, yi, vi and regression "
             "coefficients are on the natural log scale" if question.ratio
             else "everything is in the unit of the effects")
    zero_cells = None
    if result.trials.counts and not question.of_tables:
        zero_cells = question.zero_cells or ("none" if question.measure == "PETO" else "only")
    out = {**_described(question, result.pooled), "file": result.trials.file,
           "measure": question.measure, "scale": scale, "level": question.level,
           "zero_cells": zero_cells, "studies": _study_rows(result),
           "subgroups": None, "meta_regression": None}
    if question.subgroup:
        test = result.difference
        out["subgroups"] = {
            "by": question.subgroup, "tau2": "separate",
            "groups": [{"value": printable(value), **(
                _described(question, p) if isinstance(p, Pooled) else {"k": 0, "reason": p})}
                for value, p in result.groups.items()],
            "difference": test and {"q": test.q, "df": test.df, "p_value": test.p_value}}
    if result.regression is not None:
        out["meta_regression"] = _regression_keys(result.regression, result.references)
    warnings = list(dict.fromkeys(result.warnings))
    if any(p is not None and natural(question, p) is None
           for p in (result.pooled.estimate, result.pooled.ci_low, result.pooled.ci_high,
                     result.pooled.pi_low, result.pooled.pi_high)):
        warnings.append("a ratio is beyond the range of numbers and not shown")
    return out | {"warnings": warnings}


def as_json(result: Result) -> str:
    """The result as JSON, ten significant digits."""
    from ...review import dumps

    return dumps(document(result))
