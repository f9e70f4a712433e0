"""Patients with an adverse event in every arm that got the treatment, each patient counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from .. import synthesis
from ..effects import Evidence, Rules, treatment_class
from ..effects.candidates import source_rank
from ..effects.comparisons import KEPT_APART, is_treated
from ..effects.estimates import within_person
from ..effects.messages import Message, said, understood
from ..effects.question import APART
from ..effects.selection import shares_patients
from ..effects.values import MAIN_QUALITIES, Unusable, binary, doubt_of

ALLOCATED = said("allocated")
COUNTED_ALREADY = "counted-already"  # the message where the patients are in a sum


@dataclass(frozen=True)
class ArmEvents:
    """One event in one treated arm.

    Attributes
    ----------
    trial, study : str
        The main report of the patients, and the report that holds the row.
    events, total : int or None
        Patients with the event and patients at risk; None where no count of patients is known.
    treatment_source, treatment_product, provider : str or None
    route : tuple of str
        None where it is not stated, or differs between the parts of a union.
    treatment_class : str
        A word of the vocabulary `treatment_class`.
    controlled : bool
        Whether the trial has an arm without the treatment.
    months : float or None
        Follow-up of the count, else the longest of its report.
    row : int
        Line of `adverse_events.csv`.
    derivation : tuple of str
    printed : Message or None
        What the source prints: patients (``patients``, ``patients-of``), events (``events``) or a
        percentage (``percent``); None where no number.
    not_counted : str
        Why the arm is not in a total; empty where it is.
    """

    indication: str
    trial: str
    study: str
    arm: str
    event: str
    events: int | None
    total: int | None
    treatment_source: str | None
    treatment_product: str | None
    treatment_class: str
    provider: str | None
    route: tuple[str, ...]
    design: str | None
    controlled: bool
    months: float | None
    source: str
    row: int
    derivation: tuple[str, ...] = ()
    printed: Message | None = None
    not_counted: str = ""

    @property
    def seen_apart(self) -> bool:
        """Whether the event was seen in patients who are in no total."""
        return bool(self.not_counted and self.printed and self.printed.of["number"] != "0"
                    and understood(self.not_counted).key != COUNTED_ALREADY)


def _at_risk(arm, row) -> tuple[float | None, tuple[str, ...]]:
    """Patients at risk: printed, else allocated."""
    patients = arm["n_patients"] if arm["n_patients"] is not None else arm["n_allocated"]
    if row["total"] is None:
        return patients, () if patients is None else (ALLOCATED,)
    if arm["n_patients"] is not None and row["total"] > arm["n_patients"]:
        raise Unusable(said("units-counted"))
    return row["total"], ()


def _printed(row) -> Message | None:
    """The number of a row."""
    if row["events"] is None:
        return None if row["percent"] is None else Message(
            "percent", {"number": f"{row['percent']:g}"})
    number = f"{row['events']:g}"
    if row["count"] == "events":
        return Message("events", {"number": number})
    if row["total"] is None:
        return Message("patients", {"number": number})
    return Message("patients-of", {"number": number, "total": f"{row['total']:g}"})


def _read(ev: Evidence, controlled: bool, arm, row) -> ArmEvents:
    """One row, with its count or the reason why it has none."""
    study = row["study_id"]
    trial = ev.trial_of(study)
    months = row["months"] if row["months"] is not None else ev.studies[study]["followup_months"]
    blank = ArmEvents(
        ev.indication, trial, study, row["arm_id"], row["event"], None, None,
        arm["treatment_source"], arm["treatment_product"], treatment_class(ev.data, arm),
        arm["provider"], arm["route"],
        ev.studies[trial]["design"], controlled, months, row["source_id"], row["row"],
        printed=_printed(row))
    try:
        value = binary("adverse_events", row, *_at_risk(arm, row))
    except Unusable as reason:
        return replace(blank, not_counted=str(reason))
    return replace(blank, events=round(value.events), total=round(value.n),
                   derivation=value.derivation,
                   not_counted=_barred(ev, trial, study, blank.treatment_class, value.n)
                   or _weak(value, row))


def got_treatment(arm) -> bool:
    """Whether an arm got the treatment, also where neither source nor product is stated."""
    return is_treated(arm) or (arm["role"] == "intervention" and "none" not in (
        arm["treatment_source"], arm["treatment_product"]))


def _weak(value, row) -> str:
    """Why a count is no base of a total; empty where it is one."""
    if value.quality in MAIN_QUALITIES:
        return ""
    doubt = ", ".join(doubt_of(row))
    return (said("weak-count-doubt", quality=value.quality, doubt=doubt) if doubt
            else said("weak-count", quality=value.quality))


def _barred(ev: Evidence, trial: str, study: str, kind: str, n: float) -> str:
    """Why the patients of an arm are in no total, whatever their events."""
    if kind == KEPT_APART:
        return APART
    if n == 1:  # a single case is published for what happened in it
        return said("single-patient")
    if ev.nameless(ev.studies[trial]):
        return said("nameless")
    if why := ev.taken_back(trial) or ev.taken_back(study):
        return said(why)
    return shares_patients(ev, trial, Rules())


def _once(ev: Evidence, rows: list[ArmEvents]) -> list[ArmEvents]:
    """The rows of one trial and event, with all but one row of the same patients not counted.

    The report with the longest follow-up is taken; in it, for each arm, a count with its number
    at risk before one without, and the trial's own source before others; a union in place of its
    parts; one side of a within-person trial.
    """
    usable = [r for r in rows if not r.not_counted]
    if not usable:
        return rows
    studies = dict.fromkeys(r.study for r in usable)
    longest = max(studies, key=lambda s: max(_months(r) for r in usable if r.study == s))
    best: dict[str, ArmEvents] = {}
    order = sorted((r for r in usable if r.study == longest), key=lambda r: (
        -_months(r), ALLOCATED in r.derivation, source_rank(ev, {"source_id": r.source}), r.row))
    for r in order:
        best.setdefault(r.arm, r)
    inside = {part: arm for arm in best for part in ev.arms[longest, arm]["combines"]}
    sides = [arm for arm in best if arm not in inside] if within_person(ev, longest) else []

    def counted(r: ArmEvents) -> str:
        """Why the patients of a row are in a sum already; empty where they are not."""
        if r.study != longest:
            return said("longer-follow-up", study=longest)
        if best[r.arm] is not r:
            return said("another-count")
        if r.arm in inside:
            return said("in-union", arm=inside[r.arm])
        return said("other-side") if r.arm in sides[1:] else ""

    def why(r: ArmEvents) -> str:
        if r.not_counted:
            return r.not_counted
        already = counted(r)
        return said(COUNTED_ALREADY, of=already) if already else ""

    return [replace(r, not_counted=why(r)) for r in rows]


def _months(row: ArmEvents) -> float:
    return -1.0 if row.months is None else row.months


def arm_events(ev: Evidence) -> list[ArmEvents]:
    """Every adverse event of every arm that got the treatment, in people.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    list of ArmEvents
        In the order of the table; a patient is in at most one row of an event that is counted.
    """
    controlled = set(ev.contests("any"))
    groups: dict[tuple[str, str], list[ArmEvents]] = defaultdict(list)
    for key, rows in ev.events.items():
        trial = ev.trial_of(key[0])
        if ev.studies[key[0]]["design"] == "animal-experiment" or not got_treatment(ev.arms[key]):
            continue
        for row in rows:
            groups[trial, row["event"]].append(
                _read(ev, trial in controlled, ev.arms[key], row))
    return sorted((r for rows in groups.values() for r in _once(ev, rows)), key=lambda r: r.row)


def totals(rows: Iterable[ArmEvents]) -> dict:
    """Patients with an event over arms of different patients, with exact bounds.

    Parameters
    ----------
    rows : iterable of ArmEvents
        Of one event; rows that are not counted are passed by.

    Returns
    -------
    dict
        ``events``, ``total``, ``k`` (trials), ``k_none`` (those of them without an event),
        ``arms``, ``risk``, ``ci_low`` and ``ci_high``
        (Clopper–Pearson, 95%), ``upper`` (one-sided 95% bound where nobody had the event, else
        None), ``months_low`` and ``months_high`` (range of follow-up); risks are proportions, and
        None without patients.
    """
    counted = [r for r in rows if not r.not_counted]
    events, total = sum(r.events for r in counted), sum(r.total for r in counted)
    low, high = synthesis.clopper_pearson(events, total) if total else (None, None)
    months = [r.months for r in counted if r.months is not None]
    known = {(r.indication, r.trial) for r in counted}
    affected = {(r.indication, r.trial) for r in counted if r.events}
    return {
        "events": events, "total": total, "k": len(known), "k_none": len(known - affected),
        "arms": len(counted), "risk": events / total if total else None, "ci_low": low,
        "ci_high": high,
        "upper": synthesis.upper_bound_zero_events(total) if total and not events else None,
        "months_low": min(months, default=None), "months_high": max(months, default=None)}
