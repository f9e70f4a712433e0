"""Pages without a notebook, made by a second process while the builder writes the others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..data.parcel import ChangedError, Parcel
from ..review import Review
from . import figures, generated, stopping


@dataclass(frozen=True)
class Task:
    """What is to be made.

    Attributes
    ----------
    parcel : Parcel
        The data.
    out : Path
        Folder of the site, into which the files of the figures are written.
    address : str
        Of the site; empty where it has none yet.
    language : str
    still : mapping of str to str
        Pages of the build before which may stay, with what they were made from.
    said : str
        What views hold of the data's version: it makes no page another one.
    """

    parcel: Parcel
    out: Path
    address: str
    language: str
    still: Mapping[str, str]
    said: str

    def made(self) -> list[generated.Made]:
        """The pages, and the files of the figures."""
        review = Review.by_need(self.parcel.data())
        figures.write(review, self.out)
        return list(generated.made(generated.pages(review, self.address), self.still, self.said,
                                   self.language))


class Ahead:
    """A task in a process of its own.

    Parameters
    ----------
    task : Task
    file : Path
        For what it has made.
    """

    def __init__(self, task: Task, file: Path):
        self._file = file
        file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE,
            start_new_session=True)
        with self._process.stdin as given:
            pickle.dump(task, given)

    def pages(self) -> Iterator[generated.Made]:
        """What was made, when it is.

        Raises
        ------
        OSError, ChangedError
            As the process met it.
        RuntimeError
            When the process ended without a word.
        """
        if self._process.wait() or not self._file.is_file():
            raise RuntimeError("the pages of trials and figures could not be made")
        with self._file.open("rb") as file:
            made = pickle.load(file)
        self._file.unlink()
        if isinstance(made, Exception):
            raise made
        yield from made

    def stop(self) -> None:
        """End the process; nothing is wanted of it any more."""
        self._process.kill()
        self._process.wait()


def main(file: str) -> None:
    """Do the task that is handed in, and put into a file what was made, or what went wrong."""
    stopping.follow(os.getppid())
    task: Task = pickle.load(sys.stdin.buffer)
    try:
        made = task.made()
    except (OSError, ChangedError) as error:
        made = error
    with open(file, "wb") as out:
        pickle.dump(made, out)


if __name__ == "__main__":
    main(sys.argv[1])
