"""Read the head of a response however many and long its headers are, as far as the exchange's limit allows."""

import http
import http.client
from typing import Any, cast

from calhooks.egress.exchange import current

# http.client takes no longer line, and only a hundred of them.
MAX_PIECE_BYTES = 65_536


class Head(http.client.HTTPResponse):
    """The head of the final response, not of interim ones (RFC 9110, 15.2) such as Early Hints.

    Notes its status with the exchange as soon as it is there.
    """

    def begin(self) -> None:
        """Read the status line and the headers. Raises HTTPException and ExchangeFailed."""
        stream = self.fp
        self.fp = cast(Any, _Pieces(stream))
        try:
            super().begin()
        finally:
            if self.fp is not None:
                self.fp = stream

    def _read_status(self) -> tuple[str, int, str]:
        # http.client skips a 100 with its headers, and takes any other interim answer for the final one.
        version, status, reason = super()._read_status()  # type: ignore[misc]  # typeshed leaves it out
        if 100 <= status < 200 and status != http.HTTPStatus.SWITCHING_PROTOCOLS:
            return version, http.HTTPStatus.CONTINUE, reason
        if version.startswith("HTTP/1."):
            exchange = current()
            exchange.status, exchange.reason = status, reason.strip()
        return version, status, reason


class _Pieces:
    """What http.client reads as lines: the status line, all headers in few large pieces, and the empty line."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._headers: list[bytes] = []
        self._status_is_next = True

    def readline(self, _limit: int) -> bytes:
        if self._status_is_next:
            self._status_is_next = False
            line: bytes = self._stream.readline()
            # A reason is cut to what fits.
            return line[:MAX_PIECE_BYTES]
        if not self._headers:
            self._headers = self._read_headers()
        piece = self._headers.pop(0)
        self._status_is_next = not self._headers
        return piece

    def close(self) -> None:
        self._stream.close()

    def _read_headers(self) -> list[bytes]:
        lines = []
        while (line := self._stream.readline()) not in (b"\r\n", b"\n", b""):
            lines.append(line)
        headers = b"".join(lines)
        # The first piece is the one that may be short: as the last it could look like the empty line.
        cut = len(headers) % MAX_PIECE_BYTES
        pieces = [headers[at : at + MAX_PIECE_BYTES] for at in range(cut, len(headers), MAX_PIECE_BYTES)]
        return [headers[:cut], *pieces, line] if cut else [*pieces, line]
