"""Runs over deliveries that a person chose: which go, in which order, and when there is nothing to send."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun
from calhooks.delivery.pump.pump import Pump
from calhooks.webhooks import run_progress, runs
from calhooks.webhooks.models import Webhook
from tests import factories
from tests.delivery.receivers import Receiver


@pytest.fixture
def webhook(rick: User, receiver: Receiver) -> Webhook:
    return factories.create_webhook(rick, receiver.url)


def make(session: Session, rick: User, webhook: Webhook, state: DeliveryState, **event: object) -> int:
    endpoint = session.get_one(Endpoint, webhook.endpoint_id)
    made = factories.create_event(rick, **event)
    return factories.create_delivery(endpoint, made, state=state, due_at=None, attempt_count=1).id


def send_all(session: Session, run_id: int) -> ResendRun:
    pump = Pump(current_config())
    for _ in range(6):
        with writing() as writer:
            runs.advance(writer, run_id)
        pump.run()
    session.rollback()
    return session.get_one(ResendRun, run_id)


def test_the_chosen_ones_go_out_again_and_no_others(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver
) -> None:
    states = [DeliveryState.FAILED, DeliveryState.DELIVERED, DeliveryState.DROPPED] * 2
    ids = [make(session, rick, webhook, state) for state in states]
    with writing() as writer:
        run_id = runs.start_chosen(writer, writer.get_one(Webhook, webhook.id), ids[:3]).id
    run = send_all(session, run_id)
    assert (run.kind, run.state, len(receiver.received)) == ("chosen", "done", 3)
    progress = run_progress.progress(session, run)
    assert (progress.total, progress.delivered, progress.left) == (3, 3, 0)
    left = session.scalars(select(Delivery.state).where(Delivery.id.in_(ids[3:])).order_by(Delivery.id))
    assert list(left) == states[3:]


def test_deliveries_of_one_booking_arrive_in_order_again(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver
) -> None:
    payloads = [b'{"n":1}', b'{"n":2}', b'{"n":3}']
    ids = [
        make(session, rick, webhook, DeliveryState.DELIVERED, sequence_key="booking", payload=payload)
        for payload in payloads
    ]
    with writing() as writer:
        run_id = runs.start_chosen(writer, writer.get_one(Webhook, webhook.id), reversed(ids)).id
    send_all(session, run_id)
    assert [request.body for request in receiver.received] == payloads


def test_what_is_open_by_the_time_of_its_turn_is_skipped(session: Session, rick: User, webhook: Webhook) -> None:
    ids = [make(session, rick, webhook, DeliveryState.FAILED) for _ in range(2)]
    with writing() as writer:
        run_id = runs.start_chosen(writer, writer.get_one(Webhook, webhook.id), ids).id
        writer.get_one(Delivery, ids[0]).state = DeliveryState.BLOCKED
    run = send_all(session, run_id)
    assert (run.state, run.released, run_progress.progress(session, run).left) == ("done", 1, 1)


def test_nothing_to_send_and_a_run_at_work_are_refused(session: Session, rick: User, webhook: Webhook) -> None:
    number = make(session, rick, webhook, DeliveryState.FAILED)
    with writing() as writer, pytest.raises(runs.CannotRun, match="None of these"):
        runs.start_chosen(writer, webhook, [])
    with writing() as writer:
        runs.start_chosen(writer, writer.get_one(Webhook, webhook.id), [number])
    with writing() as writer, pytest.raises(runs.CannotRun, match="already"):
        runs.start_chosen(writer, webhook, [number])


def test_what_ended_before_the_clock_was_set_back_goes_out_too(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver
) -> None:
    number = make(session, rick, webhook, DeliveryState.FAILED)
    with writing() as writer:
        writer.get_one(Delivery, number).finished_at = clock.now() + timedelta(hours=1)
        run_id = runs.start_chosen(writer, writer.get_one(Webhook, webhook.id), [number]).id
    run = send_all(session, run_id)
    assert (run.state, run.released, len(receiver.received)) == ("done", 1, 1)
