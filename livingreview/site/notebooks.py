"""Notebooks as they are written, and executed with a record of what they read."""

from __future__ import annotations

import ast
import atexit
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat

from ..data.parcel import Parcel
from ..data.reads import VERSION
from ..data.store import VARIABLE
from ..render.shown import VIEWS
from . import forked

TIMEOUT = 300  # seconds for one cell
STARTS = 3  # of a kernel: two that start together may choose one port, and one of them ends
# Runs after the last cell, in the same process, and is taken out again.
_PROBE = "from livingreview.data import reads as _reads\nprint(_reads.seen())"


@dataclass(frozen=True)
class Executed:
    """An executed notebook."""

    text: str  # the notebook with its outputs, in the notebook format
    reads: tuple[str, ...]  # what it read (see `livingreview.data.reads`)
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A notebook that could not be executed: which cell failed, and with what."""

    path: str
    cell: int
    source: str
    error: str

    def __str__(self) -> str:
        first = next(iter(self.source.strip().splitlines()), "")
        return f"{self.path}: code cell {self.cell} ({first}): {self.error}"


def read(path: Path, text: str | None = None) -> nbformat.NotebookNode:
    """A MyST notebook as the book reads it.

    Parameters
    ----------
    path : Path
    text : str, optional
        Its content, where it was read before.
    """
    from myst_nb.core.read import read_myst_markdown_notebook

    text = path.read_text(encoding="utf-8") if text is None else text
    notebook = read_myst_markdown_notebook(text, add_source_map=True, path=str(path))
    for number, cell in enumerate(notebook.cells):  # else left to chance: a file would never stay
        cell.id = f"cell-{number}"
    return notebook


def with_outputs(text: str, path: str, kept: str) -> nbformat.NotebookNode:
    """A notebook as the book reads it, with the outputs of its code.

    Parameters
    ----------
    text : str
        Its content as it is now.
    path : str
    kept : str
        The file of the same code, executed.
    """
    return filled(read(Path(path), text), loaded(Path(kept)))


def loaded(kept: Path) -> nbformat.NotebookNode:
    """A notebook that was executed and kept: whether it is a valid one is not looked at again."""
    return nbformat.v4.reads_json(kept.read_text(encoding="utf-8"))


def text_of(notebook: nbformat.NotebookNode) -> str:
    """A notebook as text for programs, in one line: what people read is written many times slower.
    """
    return json.dumps(notebook, ensure_ascii=False, sort_keys=True)


def filled(notebook: nbformat.NotebookNode, done: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A notebook with the outputs of the same code, executed."""
    for cell, executed in zip(*([c for c in one.cells if c.cell_type == "code"]
                                for one in (notebook, done)), strict=True):
        cell.outputs, cell.execution_count = executed.outputs, executed.execution_count
    return notebook


def code(notebook: nbformat.NotebookNode) -> list[str]:
    """The kernel and the code of a notebook: what its outputs depend on besides what it reads."""
    kernel = str(notebook.metadata.get("kernelspec", {}))
    return [kernel, *(c.source for c in notebook.cells if c.cell_type == "code")]


def execute(path: str, text: str, parcel: Parcel, store: str,
            views: bool = False) -> Executed | Failed:
    """Execute a notebook in a kernel of its own.

    Parameters
    ----------
    path : str
        Where it stands; its kernel starts in that folder, where that is there.
    text : str
        The notebook, in the notebook format.
    parcel : Parcel
        The data that its kernel reads.
    store : str
        Folder of finished work, which its kernel uses where that is there.
    views : bool, optional
        Keep views without their HTML.
    """
    started = time.perf_counter()
    notebook = nbformat.reads(text, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(_PROBE))
    with parcel.unpacked() as (data, releases):
        failed = _run(path, notebook, {
            "LIVINGREVIEW_DATA": str(data), "LIVINGREVIEW_RELEASES": str(releases),
            VERSION: parcel.version, VARIABLE: store if Path(store).is_dir() else "",
            VIEWS: "yes" if views else ""})
    if failed:
        return failed
    probe = notebook.cells.pop()
    reads = tuple(ast.literal_eval("".join(o.get("text", "") for o in probe.outputs)))
    return Executed(text_of(notebook), reads, time.perf_counter() - started)


def _run(path: str, notebook: nbformat.NotebookNode, environment: dict[str, str]) -> Failed | None:
    """Run the cells of a notebook; what failed, if anything did."""
    from jupyter_client.provisioning import KernelProvisionerFactory
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    KernelProvisionerFactory.instance().default_provisioner_name = forked.NAME if (
        forked.possible()) else forked.ORDINARY
    folder = Path(path).parent
    for left in reversed(range(STARTS)):
        client = NotebookClient(
            notebook, timeout=TIMEOUT, startup_timeout=TIMEOUT, kernel_name="python3",
            record_timing=False,
            extra_arguments=["--IPKernelApp.log_level=40"],  # its remarks on transport are no news
            resources={"metadata": {"path": str(folder if folder.is_dir() else Path.cwd())}})
        try:
            client.execute(env={**os.environ, **environment})
            break
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return _failure(path, notebook, error)
        # nothing narrower says that a kernel has not begun; the second is nbclient's when it
        # clears up twice after the first
        except (RuntimeError, AssertionError) as error:
            if not left:
                return _failure(path, notebook, error)
        finally:  # nbclient leaves that where a kernel has not begun
            atexit.unregister(client._cleanup_kernel)
    return None


def _failure(path: str, notebook: nbformat.NotebookNode, error: Exception) -> Failed:
    """Which cell failed: that with an error, else the first that has not been executed."""
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    for position, cell in enumerate(cells, 1):
        for output in cell.outputs:
            if output.output_type == "error":
                return Failed(path, position, cell.source, f"{output.ename}: {output.evalue}")
    position = next((i for i, c in enumerate(cells, 1) if not c.execution_count), len(cells))
    said = str(error).strip().splitlines()
    return Failed(path, position, cells[position - 1].source,
                  said[0] if said else type(error).__name__)
