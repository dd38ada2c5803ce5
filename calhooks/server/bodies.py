"""The body of a request, collected as it arrives (RFC 9112, sections 6 and 7)."""

import re

from calhooks.server.limits import MAX_CHUNK_LINE_BYTES, MAX_CHUNK_OVERHEAD_BYTES, MAX_REQUEST_BYTES

CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
TRAILER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
CRLF = b"\r\n"


class BadBody(Exception):
    """The chunks of a body do not follow RFC 9112."""


class SizedBody:
    """A body whose size the Content-Length header gives."""

    def __init__(self, size: int) -> None:
        self.too_large = size > MAX_REQUEST_BYTES
        # A header may announce more than a float can hold.
        self.expected = min(size, MAX_REQUEST_BYTES)
        self.content = bytearray()

    def take(self, received: bytearray) -> bool:
        """Move this body's bytes out of `received`, and tell whether it is complete."""
        if self.too_large:
            return True
        missing = self.expected - len(self.content)
        self.content += received[:missing]
        del received[:missing]
        return len(self.content) == self.expected


class ChunkedBody:
    """A body in chunks, whose size is not known before its end."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._overhead = 0
        # Bytes of the current chunk that have not arrived, including its line break.
        self._missing = 0
        self._in_trailers = False
        self._complete = False

    @property
    def expected(self) -> int:
        """The size of the content so far."""
        return len(self.content)

    @property
    def too_large(self) -> bool:
        """Whether the content is larger than the application accepts."""
        return len(self.content) > MAX_REQUEST_BYTES

    def take(self, received: bytearray) -> bool:
        """Move this body's bytes out of `received`, and tell whether it is complete or too large. Raises BadBody."""
        start = 0
        while not self._complete and not self.too_large:
            length = self._take_data(received, start) if self._missing else self._take_line(received, start)
            if not length:
                break
            start += length
        del received[:start]
        return self._complete or self.too_large

    def _take_data(self, received: bytearray, start: int) -> int:
        if self._missing > len(CRLF):
            data = received[start : start + self._missing - len(CRLF)]
            self.content += data
            self._missing -= len(data)
            return len(data)
        end = received[start : start + len(CRLF)]
        if not CRLF.startswith(end):
            raise BadBody
        if len(end) < len(CRLF):
            return 0
        self._missing = 0
        return len(CRLF)

    def _take_line(self, received: bytearray, start: int) -> int:
        end = received.find(CRLF, start, start + MAX_CHUNK_LINE_BYTES)
        if end < 0:
            if len(received) - start >= MAX_CHUNK_LINE_BYTES:
                raise BadBody
            return 0
        line = bytes(received[start:end])
        self._overhead += len(line) + len(CRLF)
        if self._overhead > MAX_CHUNK_OVERHEAD_BYTES:
            raise BadBody
        if self._in_trailers:
            self._read_trailer(line)
        else:
            self._read_size(line)
        return len(line) + len(CRLF)

    def _read_size(self, line: bytes) -> None:
        match = CHUNK_SIZE.fullmatch(line)
        if not match:
            raise BadBody
        size = int(match[1], 16)
        self._in_trailers = not size
        self._missing = size + len(CRLF) if size else 0

    def _read_trailer(self, line: bytes) -> None:
        # The application has no use for trailers: they are checked and dropped.
        self._complete = not line
        if line and not TRAILER.fullmatch(line):
            raise BadBody
