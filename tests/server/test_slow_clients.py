"""Slow clients take no thread, and one client that opens too much is the one that loses."""

import signal
import subprocess
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from calhooks.server.limits import MAX_HELD_BYTES, MAX_REQUEST_LINE_BYTES
from tests.attack.slow_clients import CLIENTS, KINDS, measure
from tests.running import Running
from tests.server.client import Address, closes_within, exchange, is_closed, open_client, read_all, statuses
from tests.server.echo import threads, worker_connections

pytestmark = pytest.mark.timed

ANSWER_ME = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
UNREAD = b"GET /?bytes=20000000 HTTP/1.1\r\nHost: x\r\n\r\n"
SLOW_ANSWER = b"GET /?wait=4 HTTP/1.1\r\nHost: x\r\n\r\n"
ANOTHER = "127.0.0.2"
# What a busy machine takes longer than it should.
PATIENCE = 20.0


def answers_at_once(address: Address) -> bool:
    """Tell whether a request is answered well before the first deadline of a slow client."""
    began = time.monotonic()
    return statuses(exchange(address, ANSWER_ME)) == [200] and time.monotonic() - began < 4


@pytest.mark.parametrize("begins", [*(kind.begins for kind in KINDS.values()), UNREAD], ids=[*KINDS, "large response"])
def test_more_slow_clients_than_threads_do_not_hold_up_a_request(echo: Address, begins: bytes) -> None:
    clients = [open_client(echo, begins) for _ in range(threads * 3)]
    assert answers_at_once(echo)
    for client in clients:
        client.close()


def test_a_half_request_is_told_that_it_took_too_long(echo: Address) -> None:
    began = time.monotonic()
    assert statuses(exchange(echo, KINDS["half a head"].begins)) == [408]
    assert 4.5 < time.monotonic() - began < PATIENCE


def test_where_there_are_too_many_the_client_with_the_most_loses_its_oldest(echo: Address) -> None:
    mine = open_client(echo)
    others = [open_client(echo, source=ANOTHER) for _ in range(worker_connections + 20)]
    assert answers_at_once(echo)
    assert not is_closed(mine)
    assert all(closes_within(other, PATIENCE) for other in others[:20])
    assert not is_closed(others[-1])
    for client in (mine, *others):
        client.close()


def test_what_all_clients_leave_unread_is_bounded(echo: Address) -> None:
    mine = open_client(echo, UNREAD)
    others = [open_client(echo, UNREAD, source=ANOTHER) for _ in range(2 * MAX_HELD_BYTES // 20_000_000)]
    assert answers_at_once(echo)
    # The first to have asked is read to its end: it is not the client with the most.
    mine.sendall(ANSWER_ME)
    assert len(read_all(mine)) > 20_000_000
    assert min(len(read_all(other)) for other in others) < 20_000_000


def test_a_stop_finishes_what_is_under_way_and_closes_what_is_silent(
    own_echo: tuple[Address, subprocess.Popen[bytes]],
) -> None:
    address, process = own_echo
    silent, half, working = open_client(address), open_client(address, b"GET /"), open_client(address, SLOW_ANSWER)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert closes_within(silent, PATIENCE)
    assert process.poll() is None
    half.sendall(b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"Connection: close" in read_all(half)
    assert statuses(read_all(working)) == [200]
    assert process.wait(PATIENCE) == 0


def test_pages_answer_while_hundreds_of_slow_clients_hang(tmp_path: Path) -> None:
    with Running({"CALHOOKS_DATA_DIR": str(tmp_path)}) as running:
        running.wait_until_ready()
        measured = measure(running.url, "/setup")
        assert measured.clients > 0.9 * CLIENTS
        assert measured.held, str(measured)
        assert "Traceback" not in running.output


def test_too_long_an_address_and_too_long_headers_have_pages(tmp_path: Path) -> None:
    with Running({"CALHOOKS_DATA_DIR": str(tmp_path)}) as running:
        running.wait_until_ready()
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{running.url}/setup?a={'x' * MAX_REQUEST_LINE_BYTES}", timeout=60)
        assert (refused.value.code, refused.value.headers["X-Frame-Options"]) == (414, "DENY")
        assert "This link is too long" in refused.value.read().decode()
        address = ("127.0.0.1", running.port)
        answer = exchange(address, b"GET / HTTP/1.1\r\nHost: x\r\n" + b"Cookie: x\r\n" * 101 + b"\r\n")
        assert statuses(answer) == [431]
        assert b"cookies" in answer
