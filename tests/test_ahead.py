"""Processes beside a build: those that make pages meanwhile, and kernels that are copies of one."""

from __future__ import annotations

import tempfile
from dataclasses import replace

import nbformat
import pytest
import small_book
from conftest import edit
from made_up import World

from livingreview.data.dataset import Dataset, load
from livingreview.data.parcel import ChangedError, Parcel
from livingreview.data.store import VARIABLE
from livingreview.site import ahead, forked, generated, notebooks
from livingreview.site.ahead import Ahead
from livingreview.site.workers import WorkersError


@pytest.fixture
def parcel(tmp_path) -> Parcel:
    world = World(tmp_path / "data").trial("doe-2020")
    world.pair("doe-2020", 30, 40).analysis()
    return Parcel.of(load(world.write()))


def test_what_a_process_makes_is_there_when_it_is_asked_for(parcel, tmp_path):
    pages, _ = Ahead(tmp_path / "pages").begin(parcel, tmp_path / "site", ahead.Known()).result()
    made = {page.name: page for page in pages}
    assert made["trials/index"].title == "Trials" and "doe" in made["trials/index"].body.lower()
    assert {p.suffix for p in (tmp_path / "site" / "figures").iterdir()} >= {".json"}
    assert not (tmp_path / "pages").exists()


def test_only_what_an_indication_is_made_from_has_its_pages_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "store"))
    book, site = small_book.make(tmp_path), tmp_path / "site"

    def build(known: ahead.Known) -> tuple[ahead.Known, set[str], set[str]]:
        files, done = {p: p.stat().st_mtime_ns for p in site.rglob("*.*")}, []
        real = generated.of_indication
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(generated, "of_indication",
                          lambda of, name: done.append(name) or real(of, name))
            pages, parts = ahead.pages(Parcel.of(load(book / "data")), site, known)
        written = {p.name for p in site.rglob("*.*") if files.get(p) != p.stat().st_mtime_ns}
        return (ahead.Known("", {p.name: p.key for p in pages}, parts),
                {p.name for p in pages if p.body is not None} | written, set(done))

    known, made, done = build(ahead.Known())
    assert done == {small_book.KNEE, small_book.DISC}
    assert {"trials/index", "figures/index", "figures/disc", "disc.csv"} <= made
    assert build(known)[1:] == (set(), set())
    ahead.pages(Parcel.of(load(book / "data")), None, ahead.Known(language="zh_CN"))
    assert build(known)[1:] == (set(), set())  # which reads less in another language
    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "version", "2031-01-01")
        assert build(known)[2] == set()
    summary = next(p for p in site.rglob("*.en.htm") if small_book.KNEE in p.parts)
    assert "2031-01-01" in summary.read_text()
    edit(book / "data", f"{small_book.DISC}/outcomes.csv",
         {"study_id": "one-2020", "arm_id": "msc"}, "mean", "20")
    known, made, done = build(known)
    assert done == {small_book.DISC} and {"figures/disc", "disc.csv"} <= made
    assert "trials/index" not in made and not any("knee" in name for name in made)
    changed = (site / "figures" / "disc.csv").read_text()
    (edit(book / "data", f"{small_book.DISC}/outcomes.csv",
          {"study_id": "one-2020", "arm_id": "msc"}, "mean", "30"))
    assert build(known)[2] == {small_book.DISC}  # known to the store, but not what stands there
    assert (site / "figures" / "disc.csv").read_text() != changed


def test_what_goes_wrong_in_a_process_is_raised_where_its_result_is_asked_for(parcel, tmp_path):
    (tmp_path / "site").write_text("a file where a folder is wanted")
    with pytest.raises(OSError):
        Ahead(tmp_path / "pages").begin(parcel, tmp_path / "site", ahead.Known()).result()
    with pytest.raises(ChangedError):
        Ahead(tmp_path / "pages").begin(replace(parcel, digest="other"), tmp_path / "other",
                                        ahead.Known()).result()


def test_a_process_of_which_nothing_is_wanted_ends(tmp_path):
    process = Ahead(tmp_path / "pages")._process
    process.communicate()  # its input ends
    assert process.returncode == 0 and not (tmp_path / "pages").exists()


def test_a_process_that_was_stopped_has_no_result(parcel, tmp_path):
    process = Ahead(tmp_path / "pages").begin(parcel, tmp_path / "site", ahead.Known())
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
          "'livingreview.review' in sys.modules,"
          " 'livingreview.render.chapter' in sys.modules)")


def test_a_kernel_is_a_copy_that_has_loaded_what_every_page_loads(parcel, tmp_path):
    assert _printed(PARENT, parcel, tmp_path) == "True True True False"


def test_where_a_socket_would_have_too_long_a_name_kernels_are_ordinary(parcel, tmp_path,
                                                                        monkeypatch):
    assert forked.possible()
    deep = tmp_path / ("x" * 40) / ("y" * 40)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert not forked.possible()
    assert _printed(PARENT, parcel, tmp_path).startswith("False")
