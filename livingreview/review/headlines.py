"""Numbers that the seed reviews state of their evidence, recomputed by the rule in their row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ..data.dataset import Dataset
from ..data.rules import COMPARISONS, SEED_TABLES, joined, reference_numbers
from ..effects import Evidence

AGREES, DIFFERS, NO_ROW, NOT_RECOMPUTABLE = "agrees", "differs", "no-row", "not-recomputable"


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


# --- rows ---------------------------------------------------------------------------------------


def _where(frame: pd.DataFrame, condition: str | None) -> pd.DataFrame:
    return frame.query(condition, engine="python") if condition else frame


def _scope(data: Dataset, row: Mapping, frames: dict) -> pd.DataFrame:
    """The rows to which a rule is limited by its review and reference numbers."""
    key = (row["table"], row["indication"] or "")
    if key not in frames:
        derived = _comparisons(data, key[1]) if key[0] == "comparisons" else None
        frames[key] = joined(data, *key, frame=derived)
    frame = frames[key]
    if row["table"] in SEED_TABLES:
        return frame[frame["review_id"] == row["review_id"]]
    if not row["refs"]:
        return frame
    wanted = {f"{row['review_id']}:{number}" for number in reference_numbers(row["refs"])}
    return frame.loc[[bool(wanted & set(cited.split(";"))) for cited in frame["cited_by"]]]


def _comparisons(data: Dataset, indication: str) -> pd.DataFrame:
    """The derived comparisons of arms; the line is that of the treated arm."""
    ev = Evidence(data, indication)
    return pd.DataFrame(
        [{"study_id": c.study_id, "arm_id": c.treated_arm, "comparator_arm": c.comparator_arm,
          "kind": c.kind, "background": ";".join(c.background)} for c in ev.comparisons],
        columns=COMPARISONS, dtype=object,
        index=[ev.arms[c.study_id, c.treated_arm]["row"] for c in ev.comparisons])


def _without_double_arms(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows without those of a union of arms of which a part is counted itself."""
    if "combines" not in frame:
        return frame
    counted = set(zip(frame["study_id"], frame["arm_id"], strict=True))
    double = [any((study, part) in counted for part in parts.split(";"))
              for study, parts in zip(frame["study_id"], frame["combines"].fillna(""),
                                      strict=True)]
    return frame[~pd.Series(double, index=frame.index, dtype=bool)]
