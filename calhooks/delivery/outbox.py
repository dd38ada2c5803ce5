"""What is owed: written in the transaction of whatever happened, so that both are kept or neither is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from calhooks import clock, ids
from calhooks.db import UTCDateTime, after_commit
from calhooks.delivery.counting import counters
from calhooks.delivery.models.deliveries import Delivery, DeliveryState, Event
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.queue.wake import wake
from calhooks.delivery.sending.headers import HeaderPairs
from calhooks.delivery.tables import HOLD_ENDPOINTS, IS_OPEN, deliveries, endpoints, event_hosts, events, execute_each

OPEN_STATES = (DeliveryState.BLOCKED, DeliveryState.DUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something that happened, of an account. `payload` is the default body, from which a later Resend may render.

    Of a team's event, `host_ids` are the accounts that are told.
    """

    owner_id: int
    trigger: str
    occurred_at: datetime
    sequence_key: str
    subject: str
    summary: str
    payload: bytes
    team_id: int | None = None
    host_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What one endpoint is owed of an event: a `body`, None for the event's payload, or an `error` instead."""

    endpoint_id: int
    body: bytes | None
    content_type: str
    headers: HeaderPairs = ()
    error: str | None = None


class RecordedEvent(NamedTuple):
    """The columns of an event that its deliveries need."""

    id: int
    sequence_key: str


def record_event(session: Session, new: NewEvent) -> RecordedEvent:
    """Record that something happened."""
    session.flush()
    row = {
        "message_id": ids.new_message_id(),
        "owner_id": new.owner_id,
        "team_id": new.team_id,
        "trigger": new.trigger,
        "occurred_at": new.occurred_at,
        "sequence_key": new.sequence_key,
        "subject": new.subject,
        "summary": new.summary[:500],
        "payload": new.payload,
    }
    number = session.connection().execute(_HAPPENED, row).scalar_one()
    told = [{"event_id": number, "user_id": host_id} for host_id in new.host_ids]
    execute_each(session.connection(), _TOLD, told)
    return RecordedEvent(number, new.sequence_key)


def owe(session: Session, event: Event | RecordedEvent, owed: Sequence[Owed], *, run_id: int | None = None) -> None:
    """Owe an event to endpoints, however many, in a handful of statements, and wake the workers after the commit.

    A delivery waits while an earlier one of its sequence is open at the same endpoint. One with an error is given up
    here and now. `run_id` is the replay that lets them go.
    """
    now = clock.now()
    locked = hold_endpoints(session, [each.endpoint_id for each in owed])
    waiting = _with_open_sequence(session, event.sequence_key, locked)
    _write(session, [_row(event, each, now, waits=each.endpoint_id in waiting, run_id=run_id) for each in owed], now)


def owe_first(session: Session, event: RecordedEvent, owed: Sequence[Owed]) -> None:
    """Owe the first event of a new sequence to endpoints that the caller has locked, in the order of their ids."""
    now = clock.now()
    _write(session, [_row(event, each, now, waits=False, run_id=None) for each in owed], now)


def _write(session: Session, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    session.connection().execute(_OWED, rows)
    if failed := [row["endpoint_id"] for row in rows if row["state"] == DeliveryState.FAILED]:
        session.connection().execute(_GIVEN_UP, {"ids": failed, "now": now})
        counters.add(session.connection(), Counter({(counters.DELIVERIES, "failed"): len(failed)}))
    make_due(session, [row["endpoint_id"] for row in rows if row["state"] == DeliveryState.DUE], now)


def drop_waiting(session: Session, endpoint: Endpoint) -> int:
    """Drop whatever waits for an endpoint and return how much that was."""
    waiting = (
        update(Delivery)
        .where(Delivery.endpoint_id == endpoint.id, Delivery.state.in_(OPEN_STATES))
        .values(state=DeliveryState.DROPPED, due_at=None, lease_token=None, finished_at=clock.now())
    )
    hold_endpoints(session, [endpoint.id])
    dropped = session.execute(waiting.returning(Delivery.id)).all()
    endpoint.next_due_at = None
    session.flush()
    counters.add(session.connection(), Counter({(counters.DELIVERIES, "dropped"): len(dropped)}))
    return len(dropped)


def make_due(session: Session, endpoint_ids: Sequence[int], now: datetime) -> None:
    """Have the claim look at endpoints now, and wake the workers after the commit."""
    if not endpoint_ids:
        return
    session.connection().execute(_LOOK_NOW, {"ids": endpoint_ids, "now": now})
    after_commit(session, wake)


def hold_endpoints(session: Session, endpoint_ids: Sequence[int]) -> list[int]:
    """Keep pumps from recording results of these endpoints until the commit, in the order in which pumps lock them.

    Otherwise a delivery could be made to wait for one that succeeds at this very moment, and would wait for ever.
    """
    # These statements are not the session's own: it would not write first what it has changed.
    session.flush()
    return list(session.connection().scalars(HOLD_ENDPOINTS, {"ids": endpoint_ids}))


def _with_open_sequence(session: Session, sequence_key: str, endpoint_ids: Sequence[int]) -> set[int]:
    return set(session.connection().scalars(_OPEN_SEQUENCE, {"ids": endpoint_ids, "sequence": sequence_key}))


_HAPPENED = insert(events).returning(events.c.id)
_TOLD = insert(event_hosts).inline()
_OWED = insert(deliveries).inline()
_OPEN_SEQUENCE = select(deliveries.c.endpoint_id).where(
    deliveries.c.endpoint_id.in_(bindparam("ids", expanding=True)),
    deliveries.c.sequence_key == bindparam("sequence"),
    IS_OPEN,
    deliveries.c.ordered,
)
_LOOK_NOW = (
    update(endpoints)
    .where(
        endpoints.c.id.in_(bindparam("ids", expanding=True)),
        or_(endpoints.c.next_due_at.is_(None), endpoints.c.next_due_at > bindparam("now", type_=UTCDateTime)),
    )
    .values(next_due_at=bindparam("now", type_=UTCDateTime))
)

_GIVEN_UP = (
    update(endpoints)
    .where(endpoints.c.id.in_(bindparam("ids", expanding=True)), endpoints.c.given_up_at.is_(None))
    .values(given_up_at=bindparam("now", type_=UTCDateTime))
)


def _row(event: Event | RecordedEvent, owed: Owed, now: datetime, *, waits: bool, run_id: int | None) -> dict[str, Any]:
    state = DeliveryState.BLOCKED if waits else DeliveryState.DUE
    if owed.error is not None:
        state = DeliveryState.FAILED
    return {
        "event_id": event.id,
        "endpoint_id": owed.endpoint_id,
        "sequence_key": event.sequence_key,
        "state": state,
        "due_at": now if state is DeliveryState.DUE else None,
        "scheduled_at": now if state is DeliveryState.DUE else None,
        "body": owed.body,
        "content_type": owed.content_type,
        "headers": list(owed.headers),
        "error": owed.error,
        "created_at": now,
        "finished_at": now if state is DeliveryState.FAILED else None,
        "run_id": run_id,
    }
