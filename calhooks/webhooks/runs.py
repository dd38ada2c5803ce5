"""Runs: send again all that failed, or tell a webhook of past events, at a pace that the receiver can take.

The scheduler advances them once a second. What a run lets go are ordinary deliveries, in their order, with the
webhook-id of their event; a run that waits costs nothing.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery import outbox
from calhooks.delivery.endpoint_state import OUTAGE_FAILURES
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun, RunKind, RunState
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.webhooks.dispatch import owed_to, prepare_webhook
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import CannotResend, resend
from calhooks.webhooks.template import MAX_EVENT_UNITS, Meter

# How many may wait for their first answer at once: few at first, twice as many each time that all were answered.
FIRST_PACE = 2
MAX_PACE = 64


class CannotRun(ValueError):
    """There is nothing to send, or a run is at work; str() is the sentence for the person who asked."""


class RunWait(StrEnum):
    """What a run at work waits for: the webhook to be switched on, its receiver to answer again."""

    SWITCH = "switch"
    RECEIVER = "receiver"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `on_the_way` wait for their first answer, `retried` failed at first, `left` are to come."""

    total: int
    delivered: int
    failed: int
    retried: int
    on_the_way: int
    left: int
    waits_for: RunWait | None

    @property
    def answered(self) -> int:
        """Return how many had their first answer."""
        return self.delivered + self.failed + self.retried


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a run is to send: `total` in all, from the id `first` to the id `last`, since a moment or whenever."""

    kind: RunKind
    since: datetime | None
    total: int
    first: int
    last: int


def start_failed(session: Session, webhook: Webhook, since: datetime) -> ResendRun:
    """Begin to send again what failed of all that was owed since a moment. Raises CannotRun."""
    failed = _failed(webhook.endpoint_id, since)
    count, first, last = session.execute(
        select(func.count(), func.min(Delivery.id), func.max(Delivery.id)).where(*failed)
    ).one()
    if not count:
        raise CannotRun("Nothing has failed since then.")
    return _start(session, webhook, _Plan(RunKind.FAILED, since, count, first, last))


def start_replay(session: Session, webhook: Webhook, since: datetime) -> ResendRun:
    """Begin to tell a webhook of the events since a moment that it was not told of. Raises CannotRun."""
    untold = _untold(webhook, Event.occurred_at >= since)
    count, first, last = session.execute(
        select(func.count(), func.min(Event.id), func.max(Event.id)).where(*untold)
    ).one()
    if not count:
        raise CannotRun("Nothing has happened since then that this webhook asked for and was not told.")
    return _start(session, webhook, _Plan(RunKind.REPLAY, since, count, first, last))


def start_replay_of(session: Session, webhook: Webhook, event_id: int) -> ResendRun:
    """Tell a webhook of one past event. Raises CannotRun."""
    if session.scalar(select(Event.id).where(*_untold(webhook, Event.id == event_id))) is None:
        raise CannotRun("Choose one of the events in the list.")
    return _start(session, webhook, _Plan(RunKind.REPLAY, None, 1, event_id, event_id))


def stop(session: Session, run: ResendRun) -> None:
    """Let nothing more go; what is on its way arrives."""
    if run.state == RunState.RUNNING:
        run.state, run.finished_at = RunState.STOPPED, clock.now()
        session.flush()


def find_run(session: Session, endpoint_id: int, run_id: int) -> ResendRun | None:
    """Return one run of an endpoint."""
    return session.scalar(select(ResendRun).where(ResendRun.endpoint_id == endpoint_id, ResendRun.id == run_id))


def latest(session: Session, endpoint_id: int) -> ResendRun | None:
    """Return the newest run of an endpoint."""
    query = select(ResendRun).where(ResendRun.endpoint_id == endpoint_id).order_by(ResendRun.id.desc())
    return session.scalar(query.limit(1))


def progress(session: Session, run: ResendRun) -> Progress:
    """Return how far a run is."""
    first = Delivery.tries == 0
    rows = session.execute(
        select(Delivery.state, first, func.count()).where(Delivery.run_id == run.id).group_by(Delivery.state, first)
    )
    counts = {(str(state), bool(untried)): number for state, untried, number in rows}
    delivered = counts.get(("delivered", False), 0) + counts.get(("delivered", True), 0)
    on_the_way = counts.get(("due", True), 0) + counts.get(("blocked", True), 0)
    retried = counts.get(("due", False), 0) + counts.get(("blocked", False), 0)
    failed = max(0, run.released - delivered - on_the_way - retried)
    left = max(0, run.total - run.released)
    return Progress(run.total, delivered, failed, retried, on_the_way, left, _waits_for(run))


def _waits_for(run: ResendRun) -> RunWait | None:
    if run.state != RunState.RUNNING:
        return None
    if not run.endpoint.active:
        return RunWait.SWITCH
    return RunWait.RECEIVER if run.endpoint.consecutive_failures >= OUTAGE_FAILURES else None


def untold_events(session: Session, webhook: Webhook, count: int) -> list[Event]:
    """Return the newest events that a webhook asks for and was not told of."""
    query = select(Event).where(*_untold(webhook)).order_by(Event.id.desc()).limit(count)
    return [event for event in session.scalars(query) if _hears(webhook, event, json.loads(event.payload))]


def running(session: Session) -> list[int]:
    """Return the ids of the runs that are at work."""
    return list(session.scalars(select(ResendRun.id).where(ResendRun.state == RunState.RUNNING).order_by(ResendRun.id)))


def prepare_run(session: Session, run_id: int) -> None:
    """Compile the templates of a run's webhook, so that `advance` holds the database for a short time only."""
    query = select(Webhook).join(ResendRun, ResendRun.endpoint_id == Webhook.endpoint_id).where(ResendRun.id == run_id)
    if (webhook := session.scalar(query)) is not None:
        prepare_webhook(webhook)


def advance(session: Session, run_id: int) -> None:
    """Let go as many of a run as its receiver can take now, and end it when all have had their first answer."""
    run = session.get(ResendRun, run_id, with_for_update=True)
    if run is None or run.state != RunState.RUNNING:
        return
    webhook = session.scalar(select(Webhook).where(Webhook.endpoint_id == run.endpoint_id))
    if webhook is None:
        stop(session, run)
    elif run.endpoint.active:
        _advance(session, run, webhook)


def _advance(session: Session, run: ResendRun, webhook: Webhook) -> None:
    unanswered = _open(session, run, Delivery.tries == 0)
    if run.endpoint.consecutive_failures >= OUTAGE_FAILURES:
        # One at a time finds out whether the receiver is back; its retries are the schedule's.
        run.pace, room = FIRST_PACE, 0 if _open(session, run) else 1
    else:
        run.pace = min(run.pace * 2, MAX_PACE) if run.released and not unanswered else run.pace
        room = run.pace - unanswered
    more = _let_go(session, run, webhook, room) if room > 0 else True
    if not more and not _open(session, run, Delivery.tries == 0):
        run.state, run.finished_at = RunState.DONE, clock.now()
    session.flush()


def _start(session: Session, webhook: Webhook, plan: _Plan) -> ResendRun:
    # Two who press at once wait for each other here.
    session.execute(select(Endpoint.id).where(Endpoint.id == webhook.endpoint_id).with_for_update(key_share=True))
    newest = latest(session, webhook.endpoint_id)
    if newest is not None and newest.state == RunState.RUNNING:
        raise CannotRun("Something is being sent again already. Wait until it is through, or stop it.")
    run = ResendRun(
        endpoint_id=webhook.endpoint_id,
        kind=plan.kind,
        since=plan.since,
        position=plan.first - 1,
        up_to=plan.last,
        total=plan.total,
        released=0,
        pace=FIRST_PACE,
        state=RunState.RUNNING,
        created_at=clock.now(),
    )
    session.add(run)
    session.flush()
    return run


def _open(session: Session, run: ResendRun, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).where(Delivery.run_id == run.id, Delivery.state.in_(OPEN_STATES), *conditions)
    return session.scalar(query) or 0


def _failed(endpoint_id: int, since: datetime) -> list[ColumnElement[bool]]:
    return [
        Delivery.endpoint_id == endpoint_id,
        Delivery.state == DeliveryState.FAILED,
        Delivery.created_at >= since,
    ]


def _untold(webhook: Webhook, *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    told = exists().where(Delivery.event_id == Event.id, Delivery.endpoint_id == webhook.endpoint_id)
    return [Event.owner_id == webhook.owner_id, Event.trigger.in_(webhook.triggers), ~told, *conditions]


def _hears(webhook: Webhook, event: Event, body: dict[str, Any]) -> bool:
    return webhook.hears(event.trigger, body.get("payload", {}).get("eventTypeId"))


def _let_go(session: Session, run: ResendRun, webhook: Webhook, room: int) -> bool:
    """Let the next of a run go and tell whether there may be more."""
    if run.kind == RunKind.FAILED:
        return _send_again(session, run, room)
    return _replay(session, run, webhook, room)


def _send_again(session: Session, run: ResendRun, room: int) -> bool:
    query = (
        select(Delivery)
        .where(
            *_failed(run.endpoint_id, run.since or run.created_at), Delivery.id > run.position, Delivery.id <= run.up_to
        )
        .order_by(Delivery.id)
        .limit(room)
    )
    found = session.scalars(query).all()
    spent = 0
    for delivery in found:
        if spent >= MAX_EVENT_UNITS:
            return True
        delivery.run_id, meter = run.id, Meter()
        try:
            resend(session, delivery, meter, in_order=True)
        except CannotResend as error:
            delivery.error = str(error)
        spent += meter.spent
        run.position, run.released = delivery.id, run.released + 1
    return len(found) == room


def _replay(session: Session, run: ResendRun, webhook: Webhook, room: int) -> bool:
    query = select(Event).where(*_untold(webhook, Event.id > run.position, Event.id <= run.up_to)).order_by(Event.id)
    if run.since is not None:
        query = query.where(Event.occurred_at >= run.since)
    found = session.scalars(query.limit(room)).all()
    spent = 0
    for event in found:
        if spent >= MAX_EVENT_UNITS:
            return True
        run.position, body = event.id, json.loads(event.payload)
        if not _hears(webhook, event, body):
            run.total -= 1
            continue
        meter = Meter()
        outbox.owe(session, event, [owed_to(webhook, body, meter)], run_id=run.id)
        spent += meter.spent
        run.released += 1
    return len(found) == room
