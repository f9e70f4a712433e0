"""Why a study is in no analysis: a key for the sentence, and what the sentence names."""

from __future__ import annotations

from ..effects import Rules
from ..effects.comparisons import KEPT_APART, is_treated
from ..effects.messages import Message
from ..effects.question import main_reason
from ..effects.selection import shares_patients
from ..review import Review
from ..review.counted import ANIMAL
from .addresses import Addresses
from .base import Label, Struct, label
from .message import message
from .naming import arm_names, of_study, study_names

CONTROLLED = ("rct", "nonrandomised-controlled")


class Unused(Struct):
    """Why a study is in no analysis."""

    # ``retracted``, ``retraction-notice``, ``another-report``, ``animals``, ``shared``,
    # ``nameless``, ``no-results``, ``no-design``, ``no-intervention``, ``another-product``,
    # ``intervention-only``, ``no-control``, ``no-values``, ``harms-only``, ``not-asked`` or
    # ``no-usable``
    kind: str
    # name and address of the main report, or of the study that shares its patients
    main: tuple[str, str] | None = None
    main_used: bool = False  # whether some analysis uses the main report
    reason: Message | None = None  # what the analysis says of its numbers
    outcomes: tuple[Label, ...] = ()  # what it reports on


class Reasons:
    """The studies of an indication that no analysis uses, and why."""

    def __init__(self, review: Review, indication: str, addresses: Addresses):
        self.ev, self.data = review.evidence[indication], review.data
        self.addresses = addresses
        self.names = study_names(review.data, indication)
        self.arms = arm_names(review.data, indication)
        results = review.analyses(indication)
        self.used = {s[key] for r in results for s in r["studies"]
                     for key in ("study_id", "trial_id")}
        self.said: dict[str, list[str]] = {}
        for result in results:
            for trial in result["not_in_pool"]["trials"]:
                self.said.setdefault(trial["trial_id"], []).append(trial["reason"])

    def why(self, study_id: str) -> Unused | None:
        """Why a study is in no analysis; None where it is in one."""
        if study_id in self.used:
            return None
        return (self._barred(study_id) or self._other_treatment(study_id)
                or self._by_values(study_id))

    def _named(self, study_id: str) -> tuple[str, str]:
        return self.names[study_id], self.addresses.trial(self.ev.indication, study_id)

    def _barred(self, study_id: str) -> Unused | None:
        """What keeps a study out whatever its values are."""
        study, main = self.ev.studies[study_id], self.ev.trial_of(study_id)
        if why := self.ev.taken_back(study_id):
            return Unused(why)
        if main != study_id:
            return Unused("another-report", self._named(main), main in self.used)
        if study["design"] == ANIMAL:
            return Unused("animals")
        if self.ev.nameless(study):
            return Unused("nameless")
        if shared := shares_patients(self.ev, study_id, Rules()):
            other = shared.rsplit(" ", 1)[-1]
            return Unused("shared", self._named(other), other in self.used)
        if study["status"] == "registered":
            return Unused("no-results")
        return Unused("no-design") if study["design"] is None else None

    def _other_treatment(self, study_id: str) -> Unused | None:
        """What an analysis of the treatment cannot ask of the arms of a study."""
        arms = self.ev.arms_of(study_id)
        treated = [arm for arm in arms if is_treated(arm)]
        if not treated:
            return Unused("no-intervention")
        groups = [c.intervention for found in self.ev.contests("any").get(study_id, [])
                  for c in found]
        if groups and all(g.treatment_class == KEPT_APART for g in groups):
            return Unused("another-product")
        if self.ev.studies[study_id]["design"] in CONTROLLED and not groups:
            return Unused("intervention-only" if len(treated) > 1 else "no-control")
        return None

    def _by_values(self, study_id: str) -> Unused:
        """What the values of a study lack."""
        ev = self.ev
        reports = [s for s in ev.studies if ev.trial_of(s) == study_id]
        rows = [r for (study, _), found in ev.outcomes.items() if study in reports for r in found]
        rows += [r for study in reports for r in ev.contrasts.get(study, ())]
        if not rows:
            events = any(study in reports and found for (study, _), found in ev.events.items())
            return Unused("harms-only" if events else "no-values")
        outcomes = tuple(label(self.data, "outcome", o) for o in sorted(
            {r["outcome"] for r in rows}))
        said = self.said.get(study_id, [])
        if not said:
            return Unused("not-asked", outcomes=outcomes)
        reason = main_reason(said)
        if reason == main_reason([]):  # no analysis found anything that it asks for
            return Unused("no-usable", outcomes=outcomes)
        return Unused("no-usable", outcomes=outcomes, reason=message(
            reason, of_study(self.arms, study_id), self.names))
