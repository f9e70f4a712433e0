"""Searching: what is asked of each source, from when, and what is kept of it.

A search is stored as it runs and read from the store, so that a run that was killed goes on where
it was, and a replay gives the same bytes. Its window begins some weeks before the end of the last
complete one with the same strategy: sources put records in late.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path

from .. import __version__
from ..data.dataset import Dataset, examine
from ..intake.files import put
from ..site.versioned import datapackage_json
from . import net, rawstore, sources
from .alone import alone
from .collected import Collected, tables
from .keeping import KeepingError, keep, locked
from .net import SourceError
from .problems import ProblemsError
from .rawstore import Raw, RawError, Stored
from .syntax import SYNTAXES, StrategyError, parsed, plain

OVERLAP = timedelta(days=35)
FOLDER, RAW = "strategies", "surveillance/raw"
COMPLETE, FAILED, RUNNING = "complete", "failed", "running"
WRITTEN = ("searches.csv", "records.csv", "duplicates.csv")
_KEPT = ("search_id", "date_run", "source", "platform", "indication", "strategy_sha256",
         "window_from", "window_to", "tool_version")  # of a store, in the table too
# What reading an answer of an unforeseen shape may raise: one source is not to stop the others.
_UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
_LONGEST = 500  # characters of a reason
_SAME = ("source", "indication", "strategy_sha256", "window_from", "window_to", "raw_sha256")


class PlanError(ProblemsError):
    """What is to be searched cannot be; every reason is there."""


@dataclass(frozen=True)
class Task:
    """A search that is to be run.

    Attributes
    ----------
    source, indication, strategy, strategy_sha256 : str
        The strategy is without its comments; the digest is of its file, or of what is made of it.
    window_from, window_to : str or None
        ISO dates.
    """

    source: str
    indication: str
    strategy: str
    strategy_sha256: str
    window_from: str | None
    window_to: str


@dataclass(frozen=True)
class Outcome:
    """What a run did.

    Attributes
    ----------
    data : Dataset
        As they are now.
    searches : tuple of mapping
        Rows of searches.csv that were written, in the order in which they were run.
    passed : tuple of str
        What was not searched, and why that is no failure.
    """

    data: Dataset
    searches: tuple[Mapping, ...] = ()
    passed: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Mapping, ...]:
        """The searches that failed."""
        return tuple(row for row in self.searches if row["state"] == FAILED)


def raw_folder(data: Path) -> Path:
    """Where answers are stored, of the project whose data folder this is."""
    return data.absolute().parent / RAW


def run(folder: Path, raw: Path, *, indications: Sequence[str] = (), chosen: Sequence[str] = (),
        since: str | None = None, offline: bool = False,
        told: Callable[[str, int], None] = lambda name, number: None) -> Outcome:
    """Search, or read again what is stored, and write the tables.

    Parameters
    ----------
    folder : Path
        The data folder.
    raw : Path
        Where answers are stored, or are when it is offline.
    indications, chosen : sequence of str
        Indications and sources; all that have a strategy where they are left out.
    since : str, optional
        First day of the window, as an ISO date, in place of what the last search gives.
    offline : bool
        Take the searches that `raw` holds, and ask for nothing.
    told : callable, optional
        Called with the name of a search and the number of its answers.

    Returns
    -------
    Outcome

    Raises
    ------
    PlanError
        When a strategy or choice is wrong; nothing was asked.
    BusyError
        When another command is at work.
    RawError
        When what is stored is not what it was.
    KeepingError
        When the data have errors, or would have.
    OSError
        When tables or answers cannot be written; the tables are as they were.
    """
    raw.mkdir(parents=True, exist_ok=True)
    with alone(folder, raw):
        _sweep(folder)
        data = _sound(folder)
        passed: tuple[str, ...] = ()
        found = list(_torn(data, raw))
        if offline:
            found += _replayed(data, raw, indications, chosen, told)
        else:
            planned, passed = plan(data, indications, chosen, since, net.NOW().date())
            found += [_searched(task, raw, data, told) for task in planned]
        if not (found or data.records("searches")):
            return Outcome(data, passed=passed)
        with locked(folder):
            data = _sound(folder)  # a person may have decided something meanwhile
            made = tables(data, found)
            after = _described(keep(data, made))
        rows = {row["search_id"]: row for row in made["searches"]}
        return Outcome(after, tuple(rows[one.search["search_id"]] for one in found), passed)


def _sound(folder: Path) -> Dataset:
    data = examine(folder)
    if errors := [p for p in data.problems if p.level == "error"]:
        raise KeepingError(errors)
    return data


def _described(data: Dataset) -> Dataset:
    """Have the data package describe tables that a run that was killed had written."""
    path = data.folder / "datapackage.json"
    if path.is_file() and set(WRITTEN) & set(data.changed):
        put(data.folder, {path.name: datapackage_json(data).encode()})
    return data


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed while it wrote tables left beside them."""
    for name in (*WRITTEN, "datapackage.json"):
        for left in folder.glob(f".{name}.*"):
            left.unlink()


# --- what is to be searched ---------------------------------------------------------------------


def plan(data: Dataset, indications: Sequence[str], chosen: Sequence[str], since: str | None,
         today: date) -> tuple[list[Task], tuple[str, ...]]:
    """The searches of a day, and what is passed over.

    Raises
    ------
    PlanError
    """
    words = list(data.words("search_source"))
    problems = [f"{name} is no indication: expected one of {', '.join(data.indications)}"
                for name in indications if name not in data.indications]
    problems += [f"{name} is no source that a command can search: expected one of "
                 f"{', '.join(w for w in words if w in sources.MODULES)}"
                 for name in chosen if name not in sources.MODULES or name not in words]
    if since and since > today.isoformat():
        problems.append(f"--since {since} is after today, {today}")
    tasks, passed = [], []
    for indication in data.indications:
        for source in words:
            path = data.folder / FOLDER / f"{indication}.{source}.txt"
            if (source not in sources.MODULES or not path.is_file()
                    or indication not in (indications or data.indications)
                    or source not in (chosen or words)):
                continue
            lacking = net.missing(source)
            if lacking and (net.CONTACT in lacking or source in chosen):
                problems.append(f"{source} is not asked without {' and '.join(lacking)} in the "
                                "environment")
            elif lacking:
                passed.append(f"{source}, {indication}: there is no {' and '.join(lacking)} in "
                              "the environment")
            else:
                task = _task(data, indication, source, path, since, today, problems)
                if task and (done := _done(data, task)):
                    passed.append(f"{source}, {indication}: {done} has been complete to "
                                  f"{task.window_to}")
                elif task:
                    tasks.append(task)
    if not (tasks or passed or problems):
        problems.append(f"there is no strategy to run: expected {data.folder / FOLDER}/"
                        "INDICATION.SOURCE.txt")
    if problems:
        raise PlanError(dict.fromkeys(problems))
    return tasks, tuple(passed)


def _task(data: Dataset, indication: str, source: str, path: Path, since: str | None,
          today: date, problems: list[str]) -> Task | None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        problems.append(f"{path}: byte {error.start} is not UTF-8")
        return None
    strategy = plain(text)
    if strategy and source in SYNTAXES:
        try:
            parsed(text, source)
        except StrategyError as error:
            problems += [f"{path}: {problem}" for problem in error.problems]
    with_seeds = getattr(sources.named(source), "with_seeds", None)
    if with_seeds:  # what it looks for follows from the known studies too
        strategy = text = with_seeds(strategy, data.records("studies", indication))
    if not strategy:
        problems.append(f"{path}: it holds no strategy, only comments")
        return None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Task(source, indication, strategy, digest,
                since or _window_from(data, source, indication, digest), today.isoformat())


def _complete(data: Dataset, source: str, indication: str, digest: str) -> list[Mapping]:
    return [row for row in data.records("searches")
            if (row["source"], row["indication"], row["strategy_sha256"], row["state"])
            == (source, indication, digest, COMPLETE) and row["window_to"]]


def _window_from(data: Dataset, source: str, indication: str, digest: str) -> str | None:
    """Some weeks before what this very strategy has asked for without a gap ends; else None."""
    windows = sorted((row["window_from"] or "", row["window_to"])
                     for row in _complete(data, source, indication, digest))
    if not windows:
        return None
    end = date.fromisoformat(windows[0][1])
    for begin, to in windows[1:]:
        if begin and date.fromisoformat(begin) > end + timedelta(days=1):
            break  # --since has left days out: they are asked for next
        end = max(end, date.fromisoformat(to))
    return (end - OVERLAP).isoformat()


def _done(data: Dataset, task: Task) -> str:
    """The search that has asked for all of a task, to this day."""
    return next((row["search_id"] for row in _complete(
        data, task.source, task.indication, task.strategy_sha256)
        if row["window_to"] >= task.window_to
        and (row["window_from"] or "") <= (task.window_from or task.window_to)
        and (task.window_from or not row["window_from"])), "")


# --- one search ---------------------------------------------------------------------------------


def _searched(task: Task, root: Path, data: Dataset, told: Callable[[str, int], None]
              ) -> Collected:
    """Run a search, or go on with it; what fails is said in its row."""
    raw, about = _begun(task, root, data)
    name = f"{task.source}, {task.indication}"
    try:
        client = net.client(task.source)
        one = _read(raw, about, Stored(raw, client, lambda number: told(name, number)))
    except (SourceError, RawError, *_UNFORESEEN) as error:
        about |= {"state": FAILED, "reason": _reason(error)}
        raw.note(about)
        return _failed(raw, about)
    raw.note({**about, "state": COMPLETE})
    return one


def _begun(task: Task, root: Path, data: Dataset) -> tuple[Raw, dict]:
    """The store of a search: one that was killed goes on, one that failed begins again."""
    states = {row["search_id"]: row["state"] for row in data.records("searches")}
    base = f"{task.source}-{task.indication}-{task.window_to}"
    for number in count(1):
        search_id = base if number == 1 else f"{base}-{number}"
        raw = Raw(root, task.source, search_id)
        wanted = {"search_id": search_id, "date_run": task.window_to, "source": task.source,
                  "platform": sources.named(task.source).PLATFORM, "indication": task.indication,
                  "strategy": task.strategy, "strategy_sha256": task.strategy_sha256,
                  "window_from": task.window_from, "window_to": task.window_to,
                  "tool_version": __version__, "state": RUNNING}
        stored = _about(raw)
        wanted["sequence"] = stored.get("sequence") or _next(root, task.window_to)
        same = {**stored, "state": RUNNING} == wanted and stored["state"] != FAILED
        if states.get(search_id, FAILED) != FAILED or stored.get("state") == COMPLETE and not same:
            continue  # it has been taken in, or is evidence of another search
        if not same:
            if raw.folder.exists():
                shutil.rmtree(raw.folder)
            raw = Raw(root, task.source, search_id)
            raw.note(wanted)
        return raw, wanted
    raise AssertionError  # numbers do not end


def _next(root: Path, day: str) -> int:
    """The place of a search among those of its day, from 1."""
    return 1 + max((raw.about.get("sequence", 0) for raw in rawstore.searches(root)
                    if raw.about.get("date_run") == day), default=0)


def _about(raw: Raw) -> dict:
    try:
        return raw.about
    except RawError:
        return {}  # it was never finished


def _read(raw: Raw, about: Mapping, client: Stored) -> Collected:
    """What a search finds, when it is complete: as many different records as are counted."""
    module = sources.named(about["source"])
    found = module.read(module.fetch(client, about["strategy"], about["window_from"],
                                     about["window_to"]))
    if len({record.source_id for record in found.records}) != found.hits:
        raise SourceError(about["source"], f"it counts {found.hits} records and has sent "
                          f"{len(found.records)}")
    return Collected({**{name: about[name] for name in _KEPT}, "state": COMPLETE,
                      "translation": found.translation or None, "hits": found.hits,
                      "fetched": len(found.records), "raw_sha256": raw.manifest_sha256},
                     found.records)


def _reason(error: Exception) -> str:
    """Why a search failed, in one line."""
    said = getattr(error, "reason", str(error))
    if isinstance(error, _UNFORESEEN):
        said = f"its answer is not understood ({type(error).__name__}: {said})"
    return " ".join(said.split())[:_LONGEST]


def _failed(raw: Raw, about: Mapping) -> Collected:
    return Collected({**{name: about[name] for name in _KEPT}, "state": FAILED,
                      "reason": about["reason"],
                      "raw_sha256": raw.manifest_sha256 if len(raw) else None})


# --- what is stored -----------------------------------------------------------------------------


def _torn(data: Dataset, root: Path) -> Iterable[Collected]:
    """Searches of which a run that was killed wrote the row, but not yet the records."""
    seen = Counter(row["first_seen"] for row in data.records("records"))
    for row in data.records("searches"):
        raw = Raw(root, row["source"], row["search_id"])
        if row["state"] == COMPLETE and row["new"] != seen[row["search_id"]] and raw.about:
            try:
                yield _read(raw, raw.about, Stored(raw))
            except SourceError as error:
                raise RawError(f"{raw.folder}: {error.reason}") from None


def _replayed(data: Dataset, root: Path, indications: Sequence[str], chosen: Sequence[str],
              told: Callable[[str, int], None]) -> list[Collected]:
    """The searches of a store that the tables do not have."""
    stored = [raw for raw in rawstore.searches(root) if "strategy" in raw.about]
    wanted = [raw for raw in stored if raw.source in (chosen or sources.MODULES)
              and raw.about["indication"] in (indications or data.indications)]
    if not wanted:
        raise PlanError([f"{root} holds no stored search of what is asked for"])
    there = {_identity(row) for row in data.records("searches") if row["state"] == COMPLETE}
    rows = {row["search_id"]: row for row in data.records("searches")}
    found = []
    for raw in wanted:
        one = _from_store(raw, told)
        before = rows.get(raw.search_id)
        if one.search["state"] == COMPLETE:
            if before and before["state"] != FAILED and _identity(before) != _identity(one.search):
                raise PlanError([f"{raw.search_id} is in searches.csv with other answers than in "
                                 f"{raw.folder}"])
            if _identity(one.search) in there:
                continue
            there.add(_identity(one.search))
        elif before and before["state"] == COMPLETE:
            continue
        found.append(one)
    return found


def _from_store(raw: Raw, told: Callable[[str, int], None]) -> Collected:
    about = raw.about
    if about.get("state") == FAILED:
        return _failed(raw, about)
    name = f"{about['source']}, {about['indication']}"
    try:
        return _read(raw, about, Stored(raw, told=lambda number: told(name, number)))
    except (SourceError, RawError, *_UNFORESEEN) as error:
        return _failed(raw, {**about, "reason": _reason(error)})


def _identity(row: Mapping) -> tuple:
    """By what two searches are one: asked the same, answered the same."""
    return tuple(row[name] for name in _SAME)
