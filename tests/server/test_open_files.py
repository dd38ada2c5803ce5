"""Connections where the process may open few files."""

import json
import time

from calhooks.server.limits import MIN_OTHER_FILES
from tests.server.client import exchange, is_closed, open_client, read_all, statuses
from tests.server.serving import serving

GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
TAKING_ALL_FILES = b"GET /?files=all&wait=2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def limited(soft: int, hard: int) -> tuple[str, ...]:
    """Return a command that starts another with limits of open files."""
    return "sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" "$@"'


def test_a_low_limit_is_raised_as_far_as_connections_need() -> None:
    with serving(prefix=limited(20, 1000)) as (address, _):
        clients = [open_client(address) for _ in range(35)]
        assert statuses(exchange(address, GET)) == [200]
        for client in clients:
            client.sendall(GET)
            assert statuses(client.recv(1000)) == [200]
            client.close()


def test_where_it_cannot_be_raised_fewer_connections_are_kept() -> None:
    with serving(prefix=limited(20, MIN_OTHER_FILES + 10)) as (address, _):
        clients = [open_client(address) for _ in range(35)]
        assert statuses(exchange(address, GET)) == [200]
        assert is_closed(clients[0])
        clients[-1].sendall(GET)
        assert statuses(clients[-1].recv(1000)) == [200]
        for client in clients:
            client.close()


def test_a_process_without_a_file_left_waits_for_one_without_work() -> None:
    with serving(prefix=limited(300, 300)) as (address, _):
        greedy = open_client(address, TAKING_ALL_FILES)
        time.sleep(0.2)
        waiting = [open_client(address, GET) for _ in range(5)]
        assert [statuses(read_all(client)) for client in waiting] == [[200]] * 5
        assert json.loads(read_all(greedy).partition(b"\r\n\r\n")[2])["busy"] < 0.5
