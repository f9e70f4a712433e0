"""What an import does to results, said before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import __version__
from ..data.dataset import Dataset
from ..display.changes import Names, decimals
from ..display.html import interval, number
from ..effects import Analysis, Evidence
from ..review.changes import CAUSES, changes
from ..review.results import analyse, rounded

# What causes do to a pool; the others are said in their own words.
_DOES = {"retracted": "leaves", "removed": "leaves", "added": "enters"}


def wanted(data: Dataset, indications: Iterable[str]) -> list[dict]:
    """The analyses of indications."""
    return [row for i in indications for row in data.having("analyses", "indication", i)]


def _document(data: Dataset, indications: Iterable[str], progress: Callable[[], None]) -> dict:
    """The results of indications as far as two versions of them are compared."""
    results = {}
    for indication in indications:
        ev = Evidence(data, indication)
        for row in wanted(data, [indication]):
            results[row["analysis_id"]] = rounded(analyse(ev, Analysis.of(row), brief=True)[0])
            progress()
    return {"data_version": data.version, "package_version": __version__,
            "digests": dict(data.digests), "analyses": results}


def outlook(before: Dataset, after: Dataset, indications: Iterable[str],
            progress: Callable[[], None] = lambda: None) -> dict:
    """The analyses that change from one data folder to another.

    Parameters
    ----------
    before, after : Dataset
        Without errors.
    indications : iterable of str
        Those whose analyses are computed.
    progress : callable, optional
        Called for each analysis that is computed, before and after.

    Returns
    -------
    dict
        As from `livingreview.review.changes.changes`.
    """
    indications = list(indications)
    return changes(*(_document(data, indications, progress) for data in (before, after)))


def _glance(change: dict, side: str) -> str:
    """An analysis on one side: trials, estimate and certainty."""
    found = change[side]
    if found is None:
        return "not declared"
    if found["estimate"] is None:
        return f"k = {found['k']}, no estimate"
    d = decimals(found)
    return (f"k = {found['k']}, {found['measure']} {number(found['estimate'], d)} "
            f"({interval(found['ci_low'], found['ci_high'], d)}), certainty "
            f"{found['certainty'] or 'not rated'}")


def lines(found: dict, data: Dataset) -> list[str]:
    """What changes, in lines: each analysis before and after, and trials that leave and enter.

    Parameters
    ----------
    found : dict
        From `outlook`.
    data : Dataset
        For names of trials.
    """
    names, out = Names(data), []
    total = len(found["analyses"]) + found["unchanged"]
    out.append(f"results: {len(found['analyses'])} of {total} analyses change")
    for change in found["analyses"]:
        out += [f"  {change['id']}: {change['title']}", f"    before: {_glance(change, 'before')}",
                f"    after:  {_glance(change, 'now')}"]
        for cause in change["causes"]:
            trial = cause["trial_id"] and f"{names.full(change, cause['trial_id'])}: "
            out.append(f"    {_DOES.get(cause['cause'], CAUSES[cause['cause']])}: {trial}"
                       f"{cause['detail']}")
    return out
