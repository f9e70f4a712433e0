"""What cannot be done, with every reason at once."""

from __future__ import annotations

from collections.abc import Iterable


class ProblemsError(Exception):
    """Something is refused.

    Attributes
    ----------
    problems : tuple
        Every reason; `str` has one a line.
    """

    def __init__(self, problems: Iterable[object]):
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
