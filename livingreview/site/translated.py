"""The book in other languages: built from the same executed notebooks, below the site.

Each language is a run of the builder of its own, beside the one that writes the source language.
It executes nothing, and writes no file that is the same in every language: its pages lead to those
of the source language.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from babel.messages.mofile import write_mo
from sphinx.application import Sphinx

from ..render import languages
from ..render.languages import SOURCE, Language
from ..render.told import CatalogueError, catalogue, messages, texts
from . import stopping

CATALOGUES = "book/locale"  # of the prose of a book, from its root
_OUTPUTS = "jupyter_execute"  # that MyST-NB writes beside the pages
_SHARED = ("_static", "_sources")  # files of the site that all languages use
_FILE = re.compile(r'(<a\b[^>]*?\shref=")([^":?#]+)(?=["?#])')
PATIENCE = 10  # seconds for a builder that is no longer wanted


class TranslationError(RuntimeError):
    """The book could not be built in another language."""


def wanted(app: Sphinx) -> list[Language]:
    """The languages that a book is built in, besides its own."""
    if app.config.language != SOURCE:
        return []
    return [languages.language(code) for code in app.config.livingreview_languages]


def catalogues(root: Path) -> list[Path]:
    """The messages of the prose of a book, in all languages."""
    return sorted((root / CATALOGUES).rglob("*.po"))


def prose(root: Path, language: str) -> dict[str, str]:
    """The prose of a book in a language, by paragraph; none in its own.

    Parameters
    ----------
    root : Path
        Of the book.
    language : str
    """
    found: dict[str, str] = {}
    for path in sorted((root / CATALOGUES / language).rglob("*.po")):
        found |= {text: told for text, told in messages(path).items() if isinstance(text, str)}
    return found


def compiled(root: Path, folder: Path) -> Path:
    """Write the messages of the prose as the builder reads them.

    Parameters
    ----------
    root : Path
        Of the book.
    folder : Path
        For them.
    """
    for path in catalogues(root):
        target = folder / path.relative_to(root / CATALOGUES).with_suffix(".mo")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            write_mo(out, catalogue(path))
    return folder


def contents(app: Sphinx, config) -> None:
    """Give the table of contents of the book the words of the language."""
    if config.language == SOURCE:
        return
    known = messages(app.srcdir / CATALOGUES / config.language / "LC_MESSAGES" / "toc.po")
    for document in config.external_site_map.values():
        document.title = known.get(document.title, document.title)
        for part in document.subtrees:
            part.caption = known.get(part.caption, part.caption)


def pages(app: Sphinx) -> Iterator[Path]:
    """The pages of the site in the language that is being built, in order."""
    out = Path(app.outdir)
    others = {out / language.key for language in wanted(app)}
    yield from (path for path in sorted(out.rglob("*.html")) if not others & {*path.parents})


class Translation:
    """A run of the builder in another language, in a process of its own.

    It loads libraries until it is told to prepare, and prepares until it is told to begin.

    Parameters
    ----------
    app : Sphinx
        That builds the source language; its executed notebooks are in the store.
    language : Language
    made : Path
        Folder of what builds keep for themselves.
    """

    def __init__(self, app: Sphinx, language: Language, made: Path):
        self.language, self._told = language, False
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, app.srcdir, Path(app.outdir) / language.key,
             made / language.key, json.dumps({
                 "language": language.code, **app.config.livingreview_languages[language.code]}),
             *(["-W"] if app.warningiserror else [])],
            stdin=subprocess.PIPE, stdout=self._said, stderr=subprocess.STDOUT,
            start_new_session=True)

    def prepare(self) -> None:
        """Have it read what the builder made of the data, which is there now."""
        self._tell()

    def begin(self) -> None:
        """Have the pages written: what their cells show is there now."""
        if not self._told:
            self.prepare()
        self._tell()

    def _tell(self) -> None:
        self._told = True
        # a process that has ended is told of where its end is waited for
        with suppress(BrokenPipeError):
            self._process.stdin.write(b"go on\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """Wait until the pages are written.

        Raises
        ------
        TranslationError
            With what the builder said.
        """
        if self._process.wait():
            self._said.seek(0)
            raise TranslationError(f"{self._said.read().rstrip()}\n"
                                   f"the book was not built in {self.language.name}")

    def stop(self) -> None:
        """End the process; nothing is wanted of it any more."""
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main(root: str, out: str, made: str, configured: str, *options: str) -> int:
    """Build the book in a language; the exit code.

    Parameters
    ----------
    root, out : str
        Folders of the book and of the pages.
    made : str
        Folder of what the build keeps for itself.
    configured : str
        The language, and what is configured otherwise in it, as JSON.
    *options : str
        ``-W`` where a warning is an error.
    """
    stopping.follow(os.getppid())
    with stopping.stoppable("jupyter-book"):
        # of what the builder loads, most
        import myst_nb.sphinx_ext  # noqa: F401
        from jupyter_book.sphinx import build_sphinx

        from . import extension  # noqa: F401

        wait()
        try:
            texts(json.loads(configured)["language"])
            locale = compiled(Path(root), Path(made) / "locale")
        except CatalogueError as error:
            sys.exit(str(error))
        # extensions write there in any case
        (Path(out) / "_static").mkdir(parents=True, exist_ok=True)
        done = build_sphinx(
            root, out, path_config=Path(root) / "_config.yml", noconfig=True,
            doctreedir=Path(made) / "doctrees",
            confoverrides={"livingreview_waits": True, "locale_dirs": [str(locale)],
                           "gettext_auto_build": False, "latex_individualpages": False,
                           **json.loads(configured)},
            warningiserror="-W" in options, keep_going=True, quiet=True)
    if isinstance(done, Exception):
        sys.stderr.write(f"{done}\n")
    for folder in _SHARED:
        shutil.rmtree(Path(out) / folder, ignore_errors=True)
    shutil.rmtree(Path(out).parent / _OUTPUTS, ignore_errors=True)
    return 0 if done == 0 else 1


def wait() -> None:
    """Go on when the builder of the source language says so; end where it wants nothing more."""
    if not sys.stdin.readline():
        sys.exit(1)


def above(body: str, page: str) -> str:
    """The HTML of a page whose links to files lead to those of the source language.

    Parameters
    ----------
    body : str
    page : str
        Address of the page from the root of its language.
    """
    def moved(found: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), found[2]))
        own = target.startswith(("../", "downloads/")) or target.endswith(".html")
        return found[0] if own else f"{found[1]}../{found[2]}"

    return _FILE.sub(moved, body)


def addresses(app: Sphinx, page: str) -> Iterator[tuple[Language, str, str]]:
    """The same page in every language of the book.

    Parameters
    ----------
    app : Sphinx
    page : str
        Its name.

    Yields
    ------
    (Language, str, str)
        With its address from the page, and the whole one by which search engines know it: empty
        where the site has no address, as they take no other.
    """
    here = languages.language(app.config.language)
    top = "../" * page.count("/") + here.up
    site = app.config.html_baseurl.removesuffix(f"{here.key}/" if here.up else "")
    for other in map(languages.language, (SOURCE, *app.config.livingreview_languages)):
        below = f"{other.key}/{page}.html" if other.up else f"{page}.html"
        yield other, top + below, site and site + below


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # taking apart what it holds takes most of a second
