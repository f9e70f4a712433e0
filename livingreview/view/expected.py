"""When a trial ends, as the registry says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..data.dataset import Dataset
from .base import Struct

OPEN = ("running", "not-started")  # of the list progress: what may still change an answer


class Expected(Struct):
    """The end of a trial."""

    # primary, end: last collection of the primary outcome, and end of the trial, as the registry
    # prints them (year and month, or day); empty where it does not
    primary: str
    end: str
    passed: bool  # whether the end of the trial has passed
    checked: str  # day on which the registry was asked

    @property
    def ahead(self) -> str:
        """`primary` where it had not passed on the day when the registry was asked; else empty."""
        return "" if self.passed or self.primary < self.checked[:len(self.primary)] else (
            self.primary)


def expected(data: Dataset, study: Mapping) -> Expected | None:
    """When a study ends, by its registration with the latest date; None where none was asked.

    Parameters
    ----------
    data : Dataset
    study : mapping
        A row of studies.csv.
    """
    found = [Expected(row["primary_completion"] or "", row["completion"] or "",
                      row["completion_is"] == "actual", str(row["checked_on"]))
             for number in study["registration"]
             for row in data.having("registrations", "registration", number)
             if row["primary_completion"] or row["completion"]]
    return max(found, key=lambda one: (one.primary or one.end, one.end), default=None)


def soonest(studies: Iterable) -> str:
    """The first of the dates that open studies have and that are ahead; empty without any."""
    return min((one.expected.ahead for one in studies if one.expected and one.expected.ahead),
               default="")
