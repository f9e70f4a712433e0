"""Pooled ratios of adverse events in the trials of every indication."""

from __future__ import annotations

from ..review import Review
from .addresses import Addresses
from .base import Label, Struct, View, label, wording
from .finding import Finding, Findings


class Ratio(Struct):
    """The ratio of one event in one indication."""

    indication: Label
    finding: Finding


class HarmRatios(View, template="harm_ratios"):
    """Patients with an event, treated against a control."""

    given: Label
    rows: tuple[Ratio, ...]


def harm_ratios(review: Review) -> HarmRatios:
    """The analyses of harms that have a trial with a comparison, indication by indication."""
    data, addresses, rows = review.data, Addresses(review.data), []
    for i in data.indications:
        findings = Findings(data, i, addresses)
        rows += [Ratio(label(data, "indication", i), f)
                 for f in (findings.of(r) for r in review.analyses(i, section="harms")
                           if r["studies"]) if not f.question.uncontrolled]
    return HarmRatios(wording(data, "intervention"), tuple(rows))
