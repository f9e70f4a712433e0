"""What sources answered, as it came: evidence, and what a search can be replayed from.

A search is a folder ``<source>/<search_id>`` with ``search.json`` (what was asked), the answers
``0001.gz``, …, ``manifest.csv`` (address, status and SHA-256 of each) and ``times.csv`` (when they
came). The same answers give the same manifest.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from . import net
from .net import Answer, Client, SourceError, relative

MANIFEST, TIMES, SEARCH = "manifest.csv", "times.csv", "search.json"
_COLUMNS = ("file", "url", "status", "sha256")
_TIMES = ("file", "time", "headers")
_SUFFIX = ".gz"
_LEVEL = 6  # of compression: a file of a hundred thousand records is stored in seconds
GONE = (404, 410)  # what a source says of a thing that it does not have
_GONE = "it answers {}: there is no such page"


class RawError(Exception):
    """A store that does not hold what its manifest says."""


def _put(path: Path, content: bytes) -> None:
    """A file that is there as a whole, also after the power is gone, or is as it was."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _csv(columns: tuple[str, ...], rows: list[dict]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _rows(path: Path) -> list[dict]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _listing(number: int, answer: Answer) -> dict:
    """The line of the manifest for an answer."""
    return {"file": f"{number:04d}{_SUFFIX}", "url": answer.url, "status": str(answer.status),
            "sha256": hashlib.sha256(answer.body).hexdigest()}


def _digest(listed: list[dict]) -> str:
    return hashlib.sha256(_csv(_COLUMNS, listed)).hexdigest()


def digest_of(answers: Iterable[Answer]) -> str:
    """SHA-256 of the manifest that these answers have, once they are stored."""
    return _digest([_listing(number, answer) for number, answer in enumerate(answers, 1)])


class Raw:
    """The answers of one search.

    Parameters
    ----------
    folder : Path
        The root of the store.
    source, search_id : str
    """

    def __init__(self, folder: Path, source: str, search_id: str):
        self.folder = folder / source / search_id
        self.source, self.search_id = source, search_id
        self._listed = _rows(self.folder / MANIFEST)
        self._times = _rows(self.folder / TIMES)[:len(self._listed)]

    def __len__(self) -> int:
        return len(self._listed)

    @property
    def about(self) -> dict:
        """What was asked; empty where nothing is stored."""
        path = self.folder / SEARCH
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        except ValueError:
            raise RawError(f"{path}: expected JSON") from None

    def note(self, about: Mapping[str, object]) -> None:
        """Write down what is asked, before it is, and how it ended."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(about, ensure_ascii=False, indent=1, sort_keys=True)
        _put(self.folder / SEARCH, f"{text}\n".encode())

    def add(self, answer: Answer) -> None:
        """Store the next answer; after an error it is not there.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        row = _listing(len(self._listed) + 1, answer)
        name = row["file"]
        time = {"file": name, "time": answer.time,
                "headers": json.dumps(dict(sorted(answer.headers.items())))}
        _put(self.folder / name, gzip.compress(answer.body, _LEVEL, mtime=0))
        _put(self.folder / TIMES, _csv(_TIMES, [*self._times, time]))
        _put(self.folder / MANIFEST, _csv(_COLUMNS, [*self._listed, row]))
        self._listed.append(row)
        self._times.append(time)

    def pages(self) -> Iterator[Answer]:
        """The answers, in order.

        Raises
        ------
        RawError
            When one is not what the manifest says.
        """
        times = {row["file"]: row for row in self._times}
        for row in tuple(self._listed):
            path = self.folder / row["file"]
            try:
                body = gzip.decompress(path.read_bytes())
            except (OSError, EOFError, ValueError) as error:
                raise RawError(f"{path}: it cannot be read ({error})") from None
            if hashlib.sha256(body).hexdigest() != row["sha256"]:
                raise RawError(f"{path}: it is not what {MANIFEST} says of it")
            time = times.get(row["file"], {})
            yield Answer(int(row["status"]), body, json.loads(time.get("headers") or "{}"),
                         row["url"], time.get("time", ""))

    @property
    def manifest_sha256(self) -> str:
        """SHA-256 of the manifest; of an empty one where nothing is stored."""
        return _digest(self._listed)


class Stored:
    """A client whose answers are stored; what is stored already is not asked for again.

    Parameters
    ----------
    raw : Raw
    client : Client or None
        None for a replay, which asks for nothing.
    told : callable, optional
        Called with the number of answers after each.
    """

    def __init__(self, raw: Raw, client: Client | None = None,
                 told: Callable[[int], None] = lambda number: None):
        self._raw, self._client, self._told = raw, client, told
        self._pages, self._number = raw.pages(), 0

    def get(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """As `net.Client.get`."""
        return self._asked("get", path, params)

    def post(self, path: str, params: Mapping[str, object] | None = None) -> Answer:
        """As `net.Client.post`."""
        return self._asked("post", path, params)

    def _asked(self, method: str, path: str, params: Mapping[str, object] | None) -> Answer:
        answer = next(self._pages, None)
        if answer is None:
            if self._client is None:
                raise SourceError(self._raw.source, "what is stored ends before the search does")
            answer = self._given(method, path, params)
            self._raw.add(answer)
        elif not answer.url.endswith("/" + relative(path, params)):
            raise SourceError(self._raw.source, f"answer {self._number + 1} of what is stored is "
                              "to another request")
        self._number += 1
        self._told(self._number)
        if answer.status in GONE:
            raise SourceError(self._raw.source, _GONE.format(answer.status), answer.status)
        return answer

    def _given(self, method: str, path: str, params: Mapping[str, object] | None) -> Answer:
        """An answer; that a thing is not there is one too, which a replay must get again."""
        try:
            return getattr(self._client, method)(path, params)
        except SourceError as error:
            if error.status not in GONE:
                raise
            return Answer(error.status, b"", {}, self._client.url(path, params),
                          net.NOW().isoformat(timespec="seconds"))


def searches(folder: Path) -> list[Raw]:
    """All searches of a store, in the order in which they began."""
    found = [Raw(folder, path.parent.parent.name, path.parent.name)
             for path in sorted(folder.glob(f"*/*/{SEARCH}"))]
    return sorted(found, key=lambda raw: (raw.about.get("date_run", ""),
                                          raw.about.get("sequence", 0), raw.search_id))
