"""Commands that say whether the review is alive, and that keep it so."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import DATA_HELP, FOLDER, Progress, say, stop, valid

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
    from ..surveillance import told

    sound = valid(data)
    found = review.status(sound, day.date() if day else date.today())
    if as_json:
        say(json.dumps(told.status_document(found), ensure_ascii=False, indent=1))
    else:
        say(told.status(found).rstrip())
    if found.asks:
        sys.exit(WAITS)


@click.command(name="round")
@click.option("--offline", type=FOLDER, metavar="DIR",
              help="Ask nobody: take what this raw store holds, such as surveillance/raw.")
@click.option("--out", type=FOLDER, metavar="DIR",
              help="Folder for the report as text, JSON, an Atom entry and a pull request.")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--raw", type=FOLDER, metavar="DIR",
              help="Where answers are stored; surveillance/raw beside the data folder where it is "
              "left out.")
@can_be_stopped
def round_(offline: Path | None, out: Path | None, data: Path | None, raw: Path | None) -> None:
    """Do the monthly round: search, watch for notices, ask the registry, and report.

    What the three commands write, it writes: searches.csv, records.csv, duplicates.csv,
    notices.csv, watches.csv and registrations.csv. The report names new reports in the order in
    which they are best read, new notices, trials whose registration changed or whose results are
    posted, what is due, and how much waits. A part that fails is named and leaves the others.

    Exit code 0 when nothing is to do, 3 when something is due or waits for a person, 1 when a part
    failed or the data have errors, 2 when the call is wrong.
    """
    from ..surveillance import round as rounds
    from ..surveillance import searching, told

    if offline and raw:
        stop("--offline names the store itself: leave --raw out", 2)
    if offline and not offline.is_dir():
        stop(f"{offline}: there is no such folder", 2)
    folder, progress = valid(data).folder, Progress("done")
    try:
        try:
            found = rounds.run(folder, offline or raw or searching.raw_folder(folder),
                               offline=bool(offline), told=progress)
        finally:
            progress.end()
        say(told.text(found).rstrip())
        for path in told.written(found, out) if out else ():
            say(f"wrote {path}")
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}", 1)
    if found.failures:
        sys.exit(1)
    if found.asks:
        sys.exit(WAITS)


ALL = (living, round_)
