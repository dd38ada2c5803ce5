"""Requests that a person waits for: one at a time for each owner, and few in each process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from calhooks.accounts.owners import Owner

MAX_AT_ONCE = 2
ONE_IS_UNDER_WAY = "Another test is still under way. Wait until it has ended, at most 15 seconds."
ALL_ARE_TAKEN = "Too many tests are under way. Try again in a few seconds."


class PingRefused(Exception):
    """Too many requests at once; str() is the sentence for the person, who may try again."""


class _Slots:
    """Who is waiting for a response in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners = set[Owner]()

    @contextmanager
    def taken(self, owner: Owner) -> Iterator[None]:
        """Hold a slot for the time of the block. Raises PingRefused when there is none."""
        with self._lock:
            if owner in self._owners:
                raise PingRefused(ONE_IS_UNDER_WAY)
            if len(self._owners) == MAX_AT_ONCE:
                raise PingRefused(ALL_ARE_TAKEN)
            self._owners.add(owner)
        try:
            yield
        finally:
            with self._lock:
                self._owners.remove(owner)


slots = _Slots()
