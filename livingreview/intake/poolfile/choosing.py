"""Which columns of a file effects are computed from, where it could be read in several ways."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...data.problems import DataError, Problem, shortened
from ...synthesis import SynthesisError
from .cells import EITHER, Unread, decimal_of, number
from .columns import Columns
from .composite import several_in_cells
from .computing import effects_of
from .question import Question
from .rules import IMPOSSIBLE, broken

_EFFECTS = ("yi and vi", "yi and se", "yi, ci_low and ci_high")
COUNTED = frozenset("e1 e2 e n1 n2 n non1 non2 both first second neither items predictors"
                    .split())


@dataclass(frozen=True, eq=False)
class Chosen:
    """The columns that effects are computed from.

    Attributes
    ----------
    file : str
    columns : tuple of str
        Our names.
    numbers : dict of str to ndarray
        Their numbers, NaN where none is stated.
    lines : ndarray of int
        The line of the file of each row.
    headers : dict of str to str
        How the file names them.
    places : frozenset of int
        Where they are.
    texts : dict of str to list of str
        Their cells.
    warnings, notes : tuple of str
    problems : list of Problem
        What is wrong already, and cells that cannot be read.
    """

    file: str
    columns: tuple[str, ...]
    numbers: dict[str, np.ndarray]
    lines: np.ndarray
    headers: dict[str, str]
    places: frozenset[int]
    texts: dict[str, list[str]]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    problems: list[Problem]

    def cell(self, ours: str, row: int) -> str:
        """What stands in the file."""
        return self.texts[ours][row]


def chosen(columns: Columns, question: Question, decimal: str, problems: list[Problem]) -> Chosen:
    """The columns to use.

    Parameters
    ----------
    columns : Columns
    question : Question
    decimal : str
        The mark of decimals, empty where the cells are to show it.
    problems : list of Problem
        What is wrong already, to be said together with what is wrong with cells.

    Raises
    ------
    DataError
        When columns are missing, or when the file can be read in two ways that differ.
    """
    peto = question.method == "PETO"
    forms, problems = columns.forms(question.needs_counts, peto), list(problems)
    half = columns.half()
    if half or not forms:  # rows of another length say nothing where the table is another
        problems = [p for p in problems if p.rule != "fields"]
        raise DataError(shortened([*problems, _missing(columns, question, half, forms)]))
    doubtful = [*columns.doubtful(forms[0]), *columns.shared(forms[0])]
    if doubtful:
        raise DataError(shortened([*problems, *doubtful]))
    parts = {part for form in forms for name in form for part in columns.parts(name)}
    cells = {part: columns.grid.column(columns.places[part][0]) for part in sorted(parts)}
    mark = decimal or decimal_of((text for texts in cells.values() for text in texts),
                                 columns.grid.decimal)
    numbers, unread = _numbers(columns, cells, mark)
    usable = [form for form in forms if _usable(numbers, form, question).any()]
    form = (usable or forms)[0]
    problems += [p for ours in form for part in columns.parts(ours) for p in unread[part]]
    warnings = []
    if not problems:
        _compare(columns, question, numbers, form, usable)
        _logarithms(columns, question, numbers, form)
        for other in (f for f in forms if f != form):
            warnings += _impossible(columns, question, numbers, other)
    return _made(columns, numbers, cells, form, mark, problems, warnings)


def _missing(columns: Columns, question: Question, half: list[str], forms: list) -> Problem:
    """Columns are missing, or a form is there in part beside another that is whole."""
    missing = half or [n for n in question.columns if not columns.has(n)] or [
        n for n in ("yi",) if not columns.has(n)] + [
        "vi or se" for _ in "." if not (columns.has("vi") or columns.has("se"))]
    expected = ["columns " + ", ".join(question.columns)] if question.columns else []
    if not question.needs_counts:
        expected += _EFFECTS
    elif question.method == "PETO":
        expected.append("oe and v")
    within = several_in_cells(columns)
    named = [f"--column \"{name}={like[0]}\"" for name in missing
             if (like := columns.looking_like(name))]
    near = [within] if within else ["by " + " ".join(named)] if named else []
    if "yi" in missing and columns.has("ratio"):
        ratio = columns.header("ratio")
        near.append(f"{ratio} is a ratio, which takes ci_low and ci_high, or the standard error "
                    "of its natural logarithm" + (
                        f": where {columns.header('se')} is that, --column "
                        f"\"se={columns.header('se')}\"; where it is the standard error of "
                        f"{ratio} itself, a column with it divided by {ratio}"
                        if columns.has("se") else ""))
    headers = ", ".join(filter(None, columns.grid.header))
    said = f"no column {' and no '.join(missing)}"
    if half and forms:
        there = ", ".join(columns.header(n) for n in question.columns if columns.has(n))
        said += f" beside {there}, and {', '.join(map(columns.header, forms[0]))} as well"
        near.append("the latter by --column "
                    f"\"{forms[0][0]}={columns.header(forms[0][0])}\"")
    hint = f"; {' or '.join(near)}" if near else "; any column by --column NAME=HEADER"
    return Problem(columns.grid.file, 1, "", "", f"{said}: the file has {headers}",
                   f"{', or '.join(expected)}{hint}")


def _numbers(columns: Columns, cells: dict[str, list[str]], mark: str
             ) -> tuple[dict[str, np.ndarray], dict[str, list[Problem]]]:
    """The numbers of each column, and the cells that are none."""
    numbers, unread = {}, {}
    for part, texts in cells.items():
        values, problems = np.full(len(texts), np.nan), []
        for i, text in enumerate(texts):
            value = number(text, mark, part in COUNTED)
            if isinstance(value, Unread):
                problems.append(Problem(
                    columns.grid.file, columns.grid.rows[i][0], columns.header(part), text,
                    value.wrong, value.expected, rule="type"))
            elif value is not None:
                values[i] = value
        numbers[part], unread[part] = values, problems
    return numbers, unread


def _column(numbers: dict[str, np.ndarray], ours: str) -> np.ndarray:
    """A column of ours, which may be the sum of others."""
    if ours in numbers:
        return numbers[ours]
    arm = ours[-1]
    return numbers[f"e{arm}"] + numbers[f"non{arm}"]


def _of_form(numbers: dict[str, np.ndarray], form: tuple[str, ...]) -> dict[str, np.ndarray]:
    return {name: _column(numbers, name) for name in form}


def _usable(numbers: dict[str, np.ndarray], form: tuple[str, ...], question: Question
            ) -> np.ndarray:
    """Rows of a form that effects can be computed from."""
    own = _of_form(numbers, form)
    out = ~np.any([np.isnan(values) for values in own.values()], axis=0)
    for _, bad, *_ in broken(own, form, question.measure):
        out = out & ~bad
    return out


def _compare(columns: Columns, question: Question, numbers: dict[str, np.ndarray],
             form: tuple[str, ...], usable: list[tuple[str, ...]]) -> None:
    """Raise a `DataError` where another form of the file says otherwise."""

    def effects(of: tuple[str, ...], rows: np.ndarray):
        cells = [_column(numbers, name)[rows] for name in of]
        with np.errstate(all="ignore"):
            return effects_of(of, cells, question)[:2]

    for other in usable:
        rows = _usable(numbers, form, question) & _usable(numbers, other, question)
        if other == form or not rows.any():
            continue
        try:
            (y1, v1), (y2, v2) = effects(form, rows), effects(other, rows)
        except SynthesisError:
            continue
        ok = ~(np.isnan(y1) | np.isnan(y2))
        se = np.sqrt(v1)
        # What a column rounded to two decimals, or computed by another convention, may differ by.
        far = ok & ((np.abs(y1 - y2) > 0.0051 + 0.1 * se)
                    | (np.abs(np.sqrt(v2) - se) > 0.0051 + 0.1 * se))
        if far.any():
            line = columns.grid.rows[int(np.flatnonzero(rows)[np.flatnonzero(far)[0]])][0]
            raise DataError([_two_ways(columns, form, other, line)])


def _impossible(columns: Columns, question: Question, numbers: dict[str, np.ndarray],
                other: tuple[str, ...]) -> list[str]:
    """Warnings for values beside those that are used, which cannot be."""
    out = []
    for names, bad, level, wrong, _ in broken(_of_form(numbers, other), other, question.measure):
        if level == IMPOSSIBLE and bad.any():
            at = int(np.flatnonzero(bad)[0])
            said = ", ".join(f"{columns.header(name)} {_column(numbers, name)[at]:g}"
                             for name in names)
            out.append(f"row {columns.grid.rows[at][0]}: {said}, not used: {wrong}")
    return out


def _logarithms(columns: Columns, question: Question, numbers: dict[str, np.ndarray],
                form: tuple[str, ...]) -> None:
    """Raise a `DataError` where estimates with intervals are ratios, not their logarithms."""
    if not question.ratio or form != ("yi", "ci_low", "ci_high") or "yi" in columns.named:
        return
    rows = np.flatnonzero(_usable(numbers, form, question))
    own = [numbers[name][rows] for name in form]
    if not rows.size or np.min(own) <= 0:
        return
    plain_off, log_off = _off(*own), _off(*np.log(own))
    if 2 * plain_off.sum() < rows.size or (plain_off & log_off).any():
        return
    at, header = rows[plain_off][0], columns.header("yi")
    raise DataError([Problem(
        columns.grid.file, columns.grid.rows[at][0], header, f"{numbers['yi'][at]:g}",
        "in the middle of its interval on the logarithmic scale alone: a ratio, and not its "
        "natural logarithm", f"ratios by --column \"ratio={header}\", or logarithms all the same "
        f"by --column \"yi={header}\"")])


def _off(y: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether estimates are not in the middle of their intervals."""
    with np.errstate(all="ignore"):
        return (np.abs(y - (low + high) / 2) > 0.1 * (high - low) / 2) & (low < high)


def _two_ways(columns: Columns, form: tuple[str, ...], other: tuple[str, ...], line: int
              ) -> Problem:
    def by_hand(this: tuple[str, ...], that: tuple[str, ...]) -> str:
        name = next(n for n in this if n not in that)
        return f"--column \"{name}={columns.header(columns.parts(name)[0])}\""

    sides = [", ".join(map(columns.header, this)) for this in (form, other)]
    return Problem(columns.grid.file, line, "", "", f"the file can be read in two ways that differ "
                   f"in this row: by {sides[0]}, and by {sides[1]}",
                   f"one of them by hand: {by_hand(form, other)} or {by_hand(other, form)}")


def _made(columns: Columns, numbers: dict[str, np.ndarray], cells: dict[str, list[str]],
          form: tuple[str, ...], mark: str, problems: list[Problem], warnings: list[str]
          ) -> Chosen:
    grid = columns.grid
    own, lines = _of_form(numbers, form), np.array([line for line, _ in grid.rows], dtype=int)
    headers = {name: columns.header(name) for name in form}
    parts = {name: columns.parts(name) for name in form}
    texts = {name: [" + ".join(values) for values in zip(*map(cells.__getitem__, these),
                                                         strict=True)]
             for name, these in parts.items()}
    notes = [f"{ours} is {theirs}" for ours, theirs in headers.items() if ours != theirs]
    said = ["; ".join(notes)] if notes else []
    said += _thousands(numbers, cells)
    if mark == ",":
        said.append("decimals have a comma")
    if form == ("ratio", "se"):
        said.append(f"{headers['se']} is taken as the standard error of the natural logarithm")
    if "ci_low" in form:
        warnings = [*warnings, *_lopsided(own, lines, form)]
        said.append("intervals are taken as 95% intervals")
    places = frozenset(columns.places[p][0] for these in parts.values() for p in these)
    return Chosen(grid.file, form, own, lines, headers, places | columns.origins, texts,
                  tuple(warnings), tuple(said), problems)


def _thousands(numbers: dict[str, np.ndarray], cells: dict[str, list[str]]) -> list[str]:
    """Counts whose mark could have been one of decimals, and was taken as one of thousands."""
    return [f"{name}: {text} is read as {value:.0f}" for name, texts in cells.items()
            if name in COUNTED for text, value in zip(texts, numbers[name], strict=True)
            if EITHER.fullmatch(text) and value >= 1000][:3]


def _lopsided(numbers: dict[str, np.ndarray], lines: np.ndarray, form: tuple[str, ...]
              ) -> list[str]:
    """Intervals whose estimate is not in their middle: of another scale, or not normal."""
    with np.errstate(all="ignore"):
        scale = np.log if form[0] == "ratio" else np.asarray
        off = _off(*(scale(values) for values in numbers.values()))
    return [f"row {line}: the estimate is not in the middle of its interval"
            f"{' on the logarithmic scale' if form[0] == 'ratio' else ''}"
            for line in lines[off]]

