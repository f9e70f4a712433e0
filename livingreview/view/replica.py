"""A published pooled result, recomputed, and the rules that lead from it to ours."""

from __future__ import annotations

from collections.abc import Mapping

from ..effects import Evidence
from ..review.steps import steps
from .base import Label, Struct, View, label, stated
from .finding import Estimate, Finding, estimate_of
from .forest import Forest, Forests


class Step(Struct):
    """An estimate on the way."""

    # rule, of: what has changed since the step before, and the estimator or quality that it is
    # about
    rule: str
    of: str
    estimate: Estimate | None
    trials: tuple[tuple[str, str], ...]


class Printed(Struct):
    """What the text read of a published review prints."""

    kind: Label
    title: str
    outcome: Label
    estimate: float
    scale: float | None  # the end of its scale; None where it does not name one
    favours: Label | None


class Replica(View, template="replica"):
    """Their estimate, recomputed, beside ours, and the way between them."""

    theirs: Finding
    ours: Finding
    note: str
    rescaled: bool  # whether their estimate is in points of 100
    printed: tuple[Printed, ...]
    steps: tuple[Step, ...]
    forest: Forest | None  # of their estimate; None where one of the two cannot be computed


def replica(ev: Evidence, forests: Forests, theirs: dict, ours: dict, published: str) -> Replica:
    """Their estimate, recomputed, beside ours, and the way between them.

    Parameters
    ----------
    ev : Evidence
    forests : Forests
        Of the indication.
    theirs, ours : dict
        Analyses of ``results.json`` that ask the same.
    published : str
        The review whose result is recomputed.
    """
    both = theirs["pooled"] is not None and ours["pooled"] is not None
    return Replica(
        theirs=forests.findings.of(theirs), ours=forests.findings.of(ours), note=theirs["note"],
        rescaled=bool(theirs["question"]["rescaled_0_100"]), printed=printed(ev, published),
        steps=tuple(_step(forests, s) for s in steps(ev, theirs["id"], ours["id"])) if both else (),
        forest=forests.of(theirs) if both else None)


def _step(forests: Forests, step: Mapping) -> Step:
    return Step(step["rule"], step["of"], estimate_of(step),
                tuple(map(forests.findings.trial, step["trials"])))


def printed(ev: Evidence, published: str) -> tuple[Printed, ...]:
    """What the text read of a published review prints.

    Parameters
    ----------
    ev : Evidence
    published : str
        Identifier of the review.
    """
    data = ev.data
    return tuple(
        Printed(label(data, "source_kind", ev.sources[r["source_id"]]["kind"]),
                ev.sources[r["source_id"]]["title"] or "", label(data, "outcome", r["outcome"]),
                abs(r["estimate"]), r["scale_max"],
                stated(data, "favours", r["favours"]))
        for r in data.records("published_syntheses", ev.indication)
        if r["review_id"] == published and r["estimate"] is not None)
