"""The claims of the seed reviews with their verdicts, and their headline numbers recomputed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from ..review import Review
from ..review.claims import NOT_CHECKABLE, NOT_YET_JUDGED, Cited, Entry, ledger, other_condition
from ..review.headlines import AGREES, DIFFERS, NO_ROW, NOT_RECOMPUTABLE, Headline, headlines
from .addresses import Addresses
from .base import Label, Struct, View, label, labels, stated
from .finding import Finding, Findings
from .naming import seed_names, spoken
from .sources import Link, doi

STATUSES = (AGREES, DIFFERS, NO_ROW, NOT_RECOMPUTABLE)
_BY_RULE = (NOT_YET_JUDGED, NOT_CHECKABLE)  # verdicts that the vocabulary does not have


class Study(Struct):
    """A study of the data, with its design."""

    link: Link
    design: Label


class Reference(Struct):
    """A reference of a seed review."""

    number: str
    list_href: str  # its place in the list of the review
    title: str
    href: str  # by its digital object identifier; empty without one
    kind: Label
    studies: tuple[Study, ...]  # studies of the data that it is a report of
    retracted: bool
    # year, note: of the list
    year: int | None
    note: str
    about: tuple[Label, ...] = ()  # its conditions, where the claim that cites it is about others


class Basis(Struct):
    """What a verdict rests on: one of an analysis, a study and a reference."""

    name: str  # as the verdict names it
    analysis: Link | None = None
    finding: Finding | None = None  # of the analysis, where it is one of the review at hand
    study: Study | None = None
    reference: Reference | None = None


class Verdict(Struct):
    """A verdict; without a label where no row states it, but a rule."""

    key: str
    label: Label | None


class Claim(Struct):
    """A claim of a seed review, what it cites, and what was judged of it."""

    id: str
    href: str
    review_id: str
    review: Link
    section: str
    indication: Label
    kind: Label
    en: str
    zh: str
    refs: tuple[str, ...]
    cited: tuple[Reference, ...]
    rests_on: tuple[str, ...]  # keys of :attr:`livingreview.review.claims.Entry.rests_on`
    note: str
    verdict: Verdict
    judged: bool  # whether somebody gave the verdict; `reason`, `bases` and `date` are then known
    reason: str
    bases: tuple[Basis, ...]
    date: str


class Count(Struct):
    """How many have one verdict or status, in all and by seed review; no key is all of them."""

    key: str
    label: Label | None
    n: int
    by_review: tuple[int, ...]


@dataclass(frozen=True)
class Counts(View):
    """Claims by verdict, or numbers by status, and by seed review."""

    reviews: tuple[tuple[str, str], ...]  # identifier and name
    rows: tuple[Count, ...]
    waiting: int = 0  # not yet judged


class ClaimCounts(Counts, template="claim_counts"):
    """Claims by verdict and seed review."""


class NumberCounts(Counts, template="number_counts"):
    """Headline numbers by status and seed review."""


class Claims(View, template="claims"):
    """Claims in a table."""

    name: str  # of the table
    of: str  # ``all``, ``review`` or ``indication``
    claims: tuple[Claim, ...]
    # how many have which verdict, those not yet judged first
    counted: tuple[tuple[Verdict, int], ...]
    ledger_href: str = Addresses.claim()


class Number(Struct):
    """A stated number and what the data say of it."""

    id: str
    review_id: str
    review: Link
    what: str
    scope: str
    stated: str
    unit: str
    status: str  # one of :data:`STATUSES`
    found: tuple[float, ...]
    difference: float | None
    why_not: Label | None  # why it cannot be recomputed
    known: tuple[int, int] | None  # studies with a value, of all that the rule asks for
    rule: str
    studies: tuple[Link, ...]
    rows_in: Link | None  # the file whose `lines` were counted
    lines: tuple[int, ...]


class Numbers(View, template="numbers"):
    """Headline numbers in a table, of all reviews (an empty identifier) or of one."""

    review_id: str
    numbers: tuple[Number, ...]


class Judged:
    """Claims and headline numbers of the seed reviews as views.

    Parameters
    ----------
    review : Review
        Of the indications whose analyses verdicts rest on.
    """

    def __init__(self, review: Review):
        self.review, self.data = review, review.data
        self.addresses = Addresses(self.data)
        self.findings = cache(lambda indication: Findings(self.data, indication, self.addresses))

    @cached_property
    def seeds(self) -> dict[str, Link]:
        """The pages of the seed reviews by their names."""
        return {r: Link(name, self.addresses.seed(r)) for r, name in seed_names(self.data).items()}

    def link(self, indication: str, study_id: str) -> Link:
        """A study by its name."""
        return Link(self.findings(indication).names[study_id],
                    self.addresses.trial(indication, study_id))

    def study(self, indication: str, row: Mapping) -> Study:
        """A study with its design."""
        return Study(self.link(indication, row["study_id"]),
                     label(self.data, "design", row["design"]))

    def reference(self, cited: Cited, claim: Mapping | None = None) -> Reference:
        """A reference with what the data know of it, as a claim cites it."""
        row = cited.row
        other = claim is not None and other_condition(claim, cited)
        return Reference(
            row["ref_number"], self.addresses.seed(row["review_id"], row["ref_number"]),
            row["title"] or "", doi(row["doi"]) if row["doi"] else "",
            label(self.data, "reference_kind", row["kind"]),
            tuple(self.study(*found) for found in cited.studies), cited.retracted,
            row["year"], row["note"] or "",
            labels(self.data, "seed_indication", row["indication"])
            if other else ())

    def verdict(self, key: str) -> Verdict:
        """A verdict with its label."""
        return Verdict(key, None if key in _BY_RULE else label(self.data, "verdict", key))

    def verdicts(self) -> list[Verdict]:
        """Every verdict there can be, that which nobody has given yet first."""
        return list(map(self.verdict, (NOT_YET_JUDGED, *self.data.words("verdict"),
                                       NOT_CHECKABLE)))

    def claim(self, entry: Entry) -> Claim:
        """A claim with its verdict."""
        c, judged = entry.claim, entry.judged
        return Claim(
            c["claim_id"], self.addresses.claim(c["claim_id"]), c["review_id"],
            self.seeds[c["review_id"]], c["section"] or "",
            label(self.data, "seed_indication", c["indication"]),
            label(self.data, "claim_kind", c["kind"]), c["claim_en"], c["claim_zh"] or "",
            tuple(c["cited_refs"]), tuple(self.reference(cited, c) for cited in entry.cited),
            entry.rests_on, self._spoken(entry, c["note"]), self.verdict(entry.verdict),
            judged is not None, self._spoken(entry, judged["reason"]) if judged else "",
            tuple(self._basis(entry, *basis) for basis in entry.bases),
            str(judged["date"]) if judged else "")

    def _spoken(self, entry: Entry, said: str | None) -> str:
        """A remark on a claim, with the names of the reviews and studies that it speaks of."""
        of = entry.claim["indication"]
        studies = [self.findings(of).names] if of in self.data.indications else []
        return spoken(said, {r: link.name for r, link in self.seeds.items()}, *studies)

    def _basis(self, entry: Entry, name: str, row: Mapping) -> Basis:
        """What a verdict rests on, as it is now."""
        kind = entry.judged["basis_type"]
        if kind == "analysis":
            known = row["indication"] in self.review.parts
            return Basis(name, Link(row["title"], self.addresses.figure(name)), self.findings(
                row["indication"]).of(self.review.analysis(name)) if known else None)
        if kind == "study":
            return Basis(name, study=self.study(name.partition(":")[0], row))
        return Basis(name, reference=self.reference(Cited(row, (), False, "")))

    # --- the parts of pages ---------------------------------------------------------------------

    def claims(self, name: str, of: str, entries: Sequence[Entry]) -> Claims:
        """Claims in a table.

        Parameters
        ----------
        name : str
            Of the table.
        of : {'all', 'review', 'indication'}
        entries : sequence of Entry
        """
        found = [e.verdict for e in entries]
        return Claims(name, of, tuple(map(self.claim, entries)), tuple(
            (v, found.count(v.key)) for v in self.verdicts() if v.key in found))

    def all_claims(self) -> Claims:
        """The whole ledger."""
        return self.claims("claims", "all", ledger(self.data))

    def claims_on(self, indication: str) -> Claims:
        """What is claimed about an indication."""
        return self.claims(f"{indication}-claims", "indication",
                           ledger(self.data, "indication", indication))

    def claim_counts(self) -> ClaimCounts:
        """Claims by verdict and seed review."""
        found = [(e.verdict, e.claim["review_id"]) for e in ledger(self.data)]
        open_claims = sum(verdict == NOT_YET_JUDGED for verdict, _ in found)
        shown = [v for v in self.verdicts() if open_claims or v.key != NOT_YET_JUDGED]
        rows = self._counts([(v.key, v.label) for v in shown], found)
        return ClaimCounts(self._names(), rows, open_claims)

    def numbers(self, review_id: str = "", indication: str = "") -> Numbers:
        """Headline numbers, of all or of one seed review or indication."""
        return Numbers(review_id, tuple(map(
            self.number, headlines(self.data, review_id, indication))))

    def number_counts(self) -> NumberCounts:
        """Headline numbers by status and seed review."""
        found = [(h.status, h.row["review_id"]) for h in headlines(self.data)]
        return NumberCounts(self._names(), self._counts([(s, None) for s in STATUSES], found))

    def number(self, headline: Headline) -> Number:
        """A headline number."""
        row, indication = headline.row, headline.row["indication"]
        # comparisons are derived: their rows are those of the treated arms
        file = f"{'arms' if row['table'] == 'comparisons' else row['table']}.csv"
        return Number(
            row["statement_id"], row["review_id"], self.seeds[row["review_id"]], row["what"],
            row["scope"] or "", row["value"] or "", row["unit"] or "", headline.status,
            headline.found, headline.difference,
            stated(self.data, "headline_why_not", row["why_not"]),
            headline.known, row["how_to_recompute"] or "",
            tuple(self.link(indication, s) for s in headline.studies),
            Link(file, f"data/{indication or 'seed-reviews'}/{file}") if headline.lines else None,
            headline.lines)

    def _names(self) -> tuple[tuple[str, str], ...]:
        return tuple((r, link.name) for r, link in self.seeds.items())

    def _counts(self, keys: Iterable[tuple[str, Label | None]],
                found: Sequence[tuple[str, str]]) -> tuple[Count, ...]:
        """How many have each key, and all of them in the last row."""
        return tuple(Count(key, said, len(of), tuple(of.count(r) for r in self.seeds))
                     for key, said in (*keys, ("", None))
                     for of in [[r for k, r in found if key in ("", k)]])
