"""Rows from outside beside those of a data folder: what differs, whether it is right, and in."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from ..data.dataset import Dataset
from ..data.own_names import OwnNames
from ..data.problems import Problem
from ..data.tables import ARMS, BY_NAME, CHANGELOG, CORRECTIONS, STUDIES, VOCABULARIES, Table
from . import corrections, words
from .corrections import Applied, Correction
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
    names : OwnNames
        What its files call columns and words; rows have the package's names.
    added : dict of str to list of Row
        By path of the file.
    equal : Counter
        Rows that are there already, by path.
    different : list of Different
    corrected : dict of str to list of Correction
        Corrections that change a known row, or a row that is added, by path of the file.
    done : Counter
        Corrections that are there already, by path.
    unexplained : bool
        Whether the changelog would get a line without a reason.
    remarks : dict of tuple to str
        What is said of an added row, by its cells.
    files : dict of str to bytes
        What each changed file would hold, the changelog included.
    problems : list of Problem
        Errors and warnings that the rows bring, at the places of the reader's file.
    touched : list of str
        Indications whose results may change.
    after : Dataset or None
        The data as they would be.
    """

    folder: Path
    names: OwnNames
    added: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    equal: Counter = field(default_factory=Counter)
    different: list[Different] = field(default_factory=list)
    corrected: dict[str, list[Correction]] = field(default_factory=lambda: defaultdict(list))
    done: Counter = field(default_factory=Counter)
    unexplained: bool = False
    remarks: dict[tuple, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    after: Dataset | None = None

    @property
    def errors(self) -> list[Problem]:
        """What stops the import."""
        return [p for p in self.problems if p.level == "error"]

    def difference(self) -> list[str]:
        """The difference in lines: counts of each file, new rows, and values side by side."""
        lines = []
        for path in dict.fromkeys([*self.added, *self.equal, *(d.path for d in self.different),
                                   *self.corrected, *self.done]):
            added = self.added.get(path, ())
            changed = [c for c in self.corrected.get(path, ()) if not c.adds]
            lines.append(f"{path}: {len(added)} new, {self.equal[path]} equal, "
                         f"{sum(d.path == path for d in self.different)} different"
                         + (f"; {len(changed)} corrected, {self.done[path]} corrected before"
                            if changed or self.done[path] else ""))
            for row in added:
                remark = self.remarks.get(row.cells(), "")
                lines.append(f"  + {_key_words(row)} ({row.place}){remark and f': {remark}'}")
            lines += [f"  ~ {c.row.values['key']}, {c['column']}: {_stated(c['old'])} → "
                      f"{_stated(c['new'])} ({c.row.place})" for c in changed]
            for found in self.different:
                if found.path == path:
                    lines.append(f"  ! {_key_words(found.row)} ({found.row.place}; here "
                                 f"{path}:{found.line})")
                    lines += [f"      {column}: here {_stated(there)}, there {_stated(new)}"
                              for column, there, new in found.cells]
        return lines

    def counted(self) -> str:
        """How many rows are added and cells corrected."""
        counts = {"row": sum(map(len, self.added.values())),
                  "correction": sum(not c.adds for some in self.corrected.values()
                                    for c in some)}
        return " and ".join(f"{n} {what}{'s' * (n > 1)}" for what, n in counts.items() if n)

    def write(self) -> None:
        """Put every changed file in its place: all of them, or after an error none.

        Should the machine stop between two of them, the same import adds what is missing: rows
        that are there already are not added again.
        """
        put(self.folder, self.files)


def _stated(text: str) -> str:
    return text or "(empty)"


def _key_words(row: Row) -> str:
    """A row's key for people."""
    key = row.table.key or tuple(c.name for c in row.table.columns if c.required)
    return " | ".join(row.values.get(name) or "(empty)" for name in key)


def join(data: Dataset, rows: list[Row], indication: str, origin: str,
         today: date | None = None, reason: str = "") -> Joined:
    """Compare rows with a data folder, and validate the two together in a copy.

    Parameters
    ----------
    data : Dataset
        Without errors.
    rows : list of Row
        Corrections among them are applied to the others and to the rows of the folder.
    indication : str
        Where they belong.
    origin : str
        Name of the file they come from, for the changelog.
    today : date, optional
        Day of the line in the changelog.
    reason : str, optional
        Why, for each line of the changelog.

    Returns
    -------
    Joined
        `files` is empty where there is nothing to add, or something is different or wrong.

    Raises
    ------
    IntakeError
        When the indication is none of the folder.
    """
    belongs = [row for row in rows if row.table.folder == "indication"
               or row.table is CORRECTIONS]
    if belongs and indication not in data.indications:
        raise IntakeError([f"{indication or '(none)'} is no indication of {data.folder}: expected "
                           f"one of {', '.join(data.indications)} (--indication)"], 2)
    joined = Joined(data.folder, data.names)
    rows = [row if row.table is CORRECTIONS else
            replace(row, values=data.names.package.row(row.table, row.values)) for row in rows]
    applied = _corrected(joined, data, rows, indication, reason)
    proposed = words.proposed(data, [*applied.rows, *_in_cells(applied)])
    joined.remarks = {row.cells(): words.remark(data, row) for row in proposed} | {
        row.cells(): row.stated(data.names) for row in applied.rows if row.is_correction}
    joined.problems += words.closed(applied.rows)
    places = _compared(joined, [*applied.rows, *proposed], indication, applied.files)
    _sort_corrections(joined, applied)
    if joined.added or joined.corrected:
        _log(joined, origin, (today or date.today()).isoformat(), reason)
        joined.touched = _touched(joined, data, indication, applied)
        joined.after = replace(examined_with(data, joined.files), folder=data.folder)
        joined.problems += [*_validated(joined, data, places, applied),
                            *_known(joined, data, indication)]
    if joined.different or joined.errors:
        joined.files = {}
    return joined


def _file(joined: Joined, table: Table, path: str) -> CsvFile:
    """A file of the folder.

    Raises
    ------
    IntakeError
        When it is missing.
    """
    if not (joined.folder / path).is_file() and not table.optional:
        raise IntakeError([f"{joined.folder / path}: the file is missing: make it with the header "
                           f"{','.join(joined.names.own.header(table, table.names))}"])
    return CsvFile(joined.folder, path, table, joined.names)


def _corrected(joined: Joined, data: Dataset, rows: list[Row], indication: str, reason: str
               ) -> Applied:
    """The rows that come in and the files of the folder, with the corrections applied."""
    incoming = [row for row in rows if row.table is not CORRECTIONS]
    sources = {s["source_id"] for s in data.records("sources", indication)} if (
        len(incoming) < len(rows)) else set()
    sources |= {r.values.get("source_id", "") for r in incoming if r.table.name == "sources"}
    found = []
    for row in rows:
        if row.table is CORRECTIONS:
            correction, problems = corrections.understood(row, indication, sources - {""}, reason,
                                                          data.names)
            joined.problems += problems
            found += [correction] if correction else []
    applied = corrections.apply(incoming, found,
                                lambda table, path: _file(joined, table, path), data.names)
    joined.problems += applied.problems
    return applied


def _in_cells(applied: Applied) -> list[Row]:
    """The new cells of known rows, each as a row that has nothing else."""
    return [Row(c.table, {c.column: c.new}, c.row.place)
            for some in applied.cells.values() for c in some]


def _compared(joined: Joined, rows: list[Row], indication: str, corrected: dict[str, CsvFile]
              ) -> dict[tuple[str, int], Row]:
    """Sort rows into new, equal and different; the rows by file and line where they would be."""
    by_table, places = defaultdict(list), {}
    for row in rows:
        by_table[row.table].append(row)
    for table, some in by_table.items():
        path = table.path(indication)
        file = corrected.get(path) or _file(joined, table, path)
        new, seen = [], {}
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
                here, coming = (joined.names.own.row(table, values) for values in (
                    {name: text for name, text, _ in cells},
                    {name: text for name, _, text in cells}))
                joined.different.append(Different(row, path, line, tuple(
                    (name, text, coming[name]) for name, text in here.items())))
            else:
                joined.equal[path] += 1
        if new:
            joined.added[path] = new
            joined.files[path], lines = file.appended([dict(r.values) for r in new])
            places |= {(path, line): row for line, row in zip(lines, new, strict=True)}
    return places


def _sort_corrections(joined: Joined, applied: Applied) -> None:
    """Which corrections change something, and which are there already."""
    changing = {id(c.row) for some in applied.cells.values() for c in some}
    changing |= {id(c) for rows in joined.added.values() for row in rows for c in row.corrections}
    for correction in applied.all:
        if id(correction.row) in changing:
            joined.corrected[correction.path].append(correction)
        else:
            joined.done[correction.path] += 1
    for path, _ in applied.cells:
        joined.files.setdefault(path, applied.files[path].content)


def _log(joined: Joined, origin: str, day: str, reason: str) -> None:
    """A dated line of the changelog for each file that gets rows, and for each correction."""
    path, lines = CHANGELOG.path(), []
    for changed, rows in joined.added.items():
        if n := sum(not row.is_correction for row in rows):
            joined.unexplained |= not reason
            lines.append({"date": day, "file": changed, "new": f"{n} row{'s' * (n > 1)}",
                          "reason": _joined_up(reason, f"imported from {origin}")})
    for changed, some in joined.corrected.items():
        for c in some:
            study = c.named.get("study_id", "")
            which = "" if c["key"] == study else c["key"]  # what of the study
            place = c["locator"] and f"in the source: {c['locator']}"
            old, new = (c[which] if c.adds else joined.names.own.row(
                c.table, {c.column: text}, c.named).popitem()[1]
                for which, text in (("old", c.old), ("new", c.new)))
            lines.append({"date": day, "file": changed, "study_id": study, "old": old, "new": new,
                          "column": joined.names.own.column(c.table, c.column),
                          "source_id": c["source"],
                          "reason": _joined_up(which, c["reason"], place, reason)})
    joined.files[path] = CsvFile(joined.folder, path, CHANGELOG, joined.names).appended(lines)[0]


def _joined_up(*reasons: str) -> str:
    return "; ".join(filter(None, reasons))


def _touched(joined: Joined, data: Dataset, indication: str, applied: Applied) -> list[str]:
    """The indications whose analyses read what is added or corrected."""
    rows = [(row.table, row.values) for some in joined.added.values() for row in some
            if row.table is not VOCABULARIES]  # a new word changes nothing by itself
    rows += [(file.table, values) for path, file in applied.files.items()
             for line, values in file.rows if (path, line) in applied.cells]
    if any(table is VOCABULARIES for table, _ in rows):
        return list(data.indications)
    found = {indication if table.folder == "indication" else values.get("indication", "")
             for table, values in rows}
    found |= {c.old for some in applied.cells.values() for c in some
              if c.column == "indication"}
    return [name for name in data.indications if name in found]


def _validated(joined: Joined, data: Dataset, places: dict[tuple[str, int], Row],
               applied: Applied) -> list[Problem]:
    """The problems of the folder with the new rows that it does not have without them."""
    known = {(p.file, p.row, p.column, p.rule) for p in data.problems}

    def is_known(p: Problem) -> bool:
        return (p.file, applied.before.get((p.file, p.row), p.row), p.column, p.rule) in known

    return [_at_place(problem, places, applied, data.names) for problem in joined.after.problems
            if (problem.file, problem.row) in places or not is_known(problem)]


def _at_place(problem: Problem, places: dict[tuple[str, int], Row], applied: Applied,
              names: OwnNames) -> Problem:
    """A problem where the reader finds it: at a correction, at a row of theirs, or here."""
    row = places.get((problem.file, problem.row))
    made = row.corrections if row else [c.row for c in applied.cells.get(
        (problem.file, problem.row), ())]
    table = BY_NAME.get(problem.file.rpartition("/")[2].removesuffix(".csv"))
    column = names.package.column(table, problem.column) if table else problem.column
    for correction in made:
        if names.package.column(table, correction.values["column"]) == column:
            return replace(corrections.problem_of(correction, "new", problem.wrong,
                                                  problem.expected),
                           level=problem.level, rule=problem.rule)
    if row is None:
        return problem
    return replace(problem, file=row.place, row=0,
                   column=row.names.get(column, problem.column),
                   wrong=_other_rows(problem.wrong, problem.file, places))


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


def said(problem: Problem) -> str:
    """A problem in a line; a row from outside is named by its place, which holds its number."""
    return str(problem).replace(f"{problem.file}:0:", f"{problem.file}, column ", 1)
