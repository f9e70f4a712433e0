"""Where commands write: files that are there as a whole or not at all, folders, their rights."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

FILE, FOLDER = 0o644, 0o755  # what everybody may read


@contextmanager
def made(folder: Path, public: bool = False) -> Iterator[None]:
    """A folder to write in; when the block fails, what was made for it and is empty goes again.

    Parameters
    ----------
    folder : Path
    public : bool
        Whether everybody may look into what is made.
    """
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in missing if public else ():
            path.chmod(FOLDER)
        yield
    except BaseException:
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def remembered(file: Path) -> dict:
    """What an earlier build has kept in a JSON file; empty where nothing can be read."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes the place of `path`, with its rights, when the block ends well.

    It is opened when the block begins, so that a place that cannot be written is known before
    anything is computed.
    """
    path = Path(os.path.realpath(path))  # what a link leads to is replaced, not the link
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with made(path.parent):
        try:
            with beside.open("x", encoding="utf-8", newline="") as file:
                yield file
            if path.exists():
                shutil.copymode(path, beside)
            beside.replace(path)
        finally:
            with suppress(OSError):
                beside.unlink()


def publish(*paths: Path) -> None:
    """Let everybody read files and folders, such as a web server that is another user.

    Parameters
    ----------
    *paths : Path
        A folder stands for all that is in it. What can be run stays so.
    """
    for top in paths:
        for path in (top, *(top.rglob("*") if top.is_dir() else ())):
            if path.is_symlink():
                continue
            mode = path.stat().st_mode
            path.chmod(FOLDER if path.is_dir() or mode & 0o100 else FILE)
