"""How a rule says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from ..problems import Problem


def problem(path, row, column, value, wrong, expected, level, rule) -> Problem:
    """A value that cannot be true, or that an editor should look at."""
    value = f"{value:g}" if isinstance(value, float) else str(value)
    return Problem(path, int(row), column, value, wrong, expected, level, rule)


def each(frame: pd.DataFrame, mask, path, column, wrong, expected, level, rule
         ) -> Iterator[Problem]:
    """A problem for each row of a mask, at one column."""
    if not mask.any():  # asking costs little, an empty part of a table much
        return
    for row, value in frame.loc[mask, column].items():
        yield problem(path, row, column, value, wrong, expected, level, rule)
