"""Records whose answer is known: sets that reviews have screened, as benchmarks read them.

It needs the standard library alone, so that programs in environments of their own read the same
sets, begin with the same records and learn in the same steps.
"""

from __future__ import annotations

import csv
import gzip
import io
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .problems import ProblemsError

COLUMNS = ("title", "abstract", "year", "label_included")
ENDING = ".csv.gz"
_LARGE, _STEP = 1000, 5  # from so many records, so many are read in a step
_SHOWN = 60


class LabelledError(ProblemsError):
    """What is wrong with files of known answers: every problem."""


@dataclass(frozen=True)
class Labelled:
    """A set that a review has screened.

    Attributes
    ----------
    name : str
        Of its file.
    titles, abstracts : tuple of str
    years : tuple of int or None
    dois : tuple of str
        As the file has them; empty where it has no such column.
    included : tuple of bool
        What the review decided.
    """

    name: str
    titles: tuple[str, ...]
    abstracts: tuple[str, ...]
    years: tuple[int | None, ...]
    dois: tuple[str, ...]
    included: tuple[bool, ...]

    def __len__(self) -> int:
        return len(self.included)

    @property
    def texts(self) -> tuple[str, ...]:
        """Title and abstract of each record."""
        return tuple(f"{t} {a}" for t, a in zip(self.titles, self.abstracts, strict=True))


def table(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of a CSV file that may be packed (.gz), in UTF-8 or Windows-1252.

    Raises
    ------
    LabelledError
        When it cannot be read, or lacks a column.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise LabelledError([f"{path}: cannot be read: {error}"]) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if missing := [c for c in columns if c not in (reader.fieldnames or ())]:
        raise LabelledError([f"{path}: has no column {', '.join(missing)}; expected "
                             f"{', '.join(columns)}"])
    try:
        rows = list(reader)
    except csv.Error as error:
        raise LabelledError([f"{path}: line {reader.line_num}: {error}"]) from None
    short = [f"{path}: row {i}: fewer cells than columns" for i, row in enumerate(rows, 2)
             if any(row[c] is None for c in columns)]
    if short:
        raise LabelledError(short)
    return rows


def labelled(path: Path) -> Labelled:
    """A set with the columns title, abstract, year and label_included (0 or 1).

    Raises
    ------
    LabelledError
        With every wrong cell, and where a set has no included or no excluded record.
    """
    rows, problems = table(path, COLUMNS), []
    for i, row in enumerate(rows, 2):
        for column, fits, expected in (
                ("label_included", row["label_included"] in ("0", "1"), "0 or 1"),
                ("year", not row["year"] or _year(row["year"]) is not None, "a year or nothing")):
            if not fits:
                problems.append(f"{path}: row {i}: {column} is {row[column][:_SHOWN]!r}; expected "
                                f"{expected}")
    included = tuple(row["label_included"] == "1" for row in rows)
    if not problems and len(set(included)) < 2:
        problems.append(f"{path}: expected included and excluded records, found "
                        f"{sum(included)} included of {len(rows)}")
    if problems:
        raise LabelledError(problems)
    return Labelled(
        path.name.removesuffix(ENDING), tuple(r["title"] for r in rows),
        tuple(r["abstract"] for r in rows), tuple(_year(r["year"]) for r in rows),
        tuple(r.get("doi") or "" for r in rows), included)


def _year(text: str) -> int | None:
    """A year that may be printed as 2019.0."""
    head = text.partition(".")[0]
    return int(head) if head.isdecimal() else None


def all_labelled(folder: Path) -> tuple[Labelled, ...]:
    """Every set of a folder (*.csv.gz), by name.

    Raises
    ------
    LabelledError
        With the problems of all files, and where there is no file.
    """
    found, problems = [], []
    for path in sorted(folder.glob(f"*{ENDING}"), key=lambda p: p.name.lower()):
        try:
            found.append(labelled(path))
        except LabelledError as error:
            problems.extend(error.problems)
    if not found and not problems:
        problems.append(f"{folder}: holds no file *{ENDING}")
    if problems:
        raise LabelledError(problems)
    return tuple(found)


def priors(included: Sequence[bool], seed: int) -> tuple[int, int]:
    """The places of one included and one excluded record that a run begins with."""
    draw = random.Random(seed)
    return (draw.choice([i for i, one in enumerate(included) if one]),
            draw.choice([i for i, one in enumerate(included) if not one]))


def step_of(records: int) -> int:
    """Records that are read between two rankings: longer in a large set, which costs more."""
    return _STEP if records >= _LARGE else 1
