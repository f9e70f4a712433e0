"""What is known besides trials in people, of the whole book or of a chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ..review import Review
from ..view import animals, mechanisms
from .shown import Shown


class Preclinical:
    """Animal experiments, and mechanisms that the seed reviews name.

    Attributes
    ----------
    review : Review
    only : sequence of str or None
        Indications; all where it is None.
    """

    review: Review
    only: Sequence[str] | None = None

    @property
    def _indications(self) -> Sequence[str]:
        return self.review.data.indications if self.only is None else self.only

    def animal_counts(self) -> Shown:
        """How many animal experiments there are, by species and indication."""
        return Shown(animals.animal_counts(self.review, self._indications))

    def animal_effects(self) -> Shown:
        """Effect size or direction of every outcome of an animal experiment."""
        return Shown(animals.animal_effects(self.review, self._indications))

    def animal_signals(self) -> Shown:
        """Signals of the conduct of animal experiments."""
        return Shown(animals.animal_signals(self.review, self._indications))

    def animal_experiments(self) -> Shown:
        """Every animal experiment with its model and product."""
        return Shown(animals.animal_experiments(self.review, self._indications))

    def mechanism_counts(self) -> Shown:
        """How many mechanisms rest on which kind of evidence at best."""
        return Shown(mechanisms.mechanism_counts(self.review, self.only))

    def mechanism_pictures(self) -> Shown:
        """What is given, what it acts through and what follows, as a picture by indication."""
        return Shown(mechanisms.mechanism_pictures(self.review, self.only))

    def mechanisms(self) -> Shown:
        """Every mechanism with its mediator, its effect, and what it cites."""
        return Shown(mechanisms.mechanisms(self.review, self.only))
