"""Words that the package writes into files, by key: from tables beside the modules, not in code."""

from __future__ import annotations

import csv
from importlib.resources import files


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
    with files(package).joinpath(table).open(encoding="utf-8", newline="") as file:
        return {row["key"]: row["words"] for row in csv.DictReader(file)}
