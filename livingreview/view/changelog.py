"""What changed in a chapter: its results since the version before, and its data, line by line."""

from __future__ import annotations

from collections.abc import Mapping

from ..data import versions
from ..effects import Evidence
from ..review.changes import since
from .base import Struct, View
from .changes import Changes, changed
from .naming import arm_names, of_study, review_names, spoken
from .sources import Source, source


class Line(Struct):
    """A line of the changelog of the data."""

    date: str
    file: str
    study: str
    column: str
    old: str
    new: str
    reason: str
    source_id: str
    source: Source | None


class Changelog(View, template="changelog"):
    """What changed in a chapter."""

    indication: str
    changes: Changes
    lines: tuple[Line, ...]


def changelog(ev: Evidence, names: Mapping[str, str], results: dict[str, dict]) -> Changelog:
    """What changed since the version before, and the dated changes of the data, latest first.

    Of one day, the later line of the file is the later change.

    Parameters
    ----------
    ev : Evidence
    names : mapping of str to str
        Names of the studies.
    results : dict of str to dict
        Analyses of the indication by identifier.
    """
    rows = sorted((r for folder in (ev.indication, "*")
                   for r in ev.data.having("changelog", "file", folder)),
                  key=lambda r: (r["date"], r["row"]))
    arms, reviews = arm_names(ev.data, ev.indication), review_names(ev.data, ev.indication)

    def line(row: Mapping) -> Line:
        of = reviews if "published_syntheses" in row["file"] else names
        old, new, reason = (spoken(row[key], of, of_study(arms, row["study_id"]), names, reviews)
                            for key in ("old", "new", "reason"))
        study, source_id = row["study_id"] or "", row["source_id"] or ""
        return Line(str(row["date"]), row["file"].rpartition("/")[2],
                    reviews.get(study) or names.get(study, study), row["column"] or "", old, new,
                    reason, source_id, source(ev.data, ev.sources.get(source_id)))

    return Changelog(ev.indication, _since(ev, results), tuple(map(line, reversed(rows))))


def _since(ev: Evidence, results: dict[str, dict]) -> Changes:
    """What changed since the version before these pages."""
    here, name = versions.here(), f"{ev.indication}-since"
    before = versions.preceding(here)
    if not before:
        return Changes(name, "", bool(here))
    return changed(ev.data, since(ev, results, before), name, before)
