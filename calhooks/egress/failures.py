"""Why an attempt failed: a stable word for machines and a sentence for people."""

import ssl
from enum import StrEnum


class Failure(StrEnum):
    """The words stored with an attempt. A status outside 2xx is a failure too."""

    BLOCKED = "egress_blocked"
    DNS = "dns"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CONNECT_TIMEOUT = "connect_timeout"
    TLS = "tls"
    DEADLINE = "deadline"
    CLOSED = "closed"
    NOT_HTTP = "not_http"
    REDIRECT = "redirect"
    STATUS = "status"
    STALE = "stale"
    INTERNAL = "internal"


class ExchangeFailed(Exception):
    """There is no whole answer; str() is the sentence for people.

    Not an OSError or an HTTPException on purpose: urllib3 and requests let it through unchanged.
    """

    def __init__(self, failure: Failure, sentence: str) -> None:
        super().__init__(sentence)
        self.failure = failure


class HeadersUnread(ExchangeFailed):
    """The final status line came, but its headers cannot be used; str() says what is wrong with them."""

    def __init__(self, status: int, reason: str, problem: str) -> None:
        super().__init__(Failure.NOT_HTTP, problem)
        self.status = status
        self.reason = reason


def short(error: Exception) -> str:
    """Return an error's text as one line that fits into a sentence."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:200] or type(error).__name__
