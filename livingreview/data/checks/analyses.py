"""Rules on what the book asks: its analyses, what is shown first, the rules of certainty."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from .. import tables
from ..dataset import Dataset, Problem
from .problem import problem

# Measures that an analysis may pool: those of two arms' means, those of two arms' counts, and one
# that is pooled only as reported between the arms.
OF_MEANS, OF_COUNTS, AS_REPORTED = ("MD", "SMD"), ("RR", "OR", "RD"), ("HR",)
# Without a comparison an analysis asks what became of the treated patients.
UNCONTROLLED, MEAN_CHANGE, PROPORTION = "uncontrolled", "mean-change", "proportion"
OF_ONE_ARM = (MEAN_CHANGE, PROPORTION)
CERTAINTY_RULE_IDS = (
    "start-randomised", "start-nonrandomised", "bias-not-low", "bias-not-blinded",
    "inconsistency", "inconsistency-harm", "indirectness", "target-important", "imprecision-one",
    "imprecision-two", "imprecision-unknown", "imprecision-size", "imprecision-far",
    "imprecision-alone", "imprecision-participants", "imprecision-events", "information-alpha",
    "information-power", "information-reduction", "reporting-small-study", "reporting-missing",
)


def _analyses(data: Dataset, indication: str) -> list:
    return [a for a in data.records("analyses") if a["indication"] == indication]


def word_unused(data: Dataset, indication: str) -> Iterator[Problem]:
    """An outcome of an analysis that the vocabulary does not have."""
    kinds = {"outcome": "outcome", "event": "event", "family": "family"}
    for analysis in _analyses(data, indication):
        known = data.words(kinds.get(analysis["target_type"] or "", ""))
        if analysis["target"] and known and analysis["target"] not in known:
            yield problem("analyses.csv", analysis["row"], "target", analysis["target"],
                          f"no such {analysis['target_type']}",
                          "a word of vocabularies.csv", "error", "vocabulary")


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
            yield problem("analyses.csv", analysis["row"], column, value, what, expected, "error",
                          "analysis")


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
            yield problem(path, row["row"], column, row[column], what, expected, "error",
                          "shown-first")
    if data.records("main_windows") and data.knows("main_windows") and _analyses(
            data, indication) and not any(row["role"] == "headline" for row in rows):
        yield problem(path, 1, "role", indication, "no analysis of the indication is its headline",
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
            yield problem("certainty_rules.csv", 1, "rule_id", rule, "the rule is missing",
                          "a row for each rule that is applied", "error", "certainty-rule")


def certainty_threshold(data: Dataset, indication: str) -> Iterator[Problem]:
    """A rule that compares with a number, and has none, or a chance that is none."""
    if indication != data.indications[0]:
        return
    for row in data.records("certainty_rules"):
        name, threshold = row["rule_id"], row["threshold"]
        if name not in CERTAINTY_RULE_IDS or name.startswith("start-"):
            continue
        chance = name.startswith("information-")
        if threshold is None or chance and not 0 < threshold < 1:
            yield problem("certainty_rules.csv", row["row"], "threshold",
                          "" if threshold is None else threshold, "the rule cannot be applied",
                          "a number between 0 and 1" if chance else "a number", "error",
                          "certainty-rule")


RULES = (word_unused, analysis_without_result, shown_first, certainty_rule_missing,
         certainty_threshold)
