"""The gunicorn worker of calhooks: gthread's pool of threads, without a thread for a slow client.

The poller, the main thread of the process, reads the requests and sends the responses of all connections and waits for
none of them. A thread gets a request once all of it has arrived, and is free as soon as the response is in memory.
"""

import errno
import resource
import selectors
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

from gunicorn.util import write_error
from gunicorn.workers.gthread import ThreadWorker

from calhooks.server.connection import ClientConnection, Phase
from calhooks.server.limits import MAX_HEAD_BYTES, MAX_HELD_BYTES, MIN_OTHER_FILES, STOPPING_SECONDS

CHECK_SECONDS = 0.5
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
# The listening socket itself is unusable. Anything else that accept(2) reports concerns one connection.
NO_LISTENER = (errno.EBADF, errno.EINVAL, errno.ENOTSOCK)


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Answer complete requests in threads, and do everything else in the poller."""

    worker_connections: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # gunicorn limits a request line to 8 KB or not at all. The limits of calhooks apply before gunicorn parses.
        self.cfg.set("limit_request_line", 0)
        self.cfg.set("limit_request_field_size", MAX_HEAD_BYTES)
        # sendfile would wait for the client.
        self.cfg.set("sendfile", False)
        # gunicorn believes these headers of every client of a Unix socket; calhooks has CALHOOKS_TRUSTED_PROXIES.
        self.cfg.set("forwarder_headers", "")
        self.cfg.set("secure_scheme_headers", {})
        self._max_connections = self.worker_connections
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

    def init_process(self) -> None:
        """Raise the limit of open files to what the connections need, or keep fewer."""
        needed = self.worker_connections + MIN_OTHER_FILES
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < needed:
            soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            self._max_connections = max(self.cfg.threads, min(self.worker_connections, soft - MIN_OTHER_FILES))
            self.worker_connections = self._max_connections
        if self.worker_connections < self.cfg.worker_connections:
            message = "Only %d connections are kept, because the limit of open files (ulimit -n) is %d"
            self.log.warning(message, self.worker_connections, soft)
        super().init_process()

    def accept(self, listener: Any) -> None:
        """Accept a connection. If there are too many, close the oldest of the client that has the most."""
        try:
            sock, client = listener.accept()
        except OSError as error:
            if error.errno in NO_LISTENER:
                raise
            if error.errno in NO_ROOM and not self._close_oldest(lambda _: 1):
                # Accept none until the next check: the listener stays ready, and the poller would not rest.
                self.worker_connections = self.nr_conns
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
        unsent = connection.sock.unsent
        begins = len(unsent)
        try:
            keeps = self.handle_request(connection.request, connection)
        except StopIteration:
            # The application failed in the middle of its response. gunicorn has logged it, and nothing has been sent.
            del unsent[begins:]
            write_error(connection.sock, 500, "Internal Server Error", "")
        except (Exception, SystemExit) as error:
            del unsent[begins:]
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
        self.worker_connections = self._max_connections
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
            self._settle(connection)
        except Exception:
            # One connection must not end the process, and all others with it.
            self.log.exception("A connection failed and is closed")
            self._drop(connection)

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
        if events == connection.events:
            return
        if not events:
            self.poller.unregister(connection.sock)
        else:
            change = self.poller.modify if connection.events else self.poller.register
            change(connection.sock, events, partial(self._on_ready, connection))
        connection.events = events

    def _drop(self, connection: ClientConnection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._held -= connection.weight
            self.nr_conns -= 1
            with suppress(OSError, KeyError, ValueError):
                self._watch(connection, 0)
            connection.sock.drop()

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
