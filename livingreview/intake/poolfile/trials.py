"""The trials of a CSV file: its rows with their effects, or what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from ...data import reading
from ...data.reading import DataError, Problem, Raw
from ...data.tables import Column, Table
from ...synthesis import SynthesisError
from .question import COUNTS, EFFECTS, MEANS, Question

_HEADER = ("unknown column", "the column is missing")  # judged here: any other column may stand


@dataclass(frozen=True, eq=False)
class Trials:
    """The rows of a file with their effects.

    Attributes
    ----------
    file : str
    names : list of str
    frame : pandas.DataFrame
        Numbers by line of the file.
    texts : dict of str to list of str
        Cells of moderators and of the subgroup, without spaces around them.
    counts : bool
        Whether the frame holds 2 × 2 tables.
    yi, vi : ndarray
        Effects and variances, NaN where there is none.
    reasons : list of (str or None)
        Why a trial has none.
    stated : ndarray of bool
        Whether no number of the row is missing.
    warnings : tuple of str
    """

    file: str
    names: list[str]
    frame: pd.DataFrame
    texts: dict[str, list[str]]
    counts: bool
    yi: np.ndarray
    vi: np.ndarray
    reasons: list[str | None]
    stated: np.ndarray
    warnings: tuple[str, ...]
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def used(self) -> np.ndarray:
        """Rows that have an effect."""
        return ~np.isnan(self.yi)


def _wanted(question: Question) -> Table:
    """Every column that may be used."""
    numbers = dict.fromkeys((*question.columns, *EFFECTS))
    others = dict.fromkeys(("study", *question.texts))
    return Table("pool", "", (
        *(Column(name, type="number") for name in numbers),
        *(Column(name) for name in others if name not in numbers)))


def _chosen(question: Question, absent: frozenset[str], path: str) -> tuple[str, ...]:
    """The columns of numbers to use; missing ones are a `DataError`."""
    needed = question.columns
    missing = [name for name in needed if name in absent]
    if needed and not missing:
        return needed
    spread = next((name for name in ("vi", "se") if name not in absent), None)
    if "yi" not in absent and spread and not question.needs_counts:
        return "yi", spread
    meant = "yi" not in absent and len(missing) == len(needed) and not question.needs_counts
    if not needed or meant:  # the file is one of effects
        missing = ["yi"] * ("yi" in absent) + ["vi"] * (spread is None)
    forms = [", ".join(needed)] * bool(needed)
    if not question.needs_counts:
        forms.append("yi and vi, or yi and se")
    raise DataError([Problem(path, 1, name, "", "the column is missing",
                             f"a header with {'; or with '.join(forms)}") for name in missing])


def _read(path: Path, question: Question) -> tuple[Raw, tuple[str, ...], list[Problem]]:
    """The file as text, the columns of numbers to use, and warnings."""
    wanted, shown, problems = _wanted(question), str(path), []
    raw = reading.read_raw(Path(), wanted, shown, problems)
    others = [p.column for p in problems if p.wrong == _HEADER[0]]
    problems = [p for p in problems if p.wrong not in _HEADER and (
        p.rule != "form" or p.row > 1 or not p.column or p.column in wanted.names)]
    errors = [p for p in problems if p.level == "error"]
    if raw is None and errors:
        raise DataError(reading.shortened(errors))
    absent = frozenset(wanted.names) if raw is None else raw.absent
    columns: tuple[str, ...] = ()
    try:
        columns = _chosen(question, absent, shown)
    except DataError as error:
        errors += error.problems
    known = ", ".join([n for n in wanted.names if n not in absent] + [n for n in others if n])
    errors += [Problem(shown, 1, name, "", "the column is missing", f"one of {known}")
               for name in question.texts
               if name in absent]
    if raw is not None and not errors and not raw.rows:
        errors.append(Problem(shown, 2, "", "", "the file has no rows", "a row for each trial"))
    if not columns or raw is None:
        raise DataError(reading.shortened(errors))
    used = tuple(c for c in wanted.columns if c.name in columns)
    raw = replace(raw, table=replace(wanted, columns=used))
    errors += reading.column_problems(raw, {})
    return raw, columns, [*errors, *(p for p in problems if p.level == "warning")]


def _text(raw: Raw, row: int, name: str) -> str:
    return raw.cell(name, raw.rows.index(row))


def _of_means(frame: pd.DataFrame, measure: str) -> Iterator[tuple]:
    """(columns, rows, what is wrong, what is expected) for means."""
    for arm in "12":
        sd, n, m = frame[f"sd{arm}"], frame[f"n{arm}"], frame[f"m{arm}"]
        yield f"sd{arm}", sd < 0, "negative", "a standard deviation above 0"
        yield f"sd{arm}", sd == 0, "zero", "a standard deviation above 0"
        yield (f"n{arm}", n <= 1, "too few for a standard deviation",
               "more than 1 participant")
        if measure == "ROM":
            yield f"m{arm}", m == 0, "a mean of 0 has no ratio", "a mean other than 0"
    if measure == "SMD":
        few = (frame["n1"] > 1) & (frame["n2"] > 1) & (frame["n1"] + frame["n2"] <= 3)
        yield "n1+n2", few, "too few for a standardised difference", "more than 3 participants"
    if measure == "ROM":
        yield ("m1+m2", frame["m1"] * frame["m2"] < 0, "the means differ in sign",
               "two means of one sign")


def _of_counts(frame: pd.DataFrame, measure: str) -> Iterator[tuple]:
    for arm in "12":
        events, n = frame[f"e{arm}"], frame[f"n{arm}"]
        yield f"n{arm}", n <= 0, "not positive", "more than 0 participants"
        yield f"e{arm}", events < 0, "negative", "0 events or more"
        yield (f"e{arm}+n{arm}", (events > n) & (n > 0), "more events than participants",
               f"e{arm} up to n{arm}")
    if measure == "PETO":
        total = frame["n1"] + frame["n2"]
        yield ("n1+n2", (total <= 1) & (frame["n1"] > 0) & (frame["n2"] > 0),
               "too few for a variance", "more than 1 participant")


def _of_effects(frame: pd.DataFrame, _: str) -> Iterator[tuple]:
    name = "vi" if "vi" in frame else "se"
    what = "a variance" if name == "vi" else "a standard error"
    values = frame[name]
    variance = values if name == "vi" else values**2
    yield name, values < 0, "negative", f"{what} above 0"
    yield name, values == 0, "zero", f"{what} above 0"
    tiny = (values > 0) & (variance < np.finfo(float).tiny)
    yield name, tiny, "too small to compute with", f"{what} in a unit nearer to 1"
    yield name, np.isinf(variance), "too large to compute with", f"{what} in a unit nearer to 1"


def _value_problems(raw: Raw, frame: pd.DataFrame, columns: tuple[str, ...],
                    measure: str) -> list[Problem]:
    """Values that no effect can be computed from, each in its row."""
    rules = _of_effects if "yi" in columns else {MEANS: _of_means, COUNTS: _of_counts}.get(columns)
    if rules is None:
        return []
    out = []
    for names, bad, wrong, expected in rules(frame, measure):
        for row in frame.index[bad.to_numpy()]:
            value = " | ".join(_text(raw, row, name) for name in names.split("+"))
            out.append(Problem(raw.path, int(row), names, value, wrong, expected, rule=wrong))
    return out


def _effects(raw: Raw, frame: pd.DataFrame, columns: tuple[str, ...], question: Question
             ) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
    """Effects, variances and reasons of all rows; a row without a finite effect is refused."""
    yi, vi = np.full(len(frame), np.nan), np.full(len(frame), np.nan)
    reasons: list[str | None] = [None] * len(frame)
    empty = frame[list(columns)].isna().to_numpy()
    for row in np.flatnonzero(empty.any(axis=1)):
        names = [name for name, missing in zip(columns, empty[row], strict=True) if missing]
        reasons[row] = f"{', '.join(names)} not stated"
    rows = np.flatnonzero(~empty.any(axis=1))
    if "yi" in columns:
        yi[rows] = frame["yi"].to_numpy()[rows]
        vi[rows] = (frame["vi"] if "vi" in frame else frame["se"] ** 2).to_numpy()[rows]
        return yi, vi, reasons
    problems = []
    while rows.size:
        cells = [frame[name].to_numpy()[rows] for name in columns]
        try:
            with np.errstate(all="ignore"):
                found = question.effects(*cells, **question.options)
        except SynthesisError as error:
            if error.row is None or len(problems) == reading.SHOWN:
                raise
            line, said = int(frame.index[rows[error.row]]), str(error).partition(": ")[2]
            problems.append(Problem(raw.path, line, "+".join(columns), " | ".join(
                _text(raw, line, name) for name in columns), said, "values of a usual size"))
            rows = np.delete(rows, error.row)
            continue
        yi[rows], vi[rows] = found.yi, found.vi
        for row, reason in zip(rows, found.reasons, strict=True):
            reasons[row] = reason
        break
    if problems:
        raise DataError(problems)
    return yi, vi, reasons


def printable(text: str) -> str:
    """A text without spaces around it, and with a sign for what cannot be shown."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text.strip())


def read(path: Path, question: Question) -> Trials:
    """Read the trials of a file and compute their effects.

    Parameters
    ----------
    path : Path
    question : Question

    Returns
    -------
    Trials

    Raises
    ------
    DataError
        With every problem of the file.
    """
    raw, columns, problems = _read(path, question)
    frame = reading.typed(raw, {})
    problems += _value_problems(raw, frame, columns, question.measure)
    errors = [p for p in problems if p.level == "error"]
    if errors:
        raise DataError(reading.shortened(errors))
    yi, vi, reasons = _effects(raw, frame, columns, question)
    warnings = [f"{p.wrong}: expected {p.expected}" for p in problems]
    names = [f"row {row}" for row in frame.index]
    if "study" not in raw.absent:
        stated = [printable(cell) for cell in raw.cells("study")]
        names = [name or row for name, row in zip(stated, names, strict=True)]
        warnings += [f"{times} rows are named {name}; they are pooled as if independent"
                     for name, times in Counter(filter(None, stated)).items()
                     if times > 1 and not question.cluster]
    if "yi" not in raw.absent and "yi" not in columns:
        warnings.append(f"effects are computed from {', '.join(columns)}; the column yi is unused")
    elif columns == ("yi", "vi") and "se" not in raw.absent:
        warnings.append("the column se is unused, as vi is there")
    texts = {name: [cell.strip() for cell in raw.cells(name)]
             for name in question.texts}
    stated = ~frame[list(columns)].isna().any(axis=1).to_numpy()
    return Trials(raw.path, names, frame, texts, columns == COUNTS, yi, vi, reasons, stated,
                  tuple(warnings), columns)
