"""The gated build: a new site takes the place of the old one only when all of it is right."""

from __future__ import annotations

import glob
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.phrases import phrases
from ..data.project import default_folder
from . import last, stopping
from .places import made, publish
from .workers import Workers

ALL_CORES = Workers()
MARK = ".livingreview-site"
_ASIDE = "-before"  # ends the name of a site that a new one is about to replace
_WORDS = phrases(__package__, "words.csv")
_ONLY_DATA = "half a minute: only data have changed since the last one"
_UNTOUCHED = "the site that was built before is untouched"


class BuildError(Exception):
    """The build failed; the site built before is untouched."""

    exit_code = 1


class Refused(BuildError):
    """The site cannot or must not be written there; nothing was built."""

    exit_code = 2


def _holds(folder: Path, other: Path) -> bool:
    """Whether `other` is `folder` or lies inside it."""
    return other == folder or folder in other.parents


def _ours(out: Path, root: Path) -> bool:
    """Whether a folder may be replaced: it is new, empty, or a site that was built here."""
    return (not out.exists() or (out / MARK).is_file() or not any(out.iterdir())
            or out == root / "_build" / "html")


def site_folder(root: Path, out: Path, data: Path | None = None) -> Path:
    """The folder that a build may replace.

    Parameters
    ----------
    root : Path
        Folder of the project.
    out : Path
        Folder that was asked for.
    data : Path, optional
        Data folder, the default one where it is left out.

    Returns
    -------
    Path
        `out`, absolute and without links.

    Raises
    ------
    Refused
        When what is there is not a site that was built before.
    """
    # realpath, unlike resolve, takes links that go in a circle
    out, root, data = (Path(os.path.realpath(p)) for p in (out, root, data or default_folder()))
    if _holds(out, data) or _holds(data, out):
        raise Refused(f"{out} and the data folder {data} hold one another: choose another --out")
    for folder, name in ((root, "project"), (Path.cwd().resolve(), "working directory")):
        if _holds(out, folder):
            raise Refused(f"{out} holds the {name}: choose another --out")
    try:
        ours = _ours(out, root)
    except OSError as error:
        raise Refused(f"cannot read {out}: {error.strerror}") from error
    if not ours:
        raise Refused(f"{out} is not empty and was not built by this command (it has no {MARK}): "
                      "choose another --out, or empty it")
    return out


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A new folder beside a site, which shows before a long build that it can be written.

    Its name begins with a point, so that a build inside the project does not read it, and says
    whose it is. It is removed at the end of the block.

    Parameters
    ----------
    out : Path
        Folder of the site.

    Raises
    ------
    OSError
    """
    with made(out.parent, public=True):
        _tidy(out)
        work = Path(tempfile.mkdtemp(dir=out.parent, prefix=f"{_owned(out)}{os.getpid()}-"))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _owned(out: Path) -> str:
    """How names of folders begin that builds on this machine make beside a site."""
    return f".{out.name}-{platform.node()}-"


def _tidy(out: Path) -> None:
    """Clear up after builds that were killed: put a site back that stood aside, remove the rest."""
    for folder in sorted(out.parent.glob(f"{glob.escape(_owned(out))}[0-9]*-*")):
        if _runs(int(folder.name.removeprefix(_owned(out)).partition("-")[0])):
            continue
        if folder.name.endswith(_ASIDE) and not out.exists():
            folder.rename(out)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def swap(new: Path, old: Path, aside: Path) -> None:
    """Put a finished folder, for everybody to read, in the place of another, which goes.

    Parameters
    ----------
    new, old : Path
    aside : Path
        Where the other one stands meanwhile.
    """
    publish(new)
    try:
        with stopping.shielded():
            if old.exists():
                old.rename(aside)
            try:
                new.rename(old)
            except BaseException:
                if aside.exists():
                    aside.rename(old)
                raise
    finally:
        if old.exists():
            shutil.rmtree(aside, ignore_errors=True)


def _command(root: Path, work: Path) -> list[str]:
    """The strict build of the book below a folder."""
    return [sys.executable, "-m", "livingreview.site.book", "build", str(root),
            "--path-output", str(work), "-W", "-n", "--keep-going"]


def _built(root: Path, work: Path, data: Path | None, workers: Workers) -> Path:
    """The folder of the new site, marked as one.

    Raises
    ------
    BuildError
    """
    environment = {**os.environ, **workers.environment()}
    if data is not None:
        environment["LIVINGREVIEW_DATA"] = str(data.resolve())
    failed = stopping.call(_command(root, work), cwd=root, env=environment)
    html = work / "_build" / "html"
    if failed or not (html / "index.html").is_file():
        raise BuildError(f"the build failed: see the messages above; {_UNTOUCHED}")
    info = html / last.INFO
    if info.exists():  # for a build that goes on: this one is whole
        info.replace(html.parent / last.INFO)
    (html / MARK).write_text(_WORDS["mark"] + "\n", encoding="utf-8")
    return html


def build(root: Path, out: Path, data: Path | None = None,
          say: Callable[[str], None] = print, workers: Workers = ALL_CORES) -> Path:
    """Build the book and swap it in.

    The site of the project itself goes on from the last build where nothing but data have changed.

    Parameters
    ----------
    root : Path
        Folder of ``_config.yml`` and ``_toc.yml``.
    out : Path
        Folder of the site.
    data : Path, optional
        Another data folder.
    say : callable
        Told what is being done.
    workers : Workers
        Where pages are executed and analyses computed.

    Returns
    -------
    Path
        The start page.

    Raises
    ------
    Refused
        When the site must not or cannot be written to `out`.
    BuildError
        When a page, cell, link or reference is wrong.
    """
    out, work = site_folder(root, out, data), None
    try:
        with staging(out) as work, last.held(root, out) as before:
            again = before is not None and before.take_up(data or default_folder())
            say("building the book: pages are executed, then written "
                f"({_ONLY_DATA if again else 'about two minutes'})")
            html = _built(root, before.folder if before else work, data, workers)
            swap(html, out, work.with_name(work.name + _ASIDE))
            if before:
                before.keep()
    except OSError as error:
        if work is None:
            raise Refused(f"cannot write in {out.parent}: {error.strerror}") from error
        raise BuildError(f"cannot write {out}: {error.strerror}; {_UNTOUCHED}") from error
    return out / "index.html"
