"""The gunicorn worker of calhooks: gthread's pool of threads, without a thread for a slow client.

The poller, the main thread of the process, reads the requests and sends the responses of all connections and waits for
none of them. A thread gets a request once all of it has arrived, and is free as soon as the response is in memory.
"""

import errno
import selectors
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from calhooks.server.connection import ClientConnection, Phase
from calhooks.server.limits import MAX_HEAD_BYTES, MAX_HELD_BYTES, STOPPING_SECONDS

CHECK_SECONDS = 0.5
NO_DESCRIPTOR_LEFT = (errno.EMFILE, errno.ENFILE)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answer complete requests in threads, and do everything else in the poller."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # gunicorn limits a request line to 8 KB or not at all. The limits of calhooks apply before gunicorn parses.
        self.cfg.set("limit_request_line", 0)
        self.cfg.set("limit_request_field_size", MAX_HEAD_BYTES)
        # sendfile would wait for the client.
        self.cfg.set("sendfile", False)
        self._connections: set[ClientConnection] = set()
        self._held = 0
        self._next_check = 0.0
        self._stopping_since = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Stop the start with one line if gunicorn is told to speak TLS, which is the proxy's work."""
        super().check_config(cfg, log)
        if cfg.is_ssl:
            sys.exit("calhooks: gunicorn speaks plain HTTP here: leave out --certfile and --keyfile, and use a proxy.")

    def accept(self, listener: Any) -> None:
        """Accept a connection. If there are too many, close the oldest of the client that has the most."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in NO_DESCRIPTOR_LEFT:
                self._close_oldest(lambda _: 1)
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return
        connection = ClientConnection(self.cfg, sock, client, listener.getsockname())
        self._connections.add(connection)
        self.nr_conns += 1
        connection.wait_for_request(time.monotonic())
        # A client that connects usually sends at once.
        self._take(connection, connection.proceed)
        if self.nr_conns >= self.worker_connections:
            self._close_oldest(lambda _: 1)

    def handle(self, connection: ClientConnection) -> bool:
        """Answer a complete request in a thread of the pool. Return whether the connection may carry another."""
        keeps = False
        try:
            keeps = self.handle_request(connection.request, connection)
        except StopIteration:
            pass  # The application failed in the middle of its response, and gunicorn has logged it.
        except Exception as error:
            self.handle_error(connection.request, connection.sock, connection.client, error)
        connection.sock.flush()
        return keeps

    def finish_request(self, connection: ClientConnection, answered: Future[bool]) -> None:
        """Take a connection back from its thread."""
        self._take(connection, lambda now: connection.finish(not answered.cancelled() and answered.result(), now))

    def murder_pending(self) -> None:
        """Close connections whose deadline has passed. gunicorn calls this after each round of events."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_SECONDS
        if not self.alive:
            self._stopping_since = self._stopping_since or now
        for connection in list(self._connections):
            stops = self._stopping_since and connection.phase is Phase.SILENT
            if now > (self._stopping_since + STOPPING_SECONDS if stops else connection.deadline):
                self._take(connection, connection.expire)

    def _on_ready(self, connection: ClientConnection, _sock: Any) -> None:
        self._take(connection, connection.proceed)

    def _take(self, connection: ClientConnection, step: Callable[[float], None]) -> None:
        """Take a step on a connection at the current time, and do what its phase then needs."""
        try:
            step(time.monotonic())
        except Exception:
            # One connection must not end the process, and all others with it.
            self.log.exception("A connection failed and is closed")
            connection.phase = Phase.GONE
        self._settle(connection)

    def _settle(self, connection: ClientConnection) -> None:
        """Do what the phase of a connection needs: give it a thread, wait for its socket, or drop it."""
        if connection.phase is Phase.GONE:
            self._drop(connection)
            return
        self._held += connection.size - connection.weight
        connection.weight = connection.size
        if connection.phase is Phase.WORKING:
            self._watch(connection, 0)
            self.enqueue_req(connection)
        else:
            writes = connection.phase is Phase.ANSWERING
            self._watch(connection, selectors.EVENT_WRITE if writes else selectors.EVENT_READ)
        while self._held > MAX_HELD_BYTES and self._close_oldest(lambda each: each.weight):
            pass

    def _watch(self, connection: ClientConnection, events: int) -> None:
        """Let the poller wait for `events` of a connection, for none if 0."""
        key = self.poller.get_map().get(connection.sock)
        if key and not events:
            self.poller.unregister(connection.sock)
        elif key and key.events != events:
            self.poller.modify(connection.sock, events, key.data)
        elif events and not key:
            self.poller.register(connection.sock, events, partial(self._on_ready, connection))

    def _drop(self, connection: ClientConnection) -> None:
        if connection in self._connections:
            self._watch(connection, 0)
            self._connections.remove(connection)
            self._held -= connection.weight
            self.nr_conns -= 1
            connection.sock.close()

    def _close_oldest(self, weight: Callable[[ClientConnection], int]) -> bool:
        """Close the oldest connection of the client with the most `weight`, and return whether there was one.

        A connection that has a thread, or waits for one, stays.
        """
        waiting = [each for each in self._connections if each.phase is not Phase.WORKING and weight(each)]
        totals: Counter[str] = Counter()
        for each in waiting:
            totals[each.network] += weight(each)
        if not totals:
            return False
        network, _ = totals.most_common(1)[0]
        self._drop(min((each for each in waiting if each.network == network), key=lambda each: each.since))
        return True
