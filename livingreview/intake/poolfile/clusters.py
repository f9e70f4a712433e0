"""Rows that are not independent: cluster-robust variances, and the three-level model."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ... import synthesis
from ...data.problems import DataError, Problem
from ...synthesis import Pooled, Robust, SynthesisError
from .pooling import Result
from .question import Question
from .trials import Trials


def labels_of(question: Question, trials: Trials, rows: np.ndarray) -> list[str]:
    """The cluster of each row; one that is not stated is a cluster of its own."""
    cells = trials.texts[question.cluster]
    return [cells[i] or f"\0{i}" for i in np.flatnonzero(rows)]


def working(question: Question) -> dict[str, Any]:
    """The model whose weights the rows take, and how its variance is estimated."""
    common = question.method == "common"
    return {"working": question.working or ("common" if common else "random"),
            "tau2_method": "REML" if common else question.method, "level": question.level}


def _base(question: Question, trials: Trials, rows: np.ndarray, pooled: Pooled, found: Robust
          ) -> Pooled:
    """The pool with the model and the weights of the working model."""
    if found.working == "three-level":
        return replace(pooled, model="three-level", tau2_method="REML", tau2=None, tau2_low=None,
                       tau2_high=None, i2=None, h2=None,
                       weights=_nested_weights(question, trials, rows, found))
    if found.working == pooled.model:
        return pooled
    own = working(question)
    with np.errstate(all="ignore"):
        return synthesis.pool(trials.yi[rows], trials.vi[rows], model=own["working"],
                              tau2_method=own["tau2_method"], level=question.level)


def _nested_weights(question: Question, trials: Trials, rows: np.ndarray, found: Robust
                    ) -> np.ndarray:
    """What each row weighs in the mean of the three-level model: row sums of V⁻¹, sum 1.

    Formula: a/(1 + σ²between Σa) with a = 1/(v + σ²within) and the sum over the row's cluster, by
    the inverse of diag(v + σ²within) + σ²between 11'.
    """
    _, cluster = np.unique(labels_of(question, trials, rows), return_inverse=True)
    own = 1 / (trials.vi[rows] + found.within)
    weights = own / (1 + found.tau2 * np.bincount(cluster, own)[cluster])
    return weights / weights.sum()


def robust_pool(question: Question, trials: Trials, rows: np.ndarray, pooled: Pooled
                ) -> tuple[Pooled, Robust]:
    """A pool with its standard error, interval and test by CR2.

    Raises
    ------
    SynthesisError
        If there are fewer than two clusters, or the robust variance is 0.
    """
    with np.errstate(all="ignore"):
        found = synthesis.robust(trials.yi[rows], trials.vi[rows],
                                 labels_of(question, trials, rows), **working(question))
    own = {key: float(getattr(found, name)[0]) for key, name in (
        ("estimate", "coefficients"), ("se", "ses"), ("ci_low", "ci_low"), ("ci_high", "ci_high"),
        ("statistic", "statistics"), ("df", "df"), ("p_value", "p_values"))}
    if not all(map(math.isfinite, own.values())):
        raise SynthesisError("the values are too far apart for a robust variance")
    # The prediction interval of rows says nothing of a new cluster; the three-level model does.
    pooled = _base(question, trials, rows, pooled, found)
    return replace(pooled, **own, pi_low=None, pi_high=None, interval=found.adjustment,
                   warnings=(*pooled.warnings, *found.warnings)), found


def clustered(result: Result) -> dict[str, Any]:
    """The fields of a result whose rows are clustered."""
    question, trials = result.question, result.trials
    rows = trials.used
    if result.pooled.k < 2:
        return {"warnings": []}
    try:
        pooled, found = robust_pool(question, trials, rows, result.pooled)
    except SynthesisError as error:
        raise DataError([Problem(trials.file, 1, question.cluster, "",
                                 f"no robust variance: {error}",
                                 "several clusters among the rows with an effect")]) from None
    keys: dict[str, Any] = {
        "by": question.cluster, "clusters": found.clusters, "rows": found.k,
        "working": found.working, "adjustment": found.adjustment, "three_level": None}
    warnings = list(found.warnings)
    if blank := [trials.names[i] for i in np.flatnonzero(rows)
                 if not trials.texts[question.cluster][i]]:
        warnings.append(f"a cluster of its own, as {question.cluster} is not stated: "
                        f"{', '.join(blank)}")
    try:
        with np.errstate(all="ignore"):
            levels = synthesis.three_level(trials.yi[rows], trials.vi[rows],
                                           labels_of(question, trials, rows),
                                           level=question.level)
        keys["three_level"] = {key: getattr(levels, key) for key in (
            "se", "p_value", "df", "between", "between_low", "between_high", "within",
            "within_low", "within_high", "i2_between", "i2_within")} | {
            key: result.natural(getattr(levels, key))
            for key in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")}
        warnings += [f"three-level model: {said}" for said in levels.warnings]
    except SynthesisError as error:
        warnings.append(f"no three-level model: {error}")
    weights = np.full(len(rows), np.nan)
    weights[rows] = pooled.weights
    # The likelihood is that of the pool of independent rows, no other model's.
    fit = result.fit if pooled.model == result.pooled.model else None
    return {"pooled": pooled, "weights": weights, "fit": fit, "clusters": keys,
            "warnings": warnings}
