"""The studies of a chapter: those of people, those that are running, those of animals."""

from __future__ import annotations

from collections.abc import Mapping

from ..effects.comparisons import is_treated
from ..review import Review
from .addresses import Addresses
from .base import Label, Struct, View, label, wording
from .expected import OPEN, Expected, expected, soonest
from .naming import study_names
from .sources import Link, registration
from .tabs import ANIMAL
from .unused import Reasons, Unused

# Registered trials in the order in which readers wait for them.
PROGRESS = ("running", "not-started", "finished", "unknown", "stopped")


class Study(Struct):
    """A study of the chapter."""

    name: str
    href: str
    design: Label
    comparators: tuple[Label, ...]
    n: int | None
    # source, product and provider of each kind of treatment; what is not stated is left out
    intervention: tuple[tuple[Label, ...], ...]
    status: Label
    progress: Label
    registrations: tuple[Link, ...]
    open: bool  # whether it runs or is planned
    expected: Expected | None  # when it ends; None where no registry was asked
    unused: Unused | None  # why no analysis uses it; None where one does


class ChapterTrials(View, template="chapter_trials"):
    """The studies of a chapter."""

    product: Label
    studies: tuple[Study, ...]  # of people, one for each report, in the order of their names
    n_used: int  # of these, in an analysis
    # registered ones without results here: those that run or are planned first, by the end that is
    # expected, then the others by their progress, the largest first
    waiting: tuple[Study, ...]
    n_open: int  # of these, running or planned
    # the first end of a primary outcome that is expected of those; empty where none is known
    soonest: str
    animals: tuple[Study, ...]
    index_href: str


class _Studies:
    """Rows of the studies of one indication."""

    def __init__(self, review: Review, indication: str):
        self.ev, self.data = review.evidence[indication], review.data
        self.addresses = Addresses(self.data)
        self.names = study_names(self.data, indication)
        self.reasons = Reasons(review, indication, self.addresses)
        self.kinds: dict[str, set[str]] = {}
        for c in self.ev.comparisons:
            self.kinds.setdefault(c.study_id, set()).add(c.kind)

    def row(self, study_id: str) -> Study:
        """A study as the tables show it."""
        s = self.ev.studies[study_id]
        return Study(
            self.names[study_id], self.addresses.trial(self.ev.indication, study_id),
            label(self.data, "design", s["design"]),
            tuple(label(self.data, "comparison_class", k)
                  for k in sorted(self.kinds.get(study_id, ()),
                                  key=self.data.names.own.value)),
            s["n_enrolled"], self._cells(study_id), label(self.data, "status", s["status"]),
            label(self.data, "progress", s["progress"]),
            tuple(map(registration, s["registration"])), s["progress"] in OPEN,
            expected(self.data, s), self.reasons.why(study_id))

    def _cells(self, study_id: str) -> tuple[tuple[Label, ...], ...]:
        """Source, product and provider of the treated arms."""
        arms = [arm for arm in self.ev.arms_of(study_id)
                if is_treated(arm) and arm["treatment_source"] != "none"]
        return tuple(dict.fromkeys(kind for arm in arms if (kind := self._kind(arm))))

    def _kind(self, arm: Mapping) -> tuple[Label, ...]:
        return tuple(dict.fromkeys(  # a source and a product of one name are told once
            label(self.data, name, arm[name])
            for name in ("treatment_source", "treatment_product", "provider") if arm[name]))


def chapter_trials(review: Review, indication: str) -> ChapterTrials:
    """The studies of a chapter.

    Parameters
    ----------
    review : Review
    indication : str
    """
    known = _Studies(review, indication)
    studies = known.ev.studies
    rows = {s: known.row(s) for s in sorted(studies, key=lambda s: known.names[s].casefold())}
    animals = [s for s in rows if studies[s]["design"] == ANIMAL]
    people = [s for s in rows if s not in animals]
    waiting = sorted((s for s in people if _waiting(studies[s], rows[s])),
                     key=lambda s: _awaited(studies[s], rows[s]))
    open_ = [rows[s] for s in waiting if rows[s].open]
    return ChapterTrials(
        product=wording(review.data, "product"),
        studies=tuple(rows[s] for s in people),
        n_used=sum(rows[s].unused is None for s in people),
        waiting=tuple(rows[s] for s in waiting), n_open=len(open_), soonest=soonest(open_),
        animals=tuple(rows[s] for s in animals), index_href="trials/index.html")


def _waiting(study: Mapping, row: Study) -> bool:
    """Whether more of a study is to come: a finished one that an analysis uses has reported."""
    if study["status"] == "registered" or row.open:
        return True
    return bool(study["progress"]) and row.unused is not None


def _awaited(study: Mapping, row: Study) -> tuple:
    """Place of a registered trial: open ones by date, all by their progress, then their size."""
    at = study["progress"]
    date = row.expected.primary or row.expected.end if row.expected and row.open else ""
    return (not row.open, not date, date,
            PROGRESS.index(at) if at in PROGRESS else len(PROGRESS), -(study["n_enrolled"] or 0))
