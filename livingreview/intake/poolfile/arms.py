"""A file with a row for each arm, made one with a row for each trial."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from ...data.problems import DataError, Problem, shortened
from .asking import Reading
from .columns import TREATMENT, Columns, plain
from .grid import Grid


def by_trial(grid: Grid, measure: str, wanted: tuple[str, ...], reading: Reading) -> Grid:
    """The table with a row for each trial; as it is, where it has that already.

    Parameters
    ----------
    grid : Grid
    measure : str
    wanted : tuple of str
        Columns of a measure of two arms.
    reading : Reading

    Raises
    ------
    DataError
        When the rows are arms, and nothing says which arm is treated, or a trial has not two.
    """
    single = tuple(dict.fromkeys(name.rstrip("12") for name in wanted if name[-1] in "12"))
    both = Columns(grid, measure, wanted, reading.named, {})
    one = Columns(grid, measure, single, {n: h for n, h in reading.named.items()
                                          if n in ("study", *single)}, {}) if single else None
    treatment = [i for i, name in enumerate(both.plain) if name in TREATMENT]
    if not one or not treatment or any(map(both.has, wanted)) or not all(map(one.has, single)):
        if reading.treated is not None:
            raise DataError([Problem(grid.file, 1, "", "", "the file has not a row for each arm "
                                     "with its treatment", "a call without --treated")])
        return grid
    arms = grid.column(treatment[0])
    found = list(dict.fromkeys(filter(None, arms)))
    if reading.treated not in found:
        said = ("the rows are arms, not trials" if reading.treated is None
                else f"no arm is {reading.treated}")
        names = " or ".join(f"--treated \"{name}\"" for name in found[:6])
        raise DataError([Problem(grid.file, 1, "", "", said, "a row for each trial with both arms;"
                                 f" or the treated arm by name: {names}")])
    return _joined(grid, one, arms, single, reading.treated)


def _joined(grid: Grid, one: Columns, arms: list[str], single: tuple[str, ...], treated: str
            ) -> Grid:
    studies = defaultdict(list)
    for i, name in enumerate(one.study()):
        studies[name].append(i)
    places = [one.places[name][0] for name in single]
    taken = {*places, *one.naming(), *(i for i, n in enumerate(one.plain) if n in TREATMENT)}
    kept = [i for i in range(len(grid.header)) if i not in taken and plain(grid.header[i])]
    rows, problems = [], []
    for name, members in studies.items():
        own = [i for i in members if arms[i] == treated]
        others = [i for i in members if arms[i] != treated]
        line = grid.rows[members[0]][0]
        if len(own) != 1 or len(others) != 1:
            problems.append(Problem(
                grid.file, line, "", name, "the arms of this trial are "
                f"{', '.join(arms[i] or '(empty)' for i in members)}",
                f"{treated} and one other", rule="arms"))
            continue
        first, second = (grid.rows[i][1] for i in (own[0], others[0]))
        rows.append((line, [name, *(first[i] for i in kept), *(first[i] for i in places),
                            *(second[i] for i in places)]))
    if problems:
        raise DataError(shortened(problems))
    header = ["study", *(grid.header[i] for i in kept), *(f"{n}1" for n in single),
              *(f"{n}2" for n in single)]
    return replace(grid, header=header, rows=rows, notes=(
        *grid.notes, f"the rows are arms: arm 1 is {treated}, arm 2 the other of the trial"))
