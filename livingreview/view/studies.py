"""The studies of an indication: what they are called, how many there are, what they compare."""

from __future__ import annotations

from dataclasses import dataclass

from ..data.dataset import Dataset
from ..effects import Evidence
from ..review.counted import ANIMAL, human_trials
from .addresses import Addresses
from .base import Label, View, label, stated
from .naming import study_names


class Names:
    """Names and addresses of all studies of a data folder.

    Parameters
    ----------
    data : Dataset
    """

    def __init__(self, data: Dataset):
        self._data, self._addresses, self._known = data, Addresses(data), {}

    def __getitem__(self, indication: str) -> dict[str, str]:
        """The names of an indication's studies, read when they are asked for."""
        if indication not in self._known:
            self._known[indication] = study_names(self._data, indication)
        return self._known[indication]

    def of(self, indication: str, study_id: str) -> tuple[str, str]:
        """Name and address of a study."""
        return str(self[indication][study_id]), self._addresses.trial(indication, study_id)


@dataclass(frozen=True)
class Design:
    """Studies of one design.

    Attributes
    ----------
    design : Label or None
        None where it is not stated.
    enrolled : int or None
        Of the studies that state their size; None where none does.
    unsized : int
        Studies that do not.
    """

    design: Label | None
    studies: int
    enrolled: int | None
    unsized: int


@dataclass(frozen=True)
class StudySize(View):
    """How many studies are known; a study with several reports is one.

    Attributes
    ----------
    counted : int
        Trials in people whose patients are counted.
    """

    template = "study_size"

    reports: int
    studies: int
    animals: int
    counted: int
    designs: tuple[Design, ...]


def study_size(ev: Evidence) -> StudySize:
    """How many studies and participants of which design are known.

    Parameters
    ----------
    ev : Evidence
    """
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


@dataclass(frozen=True)
class Compared:
    """One kind of comparison, and the names of the studies that make it."""

    kind: Label
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Comparisons(View):
    """Comparisons that studies of people make or an analysis asks for."""

    template = "comparisons"

    indication: str
    kinds: tuple[Compared, ...]


def comparisons(ev: Evidence) -> Comparisons:
    """Comparisons that studies of people make or an analysis asks for.

    Parameters
    ----------
    ev : Evidence
    """
    asked = {r["comparison"] for r in ev.data.having("analyses", "indication", ev.indication)}
    names, kinds = study_names(ev.data, ev.indication), []
    for kind in ev.data.words("comparison_class"):
        studies = {ev.trial_of(c.study_id) for c in ev.comparisons if c.kind == kind
                   and ev.studies[c.study_id]["design"] != ANIMAL}
        if studies or kind in asked:  # without either it is a question of another disease
            kinds.append(Compared(label(ev.data, "comparison_class", kind),
                                  tuple(sorted(names[s] for s in studies))))
    return Comparisons(ev.indication, tuple(kinds))
