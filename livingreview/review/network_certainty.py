"""Certainty of the comparisons of a network, by rules that start from the direct comparisons.

A comparison with trials of its own starts from their rating; one without starts from the lower of
the two comparisons with the treatment through which it is made. Imprecision is judged once, on the
interval of the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..effects import Analysis, Effect, Evidence
from ..effects.comparisons import CLASS_NOT_STATED
from . import certainty

IMPRECISION, INCOHERENCE, INTRANSITIVITY = "imprecision", "incoherence", "intransitivity"
# A test of few trials misses much, so that a weak sign of incoherence counts.
INCOHERENT = 0.10
# Trials are called blinded where at least this share of them kept patients from knowing.
MOSTLY = 0.5
_BLINDED = frozenset({"single", "double", "triple"})


@dataclass(frozen=True)
class Leg:
    """A direct comparison of a network: the analysis that asks it, its result and its trials."""

    analysis: Analysis
    result: dict
    effects: list[Effect]

    @property
    def classes(self) -> frozenset[str]:
        """Classes of the treatment that its trials state."""
        return frozenset(e.treatment_class for e in self.effects) - {CLASS_NOT_STATED}

    def blinded(self, ev: Evidence) -> float:
        """The share of its trials whose patients did not know what they got."""
        return sum(ev.studies[e.trial_id]["blinding"] in _BLINDED
                   for e in self.effects) / len(self.effects)


def _rated(ev: Evidence, leg: Leg, contrast: Mapping, mid: dict | None) -> dict:
    """The rating of a direct comparison, its imprecision judged on the interval of the network."""
    result = leg.result
    pooled = {**result["pooled"], **{key: contrast[key] for key in (
        "estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high")}}
    weights = {s["trial_id"]: s["weight"] for s in result["studies"] if s["weight"] is not None}
    return certainty.certainty(
        ev, leg.analysis, leg.effects, pooled, weights, mid, result["small_study"],
        result["not_in_pool"], result["random_effects"] or result["pooled"])


def _sum(steps: list[dict]) -> int:
    return max(certainty.LOWEST, sum(step["change"] for step in steps))


def _step(domain: str, lowered: bool, **facts) -> dict:
    return {"domain": domain, "change": -int(lowered), "rules": [domain] if lowered else [],
            "facts": facts}


def _incoherence(contrast: Mapping) -> dict:
    """Whether direct and indirect evidence disagree, where there are both."""
    p = contrast["p"]
    return _step(INCOHERENCE, p is not None and p < INCOHERENT, p=p, asked=INCOHERENT,
                 both=contrast["indirect"] is not None and contrast["direct"] is not None)


def _intransitivity(ev: Evidence, one: Leg, other: Leg) -> dict:
    """Whether the trials on the two sides are alike in what the data tell of them."""
    shared = sorted(one.classes & other.classes)
    blinded = [one.blinded(ev), other.blinded(ev)]
    apart = (blinded[0] >= MOSTLY) != (blinded[1] >= MOSTLY)
    return _step(INTRANSITIVITY, not shared or apart, classes=shared, blinding_differs=apart,
                 blinded=blinded)


def rate(ev: Evidence, legs: Mapping[str, Leg], contrast: Mapping, intervention: str,
         mid: dict | None) -> dict:
    """Rate one comparison of a network.

    Parameters
    ----------
    ev : Evidence
    legs : mapping of str to Leg
        The comparisons with the treatment, by control.
    contrast : mapping
        ``treat1``, ``treat2``, the estimate with its intervals, ``direct``, ``indirect`` and ``p``
        of their difference.
    intervention : str
        The node of the treatment.
    mid : dict or None
        The minimal important difference, one for the whole network.

    Returns
    -------
    dict
        ``level``; ``steps`` as of :func:`livingreview.review.certainty.certainty`; ``base``, the
        control whose comparison with the treatment the rating starts from; ``before``, the levels
        of the direct comparisons before imprecision, by control; ``target``, what is rated.

    References
    ----------
    Puhan MA et al. (2014). A GRADE Working Group approach for rating the quality of treatment
    effect estimates from network meta-analysis. BMJ 349:g5630. Brignardello-Petersen R et al.
    (2018). Advances in the GRADE approach to rate the certainty in estimates from a network
    meta-analysis. Journal of Clinical Epidemiology 93:36-44.
    """
    controls = [t for t in (contrast["treat1"], contrast["treat2"]) if t != intervention]
    rated = {control: _rated(ev, legs[control], contrast, mid) for control in controls}
    first = {control: [s for s in found["steps"] if s["domain"] != IMPRECISION]
             for control, found in rated.items()}
    base = min(controls, key=lambda control: _sum(first[control]))
    fewest = min(controls, key=lambda control: legs[control].result["n"])
    precise = next(s for s in rated[fewest]["steps"] if s["domain"] == IMPRECISION)
    between = ([_intransitivity(ev, *(legs[control] for control in controls))]
               if len(controls) > 1 else [])
    trace = [*first[base], *between, _incoherence(contrast), precise]
    return {"level": certainty.LEVELS[_sum(trace)], "steps": trace, "base": base,
            "target": rated[fewest]["target"],
            "before": {control: certainty.LEVELS[_sum(found)] for control, found in first.items()}}
