"""A data folder on its way to another process, which may be on another machine."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .dataset import Dataset, examine
from .reads import digest, identity, releases
from .recorded import NAME
from .strategies import files as strategy_files

_DATA, _RELEASES = "data", "releases"  # folders of the archive
_KNOWN = 2  # data folders that a process keeps in memory
_known: dict[str, Dataset] = {}  # by digest, the newest last


@dataclass(frozen=True)
class Parcel:
    """Where the data are, what they are, and for another machine the files themselves.

    Attributes
    ----------
    folder : str
    digest : str
        Of all files that were read; empty where whatever is there is meant.
    releases : str
        Folder of the published versions.
    version : str
        Name of the version that is being built; empty where it has none.
    archive : bytes
        The files as a ZIP archive; empty where the receiver sees the folder.
    """

    folder: str
    digest: str
    releases: str = ""
    version: str = ""
    archive: bytes = b""

    @classmethod
    def of(cls, data: Dataset, with_files: bool = False, with_releases: bool = False) -> Parcel:
        """A parcel of data that were read.

        Parameters
        ----------
        data : Dataset
        with_files : bool
            Whether the receiver may be unable to see the folder.
        with_releases : bool
            Whether the published versions, and which of them is being built, are wanted too.
        """
        _remember(data)
        versions = releases() if with_releases else None
        return cls(str(data.folder.resolve()), digest_of(data), str(versions or ""),
                   identity() if with_releases else "",
                   _archive(data.folder, data.digests, versions) if with_files else b"")

    @classmethod
    def unread(cls, folder: Path, with_files: bool = False) -> Parcel:
        """A parcel of a folder that nobody has read yet."""
        paths = [p.relative_to(folder).as_posix() for p in folder.rglob("*.csv")]
        return cls(str(folder.resolve()), "",
                   archive=_archive(folder, paths, None) if with_files else b"")

    @contextmanager
    def unpacked(self) -> Iterator[tuple[Path, Path]]:
        """The folders of the data and of the published versions, while the block lasts."""
        if not self.archive:
            yield Path(self.folder), Path(self.releases)
            return
        with tempfile.TemporaryDirectory(prefix="livingreview-") as folder:
            zipfile.ZipFile(io.BytesIO(self.archive)).extractall(folder)
            yield Path(folder) / _DATA, Path(folder) / _RELEASES

    def examined(self) -> Dataset:
        """The data with every problem in them.

        Raises
        ------
        ChangedError
            When the folder no longer holds what was sent.
        """
        with self.unpacked() as (folder, _):
            data = examine(folder)
        if self.digest and digest_of(data) != self.digest:
            raise ChangedError(f"the data in {self.folder} changed while they were being used")
        return data

    def data(self) -> Dataset:
        """The same, read once in a process.

        Raises
        ------
        ChangedError
        """
        return _known.get(self.digest) or _remember(self.examined())


def _archive(folder: Path, paths: Iterable[str], versions: Path | None) -> bytes:
    """Files of a data folder, and of the published versions, as a ZIP archive."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted([*paths, *([NAME] if (folder / NAME).is_file() else [])]):
            out.write(folder / path, f"{_DATA}/{path}")
        for file in strategy_files(folder):
            out.write(file, f"{_DATA}/{file.relative_to(folder).as_posix()}")
        for file in sorted(versions.glob("*.json")) if versions else ():
            out.write(file, f"{_RELEASES}/{file.name}")
    return content.getvalue()


def digest_of(data: Dataset) -> str:
    """Digest of all files of a data folder, and of what it records of them."""
    return digest(f"{path} {value}" for path, value in [
        *sorted(data.digests.items()), *sorted(data.recorded.hashes.items())])


def _remember(data: Dataset) -> Dataset:
    """Keep data in memory for the units of work to come."""
    _known.pop(name := digest_of(data), None)
    _known[name] = data
    while len(_known) > _KNOWN:
        del _known[next(iter(_known))]
    return data


class ChangedError(RuntimeError):
    """The data are no longer those that a piece of work was asked for."""
