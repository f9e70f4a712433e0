"""How well the data were extracted, what is odd in them, and what was decided of it."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from ..data import doubts as decisions
from ..data.dataset import Dataset
from ..data.notices import OPEN, by_study, flaw
from ..review import Review
from ..synthesis import clopper_pearson
from .base import Label, Struct, View, label, labels, stated
from .directory import Directory
from .naming import seed_names, spoken

# --- how well values were read ------------------------------------------------------------------


class Agreement(Struct):
    """How many of the values that were read again agree; the interval is in percent."""

    what: str
    checked: int
    agreed: int
    low: float
    high: float
    note: str


class Extraction(View, template="extraction"):
    """Values that two extractions read, and samples that were looked up again."""

    twice: Agreement | None
    audits: tuple[Agreement, ...]


def _agreement(checked: int, agreed: int, what: str = "", note: str | None = None) -> Agreement:
    low, high = clopper_pearson(agreed, checked)
    return Agreement(what, checked, agreed, 100 * low, 100 * high, note or "")


def extraction(data: Dataset) -> Extraction:
    """How often two independent extractions agree, and what a second look found."""
    rows = [r for i in data.indications for r in data.records("double_extraction", i)]
    equal = sum(r["first"] == r["second"] for r in rows)
    return Extraction(
        _agreement(len(rows), equal) if rows else None,
        tuple(_agreement(r["checked"], r["agreed"], r["what"], r["note"])
              for r in data.records("audits")))


# --- patients that several studies share, retractions -------------------------------------------


class Overlap(Struct):
    """Two studies that share patients, surely or possibly."""

    indication: Label
    studies: tuple[tuple[str, str], tuple[str, str]]
    kind: Label
    reason: str
    action: Label


class Overlaps(View, template="overlaps"):
    """Studies that share patients."""

    pairs: tuple[Overlap, ...]


def overlaps(data: Dataset) -> Overlaps:
    """Studies that share patients."""
    directory = Directory(data)
    return Overlaps(tuple(
        Overlap(label(data, "indication", i),
                tuple(directory.of(i, r[key]) for key in ("study_id", "other_study_id")),
                label(data, "overlap_kind", r["kind"]), spoken(r["reason"], directory.names(i)),
                label(data, "overlap_action", r["action"]))
        for r in data.records("cohort_overlaps") for i in [r["indication"]]))


class Retraction(Struct):
    """A report that was retracted or is under concern."""

    study: tuple[str, str]
    indication: Label
    status: Label
    notices: tuple[Label, ...]  # kinds of the notices that are still to be dealt with
    title: str
    cited: tuple[tuple[str, str], ...]  # seed reviews that cite it, with the number in their list
    used: bool  # whether some analysis uses it


class Retractions(View, template="retractions"):
    """Reports that were retracted or are under concern, and where they still stand."""

    reports: tuple[Retraction, ...]


def retractions(review: Review) -> Retractions:
    """Reports that were retracted or are under concern, and where they still stand.

    By their status, or by a notice that is still to be dealt with.
    """
    data, directory, seeds, found = review.data, Directory(review.data), seed_names(review.data), []
    for i in data.indications:
        known = by_study(data, i)
        rows = [s for s in data.records("studies", i)
                if flaw(s, known.get(s["study_id"], ()))]
        used = rows and {s[key] for r in review.analyses(i) for s in r["studies"]
                         for key in ("study_id", "trial_id")}
        found += [Retraction(
            directory.of(i, s["study_id"]), label(data, "indication", i),
            label(data, "status", s["status"]), labels(data, "notice_kind", dict.fromkeys(
                n["kind"] for n in known.get(s["study_id"], ()) if n["state"] == OPEN)),
            s["title"] or "",
            tuple((seeds.get(seed, seed), number) for seed, _, number in (
                c.partition(":") for c in s["cited_by"])), s["study_id"] in used) for s in rows]
    return Retractions(tuple(found))


# --- what is odd --------------------------------------------------------------------------------


class Doubt(Struct):
    """A value that looks doubtful, with what was decided of it."""

    study: tuple[str, str]
    indication: Label
    table: Label
    arm: str  # with `item` and `months`: empty or None where all are meant
    item: Label | None
    months: float | None
    rule: Label
    found: str
    decision: Label
    reason: str
    date: str


class Doubts(View, template="doubts"):
    """Values that look doubtful, and how many of them stay in."""

    decisions: tuple[Doubt, ...]
    kept: int


def doubts(data: Dataset) -> Doubts:
    """Values that look doubtful, with what was decided of each."""
    rows = [d for i in data.indications for d in decisions.settlements(data, i)]
    directory = Directory(data)
    return Doubts(tuple(_doubt(data, d, directory) for d in rows),
                  sum(d["decision"] == "kept" for d in rows))


def _doubt(data: Dataset, d: Mapping, directory: Directory) -> Doubt:
    item = "event" if d["table"] == "adverse_events" else "outcome"
    return Doubt(
        directory.of(d["indication"], d["study_id"]), label(data, "indication", d["indication"]),
        label(data, "doubt_table", d["table"]),
        directory.arms(d["indication"])[d["study_id"], d["arm_id"]] if d["arm_id"] else "",
        stated(data, item, d["item"]), d["timepoint_months"],
        label(data, "doubt_rule", d["rule"]), d["finding"] or "",
        label(data, "doubt_decision", d["decision"]), d["reason"] or "", str(d["date"] or ""))


class Warned(Struct):
    """A warning of the validation; `row` is None where it is of a whole file."""

    file: str
    row: int | None
    column: str
    value: str
    wrong: str
    expected: str
    rule: str


class Warnings(View, template="warnings"):
    """Every warning of the validation."""

    all: tuple[Warned, ...]


def warnings(data: Dataset) -> Warnings:
    """Every warning of the validation, with the names of studies: those of its own folder first."""
    directory = Directory(data)
    known = ChainMap(*(directory.names(i) for i in data.indications))
    found = []
    for p in data.warnings:
        folder = p.file.partition("/")[0]
        own = directory.names(folder) if folder in data.indications else {}
        found.append(Warned(p.file, p.row, p.column or "", str(p.value or ""),
                            spoken(p.wrong, own, known), spoken(p.expected, own, known), p.rule))
    return Warnings(tuple(found))


# --- comparisons --------------------------------------------------------------------------------


class Pair(Struct):
    """A treated arm and another of one study, with the class and the rule that decided."""

    study: tuple[str, str]
    treated: str
    comparator: str
    kind: Label
    background: tuple[Label, ...]
    rule: int


class ArmPairs(Struct):
    """The pairs of arms of an indication."""

    id: str
    indication: Label
    pairs: tuple[Pair, ...]


class ArmComparisons(View, template="arm_comparisons"):
    """Every pair of arms with its class and the rule that decided."""

    indications: tuple[ArmPairs, ...]


def arm_comparisons(review: Review) -> ArmComparisons:
    """Every pair of arms with its class and the rule that decided."""
    data, directory, found = review.data, Directory(review.data), []
    for i in data.indications:
        arms = directory.arms(i)
        found.append(ArmPairs(i, label(data, "indication", i), tuple(
            Pair(directory.of(i, c.study_id), arms[c.study_id, c.treated_arm],
                 arms[c.study_id, c.comparator_arm], label(data, "comparison_class", c.kind),
                 labels(data, "cointervention", c.background), c.rule)
            for c in review.evidence[i].comparisons)))
    return ArmComparisons(tuple(found))
