"""Animal experiments: effects by the rules for trials, and signals of their conduct."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..data import tables
from ..effects import Analysis, Effect, Evidence, LeftOut, Rules, select
from ..effects.messages import said
from .counted import ANIMAL
from .pools import interval_of

NO_VALUES = said("no-groups")


@dataclass(frozen=True)
class AnimalEffect:
    """One outcome of one experiment.

    Attributes
    ----------
    measure : str
    values : tuple of float or None
        Estimate and interval, above the null better with the treatment; None where there is none.
    why : str
        Why there is none.
    """

    study: str
    outcome: str
    measure: str
    values: tuple[float, float, float] | None
    why: str = ""


def experiments(ev: Evidence) -> list[str]:
    """The animal experiments of an indication."""
    return [s for s, study in ev.studies.items() if study["design"] == ANIMAL]


def effects(ev: Evidence) -> Iterator[AnimalEffect]:
    """Every outcome that an experiment has values of, at its last visit.

    Parameters
    ----------
    ev : Evidence
    """
    rules = Rules(designs=frozenset({ANIMAL}), skewed=True,
                  other_classes=frozenset())
    for study_id in experiments(ev):
        rows = ev.outcomes_of_trial[ev.trial_of(study_id)]
        for outcome in dict.fromkeys(r["outcome"] for r in rows):
            binary = any(r["events"] is not None or r["percent"] is not None
                         for r in rows if r["outcome"] == outcome)
            asked = _question(ev, study_id, outcome, "RR" if binary else "SMD")
            taken, left = select(ev, asked, rules)
            for found in (*taken, *left):
                yield AnimalEffect(study_id, outcome, asked.measure, *_values(asked, found))


def _question(ev: Evidence, study_id: str, outcome: str, measure: str) -> Analysis:
    row = {c.name: () if c.many else None for c in tables.BY_NAME["analyses"].columns}
    return Analysis.of({**row, "analysis_id": f"{study_id}-{outcome}", "indication": ev.indication,
                        "target_type": "outcome", "target": outcome, "comparison": "any",
                        "measure": measure, "favourable": "higher", "studies": (study_id,)})


def _values(asked: Analysis, found: Effect | LeftOut) -> tuple:
    if isinstance(found, LeftOut):
        return None, found.reason
    if found.yi is None:
        return None, found.no_ratio
    return interval_of(asked.measure, found), ""


def signals(ev: Evidence, study_id: str) -> dict[str, bool]:
    """What the data hold on the conduct of an experiment; none of it is a judgement."""
    study, arms = ev.studies[study_id], ev.arms_of(study_id)
    return {"randomised": study["randomised"] == "yes",
            "blinded": study["blinding"] not in (None, "open"),
            "size": study["n_enrolled"] is not None,
            "groups": bool(arms) and all(a["n_allocated"] is not None for a in arms
                                         if not a["combines"])}
