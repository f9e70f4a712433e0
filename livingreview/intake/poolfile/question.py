"""What is computed from a file: the measure, the method, and the columns that they need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ... import synthesis

MEANS = ("m1", "sd1", "n1", "m2", "sd2", "n2")
COUNTS = ("e1", "n1", "e2", "n2")
EFFECTS = ("yi", "vi", "se")
METHODS = ("REML", "DL", "PM", "ML", "HE", "SJ", "EB", "HS", "MH", "PETO", "common")
INTERVALS = ("hksj-guard", "hksj", "t", "z")
ZERO_CELLS = ("only", "all", "none")
_OF_TABLES = ("MH", "PETO")


@dataclass(frozen=True)
class Measure:
    """An effect measure: the columns it is computed from, and by what."""

    columns: tuple[str, ...] = ()
    effects: Callable[..., synthesis.Effects] | None = None
    ratio: bool = False


MEASURES = {
    "MD": Measure(MEANS, synthesis.mean_difference),
    "SMD": Measure(MEANS, synthesis.standardised_mean_difference),
    "ROM": Measure(MEANS, synthesis.ratio_of_means, True),
    "RR": Measure(COUNTS, synthesis.risk_ratio, True),
    "OR": Measure(COUNTS, synthesis.odds_ratio, True),
    "RD": Measure(COUNTS, synthesis.risk_difference),
    "PETO": Measure(COUNTS, synthesis.peto_odds_ratio, True),
    "GEN": Measure(),
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
