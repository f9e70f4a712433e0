"""What a data table cannot say of itself: rules across cells, rows and tables.

Errors are values that cannot be true; warnings are values that an editor should look at, and are
listed on the data-quality page.
"""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd

from . import doubts, recorded, scales, seeds, tables
from .dataset import DOUBTFUL, GENERIC, Dataset, Problem

_ORDERED = (("min", "q1"), ("q1", "median"), ("median", "q3"), ("q3", "max"), ("min", "max"),
            ("q1", "q3"), ("min", "median"), ("median", "max"), ("ci_low", "ci_high"))
CERTAINTY_RULE_IDS = (
    "start-randomised", "start-nonrandomised", "bias-not-low", "bias-not-blinded",
    "inconsistency", "inconsistency-harm", "indirectness", "imprecision-one", "imprecision-two",
    "imprecision-unknown", "imprecision-participants", "imprecision-events",
    "reporting-small-study", "reporting-missing",
)
SMALL_SD = 1 / 3  # of the median SD of the outcome: about what a standard error of n = 9 would be
LARGE_EFFECT = 2  # standard deviations
LONGEST_EXPLANATION = 35  # words: it is read in passing
# Measures that an analysis may pool: those of two arms' means, those of two arms' counts, and one
# that is pooled only as reported between the arms.
OF_MEANS, OF_COUNTS, AS_REPORTED = ("MD", "SMD"), ("RR", "OR", "RD"), ("HR",)
# Without a comparison an analysis asks what became of the treated patients.
UNCONTROLLED, MEAN_CHANGE, PROPORTION = "uncontrolled", "mean-change", "proportion"
OF_ONE_ARM = (MEAN_CHANGE, PROPORTION)


def _problem(path, row, column, value, wrong, expected, level, rule) -> Problem:
    value = f"{value:g}" if isinstance(value, float) else str(value)
    return Problem(path, int(row), column, value, wrong, expected, level, rule)


def _each(frame: pd.DataFrame, mask, path, column, wrong, expected, level, rule):
    for row, value in frame.loc[mask, column].items():
        yield _problem(path, row, column, value, wrong, expected, level, rule)


# --- errors -----------------------------------------------------------------------------------


def out_of_order(data: Dataset, indication: str) -> Iterator[Problem]:
    """Quartiles, ranges and intervals whose lower end is above the upper one."""
    for name in ("outcomes", "contrasts", "published_syntheses"):
        frame, path = data.frame(name, indication), f"{indication}/{name}.csv"
        for low, high in _ORDERED:
            if low in frame and high in frame:
                yield from _each(frame, frame[low] > frame[high], path, low,
                                 f"{low} is above {high}", f"{low} at or below {high}", "error",
                                 "order")


def events_above_total(data: Dataset, indication: str) -> Iterator[Problem]:
    """More events than units at risk."""
    for name in ("outcomes", "adverse_events"):
        frame = data.frame(name, indication)
        mask = frame["events"] > frame["total"]
        if name == "adverse_events":  # one patient may have several events
            mask &= frame["count"] != "events"
        yield from _each(frame, mask, f"{indication}/{name}.csv", "events",
                         "more events than the total", "events at or below total", "error",
                         "events-above-total")


def outside_scale(data: Dataset, indication: str) -> Iterator[Problem]:
    """A final mean outside the row's scale, a change larger than its width, an empty scale."""
    frame, path = data.frame("outcomes", indication), f"{indication}/outcomes.csv"
    low, high = frame["scale_min"], frame["scale_max"]
    yield from _each(frame, low >= high, path, "scale_min", "scale_min is not below scale_max",
                     "a scale with a width", "error", "scale")
    low, high = low.where(~(low >= high)), high.where(~(low >= high))  # said once
    for column in ("mean", "median"):
        value = frame[column]
        final = (frame["statistic"] == "final") & ((value < low) | (value > high))
        yield from _each(frame, final, path, column, f"a final {column} outside the row's scale",
                         "a value from scale_min to scale_max", "error", "outside-scale")
        change = (frame["statistic"] == "change") & (value.abs() > high - low)
        yield from _each(frame, change, path, column, "a change larger than the scale is wide",
                         "at most scale_max - scale_min", "error", "outside-scale")


def operation_missing(data: Dataset, indication: str) -> Iterator[Problem]:
    """An arm whose comparator is an operation alone, and that does not name it."""
    if not data.words("cointervention"):
        return  # without the vocabulary no word is an operation
    for arm in data.records("arms", indication):
        if data.kind("comparator_type", arm["comparator_type"]) == "operation" and not any(
                data.kind("cointervention", word) in ("operation", "graft")
                for word in arm["cointervention"]):
            yield _problem(f"{indication}/arms.csv", arm["row"], "cointervention",
                           ";".join(arm["cointervention"]),
                           f"a {arm['comparator_type']} arm without its operation",
                           "the operation, as cointervention", "error", "operation-missing")


def combines_itself(data: Dataset, indication: str) -> Iterator[Problem]:
    """An arm that is the union of itself, or of another union."""
    arms = {(a["study_id"], a["arm_id"]): a for a in data.records("arms", indication)}
    for (study, arm_id), arm in arms.items():
        for part in arm["combines"]:
            if part == arm_id or (arms.get((study, part)) or {}).get("combines"):
                yield _problem(f"{indication}/arms.csv", arm["row"], "combines", part,
                               "the part is itself a union", "arms without combines", "error",
                               "combines")


def overlap_unknown(data: Dataset, indication: str) -> Iterator[Problem]:
    """A listed overlap of a study that the indication does not have."""
    if not data.knows("studies", indication):
        return
    known = {s["study_id"] for s in data.records("studies", indication)}
    for overlap in data.records("cohort_overlaps"):
        if overlap["indication"] != indication:
            continue
        for column in ("study_id", "other_study_id", "keep"):
            if overlap[column] and overlap[column] not in known:
                yield _problem("cohort_overlaps.csv", overlap["row"], column, overlap[column],
                               f"no such study_id in {indication}/studies.csv",
                               f"one that {indication}/studies.csv lists", "error", "foreign-key")


# --- warnings ---------------------------------------------------------------------------------


def _allocated(data: Dataset, indication: str) -> dict[tuple[str, str], float]:
    """Units allocated to each arm; a union has the sum of its parts where it states none."""
    arms = {(a["study_id"], a["arm_id"]): a for a in data.records("arms", indication)}
    out = {}
    for (study, arm_id), arm in arms.items():
        n = arm["n_allocated"]
        if n is None and arm["combines"]:
            parts = [(arms.get((study, p)) or {}).get("n_allocated") for p in arm["combines"]]
            n = sum(parts) if all(p is not None for p in parts) else None
        if n is not None:
            out[study, arm_id] = n
    return out


def above_allocated(data: Dataset, indication: str) -> Iterator[Problem]:
    """More units analysed than were allocated."""
    allocated = _allocated(data, indication)
    for name, columns in (("outcomes", ("n", "total")), ("adverse_events", ("total",))):
        frame = data.frame(name, indication)
        arms = zip(frame["study_id"], frame["arm_id"], strict=True)
        limit = np.array([allocated.get(arm, np.inf) for arm in arms], dtype=float)
        for column in columns:
            yield from _each(frame, frame[column].to_numpy() > limit,
                             f"{indication}/{name}.csv", column,
                             "more than were allocated to the arm", "at most n_allocated",
                             "warning", "above-allocated")


def serious_above_any(data: Dataset, indication: str) -> Iterator[Problem]:
    """More patients with serious than with any adverse event."""
    frame = data.frame("adverse_events", indication)
    largest = frame[frame["event"] == "any-ae"].groupby(["study_id", "arm_id"])["events"].max()
    serious = frame[frame["event"] == "serious-ae"]
    arms = zip(serious["study_id"], serious["arm_id"], strict=True)
    limit = np.array([largest.get(arm, np.nan) for arm in arms], dtype=float)
    yield from _each(serious, serious["events"].to_numpy() > limit,
                     f"{indication}/adverse_events.csv", "events",
                     "more serious than any adverse events", "at most the events of any-ae",
                     "warning", "serious-above-any")


def two_rows_for_an_event(data: Dataset, indication: str) -> Iterator[Problem]:
    """Two rows for one arm and adverse event."""
    frame = data.frame("adverse_events", indication)
    again = frame.duplicated(["study_id", "arm_id", "event"], keep="first")
    yield from _each(frame, again, f"{indication}/adverse_events.csv", "event",
                     "a second row for this arm and event", "one row, or a note on the conflict",
                     "warning", "two-rows")


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
    yield from _each(frame, scaled < SMALL_SD * middle, f"{indication}/outcomes.csv", "sd",
                     "below a third of the median SD of this outcome: may be a standard error",
                     "a standard deviation", "warning", "sd-may-be-se")


def _visits(data: Dataset, indication: str) -> dict[tuple, list]:
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
                yield _problem(path, b.Index, "mean", b.mean,
                               f"same mean and SD as row {a.Index}, another arm",
                               "values of this arm", "warning", "equal-values")
    for (_, _), found in by_sds.items():
        first = found[0]
        for study, row in found[1:]:
            if study != first[0]:
                yield _problem(path, row.Index, "sd", row.sd,
                               f"the SDs of all arms equal those of {first[0]} (row "
                               f"{first[1].Index})", "SDs of this trial", "warning",
                               "equal-values")
    for rows in by_arms.values():
        for row in rows[1:]:
            yield _problem(path, row.Index, "sd", row.sd,
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
            found = _problem(path, rows[0].Index, "statistic", "final",
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
                yield _problem(path, b.Index, "mean", b.mean,
                               "the arms differ by more than two standard deviations "
                               f"(row {a.Index})",
                               "a plausible effect", "warning", "large-effect")


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
                yield _problem(f"{indication}/{name}.csv", row, "percent", percent,
                               f"no whole number of {total:g} gives this percentage",
                               "a percentage of the total", "warning", "impossible-percentage")


def baseline_reversed(path: str, visits: dict[tuple, list]) -> Iterator[Problem]:
    """Baseline means on opposite sides of the scale's middle."""
    for (_, _, _, visit, statistic), rows in visits.items():
        rows = [r for r in rows if r.scale_max > r.scale_min]
        if visit != 0 or statistic != "final" or len(rows) < 2:
            continue
        side = [np.sign(r.mean - (r.scale_min + r.scale_max) / 2) for r in rows]
        if min(side) < 0 < max(side):
            found = _problem(path, rows[0].Index, "mean", rows[0].mean,
                             "baseline means of the arms lie on opposite sides of the scale's "
                             "middle: one may be reversed", "baselines on one side", "warning",
                             "baseline-reversed")
            yield replace(found, rows=tuple(r.Index for r in rows))


def _missing(data: Dataset, indication: str, column: str, mask, rule: str) -> Iterator[Problem]:
    """One warning per study, outcome and instrument, with the number of rows concerned."""
    frame = data.frame("outcomes", indication)
    frame = frame[mask(frame)]
    for _, group in frame.groupby(["study_id", "outcome", "instrument"], sort=False):
        others = len(group) - 1
        more = f" (and {others} more row{'s' * (others > 1)})" if others else ""
        yield replace(_problem(f"{indication}/outcomes.csv", group.index[0], column, "",
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


def share_as_mean(data: Dataset, indication: str) -> Iterator[Problem]:
    """A mean of what is counted: a percentage of patients in the wrong column."""
    counted = {i["outcome"] for i in data.records("instruments")
               if i["direction"] in ("more-events-better", "fewer-events-better")}
    frame = data.frame("outcomes", indication)
    for column in ("mean", "median"):
        yield from _each(frame, frame["outcome"].isin(counted) & frame[column].notna(),
                         f"{indication}/outcomes.csv", column,
                         f"a {column} of an outcome that is counted",
                         "events and total, or percent", "warning", "share-as-mean")


def more_patients_than_units(data: Dataset, indication: str) -> Iterator[Problem]:
    """More patients than parts of patients, or as many where parts are said to outnumber them."""
    for name, units in (("studies", "n_enrolled"), ("arms", "n_allocated")):
        for row in data.records(name, indication):
            whole = row[units]
            if None in (whole, row["n_patients"]):
                continue
            several = name == "studies" and row["allocation"] == "clustered"
            if row["n_patients"] > whole or several and row["n_patients"] == whole:
                yield _problem(f"{indication}/{name}.csv", row["row"], "n_patients",
                               row["n_patients"], f"not fewer patients than the {whole} units"
                               if several else f"more patients than the {whole} units",
                               "patients, of whom each has one unit or more", "warning",
                               "patients-above-units")


def zero_mean_and_sd(data: Dataset, indication: str) -> Iterator[Problem]:
    """A mean of 0 with an SD of 0: fields that nobody filled in are often printed so."""
    frame = data.frame("outcomes", indication)
    yield from _each(frame, (frame["mean"] == 0) & (frame["sd"] == 0),
                     f"{indication}/outcomes.csv", "mean",
                     "a mean of 0 with an SD of 0: an unused field may have been printed as 0",
                     "empty cells, where the source has no values", "warning", "zero-values")


def source_says_doubtful(data: Dataset, indication: str) -> Iterator[Problem]:
    """A row that calls its value better than the kind of its source lets it be."""
    doubtful = {s["source_id"]: tables.DOUBTFUL_SOURCES.get(s["kind"])
                for s in data.records("sources", indication)}
    for name in ("outcomes", "contrasts", "adverse_events"):
        for row in data.records(name, indication):
            said = doubtful.get(row["source_id"])
            if said and row.get("quality") not in (None, DOUBTFUL):
                yield _problem(f"{indication}/{name}.csv", row["row"], "quality", row["quality"],
                               f"the value is {said}, and counts as {DOUBTFUL}", DOUBTFUL,
                               "warning", "doubtful-source")


def shared_patients(data: Dataset, indication: str) -> Iterator[Problem]:
    """Studies that are, or may be, of the same patients."""
    for study in data.records("studies", indication):
        if study["companion_of"]:
            yield _problem(f"{indication}/studies.csv", study["row"], "companion_of",
                           study["companion_of"], "a later report of the same patients",
                           "never counted twice", "warning", "companion")
    for overlap in data.records("cohort_overlaps"):
        if overlap["indication"] == indication:
            yield _problem("cohort_overlaps.csv", overlap["row"], "study_id",
                           f"{overlap['study_id']} + {overlap['other_study_id']}",
                           f"patients may be shared ({overlap['kind']})",
                           overlap["rule"] or "never counted twice", "warning", "overlap")


def same_report(data: Dataset, indication: str) -> Iterator[Problem]:
    """Studies of one DOI, PMID, registration or title that nothing says to share their patients.

    Within an indication only: no pool holds trials of two, and a registry entry may be of both.
    """
    path, studies = f"{indication}/studies.csv", data.records("studies", indication)
    main = {s["study_id"]: s["companion_of"] for s in studies}

    def trial(study: str | None) -> str | None:
        seen = set()
        while main.get(study) and study not in seen:
            seen.add(study)
            study = main[study]
        return study

    linked = {frozenset((trial(o["study_id"]), trial(o["other_study_id"])))
              for o in data.records("cohort_overlaps") if o["indication"] == indication}
    found: set[frozenset] = set()
    for column in ("doi", "pmid", "registration", "title"):
        earlier = defaultdict(list)
        for study in studies:
            cell = study[column] or ()
            for value in cell if isinstance(cell, tuple) else (cell,):
                form = _letters(value) if column == "title" else value.casefold()
                having = earlier[form] if form else []
                for other in having:
                    pair = frozenset((trial(study["study_id"]), trial(other["study_id"])))
                    if len(pair) > 1 and pair not in linked | found:
                        found.add(pair)
                        yield _problem(path, study["row"], column, value,
                                       f"{other['study_id']} (row {other['row']}) has it too: "
                                       "the same patients may count twice",
                                       "one study, companion_of, or a row of "
                                       "cohort_overlaps.csv", "warning", "same-report")
                        break
                having.append(study)


def _letters(title: str) -> str:
    """A title without case, spaces and punctuation; one of other signs alone is nothing."""
    text = unicodedata.normalize("NFKC", title).casefold()
    return "".join(c for c in text if c.isalnum())


# Facts of a registration that are the same for whoever reads it, and those of them whose absence
# in one of two places is worth a look too.
_REGISTERED = ("design", "species", "blinding", "allocation", "n_enrolled", "country", "progress")
_NEEDED = ("design",)


def registration_differs(data: Dataset) -> Iterator[Problem]:
    """A registration of which two indications state different facts.

    Later reports of a trial state other numbers than the registry entry, and are not compared.
    """
    found = defaultdict(list)
    for indication in data.indications:
        for study in data.records("studies", indication):
            for number in study["registration"] if not study["companion_of"] else ():
                found[number.casefold()].append((f"{indication}/studies.csv", study))
    for places in found.values():
        for (path, study), (other, there) in combinations(places, 2):
            if path != other:
                yield from _facts_differ(path, study, other, there)


def _facts_differ(path: str, study, other: str, there) -> Iterator[Problem]:
    """The facts in which two rows of one registration contradict each other."""
    shared = ";".join(r for r in study["registration"]
                      if r.casefold() in {x.casefold() for x in there["registration"]})
    for column in _REGISTERED:
        one, two = study[column], there[column]
        if not one and not two or _agree(one, two):
            continue
        if not (one and two):
            if column not in _NEEDED:
                continue
            if one:  # said at the row that lacks it
                path, study, other, there, one, two = other, there, path, study, two, one
        yield _problem(path, study["row"], column, _cell(one),
                       f"{there['study_id']} ({other}:{there['row']}) is of the same registration, "
                       f"{shared}, and has {_cell(two) or 'none'}",
                       "the same fact, where both are the same patients", "warning",
                       "registration-differs")


def _agree(one, two) -> bool:
    """Whether two cells can both be true: of two lists one may be the shorter."""
    if isinstance(one, tuple):
        return bool(one and two) and (set(one) <= set(two) or set(two) <= set(one))
    return one == two


def _cell(value) -> str:
    return ";".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def word_unused(data: Dataset, indication: str) -> Iterator[Problem]:
    """An outcome of an analysis that the vocabulary does not have."""
    kinds = {"outcome": "outcome", "event": "event", "family": "family"}
    for analysis in _analyses(data, indication):
        known = data.words(kinds.get(analysis["target_type"] or "", ""))
        if analysis["target"] and known and analysis["target"] not in known:
            yield _problem("analyses.csv", analysis["row"], "target", analysis["target"],
                           f"no such {analysis['target_type']}",
                           "a word of vocabularies.csv", "error", "vocabulary")


def searches_differ(data: Dataset) -> Iterator[Problem]:
    """Rows of one search, one for each reason of exclusion, that state other totals of it."""
    first: dict[tuple, Mapping] = {}
    for row in data.records("flow"):
        search = first.setdefault((row["date"], row["source"], row["query"]), row)
        for column in ("hits", "screened"):
            if None not in (row[column], search[column]) and row[column] != search[column]:
                yield _problem("flow.csv", row["row"], column, row[column],
                               f"row {search['row']} of the same search says {search[column]}",
                               "the total of the search, the same in each of its rows", "error",
                               "search-differs")


def words_without_use(data: Dataset) -> Iterator[Problem]:
    """Words of the vocabularies that look as if they did something, and do nothing."""
    if not data.knows("vocabularies"):
        return  # the word that is missed may stand in a row that could not be read
    for word in data.records("vocabularies"):
        wrong = None
        if word["list"] == "wording" and word["value"] not in GENERIC:
            wrong = "no page asks for this word", f"one of {', '.join(GENERIC)}"
        if (word["list"] == "comparator_type" and word["kind"] == "substance"
                and word["value"] not in data.words("comparison_class")):
            wrong = ("a substance that is no class of comparison",
                     "the same word in the lists comparison_class and analysis_comparison")
        if wrong:
            yield _problem("vocabularies.csv", word["row"], "value", word["value"], *wrong,
                           "warning", "word-without-use")


def kinds_missing(data: Dataset) -> Iterator[Problem]:
    """Kinds of words that the rating of certainty and the table of harms decide by."""
    if not data.knows("vocabularies"):
        return
    for name, kind, lost in (
            ("family", "patient-reported", "no outcome counts as reported by patients, who know "
             "what they got where nobody was blinded"),
            ("event", "any", "no event stands for all events")):
        if data.words(name) and not any(w["kind"] == kind for w in data.words(name).values()):
            yield _problem("vocabularies.csv", 1, "kind", "", f"list {name}: {lost}",
                           f"the kind {kind} for the words that are", "warning", "kind-missing")


def analysis_without_result(data: Dataset, indication: str) -> Iterator[Problem]:
    """An analysis that no data can answer."""
    known = {s["study_id"] for s in data.records("studies", indication)}
    for analysis in _analyses(data, indication):
        wrong = [_wrong_measure(data, indication, analysis), _wrong_window(analysis)]
        if data.knows("studies", indication):
            wrong += [("studies", study, f"no such study_id in {indication}/studies.csv",
                       f"one that {indication}/studies.csv lists")
                      for study in analysis["studies"] if study not in known]
        for column, value, what, expected in filter(None, wrong):
            yield _problem("analyses.csv", analysis["row"], column, value, what, expected, "error",
                           "analysis")


def _analyses(data: Dataset, indication: str) -> list:
    return [a for a in data.records("analyses") if a["indication"] == indication]


def _wrong_measure(data: Dataset, indication: str, analysis) -> tuple[str, str, str, str] | None:
    """(column, value, what is wrong, what is expected) of a measure that the target never has."""
    measure = analysis["measure"]
    if measure is None:
        return None  # said before
    alone = OF_ONE_ARM if analysis["comparison"] == UNCONTROLLED else ()
    if measure not in (alone or (*OF_MEANS, *OF_COUNTS, *AS_REPORTED)):
        return ("measure", measure, "no pool is made of this measure for this comparison",
                ", ".join(alone or (*OF_MEANS, *OF_COUNTS, *AS_REPORTED)))
    if measure in (*OF_MEANS, MEAN_CHANGE) and analysis["target_type"] == "event":
        return ("measure", measure, "a measure of means, but adverse events are counted",
                PROPORTION if alone else ", ".join((*OF_COUNTS, *AS_REPORTED)))
    if measure in (*OF_COUNTS, PROPORTION) and _has_means_only(data, indication, analysis):
        return ("measure", measure, "a measure of counts, but the target is a score",
                MEAN_CHANGE if alone else ", ".join(OF_MEANS))
    return None


def _has_means_only(data: Dataset, indication: str, analysis) -> bool:
    """Whether every outcome of a target is, by its instrument, a score."""
    if analysis["target_type"] == "family":
        outcomes = {r["outcome"] for r in data.records("hierarchy")
                    if r["family"] == analysis["target"]}
    else:
        outcomes = {analysis["target"]}
    directions = defaultdict(set)
    for i in data.records("instruments"):
        if i["indication"] in (None, indication):
            directions[i["outcome"]].add(i["direction"])
    return bool(outcomes) and all(directions[o] and directions[o] <= {"lower", "higher"}
                                  for o in outcomes)


def _wrong_window(analysis) -> tuple[str, float, str, str] | None:
    """(column, value, what is wrong, what is expected) of a window in which no visit can be."""
    start, end = analysis["window_from"], analysis["window_to"]
    if start is None or end is None or start < end:
        return None
    return ("window_from", start, "the window ends before it begins", f"below window_to, {end:g}")


def shown_first(data: Dataset, indication: str) -> Iterator[Problem]:
    """Rows of ``main_windows.csv`` that cannot stand together, and an indication without headline.
    """
    path, asked = "main_windows.csv", {a["analysis_id"]: a for a in data.records("analyses")}
    rows = data.having("main_windows", "indication", indication)
    earlier: dict[tuple, Mapping] = {}
    for row in rows:
        analysis = asked.get(row["analysis_id"])
        wrong = [] if analysis is None else [*_not_to_show(row, analysis)]
        for column, taken, what, expected in _only_once(row, analysis):
            first = earlier.setdefault((column, taken), row)
            if first["analysis_id"] != row["analysis_id"]:  # the same one is wrong by its key
                wrong.append((column, f"{what} of row {first['row']} too", expected))
        for column, what, expected in wrong:
            yield _problem(path, row["row"], column, row[column], what, expected, "error",
                           "shown-first")
    if data.records("main_windows") and data.knows("main_windows") and _analyses(
            data, indication) and not any(row["role"] == "headline" for row in rows):
        yield _problem(path, 1, "role", indication, "no analysis of the indication is its headline",
                       "a row with the role headline", "warning", "shown-first")


def _not_to_show(row: Mapping, analysis: Mapping) -> Iterator[tuple[str, str, str]]:
    """(column, what is wrong, what is expected) of an analysis that is not to be shown there."""
    if analysis["indication"] != row["indication"]:
        yield ("analysis_id", f"an analysis of {analysis['indication']}",
               f"an analysis of {row['indication']}")
    if analysis["role"] == "check":
        yield "analysis_id", "a check, which repeats another analysis", "the analysis itself"


def _only_once(row: Mapping, analysis: Mapping | None
               ) -> Iterator[tuple[str, object, str, str]]:
    """(column, what is taken, its name, what is expected) of what one row of an indication has."""
    yield "position", row["position"], "the position", "another number in each row"
    if row["role"] in ("headline", "harm"):
        yield "role", row["role"], f"the {row['role']}", f"one {row['role']} for each indication"
    if analysis is not None and analysis["indication"] == row["indication"]:
        yield ("analysis_id", tuple(analysis[name] for name in tables.ONE_QUESTION),
               "the question", "one window, and one measure, of each question")


def certainty_rule_missing(data: Dataset, indication: str) -> Iterator[Problem]:
    """A rule of certainty that the computation applies and the table does not have."""
    needed = indication == data.indications[0] and data.records("analyses")
    if not needed or not data.knows("certainty_rules"):
        return
    known = {row["rule_id"] for row in data.records("certainty_rules")}
    for rule in CERTAINTY_RULE_IDS:
        if rule not in known:
            yield _problem("certainty_rules.csv", 1, "rule_id", rule, "the rule is missing",
                           "a row for each rule that is applied", "error", "certainty-rule")


RULES: tuple[Callable[[Dataset, str], Iterator[Problem]], ...] = (
    out_of_order, events_above_total, outside_scale, operation_missing, combines_itself,
    overlap_unknown, shown_first, certainty_rule_missing, word_unused, analysis_without_result,
    above_allocated, serious_above_any,
    two_rows_for_an_event, sd_may_be_se, impossible_percentage, scale_missing, n_missing,
    share_as_mean, more_patients_than_units, zero_mean_and_sd, source_says_doubtful,
    shared_patients, same_report, doubts.problems,
)
VISIT_RULES: tuple[Callable[[str, dict[tuple, list]], Iterator[Problem]], ...] = (
    equal_spreads, change_as_final, large_effect, baseline_reversed,
)


def counted(problems: Iterable[Problem], level: str) -> str:
    """How many problems there are, those that are not listed one by one included."""
    total = sum(1 + problem.more for problem in problems)
    return f"{total} {level if total == 1 else level + 's'}"


NOT_SCHEDULED = "not yet scheduled"


def living_mode(data: Dataset) -> Iterator[Problem]:
    """What a living review must state of itself, and a schedule that nobody has kept yet."""
    stated = {row["key"]: row for row in data.records("about")}
    if not stated:
        return  # a folder that says nothing of itself is no review that is published
    for key in tables.LIVING_MODE:
        if key not in stated:
            yield _problem("about.csv", 1, "key", key, "what every living review states is missing",
                           "a row that states it, if only that there is none", "warning",
                           "living-mode")
    search = stated.get("search-schedule")
    if search and not data.records("flow") and not search["value"].lower().startswith(
            NOT_SCHEDULED):
        yield _problem("about.csv", search["row"], "value", search["value"],
                       "a schedule of searches, and flow.csv has no search",
                       f"{NOT_SCHEDULED!r} until a search was made", "warning", "living-mode")


def glossary_unclear(data: Dataset) -> Iterator[Problem]:
    """A form by which two terms of the glossary stand in text, and an explanation that is long."""
    rows = data.records("glossary")
    for language in ("en", "zh"):
        first: dict[str, Mapping] = {}
        for row, column, form in _forms(rows, language):
            earlier = first.setdefault(form.casefold(), row)
            if earlier["term"] != row["term"]:
                yield _problem("glossary.csv", row["row"], column, form,
                               f"a form of {earlier['term']} too, in row {earlier['row']}",
                               "a form that stands for one term", "error", "glossary")
    for row in rows:
        words = len((row["explanation_en"] or "").split())
        if words > LONGEST_EXPLANATION:
            yield _problem("glossary.csv", row["row"], "explanation_en", row["term"],
                           f"an explanation of {words} words",
                           f"at most {LONGEST_EXPLANATION}", "warning", "glossary")


def _forms(rows: Iterable[Mapping], language: str) -> Iterator[tuple[Mapping, str, str]]:
    """(row, column, form) of each form by which a term stands in text of a language."""
    for row in rows:
        for column in (f"label_{language}", f"forms_{language}"):
            found = row[column] if isinstance(row[column], tuple) else (row[column],)
            yield from ((row, column, form) for form in found if form)


DESCRIBE = "`python -m livingreview describe`"


def changed_since_described(data: Dataset) -> Iterator[Problem]:
    """Files that are no longer what the data package records: their change asks for an entry."""
    if data.recorded.unreadable:
        yield _problem(recorded.NAME, 1, "", "", f"cannot be read: {data.recorded.unreadable}, "
                       "so that nobody can say which tables changed", f"{DESCRIBE}, once "
                       "changelog.csv names every file that changed", "warning",
                       "not-described")
        return
    missing = recorded.without_line(data)
    for path in data.changed:
        gone = "" if path in data.digests else ": it is not there any more"
        if path in missing:
            yield _problem(path, 1, "", "", f"changed since the last entry of changelog.csv{gone}",
                           f"a line in changelog.csv that names the file, then {DESCRIBE}",
                           "warning", "no-entry")
        else:
            yield _problem(path, 1, "", "", f"changed since {recorded.NAME} was written{gone}",
                           DESCRIBE, "warning", "not-described")


def run(data: Dataset) -> Iterator[Problem]:
    """Every rule on every indication whose tables could be read, and those on the seed reviews.

    Parameters
    ----------
    data : Dataset

    Yields
    ------
    Problem
    """
    for indication in data.indications:
        for rule in RULES:
            yield from rule(data, indication)
        visits = _visits(data, indication)
        for rule in VISIT_RULES:
            yield from rule(f"{indication}/outcomes.csv", visits)
    yield from registration_differs(data)
    yield from searches_differ(data)
    yield from words_without_use(data)
    yield from kinds_missing(data)
    yield from living_mode(data)
    yield from glossary_unclear(data)
    yield from changed_since_described(data)
    yield from seeds.problems(data)
