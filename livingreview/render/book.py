"""The pages about the whole book, as cells return them."""

from __future__ import annotations

from functools import cached_property

from ..data.dataset import load
from ..review import Review
from ..view.evidence_map import evidence_map
from ..view.landing import landing
from ..view.others import others, overlap
from .shown import Shown


class Pages:
    """Pages about all indications of a data folder.

    Parameters
    ----------
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> Pages().landing()  # doctest: +SKIP
    """

    def __init__(self, data=None):
        self._folder = data

    @cached_property
    def review(self) -> Review:
        """The results, computed only where a page needs them."""
        return Review.by_need(load(self._folder or None))

    def landing(self) -> Shown:
        """What is known of each indication, the evidence map, and where to go from there."""
        return Shown(landing(self.review))

    def evidence_map(self) -> Shown:
        """What is known of which outcome in which indication, as a picture and as a table."""
        return Shown(evidence_map(self.review))

    def others(self) -> Shown:
        """The pooled results of others in people, indication by indication, beside ours."""
        return Shown(others(self.review))

    def overlap(self) -> Shown:
        """Which trials of ours published reviews include, as far as the data know it."""
        return Shown(overlap(self.review))
