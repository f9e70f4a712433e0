"""The command that watches over the reports that are known already."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import DATA_HELP, FILE, FOLDER, Progress, say, stop, valid


@click.command()
@click.option("--source", "chosen", multiple=True, metavar="NAME",
              help="Ask this source; several are allowed, all where it is left out.")
@click.option("--offline", type=FOLDER, metavar="DIR", help="Ask for nothing: take the last "
              "answers of each source that this raw store holds.")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--retraction-watch", "file", type=FILE, help="The Retraction Watch file "
              "(retraction_watch.csv), where it was fetched already.")
@click.option("--raw", type=FOLDER, metavar="DIR",
              help="Where answers are stored; surveillance/raw beside the data folder where it is "
              "left out.")
@can_be_stopped
def watch(chosen: tuple[str, ...], offline: Path | None, data: Path | None, file: Path | None,
          raw: Path | None) -> None:
    """Look up every report of the data for retractions, corrections and other notices.

    Sources are the Retraction Watch file, Crossref in both ways, PubMed, and OpenAlex where there
    is a key. notices.csv and watches.csv get what they say: one row for a notice, however many
    sources name it, and one for each report and source, with the day and what came of it. A notice
    stays open until a person writes what was done about it; an open retraction takes a trial out
    of the main pools at once. A report that cannot be looked up, or a source that does not answer,
    is written down as such: nothing is called clean.

    Exit code 1 where a source did not answer; what others said is written all the same.
    """
    from ..surveillance import searching
    from ..surveillance import watch as watching
    from ..surveillance.alone import BusyError
    from ..surveillance.keeping import KeepingError
    from ..surveillance.lookup import SOURCES
    from ..surveillance.net import SourceError
    from ..surveillance.rawstore import RawError

    if unknown := sorted({*chosen} - {*SOURCES}):
        stop(f"--source {unknown[0]}: expected one of {', '.join(SOURCES)}", 2)
    if file and chosen and SOURCES[0] not in chosen:
        stop("--retraction-watch is of the source retraction-watch, which --source leaves out", 2)
    if offline and raw:
        stop("--offline names the store itself: leave --raw out", 2)
    if offline and not offline.is_dir():
        stop(f"{offline}: there is no such folder", 2)
    sound, progress = valid(data), Progress("report")
    try:
        outcome = watching.run(
            sound, offline or raw or searching.raw_folder(sound.folder), chosen=chosen,
            offline=offline is not None, file=file, told=progress)
    except (BusyError, RawError, SourceError, KeepingError) as error:
        stop(f"{error}\nNothing was written.", 1)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}; the tables are as they "
             "were", 1)
    finally:
        progress.end()
    _tell(outcome)


def _tell(outcome) -> None:
    """A line for each source and each new notice, and what these do to the results.

    Ends with 1 where a source failed.
    """
    from ..intake import outlook

    for line in outcome.passed:
        say(f"not asked: {line}")
    for seen in outcome.looks:
        say(f"{seen.source} ({seen.day}): {seen.count('notice')} with a notice, "
            f"{seen.count('none')} without, {seen.count('not-checkable')} cannot be looked up "
            f"there, {seen.count('failed')} failed")
    for row in outcome.new:
        number = row["notice_doi"] or row["notice_pmid"] or "no number"
        say(f"new: {row['indication']}, {row['study_id']}: {row['kind']} of "
            f"{row['notice_date'] or 'an unknown day'} ({number}), by {', '.join(row['sources'])}")
    for line in outlook.of_notices(outcome.before, outcome.after, outcome.new):
        say(line)
    folder = outcome.after.folder
    say(f"notices.csv and watches.csv in {folder} are as they were"
        if outcome.after is outcome.before else f"wrote notices.csv and watches.csv in {folder}")
    for seen in outcome.failed:
        click.echo(f"failed: {seen.source}: {seen.failed}", err=True)
    if outcome.failed:
        sys.exit(1)


ALL = (watch,)
