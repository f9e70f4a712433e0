"""Trials of an indication that answer one question against several controls, as a network has them.

A network takes only pairs of arms in which neither got anything else: with a second treatment it
is another, and "any control" would be none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..effects import Analysis, Effect, Evidence, Rules, select
from ..effects.comparisons import any_order, plain_classes, pooled_classes
from ..effects.values import ArmValue

INTERVENTION = "intervention"  # the node of all that the review asks about
MEASURE = "MD"  # on one scale of 0 to 100, so that differences add up along a path
OTHER_VISIT = "other-visit"  # why a control of a trial is not in the network


@dataclass(frozen=True)
class Question:
    """One outcome in one time window, asked against several controls.

    Attributes
    ----------
    analyses : dict of str to Analysis
        By the class of the control, in the protocol's order.
    """

    indication: str
    target: str
    window: tuple[float | None, float | None]
    analyses: dict[str, Analysis]

    @property
    def id(self) -> str:
        """Identifier of its network."""
        start, end = ("up" if end is None else f"{end:g}" for end in self.window)
        return f"{self.indication}-network-{self.target}-{start}-{end}"

    @property
    def one(self) -> Analysis:
        """Any of its analyses: outcome, window, measure and direction are the same in all."""
        return next(iter(self.analyses.values()))


@dataclass(frozen=True)
class Member:
    """A trial of a network.

    Attributes
    ----------
    effects : dict of (str, str) to Effect
        By the node of the treatment and that of the control.
    aside : tuple of (str, str)
        Its other controls that are not in the network, and why.
    """

    trial_id: str
    effects: dict[tuple[str, str], Effect]
    aside: tuple[tuple[str, str], ...] = ()

    @property
    def first(self) -> Effect:
        """The effect of its first comparison."""
        return next(iter(self.effects.values()))

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Its treatments, that of the review first."""
        return tuple(dict.fromkeys(node for side in (0, 1) for pair in self.effects
                                   for node in [pair[side]]))

    def arm(self, node: str) -> ArmValue | None:
        """The value of a treatment's arms; None where only a contrast is reported."""
        return next((e.intervention if pair[0] == node else e.comparator
                     for pair, e in self.effects.items() if node in pair), None)

    def people(self, node: str) -> float:
        """Patients of a treatment; 0 where the number is not stated."""
        for pair, effect in self.effects.items():
            if node in pair:
                value = effect.intervention if pair[0] == node else effect.comparator
                n = effect.n_intervention if pair[0] == node else effect.n_comparator
                return value.people if value else n or 0.0
        return 0.0

    def contrasts(self) -> tuple[list[tuple[str, str]], np.ndarray, np.ndarray]:
        """Differences from the first treatment, and their covariance.

        A trial of two treatments gives its effect as it is. Those of more are made of the arms:
        the differences share the first arm, whose variance is their covariance, and they agree
        with each other.

        Returns
        -------
        (list of (str, str), ndarray of shape (m,), ndarray of shape (m, m))
            Treatments, differences of the first from the second, covariance; m is the number of
            treatments less one.
        """
        if len(self.nodes) == 2:
            effect = self.first
            return [self.nodes], np.array([effect.yi]), np.array([[effect.vi]])
        first, *others = (self.arm(node) for node in self.nodes)
        yi = np.array([first.mean - other.mean for other in others])
        covariance = np.full((len(others), len(others)), first.sd**2 / first.n)
        covariance += np.diag([other.sd**2 / other.n for other in others])
        return [(self.nodes[0], node) for node in self.nodes[1:]], yi, covariance


def questions(ev: Evidence) -> list[Question]:
    """What a chapter asks of one outcome and window against two controls or more.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    list of Question
        In the order of `analyses.csv`.
    """
    plain, order = plain_classes(ev.data), any_order(ev.data)
    groups: dict[tuple, dict[str, Analysis]] = {}
    for row in ev.data.having("analyses", "indication", ev.indication):
        one = Analysis.of(row)
        narrowed = (one.background or one.condition or one.products or one.studies
                    or one.instrument_contains)
        if (one.role != "check" and one.target_type == "family" and one.measure == MEASURE
                and one.rescale and one.comparison in plain and not narrowed):
            groups.setdefault((one.target, one.window), {})[one.comparison] = one
    return [Question(ev.indication, target, window,
                     {kind: found[kind] for kind in order if kind in found})
            for (target, window), found in groups.items() if len(found) > 1]


def _slot(effect: Effect) -> tuple:
    """What must be equal in the comparisons of one trial: they share the treated arm."""
    return (effect.study_id, effect.outcome, effect.instrument, effect.months, effect.statistic)


def _member(trial: str, found: dict[tuple[str, str], Effect]) -> Member:
    """A trial with those of its comparisons that were measured at once."""
    (pair, first), *rest = found.items()
    kept, aside = {pair: first}, []
    for other, effect in rest:
        whole = all((first.intervention, first.comparator, effect.intervention, effect.comparator))
        if whole and _slot(effect) == _slot(first):
            kept[other] = effect
        else:
            aside.append((other[1], OTHER_VISIT))
    return Member(trial, kept, tuple(aside))


def members(ev: Evidence, question: Question, rules: Rules | None = None,
            apart: bool = False) -> list[Member]:
    """The trials of a question, each with all its treatments.

    Parameters
    ----------
    ev : Evidence
    question : Question
    rules : Rules, optional
        What may enter; the protocol's main rules where left out.
    apart : bool
        Whether each class of the treatment is a node of its own; what is of none of them, or not
        stated, is then left out.

    Returns
    -------
    list of Member
        In the order of the trials' identifiers.
    """
    rules = rules or Rules()
    sides = ([(kind, replace(rules, one_class=kind)) for kind in pooled_classes(ev.data)]
             if apart else [(INTERVENTION, rules)])
    found: dict[str, dict[tuple[str, str], Effect]] = {}
    for kind, analysis in question.analyses.items():
        for node, limited in sides:
            for effect in select(ev, analysis, limited)[0]:
                found.setdefault(effect.trial_id, {})[node, kind] = effect
    return [_member(trial, found[trial]) for trial in sorted(found)]


def beside(ev: Evidence, question: Question, inside: Iterable[str]) -> list[tuple[str, str]]:
    """Trials with a usable effect against another kind of control, and which kind it is.

    Parameters
    ----------
    ev : Evidence
    question : Question
    inside : iterable of str
        Trials of the network.
    """
    known = set(inside)
    wide = replace(question.one, id=question.id, comparison="any")
    return [(e.trial_id, e.kind) for e in select(ev, wide)[0] if e.trial_id not in known]


def rows(found: Sequence[Member]) -> dict:
    """The contrasts of all trials as the engine takes them.

    Parameters
    ----------
    found : sequence of Member

    Returns
    -------
    dict
        Arguments of :func:`livingreview.synthesis.network.network`: ``study``, ``treat1``,
        ``treat2``, ``yi``, ``vi``, and ``cov`` of the trials with three treatments or more.
    """
    out: dict = {"study": [], "treat1": [], "treat2": [], "yi": [], "vi": [], "cov": {}}
    for member in found:
        pairs, yi, covariance = member.contrasts()
        out["study"] += [member.trial_id] * len(pairs)
        out["treat1"] += [one for one, _ in pairs]
        out["treat2"] += [other for _, other in pairs]
        out["yi"] += yi.tolist()
        out["vi"] += np.diag(covariance).tolist()
        if len(pairs) > 1:
            out["cov"][member.trial_id] = covariance
    return out
