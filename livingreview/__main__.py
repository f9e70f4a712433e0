"""The command line: ``python -m livingreview``.

Exit codes: 0 done, 1 the data or the result is wrong, 2 the call is wrong.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, nullcontext
from pathlib import Path

import click

from . import commands
from .console import (
    DATA_HELP,
    FILE,
    FOLDER,
    ROOT,
    PathType,
    print_problems,
    replacing,
    say,
    stop,
    valid,
    with_workers,
    workers_of,
)
from .publish.workers import Workers, WorkersError
from .stopping import can_be_stopped

_LAST_EPOCH = 253402300799  # the last second of the year 9999


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livingreview")
def main() -> None:
    """A living systematic review: check the data, compute the results, build the book."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "0")  # numpy and sphinx read it too
    if not (epoch.isdecimal() and int(epoch) <= _LAST_EPOCH):
        stop(f"SOURCE_DATE_EPOCH={epoch}: expected seconds since 1970, a whole number", 2)


@main.command()
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
    from . import dataset

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
    from .checks import counted
    from .publish.since import SinceError, since

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


@main.command()
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
    from .review import dumps, review

    sound = valid(data)
    total = len(sound.records("analyses"))
    with replacing(out) as file:
        with click.progressbar(length=total, label=f"{total} analyses", file=sys.stderr) as bar:
            file.write(dumps(review(sound, lambda _: bar.update(1), run=workers.run,
                                    with_files=workers.remote).document))
    say(f"wrote {out}")


def _results_of_folders(folders: tuple[Path, ...], out: Path, workers: Workers) -> None:
    """Write the results of several data folders; exit code 1 when one of them has errors."""
    from .publish import collection

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


@main.command()
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "html",
              help="Folder of the site; _build/html where it is left out.")
@with_workers
@can_be_stopped
def build(data: Path | None, out: Path, jobs: int | None, scheduler: str | None) -> None:
    """Build the book: validate, execute every page, write the site, then swap it in.

    A build that fails leaves the site that was built before untouched. A folder that holds
    anything else than such a site is not replaced.
    """
    from .checks import counted
    from .publish import build as gated

    if not (ROOT / "_config.yml").is_file():
        stop("the book's _config.yml is not beside the package: build from a clone of the "
              "repository", 2)
    workers = workers_of(jobs, scheduler)
    try:
        gated.site_folder(ROOT, out, data)
        say("validating the data")
        sound = valid(data)
        say(f"no error, {counted(sound.warnings, 'warning')} "
            "(listed on the data-quality page)")
        start = gated.build(ROOT, out, data, say, workers)
    except gated.BuildError as error:
        stop(str(error), error.exit_code)
    say(f"the site is at {start}")


@main.command()
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

    from . import versions
    from .display.changes import as_text
    from .review import review, rounded
    from .review.changes import changes, wrong

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
        found = (versions.document(Path(name)) if Path(name).is_file()
                 else versions.results(name))
        if place := wrong(found):
            stop(f"{name} is no results.json that can be compared: {place}", 2)
        return found

    try:
        found = changes(read(old), read(new))
    except versions.VersionError as error:
        stop(str(error), 2)
    except (ValueError, ArithmeticError) as error:  # no pool of the trials, or another estimate
        stop(f"the two cannot be compared: {error}", 1)
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if as_json
               else as_text(found, _sound(data)), nl=as_json)


def _sound(data: Path | None):
    """A data folder for the names of its trials; nothing where it has an error."""
    from . import dataset

    try:
        return dataset.load(data)
    except dataset.DataError:
        return None


@main.command()
@click.argument("version")
@click.option("--checks", default="make test", show_default=True,
              help="Command that must succeed first.")
@click.option("--again", is_flag=True,
              help="Publish it although nothing has changed since the last version.")
@can_be_stopped
def release(version: str, checks: str, again: bool) -> None:
    """Prepare VERSION for publication: a year, a month and a number, such as 2026.11.0.

    Needs a clean tree and green checks. Writes the results and their manifest to releases/, the
    entry of the changelog, and the metadata of citation and archives; prints the commands that
    commit and tag it. A published version never changes, and one in which nothing differs from the
    last one is made only with --again.
    """
    from .publish.release import ReleaseError, prepare
    from .review.changes import DifferentError
    from .versions import VersionError

    try:
        commands = prepare(ROOT, version, valid(ROOT / "data"), checks,
                           lambda said: click.echo(said, err=True), Workers(), again)
    except ReleaseError as error:
        stop(str(error), error.exit_code)
    except (VersionError, DifferentError) as error:
        stop(f"the version before cannot be compared: {error}", 1)
    for command in commands:
        say(command)


@main.command(name="site-version")
@click.argument("version")
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "versions",
              help="Folder of all versions; _build/versions where it is left out.")
@can_be_stopped
def site_version(version: str, out: Path) -> None:
    """Build the site of the tagged VERSION, with an archive and its checksum."""
    from .publish import archive
    from .publish.release import ReleaseError

    try:
        archive.site_version(ROOT, version, out, say)
    except ReleaseError as error:
        stop(str(error), error.exit_code)
    except OSError as error:
        stop(f"cannot write {out}: {error.strerror}", 2)


@main.command(name="site-index")
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "versions",
              help="Folder of all versions; _build/versions where it is left out.")
def site_index(out: Path) -> None:
    """Write the list of the versions that stand side by side in a folder."""
    from .publish import archive

    try:
        archive.index(out)
    except OSError as error:
        stop(f"cannot write {out}: {error.strerror}", 2)


@main.command(name="describe")
@click.option("--data", type=FOLDER, help=DATA_HELP)
def describe(data: Path | None) -> None:
    """Write datapackage.json and codebook.csv of a data folder from the table declarations.

    The data package records the digest of each table: from then on an edit without an entry in
    changelog.csv gives the data another version. A changed table that no new line of changelog.csv
    names is refused.
    """
    from .publish import site

    sound = valid(data)
    try:
        files = site.described(sound)
    except site.UndescribedError as error:
        stop(f"{error}\nNothing was written.", 1)
    with ExitStack() as open_files:
        beside = {name: open_files.enter_context(replacing(sound.folder / name)) for name in files}
        for name, file in beside.items():
            file.write(files[name])
    click.echo(f"wrote {' and '.join(files)} in {sound.folder}")


@main.command(name="pool")
@click.argument("file", type=FILE)
@click.option("--measure", required=True, help="Effect measure; GEN takes effects as they are.",
              type=click.Choice(["MD", "SMD", "ROM", "RR", "OR", "RD", "PETO", "GEN"]))
@click.option("--method", help="Estimator of tau² (REML where it is left out, PETO for the measure "
              "PETO), Mantel-Haenszel, Peto's pool, or the common effect.",
              type=click.Choice(["REML", "DL", "PM", "ML", "HE", "SJ", "EB", "HS", "MH", "PETO",
                                 "common"]))
@click.option("--ci", type=click.Choice(["hksj-guard", "hksj", "t", "z"]),
              help="Interval: hksj-guard for random effects, z elsewhere, where it is left out.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Of all intervals.")
@click.option("--moderator", "moderators", multiple=True, metavar="NAME",
              help="Column for a meta-regression, numbers or words; may be given several times.")
@click.option("--subgroup", metavar="NAME", help="Column that divides the trials.")
@click.option("--zero-cells", type=click.Choice(["only", "all", "none"]),
              help="Tables to which 0.5 is added: those with an empty cell (only), all or none.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with the keys of results.json.")
@click.option("--forest", type=FILE, help="Draw a forest plot to this .svg or .html file.")
def pool_file(file: Path, as_json: bool, forest: Path | None, **chosen) -> None:
    """Pool the trials of FILE, a CSV file with one trial in each row.

    Columns, all others being free: study (optional), and m1, sd1, n1, m2, sd2, n2 for MD, SMD and
    ROM, or e1, n1, e2, n2 for RR, OR, RD and PETO, or yi and vi (or se) for any measure, ratios as
    natural logarithms there. Arm 1 is the treated one. An empty cell means "not stated": its trial
    is left out, with the reason. Exits with 1 when a row is wrong.
    """
    from . import poolfile
    from .display import poolview

    try:
        question = poolfile.Question(**chosen)
        kind = poolview.drawing(forest) if forest else None
    except poolfile.CallError as error:
        stop(str(error), 2)
    with replacing(forest) if forest else nullcontext() as drawing:
        try:
            result = poolfile.pool(file, question)
        except poolfile.DataError as error:
            stop(f"{error}\nNothing was computed.", 1)
        if drawing:
            drawing.write(poolview.forest(result, kind))
    click.echo(poolfile.as_json(result) if as_json else poolview.as_text(result), nl=False)
    if forest:
        click.echo(f"wrote {forest}", err=True)


for _command in commands.ALL:
    main.add_command(_command)


if __name__ == "__main__":
    main(prog_name="python -m livingreview")
