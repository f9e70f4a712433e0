"""What an earlier build wrote and is still right.

A page is written again where its views have changed, or what stands around them.
What every page says of the site (its version, the date of its data, its commit) is changed in the
pages that stay.
"""

from __future__ import annotations

import glob
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sphinx.application import Sphinx

from ..data.asking import here
from ..data.reads import PACKAGE, digest
from ..render.told import texts
from . import longtables
from .generated import Made
from .places import remembered
from .translated import CATALOGUES

ROOMS = ("render", "site")  # what stands around a view is made there


@dataclass(frozen=True)
class Frame:
    """What pages are made of besides their views."""

    read: str  # digest of what takes part when a page is read: code, the messages of prose
    # digest of all, also of what is needed first when a page is written: words, templates, styles,
    # settings, the texts of the data in its language
    written: str

    @classmethod
    def of(cls, app: Sphinx, more: Sequence[object]) -> Frame:
        """That of a build.

        Parameters
        ----------
        app : Sphinx
        more : sequence
            What is known of it elsewhere.
        """
        language = app.config.language
        code = [p for room in ROOMS for p in _files(PACKAGE / room) if _speaks(p, language)]
        prose = [p for p in code if p.suffix == ".py"] + [
            p for p in _files(app.srcdir / CATALOGUES) if _speaks(p, language)]
        files = [*code, *(p for entry in app.config.html_static_path
                          for p in _files(app.confdir / entry))]
        options = sorted((one.name, repr(one.value)) for one in app.config.filter("html"))
        told = texts(language)
        said = [here().name, *(sorted(told.exact.items()) if told else ())]
        read = _digest(prose)
        return cls(read, digest([read, _digest(files), *map(repr, (
            *more, *said, options, sorted(app.env.found_docs)))]))


def _files(folder: Path) -> list[Path]:
    """All files below a folder, in order, but those that a build makes of others as it goes."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]


def _speaks(path: Path, language: str) -> bool:
    """Whether a file may take part in a language: no catalogue of another one does."""
    return path.suffix not in (".po", ".pot") or language in (*path.parts, path.stem)


def _digest(files: Iterable[Path]) -> str:
    """Digest of files by their names and contents."""
    return digest(part for p in files for part in (p.name, p.read_bytes()))


class Kept:
    """Pages of the build before.

    Parameters
    ----------
    file : Path
        What they were made from; it is written when a build has ended well.
    out : Path
        Folder of the site.
    stamps : sequence of str
        What every page says of the site, as pages hold it.
    whole : bool
        Whether the build before ended well, so that its pages are what the file says.
    """

    def __init__(self, file: Path, out: Path, stamps: Sequence[str], whole: bool):
        self._file, self._out, self._stamps = file, out, list(stamps)
        self._before = remembered(file) if whole else {}
        self._made: dict[str, str] | None = None
        self.parts: dict[str, str] = self._before.get("parts", {})  # what files were made from
        self._frame, self._written = "", set[str]()

    def still(self, around: str) -> dict[str, str]:
        """Pages that may stay, with what they were made from.

        Parameters
        ----------
        around : str
            Digest of what stands around their views.
        """
        known = self._before.get("pages", {}) if self._before.get("frame") == around else {}
        self._made, self._frame = {}, around
        return {name: key for name, key in known.items()
                if (self._out / f"{name}.html").is_file()}

    def noted(self, pages: Iterable[Made]) -> Iterator[Made]:
        """Pages as they pass, noted for the next build."""
        for page in pages:
            self._made[page.name] = page.key
            yield page

    def note(self, name: str) -> None:
        """A page is being written."""
        self._written.add(f"{name}.html")

    def finish(self, pages: Iterable[Path]) -> None:
        """Give the pages that stay what every page says, and remove those that are no more.

        Parameters
        ----------
        pages : iterable of Path
            All pages of the site in this language.
        """
        if self._made is None:
            return
        for gone in self._before.get("pages", {}).keys() - self._made.keys():
            for path in _written_for(self._out, gone):
                path.unlink()
        changes = [(old, new) for old, new in zip(self._before.get("stamps", ()), self._stamps,
                                                  strict=False) if old and old != new]
        for path in pages if changes else ():
            if path.relative_to(self._out).as_posix() not in self._written:
                _replace(path, dict(changes))
        self._file.write_text(json.dumps({"frame": self._frame, "stamps": self._stamps,
                                          "pages": self._made, "parts": self.parts}),
                              encoding="utf-8")


def _written_for(out: Path, page: str) -> list[Path]:
    """A page and what was written for it: its long tables, of an analysis its files."""
    name = f"{glob.escape(posixpath.basename(page))}.*"
    return [*longtables.before(out / f"{page}.html"), *(out / page).parent.glob(name)]


def _replace(path: Path, changes: Mapping[str, str]) -> None:
    """Put other texts into a page where it holds the old ones; a new one may hold another old."""
    text = path.read_text(encoding="utf-8")
    longest = sorted(changes, key=len, reverse=True)
    made = re.sub("|".join(map(re.escape, longest)), lambda found: changes[found[0]], text)
    if made != text:
        path.write_text(made, encoding="utf-8")
