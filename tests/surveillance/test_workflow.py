"""The monthly workflow: what it may do, and what its script does with what a round wrote."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
PYTHON = """#!/bin/sh
echo "$@" > called
test "$ROUND_CODE" = 2 && exit 2
mkdir -p _build/round
echo "Round of 2026-12-01: 3 new reports" > _build/round/round.txt
echo "## Round" > _build/round/pull-request.md
test -z "$ROUND_WRITES" || echo row >> data/searches.csv
exit "$ROUND_CODE"
"""
GH = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$2" in list) echo "$OPEN" ;; esac
"""


def test_the_workflow_may_do_no_more_than_it_must_and_holds_no_key():
    text = (WORKFLOWS / "surveillance.yml").read_text()
    flow = yaml.safe_load(text)
    assert flow["permissions"] == {"contents": "read"}
    (job,) = flow["jobs"].values()
    assert job["permissions"] == {"contents": "write", "pull-requests": "write"}
    used = set(re.findall(r"uses: (\S+)", text))
    assert used <= set(re.findall(r"uses: (\S+)", (WORKFLOWS / "ci.yml").read_text()))
    given = next(step["env"] for step in job["steps"] if step.get("run") == ".github/round.sh")
    assert all(re.fullmatch(r"\$\{\{ (secrets|github)\.\w+ \}\}", said) for said in given.values())


def _git(folder, *arguments):
    return subprocess.run(["git", "-c", "user.name=Nobody", "-c", "user.email=n@example.org",
                           *arguments], cwd=folder, check=True, capture_output=True,
                          text=True).stdout


@pytest.fixture
def project(tmp_path):
    """A repository with an origin, a made-up program, and a made-up `gh`."""
    origin, here, tools = (tmp_path / name for name in ("origin", "here", "tools"))
    _git(tmp_path, "init", "-q", "--bare", "-b", "main", str(origin))
    _git(tmp_path, "clone", "-q", str(origin), str(here))
    _git(here, "switch", "-q", "--orphan", "main")
    (here / "data").mkdir()
    (here / "data" / "searches.csv").write_text("search_id\n")
    (here / ".gitignore").write_text("_build/\n.venv/\ncalled\n")
    _git(here, "add", "-A")
    _git(here, "commit", "-qm", "made up")
    _git(here, "push", "-q", "origin", "main")
    for path, text in ((here / ".venv/bin/python", PYTHON), (tools / "gh", GH)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    return tmp_path


def _run(project, code, writes=True, open_=""):
    done = subprocess.run(
        ["sh", str(ROOT / ".github/round.sh")], cwd=project / "here", capture_output=True,
        text=True, env={**os.environ, "PATH": f"{project / 'tools'}:{os.environ['PATH']}",
                        "ROUND_CODE": str(code), "ROUND_WRITES": "yes" if writes else "",
                        "OPEN": open_, "CALLS": str(project / "calls"),
                        "GITHUB_STEP_SUMMARY": str(project / "summary")})
    calls = (project / "calls").read_text().splitlines() if (project / "calls").exists() else []
    return done, [call for call in calls if not call.startswith("pr list")]


def _branches(project):
    return _git(project / "origin", "branch", "--format", "%(refname:short)").split()


@pytest.mark.parametrize("code, fails", [(0, False), (3, False), (1, True)])
def test_what_a_round_wrote_is_in_a_pull_request_also_where_a_part_failed(project, code, fails):
    done, calls = _run(project, code)
    assert (done.returncode != 0) == fails, done.stderr
    (branch,) = [name for name in _branches(project) if name != "main"]
    assert branch.startswith("round/")
    assert _git(project / "origin", "log", "-1", "--format=%s", branch).strip() == (
        "Round of 2026-12-01: 3 new reports")
    assert calls == ["pr create --base main --title Round of 2026-12-01: 3 new reports "
                     "--body-file _build/round/pull-request.md"]
    assert (project / "summary").read_text() == "## Round\n"


def test_a_round_that_wrote_nothing_opens_no_pull_request(project):
    done, calls = _run(project, 3, writes=False)
    assert (done.returncode, calls, _branches(project)) == (0, [], ["main"])


def test_a_wrong_call_ends_at_once(project):
    done, calls = _run(project, 2)
    assert (done.returncode, calls, _branches(project)) == (2, [], ["main"])


def test_a_round_that_is_open_goes_on_where_people_screen(project):
    _git(project / "here", "switch", "-qc", "round/2026-11-02")
    (project / "here" / "data" / "screening.csv").write_text("record_id\n")
    _git(project / "here", "add", "-A")
    _git(project / "here", "commit", "-qm", "decisions of people")
    _git(project / "here", "push", "-q", "-u", "origin", "round/2026-11-02")
    _git(project / "here", "switch", "-q", "main")
    done, calls = _run(project, 3, open_="round/2026-11-02")
    assert done.returncode == 0, done.stderr
    assert calls == ["pr comment round/2026-11-02 --body-file _build/round/pull-request.md"]
    assert _git(project / "origin", "show", "round/2026-11-02:data/screening.csv") == "record_id\n"
    assert _branches(project) == ["main", "round/2026-11-02"]
