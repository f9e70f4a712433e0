"""The comparisons of an indication as a data package of RevMan, which `import` takes too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from ... import synthesis
from ...data.dataset import Dataset
from ...data.phrases import phrases
from ...intake.revman import BIAS, JUDGEMENT, ROWS, SETTINGS, SUBGROUPS
from ...review.measure import ratio, uncontrolled, varying
from ...view.addresses import Addresses
from ...view.base import grouped
from ...view.chapter_data import REVMAN
from ...view.figure import Figures
from ...view.forest import Forests
from ...view.naming import of_study, spoken
from ...view.subgroup import group_name
from .written import csv_text, number, study_name, zipped

_SETTING, _ROW, _WORDS = (phrases(__package__, f"revman_{name}.csv")
                          for name in ("settings", "rows", "words"))
_MEANS, _COUNTS, _CONTRASTS = (_WORDS[key] for key in ("Continuous", "Dichotomous", "contrast"))
_SIDES = (("intervention", "1"), ("comparator", "2"))
_POOLED = {"mantel-haenszel": ("MH", "fixed"), "common": ("IV", "fixed")}  # others: IV, random
_EFFECTS = {"MD": synthesis.mean_difference, "SMD": synthesis.standardised_mean_difference,
            "RR": synthesis.risk_ratio, "OR": synthesis.odds_ratio,
            "RD": synthesis.risk_difference}
_ENDS = {"mean": "estimate", "low": "ci_low", "high": "ci_high"}
_CLOSE = 1e-6  # of an effect that arms give, to the one that was analysed


def files(figures: Figures, indication: str) -> Iterator[tuple[str, bytes]]:
    """The data package of an indication.

    Its members are named after the indication, as those of a review are after its number. Means
    are on the scale of the analysis. An analysis of trials of which one gives no numbers of its
    arms, or not those that its effect was computed from, is one of contrasts. Judgements of risk of
    bias are in it where all are by one tool.

    Where a posterior is shown, the settings hold the estimate by random effects, and those of
    subgroups none; neither has a subgroup that is pooled by another model than its analysis, as a
    package states one for both. The subgroups of an analysis are the first division of all its
    trials.

    Yields
    ------
    (str, bytes)
        Address below the site and content.
    """
    found = [r for r in figures.results([indication]) if r["studies"] and not uncontrolled(r)]
    if not found:
        return
    forests, numbers = figures.forests(indication), _numbers(found)
    years = {s["study_id"]: s["year"] for s in figures.data.records("studies", indication)}
    settings = [_setting(forests, r, *numbers[r["id"]]) for r in found]
    rows = [row for r in found for row in _rows(forests, r, *numbers[r["id"]], years)]
    tables = {f"analysis-data/{indication}-{SETTINGS}": csv_text(settings, _SETTING.values()),
              f"analysis-data/{indication}-{ROWS}": csv_text(rows, _ROW.values()),
              f"analysis-data/{indication}-{SUBGROUPS}": csv_text(
                  [row for r in found for row in _groups(figures.data, r, *numbers[r["id"]])],
                  (*list(_SETTING.values())[:2], _ROW["subgroup"], _WORDS["subgroup-number"],
                   *(_SETTING[key] for key in _ENDS))),
              f"study-data/{indication}-{BIAS}": _judged(figures, indication)}
    yield Addresses.export(indication, REVMAN), zipped(
        {f"{indication}-{name}.csv": text.encode() for name, text in tables.items() if text})


def _numbers(results: list[dict]) -> dict[str, tuple[int, int]]:
    """The number of the comparison and of the analysis in it, by analysis."""
    groups = grouped(results, lambda r: (r["question"]["comparison"], r["question"]["background"]))
    return {one["id"]: (group, i) for group, same in enumerate(groups.values(), 1)
            for i, one in enumerate(same, 1)}


def _division(result: dict) -> dict | None:
    """The first division of all trials of an estimate into several groups."""
    pooled = {s["trial_id"] for s in result["studies"] if s["yi"] is not None}
    return next((d for d in result["subgroups"] if len(d["groups"]) > 1 and pooled == {
        trial for group in d["groups"] for trial in group["trials"]}), None)


def _group_names(data: Dataset, result: dict) -> dict[str, str]:
    """The subgroup of each trial; none where the trials are in no several groups."""
    division = _division(result)
    return {trial: group_name(data, division["by"], group["value"]).en
            for group in (division["groups"] if division else ()) for trial in group["trials"]}


def _groups(data: Dataset, result: dict, group: int, i: int) -> Iterator[dict]:
    """The estimates of the subgroups of an analysis; none by another model than its own."""
    division, own = _division(result), _POOLED.get((result["pooled"] or {}).get("model"))
    for place, one in enumerate(division["groups"] if division else (), 1):
        same = one["k"] == 1 or _POOLED.get(one["model"]) == own
        known = one if same and one["model"] != "posterior" else {}
        yield {_SETTING["group"]: group, _SETTING["number"]: i,
               _ROW["subgroup"]: group_name(data, division["by"], one["value"]).en,
               _WORDS["subgroup-number"]: place,
               **{_SETTING[key]: number(known.get(ours)) for key, ours in _ENDS.items()}}


def _setting(forests: Forests, result: dict, group: int, i: int) -> dict[str, object]:
    """What is said of an analysis, and its estimate."""
    asked = forests.findings.of(result).question
    pooled = result["pooled"] or {}
    if pooled.get("model") == "posterior":  # a package knows no posterior, but the model beside it
        pooled = result["random_effects"] or {}
    spread = varying({**result, "pooled": pooled}) if pooled else {}
    divided = _division(result)
    method, model = _POOLED.get(pooled.get("model"), ("IV", "random"))
    control = asked.background.en if asked.background else asked.comparator.en
    values = {
        "group": group, "number": i, "name": result["title"],
        "group-name": f"{asked.given.en}: {control}", "type": kind(result),
        "log": _said(ratio(result)), "experimental": asked.given.en, "control": control,
        "method": method, "measure": _WORDS[asked.measure], "model": _WORDS[model],
        "estimator": result["method"]["tau2_method"] if model == "random" else "",
        "subgroups": _said(divided), "overall": "TRUE",
        "difference": _said(divided and divided["difference"]), "swapped": "FALSE",
        "interval": "HKSJ" if str(pooled.get("interval")).startswith("hksj") else "Wald",
        "study-ci": "95%", "estimate-ci": "95%",
        **{key: number(pooled.get(ours)) for key, ours in _ENDS.items()},
        **{key: number(spread.get(ours)) for key, ours in (
            ("predicted-low", "pi_low"), ("predicted-high", "pi_high"), ("tau2", "tau2"),
            ("chi2", "q"), ("df", "q_df"), ("i2", "i2"))}}
    return {_SETTING[key]: value for key, value in values.items()}


def _said(value: object) -> str:
    return str(bool(value)).upper()


def kind(result: dict) -> str:
    """The type of the data of an analysis: what its effects can be computed from again.

    Parameters
    ----------
    result : dict
        A comparison of ``results.json``.
    """
    studies, asked = result["studies"], result["question"]["measure"]
    wanted = (("events", "n"), _COUNTS) if asked in ("RR", "OR", "RD") else (
        ("mean", "sd", "n"), _MEANS)
    stated = all(s[side] and s[side][name] is not None
                 for s in studies for side, _ in _SIDES for name in wanted[0])
    if asked not in _EFFECTS or not stated:
        return _CONTRASTS
    arms = ([s[side][name] for s in studies] for side, _ in _SIDES for name in wanted[0])
    again = _EFFECTS[asked](*(np.array(values, dtype=float) for values in arms))
    there = np.array([s["yi"] is not None for s in studies])
    same = all(np.allclose(np.asarray(found, dtype=float)[there],
                           [s[key] for s in studies if s["yi"] is not None], rtol=_CLOSE, atol=0)
               for key, found in (("yi", again.yi), ("vi", again.vi)))
    return wanted[1] if same else _CONTRASTS


def _rows(forests: Forests, result: dict, group: int, i: int, years: Mapping) -> Iterator[dict]:
    """The trials of an analysis."""
    form, groups = kind(result), _group_names(forests.findings.data, result)
    for study in result["studies"]:
        values = {
            "group": group, "number": i, "name": result["title"],
            "subgroup": groups.get(study["trial_id"], ""),
            "applicability": "SUBGROUP_AND_OVERALL" if study["trial_id"] in groups else "OVERALL",
            "study": study_name(study["trial_id"], forests.names),
            "year": years.get(study["trial_id"]) or "",
            "n-1": number(study["n_intervention"]), "n-2": number(study["n_comparator"]),
            "weight": number(study["weight"] and 100 * study["weight"]),
            "mean": number(study["estimate"]), "low": number(study["ci_low"]),
            "high": number(study["ci_high"]), "footnotes": spoken(
                "; ".join(study["derivation"]), of_study(forests.arms, study["study_id"]))}
        if form == _CONTRASTS and study["yi"] is not None:
            values |= {"giv-mean": number(study["yi"]), "giv-se": number(math.sqrt(study["vi"]))}
        for side, place in _SIDES if form != _CONTRASTS else ():
            arm = study[side]
            values |= {f"{name}-{place}": number(arm[name])
                       for name in ("mean", "sd", "events", "n")}
        yield {_ROW[key]: value for key, value in values.items()}


def _judged(figures: Figures, indication: str) -> str:
    """The judgements, a row for each study; empty where there are none, or several tools."""
    found = figures.data.records("risk_of_bias", indication)
    if len({row["tool"] for row in found}) != 1:
        return ""
    names = figures.forests(indication).names
    studies: dict[str, dict] = {}
    for row in found:
        name = study_name(row["study_id"], names)
        one = studies.setdefault(f"{name} {row['source_id']}", {_ROW["study"]: name})
        one[f"{JUDGEMENT}{row['domain']}"] = row["judgement"]
    columns = dict.fromkeys(name for one in studies.values() for name in one)
    return csv_text(list(studies.values()), list(columns))
