"""Kernels that begin as copies of a process which has loaded the libraries that pages need.

A kernel of its own keeps pages apart; loading the same libraries seventy times would take most of
a build. Registered as a provisioner of kernels of Jupyter, named by `NAME`.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import forkserver, resource_tracker
from multiprocessing.process import BaseProcess
from threading import Lock
from types import ModuleType

from jupyter_client.provisioning import LocalProvisioner

from . import stopping

NAME, ORDINARY = "livingreview-forked", "local-provisioner"
_SHORT = 60  # bytes of a folder: its socket adds 35, and some systems allow 104
_FORK = "forkserver"  # of multiprocessing: its process has no threads, so that it can be copied
# Of the package only what every page loads: a page depends on all that is loaded where it runs.
_LOADED = ("ipykernel.kernelapp", "IPython.core.interactiveshell", "pandas", "scipy.special",
           "jinja2.ext", "babel.messages.pofile", "babel.messages.mofile",
           "joblib.externals.loky.backend.spawn", "livingreview.review",
           "livingreview.view.naming", "livingreview.render.shown")


def possible() -> bool:
    """Whether this process can have such kernels.

    A worker of a cluster may have no children, and a socket in the folder of temporary files has
    no longer name than the system allows.
    """
    return (_FORK in multiprocessing.get_all_start_methods()
            and not multiprocessing.current_process().daemon
            and len(os.fsencode(tempfile.gettempdir())) < _SHORT)


def begin() -> None:
    """Begin the process that is copied, where there is none: it loads libraries meanwhile."""
    multiprocessing.get_context(_FORK).set_forkserver_preload(list(_LOADED))
    _own_folder()
    _stop_without_address()
    resource_tracker.ensure_running()  # it ends with signals let through
    before = signal.pthread_sigmask(signal.SIG_BLOCK, stopping.SIGNALS)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _own_folder() -> None:
    """A folder of multiprocessing that nobody misses when that of the command has gone before."""
    known = multiprocessing.current_process()._config
    if not os.path.isdir(known.get("tempdir") or ""):
        known["tempdir"] = tempfile.mkdtemp(prefix="pymp-")
        atexit.register(shutil.rmtree, known["tempdir"], ignore_errors=True)


def _stop_without_address() -> None:
    """End a process that cannot be reached: its socket went with the folder of a command."""
    server = forkserver._forkserver
    if server._forkserver_address and not os.path.exists(server._forkserver_address):
        with suppress(FileNotFoundError):  # it would remove the socket
            server._stop()


_alone = Lock()


@contextmanager
def _without_program() -> Iterator[None]:
    """The program that runs here is nothing that a kernel has to load."""
    with _alone:
        program = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = program


class _Kernel:
    """A process of multiprocessing as provisioners know processes: those of subprocess."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess):
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def terminate(self) -> None:
        self._process.terminate()


class Forked(LocalProvisioner):
    """Starts a kernel as a copy of a process in which libraries are loaded."""

    async def launch_kernel(self, cmd: list[str], **options) -> dict:
        """Start the kernel.

        Parameters
        ----------
        cmd : list of str
            The interpreter, ``-m``, the module of the kernel, and its arguments.
        **options
            ``env`` and ``cwd`` of the process; what concerns other processes only is passed over.

        Returns
        -------
        dict
            How it is reached.

        Raises
        ------
        RuntimeError
            As where any kernel does not begin.
        """
        process = multiprocessing.get_context(_FORK).Process(target=_run, args=(
            cmd[cmd.index("-m") + 2:], options["env"], options.get("cwd") or os.getcwd()))
        try:
            begin()
            with _without_program():
                process.start()
        except (EOFError, OSError) as error:  # the process that is copied was ended
            raise RuntimeError("no kernel could be begun") from error
        self.process = _Kernel(process)
        self.pid = self.pgid = process.pid
        return self.connection_info


def _run(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    """What a kernel does, from its first moment to its last."""
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    # it ends with the process that it is a copy of
    IPKernelApp.launch_instance(
        argv=[*arguments, f"--IPKernelApp.parent_handle={os.getppid()}"])
    # its threads may find the channels closed while it ends, which is nothing to be told
    logging.disable()
