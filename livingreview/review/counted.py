"""Whose patients are counted: trials with all their reports, by their kind."""

from __future__ import annotations

from ..effects import Evidence, Rules
from ..effects.messages import said
from ..effects.selection import shares_patients

ANIMAL = "animal-experiment"


def trials(ev: Evidence) -> dict[str, list[str]]:
    """Reports of each trial: its main report first, then its companions."""
    out: dict[str, list[str]] = {}
    for study in ev.studies:
        out.setdefault(ev.trial_of(study), []).append(study)
    return {trial: sorted(found, key=lambda s: s != trial) for trial, found in out.items()}


def kind_of_trial(ev: Evidence, trial: str) -> str:
    """Group of a trial: controlled, uncontrolled, animal or not-stated (its design).

    Controlled are trials that compare the treatment with something that is none of the review's
    treatments; a study that compares only these with each other has no control in that sense.
    """
    design = ev.studies[trial]["design"]
    if design is None:
        return "not-stated"
    if design == ANIMAL:
        return "animal"
    parallel = design in ("rct", "nonrandomised-controlled")
    return "controlled" if parallel and trial in ev.contests("any") else "uncontrolled"


def not_counted(ev: Evidence, trial: str) -> str:
    """Why the patients of a trial are in no count; empty where they are."""
    if why := ev.taken_back(trial):
        return said(why)
    if ev.nameless(ev.studies[trial]):
        return said("nameless")
    return shares_patients(ev, trial, Rules())


def human_trials(ev: Evidence) -> list[str]:
    """The trials in people that count."""
    return [t for t in trials(ev) if kind_of_trial(ev, t) != "animal" and not not_counted(ev, t)]
