"""Notices about reports: which of them take a trial out, and what the data say of a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .dataset import Dataset

OPEN = "open"
# The report was taken back: by the journal, or withdrawn or removed by its publisher.
TAKING_BACK = ("retraction", "withdrawal")
CONCERN = "expression-of-concern"
# What `studies.status` says of a report of which there is a notice of a kind.
STATUS_OF = dict.fromkeys(TAKING_BACK, "retracted") | {CONCERN: CONCERN}


def by_study(data: Dataset, indication: str) -> dict[str, tuple[Mapping, ...]]:
    """The notices of each study of an indication, in the order of the table."""
    found: dict[str, list[Mapping]] = {}
    for row in data.having("notices", "indication", indication):
        found.setdefault(row["study_id"], []).append(row)
    return {study: tuple(rows) for study, rows in found.items()}


def noticed(data: Dataset, indication: str) -> frozenset[str]:
    """The studies of an indication about which a notice is still to be dealt with."""
    return frozenset(study for study, rows in by_study(data, indication).items()
                     if any(row["state"] == OPEN for row in rows))


def flaw(study: Mapping, notices: Iterable[Mapping]) -> str:
    """The word of the list status for what is wrong with a report; empty where nothing is known.

    What an open notice says counts as if the status said it.

    Parameters
    ----------
    study : mapping
        A row of studies.
    notices : iterable of mapping
        Its notices.
    """
    found = {study["status"], *(STATUS_OF.get(n["kind"]) for n in notices if n["state"] == OPEN)}
    return next((status for status in ("retracted", CONCERN) if status in found), "")


def taken_back(study: Mapping, notices: Iterable[Mapping]) -> str:
    """Why the numbers of a report may be in no main pool; empty where nothing took it back.

    An open notice suffices. A reinstatement beside it does not undo it: a person has to look at
    both, and says what follows by the notice's state and the study's status.

    Parameters
    ----------
    study : mapping
        A row of studies.
    notices : iterable of mapping
        Its notices.

    Returns
    -------
    str
        ``retracted`` where the status says so, else ``retraction-notice`` or nothing.
    """
    if study["status"] == "retracted":
        return "retracted"
    return "retraction-notice" if any(
        n["state"] == OPEN and n["kind"] in TAKING_BACK for n in notices) else ""
