"""Sending again what is over, and sooner what waits: nothing overtakes, and the schedule stays as it is."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.db import writing
from calhooks.delivery import resending
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.resending import Obstacle, ObstacleKind, obstacle_to
from tests import factories
from tests.delivery.helpers import fresh, happen, states
from tests.delivery.pump.test_record import end, take
from tests.delivery.receivers import Receiver, answer


@pytest.fixture
def endpoint(session: Session, owner: User) -> Endpoint:
    return factories.create_endpoint(owner)


def make(owner: User, endpoint: Endpoint, state: DeliveryState, **values: object) -> Delivery:
    """Make a delivery of the one booking of these tests."""
    fields = {"state": state, "due_at": None, "sequence_key": "booking"} | values
    return factories.create_delivery(endpoint, factories.create_event(owner), **fields)


def send_again(delivery: Delivery, *, ordered: bool = True) -> None:
    with writing() as session:
        resending.send_again(session, fresh(session, delivery), ordered=ordered)


def send_now(delivery: Delivery) -> None:
    with writing() as session:
        resending.send_now(session, fresh(session, delivery))


def obstacle(session: Session, delivery: Delivery) -> Obstacle | None:
    return obstacle_to(session, fresh(session, delivery))


def test_resend_sends_the_same_id_and_bytes_again_with_a_new_schedule(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    (delivery,) = happen(owner, [endpoint], body=b"first")
    pump.run()
    send_again(delivery)
    row = fresh(session, delivery)
    assert (row.tries, row.refusals, row.scheduled_at) == (0, 0, row.due_at)
    pump.run()
    first, second = receiver.received
    assert (second.body, second.headers["webhook-id"]) == (first.body, first.headers["webhook-id"])
    assert (first.headers["x-calhooks-attempt"], second.headers["x-calhooks-attempt"]) == ("1", "2")
    assert fresh(session, delivery).state == "delivered"


def test_a_resend_goes_before_what_came_later_and_that_waits_for_it(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    first = make(owner, endpoint, DeliveryState.FAILED, body=b"1")
    later = clock.now() + timedelta(hours=5)
    second = make(owner, endpoint, DeliveryState.DUE, body=b"2", due_at=later, scheduled_at=later, tries=3)
    make(owner, endpoint, DeliveryState.BLOCKED, body=b"3")
    send_again(first)
    assert states(session) == ["due", "blocked", "blocked"]
    assert fresh(session, second).scheduled_at == later
    pump.run()
    assert [request.body for request in receiver.received] == [b"1", b"2", b"3"]


def test_what_happens_after_a_resend_waits_for_it(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    receiver.reply = answer(500)
    send_again(make(owner, endpoint, DeliveryState.FAILED))
    pump.run()
    happen(owner, [endpoint], sequence="booking")
    assert states(session) == ["due", "blocked"]


def test_a_resend_waits_for_what_is_earlier_or_being_sent(session: Session, owner: User, endpoint: Endpoint) -> None:
    first = make(owner, endpoint, DeliveryState.FAILED)
    leased = clock.now() + timedelta(seconds=20)
    make(owner, endpoint, DeliveryState.DUE, due_at=leased, lease_token="a")
    last = make(owner, endpoint, DeliveryState.DROPPED)
    send_again(first)
    send_again(last)
    assert states(session) == ["blocked", "due", "blocked"]


def test_out_of_order_a_resend_neither_waits_nor_holds_up(session: Session, owner: User, endpoint: Endpoint) -> None:
    first = make(owner, endpoint, DeliveryState.FAILED)
    make(owner, endpoint, DeliveryState.DUE, due_at=clock.now() + timedelta(hours=5))
    send_again(first, ordered=False)
    assert states(session) == ["due", "due"]
    happen(owner, [endpoint], sequence="other")
    send_again(first, ordered=False)
    assert states(session) == ["due", "due", "due"]


def test_trying_now_is_beside_the_schedule_and_keeps_the_place(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    later = clock.now() + timedelta(hours=5)
    waits = {"due_at": later, "scheduled_at": later, "tries": 4, "not_before": later}
    first = make(owner, endpoint, DeliveryState.DUE, body=b"1", **waits)
    make(owner, endpoint, DeliveryState.BLOCKED, body=b"2")
    send_now(first)
    row = fresh(session, first)
    assert (row.tries, row.scheduled_at, row.not_before, row.due_at <= clock.now()) == (4, later, None, True)
    assert states(session) == ["due", "blocked"]
    pump.run()
    assert [request.body for request in receiver.received] == [b"1", b"2"]


def test_what_is_being_sent_or_blocked_is_left_as_it_is(session: Session, owner: User, endpoint: Endpoint) -> None:
    leased = clock.now() + timedelta(seconds=20)
    sending = make(owner, endpoint, DeliveryState.DUE, lease_token="a", due_at=leased, tries=4)
    blocked = make(owner, endpoint, DeliveryState.BLOCKED)
    for delivery in (sending, blocked):
        send_now(delivery)
        send_again(delivery)
    row = fresh(session, sending)
    assert (row.lease_token, row.due_at, row.tries) == ("a", leased, 4)
    assert fresh(session, blocked).state == "blocked"


def test_what_is_blocked_names_the_one_that_goes_first(session: Session, owner: User, endpoint: Endpoint) -> None:
    first = make(owner, endpoint, DeliveryState.DUE, due_at=clock.now())
    blocked = make(owner, endpoint, DeliveryState.BLOCKED)
    over = make(owner, endpoint, DeliveryState.FAILED)
    make(owner, endpoint, DeliveryState.DUE, due_at=clock.now(), sequence_key="other")
    expected = Obstacle(ObstacleKind.EARLIER, delivery_id=first.id)
    assert [obstacle(session, each) for each in (first, blocked, over)] == [None, expected, expected]


def test_what_was_overtaken_names_the_newest_that_was_delivered(
    session: Session, owner: User, endpoint: Endpoint
) -> None:
    failed = make(owner, endpoint, DeliveryState.FAILED)
    assert obstacle(session, failed) is None
    make(owner, endpoint, DeliveryState.DELIVERED)
    newest = make(owner, endpoint, DeliveryState.DELIVERED)
    make(owner, endpoint, DeliveryState.FAILED)
    assert obstacle(session, failed) == Obstacle(ObstacleKind.NEWER, delivery_id=newest.id)
    assert obstacle(session, newest) is None


def test_what_is_newer_and_being_sent_is_in_the_way_too(session: Session, owner: User, endpoint: Endpoint) -> None:
    failed = make(owner, endpoint, DeliveryState.FAILED)
    sending = make(owner, endpoint, DeliveryState.DUE, due_at=clock.now(), lease_token="a")
    assert obstacle(session, failed) == Obstacle(ObstacleKind.NEWER, delivery_id=sending.id)


@pytest.mark.parametrize("held", ["delivery", "endpoint"])
def test_a_receiver_that_asked_to_wait_is_named(session: Session, owner: User, endpoint: Endpoint, held: str) -> None:
    until, past = clock.now() + timedelta(minutes=5), clock.now() - timedelta(minutes=5)
    delivery = make(owner, endpoint, DeliveryState.DUE, due_at=until, not_before=past)
    assert obstacle(session, delivery) is None
    with writing() as writer:
        if held == "delivery":
            writer.get_one(Delivery, delivery.id).not_before = until
        else:
            writer.get_one(Endpoint, endpoint.id).held_until = until
    assert obstacle(session, delivery) == Obstacle(ObstacleKind.ASKED_TO_WAIT, until=until)
    send_now(delivery)
    assert obstacle(session, delivery) is None
    assert session.scalars(select(Endpoint.held_until)).all() == [None]


def test_one_that_had_to_let_an_earlier_one_go_first_keeps_its_schedule(
    session: Session, owner: User, endpoint: Endpoint
) -> None:
    first = make(owner, endpoint, DeliveryState.FAILED)
    later = clock.now() + timedelta(hours=5)
    second = make(owner, endpoint, DeliveryState.DUE, due_at=later, scheduled_at=later, tries=3)
    other = make(owner, endpoint, DeliveryState.FAILED, sequence_key="b")
    third = make(owner, endpoint, DeliveryState.DUE, sequence_key="b", due_at=later, not_before=later)
    send_again(first)
    send_again(other)
    assert states(session) == ["due", "blocked", "due", "blocked"]
    end(take())
    end(take(), 500)
    row = fresh(session, second)
    assert (row.state, row.tries, row.scheduled_at, row.due_at) == ("due", 3, later, later)
    assert fresh(session, third).due_at == later


def test_what_failed_is_sent_soon_one_after_the_other_and_keeps_its_schedule_when_it_fails_again(
    session: Session, owner: User, pump: Pump, receiver: Receiver
) -> None:
    endpoint = factories.create_endpoint(owner, receiver.url)
    receiver.reply = answer(500)
    made = [happen(owner, [endpoint])[0] for _ in range(3)]
    run_until(pump, lambda: len(receiver.received) == 3)
    later = clock.now() + timedelta(hours=1)
    with writing() as writer:
        writer.execute(update(Delivery).values(due_at=later, scheduled_at=later))
    tries = [fresh(session, delivery).tries for delivery in made]
    soon(endpoint, made)
    due = [row.due_at for row in (fresh(session, delivery) for delivery in made) if row.due_at]
    assert [each - due[0] for each in due] == [place * resending.SOON_APART for place in range(3)]
    run_until(pump, lambda: len(receiver.received) == 6)
    after = [fresh(session, delivery) for delivery in made]
    assert [row.scheduled_at for row in after] == [later] * 3
    assert [row.tries for row in after] == tries
    receiver.reply = answer(200)
    soon(endpoint, made)
    run_until(pump, lambda: states(session) == ["delivered"] * 3)


def soon(endpoint: Endpoint, deliveries: list[Delivery]) -> None:
    with writing() as session:
        held = session.get_one(Endpoint, endpoint.id)
        resending.send_soon(session, held, [delivery.id for delivery in deliveries])


def run_until(pump: Pump, is_so: Callable[[], bool]) -> None:
    """Run the pump as the scheduler has it run: again and again, for what is due a moment later."""
    until = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < until
        pump.run()
        time.sleep(0.02)


def test_what_is_over_or_asked_to_wait_is_not_sent_soon(session: Session, owner: User, endpoint: Endpoint) -> None:
    later = clock.now() + timedelta(hours=1)
    over = make(owner, endpoint, DeliveryState.FAILED)
    asked = make(owner, endpoint, DeliveryState.DUE, due_at=later, not_before=later, sequence_key="another")
    soon(endpoint, [over, asked])
    assert (fresh(session, over).due_at, fresh(session, asked).due_at) == (None, later)
