"""Trials of a result grouped by what their treated arms got: source, provider, administrations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..effects import Analysis, Effect, Evidence

NOT_STATED, MIXED = "not-stated", "mixed"
UNKNOWN = frozenset({NOT_STATED, MIXED})
FEWEST = 2  # trials of a group that is tested against others
SINGLE, REPEATED = "single", "repeated"
COMPARISONS = ("placebo", "any")  # analyses whose trials are also grouped by these


def treated_arms(ev: Evidence, analysis: Analysis, effect: Effect) -> list:
    """The records of the treated arms behind an effect."""
    if effect.intervention is not None:
        return [ev.arms[effect.study_id, arm] for arm in effect.intervention.arms]
    trial = ev.contests(analysis.comparison, analysis.background).get(effect.trial_id, [])
    return [ev.arms[c.study_id, arm] for contests in trial for c in contests
            if (c.study_id, c.kind, c.background) == (effect.study_id, effect.kind,
                                                      effect.background)
            for arm in c.intervention.arms]


def administrations(arm) -> str | None:
    """Whether an arm got one administration or several; None where it is not stated."""
    number = arm["administrations"]
    return None if not number else SINGLE if number == 1 else REPEATED


# What trials are grouped by (words of the vocabulary `subgroup`): the value of an arm.
OF_ARM: dict[str, Callable] = {
    "treatment_source": lambda arm: arm["treatment_source"],
    "provider": lambda arm: arm["provider"],
    "administrations": administrations,
}


def one_value(values: Sequence[str | None]) -> str:
    """The value that all arms have; what an arm does not state is not guessed from the others."""
    found = {None if value == "none" else value for value in values}
    if None in found or not found:
        return NOT_STATED
    return found.pop() if len(found) == 1 else MIXED


def further(ev: Evidence, analysis: Analysis,
            effects: Sequence[Effect]) -> dict[str, dict[str, list[Effect]]]:
    """Effects by what the trial's treated arms got, in the order of the vocabularies.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : sequence of Effect

    Returns
    -------
    dict of str to dict
        By word of the vocabulary ``subgroup``, then by value; several kinds in one trial and
        kinds that are not stated are groups of their own, last.
    """
    if analysis.comparison not in COMPARISONS:
        return {}
    out = {}
    for by, value_of in OF_ARM.items():
        members: dict[str, list[Effect]] = {}
        for effect in effects:
            arms = treated_arms(ev, analysis, effect)
            members.setdefault(one_value([value_of(a) for a in arms]), []).append(effect)
        order = [*ev.data.words(ev.data.kind("subgroup", by)), MIXED, NOT_STATED]
        out[by] = {value: members[value] for value in order if value in members}
    return {by: fits for by, fits in out.items() if fits}
