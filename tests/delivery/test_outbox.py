"""What is owed is kept together with what happened, and the workers hear of it."""

import logging
import signal
import time as real_time
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock, create_app
from calhooks.accounts.models import User
from calhooks.config import Config
from calhooks.db import db, writing
from calhooks.delivery import endpoints, outbox
from calhooks.delivery.models.deliveries import Delivery
from calhooks.delivery.models.endpoints import Endpoint, InactiveReason, KeyPair, SigningKey
from calhooks.delivery.outbox import Owed
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.queue import client, wake
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import by_plan, fresh, happen, query_plans, states, wait_until
from tests.delivery.receivers import Receiver, answer
from tests.faults.servers import RedisServer


def jobs(redis: Redis) -> int:
    return client.pump_queue(redis).count


def test_what_is_owed_is_due_at_once_at_every_endpoint(session: Session, owner: User) -> None:
    one, two = factories.create_endpoint(owner), factories.create_endpoint(owner)
    deliveries = happen(owner, [one, two], body=b'{"a":1}')
    assert [(each.endpoint_id, each.state, each.body) for each in deliveries] == [
        (one.id, "due", b'{"a":1}'),
        (two.id, "due", b'{"a":1}'),
    ]
    assert fresh(session, one).next_due_at <= clock.now()


def test_a_use_case_that_fails_owes_nothing_and_wakes_nobody(session: Session, owner: User, redis: Redis) -> None:
    endpoint, event = factories.create_endpoint(owner), factories.create_event(owner)

    def fail() -> None:
        with writing() as inner:
            owed = Owed(endpoint_id=endpoint.id, body=b"{}", content_type="application/json")
            outbox.owe(inner, inner.merge(event), [owed])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert states(session) == []
    assert jobs(redis) == 0


def test_a_later_event_of_a_booking_waits_for_the_earlier_one_at_the_same_endpoint_only(
    session: Session, owner: User
) -> None:
    one, two = factories.create_endpoint(owner), factories.create_endpoint(owner)
    happen(owner, [one], sequence="booking")
    happen(owner, [one, two], sequence="booking")
    happen(owner, [one], sequence="another booking")
    assert states(session) == ["due", "blocked", "due", "due"]


def test_a_template_that_failed_is_a_failed_delivery_that_holds_nobody_up(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    event = factories.create_event(owner, sequence_key="booking")
    with writing() as inner:
        owed = Owed(endpoint_id=endpoint.id, body=None, content_type="application/json", error="No such thing.")
        outbox.owe(inner, inner.merge(event), [owed])
    delivery = session.scalars(select(Delivery)).one()
    assert (delivery.state, delivery.error) == ("failed", "No such thing.")
    assert delivery.finished_at is not None
    happen(owner, [endpoint], sequence="booking")
    assert states(session) == ["failed", "due"]


def test_owing_to_fifty_endpoints_takes_as_many_statements_as_owing_to_one(session: Session, owner: User) -> None:
    for _ in range(50):
        factories.create_endpoint(owner)
    many = session.scalars(select(Endpoint)).all()
    statements: list[str] = []
    sqlalchemy_event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    happen(owner, many[:1])
    for_one = len(statements)
    session.scalars(select(Endpoint)).all()
    happen(owner, many)
    assert len(statements) - for_one <= for_one + 2
    assert len(states(session)) == 51


def test_one_wake_up_is_enough_for_events_that_come_together(owner: User, redis: Redis, config: Config) -> None:
    endpoint = factories.create_endpoint(owner)
    happen(owner, [endpoint])
    happen(owner, [endpoint])
    assert jobs(redis) == 1
    assert 0 < redis.pttl(wake.FLAG) <= 2000
    wake.Wakes(config.redis_url).let_go()
    happen(owner, [endpoint])
    assert jobs(redis) == 2


def test_a_pump_at_work_notices_every_wake_up_and_no_other_is_called(owner: User, redis: Redis, config: Config) -> None:
    endpoint = factories.create_endpoint(owner)
    wakes = wake.Wakes(config.redis_url)
    wakes.came()
    assert not wakes.came()
    happen(owner, [endpoint])
    assert wakes.came()
    assert not wakes.came()
    happen(owner, [endpoint])
    assert wakes.let_go()
    assert jobs(redis) == 0
    happen(owner, [endpoint])
    assert jobs(redis) == 1


@pytest.mark.timed
def test_without_redis_the_event_is_kept_without_delay_and_the_miss_is_logged_once(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    app = create_app(Config.from_env(environ | {"REDIS_URL": f"unix://{tmp_path}/nobody.sock"}))
    with app.app_context(), caplog.at_level(logging.WARNING):
        owner = factories.create_user()
        endpoint = factories.create_endpoint(owner)
        began = real_time.monotonic()
        happen(owner, [endpoint])
        happen(owner, [endpoint])
        assert real_time.monotonic() - began < 5
        assert states(db.session()) == ["due", "due"]
        db.engine.dispose()
    (line,) = [record.message for record in caplog.records]
    assert "Redis did not take a wake-up" in line


@pytest.mark.timed
def test_one_booking_waits_for_a_redis_that_hangs_and_workers_are_called_when_it_is_back(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(wake, "AWAY_SECONDS", 0.05)
    server = RedisServer()
    app = create_app(Config.from_env(environ | {"REDIS_URL": server.url}))
    with app.app_context():
        endpoint = factories.create_endpoint(owner := factories.create_user())
        server.send(signal.SIGSTOP)
        waits = []
        # Slowly enough for a process that asked again and again to wait again and again.
        for _ in range(10):
            began = real_time.monotonic()
            happen(owner, [endpoint])
            waits.append(real_time.monotonic() - began)
            real_time.sleep(0.1)
        # One waits for Redis; on a machine that is busy others may take as long for other reasons.
        assert len([each for each in waits if each >= client.QUICK_SECONDS]) < 4, waits
        db.engine.dispose()
    server.send(signal.SIGCONT)
    with Redis.from_url(server.url) as redis:
        wait_until(lambda: jobs(redis) == 1)
    server.close()
    assert len([each for each in caplog.records if "did not take a wake-up" in each.message]) == 1


def test_what_waits_can_be_dropped(session: Session, owner: User, pump: Pump, receiver: Receiver) -> None:
    endpoint, other = factories.create_endpoint(owner, receiver.url), factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint, other], sequence="booking")
    happen(owner, [endpoint], sequence="booking")
    with writing() as inner:
        assert outbox.drop_waiting(inner, inner.merge(endpoint)) == 2
    pump.run()
    assert states(session) == ["dropped", "delivered", "dropped"]
    assert len(receiver.received) == 1


def test_nothing_is_sent_to_a_deleted_endpoint_and_its_secret_is_gone(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url, secret="secret")
    factories.create_key_pair(endpoint)
    happen(owner, [endpoint], sequence="booking")
    happen(owner, [endpoint], sequence="booking")
    with writing() as inner:
        endpoints.delete_endpoint(inner, fresh(inner, endpoint))
    pump.run()
    assert receiver.received == []
    assert states(session) == ["dropped", "dropped"]
    assert [session.scalars(select(model)).all() for model in (SigningKey, KeyPair)] == [[], []]


def test_an_endpoint_that_is_off_holds_back_until_it_is_on_again(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint])
    with writing() as inner:
        endpoints.switch_endpoint_off(fresh(inner, endpoint), InactiveReason.OWNER)
    pump.run()
    assert receiver.received == []
    with writing() as inner:
        row = fresh(inner, endpoint)
        assert endpoints.waiting_count(inner, row) == 1
        endpoints.switch_endpoint_on(inner, row)
    pump.run()
    assert len(receiver.received) == 1


def test_what_was_held_back_goes_out_from_the_oldest_on_a_few_more_at_each_success(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    receiver.reply = answer(503)
    held = [happen(owner, [endpoint])[0] for _ in range(5)]
    for _ in range(2):
        pump.run()
        time.advance(seconds=7)
    with writing() as inner:
        endpoints.switch_endpoint_off(fresh(inner, endpoint), InactiveReason.OWNER)
    receiver.reply = answer()
    received = len(receiver.received)
    with writing() as inner:
        row = fresh(inner, endpoint)
        endpoints.switch_endpoint_on(inner, row)
        endpoints.send_waiting(inner, row)
    pump.run()
    assert states(session) == ["delivered"] * 5
    ids = [request.headers["webhook-id"] for request in receiver.received[received:]]
    assert ids[0] == fresh(session, held[0]).event.message_id


@by_plan
def test_owing_looks_at_the_deliveries_of_one_booking_however_much_waits(session: Session, owner: User) -> None:
    endpoint = factories.create_endpoint(owner)
    steps = query_plans(session, lambda: happen(owner, [endpoint], sequence="booking"))
    looked = [step for step in steps if "deliveries" in step and "event_id" not in step]
    assert looked == ["SEARCH deliveries USING INDEX ix_deliveries_open_sequence (endpoint_id=? AND sequence_key=?)"]
