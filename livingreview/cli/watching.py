"""Commands that watch over what is known already."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from ..surveillance import watch as watching
from .console import DATA_HELP, FILE, FOLDER, ROOT, PathType, say, stop, valid

STORE = Path("surveillance", "raw")  # of the project: what sources answered, as it came


@click.command()
@click.option("--source", "chosen", type=click.Choice(watching.SOURCES), multiple=True,
              help="Ask this source only; may be given several times. All where it is left out.")
@click.option("--offline", type=FOLDER, help="Ask nobody: take the last answers of each source "
              "from this store, such as surveillance/raw.")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--retraction-watch", "file", type=FILE, help="The Retraction Watch file "
              "(retraction_watch.csv), where it was fetched already.")
@click.option("--raw", type=PathType(path_type=Path, file_okay=False), default=ROOT / STORE,
              help="Where answers are stored; surveillance/raw of the project where it is left "
              "out.")
@can_be_stopped
def watch(chosen: tuple[str, ...], offline: Path | None, data: Path | None, file: Path | None,
          raw: Path) -> None:
    """Look up every report of the data for retractions, corrections and other notices.

    Sources are the Retraction Watch file, Crossref in both ways, PubMed, and OpenAlex where there
    is a key. notices.csv and watches.csv get what they say: one row for a notice, however many
    sources name it, and one for each report and source, with the day and what came of it. A notice
    stays open until a person writes what was done about it; an open retraction takes a trial out
    of the main pools at once. A report that cannot be looked up, or a source that does not answer,
    is written down as such: nothing is called clean.

    Exit code 1 where a source did not answer; what others said is written all the same.
    """
    from ..surveillance.keeping import KeepingError

    if file and chosen and watching.SOURCES[0] not in chosen:
        stop("--retraction-watch is of the source retraction-watch, which --source leaves out", 2)
    sound = valid(data)
    studies = watching.studies_of(sound)
    looks = []
    for source in watching.SOURCES:
        if not chosen or source in chosen:
            given = file if source == watching.SOURCES[0] else None
            seen = _look(source, studies, offline or raw, offline is not None, given,
                         source in chosen)
            if seen:
                say(_said(seen))
                looks.append(seen)
    try:
        after = watching.written(sound, looks)
    except KeepingError as error:
        stop(f"{error}\nNothing was written.", 1)
    except OSError as error:
        stop(f"cannot write in {sound.folder}: {error.strerror}; nothing was written", 1)
    for row in watching.new_notices(sound, after):
        number = row["notice_doi"] or row["notice_pmid"] or "no number"
        say(f"new: {row['indication']} {row['study_id']}: {row['kind']} of "
            f"{row['notice_date'] or 'an unknown day'} ({number}), by {', '.join(row['sources'])}")
    say("notices.csv and watches.csv are as they were" if after is sound
        else f"wrote notices.csv and watches.csv in {sound.folder}")
    if any(seen.failed for seen in looks):
        sys.exit(1)


def _look(source: str, studies, store: Path, offline: bool, file: Path | None, wanted: bool):
    """What a source says; None where it is not asked, which is said."""
    from ..surveillance.net import SourceError
    from ..surveillance.rawstore import RawError

    if file:
        try:
            return watching.of_file(file, studies)
        except SourceError as error:
            stop(f"{file}: {error.reason}\nNothing was written.", 1)
        except OSError as error:
            stop(f"cannot read {file}: {error.strerror}", 2)
    try:
        with click.progressbar(length=len(studies), label=source, file=sys.stderr) as bar:
            seen = watching.asked(store, source, studies, offline, lambda: bar.update(1))
    except SourceError as error:
        if wanted:
            stop(f"{error}\nNothing was written.", 1)
        say(f"{source}: not asked: {error.reason}")
        return None
    except RawError as error:
        stop(f"{error}\nNothing was written.", 1)
    except OSError as error:
        stop(f"cannot store what {source} answers: {error.strerror}; nothing was written", 1)
    if seen is None:
        say(f"{source}: {store} holds no answers of it")
    return seen


def _said(seen: watching.Look) -> str:
    """What came of asking a source, in a line."""
    counts = (f"{seen.count(watching.NOTICE)} with a notice, {seen.count(watching.NONE)} without, "
              f"{seen.count(watching.NOT_CHECKABLE)} cannot be looked up there")
    failures = seen.count(watching.FAILED)
    return f"{seen.source} ({seen.day}): {counts}" + (
        f", {failures} failed: {seen.failed}" if failures else "")


ALL = (watch,)
