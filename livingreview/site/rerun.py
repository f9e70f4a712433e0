"""Notebooks run again: executed copies, each with what it was made from below its title."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import nbformat

from ..data.dataset import Dataset
from ..data.parcel import Parcel, digest_of
from ..render.engine import render
from ..render.languages import SOURCE
from ..review.asked import Asked, AskedError
from ..view.addresses import COMPARE, PAGES
from ..view.versions import State
from . import notebooks, standalone
from .bibliography import cited
from .light import MODULE, STYLES, THEME
from .translated import CATALOGUES, prose
from .workers import Workers, identity

DATA_PARAMETER = "data_folder"
_TITLE = re.compile(r"\s*(# .*)\s*")
_CHAPTER = re.compile(r"\bChapter\(\"([a-z0-9-]+)\"")


class RerunError(Exception):
    """A call that makes no sense; nothing was executed."""


@dataclass(frozen=True)
class Rerun:
    """A notebook that is to be executed."""

    path: Path
    notebook: nbformat.NotebookNode  # with the parameters in it
    heading: str  # what it is made from, in Markdown
    injected: int  # cells of code before the first that the file has not
    page: str  # the page that it is a part of

    @property
    def name(self) -> str:
        """Where it is written: a page of a chapter in the folder of the chapter."""
        return named(self.path)


def named(path: Path) -> str:
    """What a notebook is called: a page of a chapter with its chapter."""
    chapter = path.stem in (*PAGES, COMPARE) and (path.parent / "index.md").is_file()
    return f"{path.parent.name}/{path.stem}" if chapter and path.parent.name != "book" else (
        path.stem)


def found(root: Path, name: str) -> dict[Path, str]:
    """The notebooks of a chapter's name, in their order, or the one of a name or path.

    Returns
    -------
    dict of Path to str
        The page that each is a part of.

    Raises
    ------
    RerunError
        With the names that there are.
    """
    chapter = root / "notebooks" / name
    if (chapter / "index.md").is_file():
        return {p: name for page in (*PAGES, COMPARE) if (p := chapter / f"{page}.md").is_file()}
    places = (Path(name), root / "notebooks" / f"{name}.md", root / "book" / f"{name}.md")
    path = next((p for p in places if p.is_file() and p.suffix == ".md"), None)
    if path and _computes(path):
        return {path: named(path)}
    known = sorted({p.parent.name if p.name == "index.md" else p.stem
                    for pattern in ("notebooks/*.md", "notebooks/*/index.md", "book/*.md")
                    for p in root.glob(pattern) if _computes(p)} - {"book"})
    wrong = f"{name} has no code to run" if path else f"there is no notebook {name}"
    raise RerunError(f"{wrong}: expected a path or one of {', '.join(known)}")


def _computes(path: Path) -> bool:
    """Whether a page has a cell of code."""
    return "```{code-cell}" in path.read_text(encoding="utf-8", errors="replace")


def parsed(parameters: Sequence[str]) -> dict[str, object]:
    """Parameters from ``name=value``; numbers become numbers.

    Raises
    ------
    RerunError
    """
    out = {}
    for parameter in parameters:
        name, sign, value = parameter.partition("=")
        if not (sign and name and value):
            raise RerunError(f"-p {parameter}: expected name=value")
        if name == DATA_PARAMETER:
            raise RerunError(f"-p {parameter}: name the data folder with --data")
        if name in out:
            raise RerunError(f"-p {parameter}: {name} has the value {out[name]} already; give it "
                             "once")
        try:
            out[name] = float(value) if not value.lstrip("-").isdigit() else int(value)
        except ValueError:
            out[name] = value
    return out


def prepared(path: Path, page: str, data: Dataset, parameters: Mapping[str, object],
             language: str = SOURCE) -> Rerun:
    """A notebook with its parameters, which are what it takes and what its data have.

    Parameters
    ----------
    path : Path
    page : str
        The page that it is a part of.
    data : Dataset
    parameters : mapping
    language : str, optional
        In which it says what it is made from.

    Raises
    ------
    RerunError
        With what is possible.
    """
    from papermill.parameterize import parameterize_notebook

    notebook = notebooks.read(path)
    takes = _takes(notebook)
    if unknown := [name for name in parameters if name not in takes]:
        known = ", ".join(n for n in takes if n != DATA_PARAMETER) or "no parameter besides --data"
        raise RerunError(f"{named(path)} has no parameter {', '.join(unknown)}: it takes {known}")
    chapter = _CHAPTER.search("\n".join(notebooks.code(notebook)))
    if chapter and chapter[1] not in data.indications:
        raise RerunError(f"the data of {named(path)} are not in {data.folder.name}: it has "
                         f"{', '.join(data.indications) or 'no indication'}")
    if chapter:
        try:
            Asked.of(data, chapter[1], parameters.get("window"), parameters.get("comparator"))
        except AskedError as error:
            raise RerunError(str(error)) from None
    if parameters:
        notebook.metadata.setdefault("papermill", {})  # as papermill's own reader leaves it
        for cell in notebook.cells:
            cell.metadata.setdefault("tags", [])
        notebook = parameterize_notebook(notebook, dict(parameters), kernel_name="python3",
                                         language="python")
    return Rerun(path, notebook, _heading(page, data, parameters, language),
                 int(bool(parameters)), page)


def _takes(notebook: nbformat.NotebookNode) -> list[str]:
    """Names that the cell of parameters assigns."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            return [target.id for node in ast.parse(cell.source).body
                    if isinstance(node, ast.Assign) for target in node.targets]
    return []


def _heading(page: str, data: Dataset, parameters: Mapping[str, object], language: str) -> str:
    """What a rerun is made from, in Markdown."""
    return render({"template": "rerun", "data": {
        "name": page, "folder": data.folder.resolve().name,
        "changed": asdict(State.of(data.version)), "digest": digest_of(data),
        "parameters": ", ".join(f"{k} = {v}" for k, v in parameters.items()),
        "programs": identity(), "files": sorted(data.digests.items())}},
        language=language, form="txt")


def run(reruns: Sequence[Rerun], data: Dataset, store: Path, workers: Workers
        ) -> Iterator[tuple[Rerun, str | notebooks.Failed]]:
    """Execute notebooks; each as it finishes, with its text or what failed.

    Parameters
    ----------
    reruns : sequence of Rerun
    data : Dataset
    store : Path
        Folder of finished results.
    workers : Workers
    """
    parcel = Parcel.of(data, workers.remote, with_releases=True)
    units = [(str(r.path.resolve()), notebooks.text_of(r.notebook), parcel, str(store))
             for r in reruns]
    for position, result in workers.run(notebooks.execute, units, apart=True):
        rerun = reruns[position]
        if isinstance(result, notebooks.Failed):
            yield rerun, replace(result, cell=result.cell - rerun.injected)
            continue
        notebook = nbformat.reads(result.text, as_version=4)
        _head(notebook, rerun.heading)
        nbformat.validator.normalize(notebook)
        yield rerun, nbformat.writes(notebook)


def _head(notebook: nbformat.NotebookNode, heading: str) -> None:
    """Put what a notebook is made from below its title."""
    first, cells = notebook.cells[0], [nbformat.v4.new_markdown_cell(
        heading, metadata={"tags": [standalone.MADE_FROM]})]
    title = _TITLE.match(first.source) if first.cell_type == "markdown" else None
    if title:
        first.source = first.source[title.end():]
        cells.insert(0, nbformat.v4.new_markdown_cell(title[1]))
        if not first.source:
            del notebook.cells[0]
    notebook.cells[:0] = cells


def page(executed: Mapping[str, str], data: Dataset, language: str = SOURCE,
         prose: Mapping[str, str] = MappingProxyType({})) -> str:
    """The page of executed notebooks, with everything it needs in it.

    Parameters
    ----------
    executed : mapping of str to str
        Each in the notebook format, by name.
    data : Dataset
        From which its references are.
    language : str, optional
    prose : mapping of str to str, optional
        Of the notebooks in that language, by paragraph (:func:`prose_of`).
    """
    static = THEME / "static"

    def read(name: str) -> str:
        return (static / name).read_text(encoding="utf-8")

    return standalone.page(
        {name: nbformat.reads(text, as_version=4) for name, text in executed.items()},
        standalone.Frame(
            "\n".join(map(read, sorted(STYLES[1:]))), read("livingreview.js"),
            (read("stats.mjs"), read(MODULE)), partial(cited, data), language,
            lambda text: prose.get(text, text)))


def prose_of(root: Path, language: str) -> dict[str, str]:
    """The prose of a book in one of its languages, by paragraph.

    Raises
    ------
    RerunError
        Where the book has no such language, with those that it has.
    """
    folder = root / CATALOGUES
    if language == SOURCE:
        return {}
    if not (folder / language).is_dir():
        has = sorted(p.name for p in folder.glob("*") if p.is_dir())
        raise RerunError(f"--language {language}: expected one of {', '.join((SOURCE, *has))}")
    return prose(root, language)
