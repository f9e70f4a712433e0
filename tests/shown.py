"""What the cells of the pages show, without building the site."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path
from unittest import mock

import jupytext
from conftest import DATA

from livingreview.data import dataset
from livingreview.data.dataset import Dataset
from livingreview.render.shown import Shown
from livingreview.review import whole

PAGES = [path for folder in ("notebooks", "book")
         for path in sorted((DATA.parent / folder).rglob("*.md"))
         if "{code-cell}" in path.read_text(encoding="utf-8")]


def _last_value(source: str, names: dict):
    """Run a cell; the value of its last line where that is an expression."""
    *first, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        first, last = [*first, last], None
    exec(compile(ast.Module(first, []), "cell", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "cell", "eval"), names)


_read, _parts = {}, {}
_kept, _stored = dataset._kept, whole._stored


def _read_once(folder: Path, store) -> Dataset:
    """What a store holds of a data folder is one object for all pages."""
    key = (folder, dataset.state(folder))
    if key not in _read:
        _read[key] = _kept(folder, store)
    return _read[key]


def _part_once(data: Dataset, indication: str, store):
    """The same of results; with the data, so that no others get their identity."""
    key = (id(data), indication)
    if key not in _parts and (part := _stored(data, indication, store)):
        _parts[key] = data, part
    return _parts[key][1] if key in _parts else None


@cache
def shown(page: Path, data: Path = DATA) -> tuple[tuple[str, str], ...]:
    """The source of each cell of a page that shows something, with what it shows.

    Parameters
    ----------
    page : Path
    data : Path
        The data folder that the page is of.
    """
    names: dict = {}
    with (mock.patch.dict(os.environ, {"LIVINGREVIEW_DATA": str(data)}),
          mock.patch.object(dataset, "_kept", _read_once),
          mock.patch.object(whole, "_stored", _part_once)):
        found = [(cell.source, _last_value(cell.source, names))
                 for cell in jupytext.read(page).cells if cell.cell_type == "code"]
    return tuple((source, value._repr_html_()) for source, value in found
                 if isinstance(value, Shown))
