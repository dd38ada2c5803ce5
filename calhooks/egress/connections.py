"""Connections that dial only addresses that were judged, and that never outlast their exchange's deadline.

They stand under requests as the connection classes of its urllib3 pools. What they need to know about the exchange
that the calling thread carries out (its deadline, what may be dialled) is in `Exchange`.
"""

import http
import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context

from calhooks.egress.addresses import Address, refusal, verdict
from calhooks.egress.exchange import Exchange, current
from calhooks.egress.failures import ExchangeFailed, Failure
from calhooks.egress.urls import is_localhost

MAX_ADDRESSES = 6
KEPT_POOLS = 100
KEPT_CONNECTIONS = 64
KEPT_IDLE_SECONDS = 60.0


@contextmanager
def _in_time(sock: socket.socket) -> Iterator[Exchange]:
    """End what the socket is asked for at the deadline, however slowly the other side drips."""
    exchange = current()
    sock.settimeout(exchange.left())
    try:
        yield exchange
    except TimeoutError as error:
        raise exchange.too_late() from error


class _TimedSocket(socket.socket):
    def recv_into(self, *args: Any) -> int:
        with _in_time(self) as exchange:
            count = super().recv_into(*args)
        exchange.took(count)
        return count

    def sendall(self, *args: Any) -> None:
        with _in_time(self):
            super().sendall(*args)


class _TimedTLSSocket(ssl.SSLSocket):
    """The same for TLS, whose sendall() calls send() piece by piece."""

    def recv_into(self, *args: Any) -> int:
        with _in_time(self) as exchange:
            count = super().recv_into(*args)
        exchange.took(count)
        return count

    def send(self, *args: Any) -> int:
        with _in_time(self):
            return super().send(*args)


class _Head(http.client.HTTPResponse):
    """The head of the answer itself, not of interim ones (RFC 9110, 15.2) that may come before, such as Early Hints."""

    def _read_status(self) -> tuple[str, int, str]:
        # http.client skips a 100 with its headers, and takes any other interim answer for the final one.
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        interim = 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS
        return version, http.HTTPStatus.CONTINUE if interim else status, reason


class GuardedConnection(HTTPConnection):
    """A plain connection that dials judged addresses and has words for what goes wrong."""

    response_class = _Head
    exchanges = 0
    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = current()
        self.exchanges = 0
        return _dial(_judged_addresses(self._dns_host.strip("[]"), exchange), self.port, exchange)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send a request. Raises ExchangeFailed."""
        exchange = current()
        exchange.ended = False
        exchange.reused = self.exchanges > 0 and not self.is_closed
        try:
            super().request(*args, **kwargs)
        except (BrokenPipeError, ConnectionResetError):
            # An answer may stand in the socket all the same; reading it tells.
            raise
        except OSError as error:
            raise ExchangeFailed(Failure.CLOSED, f"The connection broke while sending ({_short(error)}).") from error
        finally:
            self.exchanges += 1

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 overrides http.client the same way
        """Read the status and the headers. Raises ExchangeFailed."""
        try:
            response = super().getresponse()
        except http.client.RemoteDisconnected as error:
            raise ExchangeFailed(Failure.CLOSED, "The receiver closed the connection without an answer.") from error
        except http.client.HTTPException as error:
            raise ExchangeFailed(Failure.NOT_HTTP, f"What the receiver sent is not HTTP ({_short(error)}).") from error
        except OSError as error:
            raise ExchangeFailed(
                Failure.CLOSED, f"The connection broke before the answer ({_short(error)})."
            ) from error
        if current().ended:
            # http.client takes an end in the middle of the headers for the end of the headers.
            raise ExchangeFailed(Failure.CLOSED, "The receiver closed the connection in the middle of its headers.")
        if response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            raise ExchangeFailed(Failure.NOT_HTTP, "The receiver answered 101: it wants another protocol than HTTP.")
        self.idle_since = time.monotonic()
        return response


class GuardedTLSConnection(GuardedConnection, HTTPSConnection):
    """The same over TLS, always verifying the certificate."""

    def connect(self) -> None:
        """Dial and shake hands. Raises ExchangeFailed."""
        try:
            super().connect()
        except ssl.SSLCertVerificationError as error:
            raise ExchangeFailed(
                Failure.TLS, f"The certificate of {self.host} is not accepted: {error.verify_message}."
            ) from error
        except TimeoutError as error:
            raise current().too_late() from error
        except OSError as error:
            raise ExchangeFailed(
                Failure.TLS, f"No TLS connection to {self.host} came about ({_short(error)})."
            ) from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = GuardedConnection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        # Firewalls forget idle connections without telling anyone.
        if current().fresh or connection.idle_since + KEPT_IDLE_SECONDS < time.monotonic():
            connection.close()
        return connection


class _TLSPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = GuardedTLSConnection


class GuardedPools(PoolManager):
    """The pools of kept-alive connections of one process. `ca_bundle` adds roots to the bundled ones."""

    def __init__(self, ca_bundle: Path | None) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = _TimedTLSSocket
        context.load_verify_locations(certifi.where())
        if ca_bundle is not None:
            context.load_verify_locations(ca_bundle)
        super().__init__(num_pools=KEPT_POOLS, maxsize=KEPT_CONNECTIONS, ssl_context=context)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def _judged_addresses(host: str, exchange: Exchange) -> list[Address]:
    """Return what may be dialled for `host`. Raises ExchangeFailed when one of its addresses is forbidden."""
    addresses = exchange.resolver.addresses(host, exchange.left())
    verdicts = [verdict(address, exchange.allow) for address in addresses]
    refused = [judged for judged in verdicts if not judged.allowed]
    if is_localhost(host) and len(refused) < len(verdicts):
        # Both loopback addresses are this machine; the operator need not allow both.
        refused = []
    if refused:
        raise ExchangeFailed(Failure.BLOCKED, refusal(refused[0]))
    return [judged.address for judged in verdicts if judged.allowed]


def _dial(addresses: Sequence[Address], port: int, exchange: Exchange) -> socket.socket:
    failed: ExchangeFailed | None = None
    addresses = addresses[:MAX_ADDRESSES]
    for tried, address in enumerate(addresses):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        connection = _TimedSocket(family, socket.SOCK_STREAM)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # An address that swallows packets leaves time for the others.
            connection.settimeout(exchange.left() / (len(addresses) - tried))
            connection.connect((str(address), port))
            connection.settimeout(exchange.left())
            return connection
        except OSError as error:
            connection.close()
            failed = failed or _undialled(error, address, port)
        except BaseException:
            connection.close()
            raise
    assert failed is not None
    raise failed


def _undialled(error: OSError, address: Address, port: int) -> ExchangeFailed:
    if isinstance(error, ConnectionRefusedError):
        return ExchangeFailed(
            Failure.REFUSED, f"{address} refused the connection to port {port}: nothing listens there."
        )
    if isinstance(error, TimeoutError):
        return ExchangeFailed(Failure.CONNECT_TIMEOUT, f"{address} did not take the connection to port {port} in time.")
    return ExchangeFailed(Failure.UNREACHABLE, f"{address} port {port} cannot be reached ({_short(error)}).")


def _short(error: Exception) -> str:
    """Return what an error says, as one line that fits into a sentence."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
