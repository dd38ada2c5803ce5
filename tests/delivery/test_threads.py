"""As few threads send as the receivers allow, and none of them keeps another's claims waiting."""

import threading
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager

from calhooks import clock
from calhooks.delivery.claim import Claim
from calhooks.delivery.record import Finished
from calhooks.delivery.sender import OutgoingRequest, Result
from calhooks.delivery.threads import AT_ONCE_MS, SenderThreads
from tests.delivery.helpers import wait_until

QUICK, OTHER, NEW = 1, 2, 3


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
        began = real_time.monotonic()
        if held := self.held.get(request.attempt):
            assert held.wait(10)
        with self._lock:
            self._at_once -= 1
        duration_ms = round((real_time.monotonic() - began) * 1000)
        return Result(started_at=clock.now(), duration_ms=duration_ms, request_headers=(), status=200)

    @contextmanager
    def holding(self, *numbers: int) -> Iterator[None]:
        """Keep these waiting for as long as the block."""
        self.held = dict.fromkeys(numbers, threading.Event())
        yield
        for held in self.held.values():
            held.set()


def claims(endpoint_id: int, *numbers: int) -> list[Claim]:
    def claimed(number: int) -> Claim:
        request = OutgoingRequest(
            url="http://localhost", body=b"", content_type="application/json", message_id="msg", attempt=number
        )
        return Claim(number, endpoint_id, "token", 1, False, request)

    return [claimed(number) for number in numbers]


def send(threads: SenderThreads, given: list[Claim], until: int | None = None) -> None:
    """Have claims sent, and take what ended until there are so many, by default all."""
    for each in given:
        threads.give(each)
    take(threads, len(given) if until is None else until)


def take(threads: SenderThreads, count: int) -> None:
    ended: list[Finished] = []

    def enough() -> bool:
        ended.extend(threads.take(0.02, count - len(ended)))
        return len(ended) == count

    wait_until(enough)


def test_a_receiver_that_answers_at_once_gets_one_after_the_other() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    send(threads, claims(QUICK, 0))
    receivers.most_at_once = 0
    send(threads, claims(QUICK, *range(1, 17)))
    assert sorted(receivers.sent) == list(range(17))
    assert receivers.most_at_once < 4


def test_receivers_of_which_nothing_is_known_are_asked_side_by_side() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    given = [each for endpoint in range(10, 22) for each in claims(endpoint, endpoint)]
    with receivers.holding(*range(10, 22)):
        for each in given:
            threads.give(each)
        # Nobody looks after the threads meanwhile.
        wait_until(lambda: receivers.most_at_once == len(given))
    take(threads, len(given))


def test_one_that_hangs_where_it_used_to_answer_keeps_nobody_waiting() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    send(threads, claims(QUICK, 0) + claims(OTHER, 1))
    with receivers.holding(2, 3, 4):
        given = claims(QUICK, 2, 3, 4) + claims(OTHER, 5, 6, 7)
        send(threads, given, until=3)
        assert set(receivers.sent) == set(range(8))
        real_time.sleep(2 * AT_ONCE_MS / 1000)
    take(threads, 3)
    # Now it has a thread for each from the start.
    with receivers.holding(8, 9):
        for each in claims(QUICK, 8, 9):
            threads.give(each)
        wait_until(lambda: {8, 9} < set(receivers.sent))


def test_everything_that_is_given_is_sent_once_however_it_is_mixed() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    number = 0
    for size in [1, 16, 3, 7, 16] * 40:
        mixed = [claims(QUICK if each % 3 else NEW + each, each)[0] for each in range(number, number + size)]
        number += size
        send(threads, mixed)
    assert sorted(receivers.sent) == list(range(number))
