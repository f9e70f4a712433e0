"""A new indication in a copy of the project: its data are valid and its chapter is executed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml
from bs4 import BeautifulSoup
from click.testing import CliRunner
from made_up import World

from livingreview.__main__ import main
from livingreview.data.dataset import examine
from livingreview.view.addresses import PAGES

ROOT = Path(__file__).parent.parent
NAME = "tennis-elbow"


@pytest.fixture()
def project(tmp_path) -> Path:
    """What a new indication touches, with the project's own contents and small data."""
    World(tmp_path / "data").trial("roe-2020").pair("roe-2020").analysis().write()
    shutil.copy(ROOT / "_toc.yml", tmp_path)
    shutil.copytree(ROOT / "notebooks" / "knee-osteoarthritis",
                    tmp_path / "notebooks" / "knee-osteoarthritis")
    return tmp_path


def _new(project: Path, name: str = NAME, *more: str):
    return CliRunner().invoke(main, ["new", "indication", name, "--label", "Tennis elbow",
                                     "--root", str(project), *more])


def _content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def test_a_new_indication_is_valid_and_its_chapter_runs(project):
    before = _content(project)
    done = _new(project)
    assert done.exit_code == 0, done.output
    assert f"wrote {project}/data/{NAME}/sources.csv\n" in done.output
    for page in PAGES:
        assert f"wrote {project}/notebooks/{NAME}/{page}.md\n" in done.output
    data = examine(project / "data")
    assert [p for p in data.problems if p.level == "error"] == []
    assert NAME in data.indications
    mine = data.having("analyses", "indication", NAME)
    assert {r["comparison"] for r in mine} == {"placebo"} and mine[0]["target"] == "pain"
    after = _content(project)
    for path in ("data/analyses.csv", "data/vocabularies.csv", "data/changelog.csv"):
        assert after[path].startswith(before[path])  # rows are added, none is touched
    toc = (project / "_toc.yml").read_text()
    added = [line for line in toc.splitlines() if f"notebooks/{NAME}/" in line]
    assert [line.rpartition("/")[2] for line in added] == list(PAGES)
    lines, old = toc.splitlines(), (ROOT / "_toc.yml").read_text().splitlines()
    first, length = lines.index(added[0]), 2 * len(PAGES)  # each page with a title or its sections
    assert [*lines[:first], *lines[first + length:]] == old
    known = {c["file"]: c for c in yaml.safe_load(toc)["parts"][0]["chapters"]}
    # behind the last indication that its data have, which here is the first of ours
    assert list(known)[:2] == ["notebooks/knee-osteoarthritis/index", f"notebooks/{NAME}/index"]
    assert len(known[f"notebooks/{NAME}/index"]["sections"]) == len(PAGES) - 1


def test_every_page_of_its_chapter_runs(project):
    assert _new(project).exit_code == 0
    executed = CliRunner().invoke(main, [
        "rerun", *(str(project / "notebooks" / NAME / f"{page}.md") for page in PAGES), "--data",
        str(project / "data"), "--out", str(project / "out"), "--jobs", "1"])
    assert executed.exit_code == 0, executed.output
    for page in PAGES:
        made = (project / "out" / NAME / f"{page}.html").read_text(encoding="utf-8")
        assert BeautifulSoup(made, "lxml").h1.text.startswith("Tennis elbow")


def test_its_chapter_has_the_cells_of_every_chapter(project):
    assert _new(project).exit_code == 0
    for page in PAGES:
        made, other = ((project / "notebooks" / name / f"{page}.md").read_text(encoding="utf-8")
                       for name in (NAME, "knee-osteoarthritis"))
        cells = [re.findall(r"^chapter\.(\w+)\(", text, re.M) for text in (made, other)]
        assert set(cells[0]) <= set(cells[1]) | {"directions", "subgroups"}, page
        prose = re.sub(r"```.*?```|^---.*?^---", "", made, flags=re.S | re.M)
        assert not re.search(r"\d", prose) and "$" not in made


@pytest.mark.parametrize("name, more, said", [
    ("knee-osteoarthritis", (), "choose another name"),
    ("Tennis Elbow", (), "no identifier"),
    ("data", (), "choose another name"),
    ("flow", (), "choose another name"),
    (NAME, ("--target", "colour"), "not in the list family"),
    (NAME, ("--comparison", "hope"), "not in the list analysis_comparison"),
])
def test_what_makes_no_sense_is_refused_and_changes_nothing(project, name, more, said):
    (project / "book").mkdir()
    (project / "book" / "flow.md").touch()
    before = _content(project)
    done = _new(project, name, *more)
    assert done.exit_code == 2 and said in done.stderr
    assert _content(project) == before
