"""The effect-direction plot: which way each controlled trial points, with the votes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..data.dataset import Dataset
from ..data.tables import DOUBTFUL_SOURCES
from ..effects import Evidence
from ..effects.comparisons import any_order
from ..effects.messages import Message
from ..effects.values import Reading
from ..review.counted import ANIMAL
from ..review.directions import (
    COMPARATOR,
    COMPUTED,
    INTERVENTION,
    MIXED,
    POINTS,
    SAME,
    Direction,
    votes,
    within,
)
from ..review.robustness import odd_values
from .base import Label, Struct, View, grouped, label, labels, stated, wording
from .forest import Forests
from .message import message
from .naming import spoken

SMALL, LARGE = 50, 300  # patients or joints: below, and above, which a trial is small or large


class Mark(Struct):
    """The outcomes of one trial in one family."""

    # ``intervention``, ``comparator``, ``mixed``, ``no-difference``, or empty where it is not
    # stated
    direction: str
    computed: bool  # whether from the values of both arms
    months: tuple[float, ...]
    # alike, known, outcomes: outcomes that point this way, of those with a direction, of all
    alike: int
    known: int
    outcomes: int


class Row(Struct):
    """One trial and comparison."""

    trial: str
    href: str
    against: Label
    design: Label | None
    blinding: Label | None
    not_counted: Message | None  # why the trial has no vote; None where it has
    n: float | None
    size: str  # ``small``, ``medium``, ``large`` or ``unknown``
    concluded: Label | None  # what the report concludes
    # one for each family of the plot; None where the trial says nothing on it
    marks: tuple[Mark | None, ...]


class Votes(Struct):
    """Trials of one family by their direction."""

    family: Label
    isolating: bool  # of randomised trials whose arms differ in the intervention alone; else of all
    intervention: int
    comparator: int
    mixed: int
    same: int
    not_stated: int
    # share, low, high: of those that point one way, in per cent
    share: float | None
    low: float | None
    high: float | None
    p: float | None  # of the sign test


class Printed(Struct):
    """A value as printed, and its row; `doubted` is a kind of source whose values are doubtful."""

    arm: str
    values: tuple[tuple[str, str], ...]
    file: str
    row: int
    doubted: Label | None


class Outcome(Struct):
    """One outcome of one trial and comparison."""

    trial: str
    href: str
    against: Label
    outcome: Label
    direction: str
    basis: str  # as :attr:`livingreview.review.directions.Direction.basis`
    # why_unknown, not_counted: why nothing is known of its direction, and why the trial has no vote
    why_unknown: Message | None
    months: float | None
    visits: tuple[float, ...]
    n: float | None
    p: float | None
    sign: str
    quality: Label | None
    printed: tuple[Printed, ...]
    odd: str  # in the words of the validation
    not_counted: Message | None


class Directions(View, template="directions"):
    """The effect-direction plot of an indication."""

    indication: str
    given: Label
    ways: tuple[tuple[str, Label], ...]  # directions in words
    families: tuple[Label, ...]
    # trials, known: trials in the plot, and those with a direction
    trials: int
    known: int
    rows: tuple[Row, ...]
    votes: tuple[Votes, ...]
    outcomes: tuple[Outcome, ...]
    silent: tuple[str, ...]  # controlled trials of which no outcome could be read
    small: int = SMALL
    large: int = LARGE


def ways(data: Dataset) -> tuple[tuple[str, Label], ...]:
    """Every direction with its label."""
    return tuple((w, label(data, "stated_result", w))
                 for w in (INTERVENTION, COMPARATOR, MIXED, SAME))


def _message(text: str, names: Mapping[str, str]) -> Message | None:
    """Why something is as it is; None where there is nothing to say."""
    return message(text, names) if text else None


def direction_plot(ev: Evidence, forests: Forests, rows: Sequence[Direction]) -> Directions:
    """The effect-direction plot of an indication, with its votes and what is behind it.

    Parameters
    ----------
    ev : Evidence
    forests : Forests
        Of the indication.
    rows : sequence of Direction
        As `review.directions.directions` gives them.
    """
    data, found = ev.data, {d.family for d in rows}
    families = [f for f in data.words("family") if f in found]
    seen = {d.trial for d in rows}
    return Directions(
        ev.indication, wording(data, "intervention"), ways(data),
        labels(data, "family", families), len(seen),
        len({d.trial for d in rows if d.direction}), _rows(ev, forests, families, rows),
        tuple(_votes(data, v) for v in votes(rows, any_order(data))),
        tuple(_outcome(ev, forests, d) for d in rows),
        tuple(sorted(forests.names[t] for t in ev.contests("any")
                     if t not in seen and ev.studies[t]["design"] != ANIMAL)))


def _rows(ev: Evidence, forests: Forests, families: Sequence[str],
          rows: Iterable[Direction]) -> tuple[Row, ...]:
    """Rows by trial and comparison: those that count first, randomised first, large first."""
    groups = grouped(rows, lambda d: (d.trial, d.comparison))
    sized = [(g, max((d.n for d in g if d.n is not None),
                     default=ev.studies[g[0].trial]["n_enrolled"])) for g in groups.values()]
    sized.sort(key=lambda s: (bool(s[0][0].not_counted), s[0][0].design != "rct", -(s[1] or 0),
                              s[0][0].trial))
    return tuple(_row(ev, forests, families, *group) for group in sized)


def _row(ev: Evidence, forests: Forests, families: Iterable[str], group: Sequence[Direction],
         n: float | None) -> Row:
    data, first = ev.data, group[0]
    size = "unknown" if n is None else "small" if n < SMALL else "large" if n > LARGE else "medium"
    return Row(
        forests.names[first.trial], forests.addresses.trial(ev.indication, first.trial),
        label(data, "comparison_class", first.comparison), stated(data, "design", first.design),
        stated(data, "blinding", first.blinding), _message(first.not_counted, forests.names), n,
        size, stated(data, "stated_result", ev.studies[first.trial]["stated_result"]),
        tuple(_mark([d for d in group if d.family == family]) for family in families))


def _mark(rows: Sequence[Direction]) -> Mark | None:
    """The mark of one trial in one family."""
    if not rows:
        return None
    direction, alike, known = within(rows)
    stated = [d for d in rows if d.direction]
    return Mark(direction, any(d.basis in (COMPUTED, POINTS) for d in stated),
                tuple(sorted({d.months for d in stated if d.months is not None})), alike, known,
                len(rows))


def _votes(data: Dataset, vote: Mapping) -> Votes:
    share, low, high = (None if vote[k] is None else 100 * vote[k]
                        for k in ("share", "ci_low", "ci_high"))
    return Votes(label(data, "family", vote["family"]), vote["scope"] == "isolating",
                 vote[INTERVENTION], vote[COMPARATOR], vote[MIXED], vote[SAME],
                 vote["not-stated"], share, low, high,
                 vote["p"])


def _outcome(ev: Evidence, forests: Forests, d: Direction) -> Outcome:
    data, names = ev.data, forests.names
    return Outcome(
        names[d.study], forests.addresses.trial(ev.indication, d.study),
        label(data, "comparison_class", d.comparison), label(data, "outcome", d.outcome),
        d.direction, d.basis, _message(d.why_unknown, names), d.months, d.visits, d.n, d.p,
        d.p_sign,
        stated(data, "quality", d.quality), tuple(_printed(ev, forests, r) for r in d.readings),
        spoken("; ".join(wrong for _, wrong in odd_values(ev, d)), names),
        _message(d.not_counted, names))


def _printed(ev: Evidence, forests: Forests, r: Reading) -> Printed:
    kind = ev.sources[r.source_id]["kind"]
    return Printed(
        forests.arms.get((r.study_id, r.arm_id), ""), tuple((k, str(v)) for k, v in r.printed),
        f"{ev.indication}/{r.table}.csv", r.row,
        label(ev.data, "source_kind", kind) if kind in DOUBTFUL_SOURCES else None)
