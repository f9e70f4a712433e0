"""What an instrument itself says of its scores: limits that are fixed, and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .dataset import Dataset

_LIMITS = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|–|to)\s*(\d+(?:\.\d+)?)")


def _forms(data: Dataset, outcome: str, instrument: str) -> Iterator[Mapping]:
    """The rows of ``scales.csv`` of which the outcome and the text of the instrument are."""
    for form in data.having("scales", "outcome", outcome):
        if not form["form"] or any(w.lower() in instrument.lower() for w in form["form"]):
            yield form


def fixed_limits(data: Dataset, outcome: str, instrument: str | None
                 ) -> tuple[float, float] | None:
    """The limits that every score of an instrument has; None where they are not certain.

    They are not where forms of the instrument have several, or where the text of the instrument
    prints others.

    Parameters
    ----------
    data : Dataset
    outcome : str
    instrument : str or None
        As the row prints it.
    """
    found = {(form["scale_min"], form["scale_max"])
             for form in _forms(data, outcome, instrument or "") if form["fixed"]}
    printed = {(float(low), float(high)) for low, high in _LIMITS.findall(instrument or "")}
    return found.pop() if len(found) == 1 and printed <= found else None


def step(data: Dataset, row: Mapping) -> float | None:
    """The smallest difference of two patients' scores on the row's scale; None where not known.

    Known only on the instrument's own limits: a review that rescaled a score has other ones.

    Parameters
    ----------
    data : Dataset
    row : mapping
        A row of ``outcomes.csv``.
    """
    limits = (row["scale_min"], row["scale_max"])
    if limits == (None, None) and not row["rescaled"]:
        limits = fixed_limits(data, row["outcome"], row["instrument"])
    steps = {form["steps"] for form in _forms(data, row["outcome"], row["instrument"] or "")
             if (form["scale_min"], form["scale_max"]) == limits and form["steps"]}
    return (limits[1] - limits[0]) / steps.pop() if len(steps) == 1 else None
