"""A seed review: its row, its references, and the words of its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ...review.claims import Cited, references
from ..base import Label, Struct, wording
from ..ledger import Judged


class Words(Struct):
    """What the review calls things of its field."""

    product: Label
    provider: Label
    dose: Label
    given: Label
    mediator: Label
    intervention: Label
    nothing: Label


class Seed:
    """One seed review, of which the other modules make views.

    Raises
    ------
    LookupError
        There is no such review.
    """

    def __init__(self, judged: Judged, review_id: str):
        self.judged, self.review, self.data = judged, judged.review, judged.data
        self.id = review_id
        found = [r for r in self.data.records("reviews") if r["review_id"] == review_id]
        if not found:
            raise LookupError(f"reviews.csv has no row {review_id!r}")
        self.row, self.name = found[0], judged.seeds[review_id].name
        self.words = Words(*(wording(self.data, key) for key in (
            "product", "provider", "per-dose", "given", "mediator", "intervention",
            "nothing-given")))

    @cached_property
    def cited(self) -> dict[str, Cited]:
        """Its references by number, in the order of its list."""
        return references(self.data, self.id)

    def own(self, table: str) -> Sequence[Mapping]:
        """The rows of a table that are of this review."""
        return self.data.having(table, "review_id", self.id)
