"""A row that comes from outside, with the place at which its reader finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..data.accuracy import EXPECTED, WHAT, is_accuracy
from ..data.own_names import NONE, OwnNames
from ..data.reading import separator
from ..data.tables import ANALYSES, BY_NAME, COHORT_OVERLAPS, CORRECTIONS, VOCABULARIES, Table

# What is taken in: the tables of an indication, and these, whose rows name theirs.
TAKEN = {t.name: t for t in (*(t for t in BY_NAME.values() if t.folder == "indication"),
                             COHORT_OVERLAPS, ANALYSES, VOCABULARIES)}


class IntakeError(Exception):
    """A file that cannot be taken in; `problems` holds a line for each thing that is wrong.

    Attributes
    ----------
    problems : list of str
    exit_code : int
        1 when the file is wrong, 2 when the call is.
    """

    def __init__(self, problems: list[str], exit_code: int = 1):
        self.problems, self.exit_code = list(problems), exit_code
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Row:
    """One row of one table.

    Attributes
    ----------
    table : Table
    values : mapping of str to str
        Text of the cells by column; a column that is not there is empty.
    place : str
        Where the reader finds the row, such as ``study.xlsx, sheet arms, row 3``.
    names : mapping of str to str
        What the reader's file calls a column, where that is something else.
    made : bool
        The row follows from the others (a study that is only named): where the folder has a row
        of this key, that one stays and is no difference.
    corrections : tuple of Row
        Rows of corrections that were applied to it, or that it is.
    """

    table: Table
    values: Mapping[str, str]
    place: str
    names: Mapping[str, str] = field(default_factory=dict)
    made: bool = False
    corrections: tuple[Row, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """The cells in the order of the table."""
        return tuple(self.values.get(name, "") for name in self.table.names)

    def stated(self, names: OwnNames) -> str:
        """Its cells that are not empty, as a review names them."""
        return "; ".join(f"{name} {text}" for name, text in names.own.row(
            self.table, self.values).items() if text)

    @property
    def is_correction(self) -> bool:
        """Whether a correction is all that it comes from."""
        return any(c.place == self.place for c in self.corrections)


def table_called(name: str, place: str) -> Table:
    """The table of that name, or that of corrections.

    Raises
    ------
    IntakeError
        Where there is none, or where it is kept by hand.
    """
    table = CORRECTIONS if name == CORRECTIONS.name else TAKEN.get(name)
    if table is None:
        raise IntakeError([f"{place}: no table of an indication is called {name!r}: expected one "
                           f"of {', '.join((*TAKEN, CORRECTIONS.name))}; or, of a table with "
                           "columns of its own, a map that says what they are: --map FILE.csv"])
    return table


def comma_separated(header: list[str], place: str) -> None:
    """Refuse a header that something else than commas divides.

    Raises
    ------
    IntakeError
    """
    if found := separator(header):
        raise IntakeError([separated(found, place)])


def separated(found: str, place: str) -> str:
    """What is said of a file that something else than commas divides."""
    return (f"{place}: the fields are separated by {found}: expected commas, and decimals with a "
            "point (save the file as CSV UTF-8 with commas)")


def named_rows(table: Table, header: list[str], records, place, names: OwnNames = NONE
               ) -> list[Row]:
    """Rows under a header, whose columns the review or the package names.

    Parameters
    ----------
    table : Table
    header : list of str
    records : iterable of (int, list of str)
        Number of the row in its file, and its cells.
    place : callable
        The place of a row from its number.
    names : OwnNames, optional
        What the review calls columns.

    Raises
    ------
    IntakeError
        With every column that is unknown or there twice, and every row with too many cells.
    """
    comma_separated(header, place(1))
    if is_accuracy(header):
        raise IntakeError([f"{place(1)}: {WHAT}: expected {EXPECTED}"])
    there, known = names.package.header(table, header), names.own.header(table, table.names)
    problems = [f"{place(1)}: {name!r} is no column of {table.name}: expected some of "
                f"{', '.join(known)}"
                for name, one in zip(header, there, strict=True) if one not in table.names]
    problems += [f"{place(1)}: the column {name} is there more than once"
                 for name in dict.fromkeys(header) if header.count(name) > 1]
    problems += [f"{place(1)}: {own} and {name} are two names of one column: expected one of them"
                 for own, name in names.twice(table, header)]
    if table is CORRECTIONS:  # each of them decides what is done: none is empty by being absent
        problems += [f"{place(1)}: the column {name} is missing: expected "
                     f"{', '.join(table.names)}" for name in table.names if name not in header]
    called = {one: name for one, name in zip(there, header, strict=True) if one != name}
    rows = []
    for number, cells in records:
        if any(cell for cell in cells[len(header):]):
            problems.append(f"{place(number)}: more cells than the header has columns")
        if any(cells):
            rows.append(Row(table, dict(zip(there, cells, strict=False)), place(number), called))
    if problems:
        raise IntakeError(problems)
    return rows
