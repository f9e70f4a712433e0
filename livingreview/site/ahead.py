"""Pages without a notebook and their files, made while the builder reads and writes the others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ..data.parcel import ChangedError, Parcel
from ..review import Review
from . import figures, generated, stopping
from .workers import WorkersError


def pages(parcel: Parcel, address: str, still: Mapping[str, str], said: str,
          language: str) -> list[generated.Made]:
    """The pages of trials and figures; see :func:`livingreview.site.generated.made`.

    Parameters
    ----------
    parcel : Parcel
        The data.
    address : str
        Of the site; empty where it has none yet.
    still, said, language
    """
    found = generated.pages(Review.by_need(parcel.data()), address)
    return list(generated.made(found, still, said, language))


def files(parcel: Parcel, folder: Path) -> None:
    """The files of figures; see :func:`livingreview.site.figures.write`.

    Parameters
    ----------
    parcel : Parcel
        The data.
    folder : Path
    """
    figures.write(Review.by_need(parcel.data()), folder)


class Ahead:
    """A call of a function in a process of its own.

    Parameters
    ----------
    file : Path
        For what it returns.
    function : callable
        Of this module.
    *arguments
    """

    def __init__(self, file: Path, function: Callable, *arguments):
        self._file = file
        file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE,
            start_new_session=True)
        with self._process.stdin as given:
            pickle.dump((function.__name__, arguments), given)

    def result(self):
        """What the function returned, when it has.

        Raises
        ------
        OSError, ChangedError
            As the process met it.
        WorkersError
            When the process ended without a word.
        """
        if self._process.wait() or not self._file.is_file():
            raise WorkersError("the pages of trials and figures could not be made: their process "
                               "ended (is there enough memory?)")
        with self._file.open("rb") as file:
            returned = pickle.load(file)
        self._file.unlink()
        if isinstance(returned, Exception):
            raise returned
        return returned

    def stop(self) -> None:
        """End the process; nothing is wanted of it any more."""
        self._process.kill()
        self._process.wait()


def main(file: str) -> None:
    """Call the function that is handed in, and put into a file what came of it."""
    stopping.follow(os.getppid())
    name, arguments = pickle.load(sys.stdin.buffer)
    try:
        returned = {"pages": pages, "files": files}[name](*arguments)
    except (OSError, ChangedError) as error:
        returned = error
    with open(file, "wb") as out:
        pickle.dump(returned, out)


if __name__ == "__main__":
    main(sys.argv[1])
