"""A data folder as typed, immutable tables, with every problem that is in it."""

from __future__ import annotations

import gc
import os
import pickle
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from types import MappingProxyType

import pandas as pd

from . import reads, tables
from .declaring import IDENTIFIER
from .own_names import NONE, OwnNames, wrong
from .problems import SHOWN, DataError, Problem, shortened
from .project import default_folder
from .reading import (
    Raw,
    column_problems,
    foreign_problems,
    form_problems,
    key_problems,
    no_rows,
    read_raw,
    split,
    typed,
)
from .recorded import NAME, Recorded
from .store import Store
from .tables import Table
from .values import TYPE_OK
from .versions import MARK

# How a review calls what it is about, where its vocabularies have no list `wording`.
GENERIC = {
    "intervention": "the treatment", "products": "the treatments of this review",
    "product": "Treatment", "source": "Source", "provider": "Provider", "dose": "dose",
    "amount": "dose", "dose-unit": "units", "per-dose": "Dose", "given": "Treatment",
    "nothing-given": "Not the treatment of this review", "other": "something else",
    "mediator": "Acts through", "source-group": "Source", "preparation": "Kind of treatment",
    "parts": "parts of a patient", "surrogates": "measurements that no patient feels",
}
DOUBTFUL = "doubtful"  # the quality of a value that is in robustness only
_WARNINGS, VERSION, DATE = "warnings", "version", "date"  # names of reads that are no file
_ANY = "|"  # between columns of a part of a file
_SHORT = 8  # characters of a digest that people read
_PIECE = "data"  # name of a folder that was read, in the store of a build


@dataclass(frozen=True)
class Dataset:
    """A data folder: typed tables that nothing changes.

    Attributes
    ----------
    indications : tuple of str
        In the order of the vocabulary.
    problems : tuple of Problem
        Warnings, and errors where the folder was read for checking only.
    digests : mapping of str to str
        SHA-256 of every file that was read.
    partial : frozenset of str
        Paths of files of which a column or a row could not be read.
    recorded : Recorded
        What the folder's data package says of its files.
    names : OwnNames
        What the review's files call columns and words; here they have the package's names.
    headers : mapping of str to mapping of str to str
        By path what a file calls columns, where that is something else.
    """

    folder: Path
    indications: tuple[str, ...]
    frames: MappingProxyType
    problems: tuple[Problem, ...]
    digests: MappingProxyType
    partial: frozenset[str] = frozenset()
    recorded: Recorded = Recorded()
    names: OwnNames = NONE
    headers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __reduce__(self):
        return _unpickled, (self.folder, self.indications, dict(self.frames), self.problems,
                            dict(self.digests), self.partial, self.recorded, self.names,
                            dict(self.headers))

    def _note(self, read: str) -> None:
        """Record that a part of the data was read, and what says how it is read."""
        reads.note(read)
        if self.names.pairs:
            reads.note(tables.OWN_NAMES.path())

    def frame(self, name: str, indication: str = "") -> pd.DataFrame:
        """A copy of a table; the index is the line of the file."""
        table = tables.BY_NAME[name]
        path = table.path(indication)
        self._note(path)
        return self.frames[path].copy() if path in self.frames else no_rows(table)

    def knows(self, name: str, indication: str = "") -> bool:
        """Whether a table was read in full, so that what it does not list is not there."""
        path = tables.BY_NAME[name].path(indication)
        return path in self.frames and path not in self.partial

    def records(self, name: str, indication: str = "") -> tuple[MappingProxyType, ...]:
        """Rows of a table as read-only mappings.

        Empty cells and numbers that are not there are None, cells with several values are tuples,
        and ``row`` is the line of the file.
        """
        table = tables.BY_NAME[name]
        path = table.path(indication)
        self._note(path)
        if path not in self._cache:
            self._cache[path] = _records_of(table, self.frames.get(path))
        return self._cache[path]

    @cached_property
    def _cache(self) -> dict:
        return {}

    def values(self, name: str, indication: str) -> tuple[Mapping, ...]:
        """Rows of a table of results, with the quality that the kind of their source leaves them.

        A value from a source of `tables.DOUBTFUL_SOURCES` is doubtful, whatever its row says;
        ``doubt`` is then what is said of it.
        """
        key, kinds = f"{tables.BY_NAME[name].path(indication)}?values", tables.DOUBTFUL_SOURCES
        rows = self.records(name, indication)
        doubted = {s["source_id"]: kinds[s["kind"]] for s in self.records("sources", indication)
                   if s["kind"] in kinds}
        if key not in self._cache:
            self._cache[key] = tuple(
                row if row["source_id"] not in doubted else MappingProxyType(
                    {**row, "quality": DOUBTFUL, "doubt": doubted[row["source_id"]]})
                for row in rows)
        return self._cache[key]

    def having(self, name: str, column: str, value: str, indication: str = ""
               ) -> tuple[MappingProxyType, ...]:
        """Rows of a table in which a column is a value, holds it, or is a path below it.

        What asks so depends on these rows alone, not on the rest of the table.
        """
        path = tables.BY_NAME[name].path(indication)
        self._note(f"{path}?{column}={value}")
        if (path, column) not in self._by_value:
            with reads.unnoted():
                rows = self.records(name, indication)
            found = self._by_value[path, column] = defaultdict(list)
            for row in rows:
                cell = row[column] or ""
                for one in cell if isinstance(cell, tuple) else (cell.split("/")[0],):
                    found[one].append(row)
        return tuple(self._by_value[path, column].get(value, ()))

    @cached_property
    def _by_value(self) -> dict[tuple[str, str], dict[str, list]]:
        return {}

    def arms_with(self, name: str, columns: Sequence[str], indication: str
                  ) -> frozenset[tuple[str, str]]:
        """(study, arm) of which a row of a table holds something in one of some columns.

        What asks so depends on which arms these are, not on what the rows hold.
        """
        path = tables.BY_NAME[name].path(indication)
        self._note(f"{path}?{_ANY.join(columns)}")
        with reads.unnoted():
            rows = self.records(name, indication)
        return frozenset((row["study_id"], row["arm_id"]) for row in rows
                         if any(row[column] is not None for column in columns))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that do not stop a build."""
        reads.note(_WARNINGS)
        return tuple(p for p in self.problems if p.level == "warning")

    def warnings_in(self, indication: str) -> tuple[Problem, ...]:
        """The warnings on the tables of one indication."""
        reads.note(f"{_WARNINGS}?{indication}")
        return tuple(self._warnings.get(indication, ()))

    @cached_property
    def _warnings(self) -> dict[str, list[Problem]]:
        found = defaultdict(list)
        for problem in self.problems:
            if problem.level == "warning":
                found[problem.file.split("/")[0]].append(problem)
        return dict(found)

    @property
    def date(self) -> str:
        """Date of the last line of the data changelog."""
        reads.note(DATE)
        with reads.unnoted():
            dates = [r["date"] for r in self.records("changelog") if r["date"]]
        return max(dates, default="")

    @cached_property
    def changed(self) -> tuple[str, ...]:
        """Files that are not what the data package of the folder records of them."""
        return self.recorded.differing(self.digests)

    @property
    def version(self) -> str:
        """The date, and where files have changed since they were described, what tells the state.

        Nothing but what the files hold decides: any edit gives another version.
        """
        reads.note(VERSION)
        state = reads.digest(f"{path} {self.digests.get(path, '')}" for path in self.changed)
        return f"{self.date}{MARK}{state[:_SHORT]}" if self.changed else self.date

    def fingerprint(self, read: str) -> str:
        """Digest of what a name of `reads` stands for, in these data and this package.

        Parameters
        ----------
        read : str
            A file, a part of one (``analyses.csv?indication=…``), the results of an indication
            in the store, the warnings, the version of the data or their date, the published
            versions, which of them is built, or a module of the package.

        Returns
        -------
        str
            Empty for what is not there; of results that are not, another one each time.
        """
        path, _, part = read.partition("?")
        with reads.unnoted():
            if read.startswith(reads.MODULE):
                return reads.module_digest(read)
            if read == reads.RELEASE:
                return reads.releases_digest()
            if read == reads.IDENTITY:
                return reads.identity()
            if read in (VERSION, DATE):
                return getattr(self, read)
            if path == _WARNINGS:
                return reads.digest(self.warnings_in(part) if part else self.warnings)
            if not part:
                return self.digests.get(path, "")
            if read not in self._parts:
                of = self._digest_of_results(part) if path == reads.RESULTS else (
                    self._digest_of_part(path, part))
                if not of:  # nothing is known of them: they are not the same as any
                    return token_hex()
                self._parts[read] = of
            return self._parts[read]

    @cached_property
    def _parts(self) -> dict[str, str]:
        """Digests of parts of files, and of results, that were asked for."""
        return {}

    def _digest_of_part(self, path: str, part: str) -> str:
        column, equal, value = part.partition("=")
        indication = path.split("/")[0] if tables.BY_NAME[Path(path).stem].folder == (
            "indication") else ""
        if not equal:
            return reads.digest(sorted(self.arms_with(
                Path(path).stem, part.split(_ANY), indication)))
        rows = self.having(Path(path).stem, column, value, indication)
        # the line of a row is nothing that a reader of the rows sees
        return reads.digest([(k, v) for k, v in r.items() if k != "row"] for r in rows)

    def _digest_of_results(self, indication: str) -> str:
        """What results in the store begin with (see `review.whole`)."""
        store = store_of(self.folder)
        content = store and store.find(f"{reads.RESULTS}/{indication}", reads.libraries(),
                                       self.fingerprint)
        return content[:reads.LENGTH].decode() if content else ""

    def words(self, name: str) -> MappingProxyType:
        """The rows of one vocabulary by value."""
        reads.note(tables.VOCABULARIES.path())  # each time: the lists are made only once
        return MappingProxyType(self._lists.get(name, {}))

    @cached_property
    def _lists(self) -> dict[str, dict[str, MappingProxyType]]:
        lists = defaultdict(dict)
        for record in self.records("vocabularies"):
            lists[record["list"]][record["value"]] = record
        return dict(lists)

    def label(self, vocabulary: str, value: str | None, language: str = "en") -> str:
        """Label of a word; the word itself where the vocabulary does not have it."""
        word = self.words(vocabulary).get(value or "")
        return word[f"label_{language}"] if word else (value or "")

    def wording(self, key: str) -> str:
        """What the review calls a thing of its field, such as its intervention."""
        word = self.words("wording").get(key)
        return word["label_en"] if word else GENERIC[key]

    def kind(self, vocabulary: str, value: str | None) -> str:
        """Kind of a word, empty where it has none."""
        word = self.words(vocabulary).get(value or "")
        return (word["kind"] or "") if word else ""


def _unpickled(folder: Path, indications, frames, problems, digests, *more) -> Dataset:
    return Dataset(folder, indications, MappingProxyType(frames), problems,
                   MappingProxyType(digests), *more)


def _records_of(table: Table, frame: pd.DataFrame | None) -> tuple[MappingProxyType, ...]:
    if frame is None:
        return ()
    many = {c.name for c in table.columns if c.many}
    whole = {c.name for c in table.columns if c.type == "integer"}
    columns: list[list] = [frame.index.tolist()]
    for name in table.names:
        cells = frame[name].tolist()
        if name in many:
            columns.append([tuple(p for p in split(cell, True) if p) for cell in cells])
        elif name in whole:
            columns.append([None if cell != cell else int(cell) for cell in cells])
        else:
            columns.append([None if cell == "" or cell != cell else cell for cell in cells])
    names = ("row", *table.names)
    return tuple(MappingProxyType(dict(zip(names, cells, strict=True)))
                 for cells in zip(*columns, strict=True))


def store_of(folder: Path) -> Store | None:
    """The store of the build whose data these are.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Store or None
        None for any other data: they would take the place of the build's own.
    """
    own = os.path.realpath(folder) == os.path.realpath(default_folder())
    return Store.chosen() if own else None


def _list_problems(raw: Raw, raws: Mapping[str, Raw]) -> list[Problem]:
    """Lists of which the vocabulary has no word, though a table with rows uses them."""
    if not raw.whole or raw.absent:
        return []  # nobody can say which words are there
    wanted = {c.vocabulary for used in raws.values() if used.rows
              for c in used.table.columns if c.vocabulary}
    missing = sorted({"indication", *wanted} - set(raw.texts["list"]))
    if not raw.rows:
        missing = ["all lists"]
    return [Problem(raw.path, 1, "list", raw.names.own.list(name), "no row has a word of this list",
                    "one row per allowed word", rule="list") for name in missing]


def _vocabulary(raw: Raw | None) -> dict[str, set[str]]:
    """The allowed words of each list; none where the vocabulary itself is broken.

    Otherwise every cell that holds a word would be an error, for one broken row of one file.
    """
    if raw is None or not raw.whole or {"list", "value"} & raw.absent:
        return {}
    words: dict[str, set[str]] = {}
    for name, value in zip(raw.cells("list"), raw.cells("value"), strict=True):
        words.setdefault(name, set()).add(value)
    return words


def _indications(folder: Path, vocabulary: Raw | None, problems: list[Problem]) -> list[str]:
    """The folders of the vocabulary; where it is broken, those that hold studies."""
    holding = sorted(path.parent.name for path in folder.glob("*/studies.csv"))
    words = _vocabulary(vocabulary)
    if "indication" not in words:
        return holding
    listed = []
    for row, name, value in zip(vocabulary.rows, vocabulary.cells("list"),
                                vocabulary.cells("value"), strict=True):
        if name != "indication":
            continue
        if not re.fullmatch(IDENTIFIER, value):  # it names a folder
            problems.append(Problem(vocabulary.path, int(row), "value", value, "not an identifier",
                                    TYPE_OK["identifier"][2], rule="type"))
        elif value not in listed:
            listed.append(value)
    problems += [Problem(f"{name}/studies.csv", 1, "", name,
                         "this folder is not an indication, so that nothing reads it",
                         "a row in vocabularies.csv for it", "warning", "folder-not-listed")
                 for name in holding if name not in words["indication"]]
    return listed


def _own_names(raw: Raw | None, problems: list[Problem]) -> OwnNames:
    """What the review calls things; rows with an error say nothing."""
    if raw is None or raw.absent:
        return NONE
    pairs = tuple(zip(*map(raw.cells, tables.OWN_NAMES.names), strict=True))
    bad = {i: more for i, *more in wrong(pairs, tables.BY_NAME)}
    problems += [Problem(raw.path, raw.rows[i], column, raw.cell(column, i), *said,
                         rule="own-name") for i, (column, *said) in bad.items()]
    return OwnNames(tuple(pair for i, pair in enumerate(pairs) if i not in bad))


def _read_all(folder: Path, problems: list[Problem]) -> tuple[dict[str, Raw], list[str]]:
    """Every file as text, and the indications of the vocabulary."""
    called = read_raw(folder, tables.OWN_NAMES, tables.OWN_NAMES.path(), problems)
    names = _own_names(called, problems)
    vocabulary = read_raw(folder, tables.VOCABULARIES, tables.VOCABULARIES.path(), problems, names)
    indications = _indications(folder, vocabulary, problems)
    raws = {raw.path: raw for raw in (vocabulary, called) if raw is not None}
    missing = defaultdict(list)  # of a folder that is not there, one problem is enough
    for table in tables.TABLES:
        for indication in indications if table.folder == "indication" else [""]:
            path = table.path(indication)
            parent = path.rpartition("/")[0]
            if table in (tables.VOCABULARIES, tables.OWN_NAMES):
                continue
            if parent and not os.path.isdir(folder / parent):
                missing[parent].append(table.name)
                continue
            raw = read_raw(folder, table, path, problems, names)
            if raw is not None:
                raws[path] = raw
    if vocabulary is not None:
        problems += _list_problems(vocabulary, raws)
    for parent, names in missing.items():
        problems.append(Problem(parent, 1, "", "", "the folder is missing",
                                f"a folder with the files {'.csv, '.join(names)}.csv"))
    return raws, [i for i in indications if i not in missing]


def state(folder: Path) -> str:
    """Digest of what reading a folder depends on.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str
        SHA-256 of where it is, its files, the package, and the versions of what reads them.
    """
    parts: list[object] = [os.path.realpath(folder), sys.version, pd.__version__]
    for base, pattern in ((folder, "*.csv"), (folder, NAME), (reads.PACKAGE / "data", "*.py")):
        for path in sorted(base.rglob(pattern)):
            parts += [path.relative_to(base).as_posix(), _content(path)]
    return reads.digest(parts)


def _content(path: Path) -> bytes:
    """What a file holds, or why that cannot be read: the reading itself says so."""
    try:
        return path.read_bytes() if path.is_file() else b""  # a pipe would be waited for
    except OSError as error:
        return str(error).encode()


def _kept(folder: Path, store: Store) -> Dataset:
    """The folder as a process of the same build has read it, else as it is read now."""
    base = state(folder)
    content = store.find(_PIECE, base, str)
    if content:
        return replace(pickle.loads(content), folder=folder)
    dataset = _examined(folder)
    if not any(p.level == "error" for p in dataset.problems) and state(folder) == base:
        store.keep(_PIECE, base, {}, pickle.dumps(dataset))
    return dataset


def examine(folder: Path | str | None = None, every_warning: bool = False) -> Dataset:
    """Read a data folder and find every problem in it, without raising.

    Within a build that is done once: its other processes take what the first one has read.

    Parameters
    ----------
    folder : path, optional
        The project's own data where it is left out.
    every_warning : bool, optional
        List each warning, however many of one kind there are.

    Returns
    -------
    Dataset
        With every error and warning in `problems`.
    """
    folder = Path(folder) if folder is not None else default_folder()
    if not os.path.isdir(folder):
        problem = Problem(str(folder), 1, "", "", "there is no such data folder",
                          "a folder with vocabularies.csv and the tables of the codebook")
        return Dataset(folder, (), MappingProxyType({}), (problem,), MappingProxyType({}))
    with _without_collector(), reads.unnoted():
        if every_warning:
            return _examined(folder, sys.maxsize)
        store = store_of(folder)
        return _kept(folder, store) if store else _examined(folder)


@contextmanager
def _without_collector():
    """No search for cycles: there are none in the records, and it takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _examined(folder: Path, shown: int = SHOWN) -> Dataset:
    """The tables of a folder that is there, with every problem, and so many warnings of a kind."""
    from . import checks  # the rules need the dataset they look at

    problems: list[Problem] = []
    raws, indications = _read_all(folder, problems)
    words = _vocabulary(raws.get("vocabularies.csv"))
    frames, less_sure = {}, []
    for path, raw in raws.items():
        indication = path.split("/")[0] if raw.table.folder == "indication" else ""
        if raw.rows:
            problems += column_problems(raw, words) + key_problems(raw)
            problems += foreign_problems(raw, raws, indication)
            less_sure += form_problems(raw, shown)
        if words or raw.table is not tables.VOCABULARIES:
            frames[path] = typed(raw, words)
    dataset = Dataset(
        folder, tuple(indications), MappingProxyType(frames), (),
        MappingProxyType({path: raw.digest for path, raw in raws.items()}),
        frozenset(path for path, raw in raws.items() if not raw.whole or raw.absent),
        Recorded.of(folder), next((raw.names for raw in raws.values() if raw.names.pairs), NONE),
        {path: raw.header for path, raw in raws.items() if raw.header})
    less_sure += checks.run(dataset)
    problems += _not_said_before(less_sure, problems, raws)
    problems = [raws[p.file].as_written(p) if p.file in raws else p for p in problems]
    return replace(dataset, problems=tuple(shortened(problems, shown)))


def _not_said_before(new: list[Problem], old: list[Problem], raws: dict[str, Raw]) -> list[Problem]:
    """Problems at other places than those of `old`: a wrong cell is not also a missing one."""
    cells = {(p.file, p.row, p.column) for p in old if p.column}
    columns = {(p.file, p.column) for p in old if p.more}  # whose wrong cells are not all listed
    columns |= {(path, name) for path, raw in raws.items() for name in raw.absent}
    return [p for p in new if (p.file, p.row, p.column) not in cells
            and (p.value or (p.file, p.column) not in columns)]


def load(folder: Path | str | None = None) -> Dataset:
    """Read a data folder that has no errors.

    Raises
    ------
    DataError
        With every error, when there is one.
    """
    dataset = examine(folder)
    errors = [p for p in dataset.problems if p.level == "error"]
    if errors:
        raise DataError(errors)
    return dataset
