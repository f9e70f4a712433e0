"""The validation page: the statistics held against the answers of other programs."""

from __future__ import annotations

import inspect
import math
import re

from .. import synthesis
from . import agreement as a
from .base import Struct, View
from .recomputed import cases


class Unanswered(View, template="validation_missing"):
    """The answers are not beside the package: the file that is missing, and why."""

    file: str
    reason: str


class Compared(View, template="validation_summary"):
    """How much was compared, with what, and the worst agreement."""

    compared: int
    data_sets: int
    made: dict[str, str]  # releases of the programs that gave the answers
    digits: int
    # closed, iterated: largest relative difference, of formulas and of iterations; None is infinite
    closed: float | None
    iterated: float | None
    zero: float  # answers nearer to 0 than this are compared by the difference itself
    failing: tuple[str, ...]  # kinds that differ by more than is allowed


class Kind(Struct):
    """The agreement of a kind of quantity; a difference of None is infinite."""

    name: str
    judge: str
    iterative: bool
    data_sets: tuple[str, ...]
    quantities: tuple[str, ...]
    compared: int
    relative: float | None
    allowed: float
    digits: int
    zeros: int
    absolute: float | None


class Kinds(View, template="validation_kinds"):
    """Every kind of quantity with its largest difference."""

    kinds: tuple[Kind, ...]


class Iteration(Struct):
    """A τ² that metafor's own iteration does not find; None where that does not converge."""

    data_set: str
    method: str
    ours: float
    judge: float
    metafor: float | None


class Iterations(View, template="validation_iterations"):
    """Where metafor's own iteration ends elsewhere than at the highest likelihood."""

    ends: tuple[Iteration, ...]


class Judge(Struct):
    """How far a second judge agrees, outside its departures."""

    name: str
    release: str
    compared: int
    agreed: int
    worst: float
    digits: int
    quantities: tuple[str, ...]


class Departed(Struct):
    """A departure of a second judge, with the number that is farthest off."""

    judge: str
    what: str
    compared: int
    data_set: str
    method: str
    quantity: str
    ours: float | None
    metafor: float | None
    theirs: float | None


class Judges(View, template="validation_judges"):
    """What two Python packages say of the same data sets."""

    tolerance: float
    judges: tuple[Judge, ...]
    departures: tuple[Departed, ...]


class Difference(Struct):
    """A convention that is not metafor's default."""

    function: str
    said: str  # the sentence of the function's documentation
    why: str  # a key


class Differences(View, template="validation_differences"):
    """Conventions that are not metafor's defaults, or Cochrane's, from the documentation."""

    # found, cochrane: what is done unasked, and what is done by name as in Review Manager
    found: tuple[Difference, ...]
    cochrane: tuple[Difference, ...]


# Function, words of the sentence in its documentation, why it is so.
DIFFERENCES = (
    ("tau2", "global maximum", "first-maximum"),
    ("pool", "from k = 3", "two-trials"),
    ("pool", "study alone", "one-trial"),
    ("risk_ratio", "escalc keeps", "correction-alone"),
    ("peto_odds_ratio", "escalc corrects", "no-correction"),
    ("risk_ratio", "as RevMan", "known-ratio"),
    ("rate_ratio", "IRR keeps", "as-risk-ratios"),
    ("meta_regression", "metafor prints", "no-variance"),
    ("standardised_mean_difference", "corrected g", "default"),
    ("logistic_pool", "many nodes", "nodes"),
)
# As Cochrane does it, by name: function, words of its documentation, how it differs from ours.
CONVENTIONS = (
    ("mantel_haenszel", "ratio too", "cells-corrected"),
    ("mantel_haenszel", "v (Greenland", "no-events-pooled"),
    ("mantel_haenszel_random", "θ_MH)²", "q-about-fixed"),
    ("standardised_mean_difference", "Manager prints", "smaller-n"),
    ("risk_difference", "Manager does", "variance-alone"),
)


def sentence(function: str, holds: str) -> str:
    """The sentence of a function's docstring that holds some words.

    Raises
    ------
    LookupError
        If no sentence does.
    """
    doc = re.sub(r"\s+", " ", inspect.getdoc(getattr(synthesis, function)) or "")
    for part in re.split(r"(?<=[.;:]) (?=[A-Z0-9'-])", doc):
        if holds in part:
            return re.sub(r"^- |`", "", part).rstrip(";").strip()
    raise LookupError(f"the documentation of {function} does not say: {holds}")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def compared() -> Compared:
    """How much was compared, with what, and the worst agreement."""
    found, made = a.agreements(), a.answers()["models"]["made_with"]
    closed, iterated = (_finite(max(one.relative for one in found if one.kind.iterative == how))
                        for how in (False, True))
    return Compared(
        sum(one.compared for one in found), len({name for one in found for name in one.data_sets}),
        dict(made), a.DIGITS, closed, iterated, a.ZERO,
        tuple(one.kind.name for one in found if not one.holds))


def kinds() -> Kinds:
    """Every kind of quantity with its largest difference."""
    return Kinds(tuple(
        Kind(one.kind.name, one.kind.judge, one.kind.iterative, one.data_sets, one.quantities,
             one.compared, _finite(one.relative), one.tolerance, a.digits(one.relative),
             one.zeros, _finite(one.absolute)) for one in a.agreements()))


def iterations() -> Iterations:
    """Data sets on which metafor's own iteration gives another τ², or none."""
    ends = []
    for name, case, y, v in cases(a.answers()):
        for method, answer in case["scoring"].items():
            ours = synthesis.tau2(y, v, method)
            if answer is None or abs(ours - answer) > max(a.ITERATIVE * abs(answer), a.ZERO):
                ends.append(Iteration(name, method, ours, case["tau2"][method], answer))
    return Iterations(tuple(ends))


def judges() -> Judges:
    """What two Python packages say of the same data sets: agreement, then departures."""
    found = a.second_judges()
    return Judges(
        a.SECOND, tuple(_judge(found, *made) for made in a.read("second_judges")[
            "made_with"].items()),
        tuple(_departed(found, one) for one in a.DEPARTURES))


def _judge(found: tuple[a.Second, ...], judge: str, release: str) -> Judge:
    own = [one for one in found if one.judge == judge]
    agreed = [one for one in own if a.departure(one) is None]
    worst = max(one.off for one in agreed)
    return Judge(judge, release, len(own), len(agreed), worst, a.digits(worst),
                 tuple(dict.fromkeys(one.quantity for one in agreed)))


def _departed(found: tuple[a.Second, ...], departure: a.Departure) -> Departed:
    under = [one for one in found if a.departure(one) is departure]
    far = max(under, key=lambda one: (math.isfinite(one.off), one.off))
    return Departed(departure.judge, departure.what, len(under), far.name, far.method,
                    far.quantity, far.ours, far.metafor, far.theirs)


def differences() -> Differences:
    """Conventions that are not metafor's defaults, and Cochrane's, from the documentation."""
    return Differences(*(tuple(Difference(function, sentence(function, holds), why)
                               for function, holds, why in table)
                         for table in (DIFFERENCES, CONVENTIONS)))
