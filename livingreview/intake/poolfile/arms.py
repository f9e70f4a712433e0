"""A file with a row for each arm, made one with a row for each trial, and the other way round."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

from ...data.problems import DataError, Problem, shortened
from .asking import Reading
from .columns import TREATMENT, Columns, plain
from .grid import Grid

_NUMBER = re.compile(r"[0-9.,]+")


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


def _numbered(grid: Grid) -> dict[str, dict[str, int]]:
    """Where columns are that are named with the number of an arm, as T.1, N.1, T.2, N.2."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for i, name in enumerate(grid.header):
        parts = re.fullmatch(r"(.*[^\W\d_])[\W_]*([1-9])", name)
        if parts:
            found[plain(parts[1])][parts[2]] = i
    arms = {arm for name in TREATMENT & found.keys() for arm in found[name]}
    return {name: places for name, places in found.items()
            if len(arms) > 1 and arms <= places.keys()}


def by_arm(grid: Grid) -> Grid:
    """The table with a row for each arm, where trials have columns that number their arms.

    MetaInsight's wide form: a trial with fewer arms leaves the others empty.

    Parameters
    ----------
    grid : Grid
    """
    numbered = _numbered(grid)
    if not TREATMENT & numbered.keys() or not numbered.keys() - TREATMENT:
        return grid
    treatment = next(name for name in numbered if name in TREATMENT)
    taken = {i for places in numbered.values() for i in places.values()}
    kept = [i for i in range(len(grid.header)) if i not in taken]
    rows = [(line, [*(cells[i] for i in kept), *(p[arm] for p in (
        {a: cells[i] for a, i in places.items()} for places in numbered.values()))])
            for line, cells in grid.rows for arm, there in numbered[treatment].items()
            if cells[there]]
    header = [*(grid.header[i] for i in kept), *numbered]
    return replace(grid, header=header, rows=rows, notes=(
        *grid.notes, "the numbers behind names of columns are arms"))


def one_comparison(grid: Grid) -> None:
    """Refuse trials that compare different treatments, by their columns of treatments.

    Raises
    ------
    DataError
        Where a treatment is the first of one trial and the second of another, or a trial has a
        third arm: there is no one comparison to pool.
    """
    for name, places in _numbered(grid).items():
        if name not in TREATMENT:
            continue
        first, second, *more = ({*filter(None, grid.column(i))} for i in places.values())
        if all(_NUMBER.fullmatch(one) for one in first.union(second, *more)):
            continue  # times at risk are named so too
        if first & second or any(more):
            said = ", ".join(sorted(first.union(second, *more))[:6])
            raise DataError([Problem(
                grid.file, 1, "", "", f"the trials compare different treatments ({said})",
                "trials of one comparison; or all treatments at once: --network")])


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
