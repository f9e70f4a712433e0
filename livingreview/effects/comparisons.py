"""Which arms of a trial are compared, and what kind of comparison each pair is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

from ..data.dataset import Dataset

GIVEN = ("treatment_source", "treatment_product")  # columns that tell what a treated arm got
SUBSTANCE = "substance"  # kind of the comparator's types that are a class of their own
# Class of the other kinds of a comparator's type in the vocabulary.
CLASS_OF_KIND = {"placebo": "placebo", "conservative": "conservative-or-none",
                 "operation": "another-operation"}
# Classes of the treatment that every review has: what no main pool takes, and what is not stated.
KEPT_APART, CLASS_NOT_STATED = "apart", "not-stated"
_NO_CLASS = ("", "none")  # kinds of a product that is of no class
# Studies without a comparator: what changed in their treated patients is a question of its own.
UNCONTROLLED = "uncontrolled"
UNCONTROLLED_DESIGNS = frozenset({"single-arm", "case-series"})
# Comparisons in which the arms differ in more than the treatment, or may do so.
OTHER_INTERVENTIONS, WITH_ANOTHER = "other-interventions", "with-another-treatment"
MORE_DIFFERS = ("another-operation", WITH_ANOTHER, "not-stated")


@dataclass(frozen=True)
class Comparison:
    """A treated arm against a comparator arm of one study.

    Attributes
    ----------
    kind : str
        A word of the vocabulary `comparison_class`.
    background : tuple of str
        What both arms got besides; empty where neither got anything.
    rule : int
        Number of the rule of the protocol that decided (1 to 6).
    """

    study_id: str
    treated_arm: str
    comparator_arm: str
    kind: str
    background: tuple[str, ...]
    rule: int


def resolved_arms(data: Dataset, indication: str) -> dict[tuple[str, str], MappingProxyType]:
    """Arms by study and identifier; a union inherits what is empty in it and equal in its parts.

    Parameters
    ----------
    data : Dataset
    indication : str

    Returns
    -------
    dict
        ``(study_id, arm_id)`` to the arm's record.
    """
    arms = {(a["study_id"], a["arm_id"]): a for a in data.records("arms", indication)}
    out = dict(arms)
    for (study, arm_id), arm in arms.items():
        parts = [arms[study, part] for part in arm["combines"]]
        if not parts:
            continue
        merged = dict(arm)
        for field, value in arm.items():
            common = {part[field] for part in parts}
            if value in (None, ()) and len(common) == 1 and field not in ("n_allocated", "female_n",
                                                                          "n_patients"):
                merged[field] = common.pop()
        for field in ("n_allocated", "n_patients"):
            numbers = [part[field] for part in parts]
            if merged[field] is None and None not in numbers:
                merged[field] = sum(numbers)
        out[study, arm_id] = MappingProxyType(merged)
    return out


def substances(data: Dataset) -> tuple[str, ...]:
    """Classes of comparison that are one substance each, in the order of the vocabulary."""
    return tuple(word for word in data.words("comparison_class")
                 if data.kind("comparator_type", word) == SUBSTANCE)


def any_order(data: Dataset) -> tuple[str, ...]:
    """Classes in the order of preference.

    A trial with several kinds of control gives one effect to "any control": that of the first.
    """
    return ("placebo", "same-co-treatment", "conservative-or-none", *substances(data),
            *MORE_DIFFERS)


def plain_classes(data: Dataset) -> frozenset[str]:
    """Classes whose own analyses take only pairs in which neither arm got anything else."""
    return frozenset({"placebo", "conservative-or-none", *substances(data)})


def is_treated(arm) -> bool:
    """Whether an arm got a treatment of the review, whatever its role (rule 1)."""
    return (any(arm[column] not in (None, "none") for column in GIVEN)
            or arm["comparator_type"] == "other-intervention")


def without_usual_care(data: Dataset, arm) -> frozenset[str]:
    """What an arm got besides, without what everybody gets."""
    return frozenset(word for word in arm["cointervention"]
                     if data.kind("cointervention", word) != "usual care")


def _class_of_type(data: Dataset, kind: str | None) -> str:
    """Class of a comparator type (rule 4); empty for a word that the protocol has no class for."""
    if kind is None:
        return "not-stated"
    if kind in substances(data):
        return kind
    return CLASS_OF_KIND.get(data.kind("comparator_type", kind), "")


def classify(data: Dataset, treated, comparator) -> tuple[str, tuple[str, ...], int]:
    """Class, background and deciding rule of one pair of arms (rules 2 to 6).

    Parameters
    ----------
    data : Dataset
    treated, comparator : mapping
        Records of `arms.csv`.

    Returns
    -------
    (str, tuple of str, int)
    """
    given, control = without_usual_care(data, treated), without_usual_care(data, comparator)
    kind = comparator["comparator_type"]
    with_substance = control | ({kind} if kind in substances(data) else set())
    background = tuple(sorted(given))
    if given and given == with_substance:
        return "same-co-treatment", background, 3
    if given == control and (own := _class_of_type(data, kind)):
        return own, background, 4
    if any(data.kind("cointervention", word) in ("operation", "graft")
           for word in control - given):
        return "another-operation", background, 5
    return WITH_ANOTHER, background, 6


def comparisons(data: Dataset, indication: str) -> tuple[Comparison, ...]:
    """Every pair of a treated arm and another arm of one study, with its class.

    Parameters
    ----------
    data : Dataset
    indication : str

    Returns
    -------
    tuple of Comparison
        In the order of `arms.csv`. A union and its own parts are no pair. In animal experiments a
        sham-operated group is a reference, not a comparator.
    """
    arms = resolved_arms(data, indication)
    design = {s["study_id"]: s["design"] for s in data.records("studies", indication)}
    by_study: dict[str, list] = {}
    for (study, _), arm in arms.items():
        by_study.setdefault(study, []).append(arm)
    out = []
    for study, group in by_study.items():
        for one, other in combinations(group, 2):
            if one["arm_id"] in other["combines"] or other["arm_id"] in one["combines"]:
                continue
            treated = [arm for arm in (one, other) if is_treated(arm)]
            if len(treated) == 2:
                out.append(Comparison(study, one["arm_id"], other["arm_id"], OTHER_INTERVENTIONS,
                                      (), 1))
            elif treated:
                given = treated[0]
                control = other if given is one else one
                if design[study] == "animal-experiment" and control["comparator_type"] == "sham":
                    continue
                out.append(Comparison(study, given["arm_id"], control["arm_id"],
                                      *classify(data, given, control)))
    return tuple(out)


def treatment_class(data: Dataset, arm) -> str:
    """What its product counts as: a class of the review, not stated, or kept apart."""
    kind = data.kind("treatment_product", arm["treatment_product"])
    if KEPT_APART in (kind, data.kind("treatment_source", arm["treatment_source"])):
        return KEPT_APART
    return CLASS_NOT_STATED if kind in _NO_CLASS else kind


def pooled_classes(data: Dataset) -> tuple[str, ...]:
    """The classes of the treatment that main pools take, in the order of the vocabulary."""
    used = {row["kind"] for row in data.words("treatment_product").values()}
    return tuple(word for word in data.words("treatment_class") if word in used - {KEPT_APART})


def additions(data: Dataset, indication: str) -> tuple[tuple[str, str], ...]:
    """Studies that compare the same treatment with and without one more treatment.

    Parameters
    ----------
    data : Dataset
    indication : str

    Returns
    -------
    tuple of (str, str)
        Study, and the word of the treatment that one of two treated arms got besides.
    """
    arms, out = resolved_arms(data, indication), []
    for pair in comparisons(data, indication):
        one, other = (arms[pair.study_id, arm] for arm in (pair.treated_arm, pair.comparator_arm))
        more = without_usual_care(data, one) ^ without_usual_care(data, other)
        same = all(one[field] == other[field] for field in (*GIVEN, "provider"))
        if pair.kind == OTHER_INTERVENTIONS and same and len(more) == 1:
            out.append((pair.study_id, *more))
    return tuple(dict.fromkeys(out))
