"""The threads that send. They do HTTP and nothing else; the pump gives them claims and takes what came of them.

As few send at once as the receivers allow: sixteen threads that want the interpreter at the same time send half of what
one does by itself to a receiver that answers at once. A receiver that is not known to do so has a thread of its own
from the start, and where nobody has taken the next claim for an instant, more threads join, twice as many each time.
"""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from time import monotonic

from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.record import Finished
from calhooks.delivery.sending.sender import OutgoingRequest, Result

INSTANT_SECONDS = 0.001
GATHER_SECONDS = 0.005
MAX_GATHER_SECONDS = 0.02


class SenderThreads:
    """Threads that are made as they are needed and kept. They never keep a process from ending."""

    def __init__(self, send: Callable[[OutgoingRequest], Result]) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._given: deque[tuple[Claim, float]] = deque()
        self._taken_at = 0.0
        self._wake_ups: SimpleQueue[None] = SimpleQueue()
        self._awake = 0
        self._idle = 0
        self._finished: list[Finished] = []
        self._wanted = 1
        self._news = threading.Event()

    def give(self, claim: Claim, *, quick: bool) -> None:
        """Have a claim sent: at once, or where the receiver is expected to be quick, after others like it."""
        with self._lock:
            if quick:
                self._given.append((claim, monotonic()))
            else:
                self._given.appendleft((claim, monotonic()))
            if not quick or self._nobody_comes():
                self._wake_one()

    def take(self, seconds: float, under_way: int) -> list[Finished]:
        """Return what has ended, after waiting up to `seconds` for the first and an instant for the others.

        `under_way` counts all claims that were given and not taken back. Writing down many at once costs little more
        than one; and while claims still wait for a thread, that thread and the pump would slow each other down, so
        these are waited for as well, for 20 ms at most.
        """
        if self._await(1, seconds):
            until = monotonic() + MAX_GATHER_SECONDS
            while not self._await(under_way, GATHER_SECONDS) and self._given and monotonic() < until:
                pass
        with self._lock:
            finished, self._finished = self._finished, []
        return finished

    def _await(self, count: int, seconds: float) -> bool:
        """Wait until `count` sends have ended, for at most `seconds`; tell whether they have."""
        with self._lock:
            if len(self._finished) >= count:
                return True
            self._wanted = count
            self._news.clear()
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            if self._news.wait(min(left, INSTANT_SECONDS) if self._given else left):
                return True
            with self._lock:
                if self._nobody_comes():
                    for _ in range(min(len(self._given), self._awake or 1)):
                        self._wake_one()
        return False

    def _nobody_comes(self) -> bool:
        return bool(self._given) and (not self._awake or monotonic() - self._taken_at > INSTANT_SECONDS)

    def _wake_one(self) -> None:
        self._awake += 1
        self._taken_at = monotonic()
        self._wake_ups.put(None)
        if self._idle:
            self._idle -= 1
        else:
            threading.Thread(target=self._run, name="sender", daemon=True).start()

    def _run(self) -> None:
        while True:
            self._wake_ups.get()
            while (given := self._next()) is not None:
                claim, given_at = given
                result = self._send(claim.request)
                self._end(Finished(claim, result, round((monotonic() - given_at) * 1000)))

    def _next(self) -> tuple[Claim, float] | None:
        with self._lock:
            if self._given:
                self._taken_at = monotonic()
                return self._given.popleft()
            self._awake -= 1
            self._idle += 1
            return None

    def _end(self, finished: Finished) -> None:
        with self._lock:
            self._finished.append(finished)
            if len(self._finished) >= self._wanted:
                self._news.set()
