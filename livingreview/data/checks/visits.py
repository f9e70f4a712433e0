"""Rules on outcomes beside each other: those of the arms of a visit, of visits and of trials."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from ..dataset import Dataset, Problem
from .problem import each, problem

SMALL_SD = 1 / 3  # of the median SD of the outcome: about what a standard error of n = 9 would be
LARGE_EFFECT = 2  # standard deviations


def _by_visit(data: Dataset, indication: str) -> dict[tuple, list]:
    """Rows with a mean, by study, outcome, instrument, visit and statistic."""
    frame = data.frame("outcomes", indication)
    frame = frame[frame["mean"].notna()]
    out = defaultdict(list)
    for row in frame[["study_id", "outcome", "instrument", "timepoint_months", "statistic",
                      "arm_id", "mean", "sd", "better", "scale_min", "scale_max"]].itertuples():
        visit = -1.0 if np.isnan(row.timepoint_months) else row.timepoint_months
        out[row.study_id, row.outcome, row.instrument, visit, row.statistic].append(row)
    return out


def equal_spreads(path: str, visits: dict[tuple, list]) -> Iterator[Problem]:
    """SDs that two trials, two visits or two arms share to the last digit."""
    by_sds, by_arms = defaultdict(list), defaultdict(list)
    for (study, outcome, instrument, _, statistic), rows in visits.items():
        rows = [r for r in rows if r.sd > 0]
        if len(rows) < 2:
            continue
        sds = tuple(sorted(r.sd for r in rows))
        by_sds[outcome, sds].append((study, rows[0]))
        key = tuple(sorted((r.arm_id, r.sd) for r in rows))
        by_arms[study, outcome, instrument, statistic, key].append(rows[0])
        for a, b in combinations(rows, 2) if len(rows) <= 8 else ():
            if (a.mean, a.sd) == (b.mean, b.sd):
                yield problem(path, b.Index, "mean", b.mean,
                              f"same mean and SD as row {a.Index}, another arm",
                              "values of this arm", "warning", "equal-values")
    for (_, _), found in by_sds.items():
        first = found[0]
        for study, row in found[1:]:
            if study != first[0]:
                yield problem(path, row.Index, "sd", row.sd,
                              f"the SDs of all arms equal those of {first[0]} (row "
                              f"{first[1].Index})", "SDs of this trial", "warning",
                              "equal-values")
    for rows in by_arms.values():
        for row in rows[1:]:
            yield problem(path, row.Index, "sd", row.sd,
                          f"the SDs of all arms equal those of another visit (row "
                          f"{rows[0].Index})", "SDs of this visit", "warning", "equal-values")


def change_as_final(path: str, visits: dict[tuple, list]) -> Iterator[Problem]:
    """Final means of a sign or size that only a change can have."""
    for (study, outcome, instrument, visit, statistic), rows in visits.items():
        if statistic != "final" or len(rows) < 2 or visit == 0:
            continue
        negative = all(r.mean < 0 and not r.scale_min < 0 for r in rows)
        start = {r.arm_id: r.mean
                 for r in visits.get((study, outcome, instrument, 0.0, "final"), ())}
        fallen = all(r.better == "higher" and r.arm_id in start
                     and r.mean < start[r.arm_id] / 2 for r in rows)
        if negative or fallen:
            found = problem(path, rows[0].Index, "statistic", "final",
                            "the means of all arms look like changes from baseline",
                            "change, if they are", "warning", "change-as-final")
            yield replace(found, rows=tuple(r.Index for r in rows))


def large_effect(path: str, visits: dict[tuple, list]) -> Iterator[Problem]:
    """Arms that differ by more than two standard deviations."""
    for (_, _, _, visit, statistic), rows in visits.items():
        if visit == 0 or statistic == "percent-change" or len(rows) > 8:
            continue
        for a, b in combinations([r for r in rows if r.sd > 0], 2):
            spread = math.hypot(a.sd, b.sd) / math.sqrt(2)
            if abs(a.mean - b.mean) > LARGE_EFFECT * spread:
                yield problem(path, b.Index, "mean", b.mean,
                              "the arms differ by more than two standard deviations "
                              f"(row {a.Index})",
                              "a plausible effect", "warning", "large-effect")


def baseline_reversed(path: str, visits: dict[tuple, list]) -> Iterator[Problem]:
    """Baseline means on opposite sides of the scale's middle."""
    for (_, _, _, visit, statistic), rows in visits.items():
        rows = [r for r in rows if r.scale_max > r.scale_min]
        if visit != 0 or statistic != "final" or len(rows) < 2:
            continue
        side = [np.sign(r.mean - (r.scale_min + r.scale_max) / 2) for r in rows]
        if min(side) < 0 < max(side):
            found = problem(path, rows[0].Index, "mean", rows[0].mean,
                            "baseline means of the arms lie on opposite sides of the scale's "
                            "middle: one may be reversed", "baselines on one side", "warning",
                            "baseline-reversed")
            yield replace(found, rows=tuple(r.Index for r in rows))


def _with_usual_scale(data: Dataset, indication: str) -> pd.DataFrame:
    """Outcome rows with the row's scale, or the instrument's usual one where the values fit it."""
    frame = data.frame("outcomes", indication)
    usual = {}
    for i in data.records("instruments"):
        if i["scale_max"] is not None and i["indication"] in (None, indication):
            usual[i["outcome"]] = (i["scale_min"], i["scale_max"])
    low = frame["outcome"].map(lambda o: usual.get(o, (np.nan, np.nan))[0]).astype(float)
    high = frame["outcome"].map(lambda o: usual.get(o, (np.nan, np.nan))[1]).astype(float)
    value = frame["mean"].fillna(frame["median"]).abs()
    # A pain score of 5 may be on 0 to 10: the usual range counts only where the study's largest
    # value needs it.
    largest = value.groupby([frame["study_id"], frame["outcome"]]).transform("max")
    fits = frame["scale_max"].isna() & (largest <= high) & (largest > high / 5)
    frame["low"] = frame["scale_min"].where(~fits, low)
    frame["high"] = frame["scale_max"].where(~fits, high)
    return frame


def sd_may_be_se(data: Dataset, indication: str) -> Iterator[Problem]:
    """An SD far below the others of the outcome, on 0 to 100."""
    frame = _with_usual_scale(data, indication)
    frame = frame[(frame["statistic"] != "percent-change") & (frame["sd"] > 0)]
    scaled = frame["sd"] * 100 / (frame["high"] - frame["low"])
    middle = scaled.groupby(frame["outcome"]).transform("median")
    yield from each(frame, scaled < SMALL_SD * middle, f"{indication}/outcomes.csv", "sd",
                    "below a third of the median SD of this outcome: may be a standard error",
                    "a standard deviation", "warning", "sd-may-be-se")


def beside_each_other(data: Dataset, indication: str) -> Iterator[Problem]:
    """The rules that look at all arms of a visit at once."""
    path, visits = f"{indication}/outcomes.csv", _by_visit(data, indication)
    for rule in (equal_spreads, change_as_final, large_effect, baseline_reversed):
        yield from rule(path, visits)


RULES = (sd_may_be_se, beside_each_other)
