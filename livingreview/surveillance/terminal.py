"""Screening in a terminal: the same records and decisions as on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from ..data.dataset import Dataset
from ..review.living import CONSENSUS
from . import judging
from .abstracts import ELSEWHERE, NONE
from .desk import Desk
from .ordering import View
from .screening import (
    STAGES,
    ScreeningError,
    agreement,
    at_stage,
    decisions,
    disagreements,
    waiting,
)
from .shown import Shown

_NO_ABSTRACT = {NONE: "No abstract: the source gives none.",
                ELSEWHERE: "No abstract here: what the source answered is not in the raw store."}
_EMPTY = {
    "never-searched": "Never searched: there is nothing to screen. Run `python -m livingreview "
    "search` first.",
    "all-decided": "Nothing is left to decide at this stage.",
    "none-included": "Nothing waits at full text: two people must have included a record at title "
    "and abstract.",
    "none-found": "Nothing new: the searches found nothing that the review does not have.",
}
_SIMPLE = {"i": "include", "u": "unsure"}
_HELP = "i include, e and a digit exclude, u unsure, z take back, j next, k previous, q end"


def lines(desk: Desk, view: View, record_id: str = "") -> Iterator[str]:
    """What is shown of a record, or why there is none."""
    page = desk.record(view, record_id)
    if page["shown"] is None:
        yield _EMPTY[page["why_empty"]]
        return
    placed = page["placed"]
    yield ""
    if placed:
        yield f"{placed.place} of {page['left']} left, {page['total']} in all"
        if placed.because:
            yield f"because of {', '.join(placed.because)}"
    yield from _of(page["shown"])
    if page["own"]:
        yield f"Decided: {page['own']['decision']} {page['own']['reason']}".rstrip()
    if page["enough"]:
        yield f"First search: {page['enough']}."


def _of(shown: Shown) -> Iterator[str]:
    """A report in lines."""
    report = shown.report
    yield f"[{report.record_id}] {report.title or '(no title)'}"
    yield " · ".join(str(part) for part in (
        report.first_author or "author not stated", report.year or "year not stated",
        report.journal or "journal not stated", shown.kind, *shown.text.signals))
    for match in shown.matches:
        yield (f"New report of study {match.name} ({match.study}; matched by {match.matched_by})"
               f": {match.title}".removesuffix(": "))
    yield shown.text.abstract or _NO_ABSTRACT[shown.text.state]
    for link in shown.identifiers:
        yield f"{link.name} {link.href}".rstrip()
    yield f"found in {', '.join(shown.found_in)}; searched for {', '.join(shown.indications)}"


def screen(desk: Desk, view: View, ask: Callable[[str], str], say: Callable[[str], None]) -> None:
    """Show one record after another, and keep what is answered, until the answer is q.

    Parameters
    ----------
    desk : Desk
    view : View
    ask : callable
        Asks a question and gives the answer.
    say : callable
        Prints a line.
    """
    reasons = desk.reasons(desk.screening.data())
    for reason in reasons:
        say(f"e{reason.key}  {reason.label}")
    say(_HELP)
    record_id = ""
    while True:
        for line in lines(desk, view, record_id):
            say(line)
        page = desk.record(view, record_id)
        answer = ask("Decision").strip().lower()
        if answer == "q":
            return
        try:
            record_id = _do(desk, view, page, answer)
        except ScreeningError as error:
            say(str(error))


def _do(desk: Desk, view: View, page: dict, answer: str) -> str:
    """Do what was answered; the record to be shown, empty for the next of the queue.

    Raises
    ------
    ScreeningError
    """
    here = page["shown"].report.record_id if page["shown"] else ""
    if answer in ("j", "k"):
        return page["next" if answer == "j" else "previous"] or here
    if answer == "z":
        gone = desk.screening.undo(view.reviewer)
        return gone["record_id"] if gone["stage"] == view.stage else here
    keys = {f"e{reason.key}": f"exclude:{reason.value}" for reason in page["reasons"] if reason.key}
    said = {**_SIMPLE, **keys}.get(answer.replace(" ", ""))
    if said is None or not here:
        raise ScreeningError(f"{answer!r}: expected {_HELP}")
    before = page["own"]["row"]["decision"] if page["own"] else ""
    return desk.decide(view, here, said, before)


def status(data: Dataset, indication: str = "") -> Iterator[str]:
    """How much waits, and what each person has decided."""
    for stage in STAGES:
        done = decisions(data, stage)
        reports = at_stage(data, stage, indication)
        people = Counter(name for r in reports for name in done.get(r.record_id, {})
                         if name != CONSENSUS)
        open_ones = sum(not d.settled for d in disagreements(data, stage, indication))
        yield (f"{data.label('screening_stage', stage)}: {len(reports)} records, "
               f"{len(waiting(data, stage, '', indication))} wait for a first or second person; "
               f"disagreements to settle: {open_ones}")
        for name, number in sorted(people.items()):
            yield (f"  {name}: {number} decided, "
                   f"{len(waiting(data, stage, name, indication))} left")
    yield f"pairs that may be duplicates: {len(judging.proposals(data, indication))}"


def differences(data: Dataset, stage: str, indication: str = "") -> Iterator[str]:
    """What people decided differently, and Cohen's kappa of each two."""
    for (one, other), k in agreement(data, stage, indication).items():
        if k.kappa is None:
            said = "kappa is not defined: both gave one and the same decision throughout"
        elif k.low is None:
            said = f"kappa {k.kappa:.2f}, no interval can be computed"
        else:
            said = f"kappa {k.kappa:.2f} ({k.level:.0%} CI {k.low:.2f} to {k.high:.2f})"
        yield f"{one}, {other}: {k.n} decided by both, {k.agreed} alike; {said}"
    for one in disagreements(data, stage, indication):
        yield f"[{one.report.record_id}] {one.report.title}"
        for row in (*one.rows, *([one.settled] if one.settled else [])):
            yield f"  {row['reviewer']}: {row['decision']} {row['reason'] or ''}".rstrip()
