"""The site of a published version, with an archive of it, built from its tag."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from .. import versions
from ..reads import VERSION
from .heads import COMMIT, SIBLINGS
from .release import ReleaseError, git, named, tagged


def _tree(root: Path, tag: str, folder: Path) -> None:
    """The files of a tag."""
    done = subprocess.run(["git", "archive", "--format=tar", tag], cwd=root, capture_output=True,
                          check=False)
    if done.returncode:
        raise ReleaseError(f"git archive {tag}: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")


def _build(tree: Path, version: str, commit: str, epoch: str) -> Path:
    """The site of a tree."""
    environment = {**os.environ, VERSION: version, COMMIT: commit, SIBLINGS: "1",
                   "SOURCE_DATE_EPOCH": epoch, "PYTHONPATH": str(tree)}
    for name in ("LIVINGREVIEW_DATA", "LIVINGREVIEW_STORE"):
        environment.pop(name, None)
    done = subprocess.run([sys.executable, "-m", "livingreview", "build"], cwd=tree,
                          env=environment, check=False)
    if done.returncode:
        raise ReleaseError("the site of the version could not be built: see the messages above")
    return tree / "_build" / "html"


def _zip(target: Path, folders: dict[str, Path], epoch: int) -> str:
    """An archive that is the same whenever it is made; its SHA-256."""
    stamp = time.gmtime(max(epoch, 315532800))[:6]  # the format begins in 1980
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, folder in folders.items():
            for path in sorted(p for p in folder.rglob("*") if p.is_file()):
                inside = f"{name}/{path.relative_to(folder).as_posix()}"
                archive.writestr(zipfile.ZipInfo(inside, stamp), path.read_bytes(),
                                 zipfile.ZIP_DEFLATED)
        # the site names the page beside it that leads to the newest version
        archive.writestr(zipfile.ZipInfo("index.html", stamp), _leading_to("site"),
                         zipfile.ZIP_DEFLATED)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(target.name + ".sha256").write_text(f"{digest}  {target.name}\n",
                                                         encoding="utf-8")
    return digest


def index(out: Path) -> None:
    """Write what stands beside the versions: their list, and a page that leads to the newest.

    Parameters
    ----------
    out : Path
        Folder of all versions.
    """
    names = sorted((p.name for p in out.iterdir() if versions.NAME.fullmatch(p.name)),
                   key=versions.order, reverse=True)
    latest = ["latest"] if (out / "latest").is_dir() else []
    (out / "versions.json").write_text(json.dumps(
        [{"version": name, "url": f"{name}/index.html"} for name in [*latest, *names]],
        indent=1) + "\n", encoding="utf-8")
    newest = next(iter([*latest, *names]), "")
    (out / "index.html").write_text(_leading_to(newest), encoding="utf-8")


def _leading_to(folder: str) -> str:
    """A page that leads to the site in a folder beside it."""
    return (f'<!doctype html><meta charset="utf-8"><title>Versions</title><meta '
            f'http-equiv="refresh" content="0; url={folder}/index.html"><a '
            f'href="{folder}/index.html">{folder}</a>\n')


def site_version(root: Path, version: str, out: Path, say: Callable[[str], None]) -> Path:
    """Build the site of a tagged version, with an archive and its checksum.

    Parameters
    ----------
    root : Path
        A clone that holds the tag.
    version : str
    out : Path
        Folder of all versions.
    say : callable
        Told what is being done.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    ReleaseError
        When there is no such tag, its pins are not those installed here, its results are not the
        published ones, or another site of that version is there.
    """
    if not tagged(root, named(version)):
        raise ReleaseError(f"{version}: this clone has no tag v{version}: release and tag the "
                           "version first, or fetch the tags (git fetch --tags)", 2)
    commit = git(root, "rev-parse", "--verify", f"v{version}^{{commit}}")
    epoch = git(root, "log", "-1", "--format=%ct", commit)
    out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=out, prefix=f".{version}-"))
    try:
        tree = work / "tree"
        _tree(root, f"v{version}", tree)
        if (tree / "requirements.txt").read_bytes() != (root / "requirements.txt").read_bytes():
            raise ReleaseError(f"v{version} has other pins than this clone: check it out, and run "
                               "the same command there")
        say(f"building version {version} from commit {commit[:12]}")
        site = _build(tree, version, commit, epoch)
        if (site / "results.json").read_bytes() != (
                tree / "releases" / f"{version}.json").read_bytes():
            raise ReleaseError("the results built from the tag are not the published ones")
        made = {**versions.manifest(version, tree / "releases"), "commit": commit}
        (site / "manifest.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
        shutil.move(site, work / "site")
        shutil.rmtree(tree / "_build")
        return _published(work, out, version, int(epoch), say)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _published(work: Path, out: Path, version: str, epoch: int,
               say: Callable[[str], None]) -> Path:
    """Put the site and its archive in their places; what is there already must be the same."""
    archive = out / f"livingreview-{version}.zip"
    made = work / archive.name
    digest = _zip(made, {"site": work / "site", "source": work / "tree"}, epoch)
    checksum = archive.with_name(archive.name + ".sha256")
    if checksum.exists() and checksum.read_text(encoding="utf-8").split()[0] != digest:
        raise ReleaseError(f"{checksum} is the checksum of another build of {version}, and a "
                           "published version never changes: move it away to compare them")
    made.replace(archive)
    made.with_name(checksum.name).replace(checksum)
    shutil.rmtree(out / version, ignore_errors=True)
    (work / "site").rename(out / version)
    index(out)
    say(f"{archive}: SHA-256 {digest}")
    return archive
