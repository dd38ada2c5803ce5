"""Receivers of every temper on a virtual clock, in seconds since the day began. Each has a state of its own."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http import HTTPStatus
from math import inf

from calhooks.delivery.sending.sender import DEADLINE_SECONDS
from calhooks.egress.failures import Failure

# Whole seconds, as HTTP dates have them.
START = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """What a receiver answers; `seconds` is how long it takes over it, None for as usual."""

    status: int | None = HTTPStatus.OK
    retry_after: str | None = None
    failure: Failure | None = None
    seconds: float | None = None


TAKEN = Said()
BROKEN = Said(HTTPStatus.INTERNAL_SERVER_ERROR, failure=Failure.STATUS)
DEAD = Said(None, failure=Failure.REFUSED, seconds=0.002)
SILENT = Said(None, failure=Failure.DEADLINE, seconds=DEADLINE_SECONDS)


class Receiver:
    """One that takes everything. `rate` is how many it takes a second, after the first `burst`."""

    rate = inf
    burst = 0

    def answer(self, number: int, at: float) -> Said:
        """Answer a request about the delivery with this `number` that arrives now."""
        return TAKEN

    def would_take(self, number: int) -> bool:
        """Tell whether it takes this delivery sooner or later within the day."""
        return True

    def least_seconds(self, count: int) -> float:
        """Return how long `count` deliveries take when not one request is refused, none is early and none late."""
        return max(0.0, (count - self.burst) / self.rate)


# Writes a Retry-After for a wait that begins now.
Words = Callable[[float, float], str | None]


def in_seconds(wait: float, _at: float) -> str:
    """Write whole seconds, rounded up."""
    return str(int(-(-wait // 1)))


def in_fractions(wait: float, _at: float) -> str:
    """Write milliseconds too, as Slack and Discord do."""
    return f"{wait:.3f}"


def as_date(wait: float, at: float) -> str:
    """Write an HTTP date, rounded up."""
    return format_datetime(START + timedelta(seconds=int(-(-(at + wait) // 1))), usegmt=True)


def nothing(_wait: float, _at: float) -> None:
    """Say nothing."""


def zero(_wait: float, _at: float) -> str:
    """Say that it may be tried at once, which is not true."""
    return "0"


def ten(_wait: float, _at: float) -> str:
    """Say ten seconds, however long it is."""
    return "10"


class Limited(Receiver):
    """Refuses what comes too soon: 429, or another `status`, with a Retry-After in its own `words`."""

    def __init__(self, rate: float, words: Words = in_seconds, status: int = HTTPStatus.TOO_MANY_REQUESTS) -> None:
        self.rate = rate
        self._words = words
        self._status = status

    def answer(self, number: int, at: float) -> Said:
        """Refuse for as long as the limit has it."""
        wait = self._wait(at)
        return Said(self._status, self._words(wait, at), Failure.STATUS) if wait else TAKEN

    def _wait(self, at: float) -> float:
        """Return how long to wait, 0 for a request that is taken and counts."""
        raise NotImplementedError


class Interval(Limited):
    """Wants requests to be 1 / `rate` seconds apart, to the millisecond."""

    _last = -inf

    def _wait(self, at: float) -> float:
        if (early := self._last + 1 / self.rate - at) > 0:
            return early
        self._last = at
        return 0.0


class Window(Limited):
    """Takes `rate` requests a second, counted for each stretch of `seconds` by the clock."""

    seconds = 1.0
    _window = -1
    _count = 0

    def _wait(self, at: float) -> float:
        window = int(at // self.seconds)
        if window != self._window:
            self._window, self._count = window, 0
        if self._count < self.rate * self.seconds:
            self._count += 1
            return 0.0
        return (window + 1) * self.seconds - at


class Minutes(Window):
    """Counts by the minute."""

    seconds = 60.0


class Bucket(Limited):
    """Has `burst` tokens, and gets `rate` of them back a second."""

    def __init__(self, rate: float, burst: int, words: Words = in_seconds) -> None:
        super().__init__(rate, words)
        self.burst = burst
        self._tokens = float(burst)
        self._at = 0.0

    def _wait(self, at: float) -> float:
        self._tokens = min(self.burst, self._tokens + (at - self._at) * self.rate)
        self._at = at
        if self._tokens < 1:
            return (1 - self._tokens) / self.rate
        self._tokens -= 1
        return 0.0


class Penalty(Limited):
    """Takes `rate` in any second, and nothing for 30 seconds after it refused, as Airtable does."""

    seconds = 30.0

    def __init__(self, rate: float) -> None:
        super().__init__(rate)
        self._until = -inf
        self._recent: deque[float] = deque()

    def _wait(self, at: float) -> float:
        if at < self._until:
            return self._until - at
        while self._recent and self._recent[0] <= at - 1:
            self._recent.popleft()
        if len(self._recent) < self.rate:
            self._recent.append(at)
            return 0.0
        self._until = at + self.seconds
        return self.seconds


class Choosy(Receiver):
    """Answers some deliveries always in the same other way."""

    def __init__(self, said: Said, is_chosen: Callable[[int], bool]) -> None:
        self._said = said
        self._is_chosen = is_chosen

    def answer(self, number: int, at: float) -> Said:
        """Take all but the chosen."""
        return self._said if self._is_chosen(number) else TAKEN

    def would_take(self, number: int) -> bool:
        """Never take the chosen."""
        return not self._is_chosen(number)


class Down(Receiver):
    """Is down in the given stretches, in order. While it is up, it fails when more than `rate` come in a second."""

    def __init__(self, stretches: list[tuple[float, float]], rate: float = inf) -> None:
        self.stretches = stretches
        self.rate = rate
        self._place = 0
        self._recent: deque[float] = deque()

    def answer(self, number: int, at: float) -> Said:
        """Fail while it is down, or too much comes."""
        while self._place < len(self.stretches) and self.stretches[self._place][1] <= at:
            self._place += 1
        if self._place < len(self.stretches) and at >= self.stretches[self._place][0]:
            return DEAD
        while self._recent and self._recent[0] <= at - 1:
            self._recent.popleft()
        self._recent.append(at)
        return BROKEN if len(self._recent) > self.rate else TAKEN


class Gone(Receiver):
    """Never answers."""

    def answer(self, number: int, at: float) -> Said:
        """Refuse the connection."""
        return DEAD

    def would_take(self, number: int) -> bool:
        """Take nothing."""
        return False


def flapping(chance: random.Random, day: float) -> Down:
    """Return one that is up for one to ten minutes and down for one to five, all day."""
    stretches, at = [], 0.0
    while at < day:
        begin = at + chance.uniform(60, 600)
        at = begin + chance.uniform(60, 300)
        stretches.append((begin, at))
    return Down(stretches)
