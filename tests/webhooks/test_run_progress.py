"""The numbers of a run are what happened, and it goes by its receiver's pace."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.accounts.models import User
from calhooks.config import current_config
from calhooks.db import writing
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint, Notice, NoticeKind
from calhooks.delivery.models.runs import ResendRun
from calhooks.delivery.pump.claim import Claim
from calhooks.delivery.pump.pump import Pump
from calhooks.delivery.upkeep.purge import purge_step
from calhooks.webhooks import runs
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import send_delivery
from calhooks.webhooks.run_progress import Progress, RunWait, progress
from tests import factories
from tests.delivery.conftest import MovingClock
from tests.delivery.helpers import happen
from tests.delivery.pump.test_record import end, take
from tests.delivery.receivers import Receiver, answer
from tests.webhooks.test_runs import advance, failed, states


@pytest.fixture
def webhook(rick: User, receiver: Receiver) -> Webhook:
    return factories.create_webhook(rick, receiver.url)


@pytest.fixture
def pump(session: Session) -> Pump:
    return Pump(current_config())


def begin(webhook: Webhook, reason: str | None = None) -> int:
    with writing() as session:
        return runs.start_failed(session, webhook, reason=reason).id


def shown(session: Session, run_id: int) -> Progress:
    session.rollback()
    session.expire_all()
    return progress(session, session.get_one(ResendRun, run_id))


def change(webhook: Webhook, **values: object) -> None:
    with writing() as session:
        endpoint = session.get_one(Endpoint, webhook.endpoint_id)
        for name, value in values.items():
            setattr(endpoint, name, value)


def refuse(session: Session, wait: timedelta) -> None:
    """Have all that is due be refused, as the pump records it."""
    now = clock.now()
    with writing() as writer:
        for delivery in writer.scalars(select(Delivery).where(Delivery.state == DeliveryState.DUE)):
            delivery.refusals, delivery.last_attempt_at, delivery.last_status = 1, now, 429
            delivery.due_at = delivery.not_before = now + wait


def test_a_purge_in_the_middle_takes_nothing_from_what_was_delivered(
    session: Session, rick: User, webhook: Webhook, pump: Pump
) -> None:
    failed(session, rick, webhook, 6)
    run_id = begin(webhook)
    for _ in range(2):
        advance(run_id)
        pump.run()
    with writing() as writer:
        for event in writer.scalars(select(Event).order_by(Event.id).limit(6)):
            event.occurred_at -= timedelta(days=200)
    with writing() as writer:
        purge_step(writer, clock.now(), 90)
    assert states(session) == []
    for _ in range(2):
        advance(run_id)
        pump.run()
    done = shown(session, run_id)
    assert (done.delivered, done.failed, done.left) == (6, 0, 0)
    assert session.get_one(ResendRun, run_id).state == "done"


def test_what_was_purged_before_its_turn_is_not_sent_and_not_failed(
    session: Session, rick: User, webhook: Webhook, pump: Pump
) -> None:
    failed(session, rick, webhook, 4)
    run_id = begin(webhook)
    advance(run_id)
    pump.run()
    with writing() as writer:
        writer.execute(delete(Delivery).where(Delivery.state == DeliveryState.FAILED))
    for _ in range(2):
        advance(run_id)
    done = shown(session, run_id)
    assert (done.total, done.delivered, done.failed, done.left) == (4, 2, 0, 2)


def test_what_is_dropped_is_said_and_not_called_failed(session: Session, rick: User, webhook: Webhook) -> None:
    failed(session, rick, webhook, 2)
    run_id = begin(webhook)
    advance(run_id)
    with writing() as writer:
        writer.execute(delete(Delivery).where(Delivery.run_id == run_id))
    now = shown(session, run_id)
    assert (now.dropped, now.failed) == (2, 0)


def test_one_that_is_resent_by_hand_leaves_its_run(session: Session, rick: User, webhook: Webhook, pump: Pump) -> None:
    (delivery,) = failed(session, rick, webhook, 1)
    run_id = begin(webhook)
    advance(run_id)
    pump.run()
    for _ in range(2):
        with writing() as writer:
            send_delivery(writer, writer.get_one(Delivery, delivery.id))
        pump.run()
    assert (states(session), shown(session, run_id).delivered) == (["delivered"], 1)


def test_a_template_that_fails_again_counts_as_failed(session: Session, rick: User, webhook: Webhook) -> None:
    failed(session, rick, webhook, 1, body=None, error="x")
    with writing() as writer:
        row = writer.get_one(Webhook, webhook.id)
        row.payload_format, row.payload_template = "custom", '{"a": "{{broken"}'
        run_id = runs.start_failed(writer, row).id
    advance(run_id)
    assert advance(run_id).state == "done"
    assert (shown(session, run_id).failed, shown(session, run_id).left) == (1, 0)


def test_refused_ones_hold_up_nothing_and_end_with_the_run(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    failed(session, rick, webhook, 20)
    run_id = begin(webhook)
    advance(run_id)
    refuse(session, timedelta(hours=1))
    released = [advance(run_id).released]
    pump.run()
    released.append(advance(run_id).released)
    assert released == [6, 14]
    assert shown(session, run_id).refused == 2
    for _ in range(3):
        pump.run()
        advance(run_id)
    assert (shown(session, run_id).delivered, session.get_one(ResendRun, run_id).state) == (18, "running")
    with writing() as writer:
        for delivery in writer.scalars(select(Delivery).where(Delivery.refusals > 0)):
            delivery.due_at, delivery.endpoint.next_due_at = clock.now(), clock.now()
    pump.run()
    assert (advance(run_id).state, shown(session, run_id).delivered) == ("done", 20)


def test_refused_ones_of_a_replay_are_known_too(session: Session, rick: User, webhook: Webhook) -> None:
    for _ in range(3):
        factories.create_event(rick)
    with writing() as writer:
        run_id = runs.start_replay(writer, writer.get_one(Webhook, webhook.id), clock.now() - timedelta(days=1)).id
    advance(run_id)
    refuse(session, timedelta(hours=1))
    assert [advance(run_id).released, shown(session, run_id).refused] == [3, 2]


@pytest.mark.parametrize(("columns", "lead"), [({"pace": 1.0}, 5), ({"pace": 0.1}, 2), ({"rate_limit": 4.0}, 20)])
def test_no_more_wait_for_their_turn_than_the_receiver_takes_in_five_seconds(
    session: Session, rick: User, webhook: Webhook, columns: dict[str, float], lead: int
) -> None:
    failed(session, rick, webhook, 80)
    change(webhook, **columns)
    run_id = begin(webhook)
    with writing() as writer:
        writer.get_one(ResendRun, run_id).pace = runs.MAX_PACE
    assert [advance(run_id).released for _ in range(2)] == [lead, lead]


def test_a_paced_run_says_how_long_it_takes_and_a_held_one_until_when_it_waits(
    session: Session, rick: User, webhook: Webhook
) -> None:
    failed(session, rick, webhook, 60)
    run_id = begin(webhook)
    assert shown(session, run_id).time_left is None
    change(webhook, pace=0.5)
    advance(run_id)
    assert shown(session, run_id).time_left == timedelta(minutes=2)
    until = clock.now() + timedelta(minutes=3)
    change(webhook, held_until=until)
    assert advance(run_id).released == 2
    assert (shown(session, run_id).waits_for, shown(session, run_id).waits_until) == (RunWait.ASKED, until)


def test_all_that_was_given_up_for_one_reason_is_sent_again_and_nothing_else(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    deliveries = failed(session, rick, webhook, 5)
    reasons = [(500, "status"), (404, "status"), (None, "deadline"), (500, "status"), (None, "deadline")]
    with writing() as writer:
        for delivery, (status, error) in zip(deliveries, reasons, strict=True):
            writer.add(
                Attempt(
                    delivery_id=delivery.id,
                    number=10,
                    started_at=clock.now(),
                    duration_ms=1,
                    url="",
                    request_headers=[],
                    status=status,
                    response_headers=[],
                    response_body=b"",
                    error=error,
                )
            )
        fields = {"owner_id": rick.id, "endpoint_id": webhook.endpoint_id, "detail": "", "created_at": clock.now()}
        writer.add(Notice(kind=NoticeKind.GIVEN_UP, **fields))
    run_id = begin(webhook, "deadline")
    assert session.scalars(select(Notice.seen_at)).one() is not None
    for _ in range(3):
        run = advance(run_id)
        pump.run()
    assert states(session) == ["failed", "failed", "delivered", "failed", "delivered"]
    assert (run.total, run.state, shown(session, run_id).delivered) == (2, "done", 2)
    with pytest.raises(runs.CannotRun, match="already"):
        begin(webhook, "deadline")


def test_what_fails_after_the_run_began_is_no_part_of_it(session: Session, rick: User, webhook: Webhook) -> None:
    failed(session, rick, webhook, 3)
    (late,) = failed(session, rick, webhook, 1, state=DeliveryState.DUE)
    failed(session, rick, webhook, 1)
    run_id = begin(webhook)
    with writing() as writer:
        run, row = writer.get_one(ResendRun, run_id), writer.get_one(Delivery, late.id)
        row.state, row.finished_at = DeliveryState.FAILED, run.created_at + timedelta(microseconds=1)
        run.pace = runs.MAX_PACE
    assert advance(run_id).released == 4


def test_a_receiver_that_fails_counts_each_of_them_once(
    session: Session, rick: User, webhook: Webhook, receiver: Receiver, pump: Pump
) -> None:
    failed(session, rick, webhook, 1)
    receiver.reply = answer(500)
    run_id = begin(webhook)
    advance(run_id)
    pump.run()
    assert (shown(session, run_id).retried, shown(session, run_id).failed) == (1, 0)
    receiver.reply = answer()
    with writing() as writer:
        for delivery in writer.scalars(select(Delivery)):
            send_delivery(writer, delivery)
    pump.run()
    assert (shown(session, run_id).delivered, shown(session, run_id).failed) == (1, 0)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> MovingClock:
    """A clock that stands still unless a test moves it: a slow machine must not count."""
    moving = MovingClock()
    moving.stop()
    monkeypatch.setattr(clock, "now", moving.now)
    return moving


class OneASecond:
    """A receiver that takes one request a second and refuses the rest, by the tests' clock."""

    def __init__(self) -> None:
        self.took_at, self.taken, self.refused = clock.now() - timedelta(minutes=1), list[int](), 0

    def answer(self, claims: list[Claim]) -> None:
        for claim in claims:
            if clock.now() - self.took_at >= timedelta(seconds=1):
                self.took_at = clock.now()
                self.taken.append(claim.delivery_id)
                end([claim])
            else:
                self.refused += 1
                end([claim], 429, ("Retry-After", "1"))


def test_a_replay_to_a_receiver_of_one_a_second_neither_stalls_nor_holds_up_what_is_new(
    session: Session, rick: User, webhook: Webhook, time: MovingClock
) -> None:
    for _ in range(100):
        factories.create_event(rick)
    time.advance(seconds=1)
    with writing() as writer:
        run_id = runs.start_replay(writer, writer.get_one(Webhook, webhook.id), clock.now() - timedelta(days=1)).id
    receiver, seconds, fresh_id, made_at, waited = OneASecond(), 0, 0, 0, 0
    while advance(run_id).state == "running" and seconds < 300:
        if seconds == 60:
            (fresh,) = happen(rick, [session.get_one(Endpoint, webhook.endpoint_id)])
            fresh_id, made_at = fresh.id, seconds
        for _ in range(10):
            receiver.answer(take())
            time.advance(seconds=0.1)
        seconds += 1
        waited = seconds - made_at if fresh_id in receiver.taken and not waited else waited
    done = shown(session, run_id)
    assert (done.delivered, done.failed, done.refused, done.dropped) == (100, 0, 0, 0)
    assert seconds <= 125
    assert receiver.refused <= 12
    assert waited <= 12


def test_what_was_made_days_before_it_was_given_up_is_sent_again_since_then(
    session: Session, rick: User, webhook: Webhook
) -> None:
    now = clock.now()
    made = {"created_at": now - timedelta(days=4)}
    failed(session, rick, webhook, 2, finished_at=now - timedelta(hours=1), **made)
    failed(session, rick, webhook, 1, finished_at=now - timedelta(days=2), **made)
    with writing() as writer:
        run = runs.start_failed(writer, writer.get_one(Webhook, webhook.id), since=now - timedelta(days=1))
    assert run.total == 2
