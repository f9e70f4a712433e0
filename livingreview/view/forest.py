"""A forest plot: one row for each trial, the pooled estimate, and the axis that they share."""

from __future__ import annotations

import hashlib
import math

from ..data.dataset import Dataset
from ..data.notices import noticed
from ..review.measure import measure, ratio, uncontrolled, varying, weightless
from .addresses import Addresses
from .axis import Axis, Mark, Tick
from .base import Label, Struct, View, label
from .finding import Estimate, Finding, Findings, estimate_of
from .naming import arm_names, of_study, spoken, study_names
from .recompute import Recompute, recompute

PERCENT = (-4.0, 104.0)  # none to all, with room for the marks at both ends
# Divisions that the figure itself may show: keys of a trial, and the vocabulary of their values.
_GROUPED = {"treatment_class": "treatment_class", "comparison": "comparison_class"}


class Arm(Struct):
    """The numbers of one group of a trial; None where they are not stated."""

    n: float | None
    mean: float | None = None
    sd: float | None = None
    events: float | None = None
    before: float | None = None
    after: float | None = None


class Row(Struct):
    """One trial of a forest plot."""

    id: str  # of the trial
    trial: str
    href: str  # page of the trial
    source: str  # where the numbers come from
    outcome: Label | None  # what was measured, where the trials differ in it
    months: float | None
    statistic: str  # ``final``, ``change`` or ``contrast``
    besides: tuple[Label, ...]  # what both groups got beyond what the analysis asks for
    # ``within-person``, ``low-follow-up``, ``doubtful``, ``derived``, ``odd``, ``notice``
    signs: tuple[str, ...]
    intervention: Arm
    control: Arm | None
    weight: float | None
    no_weight: bool
    # the estimate without a trial of weight 0 whose numbers count all the same
    weightless: Estimate | None
    estimate: Estimate | None
    mark: Mark | None
    size: float  # side of its square or radius of its ring in pixels


class Group(Struct):
    """Trials of one kind with their own pooled estimate, and the model that it is of."""

    name: Label | None
    rows: tuple[Row, ...]
    estimate: Estimate | None
    model: str
    mark: Mark | None


class Odd(Struct):
    """What is odd about the values of a trial."""

    trial: str
    href: str
    said: str


class Forest(View, template="forest"):
    """A forest plot."""

    finding: Finding
    alone: bool
    groups: tuple[Group, ...]
    mark: Mark | None
    prediction: Mark | None
    random: Estimate | None
    model: str  # of the pooled estimate
    ticks: tuple[Tick, ...]
    zero: float | None  # place of the line of no effect; a share of patients has none
    # places of the lines of the smallest change that a patient notices
    important: tuple[float, ...]
    mid_population: str
    better: str  # ``left`` or ``right``: the side on which the treated fare better
    measured: Label | None  # the instrument that all trials share
    odd: tuple[Odd, ...]
    fractions: bool
    recompute: Recompute | None  # with what a reader pools the trials again


def anchor(result: dict, study: dict) -> str:
    """The anchor of a trial's numbers; the same numbers in two analyses share one."""
    key = "|".join(str(study[k]) for k in ("study_id", "outcome", "instrument", "months",
                                           "statistic", "comparison"))
    arms = [study[side]["arms"] for side in ("intervention", "comparator") if study[side]]
    digest = hashlib.sha256(f"{key}|{arms}|{result['question']['measure']}|"
                            f"{study['yi']}|{study['vi']}".encode()).hexdigest()[:8]
    return f"value-{study['trial_id']}-{digest}"


def signs_of(study: dict, noticed: frozenset[str]) -> tuple[str, ...]:
    """What the signs behind a trial's name say of its values.

    Parameters
    ----------
    study : dict
        What a trial gives to an analysis of ``results.json``.
    noticed : frozenset of str
        Studies about which a notice is still to be dealt with.
    """
    found = [("within-person", study["within_person"]), ("low-follow-up", study["low_follow_up"]),
             ("doubtful", study["quality"] in ("borrowed", "digitised", "doubtful")),
             ("derived", study["quality"] == "derived" or "allocated n" in study["derivation"]),
             ("odd", bool(study["odd"])),
             ("notice", not noticed.isdisjoint((study["trial_id"], study["study_id"])))]
    signs = [name for name, there in found if there]
    return tuple(s for s in signs if s != "derived" or "doubtful" not in signs)


def axis_of(result: dict) -> Axis:
    """The axis on which a result is drawn."""
    if uncontrolled(result) and measure(result).binary:
        return Axis((), ends=PERCENT)
    shown = [s for s in result["studies"] if s["yi"] is not None]
    shown.append(result["pooled"] or {})
    values = [s[k] for s in shown for k in ("ci_low", "ci_high") if s.get(k) is not None]
    return Axis([*values, *important(result)], ratio(result))


def important(result: dict) -> tuple[float, ...]:
    """The smallest change that matters, on both sides; of the treated alone on the better one."""
    mid = result["minimal_important_difference"]
    if mid is None:
        return ()
    if not uncontrolled(result):
        return (-mid["value"], mid["value"])
    return (-mid["value"] if result["question"]["favourable"] == "lower" else mid["value"],)


def mark_of(axis: Axis, values: dict | Estimate | None) -> Mark | None:
    """An estimate on an axis; None where there is none."""
    found = values if isinstance(values, Estimate) else estimate_of(values)
    return axis.mark(found.value, found.low, found.high) if found else None


class Forests:
    """Forest plots of one indication."""

    def __init__(self, data: Dataset, indication: str):
        self.data, self.indication = data, indication
        self.addresses = Addresses(data)
        self.findings = Findings(data, indication, self.addresses)
        self.names = study_names(data, indication)
        self.arms = arm_names(data, indication)
        self.noticed = noticed(data, indication)

    def of(self, result: dict) -> Forest:
        """The forest plot of an analysis.

        Parameters
        ----------
        result : dict
            One analysis of ``results.json``.
        """
        axis, mid = axis_of(result), result["minimal_important_difference"]
        pooled = result["pooled"] or {}
        several, binary = result["k"] > 1 and pooled, measure(result).binary
        spread = varying(result) if pooled else {}
        alone = uncontrolled(result)
        predicted = several and spread.get("pi_low") is not None
        return Forest(
            finding=self.findings.of(result), alone=alone,
            groups=self._groups(axis, result),
            mark=mark_of(axis, pooled) if several else None,
            prediction=axis.mark(spread["estimate"], spread["pi_low"], spread["pi_high"])
            if predicted else None,
            random=estimate_of(None if spread is pooled else spread), model=pooled.get("model", ""),
            ticks=axis.ticks(),
            zero=None if alone and binary else axis.x(1.0 if axis.log else 0.0),
            important=tuple(axis.x(v) for v in important(result) if axis.inside(v)),
            mid_population=mid["population"] if mid else "",
            better="left" if result["question"]["favourable"] == "lower" else "right",
            measured=self._measured(result), odd=self._odd(result),
            fractions=any((s["n_intervention"] or 0) % 1 for s in result["studies"]),
            recompute=recompute(self.data, result, axis, self.names))

    def _measured(self, result: dict) -> Label | None:
        """The instrument that all trials share."""
        found = {s["outcome"] for s in result["studies"]}
        if len(found) != 1 or result["question"]["target_type"] == "event":
            return None
        one = label(self.data, "outcome", found.pop())
        return one if one.en in {w["label_en"] for w in self.data.words("outcome").values()} else (
            None)

    def _odd(self, result: dict) -> tuple[Odd, ...]:
        return tuple(
            Odd(*self.findings.trial(s["trial_id"]),
                spoken("; ".join(dict.fromkeys(wrong for _, wrong in s["odd"])), self.names,
                       of_study(self.arms, s["study_id"])))
            for s in result["studies"] if s["odd"])

    def _groups(self, axis: Axis, result: dict) -> tuple[Group, ...]:
        studies = result["studies"]
        by = "comparison" if result["question"]["comparison"] == "any" else "treatment_class"
        vocabulary = _GROUPED[by]
        values = [v for v in self.data.words(vocabulary) if any(s[by] == v for s in studies)]
        pools = {g["value"]: g for s in result["subgroups"] if s["by"] == by for g in s["groups"]}
        out = []
        for value in values:
            pool = pools.get(value) if len(values) > 1 else None
            pool = pool if pool and pool["k"] > 1 else None
            out.append(Group(
                label(self.data, vocabulary, value) if len(values) > 1 else None,
                tuple(self._row(axis, result, s) for s in studies if s[by] == value),
                estimate_of(pool), pool["model"] if pool else "", mark_of(axis, pool)))
        return tuple(out)

    def _row(self, axis: Axis, result: dict, study: dict) -> Row:
        trial = study["trial_id"]
        one_outcome = len({s["outcome"] for s in result["studies"]}) == 1
        there, bare = study["yi"] is not None, weightless(result, study)
        root = math.sqrt(study["weight"] or 0)
        return Row(
            id=trial, trial=self.names[trial],
            href=self.addresses.trial(self.indication, trial),
            source=self.addresses.value(self.indication, trial, anchor(result, study)),
            outcome=None if one_outcome else self._outcome(study["outcome"]),
            months=study["months"],
            statistic=study["statistic"] or "", besides=self._besides(result, study),
            signs=signs_of(study, self.noticed), intervention=_arm(study, "intervention"),
            control=None if uncontrolled(result) else _arm(study, "comparator"),
            weight=study["weight"] if result["k"] > 1 else None, no_weight=bare,
            weightless=estimate_of(study.get("without")) if bare else None,
            estimate=Estimate(study["estimate"], study["ci_low"], study["ci_high"], 1)
            if there else None,
            mark=axis.mark(study["estimate"], study["ci_low"], study["ci_high"])
            if there else None,
            size=round(2.5 + 5 * root if uncontrolled(result) else 4 + 12 * root, 1))

    def _outcome(self, outcome: str) -> Label:
        """What was measured in one trial: an outcome, or an event."""
        known = outcome in self.data.words("event")
        return label(self.data, "event" if known else "outcome", outcome)

    def _besides(self, result: dict, study: dict) -> tuple[Label, ...]:
        """What both groups of a trial got beyond the background that the analysis asks for."""
        asked = result["question"]["background"]
        if not asked and not uncontrolled(result):
            return ()
        return tuple(label(self.data, "cointervention", w) for w in study["background"]
                     if w != asked)


def _arm(study: dict, side: str) -> Arm:
    """The numbers of a group; a reported contrast has only its size."""
    arm, n = study[side], study[f"n_{side}"]
    visits = [study[v] for v in ("baseline", "last")]
    before, after = ((v["mean"] if v else None for v in visits) if side == "intervention"
                     else (None, None))
    if arm is None:
        return Arm(n, before=before, after=after)
    return Arm(arm["n"], arm["mean"], arm["sd"], arm["events"], before, after)
