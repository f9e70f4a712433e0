"""Rules on notices about reports, and on what the status of a study says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..dataset import Dataset, Problem
from ..notices import CONCERN, OPEN, STATUS_OF, TAKING_BACK, by_study
from .problem import problem

_TABLES = ("notices", "watches")


def study_unknown(data: Dataset, indication: str) -> Iterator[Problem]:
    """A notice or look-up of a study that the indication does not have."""
    if not data.knows("studies", indication):
        return
    known = {s["study_id"] for s in data.records("studies", indication)}
    for table in _TABLES:
        for row in data.having(table, "indication", indication):
            if row["study_id"] not in known:
                yield problem(f"{table}.csv", row["row"], "study_id", row["study_id"],
                              f"no such study_id in {indication}/studies.csv",
                              f"one that {indication}/studies.csv lists", "error", "foreign-key")


def unlike_status(data: Dataset, indication: str) -> Iterator[Problem]:
    """A retraction or concern that the status of the study does not say."""
    status = {s["study_id"]: s["status"] for s in data.records("studies", indication)}
    for row in data.having("notices", "indication", indication):
        wanted = STATUS_OF.get(row["kind"])
        if not wanted or row["study_id"] not in status:
            continue
        if status[row["study_id"]] not in {wanted, STATUS_OF[TAKING_BACK[0]]}:
            state = "is open" if row["state"] == OPEN else "was dealt with"
            yield problem("notices.csv", row["row"], "kind", row["kind"],
                          f"the notice {state}, and the status of {row['study_id']} in "
                          f"{indication}/studies.csv is {status[row['study_id']] or 'empty'}",
                          f"the status {wanted}", "warning", "notice-unlike-status")


def status_without_notice(data: Dataset, indication: str) -> Iterator[Problem]:
    """A status that a look-up should have confirmed, and no source that answered did."""
    notices, results = by_study(data, indication), defaultdict(set)
    for row in data.having("watches", "indication", indication):
        results[row["study_id"]].add(row["result"])
    for study in data.records("studies", indication):
        status, kinds = study["status"], {n["kind"] for n in notices.get(study["study_id"], ())}
        wanted = TAKING_BACK if status == STATUS_OF[TAKING_BACK[0]] else (CONCERN,)
        if status not in STATUS_OF.values() or not kinds.isdisjoint(wanted):
            continue
        if results[study["study_id"]] & {"none", "notice"}:  # somebody answered, and not so
            yield problem(f"{indication}/studies.csv", study["row"], "status", status,
                          "no source that was looked up has such a notice",
                          "a status that a notice confirms, or a notice that was missed",
                          "warning", "status-without-notice")


def handled_without_saying(data: Dataset, indication: str) -> Iterator[Problem]:
    """A notice that was dealt with, of which nothing says how.

    An error of a report that was taken back: its numbers would be in the pools again, unexplained.
    """
    for row in data.having("notices", "indication", indication):
        if row["state"] != OPEN and not row["handled_how"]:
            yield problem("notices.csv", row["row"], "handled_how", "",
                          "what was done about the notice is not said", "what was done, in words",
                          "error" if row["kind"] in TAKING_BACK else "warning", "handled-how")


RULES = (study_unknown, unlike_status, status_without_notice, handled_without_saying)
