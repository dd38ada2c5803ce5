"""Why an attempt failed: a stable word for machines and a sentence for people."""

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
