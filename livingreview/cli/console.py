"""What the commands of the command line share: paths, errors, workers and files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from ..data.project import project_folder
from ..site import places, stopping
from ..site.workers import JOBS, SCHEDULER, Workers, address


class PathType(click.Path):
    """A path that is stated: an empty one would be the working directory."""

    def convert(self, value, param, ctx):
        if value == "":
            self.fail("the path is empty", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = PathType(path_type=Path, file_okay=False)
FILE = PathType(path_type=Path, dir_okay=False)
ROOT = project_folder()
DATA_HELP = "Data folder; the project's own where it is left out."


class _Address(click.ParamType):
    """The address of a dask scheduler."""

    name = "address"

    def convert(self, value, param, ctx):
        try:
            return address(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def with_workers(command):
    """Options of a command that say where its work is done."""
    command = click.option("--scheduler", type=_Address(), metavar="ADDRESS", envvar=SCHEDULER,
                           help="Work on the dask cluster at this address, such as "
                           "tcp://host:8786, whose workers have the same package.")(command)
    return click.option("--jobs", type=click.IntRange(min=1), metavar="N", envvar=JOBS,
                        help="Processes on this machine; all cores where it is left out.")(command)


def workers_of(jobs: int | None, scheduler: str | None) -> Workers:
    """Where the work is done."""
    if jobs and scheduler:
        stop("--jobs is of this machine and --scheduler of a cluster: choose one", 2)
    return Workers(jobs, scheduler)


def print_problems(dataset, warnings: bool) -> int:
    """Errors (and warnings) to stderr, one a line, with a count; the number of errors."""
    from ..data.checks import counted

    errors = [p for p in dataset.problems if p.level == "error"]
    for level, problems in (("error", errors), ("warning", dataset.warnings)):
        if level == "warning" and not warnings:
            continue
        for problem in problems:
            click.echo(str(problem), err=True)
        click.echo(counted(problems, level), err=True)
    return len(errors)


class Progress:
    """A line on a terminal that says how far a command is; nothing elsewhere.

    Parameters
    ----------
    what : str
        What is counted.
    """

    def __init__(self, what: str):
        self._what = what
        self._width = 0 if sys.stderr.isatty() else None

    def __call__(self, name: str, number: int) -> None:
        if self._width is None:
            return
        text = f"{name}: {self._what} {number}"
        click.echo("\r" + text.ljust(self._width), nl=False, err=True)
        self._width = len(text)

    def end(self) -> None:
        """Clear the line."""
        if self._width:
            click.echo("\r" + " " * self._width + "\r", nl=False, err=True)


def stop(message: str, code: int) -> None:
    """End with one line on stderr."""
    click.echo(message, err=True)
    sys.exit(code)


def say(message: str) -> None:
    """Print a line; a command whose output nobody reads any more is stopped."""
    try:
        click.echo(message)
    except BrokenPipeError as error:
        stopping.lost(error)


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path` when the block ends well; else one line says why not.

    A place that cannot be written is known when the block begins.
    """
    try:
        if path.exists() and not path.is_file():
            stop(f"cannot write {path}: it is no ordinary file", 2)
        with places.replacing(path) as file:
            yield file
    except BrokenPipeError:  # of the output of the command
        raise
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror}", 2)


def valid(data: Path | None):
    """The data folder, or its errors and exit code 1."""
    from ..data import dataset

    examined = dataset.examine(data)
    if any(p.level == "error" for p in examined.problems):
        print_problems(examined, warnings=False)
        click.echo("Nothing was written.", err=True)
        sys.exit(1)
    return examined
