"""The command line: ``python -m livingreview``.

Exit codes: 0 done, 1 the data or the result is wrong, 2 the call is wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


class _Path(click.Path):
    """A path that is stated: an empty one would be the working directory."""

    def convert(self, value, param, ctx):
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _Path(path_type=Path, file_okay=False)
FILE = _Path(path_type=Path, dir_okay=False)
ROOT = Path(__file__).resolve().parent.parent
_DATA_HELP = "Data folder; the project's own where it is left out."


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livingreview")
def main() -> None:
    """A living systematic review: check the data, compute the results, build the book."""


def _print_problems(dataset, warnings: bool) -> int:
    """Errors (and warnings) to stderr, one a line, with a count; the number of errors."""
    from .checks import counted

    errors = [p for p in dataset.problems if p.level == "error"]
    for level, problems in (("error", errors), ("warning", dataset.warnings)):
        if level == "warning" and not warnings:
            continue
        for problem in problems:
            click.echo(str(problem), err=True)
        click.echo(counted(problems, level), err=True)
    return len(errors)


def _stop(message: str, code: int) -> None:
    """End with one line on stderr."""
    click.echo(message, err=True)
    sys.exit(code)


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` when the block ends well.

    It is opened when the block begins, so that a place that cannot be written is known before
    anything is computed.
    """
    path = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if path.exists() and not path.is_file():
            _stop(f"cannot write {path}: it is no ordinary file", 2)
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("x", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        _stop(f"cannot write {path}: {error.strerror}", 2)
    finally:
        if os.access(beside, os.F_OK):
            beside.unlink()


def _valid(data: Path | None):
    """The data folder, or its errors and exit code 1."""
    from . import dataset

    examined = dataset.examine(data)
    if any(p.level == "error" for p in examined.problems):
        _print_problems(examined, warnings=False)
        click.echo("Nothing was written.", err=True)
        sys.exit(1)
    return examined


@main.command()
@click.argument("data", type=FOLDER, required=False)
@click.option("--warnings/--no-warnings", default=True, help="List warnings too (the default).")
def check(data: Path | None, warnings: bool) -> None:
    """Validate the data folder DATA (the project's own by default).

    Prints every error, then every warning, as file:row:column: value: what is wrong, what was
    expected. Exits with 1 when there is an error.
    """
    from . import dataset

    examined = dataset.examine(data)
    if _print_problems(examined, warnings):
        sys.exit(1)
    rows = sum(len(frame) for frame in examined.frames.values())
    click.echo(f"{rows} rows in {len(examined.frames)} files are valid")


@main.command()
@click.option("--data", type=FOLDER, help=_DATA_HELP)
@click.option("--out", type=FILE, default=Path("_build/results.json"), show_default=True,
              help="File to write.")
def results(data: Path | None, out: Path) -> None:
    """Compute every analysis and write results.json.

    The same data give the same file to the last byte. Data with an error leave an earlier file
    untouched.
    """
    from .review import dumps, review

    valid = _valid(data)
    total = len(valid.records("analyses"))
    with _replacing(out) as file:
        with click.progressbar(length=total, label=f"{total} analyses", file=sys.stderr) as bar:
            file.write(dumps(review(valid, lambda _: bar.update(1)).document))
    click.echo(f"wrote {out}")


@main.command()
@click.option("--data", type=FOLDER, help=_DATA_HELP)
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "html",
              help="Folder of the site; _build/html where it is left out.")
def build(data: Path | None, out: Path) -> None:
    """Build the book: validate, execute every page, write the site, then swap it in.

    A build that fails leaves the site that was built before untouched. A folder that holds
    anything else than such a site is not replaced.
    """
    from .checks import counted
    from .publish import build as gated

    if not (ROOT / "_config.yml").is_file():
        _stop("the book's _config.yml is not beside the package: build from a clone of the "
              "repository", 2)
    try:
        gated.site_folder(ROOT, out, data)
        click.echo("validating the data")
        valid = _valid(data)
        click.echo(f"no error, {counted(valid.warnings, 'warning')} "
                   "(listed on the data-quality page)")
        start = gated.build(ROOT, out, data, click.echo)
    except gated.BuildError as error:
        _stop(str(error), error.exit_code)
    click.echo(f"the site is at {start}")


@main.command(name="describe")
@click.option("--data", type=FOLDER, help=_DATA_HELP)
def describe(data: Path | None) -> None:
    """Write datapackage.json and codebook.csv of a data folder from the table declarations."""
    from .publish import site

    valid = _valid(data)
    with (_replacing(valid.folder / "datapackage.json") as package,
          _replacing(valid.folder / "codebook.csv") as codebook):
        package.write(site.datapackage_json(valid))
        codebook.write(site.codebook_text())
    click.echo(f"wrote datapackage.json and codebook.csv in {valid.folder}")


if __name__ == "__main__":
    main(prog_name="python -m livingreview")
