"""Units of work on this machine or on a cluster; the results are the same wherever they run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

ATTEMPTS = 3  # of a unit whose worker dies
JOBS, SCHEDULER = "LIVINGREVIEW_JOBS", "LIVINGREVIEW_SCHEDULER"


class WorkersError(Exception):
    """The units could not be run where they were asked to."""


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
        """What the command that started this process was told."""
        jobs = os.environ.get(JOBS)
        return cls(int(jobs) if jobs else None, os.environ.get(SCHEDULER) or None)

    def environment(self) -> dict[str, str]:
        """The variables by which a process that is started is told the same."""
        return {JOBS: str(self.jobs or ""), SCHEDULER: self.scheduler or ""}

    @property
    def count(self) -> int:
        """Processes on this machine."""
        if self.jobs:
            return self.jobs
        if hasattr(os, "sched_getaffinity"):  # what this process may use, where that is known
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def run(self, function: Callable, units: Sequence[tuple]) -> Iterator[tuple[int, object]]:
        """Call a function with each unit's arguments.

        Parameters
        ----------
        function : callable
            Of a module, so that another process can import it.
        units : sequence of tuple
            Arguments that can be pickled.

        Yields
        ------
        (int, object)
            Position of a unit and what the function returned, in the order in which they finish.

        Raises
        ------
        WorkersError
            When the cluster cannot be reached, or a unit's worker died at every attempt.
        """
        if self.scheduler:
            return self._on_cluster(function, units)
        if self.count == 1 or len(units) < 2:
            return ((i, function(*unit)) for i, unit in enumerate(units))
        return self._in_processes(function, units)

    def _in_processes(self, function, units):
        from joblib.externals.loky import get_reusable_executor

        left = dict(enumerate(units))
        for _ in range(ATTEMPTS):
            executor = get_reusable_executor(max_workers=min(self.count, len(left)),
                                             kill_workers=True)
            futures = {executor.submit(function, *unit): i for i, unit in left.items()}
            for future in as_completed(futures):
                try:
                    result = future.result()
                except BrokenProcessPool:  # some worker died: all that is left is tried again
                    continue
                del left[futures[future]]
                yield futures[future], result
            if not left:
                return
        raise WorkersError(f"{len(left)} units of work could not be done: their process ended "
                           f"{ATTEMPTS} times (is there enough memory?)")

    def _on_cluster(self, function, units):
        from distributed import Client, KilledWorker
        from distributed import as_completed as as_they_finish

        try:
            client = Client(self.scheduler, timeout="20s", set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise WorkersError(f"no dask scheduler answers at {self.scheduler}") from error
        with client:
            futures = [client.submit(function, *unit, pure=False, retries=ATTEMPTS - 1)
                       for unit in units]
            position = {future.key: i for i, future in enumerate(futures)}
            try:
                for future in as_they_finish(futures):
                    yield position[future.key], future.result()
            except KilledWorker as error:
                raise WorkersError(f"a unit of work ended its worker each time it was tried: "
                                   f"{error}") from error
