"""Sending many again: paced, in order, stopped by failures, and past events for a webhook made later."""

from datetime import timedelta
from functools import partial

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
from calhooks.webhooks.settings import subscriptions, switching
from tests import factories
from tests.delivery.receivers import Receiver, answer


@pytest.fixture
def webhook(rick: User, receiver: Receiver) -> Webhook:
    return factories.create_webhook(rick, receiver.url)


@pytest.fixture
def pump(session: Session) -> Pump:
    return Pump(current_config())


def failed(session: Session, rick: User, webhook: Webhook, count: int, **values: object) -> list[Delivery]:
    endpoint = session.get_one(Endpoint, webhook.endpoint_id)
    fields = {"state": DeliveryState.FAILED, "due_at": None, "tries": 10, "attempt_count": 10} | values
    return [factories.create_delivery(endpoint, factories.create_event(rick), **fields) for _ in range(count)]


def begin(webhook: Webhook, hours: int = 1) -> int:
    with writing() as session:
        return runs.start_failed(session, webhook, since=clock.now() - timedelta(hours=hours)).id


def advance(run_id: int) -> ResendRun:
    with writing() as session:
        runs.advance(session, run_id)
        return session.get_one(ResendRun, run_id)


def states(session: Session) -> list[str]:
    session.rollback()
    return [str(state) for state in session.scalars(select(Delivery.state).order_by(Delivery.id))]


def test_all_that_failed_is_sent_again_two_at_first_and_more_each_time(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    failed(session, rick, webhook, 20)
    run_id, arrived = begin(webhook), []
    for _ in range(6):
        run, before = advance(run_id), len(receiver.received)
        pump.run()
        arrived.append(len(receiver.received) - before)
    assert arrived == [2, 4, 8, 6, 0, 0]
    assert (run.state, states(session)) == ("done", ["delivered"] * 20)
    done = run_progress.progress(session, run)
    assert (done.total, done.delivered, done.left) == (20, 20, 0)


def test_what_failed_before_the_moment_and_what_others_got_is_left_alone(
    session: Session, rick: User, webhook: Webhook, pump: Pump
) -> None:
    failed(session, rick, webhook, 1, created_at=clock.now() - timedelta(hours=2))
    failed(session, rick, factories.create_webhook(rick, "http://127.0.0.1:9/other"), 1)
    failed(session, rick, webhook, 1)
    run_id = begin(webhook)
    advance(run_id)
    pump.run()
    assert states(session) == ["failed", "failed", "delivered"]


def test_a_receiver_that_fails_again_is_left_alone_until_it_answers(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    failed(session, rick, webhook, 10)
    receiver.reply = answer(503)
    run_id = begin(webhook)
    for _ in range(5):
        advance(run_id)
        pump.run()
    assert len(receiver.received) == 2
    halfway = run_progress.progress(session, session.get_one(ResendRun, run_id))
    assert (halfway.retried, halfway.left) == (2, 8)


def test_a_run_waits_while_the_webhook_is_off_and_ends_when_it_is_deleted(
    session: Session, rick: User, webhook: Webhook
) -> None:
    failed(session, rick, webhook, 3)
    run_id = begin(webhook)
    with writing() as writer:
        switching.switch_off(writer.get_one(Webhook, webhook.id))
    assert (advance(run_id).state, states(session)) == ("running", ["failed"] * 3)
    with writing() as writer:
        subscriptions.delete(writer, writer.get_one(Webhook, webhook.id))
    assert advance(run_id).state == "stopped"


def test_one_booking_s_deliveries_go_out_again_in_their_order(session: Session, rick: User, webhook: Webhook) -> None:
    failed(session, rick, webhook, 2, sequence_key="booking")
    advance(begin(webhook))
    assert states(session) == ["due", "blocked"]


def test_a_run_that_is_stopped_lets_nothing_more_go(session: Session, rick: User, webhook: Webhook, pump: Pump) -> None:
    failed(session, rick, webhook, 5)
    run_id = begin(webhook)
    advance(run_id)
    with writing() as writer:
        runs.stop(writer, writer.get_one(ResendRun, run_id))
    pump.run()
    advance(run_id)
    assert states(session) == ["delivered", "delivered", "failed", "failed", "failed"]


def test_one_run_at_a_time_and_none_for_nothing(session: Session, rick: User, webhook: Webhook) -> None:
    with pytest.raises(runs.CannotRun, match="Nothing has failed"):
        begin(webhook)
    failed(session, rick, webhook, 1)
    begin(webhook)
    with pytest.raises(runs.CannotRun, match="already"):
        begin(webhook)


def test_a_webhook_made_later_gets_past_events_by_its_own_template(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    payload = b'{"triggerEvent":"BOOKING_CREATED","createdAt":"now","payload":{"title":"Quick chat","eventTypeId":1}}'
    old = factories.create_event(rick, payload=payload)
    factories.create_event(rick, payload=payload, trigger="MEETING_ENDED")
    factories.create_event(factories.create_user("bob"), payload=payload)
    with writing() as writer:
        row = writer.get_one(Webhook, webhook.id)
        row.payload_format, row.payload_template = "custom", '{"a": "{{title}}"}'
    factories.create_delivery(session.get_one(Endpoint, webhook.endpoint_id), factories.create_event(rick))
    with writing() as writer:
        row = writer.get_one(Webhook, webhook.id)
        run = runs.start_replay(writer, row, clock.now() - timedelta(days=1))
    assert run.total == 1
    pump.run()
    advance(run.id)
    pump.run()
    sent = receiver.received[-1]
    assert (sent.body, sent.headers["webhook-id"]) == (b'{"a": "Quick chat"}', old.message_id)
    assert advance(run.id).state == "done"
    with writing() as writer, pytest.raises(runs.CannotRun, match="missed no events"):
        runs.start_replay(writer, writer.get_one(Webhook, webhook.id), clock.now() - timedelta(days=1))


def test_a_single_event_is_replayed_unless_it_is_somebody_elses(session: Session, rick: User, webhook: Webhook) -> None:
    mine, other = factories.create_event(rick), factories.create_event(factories.create_user("bob"))
    assert [event.id for event in runs.untold_events(session, webhook, 10)] == [mine.id]
    with writing() as writer, pytest.raises(runs.CannotRun):
        runs.start_replay_of(writer, webhook, other.id)
    with writing() as writer:
        run_id = runs.start_replay_of(writer, webhook, mine.id).id
    advance(run_id)
    assert states(session) == ["due"]
    assert session.scalars(select(Delivery.run_id)).all() == [run_id]


def test_events_of_event_types_that_the_webhook_is_not_about_are_left_out(
    session: Session, rick: User, webhook: Webhook
) -> None:
    for number in (1, 2):
        factories.create_event(rick, payload=b'{"payload":{"eventTypeId":%d}}' % number)
    with writing() as writer:
        row = writer.get_one(Webhook, webhook.id)
        row.scope, row.event_type_ids = "chosen", [2]
        run_id = runs.start_replay(writer, row, clock.now() - timedelta(days=1)).id
    run = advance(run_id)
    assert (run.total, run.released, len(states(session))) == (1, 1, 1)


def test_a_run_says_what_it_waits_for(session: Session, rick: User, webhook: Webhook) -> None:
    failed(session, rick, webhook, 3)
    run_id = begin(webhook)

    def waits_for(**columns: object) -> run_progress.RunWait | None:
        with writing() as writer:
            run = writer.get_one(ResendRun, run_id)
            for name, value in columns.items():
                setattr(run.endpoint, name, value)
            return run_progress.progress(writer, run).waits_for

    assert waits_for(consecutive_failures=1) is None
    assert waits_for(consecutive_failures=2) is run_progress.RunWait.RECEIVER
    assert waits_for(active=False) is run_progress.RunWait.SWITCH
    with writing() as writer:
        runs.stop(writer, writer.get_one(ResendRun, run_id))
    assert waits_for() is None


@pytest.mark.parametrize("kind", ["failed", "replay"])
def test_a_run_lets_fewer_go_at_once_where_the_template_does_much_work(
    session: Session, rick: User, webhook: Webhook, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(runs, "MAX_EVENT_UNITS", 1)
    payload = b'{"triggerEvent":"BOOKING_CREATED","createdAt":"now","payload":{"title":"Quick chat"}}'
    events = [factories.create_event(rick, payload=payload) for _ in range(2)]
    if kind == "failed":
        endpoint, state = session.get_one(Endpoint, webhook.endpoint_id), DeliveryState.FAILED
        for event in events:
            factories.create_delivery(endpoint, event, state=state, due_at=None, body=None, error="x")
    with writing() as writer:
        row = writer.get_one(Webhook, webhook.id)
        row.payload_format, row.payload_template = "custom", '"{{title}}"'
        since = clock.now() - timedelta(days=1)
        start = partial(runs.start_failed, since=since) if kind == "failed" else partial(runs.start_replay, since=since)
        run_id = start(writer, row).id
    runs.prepare_run(session, run_id)
    assert [advance(run_id).released for _ in range(2)] == [1, 2]
    session.expire_all()
    assert {delivery.body for delivery in session.scalars(select(Delivery))} == {b'"Quick chat"'}
