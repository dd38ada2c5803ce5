"""After an outage: a few at first, each once, and only where there was one."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen, states
from tests.delivery.pump.test_claim import Room
from tests.delivery.pump.test_record import end, take

pytestmark = pytest.mark.usefixtures("standing_clock")


@pytest.fixture
def endpoint(session: Session, owner: User) -> Endpoint:
    return factories.create_endpoint(owner)


def fail_for(owner: User, endpoint: Endpoint, time: MovingClock, count: int, seconds: float) -> None:
    """Have so many deliveries fail at the beginning and at the end of an outage."""
    for _ in range(count):
        happen(owner, [endpoint])
    while claims := take(Room(each=50)):
        end(claims, 500)
    time.advance(seconds=seconds)
    while claims := take(Room(each=50)):
        end(claims, 500)
    time.advance(seconds=1)


def seconds_of_recovery(time: MovingClock, status: int = 200, duration_ms: int = 12) -> list[int]:
    """Answer all that goes out and return how many requests there were in each second until it is quiet."""
    counts = []
    while not counts or counts[-1]:
        counts.append(0)
        for _ in range(50):
            if claims := take(Room(each=50)):
                end(claims, status)
                counts[-1] += len(claims)
            time.advance(seconds=0.02)
    return counts[:-1]


def test_what_waited_comes_slowly_at_first_and_twice_as_fast_each_second(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    fail_for(owner, endpoint, time, 120, 70)
    happen(owner, [endpoint])
    counts = seconds_of_recovery(time)
    assert states(session) == ["delivered"] * 121
    assert counts[0] <= 10
    assert all(later <= 2.5 * before + 2 for before, later in pairwise(counts)), counts
    assert len(counts) <= 8
    row = fresh(session, endpoint)
    assert (row.recovering_since, row.pace) == (None, None)


def test_the_oldest_come_first(session: Session, owner: User, endpoint: Endpoint, time: MovingClock) -> None:
    fail_for(owner, endpoint, time, 8, 70)
    happen(owner, [endpoint])
    end(take(), 200)
    order = []
    for _ in range(100):
        claims = take()
        order += [each.delivery_id for each in claims]
        end(claims, 200)
        time.advance(seconds=0.1)
    assert order == sorted(order)
    assert len(order) == 8


def test_a_short_outage_is_none(session: Session, owner: User, endpoint: Endpoint, time: MovingClock) -> None:
    fail_for(owner, endpoint, time, 5, 7)
    happen(owner, [endpoint])
    end(take(), 200)
    assert take() == []
    assert fresh(session, endpoint).recovering_since is None


def test_each_is_brought_forward_once(session: Session, owner: User, endpoint: Endpoint, time: MovingClock) -> None:
    fail_for(owner, endpoint, time, 3, 70)
    happen(owner, [endpoint])
    end(take(Room(each=1)), 200)
    early = 0
    for _ in range(200):
        for claim in take():
            early += 1
            end([claim], 500)
            # Somebody else's success must not begin it again.
            happen(owner, [endpoint])
        time.advance(seconds=0.1)
        if early > 20:
            break
    waiting = [row for row in session.query(Delivery).all() if row.attempt_count > 2]
    assert all(row.attempt_count == 3 for row in waiting)


def test_it_backs_off_at_once_when_answers_are_bad(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    fail_for(owner, endpoint, time, 80, 70)
    happen(owner, [endpoint])
    end(take(), 200)
    for _ in range(100):
        end(take(), 200)
        time.advance(seconds=0.02)
    fast = fresh(session, endpoint).pace
    while not (claims := take(Room(each=1))):
        time.advance(seconds=0.02)
    end(claims, 500)
    assert fresh(session, endpoint).pace <= fast / 2
    for _ in range(60):
        end(take(), 500)
        time.advance(seconds=0.02)
    row = fresh(session, endpoint)
    assert row.recovering_since is None
    assert states(session).count("failed") == 0


def test_an_early_failure_does_not_end_the_recovery_of_all(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    fail_for(owner, endpoint, time, 40, 70)
    bad = [row.id for row in session.query(Delivery).order_by(Delivery.id).limit(3)]
    happen(owner, [endpoint])
    for _ in range(2000):
        for claim in take():
            end([claim], 500 if claim.delivery_id in bad else 200)
        time.advance(seconds=0.02)
    assert sorted(states(session)) == ["delivered"] * 38 + ["due"] * 3


def test_a_retry_after_is_not_brought_forward(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    fail_for(owner, endpoint, time, 2, 0)
    time.advance(seconds=70)
    for _ in range(2):
        end(take(), 500, ("Retry-After", "3600"))
    happen(owner, [endpoint])
    end(take(), 200)
    time.advance(seconds=60)
    assert take() == []


def test_what_was_held_back_while_it_was_off_comes_slowly_too(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(100):
        happen(owner, [endpoint])
    with writing() as writer:
        endpoints.send_waiting(writer, fresh(writer, endpoint))
    counts = seconds_of_recovery(time)
    assert counts[0] <= 10
    assert sum(counts) == 100
    assert fresh(session, endpoint).pace is None


def test_new_deliveries_do_not_wait_for_all_that_is_old(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    fail_for(owner, endpoint, time, 120, 70)
    happen(owner, [endpoint])
    end(take(), 200)
    (new,) = happen(owner, [endpoint])
    began = clock.now()
    while fresh(session, new).state != "delivered":
        if claims := take():
            end(claims, 200)
        time.advance(seconds=0.02)
    assert clock.now() - began <= timedelta(seconds=2.5)
