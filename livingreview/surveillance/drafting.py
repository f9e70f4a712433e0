"""An included record as the beginning of a study: what it holds, and nothing else."""

from __future__ import annotations

from ..data.dataset import Dataset
from .likeness import family_of
from .reports import Report
from .screening import DIFFER, FULL, INCLUDE, ScreeningError, decisions, outcome

_LETTERS = "bcdefghijklmnopqrstuvwxyz"  # behind the year of another study of the same name


def included(data: Dataset, report: Report) -> None:
    """Refuse a report that people have not included at full text.

    Raises
    ------
    ScreeningError
    """
    word = outcome(FULL, decisions(data, FULL).get(report.record_id, {}))
    if word != INCLUDE:
        raise ScreeningError(
            f"{report.record_id} is not included at full text: "
            + {"": "nobody has decided it", DIFFER: "people differ about it"}.get(word, word))


def rows(data: Dataset, report: Report, indication: str) -> dict[str, list[dict[str, str]]]:
    """Rows of a template by table: the study and the source that the report is.

    The name of the study follows from author and year, and is empty where one is not stated.
    """
    stated = {"title": report.title, "first_author": report.first_author,
              "year": str(report.year or ""), "journal": report.journal, "doi": report.doi,
              "pmid": report.pmid, "registration": ";".join(report.registrations)}
    name = study_id(data, report, indication)
    return {"studies": [{"study_id": name, **stated, "source_id": name}],
            "sources": [{"source_id": name, **{c: stated[c] for c in ("title", "doi", "pmid")}}]}


def study_id(data: Dataset, report: Report, indication: str) -> str:
    """A name that no study of the indication has, such as doe-2020 or doe-2020b; or nothing."""
    family = "-".join(word for word in family_of(report.first_author).split() if word.isascii())
    if not family or not report.year:
        return ""
    taken = {row["study_id"] for row in data.records("studies", indication)}
    taken |= {row["source_id"] for row in data.records("sources", indication)}
    names = (f"{family}-{report.year}{letter}" for letter in ("", *_LETTERS))
    return next((name for name in names if name not in taken), "")
