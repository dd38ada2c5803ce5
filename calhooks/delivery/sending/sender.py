"""One attempt: one request with a deadline over everything, and what came back."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from time import monotonic
from typing import Any, cast
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError

import calhooks
from calhooks import clock
from calhooks.config import Config
from calhooks.config.values import Network
from calhooks.delivery.sending.headers import HeaderPairs, header_value, masked
from calhooks.delivery.sending.response import ReceivedResponse
from calhooks.delivery.sending.retry_after import is_refusal
from calhooks.delivery.sending.signing import signature_headers
from calhooks.egress import urls
from calhooks.egress.connections import GuardedPools
from calhooks.egress.exchange import Exchange, begin
from calhooks.egress.failures import ExchangeFailed, Failure, HeadersUnread
from calhooks.egress.resolver import Resolver
from calhooks.egress.urls import UrlRefused
from calhooks.egress.working_addresses import WorkingAddresses

log = logging.getLogger(__name__)
# It would write a traceback with the whole address into the log for each receiver that writes its headers badly.
logging.getLogger("urllib3").setLevel(logging.ERROR)

DEADLINE_SECONDS = 15.0
WEBHOOK_VERSION = "2021-10-20"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """What to send where. `secrets` and `private_keys` are those still valid, newest first; `attempt` counts from 1.

    `headers` and `secret_headers` are the owner's own; the values of the latter appear in no result. With a `problem`,
    a sentence, nothing is sent and the attempt fails. Nothing is sent either from `send_before` on, in seconds of
    `clock.since_boot()`; 0 is no limit.
    """

    url: str
    body: bytes
    content_type: str
    message_id: str
    attempt: int
    secrets: Sequence[str] = ()
    private_keys: Sequence[str] = ()
    headers: HeaderPairs = ()
    secret_headers: HeaderPairs = ()
    problem: str = ""
    send_before: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one attempt. Without a whole status line and headers `status` is None; headers that are too
    long to be read are left out.

    `failure` is None after a 2xx answer alone; `detail` explains a failure, or what was odd about a success.
    `request_headers` are those that went out, in order, secret values hidden; `body` is at most 64 KiB of the
    response, as it came.
    """

    started_at: datetime
    duration_ms: int
    request_headers: tuple[tuple[str, str], ...]
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncated: bool = False
    failure: Failure | None = None
    detail: str | None = None

    @property
    def succeeded(self) -> bool:
        """Tell whether the receiver took the delivery."""
        return self.failure is None

    @property
    def refused(self) -> bool:
        """Tell whether the receiver said "not now": 429, or 503 with a Retry-After that can be read."""
        return self.failure is not None and is_refusal(self.status, self.header("retry-after"), self.started_at)

    def header(self, name: str) -> str | None:
        """Return the first header of the answer with this name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Sender:
    """Sends with kept-alive connections. One for each process; any number of threads may use it at once."""

    def __init__(
        self, allow: Sequence[Network], ca_bundle: Path | None = None, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._allow = allow
        self._deadline_seconds = deadline_seconds
        self._resolver = Resolver()
        self._worked = WorkingAddresses()
        self._adapter = _Adapter(ca_bundle)

    def send(self, request: OutgoingRequest, let_go: Callable[[], bool] | None = None) -> Result:
        """Carry out one attempt. Whatever goes wrong is in the result; nothing is raised.

        `let_go` is called, at most once, when the receiver has answered 2xx and the response's body is slow: from then
        on the receiver has taken the delivery. It tells whether to wait for the body.
        """
        started_at, start = clock.now(), monotonic()
        received = ReceivedResponse(request.url, started_at)
        headers: list[tuple[str, str]] = []
        try:
            if request.problem:
                raise ExchangeFailed(Failure.INTERNAL, request.problem)
            url, headers = written_request(request, int(started_at.timestamp()))
            exchange = Exchange(
                self._allow,
                self._resolver,
                self._worked,
                self._deadline_seconds,
                send_before=request.send_before,
                let_go=let_go,
            )
            self._exchange(_prepared(url, headers, request.body), exchange, received)
            failure, detail = received.verdict()
        except UrlRefused as error:
            failure, detail = Failure.BLOCKED, str(error)
        except ExchangeFailed as error:
            failure, detail = error.failure, str(error)
        except (RequestException, HTTPError) as error:
            failure, detail = Failure.NOT_HTTP, f"The exchange with the receiver failed ({type(error).__name__})."
        except Exception:
            log.exception("sending %s failed unexpectedly", request.message_id)
            failure, detail = Failure.INTERNAL, "calhooks itself failed while sending; its log says how."
        return Result(
            started_at=started_at,
            duration_ms=round((monotonic() - start) * 1000),
            request_headers=tuple(masked(headers, request.secret_headers)),
            status=received.status,
            headers=received.headers,
            body=bytes(received.body),
            truncated=received.truncated,
            failure=failure,
            detail=detail and "".join(letter if letter.isprintable() else "?" for letter in detail),
        )

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._adapter.close()

    def _exchange(self, prepared: PreparedRequest, exchange: Exchange, received: ReceivedResponse) -> None:
        begin(exchange)
        try:
            response = self._response(prepared, exchange)
        except HeadersUnread as error:
            received.take_status(error)
        else:
            received.read(response.raw, exchange)

    def _response(self, prepared: PreparedRequest, exchange: Exchange) -> Response:
        try:
            return self._adapter.send(prepared, stream=True, timeout=self._deadline_seconds)
        except ExchangeFailed as error:
            if error.failure is not Failure.CLOSED or not exchange.reused or exchange.received:
                raise
            # The receiver had closed a connection that we kept alive: it has not seen this request.
            exchange.fresh = True
            return self._adapter.send(prepared, stream=True, timeout=self._deadline_seconds)


class _Adapter(HTTPAdapter):
    """requests' adapter over the guarded pools: no proxies, no cookies, no certificates but those of the pools."""

    def __init__(self, ca_bundle: Path | None) -> None:
        self._ca_bundle = ca_bundle
        super().__init__(max_retries=0)

    def init_poolmanager(self, *_args: Any, **_kwargs: Any) -> None:
        self.poolmanager = GuardedPools(self._ca_bundle)

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        # The pools' TLS context verifies; loading the roots again for each connection would take longer than sending.
        pass

    def build_response(self, _request: PreparedRequest, raw: Any) -> Response:
        response = Response()
        response.status_code = raw.status
        response.reason = raw.reason
        response.raw = raw
        return response


@lru_cache(maxsize=8)
def sender_for(allow: tuple[Network, ...], ca_bundle: Path | None) -> Sender:
    """Return the process's sender for these settings."""
    return Sender(allow, ca_bundle)


def send(request: OutgoingRequest, config: Config) -> Result:
    """Carry out one attempt with the process's own sender."""
    return sender_for(config.egress_allow, config.ca_bundle).send(request)


def written_request(request: OutgoingRequest, timestamp: int) -> tuple[str, list[tuple[str, str]]]:
    """Return the URL and the headers of a request as they are sent at `timestamp`, in Unix seconds.

    Raises UrlRefused.
    """
    url, host = _wire_url(request.url)
    return url, _request_headers(request, host, timestamp)


@lru_cache(maxsize=1000)
def _wire_url(url: str) -> tuple[str, str]:
    """Return a URL in ASCII as the request line needs it, and what stands in Host. Raises UrlRefused."""
    parsed, parts = urls.parse_url(url), urlsplit(url)
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    # requests knows fewer ways to write a host, such as with full-width letters, and would refuse them.
    parts = parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}")
    prepared = PreparedRequest()
    try:
        prepared.prepare_url(parts.geturl(), None)
    except RequestException as error:
        raise UrlRefused("This address cannot be used in a request.") from error
    wire_url = str(prepared.url)
    return wire_url, urlsplit(wire_url).netloc


def _request_headers(request: OutgoingRequest, host: str, timestamp: int) -> list[tuple[str, str]]:
    own = [(name, header_value(value)) for name, value in (*request.headers, *request.secret_headers)]
    accept = [] if any(name.lower() == "accept" for name, _ in own) else [("Accept", "*/*")]
    return [
        ("Host", host),
        ("User-Agent", f"calhooks/{calhooks.__version__}"),
        *accept,
        ("Accept-Encoding", "identity"),
        ("Content-Type", request.content_type),
        ("Content-Length", str(len(request.body))),
        ("X-Cal-Webhook-Version", WEBHOOK_VERSION),
        ("X-Calhooks-Attempt", str(request.attempt)),
        ("webhook-id", request.message_id),
        ("webhook-timestamp", str(timestamp)),
        *signature_headers(
            request.body,
            message_id=request.message_id,
            timestamp=timestamp,
            secrets=request.secrets,
            private_keys=request.private_keys,
        ),
        *own,
    ]


def _prepared(url: str, headers: list[tuple[str, str]], body: bytes) -> PreparedRequest:
    # By hand: a session would bring cookies, proxies and .netrc into it, and cost more than the rest of the attempt.
    prepared = PreparedRequest()
    prepared.method = "POST"
    prepared.url = url
    # http.client would write text in Latin-1, or refuse it.
    wired = {name: value if value.isascii() else value.encode() for name, value in headers}
    prepared.headers = cast(CaseInsensitiveDict[str], CaseInsensitiveDict(wired))
    prepared.body = body
    return prepared
