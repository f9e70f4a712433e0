"""Searches that a person ran: an exported file becomes a search and its records."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from .. import __version__
from ..data.dataset import Dataset, load
from . import files, net
from .alone import alone
from .collected import Collected, tables
from .files import Exported
from .keeping import keep, locked
from .net import Answer
from .problems import ProblemsError
from .rawstore import Raw, digest_of

STATE = "by-hand"


class RunError(ProblemsError):
    """What is said of a search cannot be, with every reason."""


@dataclass(frozen=True)
class Run:
    """How a person ran a search.

    Attributes
    ----------
    source, indication, platform, run_by : str
    run_on : date
    strategy : bytes or None
        The file of the strategy as it was run; None where nobody kept it.
    window_from, window_to : date or None
        Days of entry that were asked for.
    """

    source: str
    indication: str
    platform: str
    run_by: str
    run_on: date
    strategy: bytes | None = None
    window_from: date | None = None
    window_to: date | None = None

    def check(self, data: Dataset, today: date) -> None:
        """Refuse what cannot be.

        Raises
        ------
        RunError
        """
        problems = [f"{what} is left out" for what, said in (
            ("--source", self.source), ("--indication", self.indication),
            ("--platform", self.platform.strip()), ("--run-by", self.run_by.strip())) if not said]
        if self.source and self.source not in data.words("search_source"):
            problems.append(f"--source {self.source}: expected one of "
                            f"{', '.join(data.words('search_source'))}")
        if self.indication and self.indication not in data.indications:
            problems.append(f"--indication {self.indication}: expected one of "
                            f"{', '.join(data.indications)}")
        last = self.window_to or self.run_on
        if self.run_on > today:
            problems.append(f"--run-on {self.run_on} is after today, {today}")
        if last > self.run_on:
            problems.append(f"--to {last} is after the day of the search, {self.run_on}")
        if self.window_from and self.window_from > last:
            problems.append(f"--from {self.window_from} is after {last}")
        if self.strategy is not None and not self.strategy.strip():
            problems.append("--strategy: the file is empty")
        if problems:
            raise RunError(problems)


@dataclass(frozen=True)
class Taken:
    """What the import of a file would do.

    Attributes
    ----------
    exported : Exported
    search : Collected
    rows : mapping of str to list of dict
        The tables as they would be.
    known : str
        The search that took this very file in already; nothing is to do then.
    new : list of dict
        Rows of records.csv that are not there yet.
    certain : int
        New records that are the same as another one.
    proposed : int
        Pairs of records, not known before, that a person is to decide on.
    digests : mapping of str to str
        Of the data for which it is said.
    """

    exported: Exported
    search: Collected
    rows: Mapping[str, list[dict]]
    known: str
    new: list[dict]
    certain: int
    proposed: int
    digests: Mapping[str, str]

    @property
    def search_id(self) -> str:
        """Of the search that it becomes."""
        return str(self.search.search["search_id"])

    @property
    def matched(self) -> Counter:
        """How many new records report a known study, by what they were matched by."""
        return Counter(row["match_kind"] for row in self.new if row["match"])


def taken(data: Dataset, content: bytes, name: str, run: Run, raw: Path) -> Taken:
    """What the import of an exported file would do.

    Parameters
    ----------
    data : Dataset
        Without errors.
    content : bytes
    name : str
        Of the file.
    run : Run
        Checked.
    raw : Path
        Root of the raw store.

    Raises
    ------
    FileError
        When the file is broken or of no known form.
    """
    exported = files.read(content, name, run.source)
    digest = digest_of([_answer(content, exported.form)])
    known = next((row["search_id"] for row in data.records("searches")
                  if (row["source"], row["indication"], row["raw_sha256"])
                  == (run.source, run.indication, digest)), "")
    search = Collected(_row(data, run, exported, digest, raw), exported.records)
    rows = tables(data, [] if known else [search])
    before = {row["record_id"] for row in data.records("records")}
    pairs = {(row["record_id"], row["other_record_id"]) for row in data.records("duplicates")}
    new = [row for row in rows["records"] if row["record_id"] not in before]
    return Taken(exported, search, rows, known, new,
                 sum(row["cluster"] != row["record_id"] for row in new),
                 sum(not row.get("decision") and (row["record_id"], row["other_record_id"])
                     not in pairs for row in rows["duplicates"]), data.digests)


def _answer(content: bytes, form: str) -> Answer:
    """The file as an answer: its name is left out, so that a copy is the same search."""
    return Answer(200, content, {}, f"file:{form.replace(' ', '-').lower()}",
                  net.NOW().isoformat(timespec="seconds"))


def _row(data: Dataset, run: Run, exported: Exported, digest: str, raw: Path) -> dict:
    """The row of searches.csv."""
    taken_ids = {row["search_id"] for row in data.records("searches")}
    base = f"{run.source}-{run.indication}-{run.run_on}"
    for number in count(1):
        search_id = base if number == 1 else f"{base}-{number}"
        stored = Raw(raw, run.source, search_id)
        if search_id not in taken_ids and (not len(stored) or stored.manifest_sha256 == digest):
            break
    strategy = hashlib.sha256(run.strategy).hexdigest() if run.strategy is not None else None
    return {"search_id": search_id, "date_run": run.run_on.isoformat(), "source": run.source,
            "platform": run.platform.strip(), "indication": run.indication,
            "strategy_sha256": strategy,
            "window_from": run.window_from and run.window_from.isoformat(),
            "window_to": run.window_to and run.window_to.isoformat(), "translation": None,
            "hits": len(exported.records) + exported.repeated, "fetched": len(exported.records),
            "state": STATE, "reason": None, "run_by": run.run_by.strip(),
            "tool_version": __version__, "raw_sha256": digest}


def write(folder: Path, content: bytes, name: str, run: Run, raw: Path, made: Taken) -> Taken:
    """Store an exported file and write the tables; all or nothing.

    Parameters
    ----------
    folder : Path
        Data folder.
    content, name, run, raw
        As `taken` has them.
    made : Taken
        What it said; where the data have changed since, it is asked again.

    Raises
    ------
    FileError, BusyError, KeepingError, OSError
        The tables and the store are as they were.
    """
    raw.mkdir(parents=True, exist_ok=True)
    with alone(folder, raw), locked(folder):
        data = load(folder)
        if data.digests != made.digests:
            made = taken(data, content, name, run, raw)
        if made.known:
            return made
        stored = Raw(raw, run.source, made.search_id)
        try:
            stored.note({**made.search.search, files.FILE: name,
                         "as_run": run.strategy.decode("utf-8", "replace") if run.strategy
                         else None})
            if not len(stored):
                stored.add(_answer(content, made.exported.form))
            keep(data, made.rows)
        except BaseException:
            shutil.rmtree(stored.folder, ignore_errors=True)
            raise
    return made
