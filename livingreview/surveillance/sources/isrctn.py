"""ISRCTN: registrations, as XML.

It gives the first so many records of a query and no way to the others, and it sorts nothing. A
query with more records than that is asked again for each half of its window of dates of edition,
down to a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from lxml import etree

from ..net import Answer, Client, SourceError
from ..record import Record, doi_of, registrations_in, year_of
from . import Found
from .shapes import text_of, xml_of

NAME = "isrctn"
PLATFORM = "ISRCTN registry, API"
DEFAULT_BASE = "https://www.isrctn.com/api"
PAUSE = 1.0
SECRETS: dict[str, str] = {}
ROWS = 100  # of one answer
BEGUN = date(2000, 1, 1)  # the registry is younger
_NS = "{http://www.67bricks.com/isrctn}"
_DAY = timedelta(days=1)


def fetch(client: Client, strategy: str, window_from: str | None, window_to: str
          ) -> Iterator[Answer]:
    """Every answer, in order: of the window, then of its halves where it holds too much.

    Parameters
    ----------
    client : Client
    strategy : str
    window_from : str or None
        First day as YYYY-MM-DD; None is from the beginning.
    window_to : str
        Last day.

    Raises
    ------
    SourceError
        When an answer has another shape, or a day has more records than it gives.
    """
    first = date.fromisoformat(window_from) if window_from else BEGUN
    yield from _window(client, strategy, first, date.fromisoformat(window_to), None)


def _window(client: Client, query: str, first: date, last: date, expected: int | None
            ) -> Iterator[Answer]:
    """Answers of a window; `expected` is how many records are left for it, where that is known."""
    answer = client.get("query/format/default", {
        "q": f"({query}) AND lastEdited GE {first}T00:00:00 AND lastEdited LT "
             f"{last + _DAY}T00:00:00", "limit": ROWS})
    total, trials = _page(answer)
    if expected is not None and total != expected:
        raise SourceError(NAME, f"totalCount of the parts of a window is {total - expected:+d} off "
                          "that of the whole: records changed while they were read")
    yield answer
    if total <= len(trials):
        if (different := len({_record(trial).number for trial in trials})) != total:
            raise SourceError(NAME, f"it counts {total} records and gives {different} different "
                              "ones")
        return
    if first >= last:
        raise SourceError(NAME, f"it counts {total} records edited on {first} and gives "
                          f"{len(trials)} of them, which cannot be narrowed further")
    middle = first + (last - first) // 2
    left = None
    for part in _window(client, query, first, middle, None):
        left = _page(part)[0] if left is None else left
        yield part
    yield from _window(client, query, middle + _DAY, last, total - (left or 0))


def _page(answer: Answer) -> tuple[int, list[etree._Element]]:
    root = xml_of(NAME, answer, "allTrials")
    total = root.get("totalCount", "")
    if not total.isdecimal():
        raise SourceError(NAME, "totalCount of its answer is not a whole number")
    trials = [found.find(f"{_NS}trial") for found in root.findall(f"{_NS}fullTrial")]
    if any(trial is None for trial in trials):
        raise SourceError(NAME, "a fullTrial of its answer has no trial")
    if int(total) and not trials:
        raise SourceError(NAME, "its answer has no fullTrial, though totalCount is not 0")
    return int(total), trials


def known(client: Client, strategy: str, numbers: Sequence[str]) -> frozenset[str]:
    """Which of known registrations a strategy finds.

    Parameters
    ----------
    client : Client
    strategy : str
    numbers : sequence of str
        Such as ``ISRCTN01234567``.

    Raises
    ------
    SourceError
        When an answer has another shape, or too much.
    """
    answer = client.get("query/format/default", {
        "q": f"({strategy}) AND ({' OR '.join(numbers)})", "limit": ROWS})
    total, trials = _page(answer)
    if total > len(trials):
        raise SourceError(NAME, f"it counts {total} records and gives {len(trials)} of them")
    # a number is looked for in all of a record, so that others may name it
    return frozenset(_record(trial).number for trial in trials) & {*numbers}


def read(answers: Iterable[Answer]) -> Found:
    """The registrations that answers hold.

    Parameters
    ----------
    answers : iterable of Answer

    Returns
    -------
    Found

    Raises
    ------
    SourceError
        When an answer has another shape; the field is named.
    """
    records: dict[str, Record] = {}
    hits = None
    for answer in answers:
        total, trials = _page(answer)
        hits = total if hits is None else hits
        for trial in trials:
            record = _record(trial)
            records.setdefault(record.number, record)
    return Found(hits or 0, "", tuple(records.values()))


def _record(trial: etree._Element) -> Record:
    def said(way: str) -> str:
        return text_of(trial.find("/".join(f"{_NS}{name}" for name in way.split("/"))))

    digits = said("isrctn")
    if not (digits.isdecimal() and len(digits) == 8):
        raise SourceError(NAME, "a trial of its answer has no isrctn of eight digits")
    number = f"ISRCTN{digits}"
    begun = trial.find(f"{_NS}isrctn").get("dateAssigned", "")
    secondary = [text_of(found) for found in trial.iter(f"{_NS}secondaryNumber")]
    eudract = said("externalRefs/eudraCTNumber").removeprefix("EudraCT").strip()
    signals = [said("trialDesign/primaryStudyDesign"),
               said("trialDesign/interventionalTrialDesign/allocation"),
               said("interventions/intervention/phase")]
    return Record(
        NAME, number, "registration",
        title=said("trialDescription/scientificTitle") or said("trialDescription/title"),
        year=year_of(begun), doi=doi_of(said("externalRefs/doi")),
        registrations=registrations_in(number, said("externalRefs/clinicalTrialsGovNumber"),
                                       f"EudraCT {eudract}", *secondary),
        abstract=(said("trialDescription/plainEnglishSummary")
                  or said("trialDescription/studyHypothesis")),
        signals=tuple(signal for signal in signals if signal))
