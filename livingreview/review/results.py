"""Every analysis of a data folder, computed once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass

from .. import __version__, synthesis
from ..dataset import Dataset
from ..effects import Analysis, ArmValue, Effect, Evidence, Rules, select, targets
from . import certainty, missing, pools, robustness
from .multiverse import multiverse

SIGNIFICANT = 10  # digits of a number in results.json
_Z = 1.959963984540054


@dataclass(frozen=True)
class Review:
    """A data folder with its evidence and the results of its analyses.

    Attributes
    ----------
    data : Dataset
    evidence : dict of str to Evidence
        By indication.
    effects : dict of str to list of Effect
        By analysis.
    document : dict
        What ``results.json`` holds.
    """

    data: Dataset
    evidence: dict[str, Evidence]
    effects: dict[str, list[Effect]]
    document: dict

    def analysis(self, analysis_id: str) -> dict:
        """The result of one analysis; LookupError where `analyses.csv` declares none."""
        try:
            return self.document["analyses"][analysis_id]
        except KeyError:
            raise LookupError(f"analyses.csv has no row {analysis_id!r}") from None

    def analyses(self, indication: str, **having) -> list[dict]:
        """Results of an indication whose keys have these values, in the order of the table."""
        return [a for a in self.document["analyses"].values() if a["indication"] == indication
                and all(a[key] == value for key, value in having.items())]


def _arm(value: ArmValue | None) -> dict | None:
    if value is None:
        return None
    return {"arms": list(value.arms), "n": value.n, "mean": value.mean, "sd": value.sd,
            "events": value.events, "quality": value.quality,
            "derivation": list(value.derivation),
            "readings": [_reading(r) for r in value.readings]}


def _reading(r) -> dict:
    return {"table": r.table, "row": r.row, "arm_id": r.arm_id, "source_id": r.source_id,
            "locator": r.locator, "printed": [list(p) for p in r.printed], "note": r.note}


def _study(ev: Evidence, analysis: Analysis, effect: Effect, weight: float | None) -> dict:
    """One trial of a result."""
    low = high = None
    if effect.yi is not None:
        half = _Z * math.sqrt(effect.vi)
        low, high = effect.yi - half, effect.yi + half
    return {
        "trial_id": effect.trial_id, "study_id": effect.study_id, "comparison": effect.kind,
        "background": list(effect.background), "cell_class": effect.cell_class,
        "outcome": effect.outcome, "instrument": effect.instrument, "months": effect.months,
        "statistic": effect.statistic, "yi": effect.yi, "vi": effect.vi,
        "estimate": pools.natural(analysis.measure, effect.yi),
        "ci_low": pools.natural(analysis.measure, low),
        "ci_high": pools.natural(analysis.measure, high),
        "weight": weight, "n_cells": effect.n_cells, "n_comparator": effect.n_comparator,
        "cells": _arm(effect.cells), "comparator": _arm(effect.comparator),
        "quality": effect.quality, "derivation": list(effect.derivation),
        "readings": [] if effect.cells else [_reading(r) for r in effect.readings],
        "within_person": effect.within_person, "low_follow_up": effect.low_follow_up,
        "odd": [list(found) for found in robustness.odd_values(ev, effect)],
        "no_ratio": effect.no_ratio, "passed_over": [list(p) for p in effect.passed_over]}


def _weights(effects: list[Effect], pooled: synthesis.Pooled | None) -> dict[str, float]:
    with_effect = [e for e in effects if e.yi is not None]
    if pooled is None:
        return {}
    return {e.trial_id: float(w) for e, w in zip(with_effect, pooled.weights, strict=True)}


def _subgroup(analysis: Analysis, name: str, fits: dict[str, list[Effect]]) -> dict:
    """One division of trials with the pool of each group."""
    groups = [{"value": value, "trials": [e.trial_id for e in members],
               "n": sum(e.participants for e in members),
               **pools.describe(analysis.measure, pools.main_pool(analysis, members))}
              for value, members in fits.items()]
    return {"by": name, "groups": groups, "difference": _difference(analysis, fits)}


def _subgroups(ev: Evidence, analysis: Analysis, effects: list[Effect]) -> list[dict]:
    """Pools by kind of cells, by comparison where there are several, and by design.

    Non-randomised controlled studies are a subgroup beside the randomised ones, not in the pool.
    """
    with_effect = [e for e in effects if e.yi is not None]
    by = [("cells", lambda e: e.cell_class)]
    if analysis.comparison == "any":
        by.insert(0, ("comparison", lambda e: e.kind))
    out = []
    for name, key in by:
        values = list(dict.fromkeys(key(e) for e in with_effect))
        fits = {value: [e for e in with_effect if key(e) == value] for value in values}
        out.append(_subgroup(analysis, name, fits))
    other = "nonrandomised-controlled"
    beside = [e for e in select(ev, analysis, Rules(designs=frozenset({other})))[0]
              if e.yi is not None]
    if beside:
        designs = {"rct": with_effect} if with_effect else {}
        out.append(_subgroup(analysis, "design", {**designs, other: beside}))
    return out


def _difference(analysis: Analysis, fits: dict[str, list[Effect]]) -> dict | None:
    """Test between subgroups, from random-effects pools of those with two trials or more."""
    pooled = [pools.random_pool(analysis, members) for members in fits.values()
              if len(members) >= 2]
    if len(pooled) < 2:
        return None
    test = synthesis.subgroup_difference([p.estimate for p in pooled], [p.se for p in pooled])
    return {"q": float(test[0]), "df": int(test[1]), "p_value": float(test[2])}


def _most_moving(result: dict, analysis: Analysis) -> dict | None:
    """The one choice or trial that moves the estimate most, ratios compared as logarithms."""
    if result["pooled"] is None:
        return None
    scale = math.log if analysis.ratio else float
    here = scale(result["pooled"]["estimate"])
    rows = [r for r in (*result["robustness"], *result["leave_one_out"])
            if r["same_question"] and r.get("estimate") is not None]
    if not rows:
        return None
    row = max(rows, key=lambda r: abs(scale(r["estimate"]) - here))
    return {"id": row["id"], "label": row["label"], "estimate": row["estimate"]}


def _question(ev: Evidence, analysis: Analysis) -> dict:
    low, high = analysis.window
    return {"population": ev.data.label("indication", ev.indication),
            "cells": "expanded and minimally processed mesenchymal cell products",
            "comparison": analysis.comparison, "target_type": analysis.target_type,
            "target": analysis.target, "instrument_contains": analysis.instrument_contains,
            "window_from": low, "window_to": high, "measure": analysis.measure,
            "favourable": analysis.favourable, "rescaled_0_100": analysis.rescale}


def analyse(ev: Evidence, analysis: Analysis) -> tuple[dict, list[Effect]]:
    """Compute one analysis.

    Parameters
    ----------
    ev : Evidence
        Of the analysis's indication.
    analysis : Analysis

    Returns
    -------
    (dict, list of Effect)
        The result as it stands in ``results.json``, and its effects.
    """
    effects, left = select(ev, analysis, Rules())
    wanted = targets(ev, analysis)
    with_effect = [e for e in effects if e.yi is not None]
    main = pools.main_pool(analysis, effects)
    pooled = None if main is None else pools.describe(analysis.measure, main)
    weights = _weights(effects, main)
    result = {
        "id": analysis.id, "indication": analysis.indication, "title": analysis.title,
        "section": analysis.section, "role": analysis.role, "note": analysis.note,
        "question": _question(ev, analysis), "k": len(with_effect),
        "k_without_ratio": len(effects) - len(with_effect),
        "n": sum(e.participants for e in with_effect),
        "n_without_ratio": sum(e.participants for e in effects if e.yi is None),
        "pooled": pooled,
        "random_effects": None, "subgroups": _subgroups(ev, analysis, effects),
        "studies": [_study(ev, analysis, e, weights.get(e.trial_id)) for e in effects],
        "robustness": [], "leave_one_out": [], "absolute": None, "certainty": None,
        "none_seen": pools.none_seen(effects) if analysis.binary else None,
        "not_in_pool": missing.not_in_pool(ev, analysis, effects, left, wanted),
        "minimal_important_difference": certainty.minimal_important_difference(
            ev, analysis, with_effect, wanted),
        "small_study": certainty.small_study_test(analysis, effects), "most_moving": None,
        "multiverse": None}
    if pooled is None:
        result["robustness"] = robustness.variants(ev, analysis, effects)
        return result, effects
    if main.model != "random" and len(with_effect) > 1:
        result["random_effects"] = pools.describe(
            analysis.measure, pools.random_pool(analysis, with_effect))
    if analysis.role != "check":
        result["robustness"] = robustness.variants(ev, analysis, effects)
        result["leave_one_out"] = robustness.leave_one_out(analysis, effects)
        result["most_moving"] = _most_moving(result, analysis)
        result["multiverse"] = multiverse(ev, analysis, effects)
    result["absolute"] = pools.absolute(analysis, effects, pooled)
    result["certainty"] = certainty.certainty(
        ev, analysis, with_effect, pooled, weights, result["minimal_important_difference"],
        result["small_study"], result["not_in_pool"], result["random_effects"])
    return result, effects


def review(data: Dataset, progress: Callable[[str], None] | None = None) -> Review:
    """Compute every analysis of a data folder.

    Parameters
    ----------
    data : Dataset
    progress : callable, optional
        Called with the identifier of each analysis before it is computed.

    Returns
    -------
    Review
    """
    evidence = {i: Evidence(data, i) for i in data.indications}
    results, effects = {}, {}
    for row in data.records("analyses"):
        analysis = Analysis.of(row)
        if progress:
            progress(analysis.id)
        results[analysis.id], effects[analysis.id] = analyse(evidence[analysis.indication],
                                                             analysis)
    document = {"data_version": data.version, "package_version": __version__,
                "digests": dict(data.digests), "analyses": results}
    return Review(data, evidence, effects, document)


def _rounded(value):
    """Numbers with ten significant digits, so that results do not depend on the last bits."""
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a result that is not finite must be absent, with its reason")
        number = float(f"{value:.{SIGNIFICANT}g}")
        return int(number) if number == int(number) and abs(number) < 1e15 else number
    return value


def dumps(document: dict) -> str:
    """``results.json``: sorted keys, ten significant digits, no clock, host or path.

    Parameters
    ----------
    document : dict

    Returns
    -------
    str
    """
    return json.dumps(_rounded(document), ensure_ascii=False, indent=1, sort_keys=True,
                      allow_nan=False) + "\n"
