"""How far an estimate hangs on the choices behind it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable

import numpy as np

from ..data.dataset import Dataset
from ..review.certainty import SMALL_STUDY
from ..review.measure import ratio
from ..review.multiverse import WORDS
from ..review.robustness import SMALL_STUDY_K, class_alone
from .axis import Tick
from .base import Label, Struct, View, label
from .finding import Finding, estimate_of
from .forest import Forests
from .ladder import TICKS, Bar, Ladder, Rung, alike, ladder, null_at, span
from .plot import Axes, Scale, area

CURVE = 400  # analyses that a curve draws at most: more are no pixels of their own
HEIGHT = 240
NORMAL = 1.96
# Where the labels of the levels of a choice are.
_VOCABULARIES = {"model": "tau2_method", "interval": "interval_method"}
# Keys of what results say.
_KEYS = {words: key for key, words in WORDS.items()}
_TESTS = {words: key for key, words in SMALL_STUDY.items()}


class Level(Struct):
    """A level of a choice, and the estimates of all combinations that have it."""

    choice: str  # its key
    level: str | Label  # a key, or the label of a method
    five: tuple[float, ...]  # lowest, quartiles and highest
    bar: Bar


class Curve(Struct):
    """The estimates of every combination of choices in their order."""

    n: int
    # low, high: the lowest and the highest estimate
    low: float
    high: float
    # crossing, below, above: intervals on either side of no effect; None where the measure has no
    # such value
    crossing: int | None
    below: int | None
    above: int | None
    every: int  # one analysis in so many is drawn
    axes: Axes
    null: float | None
    main: float  # place of the main estimate
    # place of an analysis, and of the ends of its interval
    spread: tuple[tuple[float, float, float], ...]
    line: tuple[tuple[float, float], ...]
    # the key of the choice that moves the middle of the estimates most, with its two levels
    moving: tuple[str, str | Label, str | Label] | None
    levels: tuple[Level, ...]
    ticks: tuple[Tick, ...]
    level_null: float | None


class Point(Struct):
    """A trial of a funnel plot, with its place."""

    trial: str
    effect: float
    error: float
    x: float
    y: float


class Funnel(Struct):
    """Effects of trials against their standard errors."""

    test: str  # key of the test
    p_value: float
    points: tuple[Point, ...]
    axes: Axes
    centre: float
    # ends of the two lines that 95% of the trials would lie between, at the bottom
    sides: tuple[float, float]


class Robustness(View, template="robustness"):
    """The same question by other choices."""

    finding: Finding
    # curve, choices, questions: None where no other choice, and no other question, gives another
    # estimate
    curve: Curve | None
    choices: Ladder | None
    moving: Rung | None  # what moves the estimate most
    questions: Ladder | None
    funnel: Funnel | None
    # why small-study effects were not tested: a key, ``unknown`` where results say it in words that
    # have none
    untested: str
    fewest: int = SMALL_STUDY_K  # trials that the test asks for

    @property
    def anchor(self) -> str:
        """The first identifier that it has on a page; empty where it has none."""
        kinds = {"curve": self.curve, "robust": self.choices, "other": self.questions}
        return next((f"{kind}-{self.finding.id}" for kind, there in kinds.items() if there), "")


def robustness(forests: Forests, result: dict, results: Iterable[dict]) -> Robustness:
    """Every combination of choices, one choice at a time, and small-study effects.

    Parameters
    ----------
    forests : Forests
        Of the indication.
    result : dict
        One analysis of ``results.json``.
    results : iterable of dict
        Analyses of the indication: those that ask another question of the same outcome are shown
        beside it.
    """
    finding, test = forests.findings.of(result), result["small_study"]
    if result["pooled"] is None:
        return Robustness(finding, None, None, None, None, None, "")
    choices, moving = one_at_a_time(forests, result), result["most_moving"]
    few = result["k"] < SMALL_STUDY_K
    return Robustness(
        finding, curve(forests.data, result), choices,
        next((r for r in choices.rungs if moving and (r.key, r.name, r.estimate.value) == (
            *_called(forests, moving), moving["estimate"])), None) if choices else None,
        other_questions(forests, result, results),
        funnel(forests, result) if test["done"] else None,
        "" if test["done"] or finding.question.uncontrolled else (
            "few" if few else _TESTS.get(test["reason"], "unknown")))


# --- one choice at a time, other questions --------------------------------------------------------


def choice(data: Dataset, row: dict) -> tuple[str, Label | None]:
    """The key of a choice of method or values, with the class of the treatment that it pools alone.

    Parameters
    ----------
    data : Dataset
    row : dict
        One row of ``robustness`` of an analysis.
    """
    kind = class_alone(row["id"])
    return row["id"], label(data, "treatment_class", kind) if kind else None


def _called(forests: Forests, row: dict) -> tuple[str, Label | None]:
    """Key and name of a row: the trial that is left out, or the choice."""
    trial = row["id"].removeprefix("without-")
    return ("", Label(forests.names[trial])) if trial in forests.names else (
        choice(forests.data, row))


def _main(result: dict) -> tuple:
    return "main", "", None, "", estimate_of(result["pooled"])


def _rows(forests: Forests, rows: Iterable[dict], same: bool) -> list[tuple]:
    """Rows with an estimate that answer the same question, or another one."""
    return [(r["kind"], *_called(forests, r), "", estimate_of(r)) for r in rows
            if r.get("estimate") is not None and r["same_question"] == same]


def one_at_a_time(forests: Forests, result: dict) -> Ladder | None:
    """The same question with one other choice at a time, and without each trial in turn.

    None where no choice gives another estimate than the main analysis.
    """
    rows = [_main(result), *_rows(forests, (*result["robustness"], *result["leave_one_out"]), True)]
    return None if alike(result, ((e.value, e.low, e.high) for *_, e in rows)) else (
        ladder(result, rows))


def other_questions(forests: Forests, result: dict, results: Iterable[dict]) -> Ladder | None:
    """The same outcome and measure with other controls, windows, products and designs."""
    rows = _rows(forests, result["robustness"], False)
    rows += [("question", "", Label(r["title"]), forests.addresses.figure(r["id"]),
              estimate_of(r["pooled"]))
             for r in results if r["id"] != result["id"] and r["role"] != "check" and r["pooled"]
             and all(r["question"][k] == result["question"][k] for k in ("target", "measure"))]
    return ladder(result, [_main(result), *rows]) if rows else None


# --- every combination ----------------------------------------------------------------------------


def curve(data: Dataset, result: dict) -> Curve | None:
    """The estimates of every combination of choices, and what each choice does to them.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis with a pooled estimate.

    Returns
    -------
    Curve or None
        None where no combination gives another estimate.
    """
    found = result["multiverse"]
    table = list(csv.DictReader(io.StringIO(found["table"]))) if found else []
    rows = [tuple(float(r[c]) for c in ("estimate", "ci_low", "ci_high")) for r in table]
    if alike(result, rows):
        return None
    order = sorted(rows)
    low, high, n = order[0][0], order[-1][0], len(order)
    within = area(HEIGHT, top=22, right=22)
    x = Scale(0, n, within.left, within.right)
    y = span(result, (low, high), within.bottom, within.top)
    every = math.ceil(n / CURVE)  # all of them, or so many evenly that nobody misses one
    drawn = [(x.at(i + 0.5), order[i]) for i in sorted({*range(0, n, every), n - 1})]
    across = span(result, (low, high))
    return Curve(
        n=found["n"], low=low, high=high, crossing=found["crossing_null"], below=found["below"],
        above=found["above"], every=every, axes=Axes(within, x.ticks(4), y.ticks()),
        null=null_at(result, y), main=y.at(result["pooled"]["estimate"]),
        spread=tuple((at, y.at(r[1]), y.at(r[2])) for at, r in drawn),
        line=tuple((at, y.at(r[0])) for at, r in drawn),
        moving=_moving(data, found["moves_most"]),
        levels=_levels(data, found, table, across), ticks=across.ticks(TICKS),
        level_null=null_at(result, across))


def _moving(data: Dataset, most: dict | None) -> tuple[str, str | Label, str | Label] | None:
    """The choice that moves the middle of the estimates most; None where none does."""
    if most is None or most["lowest"] == most["highest"]:
        return None
    choice = _KEYS[most["choice"]]
    return choice, *(_level(data, choice, most[k]) for k in ("lowest", "highest"))


def _level(data: Dataset, choice: str, level: str) -> str | Label:
    """The key of a level, or the label of a method."""
    return _KEYS.get(level) or label(data, _VOCABULARIES.get(choice, ""), level)


def _levels(data: Dataset, found: dict, table: list[dict], scale: Scale) -> tuple[Level, ...]:
    """Each level of each choice with the estimates that have it."""
    out = []
    for choice, levels in found["choices"].items():
        for position, level in enumerate(levels):
            values = [float(r["estimate"]) for r in table if r[choice] == str(position)]
            if len(levels) > 1 and values:
                five = tuple(float(v) for v in np.quantile(values, (0, 0.25, 0.5, 0.75, 1)))
                at = [scale.at(v) for v in five]
                out.append(Level(_KEYS[choice], _level(data, _KEYS[choice], level), five,
                                 Bar(at[2], at[0], at[4], (at[1], at[3]))))
    return tuple(out)


# --- small-study effects --------------------------------------------------------------------------


def test_key(test: dict) -> str:
    """The key of a test of small-study effects that was made.

    Parameters
    ----------
    test : dict
        ``small_study`` of an analysis.
    """
    return _TESTS[test["test"]]


def funnel(forests: Forests, result: dict) -> Funnel:
    """The funnel plot of an analysis in which small-study effects were tested."""
    found = [(forests.names[s["trial_id"]], s["yi"], math.sqrt(s["vi"]))
             for s in result["studies"] if s["yi"] is not None]
    pooled = result["pooled"]["estimate"]
    centre, lowest = math.log(pooled) if ratio(result) else pooled, 1.08 * max(e for *_, e in found)
    within, half = area(HEIGHT, top=22), NORMAL * lowest
    sides = centre - half, centre + half
    values = [*sides, *(effect for _, effect, _ in found)]
    x = Scale(min(values), max(values), within.left + 6, within.right - 6)
    y = Scale(0, lowest, within.top, within.bottom)
    test = result["small_study"]
    return Funnel(
        test_key(test), test["p_value"],
        tuple(Point(name, effect, error, x.at(effect), y.at(error))
              for name, effect, error in found),
        Axes(within, x.ticks(), y.ticks()), x.at(centre), (x.at(sides[0]), x.at(sides[1])))
