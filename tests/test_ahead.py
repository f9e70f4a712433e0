"""Processes beside a build: those that make pages meanwhile, and kernels that are copies of one."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import nbformat
import pytest
from made_up import World

from livingreview.data.dataset import load
from livingreview.data.parcel import ChangedError, Parcel
from livingreview.site import ahead, forked, notebooks
from livingreview.site.ahead import Ahead
from livingreview.site.workers import WorkersError


@pytest.fixture
def parcel(tmp_path) -> Parcel:
    world = World(tmp_path / "data").trial("doe-2020")
    world.pair("doe-2020", 30, 40).analysis()
    return Parcel.of(load(world.write()))


def test_what_a_process_makes_is_there_when_it_is_asked_for(parcel, tmp_path):
    pages = Ahead(tmp_path / "pages", ahead.pages, parcel, "", {}, "", "en")
    files = Ahead(tmp_path / "files", ahead.files, parcel, tmp_path / "site")
    made = {page.name: page for page in pages.result()}
    assert made["trials/index"].title == "Trials" and "doe" in made["trials/index"].body.lower()
    assert files.result() is None
    assert {p.suffix for p in (tmp_path / "site" / "figures").iterdir()} >= {".json"}
    assert not (tmp_path / "pages").exists()


def test_what_goes_wrong_in_a_process_is_raised_where_its_result_is_asked_for(parcel, tmp_path):
    (tmp_path / "site").write_text("a file where a folder is wanted")
    with pytest.raises(OSError):
        Ahead(tmp_path / "files", ahead.files, parcel, tmp_path / "site").result()
    with pytest.raises(ChangedError):
        Ahead(tmp_path / "pages", ahead.pages, replace(parcel, digest="other"), "", {}, "",
              "en").result()


def test_a_process_that_was_stopped_has_no_result(parcel, tmp_path):
    process = Ahead(tmp_path / "pages", ahead.pages, parcel, "", {}, "", "en")
    process.stop()
    with pytest.raises(WorkersError, match="could not be made"):
        process.result()


def _printed(code: str, parcel: Parcel, folder) -> str:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    done = notebooks.execute(str(folder / "page.md"), nbformat.writes(notebook), parcel, "")
    assert isinstance(done, notebooks.Executed), done
    return nbformat.reads(done.text, as_version=4).cells[0].outputs[0]["text"].strip()


PARENT = ("import os, psutil, sys\nprint(any('forkserver' in part for part in "
          "psutil.Process(os.getppid()).cmdline()), 'pandas' in sys.modules, "
          "'livingreview.review' in sys.modules)")


def test_a_kernel_is_a_copy_that_has_libraries_but_nothing_of_the_package(parcel, tmp_path):
    assert _printed(PARENT, parcel, tmp_path) == "True True False"


def test_where_a_socket_would_have_too_long_a_name_kernels_are_ordinary(parcel, tmp_path,
                                                                        monkeypatch):
    assert forked.possible()
    deep = tmp_path / ("x" * 40) / ("y" * 40)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert not forked.possible()
    assert _printed(PARENT, parcel, tmp_path).startswith("False")
