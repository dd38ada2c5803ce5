"""As few threads send as the receivers allow, and none of them keeps another's claims waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from calhooks import clock
from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.record import Finished
from calhooks.delivery.pump.threads import SenderThreads
from calhooks.delivery.sending.sender import OutgoingRequest, Result
from tests.delivery.helpers import wait_until


class Receivers:
    """Stand for what is sent to: `sent` has the numbers in the order in which sending began."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.most_at_once = 0
        self.held: dict[int, threading.Event] = {}
        self._at_once = 0
        self._lock = threading.Lock()

    def send(self, request: OutgoingRequest) -> Result:
        with self._lock:
            self.sent.append(request.attempt)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        if held := self.held.get(request.attempt):
            assert held.wait(10)
        with self._lock:
            self._at_once -= 1
        return Result(started_at=clock.now(), duration_ms=0, request_headers=(), status=200)

    @contextmanager
    def holding(self, *numbers: int) -> Iterator[None]:
        """Keep these waiting for as long as the block."""
        self.held = dict.fromkeys(numbers, threading.Event())
        yield
        for held in self.held.values():
            held.set()


def claims(*numbers: int) -> list[Claim]:
    def claimed(number: int) -> Claim:
        request = OutgoingRequest(
            url="http://localhost", body=b"", content_type="application/json", message_id="msg", attempt=number
        )
        return Claim(number, 1, "token", 1, False, request)

    return [claimed(number) for number in numbers]


def give(threads: SenderThreads, given: list[Claim], *, quick: bool = True) -> None:
    for each in given:
        threads.give(each, quick=quick)


def take(threads: SenderThreads, count: int) -> None:
    ended: list[Finished] = []

    def enough() -> bool:
        ended.extend(threads.take(0.02, count - len(ended)))
        return len(ended) == count

    wait_until(enough)


def test_receivers_that_are_quick_get_one_after_the_other() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    give(threads, claims(*range(16)))
    take(threads, 16)
    assert sorted(receivers.sent) == list(range(16))
    assert receivers.most_at_once < 4


def test_other_receivers_are_asked_side_by_side_and_wait_for_nobody() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    with receivers.holding(*range(30)):
        give(threads, claims(0, 1, 2))
        give(threads, claims(*range(10, 22)), quick=False)
        # Nobody looks after the threads meanwhile.
        wait_until(lambda: set(receivers.sent) >= set(range(10, 22)))
    take(threads, 15)


def test_one_that_hangs_though_it_used_to_be_quick_keeps_nobody_waiting() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    with receivers.holding(0, 1, 2):
        give(threads, claims(*range(6)))
        take(threads, 3)
        assert set(receivers.sent) == set(range(6))
    take(threads, 3)


def test_everything_that_is_given_is_sent_once_however_it_is_mixed() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    number = 0
    for size in [1, 16, 3, 7, 16] * 40:
        for each in claims(*range(number, number + size)):
            threads.give(each, quick=each.delivery_id % 3 > 0)
        number += size
        take(threads, size)
    assert sorted(receivers.sent) == list(range(number))
