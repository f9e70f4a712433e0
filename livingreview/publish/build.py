"""The gated build: a new site takes the place of the old one only when all of it is right."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path


class BuildError(Exception):
    """The build failed; the site built before is untouched."""


def _swap(new: Path, old: Path) -> None:
    """Put a finished folder in the place of another."""
    aside = old.with_name(old.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        if aside.exists():
            aside.rename(old)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def build(root: Path, out: Path, data: Path | None = None,
          say: Callable[[str], None] = print) -> Path:
    """Build the book from fresh doctrees and swap it in.

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

    Returns
    -------
    Path
        The start page.

    Raises
    ------
    BuildError
        When a page, cell, link or reference is wrong.
    """
    work = root / "_build" / "next"
    shutil.rmtree(work, ignore_errors=True)
    environment = dict(os.environ)
    if data is not None:
        environment["LIVINGREVIEW_DATA"] = str(data.resolve())
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
               str(root), "--path-output", str(work), "-W", "-n", "--keep-going"]
    say("building the book: pages are executed, then written (about two minutes)")
    done = subprocess.run(command, cwd=root, env=environment, check=False)
    html = work / "_build" / "html"
    if done.returncode or not (html / "index.html").is_file():
        raise BuildError("the build failed: see the messages above; the site that was built "
                         "before is untouched")
    out.parent.mkdir(parents=True, exist_ok=True)
    _swap(html, out)
    shutil.rmtree(work, ignore_errors=True)
    return out / "index.html"
