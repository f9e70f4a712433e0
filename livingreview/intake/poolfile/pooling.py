"""The trials of a file pooled: all of them, and what is asked beside."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ... import synthesis
from ...data.problems import DataError, Problem, shortened
from ...synthesis import JointTest, Pooled, Regression, Robust, SynthesisError, protocol
from .asking import Reading
from .measures import MEASURES, RATES
from .priors import Chosen, prior_for
from .question import Question
from .trials import Trials, read

ONE_EFFECT = ("common", "mantel-haenszel", "peto")  # models in which all trials have one effect


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
    prior : Chosen or None
        On τ, where a posterior is computed.
    fit : dict or None
        Likelihood, its criteria and the standard error of τ², of effects pooled by variances.
    clusters : dict or None
        Robust variances and the three-level model, where rows are clustered.
    groups : dict of str to (Pooled, Subgroup or str)
        Pool of each subgroup, or why it has none.
    difference : dict or None
        Test between the subgroups.
    regression : Regression or Robust or None
    references : dict of str to str
        Reference level of each categorical moderator.
    factors : dict of str to JointTest
        Test of all levels of each categorical moderator.
    further : dict of str to dict
        What else was asked for, in plain keys.
    warnings : list of str
    """

    question: Question
    trials: Trials
    pooled: Pooled
    weights: np.ndarray
    prior: Chosen | None = None
    fit: dict[str, Any] | None = None
    clusters: dict[str, Any] | None = None
    groups: dict[str, Any] = field(default_factory=dict)
    difference: dict | None = None
    regression: Regression | Robust | None = None
    references: dict[str, str] = field(default_factory=dict)
    factors: dict[str, JointTest] = field(default_factory=dict)
    further: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def turned_back(self) -> bool:
        """Whether readers see another scale than that of the effects, where the measure has one.

        Double arcsines and double roots that are given as they are have no size by which they
        could be turned back.
        """
        size = MEASURES[self.question.measure].size
        return size is None or size in self.trials.numbers

    def natural(self, value: float | None, row: int | None = None) -> float | None:
        """A value on the scale that readers know; None where a ratio is beyond all numbers.

        Parameters
        ----------
        value : float or None
            On the scale of the effects.
        row : int, optional
            Of the trial that it belongs to; None is a pool.
        """
        if value is None or math.isnan(value):
            return None
        measure, more = MEASURES[self.question.measure], ()
        if not self.turned_back:
            return float(value)
        if measure.size:
            n = self.trials.numbers[measure.size]
            more = (n[row] if row is not None
                    else synthesis.harmonic_mean(n[self.trials.used]),)
        with np.errstate(all="ignore"):
            out = float(measure.back(value, *more))
        return out if not measure.ratio or 0 < out < math.inf else None


def members(question: Question, trials: Trials) -> np.ndarray:
    """Rows that go into a pool: a method for tables chooses among them itself."""
    return trials.stated if question.of_tables else trials.used


def options(question: Question) -> dict[str, Any]:
    """The options of the engine's pool of effects."""
    common = question.method == "common"
    return {"model": "common" if common else "random",
            "tau2_method": "REML" if common else question.method,
            "interval": question.interval, "level": question.level,
            "prediction_df": question.prediction_df or "k-1"}


def _cells(trials: Trials, rows: np.ndarray) -> list[np.ndarray]:
    return [trials.numbers[name][rows] for name in trials.columns]


def _of_tables(question: Question, trials: Trials, rows: np.ndarray) -> Pooled:
    """The tables of events pooled themselves; Peto's pool also from O − E and V, with weights V."""
    level = question.level
    if trials.columns == ("oe", "v"):
        found = synthesis.pool(trials.yi[rows], trials.vi[rows], model="common", interval="z",
                               level=level)
        return replace(found, model="peto")
    cells = _cells(trials, rows)
    if trials.columns == RATES:
        return synthesis.mantel_haenszel_rates(*cells, measure=question.measure, level=level)
    if question.method == "PETO":
        return synthesis.peto(*cells, level=level)
    if question.method == "mh-random":
        return synthesis.mantel_haenszel_random(
            *cells, measure=question.measure, interval=question.interval, level=level,
            prediction_df=question.prediction_df or "k-1")
    pool_as = partial(synthesis.mantel_haenszel, *cells, measure=question.measure, level=level)
    if question.zero_cells == "only":
        return pool_as(convention="revman")
    if question.measure == "RD" and not (cells[0].any() or cells[2].any()):
        # The difference is 0 and certain, but for the 0.5 that RevMan adds to its standard error.
        found = pool_as(convention="revman")
        return replace(found, warnings=(*found.warnings, "nobody had the event: the standard "
                                        "error is that of 0.5 added to each cell, as in RevMan"))
    return pool_as()


def _by_the_book(question: Question, trials: Trials, rows: np.ndarray,
                 prior: Chosen | None) -> Pooled:
    """What the rules of the book choose for these trials."""
    tables, empty = None, None
    if trials.counts:
        tables = tuple(_cells(trials, rows))
        empty = protocol.empty_cell(*_cells(trials, rows | _without_effect(trials)))
    yi, vi = trials.yi[rows], trials.vi[rows]
    try:
        return protocol.main_pool(yi, vi, measure=question.measure, tables=tables,
                                  zero_cells=empty, prior=prior and prior.prior,
                                  level=question.level)
    except SynthesisError as error:
        if yi.size == 2 and prior is None:
            raise SynthesisError(f"{error}; the table of priors has none for these trials: give "
                                 "--prior") from None
        raise


def _without_effect(trials: Trials) -> np.ndarray:
    """Trials whose numbers are stated and give no effect, as without any event."""
    return trials.stated & ~trials.used


def pooled_of(question: Question, trials: Trials, rows: np.ndarray,
              prior: Chosen | None = None) -> Pooled:
    """The pool of some rows.

    Raises
    ------
    SynthesisError
        If it is undefined, or not a finite number.
    """
    yi, vi = trials.yi[rows], trials.vi[rows]
    with np.errstate(all="ignore"):
        if question.rules == "book":
            pooled = _by_the_book(question, trials, rows, prior)
        elif question.of_tables:
            pooled = _of_tables(question, trials, rows)
        elif question.method == "bayes":
            if prior is None:
                raise SynthesisError("a posterior needs a prior on tau, and the table of priors "
                                     f"has none for {question.measure}: give --prior")
            pooled = protocol.posterior_pool(yi, vi, prior.prior, level=question.level)
        else:
            pooled = synthesis.pool(yi, vi, **options(question))
    numbers = (pooled.estimate, pooled.se, pooled.ci_low, pooled.ci_high, pooled.tau2)
    if not all(math.isfinite(value) for value in numbers if value is not None):
        raise SynthesisError("the values are too large or too far apart to be pooled")
    return pooled


def without(result: Result, row: int) -> Pooled | None:
    """The pool without a row of weight 0, whose numbers move it all the same.

    None for rows with a weight, and where the others have no pool.
    """
    if result.pooled.model != "mantel-haenszel" or result.weights[row] != 0:
        return None
    rows = members(result.question, result.trials).copy()
    rows[row] = False
    try:
        return pooled_of(result.question, result.trials, rows, result.prior)
    except SynthesisError:
        return None


def _no_pool(trials: Trials, said: str) -> DataError:
    """Why there is no pool: of the whole file, with the reason of every trial."""
    out = [Problem(trials.file, 1, "", "", said, "trials that can be pooled")]
    out += [Problem(trials.file, int(row), "", name, reason, "a trial with an effect",
                    rule=reason)
            for row, name, reason in zip(trials.lines, trials.names, trials.reasons,
                                         strict=True) if reason]
    return DataError(shortened(out))


def _fit(question: Question, yi: np.ndarray, vi: np.ndarray) -> dict[str, Any] | None:
    """Log-likelihood, AIC, BIC and AICc, and the standard error of τ²."""
    if not question.weighted or question.rules == "book" or yi.size < 3:
        return None
    chosen = options(question)
    try:
        with np.errstate(all="ignore"):
            found = synthesis.fit_statistics(yi, vi, model=chosen["model"],
                                             tau2_method=chosen["tau2_method"])
    except (SynthesisError, ArithmeticError):  # variances too far apart to tell it
        return None
    out = {key: getattr(found, key) for key in (
        "log_likelihood", "aic", "bic", "aicc", "tau2_se", "restricted")}
    return out if all(math.isfinite(v) for v in out.values() if v is not None) else None


def pooled(question: Question, trials: Trials) -> Result:
    """The pool of all trials, with the weights by row of the file.

    Raises
    ------
    DataError
        With why they cannot be pooled.
    """
    rows = members(question, trials)
    if not rows.any() or not (trials.used.any() or question.of_tables):
        raise _no_pool(trials, "no trial has an effect")
    prior = None
    try:
        if question.posterior:
            prior = prior_for(question, trials)
        found = pooled_of(question, trials, rows, prior)
    except SynthesisError as error:
        raise _no_pool(trials, str(error)) from None
    weights = np.full(len(rows), np.nan)
    weights[rows] = found.weights
    weights[[reason is not None for reason in trials.reasons]] = np.nan
    warnings = [*trials.warnings, *found.warnings]
    yi, vi = trials.yi[trials.used], trials.vi[trials.used]
    if yi.size == 2 and protocol.apart(yi, vi, question.level):
        what = ("no common effect describes them" if found.model in ONE_EFFECT else
                "they contradict each other, and the mean of both describes neither")
        warnings.append(f"the intervals of the two trials do not overlap: {what}")
    return Result(question, trials, found, weights, prior, _fit(question, yi, vi),
                  warnings=warnings)


def beside(result: Result) -> bool:
    """Whether a posterior is told of that nobody asked for: by the book, or as it is the pool."""
    pooled = result.pooled
    return pooled.model == "posterior" or (result.question.rules == "book"
                                           and pooled.k in protocol.BESIDE)


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
    from .clusters import clustered
    from .further import further
    from .moderators import regression
    from .subgroups import subgroups

    try:
        trials = read(path, question, reading)
    except SynthesisError as error:
        raise DataError([Problem(str(path), 1, "", "", str(error), "other values")]) from None
    result = pooled(question, trials)
    for asked, function in ((question.cluster, clustered), (question.subgroup, subgroups),
                            (question.moderators, regression),
                            (question.further or question.order or beside(result), further)):
        if asked:
            more = function(result)
            result = replace(result, **{**more, "warnings": result.warnings + more["warnings"]})
    return result
