"""Asking the web server whether everything has come up."""

import socket

REQUEST = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Probe:
    """Asks /readyz again and again without ever waiting for it."""

    def __init__(self, listener: socket.socket) -> None:
        self._family = listener.family
        host, port = listener.getsockname()[:2]
        self._address = ({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)  # noqa: S104 - not bound
        self._connection: socket.socket | None = None
        self._answer = b""

    def ready(self) -> bool:
        """Take one step and tell whether the answer was yes."""
        try:
            if self._connection is None:
                self._ask()
            return self._read()
        except BlockingIOError:
            return False
        except OSError:
            self.close()
            return False

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._answer = b""

    def _ask(self) -> None:
        # The port is ours and listens, so that the kernel connects at once; the answer comes when the server is up.
        self._connection = socket.socket(self._family, socket.SOCK_STREAM)
        self._connection.settimeout(1)
        self._connection.connect(self._address)
        self._connection.sendall(REQUEST)
        self._connection.setblocking(False)

    def _read(self) -> bool:
        assert self._connection is not None
        data = self._connection.recv(4096)
        self._answer += data
        if data:
            return False
        status = self._answer.split(b" ", 2)[1:2]
        self.close()
        return status == [b"200"]
