"""Meta-regression on columns of a file."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import synthesis
from ...data.problems import DataError, Problem, shortened
from ...data.values import number_ok
from ...synthesis import JointTest, Regression, Robust, SynthesisError
from .clusters import labels_of, working
from .pooling import Result
from .question import Question
from .trials import Trials, printable


def _design(question: Question, trials: Trials, rows: np.ndarray
            ) -> tuple[np.ndarray, list[str], dict[str, str]]:
    """Columns of the regression with their names, and the references of categories."""
    matrix, names, references, problems = [], [], {}, []
    lines = trials.lines[rows]
    for name in question.moderators:
        cells = [trials.texts[name][i] for i in np.flatnonzero(rows)]
        number = [number_ok(cell) for cell in cells]
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
        raise DataError(shortened(problems))
    return np.column_stack(matrix), names, references


def _fitted(question: Question, trials: Trials, rows: np.ndarray, x: np.ndarray,
            names: list[str]) -> Regression | Robust:
    """The regression, with robust variances where rows are clustered."""
    yi, vi = trials.yi[rows], trials.vi[rows]
    with np.errstate(all="ignore"):
        if question.cluster:
            return synthesis.robust(yi, vi, labels_of(question, trials, rows), x, names=names,
                                    **working(question))
        common = question.method == "common"
        return synthesis.meta_regression(
            yi, vi, x, model="common" if common else "random",
            tau2_method="REML" if common else question.method, test=question.interval,
            level=question.level, names=names)


def regression(result: Result) -> dict[str, Any]:
    """The fields of a result that tell of a meta-regression."""
    question, trials = result.question, result.trials
    rows = trials.used.copy()
    for name in question.moderators:
        rows &= np.array([cell != "" for cell in trials.texts[name]])
    warnings = []
    if outside := [trials.names[i] for i in np.flatnonzero(trials.used & ~rows)]:
        warnings.append(f"not in the regression, as a moderator is not stated: "
                        f"{', '.join(outside)}")
    x, names, references = _design(question, trials, rows)
    columns = "+".join(question.moderators)
    try:
        fit = _fitted(question, trials, rows, x, names)
    except (SynthesisError, np.linalg.LinAlgError) as error:
        raise DataError([Problem(trials.file, 1, columns, "", f"no regression: {error}",
                                 "fewer or other moderators, or more trials")]) from None
    if not np.isfinite(fit.covariance).all() or not np.isfinite(fit.coefficients).all():
        raise DataError([Problem(trials.file, 1, columns, "",
                                 "the regression has no finite coefficients",
                                 "moderators of a usual size")])
    warnings += [f"regression: {said}" for said in fit.warnings]
    return {"regression": fit, "references": references, "warnings": warnings,
            "factors": {} if question.cluster else _factors(fit, references)}


def _factors(fit: Regression, references: dict[str, str]) -> dict[str, JointTest]:
    """The joint test of the levels of each categorical moderator that has several."""
    levels = {name: [c for c in fit.names if c.startswith(f"{name}: ")] for name in references}
    return {name: synthesis.joint_test(fit, own) for name, own in levels.items() if len(own) > 1}
