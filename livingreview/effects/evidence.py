"""The evidence of one indication, indexed the way that trials are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..data.asking import asked
from ..data.dataset import Dataset
from ..data.identified import is_named
from ..data.notices import by_study, taken_back
from .comparisons import (
    GIVEN,
    OTHER_INTERVENTIONS,
    UNCONTROLLED,
    UNCONTROLLED_DESIGNS,
    Comparison,
    any_order,
    comparisons,
    is_treated,
    plain_classes,
    resolved_arms,
    treatment_class,
    without_usual_care,
)


@dataclass(frozen=True)
class Group:
    """Arms of one study that differ in dose or number of administrations alone.

    `unions` are arms that a source reports in place of several of `arms`.
    """

    arms: tuple[str, ...]
    unions: tuple[tuple[str, frozenset[str]], ...]
    treatment_class: str


NOBODY = Group((), (), "")  # the comparator of a study without one


@dataclass(frozen=True)
class Contest:
    """A group of treated arms against a group of comparator arms of one study, or against nobody.

    `silent` are arms of the same comparison of which no number is known; they are in no group.
    """

    study_id: str
    kind: str
    background: tuple[str, ...]
    intervention: Group
    comparator: Group
    silent: tuple[str, ...] = ()


def _signature(arm) -> tuple:
    """What must be equal in arms that are combined: all but dose and number of administrations."""
    return (*(arm[name] for name in GIVEN), arm["provider"], arm["route"], arm["carrier"],
            frozenset(arm["cointervention"]), arm["comparator_type"])


# What a row must print to tell anything of its arm.
_NUMBERS = {"outcomes": ("mean", "median", "events", "percent"),
            "adverse_events": ("events", "percent")}
_OF_CONTRASTS = ("estimate", "p_value")


class Evidence:
    """Studies, arms, comparisons and rows of one indication.

    Parameters
    ----------
    data : Dataset
    indication : str
    """

    def __init__(self, data: Dataset, indication: str):
        self.data = data
        self.indication = indication
        self._asked: dict[tuple[str, str], dict[str, list[list[Contest]]]] = {}
        self.found: dict = {}  # effects that were found once (see `selection`)

    # Each table is read when it is asked for: a page depends on those alone that it needs.
    @cached_property
    def studies(self) -> dict[str, Mapping]:
        """By study."""
        return {s["study_id"]: s for s in self.data.records("studies", self.indication)}

    @cached_property
    def arms(self) -> dict[tuple[str, str], Mapping]:
        """By study and arm."""
        return resolved_arms(self.data, self.indication)

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Of all studies."""
        return comparisons(self.data, self.indication)

    @cached_property
    def sources(self) -> dict[str, Mapping]:
        """By source."""
        return {s["source_id"]: s for s in self.data.records("sources", self.indication)}

    @cached_property
    def outcomes(self) -> dict[tuple[str, str], list[Mapping]]:
        """Rows by study and arm."""
        return self._by_arm("outcomes")

    @cached_property
    def outcomes_of_trial(self) -> dict[str, list[Mapping]]:
        """Rows by trial, those of companions too."""
        out = defaultdict(list)
        for (study, _), rows in self.outcomes.items():
            out[self.trial_of(study)] += rows
        return out

    @cached_property
    def events(self) -> dict[tuple[str, str], list[Mapping]]:
        """Rows by study and arm."""
        return self._by_arm("adverse_events")

    @cached_property
    def contrasts(self) -> dict[str, list[Mapping]]:
        """Rows by study."""
        out = defaultdict(list)
        for row in self.data.values("contrasts", self.indication):
            out[row["study_id"]].append(row)
        return out

    @cached_property
    def notices(self) -> dict[str, list[Mapping]]:
        """By study."""
        return by_study(self.data, self.indication)

    def _by_arm(self, table: str) -> dict[tuple[str, str], list]:
        out = defaultdict(list)
        for row in self.data.values(table, self.indication):
            out[row["study_id"], row["arm_id"]].append(row)
        return out

    @cached_property
    def pooled(self) -> frozenset[str]:
        """Designs of controlled studies that main pools take."""
        return asked(self.data.records("about")).pooled

    def arms_of(self, study_id: str) -> list[Mapping]:
        """The arms of a study, unions of arms too."""
        return [arm for (study, _), arm in self.arms.items() if study == study_id]

    def trial_of(self, study_id: str) -> str:
        """The main report of a study: companions are later visits of the same patients."""
        seen = set()
        while (parent := self.studies[study_id]["companion_of"]) and study_id not in seen:
            seen.add(study_id)
            study_id = parent
        return study_id

    def taken_back(self, study_id: str) -> str:
        """Why the numbers of a report may be in no main pool; empty where nothing took it back."""
        return taken_back(self.studies[study_id], self.notices.get(study_id, ()))

    @cached_property
    def overlaps(self) -> dict[str, list[tuple[str, str, Mapping]]]:
        """By trial: the two that share patients, of which it is one, and the row that says so."""
        out = defaultdict(list)
        for row in self.data.records("cohort_overlaps"):
            if row["indication"] == self.indication:
                one, other = (self.trial_of(row[key]) for key in ("study_id", "other_study_id"))
                for trial in {one, other} if one != other else ():  # companions are one trial
                    out[trial].append((one, other, row))
        return dict(out)

    @cached_property
    def _heard(self) -> set[tuple[str, str]]:
        """(trial, arm) of which a report has some number, alone or in a union that holds it."""
        heard = {arm for table, columns in _NUMBERS.items()
                 for arm in self.data.arms_with(table, columns, self.indication)}
        heard |= {(study, row[side]) for study, rows in self.contrasts.items() for row in rows
                  for side in ("arm_intervention", "arm_comparator")
                  if any(row[column] is not None for column in _OF_CONTRASTS)}
        heard |= {(study, part) for study, arm in heard
                  for part in self.arms[study, arm]["combines"]}
        return {(self.trial_of(study), arm) for study, arm in heard}

    def has_numbers(self, trial: str) -> bool:
        """Whether any number of a trial is known."""
        return trial in {of for of, _ in self._heard}

    def _speaking(self, study_id: str, arm_ids: list[str]) -> tuple[list[str], tuple[str, ...]]:
        """Arms of which a number is known, and the others; all of them where none is known.

        An arm without any number says nothing of the others, which were allocated beside it. One
        that has numbers elsewhere is no such arm: that they lack here may be selective.
        """
        heard = [a for a in arm_ids if (self.trial_of(study_id), a) in self._heard]
        silent = tuple(a for a in arm_ids if a not in heard
                       and not self.arms[study_id, a]["combines"])
        return (heard, silent) if heard else (arm_ids, ())

    def _group(self, study_id: str, arm_ids: list[str]) -> list[Group]:
        """Arms of one kind, split where they differ in more than dose or number."""
        base, unions = defaultdict(list), []
        for arm_id in arm_ids:
            arm = self.arms[study_id, arm_id]
            if arm["combines"]:
                unions.append((arm_id, frozenset(arm["combines"])))
            else:
                base[_signature(arm)].append(arm_id)
        groups = []
        for ids in base.values():
            inside = tuple((u, parts) for u, parts in unions if parts <= set(ids))
            groups.append(Group(tuple(ids), inside, treatment_class(
                self.data, self.arms[study_id, ids[0]])))
        return groups

    @cached_property
    def _contests(self) -> dict[str, list[Contest]]:
        """Contests by trial. One class and background at a time, so that classes never mix."""
        by_kind = defaultdict(list)
        for c in self.comparisons:
            if c.kind != OTHER_INTERVENTIONS:
                by_kind[c.study_id, c.kind, c.background].append(c)
        out = defaultdict(list)
        for (study, kind, background), pairs in by_kind.items():
            pairs_of = {(c.treated_arm, c.comparator_arm) for c in pairs}
            treated, without = self._speaking(
                study, list(dict.fromkeys(c.treated_arm for c in pairs)))
            controls, also = self._speaking(
                study, list(dict.fromkeys(c.comparator_arm for c in pairs)))
            for given in self._group(study, treated):
                for control in self._group(study, controls):
                    if (given.arms[0], control.arms[0]) in pairs_of:
                        out[self.trial_of(study)].append(
                            Contest(study, kind, background, given, control, (*without, *also)))
        for contest in self._uncontrolled():
            out[self.trial_of(contest.study_id)].append(contest)
        return out

    def _uncontrolled(self) -> Iterator[Contest]:
        """The groups of treated arms of studies without a comparator, companions included."""
        for study in self.studies:
            if self.studies[self.trial_of(study)]["design"] not in UNCONTROLLED_DESIGNS:
                continue
            treated = [arm_id for (of, arm_id), arm in self.arms.items()
                       if of == study and is_treated(arm)]
            treated, silent = self._speaking(study, treated)
            for group in self._group(study, treated):
                given = without_usual_care(self.data, self.arms[study, group.arms[0]])
                yield Contest(study, UNCONTROLLED, tuple(sorted(given)), group, NOBODY, silent)

    def contests(self, comparison: str, background: str = "") -> dict[str, list[list[Contest]]]:
        """Contests of every trial that has this comparison, in order of preference.

        Parameters
        ----------
        comparison : str
            A class, or ``any``.
        background : str
            Only contests in which both arms got this besides.

        Returns
        -------
        dict
            Trial to alternatives; each alternative is the contests of one class. A class of its
            own has one alternative; against placebo, a substance or conservative care these are
            only the pairs in which neither arm got anything else, unless a background is asked.
        """
        if (comparison, background) not in self._asked:  # every variant of an analysis asks again
            self._asked[comparison, background] = self._chosen(comparison, background)
        return self._asked[comparison, background]

    def _chosen(self, comparison: str, background: str) -> dict[str, list[list[Contest]]]:
        out, plain_kinds = {}, plain_classes(self.data)
        kinds = any_order(self.data) if comparison == "any" else (comparison,)
        for trial, contests in self._contests.items():
            alternatives = []
            for kind in kinds:
                plain = not background and comparison != "any" and kind in plain_kinds
                chosen = [c for c in contests if c.kind == kind and not (plain and c.background)
                          and (not background or background in c.background)]
                if chosen:
                    alternatives.append(chosen)
            if alternatives:
                out[trial] = alternatives
        return out

    def nameless(self, study) -> bool:
        """Whether nothing identifies the study, so that it may be there under another name."""
        return not is_named(study)
