"""Several treatments compared at once: whether that may be asked, and what it gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations

from ..effects import Evidence, Rules, targets
from ..effects.comparisons import pooled_classes
from ..synthesis import SynthesisError
from ..synthesis.network import Network, network
from .certainty import minimal_important_difference
from .network_certainty import Leg, rate
from .network_trials import INTERVENTION, Member, Question, beside, members, questions, rows
from .results import analyse

# Whether a network is asked. With two treatments an ordinary analysis says everything; without
# two trials beyond those that just join the treatments nobody can tell how much trials differ; and
# where fewer than half of them gave the same class of treatment, these are not one treatment.
TREATMENTS, SPARE, ALIKE = 3, 2, 0.5
# The same by other choices: identifier, estimator of tau2, rules, classes apart.
CHOICES = (
    ("dl", "DL", Rules(), False),
    ("common", "common", Rules(), False),
    ("with-nonrandomised", "REML",
     Rules(designs=frozenset({"rct", "nonrandomised-controlled"})), False),
)
EACH_CLASS = "each-class"
# The interval of the book's other pools: the variance times max(1, Q/df), t on df.
INTERVAL = "hksj-guard"
_BOUNDS = ("estimate", "ci_low", "ci_high")


def document(ev: Evidence) -> list[dict]:
    """What ``results.json`` holds under ``networks`` of an indication.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    list of dict
        One for each outcome and window that is asked against two controls or more. ``rules`` says
        whether the network is asked; only then are ``fit``, ``contrasts`` and ``robustness``
        there.
    """
    return [_document(ev, question) for question in questions(ev)]


def _document(ev: Evidence, question: Question) -> dict:
    found = members(ev, question)
    legs = _legs(ev, question, found)
    result = next(iter(legs.values())).result if legs else analyse(ev, question.one, True)[0]
    rules = _rules(found)
    out = {
        "id": question.id, "indication": question.indication,
        "question": {**result["question"], "comparison": "any"},
        "minimal_important_difference": minimal_important_difference(
            ev, question.one, [m.first for m in found], targets(ev, question.one)),
        "k": len(found), "n": sum(m.people(node) for m in found for node in m.nodes),
        "treatments": _treatments(question, found),
        "comparisons": [_comparison(ev, question, found, legs, *pair)
                        for pair in combinations(_order(question, found), 2)],
        "studies": [_study(m) for m in found],
        "aside": [{"trial_id": m.trial_id, "comparison": kind, "reason": why}
                  for m in found for kind, why in m.aside],
        "beside": [{"trial_id": trial, "comparison": kind}
                   for trial, kind in beside(ev, question, (m.trial_id for m in found))],
        "rules": rules, "asked": all(rule["met"] for rule in rules),
        "fit": None, "contrasts": [], "robustness": []}
    out["comparisons"] = [c for c in out["comparisons"] if c["k"]]
    if out["asked"]:
        fitted = _fitted(question, found)
        out["fit"] = _fit(fitted)
        out["contrasts"] = [_contrast(ev, legs, fitted, out["minimal_important_difference"], *pair)
                            for pair in combinations(_order(question, found), 2)]
        out["robustness"] = [_choice(ev, question, *choice)
                             for choice in (*CHOICES, *_by_class(pooled_classes(ev.data)))]
    return out


def _legs(ev: Evidence, question: Question, found: Sequence[Member]) -> dict[str, Leg]:
    """The direct comparisons with the treatment that have a trial, with their own results."""
    present = {node for member in found for node in member.nodes}
    out = {}
    for kind, analysis in question.analyses.items():
        if kind in present:
            result, effects = analyse(ev, analysis, brief=True)
            out[kind] = Leg(analysis, result, [e for e in effects if e.yi is not None])
    return out


def _order(question: Question, found: Sequence[Member], classes: Sequence[str] = ()) -> list[str]:
    """The treatments of a network: the review's, then the controls in the protocol's order."""
    present = {node for member in found for node in member.nodes}
    return [node for node in (INTERVENTION, *classes, *question.analyses) if node in present]


def _rules(found: Sequence[Member]) -> list[dict]:
    """Whether each rule is met, with what it looked at."""
    treatments = {node for member in found for node in member.nodes}
    spare = sum(len(m.nodes) - 1 for m in found) - max(0, len(treatments) - 1)
    classes = Counter(m.first.treatment_class for m in found)
    alike = max(classes.values(), default=0) / len(found) if found else 0.0
    return [{"rule": rule, "found": value, "asked": asked, "met": value >= asked}
            for rule, value, asked in (("treatments", len(treatments), TREATMENTS),
                                       ("spare", spare, SPARE), ("alike", alike, ALIKE))]


def _treatments(question: Question, found: Sequence[Member]) -> list[dict]:
    return [{"treatment": node, "k": sum(node in m.nodes for m in found),
             "n": sum(m.people(node) for m in found if node in m.nodes)}
            for node in _order(question, found)]


def _comparison(ev: Evidence, question: Question, found: Sequence[Member],
                legs: Mapping[str, Leg], one: str, other: str) -> dict:
    """The trials that compare two treatments, and what could make them unlike others."""
    both = [m for m in found if {one, other} <= set(m.nodes)]
    months = [m.first.months for m in both if m.first.months is not None]
    direct = legs[other].result["pooled"] if one == INTERVENTION and other in legs else None
    return {"treat1": one, "treat2": other, "k": len(both),
            "n": sum(m.people(node) for m in both for node in (one, other)),
            "trials": [m.trial_id for m in both],
            "analysis": question.analyses[other].id if one == INTERVENTION else None,
            "classes": dict(Counter(m.first.treatment_class for m in both)),
            "blinded": sum(ev.studies[m.trial_id]["blinding"] in ("single", "double", "triple")
                           for m in both),
            "months_low": min(months, default=None), "months_high": max(months, default=None),
            "pooled": {key: direct[key] for key in ("k", "model", *_BOUNDS)} if direct else None}


def _study(member: Member) -> dict:
    """A trial with the contrasts that it gives, to pool it again."""
    pairs, yi, covariance = member.contrasts()
    first = member.first
    return {"trial_id": member.trial_id, "study_id": first.study_id, "outcome": first.outcome,
            "months": first.months, "statistic": first.statistic,
            "treatment_class": first.treatment_class, "treatments": list(member.nodes),
            "n": [member.people(n) for n in member.nodes],
            "contrasts": [{"treat1": one, "treat2": other, "yi": float(value)}
                          for (one, other), value in zip(pairs, yi, strict=True)],
            "covariance": covariance.tolist()}


def _fitted(question: Question, found: Sequence[Member], tau2_method: str = "REML") -> Network:
    sizes = {(m.trial_id, node): m.people(node) for m in found for node in m.nodes}
    return network(**rows(found), tau2_method=tau2_method, interval=INTERVAL,
                   better=question.one.favourable, participants=sizes)


def _fit(fitted: Network) -> dict:
    """What holds for the network as a whole."""
    tests = {"total": fitted.q, "within": fitted.q_within, "between": fitted.q_between,
             "interaction": fitted.interaction}
    designs = [sorted(design.arms, key=lambda arm: (arm != INTERVENTION, arm))
               for design in fitted.designs]
    return {
        "tau2_method": fitted.tau2_method, "interval": fitted.interval,
        "prediction_df": fitted.prediction_df, "df": fitted.df, "tau2": fitted.tau2,
        "tau2_low": fitted.tau2_low, "tau2_high": fitted.tau2_high, "i2": fitted.i2,
        "q": {name: {"q": float(t.q), "df": int(t.df), "p_value": t.p_value}
              for name, t in tests.items()},
        "p_scores": dict(zip(fitted.treatments, map(float, fitted.p_scores), strict=True)),
        "designs": [{"treatments": arms, "k": design.k, "q": float(design.within.q),
                     "df": int(design.within.df), "p_value": design.within.p_value}
                    for arms, design in zip(designs, fitted.designs, strict=True)],
        "net_heat": fitted.heat.tolist() if fitted.q_between.df else None,
        "warnings": list(fitted.warnings)}


def _between(fitted: Network, one: str, other: str) -> dict:
    """The network estimate of one treatment less another."""
    i, j = fitted.treatments.index(one), fitted.treatments.index(other)
    found = {"estimate": fitted.estimate, "se": fitted.se, "ci_low": fitted.ci_low,
             "ci_high": fitted.ci_high, "pi_low": fitted.pi_low, "pi_high": fitted.pi_high}
    return {"treat1": one, "treat2": other,
            **{key: None if values is None else float(values[i, j])
               for key, values in found.items()}}


def _contrast(ev: Evidence, legs: Mapping[str, Leg], fitted: Network, mid: dict | None, one: str,
              other: str) -> dict:
    """Two treatments: the network, direct and indirect evidence, what it rests on, certainty."""
    out = _between(fitted, one, other) | {
        "k": 0, "direct": None, "indirect": None, "difference": None, "p": None,
        "direct_share": 0.0}
    split = next((s for s in fitted.split if {s.treat1, s.treat2} == {one, other}), None)
    if split:
        turned = -1 if split.treat1 == other else 1
        out |= {"k": split.k, "direct": _turned(split.direct, turned),
                "direct_share": float(split.share)}
    if split and split.difference:
        out |= {"indirect": _turned(split.indirect, turned),
                "difference": _turned(split.difference, turned),
                "p": float(split.difference.p_value)}
    out["rests_on"] = _rests_on(fitted, one, other)
    out["certainty"] = rate(ev, legs, out, INTERVENTION, mid)
    return out


def _turned(found, sign: int) -> dict:
    """An estimate, of the second less the first where the sign is −1."""
    ends = sorted((sign * found.ci_low, sign * found.ci_high))
    return {"estimate": float(sign * found.estimate), "ci_low": float(ends[0]),
            "ci_high": float(ends[1])}


def _rests_on(fitted: Network, one: str, other: str) -> list[dict] | None:
    """The share of each trial in an estimate; None where there is no flow of evidence."""
    if fitted.trial_contribution is None:
        return None
    row = next(i for i, pair in enumerate(fitted.pairs) if set(pair) == {one, other})
    return [{"trial_id": trial.name, "share": float(share)} for trial, share in zip(
        fitted.trials, fitted.trial_contribution[row], strict=True) if share > 0]


def _by_class(classes: Sequence[str]) -> list[tuple]:
    """Choices of classes of the treatment: the first alone, and each as a treatment of its own."""
    if len(classes) < 2:
        return []
    return [(f"{classes[0]}-only", "REML", Rules(one_class=classes[0]), False, classes[:1]),
            (EACH_CLASS, "REML", Rules(), True, classes)]


def _choice(ev: Evidence, question: Question, name: str, tau2_method: str, rules: Rules,
            apart: bool, classes: Sequence[str] = ()) -> dict:
    """The same question by another choice: each treatment of the review against each control."""
    found = members(ev, question, rules, apart)
    out = {"id": name, "classes": list(classes), "k": len(found), "tau2": None,
           "components": [], "estimates": []}
    try:
        fitted = _fitted(question, found, tau2_method)
    except SynthesisError:  # no trial is left
        return out
    parts = [fitted, *fitted.others]
    order = _order(question, found, classes)
    for part in parts:
        given = [t for t in order if t in part.treatments and t in (INTERVENTION, *classes)]
        controls = [t for t in order if t in part.treatments and t not in given]
        pairs = [*((one, other) for one in given for other in controls), *combinations(given, 2)]
        out["estimates"] += [_between(part, *pair) for pair in pairs]
    return out | {"tau2": fitted.tau2, "components": [
        [t for t in order if t in part.treatments] for part in parts]}
