"""Pages without a notebook and their files, made while the builder reads and writes the others."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..data.dataset import VERSION, Dataset
from ..data.parcel import ChangedError, Parcel
from ..data.reads import apart, digest
from ..data.store import Store
from ..render.engine import SOURCE
from ..review import Review
from ..view.figure import Figures, IndicationRows
from ..view.trial.index import IndexRow, index_rows
from . import exports, figures, generated, stopping
from .generated import Made
from .workers import WorkersError, identity


@dataclass(frozen=True)
class Known:
    """What a build knows of the one before, and of itself."""

    address: str = ""  # of the site; empty where it has none yet
    # keys of pages of the build before that may stay
    still: Mapping[str, str] = field(default_factory=dict)
    # what the pages of each indication and their files were made from
    parts: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    language: str = SOURCE


@dataclass(frozen=True)
class _Part:
    """The pages of an indication: their names, titles and keys, and their rows in the lists."""

    pages: tuple[tuple[str, str, str], ...]
    studies: tuple[IndexRow, ...]
    analyses: IndicationRows


def pages(parcel: Parcel, folder: Path | None, known: Known) -> tuple[list[Made], dict[str, str]]:
    """The pages of trials and figures; the files of figures are written.

    What an indication needs is made where anything has changed that it was made from.

    Parameters
    ----------
    parcel : Parcel
        The data.
    folder : Path or None
        Of the site; None where another build writes the files.
    known : Known

    Returns
    -------
    (list of Made, dict of str to str)
        The pages (see :func:`livingreview.site.generated.made`), and `parts` for the next build.
    """
    data, done, parts, keys = parcel.data(), [], [], {}
    for indication in data.indications:
        made, part, keys[indication] = _of_indication(data, indication, folder, known)
        done += made
        parts.append(part)
    lists = generated.lists(Figures(Review.by_need(data)), [r for p in parts for r in p.studies],
                            [p.analyses for p in parts])
    return [*done, *generated.made(lists, known.still, known.said, known.language)], keys


def _of_indication(data: Dataset, indication: str, folder: Path | None,
                   known: Known) -> tuple[list[Made], _Part, str]:
    """The pages of an indication, its part of the lists, and what they were made from."""
    store = Store.chosen() or Store((folder or Path()) / "no store")
    # apart by language: one without files has read less
    name = f"generated/{known.language}/{indication}"
    base = digest([identity(), known.address])

    def fingerprint(read: str) -> str:
        # what views hold of the data's version makes no page another one
        return "" if read == VERSION else data.fingerprint(read)

    key = store.key(name, base, fingerprint)
    content = store.find(name, base, fingerprint) if key == known.parts.get(indication) else None
    if content:
        part = pickle.loads(content)
        if all(known.still.get(page) == its for page, _, its in part.pages):
            if folder:  # summaries say the version of the data, which is no other part
                exports.write(Figures(Review.by_need(data), known.address), folder, indication,
                              ("sof",))
            return [Made(*page, None) for page in part.pages], part, key
    with apart() as read:  # a review of its own: what another one has read is not noted again
        of = Figures(review := Review.by_need(data), known.address)
        made = list(generated.made(generated.of_indication(of, indication), known.still,
                                   known.said, known.language))
        if folder:
            figures.write(of, folder, [indication])
            written = exports.write(of, folder, indication)
            for path in {*(folder / exports.ROOT / indication).rglob("*.*")} - written:
                path.unlink()  # of an analysis that has no estimate any more
        part = _Part(tuple((p.name, p.title, p.key) for p in made),
                     index_rows(review, [indication]), of.rows(indication))
    if Store.chosen():
        store.keep(name, base, {r: fingerprint(r) for r in read}, pickle.dumps(part))
    return made, part, store.key(name, base, fingerprint)


class Ahead:
    """:func:`pages` in a process of its own, which loads libraries until it is told to begin.

    Parameters
    ----------
    file : Path
        For what it returns.
    """

    def __init__(self, file: Path):
        self._file = file
        file.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(file)], stdin=subprocess.PIPE,
            start_new_session=True)

    def begin(self, *arguments) -> Ahead:
        """Have the pages made of these arguments."""
        # a process that has ended is told of where its result is asked for
        with suppress(BrokenPipeError), self._process.stdin as given:
            pickle.dump(arguments, given)
        return self

    def result(self):
        """What it returned, when it has.

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
    """Make what is asked for, and put into a file what came of it."""
    stopping.follow(os.getppid())
    # the module by its name: what is pickled as its own would be the main program's
    from livingreview.site import ahead

    try:
        arguments = pickle.load(sys.stdin.buffer)
    except EOFError:  # nothing is wanted of it
        return
    try:
        returned = ahead.pages(*arguments)
    except (OSError, ChangedError) as error:
        returned = error
    with open(file, "wb") as out:
        pickle.dump(returned, out)


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # taking apart what it holds takes most of a second
