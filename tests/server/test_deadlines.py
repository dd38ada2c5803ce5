"""How long a client may take. The clock is given, the sockets are real, and nothing sleeps."""

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from calhooks.server.connection import TOO_SLOW, ClientConnection, Phase, network_of
from calhooks.server.limits import CLOSING_SECONDS, HEAD_SECONDS, TRANSFER_SECONDS

KEEPALIVE = 15.0
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


class Pair:
    """A connection whose time begins at 0, and the client's end of it."""

    def __init__(self, server: socket.socket, client: socket.socket) -> None:
        settings = Config()
        settings.set("keepalive", int(KEEPALIVE))
        self.connection = ClientConnection(settings, server, ("127.0.0.1", 1), ("127.0.0.1", 2))
        self.client = client
        self.connection.wait_for_request(0.0)

    def sends(self, data: bytes, at: float) -> Phase:
        """Let the client send something, and return the state after it has arrived."""
        self.client.sendall(data)
        self.connection.proceed(at)
        return self.connection.phase

    @property
    def time(self) -> tuple[Phase, float]:
        """What the connection waits for, and until when."""
        return self.connection.phase, self.connection.deadline


@pytest.fixture
def pair() -> Iterator[Pair]:
    server, client = socket.socketpair()
    with client:
        pair = Pair(server, client)
        yield pair
        pair.connection.sock.drop()


def test_a_silent_client_has_as_long_as_one_that_is_kept(pair: Pair) -> None:
    assert pair.time == (Phase.SILENT, KEEPALIVE)
    pair.connection.expire(KEEPALIVE)
    assert pair.connection.phase is Phase.GONE


def test_a_head_has_its_seconds_from_its_first_byte_however_it_drips(pair: Pair) -> None:
    pair.sends(b"GET / HTTP/1.1\r\n", at=10)
    for second in range(11, 15):
        pair.sends(b"x", at=second)
    assert pair.time == (Phase.HEAD, 10 + HEAD_SECONDS)
    pair.connection.expire(15)
    assert pair.client.recv(1000) == TOO_SLOW
    assert pair.time == (Phase.CLOSING, 15 + CLOSING_SECONDS)


def test_empty_lines_before_a_request_do_not_prolong_the_silence(pair: Pair) -> None:
    pair.sends(b"\r\n", at=5)
    assert pair.time == (Phase.SILENT, KEEPALIVE)


def test_a_body_has_ten_seconds_and_its_size(pair: Pair) -> None:
    assert pair.sends(HEAD, at=1) is Phase.BODY
    pair.sends(b"x" * 49_999, at=14)
    assert pair.time == (Phase.BODY, 1 + TRANSFER_SECONDS + 5)
    pair.connection.expire(16)
    assert pair.client.recv(1000) == TOO_SLOW


def test_a_chunked_body_has_ten_seconds_and_what_has_come_of_it(pair: Pair) -> None:
    pair.sends(CHUNKED_HEAD, at=0)
    assert pair.time == (Phase.BODY, TRANSFER_SECONDS)
    pair.sends(b"fffff\r\n" + b"x" * 20_000, at=9)
    assert pair.time == (Phase.BODY, TRANSFER_SECONDS + 2)


def test_a_whole_request_has_no_deadline_while_a_thread_has_it(pair: Pair) -> None:
    assert pair.sends(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", at=0) is Phase.WORKING
    assert pair.connection.deadline == float("inf")


@pytest.mark.parametrize("keeps", [True, False])
def test_a_response_has_ten_seconds_and_its_size_to_be_read(pair: Pair, keeps: bool) -> None:
    pair.sends(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", at=0)
    pair.connection.sock.sendall(b"x" * 4_000_000)
    pair.connection.sock.flush()
    left = len(pair.connection.sock.unsent)
    assert left > 100_000
    pair.connection.finish(keeps, now=3)
    assert pair.time == (Phase.ANSWERING, 3 + TRANSFER_SECONDS + left / 10_000)
    while pair.connection.phase is Phase.ANSWERING:
        pair.client.recv(1_000_000)
        pair.connection.proceed(20)
    assert pair.time == ((Phase.SILENT, 20 + KEEPALIVE) if keeps else (Phase.CLOSING, 20 + CLOSING_SECONDS))


def test_a_client_that_never_reads_is_dropped(pair: Pair) -> None:
    pair.sends(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", at=0)
    pair.connection.sock.sendall(b"x" * 4_000_000)
    pair.connection.finish(True, now=0)
    pair.connection.expire(pair.connection.deadline)
    assert pair.connection.phase is Phase.GONE


def test_what_is_sent_after_the_last_response_is_not_kept(pair: Pair) -> None:
    pair.sends(b"GET / HTTP/1.0\r\n\r\n", at=0)
    pair.connection.finish(False, now=1)
    assert pair.sends(b"x" * 10_000, at=2) is Phase.CLOSING
    assert pair.connection.size == 0
    assert pair.time == (Phase.CLOSING, 1 + CLOSING_SECONDS)


@pytest.mark.parametrize(
    ("client", "network"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3::4", 1, 0, 0), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1, 0, 2), "fe80::/64"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        ("", ""),
    ],
)
def test_one_network_counts_as_one_client(client: object, network: str) -> None:
    assert network_of(client) == network
