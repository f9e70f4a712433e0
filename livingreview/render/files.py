"""Files that a page offers; the site makes files of the addresses in which they stand."""

from __future__ import annotations

import csv
import io
import urllib.parse
from collections.abc import Sequence

from markupsafe import Markup

from .numbers import MINUS


def _plain(value) -> str:
    """The text of a cell, without markup, as programs read it."""
    if value is None:
        return ""
    said = value.striptags() if isinstance(value, Markup) else str(value)
    return said.replace(MINUS, "-")


def csv_address(rows: Sequence[Sequence], header: Sequence[str], marked: bool = False) -> str:
    """Rows as a CSV file in an address: ``data:text/csv``.

    Parameters
    ----------
    rows : sequence of sequences
        Text or markup.
    header : sequence of str
    marked : bool
        Whether it begins with a byte order mark: without one Excel takes text that is not English
        for the signs of another alphabet.
    """
    buffer = io.StringIO()
    if marked:
        buffer.write("\ufeff")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_plain(h) for h in header])
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    return f"data:text/csv;charset=utf-8,{urllib.parse.quote(buffer.getvalue())}"
