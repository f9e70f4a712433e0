"""What the cells of the pages show, without building the site."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path
from unittest import mock

import jupytext
from conftest import DATA

from livingreview.render.shown import Shown

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
    with mock.patch.dict(os.environ, {"LIVINGREVIEW_DATA": str(data)}):
        found = [(cell.source, _last_value(cell.source, names))
                 for cell in jupytext.read(page).cells if cell.cell_type == "code"]
    return tuple((source, value._repr_html_()) for source, value in found
                 if isinstance(value, Shown))
