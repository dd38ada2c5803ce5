"""One process that is kept running."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from calhooks.supervisor.commands import Command
from calhooks.supervisor.forks import ForkedProcess, Preloaded
from calhooks.supervisor.output import ProcessOutput
from calhooks.supervisor.preflight import CannotStart

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
# A process that has run for this long did not fail because of how it was started. One that another process killed says
# little about its start: after a second, it starts again as soon as the first time, however often it is killed.
SETTLED_SECONDS = 30.0
SETTLED_IF_KILLED_SECONDS = 1.0
PR_SET_PDEATHSIG = 1


class Child:
    """A command's process, started again with growing pauses when it ends by itself. Moments are time.monotonic()'s."""

    def __init__(self, command: Command, preloaded: Preloaded) -> None:
        self.command = command
        self.name = command.name
        self.start_at: float | None = None
        self.gave_up = False
        self._preloaded = preloaded
        self._process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self._started = 0.0
        self._failures = 0

    @property
    def pid(self) -> int:
        """Return the id of the process, which is its group's too."""
        return self._process.pid if self._process else 0

    @property
    def running(self) -> bool:
        """Tell whether there is a process that has not been seen to end."""
        return self._process is not None

    def start(self) -> ProcessOutput:
        """Start the process in a group of its own, so that Ctrl-C reaches the supervisor alone. Raises CannotStart."""
        command = self.command
        can_fork = self._preloaded.ready_for(command)
        self.start_at = None
        self._started = time.monotonic()
        follow = follow_parent(signal.SIGTERM if command.grace else signal.SIGKILL)
        command.before()
        try:
            self._process = self._preloaded.fork(command, follow) if can_fork else _execute(command, follow)
        except OSError as error:
            raise CannotStart(f"{command.argv[0]} ({self.name}) cannot be started: {error.strerror}.") from error
        assert self._process.stdout is not None
        return ProcessOutput(self.name, self._process.stdout, command.hides)

    def send(self, number: int) -> None:
        """Signal the whole group."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def ended(self) -> str | None:
        """Notice an end, say how it came about and set `start_at` and `gave_up`; None while the process runs."""
        if self._process is None or (status := self._process.poll()) is None:
            return None
        # What the process leaves behind (gunicorn's own child) has nobody any more.
        self.send(signal.SIGTERM)
        pid = self._process.pid
        self._process = None
        # Nobody has killed it: it said itself that it cannot go on.
        self.gave_up = status > 0
        delay = self.put_off(SETTLED_IF_KILLED_SECONDS if status < 0 else SETTLED_SECONDS)
        if status < 0:
            return f"process {pid} was killed by {signal.Signals(-status).name}; starting again in {delay:g} s"
        return f"process {pid} ended with status {status}; starting again in {delay:g} s"

    def put_off(self, settled: float = SETTLED_SECONDS) -> float:
        """Set `start_at`, later with each failure in a row, and return the seconds until then.

        After a run of more than `settled` seconds, a failure is the first in its row.
        """
        self._failures = 1 if time.monotonic() - self._started > settled else self._failures + 1
        delay: float = min(FIRST_DELAY_SECONDS * 2 ** (self._failures - 1), MAX_DELAY_SECONDS)
        self.start_at = time.monotonic() + delay
        return delay


def _execute(command: Command, follow: Callable[[], None] | None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own commands
        command.argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=command.inherits,
        process_group=0,
        preexec_fn=follow,
    )


def follow_parent(number: int) -> Callable[[], None] | None:
    """Have Linux signal the process when its parent is gone: the keeper hears of it an instant after its start."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def follow() -> None:
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return follow
