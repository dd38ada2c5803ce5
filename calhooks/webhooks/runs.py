"""Runs: send again all that failed, or tell a webhook of past events, at a pace that the receiver can take.

The scheduler advances them once a second. What a run lets go are ordinary deliveries, in their order, with the
webhook-id of their event; a run that waits costs nothing.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.delivery import notices, outbox
from calhooks.delivery.endpoint_state import OUTAGE_FAILURES
from calhooks.delivery.models.deliveries import Attempt, Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.models.runs import ResendRun, RunKind, RunState
from calhooks.delivery.outbox import OPEN_STATES
from calhooks.delivery.status.endpoint_status import requests_a_second
from calhooks.delivery.status.events import events_of, latest_events_of
from calhooks.delivery.status.given_up import IS_LAST_ATTEMPT, REASON
from calhooks.webhooks.dispatch import booked_event_type, owed_to, prepare_webhook
from calhooks.webhooks.filters.matching import JudgedEvent, lets_through
from calhooks.webhooks.models import Webhook
from calhooks.webhooks.resend import CannotResend, resend
from calhooks.webhooks.run_progress import IS_REFUSED, IS_UNANSWERED, count_open, latest
from calhooks.webhooks.template import MAX_EVENT_UNITS, Meter

# How many may wait for their first answer at once: few at first, twice as many each time that all were answered.
FIRST_PACE = 2
MAX_PACE = 64
# Where the receiver sets the pace, no more wait for their turn than it takes in this time: new bookings come behind
# them.
RUN_LEAD_SECONDS = 5.0


class CannotRun(ValueError):
    """There is nothing to send, or a run is at work; str() is the sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a run is to send: `total` in all, from the id `first` to the id `last`.

    All since a moment or whenever, and of what failed all or what was given up for one reason; or those `chosen`.
    """

    kind: RunKind
    since: datetime | None
    total: int
    first: int
    last: int
    reason: str | None = None
    chosen: list[int] | None = None


def start_failed(
    session: Session, webhook: Webhook, *, since: datetime | None = None, reason: str | None = None
) -> ResendRun:
    """Begin to send again what was given up: all, or since a moment, or for one reason.

    Raises CannotRun.
    """
    failed = _failed(webhook.endpoint_id, since, reason)
    query = select(func.count(Delivery.id.distinct()), func.min(Delivery.id), func.max(Delivery.id))
    count, first, last = session.execute(query.outerjoin(Attempt, IS_LAST_ATTEMPT).where(*failed)).one()
    if not count:
        raise CannotRun("Nothing has failed since then." if since else "These have been sent again already.")
    run = _start(session, webhook, _Plan(RunKind.FAILED, since, count, first, last, reason))
    notices.settle_given_up(session, webhook.endpoint_id, run.created_at)
    return run


def start_chosen(session: Session, webhook: Webhook, chosen: Iterable[int]) -> ResendRun:
    """Begin to send again the deliveries with these ids, oldest first. Raises CannotRun."""
    ids = sorted(chosen)
    if not ids:
        raise CannotRun("None of these can be resent.")
    return _start(session, webhook, _Plan(RunKind.CHOSEN, None, len(ids), ids[0], ids[-1], chosen=ids))


def start_replay(session: Session, webhook: Webhook, since: datetime) -> ResendRun:
    """Begin to tell a webhook of the events since a moment that it was not told of. Raises CannotRun."""
    untold = _untold(webhook, Event.occurred_at >= since)
    count, first, last = session.execute(
        select(func.count(), func.min(Event.id), func.max(Event.id)).where(*untold)
    ).one()
    if not count:
        raise CannotRun("This webhook has missed no events since then.")
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


def untold_events(session: Session, webhook: Webhook, count: int) -> list[Event]:
    """Return the newest events that a webhook asks for and was not told of."""
    latest = latest_events_of(webhook.belongs_to, count, *_missed(webhook))
    query = select(Event).where(latest).order_by(Event.id.desc()).limit(count)
    return [event for event in session.scalars(query) if _hears(session, webhook, event, json.loads(event.payload))]


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
    run = session.get(ResendRun, run_id)
    if run is None:
        return
    # First the endpoint, as those who record attempts do: they count what ends of this run.
    outbox.hold_endpoints(session, [run.endpoint_id])
    session.refresh(run, with_for_update={"key_share": True, "of": ResendRun})
    if run.state != RunState.RUNNING:
        return
    webhook = session.scalar(select(Webhook).where(Webhook.endpoint_id == run.endpoint_id))
    if webhook is None:
        stop(session, run)
    elif run.endpoint.active and run.endpoint.paused_until is None:
        _advance(session, run, webhook)


def _advance(session: Session, run: ResendRun, webhook: Webhook) -> None:
    room = _room(session, run)
    more = _let_go(session, run, webhook, room) if room > 0 else True
    if not more and not count_open(session, run, or_(IS_UNANSWERED, IS_REFUSED)):
        run.state, run.finished_at = RunState.DONE, clock.now()
    session.flush()


def _room(session: Session, run: ResendRun) -> int:
    """Return how many more may go: those that wait for the receiver's word count for as long as they wait for it."""
    if run.endpoint.consecutive_failures >= OUTAGE_FAILURES:
        # One at a time finds out whether the receiver is back; its retries are the schedule's.
        run.pace = FIRST_PACE
        return 0 if count_open(session, run) else 1
    now = clock.now()
    if run.endpoint.held_until is not None and run.endpoint.held_until > now:
        return 0
    unanswered = count_open(session, run, or_(IS_UNANSWERED, and_(IS_REFUSED, Delivery.due_at <= now)))
    if run.released and not unanswered:
        run.pace = min(run.pace * 2, MAX_PACE)
    return min(run.pace, _lead(run.endpoint)) - unanswered


def _lead(endpoint: Endpoint) -> int:
    """Return how many may wait for their turn at the pace of an endpoint."""
    rate = requests_a_second(endpoint)
    return MAX_PACE if rate is None else max(FIRST_PACE, min(math.ceil(rate * RUN_LEAD_SECONDS), MAX_PACE))


def _start(session: Session, webhook: Webhook, plan: _Plan) -> ResendRun:
    # Two who press at once wait for each other here.
    session.execute(select(Endpoint.id).where(Endpoint.id == webhook.endpoint_id).with_for_update(key_share=True))
    newest = latest(session, webhook.endpoint_id)
    if newest is not None and newest.state == RunState.RUNNING:
        raise CannotRun("Deliveries are being sent already. Wait until that is done, or stop it on the webhook’s page.")
    run = ResendRun(
        endpoint_id=webhook.endpoint_id,
        kind=plan.kind,
        since=plan.since,
        reason=plan.reason,
        chosen=plan.chosen,
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


def _failed(endpoint_id: int, since: datetime | None, reason: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions for deliveries, joined with their last attempts."""
    failed = [Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.FAILED]
    # A delivery is given up days after it was made, or at once if its template fails.
    given_up_at = func.coalesce(Delivery.finished_at, Delivery.created_at)
    since_then = [given_up_at >= since] if since is not None else []
    return failed + since_then + ([REASON.in_([reason])] if reason is not None else [])


def _part_of(run: ResendRun) -> list[ColumnElement[bool]]:
    """Return the conditions for the deliveries that a run sends again."""
    if run.kind == RunKind.FAILED:
        return _failed(run.endpoint_id, run.since, run.reason)
    of_endpoint = Delivery.endpoint_id == run.endpoint_id
    return [of_endpoint, Delivery.id.in_(run.chosen or ()), Delivery.state.not_in(OPEN_STATES)]


def _untold(webhook: Webhook, *conditions: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    return [events_of(webhook.belongs_to), *_missed(webhook), *conditions]


def _missed(webhook: Webhook) -> list[ColumnElement[bool]]:
    """Return the conditions for events that a webhook asks for and was not told of, of whomever they are."""
    told = exists().where(Delivery.event_id == Event.id, Delivery.endpoint_id == webhook.endpoint_id)
    return [Event.trigger.in_(webhook.triggers), ~told]


def _hears(session: Session, webhook: Webhook, event: Event, body: dict[str, Any]) -> bool:
    booked = booked_event_type(session, event.subject, body.get("payload", {}).get("eventTypeId"))
    if not webhook.hears(event.trigger, booked, event.team_id):
        return False
    return not webhook.filter or lets_through(webhook.filter, JudgedEvent(body))


def _let_go(session: Session, run: ResendRun, webhook: Webhook, room: int) -> bool:
    """Let the next of a run go and tell whether there may be more."""
    if run.kind == RunKind.REPLAY:
        return _replay(session, run, webhook, room)
    return _send_again(session, run, room)


def _send_again(session: Session, run: ResendRun, room: int) -> bool:
    query = (
        select(Delivery)
        .outerjoin(Attempt, IS_LAST_ATTEMPT)
        .where(
            *_part_of(run),
            Delivery.id > run.position,
            Delivery.id <= run.up_to,
            # What has ended again since, after its turn in another way, is no part of it. What ended in the future did
            # so before the clock was set back.
            or_(
                Delivery.finished_at.is_(None),
                Delivery.finished_at <= run.created_at,
                Delivery.finished_at > clock.now(),
            ),
        )
        .order_by(Delivery.id)
        .limit(room)
    )
    found = session.scalars(query).unique().all()
    spent = 0
    for delivery in found:
        if spent >= MAX_EVENT_UNITS:
            return True
        meter = Meter()
        try:
            resend(session, delivery, meter, run_id=run.id)
        except CannotResend as error:
            delivery.error = str(error)
            run.failed += 1
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
        if not _hears(session, webhook, event, body):
            run.total -= 1
            continue
        meter = Meter()
        owed = owed_to(webhook, body, meter)
        outbox.owe(session, event, [owed], run_id=run.id)
        spent += meter.spent
        run.released += 1
        run.failed += owed.error is not None
    return len(found) == room
