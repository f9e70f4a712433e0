"""Rows from outside beside those of a data folder: what differs, whether it is right, and in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from ..dataset import Dataset
from ..reading import Problem
from ..tables import ARMS, CHANGELOG, STUDIES
from .files import CsvFile, examined_with, put, same
from .incoming import IntakeError, Row


@dataclass(frozen=True)
class Different:
    """A row that the folder has with other values: never overwritten."""

    row: Row
    path: str
    line: int
    cells: tuple[tuple[str, str, str], ...]  # column, there, incoming


@dataclass
class Joined:
    """What an import would do.

    Attributes
    ----------
    folder : Path
    added : dict of str to list of Row
        By path of the file.
    equal : Counter
        Rows that are there already, by path.
    different : list of Different
    files : dict of str to bytes
        What each changed file would hold, the changelog included.
    problems : list of Problem
        Errors and warnings that the rows bring, at the places of the reader's file.
    """

    folder: Path
    added: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    equal: Counter = field(default_factory=Counter)
    different: list[Different] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def errors(self) -> list[Problem]:
        """What stops the import."""
        return [p for p in self.problems if p.level == "error"]

    def difference(self) -> list[str]:
        """The difference in lines: counts of each file, new rows, and values side by side."""
        lines = []
        for path in dict.fromkeys([*self.added, *self.equal, *(d.path for d in self.different)]):
            lines.append(f"{path}: {len(self.added.get(path, ()))} new, {self.equal[path]} equal, "
                         f"{sum(d.path == path for d in self.different)} different")
            lines += [f"  + {_key_words(row)} ({row.place})" for row in self.added.get(path, ())]
            for found in self.different:
                if found.path == path:
                    lines.append(f"  ! {_key_words(found.row)} ({found.row.place}; here "
                                 f"{path}:{found.line})")
                    lines += [f"      {column}: here {there or '(empty)'}, there "
                              f"{new or '(empty)'}" for column, there, new in found.cells]
        return lines

    def write(self) -> None:
        """Put every changed file in its place: all of them, or after an error none.

        Should the machine stop between two of them, the same import adds what is missing: rows
        that are there already are not added again.
        """
        put(self.folder, self.files)


def _key_words(row: Row) -> str:
    """A row's key for people."""
    key = row.table.key or tuple(c.name for c in row.table.columns if c.required)
    return " | ".join(row.values.get(name) or "(empty)" for name in key)


def join(data: Dataset, rows: list[Row], indication: str, origin: str,
         today: date | None = None) -> Joined:
    """Compare rows with a data folder, and validate the two together in a copy.

    Parameters
    ----------
    data : Dataset
        Without errors.
    rows : list of Row
    indication : str
        Where they belong.
    origin : str
        Name of the file they come from, for the changelog.
    today : date, optional
        Day of the line in the changelog.

    Returns
    -------
    Joined
        `files` is empty where there is nothing to add, or something is different or wrong.

    Raises
    ------
    IntakeError
        When the indication is none of the folder.
    """
    if indication not in data.indications:
        raise IntakeError([f"{indication or '(none)'} is no indication of {data.folder}: expected "
                           f"one of {', '.join(data.indications)} (--indication)"], 2)
    joined = Joined(data.folder)
    places = _compared(joined, data.folder, rows, indication)
    if joined.added:
        _log(joined, origin, (today or date.today()).isoformat())
        joined.problems = [*_validated(joined, data, places), *_known(joined, data, indication)]
    if joined.different or joined.errors:
        joined.files = {}
    return joined


def _compared(joined: Joined, folder: Path, rows: list[Row], indication: str
              ) -> dict[tuple[str, int], Row]:
    """Sort rows into new, equal and different; the rows by file and line where they would be."""
    by_table, places = defaultdict(list), {}
    for row in rows:
        by_table[row.table].append(row)
    for table, some in by_table.items():
        path = table.path(indication)
        if not (folder / path).is_file():
            raise IntakeError([f"{folder / path}: the file is missing: make it with the header "
                               f"{','.join(table.names)}"])
        file, new, seen = CsvFile(folder, path, table), [], {}
        for row in some:
            key = file.key_of(row.values)
            line, there = file.known.get(key, (0, None))
            if there is None and (first := seen.get(key)) is not None:
                if first.cells() == row.cells() or row.made:
                    continue  # one row that the file holds twice
                there = None
            if there is None:
                seen.setdefault(key, row)
                new.append(row)
                continue
            cells = () if row.made else tuple(
                (name, there.get(name, ""), row.values.get(name, "")) for name in table.names
                if same(table, name, there.get(name, ""))
                != same(table, name, row.values.get(name, "")))
            if cells:
                joined.different.append(Different(row, path, line, cells))
            else:
                joined.equal[path] += 1
        if new:
            joined.added[path] = new
            joined.files[path], lines = file.appended([dict(r.values) for r in new])
            places |= {(path, line): row for line, row in zip(lines, new, strict=True)}
    return places


def _log(joined: Joined, origin: str, day: str) -> None:
    """A dated line of the changelog for each file that gets rows."""
    path = CHANGELOG.path()
    rows = [{"date": day, "file": changed, "new": f"{len(rows)} row{'s' * (len(rows) > 1)}",
             "reason": f"imported from {origin}"} for changed, rows in joined.added.items()]
    joined.files[path] = CsvFile(joined.folder, path, CHANGELOG).appended(rows)[0]


def _validated(joined: Joined, data: Dataset, places: dict[tuple[str, int], Row]
               ) -> list[Problem]:
    """The problems of the folder with the new rows that it does not have without them."""
    found = examined_with(data, joined.files).problems
    known = set(data.problems)
    out = []
    for problem in found:
        row = places.get((problem.file, problem.row))
        if row is not None:
            problem = replace(
                problem, file=row.place, column=row.names.get(problem.column, problem.column),
                wrong=_other_rows(problem.wrong, problem.file, places))
        elif problem in known or problem.level != "error":
            continue  # not news of these rows
        out.append(problem)
    return out


def _other_rows(text: str, path: str, places: dict[tuple[str, int], Row]) -> str:
    """The other rows that a problem speaks of, each by where the reader finds it."""
    def place(found: re.Match) -> str:
        row = places.get((path, int(found[1])))
        return row.place if row else f"{path}:{found[1]}"

    return re.sub(r"\brow (\d+)", place, text)


def _known(joined: Joined, data: Dataset, indication: str) -> list[Problem]:
    """New studies and arms that may be those that the folder has under another name."""
    arms, out = defaultdict(list), []
    for arm in data.records("arms", indication):
        arms[arm["study_id"]].append(arm["arm_id"])
    alike = {_letters(s["study_id"]): s["study_id"] for s in data.records("studies", indication)}
    for row in joined.added.get(STUDIES.path(indication), ()):
        study = row.values.get("study_id", "")
        if there := alike.get(_letters(study)):
            out.append(Problem(row.place, 0, "study_id", study, f"may be {there}, which is known",
                               "another study", "warning", "known"))
    more = defaultdict(list)
    for row in joined.added.get(ARMS.path(indication), ()):
        if row.made and row.values["study_id"] in arms:
            more[row.values["study_id"]].append(row)
    for study, rows in more.items():
        out.append(Problem(rows[0].place, 0, "arm_id", ", ".join(
            row.values["arm_id"] for row in rows), f"{study} is known with the arms "
            f"{', '.join(arms[study])}: its patients may stand here twice",
            "these arms, which a line of the list can name for this study alone (only_study)",
            "warning", "known"))
    return out


def _letters(study_id: str) -> str:
    return study_id.replace("-", "")


def said(problem: Problem, places: set[str]) -> str:
    """A problem in a line; a row from outside is named by its place, which holds its number."""
    if problem.file not in places:
        return str(problem)
    return str(problem).replace(f"{problem.file}:{problem.row}:", f"{problem.file}, column ", 1)
