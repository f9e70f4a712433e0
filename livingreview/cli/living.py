"""Commands that say whether the review is alive, and that keep it so."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from .console import DATA_HELP, FOLDER, say, valid

WAITS = 3  # exit code: nothing is wrong, and something is due or waits for a person
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def living() -> None:
    """Say how the review is kept alive."""


@living.command()
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--on", "day", type=DAY, metavar="YYYY-MM-DD",
              help="The day for which it is said; today where it is left out.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
def status(data: Path | None, day, as_json: bool) -> None:
    """Say which searches are due, what waits for a person, and what is watched.

    A search is current until the days of living.csv have passed since the last good one, due after
    that, and overdue when half as many days more have passed; one that failed since the last good
    one is failed until it is overdue.

    Exit code 0 when nothing is to do, 3 when a search, a record, a notice or a watch asks for
    something, 1 when the data have errors, 2 when the call is wrong.
    """
    from ..review import living as review

    sound = valid(data)
    found = review.status(sound, day.date() if day else date.today())
    if as_json:
        say(json.dumps(document(found), ensure_ascii=False, indent=1))
    else:
        for line in lines(found):
            say(line)
    if found.asks:
        raise SystemExit(WAITS)


def document(found) -> dict:
    """What `lines` says, for programs."""
    return json.loads(json.dumps({
        "date": found.day, "asks": found.asks,
        "sources": [asdict(one) for one in found.states],
        "queues": [asdict(one) | {"waiting": one.waiting} for one in found.queues.values()],
        "watched": [asdict(one) for one in found.watched.values()]}, default=date.isoformat))


def lines(found) -> list[str]:
    """The status in lines, by indication."""
    said = [f"on {found.day}"]
    for indication, queue in found.queues.items():
        said.append(indication)
        own = [one for one in found.states if one.indication == indication]
        width = max((len(one.source) for one in own), default=0)
        said += [f"  {one.source:{width}}  {_state(one)}" for one in own] or [
            "  no searches are planned (living.csv)"]
        said += [f"  {line}" for line in (*_queue(queue), *_watched(found.watched[indication]))]
    if not found.asks:
        said.append("nothing is to do")
    return said


def _state(one) -> str:
    """How a source stands, in a line."""
    by = {"command": "by a command", "person": "by a person"}.get(one.run_by, one.run_by)
    plan = f"every {one.schedule_days} days {by}"
    words = {
        "never": f"never searched; {plan}",
        "current": f"current: searched {one.last_good}, next due {one.next_due}",
        "due": f"due since {one.next_due}: searched {one.last_good}; {plan}",
        "overdue": f"overdue: due since {one.next_due}, searched {one.last_good}; {plan}",
        "failed": "failed: " + (f"last good search {one.last_good}, next due {one.next_due}"
                                if one.last_good else f"never searched; {plan}"),
    }[one.state]
    return words + (f" (failed on {one.last_failed}: {one.reason or 'no reason is stated'})"
                    if one.last_failed else "")


def _queue(one) -> list[str]:
    """What waits for a person."""
    parts = {"to screen": one.to_screen, "that people differ on": one.unsure,
             "for a full text": one.full_text, "awaiting assessment": one.awaiting}
    if not one.waiting:
        return ["no record waits for a person"]
    return ["records: " + ", ".join(f"{n} {name}" for name, n in parts.items() if n)]


def _watched(one) -> list[str]:
    """What is watched and what is not."""
    parts = {"never checked": one.never, "checked longer ago than planned": one.old,
             "not answered for": one.failed, "that cannot be checked": one.not_checkable}
    said = [f"notices open: {one.open_notices}"] if one.open_notices else []
    left = ", ".join(f"{n} {name}" for name, n in parts.items() if n)
    return [*said, f"watched for notices: {one.studies} studies" + (f", of these {left}"
                                                                    if left else "")]


ALL = (living,)
