"""What this process has read: parts of the data, and modules of the package.

A page, or a result, depends on what was read while it was made and on nothing else. That is found
here, not typed: the loader notes each part of the data when it is asked for.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
REFERENCE = PACKAGE.parent / "tests" / "reference"  # answers of other programs
MODULE = "package/"  # names of reads that are files of the package begin with it
WORDS = ".toml"  # how the file of the words of a module ends
RELEASE = "releases"  # the name of the published versions as a read
IDENTITY = "identity of the pages"  # the name of the version that is being built as a read
VERSION = "LIVINGREVIEW_VERSION"  # the variable that names it

# Threads of a worker compute side by side: each block collects its own reads.
_read: ContextVar[set[str]] = ContextVar("read")
_silent: ContextVar[bool] = ContextVar("silent", default=False)
_everywhere: set[str] = set()  # what is read outside any block


def note(name: str) -> None:
    """Record that a part of the data was read.

    Parameters
    ----------
    name : str
        A name that `Dataset.fingerprint` understands, or that of a module.
    """
    if not _silent.get():
        _read.get(_everywhere).add(name)


@contextmanager
def unnoted() -> Iterator[None]:
    """Reads in the block are not recorded: a validation looks at everything."""
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)


@contextmanager
def apart() -> Iterator[set[str]]:
    """Collect the reads of the block by themselves; they count as read outside too."""
    outside, inside = _read.get(_everywhere), set()
    before = _read.set(inside)
    try:
        yield inside
    finally:
        _read.reset(before)
        outside |= inside


def note_beside(path: Path) -> None:
    """Record that a file was read which stands beside the package, such as one of its tests."""
    note(MODULE + os.path.relpath(path, PACKAGE))


def modules() -> list[str]:
    """Names of the package's files that this process has loaded, words beside modules included."""
    files = {Path(m.__file__).resolve() for name, m in list(sys.modules.items())
             if name.split(".")[0] == PACKAGE.name and getattr(m, "__file__", None)}
    files |= {words for f in files if (words := f.with_suffix(WORDS)).is_file()}
    return sorted(MODULE + f.relative_to(PACKAGE).as_posix() for f in files)


def seen() -> list[str]:
    """Everything that was read so far, modules included, in order.

    Returns
    -------
    list of str
    """
    return sorted({*_everywhere, *_read.get(_everywhere), *modules()})


def digest(parts: Iterable[object]) -> str:
    """SHA-256 of the parts, each told from the next."""
    total = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def module_digest(name: str) -> str:
    """Digest of a file of the package; empty where it is gone."""
    path = PACKAGE / name.removeprefix(MODULE)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def releases() -> Path:
    """Where published versions are kept: beside the package, or where the process was told."""
    chosen = os.environ.get("LIVINGREVIEW_RELEASES")
    return Path(chosen) if chosen else PACKAGE.parent / "releases"


def identity() -> str:
    """Name of the version that is being built; empty where it is a state that has none."""
    return os.environ.get(VERSION, "")


def releases_digest() -> str:
    """Digest of the published versions."""
    files = sorted(releases().glob("*.json"))
    return digest(part for f in files for part in (f.name, f.read_bytes()))
