"""One command at a time writes in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class BusyError(Exception):
    """Another command is at work in a folder."""


@contextmanager
def alone(*folders: Path) -> Iterator[None]:
    """Folders in which no other command of surveillance writes meanwhile.

    The system takes the lock back when the command ends, however it does.

    Raises
    ------
    BusyError
        When another one is at work.
    OSError
        When a folder is not there.
    """
    with ExitStack() as stack:
        for folder in folders:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(f"another command is at work in {folder}: wait until it has "
                                "ended") from None
        yield
