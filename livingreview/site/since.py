"""Which warnings on a data folder are new since a published version or a commit."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..data import versions
from ..data.dataset import Dataset, Problem, examine
from ..data.tables import BY_NAME
from .release import ReleaseError, git, tagged, unpack

# How a problem names another row: by file and line, or by the line in its own file.
_OTHER_ROW = re.compile(r"([\w/-]+\.csv):(\d+)|\brow (\d+)")


class SinceError(Exception):
    """The data as they were then cannot be had."""


@dataclass(frozen=True)
class News:
    """What differs between the warnings on a folder then and now."""

    new: list[Problem]  # warnings of now that were none then
    resolved: int  # warnings of then that are none now
    total: int  # warnings of now
    errors: list[Problem]  # errors of then, by the rules of now


def since(data: Dataset, name: str) -> News:
    """The warnings that are new since a published version or a commit.

    The rules of now are applied to the tables of then. Two warnings are one where rule, column,
    value and the keys of the rows that they speak of are the same, wherever these rows stand.

    Parameters
    ----------
    data : Dataset
        With every warning listed.
    name : str
        Of a version, or of a commit in any form that git knows.

    Raises
    ------
    SinceError
        When git does not have the tables of that version or commit.
    """
    with tempfile.TemporaryDirectory(prefix="livingreview-since-") as temporary:
        _put_tables(data.folder, name, Path(temporary))
        then = examine(temporary, every_warning=True)
    before = Counter(mark for p in then.warnings for mark in _marks(then, p))
    seen, new = Counter(), []
    for problem in data.warnings:
        marks = _marks(data, problem)
        seen.update(marks)
        if any(seen[mark] > before[mark] for mark in marks):
            new.append(problem)
    left, gone = before - seen, 0
    for marks in (_marks(then, p) for p in then.warnings):
        if all(left[mark] > 0 for mark in marks):
            left.subtract(marks)
            gone += 1
    return News(new, gone, len(data.warnings), [p for p in then.problems if p.level == "error"])


# --- the same warning at another line -----------------------------------------------------------


def _marks(data: Dataset, problem: Problem) -> list[tuple]:
    """What tells a problem from others but its line: one for each row that it stands for."""
    start = (problem.file, problem.column, problem.rule)
    if problem.rows:
        return [(*start, _key(data, problem.file, row)) for row in problem.rows]
    others = list(_others(problem))
    if others:  # of two rows it does not matter at which of them the problem is said
        rows = [(problem.file, problem.row), *others]
        return [(*start, tuple(sorted((file, _key(data, file, row)) for file, row in rows)))]
    return [(*start, problem.value, problem.wrong, _key(data, problem.file, problem.row))]


def _others(problem: Problem) -> Iterator[tuple[str, int]]:
    """The other rows that a problem names."""
    for file, line, own in _OTHER_ROW.findall(problem.wrong):
        yield (file, int(line)) if file else (problem.file, int(own))


def _key(data: Dataset, file: str, row: int) -> tuple[str, ...]:
    """By what a row is known; nothing for a file as a whole."""
    frame, table = data.frames.get(file), BY_NAME.get(Path(file).stem)
    if frame is None or table is None or row not in frame.index:
        return ()
    names = table.key or tuple(c.name for c in table.columns if c.required)
    return tuple(str(frame.at[row, name]) for name in names)


# --- the tables of then ---------------------------------------------------------------------------


def _put_tables(folder: Path, name: str, target: Path) -> None:
    """Put the files of a data folder, as a version or commit has them, into another folder."""
    folder = folder.resolve()
    try:
        root = Path(git(folder, "rev-parse", "--show-toplevel"))
    except ReleaseError as error:
        raise SinceError(f"{folder} is in no git repository, from which --since reads the tables "
                         f"as they were ({error})") from error
    inside = folder.relative_to(root.resolve()).as_posix()
    commit = _commit(root, name)
    tree = f"{commit}:{'' if inside == '.' else inside}"
    try:
        unpack(root, tree, target)
    except ReleaseError as error:
        raise SinceError(f"{name} does not hold the folder {inside} of {root.name}") from error
    if versions.NAME.fullmatch(name):
        _confirm(root, commit, name, inside, target)


def _commit(root: Path, name: str) -> str:
    """The commit that a name stands for.

    Raises
    ------
    SinceError
    """
    if versions.NAME.fullmatch(name):
        wanted = f"refs/tags/v{name}" if tagged(root, name) else _released_in(root, name)
        if not wanted:
            raise SinceError(
                f"git has neither the tag v{name} nor a commit that released {name}, and "
                f"{_releases(root)}: releases/ holds results alone, the tables of a version are in "
                "its tag (git fetch --tags; where the clone is shallow, git fetch --unshallow)")
    else:
        wanted = name
    try:
        return git(root, "rev-parse", "--verify", "--quiet", "--end-of-options",
                   f"{wanted}^{{commit}}")
    except ReleaseError as error:
        raise SinceError(
            f"{name} is no published version ({versions.NAME_WORDS}) and no commit that git has "
            f"here; {_releases(root)}") from error


def _releases(root: Path) -> str:
    known = ", ".join(versions.published(root / "releases")) or "none"
    return f"versions published in {root.name}: {known}"


def _released_in(root: Path, name: str) -> str:
    """The commit that added the files of a version, where nobody has tagged it; else nothing."""
    try:
        return git(root, "log", "-1", "--all", "--diff-filter=A", "--format=%H", "--",
                   f"releases/{name}{versions.MANIFEST}")
    except ReleaseError:  # a repository without a commit
        return ""


def _confirm(root: Path, commit: str, name: str, inside: str, folder: Path) -> None:
    """Refuse tables that are not those of which the version's manifest has the digests."""
    try:
        text = git(root, "show", f"{commit}:releases/{name}{versions.MANIFEST}")
    except ReleaseError:
        return  # the folder is not of a project that has published versions
    for path, digest in json.loads(text)["sha256"].items():
        file = folder / Path(path).relative_to(inside) if path.startswith(f"{inside}/") else None
        if file and path.endswith(".csv") and not (
                file.is_file() and sha256(file.read_bytes()).hexdigest() == digest):
            raise SinceError(f"{path} of commit {commit[:12]} is not that of {name}, of which "
                             f"releases/{name}{versions.MANIFEST} has the digest: name the commit "
                             "itself")
