"""The ledger of claims: what each claim cites, what that is, and what was judged of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..data.notices import by_study, flaw
from ..data.seeds import basis_record

# Verdicts that no row states: what a claim has until somebody judges it, and by rule.
NOT_YET_JUDGED, NOT_CHECKABLE = "not-yet-judged", "not-checkable"
_ONLY = {  # kinds of evidence of which a claim may cite nothing else
    frozenset({"animal"}): "animals-only",
    frozenset({"laboratory"}): "in-vitro-only",
    frozenset({"animal", "laboratory"}): "animals-and-in-vitro-only",
    frozenset({"secondary"}): "reviews-only",
    frozenset({"uncontrolled"}): "uncontrolled-only",
}


@dataclass(frozen=True)
class Cited:
    """A reference of a seed review, with the studies of the data that it is the report of.

    Attributes
    ----------
    row : mapping
        The row of ``references.csv``.
    studies : tuple of (str, mapping)
        Indication and row of each study that the review cites under this number.
    retracted : bool
    evidence : str
        What it counts as: controlled, uncontrolled, human, animal, laboratory, secondary,
        retracted; empty where its kind counts as none of these.
    """

    row: Mapping
    studies: tuple[tuple[str, Mapping], ...]
    retracted: bool
    evidence: str


@dataclass(frozen=True)
class Entry:
    """One claim of the ledger.

    Attributes
    ----------
    claim : mapping
        The row of ``claims.csv``.
    cited : tuple of Cited
    verdict : str
        A word of the vocabulary, or one of the two verdicts that no row states.
    judged : mapping or None
        The row of ``verdicts.csv``.
    bases : tuple of (str, mapping)
        Each basis of the verdict with the row that it names.
    """

    claim: Mapping
    cited: tuple[Cited, ...]
    verdict: str
    judged: Mapping | None
    bases: tuple[tuple[str, Mapping], ...]

    @property
    def rests_on(self) -> tuple[str, ...]:
        """What the claim cites, where that weakens it.

        ``retracted``, ``no-reference``, ``other-condition``, and the one kind of evidence that it
        cites: ``animals-only``, ``in-vitro-only``, ``animals-and-in-vitro-only``,
        ``reviews-only``, ``uncontrolled-only``.
        """
        only = _ONLY.get(frozenset(cited.evidence for cited in self.cited))
        found = {"retracted": any(c.retracted for c in self.cited),
                 "no-reference": not self.cited, only: only is not None,
                 "other-condition": any(other_condition(self.claim, c) for c in self.cited)}
        return tuple(key for key, holds in found.items() if holds)


def flawed(data: Dataset, indication: str, study: Mapping) -> str:
    """Whether a study was retracted or is under concern, by its status or an open notice.

    Returns
    -------
    str
        The word of the list status; empty where it is neither.
    """
    return flaw(study, by_study(data, indication).get(study["study_id"], ()))


def references(data: Dataset, review_id: str) -> dict[str, Cited]:
    """Every reference of a seed review by its number.

    Parameters
    ----------
    data : Dataset
    review_id : str

    Returns
    -------
    dict of str to Cited
    """
    return {row["ref_number"]: _cited(data, row)
            for row in data.having("references", "review_id", review_id)}


def cited_by(data: Dataset, row: Mapping) -> tuple[Cited, ...]:
    """The references that a row of a seed review, such as a claim, cites."""
    return tuple(_cited(data, found) for number in row["cited_refs"]
                 for found in data.having("references", "ref_number", number)
                 if found["review_id"] == row["review_id"])


def _cited(data: Dataset, row: Mapping) -> Cited:
    """A reference with the studies that its review cites under its number."""
    key = f"{row['review_id']}:{row['ref_number']}"
    found = tuple((indication, study) for indication in data.indications
                  for study in data.having("studies", "cited_by", key, indication))
    kind = data.kind("reference_kind", row["kind"])
    gone = kind == "retracted" or any(flawed(data, i, s) for i, s in found)
    designs = {data.kind("design", s["design"]) for _, s in found} - {""}
    evidence = designs.pop() if kind == "human" and len(designs) == 1 else kind
    return Cited(row, found, gone, evidence)


def other_condition(claim: Mapping, cited: Cited) -> bool:
    """Whether a reference is about other conditions than the claim that cites it."""
    own, about = claim["indication"], set(cited.row["indication"])
    return bool(own and own != "general" and about and not about & {own, "general"})


def ledger(data: Dataset, column: str = "", value: str = "") -> list[Entry]:
    """Claims of the seed reviews, in the order of the table.

    Parameters
    ----------
    data : Dataset
    column, value : str
        Only the claims with this value in this column, such as those of one indication; all where
        they are left out.

    Returns
    -------
    list of Entry
    """
    claims = data.having("claims", column, value) if column else data.records("claims")
    return [_entry(data, claim) for claim in claims]


def _entry(data: Dataset, claim: Mapping) -> Entry:
    refs = cited_by(data, claim)
    judged = next(iter(data.having("verdicts", "claim_id", claim["claim_id"])), None)
    if claim["checkable"] == "no":
        return Entry(claim, refs, NOT_CHECKABLE, None, ())
    if judged is None:
        return Entry(claim, refs, NOT_YET_JUDGED, None, ())
    bases = tuple((basis, basis_record(data, judged["basis_type"], basis))
                  for basis in judged["basis"])
    return Entry(claim, refs, judged["verdict"], judged, bases)
