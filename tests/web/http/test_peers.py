"""Tests of who is at the other end of a connection from this machine. Elsewhere than on Linux nobody tells."""

import os
import socket
from collections.abc import Iterator

import pytest
from flask import Flask

from calhooks.web.http.hosts import came_directly
from calhooks.web.http.peers import TABLES, may_be_this_user

pytestmark = pytest.mark.skipif(not TABLES[0].exists(), reason="needs Linux")

NOBODY = 65534


@pytest.fixture(params=[(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")], ids=["IPv4", "IPv6"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A server on this machine."""
    family, address = request.param
    with socket.create_server((address, 0), family=family) as server:
        yield server


def is_direct(app: Flask, client_port: int, server_port: int) -> bool:
    ports = {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(client_port), "SERVER_PORT": str(server_port)}
    with app.test_request_context(base_url="http://localhost", environ_overrides=ports):
        return came_directly()


def test_a_connection_of_this_user_may_be_direct_until_it_is_closed(app: Flask, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    client = socket.create_connection(listener.getsockname()[:2])
    accepted, address = listener.accept()
    with accepted:
        assert may_be_this_user(address[1], port)
        assert is_direct(app, address[1], port)
        # What a client leaves behind says nothing about who it was.
        client.close()
        assert not may_be_this_user(address[1], port)
        assert not is_direct(app, address[1], port)


@pytest.mark.skipif(os.getuid() != 0, reason="needs to be another user for a moment")
def test_a_connection_of_another_user_is_not_direct(app: Flask, listener: socket.socket) -> None:
    """As that of nginx, which tells nothing of itself."""
    os.seteuid(NOBODY)
    try:
        client = socket.create_connection(listener.getsockname()[:2])
    finally:
        os.seteuid(0)
    accepted, address = listener.accept()
    with client, accepted:
        assert not may_be_this_user(address[1], listener.getsockname()[1])
        assert not is_direct(app, address[1], listener.getsockname()[1])


def test_a_connection_that_is_not_there_proves_nothing() -> None:
    assert may_be_this_user(1, 1)
