"""A new review in a folder of its own: a book that builds, with one made-up trial to replace."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ..data.declaring import IDENTIFIER
from ..intake.files import put
from ..view.addresses import PAGES
from .indication import entries, page

PACKAGE = "livingreview"
_TESTED_BY = "pytest"
_INDICATION = "indication"  # the folder that gets the name of the indication
_NO_INDICATION = ("seed-reviews", "locale", "strategies")  # folders of the data
_HIDDEN = "dot-"  # begins the name of what begins with a point: packages leave such files out
_PLAIN = re.compile(r"[^\x00-\x1f\"\\$]+")  # what YAML and CSV take between quotes as it is


class ReviewError(Exception):
    """The review cannot be made; nothing was written."""


def begin(folder: Path, title: str, title_zh: str, indication: str, label: str, label_zh: str,
          today: date | None = None) -> list[Path]:
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
    today : date, optional
        Date of the made-up trial.

    Returns
    -------
    list of Path
        The files, from the folder.

    Raises
    ------
    ReviewError
        When the folder has something in it, or a name is none.
    OSError
        When the folder cannot be written.
    """
    named = {"--title": title, "--title-zh": title_zh, "--label": label, "--label-zh": label_zh}
    if _wrong(folder, indication, named):
        raise ReviewError("\n".join(_wrong(folder, indication, named)))
    facts = {"title": title, "title_zh": title_zh, "indication": indication, "label": label,
             "label_zh": label_zh, "today": (today or date.today()).isoformat(),
             "contents": "\n".join(entries(indication, "      "))}
    made = {**_skeleton(facts), "requirements.txt": requirements().encode(),
            **{f"notebooks/{indication}/{name}.md": page(name, facts).encode() for name in PAGES}}
    put(folder, made)
    return sorted(map(Path, made))


def _wrong(folder: Path, indication: str, named: dict[str, str]) -> list[str]:
    """Why there can be no such review."""
    taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    is_name = re.fullmatch(IDENTIFIER, indication) and indication not in _NO_INDICATION
    return [
        *(f"{name} {value!r}: expected words without quotes, backslashes and dollar signs"
          for name, value in named.items() if not _PLAIN.fullmatch(value)),
        *(() if is_name else [f"--indication {indication}: expected a name of lower-case letters "
                              "and digits with hyphens, and no folder of the data"]),
        *([f"{folder} is there already and is not an empty folder"] if taken else ())]


def _skeleton(facts: dict[str, str]) -> dict[str, bytes]:
    """The files that every review begins with, with its names in them."""
    root, out = files(__package__) / "new_review", {}
    for parts, file in _below(root, ()):
        name = "/".join(facts["indication"] if part == _INDICATION
                        else part.replace(_HIDDEN, ".", 1) if part.startswith(_HIDDEN) else part
                        for part in parts)
        text = file.read_text("utf-8")
        out[name] = (_filled(text, facts) if name.endswith(".csv")
                     else Template(text).safe_substitute(facts)).encode()
    return out


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


def requirements() -> str:
    """What builds the book: this package where it came from, and the versions that are here."""
    found, wanted = {}, [PACKAGE, _TESTED_BY]
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name not in found:
            found[name] = metadata.version(name)
            wanted += [r.name for r in map(Requirement, metadata.requires(name) or ())
                       if r.marker is None or r.marker.evaluate({"extra": ""})]
    own = found.pop(PACKAGE)
    return "\n".join((_from_where(own), *(f"{n}=={v}" for n, v in sorted(found.items())))) + "\n"


def _from_where(version: str) -> str:
    """This package as it was installed (PEP 610): from a repository or folder, or by its version.
    """
    told = json.loads(metadata.distribution(PACKAGE).read_text("direct_url.json") or "{}")
    if not told:
        return f"{PACKAGE}=={version}"
    control = told.get("vcs_info")
    return (f"{PACKAGE} @ {control['vcs']}+{told['url']}@{control['commit_id']}" if control
            else f"{PACKAGE} @ {told['url']}")
