"""What the last build of the project's own site has left, for the next one to go on with.

A build goes on where nothing but data has changed since: it then writes what shows other data, as a
build in place does. After any other change, or a build that did not end well, it begins anew: a
reference that no longer leads anywhere is found only where the page that holds it is written.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.reads import PACKAGE, digest

INFO = ".buildinfo"  # of the builder; a build in place leaves it in a site, to go on by itself
_MADE = "_build"  # where builds write
_MARK = "index.html"  # stands for the site
_NOT_READ = "CHANGELOG.md"  # with data it changes as a rule, and no page shows it


class Last:
    """The last build of a site, as the next one finds it.

    Parameters
    ----------
    folder : Path
        Where both of them work.
    root : Path
        Folder of the project.
    out : Path
        Folder of the site.
    """

    def __init__(self, folder: Path, root: Path, out: Path):
        self.folder, self._root, self._out = folder, root, out
        self._note, self._state = folder / "made-from", ""

    def take_up(self, data: Path) -> bool:
        """Go on with it, or clear up what cannot be gone on with; which of them.

        Parameters
        ----------
        data : Path
            Data folder.

        Raises
        ------
        OSError
        """
        self._state = _state(self._root, data.resolve())
        made, whole = self.folder / _MADE, self._is_whole()
        self._note.unlink(missing_ok=True)  # until this build has ended well
        if whole:
            html = shutil.copytree(self._out, made / "html")
            (made / INFO).rename(html / INFO)
        else:
            shutil.rmtree(made, ignore_errors=True)
        return whole

    def keep(self) -> None:
        """Note that the site that is there now is that of this build."""
        self._note.write_text(f"{self._state} {_identity(self._out)}", encoding="utf-8")

    def _is_whole(self) -> bool:
        """Whether all is as the last build left it, but for data."""
        try:
            return (self._note.read_text(encoding="utf-8")
                    == f"{self._state} {_identity(self._out)}"
                    and (self.folder / _MADE / INFO).is_file() and not (self._out / INFO).exists())
        except OSError:
            return False


def _identity(site: Path) -> str:
    """What tells one written site from another."""
    known = (site / _MARK).stat()
    return f"{known.st_ino} {known.st_mtime_ns}"


def _state(root: Path, data: Path) -> str:
    """Digest of all files that a build may read but data, and of the interpreter."""
    parts: list[object] = [sys.version]
    for top in sorted({root, PACKAGE}):
        for folder, names, files in os.walk(top):
            names[:] = sorted(n for n in names if not n.startswith((".", _MADE, "__pycache__"))
                              and Path(folder, n) != data)
            parts += (part for n in sorted(files) if not n.startswith((".", _NOT_READ))
                      for part in (os.path.join(folder, n), Path(folder, n).read_bytes()))
    return digest(parts)


@contextmanager
def held(root: Path, out: Path) -> Iterator[Last | None]:
    """The last build of a site, held by one build at a time.

    Parameters
    ----------
    root : Path
        Folder of the project.
    out : Path
        Folder of the site.

    Yields
    ------
    Last or None
        None where the site is not the project's own, or another build of it is at work.

    Raises
    ------
    OSError
    """
    if out != root / _MADE / "html":
        yield None
        return
    folder = out.parent / "last"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield Last(folder, root, out)
