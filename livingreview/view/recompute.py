"""What a page needs to pool the trials of a forest plot again, as its reader chooses."""

from __future__ import annotations

from ..data.dataset import Dataset
from ..review import proportions
from ..review.imprecision import variance_of_one
from ..review.measure import measure, uncontrolled
from ..synthesis.information import quantiles
from .axis import Axis
from .base import Label, Struct, label
from .subgroup import group_name

# Models by the words of the scripts; the others are estimators of the variance between trials.
COMMON, TABLES, LOGISTIC, POSTERIOR = "common", "MH", "logistic", "posterior"
ONE = "one"  # the share of the one study that there is
_MODELS = {"common": COMMON, "mantel-haenszel": TABLES, proportions.MODEL: LOGISTIC,
           "posterior": POSTERIOR}
_FAMILY = "half-normal"  # the family of priors that the scripts have
_ESTIMATORS, _INTERVALS = ("DL", "PM", "REML"), ("z", "hksj", "hksj-guard")
_IMPRECISION = ("one", "two", "unknown", "size", "far", "alone", "participants",
                "events")


class Member(Struct):
    """A trial that has an effect."""

    id: str
    trial: str
    # y, v: effect and variance; ratios on the log scale
    y: float
    v: float
    n: float  # participants; 0 where they are not stated
    # events and total of the treated, then of the controls, where there are some
    counts: tuple[float, ...] | None
    spread: float | None  # variance of one patient's value, where the sizes of both arms are known


class Part(Struct):
    """Trials of one kind."""

    name: Label
    trials: tuple[str, ...]


class Division(Struct):
    """One way to part the trials."""

    by: Label
    parts: tuple[Part, ...]


class Imprecision(Struct):
    """The rules of imprecision."""

    marks: tuple[tuple[str, float], ...]  # benefit, no effect and harm, by the names that rules use
    important: float | None  # how far from no effect an important effect lies at least
    chances: tuple[float, float]  # the normal quantiles of the optimal information size
    reduction: float  # the share of a risk that it is to find
    limits: dict[str, float]  # thresholds, by the last word of the rule's name
    levels: dict[str, int]  # what a rule changes
    counted: bool  # whether events are counted, where every trial states them
    mid: float | None


class Recompute(Struct):
    """The trials of a forest plot, and how they may be pooled."""

    id: str
    measure: str
    # model, interval: as published
    model: str
    interval: str
    # model and interval of the random-effects pool beside a model without a variance
    beside: tuple[str, str]
    # models, intervals: what may be chosen; without a label where the template has the words
    models: tuple[tuple[str, Label | None], ...]
    intervals: tuple[tuple[str, Label], ...]
    log: bool  # whether effects are logarithms of ratios
    prior: float | None  # scale of the half-normal prior of a posterior, where that is a model
    share: bool  # whether effects are log odds of shares of patients, shown in percent
    decimals: int
    signed: bool  # whether a value above zero bears its sign
    ends: tuple[float, float]  # of the axis, on its own scale
    members: tuple[Member, ...]
    divisions: tuple[Division, ...]
    imprecision: Imprecision | None


def recompute(data: Dataset, result: dict, axis: Axis, names: dict, least: int = 2
              ) -> Recompute | None:
    """What pools the trials of a result again.

    None where there are fewer than are asked for, and where the published analysis is by a method
    that the scripts do not have.

    Parameters
    ----------
    data : Dataset
    result : dict
        One analysis of ``results.json``.
    axis : Axis
        Of its forest plot.
    names : dict of str to str
        Of trials.
    least : int
        How many trials there are at least: a page lets its reader choose among two or more.
    """
    pooled, method = result["pooled"], result["method"]
    members = tuple(_member(s, names[s["trial_id"]])
                    for s in result["studies"] if s["yi"] is not None)
    if pooled is None or len(members) < least:
        return None
    share, models = measure(result).null is None, tuple(_models(data, members, result))
    model, prior = _MODELS.get(pooled["model"], pooled["tau2_method"]), method["prior"]
    if len(members) == 1:
        model, models = (ONE if share else COMMON), ((ONE if share else COMMON, None),)
    if model not in dict(models) or method["interval"] not in _INTERVALS:
        return None
    return Recompute(
        result["id"], result["question"]["measure"], model,
        _interval(pooled, method, share or model == TABLES),
        (LOGISTIC if share and model == COMMON else method["tau2_method"], method["interval"]),
        models,
        tuple((w, label(data, "interval_method", w)) for w in _INTERVALS),
        axis.log, prior["scale"] if POSTERIOR in dict(models) else None, share,
        measure(result).decimals, uncontrolled(result) and not share,
        (axis.low, axis.high), members,
        tuple(_divisions(data, result, members)), _imprecision(data, result))


def _interval(pooled: dict, method: dict, own: bool) -> str:
    """The interval that the scripts begin with; a model with one of its own takes that beside."""
    return pooled["interval"] if pooled["interval"] in _INTERVALS and not own else (
        method["interval"])


def _member(study: dict, name: str) -> Member:
    arms = [arm for arm in (study["intervention"], study["comparator"]) if arm]
    counts = tuple(arm[key] for arm in arms for key in ("events", "n"))
    stated = counts and None not in counts
    sizes = study["n_intervention"], study["n_comparator"]
    return Member(study["trial_id"], name, study["yi"], study["vi"], study["participants"],
                  counts if stated else None,
                  variance_of_one(study["vi"], *sizes) if all(sizes) else None)


def _models(data: Dataset, members: tuple[Member, ...], result: dict):
    """The models that the counts of all trials allow."""
    if measure(result).null is None:
        yield LOGISTIC, None
    yield COMMON, None
    for word in _ESTIMATORS:
        yield word, label(data, "tau2_method", word)
    prior = result["method"]["prior"]
    if prior and prior["family"] == _FAMILY:
        yield POSTERIOR, None
    if result["question"]["measure"] == "RR" and all(m.counts for m in members):
        yield TABLES, None


def _divisions(data: Dataset, result: dict, members: tuple[Member, ...]):
    """Divisions of the trials of the pool; a division by design also knows others."""
    pooled = {m.id for m in members}
    for found in result["subgroups"]:
        parts = tuple(Part(group_name(data, found["by"], g["value"]), trials)
                      for g in found["groups"]
                      if (trials := tuple(t for t in g["trials"] if t in pooled)))
        if len(parts) > 1:
            yield Division(label(data, "subgroup", found["by"]), parts)


def _imprecision(data: Dataset, result: dict) -> Imprecision | None:
    """The rules by which the certainty of a comparison is lowered for imprecision."""
    if uncontrolled(result):
        return None
    rules = {r["rule_id"]: r for r in data.records("certainty_rules")}
    known, toward = result["minimal_important_difference"], (
        -1 if result["question"]["favourable"] == "lower" else 1)
    mid = known["value"] if known else None
    marks = (("benefit", toward * mid), ("no effect", 0.0), ("harm", -toward * mid)) if mid else (
        ("no effect", 0.0),)
    alpha, power, reduction = (rules[f"information-{w}"]["threshold"]
                               for w in ("alpha", "power", "reduction"))
    return Imprecision(marks, mid and mid * rules["target-important"]["threshold"],
                       quantiles(alpha, power), reduction,
                       {w: rules[f"imprecision-{w}"]["threshold"] for w in _IMPRECISION},
                       {w: rules[f"imprecision-{w}"]["levels"] for w in _IMPRECISION},
                       measure(result).binary, mid)
