"""The command line: ``python -m livingreview``.

Exit codes: 0 done, 1 the data or the result is wrong, 2 the call is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="livingreview")
def main() -> None:
    """A living systematic review: check the data, compute the results, build the book."""


def _print_problems(dataset, warnings: bool) -> int:
    """Errors (and warnings) to stderr, one a line, with a count; the number of errors."""
    errors = [p for p in dataset.problems if p.level == "error"]
    for level, problems in (("error", errors), ("warning", dataset.warnings)):
        if level == "warning" and not warnings:
            continue
        for problem in problems:
            click.echo(f"{problem}", err=True)
        noun = level if len(problems) == 1 else f"{level}s"
        click.echo(f"{len(problems)} {noun}", err=True)
    return len(errors)


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


if __name__ == "__main__":
    main(prog_name="python -m livingreview")
