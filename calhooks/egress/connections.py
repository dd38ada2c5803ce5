"""Connections that dial only addresses that were judged, and that never outlast their exchange's deadline.

They stand under requests as the connection classes of its urllib3 pools. What they need to know about the exchange
that the calling thread carries out (its deadline, what may be dialled) is in `Exchange`.
"""

import http
import http.client
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import InvalidHeader
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.ssl_match_hostname import CertificateError

from calhooks.egress.addresses import Address, refusal, verdict
from calhooks.egress.dialing import dial
from calhooks.egress.exchange import Exchange, current
from calhooks.egress.failures import ExchangeFailed, Failure, HeadersUnread, short
from calhooks.egress.head import Head
from calhooks.egress.protocols import not_http, tls_failure
from calhooks.egress.sockets import TimedTLSSocket
from calhooks.egress.urls import DEFAULT_PORTS, is_localhost

KEPT_POOLS = 100
KEPT_CONNECTIONS = 64
KEPT_IDLE_SECONDS = 60.0


class GuardedConnection(HTTPConnection):
    """A plain connection that dials judged addresses and has words for what goes wrong."""

    response_class = Head
    exchanges = 0
    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        exchange = current()
        self.exchanges = 0
        host = self._dns_host.strip("[]")
        return dial(host, self.port, _judged_addresses(host, exchange), exchange)

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
        except ssl.SSLEOFError as error:
            raise BrokenPipeError(error.errno, error.strerror) from error
        except OSError as error:
            raise self._broken(error, "while sending") from error
        finally:
            self.exchanges += 1

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 overrides http.client the same way
        """Read the status and the headers. Raises ExchangeFailed."""
        try:
            response = super().getresponse()
        except http.client.RemoteDisconnected as error:
            sentence = "The receiver closed the connection without an answer."
            raise ExchangeFailed(Failure.CLOSED, sentence + self._hint()) from error
        except http.client.HTTPException as error:
            raise not_http(error, self.port) from error
        except InvalidHeader as error:
            exchange = current()
            assert exchange.status is not None
            raise HeadersUnread(exchange.status, exchange.reason, "two different lengths of its body") from error
        except OSError as error:
            raise self._broken(error, "before the answer") from error
        if current().ended:
            # http.client takes an end in the middle of the headers for the end of the headers.
            raise ExchangeFailed(Failure.CLOSED, "The receiver closed the connection in the middle of its headers.")
        if response.status == http.HTTPStatus.SWITCHING_PROTOCOLS:
            raise ExchangeFailed(Failure.NOT_HTTP, "The receiver answered 101: it wants another protocol than HTTP.")
        self.idle_since = time.monotonic()
        return response

    def _broken(self, error: OSError, when: str) -> ExchangeFailed:
        if isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or ""):
            # With TLS 1.3 a server that wants a certificate says so only after the handshake.
            return tls_failure(error, self.host, self.port)
        return ExchangeFailed(Failure.CLOSED, f"The connection broke {when} ({short(error)}).{self._hint()}")

    def _hint(self) -> str:
        # Many servers answer plain HTTP on their TLS port by closing the connection.
        if current().received or self.port == DEFAULT_PORTS["http"]:
            return ""
        return " If this port wants TLS, try https:// in the URL."


class GuardedTLSConnection(GuardedConnection, HTTPSConnection):
    """The same over TLS, always verifying the certificate."""

    def connect(self) -> None:
        """Dial and shake hands. Raises ExchangeFailed."""
        try:
            super().connect()
        except TimeoutError as error:
            raise current().too_late() from error
        except (OSError, CertificateError) as error:
            raise tls_failure(error, self.host, self.port) from error

    def _hint(self) -> str:
        return ""


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
        context.sslsocket_class = TimedTLSSocket
        # urllib3 compares the names itself then, before anything is sent, and knows which ones the certificate has.
        context.check_hostname = False
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
