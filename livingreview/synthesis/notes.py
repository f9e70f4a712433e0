"""What statistics say beside their numbers: warnings, and why a study gives no effect."""

from __future__ import annotations

import csv
from importlib.resources import files

# Read here, because the statistics know nothing of the rest of the package.
with files(__package__).joinpath("notes.csv").open(encoding="utf-8", newline="") as _file:
    NOTES = {row["key"]: row["words"] for row in csv.DictReader(_file)}


def maxima(peaks: int) -> tuple[str, ...]:
    """The warning that a likelihood has several maxima; none where it has one.

    Parameters
    ----------
    peaks : int
    """
    return (NOTES["maxima"].format(peaks=peaks),) if peaks > 1 else ()
