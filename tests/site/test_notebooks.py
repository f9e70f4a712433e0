"""Notebooks run, their outputs are the same twice, and they run on other data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import jupytext
import nbformat
import papermill
import pytest

from livingreview.data.dataset import load
from livingreview.data.parcel import Parcel
from livingreview.data.store import VARIABLE, Store
from livingreview.site import forked, freshness, notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(p for folder in ("notebooks", "book") for p in (ROOT / folder).rglob("*.md")
                   if "{code-cell}" in p.read_text(encoding="utf-8"))
# Nothing in an output may differ between two runs, so there is little to sanitise: an object's
# address in memory would be the only innocent difference.
SANITISE = "[memory addresses]\nregex: 0x[0-9a-f]+\nreplace: 0x\n"


def _again() -> list[Path]:
    """What is executed twice: of the pages that all chapters have, each of another chapter."""
    by_page = defaultdict(list)
    for path in NOTEBOOKS:
        by_page[path.name if (path.parent / "index.md").is_file() and path.parent.name != "book"
                else path].append(path)
    return [paths[i % len(paths)] for i, paths in enumerate(by_page.values())]


def _executed(source: Path, data, kept: Store, pinned: str) -> str:
    """How the book's build executed a notebook; executed here where it is not there."""
    name = source.relative_to(ROOT).with_suffix("").as_posix()
    page = freshness.Page.read(name, source, pinned)
    found = kept.find(page.piece, page.base, data.fingerprint)
    if found:
        return found.decode()
    done = notebooks.execute(str(source), nbformat.writes(page.notebook),
                             Parcel.of(data, with_releases=True), str(kept.folder))
    assert isinstance(done, notebooks.Executed), done
    return done.text


def test_outputs_are_reproducible(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(ROOT / "_build" / "store"))  # as a build of the book
    data, kept, pinned = load(ROOT / "data"), Store.chosen(), freshness.pins(ROOT)
    for source in _again():
        copy = tmp_path / source.relative_to(ROOT).with_suffix(".ipynb")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(_executed(source, data, kept, pinned), encoding="utf-8")
    (tmp_path / "sanitise.cfg").write_text(SANITISE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with",
         str(tmp_path / "sanitise.cfg"), "-q", "-n", "2", "--dist", "loadfile", "-p",
         "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "JUPYTER_DEFAULT_PROVISIONER_NAME": forked.NAME})
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout


@pytest.mark.xdist_group("other data")  # beside the outputs of the book
def test_the_chapter_takes_another_data_folder(tmp_path):
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    outcomes = data / "knee-osteoarthritis" / "outcomes.csv"
    text = outcomes.read_text(encoding="utf-8")
    changed = text.replace("6,change,125,-2.52,2.46", "6,change,125,-3.52,2.46", 1)
    assert changed != text
    outcomes.write_text(changed, encoding="utf-8")
    copy = tmp_path / "chapter.ipynb"
    jupytext.write(jupytext.read(ROOT / "notebooks" / "knee-osteoarthritis" / "index.md"), copy)
    done = papermill.execute_notebook(str(copy), str(copy), parameters={"data_folder": str(data)},
                                      progress_bar=False, log_output=False)
    output = "".join(str(o.get("data", {}).get("text/html", "")) for cell in done.cells
                     if cell.cell_type == "code" for o in cell.outputs)
    assert "−35.2 (24.6)" in output


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_thin_and_outputs_are_not_committed(path):
    notebook = jupytext.read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 8, cell.source
            assert not cell.get("outputs")
    assert notebook.metadata["kernelspec"]["language"] == "python"
