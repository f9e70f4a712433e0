"""What looks like a slip in a file of many treatments, and which arms were corrected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from .sentinels import broken_counts, narrow, spellings


def odd(labels: dict[str, list[str]], cells: dict[str, list[str]], frame: pd.DataFrame,
        used: np.ndarray) -> list[str]:
    """Warnings for rows whose labels or numbers look like a slip.

    Parameters
    ----------
    labels : dict of str to list of str
        Names of trials and treatments by our column.
    cells : dict of str to list of str
        What stands in the file, by our column of numbers.
    frame : pandas.DataFrame
        These numbers, the index the line of the file.
    used : ndarray of bool
        Rows that are computed with.
    """
    treatments = [name for ours, names in labels.items() if ours != "study" for name in names]
    return [*broken_counts([ours for ours in cells if ours in ("n", "events")], frame,
                           lambda ours, i: cells[ours][i]),
            *spellings("study", labels["study"]), *spellings("treatment", treatments),
            *narrow(frame, tuple(frame.columns), used), *_twice(labels, frame, used)]


def _twice(labels: dict[str, list[str]], frame: pd.DataFrame, used: np.ndarray) -> list[str]:
    """Rows of one trial that are the same: merged, they count everybody twice."""
    first: dict[tuple, int] = {}
    out = []
    for i in np.flatnonzero(used):
        names = [of[i] for of in labels.values()]
        before = first.setdefault((*names, *frame.to_numpy()[i]), i)
        if before != i:
            out.append(f"row {frame.index[i]}: {', '.join(names)} has the numbers of row "
                       f"{frame.index[before]}: the same row twice? Its people count twice")
    return out


def corrected(labels: dict[str, list[str]], frame: pd.DataFrame, used: np.ndarray, measure: str,
              compared: Sequence[str]) -> list[str]:
    """A warning that names the trials whose counts 0.5 was added to.

    Parameters
    ----------
    labels, frame, used
        As in `odd`.
    measure : str
    compared : sequence of str
        Trials that are in the network.
    """
    if "events" not in frame:
        return []
    arms = frame[used].groupby([np.array(labels[key])[used] for key in ("study", "treatment")],
                               sort=False)[["events", "n"]].sum()
    bare = arms[(arms["events"] == 0) | (arms["events"] == arms["n"])]
    names = [name for name in bare.index.unique(0) if name in set(compared)]
    where = "in the variance alone" if measure == "RD" else "of every arm of the trial"
    return [f"an arm without events, or with events alone: 0.5 was added to the cells {where} in "
            f"{', '.join(names)}"] if names else []
