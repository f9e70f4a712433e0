"""A data folder on its way to another process, which may be on another machine."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .dataset import Dataset, examine
from .reads import digest


@dataclass(frozen=True)
class Parcel:
    """Where the data are, what they are, and for another machine the files themselves.

    Attributes
    ----------
    folder : str
    digest : str
        Of all files that were read.
    archive : bytes
        The files as a ZIP archive; empty where the receiver sees the folder.
    """

    folder: str
    digest: str
    archive: bytes = b""

    @classmethod
    def of(cls, data: Dataset, with_files: bool = False) -> Parcel:
        """A parcel of a data folder."""
        archive = io.BytesIO()
        if with_files:
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
                for path in sorted(data.digests):
                    out.write(data.folder / path, path)
        return cls(str(data.folder.resolve()), digest_of(data), archive.getvalue())

    def unpacked(self) -> Path:
        """The folder with the files, unpacked once on a machine that does not have them."""
        if not self.archive:
            return Path(self.folder)
        target = Path(tempfile.gettempdir()) / f"livingreview-{os.getuid()}-{self.digest[:32]}"
        if not target.is_dir():
            beside = Path(tempfile.mkdtemp(prefix="livingreview-"))
            zipfile.ZipFile(io.BytesIO(self.archive)).extractall(beside)
            try:
                beside.rename(target)
            except OSError:  # another process was first
                pass
        return target

    def data(self) -> Dataset:
        """The data, loaded once in a process.

        Raises
        ------
        ChangedError
            When the folder no longer holds what was sent.
        """
        return _loaded(str(self.unpacked()), self.digest)


def digest_of(data: Dataset) -> str:
    """Digest of all files of a data folder."""
    return digest(f"{path} {value}" for path, value in sorted(data.digests.items()))


@lru_cache(maxsize=2)
def _loaded(folder: str, expected: str) -> Dataset:
    data = examine(folder)
    if digest_of(data) != expected:
        raise ChangedError(f"the data in {folder} changed while they were being used")
    return data


class ChangedError(RuntimeError):
    """The data are no longer those that a piece of work was asked for."""

