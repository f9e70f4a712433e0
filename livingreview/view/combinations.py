"""What is given together with the treatment, and which trials can tell what each part adds."""

from __future__ import annotations

from collections.abc import Iterable

from ..effects import Evidence
from ..effects.comparisons import additions
from .base import Label, Struct, View, label, wording
from .directory import Directory
from .sources import Link

ADDED = "same-co-treatment"


class Combination(Struct):
    """Trials of another treatment together with that of the review."""

    what: Label
    added: tuple[Link, ...]  # trials in which the review's is added to the other
    usable: tuple[Link, ...]  # of these, in an analysis
    given: tuple[Link, ...]  # trials in which the other is added to the review's


class Combinations(View, template="combinations"):
    """Which trial makes which comparison of a treatment given with that of the review."""

    indication: str
    given: Label
    rows: tuple[Combination, ...]


def combinations(ev: Evidence, results: Iterable[dict]) -> Combinations:
    """Trials of the treatment added to another, and of another added to it.

    Parameters
    ----------
    ev : Evidence
    results : iterable of dict
        Analyses of the indication.
    """
    i, data, directory, rows = ev.indication, ev.data, Directory(ev.data), []
    to_treatment = additions(data, i)
    used = [s for r in results if r["role"] != "check"
            for s in r["studies"] if s["comparison"] == ADDED]

    def links(trials: Iterable[str]) -> tuple[Link, ...]:
        return tuple(sorted((directory.study(i, t) for t in set(trials)), key=lambda t: t.name))

    for word in data.words("cointervention"):
        added = links(ev.contests(ADDED, word))
        given = links(ev.trial_of(study) for study, what in to_treatment if what == word)
        if added or given:
            rows.append(Combination(
                label(data, "cointervention", word), added,
                links(s["trial_id"] for s in used if word in s["background"]), given))
    return Combinations(i, wording(data, "intervention"), tuple(rows))
