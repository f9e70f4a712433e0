"""Small tables beside the modules: words that the package writes into files, by key."""

from __future__ import annotations

import csv
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def rows(table: Path | Traversable) -> list[dict[str, str]]:
    """The rows of a CSV as they are written, by the names of its columns."""
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def phrases(package: str, table: str) -> dict[str, str]:
    """The words of a table of the package.

    Parameters
    ----------
    package : str
        In whose folder the table is.
    table : str
        A CSV with the columns ``key`` and ``words``; what is named in braces is put in by whoever
        says the words.

    Returns
    -------
    dict of str to str
        Words by key, in the order of the table.
    """
    return {row["key"]: row["words"] for row in rows(files(package) / table)}
