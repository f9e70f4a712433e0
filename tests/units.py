"""Units of work for tests: another process imports this module and nothing else."""

from __future__ import annotations

import os
import weakref
from pathlib import Path


def dies_at_first(unit: int, folder: str) -> tuple[int, int]:
    """Its square and its process; the process of the fourth ends when it is tried first."""
    mark = Path(folder) / "died"
    if unit == 3 and not mark.exists():
        mark.touch()
        os._exit(9)
    return unit ** 2, os.getpid()


def always_dies(unit: int) -> int:
    """The unit itself; the second always ends its process."""
    if unit == 1:
        os._exit(9)
    return unit


def raises(unit: int) -> int:
    """The unit itself; an error where it is not zero."""
    if unit:
        raise ArithmeticError("this unit is wrong")
    return unit


class Result:
    """A result that is known to be there as long as somebody keeps it."""

    alive: weakref.WeakSet = weakref.WeakSet()

    def __setstate__(self, state: dict) -> None:
        self.__dict__ |= state
        self.alive.add(self)


def large(unit: int) -> Result:
    """A result of a unit."""
    made = Result()
    made.unit = unit
    return made
