"""The head of a request, parsed by gunicorn, and the request that replaces a refused one."""

from typing import Any

from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader

from calhooks.server.bodies import ChunkedBody, SizedBody

HEAD_STATUSES = {
    LimitRequestLine: 414,
    LimitRequestHeaders: 431,
    ExpectationFailed: 417,
    UnsupportedTransferCoding: 501,
}
# gunicorn turns the names of a client's headers into capitals, so no client can send this one.
REFUSED_HEADER = "refused"


class CannotRead(Exception):
    """The request is not valid HTTP or over a limit; `status` is that of the response."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def parse_head(settings: Any, head: bytes, client: Any) -> Request:
    """Return the request with this request line, headers and empty line. Raises CannotRead."""
    try:
        request = Request(settings, IterUnreader([head]), client)
    except (ParseException, OSError, StopIteration, ValueError) as error:
        raise CannotRead(HEAD_STATUSES.get(type(error), 400)) from None
    # RFC 9112, section 3.2.
    if request.version >= (1, 1) and not any(name == "HOST" for name, _value in request.headers):
        raise CannotRead(400)
    return request


def body_of(request: Request) -> SizedBody | ChunkedBody:
    """Return where to collect the body that the headers announce."""
    reader = request.body.reader
    return ChunkedBody() if isinstance(reader, ChunkedReader) else SizedBody(reader.length)


def refused_request(settings: Any, client: Any, status: int, method: str) -> Request:
    """Return a request that the application answers with its error page for `status`; the connection then closes."""
    head = f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    request = Request(settings, IterUnreader([head]), client)
    request.headers.append((REFUSED_HEADER, str(status)))
    request.force_close()
    return request
