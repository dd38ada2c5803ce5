"""Sockets that obey the exchange of the calling thread: no call outlasts its deadline, however slowly bytes drip."""

import socket
import ssl
from collections.abc import Callable
from typing import Any

from calhooks.egress.exchange import current


class TimedSocket(socket.socket):
    """A plain socket. Its calls raise ExchangeFailed."""

    def recv_into(self, *args: Any) -> int:
        return _receive(self, super().recv_into, args)

    def sendall(self, *args: Any) -> None:
        exchange = current()
        self.settimeout(exchange.left_to_send())
        try:
            super().sendall(*args)
        except TimeoutError as error:
            raise exchange.too_late() from error


class TimedTLSSocket(ssl.SSLSocket):
    """A TLS socket, whose sendall() calls send() piece by piece. Its calls raise ExchangeFailed."""

    def recv_into(self, *args: Any) -> int:
        return _receive(self, super().recv_into, args)

    def send(self, *args: Any) -> int:
        exchange = current()
        self.settimeout(exchange.left_to_send())
        try:
            return super().send(*args)
        except TimeoutError as error:
            raise exchange.too_late() from error


def _receive(sock: socket.socket, read: Callable[..., int], args: Any) -> int:
    exchange = current()
    while True:
        sock.settimeout(exchange.left_to_receive())
        try:
            count = read(*args)
        except TimeoutError:
            # Either the slot's time is over or the deadline has come: the exchange knows.
            continue
        exchange.took(count)
        return count
