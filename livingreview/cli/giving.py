"""The command that writes files for other programs."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import click

from ..site.stopping import can_be_stopped
from .console import DATA_HELP, FOLDER, stop, valid

KINDS = ("revman", "metafor", "sof", "robvis")


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice(KINDS), metavar="[KIND]...")
@click.option("--data", type=FOLDER, help=DATA_HELP)
@click.option("--indication", "indications", multiple=True,
              help="This one alone; may be given several times.")
@click.option("--out", type=FOLDER, required=True, help="Folder to write in.")
@can_be_stopped
def export(kinds: tuple[str, ...], data: Path | None, indications: tuple[str, ...], out: Path
           ) -> None:
    """Write a review as files of other programs, a folder for each indication.

    \b
    KIND is one or several of these; all where it is left out:
      revman    the comparisons as a data package of RevMan (.zip), which
                `import` and `collect` take as well
      metafor   each analysis as a table with metafor's columns, and an R script
                that prints its estimate, interval, tau² and I²
      sof       the summary of findings in GRADE's columns, as CSV, as a page of
                HTML and as a document of Word, in each language
      robvis    judgements of risk of bias by tool, wide and long

    The same files are downloads of the built site, below exports/.
    """
    from ..intake.files import put
    from ..review import Review
    from ..site import exports
    from ..view.figure import Figures

    sound = valid(data)
    unknown = [name for name in indications if name not in sound.indications]
    if unknown:
        stop(f"{', '.join(unknown)}: expected one of {', '.join(sound.indications)}", 2)
    figures, files = Figures(Review.by_need(sound)), {}
    chosen = list(dict.fromkeys(indications or sound.indications))
    with click.progressbar(chosen, label="indications", file=sys.stderr) as bar:
        for indication in bar:
            files |= {str(PurePosixPath(address).relative_to(exports.ROOT)): content
                      for address, content in exports.files(figures, indication, kinds)}
    if not files:
        stop("there is nothing to write: no analysis has an effect, and no study is judged", 1)
    try:
        put(out, files)
    except OSError as error:
        stop(f"cannot write {error.filename}: {error.strerror}; nothing was written", 2)
    for indication in chosen:
        count = sum(name.startswith(f"{indication}/") for name in files)
        click.echo(f"{out / indication}: {count} file{'s' * (count != 1)}" if count else
                   f"{indication}: nothing to write")


ALL = (export,)
