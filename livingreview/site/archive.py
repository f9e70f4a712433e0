"""The site of a published version, with an archive of it, built from its tag."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..data import versions
from ..data.reads import VERSION
from . import heads, pdf, places, press, stopping
from .build import staging, swap
from .heads import COMMIT, SIBLINGS
from .release import ReleaseError, git, named, tagged, unpack

_FIRST = 315532800  # 1980 in seconds: no earlier time can be said in the format
_UNIX = 3  # whose rights the entries have


def _build(tree: Path, version: str, commit: str, epoch: str) -> Path:
    """The site of a tree."""
    environment = {**os.environ, VERSION: version, COMMIT: commit, SIBLINGS: "1",
                   "SOURCE_DATE_EPOCH": epoch, "PYTHONPATH": str(tree)}
    for name in ("LIVINGREVIEW_DATA", "LIVINGREVIEW_STORE"):
        environment.pop(name, None)
    if stopping.call([sys.executable, "-m", "livingreview", "build"], cwd=tree, env=environment):
        raise ReleaseError("the site of the version could not be built: see the messages above")
    return tree / "_build" / "html"


def _zip(target: Path, folders: dict[str, Path], epoch: int) -> str:
    """An archive that is the same whenever it is made; its SHA-256."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, folder in folders.items():
            for path in sorted([folder, *folder.rglob("*")]):
                inside = (Path(name) / path.relative_to(folder)).as_posix()
                if path.is_dir():
                    archive.writestr(_entry(f"{inside}/", stat.S_IFDIR | places.FOLDER, epoch), b"")
                elif path.is_file():
                    mode = places.FOLDER if path.stat().st_mode & stat.S_IXUSR else places.FILE
                    archive.writestr(_entry(inside, stat.S_IFREG | mode, epoch), path.read_bytes())
        # the site names the page beside it that leads to the newest version
        archive.writestr(_entry("index.html", stat.S_IFREG | places.FILE, epoch),
                         _leading_to("site"))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    _checksum(target).write_text(f"{digest}  {target.name}\n", encoding="utf-8")
    return digest


def _entry(name: str, mode: int, epoch: int) -> zipfile.ZipInfo:
    """A file or folder of an archive, with rights that do not hang on who makes it."""
    entry = zipfile.ZipInfo(name, time.gmtime(max(epoch, _FIRST))[:6])
    entry.create_system, entry.external_attr = _UNIX, mode << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _checksum(archive: Path) -> Path:
    """The file beside an archive that holds its SHA-256."""
    return archive.with_name(archive.name + ".sha256")


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
    places.publish(out / "versions.json", out / "index.html")


def _leading_to(folder: str) -> str:
    """A page that leads to the site in a folder beside it."""
    return heads.leading(f"{folder}/index.html")


def _can_print() -> None:
    """Refuse before a long build what could not be printed after it."""
    try:
        press.chromium()
    except press.PdfError as error:
        raise ReleaseError(f"{error}; or leave the PDF files out (--without-pdf)", 2) from error


def _print(site: Path, out: Path, say: Callable[[str], None]) -> None:
    """The version on paper."""
    try:
        pdf.write(site, out, say)
    except press.PdfError as error:
        raise ReleaseError(f"the version could not be printed: {error}") from error


def site_version(root: Path, version: str, out: Path, say: Callable[[str], None],
                 printed: bool = True) -> Path:
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
    printed : bool
        Whether the archive holds the version as PDF files too.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    ReleaseError
        When there is no such tag, its pins are not those installed here, its results are not the
        published ones, another site of that version is there, or it cannot be printed.
    """
    if not tagged(root, named(version)):
        raise ReleaseError(f"{version}: this clone has no tag v{version}: release and tag the "
                           "version first, or fetch the tags (git fetch --tags)", 2)
    if printed:
        _can_print()
    commit = git(root, "rev-parse", "--verify", f"v{version}^{{commit}}")
    epoch = git(root, "log", "-1", "--format=%ct", commit)
    with staging(out / version) as work:
        tree = work / "tree"
        unpack(root, f"v{version}", tree)
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
        if printed:
            _print(site, work / "pdf", say)
        else:
            say("the archive holds no PDF files: they were not asked for")
        site.rename(work / "site")
        shutil.rmtree(tree)
        unpack(root, f"v{version}", tree)  # without what the build left there, such as bytecode
        return _published(work, out, version, int(epoch), say)


def _published(work: Path, out: Path, version: str, epoch: int,
               say: Callable[[str], None]) -> Path:
    """Put the site and its archive in their places; what is there already must be the same."""
    archive = out / f"livingreview-{version}.zip"
    made, checksum = work / archive.name, _checksum(archive)
    folders = {"site": work / "site", "source": work / "tree", "pdf": work / "pdf"}
    digest = _zip(made, {name: path for name, path in folders.items() if path.is_dir()}, epoch)
    if checksum.exists() and checksum.read_text(encoding="utf-8").split()[0] != digest:
        raise ReleaseError(f"{checksum} is the checksum of another build of {version}, and a "
                           "published version never changes: move it away to compare them")
    places.publish(made, _checksum(made))
    with stopping.shielded():  # all of it or nothing
        made.replace(archive)
        _checksum(made).replace(checksum)
        swap(work / "site", out / version, work / "before")
        index(out)
    say(f"{archive}: SHA-256 {digest}")
    return archive
