"""How receivers misbehave."""

import contextlib
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.delivery.receivers import Received, answer, drip, flood, hang, say
from tests.faults.witness import TAKE, Behaviour, Choice, chosen

MEGABYTE = 1024 * 1024
RETRY_AFTER_SECONDS = 3
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n"


def always(behaviour: Behaviour) -> Choice:
    """Answer every request the same way."""
    return lambda _request, _times: behaviour


def at_first(count: int, behaviour: Behaviour, one_in: int) -> Choice:
    """Answer so many attempts badly, of one message in so many, and take it then."""
    return lambda request, times: behaviour if times <= count and chosen(request, one_in) else TAKE


def after(count: int, behaviour: Behaviour) -> Choice:
    """Take so many requests, and answer all that follow badly."""
    left = iter(range(count))
    return lambda _request, _times: TAKE if next(left, None) is not None else behaviour


def _then_drip(_request: Received, connection: socket.socket) -> bool:
    connection.sendall(HEAD)
    return drip(b"." * 60, 1)(_request, connection)


def _without_end(_request: Received, connection: socket.socket) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(600):
        connection.sendall(b"1\r\n.\r\n")
        time.sleep(0.1)
    return False


def _later_by_date(request: Received, connection: socket.socket) -> bool:
    # Dates have whole seconds.
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=RETRY_AFTER_SECONDS + 1)
    return answer(503, b"", f"Retry-After: {format_datetime(moment, usegmt=True)}")(request, connection)


SILENT = Behaviour(hang)
DRIPS_HEADERS = Behaviour(drip(b"HTTP/1.1 200 OK\r\nServer: a very slow one\r\n" * 2, 1))
DRIPS_BODY = Behaviour(_then_drip, takes=True)
NEVER_ENDS = Behaviour(_without_end, takes=True)
FLOODS = Behaviour(flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * MEGABYTE, 300), takes=True)
GARBAGE = Behaviour(say(b"\x00\xffthis is not HTTP\r\n\r\n" * 3))
CLOSES = Behaviour(say(b"HTTP/1.1 200 OK\r\nContent-"))
REDIRECTS = Behaviour(answer(302, b"", "Location: http://127.0.0.1:9/elsewhere"))
GONE = Behaviour(answer(410))
LATER = Behaviour(answer(429, b"", f"Retry-After: {RETRY_AFTER_SECONDS}"))
LATER_BY_DATE = Behaviour(_later_by_date)


class Deaf:
    """A port whose queue of connections is full and that accepts none: whoever connects hears nothing at all."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = socket.socket()
        self._listener.bind((address, port))
        self._listener.listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._filling = [socket.socket() for _ in range(3)]
        for each in self._filling:
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.connect((address, self.port))

    def close(self) -> None:
        """Give the port back."""
        for each in [*self._filling, self._listener]:
            each.close()
