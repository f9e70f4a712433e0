"""What a certainty is rated of, and how precise an estimate is against it.

All of it takes plain numbers, so that whatever has an estimate with an interval can be rated: a
pool, a posterior, a contrast of a network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from .. import synthesis

IMPORTANT, LITTLE, ANY = "important", "little", "any"
BENEFIT, NOTHING, HARM = "benefit", "no effect", "harm"
# The lines that make an estimate imprecise by lying inside its interval.
_LINES = {IMPORTANT: (BENEFIT, NOTHING, HARM), LITTLE: (BENEFIT, HARM), ANY: (NOTHING,)}


@dataclass(frozen=True)
class Target:
    """What a certainty is rated of.

    Attributes
    ----------
    kind : str
        ``important`` effect, ``little`` or none, or ``any`` effect at all.
    side : str
        Of an important effect: ``benefit`` or ``harm``; else empty.
    mid : float or None
        The minimal important difference, in the unit of the estimate.
    """

    kind: str
    side: str
    mid: float | None


def target(estimate: float, mid: float | None, *, toward: int, null: float = 0.0,
           share: float = 1.0) -> Target:
    """What is rated, by where the estimate lies against the minimal important difference.

    Parameters
    ----------
    estimate : float
    mid : float or None
        None where no minimal important difference is known.
    toward : int
        1 where more is better, -1 where less is.
    null : float, optional
        No effect, on the scale of the estimate.
    share : float, optional
        How many minimal important differences from `null` an important effect is at least.

    References
    ----------
    Guyatt G et al. (2025). Core GRADE 2: choosing the target of certainty rating and assessing
    imprecision. BMJ 389:e081904.
    """
    if not mid:
        return Target(ANY, "", None)
    if abs(estimate - null) < share * mid:
        return Target(LITTLE, "", mid)
    return Target(IMPORTANT, BENEFIT if (estimate - null) * toward > 0 else HARM, mid)


def lines(rated: Target, *, toward: int, null: float = 0.0) -> dict[str, float]:
    """Where the lines of a target lie, by name.

    An important effect has no effect and both minimal important differences; little or no effect
    has the differences alone, and any effect has no effect alone.
    """
    places = {NOTHING: null}
    if rated.mid:
        places = {BENEFIT: null + toward * rated.mid, **places, HARM: null - toward * rated.mid}
    return {name: places[name] for name in _LINES[rated.kind]}


@dataclass(frozen=True)
class Information:
    """The size that one trial would need, and what it was computed of.

    Attributes
    ----------
    size : float
        Participants of both arms.
    alpha, power : float
    mid, sd : float or None
        Of a difference of means.
    risk, reduction : float or None
        Of counts: the risk of the controls, and the share of it to be taken away.
    """

    size: float
    alpha: float
    power: float
    mid: float | None = None
    sd: float | None = None
    risk: float | None = None
    reduction: float | None = None


def of_means(mid: float | None, spreads: Iterable[tuple[float, float]], rules: Mapping
             ) -> Information | None:
    """The optimal information size of a difference of means; None where it is not known.

    Parameters
    ----------
    mid : float or None
    spreads : iterable of (float, float)
        For each trial its participants and the variance of one patient's value.
    rules : mapping
        Rows of ``certainty_rules.csv`` by ``rule_id``.
    """
    spreads = list(spreads)
    if not mid or not spreads:
        return None
    sd = math.sqrt(sum(n * v for n, v in spreads) / sum(n for n, _ in spreads))
    chances = _chances(rules)
    return Information(synthesis.size_of_means(mid, sd, **chances), **chances, mid=mid, sd=sd)


def of_risks(events: float, n: float, rules: Mapping) -> Information | None:
    """The optimal information size of counts; None where no control has the event or none is known.

    Parameters
    ----------
    events, n : float
        Of the controls of all trials together: what is found depends on the events there are, and
        not on the trial in the middle, as the risk that readers are told does.
    rules : mapping
        As in :func:`of_means`.
    """
    if not events:
        return None
    risk = events / n
    reduction = rules["information-reduction"]["threshold"]
    chances = _chances(rules)
    return Information(synthesis.size_of_risks(risk, reduction, **chances), **chances, risk=risk,
                       reduction=reduction)


def _chances(rules: Mapping) -> dict[str, float]:
    return {name: rules[f"information-{name}"]["threshold"] for name in ("alpha", "power")}


def variance_of_one(vi: float, n_one: float, n_other: float) -> float:
    """Variance of one patient's value that a difference of two means of these sizes implies.

    It holds for whatever a trial reports: arms, or an adjusted difference with its error.
    """
    return vi / (1 / n_one + 1 / n_other)


def imprecision(rules: Mapping, rated: Target, low: float, high: float, *, toward: int,
                null: float = 0.0, participants: float, events: float | None = None,
                information: Information | None = None, share_unknown: float = 0.0,
                alone: bool = False) -> tuple[list[str], dict]:
    """Rules that lower a certainty for imprecision, and what they looked at.

    The interval is held against the lines of the target, the participants against the optimal
    information size; what lowers more counts. Where that size is not known, a rule of thumb on
    participants, or events where every trial states them, stands in for it; it also holds for one
    trial alone, which nobody has repeated, however small the size is that it would need.

    Parameters
    ----------
    rules : mapping
        Rows of ``certainty_rules.csv`` by ``rule_id``.
    rated : Target
    low, high : float
        Ends of the interval.
    toward, null
        As in :func:`target`.
    participants : float
    events : float, optional
    information : Information, optional
    share_unknown : float, optional
        Share of the weight of trials that do not state their participants.
    alone : bool, optional
        Whether the estimate rests on one trial.

    Returns
    -------
    (list of str, dict)

    References
    ----------
    As in :func:`target`, and Zeng L et al. (2022). GRADE guidance 34: imprecision using a
    minimally contextualized approach. J Clin Epidemiol 150:216-224.
    """
    inside = [name for name, at in lines(rated, toward=toward, null=null).items()
              if low < at < high]
    crossed = [[], ["imprecision-one"]][len(inside)] if len(inside) < 2 else ["imprecision-two"]
    few, asked = _few(rules, participants, events, information)
    least, single = rules["imprecision-alone"]["threshold"], ["imprecision-alone"]
    if alone and participants < least and _levels(rules, single) < _levels(rules, few):
        few, asked = single, least
    found = max(crossed, few, key=lambda names: -_levels(rules, names))  # the interval where equal
    if share_unknown >= rules["imprecision-unknown"]["threshold"]:
        found = ["imprecision-unknown"]  # of nobody knows how many nothing is precise
    return found, {"mid": rated.mid, "inside": inside, "participants": participants,
                   "events": events, "asked": asked,
                   "information": information and asdict(information)}


def _levels(rules: Mapping, names: Sequence[str]) -> int:
    return sum(rules[name]["levels"] for name in names)


def _few(rules: Mapping, participants: float, events: float | None,
         information: Information | None) -> tuple[list[str], float]:
    """The rule on too few participants or events, and how many it asks for."""
    if information:
        for rule in ("imprecision-far", "imprecision-size"):
            asked = rules[rule]["threshold"] * information.size
            if participants < asked:
                return [rule], asked
        return [], asked
    kind, found = ("participants", participants) if events is None else ("events", events)
    asked = rules[f"imprecision-{kind}"]["threshold"]
    return ([f"imprecision-{kind}"] if found < asked else []), asked
