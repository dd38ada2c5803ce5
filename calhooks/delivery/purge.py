"""Forget what is older than the retention, in steps so small that no delivery waits for them."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from calhooks.delivery.models import Delivery, Endpoint, Event
from calhooks.delivery.outbox import OPEN

STEP = 50


def purge_step(session: Session, now: datetime, retention_days: int) -> int:
    """Delete a few old events with their deliveries and attempts, and return how many; 0 when nothing is left.

    What is still owed stays, however old. An endpoint that was deleted goes with its last delivery.
    """
    if retention_days <= 0:
        return 0
    limit = now - timedelta(days=retention_days)
    owed = exists().where(Delivery.event_id == Event.id, Delivery.state.in_(OPEN))
    old = session.scalars(
        select(Event.id).where(Event.occurred_at < limit, ~owed).order_by(Event.occurred_at).limit(STEP)
    ).all()
    if old:
        session.execute(delete(Event).where(Event.id.in_(old)).execution_options(synchronize_session=False))
        return len(old)
    remembered = exists().where(Delivery.endpoint_id == Endpoint.id)
    session.execute(
        delete(Endpoint).where(Endpoint.deleted_at < limit, ~remembered).execution_options(synchronize_session=False)
    )
    return 0
