"""What kind of question a review asks: its data say it, and pages, pools and words follow.

The row ``question`` of ``about.csv`` names a kind of ``asking.csv``; without it a review asks what
treatments do in people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .phrases import rows
from .project import default_folder

KEY = "question"  # of the row of about.csv


@dataclass(frozen=True)
class Kind:
    """A kind of question.

    Attributes
    ----------
    name : str
    without : tuple of str
        Pages that a chapter of it has not.
    pooled : frozenset of str
        Designs of controlled studies that its main pools take.
    unit : str
        What its studies count.
    design : str
        The usual design of its studies; empty where there is none.
    """

    name: str
    without: tuple[str, ...]
    pooled: frozenset[str]
    unit: str
    design: str


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds of questions by name; the first is that of a review that says nothing."""
    return {row["name"]: Kind(row["name"], tuple(row["without"].split()),
                              frozenset(row["pooled"].split()), row["unit"], row["design"])
            for row in rows(Path(__file__).with_suffix(".csv"))}


def asked(rows: Iterable[Mapping[str, str]]) -> Kind:
    """What the rows of ``about.csv`` say; a word that is none counts as nothing said.

    Parameters
    ----------
    rows : iterable of mapping
    """
    name = next((row["value"] for row in rows if row["key"] == KEY), "")
    return kinds().get(name) or next(iter(kinds().values()))


@cache
def here() -> Kind:
    """What the review of this process asks."""
    path = default_folder() / "about.csv"
    return asked(rows(path) if path.is_file() else ())
