"""Notebooks run, their outputs are the same twice, and they run on other data."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
import papermill
import pytest

from livingreview.data.dataset import load
from livingreview.data.parcel import Parcel
from livingreview.data.store import Store
from livingreview.site import freshness, notebooks

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(p for folder in ("notebooks", "book") for p in (ROOT / folder).rglob("*.md")
                   if "{code-cell}" in p.read_text(encoding="utf-8"))
# Nothing in an output may differ between two runs, so there is little to sanitise: an object's
# address in memory would be the only innocent difference.
SANITISE = "[memory addresses]\nregex: 0x[0-9a-f]+\nreplace: 0x\n"


@pytest.fixture(scope="module")
def executed():
    """How the book's build executed a notebook; executed here where it is not there."""
    data, kept = load(ROOT / "data"), Store(ROOT / "_build" / "store")
    pinned = freshness.pins(ROOT)

    def text(source: Path) -> str:
        name = source.relative_to(ROOT).with_suffix("").as_posix()
        page = freshness.Page.read(name, source, pinned)
        found = kept.find(page.piece, page.base, data.fingerprint)
        if found:
            return found.decode()
        done = notebooks.execute(str(source), nbformat.writes(page.notebook),
                                 Parcel.of(data, with_releases=True), str(kept.folder))
        assert isinstance(done, notebooks.Executed), done
        return done.text
    return text


def _executed_again(text: str, source: Path, folder: Path) -> subprocess.CompletedProcess:
    copy = folder / source.with_suffix(".ipynb").name
    copy.write_text(text, encoding="utf-8")
    (folder / "sanitise.cfg").write_text(SANITISE)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval", "--nbval-sanitize-with",
         str(folder / "sanitise.cfg"), "-q", "-p", "no:cacheprovider", str(copy)],
        cwd=source.parent, capture_output=True, text=True, check=False)


def test_outputs_are_reproducible(tmp_path, executed):
    folders = [tmp_path / source.relative_to(ROOT).with_suffix("") for source in NOTEBOOKS]
    for folder in folders:
        folder.mkdir(parents=True)
    with ThreadPoolExecutor(4) as pool:
        texts = pool.map(executed, NOTEBOOKS)
        for source, done in zip(NOTEBOOKS, pool.map(_executed_again, texts, NOTEBOOKS, folders),
                                strict=True):
            assert done.returncode == 0, f"{source.name}\n{done.stdout[-4000:]}"


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
