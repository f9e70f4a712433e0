"""What is known besides trials in people, of the whole book or of a chapter."""

from __future__ import annotations

from collections.abc import Sequence

from ..review import Review
from ..view import animals, mechanisms
from .shown import shows


class Preclinical:
    """Animal experiments, and mechanisms that the seed reviews name."""

    review: Review
    only: Sequence[str] | None = None  # indications; all where it is None

    @property
    def _indications(self) -> Sequence[str]:
        return self.review.data.indications if self.only is None else self.only

    animal_counts = shows(animals.animal_counts, "review", "_indications")
    animal_effects = shows(animals.animal_effects, "review", "_indications")
    animal_signals = shows(animals.animal_signals, "review", "_indications")
    animal_experiments = shows(animals.animal_experiments, "review", "_indications")
    mechanism_counts = shows(mechanisms.mechanism_counts, "review", "only")
    mechanism_pictures = shows(mechanisms.mechanism_pictures, "review", "only")
    mechanisms = shows(mechanisms.mechanisms, "review", "only")
