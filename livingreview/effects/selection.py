"""One effect per trial and analysis, or the reason why a trial has none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from functools import partial

from .. import synthesis
from .evidence import Contest, Evidence, Group
from .values import (
    MAIN_QUALITIES,
    SOURCE_RANK,
    SOURCE_WORDS,
    ArmValue,
    Reading,
    Unusable,
    binary,
    combined,
    continuous,
    reading,
    worst,
)

LOW_FOLLOW_UP = 0.8
RATIOS = ("RR", "OR", "HR")
# Measures that two arms' rows give; others are pooled only as reported between the arms.
FROM_ROWS = ("MD", "SMD", "RR", "OR", "RD")
NO_VISIT, OUTSIDE = "visit not printed", "no visit in the window"
_NOT_ASKED = (OUTSIDE,)  # reasons that say nothing of values that the analysis asks for
APART = "a cell product that the main pool keeps apart"
_EXACT_P = re.compile(r"0?\.\d+(?:[eE]-?\d+)?")


@dataclass(frozen=True)
class Analysis:
    """One row of `analyses.csv`."""

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

    @classmethod
    def of(cls, row) -> Analysis:
        """The analysis that a record of `analyses.csv` declares."""
        return cls(
            row["analysis_id"], row["indication"], row["title"], row["section"], row["role"],
            row["target_type"], row["target"], row["instrument_contains"] or "", row["measure"],
            (row["window_from"], row["window_to"]), row["comparison"], row["favourable"],
            row["rescale"] == "yes", row["studies"], row["qualities"],
            row["tau2_method"] or "REML", row["interval"] or "hksj-guard", row["note"] or "")

    @property
    def binary(self) -> bool:
        """Whether the measure is of counts."""
        return self.measure in ("RR", "OR", "RD")

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
    cell_classes: frozenset[str] = frozenset({"expanded", "minimally-processed", "not-stated"})
    without: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Effect:
    """The effect of one trial in one analysis.

    Attributes
    ----------
    yi, vi : float
        Effect and sampling variance; ratios on the log scale. None where a binary trial has no
        events, or events in all, so that it gives no ratio.
    cells, comparator : ArmValue or None
        Both arms on the scale of the analysis; None where a contrast was reported.
    derivation : tuple of str
    readings : tuple of Reading
    passed_over : tuple of (str, str)
        Other candidates of the trial and why they were not taken.
    """

    trial_id: str
    study_id: str
    kind: str
    background: tuple[str, ...]
    cell_class: str
    outcome: str
    instrument: str
    months: float | None
    statistic: str
    yi: float | None
    vi: float | None
    cells: ArmValue | None
    comparator: ArmValue | None
    n_cells: float | None
    n_comparator: float | None
    quality: str
    derivation: tuple[str, ...]
    readings: tuple[Reading, ...]
    within_person: bool = False
    low_follow_up: bool = False
    no_ratio: str = ""
    passed_over: tuple[tuple[str, str], ...] = ()
    enrolled: float | None = None

    @property
    def participants(self) -> float:
        """Patients in the effect; those of a within-person trial count once.

        A reported contrast without the sizes of its arms counts the patients enrolled, where it
        compares all arms of its study.
        """
        if self.n_cells is None or self.n_comparator is None:
            return self.enrolled or 0.0
        sides = ((self.cells.people, self.comparator.people) if self.cells and self.comparator
                 else (self.n_cells, self.n_comparator))
        return max(sides) if self.within_person else sum(sides)


@dataclass(frozen=True)
class LeftOut:
    """A trial of the comparison that gives no effect, and why.

    `counted` tells whether its patients are others than those of the trials that are known and
    whether the analysis asks for them: not where they are shared, the trial has no name, was
    retracted, or gave cells of a kind that is kept apart.
    """

    trial_id: str
    study_id: str
    reason: str
    counted: bool = True


@dataclass(frozen=True)
class _Slot:
    """Rows that can be compared between arms: same outcome, instrument, visit and scale."""

    outcome: str
    instrument: str
    months: float | None
    statistic: str
    scale: tuple[float | None, float | None]
    better: str | None


@dataclass
class _Candidate:
    contest: Contest
    slot: _Slot
    cells: ArmValue
    comparator: ArmValue
    rows: list
    rank: tuple = field(default=())


def targets(ev: Evidence, analysis: Analysis) -> list[str]:
    """Outcomes of the analysis in the order of the hierarchy."""
    if analysis.target_type != "family":
        return [analysis.target]
    rows = [r for r in ev.data.records("hierarchy") if r["family"] == analysis.target]
    return [r["outcome"] for r in sorted(rows, key=lambda r: r["position"])]


# --- rows -------------------------------------------------------------------------------------


def _scale(ev: Evidence, trial: str, row) -> tuple[tuple[float | None, float | None], str]:
    """The row's scale, or that of the trial's other rows of the outcome when its values fit it.

    A row that a review rescaled lends its scale to no other: it is not the trial's own.
    """
    if row["scale_min"] is not None and row["scale_max"] is not None:
        return (row["scale_min"], row["scale_max"]), ""
    values = [row[c] for c in ("mean", "median", "q1", "q3", "min", "max") if row[c] is not None]
    found = set()
    for other in ev.outcomes_of_trial[trial]:
        low, high = other["scale_min"], other["scale_max"]
        if (other["outcome"] == row["outcome"] and not other["rescaled"]
                and low is not None and high is not None):
            fits = (all(low <= v <= high for v in values) if row["statistic"] == "final"
                    else all(abs(v) <= high - low for v in values))
            if fits:
                found.add((low, high))
    if len(found) == 1:
        low, high = found.pop()
        return (low, high), f"scale {low:g} to {high:g} from other rows of the trial"
    return (row["scale_min"], row["scale_max"]), ""


def _allocated_units(ev: Evidence, analysis: Analysis, row) -> float | None:
    """Units allocated to the row's arm; patients for harms, where units are joints."""
    arm = ev.arms[row["study_id"], row["arm_id"]]
    if analysis.target_type == "event" and arm["n_patients"] is not None:
        return arm["n_patients"]
    return arm["n_allocated"]


def _units(ev: Evidence, analysis: Analysis, row) -> tuple[float | None, tuple[str, ...]]:
    """Units of a row: printed, of the same arm and visit elsewhere, or allocated."""
    column = "total" if analysis.binary else "n"
    if row[column] is not None:
        return row[column], ()
    if analysis.target_type != "event":
        for other in ev.outcomes[row["study_id"], row["arm_id"]]:
            if other["timepoint_months"] == row["timepoint_months"] and other["n"] is not None:
                return other["n"], ("n from another row of the same arm and visit",)
    allocated = _allocated_units(ev, analysis, row)
    return allocated, () if allocated is None else ("allocated n",)


def _units_per_patient(ev: Evidence, analysis: Analysis, row, n: float) -> float:
    """Joints per patient, where they are not paired; 1 where patients are counted already."""
    arm = ev.arms[row["study_id"], row["arm_id"]]
    units, patients = arm["n_allocated"], arm["n_patients"]
    if ev.studies[row["study_id"]]["allocation"] == "within-person" or not units or not patients:
        return 1.0
    if analysis.target_type == "event" and n <= patients:
        return 1.0
    return max(units / patients, 1.0)


def _value(ev: Evidence, analysis: Analysis, row, rules: Rules) -> ArmValue:
    """The value of one row under the rules; raises Unusable."""
    n, words = _units(ev, analysis, row)
    if analysis.binary:
        table = "adverse_events" if analysis.target_type == "event" else "outcomes"
        value = binary(table, row, n, words)
    else:
        scale = _scale(ev, ev.trial_of(row["study_id"]), row)[1] if analysis.rescale else ""
        value = continuous(row, n, (*words, scale) if scale else words)
    if value.quality not in rules.qualities:
        raise Unusable(f"value {value.quality}: only in robustness")
    if value.skewed and not rules.skewed:
        raise Unusable("skewed by its quartiles: only in robustness")
    allocated = _allocated_units(ev, analysis, row)
    if allocated:
        value = replace(value, low_follow_up=value.n < LOW_FOLLOW_UP * allocated)
        # SDs and counts are derived with the analysed n; only then is it replaced.
        if rules.allocated_n and allocated != value.n and allocated >= (value.events or 2):
            value = replace(value, n=float(allocated),
                            derivation=(*value.derivation, "allocated n"))
    value = value.thinned(_units_per_patient(ev, analysis, row, value.n), rules.icc)
    if not analysis.binary and value.n <= 1:
        raise Unusable("joints of a single patient")
    return value


def _rows(ev: Evidence, analysis: Analysis, trial: str, study: str, arm: str) -> list:
    """(slot, row) of an arm for the outcomes or event of the analysis."""
    if analysis.target_type == "event":
        return [(_Slot(analysis.target, "", row["months"], "final", (None, None), "lower"), row)
                for row in ev.events[study, arm] if row["event"] == analysis.target]
    wanted = targets(ev, analysis)
    out = []
    for row in ev.outcomes[study, arm]:
        if row["outcome"] not in wanted:
            continue
        if analysis.instrument_contains.lower() not in (row["instrument"] or "").lower():
            continue
        scale = (None, None) if analysis.binary else _scale(ev, trial, row)[0]
        out.append((_Slot(row["outcome"], row["instrument"] or "", row["timepoint_months"],
                          row["statistic"], scale, row["better"]), row))
    return out


def _group_value(ev: Evidence, analysis: Analysis, study: str, group: Group,
                 rows: dict[str, list], rules: Rules) -> ArmValue:
    """The value of a group at one slot: unions replace their parts where they are usable."""
    usable, why = {}, []
    for arm_id, found in rows.items():
        for row in sorted(found, key=lambda r: _source_rank(ev, r)):
            try:
                usable[arm_id] = _value(ev, analysis, row, rules)
                break
            except Unusable as reason:
                why.append(str(reason))
    remaining, parts = set(group.arms), []
    for union, inside in sorted(group.unions, key=lambda u: -len(u[1])):
        if union in usable and inside <= remaining:
            parts.append(usable[union])
            remaining -= inside
    parts += [usable[arm] for arm in group.arms if arm in remaining and arm in usable]
    missing = [arm for arm in group.arms if arm in remaining and arm not in usable]
    if missing and parts:
        raise Unusable(f"only some of the arms have a value (missing: {', '.join(missing)})")
    if not parts:
        raise Unusable(why[0] if why else "no value in one of the arms")
    return combined(parts)


def _source_rank(ev: Evidence, row) -> int:
    return SOURCE_RANK.get(ev.sources[row["source_id"]]["kind"], 2)


# --- one trial --------------------------------------------------------------------------------


def _slots(ev: Evidence, analysis: Analysis, trial: str, contest: Contest) -> dict:
    """Slots of a contest with the rows of each side."""
    out: dict[_Slot, tuple[dict, dict]] = {}
    for side, group in enumerate((contest.cells, contest.comparator)):
        for arm in (*group.arms, *(u for u, _ in group.unions)):
            for slot, row in _rows(ev, analysis, trial, contest.study_id, arm):
                out.setdefault(slot, ({}, {}))[side].setdefault(arm, []).append(row)
    return out


def _not_comparable(ev: Evidence, study: str, months: float | None) -> str:
    """Why a visit is too late; a companion's patients are those of the main report."""
    limits = [limit for name in (study, ev.trial_of(study))
              if (limit := ev.studies[name]["comparable_until_months"]) is not None]
    if limits and months is not None and months > min(limits):
        return f"visits after month {min(limits):g} follow unblinding, cross-over or rescue"
    return ""


def _slot_problem(ev: Evidence, analysis: Analysis, study: str, slot: _Slot) -> str:
    """Why a slot cannot enter, whatever its values; empty where it can."""
    if late := _not_comparable(ev, study, slot.months):
        return late
    if analysis.measure not in FROM_ROWS or (analysis.target_type == "event"
                                             and not analysis.binary):
        return f"values of the arms give no {ev.data.label('measure', analysis.measure)}"
    if slot.statistic == "percent-change":
        return "percentage changes"
    if analysis.target_type == "event":
        return ""
    if analysis.binary:
        if slot.better is None or slot.better == analysis.favourable:
            return ""
        return ("the direction of the values is not known" if slot.better == "unknown"
                else "the count runs against the direction of the analysis")
    if slot.better not in ("lower", "higher"):
        return "the direction of the values is not known"
    if analysis.rescale and None in slot.scale:
        return "scale not stated"
    if analysis.measure == "SMD" and slot.statistic != "final":
        return "changes from baseline share no standardised difference with final values"
    return ""


def _candidates(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                rules: Rules) -> tuple[list[_Candidate], list[tuple[_Slot, str]]]:
    """Every usable pair of a trial, best first, and why other pairs are not usable."""
    wanted = targets(ev, analysis)
    found, reasons = [], []
    randomised = ev.studies[trial]["design"] == "rct"
    for contest in contests:
        for slot, (cell_rows, control_rows) in _slots(ev, analysis, trial, contest).items():
            if not analysis.in_window(slot.months):
                where = NO_VISIT if slot.months is None else OUTSIDE
                reasons.append((slot, where))
                continue
            problem = _slot_problem(ev, analysis, contest.study_id, slot)
            try:
                if problem:
                    raise Unusable(problem)
                if not cell_rows or not control_rows:
                    raise Unusable("values in one arm only")
                study = contest.study_id
                cells = _group_value(ev, analysis, study, contest.cells, cell_rows, rules)
                control = _group_value(ev, analysis, study, contest.comparator, control_rows,
                                       rules)
            except Unusable as reason:
                reasons.append((slot, str(reason)))
                continue
            rows = [r for side in (cell_rows, control_rows) for rs in side.values() for r in rs]
            used = {r.row for r in (*cells.readings, *control.readings)}
            months = -1.0 if slot.months is None else slot.months
            rank = (wanted.index(slot.outcome), -months,
                    (slot.statistic == "change") == randomised,
                    max(_source_rank(ev, r) for r in rows if r["row"] in used))
            found.append(_Candidate(contest, slot, cells, control, rows, rank))
    return sorted(found, key=lambda c: c.rank), reasons


def _slot_name(ev: Evidence, slot: _Slot) -> str:
    visit = "" if slot.months is None else f", month {slot.months:g}"
    name = ev.data.label("outcome", slot.outcome)
    # An event's name is in another list; the first that knows the word has its label.
    name = ev.data.label("event", slot.outcome) if name == slot.outcome else name
    return f"{name}{visit} ({slot.statistic})"


def _other_rows(ev: Evidence, taken: list[_Candidate]) -> list[tuple[str, str]]:
    """Rows of the visit that was taken that another row of their arm, or a union, replaced."""
    readings = [r for c in taken for r in (*c.cells.readings, *c.comparator.readings)]
    used, arms = {r.row for r in readings}, {(r.study_id, r.arm_id) for r in readings}
    out = []
    for candidate in taken:
        for row in candidate.rows:
            if row["row"] not in used:
                same = (row["study_id"], row["arm_id"]) in arms
                why = (f"read in {SOURCE_WORDS[_source_rank(ev, row)]}, another source of the arm "
                       "was taken" if same else "an arm that holds it, or its parts, were taken")
                out.append((f"{_slot_name(ev, candidate.slot)}, {row['arm_id']}", why))
    return out


def _passed_over(ev: Evidence, pairs: list[_Candidate], others: list[_Candidate],
                 unusable: list[tuple[_Slot, str]]) -> tuple:
    """What else the trial has in the window, with the rule that put it behind."""
    taken, out = pairs[0], _other_rows(ev, pairs)
    for other in others:
        a, b = taken.rank, other.rank
        if a[0] != b[0]:
            why = "lower in the order of outcomes"
        elif a[1] != b[1]:
            why = "earlier visit of the window"
        elif a[2] != b[2]:
            why = ("change from baseline, where final values are there"
                   if other.slot.statistic == "change" else "final values of a study not "
                   "randomised, where changes are there")
        elif a[3] != b[3]:
            why = f"read in {SOURCE_WORDS[b[3]]}"
        else:
            why = "later row of the same kind"
        out.append((_slot_name(ev, other.slot), why))
    out += [(_slot_name(ev, slot), why) for slot, why in unusable if why not in _NOT_ASKED]
    return tuple(dict.fromkeys(out))


def _oriented(analysis: Analysis, slot: _Slot, value: ArmValue) -> ArmValue:
    """A mean on the scale and in the direction of the analysis."""
    low, high = slot.scale
    factor = 100 / (high - low) if analysis.rescale else 1.0
    shift = low if analysis.rescale and slot.statistic == "final" else 0.0
    mean, sd = (value.mean - shift) * factor, value.sd * factor
    words = value.derivation
    if analysis.rescale and (low, high) != (0, 100):
        words = (*words, f"rescaled from {low:g}–{high:g} to 0–100")
    if slot.better != analysis.favourable:
        top = 0.0
        if slot.statistic == "final":
            top = 100.0 if analysis.rescale else (low + high if None not in slot.scale else 0.0)
        mean, words = top - mean, (*words, "direction reversed")
    return replace(value, mean=mean, sd=sd, derivation=words)


def _difference(analysis: Analysis, cells: ArmValue, control: ArmValue,
                paired: bool, rules: Rules) -> tuple[float, float]:
    """Effect and variance of a pair of means."""
    arms = (cells.mean, cells.sd, cells.n, control.mean, control.sd, control.n)
    if analysis.measure == "SMD":
        effect = synthesis.standardised_mean_difference(*([x] for x in arms))
    else:
        effect = synthesis.mean_difference(*([x] for x in arms))
    yi, vi = float(effect.yi[0]), float(effect.vi[0])
    if paired:
        vi -= _paired_part([_mean_variance(analysis, v) for v in (cells, control)],
                           (cells.n, control.n), rules)
    return yi, vi


def _mean_variance(analysis: Analysis, value: ArmValue) -> float:
    """Variance of an arm's mean, in SDs for a standardised difference."""
    return 1 / value.n if analysis.measure == "SMD" else value.sd**2 / value.n


def _paired_part(variances: list[float], sizes: tuple[float, float], rules: Rules) -> float:
    """What the correlation of the two sides of a person takes off the variance.

    There are as many pairs as the smaller side has joints.
    """
    pairs = min(sizes) / max(sizes)
    return 2 * rules.paired_correlation * math.sqrt(variances[0] * variances[1] * pairs)


def _shared(analysis: Analysis, values: list[tuple[Contest, ArmValue, ArmValue]],
            yi: list[float]) -> list[list[float]]:
    """Covariances of differences that share an arm: the variance of that arm's mean.

    References
    ----------
    Gleser LJ, Olkin I (2009). Stochastically dependent effect sizes. In: The Handbook of Research
    Synthesis and Meta-Analysis, 2nd ed., equation 19.19 (standardised differences).
    """
    out = [[0.0] * len(values) for _ in values]
    total = sum(v.n for side in _distinct(values) for v in side)
    for i, (one, cells, control) in enumerate(values):
        for j, (other, _, _) in enumerate(values):
            if i == j or (one.comparator != other.comparator and one.cells != other.cells):
                continue
            arm = control if one.comparator == other.comparator else cells
            out[i][j] = _mean_variance(analysis, arm)
            if analysis.measure == "SMD":
                out[i][j] += yi[i] * yi[j] / (2 * total)
    return out


def _continuous_effect(analysis: Analysis, pairs: list[_Candidate], paired: bool,
                       rules: Rules) -> tuple[float, float, ArmValue, ArmValue]:
    """Effect of the pairs of one trial; pairs that share an arm are combined with it modelled."""
    values = [(p.contest, _oriented(analysis, p.slot, p.cells),
               _oriented(analysis, p.slot, p.comparator)) for p in pairs]
    effects = [_difference(analysis, cells, control, paired, rules)
               for _, cells, control in values]
    if len(effects) == 1:
        return (*effects[0], values[0][1], values[0][2])
    covariance = _shared(analysis, values, [yi for yi, _ in effects])
    for i, (_, vi) in enumerate(effects):
        covariance[i][i] = vi
    pooled = synthesis.combine_correlated([yi for yi, _ in effects], covariance)
    cells, control = _distinct(values)
    return float(pooled[0]), float(pooled[1]), combined(cells), combined(control)


def _distinct(values) -> tuple[list[ArmValue], list[ArmValue]]:
    """Each arm's value once, although it may stand in several pairs."""
    cells = {contest.cells.arms: value for contest, value, _ in values}
    control = {contest.comparator.arms: value for contest, _, value in values}
    return list(cells.values()), list(control.values())


def _count_variance(analysis: Analysis, events: float, n: float) -> float:
    """Variance of an arm's log risk, log odds or risk, from counts without a zero."""
    none = n - events
    return {"RR": none / (events * n), "OR": 1 / events + 1 / none,
            "RD": events * none / n**3}[analysis.measure]


def _binary_effect(analysis: Analysis, pairs: list[_Candidate], paired: bool, rules: Rules):
    """Effect of counts; pairs of one trial are one table with each arm counted once."""
    sides = _distinct([(p.contest, p.cells, p.comparator) for p in pairs])
    cells, control = combined(sides[0]), combined(sides[1])
    measure = {"RR": synthesis.risk_ratio, "OR": synthesis.odds_ratio,
               "RD": synthesis.risk_difference}[analysis.measure]
    effect = measure([cells.events], [cells.n], [control.events], [control.n])
    if not effect.used[0]:
        return None, None, cells, control, effect.reasons[0]
    vi = float(effect.vi[0])
    if paired:
        zero = 0 in (cells.events, cells.n - cells.events, control.events,
                     control.n - control.events)
        add = 0.5 if zero else 0.0  # as in the ratio itself
        vi -= _paired_part([_count_variance(analysis, v.events + add, v.n + 2 * add)
                            for v in (cells, control)], (cells.n, control.n), rules)
    return float(effect.yi[0]), vi, cells, control, ""


def _within_person(ev: Evidence, study: str) -> bool:
    """Whether a study, or the main report of its patients, compares two sides of each patient."""
    return "within-person" in (ev.studies[study]["allocation"],
                               ev.studies[ev.trial_of(study)]["allocation"])


def _row_effect(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                rules: Rules) -> Effect:
    """The effect from arm-level rows; raises Unusable."""
    found, unusable = _candidates(ev, analysis, trial, contests, rules)
    if not found:
        raise Unusable(_main_reason([why for _, why in unusable]))
    best = found[0]
    pairs = [c for c in found if c.slot == best.slot
             and c.contest.study_id == best.contest.study_id]
    study = best.contest.study_id
    paired = _within_person(ev, study)
    no_ratio = ""
    try:
        if analysis.binary:
            yi, vi, cells, control, no_ratio = _binary_effect(analysis, pairs, paired, rules)
        else:
            yi, vi, cells, control = _continuous_effect(analysis, pairs, paired, rules)
    except synthesis.SynthesisError as error:
        raise Unusable(str(error)) from error
    words = tuple(dict.fromkeys((*cells.derivation, *control.derivation)))
    if paired:
        words = (*words, f"joints of one person, correlation {rules.paired_correlation:g}")
    classes = {p.contest.cells.cells for p in pairs}
    others = [c for c in found if c not in pairs]
    return Effect(
        trial, study, best.contest.kind, best.contest.background,
        classes.pop() if len(classes) == 1 else "mixed", best.slot.outcome,
        best.slot.instrument, best.slot.months, best.slot.statistic, yi, vi, cells, control,
        cells.n, control.n, worst(cells.quality, control.quality), words,
        (*cells.readings, *control.readings), paired,
        cells.low_follow_up or control.low_follow_up, no_ratio or "",
        _passed_over(ev, pairs, others, unusable))


_REASON_ORDER = (
    "only in robustness", "only some of the arms", "no single count", "no spread",
    "number of units", "scale not stated", "direction", "share no standardised", "no mean",
    "values in one arm", "events are counted", "no count", "percentage changes",
    "follow unblinding", NO_VISIT, OUTSIDE,
)


_NO_VALUES = "no values of this outcome in the sources read"


def _main_reason(reasons: list[str]) -> str:
    """The reason closest to a usable value."""
    def order(reason: str) -> int:
        return next((i for i, text in enumerate(_REASON_ORDER) if text in reason),
                    len(_REASON_ORDER) + (reason == _NO_VALUES))
    return min(reasons, key=order, default=_NO_VALUES)


# --- reported contrasts -----------------------------------------------------------------------


def _covers(group: Group, arm: str) -> bool:
    """Whether an arm is the whole group, not a selected dose."""
    return group.arms == (arm,) or any(u == arm and parts == set(group.arms)
                                       for u, parts in group.unions)


def _touches(group: Group, arm: str) -> bool:
    """Whether an arm is of the group."""
    return arm in group.arms or any(u == arm for u, _ in group.unions)


def _contrast_se(row, ratio: bool, df: float | None) -> tuple[float, tuple[str, ...]]:
    """Standard error of a reported contrast and how it was found."""
    if row["ci_low"] is not None and row["ci_high"] is not None and row["ci_low"] < row["ci_high"]:
        low, high = row["ci_low"], row["ci_high"]
        if ratio:
            if low <= 0:
                raise Unusable("the interval of a ratio reaches zero")
            low, high = math.log(low), math.log(high)
        return float(synthesis.se_from_interval(low, high)), ("SE from the reported interval",)
    if row["se"]:
        return row["se"], ()
    if row["p_value"] and _EXACT_P.fullmatch(row["p_value"]):
        estimate = math.log(row["estimate"]) if ratio else row["estimate"]
        if estimate and 0 < float(row["p_value"]) < 1:
            return float(synthesis.se_from_p_value(estimate, float(row["p_value"]), df)), (
                "SE from the exact p-value"
                + ("" if df is None else f" (t on {df:g} degrees of freedom)"),)
    raise Unusable("a reported difference without interval, standard error or exact p-value")


def _contrast_effect(ev: Evidence, analysis: Analysis, row, flip: bool,
                     df: float | None) -> tuple:
    """Effect, SE and derivation of one contrast in the direction of the analysis."""
    if row["estimate"] is None:
        raise Unusable("a p-value or statement without an estimate")
    if row["measure"] != analysis.measure:
        raise Unusable(f"reported as {row['measure'] or 'an unnamed measure'}")
    if analysis.ratio and row["estimate"] <= 0:
        raise Unusable("a ratio that is not positive")
    quality = row["quality"] or "as-reported"
    # Ratios and risk differences are tested by the normal distribution.
    se, words = _contrast_se(row, analysis.ratio,
                             None if analysis.ratio or analysis.binary else df)
    if words:
        quality = worst(quality, "derived")
    if analysis.ratio or analysis.binary:
        estimate = math.log(row["estimate"]) if analysis.ratio else row["estimate"]
        return (-estimate if flip else estimate), se, quality, words
    size = abs(row["estimate"])
    if row["favours"] not in ("cells", "comparator") and size:
        raise Unusable("the direction of the reported difference is not known")
    toward_cells = 1 if row["favours"] == "cells" else -1
    sign = toward_cells * (-1 if analysis.favourable == "lower" else 1)
    if analysis.rescale:
        if row["scale_max"] is None or row["scale_max"] <= 0:
            raise Unusable("scale of the reported difference not stated")
        factor = 100 / row["scale_max"]
        if factor != 1:
            words = (*words, f"rescaled from 0–{row['scale_max']:g} to 0–100")
        size, se = size * factor, se * factor
    return sign * size, se, quality, words


def _degrees_of_freedom(totals: list[float | None], paired: bool) -> float | None:
    """Of the t-test between the arms; None where their sizes are not known."""
    if None in totals:
        return None
    df = min(totals) - 1 if paired else sum(totals) - 2
    return df if df > 0 else None


def _reported_effect(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                     rules: Rules, own_only: bool = False) -> Effect:
    """The effect from a contrast as reported; raises Unusable.

    Of several contests of one study a contrast covers one only, so that none is taken; where
    `own_only`, contrasts that a review tabulates are passed by.
    """
    wanted, found, reasons = targets(ev, analysis), [], []
    for contest in contests:
        totals = [_allocated(ev, contest.study_id, g)
                  for g in (contest.cells, contest.comparator)]
        paired = _within_person(ev, contest.study_id)
        alone = sum(c.study_id == contest.study_id for c in contests) == 1
        for row in ev.contrasts[contest.study_id]:
            pair = (row["arm_intervention"], row["arm_comparator"])
            if row["outcome"] not in wanted or not analysis.in_window(row["timepoint_months"]):
                continue
            if analysis.instrument_contains.lower() not in (row["instrument"] or "").lower():
                continue
            if own_only and SOURCE_WORDS[_source_rank(ev, row)] == "a review":
                continue
            straight = (_touches(contest.cells, pair[0])
                        and _touches(contest.comparator, pair[1]))
            flipped = _touches(contest.cells, pair[1]) and _touches(contest.comparator, pair[0])
            if not straight and not flipped:
                continue  # of another comparison
            cells, comparator = pair if straight else reversed(pair)
            try:
                if late := _not_comparable(ev, contest.study_id, row["timepoint_months"]):
                    raise Unusable(late)
                if not (alone and _covers(contest.cells, cells)
                        and _covers(contest.comparator, comparator)):
                    raise Unusable("a result of selected arms only")
                yi, se, quality, words = _contrast_effect(
                    ev, analysis, row, flipped, _degrees_of_freedom(totals, paired))
                if quality not in rules.qualities:
                    raise Unusable(f"value {quality}: only in robustness")
            except Unusable as reason:
                reasons.append(str(reason))
                continue
            rank = (wanted.index(row["outcome"]), -(row["timepoint_months"] or 0),
                    _source_rank(ev, row))
            found.append((rank, row["row"], contest, row, yi, se, quality, words))
    if not found:
        raise Unusable(_main_reason(reasons))
    _, _, contest, row, yi, se, quality, words = min(found, key=lambda f: f[:2])
    totals = [_allocated(ev, contest.study_id, g) for g in (contest.cells, contest.comparator)]
    return Effect(
        trial, contest.study_id, contest.kind, contest.background, contest.cells.cells,
        row["outcome"], row["instrument"] or "", row["timepoint_months"], "contrast", yi, se**2,
        None, None, *totals, quality, ("effect as reported between the arms", *words),
        (reading("contrasts", row),), _within_person(ev, contest.study_id),
        enrolled=_enrolled(ev, contest))


def _enrolled(ev: Evidence, contest: Contest) -> float | None:
    """Patients of a study that has no other arms than those of the contest."""
    inside = {*contest.cells.arms, *contest.comparator.arms}
    arms = {a for (study, a), arm in ev.arms.items()
            if study == contest.study_id and not arm["combines"]}
    return ev.studies[contest.study_id]["n_enrolled"] if arms == inside else None


def _allocated(ev: Evidence, study: str, group: Group) -> float | None:
    numbers = [ev.arms[study, arm]["n_allocated"] for arm in group.arms]
    return None if None in numbers else float(sum(numbers))


# --- all trials -------------------------------------------------------------------------------


def _shares_patients(ev: Evidence, trial: str, rules: Rules) -> str:
    """With which trial patients are shared, in words, where that bars this one."""
    for overlap in ev.data.records("cohort_overlaps"):
        if overlap["indication"] != ev.indication:
            continue
        one, other = (ev.trial_of(overlap[key]) for key in ("study_id", "other_study_id"))
        if trial not in (one, other) or one == other:  # companions are one trial already
            continue
        keep = ev.trial_of(overlap["keep"]) if overlap["keep"] else one
        if overlap["action"] == "exclude-other" and trial != keep and not rules.sure_overlaps:
            return f"patients probably shared with {keep}"
        if overlap["action"] == "warn" and trial == other and not rules.possible_overlaps:
            return f"patients possibly shared with {one}"
    return ""


def _barred(ev: Evidence, trial: str, rules: Rules) -> tuple[str, bool]:
    """Why a trial may not enter at all, empty where it may, and whether it counts as known."""
    study = ev.studies[trial]
    if trial in rules.without:
        return "left out in this variant", True
    if study["design"] is None:
        return "design not stated", False
    if study["design"] not in rules.designs:
        return ("not randomised: in robustness" if study["design"] == "nonrandomised-controlled"
                else f"design: {ev.data.label('design', study['design'])}"), True
    if ev.nameless(study):
        return "a study without a name, which may be there under its own", False
    if study["status"] == "retracted" and not rules.retracted:
        return "retracted", False
    return _shares_patients(ev, trial, rules), False


def _one_alternative(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                     rules: Rules) -> Effect:
    """The effect of one class of comparison: rows first, then reported contrasts.

    In a within-person trial its own paired analysis goes before the rows.
    """
    fitting = [c for c in contests if c.cells.cells in rules.cell_classes]
    if not fitting:
        raise Unusable(APART)
    # A companion may be retracted when its main report is not.
    fitting = [c for c in fitting
               if rules.retracted or ev.studies[c.study_id]["status"] != "retracted"]
    ways = [_row_effect]
    if rules.contrasts and analysis.target_type != "event":
        ways.append(_reported_effect)
        if _within_person(ev, trial):  # a paired analysis knows what the arms' values do not
            ways.insert(0, partial(_reported_effect, own_only=True))
    reasons = []
    for way in ways:
        try:
            return way(ev, analysis, trial, fitting, rules)
        except Unusable as reason:
            reasons.append(str(reason))
    raise Unusable(_main_reason(reasons))


def select(ev: Evidence, analysis: Analysis,
           rules: Rules | None = None) -> tuple[list[Effect], list[LeftOut]]:
    """One effect per trial of an analysis, and every trial without one with its reason.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    rules : Rules, optional
        The protocol's main rules where left out; qualities of the analysis go before them.

    Returns
    -------
    (list of Effect, list of LeftOut)
        In the order of the trials' identifiers. A binary trial without events in either arm is an
        Effect without `yi`.
    """
    rules = rules or Rules()
    if analysis.qualities:
        rules = replace(rules, qualities=frozenset(analysis.qualities))
    effects, left = [], []
    for trial, alternatives in sorted(ev.contests(analysis.comparison).items()):
        if analysis.studies and trial not in analysis.studies:
            continue
        reason, counted = _barred(ev, trial, rules)
        if reason:
            left.append(LeftOut(trial, alternatives[0][0].study_id, reason, counted))
            continue
        reasons = []
        for contests in alternatives:
            try:
                effects.append(_one_alternative(ev, analysis, trial, contests, rules))
                break
            except Unusable as why:
                reasons.append(str(why))
        else:
            reason = _main_reason(reasons)
            left.append(LeftOut(trial, alternatives[0][0].study_id, reason, reason != APART))
    return effects, left
