"""What searches of our own found and what became of it, counted from the tables of surveillance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ..data.dataset import Dataset
from . import living

FAILED = "failed"
# What says on which day a row of surveillance was written.
_DAYS = (("searches", "date_run"), ("screening", "date"), ("watches", "checked_on"),
         ("registrations", "checked_on"))
# How far a review, or a chapter of it, is alive.
NEVER, UNPLANNED, LATE, ALIVE = "never", "unplanned", "late", "alive"


@dataclass(frozen=True)
class Counted:
    """What searches found, and where the reports are that they found.

    Attributes
    ----------
    searches : int
    hits, fetched : int or None
        Records that sources counted, and that came back; None where no search states them.
    records : int
        Records that no earlier search had found.
    duplicates : int
        Those of them that are the same report as another.
    known : int
        Reports that the data have already.
    screened, excluded : int
        Reports with a decision of two people on title and abstract, and those left out by it.
    assessed : int
        Reports of which two people decided on the full text.
    excluded_full_text : tuple of (str, int)
        By reason, the most frequent first; that of those without one is empty.
    to_screen, awaiting, included : int
        ``awaiting``: wanted in full text, or people do not agree.
    """

    searches: int
    hits: int | None
    fetched: int | None
    records: int
    duplicates: int
    known: int
    screened: int
    excluded: int
    assessed: int
    excluded_full_text: tuple[tuple[str, int], ...]
    to_screen: int
    awaiting: int
    included: int


@dataclass(frozen=True)
class Life:
    """Whether a review, or one chapter of it, may call itself living on a day.

    Attributes
    ----------
    state : str
        ``never`` searched; ``unplanned``: searched, and no schedule says when again; ``late``: a
        source of the schedule is overdue, or was never searched; ``alive``: none is.
    last : date or None
        Of the last search that came back.
    due : date or None
        The first day on which a search is due next.
    until : date or None
        The last day on which none of them is overdue, where it is alive.
    late : tuple of SourceState
        Sources that keep it from being alive.
    """

    state: str
    last: date | None = None
    due: date | None = None
    until: date | None = None
    late: tuple[living.SourceState, ...] = ()


class Until:
    """The tables of surveillance as they were at the end of a day.

    Parameters
    ----------
    data : Dataset
    day : str
        ISO 8601.
    """

    def __init__(self, data: Dataset, day: str):
        self._data, self._day = data, day

    def records(self, name: str) -> Sequence[Mapping]:
        """Rows that had been written by then."""
        rows = self._data.records(name)
        if name == "records":
            known = {r["search_id"] for r in self.records("searches")}
            return [r for r in rows if r["first_seen"] in known]
        column = dict(_DAYS)[name]
        return [r for r in rows if str(r[column]) <= self._day]


def searches(data: Dataset | Until, indication: str = "") -> list[Mapping]:
    """The searches that came back, in the order of the table.

    Parameters
    ----------
    data : Dataset or Until
    indication : str, optional
        Only those for it.
    """
    return [r for r in data.records("searches") if r["state"] != FAILED
            and indication in ("", r["indication"])]


def counted(data: Dataset | Until) -> Counted | None:
    """What the searches found, and what became of it; None where there was none.

    Parameters
    ----------
    data : Dataset or Until
    """
    made = searches(data)
    if not made:
        return None
    reports, records = living.standings(data), data.records("records")
    at = Counter(one.place for one in reports)
    reasons = Counter(one.reason for one in reports if one.place == living.EXCLUDED_FULL_TEXT)
    full = at[living.INCLUDED] + at[living.EXCLUDED_FULL_TEXT]
    wanted = at[living.FULL_TEXT] + at[living.AWAITING]
    return Counted(
        len(made), together([s["hits"] for s in made]), together([s["fetched"] for s in made]),
        len(records), len(records) - len(reports), at[living.KNOWN],
        full + wanted + at[living.UNSURE] + at[living.EXCLUDED], at[living.EXCLUDED], full,
        tuple(reasons.most_common()), at[living.TO_SCREEN], wanted + at[living.UNSURE],
        at[living.INCLUDED])


def day_of(data: Dataset) -> date | None:
    """The day that pages speak of: the last one that the data have; None where they have none.

    A build asks no clock, so that the same data give the same pages on any day.
    """
    days = [str(r[column]) for name, column in _DAYS for r in data.records(name) if r[column]]
    last = max([*days, data.date], default="")
    return date.fromisoformat(last) if last else None


def life(data: Dataset, indication: str = "") -> Life:
    """Whether a review, or a chapter of it, may call itself living.

    Parameters
    ----------
    data : Dataset
    indication : str, optional
        Of the chapter; the whole review where it is left out.
    """
    made = searches(data, indication)
    if not made:
        return Life(NEVER)
    plan = [s for s in living.states(data, day_of(data) or date.min)
            if indication in ("", s.indication)]
    last = date.fromisoformat(max(str(s["date_run"]) for s in made))
    if not plan:
        return Life(UNPLANNED, last)
    late = tuple(s for s in plan if not s.kept)
    due = min((s.next_due for s in plan if s.next_due), default=None)
    return (Life(LATE, last, due, late=late) if late
            else Life(ALIVE, last, due, min(s.until for s in plan)))


def together(counts: Sequence[int | None]) -> int | None:
    """The sum of what is stated; None where nothing is."""
    stated = [n for n in counts if n is not None]
    return sum(stated) if stated else None
