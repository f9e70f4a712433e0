"""Commands that are stopped, early, midway or late, leave no process, no folder and no file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
import pytest
import small_book
from conftest import append

from livingreview.__main__ import main

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "bench"))

import scale  # noqa: E402

pytestmark = pytest.mark.xdist_group("stopping")  # they share a project

VERSION, REVIEWS = "2026.11.0", 6
TEST = "LIVINGREVIEW_TEST"  # the variable that marks what a test has started
GRACE = 5  # seconds in which everything has ended, where the machine is free
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGPIPE: 141}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A clone of a small project with this package and a tagged version."""
    root = small_book.make(tmp_path_factory.mktemp("stopped") / "project")
    for key, value in (("title", "A made-up review"), ("authors", "Nobody"), ("description", "x"),
                       ("text-licence", "CC-BY-4.0"), ("code-licence", "MIT"),
                       ("keywords", "one;two")):
        append(root / "data", "about.csv", {"key": key, "value": value})
    shutil.copytree(ROOT / "livingreview", root / "livingreview",
                    ignore=shutil.ignore_patterns("__pycache__"))
    (root / "requirements.txt").write_text("numpy==1.0\n")
    (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- A thing.\n")
    (root / "CITATION.cff").write_text("cff-version: 1.2.0\ntitle: x\nmessage: y\n")
    (root / ".gitignore").write_text("_build\n__pycache__\n")
    (root / "releases").mkdir()
    (root / "releases" / f"{VERSION}.json").write_text('{"analyses": {}}')
    (root / "releases" / f"{VERSION}.manifest.json").write_text(json.dumps(dict.fromkeys(
        ("date", "data_version", "package_version"), "2026-11-28")))
    rng, asked = np.random.default_rng(1), scale.questions(30)
    for i in range(REVIEWS):
        # of the first alone the analyses are enough for workers; the others are finished soon
        scale.write(root / "many" / f"review-{i}", asked[:8] if i else asked, 10, rng)
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-qm", "made up"),
                  ("tag", f"v{VERSION}")):
        _git(root, *words)
    return root


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org",
                           *words], cwd=root, check=True, capture_output=True, text=True).stdout


def _heed() -> None:
    """Ignore no signal, whatever the tests themselves ignore, as they do in the background."""
    for number in CODES:
        signal.signal(number, signal.SIG_DFL)


class Running:
    """A command that runs in a session of its own, with what it says and what it starts.

    A block that fails leaves none of it.
    """

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_) -> None:
        for process in self.here():
            with suppress(psutil.Error):
                process.kill()

    def __init__(self, root: Path, place: Path, *command: str):
        self.mark, self.said = uuid.uuid4().hex, ""
        self.temporary, self.out = place / "temporary", place / "out"
        for folder in (self.temporary, self.out):
            folder.mkdir()
        self.before = set(psutil.pids())
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LIVINGREVIEW_")}
        self.process = subprocess.Popen(
            [word.replace("OUT", str(self.out)) for word in command], cwd=root, bufsize=0,
            start_new_session=True, stdout=subprocess.PIPE, stderr=(place / "errors").open("w"),
            preexec_fn=_heed,
            env=environment | {TEST: self.mark, "TMPDIR": str(self.temporary),
                               "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"})
        self.errors = place / "errors"
        os.set_blocking(self.process.stdout.fileno(), False)

    def listen(self) -> None:
        """Read what it has said since, where its output is still read."""
        while not self.process.stdout.closed and (more := self.process.stdout.read(65536)):
            self.said += more.decode()

    def here(self) -> list[psutil.Process]:
        """Its processes, wherever their parents are."""
        found = []
        for number in {*psutil.pids()} - self.before:
            try:
                process = psutil.Process(number)
                if process.environ().get(TEST) == self.mark and (
                        process.status() != psutil.STATUS_ZOMBIE):
                    found.append(process)
            except psutil.Error:
                pass
        return found

    def runs(self, *words: str) -> bool:
        """Whether a process of it has the words in its command."""
        for process in self.here():
            try:
                if set(words) <= set(process.cmdline()):
                    return True
            except psutil.Error:
                pass
        return False

    def until(self, reached: Callable[[Running], bool]) -> None:
        """Wait for a moment."""
        end = time.monotonic() + 240
        while not reached(self):
            self.listen()
            assert self.process.poll() is None, self.said + self.errors.read_text()
            assert time.monotonic() < end, self.said + self.errors.read_text()
            time.sleep(0.05)

    def ended(self) -> float:
        """Seconds until all its processes are gone."""
        started = time.monotonic()
        while self.here():
            self.listen()
            assert time.monotonic() < started + 60, [p.cmdline() for p in self.here()]
            time.sleep(0.05)
        self.process.wait()
        return time.monotonic() - started


def says(*words: str) -> Callable[[Running], bool]:
    """The moment in which a command has said something, on any stream."""
    return lambda run: all(word in run.said + run.errors.read_text() for word in words)


def works(run: Running) -> bool:
    """The moment in which workers run."""
    return run.runs("joblib.externals.loky.backend.popen_loky_posix")


def computes(run: Running) -> bool:
    """The moment in which a notebook runs."""
    return run.runs("ipykernel_launcher")


def there(path: Path, pattern: str) -> Callable[[Running], bool]:
    """The moment in which a file is there."""
    return lambda run: any(path.glob(pattern))


def first(run: Running) -> bool:
    """The moment in which a command has begun: it has a folder for what is temporary."""
    return any(run.temporary.iterdir())


def found(pattern: str) -> Callable[[Running], bool]:
    """The moment in which a file is there below the folder of what is written."""
    return lambda run: any(run.out.glob(pattern))


def after(*moments: Callable[[Running], bool]) -> Callable[[Running], bool]:
    """The moment in which all of some have come."""
    return lambda run: all(moment(run) for moment in moments)


INTERRUPT, END, HANG, UNREAD = CODES
OWN = (sys.executable, "-m", "livingreview")
ONE = (*OWN, "results", "--jobs", "2", "--data", "many/review-0", "--out", "OUT/new/results.json")
MANY = (*OWN, "results", "--jobs", "2", "--out", "OUT/new",
        *(word for i in range(REVIEWS) for word in ("--data", f"many/review-{i}")))
RERUN = (*OWN, "rerun", "knee.md", "disc.md", "--jobs", "2", "--out", "OUT/new")
BUILD = (*OWN, "build", "--jobs", "2", "--out", "OUT/new/site")
SITE = (*OWN, "site-version", VERSION, "--out", "OUT/new")
RELEASE = (*OWN, "release", "2026.12.0", "--again", "--checks")
BENCH = (sys.executable, str(ROOT / "bench" / "scale.py"), "--reviews", str(REVIEWS),
         "--analyses", "10")
CHECKS = "sh -c 'sleep 1000 & sleep 1000; wait'"
CASES = [
    ("results", "early", ONE, first, END),
    ("results", "midway", ONE, found("new/.results.json.*"), INTERRUPT),
    ("results", "of folders, early", MANY, says(f"{REVIEWS} to compute"), UNREAD),
    ("results", "of folders, midway", MANY, works, INTERRUPT),
    ("results", "of folders, late", MANY, found("new/review-*.json"), END),
    ("rerun", "early", RERUN, first, HANG),
    ("rerun", "midway", RERUN, computes, INTERRUPT),
    ("build", "early", BUILD, says("building the book"), END),
    ("build", "midway", BUILD, computes, INTERRUPT),
    ("build", "late", BUILD, says("executed 1 of"), UNREAD),
    ("release", "early", (*RELEASE, CHECKS), lambda run: run.runs("sleep", "1000"), INTERRUPT),
    ("release", "midway", (*RELEASE, "true"), says("computing the results"), END),
    ("site-version", "early", SITE, says("building version"), HANG),
    ("site-version", "late", SITE, says("executed 1 of"), END),
    ("bench-scale", "midway", BENCH, after(says("written in"), works), HANG),
]


def _left(run: Running, project: Path) -> set[str]:
    """Files and folders of a stopped command; what is finished is kept for the next time."""
    kept = {p for pattern in ("review-*.json", ".made") for p in (run.out / "new").glob(pattern)}
    if kept:
        kept |= {run.out / "new", *(run.out / "new" / ".made").rglob("[!.]*")}
    inside = {p for p in project.rglob("*") if "__pycache__" not in p.parts}
    return {str(p) for p in {*run.temporary.rglob("*"), *run.out.rglob("*")} - kept} | {
        str(p) for p in inside if p.name.startswith(".") and "_build" in p.parts}


def _stop(run: Running, how: signal.Signals) -> None:
    """Stop a command as a terminal, a supervisor or a reader does it."""
    if how == UNREAD:
        run.process.stdout.close()
    else:
        os.killpg(run.process.pid, how)


@pytest.mark.parametrize("name, when, command, moment, how", CASES,
                         ids=[f"{name} {when}" for name, when, *_ in CASES])
def test_a_stopped_command_leaves_nothing(project, tmp_path, name, when, command, moment, how):
    state = _git(project, "status", "--porcelain")
    with Running(project, tmp_path, *command) as run:
        run.until(moment)
        _stop(run, how)
        seconds = run.ended()
    said = run.errors.read_text()
    assert run.process.returncode == CODES[how], said
    assert seconds < GRACE * max(1, os.getloadavg()[0] / os.cpu_count())
    assert said.count(" was stopped: ") == 1 and f"{name} was stopped: " in said
    assert "Traceback" not in said
    assert _left(run, project) == set()
    assert _git(project, "status", "--porcelain") == state


def test_without_the_command_its_processes_end(project, tmp_path):
    with Running(project, tmp_path, *BUILD) as run:
        run.until(computes)
        run.process.kill()
        seconds = run.ended()
    assert seconds < GRACE * max(1, os.getloadavg()[0] / os.cpu_count())


def _within(code: str) -> subprocess.CompletedProcess:
    """A process that runs the code as a command that can be stopped."""
    lines = "\n".join(f"    {line}" for line in code.splitlines())
    return subprocess.run([sys.executable, "-c", "import os, signal, tempfile, time\n"
                           "from livingreview.site.stopping import shielded, stoppable\n"
                           "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
                           f"with stoppable('this'):\n{lines}"],
                          capture_output=True, text=True, check=False, preexec_fn=_heed,
                          env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_what_must_not_be_halved_is_finished_first():
    done = _within("with shielded():\n    os.kill(os.getpid(), signal.SIGTERM)\n"
                   "    print('whole', flush=True)\nprint('more')")
    assert (done.returncode, done.stdout) == (143, "whole\n")
    assert done.stderr == "\nthis was stopped: SIGTERM\n"


def test_a_second_signal_does_not_disturb_the_end():
    done = _within("try:\n    os.kill(os.getpid(), signal.SIGINT)\nfinally:\n"
                   "    os.kill(os.getpid(), signal.SIGTERM)\n    print('cleared up', flush=True)")
    assert (done.returncode, done.stdout) == (130, "cleared up\n")


def test_a_signal_in_a_finaliser_stops_too():
    done = _within("class Thing:\n    def __del__(self):\n"
                   "        os.kill(os.getpid(), signal.SIGTERM)\n        for _ in range(9): pass\n"
                   "Thing()\ntime.sleep(5)\nprint('not stopped')")
    assert (done.returncode, done.stdout) == (143, "")
    assert done.stderr == "\nthis was stopped: SIGTERM\n"


def test_what_nohup_ignores_stays_ignored():
    done = _within("os.kill(os.getpid(), signal.SIGHUP)\nprint('goes on')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")


def test_what_is_temporary_goes_with_a_command_that_ends_well(tmp_path):
    done = _within("print(tempfile.mkdtemp())")
    assert done.returncode == 0 and done.stdout and not Path(done.stdout.strip()).exists()
    assert not Path(done.stdout.strip()).parent.exists()


def test_every_command_that_works_for_long_can_be_stopped():
    long = {name for name, command in main.commands.items()
            if {"jobs", "checks"} & {p.name for p in command.params}} | {"site-version"}
    assert long == {name for name, *_ in CASES} - {"bench-scale"}
    assert all(main.commands[name].callback.__wrapped__ for name in long)
