"""A file of many treatments: one row for each arm, or for each contrast of two treatments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...data.problems import DataError, Problem, shortened
from ...synthesis import (
    Network,
    SynthesisError,
    arms_to_contrasts,
    network,
    se_from_interval,
)
from ...synthesis.contrasts import trial_blocks
from . import network_sentinels
from .arms import by_arm
from .asking import DECIMALS, Reading
from .cells import Unread, decimal_of, number
from .columns import _OWN, _RATIOS, plain, twice
from .grid import Grid
from .opening import opened
from .question import CallError
from .rules import NO_COUNT, shares
from .trials import printable

OF_MEANS, OF_EVENTS = ("MD", "SMD", "ROM"), ("OR", "RR", "RD")
MEASURES = (*OF_MEANS, *OF_EVENTS, "HR", "IRR", "IRD", "GEN")
RATIOS = frozenset(("ROM", "OR", "RR", "HR", "IRR"))
METHODS = ("REML", "DL", "PM", "common")
INTERVALS = ("z", "t", "hksj-guard")
# The command's names of degrees of freedom are those of one comparison, of k trials.
PREDICTION_DF = {"k-1": "df", "k-2": "df-1", "normal": "normal"}
_ENDS = ("ci_low", "ci_high")
_WHOLE = frozenset(("n", "events"))
_NAMES = {
    "study": "study studlab slab studyname studyid studylabel trial trialname trialid author "
             "authors id",
    "treatment": "treatment treat trt t arm armname group intervention condition drug",
    "treat1": "treat1 treatment1 t1 trt1 arm1 intervention1",
    "treat2": "treat2 treatment2 t2 trt2 arm2 intervention2",
    "n": "n ni total samplesize participants patients randomised randomized size",
    "mean": "mean m mi y average", "sd": "sd sdi stddev standarddeviation",
    "events": "events event xi r responders cases e deaths death",
    "yi": "yi y te effect effectsize estimate es lnor logor lnrr logrr lnhr loghr md smd g rd",
    "vi": "vi var variance v", "se": "se sei sete stderr standarderror selnor selogor selnhr",
}


_NAMES |= {ours: _OWN[ours] for ours in _ENDS} | {
    measure.lower(): _RATIOS[measure] for measure in RATIOS}


@dataclass(frozen=True)
class NetworkQuestion:
    """What is asked of a file of many treatments.

    Parameters
    ----------
    measure : str
    method : str
        Estimator of tau², or ``common``.
    interval, better, reference, level
        As in `synthesis.network`.
    prediction_df : str
        A key of `PREDICTION_DF`.

    Raises
    ------
    CallError
        If an option is none of these.
    """

    measure: str
    method: str = "REML"
    interval: str = "z"
    prediction_df: str = "k-2"
    better: str = "higher"
    reference: str | None = None
    level: float = 0.95

    def __post_init__(self):
        for option, value, allowed in (("measure", self.measure, MEASURES),
                                       ("method", self.method, METHODS),
                                       ("ci", self.interval, INTERVALS)):
            if value not in allowed:
                raise CallError(f"--{option} {value} is not offered with --network: expected one "
                                f"of {', '.join(allowed)}")
        if not (math.isfinite(self.level) and 0 < self.level < 1):
            raise CallError(f"--level must lie between 0 and 1, not {self.level}")

    @property
    def columns(self) -> tuple[str, ...]:
        """The numbers of an arm."""
        if self.measure in OF_MEANS:
            return "n", "mean", "sd"
        return ("n", "events") if self.measure in OF_EVENTS else ()


@dataclass(frozen=True, eq=False)
class Compared:
    """The network of a file.

    Attributes
    ----------
    question : NetworkQuestion
    file : str
    network : Network
    left_out : tuple of (int or None, str, str)
        Row where it is one, trial with its treatment, and why it is not used.
    warnings, reading : tuple of str
        What is odd, and how the file was read.
    """

    question: NetworkQuestion
    file: str
    network: Network
    left_out: tuple[tuple[int | None, str, str], ...]
    warnings: tuple[str, ...]
    reading: tuple[str, ...]


@dataclass
class _Table:
    """The cells of the columns that are used."""

    grid: Grid
    places: dict[str, int]
    numbers: tuple[str, ...]
    decimal: str
    problems: list[Problem] = field(default_factory=list)

    def header(self, ours: str) -> str:
        return self.grid.header[self.places[ours]]

    def problem(self, i: int, ours: str, wrong: str, expected: str) -> Problem:
        line, cells = self.grid.rows[i]
        return Problem(self.grid.file, line, self.header(ours), cells[self.places[ours]], wrong,
                       expected, rule=wrong)

    def labels(self, ours: str) -> list[str]:
        cells = [printable(text) for text in self.grid.column(self.places[ours])]
        self.problems += [self.problem(i, ours, "not stated", "a name")
                          for i, cell in enumerate(cells) if not cell]
        return cells

    def values(self) -> dict[str, np.ndarray]:
        """Numbers of all rows by our columns, NaN where none is stated."""
        out = {}
        for ours in self.numbers:
            found = [number(text, self.decimal, ours in _WHOLE)
                     for text in self.grid.column(self.places[ours])]
            self.problems += [self.problem(i, ours, cell.wrong, cell.expected)
                              for i, cell in enumerate(found) if isinstance(cell, Unread)]
            out[ours] = np.array([np.nan if cell is None or isinstance(cell, Unread) else cell
                                  for cell in found], dtype=float)
        return out


def _place(grid: Grid, ours: str, reading: Reading) -> int | None:
    """Where a column of ours is; a `DataError` where several may be it."""
    theirs = reading.named.get(ours)
    names = [plain(name) for name in grid.header]
    if theirs is not None:
        found = [i for i, name in enumerate(grid.header) if name == theirs] or [
            i for i, name in enumerate(names) if name == plain(theirs)]
        if not found:
            raise DataError([Problem(grid.file, 1, theirs, theirs, f"--column {ours}={theirs}: no "
                                     "column is named so", f"one of {', '.join(grid.header)}")])
        return found[0]
    for known in ([plain(ours)], _NAMES[ours].split()):
        found = [i for i, name in enumerate(names) if name in known]
        if len(found) > 1:
            several = " | ".join(grid.header[i] for i in found)
            raise DataError([Problem(grid.file, 1, grid.header[found[0]], several, "each of these "
                                     f"could be {ours}", "one of them by hand: --column "
                                     f"\"{ours}={grid.header[found[0]]}\"")])
        if found:
            return found[0]
    return None


def _apart(grid: Grid, places: dict[str, int]) -> None:
    """Raise a `DataError` where one column of the file would be two of ours."""
    found: dict[int, list[str]] = {}
    for ours, place in places.items():
        found.setdefault(place, []).append(ours)
    problems = [twice(grid, place, several) for place, several in found.items()
                if len(several) > 1]
    if problems:
        raise DataError(problems)


def _table(grid: Grid, question: NetworkQuestion, reading: Reading) -> _Table:
    """The columns of a file: of arms where it has them, else of contrasts."""
    unknown = [ours for ours in reading.named if ours not in _NAMES]
    if unknown:
        raise CallError(f"--column {unknown[0]}=… names no column of ours: expected one of "
                        f"{', '.join(_NAMES)}")
    arms = ("study", "treatment", *question.columns)
    forms = [arms] if question.columns else []
    contrast = ("study", "treat1", "treat2")
    forms += [(*contrast, "yi", "vi"), (*contrast, "yi", "se"), (*contrast, "yi", *_ENDS)]
    if question.measure in RATIOS:
        forms.append((*contrast, question.measure.lower(), *_ENDS))
    missing = {}
    for form in forms:
        lacking = []
        places = {}
        for ours in form:
            place = _place(grid, ours, reading)
            if place is None:
                lacking.append(ours)
            else:
                places[ours] = place
        if not lacking:
            _apart(grid, places)
            texts = [grid.rows[i][1][p] for o, p in places.items() if o not in (
                "study", "treatment", "treat1", "treat2") for i in range(len(grid.rows))]
            decimal = DECIMALS.get(reading.decimal or "", "") or decimal_of(texts, grid.decimal)
            labels = 2 if "treatment" in form else 3
            return _Table(grid, places, form[labels:], decimal, list(grid.problems))
        missing[form] = lacking
    nearest = min(missing, key=lambda form: len(missing[form]))
    expected = "; or with ".join(", ".join(form) for form in forms)
    raise DataError([Problem(grid.file, 1, name, "", "the column is missing",
                             f"a header with {expected}") for name in missing[nearest]])


def _rules(numbers: dict[str, np.ndarray]) -> list[tuple[str, np.ndarray, bool, str, str]]:
    """Column, rows, whether the value cannot be, what is wrong, and what was expected."""
    found = {
        "sd": [(numbers.get("sd", 0) < 0, True, "negative", "a standard deviation above 0"),
               (numbers.get("sd", 1) == 0, False, "zero", "a standard deviation above 0")],
        "events": [(numbers.get("events", 0) < 0, True, "negative", "0 events or more"),
                   (shares(numbers.get("events", np.zeros(1))), True, NO_COUNT,
                    "events, as a whole number"),
                   (numbers.get("events", 0) > numbers.get("n", 0), True,
                    "more events than participants", "events up to n")],
        "n": [(numbers.get("n", 0) < 0, True, "negative", "participants"),
              (numbers.get("n", 2) < 2 if "sd" in numbers else numbers.get("n", 2) == 0, False,
               "too few",
               "2 participants or more" if "sd" in numbers else "more than 0 participants")]}
    if "ci_low" in numbers:
        value, low, high = numbers
        for name in numbers if value != "yi" else ():
            found[name] = [(numbers[name] <= 0, True, "not above 0", "a ratio above 0")]
        found.setdefault(low, []).extend([
            (numbers[low] > numbers[high], True, "above the upper end", "ends in order"),
            (numbers[low] == numbers[high], False, "no interval", "two ends")])
        found.setdefault(value, []).append((
            (numbers[value] < numbers[low]) | (numbers[value] > numbers[high]), True,
            "outside its interval", "an estimate between its ends"))
    for name in ("vi", "se"):
        found[name] = [(numbers.get(name, 0) < 0, True, "negative", "a number above 0"),
                       (numbers.get(name, 1) == 0, False, "zero", "a number above 0")]
    return [(ours, *rule) for ours in numbers for rule in found.get(ours, ())]


def _usable(table: _Table, numbers: dict[str, np.ndarray], names: Sequence[str], strict: bool
            ) -> tuple[np.ndarray, list[tuple[int | None, str, str]]]:
    """Rows that can be computed with, and the others with why not; values that cannot be raise."""
    reasons: list[str | None] = [None] * len(names)
    left: list[Problem] = []
    for ours in numbers:
        for i in np.flatnonzero(np.isnan(numbers[ours])):
            if reasons[i] is None:
                reasons[i] = f"{table.header(ours)} not stated"
                left.append(table.problem(i, ours, "not stated", "a number"))
    for ours, bad, impossible, wrong, expected in _rules(numbers):
        for i in np.flatnonzero(bad):
            problem = table.problem(i, ours, wrong, expected)
            if impossible:
                table.problems.append(problem)
            elif reasons[i] is None:
                reasons[i] = f"not estimable: {table.header(ours)} {problem.value}: {wrong}"
                left.append(problem)
    table.problems += left if strict else []
    if table.problems:
        raise DataError(shortened(table.problems))
    used = np.array([reason is None for reason in reasons])
    return used, [(table.grid.rows[i][0], names[i], reason)
                  for i, reason in enumerate(reasons) if reason]


def compare(path: Path, question: NetworkQuestion, reading: Reading | None = None) -> Compared:
    """Compare all treatments of a file.

    Parameters
    ----------
    path : Path
        A table with the columns study, treatment, n and mean, sd (or events), a row for each arm;
        or study, treat1, treat2, yi and vi (or se, or ci_low and ci_high), a row for each contrast,
        ratios as natural logarithms, or as they are with ci_low and ci_high.
    question : NetworkQuestion
    reading : Reading, optional

    Returns
    -------
    Compared

    Raises
    ------
    CallError
        If an option is none of `compare`.
    DataError
        With every problem of the file, or with why nothing can be compared.
    """
    reading = reading or Reading()
    if reading.treated is not None:
        raise CallError("--treated is not offered with --network, which takes all arms")
    table = _table(by_arm(opened(path, reading)), question, reading)
    labels = {ours: table.labels(ours) for ours in ("study", "treatment", "treat1", "treat2")
              if ours in table.places}
    numbers = table.values()
    arms = "treatment" in labels
    named = [f"{s}, {t}" for s, t in zip(labels["study"], labels["treatment"], strict=True)] \
        if arms else [f"{s}, {a} - {b}" for s, a, b in zip(*labels.values(), strict=True)]
    used, left = _usable(table, numbers, named, reading.strict)
    lines = np.array([line for line, _ in table.grid.rows], dtype=int)
    cells = {ours: table.grid.column(table.places[ours]) for ours in table.numbers}
    odd = network_sentinels.odd(labels, cells, numbers, lines, used)
    options = {"tau2_method": question.method, "interval": question.interval,
               "level": question.level, "better": question.better,
               "prediction_df": PREDICTION_DF[question.prediction_df]}
    try:
        with np.errstate(all="ignore"):
            given, gone, warnings = (_of_arms if arms else _of_contrasts)(
                labels, numbers, used, question)
            if arms:
                odd += network_sentinels.corrected(labels, numbers, used, question.measure,
                                                   given["study"])
            left += [(None, name, why) for name, why in gone.items()]
            if question.reference is not None:
                _known(question.reference, labels, table.grid.file)
            net = network(**given, reference=question.reference, **options)
    except SynthesisError as error:
        raise DataError([Problem(table.grid.file, 1, "", "", f"nothing can be compared: {error}",
                                 "trials that share treatments")]) from None
    if not np.isfinite(net.estimate).all():
        raise DataError([Problem(table.grid.file, 1, "", "", "the values are too large or too far "
                                 "apart to be compared", "values of a usual size")])
    taken = [f"{ours} = \"{table.header(ours)}\"" for ours in table.places
             if plain(table.header(ours)) != ours]
    ends = ["intervals are taken as 95% intervals"] if "ci_low" in numbers else []
    notes = [*table.grid.notes, *ends, *([f"columns: {', '.join(taken)}"] if taken else [])]
    return Compared(question, table.grid.file, net, tuple(left),
                    (*table.grid.warnings, *odd, *warnings, *net.warnings), tuple(notes))


def _known(reference: str, labels: dict[str, list[str]], file: str) -> None:
    treatments = sorted({name for ours in labels if ours != "study" for name in labels[ours]})
    if reference not in treatments:
        raise DataError([Problem(file, 1, "", reference, "the reference is no treatment of the "
                                 "file", f"one of {', '.join(treatments)}")])


def _of_arms(labels: dict[str, list[str]], numbers: dict[str, np.ndarray], used: np.ndarray,
             question: NetworkQuestion) -> tuple[dict, dict[str, str], tuple[str, ...]]:
    rows = np.flatnonzero(used)
    if not rows.size:
        raise SynthesisError("no arm is usable")
    found = arms_to_contrasts([labels["study"][i] for i in rows],
                              [labels["treatment"][i] for i in rows], measure=question.measure,
                              **{name: values[rows] for name, values in numbers.items()})
    keys = ("study", "treat1", "treat2", "yi", "vi", "cov", "participants")
    return {key: getattr(found, key) for key in keys}, found.reasons, found.warnings


def _of_contrasts(labels: dict[str, list[str]], numbers: dict[str, np.ndarray], used: np.ndarray,
                  question: NetworkQuestion) -> tuple[dict, dict[str, str], tuple[str, ...]]:
    """Contrasts trial by trial: one whose contrasts do not fit together is left out."""
    if "ci_low" in numbers:  # of 95%, normal on the scale of the analysis
        with np.errstate(all="ignore"):
            yi, low, high = (values if "yi" in numbers else np.log(values)
                             for values in numbers.values())
        vi = np.full(yi.shape, np.nan)
        vi[used] = se_from_interval(low[used], high[used]) ** 2
    else:
        yi, vi = numbers["yi"], numbers["vi"] if "vi" in numbers else numbers["se"] ** 2
    columns = {**labels, "yi": yi, "vi": vi}
    own: dict[str, list[int]] = {}
    for i in np.flatnonzero(used):
        own.setdefault(labels["study"][i], []).append(i)
    keys = ("study", "treat1", "treat2", "yi", "vi")
    rows, gone = [], {}
    for name, members in own.items():
        try:
            trial_blocks(*([columns[key][i] for i in members] for key in keys))
            rows += members
        except SynthesisError as error:
            said = str(error)  # its row is one of the trial, not of the file
            gone[name] = said if error.row is None else said.partition(": ")[2]
    if not rows:
        raise SynthesisError("; ".join(gone.values()) or "no contrast is usable")
    return {key: [columns[key][i] for i in rows] for key in keys}, gone, ()
