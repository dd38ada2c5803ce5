"""Notices an embedded Redis that runs and cannot be reached: its socket was deleted, or it hangs."""

import socket
import time
from contextlib import suppress
from pathlib import Path

ASK_EVERY_SECONDS = 1.0
# In a row. A machine that was suspended misses one look, however long that was.
MAX_UNANSWERED = 10
PING = b"PING\r\n"


class RedisWatch:
    """Asks the Redis behind a Unix socket once a second and never waits for the answer."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._connection: socket.socket | None = None
        self.begin()

    def begin(self) -> None:
        """Forget the former process: one that starts has no socket yet."""
        self._hang_up()
        self._reached = False
        self._unanswered = 0
        self.look_at = time.monotonic() + ASK_EVERY_SECONDS

    def trouble(self) -> str | None:
        """Return why Redis has to be started again, None if it can be reached or nothing is known yet."""
        if time.monotonic() < self.look_at:
            return None
        self.look_at = time.monotonic() + ASK_EVERY_SECONDS
        if self._connection is not None:
            self._note(self._answered(self._connection))
        try:
            self._ask()
        except (FileNotFoundError, ConnectionRefusedError):
            if self._reached:
                return "its socket was deleted"
            # It starts, or its socket was deleted before it was ever reached.
            self._unanswered += 1
        except OSError:
            # This process has no descriptor left, or the queue of a Redis that hangs is full.
            pass
        if self._unanswered >= MAX_UNANSWERED:
            return f"it has not answered for {MAX_UNANSWERED * ASK_EVERY_SECONDS:g} s"
        return None

    def _note(self, answered: bool) -> None:
        self._reached = self._reached or answered
        self._unanswered = 0 if answered else self._unanswered + 1
        self._hang_up()

    def _answered(self, connection: socket.socket) -> bool:
        with suppress(OSError):
            return bool(connection.recv(64))
        return False

    def _ask(self) -> None:
        self._connection = connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.connect(self._path)
            connection.sendall(PING)
        except (FileNotFoundError, ConnectionRefusedError):
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
