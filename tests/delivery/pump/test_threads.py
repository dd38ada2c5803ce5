"""As few threads send as the receivers allow, and none of them keeps another's claims waiting."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from calhooks import clock
from calhooks.delivery.pump import threads as threads_module
from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.ended import Finished
from calhooks.delivery.pump.room import MAX_FOR_PROVEN
from calhooks.delivery.pump.threads import MAX_BODIES, SenderThreads
from calhooks.delivery.sending.sender import OutgoingRequest, Result
from calhooks.egress.failures import Failure
from tests.delivery.helpers import wait_until


class Receivers:
    """Stand for what is sent to: `sent` has the numbers in the order in which sending began.

    `refused` are answered with 429. The bodies of `slow_bodies` are waited for while they are held, if they may be.
    """

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.most_at_once = 0
        self.held: dict[int, threading.Event] = {}
        self.refused: set[int] = set()
        self.slow_bodies: set[int] = set()
        self.cut_off = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def send(self, request: OutgoingRequest, let_go: Callable[[], bool]) -> Result:
        with self._lock:
            self.sent.append(request.attempt)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        waits = request.attempt not in self.slow_bodies or let_go()
        if waits and (held := self.held.get(request.attempt)):
            assert held.wait(10)
        with self._lock:
            self._at_once -= 1
            self.cut_off += not waits
        if request.attempt in self.refused:
            failure, status = Failure.STATUS, 429
        else:
            failure, status = None, 200
        return Result(started_at=clock.now(), duration_ms=0, request_headers=(), status=status, failure=failure)

    @contextmanager
    def holding(self, *numbers: int) -> Iterator[None]:
        """Keep these waiting for as long as the block."""
        self.held = dict.fromkeys(numbers, threading.Event())
        yield
        for held in self.held.values():
            held.set()


def claims(*numbers: int, endpoint: int = 1) -> list[Claim]:
    def claimed(number: int) -> Claim:
        request = OutgoingRequest(
            url="http://localhost", body=b"", content_type="application/json", message_id="msg", attempt=number
        )
        return Claim(number, endpoint, "token", 1, False, request)

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


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no thread join because a busy machine has kept another one waiting."""
    monkeypatch.setattr(threads_module, "INSTANT_SECONDS", 60.0)


@pytest.mark.usefixtures("patient")
def test_receivers_that_are_quick_get_one_after_the_other() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    give(threads, claims(*range(16)))
    take(threads, 16)
    assert receivers.sent == list(range(16))
    assert receivers.most_at_once == 1


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


def test_one_receiver_that_hangs_is_asked_by_a_few_threads_and_others_by_theirs() -> None:
    receivers = Receivers()
    threads = SenderThreads(receivers.send)
    few, many = set(range(MAX_FOR_PROVEN)), 2 * MAX_FOR_PROVEN
    with receivers.holding(*range(many)):
        give(threads, claims(*range(many)))
        give(threads, claims(100, 101, endpoint=2))
        take(threads, 2)
        assert set(receivers.sent) == few | {100, 101}
        assert threads.take(0.05, many) == []
        assert set(receivers.sent) == few | {100, 101}
    take(threads, many)
    assert sorted(receivers.sent) == [*range(many), 100, 101]
    assert receivers.most_at_once <= MAX_FOR_PROVEN + 2


def test_a_delivery_whose_body_is_read_makes_way_for_another() -> None:
    receivers = Receivers()
    receivers.slow_bodies = set(range(MAX_FOR_PROVEN))
    threads = SenderThreads(receivers.send)
    with receivers.holding(*range(MAX_FOR_PROVEN)):
        give(threads, claims(*range(MAX_FOR_PROVEN + 1)))
        take(threads, 1)
        assert set(receivers.sent) == set(range(MAX_FOR_PROVEN + 1))
    take(threads, MAX_FOR_PROVEN)


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


def numbers(unsent: list[Claim]) -> list[int]:
    return [each.delivery_id for each in unsent]


@pytest.mark.usefixtures("patient")
def test_a_refusal_keeps_what_has_not_begun_from_being_sent() -> None:
    receivers = Receivers()
    receivers.refused = {1}
    threads = SenderThreads(receivers.send)
    with receivers.holding(0):
        give(threads, claims(0))
        wait_until(lambda: receivers.sent == [0])
        give(threads, claims(2, 3))
        give(threads, claims(10, 11, endpoint=2))
        # One for which another thread starts, and which goes first.
        give(threads, claims(1), quick=False)
        wait_until(lambda: receivers.sent == [0, 1, 10, 11])
        give(threads, claims(4))
    take(threads, 4)
    assert receivers.sent == [0, 1, 10, 11]
    assert numbers(threads.unsent()) == [2, 3, 4]
    assert threads.unsent() == []


def test_what_is_claimed_before_a_refusal_is_known_comes_back_and_what_is_claimed_after_it_is_sent() -> None:
    receivers = Receivers()
    receivers.refused = {0}
    threads = SenderThreads(receivers.send)
    for quick in (True, False):
        receivers.sent.clear()
        give(threads, claims(0))
        wait_until(lambda: threads._refusing == {1})
        give(threads, claims(1), quick=quick)
        give(threads, claims(20, endpoint=2), quick=quick)
        take(threads, 2)
        assert numbers(threads.unsent()) == [1]
        give(threads, claims(2), quick=quick)
        take(threads, 1)
        assert receivers.sent == [0, 20, 2]
        assert threads.unsent() == []


def test_refusals_by_several_threads_lose_no_claim_and_send_none_twice() -> None:
    receivers = Receivers()
    receivers.refused = set(range(0, 100_000, 7))
    threads = SenderThreads(receivers.send)
    waiting, ended, unsent_ever = claims(*range(2_000)), 0, 0
    while ended < 2_000:
        for each in waiting[:16]:
            threads.give(each, quick=each.delivery_id % 5 > 0)
        del waiting[:16]
        ended += len(threads.take(0.02, 16))
        back = threads.unsent()
        unsent_ever += len(back)
        waiting += back
    assert sorted(receivers.sent) == list(range(2_000))
    assert unsent_ever > 0


@pytest.mark.usefixtures("patient")
def test_claims_that_come_back_are_not_waited_for() -> None:
    receivers = Receivers()
    receivers.refused = {0}
    threads = SenderThreads(receivers.send)
    with receivers.holding(0):
        give(threads, claims(0, 1, 2, 3))
    # It would wait for longer than a test may take.
    assert len(threads.take(3600, 4)) == 1
    assert numbers(threads.unsent()) == [1, 2, 3]


def test_deliveries_that_are_taken_are_told_before_their_bodies_have_come() -> None:
    receivers = Receivers()
    receivers.slow_bodies = {0, 1}
    threads = SenderThreads(receivers.send)
    with receivers.holding(0, 1, 2):
        give(threads, claims(0, 1, 2), quick=False)
        told: list[int] = []

        def both() -> bool:
            assert threads.take(0.01, 3) == []
            told.extend(threads.taken())
            return len(told) == 2

        wait_until(both)
        assert sorted(told) == [0, 1]
    take(threads, 3)
    assert threads.taken() == []


def test_only_so_many_bodies_are_waited_for() -> None:
    receivers = Receivers()
    receivers.slow_bodies = set(range(MAX_BODIES + 10))
    threads = SenderThreads(receivers.send)
    with receivers.holding(*range(MAX_BODIES + 10)):
        give(threads, claims(*range(MAX_BODIES + 10)), quick=False)
        take(threads, 10)
    take(threads, MAX_BODIES)
    assert receivers.cut_off == 10
