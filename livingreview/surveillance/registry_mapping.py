"""What groups, outcomes and events of a registry are in the words of the review.

A person decides it once; it is kept in `registry_mappings.csv`. What is proposed here is never
taken by itself.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

from rapidfuzz import fuzz, process, utils

from ..data.dataset import Dataset
from ..data.living import REGISTRY_MAPPINGS
from ..data.problems import Problem
from ..data.scales import fixed_limits
from ..intake.opening import csv_records
from .registry_results import Results

GROUP, OUTCOME, EVENT = "group", "outcome", "event"  # of the list registry_part
TAKE, LEAVE = "take", "leave"  # of the list registry_decision
COLUMNS = REGISTRY_MAPPINGS.names
TOLD = tuple(c for c in COLUMNS if c not in ("registration", "part", "title", "reviewer", "date"))
# What a title is like, of 100, from which a word is proposed.
_LIKE_ARM, _LIKE_OUTCOME, _LIKE_EVENT = 55, 75, 95
_EVENTS = {"All-cause mortality": "death", "Serious adverse events": "serious-ae",
           "Withdrawal: Adverse Event": "withdrawal-due-to-ae"}
_DIRECTIONS = {"lower": "lower", "higher": "higher", "more-events-better": "higher",
               "fewer-events-better": "lower"}

Key = tuple[str, str]  # part and title


def wanted(results: Results) -> tuple[Key, ...]:
    """What is to be mapped: groups, then outcomes, then events, each once."""
    return tuple(dict.fromkeys([
        *((GROUP, group.title) for group in results.groups),
        *((OUTCOME, value.title) for value in results.values),
        *((OUTCOME, one.title) for one in results.analyses),
        *((EVENT, harm.title) for harm in results.harms)]))


def known(data: Dataset, registration: str) -> dict[Key, dict]:
    """What was decided before, by part and title."""
    return {(row["part"], row["title"]): {c: row[c] for c in COLUMNS}
            for row in data.records("registry_mappings")
            if row["registration"] == registration}


def proposal(data: Dataset, indication: str, study_id: str, results: Results, key: Key) -> dict:
    """What a title may be: cells of a mapping without a decision, of which a person has the say.

    A group by its likeness to identifiers and labels of the study's arms; an outcome by that to
    the labels of outcomes, with a scale only where its instrument has no other; an event where it
    has the very label of one. A group that is several others together is proposed to be left out.
    """
    part, title = key
    if part == GROUP:
        group = next(g for g in results.groups if g.title == title)
        arm = "" if group.pooled else _best(f"{title} {group.description}", {
            arm["arm_id"]: f"{arm['arm_id'].replace('-', ' ')} {arm['label'] or ''}"
            for arm in data.having("arms", "study_id", study_id, indication=indication)
        }, fuzz.token_set_ratio, _LIKE_ARM)
        return {"decision": TAKE if arm else LEAVE, "arm_id": arm}
    if part == EVENT:
        term = title.partition(": ")[2] or title
        item = _EVENTS.get(title) or _best(term, {
            word: row["label_en"] for word, row in data.words("event").items()}, fuzz.ratio,
            _LIKE_EVENT)
        return {"decision": TAKE if item else LEAVE, "item": item}
    return _outcome(data, indication, title)


def _best(text: str, names: Mapping[str, str], likeness: Callable, least: float) -> str:
    found = process.extractOne(text, names, scorer=likeness, processor=utils.default_process,
                               score_cutoff=least)
    return found[2] if found else ""


def _outcome(data: Dataset, indication: str, title: str) -> dict:
    item = _best(title, {
        word: f"{row['label_en']} {word.replace('-', ' ')}"
        for word, row in data.words("outcome").items()}, fuzz.token_set_ratio, _LIKE_OUTCOME)
    told = next((row for row in data.records("instruments")
                 if row["outcome"] == item and row["indication"] in (indication, None)), None)
    lowered = title.lower()
    change = "change" in lowered
    return {
        "decision": TAKE if item else LEAVE, "item": item, "instrument": title if item else "",
        "better": _DIRECTIONS.get(told["direction"], "") if told else "",
        **dict(zip(("scale_min", "scale_max"), fixed_limits(data, item, title) or (None, None),
                   strict=True)),
        "statistic": "percent-change" if change and re.search(r"percent|%", lowered)
        else "change" if change else "final"}


def problems_of(data: Dataset, arms: Iterable[str], row: Mapping, place: tuple[str, int]
                ) -> list[Problem]:
    """What is wrong with a decision.

    Parameters
    ----------
    data : Dataset
    arms : iterable of str
        The study's.
    row : mapping
        A row of `registry_mappings.csv`, as text.
    place : (str, int)
        File and line.
    """
    out = []

    def wrong(column: str, what: str, expected: str) -> None:
        out.append(Problem(*place, column, str(row.get(column) or ""), what, expected,
                           rule="mapping"))

    def word(column: str, name: str, needed: bool) -> None:
        if (row.get(column) or needed) and row.get(column) not in data.words(name):
            wrong(column, "no word of the list" if row.get(column) else "nothing is said",
                  f"one of {', '.join(data.words(name))}")

    word("decision", "registry_decision", True)
    if row.get("decision") != TAKE:
        return out
    if row["part"] == GROUP:
        if row.get("arm_id") not in set(arms) and not re.fullmatch(
                r"[a-z0-9]+(-[a-z0-9]+)*", row.get("arm_id") or ""):
            wrong("arm_id", "no arm", f"one of {', '.join(arms)}, or a new identifier")
        return out
    word("item", "outcome" if row["part"] == OUTCOME else EVENT, True)
    if row["part"] == OUTCOME:
        word("statistic", "statistic", True)
        word("better", "better", False)
        for column in ("scale_min", "scale_max"):
            if row.get(column) and not re.fullmatch(r"-?\d+(\.\d+)?", str(row[column])):
                wrong(column, "no number", "a number, or nothing")
        if not out and row.get("scale_min") and row.get("scale_max") and (
                float(row["scale_min"]) >= float(row["scale_max"])):
            wrong("scale_max", f"not above scale_min, which is {row['scale_min']}",
                  "the higher end of the scale")
    return out


def read(data: Dataset, results: Results, arms: Iterable[str], file: Path, reviewer: str
         ) -> tuple[list[dict], list[Problem]]:
    """The decisions of a file; a row without one is not decided yet.

    Parameters
    ----------
    data : Dataset
    results : Results
    arms : iterable of str
    file : Path
        With the columns of `registry_mappings.csv`, of which some may be left out.
    reviewer : str
        Who decided, where the file does not say.

    Returns
    -------
    list of dict
    list of Problem
        All that is wrong.
    """
    arms, asked, rows, problems = tuple(arms), set(wanted(results)), [], []
    records = list(csv_records(file.read_bytes(), file.name))
    header = records[0][1] if records else []
    for name in header:
        if name not in COLUMNS:
            problems.append(Problem(file.name, 1, name, "", "no such column",
                                    f"some of {', '.join(COLUMNS)}", rule="mapping"))
    for name in ("part", "title", "decision"):
        if name not in header:
            problems.append(Problem(file.name, 1, name, "", "the column is missing",
                                    "part, title and decision at least", rule="mapping"))
    if problems:
        return [], problems
    lines: dict[Key, int] = {}
    for line, cells in records[1:]:
        if len(cells) != len(header):
            problems.append(Problem(file.name, line, "", f"{len(cells)} cells",
                                    "a line of another width", f"{len(header)} cells",
                                    rule="mapping"))
            continue
        row = dict(zip(header, cells, strict=True))
        if not row.get("decision"):
            continue
        if row.get("registration", results.registration) != results.registration:
            continue  # a file may be of several
        key = (row["part"], row["title"])
        if key not in asked:
            problems.append(Problem(file.name, line, "title", row["title"],
                                    f"the results have no {row['part']} of this title",
                                    "a title as the registry has it", rule="mapping"))
            continue
        if lines.setdefault(key, line) != line:
            problems.append(Problem(file.name, line, "title", row["title"],
                                    f"decided in line {lines[key]} already", "one line for it",
                                    rule="mapping"))
        problems += problems_of(data, arms, row, (file.name, line))
        rows.append(decided(results.registration, key, row, row.get("reviewer") or reviewer,
                            row.get("date") or ""))
    if rows and not all(row["reviewer"] for row in rows):
        problems.append(Problem(file.name, 1, "reviewer", "", "nobody has decided this",
                                "who, in the column or by --reviewer", rule="mapping"))
    return rows, problems


def decided(registration: str, key: Key, cells: Mapping, reviewer: str, day: str = "") -> dict:
    """A decision as a row of `registry_mappings.csv`."""
    return {**dict.fromkeys(COLUMNS), "registration": registration, "part": key[0],
            "title": key[1], **{c: cells.get(c) or None for c in TOLD}, "reviewer": reviewer,
            "date": day or date.today().isoformat(),
            **{c: cells.get(c) for c in ("scale_min", "scale_max") if cells.get(c) not in ("", None)
               }}


def write_template(file, registration: str, proposals: Mapping[Key, Mapping]) -> None:
    """A file to fill in: proposals without decisions.

    Parameters
    ----------
    file : text file
    registration : str
    proposals : mapping
        By part and title.
    """
    writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for (part, title), cells in proposals.items():
        number = {c: f"{cells[c]:g}" for c in ("scale_min", "scale_max")
                  if isinstance(cells.get(c), float)}
        writer.writerow({**cells, **number, "registration": registration, "part": part,
                         "title": title, "decision": "",
                         "reason": "proposed: " + cells["decision"]})
