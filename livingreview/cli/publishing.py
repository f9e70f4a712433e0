"""Commands that build the site and publish versions of it."""

from __future__ import annotations

from pathlib import Path

import click

from ..render.languages import SOURCE
from ..render.languages import language as known_language
from ..site.stopping import can_be_stopped
from ..site.workers import Workers
from .console import (
    DATA_HELP,
    FOLDER,
    ROOT,
    say,
    stop,
    valid,
    with_workers,
    workers_of,
)


@click.command()
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
    from ..data.checks import counted
    from ..site import build as gated

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


@click.command()
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
    from ..data.versions import VersionError
    from ..review.changes import DifferentError
    from ..site.release import ReleaseError, prepare

    try:
        commands = prepare(ROOT, version, valid(ROOT / "data"), checks,
                           lambda said: click.echo(said, err=True), Workers(), again)
    except ReleaseError as error:
        stop(str(error), error.exit_code)
    except (VersionError, DifferentError) as error:
        stop(f"the version before cannot be compared: {error}", 1)
    for command in commands:
        say(command)


@click.command(name="site-version")
@click.argument("version")
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "versions",
              help="Folder of all versions; _build/versions where it is left out.")
@click.option("--without-pdf", is_flag=True,
              help="Leave the PDF files out of the archive; they need Chromium.")
@can_be_stopped
def site_version(version: str, out: Path, without_pdf: bool) -> None:
    """Build the site of the tagged VERSION, with an archive and its checksum.

    The archive holds the site, the source, and the version on paper: each chapter and the book as
    PDF files.
    """
    from ..site import archive
    from ..site.release import ReleaseError

    try:
        archive.site_version(ROOT, version, out, say, not without_pdf)
    except ReleaseError as error:
        stop(str(error), error.exit_code)
    except OSError as error:
        stop(f"cannot write {out}: {error.strerror}", 2)


@click.command(name="site-index")
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "versions",
              help="Folder of all versions; _build/versions where it is left out.")
def site_index(out: Path) -> None:
    """Write the list of the versions that stand side by side in a folder."""
    from ..site import archive

    try:
        archive.index(out)
    except OSError as error:
        stop(f"cannot write {out}: {error.strerror}", 2)


@click.command()
@click.option("--chapter", metavar="NAME", default="",
              help="Only the chapter of this indication, and not the book.")
@click.option("--language", metavar="CODE", default=SOURCE, show_default=True,
              help="Of the pages; those of another language than the first stand in a folder below "
              "the site.")
@click.option("--site", type=FOLDER, default=ROOT / "_build" / "html",
              help="Folder of the built site; _build/html where it is left out.")
@click.option("--out", type=FOLDER, default=ROOT / "_build" / "pdf",
              help="Folder of the files; _build/pdf where it is left out.")
@can_be_stopped
def pdf(chapter: str, language: str, site: Path, out: Path) -> None:
    """Print the built site: each chapter in short as a PDF file, and the whole book.

    Chromium prints the pages; each file has a cover, contents with page numbers, a running head
    and bookmarks. Pages of single trials and analyses stay on the screen.
    """
    from ..site.pdf import write
    from ..site.press import PdfError

    below = () if language == SOURCE else (known_language(language).key,)
    try:
        write(site.joinpath(*below), out.joinpath(*below), say, chapter)
    except PdfError as error:
        stop(str(error), error.exit_code)
    except OSError as error:
        stop(f"cannot read {site} or write {out}: {error.strerror}", 2)


ALL = (build, release, site_version, site_index, pdf)
