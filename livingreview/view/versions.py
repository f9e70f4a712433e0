"""Published versions: the list of them, one of them, and how each is cited."""

from __future__ import annotations

from ..data import about, versions
from ..data.dataset import Dataset
from .base import Struct, View


class State(Struct):
    """A version of data: its day, and what tells a later state without an entry."""

    day: str
    state: str

    @classmethod
    def of(cls, data_version: str | None) -> State:
        """The parts of a version of data."""
        day, _, state = (data_version or "").partition(versions.MARK)
        return cls(day, state)


class Release(View, template="release"):
    """A published version."""

    name: str
    date: str
    data: str  # version of its data
    package: str
    analyses: int = 0


class Published(View, template="versions"):
    """Every published version, newest first, and what these pages are."""

    here: Release | None  # the version that these pages are
    data: State | None  # what they were built from where they are none
    rows: tuple[Release, ...]


class Files(View, template="release_files"):
    """The digest of each file that a version was made from."""

    version: str
    manifest: str
    digests: tuple[tuple[str, str], ...]


class Citation(View, template="citation"):
    """A version, or a state of the data, as it is cited."""

    author: str
    title: str
    version: str  # empty for a state that is none
    date: str
    data: State  # of a state that is no version
    address: str
    forms: tuple[tuple[str, str], ...]  # name and text of each format


class ToCite(View, template="to_cite"):
    """What to cite."""

    # here, last: the version that these pages are, and the newest one; empty where there is none
    here: str
    last: str
    citation: Citation
    state: Citation | None = None  # of these pages, where another citation is the one to take


def release(name: str, analyses: int = 0) -> Release:
    """A published version.

    Parameters
    ----------
    name : str
    analyses : int, optional
        How many it has.
    """
    made = versions.manifest(name)
    return Release(name, made["date"], made["data_version"], made["package_version"], analyses)


def published(data_version: str | None) -> Published:
    """Every published version, and what these pages are.

    Parameters
    ----------
    data_version : str or None
        Version of the data as they are.
    """
    here = versions.here()
    return Published(release(here) if here else None, None if here else State.of(data_version),
                     tuple(map(release, reversed(versions.published()))))


def files(name: str) -> Files:
    """The files that a version was made from."""
    return Files(name, f"{name}{versions.MANIFEST}",
                 tuple(versions.manifest(name)["sha256"].items()))


def citation(work: about.Work) -> Citation:
    """How a version, or a state of the data, is cited."""
    data = "" if work.released or not work.date else work.version.removeprefix(
        f"{about.UNRELEASED}-")
    return Citation(
        work.author, work.title, work.version if work.released else "", work.date, State.of(data),
        f"https://doi.org/{work.doi}" if work.doi else work.url,
        (("BibTeX", about.bibtex(work)), ("RIS", about.ris(work)), ("CSL-JSON", about.csl(work))))


def of_pages(data: Dataset) -> Citation:
    """How these pages are cited: as the version that they are, else by the state of the data."""
    here = versions.here()
    return of_version(data, here) if here else citation(about.work(data))


def of_version(data: Dataset, name: str) -> Citation:
    """How a published version is cited."""
    return citation(about.work(data, name, versions.manifest(name)["date"]))


def to_cite(data: Dataset) -> ToCite:
    """What to cite: the version that these pages are, else the last one and their state."""
    known, here, pages = versions.published(), versions.here(), of_pages(data)
    if here or not known:
        return ToCite(here, "", pages)
    return ToCite("", known[-1], of_version(data, known[-1]), pages)
