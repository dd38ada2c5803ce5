"""The schedule is a promise: what goes out beside it costs nothing, and a refusal is no failure."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
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


def bring_to_now(delivery: Delivery) -> None:
    """Have a delivery that waits go out now, as a recovery or Try now does."""
    with writing() as session:
        session.get_one(Delivery, delivery.id).due_at = clock.now()
        session.get_one(Endpoint, delivery.endpoint_id).next_due_at = clock.now()


def test_what_is_sent_early_costs_no_try_and_leaves_the_scheduled_time(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    end(take(), 500)
    time.advance(seconds=7)
    end(take(), 500)
    before = fresh(session, delivery)
    scheduled, tries = before.scheduled_at, before.tries
    assert (tries, before.due_at) == (2, scheduled)
    for _ in range(20):
        time.advance(seconds=5)
        bring_to_now(delivery)
        end(take(), 500)
        row = fresh(session, delivery)
        assert (row.state, row.tries, row.due_at, row.scheduled_at) == ("due", tries, scheduled, scheduled)
    assert fresh(session, delivery).attempt_count == 22


def test_an_early_attempt_that_succeeds_ends_the_delivery(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    end(take(), 500)
    bring_to_now(delivery)
    end(take(), 200)
    assert fresh(session, delivery).state == "delivered"


def test_a_receiver_that_fails_for_some_bookings_gets_every_attempt_of_them(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    bad = [happen(owner, [endpoint])[0].id for _ in range(3)]
    end(take(), 500)
    waits = current_config().retry_schedule
    until = clock.now() + timedelta(seconds=sum(waits) * 0.8)
    while clock.now() < until:
        happen(owner, [endpoint])
        while claims := take(Room(each=50)):
            for claim in claims:
                end([claim], 500 if claim.delivery_id in bad else 200)
        assert states(session).count("failed") == 0
        time.advance(minutes=90)
    for _ in range(500):
        end(take(), 500)
        time.advance(minutes=90)
        if states(session).count("failed") == 3:
            break
    rows = [fresh(session, session.get_one(Delivery, each)) for each in bad]
    assert [(row.state, row.tries) for row in rows] == [("failed", len(waits) + 1)] * 3


@pytest.mark.parametrize(
    ("status", "headers"), [(429, ()), (429, (("Retry-After", "60"),)), (503, (("Retry-After", "60"),))]
)
def test_a_refusal_costs_no_try_and_is_no_failure(
    session: Session, owner: User, endpoint: Endpoint, status: int, headers: tuple[tuple[str, str], ...]
) -> None:
    (delivery,) = happen(owner, [endpoint])
    began = clock.now()
    end(take(), status, *headers)
    row, receiver = fresh(session, delivery), fresh(session, endpoint)
    assert (row.state, row.tries, row.refusals, row.refused_since) == ("due", 0, 1, began)
    assert row.due_at == row.not_before
    assert (receiver.consecutive_failures, receiver.failing_since, receiver.active) == (0, None, True)
    if headers:
        assert row.due_at == began + timedelta(seconds=60)


def test_a_503_without_a_time_is_a_failure(session: Session, owner: User, endpoint: Endpoint) -> None:
    (delivery,) = happen(owner, [endpoint])
    end(take(), 503, ("Retry-After", "soon"))
    assert (fresh(session, delivery).tries, fresh(session, endpoint).consecutive_failures) == (1, 1)


def test_what_is_refused_for_all_the_schedules_days_is_given_up(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    span = timedelta(seconds=sum(current_config().retry_schedule) * 1.2)
    began = clock.now()
    while fresh(session, delivery).state == "due":
        assert clock.now() - began < span + timedelta(hours=2)
        end(take(), 429, ("Retry-After", "3600"))
        time.advance(hours=1, seconds=1)
    assert clock.now() - began >= span
    assert fresh(session, endpoint).given_up_at is not None
    assert fresh(session, endpoint).active


def test_refusals_of_the_whole_endpoint_give_up_what_never_came_to_its_turn(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(4):
        happen(owner, [endpoint])
    span = timedelta(seconds=sum(current_config().retry_schedule) * 1.2)
    began = clock.now()
    while clock.now() < began + span + timedelta(hours=12):
        end(take(), 429, ("Retry-After", "3600"))
        time.advance(hours=1, seconds=1)
    assert states(session) == ["failed"] * 4


def test_an_early_attempt_that_is_refused_goes_on_being_early(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    end(take(), 500)
    time.advance(seconds=7)
    end(take(), 500)
    scheduled = fresh(session, delivery).scheduled_at
    bring_to_now(delivery)
    end(take(), 429, ("Retry-After", "2"))
    row = fresh(session, delivery)
    assert (row.due_at - clock.now(), row.scheduled_at, row.tries) == (timedelta(seconds=2), scheduled, 2)


def test_a_booking_that_is_refused_for_an_hour_again_and_again_delays_nobody(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (bad,) = happen(owner, [endpoint])
    for _ in range(12):
        for _ in range(360):
            time.advance(seconds=10)
            claims = take()
            end(claims, 429, ("Retry-After", "3600"))
            if claims:
                break
        (new,) = happen(owner, [endpoint])
        began = clock.now()
        while fresh(session, new).state != "delivered":
            end([each for each in take() if each.delivery_id == new.id], 200)
            time.advance(seconds=0.2)
        assert clock.now() - began < timedelta(seconds=5)
    assert fresh(session, bad).refusals == 12
