"""The command that makes one collection of the analyses of several reviews."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import FILE, PathType, replacing, say, stop

_SAID = {"same": "as published", "interval-differs": "with another interval than published",
         "differs": "other than published", "not-published": "of which the file holds no estimate",
         "not-pooled": "that cannot be pooled"}
_LISTED = ("differs", "interval-differs", "not-pooled")


@click.command()
@click.argument("files", nargs=-1, required=True,
                type=PathType(path_type=Path, exists=True))
@click.option("--out", type=FILE, help="CSV file to write: a row for each analysis and subgroup.")
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
@can_be_stopped
def collect(files: tuple[Path, ...], out: Path | None, as_json: bool) -> None:
    """Pool every analysis of several Cochrane reviews again, as one collection.

    FILES are data packages of reviews (.zip, or folders) and reviews of RevMan 5 (.rm5). Every
    analysis, and every subgroup of one, is pooled by the method, model and interval that its review
    states, and compared with the estimate that the file holds: same, where estimate and interval
    agree to a thousandth of the interval's width. Analyses that cannot be pooled, rows that are in
    no pool and rows that belong to no analysis are listed with the reason.

    A file that cannot be read stops all: exit code 1, and nothing is written.
    """
    from ..intake import IntakeError, reviews

    if out and not out.parent.is_dir():
        stop(f"cannot write {out}: there is no folder {out.parent}", 2)
    with replacing(out) if out else nullcontext() as table:
        try:
            packages = reviews.read(files)
        except IntakeError as error:
            stop("\n".join([*error.problems, "Nothing was pooled."]), 1)
        except OSError as error:
            stop(f"cannot read {error.filename}: {error.strerror}", 2)
        total = sum(len(one.settings.records) for one in packages.values())
        with click.progressbar(length=total, label="pooling", file=sys.stderr) as bar:
            found = reviews.collect(packages, lambda: bar.update(1))
        if table:
            writer = csv.DictWriter(table, reviews.COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(one.flat() for one in found.analyses)
    if as_json:
        say(found.as_json().rstrip("\n"))
    else:
        _tell(found)
    for line in found.not_placed:
        click.echo(f"not placed: {line}", err=True)
    if out:
        click.echo(f"wrote {out}", err=True)


def _tell(found) -> None:
    """The collection in lines: of each review what came of it, and what is not as published."""
    for file, review in found.reviews.items():
        own = [one for one in found.analyses if one.file == file]
        counted = Counter(one.verdict for one in own)
        counts = f"{len(own)} analyses and subgroups" if len(own) != 1 else "1 analysis"
        say(f"{review} ({file}): {counts}, " + ", ".join(
            f"{counted[verdict]} {said}" for verdict, said in _SAID.items() if counted[verdict]))
        for one in own:
            if one.verdict in _LISTED:
                say(f"  {_name(one)}: {_numbers(one)}")


def _name(one) -> str:
    part = f", {one.subgroup}" if one.subgroup else ""
    return f"{one.analysis} {one.outcome}{part}"


def _numbers(one) -> str:
    """What is not as published, in numbers or by the reason."""
    if one.ours is None:
        return one.why
    ours, theirs = (f"{x.estimate:.4g} ({x.ci_low:.4g} to {x.ci_high:.4g})"
                    for x in (one.ours, one.published))
    return f"published {theirs}, pooled here {ours}, {one.model}, {one.k} trials"


ALL = (collect,)
