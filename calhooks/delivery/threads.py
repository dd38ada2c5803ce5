"""The threads that send. They do HTTP and nothing else; the pump gives them claims and takes what came of them."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from time import monotonic

from calhooks.delivery.claim import Claim
from calhooks.delivery.record import Finished
from calhooks.delivery.sender import OutgoingRequest, Result

GATHER_SECONDS = 0.005


class SenderThreads:
    """Threads that are made as they are needed and kept. They never keep a process from ending."""

    def __init__(self, send: Callable[[OutgoingRequest], Result]) -> None:
        self._send = send
        self._given: SimpleQueue[Claim] = SimpleQueue()
        self._finished: SimpleQueue[Finished] = SimpleQueue()
        self._count = 0

    def give(self, claim: Claim, under_way: int) -> None:
        """Have a claim sent at once; `under_way` counts it and all others that were given and not taken back."""
        self._given.put(claim)
        if under_way > self._count:
            self._count += 1
            threading.Thread(target=self._run, name=f"sender {self._count}", daemon=True).start()

    def take(self, seconds: float, under_way: int) -> list[Finished]:
        """Return what has ended, after waiting up to `seconds` for the first and an instant for the others.

        Writing down many at once costs little more than one, and the threads that still send keep it waiting less.
        """
        finished: list[Finished] = []
        until = monotonic() + seconds
        try:
            while len(finished) < under_way:
                left = until - monotonic()
                finished.append(self._finished.get(timeout=left) if left > 0 else self._finished.get_nowait())
                if len(finished) == 1:
                    until = monotonic() + GATHER_SECONDS
        except Empty:
            pass
        return finished

    def _run(self) -> None:
        while True:
            claim = self._given.get()
            self._finished.put(Finished(claim, self._send(claim.request)))
