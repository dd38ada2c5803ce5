"""A receiver of somebody else's make: Python's own HTTP server, with the published `standardwebhooks` package."""

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError


@dataclass(frozen=True)
class Request:
    """What arrived, and when by time.monotonic()."""

    at: float
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Inbox:
    """A receiver that accepts what its secret has signed; without a secret, everything."""

    def __init__(self, port: int = 0, secret: str = "") -> None:
        self.secret = secret
        self.requests: list[Request] = []
        self._news = threading.Condition()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(inbox._take(Request(time.monotonic(), dict(self.headers), body)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/bookings"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, count: int, seconds: float = 10) -> Request:
        """Return the last of `count` accepted requests."""
        with self._news:
            self._news.wait_for(lambda: len(self.requests) >= count, seconds)
        assert len(self.requests) == count
        return self.requests[-1]

    def _take(self, request: Request) -> int:
        if self.secret:
            try:
                StandardWebhook(self.secret).verify(request.body.decode(), request.headers)
            except WebhookVerificationError:
                return 401
        with self._news:
            self.requests.append(request)
            self._news.notify_all()
        return 204
