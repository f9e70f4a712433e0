"""A new review in a folder of its own: a book that builds, with one made-up trial to replace."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..data.asking import KEY, Kind, asked
from ..data.declaring import IDENTIFIER
from ..intake.files import put
from ..view.addresses import PAGES
from .indication import entries, page

PACKAGE = "livingreview"
_TESTED_BY = "pytest"
_BUILT_BY = "pyproject.toml"
_CARRIED = "packages"  # folder of a review that holds the package where nothing else does
_INDICATION = "indication"  # the folder that gets the name of the indication
_VOCABULARIES = "data/vocabularies.csv"
_NO_INDICATION = ("seed-reviews", "locale", "strategies")  # folders of the data
_HIDDEN = "dot-"  # begins the name of what begins with a point: packages leave such files out
_PLAIN = re.compile(r"[^\x00-\x1f\"\\$]+")  # what YAML and CSV take between quotes as it is


class ReviewError(Exception):
    """The review cannot be made; nothing was written."""


def begin(folder: Path, title: str, title_zh: str, indication: str, label: str, label_zh: str,
          question: str = "", today: date | None = None) -> list[Path]:
    """Write a new review.

    Parameters
    ----------
    folder : Path
        It must not be there, or be empty.
    title, title_zh : str
        Of the review.
    indication : str
        Identifier of its first indication.
    label, label_zh : str
        Name of the indication for readers.
    question : str, optional
        A kind of question (`livingreview.data.asking`); of treatments where it is left out.
    today : date, optional
        Date of the made-up trial.

    Returns
    -------
    list of Path
        The files, from the folder.

    Raises
    ------
    ReviewError
        When the folder has something in it, a name is none, or the package cannot be packed.
    OSError
        When the folder cannot be written.
    """
    named = {"--title": title, "--title-zh": title_zh, "--label": label, "--label-zh": label_zh}
    if _wrong(folder, indication, named):
        raise ReviewError("\n".join(_wrong(folder, indication, named)))
    kind = asked([{"key": KEY, "value": question}])
    facts = {"question": kind.name, "title": title, "title_zh": title_zh,
             "indication": indication, "label": label, "label_zh": label_zh,
             "today": (today or date.today()).isoformat(),
             "contents": "\n".join(entries(indication, "      ", kind.name))}
    own, files_of_it = _own_package()
    made = {**_skeleton(facts, kind), **files_of_it, "requirements.txt": requirements(own).encode(),
            **{f"notebooks/{indication}/{name}.md": page(name, facts, kind.name).encode()
               for name in PAGES if name not in kind.without}}
    put(folder, made)
    return sorted(map(Path, made))


def _wrong(folder: Path, indication: str, named: dict[str, str]) -> list[str]:
    """Why there can be no such review."""
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    # a name in Chinese that was left out is the English one, which is said once
    wrong = {value: name for name, value in reversed(named.items()) if not _PLAIN.fullmatch(value)}
    is_name = re.fullmatch(IDENTIFIER, indication) and indication not in _NO_INDICATION
    return [
        *(f"{name} {value!r}: expected words, without quotes, backslashes and dollar signs"
          for value, name in reversed(wrong.items())),
        *(() if is_name else [f"--indication {indication}: expected a name of lower-case letters "
                              "and digits with hyphens, and no folder of the data"]),
        *([f"{folder} is there already and is not an empty folder"] if taken else ())]


def _skeleton(facts: dict[str, str], kind: Kind) -> dict[str, bytes]:
    """The files that every review of a kind of question begins with, with its names in them.

    What the kind has of its own stands in the place of what all have; its words go among those of
    all, and its messages after them.
    """
    here, apart = files(__package__), {f"notebooks/{name}.md" for name in kind.without}
    texts = {name: text for name, text in _texts(here / "new_review", facts)
             if name not in apart}
    own = here / "new_questions" / kind.name
    for name, text in _texts(own, facts) if own.is_dir() else ():
        if name.endswith(".po"):
            texts[name] += f"\n{text}"
        elif name == _VOCABULARIES:
            texts[name] = _joined(texts[name], text)
        else:
            texts[name] = text
    return {name: (_filled(text, facts) if name.endswith(".csv")
                   else Template(text).safe_substitute(facts)).encode()
            for name, text in texts.items()}


def _texts(root: Traversable, facts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The files of a folder by their names in a review, with their texts as they are."""
    for parts, file in _below(root, ()):
        yield "/".join(facts["indication"] if part == _INDICATION
                       else part.replace(_HIDDEN, ".", 1) if part.startswith(_HIDDEN) else part
                       for part in parts), file.read_text("utf-8")


def _joined(words: str, own: str) -> str:
    """A table of words in which lists that another table has are those of the other."""
    (header, *rows), (_, *more) = (list(csv.reader(io.StringIO(text))) for text in (words, own))
    lists = {row[0] for row in more}
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [header, *(row for row in rows if row[0] not in lists), *more])
    return out.getvalue()


def _filled(text: str, facts: dict[str, str]) -> str:
    """A table with the names in its cells, quoted where they need it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [Template(cell).safe_substitute(facts) for cell in row]
        for row in csv.reader(io.StringIO(text)))
    return out.getvalue()


def _below(folder: Traversable, parts: tuple[str, ...]
           ) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Every file of a folder of the package, with its path."""
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _below(entry, (*parts, entry.name))
        else:
            yield (*parts, entry.name), entry


def requirements(own: str) -> str:
    """What builds the book: this package, and the versions of others that are here.

    Parameters
    ----------
    own : str
        The line of this package.
    """
    found, wanted = {}, [PACKAGE, _TESTED_BY]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name not in found:
            found[name] = metadata.version(name)
            wanted += [r.name for r in map(Requirement, metadata.requires(name) or ())
                       if r.marker is None or r.marker.evaluate({"extra": ""})]
    del found[PACKAGE]
    return "\n".join((own, *(f"{n}=={v}" for n, v in sorted(found.items())))) + "\n"


def _own_package() -> tuple[str, dict[str, bytes]]:
    """The line that installs this package anywhere, and the file that it needs.

    As the package was installed (PEP 610): from a repository or by its version. What was installed
    from a folder is nowhere else, so that the review holds it, packed.
    """
    told = json.loads(metadata.distribution(PACKAGE).read_text("direct_url.json") or "{}")
    if not told:
        return f"{PACKAGE}=={metadata.version(PACKAGE)}", {}
    if control := told.get("vcs_info"):
        return f"{PACKAGE} @ {control['vcs']}+{told['url']}@{control['commit_id']}", {}
    here = Path(__file__).resolve().parents[2]
    wheel = _packed(here if (here / _BUILT_BY).is_file() else Path(
        unquote(urlsplit(told["url"]).path)))
    return f"./{_CARRIED}/{wheel[0]}", {f"{_CARRIED}/{wheel[0]}": wheel[1]}


def _packed(source: Path) -> tuple[str, bytes]:
    """Name and bytes of the wheel of a folder; a file is one already."""
    if source.is_file():
        return source.name, source.read_bytes()
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "source"  # building leaves folders beside what it builds
        try:
            shutil.copytree(source / PACKAGE, copy / PACKAGE,
                            ignore=shutil.ignore_patterns("__pycache__"))
            shutil.copy(source / _BUILT_BY, copy)
            subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps",
                            "--no-build-isolation", "-w", folder, copy],
                           check=True, capture_output=True, text=True)
        except (OSError, shutil.Error, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            raise ReviewError(f"cannot pack {PACKAGE} from {source}: "
                              f"{said.strip().splitlines()[-1]}") from error
        wheel, = Path(folder).glob("*.whl")
        return wheel.name, wheel.read_bytes()
