"""Which rows and columns the rule of a headline number asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from .dataset import Dataset

SEED_TABLES = ("references", "validation_studies")
# Columns of the derived comparisons of arms, which no file holds.
COMPARISONS = ("study_id", "arm_id", "comparator_arm", "kind", "background")


def wrong_cell(data: Dataset, row: Mapping) -> tuple[str, str] | None:
    """The cell of a rule that its table cannot answer, without applying the rule to the data.

    Parameters
    ----------
    data : Dataset
    row : mapping
        A row of ``headline_numbers.csv`` with a rule.

    Returns
    -------
    tuple of (str, str) or None
        The column of ``headline_numbers.csv`` and what is wrong; None where nothing is.
    """
    table, indication = row["table"], row["indication"] or ""
    if bool(indication) == (table in SEED_TABLES):
        return "indication", "this table needs none" if indication else "this table needs one"
    known = {r["ref_number"] for r in data.having("references", "review_id", row["review_id"])}
    strange = set(reference_numbers(row["refs"])) - known
    if strange and data.knows("references"):
        return "refs", f"no such reference of this review: {', '.join(sorted(strange))}"
    derived = pd.DataFrame(columns=COMPARISONS, dtype=object) if table == "comparisons" else None
    frame = joined(data, table, indication, rows=0, frame=derived)
    for column, ask in (("where", frame.query), ("of", frame.query), ("column", frame.eval)):
        try:
            if row[column]:
                ask(row[column], engine="python")
        except Exception as error:  # whatever pandas makes of a wrong expression
            said = " ".join(str(error).split())
            return column, f"not an expression on the columns of {table}: {said}"
    return None


def reference_numbers(refs: tuple[str, ...]) -> list[str]:
    """The numbers of a list of references that may hold ranges.

    >>> reference_numbers(("3-5", "8"))
    ['3', '4', '5', '8']
    """
    out = []
    for part in refs:
        ends = re.fullmatch(r"(\d+)-(\d+)", part)
        out += ([str(n) for n in range(int(ends[1]), int(ends[2]) + 1)] if ends else [part])
    return out


def joined(data: Dataset, table: str, indication: str, rows: int | None = None,
           frame: pd.DataFrame | None = None) -> pd.DataFrame:
    """A table, each row with the columns of its study and arm that it does not have itself.

    Parameters
    ----------
    data : Dataset
    table, indication : str
        The indication is empty for the tables of the seed reviews.
    rows : int, optional
        How many rows of each file are read, where not all.
    frame : DataFrame, optional
        The rows of a table that no file holds.

    Returns
    -------
    DataFrame
        With ``trial_id``, the main report of the same patients, and ``line``, the line of the file.
    """
    if frame is None:
        frame = data.frame(table, indication)[:rows]
    frame = frame.assign(line=frame.index)
    if table in SEED_TABLES:
        return frame
    if "arm_id" in frame and table != "arms":
        frame = _with(frame, data.frame("arms", indication)[:rows], ["study_id", "arm_id"])
    if table != "studies":
        frame = _with(frame, data.frame("studies", indication)[:rows], ["study_id"])
    frame["trial_id"] = frame["companion_of"].where(frame["companion_of"] != "", frame["study_id"])
    return frame


def _with(frame: pd.DataFrame, other: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    new = [*keys, *(c for c in other.columns if c not in frame.columns)]
    return frame.merge(other[new], on=keys, how="left")
