"""The gated build and the commands: bad data change nothing that was built before."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from livingreview.publish import bibliography, build

ROOT = Path(__file__).resolve().parents[1]
OUTCOMES = "knee-osteoarthritis/outcomes.csv"


def _run(*arguments, cwd=ROOT, env=None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "livingreview", *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, **(env or {})})


@pytest.fixture
def broken(tmp_path) -> Path:
    """A data folder with a letter for a number, a negative SD and an unknown arm."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    path = data / OUTCOMES
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[127] = lines[127].replace(",-2.22,", ",abc,")
    lines[128] = lines[128].replace(",2.37,", ",-2.37,")
    lines[129] = lines[129].replace("kim-2023,msc,", "kim-2023,mscc,")
    path.write_text("".join(lines), encoding="utf-8")
    return data


PLACES = (f"{OUTCOMES}:128:mean: abc", f"{OUTCOMES}:129:sd: -2.37", f"{OUTCOMES}:130:arm_id: mscc")


@pytest.mark.parametrize("command", ["build", "results"])
def test_three_broken_cells_stop_it_with_three_places(broken, tmp_path, command):
    out = tmp_path / "out"
    if command == "build":
        out.mkdir()
        (out / "index.html").write_text("the site built before")
    else:
        out.write_text("the results before")
    before = (out / "index.html").read_text() if out.is_dir() else out.read_text()
    done = _run(command, "--data", broken, "--out", out)
    assert done.returncode == 1
    for place in PLACES:
        assert place in done.stderr
    assert "3 errors" in done.stderr and "Traceback" not in done.stderr + done.stdout
    assert ((out / "index.html").read_text() if out.is_dir() else out.read_text()) == before


def test_a_plain_build_of_the_book_stops_before_it_writes(broken, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build",
         str(ROOT), "--path-output", str(tmp_path / "site")], cwd=ROOT, capture_output=True,
        text=True, check=False, env={**os.environ, "LIVINGREVIEW_DATA": str(broken)})
    assert done.returncode != 0
    for place in PLACES:
        assert place in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not list((tmp_path / "site").rglob("*.html"))


def test_results_are_the_same_to_the_last_byte(tmp_path):
    for name in ("one.json", "two.json"):
        assert _run("results", "--out", tmp_path / name).returncode == 0
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert str(ROOT) not in (tmp_path / "one.json").read_text(encoding="utf-8")


def test_wrong_calls_exit_with_two(tmp_path):
    assert _run("results", "--no-such-option").returncode == 2
    assert _run("nonsense").returncode == 2


def test_a_folder_that_is_not_there_is_named(tmp_path):
    done = _run("check", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "no such data folder" in done.stderr and "Traceback" not in done.stderr


def test_swap_keeps_the_old_folder_when_the_new_one_fails(tmp_path):
    old = tmp_path / "html"
    old.mkdir()
    (old / "index.html").write_text("old")
    with pytest.raises(OSError):
        build._swap(tmp_path / "not-there", old)
    assert (old / "index.html").read_text() == "old"
    new = tmp_path / "new"
    new.mkdir()
    (new / "index.html").write_text("new")
    build._swap(new, old)
    assert (old / "index.html").read_text() == "new" and not new.exists()


def test_bibliography_comes_from_the_data():
    from livingreview.dataset import load

    data = load()
    entries = bibliography.bibliography(data).entries
    assert entries["kim-2023"].fields["year"] == "2023"
    studies = [s for i in data.indications for s in data.records("studies", i)]
    assert {s["study_id"] for s in studies if bibliography.citable(s)} <= set(entries)
