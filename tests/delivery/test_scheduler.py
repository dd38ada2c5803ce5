"""What the scheduler does every second, and that one of several does it."""

from datetime import timedelta

import pytest
from redis import Redis
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts import sessions
from calhooks.accounts.models import LoginSession, User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint, KeyPair, Notice, SigningKey
from calhooks.delivery.models.processes import Heartbeat
from calhooks.delivery.models.runs import ResendRun
from calhooks.delivery.outbox import Owed, owe
from calhooks.delivery.processes.heart import Heart
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue import client, wake
from calhooks.delivery.upkeep import leases
from calhooks.delivery.upkeep.purge import purge_step
from calhooks.scheduler import Scheduler
from calhooks.webhooks import runs
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen, states
from tests.delivery.receivers import Receiver, answer


@pytest.fixture
def scheduler(session: Session, redis: Redis) -> Scheduler:
    """A scheduler of this application."""
    return Scheduler(current_config(), "one")


def jobs(redis: Redis) -> int:
    return client.pump_queue(redis).count


def test_a_wake_up_that_was_lost_is_made_up_for_although_the_flag_stands(
    owner: User, scheduler: Scheduler, redis: Redis
) -> None:
    happen(owner, [factories.create_endpoint(owner)])
    redis.delete(client.pump_queue(redis).key)
    assert redis.exists(wake.FLAG)
    scheduler.turn()
    assert jobs(redis) == 1
    scheduler.turn()
    assert jobs(redis) == 1


def test_nobody_is_woken_for_nothing(owner: User, scheduler: Scheduler, redis: Redis) -> None:
    scheduler.turn()
    endpoint = factories.create_endpoint(owner)
    factories.create_delivery(endpoint, factories.create_event(owner), due_at=clock.now() + timedelta(minutes=1))
    off = factories.create_endpoint(owner, active=False)
    factories.create_delivery(off, factories.create_event(owner))
    scheduler.turn()
    assert jobs(redis) == 0


def test_one_of_two_schedulers_works_and_the_other_takes_over_when_it_is_gone(
    owner: User, scheduler: Scheduler, redis: Redis, time: MovingClock
) -> None:
    other = Scheduler(current_config(), "other")
    scheduler.turn()
    happen(owner, [factories.create_endpoint(owner)])
    redis.flushdb()
    other.turn()
    assert jobs(redis) == 0
    time.advance(seconds=11)
    other.turn()
    assert jobs(redis) == 1
    redis.flushdb()
    scheduler.turn()
    assert jobs(redis) == 0
    other.leave()
    scheduler.turn()
    assert jobs(redis) == 1


def test_what_was_given_up_is_told_within_seconds(
    session: Session, owner: User, scheduler: Scheduler, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner)
    owed = Owed(endpoint_id=endpoint.id, body=None, content_type="application/json", error="Line 1 is wrong.")
    with writing() as writer:
        owe(writer, writer.merge(factories.create_event(owner, trigger="MEETING_ENDED")), [owed])
    scheduler.turn()
    assert session.scalars(select(Notice)).all() == []
    time.advance(seconds=6)
    for _ in range(2):
        scheduler.turn()
    session.rollback()
    assert session.scalars(select(Notice.detail)).all() == ["Line 1 is wrong."]


def test_what_cannot_be_done_keeps_nothing_else_from_its_turn_and_is_logged_once(
    session: Session, owner: User, scheduler: Scheduler, caplog: pytest.LogCaptureFixture
) -> None:
    broken, whole = factories.create_webhook(owner), factories.create_webhook(owner, "http://127.0.0.1:9/whole")
    failed = {"state": DeliveryState.FAILED, "due_at": None}
    factories.create_delivery(session.get_one(Endpoint, whole.endpoint_id), factories.create_event(owner), **failed)
    with writing() as writer:
        runs.start_replay(writer, broken, clock.now() - timedelta(hours=1))
        runs.start_failed(writer, whole, since=clock.now() - timedelta(hours=1))
        writer.execute(update(Event).values(payload=b"no JSON"))
    for _ in range(3):
        scheduler.turn()
    session.rollback()
    assert session.scalars(select(Delivery.state)).all() == ["due"]
    assert [record.getMessage()[:5] for record in caplog.records if record.exc_info] == ["run 1"]


@pytest.mark.parametrize("hours", [1, 24])
def test_a_clock_that_is_set_back_delays_nothing(
    session: Session, owner: User, scheduler: Scheduler, pump: Pump, receiver: Receiver, time: MovingClock, hours: int
) -> None:
    scheduler.turn()
    receiver.reply = answer(500)
    retried, abandoned = factories.create_endpoint(owner, receiver.url), factories.create_endpoint(owner, receiver.url)
    (delivery,) = happen(owner, [retried])
    pump.run()
    leased = clock.now() + timedelta(seconds=30)
    factories.create_delivery(abandoned, factories.create_event(owner), lease_token="dead", due_at=leased)
    happen(owner, [factories.create_endpoint(owner, receiver.url)])
    scheduler.turn()
    time.advance(hours=-hours)
    scheduler.turn()
    assert fresh(session, delivery).due_at < clock.now() + timedelta(seconds=10)
    receiver.reply = answer()
    time.advance(seconds=45)
    pump.run()
    assert states(session) == ["delivered"] * 3


def test_who_had_read_the_clock_before_it_was_set_back_delays_nothing_either(
    session: Session, owner: User, scheduler: Scheduler, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    scheduler.turn()
    waiting = factories.create_endpoint(owner, receiver.url)
    later = factories.create_delivery(
        waiting, factories.create_event(owner), due_at=clock.now() + timedelta(hours=5), last_attempt_at=clock.now()
    )
    time.advance(hours=-1)
    scheduler.turn()
    # For this process the clock is still as it was.
    time.advance(hours=1)
    receiver.reply = answer(500)
    happen(owner, [factories.create_endpoint(owner, receiver.url)])
    pump.run()
    happen(owner, [factories.create_endpoint(owner, receiver.url)])
    leased = clock.now() + timedelta(seconds=30)
    abandoned = factories.create_endpoint(owner, receiver.url)
    factories.create_delivery(abandoned, factories.create_event(owner), lease_token="dead", due_at=leased)
    time.advance(hours=-1)
    for _ in range(3):
        scheduler.turn()
    receiver.reply = answer()
    time.advance(seconds=45)
    pump.run()
    assert states(session) == ["due", "delivered", "delivered", "delivered"]
    assert timedelta(hours=4) < fresh(session, later).due_at - clock.now() < timedelta(hours=5)


def test_a_clock_that_is_set_forward_loses_nothing(
    session: Session, owner: User, scheduler: Scheduler, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    scheduler.turn()
    endpoint = factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint], sequence="booking")
    time.advance(hours=1)
    happen(owner, [endpoint], sequence="booking")
    scheduler.turn()
    pump.run()
    assert states(session) == ["delivered", "delivered"]


def test_a_lease_is_held_by_one_at_a_time(session: Session, time: MovingClock) -> None:
    def hold(holder: str) -> bool:
        with writing() as inner:
            return leases.hold_lease(inner, "work", holder, clock.now())[0]

    assert [hold("a"), hold("b"), hold("a")] == [True, False, True]
    time.advance(seconds=9)
    assert [hold("b"), hold("a")] == [False, True]
    time.advance(seconds=11)
    assert [hold("b"), hold("a")] == [True, False]


def test_old_events_go_with_their_deliveries_and_attempts_but_not_what_is_owed(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint])
    pump.run()
    happen(owner, [factories.create_endpoint(owner, active=False)])
    time.advance(days=91)
    happen(owner, [endpoint])
    pump.run()

    def purge(days: int) -> int:
        with writing() as inner:
            return purge_step(inner, clock.now(), days)

    assert purge(0) == 0
    assert [purge(90), purge(90)] == [1, 0]
    session.rollback()
    assert len(session.scalars(select(Event)).all()) == 2
    assert len(session.scalars(select(Delivery)).all()) == 2
    assert len(session.scalars(select(Attempt)).all()) == 1


def test_a_deleted_endpoint_is_forgotten_with_its_last_delivery(
    session: Session, owner: User, time: MovingClock
) -> None:
    gone = factories.create_endpoint(owner, deleted_at=clock.now(), active=False)
    factories.create_delivery(gone, factories.create_event(owner), state="delivered", due_at=None)
    time.advance(days=91)
    for _ in range(2):
        with writing() as inner:
            purge_step(inner, clock.now(), 90)
    session.rollback()
    assert session.scalars(select(Endpoint)).all() == []


def test_sessions_that_have_expired_are_forgotten(
    session: Session, owner: User, scheduler: Scheduler, time: MovingClock
) -> None:
    for days in (0, 30, 2):
        time.advance(days=days)
        with writing() as inner:
            sessions.begin_session(inner, owner.id, owner.password_hash, sessions.Browser("Firefox", "192.0.2.1"))
    scheduler.turn()
    session.rollback()
    assert len(session.scalars(select(LoginSession)).all()) == 2


def test_purging_goes_in_small_steps(session: Session, owner: User, time: MovingClock) -> None:
    for _ in range(60):
        factories.create_event(owner)
    time.advance(days=91)
    with writing() as inner:
        assert purge_step(inner, clock.now(), 90) == 50


def test_many_attempts_of_old_events_go_part_by_part(session: Session, owner: User, time: MovingClock) -> None:
    delivery = factories.create_delivery(
        factories.create_endpoint(owner), factories.create_event(owner), state="failed"
    )
    row = {"delivery_id": delivery.id, "started_at": clock.now(), "duration_ms": 1, "url": "http://127.0.0.1:9/"}
    empty = {"request_headers": [], "response_headers": [], "response_body": b"", "response_truncated": False}
    with writing() as inner:
        inner.execute(insert(Attempt), [row | empty | {"number": number} for number in range(700)])
    time.advance(days=91)
    purged = []
    for _ in range(3):
        with writing() as inner:
            purged.append(purge_step(inner, clock.now(), 90))
    assert purged == [500, 1, 0]
    session.rollback()
    assert session.scalars(select(Attempt)).all() == []


def test_what_is_held_back_for_an_endpoint_that_has_been_off_all_the_time_goes(
    session: Session, owner: User, time: MovingClock
) -> None:
    off = factories.create_endpoint(owner, active=False, inactive_since=clock.now() - timedelta(days=1))
    factories.create_delivery(off, factories.create_event(owner))
    lately = factories.create_endpoint(owner, active=False, inactive_since=clock.now() + timedelta(days=60))
    factories.create_delivery(lately, factories.create_event(owner))
    time.advance(days=91)
    with writing() as inner:
        assert purge_step(inner, clock.now(), 90) == 1
    session.rollback()
    assert [row.endpoint_id for row in session.scalars(select(Delivery))] == [lately.id]


def test_notices_runs_secrets_and_key_pairs_that_have_run_out_are_forgotten(
    session: Session, owner: User, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, secret="new")
    ids = {"endpoint_id": endpoint.id, "created_at": clock.now()}
    kept = factories.create_key_pair(endpoint)
    factories.create_key_pair(endpoint, expires_at=clock.now() + timedelta(hours=1))
    with writing() as inner:
        inner.add(SigningKey(secret="old", expires_at=clock.now() + timedelta(hours=1), **ids))
        inner.add(Notice(owner_id=owner.id, kind="failing", detail="", **ids))
        inner.add(ResendRun(kind="failed", position=0, up_to=1, total=1, pace=2, state="done", **ids))
    time.advance(days=2)
    with writing() as inner:
        purge_step(inner, clock.now(), 0)
    session.rollback()
    assert [key.secret for key in session.scalars(select(SigningKey))] == ["new"]
    assert session.scalars(select(KeyPair.id)).all() == [kept.id]
    assert len(session.scalars(select(Notice)).all()) == 1
    time.advance(days=91)
    with writing() as inner:
        purge_step(inner, clock.now(), 90)
    session.rollback()
    assert session.scalars(select(Notice)).all() == []
    assert session.scalars(select(ResendRun)).all() == []


def test_a_heart_beats_every_few_seconds_and_stops(session: Session) -> None:
    heart = Heart("worker")
    heart.start()
    heart.keep()
    (row,) = session.scalars(select(Heartbeat)).all()
    assert (row.name, row.kind) == (heart.name, "worker")
    heart.stop()
    session.rollback()
    assert session.scalars(select(Heartbeat)).all() == []
