"""The page of a seed review, as its cells return it."""

from __future__ import annotations

from functools import cached_property

from ..view.seeds import about, cited, said, tabulated
from ..view.seeds.seed import Seed
from .ledger import Ledger
from .shown import Shown


class SeedReview:
    """One seed review, ready to be shown.

    Parameters
    ----------
    review_id : str
        Its row in ``seed-reviews/reviews.csv``.
    data : path, optional
        Another data folder.

    Examples
    --------
    >>> review = SeedReview("made-up-review")  # the name of a seed review
    >>> review.about()  # doctest: +SKIP
    """

    def __init__(self, review_id: str, data=None):
        self.review_id = review_id
        self.ledger = Ledger(data)

    @cached_property
    def seed(self) -> Seed:
        """The review; LookupError where there is none."""
        return Seed(self.ledger.judged, self.review_id)

    def about(self) -> Shown:
        """Title, authors, journal, kind and the conditions that it covers."""
        return Shown(about.about(self.seed))

    def method(self) -> Shown:
        """What it states of its search, its selection and its appraisal."""
        return Shown(about.method(self.seed))

    def inconsistencies(self) -> Shown:
        """Where the review contradicts itself or what it cites."""
        return Shown(about.inconsistencies(self.seed))

    def studies(self) -> Shown:
        """The studies of the data that it cites, with what the data know of them."""
        return Shown(cited.studies(self.seed))

    def mechanisms(self) -> Shown:
        """Its mechanisms, each with the kinds of evidence that it cites for them."""
        return Shown(tabulated.mechanisms(self.seed))

    def validation(self) -> Shown:
        """Its table of studies that are said to validate the treatment, beside the data."""
        return Shown(tabulated.validation(self.seed))

    def numbers(self) -> Shown:
        """The numbers that it states of its evidence, recomputed."""
        return Shown(said.numbers(self.seed))

    def references(self) -> Shown:
        """Its references with their kind, their status and what the data know of them."""
        return Shown(said.references(self.seed))

    def claims(self) -> Shown:
        """Its claims with their verdicts."""
        return Shown(said.claims(self.seed))

    def conclusions(self) -> Shown:
        """What it concludes, with verdicts, and our main results of the same conditions."""
        return Shown(said.conclusions(self.seed))
