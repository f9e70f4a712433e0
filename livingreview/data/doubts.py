"""Values that look doubtful: a list of candidates by rule, and what was decided of each.

A candidate is no verdict: ``doubts.csv`` holds the decision with its reason, and ``quality`` of the
row says what follows. Three rules are mechanical; what a note tells, or what rests on an inferred
identity, is entered there by the person who read it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from . import tables
from .dataset import Dataset
from .problems import Problem
from .scales import step

PATH = "doubts.csv"
TABLES = ("outcomes", "contrasts", "adverse_events", "studies")
# Rules that find the same again as long as the data stay; other findings come from reading.
REPEATED = ("impossible-mean", "n-differs")
# Of these the mean is not, or not surely, one that the trial printed.
_NOT_ITS_MEAN = ("borrowed", "digitised")
_EXPECTED = f"a row of {PATH} that settles it, with this finding"


@dataclass(frozen=True)
class Candidate:
    """A value that a rule finds doubtful; `item` and `months` are empty where all rows are meant.
    """

    table: str
    row: int
    column: str
    study_id: str
    arm_id: str
    item: str | None
    months: float | None
    rule: str
    finding: str
    wrong: str

    def as_decided(self) -> dict:
        """The columns of a decision that names this value."""
        return {"table": self.table, "study_id": self.study_id, "arm_id": self.arm_id,
                "item": self.item, "timepoint_months": self.months, "rule": self.rule,
                "finding": self.finding}


def _decimals(value: float) -> int:
    """Decimals as they are written; zeros at the end are lost, which only widens what fits."""
    text = repr(abs(value))
    return 0 if text.endswith(".0") else len(text.partition(".")[2])


def possible_mean(mean: float, n: int, steps_of: float) -> bool:
    """Whether n scores on a grid can have this mean (GRIM).

    Parameters
    ----------
    mean : float
        As printed: rounded half up or half to even, or cut off.
    n : int
    steps_of : float
        Smallest difference of two scores.

    References
    ----------
    Brown NJL, Heathers JAJ (2017). The GRIM test. Social Psychological and Personality Science
    8:363-369.
    """
    unit = 10.0 ** -_decimals(mean)
    low, high = abs(mean) - unit / 2, abs(mean) + unit
    return math.floor((high + 1e-9) * n / steps_of) >= math.ceil((low - 1e-9) * n / steps_of)


def impossible_means(data: Dataset, indication: str) -> Iterator[Candidate]:
    """Means that no such number of scores of the instrument gives.

    Scores that a patient's report rounds to whole numbers are allowed for. A mean of combined arms
    is computed, not printed.
    """
    unions = {(a["study_id"], a["arm_id"]) for a in data.records("arms", indication)
              if a["combines"]}
    for row in data.records("outcomes", indication):
        if (row["mean"] is None or not row["n"] or row["statistic"] not in ("final", "change")
                or row["quality"] in _NOT_ITS_MEAN or (row["study_id"], row["arm_id"]) in unions
                or (grid := step(data, row)) is None):
            continue
        # Measured from the lower end; scores between whole numbers may have been rounded to them.
        start = (row["scale_min"] or 0.0) if row["statistic"] == "final" else 0.0
        grids = [grid] if grid % 1 == 0 else [grid, 1.0]
        if any(possible_mean(round(row["mean"] - start, 9), row["n"], size) for size in grids):
            continue
        yield Candidate(
            "outcomes", row["row"], "mean", row["study_id"], row["arm_id"], row["outcome"],
            row["timepoint_months"], "impossible-mean", f"mean {row['mean']:g}, n {row['n']}",
            f"no {row['n']} scores of this instrument have this mean")


_PRINTS = {"outcomes": ("outcome", "instrument", "timepoint_months", "statistic"),
           "contrasts": ("arm_comparator", "outcome", "instrument", "timepoint_months", "measure"),
           "adverse_events": ("event", "months", "count")}
_VALUES = {"outcomes": ("mean", "median", "events", "percent"), "contrasts": ("estimate",),
           "adverse_events": ("events", "percent")}


def second_prints(data: Dataset, indication: str) -> Iterator[Candidate]:
    """Two values of one arm, outcome and visit in one report."""
    report = {s["source_id"]: s["doi"] or s["source_id"]
              for s in data.records("sources", indication)}
    for table, columns in _PRINTS.items():
        keyed = "source_id" in tables.BY_NAME[table].key
        first: dict[tuple, Mapping] = {}
        for row in data.records(table, indication):
            arm = row.get("arm_id", row.get("arm_intervention"))
            for value in _VALUES[table]:
                if row[value] is None:
                    continue
                same = (row["study_id"], arm, *(row[c] for c in columns),
                        report.get(row["source_id"]), value)
                other = first.setdefault(same, row)
                # Two rows of one key are an error already.
                if other[value] == row[value] or (
                        keyed and other["source_id"] == row["source_id"]):
                    continue
                yield Candidate(
                    table, row["row"], value, row["study_id"], arm,
                    row.get("outcome", row.get("event")),
                    row.get("timepoint_months", row.get("months")), "second-print",
                    f"{other[value]:g}; {row[value]:g}",
                    f"row {other['row']} of the same report prints {other[value]:g}")


def differing_n(data: Dataset, indication: str) -> Iterator[Candidate]:
    """Arms whose largest n in the outcomes is no number at risk of harm in the same source."""
    largest: dict[tuple, tuple[int, int]] = {}
    for row in data.records("outcomes", indication):
        arm = (row["study_id"], row["arm_id"], row["source_id"])
        n = row["n"] if row["total"] is None else row["total"]
        if n is not None and n > largest.get(arm, (0, 0))[0]:
            largest[arm] = (n, row["row"])
    at_risk = defaultdict(set)
    for row in data.records("adverse_events", indication):
        if row["total"] is not None and row["count"] != "events":
            at_risk[row["study_id"], row["arm_id"], row["source_id"]].add(row["total"])
    for arm, (n, row) in largest.items():
        if at_risk[arm] and n not in at_risk[arm]:
            others = ", ".join(f"{x:g}" for x in sorted(at_risk[arm]))
            yield Candidate(
                "outcomes", row, "n", arm[0], arm[1], None, None, "n-differs",
                f"{n} in outcomes; {others} in harms",
                f"the same source counts harms in {others} of the arm")


def candidates(data: Dataset, indication: str) -> tuple[Candidate, ...]:
    """Every value of an indication that a mechanical rule finds doubtful."""
    return (*impossible_means(data, indication), *second_prints(data, indication),
            *differing_n(data, indication))


def settlements(data: Dataset, indication: str) -> tuple[Mapping, ...]:
    """The decisions on values of an indication."""
    return data.having("doubts", "indication", indication)


def meant(data: Dataset, doubt: Mapping) -> list[Mapping]:
    """The rows of data that a decision is on."""
    if doubt["table"] not in TABLES:
        return []
    return [row for row in data.records(doubt["table"], doubt["indication"])
            if row["study_id"] == doubt["study_id"]
            and doubt["arm_id"] in (None, row.get("arm_id"), row.get("arm_intervention"))
            and doubt["item"] in (None, row.get("outcome"), row.get("event"))
            and doubt["timepoint_months"] in (None, row.get("timepoint_months"),
                                              row.get("months"))]


def reasons(data: Dataset, indication: str, asked: Callable[[str | None, float | None], bool]
            ) -> dict[str, list[str]]:
    """Rules by which values of each trial were found in doubt, in the order of the decisions.

    Parameters
    ----------
    data : Dataset
    indication : str
    asked : callable
        Whether an outcome or event (None: all) at a visit (None: every one) is meant.
    """
    main = {s["study_id"]: s["companion_of"] for s in data.records("studies", indication)}
    out = defaultdict(list)
    for doubt in settlements(data, indication):
        if doubt["decision"] == "doubtful" and asked(doubt["item"], doubt["timepoint_months"]):
            trial = main.get(doubt["study_id"]) or doubt["study_id"]
            out[trial] += [doubt["rule"]] * (doubt["rule"] not in out[trial])
    return dict(out)


def _found(doubt: Mapping) -> tuple:
    """What a candidate and its decision have in common.

    A difference of numbers between two tables may be decided for some rows of either table.
    """
    same = ("rule", "study_id", "arm_id", "finding")
    if doubt["rule"] != "n-differs":
        same += ("table", "item", "timepoint_months")
    return tuple(doubt[name] for name in same)


def unsettled(data: Dataset, indication: str) -> Iterator[Problem]:
    """Candidates without a decision, and decisions on what a rule finds no more."""
    found = {_found(c.as_decided()): c for c in candidates(data, indication)}
    decided = {_found(d): d for d in settlements(data, indication)}
    for what, c in found.items():
        if what not in decided:
            yield Problem(f"{indication}/{c.table}.csv", c.row, c.column, c.finding, c.wrong,
                          _EXPECTED, "warning", c.rule)
    for what, d in decided.items():
        if d["rule"] in REPEATED and what not in found:
            yield Problem(PATH, d["row"], "finding", d["finding"],
                          "the rule finds this no more in the data",
                          "the finding of today, or no row", "warning", "doubt-without-row")


def disagreeing(data: Dataset, indication: str) -> Iterator[Problem]:
    """Decisions that no row fits, and rows whose quality says otherwise."""
    sources = {s["source_id"] for s in data.records("sources", indication)}
    decided = [(d, meant(data, d)) for d in settlements(data, indication)]
    doubted = {(d["table"], row["row"]) for d, rows in decided if d["decision"] == "doubtful"
               for row in rows}
    for d, rows in decided:
        if not rows and data.knows(d["table"] or "studies", indication):
            where = " | ".join(f"{d[c]}" for c in ("study_id", "arm_id", "item",
                                                   "timepoint_months") if d[c] is not None)
            yield Problem(PATH, d["row"], "study_id", where,
                          f"no row of {indication}/{d['table']}.csv is of this",
                          "study, arm, outcome or event, and visit of a row", "warning",
                          "doubt-without-row")
        if d["source_id"] and d["source_id"] not in sources and data.knows("sources", indication):
            yield Problem(PATH, d["row"], "source_id", d["source_id"],
                          f"no such source_id in {indication}/sources.csv",
                          f"one that {indication}/sources.csv lists", "error", "foreign-key")
        for row in rows if d["table"] != "studies" else ():
            in_doubt = row["quality"] == "doubtful"
            if in_doubt != ((d["table"], row["row"]) in doubted):
                yield Problem(f"{indication}/{d['table']}.csv", row["row"], "quality",
                              row["quality"] or "", f"decided as {d['decision']} in {PATH}, row "
                              f"{d['row']}", "doubtful" if not in_doubt else "another quality, or "
                              "another decision", "error", "doubt-disagrees")


def problems(data: Dataset, indication: str) -> Iterator[Problem]:
    """What `check` says of doubtful values."""
    yield from unsettled(data, indication)
    yield from disagreeing(data, indication)
