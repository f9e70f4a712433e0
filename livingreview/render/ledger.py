"""The ledger of the claims and headline numbers of the seed reviews, as cells return it."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..review import Review
from ..view.ledger import Judged
from .shown import shows


class Ledger:
    """What the seed reviews said, and what became of it.

    Parameters
    ----------
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.claims()  # doctest: +SKIP
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def judged(self) -> Judged:
        """Claims and numbers; results are computed only where a verdict rests on one."""
        return Judged(Review.by_need(load(self._folder or None)))

    counts = shows(Judged.claim_counts, "judged")
    claims = shows(Judged.all_claims, "judged")
    number_counts = shows(Judged.number_counts, "judged")
    headline_numbers = shows(Judged.numbers, "judged")
