"""The flow of studies from what is known to what is in an estimate, counted from the tables."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from ..data import versions
from ..data.dataset import Dataset
from ..review import Review
from ..review.counted import ANIMAL
from ..review.searches import Counted, Until, counted
from .addresses import Addresses
from .base import Label, Struct, View, label, stated
from .directory import Directory
from .sizes import Size, size
from .unused import Reasons, Unused

STEPS = ("known", "human", "reported", "usable", "pooled")


class Placed(Struct):
    """A study in the flow."""

    indication: Label
    study: tuple[str, str]


class LeftOut(Struct):
    """A study that a step leaves behind."""

    placed: Placed
    unused: Unused  # its kind may also be ``not-pooled`` (shown by itself) or ``check-only``


class Step(Struct):
    """The studies at a step, each a part of those of the step before, and what it leaves behind."""

    name: str  # ``known``, ``human``, ``reported``, ``usable`` or ``pooled``
    studies: tuple[Placed, ...]
    left: tuple[LeftOut, ...]
    kinds: tuple[tuple[str, int], ...]  # how many are left out for which kind of reason


class Searched(Struct):
    """Searches of our own together, and what became of what they found."""

    counted: Counted
    # why reports were left out by their full text; None is no reason
    reasons: tuple[tuple[Label | None, int], ...]


class Before(Struct):
    """The preceding version, its trials, and how many have come and gone since."""

    version: str
    trials: int
    more: int
    fewer: int


class Flow(View, template="flow"):
    """The flow of studies."""

    # the preceding version; without one, `released` tells whether these pages are a version
    before: Before | None
    released: bool
    searched: Searched | None  # None where no search was made
    # day, state: date of the data, and what tells a later state without an entry; each may be empty
    day: str
    state: str
    # seeds, syntheses, registered: seed reviews; published syntheses with a result; reports that
    # are registrations alone
    seeds: int
    syntheses: int
    registered: int
    reports: int
    steps: tuple[Step, ...]


class FlowTable(View, template="flow_table"):
    """How many studies of each indication are at each step."""

    steps: tuple[str, ...]
    rows: tuple[tuple[Label, tuple[int, ...]], ...]
    sizes: tuple[Size, ...]  # reports and counted trials of each row


class Stage(Struct):
    """What searches had found by a version."""

    version: str  # empty for a state that is none
    day: str  # of the version, or of the data
    searched: Searched | None


class FlowVersions(View, template="flow_versions"):
    """What searches had found, and what had become of it, at each published version."""

    stages: tuple[Stage, ...]


class Flows:
    """The flow over all indications of a review."""

    def __init__(self, review: Review):
        self.review, self.data = review, review.data
        self._directory = Directory(review.data)

    @cached_property
    def studies(self) -> dict[str, dict[str, list[str]]]:
        """Main reports at each step, by indication."""
        return {i: self._of(i) for i in self.data.indications}

    @cached_property
    def _reasons(self) -> dict[str, Reasons]:
        return {i: Reasons(self.review, i, Addresses(self.data)) for i in self.data.indications}

    def _of(self, indication: str) -> dict[str, list[str]]:
        rows = self.review.evidence[indication].studies
        results = [r for r in self.review.analyses(indication) if r["role"] != "check"]
        in_use = {s["trial_id"] for r in results for s in r["studies"]}
        pooled = {s["trial_id"] for r in results if r["pooled"] and r["k"] > 1
                  for s in r["studies"] if s["weight"] is not None}
        known = [s for s, row in rows.items() if not row["companion_of"]]
        human = [s for s in known if rows[s]["design"] != ANIMAL]
        reported = [s for s in human if rows[s]["status"] != "registered"]
        usable = [s for s in reported if s in in_use]
        return dict(zip(STEPS, (known, human, reported, usable,
                                [s for s in usable if s in pooled]), strict=True))

    def page(self) -> Flow:
        """The boxes of the flow, from searches to estimates, and what each step leaves behind."""
        data = self.data
        day, _, state = data.version.partition(versions.MARK)
        known = [s for i in data.indications for s in self.review.evidence[i].studies.values()]
        syntheses = {(i, r["review_id"]) for i in data.indications
                     for r in data.records("published_syntheses", i)}
        return Flow(self._before(), bool(versions.here()), _searched(data, data), day, state,
                    len(data.records("reviews")), len(syntheses),
                    sum(s["status"] == "registered" for s in known), len(known),
                    tuple(map(self._step, STEPS)))

    def _step(self, step: str) -> Step:
        before = STEPS[max(STEPS.index(step) - 1, 0)]
        left = tuple(LeftOut(self._placed(i, s), _why(self._reasons[i], s, step))
                     for i, found in self.studies.items()
                     for s in found[before] if s not in found[step])
        return Step(step, tuple(self._placed(i, s) for i, found in self.studies.items()
                                for s in found[step]), left,
                    tuple(Counter(out.unused.kind for out in left).most_common()))

    def _placed(self, indication: str, study: str) -> Placed:
        return Placed(label(self.data, "indication", indication),
                      self._directory.of(indication, study))

    def _before(self) -> Before | None:
        """The version before these pages, which the flow starts from."""
        before = versions.preceding(versions.here())
        if not before:
            return None
        results = versions.results(before, self.data.names)["analyses"].values()
        old = {(r["indication"], s["trial_id"]) for r in results if r["role"] != "check"
               for s in r["studies"]}
        now = {(i, s) for i, found in self.studies.items() for s in found["usable"]}
        return Before(before, len(old), len(now - old), len(old - now))

    def table(self) -> FlowTable:
        """The steps of each indication."""
        return FlowTable(STEPS, tuple(
            (label(self.data, "indication", i), tuple(len(found[step]) for step in STEPS))
            for i, found in self.studies.items()),
            tuple(size(self.review, i) for i in self.studies))

    def versions(self) -> FlowVersions:
        """What searches had found at each version, and by now where these pages are none."""
        here, known = versions.here(), versions.published()
        known = known[:known.index(here) + 1] if here else known
        stages = [Stage(name, day, _searched(self.data, Until(self.data, day)))
                  for name in known if (day := versions.manifest(name)["date"])]
        if not here:
            stages.append(Stage("", self.data.date, _searched(self.data, self.data)))
        return FlowVersions(tuple(stages))


def _why(reasons: Reasons, study: str, step: str) -> Unused:
    """Why a study is left behind at a step."""
    if step != "usable":
        return Unused({"human": "animals", "reported": "no-results", "pooled": "not-pooled"}[step])
    taken_back = reasons.ev.taken_back(study)  # a check may hold it still
    return reasons.why(study) or Unused(taken_back or "check-only")


def _searched(data: Dataset, until: Dataset | Until) -> Searched | None:
    """Our own searches, as the tables are or were."""
    found = counted(until)
    return Searched(found, tuple((stated(data, "exclusion_reason", why), n)
                                 for why, n in found.excluded_full_text)) if found else None
