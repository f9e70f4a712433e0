"""Measures of ranking and of the finding of duplicates, on sets whose answer is known."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ..site.stopping import can_be_stopped
from .console import FILE, PathType, replacing, say, stop

_SETS = PathType(path_type=Path, file_okay=False, exists=True)
THERE = PathType(path_type=Path, dir_okay=False, exists=True)
_SEEDS = 3
_SEED = 1


@click.command()
@click.argument("folder", type=_SETS)
@click.option("--seeds", type=click.IntRange(min=1), default=_SEEDS, show_default=True,
              help="Runs of each set, with the seeds 1 to N.")
@click.option("--beside", type=THERE, help="Runs of another tool, as bench/asreview_runs.py "
              "writes them; they are measured in the same way.")
@click.option("--out", type=FILE, help="CSV file of each set and of their mean to write as well.")
@click.option("--in-time-out", type=FILE, help="CSV file of the sets in the order of time.")
@can_be_stopped
def screening(folder: Path, seeds: int, beside: Path | None, out: Path | None,
              in_time_out: Path | None) -> None:
    """How early the ranking shows what a review included, on the labelled sets of FOLDER.

    FOLDER holds sets as NAME.csv.gz with the columns title, abstract, year and label_included. A
    run begins with one included and one excluded record, which are not counted, and learns again
    after each record that is read, or each five in sets of 1,000 and more. WSS@95 is the share of
    records that need not be read for 95% of the included ones, less 0.05.

    In the order of time, what is earlier is decided and the late years, with a fifth of the
    included records, are ranked once, as in a month of a living review: the share of them to be
    read for 95% of what they hold.
    """
    from ..surveillance import benchmarks
    from ..surveillance.labelled import LabelledError, all_labelled

    try:
        sets = all_labelled(folder)
        runs = list(benchmarks.runs_of(beside)) if beside else []
        in_time = []
        with click.progressbar(length=len(sets) * seeds, label=f"{len(sets)} sets",
                               file=sys.stderr) as bar:
            for one in sets:
                for run in benchmarks.screened(one, range(1, seeds + 1)):
                    runs.append(run)
                    bar.update(1)
                in_time.append((one.name, benchmarks.in_time(one, _SEED)))
    except LabelledError as error:
        stop("\n".join([*error.problems, "Nothing was measured."]), 1)
    rows = benchmarks.screening_rows(runs)
    say(f"{'tool':<13}{'set':<20}WSS@95  recall at 10%  last found  seeds")
    for row in rows:
        say(f"{row.tool:<13}{row.set:<20}{row.wss95:6.3f}  {row.recall10:13.3f}  "
            f"{row.last_found:10.3f}  {row.seeds}")
    for line in benchmarks.compared(rows):
        say(line)
    late = [row for _, row in in_time if row]
    say("\nin the order of time: share of the new records to be read for 95% of the included ones")
    for name, row in in_time:
        say(f"{name:<20}{row.read95:.3f}, {row.new_included} of {row.new} records from "
            f"{row.from_year}" if row else f"{name:<20}not measured: the early years hold no "
            "included or no excluded record")
    _write(out, rows, benchmarks.ScreeningRow)
    _write(in_time_out, late, benchmarks.InTimeRow)


@click.command()
@click.argument("file", type=THERE)
@click.option("--sets", type=_SETS, help="Folder of labelled sets (as `bench screening` takes) of "
              "which a second set is made by known changes.")
@click.option("--seed", type=int, default=_SEED, show_default=True, help="Of the second set.")
@click.option("--out", type=FILE, help="CSV file to write as well.")
@can_be_stopped
def dedupe(file: Path, sets: Path | None, seed: int, out: Path | None) -> None:
    """How many duplicates are found, and how many reports lost, in a set that is labelled.

    FILE has the columns of ASySD's test set: author, title, year, journal, doi, pages, volume,
    record_id and source, which is unique for one record of each report, else duplicate. The tier
    `certain` is what is merged silently; a person decides on what is proposed.
    """
    from ..surveillance import benchmarks, link, perturbing
    from ..surveillance.labelled import ENDING, LabelledError, all_labelled

    try:
        name = f"{file.absolute().parent.name}/{file.name.removesuffix(ENDING)}"
        known = [(name, *benchmarks.references(file))]
        if sets:
            known.append((f"{sets.absolute().name}-perturbed-{seed}",
                          *perturbing.perturbed(all_labelled(sets), seed)))
    except LabelledError as error:
        stop("\n".join([*error.problems, "Nothing was measured."]), 1)
    rows = [row for one in known for row in benchmarks.deduplicated(*one)]
    for row in rows:
        tier = "certain" if row.tier == link.CERTAIN else "certain and proposed"
        say(f"{row.set}, {tier}: {row.missed} of {row.duplicates} duplicates missed, "
            f"{row.wrong} of {row.reports} reports lost"
            + ("" if row.mixed is None else f", {row.mixed} clusters of two reports")
            + f"; sensitivity {row.sensitivity:.4f}, "
            f"specificity {row.specificity:.4f}")
    _write(out, rows, benchmarks.DeduplicationRow)


def _write(out: Path | None, rows, kind: type) -> None:
    from ..surveillance.benchmarks import written

    if out:
        with replacing(out) as file:
            file.write(written(rows, kind))
        click.echo(f"wrote {out}")


ALL = (screening, dedupe)
