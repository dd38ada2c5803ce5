"""Connect to the first of a host's addresses that answers (RFC 8305, "happy eyeballs"), in one thread."""

import errno
import os
import select
import socket
import time
from collections import deque
from collections.abc import Sequence

from calhooks.egress.addresses import Address
from calhooks.egress.exchange import Exchange
from calhooks.egress.failures import ExchangeFailed, Failure, short
from calhooks.egress.sockets import TimedSocket

MAX_ADDRESSES = 6
# How long an address has for itself before the next is dialled too (RFC 8305, 8: Connection Attempt Delay).
NEXT_ATTEMPT_SECONDS = 0.25


def dial(host: str, port: int, addresses: Sequence[Address], exchange: Exchange) -> TimedSocket:
    """Return a connection to one of `addresses`, of which the first `MAX_ADDRESSES` are tried.

    Raises ExchangeFailed when none took the connection before the deadline.
    """
    race = _Race(port)
    try:
        connection, address = race.run(exchange.worked.in_order(host, port, addresses)[:MAX_ADDRESSES], exchange)
    finally:
        race.close()
    if len(addresses) > 1:
        exchange.worked.note(host, port, address)
    try:
        connection.settimeout(exchange.left())
    except ExchangeFailed:
        connection.close()
        raise
    return connection


class _Race:
    """Connections to several addresses that are under way at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._poll = select.poll()
        self._under_way: dict[int, tuple[TimedSocket, Address]] = {}
        self._failures: dict[Address, ExchangeFailed] = {}

    def run(self, addresses: Sequence[Address], exchange: Exchange) -> tuple[TimedSocket, Address]:
        """Dial until one has taken the connection. Raises ExchangeFailed."""
        waiting, next_at = deque(addresses), 0.0
        while (waiting or self._under_way) and (now := time.monotonic()) < exchange.deadline:
            failed = len(self._failures)
            if waiting and now >= next_at:
                next_at = now + NEXT_ATTEMPT_SECONDS
                self._start(waiting.popleft())
            else:
                until = min(exchange.deadline, next_at) if waiting else exchange.deadline
                if made := self._made(until - now):
                    return made
            if len(self._failures) > failed:
                next_at = 0.0
        raise self._failed(addresses) or exchange.too_late()

    def close(self) -> None:
        """Close every connection that has not won."""
        for connection, _ in self._under_way.values():
            connection.close()

    def _start(self, address: Address) -> None:
        connection = None
        try:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            connection = TimedSocket(family, socket.SOCK_STREAM)
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = connection.connect_ex((str(address), self._port))
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, os.strerror(code))
        except OSError as error:
            if connection is not None:
                connection.close()
            self._failures[address] = _undialled(error, address, self._port)
            return
        self._under_way[connection.fileno()] = connection, address
        self._poll.register(connection, select.POLLOUT)

    def _made(self, seconds: float) -> tuple[TimedSocket, Address] | None:
        """Wait up to `seconds`; return the connection that was made, taken out of the race."""
        for descriptor, _ in self._poll.poll(max(seconds, 0) * 1000):
            connection, address = self._under_way.pop(descriptor)
            self._poll.unregister(descriptor)
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code:
                return connection, address
            connection.close()
            self._failures[address] = _undialled(OSError(code, os.strerror(code)), address, self._port)
        return None

    def _failed(self, addresses: Sequence[Address]) -> ExchangeFailed | None:
        """Return one failure for all: the word of the first address, and what each of them said."""
        for _, address in self._under_way.values():
            self._failures[address] = _undialled(TimeoutError(), address, self._port)
        said = [self._failures[each] for each in addresses if each in self._failures]
        return ExchangeFailed(said[0].failure, " ".join(str(each) for each in said)) if said else None


def _undialled(error: OSError, address: Address, port: int) -> ExchangeFailed:
    if isinstance(error, ConnectionRefusedError):
        return ExchangeFailed(
            Failure.REFUSED, f"{address} refused the connection to port {port}: nothing listens there."
        )
    if isinstance(error, TimeoutError):
        return ExchangeFailed(Failure.CONNECT_TIMEOUT, f"{address} did not take the connection to port {port} in time.")
    return ExchangeFailed(Failure.UNREACHABLE, f"{address} port {port} cannot be reached ({short(error)}).")
