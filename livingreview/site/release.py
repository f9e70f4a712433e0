"""A version to be published: its results, its manifest, its metadata; nothing is published here."""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from importlib.resources import files as packaged
from pathlib import Path
from string import Template

import yaml

from ..data import versions
from ..data.about import Work, about, work
from ..data.dataset import Dataset
from ..data.phrases import phrases
from ..intake.files import put
from ..render.engine import render
from ..review import review
from ..review.changes import changes
from ..view.changes import changed
from . import crate, stopping
from .workers import Workers

_WORDS = phrases(__package__, "words.csv")
# What a release writes anew each time: no content of the version before.
_ANEW = ("CHANGELOG.md", "CITATION.cff", ".zenodo.json", "ro-crate-metadata.json")
_SHOWN = 10  # files that a refusal names


class ReleaseError(Exception):
    """The version cannot be made; `exit_code` is 2 where the call is wrong."""

    def __init__(self, message: str, exit_code: int = 1):
        super().__init__(message)
        self.exit_code = exit_code


def git(root: Path, *arguments: str) -> str:
    """What git says, without the end of the line.

    Raises
    ------
    ReleaseError
        When git refuses, or the folder is no repository.
    """
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True,
                              check=False)
    except OSError as error:
        raise ReleaseError(f"git cannot be run: {error.strerror}") from error
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout.rstrip("\n")


def unpack(root: Path, tree: str, folder: Path) -> None:
    """Put the files of a tag, or of a folder of a commit, into a folder.

    Raises
    ------
    ReleaseError
        When git does not have them.
    """
    done = subprocess.run(["git", "archive", "--format=tar", tree], cwd=root, capture_output=True,
                          check=False)
    if done.returncode:
        raise ReleaseError(f"git archive {tree}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def named(version: str) -> str:
    """The version, where it is the name of one.

    Raises
    ------
    ReleaseError
        When it is not.
    """
    if not versions.NAME.fullmatch(version):
        raise ReleaseError(f"{version}: not a version, expected {versions.NAME_WORDS} (the year "
                           "from 2000 to 2099)", 2)
    return version


def tagged(root: Path, version: str) -> str:
    """The tag of a version; empty where the clone has none."""
    return git(root, "tag", "--list", f"v{version}")


def today() -> str:
    """The day of the publication: of SOURCE_DATE_EPOCH where it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.timezone.utc  # noqa: UP017
    now = datetime.datetime.fromtimestamp(int(epoch), utc) if epoch else (
        datetime.datetime.now(utc))
    return now.date().isoformat()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _pins(root: Path) -> dict[str, str]:
    """The pinned packages by name."""
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==", 1) for line in lines if "==" in line and line[0] != "#")


def manifest(root: Path, data: Dataset, version: str, date: str, results: str) -> dict:
    """Digest of every data and result file, and the pins of the environment.

    Parameters
    ----------
    root : Path
    data : Dataset
    version, date : str
    results : str
        The text of the results.
    """
    document = json.loads(results)
    # Every file of the folder, also those that are no table: they are published with the version.
    files = {name: _sha256((root / name).read_bytes()) for name in _tracked(root, "data")}
    files.update({f"data/{path}": digest for path, digest in data.digests.items()})
    files[f"releases/{version}.json"] = _sha256(results.encode())
    return {"version": version, "date": date, "data_version": document["data_version"],
            "package_version": document["package_version"], "sha256": dict(sorted(files.items())),
            "python": ".".join(map(str, sys.version_info[:2])), "pins": _pins(root)}


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _licences(facts: dict[str, str]) -> str:
    """Which licence is of what; the fields of the metadata hold one licence for all."""
    return _WORDS["licences"].format(text=facts["text-licence"], code=facts["code-licence"])


def _zenodo(item: Work, facts: dict[str, str]) -> str:
    return _json({
        "title": item.title, "upload_type": "dataset", "version": item.version,
        "publication_date": item.date, "description": facts["description"],
        "creators": [{"name": item.author}], "license": facts["text-licence"].lower(),
        "notes": _licences(facts), "keywords": facts["keywords"].split(";"), "language": "eng"})


def _citation(root: Path, item: Work, facts: dict[str, str]) -> str:
    """CITATION.cff with the version and its date."""
    found = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    found.update(title=item.title, version=item.version, **{
        "date-released": datetime.date.fromisoformat(item.date),
        "abstract": f"{facts['description']} {_licences(facts)}",
        "message": _WORDS["cite"]})
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)


def _changelog(root: Path, version: str, date: str, summary: str) -> str:
    """CHANGELOG.md with the unreleased entries under the new version."""
    text = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if "## Unreleased\n\n" not in text:
        raise ReleaseError("CHANGELOG.md has no heading '## Unreleased' before an empty line")
    before, heading, entries = text.partition("## Unreleased\n\n")
    gap = "\n" if entries and not entries.startswith("-") else ""
    return f"{before}{heading}## {version} ({date})\n\n- {summary}{gap}{entries}"


def _summary(previous: str, old: dict | None, new: dict) -> str:
    """One line on what the version changes."""
    total = len(new["analyses"])
    if old is None:
        return _WORDS["first-version"].format(total=total) + "\n"
    changed = len(changes(old, new)["analyses"])
    return _WORDS["changed"].format(changed=changed, total=total, previous=previous) + "\n"


def _refuse(root: Path, version: str) -> None:
    """Refuse what is no version, or not the next one, or a tree that is not clean."""
    known = versions.published(root / "releases")
    if known and version not in known and versions.order(version) < versions.order(known[-1]):
        raise ReleaseError(f"{version}: older than {known[-1]}, which is published", 2)
    if dirty := git(root, "status", "--porcelain"):
        raise ReleaseError("the working tree is not clean: commit or remove\n" + dirty)
    tag = tagged(root, version)
    if tag and version not in known:
        raise ReleaseError(f"{version}: the tag {tag} is there, but not releases/{version}.json; a "
                           "published version never changes: take another number")
    if tag and (other := _other_than(root, version, tag)):
        raise ReleaseError(_never(version, "content", other))


def _refuse_the_same(root: Path, version: str) -> None:
    """Refuse a version in which nothing differs from the last one."""
    known = versions.published(root / "releases")
    if not known or version in known:
        return
    last = known[-1]
    since = tagged(root, last) or git(root, "log", "-1", "--diff-filter=A", "--format=%H", "--",
                                      f"releases/{last}.json")
    if since and not _other_than(root, last, since):
        raise ReleaseError(f"nothing has changed since {last}: no data, no code and no page, so "
                           f"that {version} would be the same under another name; say --again "
                           "where that is wanted. Nothing was written.")


def _never(version: str, what: str, other: list[str]) -> str:
    """Why a version is refused that is published with something else."""
    more = [f"and {len(other) - _SHOWN} more"] if len(other) > _SHOWN else []
    return (f"{version} is published with other {what}, and a published version never changes: "
            "take another number. What differs:\n" + "\n".join([*other[:_SHOWN], *more]))


def _other_than(root: Path, version: str, tag: str) -> list[str]:
    """Files that are not those of a version's tag or commit, but what another release writes."""
    found = git(root, "diff", "--name-only", "--no-renames", "-z", tag, "HEAD").split("\0")
    return [path for path in found if path and path not in _ANEW
            and _version_of(path) in ("", version)]


def _version_of(path: str) -> str:
    """The version that a file of releases/ belongs to; empty for any other file."""
    inside = re.fullmatch(rf"releases/({versions.NAME.pattern})\.(json|manifest\.json|md)", path)
    return inside[1] if inside else ""


def _other_made(published: dict, made: dict) -> list[str]:
    """What two manifests of one version do not have in common."""
    out = []
    for what in ("sha256", "pins"):
        old, new = published.get(what, {}), made[what]
        out += [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if published.get("package_version") != made["package_version"]:
        out.append(f"package {made['package_version']}")
    return out


def prepare(root: Path, version: str, data: Dataset, checks: str, say: Callable[[str], None],
            workers: Workers | None = None, again: bool = False) -> list[str]:
    """Write the files of a version, and say how it is committed and tagged.

    Parameters
    ----------
    root : Path
        Folder of the project, a git repository.
    version : str
    data : Dataset
        The project's own, without an error.
    checks : str
        Command that must succeed first.
    say : callable
        Told what is being done.
    workers : Workers, optional
        Where the results are computed.
    again : bool
        Whether the version is wanted although nothing has changed since the last one.

    Returns
    -------
    list of str
        Commands to run next; none where the same version was prepared before.

    Raises
    ------
    ReleaseError
        When the tree is not clean, nothing has changed, a check fails, or the version is published
        with other content.
    """
    _refuse(root, named(version))
    if data.changed:
        raise ReleaseError("the data are not described as they are: write what changed into "
                           "changelog.csv, then call `python -m livingreview describe`. What "
                           "changed:\n" + "\n".join(data.changed))
    if not again:
        _refuse_the_same(root, version)
    say(f"running the checks: {checks}")
    if stopping.call(checks, shell=True, cwd=root):
        raise ReleaseError(f"a check failed: {checks}")
    say("computing the results")
    results = review(data, run=(workers or Workers(1)).run).text()
    releases = root / "releases"
    published = releases / f"{version}.json"
    if published.is_file():
        _same(root, version, data, results)
        say(f"{version} is published with this content already: nothing to do")
        return []
    written = _contents(root, version, data, results)
    try:
        with stopping.shielded():
            put(root, {path: content.encode() for path, content in written.items()})
    except OSError as error:
        raise ReleaseError(f"cannot write in {root}: {error.strerror}; nothing was written",
                           2) from error
    return [f"git add {' '.join(sorted(written))}", f'git commit -m "Release {version}"',
            f'git tag -a v{version} -m "Version {version}"',
            f"make site-version VERSION={version}"]


def _same(root: Path, version: str, data: Dataset, results: str) -> None:
    """Refuse a published version with other results, data or pins."""
    releases = root / "releases"
    published = releases / f"{version}.json"
    if published.read_text(encoding="utf-8") != results:
        found = changed(data, changes(versions.document(published, data.names),
                                      data.names.package.result(json.loads(results))))
        raise ReleaseError(_never(version, "results", [render(found, form="txt")]))
    try:
        held = versions.manifest(version, releases)
    except (OSError, ValueError) as error:
        raise ReleaseError(f"releases/{version}{versions.MANIFEST} cannot be read: {error}"
                           ) from error
    if other := _other_made(held, manifest(root, data, version, held.get("date", ""), results)):
        raise ReleaseError(_never(version, "content", other))


def _contents(root: Path, version: str, data: Dataset, results: str) -> dict[str, str]:
    """Every file that the version adds or changes."""
    known, new = versions.published(root / "releases"), data.names.package.result(
        json.loads(results))
    previous = known[-1] if known else ""
    old = versions.results(previous, data.names, root / "releases") if previous else None
    item, facts = work(data, version, today()), about(data)
    written = {
        f"releases/{version}.json": results,
        f"releases/{version}{versions.MANIFEST}": _json(
            manifest(root, data, version, item.date, results)),
        f"releases/{version}.md": _page(version),
        "CITATION.cff": _citation(root, item, facts),
    }
    # the manifest holds digests of data and results, the crate those of all: none waits for another
    files = {name: (root / name).read_bytes() for name in _tracked(root) if crate.published(name)}
    files |= {name: content.encode() for name, content in written.items()}
    return {**written, ".zenodo.json": _zenodo(item, facts),
            "CHANGELOG.md": _changelog(root, version, item.date, _summary(previous, old, new)),
            "ro-crate-metadata.json": crate.described(item, facts, files)}


def _page(version: str) -> str:
    """The page of a version, which computes what it shows."""
    template = packaged(__package__).joinpath("version.txt").read_text("utf-8")
    return Template(template).substitute(version=version)


def _tracked(root: Path, *below: str) -> list[str]:
    """Files of the project, or those below some of its folders."""
    return [name for name in git(root, "ls-files", "-z", *below).split("\0") if name]
