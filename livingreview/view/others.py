"""Pooled results that others published, beside ours, and ours in one table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from ..data.dataset import Dataset
from ..effects.comparisons import UNCONTROLLED
from ..review import Review
from ..review.counted import trials
from .addresses import Addresses
from .base import Label, Struct, View, label, stated
from .finding import Finding, Findings
from .naming import review_names, spoken
from .sources import Link, Source, source

PLACEBO = "placebo"  # the class of comparison that a review is most often asked for
DIFFERENCES, RATIOS = ("MD", "SMD"), ("OR", "RR", "HR")
WITHOUT_COMPARISON = ("mean-change", "proportion")
_LOPSIDED, _EVEN = 1.5, 1.1  # arms of an interval whose lengths differ, or do not


class Printed(Struct):
    """A published estimate; as many decimals as it is printed with, two at least."""

    value: float
    low: float | None
    high: float | None
    decimals: int


class Caution(Struct):
    """What the numbers of a published result warn of."""

    # ``negative-ratio``, ``lies-as-ratio``, ``lopsided``, ``other-negative``, ``of-a-score``,
    # ``above-one``, ``above-zero`` or ``whole-review``
    kind: str
    side: Label | None = None  # which side an estimate above one or zero favours


class Result(Struct):
    """A published result beside ours."""

    review: str
    source: Source | None
    outcome: Label
    population: str
    comparison: str
    months: float | None
    measure: Label | None
    printed: Printed | None
    favours: Label | None
    # k, n: None where they are of the whole review
    k: float | None
    n: float | None
    ours: Finding | None  # of the same outcome, visit and kind of comparison
    cautions: tuple[Caution, ...]
    note: str


class Published(View, template="published"):
    """The published results of an indication, in a table of this name."""

    name: str
    indication: Label
    results: tuple[Result, ...]


class Others(View, template="others"):
    """The published results of every indication, in people or in animals."""

    indications: tuple[Published, ...]


class Shared(Struct):
    """Trials that a review surely includes; `both` are those in an analysis of ours."""

    review: str
    indication: Label
    k: int
    both: tuple[Link, ...]


class Overlap(View, template="overlap"):
    """Which trials reviews include, and the reviews of which none is known."""

    rows: tuple[Shared, ...]
    unknown: tuple[tuple[str, Label], ...]


class Ours(View, template="ours"):
    """Estimates of ours in a table of this name."""

    name: str
    findings: tuple[Finding, ...]


def printed(row: Mapping) -> Printed | None:
    """A published estimate; None where the text read has no number."""
    if row["estimate"] is None:
        return None
    values = [row[c] for c in ("estimate", "ci_low", "ci_high")]
    return Printed(*values, max(2, *(
        len(f"{v:.10g}".partition(".")[2]) for v in values if v is not None)))


def _inside(result: dict, months: float | None) -> bool:
    """Whether a visit is in the window of an analysis; any visit is in one without a window."""
    low, high = result["question"]["window_from"], result["question"]["window_to"]
    if low is None and high is None:
        return True
    return months is not None and months > (low or 0) and (high is None or months <= high)


def _of_its_patients(data: Dataset, result: dict, population: str | None) -> bool:
    """Whether an analysis of some conditions or products alone is about a review's patients."""
    asked = result["question"]
    named = [data.label("condition", c).lower() in (population or "").lower()
             for c in asked["condition"]]
    return not asked["products"] and (not named or any(named))


def targets(data: Dataset, outcome: str) -> set[str]:
    """An outcome and the families that it is of."""
    return {outcome, *(h["family"] for h in data.records("hierarchy")
                       if h["outcome"] == outcome)}


def ours_for(review: Review, indication: str, row: Mapping) -> dict | None:
    """Our result of the same outcome, visit and kind of comparison; None where there is none.

    Against placebo where the review says so; else against any control, else our main comparison.
    A review of treated patients alone is read beside our own of that kind only, and an analysis of
    one condition beside reviews that name it. A number without its measure is beside none.
    """
    if row["unit"] == "animal" or row["measure"] is None:
        return None
    data, alone = review.data, row["measure"] in WITHOUT_COMPARISON
    asked = targets(data, row["outcome"])
    found = [r for r in review.analyses(indication)
             if r["pooled"] and r["role"] != "check" and _inside(r, row["timepoint_months"])
             and (r["question"]["comparison"] == UNCONTROLLED) == alone
             and _of_its_patients(data, r, row["population"])
             and r["question"]["target"] in asked]
    placebo = re.sub(r"\s*\(.*\)$", "", data.label("analysis_comparison", PLACEBO)).lower()
    if not alone and placebo in (row["comparison"] or "").lower():
        found = [r for r in found if r["question"]["comparison"] == PLACEBO]
    return min(found, default=None, key=lambda r: (
        r["question"]["comparison"] != "any", r["role"] != "main", -r["k"]))


def _lopsided(value: float, low: float | None, high: float | None) -> str:
    """What the interval of a difference warns of; empty where its arms are alike."""
    if low is None or high is None or not low < value < high:
        return ""
    plain = (high - value) / (value - low)
    if max(plain, 1 / plain) <= _LOPSIDED:
        return ""
    if low > 0:
        logs = math.log(high / value) / math.log(value / low)
        if max(logs, 1 / logs) < _EVEN:
            return "lies-as-ratio"
    return "lopsided"


def _better(data: Dataset, indication: str, outcome: str) -> str | None:
    """Which way an outcome is better, by the instruments of the indication or of another."""
    known = [i for i in data.records("instruments") if i["outcome"] == outcome]
    return min(known, key=lambda i: i["indication"] not in (None, indication),
               default={"direction": None})["direction"]


def cautions(data: Dataset, indication: str, row: Mapping) -> tuple[Caution, ...]:
    """What the numbers of a published result warn of."""
    value = row["estimate"]
    if value is None:
        return ()
    ratio, treated = row["measure"] in RATIOS, row["favours"] == "intervention"
    way = _better(data, indication, row["outcome"])
    found = {
        "negative-ratio": ratio and value < 0,
        _lopsided(value, row["ci_low"], row["ci_high"]): row["measure"] in DIFFERENCES,
        "other-negative": ratio and value > 0 and any(
            r["review_id"] == row["review_id"] and r["measure"] == row["measure"]
            and (r["estimate"] or 0) < 0
            for r in data.records("published_syntheses", indication)),
        "of-a-score": ratio and way in ("lower", "higher"),
        "above-one": treated and ratio and value > 1 and way == "fewer-events-better",
        "above-zero": treated and not ratio and value > 0 and way == "lower",
        "whole-review": row["k_scope"] == "review"}
    return tuple(Caution(kind, label(data, "favours", row["favours"])
                         if kind.startswith("above") else None)
                 for kind, holds in found.items() if kind and holds)


def published(review: Review, findings: Findings, unit: str | None = None) -> Published:
    """The published results of an indication.

    Parameters
    ----------
    review : Review
    findings : Findings
        Of the indication.
    unit : str, optional
        Only results that pool these: ``animal``; empty is people. All where left out.
    """
    data, indication = review.data, findings.indication
    names = review_names(data, indication)
    return Published(
        "-".join(filter(None, (indication, "published", unit))),
        label(data, "indication", indication),
        tuple(_result(review, findings, names, row)
              for row in data.records("published_syntheses", indication)
              if unit is None or (row["unit"] or "") == unit))


def _result(review: Review, findings: Findings, names: Mapping[str, str], row: Mapping) -> Result:
    data, indication = review.data, findings.indication
    ours, scope = ours_for(review, indication, row), row["k_scope"] == "result"
    text = review.evidence[indication].sources.get(row["source_id"])
    return Result(
        names[row["review_id"]], source(data, text), label(data, "outcome", row["outcome"]),
        row["population"] or "", row["comparison"] or "", row["timepoint_months"],
        stated(data, "measure", row["measure"]), printed(row),
        stated(data, "favours", row["favours"]),
        row["k"] if scope else None, row["n"] if scope else None,
        findings.of(ours) if ours else None, cautions(data, indication, row),
        spoken(row["note"], names))


def others(review: Review, unit: str = "") -> Others:
    """The published results of every indication, each beside ours.

    Parameters
    ----------
    review : Review
    unit : str
        What they pool: people where it is empty; of ``animal`` only indications that have any.
    """
    data = review.data
    addresses = Addresses(data)
    found = (published(review, Findings(data, i, addresses), unit) for i in data.indications)
    return Others(tuple(p for p in found if p.results or not unit))


def shared_trials(review: Review, indication: str, row: Mapping) -> set[str]:
    """Trials of which a value was read in the very review, so that it surely includes them."""
    ev = review.evidence[indication]
    texts = {s for s, source in ev.sources.items() if row["doi"] and source["doi"] == row["doi"]}
    found = {study for study, row in ev.studies.items() if row["source_id"] in texts}
    for name in ("arms", "outcomes", "contrasts", "adverse_events", "risk_of_bias"):
        found |= {r["study_id"] for r in review.data.records(name, indication)
                  if r["source_id"] in texts}
    return {ev.trial_of(study) for study in found}


def overlap(review: Review) -> Overlap:
    """Which trials of ours each review surely includes, as far as the data know it."""
    data, rows, unknown = review.data, [], []
    addresses = Addresses(data)
    for i in data.indications:
        findings, names = Findings(data, i, addresses), review_names(data, i)
        known, said = set(trials(review.evidence[i])), label(data, "indication", i)
        pooled = {s["trial_id"] for r in review.analyses(i) for s in r["studies"]}
        for review_id, row in {r["review_id"]: r for r in data.records("published_syntheses", i)
                               if r["unit"] is None}.items():
            found = shared_trials(review, i, row) & known
            if not found:
                unknown.append((names[review_id], said))
                continue
            rows.append(Shared(names[review_id], said, len(found), tuple(
                Link(findings.names[t], addresses.trial(i, t))
                for t in sorted(found & pooled))))
    return Overlap(tuple(rows), tuple(unknown))


def ours(findings: Findings, results: Iterable[dict], name: str) -> Ours:
    """Our estimates of two trials or more, to read beside the published ones.

    Parameters
    ----------
    findings : Findings
    results : iterable of dict
        Analyses of ``results.json``.
    name : str
        Of the table.
    """
    return Ours(name, tuple(findings.of(r) for r in results if r["pooled"] and r["k"] > 1))
