"""Finished work is found again only while all that it was made from is the same."""

from __future__ import annotations

import errno
import os

import pytest

from livingreview.data import store
from livingreview.data.store import Store

READS = {"one.csv": "1", "two.csv": "2"}


@pytest.fixture
def kept(tmp_path) -> Store:
    """A store with one piece of work."""
    made = Store(tmp_path / "store")
    made.keep("page", "base", READS, b"the first")
    return made


def _now(**changed):
    return (READS | {f"{name}.csv": value for name, value in changed.items()}).get


def test_work_is_found_while_nothing_changed(kept):
    assert kept.find("page", "base", _now()) == b"the first"
    assert kept.find("page", "base", _now(three="new")) == b"the first"
    assert kept.find("page", "base", _now(two="new")) is None
    assert kept.find("page", "other base", _now()) is None
    assert kept.find("other page", "base", _now()) is None
    assert kept.reasons("page", "base", _now(two="new")) == ["two.csv changed"]


def test_going_back_finds_the_earlier_work(kept):
    kept.keep("page", "base", READS | {"two.csv": "new"}, b"the second")
    assert kept.find("page", "base", _now(two="new")) == b"the second"
    assert kept.find("page", "base", _now()) == b"the first"


def test_old_work_is_removed(kept):
    for i in range(store.KEPT + 2):
        kept.keep("page", "base", READS | {"two.csv": f"new {i}"}, b"later")
    assert kept.find("page", "base", _now()) is None
    assert len(list((kept.folder / "page").iterdir())) == store.KEPT + 1


def test_files_that_other_processes_write_or_take_away_are_let_be(kept):
    folder = kept.folder / "page"
    (folder / "gone").symlink_to("nowhere")  # listed, and not there when it is looked at
    for name in (".written-now", ".left-behind"):
        (folder / name).write_bytes(b"part")
    os.utime(folder / ".left-behind", (0, 0))
    for i in range(store.KEPT + 2):
        kept.keep("page", "base", READS | {"two.csv": f"new {i}"}, b"later")
    assert (folder / ".written-now").exists() and not (folder / ".left-behind").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"base": "base"}'])
def test_a_damaged_index_is_as_none(kept, content):
    (kept.folder / "page" / "reads.json").write_bytes(content)
    assert kept.find("page", "base", _now()) is None
    kept.keep("page", "base", READS, b"again")
    assert kept.find("page", "base", _now()) == b"again"


@pytest.mark.parametrize("written", [0, 1])
def test_a_full_disk_leaves_what_was_kept(kept, monkeypatch, written):
    real, calls = os.replace, []

    def full(source, target):
        calls.append(target)
        if len(calls) > written:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep("page", "base", READS | {"two.csv": "new"}, b"the second")
    assert kept.find("page", "base", _now()) == b"the first"
    assert not [p for p in (kept.folder / "page").iterdir() if p.name.startswith(".")]
