"""The public files of the site beside its pages: results, data, codebook, versions, interface."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd

from ..data import codebook, reads, recorded, strategies, versions
from ..data.about import about
from ..data.dataset import Dataset
from ..review import Review
from . import api


def codebook_text(data: Dataset) -> str:
    """The codebook as CSV: one row per column of every table, as the files call it."""
    return pd.DataFrame(codebook.columns(data.names), dtype=object).to_csv(
        index=False, lineterminator="\n")


def datapackage_json(data: Dataset) -> str:
    """The Frictionless data package of a data folder as text."""
    package = codebook.datapackage(
        list(data.indications), set(data.frames), about(data).get("title", "A review"), data.date,
        {path: recorded.hashed(digest) for path, digest in data.digests.items()},
        data.names, data.headers)
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


class UndescribedError(Exception):
    """Tables changed, and no entry of the changelog says so."""


def described(data: Dataset) -> dict[str, str]:
    """What describes a data folder: ``datapackage.json`` and ``codebook.csv``, each as text.

    Whoever changes tables writes the entry of the changelog and then these two files.

    Parameters
    ----------
    data : Dataset
        Read after the change, without an error.

    Raises
    ------
    UndescribedError
        When files differ from what the folder's data package records, and no line that the
        changelog got since names them. A folder without a record has nothing that could differ.
    """
    missing = recorded.without_line(data) if not data.recorded.unreadable else ()
    if missing:
        raise UndescribedError("\n".join(
            [f"{data.folder / path}: changed since the last entry of changelog.csv: expected a "
             f"new line there whose column file is {path}" for path in missing]))
    return {recorded.NAME: datapackage_json(data), "codebook.csv": codebook_text(data)}


def write_public(data: Dataset, review: Review, folder: Path) -> None:
    """Write what the site offers for download.

    Parameters
    ----------
    data : Dataset
    review : Review
    folder : Path
        Made where it does not exist.
    """
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(review.text(), encoding="utf-8")
    for path in data.frames:
        target = folder / "data" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(data.folder / path, target)
    for path in strategies.files(data.folder):
        target = folder / "data" / path.relative_to(data.folder)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
    for name in versions.published():
        for ending in (".json", versions.MANIFEST):
            target = folder / "releases" / f"{name}{ending}"
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(reads.releases() / target.name, target)
    for path, content in api.files(data, review).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8", newline="")
    (folder / "data" / "codebook.csv").write_text(codebook_text(data), encoding="utf-8",
                                                  newline="")
    (folder / "data" / "datapackage.json").write_text(datapackage_json(data), encoding="utf-8")
