"""Finished work, kept by what it was made from: a page or a result is never made twice."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .reads import digest

KEPT = 3  # of each piece of work, so that going back to earlier data is quick too
VARIABLE = "LIVINGREVIEW_STORE"
DAY = 86_400  # seconds


class Store:
    """A folder of finished work.

    A piece of work has a name, a base (what it needs and states itself: its source, the pins) and
    what was read while it was made. It is found again only while all of these are the same. Files
    take their place by renaming, so that a build killed at any moment leaves whole files.

    Parameters
    ----------
    folder : Path
        Made when the first piece is kept.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder)

    @classmethod
    def chosen(cls) -> Store | None:
        """The store that a build names to the processes it starts; None where it names none."""
        folder = os.environ.get(VARIABLE)
        return cls(Path(folder)) if folder else None

    def _index(self, name: str) -> dict:
        """Base and reads of the last piece of that name; empty where none is known."""
        try:
            found = json.loads((self.folder / name / "reads.json").read_text(encoding="utf-8"))
            return found if {"base", "reads"} <= found.keys() else {}
        except (OSError, ValueError, AttributeError):
            return {}

    def _piece(self, name: str, base: str, reads: Mapping[str, str]) -> Path:
        return self.folder / name / digest([base, *sorted(reads.items())])

    def key(self, name: str, base: str, fingerprint: Callable[[str], str]) -> str:
        """What a piece of work is found by at present; empty where it was never made."""
        known = self._index(name).get("reads")
        if known is None:
            return ""
        return self._piece(name, base, {read: fingerprint(read) for read in known}).name

    def find(self, name: str, base: str, fingerprint: Callable[[str], str]) -> bytes | None:
        """A piece of work that was made from what is there now; None where there is none."""
        key = self.key(name, base, fingerprint)
        piece = self.folder / name / key
        try:
            content = piece.read_bytes() if key else None
            if content is not None:
                os.utime(piece)  # what is used last is kept longest
        except OSError:
            return None
        return content

    def reads(self, name: str) -> tuple[str, ...]:
        """What was read when the piece was made last."""
        return tuple(self._index(name).get("reads", ()))

    def reasons(self, name: str, base: str, fingerprint: Callable[[str], str]) -> list[str]:
        """Why a piece of work has to be made, in words."""
        index = self._index(name)
        if not index:
            return ["not made before"]
        changed = [read for read, was in index["reads"].items() if fingerprint(read) != was]
        if index["base"] != base:
            changed.insert(0, "its own source or the pins")
        return [f"{what} changed" for what in changed] or ["its result is no longer kept"]

    def keep(self, name: str, base: str, reads: Mapping[str, str], content: bytes) -> None:
        """Keep a piece of work with what it was made from.

        Parameters
        ----------
        name, base : str
        reads : mapping of str to str
            Fingerprint of each read.
        content : bytes

        Raises
        ------
        OSError
            When the folder cannot be written; what was kept before is untouched.
        """
        piece = self._piece(name, base, reads)
        piece.parent.mkdir(parents=True, exist_ok=True)
        _replace(piece, content)
        _replace(piece.parent / "reads.json", json.dumps(
            {"base": base, "reads": dict(sorted(reads.items()))}, indent=1).encode())
        pieces = [p for p in piece.parent.iterdir() if p.name != "reads.json"]
        whole = [p for p in pieces if not p.name.startswith(".")]
        for old in sorted(whole, key=_changed, reverse=True)[KEPT:]:
            old.unlink(missing_ok=True)
        for part in set(pieces) - set(whole):  # of a process that was killed, or still writes it
            if _changed(part) < time.time() - DAY:
                part.unlink(missing_ok=True)


def _changed(path: Path) -> float:
    """When a file was changed; long ago where another process has taken it away meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _replace(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
