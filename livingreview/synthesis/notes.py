"""What statistics say beside their numbers: warnings, and why a study gives no effect."""

from __future__ import annotations

from ..data.phrases import phrases

NOTES = phrases(__package__, "notes.csv")


def maxima(peaks: int) -> tuple[str, ...]:
    """The warning that a likelihood has several maxima; none where it has one."""
    return (NOTES["maxima"].format(peaks=peaks),) if peaks > 1 else ()
