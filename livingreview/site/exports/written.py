"""How exported files are written: tables as CSV, and archives that are the same at every build."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from ...intake.revman import study_id
from ...review import rounded

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the first time that an archive can state


def number(value: float | None) -> str:
    """A number with the digits of ``results.json``; empty where there is none."""
    return "" if value is None else f"{rounded(float(value)):.10g}"


def csv_text(rows: Sequence[dict], columns: Iterable[str] = ()) -> str:
    """Rows as CSV.

    Parameters
    ----------
    rows : sequence of dict
        What one lacks is empty.
    columns : iterable of str
        Those of the first row where they are left out.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns or rows[0]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """An archive without a clock: the same files give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _BEGINNING), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def study_name(identifier: str, names: Mapping) -> str:
    """The name of a study where `import` can make its identifier of it again; else that."""
    name = str(names[identifier])
    return name if study_id(name) == identifier else identifier
