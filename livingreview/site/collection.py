"""The results of many data folders: each is one unit of work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..data.parcel import Parcel
from ..data.reads import digest
from ..data.store import Store
from ..review.whole import whole_folder
from .places import made, replacing
from .workers import Workers, identity

_KEPT = ".made"  # beside the results: what they were made from


class NamesError(Exception):
    """Two data folders would have the same file of results."""


def missing(folders: Sequence[Path], out: Path) -> list[Path]:
    """The folders whose results are not in `out`, or were made from something else.

    Parameters
    ----------
    folders : sequence of Path
    out : Path
        Folder of the results.

    Raises
    ------
    NamesError
        When two folders have the same name.
    """
    twice = [name for name, n in Counter(map(_name, folders)).items() if n > 1]
    if twice:
        raise NamesError(f"several data folders are called {', '.join(sorted(twice))}: their "
                         "results would be one file")
    store = Store(out / _KEPT)
    return [f for f in folders if not (out / f"{_name(f)}.json").is_file()
            or store.find(_name(f), _made_from(f), str) is None]


def compute(folders: Sequence[Path], out: Path,
            workers: Workers) -> Iterator[tuple[Path, list[str]]]:
    """Write the results of each folder to `out` when they are there.

    Yields
    ------
    (Path, list of str)
        A folder and the errors in its data; with any, nothing is written for it.

    Raises
    ------
    WorkersError
    OSError
        When `out` cannot be written.
    """
    store = Store(out / _KEPT)
    before = [_made_from(f) for f in folders]
    units = [(Parcel.unread(f, workers.remote),) for f in folders]
    with made(out):
        for position, (text, errors) in workers.run(whole_folder, units):
            folder = folders[position]
            if not errors:
                with replacing(out / f"{_name(folder)}.json") as file:
                    file.write(text)
                store.keep(_name(folder), before[position], {}, b"")
            yield folder, errors


def _name(folder: Path) -> str:
    return folder.resolve().name


def _made_from(folder: Path) -> str:
    """Digest of what the results of a folder depend on."""
    files = sorted(folder.rglob("*.csv"))
    return digest([identity(), *(part for f in files for part in (
        f.relative_to(folder).as_posix(), f.read_bytes()))])
