"""What a study was, and its arms."""

from __future__ import annotations

from collections.abc import Mapping

from ..base import Label, Struct, label, labels
from ..expected import Expected, expected
from ..sources import Link, Source, doi, pubmed, registration
from .known import Known


class Stated(Struct):
    """A fact and the source that says so, where it is not that of the whole row."""

    said: Label
    source: Source | None = None


class Facts(Struct):
    """What a study was; what is not known is None or empty."""

    design: Label
    randomised: bool
    blinding: Label
    allocation: Label
    species: Label
    country: tuple[str, ...]
    population: str
    condition: Label
    n: int | None
    unit: Label
    patients: int | None
    months: float | None
    funding: Stated
    status: Stated
    progress: Label
    expected: Expected | None
    year: int | None
    journal: str
    registration: tuple[Link, ...]
    doi: Link | None
    pmid: Link | None
    cited_by: tuple[str, ...]
    source: Source
    accessed: str
    file: str
    row: int
    note: str


class TrialArm(Struct):
    """An arm of a study."""

    arm: str
    role: Label
    n: int | None
    patients: int | None
    given: tuple[Label, ...]  # source, product and provider, or the kind of control
    dose: float | None
    dose_per: Label
    administrations: int | None
    route: tuple[Label, ...]
    carrier: str
    besides: tuple[Label, ...]
    age: float | None
    age_sd: float | None
    women: int | None
    parts: tuple[str, ...]  # names of the arms of which this one is the union
    note: str


def facts(known: Known, study: Mapping) -> Facts:
    """What a study was."""
    words_of = {c: known.label(c, study[c]) for c in (
        "design", "blinding", "allocation", "species", "condition", "unit", "progress")}
    return Facts(
        **words_of, randomised=study["randomised"] == "yes",
        country=study["country"], population=known.said(study["population"],
                                                        study["study_id"]),
        n=study["n_enrolled"], patients=study["n_patients"], months=study["followup_months"],
        funding=Stated(known.label("funding", study["funding"]),
                       known.source(study["funding_source_id"])),
        status=Stated(known.label("status", study["status"]),
                      known.source(study["status_source_id"])),
        year=study["year"], journal=study["journal"] or "",
        registration=tuple(registration(r) for r in study["registration"]),
        expected=expected(known.data, study),
        doi=Link(study["doi"], doi(study["doi"])) if study["doi"] else None,
        pmid=Link(study["pmid"], pubmed(study["pmid"])) if study["pmid"] else None,
        cited_by=tuple(dict.fromkeys(known.seeds[c.split(":")[0]] for c in study["cited_by"]
                                     if c.split(":")[0] in known.seeds)),
        source=known.source(study["source_id"]),
        accessed=known.ev.sources[study["source_id"]]["accessed"],
        file=f"{known.indication}/studies.csv", row=study["row"],
        note=known.said(study["note"], study["study_id"]))


def arms(known: Known, study_id: str) -> tuple[TrialArm, ...]:
    """The arms of a study."""
    names = known.arms_of[study_id]
    return tuple(TrialArm(
        arm=names[arm["arm_id"]], role=label(known.data, "role", arm["role"]),
        n=arm["n_allocated"], patients=arm["n_patients"],
        given=tuple(label(known.data, v, arm[v]) for v in (
            "treatment_source", "treatment_product", "provider", "comparator_type")
            if arm[v] and arm[v] != "none"),
        dose=arm["dose"], dose_per=known.label("dose_per", arm["dose_per"]),
        administrations=arm["administrations"],
        route=tuple(label(known.data, "route", r) for r in arm["route"] if r != "none"),
        carrier=arm["carrier"] or "",
        besides=labels(known.data, "cointervention", arm["cointervention"]),
        age=arm["age_mean"], age_sd=arm["age_sd"], women=arm["female_n"],
        parts=tuple(names[a] for a in arm["combines"] if a in names),
        note=known.said(arm["note"], study_id))
        for arm in known.arms[study_id])
