"""Look up names without waiting longer than one may: getaddrinfo knows no time-out."""

import ipaddress
import socket
import threading

from calhooks.egress.addresses import Address
from calhooks.egress.failures import ExchangeFailed, Failure
from calhooks.egress.urls import LOOPBACK, is_localhost, literal_address

# Twice as many as sends can be under way: each waits for one, and those of the sends before them may hang still.
MAX_LOOKUPS = 400


class _Lookup:
    """One getaddrinfo under way, in a thread that may outlive those who wait for it."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.done = threading.Event()
        self.addresses: list[Address] = []
        self.error: OSError | UnicodeError | None = None

    def run(self) -> None:
        try:
            answers = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self.addresses = list(dict.fromkeys(ipaddress.ip_address(answer[4][0]) for answer in answers))
        except (OSError, UnicodeError) as error:
            self.error = error


class Resolver:
    """Resolve names in threads of their own, one for each name: a name server that hangs holds one and no more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, _Lookup] = {}

    def addresses(self, host: str, seconds: float) -> list[Address]:
        """Return all addresses of `host`, in the order in which to dial them, never none.

        Raises ExchangeFailed when there is no answer, or none within `seconds`.
        """
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        if is_localhost(host):
            return list(LOOPBACK)
        lookup = self._join(host)
        if not lookup.done.wait(seconds):
            raise ExchangeFailed(Failure.DNS, f"Looking up {host} took too long: no name server answered in time.")
        if lookup.error is not None or not lookup.addresses:
            raise ExchangeFailed(Failure.DNS, f"The name {host} could not be found ({_reason(lookup.error)}).")
        return list(lookup.addresses)

    def _join(self, host: str) -> _Lookup:
        with self._lock:
            lookup = self._under_way.get(host)
            if lookup is None:
                if len(self._under_way) >= MAX_LOOKUPS:
                    raise ExchangeFailed(Failure.DNS, f"{host} was not looked up: {MAX_LOOKUPS} other names hang.")
                lookup = _Lookup(host)
                # The lock is held, so the thread cannot end before its lookup is known.
                threading.Thread(target=self._run, args=(lookup,), name=f"lookup {host}", daemon=True).start()
                self._under_way[host] = lookup
            return lookup

    def _run(self, lookup: _Lookup) -> None:
        try:
            lookup.run()
        finally:
            with self._lock:
                del self._under_way[lookup.host]
            lookup.done.set()


def _reason(error: OSError | UnicodeError | None) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "no addresses"
