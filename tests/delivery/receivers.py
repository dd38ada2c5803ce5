"""Real receivers on loopback, from well-behaved to hostile. Each runs in threads of this process."""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CERTIFICATES = Path(__file__).parent / "certificates"


@dataclass(frozen=True)
class Received:
    """One request as it arrived. `connection` counts connections from 1, `header` keys are in lower case."""

    at: float
    connection: int
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# Answers one request by writing to the socket; the connection is kept open when it returns True.
Reply = Callable[[Received, socket.socket], bool]


def answer(status: int = 200, body: bytes = b"ok", *headers: str, keep: bool = True) -> Reply:
    """Answer at once and whole."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *headers]
    data = "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def reply(_request: Received, connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep

    return reply


def say(*pieces: bytes) -> Reply:
    """Write bytes, whatever they are, and close."""

    def reply(_request: Received, connection: socket.socket) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return False

    return reply


def drip(data: bytes, seconds: float) -> Reply:
    """Write one byte at a time, `seconds` apart."""

    def reply(_request: Received, connection: socket.socket) -> bool:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(seconds)
        return False

    return reply


def flood(head: bytes, piece: bytes, pieces: int) -> Reply:
    """Write a head and then a great deal."""

    def reply(_request: Received, connection: socket.socket) -> bool:
        connection.sendall(head)
        for _ in range(pieces):
            connection.sendall(piece)
        return False

    return reply


def hang(_request: Received, connection: socket.socket) -> bool:
    """Take the request and say nothing until the sender has gone."""
    with contextlib.suppress(OSError):
        connection.settimeout(30)
        connection.recv(1)
    return False


def in_turn(replies: Sequence[Reply]) -> Reply:
    """Use one reply after another, the last one for ever."""
    left = list(replies)

    def reply(request: Received, connection: socket.socket) -> bool:
        return (left.pop(0) if len(left) > 1 else left[0])(request, connection)

    return reply


class Receiver:
    """Listens on a free port, keeps what arrives, and answers with `reply`, which may be changed while it runs."""

    def __init__(
        self,
        reply: Reply | None = None,
        certificate: str = "",
        port: int = 0,
        listener: socket.socket | None = None,
    ) -> None:
        self.reply = reply or answer()
        self.received: list[Received] = []
        self.connections = 0
        self.bytes_sent = 0
        self._arrived = threading.Condition()
        self._open: set[socket.socket] = set()
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
        self._listener = listener or socket.create_server(("127.0.0.1", port), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for(self, count: int, seconds: float = 60) -> list[Received]:
        """Return what has arrived once it is `count` requests. Raises AssertionError when they do not come."""
        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(self.received) >= count, seconds)
        assert enough, f"{len(self.received)} of {count} requests arrived within {seconds} s"
        return self.received

    def close(self) -> None:
        """Stop listening, so that connections are refused, and break those that are open."""
        # A thread that waits in accept() would keep the port.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every connection that is open."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.add(connection)
            stream = connection.makefile("rb")
            while (request := _read(stream, number)) is not None:
                with self._arrived:
                    self.received.append(request)
                    self._arrived.notify_all()
                if not self.reply(request, connection):
                    break
        self._open.discard(connection)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def greeting(data: bytes, seconds: float = 0) -> Iterator[int]:
    """Listen on the port that is given, and write `data` to whoever connects before reading anything."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                for byte in data if seconds else ():
                    connection.sendall(bytes([byte]))
                    time.sleep(seconds)
                if not seconds:
                    connection.sendall(data)
                    connection.recv(4096)
                connection.close()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@contextmanager
def receiving(
    reply: Reply | None = None, certificate: str = "", port: int = 0, listener: socket.socket | None = None
) -> Iterator[Receiver]:
    """Run a receiver for as long as the block."""
    receiver = Receiver(reply, certificate, port, listener)
    try:
        yield receiver
    finally:
        receiver.close()


def _read(stream: Any, number: int) -> Received | None:
    line = stream.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    headers: dict[str, str] = {}
    while (header := stream.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    body = stream.read(length)
    if len(body) < length:
        # Whoever sent it was killed meanwhile.
        return None
    return Received(time.time(), number, line, headers, body)
