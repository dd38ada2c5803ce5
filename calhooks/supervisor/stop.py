"""Stopping everything, in an order in which nothing is torn: the web server, the workers, then Redis."""

import signal
import time
from collections.abc import Iterable

from calhooks.supervisor.child import Child

# In seconds since the wish to stop; all of it is over within ten.
WORKERS_AT_THE_LATEST = 1.0
KILL_AT = 9.2
KILL_REDIS_AT = 9.5


class Stop:
    """A stop under way."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told: set[str] = set()

    @property
    def seconds(self) -> float:
        """Return how long ago the stop began."""
        return time.monotonic() - self._began

    def advance(self, children: Iterable[Child]) -> bool:
        """Take the steps whose time has come and tell whether everything has ended."""
        running = [child for child in children if child.running]
        web = [child for child in running if child.name == "web"]
        redis = [child for child in running if child.name == "redis"]
        workers = [child for child in running if child not in web + redis]
        self._tell(web, signal.SIGTERM)
        if not web or self.seconds > WORKERS_AT_THE_LATEST:
            self._tell(workers, signal.SIGTERM)
        if self.seconds > KILL_AT:
            self._tell(web + workers, signal.SIGKILL)
        if not web + workers:
            self._tell(redis, signal.SIGTERM)
        if self.seconds > KILL_REDIS_AT:
            self._tell(redis, signal.SIGKILL)
        return not running

    def at_once(self, children: Iterable[Child]) -> None:
        """Give up on manners."""
        for child in children:
            child.send(signal.SIGKILL)

    def _tell(self, children: Iterable[Child], number: signal.Signals) -> None:
        for child in children:
            step = f"{child.name} {number}"
            if step not in self._told:
                self._told.add(step)
                child.send(number)
