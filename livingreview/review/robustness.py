"""The same question by other choices: every pooled result is published with these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from .. import synthesis
from ..data.dataset import Dataset
from ..data.phrases import phrases
from ..effects import Analysis, Effect, Evidence, Rules, select
from ..effects.comparisons import CLASS_NOT_STATED, KEPT_APART, pooled_classes
from ..effects.question import PROPORTION
from ..effects.values import MAIN_QUALITIES, QUALITIES
from ..synthesis import protocol
from . import priors, proportions
from .pools import arrays, counts, describe, main_pool, mantel_haenszel, random_pool

# Values that the main rules leave out.
EXTRA = tuple(q for q in QUALITIES if q not in MAIN_QUALITIES)
DOUBTS = ("large-effect", "equal-values")
ODD_RULES = (*DOUBTS, "sd-may-be-se", "above-allocated", "change-as-final", "serious-above-any",
             "two-rows")
PETO_RISK, PETO_RATIO = 0.01, 2
SMALL_STUDY_K = 10  # below this, nothing is said of small-study effects
# What results call each choice, by its identifier.
WORDS = phrases(__package__, "choices.csv")
_ALONE = "-only"  # ends the choice of one class of the treatment


@dataclass(frozen=True)
class Variant:
    """A change of the rules, and whether the question is the same with it."""

    id: str
    change: dict
    same_question: bool = True


VARIANTS = (
    *(Variant(f"with-{quality}", {"qualities": MAIN_QUALITIES | {quality}}) for quality in EXTRA),
    Variant("all-values", {"qualities": frozenset(QUALITIES), "skewed": True}),
    Variant("as-reported-only", {"qualities": frozenset({"as-reported"})}),
    Variant("with-skewed", {"skewed": True}),
    Variant("no-instrument-limits", {"instrument_limits": False}),
    Variant("no-silent-arms", {"silent_arms": False}),
    Variant("some-arms", {"some_arms": True}),
    Variant("no-contrasts", {"contrasts": False}),
    Variant("no-possible-overlaps", {"possible_overlaps": False}),
    Variant("sure-overlaps", {"sure_overlaps": True}),
    Variant("allocated-n", {"allocated_n": True}),
    Variant("paired-0.5", {"paired_correlation": 0.5}),
    Variant("paired-0.8", {"paired_correlation": 0.8}),
    Variant("icc-0", {"icc": 0.0}),
    Variant("icc-1", {"icc": 1.0}),
    Variant("products-stated", {"other_classes": frozenset({KEPT_APART, CLASS_NOT_STATED})}),
    Variant("with-nonrandomised", {"designs": frozenset({"rct", "nonrandomised-controlled"})},
            same_question=False),
    Variant("with-retracted", {"retracted": True}),
)
# For an analysis whose own rule takes what the main rules leave out.
WITHOUT_DOUBTFUL = "without-doubtful"
# What the SD of a change from baseline and final values rests on.
PRE_POST = tuple(Variant(f"pre-post-{r:g}", {"pre_post_correlation": r}) for r in (0.3, 0.8))


def each_class(data: Dataset) -> tuple[Variant, ...]:
    """Each class of the treatment alone."""
    return tuple(Variant(f"{kind}{_ALONE}", {"one_class": kind}, same_question=False)
                 for kind in pooled_classes(data))


def class_alone(choice: str) -> str:
    """The class of the treatment that a choice pools alone; empty for any other choice.

    Parameters
    ----------
    choice : str
        Identifier of a variant.
    """
    return "" if choice in WORDS else choice.removesuffix(_ALONE)


def _label(ev: Evidence, analysis: Analysis, choice: str) -> str:
    """What results call a choice of method or values."""
    if kind := class_alone(choice):
        return WORDS["class-alone"].format(treatment=ev.data.label("treatment_class", kind))
    return WORDS["common-value" if choice == "common" and analysis.uncontrolled else choice]


def odd_values(ev: Evidence, effect: Effect) -> list[tuple[str, str]]:
    """(rule, what is odd) of the validation's warnings on the rows that an effect is made of.

    Only rows that enter: a doubt about a pain score says nothing of a count of events.
    """
    used = {(f"{ev.indication}/{r.table}.csv", r.row) for r in effect.readings}
    return sorted({(p.rule, p.wrong) for p in ev.data.warnings_in(ev.indication)
                   if (p.file, p.row) in used and p.rule in ODD_RULES})


def _without_doubtful(base: Rules) -> Iterator[Variant]:
    """Without doubtful values, where they are in the main analysis."""
    if base.takes("doubtful"):
        yield Variant(WITHOUT_DOUBTFUL, {"qualities": base.qualities - {"doubtful"}})


def _doubtful(ev: Evidence, effects: list[Effect]) -> Iterator[Variant]:
    """Variants without the trials whose values the validation finds odd, a kind at a time."""
    for rule in DOUBTS:
        trials = frozenset(e.trial_id for e in effects
                           if any(found == rule for found, _ in odd_values(ev, e)))
        if trials:
            yield Variant(f"no-{rule}", {"without": trials})


def _fit(row: dict, measure: str, pooled: synthesis.Pooled | None, n: float) -> dict:
    if pooled is not None:
        row.update({k: v for k, v in describe(measure, pooled).items()
                    if k in ("k", "estimate", "ci_low", "ci_high", "tau2", "model",
                             "tau2_method", "interval")}, n=n)
    return row


def _methods(analysis: Analysis, effects: list[Effect]) -> Iterator[tuple[str, Callable]]:
    """Other estimators, intervals and models on the same trials."""
    if analysis.measure == PROPORTION:
        yield from proportions.methods(effects)
        return
    yi, vi = arrays(effects)

    def pool(**options):
        return lambda: synthesis.pool(yi, vi, **options)

    yield "common", pool(model="common", interval="z")
    yield "reml", pool()
    yield "dl", pool(tau2_method="DL")
    yield "pm", pool(tau2_method="PM")
    yield "hksj", pool(interval="hksj")
    yield "z", pool(interval="z")
    yield "dl-z", pool(tau2_method="DL", interval="z")
    if analysis.binary:
        yield "mantel-haenszel", lambda: mantel_haenszel(analysis, effects)
        if _peto_fits(effects):
            yield "peto", lambda: synthesis.peto(*counts(effects))


def _posteriors(analysis: Analysis, effects: list[Effect]) -> Iterator[tuple[str, Callable]]:
    """Few trials by the posterior, under the prior and under a narrower and a wider one."""
    if analysis.prior is not None and priors.few(len(effects)):
        yi, vi = arrays(effects)
        for id_, times in priors.WIDTHS.items():
            yield id_, partial(protocol.posterior_pool, yi, vi, analysis.prior.times(times))


def _trim_and_fill(yi, vi) -> synthesis.Pooled | None:
    """A pool with the trials that a symmetric funnel would have; None where none can be told."""
    try:
        return synthesis.trim_and_fill(yi, vi).pooled
    except synthesis.SynthesisError:
        return None


def _peto_fits(effects: list[Effect]) -> bool:
    """Peto only with arms within 2:1 and risks under 1%."""
    table = counts(effects)
    if table is None:
        return False
    e1, n1, e2, n2 = table
    balanced = ((n1 <= PETO_RATIO * n2) & (n2 <= PETO_RATIO * n1)).all()
    return bool(balanced and (e1 < PETO_RISK * n1).all() and (e2 < PETO_RISK * n2).all())


def _participants(effects: list[Effect]) -> float:
    return sum(e.participants for e in effects if e.yi is not None)


def _zero_cells(analysis: Analysis, effects: list[Effect]) -> Iterator[tuple[str, Callable]]:
    """Ratios with 0.5 added to every trial, instead of those with an empty cell alone."""
    table = counts(effects) if analysis.binary else None
    if table is not None and analysis.measure in ("RR", "OR"):
        measure = {"RR": synthesis.risk_ratio, "OR": synthesis.odds_ratio}[analysis.measure]
        effect = measure(*table, zero_cells="all")
        yield "half-to-all", lambda: synthesis.pool(effect.yi, effect.vi)


def variants(ev: Evidence, analysis: Analysis, effects: list[Effect]) -> list[dict]:
    """Every variant that changes anything, with its estimate.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    effects : list of Effect
        Of the main analysis.

    Returns
    -------
    list of dict
        ``id``, ``label``, ``kind`` (method, values or trial), ``same_question``, and the estimate;
        for ``values`` also ``brings``, the trials that have another effect than in the main
        analysis, or one at last. A variant that leaves no trial has no estimate.
    """
    with_effect = [e for e in effects if e.yi is not None]
    out, n = [], _participants(effects)
    if len(with_effect) > 1:
        for id_, fit in (*_methods(analysis, with_effect), *_posteriors(analysis, with_effect),
                         *_zero_cells(analysis, with_effect)):
            out.append(_fit({"id": id_, "label": _label(ev, analysis, id_), "kind": "method",
                             "same_question": True}, analysis.measure, fit(), n))
    if len(with_effect) >= SMALL_STUDY_K:
        # A row to look at, never a corrected estimate: it is no other answer to the question.
        out.append(_fit({"id": "trim-and-fill", "label": WORDS["trim-and-fill"], "kind": "method",
                         "same_question": False}, analysis.measure,
                        _trim_and_fill(*arrays(with_effect)), n))
    free = replace(analysis, qualities=())
    base = Rules(qualities=frozenset(analysis.qualities)) if analysis.qualities else Rules()
    before = [(e.trial_id, e.yi, e.vi) for e in effects]
    for variant in (*VARIANTS, *each_class(ev.data), *(PRE_POST if analysis.uncontrolled else ()),
                    *_without_doubtful(base), *_doubtful(ev, with_effect)):
        changed, _ = select(ev, free, replace(base, **variant.change))
        if [(e.trial_id, e.yi, e.vi) for e in changed] == before:
            continue
        row = {"id": variant.id, "label": _label(ev, analysis, variant.id), "kind": "values",
               "same_question": variant.same_question,
               "left_out": sorted(variant.change.get("without", ())),
               "brings": [e.trial_id for e in changed if e.yi is not None
                          and (e.trial_id, e.yi, e.vi) not in before]}
        out.append(_fit(row, analysis.measure, main_pool(analysis, changed),
                        _participants(changed)))
    return out


def _same_model(analysis: Analysis, effects: list[Effect], model: str) -> synthesis.Pooled:
    """A pool by the model of the main analysis, so that only the trials differ."""
    pooled = mantel_haenszel(analysis, effects) if model == "mantel-haenszel" else None
    return random_pool(analysis, effects) if pooled is None else pooled


def leave_one_out(analysis: Analysis, effects: list[Effect]) -> list[dict]:
    """The main model without each trial in turn, from three trials."""
    with_effect = [e for e in effects if e.yi is not None]
    if len(with_effect) < 3:
        return []
    model = main_pool(analysis, effects).model
    out = []
    for left in with_effect:
        row = {"id": f"without-{left.trial_id}",
               "label": WORDS["without-trial"].format(trial=left.trial_id),
               "kind": "trial", "same_question": True, "trial_id": left.trial_id}
        out.append(_without(row, analysis, effects, left, model))
    return out


def _without(row: dict, analysis: Analysis, effects: list[Effect], left: Effect,
             model: str) -> dict:
    """The pool of the other trials."""
    rest = [e for e in effects if e is not left]
    return _fit(row, analysis.measure, _same_model(analysis, rest, model), _participants(rest))


def without_weightless(analysis: Analysis, effects: list[Effect], weights: dict[str, float],
                       model: str) -> dict[str, dict]:
    """The pool without each trial of weight 0: its counts move the pool all the same.

    A Mantel–Haenszel ratio is a sum of numerators over a sum of denominators; the weight is the
    share of the second alone, to which a trial without an event in its control adds nothing.
    """
    return {e.trial_id: _without({}, analysis, effects, e, model) for e in effects
            if weights.get(e.trial_id) == 0}
