"""Where the numbers of a trial count: its effects as analysed, and the analyses it is not in."""

from __future__ import annotations

from ...effects.messages import Message
from ...review.measure import uncontrolled, weightless
from ..base import Label, Struct, grouped, label
from ..finding import Estimate, Question, estimate_of, question
from ..forest import Arm, anchor, signs_of
from ..sources import Link, Source
from .known import Known

PRINTED = "as-reported"  # of a value's quality
OF_REVIEWS = ("review-table", "review-text")  # sources in which others report on a trial


class Taken(Struct):
    """A row as an analysis took it; its source may have rescaled or reversed the trial's scale."""

    arm: str
    href: str
    printed: tuple[tuple[str, str], ...]
    source: Source | None
    locator: str
    file: str
    row: int
    note: str
    rescaled: bool


class Use(Struct):
    """An analysis that a number is in."""

    title: str
    href: str
    weight: float | None
    no_weight: bool
    without: Estimate | None


class Effect(Struct):
    """A number as analysed, with where it comes from and the analyses that it is in."""

    anchor: str
    outcome: Label
    instrument: str
    months: float | None
    comparison: Label | None  # None where nothing is compared
    question: Question
    estimate: Estimate | None
    no_ratio: Message | None  # why the trial gives no ratio
    quality: Label
    as_reported: bool  # whether nothing in the values was derived or doubted
    of_review: bool  # whether all values were read in a review, not in a report of the trial
    signs: tuple[str, ...]
    odd: tuple[str, ...]
    intervention: Arm
    control: Arm | None
    taken: tuple[Taken, ...]
    steps: tuple[Message, ...]  # from the printed to the analysed values
    passed_over: tuple[tuple[Message, Message], ...]  # rows not taken, with the reason
    report: Link | None  # the later report in which the numbers are
    uses: tuple[Use, ...]


class Absent(Struct):
    """A reason and the analyses that a trial is not in for it."""

    reason: Message
    analyses: tuple[Link, ...]


def effects(known: Known, study_id: str) -> tuple[Effect, ...]:
    """Effects of a trial; the same numbers in several analyses are one."""
    found = grouped(known.effects_of[study_id], lambda pair: anchor(*pair))
    return tuple(_effect(known, name, pairs) for name, pairs in found.items())


def _effect(known: Known, name: str, pairs: list[tuple[dict, dict]]) -> Effect:
    result, study = pairs[0]
    alone, there = uncontrolled(result), study["yi"] is not None
    of = study["study_id"]
    over = dict.fromkeys((what, why) for _, s in pairs for what, why in s["passed_over"])
    return Effect(
        anchor=name, outcome=known.subject(study["outcome"]),
        instrument=study["instrument"] or "", months=study["months"],
        comparison=None if alone else label(known.data, "comparison_class",
                                            study["comparison"]),
        question=question(known.data, result),
        estimate=estimate_of({**study, "k": 1}) if there else None,
        no_ratio=None if there else known.message(study["no_ratio"], of),
        quality=label(known.data, "quality", study["quality"]),
        as_reported=study["quality"] == PRINTED,
        of_review=all(known.ev.sources.get(r["source_id"], {}).get("kind") in OF_REVIEWS
                      for r in _readings(study)),
        signs=signs_of(study, known.noticed),
        odd=tuple(dict.fromkeys(known.said(wrong, of) for _, wrong in study["odd"])),
        intervention=_arm(study, "intervention"),
        control=None if alone else _arm(study, "comparator"),
        taken=tuple(_taken(known, of, r) for r in _readings(study)),
        steps=tuple(known.message(step, of) for step in study["derivation"]),
        passed_over=tuple(tuple(known.message(said, of) for said in row) for row in over),
        report=known.link(of) if of != study["trial_id"] else None,
        uses=tuple(_use(known, r, s) for r, s in pairs))


def _use(known: Known, result: dict, study: dict) -> Use:
    bare = weightless(result, study)
    return Use(result["title"], known.addresses.figure(result["id"]),
               study["weight"] if result["k"] > 1 else None, bare,
               estimate_of(study.get("without")) if bare else None)


def _taken(known: Known, study_id: str, read: dict) -> Taken:
    of = known.study_of_row.get((read["table"], read["row"]), study_id)
    return Taken(
        known.arms_of[of].get(read["arm_id"], ""),
        known.row_href(of, read["table"], read["row"]),
        tuple(map(tuple, read["printed"])), known.source(read["source_id"]),
        read["locator"] or "", f"{known.indication}/{read['table']}.csv", read["row"],
        known.said(read["note"], of), (read["table"], read["row"]) in known.rescaled)


def elsewhere(known: Known, study_id: str, main: str) -> tuple[Link, ...]:
    """The numbers of a later report, on the page of the main one."""
    if main == study_id:
        return ()
    found = {anchor(r, s): (r, s) for r, s in known.effects_of[main]
             if s["study_id"] == study_id}
    return tuple(Link(r["title"], known.addresses.value(known.indication, main, name))
                 for name, (r, s) in found.items())


def absent(known: Known, study_id: str) -> tuple[Absent, ...]:
    """Why a trial is not in some analyses, the rarest reason first."""
    found = known.absent_of.get(study_id, {})
    return tuple(Absent(known.message(reason, study_id), tuple(analyses))
                 for reason, analyses in sorted(found.items(), key=lambda f: len(f[1])))


def _arm(study: dict, side: str) -> Arm:
    """The numbers of a group as analysed; a reported contrast has only its size."""
    arm = study[side]
    return Arm(arm["n"], arm["mean"], arm["sd"], arm["events"]) if arm else Arm(study[f"n_{side}"])


def _readings(study: dict) -> list[dict]:
    """The rows that an effect is made of."""
    both = [r for side in ("intervention", "comparator") if study[side]
            for r in study[side]["readings"]]
    return both + study["readings"]
