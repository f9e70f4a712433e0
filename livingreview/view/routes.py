"""How the treatment was given: studies by route and by stage at entry, with what each found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..data.dataset import Dataset
from ..effects import Effect, Evidence
from ..review import Review
from ..review.counted import ANIMAL
from ..review.harms import got_treatment
from ..review.pools import interval_of
from .addresses import Addresses
from .base import Label, Struct, View, label, stated, wording
from .conditions import effects_in
from .directory import Directory
from .finding import Estimate, Question, question
from .sources import Link


class Found(Struct):
    """What a study gives to an analysis."""

    analysis: Link  # its comparison stands in the design of the study and is left out of the name
    question: Question
    # patients with the event and all, treated first; empty where an estimate stands instead
    counts: tuple[tuple[float, float], ...]
    estimate: Estimate | None


class Given(Struct):
    """A study of people with what was given in it."""

    routes: tuple[Label, ...]
    condition: Label
    study: Link
    found: tuple[Found, ...]
    stated: Label  # what its report concludes
    design: Label
    n: int | None
    given: tuple[tuple[Label, ...], ...]  # sources, products and providers of its arms
    doses: tuple[tuple[float, Label | None], ...]  # with what one dose is for
    times: tuple[int, ...]


class ByRoute(View, template="by_route"):
    """Every study of people by route and stage at entry."""

    indication: str
    product: Label
    dose: Label
    rows: tuple[Given, ...]


def by_route(review: Review, ev: Evidence, analyses: Sequence[str]) -> ByRoute:
    """Every study of people by route and stage at entry, with its results in some analyses.

    Parameters
    ----------
    review : Review
    ev : Evidence
        Of the analyses' indication.
    analyses : sequence of str
        Controlled and uncontrolled analyses; studies that are not randomised are shown too.
    """
    directory, found = Directory(ev.data), _found(review, ev, analyses)
    routes, stages = [*ev.data.words("route")], [*ev.data.words("condition"), None]
    rows = []
    for study_id, study in ev.studies.items():
        arms = [a for a in ev.arms_of(study_id) if got_treatment(a) and not a["combines"]]
        if study["design"] == ANIMAL or study["companion_of"] or not arms:
            continue
        route = {r for a in arms for r in a["route"]}
        first = min(map(routes.index, route), default=len(routes))
        rows.append(((first, len(route), stages.index(study["condition"])),
                     _row(directory, ev, study_id, arms, found[study_id])))
    rows.sort(key=lambda row: row[0])
    return ByRoute(ev.indication, wording(ev.data, "product"), wording(ev.data, "dose"),
                   tuple(row for _, row in rows))


def _found(review: Review, ev: Evidence, analyses: Sequence[str]) -> dict[str, list[Found]]:
    """Results of every trial in the analyses."""
    out = defaultdict(list)
    for asked, result, effects in effects_in(review, ev, analyses):
        link = Link(result["title"].partition(",")[0], Addresses.figure(result["id"]))
        about = question(ev.data, result)
        for effect in effects:
            counts = _counts(effect) if asked.binary else ()
            out[effect.trial_id].append(Found(link, about, counts, None if counts else Estimate(
                *interval_of(asked.measure, effect), 1)))
    return out


def _counts(effect: Effect) -> tuple[tuple[float, float], ...]:
    """Patients with the event and all, in each arm of which they are known."""
    arms = (effect.intervention, effect.comparator) if effect.intervention is not None else ()
    return tuple((a.events, a.n) for a in arms if a is not None)


def _labels(ev: Evidence, vocabulary: str, values: Sequence) -> tuple[Label, ...]:
    return tuple(label(ev.data, vocabulary, v) for v in dict.fromkeys(values) if v)


def doses(data: Dataset, arms: Iterable[Mapping]) -> tuple[tuple[float, Label | None], ...]:
    """Doses of arms: the amount of one administration, and what it is for.

    Parameters
    ----------
    data : Dataset
    arms : iterable of mapping
        Rows of ``arms.csv``.
    """
    found = {(a["dose"], a["dose_per"] or "") for a in arms if a["dose"]}
    return tuple((dose, stated(data, "dose_per", per)) for dose, per in sorted(found))


def _row(directory: Directory, ev: Evidence, study_id: str, arms: Sequence[Mapping],
         found: list[Found]) -> Given:
    study, data = ev.studies[study_id], ev.data
    given = (_labels(ev, column, [a[column] for a in arms])
             for column in ("treatment_source", "treatment_product", "provider"))
    return Given(
        _labels(ev, "route", [r for a in arms for r in a["route"]]),
        label(data, "condition", study["condition"]), directory.study(ev.indication, study_id),
        tuple(found), label(data, "stated_result", study["stated_result"]),
        label(data, "design", study["design"]), study["n_enrolled"], tuple(filter(None, given)),
        doses(data, arms),
        tuple(sorted({a["administrations"] for a in arms if a["administrations"]})))
