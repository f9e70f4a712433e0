"""What a seed review is, what it states of its search, and where it contradicts itself."""

from __future__ import annotations

import re

from ..base import Label, View, label
from ..sources import Link, doi
from .seed import Seed

_POINT = re.compile(r"\((\d+)\) ")  # "(1) first; (2) second", as the notes list inconsistencies


class About(View, template="seed_about"):
    """What a seed review is."""

    id: str
    title: str
    title_zh: str
    authors: str
    journal: str
    year: int | None
    doi: Link | None
    written_in: str
    review_type: str
    conditions: tuple[tuple[Label, str], ...]
    note: str


class Method(View, template="seed_method"):
    """What it states of its search, its selection and its appraisal."""

    id: str
    databases: tuple[str, ...]
    search_until: str
    identified: str
    included: str
    participants: str
    quality_tool: str


class Inconsistencies(View, template="seed_inconsistencies"):
    """Where it contradicts itself or what it cites."""

    points: tuple[str, ...]


def about(seed: Seed) -> About:
    """Title, authors, journal, kind and the conditions that it covers."""
    r = seed.row
    return About(
        seed.id, r["title_en"] or "", r["title_zh"] or "", r["authors"] or "",
        r["journal"] or "", r["year"], Link(r["doi"], doi(r["doi"])) if r["doi"] else None,
        r["language"] or "", r["review_type"] or "",
        tuple((label(seed.data, "indication", i), seed.judged.addresses.chapter(i))
              for i in r["indications"]), remarks(r["note"])[0])


def method(seed: Seed) -> Method:
    """What it states of its search, its selection and its appraisal."""
    r = seed.row
    return Method(seed.id, tuple(r["databases_searched"]), *(
        "" if r[key] is None else str(r[key]) for key in (
            "search_until", "records_identified", "studies_included", "participants",
            "quality_tool")))


def inconsistencies(seed: Seed) -> Inconsistencies:
    """Where it contradicts itself or what it cites."""
    return Inconsistencies(remarks(seed.row["note"])[1])


def remarks(note: str | None) -> tuple[str, tuple[str, ...]]:
    """The note on a review: what comes before its numbered points, and the points."""
    note, starts = note or "", []
    for found in _POINT.finditer(note):
        if int(found[1]) == len(starts) + 1:  # another number is one of a reference
            starts.append(found)
    ends = [found.start() for found in starts[1:]] + [len(note)]
    first = note[:starts[0].start()] if starts else note
    points = (note[found.end():end] for found, end in zip(starts, ends, strict=False))
    return first.removesuffix("Inconsistencies: ").strip(), tuple(
        point.strip().rstrip(";.") for point in points)
