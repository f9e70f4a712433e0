"""The page of a seed review, as its cells return it."""

from __future__ import annotations

from functools import cached_property

from ..view.seeds import about, cited, said, tabulated
from ..view.seeds.seed import Seed
from .ledger import Ledger
from .shown import shows


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

    method = shows(about.method, "seed")
    inconsistencies = shows(about.inconsistencies, "seed")
    about = shows(about.about, "seed")  # behind the others that the module of this name makes
    studies = shows(cited.studies, "seed")
    mechanisms = shows(tabulated.mechanisms, "seed")
    validation = shows(tabulated.validation, "seed")
    numbers = shows(said.numbers, "seed")
    references = shows(said.references, "seed")
    claims = shows(said.claims, "seed")
    conclusions = shows(said.conclusions, "seed")
