"""Pumps at work: real receivers, the real database, the real Redis."""

import socket
import threading
import time as real_time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from calhooks import jobs
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import db, writing
from calhooks.delivery import endpoints, outbox
from calhooks.delivery.models.deliveries import Attempt, Delivery
from calhooks.delivery.pump import pump as pump_module
from calhooks.delivery.pump import room
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.sending.sender import Sender
from calhooks.egress.exchange import BODY_SECONDS
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import fresh, happen, states, wait_until
from tests.delivery.receivers import Received, Receiver, Reply, answer, drip, hang, in_turn, receiving

HUNG_SECONDS = 1.0


@pytest.fixture
def impatient(session: Session) -> Pump:
    """A pump whose attempts have one second."""
    return Pump(current_config(), Sender(current_config().egress_allow, deadline_seconds=HUNG_SECONDS).send)


@contextmanager
def running(app: Flask, pump: Pump) -> Iterator[threading.Thread]:
    """Run a pump in a thread with an application context of its own."""

    def run() -> None:
        with app.app_context():
            pump.run()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(timeout=20)
    assert not thread.is_alive()


def test_a_delivery_without_a_body_of_its_own_sends_the_payload_of_its_event(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint, event = factories.create_endpoint(owner, receiver.url), factories.create_event(owner, payload=b'{"a":1}')
    with writing() as writer:
        owed = outbox.Owed(endpoint_id=endpoint.id, body=None, content_type="application/json")
        outbox.owe(writer, writer.merge(event), [owed])
    pump.run()
    assert [request.body for request in receiver.received] == [b'{"a":1}']
    assert states(session) == ["delivered"]


def test_everything_that_is_due_arrives_once(session: Session, owner: User, pump: Pump, receiver: Receiver) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    bodies = {b'{"n":%d}' % number for number in range(100)}
    for body in bodies:
        happen(owner, [endpoint], body=body)
    pump.run()
    assert len(receiver.received) == 100
    assert {request.body for request in receiver.received} == bodies
    assert len({request.headers["webhook-id"] for request in receiver.received}) == 100
    assert set(states(session)) == {"delivered"}
    assert len(session.scalars(select(Attempt)).all()) == 100
    assert receiver.connections <= 16


def test_events_of_one_booking_arrive_in_order_whatever_happens(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    receiver.reply = in_turn([answer(), answer(500), answer(), answer(503), answer(500), answer()])
    endpoint = factories.create_endpoint(owner, receiver.url)
    for number in range(5):
        happen(owner, [endpoint], sequence="booking", body=b"%d" % number)
    while set(states(session)) != {"delivered"}:
        pump.run()
        time.advance(hours=1)
    succeeded = [request.body for request in receiver.received]
    assert succeeded == [b"0", b"1", b"1", b"2", b"2", b"2", b"3", b"4"]
    assert [request.headers["x-calhooks-attempt"] for request in receiver.received if request.body == b"2"] == [
        "1",
        "2",
        "3",
    ]


def test_a_booking_that_fails_holds_up_no_other(session: Session, owner: User, pump: Pump, receiver: Receiver) -> None:
    receiver.reply = lambda request, connection: answer(500 if request.body == b"bad" else 200)(request, connection)
    endpoint = factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint], sequence="a", body=b"bad")
    happen(owner, [endpoint], sequence="a", body=b"after bad")
    for number in range(5):
        happen(owner, [endpoint], sequence=f"other {number}", body=b"good")
    pump.run()
    assert [request.body for request in receiver.received].count(b"good") == 5
    assert b"after bad" not in [request.body for request in receiver.received]


def test_a_receiver_that_is_down_gets_its_delivery_when_it_is_back(
    session: Session, owner: User, pump: Pump, time: MovingClock
) -> None:
    with receiving() as receiver:
        port = receiver.port
    endpoint = factories.create_endpoint(owner, f"http://127.0.0.1:{port}/hook")
    happen(owner, [endpoint])
    pump.run()
    assert session.scalars(select(Attempt.error)).all() == ["refused"]
    back = Receiver(port=port)
    time.advance(seconds=7)
    pump.run()
    assert len(back.received) == 1
    assert states(session) == ["delivered"]
    back.close()


@pytest.mark.timed
def test_receivers_that_hang_delay_nobody(session: Session, owner: User, receiver: Receiver) -> None:
    # Longer than all the others take on a machine that is very busy.
    seconds = 4 * HUNG_SECONDS
    pump = Pump(current_config(), Sender(current_config().egress_allow, deadline_seconds=seconds).send)
    with receiving(hang) as hung:
        bad = [factories.create_endpoint(owner, hung.url) for _ in range(20)]
        good = factories.create_endpoint(owner, receiver.url)
        for _ in range(40):
            happen(owner, [*bad, good])
        began = real_time.time()
        thread = threading.Timer(seconds * 1.5, pump.stop)
        thread.start()
        pump.run()
    assert len(receiver.received) == 40
    assert max(request.at for request in receiver.received) - began < seconds
    assert len(hung.received) <= 20 * (room.MAX_FOR_UNPROVEN + 3 * room.MAX_FOR_FAILING)


@pytest.mark.timed
@pytest.mark.parametrize("rest", [hang, drip(b"a" * 1000, 0.02)], ids=["never comes", "drips"])
def test_bodies_that_are_slow_hold_up_no_other_delivery(
    session: Session, owner: User, pump: Pump, receiver: Receiver, rest: Reply
) -> None:
    def reply(request: Received, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        return rest(request, connection)

    receiver.reply = reply
    endpoint = factories.create_endpoint(owner, receiver.url)
    for _ in range(40):
        happen(owner, [endpoint])
    pump.run()
    at = [request.at for request in receiver.received]
    assert len(at) == 40
    # One after the other, or as many as have room at once, they would take three times as long as one body may.
    assert max(at) - min(at) < 2 * BODY_SECONDS
    assert set(states(session)) == {"delivered"}
    assert session.scalars(select(Attempt.error)).all() == [None] * 40


def test_what_a_refusal_kept_from_being_sent_leaves_no_attempt(
    session: Session, owner: User, pump: Pump, receiver: Receiver, time: MovingClock
) -> None:
    receiver.reply = in_turn([answer()] * 8 + [answer(429, b"", "Retry-After: 1")] * 4 + [answer()])
    endpoint = factories.create_endpoint(owner, receiver.url)
    for _ in range(40):
        happen(owner, [endpoint])
    while set(states(session)) != {"delivered"}:
        pump.run()
        time.advance(hours=1)
    assert len(receiver.received) == 44
    rows = session.scalars(select(Delivery)).all()
    assert sum(row.attempt_count for row in rows) == 44
    assert [each.number for row in rows for each in row.attempts] == [
        number for row in rows for number in range(1, row.attempt_count + 1)
    ]
    assert {row.lease_token for row in rows} == {None}


@pytest.mark.timed
def test_fresh_work_is_noticed_within_an_instant_while_sends_hang(
    app: Flask, session: Session, owner: User, receiver: Receiver
) -> None:
    # Long enough for five bookings also on a machine that is busy.
    pump = Pump(current_config(), Sender(current_config().egress_allow, deadline_seconds=5 * HUNG_SECONDS).send)
    with receiving(hang) as hung:
        bad, good = factories.create_endpoint(owner, hung.url), factories.create_endpoint(owner, receiver.url)
        happen(owner, [bad])
        with running(app, pump):
            hung.wait_for(1)
            real_time.sleep(0.1)
            waited = []
            for number in range(1, 6):
                happened = real_time.time()
                happen(owner, [good])
                waited.append(receiver.wait_for(number)[-1].at - happened)
    assert sorted(waited)[2] < HUNG_SECONDS / 2


def test_an_endpoint_that_was_switched_off_gets_nothing_more(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    happen(owner, [endpoint])
    pump.run()
    with writing() as inner:
        endpoints.delete_endpoint(inner, fresh(inner, endpoint))
    happen(owner, [endpoint])
    pump.run()
    assert len(receiver.received) == 1


@pytest.mark.timed
def test_a_pump_that_is_stopped_finishes_its_sends_and_claims_nothing_more(
    app: Flask, session: Session, owner: User, pump: Pump
) -> None:
    answered = threading.Event()

    def slowly(request: Received, connection: object) -> bool:
        answered.wait(5)
        return answer()(request, connection)  # type: ignore[arg-type]

    with receiving(slowly) as receiver:
        endpoint = factories.create_endpoint(owner, receiver.url)
        for _ in range(20):
            happen(owner, [endpoint])
        with running(app, pump):
            receiver.wait_for(room.MAX_FOR_UNPROVEN)
            pump.stop()
            answered.set()
    assert len(receiver.received) == room.MAX_FOR_UNPROVEN
    assert sorted(states(session)) == ["delivered"] * 2 + ["due"] * 18


@pytest.mark.timed
def test_what_a_stopped_pump_cannot_finish_is_given_back_at_once(
    app: Flask, session: Session, owner: User, pump: Pump, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "STOP_SECONDS", 0.3)
    with receiving(hang) as receiver:
        (delivery,) = happen(owner, [factories.create_endpoint(owner, receiver.url)])
        with running(app, pump):
            receiver.wait_for(1)
            pump.stop()
        row = fresh(session, delivery)
        assert (row.state, row.lease_token) == ("due", None)
        receiver.reply = answer()
        Pump(current_config()).run()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert states(session) == ["delivered"]


def test_a_long_run_hands_over_and_forgets_nothing_that_is_under_way(
    session: Session, owner: User, impatient: Pump, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump_module, "HAND_OVER_SECONDS", 0.0)
    with receiving(hang) as hung:
        happen(owner, [factories.create_endpoint(owner, hung.url), factories.create_endpoint(owner, receiver.url)])
        assert impatient.run()
        assert states(session) == ["due", "delivered"]
        wait_until(lambda: errors_after_settling(impatient, session) == ["deadline"])


def errors_after_settling(pump: Pump, session: Session) -> list[str | None]:
    """Let a pump write down what has ended, and return how attempts failed."""
    pump.settle()
    session.rollback()
    return list(session.scalars(select(Attempt.error).where(Attempt.error.is_not(None))))


@pytest.mark.only_on("sqlite", "a missing table does not look like an unreachable PostgreSQL")
def test_results_survive_a_database_that_is_away_for_a_moment(
    app: Flask, session: Session, owner: User, pump: Pump
) -> None:
    taken = threading.Event()

    def reply(request: Received, connection: object) -> bool:
        taken.wait(5)
        return answer()(request, connection)  # type: ignore[arg-type]

    with receiving(reply) as receiver:
        happen(owner, [factories.create_endpoint(owner, receiver.url)])
        with running(app, pump):
            receiver.wait_for(1)
            # No stand-in for a database can break as truly as a table that is gone.
            rename("attempts", "away")
            taken.set()
            real_time.sleep(0.3)
            rename("away", "attempts")
    assert states(session) == ["delivered"]
    assert len(receiver.received) == 1


def rename(table: str, to: str) -> None:
    with db.engine.begin() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {to}"))


def test_the_job_is_a_pump_run(session: Session, owner: User, receiver: Receiver) -> None:
    happen(owner, [factories.create_endpoint(owner, receiver.url)])
    jobs.pump()
    assert states(session) == ["delivered"]
