"""Rules on what stands in one row: values that contradict each other, or that are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from .. import metrics, scales, tables
from ..dataset import DOUBTFUL, Dataset, Problem
from .problem import each, problem

_ORDERED = (("min", "q1"), ("q1", "median"), ("median", "q3"), ("q3", "max"), ("min", "max"),
            ("q1", "q3"), ("min", "median"), ("median", "max"), ("ci_low", "ci_high"))


def out_of_order(data: Dataset, indication: str) -> Iterator[Problem]:
    """Quartiles, ranges and intervals whose lower end is above the upper one."""
    for name in ("outcomes", "contrasts", "published_syntheses"):
        frame, path = data.frame(name, indication), f"{indication}/{name}.csv"
        for low, high in _ORDERED:
            if low in frame and high in frame:
                yield from each(frame, frame[low] > frame[high], path, low,
                                f"{low} is above {high}", f"{low} at or below {high}", "error",
                                "order")


def events_above_total(data: Dataset, indication: str) -> Iterator[Problem]:
    """More events than units at risk."""
    for name in ("outcomes", "adverse_events"):
        frame = data.frame(name, indication)
        mask = frame["events"] > frame["total"]
        if name == "adverse_events":  # one patient may have several events
            mask &= frame["count"] != "events"
        yield from each(frame, mask, f"{indication}/{name}.csv", "events",
                        "more events than the total", "events at or below total", "error",
                        "events-above-total")


def outside_scale(data: Dataset, indication: str) -> Iterator[Problem]:
    """A final mean outside the row's scale, a change larger than its width, an empty scale."""
    frame, path = data.frame("outcomes", indication), f"{indication}/outcomes.csv"
    low, high = frame["scale_min"], frame["scale_max"]
    yield from each(frame, low >= high, path, "scale_min", "scale_min is not below scale_max",
                    "a scale with a width", "error", "scale")
    low, high = low.where(~(low >= high)), high.where(~(low >= high))  # said once
    for column in ("mean", "median"):
        value = frame[column]
        final = (frame["statistic"] == "final") & ((value < low) | (value > high))
        yield from each(frame, final, path, column, f"a final {column} outside the row's scale",
                        "a value from scale_min to scale_max", "error", "outside-scale")
        change = (frame["statistic"] == "change") & (value.abs() > high - low)
        yield from each(frame, change, path, column, "a change larger than the scale is wide",
                        "at most scale_max - scale_min", "error", "outside-scale")


def impossible_percentage(data: Dataset, indication: str) -> Iterator[Problem]:
    """A percentage that no whole number of the total gives."""
    for name in ("outcomes", "adverse_events"):
        frame = data.frame(name, indication)
        frame = frame[frame["percent"].notna() & (frame["total"] > 0)]
        for row, percent, total in frame[["percent", "total"]].itertuples():
            text = f"{percent:g}"
            decimals = len(text.split(".")[1]) if "." in text else 0
            nearest = round(percent * total / 100) * 100 / total
            if abs(nearest - percent) > 0.5 * 10.0**-decimals + 1e-9:
                yield problem(f"{indication}/{name}.csv", row, "percent", percent,
                              f"no whole number of {total:g} gives this percentage",
                              "a percentage of the total", "warning", "impossible-percentage")


def share_as_mean(data: Dataset, indication: str) -> Iterator[Problem]:
    """A mean of what is counted: a percentage of patients in the wrong column."""
    counted = {i["outcome"] for i in data.records("instruments")
               if i["direction"] in ("more-events-better", "fewer-events-better")}
    frame = data.frame("outcomes", indication)
    for column in ("mean", "median"):
        yield from each(frame, frame["outcome"].isin(counted) & frame[column].notna(),
                        f"{indication}/outcomes.csv", column,
                        f"a {column} of an outcome that is counted",
                        "events and total, or percent", "warning", "share-as-mean")


def zero_mean_and_sd(data: Dataset, indication: str) -> Iterator[Problem]:
    """A mean of 0 with an SD of 0: fields that nobody filled in are often printed so."""
    frame = data.frame("outcomes", indication)
    yield from each(frame, (frame["mean"] == 0) & (frame["sd"] == 0),
                    f"{indication}/outcomes.csv", "mean",
                    "a mean of 0 with an SD of 0: an unused field may have been printed as 0",
                    "empty cells, where the source has no values", "warning", "zero-values")


def more_patients_than_units(data: Dataset, indication: str) -> Iterator[Problem]:
    """More patients than parts of patients, or as many where parts are said to outnumber them."""
    for name, units in (("studies", "n_enrolled"), ("arms", "n_allocated")):
        for row in data.records(name, indication):
            whole = row[units]
            if None in (whole, row["n_patients"]):
                continue
            several = name == "studies" and row["allocation"] == "clustered"
            if row["n_patients"] > whole or several and row["n_patients"] == whole:
                yield problem(f"{indication}/{name}.csv", row["row"], "n_patients",
                              row["n_patients"], f"not fewer patients than the {whole} units"
                              if several else f"more patients than the {whole} units",
                              "patients, of whom each has one unit or more", "warning",
                              "patients-above-units")


def _missing(data: Dataset, indication: str, column: str, mask, rule: str) -> Iterator[Problem]:
    """One warning per study, outcome and instrument, with the number of rows concerned."""
    frame = data.frame("outcomes", indication)
    found = mask(frame)
    if not found.any():
        return
    for _, group in frame[found].groupby(["study_id", "outcome", "instrument"], sort=False):
        others = len(group) - 1
        more = f" (and {others} more row{'s' * (others > 1)})" if others else ""
        yield replace(problem(f"{indication}/outcomes.csv", group.index[0], column, "",
                              f"{column} is missing{more}", "a value, where the source has one",
                              "warning", rule), rows=tuple(map(int, group.index)))


def scale_missing(data: Dataset, indication: str) -> Iterator[Problem]:
    """A score without its scale, where the instrument does not fix it."""
    scored = {i["outcome"] for i in data.records("instruments") if i["scale_max"] is not None}

    def missing(frame: pd.DataFrame) -> pd.Series:
        found = (frame["scale_max"].isna() & (frame["mean"].notna() | frame["median"].notna())
                 & frame["outcome"].isin(scored) & (frame["statistic"] != "percent-change"))
        for row in frame[found].itertuples():
            found[row.Index] = bool(row.rescaled) or scales.fixed_limits(
                data, row.outcome, row.instrument) is None
        return found

    yield from _missing(data, indication, "scale_max", missing, "scale-missing")


def n_missing(data: Dataset, indication: str) -> Iterator[Problem]:
    """A mean or median without the number of units it is of."""
    yield from _missing(data, indication, "n",
                        lambda f: f["n"].isna() & (f["mean"].notna() | f["median"].notna()),
                        "n-missing")


def another_metric(data: Dataset, indication: str) -> Iterator[Problem]:
    """Values that the metric of their outcome, or the one that the row names, cannot have."""
    outcomes = {m["outcome"] for m in data.records("metrics") if metrics.limits(m)}
    studies = dict.fromkeys((r["study_id"], r["outcome"], r["instrument"])
                            for r in data.records("outcomes", indication)
                            if r["outcome"] in outcomes)
    for study, outcome, instrument in studies:
        how = metrics.scored(data, indication, study, outcome, instrument)
        if how.misfit is None:
            continue
        row, column = how.misfit
        expected, found = (data.label("metric", m) for m in (how.expected, how.metric))
        what = f"taken as: {found}" if how.metric else "they fit no metric of this outcome"
        yield problem(f"{indication}/outcomes.csv", row["row"], column, row[column],
                      f"values that this metric cannot have; {what}", expected, "warning", "metric")


def metric_without_limits(data: Dataset, indication: str) -> Iterator[Problem]:
    """A metric that is neither norm-based nor has limits."""
    if indication != data.indications[0]:
        return
    for row in data.records("metrics"):
        if metrics.limits(row) is None:
            yield problem("metrics.csv", row["row"], "norm_mean", "" if row["norm_mean"] is None
                          else row["norm_mean"], "the metric has no norm and no limits, or both",
                          "norm_mean and norm_sd, or scale_min below scale_max", "error", "metric")


def source_says_doubtful(data: Dataset, indication: str) -> Iterator[Problem]:
    """A row that calls its value better than the kind of its source lets it be."""
    doubtful = {s["source_id"]: tables.DOUBTFUL_SOURCES.get(s["kind"])
                for s in data.records("sources", indication)}
    for name in ("outcomes", "contrasts", "adverse_events"):
        for row in data.records(name, indication):
            said = doubtful.get(row["source_id"])
            if said and row.get("quality") not in (None, DOUBTFUL):
                yield problem(f"{indication}/{name}.csv", row["row"], "quality", row["quality"],
                              f"the value is {said}, and counts as {DOUBTFUL}", DOUBTFUL,
                              "warning", "doubtful-source")


RULES = (out_of_order, events_above_total, outside_scale, impossible_percentage, share_as_mean,
         zero_mean_and_sd, more_patients_than_units, scale_missing, n_missing,
         another_metric, metric_without_limits, source_says_doubtful)
