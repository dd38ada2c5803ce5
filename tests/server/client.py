"""Clients that send exactly the bytes they are told to."""

import socket
import time
from contextlib import suppress

Address = tuple[str, int]
SECONDS = 60.0
# More than a system keeps for a socket.
LARGE = 16 * 1024 * 1024


def open_client(address: Address, *pieces: bytes, source: str = "127.0.0.1") -> socket.socket:
    """Connect from an address of this machine, and send pieces one by one."""
    client = socket.create_connection(address, timeout=SECONDS, source_address=(source, 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in pieces:
        # A server that has refused the request no longer reads it.
        with suppress(ConnectionError):
            client.sendall(piece)
            time.sleep(0.01 if len(pieces) > 1 else 0)
    return client


def read_all(client: socket.socket) -> bytes:
    """Read until the server closes, and close."""
    received = bytearray()
    with client, suppress(ConnectionError):
        while data := client.recv(65536):
            received += data
    return bytes(received)


def exchange(address: Address, *pieces: bytes) -> bytes:
    """Return everything that the server sends until it closes; nothing when it cannot be reached."""
    try:
        return read_all(open_client(address, *pieces))
    except ConnectionRefusedError:
        return b""


def statuses(answers: bytes) -> list[int]:
    """Return the statuses of responses in the order of their arrival."""
    lines = answers.split(b"HTTP/1.1 ")[1:]
    return [int(line[:3]) for line in lines]


def is_closed(client: socket.socket) -> bool:
    """Tell whether the server has closed the connection, without waiting."""
    client.setblocking(False)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def closes_within(client: socket.socket, seconds: float) -> bool:
    """Wait for the server to close."""
    deadline = time.monotonic() + seconds
    while not is_closed(client):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
