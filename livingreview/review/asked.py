"""The question that a chapter is asked for: another time window, another kind of control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..dataset import Dataset

# What two analyses share that ask the same but for window and control.
_SAME = ("target_type", "target", "measure", "instrument_contains", "condition", "products")


class AskedError(ValueError):
    """No analysis of the chapter asks that; says which ones there are."""


@dataclass(frozen=True)
class Asked:
    """What a reader asks a chapter for.

    Attributes
    ----------
    window : float or None
        End of a time window in months; None is each analysis's own.
    comparator : str or None
        A word of `analysis_comparison`; None is each analysis's own.
    """

    window: float | None = None
    comparator: str | None = None

    @classmethod
    def of(cls, data: Dataset, indication: str, window: object = None,
           comparator: object = None) -> Asked:
        """What is asked for, when the chapter has an analysis of it.

        Raises
        ------
        AskedError
            When it has none, with what is possible.
        """
        asked = cls(_months(window), str(comparator) if comparator else None)
        pairs = possible(data, indication)
        if asked and not any(asked.fits(end, kind) for kind, end in pairs):
            raise AskedError("\n".join([
                f"no analysis of {indication} has {asked.words()}; possible are",
                *(f"  comparator={kind}" + (f" with window={ends}" if ends else "")
                  for kind, ends in _by_comparator(pairs).items())]))
        return asked

    def __bool__(self) -> bool:
        return self.window is not None or self.comparator is not None

    def fits(self, end: float | None, comparator: str) -> bool:
        """Whether an analysis with this end of its window and this control is asked for."""
        return ((self.comparator is None or comparator == self.comparator)
                and (self.window is None or end == self.window))

    def words(self) -> str:
        """The parameters as they are written."""
        return ", ".join(([] if self.window is None else [f"window={self.window:g}"])
                         + ([f"comparator={self.comparator}"] if self.comparator else []))

    def instead(self, result: Mapping, others: Iterable[Mapping]) -> Mapping | None:
        """The analysis that asks the same with what is asked for; None where there is none.

        Parameters
        ----------
        result : mapping
            An analysis of the chapter; one without a time window, such as harms at the longest
            follow-up, is asked for its control alone.
        others : iterable of mapping
            All analyses of the chapter.
        """
        question = result["question"]
        window = self.window if question["window_to"] is not None else None
        end = question["window_to"] if window is None else window
        kind = self.comparator or question["comparison"]
        if end == question["window_to"] and kind == question["comparison"]:
            return result
        found = [o for o in others if o["role"] != "check"
                 and all(o["question"][name] == question[name] for name in _SAME)
                 and o["question"]["window_to"] == end and o["question"]["comparison"] == kind]
        return min(found, default=None, key=lambda o: (
            o["section"] != result["section"],
            o["question"]["background"] != question["background"]))


def _months(window: object) -> float | None:
    """The end of a window as a number."""
    if window in (None, ""):
        return None
    try:
        return float(window)
    except (TypeError, ValueError):
        raise AskedError(f"window={window} is no number of months") from None


def possible(data: Dataset, indication: str) -> list[tuple[str, float | None]]:
    """Control and end of the window of every analysis of a chapter, each pair once."""
    rows = data.having("analyses", "indication", indication)
    return list(dict.fromkeys((r["comparison"], r["window_to"]) for r in rows
                              if r["role"] != "check"))


def _by_comparator(pairs: list[tuple[str, float | None]]) -> dict[str, str]:
    """The ends of windows of each control, in words."""
    ends: dict[str, list[float]] = {}
    for kind, end in pairs:
        ends.setdefault(kind, [])
        if end is not None:
            ends[kind].append(end)
    return {kind: ", ".join(f"{end:g}" for end in sorted(some)) for kind, some in ends.items()}
