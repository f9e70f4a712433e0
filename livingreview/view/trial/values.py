"""Every number that was read in a study, as its source prints it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ...effects.values import reading
from ..base import Label, Struct, label
from ..sources import Source
from .known import Known, row_anchor


class Value(Struct):
    """A row of the data with what its source prints."""

    anchor: str  # of the row on the page of the study
    arm: str  # both arms of a contrast
    months: float | None
    n: str
    printed: tuple[tuple[str, str], ...]  # columns and what they hold
    said: tuple[Label, ...]  # words of the row: side of a contrast, kind of a count, quality
    rescaled: bool  # whether the source rescaled or reversed the trial's own scale
    source: Source | None
    locator: str
    row: int
    note: str


class Group(Struct):
    """Rows of one outcome and instrument, event or contrast."""

    subject: Label
    instrument: str
    statistic: Label
    scale: tuple[float | None, float | None]
    better: Label
    rows: tuple[Value, ...]


class Says(Struct):
    """What a report states of an outcome, without our reckoning."""

    favours: Label
    outcomes: tuple[tuple[Label, float | None, str], ...]


def groups(known: Known, table: str, study_id: str) -> tuple[Group, ...]:
    """The rows of a table, those of one outcome and instrument together."""
    order = {arm: i for i, arm in enumerate(known.arms_of[study_id])}
    found = defaultdict(list)
    for row in known.rows[table][study_id]:
        item = row["event"] if table == "adverse_events" else row["outcome"]
        found[item, row.get("instrument"), row.get("statistic") or row.get("measure"),
              row.get("scale_min"), row.get("scale_max"), row.get("better")].append(row)
    kind = "measure" if table == "contrasts" else "statistic"
    return tuple(Group(
        subject=known.subject(item, table == "adverse_events"), instrument=instrument or "",
        statistic=known.label(kind, statistic), scale=(low, high),
        better=known.label("better", better),
        rows=tuple(_value(known, table, row) for row in sorted(rows, key=lambda r: (
            _month(r) is None, _month(r) or 0,
            order.get(r.get("arm_id", r.get("arm_intervention")), 0), r["row"]))))
        for (item, instrument, statistic, low, high, better), rows in found.items())


def _value(known: Known, table: str, row: Mapping) -> Value:
    study_id, arms = row["study_id"], known.arms_of[row["study_id"]]
    pair = [row[a] for a in ("arm_id", "arm_intervention", "arm_comparator") if a in row]
    printed = reading(table, row).printed
    said = [known.label("favours", row.get("favours")),
            known.label("count", row.get("count")) if row.get("count") != "patients" else None,
            known.label("quality", row["quality"])]
    return Value(
        anchor=row_anchor(table, row["row"]),
        arm=" / ".join(arms.get(a, "") for a in pair), months=_month(row),
        n=dict(printed).get("n", ""), printed=tuple(p for p in printed if p[0] != "n"),
        said=tuple(w for w in said if w), rescaled=bool(row.get("rescaled")),
        source=known.source(row["source_id"]),
        locator=row["locator"] or "", row=row["row"], note=known.said(row["note"], study_id))


def says(known: Known, study_id: str) -> tuple[Says, ...]:
    """The sides that the report's own comparisons are on."""
    found = defaultdict(list)
    for row in known.rows["contrasts"][study_id]:
        if row["favours"]:
            found[row["favours"]].append(
                (known.subject(row["outcome"]), row["timepoint_months"],
                 known.row_href(study_id, "contrasts", row["row"])))
    return tuple(Says(label(known.data, "favours", side), tuple(rows))
                 for side, rows in found.items())


def _month(row: Mapping) -> float | None:
    return row["months"] if "months" in row else row["timepoint_months"]
