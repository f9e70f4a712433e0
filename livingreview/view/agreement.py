"""How far the statistics agree with the answers of other programs, computed when it is asked for.

Kinds of quantities, judges, departures and remarks are keys; templates have their words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np

from .. import synthesis as s
from ..data import reads
from ..data.reads import REFERENCE
from . import recomputed as r
from . import recomputed_escalc as escalc
from . import recomputed_more as more
from .base import Struct
from .recomputed import Answers, Pairs

FILES = ("metafor", "measures", "models", "cochrane", "engine", "escalc", "network", "posteriors")
ZERO = 1e-9  # answers nearer to 0 than this are compared by their difference alone
DIGITS = 15  # of the answers
CLOSED_FORM, ITERATIVE = 1e-8, 1e-6  # as the tests hold them
SECOND = 1e-5  # the second judges stop at their default tolerances


class NoReference(Exception):
    """The answers are not beside the package: the file, and what the system says of it."""


@cache
def answers() -> dict[str, Answers]:
    """The files of R's answers.

    Raises
    ------
    NoReference
        If one is missing, as in an installed package.
    """
    return {name: read(name) for name in FILES}


@cache
def read(name: str) -> Answers:
    """One file of answers; `NoReference` where it is missing."""
    path = REFERENCE / f"{name}.json"
    reads.note_beside(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoReference(path.name, error.strerror) from None


# ---------------------------------------------------------------- kinds of quantities


class Kind(Struct):
    """A kind of quantity, what recomputes it, and who gave the answers."""

    name: str
    pairs: Callable[[dict[str, Answers]], Pairs]
    judge: str = "metafor"
    iterative: bool = False
    allowed: float | None = None  # where the tests allow another difference


KINDS = (
    Kind("means", r.means),
    Kind("events", r.tables),
    Kind("changes", r.changes),
    Kind("proportions", r.proportions),
    Kind("rates", r.rates),
    Kind("other-measures", more.measures, allowed=1e-7),
    Kind("associations", escalc.measures),
    Kind("tetrachoric", escalc.tetrachoric, iterative=True, allowed=2e-3),
    Kind("tau2-closed", partial(r.tau2, ("DL", "HE", "SJ", "HS"))),
    Kind("tau2-moments", partial(r.tau2, ("PM", "EB")), iterative=True),
    Kind("tau2-further", escalc.estimators, iterative=True),
    Kind("tau2-likelihood", partial(r.tau2, ("REML", "ML")), "formula", True),
    Kind("tau2-interval", r.q_profile, iterative=True),
    Kind("random-DL", partial(r.random, "DL")),
    Kind("random-PM", partial(r.random, "PM"), iterative=True),
    Kind("random-REML", partial(r.random, "REML"), iterative=True),
    Kind("common", r.common),
    Kind("of-tables", r.of_tables),
    Kind("cochrane", more.cochrane, "metafor-parts"),
    Kind("leave-one-out-DL", partial(r.leave_one_out, "DL")),
    Kind("leave-one-out-REML", partial(r.leave_one_out, "REML"), iterative=True),
    Kind("thresholds", r.predictions, "R"),
    Kind("regression-closed", partial(r.regressions, False)),
    Kind("regression-iterated", partial(r.regressions, True), iterative=True),
    Kind("joint", more.joint, iterative=True),
    Kind("fit", more.fit, iterative=True),
    Kind("subgroups", r.subgroups, iterative=True),
    Kind("influence-DL", partial(r.influence, "DL"), allowed=1e-7),
    Kind("influence-REML", partial(r.influence, "REML"), iterative=True),
    Kind("one-trial", r.several),
    Kind("three-levels", r.three_level, "formula", True),
    Kind("correlated", more.correlated, iterative=True, allowed=1e-5),
    Kind("robust", r.robust, "clubSandwich-metafor", True),
    Kind("egger-random", r.egger, iterative=True),
    Kind("egger-weighted", r.weighted, "metafor-lm", True),
    Kind("ranks", r.ranks),
    Kind("fill-closed", r.fill),
    Kind("fill-REML", r.fill_reml, iterative=True),
    Kind("unpublished", more.unpublished, iterative=True, allowed=1e-5),
    Kind("doses", r.doses, "metafor-formula", True),
    Kind("logistic", r.logistic, "formula", True),
    Kind("network-closed", partial(more.networks, ("common", "DL")), "metafor-formula"),
    Kind("network-REML", partial(more.networks, ("REML",)), "metafor-formula", True),
    Kind("network-split", more.node_splits, "metafor-formula", True),
    Kind("posteriors", more.posteriors, "R-integrals"),
    Kind("posteriors-printed", more.printed, "bayesmeta", allowed=3e-3),
)


class Agreement(Struct):
    """How far a kind of quantity agrees."""

    kind: Kind
    data_sets: tuple[str, ...]
    quantities: tuple[str, ...]
    compared: int  # numbers that were compared
    relative: float  # largest relative difference
    zeros: int  # answers that are 0 but for rounding
    absolute: float  # largest difference from those

    @property
    def tolerance(self) -> float:
        """What the tests allow."""
        return self.kind.allowed or (ITERATIVE if self.kind.iterative else CLOSED_FORM)

    @property
    def holds(self) -> bool:
        """Whether it stays within that."""
        return max(self.relative, self.absolute) <= self.tolerance


def digits(relative: float) -> int:
    """Significant digits that agree where two numbers differ by so much of one of them."""
    return math.floor(-math.log10(min(max(relative, 10.0**-DIGITS), 1.0)))


def compare(kind: Kind, ref: dict[str, Answers]) -> Agreement:
    """Recompute a kind of quantity and hold it against the answers."""
    data_sets, quantities = {}, {}
    relative, absolute, compared, zeros = 0.0, 0.0, 0, 0
    for name, quantity, found, answer in kind.pairs(ref):
        data_sets[name] = quantities[quantity] = None
        ours, theirs = (np.ravel(np.array(v, dtype=float)) for v in (found, answer))
        if ours.shape != theirs.shape:
            raise ValueError(f"{kind.name}, {name}, {quantity}: {ours.shape} != {theirs.shape}")
        both = np.isnan(ours) & np.isnan(theirs)  # undefined here and there
        ours, theirs = ours[~both], theirs[~both]
        off, near = np.abs(ours - theirs), np.abs(theirs) < ZERO
        compared, zeros = compared + ours.size, zeros + int(near.sum())
        absolute = max(absolute, float(np.nan_to_num(off[near], nan=np.inf).max(initial=0)))
        share = off[~near] / np.abs(theirs[~near])
        # A number that only one side has is as far off as can be.
        relative = max(relative, float(np.nan_to_num(share, nan=np.inf).max(initial=0)))
    return Agreement(kind, tuple(data_sets), tuple(quantities), compared, relative, zeros,
                     absolute)


@cache
def agreements() -> tuple[Agreement, ...]:
    """Every kind of quantity, recomputed; `NoReference` where there are no answers."""
    ref = answers()
    return tuple(compare(kind, ref) for kind in KINDS)


# ---------------------------------------------------------------- second judges


class Second(Struct):
    """One number of a second judge: `metafor` is None where R was not asked for it."""

    judge: str
    name: str  # of the data set
    method: str
    quantity: str
    ours: float | None
    theirs: float | None
    metafor: float | None

    @property
    def off(self) -> float:
        """Relative difference; infinite where only one side has a number."""
        return off(self.ours, self.theirs)


def off(one: float | None, other: float | None) -> float:
    """Relative difference of two numbers; infinite where only one is there."""
    if one is None or other is None:
        return 0.0 if one is other else math.inf
    return abs(one - other) / max(abs(one), ZERO)


class Departure(Struct):
    """Where a second judge departs from metafor and from this package."""

    judge: str
    what: str
    covers: Callable[[Second], bool]


DEPARTURES = (
    Departure("PyMetaAnalysis", "two-maxima",
              lambda one: one.name == "gibson2002_md" and one.method.startswith("REML")),
    Departure("PyMetaAnalysis", "q-of-differences",
              lambda one: one.method == "MH RD" and one.quantity == "q"),
    Departure("PyMetaAnalysis", "events-in-everybody",
              lambda one: one.method == "MH RR" and one.name == "fine1993"),
    Departure("PyMARE", "identical-effects",
              lambda one: one.name in ("identical", "two_equal")
              and one.quantity in ("ci_low", "ci_high")),
)


def departure(one: Second) -> Departure | None:
    """The documented departure that a number falls under."""
    return next((d for d in DEPARTURES if d.judge == one.judge and d.covers(one)), None)


@cache
def second_judges() -> tuple[Second, ...]:
    """Every number of PyMetaAnalysis and PyMARE beside ours and metafor's."""
    return tuple(_second(read("second_judges"), answers()["metafor"]))


def _second(given: Answers, ref: Answers) -> Iterator[Second]:
    tests = {ours: test for test, ours in r.INTERVALS.items()}
    for name, case in given["pools"].items():
        data = ref["cases"][name]
        for key, found in case.items():
            judge, method, interval = key.split()
            pooled = s.pool(data["yi"], data["vi"], tau2_method=method, interval=interval,
                            prediction_df="k-2")
            pinned = dict(data["fits"].get(f"{method} {tests[interval]}", {}),
                          tau2=data["tau2"][method], q=data["q"]["q"])
            # Prediction intervals are on k − 2 there, on k − 1 in metafor.
            pinned |= {"pi_low": None, "pi_high": None}
            yield from _beside(judge, name, f"{method} {interval}", pooled, found, pinned)
    for name, case in given["tables"].items():
        data = ref["tables"][name]
        for key, found in case.items():
            judge, method, measure = key.split()
            pooled = s.mantel_haenszel(*(data[c] for c in r.TABLE), measure=measure)
            yield from _beside(judge, name, f"{method} {measure}", pooled, found,
                               data[f"mh {measure}"])


def _beside(
    judge: str, name: str, method: str, pooled: s.Pooled, found: Answers, pinned: Answers
) -> Iterator[Second]:
    """Numbers of one answer; one that is only an error has none of ours beside it."""
    for quantity, value in found.items():
        yield Second(judge, name, method, quantity, getattr(pooled, quantity, None), value,
                     pinned.get(quantity))
