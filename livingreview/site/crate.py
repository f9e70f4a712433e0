"""The RO-Crate of a version: what each of its files and folders is, holds and may be used for."""

from __future__ import annotations

import ast
import datetime
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from ..data import tables
from ..data.about import Work
from ..data.codebook import meaning
from ..data.phrases import phrases

_WORDS = phrases(__package__, "crate.csv")
# What is published beside the version's own files, and which of that is code.
_CODE = ("livingreview/", "requirements.txt", "pyproject.toml", "Makefile", "LICENSE")
ENTRIES = ("data/", "notebooks/", "book/", *_CODE, "LICENSE-DATA", "CITATION.cff")
_OWN = (".manifest.json", ".json", ".md")  # ends of the names of the version's own files
# Named here and not by the machine, so that the crate is the same wherever it is made.
_FORMATS = {
    ".cff": "application/yaml", ".css": "text/css", ".csv": "text/csv", ".html": "text/html",
    ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png", ".py": "text/x-python", ".svg": "image/svg+xml",
    ".toml": "application/toml", ".xlsx":
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".zip": "application/zip"}
_HEADING = re.compile(r"^# +(.+?) *$", re.MULTILINE)


def described(item: Work, facts: Mapping[str, str], files: Mapping[str, bytes]) -> str:
    """RO-Crate metadata: data, code, results, licences, and the contributors as an entity.

    Parameters
    ----------
    item : Work
        The version.
    facts : mapping of str to str
        What the review says of itself.
    files : mapping of str to bytes
        Content of every published file by its path.

    Returns
    -------
    str
        The text of ``ro-crate-metadata.json``.
    """
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate()
    who = crate.add(ContextEntity(crate, "#contributors", properties={
        "@type": "Organization", "name": item.author}))
    text, code = (crate.add(ContextEntity(crate, f"https://spdx.org/licenses/{facts[kind]}", {
        "@type": "CreativeWork", "name": facts[kind], "description": _WORDS[kind]}))
        for kind in ("text-licence", "code-licence"))
    top = crate.root_dataset
    top["name"], top["description"] = item.title, facts["description"]
    top["version"], top["author"], top["publisher"] = item.version, who, who
    top["license"] = text
    crate.datePublished = datetime.date.fromisoformat(item.date)
    entities = {}
    for path in sorted({*files, *_folders(files)}):
        kind = crate.add_directory if path.endswith("/") else crate.add_file
        licence = {"license": code} if _is_code(path) else {}  # else that of the whole
        entities[path] = kind(dest_path=path, properties={
            "name": path, "description": _what(path, files), **licence,
            **(_measured(path, files[path]) if path in files else {})})
    for folder, entity in (("", top), *entities.items()):
        if not folder or folder.endswith("/"):
            parts = [entities[path] for path in _inside(folder, entities)]
            entity["hasPart"] = parts if len(parts) > 1 else parts[0]  # no list of one
    document = crate.metadata.generate()
    document["@graph"] = sorted(document["@graph"], key=lambda entity: entity["@id"])
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def published(path: str) -> bool:
    """Whether a file of the project belongs to a version."""
    return path in ENTRIES or f"{path.partition('/')[0]}/" in ENTRIES


def _is_code(path: str) -> bool:
    entry = path if path in ENTRIES else f"{path.partition('/')[0]}/"
    return entry in _CODE


def _folders(files: Mapping[str, bytes]) -> set[str]:
    """The folders that hold files; that of the versions is no part, only what is in it is."""
    return {f"{folder}/" for path in files if published(path)
            for folder in map(str, PurePosixPath(path).parents) if folder != "."}


def _inside(folder: str, entities: Mapping[str, object]) -> list[str]:
    """What is in a folder and in no folder below it; the top also holds the version's own files."""
    return [path for path in entities if path != folder and path.startswith(folder) and (
        "/" not in path[len(folder):].rstrip("/") or not (folder or published(path)))]


def _measured(path: str, content: bytes) -> dict[str, str]:
    """Format, size and digest of a file."""
    return {"encodingFormat": _FORMATS.get(PurePosixPath(path).suffix, "text/plain"),
            "contentSize": str(len(content)), "sha256": hashlib.sha256(content).hexdigest()}


def _what(path: str, files: Mapping[str, bytes]) -> str:
    """What a file or folder is, in words: its own where it has some."""
    if path in ENTRIES:
        return _WORDS[path]
    if not published(path):
        return next(_WORDS[ending] for ending in _OWN if path.endswith(ending))
    name = PurePosixPath(path)
    own = ""
    if path.endswith("/"):
        own = _docstring(files.get(f"{path}__init__.py", b"")) or (
            _WORDS["tables"].format(folder=name.name) if path.startswith("data/") else "")
    elif name.suffix == ".py":
        own = _docstring(files[path])
    elif name.suffix == ".md" and (heading := _HEADING.search(files[path].decode())):
        own = heading[1]
    elif name.suffix == ".csv" and name.stem in tables.BY_NAME:
        own = meaning(name.stem)
    return own or _WORDS["other"].format(name=name.name, folder=name.parent)


def _docstring(content: bytes) -> str:
    """The first line of what a module says of itself."""
    return (ast.get_docstring(ast.parse(content)) or "").partition("\n")[0]
