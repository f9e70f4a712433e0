"""What an analysis asks, what may answer it, and the forms of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from ..synthesis.bayes import Prior
from .comparisons import KEPT_APART, UNCONTROLLED
from .evidence import Evidence
from .messages import said, understood
from .values import MAIN_QUALITIES, QUALITIES, ArmValue, Reading

LOW_FOLLOW_UP = 0.8
RATIOS = ("RR", "OR", "HR")
# Measures of treated patients alone: those of a score, and those of a count.
MEAN_CHANGE, PROPORTION = "mean-change", "proportion"
# Measures that rows of arms give; others are pooled only as reported between the arms.
FROM_ROWS = ("MD", "SMD", "RR", "OR", "RD", MEAN_CHANGE, PROPORTION)
ONE_ARM = said("one-arm")
NO_VISIT, OUTSIDE, AT_START = said("no-visit"), said("outside"), said("at-start")
NOT_ASKED = (OUTSIDE,)  # reasons that say nothing of values that the analysis asks for
APART = said(KEPT_APART)
NOT_RANDOMISED = said("not-randomised")


@dataclass(frozen=True)
class Analysis:
    """One row of `analyses.csv`, and the prior that pools two of its trials.

    The prior is on τ, in the unit of the effects; it may rest on the trials, so that a row alone
    has none.
    """

    id: str
    indication: str
    title: str
    section: str
    role: str
    target_type: str
    target: str
    instrument_contains: str
    measure: str
    window: tuple[float | None, float | None]
    comparison: str
    favourable: str
    rescale: bool
    studies: tuple[str, ...]
    qualities: tuple[str, ...]
    tau2_method: str
    interval: str
    note: str
    background: str = ""
    condition: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    unit: str = ""
    prior: Prior | None = None

    @classmethod
    def of(cls, row) -> Analysis:
        """The analysis that a record of `analyses.csv` declares."""
        return cls(
            row["analysis_id"], row["indication"], row["title"], row["section"], row["role"],
            row["target_type"], row["target"], row["instrument_contains"] or "", row["measure"],
            (row["window_from"], row["window_to"]), row["comparison"], row["favourable"],
            row["rescale"] == "yes", row["studies"], row["qualities"],
            row["tau2_method"] or "REML", row["interval"] or "hksj-guard", row["note"] or "",
            row["background"] or "", row["condition"], row["products"],
            row["unit"] or "")

    @property
    def binary(self) -> bool:
        """Whether the measure is of counts."""
        return self.measure in ("RR", "OR", "RD", PROPORTION)

    @property
    def uncontrolled(self) -> bool:
        """Whether treated patients are looked at without a comparison."""
        return self.comparison == UNCONTROLLED

    @property
    def ratio(self) -> bool:
        """Whether effects are on the log scale."""
        return self.measure in RATIOS

    def in_window(self, months: float | None) -> bool:
        """Whether a visit is in the window (lower end excluded, upper end included)."""
        low, high = self.window
        if low is None and high is None:
            return True
        return (months is not None and months > (low or 0)
                and (high is None or months <= high))


@dataclass(frozen=True)
class Rules:
    """What may enter a pool. The defaults are the protocol's main analysis."""

    qualities: frozenset[str] = MAIN_QUALITIES
    skewed: bool = False
    contrasts: bool = True
    designs: frozenset[str] = frozenset({"rct"})
    sure_overlaps: bool = False
    possible_overlaps: bool = True
    retracted: bool = False
    allocated_n: bool = False
    paired_correlation: float = 0.0
    icc: float = 0.5
    pre_post_correlation: float = 0.5
    other_classes: frozenset[str] = frozenset({KEPT_APART})  # of the treatment, that may not enter
    one_class: str = ""  # the only class that may
    without: frozenset[str] = frozenset()
    instrument_limits: bool = True
    silent_arms: bool = True
    some_arms: bool = False

    def takes(self, quality: str) -> bool:
        """Whether values of a quality may enter."""
        return quality in self.qualities


@dataclass(frozen=True)
class Effect:
    """The effect of one trial in one analysis.

    Attributes
    ----------
    yi, vi : float
        Effect and sampling variance; ratios on the log scale. None where a binary trial has no
        events, or events in all and no odds ratio: `no_ratio` then says why.
    intervention, comparator : ArmValue or None
        Both arms on the scale of the analysis; None where a contrast was reported. Without a
        comparison there is no comparator, and the mean of `intervention` is the change from
        baseline.
    baseline, last : ArmValue or None
        What a change from baseline was made of.
    derivation : tuple of str
    readings : tuple of Reading
    passed_over : tuple of (str, str)
        Other candidates of the trial and why they were not taken.
    """

    trial_id: str
    study_id: str
    kind: str
    background: tuple[str, ...]
    treatment_class: str
    outcome: str
    instrument: str
    months: float | None
    statistic: str
    yi: float | None
    vi: float | None
    intervention: ArmValue | None
    comparator: ArmValue | None
    n_intervention: float | None
    n_comparator: float | None
    quality: str
    derivation: tuple[str, ...]
    readings: tuple[Reading, ...]
    within_person: bool = False
    low_follow_up: bool = False
    no_ratio: str = ""
    passed_over: tuple[tuple[str, str], ...] = ()
    enrolled: float | None = None
    baseline: ArmValue | None = None
    last: ArmValue | None = None

    @property
    def participants(self) -> float:
        """Patients in the effect; those of a within-person trial count once.

        A reported contrast without the sizes of its arms counts the patients enrolled, where it
        compares all arms of its study.
        """
        if self.kind == UNCONTROLLED:
            return self.intervention.people
        if self.n_intervention is None or self.n_comparator is None:
            return self.enrolled or 0.0
        arms = self.intervention, self.comparator
        sides = ([arm.people for arm in arms] if all(arms)
                 else (self.n_intervention, self.n_comparator))
        return max(sides) if self.within_person else sum(sides)


@dataclass(frozen=True)
class LeftOut:
    """A trial of the comparison that gives no effect, and why.

    `counted` tells whether its patients are others than those of the trials that are known and
    whether the analysis asks for them: not where they are shared, the trial has no name, was
    retracted, or gave a treatment that is kept apart.
    """

    trial_id: str
    study_id: str
    reason: str
    counted: bool = True


def targets(ev: Evidence, analysis: Analysis) -> list[str]:
    """Outcomes of the analysis in the order of the hierarchy."""
    if analysis.target_type != "family":
        return [analysis.target]
    rows = [r for r in ev.data.records("hierarchy") if r["family"] == analysis.target]
    return [r["outcome"] for r in sorted(rows, key=lambda r: r["position"])]


def not_taken(quality: str) -> str:
    """Why a value of a quality that the rules do not take gives no effect."""
    return said("quality", quality=quality)


# How close a reason is to a usable value; those of one line are equally close. Reasons name no
# place where a trial is found instead: `missing` adds it where it is so.
_CLOSENESS = {key: place for place, keys in enumerate((
    *((quality,) for quality in QUALITIES), ("skewed",), ("silent-arm",), ("some-arms",),
    ("no-single-count",), ("no-spread",), ("at-baseline", "no-baseline"), ("no-n", "no-total"),
    ("no-scale", "limits-only"), ("direction", "against", "contrast-direction"), ("changes",),
    ("no-mean",), ("one-arm",), ("events-counted",), ("no-count",), ("percent-change",), ("late",),
    ("no-visit", "at-start"), ("outside",))) for key in keys}
_FARTHEST = max(_CLOSENESS.values()) + 1
_NO_VALUES = said("no-values")


def _closeness(reason: str) -> int:
    """The place of a reason, or of the closest that it is about."""
    return min(_CLOSENESS.get(part.of.get("quality") or part.key, _FARTHEST)
               for part in understood(reason).chain())


def main_reason(reasons: list[str]) -> str:
    """The reason closest to a usable value."""
    return min(reasons, key=lambda reason: (_closeness(reason), reason == _NO_VALUES),
               default=_NO_VALUES)
