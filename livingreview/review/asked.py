"""The question that a chapter is asked for: another time window, another kind of control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..data.dataset import Dataset
from ..effects.comparisons import UNCONTROLLED

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
        pairs = possible(data, indication)
        there = "\n".join(_listed(pairs))
        if not there and any(given not in (None, "") for given in (window, comparator)):
            raise AskedError(f"the chapter of {indication} has nothing to ask for")
        try:
            asked = cls(_months(window), str(comparator) if comparator else None)
        except ValueError:
            raise AskedError(f"window={window} is no number of months; possible are\n{there}"
                             ) from None
        if asked and not any(asked.fits(end, kind) for kind, end in pairs):
            raise AskedError(f"no analysis of {indication} has {asked.words()}; possible are\n"
                             f"{there}")
        return asked

    def __bool__(self) -> bool:
        return self.window is not None or self.comparator is not None

    def fits(self, end: float | None, comparator: str | None) -> bool:
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
            follow-up, is asked for its control alone, one without a control for its window alone.
        others : iterable of mapping
            All analyses of the chapter.
        """
        question = result["question"]
        window = self.window if question["window_to"] is not None else None
        end = question["window_to"] if window is None else window
        kind = question["comparison"]
        if kind != UNCONTROLLED:
            kind = self.comparator or kind
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
    return None if window in (None, "") else float(window)


def possible(data: Dataset, indication: str) -> list[tuple[str | None, float | None]]:
    """Control and end of the window of every analysis of a chapter, each pair once.

    The control is None where patients were treated without one: it is nothing to ask for.
    """
    rows = data.having("analyses", "indication", indication)
    return list(dict.fromkeys(
        (None if r["comparison"] == UNCONTROLLED else r["comparison"], r["window_to"])
        for r in rows if r["role"] != "check"))


def _listed(pairs: list[tuple[str | None, float | None]]) -> list[str]:
    """What is possible, a line for each control."""
    ends: dict[str | None, list[str]] = {}
    for kind, end in sorted(pairs, key=lambda pair: pair[1] or 0):
        ends.setdefault(kind, []).extend([] if end is None else [f"{end:g}"])
    lines = []
    for kind in dict.fromkeys(kind for kind, _ in pairs):
        said = [] if kind is None else [f"comparator={kind}"]
        said += [f"window={', '.join(ends[kind])}"] if ends[kind] else []
        if said:
            alone = " (treated without a comparison)" if kind is None else ""
            lines.append(f"  {' with '.join(said)}{alone}")
    return lines
