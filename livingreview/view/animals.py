"""Every animal experiment: model, product, what was measured, and the signals of its conduct."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..data.dataset import Dataset
from ..effects import Evidence
from ..effects.comparisons import is_treated
from ..effects.messages import Message
from ..review import Review
from ..review.animals import NO_VALUES, AnimalEffect, effects, experiments, signals
from ..review.counted import ANIMAL
from ..review.directions import Direction, directions
from .base import Label, Struct, View, grouped, label, labels, wording
from .directory import Directory
from .finding import Estimate
from .message import message
from .sizes import Counted, counted
from .sources import Link


class AnimalCounts(View, template="animal_counts"):
    """How many experiments there are, by species and indication."""

    n: int
    species: tuple[Counted, ...]
    indications: tuple[Counted, ...]


class Given(Struct):
    """What an arm got, as far as it is stated: source, product and provider, dose, routes."""

    labels: tuple[Label, ...]
    dose: float | None
    routes: tuple[Label, ...]


class Experiment(Struct):
    """An animal experiment; `outcomes` are those with a row in the data."""

    study: Link
    indication: Label
    species: Label
    animal_model: str
    given: tuple[Given, ...]
    groups: tuple[str, ...]
    n: int | None
    outcomes: tuple[Label, ...]
    status: Label
    note: str


class AnimalExperiments(View, template="animal_experiments"):
    """Every experiment, with what the field calls a product, a dose, and none of both."""

    product: Label
    unit: Label
    nothing: Label
    rows: tuple[Experiment, ...]


class Basis(Struct):
    """How a direction is known (`review.directions.Direction.basis`), else a reason."""

    key: str
    why: Message | None = None


class Effect(Struct):
    """One outcome of one experiment."""

    study: Link
    indication: Label
    outcome: Label
    measure: Label
    estimate: Estimate | None  # above the null better with the treatment
    why: Message  # why there is no estimate
    # which way it points, as stated; empty where it was compared with no control
    directions: tuple[Label, ...]
    bases: tuple[Basis, ...]
    p: tuple[tuple[str, float], ...]  # p-values as printed: a sign, and the number


class AnimalEffects(View, template="animal_effects"):
    """Effect size where the rows give one, and the direction as stated, outcome by outcome."""

    given: Label
    rows: tuple[Effect, ...]


class Signals(Struct):
    """What the data hold on the conduct of an experiment."""

    study: Link
    indication: Label
    randomised: bool
    blinded: bool
    size: bool
    groups: bool


class AnimalSignals(View, template="animal_signals"):
    """Signals of conduct that the SYRCLE tool asks for, and how many judgements are published."""

    judged: int
    rows: tuple[Signals, ...]


def _every(review: Review, indications: Sequence[str]) -> Iterator[tuple[Evidence, str]]:
    for ev in (review.evidence[i] for i in indications):
        for study_id in experiments(ev):
            yield ev, study_id


def animal_counts(review: Review, indications: Sequence[str]) -> AnimalCounts:
    """How many experiments there are, by species and indication.

    Parameters
    ----------
    review : Review
    indications : sequence of str
        Those whose experiments are meant.
    """
    found = list(_every(review, indications))
    return AnimalCounts(
        len(found), counted(review.data, "species", (ev.studies[s]["species"] for ev, s in found)),
        counted(review.data, "indication", (ev.indication for ev, _ in found)))


def animal_experiments(review: Review, indications: Sequence[str]) -> AnimalExperiments:
    """Every experiment with its model, what was given, groups and remark (see `animal_counts`)."""
    data, directory = review.data, Directory(review.data)
    return AnimalExperiments(
        wording(data, "product"), wording(data, "dose-unit"), wording(data, "nothing-given"),
        tuple(_experiment(directory, ev, s) for ev, s in _every(review, indications)))


def _experiment(directory: Directory, ev: Evidence, study_id: str) -> Experiment:
    study, arms, data, i = ev.studies[study_id], ev.arms_of(study_id), ev.data, ev.indication
    measured = {r["outcome"] for a in arms for r in ev.outcomes.get((study_id, a["arm_id"]), ())}
    measured |= {r["outcome"] for r in ev.contrasts.get(study_id, ())}
    return Experiment(
        directory.study(i, study_id), label(data, "indication", i),
        label(data, "species", study["species"]), study["population"] or "",
        tuple(dict.fromkeys(_given(data, a) for a in arms if is_treated(a))),
        tuple(directory.arms(i)[study_id, a["arm_id"]] for a in arms), study["n_enrolled"],
        labels(data, "outcome", sorted(measured)),
        label(data, "status", study["status"]), directory.said(study["note"], i))


def _given(data: Dataset, arm) -> Given:
    return Given(tuple(dict.fromkeys(label(data, field, arm[field]) for field in (
        "treatment_source", "treatment_product", "provider") if arm[field] not in (None, "none"))),
        arm["dose"], labels(data, "route", arm["route"]))


def animal_effects(review: Review, indications: Sequence[str]) -> AnimalEffects:
    """Effect size or direction of every outcome (see `animal_counts`)."""
    directory, rows = Directory(review.data), []
    for ev in (review.evidence[i] for i in indications):
        sizes = {(e.study, e.outcome): e for e in effects(ev)}
        ways = grouped(directions(ev, frozenset({ANIMAL})), lambda d: (d.study, d.outcome))
        rows += [_effect(directory, ev, key, sizes.get(key), ways.get(key, []))
                 for key in dict.fromkeys([*sizes, *ways])]
    return AnimalEffects(wording(review.data, "intervention"), tuple(rows))


def _effect(directory: Directory, ev: Evidence, key: tuple[str, str], size: AnimalEffect | None,
            ways: list[Direction]) -> Effect:
    data, i, (study_id, outcome) = ev.data, ev.indication, key
    names = directory.names(i)
    bases = [Basis(d.basis) if d.basis else Basis("", message(d.why_unknown, names)) for d in ways]
    bases += [Basis("", message(d.not_counted, names)) for d in ways if d.not_counted]
    return Effect(
        directory.study(i, study_id), label(data, "indication", i), label(data, "outcome", outcome),
        label(data, "measure", size.measure if size else None),
        Estimate(*size.values, 1) if size and size.values else None,
        message(size.why if size else NO_VALUES, names),
        tuple(dict.fromkeys(label(data, "stated_result", d.direction) for d in ways)),
        tuple(b for j, b in enumerate(bases) if b not in bases[:j]),
        tuple(dict.fromkeys((d.p_sign, d.p) for d in ways if d.p is not None)))


def animal_signals(review: Review, indications: Sequence[str]) -> AnimalSignals:
    """Signals of conduct of every experiment (see `animal_counts`)."""
    data, directory = review.data, Directory(review.data)
    judged = sum(r["tool"] == "syrcle"
                 for i in indications for r in data.records("risk_of_bias", i))
    return AnimalSignals(judged, tuple(
        Signals(directory.study(ev.indication, s), label(data, "indication", ev.indication),
                **signals(ev, s)) for ev, s in _every(review, indications)))
