"""The studies of an indication: what they are called, how many there are, what they compare."""

from __future__ import annotations

from ..effects import Evidence
from ..review.counted import ANIMAL, human_trials
from .base import Label, Struct, View, label, stated
from .naming import study_names


class Design(Struct):
    """Studies of one design."""

    design: Label | None  # None where it is not stated
    studies: int
    enrolled: int | None  # of the studies that state their size; None where none does
    unsized: int  # studies that do not


class StudySize(View, template="study_size"):
    """How many studies are known; a study with several reports is one."""

    reports: int
    studies: int
    animals: int
    counted: int  # trials in people whose patients are counted
    designs: tuple[Design, ...]


def study_size(ev: Evidence) -> StudySize:
    """How many studies and participants of which design are known."""
    main = [s for s in ev.studies.values() if not s["companion_of"]]
    by_design: dict[str | None, list] = {}
    for study in main:
        by_design.setdefault(study["design"], []).append(study["n_enrolled"])
    designs = []
    for design, sizes in sorted(by_design.items(), key=lambda item: -len(item[1])):
        known = [n for n in sizes if n is not None]
        designs.append(Design(stated(ev.data, "design", design), len(sizes),
                              sum(known) if known else None, len(sizes) - len(known)))
    return StudySize(len(ev.studies), len(main), len(by_design.get(ANIMAL, ())),
                     len(human_trials(ev)), tuple(designs))


class Compared(Struct):
    """One kind of comparison, and the names of the studies that make it."""

    kind: Label
    studies: tuple[str, ...]


class Comparisons(View, template="comparisons"):
    """Comparisons that studies of people make or an analysis asks for."""

    indication: str
    kinds: tuple[Compared, ...]


def comparisons(ev: Evidence) -> Comparisons:
    """Comparisons that studies of people make or an analysis asks for."""
    asked = {r["comparison"] for r in ev.data.having("analyses", "indication", ev.indication)}
    names, kinds = study_names(ev.data, ev.indication), []
    for kind in ev.data.words("comparison_class"):
        studies = {ev.trial_of(c.study_id) for c in ev.comparisons if c.kind == kind
                   and ev.studies[c.study_id]["design"] != ANIMAL}
        if studies or kind in asked:  # without either it is a question of another disease
            kinds.append(Compared(label(ev.data, "comparison_class", kind),
                                  tuple(sorted(names[s] for s in studies))))
    return Comparisons(ev.indication, tuple(kinds))
