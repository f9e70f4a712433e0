"""What the data hold and lack: rows and what they say, studies in no analysis, derived values."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from ..review import Review
from .addresses import Addresses
from .base import Label, Struct, View, grouped, label, stated
from .directory import Directory
from .unused import Reasons, Unused

PRINTED = "as-reported"
SPREADS = ("sd", "se", "ci_low", "q1")


class Holds(Struct):
    """How many rows of outcomes hold what an analysis needs."""

    rows: int
    # means, spread: rows with a mean or median, and those of them with a spread
    means: int
    spread: int
    counts: int  # rows with a count
    # n, scale: of both, with the number analysed; of means, with the end of the scale
    n: int
    scale: int
    better: int  # rows of which it is known which direction is better
    made: int  # values that are not as they were printed


def _holds(rows: Iterable) -> Holds:
    rows = list(rows)
    means = [r for r in rows if r["mean"] is not None or r["median"] is not None]
    counts = [r for r in rows if r["events"] is not None or r["percent"] is not None]
    return Holds(
        len(rows), len(means), sum(any(r[c] is not None for c in SPREADS) for r in means),
        len(counts),
        sum((r["n"] if r in means else r["total"]) is not None for r in (*means, *counts)),
        sum(r["scale_max"] is not None for r in means),
        sum(r["better"] in ("lower", "higher") for r in rows),
        sum((r["quality"] or PRINTED) != PRINTED for r in rows))


class Group(Struct):
    """Outcome rows of an indication, or of one outcome in it."""

    indication: Label
    outcome: Label | None
    studies: int  # studies of which they are; one with several reports is one
    holds: Holds
    qualities: tuple[int, ...] = ()  # rows of each kind of value


class Report(Struct):
    """What the data hold of a report: its outcome rows, and other rows of results."""

    study: tuple[str, str]
    indication: Label
    holds: Holds
    contrasts: int
    adverse_events: int


class Completeness(View, template="completeness"):
    """Rows of results and what they hold."""

    kinds: tuple[Label, ...]  # kinds of values, in the order of the groups' qualities
    indications: tuple[Group, ...]
    outcomes: tuple[Group, ...]
    reports: tuple[Report, ...]
    without: int  # reports without any row of results


def completeness(review: Review) -> Completeness:
    """Rows of results and what they hold, by indication, outcome and report."""
    data = review.data
    indications, outcomes, reports = [], [], []
    for i in data.indications:
        rows = list(data.values("outcomes", i))
        groups = grouped(rows, lambda row: row["outcome"])
        indications.append(_group(review, i, rows))
        outcomes += [_group(review, i, found, o) for o, found in groups.items()]
        reports += _reports(review, i, rows)
    return Completeness(
        tuple(label(data, "quality", q) for q in data.words("quality")), tuple(indications),
        tuple(outcomes), tuple(reports),
        sum(not (r.holds.rows or r.contrasts or r.adverse_events) for r in reports))


def _group(review: Review, indication: str, rows: list, outcome: str | None = None) -> Group:
    data, trial_of = review.data, review.evidence[indication].trial_of
    kinds = Counter(r["quality"] or PRINTED for r in rows)
    return Group(label(data, "indication", indication),
                 outcome and label(data, "outcome", outcome),
                 len({trial_of(r["study_id"]) for r in rows}), _holds(rows),
                 () if outcome else tuple(kinds[q] for q in data.words("quality")))


def _reports(review: Review, indication: str, rows: list) -> list[Report]:
    data, other = review.data, Counter()
    of_study = grouped(rows, lambda row: row["study_id"])
    for name in ("contrasts", "adverse_events"):
        other.update((name, r["study_id"]) for r in data.records(name, indication))
    directory = Directory(data)
    return [Report(directory.of(indication, s), label(data, "indication", indication),
                   _holds(of_study[s]), other["contrasts", s], other["adverse_events", s])
            for s in review.evidence[indication].studies]


# --- studies in no analysis ---------------------------------------------------------------------


class NotUsed(Struct):
    """A report that no analysis uses."""

    study: tuple[str, str]
    indication: Label
    design: Label | None
    n: int | None
    unused: Unused


class UnusedStudies(View, template="unused_studies"):
    """Every report that no analysis uses, with the reason, and how many have which kind of it."""

    known: int
    reports: tuple[NotUsed, ...]
    kinds: tuple[tuple[str, int], ...]


def unused_studies(review: Review) -> UnusedStudies:
    """Every report that no analysis uses, with the reason."""
    data, directory, known, found = review.data, Directory(review.data), 0, []
    for i in data.indications:
        reasons, studies = Reasons(review, i, Addresses(data)), review.evidence[i].studies
        known += len(studies)
        found += [NotUsed(directory.of(i, s), label(data, "indication", i),
                          stated(data, "design", study["design"]),
                          study["n_enrolled"], why)
                  for s, study in studies.items() if (why := reasons.why(s))]
    return UnusedStudies(known, tuple(found),
                         tuple(Counter(r.unused.kind for r in found).most_common()))


# --- derived values -----------------------------------------------------------------------------


class Derivation(Struct):
    """A kind of step from printed to analysed values, and the studies that needed it."""

    step: str
    analyses: int
    studies: tuple[tuple[str, str], ...]


class Derived(View, template="derived"):
    """Steps from printed to analysed values, by kind."""

    steps: tuple[Derivation, ...]


_NAMES = re.compile(r"(?<=^arms ).*(?= combined$)")
_NUMBERS = re.compile(r"\([A-Z]\w+ \d{4}\)|\d+% (?=interval)|\d+(?:\.\d+)?")


def kind_of_step(said: str) -> str:
    """A step without its own numbers and arms; a method keeps its year, an interval its level."""
    return _NUMBERS.sub(lambda m: m[0] if m[0].startswith("(") or "%" in m[0] else "…",
                        _NAMES.sub("…", said))


def derived(review: Review) -> Derived:
    """Steps from printed to analysed values, by kind."""
    directory, studies, analyses = Directory(review.data), defaultdict(set), defaultdict(set)
    for r in review.document["analyses"].values():
        for s in r["studies"]:
            for step in map(kind_of_step, s["derivation"]):
                studies[step].add((r["indication"], s["trial_id"]))
                analyses[step].add(r["id"])
    return Derived(tuple(
        Derivation(step, len(analyses[step]), tuple(directory.of(*s) for s in sorted(found)))
        for step, found in sorted(studies.items(), key=lambda f: -len(f[1]))))
