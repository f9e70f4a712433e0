"""Files that a person exported are taken in as searches. All records are made up."""

from __future__ import annotations

import gzip
import hashlib
from datetime import date

import pytest
from click.testing import CliRunner
from made_up import KNEE, World
from test_files import CENTRAL, EMBASE, _ictrp

from livingreview.cli import main
from livingreview.data.dataset import load
from livingreview.surveillance import searching
from livingreview.surveillance.abstracts import Texts

SAID = ("--platform", "Cochrane Library", "--run-by", "A. Librarian", "--run-on", "2026-02-03")


@pytest.fixture
def folder(tmp_path):
    world = World(tmp_path / "data").study("doe-2021", doi="10.1234/made.up", year=2021,
                                           registration="NCT07654321")
    world.write()
    return world.folder


def _import(folder, content, *more, name="export.txt", text=None, source="central"):
    file = folder.parent / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = CliRunner().invoke(
        main, ["import", str(file), "--data", str(folder), "--source", source, *more],
        input=text)
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def _bytes(folder):
    return {p.relative_to(folder.parent): p.read_bytes()
            for p in sorted(folder.parent.rglob("*")) if p.is_file()}


def test_a_file_becomes_a_search_that_a_person_ran(folder, tmp_path):
    strategy = tmp_path / "as-run.txt"
    strategy.write_text("cells AND knee\n")
    done = _import(folder, CENTRAL, *SAID, "--strategy", str(strategy), "--from", "2025-01-01",
                   "--yes")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "export.txt: RIS, 2 records", "2 are new, 0 are known from earlier searches",
        "0 of the new ones are the same as another one; 0 pairs may be, which `screen` asks about",
        "1 report a study of the data (by doi: 1)",
        f"  central-cn-01234567: {KNEE}:doe-2021 (by doi)",
        f"the search will be central-{KNEE}-2026-02-03, run by A. Librarian on 2026-02-03",
        f"imported the search central-{KNEE}-2026-02-03; `screen` shows what waits"]
    data = load(folder)
    (search,) = data.records("searches")
    assert {name: search[name] for name in search if search[name] is not None} == {
        "row": 2, "search_id": f"central-{KNEE}-2026-02-03", "date_run": "2026-02-03",
        "source": "central", "platform": "Cochrane Library", "indication": KNEE,
        "strategy_sha256": hashlib.sha256(b"cells AND knee\n").hexdigest(),
        "window_from": "2025-01-01", "hits": 2, "fetched": 2, "new": 2, "state": "by-hand",
        "run_by": "A. Librarian", "tool_version": search["tool_version"],
        "raw_sha256": search["raw_sha256"]}
    raw = searching.raw_folder(folder) / "central" / search["search_id"]
    assert gzip.decompress((raw / "0001.gz").read_bytes()) == CENTRAL.encode()
    manifest = (raw / "manifest.csv").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == search["raw_sha256"]
    assert [row["registrations"] for row in data.records("records")] == [(), ("NCT01234567",)]


def test_the_same_file_again_changes_no_byte(folder):
    _import(folder, CENTRAL, *SAID, "--yes", name="same.txt")
    before = _bytes(folder)
    again = _import(folder, CENTRAL, *SAID[:-1], "2026-02-04", "--yes", name="same.txt")
    assert (again.exit_code, "is there already" in again.output) == (0, True)
    assert _bytes(folder) == before


def test_another_file_of_the_same_day_is_another_search_and_finds_duplicates(folder):
    _import(folder, CENTRAL, *SAID, "--yes")
    twin = CENTRAL.replace("CN-0", "L2000").replace("Made-up cells against", "Made up cells versus")
    done = _import(folder, twin, *SAID, "--yes", source="embase")
    assert "2 are new" in done.output
    # The article has the same DOI, the registration the same number at its registry.
    assert "2 of the new ones are the same as another one" in done.output
    _import(folder, CENTRAL + EMBASE, *SAID, "--yes")
    data = load(folder)
    assert [row["search_id"] for row in data.records("searches")] == [
        f"central-{KNEE}-2026-02-03", f"embase-{KNEE}-2026-02-03", f"central-{KNEE}-2026-02-03-2"]
    assert [row["new"] for row in data.records("searches")] == [2, 2, 1]
    (further,) = (row for row in data.records("records") if row["match_kind"] == "registration")
    assert further["match"] == (f"{KNEE}:doe-2021",)


def test_abstracts_are_in_no_table_and_are_read_from_the_stored_file(folder):
    text = EMBASE.replace("Trial NCT07654321, made up.", "Canary of an abstract, made up.")
    _import(folder, text, *SAID, "--yes", source="embase")
    assert not any(b"Canary" in content for path, content in _bytes(folder).items()
                   if path.suffix == ".csv")
    texts = Texts.of(searching.raw_folder(folder))
    assert texts.broken == ()
    assert [r.abstract for r in texts._records.values()] == ["Canary of an abstract, made up."]


@pytest.mark.parametrize("answer, said", [("n\n", "Nothing was imported."),
                                          ("", "No answer: nothing was imported.")])
def test_who_does_not_say_yes_imports_nothing(folder, answer, said):
    (folder.parent / "export.txt").write_text(CENTRAL)
    before = _bytes(folder)
    done = _import(folder, CENTRAL, *SAID, text=answer)
    assert (done.exit_code, said in done.output) == (1, True)
    assert _bytes(folder) == before


def test_a_broken_file_is_refused_and_changes_nothing(folder):
    (folder.parent / "who.xml").write_text(_ictrp({})[:-20])
    before = _bytes(folder)
    done = _import(folder, _ictrp({})[:-20], *SAID, "--yes", name="who.xml", source="ictrp")
    assert done.exit_code == 1
    assert "who.xml:30: column" in done.output and "the file is cut" in done.output
    assert _bytes(folder) == before


def test_what_is_said_of_a_search_is_examined_as_a_whole(folder):
    tomorrow = date.max.replace(year=2900).isoformat()
    done = _import(folder, CENTRAL, "--run-on", tomorrow, "--from", "2950-01-01", "--indication",
                   "nothing", source="medline")
    assert done.exit_code == 2
    for said in ("--platform is left out", "--run-by is left out", "--source medline: expected",
                 "--indication nothing: expected", "is after today", "--from 2950-01-01 is after"):
        assert said in done.output


@pytest.mark.parametrize("content", [CENTRAL.encode(), CENTRAL.encode("utf-16"),
                                     _ictrp({}).encode()])
def test_a_file_of_records_is_recognised_without_its_source(folder, content):
    file = folder.parent / "anything"
    file.write_bytes(content)
    done = CliRunner().invoke(main, ["import", str(file), "--data", str(folder)])
    assert done.exit_code == 2 and "needs --source" in done.output


def test_a_table_that_cannot_be_written_leaves_the_store_as_it_was(folder, monkeypatch):
    from livingreview.surveillance import exported

    def full(*_):
        raise OSError(28, "No space left on device", "records.csv")

    (folder.parent / "export.txt").write_text(CENTRAL)
    before = _bytes(folder)
    monkeypatch.setattr(exported, "keep", full)
    done = _import(folder, CENTRAL, *SAID, "--yes")
    assert done.exit_code == 1 and "No space left on device; nothing was imported" in done.output
    assert _bytes(folder) == before
