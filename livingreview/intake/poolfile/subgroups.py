"""Each subgroup of a file pooled, and the test between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import synthesis
from ...data.problems import DataError, Problem
from ...data.values import number_ok
from ...synthesis import Pooled, SynthesisError
from .clusters import robust_pool
from .pooling import Result, members, pooled_of
from .question import Question

FEWEST = 2  # trials of a group that is tested against others, as in the book


def _levels(labels: Sequence[str]) -> list[str]:
    """Distinct labels, numbers by size, else by text."""
    distinct = list(dict.fromkeys(labels))
    numeric = all(number_ok(label) for label in distinct)
    return sorted(distinct, key=float if numeric else str)


def subgroups(result: Result) -> dict[str, Any]:
    """The fields of a result that tell of its subgroups."""
    question, trials = result.question, result.trials
    name, stated = question.subgroup, members(question, trials)
    labels = np.array(trials.texts[name], dtype=object)
    rows, warnings = stated & (labels != ""), []
    if outside := [trials.names[i] for i in np.flatnonzero(stated & ~rows)]:
        warnings.append(f"in no subgroup, as {name} is not stated: {', '.join(outside)}")
    levels = _levels(labels[rows & trials.used].tolist())
    _refuse(result, levels, int((rows & trials.used).sum()))
    made = _common if question.common_tau2 else _separate
    out = made(result, levels, labels, rows)
    return out | {"warnings": warnings + out["warnings"]}


def _refuse(result: Result, levels: list[str], trials: int) -> None:
    """Refuse a column that does not divide the trials."""
    name, file, shown = result.question.subgroup, result.trials.file, "; ".join(levels[:5])
    if len(levels) < 2:
        raise DataError([Problem(file, 1, name, shown, "the trials are not in several subgroups",
                                 "two labels or more among the trials with an effect")])
    if len(levels) == trials:
        raise DataError([Problem(file, 1, name, shown, "every trial is a subgroup of its own",
                                 "a column that several trials share; for a number, --moderator")])


def _separate(result: Result, levels: list[str], labels: np.ndarray, rows: np.ndarray
              ) -> dict[str, Any]:
    """Each subgroup on its own, and Q between those of two trials or more."""
    groups: dict[str, Any] = {}
    warnings = []
    for level in levels:
        try:
            groups[level] = _one(result, rows & (labels == level))
            warnings += [f"{level}: {said}" for said in groups[level].warnings]
        except SynthesisError as error:
            groups[level] = str(error)
            warnings.append(f"{level}: {error}")
    tested, alone = [], []
    for level, pooled in groups.items():
        if isinstance(pooled, Pooled):
            (tested if pooled.k >= FEWEST else alone).append(level)
    if alone:
        warnings.append(f"not in the test between subgroups, as one trial is no group: "
                        f"{', '.join(alone)}")
    difference = None
    try:
        if len(tested) < 2:
            raise SynthesisError("fewer than 2 subgroups of two trials or more have a pool")
        found = [_tested(result, groups[level], rows & (labels == level)) for level in tested]
        if any(g.se is None for g in found):
            raise SynthesisError("the prior leaves a posterior without a standard deviation")
        q, df, p = synthesis.subgroup_difference([g.estimate for g in found],
                                                 [g.se for g in found])
        difference = {"q": q, "df": df, "df_rest": None, "p_value": p, "groups": tested}
    except SynthesisError as error:
        warnings.append(f"no test between subgroups: {error}")
    return {"groups": groups, "difference": difference, "warnings": warnings}


def _one(result: Result, rows: np.ndarray) -> Pooled:
    question, trials = result.question, result.trials
    pooled = pooled_of(question, trials, rows, result.prior)
    if question.cluster and pooled.k > 1:
        return robust_pool(question, trials, rows, pooled)[0]
    return pooled


def _tested(result: Result, pooled: Pooled, rows: np.ndarray) -> Pooled:
    """The pool that enters the test: by the rules of the book that of random effects."""
    if result.question.rules != "book":
        return pooled
    plain: Question = replace(result.question, rules="plain", prior=None)
    return pooled_of(plain, result.trials, rows & result.trials.used)


def _common(result: Result, levels: list[str], labels: np.ndarray, rows: np.ndarray
            ) -> dict[str, Any]:
    """All subgroups with one τ², and the test of the factor."""
    question, trials = result.question, result.trials
    try:
        with np.errstate(all="ignore"):
            found = synthesis.subgroup_analysis(
                trials.yi[rows], trials.vi[rows], labels[rows].tolist(), common_tau2=True,
                tau2_method=question.method, test=question.interval, level=question.level)
    except SynthesisError as error:
        raise DataError([Problem(trials.file, 1, question.subgroup, "; ".join(levels[:5]),
                                 f"no common tau2: {error}",
                                 "subgroups of several trials")]) from None
    parts = {part.label: part for part in found.groups}
    df, rest = found.df
    return {"groups": {level: parts[level] for level in levels},
            "difference": {"q": found.statistic, "df": df, "df_rest": rest,
                           "p_value": found.p_value, "groups": levels},
            "warnings": list(found.warnings)}
