"""The threads that send. They do HTTP and nothing else; the pump gives them claims and takes what came of them.

As few send at once as the receivers allow: sixteen threads that want the interpreter at the same time send half of what
one does by itself to a receiver that answers at once. A receiver that is not known to do so has a thread of its own
from the start, and where nobody has taken the next claim for an instant, more threads join, twice as many each time. No
more than sixteen ever wait for the answers of one receiver.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from time import monotonic

from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.ended import Finished
from calhooks.delivery.pump.room import MAX_FOR_PROVEN
from calhooks.delivery.sending.sender import OutgoingRequest, Result

# How many bodies of 2xx responses may be waited for at once: each occupies a thread.
MAX_BODIES = 100
INSTANT_SECONDS = 0.001
GATHER_SECONDS = 0.005
MAX_GATHER_SECONDS = 0.02


# Carries out one attempt; calls its second argument as `Sender.send` does.
Send = Callable[[OutgoingRequest, Callable[[], bool]], Result]


class SenderThreads:
    """Threads that are made as they are needed and kept. They never keep a process from ending."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = threading.Lock()
        self._given: deque[tuple[Claim, float]] = deque()
        # How many answers of each endpoint are waited for.
        self._asked: Counter[int] = Counter()
        self._taken_at = 0.0
        self._wake_ups: SimpleQueue[None] = SimpleQueue()
        self._awake = 0
        self._idle = 0
        self._finished: list[Finished] = []
        self._unsent: list[Claim] = []
        # Endpoints with a refusal that take() has not returned yet.
        self._refusing: set[int] = set()
        # Deliveries that are taken and whose bodies are waited for, with the moment when that began.
        self._bodies: dict[int, float] = {}
        self._taken: list[int] = []
        self._wanted = 1
        self._news = threading.Event()

    def give(self, claim: Claim, *, quick: bool) -> None:
        """Have a claim sent: at once, or where the receiver is expected to be quick, after others like it.

        It is not sent and comes back through `unsent()` while take() has yet to return a refusal by its endpoint.
        """
        with self._lock:
            if claim.endpoint_id in self._refusing:
                self._unsent.append(claim)
                return
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
            # What is given from now on was claimed by a caller that knows of these refusals.
            self._refusing.clear()
        return finished

    def unsent(self) -> list[Claim]:
        """Return claims that were not sent because their endpoint has refused another meanwhile (`Result.refused`).

        Call it after take(): the refusal is then among what that returned.
        """
        with self._lock:
            unsent, self._unsent = self._unsent, []
        return unsent

    def taken(self) -> list[int]:
        """Return the ids of deliveries that receivers took since the last call and whose bodies are still awaited."""
        with self._lock:
            taken, self._taken = self._taken, []
        return taken

    def _await(self, count: int, seconds: float) -> bool:
        """Wait until `count` claims have ended or come back, for at most `seconds`; tell whether they have."""
        with self._lock:
            if self._ended() >= count:
                return True
            self._wanted = count
            self._news.clear()
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            with self._lock:
                some_wait = self._some_wait()
            if self._news.wait(min(left, INSTANT_SECONDS) if some_wait else left):
                return True
            with self._lock:
                if self._nobody_comes():
                    for _ in range(min(len(self._given), self._awake or 1)):
                        self._wake_one()
        return False

    def _nobody_comes(self) -> bool:
        return self._some_wait() and (not self._awake or monotonic() - self._taken_at > INSTANT_SECONDS)

    def _some_wait(self) -> bool:
        """Tell whether there are claims that could be sent if there were a thread."""
        return any(self._may_ask(claim) for claim, _ in self._given)

    def _may_ask(self, claim: Claim) -> bool:
        return self._asked[claim.endpoint_id] < MAX_FOR_PROVEN

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
                result = self._send(claim.request, partial(self._let_go, claim))
                self._end(claim, result, given_at)

    def _next(self) -> tuple[Claim, float] | None:
        with self._lock:
            for number, (claim, given_at) in enumerate(self._given):
                if self._may_ask(claim):
                    del self._given[number]
                    self._asked[claim.endpoint_id] += 1
                    self._taken_at = monotonic()
                    return claim, given_at
            self._awake -= 1
            self._idle += 1
            return None

    def _let_go(self, claim: Claim) -> bool:
        """Note that a delivery is taken; tell whether its body may be waited for."""
        with self._lock:
            if len(self._bodies) >= MAX_BODIES:
                return False
            self._bodies[claim.delivery_id] = monotonic()
            self._taken.append(claim.delivery_id)
            self._forget_asked(claim)
            return True

    def _end(self, claim: Claim, result: Result, given_at: float) -> None:
        with self._lock:
            let_go_at = self._bodies.pop(claim.delivery_id, None)
            if let_go_at is None:
                self._forget_asked(claim)
            slot_ms = round(((let_go_at or monotonic()) - given_at) * 1000)
            self._finished.append(Finished(claim, result, slot_ms))
            if result.refused:
                self._withdraw(claim.endpoint_id)
            if self._ended() >= self._wanted:
                self._news.set()

    def _forget_asked(self, claim: Claim) -> None:
        self._asked[claim.endpoint_id] -= 1
        if not self._asked[claim.endpoint_id]:
            del self._asked[claim.endpoint_id]

    def _withdraw(self, endpoint_id: int) -> None:
        """Give back what has not begun of an endpoint that refuses."""
        self._refusing.add(endpoint_id)
        self._unsent += [claim for claim, _ in self._given if claim.endpoint_id == endpoint_id]
        self._given = deque(each for each in self._given if each[0].endpoint_id != endpoint_id)

    def _ended(self) -> int:
        return len(self._finished) + len(self._unsent)
