"""The strategies of searches: one file for each indication and source, as it is run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import reads
from .dataset import Dataset

FOLDER = "strategies"  # of a data folder
DRAFT = "# draft"  # begins a strategy that no information specialist has reviewed


@dataclass(frozen=True)
class Strategy:
    """A strategy as its file has it.

    Attributes
    ----------
    indication, source : str
    path : str
        From the data folder.
    text : str
        With its comments.
    sha256 : str
        Of the file, byte for byte: searches name what they ran by it.
    """

    indication: str
    source: str
    path: str
    text: str
    sha256: str

    @property
    def draft(self) -> bool:
        """Whether it still waits for the review of an information specialist."""
        return self.text.lower().startswith(DRAFT)


def strategies(data: Dataset) -> tuple[Strategy, ...]:
    """The strategies of a data folder, in the order of its indications and sources.

    Parameters
    ----------
    data : Dataset

    Raises
    ------
    OSError
        When a file that is there cannot be read.
    """
    return tuple(_all(data))


def _all(data: Dataset) -> Iterator[Strategy]:
    for indication in data.indications:
        for source in data.words("search_source"):
            path = f"{FOLDER}/{indication}.{source}.txt"
            reads.note_beside(data.folder.resolve() / path)  # also where there is none yet
            if (data.folder / path).is_file():
                content = (data.folder / path).read_bytes()
                yield Strategy(indication, source, path, content.decode("utf-8", "replace"),
                               hashlib.sha256(content).hexdigest())


def files(folder: Path) -> list[Path]:
    """The files of the strategies of a data folder, in order."""
    return sorted((folder / FOLDER).glob("*.txt"))
