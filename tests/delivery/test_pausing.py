"""Pauses: nothing is sent and nothing is given up, and what happens meanwhile goes out in order afterwards."""

import socket
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery import pausing
from calhooks.delivery.endpoints import (
    change_url,
    delete_endpoint,
    send_waiting,
    switch_endpoint_off,
    switch_endpoint_on,
    waiting_count,
)
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, Notice
from calhooks.delivery.pace import FIRST_RATE
from calhooks.delivery.pump.claim import any_delivery_due
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue import client
from calhooks.delivery.status import backlog
from calhooks.delivery.status.delivery_status import DeliveryCondition, delivery_status
from calhooks.delivery.status.endpoint_status import EndpointCondition, diagnose, endpoint_status
from calhooks.delivery.upkeep import clock_set_back
from calhooks.delivery.upkeep.dead_workers import give_back_leases
from calhooks.scheduler import Scheduler
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, deliver, fresh, happen, query_plans, states
from tests.delivery.receivers import Received, Receiver, Reply, answer
from tests.scheduling.at_once import at_once

DAY = timedelta(days=1)


@pytest.fixture
def endpoint(owner: User, receiver: Receiver) -> Endpoint:
    """An endpoint whose receiver answers 200."""
    return factories.create_endpoint(owner, receiver.url)


@pytest.fixture
def scheduler(session: Session, redis: Redis) -> Scheduler:
    """A scheduler of this application."""
    return Scheduler(current_config(), "one")


def pause(endpoint: Endpoint, length: timedelta = DAY) -> bool:
    with writing() as session:
        return pausing.pause_endpoint(session, session.get_one(Endpoint, endpoint.id), length)


def resume(endpoint: Endpoint) -> bool:
    with writing() as session:
        return pausing.resume_endpoint(session, session.get_one(Endpoint, endpoint.id))


def bodies(receiver: Receiver) -> list[bytes]:
    return [request.body for request in receiver.received]


def test_what_happens_during_a_pause_is_kept_and_then_sent_in_order(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    pause(endpoint)
    for number in range(6):
        happen(owner, [endpoint], body=b"%d" % number, sequence="one" if number < 3 else "")
    deliver(pump)
    assert (bodies(receiver), set(states(session))) == ([], {"due", "blocked"})
    assert resume(endpoint)
    deliver(pump)
    assert set(bodies(receiver)) == {b"%d" % number for number in range(6)}
    assert [body for body in bodies(receiver) if body in (b"0", b"1", b"2")] == [b"0", b"1", b"2"]
    assert set(states(session)) == {"delivered"}


def test_it_begins_slowly_after_a_pause_as_after_switching_on(
    owner: User, session: Session, endpoint: Endpoint, standing_clock: None
) -> None:
    pause(endpoint)
    happen(owner, [endpoint])
    resume(endpoint)
    assert fresh(session, endpoint).pace == FIRST_RATE


def test_a_pause_ends_by_itself_at_its_time_and_everything_goes(
    owner: User,
    session: Session,
    endpoint: Endpoint,
    receiver: Receiver,
    pump: Pump,
    scheduler: Scheduler,
    redis: Redis,
    time: MovingClock,
) -> None:
    pause(endpoint, timedelta(hours=1))
    happen(owner, [endpoint], body=b"kept")
    redis.flushdb()
    time.advance(minutes=59)
    scheduler.turn()
    deliver(pump)
    assert (client.pump_queue(redis).count, bodies(receiver)) == (0, [])
    time.advance(minutes=2)
    scheduler.turn()
    assert client.pump_queue(redis).count == 1
    assert fresh(session, endpoint).paused_until is None
    deliver(pump)
    assert bodies(receiver) == [b"kept"]


def test_nothing_is_claimed_at_the_end_of_a_pause_before_it_was_ended(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump, time: MovingClock
) -> None:
    pause(endpoint, timedelta(hours=1))
    happen(owner, [endpoint])
    time.advance(hours=2)
    deliver(pump)
    assert bodies(receiver) == []
    assert not any_delivery_due(session.connection(), now=clock.now())


def test_a_retry_that_falls_into_a_pause_is_put_off_and_costs_nothing(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump, time: MovingClock
) -> None:
    receiver.reply = answer(500)
    [delivery] = happen(owner, [endpoint])
    deliver(pump)
    assert fresh(session, delivery).tries == 1
    pause(endpoint, timedelta(days=3))
    for _ in range(3):
        time.advance(hours=24)
        deliver(pump)
    kept = fresh(session, delivery)
    assert (kept.state, kept.tries, kept.attempt_count) == ("due", 1, 1)
    resume(endpoint)
    deliver(pump)
    after = fresh(session, delivery)
    assert (after.state, after.tries) == ("due", 2)


def test_the_days_of_a_pause_do_not_count_as_days_of_failures(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump, time: MovingClock
) -> None:
    receiver.reply = answer(500)
    happen(owner, [endpoint])
    deliver(pump)
    time.advance(days=2.5)
    deliver(pump)
    pause(endpoint, timedelta(days=3))
    time.advance(days=2.9)
    resume(endpoint)
    deliver(pump)
    now = fresh(session, endpoint)
    assert now.active
    assert now.failing_since > clock.now() - timedelta(minutes=1)


def test_a_delivery_that_was_refused_before_a_pause_is_not_given_up_for_the_time_of_it(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump, time: MovingClock
) -> None:
    refused = {"refusals": 5, "refused_since": clock.now(), "last_status": 429}
    delivery = factories.create_delivery(endpoint, factories.create_event(owner), **refused)
    with writing():
        session.get_one(Endpoint, endpoint.id).refusing_since = clock.now()
    for _ in range(2):
        pause(endpoint, timedelta(days=3))
        time.advance(days=3)
        resume(endpoint)
    receiver.reply = answer(429, b"", "Retry-After: 60")
    deliver(pump)
    after = fresh(session, delivery)
    assert (after.state, after.refusals) == ("due", 6)


def test_a_pause_has_a_longest_length(session: Session, endpoint: Endpoint) -> None:
    for length in (timedelta(days=3, seconds=1), timedelta()):
        with pytest.raises(ValueError, match="pause"):
            pause(endpoint, length)
    assert fresh(session, endpoint).paused_until is None


def test_a_paused_endpoint_can_get_another_end(session: Session, endpoint: Endpoint, standing_clock: None) -> None:
    pause(endpoint, timedelta(days=3))
    pause(endpoint, timedelta(hours=1))
    assert fresh(session, endpoint).paused_until == clock.now() + timedelta(hours=1)


def test_a_pause_that_is_changed_lasts_three_days_in_all_and_the_next_one_three_days_again(
    session: Session, endpoint: Endpoint, standing_clock: None, time: MovingClock
) -> None:
    began = clock.now()
    pause(endpoint)
    time.advance(hours=20)
    pause(endpoint, pausing.MAX_PAUSE)
    assert fresh(session, endpoint).paused_until == began + pausing.MAX_PAUSE
    resume(endpoint)
    assert fresh(session, endpoint).paused_at is None
    pause(endpoint, pausing.MAX_PAUSE)
    assert fresh(session, endpoint).paused_until == clock.now() + pausing.MAX_PAUSE


def test_what_is_off_cannot_be_paused(session: Session, endpoint: Endpoint) -> None:
    with writing():
        switch_endpoint_off(session.get_one(Endpoint, endpoint.id), InactiveReason.OWNER)
    assert not pause(endpoint)
    assert fresh(session, endpoint).paused_until is None


def test_off_ends_a_pause_and_holds_back_what_was_kept(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    pause(endpoint)
    [delivery] = happen(owner, [endpoint])
    with writing():
        switch_endpoint_off(session.get_one(Endpoint, endpoint.id), InactiveReason.OWNER)
    now = fresh(session, endpoint)
    assert (now.active, now.paused_until) == (False, None)
    assert not resume(endpoint)
    deliver(pump)
    assert bodies(receiver) == []
    assert delivery_status(fresh(session, delivery)).condition is DeliveryCondition.HELD_BACK
    with writing():
        on = session.get_one(Endpoint, endpoint.id)
        switch_endpoint_on(session, on)
        send_waiting(session, on)
    deliver(pump)
    assert len(bodies(receiver)) == 1


def test_deleting_during_a_pause_drops_what_was_kept(
    owner: User, session: Session, endpoint: Endpoint, scheduler: Scheduler, time: MovingClock
) -> None:
    pause(endpoint)
    happen(owner, [endpoint])
    with writing():
        delete_endpoint(session, session.get_one(Endpoint, endpoint.id))
    assert states(session) == ["dropped"]
    time.advance(days=2)
    scheduler.turn()
    assert (states(session), fresh(session, endpoint).active) == (["dropped"], False)


def pausing_reply(app: Flask, endpoint: Endpoint, status: int) -> Reply:
    """Pause the endpoint while its receiver has the request, then answer with a status."""
    endpoint_id, then = endpoint.id, answer(status)

    def reply(request: Received, connection: socket.socket) -> bool:
        with app.app_context(), writing() as session:
            pausing.pause_endpoint(session, session.get_one(Endpoint, endpoint_id), timedelta(hours=1))
        return then(request, connection)

    return reply


def test_an_attempt_that_is_under_way_ends_normally_and_what_follows_it_waits(
    app: Flask, owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    receiver.reply = pausing_reply(app, endpoint, 200)
    for _ in range(2):
        happen(owner, [endpoint], sequence="one")
    deliver(pump)
    assert states(session) == ["delivered", "due"]
    assert len(receiver.received) == 1


def test_a_receiver_that_is_gone_switches_off_what_is_paused_and_the_end_sends_nothing(
    app: Flask,
    owner: User,
    session: Session,
    endpoint: Endpoint,
    receiver: Receiver,
    pump: Pump,
    scheduler: Scheduler,
    time: MovingClock,
) -> None:
    receiver.reply = pausing_reply(app, endpoint, 410)
    happen(owner, [endpoint])
    deliver(pump)
    assert endpoint_status(fresh(session, endpoint)).condition is EndpointCondition.OFF
    receiver.reply = answer()
    time.advance(hours=2)
    scheduler.turn()
    deliver(pump)
    now = fresh(session, endpoint)
    assert (now.active, now.paused_until, len(receiver.received)) == (False, None, 1)


def test_what_a_dead_worker_had_claimed_waits_for_the_end_of_the_pause(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    token = "dead" * 3
    [delivery] = happen(owner, [endpoint], body=b"kept")
    with writing():
        leased = session.get_one(Delivery, delivery.id)
        leased.lease_token, leased.due_at = token + "0" * 20, clock.now() + timedelta(seconds=29)
        session.get_one(Endpoint, endpoint.id).last_claim_at = clock.now()
    pause(endpoint)
    with writing():
        assert give_back_leases(session.connection(), [token], clock.now()) == (1, 0)
    deliver(pump)
    assert bodies(receiver) == []
    resume(endpoint)
    deliver(pump)
    assert bodies(receiver) == [b"kept"]


def test_another_address_gets_what_was_kept_only_after_the_pause(
    owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    pause(endpoint)
    happen(owner, [endpoint])
    other = Receiver()
    with writing():
        change_url(session, session.get_one(Endpoint, endpoint.id), other.url)
    deliver(pump)
    assert other.received == []
    resume(endpoint)
    deliver(pump)
    assert (len(other.received), len(receiver.received)) == (1, 0)
    other.close()


def test_who_pauses_and_resumes_at_once_leaves_nothing_unsent(
    app: Flask, owner: User, session: Session, endpoint: Endpoint, receiver: Receiver, pump: Pump
) -> None:
    happen(owner, [endpoint])

    def paused(session: Session) -> None:
        pausing.pause_endpoint(session, session.get_one(Endpoint, endpoint_id), DAY)

    def resumed(session: Session) -> None:
        pausing.resume_endpoint(session, session.get_one(Endpoint, endpoint_id))

    endpoint_id = endpoint.id
    session.rollback()
    assert at_once(app, [paused, resumed] * 4) == ["done"] * 8
    resume(endpoint)
    deliver(pump)
    assert (len(receiver.received), states(session)) == (1, ["delivered"])


def test_a_clock_that_is_set_back_makes_no_pause_longer(
    session: Session, endpoint: Endpoint, standing_clock: None, time: MovingClock
) -> None:
    pause(endpoint, timedelta(hours=1))
    time.advance(hours=-5)
    with writing():
        clock_set_back.follow_clock(session, clock.now(), timedelta(hours=5))
    assert abs(fresh(session, endpoint).paused_until - clock.now() - timedelta(hours=1)) < timedelta(seconds=1)
    assert abs(fresh(session, endpoint).paused_at - clock.now()) < timedelta(seconds=1)


def test_what_waits_for_the_end_of_a_pause_is_told_and_is_no_failure(
    owner: User, session: Session, endpoint: Endpoint, time: MovingClock
) -> None:
    pause(endpoint)
    [delivery] = happen(owner, [endpoint], sequence="one")
    happen(owner, [endpoint], sequence="one")
    time.advance(hours=2)
    measured = backlog.measure(session, clock.now())
    assert (measured.due, measured.blocked, measured.paused, measured.oldest_due_seconds) == (0, 0, 2, 0.0)
    now = fresh(session, endpoint)
    status = delivery_status(fresh(session, delivery))
    assert (status.condition, status.next_attempt_at) == (DeliveryCondition.QUEUED, now.paused_until)
    diagnosis = diagnose(session, now)
    assert (diagnosis.status.condition, diagnosis.waiting) == (EndpointCondition.PAUSED, 2)
    assert waiting_count(session, now) == 2
    assert session.query(Notice).count() == 0


@by_plan
def test_ends_of_pauses_are_found_by_their_index(session: Session, endpoint: Endpoint) -> None:
    plans = query_plans(session, lambda: pausing.any_pause_over(session, clock.now()))
    assert any("ix_endpoints_paused" in step for step in plans)
