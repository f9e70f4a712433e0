"""What `import` does with a file of records that a person exported from a database."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import click

from .console import stop, valid

_BEGINNING = 65536  # bytes of a file in which its form shows
_TABULAR = (".csv", ".xlsx", ".zip", ".rm5")  # their names say not whether they hold records
_STUDIES = 10  # matches that are printed one by one


def with_search(command):
    """Options of a command that say how an exported file came about."""
    day = click.DateTime(["%Y-%m-%d"])
    for option in (
            click.option("--to", "window_to", type=day, metavar="YYYY-MM-DD",
                         help="The same: last day."),
            click.option("--from", "window_from", type=day, metavar="YYYY-MM-DD",
                         help="Of records: first day of entry that the search asked for."),
            click.option("--strategy", type=click.Path(path_type=Path, dir_okay=False, exists=True),
                         help="Of records: file of the strategy as it was run."),
            click.option("--platform", default="", help="Of records: where the source was "
                         "searched, such as Embase.com."),
            click.option("--run-on", type=day, metavar="YYYY-MM-DD",
                         help="Of records: day of the search."),
            click.option("--run-by", default="", metavar="NAME",
                         help="Of records: who ran the search."),
            click.option("--source", default="", help="Of records: the database, a word of "
                         "search_source such as central, embase, ictrp, other.")):
        command = option(command)
    return command


def holds_records(file: Path) -> str:
    """The form of a file of records that no other import takes; empty for all others."""
    from ..surveillance import files

    if not file.is_file() or file.suffix.lower() in _TABULAR:
        return ""
    with file.open("rb") as opened:
        beginning = opened.read(_BEGINNING)
    encoding = "utf-16" if beginning[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return files.form_of(beginning.decode(encoding, "replace").replace("\ufeff", ""))


def take(file: Path, data: Path | None, indication: str, yes: bool, said: Mapping) -> None:
    """Take the records of a file in, as a search that a person ran."""
    from ..surveillance import exported, searching
    from ..surveillance.alone import BusyError
    from ..surveillance.files import FileError
    from ..surveillance.keeping import KeepingError

    sound = valid(data)
    if said["run_on"] is None:
        stop(f"{file.name}: a file of records needs --source, --indication, --platform, --run-by "
             "and --run-on: who searched where, and when", 2)
    raw = searching.raw_folder(sound.folder)
    try:
        strategy = said["strategy"].read_bytes() if said["strategy"] else None
        run = exported.Run(said["source"], indication or _only(sound), said["platform"],
                           said["run_by"], _day(said["run_on"]), strategy,
                           _day(said["window_from"]), _day(said["window_to"]))
        run.check(sound, date.today())
        content = file.read_bytes()
        if sys.stderr.isatty():
            click.echo(f"reading {file.name} and comparing its records with all others", err=True)
        found = exported.taken(sound, content, file.name, run, raw)
        if found.known:
            click.echo(f"{file.name} is there already, as the search {found.known}: nothing to "
                       "import")
            return
        for line in lines(file.name, found):
            click.echo(line)
        if not yes and not click.confirm("Import this search?"):
            stop("Nothing was imported.", 1)
        made = exported.write(sound.folder, content, file.name, run, raw, found)
    except click.Abort:
        stop("\nNo answer: nothing was imported. Use --yes where nobody can answer.", 1)
    except exported.RunError as error:
        stop("\n".join([*error.problems, "Nothing was imported."]), 2)
    except (FileError, BusyError) as error:
        stop(f"{error}\nNothing was imported.", 1)
    except KeepingError as error:
        stop("\n".join([*map(str, error.problems), "Nothing was imported."]), 1)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}; nothing was imported", 1)
    click.echo(f"imported the search {made.search_id}; `screen` shows what waits")


def _only(sound) -> str:
    return sound.indications[0] if len(sound.indications) == 1 else ""


def _day(said: datetime | None) -> date | None:
    return said.date() if said else None


def lines(name: str, found) -> list[str]:
    """What the import would do, in lines."""
    count, repeated = len(found.exported.records), found.exported.repeated
    known = count - len(found.new)
    matched = [row for row in found.new if row["match"]]
    out = [f"{name}: {found.exported.form}, {count} records"
           + (f"; {repeated} more have the number of another one" if repeated else ""),
           f"{len(found.new)} are new, {known} are known from earlier searches",
           f"{found.certain} of the new ones are the same as another one; {found.proposed} pairs "
           "may be, which `screen` asks about",
           f"{len(matched)} report a study of the data"
           + (f" (by {', '.join(f'{kind}: {n}' for kind, n in found.matched.items())})"
              if matched else "")]
    out += [f"  {row['record_id']}: {', '.join(row['match'])} (by {row['match_kind']})"
            for row in matched[:_STUDIES]]
    if len(matched) > _STUDIES:
        out.append(f"  and {len(matched) - _STUDIES} more")
    return [*out, f"the search will be {found.search_id}, run by "
            f"{found.search.search['run_by']} on {found.search.search['date_run']}"]
