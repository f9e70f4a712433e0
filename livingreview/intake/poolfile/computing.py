"""Effects from the columns of a file, whatever form they have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ... import synthesis
from .question import Question


def effects_of(columns: tuple[str, ...], cells: list[np.ndarray], question: Question
               ) -> tuple[np.ndarray, np.ndarray, Sequence[str | None]]:
    """Effects from the columns of a form.

    Observed minus expected events with their variance give the logarithm of Peto's ratio, O − E
    over V, with the variance 1/V (Yusuf et al. 1985). An interval is taken as one of 95%, normal
    on the scale of the analysis.
    """
    if columns == question.columns:
        found = question.effects(*cells, **question.options)
        return found.yi, found.vi, found.reasons
    if columns == ("oe", "v"):
        yi, vi = cells[0] / cells[1], 1 / cells[1]
    elif columns[1] == "ci_low":
        if columns[0] == "ratio":
            cells = [np.log(values) for values in cells]
        yi, vi = cells[0], synthesis.se_from_interval(cells[1], cells[2]) ** 2
    else:
        yi = np.log(cells[0]) if columns[0] == "ratio" else cells[0]
        vi = cells[1] if columns[1] == "vi" else cells[1] ** 2
    return yi, vi, (None,) * len(yi)
