"""What an import does to results, said before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from .. import __version__
from ..data.dataset import Dataset
from ..effects import Analysis, Evidence
from ..render.engine import render
from ..review.changes import changes
from ..review.results import analyse
from ..review.written import rounded
from ..view.changes import Outlook, changed


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


def lines(found: dict, data: Dataset) -> list[str]:
    """What changes, in lines: each analysis before and after, and trials that leave and enter.

    Parameters
    ----------
    found : dict
        From `outlook`.
    data : Dataset
        For names of trials.
    """
    return render(changed(data, found, kind=Outlook), form="txt").splitlines()


def of_notices(before: Dataset, after: Dataset, notices: Iterable[Mapping]) -> list[str]:
    """What new notices about reports do to the results of their indications.

    Parameters
    ----------
    before, after : Dataset
        Without errors; without and with the notices.
    notices : iterable of mapping
        Rows of the table notices that are new.

    Returns
    -------
    list of str
        As from `lines`; empty without a notice.
    """
    indications = sorted({row["indication"] for row in notices})
    return lines(outlook(before, after, indications), after) if indications else []
