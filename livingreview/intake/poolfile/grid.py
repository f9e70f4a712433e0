"""A file as a table of texts, whatever kind of file it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...data.problems import Problem


@dataclass(frozen=True)
class Grid:
    """A table of texts.

    Attributes
    ----------
    file : str
    header : list of str
    rows : list of (int, list of str)
        The line or row of the file with its cells, as many as the header has.
    decimal : str
        The mark that the kind of file suggests for decimals, empty where it suggests none.
    warnings, notes : tuple of str
        What is odd in its form, and how it was read.
    problems : tuple of Problem
        Rows that are no rows of it.
    """

    file: str
    header: list[str]
    rows: list[tuple[int, list[str]]]
    decimal: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def left_out(self, place: Callable[[int], str]) -> list[str]:
        """A line for each row that is none of the table, by what its place is called."""
        return [f"{place(p.row)}: {p.value}: {p.wrong}, expected {p.expected}"
                for p in self.problems]

    def column(self, place: int) -> list[str]:
        """The cells of a column."""
        return [cells[place] for _, cells in self.rows]
