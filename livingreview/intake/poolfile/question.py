"""What is computed from a file: the measure, the method, and what goes together."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ... import synthesis
from ...synthesis import Prior, SynthesisError
from .measures import (
    COUNTS,
    EFFECTS,
    MEANS,
    MEASURES,
    VARIANCES,
    Measure,
)

__all__ = ["COUNTS", "EFFECTS", "INTERVALS", "MEANS", "MEASURES", "METHODS", "Measure",
           "CallError", "Question"]

ESTIMATORS = ("REML", "DL", "PM", "PMM", "ML", "HE", "SJ", "EB", "HS", "HSk")
METHODS = (*ESTIMATORS, "MH", "mh-random", "PETO", "common", "bayes")
INTERVALS = ("hksj-guard", "hksj", "t", "z")
ZERO_CELLS = ("only", "all", "none")
RULES = ("plain", "book")
PREDICTION_DF = ("k-1", "k-2", "normal")
WORKING = ("random", "three-level", "common")
# Further analyses, in the order in which they are printed.
FURTHER = ("leave-one-out", "influence", "egger", "peters", "begg", "trim-and-fill",
           "fail-safe", "excess-significance", "henmi-copas", "gosh", "bayes")
_OF_TABLES = ("MH", "PETO", "mh-random")
_FAMILIES = {"half-normal": 1, "half-cauchy": 1, "half-t": 2, "log-normal": 2, "uniform": 1}
# Of the outcome itself: an effect "explained" by its own numbers is no regression on a moderator.
_OUTCOMES = frozenset((
    *EFFECTS, "ci_low", "ci_high", "oe", "v", "m", "sd", "e", "r",
    *(f"{name}{arm}" for name in ("m", "sd", "e") for arm in "12"),
    *(f"{name}_{time}{arm}" for name in ("m", "sd") for time in ("pre", "post", "change")
      for arm in ("", "1", "2"))))


class CallError(ValueError):
    """Options that do not go together."""


def prior_of(text: str) -> Prior:
    """The prior on τ that an option names, as ``half-normal:0.5`` or ``half-t:0.5:3``.

    Numbers are the scale (and the degrees of freedom of half-t); of log-normal the mean and the
    standard deviation of the logarithm; of uniform the upper end.

    Raises
    ------
    CallError
        If it names none.
    """
    family, *given = text.split(":")
    try:
        numbers = [float(number) for number in given]
        if len(numbers) != _FAMILIES[family]:
            raise ValueError
        if family == "log-normal":
            return Prior(family, numbers[1], location=numbers[0])
        return Prior(family, *numbers)
    except SynthesisError as error:
        raise CallError(f"--prior {text}: {error}") from None
    except (KeyError, ValueError):
        raise CallError(
            f"--prior must be half-normal:SCALE, half-cauchy:SCALE, half-t:SCALE:DF, "
            f"log-normal:MEAN:SD or uniform:TOP, not {text!r}") from None


@dataclass(frozen=True)
class Question:
    """What to compute.

    Parameters
    ----------
    measure : str
        A key of `MEASURES`; the effects of GEN are taken as they are.
    method : str, optional
        One of `METHODS`: an estimator of τ², Mantel–Haenszel, DerSimonian and Laird about the
        Mantel–Haenszel estimate ('mh-random'), Peto's pool, the common effect, or the posterior
        ('bayes'). None is REML, and Peto's pool for PETO.
    ci : str, optional
        One of `INTERVALS`; None is 'hksj-guard' for random effects and 'z' elsewhere.
    level : float
    moderators : sequence of str
        Columns of a meta-regression.
    subgroup : str, optional
        Column that divides the trials.
    zero_cells : str, optional
        Tables to which 0.5 is added: those with an empty cell (None: 'only'), 'all' or 'none'.
        Peto's measure and Mantel–Haenszel take 'none' where it is left out.
    rules : {'plain', 'book'}
        'book' lets the rules of the book choose the model: the posterior for two trials,
        Mantel–Haenszel where a cell is empty, else random effects.
    prior : str, optional
        On τ, as `prior_of` reads it; None is that of the table of priors for the measure.
    beyond : float, optional
        On the scale that readers know: the chance that the effect is above it, by the posterior.
    prediction_df : {'k-1', 'k-2', 'normal'}, optional
    variance : str, optional
        One of those of the measure.
    correlation : float, optional
        Of baseline and final values, for changes without the column r.
    common_tau2 : bool
        One τ² for all subgroups.
    cluster : str, optional
        Column of what is not independent: its rows get cluster-robust variances.
    working : {'random', 'three-level', 'common'}, optional
        The model whose weights they take.
    further : sequence of str
        Of `FURTHER`.
    order : str, optional
        Column by which trials enter a cumulative pool.

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
    rules: str = "plain"
    prior: str | None = None
    beyond: float | None = None
    prediction_df: str | None = None
    variance: str | None = None
    correlation: float | None = None
    common_tau2: bool = False
    cluster: str | None = None
    working: str | None = None
    further: Sequence[str] = ()
    order: str | None = None

    def __post_init__(self):
        for name, value, allowed in (
                ("measure", self.measure, tuple(MEASURES)), ("method", self.method, METHODS),
                ("ci", self.ci, INTERVALS), ("zero-cells", self.zero_cells, ZERO_CELLS),
                ("rules", self.rules, RULES), ("prediction-df", self.prediction_df, PREDICTION_DF),
                ("variance", self.variance, VARIANCES),
                ("working", self.working, WORKING),
                *(("further", one, FURTHER) for one in self.further)):
            if value is not None and value not in allowed:
                raise CallError(f"--{name} must be one of {', '.join(allowed)}, not {value!r}")
        if not 0 < self.level < 1:
            raise CallError(f"--level must lie between 0 and 1, as 0.95, not {self.level:g}")
        if self.rules == "book" and (self.method or self.ci):
            raise CallError("--rules book chooses the model and its interval: leave --method "
                            "and --ci out")
        if self.method is None:
            method = "PETO" if self.measure == "PETO" and self.rules == "plain" else "REML"
            object.__setattr__(self, "method", method)
        self._check_names()
        self._check_measure()
        self._check_model()
        if self.of_tables:
            self._check_tables()

    def _check_names(self):
        """Refuse columns that cannot be what they are named for."""
        for name in self.texts:
            if not name.strip():
                raise CallError("the name of a moderator, subgroup, cluster or order is empty")
        for option, name in (("--subgroup", self.subgroup), ("--cluster", self.cluster)):
            if name in (*self.columns, *EFFECTS, "ci_low", "ci_high"):
                raise CallError(f"{option} {name} is a number of the outcome itself: what is "
                                "pooled must not divide the trials")
        if self.subgroup is not None and self.subgroup == self.cluster:
            raise CallError(f"--subgroup and --cluster are both {self.subgroup}: a subgroup has "
                            "several clusters")
        for name, times in Counter(self.moderators).items():
            if times > 1:
                raise CallError(f"--moderator {name} is given {times} times")
            if name in _OUTCOMES:
                raise CallError(f"--moderator {name} is a number of the outcome itself: what is "
                                "explained must not explain")

    def _check_measure(self):
        """Refuse options that are of other measures."""
        allowed = {"MH": ("RR", "OR", "RD", "IRR", "IRD"), "mh-random": ("RR", "OR", "RD"),
                   "PETO": ("PETO", "OR")}.get(self.method)
        if allowed and self.measure not in allowed:
            raise CallError(f"--method {self.method} pools {', '.join(allowed)}, "
                            f"not {self.measure}")
        of = MEASURES[self.measure]
        if self.zero_cells is not None and not of.of_events:
            raise CallError("--zero-cells is for counts of events, which "
                            f"{self.measure} does not have")
        if self.zero_cells is not None and of.zero_cells is None:
            raise CallError(f"{self.measure} needs no correction of zero cells: leave "
                            "--zero-cells out")
        if self.variance and self.variance not in of.variances:
            raise CallError(f"--variance {self.variance} is not offered for {self.measure}, which "
                            f"has {', '.join(of.variances) or 'one variance'}")
        if self.correlation is not None:
            if "r" not in of.columns or self.measure.endswith("COR"):
                changes = ", ".join(name for name, one in MEASURES.items()
                                    if "r" in one.columns and not name.endswith("COR"))
                raise CallError(f"--correlation is for changes ({changes}), not {self.measure}")
            if not -1 < self.correlation < 1:
                raise CallError("--correlation must lie between -1 and 1, not "
                                f"{self.correlation:g}")
        if "peters" in self.further and self.measure not in ("RR", "OR"):
            raise CallError(f"--peters is for RR and OR, not {self.measure}")

    def _check_model(self):
        """Refuse options that the model has no use for."""
        random = self.method in (*ESTIMATORS, "mh-random")
        for option, given, fits, of in (
                ("--prior", self.prior, self.posterior, "--method bayes, --bayes or --rules book"),
                ("--beyond", self.beyond is not None, self.posterior,
                 "--method bayes, --bayes or --rules book"),
                ("--prediction-df", self.prediction_df, random, "random effects"),
                ("--common-tau2", self.common_tau2, self.subgroup, "--subgroup"),
                ("--common-tau2", self.common_tau2, self.method in ESTIMATORS, "random effects"),
                ("--working", self.working, self.cluster, "--cluster"),
                ("--cluster", self.cluster, self.weighted and self.rules == "plain",
                 "effects pooled by their variances under --rules plain"),
                ("--moderator", self.moderators, self.weighted,
                 f"effects with weights, which --method {self.method} does not give"),
                ("--ci", self.ci, self.method != "bayes", "other models than the posterior")):
            if given and not fits:
                raise CallError(f"{option} needs {of}")
        if self.prior:
            prior_of(self.prior)
        if self.beyond is not None and not (
                math.isfinite(self.beyond) and (self.beyond > 0 or not self.ratio)):
            raise CallError(f"--beyond must be a number{' above 0' if self.ratio else ''}, not "
                            f"{self.beyond:g}")
        if self.beyond is not None and MEASURES[self.measure].transformed and not self.ratio:
            raise CallError(f"--beyond is not offered for {self.measure}, whose effects have "
                            "another scale than the one that is shown")
        for name in ("influence", "trim-and-fill", "henmi-copas", "gosh"):
            if name in self.further and not (self.weighted and not self.cluster):
                raise CallError(f"--{name} needs independent effects pooled by their variances")

    def _check_tables(self):
        """Refuse what a method for 2 × 2 tables cannot do."""
        if self.method == "PETO" and self.zero_cells not in (None, "none"):
            raise CallError("--method PETO corrects no zero cell: leave --zero-cells out")
        if self.method == "mh-random" and self.zero_cells not in (None, "only"):
            raise CallError("--method mh-random corrects zero cells as RevMan does: leave "
                            "--zero-cells out")
        if self.method == "MH" and self.measure in ("IRR", "IRD") and self.zero_cells == "only":
            raise CallError("--method MH adds 0.5 to no rate: leave --zero-cells out")
        if self.method == "MH" and self.zero_cells == "all":
            raise CallError("--method MH adds 0.5 to no table, or with --zero-cells only, as "
                            "RevMan, to those with an empty cell")
        if self.method != "mh-random" and self.ci not in (None, "z"):
            raise CallError(f"--method {self.method} has the interval z alone, not {self.ci}")

    @property
    def of_tables(self) -> bool:
        """Whether the tables of events are pooled themselves."""
        return self.method in _OF_TABLES

    @property
    def weighted(self) -> bool:
        """Whether effects are pooled by their variances."""
        return self.method in ESTIMATORS or self.method == "common"

    @property
    def posterior(self) -> bool:
        """Whether a posterior is computed."""
        return self.method == "bayes" or self.rules == "book" or "bayes" in self.further

    @property
    def needs_counts(self) -> bool:
        """Whether effects with variances would not do."""
        return self.of_tables or self.zero_cells is not None or "peters" in self.further

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the measure; a correlation that is given needs none."""
        own = MEASURES[self.measure].columns
        return own if self.correlation is None else tuple(c for c in own if c != "r")

    @property
    def texts(self) -> tuple[str, ...]:
        """Columns whose cells are kept as they are."""
        named = (*self.moderators, self.subgroup, self.cluster, self.order)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def effects(self) -> Callable[..., synthesis.Effects] | None:
        """The function of the effects: with Peto's pool, those that he pools."""
        return MEASURES["PETO" if self.method == "PETO" else self.measure].effects

    @property
    def options(self) -> dict[str, Any]:
        """What the function of the measure is told beside the columns."""
        measure = MEASURES["PETO" if self.method == "PETO" else self.measure]
        out: dict[str, Any] = dict(measure.fixed)
        if self.zero_cells is not None and not self.of_tables:
            out["zero_cells"] = self.zero_cells
        if self.correlation is not None:
            out["correlation"] = self.correlation
        if self.variance == "RevMan":
            out["correction"] = "approximate"
        if self.variance:
            out[measure.told_as] = self.variance
        return out

    @property
    def ratio(self) -> bool:
        """Whether effects are natural logarithms."""
        return MEASURES[self.measure].ratio

    @property
    def interval(self) -> str:
        """The interval that is computed."""
        random = self.method in ESTIMATORS
        return self.ci or ("hksj-guard" if random else "z")
