"""What is wrong in a file, by file, row, column, value and what was expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

SHOWN = 100  # problems of one kind in one column that are listed; the others are counted


def _one_line(text: str) -> str:
    """`text` with line ends and invisible characters written as escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shown(value: str) -> str:
    """A cell as a message prints it: short, on one line, in quotes where it has outer spaces."""
    short = value if len(value) <= 80 else value[:77] + "..."
    return _one_line(f'"{short}"' if short != short.strip() else short) or "(empty)"


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in a data folder.

    Attributes
    ----------
    file : str
        Path below the data folder.
    row : int
        Line of the file on which the record begins; the header is line 1.
    column, value, wrong, expected : str
    level : {'error', 'warning'}
    rule : str
        Identifier of the rule, the same for all problems of one kind.
    more : int
        Further rows with the same problem in this column, which are not listed one by one.
    rows : tuple of int
        Every row concerned, where one problem stands for several.
    """

    file: str
    row: int
    column: str
    value: str
    wrong: str
    expected: str
    level: str = "error"
    rule: str = "form"
    more: int = 0
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        more = f" (and {self.more:,} more row{'s' * (self.more > 1)})" if self.more else ""
        said = f"{self.wrong}{more}, expected {self.expected}"
        if not self.column and (self.row == 1 or not self.value):  # of a whole file, or of a line
            place = self.file if self.row == 1 else f"{self.file}:{self.row}"
            value = f"{_shown(self.value)}: " if self.value else ""
            return _one_line(f"{place}: {value}{said}")
        column = _shown(self.column) if self.column else "-"
        return _one_line(f"{self.file}:{self.row}:{column}: {_shown(self.value)}: {said}")


def shortened(problems: Iterable[Problem], shown: int = SHOWN) -> list[Problem]:
    """Problems in order; of each kind in a column the first ones, the last with the number left."""
    kinds = defaultdict(list)
    for problem in sorted(set(problems)):
        kinds[problem.file, problem.column, problem.rule, problem.level].append(problem)
    out = []
    for found in kinds.values():
        more = sum(p.more for p in found) + max(0, len(found) - shown)
        first = [replace(p, more=0) if p.more else p for p in found[:shown]]
        out += first[:-1] + [replace(first[-1], more=more)]
    return sorted(out)


class DataError(Exception):
    """A data folder that cannot be used; `problems` lists every error in it."""

    def __init__(self, problems: list[Problem]):
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))
