"""One request and its response under one deadline, and the exchange that each thread carries out."""

import threading
import time
from collections.abc import Sequence

from calhooks.config.values import Network
from calhooks.egress.failures import ExchangeFailed, Failure
from calhooks.egress.resolver import Resolver

# A status line, headers and a body as far as it is kept are far below this; it bounds endless headers.
MAX_RECEIVED_BYTES = 512 * 1024


class Exchange:
    """One request and its answer, in one thread, from looking up the name to the last byte that is read."""

    def __init__(self, allow: Sequence[Network], resolver: Resolver, seconds: float) -> None:
        self.allow = allow
        self.resolver = resolver
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.received = 0
        self.ended = False
        self.reused = False
        self.fresh = False

    def left(self) -> float:
        """Return how many seconds are left. Raises ExchangeFailed when none are."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.too_late()
        # The clock that counts must not be able to prolong an exchange by jumping back.
        return min(left, self.seconds)

    def too_late(self) -> ExchangeFailed:
        """Return the failure of an exchange that reached its deadline."""
        what = "the receiver was still sending its answer" if self.received else "the receiver had not answered"
        return ExchangeFailed(Failure.DEADLINE, f"After {self.seconds:g} seconds {what}.")

    def took(self, count: int) -> None:
        """Count received bytes, 0 meaning that the receiver closed. Raises ExchangeFailed at far too many."""
        self.received += count
        self.ended = count == 0
        if self.received > MAX_RECEIVED_BYTES:
            raise ExchangeFailed(Failure.NOT_HTTP, "The receiver sent headers without end.")


_thread = threading.local()


def begin(exchange: Exchange) -> None:
    """Make `exchange` the one that this thread's connections obey."""
    _thread.exchange = exchange


def current() -> Exchange:
    """Return the exchange that the calling thread carries out. There must be one."""
    exchange: Exchange = _thread.exchange
    return exchange
