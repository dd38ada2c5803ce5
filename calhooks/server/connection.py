"""One client's connection, read and written without waiting for the client."""

import errno
import io
import ipaddress
import math
import socket
from contextlib import suppress
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from gunicorn.http.message import Request

from calhooks.server.bodies import BadBody, ChunkedBody, SizedBody
from calhooks.server.heads import CannotRead, body_of, parse_head, refused_request
from calhooks.server.limits import (
    CLOSING_SECONDS,
    HEAD_SECONDS,
    MAX_HEAD_BYTES,
    MAX_REQUEST_LINE_BYTES,
    transfer_seconds,
)

RECEIVE_BYTES = 64 * 1024
SEND_BUFFER_BYTES = 128 * 1024
END_OF_LINE = b"\r\n"
END_OF_HEAD = b"\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Phase(Enum):
    """What happens next on a connection."""

    SILENT = auto()  # the client sends the first byte of a request
    HEAD = auto()  # the client sends the rest of the request line and the headers
    BODY = auto()  # the client sends the rest of the body
    WORKING = auto()  # a thread writes the response
    ANSWERING = auto()  # the client reads the response
    CLOSING = auto()  # the client closes its side
    GONE = auto()  # the connection is dropped


class BufferedSocket(socket.socket):
    """A socket whose `sendall` never waits for the client: `flush` sends what the kernel accepts.

    When an application fails in the middle of its response, gunicorn shuts down and closes the socket in its thread.
    Only the poller may do that, with `end` and `drop`.
    """

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.setblocking(False)
        # Otherwise the kernel buffers megabytes for a client that reads nothing.
        with suppress(OSError):
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self.unsent = bytearray()
        self.broken = False

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Add `data` to what `flush` sends."""
        self.unsent += data

    def flush(self) -> None:
        """Send what the kernel accepts now. If the client has disconnected, set `broken` and drop the rest."""
        try:
            while self.unsent:
                with memoryview(self.unsent) as unsent:
                    sent = self.send(unsent)
                del self.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.unsent.clear()
            self.broken = True

    def shutdown(self, how: int) -> None:
        """Refuse with an OSError, see above."""
        raise OSError(errno.ENOTCONN, "only the poller closes connections")

    def close(self) -> None:
        """Do nothing, see above."""

    def end(self) -> None:
        """Tell the client that nothing more is sent. Raises OSError if the client has disconnected."""
        super().shutdown(socket.SHUT_WR)

    def drop(self) -> None:
        """Close the socket."""
        super().close()


class ClientConnection:
    """The unfinished request and the unread response of one connection.

    While `phase` is WORKING, only the thread that writes the response may use it; otherwise only the poller. Times are
    seconds of `time.monotonic()`.
    """

    def __init__(self, settings: Any, accepted: socket.socket, client: Any, server: Any) -> None:
        self.settings = settings
        self.sock = BufferedSocket(accepted)
        self.client = client
        self.server = server
        self.network = network_of(client)
        self.request: Request | None = None
        self.weight = 0
        # What the poller waits for, 0 for nothing.
        self.events = 0
        self.phase = Phase.SILENT
        self.since = self.deadline = 0.0
        self._received = bytearray()
        self._searched = 0
        self._body: SizedBody | ChunkedBody | None = None
        self._keeps = True

    @property
    def size(self) -> int:
        """How many bytes it keeps in memory."""
        body = len(self._body.content) if self._body else 0
        return len(self._received) + body + len(self.sock.unsent)

    def wait_for_request(self, now: float) -> None:
        """Start on the next request, which may have arrived already, in part or complete."""
        self.request, self._body, self._searched = None, None, 0
        self._become(Phase.SILENT, now, now + max(HEAD_SECONDS, self.settings.keepalive))
        self._advance(now)

    def proceed(self, now: float) -> None:
        """Receive what the client has sent, or send what it can take."""
        if self.phase is Phase.ANSWERING:
            self.sock.flush()
            self._after_flush(now)
        else:
            self._receive(now)

    def finish(self, keeps: bool, now: float) -> None:
        """Send the response that a thread has written; `keeps` tells whether another request may follow."""
        self._keeps = keeps
        self.request, self._body = None, None
        self._become(Phase.ANSWERING, now, now + transfer_seconds(len(self.sock.unsent)))
        self._after_flush(now)

    def expire(self, now: float) -> None:
        """Give up on the client, whose deadline has passed."""
        if self.phase in (Phase.HEAD, Phase.BODY):
            self.sock.sendall(TOO_SLOW)
            self.sock.flush()
            self._close(now)
        else:
            self.phase = Phase.GONE

    def _become(self, phase: Phase, now: float, deadline: float) -> None:
        self.phase, self.since, self.deadline = phase, now, deadline

    def _receive(self, now: float) -> None:
        try:
            data = self.sock.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.phase = Phase.GONE
        elif self.phase is not Phase.CLOSING:
            self._received += data
            self._advance(now)

    def _advance(self, now: float) -> None:
        """Read the request as far as it has arrived."""
        if self.phase is Phase.SILENT:
            # RFC 9112, section 2.2: one empty line before a request is ignored.
            if self._received.startswith(END_OF_LINE):
                del self._received[: len(END_OF_LINE)]
            if self._received:
                self._become(Phase.HEAD, now, now + HEAD_SECONDS)
        try:
            if self.phase is Phase.HEAD:
                self._read_head(now)
            if self.phase is Phase.BODY:
                self._read_body(now)
        except CannotRead as error:
            self._refuse(error.status, now)
        except BadBody:
            self._refuse(400, now)

    def _read_head(self, now: float) -> None:
        end = self._received.find(END_OF_HEAD, max(0, self._searched - len(END_OF_HEAD)))
        line_end = self._received.find(END_OF_LINE)
        self._searched = len(self._received)
        if (self._searched if line_end < 0 else line_end) > MAX_REQUEST_LINE_BYTES:
            raise CannotRead(414)
        if (self._searched if end < 0 else end) > MAX_HEAD_BYTES:
            raise CannotRead(431)
        if end >= 0:
            end += len(END_OF_HEAD)
            self.request = parse_head(self.settings, bytes(self._received[:end]), self.client)
            del self._received[:end]
            self._body = body_of(self.request)
            self._become(Phase.BODY, now, now + transfer_seconds(self._body.expected))

    def _read_body(self, now: float) -> None:
        assert self.request is not None
        assert self._body is not None
        if self._body.take(self._received):
            if self._body.too_large:
                # The application answers 413. The rest of the body is still to come, so no request can follow it.
                self.request.force_close()
            self.request.body = io.BytesIO(self._body.content)
            self.request._expected_100_continue = False
            self._become(Phase.WORKING, now, math.inf)
        else:
            self.deadline = self.since + transfer_seconds(self._body.expected)
            self._send_continue()

    def _send_continue(self) -> None:
        """Ask for the body if the client waits to be asked (RFC 9110, section 10.1.1)."""
        assert self.request is not None
        if self.request._expected_100_continue:
            self.request._expected_100_continue = False
            self.sock.sendall(CONTINUE)
            self.sock.flush()

    def _refuse(self, status: int, now: float) -> None:
        is_head = self.request.method == "HEAD" if self.request else self._received.startswith(b"HEAD ")
        self._received.clear()
        self._body = None
        self.request = refused_request(self.settings, self.client, status, "HEAD" if is_head else "GET")
        self._become(Phase.WORKING, now, math.inf)

    def _after_flush(self, now: float) -> None:
        if self.sock.broken:
            self.phase = Phase.GONE
        elif not self.sock.unsent:
            if self._keeps:
                self.wait_for_request(now)
            else:
                self._close(now)

    def _close(self, now: float) -> None:
        """Close one direction first, so that the client can read the whole response (RFC 9112, section 9.6)."""
        self._received.clear()
        try:
            self.sock.end()
        except OSError:
            self.phase = Phase.GONE
        else:
            self._become(Phase.CLOSING, now, now + CLOSING_SECONDS)


def network_of(client: Any) -> str:
    """Return what counts as one client: an IPv4 address, an IPv6 /64, or "" for everyone on a Unix socket."""
    return _network_of_host(client[0]) if isinstance(client, tuple) else ""


@lru_cache(maxsize=1024)
def _network_of_host(host: str) -> str:
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
