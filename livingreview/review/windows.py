"""What a reader is shown first of an indication, and the same questions at other windows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..data.tables import ONE_QUESTION

HEADLINE, HARM, SHOWN = "headline", "harm", "shown"


@dataclass(frozen=True)
class Shown:
    """One row of the summary of findings of an indication.

    Attributes
    ----------
    analysis_id : str
    role : {'headline', 'harm', 'shown'}
        The finding on the card of the indication, the harm on it, or neither.
    position : int
        Order within the indication.
    """

    analysis_id: str
    role: str
    position: int


def shown_first(data: Dataset, indication: str, results: Mapping[str, Mapping] | None = None
                ) -> list[Shown]:
    """What a reader is shown first: each outcome at its main window, in order.

    Parameters
    ----------
    data : Dataset
    indication : str
    results : mapping of str to mapping, optional
        The analyses of ``results.json``. They are asked only where ``main_windows.csv`` declares
        nothing for the indication: then its main analyses are shown, each question at the window
        with most trials, benefits first; the question with most trials is the headline, and so
        with harms. Ties, and everything where there are no results, follow the order of
        ``analyses.csv``.

    Returns
    -------
    list of Shown
        Empty where the indication has no analysis.
    """
    declared = data.having("main_windows", "indication", indication)
    if declared:
        return [Shown(row["analysis_id"], row["role"], row["position"])
                for row in sorted(declared, key=lambda row: row["position"])]
    return _chosen(data, indication, results or {})


def others(data: Dataset, analysis_id: str) -> list[str]:
    """The analyses that ask the same as one at other windows, by the same measure.

    Parameters
    ----------
    data : Dataset
    analysis_id : str

    Returns
    -------
    list of str
        In the order of their windows; checks are not among them.

    Raises
    ------
    KeyError
        When there is no such analysis.
    """
    found = data.having("analyses", "analysis_id", analysis_id)
    if not found:
        raise KeyError(analysis_id)
    [asked] = found
    same = [row for row in _asking(data, asked["indication"])
            if _question(row) == _question(asked) and row["measure"] == asked["measure"]
            and _window(row) != _window(asked)]
    return [row["analysis_id"] for row in sorted(same, key=_window)]


def _chosen(data: Dataset, indication: str, results: Mapping[str, Mapping]) -> list[Shown]:
    """What is shown of an indication for which nothing is declared."""
    rows = _asking(data, indication)
    rows = [row for row in rows if row["role"] == "main"] or rows

    def trials(row: Mapping) -> int:
        return results.get(row["analysis_id"], {}).get("k", 0)

    best: dict[tuple, Mapping] = {}
    for row in rows:
        first = best.setdefault(_question(row), row)
        if trials(row) > trials(first):
            best[_question(row)] = row
    benefits, harms = ([row for row in best.values() if (row["target_type"] == "event") == event]
                       for event in (False, True))
    ordered = [(row["analysis_id"], role) for found, first in ((benefits, HEADLINE), (harms, HARM))
               for row, role in _first_of_all(found, first, trials)]
    return [Shown(name, role, position) for position, (name, role) in enumerate(ordered, 1)]


def _first_of_all(rows: list[Mapping], role: str, trials) -> list[tuple[Mapping, str]]:
    """Rows with what they are shown as: the one with most trials comes first, in its role."""
    if not rows:
        return []
    first = max(rows, key=trials)
    return [(first, role), *((row, SHOWN) for row in rows if row is not first)]


def _asking(data: Dataset, indication: str) -> list[Mapping]:
    """The analyses of an indication, without those that only check another one."""
    return [row for row in data.having("analyses", "indication", indication)
            if row["role"] != "check"]


def _question(row: Mapping) -> tuple:
    """What an analysis asks, whatever its window and measure."""
    return tuple(row[name] for name in ONE_QUESTION)


def _window(row: Mapping) -> tuple[float, float]:
    """The window of an analysis in months; one without an end comes after those that have one."""
    start, end = row["window_from"], row["window_to"]
    return (0 if start is None else start, math.inf if end is None else end)
