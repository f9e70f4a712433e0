"""Files that a page offers; the site makes files of the addresses in which they stand."""

from __future__ import annotations

import csv
import io
import urllib.parse
from collections.abc import Sequence

from jinja2 import pass_context
from markupsafe import Markup

from .languages import SOURCE, language
from .numbers import MINUS


def _plain(value) -> str:
    """The text of a cell, without markup, as programs read it."""
    if value is None:
        return ""
    said = value.striptags() if isinstance(value, Markup) else str(value)
    return said.replace(MINUS, "-")


@pass_context
def csv_address(context, rows: Sequence[Sequence], header: Sequence[str]) -> str:
    """Rows as a CSV file in an address: ``data:text/csv``.

    In another language than the source's it begins with a byte order mark: without one Excel takes
    its text for the signs of another alphabet.

    Parameters
    ----------
    context : Context
        Of the template, whose language is asked.
    rows : sequence of sequences
        Text or markup.
    header : sequence of str
    """
    buffer = io.StringIO()
    if language(context["language"]).code != SOURCE:
        buffer.write("\ufeff")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_plain(h) for h in header])
    writer.writerows([[_plain(cell) for cell in row] for row in rows])
    return f"data:text/csv;charset=utf-8,{urllib.parse.quote(buffer.getvalue())}"
