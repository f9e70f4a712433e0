"""Commands on data and results: validate, describe, compute, compare."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from ..site.workers import Workers, WorkersError
from .console import (
    DATA_HELP,
    FOLDER,
    PathType,
    print_problems,
    replacing,
    say,
    stop,
    valid,
    with_workers,
    workers_of,
)


@click.command()
@click.argument("data", type=FOLDER, required=False)
@click.option("--warnings/--no-warnings", default=True, help="List warnings too (the default).")
@click.option("--since", "name", metavar="VERSION|COMMIT", help="List only the warnings that are "
              "new since a published version, or since a commit of git.")
def check(data: Path | None, warnings: bool, name: str | None) -> None:
    """Validate the data folder DATA (the project's own by default).

    Prints every error, then every warning, as file:row:column: value: what is wrong, what was
    expected. Exits with 1 when there is an error.

    With --since, the rules of now are applied to the tables as git has them of that version or
    commit, and of the warnings only those are listed that are new, with the number of those that
    are resolved. A warning is known by its rule, column, value and the key of its row, not by its
    line.
    """
    from ..data import dataset

    if name is not None and not warnings:
        stop("--since lists new warnings, and --no-warnings none: choose one", 2)
    examined = dataset.examine(data, every_warning=name is not None)
    wrong = (print_problems(examined, warnings) if name is None or not examined.frames
             else _print_news(examined, name))
    if wrong:
        sys.exit(1)
    rows = sum(len(frame) for frame in examined.frames.values())
    click.echo(f"{rows} rows in {len(examined.frames)} files are valid")


def _print_news(examined, name: str) -> int:
    """Errors, and the warnings that are new since a version or commit; the number of errors."""
    from ..data.checks import counted
    from ..site.since import SinceError, since

    try:
        news = since(examined, name)
    except SinceError as error:
        stop(f"--since {name}: {error}", 2)
    wrong = print_problems(examined, warnings=False)
    for problem in news.new:
        click.echo(str(problem), err=True)
    click.echo(f"{counted(news.new, 'new warning')} since {name}, {news.resolved} resolved; "
               f"{news.total} in all", err=True)
    if news.errors:
        click.echo(f"The tables of {name} have {counted(news.errors, 'error')} by the rules of "
                   "now, so that some of these warnings may not be new. The first: "
                   f"{news.errors[0]}", err=True)
    return wrong


@click.command(name="describe")
@click.option("--data", type=FOLDER, help=DATA_HELP)
def describe(data: Path | None) -> None:
    """Write datapackage.json and codebook.csv of a data folder from the table declarations.

    The data package records the digest of each table: from then on an edit without an entry in
    changelog.csv gives the data another version. A changed table that no new line of changelog.csv
    names is refused.
    """
    from ..data.codebook import CodebookError
    from ..site import versioned as site

    sound = valid(data)
    try:
        files = site.described(sound)
    except (CodebookError, site.UndescribedError) as error:
        stop(f"{error}\nNothing was written.", 1)
    with ExitStack() as open_files:
        beside = {name: open_files.enter_context(replacing(sound.folder / name)) for name in files}
        for name, file in beside.items():
            file.write(files[name])
    click.echo(f"wrote {' and '.join(files)} in {sound.folder}")


@click.command()
@click.option("--data", "folders", type=FOLDER, multiple=True,
              help=f"{DATA_HELP} May be given several times.")
@click.option("--out", type=PathType(path_type=Path), default=Path("_build/results.json"),
              show_default=True, help="File to write; with several data folders a folder of files.")
@with_workers
@can_be_stopped
def results(folders: tuple[Path, ...], out: Path, jobs: int | None, scheduler: str | None) -> None:
    """Compute every analysis and write results.json.

    The same data give the same file to the last byte, wherever the work is done. Data with an
    error leave an earlier file untouched.

    With several data folders, --out is a folder with one file for each, named like it; those of an
    interrupted run are kept, and the next one computes what is missing.
    """
    workers = workers_of(jobs, scheduler)
    try:
        if len(folders) > 1:
            _results_of_folders(folders, out, workers)
        else:
            _results_of_one(folders[0] if folders else None, out, workers)
    except WorkersError as error:
        stop(str(error), 1)


def _results_of_one(data: Path | None, out: Path, workers: Workers) -> None:
    """Write the results of one data folder."""
    from ..review import review

    sound = valid(data)
    total = len(sound.records("analyses"))
    with replacing(out) as file:
        with click.progressbar(length=total, label=f"{total} analyses", file=sys.stderr) as bar:
            file.write(review(sound, lambda _: bar.update(1), run=workers.run,
                              with_files=workers.remote).text())
    say(f"wrote {out}")


def _results_of_folders(folders: tuple[Path, ...], out: Path, workers: Workers) -> None:
    """Write the results of several data folders; exit code 1 when one of them has errors."""
    from ..site import collection

    wrong = 0
    try:
        todo = collection.missing(folders, out)
        say(f"{len(folders)} data folders, {len(todo)} to compute")
        with click.progressbar(length=len(todo), label=f"{len(todo)} data folders",
                               file=sys.stderr) as bar:
            for folder, errors in collection.compute(todo, out, workers):
                bar.update(1)
                wrong += bool(errors)
                for error in errors:
                    click.echo(f"{folder}: {error}", err=True)
    except collection.NamesError as error:
        stop(str(error), 2)
    except OSError as error:
        stop(f"cannot read or write {error.filename}: {error.strerror}", 2)
    say(f"wrote the results of {len(folders) - wrong} data folders in {out}")
    if wrong:
        stop(f"{wrong} of {len(folders)} data folders have errors: nothing was written for them",
              1)


@click.command()
@click.argument("old")
@click.argument("new")
@click.option("--data", type=FOLDER, help="Data folder of `current`; the project's own where it "
              "is left out.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(old: str, new: str, data: Path | None, as_json: bool) -> None:
    """Say what changed from OLD to NEW, and why, for each analysis.

    OLD and NEW are published versions, files of results, or `current`: the results of the data as
    they are. Each estimate's change is divided by cause; the parts sum to the whole.
    """
    import json

    from ..data import dataset, versions
    from ..render.engine import render
    from ..review import review, rounded
    from ..review.changes import changes, wrong
    from ..view.changes import changed

    if data and versions.CURRENT not in (old, new):
        stop("--data is the folder of `current`, and neither OLD nor NEW is current", 2)

    def read(name: str) -> dict:
        if name == versions.CURRENT:
            return rounded(review(valid(data)).document)
        if Path(name).is_dir():
            stop(f"{name} is a folder: for the results of its data say "
                 f"{versions.CURRENT} --data {name}", 2)
        if name not in versions.published() and not Path(name).is_file():
            known = ", ".join(versions.published()) or "none"
            stop(f"{name} is no file of results, no published version ({known}) and not "
                 f"`{versions.CURRENT}`", 2)
        found = (versions.document(Path(name), here.names) if Path(name).is_file()
                 else versions.results(name, here.names))
        if place := wrong(found):
            stop(f"{name} is no results.json that can be compared: {place}", 2)
        return found

    here = dataset.examine(data)
    wrong_here = any(p.level == "error" for p in here.problems)  # then no names of trials
    try:
        found = changes(read(old), read(new))
    except versions.VersionError as error:
        stop(str(error), 2)
    except (ValueError, ArithmeticError) as error:  # no pool of the trials, or another estimate
        stop(f"the two cannot be compared: {error}", 1)
    click.echo(json.dumps(found, default=asdict, ensure_ascii=False, indent=1) if as_json
               else render(changed(None if wrong_here else here, found), form="txt"))


ALL = (check, describe, results, diff)
