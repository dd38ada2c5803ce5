"""Which address of a host with several to dial first: the one that worked last, then both families in turn."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from itertools import chain, zip_longest

from calhooks.egress.addresses import Address

REMEMBERED_SECONDS = 600.0
MAX_REMEMBERED = 1000


class WorkingAddresses:
    """The address that last took a connection, for each host and port of one process, for ten minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[str, int], tuple[Address, float]] = OrderedDict()

    def note(self, host: str, port: int, address: Address) -> None:
        """Remember that an address took a connection now."""
        with self._lock:
            self._found[host, port] = address, time.monotonic() + REMEMBERED_SECONDS
            self._found.move_to_end((host, port))
            if len(self._found) > MAX_REMEMBERED:
                self._found.popitem(last=False)

    def in_order(self, host: str, port: int, addresses: Sequence[Address]) -> list[Address]:
        """Return `addresses` in the order in which to dial them (RFC 8305, 4)."""
        first = addresses[0].version
        families = ([each for each in addresses if (each.version == first) is same] for same in (True, False))
        ordered = [each for each in chain.from_iterable(zip_longest(*families)) if each is not None]
        with self._lock:
            found, until = self._found.get((host, port), (None, 0.0))
        if found in ordered and time.monotonic() < until:
            ordered.remove(found)
            ordered.insert(0, found)
        return ordered
