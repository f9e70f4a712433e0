"""`check --since`: warnings that are new since a version or a commit, by what they say."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import INDICATION, append, edit, read_table, write_table

from livingreview.__main__ import main
from livingreview.data import reading

OUTCOMES = f"{INDICATION}/outcomes.csv"
STUDIES = f"{INDICATION}/studies.csv"
SOURCES = f"{INDICATION}/sources.csv"
MSC_6 = {"study_id": "doe-2020", "arm_id": "msc", "timepoint_months": "6"}
SALINE_6 = {"study_id": "doe-2020", "arm_id": "saline", "timepoint_months": "6"}


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments], cwd=folder,
        check=True, capture_output=True, text=True).stdout.strip()


def _commit(folder: Path, message: str = "data") -> str:
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", message)
    return _git(folder, "rev-parse", "HEAD")


@pytest.fixture
def kept(made_up) -> Path:
    """A data folder in a repository whose only commit has one warning: an SD that is small."""
    edit(made_up, OUTCOMES, MSC_6, "sd", "5.9")
    _git(made_up.parent, "init", "-q", "-b", "main")
    _commit(made_up.parent)
    return made_up


def _since(folder: Path, name: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(main, ["check", str(folder), "--since", name])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stderr.splitlines()


def _reordered(folder: Path, path: str, change) -> None:
    rows = read_table(folder / path)
    write_table(folder / path, tuple(rows[0]), change(rows))


def test_only_new_warnings_are_listed_wherever_the_known_ones_stand(kept):
    assert _since(kept, "HEAD") == (0, ["0 errors",
                                        "0 new warnings since HEAD, 0 resolved; 1 in all"])
    _reordered(kept, OUTCOMES, lambda rows: rows[::-1])
    assert _since(kept, "HEAD")[1][-1] == "0 new warnings since HEAD, 0 resolved; 1 in all"

    edit(kept, OUTCOMES, SALINE_6, "n", "")
    code, lines = _since(kept, "HEAD")
    assert code == 0 and len(lines) == 3 and ":n: (empty): n is missing" in lines[1]
    assert lines[-1] == "1 new warning since HEAD, 0 resolved; 2 in all"

    edit(kept, OUTCOMES, MSC_6, "sd", "22")
    assert _since(kept, "HEAD")[1][-1] == "1 new warning since HEAD, 1 resolved; 1 in all"


def test_a_row_more_of_a_known_group_is_new_and_a_row_less_is_not(kept):
    """Rows without n are one warning for each outcome of a study."""
    edit(kept, OUTCOMES, MSC_6, "n", "")
    first = _commit(kept.parent)
    edit(kept, OUTCOMES, SALINE_6, "n", "")
    code, lines = _since(kept, first)
    assert code == 0 and "(and 1 more row)" in lines[1] and lines[-1].startswith("1 new warning ")
    second = _commit(kept.parent)
    edit(kept, OUTCOMES, MSC_6, "n", "20")  # the row that was named is mended
    assert _since(kept, second)[1][-1] == f"0 new warnings since {second}, 0 resolved; 2 in all"


def test_a_warning_on_two_rows_is_known_whichever_comes_first(kept):
    edit(kept, OUTCOMES, MSC_6, "sd", "22")
    edit(kept, OUTCOMES, SALINE_6, "mean", "35")
    edit(kept, OUTCOMES, SALINE_6, "sd", "22")
    first = _commit(kept.parent)
    _reordered(kept, OUTCOMES, lambda rows: rows[::-1])
    assert _since(kept, first)[1][-1] == f"0 new warnings since {first}, 0 resolved; 1 in all"


def test_warnings_that_are_not_listed_one_by_one_are_compared_too(kept, monkeypatch):
    monkeypatch.setattr(reading, "SHOWN", 2)
    for name in "abcd":
        append(kept, SOURCES, {"source_id": name, "kind": "full-text", "title": f" {name}",
                               "accessed": "2026-11-21"})
    first = _commit(kept.parent)
    _reordered(kept, SOURCES, lambda rows: [
        {"source_id": "e", "kind": "full-text", "title": " e", "accessed": "2026-11-21"}, *rows])
    _, lines = _since(kept, first)
    assert [line for line in lines if "spaces around" in line] == [
        f'{SOURCES}:2:title: " e": spaces around the text, expected the text alone']
    assert lines[-1] == f"1 new warning since {first}, 0 resolved; 6 in all"


def test_errors_are_listed_as_ever(kept):
    edit(kept, OUTCOMES, SALINE_6, "n", "x")
    code, lines = _since(kept, "HEAD")
    assert code == 1 and f"{OUTCOMES}:5:n: x: not a whole number" in lines[0]
    assert lines[1] == "1 error"


def test_errors_of_then_are_said(kept):
    edit(kept, OUTCOMES, SALINE_6, "n", "x")
    first = _commit(kept.parent)
    edit(kept, OUTCOMES, SALINE_6, "n", "20")
    code, lines = _since(kept, first)
    assert code == 0 and lines[-1].startswith(
        f"The tables of {first} have 1 error by the rules of now")


def _release(root: Path, data: Path, name: str) -> None:
    """What a release writes of the tables."""
    (root / "releases").mkdir()
    digests = {f"{data.name}/{path.relative_to(data).as_posix()}":
               hashlib.sha256(path.read_bytes()).hexdigest() for path in data.rglob("*.csv")}
    (root / "releases" / f"{name}.manifest.json").write_text(json.dumps({"sha256": digests}))
    (root / "releases" / f"{name}.json").write_text("{}")


def test_a_version_is_its_tag_or_the_commit_that_released_it(kept):
    root = kept.parent
    _release(root, kept, "2026.11.0")
    _commit(root, "Release 2026.11.0")
    edit(kept, OUTCOMES, SALINE_6, "n", "")
    _commit(root)
    assert _since(kept, "2026.11.0")[1][-1] == (
        "1 new warning since 2026.11.0, 0 resolved; 2 in all")
    _git(root, "tag", "v2026.11.0", "HEAD^")
    assert _since(kept, "2026.11.0")[1][-1] == (
        "1 new warning since 2026.11.0, 0 resolved; 2 in all")
    _git(root, "tag", "-f", "v2026.11.0", "HEAD")  # not the tables that were published
    code, lines = _since(kept, "2026.11.0")
    assert code == 2 and len(lines) == 1 and f"made-up/{OUTCOMES} of commit " in lines[0]
    assert "is not that of 2026.11.0" in lines[0]


def test_what_git_does_not_have_is_said(kept, tmp_path_factory):
    code, lines = _since(kept, "2026.11.0")
    assert code == 2 and len(lines) == 1
    assert "git has neither the tag v2026.11.0 nor a commit that released 2026.11.0" in lines[0]
    code, lines = _since(kept, "yesterday")
    assert code == 2 and "yesterday is no published version" in lines[0] and len(lines) == 1
    code, lines = _since(kept, "-x")
    assert code == 2 and len(lines) == 1
    kept.rename(kept.parent / "renamed")
    code, lines = _since(kept.parent / "renamed", "HEAD")
    assert code == 2 and "HEAD does not hold the folder renamed" in lines[0]
    assert _since(kept.parent / "nowhere", "HEAD")[0] == 1
    quiet = CliRunner().invoke(main, ["check", str(kept.parent / "renamed"), "--since", "HEAD",
                                      "--no-warnings"])
    assert quiet.exit_code == 2


def test_a_folder_outside_git_is_said(made_up):
    code, lines = _since(made_up, "HEAD")
    assert code == 2 and len(lines) == 1 and "is in no git repository" in lines[0]
