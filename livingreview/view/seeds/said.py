"""What a seed review says: its numbers, references, claims and conclusions, beside our results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...review.claims import ledger
from ..base import Label, Struct, View, grouped, label, stated
from ..finding import Finding
from ..ledger import Claims, Numbers, Reference
from ..others import Printed, printed, targets
from .seed import Seed


class References(View, template="seed_references"):
    """The references of a seed review."""

    name: str
    references: tuple[Reference, ...]


class Conclusions(View, template="seed_conclusions"):
    """What it concludes, and our main results for the same conditions."""

    id: str
    claims: Claims
    ours: tuple[Finding, ...]
    conditions: dict[str, Label]
    n_main: int  # main analyses of these conditions, with an estimate or without


class Beside(Struct):
    """A result of a reference, and our main analyses of the same outcome and visit."""

    outcome: Label
    months: float | None
    printed: tuple[Printed | None, ...]
    favours: Label | None
    ours: tuple[Finding, ...]


class OneReference(View, template="seed_reference"):
    """What one reference of a seed review supports."""

    name: str
    seed: str
    number: str
    title: str
    year: int | None
    note: str
    claims: tuple[tuple[str, str], ...]  # what the review says with it, and a remark
    results: tuple[Beside, ...]


def numbers(seed: Seed) -> Numbers:
    """The numbers that it states of its evidence, recomputed."""
    return seed.judged.numbers(seed.id)


def references(seed: Seed) -> References:
    """Its references with their kind, their status and what the data know of them."""
    return References(f"{seed.id}-references",
                      tuple(map(seed.judged.reference, seed.cited.values())))


def claims(seed: Seed) -> Claims:
    """Its claims with their verdicts."""
    return seed.judged.claims(f"claims-{seed.id}", "review",
                              ledger(seed.data, "review_id", seed.id))


def conclusions(seed: Seed) -> Conclusions:
    """What it concludes, with verdicts, and our main results of the same conditions."""
    found = [e for e in ledger(seed.data, "review_id", seed.id) if e.claim["conclusion"]]
    main = [r for i in seed.row["indications"] for r in seed.review.analyses(i, role="main")]
    return Conclusions(
        seed.id, seed.judged.claims(f"{seed.id}-conclusions", "review", found),
        tuple(seed.judged.findings(r["indication"]).of(r) for r in main if r["pooled"]),
        {i: label(seed.data, "indication", i) for i in seed.row["indications"]}, len(main))


def reference(seed: Seed, indication: str, number: str) -> OneReference:
    """What one reference says, what the review makes of it, and our estimates.

    Raises
    ------
    LookupError
        The review has no such reference.
    """
    if number not in seed.cited:
        raise LookupError(f"references.csv has no row {seed.id}, {number}")
    row = seed.cited[number].row
    found = grouped((r for r in seed.data.records("published_syntheses", indication)
                     if r["doi"] and r["doi"] == row["doi"]),
                    lambda r: (r["outcome"], r["timepoint_months"]))
    return OneReference(
        f"reference-{seed.id}-{number}", seed.name, number, row["title"] or "", row["year"],
        row["note"] or "", tuple((c["claim_en"], (c["note"] or "").rstrip("."))
                                 for c in seed.own("claims") if number in c["cited_refs"]),
        tuple(_beside(seed, indication, *asked, rows) for asked, rows in found.items()))


def _beside(seed: Seed, indication: str, outcome: str, months: float | None,
            rows: Sequence[Mapping]) -> Beside:
    asked, favours = targets(seed.data, outcome), rows[0]["favours"]
    findings = seed.judged.findings(indication)
    return Beside(
        label(seed.data, "outcome", outcome), months, tuple(map(printed, rows)),
        stated(seed.data, "favours", favours),
        tuple(findings.of(r) for r in seed.review.analyses(indication, role="main")
              if r["question"]["target"] in asked and _at(r["question"], months)))


def _at(question: Mapping, months: float | None) -> bool:
    """Whether an analysis asks for a visit, None being all."""
    low, high = question["window_from"], question["window_to"]
    return months is None or low is None and high is None or (
        months > (low or 0) and months <= (high or months))
