"""The executed notebooks of the book as files, and a page with the code of each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path

import nbformat

from ..data.dataset import Dataset
from ..data.reads import digest
from ..data.store import Store
from ..render.engine import render
from ..view.base import MIME, View
from .freshness import Page, outputs
from .generated import Generated
from .notebooks import filled, loaded

LONG = 50_000  # characters of an output that a notebook keeps
_FILE = re.compile(r'<a class="lr-download"[^>]*>.*?</a>')


class CodePage(View, template="code"):
    """How a page was computed."""

    title: str  # of the page
    href: str  # the page
    notebook: str  # the executed notebook
    cells: tuple[str, ...]  # the code of its cells in order


class LongOutput(View, template="long_output"):
    """Stands in a notebook for an output that its page alone holds."""

    page: str


def code_page(name: str) -> str:
    """Address, without its ending, of the page with the code of a page."""
    return f"code/{name}"


def _public(notebook: nbformat.NotebookNode, page: str) -> str:
    """An executed notebook as others open it.

    Views are written as HTML, without files inside links and without what a program prints of an
    output that is shown; a long output is on the page alone, to which a line leads.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if MIME in data:
                data["text/html"] = str(render(data.pop(MIME)))
            if "text/html" in data:
                data.pop("text/plain", None)
                shown = _FILE.sub("", data["text/html"])
                data["text/html"] = shown if len(shown) <= LONG else (
                    str(render(LongOutput(page))))
    return nbformat.writes(notebook)


def pages(found: Iterable[Page], store: Store, data: Dataset, folder: Path | None,
          titles: Mapping[str, str], keys: Mapping[str, str]) -> Iterator[Generated]:
    """The page with the code of each executed page; its notebook is written as a file with it.

    Parameters
    ----------
    found : iterable of Page
        Executed before.
    store : Store
    data : Dataset
    folder : Path or None
        Of the site; None where the notebooks are written by another build.
    titles : mapping of str to str
        Of the pages.
    keys : mapping of str to str
        What they are made from (:func:`livingreview.site.freshness.keys`).
    """
    fingerprint = cache(data.fingerprint)
    for page in found:
        name, done = code_page(page.name), outputs(page, store, fingerprint)
        title, cells = titles[page.name], tuple(
            c.source for c in page.notebook.cells if c.cell_type == "code")
        view = CodePage(title, f"{page.name}.html", f"{name}.ipynb", cells)
        if folder is None:
            yield Generated(name, title, view)
            continue
        target = folder / f"{name}.ipynb"
        yield Generated(
            name, title, view,
            digest([json.dumps(page.notebook, sort_keys=True), keys[page.name]]),
            partial(_write, target, page, done, f"{'../' * name.count('/')}{page.name}.html"),
            target.is_file())


def _write(target: Path, page: Page, done: Path, address: str) -> None:
    """Write the notebook of a page as a file, with the outputs that a store has of it."""
    executed = loaded(done)
    notebook = filled(page.notebook, executed)
    notebook.metadata["language_info"] = executed.metadata.get("language_info", {})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_public(notebook, address), encoding="utf-8")
