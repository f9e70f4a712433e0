"""Pool the trials of any CSV file: what ``python -m livingreview pool`` does.

The file is read and its problems are named by the machinery of the data folder (`reading`); the
statistics are those of `synthesis`. An empty cell means "not stated": its trial is left out, with
the reason.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from . import reading, synthesis
from .reading import DataError, Problem, Raw
from .synthesis import Pooled, Regression, SynthesisError
from .tables import Column, Table

MEANS = ("m1", "sd1", "n1", "m2", "sd2", "n2")
COUNTS = ("e1", "n1", "e2", "n2")
EFFECTS = ("yi", "vi", "se")
METHODS = ("REML", "DL", "PM", "ML", "HE", "SJ", "EB", "HS", "MH", "PETO", "common")
INTERVALS = ("hksj-guard", "hksj", "t", "z")
ZERO_CELLS = ("only", "all", "none")
_OF_TABLES = ("MH", "PETO")
_HEADER = ("unknown column", "the column is missing")  # judged here: any other column may stand


@dataclass(frozen=True)
class Measure:
    """An effect measure: its name, the columns it is computed from, and by what."""

    name: str
    columns: tuple[str, ...] = ()
    effects: Callable[..., synthesis.Effects] | None = None
    ratio: bool = False


MEASURES = {
    "MD": Measure("mean difference", MEANS, synthesis.mean_difference),
    "SMD": Measure("standardised mean difference", MEANS, synthesis.standardised_mean_difference),
    "ROM": Measure("ratio of means", MEANS, synthesis.ratio_of_means, True),
    "RR": Measure("risk ratio", COUNTS, synthesis.risk_ratio, True),
    "OR": Measure("odds ratio", COUNTS, synthesis.odds_ratio, True),
    "RD": Measure("risk difference", COUNTS, synthesis.risk_difference),
    "PETO": Measure("Peto odds ratio", COUNTS, synthesis.peto_odds_ratio, True),
    "GEN": Measure("effect"),
}


class CallError(ValueError):
    """Options that do not go together."""


@dataclass(frozen=True)
class Question:
    """What to compute.

    Parameters
    ----------
    measure : str
        A key of `MEASURES`; the effects of GEN are taken as they are.
    method : str, optional
        One of `METHODS`: an estimator of τ², Mantel–Haenszel, Peto's pool, or the common effect.
        None is REML, and Peto's pool for PETO.
    ci : str, optional
        One of `INTERVALS`; None is 'hksj-guard' for random effects and 'z' elsewhere.
    level : float
    moderators : sequence of str
        Columns of a meta-regression.
    subgroup : str, optional
        Column that divides the trials.
    zero_cells : str, optional
        Tables to which 0.5 is added: those with an empty cell (None: 'only'), 'all' or 'none'.
        Peto's measure takes 'none' where it is left out.

    Raises
    ------
    CallError
        If the options do not go together.
    """

    measure: str
    method: str | None = None
    ci: str | None = None
    level: float = 0.95
    moderators: Sequence[str] = ()
    subgroup: str | None = None
    zero_cells: str | None = None

    def __post_init__(self):
        for name, value, allowed in (
                ("measure", self.measure, tuple(MEASURES)), ("method", self.method, METHODS),
                ("ci", self.ci, INTERVALS), ("zero-cells", self.zero_cells, ZERO_CELLS)):
            if value is not None and value not in allowed:
                raise CallError(f"--{name} must be one of {', '.join(allowed)}, not {value!r}")
        if not 0 < self.level < 1:
            raise CallError(f"--level must lie between 0 and 1, as 0.95, not {self.level:g}")
        for name in (*self.moderators, *([] if self.subgroup is None else [self.subgroup])):
            if not name.strip():
                raise CallError("the name of a moderator or subgroup is empty")
        for name, times in Counter(self.moderators).items():
            if times > 1:
                raise CallError(f"--moderator {name} is given {times} times")
        if self.method is None:
            method = "PETO" if self.measure == "PETO" else "REML"
            object.__setattr__(self, "method", method)
        self._check_tables()

    def _check_tables(self):
        """Refuse what a method for 2 × 2 tables, or the measure, cannot do."""
        allowed = {"MH": ("RR", "OR", "RD"), "PETO": ("PETO", "OR")}.get(self.method)
        if allowed and self.measure not in allowed:
            raise CallError(f"--method {self.method} pools {', '.join(allowed)}, "
                            f"not {self.measure}")
        if self.zero_cells is not None and MEASURES[self.measure].columns != COUNTS:
            raise CallError("--zero-cells is for counts of events, which "
                            f"{self.measure} does not have")
        if not self.of_tables:
            return
        if self.zero_cells is not None:
            raise CallError(f"--method {self.method} corrects no zero cell: leave --zero-cells out")
        if self.ci not in (None, "z"):
            raise CallError(f"--method {self.method} has the interval z alone, not {self.ci}")
        if self.moderators:
            raise CallError(f"--moderator needs effects with weights: --method {self.method} "
                            "has none for a regression")

    @property
    def of_tables(self) -> bool:
        """Whether the 2 × 2 tables are pooled themselves."""
        return self.method in _OF_TABLES

    @property
    def needs_counts(self) -> bool:
        """Whether effects with variances would not do."""
        return self.of_tables or self.zero_cells is not None

    @property
    def ratio(self) -> bool:
        """Whether effects are logarithms of ratios."""
        return MEASURES[self.measure].ratio

    @property
    def interval(self) -> str:
        """The interval that is computed."""
        return self.ci or ("z" if self.of_tables or self.method == "common" else "hksj-guard")


@dataclass(frozen=True, eq=False)
class Trials:
    """The rows of a file with their effects.

    Attributes
    ----------
    file : str
    names : list of str
    frame : pandas.DataFrame
        Numbers by line of the file.
    texts : dict of str to list of str
        Cells of moderators and of the subgroup, without spaces around them.
    counts : bool
        Whether the frame holds 2 × 2 tables.
    yi, vi : ndarray
        Effects and variances, NaN where there is none.
    reasons : list of (str or None)
        Why a trial has none.
    stated : ndarray of bool
        Whether no number of the row is missing.
    warnings : tuple of str
    """

    file: str
    names: list[str]
    frame: pd.DataFrame
    texts: dict[str, list[str]]
    counts: bool
    yi: np.ndarray
    vi: np.ndarray
    reasons: list[str | None]
    stated: np.ndarray
    warnings: tuple[str, ...]

    @property
    def used(self) -> np.ndarray:
        """Rows that have an effect."""
        return ~np.isnan(self.yi)


# ---------------------------------------------------------------- reading


def _wanted(question: Question) -> Table:
    """Every column that may be used."""
    numbers = dict.fromkeys((*MEASURES[question.measure].columns, *EFFECTS))
    others = dict.fromkeys(("study", *question.moderators, question.subgroup or "study"))
    return Table("pool", "", "", (
        *(Column(name, "", type="number") for name in numbers),
        *(Column(name, "") for name in others if name not in numbers)))


def _chosen(question: Question, absent: frozenset[str], path: str) -> tuple[str, ...]:
    """The columns of numbers to use; missing ones are a `DataError`."""
    needed = MEASURES[question.measure].columns
    missing = [name for name in needed if name in absent]
    if needed and not missing:
        return needed
    spread = next((name for name in ("vi", "se") if name not in absent), None)
    if "yi" not in absent and spread and not question.needs_counts:
        return "yi", spread
    meant = "yi" not in absent and len(missing) == len(needed) and not question.needs_counts
    if not needed or meant:  # the file is one of effects
        missing = ["yi"] * ("yi" in absent) + ["vi"] * (spread is None)
    forms = [", ".join(needed)] * bool(needed)
    if not question.needs_counts:
        forms.append("yi and vi, or yi and se")
    raise DataError([Problem(path, 1, name, "", "the column is missing",
                             f"a header with {'; or with '.join(forms)}") for name in missing])


def _read(path: Path, question: Question) -> tuple[Raw, tuple[str, ...], list[Problem]]:
    """The file as text, the columns of numbers to use, and warnings."""
    wanted, shown, problems = _wanted(question), str(path), []
    raw = reading.read_raw(Path(), wanted, shown, problems)
    others = [p.column for p in problems if p.wrong == _HEADER[0]]
    problems = [p for p in problems if p.wrong not in _HEADER and (
        p.rule != "form" or p.row > 1 or not p.column or p.column in wanted.names)]
    errors = [p for p in problems if p.level == "error"]
    if raw is None and errors:
        raise DataError(reading.shortened(errors))
    absent = frozenset(wanted.names) if raw is None else raw.absent
    columns: tuple[str, ...] = ()
    try:
        columns = _chosen(question, absent, shown)
    except DataError as error:
        errors += error.problems
    known = ", ".join([n for n in wanted.names if n not in absent] + [n for n in others if n])
    errors += [Problem(shown, 1, name, "", "the column is missing", f"one of {known}")
               for name in dict.fromkeys((*question.moderators, question.subgroup))
               if name in absent]
    if raw is not None and not errors and not len(raw.codes):
        errors.append(Problem(shown, 2, "", "", "the file has no rows", "a row for each trial"))
    if not columns or raw is None:
        raise DataError(reading.shortened(errors))
    used = tuple(c for c in wanted.columns if c.name in columns)
    raw = replace(raw, table=replace(wanted, columns=used))
    errors += reading.column_problems(raw, {})
    return raw, columns, [*errors, *(p for p in problems if p.level == "warning")]


def _text(raw: Raw, row: int, name: str) -> str:
    return raw.texts[name][raw.codes.at[row, name]]


def _of_means(frame: pd.DataFrame, measure: str) -> Iterator[tuple]:
    """(columns, rows, what is wrong, what is expected) for means."""
    for arm in "12":
        sd, n, m = frame[f"sd{arm}"], frame[f"n{arm}"], frame[f"m{arm}"]
        yield f"sd{arm}", sd < 0, "negative", "a standard deviation above 0"
        yield f"sd{arm}", sd == 0, "zero", "a standard deviation above 0"
        yield (f"n{arm}", n <= 1, "too few for a standard deviation",
               "more than 1 participant")
        if measure == "ROM":
            yield f"m{arm}", m == 0, "a mean of 0 has no ratio", "a mean other than 0"
    if measure == "SMD":
        few = (frame["n1"] > 1) & (frame["n2"] > 1) & (frame["n1"] + frame["n2"] <= 3)
        yield "n1+n2", few, "too few for a standardised difference", "more than 3 participants"
    if measure == "ROM":
        yield ("m1+m2", frame["m1"] * frame["m2"] < 0, "the means differ in sign",
               "two means of one sign")


def _of_counts(frame: pd.DataFrame, measure: str) -> Iterator[tuple]:
    for arm in "12":
        events, n = frame[f"e{arm}"], frame[f"n{arm}"]
        yield f"n{arm}", n <= 0, "not positive", "more than 0 participants"
        yield f"e{arm}", events < 0, "negative", "0 events or more"
        yield (f"e{arm}+n{arm}", (events > n) & (n > 0), "more events than participants",
               f"e{arm} up to n{arm}")
    if measure == "PETO":
        total = frame["n1"] + frame["n2"]
        yield ("n1+n2", (total <= 1) & (frame["n1"] > 0) & (frame["n2"] > 0),
               "too few for a variance", "more than 1 participant")


def _of_effects(frame: pd.DataFrame, _: str) -> Iterator[tuple]:
    name = "vi" if "vi" in frame else "se"
    what = "a variance" if name == "vi" else "a standard error"
    values = frame[name]
    variance = values if name == "vi" else values**2
    yield name, values < 0, "negative", f"{what} above 0"
    yield name, values == 0, "zero", f"{what} above 0"
    tiny = (values > 0) & (variance < np.finfo(float).tiny)
    yield name, tiny, "too small to compute with", f"{what} in a unit nearer to 1"
    yield name, np.isinf(variance), "too large to compute with", f"{what} in a unit nearer to 1"


def _value_problems(raw: Raw, frame: pd.DataFrame, columns: tuple[str, ...],
                    measure: str) -> list[Problem]:
    """Values that no effect can be computed from, each in its row."""
    rules = {MEANS: _of_means, COUNTS: _of_counts}.get(columns, _of_effects)
    out = []
    for names, bad, wrong, expected in rules(frame, measure):
        for row in frame.index[bad.to_numpy()]:
            value = " | ".join(_text(raw, row, name) for name in names.split("+"))
            out.append(Problem(raw.path, int(row), names, value, wrong, expected, rule=wrong))
    return out


def _effects(raw: Raw, frame: pd.DataFrame, columns: tuple[str, ...], question: Question
             ) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
    """Effects, variances and reasons of all rows; a row without a finite effect is refused."""
    yi, vi = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    reasons: list[str | None] = [None] * len(frame)
    empty = frame[list(columns)].isna().to_numpy()
    for row in np.flatnonzero(empty.any(axis=1)):
        names = [name for name, missing in zip(columns, empty[row], strict=True) if missing]
        reasons[row] = f"{', '.join(names)} not stated"
    rows = np.flatnonzero(~empty.any(axis=1))
    if "yi" in columns:
        yi[rows] = frame["yi"].to_numpy()[rows]
        vi[rows] = (frame["vi"] if "vi" in frame else frame["se"] ** 2).to_numpy()[rows]
        return yi, vi, reasons
    options = {} if question.zero_cells is None else {"zero_cells": question.zero_cells}
    problems = []
    while rows.size:
        cells = [frame[name].to_numpy()[rows] for name in columns]
        try:
            with np.errstate(all="ignore"):
                found = MEASURES[question.measure].effects(*cells, **options)
        except SynthesisError as error:
            if error.row is None or len(problems) == reading.SHOWN:
                raise
            line, said = int(frame.index[rows[error.row]]), str(error).partition(": ")[2]
            problems.append(Problem(raw.path, line, "+".join(columns), " | ".join(
                _text(raw, line, name) for name in columns), said, "values of a usual size"))
            rows = np.delete(rows, error.row)
            continue
        yi[rows], vi[rows] = found.yi, found.vi
        for row, reason in zip(rows, found.reasons, strict=True):
            reasons[row] = reason
        break
    if problems:
        raise DataError(problems)
    return yi, vi, reasons


def printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.strip())


def read(path: Path, question: Question) -> Trials:
    """Read the trials of a file and compute their effects.

    Parameters
    ----------
    path : Path
    question : Question

    Returns
    -------
    Trials

    Raises
    ------
    DataError
        With every problem of the file.
    """
    raw, columns, problems = _read(path, question)
    frame = reading.typed(raw, {})
    problems += _value_problems(raw, frame, columns, question.measure)
    errors = [p for p in problems if p.level == "error"]
    if errors:
        raise DataError(reading.shortened(errors))
    yi, vi, reasons = _effects(raw, frame, columns, question)
    warnings = [f"{p.wrong}: expected {p.expected}" for p in problems]
    names = [f"row {row}" for row in frame.index]
    if "study" not in raw.absent:
        stated = [printable(cell) for cell in raw.cells("study")]
        names = [name or row for name, row in zip(stated, names, strict=True)]
        warnings += [f"{times} rows are named {name}; they are pooled as if independent"
                     for name, times in Counter(filter(None, stated)).items() if times > 1]
    if "yi" not in raw.absent and "yi" not in columns:
        warnings.append(f"effects are computed from {', '.join(columns)}; the column yi is unused")
    elif columns == ("yi", "vi") and "se" not in raw.absent:
        warnings.append("the column se is unused, as vi is there")
    texts = {name: [cell.strip() for cell in raw.cells(name)]
             for name in (*question.moderators, question.subgroup) if name}
    stated = ~frame[list(columns)].isna().any(axis=1).to_numpy()
    return Trials(raw.path, names, frame, texts, columns == COUNTS, yi, vi, reasons, stated,
                  tuple(warnings))


# ---------------------------------------------------------------- computing


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


def pool(path: Path, question: Question) -> Result:
    """Pool the trials of a file.

    Parameters
    ----------
    path : Path
        A CSV file, UTF-8, with the columns `study` (optional) and those of the measure, or `yi`
        and `vi` (or `se`); ratios there on the natural log scale.
    question : Question

    Returns
    -------
    Result

    Raises
    ------
    DataError
        With every problem of the file, or with why its trials cannot be pooled.
    """
    try:
        trials = read(path, question)
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


# ---------------------------------------------------------------- results.json


def natural(question: Question, value: float | None) -> float | None:
    """A value on the natural scale; None where a ratio is beyond the range of numbers."""
    if value is None or not question.ratio:
        return None if value is None else float(value)
    with np.errstate(all="ignore"):
        out = float(np.exp(value))
    return out if 0 < out < math.inf else None


def _described(question: Question, pooled: Pooled) -> dict:
    """The keys of ``results.json``, the estimate with its intervals on the natural scale."""
    from .review import pools

    out = pools.describe("MD", pooled)  # of a difference: nothing is exponentiated yet
    for key in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        out[key] = natural(question, out[key])
    return out


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
    from .review import dumps

    return dumps(document(result))
