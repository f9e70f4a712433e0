"""A small project in a repository, for tests of versions."""

from __future__ import annotations

import subprocess
from pathlib import Path

from made_up import World

from livingreview.data.dataset import load
from livingreview.site.release import prepare


def git(root: Path, *arguments: str) -> str:
    """What git says."""
    return subprocess.run(["git", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org",
                           *arguments], cwd=root, check=True, capture_output=True,
                          text=True).stdout


class Project:
    """A small project in a repository of its own."""

    def __init__(self, root: Path):
        self.root = root
        self.world = World(root / "data")
        self.world.add("about", key="authors", value="The contributors")
        for key, value in (("title", "A made-up review"), ("text-licence", "CC-BY-4.0"),
                           ("code-licence", "MIT"), ("description", "Made up."),
                           ("keywords", "one;two")):
            self.world.add("about", key=key, value=value)
        for name, mean in (("ash-2019", 30), ("birch-2020", 35), ("cedar-2021", 38)):
            self.world.trial(name).pair(name, mean, 40, 12)
        self.world.analysis()
        self.world.write()
        for name in ("livingreview", "notebooks", "book"):
            (root / name).mkdir()
            (root / name / "something").write_text("x")
        (root / "requirements.txt").write_text("# pins\nnumpy==1.0\n")
        (root / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- A thing.\n")
        (root / "CITATION.cff").write_text("cff-version: 1.2.0\ntitle: x\nmessage: y\n")
        git(root, "init", "-q", "-b", "main")
        self.commit()

    def commit(self, tag: str = "") -> None:
        git(self.root, "add", "-A")
        git(self.root, "commit", "-qm", "made up")
        if tag:
            git(self.root, "tag", "-a", f"v{tag}", "-m", tag)

    def release(self, version: str, checks: str = "true", again: bool = False) -> list[str]:
        return prepare(self.root, version, load(self.root / "data"), checks, lambda _: None,
                       again=again)
