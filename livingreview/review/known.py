"""What is known of every study, in an analysis or not, so that two versions can be compared."""

from __future__ import annotations

from ..data.reads import digest
from ..data.tables import ADVERSE_EVENTS, ARMS, CONTRASTS, OUTCOMES, STUDIES, Table
from ..effects import Evidence
from ..effects.comparisons import UNCONTROLLED

# Columns that no rule reads: another text in them is no other evidence.
_TEXT = {"row", "note", "locator", "label", "title", "first_author", "year", "journal", "country",
         "population", "cited_by", "stated_result", "stated_result_source_id", "funding",
         "funding_source_id", "status_source_id", "read_at", "accessed", "url"}


def known(ev: Evidence) -> dict[str, dict]:
    """The studies of an indication as ``results.json`` has them.

    Parameters
    ----------
    ev : Evidence

    Returns
    -------
    dict
        By study: ``companion_of``, ``design``, ``condition``, ``comparisons`` (class, and what both
        arms got besides), and ``rows``, a digest of what its rows hold.
    """
    rows, kinds = _rows(ev), _kinds(ev)
    return {name: {**{key: study[key] for key in ("companion_of", "design", "condition")},
                   "comparisons": kinds.get(name, []), "rows": digest(rows[name])[:16]}
            for name, study in ev.studies.items()}


def _kinds(ev: Evidence) -> dict[str, list]:
    """Classes of comparison of each study, each once."""
    out: dict[str, set] = {}
    for comparison in ("any", UNCONTROLLED):
        for alternatives in ev.contests(comparison).values():
            for contest in (c for found in alternatives for c in found):
                out.setdefault(contest.study_id, set()).add((contest.kind, contest.background))
    named = ev.data.names.own.value
    return {name: [[kind, list(both)] for kind, both in sorted(
        found, key=lambda one: (named(one[0]), one[1]))] for name, found in out.items()}


def _rows(ev: Evidence) -> dict[str, list]:
    """What the rows of each study hold, in the order of the tables, as the review's files say it:
    a digest of it is compared with those of published versions.
    """
    def cells(table: Table, row) -> list[tuple[str, object]]:
        return _cells(ev.data.names.own.row(table, row))

    out: dict[str, list] = {name: [cells(STUDIES, study), ev.nameless(study)]
                            for name, study in ev.studies.items()}
    for (study, _), arm in ev.arms.items():
        out[study].append(cells(ARMS, arm))
    for table, rows in ((OUTCOMES, ev.outcomes), (ADVERSE_EVENTS, ev.events)):
        for (study, _), found in rows.items():
            out[study] += [cells(table, row) for row in found]
    for study, found in ev.contrasts.items():
        out[study] += [cells(CONTRASTS, row) for row in found]
    for found in out.values():
        sources = {value for row in found[2:] for key, value in row if key == "source_id"}
        found.append([(s, ev.sources[s]["kind"]) for s in sorted(sources)])
    return out


def _cells(row) -> list[tuple[str, object]]:
    """The filled cells of a row that rules may read; an empty new column is no change."""
    return [(key, value) for key, value in row.items()
            if key not in _TEXT and value not in (None, ())]
