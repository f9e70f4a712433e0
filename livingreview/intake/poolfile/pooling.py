"""The trials of a file pooled: all of them, by subgroup, and in a regression."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ... import synthesis
from ...data import reading
from ...data.reading import DataError, Problem
from ...synthesis import Pooled, Regression, SynthesisError
from .asking import Reading
from .question import COUNTS, Question
from .trials import Trials, printable, read


@dataclass(frozen=True, eq=False)
class Result:
    """The pool of a file.

    Attributes
    ----------
    question : Question
    trials : Trials
    pooled : Pooled
    weights : ndarray
        By row of the file, NaN where a trial does not contribute.
    groups : dict of str to (Pooled or str)
        Pool of each subgroup, or why it has none.
    difference : SubgroupDifference or None
    regression : Regression or None
    references : dict of str to str
        Reference level of each categorical moderator.
    warnings : list of str
    """

    question: Question
    trials: Trials
    pooled: Pooled
    weights: np.ndarray
    groups: dict[str, Pooled | str] = field(default_factory=dict)
    difference: synthesis.SubgroupDifference | None = None
    regression: Regression | None = None
    references: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def _members(question: Question, trials: Trials) -> np.ndarray:
    """Rows that go into a pool: a method for tables chooses among them itself."""
    return trials.stated if question.of_tables else trials.used


def _pooled(question: Question, trials: Trials, rows: np.ndarray) -> Pooled:
    """The pool of some rows.

    Raises
    ------
    SynthesisError
        If it is undefined, or not a finite number.
    """
    level = question.level
    with np.errstate(all="ignore"):
        if question.of_tables:
            cells = [trials.frame[name].to_numpy()[rows] for name in COUNTS]
            if question.method == "PETO":
                pooled = synthesis.peto(*cells, level=level)
            else:
                pooled = synthesis.mantel_haenszel(*cells, measure=question.measure, level=level)
        else:
            common = question.method == "common"
            pooled = synthesis.pool(
                trials.yi[rows], trials.vi[rows], model="common" if common else "random",
                tau2_method="REML" if common else question.method, interval=question.interval,
                level=level)
    numbers = (pooled.estimate, pooled.se, pooled.ci_low, pooled.ci_high, pooled.tau2 or 0.0)
    if not all(map(math.isfinite, numbers)):
        raise SynthesisError("the values are too large or too far apart to be pooled")
    return pooled


def without(result: Result, row: int) -> Pooled | None:
    """The pool without a row of weight 0, whose numbers move it all the same.

    None for rows with a weight, and where the others have no pool.
    """
    if result.question.method != "MH" or result.weights[row] != 0:
        return None
    rows = _members(result.question, result.trials).copy()
    rows[row] = False
    try:
        return _pooled(result.question, result.trials, rows)
    except SynthesisError:
        return None


def _no_pool(trials: Trials, said: str) -> DataError:
    """Why there is no pool: of the whole file, with the reason of every trial."""
    out = [Problem(trials.file, 1, "", "", said, "trials that can be pooled")]
    out += [Problem(trials.file, int(row), "", name, reason, "a trial with an effect",
                    rule=reason)
            for row, name, reason in zip(trials.frame.index, trials.names, trials.reasons,
                                         strict=True) if reason]
    return DataError(reading.shortened(out))


def _levels(labels: Sequence[str]) -> list[str]:
    """Distinct labels, numbers by size, else by text."""
    distinct = list(dict.fromkeys(labels))
    numeric = all(reading.TYPE_OK["number"][0](label) for label in distinct)
    return sorted(distinct, key=float if numeric else str)


def _subgroups(question: Question, trials: Trials) -> dict[str, Any]:
    """Each subgroup pooled on its own, with the test between them."""
    name = question.subgroup
    labels, rows = np.array(trials.texts[name], dtype=object), _members(question, trials)
    rows = rows & (labels != "")
    warnings = []
    without = [trials.names[i] for i in np.flatnonzero(_members(question, trials) & ~rows)]
    if without:
        warnings.append(f"in no subgroup, as {name} is not stated: {', '.join(without)}")
    levels = _levels(labels[rows & trials.used].tolist())
    if len(levels) < 2:
        raise DataError([Problem(trials.file, 1, name, "; ".join(levels),
                                 "the trials are not in several subgroups",
                                 "two labels or more among the trials with an effect")])
    groups: dict[str, Pooled | str] = {}
    for level in levels:
        try:
            groups[level] = _pooled(question, trials, rows & (labels == level))
            warnings += [f"{level}: {said}" for said in groups[level].warnings]
        except SynthesisError as error:
            groups[level] = str(error)
            warnings.append(f"{level}: {error}")
    with_pool = [p for p in groups.values() if isinstance(p, Pooled)]
    difference = None
    try:
        difference = synthesis.subgroup_difference([p.estimate for p in with_pool],
                                                   [p.se for p in with_pool])
    except SynthesisError as error:
        warnings.append(f"no test between subgroups: {error}")
    return {"groups": groups, "difference": difference, "warnings": warnings}


def _design(question: Question, trials: Trials, rows: np.ndarray
            ) -> tuple[np.ndarray, list[str], dict[str, str]]:
    """Columns of the regression with their names, and the references of categories."""
    matrix, names, references, problems = [], [], {}, []
    lines = trials.frame.index[rows]
    for name in question.moderators:
        cells = [trials.texts[name][i] for i in np.flatnonzero(rows)]
        number = [reading.TYPE_OK["number"][0](cell) for cell in cells]
        numeric = all(number)
        if any(number) and not numeric:
            problems += [Problem(trials.file, int(line), name, cell,
                                 "not a number, as other cells of this moderator are",
                                 "numbers alone, or words alone for a category",
                                 rule=f"mixed-{name}")
                         for line, cell, ok in zip(lines, cells, number, strict=True) if not ok]
        elif len(set(map(float, cells) if numeric else cells)) < 2:
            problems.append(Problem(trials.file, 1, name, cells[0] if cells else "",
                                    "the moderator does not vary between the trials",
                                    "two values or more"))
        elif numeric:
            matrix.append(np.array(cells, dtype=float))
            names.append(name)
        else:
            coded = synthesis.dummies(cells)
            matrix += list(coded.x.T)
            names += [f"{name}: {printable(level)}" for level in coded.names]
            references[name] = printable(coded.reference)
    if problems:
        raise DataError(reading.shortened(problems))
    return np.column_stack(matrix), names, references


def _regression(question: Question, trials: Trials) -> dict[str, Any]:
    """Meta-regression on the moderators."""
    rows = trials.used.copy()
    for name in question.moderators:
        rows &= np.array([cell != "" for cell in trials.texts[name]])
    warnings = []
    without = [trials.names[i] for i in np.flatnonzero(trials.used & ~rows)]
    if without:
        warnings.append(f"not in the regression, as a moderator is not stated: "
                        f"{', '.join(without)}")
    x, names, references = _design(question, trials, rows)
    common = question.method == "common"
    try:
        with np.errstate(all="ignore"):
            fit = synthesis.meta_regression(
                trials.yi[rows], trials.vi[rows], x, model="common" if common else "random",
                tau2_method="REML" if common else question.method, test=question.interval,
                level=question.level, names=names)
    except (SynthesisError, np.linalg.LinAlgError) as error:
        raise DataError([Problem(trials.file, 1, "+".join(question.moderators), "",
                                 f"no regression: {error}",
                                 "fewer or other moderators, or more trials")]) from None
    if not np.isfinite(fit.covariance).all() or not np.isfinite(fit.coefficients).all():
        raise DataError([Problem(trials.file, 1, "+".join(question.moderators), "",
                                 "the regression has no finite coefficients",
                                 "moderators of a usual size")])
    warnings += [f"regression: {said}" for said in fit.warnings]
    return {"regression": fit, "references": references, "warnings": warnings}


def pool(path: Path, question: Question, reading: Reading | None = None) -> Result:
    """Pool the trials of a file.

    Parameters
    ----------
    path : Path
        A table with a row for each trial: the columns of the measure, or `yi` and `vi` (or `se`,
        or an interval), ratios there on the natural log scale; other names that `columns` knows.
    question : Question
    reading : Reading, optional
        How to read the file, where it does not tell.

    Returns
    -------
    Result

    Raises
    ------
    DataError
        With every problem of the file, or with why its trials cannot be pooled.
    """
    try:
        trials = read(path, question, reading)
    except SynthesisError as error:
        raise DataError([Problem(str(path), 1, "", "", str(error), "other values")]) from None
    rows = _members(question, trials)
    if not rows.any() or not (trials.used.any() or question.of_tables):
        raise _no_pool(trials, "no trial has an effect")
    try:
        pooled = _pooled(question, trials, rows)
    except SynthesisError as error:
        raise _no_pool(trials, str(error)) from None
    weights = np.full(len(rows), np.nan)
    weights[rows] = pooled.weights
    weights[[reason is not None for reason in trials.reasons]] = np.nan
    result = Result(question, trials, pooled, weights,
                    warnings=[*trials.warnings, *pooled.warnings])
    for asked, function in ((question.subgroup, _subgroups), (question.moderators, _regression)):
        if asked:
            more = function(question, trials)
            result = replace(result, **{**more, "warnings": result.warnings + more["warnings"]})
    return result
