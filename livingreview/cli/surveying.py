"""Commands that search sources."""

from __future__ import annotations

from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import DATA_HELP, FOLDER, Progress, say, stop, valid


@click.command()
@click.option("--indication", "indications", multiple=True, metavar="NAME",
              help="Search for this indication; several are allowed, all where it is left out.")
@click.option("--source", "chosen", multiple=True, metavar="NAME",
              help="Search this source; several are allowed, all where it is left out.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="First day of the window, in place of what the last complete search gives.")
@click.option("--offline", type=FOLDER, metavar="DIR",
              help="Ask for nothing: take in the searches that this raw store holds.")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--raw", type=FOLDER, metavar="DIR",
              help="Where answers are stored; surveillance/raw beside the data folder where it is "
              "left out.")
@can_be_stopped
def search(indications: tuple[str, ...], chosen: tuple[str, ...], since, offline: Path | None,
           data: Path | None, raw: Path | None) -> None:
    """Run the strategies of the data folder at their sources.

    A strategy is a file strategies/INDICATION.SOURCE.txt; lines that begin with # are comments.
    What comes back is stored as it is, and becomes rows of searches.csv, records.csv and
    duplicates.csv. A search asks for what came in since 35 days before the last complete one by
    the same strategy ended; a strategy that is new or was changed asks from the beginning. One that
    was complete today is not run again, one that was stopped goes on.

    Keys and the address of who asks come from the environment alone: LIVINGREVIEW_EMAIL,
    NCBI_API_KEY, OPENALEX_API_KEY. A source that fails is named and leaves the others; the exit
    code is then 1.
    """
    from ..surveillance import searching
    from ..surveillance.alone import BusyError
    from ..surveillance.keeping import KeepingError
    from ..surveillance.rawstore import RawError

    if offline and raw:
        stop("--offline names the store itself: leave --raw out", 2)
    if offline and not offline.is_dir():
        stop(f"{offline}: there is no such folder", 2)
    folder = valid(data).folder
    progress = Progress("answer")
    try:
        outcome = searching.run(
            folder, offline or raw or searching.raw_folder(folder), indications=indications,
            chosen=chosen, since=since.date().isoformat() if since else None,
            offline=bool(offline), told=progress)
    except searching.PlanError as error:
        stop("\n".join([*error.problems, "Nothing was searched."]), 2)
    except (BusyError, RawError) as error:
        stop(f"{error}\nNothing was written.", 1)
    except KeepingError as error:
        stop("\n".join([*map(str, error.problems), "The tables are as they were."]), 1)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}; the tables are as they "
             "were, and the next run goes on from what is stored", 1)
    finally:
        progress.end()
    _tell(outcome)


def _tell(outcome) -> None:
    """One line for each search; ends with 1 where one failed."""
    for line in outcome.passed:
        say(f"not searched: {line}")
    for row in outcome.searches:
        name = f"{row['source']}, {row['indication']}"
        if row["state"] != "failed":
            say(f"{name}: {row['hits']} records from {row['window_from'] or 'the beginning'} to "
                f"{row['window_to']}, {row['new']} of them new")
    for row in outcome.failed:
        click.echo(f"failed: {row['source']}, {row['indication']}: {row['reason']}", err=True)
    if outcome.failed:
        stop(f"{len(outcome.failed)} of {len(outcome.searches)} searches failed; the next run "
             "tries them again", 1)
    if not outcome.searches:
        say("nothing new to write")


ALL = (search,)
