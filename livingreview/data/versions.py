"""Published versions: what is in `releases/`, and reading one of them."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from . import reads
from .own_names import NONE, OwnNames

NAME = re.compile(r"(20\d{2})\.(0[1-9]|1[0-2])\.(0|[1-9]\d*)")
NAME_WORDS = "a year, a month and a number, such as 2026.11.0"
CURRENT = "current"  # names the results of the data as they are
MANIFEST = ".manifest.json"
MARK = "+"  # in a version of data: between their date and what tells a state without an entry


class VersionError(Exception):
    """No such version, or a file that holds no results."""


def day(data_version: str) -> str:
    """The date of a version of data, without what tells a state that has no entry."""
    return data_version.partition(MARK)[0]


def said(data_version: str) -> str:
    """A version of data for readers; empty where the data have no date and no later state."""
    date, _, state = data_version.partition(MARK)
    return f"{date or 'no date'}, changed since without an entry ({state})" if state else date


def order(name: str) -> tuple[int, ...]:
    """Sorts names of versions by age."""
    return tuple(map(int, name.split(".")))


def published(releases: Path | None = None) -> list[str]:
    """Names of the published versions, oldest first.

    Parameters
    ----------
    releases : Path, optional
        Another folder of versions.
    """
    releases = releases or reads.releases()
    names = [p.name.removesuffix(".json") for p in releases.glob("*.json")
             if NAME.fullmatch(p.name.removesuffix(".json"))]
    reads.note(reads.RELEASE)
    return sorted(names, key=order)


def here() -> str:
    """Name of the version that these pages are; empty where they are a state that has none.

    Raises
    ------
    VersionError
        When the pages are said to be a version that is not published.
    """
    reads.note(reads.IDENTITY)
    name, known = reads.identity(), published()
    if name and name not in known:
        raise VersionError(f"{reads.VERSION} is {name}: not a published version; published: "
                           f"{', '.join(known) or 'none'}")
    return name


def preceding(name: str) -> str:
    """The version before another one; empty for the first.

    Parameters
    ----------
    name : str
        Of a published version; of none where it is empty: the newest precedes that state.
    """
    known = published()
    older = known[:known.index(name)] if name else known
    return older[-1] if older else ""


def results(name: str, names: OwnNames = NONE, releases: Path | None = None) -> dict:
    """The results of a published version, with the package's names.

    Raises
    ------
    VersionError
        When there is none of that name.
    """
    releases = releases or reads.releases()
    if name not in published(releases):
        known = ", ".join(published(releases)) or "none"
        raise VersionError(f"{name} is not a published version; published: {known}")
    return document(releases / f"{name}.json", names)


def document(path: Path, names: OwnNames = NONE) -> dict:
    """A file of results, with the package's names.

    Parameters
    ----------
    path : Path
    names : OwnNames, optional
        What the review calls things in it.

    Returns
    -------
    dict
        Nobody may change it: who asks again gets the same one, until the file changes.

    Raises
    ------
    VersionError
        When it cannot be read or holds something else.
    """
    try:
        state = path.stat()
        return _document(path, state.st_mtime_ns, state.st_size, names)
    except OSError as error:
        raise VersionError(f"cannot read {path}: {error.strerror}") from error


@lru_cache(maxsize=2)  # a comparison is of two
def _document(path: Path, changed: int, size: int, names: OwnNames) -> dict:
    """A file of results in a state; many views of a chapter compare with the same one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise VersionError(f"{path} is not JSON: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("analyses"), dict):
        raise VersionError(f"{path} holds no results: expected a results.json of this project")
    return names.package.result(found)


def manifest(name: str, releases: Path | None = None) -> dict:
    """What a published version was made of: its date, digests and pins."""
    path = (releases or reads.releases()) / f"{name}{MANIFEST}"
    return json.loads(path.read_text(encoding="utf-8"))
