"""What ``datapackage.json`` records of the tables, and what has changed since it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from . import living, tables

if TYPE_CHECKING:
    from .dataset import Dataset

NAME = "datapackage.json"
_PREFIX = "sha256:"


@dataclass(frozen=True)
class Recorded:
    """The tables of a data folder as they were when they were described.

    Attributes
    ----------
    hashes : mapping of str to str
        SHA-256 of each file by path, byte for byte, as the data package gives it. Empty where
        nothing is recorded: then nothing counts as changed.
    date : str
        Date of the data then.
    unreadable : str
        Why the record cannot be read: then every table counts as changed.
    """

    hashes: Mapping[str, str] = field(default_factory=dict)
    date: str = ""
    unreadable: str = ""

    @classmethod
    def of(cls, folder: Path) -> Recorded:
        """The record of a data folder."""
        try:
            package = json.loads((folder / NAME).read_text(encoding="utf-8"))
            found = {r["path"]: r["hash"].removeprefix(_PREFIX) for r in package["resources"]
                     if "hash" in r and Path(r["path"]).stem in tables.BY_NAME}
            return cls(found, str(package.get("version", "")))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            return cls(unreadable=error.strerror or "it cannot be opened")
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(unreadable="it is no JSON of a data package")

    def differing(self, digests: Mapping[str, str]) -> tuple[str, ...]:
        """Paths of files that are not, or are no longer, what is recorded of them."""
        if not self.hashes and not self.unreadable:
            return ()
        return tuple(sorted(path for path in {*self.hashes, *digests}
                            if self.hashes.get(path) != digests.get(path)))


def hashed(digest: str) -> str:
    """A SHA-256 as a data package writes it."""
    return _PREFIX + digest


def new_lines(data: Dataset) -> list:
    """Lines of the changelog that it did not have when the tables were described.

    Where its earlier lines are no longer what they were (corrected, or merged with others), those
    of the recorded day and later are taken for new.
    """
    path = tables.CHANGELOG.path()
    rows = data.records(tables.CHANGELOG.name)
    known, total = data.recorded.hashes.get(path), hashlib.sha256()
    if data.digests.get(path) == known:
        return []
    lines = (data.folder / path).read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        total.update(line)
        if total.hexdigest() == known:
            return [r for r in rows if r["row"] > number]
    return [r for r in rows if (r["date"] or "") >= data.recorded.date]


def without_line(data: Dataset) -> tuple[str, ...]:
    """Changed files that no new line of the changelog names; a line may name several: ``*/x.csv``.
    """
    if not data.changed:
        return ()
    named = [r["file"] for r in new_lines(data) if r["file"]]
    # Tables that commands of surveillance write say themselves what changed, and when.
    said = {table.path() for table in living.WRITTEN}
    return tuple(path for path in data.changed if path != tables.CHANGELOG.path()
                 and path not in said and not any(fnmatch(path, pattern) for pattern in named))
