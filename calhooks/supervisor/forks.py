"""Workers and the scheduler as forks of the supervisor: they share the memory of what all of them import.

Nothing that is loaded here starts a thread or opens a connection. Only Linux has such forks: on macOS the system's
libraries do not survive one, and the processes start as programs of their own.
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from io import FileIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from calhooks.config import Config
from calhooks.supervisor.command_line import set_command_line
from calhooks.supervisor.commands import Command

if TYPE_CHECKING:
    from flask import Flask

RESET_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


class ForkedProcess:
    """A fork, with the part of subprocess.Popen that the supervisor uses."""

    def __init__(self, pid: int, output: FileIO) -> None:
        self.pid = pid
        self.stdout = output
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal, or None while the process runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


class Preloaded:
    """The application without pages, loaded when the first process needs it."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings
        self._tried = False
        self._app: Flask | None = None

    def ready_for(self, command: Command) -> bool:
        """Tell whether the command can be forked, after loading what it needs. Loading takes about a second."""
        if not command.flask_command or sys.platform != "linux":
            return False
        if not self._tried:
            self._tried = True
            self._load()
        return self._app is not None

    def fork(self, command: Command, follow: Callable[[], None] | None) -> ForkedProcess:
        """Fork a process that runs the command in a group of its own, after `follow`. Raises OSError."""
        output, writer = _pipe()
        try:
            with writer:
                return ForkedProcess(self._fork(command, follow, writer.fileno()), output)
        except OSError:
            output.close()
            raise

    def _fork(self, command: Command, follow: Callable[[], None] | None, output: int) -> int:
        waits, named = _pipe()
        with waits, named:
            # Signals wait until the fork has its own handlers: the supervisor's would swallow them.
            mask = set(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())))
            try:
                pid = os.fork()
                if pid == 0:
                    self._run(command, follow, output, mask)
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            named.close()
            # The fork closes its end as soon as it has its group and its command line, by which it is found.
            waits.read(1)
        return pid

    def _load(self) -> None:
        gc.disable()
        try:
            from sqlalchemy.orm import configure_mappers

            from calhooks import create_app, scheduler, worker  # noqa: F401 - what the forks import
            from calhooks.delivery.sending.sender import sender_for

            app = create_app(self._settings, pages=False)
            configure_mappers()
            # The root certificates are 4 MB.
            sender_for(self._settings.egress_allow, self._settings.ca_bundle)
            self._app = app
        except Exception:
            # The processes, started as programs, fail with the same and say so.
            return
        finally:
            gc.enable()
        # Each fork would fill, and so copy, pages in which some memory is free. The collector would write to all
        # objects that are not frozen.
        gc.collect()
        gc.freeze()

    def _run(self, command: Command, follow: Callable[[], None] | None, output: int, mask: set[int]) -> NoReturn:
        """Be the fork. Never returns: the objects of the supervisor that wait above belong to another process."""
        status: object = 1
        try:
            os.setpgid(0, 0)
            _reset_signals()
            is_named = _has_command_line(command)
            _leave_files(output)
            if follow:
                follow()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            if not is_named:
                os.execv(command.argv[0], command.argv)  # noqa: S606 - our own commands
            from calhooks.cli import run_flask

            assert self._app is not None
            run_flask(self._app, command.flask_command)
        except SystemExit as error:
            status = error.code
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status if isinstance(status, int) else int(status is not None))


def _pipe() -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    return FileIO(reader, "rb"), FileIO(writer, "wb")


def _has_command_line(command: Command) -> bool:
    try:
        set_command_line(command.argv)
    except OSError:
        return False
    return True


def _reset_signals() -> None:
    """Handle signals as a new Python does. What was ignored stays ignored."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in RESET_SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    sys.unraisablehook = sys.__unraisablehook__


def _leave_files(output: int) -> None:
    """Read nothing, print to `output`, and close what is the supervisor's: the port, the lock, the keeper's pipe."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(old, new)
    os.closerange(3, max(int(each.name) for each in Path("/proc/self/fd").iterdir()) + 1)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(line_buffering=True, write_through=True)
