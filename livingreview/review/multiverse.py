"""Every sensible combination of choices for one fixed question, through the batched core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from .. import synthesis
from ..data.phrases import phrases
from ..effects import Analysis, Effect, Evidence, Rules, select
from ..effects.comparisons import CLASS_NOT_STATED, KEPT_APART
from ..effects.question import PROPORTION, RATIOS
from ..effects.values import QUALITIES
from . import priors, proportions
from .pools import arrays, counts, natural
from .robustness import DOUBTS, odd_values

TAU2_METHODS = ("REML", "DL", "PM")
INTERVALS = ("hksj-guard", "hksj", "z")
# What results call choices and their levels; a level that is not there is called as it is.
WORDS = phrases(__package__, "combinations.csv")
NUMBERS = ("k", "estimate", "ci_low", "ci_high")


@dataclass(frozen=True)
class Choice:
    """One choice of values: its key and the changes of the rules that its levels make."""

    key: str
    levels: tuple[tuple[str, dict], ...]


# The first level of each is the main analysis's. Qualities add up, so each is a choice of its own.
CHOICES = (
    Choice("derived", (("in", {}), ("out", {"derived": False}))),
    Choice("borrowed", (("out", {}), ("in", {"borrowed": True}))),
    Choice("digitised", (("out", {}), ("in", {"digitised": True}))),
    Choice("doubtful", (("out", {}), ("in", {"doubtful": True}))),
    Choice("skewed", (("out", {}), ("in", {"skewed": True}))),
    Choice("instrument-limits", (("in", {}), ("out", {"instrument_limits": False}))),
    Choice("silent-arms", (("in", {}), ("out", {"silent_arms": False}))),
    Choice("some-arms", (("out", {}), ("in", {"some_arms": True}))),
    Choice("contrasts", (("in", {}), ("out", {"contrasts": False}))),
    Choice("sure-overlaps", (("out", {}), ("in", {"sure_overlaps": True}))),
    Choice("possible-overlaps", (("in", {}), ("out", {"possible_overlaps": False}))),
    Choice("n", (("analysed", {}), ("allocated", {"allocated_n": True}))),
    Choice("paired", (
        ("0", {}), ("0.5", {"paired_correlation": 0.5}), ("0.8", {"paired_correlation": 0.8}))),
    Choice("icc", (("0.5", {}), ("0", {"icc": 0.0}),
                                               ("1", {"icc": 1.0}))),
    Choice("products-stated", (("in", {}), ("out", {
        "other_classes": frozenset({KEPT_APART, CLASS_NOT_STATED})}))),
)


# Of a change from baseline: what its SD rests on where it is not reported.
PRE_POST = Choice("pre-post", (
    ("0.5", {}), ("0.3", {"pre_post_correlation": 0.3}), ("0.8", {"pre_post_correlation": 0.8})))


def _rules(changes: list[dict], base: Rules) -> Rules:
    """The main rules with the changes of several choices."""
    merged = {key: value for change in changes for key, value in change.items()}
    qualities = set(base.qualities)
    for quality in QUALITIES:
        wanted = merged.pop(quality, None)
        if wanted is not None:
            (qualities.add if wanted else qualities.discard)(quality)
    return replace(base, qualities=frozenset(qualities), **merged)


def _same(one: list[Effect], other: list[Effect]) -> bool:
    return [(e.trial_id, e.yi, e.vi) for e in one] == [(e.trial_id, e.yi, e.vi) for e in other]


EVERYTHING = [choice.levels[1][1] for choice in CHOICES if choice.levels[1][0] == "in"]


def _active(ev: Evidence, analysis: Analysis, base: Rules, main: list[Effect],
            full: list[Effect]) -> list[Choice]:
    """Choices that change anything, alone or beside every value that could come in."""
    out = []
    for choice in (*CHOICES, *((PRE_POST,) if analysis.uncontrolled else ())):
        for _, change in choice.levels[1:]:
            if not _same(select(ev, analysis, _rules([change], base))[0], main) or not _same(
                    select(ev, analysis, _rules([*EVERYTHING, change], base))[0], full):
                out.append(choice)
                break
    return out


@dataclass(frozen=True)
class _Set:
    """The effects that some choices give, and which levels they are.

    `table` holds counts: events and totals of both arms, or of the treated patients alone.
    """

    levels: dict[str, str]
    yi: np.ndarray
    vi: np.ndarray
    table: list[np.ndarray] | None


def _zero_cell_sets(analysis: Analysis, levels: dict, effects: list[Effect]) -> Iterator[_Set]:
    """The effects of a set of trials; ratios with each rule for empty cells that differs."""
    yi, vi = arrays(effects)
    if analysis.measure == PROPORTION:
        yield _Set(levels, yi, vi, list(proportions.table(effects)))
        return
    table = counts(effects)
    if analysis.measure not in ("RR", "OR") or table is None:
        yield _Set(levels, yi, vi, None)
        return
    yield _Set({**levels, "zero-cells": "where-empty"}, yi, vi, table)
    measure = {"RR": synthesis.risk_ratio, "OR": synthesis.odds_ratio}[analysis.measure]
    whole = measure(*table, zero_cells="all")
    if not np.allclose(whole.yi, yi, rtol=1e-12, atol=0):
        yield _Set({**levels, "zero-cells": "everywhere"}, whole.yi, whole.vi, None)


def _without_doubtful(ev: Evidence, effects: list[Effect]) -> Iterator[tuple[dict, list[Effect]]]:
    """The trials, and the trials without those whose values the validation finds odd."""
    doubted = {rule: {e.trial_id for e in effects
                      if any(rule == r for r, _ in odd_values(ev, e))} for rule in DOUBTS}
    doubted = {rule: trials for rule, trials in doubted.items() if trials}
    for size in range(len(doubted) + 1):
        for chosen in combinations(doubted, size):
            gone = set().union(*(doubted[rule] for rule in chosen))
            rest = [e for e in effects if e.trial_id not in gone]
            levels = {rule: "out" if rule in chosen else "in" for rule in doubted}
            if rest:
                yield levels, rest


def _sets(ev: Evidence, analysis: Analysis, base: Rules, main: list[Effect]) -> list[_Set]:
    """Every set of effects that the choices of values, trials and zero cells give."""
    full = select(ev, analysis, _rules(EVERYTHING, base))[0]
    # Only trials that can give an effect at all are looked at again and again.
    analysis = replace(analysis, studies=tuple({e.trial_id for e in (*main, *full)}))
    active = _active(ev, analysis, base, main, full)
    out = []
    for picked in product(*(choice.levels for choice in active)):
        effects = select(ev, analysis, _rules([change for _, change in picked], base))[0]
        effects = [e for e in effects if e.yi is not None]
        levels = {choice.key: level for choice, (level, _) in zip(active, picked, strict=True)}
        for doubt, rest in _without_doubtful(ev, effects):
            out += _zero_cell_sets(analysis, {**levels, **doubt}, rest)
    return out


def _fits(analysis: Analysis, sets: list[_Set]) -> Iterator[tuple[dict, int, float, float, float]]:
    """Levels, k, estimate and interval of every set by every model."""
    yi, vi, mask = synthesis.pad([s.yi for s in sets], [s.vi for s in sets])
    models = [(method, interval, {"tau2_method": method, "interval": interval})
              for method in TAU2_METHODS for interval in INTERVALS]
    common = "common-value" if analysis.uncontrolled else "common"
    models.append((common, "z", {"model": "common", "interval": "z"}))
    for method, interval, chosen in models:
        fits = synthesis.fit_many(yi, vi, mask, **chosen)
        for i, s in enumerate(sets):
            if fits.k[i] > 1:
                yield ({**s.levels, "model": method, "interval": interval}, int(fits.k[i]),
                       float(fits.estimate[i]), float(fits.ci_low[i]), float(fits.ci_high[i]))
    yield from _posteriors(analysis, [s for s in sets if priors.few(len(s.yi))])
    if analysis.measure == PROPORTION:
        yield from _other_models_of_proportions(sets)
        return
    for s in sets:
        if s.table is not None and len(s.yi) > 1:
            try:
                mh = synthesis.mantel_haenszel(*s.table, measure=analysis.measure)
            except synthesis.SynthesisError:
                continue
            yield ({**s.levels, "model": "mantel-haenszel", "interval": "z",
                    "zero-cells": "no-correction"}, mh.k, mh.estimate, mh.ci_low, mh.ci_high)


def _posteriors(analysis: Analysis, sets: list[_Set]) -> Iterator[tuple]:
    """Sets of few trials by the posterior, under the prior and a narrower and a wider one."""
    if analysis.prior is None or not sets:
        return
    padded = synthesis.pad([s.yi for s in sets], [s.vi for s in sets])
    for model, times in priors.WIDTHS.items():
        found = synthesis.posterior_many(*padded, prior=analysis.prior.times(times))
        for i, s in enumerate(sets):
            yield ({**s.levels, "model": model, "interval": "credible"}, int(found.k[i]),
                   float(found.estimate[i]), float(found.ci_low[i]), float(found.ci_high[i]))


def _other_models_of_proportions(sets: list[_Set]) -> Iterator[tuple]:
    """Each set of counts by the logistic model and by double arcsines."""
    sets = [s for s in sets if len(s.yi) > 1]
    for s in sets:
        if fit := proportions.logistic(*s.table):
            yield ({**s.levels, "model": "logistic", "interval": "t"}, fit.k, fit.estimate,
                   fit.ci_low, fit.ci_high)
        if one := proportions.common(*s.table):
            yield ({**s.levels, "model": "logistic-common", "interval": "z"}, one.k,
                   one.estimate, one.ci_low, one.ci_high)
    turned = [synthesis.double_arcsine_proportion(*s.table) for s in sets]
    yi, vi, mask = synthesis.pad([t.yi for t in turned], [t.vi for t in turned])
    for interval in INTERVALS:
        fits = synthesis.fit_many(yi, vi, mask, tau2_method="REML", interval=interval)
        for i, s in enumerate(sets):
            ends = [fits.estimate[i], fits.ci_low[i], fits.ci_high[i]]
            yield ({**s.levels, "model": "double-arcsine", "interval": interval}, len(s.yi),
                   *proportions.turned_back(ends, s.table[1]))


def _said(levels: dict[str, str]) -> dict[str, str]:
    """Levels by choice, both as results call them."""
    return {WORDS[choice]: WORDS.get(level, level) for choice, level in levels.items()}


def multiverse(ev: Evidence, analysis: Analysis, main: list[Effect]) -> dict | None:
    """The estimate of one question under every sensible combination of choices.

    Parameters
    ----------
    ev : Evidence
    analysis : Analysis
    main : list of Effect
        Of the main analysis.

    Returns
    -------
    dict or None
        ``choices`` (name to levels), ``table`` (CSV text, one row per combination, levels as
        positions in their choice), ``n``, how many intervals cross the line of no effect (or are
        nothing but that line) or lie on one side of it, and ``moves_most``. None with fewer than
        two trials.

    References
    ----------
    Steegen et al. (2016), Perspectives on Psychological Science 11:702–712; Voracek et al. (2019),
    Zeitschrift für Psychologie 227:64–82.
    """
    if sum(e.yi is not None for e in main) < 2:
        return None
    base = Rules(qualities=frozenset(analysis.qualities)) if analysis.qualities else Rules()
    sets = _sets(ev, replace(analysis, qualities=()), base, main)
    found = [(_said(levels), *fit) for levels, *fit in _fits(analysis, sets)]
    names = list(dict.fromkeys(name for levels, *_ in found for name in levels))
    choices = {name: list(dict.fromkeys(levels[name] for levels, *_ in found if name in levels))
               for name in names}
    # A choice that a set of trials does not have (no empty cell, no doubtful trial) is at its first
    # level there: both levels would be the same.
    rows = [[choices[name].index(levels.get(name, choices[name][0])) for name in names]
            + [k, *(natural(analysis.measure, x) for x in (estimate, low, high))]
            for levels, k, estimate, low, high in found]
    return {"choices": choices, "table": _as_csv([*names, *NUMBERS], rows),
            **_summary(analysis, rows, choices)}


def _as_csv(columns: list[str], rows: list[list]) -> str:
    """Rows as CSV text: a table of thousands of numbers stays one value of ``results.json``."""
    lines = [",".join(columns)]
    lines += [",".join(f"{x:.10g}" if isinstance(x, float) else str(x) for x in row)
              for row in rows]
    return "\n".join(lines)


def _summary(analysis: Analysis, rows: list[list], choices: dict[str, list[str]]) -> dict:
    """How many analyses there are, on which side they lie, and which choice moves them most."""
    ratio, proportion = analysis.measure in RATIOS, analysis.measure == PROPORTION
    null, scale = (1.0, np.log) if ratio else (0.0, np.asarray)
    low, high = (np.array([row[i] for row in rows]) for i in (-2, -1))
    below, above = (high <= null) & (low < null), (low >= null) & (high > null)
    moves = []
    for position, (name, levels) in enumerate(choices.items()):
        medians = [np.median(scale([row[-3] for row in rows if row[position] == level]))
                   for level in range(len(levels))]
        if len(medians) > 1:
            moves.append((float(max(medians) - min(medians)), name,
                          levels[int(np.argmin(medians))], levels[int(np.argmax(medians))]))
    most = max(moves, default=None)
    return {"n": len(rows),  # a proportion has no line of no effect
            "crossing_null": None if proportion else int((~below & ~above).sum()),
            "below": None if proportion else int(below.sum()),
            "above": None if proportion else int(above.sum()),
            "moves_most": None if most is None else {
                "choice": most[1], "lowest": most[2], "highest": most[3], "by": most[0]}}
