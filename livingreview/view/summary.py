"""The summary of findings of an indication as a table to take away, in GRADE's columns."""

from __future__ import annotations

from collections.abc import Mapping

from ..data.about import about
from ..data.dataset import Dataset
from ..data.versions import said
from ..review.windows import shown_first
from .base import Label, Struct, View, label, wording
from .certainty import Certainty, certainty
from .finding import Finding, Findings


class Controls(Struct):
    """Means of the control groups of an estimate."""

    # low, high: the least and the greatest, in the unit of the difference
    low: float
    high: float
    changes: bool  # whether they are changes from baseline


class SummaryRow(Struct):
    """One outcome."""

    finding: Finding
    randomised: bool  # whether the certainty begins as that of randomised trials
    # None where the outcome is no mean, or final values stand beside changes
    controls: Controls | None
    certainty: Certainty | None


class Summary(View, template="summary"):
    """The table."""

    indication: Label
    # book, date: title of the review, and the date of its data
    book: str
    date: str
    given: Label
    rows: tuple[SummaryRow, ...]  # outcomes in the order of the page


def summary(data: Dataset, findings: Findings, results: Mapping[str, dict]) -> Summary | None:
    """The summary of findings of an indication: what its page shows first.

    Parameters
    ----------
    data : Dataset
    findings : Findings
        Of the indication.
    results : mapping of str to dict
        Its analyses by identifier.

    Returns
    -------
    Summary or None
        None where the indication has no analysis.
    """
    asked = dict.fromkeys(s.analysis_id for s in shown_first(data, findings.indication, results))
    rows = tuple(_row(data, findings, results[a]) for a in asked if a in results)
    return Summary(label(data, "indication", findings.indication), about(data).get("title", ""),
                   said(data.version or ""), wording(data, "intervention"),
                   rows) if rows else None


def _row(data: Dataset, findings: Findings, result: dict) -> SummaryRow:
    rated = result["certainty"]
    return SummaryRow(
        findings.of(result),
        bool(rated) and "start-randomised" in rated["steps"][0]["rules"], _controls(result),
        certainty(data, result))


def _controls(result: dict) -> Controls | None:
    """The means of the control groups of all trials of a mean difference."""
    pooled = [s for s in result["studies"] if s["yi"] is not None]
    arms = [s["comparator"] for s in pooled]
    forms = {s["statistic"] for s in pooled}
    if result["question"]["measure"] != "MD" or len(forms) != 1 or not all(
            arm and arm["mean"] is not None for arm in arms):
        return None
    means = [arm["mean"] for arm in arms]
    return Controls(min(means), max(means), forms == {"change"})
