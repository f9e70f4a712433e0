"""Analyses of several Cochrane reviews as one collection: each pooled as its review says.

A review is a data package or a file of RevMan 5. Every analysis of its settings, and every subgroup
of one, is a line: pooled again by the method, model and interval that the file states, and compared
with the estimate that the file holds. What has no estimate says why, and nothing is left out.

RevMan pools counts by Mantel and Haenszel (random effects by DerSimonian and Laird about that),
by inverse variances or by Peto; adds 0.5 to the tables with an empty cell; and computes the
standardised mean difference with a variance of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..data.problems import DataError
from ..synthesis import SynthesisError
from . import revman, revman5
from .incoming import IntakeError
from .poolfile import CallError, Question, Reading
from .poolfile.grid import Grid
from .poolfile.measures import MEASURES
from .poolfile.pooling import Result, pooled
from .poolfile.trials import taken

SAME, INTERVAL, OTHER, UNSTATED, NONE = VERDICTS = (
    "same", "interval-differs", "differs", "not-published", "not-pooled")
_MEASURES = {  # as packages and RevMan 5 name them, without spaces and signs
    "oddsratio": "OR", "or": "OR", "oddsrationonevent": "OR", "petooddsratio": "PETO",
    "petoor": "PETO", "riskratio": "RR", "rr": "RR", "riskdifference": "RD", "rd": "RD",
    "meandifference": "MD", "md": "MD", "stdmeandifference": "SMD",
    "standardizedmeandifference": "SMD", "standardisedmeandifference": "SMD", "smd": "SMD",
    "hazardratio": "HR", "hr": "HR", "rateratio": "IRR", "irr": "IRR"}
_COUNTS, _MEANS, _CONTRASTS, _EXPECTED = ("Dichotomous", "Continuous", "Contrast level",
                                          "O-E and variance")
_HEADERS = {_COUNTS: ("e1", "n1", "e2", "n2"), _MEANS: ("m1", "sd1", "n1", "m2", "sd2", "n2"),
            _CONTRASTS: ("yi", "se"), _EXPECTED: ("oe", "v")}
_CLOSE = 1e-3  # of the width of an interval: estimates that differ by less are the same


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval, ratios on their own scale."""

    estimate: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class Pooling:
    """An analysis of a review, or a subgroup of one.

    Attributes
    ----------
    review, file : str
    analysis : str
        Number of the comparison and of the analysis, as 1.2.
    comparison, outcome : str
        Their names.
    subgroup : str
        Empty for the whole analysis.
    data_type, measure : str
        As the file names them.
    model, interval : str
        By which it was pooled here; empty where it could not be. A model is a method of `pool`;
        ``MH`` adds 0.5 to tables with an empty cell, ``MH-exact`` does not.
    rows, k : int
        Rows of the file, and those that the estimate rests on.
    published, ours : Estimate or None
    tau2, i2 : float or None
    difference : float or None
        Ours less the published one, ratios as the logarithm of ours over the published one.
    verdict : str
        One of `VERDICTS`.
    why : str
        Why there is no estimate, or which rows are not in it.
    """

    review: str
    file: str
    analysis: str
    comparison: str
    outcome: str
    subgroup: str
    data_type: str
    measure: str
    rows: int
    published: Estimate | None = None
    model: str = ""
    interval: str = ""
    k: int = 0
    ours: Estimate | None = None
    tau2: float | None = None
    i2: float | None = None
    difference: float | None = None
    verdict: str = NONE
    why: str = ""

    def flat(self) -> dict[str, object]:
        """Its fields in one level, for a table."""
        out = {k: v for k, v in asdict(self).items() if k not in ("published", "ours")}
        for name, one in (("published", self.published), ("ours", self.ours)):
            out |= {f"{name}_{key}": one and getattr(one, key)
                    for key in ("estimate", "ci_low", "ci_high")}
        return out


COLUMNS = tuple(Pooling(*[""] * 8, 0).flat())  # of a table of them


@dataclass(frozen=True)
class Collection:
    """The analyses of some reviews.

    Attributes
    ----------
    reviews : dict of str to str
        Number of each review, by its file.
    analyses : list of Pooling
    not_placed : list of str
        Analyses and rows of files that belong nowhere.
    """

    reviews: dict[str, str]
    analyses: list[Pooling]
    not_placed: list[str]

    def as_json(self) -> str:
        """The collection as JSON."""
        return json.dumps({"reviews": self.reviews, "not_placed": self.not_placed,
                           "analyses": [one.flat() for one in self.analyses]},
                          ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def read(files: Sequence[Path]) -> dict[Path, revman.Package]:
    """Open some reviews.

    Parameters
    ----------
    files : sequence of Path
        Data packages and reviews of RevMan 5.

    Raises
    ------
    IntakeError
        With everything that is wrong with any of them.
    """
    packages, problems = {}, []
    for file in dict.fromkeys(files):
        try:
            packages[file] = (revman5 if file.suffix.lower() == ".rm5" else revman).read(file)
        except IntakeError as error:
            problems += error.problems
    if problems:
        raise IntakeError(problems)
    return packages


def collect(packages: Mapping[Path, revman.Package], done: Callable[[], None] = lambda: None
            ) -> Collection:
    """Pool every analysis of some reviews.

    Parameters
    ----------
    packages : mapping of Path to Package
        As :func:`read` opens them.
    done : callable
        Called after each analysis of the settings.
    """
    out = Collection({str(f): package.review for f, package in packages.items()}, [], [])
    for file, package in packages.items():
        out.analyses.extend(_pooled_again(str(file), package, done))
        out.not_placed.extend(package.astray)
    return out


def _pooled_again(file: str, package: revman.Package, done: Callable[[], None]
                  ) -> Iterator[Pooling]:
    """Every analysis of a review, its subgroups behind it."""
    by_analysis: dict[str, list[dict]] = {}
    for _, row in package.rows.records:
        by_analysis.setdefault(revman.analysis_of(row), []).append(row)
    groups = {(revman.analysis_of(row), row.get("Subgroup", "")): row
              for _, row in (package.subgroups.records if package.subgroups else ())}
    for _, setting in package.settings.records:
        number = revman.analysis_of(setting)
        rows = by_analysis.get(number, [])
        named = dict.fromkeys(row.get("Subgroup", "") for row in rows if row.get("Subgroup"))
        base = Pooling(package.review, file, number, setting.get("Analysis group name", ""),
                       setting.get("Analysis name", ""), "", setting.get("Data type", ""),
                       setting.get("Effect measure", ""), 0)
        if not named or _true(setting.get("Overall estimates", "TRUE")):
            overall = [row for row in rows if "OVERALL" in (
                row.get("Applicability") or "OVERALL").upper()]
            yield _one(replace(base, rows=len(overall), published=_stated(setting)), setting,
                       overall)
        for name in named:
            part = [row for row in rows if row.get("Subgroup") == name]
            yield _one(replace(base, subgroup=name, rows=len(part),
                               published=_stated(groups.get((number, name), {}))), setting, part)
        done()


def _one(line: Pooling, setting: dict, rows: list[dict]) -> Pooling:
    """A line with its pool, by the first way that gives what the file states."""
    made = []
    try:
        for question in _questions(setting):
            made.append(_compared(line, _pool(question, setting, rows, line)))
            if made[-1].verdict in (SAME, UNSTATED):
                break
    except (CallError, SynthesisError) as error:
        return replace(line, why=str(error))
    except DataError as error:
        return replace(line, why="; ".join(
            f"{rows[p.row - 1].get('Study', '')}: {p.value}: {p.wrong}" if p.rule == "type"
            else f"{p.value}: {p.wrong}" if p.value else p.wrong for p in error.problems))
    return min(made, key=lambda one: VERDICTS.index(one.verdict))


def _questions(setting: dict) -> list[Question]:
    """How a review pools an analysis; several where the file does not tell which.

    It does not tell whether the interval of Knapp and Hartung is kept from being narrower than the
    usual one; nor that nothing was added to tables with an empty cell, as RevMan does it and the
    packages that `export` writes do not.

    Raises
    ------
    CallError
        When it is of a kind that cannot be pooled.
    """
    kind, named = setting.get("Data type", ""), _plain(setting.get("Effect measure", ""))
    measure, method = _MEASURES.get(named), _plain(setting.get("Statistical method", ""))
    random = _plain(setting.get("Analysis model", "")).startswith("random")
    if kind not in _HEADERS:
        raise CallError(f"data of the type {kind or 'that is not stated'} cannot be pooled")
    if kind in (_COUNTS, _MEANS) and measure not in (
            ("OR", "RR", "RD", "PETO") if kind == _COUNTS else ("MD", "SMD")):
        raise CallError(f"the effect measure {setting.get('Effect measure') or 'is empty and'} "
                        "does not go with these data")
    estimator = "REML" if _plain(setting.get("Heterogeneity estimator", "")).startswith(
        ("reml", "restricted")) else "DL"
    if measure == "PETO" and kind == _COUNTS:
        model = "PETO"
    elif kind == _COUNTS and method.startswith(("mh", "mantel")) and not (
            random and estimator == "REML"):
        model = "mh-random" if random else "MH"
    else:
        model = estimator if random else "common"
    if kind == _EXPECTED:
        measure = "HR"  # whatever the ratio is called: its logarithm is O − E over the variance
    elif kind == _CONTRASTS and measure in (None, "PETO"):
        measure = "HR" if _true(setting.get("Log-scale data", "FALSE")) else "GEN"
    knapp = random and "hksj" in _plain(setting.get("CI method", ""))
    return [Question(measure, model, interval, level=_level(setting), zero_cells=added,
                     variance="RevMan" if measure == "SMD" and kind == _MEANS else None)
            for interval in (("hksj", "hksj-guard") if knapp else ("z",))
            for added in (("only", None) if model == "MH" else (None,))]


def _pool(question: Question, setting: dict, rows: list[dict], line: Pooling) -> Result:
    """The pool of some rows."""
    kind = setting.get("Data type", "")
    named = "study", *_HEADERS[kind]
    cells = [(i, [row.get("Study", "") or f"row {i}", *_numbers(row, setting, question)])
             for i, row in enumerate(rows, 1)]
    if not cells:
        raise CallError("no row of the file belongs to it")
    grid = Grid(f"{line.review} {line.analysis}", list(named), cells, ".")
    return pooled(question, taken(grid, question, Reading(decimal="point")))


def _numbers(row: dict, setting: dict, question: Question) -> list[str]:
    """The numbers of a row in the order of the header."""
    kind = setting.get("Data type", "")
    if kind == _EXPECTED:
        return [row.get("O-E", ""), row.get("Variance", "")]
    if kind == _CONTRASTS:
        return _contrast(row, MEASURES[question.measure].ratio)
    out = []
    for side in ("Experimental", "Control"):
        found = revman.numbers_of(row, side, kind)
        if _true(setting.get("Swap event and non-event", "")) and found.get("events"):
            found["events"] = f"{float(found['total'] or 0) - float(found['events']):.12g}"
        out += list(found.values())
    return out


def _contrast(row: dict, ratio: bool) -> list[str]:
    """An effect and its standard error; an effect that was not entered has none."""
    se = row.get("GIV SE", "")
    if not _number(se):
        return ["", ""]
    if row.get("GIV Mean"):
        return [row["GIV Mean"], se]
    shown = _number(row.get("Mean", ""))  # ratios are shown on their own scale
    if shown is None or ratio and shown <= 0:
        return ["", se]
    return [repr(math.log(shown) if ratio else shown), se]


def _compared(line: Pooling, found: Result) -> Pooling:
    """A line with its pool and what that is beside the published one."""
    made, question = found.pooled, found.question
    ends = [found.natural(x) for x in (made.estimate, made.ci_low, made.ci_high)]
    if None in ends:
        return replace(line, why="the estimate is beyond all numbers")
    left = [f"{name}: {reason}" for name, reason in zip(
        found.trials.names, found.trials.reasons, strict=True) if reason]
    exact = question.method == "MH" and not question.zero_cells
    line = replace(line, model="MH-exact" if exact else question.method, interval=made.interval,
                   k=made.k, ours=Estimate(*ends), tau2=made.tau2, i2=made.i2,
                   why="; ".join(left))
    if line.published is None:
        return replace(line, verdict=UNSTATED)
    ours, theirs = ([_scaled(x, MEASURES[question.measure].ratio) for x in (
        one.estimate, one.ci_low, one.ci_high)] for one in (line.ours, line.published))
    if None in theirs:
        return replace(line, verdict=OTHER, why="a published ratio is not above 0")
    near = _CLOSE * (ours[2] - ours[1])
    apart = [abs(a - b) > near for a, b in zip(ours, theirs, strict=True)]
    return replace(line, difference=ours[0] - theirs[0],
                   verdict=OTHER if apart[0] else INTERVAL if any(apart) else SAME)


def _scaled(value: float, ratio: bool) -> float | None:
    """A value on the scale of the analysis."""
    if not ratio:
        return value
    return math.log(value) if value > 0 else None


def _stated(row: dict) -> Estimate | None:
    """The estimate that a file holds."""
    values = [_number(row.get(name, "")) for name in ("Mean", "CI start", "CI end")]
    return None if None in values or values[1] == values[2] else Estimate(*values)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _level(setting: dict) -> float:
    """The level of the intervals."""
    said = setting.get("Estimate CI") or setting.get("CI/PI level") or ""
    level = _number(said.rstrip("%"))
    return level / 100 if level and 50 <= level < 100 else 0.95


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def _true(text: str) -> bool:
    return text.strip().upper() in ("TRUE", "YES")
