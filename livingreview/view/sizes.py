"""How much is known of an indication: reports, trials, people, and what of it is in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..data.dataset import Dataset
from ..review import Review
from ..review.counted import ANIMAL, not_counted, trials
from ..review.missing import size_of_trial
from .base import Label, Struct, label
from .tabs import of_people


class Counted(Struct):
    """Something with how many there are of it; an empty label is what is not stated."""

    name: Label
    n: int


def counted(data: Dataset, vocabulary: str, words: Iterable[str | None]) -> tuple[Counted, ...]:
    """How often each word of a vocabulary is there, the most frequent first."""
    return tuple(Counted(label(data, vocabulary, word), n)
                 for word, n in Counter(words).most_common())


class Size(Struct):
    """What the data hold of an indication; a trial with several reports is counted once."""

    indication: Label
    reports: int
    studies: int  # of people, each with all its reports
    # of these the counted: not retracted, with a name, and not of the patients of another
    trials: int
    people: float  # enrolled in the trials in people, or planned
    animals: int  # animal experiments
    used: int  # trials in an analysis


def size(review: Review, indication: str) -> Size:
    """How much is known of an indication."""
    ev = review.evidence[indication]
    of_trial = trials(ev)
    counted = [t for t in of_trial if not not_counted(ev, t)]
    human = [t for t in counted if ev.studies[t]["design"] != ANIMAL]
    used = {s[key] for r in review.analyses(indication) for s in r["studies"]
            for key in ("study_id", "trial_id")}
    return Size(label(review.data, "indication", indication), len(ev.studies),
                of_people(review.data, indication), len(human),
                sum(size_of_trial(ev, t) or 0 for t in human), len(counted) - len(human),
                sum(t in used for t in of_trial))
