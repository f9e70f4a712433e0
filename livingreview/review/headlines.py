"""Numbers that the seed reviews state of their evidence, recomputed by the rule in their row."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..dataset import Dataset
from ..effects import Evidence

AGREES, DIFFERS, NO_ROW, NOT_RECOMPUTABLE = "agrees", "differs", "no-row", "not-recomputable"
_SEED_TABLES = ("references", "validation_studies")


@dataclass(frozen=True)
class Headline:
    """One stated number and what the data say of it.

    Attributes
    ----------
    row : mapping
        The row of ``headline_numbers.csv``.
    status : {'agrees', 'differs', 'no-row', 'not-recomputable'}
    stated : tuple of float
        The stated numbers; empty where none is compared.
    found : tuple of float
        The recomputed numbers; one, except where the rule asks for a list.
    lines : tuple of int
        Lines of the file that were counted.
    studies : tuple of str
        Studies behind the number.
    known : tuple of int, optional
        Studies with a value, and studies cited under the rule's numbers; None where it counts
        rows or has no such numbers.
    """

    row: Mapping
    status: str
    stated: tuple[float, ...] = ()
    found: tuple[float, ...] = ()
    lines: tuple[int, ...] = ()
    studies: tuple[str, ...] = ()
    known: tuple[int, int] | None = None

    @property
    def difference(self) -> float | None:
        """Recomputed minus stated, where both are one number."""
        if len(self.stated) != 1 or len(self.found) != 1:
            return None
        return self.found[0] - self.stated[0]


def headlines(data: Dataset, review_id: str = "", indication: str = "") -> list[Headline]:
    """Stated numbers, recomputed where their rows declare how.

    Parameters
    ----------
    data : Dataset
    review_id : str
        Only those of one seed review.
    indication : str
        Only those of one indication, or of none.

    Returns
    -------
    list of Headline
        In the order of the table.

    Raises
    ------
    ValueError
        A rule that cannot be applied, with its place.
    """
    frames: dict[tuple[str, str], pd.DataFrame] = {}
    rows = (data.having("headline_numbers", "review_id", review_id) if review_id
            else data.records("headline_numbers"))
    return [_headline(data, row, frames) for row in rows
            if not indication or row["indication"] in (None, indication)]


def _headline(data: Dataset, row: Mapping, frames: dict) -> Headline:
    if not row["compute"]:
        return Headline(row, NOT_RECOMPUTABLE)
    place = f"{row['statement_id']}, line {row['row']} of headline_numbers.csv"
    try:
        scope = _scope(data, row, frames)
        counted = _without_double_arms(_where(scope, row["where"]))
        found = _computed(row, counted, scope)
        stated = _stated(row)
    except Exception as error:  # whatever pandas makes of a wrong expression
        raise ValueError(f"{place}: the rule cannot be applied: {error}") from error
    if not found:
        return Headline(row, NO_ROW, stated)
    counted = counted[_values(row, counted).notna()]
    studies, known = (), None
    if "trial_id" in scope:
        studies = tuple(dict.fromkeys(counted["study_id"]))
    if row["refs"] and row["compute"] not in ("count", "share"):
        cited = _scope(data, {**row, "table": "studies"}, frames)
        known = (counted["trial_id"].nunique(), cited["trial_id"].nunique())
    return Headline(row, AGREES if _agrees(row, stated, found) else DIFFERS, stated, found,
                    tuple(sorted(set(counted["line"]))), studies, known)


def _values(row: Mapping, counted: pd.DataFrame) -> pd.Series:
    """What the rule's column, or expression of columns, gives for each row."""
    return pd.Series(counted.eval(row["column"], engine="python"))


def _computed(row: Mapping, counted: pd.DataFrame, scope: pd.DataFrame) -> tuple[float, ...]:
    """The number, or the numbers, that a rule gives; none where no row has a value."""
    compute, column = row["compute"], row["column"]
    if compute in ("count", "share"):
        if scope.empty:
            return ()
        count = counted[column].nunique()
        if compute == "count":
            return (float(count),)
        whole = _where(scope, row["of"])[column].nunique()
        return (100 * count / whole,) if whole else ()
    values = _values(row, counted).dropna()
    if values.empty:
        return ()
    if compute == "list":
        return tuple(sorted(set(map(float, values))))
    return (float(getattr(values, compute)()),)


def _stated(row: Mapping) -> tuple[float, ...]:
    """The stated numbers."""
    return tuple(float(number) for number in row["numbers"] or (row["value"],))


def _agrees(row: Mapping, stated: tuple[float, ...], found: tuple[float, ...]) -> bool:
    """Whether numbers are the same after rounding as stated, or on the stated side of a bound."""
    if row["relation"] == "below":
        return max(found) < stated[0]
    decimals = _decimals(row)
    return sorted(set(stated)) == sorted({round(value, decimals) for value in found})


def _decimals(row: Mapping) -> int:
    """Decimals with which a number is stated."""
    texts = row["numbers"] or (row["value"],)
    return max(len(text.partition(".")[2]) for text in texts)


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
    if bool(indication) == (table in _SEED_TABLES):
        return "indication", "this table needs none" if indication else "this table needs one"
    known = {r["ref_number"] for r in data.having("references", "review_id", row["review_id"])}
    strange = set(reference_numbers(row["refs"])) - known
    if strange and data.knows("references"):
        return "refs", f"no such reference of this review: {', '.join(sorted(strange))}"
    frame = _joined(data, table, indication, rows=0)
    for column, ask in (("where", frame.query), ("of", frame.query), ("column", frame.eval)):
        try:
            if row[column]:
                ask(row[column], engine="python")
        except Exception as error:  # whatever pandas makes of a wrong expression
            said = " ".join(str(error).split())
            return column, f"not an expression on the columns of {table}: {said}"
    return None


# --- rows ---------------------------------------------------------------------------------------


def _where(frame: pd.DataFrame, condition: str | None) -> pd.DataFrame:
    return frame.query(condition, engine="python") if condition else frame


def _scope(data: Dataset, row: Mapping, frames: dict) -> pd.DataFrame:
    """The rows to which a rule is limited by its review and reference numbers."""
    key = (row["table"], row["indication"] or "")
    if key not in frames:
        frames[key] = _joined(data, *key)
    frame = frames[key]
    if row["table"] in _SEED_TABLES:
        return frame[frame["review_id"] == row["review_id"]]
    if not row["refs"]:
        return frame
    wanted = {f"{row['review_id']}:{number}" for number in reference_numbers(row["refs"])}
    return frame.loc[[bool(wanted & set(cited.split(";"))) for cited in frame["cited_by"]]]


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


def _joined(data: Dataset, table: str, indication: str, rows: int | None = None) -> pd.DataFrame:
    """A table, each row with the columns of its study and arm that it does not have itself.

    ``trial_id`` is the main report of the same patients, and ``line`` the line of the file; of
    each file only the first `rows` rows are read where that is given.
    """
    frame = (_comparisons(data, indication, rows) if table == "comparisons"
             else data.frame(table, indication)[:rows])
    frame = frame.assign(line=frame.index)
    if table in _SEED_TABLES:
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


def _comparisons(data: Dataset, indication: str, rows: int | None = None) -> pd.DataFrame:
    """The derived comparisons of arms; the line is that of the cell arm."""
    ev = Evidence(data, indication) if rows != 0 else None
    found = ev.comparisons[:rows] if ev else ()
    return pd.DataFrame(
        [{"study_id": c.study_id, "arm_id": c.cell_arm, "comparator_arm": c.comparator_arm,
          "kind": c.kind, "background": ";".join(c.background)} for c in found],
        columns=["study_id", "arm_id", "comparator_arm", "kind", "background"], dtype=object,
        index=[ev.arms[c.study_id, c.cell_arm]["row"] for c in found])


def _without_double_arms(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows without those of a union of arms of which a part is counted itself."""
    if "combines" not in frame:
        return frame
    counted = set(zip(frame["study_id"], frame["arm_id"], strict=True))
    double = [any((study, part) in counted for part in parts.split(";"))
              for study, parts in zip(frame["study_id"], frame["combines"].fillna(""),
                                      strict=True)]
    return frame[~pd.Series(double, index=frame.index, dtype=bool)]


def shown_decimals(value: float) -> int:
    """Decimals with which a recomputed number is shown."""
    return 0 if math.isclose(value, round(value), abs_tol=1e-9) else 1
