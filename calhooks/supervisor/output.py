"""What the person at the terminal, or the journal, gets to read."""

import os
import sys
from io import TextIOWrapper
from typing import IO

NAME_WIDTH = 10
MAX_LINE_BYTES = 64 * 1024


def open_streams() -> None:
    """See to it that output fails nobody.

    Standard descriptors that are closed lead nowhere: the lock or the port would take their numbers. Letters that the
    terminal does not have become question marks.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def say(name: str, text: str) -> None:
    """Print one line under the name of the process that it comes from."""
    show(f"{name:<{NAME_WIDTH}} | {text}")


def show(text: str) -> None:
    """Print; when nobody listens any more, go on without."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class ProcessOutput:
    """One child's output, passed on line by line."""

    def __init__(self, name: str, pipe: IO[bytes], hides: tuple[str, ...]) -> None:
        self._name = name
        self._pipe = pipe
        self._hides = hides
        self._rest = b""
        os.set_blocking(pipe.fileno(), False)

    def fileno(self) -> int:
        """Return the descriptor to wait for."""
        return self._pipe.fileno()

    def pass_on(self) -> bool:
        """Print what has come and tell whether more can follow."""
        try:
            data = os.read(self.fileno(), MAX_LINE_BYTES)
        except BlockingIOError:
            return True
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (not data or len(self._rest) > MAX_LINE_BYTES):
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            if not any(hidden in text for hidden in self._hides):
                say(self._name, text)
        return bool(data)

    def close(self) -> None:
        """Let go of the pipe."""
        self._pipe.close()
