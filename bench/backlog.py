"""Deliveries by the thousand, owed in two statements."""

import time
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from sqlalchemy import String, cast, insert, literal, select, type_coerce
from sqlalchemy.orm import Session

from calhooks import clock
from calhooks.db import UTCDateTime, db, writing
from calhooks.delivery.models.deliveries import Delivery, DeliveryState
from calhooks.delivery.models.endpoints import Endpoint
from calhooks.delivery.queue import wake
from calhooks.delivery.tables import deliveries, endpoints, events
from calhooks.events import Trigger
from calhooks.webhooks.body.payload import payload_bytes
from calhooks.webhooks.body.samples import sample_body

BODY = payload_bytes(sample_body(Trigger.BOOKING_CREATED))
PATIENCE_SECONDS = 120.0


def owe(targets: Sequence[Endpoint], count: int, body: bytes = BODY) -> None:
    """Owe so many deliveries, each of an event of its own, to the endpoints in turn. Nobody is woken."""
    owner, ids, batch = targets[0].owner_id, sorted(target.id for target in targets), f"bench{token_hex(6)}x"
    with writing() as session:
        now = type_coerce(literal(clock.now(), UTCDateTime), UTCDateTime)
        numbers = select(literal(1).label("number")).cte("numbers", recursive=True)
        numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < count))
        name = literal(batch) + cast(numbers.c.number, String)
        happened: dict[str, Any] = {
            "message_id": literal("msg_") + name,
            "owner_id": literal(owner),
            "trigger": literal("BOOKING_CREATED"),
            "occurred_at": now,
            "sequence_key": name,
            "subject": name,
            "summary": literal("Quick chat with Ann Lee"),
            "payload": literal(body),
        }
        session.execute(insert(events).from_select(list(happened), select(*happened.values())))
        # The endpoints of a row are made together and have ids in one piece.
        owed: dict[str, Any] = {
            "event_id": events.c.id,
            "endpoint_id": literal(ids[0]) + events.c.id % len(ids),
            "sequence_key": events.c.sequence_key,
            "state": literal(str(DeliveryState.DUE)),
            "due_at": now,
            "scheduled_at": now,
            "body": literal(body),
            "content_type": literal("application/json"),
            "created_at": now,
        }
        mine = select(*owed.values()).where(events.c.message_id.startswith(f"msg_{batch}", autoescape=True))
        session.execute(insert(deliveries).from_select(list(owed), mine))
        session.execute(endpoints.update().where(endpoints.c.id.in_(ids)).values(next_due_at=clock.now()))


def deliver(count: int) -> float:
    """Wake the workers and return how many deliveries a second were sent and recorded."""
    began = time.monotonic()
    wake.wake()
    wait_until_done()
    return count / (time.monotonic() - began)


def wait_until_done() -> None:
    """Wait until nothing is owed any more."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _waits(db.session()):
        assert time.monotonic() < deadline, "deliveries are still owed after two minutes"
        time.sleep(0.01)


def _waits(session: Session) -> bool:
    try:
        if session.scalar(select(Endpoint.id).where(Endpoint.next_due_at.is_not(None)).limit(1)) is not None:
            return True
        return session.scalar(select(Delivery.id).where(Delivery.state == DeliveryState.DUE).limit(1)) is not None
    finally:
        # A transaction left open would keep PostgreSQL from forgetting old rows, which then slow down what is measured.
        session.rollback()
