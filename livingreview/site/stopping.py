"""Commands that are stopped end as a whole: with all processes and all files that they began.

A signal, or output that nobody reads any more, reaches the command as an exception, so that the
blocks that have begun something take it back. What a command starts runs in sessions of its own or
with signals blocked: it hears of the end from the command alone, and ends too when that is gone.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MARK = "LIVINGREVIEW_COMMAND"  # the variable by which a command finds what it has started
_TICK = 0.25  # seconds between two looks at parent and output
_GRACE = 2.5  # seconds in which a process that is asked to end may end by itself
_PATIENCE = 4  # seconds after which a command that is being stopped ends its processes anyway
_FAREWELL = {signal.SIGPIPE: "nobody reads its output any more"}
_TRACKER = "resource_tracker"  # a helper of multiprocessing, which ends with the process it serves


class Stopped(SystemExit):
    """A command was stopped; as an exit it passes through what catches errors."""

    def __init__(self, reason: signal.Signals):
        super().__init__(128 + reason)


class _Command:
    """A command that runs and can be stopped."""

    def __init__(self, name: str):
        outer, parent = os.environ.get(MARK, ""), os.getppid()
        self.name, self.mark = name, f"{outer}/{os.getpid()}"
        # one that another command has started itself ends with that, which also says so
        self.parent = parent if outer.rpartition("/")[2] == str(parent) else None
        self.pipe = _is_pipe(1)
        self.reason: signal.Signals | None = None
        self.since: float | None = None  # when it was stopped
        self.told = False  # whether it has said so
        self.shields, self.late = 0, False
        self.over = threading.Event()

    def handle(self, number: int, _frame) -> None:
        """A signal has come: raise what stops the command, once."""
        if self.since and time.monotonic() < self.since + _PATIENCE:
            return  # it is being stopped
        self.reason = self.reason or signal.Signals(number)
        if self.shields:
            self.late = True
            return
        self.stop()

    def stop(self) -> NoReturn:
        """Raise what stops the command, and see to it that its processes end in any case."""
        self.since = time.monotonic()
        if self.parent is None and not self.told:
            self.told = True
            with suppress(OSError):  # nobody may read this either
                said = _FAREWELL.get(self.reason, self.reason.name)
                os.write(2, f"\n{self.name} was stopped: {said}\n".encode())
        if self.pipe and self.reason == signal.SIGPIPE:  # what is still to be written goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        timer = threading.Timer(_PATIENCE, lambda: _end(_started(self.mark), 0))
        timer.daemon = True
        timer.start()
        raise Stopped(self.reason)

    def unheard(self, ignored, report: Callable) -> None:
        """An exception that Python has ignored: when it is what stops the command, stop it again.

        That happens where the signal comes in a finaliser or the callback of a weak reference.
        """
        if isinstance(ignored.exc_value, Stopped):
            self.since = None
            threading.Timer(_TICK / 5, self.again).start()
        else:
            report(ignored)

    def again(self) -> None:
        """Have the signal come in the main thread, where it is handled."""
        if not self.over.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    def watch(self) -> None:
        """Stop the command when its parent is gone, or its output is read no more."""
        while not self.over.wait(_TICK):
            if self.parent and os.getppid() != self.parent:
                self.reason = signal.SIGHUP
            elif self.unread():
                self.reason = signal.SIGPIPE
            else:
                continue
            self.again()
            return

    def unread(self) -> bool:
        """Whether the output goes to a pipe whose other end is closed."""
        if not self.pipe:
            return False
        looked = select.poll()
        looked.register(1, 0)
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in looked.poll(0))


_running: list[_Command] = []  # of this process, the innermost last


def _is_pipe(descriptor: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(descriptor).st_mode)
    except OSError:
        return False


@contextmanager
def stoppable(name: str) -> Iterator[None]:
    """A command that ends in an orderly way when it is stopped, with exit code 128 + signal.

    Meanwhile temporary files, also those of the processes that it starts, are in one folder, which
    is removed at the end.

    Parameters
    ----------
    name : str
        For the line that says what was stopped.
    """
    command = _Command(name)
    with _handled(command), _temporary(command):
        watcher = threading.Thread(target=command.watch, daemon=True)
        try:
            try:
                watcher.start()
                yield
            except BrokenPipeError as error:
                lost(error)
            finally:
                command.over.set()
                watcher.join()
        finally:
            if command.since:
                _end(_started(command.mark), _GRACE)


def lost(error: BrokenPipeError) -> NoReturn:
    """Stop the command because it could not say something; it is an error where none runs."""
    command = _running[-1] if _running else None
    if command is None or command.since or not command.unread():
        raise error
    command.reason = signal.SIGPIPE
    command.stop()


def can_be_stopped(function: Callable) -> Callable:
    """A command of the command line, made `stoppable` under its own name."""
    @wraps(function)
    def stopped(*arguments, **options):
        with stoppable(function.__name__.replace("_", "-")):
            return function(*arguments, **options)

    return stopped


@contextmanager
def _handled(command: _Command) -> Iterator[None]:
    """Signals go to the command; those that whoever started it ignores stay ignored."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    caught = [number for number, handler in before.items()
              if number == signal.SIGTERM or handler != signal.SIG_IGN]
    _running.append(command)
    report = sys.unraisablehook
    sys.unraisablehook = lambda ignored: command.unheard(ignored, report)
    try:
        for number in caught:
            signal.signal(number, command.handle)
        yield
    finally:
        sys.unraisablehook = report
        for number in caught:
            signal.signal(number, before[number])
        _running.remove(command)


@contextmanager
def _temporary(command: _Command) -> Iterator[None]:
    """A folder for all temporary files, and the mark of the command, for what it starts."""
    folder = tempfile.mkdtemp(prefix="livingreview-")
    told = {MARK: command.mark, "TMPDIR": folder, "JUPYTER_RUNTIME_DIR": folder}
    before, own = {name: os.environ.get(name) for name in told}, tempfile.tempdir
    try:
        os.environ.update(told)
        tempfile.tempdir = folder
        yield
    finally:
        tempfile.tempdir = own
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def shielded() -> Iterator[None]:
    """A block of a moment, such as a swap of folders, after which a command is stopped at once."""
    command = _running[-1] if _running else None
    if command is None:
        yield
        return
    command.shields += 1
    try:
        yield
    finally:
        command.shields -= 1
        if command.late and not command.shields:
            command.late = False
            command.stop()


def call(command: list[str] | str, **options) -> int:
    """Run a process and wait for it; when the waiting ends early, so do it and its processes.

    Parameters
    ----------
    command : list of str or str
    **options
        Of `subprocess.Popen`.

    Returns
    -------
    int
        Its exit code.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        return process.wait()
    except BaseException:
        _end(_started(_running[-1].mark if _running else None), _GRACE)
        raise


@contextmanager
def unreachable() -> Iterator[None]:
    """Processes that are started in the block get no signal of a terminal or a group."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend.resource_tracker import ensure_running

    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        for start in (resource_tracker.ensure_running, ensure_running):
            start()  # ends with signals let through
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def follow(parent: int) -> None:
    """End this process, and what it has started, when the one that started it is gone.

    Parameters
    ----------
    parent : int
        The process that started it.
    """
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_TICK)
        _end(_started(None), 0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _started(mark: str | None) -> list:
    """Processes below this one, and others that bear its mark: their parent may be gone."""
    import psutil

    own = psutil.Process()
    found = set(own.children(recursive=True))
    for process in psutil.process_iter() if mark else ():
        with suppress(psutil.Error):
            theirs = process.environ().get(MARK, "")
            if theirs == mark or theirs.startswith(f"{mark}/"):
                found.add(process)
    return [process for process in found - {own} if not _serves(process)]


def _serves(process) -> bool:
    """Whether a process is a helper that ends with the one it serves."""
    import psutil

    try:
        return any(_TRACKER in part for part in process.cmdline())
    except psutil.Error:
        return False


def _end(processes: Iterable, grace: float) -> None:
    """End processes: by asking, and after some seconds by force."""
    import psutil

    left = list(processes)
    for end in ("terminate", "kill") if grace else ("kill",):
        for process in left:
            with suppress(psutil.Error):
                getattr(process, end)()
        left = psutil.wait_procs(left, grace or 1)[1]
