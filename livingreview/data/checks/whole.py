"""Rules on tables that are of the whole review: words, terms, what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .. import recorded, tables
from ..asking import KEY, asked, kinds
from ..dataset import GENERIC, Dataset, Problem
from .problem import problem

LONGEST_EXPLANATION = 35  # words: it is read in passing
NOT_SCHEDULED, PLANNED = "not yet scheduled", "planned"
DESCRIBE = "`python -m livingreview describe`"


def words_without_use(data: Dataset) -> Iterator[Problem]:
    """Words of the vocabularies that look as if they did something, and do nothing."""
    if not data.knows("vocabularies"):
        return  # the word that is missed may stand in a row that could not be read
    for word in data.records("vocabularies"):
        wrong = None
        if word["list"] == "wording" and word["value"] not in GENERIC:
            wrong = "no page asks for this word", f"one of the words {', '.join(GENERIC)}"
        if (word["list"] == "comparator_type" and word["kind"] == "substance"
                and word["value"] not in data.words("comparison_class")):
            wrong = ("a substance that is no class of comparison",
                     "the same word in the lists comparison_class and analysis_comparison")
        if wrong:
            yield problem("vocabularies.csv", word["row"], "value", word["value"], *wrong,
                          "warning", "word-without-use")


def outcomes_without_family(data: Dataset) -> Iterator[Problem]:
    """Outcomes whose kind is no family: no page would show them.

    A kind that is another word is an error; one that nobody has filled in yet, as of a new word
    that an import proposes, is a warning.
    """
    families = data.words("family")
    for word in data.records("vocabularies") if families else ():
        if word["list"] == "outcome" and word["kind"] not in families:
            yield problem("vocabularies.csv", word["row"], "kind", word["kind"] or "",
                          f"the kind of the outcome {word['value']} is no family",
                          f"one of the words {', '.join(families)}",
                          "error" if word["kind"] else "warning", "outcome-family")


def kinds_missing(data: Dataset) -> Iterator[Problem]:
    """Kinds of words that the rating of certainty and the table of harms decide by."""
    if not data.knows("vocabularies") or "patients" in asked(data.records("about")).without:
        return
    for name, kind, lost in (
            ("family", "patient-reported", "no outcome counts as reported by patients, who know "
             "what they got where nobody was blinded"),
            ("event", "any", "no event stands for all events")):
        if data.words(name) and not any(w["kind"] == kind for w in data.words(name).values()):
            yield problem("vocabularies.csv", 1, "kind", "", f"list {name}: {lost}",
                          f"the kind {kind} for the words that are", "warning", "kind-missing")


def question(data: Dataset) -> Iterator[Problem]:
    """A kind of question that there is not."""
    for row in data.records("about"):
        if row["key"] == KEY and row["value"] not in kinds():
            yield problem("about.csv", row["row"], "value", row["value"], "no kind of question",
                          f"one of {', '.join(kinds())}", "error", "question")


def living_mode(data: Dataset) -> Iterator[Problem]:
    """What a living review must state of itself, and a schedule that nobody has kept yet."""
    stated = {row["key"]: row for row in data.records("about")}
    if not stated:
        return  # a folder that says nothing of itself is no review that is published
    for key in tables.LIVING_MODE:
        if key not in stated:
            yield problem("about.csv", 1, "key", key, "what every living review states is missing",
                          "a row that states it, if only that there is none", "warning",
                          "living-mode")
    yield from _schedule(data, stated.get("search-schedule"), "searches",
                         any(row["state"] != "failed" for row in data.records("searches")))
    yield from _schedule(data, stated.get("screening-schedule"), "screening",
                         bool(data.records("screening")))
    yield from _days_differ(data, stated.get("search-schedule"))


def _schedule(data: Dataset, said: Mapping | None, table: str, begun: bool) -> Iterator[Problem]:
    """What is said of a schedule, where the plan or what was done says something else."""
    if said is None:
        return
    text = said["value"].lower()
    if begun:
        if text.startswith("not yet"):
            yield problem("about.csv", said["row"], "value", said["value"],
                          f"{table}.csv has rows, so that it has begun", "the schedule that is "
                          "kept", "warning", "living-mode")
        return
    expected = PLANNED if data.records("living") else NOT_SCHEDULED
    if not text.startswith(expected):
        yield problem("about.csv", said["row"], "value", said["value"],
                      f"{table}.csv has no row of what was done, and living.csv "
                      f"{'a' if data.records('living') else 'no'} plan",
                      f"{expected!r} until it is done", "warning", "living-mode")


def _days_differ(data: Dataset, said: Mapping | None) -> Iterator[Problem]:
    """A schedule of searches in words that states other times than the plan."""
    planned = {int(row["schedule_days"]) for row in data.records("living")}
    stated = {int(n) for n in re.findall(r"(\d+) days", said["value"])} if said else planned
    if planned and stated != planned:
        yield problem("about.csv", said["row"], "value", said["value"],
                      f"it states {_numbers(stated)} days, and living.csv {_numbers(planned)}",
                      "the same in both", "warning", "living-mode")


def _numbers(found: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(found))) or "no"


def glossary_unclear(data: Dataset) -> Iterator[Problem]:
    """A form by which two terms of the glossary stand in text, and an explanation that is long."""
    rows = data.records("glossary")
    for language in ("en", "zh"):
        first: dict[str, Mapping] = {}
        for row, column, form in _forms(rows, language):
            earlier = first.setdefault(form.casefold(), row)
            if earlier["term"] != row["term"]:
                yield problem("glossary.csv", row["row"], column, form,
                              f"a form of {earlier['term']} too, in row {earlier['row']}",
                              "a form that stands for one term", "error", "glossary")
    for row in rows:
        words = len((row["explanation_en"] or "").split())
        if words > LONGEST_EXPLANATION:
            yield problem("glossary.csv", row["row"], "explanation_en", row["term"],
                          f"an explanation of {words} words",
                          f"at most {LONGEST_EXPLANATION}", "warning", "glossary")


def _forms(rows: Iterable[Mapping], language: str) -> Iterator[tuple[Mapping, str, str]]:
    """(row, column, form) of each form by which a term stands in text of a language."""
    for row in rows:
        for column in (f"label_{language}", f"forms_{language}"):
            found = row[column] if isinstance(row[column], tuple) else (row[column],)
            yield from ((row, column, form) for form in found if form)


def changed_since_described(data: Dataset) -> Iterator[Problem]:
    """Files that are no longer what the data package records: their change asks for an entry."""
    if data.recorded.unreadable:
        yield problem(recorded.NAME, 1, "", "", f"cannot be read: {data.recorded.unreadable}, "
                      "so that nobody can say which tables changed", f"{DESCRIBE}, once "
                      "changelog.csv names every file that changed", "warning",
                      "not-described")
        return
    missing = recorded.without_line(data)
    for path in data.changed:
        gone = "" if path in data.digests else ": it is not there any more"
        if path in missing:
            yield problem(path, 1, "", "", f"changed since the last entry of changelog.csv{gone}",
                          f"a line in changelog.csv that names the file, then {DESCRIBE}",
                          "warning", "no-entry")
        else:
            yield problem(path, 1, "", "", f"changed since {recorded.NAME} was written{gone}",
                          DESCRIBE, "warning", "not-described")


RULES = (question, words_without_use, outcomes_without_family, kinds_missing, living_mode,
         glossary_unclear, changed_since_described)
