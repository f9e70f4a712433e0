"""The ledger of the claims and headline numbers of the seed reviews, as cells return it."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..review import Review
from ..view.ledger import Judged
from .shown import Shown


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

    def counts(self) -> Shown:
        """Claims by verdict and seed review."""
        return Shown(self.judged.claim_counts())

    def claims(self) -> Shown:
        """Every claim with what it cites, its verdict and what that rests on."""
        return Shown(self.judged.all_claims())

    def number_counts(self) -> Shown:
        """Headline numbers by what became of them, and seed review."""
        return Shown(self.judged.number_counts())

    def headline_numbers(self) -> Shown:
        """Stated numbers beside the recomputed ones."""
        return Shown(self.judged.numbers())
