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
from functools import cache
from importlib.metadata import version
from pathlib import Path

from .project import project_folder

PACKAGE = Path(__file__).resolve().parents[1]
REFERENCE = PACKAGE.parent / "tests" / "reference"  # answers of other programs
BENCH = PACKAGE.parent / "bench"  # measured figures
MODULE = "package/"  # names of reads that are files of the package begin with it
LENGTH = 64  # characters of a digest
WORDS = (".csv", ".toml")  # ends of files with words, which stand beside modules
RELEASE = "releases"  # the name of the published versions as a read
RESULTS = "results"  # with an indication: its results, in a store, as a read
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
    """Files of the package that this process has loaded: modules, and the words beside them."""
    files = {Path(m.__file__).resolve() for name, m in list(sys.modules.items())
             if name.split(".")[0] == PACKAGE.name and getattr(m, "__file__", None)}
    words = {p for folder in {f.parent for f in files} for p in folder.iterdir()
             if p.suffix in WORDS}
    return sorted(MODULE + f.relative_to(PACKAGE).as_posix() for f in files | words)


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


@cache
def libraries() -> str:
    """What results depend on besides data and package: the interpreter and what computes."""
    return digest([sys.version, *(version(p) for p in ("numpy", "scipy", "pandas"))])


def module_digest(name: str) -> str:
    """Digest of a file of the package; empty where it is gone."""
    path = PACKAGE / name.removeprefix(MODULE)
    try:
        state = path.stat()
    except OSError:
        return ""
    return _digest_of(path, state.st_mtime_ns, state.st_size)


@cache
def _digest_of(path: Path, changed: int, size: int) -> str:
    """Digest of a file in a state; a build asks for each module once for every page."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package_digest() -> str:
    """Digest of the modules of the package and of the words beside them."""
    files = sorted(p for p in PACKAGE.rglob("*") if p.suffix in (".py", *WORDS))
    return digest(part for p in files for part in (p.relative_to(PACKAGE).as_posix(),
                                                   p.read_bytes()))


def releases() -> Path:
    """Where published versions are kept: in the project, or where the process was told."""
    return Path(os.environ.get("LIVINGREVIEW_RELEASES") or project_folder() / "releases")


def identity() -> str:
    """Name of the version that is being built; empty where it is a state that has none."""
    return os.environ.get(VERSION, "")


def releases_digest() -> str:
    """Digest of the published versions."""
    files = sorted(releases().glob("*.json"))
    return digest(part for f in files for part in (f.name, f.read_bytes()))
