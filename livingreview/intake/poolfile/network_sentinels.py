"""What looks like a slip in a file of many treatments, and which arms were corrected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from .sentinels import broken_counts, narrow, spellings


def odd(labels: dict[str, list[str]], cells: dict[str, list[str]],
        numbers: Mapping[str, np.ndarray], lines: np.ndarray, used: np.ndarray) -> list[str]:
    """Warnings for rows whose labels or numbers look like a slip.

    Parameters
    ----------
    labels : dict of str to list of str
        Names of trials and treatments by our column.
    cells : dict of str to list of str
        What stands in the file, by our column of numbers.
    numbers : mapping of str to ndarray
        These numbers.
    lines : ndarray of int
        The line of the file of each row.
    used : ndarray of bool
        Rows that are computed with.
    """
    treatments = [name for ours, names in labels.items() if ours != "study" for name in names]
    return [*broken_counts([ours for ours in cells if ours in ("n", "events")], numbers,
                           lines, lambda ours, i: cells[ours][i]),
            *spellings("study", labels["study"]), *spellings("treatment", treatments),
            *narrow(numbers, lines, list(numbers), used), *_twice(labels, numbers, lines, used)]


def _twice(labels: dict[str, list[str]], numbers: Mapping[str, np.ndarray], lines: np.ndarray,
           used: np.ndarray) -> list[str]:
    """Rows of one trial that are the same: merged, they count everybody twice."""
    first: dict[tuple, int] = {}
    out = []
    for i in np.flatnonzero(used):
        names = [of[i] for of in labels.values()]
        before = first.setdefault((*names, *(values[i] for values in numbers.values())), i)
        if before != i:
            out.append(f"row {lines[i]}: {', '.join(names)} has the numbers of row "
                       f"{lines[before]}: the same row twice? Its people count twice")
    return out


def corrected(labels: dict[str, list[str]], numbers: Mapping[str, np.ndarray], used: np.ndarray,
              measure: str, compared: Sequence[str]) -> list[str]:
    """A warning that names the trials whose counts 0.5 was added to.

    Parameters
    ----------
    labels, numbers, used
        As in `odd`.
    measure : str
    compared : sequence of str
        Trials that are in the network.
    """
    if "events" not in numbers:
        return []
    arms: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for i in np.flatnonzero(used):  # rows of one arm are added
        arms[labels["study"][i], labels["treatment"][i]] += numbers["events"][i], numbers["n"][i]
    bare = dict.fromkeys(study for (study, _), (events, n) in arms.items() if events in (0, n))
    names = [name for name in bare if name in set(compared)]
    where = "in the variance alone" if measure == "RD" else "of every arm of the trial"
    return [f"an arm without events, or with events alone: 0.5 was added to the cells {where} in "
            f"{', '.join(names)}"] if names else []
