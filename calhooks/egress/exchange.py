"""One request and its response under one deadline, and the exchange that each thread carries out."""

import threading
import time
from collections.abc import Callable, Sequence

from calhooks import clock
from calhooks.config.values import Network
from calhooks.egress.failures import ExchangeFailed, Failure, HeadersUnread
from calhooks.egress.resolver import Resolver
from calhooks.egress.working_addresses import WorkingAddresses

# Bounds the status line with its headers, interim responses included, and then the body with its framing.
MAX_RECEIVED_BYTES = 512 * 1024
# How long the body may take after the headers: it is for the log alone.
BODY_SECONDS = 2.0
# How long a 2xx response whose body has not arrived holds its slot.
SLOT_SECONDS = 0.05


class Exchange:
    """One request and its answer, in one thread, from looking up the name to the last byte that is read.

    `send_before` is when the request may no longer go out, in seconds of `clock.since_boot()`; 0 is no limit.
    `let_go` is called at most once, when 2xx headers have come and the body keeps the thread waiting; it tells whether
    to wait for the body.
    """

    def __init__(
        self,
        allow: Sequence[Network],
        resolver: Resolver,
        worked: WorkingAddresses,
        seconds: float,
        *,
        send_before: float = 0.0,
        let_go: Callable[[], bool] | None = None,
    ) -> None:
        self.allow = allow
        self.resolver = resolver
        self.worked = worked
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.received = 0
        self.status: int | None = None
        self.reason = ""
        self.ended = False
        self.reused = False
        self.fresh = False
        self._send_before = send_before
        self._let_go = let_go
        self._held_until: float | None = None
        self._in_body = False

    def left(self) -> float:
        """Return how many seconds are left. Raises ExchangeFailed when none are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.too_late()
        # The clock that counts must not be able to prolong an exchange by jumping back.
        return min(left, self.seconds)

    def left_to_send(self) -> float:
        """Return how many seconds are left. Raises ExchangeFailed when none are, or when `send_before` has passed."""
        if self._send_before and clock.since_boot() >= self._send_before:
            raise ExchangeFailed(Failure.STALE, "The time for this attempt was over before the request went out.")
        return self.left()

    def left_to_receive(self) -> float:
        """Return for how many seconds to wait for bytes before asking again. Raises ExchangeFailed when none are left.

        Gives the slot back when its time is over.
        """
        if self._held_until is not None:
            held = min(self._held_until, self.deadline) - time.monotonic()
            if held > 0:
                return held
            self._held_until = None
            if self._let_go is not None and not self._let_go():
                raise ExchangeFailed(Failure.DEADLINE, "Too many other bodies were being waited for.")
        return self.left()

    def begin_body(self, *, taken: bool) -> None:
        """Limit the time from here on to the body's. `taken` is whether the status is 2xx."""
        now = time.monotonic()
        self._in_body = True
        self.received = 0
        self.deadline = min(self.deadline, now + BODY_SECONDS)
        if taken and self._let_go is not None:
            self._held_until = now + SLOT_SECONDS

    def too_late(self) -> ExchangeFailed:
        """Return the failure of an exchange that reached its deadline."""
        if self._in_body:
            return ExchangeFailed(Failure.DEADLINE, "The receiver was still sending its body when time was up.")
        what = "the receiver was still sending its answer" if self.received else "the receiver had not answered"
        return ExchangeFailed(Failure.DEADLINE, f"After {self.seconds:g} seconds {what}.")

    def took(self, count: int) -> None:
        """Count received bytes, 0 meaning that the receiver closed. Raises ExchangeFailed at far too many."""
        self.received += count
        self.ended = count == 0
        if self.received <= MAX_RECEIVED_BYTES:
            return
        if self._in_body:
            raise ExchangeFailed(Failure.NOT_HTTP, "Its framing is far longer than what is in it.")
        if self.status is None:
            raise ExchangeFailed(Failure.NOT_HTTP, "The receiver sent headers without end.")
        raise HeadersUnread(self.status, self.reason, f"headers longer than {MAX_RECEIVED_BYTES // 1024} KiB")


_thread = threading.local()


def begin(exchange: Exchange) -> None:
    """Make `exchange` the one that this thread's connections obey."""
    _thread.exchange = exchange


def current() -> Exchange:
    """Return the exchange that the calling thread carries out. There must be one."""
    exchange: Exchange = _thread.exchange
    return exchange
