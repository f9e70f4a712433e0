"""Which pages must be executed, and their execution, so that no page shows an old number.

A page is executed when its code, the pins, or anything that it read when it was executed last is
no longer the same. What it reads is recorded while it runs (`livingreview.data.reads`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat

from ..data import dataset, strategies
from ..data.dataset import Dataset
from ..data.parcel import Parcel
from ..data.reads import (
    BENCH,
    MODULE,
    PACKAGE,
    REFERENCE,
    digest,
    identity,
    package_digest,
    releases_digest,
)
from ..data.store import Store
from . import notebooks
from .notebooks import Failed
from .translated import CATALOGUES
from .workers import Workers

_CITES = re.compile(r"\{(cite|bibliography)")  # roles and directives, also in computed prose
# Rooms that take no part in writing; which of their modules are loaded is left to chance, as it
# depends on whether results were there.
_COMPUTING = tuple(f"{MODULE}{room}/" for room in ("synthesis", "effects", "review"))
_READER = f"{notebooks.with_outputs.__module__}.{notebooks.with_outputs.__name__}"


class ExecutionError(Exception):
    """Pages that could not be executed; `failures` names each with its cell."""

    def __init__(self, failures: list[Failed]):
        self.failures = failures
        super().__init__("\n".join(map(str, failures)))


MOVED = "book/moved.csv"  # in a book: what its old addresses have become


def pins(root: Path) -> str:
    """Digest of the interpreter and of the pinned packages."""
    file = root / "requirements.txt"
    return digest([sys.version, file.read_bytes() if file.is_file() else b""])


def state(folder: Path, root: Path) -> str:
    """Digest of all that a page in any language can depend on.

    It is data, package, catalogues, pins, versions, and which one is built.

    Parameters
    ----------
    folder : Path
        Data folder.
    root : Path
        Folder of the book.
    """
    parts: list[object] = [dataset.state(folder), package_digest(), pins(root), releases_digest(),
                           identity()]
    spoken = (p for base in (PACKAGE, root / CATALOGUES, folder) for p in base.rglob("*.po"))
    for path in [*sorted(REFERENCE.rglob("*.json")), *sorted(BENCH.glob("*.csv")), *sorted(spoken),
                 *strategies.files(folder), *filter(Path.is_file, [root / MOVED])]:
        parts += [path.name, path.read_bytes()]
    return digest(parts)


@dataclass
class Page:
    """An executed page of the book."""

    name: str  # its document name, such as ``notebooks/harms``
    path: Path
    notebook: nbformat.NotebookNode
    base: str  # digest of its code and the pins

    @classmethod
    def read(cls, name: str, path: Path, pinned: str, text: str | None = None) -> Page | None:
        """The page of a file; None where it holds nothing that is executed.

        Parameters
        ----------
        name : str
        path : Path
        pinned : str
            Digest of the pins.
        text : str, optional
            Content of the file, where it was read before.
        """
        text = path.read_text(encoding="utf-8") if text is None else text
        if "{code-cell}" not in text:
            return None
        notebook = notebooks.read(path, text)
        return cls(name, path, notebook, digest([pinned, *notebooks.code(notebook)]))

    @property
    def piece(self) -> str:
        """Name of its outputs in the store."""
        return f"pages/{self.name.replace('/', '--')}"


def execute(pages: Iterable[Page], store: Store, data: Dataset, workers: Workers,
            say: Callable[[str], None]) -> None:
    """Execute the pages whose outputs are not in the store, and keep their outputs there.

    Parameters
    ----------
    pages : iterable of Page
    store : Store
    data : Dataset
        The data that the pages read.
    workers : Workers
    say : callable
        Told what is executed, and why.

    Raises
    ------
    ExecutionError
        When a page fails; the others are executed and kept even so.
    """
    fingerprint = cache(data.fingerprint)  # pages read much the same
    todo = [p for p in pages if store.find(p.piece, p.base, fingerprint) is None]
    if not todo:
        return
    for page in todo:
        reasons = store.reasons(page.piece, page.base, fingerprint)
        more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
        say(f"to execute: {page.name} ({'; '.join(reasons[:3])}{more})")
    parcel = Parcel.of(data, with_files=workers.remote, with_releases=True)
    units = [(str(p.path), notebooks.text_of(p.notebook), parcel, str(store.folder.resolve()), True)
             for p in todo]
    failures = []
    with closing(workers.run(notebooks.execute, units, apart=True)) as finished:
        for done, (position, result) in enumerate(finished, 1):
            page = todo[position]
            if isinstance(result, Failed):
                failures.append(result)
                say(f"failed: {result}")
                continue
            store.keep(page.piece, page.base, {r: data.fingerprint(r) for r in result.reads},
                       result.text.encode())
            say(f"executed {done} of {len(todo)}: {page.name} ({result.seconds:.0f} s)")
    if failures:
        raise ExecutionError(sorted(failures, key=lambda f: f.path))


def keys(pages: Iterable[Page], store: Store, data: Dataset,
         bibliography: Path) -> Mapping[str, str]:
    """For each page what it is made from: another key means another page.

    That is what its code has shown, whatever it has read for it, and the modules that have drawn
    it, some of which also write it.

    Parameters
    ----------
    pages : iterable of Page
        Executed before.
    store : Store
    data : Dataset
    bibliography : Path
        File of the works that pages cite; it is a part of those that do.

    Raises
    ------
    OSError
        See :func:`outputs`.
    """
    fingerprint, works = cache(data.fingerprint), bibliography.read_bytes()
    made = {}
    for page in pages:
        shown = outputs(page, store, fingerprint).read_bytes()
        loaded = (f"{r} {fingerprint(r)}" for r in store.reads(page.piece)
                  if r.startswith(MODULE) and not r.startswith(_COMPUTING))
        texts = (shown.decode(), *(c.source for c in page.notebook.cells))
        cited = works if any(map(_CITES.search, texts)) else b""
        made[page.name] = digest([page.base, shown, cited, *loaded])
    return made


def outputs(page: Page, store: Store, fingerprint: Callable[[str], str]) -> Path:
    """The file of a page that was executed before.

    Parameters
    ----------
    page : Page
    store : Store
    fingerprint : callable
        Of the data; see :meth:`Dataset.fingerprint`.

    Raises
    ------
    OSError
        When another build, which shares the store, has put others in their place.
    """
    key = store.key(page.piece, page.base, fingerprint)
    path = store.folder.resolve() / page.piece / key
    if not path.is_file():
        raise OSError(f"{page.name}: its outputs are no longer in {store.folder}: does another "
                      "build use it?")
    return path


def readers(pages: Iterable[Page], store: Store, data: Dataset) -> dict[str, tuple]:
    """How the book's own reader of notebooks reads pages: with the outputs that are in the store.

    Parameters
    ----------
    pages : iterable of Page
        Executed before.
    store : Store
    data : Dataset

    Returns
    -------
    dict of str to tuple
        By the path of a page, as MyST-NB's ``custom_formats`` has them.

    Raises
    ------
    OSError
    """
    fingerprint = cache(data.fingerprint)
    return {str(p.path): (_READER, {"path": str(p.path),
                                    "kept": str(outputs(p, store, fingerprint))}, False)
            for p in pages}
