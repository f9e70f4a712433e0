"""What to bear in mind of a study: doubts, overlaps, warnings of the check, risk of bias."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ..base import Label, Struct, grouped, label
from ..sources import Link, Source
from .known import Known


class Warned(Struct):
    """Something to bear in mind."""

    # ``retracted``, ``concern``, ``doubt``, ``within-person``, ``low-follow-up``,
    # ``comparable-until``, ``overlap``, or ``check`` (a rule of the data check)
    kind: str
    rule: str = ""  # of the data check
    about: Label | None = None  # what a doubt is about, or how sure an overlap is
    said: str = ""  # details in the words of the data
    subjects: tuple[Label, ...] = ()  # outcomes or events concerned
    months: float | None = None
    rows: tuple[Link, ...] = ()  # rows concerned, where they stand on the page
    other: Link | None = None  # the other study
    action: Label | None = None  # what follows


class Judgement(Struct):
    """Risk of bias as one review published it with one tool."""

    tool: Label
    source: Source | None
    design_grade: bool
    domains: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def warnings(known: Known, study: Mapping) -> Iterator[Warned]:
    """What to bear in mind of a study, the gravest first."""
    study_id, effects = study["study_id"], known.effects_of[study["study_id"]]
    status = known.label("status", study["status"])
    if study["status"] in ("retracted", "expression-of-concern"):
        yield Warned("retracted" if study["status"] == "retracted" else "concern", about=status)
    yield from _doubt_warnings(known, study_id)
    yield from _check_warnings(known, study_id)
    if study["allocation"] == "within-person":
        yield Warned("within-person")
    if few := {s["outcome"]: None for _, s in effects if s["low_follow_up"]}:
        yield Warned("low-follow-up", subjects=tuple(map(known.subject, few)))
    if study["comparable_until_months"] is not None:
        yield Warned("comparable-until", months=study["comparable_until_months"])
    yield from _overlaps(known, study_id)


def _doubt_warnings(known: Known, study_id: str) -> Iterator[Warned]:
    """Values in doubt; one reason for several of them is said once."""
    found = defaultdict(dict)
    for row in known.doubts.get(study_id, ()):
        subject = row["item"] and known.subject(row["item"], row["table"] == "adverse_events")
        found[row["rule"], row["reason"]][subject] = None
    for (rule, reason), subjects in found.items():
        yield Warned("doubt", rule, label(known.data, "doubt_rule", rule),
                     known.said(reason, study_id), tuple(s for s in subjects if s))


def _check_warnings(known: Known, study_id: str) -> Iterator[Warned]:
    for rule, found in known.problems.get(study_id, {}).items():
        wrong = dict.fromkeys(known.said(said, study_id) for _, _, said in found)
        rows = dict.fromkeys((table, row) for table, row, _ in found if table in known.rows)
        yield Warned("check", rule, said="; ".join(wrong), rows=tuple(
            Link(f"{row}", known.row_href(study_id, table, row)) for table, row in rows))


def _overlaps(known: Known, study_id: str) -> Iterator[Warned]:
    for row in known.data.having("cohort_overlaps", "indication", known.indication):
        pair = (row["study_id"], row["other_study_id"])
        if study_id not in pair or row["action"] == "same-trial":
            continue
        other = pair[1 - pair.index(study_id)]
        yield Warned("overlap", about=label(known.data, "overlap_kind", row["kind"]),
                     said=known.said(row["reason"], study_id), other=known.link(other),
                     action=label(known.data, "overlap_action", row["action"]))


def judgements(known: Known, study_id: str) -> tuple[Judgement, ...]:
    """Risk of bias of a study as each review published it."""
    found = grouped(known.bias.get(study_id, ()), lambda row: (row["tool"], row["source_id"]))
    return tuple(Judgement(
        label(known.data, "tool", tool), known.source(source_id),
        known.data.kind("tool", tool) == "design-grade",
        tuple((r["domain"], r["judgement"]) for r in rows),
        tuple(dict.fromkeys(known.said(r["note"], study_id) for r in rows if r["note"])))
        for (tool, source_id), rows in found.items())
