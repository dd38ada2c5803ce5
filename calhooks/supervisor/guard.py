"""The supervisor's side of the keeper."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

KEEPER = Path(__file__).parent / "keeper.py"


class Guard:
    """Has a process of its own end the children when this one can no longer do it."""

    def __init__(self) -> None:
        self._guarded: dict[int, float] = {}
        self._start()

    def add(self, group: int, grace: float) -> None:
        """Put a process group on the list."""
        self._guarded[group] = grace
        self._tell(f"guard {group} {grace}\n")

    def remove(self, group: int) -> None:
        """Take a process group off the list."""
        if self._guarded.pop(group, None) is not None:
            self._tell(f"release {group}\n")

    def renew(self) -> bool:
        """Start the keeper again if somebody has ended it, and tell whether that was done.

        Without a descriptor or a process to spare, the next call tries again.
        """
        if self._process.poll() is None:
            return False
        with suppress(OSError):
            self._start()
            return True
        return False

    def close(self) -> None:
        """Let the keeper end; what is still on its list ends with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            # Without site-packages: it needs the standard library alone, and little of that.
            (sys.executable, "-I", "-S", str(KEEPER)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
            bufsize=1,
        )
        for group, grace in self._guarded.items():
            self._tell(f"guard {group} {grace}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
        except BrokenPipeError:
            # It has just been ended; renew() hands over the whole list.
            self._process.send_signal(signal.SIGKILL)
