"""Which rows of a trial could give its effect: candidates, best first, and why others could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..data.scales import fixed_limits
from .evidence import Contest, Evidence, Group
from .messages import said, understood
from .question import (
    FROM_ROWS,
    LOW_FOLLOW_UP,
    NO_VISIT,
    NOT_ASKED,
    ONE_ARM,
    OUTSIDE,
    Analysis,
    Rules,
    targets,
)
from .values import (
    SOURCE_NAMES,
    SOURCE_RANK,
    ArmValue,
    Reading,
    Unusable,
    binary,
    combined,
    continuous,
    refused,
    worst,
)


def by_limits(limits: tuple[float, float]) -> str:
    """The derivation of a scale that no row prints."""
    return said("limits", low=f"{limits[0]:g}", high=f"{limits[1]:g}")


def is_by_limits(derivation: str) -> bool:
    """Whether a step of a derivation takes the limits of an instrument as the scale."""
    return understood(derivation).key == "limits"


@dataclass(frozen=True)
class Slot:
    """Rows that can be compared between arms: same outcome, instrument, visit and scale."""

    outcome: str
    instrument: str
    months: float | None
    statistic: str
    scale: tuple[float | None, float | None]
    better: str | None


@dataclass
class Candidate:
    contest: Contest
    slot: Slot
    intervention: ArmValue
    comparator: ArmValue | None
    rows: list
    rank: tuple = field(default=())

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The rows that the values were read from."""
        return (*self.intervention.readings, *(self.comparator.readings if self.comparator else ()))


def scale_of(ev: Evidence, trial: str, row) -> tuple[tuple[float | None, float | None], str]:
    """The row's scale, that of the trial's other rows of the outcome, or that of the instrument.

    The row's values must fit it. A row that a review rescaled lends its scale to no other and
    has not that of the instrument: it is not the trial's own.
    """
    own = (row["scale_min"], row["scale_max"])
    if None not in own:
        return own, ""
    found = {(other["scale_min"], other["scale_max"]) for other in ev.outcomes_of_trial[trial]
             if other["outcome"] == row["outcome"] and not other["rescaled"]}
    fitting = [scale for scale in found if None not in scale and _fits(row, *scale)]
    if len(fitting) == 1:
        low, high = fitting[0]
        return (low, high), said("scale-of-rows", low=f"{low:g}", high=f"{high:g}")
    limits = fixed_limits(ev.data, row["outcome"], row["instrument"])
    if own == (None, None) and not (fitting or row["rescaled"]) and limits and _fits(row, *limits):
        return limits, by_limits(limits)
    return own, ""


def _fits(row, low: float, high: float) -> bool:
    """Whether the values of a row can be on a scale."""
    values = [row[c] for c in ("mean", "median", "q1", "q3", "min", "max") if row[c] is not None]
    if row["statistic"] == "final":
        return all(low <= v <= high for v in values)
    return all(abs(v) <= high - low for v in values)


def _allocated_units(ev: Evidence, analysis: Analysis, row) -> float | None:
    """Units allocated to the row's arm; patients for harms, where units are joints."""
    arm = ev.arms[row["study_id"], row["arm_id"]]
    if analysis.target_type == "event" and arm["n_patients"] is not None:
        return arm["n_patients"]
    return arm["n_allocated"]


def units(ev: Evidence, analysis: Analysis, row) -> tuple[float | None, tuple[str, ...]]:
    """Units of a row: printed, of the same arm and visit elsewhere, or allocated."""
    column = "total" if analysis.binary else "n"
    if row[column] is not None:
        return row[column], ()
    if analysis.target_type != "event":
        for other in ev.outcomes[row["study_id"], row["arm_id"]]:
            same = other["timepoint_months"] == row["timepoint_months"] is not None
            if same and other["n"] is not None:
                return other["n"], (said("n-of-row"),)
    allocated = _allocated_units(ev, analysis, row)
    return allocated, () if allocated is None else (said("allocated"),)


def _units_per_patient(ev: Evidence, analysis: Analysis, row, n: float) -> float:
    """Joints per patient, where they are not paired; 1 where patients are counted already."""
    arm, study = ev.arms[row["study_id"], row["arm_id"]], ev.studies[row["study_id"]]
    units, patients = arm["n_allocated"], arm["n_patients"]
    if patients is None:  # patients of each arm are often not stated, those of the trial are
        units, patients = study["n_enrolled"], study["n_patients"]
    if study["allocation"] == "within-person" or not units or not patients:
        return 1.0
    if analysis.target_type == "event" and n <= patients:
        return 1.0
    return max(units / patients, 1.0)


def row_value(ev: Evidence, analysis: Analysis, row, rules: Rules) -> ArmValue:
    """The value of one row under the rules; raises Unusable."""
    n, words = units(ev, analysis, row)
    if analysis.binary:
        table = "adverse_events" if analysis.target_type == "event" else "outcomes"
        value = binary(table, row, n, words)
    else:
        scale = scale_of(ev, ev.trial_of(row["study_id"]), row)[1] if analysis.rescale else ""
        value = continuous(row, n, (*words, scale) if scale else words)
        if is_by_limits(scale):
            if not rules.instrument_limits:
                raise Unusable(said("limits-only"))
            value = replace(value, quality=worst(value.quality, "derived"))
    if not rules.takes(value.quality):
        raise refused(value.quality, row)
    if value.skewed and not rules.skewed:
        raise Unusable(said("skewed"))
    allocated = _allocated_units(ev, analysis, row)
    if allocated:
        value = replace(value, low_follow_up=value.n < LOW_FOLLOW_UP * allocated)
        # SDs and counts are derived with the analysed n; only then is it replaced.
        if allocated != value.n and allocated >= (value.events or 2) and rules.allocated_n:
            value = replace(value, n=float(allocated),
                            derivation=(*value.derivation, said("allocated")))
    per_patient = _units_per_patient(ev, analysis, row, value.n)
    if per_patient > 1:
        value = value.thinned(per_patient, rules.icc)
    if not analysis.binary and value.n <= 1:
        raise Unusable(said("single"))
    return value


def _rows(ev: Evidence, analysis: Analysis, trial: str, study: str, arm: str) -> list:
    """(slot, row) of an arm for the outcomes or event of the analysis."""
    if analysis.target_type == "event":
        return [(Slot(analysis.target, "", row["months"], "final", (None, None), "lower"), row)
                for row in ev.events[study, arm] if row["event"] == analysis.target]
    wanted = targets(ev, analysis)
    out = []
    for row in ev.outcomes[study, arm]:
        if row["outcome"] not in wanted:
            continue
        if analysis.instrument_contains.lower() not in (row["instrument"] or "").lower():
            continue
        scale = (None, None) if analysis.binary else scale_of(ev, trial, row)[0]
        out.append((Slot(row["outcome"], row["instrument"] or "", row["timepoint_months"],
                          row["statistic"], scale, row["better"]), row))
    return out


def group_value(ev: Evidence, analysis: Analysis, group: Group, rows: dict[str, list],
                rules: Rules, value_of: Callable[..., ArmValue] = row_value) -> ArmValue:
    """The value of a group at one slot: unions replace their parts where they are usable."""
    usable, why = {}, []
    for arm_id, found in rows.items():
        for row in sorted(found, key=lambda r: row_order(ev, r, analysis.binary)):
            try:
                usable[arm_id] = value_of(ev, analysis, row, rules)
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
    if missing and parts and not rules.some_arms:
        raise Unusable(said("some-arms", arms=", ".join(missing)))
    if not parts:
        raise Unusable(why[0] if why else said("no-value"))
    value = combined(parts)
    if missing:
        words = said("unusable-arm", arms=", ".join(missing))
        value = replace(value, derivation=(*value.derivation, words))
    return value


def source_rank(ev: Evidence, row) -> int:
    return SOURCE_RANK.get(ev.sources[row["source_id"]]["kind"], 2)


def row_order(ev: Evidence, row, binary: bool) -> tuple[bool, int]:
    """Order of the rows of one arm: by source, but counts without a number at risk come last.

    A report that states "none" without saying of how many must not displace a count.
    """
    return binary and row["total"] is None, source_rank(ev, row)


def slots(ev: Evidence, analysis: Analysis, trial: str, contest: Contest) -> dict:
    """Slots of a contest with the rows of each side."""
    out: dict[Slot, tuple[dict, dict]] = {}
    for side, group in enumerate((contest.intervention, contest.comparator)):
        for arm in (*group.arms, *(u for u, _ in group.unions)):
            for slot, row in _rows(ev, analysis, trial, contest.study_id, arm):
                out.setdefault(slot, ({}, {}))[side].setdefault(arm, []).append(row)
    return out


def not_comparable(ev: Evidence, study: str, months: float | None) -> str:
    """Why a visit is too late; a companion's patients are those of the main report."""
    limits = [limit for name in (study, ev.trial_of(study))
              if (limit := ev.studies[name]["comparable_until_months"]) is not None]
    if limits and months is not None and months > min(limits):
        return said("late", months=f"{min(limits):g}")
    return ""


def slot_problem(ev: Evidence, analysis: Analysis, slot: Slot) -> str:
    """Why a slot cannot enter, whatever its values; empty where it can."""
    if analysis.measure not in FROM_ROWS or (analysis.target_type == "event"
                                             and not analysis.binary):
        return said("no-measure", measure=ev.data.label("measure", analysis.measure))
    if slot.statistic == "percent-change":
        return said("percent-change")
    if analysis.target_type == "event":
        return ""
    if analysis.binary:
        if slot.better is None or slot.better == analysis.favourable:
            return ""
        return said("direction") if slot.better == "unknown" else said("against")
    if slot.better not in ("lower", "higher"):
        return said("direction")
    if analysis.rescale and None in slot.scale:
        return said("no-scale")
    if analysis.measure == "SMD" and slot.statistic != "final":
        return said("changes")
    return ""


def ranked(ev: Evidence, wanted: list[str], randomised: bool, found: Candidate) -> Candidate:
    """The candidate with its place: outcome, visit, statistic, then source."""
    slot, used = found.slot, {r.row for r in found.readings}
    months = -1.0 if slot.months is None else slot.months
    return replace(found, rank=(
        wanted.index(slot.outcome), -months, (slot.statistic == "change") == randomised,
        max(source_rank(ev, r) for r in found.rows if r["row"] in used)))


def candidates(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                rules: Rules) -> tuple[list[Candidate], list[tuple[Slot, str]]]:
    """Every usable pair of a trial, best first, and why other pairs are not usable."""
    wanted = targets(ev, analysis)
    found, reasons = [], []
    randomised = ev.studies[trial]["design"] == "rct"
    for contest in contests:
        for slot, (given_rows, control_rows) in slots(ev, analysis, trial, contest).items():
            if not analysis.in_window(slot.months):
                where = NO_VISIT if slot.months is None else OUTSIDE
                reasons.append((slot, where))
                continue
            problem = (not_comparable(ev, contest.study_id, slot.months)
                       or slot_problem(ev, analysis, slot))
            try:
                if problem:
                    raise Unusable(problem)
                if not given_rows or not control_rows:
                    raise Unusable(ONE_ARM)
                intervention = group_value(ev, analysis, contest.intervention, given_rows, rules)
                control = group_value(ev, analysis, contest.comparator, control_rows, rules)
            except Unusable as reason:
                reasons.append((slot, str(reason)))
                continue
            rows = [r for side in (given_rows, control_rows) for rs in side.values() for r in rs]
            found.append(ranked(ev, wanted, randomised,
                                Candidate(contest, slot, intervention, control, rows)))
    return sorted(found, key=lambda c: c.rank), reasons


def slot_name(ev: Evidence, slot: Slot, *arms: str) -> str:
    """How rows are called in results: by outcome, visit and statistic, and arms where given."""
    name = ev.data.label("outcome", slot.outcome)
    # An event's name is in another list; the first that knows the word has its label.
    name = ev.data.label("event", slot.outcome) if name == slot.outcome else name
    key = f"row{'-of-arms' if arms else ''}{'-any-month' if slot.months is None else ''}"
    months = "" if slot.months is None else f"{slot.months:g}"
    return said(key, outcome=name, months=months, statistic=slot.statistic, arms=", ".join(arms))


def _other_rows(ev: Evidence, taken: list[Candidate]) -> list[tuple[str, str]]:
    """Rows of the visit that was taken that another row of their arm, or a union, replaced."""
    readings = [r for c in taken for r in c.readings]
    used, arms = {r.row for r in readings}, {(r.study_id, r.arm_id) for r in readings}
    out = []
    for candidate in taken:
        for row in candidate.rows:
            if row["row"] not in used:
                same = (row["study_id"], row["arm_id"]) in arms
                why = said("another-source", source=said(SOURCE_NAMES[source_rank(ev, row)])) if (
                    same) else said("union")
                out.append((slot_name(ev, candidate.slot, row["arm_id"]), why))
    return out


def passed_over(ev: Evidence, pairs: list[Candidate], others: list[Candidate],
                 unusable: list[tuple[Slot, str]]) -> tuple:
    """What else the trial has in the window, with the rule that put it behind."""
    taken, out = pairs[0], _other_rows(ev, pairs)
    for other in others:
        a, b = taken.rank, other.rank
        if a[0] != b[0]:
            why = said("lower-outcome")
        elif a[1] != b[1]:
            why = said("earlier-visit")
        elif a[2] != b[2]:
            why = said("finals-there" if other.slot.statistic == "change" else "changes-there")
        elif a[3] != b[3]:
            why = said("source", source=said(SOURCE_NAMES[b[3]]))
        else:
            why = said("later-row")
        out.append((slot_name(ev, other.slot), why))
    out += [(slot_name(ev, slot), why) for slot, why in unusable if why not in NOT_ASKED]
    return tuple(dict.fromkeys(out))
