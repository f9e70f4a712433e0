"""What a data table cannot say of itself: rules across cells, rows and tables.

Errors are values that cannot be true; warnings are values that an editor should look at, and are
listed on the data-quality page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .. import doubts, seeds
from ..dataset import Dataset, Problem
from . import analyses, arms, notices, rows, studies, visits, whole

OF_AN_INDICATION: tuple[Callable[[Dataset, str], Iterator[Problem]], ...] = (
    *rows.RULES, *arms.RULES, *visits.RULES, *studies.RULES, *notices.RULES, *analyses.RULES,
    doubts.problems,
)
OF_THE_WHOLE: tuple[Callable[[Dataset], Iterator[Problem]], ...] = (
    *whole.RULES, studies.registration_differs, seeds.problems,
)


def counted(problems: Iterable[Problem], level: str) -> str:
    """How many problems there are, those that are not listed one by one included."""
    total = sum(1 + problem.more for problem in problems)
    return f"{total} {level if total == 1 else level + 's'}"


def run(data: Dataset) -> Iterator[Problem]:
    """Every rule on every indication whose tables could be read, and those on the whole review.

    Parameters
    ----------
    data : Dataset

    Yields
    ------
    Problem
    """
    for indication in data.indications:
        for rule in OF_AN_INDICATION:
            yield from rule(data, indication)
    for rule in OF_THE_WHOLE:
        yield from rule(data)
