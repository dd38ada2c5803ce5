"""Where an endpoint stands, with what its owner needs to know to do something about it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from calhooks.delivery.endpoint_state import FAILING_FOR
from calhooks.delivery.models import Attempt, Delivery, DeliveryState, Endpoint
from calhooks.delivery.outbox import OPEN
from calhooks.delivery.status.health import Condition, EndpointHealth, endpoint_health

# Beyond this, how much it is exactly helps nobody, and counting it takes its time.
COUNTED = 1000
LOOKED_THROUGH = 100
NOT_DELIVERED = tuple(state for state in DeliveryState if state is not DeliveryState.DELIVERED)


@dataclass(frozen=True, slots=True)
class NextTry:
    """What goes out next to an endpoint: a delivery, the number that its attempt will have, and when."""

    delivery_id: int
    number: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How an endpoint is doing, and why.

    `waiting` and `failed` count up to 1,000. `last_failure` is the newest attempt that says what is wrong;
    `off_at` is when it is switched off should nothing but failures follow.
    """

    health: EndpointHealth
    waiting: int
    failed: int
    next_try: NextTry | None = None
    last_failure: Attempt | None = None
    off_at: datetime | None = None


def standing(session: Session, endpoint: Endpoint) -> Standing:
    """Return where an endpoint stands."""
    health = endpoint_health(endpoint)
    waiting, failed = count(session, endpoint.id, *OPEN), count(session, endpoint.id, DeliveryState.FAILED)
    if health.condition in (Condition.NEVER_CALLED, Condition.DELIVERED):
        return Standing(health, waiting, failed)
    return Standing(
        health,
        waiting,
        failed,
        next_try=_next_try(session, endpoint.id) if endpoint.active else None,
        last_failure=_last_failure(session, endpoint.id),
        off_at=health.failing_since + FAILING_FOR if health.failing_since else None,
    )


def count(session: Session, endpoint_id: int, *states: DeliveryState) -> int:
    """Count an endpoint's deliveries in these states, up to 1,000."""
    some = select(Delivery.id).where(Delivery.endpoint_id == endpoint_id, Delivery.state.in_(states)).limit(COUNTED)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def _next_try(session: Session, endpoint_id: int) -> NextTry | None:
    row = session.execute(
        select(Delivery.id, Delivery.attempt_count, Delivery.lease_token, Delivery.due_at)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state == DeliveryState.DUE)
        .order_by(Delivery.due_at)
        .limit(1)
    ).first()
    if row is None or row.due_at is None or row.lease_token is not None:
        return None
    return NextTry(row.id, row.attempt_count + 1, row.due_at)


def _last_failure(session: Session, endpoint_id: int) -> Attempt | None:
    """Return the newest failed attempt among the last deliveries."""
    lately = (
        select(Delivery.id)
        .where(Delivery.endpoint_id == endpoint_id, Delivery.state.in_(NOT_DELIVERED))
        .order_by(-Delivery.id)
        .limit(LOOKED_THROUGH)
    )
    return session.scalar(
        select(Attempt)
        .where(Attempt.delivery_id.in_(lately), Attempt.error.is_not(None))
        .order_by(Attempt.started_at.desc(), Attempt.id.desc())
        .limit(1)
        .options(defer(Attempt.response_body), defer(Attempt.request_headers), defer(Attempt.response_headers))
    )
