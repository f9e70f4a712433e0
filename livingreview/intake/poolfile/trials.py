"""The trials of a file: its rows with their effects, or what is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...data.accuracy import EXPECTED, WHAT, is_accuracy
from ...data.problems import SHOWN, DataError, Problem, shortened
from ...synthesis import SynthesisError
from . import sentinels
from .arms import by_trial, one_comparison
from .asking import DECIMALS, OF_NETWORKS, Reading
from .choosing import COUNTED, Chosen, chosen
from .columns import KNOWN, Columns
from .composite import divided
from .computing import effects_of
from .grid import Grid
from .measures import COUNTS
from .opening import opened, refused
from .question import Question
from .rules import IMPOSSIBLE, broken

_NOT_STATED = frozenset(("na", "n/a", "#n/a", "nan", ".", "nr"))  # of labels; "none" may be one


@dataclass(frozen=True, eq=False)
class Trials:
    """The rows of a file with their effects.

    Attributes
    ----------
    file : str
    names : list of str
    numbers : dict of str to ndarray
        Numbers of the columns that are used.
    lines : ndarray of int
        The line of the file of each row.
    texts : dict of str to list of str
        Cells of moderators, of the subgroup and of other labels, without spaces around them.
    columns : tuple of str
        Our columns that effects are computed from.
    yi, vi : ndarray
        Effects and variances, NaN where there is none.
    reasons : list of (str or None)
        Why a trial has none.
    stated : ndarray of bool
        Whether every number of the row is there and can be computed with.
    warnings : tuple of str
    reading : tuple of str
        How the file was read: what is not as our own names and files are.
    """

    file: str
    names: list[str]
    numbers: dict[str, np.ndarray]
    lines: np.ndarray
    texts: dict[str, list[str]]
    columns: tuple[str, ...]
    yi: np.ndarray
    vi: np.ndarray
    reasons: list[str | None]
    stated: np.ndarray
    warnings: tuple[str, ...]
    reading: tuple[str, ...]

    @property
    def used(self) -> np.ndarray:
        """Rows that have an effect."""
        return ~np.isnan(self.yi)

    @property
    def counts(self) -> bool:
        """Whether the numbers are 2 × 2 tables."""
        return self.columns == COUNTS


def printable(text: str) -> str:
    """A text without spaces around it, and with a sign for what cannot be shown."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.strip())


def read(path: Path, question: Question, reading: Reading | None = None) -> Trials:
    """Read the trials of a file and compute their effects.

    A row that no effect can be computed from is left out with its reason. Values that cannot be,
    and cells that cannot be read, refuse the file.

    Parameters
    ----------
    path : Path
    question : Question
    reading : Reading, optional
        How to read it, where the file does not tell.

    Returns
    -------
    Trials

    Raises
    ------
    DataError
        With every problem of the file.
    """
    reading = reading or Reading()
    return taken(opened(path, reading), question, reading)


def taken(grid: Grid, question: Question, reading: Reading) -> Trials:
    """The trials of a table of texts, see :func:`read`."""
    columns, notes = _found(grid, question, reading)
    texts, problems = _texts(columns, question)
    decimal = DECIMALS.get(reading.decimal or "", "")
    form = chosen(columns, question, decimal, [*columns.grid.problems, *problems])
    file, numbers, lines = columns.grid.file, form.numbers, form.lines
    names = [printable(name) or f"row {line}" for name, line in
             zip(columns.study(), lines, strict=True)]
    sums, warnings = sentinels.totals(names, numbers, lines)
    reasons, problems = _unusable(form, question, np.flatnonzero(sums))
    stated = np.array([reason is None for reason in reasons])
    yi, vi, failed = _effects(form, question, stated, reasons, file)
    if reading.strict and (problems + failed):
        raise DataError(shortened(problems + failed))
    warnings += [*columns.grid.warnings, *form.warnings, *_named_alike(columns, question, sums),
                 *sentinels.slips(names, numbers, lines, form.columns, question.measure, yi,
                                  question.ratio)]
    warnings += sentinels.broken_counts([c for c in form.columns if c in COUNTED], numbers, lines,
                                        form.cell)
    if not question.cluster:
        warnings += sentinels.spellings("study", np.array(names, dtype=object)[~sums])
    for name in (n for n in texts if n not in ("study", question.order)):
        warnings += sentinels.spellings(name, texts[name])
    return Trials(file, names, numbers, lines, texts, form.columns, yi, vi, reasons, stated,
                  tuple(warnings), (*notes, *form.notes, *_unused(columns, form, question)))


def _found(grid: Grid, question: Question, reading: Reading) -> tuple[Columns, list[str]]:
    """The columns of the file, those among them that are made of others, and what was made."""
    wanted, named = question.columns, reading.named
    if is_accuracy(grid.header) and not named:  # by name, one of its columns is a proportion
        raise refused(grid.file, WHAT, EXPECTED)
    alien = [Problem(grid.file, 1, theirs, theirs, f"--column {ours}={theirs}: this column goes "
                     "with --network", f"one of {', '.join(KNOWN)}")
             for ours, theirs in named.items() if ours in OF_NETWORKS]
    if alien:
        raise DataError(alien)
    if any(name.endswith("2") for name in wanted):
        one_comparison(grid)
        before, grid = grid, by_trial(grid, question.measure, wanted, reading)
        if grid is not before:  # what was named by hand has our names now
            named = {}
    first = Columns(grid, question.measure, wanted, named, {})
    grid, made, notes = divided(first)
    columns = Columns(grid, question.measure, wanted, named, made) if made else first
    return columns, [*grid.notes, *notes]


def _texts(columns: Columns, question: Question) -> tuple[dict[str, list[str]], list[Problem]]:
    """The cells of moderators and labels; one that cannot be what it is named for is a problem."""
    texts, problems, own = {}, [], columns.of_outcome()
    for name in question.texts:
        if name == "study" and "study" not in columns.grid.header:
            texts[name] = columns.study()
            continue
        try:
            place = columns.place(name, name)
        except DataError as error:
            problems += [Problem(p.file, 1, name, "", "the column is missing", p.expected)
                         for p in error.problems]
            continue
        if place in own and name in (*question.moderators, question.subgroup):
            problems.append(Problem(columns.grid.file, 1, name, name, "a number of the outcome "
                                    f"itself (read as {own[place]}): what is explained must not "
                                    "explain", "a column that is no part of the effect"))
        texts[name] = ["" if cell.casefold() in _NOT_STATED else cell
                       for cell in columns.grid.column(place)]
    return texts, problems


def _unusable(form: Chosen, question: Question, sums: np.ndarray
              ) -> tuple[list[str | None], list[Problem]]:
    """Why rows cannot be computed with; what cannot be is raised.

    Returns
    -------
    reasons : list of (str or None)
    problems : list of Problem
        The same as problems of the file, for whoever wants it whole.
    """
    numbers, lines = form.numbers, form.lines
    reasons: list[str | None] = [None] * len(lines)
    left, impossible = [], []
    for row in sums:
        reasons[row] = "a total of rows above it, not a trial"
    empty = np.isnan(np.column_stack([numbers[name] for name in form.columns]))
    for row in np.flatnonzero(empty.any(axis=1)):
        lacking = [form.headers[name] for name, gone in
                   zip(form.columns, empty[row], strict=True) if gone]
        if reasons[row] is None:
            reasons[row] = f"{', '.join(lacking)} not stated"
            left.append(Problem(form.file, int(lines[row]), lacking[0], "", "not stated",
                                "a number", rule="not-stated"))
    for names, bad, level, wrong, expected in broken(numbers, form.columns, question.measure):
        for row in np.flatnonzero(bad):
            headers = [form.headers[name] for name in names]
            values = [form.cell(name, row) for name in names]
            problem = Problem(form.file, int(lines[row]), "+".join(headers),
                              " | ".join(values), wrong, expected, rule=wrong)
            if level == IMPOSSIBLE and row not in sums:
                impossible.append(problem)
            elif reasons[row] is None:
                said = " and ".join(f"{h} {v}" for h, v in zip(headers, values, strict=True))
                reasons[row] = f"not estimable: {said}: {wrong}"
                left.append(problem)
    if impossible or form.problems:
        raise DataError(shortened([*impossible, *form.problems]))
    return reasons, left


def _effects(form: Chosen, question: Question, stated: np.ndarray, reasons: list[str | None],
             file: str) -> tuple[np.ndarray, np.ndarray, list[Problem]]:
    """Effects and variances of all rows; `reasons` and `stated` get those that have none."""
    rows = np.flatnonzero(stated)
    yi, vi = np.full(stated.size, np.nan), np.full(stated.size, np.nan)
    problems: list[Problem] = []
    while rows.size:
        cells = [form.numbers[name][rows] for name in form.columns]
        try:
            with np.errstate(all="ignore"):
                found = effects_of(form.columns, cells, question)
        except SynthesisError as error:
            if error.row is None:
                raise
            at, said = rows[error.row], str(error).partition(": ")[2]
            line, stated[at] = int(form.lines[at]), False
            reasons[at] = f"not estimable: {said}"
            if len(problems) < SHOWN:
                problems.append(Problem(
                    file, line, "+".join(form.headers[n] for n in form.columns),
                    " | ".join(form.cell(n, at) for n in form.columns), said,
                    "values of a usual size"))
            rows = np.delete(rows, error.row)
            continue
        yi[rows], vi[rows], why = found
        for row, reason in zip(rows, why, strict=True):
            reasons[row] = reason
        break
    return yi, vi, problems


def _named_alike(columns: Columns, question: Question, sums: np.ndarray) -> list[str]:
    """Trials of one name, where nothing says that they are not independent."""
    if question.cluster:
        return []
    stated = (printable(name) for name, total in zip(columns.study(), sums, strict=True)
              if name and not total)
    return [f"{times} rows are named {name}; they are pooled as if independent"
            for name, times in Counter(stated).items() if times > 1]


def _unused(columns: Columns, form: Chosen, question: Question) -> list[str]:
    """The columns that nothing was done with, and what they may have been meant for."""
    grid = columns.grid
    labels = {columns.place(name, name) for name in question.texts if name != "study"}
    taken = form.places | columns.naming() | labels
    left = [name for i, name in enumerate(grid.header)
            if i not in taken and name and i < columns.own]
    return [f"not used: {', '.join(left)}"] if left else []
