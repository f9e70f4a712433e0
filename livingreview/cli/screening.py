"""Commands of screening: a page, the same in the terminal, and files that go out and come back."""

from __future__ import annotations

import datetime
import functools
from pathlib import Path

import click

from ..site import stopping
from .console import DATA_HELP, FILE, FOLDER, PathType, replacing, say, stop, valid

_STAGE = click.Choice(["title-abstract", "full-text"])
_OPTIONS = (
    click.option("--reviewer", default="", metavar="NAME", help="Whose decisions these are."),
    click.option("--indication", default="", metavar="NAME",
                 help="Records of this indication; all where it is left out."),
    click.option("--stage", type=_STAGE, default="title-abstract", show_default=True),
    click.option("--data", type=FOLDER, help=DATA_HELP),
    click.option("--raw", type=FOLDER, metavar="DIR",
                 help="Where the answers of sources are stored, from which abstracts are read; "
                 "surveillance/raw beside the data folder where it is left out."),
)


def _with(*names: str):
    """Options that commands of screening share, by their names."""
    def decorated(command):
        for option in reversed(_OPTIONS):
            probe = option(lambda: None).__click_params__[0]
            if probe.name in names:
                command = option(command)
        return command

    return decorated


def _spoken(command):
    """Errors of a command in one place: what is wrong with decisions, and files."""
    @functools.wraps(command)
    def run(*arguments, **options):
        from ..data.dataset import DataError
        from ..surveillance.screening import ScreeningError

        try:
            return command(*arguments, **options)
        except ScreeningError as error:
            stop("\n".join([*error.problems, "Nothing was changed."]), 1)
        except DataError as error:
            stop(f"{error}\nNothing was changed.", 1)
        except OSError as error:
            stop(f"cannot read or write {error.filename}: {error.strerror}", 2)

    return run


@click.group(invoke_without_command=True)
@_with("reviewer", "indication", "stage", "data", "raw")
@click.option("--terminal", is_flag=True, help="Screen in the terminal.")
@click.option("--port", type=click.IntRange(0, 65535), default=8750, show_default=True,
              help="Port of the page on this machine; 0 for any that is free.")
@click.pass_context
@_spoken
def screen(context: click.Context, reviewer: str, indication: str, stage: str, data: Path | None,
           raw: Path | None, terminal: bool, port: int) -> None:
    """Decide about what searches found, on a page that this machine alone can see.

    The page shows one record after another with its abstract, what it may be a report of, and why
    it stands where it stands. Decisions are rows of screening.csv, one for each person, record and
    stage; the program decides nothing. Two people decide of each record, each without seeing what
    the other said; what they decide differently is settled under "Disagreements".
    """
    if context.invoked_subcommand:
        given = {name: value for name, value in context.params.items()
                 if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE}
        context.default_map = dict.fromkeys(context.command.commands, given)
        return
    with stopping.stoppable("screen"):
        desk = _desk(data, raw, indication)
        if terminal:
            _terminal(desk, reviewer, stage, indication)
        else:
            _serve(desk, reviewer, stage, indication, port)


def _desk(data: Path | None, raw: Path | None, indication: str):
    """The desk of a data folder, with the abstracts that are stored."""
    from ..surveillance.desk import Desk
    from ..surveillance.screening import Screening

    folder = _known(valid(data), indication).folder
    desk = Desk(Screening(folder), functools.partial(_texts, folder, raw))
    for line in desk.texts.broken:
        click.echo(f"abstracts cannot be read: {line}", err=True)
    return desk


def _texts(folder: Path, raw: Path | None):
    from ..surveillance.abstracts import Texts
    from ..surveillance.searching import raw_folder

    return Texts.of(raw or raw_folder(folder))


def _known(data, indication: str):
    """The data, whose indication this is; else exit code 2."""
    if indication and indication not in data.indications:
        stop(f"{indication} is no indication: expected one of {', '.join(data.indications)}", 2)
    return data


def _serve(desk, reviewer: str, stage: str, indication: str, port: int) -> None:
    from ..surveillance.screening import name_of
    from ..surveillance.screenpage import Server

    try:
        server = Server(desk, port, name_of(reviewer) if reviewer else "", stage, indication)
    except OSError as error:
        stop(f"port {port} of this machine cannot be used: {error.strerror}; choose another with "
             "--port", 2)
    say(f"Screen at {server.address} (end with Ctrl+C)")
    try:
        server.serve_forever()
    finally:
        server.server_close()


def _terminal(desk, reviewer: str, stage: str, indication: str) -> None:
    from ..surveillance import terminal
    from ..surveillance.ordering import View
    from ..surveillance.screening import name_of

    reviewer = name_of(reviewer or _asked("Your name"))
    terminal.screen(desk, View(reviewer, stage, indication), _asked, say)


def _asked(question: str) -> str:
    try:
        return click.prompt(question, default="", show_default=False)
    except click.Abort:  # nobody answers any more
        return "q"


@screen.command(name="next")
@_with("reviewer", "indication", "stage", "data", "raw")
@_spoken
def next_(reviewer: str, indication: str, stage: str, data: Path | None, raw: Path | None) -> None:
    """Show the record that is to be decided next, and decide nothing."""
    from ..surveillance import terminal
    from ..surveillance.ordering import View

    desk = _desk(data, raw, indication)
    for line in terminal.lines(desk, View(reviewer, stage, indication)):
        say(line)


@screen.command()
@_with("indication", "data")
@_spoken
def status(indication: str, data: Path | None) -> None:
    """Say how much waits at each stage, and what each person has decided."""
    from ..surveillance import terminal

    for line in terminal.status(_known(valid(data), indication), indication):
        say(line)


@screen.command()
@click.argument("file", type=FILE)
@_with("reviewer", "indication", "stage", "data", "raw")
@_spoken
def export(file: Path, reviewer: str, indication: str, stage: str, data: Path | None,
           raw: Path | None) -> None:
    """Write records with their abstracts to FILE: RIS (.ris), or CSV of ASReview (.csv).

    Decisions go with them: of --reviewer, or what people decided together. The file holds
    abstracts, which may be nobody's to publish.
    """
    from ..surveillance import exchange
    from ..surveillance.screening import at_stage

    write = {".ris": exchange.as_ris, ".csv": exchange.as_csv}.get(file.suffix.lower())
    if write is None:
        stop(f"{file}: expected a name that ends in .ris or .csv", 2)
    sound = _known(valid(data), indication)
    text = write(sound, _texts(sound.folder, raw), stage, reviewer, indication)
    with replacing(file) as out:
        out.write(text)
    say(f"wrote {len(at_stage(sound, stage, indication))} records to {file}")


@screen.command(name="import")
@click.argument("file", type=FILE)
@_with("reviewer", "stage", "data")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
              help="Day of the decisions; today where it is left out.")
@_spoken
def import_(file: Path, reviewer: str, stage: str, data: Path | None,
            date: datetime.datetime | None) -> None:
    """Take in decisions from FILE: RIS of ASReview or Rayyan, or CSV of ASReview.

    A record is found by its number here, else by DOI, PMID or title. Nothing is overwritten: where
    --reviewer has decided otherwise, all of the file is refused.
    """
    from ..surveillance import exchange
    from ..surveillance.screening import Screening, name_of

    if not reviewer:
        stop("--reviewer is missing: say whose decisions these are", 2)
    reviewer = name_of(reviewer)
    screening = Screening(valid(data).folder)
    found, there = exchange.taken(screening.data(), exchange.read(file, reviewer), stage, reviewer,
                                  date.date().isoformat() if date else "")
    if found:
        screening.decide(*found, reasons=False)
    say(f"{len(found)} decisions of {reviewer} taken in, {there} were there already")


@screen.command()
@_with("indication", "stage", "data")
@_spoken
def disagreements(indication: str, stage: str, data: Path | None) -> None:
    """List what people decided differently or are unsure of, and how far they agree.

    Cohen's kappa (1960, doi:10.1177/001316446002000104) with the large-sample interval of Fleiss,
    Cohen and Everitt (1969, doi:10.1037/h0028106).
    """
    from ..surveillance import terminal

    for line in terminal.differences(_known(valid(data), indication), stage, indication):
        say(line)


@screen.command()
@click.argument("record")
@click.argument("decision", type=click.Choice(["include", "exclude"]))
@click.option("--reason", default="", help="Of an exclusion, of the list exclusion_reason.")
@_with("stage", "data")
@_spoken
def settle(record: str, decision: str, reason: str, stage: str, data: Path | None) -> None:
    """Keep what people agreed on about RECORD, after they had decided differently.

    It becomes a row of the reviewer "consensus"; what each had said stays.
    """
    from ..surveillance.screening import CONSENSUS, Decision, Screening

    Screening(valid(data).folder).settle(Decision(record, stage, CONSENSUS, decision, reason))
    say(f"settled: {record} {decision} {reason}".rstrip())


@screen.command()
@click.argument("record")
@click.option("--out", type=PathType(path_type=Path), required=True,
              help="Workbook (.xlsx) or folder of CSV files to write; it must not be there yet.")
@_with("indication", "data")
@_spoken
def template(record: str, out: Path, indication: str, data: Path | None) -> None:
    """Write the template of a study for RECORD, filled with what the record holds.

    The record must be included at full text. What it does not state stays empty.
    """
    from ..intake import write_folder, write_workbook
    from ..surveillance import drafting

    sound = _known(valid(data), indication)
    report = drafting.included(sound, record)
    indication = indication or (report.indications[0] if len(report.indications) == 1 else "")
    if not indication:
        stop(f"{record} is of several indications: choose one of "
             f"{', '.join(report.indications)} with --indication", 2)
    if out.suffix not in ("", ".xlsx"):
        stop(f"{out}: expected a workbook (.xlsx) or a folder", 2)
    rows = drafting.rows(sound, report, indication)
    if out.suffix:
        write_workbook(sound, out, indication, rows)
    else:
        write_folder(sound, out, indication, rows)
    for study in report.match:
        click.echo(f"note: {record} was matched to {study} by {report.match_kind}: it may be "
                   "another report of it, whose values belong there", err=True)
    there = f" --data {data}" if data else ""
    say(f"wrote {out}: fill it, then `python -m livingreview import {out}{there} --reason WHY`")


ALL = (screen,)
