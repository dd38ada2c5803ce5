"""Slow and silent clients: hundreds of them hang while a page is timed."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.attack.rows import Row
from tests.attack.target import Target

CLIENTS = 500
PAGES = 100
SETTLING_PAGES = 20
MAX_TRIES = 3
MAX_TIMES_SLOWER = 3.0
# Of pages that are faster than this, three times as long says nothing.
UNNOTICED_SECONDS = 0.05
CONNECT_SECONDS = 10.0
HOST = b"Host: localhost\r\n"
# Half a megabyte of responses: more than both kernels buffer for a client that reads nothing.
UNREAD = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\n" + HOST + b"\r\n"
UNREAD_REQUESTS = 10


class Kind(NamedTuple):
    """What a slow client sends at first, and whether it goes on with a byte a second."""

    begins: bytes
    drips: bool = False


KINDS = {
    "silent": Kind(b""),
    "half a head": Kind(b"GET / HTTP/1.1\r\n" + HOST + b"X-Half: "),
    "dripping head": Kind(b"GET / HTTP/1.1\r\n" + HOST + b"X-Drips: ", drips=True),
    "half a body": Kind(b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5000\r\n\r\nemail="),
    "dripping body": Kind(b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 5000\r\n\r\nemail=", drips=True),
    "endless chunks": Kind(
        b"POST /login HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nFFFFF\r\n", drips=True
    ),
    "unread response": Kind(UNREAD * UNREAD_REQUESTS),
}


class SlowClients:
    """`count` slow clients of all kinds, held open: one that the server has closed is replaced within a second."""

    def __init__(self, host: str, port: int, count: int = CLIENTS) -> None:
        self._address = (host, port)
        self._kinds = [list(KINDS)[number % len(KINDS)] for number in range(count)]
        self._open: dict[int, socket.socket] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self.closed_by_server: Counter[str] = Counter()

    def __enter__(self) -> "SlowClients":
        self._fill()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for client in self._open.values():
            client.close()

    @property
    def held(self) -> int:
        """How many are open."""
        return len(self._open)

    def _fill(self) -> None:
        for number, kind in enumerate(self._kinds):
            if number not in self._open:
                self._open[number] = connect(self._address, KINDS[kind].begins)

    def _go_on(self) -> None:
        while not self._stopped.wait(1.0):
            for number, client in list(self._open.items()):
                kind = self._kinds[number]
                if not goes_on(client, KINDS[kind], reads=kind != "unread response"):
                    self.closed_by_server[kind] += 1
                    self._open.pop(number).close()
            try:
                self._fill()
            except OSError:
                continue  # The server takes no more for the moment.


def connect(address: tuple[str, int], begins: bytes) -> socket.socket:
    """Open a connection, with as little room for a response as the system allows, and send the beginning."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    client.settimeout(CONNECT_SECONDS)
    client.connect(address)
    client.sendall(begins)
    client.setblocking(False)
    return client


def goes_on(client: socket.socket, kind: Kind, *, reads: bool) -> bool:
    """Send another byte where the kind does, and tell whether the server still holds the connection."""
    try:
        if kind.drips:
            client.send(b"a")
        # An answer, or the end of the connection, is all that there can be to read.
        return not (reads and client.recv(1) is not None)
    except BlockingIOError:
        return True
    except OSError:
        return False


def seconds_of_pages(host: str, port: int, path: str, count: int = PAGES) -> Iterator[float]:
    """Give how long each of `count` requests takes, one after the other, each on a connection of its own."""
    for _ in range(count):
        connection = HTTPConnection(host, port, timeout=60)
        began = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        yield time.perf_counter() - began
        connection.close()
        assert response.status < HTTPStatus.BAD_REQUEST, response.status


def p95(seconds: Iterator[float]) -> float:
    """Return what 95 of 100 do not exceed."""
    ordered = sorted(seconds)
    return ordered[len(ordered) * 95 // 100]


class Measured(NamedTuple):
    """A page's p95 in seconds without slow clients and beside them, and how many of them the server held."""

    quiet: float
    slowed: float
    clients: int

    @property
    def held(self) -> bool:
        """Whether people notice nothing of the slow clients."""
        return self.slowed <= max(MAX_TIMES_SLOWER * self.quiet, UNNOTICED_SECONDS)

    def __str__(self) -> str:
        return f"p95 {self.slowed * 1000:.0f} ms, {self.quiet * 1000:.0f} ms without them"


def measure(base: str, path: str) -> Measured:
    """Time a page without slow clients and beside `CLIENTS` of them, again if something else slowed the machine."""
    host, port = urlsplit(base).hostname or "", urlsplit(base).port or 80
    for _ in range(MAX_TRIES):
        quiet = p95(seconds_of_pages(host, port, path))
        with SlowClients(host, port) as clients:
            # Half of them have asked for something, which is answered first.
            p95(seconds_of_pages(host, port, path, SETTLING_PAGES))
            measured = Measured(quiet, p95(seconds_of_pages(host, port, path)), clients.held)
        if measured.held:
            break
    return measured


def attack(target: Target, _seed: str) -> list[Row]:
    """Hang `CLIENTS` slow clients on the server and time the page where a time is chosen."""
    things = target.people().things
    measured = measure(target.url, f"/{things['username']}/{things['slug']}")
    return [Row("slow and silent clients", measured.clients, str(measured), measured.held)]
