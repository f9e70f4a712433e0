"""The command that pools a file of any review."""

from __future__ import annotations

from contextlib import nullcontext
from functools import wraps
from pathlib import Path

import click

from .console import (
    FILE,
    replacing,
    stop,
)


def with_reading(command):
    """Options of a command that say how its file is to be read."""
    @wraps(command)
    def read(columns, strict, separator, decimal, sheet, treated, **others):
        return command(how={"columns": columns, "strict": strict, "separator": separator,
                            "decimal": decimal, "sheet": sheet, "treated": treated}, **others)

    for option in (
            click.option("--treated", metavar="NAME", help="Of a file with a row for each arm: the "
                         "arm that is treated."),
            click.option("--sheet", metavar="NAME", help="Sheet of a workbook, or object of a file "
                         "with several."),
            click.option("--decimal", type=click.Choice(["point", "comma"]),
                         help="Mark of decimals, where the cells do not show it."),
            click.option("--separator", type=click.Choice(["comma", "semicolon", "tab", "bar"]),
                         help="What divides the fields of a text file, where it does not show."),
            click.option("--strict", is_flag=True, help="Refuse a file with a row that no effect "
                         "can be computed from, instead of leaving the row out."),
            click.option("--column", "columns", multiple=True, metavar="NAME=HEADER",
                         help="Our name of a column of the file, as m1=Mean_T; several times.")):
        read = option(read)
    return read


@click.command(name="pool")
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
@with_reading
def pool_file(file: Path, as_json: bool, forest: Path | None, how: dict, **chosen) -> None:
    """Pool the trials of FILE, a CSV file with one trial in each row.

    Columns, all others being free: study (optional), and m1, sd1, n1, m2, sd2, n2 for MD, SMD and
    ROM, or e1, n1, e2, n2 for RR, OR, RD and PETO, or yi and vi (or se) for any measure, ratios as
    natural logarithms there. Arm 1 is the treated one. An empty cell means "not stated": its trial
    is left out, with the reason. Exits with 1 when a row is wrong.
    """
    from ..intake import poolfile
    from ..render.engine import render

    try:
        question, reading = poolfile.Question(**chosen), poolfile.Reading(**how)
        kind = poolfile.drawing(forest) if forest else None
    except poolfile.CallError as error:
        stop(str(error), 2)
    with replacing(forest) if forest else nullcontext() as drawing:
        try:
            result = poolfile.pool(file, question, reading)
        except poolfile.DataError as error:
            stop(f"{error}\nNothing was computed.", 1)
        if drawing:
            drawing.write(f"{render(poolfile.shown(result), form=kind)}\n")
    click.echo(poolfile.as_json(result) if as_json
               else f"{render(poolfile.shown(result), form='txt')}\n", nl=False)
    if forest:
        click.echo(f"wrote {forest}", err=True)


ALL = (pool_file,)
