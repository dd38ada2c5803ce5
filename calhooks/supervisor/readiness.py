"""Asking the web server whether everything has come up, and whether it waits for its first account."""

import socket
import time

PATIENCE_SECONDS = 10.0


class ReadinessCheck:
    """One address, asked again and again without ever waiting for it."""

    def __init__(self, listener: socket.socket, path: str) -> None:
        self._family = listener.family
        host, port = listener.getsockname()[:2]
        self._address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - not bound
        self._request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        self._connection: socket.socket | None = None
        self._answer = b""
        self.last_body = ""

    def status(self) -> int | None:
        """Take one step and return the answer's status once it is there."""
        try:
            connection = self._connection or self._ask()
            while data := connection.recv(65536):
                self._answer += data
        except BlockingIOError:
            return None
        except OSError:
            self.hang_up()
            return None
        status = self._answer.split(b" ", 2)[1:2]
        self.last_body = self._answer.partition(b"\r\n\r\n")[2].decode(errors="replace").strip()
        self.hang_up()
        return int(status[0]) if status else None

    def hang_up(self) -> None:
        """Forget the connection; the next step asks anew."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._answer = b""

    def _ask(self) -> socket.socket:
        # The port is ours and listens, so that the kernel connects at once; the answer comes when the server is up.
        self._connection = connection = socket.socket(self._family, socket.SOCK_STREAM)
        connection.settimeout(1)
        connection.connect(self._address)
        connection.sendall(self._request)
        connection.setblocking(False)
        return connection


class Startup:
    """What is found out between the start and the moment in which a person can use calhooks."""

    def __init__(self, listener: socket.socket) -> None:
        self._began = time.monotonic()
        self._readyz = ReadinessCheck(listener, "/readyz")
        self._setup = ReadinessCheck(listener, "/setup")
        self._complain_at = PATIENCE_SECONDS
        self.ready_after: float | None = None
        self.needs_setup = False

    @property
    def seconds(self) -> float:
        """Return how long ago the start began."""
        return time.monotonic() - self._began

    def step(self) -> bool:
        """Ask on and tell whether all is known."""
        if self.ready_after is None:
            if self._readyz.status() != 200:
                return False
            self.ready_after = self.seconds
        status = self._setup.status()
        self.needs_setup = status == 200
        return status is not None

    def complaint(self) -> str | None:
        """Say from time to time what is not ready yet."""
        if self.seconds < self._complain_at:
            return None
        self._complain_at *= 3
        return f"Not ready after {self.seconds:.0f} s. /readyz says: {self._readyz.last_body or 'nothing yet'}"
