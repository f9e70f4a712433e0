"""One effect per trial and analysis, or the reason why a trial has none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from .comparisons import UNCONTROLLED_DESIGNS
from .contrasts import reported_effect
from .estimates import row_effect, within_person
from .evidence import Contest, Evidence
from .messages import said
from .metrics import of_one_metric
from .question import APART, NOT_RANDOMISED, Analysis, Effect, LeftOut, Rules, main_reason
from .uncontrolled import uncontrolled_effect
from .values import Unusable


def shares_patients(ev: Evidence, trial: str, rules: Rules) -> str:
    """With which trial patients are shared, in words, where that bars this one."""
    for one, _, overlap in ev.overlaps.get(trial, ()):
        keep = ev.trial_of(overlap["keep"]) if overlap["keep"] else one
        if overlap["action"] == "exclude-other" and trial != keep and not rules.sure_overlaps:
            return said("shared", study=keep)
    return ""


def _possibly_shared(ev: Evidence, trial: str, present: set[str]) -> str:
    """With which trial of the same analysis patients may be shared, in words."""
    for one, other, overlap in ev.overlaps.get(trial, ()):
        if overlap["action"] == "warn" and trial == other and one in present:
            return said("possibly-shared", study=one)
    return ""


def _barred(ev: Evidence, trial: str, rules: Rules) -> tuple[str, bool]:
    """Why a trial may not enter at all, empty where it may, and whether it counts as known."""
    study = ev.studies[trial]
    if trial in rules.without:
        return said("left-out"), True
    if study["design"] is None:
        return said("no-design"), False
    if study["design"] not in rules.designs:
        return (NOT_RANDOMISED if study["design"] == "nonrandomised-controlled"
                else said("design", design=ev.data.label("design", study["design"]))), True
    if ev.nameless(study):
        return said("nameless"), False
    if (why := ev.taken_back(trial)) and not rules.retracted:
        return said(why), False
    return shares_patients(ev, trial, rules), False


def _asked(ev: Evidence, analysis: Analysis, contest: Contest, rules: Rules) -> bool:
    """Whether a contest is of the treatment asked for; named products go before rules."""
    if analysis.products:
        product = ev.arms[contest.study_id, contest.intervention.arms[0]]["treatment_product"]
        return product in analysis.products
    kind = contest.intervention.treatment_class
    return kind == rules.one_class if rules.one_class else kind not in rules.other_classes


class _Heard:
    """Rules that remember what they were asked."""

    def __init__(self, rules: Rules):
        self._rules = rules
        self.answers: dict[tuple[str, ...], object] = {}

    def __getattr__(self, name: str):
        return self.answers.setdefault((name,), getattr(self._rules, name))

    def takes(self, quality: str) -> bool:
        return self.answers.setdefault(("takes", quality), self._rules.takes(quality))


def _answer(rules: Rules, question: tuple[str, ...]):
    """What rules say when they are asked again."""
    name, *rest = question
    return getattr(rules, name)(*rest) if rest else getattr(rules, name)


def _known_alternative(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                       rules: Rules) -> Effect:
    """The effect of one class of comparison, found once for all rules that give the same.

    Most variants of the rules touch few trials: what a trial gave under rules that answered the
    same questions in the same way is taken from memory.
    """
    known = ev.found.setdefault((analysis, trial, contests[0].kind, contests[0].background), [])
    found = next((found for answers, found in known if all(
        _answer(rules, asked) == said for asked, said in answers.items())), None)
    if found is None:
        heard = _Heard(rules)
        try:
            found = _one_alternative(ev, analysis, trial, contests, heard)
        except Unusable as why:
            found = str(why)
        known.append((heard.answers, found))
    if isinstance(found, str):
        raise Unusable(found)
    return found


def _one_alternative(ev: Evidence, analysis: Analysis, trial: str, contests: list[Contest],
                     rules: Rules) -> Effect:
    """The effect of one class of comparison: rows first, then reported contrasts.

    In a within-person trial its own paired analysis goes before the rows.
    """
    fitting = [c for c in contests if _asked(ev, analysis, c, rules)]
    if not fitting:
        raise Unusable(APART)
    if not rules.silent_arms:
        fitting = [c for c in fitting if not c.silent]
        if not fitting:
            raise Unusable(said("silent-arm"))
    # A companion may be retracted when its main report is not.
    fitting = [c for c in fitting
               if rules.retracted or not ev.taken_back(c.study_id)]
    ways = [uncontrolled_effect if analysis.uncontrolled else row_effect]
    if not analysis.uncontrolled and rules.contrasts and analysis.target_type != "event":
        ways.append(reported_effect)
        if within_person(ev, trial):  # a paired analysis knows what the arms' values do not
            ways.insert(0, partial(reported_effect, own_only=True))
    reasons = []
    for way in ways:
        try:
            return _naming_silent(way(ev, analysis, trial, fitting, rules), fitting)
        except Unusable as reason:
            reasons.append(str(reason))
    raise Unusable(main_reason(reasons))


def _naming_silent(effect: Effect, contests: list[Contest]) -> Effect:
    """The effect with the arms of its comparison that are left out of it."""
    silent = dict.fromkeys(arm for c in contests if c.study_id == effect.study_id
                           for arm in c.silent)
    words = tuple(said("unknown-arm", arms=arm) for arm in silent)
    return replace(effect, derivation=(*effect.derivation, *words)) if words else effect


def select(ev: Evidence, analysis: Analysis,
           rules: Rules | None = None) -> tuple[list[Effect], list[LeftOut]]:
    """One effect per trial of an analysis, and every trial without one with its reason.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    rules : Rules, optional
        The protocol's main rules where left out; qualities of the analysis go before them.

    Returns
    -------
    (list of Effect, list of LeftOut)
        In the order of the trials' identifiers. A binary trial without events in either arm is an
        Effect without `yi`.
    """
    rules = rules or Rules()
    if rules.designs == Rules.designs:
        rules = replace(rules, designs=ev.pooled)
    if analysis.qualities:
        rules = replace(rules, qualities=frozenset(analysis.qualities))
    if analysis.role == "check" and analysis.studies:  # what was pooled then stays what it was
        rules = replace(rules, retracted=True)
    if analysis.uncontrolled:  # never arms of controlled trials, whatever else a variant lets in
        rules = replace(rules, designs=UNCONTROLLED_DESIGNS)
    effects, left = [], []
    question = replace(analysis, studies=(), qualities=())  # what they say is said above and below
    known = ev.contests(analysis.comparison, analysis.background)
    for trial, alternatives in sorted(known.items()):
        if analysis.studies and trial not in analysis.studies:
            continue
        if analysis.condition and ev.studies[trial]["condition"] not in analysis.condition:
            continue
        if ev.studies[trial]["design"] == "animal-experiment" and (
                "animal-experiment" not in rules.designs):
            continue  # no trial of the question: not even one that is missing
        reason, counted = _barred(ev, trial, rules)
        if reason:
            left.append(LeftOut(trial, alternatives[0][0].study_id, reason, counted))
            continue
        reasons = []
        for contests in alternatives:
            try:
                effects.append(_known_alternative(ev, question, trial, contests, rules))
                break
            except Unusable as why:
                reasons.append(str(why))
        else:
            reason = main_reason(reasons)
            left.append(LeftOut(trial, alternatives[0][0].study_id, reason, reason != APART))
    effects, others = of_one_metric(ev, analysis, effects)
    left += others
    if rules.possible_overlaps:
        return effects, left
    # A possible overlap matters only where the other trial has an effect too.
    present = {e.trial_id for e in effects}
    shared = {e.trial_id: why for e in effects
              if (why := _possibly_shared(ev, e.trial_id, present))}
    left += [LeftOut(e.trial_id, e.study_id, shared[e.trial_id], False) for e in effects
             if e.trial_id in shared]
    return [e for e in effects if e.trial_id not in shared], left
