"""Why a trial is not in an analysis what it was in an earlier version.

Only what the two results hold is said. Results of earlier versions do not list every known study;
of these as much is known as their analyses and directions show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ..effects.messages import Message, understood

_SLOT = ("outcome", "instrument", "months", "statistic")  # what a trial's entry is read from
_SHOWN = 3  # differences that a detail names
# Tables that all trials share: where they differ, nobody can say that a rule did it.
SHARED = ("vocabularies.csv", "instruments.csv", "hierarchy.csv", "cohort_overlaps.csv")
_SAME_ROWS = Message("same-rows")


@dataclass(frozen=True)
class Cause:
    """One reason for a change.

    Attributes
    ----------
    kind : str
        One of `changes.CAUSES`.
    trial_id : str
    detail : tuple of Message
        What it is, one thing after the other. Of another value ``now`` and ``before`` are texts,
        messages, or several of these; empty where there is none.
    other : str
        Another trial that the detail names.
    moved : frozenset of str
        Trials whose entries are no longer what they were by this cause.
    """

    kind: str
    trial_id: str
    detail: tuple[Message, ...]
    other: str = ""
    moved: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Side:
    """What one version knows of the studies of an indication."""

    document: dict = field(default_factory=dict)
    indication: str = ""

    @property
    def _known(self) -> dict | None:
        return self.document.get("known", {}).get(self.indication)

    @property
    def complete(self) -> bool:
        """Whether every known study is listed."""
        return self._known is not None

    def has(self, trial: str) -> bool:
        """Whether a study is listed anywhere."""
        return trial in (self._known if self.complete else self._seen)

    @cached_property
    def _seen(self) -> dict[str, set]:
        """Comparisons of the studies that analyses and directions show."""
        out: dict[str, set] = {}
        directions = self.document.get("directions", {}).get(self.indication, {})
        for row in directions.get("outcomes", ()):
            for name in {row["trial"], row["study"]}:
                out.setdefault(name, set()).add((row["comparison"], tuple(row["background"])))
        for result in self.document.get("analyses", {}).values():
            if result["indication"] != self.indication:
                continue
            for study in result["studies"]:
                found = out.setdefault(study["trial_id"], set())
                if study.get("comparison"):
                    found.add((study["comparison"], tuple(study.get("background", ()))))
            for trial in result["not_in_pool"]["trials"]:
                out.setdefault(trial["trial_id"], set())
        return out

    def main(self, study: str) -> str:
        """The main report of a study."""
        seen = set()
        while self.complete and study in self._known and study not in seen:
            seen.add(study)
            study = self._known[study]["companion_of"] or study
        return study

    def comparisons(self, trial: str) -> set[tuple[str, tuple[str, ...]]]:
        """Class, and what both arms got besides, of each comparison of a trial and its reports."""
        if not self.complete:
            return self._seen.get(trial, set())
        return {(kind, tuple(both)) for name, study in self._known.items()
                if self.main(name) == trial for kind, both in study["comparisons"]}

    def of(self, trial: str, key: str):
        """A column of a study; None where it is not known."""
        return (self._known or {}).get(trial, {}).get(key)

    def rows(self, trial: str) -> tuple | None:
        """What the rows of a trial and its reports hold; None where it is not known."""
        if not (self.complete and trial in self._known):
            return None
        return tuple(sorted((name, study["rows"]) for name, study in self._known.items()
                            if self.main(name) == trial))

    def shared(self) -> list[str | None]:
        """Digests of the tables that all trials share."""
        return [self.document.get("digests", {}).get(path) for path in SHARED]


def _classes(kinds: set[tuple[str, tuple[str, ...]]]) -> tuple[Message, ...]:
    """Classes of comparison, each with what both arms got besides."""
    return tuple(Message("class", {"kind": kind.replace("-", " "), "both": tuple(
        word.replace("-", " ") for word in both)}) for kind, both in sorted(kinds))


def _instead(what: str, now, before) -> Message:
    """Another value of what has one."""
    return Message("instead", {"what": what, "now": _text(now), "before": _text(before)})


def _text(value) -> str | tuple:
    if isinstance(value, (list, tuple)):
        return tuple(value)
    return f"{value:g}" if isinstance(value, float) else str(value) if value else ""


def _readings(study: dict) -> list[dict]:
    """The rows that a trial's entry was read from."""
    return [*(r for side in ("intervention", "comparator") if study[side]
              for r in study[side]["readings"]), *study["readings"]]


def values(study: dict) -> list:
    """What is printed in the sources of a trial's effect, without the places of the rows."""
    return sorted(([r["table"], r["arm_id"], r["source_id"], r["printed"]]
                   for r in _readings(study)), key=str)


def _effect(study: dict) -> tuple:
    return study["yi"], study["vi"]


def _left_out(result: dict) -> dict[str, Message]:
    """Why trials that are known are not in the pool."""
    return {t["trial_id"]: understood(t["reason"]) for t in result["not_in_pool"]["trials"]}


@dataclass(frozen=True)
class Compared:
    """One analysis in two versions.

    Attributes
    ----------
    old, new : dict
        Its results.
    was, now : Side
        What the versions know of its indication.
    """

    old: dict
    new: dict
    was: Side
    now: Side

    @cached_property
    def _before(self) -> dict[str, dict]:
        return {s["trial_id"]: s for s in self.old["studies"]}

    @cached_property
    def _after(self) -> dict[str, dict]:
        return {s["trial_id"]: s for s in self.new["studies"]}

    def causes(self) -> list[Cause]:
        """A cause for each trial that is not what it was; none is named twice."""
        found, moved = [], set()
        for way in (self._renamed, self._joined, self._each):
            for cause in way(moved):
                found.append(cause)
                moved |= cause.moved
        return found

    def _renamed(self, moved: set[str]) -> Iterator[Cause]:
        """Trials that have the values of one that is no longer listed."""
        gone = [t for t in sorted(self._before) if t not in self._after and not self.now.has(t)]
        for trial in sorted(set(self._after) - set(self._before)):
            entry = self._after[trial]
            for other in gone:
                old = self._before[other]
                if other not in moved and _effect(old) == _effect(entry) and values(
                        old) == values(entry) != [] and not self.was.has(trial):
                    yield Cause("renamed", trial, (Message("name-before", {"other": other}),),
                                other, frozenset({trial, other}))
                    moved.add(other)
                    break

    def _joined(self, moved: set[str]) -> Iterator[Cause]:
        """Trials that are now later reports of another, whose rows count as its visits."""
        for trial in sorted(set(self._before) - set(self._after) - moved):
            main = self.now.main(trial)
            if main == trial:
                continue
            entry, together = self._after.get(main), {trial}
            if entry is None:
                how = Message("visits-outside", {"main": main, "of": _left_out(self.new).get(
                    main, Message("no-comparison"))})
            else:
                how = Message("visits-taken" if entry.get("study_id") == trial
                              else "visits-others", {"main": main})
                if main not in self._before or entry.get("study_id") == trial:
                    together.add(main)
            yield Cause("companion", trial, (how,), main, frozenset(together - moved))

    def _each(self, moved: set[str]) -> Iterator[Cause]:
        """Trials that came, went or changed by themselves."""
        for trial in sorted({*self._before, *self._after} - moved):
            if trial not in self._before:
                kind, detail, *other = self._came(trial)
            elif trial not in self._after:
                kind, detail, *other = self._went(trial)
            elif _effect(self._before[trial]) != _effect(self._after[trial]):
                kind, detail, *other = self._changed(trial)
            else:
                continue
            yield Cause(kind, trial, detail, *other, moved=frozenset({trial}))

    def _same_rows(self, trial: str) -> bool:
        """Whether nothing that the rules read of a trial has changed, as far as is known."""
        rows = self.was.rows(trial)
        return (rows is not None and rows == self.now.rows(trial)
                and self.was.shared() == self.now.shared())

    def _came(self, trial: str) -> tuple:
        before = _left_out(self.old).get(trial)
        counted = next((t for t, s in self._before.items() if s.get("study_id") == trial), "")
        if counted:
            return "entered", (Message("visits-before", {"main": counted}),), counted
        if before is None and not self.was.has(trial):
            return "added", (Message("not-in-data-before" if self.was.complete
                                     else "in-no-analysis-before"),)
        kind, why = ("entered", before) if before else self._not_asked(
            self.was, self._after[trial], trial)
        detail = (why,) if kind == "comparison" else (Message("why-before", {"of": why}),)
        if before and (derived := self._after[trial].get("derivation", ())):
            detail += (_steps("steps-now", derived),)
        return ("rule", (_SAME_ROWS, *detail)) if self._same_rows(trial) else (
            kind or "entered", detail)

    def _went(self, trial: str) -> tuple:
        why = _left_out(self.new).get(trial)
        if why is None and not self.now.has(trial):
            return "deleted", (Message("no-longer-in-data" if self.now.complete
                                       else "in-no-analysis-now"),)
        # a place where the trial is found instead may follow the reason
        chain = list(why.chain()) if why else []
        kind = "retracted" if any(m.key in ("retracted", "retraction-notice") for m in chain) else (
            "doubtful" if any(m.of.get("quality") == "doubtful" for m in chain) else "removed")
        if why is None:
            kind, why = self._not_asked(self.now, self._before[trial], trial)
        noticed = any(m.key == "retraction-notice" for m in chain)  # which is no row of the study
        return ("rule", (_SAME_ROWS, Message("why-now", {"of": why}))) if self._same_rows(
            trial) and not noticed else (kind or "removed", (why,))

    def _not_asked(self, side: Side, entry: dict, trial: str) -> tuple[str, Message]:
        """Why a version does not ask for a trial that the other has, with this entry, in its pool.

        The kind of cause is empty where nothing is sure.
        """
        if (main := side.main(trial)) != trial:
            return "", Message("companion-of", {"main": main})
        if side.of(trial, "design") == "animal-experiment":
            return "", Message("animals")
        kinds = side.comparisons(trial)
        asked = entry.get("comparison"), tuple(entry.get("background", ()))
        if (kinds or side.complete) and asked[0] and asked not in kinds:
            before, now = (kinds, {asked}) if side is self.was else ({asked}, kinds)
            return "comparison", Message("classed", {
                "now": _classes(now), "before": _classes(before)})
        condition = self.new["question"].get("condition")
        if condition and side.complete and side.of(trial, "condition") not in condition:
            return "", Message("form", {"form": _text(side.of(trial, "condition"))})
        return "", Message("not-asked")

    def _changed(self, trial: str) -> tuple[str, tuple[Message, ...]]:
        before, after = self._before[trial], self._after[trial]
        same = values(before) == values(after)
        sizes = [[(s[side] or {}).get("n") for side in ("intervention", "comparator")]
                 for s in (before, after)]
        flipped = (before["yi"] is None) != (after["yi"] is None)
        if self._same_rows(trial) or same and flipped and sizes[0] == sizes[1]:
            why = before.get("no_ratio") or after.get("no_ratio")
            ratio = Message("no-ratio-before" if before["yi"] is None else "no-ratio-now",
                            {"of": understood(why)}) if flipped and why else None
            return "rule", (Message("same-values"), *([ratio] if ratio else []))
        found = [*_other_place(before, after), *([] if same else _other_values(before, after))]
        if not found:
            return "re-derived", _derived(before, after)
        return found[0][0], tuple(detail for _, detail in found[:_SHOWN])


def _other_place(before: dict, after: dict) -> Iterator[tuple[str, Message]]:
    """What else of a trial is read: another comparison, report, visit, or other arms."""
    kinds = [{(s["comparison"], tuple(s.get("background", ())))} if s.get("comparison") else set()
             for s in (before, after)]
    if kinds[0] != kinds[1]:
        yield "comparison", _instead("comparison", *map(_classes, reversed(kinds)))
    for key in ("study_id", *_SLOT):
        if before.get(key) != after.get(key):
            yield "other-values", _instead(key, after.get(key), before.get(key))
    for side in ("intervention", "comparator"):
        arms = [(s[side] or {}).get("arms") for s in (before, after)]
        if arms[0] != arms[1]:
            yield "other-values", _instead(side, arms[1], arms[0])


def _other_values(before: dict, after: dict) -> Iterator[tuple[str, Message]]:
    """Which printed values are others: read elsewhere, corrected, or not there before."""
    sources = [sorted({r["source_id"] for r in _readings(s)}) for s in (before, after)]
    if sources[0] != sources[1]:
        yield "other-values", _instead("source", sources[1], sources[0])
        return
    values = [{(r["arm_id"], key): value for r in _readings(s) for key, value in r["printed"]}
             for s in (before, after)]
    differing = [(name, *(c.get(name) for c in values)) for name in dict.fromkeys(
        [*values[1], *values[0]]) if values[0].get(name) != values[1].get(name)]
    kind = "completed" if all(old is None for _, old, _ in differing) else "corrected"
    for (arm, key), old, new in differing:
        yield kind, Message("value", {"number": key, "arm": arm or "", "now": _text(new),
                                      "before": _text(old)})
    if not differing:
        yield "corrected", Message("other-rows")


def _derived(before: dict, after: dict) -> tuple[Message, ...]:
    """How the same printed values are derived otherwise."""
    words = [list(s.get("derivation", ())) for s in (before, after)]
    more, less = ([w for w in words[a] if w not in words[b]] for a, b in ((1, 0), (0, 1)))
    return (Message("same-printed"), *([_steps("steps-now", more)] if more else []),
            *([_steps("steps-no-longer", less)] if less else []))


def _steps(key: str, derivation: Iterable[str]) -> Message:
    """A message on steps from the printed to the analysed values."""
    return Message(key, {"steps": tuple(map(understood, derivation))})
