"""Units of work on this machine or on a cluster; the results are the same wherever they run."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import platform
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

from .. import __version__
from ..data import reads
from . import stopping

ATTEMPTS = 3  # of a unit whose worker dies
WAIT = 20  # seconds for the scheduler, and for its first worker
JOBS, SCHEDULER = "LIVINGREVIEW_JOBS", "LIVINGREVIEW_SCHEDULER"


class WorkersError(Exception):
    """The units could not be run where they were asked to."""


@cache
def identity() -> str:
    """What results depend on besides the data, in words: package, interpreter, libraries."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "pandas"))
    return (f"livingreview {__version__} (code {reads.package_digest()[:12]}), "
            f"Python {platform.python_version()}, {libraries}")


def address(text: str) -> str:
    """The address of a scheduler, as it was written.

    Raises
    ------
    ValueError
        When it is none.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port or parts.path:
        raise ValueError(f"{text!r} is no address of a scheduler, such as tcp://host:8786")
    return text


@dataclass(frozen=True)
class Workers:
    """Where units of work run.

    Parameters
    ----------
    jobs : int, optional
        Processes on this machine; all cores where it is left out, one runs in this process.
    scheduler : str, optional
        Address of an existing dask cluster, such as ``tcp://host:8786``.
    """

    jobs: int | None = None
    scheduler: str | None = None

    @classmethod
    def chosen(cls) -> Workers:
        """What the command that started this process was told.

        Raises
        ------
        WorkersError
            When a variable holds something else.
        """
        jobs, scheduler = os.environ.get(JOBS), os.environ.get(SCHEDULER)
        if jobs and (not jobs.isdecimal() or int(jobs) < 1):
            raise WorkersError(f"{JOBS} is {jobs!r}: expected a whole number from 1")
        try:
            return cls(int(jobs) if jobs else None, address(scheduler) if scheduler else None)
        except ValueError as error:
            raise WorkersError(f"{SCHEDULER}: {error}") from None

    def environment(self) -> dict[str, str]:
        """The variables by which a process that is started is told the same."""
        return {JOBS: str(self.jobs or ""), SCHEDULER: self.scheduler or ""}

    @property
    def remote(self) -> bool:
        """Whether units may run where the files of this machine cannot be seen."""
        return bool(self.scheduler)

    @property
    def count(self) -> int:
        """Processes on this machine."""
        if self.jobs:
            return self.jobs
        if hasattr(os, "sched_getaffinity"):  # what this process may use, where that is known
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def run(self, function: Callable, units: Sequence[tuple],
            apart: bool = False) -> Iterator[tuple[int, object]]:
        """Call a function with each unit's arguments.

        Parameters
        ----------
        function : callable
            Of a module, so that another process can import it.
        units : sequence of tuple
            Arguments that can be pickled.
        apart : bool
            Whether each unit begins a process of its own, for which it then waits.

        Yields
        ------
        (int, object)
            Position of a unit and what the function returned, in the order in which they finish.

        Raises
        ------
        WorkersError
            When the cluster cannot be reached, or a unit's worker died at every attempt; all
            other units are done before.
        """
        if self.remote:
            return _on_cluster(self.scheduler, function, units)
        if apart:  # one more than there are cores: each waits a part of its time
            return _in_threads(self.jobs or self.count + 1, function, units)
        if self.count == 1 or len(units) < 2:
            return ((i, function(*unit)) for i, unit in enumerate(units))
        return _in_processes(self.count, function, dict(enumerate(units)))


def _in_threads(count: int, function: Callable,
                units: Sequence[tuple]) -> Iterator[tuple[int, object]]:
    """Units that wait for processes of their own, in threads of this process."""
    # a signal must come to the main thread, which alone would wake up
    executor = ThreadPoolExecutor(count, initializer=signal.pthread_sigmask,
                                  initargs=(signal.SIG_BLOCK, stopping.SIGNALS))
    futures = {executor.submit(function, *unit): i for i, unit in enumerate(units)}
    try:
        for future in as_completed(list(futures)):
            yield futures.pop(future), future.result()
    finally:  # whoever stops listening, wants no more of it
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children() if futures else ():
            process.kill()


def _in_processes(count: int, function: Callable,
                  left: dict[int, tuple]) -> Iterator[tuple[int, object]]:
    """Units in processes of this machine; those that a dead one had are tried again.

    When a process dies, so do all others. The last attempt therefore takes one unit at a time: one
    that always ends its process does not take the others with it.
    """
    for attempt in range(1, ATTEMPTS + 1):
        groups = [dict(left)] if attempt < ATTEMPTS else [{i: u} for i, u in left.items()]
        for group in groups:
            for position, result in _once(min(count, len(group)), function, group):
                del left[position]
                yield position, result
        if not left:
            return
    raise WorkersError(f"{_units(len(left))} could not be done: the process ended {ATTEMPTS} "
                       "times (is there enough memory?)")


def _once(count: int, function: Callable,
          units: Mapping[int, tuple]) -> Iterator[tuple[int, object]]:
    """The units that are done when each is tried once."""
    from joblib.externals.loky import ProcessPoolExecutor

    with stopping.unreachable():
        executor = ProcessPoolExecutor(max_workers=count, initializer=stopping.follow,
                                       initargs=(os.getpid(),))
    try:
        try:
            with stopping.unreachable():
                futures = {executor.submit(function, *unit): i for i, unit in units.items()}
        except BrokenProcessPool:  # a worker died while the units were being handed out
            return
        for future in as_completed(list(futures)):
            position = futures.pop(future)  # a future keeps its result, and there may be thousands
            try:
                result = future.result()
            except BrokenProcessPool:
                continue
            yield position, result
    finally:  # whoever stops listening, wants no more of it
        executor.shutdown(wait=True, kill_workers=True)


def _units(n: int) -> str:
    return "1 unit of work" if n == 1 else f"{n} units of work"


def _on_cluster(scheduler: str, function: Callable,
                units: Sequence[tuple]) -> Iterator[tuple[int, object]]:
    """Units on an existing cluster, which gives those of a dead worker to another one."""
    import logging

    from distributed import CancelledError, Client, KilledWorker
    from distributed import as_completed as as_they_finish

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what ends badly is raised too
    try:
        client = Client(scheduler, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise WorkersError(f"no dask scheduler answers at {scheduler}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT)
        except TimeoutError as error:
            raise WorkersError(f"the dask scheduler at {scheduler} has no worker") from error
        call = _call(identity())

        def submitted(unit: tuple):
            return client.submit(call, pickle.dumps((function, unit)), pure=False)

        def received(future) -> object:
            try:
                right, result = future.result()
            except CancelledError as error:
                raise WorkersError(f"the dask scheduler at {scheduler} went away") from error
            if not right:
                raise WorkersError(f"a worker of {scheduler} has {result}; here is {identity()}: "
                                   "install the same there")
            return result

        position = {submitted(unit): i for i, unit in enumerate(units)}
        suspected, dead = [], 0
        for future in as_they_finish(list(position), loop=client.loop):
            i = position.pop(future)  # the cluster keeps the result of a future that is kept
            try:
                yield i, received(future)
            except KilledWorker:
                suspected.append(i)
        for i in suspected:  # a unit that was on the worker of another one is blamed too
            try:
                yield i, received(submitted(units[i]))
            except KilledWorker:
                dead += 1
    if dead:
        raise WorkersError(f"{_units(dead)} could not be done: each ended its worker every time "
                           "it was tried (is there enough memory?)")


def _call(expected: str) -> Callable[[bytes], tuple[bool, object]]:
    """What a worker is asked to call: a unit, unless it would give other results there.

    The inner function travels as its code, because a worker may lack this module.
    """
    def call(content: bytes) -> tuple[bool, object]:
        import pickle

        try:
            from livingreview.site.workers import identity
        except ImportError:
            return False, "no livingreview, or another one"
        if identity() != expected:
            return False, identity()
        function, unit = pickle.loads(content)
        return True, function(*unit)

    return call
