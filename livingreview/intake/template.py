"""A workbook, or folder of tables, in which a study is written down."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..data.codebook import meaning, unit
from ..data.dataset import Dataset
from ..data.own_names import OwnNames
from ..data.tables import BY_NAME, OPEN_LISTS, Column, Table

# What a study is described by, in the order in which it is written down, and what others pooled.
TABLES = tuple(BY_NAME[name] for name in (
    "sources", "studies", "arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias",
    "published_syntheses"))
README, LISTS = "README", "lists"  # sheets that hold no data
GUIDE_FILE = "README.txt"  # of a folder
INDICATION = "Indication"  # label of the cell, or line, that says where the rows belong
REQUIRED = " *"  # follows the name of a column that must be filled
Rows = Mapping[str, Iterable[Mapping[str, str]]]  # what is known already, by table
RULES = (
    "Fill one row per study, arm, outcome and visit, and name the source of each row.",
    "An empty cell means: not stated. Never fill a gap by inference.",
    "Several values in one cell are separated by ; where the remark of the column allows them.",
    "Dates are written as YYYY-MM-DD, decimals with a point.",
)
_FOLDER = (*RULES, "A column that is called required below must be filled.",
           "The words of each list are in the file vocabularies.csv of the data folder; "
           f"{', '.join(OPEN_LISTS)} are open, all others closed.",
           "Then: python -m livingreview import FOLDER")


def describe(table: Table, column: Column, names: OwnNames) -> str:
    """What a column holds, for the one who fills it."""
    counted = unit(table.name, column.name)
    parts = [meaning(table.name, column.name), f"unit: {counted}" if counted else "",
             "required" if column.required else "", "several values, separated by semicolons"
             if column.many else "", f"words of the list {names.own.list(column.vocabulary)}"
             if column.vocabulary else f"type: {column.type}"]
    return "; ".join(part for part in parts if part)


def write_workbook(data: Dataset, out: Path, indication: str = "", filled: Rows | None = None
                   ) -> None:
    """Write the workbook; a file that is there is refused."""
    from .workbook import workbook  # openpyxl is slow to load, and few calls need it

    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("xb") as file:
        file.write(workbook(data, indication, filled))


def write_folder(data: Dataset, out: Path, indication: str = "", filled: Rows | None = None
                 ) -> None:
    """Write a CSV file of each table and a guide; a folder that holds anything is refused.

    Parameters
    ----------
    data : Dataset
        Whose names columns have.
    out : Path
    indication : str, optional
        Where the rows belong; the one who fills the tables may write it in.
    filled : mapping of str to iterable of mapping, optional
        Rows of tables that are known already; the others are empty.

    Raises
    ------
    FileExistsError
    """
    own = data.names.own
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(17, "the folder is not empty", str(out))
    for table in TABLES:
        with (out / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, own.header(table, table.names), restval="",
                                    lineterminator="\n")
            writer.writeheader()
            writer.writerows(own.row(table, row) for row in (filled or {}).get(table.name, ()))
    columns = [f"{t.name}.csv, {own.column(t, c.name)}: {describe(t, c, data.names)}"
               for t in TABLES for c in t.columns]
    (out / GUIDE_FILE).write_text("\n".join(
        [f"{INDICATION}: {indication}".rstrip(), "", *_FOLDER, "", *columns, ""]),
        encoding="utf-8")
