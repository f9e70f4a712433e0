"""Risk of bias of the studies of a chapter: what others judged, and what the data signal."""

from __future__ import annotations

from ..effects import Evidence
from ..review.certainty import judged_low
from .base import Label, Struct, View, label, stated
from .directory import Directory
from .sources import Link, Source, registration, source


class Signals(Struct):
    """What the data hold of a study that bears on its risk of bias."""

    study: tuple[str, str]  # name and address
    randomised: bool
    blinding: Label | None
    registrations: tuple[Link, ...]
    n: int | None
    # the weakest kind of value that an analysis uses; None where only a check uses one
    weakest: Label | None
    low: bool  # whether a named review judged it at low risk


class Judgement(Struct):
    """What a named review judged of one domain."""

    study: tuple[str, str]
    tool: Label
    domain: str
    judgement: str
    source: Source | None


class RiskOfBias(View, template="risk_of_bias"):
    """Published judgements, and the signals that the data hold."""

    indication: str
    signals: tuple[Signals, ...]  # of the studies in the analyses
    judged: int  # of these, judged by a named review
    judgements: tuple[Judgement, ...]


def risk_of_bias(ev: Evidence, results: list[dict]) -> RiskOfBias:
    """Published judgements, and the signals that the data hold.

    Parameters
    ----------
    ev : Evidence
    results : list of dict
        Analyses of the indication.
    """
    data, directory = ev.data, Directory(ev.data)
    rows = data.records("risk_of_bias", ev.indication)
    # A grade of the design, such as a level of evidence, is no judgement of bias.
    judged = {r["study_id"] for r in rows if data.kind("tool", r["tool"]) != "design-grade"}
    used = sorted({s["trial_id"] for r in results for s in r["studies"]})
    return RiskOfBias(
        ev.indication, tuple(_signals(ev, directory, results, t) for t in used),
        len(judged.intersection(used)), tuple(Judgement(
            directory.of(ev.indication, r["study_id"]), label(data, "tool", r["tool"]), r["domain"],
            r["judgement"], source(data, ev.sources.get(r["source_id"] or ""))) for r in rows))


def _signals(ev: Evidence, directory: Directory, results: list[dict], trial: str) -> Signals:
    study, order = ev.studies[trial], list(ev.data.words("quality"))
    used = {s["quality"] for r in results for s in r["studies"]
            if s["trial_id"] == trial and r["role"] != "check"}
    return Signals(
        directory.of(ev.indication, trial), study["design"] == "rct",
        stated(ev.data, "blinding", study["blinding"]),
        tuple(map(registration, study["registration"])), study["n_enrolled"],
        label(ev.data, "quality", max(used, key=order.index)) if used else None,
        judged_low(ev, trial))
