"""The response of a receiver: read as far as it is kept, and its meaning."""

from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from urllib3.exceptions import HTTPError

from calhooks.delivery.sending.hints import asked_to_wait, hint
from calhooks.delivery.sending.retry_after import is_refusal, read_retry_after
from calhooks.egress.exchange import Exchange
from calhooks.egress.failures import ExchangeFailed, Failure, HeadersUnread

MAX_RESPONSE_BYTES = 64 * 1024
# Of what stands beside the status: it becomes a part of a sentence.
MAX_PHRASE_LENGTH = 200
MAX_TARGET_LENGTH = 500


class ReceivedResponse:
    """What has arrived so far: it stays when the rest does not come. `sent_at` is when the attempt began."""

    def __init__(self, url: str, sent_at: datetime) -> None:
        self.status: int | None = None
        self.headers: tuple[tuple[str, str], ...] = ()
        self.body = bytearray()
        self.truncated = False
        self._url = url
        self._sent_at = sent_at
        self._reason = ""
        self._oddity = ""

    def take_status(self, unread: HeadersUnread) -> None:
        """Keep the status line of a response whose headers cannot be used."""
        self.status, self._reason = unread.status, unread.reason
        self._oddity = f"It sent {unread}, which were not read."

    def read(self, raw: Any, exchange: Exchange) -> None:
        """Read urllib3's response. Its connection is kept only when the body has arrived completely."""
        self.status, self._reason = raw.status, raw.reason or ""
        self.headers = tuple(raw.headers.items())
        exchange.begin_body(taken=self._is_success())
        try:
            while len(self.body) <= MAX_RESPONSE_BYTES and (
                piece := raw.read1(MAX_RESPONSE_BYTES + 1 - len(self.body), decode_content=False)
            ):
                self.body += piece
        except ExchangeFailed as error:
            self._oddity = f"The body was cut off. {error}"
        except (HTTPError, HTTPException, OSError, ValueError):
            self._oddity = "The body was cut off. The connection broke before its end."
        if len(self.body) > MAX_RESPONSE_BYTES:
            del self.body[MAX_RESPONSE_BYTES:]
            self.truncated = True
        if self.truncated or self._oddity:
            raw.close()
        raw.release_conn()

    def verdict(self) -> tuple[Failure | None, str | None]:
        """Return what the status means. Only 2xx is success: neither the body nor long headers undo it."""
        if self._is_success():
            return None, self._oddity or None
        said = " ".join(f"{self.status} {self._reason[:MAX_PHRASE_LENGTH]}".split())
        location = self._header("location")
        if self.status is not None and HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST and location:
            location = location[:MAX_TARGET_LENGTH]
            return Failure.REDIRECT, f"The receiver answered {said}, to {location}: redirects are not followed."
        retry_after = self._header("retry-after")
        if is_refusal(self.status, retry_after, self._sent_at):
            sentences = [
                f"The receiver answered {said}: {asked_to_wait(read_retry_after(retry_after, self._sent_at))}."
            ]
        else:
            sentences = [f"The receiver answered {said}.", hint(self.status, self._url, bytes(self.body))]
        asked = read_retry_after(retry_after, self._sent_at)
        if asked is not None and asked.unreadable:
            sentences.append(f"Its Retry-After, “{asked.unreadable}”, cannot be read and is ignored.")
        return Failure.STATUS, " ".join(filter(None, [*sentences, self._oddity]))

    def _is_success(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def _header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)
