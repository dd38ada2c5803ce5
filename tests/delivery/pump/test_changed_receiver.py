"""What was said about one receiver, or under one limit, does not hold for the next."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import endpoints
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason
from calhooks.delivery.pace import PACE_FORGOTTEN_AFTER
from calhooks.delivery.pump.retries import schedule_span
from calhooks.delivery.status.endpoint_status import endpoint_status, requests_a_second
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen, states
from tests.delivery.pump.test_claim import Room
from tests.delivery.pump.test_record import end, take

OTHER = "http://127.0.0.1:9/other"
HOUR = ("Retry-After", "3600")


@pytest.fixture(autouse=True)
def standing_clock(time: MovingClock) -> None:
    """Let no time pass but what a test adds: a slow machine must not count."""
    time.stop()


@pytest.fixture
def endpoint(session: Session, owner: User) -> Endpoint:
    return factories.create_endpoint(owner, "http://127.0.0.1:9/one")


def refuse_all_for_an_hour(owner: User, endpoint: Endpoint, time: MovingClock) -> None:
    for _ in range(3):
        happen(owner, [endpoint])
    end(take(Room(each=1)), 429, HOUR)
    time.advance(seconds=1)
    end(take(), 429, HOUR)
    time.advance(seconds=60)
    assert take() == []


def move(endpoint: Endpoint, url: str = OTHER) -> None:
    with writing() as session:
        endpoints.change_url(session, session.get_one(Endpoint, endpoint.id), url)


def deliver_for(time: MovingClock, seconds: float) -> None:
    for _ in range(round(seconds / 0.1)):
        end(take(), 200)
        time.advance(seconds=0.1)


def test_a_new_address_is_sent_what_the_old_one_refused(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    refuse_all_for_an_hour(owner, endpoint, time)
    move(endpoint)
    row = fresh(session, endpoint)
    assert (row.held_until, row.asking, row.refusing_since, row.pace_ceiling) == (None, False, None, None)
    deliver_for(time, 3)
    assert states(session) == ["delivered"] * 3
    assert fresh(session, endpoint).pace is None


def test_the_same_address_saved_again_keeps_its_word(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    refuse_all_for_an_hour(owner, endpoint, time)
    move(endpoint, endpoint.url)
    time.advance(seconds=60)
    assert take() == []


def test_a_new_address_without_anything_waiting_has_no_pace(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    move(endpoint)
    assert fresh(session, endpoint).pace is None


def test_what_failed_at_the_old_address_goes_to_the_new_one_beside_its_schedule(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    for seconds in (0, 7):
        time.advance(seconds=seconds)
        end(take(), 500)
    scheduled = fresh(session, delivery).scheduled_at
    move(endpoint)
    assert fresh(session, endpoint).consecutive_failures == 0
    end(take(), 500)
    assert (fresh(session, delivery).tries, fresh(session, delivery).scheduled_at) == (2, scheduled)


@pytest.mark.parametrize("status", [410, 429, 500])
def test_a_late_answer_of_the_old_address_says_nothing_about_the_new_one(
    status: int, session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    claims = take()
    move(endpoint)
    end(claims, status, HOUR)
    row = fresh(session, endpoint)
    assert (row.active, row.held_until, row.consecutive_failures, row.refusing_since) == (True, None, 0, None)
    assert fresh(session, delivery).not_before is None
    deliver_for(time, 15)
    assert states(session) == ["delivered"]


@pytest.mark.parametrize("rate_limit", [None, 50.0])
def test_a_limit_that_is_changed_holds_at_once(
    rate_limit: float | None, session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    with writing() as writer:
        writer.get_one(Endpoint, endpoint.id).rate_limit = 0.1
    for _ in range(3):
        happen(owner, [endpoint])
    end(take(), 200)
    time.advance(seconds=1)
    assert take() == []
    with writing() as writer:
        endpoints.change_rate_limit(writer, writer.get_one(Endpoint, endpoint.id), rate_limit)
    deliver_for(time, 1)
    assert states(session) == ["delivered"] * 3


def test_the_time_while_it_was_off_is_no_time_of_refusals(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    (delivery,) = happen(owner, [endpoint])
    for _ in range(4):
        end(take(), 429, ("Retry-After", "1"))
        time.advance(seconds=2)
    with writing() as writer:
        endpoints.switch_endpoint_off(writer.get_one(Endpoint, endpoint.id), InactiveReason.OWNER)
    time.advance(seconds=schedule_span([86400.0] * 4).total_seconds())
    with writing() as writer:
        endpoints.switch_endpoint_on(writer, writer.get_one(Endpoint, endpoint.id))
        endpoints.send_waiting(writer, writer.get_one(Endpoint, endpoint.id))
    end(take(), 429, ("Retry-After", "1"))
    assert states(session) == ["due"]
    assert fresh(session, delivery).refused_since == clock.now()


def test_a_pace_is_forgotten_in_the_database_and_on_the_page(
    session: Session, owner: User, endpoint: Endpoint, time: MovingClock
) -> None:
    for _ in range(2):
        happen(owner, [endpoint])
    end(take(Room(each=1)), 200)
    end(take(), 429, ("Retry-After", "1"))
    time.advance(seconds=2)
    end(take(), 200)
    assert requests_a_second(fresh(session, endpoint)) is not None
    time.advance(seconds=(PACE_FORGOTTEN_AFTER + timedelta(minutes=1)).total_seconds())
    row = fresh(session, endpoint)
    assert (requests_a_second(row), endpoint_status(row).pace) == (None, None)
    happen(owner, [endpoint])
    take()
    row = fresh(session, endpoint)
    assert (row.pace, row.pace_ceiling, row.paced_at) == (None, None, None)
